"""The dialogues of ssmtp_sasl: what a server may say, and what must become of it."""
import base64
import hashlib
import hmac
import os
import re

from harness import ACCOUNT, check, matches, same
from server import Server, b64

CASES = []
BAD_TOKEN = b64('{"status":"401","schemes":"bearer","scope":"mail"}')


def case(name):
    def add(function):
        CASES.append((name, function))
        return function
    return add


def xoauth2(token):
    return 'user=%s\x01auth=Bearer %s\x01\x01' % (ACCOUNT, token)


def token_of(size):
    return ('abcdefghijklmnopqrstuvwxyz0123456789-_.~' * (size // 40 + 1))[:size]


def line_of_auth(connection, mechanism='XOAUTH2'):
    """The decoded response of one AUTH, in the command or after 334."""
    words = connection.hear().split(' ')
    same(words[:2], ['AUTH', mechanism], 'the AUTH command')
    if len(words) == 3:
        check(len(connection.lines[-1]) <= 510, 'an AUTH line of %d octets' % len(connection.lines[-1]))
        return '' if words[2] == '=' else base64.b64decode(words[2], validate=True).decode('latin-1')
    connection.say('334 ')
    return connection.decoded()


def accept(connection, token='a-token'):
    same(line_of_auth(connection), xoauth2(token), 'the response')
    connection.say('235 2.7.0 welcome')
    connection.take_mail()


def logs_in(person, *capabilities, play=accept, **keys):
    def whole(connection):
        connection.greet(*capabilities)
        play(connection)
    with Server(whole) as server:
        person.configure(server.port, **keys)
        result = person.send()
    if server.failure:
        raise server.failure
    result.succeeded()
    same(server.mails[0][-2:], ['first line', '.leading dot'], 'the mail')
    return server, result


def fails(person, pattern, *capabilities, play=lambda connection: connection.hear(), options=(), **keys):
    def whole(connection):
        connection.greet(*capabilities)
        play(connection)
    with Server(whole) as server:
        person.configure(server.port, **keys)
        result = person.send(*options)
    if server.failure:
        raise server.failure
    result.failed(pattern)
    same(server.mails, [], 'no mail')
    check(not any(line.startswith('MAIL') for line in server.lines), 'MAIL after a failed login')
    return server, result


# ---- what the server offers ----

@case('a token is sent with the AUTH line, and the mail arrives')
def _(person):
    server, _ = logs_in(person, 'SIZE 1000', 'AUTH PLAIN XOAUTH2', '8BITMIME')
    same(server.envelope[0], 'MAIL FROM:<%s>' % ACCOUNT if person.tools.is_host else server.envelope[0], 'the sender')


@case('AUTH= of old servers')
def _(person):
    logs_in(person, 'AUTH=PLAIN XOAUTH2', 'HELP')


@case('AUTH and AUTH= together, the mechanism in the second alone')
def _(person):
    logs_in(person, 'AUTH LOGIN PLAIN', 'AUTH=LOGIN XOAUTH2')


@case('capability and mechanism in lower case')
def _(person):
    logs_in(person, 'auth plain xoauth2')


@case('AUTH on the last line')
def _(person):
    logs_in(person, 'PIPELINING', 'AUTH XOAUTH2')


@case('400 mechanisms on a line of 8 kilobytes')
def _(person):
    logs_in(person, 'AUTH ' + ' '.join('MECHANISM-%04d' % i for i in range(400)) + ' XOAUTH2')


@case('a word that only begins with AUTH is not AUTH, nor is the greeting')
def _(person):
    fails(person, 'offers no AUTH', 'AUTHXOAUTH2 XOAUTH2', 'XAUTH XOAUTH2')


@case('what stands in the first line of the reply is a greeting, whatever it says')
def _(person):
    def play(connection):
        connection.say('220 hello')
        connection.hear()
        connection.say('250-AUTH XOAUTH2\n250 SIZE')
        connection.hear()
    raw_failure(person, play, 'localhost offers no AUTH')


@case('no AUTH at all')
def _(person):
    fails(person, 'localhost offers no AUTH', 'SIZE 1000', '8BITMIME')


@case('the mechanism is not among those offered: both lists are named')
def _(person):
    fails(person, r'offers PLAIN LOGIN +and not XOAUTH2,?OAUTHBEARER|offers PLAIN LOGIN  and not XOAUTH2 OAUTHBEARER',
          'AUTH PLAIN LOGIN', AuthMech='XOAUTH2,OAUTHBEARER')


@case('no EHLO: 502')
def _(person):
    def play(connection):
        connection.say('220 old')
        connection.hear()
        connection.say('502 5.5.1 what?')
        connection.hear()
    raw_failure(person, play, 'does not take EHLO.*502 5.5.1 what')


def raw_failure(person, play, pattern, **keys):
    with Server(play) as server:
        person.configure(server.port, **keys)
        result = person.send()
    if server.failure:
        raise server.failure
    return server, result.failed(pattern)


@case('the connection ends in the middle of the EHLO reply')
def _(person):
    def play(connection):
        connection.say('220 hello')
        connection.hear()
        connection.say('250-server.test\n250-AUTH XOA')
    raw_failure(person, play, 'the connection was lost at EHLO')


@case('a reply without end')
def _(person):
    def play(connection):
        connection.say('220 hello')
        connection.hear()
        while True:
            connection.say('250-' + 'A' * 4000)
    raw_failure(person, play, 'the reply is too long at EHLO')


@case('garbage instead of a reply, and codes that change')
def _(person):
    for reply in ('hello world', '25', '25x ok', '250_ok', '999 ok', '250-a\n251 b', '\x00\x01\x02\x03'):
        def play(connection):
            connection.say('220 hello')
            connection.hear()
            connection.say(reply)
            connection.hear()
        raw_failure(person, play, 'the reply is not SMTP at EHLO')


# ---- the exchange ----

@case('334 with "=", as some servers say nothing')
def _(person):
    person.token(token_of(2000))

    def play(connection):
        same(connection.hear(), 'AUTH XOAUTH2', 'no initial response')
        connection.say('334 =')
        same(connection.decoded(), xoauth2(token_of(2000)), 'the response')
        connection.say('235 ok')
        connection.take_mail()
    logs_in(person, 'AUTH XOAUTH2', play=play)


@case('an AUTH line of 512 octets carries the response, a longer one does not')
def _(person):
    # 13 octets of "AUTH XOAUTH2 ", 496 of base64 for at most 372 octets: 511 with CRLF.
    fixed = len(xoauth2(''))
    for size, words in ((372 - fixed, 3), (373 - fixed, 2)):
        person.token(token_of(size))
        server, _ = logs_in(person, 'AUTH XOAUTH2', play=lambda connection: accept(connection, token_of(size)))
        auth = [line for line in server.lines if line.startswith('AUTH')][0]
        same(len(auth.split(' ')), words, 'words of an AUTH line with a token of %d' % size)


@case('tokens of 200, 2,000, 4,000, 8,000 and 16,000 octets, both mechanisms')
def _(person):
    for mechanism in ('XOAUTH2', 'OAUTHBEARER'):
        for size in (200, 2000, 4000, 8000, 16000):
            person.token(token_of(size))

            def play(connection):
                check('Bearer %s\x01' % token_of(size) in line_of_auth(connection, mechanism), 'the token')
                connection.say('235 ok')
                connection.take_mail()
            logs_in(person, 'AUTH %s' % mechanism, play=play, AuthMech=mechanism)


@case('writes that are taken 700 octets at a time')
def _(person):
    if not person.tools.is_host:
        return 'the harness alone has such a connection'
    person.token(token_of(3900))

    def play(connection):
        connection.greet('AUTH XOAUTH2')
        accept(connection, token_of(3900))
    with Server(play) as server:
        person.configure(server.port)
        result = person.send(HOST_WRITE_MAX='700')
    if server.failure:
        raise server.failure
    result.succeeded()


def plain(connection, mechanism='PLAIN'):
    same(line_of_auth(connection, mechanism), '%s\0%s\0%s' % (ACCOUNT, ACCOUNT, 'secret word'.replace(' ', '-')), 'PLAIN')
    connection.say('235 ok')
    connection.take_mail()


@case('PLAIN with AuthPass')
def _(person):
    logs_in(person, 'AUTH PLAIN', play=plain, AuthMech='PLAIN', AuthPass='secret-word')


@case('AuthMech is tried in its order, not in that of the server or of libsasl2')
def _(person):
    logs_in(person, 'AUTH XOAUTH2 PLAIN', play=plain, AuthMech='PLAIN,XOAUTH2', AuthPass='secret-word')
    logs_in(person, 'AUTH PLAIN XOAUTH2', AuthMech='XOAUTH2,PLAIN', AuthPass='secret-word')


@case('a mechanism that libsasl2 does not have is passed over')
def _(person):
    logs_in(person, 'AUTH NOSUCH XOAUTH2', AuthMech='NOSUCH,XOAUTH2')


@case('without AuthMech libsasl2 chooses, and the token stands above a password')
def _(person):
    logs_in(person, 'AUTH PLAIN LOGIN XOAUTH2', AuthMech=None, AuthPass='secret-word')


@case('AuthMethod=XOAUTH2 and OAUTHBEARER for short, in any case')
def _(person):
    logs_in(person, 'AUTH PLAIN XOAUTH2', AuthMethod='xoauth2', AuthMech=None)

    def bearer(connection):
        matches('^n,a=%s,\x01' % ACCOUNT, line_of_auth(connection, 'OAUTHBEARER'), 'the GS2 header')
        connection.say('235 ok')
        connection.take_mail()
    logs_in(person, 'AUTH XOAUTH2 OAUTHBEARER', play=bearer, AuthMethod='OAUTHBEARER', AuthMech=None)


@case('LOGIN: no initial response, two questions; "=" is an empty one')
def _(person):
    def play(connection):
        same(connection.hear(), 'AUTH LOGIN', 'AUTH')
        connection.say('334 ' + question)
        same(connection.decoded(), ACCOUNT, 'the name')
        connection.say('334 ' + b64('Password:'))
        same(connection.decoded(), 'secret-word', 'the password')
        connection.say('235 ok')
        connection.take_mail()
    for question in (b64('Username:'), '=', ''):
        logs_in(person, 'AUTH LOGIN', play=play, AuthMech='LOGIN', AuthPass='secret-word')


@case('CRAM-MD5 needs no TLS and no leave')
def _(person):
    def play(connection):
        same(connection.hear(), 'AUTH CRAM-MD5', 'AUTH')
        connection.say('334 ' + b64('<1.2@server.test>'))
        digest = hmac.new(b'secret-word', b'<1.2@server.test>', hashlib.md5).hexdigest()
        same(connection.decoded(), '%s %s' % (ACCOUNT, digest), 'the digest')
        connection.say('235 ok')
        connection.take_mail()
    logs_in(person, 'AUTH CRAM-MD5', play=play, AuthMech='CRAM-MD5', AuthPass='secret-word', AuthCleartext=None)


def scram(connection, honest=True):
    first = line_of_auth(connection, 'SCRAM-SHA-256')
    bare = first.split(',', 2)[2]
    nonce = re.search('r=([^,]*)', bare).group(1) + 'server'
    salt, rounds = b'0123456789abcdef', 4096
    server_first = 'r=%s,s=%s,i=%d' % (nonce, b64(salt), rounds)
    connection.say('334 ' + b64(server_first))
    final = connection.decoded()
    salted = hashlib.pbkdf2_hmac('sha256', b'secret-word', salt, rounds)
    key = hmac.new(salted, b'Server Key', 'sha256').digest()
    words = ','.join((bare, server_first, final.rsplit(',', 1)[0])).encode()
    proof = hmac.new(key, words, 'sha256').digest()
    if not honest:
        connection.say('235 ok, believe me')
        connection.hear()
    connection.say('334 ' + b64('v=' + b64(proof)))
    same(connection.hear(), '', 'an empty line')
    connection.say('235 ok')
    connection.take_mail()


@case('SCRAM-SHA-256 to its end')
def _(person):
    logs_in(person, 'AUTH SCRAM-SHA-256', play=scram, AuthMech='SCRAM-SHA-256', AuthPass='secret-word')


@case('SCRAM: a server that says yes before it has proved who it is gets no mail')
def _(person):
    fails(person, 'claims success before it has proved', 'AUTH SCRAM-SHA-256',
          play=lambda connection: scram(connection, False), AuthMech='SCRAM-SHA-256', AuthPass='secret-word')


@case('SCRAM: nor one whose proof is wrong, and that is told with "*"')
def _(person):
    def play(connection):
        nonce = re.search('r=([^,]*)', line_of_auth(connection, 'SCRAM-SHA-256')).group(1)
        connection.say('334 ' + b64('r=%sx,s=%s,i=4096' % (nonce, b64('salt'))))
        connection.hear()
        connection.say('334 ' + b64('v=' + b64(b'x' * 32)))
        same(connection.hear(), '*', 'the exchange is cancelled')
        connection.say('501 5.7.0 cancelled')
        connection.hear()
    fails(person, 'SCRAM-SHA-256 for localhost: .', 'AUTH SCRAM-SHA-256', play=play, AuthMech='SCRAM-SHA-256',
          AuthPass='secret-word')


# ---- the server says no ----

@case('535 at once: all lines of it in one sentence, and no second try')
def _(person):
    def play(connection):
        line_of_auth(connection)
        connection.say('535-5.7.8 Username and Password not accepted.\n535 5.7.8 See the manual - gsmtp')
        connection.hear()
    server, _ = fails(person, r'localhost refused XOAUTH2: 535 5.7.8 Username and Password not accepted. '
                      r'5.7.8 See the manual - gsmtp$', 'AUTH XOAUTH2', play=play)
    same(sum(line.startswith('AUTH') for line in server.lines), 1, 'AUTH commands')


@case('454: not now')
def _(person):
    def play(connection):
        line_of_auth(connection)
        connection.say('454 4.7.0 Temporary authentication failure')
        connection.hear()
    fails(person, 'refused XOAUTH2: 454 4.7.0 Temporary', 'AUTH XOAUTH2', play=play)


@case('504: a mechanism offered and then unknown; and a refusal before the response')
def _(person):
    for size in (100, 2000):
        person.token(token_of(size))

        def play(connection):
            connection.hear()
            connection.say('504 5.5.4 unrecognised')
            connection.hear()
        fails(person, 'refused XOAUTH2: 504 5.5.4', 'AUTH XOAUTH2', play=play)


@case('500 to a long response, as of a server that cannot read it')
def _(person):
    person.token(token_of(8000))

    def play(connection):
        line_of_auth(connection)
        connection.say('500 5.5.2 Line too long')
        connection.hear()
    fails(person, 'refused XOAUTH2: 500 5.5.2 Line too long', 'AUTH XOAUTH2', play=play)


def refuse(connection, acknowledgement=''):
    line_of_auth(connection)
    connection.say('334 ' + BAD_TOKEN)
    same(connection.hear(), acknowledgement, 'the answer to the error challenge')
    connection.say('535 5.7.8 Authentication failed')


@case('a token that was revoked: one more try with a fresh one on the same connection')
def _(person):
    person.token('fresh-token', 'next')

    def play(connection):
        refuse(connection)
        accept(connection, 'fresh-token')
    server, result = logs_in(person, 'AUTH XOAUTH2', play=play)
    same(len(server.connections), 1, 'connections')
    same(person.asked(), 1, 'the refusal is told once')


@case('and only one: the second refusal is the end, with the words of both')
def _(person):
    person.token('fresh-token', 'next')

    def play(connection):
        refuse(connection)
        refuse(connection)
        connection.hear()
    server, _ = fails(person, r'refused XOAUTH2: 535 5.7.8 Authentication failed \(.*401', 'AUTH XOAUTH2', play=play)
    same(sum(line.startswith('AUTH') for line in server.lines), 2, 'AUTH commands')


@case('OAUTHBEARER: the error challenge is answered with 0x01')
def _(person):
    def play(connection):
        line_of_auth(connection, 'OAUTHBEARER')
        connection.say('334 ' + b64('{"status":"invalid_token"}'))
        same(connection.hear(), b64('\x01'), 'the answer')
        connection.say('535 5.7.8 no')
        line_of_auth(connection, 'OAUTHBEARER')
        connection.say('535 5.7.8 no again')
        connection.hear()
    fails(person, 'refused OAUTHBEARER: 535 5.7.8 no again', 'AUTH OAUTHBEARER', play=play, AuthMech='OAUTHBEARER')


@case('an error challenge of 12 kilobytes')
def _(person):
    def play(connection):
        line_of_auth(connection)
        connection.say('334 ' + b64('{"status":"400","x":"%s"}' % ('y' * 9000)))
        connection.hear()
        connection.say('535 5.7.8 no')
        line_of_auth(connection)
        connection.say('535 5.7.8 no')
        connection.hear()
    fails(person, 'refused XOAUTH2: 535 5.7.8 no', 'AUTH XOAUTH2', play=play)


@case('a challenge that is not base64 is cancelled')
def _(person):
    def play(connection):
        line_of_auth(connection)
        connection.say('334 !!! \x1b[2J')
        same(connection.hear(), '*', 'the answer')
        connection.say('501 5.7.0 cancelled')
        connection.hear()
    fails(person, 'challenge that is not base64', 'AUTH XOAUTH2', play=play)


@case('334 after a mechanism has ended: an empty line, then the verdict')
def _(person):
    def play(connection):
        line_of_auth(connection, 'PLAIN')
        connection.say('334 ' + b64('what else?'))
        same(connection.hear(), '', 'the answer')
        connection.say('535 5.7.8 no')
        connection.hear()
    fails(person, 'refused PLAIN: 535 5.7.8 no', 'AUTH PLAIN', play=play, AuthMech='PLAIN', AuthPass='secret-word')


@case('334 for ever comes to an end')
def _(person):
    def play(connection):
        line_of_auth(connection, 'PLAIN')
        while True:
            connection.say('334 ')
            if connection.hear() == '*':
                connection.say('501 at last')
    fails(person, 'comes to no end', 'AUTH PLAIN', play=play, AuthMech='PLAIN', AuthPass='secret-word')


@case('the connection ends after AUTH')
def _(person):
    fails(person, 'the connection was lost during authentication', 'AUTH XOAUTH2',
          play=lambda connection: line_of_auth(connection))


@case('garbage after AUTH; control characters never reach the terminal')
def _(person):
    for reply, pattern in (('\x1b]0;evil\x07', 'the reply is not SMTP during'), ('535 \x1b[2J\x9b', r'535 \?\[2J')):
        def play(connection):
            line_of_auth(connection)
            connection.say(reply)
            connection.hear()
        fails(person, pattern, 'AUTH XOAUTH2', play=play)


# ---- what we do not have, or must not ----

@case('no user: AuthUser is asked for, and $USER is not taken')
def _(person):
    server, _ = fails(person, r'SASL mechanism XOAUTH2 needs a user name \(AuthUser\)', 'AUTH XOAUTH2', AuthUser=None)
    check('AUTH' not in ' '.join(server.lines), 'AUTH was sent')


@case('no password: AuthPass is asked for where a mechanism needs one')
def _(person):
    def ask(connection):
        connection.hear()
        connection.say('334 ' + b64('<1.2@server.test>'))
        while connection.hear() != '*':
            connection.say('334 ' + b64('Password:'))
        connection.say('501 5.7.0 cancelled')
        connection.hear()
    for mechanism in ('PLAIN', 'LOGIN', 'CRAM-MD5'):
        fails(person, r'SASL mechanism %s needs a password \(AuthPass\)' % mechanism, 'AUTH ' + mechanism,
              play=ask, AuthMech=mechanism)


@case('no account: the sentence of the plugin')
def _(person):
    fails(person, 'XOAUTH2 for localhost: there is no account you@example.test', 'AUTH XOAUTH2',
          AuthUser='you@example.test')


@case('no plugin')
def _(person):
    os.unlink(person.home / 'plugins/libsaslfresh.so')
    fails(person, 'no SASL mechanism here for XOAUTH2: the plugin is not installed', 'AUTH XOAUTH2')


@case('no token or password in clear without AuthCleartext=YES')
def _(person):
    for mechanism in ('XOAUTH2', 'OAUTHBEARER', 'PLAIN', 'LOGIN'):
        for leave in (None, 'NO', 'maybe'):
            server, _ = fails(person, r'%s would show a secret to the network: UseSTARTTLS=YES' % mechanism,
                              'AUTH ' + mechanism, AuthMech=mechanism, AuthPass='secret-word', AuthCleartext=leave)
            check('AUTH' not in ' '.join(server.lines), 'AUTH was sent')


@case('AuthMech of more than 511 characters')
def _(person):
    fails(person, 'AuthMech is longer than 511', 'AUTH XOAUTH2', AuthMech='X' * 600)


@case('-v and Debug show the dialogue without the secrets')
def _(person):
    for size in (100, 2000):
        person.token(token_of(size))
        for options, keys in ((('-v',), {}), (('-d',), {}), ((), {'Debug': 'YES'})):
            def play(connection):
                connection.greet('AUTH XOAUTH2')
                accept(connection, token_of(size))
            with Server(play) as server:
                person.configure(server.port, **keys)
                result = person.send(*options).succeeded()
            if server.failure:
                raise server.failure
            if options or person.tools.is_host:
                matches('AUTH XOAUTH2', result.err, 'the dialogue')
                matches('<secret>', result.err, 'the dialogue')
            sent = b64(xoauth2(token_of(size)))
            check(sent[:60] not in result.err and token_of(size)[:30] not in result.err, 'a secret is shown')
