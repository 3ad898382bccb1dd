#!/usr/bin/python3
"""leaks.py FILE...: secrets on standard input, one a line; prints the name of every FILE that holds one of them, as it
is, encoded as forms are, or in base64 at any alignment (SASL and HTTP Basic). Exits with 1 if there was one."""

import base64
import sys
import urllib.parse

SHORTEST = 12


def shapes(secret):
    form = urllib.parse.quote(secret, safe="")
    for text in {secret, form, form.replace("~", "%7E")}:
        raw = text.encode()
        yield raw
        for shift in range(3):
            # Only the letters that no neighbour has a part in.
            letters = base64.b64encode(b"x" * shift + raw)
            yield letters[(shift * 8 + 5) // 6 : (shift + len(raw)) * 8 // 6]


def main():
    secrets = [line for line in sys.stdin.read().split("\n") if len(line) >= SHORTEST]
    if not secrets:
        sys.exit("leaks.py: no secrets to look for")
    wanted = {shape for secret in secrets for shape in shapes(secret)}
    found = False
    for path in sys.argv[1:]:
        with open(path, "rb") as file:
            text = file.read()
        if any(shape in text for shape in wanted):
            print(path)
            found = True
    sys.exit(1 if found else 0)


main()
