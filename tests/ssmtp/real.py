"""What only a whole sSMTP can show: how its callers call it, and that what it did before it still does."""
import re
import subprocess

from dialogues import accept
from harness import ACCOUNT, check, matches, same
from server import Gone, Server

CASES = []
TO_ROOT = b'From: root (Cron Daemon)\nTo: root\nSubject: Cron <root@cron> df\n\nNo space left\n'
TO_YOU = b'From: me@example.test\nTo: you@example.test\nBcc: secret@example.test\nSubject: hello\n\nNo space left\n'

CALLERS = (
    ('Debian cron', ('-i', '-FCronDaemon', '-B8BITMIME', '-oem', 'root'), TO_ROOT, ['me@example.test']),
    ('cronie', ('-FCronDaemon', '-i', '-odi', '-oem', '-oi', '-t', '-f', 'root'), TO_ROOT, ['me@example.test']),
    ('git send-email', ('-f', 'me@example.test', '-i', 'you@example.test', 'they@example.test'), TO_YOU,
     ['you@example.test', 'they@example.test']),
    ('PHP', ('-t', '-i', '-fme@example.test'), TO_YOU, ['you@example.test', 'secret@example.test']),
    ('smartd, by mail(1)', ('-i', '-m', 'root'), TO_ROOT, ['me@example.test']),
    ('mdadm', ('-t',), TO_YOU, ['you@example.test', 'secret@example.test']),
    ('fail2ban', ('-f', '<fail2ban@example.test>', 'you@example.test'), TO_YOU, ['you@example.test']),
)


def case(name):
    def add(function):
        CASES.append((name, function))
        return function
    return add


def called_by(name, words, mail, recipients):
    @case('as %s calls it: sendmail %s' % (name, ' '.join(words)))
    def _(person):
        def play(connection):
            connection.greet('AUTH XOAUTH2', '8BITMIME')
            accept(connection)
        with Server(play) as server:
            person.configure(server.port, Root='me@example.test')
            result = person.send(*words, recipients=(), mail=mail)
        if server.failure:
            raise server.failure
        result.succeeded()
        same([line for line in server.envelope if line.startswith('RCPT')],
             ['RCPT TO:<%s>' % recipient for recipient in recipients], 'the recipients')
        same(server.mails[0][-1], 'No space left', 'the mail')
        check(not any('secret@' in line for line in server.mails[0]) or '-t' not in words, 'Bcc is shown')


for caller in CALLERS:
    called_by(*caller)


# ---- as before ----

def old_server(starttls, implicit, certificate):
    def play(connection):
        if implicit:
            connection.start_tls(certificate)
        connection.say('220 old.test')
        in_auth = None
        while True:
            line = connection.hear()
            word = line.split(' ')[0].upper()
            if in_auth:
                in_auth -= 1
                connection.say('334 UGFzc3dvcmQ6' if in_auth else '235 ok')
            elif word in ('EHLO', 'HELO'):
                connection.say('250-old.test\n250 AUTH LOGIN CRAM-MD5 XOAUTH2')
            elif word == 'STARTTLS' and starttls:
                connection.say('220 go on')
                connection.start_tls(certificate)
            elif word == 'AUTH':
                in_auth = 1 if 'CRAM' in line or len(line.split(' ')) > 2 else 2
                connection.say('334 PDEuMkBzZXJ2ZXIudGVzdD4=')
            elif word == 'DATA':
                connection.say('354 go on')
                while connection.hear() != '.':
                    pass
                connection.say('250 taken')
            elif word == 'QUIT':
                connection.say('221 bye')
                raise Gone
            else:
                connection.say('250 ok')
    return play


def dialogue(person, mailer, starttls, implicit, options, **keys):
    """What MAILER says to a server, without what differs from second to second."""
    with Server(old_server(starttls, implicit, str(person.tools.certificates / 'wrongname'))) as server:
        lines = ['MailHub=localhost:%d' % server.port, 'HostName=client.test', 'Root=me@example.test',
                 *('%s=%s' % pair for pair in keys.items())]
        person.config.write_text('\n'.join(lines) + '\n')
        done = subprocess.run([str(mailer), '-C', str(person.config), *options, 'root'], input=TO_ROOT,
                              capture_output=True, timeout=60, env=person.environment())
    if server.failure:
        raise server.failure
    same(done.returncode, 0, 'the status of %s, %s' % (mailer, done.stderr[-500:]))
    return [re.sub(r'(Date:|emulation\);) .*', r'\1', line) for line in server.lines], done.stderr


SECRET = {'AuthUser': 'me', 'AuthPass': 'secret-word'}
OLD = (
    ('no AUTH', {}, 'HELO'),
    ('LOGIN, because nothing is said', SECRET, 'AUTH LOGIN'),
    ('AuthMethod=LOGIN', {**SECRET, 'AuthMethod': 'LOGIN'}, 'AUTH LOGIN'),
    ('UseOldAUTH', {**SECRET, 'UseOldAUTH': 'YES'}, 'AUTH LOGIN bWU='),
    ('cram-md5', {**SECRET, 'AuthMethod': 'cram-md5'}, 'AUTH CRAM-MD5'),
)


def as_before(name, keys, word):
    @case('as before: ' + name + ', in clear, with UseTLS and with UseSTARTTLS')
    def _(person):
        if person.tools.stock is None:
            return "there is no sSMTP of Debian's to compare with"
        for starttls, implicit in ((False, False), (True, False), (False, True)):
            more = {'UseSTARTTLS': 'YES'} if starttls else {'UseTLS': 'YES'} if implicit else {}
            for options in ((), ('-v', '-i', '-FCronDaemon')):
                before, said = dialogue(person, person.tools.stock, starttls, implicit, options, **keys, **more)
                after, says = dialogue(person, person.tools.mailer, starttls, implicit, options, **keys, **more)
                same(after, before, 'the dialogue')
                check(any(line.startswith(word) for line in before), 'no %s in %r' % (word, before))
                same(re.sub(rb'(Date:|emulation\);) .*', b'', says), re.sub(rb'(Date:|emulation\);) .*', b'', said),
                     'stderr')
    return _


for configuration in OLD:
    as_before(*configuration)


@case('an old configuration with TLSVerify=YES or TLS_CA_File does verify')
def _(person):
    for keys in ({'TLSVerify': 'YES'}, {'TLS_CA_File': str(person.tools.certificates / 'ca.pem')}):
        with Server(old_server(False, True, str(person.tools.certificates / 'wrongname'))) as server:
            person.configure(server.port, AuthMethod=None, AuthMech=None, AuthPass='secret-word', UseTLS='YES', **keys)
            result = person.send()
        result.failed('localhost: its certificate is ')
        same(server.lines, [], 'nothing was said')


@case('the sender and the user are who they should be')
def _(person):
    def play(connection):
        connection.greet('AUTH XOAUTH2')
        accept(connection)
    with Server(play) as server:
        person.configure(server.port, FromLineOverride='YES')
        person.send('-t', recipients=(), mail=TO_YOU).succeeded()
    if server.failure:
        raise server.failure
    matches('^MAIL FROM:<%s>$' % ACCOUNT, server.envelope[0], 'the sender')
