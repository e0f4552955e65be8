#!/usr/bin/env python3
"""Odd messages, odd protocol, odd surroundings: the daemon judges on and loses nothing."""
import os
import signal
import socket
import sys

import filter as f
import milterclient
import procs
import tap
from filter import Filter, ar, dkim_pass, dmarc_of, message, sig

suite = tap.Suite()
plain = None        # RejectFailures on; all cases of this program share it
FORGERY = message("a@reject.test")
AAR = "ARC-Authentication-Results"

# What a message may hold besides; it must change nothing about "a@reject.test": rejected.
ODD = [
    ("10 000 header fields", [("X-Field", "x" * 60)] * 10000),
    ("a header field of 1 MB", [("X-Big", "x" * 1000000)]),
    ("an Authentication-Results field of 1 MB", [ar("dkim=fail header.d=a.test; " * 40000)]),
    ("20 000 Authentication-Results fields", [ar("dkim=fail header.d=a.test")] * 20001),
    ("1000 signatures and results", [sig(f"d{i}.test") for i in range(1000)] +
     [ar(f"dkim=pass header.d=d{i}.test") for i in range(1000)]),
    ("an ARC-Seal that is none", [("ARC-Seal", "x")]),
    ("an empty ARC-Seal", [("ARC-Seal", "")]),
    ("an ARC-Seal tag without equal sign", [("ARC-Seal", "i=1; a; d=x")]),
    ("an ARC-Seal of instance 0", [("ARC-Seal", "i=0; d=l.test; s=s; b=AA"),
                                   (AAR, "i=1; l.test; spf=pass smtp.mailfrom=a@b.test")]),
    ("an ARC-Seal with a long signature", [("ARC-Seal", "i=1; d=l.test; s=s; b=" + "A" * 700)]),
    ("an ARC result without results", [(AAR, "i=1"), (AAR, "; ; ;"), (AAR, "i=1; m; " + "x" * 5000)]),
    ("an ARC result with odd methods",
     [(AAR, "i=1; m; (null)=pass; arc=none smtp.client-ip=192.0.2.1"),
      ("ARC-Seal", "i=1; d=l.test; s=s; b=AA")]),
    ("a result of unknown words", [ar("dkim=great header.=x; =; header.d; dkim=pass header.d=\"")]),
    ("unbalanced quotes and comments", [ar('dkim=pass header.d="reject.test'), ar("spf=pass (((("),
                                        ar("dkim=pass \\")]),
    ("8-bit octets", [ar("dkim=pass header.d=\xff\xfe.test"), ("Received", "\xff by \xfe"),
                      ("Received-SPF", "\xff\xfe=\xff")]),
    ("deep comments", [ar("(" * 5000 + ")" * 5000 + "dkim=pass header.d=reject.test"),
                       ("Received", "(" * 100000)]),
    ("an empty field", [("X", ""), ("Authentication-Results", "")]),
    ("17 properties in one result",
     [ar("dkim=fail " + " ".join(f"header.x{i}=y" for i in range(50)))]),
    ("values longer than any name",
     [ar("dkim=pass header.d=" + "x." * 200 + "reject.test header.s=" + "s" * 3000),
      ar("spf=pass smtp.mailfrom=" + "x" * 3000 + "@reject.test"),
      ar("dkim=pass " + "word " * 600 + "header.d=" + "x" * 300)]),
]


def check_odd(fields):
    for where in (fields + FORGERY, FORGERY + fields):
        r = plain.send(where)
        tap.equal((r.reply, r.text),
                  ("reject", "550 5.7.1 rejected by DMARC policy for reject.test"), "reply")


for row in ODD:
    suite.add("odd: " + row[0], check_odd, row[1])


@suite.case("200 addresses in From")
def _():
    r = plain.send(message(", ".join(f"a{i}@reject.test" for i in range(200))))
    tap.equal(r.reply, "reject", "one domain")
    r = plain.send(message(", ".join(f"a@d{i}.test" for i in range(200))))
    tap.equal(dmarc_of(r), "dmarc=permerror (p=none dis=none)", "200 domains")
    r = plain.send(message("a@reject.test", *[f"a@d{i}.test" for i in range(200)]))
    tap.equal(r.reply, "reject", "200 more From fields")


FROM = ["a@none.test, b", "a, b@none.test", "a@x, , b@none.test", "<a@none.test> <b@aa.test>",
        "a@none.test <b@aa.test>", "\"", "(", "<", "a@", "@", ",,,,", ":;:;", "\\", "a@none.test\\",
        "<@a,@b:c@none.test>", "=?utf-8?Q?x=40y?= <a@none.test>", "a@m\u00fcnchen.test",
        "a@" + "x." * 200 + "test", "a@" + "x" * 70 + ".test", "\"" * 3000, "a@\xff.test"]


@suite.case("every odd From gives one result")
def _():
    for text in FROM:
        tap.contains(dmarc_of(plain.send(message(text))), "dmarc=", text)


@suite.case("steps that are not needed are switched off, replies not waited for")
def _():
    with plain.session() as m:
        for step in ("rcpt", "data", "eoh", "body", "unknown"):
            tap.true(m.protocol & milterclient.NO_STEP[step], step)
        for step in ("connect", "helo", "mail", "header"):
            tap.true(not m.protocol & milterclient.NO_STEP[step], step)
        for step in ("helo", "header"):
            tap.true(m.protocol & milterclient.NO_REPLY[step], step)
        for step in ("connect", "mail"):
            tap.true(not m.protocol & milterclient.NO_REPLY[step], step)
        tap.true(not m.protocol & milterclient.LEADING_SPACE, "leading space")
        tap.equal(m.actions, 0x11, "actions")


# version, protocol steps that such an MTA offers
PEERS = [(2, 0x3f), (3, 0x7f), (4, 0x1ff), (6, 0x40), (6, 0x1fffff), (7, 0x1fffff)]


def check_peer(version, protocol):
    with plain.session(version=version, protocol=protocol) as m:
        tap.equal(plain.give(m, FORGERY).reply, "reject", "reply")
        tap.contains(dmarc_of(plain.give(m, message("a@none.test"))), "dmarc=fail")
        m.quit()


for row in PEERS:
    suite.add(f"an MTA of version {row[0]} that offers {row[1]:#x}", check_peer, *row)


@suite.case("an MTA that lets us add nothing is refused, and told why")
def _():
    with milterclient.Milter(plain.socket) as m:
        try:
            m.negotiate(6, 0x10, 0)
            raise tap.Failure("negotiated")
        except milterclient.Error:
            pass
    tap.contains(plain.log(), "required milter action(s) not available (got 0x10, need 0x1)")


@suite.case("header before MAIL, end without header, MAIL twice")
def _():
    with plain.session() as m:
        m.header("From", "a@reject.test")
        tap.contains(dmarc_of(plain.give(m, message("a@none.test"))), "dmarc=fail")
        m.mail("u@a.test")
        tap.contains(dmarc_of(m.end()), "dmarc=permerror")
        m.mail("u@a.test")
        m.header("From", "a@reject.test")
        tap.contains(dmarc_of(plain.give(m, message("a@none.test"))), "dmarc=fail")
    with milterclient.Milter(plain.socket) as m:
        m.negotiate()
        tap.equal(plain.give(m, FORGERY).reply, "reject", "without connect and helo")


@suite.case("abort in every state, then the next message")
def _():
    steps = [lambda m: m.mail("u@a.test"), lambda m: m.rcpt("b@mx.test"), lambda m: m.data(),
             lambda m: m.header("From", "a@reject.test"), lambda m: m.eoh(),
             lambda m: m.body(b"x")]
    with plain.session() as m:
        m.abort()
        for n in range(1, len(steps) + 1):
            for step in steps[:n]:
                step(m)
            m.abort()
            tap.equal(plain.give(m, FORGERY).reply, "reject", f"after {n} steps")
        m.abort()
        m.abort()
        m.quit()


@suite.case("many messages on one connection do not mix")
def _():
    with plain.session() as m:
        for _ in range(50):
            tap.equal(plain.give(m, FORGERY).reply, "reject", "forgery")
            tap.contains(dmarc_of(plain.give(m, message(*dkim_pass("reject.test"),
                                                        "a@reject.test"))), "dmarc=pass")
            tap.contains(dmarc_of(plain.give(m, message("a@plain.test"))), "dmarc=none")


@suite.case("clients that leave in every state")
def _():
    steps = [lambda m: m.negotiate(), lambda m: m.connect(), lambda m: m.helo("h.test"),
             lambda m: m.mail("u@slow.test"), lambda m: m.rcpt("b@mx.test"), lambda m: m.data(),
             lambda m: m.header("From", "a@slow.test"), lambda m: m.eoh(), lambda m: m.body(b"x"),
             lambda m: m.send(b"E")]
    zone = f.ZONE + "*.slow.test DELAY 300\nslow.test DELAY 300\n"
    with Filter(zone, {"SPFSelfValidate": "yes"}) as g:
        for n in range(len(steps) + 1):
            m = milterclient.Milter(g.socket)
            for step in steps[:n]:
                step(m)
            m.close()
        tap.contains(dmarc_of(g.send(message("a@none.test"))), "dmarc=fail")


@suite.case("octets that are no milter protocol")
def _():
    for octets in (b"", b"\0", b"\0\0\0\0", b"\xff\xff\xff\xff", b"GET / HTTP/1.0\r\n\r\n",
                   b"\0\0\0\x0dO\0\0\0\6\0\0\0\1\0\0\0\0\0\0\0\5L\0\0\0\0",
                   b"\0\0\0\1L\0\0\0\1E\0\0\0\1M\0\0\0\1C\0\0\0\1Q"):
        s = milterclient.open_socket(plain.socket, 30)
        s.sendall(octets)
        s.close()
    tap.equal(plain.send(FORGERY).reply, "reject", "afterwards")


@suite.case("no DNS at all: temperror, delivered, inside the time")
def _():
    with Filter("* FAULT TIMEOUT\n", {"DNSTimeout": "1", "SPFSelfValidate": "yes",
                                      "RejectFailures": "yes"}) as g:
        r = g.send(message("a@reject.test"), "u@reject.test")
        tap.contains(dmarc_of(r), "dmarc=temperror (p=none dis=none) header.from=reject.test")
    with Filter(options={"Nameservers": f"127.0.0.1@{procs.free_port()}", "DNSTimeout": "1"}) as g:
        tap.contains(dmarc_of(g.send(message("a@reject.test"))), "dmarc=temperror")


@suite.case("a history file that cannot be written delays and refuses nothing")
def _():
    with Filter(options={"HistoryFile": "/nonexistent/folder/h.dat"}) as g:
        for _ in range(20):
            tap.contains(dmarc_of(g.send(message("a@none.test"))), "dmarc=fail")
        tap.equal(g.log().count("/nonexistent/folder/h.dat: open: "), 1, "one complaint a minute")
    with Filter(start=False) as g:
        g.options["HistoryFile"] = "/dev/full"
        g.start()
        tap.contains(dmarc_of(g.send(message("a@none.test"))), "dmarc=fail")
        tap.contains(g.log(), "/dev/full: write: No space left on device")


@suite.case("TERM ends the daemon, the message in hand first")
def _():
    zone = f.ZONE + "_dmarc.slow.test TXT v=DMARC1; p=none\n_dmarc.slow.test DELAY 1000\n"
    with Filter(zone) as g, g.session() as m:
        m.mail("u@a.test")
        m.header("From", "a@slow.test")
        m.send(b"E")
        g.daemon.signal(signal.SIGTERM)
        letter, data = m.receive()
        tap.equal(letter, "i", "the field is added")
        tap.contains(milterclient.decode(data), "dmarc=fail")
        m.receive()
        m.close()
        tap.equal(g.daemon.wait_end(), 0, "exit status")


@suite.case("TERM waits for a message that is still coming in")
def _():
    with Filter() as g, g.session() as m:
        m.mail("u@a.test")
        m.header("From", "a@none.test")
        g.daemon.signal(signal.SIGTERM)
        m.header("Subject", "x")
        tap.contains(dmarc_of(m.end()), "dmarc=fail")
        m.close()
        tap.equal(g.daemon.wait_end(), 0, "exit status")


@suite.case("a socket that a dead daemon left is taken over, a living one is not")
def _():
    with Filter() as g:
        os.kill(g.daemon.pid, signal.SIGKILL)
        g.daemon.wait_end()
        tap.true(os.path.exists(g.procs.path("m.sock")), "stale socket")
        for spec in ("unix:", "local:", ""):
            g.options["Socket"] = spec + g.procs.path("m.sock")
            g.start()
            tap.contains(dmarc_of(g.send(message("a@none.test"))), "dmarc=fail")
            conf = g.procs.path("opendmarc.conf")
            second = g.procs.start("second", [procs.built("opendmarc/opendmarc"), "-f", "-c", conf])
            tap.equal(second.wait_end(), 69, "exit status of a second daemon")
            tap.contains(second.output(), "m.sock: Address already in use")
            os.kill(g.daemon.pid, signal.SIGKILL)
            g.daemon.wait_end()
        g.options["Socket"] = "local:" + g.procs.write("file", "precious")
        g.procs.write("opendmarc.conf", "Socket " + g.options["Socket"] + "\n")
        third = g.procs.start("third", [procs.built("opendmarc/opendmarc"), "-f", "-c", conf])
        tap.equal(third.wait_end(), 69, "exit status")
        tap.equal(procs.read(g.procs.path("file")), "precious", "file")


@suite.case("connections to a TCP socket do not wait for delayed acknowledgements")
def _():
    with Filter(socket="inet") as g:
        tap.contains(dmarc_of(g.send(message("a@none.test"))), "dmarc=fail")
        inode = None
        with open(f"/proc/{g.daemon.pid}/net/tcp", encoding="ascii") as table:
            for line in table.read().splitlines()[1:]:
                words = line.split()
                if int(words[1].split(":")[1], 16) == g.port and words[3] == "0A":
                    inode = words[9]
        tap.true(inode is not None, "listening socket")
        folder = f"/proc/{g.daemon.pid}/fd"
        fds = [n for n in os.listdir(folder)
               if os.readlink(os.path.join(folder, n)) == f"socket:[{inode}]"]
        pidfd = os.pidfd_open(g.daemon.pid)
        try:
            fd = pidfd_getfd(pidfd, int(fds[0]))
        except PermissionError:
            raise tap.Skip("the kernel does not let us look at another process's socket") from None
        finally:
            os.close(pidfd)
        with socket.socket(fileno=fd) as s:
            tap.true(s.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY), "TCP_NODELAY")


def pidfd_getfd(pidfd, fd):
    """The system call of that name, which Python does not wrap."""
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    got = libc.syscall(438, pidfd, fd, 0)
    if got < 0:
        raise PermissionError(ctypes.get_errno(), "pidfd_getfd")
    return got


with Filter(options={"RejectFailures": "yes"}) as plain:
    sys.exit(suite.run(lambda: tap.diag(plain.log()[-2000:])))
