"""Rows: hooks: who is told what, when, how often, and that nobody has to wait for it."""
import os
import signal
import time

from harness import ACCOUNT, DEADLINE, LOGIN, Broken, Skip, check, matches, row, same

DAY = 86400
SEEN = ('env; echo "fds $(ls /proc/self/fd | tr "\\n" " ")"; echo "session $(ps -o sid= -p $$)/$$"; '
        'echo "stdin $(wc -c)"; echo .')


def hooked(box, events=('on_login_needed', 'on_recovered', 'before_end'), command=None, interval=None, **keys):
    """The account, and hooks that write what they see to a file of the event's name."""
    box.configure(**keys)
    lines = ['%s = %s' % (event, command or '{ %s; } >>"%s/$SASLFRESH_EVENT.hook" 2>&1' % (SEEN, box.home)) for event in events]
    if interval:
        lines.append('hook_interval = %d' % interval)
    box.write_config('\n'.join(lines) + '\n' + box.config_file.read_text())


def calls(box, event):
    """What each call of a hook saw: its variables and the rest, one dictionary a call."""
    path = box.home / (event + '.hook')
    found = path.read_text().split('\n.\n') if path.exists() else ['']
    check(found.pop() == '', 'a hook is still writing')
    return [dict(line.replace(' ', '=', 1).split('=', 1) if line.startswith(('fds ', 'session ', 'stdin '))
                 else line.split('=', 1) for line in call.split('\n')) for call in found]


def until(box, event, count):
    """Hooks may run on behind a program's end."""
    deadline = time.monotonic() + DEADLINE
    while True:
        try:
            found = calls(box, event)
            if len(found) >= count:
                same(len(found), count, 'calls of ' + event)
                return found
        except (Broken, ValueError):
            pass
        check(time.monotonic() < deadline, '%s was not called %d times' % (event, count))
        time.sleep(0.02)


def noted(box, key):
    deadline = time.monotonic() + DEADLINE
    while key not in box.token():
        check(time.monotonic() < deadline, '%s is not noted' % key)
        time.sleep(0.02)


def die(box, description='it is gone'):
    """The grant dies, and the access token with it."""
    box.server('error', error='invalid_grant', error_description=description)
    box.age(-10)


@row('hooks: a login is needed, then all is well again', 'token', False)
@row('hooks: the same, found by refresh', 'refresh', True)
@row('hooks: the same, found by answer', 'answer', False)
def both(box, verb, waits):
    def ask():
        if verb == 'answer':
            return box.run('answer', text=b'request = token\naccount = %s\nend = 2\n' % ACCOUNT.encode())
        return box.run(verb, ACCOUNT)
    hooked(box)
    box.ready()
    same(calls(box, 'recovered') + calls(box, 'before_end'), [], 'calls after the first login')
    die(box)
    same(ask().status, LOGIN, 'the exit status')
    call, = (calls if waits else lambda *a: until(*a, 1))(box, 'login_needed')
    same(call['SASLFRESH_EVENT'], 'login_needed', 'the event')
    same(call['SASLFRESH_ACCOUNT'], ACCOUNT, 'the account')
    same(call['SASLFRESH_REASON'], '127.0.0.1 says invalid_grant (it is gone) (saslfresh login %s)' % ACCOUNT, 'the reason')
    same(call['SASLFRESH_COMMAND'], 'saslfresh login ' + ACCOUNT, 'the command')
    # Nobody is told twice, whoever asks.
    for _ in range(3):
        ask()
    box.run('refresh', '--force', ACCOUNT).failed(LOGIN)
    same(len(calls(box, 'login_needed')), 1, 'calls')
    box.server('good')
    box.login('rt-%s-0' % box.key).succeeded()
    call, = calls(box, 'recovered')
    same((call['SASLFRESH_EVENT'], call['SASLFRESH_ACCOUNT'], call['SASLFRESH_COMMAND']),
         ('recovered', ACCOUNT, 'saslfresh status ' + ACCOUNT), 'the words')
    box.run('refresh', '--force', ACCOUNT).succeeded()
    same((len(calls(box, 'recovered')), len(calls(box, 'login_needed'))), (1, 1), 'calls in the end')


@row('hooks: at most once per interval, and again after it')
def interval(box):
    hooked(box)
    box.ready()
    die(box)
    box.run('refresh', ACCOUNT).failed(LOGIN)
    for back, count in ((DAY - 60, 1), (DAY + 60, 2), (0, 2)):
        if back:
            box.edit('token', login_told_at=int(time.time()) - back)
        box.run('refresh', ACCOUNT).failed(LOGIN)
        same(len(calls(box, 'login_needed')), count, 'calls after %d s' % back)
    # A grant that comes and goes: neither word is said twice in the interval.
    for _ in range(2):
        box.server('good')
        box.login('rt-%s-0' % box.key).succeeded()
        die(box)
        box.run('refresh', ACCOUNT).failed(LOGIN)
    same((len(calls(box, 'login_needed')), len(calls(box, 'recovered'))), (2, 1), 'calls')
    hooked(box, interval=1)
    box.edit('token', login_told_at=int(time.time()) - 2)
    box.run('refresh', ACCOUNT).failed(LOGIN)
    same(len(calls(box, 'login_needed')), 3, 'calls with an interval of a second')


@row('hooks: many who fail at once tell it once')
def together(box):
    hooked(box)
    box.ready()
    die(box)
    running = [box.popen('token', ACCOUNT) for _ in range(12)]
    for process in running:
        out, _ = process.communicate(timeout=DEADLINE)
        same((process.returncode, out), (LOGIN, b''), 'token')
    until(box, 'login_needed', 1)
    box.run('refresh', ACCOUNT).failed(LOGIN)
    same(len(calls(box, 'login_needed')), 1, 'calls')


@row('hooks: before the end of a grant')
def before_end(box):
    hooked(box)
    box.server('good-with', refresh_token_expires_in=100 * DAY)
    box.login().succeeded()
    box.run('refresh', '--force', ACCOUNT).succeeded()
    same(calls(box, 'before_end'), [], 'calls long before')
    box.edit('token', grant_ends_at=int(time.time()) + 5 * DAY + 60, grant_ends_since=int(time.time()) - 95 * DAY)
    box.hands_out(box.token()['access_token'], requests=0)
    call, = until(box, 'before_end', 1)
    same((call['SASLFRESH_EVENT'], call['SASLFRESH_REASON'], call['SASLFRESH_COMMAND']),
         ('before_end', 'the grant ends in 5 d', 'saslfresh login ' + ACCOUNT), 'the words')
    box.run('refresh', ACCOUNT).succeeded()
    same(len(calls(box, 'before_end')), 1, 'calls')


@row('hooks: what may pass is nobody\'s business', '503')
@row('hooks: nor is what the configuration must mend', 'invalid-client')
def silent(box, case):
    hooked(box)
    box.ready()
    box.age(-10)
    box.server(case)
    box.run('refresh', ACCOUNT)
    box.server('good')
    box.run('refresh', '--force', ACCOUNT).succeeded()
    same([path.name for path in box.home.glob('*.hook')], [], 'hooks that ran')


@row('hooks: on_recovered alone', ('on_recovered',), 'recovered')
@row('hooks: on_login_needed alone', ('on_login_needed',), 'login_needed')
def alone(box, events, wanted):
    hooked(box, events)
    box.ready()
    die(box)
    box.run('refresh', ACCOUNT).failed(LOGIN)
    box.server('good')
    box.login('rt-%s-0' % box.key).succeeded()
    same(sorted(path.name for path in box.home.glob('*.hook')), [wanted + '.hook'], 'hooks that ran')


@row('hooks: what one inherits: few variables, no secret, no descriptor, a session of its own')
def inherited(box):
    box.environment.update({'LD_PRELOAD': '', 'AWS_SECRET': 'x', 'BASH_ENV': '/nowhere', 'https_proxy': 'http://u:p@h', 'LC_ALL': 'C'})
    hooked(box, client_secret='s3cr3t-of-client')
    box.ready()
    die(box, 'rt-%s-0 $(touch %s/gone) `touch %s/gone`' % (box.key, box.home, box.home))
    box.run('refresh', ACCOUNT).failed(LOGIN)
    call, = calls(box, 'login_needed')
    same({name for name in call if name.isupper() and name not in ('PWD', 'OLDPWD', 'SHLVL')},
         {'HOME', 'USER', 'LOGNAME', 'PATH', 'LANG', 'LC_ALL', 'SASLFRESH_EVENT', 'SASLFRESH_ACCOUNT', 'SASLFRESH_REASON',
          'SASLFRESH_COMMAND'}, 'variables')
    same(call['fds'].split(), ['0', '1', '2', '3'], 'descriptors (the last is that of ls)')
    session, shell = call['session'].split('/')
    check(session.strip() == shell.strip(), 'its session: ' + call['session'])
    same(call['stdin'], '0', 'octets of stdin')
    text = (box.home / 'login_needed.hook').read_text()
    check('rt-' not in text and 'at-' not in text and 's3cr3t' not in text, 'a secret: ' + text)
    check(not (box.home / 'gone').exists(), 'the words of the server were run')


@row('hooks: an account whose name is code', "a'; touch gone; '@example.test", "saslfresh login 'a'\\''; touch gone; '\\''@example.test'")
@row('hooks: an account whose name is an option', '--json', "saslfresh login '--json'")
def odd_name(box, name, command):
    hooked(box)
    box.write_config(box.config_file.read_text().replace('[account %s]' % ACCOUNT, '[account %s]' % name))
    box.server('good')
    box.run('login', '--refresh-token-file', '-', '--', name, text=('rt-%s-0\n' % box.key).encode()).succeeded()
    box.server('invalid-grant')
    box.run('refresh', '--force', '--', name).failed(LOGIN)
    call, = calls(box, 'login_needed')
    same((call['SASLFRESH_ACCOUNT'], call['SASLFRESH_COMMAND']), (name, command), 'the words')


@row('hooks: one that fails fails nothing', 'exit 1')
@row('hooks: one that is killed fails nothing', 'kill -9 $$')
@row('hooks: one that is none fails nothing', '/nowhere/to/be/found')
@row('hooks: one that talks says nothing', 'echo at-me; echo at-you >&2')
def failing(box, command):
    hooked(box, command=command)
    box.ready()
    die(box)
    told = box.run('refresh', ACCOUNT).failed(LOGIN)
    same(box.run('refresh', ACCOUNT).failed(LOGIN).line, told.line, 'the sentence without the hook')
    box.server('good')
    box.login('rt-%s-0' % box.key).succeeded()
    box.run('token', ACCOUNT).succeeded()


def alive(path):
    try:
        os.kill(int(path.read_text()), 0)
        return True
    except (ProcessLookupError, ValueError):
        return False


@row('hooks: one that hangs delays no token, and is killed with its session after 10 s')
def hanging(box):
    pid = box.home / 'pid'
    hooked(box, command='trap "" TERM HUP INT; sleep 300 & echo $! >%s.new; mv %s.new %s; wait; sleep 300' % (pid, pid, pid))
    box.server('good-with', refresh_token_expires_in=100 * DAY)
    box.login().succeeded()
    box.edit('token', grant_ends_at=int(time.time()) + DAY, grant_ends_since=int(time.time()) - 99 * DAY)
    start = time.monotonic()
    result = box.run('token', ACCOUNT).succeeded()
    check(result.seconds < 3, 'the token took %s' % result)
    while not pid.exists():
        check(time.monotonic() < start + 5, 'the hook did not start')
        time.sleep(0.02)
    check(alive(pid), 'the hook is not there')
    # Others neither wait for it nor start another.
    box.age(-10)
    check(box.run('token', ACCOUNT).succeeded().seconds < 3, 'the next token waits')
    while alive(pid):
        check(time.monotonic() < start + 14, 'the hook lives for more than 14 s')
        time.sleep(0.1)
    check(time.monotonic() > start + 8, 'the hook lived for %d s only' % (time.monotonic() - start))


@row('hooks: the mailer that asks gets its answer and the end of it at once')
def no_wait(box):
    hooked(box, command='sleep 5')
    box.ready()
    die(box)
    box.age(30)
    process = box.popen('answer')
    start = time.monotonic()
    out, _ = process.communicate(b'request = token\naccount = %s\nend = 2\n' % ACCOUNT.encode(), timeout=DEADLINE)
    took = time.monotonic() - start
    check(took < 3 and b'status = ok' in out, 'after %.2f s: %r' % (took, out[:80]))
    noted(box, 'login_told_at')


@row('hooks: one that starts a program for ever does not keep it from working')
def background(box):
    pid = box.home / 'pid'
    hooked(box, command='sleep 60 & echo $! >%s' % pid)
    box.ready()
    die(box)
    result = box.run('refresh', ACCOUNT).failed(LOGIN)
    check(result.seconds < 5, 'refresh waits for what its hook has left behind: %s' % result)
    check(alive(pid), 'what a hook starts and leaves behind is its own business')
    os.kill(int(pid.read_text()), signal.SIGKILL)


@row('hooks: none is run for a configuration without them')
def none(box):
    box.ready()
    die(box)
    box.run('refresh', ACCOUNT).failed(LOGIN)
    check('login_told_at' not in box.token(), 'it is noted all the same')


@row('hooks: a state directory that nobody may write to: none, and nothing else suffers')
def readonly(box):
    hooked(box)
    box.ready()
    box.edit('token', failure='login', error_description='gone', config_stamp=1)
    box.state.chmod(0o500)
    try:
        if os.access(box.state, os.W_OK):
            raise Skip('root may write everywhere')
        box.hands_out(box.first, requests=0)
        same(calls(box, 'login_needed'), [], 'calls')
    finally:
        box.state.chmod(0o700)


@row('hooks: keys that cannot be are told', 'hook_interval = 0', r':1: hook_interval is a number of seconds from 1 to')
@row('hooks: keys that are misspelt are told', 'on_login_need = x', r'did you mean `on_login_needed`')
def keys(box, line, pattern):
    box.write_config(line + '\n' + box.config_file.read_text())
    matches(pattern, box.run('list').line, 'the sentence')
