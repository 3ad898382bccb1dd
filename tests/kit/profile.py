#!/usr/bin/python3
"""profile.py FLAT STRACE FROM=TO...: whether a profile of AppArmor allows what strace has seen.

FLAT is what `apparmor_parser -p` prints, STRACE the output of strace -f -y; each FROM in its paths becomes TO. Prints
`PROFILE: ACCESS PATH` for each file that the profile of the program has no rule for. A rough reading of the rules: paths
and their letters, variables, no order and no denials."""

import itertools
import re
import sys


def variables(text):
    found = {'PROC': ['/proc/'], 'pid': ['[0-9]*', 'self'], 'tid': ['[0-9]*'], 'HOME': ['/root/', '/home/*/'], 'multiarch': ['*-linux-gnu*'],
             'run': ['/run/', '/var/run/'], 'sys': ['/sys/']}
    for name, values in re.findall(r'^@\{(\w+)\}\s*=\s*(.+)$', text, re.M):
        found[name] = values.split()
    return found


def expand(path, known):
    match = re.search(r'@\{(\w+)\}', path)
    if match is None:
        return [path]
    values = known.get(match.group(1), ['*'])
    return list(itertools.chain.from_iterable(
        expand(path[:match.start()] + value + path[match.end():], known) for value in values))


def pattern(glob):
    out, depth, i = '', 0, 0
    glob = re.sub('/+', '/', glob)
    while i < len(glob):
        c = glob[i]
        if glob.startswith('**', i):
            out, i = out + '.*', i + 1
        elif c == '*':
            out += '[^/]*'
        elif c == '?':
            out += '[^/]'
        elif c == '{':
            out, depth = out + '(?:', depth + 1
        elif c == '}':
            out, depth = out + ')', depth - 1
        elif c == ',' and depth > 0:
            out += '|'
        elif c == '[':
            end = glob.index(']', i)
            out, i = out + glob[i:end + 1].replace('[^', '[^'), end
        else:
            out += re.escape(c)
        i += 1
    return re.compile(out + r'\Z')


def rules(flat):
    """The rules of each profile: name, list of (regex, letters)."""
    known = variables(flat)
    found, stack = {}, []
    for line in flat.split('\n'):
        line = line.split('#')[0].strip()
        begun = re.match(r'profile\s+(\S+).*\{$', line)
        if begun:
            stack.append(begun.group(1))
            found[stack[-1]] = []
        elif line == '}' and stack:
            stack.pop()
        rule = re.match(r'(?:owner\s+)?"?([/@]\S*?)"?\s+([a-zA-Z]+)(?:\s*->.*)?,$', line)
        if rule and stack:
            for path in expand(rule.group(1), known):
                found[stack[-1]].append((pattern(path), rule.group(2)))
    return found


def wanted(strace, changes):
    """(profile, letter, path) of what was done with success; the profile follows the program."""
    profile = {}
    for line in strace.split('\n'):
        pid = line.split(' ')[0]
        call = re.match(r'\d+ +(openat|rename|unlink|execve)\((.*)\) = (-?\d+)', line)
        if not call or call.group(3).startswith('-'):
            continue
        paths = re.findall(r'"(/[^"]*)"', call.group(2).split(', [')[0])
        for old, new in changes:
            paths = [path.replace(old, new) for path in paths]
        if call.group(1) == 'execve':
            profile[pid] = {'saslfresh': 'saslfresh', 'saslfresh-online': 'online'}.get(paths[0].split('/')[-1], '')
            continue
        writes = call.group(1) != 'openat' or re.search('O_WRONLY|O_RDWR', call.group(2))
        for path in paths:
            if call.group(1) == 'openat':
                path = re.sub(r'.*<(/[^>]*)>\Z', r'\1', path)
            if 'O_PATH' in call.group(2):
                continue
            if 'O_DIRECTORY' in call.group(2):
                path += '/'
            yield profile.get(pid) or 'saslfresh', 'w' if writes else 'r', path


def main():
    with open(sys.argv[1]) as file:
        allowed = rules(file.read())
    with open(sys.argv[2]) as file:
        strace = file.read()
    changes = [change.split('=', 1) for change in sys.argv[3:]]
    seen = set(wanted(strace, changes))
    if not {'saslfresh', 'online'} <= {profile for profile, _, _ in seen}:
        print('strace has not seen both programs')
    for profile, letter, path in sorted(seen):
        if not any(letter in letters and regex.match(path) for regex, letters in allowed.get(profile, [])):
            print('%s: %s %s' % (profile, letter, path))


main()
