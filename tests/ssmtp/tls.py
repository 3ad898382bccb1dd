"""Who the server is: certificates, names, STARTTLS, tickets."""
import pathlib
import ssl

from dialogues import accept, line_of_auth
from harness import check, matches, same
from server import Server

CASES = []


def case(name):
    def add(function):
        CASES.append((name, function))
        return function
    return add


def play_with(certificate, starttls, tickets=2, version=None, then=accept):
    def play(connection):
        if starttls:
            connection.greet('STARTTLS', 'AUTH XOAUTH2')
            same(connection.hear(), 'STARTTLS', 'the command')
            connection.say('220 go on')
            connection.start_tls(str(certificate), tickets, version)
            connection.ehlo('AUTH XOAUTH2')
        else:
            connection.start_tls(str(certificate), tickets, version)
            connection.greet('AUTH XOAUTH2')
        then(connection)
    return play


def connect(person, certificate, starttls, tickets=2, version=None, host='localhost', **keys):
    authority = str(person.tools.certificates / 'ca.pem')
    keys = {'TLS_CA_File': authority, 'AuthCleartext': None, **keys}
    with Server(play_with(person.tools.certificates / certificate, starttls, tickets, version)) as server:
        person.configure(server.port, MailHub='%s:%d' % (host, server.port),
                         **{'UseSTARTTLS' if starttls else 'UseTLS': 'YES'}, **keys)
        result = person.send()
    if server.failure:
        raise server.failure
    return server, result


BOTH = (False, True)


@case('TLS and STARTTLS with an authority of our own, the server told its name')
def _(person):
    for starttls in BOTH:
        server, result = connect(person, 'server', starttls)
        result.succeeded()
        same(server.names, ['localhost'], 'the name asked for')


@case('TLS 1.2 too')
def _(person):
    for starttls in BOTH:
        connect(person, 'server', starttls, version=ssl.TLSVersion.TLSv1_2)[1].succeeded()


@case('no, one, six and twenty session tickets')
def _(person):
    for starttls in BOTH:
        for tickets in (0, 1, 6, 20):
            connect(person, 'server', starttls, tickets)[1].succeeded()


def is_refused(person, pattern, certificate, **keys):
    for starttls in BOTH:
        server, result = connect(person, certificate, starttls, **keys)
        result.failed(pattern)
        check('AUTH' not in ' '.join(server.lines), 'AUTH was sent')
        check(server.tls_errors or not server.connections or
              not any(line.startswith('EHLO') for line in server.connections[0].lines[2:]), 'it went on')


@case('a certificate for another name')
def _(person):
    is_refused(person, 'localhost: its certificate is for another name', 'wrongname')


@case('an authority that nobody knows')
def _(person):
    is_refused(person, 'localhost: its certificate is signed by an authority that is not trusted', 'unknown')


@case('the authorities of the system do not know ours')
def _(person):
    is_refused(person, 'not trusted here|trusts no certificate authority', 'server', TLS_CA_File=None)


@case('an expired certificate')
def _(person):
    is_refused(person, 'localhost: its certificate has expired', 'expired')


@case('TLS_CA_File that is not there, or holds none')
def _(person):
    empty = pathlib.Path(person.home, 'empty')
    empty.write_text('nothing\n')
    for path in ('/nonexistent/ca.pem', str(empty)):
        is_refused(person, 'there is no certificate to read in %s' % path, 'server', TLS_CA_File=path)


@case('an address instead of a name: the certificate has to say it, and no name is asked for')
def _(person):
    server, result = connect(person, 'server', False, host='127.0.0.1')
    # The token is for localhost; what counts is that TLS stands.
    if result.status != 0:
        check('certificate' not in result.err, result.err[-500:])
    same(server.names, [None], 'the name asked for')
    result = connect(person, 'wrongname', False, host='127.0.0.1')[1]
    result.failed('127.0.0.1: its certificate is for another name')


@case('TLSVerify=NO: any certificate, because somebody said so')
def _(person):
    for certificate in ('wrongname', 'unknown', 'expired'):
        connect(person, certificate, True, TLS_CA_File=None, TLSVerify='NO')[1].succeeded()


@case('a server that knows no TLS, and one that hangs up in the handshake')
def _(person):
    def babble(connection):
        connection.say('220 this is no TLS')
        connection.hear()

    def leave(connection):
        connection.sock.recv(10)
    for play in (babble, leave):
        with Server(play) as server:
            person.configure(server.port, UseTLS='YES', AuthCleartext=None)
            person.send().failed('localhost: no TLS: ')


@case('STARTTLS refused: nothing goes on in clear')
def _(person):
    def play(connection):
        connection.greet('AUTH XOAUTH2')
        connection.hear()
        connection.say('454 4.7.0 TLS not available')
        connection.hear()
    with Server(play) as server:
        person.configure(server.port, UseSTARTTLS='YES', AuthCleartext='YES')
        result = person.send()
    same(result.status, 1, 'the exit status')
    check('AUTH' not in ' '.join(server.lines), 'AUTH was sent')


@case('what was said before TLS does not count: the mechanisms are those of the second EHLO')
def _(person):
    def play(connection):
        connection.greet('STARTTLS', 'AUTH XOAUTH2')
        connection.hear()
        connection.say('220 go on')
        connection.start_tls(str(person.tools.certificates / 'server'))
        connection.ehlo('SIZE 1000')
        connection.hear()
    with Server(play) as server:
        person.configure(server.port, UseSTARTTLS='YES', TLS_CA_File=person.tools.certificates / 'ca.pem')
        result = person.send()
    if server.failure:
        raise server.failure
    result.failed('offers no AUTH')


@case('a token of 8,000 octets through TLS')
def _(person):
    person.token('t' * 8000)

    def then(connection):
        check('Bearer ' + 't' * 8000 in line_of_auth(connection), 'the token')
        connection.say('235 ok')
        connection.take_mail()
    with Server(play_with(person.tools.certificates / 'server', True, then=then)) as server:
        person.configure(server.port, UseSTARTTLS='YES', TLS_CA_File=person.tools.certificates / 'ca.pem')
        result = person.send()
    if server.failure:
        raise server.failure
    result.succeeded()
    matches('SSL connection using|^$', result.err, 'the log')
