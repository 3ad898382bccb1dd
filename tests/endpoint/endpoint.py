#!/usr/bin/python3
"""A token endpoint that misbehaves on request, for what real servers will not do on demand.

    endpoint.py --dir DIR --listen NAME [--listen NAME:CERT:KEY[:tls1.1]] ...

listens on 127.0.0.1, a free port for each --listen, and writes `NAME PORT` lines to DIR/ports once
all of them accept. http without a certificate, https with one. SIGTERM ends it.

The path is /KEY/...: every KEY is a server of its own, with its own refresh tokens. DIR/KEY.case
says how it behaves and is read again for each request: the name of a case (see cases.py) on the
first line, then `option = value` lines:
    rotation = on | off          a new refresh token with each answer (off)
    reuse = tolerated | punished an old refresh token still works, or kills the grant (punished)
    accept = TOKEN               this refresh token works and no other
    lifetime = JSON              what stands in expires_in (3600)
    delay = SECONDS              wait before the answer (0)
No such file: good. The first refresh token of KEY is rt-KEY-0; those that follow are rt-KEY-1 ...,
the access tokens at-KEY-1 ... Everything asked is appended to DIR/KEY.log, one JSON object a line.
CONNECT and absolute request URIs are served too (it is its own proxy), loopback targets only, and
noted in DIR/proxy.log.
"""
import argparse
import email.utils
import json
import os
import pathlib
import select
import signal
import socket
import ssl
import sys
import threading
import time
import urllib.parse

from cases import CASES

MIB = 1 << 20


class Server:
    """What is known of one KEY: its tokens, and how it is to behave."""

    def __init__(self, directory, key):
        self.directory = directory
        self.key = key
        self.lock = threading.Lock()
        self.issued = 0             # number of the newest refresh token
        self.access = 0             # number of the newest access token
        self.dead = False           # a used refresh token came back

    def behaviour(self):
        try:
            lines = (self.directory / (self.key + '.case')).read_text().splitlines()
        except FileNotFoundError:
            lines = ['good']
        options = dict(line.split(' = ', 1) for line in lines[1:] if line)
        return lines[0], options

    def record(self, entry):
        with self.lock, open(self.directory / (self.key + '.log'), 'a') as log:
            log.write(json.dumps(entry) + '\n')

    def accepts(self, token, options):
        """Whether the refresh token is one of ours and still good."""
        if 'accept' in options:
            return token == options['accept']
        prefix, _, number = token.rpartition('-')
        known = prefix == 'rt-' + self.key and number.isdigit() and int(number) <= self.issued
        with self.lock:
            if known and int(number) < self.issued and options.get('reuse') != 'tolerated':
                self.dead = True
            return known and not self.dead

    def next_access(self):
        with self.lock:
            self.access += 1
            return 'at-%s-%d' % (self.key, self.access)

    def next_refresh(self):
        with self.lock:
            self.issued += 1
            return 'rt-%s-%d' % (self.key, self.issued)


class Request:
    """One HTTP request as it came, and the connection to answer on."""

    def __init__(self, connection, listener, server, head, body):
        self.connection = connection
        self.listener = listener
        self.server = server
        self.method, self.target, _ = head[0].split(' ', 2)
        self.headers = [tuple(part.strip() for part in line.split(':', 1)) for line in head[1:]]
        self.body = body

    def header(self, name):
        for key, value in self.headers:
            if key.lower() == name:
                return value
        return None

    def form(self):
        return urllib.parse.parse_qsl(self.body.decode('latin-1'), keep_blank_values=True,
                                      encoding='utf-8', errors='replace')

    def entry(self, case):
        return {
            'time': time.time(), 'case': case, 'listener': self.listener,
            'method': self.method, 'target': self.target,
            'tls': self.connection.version() if isinstance(self.connection, ssl.SSLSocket) else None,
            'authorization': self.header('authorization'), 'user_agent': self.header('user-agent'),
            'accept': self.header('accept'), 'cookie': self.header('cookie'),
            'content_type': self.header('content-type'), 'expect': self.header('expect'),
            'headers': self.headers, 'body': self.body.decode('latin-1'), 'form': self.form(),
        }

    def send(self, status, body, headers=(), length=None):
        """Answers with status (`429 Too Many Requests`), body, more headers; length may lie."""
        if isinstance(body, str):
            body = body.encode('utf-8')
        names = {name.lower() for name, _ in headers}
        head = ['HTTP/1.1 ' + status]
        if 'content-type' not in names:
            head.append('Content-Type: application/json;charset=UTF-8')
        if 'date' not in names:
            head.append('Date: ' + email.utils.formatdate(usegmt=True))
        head += ['%s: %s' % pair for pair in headers]
        head += ['Cache-Control: no-store', 'Connection: close',
                 'Content-Length: %d' % (len(body) if length is None else length)]
        self.connection.sendall(('\r\n'.join(head) + '\r\n\r\n').encode('latin-1') + body)


def read_request(connection):
    """The lines of the head and the body, or None where the client went away."""
    data = b''
    while b'\r\n\r\n' not in data:
        block = connection.recv(65536)
        if not block or len(data) > MIB:
            return None
        data += block
    head, _, body = data.partition(b'\r\n\r\n')
    lines = head.decode('latin-1').split('\r\n')
    fields = {line.split(':', 1)[0].lower(): line.split(':', 1)[1].strip() for line in lines[1:]}
    if fields.get('expect', '').lower() == '100-continue':
        connection.sendall(b'HTTP/1.1 100 Continue\r\n\r\n')
    while len(body) < int(fields.get('content-length', 0)):
        block = connection.recv(65536)
        if not block:
            return None
        body += block
    return lines, body


class Endpoint:
    def __init__(self, directory):
        self.directory = directory
        self.servers = {}
        self.lock = threading.Lock()
        self.ports = []

    def server(self, key):
        with self.lock:
            return self.servers.setdefault(key, Server(self.directory, key))

    def serve(self, connection, listener):
        read = read_request(connection)
        if read is None:
            return
        lines, body = read
        method, target, _ = lines[0].split(' ', 2)
        if method == 'CONNECT':
            self.tunnel(connection, target)
            return
        if '://' in target:
            self.note_proxy(target)
            listener += '+proxy'
        key = urllib.parse.urlsplit(target).path.split('/')[1]
        if not key or not all(c.isalnum() or c in '-_' for c in key):
            return
        server = self.server(key)
        case, options = server.behaviour()
        request = Request(connection, listener, server, lines, body)
        server.record(request.entry(case))
        time.sleep(float(options.get('delay', '0')))
        CASES[case](request, options)

    def note_proxy(self, target):
        with self.lock, open(self.directory / 'proxy.log', 'a') as log:
            log.write(target + '\n')

    def tunnel(self, connection, target):
        host, _, port = target.rpartition(':')
        self.note_proxy('CONNECT ' + target)
        if host not in ('127.0.0.1', 'localhost') or int(port) not in self.ports:
            connection.sendall(b'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n')
            return
        with socket.create_connection(('127.0.0.1', int(port))) as far:
            connection.sendall(b'HTTP/1.1 200 Connection established\r\n\r\n')
            pair = {connection: far, far: connection}
            while True:
                for end in select.select(list(pair), [], [], 60)[0]:
                    block = end.recv(65536)
                    if not block:
                        return
                    pair[end].sendall(block)

    def handle(self, connection, listener, context):
        connection.settimeout(60)
        try:
            if context:
                connection = context.wrap_socket(connection, server_side=True)
            self.serve(connection, listener)
        except (OSError, ValueError):
            pass                    # the client went away, or never meant it
        finally:
            connection.close()

    def listen(self, words):
        name, *rest = words.split(':')
        context = None
        if rest:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(rest[0], rest[1])
            if rest[2:] == ['tls1.1']:
                context.set_ciphers('ALL:@SECLEVEL=0')
                context.minimum_version = ssl.TLSVersion.TLSv1
                context.maximum_version = ssl.TLSVersion.TLSv1_1
        listening = socket.create_server(('127.0.0.1', 0), backlog=128)
        port = listening.getsockname()[1]
        self.ports.append(port)

        def accept():
            while True:
                connection, _ = listening.accept()
                threading.Thread(target=self.handle, args=(connection, name, context),
                                 daemon=True).start()
        threading.Thread(target=accept, daemon=True).start()
        return name, port


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--dir', required=True, type=pathlib.Path)
    parser.add_argument('--listen', required=True, action='append')
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    endpoint = Endpoint(arguments.dir)
    ports = [endpoint.listen(words) for words in arguments.listen]
    written = arguments.dir / 'ports.new'
    written.write_text(''.join('%s %d\n' % pair for pair in ports))
    os.rename(written, arguments.dir / 'ports')
    while True:
        signal.pause()


if __name__ == '__main__':
    main()
