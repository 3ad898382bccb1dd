#!/usr/bin/python3
"""qr.py SCREEN IMAGE: what a camera sees of the half blocks on a terminal: SCREEN (bytes that were printed) as IMAGE (PGM).

Fails if there are none, if a line is longer or shorter than the others, or if a colour is none of those of the 256 that
every terminal shows alike (16 to 255).
"""
import re
import sys

SCALE = 4
BLOCKS = {" ": (0, 0), "\u2580": (1, 0), "\u2584": (0, 1), "\u2588": (1, 1)}


def grey(colour):
    """How light a colour of the cube is, 0 to 255; black and white are its ends."""
    number = int(colour)
    assert 16 <= number <= 231, f"colour {number} is what a theme makes of it"
    number -= 16
    return (number // 36 + number // 6 % 6 + number % 6) * 255 // 15


rows = []
for line in open(sys.argv[1], "rb").read().decode("utf-8").replace("\r", "").split("\n"):
    found = re.fullmatch("\x1b\\[38;5;(\\d+);48;5;(\\d+)m([ \u2580\u2584\u2588]+)\x1b\\[0m", line)
    if found:
        shades = (grey(found[2]), grey(found[1]))
        for half in (0, 1):
            rows.append([shades[BLOCKS[block][half]] for block in found[3]])
assert rows, "there is no picture"
assert len({len(row) for row in rows}) == 1, "it is not a rectangle"

with open(sys.argv[2], "wb") as image:
    image.write(b"P5 %d %d 255\n" % (len(rows[0]) * SCALE, len(rows) * SCALE))
    for row in rows:
        image.write(b"".join(bytes([shade]) * SCALE for shade in row) * SCALE)
