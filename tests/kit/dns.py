#!/usr/bin/python3
"""A name server for tests: answers A, MX, TXT and CNAME from a file, and lies where it is told to.

    dns.py ADDRESS PORT ZONE [READY]     READY is written once it answers; ends with its parent's SIGTERM

ZONE has lines `NAME TYPE DATA`, blanks between them; `*` as NAME is what every other name gets:
    example.test    MX     10 mail.example.test
    example.test    TXT    "one string" "and another"
    alias.test      CNAME  example.test
    mail.example.test  A   127.0.0.1
    broken.test     LIE    loop | short | wrongid | other | servfail | truncated | silent | noise | many
It is read again for each question, so that a test can change it. Other names do not exist (NXDOMAIN).
"""
import os
import random
import re
import shlex
import socket
import struct
import sys

TYPES = {'A': 1, 'CNAME': 5, 'MX': 15, 'TXT': 16}
IN = 1


def pack_name(name):
    labels = [label for label in name.rstrip('.').split('.') if label]
    return b''.join(bytes([len(label)]) + label.encode() for label in labels) + b'\0'


def read_question(packet):
    at, labels = 12, []
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode('latin-1'))
        at += packet[at] + 1
    kind, _ = struct.unpack('>HH', packet[at + 1:at + 5])
    return '.'.join(labels).lower(), kind, packet[12:at + 5]


def read_zone(path):
    with open(path, encoding='ascii') as file:
        lines = [line.split(None, 2) for line in file if line.strip() and not line.startswith('#')]
    return [(line[0].lower(), line[1], line[2].strip()) for line in lines]


def pack_data(kind, data):
    if kind == 'A':
        return socket.inet_aton(data)
    if kind == 'CNAME':
        return pack_name(data)
    if kind == 'MX':
        preference, host = data.split()
        return struct.pack('>H', int(preference)) + pack_name(host)
    return b''.join(bytes([len(text)]) + text.encode() for text in shlex.split(data))


def record(owner, kind, rdata):
    return owner + struct.pack('>HHIH', kind, IN, 60, len(rdata)) + rdata


def message(question, ident, records, rcode=0, truncated=False):
    flags = 0x8180 | rcode | (0x0200 if truncated else 0)
    return struct.pack('>HHHHHH', ident, flags, 1, len(records), 0, 0) + question + b''.join(records)


def lie(how, name, question, ident):
    """What no name server should say."""
    pointer = b'\xc0\x0c'
    mx = struct.pack('>H', 10)
    loop = 12 + len(question) + 2 + 10 + 2      # where the host of the first record stands
    return {
        'loop': lambda: message(question, ident, [record(
            pointer, TYPES['MX'], mx + struct.pack('>H', 0xc000 | loop))]),
        'short': lambda: message(question, ident, [record(pointer, TYPES['MX'], mx + pack_name('mx.test'))])[:-5],
        'wrongid': lambda: message(question, ident ^ 1, [record(pointer, TYPES['MX'], mx + pack_name('mx.test'))]),
        'other': lambda: message(question, ident, [record(
            pack_name('elsewhere.test'), TYPES['MX'], mx + pack_name('mx.elsewhere.test'))]),
        'servfail': lambda: message(question, ident, [], rcode=2),
        'truncated': lambda: message(question, ident, [record(
            pointer, TYPES['MX'], mx + pack_name('aspmx.l.google.com'))], truncated=True),
        'silent': lambda: b'',
        'noise': lambda: struct.pack('>HHHHHH', ident, 0x8180, 1, 0xffff, 0xffff, 0xffff) + question
            + random.Random(1).randbytes(400),
        'many': lambda: message(question, ident, [record(
            pointer, TYPES['MX'], struct.pack('>H', n) + pack_name('mx%d.%s' % (n, name))) for n in range(40)]),
    }[how]()


def answer(packet, zone):
    name, kind, question = read_question(packet)
    ident = struct.unpack('>H', packet[:2])[0]
    about = [entry for entry in zone if entry[0] == name] or [entry for entry in zone if entry[0] == '*']
    for _, what, data in about:
        if what == 'LIE':
            return lie(data, name, question, ident)
    records, owner = [], name
    for _ in range(8):
        alias = [data for entry, what, data in zone if entry == owner and what == 'CNAME']
        if not alias:
            break
        records.append(record(pack_name(owner), TYPES['CNAME'], pack_data('CNAME', alias[0])))
        owner = alias[0].lower()
    known = about if owner == name else [entry for entry in zone if entry[0] == owner]
    records += [record(pack_name(owner), kind, pack_data(what, data))
                for _, what, data in known if TYPES.get(what) == kind]
    return message(question, ident, records, rcode=0 if about else 3)


def main():
    address, port, path = sys.argv[1:4]
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((address, int(port)))
    if len(sys.argv) > 4:
        with open(sys.argv[4] + '.new', 'w', encoding='ascii') as file:
            file.write('%d\n' % server.getsockname()[1])
        os.rename(sys.argv[4] + '.new', sys.argv[4])
    while True:
        packet, client = server.recvfrom(4096)
        try:
            reply = answer(packet, read_zone(path))
        except (IndexError, KeyError, ValueError, struct.error) as error:
            print('no answer to %r: %r' % (packet, error), file=sys.stderr, flush=True)
            continue
        print(re.sub(r'[^ -~]', '?', '%s %d: %d octets' % (*read_question(packet)[:2], len(reply))), flush=True)
        if reply:
            server.sendto(reply, client)


main()
