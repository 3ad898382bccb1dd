"""Rows: where the secret of the client comes from."""
import os

from harness import ACCOUNT, CONFIG, SYSTEM, TEMPORARY, check, matches, row, same
from wire import SECRET, form


def secret_file(box, text, mode=0o600):
    path = box.home / 'secret'
    path.write_text(text)
    path.chmod(mode)
    return str(path)


@row('client_secret_file: without its newline')
def from_file(box):
    box.configure(client_secret_file=secret_file(box, SECRET + '\n'),
                  token_endpoint_auth_method='client_secret_post')
    box.ready()
    same(form(box)['client_secret'], SECRET, 'client_secret')


@row('client_secret_file: ~/ is the home')
def from_home(box):
    secret_file(box, 's3cr3t\n')
    box.configure(client_secret_file='~/secret', token_endpoint_auth_method='client_secret_post')
    box.ready()
    same(form(box)['client_secret'], 's3cr3t', 'client_secret')


@row('client_secret_command: its first line')
def from_command(box):
    box.configure(client_secret_command='printf "%s\\n" s3cr3t-of-command',
                  token_endpoint_auth_method='client_secret_post')
    box.ready()
    same(form(box)['client_secret'], 's3cr3t-of-command', 'client_secret')


@row('client_secret_credential: a file in $CREDENTIALS_DIRECTORY')
def from_credential(box):
    directory = box.home / 'credentials'
    directory.mkdir()
    (directory / 'mail').write_text('s3cr3t')
    (directory / 'mail').chmod(0o400)
    box.configure(client_secret_credential='mail', token_endpoint_auth_method='client_secret_post')
    box.environment['CREDENTIALS_DIRECTORY'] = str(directory)
    box.ready()
    same(form(box)['client_secret'], 's3cr3t', 'client_secret')


def without_secret(box, pattern, statuses, **keys):
    """No request without the secret, and none of the old state harmed."""
    box.ready()
    box.age(-10)
    grant = box.file('grant').read_bytes()
    box.configure(token_endpoint_auth_method='client_secret_post', **keys)
    result = box.run('token', ACCOUNT).failed(*statuses)
    matches(pattern, result.line, 'the sentence')
    same(len(box.requests()), 1, 'requests')
    same(box.file('grant').read_bytes(), grant, 'the grant')


@row('client_secret_file that is not there')
def no_file(box):
    without_secret(box, r'/secret', (CONFIG,), client_secret_file=str(box.home / 'secret'))


@row('client_secret_file that others may read: mode, path, chmod')
def open_file(box):
    path = secret_file(box, 's3cr3t\n', 0o644)
    without_secret(box, r'%s.*0644.*chmod 0?[0-7]+ .?%s' % (path, path), (CONFIG,), client_secret_file=path)


@row('client_secret_file that others may write: mode, path, chmod')
def writable_file(box):
    path = secret_file(box, 's3cr3t\n', 0o622)
    without_secret(box, r'%s.*0622.*chmod 0?[0-7]+ .?%s' % (path, path), (CONFIG,), client_secret_file=path)


@row('client_secret_file that is empty')
def empty_file(box):
    without_secret(box, r'/secret', (CONFIG,), client_secret_file=secret_file(box, ''))


@row('client_secret_file that is a FIFO does not hang')
def fifo_file(box):
    os.mkfifo(box.home / 'secret', 0o600)
    without_secret(box, r'/secret', (CONFIG, SYSTEM), client_secret_file=str(box.home / 'secret'))


@row('client_secret_file of 1 MiB')
def large_file(box):
    without_secret(box, r'/secret', (CONFIG, SYSTEM),
                   client_secret_file=secret_file(box, (1 << 20) * 'x'))


@row('client_secret_command that fails')
def failing_command(box):
    without_secret(box, r'client_secret_command|false', (CONFIG, SYSTEM), client_secret_command='false')


@row('client_secret_command that prints nothing')
def silent_command(box):
    without_secret(box, r'client_secret_command|true', (CONFIG, SYSTEM), client_secret_command='true')


@row('client_secret_command that fails: what it said is no secret')
def chatty_command(box):
    without_secret(box, r'client_secret_command', (CONFIG, SYSTEM),
                   client_secret_command='echo s3cr3t; exit 3')


@row('client_secret_command that hangs ends at the deadline')
def hanging_command(box):
    box.ready()
    box.age(-10)
    box.configure(token_endpoint_auth_method='client_secret_post', client_secret_command='exec sleep 30')
    result = box.run('token', ACCOUNT)
    result.failed(CONFIG, SYSTEM, TEMPORARY)
    check(result.seconds < 15, str(result))
    same(len(box.requests()), 1, 'requests')


@row('client_secret_credential without $CREDENTIALS_DIRECTORY')
def no_directory(box):
    without_secret(box, r'CREDENTIALS_DIRECTORY', (CONFIG,), client_secret_credential='mail')


@row('a method that wants a secret, and none configured')
def no_secret(box):
    without_secret(box, r'secret', (CONFIG,))
