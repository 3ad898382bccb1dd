"""Rows: the state directory and the files in it."""
import os
import shlex
import subprocess
import time

from harness import (ACCOUNT, CONFIG, DEADLINE, LOGIN, SYSTEM, Record, Result, Skip, check, matches, row,
                     same)

ROOT = os.geteuid() == 0
NAMESPACE = ['unshare', '-m'] if ROOT else ['unshare', '-rm']


def untouched(box, grant):
    same(box.file('grant').read_bytes(), grant, 'the grant')
    left = sorted(path.name for path in box.state.iterdir())
    wanted = ['%s.%s' % (ACCOUNT, suffix) for suffix in ('grant', 'lock', 'token')]
    same(left, wanted, 'files in the state directory')


# ---- the directory


@row('state: a directory that is not there: a login is needed')
def no_directory(box):
    result = box.run('token', ACCOUNT).failed(LOGIN)
    matches(r'saslfresh login', result.line, 'the remedy')
    same(box.requests(), [], 'requests')
    box.ready()
    same(oct(box.state.stat().st_mode), '0o40700', 'mode of the directory made')


@row('state: the directory went away: a login is needed')
def lost_directory(box):
    box.ready()
    for path in box.state.iterdir():
        path.unlink()
    box.state.rmdir()
    box.run('token', ACCOUNT).failed(LOGIN)
    same(len(box.requests()), 1, 'requests')


@row('state: a directory that others may write: mode, path, chmod', 0o770)
@row('state: a directory that anybody may write: mode, path, chmod', 0o1777)
def open_directory(box, mode):
    box.ready()
    box.age(-10)
    grant = box.file('grant').read_bytes()
    box.state.chmod(mode)
    result = box.run('token', ACCOUNT).failed(CONFIG, SYSTEM)
    matches(r'%s.*%04o' % (box.state, mode), result.line, 'path and mode')
    matches(r'chmod ', result.line, 'the remedy')
    same(len(box.requests()), 1, 'requests')
    untouched(box, grant)


@row('state: a directory of somebody else: owner, path, chown')
def foreign_directory(box):
    if not ROOT:
        raise Skip('only root can give files away')
    box.ready()
    box.age(-10)
    grant = box.file('grant').read_bytes()
    os.chown(box.state, 65534, 65534)
    result = box.run('token', ACCOUNT).failed(CONFIG, SYSTEM)
    matches(r'%s.*65534' % box.state, result.line, 'path and owner')
    matches(r'chown ', result.line, 'the remedy')
    same(len(box.requests()), 1, 'requests')
    untouched(box, grant)


@row('state: a file in place of the directory')
def file_as_directory(box):
    box.state.parent.mkdir(parents=True)
    box.state.write_text('')
    box.run('token', ACCOUNT).failed(CONFIG, SYSTEM, LOGIN)
    result = box.login().failed(CONFIG, SYSTEM)
    matches(r'%s' % box.state, result.line, 'the path')
    same(box.requests(), [], 'requests')


def in_namespace(box, script):
    """Runs script with `saslfresh ARGUMENT...` as its last command, mounts and all, out of sight."""
    if subprocess.run([*NAMESPACE, 'true'], capture_output=True, check=False).returncode != 0:
        raise Skip('no private mount namespace here')
    words = 'set -e\nstate=%s\nprogram=%s\naccount=%s\n%s' % (
        shlex.quote(str(box.state)), shlex.quote(str(box.world.program)), ACCOUNT, script)
    start = time.monotonic()
    done = subprocess.run([*NAMESPACE, '/bin/sh', '-c', words], env=box.environment, cwd=box.home,
                          input=b'', capture_output=True, timeout=DEADLINE, check=False)
    return Result('saslfresh token (in a namespace)', done.returncode, done.stdout, done.stderr,
                  time.monotonic() - start)


@row('state: a read-only file system: no request is sent')
def read_only(box):
    box.ready()
    box.age(-10)
    grant = box.file('grant').read_bytes()
    result = in_namespace(box, 'mount --bind "$state" "$state"\n'
                          'mount -o remount,ro,bind "$state"\nexec "$program" token "$account"')
    result.failed(SYSTEM)
    matches(r'(?i)read-only', result.line, 'the sentence')
    matches(r'%s' % box.state, result.line, 'the path')
    same(len(box.requests()), 1, 'requests')
    untouched(box, grant)


@row('state: a read-only file system: a living token is still handed out')
def read_only_fresh(box):
    box.ready()
    for left in (3600, 200, 30):
        box.age(left)
        result = in_namespace(box, 'mount --bind "$state" "$state"\n'
                              'mount -o remount,ro,bind "$state"\nexec "$program" token "$account"')
        result.succeeded().clean()
        same(result.out, box.first.encode() + b'\n', 'what token prints with %d s left' % left)
    same(len(box.requests()), 1, 'requests')


FULL = '''
cp -a "$state" "$HOME/copy"
mount -t tmpfs -o size=64k,mode=0700 none "$state"
cp -a "$HOME/copy/." "$state"
%s
status=0
"$program" token "$account" || status=$?
rm -f "$state/filler"
rm -rf "$HOME/after"
cp -a "$state" "$HOME/after"
exit $status
'''


@row('state: a full file system: no request is sent')
def full(box):
    box.ready()
    box.age(-10)
    grant = box.file('grant').read_bytes()
    result = in_namespace(box, FULL % 'cat /dev/zero >"$state/filler" 2>"$HOME/full" || :\ngrep -q space "$HOME/full"')
    result.failed(SYSTEM)
    matches(r'(?i)no space', result.line, 'the sentence')
    same(len(box.requests()), 1, 'requests')
    after = box.home / 'after'
    same((after / box.file('grant').name).read_bytes(), grant, 'the grant')
    Record(after / box.file('token').name)


@row('state: a file system without a free inode: no request is sent')
def no_inodes(box):
    box.ready()
    box.age(-10)
    grant = box.file('grant').read_bytes()
    # The three files, the directory itself, and not one more.
    script = FULL.replace('size=64k', 'size=64k,nr_inodes=4')
    result = in_namespace(box, script % '! touch "$state/filler" 2>/dev/null')
    result.failed(SYSTEM)
    matches(r'(?i)no space', result.line, 'the sentence')
    same(len(box.requests()), 1, 'requests')
    same((box.home / 'after' / box.file('grant').name).read_bytes(), grant, 'the grant')


@row('state: RLIMIT_FSIZE of zero: no request is sent', 0)
@row('state: RLIMIT_FSIZE of 64: no request is sent', 64)
def file_size(box, limit):
    box.ready()
    box.age(-10)
    grant = box.file('grant').read_bytes()
    result = box.run('token', ACCOUNT, under=('prlimit', '--fsize=%d:%d' % (limit, limit)))
    result.failed(SYSTEM)
    same(len(box.requests()), 1, 'requests')
    untouched(box, grant)


# ---- the token file


def torn(box, spoil):
    """Whatever stands there: a plain refresh or a clean error, never a lost grant."""
    box.ready()
    path = box.file('token')
    spoil(box, path)
    result = box.run('token', ACCOUNT)
    Record(box.file('grant'))
    if result.status == 0:
        result.clean()
        same(result.err, b'', 'stderr')
        same(len(box.requests()), 2, 'requests')
        same(result.out.decode(), box.token()['access_token'] + '\n', 'what token prints')
        check(result.out.decode() != box.first + '\n', 'the old token')
    else:
        result.failed(CONFIG, SYSTEM)
        matches(r'%s' % path.name, result.line, 'the file')
        same(len(box.requests()), 1, 'requests')
    # status must stand it too.
    box.run('status').clean()
    return result


def replaced(make):
    def spoil(box, path):
        path.unlink()
        make(box, path)
    return spoil


def rewritten(change):
    def spoil(box, path):
        path.write_bytes(change(path.read_bytes()))
    return spoil


def linked(box, path):
    elsewhere = box.home / 'elsewhere'
    elsewhere.write_text('keep\n')
    path.symlink_to(elsewhere)


TORN = [
    # name, what happens to the token file, whether a plain refresh must mend it
    ('is gone', replaced(lambda box, path: None), True),
    ('is empty', rewritten(lambda data: b''), True),
    ('is cut in half', rewritten(lambda data: data[:len(data) // 2]), True),
    ('lacks its last line', rewritten(lambda data: data[:data.rindex(b'end')]), True),
    ('lacks its last newline', rewritten(lambda data: data[:-1]), True),
    ('has a line too many', rewritten(lambda data: data + b'scope = more\n'), True),
    ('lacks a line in the middle', rewritten(lambda data: data.replace(b'account = %s\n' % ACCOUNT.encode(), b'')), True),
    ('is of version 2', rewritten(lambda data: data.replace(b'version = 1', b'version = 2')), True),
    ('is of version -1', rewritten(lambda data: data.replace(b'version = 1', b'version = -1')), True),
    ('is full of random bytes', rewritten(lambda data: os.urandom(4000)), True),
    ('is full of zeros', rewritten(lambda data: bytes(len(data))), True),
    ('is 1 MiB', rewritten(lambda data: data + (1 << 20) * b'x'), True),
    ('holds a token with a space', rewritten(lambda data: data.replace(b'access_token = ', b'access_token = a ')), True),
    ('holds a time in words', rewritten(lambda data: data.replace(b'expires_at = ', b'expires_at = x')), True),
    ('is a directory', replaced(lambda box, path: path.mkdir()), False),
    ('is a FIFO', replaced(lambda box, path: os.mkfifo(path, 0o600)), False),
    ('is a symbolic link', replaced(linked), False),
    ('is a dangling symbolic link', replaced(lambda box, path: path.symlink_to('nowhere')), False),
]


def spoiled_token(box, spoil, mended):
    result = torn(box, spoil)
    if mended:
        check(result.status == 0, 'a plain refresh would do: %s' % result)
    if (box.home / 'elsewhere').exists():
        same((box.home / 'elsewhere').read_text(), 'keep\n', 'what the link points to')


for name, spoil, mended in TORN:
    row('state: the token file ' + name, spoil, mended)(spoiled_token)


@row('state: a token file that others may read: mode, path, chmod', 0o644)
@row('state: a token file that others may write: mode, path, chmod', 0o622)
def open_token(box, mode):
    box.ready()
    box.file('token').chmod(mode)
    result = box.run('token', ACCOUNT)
    if result.status != 0:
        result.failed(CONFIG, SYSTEM)
        matches(r'%s.*%04o.*chmod' % (box.file('token').name, mode), result.line, 'the sentence')
    else:
        check(result.out.decode() != box.first + '\n', 'it is believed')
        same(oct(box.file('token').stat().st_mode), '0o100600', 'mode after the refresh')


# ---- the grant file


def spoiled_grant(box, spoil):
    """Nothing to refresh with: an error that names the file, no request, nothing removed."""
    box.ready()
    box.age(-10)
    path = box.file('grant')
    spoil(box, path)
    before = path.read_bytes() if path.is_file() else None
    result = box.run('token', ACCOUNT).failed(SYSTEM, CONFIG, LOGIN)
    matches(r'%s|login' % path.name, result.line, 'the sentence')
    same(len(box.requests()), 1, 'requests')
    if before is not None:
        same(path.read_bytes(), before, 'the grant')
    # The living token is not affected.
    box.forget()
    box.age(1800)
    box.hands_out(box.first, requests=0)


for name, spoil, _ in TORN:
    if 'token with a space' not in name and 'time in words' not in name:
        row('state: the grant file ' + name, spoil)(spoiled_grant)


@row('state: a grant file that others may read: mode, path, chmod', 0o644)
@row('state: a grant file that others may write: mode, path, chmod', 0o602)
def open_grant(box, mode):
    box.ready()
    box.age(-10)
    box.file('grant').chmod(mode)
    result = box.run('token', ACCOUNT).failed(CONFIG, SYSTEM)
    matches(r'%s.*%04o.*chmod 0?600' % (box.file('grant').name, mode), result.line, 'the sentence')
    same(len(box.requests()), 1, 'requests')


@row('state: a lock file that is a directory', lambda path: path.mkdir())
@row('state: a lock file that is a FIFO', lambda path: os.mkfifo(path, 0o600))
@row('state: a lock file that is a symbolic link', lambda path: path.symlink_to('elsewhere'))
def odd_lock(box, make):
    box.ready()
    box.age(-10)
    grant = box.file('grant').read_bytes()
    box.file('lock').unlink()
    make(box.file('lock'))
    result = box.run('token', ACCOUNT)
    if result.status != 0:
        result.failed(SYSTEM, CONFIG)
        matches(r'%s' % box.file('lock').name, result.line, 'the file')
    same(box.file('grant').read_bytes(), grant, 'the grant')
    check(not (box.state / 'elsewhere').exists(), 'the link was followed')


@row('state: the grant of another client is not used')
def other_client(box):
    box.ready()
    box.age(-10)
    box.server('good')
    box.configure(client_id='another')
    result = box.run('token', ACCOUNT)
    if result.status != 0:
        result.failed(LOGIN, CONFIG)
        same(len(box.requests()), 1, 'requests')
