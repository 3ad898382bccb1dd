"""What the rows share: a person with an account at the scripted endpoint, and the checks."""
import dataclasses
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / 'kit'))

from checks import Broken, check, matches, same  # noqa: E402, F401

ACCOUNT = 'me@example.test'
DEADLINE = 20           # seconds that no call may take

# Exit codes (sysexits.h), and the names of the kinds of failure.
SYSTEM, TEMPORARY, SERVER, LOGIN, CONFIG = 71, 75, 76, 77, 78


class Skip(Exception):
    """The machine cannot show this."""


@dataclasses.dataclass
class Result:
    command: str
    status: int
    out: bytes
    err: bytes
    seconds: float

    def __str__(self):
        return '%s: exit %d, %.2f s, stdout %r, stderr %r' % (
            self.command, self.status, self.seconds, self.out[:300], self.err[:900])

    @property
    def line(self):
        return self.err.decode('utf-8', 'replace').rstrip('\n')

    @property
    def sentence(self):
        """The line without the seconds that pass between two calls."""
        return re.sub(r'\b\d+ s\b', 'N s', self.line)

    def succeeded(self):
        check(self.status == 0, str(self))
        return self

    def failed(self, *statuses):
        """Rule 7: one clean sentence on stderr, nothing on stdout, the exit code of its kind."""
        check(self.status in statuses, '%s\n  wanted: exit %s' % (self, ' or '.join(map(str, statuses))))
        check(self.out == b'', 'stdout is not empty: %s' % self)
        check(self.err.endswith(b'\n') and self.err.count(b'\n') == 1, 'not one line: %s' % self)
        check(re.fullmatch(rb'saslfresh: \S.*: .+\n', self.err), 'not `what: cause`: %s' % self)
        self.clean()
        return self

    def clean(self):
        """No control bytes, no secret."""
        check(not re.search(rb'[\x00-\x08\x0b-\x1f\x7f]', self.out), 'control bytes: %s' % self)
        check(not re.search(rb'[\x00-\x09\x0b-\x1f\x7f]', self.err), 'control bytes: %s' % self)
        check(not re.search(rb'rt-|s3cr3t', self.out + self.err), 'a secret is shown: %s' % self)
        check(b'at-' not in self.err, 'an access token is shown: %s' % self)
        return self


class Record(dict):
    """A file of ours: `key = value` lines, closed by their number."""

    def __init__(self, path):
        super().__init__()
        data = path.read_bytes()
        lines = data.decode('utf-8').split('\n')
        check(lines.pop() == '', '%s does not end in a newline' % path.name)
        check(lines and lines[-1] == 'end = %d' % (len(lines) - 1), '%s is cut off: %r' % (path.name, data[-80:]))
        for line in lines[:-1]:
            key, equals, value = line.partition(' = ')
            check(equals and key not in self, '%s: %r' % (path.name, line))
            self[key] = value

    def write(self, path):
        """In place, as a person with an editor would."""
        lines = ['%s = %s' % pair for pair in self.items()]
        path.write_text('\n'.join(lines + ['end = %d' % len(lines)]) + '\n')
        path.chmod(0o600)


class World:
    """What all rows have in common: the installed prefix and the running endpoint."""

    def __init__(self, prefix, directory):
        self.prefix = pathlib.Path(prefix)
        self.program = self.prefix / 'bin/saslfresh'
        self.directory = pathlib.Path(directory)
        self.endpoint = self.directory / 'endpoint'
        self.certificates = self.directory / 'certificates'
        lines = (self.endpoint / 'ports').read_text().splitlines()
        self.ports = {name: int(port) for name, port in (line.split() for line in lines)}


class Box:
    """One person, one account, one KEY at the endpoint. Nothing is shared with another box."""

    def __init__(self, world, key):
        self.world = world
        self.key = key
        self.home = world.directory / 'homes' / key
        self.config_file = self.home / '.config/saslfresh/saslfresh.conf'
        self.state = self.home / '.local/state/saslfresh'
        self.environment = {
            'HOME': str(self.home), 'PATH': '/usr/bin:/bin', 'LANG': 'C.UTF-8',
            'USER': 'me', 'LOGNAME': 'me',
        }
        self.config_file.parent.mkdir(parents=True)
        self.home.chmod(0o700)
        self.configure()

    # -- the configuration

    def url(self, listener='http', host='127.0.0.1'):
        scheme = 'http' if listener == 'http' else 'https'
        return '%s://%s:%d/%s/token' % (scheme, host, self.world.ports[listener], self.key)

    def configure(self, **keys):
        """Writes the account; a key that is None is left out."""
        account = {
            'user': ACCOUNT, 'hosts': 'mail.example.test', 'client_id': 'client',
            'token_endpoint': self.url(), 'http_loopback': 'yes', 'scope': 'mail',
            'refresh_token_reuse': 'punished', **keys,
        }
        if str(account['token_endpoint']).startswith('https:'):
            account.setdefault('ca_file', str(self.world.certificates / 'ca.pem'))
        self.write_config(self.section(ACCOUNT, account))

    @staticmethod
    def section(name, account):
        lines = ['timeout = 2', 'connect_timeout = 1', '', '[account %s]' % name]
        lines += ['%s = %s' % pair for pair in account.items() if pair[1] is not None]
        return '\n'.join(lines) + '\n'

    def write_config(self, text, mode=0o600):
        self.config_file.write_text(text)
        self.config_file.chmod(mode)

    # -- the endpoint

    def server(self, case, **options):
        """How the endpoint answers this box from now on."""
        lines = [case] + ['%s = %s' % pair for pair in options.items()]
        new = self.world.endpoint / (self.key + '.new')
        new.write_text('\n'.join(lines) + '\n')
        os.rename(new, self.world.endpoint / (self.key + '.case'))

    def requests(self, key=None):
        log = self.world.endpoint / ((key or self.key) + '.log')
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    # -- the files

    def file(self, suffix):
        return self.state / ('%s.%s' % (ACCOUNT, suffix))

    def grant(self):
        return Record(self.file('grant'))

    def token(self):
        return Record(self.file('token'))

    def edit(self, suffix, **changes):
        """Changes fields of a file; None takes one out."""
        record = Record(self.file(suffix))
        for key, value in changes.items():
            if value is None:
                record.pop(key, None)
            else:
                record[key] = str(value)
        record.write(self.file(suffix))

    def age(self, left, life=3600):
        """Lets the access token have this many seconds left (below 0: expired)."""
        now = int(time.time())
        self.edit('token', issued_at=now + left - life, expires_at=now + left)

    def forgive(self):
        """Lets the time pass that a remembered failure holds us."""
        self.edit('token', retry_at=None)

    # -- the program

    def popen(self, *arguments, under=()):
        """Starts saslfresh, under another program if given, in a session of its own."""
        return subprocess.Popen(
            [*under, str(self.world.program), *arguments], env=self.environment, cwd=self.home,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True)

    def run(self, *arguments, text=b'', under=(), killable=False):
        start = time.monotonic()
        process = self.popen(*arguments, under=under)
        command = ' '.join(('saslfresh', *arguments))
        try:
            out, err = process.communicate(text, timeout=DEADLINE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise Broken('%s: not back after %d s' % (command, DEADLINE)) from None
        check(process.returncode >= 0 or killable, '%s: killed by signal %d' % (command, -process.returncode))
        return Result(command, process.returncode, out, err, time.monotonic() - start)

    # Presets name the servers of real providers, and this endpoint is none of theirs.
    def login(self, token=None):
        """Stores the first refresh token and proves it, with whatever the endpoint does now."""
        return self.run('login', ACCOUNT, '--refresh-token-file', '-', '--no-check',
                        text=((token or 'rt-%s-0' % self.key) + '\n').encode())

    def forget(self):
        """As if no refresh had failed."""
        self.edit('token', failure=None, error=None, error_description=None, hint=None,
                  retry_at=None, failures=None, config_stamp=None)

    def ready(self):
        """Logged in, one good access token, and the endpoint good without rotation."""
        self.server('good')
        self.login().succeeded()
        self.first = self.token()['access_token']
        return self

    def hands_out(self, access_token, requests):
        """`token` prints this one, and makes so many requests for it."""
        before = len(self.requests())
        result = self.run('token', ACCOUNT).succeeded().clean()
        same(result.out, access_token.encode() + b'\n', 'what token prints')
        same(len(self.requests()) - before, requests, 'requests of token')
        return result

    def renewed(self):
        """Asks for the token and sees that it is a new one."""
        before = len(self.requests())
        result = self.run('token', ACCOUNT).succeeded()
        same(len(self.requests()), before + 1, 'requests')
        same(result.out, (self.token()['access_token'] + '\n').encode(), 'what token prints')
        same(result.err, b'', 'stderr')
        return result


# ---- rows

ROWS = []


def row(name, *arguments):
    """Decorates a function of a box (and arguments): one line of the TAP output."""
    def add(function):
        ROWS.append((name, function, arguments))
        return function
    return add
