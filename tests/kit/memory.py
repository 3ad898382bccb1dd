#!/usr/bin/python3
"""Looks for texts in the memory of a running process: memory.py PID, one text a line on standard input. Prints how often
each was found, in that order, and never the text."""
import re
import sys

needles = [line.rstrip("\n").encode() for line in sys.stdin]
found = [0] * len(needles)
longest = max(map(len, needles))
scanned = 0
with open(f"/proc/{sys.argv[1]}/maps") as maps, open(f"/proc/{sys.argv[1]}/mem", "rb", 0) as mem:
    for line in maps:
        start, end, rights = re.match(r"([0-9a-f]+)-([0-9a-f]+) (....)", line).groups()
        if rights[0] != "r" or "[vvar]" in line or "[vsyscall]" in line:
            continue
        start, end = int(start, 16), int(end, 16)
        try:
            mem.seek(start)
            block = mem.read(end - start)
        except OSError:
            continue
        scanned += len(block)
        for i, needle in enumerate(needles):
            found[i] += block.count(needle)
if scanned < 1 << 20:
    sys.exit("there is next to nothing to see")
print(*found)
