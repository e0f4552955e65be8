#!/usr/bin/env python3
"""Many connections at once: nobody waits for another, no record is lost or mixed up."""
import os
import sys
import threading

import filter as f
import procs
import tap
from filter import Filter, dkim_pass, dmarc_of, message

suite = tap.Suite()
CONNECTIONS = 64
MESSAGES = 4

ZONE = "".join(f"_dmarc.d{i}.test TXT v=DMARC1; p=none; rua=mailto:a@d{i}.test\n"
               f"d{i}.test TXT v=spf1 {'+' if i % 2 else '-'}all\n" for i in range(CONNECTIONS))


def in_threads(count, function):
    """Runs function(number) in count threads; raises the first failure."""
    failures = []

    def run(number):
        try:
            function(number)
        except Exception as e:
            failures.append(e)
    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if failures:
        raise failures[0]


def burst(g, messages=MESSAGES):
    """Every connection has its own domain; all of them at once."""
    def one(n):
        with g.session() as m:
            for k in range(messages):
                fields = dkim_pass(f"d{n}.test") if k % 2 else []
                r = g.give(m, message(*fields, f"a@d{n}.test"), f"u@d{n}.test", job=f"N{n}K{k}")
                passed = "pass" if n % 2 or k % 2 else "fail"
                tap.equal(dmarc_of(r), f"dmarc={passed} (p=none dis=none) header.from=d{n}.test "
                          "policy.dmarc=none", f"connection {n} message {k}")
            m.quit()
    in_threads(CONNECTIONS, one)
    tap.equal(sorted(r[0][1] for r in g.history()),
              sorted(f"N{n}K{k}" for n in range(CONNECTIONS) for k in range(messages)), "records")
    for record in g.history():
        values = dict(record)
        n = int(values["job"][1:].partition("K")[0])
        tap.equal((values["from"], values["spf"]), (f"d{n}.test", "0" if n % 2 else "7"),
                  values["job"])


@suite.case("64 connections with own domains")
def _():
    with Filter(ZONE, {"SPFSelfValidate": "yes"}) as g:
        burst(g)


@suite.case("64 busy connections among 500 that say nothing")
def _():
    with Filter(ZONE, {"SPFSelfValidate": "yes"}) as g:
        idle = [g.session() for _ in range(500)]
        burst(g, 1)
        for n in (0, 250, 499):
            tap.equal(dmarc_of(g.give(idle[n], message(f"a@d{n % 64}.test"), "u@sender.test",
                                      job=f"I{n}")).split(" ")[0], "dmarc=fail", f"connection {n}")
        for m in idle:
            m.close()


@suite.case("64 connections while every DNS answer takes 20 ms")
def _():
    with Filter(ZONE + "* DELAY 20\ntest DELAY 20\n", {"SPFSelfValidate": "yes"}) as g:
        burst(g)


@suite.case("64 connections while every DNS answer takes a second")
def _():
    with Filter(ZONE + "* DELAY 1000\ntest DELAY 1000\n",
                {"SPFSelfValidate": "yes", "DNSTimeout": "30"}) as g:
        burst(g, 1)


@suite.case("64 messages of one domain at once ask its name once")
def _():
    with Filter("_dmarc.one.test TXT v=DMARC1; p=none\n* DELAY 200\n") as g:
        def one(n):
            tap.contains(dmarc_of(g.send(message("a@one.test"), job=f"N{n}")), "dmarc=fail")
        in_threads(CONNECTIONS, one)
        tap.equal(g.dns.asked("_dmarc.one.test"), 1, "questions")


@suite.case("64 messages of one domain while DNS answers take two seconds share their questions")
def _():
    zone = "_dmarc.one.test TXT v=DMARC1; p=none\none.test TXT v=spf1 -all\n* DELAY 2000\n"
    with Filter(zone, {"SPFSelfValidate": "yes", "DNSTimeout": "30"}) as g:
        def one(n):
            r = g.send(message("a@one.test"), "u@one.test", job=f"N{n}")
            tap.contains(dmarc_of(r), "dmarc=fail")
        in_threads(CONNECTIONS, one)
        # One question is a packet now and again until its 30 seconds are over.
        for name in ("_dmarc.one.test", "one.test"):
            tap.true(g.dns.asked(name, "TXT") <= 5, f"{name}: {g.dns.asked(name, 'TXT')} packets")


@suite.case("the history file moved away during traffic: no record is lost or torn")
def _():
    with Filter(ZONE) as g:
        done = threading.Event()
        path, parts = g.options["HistoryFile"], []

        def rotate():
            while not done.is_set():
                part = g.procs.path(f"part{len(parts)}")
                try:
                    os.rename(path, part)
                    parts.append(part)
                except FileNotFoundError:
                    pass
                done.wait(0.002)
        mover = threading.Thread(target=rotate)
        mover.start()
        try:
            in_threads(16, lambda n: [g.send(message(f"a@d{n}.test"), job=f"N{n}K{k}")
                                      for k in range(20)])
        finally:
            done.set()
            mover.join()
        text = [procs.read(p) for p in [*parts, path]]
        for part in filter(None, text):
            tap.true(part.startswith("job ") and part.rstrip("\n").rpartition("\n")[2]
                     .startswith("action "), "whole records in each part")
        jobs = [line[4:] for part in text for line in part.splitlines() if line.startswith("job ")]
        tap.equal(sorted(jobs), sorted(f"N{n}K{k}" for n in range(16) for k in range(20)), "jobs")
        tap.true(len(parts) > 1, "the file was moved")


sys.exit(suite.run())
