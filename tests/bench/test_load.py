#!/usr/bin/env python3
"""test_load - what "make bench" measures with: the load generator counts right and notices
wrong answers, the slow name server is slow where it should be and no further."""
import os
import re
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "lib")]
import dnsserver  # noqa: E402
import measure  # noqa: E402
import procs  # noqa: E402
import programs  # noqa: E402
import tap  # noqa: E402

suite = tap.Suite()
MESSAGES = 50


def milterload(target, *options):
    """Exit status and figures of one run."""
    done = subprocess.run([procs.built("tests/bench/milterload"), *options, target.socket,
                           procs.source("tests/bench/messages")], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return done.returncode, {k: float(v) for k, v in re.findall(r"(\w+)=([\d.]+)", done.stdout)}


def counts(figures):
    return tuple(figures[k] for k in ("messages", "connections", "errors", "unexpected"))


def check_null(tcp, per_connection, connections):
    with procs.Procs() as p:
        null = programs.Programs(p, 0).null(tcp)
        status, figures = milterload(null, "-p", "-n", str(MESSAGES), "-m", str(per_connection))
        tap.equal((status, counts(figures)), (0, (MESSAGES, connections, 0, 0)), "counts")
        tap.true(0 < figures["p50_us"] <= figures["p99_us"] <= figures["max_us"], "latencies")


for tcp in (False, True):
    for per, connections in ((1, 50), (20, 3), (0, 1)):
        suite.add(f"{MESSAGES} messages to a filter that does nothing, {'TCP' if tcp else 'UNIX'} "
                  f"socket, {per or 'all'} for each connection", check_null, tcp, per, connections)


@suite.case("several connections share the messages")
def _():
    with procs.Procs() as p:
        status, figures = milterload(programs.Programs(p, 0).null(), "-p", "-n", str(MESSAGES),
                                     "-c", "8", "-m", "0")
        tap.equal((status, figures["messages"], figures["unexpected"]), (0, MESSAGES, 0), "counts")
        tap.true(1 <= figures["connections"] <= 8, "connections")


@suite.case("answers without the expected field are noticed")
def _():
    with procs.Procs() as p:
        status, figures = milterload(programs.Programs(p, 0).null(), "-n", str(MESSAGES))
        tap.equal((status, counts(figures)), (1, (MESSAGES, 50, 0, MESSAGES)), "counts")


@suite.case("a filter that is not there")
def _():
    with procs.Procs() as p:
        status, figures = milterload(programs.Target("none", None, "unix:" + p.path("none")),
                                     "-n", "5")
        tap.equal((status, counts(figures)), (1, (5, 5, 5, 0)), "counts")


@suite.case("wrong usage")
def _():
    with procs.Procs() as p:
        nowhere = programs.Target("none", None, "unix:" + p.path("none"))
        for options in (["-c", "0"], ["-n", "x"], ["-m", "-1"], ["-t", "0"], ["-x"], ["more"]):
            tap.equal(milterload(nowhere, *options)[0], 64, f"status with {options}")


@suite.case(f"{MESSAGES} messages to the daemon, each answered as the template expects")
def _():
    with procs.Procs() as p:
        port = programs.start_dns(p, programs.zone("test", 7))
        for options in ({}, {"own_spf": True}):
            ours = programs.Programs(p, port).ours(**options)
            sample = measure.load(ours, n=MESSAGES, c=2, m=5, d=7)
            tap.true(sample.rate > 0 and sample.cpu_us > 0, "figures")
            tap.true(measure.rss_kb(ours.program.pid) > 0, "memory")
            ours.program.stop()


def query(number, name, rtype):
    return number.to_bytes(2, "big") + b"\x01\0\0\x01\0\0\0\0\0\0" + dnsserver.wire_name(name) + \
        dnsserver.TYPES[rtype].to_bytes(2, "big") + b"\0\1"


def ask(port, *queries):
    """The answers to all queries, in the order in which they come."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(procs.GIVE_UP_SECS)
        for q in queries:
            s.sendto(q, ("127.0.0.1", port))
        return [s.recv(4096) for _ in queries]


@suite.case("the name server: records, names without, names that are not there")
def _():
    with procs.Procs() as p:
        port = programs.start_dns(p, "a.b.test TXT v=spf1 -all\na.b.test TXT x\nc.test A 192.0.2.7\n")
        for name, rtype, rcode, answers, part in (
                ("a.b.test", "TXT", 0, 2, b"\x0bv=spf1 -all"), ("A.B.Test", "TXT", 0, 2, b"\x01x"),
                ("c.test", "A", 0, 1, b"\0\x04\xc0\0\2\7"), ("c.test", "TXT", 0, 0, b""),
                ("b.test", "TXT", 0, 0, b""), ("x.test", "TXT", 3, 0, b"")):
            got = ask(port, query(0x1234, name, rtype))[0]
            tap.equal((got[:2], got[3] & 15, got[7], got[9]),
                      (b"\x12\x34", rcode, answers, int(answers == 0)), f"{name} {rtype}")
            tap.contains(got, part, f"{name} {rtype}")


@suite.case("the name server: only answers below its suffix are late")
def _():
    with procs.Procs() as p:
        port = programs.start_dns(p, "a.slow TXT x\na.test TXT x\n")
        late, at_once = query(1, "a.slow", "TXT"), query(2, "a.test", "TXT")
        start = time.monotonic()
        ask(port, late)
        took = time.monotonic() - start
        tap.true(took * 1000 >= programs.DELAY_MS - 1, f"late, but after {took} s")
        # Overtaking needs both questions to be there in time, so one of many tries must do.
        tap.true(any(ask(port, late, at_once)[0][1] == 2 for _ in range(100)),
                 "an answer at once overtakes a late one")


sys.exit(suite.run())
