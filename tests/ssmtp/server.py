"""A scripted SMTP server: each connection is played by a function of a test, a connection at a time."""
import base64
import socket
import ssl
import threading

SECONDS = 15            # that nothing may take


def b64(text):
    return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


class Gone(Exception):
    """The client has closed the connection."""


class Connection:
    def __init__(self, sock, server):
        self.sock, self.server, self.rest = sock, server, b''
        self.lines = []         # all that came, without CRLF
        self.chunks = []        # as recv(2) gave it
        sock.settimeout(SECONDS)

    def say(self, text):
        """Lines with '\n' between; bytes go as they are."""
        if isinstance(text, str):
            text = b''.join(line.encode('latin-1') + b'\r\n' for line in text.split('\n'))
        try:
            self.sock.sendall(text)
        except (OSError, ValueError):
            raise Gone from None

    def hear(self):
        while b'\n' not in self.rest:
            try:
                chunk = self.sock.recv(65536)
            except (ConnectionError, ssl.SSLError):
                chunk = b''
            if not chunk:
                raise Gone
            self.chunks.append(chunk)
            self.rest += chunk
        line, self.rest = self.rest.split(b'\n', 1)
        assert line.endswith(b'\r'), 'a line without CR: %r' % line[:80]
        line = line[:-1].decode('latin-1')
        self.lines.append(line)
        return line

    def decoded(self):
        return base64.b64decode(self.hear(), validate=True).decode('latin-1')

    def start_tls(self, certificate, tickets=2, version=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate + '.pem', certificate + '.key')
        context.num_tickets = tickets
        context.maximum_version = version or ssl.TLSVersion.MAXIMUM_SUPPORTED
        context.sni_callback = lambda sock, name, _: self.server.names.append(name)
        try:
            self.sock = context.wrap_socket(self.sock, server_side=True)
        except (ssl.SSLError, OSError) as error:
            self.server.tls_errors.append(str(error))
            raise Gone from None

    # ---- the usual parts of a dialogue ----

    def greet(self, *capabilities):
        self.say('220 server.test ESMTP')
        self.ehlo(*capabilities)

    def ehlo(self, *capabilities):
        line = self.hear()
        assert line == 'EHLO client.test', line
        lines = ['server.test hello', *capabilities]
        self.say('\n'.join('250%s%s' % ('-' if i + 1 < len(lines) else ' ', text)
                           for i, text in enumerate(lines)))

    def take_mail(self):
        while True:
            line = self.hear()
            verb = line.split(' ')[0].upper()
            if verb == 'DATA':
                self.say('354 go on')
                mail = []
                while (line := self.hear()) != '.':
                    mail.append(line[1:] if line.startswith('.') else line)
                self.server.mails.append(mail)
                self.say('250 2.0.0 taken')
            elif verb == 'QUIT':
                self.say('221 bye')
                return
            else:
                assert verb in ('MAIL', 'RCPT'), line
                self.server.envelope.append(line)
                self.say('250 2.1.0 ok')


class Server:
    """Use as a context; `play` is called with each Connection. What goes wrong in it is raised at the end."""

    def __init__(self, play):
        self.play = play
        self.connections, self.mails, self.envelope, self.names, self.tls_errors = [], [], [], [], []
        self.failure = None
        self.sock = socket.create_server(('127.0.0.1', 0))
        self.port = self.sock.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        # Wakes accept(2).
        self.sock.shutdown(socket.SHUT_RDWR)
        self.thread.join(SECONDS + 5)
        self.sock.close()

    def serve(self):
        while True:
            try:
                sock, _ = self.sock.accept()
            except OSError:
                return
            connection = Connection(sock, self)
            self.connections.append(connection)
            try:
                self.play(connection)
            except Gone:
                pass
            except Exception as error:          # what the script did not expect: for the test to show
                self.failure = error
            finally:
                try:
                    connection.sock.close()
                except OSError:
                    pass

    @property
    def lines(self):
        return [line for connection in self.connections for line in connection.lines]
