"""Rows: status for those who watch: Nagios and its kin, and Prometheus."""
import os
import re
import time

from harness import ACCOUNT, CONFIG, LOGIN, SYSTEM, check, matches, row, same

DAY = 86400
OK, WARNING, CRITICAL, UNKNOWN = range(4)
WORDS = ('OK', 'WARNING', 'CRITICAL', 'UNKNOWN')
LINE = re.compile(r'SASLFRESH (OK|WARNING|CRITICAL|UNKNOWN) - ([^|\n]+)(?: \| ((?:[a-z_]+=\d+s? ?)+))?\n')


def checked(box, status, pattern, *words):
    """Nagios: one line, its word is that of the status, and numbers behind the bar."""
    result = box.run('status', '--check', *words).clean()
    same(result.status, status, '%s' % result)
    same(result.err, b'', 'stderr')
    line = LINE.fullmatch(result.out.decode())
    check(line is not None, 'no line of Nagios: %s' % result)
    same(line[1], WORDS[status], 'the word')
    matches(pattern, line[2], 'the text')
    check((line[3] is None) == (status == UNKNOWN), 'the numbers: %s' % result)
    check(len(result.out) < 4096, 'longer than 4 kB')
    return dict(pair.split('=') for pair in (line[3] or '').split())


# ---- Nagios


@row('--check: an account from its login to its end')
def life(box):
    box.server('good-with', refresh_token_expires_in=100 * DAY)
    box.login().succeeded()
    numbers = checked(box, OK, r'^1 account is well$')
    same((numbers['accounts'], numbers['warning'], numbers['critical']), ('1', '0', '0'), 'numbers')
    left = int(numbers['grant_ends_in'].rstrip('s'))
    check(abs(left - 100 * DAY) < 60, 'the end: %r' % numbers)
    box.age(-10)
    checked(box, OK, r'^1 account is well$')
    now = int(time.time())
    for days, status, more in ((15, OK, ()), (13, WARNING, ()), (2, CRITICAL, ()), (-1, CRITICAL, ()),
                               (13, OK, ('--warning', '12')), (2, WARNING, ('--critical', '0')), (2, OK, ('--warning', '1', '--critical', '1')),
                               (30, WARNING, ('--warning', '31')), (30, CRITICAL, ('--warning=31', '--critical=31', ACCOUNT))):
        box.edit('token', grant_ends_at=now + days * DAY + 60, grant_ends_since=now - 90 * DAY)
        checked(box, status, 'well' if status == OK else r'^%s: \w+: grant ends in .* \(saslfresh login %s\)$' % (ACCOUNT, ACCOUNT), *more)
    box.server('invalid-grant')
    told = box.run('token', ACCOUNT).failed(LOGIN)
    numbers = checked(box, CRITICAL, r'^%s: needs login: ' % ACCOUNT + re.escape(told.line.split(': ', 2)[2].replace('|', '/')) + '$')
    same((numbers['critical'], 'grant_ends_in' in numbers), ('1', False), 'numbers')


@row('--check: what may pass while the old token lives is a warning, then critical', '503', 'failing')
@row('--check: so is what the configuration must mend', 'invalid-client', 'misconfigured')
def failing(box, case, state):
    box.ready()
    box.age(30)
    box.server(case)
    box.run('token', ACCOUNT)
    checked(box, WARNING, r'^%s: %s: ' % (ACCOUNT, state))
    box.age(-10)
    checked(box, CRITICAL, r'^%s: %s: ' % (ACCOUNT, state))


@row('--check: several accounts, the worst first, and however many')
def many(box):
    box.ready()
    text = box.config_file.read_text()
    account = text[text.index('['):]
    box.write_config(text + ''.join('\n' + account.replace('[account ', '[account %04d.' % i) for i in range(500)))
    numbers = checked(box, CRITICAL, r'^0000\.%s: no grant: .*; 0001\.' % ACCOUNT)
    same((numbers['accounts'], numbers['critical']), ('501', '500'), 'numbers')
    checked(box, OK, r'^1 account is well$', ACCOUNT)


@row('--check: unknown is what cannot be examined')
def unknown(box):
    box.ready()
    checked(box, UNKNOWN, r'there is no account you@example\.test', 'you@example.test')
    box.write_config('timeout = 2\n')
    checked(box, UNKNOWN, r'^no account is configured$')
    box.write_config('tim|out = 2\n')
    checked(box, UNKNOWN, r'saslfresh\.conf:1: ')
    box.configure()
    for words in (['--warning'], ['--warning', 'x'], ['--warning', '-1'], ['--warning', '3651'], ['--nonsense'], ['a', 'b'],
                  ['--warning', '2', '--critical', '3'], ['--json'], ['--prometheus', 'x']):
        for call in (['status', '--check', *words], ['status', *words, '--check']):
            if words == ['--warning'] and call[-1] == '--check':
                continue
            result = box.run(*call)
            same((result.status, result.out), (UNKNOWN, b''), str(result))
            check(result.err.count(b'\n') == 1, str(result))
    for words in (['--warning', '3'], ['--json', '--prometheus', 'x'], ['--prometheus']):
        same(box.run('status', *words).status, 64, 'a wrong call without --check')


@row('--check: a `|` in what a server says ends no text')
def bar(box):
    box.ready()
    box.age(-10)
    box.server('error', error='invalid_grant', error_description='a|b=1')
    box.run('token', ACCOUNT).failed(LOGIN)
    checked(box, CRITICAL, r'\(a/b=1\)')


# ---- Prometheus


def parse(text):
    """The text format, strictly: {(name, labels): value}; each name once, behind its HELP and TYPE."""
    check(text.endswith('\n') and '\n\n' not in text, 'lines: %r' % text[-80:])
    samples, seen, name = {}, set(), None
    lines = text[:-1].split('\n')
    while lines:
        line = lines.pop(0)
        head = re.fullmatch(r'# HELP (saslfresh_[a-z_]+) ((?:[^\\]|\\\\|\\n)+)', line)
        if head:
            name = head[1]
            check(name not in seen, '%s twice' % name)
            seen.add(name)
            same(lines.pop(0), '# TYPE %s gauge' % name, 'the type of ' + name)
            continue
        sample = re.fullmatch(r'([a-z_]+)(?:\{(.+)\})? (-?\d+)', line)
        check(sample is not None, 'no sample: %r' % line)
        same(sample[1], name, 'the name of a sample')
        labels, rest = [], sample[2] or ''
        while rest:
            label = re.match(r'([a-z_]+)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)', rest)
            check(label is not None, 'no label: %r' % rest)
            labels.append((label[1], re.sub(r'\\(.)', lambda found: {'n': '\n'}.get(found[1], found[1]), label[2])))
            rest = rest[label.end():]
        key = (name, tuple(labels))
        check(key not in samples and len(dict(labels)) == len(labels), 'twice: %r' % (key,))
        samples[key] = int(sample[3])
    return samples, seen


def metrics(box, *words):
    path = box.home / 'saslfresh.prom'
    box.run('status', '--prometheus', str(path), *words).succeeded().clean()
    same(path.stat().st_mode & 0o7777, 0o644, 'the mode')
    same([found.name for found in box.home.iterdir() if 'prom' in found.name], ['saslfresh.prom'], 'files')
    check(b'at-' not in path.read_bytes() and b'rt-' not in path.read_bytes(), 'a token is in it')
    return parse(path.read_bytes().decode('utf-8', 'strict'))


@row('--prometheus: what it says of an account')
def measures(box):
    box.configure(provider='google')
    box.ready()
    samples, names = metrics(box)
    token = box.token()
    this = ('account', ACCOUNT)
    same(len(names), 11, 'names')
    for name, labels, value in (
            ('account_up', (this,), 1), ('account_login_needed', (this,), 0), ('account_state', (this, ('state', 'fresh')), 1),
            ('token_issued_timestamp_seconds', (this,), int(token['issued_at'])),
            ('token_expires_timestamp_seconds', (this,), int(token['expires_at'])),
            ('refresh_failures', (this,), 0), ('clock_skew_seconds', (this,), int(token.get('clock_skew', 0))),
            ('grant_ends_timestamp_seconds', (this, ('by', 'idle')), int(token['grant_ends_at'])),
            ('grant_may_end_timestamp_seconds', (this,), int(token['grant_may_end_at'])), ('accounts', (), 1)):
        same(samples.pop(('saslfresh_' + name, labels)), value, name)
    check(abs(samples.pop(('saslfresh_status_timestamp_seconds', ())) - time.time()) < 30, 'the time')
    same(samples, {}, 'samples beside')
    box.age(-10)
    box.server('invalid-grant')
    box.run('token', ACCOUNT).failed(LOGIN)
    samples, _ = metrics(box, ACCOUNT)
    for name, labels, value in (('account_up', (this,), 0), ('account_login_needed', (this,), 1), ('refresh_failures', (this,), 1),
                                ('account_state', (this, ('state', 'needs login')), 1)):
        same(samples[('saslfresh_' + name, labels)], value, name)
    check(('saslfresh_grant_ends_timestamp_seconds', (this, ('by', 'idle'))) not in samples, 'a dead grant ends')


@row('--prometheus: names of accounts are escaped', 'a"b\\c\u00e4{},=')
@row('--prometheus: what is no UTF-8 is not written', b'a\xff\xe0\x80\x80\xed\xa0\x80b')
@row('--prometheus: a name like a label', '",x="y')
def escaped(box, name):
    text = box.section('NAME', {'client_id': 'client', 'token_endpoint': box.url()})
    raw = name if isinstance(name, bytes) else name.encode()
    box.config_file.write_bytes(text.encode().replace(b'NAME', raw))
    samples, _ = metrics(box)
    wanted = name if isinstance(name, str) else 'a' + '?' * 7 + 'b'
    check(('saslfresh_account_state', (('account', wanted), ('state', 'no grant'))) in samples, 'the name: %r' % samples)


@row('--prometheus: the old file stays if there is no room for the new one')
def no_room(box):
    box.ready()
    path = box.home / 'metrics/saslfresh.prom'
    path.parent.mkdir()
    path.write_text('old\n')
    limited = ('/bin/sh', '-c', 'ulimit -f 0; trap "" XFSZ; exec "$0" "$@"')
    box.run('status', '--prometheus', str(path), under=limited).failed(SYSTEM)
    same(path.read_text(), 'old\n', 'the file')
    same([found.name for found in path.parent.iterdir()], ['saslfresh.prom'], 'what is left')
    box.run('status', '--prometheus', str(box.home / 'nowhere/x.prom')).failed(SYSTEM)
    same(box.run('status', '--prometheus', str(path)).succeeded().out, b'', 'stdout')
    parse(path.read_text())
    parse(box.run('status', '--prometheus', '-').succeeded().out.decode())
    nobody = box.run('status', '--prometheus', '-', 'nobody')
    same((nobody.status, nobody.out), (CONFIG, b''), 'an account that is none')


@row('--prometheus: a reader sees the old file or the new one')
def whole(box):
    box.ready()
    path = box.home / 'saslfresh.prom'
    box.run('status', '--prometheus', str(path)).succeeded()
    with open(path, encoding='ascii') as reader:
        before = os.fstat(reader.fileno()).st_ino
        box.run('status', '--prometheus', str(path)).succeeded()
        check(path.stat().st_ino != before, 'it was written in place')
        parse(reader.read())
