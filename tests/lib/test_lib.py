"""test_lib - the helpers themselves: what they answer, refuse and clean away."""
import os
import smtplib
import socket
import struct
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import dnsserver
import milterclient
import procs
import smtpsink
import tap

ZONE = r"""
example.test SOA ns.example.test. hostmaster.example.test. 1 3600 600 86400 30
example.test TXT "v=spf1 " "-all\"\065"
deep.below.example.test A 192.0.2.1
*.wild.example.test TXT hello
alias.example.test CNAME deep.below.example.test
loop.example.test CNAME loop.example.test
once.example.test FAULT SERVFAIL:1
once.example.test A 192.0.2.2
badid.example.test FAULT BADID
wrongq.example.test FAULT WRONGQ
garbage.example.test FAULT GARBAGE
refused.example.test FAULT REFUSED TXT
trunc.example.test FAULT TRUNC
trunc.example.test A 192.0.2.3
big.example.test TXT """ + "x" * 3000 + "\n"

QID = 0x1234


def query(name, rtype, edns=False):
    packet = struct.pack(">6H", QID, 0x0100, 1, 0, 0, int(edns))
    packet += dnsserver.wire_name(name) + struct.pack(">HH", dnsserver.TYPES[rtype], 1)
    return packet + (b"\0\0\x29" + struct.pack(">HIH", 1232, 0, 0) if edns else b"")


def ask_udp(dns, packet):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(procs.GIVE_UP_SECS)
        s.sendto(packet, (dns.host, dns.port))
        return s.recv(65535)


def ask_tcp(dns, packet):
    with socket.create_connection((dns.host, dns.port), procs.GIVE_UP_SECS) as s:
        s.sendall(struct.pack(">H", len(packet)) + packet)
        answer = s.makefile("rb")
        return answer.read(struct.unpack(">H", answer.read(2))[0])


def head(answer):
    """(query id, rcode, truncated, answers, authority)"""
    qid, flags, _, answers, authority, _ = struct.unpack_from(">6H", answer)
    return qid, flags & 15, bool(flags & 0x0200), answers, authority


ANSWERS = [     # name, type, rcode, answers, authority, octets that must occur
    ("example.test", "TXT", 0, 1, 0, b'\x07v=spf1 \x06-all"A'),
    ("EXAMPLE.Test", "TXT", 0, 1, 0, b"-all"),
    ("example.test", "A", 0, 0, 1, b"hostmaster"),
    ("below.example.test", "A", 0, 0, 1, b""),
    ("none.example.test", "A", 3, 0, 1, b"hostmaster"),
    ("none", "A", 3, 0, 1, b""),
    ("a.b.wild.example.test", "TXT", 0, 1, 0, b"\x05hello"),
    ("wild.example.test", "TXT", 0, 0, 1, b""),
    ("alias.example.test", "A", 0, 2, 0, bytes([192, 0, 2, 1])),
    ("loop.example.test", "A", 2, 0, 0, b""),
    ("refused.example.test", "TXT", 5, 0, 0, b""),
    ("refused.example.test", "A", 3, 0, 1, b""),
]


def answers(dns, name, rtype, rcode, count, authority, part):
    answer = ask_udp(dns, query(name, rtype))
    tap.equal(head(answer), (QID, rcode, False, count, authority), "head")
    tap.contains(answer, part, "answer")
    tap.equal(dns.questions[-1], (name.lower(), rtype, "udp"), "question")


def faults(dns):
    rcodes = [head(ask_udp(dns, query("once.example.test", "A")))[1] for _ in range(2)]
    tap.equal(rcodes, [2, 0], "rcodes of a fault that happens once")
    tap.true(head(ask_udp(dns, query("badid.example.test", "A")))[0] != QID, "another id")
    tap.contains(ask_udp(dns, query("wrongq.example.test", "A")), b"\x05other", "question")
    tap.equal(len(ask_udp(dns, query("garbage.example.test", "A"))), 12, "octets of garbage")
    tap.equal(head(ask_udp(dns, query("trunc.example.test", "A")))[2:4], (True, 0), "UDP")
    tap.equal(head(ask_tcp(dns, query("trunc.example.test", "A")))[2:4], (False, 1), "TCP")


def truncation(dns):
    for edns in (False, True):
        tap.true(head(ask_udp(dns, query("big.example.test", "TXT", edns)))[2], "truncated")
    tap.equal(head(ask_tcp(dns, query("big.example.test", "TXT")))[2:4], (False, 1), "TCP")
    dns.set_zone("big.example.test TXT " + "x" * 900)
    tap.true(not head(ask_udp(dns, query("big.example.test", "TXT", True)))[2], "EDNS size")


def sink_failures():
    with smtpsink.SmtpSink() as sink:
        sink.fail("rcpt", "550 5.1.1 no", match="bad@")
        sink.fail("dot", "451 4.0.0 later", count=1)
        sink.fail("mail", "drop", match="cut@")
        with smtplib.SMTP(sink.host, sink.port) as smtp:
            try:
                smtp.sendmail("a@x", ["good@x"], b"Subject: 1\r\n\r\n.dot\r\n")
                raise tap.Failure("the dot was accepted")
            except smtplib.SMTPDataError as e:
                tap.equal(e.smtp_code, 451, "dot")
            refused = smtp.sendmail("a@x", ["bad@x", "good@x"], b"Subject: 2\r\n\r\n.dot\r\n")
            tap.equal(refused, {"bad@x": (550, b"5.1.1 no")}, "refused")
            try:
                smtp.mail("cut@x")
                raise tap.Failure("the connection stands")
            except smtplib.SMTPServerDisconnected:
                pass
        tap.equal([(m.sender, m.rcpts, m.octets) for m in sink.messages],
                  [("a@x", ["good@x"], b"Subject: 2\r\n\r\n.dot\r\n")], "kept")


class Filter:
    """A filter of a few lines: switches steps off and changes the header at the end."""

    OPTIONS = struct.pack(">III", 6, 0x11, milterclient.NO_STEP["rcpt"]
                          | milterclient.NO_REPLY["header"] | milterclient.SKIP) \
        + struct.pack(">I", 2) + b"i\0"

    def __init__(self, path, last):
        self.seen, self.last = [], last
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(path)
        self.listener.listen(1)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        client = self.listener.accept()[0]
        stream = client.makefile("rb")

        def say(octets):
            client.sendall(struct.pack(">I", len(octets)) + octets)
        while size := stream.read(4):
            packet = stream.read(struct.unpack(">I", size)[0])
            letter = packet[:1]
            self.seen.append(packet)
            if letter == b"O":
                say(b"O" + self.OPTIONS)
            elif letter == b"B":
                say(b"s")
            elif letter == b"E":
                for octets in self.last:
                    say(octets)
            elif letter not in b"DLAQ":
                say(b"c")
        client.close()
        self.listener.close()


def milter_session(p):
    path = p.path("filter.sock")
    last = [b"i\0\0\0\0X-New\0top\0", b"m\0\0\0\2X-Old\0\0", b"p", b"y554 5.7.1 no\0"]
    peer = Filter(path, last)
    octets = b"X-Old: 1\r\nX-Old: 2\r\n folded\r\nFrom: a@b\r\n\r\n" + b"z" * 100000
    result = milterclient.send_message(path, octets, mail_from="a@b", auth="me")
    tap.equal((result.reply, result.text, result.stage), ("reject", "554 5.7.1 no", "eom"),
              "verdict")
    tap.equal(result.headers, [("X-New", "top"), ("X-Old", "1"), ("From", "a@b")], "fields")
    procs.wait_for(lambda: peer.seen[-1] == b"Q", "the end of the session")
    letters = b"".join(packet[:1] for packet in peer.seen)
    tap.equal(letters, b"ODCHDMDTLLLDNBDEQ", "packets")
    tap.contains(peer.seen, b"DMi\x004F2C81A0B7\0", "only the macro that was asked for")
    tap.contains(peer.seen, b"LX-Old\x002\n folded\0", "a folded field")


def stopped_at_exit(p):
    code = ("import sys; sys.path.insert(0, sys.argv[1]); import procs\n"
            "p = procs.Procs(); q = p.start('sleep', ['sleep', '600'])\n"
            "print(q.pid, p.tmp, flush=True); raise RuntimeError\n")
    done = subprocess.run([sys.executable, "-c", code, os.path.dirname(__file__) or "."],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                          check=False)
    pid, folder = done.stdout.split()
    tap.true(not procs.alive(int(pid)), "the program is stopped")
    tap.true(not os.path.exists(folder), "the folder is gone")
    try:
        p.start("short", ["sh", "-c", "echo reason"]).wait_port(1)
        raise tap.Failure("waited for a program that had ended")
    except procs.Error as e:
        tap.contains(str(e), "reason", "its output")


def tap_lines():
    code = ("import sys; sys.path.insert(0, sys.argv[1]); import tap\n"
            "def skip(): raise tap.Skip('why')\n"
            "s = tap.Suite(); s.add('a', tap.equal, 1, 1); s.add('b', tap.equal, 1, 2)\n"
            "s.add('c', skip); sys.exit(s.run())\n")
    done = subprocess.run([sys.executable, "-c", code, os.path.dirname(__file__) or "."],
                          stdout=subprocess.PIPE, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if not line.startswith("#")]
    tap.equal(lines, ["1..3", "ok 1 - a", "not ok 2 - b", "ok 3 - c # SKIP why"], "lines")
    tap.equal(done.returncode, 0, "status")


def main():
    suite = tap.Suite()
    with dnsserver.DnsServer(ZONE) as dns, procs.Procs() as p:
        for row in ANSWERS:
            suite.add(f"DNS {row[0]} {row[1]}", answers, dns, *row)
        suite.add("DNS faults", faults, dns)
        suite.add("DNS truncation", truncation, dns)
        suite.add("SMTP server: failures on request", sink_failures)
        suite.add("milter client: negotiated steps, macros, changes, verdict", milter_session, p)
        suite.add("programs stop when a test dies", stopped_at_exit, p)
        suite.add("TAP lines", tap_lines)
        return suite.run()


if __name__ == "__main__":
    sys.exit(main())
