"""Rows: many at once, killed in the middle, and what a kill leaves behind."""
import os
import pathlib
import random
import signal
import time

from harness import (ACCOUNT, CONFIG, DEADLINE, LOGIN, SYSTEM, TEMPORARY, Broken, Record, check, row,
                     same)

KILLS = 200


# ---- many at once


def crowd(box, count):
    """That many `token` at once; returns (exit, stdout, last line of stderr) of each."""
    running = [box.popen('token', ACCOUNT) for _ in range(count)]
    results = []
    for process in running:
        out, err = process.communicate(timeout=DEADLINE)
        results.append((process.returncode, out, err))
    return results


@row('24 at once with a dead token: one request, one new token for all')
def together(box):
    box.ready()
    box.age(-10)
    box.server('good', rotation='on', delay='0.5')
    results = crowd(box, 24)
    same({status for status, _, _ in results}, {0}, 'exit codes: %r' % [err for _, _, err in results if err][:1])
    same({out for _, out, _ in results}, {box.token()['access_token'].encode() + b'\n'}, 'tokens')
    same(len(box.requests()), 2, 'requests')


@row('12 at once while the endpoint fails: one request, one failure for all')
def failing_together(box):
    box.ready()
    box.age(-10)
    box.server('503', delay='0.5')
    results = crowd(box, 12)
    same({status for status, _, _ in results}, {TEMPORARY}, 'exit codes')
    same({out for _, out, _ in results}, {b''}, 'stdout')
    same(len(box.requests()), 2, 'requests')


@row('12 at once in the soft zone: one refreshes, the others do not wait')
def soft_together(box):
    box.ready()
    box.age(200)
    box.server('good', delay='1')
    start = time.monotonic()
    results = crowd(box, 12)
    same({status for status, _, _ in results}, {0}, 'exit codes')
    old = sum(out == box.first.encode() + b'\n' for _, out, _ in results)
    check(old >= 10, '%d of 12 were given the old token' % old)
    check(time.monotonic() - start < 8, 'it took too long')
    deadline = time.monotonic() + 5
    while box.token()['access_token'] == box.first and time.monotonic() < deadline:
        time.sleep(0.02)
    same(len(box.requests()), 2, 'requests')


@row('invalid_grant, but another process has stored a new grant meanwhile: that one is used')
def rotated_elsewhere(box):
    box.ready()
    box.age(-10)
    box.server('good', accept='rt-%s-9' % box.key, delay='0.7')
    process = box.popen('token', ACCOUNT)
    wait_for(lambda: len(box.requests()) == 2, 'the request')
    box.edit('grant', refresh_token='rt-%s-9' % box.key)
    out, err = process.communicate(timeout=DEADLINE)
    same((process.returncode, err), (0, b''), 'exit and stderr')
    same(out, box.token()['access_token'].encode() + b'\n', 'the token')
    same([dict(request['form'])['refresh_token'] for request in box.requests()[1:]],
         ['rt-%s-0' % box.key, 'rt-%s-9' % box.key], 'what was sent')
    same(box.grant()['refresh_token'], 'rt-%s-9' % box.key, 'refresh_token')


def wait_for(condition, what):
    deadline = time.monotonic() + 10
    while not condition():
        check(time.monotonic() < deadline, 'waited in vain for ' + what)
        time.sleep(0.005)


# ---- signals


@row('signal INT during the request: the new grant is stored', signal.SIGINT)
@row('signal TERM during the request: the new grant is stored', signal.SIGTERM)
@row('signal HUP during the request: the new grant is stored', signal.SIGHUP)
@row('signal ALRM during the request: the new grant is stored', signal.SIGALRM)
@row('signal PIPE during the request: the new grant is stored', signal.SIGPIPE)
def signalled(box, number):
    """The endpoint has rotated: whatever the caller wants, the answer must reach the disk."""
    box.ready()
    box.age(-10)
    box.server('good', rotation='on', delay='0.4')
    process = box.popen('token', ACCOUNT)
    wait_for(lambda: len(box.requests()) == 2, 'the request')
    os.killpg(process.pid, number)
    process.communicate(timeout=DEADLINE)
    wait_for(lambda: box.grant()['refresh_token'] == 'rt-%s-1' % box.key, 'the new grant')
    wait_for(lambda: not descendants(box), 'the end of all')
    box.server('good', rotation='on')
    same(box.run('token', ACCOUNT).succeeded().out, box.token()['access_token'].encode() + b'\n', 'token')


@row('the reader of stdout is gone: the new grant is stored')
def reader_gone(box):
    box.ready()
    box.age(-10)
    box.server('good', rotation='on', delay='0.3')
    process = box.popen('token', ACCOUNT)
    wait_for(lambda: len(box.requests()) == 2, 'the request')
    process.stdout.close()
    process.stderr.close()
    process.stdin.close()
    process.wait(DEADLINE)
    same(box.grant()['refresh_token'], 'rt-%s-1' % box.key, 'refresh_token')


# ---- kill -9


def descendants(box, process=None):
    """The processes of this box: by its home in their environment, which ours alone have, and, as
    saslfresh-online shows its environment to root alone, the children of process too."""
    mark = ('HOME=%s' % box.home).encode()
    found, parents = [], {}
    for entry in pathlib.Path('/proc').iterdir():
        try:
            if entry.name.isdigit():
                parents[int(entry.name)] = int((entry / 'stat').read_text().rpartition(')')[2].split()[1])
                if mark in (entry / 'environ').read_bytes().split(b'\0'):
                    found.append(int(entry.name))
        except OSError:
            pass
    if process is not None:
        found += [pid for pid, parent in parents.items() if parent == process.pid and pid not in found]
    return found


def kill(pids):
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def whole(box):
    """The grant is complete, and of our making: one of the refresh tokens the endpoint issued."""
    record = Record(box.file('grant'))
    name, _, number = record['refresh_token'].rpartition('-')
    check(name == 'rt-' + box.key and number.isdigit(), 'a strange refresh token: %r' % dict(record))
    return int(number)


@row('kill -9 at %d random moments: the grant is whole and the next call works' % KILLS)
def killed(box):
    """Rotation on, reuse tolerated: the reply may be lost with the process, the file must not be."""
    box.configure(refresh_token_reuse='tolerated')
    box.ready()
    dice = random.Random(box.key)
    middle = 0
    for round_ in range(KILLS):
        box.server('good', rotation='on', reuse='tolerated',
                   delay='%.4f' % dice.choice((0, 0.002, 0.01)))
        before = len(box.requests())
        process = box.popen('refresh', '--force', ACCOUNT)
        time.sleep(dice.uniform(0, 0.03))       # the random moment itself
        victims = descendants(box, process)
        whom = dice.choice(('all', 'first', 'others'))
        if whom == 'first':
            victims = [pid for pid in victims if pid == process.pid]
        elif whom == 'others':
            victims = [pid for pid in victims if pid != process.pid]
        kill(victims)
        process.communicate(timeout=DEADLINE)
        middle += process.returncode != 0
        try:
            number = whole(box)
            result = box.run('refresh', '--force', ACCOUNT).succeeded()
            check(whole(box) > number or len(box.requests()) > before, 'no refresh: %s' % result)
        except Broken as broken:
            raise Broken('round %d (%s killed): %s' % (round_, whom, broken)) from None
    check(middle > KILLS // 10, 'only %d of %d kills hit' % (middle, KILLS))
    wait_for(lambda: not descendants(box), 'the end of all')
    left = sorted(path.name for path in box.state.iterdir())
    same(left, ['%s.%s' % (ACCOUNT, suffix) for suffix in ('grant', 'lock', 'token')], 'files left')


@row('kill -9 after the reply: the new refresh token is not lost')
def killed_after_reply(box):
    """Reuse punished: from the moment the caller has its token, the grant must be on the disk."""
    box.ready()
    box.server('good', rotation='on')
    for _ in range(25):
        box.age(-10)
        process = box.popen('token', ACCOUNT)
        line = process.stdout.readline()
        kill(descendants(box, process))
        process.communicate(timeout=DEADLINE)
        check(line.startswith(b'at-'), 'no token: %r' % line)
        same(whole(box), len(box.requests()) - 1, 'number of the refresh token')
    box.age(-10)
    box.run('token', ACCOUNT).succeeded()


@row('a killed holder frees the lock')
def freed(box):
    box.ready()
    box.age(-10)
    box.server('hang')
    process = box.popen('token', ACCOUNT)
    wait_for(lambda: len(box.requests()) == 2, 'the request')
    kill(descendants(box, process))
    process.communicate(timeout=DEADLINE)
    box.server('good')
    box.renewed()


@row('a needed login is told to all who wait for the lock')
def login_needed_together(box):
    box.ready()
    box.age(-10)
    box.server('invalid-grant', delay='0.5')
    results = crowd(box, 8)
    same({status for status, _, _ in results}, {LOGIN}, 'exit codes')
    same(len(box.requests()), 2, 'requests')


# ---- leftovers of a kill


def temporary(box):
    return box.file('grant.new')


@row('state: a complete temporary grant is adopted')
def adopted(box):
    box.ready()
    box.age(-10)
    record = box.grant()
    record['previous_refresh_token'] = record['refresh_token']
    record['refresh_token'] = 'rt-%s-7' % box.key
    record['refreshed_at'] = str(int(time.time()))
    record.write(temporary(box))
    box.server('good', accept='rt-%s-7' % box.key)
    box.renewed()
    same(box.grant()['refresh_token'], 'rt-%s-7' % box.key, 'refresh_token')
    check(not temporary(box).exists(), 'the temporary file is still there')


@row('state: a torn temporary grant is removed', lambda data: data[:-1])
@row('state: half a temporary grant is removed', lambda data: data[:len(data) // 2])
@row('state: an empty temporary grant is removed', lambda data: b'')
@row('state: a temporary grant of zeros (reserved space) is removed', lambda data: bytes(4096))
@row('state: a temporary grant with zeros behind its end is judged by its end',
     lambda data: data + bytes(4096 - len(data)))
def removed(box, cut):
    box.ready()
    box.age(-10)
    temporary(box).write_bytes(cut(box.file('grant').read_bytes()))
    temporary(box).chmod(0o600)
    box.renewed()
    same(box.grant()['refresh_token'], 'rt-%s-0' % box.key, 'refresh_token')
    check(not temporary(box).exists(), 'the temporary file is still there')


@row('state: a temporary grant that is a symbolic link is not written through')
def linked_temporary(box):
    box.ready()
    box.age(-10)
    target = box.home / 'target'
    target.write_text('keep\n')
    temporary(box).symlink_to(target)
    result = box.run('token', ACCOUNT)
    if result.status != 0:
        result.failed(SYSTEM, CONFIG)
    same(target.read_text(), 'keep\n', 'the target of the link')
    same(box.grant()['refresh_token'], 'rt-%s-0' % box.key, 'refresh_token')
