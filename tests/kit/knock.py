#!/usr/bin/python3
"""Knocks at a door: knock.py SOCKET VERB [NUMBER].

say           sends standard input, and prints what comes back but the access token; the seconds go to standard error
hold NUMBER   opens so many connections, sends standard input on each, says `held` and how many were closed at once,
              and keeps the others until it is ended; never reads"""
import select
import signal
import socket
import sys
import time


def knock():
    door = socket.socket(socket.AF_UNIX)
    door.connect(sys.argv[1])
    door.settimeout(30)
    return door


def say(text):
    began = time.monotonic()
    door = knock()
    answer = b""
    try:
        door.sendall(text)
    except (BrokenPipeError, ConnectionResetError):
        pass
    try:
        while block := door.recv(65536):
            answer += block
    except ConnectionResetError:
        pass
    for line in answer.decode().splitlines():
        print("access_token = [not shown]" if line.startswith("access_token = ") else line)
    print(f"{time.monotonic() - began:.0f}", file=sys.stderr)


def hold(text, number):
    doors = []
    for _ in range(number):
        door = knock()
        try:
            door.sendall(text)
        except BrokenPipeError:
            pass
        doors.append(door)
    poll = select.poll()
    for door in doors:
        poll.register(door, select.POLLRDHUP)
    closed, before, since = 0, -1, time.monotonic()
    while time.monotonic() - since < 1:  # until it has been the same for a second
        closed = len(poll.poll(0))
        if closed != before:
            before, since = closed, time.monotonic()
        time.sleep(0.02)
    print("held", number - closed, flush=True)
    signal.pause()


said = sys.stdin.buffer.read()
if sys.argv[2] == "say":
    say(said)
else:
    hold(said, int(sys.argv[3]))
