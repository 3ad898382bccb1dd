"""Rows: each step on the disk fails, or is the last one before a kill.

The endpoint rotates and punishes reuse, so a refresh token that was issued and lost is seen at once:
the next call would end with invalid_grant. strace(1) puts the faults in; without it the rows are
skipped. A step is counted by each process for itself, so that the n-th of saslfresh and the n-th of
saslfresh-online fail in the same run."""
import os
import pathlib
import subprocess

from harness import (ACCOUNT, CONFIG, SYSTEM, TEMPORARY, Broken, Record, Skip, check, row, same)

STEPS = 40              # more than any of these calls is made in one refresh
TRACE = ['strace', '-f']


def traced(box, inject):
    """Runs `token` with the fault; the result, and whether it was put in."""
    log = box.home / 'trace'
    name = inject.split(':')[0]
    under = [*TRACE, '-o', str(log), '-e', 'trace=' + name, '-e', 'inject=' + inject]
    result = box.run('token', ACCOUNT, under=under, killable=True)
    text = log.read_text(errors='replace')
    return result, 'INJECTED' in text or 'killed by SIGKILL' in text


def prepared(box):
    if subprocess.run([*TRACE, '-o', '/dev/null', 'true'], capture_output=True, check=False).returncode != 0:
        raise Skip('no strace that may trace here')
    box.ready()
    box.server('good', rotation='on')


def newest(box):
    """The number of the newest refresh token that the endpoint has issued."""
    return len(box.requests()) - 1


def each_step(box, inject, judge):
    """Puts the fault into the first step, the second ..., until there is none left."""
    prepared(box)
    for step in range(1, STEPS):
        box.age(-10)
        try:
            result, hit = traced(box, '%s:when=%d' % (inject, step))
            Record(box.file('grant'))
            if not hit:
                result.succeeded()
                check(step > 1, 'no %s at all' % inject)
                return
            judge(result, step)
            box.forget()
            box.age(-10)
            if lost_for_good(inject, step):
                box.login('rt-%s-%d' % (box.key, newest(box))).succeeded()
                continue
            box.run('token', ACCOUNT).succeeded()
            same(box.grant()['refresh_token'], 'rt-%s-%d' % (box.key, newest(box)), 'refresh_token')
        except Broken as broken:
            raise Broken('%s, step %d: %s' % (inject, step, broken)) from None
    raise Broken('%s: more than %d steps' % (inject, STEPS))


def lost_for_good(inject, step):
    """Between the reply and the one write of the grant nothing can save the refresh token."""
    return inject.startswith('pwrite64:') and step == 1


def killed(result, step):
    check(result.status in (-9, 137, 0, SYSTEM, TEMPORARY), str(result))


def failed(result, step):
    """A fault may be survived; if not, it is told as any other failure."""
    if result.status == 0:
        result.clean()
    else:
        result.failed(SYSTEM, CONFIG, TEMPORARY)


for name in ('pwrite64', 'ftruncate', 'fsync', 'rename', 'unlink', 'flock', 'write', 'fchmod',
             'socketpair', 'shutdown'):
    row('kill -9 before each %s: the next call works' % name, name + ':signal=KILL', killed)(each_step)

def failed_silently(result, step):
    """write(2) is what tells it, too: saslfresh and saslfresh-online each lose their n-th."""
    check(result.status in (0, SYSTEM, CONFIG), str(result))
    result.clean()


row('ENOSPC at each write: the next call works', 'write:error=ENOSPC', failed_silently)(each_step)
for name, number in (('pwrite64', 'EIO'), ('ftruncate', 'EIO'), ('fsync', 'EIO'),
                     ('fsync', 'ENOSPC'), ('rename', 'EIO'), ('rename', 'EACCES'), ('fchmod', 'EPERM'),
                     ('flock', 'ENOLCK'), ('socketpair', 'EMFILE'), ('unlink', 'EIO')):
    row('%s at each %s: told, and the next call works' % (number, name),
        '%s:error=%s' % (name, number), failed)(each_step)


@row('grant, then token, then stdout: each written, synced, renamed, the directory synced')
def order(box):
    """The order in which the steps were made, read from a trace."""
    if os.geteuid() != 0:
        raise Skip('saslfresh-online lets root alone look at it')
    prepared(box)
    box.age(-10)
    log = box.home / 'trace'
    box.run('token', ACCOUNT, under=[*TRACE, '-y', '-o', str(log), '-e',
                                     'trace=connect,pwrite64,fsync,rename,write']).succeeded()
    steps = []
    for line in pathlib.Path(log).read_text(errors='replace').splitlines():
        call, _, rest = line.partition(' ')[2].strip().partition('(')
        if call == 'connect' and 'AF_INET' in rest:
            steps.append('connect')
        elif call == 'rename':
            steps.append('rename ' + rest.split('"')[3].rpartition('.')[2])
        elif call in ('pwrite64', 'fsync'):
            path = rest.partition('<')[2].partition('>')[0]
            steps.append('%s %s' % (call, 'directory' if path == str(box.state) else path.partition(ACCOUNT + '.')[2]))
        elif call == 'write' and 'at-%s' % box.key in rest:
            steps.append('stdout')
    wanted = ['fsync grant.new', 'fsync token.new', 'connect',
              'pwrite64 grant.new', 'fsync grant.new', 'rename grant', 'fsync directory',
              'pwrite64 token.new', 'fsync token.new', 'rename token', 'fsync directory', 'stdout']
    same(steps, wanted, 'the steps')


@row('a temporary grant that cannot be read now is not taken for a torn one')
def unreadable(box):
    """It may hold the only copy of a refresh token: better no request than a lost grant."""
    if os.geteuid() != 0:
        raise Skip('saslfresh-online lets root alone look at it')
    prepared(box)
    box.age(-10)
    record = box.grant()
    record['refresh_token'] = 'rt-%s-7' % box.key
    record.write(box.file('grant.new'))
    box.server('good', accept='rt-%s-7' % box.key)
    requests = len(box.requests())
    box.run('token', ACCOUNT, under=[*TRACE, '-o', str(box.home / 'trace'), '-P', str(box.file('grant.new')), '-e',
                                     'trace=openat', '-e', 'inject=openat:error=EMFILE:when=1']).failed(SYSTEM)
    same(len(box.requests()), requests, 'requests')
    box.renewed()
    same(box.grant()['refresh_token'], 'rt-%s-7' % box.key, 'refresh_token')
