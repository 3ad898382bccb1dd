"""Rows: over which connection: TLS, plain http, proxies."""
import socket

from harness import ACCOUNT, CONFIG, SERVER, TEMPORARY, check, matches, row, same


# ---- TLS


def over_tls(box, listener, host='localhost', **keys):
    """An account at an https listener, stored while the endpoint was reached by http."""
    box.ready()
    box.age(-10)
    box.configure(token_endpoint=box.url(listener, host), http_loopback=None, **keys)


@row('https with the CA of ca_file, by name', 'localhost')
@row('https with the CA of ca_file, by address', '127.0.0.1')
def https(box, host):
    over_tls(box, 'https', host)
    box.renewed()
    matches(r'^TLSv1\.[23]$', box.requests()[-1]['tls'], 'the version of TLS')


def distrusted(box, listener, pattern, **keys):
    over_tls(box, listener, **keys)
    grant = box.file('grant').read_bytes()
    result = box.run('token', ACCOUNT).failed(CONFIG, SERVER, TEMPORARY)
    matches(pattern, result.line, 'the sentence')
    matches(r'localhost', result.line, 'the sentence names the host')
    same(len(box.requests()), 1, 'requests')
    same(box.file('grant').read_bytes(), grant, 'the grant')


row('a certificate for another name is refused and named', 'wrongname',
    r'(?i)certificate|subject name')(distrusted)
row('an expired certificate is refused and named', 'expired', r'(?i)certificate.*expired')(distrusted)
row('a certificate of an unknown CA is refused and named', 'unknown', r'(?i)certificate')(distrusted)
row('a server that speaks TLS 1.1 alone is refused', 'tls11', r'(?i)TLS|SSL|protocol')(distrusted)


@row('a server that speaks TLS 1.1 alone is refused, even if the library would do it')
def old_tls(box):
    """saslfresh passes no OPENSSL_CONF on, so the online half is run under the lock as it would."""
    over_tls(box, 'tls11')
    settings = box.home / 'openssl.cnf'
    settings.write_text('openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\n'
                        'MinProtocol = TLSv1\nCipherString = ALL:@SECLEVEL=0\n')
    box.environment.update(OPENSSL_CONF=str(settings), LOCK=str(box.file('lock')),
                           ONLINE=str(box.world.prefix / 'libexec/saslfresh/saslfresh-online'))
    result = box.run('token', ACCOUNT, under=('/bin/sh', '-c', 'exec "$ONLINE" refresh "$2" 3<>"$LOCK"'))
    matches(r'(?i)tls', result.out.decode(), 'the answer')
    same(len(box.requests()), 1, 'requests')


@row('the CA of the test is unknown without ca_file')
def no_ca(box):
    distrusted(box, 'https', r'(?i)certificate', ca_file=None)


@row('SSL_CERT_FILE names a CA where ca_file does not')
def ca_from_environment(box):
    over_tls(box, 'https', ca_file=None)
    box.environment['SSL_CERT_FILE'] = str(box.world.certificates / 'ca.pem')
    box.renewed()


@row('ca_file that is not there')
def missing_ca(box):
    over_tls(box, 'https', ca_file='/nonexistent/ca.pem')
    result = box.run('token', ACCOUNT).failed(CONFIG)
    matches(r'/nonexistent/ca\.pem', result.line, 'the sentence')


@row('ca_file that holds no certificate')
def empty_ca(box):
    path = box.home / 'ca.pem'
    path.write_text('none\n')
    over_tls(box, 'https', ca_file=str(path))
    result = box.run('token', ACCOUNT).failed(CONFIG)
    matches(r'/ca\.pem', result.line, 'the sentence')


# ---- plain http


@row('http to the loopback wants http_loopback = yes', None)
@row('http to the loopback is refused with http_loopback = no', 'no')
def plain(box, loopback):
    box.ready()
    box.age(-10)
    box.configure(http_loopback=loopback)
    result = box.run('token', ACCOUNT).failed(CONFIG)
    matches(r'http', result.line, 'the sentence')
    matches(r'http_loopback|https', result.line, 'the remedy')
    same(len(box.requests()), 1, 'requests')


@row('http to any other host is refused, loopback allowed or not', 'http://mail.example.test/token')
@row('http to a name that begins like a loopback address', 'http://127.0.0.1.example.test/token')
@row('http to a user that is called like the loopback', 'http://127.0.0.1@mail.example.test/token')
@row('http to 128.0.0.1', 'http://128.0.0.1/token')
def plain_elsewhere(box, url):
    box.ready()
    box.age(-10)
    box.configure(token_endpoint=url)
    result = box.run('token', ACCOUNT).failed(CONFIG)
    matches(r'http', result.line, 'the sentence')
    check(result.seconds < 1, 'it went to the network: %s' % result)


@row('a URL that is neither http nor https', 'file:///etc/passwd')
@row('a URL of another kind', 'ftp://127.0.0.1/token')
@row('a URL without a scheme', '127.0.0.1/token')
def no_url(box, url):
    box.configure(token_endpoint=url)
    result = box.run('token', ACCOUNT).failed(CONFIG)
    matches(r'saslfresh\.conf:\d+: token_endpoint', result.line, 'the sentence')


@row('nobody listens: connection refused, told with host and port')
def nobody(box):
    box.ready()
    box.age(-10)
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))     # bound, never listening: nobody else can
        port = free.getsockname()[1]
        box.configure(token_endpoint='http://127.0.0.1:%d/token' % port)
        result = box.run('token', ACCOUNT).failed(TEMPORARY)
    matches(r'127\.0\.0\.1', result.line, 'the sentence')
    matches(r'(?i)connect', result.line, 'the sentence')


@row('a host that does not exist')
def no_host(box):
    box.ready()
    box.age(-10)
    box.configure(token_endpoint='https://token.invalid/token', http_loopback=None)
    result = box.run('token', ACCOUNT).failed(TEMPORARY)
    matches(r'token\.invalid', result.line, 'the sentence')


# ---- proxies


def proxied(box):
    log = box.world.endpoint / 'proxy.log'
    return [line for line in log.read_text().splitlines() if box.key in line] if log.exists() else []


def connects(box):
    log = box.world.endpoint / 'proxy.log'
    text = log.read_text() if log.exists() else ''
    return text.count('CONNECT localhost:%d\n' % box.world.ports[box.listener])


@row('https_proxy is used', 'https_proxy', 'https')
@row('HTTPS_PROXY is used', 'HTTPS_PROXY', 'https2')
@row('all_proxy is used', 'all_proxy', 'https3')
def proxy_variable(box, variable, listener):
    box.listener = listener
    over_tls(box, listener)
    box.environment[variable] = 'http://127.0.0.1:%d' % box.world.ports['http']
    before = connects(box)
    box.renewed()
    same(connects(box), before + 1, 'CONNECT requests')
    same(box.requests()[-1]['listener'], listener, 'listener')


@row('no_proxy excepts a host')
def no_proxy(box):
    box.listener = 'https4'
    over_tls(box, 'https4')
    box.environment.update(https_proxy='http://127.0.0.1:1', no_proxy='localhost')
    box.renewed()
    same(connects(box), 0, 'CONNECT requests')


@row('proxy of the account is used, and stronger than the variables')
def proxy_key(box):
    box.listener = 'https5'
    over_tls(box, 'https5', proxy='http://127.0.0.1:%d' % box.world.ports['http'])
    box.environment['https_proxy'] = 'http://127.0.0.1:1'
    box.renewed()
    same(connects(box), 1, 'CONNECT requests')


@row('clear text never leaves by a proxy: http_proxy and a loopback endpoint', 'http_proxy')
@row('clear text never leaves by a proxy: all_proxy and a loopback endpoint', 'all_proxy')
@row('clear text never leaves by a proxy: `proxy` and a loopback endpoint', None)
def loopback_proxy(box, variable):
    box.ready()
    box.age(-10)
    proxy = 'http://127.0.0.1:%d' % box.world.ports['http']
    if variable:
        box.environment[variable] = proxy
    else:
        box.configure(proxy=proxy)
    result = box.run('token', ACCOUNT)
    if result.status != 0:
        result.failed(CONFIG)
    same(proxied(box), [], 'requests at the proxy')


@row('a proxy that is not there is named')
def dead_proxy(box):
    over_tls(box, 'https', proxy='http://127.0.0.1:1')
    result = box.run('token', ACCOUNT).failed(TEMPORARY)
    matches(r'(?i)proxy|127\.0\.0\.1', result.line, 'the sentence')


@row('a password in the proxy URL is not shown')
def proxy_password(box):
    over_tls(box, 'https', proxy='http://user:s3cr3t@127.0.0.1:1')
    box.run('token', ACCOUNT).failed(TEMPORARY)
