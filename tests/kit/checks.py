"""The checks of tests in Python: one that does not hold raises Broken with a sentence for whoever reads the failed run."""
import re


class Broken(Exception):
    """A check that did not hold."""


def check(condition, message):
    if not condition:
        raise Broken(message)


def same(got, wanted, what):
    check(got == wanted, '%s\n  got:    %r\n  wanted: %r' % (what, got, wanted))


def matches(pattern, text, what):
    check(re.search(pattern, text), '%s\n  got:    %.1200r\n  wanted: a match of %s' % (what, text, pattern))
