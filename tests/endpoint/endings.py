"""Rows: when a grant will end, and where that is told."""
import json
import time

from harness import ACCOUNT, LOGIN, check, matches, row, same

DAY = 86400


def ends(box, days, why, within=60):
    """What the token file says, and status --json with it."""
    token = box.token()
    if days is None:
        check('grant_ends_at' not in token and 'grant_ends_by' not in token, 'an end: %r' % token)
    else:
        off = int(token['grant_ends_at']) - time.time() - days * DAY
        check(abs(off) <= within, 'the end is %d s off' % off)
        same(token['grant_ends_by'], why, 'what ends it')
    shown = json.loads(box.run('status', '--json', ACCOUNT).clean().out)[0]
    same(shown['grant_ends_at'], int(token.get('grant_ends_at', 0)), 'grant_ends_at in status')
    same(shown['grant_ends_by'], token.get('grant_ends_by', ''), 'grant_ends_by in status')
    same(shown['grant_may_end_at'], int(token.get('grant_may_end_at', 0)), 'grant_may_end_at in status')
    return box.run('status', ACCOUNT).clean().out.decode()


@row('the end of a grant: Microsoft, 90 days after the last use', 'microsoft', 90)
@row('the end of a grant: Microsoft for the government', 'microsoft-gov', 90)
@row('the end of a grant: Google, 6 months after the last use', 'google', 180)
def idle(box, provider, days):
    box.configure(provider=provider)
    box.ready()
    matches(r'(?m)^grant ends   \d{4}-\S+ \S+, in (%d|%d) d unless it is used before$' % (days - 1, days), ends(box, days, 'idle'), 'status')
    box.edit('token', grant_ends_at=int(time.time()) + 80 * DAY)
    box.run('refresh', '--force', ACCOUNT).succeeded()
    ends(box, days, 'idle')


@row('the end of a grant: nothing is known')
def unknown(box):
    box.ready()
    check('grant ends' not in ends(box, None, ''), 'status tells an end')


@row('the end of a grant: days of the account', {'grant_idle_days': 30}, 30)
@row('the end of a grant: days of the account before those of the preset',
     {'grant_idle_days': 30, 'provider': 'microsoft'}, 30)
def own(box, keys, days):
    box.configure(**keys)
    box.ready()
    ends(box, days, 'idle')


@row('the end of a grant: refresh_token_expires_in', 'refresh_token_expires_in')
@row('the end of a grant: refresh_token_timeout', 'refresh_token_timeout')
@row('the end of a grant: authorization_expires_in', 'authorization_expires_in')
def told(box, name):
    box.configure(provider='microsoft')
    box.server('good-with', **{name: 30 * DAY})
    box.login().succeeded()
    matches(r'(?m)^grant ends   \S+ \S+, in (29|30) d$', ends(box, 30, 'lifetime'), 'status')
    # An answer that does not tell it again changes nothing, one that tells a later end than the rule gives way.
    box.server('good')
    box.run('refresh', '--force', ACCOUNT).succeeded()
    ends(box, 30, 'lifetime')
    box.server('good-with', **{name: 120 * DAY})
    box.run('refresh', '--force', ACCOUNT).succeeded()
    ends(box, 90, 'idle')


@row('an end that is near is in the table, one that is short by nature is not')
def near(box):
    box.server('good-with', refresh_token_expires_in=DAY)
    box.login().succeeded()
    now = int(time.time())
    check('grant ends' not in box.run('status').clean().out.decode(), 'a day of a day is near')
    for days, since, told_there in ((15, 60, False), (13, 60, True), (1, 60, True), (-1, 60, True), (6, 2, False), (6, 7, True)):
        box.edit('token', grant_ends_at=now + days * DAY + 30, grant_ends_since=now - since * DAY)
        shown = box.run('status').clean().out.decode()
        same('; grant ends in ' in shown, told_there, 'the end in the table, %d days before: %s' % (days, shown))
        same(len(shown.rstrip('\n').split('\t')), 5, 'columns')
    box.edit('token', grant_ends_at=now + DAY, grant_ends_since=now - 9 * DAY)
    box.server('invalid-grant')
    box.run('refresh', '--force', ACCOUNT).failed(LOGIN)
    check('grant ends' not in box.run('status').clean().out.decode(), 'a dead grant ends again')


@row('a Google client may be in Testing, until it works later than 7 days after the consent')
def testing(box):
    box.configure(provider='google')
    box.ready()
    shown = ends(box, 180, 'idle')
    matches(r'(?m)^or perhaps   \S+ \S+, if its client is in Testing$', shown, 'status')
    off = int(box.token()['grant_may_end_at']) - time.time() - 7 * DAY
    check(abs(off) < 60, 'the possible end is %d s off' % off)
    check('perhaps' not in box.run('status').clean().out.decode(), 'a possibility in the table')
    box.edit('grant', consented_at=int(time.time()) - 7 * DAY - 60)
    box.run('refresh', '--force', ACCOUNT).succeeded()
    check('grant_may_end_at' not in box.token(), 'still possible: %r' % box.token())
    check('perhaps' not in ends(box, 180, 'idle'), 'status still tells it')


@row('status does not open the grant')
def unopened(box):
    box.configure(provider='microsoft')
    box.ready()
    box.file('grant').write_text('not a grant\n')
    ends(box, 90, 'idle')
    box.file('grant').chmod(0)
    ends(box, 90, 'idle')
