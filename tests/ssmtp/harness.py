"""The mailer under test, host.c or a real sSMTP, and a person with an account whose token is in the cache."""
import os
import pathlib
import re
import subprocess
import sys
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / 'kit'))

from checks import Broken, check, matches, same  # noqa: E402, F401

ACCOUNT = 'me@example.test'
MAIL = b'To: you@example.test\nSubject: hello\n\nfirst line\n.leading dot\n'
WORKER = '''#!/bin/sh
cat >/dev/null
echo asked >>'{home}/asked'
[ ! -e '{home}/next' ] || mv '{home}/next' '{token}'
printf 'status = ok\\nend = 1\\n'
'''


class Result:
    def __init__(self, status, err, seconds):
        self.status, self.err, self.seconds = status, err, seconds

    def succeeded(self):
        check(self.status == 0, 'exit %d: %.1500s' % (self.status, self.err))
        return self

    def failed(self, pattern):
        """Status 1, and a sentence without control characters that PATTERN finds."""
        check(self.status == 1, 'exit %d, not 1: %.1500s' % (self.status, self.err))
        line = self.err.rstrip('\n').split('\n')[-1]
        matches(pattern, line, 'the last line of stderr')
        check(not re.search(r'[\x00-\x08\x0b-\x1f\x7f]', self.err), 'a control character: %r' % self.err[-300:])
        return self


class Person:
    """A directory with a configuration, a token and the plugins that libsasl2 is to load."""

    def __init__(self, tools, directory):
        self.tools, self.home = tools, pathlib.Path(directory)
        self.config = self.home / 'ssmtp.conf'
        self.state = self.home / '.local/state/saslfresh'
        plugins = self.home / 'plugins'
        settings = self.home / '.config/saslfresh'
        for path in (plugins, settings, self.state):
            path.mkdir(parents=True, mode=0o700)
        for found in (*tools.plugins.glob('lib*.so'), tools.prefix / 'lib/sasl2/libsaslfresh.so'):
            (plugins / found.name).symlink_to(found)
        worker = self.home / 'worker'
        worker.write_text(WORKER.format(home=self.home, token=self.state / (ACCOUNT + '.token')))
        worker.chmod(0o700)
        (settings / 'saslfresh.conf').write_text('command = %s\n[account %s]\n' % (worker, ACCOUNT))
        (settings / 'saslfresh.conf').chmod(0o600)
        self.token('a-token')

    def token(self, value, name=None, seconds=3600):
        now = int(time.time())
        path = self.home / name if name else self.state / (ACCOUNT + '.token')
        path.write_text(
            'version = 1\naccount = %s\naccess_token = %s\naccess_token_hash = c0ffee\n'
            'issued_at = %d\nexpires_at = %d\nend = 6\n' % (ACCOUNT, value, now + seconds - 3600, now + seconds))
        path.chmod(0o600)

    def asked(self):
        path = self.home / 'asked'
        return len(path.read_text().splitlines()) if path.exists() else 0

    def configure(self, port, **keys):
        keys = {'MailHub': 'localhost:%d' % port, 'HostName': 'client.test', 'AuthUser': ACCOUNT,
                'AuthMethod': 'SASL', 'AuthMech': 'XOAUTH2', 'AuthCleartext': 'YES', **keys}
        self.config.write_text(''.join('%s=%s\n' % (key, value) for key, value in keys.items() if value))

    def environment(self, **more):
        kept = {name: os.environ[name] for name in ('PATH', 'LANG') if name in os.environ}
        return {**kept, 'HOME': str(self.home), 'USER': 'nobody-asked', 'SASL_PATH': str(self.home / 'plugins'),
                'ASAN_OPTIONS': 'exitcode=99', 'UBSAN_OPTIONS': 'halt_on_error=1:exitcode=99',
                'LSAN_OPTIONS': 'exitcode=99', **more}

    def send(self, *options, recipients=('you@example.test',), mail=MAIL, **environment):
        began = time.monotonic()
        done = subprocess.run([str(self.tools.mailer), '-C', str(self.config), *options, *recipients],
                              input=mail, capture_output=True, timeout=60, env=self.environment(**environment))
        err = done.stderr.decode('latin-1')
        check('Sanitizer' not in err and 'runtime error' not in err, err[:3000])
        return Result(done.returncode, err, time.monotonic() - began)
