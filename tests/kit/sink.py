#!/usr/bin/python3
"""sink.py PORT DIRECTORY: the next hop of mail in a test. Takes every message that comes by SMTP on
127.0.0.1:PORT and stores it in DIRECTORY as 1, 2, 3 ..., the envelope in two lines above the message."""

import os
import socketserver
import sys
import threading

LONGEST_LINE = 65536
stored = 0
counting = threading.Lock()


class Session(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self):
        self.sender, self.recipients = "", []
        self.say("220 sink.test ESMTP")
        while line := self.rfile.readline(LONGEST_LINE):
            words = line.decode("latin-1").strip()
            verb = words.upper().split(" ")[0]
            if verb == "EHLO":
                self.say("250-sink.test")
                self.say("250 8BITMIME")
            elif verb == "MAIL":
                self.sender, self.recipients = words, []
                self.say("250 2.1.0 sender ok")
            elif verb == "RCPT":
                self.recipients.append(words)
                self.say("250 2.1.5 recipient ok")
            elif verb == "DATA":
                self.say("354 go on")
                self.say("250 2.0.0 stored as %d" % self.store())
            elif verb == "QUIT":
                self.say("221 2.0.0 bye")
                return
            else:
                self.say("250 2.0.0 ok")

    def store(self):
        global stored
        lines = [self.sender.encode() + b"\n", " ".join(self.recipients).encode() + b"\n"]
        while (line := self.rfile.readline(LONGEST_LINE)) and line != b".\r\n":
            lines.append(line[1:] if line.startswith(b"..") else line)
        with counting:
            stored += 1
            number = stored
        path = os.path.join(sys.argv[2], str(number))
        with open(path + ".new", "wb") as file:
            file.writelines(lines)
        os.rename(path + ".new", path)
        return number


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


Server(("127.0.0.1", int(sys.argv[1])), Session).serve_forever()
