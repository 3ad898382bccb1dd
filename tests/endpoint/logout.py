"""Rows: what a revocation endpoint may answer (RFC 7009), and what becomes of the grant."""
from harness import ACCOUNT, CONFIG, LOGIN, SERVER, TEMPORARY, check, matches, row, same


def revocable(box, **keys):
    """Logged in, with a revocation endpoint."""
    box.configure(revocation_endpoint=box.url().replace('/token', '/revoke'), **keys)
    return box.ready()


def gone(box):
    left = sorted(path.name for path in box.state.iterdir())
    same(left, [ACCOUNT + '.lock'], 'files in the state directory')


@row('logout: 200 with an empty body', 'empty-200')
@row('logout: 204', '204')
@row('logout: a server that calls a dead token invalid', 'invalid-token')
def revoked(box, case):
    revocable(box)
    before = len(box.requests())
    box.server(case)
    result = box.run('logout', ACCOUNT).succeeded().clean()
    matches('revoked at http://127.0.0.1:', result.out.decode(), 'what logout prints')
    same(result.err, b'', 'stderr')
    same(len(box.requests()) - before, 1, 'requests')
    asked = box.requests()[-1]
    same(asked['target'], '/%s/revoke' % box.key, 'where')
    same(dict(asked['form']), {'token': 'rt-%s-0' % box.key, 'token_type_hint': 'refresh_token',
                               'client_id': 'client'}, 'the form')
    gone(box)
    box.run('token', ACCOUNT).failed(LOGIN)
    box.run('logout', ACCOUNT).succeeded()
    same(len(box.requests()) - before, 1, 'requests')


@row('logout: the client secret in the form', 'client_secret_post')
@row('logout: the client secret in the header', 'client_secret_basic')
def authenticated(box, method):
    revocable(box, client_secret='s3cr3t', token_endpoint_auth_method=method)
    box.server('empty-200')
    box.run('logout', ACCOUNT).succeeded().clean()
    asked = box.requests()[-1]
    same(dict(asked['form']).get('client_secret'), 's3cr3t' if method.endswith('post') else None, 'in the form')
    same(asked['authorization'], None if method.endswith('post') else 'Basic Y2xpZW50OnMzY3IzdA==', 'in the header')


def kept(box, case, status):
    """Nothing is forgotten but on demand."""
    revocable(box)
    before = (box.file('grant').read_bytes(), box.file('token').read_bytes())
    box.server(case)
    result = box.run('logout', ACCOUNT).failed(status)
    matches(r'nothing is forgotten: .* \(saslfresh logout %s --forget removes it here alone\)$' % ACCOUNT,
            result.line, 'the sentence')
    same((box.file('grant').read_bytes(), box.file('token').read_bytes()), before, 'the files')
    result = box.run('logout', ACCOUNT, '--forget').succeeded().clean()
    matches('forgotten here, but not revoked: ', result.out.decode(), 'what --forget prints')
    gone(box)


for _case, _status in (('503', TEMPORARY), ('429', TEMPORARY), ('hang', TEMPORARY), ('closed', TEMPORARY),
                       ('empty-400', SERVER), ('404-html', SERVER), ('302', SERVER), ('not-http', SERVER), ('html-200', SERVER),
                       ('error-missing', SERVER), ('unsupported-token-type', SERVER), ('invalid-client', CONFIG),
                       ('invalid-grant', LOGIN), ('echo-description', LOGIN), ('echo-location', SERVER)):
    row('logout: nothing is forgotten after ' + _case, _case, _status)(kept)


@row('logout: a revocation endpoint without TLS is not asked')
def clear(box):
    box.ready()
    box.configure(revocation_endpoint=box.url().replace('127.0.0.1', 'mail.example.test'), http_loopback='no')
    before = len(box.requests())
    result = box.run('logout', ACCOUNT).failed(CONFIG)
    matches('is not https', result.line, 'the sentence')
    check(box.file('grant').exists(), 'the grant is gone')
    same(len(box.requests()), before, 'requests')
