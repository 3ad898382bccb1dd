#!/usr/bin/python3
"""Runs all rows against an installed prefix and a running endpoint; writes TAP.

    rows.py PREFIX DIRECTORY [PATTERN]      only the rows whose name PATTERN (a regex) finds

DIRECTORY holds endpoint/ports and certificates/ca.pem (see endpoint.sh); homes are made below it.
"""
import concurrent.futures
import os
import re
import sys
import traceback

import client
import configuration
import connection
import durable
import endings
import faults
import harness
import hooks
import login
import logout
import policy
import remedies
import replies
import reports
import state
import watching
import wire

TOGETHER = 4            # rows at once; most of their time they wait
PARTS = (replies, policy, login, logout, wire, client, connection, configuration, state, reports, durable, faults,
         remedies, endings, watching, hooks)


def play(world, number, function, arguments):
    """None if all checks held, otherwise what did not."""
    try:
        function(harness.Box(world, 'k%03d' % number), *arguments)
    except (harness.Broken, harness.Skip) as said:
        return said
    except Exception:           # pylint: disable=broad-except
        return harness.Broken(traceback.format_exc())
    return None


def report(number, name, said):
    if isinstance(said, harness.Skip):
        print('ok %d - %s # SKIP %s' % (number, name, said))
    elif said is None:
        print('ok %d - %s' % (number, name))
    else:
        print('not ok %d - %s' % (number, name))
        for line in str(said).encode('ascii', 'backslashreplace').decode().splitlines():
            print('#   ' + line)
    sys.stdout.flush()


def main():
    world = harness.World(sys.argv[1], sys.argv[2])
    if not os.access(world.program, os.X_OK):
        print('Bail out! there is no program %s' % world.program)
        return 1
    wanted = re.compile(sys.argv[3] if len(sys.argv) > 3 else '')
    rows = [row for row in harness.ROWS if wanted.search(row[0])]
    print('# %d rows in %d parts' % (len(rows), len(PARTS)))
    failures = 0
    with concurrent.futures.ThreadPoolExecutor(TOGETHER) as pool:
        plays = [pool.submit(play, world, number, function, arguments)
                 for number, (_, function, arguments) in enumerate(rows, 1)]
        for number, (running, (name, _, _)) in enumerate(zip(plays, rows), 1):
            said = running.result()
            failures += isinstance(said, harness.Broken)
            report(number, name, said)
    print('1..%d' % len(rows))
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
