"""Rows: how a grant comes in, and the names that accounts may have."""
import os

from harness import (ACCOUNT, CONFIG, LOGIN, SERVER, SYSTEM, TEMPORARY, Record, check, matches, row, same)

FILE = '--refresh-token-file'


def token_file(box, data, mode=0o600):
    path = box.home / 'refresh-token'
    path.write_bytes(data)
    path.chmod(mode)
    return str(path)


@row('login: from standard input, with a newline', b'rt-KEY-0\n')
@row('login: from standard input, without', b'rt-KEY-0')
@row('login: from standard input, CRLF', b'rt-KEY-0\r\n')
@row('login: the first line counts', b'rt-KEY-0\nand more\n')
def from_stdin(box, data):
    result = box.run('login', ACCOUNT, FILE, '-', text=data.replace(b'KEY', box.key.encode())).succeeded().clean()
    matches(ACCOUNT, result.out.decode(), 'what login prints')
    same(result.err, b'', 'stderr')
    same(box.grant()['refresh_token'], 'rt-%s-0' % box.key, 'refresh_token')
    same(box.grant()['client_id'], 'client', 'client_id')
    check(abs(int(box.grant()['consented_at']) - int(box.token()['issued_at'])) <= 1, 'consented_at')
    same(oct(box.state.stat().st_mode), '0o40700', 'mode of the state directory')


@row('login: from a file')
def from_file(box):
    box.run('login', ACCOUNT, FILE, token_file(box, b'rt-%s-0\n' % box.key.encode())).succeeded()
    same(box.grant()['refresh_token'], 'rt-%s-0' % box.key, 'refresh_token')


@row('login: the endpoint rotates at once')
def rotating(box):
    box.server('good', rotation='on')
    box.login().succeeded()
    same(box.grant()['refresh_token'], 'rt-%s-1' % box.key, 'refresh_token')


def nothing(box, result, *statuses):
    """Nothing was asked and nothing is stored."""
    result.failed(*statuses)
    same(box.requests(), [], 'requests')
    left = [path.name for path in box.state.iterdir() if not path.name.endswith('.lock')] if box.state.exists() else []
    same(left, [], 'files in the state directory')


@row('login: an empty refresh token', b'')
@row('login: an empty line', b'\n')
@row('login: a control byte', b'rt-\x01\n')
@row('login: a NUL', b'rt-\x00-0\n')
@row('login: a byte that is not ASCII', b'rt-\xc3\xa9\n')
@row('login: one octet more than 16 KiB', 16385 * b'x' + b'\n')
@row('login: 1 MiB without a newline', (1 << 20) * b'x')
def bad_token(box, data):
    nothing(box, box.run('login', ACCOUNT, FILE, '-', text=data), CONFIG)


@row('login: 16 KiB are taken')
def long_token(box):
    token = 16384 * 'x'
    box.server('good', accept=token)
    box.login(token).succeeded()
    same(box.grant()['refresh_token'], token, 'refresh_token')
    box.age(-10)
    box.renewed()


@row('login: a file that is not there')
def no_file(box):
    result = box.run('login', ACCOUNT, FILE, '/nonexistent/refresh-token')
    nothing(box, result, SYSTEM, CONFIG)
    matches(r'/nonexistent/refresh-token', result.line, 'the sentence')


@row('login: a file that others may read: mode, path, chmod', 0o644)
@row('login: a file that others may write: mode, path, chmod', 0o622)
def open_file(box, mode):
    path = token_file(box, b'rt-%s-0\n' % box.key.encode(), mode)
    result = box.run('login', ACCOUNT, FILE, path)
    nothing(box, result, CONFIG)
    matches(r'%s.*%04o.*chmod 0?[0-7]+ .?%s' % (path, mode, path), result.line, 'the sentence')


@row('login: a FIFO does not hang', os.mkfifo)
@row('login: a directory', os.mkdir)
def odd_file(box, make):
    path = str(box.home / 'odd')
    make(path, 0o700)
    nothing(box, box.run('login', ACCOUNT, FILE, path), SYSTEM, CONFIG)


def not_proven(box, case, status):
    """A grant that does not work is not stored."""
    box.server(case)
    box.login().failed(status)
    check(not box.file('grant').exists(), 'a grant is stored')
    check(not box.file('grant.new').exists(), 'a temporary grant is left')
    box.run('token', ACCOUNT).failed(LOGIN)
    same(len(box.requests()), 1, 'requests')
    box.server('good')
    box.login().succeeded()


for case, status in (('invalid-grant', LOGIN), ('503', TEMPORARY), ('html-200', SERVER), ('hang', TEMPORARY),
                     ('invalid-client', CONFIG), ('token-missing', SERVER)):
    row('login: nothing is stored after ' + case, case, status)(not_proven)


@row('login: what was issued is stored even if the access token is bad')
def issued(box):
    """The refresh token that was brought is used up: the new one is all there is."""
    box.server('rotated-token-missing')
    box.login().failed(SERVER)
    same(box.grant()['refresh_token'], 'rt-%s-1' % box.key, 'refresh_token')


# ---- names


NAMES = ['../../evil', '.hidden', '..', 'a b', 'a%20b', 'a/b', '\u00fcn\u00ef', 'x]y', "o'neill", '-rf', '--force',
         '$(touch x)', 100 * 'n' + '@example.test', 'UPPER', 'upper', '=', 'a:b']


@row('names of accounts: none leaves the state directory, none meets another')
def names(box):
    sections = [box.section(name, {'client_id': 'client', 'token_endpoint': box.url(), 'http_loopback': 'yes'}
                            ).partition('\n\n')[2] for name in NAMES]
    box.write_config('timeout = 2\n' + ''.join(sections))
    before = sorted(str(path) for path in box.home.rglob('*'))
    for number, name in enumerate(NAMES):
        token = 'rt-%s-%d' % (box.key, number)
        box.server('good', accept=token)
        box.run('login', FILE, '-', '--', name, text=token.encode() + b'\n').succeeded()
    made = {path for path in box.home.rglob('*') if str(path) not in before and path.is_file()}
    same({path.parent for path in made}, {box.state}, 'directories that were written to')
    same(len(made), 3 * len(NAMES), 'files')
    for number, name in enumerate(NAMES):
        box.server('good', accept='rt-%s-%d' % (box.key, number))
        box.run('refresh', '--force', '--', name).succeeded()
        got = box.run('token', '--', name).succeeded()
        same(got.out, b'at-%s-%d\n' % (box.key.encode(), len(NAMES) + number + 1), 'the token of %r' % name)
    same(box.run('list').succeeded().out.decode().split('\n')[:-1], NAMES, 'list')
    stored = {Record(path)['refresh_token'] for path in made if path.suffix == '.grant'}
    same(len(stored), len(NAMES), 'refresh tokens')
