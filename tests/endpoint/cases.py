"""What the scripted token endpoint can do: CASES, a name and an answer each.

An answer is called with the request (endpoint.Request) and the options of DIR/KEY.case.
"""
import email.utils
import json
import select
import ssl
import time

MIB = 1 << 20
HOUR = 3600


def granted(request, options, **changes):
    """The JSON of a good answer; changes are raw JSON values, None leaves the field out."""
    fields = {
        'access_token': json.dumps(request.server.next_access()),
        'token_type': '"Bearer"',
        'expires_in': options.get('lifetime', '3600'),
    }
    if options.get('rotation') == 'on':
        fields['refresh_token'] = json.dumps(request.server.next_refresh())
    fields.update(changes)
    return '{%s}' % ','.join('"%s":%s' % pair for pair in fields.items() if pair[1] is not None)


def good(headers=(), **changes):
    """A case that checks the refresh token and grants."""
    def answer(request, options):
        if not request.server.accepts(dict(request.form()).get('refresh_token', ''), options):
            refuse('invalid_grant', 'unknown or used refresh token')(request, options)
            return
        request.send('200 OK', granted(request, options, **changes), headers)
    return answer


def refuse(error, description=None, status='400 Bad Request', headers=(), **more):
    """A case that answers with an OAuth error (RFC 6749 section 5.2)."""
    fields = {'error': error, **({'error_description': description} if description else {}), **more}
    return plain(status, json.dumps(fields), headers)


def plain(status, body, headers=()):
    """A case that answers with this, whatever was asked."""
    return lambda request, options: request.send(status, body, headers)


def html(status):
    return plain(status, '<!DOCTYPE html><html><head><title>Sign in to the network</title></head>'
                 '<body>Welcome</body></html>', [('Content-Type', 'text/html; charset=utf-8')])


def hang(request, options):
    """Never answers; ends when the client goes."""
    select.select([request.connection], [], [], 60)


def drip(request, options):
    """A good answer, one byte a second."""
    body = granted(request, options).encode()
    head = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n' % len(body)
    for byte in head.encode() + body:
        request.connection.sendall(bytes([byte]))
        if select.select([request.connection], [], [], 1)[0]:
            return


def huge(request, options):
    """100 MiB, announced, JSON all the way."""
    total = 100 * MIB
    start = b'{"access_token":"'
    request.send('200 OK', start, length=total)
    block = b'A' * MIB
    for _ in range(100):
        request.connection.sendall(block)


def endless(request, options):
    """A body without a length that does not end."""
    request.connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n'
                               b'Connection: close\r\n\r\n{"access_token":"')
    block = b'A' * MIB
    for _ in range(100):
        request.connection.sendall(block)


def redirect(status, elsewhere):
    """To a server (DIR/KEY-elsewhere.log) that would take the refresh token."""
    def answer(request, options):
        host = request.header('host')
        scheme = 'https' if isinstance(request.connection, ssl.SSLSocket) else 'http'
        where = '%s://%s/%s-%s/token' % (scheme, host, request.server.key, elsewhere)
        request.send(status, '', [('Location', where)])
    return answer


def closed(request, options):
    """Closes without a byte."""


def closed_in_body(request, options):
    body = granted(request, options)
    request.send('200 OK', body[:len(body) // 2], length=len(body))


def closed_in_body_rotating(request, options):
    """The new refresh token is lost with the rest of the answer: nothing of it may be believed."""
    closed_in_body(request, {**options, 'rotation': 'on'})


def length_too_long(request, options):
    body = granted(request, options)
    request.send('200 OK', body, length=len(body) + 100)


def length_too_short(request, options):
    body = granted(request, options)
    request.send('200 OK', body, length=len(body) - 20)


def length_negative(request, options):
    request.send('200 OK', granted(request, options), length=-1)


def length_absurd(request, options):
    request.send('200 OK', granted(request, options), length=1 << 62)


def not_http(request, options):
    request.connection.sendall(b'220 mail.example.test ESMTP\r\n')


def interim(request, options):
    """100 Continue and 103 Early Hints in front of the answer."""
    request.connection.sendall(b'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n'
                               b'Link: </x>; rel=preload\r\n\r\n')
    good()(request, options)


def chunked(request, options):
    body = granted(request, options).encode()
    half = len(body) // 2
    parts = b''.join(b'%x\r\n%s\r\n' % (len(part), part) for part in (body[:half], body[half:], b''))
    request.connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n'
                               b'Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n' + parts)


def retry_at_date(seconds):
    def answer(request, options):
        when = email.utils.formatdate(time.time() + seconds, usegmt=True)
        refuse('slow_down', status='429 Too Many Requests', headers=[('Retry-After', when)])(request, options)
    return answer


def clock_off(seconds):
    def answer(request, options):
        when = email.utils.formatdate(time.time() + seconds, usegmt=True)
        good([('Date', when)])(request, options)
    return answer


def new_refresh(raw, **changes):
    """A rotated refresh token, raw, in front of what is wrong with the rest."""
    return good(refresh_token=raw, **changes)


def rotating(**changes):
    """A good rotated refresh token with the rest of the answer as given."""
    def answer(request, options):
        good(**changes)(request, {**options, 'rotation': 'on'})
    return answer


def echo(where):
    """Repeats what was sent, or what it would issue, where it will be shown."""
    def answer(request, options):
        form = dict(request.form())
        said = ' '.join(form.get(key, '') for key in ('refresh_token', 'token', 'client_secret'))
        if where == 'error_description':
            refuse('invalid_grant', 'no such token: ' + said)(request, options)
        elif where == 'error':
            refuse('bad ' + said)(request, options)
        elif where == 'suberror':
            refuse('invalid_request', suberror=said)(request, options)
        elif where == 'location':
            request.send('302 Found', '', [('Location', 'https://localhost/?' + request.body.decode('latin-1'))])
        else:
            issued = text(request.server.next_access())
            request.send('200 OK', granted(request, options, access_token=issued, token_type=issued))
    return answer


def text(value):
    return json.dumps(value)


NASTY = 'line one\r\nline two\x00\x01\x07 \x1b[31mred\x1b[0m \x1b]0;title\x07 \u202egnp\u00e9 ' + 4096 * 'x'

CASES = {
    'good': good(),
    # HTTP statuses
    '408': plain('408 Request Timeout', ''),
    '429': plain('429 Too Many Requests', ''),
    '429-seconds': plain('429 Too Many Requests', '', [('Retry-After', '120')]),
    '429-date': retry_at_date(180),
    '429-past': retry_at_date(-HOUR),
    '429-zero': plain('429 Too Many Requests', '', [('Retry-After', '0')]),
    '429-negative': plain('429 Too Many Requests', '', [('Retry-After', '-5')]),
    '429-century': plain('429 Too Many Requests', '', [('Retry-After', '3153600000')]),
    '429-words': plain('429 Too Many Requests', '', [('Retry-After', 'soon \x1b[31m')]),
    '429-invalid-grant': refuse('invalid_grant', status='429 Too Many Requests'),
    '500': plain('500 Internal Server Error', ''),
    '500-html': html('500 Internal Server Error'),
    '500-invalid-grant': refuse('invalid_grant', 'the database is gone',
                                status='500 Internal Server Error'),
    '502-html': html('502 Bad Gateway'),
    '502-large': plain('502 Bad Gateway', '<html>' + 100000 * 'x', [('Content-Type', 'text/html')]),
    '503-large-seconds': plain('503 Service Unavailable', 100000 * 'x', [('Retry-After', '90')]),
    '503': plain('503 Service Unavailable', ''),
    '503-seconds': plain('503 Service Unavailable', '', [('Retry-After', '90')]),
    '504': plain('504 Gateway Timeout', ''),
    '401-html': html('401 Unauthorized'),
    '403-html': html('403 Forbidden'),
    '404-html': html('404 Not Found'),
    '407': plain('407 Proxy Authentication Required', ''),
    '302': redirect('302 Found', 'elsewhere'),
    '307': redirect('307 Temporary Redirect', 'elsewhere'),
    '308': redirect('308 Permanent Redirect', 'elsewhere'),
    '204': plain('204 No Content', ''),
    # bodies
    'html-200': html('200 OK'),
    'html-as-json': plain('200 OK', '<html><body>Sign in</body></html>'),
    'empty-200': plain('200 OK', ''),
    'empty-400': plain('400 Bad Request', ''),
    'not-json': plain('200 OK', 'access_token=abc&token_type=bearer&expires_in=3600'),
    'torn-json': plain('200 OK', '{"access_token":"abc","token_'),
    'trailing-json': plain('200 OK', '{"access_token":"abc","token_type":"Bearer"} {"x":1}'),
    'array': plain('200 OK', '["access_token","abc"]'),
    'string': plain('200 OK', '"access_token"'),
    'null': plain('200 OK', 'null'),
    'deep': plain('200 OK', 20000 * '[' + 20000 * ']'),
    'deep-object': plain('200 OK', 5000 * '{"a":' + '1' + 5000 * '}'),
    'not-utf8': plain('200 OK', b'{"access_token":"ab\xff\xfec","token_type":"Bearer"}'),
    'nul-byte': plain('200 OK', b'{"access_token":"abc\x00","token_type":"Bearer"}'),
    'bom': plain('200 OK', b'\xef\xbb\xbf{"error":"server_error"}'),
    'error-200': refuse('invalid_grant', status='200 OK'),
    'error-missing': plain('400 Bad Request', '{"message":"no such thing"}'),
    'html-large': plain('200 OK', '<html>' + 100000 * 'x', [('Content-Type', 'text/html')]),
    'error-not-string': plain('400 Bad Request', '{"error":{"code":400,"message":"Bad"}}'),
    'error-and-token': plain('200 OK', '{"error":"invalid_grant","access_token":"abc","token_type":"Bearer"}'),
    'huge': huge,
    'endless': endless,
    '64k-and-one': plain('200 OK', '{"access_token":"abc","token_type":"Bearer","pad":"%s"}' % (65537 * 'p')),
    # the connection
    'hang': hang,
    'drip': drip,
    'closed': closed,
    'closed-in-body': closed_in_body,
    'closed-in-body-rotating': closed_in_body_rotating,
    'length-too-long': length_too_long,
    'length-too-short': length_too_short,
    'length-negative': length_negative,
    'length-absurd': length_absurd,
    'not-http': not_http,
    'interim': interim,
    'chunked': chunked,
    'huge-headers': good([('X-Pad-%d' % i, 4000 * 'h') for i in range(100)]),
    'many-headers': good([('X-Pad-%d' % i, 'h') for i in range(2000)]),
    'echo-description': echo('error_description'),
    'echo-error': echo('error'),
    'echo-suberror': echo('suberror'),
    'echo-location': echo('location'),
    'echo-type': echo('token_type'),
    'set-cookie': good([('Set-Cookie', 'session=abc; Path=/; Max-Age=86400')]),
    'clock-hour-behind': clock_off(-HOUR),
    'clock-hour-ahead': clock_off(HOUR),
    'clock-words': good([('Date', 'yesterday, \x1b[31mabout noon')]),
    # expires_in
    'expires-missing': good(expires_in=None),
    'expires-string': good(expires_in='"1800"'),
    'expires-zero': good(expires_in='0'),
    'expires-negative': good(expires_in='-1'),
    'expires-huge': good(expires_in='99999999999999999999'),
    'expires-int64': good(expires_in='9223372036854775807'),
    'expires-float': good(expires_in='1e3'),
    'expires-fraction': good(expires_in='1800.75'),
    'expires-words': good(expires_in='"abc"'),
    'expires-null': good(expires_in='null'),
    'expires-object': good(expires_in='{}'),
    # token_type
    'type-lower': good(token_type='"bearer"'),
    'type-upper': good(token_type='"BEARER"'),
    'type-dpop': good(token_type='"DPoP"'),
    'type-mac': good(token_type='"mac"'),
    'type-missing': good(token_type=None),
    'type-number': good(token_type='1'),
    # access_token
    'token-missing': good(access_token=None),
    'token-null': good(access_token='null'),
    'token-number': good(access_token='12345'),
    'token-empty': good(access_token='""'),
    'token-ctrl-a': good(access_token='"abc\\u0001auth=Bearer x"'),
    'token-cr': good(access_token='"abc\\rdef"'),
    'token-lf': good(access_token='"abc\\ndef"'),
    'token-nul': good(access_token='"abc\\u0000def"'),
    'token-space': good(access_token='"abc def"'),
    'token-del': good(access_token='"abc\\u007f"'),
    'token-non-ascii': good(access_token='"abc\\u00e9"'),
    'token-16k': good(access_token=text(16384 * 'A')),
    'token-16k-and-one': good(access_token=text(16385 * 'A')),
    'token-20k': good(access_token=text(20480 * 'A')),
    # the same with a good rotated refresh token: that one must be kept
    'rotated-token-missing': rotating(access_token=None),
    'rotated-token-ctrl-a': rotating(access_token='"abc\\u0001"'),
    'rotated-token-20k': rotating(access_token=text(20480 * 'A')),
    'rotated-type-dpop': rotating(token_type='"DPoP"'),
    # refresh_token
    'refresh-lf': new_refresh('"rt\\nscope = all"'),
    'refresh-ctrl': new_refresh('"rt\\u0001\\u001b[31m"'),
    'refresh-nul': new_refresh('"rt\\u0000x"'),
    'refresh-non-ascii': new_refresh('"rt\\u00e9"'),
    'refresh-20k': new_refresh(text(20480 * 'R')),
    'refresh-empty': new_refresh('""'),
    'refresh-null': new_refresh('null'),
    'refresh-number': new_refresh('1'),
    'refresh-same': lambda request, options: new_refresh(
        text(dict(request.form()).get('refresh_token', '')))(request, options),
    # OAuth errors
    'invalid-grant': refuse('invalid_grant', 'Token has been expired or revoked.'),
    'invalid-grant-nasty': refuse('invalid_grant', NASTY),
    'invalid-grant-bare': refuse('invalid_grant'),
    'interaction-required': refuse('interaction_required', 'AADSTS50076: use multi-factor authentication',
                                   suberror='basic_action'),
    'login-required': refuse('login_required', 'sign in again'),
    'consent-required': refuse('consent_required', 'an administrator must consent'),
    'invalid-client': refuse('invalid_client', 'the secret is wrong', '401 Unauthorized',
                             [('WWW-Authenticate', 'Basic realm="token"')]),
    'unauthorized-client': refuse('unauthorized_client', 'this client was disabled'),
    'unsupported-grant-type': refuse('unsupported_grant_type'),
    'invalid-token': refuse('invalid_token', 'Token expired or revoked'),
    'unsupported-token-type': refuse('unsupported_token_type'),
    'invalid-scope': refuse('invalid_scope', 'unknown scope'),
    'invalid-request': refuse('invalid_request', 'a parameter is missing'),
    'temporarily-unavailable': refuse('temporarily_unavailable'),
    'temporarily-unavailable-503': refuse('temporarily_unavailable', status='503 Service Unavailable'),
    'server-error': refuse('server_error'),
    'unknown-error': refuse('flux_capacitor_low', 'charge it'),
    'error-nasty': refuse(NASTY[:200], NASTY),
    # a good answer with the numbers of the options, those of refresh tokens above all
    'good-with': lambda request, options: good(**{
        key: str(value) for key, value in options.items() if key.startswith(('refresh_token_', 'authorization_'))
    })(request, options),
    # error, suberror, error_subtype and error_description as the options say
    'error': lambda request, options: plain('400 Bad Request', json.dumps(
        {key: value for key, value in options.items() if key.startswith(('error', 'suberror'))}))(request, options),
}
