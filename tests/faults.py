#!/usr/bin/python3
"""The rows of faults.sh: calls that fail, one after the other, kills, and the order of calls."""
import errno
import itertools
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / 'endpoint'))

from harness import ACCOUNT, DEADLINE, Box, Broken, Record, World, check, same  # noqa: E402

EXITS = (0, 71, 75, 76, 77, 78)
LIBRARIES = ('libcurl', 'libjson-c')
SAMPLE = 60             # how many of the allocations of all other libraries are made to fail


class Bench:
    """A person at the endpoint with rotation on, and one program that is to meet a fault."""

    benches = itertools.count(1)

    def __init__(self, world, shim, reuse, sealed=False):
        self.world = world
        self.shim = shim
        self.number = next(self.benches)
        self.reuse = reuse
        self.sealed = sealed
        self.boxes = 0
        self.box = None

    def fresh(self):
        """A new person with a new grant: what happened to the last one is of no account."""
        self.boxes += 1
        self.box = Box(self.world, 'f%dn%d' % (self.number, self.boxes))
        seal = {'seal_command': 'tr a-z b-za', 'unseal_command': 'tr b-za a-z'} if self.sealed else {}
        self.box.configure(refresh_token_reuse=self.reuse, **seal)
        self.box.server('good', rotation='on', reuse=self.reuse)
        self.box.login().succeeded()
        return self.box

    def issued(self):
        """The number of the newest refresh token that the endpoint has handed out."""
        return len(self.box.requests())

    def meet(self, target, arguments, variables, text=b''):
        """Runs saslfresh while one call fails; returns its exit, stdout, stderr and the events."""
        box = self.box
        report = box.home / 'report'
        report.unlink(missing_ok=True)
        preload = {'LD_PRELOAD': str(self.shim), 'FAULT_REPORT': str(report), **variables}
        if target == 'online':
            (box.home / 'online.env').write_text('\n'.join('%s=%s' % pair for pair in preload.items()) + '\n')
        environment = dict(box.environment, **(preload if target == 'command' else {}))
        process = subprocess.Popen([str(self.world.program), *arguments], env=environment, cwd=box.home,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            out, err = process.communicate(text, timeout=DEADLINE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise Broken('not back after %d s' % DEADLINE) from None
        finally:
            (box.home / 'online.env').unlink(missing_ok=True)
        events = report.read_text().split('\n') if report.exists() else []
        return process.returncode, out, err, events


# ---- what must hold


def record(path):
    """The record in a file, with reserved zeros behind it or without; None if it is not whole."""
    try:
        data = path.read_bytes().rstrip(b'\0')
    except FileNotFoundError:
        return None
    lines = data.decode('utf-8', 'replace').split('\n')
    if len(lines) < 2 or lines[-1] != '' or lines[-2] != 'end = %d' % (len(lines) - 2):
        return None
    return dict(line.split(' = ', 1) for line in lines[:-2])


def stored(box):
    """The refresh token that the next run will use: a whole grant.new is adopted."""
    for suffix in ('grant.new', 'grant'):
        found = record(box.file(suffix))
        if found is not None:
            return found['refresh_token']
    return None


def said_well(status, out, err, killed, verb):
    """Never a crash; one sentence and nothing on stdout where it failed."""
    check(status in EXITS or (killed and status == -signal.SIGKILL), 'exit %d, stderr %r' % (status, err[:300]))
    check(not re.search(rb'rt-|at-', err), 'a secret is shown: %r' % err)
    if verb == 'answer':
        same(err, b'', 'stderr of answer')
        check(re.match(rb'status = ok\n' if status == 0 else rb'status = (?!ok\n)', out), 'the answer is %r' % out)
    elif status == 0:
        same(err, b'', 'stderr of a success')
    elif status > 0:
        same(out, b'', 'stdout of a failure')
        check(re.fullmatch(rb'saslfresh: [^\n]+\n', err), 'not one sentence: %r' % err)


def nothing_lost(bench, events):
    """The newest refresh token is on the disk. Of a sealed grant next_works tells: no other token is taken."""
    newest = 'rt-%s-%d' % (bench.box.key, bench.issued())
    check(record(bench.box.file('grant')) is not None, 'the grant is not whole')
    if bench.sealed:
        for path in bench.box.state.iterdir():
            check(b'rt-%s-' % bench.box.key.encode() not in path.read_bytes(), 'a refresh token in plaintext in %s' % path)
        return
    same(stored(bench.box), newest, 'what is stored; events %r' % events)


def next_works(bench):
    before = bench.issued()
    bench.box.run('refresh', '--force', ACCOUNT).succeeded()
    requests = bench.box.requests()
    check(len(requests) > before, 'no request')
    if not bench.sealed:
        same(Record(bench.box.file('grant'))['refresh_token'], 'rt-%s-%d' % (bench.box.key, len(requests)),
             'what the next run stores')
    left = sorted(path.name for path in bench.box.state.iterdir())
    same(left, ['%s.%s' % (ACCOUNT, suffix) for suffix in ('grant', 'lock', 'token')], 'files left')


def may_be_lost(events):
    """Between the reply and the first write of the grant SIGKILL wins."""
    return 'connect' in events and 'written' not in events


# ---- what is run


def refresh(bench):
    return ('refresh', '--force', ACCOUNT), b''


def token(bench):
    bench.box.age(-10)
    return ('token', ACCOUNT), b''


def login(bench):
    """With the newest refresh token, so that a grant that is not replaced is as good."""
    return ('login', ACCOUNT, '--no-check', '--refresh-token-file', '-'), stored(bench.box).encode() + b'\n'


def reject(bench):
    """A mail server has refused the token: the grant is not touched."""
    lines = ('request = reject', 'account = ' + ACCOUNT, 'rejected = ' + bench.box.token()['access_token_hash'])
    return ('answer',), ('\n'.join(lines) + '\nend = 3\n').encode()


# ---- one call after the other


def left_by_a_kill(bench):
    """As if a kill had come between the write of the new grant and its rename."""
    box = bench.box
    shutil.copy2(box.file('grant'), box.file('grant.new'))
    spent = 'rt-%s-%d' % (box.key, bench.issued() - 1)
    box.edit('grant', refresh_token=spent, previous_refresh_token=None)


def every(world, shim, target, call, act, origin='program', prepare=None, relaxed=False, unnoticed=False, numbers=None,
          run=refresh, sealed=False):
    """Makes the first, the second ... call of the group fail; returns how many, and what broke."""
    bench = Bench(world, shim, 'tolerated' if relaxed else 'punished', sealed)
    broken = []
    met = lost = 0
    bench.fresh()
    for number in numbers or itertools.count(1):
        if prepare is not None:
            prepare(bench)
        arguments, text = run(bench)
        try:
            status, out, err, events = bench.meet(target, arguments, {
                'FAULT_CALL': call, 'FAULT_AT': str(number), 'FAULT_ACT': act, 'FAULT_FROM': origin,
                'FAULT_NOT': ','.join((*LIBRARIES, 'faults.so'))}, text)
            if 'fault' not in events:
                if numbers is not None:
                    continue
                break
            met += 1
            said_well(status, out, err, act == KILL, arguments[0])
            if unnoticed:
                same(status, 0, 'exit; stderr %r' % err)
            if arguments[0] == 'token' and status == 0:
                same(out.decode(), Record(bench.box.file('token'))['access_token'] + '\n', 'what token prints')
            if relaxed:
                check(record(bench.box.file('grant')) is not None, 'the grant is not whole')
            elif act == KILL and target == 'online' and may_be_lost(events):
                lost += 1
                check(record(bench.box.file('grant')) is not None, 'the grant is not whole')
                bench.fresh()
            elif act == KILL and target == 'command':
                pass            # the online half lives on; what it stores, the next run sees
            else:
                nothing_lost(bench, events)
            next_works(bench)
        except Broken as failure:
            broken.append('call %d: %s' % (number, failure))
            bench.fresh()
        if number > 20000:
            raise Broken('no end of calls')
    if met == 0:
        broken.append('no such call was met: the row tests nothing')
    return met, broken


def sample(world, shim):
    """Numbers spread over all allocations of the other libraries."""
    bench = Bench(world, shim, 'tolerated')
    bench.fresh()
    _, _, _, events = bench.meet('online', ('refresh', '--force', ACCOUNT), {
        'FAULT_CALL': 'alloc', 'FAULT_AT': '0', 'FAULT_ACT': '12', 'FAULT_FROM': 'others',
        'FAULT_NOT': ','.join((*LIBRARIES, 'faults.so'))})
    count = max(int(line.split()[1]) for line in events if line.startswith('count'))
    return sorted({1 + step * (count - 1) // (SAMPLE - 1) for step in range(SAMPLE)})


ACTS = {
    'open': ('ENOSPC', 'EMFILE', 'EIO'),
    'read': ('EIO', 'EINTR', 'short'),
    'write': ('ENOSPC', 'EIO', 'EINTR', 'short'),
    'fsync': ('EIO', 'ENOSPC', 'EINTR'),
    'rename': ('EIO', 'ENOSPC'),
    'ftruncate': ('EIO', 'EINTR'),
    'unlink': ('EIO',),
    'stat': ('EIO', 'ENOMEM'),
    'close': ('EIO', 'EINTR'),
    'process': ('EIO', 'EINTR', 'ENOMEM'),
    'alloc': ('ENOMEM',),
}
# What is interrupted or done by halves is done again, and nobody notices.
UNNOTICED = (('write', 'EINTR'), ('write', 'short'), ('read', 'EINTR'), ('read', 'short'))


KILL = 'kill'


def act_of(name):
    return str(getattr(errno, name)) if hasattr(errno, name) else name


def rows():
    for call, acts in ACTS.items():
        if call == 'process':
            continue            # without a command for the client secret it starts nobody
        for act in (*acts, 'kill'):
            yield 'online: %s: %s' % (call, act), dict(target='online', call=call, act=act, unnoticed=(call, act) in UNNOTICED)
    for call, acts in ACTS.items():
        if call in ('write', 'ftruncate', 'fsync', 'rename', 'unlink'):
            continue            # the command makes none itself
        for act in (*acts, 'kill'):
            yield ('command: %s: %s' % (call, act),
                   dict(target='command', call=call, act=act, unnoticed=(call, act) in UNNOTICED,
                        run=token))
    for call in ('open', 'read', 'stat', 'alloc', 'rename', 'fsync', 'unlink', 'close', 'write'):
        for act in (ACTS[call][0], 'kill'):
            yield ('online, adopting what a kill left: %s: %s' % (call, act),
                   dict(target='online', call=call, act=act, prepare=left_by_a_kill))
    for run in (login, reject):
        for call in ('open', 'read', 'stat', 'alloc', 'write', 'fsync', 'rename', 'unlink', 'close'):
            for act in (ACTS[call][0], 'kill'):
                yield 'online, %s: %s: %s' % (run.__name__, call, act), dict(target='online', call=call, act=act, run=run)
    for call in ('alloc', 'process', 'open', 'write', 'fsync', 'rename', 'unlink'):
        for act in (ACTS[call][0], 'kill'):
            yield 'online, sealed: %s: %s' % (call, act), dict(target='online', call=call, act=act, sealed=True)
    yield 'online, sealed: alloc in libcrypto: ENOMEM', dict(target='online', call='alloc', act='ENOMEM', origin='libcrypto',
                                                             sealed=True, numbers=lambda *_: range(1, 40))
    for library in LIBRARIES:
        yield ('online: alloc in %s: ENOMEM' % library,
               dict(target='online', call='alloc', act='ENOMEM', origin=library, relaxed=True))
    yield ('online: alloc in the other libraries: ENOMEM',
           dict(target='online', call='alloc', act='ENOMEM', origin='others', relaxed=True, numbers=sample))


# ---- the order of calls


def trace(world, shim):
    """The calls of one refresh of the online half, in order."""
    bench = Bench(world, shim, 'punished')
    box = bench.fresh()
    box.age(-10)
    log = box.home / 'strace'
    process = box.popen('token', ACCOUNT, under=(
        'strace', '-f', '-qq', '-y', '-o', str(log), '-e',
        'trace=openat,write,pwrite64,fsync,rename,connect,rt_sigprocmask,ftruncate,unlink,execve,sendto'))
    out, err = process.communicate(timeout=DEADLINE)
    if b'ptrace' in err or b'PTRACE' in err:
        return None
    check(process.returncode == 0, 'exit %d: %r' % (process.returncode, err))
    same(out.decode(), Record(box.file('token'))['access_token'] + '\n', 'what token prints')
    lines = log.read_text().split('\n')
    pid = next(line.split()[0] for line in lines if 'real/saslfresh-online' in line and 'execve' in line)
    return [line for line in lines if line.startswith(pid + ' ')]


def find(lines, pattern, start=0):
    for number in range(start, len(lines)):
        if re.search(pattern, lines[number]):
            return number
    raise Broken('after call %d there is none that matches %s:\n%s' % (start, pattern, '\n'.join(lines[start:])))


def in_order(lines):
    """Reserve, ask, keep the grant, keep the token, and only then tell."""
    steps = [
        r'rt_sigprocmask\(SIG_BLOCK, \[.*\bINT\b.*\bALRM\b|rt_sigprocmask\(SIG_BLOCK, \[.*\bHUP INT\b',
        r'openat\(.*\.grant\.new", O_WRONLY\|O_CREAT\|O_EXCL\|O_NOFOLLOW\|O_CLOEXEC, 0600\)',
        r'write\(\d+<.*\.grant\.new>',
        r'fsync\(\d+<.*\.grant\.new>\)',
        r'openat\(.*\.token\.new", O_WRONLY\|O_CREAT\|O_EXCL\|O_NOFOLLOW\|O_CLOEXEC, 0600\)',
        r'write\(\d+<.*\.token\.new>',
        r'fsync\(\d+<.*\.token\.new>\)',
        r'connect\(',
        r'sendto\(',
        r'pwrite64\(\d+<.*\.grant\.new>',
        r'fsync\(\d+<.*\.grant\.new>\)',
        r'rename\(".*\.grant\.new", ".*\.grant"\)',
        r'fsync\(\d+<[^>]*/saslfresh>\)',
        r'pwrite64\(\d+<.*\.token\.new>',
        r'fsync\(\d+<.*\.token\.new>\)',
        r'rename\(".*\.token\.new", ".*\.token"\)',
        r'fsync\(\d+<[^>]*/saslfresh>\)',
        r'rt_sigprocmask\(SIG_SETMASK, \[\]',
        r'write\(1<.*"status = ok',
    ]
    at = -1
    for step in steps:
        at = find(lines, step, at + 1)


def only_once(lines):
    """One connection; nothing of the account is opened for writing or removed besides."""
    same(sum('connect(' in line for line in lines), 1, 'connections')
    opened = [line for line in lines if re.search(r'openat\(.*O_(WRONLY|RDWR)', line)]
    for line in opened:
        check(re.search(r'\.(grant|token)\.new"', line), 'opened for writing: %s' % line)
    same(len(opened), 2, 'files opened for writing')


def masked(lines):
    """INT, TERM, HUP, PIPE and ALRM stay blocked from before the request to after the renames."""
    first = find(lines, r'rt_sigprocmask\(SIG_BLOCK, \[')
    for name in ('INT', 'TERM', 'HUP', 'PIPE', 'ALRM'):
        check(re.search(r'\b%s\b' % name, lines[first]), '%s is not blocked: %s' % (name, lines[first]))
    connect = find(lines, r'connect\(')
    last = max(number for number, line in enumerate(lines) if 'rename(' in line)
    check(first < connect, 'blocked after the connection')
    for line in lines[first + 1:last]:
        check(not re.search(r'rt_sigprocmask\(SIG_(UNBLOCK|SETMASK), \[\]', line), 'unblocked: %s' % line)


# ---- TAP


class Output:
    def __init__(self):
        self.count = self.failed = 0

    def row(self, name, broken, skip=''):
        self.count += 1
        self.failed += bool(broken)
        print('%s %d - %s%s' % ('not ok' if broken else 'ok', self.count, name, skip), flush=True)
        for line in '\n'.join(broken[:5]).split('\n') if broken else ():
            print('#   ' + line)
        if len(broken) > 5:
            print('#   ... and %d more' % (len(broken) - 5), flush=True)


def main():
    prefix, directory, pattern = sys.argv[1:4]
    world = World(prefix, directory)
    shim = world.directory / 'faults.so'
    output = Output()
    for name, row in rows():
        if not re.search(pattern, name):
            continue
        act = row['act']
        row = dict(row, act=act_of(act))
        try:
            if 'numbers' in row:
                row['numbers'] = row['numbers'](world, shim)
            met, broken = every(world, shim, **row)
        except Broken as failure:
            met, broken = 0, [str(failure)]
        output.row('%s (%d calls)' % (name, met), broken)
    if re.search(pattern, 'order'):
        lines = trace(world, shim) if shutil.which('strace') else None
        for name, look in (('reserved before the connection, the grant before the token, both before the answer', in_order),
                           ('one connection, and no file touched but the temporary ones', only_once),
                           ('signals are held back from the request to the renames', masked)):
            broken = []
            try:
                if lines is not None:
                    look(lines)
            except Broken as failure:
                broken = [str(failure)]
            output.row('order: ' + name, broken, '' if lines is not None else ' # SKIP no process can be traced here')
    print('1..%d' % output.count)
    return 1 if output.failed or output.count == 0 else 0


if __name__ == '__main__':
    sys.exit(main())
