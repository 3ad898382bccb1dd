#!/usr/bin/python3
"""together.py COUNT DIRECTORY COMMAND [ARGUMENT...]: runs COUNT copies of a command, released at the same instant.
{} in an argument is the number of the copy, from 1. Copy N has its output in DIRECTORY/N.out and DIRECTORY/N.err.
Prints a line for each copy: exit status, milliseconds from the release to its end. All are killed after 60 seconds."""

import os
import sys
import time

PATIENCE = 60


def copy(number, directory, words, gate):
    """In the child: everything is ready when the gate opens, so that only the command itself is measured."""
    for fd, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(os.path.join(directory, "%d.%s" % (number, name)), os.O_WRONLY | os.O_CREAT, 0o600), fd)
    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    os.read(gate, 1)
    os.close(gate)
    os.execvp(words[0], [word.replace("{}", str(number)) for word in words])


def main():
    count, directory, words = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    gate, opener = os.pipe()
    children = {}
    for number in range(1, count + 1):
        child = os.fork()
        if child == 0:
            try:
                os.close(opener)
                copy(number, directory, words, gate)
            finally:
                os._exit(127)
        children[child] = number
    os.close(gate)
    began = time.monotonic()
    os.close(opener)
    killed = False
    while children:
        child, status = os.waitpid(-1, 0 if killed else os.WNOHANG)
        if child == 0:
            if time.monotonic() - began > PATIENCE:
                for child in children:
                    os.kill(child, 9)
                killed = True
            time.sleep(0.002)
            continue
        if children.pop(child, None) is not None:
            print(os.waitstatus_to_exitcode(status), round((time.monotonic() - began) * 1000))


main()
