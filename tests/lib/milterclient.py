#!/usr/bin/env python3
"""milterclient - the MTA's side of the milter protocol, for tests and demonstrations.

In a test:

    result = milterclient.send_message("inet:8893@127.0.0.1", message_octets,
                                       client_ip="192.0.2.1", mail_from="a@example.com")
    result.reply        accept reject tempfail discard quarantine ("accept" when all continue)
    result.text         "550 5.7.1 ..." when the filter gave a reply of its own, else ""
    result.stage        where the reply came: connect helo mail rcpt data header eoh body eom
    result.changes      modifications in order: Change("insert", name, value, index), ...
    result.headers      the header fields [(name, value)] with the changes applied

Step by step, several messages on one connection, or stopping in any state:

    with milterclient.Milter(address) as m:
        m.negotiate()
        m.connect("192.0.2.1"); m.helo("mx.example"); m.mail("a@example.com")
        m.rcpt("b@example.org"); m.header("From", "a@example.com"); m.eoh()
        m.body(b"text\\r\\n"); result = m.end()
        m.abort(); m.quit()     or simply leave: the connection is cut

Every step honours what was negotiated: a switched-off step is not sent, one without
reply is not waited for, "skip" ends a series, and a macro list of the filter
(setsymlist) decides which macros are sent. A step returns the letter of the filter's
reply, "c" (continue) when there was none; m.send() and m.receive() are the raw packets.

An address is inet:PORT@HOST, inet6:PORT@HOST, unix:PATH or local:PATH (a plain
path too).

As a program:   milterclient.py SOCKET FILE.eml...
passes each file through the filter and prints the reply and the header fields as the
filter left them. Lines before the message that begin with "%" set the envelope:

    %ip 192.0.2.1           address of the SMTP client (default 192.0.2.1)
    %host mail.example.com  its name
    %helo mail.example.com
    %from a@example.com     envelope sender; "%from <>" is the null sender
    %rcpt b@example.org     recipient, may be repeated
    %auth user              an authenticated client
    %job 4F2C81A0B7         queue id
"""
import argparse
import collections
import socket
import struct
import sys

# Actions that a filter may ask for, all offered by default.
ACTIONS = {"addhdrs": 0x01, "chgbody": 0x02, "addrcpt": 0x04, "delrcpt": 0x08,
           "chghdrs": 0x10, "quarantine": 0x20, "chgfrom": 0x40, "addrcpt_par": 0x80,
           "setsymlist": 0x100}
ALL_ACTIONS = 0x1ff

# Steps that the filter may switch off, and replies that it may leave out.
NO_STEP = {"connect": 0x01, "helo": 0x02, "mail": 0x04, "rcpt": 0x08, "body": 0x10,
           "header": 0x20, "eoh": 0x40, "unknown": 0x100, "data": 0x200}
NO_REPLY = {"header": 0x80, "connect": 0x1000, "helo": 0x2000, "mail": 0x4000,
            "rcpt": 0x8000, "data": 0x10000, "unknown": 0x20000, "eoh": 0x40000,
            "body": 0x80000}
SKIP = 0x400
RCPT_REJ = 0x800
LEADING_SPACE = 0x100000
ALL_PROTOCOL = 0x1fffff

COMMANDS = {"connect": b"C", "helo": b"H", "mail": b"M", "rcpt": b"R", "data": b"T",
            "header": b"L", "eoh": b"N", "body": b"B", "eom": b"E", "unknown": b"U"}
MACRO_STAGES = ["connect", "helo", "mail", "rcpt", "data", "eom", "eoh"]
FINAL = {"a": "accept", "r": "reject", "t": "tempfail", "d": "discard", "c": "accept",
         "y": "reject"}
BODY_CHUNK = 65535

Change = collections.namedtuple("Change", "what name value index")


class Error(Exception):
    """The filter broke the protocol or closed the connection."""


class Result:
    """What the filter decided about one message."""

    def __init__(self):
        self.reply, self.text, self.stage = None, "", None
        self.changes = []
        self.fields = []

    def decide(self, letter, text, stage):
        self.reply, self.text, self.stage = FINAL[letter], text, stage
        if letter == "y" and text.startswith("4"):
            self.reply = "tempfail"
        if self.reply == "accept" and any(c.what == "quarantine" for c in self.changes):
            self.reply = "quarantine"

    @property
    def headers(self):
        """The header fields after the changes, in order."""
        fields = list(self.fields)
        for change in self.changes:
            if change.what == "insert":
                fields.insert(change.index, (change.name, change.value))
            elif change.what == "add":
                fields.append((change.name, change.value))
            elif change.what == "change":
                self._change(fields, change)
        return fields

    @staticmethod
    def _change(fields, change):
        """The index counts the fields of that name from 1; an empty value deletes."""
        name = change.name.lower()
        places = [i for i, f in enumerate(fields) if f[0].lower() == name]
        if change.index > len(places):
            if change.value:
                fields.append((change.name, change.value))
            return
        place = places[max(change.index, 1) - 1]
        if change.value:
            fields[place] = (fields[place][0], change.value)
        else:
            del fields[place]

    def values(self, name):
        """The values of all header fields of that name, after the changes."""
        return [v for n, v in self.headers if n.lower() == name.lower()]

    def inserted(self, name):
        """The values that the filter added under that name."""
        return [c.value for c in self.changes
                if c.what in ("insert", "add") and c.name.lower() == name.lower()]


def open_socket(address, timeout):
    """A connected socket of a milter address."""
    kind, colon, rest = address.partition(":")
    if not colon or kind in ("unix", "local"):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        target = rest if colon else address
    elif kind in ("inet", "inet6"):
        port, _, host = rest.partition("@")
        family = socket.AF_INET6 if kind == "inet6" else socket.AF_INET
        s = socket.socket(family, socket.SOCK_STREAM)
        target = (host or ("::1" if kind == "inet6" else "127.0.0.1"), int(port))
    else:
        raise ValueError(f"no milter address: {address}")
    s.settimeout(timeout)
    try:
        s.connect(target)
        if family_is_inet(s):
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError:
        s.close()
        raise
    return s


def family_is_inet(s):
    return s.family in (socket.AF_INET, socket.AF_INET6)


def encode(text):
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")


def decode(octets):
    return octets.decode("utf-8", "surrogateescape")


def bracket(address):
    address = encode(address)
    return address if address.startswith(b"<") else b"<" + address + b">"


class Milter:
    """One connection to a filter."""

    def __init__(self, address, timeout=60):
        self.socket = open_socket(address, timeout)
        self.buffer = b""
        self.version = self.actions = self.protocol = 0
        self.offered = 0
        self.symlists = {}          # stage -> set of the macro names wanted
        self.skipped = set()        # steps that the filter wants no more of, this message
        self.last_text = ""         # text of the last "y" reply
        self.result = Result()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        """Cuts the connection, whatever the state."""
        self.socket.close()

    # Packets.

    def send(self, command, data=b""):
        """Sends one packet: a command letter (bytes) and its data."""
        self.socket.sendall(struct.pack(">I", len(data) + 1) + command + data)

    def receive(self):
        """The next packet of the filter: (letter, data)."""
        length = struct.unpack(">I", self._read(4))[0]
        if length < 1:
            raise Error("empty packet")
        packet = self._read(length)
        return chr(packet[0]), packet[1:]

    def _read(self, count):
        while len(self.buffer) < count:
            octets = self.socket.recv(65536)
            if not octets:
                raise Error("the filter closed the connection")
            self.buffer += octets
        octets, self.buffer = self.buffer[:count], self.buffer[count:]
        return octets

    # Session.

    def negotiate(self, version=6, actions=ALL_ACTIONS, protocol=ALL_PROTOCOL):
        """Offers version, actions and protocol steps; keeps what the filter took."""
        self.offered = protocol
        self.send(b"O", struct.pack(">III", version, actions, protocol))
        letter, data = self.receive()
        if letter != "O" or len(data) < 12:
            raise Error(f"bad answer to the negotiation: {letter} {data!r}")
        self.version, self.actions, self.protocol = struct.unpack(">III", data[:12])
        if self.actions & ~actions or self.protocol & ~(protocol | 0xf0000000):
            raise Error(f"the filter took what was not offered: {self.actions:#x} "
                        f"{self.protocol:#x}")
        data = data[12:]
        while len(data) > 4:
            stage = struct.unpack(">I", data[:4])[0]
            names, _, data = data[4:].partition(b"\0")
            self.symlists[MACRO_STAGES[stage]] = set(decode(names).split())
        return self

    def macros(self, stage, values):
        """Sends macros {name: value} before the command of a stage."""
        wanted = self.symlists.get(stage)
        data = b""
        for name, value in values.items():
            if value is not None and (wanted is None or name in wanted):
                data += encode(name) + b"\0" + encode(value) + b"\0"
        if data:
            self.send(b"D", COMMANDS[stage] + data)

    def step(self, stage, data=b"", macros=None):
        """Sends the command of a stage unless it is switched off; the reply's letter."""
        if self.protocol & NO_STEP.get(stage, 0) or stage in self.skipped:
            return "c"
        self.macros(stage, macros or {})
        self.send(COMMANDS[stage], data)
        if self.protocol & NO_REPLY.get(stage, 0):
            return "c"
        letter, text = self._reply()
        if letter == "s":
            self.skipped.add(stage)
            return "c"
        if letter != "c":
            self.result.decide(letter, self.last_text, stage)
        return letter

    def _reply(self):
        letter, data = self.receive()
        while letter == "p":            # "still at work"
            letter, data = self.receive()
        self.last_text = decode(data.rstrip(b"\0")) if letter == "y" else ""
        if letter not in FINAL and letter != "s":
            raise Error(f"unexpected reply {letter} {data!r}")
        return letter, data

    def connect(self, ip="192.0.2.1", host=None, port=25000, macros=None):
        """The SMTP client: an address, or None where the MTA knows none."""
        host = host if host is not None else f"[{ip or 'unknown'}]"
        data = encode(host) + b"\0"
        if ip is None:
            data += b"U"
        else:
            family = b"6" if ":" in ip else b"4"
            data += family + struct.pack(">H", port) + encode(ip) + b"\0"
        return self.step("connect", data, macros)

    def helo(self, name, macros=None):
        return self.step("helo", encode(name) + b"\0", macros)

    def mail(self, sender, *parameters, macros=None):
        """A new message; sender without brackets, "" is the null sender."""
        self.result = Result()
        self.skipped.clear()
        words = [bracket(sender), *(encode(p) for p in parameters)]
        return self.step("mail", b"".join(w + b"\0" for w in words), macros)

    def rcpt(self, address, *parameters, macros=None):
        words = [bracket(address), *(encode(p) for p in parameters)]
        return self.step("rcpt", b"".join(w + b"\0" for w in words), macros)

    def data(self, macros=None):
        return self.step("data", b"", macros)

    def header(self, name, value):
        """One field; value without the blank after the colon, folds as LF and blank."""
        self.result.fields.append((name, value))
        lead = b" " if self.protocol & LEADING_SPACE else b""
        return self.step("header", encode(name) + b"\0" + lead + encode(value) + b"\0")

    def eoh(self, macros=None):
        return self.step("eoh", b"", macros)

    def body(self, octets):
        """The body in chunks as an MTA cuts it."""
        letter = "c"
        for at in range(0, len(octets), BODY_CHUNK):
            letter = self.step("body", octets[at:at + BODY_CHUNK])
            if letter != "c":
                break
        return letter

    def end(self, macros=None):
        """End of message: the Result, with the changes that the filter asked for."""
        self.macros("eom", macros or {})
        self.send(COMMANDS["eom"])
        while True:
            letter, data = self.receive()
            if letter in FINAL:
                text = decode(data.rstrip(b"\0")) if letter == "y" else ""
                self.result.decide(letter, text, "eom")
                return self.result
            if letter != "p":
                change = parse_change(letter, data)
                if self.protocol & LEADING_SPACE and change.value.startswith(" "):
                    change = change._replace(value=change.value[1:])
                self.result.changes.append(change)

    def abort(self):
        """The message is given up; the session goes on."""
        self.send(b"A")

    def new_connection(self):
        """The SMTP client is gone, another one comes on this milter connection."""
        self.send(b"K")

    def quit(self):
        """Ends the session and the connection."""
        self.send(b"Q")
        self.close()

    def message(self, octets, mail_from="", rcpts=("postmaster@receiver.example",),
                job="4F2C81A0B7", auth=None, job_at="mail"):
        """One whole message on a session that has said HELO; stops at the first verdict.

        job_at says when the queue id is known: "mail" (Sendmail) or "data" (Postfix).
        """
        identity = {"i": job}
        early = identity if job_at == "mail" else {}
        login = {"{auth_authen}": auth, "{auth_type}": auth and "PLAIN"}
        sender = {"{mail_addr}": mail_from, **early, **login}
        if self.mail(mail_from, macros=sender) != "c":
            return self.result
        for address in rcpts:
            if self.rcpt(address, macros={"{rcpt_addr}": address, **early}) not in "cr":
                return self.result
        fields, text = split_message(octets)
        if self.data(identity) != "c":
            return self.result
        for name, value in fields:
            if self.header(name, value) != "c":
                return self.result
        if self.eoh(identity) != "c" or self.body(text) != "c":
            return self.result
        return self.end(identity)


def parse_change(letter, data):
    """A modification packet as a Change."""
    def texts(octets):
        return [decode(t) for t in octets.split(b"\0")]
    if letter in "im":
        index = struct.unpack(">I", data[:4])[0]
        name, value = texts(data[4:])[:2]
        return Change("insert" if letter == "i" else "change", name, value, index)
    if letter == "h":
        name, value = texts(data)[:2]
        return Change("add", name, value, None)
    kinds = {"q": "quarantine", "+": "add_rcpt", "2": "add_rcpt", "-": "delete_rcpt",
             "e": "change_from", "b": "replace_body"}
    if letter not in kinds:
        raise Error(f"unexpected packet {letter} {data!r}")
    return Change(kinds[letter], None, texts(data)[0], None)


def split_message(octets):
    """Octets of a message to ([(name, value)], body); folds become LF and blank."""
    octets = encode(octets).replace(b"\r\n", b"\n")
    head, _, text = octets.partition(b"\n\n")
    fields = []
    for line in decode(head).split("\n"):
        if line[:1] in (" ", "\t") and fields:
            fields[-1][1] += "\n" + line
        elif ":" in line:
            name, _, value = line.partition(":")
            fields.append([name, value[1:] if value.startswith(" ") else value])
    return [tuple(f) for f in fields], text.replace(b"\n", b"\r\n")


def send_message(address, octets, client_ip="192.0.2.1", client_host=None,
                 helo="mail.example.com", reporter="mx.receiver.example", timeout=60,
                 **message):
    """One session with one message; the Result. Further arguments: Milter.message()."""
    with Milter(address, timeout) as m:
        m.negotiate()
        session = {"j": reporter, "{daemon_name}": reporter, "v": "milterclient"}
        if m.connect(client_ip, client_host, macros=session) == "c" and m.helo(helo) == "c":
            m.message(octets, **message)
        result = m.result
        m.quit()
        return result


def read_sample(path):
    """A message file with %-lines: (arguments for send_message, octets)."""
    with open(path, "rb") as f:
        octets = f.read()
    words = {"ip": "client_ip", "host": "client_host", "helo": "helo", "from": "mail_from",
             "auth": "auth", "job": "job"}
    arguments = {}
    while octets.startswith(b"%"):
        line, _, octets = octets.partition(b"\n")
        word, _, value = decode(line[1:].strip()).partition(" ")
        value = value.strip()
        if word == "rcpt":
            arguments.setdefault("rcpts", []).append(value)
        elif word in words:
            arguments[words[word]] = "" if value == "<>" else value
        else:
            raise ValueError(f"{path}: unknown word %{word}")
    return arguments, octets


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("socket", metavar="SOCKET")
    parser.add_argument("files", metavar="FILE.eml", nargs="+")
    args = parser.parse_args()
    status = 0
    for path in args.files:
        try:
            arguments, octets = read_sample(path)
            result = send_message(args.socket, octets, **arguments)
        except (Error, OSError, ValueError) as e:
            print(f"{path}: {e}", file=sys.stderr)
            status = 1
            continue
        print(f"{path}: {result.reply} {result.text}".rstrip())
        for name, value in result.headers:
            print(f"    {name}: {value}")
    return status


if __name__ == "__main__":
    sys.exit(main())
