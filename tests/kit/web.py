#!/usr/bin/python3
"""Web sites for tests: what HOST has at PATH is the file DIRECTORY/HOST/PATH.

    web.py ADDRESS PORT CERTIFICATE KEY DIRECTORY [READY]

A file PATH.reply is sent octet by octet, head and all; other files as application/json. `*` as HOST is
every other host. Each request is written to DIRECTORY/log as `METHOD HOST PATH`, the body of the last one
to DIRECTORY/body. READY is written once it answers.
"""
import os
import pathlib
import socketserver
import ssl
import sys


class Site(socketserver.StreamRequestHandler):
    timeout = 10

    def handle(self):
        try:
            self.serve()
        except (OSError, ValueError) as error:
            print('%r' % error, file=sys.stderr, flush=True)

    def serve(self):
        method, path, _ = self.rfile.readline(8192).decode('ascii').split()
        headers = {}
        while line := self.rfile.readline(8192).decode('ascii').strip():
            name, _, value = line.partition(':')
            headers[name.lower()] = value.strip()
        body = self.rfile.read(int(headers.get('content-length', 0)))
        host = headers['host'].rsplit(':', 1)[0]
        root = self.server.directory
        with open(root / 'log', 'a', encoding='ascii') as log:
            log.write('%s %s %s\n' % (method, host, path))
        (root / 'body').write_bytes(body)
        site = root / host if (root / host).is_dir() else root / '*'
        file = site / path.lstrip('/').split('?')[0]
        raw = file.with_name(file.name + '.reply')
        if raw.is_file():
            self.wfile.write(raw.read_bytes())
        elif file.is_file():
            self.reply('200 OK', file.read_bytes())
        else:
            self.reply('404 Not Found', b'{}')

    def reply(self, status, body):
        self.wfile.write(('HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n'
                          'Connection: close\r\n\r\n' % (status, len(body))).encode() + body)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def finish_request(self, request, client_address):
        try:
            request.settimeout(10)
            super().finish_request(self.context.wrap_socket(request, server_side=True), client_address)
        except OSError as error:
            print('%r' % error, file=sys.stderr, flush=True)


def main():
    address, port, certificate, key, directory = sys.argv[1:6]
    server = Server((address, int(port)), Site)
    server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.context.load_cert_chain(certificate, key)
    server.directory = pathlib.Path(directory)
    if len(sys.argv) > 6:
        with open(sys.argv[6] + '.new', 'w', encoding='ascii') as file:
            file.write('%d\n' % server.server_address[1])
        os.rename(sys.argv[6] + '.new', sys.argv[6])
    server.serve_forever()


main()
