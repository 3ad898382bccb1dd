"""Rows: configurations that cannot be meant."""
from harness import (ACCOUNT, CONFIG, LOGIN, SYSTEM, check, matches, row, same)

HEAD = 'timeout = 2\nconnect_timeout = 1\n\n[account me@example.test]\nclient_id = client\n'
TAIL = 'token_endpoint = https://localhost:1/token\nscope = mail\nhosts = mail.example.test\n'


def wrong(box, text, line, *patterns):
    """Each verb that reads the file says the same: file, line, what is wrong."""
    box.write_config(text)
    told = box.run('token', ACCOUNT).failed(CONFIG)
    matches(r'%s:%d: ' % (box.config_file, line), told.line, 'file and line')
    for pattern in patterns:
        matches(pattern, told.line, 'the sentence')
    for verb in (['list'], ['refresh', ACCOUNT], ['status']):
        other = box.run(*verb).failed(CONFIG)
        matches(r'%s:%d: ' % (box.config_file, line), other.line, 'file and line of %s' % verb[0])


WRONG = [
    # name, text, line, what the sentence says
    ('an unknown key, the nearest one named', HEAD + 'scpoe = mail\n', 6, r'scpoe', r'`?scope'),
    ('an unknown key, nearest a long one', HEAD + 'client_secret_fiel = /x\n', 6, r'client_secret_file'),
    ('an unknown key far from any', HEAD + 'colour_of_money = green\n', 6, r'colour_of_money'),
    ('an unknown key in front of the accounts', 'timout = 3\n', 1, r'`?timeout'),
    ('an account key in front of the accounts', 'client_id = x\n' + HEAD, 1, r'client_id'),
    ('a global key in an account', HEAD + 'timeout = 3\n', 6, r'timeout'),
    ('a key of presets in an account', HEAD + 'title = Mine\n', 6, r'title'),
    ('a key that is given twice', HEAD + 'scope = a\nscope = b\n', 7, r'scope.*twice'),
    ('a global key that is given twice', 'timeout = 2\ntimeout = 3\n' + HEAD, 2, r'timeout.*twice'),
    ('a key without a value', HEAD + 'scope =\n', 6, r'value'),
    ('a line without =', HEAD + 'scope mail\n', 6, r'='),
    ('a line that begins with =', HEAD + '= mail\n', 6, r'key = value'),
    ('an account that is there twice', HEAD + TAIL + '[account me@example.test]\n', 9,
     r'me@example\.test', r'line 4'),
    ('a section without its bracket', HEAD + '[account other\n', 6, r'\[account NAME\]'),
    ('a section with more behind it', HEAD + '[account other] x\n', 6, r'\[account NAME\]'),
    ('a section of another kind', HEAD + '[acount other]\n', 6, r'account'),
    ('an account without a name', HEAD + '[account]\n', 6, r'name'),
    ('a name that no file can have', HEAD + '[account %s]\n' % (300 * 'x'), 6, r'too long'),
    ('timeout in words', 'timeout = soon\n', 1, r'timeout', r'soon'),
    ('timeout of zero', 'timeout = 0\n', 1, r'timeout', r'1'),
    ('timeout below zero', 'timeout = -3\n', 1, r'timeout', r'-3'),
    ('timeout above the limit', 'timeout = 31\n', 1, r'timeout', r'30'),
    ('timeout with a unit', 'timeout = 3s\n', 1, r'3s'),
    ('timeout beyond any number', 'timeout = 99999999999999999999\n', 1, r'timeout'),
    ('connect_timeout above the limit', 'connect_timeout = 11\n', 1, r'connect_timeout', r'10'),
    ('rank in another word', 'rank = best\n', 1, r'prefer', r'polite', r'first'),
    ('a command without its path', 'command = saslfresh\n', 1, r'absolute'),
    ('an auth method in another word', HEAD + 'token_endpoint_auth_method = basic\n', 6,
     r'client_secret_basic'),
    ('http_loopback in another word', HEAD + 'http_loopback = maybe\n', 6, r'yes'),
    ('refresh_token_reuse in another word', HEAD + 'refresh_token_reuse = ok\n', 6, r'tolerated'),
    ('a file that is not absolute', HEAD + 'client_secret_file = secret\n', 6, r'absolute'),
    ('a provider with a path', HEAD + 'provider = ../../etc/passwd\n', 6, r'provider'),
    ('a control byte', HEAD + 'scope = a\x1b[31mb\n', 6, r'control'),
    ('a NUL', HEAD + 'scope = a\0b\n', 6, r'control'),
    ('a value of 20 kB', HEAD + 'scope = %s\n' % (20000 * 'x'), 6, r'long'),
]

for name, *arguments in WRONG:
    row('configuration: ' + name, *arguments)(wrong)


@row('configuration: CRLF, blanks, comments and a missing last newline are fine')
def lenient(box):
    box.ready()
    text = box.config_file.read_text().replace('\n', '\r\n').replace(' = ', '\t =   ')
    box.write_config('# a comment\r\n\r\n   # another\r\n' + text + '# the last line')
    box.hands_out(box.first, requests=0)
    same(box.run('list').succeeded().out.decode().split()[0], ACCOUNT, 'list')


@row('configuration: a personal account goes before the same one of the system')
def unknown_account(box):
    result = box.run('token', 'other@example.test').failed(CONFIG, LOGIN)
    matches(r'other@example\.test', result.line, 'the sentence')


def incomplete(box, missing, pattern):
    box.ready()
    box.age(-10)
    box.configure(**{missing: None})
    result = box.run('token', ACCOUNT).failed(CONFIG)
    matches(pattern, result.line, 'the sentence')
    matches(r'saslfresh\.conf:\d+: ', result.line, 'file and line')
    same(len(box.requests()), 1, 'requests')


row('configuration: no client_id', 'client_id', r'client_id')(incomplete)
row('configuration: no token_endpoint and no provider', 'token_endpoint',
    r'token_endpoint|provider')(incomplete)


@row('configuration: a provider that is not there is named, with the nearest')
def unknown_provider(box):
    box.ready()
    box.age(-10)
    box.configure(provider='gogle', token_endpoint=None)
    result = box.run('token', ACCOUNT).failed(CONFIG)
    matches(r'gogle', result.line, 'the sentence')
    matches(r'google', result.line, 'the nearest')
    matches(r'saslfresh\.conf:\d+: ', result.line, 'file and line')


@row('configuration: a preset of the person with an unknown key')
def broken_preset(box):
    box.ready()
    box.age(-10)
    directory = box.config_file.parent / 'providers'
    directory.mkdir()
    (directory / 'mine.conf').write_text('title = Mine\nscpoe = x\n')
    box.configure(provider='mine')
    result = box.run('token', ACCOUNT).failed(CONFIG)
    matches(r'mine\.conf:2: .*scpoe', result.line, 'file and line')
    matches(r'scope', result.line, 'the nearest')


@row('configuration: a preset of the person is used; {tenant} and {region} are replaced')
def own_preset(box):
    directory = box.config_file.parent / 'providers'
    directory.mkdir()
    url = box.url().replace('/token', '/{tenant}/{region}/token')
    (directory / 'mine.conf').write_text(
        'title = Mine\nregion = eu\ntenant = common\nscope = preset\nhttp_loopback = yes\n'
        'hosts = imap.{region}.example.test\ntoken_endpoint = %s\n' % url)
    box.configure(provider='mine', tenant='t-1', token_endpoint=None, scope=None, hosts=None,
                  http_loopback=None, refresh_token_reuse=None)
    box.ready()
    request = box.requests()[-1]
    same(request['target'], '/%s/t-1/eu/token' % box.key, 'the path')
    same(dict(request['form'])['scope'], 'preset', 'scope')
    same(box.token()['hosts'], 'imap.eu.example.test', 'hosts')


@row('configuration: client_secret in a file that others may read: mode, path, chmod', 0o644)
@row('configuration: client_secret in a file that others may write', 0o602)
def open_secret(box, mode):
    box.ready()
    box.age(-10)
    box.configure(client_secret='s3cr3t')
    box.config_file.chmod(mode)
    result = box.run('token', ACCOUNT).failed(CONFIG)
    matches(r'%s' % box.config_file, result.line, 'the path')
    matches(r'%04o' % mode, result.line, 'the mode')
    matches(r'chmod 0?6[04]0 ', result.line, 'the remedy')
    same(len(box.requests()), 1, 'requests')


@row('configuration: without a secret others may read it, not write it')
def open_config(box):
    box.ready()
    box.config_file.chmod(0o644)
    box.hands_out(box.first, requests=0)
    box.config_file.chmod(0o666)
    result = box.run('token', ACCOUNT).failed(CONFIG)
    matches(r'0666.*chmod', result.line, 'the sentence')


@row('configuration: a directory in its place', 'directory')
@row('configuration: 1 MiB of comments', 'large')
def odd_config(box, kind):
    box.ready()
    box.config_file.unlink()
    if kind == 'directory':
        box.config_file.mkdir()
    else:
        box.write_config((1 << 20) * '#')
    result = box.run('token', ACCOUNT).failed(CONFIG, SYSTEM)
    matches(r'saslfresh\.conf', result.line, 'the sentence')


@row('no configuration: no account, a sentence, and an empty list')
def nothing(box):
    box.config_file.unlink()
    box.run('token', ACCOUNT).failed(CONFIG)
    result = box.run('list').clean()
    check(result.out == b'', 'list: %s' % result)


@row('usage: wrong verbs and options end with 64')
def usage(box):
    for words in ([], ['tokn', ACCOUNT], ['token'], ['token', ACCOUNT, 'more'], ['token', '--colour', ACCOUNT],
                  ['refresh', '--all', ACCOUNT], ['login'], ['login', ACCOUNT, '--device', '--refresh-token-file', '-']):
        result = box.run(*words)
        check(result.status == 64, '%s\n  wanted: exit 64' % result)
        check(result.out == b'', 'stdout: %s' % result)
    matches(r'token', box.run('tokn', ACCOUNT).line, 'the nearest verb')
