"""Rows: the clock, and what status and list tell."""
import json
import time

from harness import ACCOUNT, LOGIN, SYSTEM, TEMPORARY, check, matches, row, same

DAY = 86400


# ---- the clock


@row('clock: issued in the future: stale', {'issued_at': 7200, 'expires_at': 10800})
@row('clock: an end that is absurd: stale', {'issued_at': -10, 'expires_at': 100 * 365 * DAY})
@row('clock: an end before the beginning: stale', {'issued_at': -10, 'expires_at': -20})
@row('clock: an end beyond 64 bits: stale', {'expires_at': '99999999999999999999'})
@row('clock: no end at all: stale', {'expires_at': None})
def clock(box, changes):
    box.ready()
    now = int(time.time())
    box.edit('token', **{key: value if value is None or isinstance(value, str) else now + value
                         for key, value in changes.items()})
    box.renewed()


@row('clock: a failure remembered from the future does not hold us for ever')
def future_failure(box):
    box.ready()
    box.age(-10)
    box.server('503')
    box.run('token', ACCOUNT).failed(TEMPORARY)
    box.edit('token', retry_at=int(time.time()) + 30 * DAY)
    box.server('good')
    box.renewed()


@row('margins: fresh, soft, hard and dead tokens of an hour', 3600, 400, 300, 30)
@row('margins: they shrink with a life of five minutes', 300, 160, 140, 50)
@row('margins: they shrink with a life of a minute', 60, 35, 25, 10)
def margins(box, life, fresh, soft, hard):
    box.ready()
    box.age(fresh, life)
    box.hands_out(box.first, requests=0)
    for left in (soft, hard, -1):
        box.age(left, life)
        box.renewed()


# ---- status, list, version


@row('status and list: all states, no secret, JSON that parses')
def status(box):
    box.run('status').clean()
    json.loads(box.run('status', '--json').clean().out)
    box.ready()
    for left in (3600, 30, -10):
        box.age(left)
        box.run('status', ACCOUNT).clean()
        json.loads(box.run('status', '--json', ACCOUNT).clean().out)
    box.server('invalid-grant-nasty')
    box.run('token', ACCOUNT).failed(LOGIN)
    shown = box.run('status', '--json').clean()
    check(ACCOUNT in json.dumps(json.loads(shown.out)), 'the account is missing: %s' % shown)
    check(box.first.encode() not in shown.out, 'a token is shown: %s' % shown)
    same(box.run('list').succeeded().out.decode().split()[0], ACCOUNT, 'list')
    same(len(box.requests()), 2, 'requests')


@row('status --json stays JSON with quotes, tabs and UTF-8 in what is configured')
def odd_status(box):
    box.configure(user='m"e\\@ex\u00e4mple.test', hosts='mail.example.test\t*.example.test')
    box.ready()
    for words in (['status', '--json'], ['status', '--json', ACCOUNT]):
        shown = json.loads(box.run(*words).clean().out)
        same(shown[0]['user'], 'm"e\\@ex\u00e4mple.test', 'user')


@row('stdout that is full: exit 71 and a sentence', '>/dev/full')
@row('stdout that is closed: exit 71 and a sentence', '>&-')
def no_stdout(box, redirection):
    box.ready()
    for left in (3600, -10):
        box.age(left)
        result = box.run('token', ACCOUNT, under=('/bin/sh', '-c', 'exec "$0" "$@" ' + redirection))
        result.failed(SYSTEM)
    same(box.file('lock').stat().st_size, 0, 'size of the lock file')


@row('stdin and stderr that are closed do no harm', '<&- 2>&-')
@row('stdin that is closed does no harm', '<&-')
def no_descriptors(box, redirection):
    box.ready()
    box.age(-10)
    result = box.run('token', ACCOUNT, under=('/bin/sh', '-c', 'exec "$0" "$@" ' + redirection))
    result.succeeded()
    same(result.out.decode(), box.token()['access_token'] + '\n', 'what token prints')
    box.grant()
    same(box.file('lock').stat().st_size, 0, 'size of the lock file')


@row('refresh of several: one that fails does not stop the others')
def several(box):
    box.ready()
    text = box.config_file.read_text()
    broken = text.partition('[')[2].replace(ACCOUNT, 'a@example.test').replace(box.key, box.key + '-a')
    box.write_config(text.replace('[', '[' + broken + '\n[', 1))
    for words in (['--all'], ['a@example.test', ACCOUNT]):
        before = len(box.requests())
        box.run('refresh', '--force', *words)
        result = box.run('refresh', '--force', *words)
        check(result.status == LOGIN, str(result))
        matches(r'^saslfresh: .*a@example\.test', result.line, 'the failure')
        matches(r'^%s: ' % ACCOUNT, result.out.decode(), 'the success')
        same(len(box.requests()), before + 2, 'requests')
