#!/usr/bin/python3
"""mailscript.py CERTIFICATES CASE:PORT...: mail servers that say what real ones say to a token that they do not like,
each on a loopback port and behind TLS from the first octet; a case names the protocol and what happens.

    smtp-tenant smtp-mailbox   Exchange Online: SMTP AUTH is switched off
    smtp-echo                  the refusal repeats the whole response, and the token in it
    smtp-plain                 offers passwords alone
    smtp-bearer                offers OAUTHBEARER alone, and takes any token
    imap-owner                 Exchange Online: logged in, not connected
    imap-endless               lists folders for ever
    imap-early                 refuses before it has seen the token
    pop-silent                 says nothing after the login
    pop-closed                 hangs up instead of an answer
    pop-expired pop-wrongname pop-unknown    a certificate that must not be trusted
    http-ahead                 no mail: HTTP without TLS, its clock an hour ahead

Standard output has a line for each login: the case, the mechanism, and how many octets came. Never the token."""

import base64
import email.utils
import socketserver
import ssl
import sys
import threading
import time

LONGEST_LINE = 65536
TENANT = "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit " \
    "https://aka.ms/smtp_auth_disabled for more information."
MAILBOX = TENANT.replace("Tenant", "Mailbox")
CHALLENGE = base64.b64encode(b'{"status":"401","schemes":"bearer","scope":"mail"}').decode()


class Session(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def hear(self):
        """A line without its end; None when there are no more."""
        line = self.rfile.readline(LONGEST_LINE).decode("latin-1")
        return line.strip() if line else None

    def handle(self):
        try:
            if self.server.context:
                self.request = self.server.context.wrap_socket(self.request, server_side=True)
                self.setup()
            getattr(self, self.server.case.split("-")[0])(self.server.case.split("-")[1])
        except (OSError, ValueError):
            pass

    def note(self, mechanism, response):
        print(self.server.case, mechanism, len(base64.b64decode(response)), flush=True)

    def smtp(self, what):
        self.say("220 script.test ESMTP")
        while (line := self.hear()) is not None:
            words = line.split(" ")
            if words[0] == "EHLO":
                self.say("250-script.test")
                self.say("250 AUTH " + {"plain": "PLAIN LOGIN", "bearer": "OAUTHBEARER"}.get(what, "LOGIN XOAUTH2"))
            elif words[0] == "AUTH":
                self.say("334 ")
                response = self.hear()
                self.note(words[1], response)
                if what == "echo":
                    self.say("535-5.7.8 what is %s" % response)
                    self.say("535 5.7.8 that is %s" % base64.b64decode(response).decode("latin-1").replace("\1", " "))
                elif what == "bearer":
                    self.say("235 2.7.0 welcome")
                else:
                    self.say(TENANT if what == "tenant" else MAILBOX)
            else:
                self.say("221 bye" if words[0] == "QUIT" else "250 ok")

    def imap(self, what):
        self.say("* OK script")
        while (line := self.hear()) is not None:
            tag, verb = line.split(" ")[:2]
            if verb == "CAPABILITY":
                self.say("* CAPABILITY IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2")
                self.say(tag + " OK done")
            elif verb == "AUTHENTICATE" and what == "early":
                self.say(tag + " NO AUTHENTICATE failed.")
            elif verb == "AUTHENTICATE":
                self.say("+ ")
                self.note(line.split(" ")[2], self.hear())
                self.say(tag + " OK AUTHENTICATE completed.")
            elif verb == "LIST" and what == "endless":
                while True:
                    self.wfile.write(b'* LIST (\\HasNoChildren) "/" x\r\n' * 1000)
            elif verb == "LIST":
                self.say(tag + " BAD User is authenticated but not connected.")
            else:
                self.say(tag + " OK bye")

    def pop(self, what):
        self.say("+OK script")
        while (line := self.hear()) is not None:
            if line == "CAPA":
                self.say("+OK")
                self.say("SASL XOAUTH2")
                self.say(".")
            elif line.startswith("AUTH"):
                self.say("+ ")
                self.note("XOAUTH2", self.hear())
                if what == "closed":
                    return
                self.say("+ " + CHALLENGE)
            elif what == "silent":
                time.sleep(60)
            else:
                self.say("+OK")

    def http(self, what):
        while self.hear():
            pass
        self.say("HTTP/1.1 404 Not Found")
        self.say("Date: " + email.utils.formatdate(time.time() + 3600, usegmt=True))
        self.say("Content-Length: 0")
        self.say("Connection: close")
        self.say("")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass


for argument in sys.argv[2:]:
    case, port = argument.split(":")
    server = Server(("127.0.0.1", int(port)), Session)
    server.case, server.context = case, None
    if not case.startswith("http"):
        name = case.split("-")[1]
        name = "%s/%s" % (sys.argv[1], name if name in ("expired", "wrongname", "unknown") else "server")
        server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.context.load_cert_chain(name + ".pem", name + ".key")
    threading.Thread(target=server.serve_forever, daemon=True).start()
print("ready", flush=True)
threading.Event().wait()
