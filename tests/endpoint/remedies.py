"""Rows: what is said to do about an error, the same sentence wherever it is told."""
import time

from harness import ACCOUNT, CONFIG, LOGIN, check, matches, row, same

DAY = 86400
AADSTS = ('AADSTS700082: The refresh token has expired due to inactivity. The token was issued on '
          '2026-01-02T03:04:05.6789012Z and was inactive for 90.00:00:00. Trace ID: '
          '0a1b2c3d-0000-4444-8888-0123456789ab Correlation ID: 1a1b2c3d-0000-4444-8888-0123456789ab '
          'Timestamp: 2026-11-24 04:30:53Z')


def told(box, status, pattern, consented=None, **error):
    """The hint of a refusal: on the terminal, in the token file, told again and in status."""
    box.ready()
    if consented is not None:
        box.edit('grant', consented_at=int(time.time() - consented))
    box.age(-10)
    box.server('error', **error)
    first = box.run('token', ACCOUNT).failed(status)
    hint = box.token()['hint']
    matches(pattern, hint, 'the hint')
    check(first.line.endswith('(%s)' % hint), 'the terminal tells another: %s' % first)
    same(box.run('token', ACCOUNT).failed(status).line, first.line, 'the sentence, told again')
    shown = box.run('status', ACCOUNT).clean().out.decode()
    check(first.line.split(': ', 2)[2] in shown, 'status tells another: %s' % shown)
    same(len(box.requests()), 2, 'requests')
    return first.line


@row('a Google client in Testing: 7 days after the consent', 7 * DAY, {})
@row('a Google client in Testing: 6.6 days after the consent', 6.6 * DAY, {})
@row('a Google client in Testing: 7.9 days after the consent', 7.9 * DAY, {})
@row('a Google client in Testing: known by the issuer alone', 7 * DAY,
     {'provider': None, 'issuer': 'https://accounts.google.com'})
def testing(box, age, keys):
    box.configure(**{'provider': 'google', **keys})
    console = 'the provider.s console' if 'issuer' in keys else r'https://console\.cloud\.google\.com/\S+'
    line = told(box, LOGIN, r'the client is in Testing; publish it at %s \(In production\), then log in again: '
                r'saslfresh login %s$' % (console, ACCOUNT), consented=age,
                error='invalid_grant', error_description='Token has been expired or revoked.')
    matches(r'Token has been expired or revoked', line, 'the server.s words')


@row('no word of Testing: 6.4 days after the consent', 'google', 6.4 * DAY)
@row('no word of Testing: 8.1 days after the consent', 'google', 8.1 * DAY)
@row('no word of Testing: another provider', 'fastmail', 7 * DAY)
def no_testing(box, provider, age):
    box.configure(provider=provider)
    line = told(box, LOGIN, 'saslfresh login ' + ACCOUNT, consented=age, error='invalid_grant')
    check('Testing' not in line, line)


@row('remedy: Google session control', 'google', LOGIN, r'Google session lasts', 'invalid_grant',
     {'error_subtype': 'invalid_rapt', 'error_description': 'reauth related error'})
@row('remedy: Google, closed by an administrator', 'google', LOGIN, r'administrator must trust', 'admin_policy_enforced', {})
@row('remedy: Google, a client that was deleted', 'google', CONFIG, r'was deleted: .*https://console', 'deleted_client', {})
@row('remedy: Google, a wrong secret', 'google', CONFIG, r'secret is wrong', 'invalid_client', {})
@row('remedy: Microsoft, consent of an administrator', 'microsoft', LOGIN, r'administrator must approve',
     'interaction_required', {'suberror': 'consent_required'})
@row('remedy: Microsoft, a password that expired', 'microsoft', LOGIN, r'change it at the provider',
     'interaction_required', {'suberror': 'user_password_expired'})
@row('remedy: Microsoft, a second factor', 'microsoft', LOGIN, r'second factor', 'interaction_required',
     {'suberror': 'basic_action'})
@row('remedy: Microsoft, a secret that expired', 'microsoft', CONFIG, r'its Value, not its ID, and expires', 'invalid_client',
     {'error_description': AADSTS.replace('700082', '7000222')})
@row('remedy: Microsoft, a client that is disabled', 'microsoft', CONFIG, r'client is disabled', 'unauthorized_client', {})
@row('remedy: an unknown scope', None, CONFIG, r'check scope of \[account', 'invalid_scope', {})
def remedy(box, provider, status, pattern, error, more):
    box.configure(provider=provider)
    told(box, status, pattern, error=error, **more)


@row('AADSTS text, trace id and time are shown and decide nothing', '700082')
@row('AADSTS text of another number: the same remedy', '50173')
def aadsts(box, number):
    box.configure(provider='microsoft')
    words = AADSTS.replace('700082', number)
    line = told(box, LOGIN, r'90 days went by unused: saslfresh login', error='invalid_grant', error_description=words)
    check('says invalid_grant (%s)' % words in line, line)
