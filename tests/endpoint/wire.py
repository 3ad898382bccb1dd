"""Rows: what is sent to the token endpoint, and what is not."""
import base64
import re
import urllib.parse

from harness import ACCOUNT, check, matches, row, same

ODD = 'a&b+c%d=e f/\u00fc\u20ac"\\\''
SECRET = 's3cr3t&+%= \u00fc:;#'


def form(box):
    """The fields of the last request; each once."""
    pairs = box.requests()[-1]['form']
    fields = dict(pairs)
    same(len(pairs), len(fields), 'a field is sent twice: %r' % pairs)
    return fields


# ---- the form


@row('a client without a secret: the form, and nothing but the form')
def public(box):
    box.configure(client_id='client', scope='mail offline_access')
    box.ready()
    request = box.requests()[-1]
    same(form(box), {'grant_type': 'refresh_token', 'refresh_token': 'rt-%s-0' % box.key,
                     'client_id': 'client', 'scope': 'mail offline_access'}, 'the form')
    same(request['method'], 'POST', 'method')
    same(request['content_type'], 'application/x-www-form-urlencoded', 'Content-Type')
    same(request['authorization'], None, 'Authorization')
    same(request['cookie'], None, 'Cookie')
    same(request['expect'], None, 'Expect')
    matches(r'^application/json\b', request['accept'] or '', 'Accept')
    version = box.run('version').succeeded().out.decode().split()[-1]
    same(request['user_agent'], 'saslfresh/' + version, 'User-Agent')


@row('client_secret_post: & + % = space, UTF-8 and quotes arrive as they are')
def post(box):
    box.configure(client_id=ODD, client_secret=SECRET, token_endpoint_auth_method='client_secret_post',
                  scope='https://mail.example.test/ a+b c&d=e 100%')
    box.ready()
    same(form(box), {'grant_type': 'refresh_token', 'refresh_token': 'rt-%s-0' % box.key,
                     'client_id': ODD, 'client_secret': SECRET,
                     'scope': 'https://mail.example.test/ a+b c&d=e 100%'}, 'the form')
    same(box.requests()[-1]['authorization'], None, 'Authorization')
    check(re.fullmatch(r'[A-Za-z0-9&=%._~*+-]+', box.requests()[-1]['body']), 'bytes in the form')


@row('client_secret_basic: both halves are form-encoded first (RFC 6749 section 2.3.1)')
def basic(box):
    box.configure(client_id=ODD, client_secret=SECRET,
                  token_endpoint_auth_method='client_secret_basic')
    box.ready()
    scheme, _, value = box.requests()[-1]['authorization'].partition(' ')
    same(scheme, 'Basic', 'scheme')
    halves = base64.b64decode(value, validate=True).decode('ascii').split(':')
    same([urllib.parse.unquote_plus(half) for half in halves], [ODD, SECRET], 'id and secret')
    check('client_secret' not in form(box), 'the secret is in the form too')


@row('a refresh token with & + % = is sent as it is')
def odd_refresh_token(box):
    token = 'rt/&+%=~"' + box.key
    box.server('good', accept=token)
    box.login(token).succeeded()
    same(form(box)['refresh_token'], token, 'refresh_token')
    same(box.grant()['refresh_token'], token, 'refresh_token of the grant')


@row('a secret without a method is posted')
def default_method(box):
    box.configure(client_secret='s3cr3t')
    box.ready()
    request = box.requests()[-1]
    check(form(box).get('client_secret') == 's3cr3t' or request['authorization'], 'no secret is sent')


@row('token_endpoint_auth_method = none sends no secret')
def method_none(box):
    box.configure(token_endpoint_auth_method='none')
    box.ready()
    check('client_secret' not in form(box), 'a secret is sent')
    same(box.requests()[-1]['authorization'], None, 'Authorization')


# ---- nothing else of the machine


@row('no netrc')
def netrc(box):
    path = box.home / '.netrc'
    path.write_text('machine 127.0.0.1 login me password s3cr3t\ndefault login me password s3cr3t\n')
    path.chmod(0o600)
    box.environment['NETRC'] = str(path)
    box.ready()
    same(box.requests()[-1]['authorization'], None, 'Authorization')


@row('no curlrc')
def curlrc(box):
    (box.home / '.curlrc').write_text('user-agent = "changed"\ninsecure\n')
    box.ready()
    matches(r'^saslfresh/', box.requests()[-1]['user_agent'], 'User-Agent')


@row('no cookies')
def cookies(box):
    box.ready()
    box.server('set-cookie')
    for _ in range(2):
        box.run('refresh', '--force', ACCOUNT).succeeded()
    same(box.requests()[-1]['cookie'], None, 'Cookie')
    found = [path.name for path in box.home.rglob('*') if 'cookie' in path.name.lower()]
    same(found, [], 'cookie files')
