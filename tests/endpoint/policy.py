"""Rows: rotation, and the memory of failure."""
import time

from harness import ACCOUNT, CONFIG, LOGIN, SERVER, TEMPORARY, check, row, same

DAY = 86400


# ---- rotation


@row('rotation: the new refresh token is stored, the last one kept')
def rotation(box):
    box.ready()
    box.server('good', rotation='on')
    for number in (1, 2, 3):
        box.age(-10)
        box.renewed()
        grant = box.grant()
        same(grant['refresh_token'], 'rt-%s-%d' % (box.key, number), 'refresh_token')
        same(grant['previous_refresh_token'], 'rt-%s-%d' % (box.key, number - 1), 'previous')
    sent = [dict(request['form'])['refresh_token'] for request in box.requests()]
    same(sent, ['rt-%s-%d' % (box.key, number) for number in (0, 0, 1, 2)], 'what was sent')
    same(oct(box.file('grant').stat().st_mode), '0o100600', 'mode of the grant')
    same(oct(box.file('token').stat().st_mode), '0o100600', 'mode of the token')


def rotated(box, case):
    """The answer is refused, but its refresh token is the only one left: it must be stored."""
    box.ready()
    box.server(case)
    box.run('refresh', '--force', ACCOUNT).failed(SERVER)
    grant = box.grant()
    same(grant['refresh_token'], 'rt-%s-1' % box.key, 'refresh_token')
    same(grant['previous_refresh_token'], 'rt-%s-0' % box.key, 'previous_refresh_token')
    box.hands_out(box.first, requests=0)
    box.server('good')
    box.forgive()
    box.age(-10)
    box.renewed()


for case in ('rotated-token-missing', 'rotated-token-ctrl-a', 'rotated-token-20k', 'rotated-type-dpop'):
    row('a good new refresh token survives: ' + case, case)(rotated)


def unusable(box, case):
    """A refresh token that no file can hold never replaces a good one."""
    box.ready()
    box.age(-10)
    box.server(case)
    result = box.run('token', ACCOUNT)
    if result.status != 0:
        result.failed(SERVER)
    same(box.grant()['refresh_token'], 'rt-%s-0' % box.key, 'refresh_token')
    box.server('good')
    box.forget()
    box.age(-10)
    box.renewed()


for case in ('refresh-lf', 'refresh-ctrl', 'refresh-nul', 'refresh-non-ascii', 'refresh-20k',
             'refresh-number'):
    row('a bad new refresh token is not stored: ' + case, case)(unusable)


# ---- the memory of failure


@row('Retry-After in seconds is kept', '429-seconds', 120, 120)
@row('Retry-After as a date is kept', '429-date', 178, 181)
@row('Retry-After of 503 is kept', '503-seconds', 90, 90)
@row('Retry-After of 503 with a large page is kept', '503-large-seconds', 90, 90)
@row('Retry-After of a century holds us for a day at most', '429-century', 900, DAY)
@row('Retry-After in the past is not zero', '429-past', 25, 60)
@row('Retry-After: 0 is not a loop', '429-zero', 25, 60)
@row('Retry-After below zero is not a loop', '429-negative', 25, 60)
@row('Retry-After in words is passed over', '429-words', 25, 60)
def retry_after(box, case, low, high):
    box.ready()
    box.age(-10)
    box.server(case)
    before = int(time.time())
    box.run('token', ACCOUNT).failed(TEMPORARY)
    wait = int(box.token()['retry_at']) - before
    check(low <= wait <= high + 2, 'it waits %d s' % wait)
    for _ in range(3):
        box.run('token', ACCOUNT).failed(TEMPORARY)
    same(len(box.requests()), 2, 'requests')


@row('failures in a row double the wait, to 15 minutes')
def backoff(box):
    box.ready()
    box.age(-10)
    box.server('503')
    for wait in (40, 80, 160, 320, 640, 900, 900):
        before = int(time.time())
        box.run('token', ACCOUNT).failed(TEMPORARY)
        got = int(box.token()['retry_at']) - before
        check(wait * 0.8 - 1 <= got <= wait * 1.2 + 2, 'it waits %d s, not about %d' % (got, wait))
        box.forgive()
    box.server('good')
    box.renewed()
    check('failures' not in box.token(), 'failures are counted on')


@row('a refusal of the client is asked again when the configuration changes')
def reconfigured(box):
    box.ready()
    box.age(-10)
    box.server('invalid-client')
    box.run('token', ACCOUNT).failed(CONFIG)
    box.run('token', ACCOUNT).failed(CONFIG)
    same(len(box.requests()), 2, 'requests')
    box.server('good')
    box.configure(client_secret='s3cr3t')
    box.renewed()


@row('after invalid_grant nobody asks until somebody logs in')
def needs_login(box):
    box.ready()
    box.age(-10)
    box.server('invalid-grant')
    for _ in range(3):
        box.run('token', ACCOUNT).failed(LOGIN)
    same(len(box.requests()), 2, 'requests')
    box.server('good')
    box.login().succeeded()
    box.hands_out(box.token()['access_token'], requests=0)


@row('a login that fails leaves the old grant and token')
def failed_login(box):
    box.ready()
    grant, token = box.file('grant').read_bytes(), box.token()['access_token']
    box.server('invalid-grant')
    result = box.login('rt-other-0')
    result.failed(LOGIN)
    same(box.file('grant').read_bytes(), grant, 'the grant')
    box.server('good')
    box.hands_out(token, requests=0)


@row('reuse tolerated: after invalid_grant the previous refresh token is tried once')
def previous(box):
    box.configure(refresh_token_reuse='tolerated')
    box.ready()
    box.server('good', rotation='on')
    box.age(-10)
    box.renewed()
    box.age(-10)
    box.server('good', rotation='on', accept='rt-%s-0' % box.key)
    box.run('token', ACCOUNT).succeeded()
    sent = [dict(request['form'])['refresh_token'] for request in box.requests()[2:]]
    same(sent, ['rt-%s-1' % box.key, 'rt-%s-0' % box.key], 'what was sent')
    same(box.grant()['refresh_token'], 'rt-%s-2' % box.key, 'refresh_token')


@row('reuse tolerated: the previous refresh token is tried once, not for ever')
def previous_once(box):
    box.configure(refresh_token_reuse='tolerated')
    box.ready()
    box.server('good', rotation='on')
    box.age(-10)
    box.renewed()
    box.age(-10)
    grant = box.file('grant').read_bytes()
    box.server('invalid-grant')
    box.run('token', ACCOUNT).failed(LOGIN)
    same(len(box.requests()), 4, 'requests')
    same(box.file('grant').read_bytes(), grant, 'the grant')


@row('reuse punished: the previous refresh token is not tried')
def previous_never(box):
    box.ready()
    box.server('good', rotation='on')
    box.age(-10)
    box.renewed()
    box.age(-10)
    box.server('invalid-grant')
    box.run('token', ACCOUNT).failed(LOGIN)
    same(len(box.requests()), 3, 'requests')


@row('a wrong client_id, mended, does not cost the login')
def mended(box):
    """The server says invalid_grant to a client that the refresh token was not issued to."""
    box.ready()
    box.age(-10)
    box.server('invalid-grant')
    box.configure(client_id='typo')
    box.run('token', ACCOUNT).failed(LOGIN, CONFIG)
    box.server('good')
    box.configure()
    box.age(-10)
    box.hands_out('at-%s-2' % box.key, requests=1)
