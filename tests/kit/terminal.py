#!/usr/bin/python3
"""terminal.py DIRECTORY COMMAND...: runs COMMAND on a pseudo terminal of its own, as a person would.

The window has the columns and rows that DIRECTORY/size names, or none. What DIRECTORY/type.N (N = 1, 2 ...) holds is
typed once that file is there, in order. Once COMMAND has ended,
DIRECTORY/screen has what it printed, DIRECTORY/status its exit status (128 + N for signal N), and DIRECTORY/modes
"restored" or "changed": what the terminal's settings are compared with before. Its window has $TERMINAL_COLUMNS columns,
if that is set. DIRECTORY/shown grows meanwhile.
"""
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

directory, command = sys.argv[1], sys.argv[2:]
DEADLINE = time.monotonic() + 90


def path(name):
    return os.path.join(directory, name)


def settle(master):
    """Gives the terminal's settings in a form that can be compared."""
    return termios.tcgetattr(master)


keeper_master, keeper = pty.openpty()
if os.environ.get("TERMINAL_COLUMNS"):
    termios.tcsetwinsize(keeper, (24, int(os.environ["TERMINAL_COLUMNS"])))
before = settle(keeper)
if os.path.exists(path("size")):
    with open(path("size")) as size:
        columns, rows = map(int, size.read().split())
    fcntl.ioctl(keeper, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
child = os.fork()
if child == 0:
    os.setsid()
    # Whoever runs this in the background may ignore it; a person's shell does not.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.close(keeper_master)
    fcntl.ioctl(keeper, termios.TIOCSCTTY, 0)
    for fd in range(3):
        os.dup2(keeper, fd)
    os.closerange(3, 64)
    os.execvp(command[0], command)

turn, pending, status = 1, b"", None
with open(path("shown"), "wb", buffering=0) as shown:
    while status is None or select.select([keeper_master], [], [], 0)[0]:
        if time.monotonic() > DEADLINE:
            os.kill(child, 9)
        if status is None:
            pid, code = os.waitpid(child, os.WNOHANG)
            if pid == child:
                status = os.WEXITSTATUS(code) if os.WIFEXITED(code) else 128 + os.WTERMSIG(code)
        if not pending and os.path.exists(path(f"type.{turn}")):
            with open(path(f"type.{turn}"), "rb") as typed:
                pending = typed.read()
            turn += 1
        reads, writes, _ = select.select([keeper_master], [keeper_master] if pending else [], [], 0.05)
        if reads:
            shown.write(os.read(keeper_master, 65536))
        if writes:
            pending = pending[os.write(keeper_master, pending[:1024]):]

after = settle(keeper)
os.rename(path("shown"), path("screen"))
with open(path("modes"), "w") as modes:
    modes.write("restored\n" if after == before else "changed\n")
with open(path("status"), "w") as out:
    out.write(f"{status}\n")
