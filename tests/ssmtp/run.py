#!/usr/bin/python3
"""run.py MAILER PREFIX PLUGINS CERTIFICATES DIRECTORY [--real=STOCK]: every case against the mailer, each in a home of its
own, two at a time. TAP without a plan: the cases are counted by who calls. --real=STOCK says that MAILER is a real
sSMTP, and STOCK one to compare it with (none: there is none)."""
import concurrent.futures
import os
import pathlib
import sys
import traceback
import types

import dialogues
import harness
import real as real_sender
import tls


def run(number, name, function, tools, directory):
    os.makedirs(directory / str(number), mode=0o700)
    try:
        skipped = function(harness.Person(tools, directory / str(number)))
        return 'ok - %s%s' % (name, ' # SKIP ' + skipped if skipped else '')
    except (harness.Broken, AssertionError) as error:
        text = str(error)
    except Exception:
        text = traceback.format_exc()
    return 'not ok - %s\n%s' % (name, '\n'.join('# ' + line for line in text.split('\n')))


def main(arguments):
    real = [word for word in arguments if word.startswith('--real=')]
    mailer, prefix, plugins, certificates, directory = map(
        pathlib.Path, (word for word in arguments if word not in real))
    tools = types.SimpleNamespace(mailer=mailer, prefix=prefix, plugins=plugins, certificates=certificates,
                                  is_host=not real, stock=None)
    cases = dialogues.CASES + tls.CASES
    if real:
        cases += real_sender.CASES
        stock = real[0].removeprefix('--real=')
        tools.stock = None if stock == 'none' else stock
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for line in pool.map(lambda item: run(item[0], *item[1], tools, directory), enumerate(cases)):
            print(line, flush=True)


main(sys.argv[1:])
