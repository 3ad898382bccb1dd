"""Rows: what the endpoint answers."""
import time

from harness import (ACCOUNT, CONFIG, LOGIN, SERVER, TEMPORARY, check, matches, row, same)

DAY = 86400


def refused(box, case, statuses, pattern):
    """The policy for an answer that renews nothing: one sentence, one request, nothing lost."""
    box.ready()
    grant = box.file('grant').read_bytes()
    box.server(case)

    before = time.time()
    told = box.run('refresh', '--force', ACCOUNT).failed(*statuses)
    matches(pattern, told.line, 'the sentence')
    same(len(box.requests()), 2, 'requests')
    same(box.file('grant').read_bytes(), grant, 'the grant')
    remembered(box, told.status, before)

    # The old token is as good as it was, and nobody asks again before the time has come.
    box.hands_out(box.first, requests=0)
    box.age(30)
    box.hands_out(box.first, requests=0)
    box.age(-10)
    again = box.run('token', ACCOUNT).failed(told.status)
    same(cause(again), cause(told), 'the cause, told again')
    same(len(box.requests()), 2, 'requests while held')
    shown = box.run('status', ACCOUNT).clean()
    check(cause(told) in shown.out.decode(), 'status does not tell the cause: %s' % shown)

    # Asked while it still lives, the endpoint may fail: the old token is handed out.
    box.forget()
    box.age(30)
    box.hands_out(box.first, requests=1)
    same(box.file('grant').read_bytes(), grant, 'the grant, the second time')

    # And when the endpoint has come to its senses, so have we.
    box.server('good', reuse='tolerated')
    if told.status == LOGIN:
        box.login(box.grant()['refresh_token']).succeeded()
    box.forget()
    box.age(-10)
    box.renewed()


def cause(result):
    """`saslfresh: what: CAUSE (hint)`"""
    return result.line.split(': ', 2)[2].split(' (')[0]


def remembered(box, status, before):
    token = box.token()
    retry_at = int(token.get('retry_at', 0))
    check('failure' in token, 'the failure is not remembered: %r' % token.keys())
    if status == LOGIN:
        same(retry_at, 0, 'retry_at: a person must act')
    elif status == CONFIG:
        check(before + 600 < retry_at < before + 1200, 'retry_at is in %d s' % (retry_at - before))
    elif not box.requests()[-1]['case'].startswith(('429-', '503-')):
        check(before + 25 <= retry_at <= before + 60, 'retry_at is in %d s' % (retry_at - before))


REFUSED = [
    # case, exit, what the sentence says
    ('408', TEMPORARY, r'408'),
    ('429', TEMPORARY, r'429'),
    ('429-seconds', TEMPORARY, r'429'),
    ('429-date', TEMPORARY, r'429'),
    ('429-past', TEMPORARY, r'429'),
    ('429-zero', TEMPORARY, r'429'),
    ('429-negative', TEMPORARY, r'429'),
    ('429-century', TEMPORARY, r'429'),
    ('429-words', TEMPORARY, r'429'),
    ('429-invalid-grant', TEMPORARY, r'429'),
    ('500', TEMPORARY, r'500'),
    ('500-html', TEMPORARY, r'500'),
    ('500-invalid-grant', TEMPORARY, r'500'),
    ('502-html', TEMPORARY, r'502'),
    ('502-large', TEMPORARY, r'502'),
    ('503-large-seconds', TEMPORARY, r'503'),
    ('503', TEMPORARY, r'503'),
    ('503-seconds', TEMPORARY, r'503'),
    ('504', TEMPORARY, r'504'),
    ('temporarily-unavailable', TEMPORARY, r'temporarily_unavailable'),
    ('temporarily-unavailable-503', TEMPORARY, r'temporarily_unavailable|503'),
    ('hang', TEMPORARY, r'time|second'),
    ('drip', TEMPORARY, r'time|second'),
    ('closed', TEMPORARY, r'127\.0\.0\.1'),
    ('closed-in-body', TEMPORARY, r'127\.0\.0\.1'),
    ('closed-in-body-rotating', TEMPORARY, r'127\.0\.0\.1'),
    ('length-too-long', TEMPORARY, r'127\.0\.0\.1'),
    ('401-html', SERVER, r'401'),
    ('403-html', SERVER, r'403'),
    ('404-html', SERVER, r'404'),
    ('407', SERVER, r'407'),
    ('204', SERVER, r'204|empty'),
    ('302', SERVER, r'302|redirect'),
    ('307', SERVER, r'307|redirect'),
    ('308', SERVER, r'308|redirect'),
    ('html-200', SERVER, r'HTML|web page'),
    ('html-as-json', SERVER, r'HTML|web page|not JSON'),
    ('empty-200', SERVER, r'empty'),
    ('empty-400', SERVER, r'empty'),
    ('not-json', SERVER, r'JSON'),
    ('torn-json', SERVER, r'JSON'),
    ('trailing-json', SERVER, r'JSON'),
    ('length-too-short', SERVER, r'JSON'),
    ('array', SERVER, r'JSON'),
    ('string', SERVER, r'JSON'),
    ('null', SERVER, r'JSON'),
    ('deep', SERVER, r'JSON'),
    ('deep-object', SERVER, r'JSON'),
    ('not-utf8', SERVER, r'JSON|access.token|UTF-8'),
    ('nul-byte', SERVER, r'JSON|access_token'),
    ('bom', SERVER, r'JSON|server_error'),
    ('huge', SERVER, r'large|big|long|65536'),
    ('endless', SERVER, r'large|big|long|65536'),
    ('64k-and-one', SERVER, r'large|big|long|65536'),
    ('length-absurd', (SERVER, TEMPORARY), r'127\.0\.0\.1'),
    ('html-large', SERVER, r'HTML|web page|65536'),
    ('length-negative', (SERVER, TEMPORARY), r'.'),
    ('not-http', (SERVER, TEMPORARY), r'.'),
    ('type-dpop', SERVER, r'DPoP|token_type'),
    ('type-mac', SERVER, r'mac|token_type'),
    ('type-number', SERVER, r'token_type'),
    ('token-missing', SERVER, r'access_token|access token'),
    ('token-null', SERVER, r'access_token|access token'),
    ('token-number', SERVER, r'access_token|access token'),
    ('token-empty', SERVER, r'access_token|access token'),
    ('token-ctrl-a', SERVER, r'access_token|access token'),
    ('token-cr', SERVER, r'access_token|access token'),
    ('token-lf', SERVER, r'access_token|access token'),
    ('token-nul', SERVER, r'access_token|access token'),
    ('token-space', SERVER, r'access_token|access token'),
    ('token-del', SERVER, r'access_token|access token'),
    ('token-non-ascii', SERVER, r'access_token|access token'),
    ('token-16k-and-one', SERVER, r'access_token|access token'),
    ('token-20k', SERVER, r'access_token|access token'),
    ('unknown-error', SERVER, r'flux_capacitor_low.*charge it'),
    ('server-error', (SERVER, TEMPORARY), r'server_error'),
    ('error-not-string', SERVER, r'HTTP 400(?!.*not a JSON object)'),
    ('error-missing', SERVER, r'HTTP 400(?!.*not a JSON object)'),
    ('error-nasty', SERVER, r'line one'),
    ('invalid-grant', LOGIN, r'expired or revoked.*login'),
    ('invalid-grant-bare', LOGIN, r'invalid_grant.*login'),
    ('invalid-grant-nasty', LOGIN, r'line one'),
    ('error-200', LOGIN, r'invalid_grant'),
    ('error-and-token', LOGIN, r'invalid_grant'),
    ('interaction-required', LOGIN, r'AADSTS50076'),
    ('login-required', LOGIN, r'login_required|sign in again'),
    ('consent-required', LOGIN, r'consent'),
    ('invalid-client', CONFIG, r'invalid_client.*secret is wrong'),
    ('unauthorized-client', CONFIG, r'unauthorized_client'),
    ('unsupported-grant-type', (CONFIG, SERVER), r'unsupported_grant_type'),
    ('invalid-scope', CONFIG, r'invalid_scope'),
    ('invalid-request', CONFIG, r'invalid_request'),
]

for case, exits, words in REFUSED:
    statuses = exits if isinstance(exits, tuple) else (exits,)
    row('refused: ' + case, case, statuses, words)(refused)


@row('a redirect is not followed, nothing is sent to its target', '307')
@row('a redirect is not followed: 302', '302')
def redirected(box, case):
    box.ready()
    box.server(case)
    box.run('refresh', '--force', ACCOUNT).failed(SERVER)
    same(box.requests(box.key + '-elsewhere'), [], 'requests at the target')


@row('secrets that the endpoint repeats are not shown: error_description', 'echo-description')
@row('secrets that the endpoint repeats are not shown: error', 'echo-error')
@row('secrets that the endpoint repeats are not shown: suberror', 'echo-suberror')
@row('secrets that the endpoint repeats are not shown: Location', 'echo-location')
@row('secrets that the endpoint repeats are not shown: token_type', 'echo-type')
def echoed(box, case):
    """`failed` and `clean` look for them."""
    box.configure(client_secret='s3cr3t-of-client')
    box.ready()
    box.age(-10)
    box.server(case)
    box.run('token', ACCOUNT).failed(LOGIN, CONFIG, SERVER)
    for words in (['status', ACCOUNT], ['status', '--json']):
        shown = box.run(*words).clean()
        check(b'at-' not in shown.out, 'an access token is shown: %s' % shown)
    stored = box.file('token').read_bytes()
    check(b's3cr3t' not in stored and b'rt-' not in stored, 'a secret is in the token file: %r' % stored)


@row('an answer that drips ends at the deadline', 'drip')
@row('an endpoint that hangs ends at the deadline', 'hang')
def deadline(box, case):
    box.ready()
    box.age(-10)
    box.server(case)
    result = box.run('token', ACCOUNT).failed(TEMPORARY)
    check(result.seconds < 4, 'timeout = 2, but %s' % result)


# ---- answers that renew


def accepted(box, case, life):
    """A strange but usable answer."""
    box.ready()
    box.age(-10)
    box.server(case)
    before = int(time.time())
    box.renewed()
    token = box.token()
    lived = int(token['expires_at']) - int(token['issued_at'])
    low, high = life if isinstance(life, tuple) else (life, life)
    check(low <= lived <= high, 'it lives %d s, not %d to %d' % (lived, low, high))
    check(before - 1 <= int(token['issued_at']) <= time.time() + 1, 'issued_at')
    same(box.grant()['refresh_token'], 'rt-%s-0' % box.key, 'the refresh token')
    check('failure' not in token, 'a failure is remembered')
    box.hands_out(token['access_token'], requests=0)


ACCEPTED = [
    ('good', 3600), ('interim', 3600), ('chunked', 3600), ('type-lower', 3600),
    ('type-upper', 3600), ('expires-missing', 3600), ('expires-string', 1800),
    ('expires-zero', 3600), ('expires-negative', 3600), ('expires-words', 3600),
    ('expires-null', 3600), ('expires-object', 3600), ('expires-float', 1000),
    ('expires-fraction', 1800), ('expires-huge', (3600, 400 * DAY)),
    ('expires-int64', (3600, 400 * DAY)), ('token-16k', 3600), ('refresh-same', 3600),
    ('refresh-null', 3600), ('refresh-empty', 3600), ('set-cookie', 3600),
    ('clock-words', 3600), ('clock-hour-ahead', 3600), ('clock-hour-behind', 3600),
]

for case, lifetime in ACCEPTED:
    row('accepted: ' + case, case, lifetime)(accepted)


@row('100 headers of 4 kB are taken or refused cleanly', 'huge-headers')
@row('2000 headers are taken or refused cleanly', 'many-headers')
@row('an answer without token_type is taken or refused cleanly', 'type-missing')
def either(box, case):
    box.ready()
    box.age(-10)
    box.server(case)
    result = box.run('token', ACCOUNT)
    if result.status != 0:
        result.failed(SERVER, TEMPORARY)
    same(box.grant()['refresh_token'], 'rt-%s-0' % box.key, 'the refresh token')


@row('the clock of the server is reported: an hour ahead', 'clock-hour-ahead', 3600)
@row('the clock of the server is reported: an hour behind', 'clock-hour-behind', -3600)
def skewed(box, case, skew):
    box.ready()
    box.server(case)
    box.run('refresh', '--force', ACCOUNT).succeeded()
    got = int(box.token()['clock_skew'])
    check(abs(got - skew) <= 3, 'clock_skew is %d' % got)
    matches(r'(?i)clock|skew', box.run('status', ACCOUNT).clean().out.decode(), 'status')
