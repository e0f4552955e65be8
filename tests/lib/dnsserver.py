#!/usr/bin/env python3
"""dnsserver - a DNS server for tests: a small zone, with delays and faults on request.

As a program:   dnsserver.py [--host ADDRESS] [--port PORT] [--log FILE] ZONEFILE...
In a test:      with dnsserver.DnsServer(zone_text) as dns: ... dns.port, dns.questions

It listens on UDP and TCP, knows EDNS and truncates answers that are too long. As a
program it prints "dnsserver: ready on HOST port PORT" and runs until it gets TERM.

The server is authoritative for every name there is. A name without records below or
at it is NXDOMAIN, one without records of the type NODATA, and so is an empty
non-terminal; both carry the SOA of the nearest zone, or a built-in one of the root
(minimum TTL 60). Wildcards work as in RFC 4592, chains of CNAME are followed.

Zone text, one record a line; names are absolute; "#" begins a comment line:

    NAME TYPE DATA          types A AAAA TXT MX CNAME PTR NS SOA
    NAME TXT "one" "two"    several strings; \\DDD and \\" work inside the quotes
    NAME TXT v=spf1 -all    without quotes: one value, cut into strings of 255 octets
    NAME DELAY MS [TYPE]    answers about NAME come that many milliseconds late
    NAME FAULT WHAT[:N] [TYPE]   the first N answers (default all) about NAME are wrong:
                            SERVFAIL REFUSED   that rcode
                            TIMEOUT            no answer
                            TRUNC              UDP answers are truncated, TCP is right
                            BADID              another query id
                            WRONGQ             the answer is to another question
                            GARBAGE            octets that are no DNS message
    $TTL SECONDS            for the lines that follow (300)

A DELAY or FAULT of *.NAME holds for everything below NAME.
"""
import argparse
import collections
import heapq
import os
import re
import selectors
import signal
import socket
import struct
import threading
import time

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28}
TYPE_NAMES = {number: name for name, number in TYPES.items()}
RCODES = {"SERVFAIL": 2, "REFUSED": 5}
FAULTS = {"TIMEOUT", "TRUNC", "BADID", "WRONGQ", "GARBAGE", *RCODES}
NXDOMAIN = 3
CHAIN_MAX = 16
ROOT_SOA = (60, "SOA", ". . 1 3600 600 86400 60")

Question = collections.namedtuple("Question", "name type transport")


def fold(name):
    """A name as it is compared: lower case, no final dot; "" is the root."""
    return name.rstrip(".").lower()


def parent(name):
    return name.partition(".")[2]


def wire_name(name):
    out = b""
    for label in filter(None, name.split(".")):
        octets = label.encode("latin-1")
        if len(octets) > 63:
            raise ValueError(f"label too long in {name}")
        out += bytes([len(octets)]) + octets
    return out + b"\0"


def txt_rdata(data):
    if data.startswith('"'):
        strings = []
        for text in re.findall(r'"((?:[^"\\]|\\.)*)"', data):
            octets = re.sub(rb"\\(\d{3}|.)",
                            lambda m: bytes([int(m[1])]) if len(m[1]) == 3 else m[1],
                            text.encode("utf-8"))
            strings.append(octets)
    else:
        octets = data.encode("utf-8")
        strings = [octets[i:i + 255] for i in range(0, len(octets), 255)] or [b""]
    if any(len(s) > 255 for s in strings):
        raise ValueError("a string of a TXT record has at most 255 octets")
    return b"".join(bytes([len(s)]) + s for s in strings)


def rdata(rtype, data):
    if rtype == "A":
        return socket.inet_pton(socket.AF_INET, data)
    if rtype == "AAAA":
        return socket.inet_pton(socket.AF_INET6, data)
    if rtype in ("NS", "CNAME", "PTR"):
        return wire_name(fold(data))
    if rtype == "TXT":
        return txt_rdata(data)
    if rtype == "MX":
        preference, host = data.split()
        return struct.pack(">H", int(preference)) + wire_name(fold(host))
    mname, rname, *numbers = data.split()
    return wire_name(fold(mname)) + wire_name(fold(rname)) + \
        struct.pack(">5I", *(int(n) for n in numbers))


class Zone:
    """Names and their records, with delays and faults."""

    def __init__(self, text):
        self.records = {}       # name -> {type: [(ttl, data)]}
        self.exists = {""}      # names with records and all names above them
        self.delays = {}        # (name, type or None) -> seconds
        self.faults = {}        # (name, type or None) -> [what, answers left or None]
        self.ttl = 300
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            try:
                self._line(line.strip())
            except (ValueError, IndexError, KeyError, OSError, struct.error) as e:
                raise ValueError(f"line {number}: {line.strip()!r}: {e}") from None

    def _line(self, line):
        name, word, *rest = line.split(None, 2)
        data = rest[0] if rest else ""
        if name == "$TTL":
            self.ttl = int(word)
            return
        name, word = fold(name), word.upper()
        if word == "DELAY":
            value, _, rtype = data.partition(" ")
            self.delays[name, rtype.strip() or None] = float(value) / 1000
        elif word == "FAULT":
            value, _, rtype = data.partition(" ")
            what, _, count = value.partition(":")
            if what not in FAULTS:
                raise ValueError("unknown fault " + what)
            self.faults[name, rtype.strip() or None] = [what, int(count) if count else None]
        elif word in TYPES:
            rdata(word, data)
            self.records.setdefault(name, {}).setdefault(word, []).append((self.ttl, data))
            while name not in self.exists:
                self.exists.add(name)
                name = parent(name)
        else:
            raise ValueError("unknown type " + word)

    def _special(self, table, name, rtype):
        """The entry for a name: its own, else that of the nearest wildcard above."""
        above, key = name, name
        while True:
            for wanted in (rtype, None):
                if (key, wanted) in table:
                    return table[key, wanted]
            if above == "":
                return None
            above = parent(above)
            key = "*." + above if above else "*"

    def delay(self, name, rtype):
        return self._special(self.delays, name, rtype) or 0

    def fault(self, name, rtype):
        """The fault for this answer, counted; None for a right one."""
        entry = self._special(self.faults, name, rtype)
        if entry is None or entry[1] == 0:
            return None
        if entry[1] is not None:
            entry[1] -= 1
        return entry[0]

    def find(self, name):
        """The record sets of a name; None when the name does not exist."""
        if name in self.records:
            return self.records[name]
        if name in self.exists:
            return {}
        while name:
            name = parent(name)
            wildcard = "*." + name if name else "*"
            if wildcard in self.records:
                return self.records[wildcard]
            if name in self.exists:
                break
        return None

    def _soa(self, name):
        while name and "SOA" not in self.records.get(name, {}):
            name = parent(name)
        if "SOA" in self.records.get(name, {}):
            ttl, data = self.records[name]["SOA"][0]
            return name, "SOA", ttl, data
        return "", "SOA", ROOT_SOA[0], ROOT_SOA[2]

    def answer(self, name, rtype):
        """(rcode, answer records, authority records); a record is (name, type, ttl, data)."""
        found = []
        for _ in range(CHAIN_MAX):
            sets = self.find(name)
            if sets is None:
                return NXDOMAIN, found, [self._soa(name)]
            if rtype in sets:
                found += [(name, rtype, ttl, data) for ttl, data in sets[rtype]]
                return 0, found, []
            if "CNAME" not in sets:
                return 0, found, [self._soa(name)]
            ttl, data = sets["CNAME"][0]
            found.append((name, "CNAME", ttl, data))
            name = fold(data)
        return RCODES["SERVFAIL"], [], []


class Query:
    """A question as it came in; ValueError when it is not one."""

    def __init__(self, packet):
        if len(packet) < 17 or packet[2] & 0x80 or packet[4:6] != b"\0\1":
            raise ValueError("not a query with one question")
        self.id, self.flags = struct.unpack_from(">HH", packet)
        at, labels = 12, []
        while packet[at]:
            if packet[at] > 63 or at + packet[at] + 1 >= len(packet):
                raise ValueError("bad name")
            labels.append(packet[at + 1:at + 1 + packet[at]].decode("latin-1"))
            at += packet[at] + 1
        self.question = packet[12:at + 5]
        self.name = fold(".".join(labels))
        number = struct.unpack_from(">H", packet, at + 1)[0]
        self.type = TYPE_NAMES.get(number, f"TYPE{number}")
        at += 5
        self.edns = packet[10:12] != b"\0\0" and packet[at:at + 3] == b"\0\0\x29"
        self.limit = 512
        if self.edns:
            self.limit = max(512, struct.unpack_from(">H", packet, at + 3)[0])


def wire_record(record):
    name, rtype, ttl, data = record
    octets = rdata(rtype, data)
    return wire_name(name) + struct.pack(">HHIH", TYPES[rtype], 1, ttl, len(octets)) + octets


def reply(zone, query, tcp, fault):
    """The octets of the answer to query."""
    if fault == "GARBAGE":
        return bytes(range(200, 212))
    rcode, found, authority = zone.answer(query.name, query.type)
    if fault in RCODES:
        rcode, found, authority = RCODES[fault], [], []
    question = query.question
    if fault == "WRONGQ":
        question = wire_name("other." + query.name) + question[-4:]
    body = b"".join(wire_record(r) for r in found + authority)
    extra = b"\0\0\x29" + struct.pack(">HIH", 1232, 0, 0) if query.edns else b""
    size = 12 + len(question) + len(body) + len(extra)
    truncated = not tcp and (fault == "TRUNC" or size > query.limit)
    if truncated:
        found, authority, body = [], [], b""
    flags = 0x8480 | (query.flags & 0x0100) | (0x0200 if truncated else 0) | rcode
    qid = query.id ^ 0x5555 if fault == "BADID" else query.id
    return struct.pack(">6H", qid, flags, 1, len(found), len(authority), len(extra) > 0) + \
        question + body + extra


class DnsServer:
    """The server, in one thread of its own. A context manager."""

    def __init__(self, zone_text, host="127.0.0.1", port=0):
        self.zone = Zone(zone_text)
        self.host = host
        self.questions = []             # every Question in the order of arrival
        self.log = None                 # a file object for "NAME TYPE TRANSPORT" lines
        self._late = []                 # heap of (when, number, send, octets)
        self._number = 0
        self._buffers = {}
        self._selector = selectors.DefaultSelector()
        self._udp, self._tcp = self._bind(host, port)
        self.port = self._udp.getsockname()[1]
        self._wake, self._waker = socket.socketpair()
        self._selector.register(self._udp, selectors.EVENT_READ, self._on_udp)
        self._selector.register(self._tcp, selectors.EVENT_READ, self._on_accept)
        self._selector.register(self._wake, selectors.EVENT_READ, None)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @staticmethod
    def _bind(host, port):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        for tries_left in range(20, -1, -1):    # a port that is free for UDP and TCP
            udp = socket.socket(family, socket.SOCK_DGRAM)
            tcp = socket.socket(family, socket.SOCK_STREAM)
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                udp.bind((host, port))
                tcp.bind((host, udp.getsockname()[1]))
                tcp.listen(64)
                return udp, tcp
            except OSError:
                udp.close()
                tcp.close()
                if port or not tries_left:
                    raise

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def set_zone(self, text):
        """Serves another zone from now on."""
        self.zone = Zone(text)

    def asked(self, name, rtype=None):
        """How often a name (of a type) was asked for."""
        return sum(1 for q in list(self.questions)
                   if q.name == fold(name) and rtype in (None, q.type))

    def forget(self):
        """Empties the log of questions."""
        self.questions.clear()

    def close(self):
        if self._thread.is_alive():
            self._waker.send(b"x")
            self._thread.join()
            for s in (self._udp, self._tcp, self._wake, self._waker, *self._buffers):
                s.close()
            self._selector.close()

    def _serve(self):
        while True:
            wait = max(0, self._late[0][0] - time.monotonic()) if self._late else None
            for key, _ in self._selector.select(wait):
                if key.fileobj is self._wake:
                    return
                key.data(key.fileobj)
            while self._late and self._late[0][0] <= time.monotonic():
                _, _, send, octets = heapq.heappop(self._late)
                send(octets)

    def _on_udp(self, udp):
        packet, peer = udp.recvfrom(65535)

        def send(octets):
            try:
                udp.sendto(octets, peer)
            except OSError:
                pass        # the asker is gone
        self._handle(packet, False, send)

    def _on_accept(self, tcp):
        client = tcp.accept()[0]
        self._buffers[client] = b""
        self._selector.register(client, selectors.EVENT_READ, self._on_tcp)

    def _on_tcp(self, client):
        def send(octets):
            try:
                client.sendall(struct.pack(">H", len(octets)) + octets)
            except OSError:
                pass
        try:
            data = client.recv(65536)
        except OSError:
            data = b""
        if not data:
            self._selector.unregister(client)
            del self._buffers[client]
            client.close()
            return
        buffer = self._buffers[client] + data
        while len(buffer) >= 2 and len(buffer) >= 2 + struct.unpack(">H", buffer[:2])[0]:
            length = struct.unpack(">H", buffer[:2])[0]
            self._handle(buffer[2:2 + length], True, send)
            buffer = buffer[2 + length:]
        self._buffers[client] = buffer

    def _handle(self, packet, tcp, send):
        try:
            query = Query(packet)
        except (ValueError, IndexError, struct.error):
            return
        question = Question(query.name, query.type, "tcp" if tcp else "udp")
        self.questions.append(question)
        if self.log is not None:
            print(*question, file=self.log, flush=True)
        fault = self.zone.fault(query.name, query.type)
        if fault == "TIMEOUT":
            return
        octets = reply(self.zone, query, tcp, fault)
        delay = self.zone.delay(query.name, query.type)
        if delay:
            self._number += 1
            heapq.heappush(self._late, (time.monotonic() + delay, self._number, send, octets))
        else:
            send(octets)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--log", help="append every question to this file")
    parser.add_argument("zone", nargs="+")
    args = parser.parse_args()
    text = ""
    for path in args.zone:
        with open(path, encoding="utf-8") as f:
            text += f.read() + "\n"
    try:
        server = DnsServer(text, args.host, args.port)
    except (ValueError, OSError) as e:
        parser.exit(1, f"dnsserver: {e}\n")
    if args.log:
        server.log = open(args.log, "a", encoding="utf-8")
    print(f"dnsserver: ready on {args.host} port {server.port}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
