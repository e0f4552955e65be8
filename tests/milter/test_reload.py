#!/usr/bin/env python3
"""A new configuration while the daemon runs: as a whole or not at all, without losing mail."""
import ctypes
import os
import signal
import sys
import threading

from filter import Filter, dmarc_of, message
import procs
import tap

suite = tap.Suite()
SPOOF = message("a@reject.test")


@suite.case("HUP and USR1 put changed options in force, and the log names them")
def _():
    with Filter() as g:
        tap.equal(g.send(SPOOF).reply, "accept", "before")
        for number, value, reply in ((signal.SIGHUP, "yes", "reject"),
                                     (signal.SIGUSR1, "no", "accept")):
            log = g.reload({"RejectFailures": value}, number)
            tap.contains(log, "RejectFailures changed")
            tap.contains(log, f"configuration reloaded from {g.procs.path('opendmarc.conf')}")
            tap.equal(log.count(" changed"), 1, "changes logged")
            tap.equal(g.send(SPOOF).reply, reply, f"RejectFailures {value}")


@suite.case("a running connection keeps its configuration, the next one has the changed one")
def _():
    with Filter() as g:
        with g.session() as m:
            g.reload({"RejectFailures": "yes", "AuthservID": "other.test"})
            r = g.give(m, SPOOF)
            tap.equal((r.reply, r.inserted("Authentication-Results")[0].split(";")[0]),
                      ("accept", "mx.test"), "old")
            m.quit()
        tap.equal(g.send(SPOOF).reply, "reject", "next")


@suite.case("every file that the configuration names is read again")
def _():
    with Filter() as g:
        hosts = g.procs.write("hosts", "198.51.100.0/24\n")
        g.reload({"IgnoreHosts": hosts})
        tap.equal(g.send(SPOOF, ip="198.51.100.7").inserted("Authentication-Results"), [], "listed")
        g.procs.write("hosts", "203.0.113.0/24\n")
        g.reload()
        tap.equal(len(g.send(SPOOF, ip="198.51.100.7").inserted("Authentication-Results")), 1,
                  "no longer listed")


BAD = [
    ("an unknown word", {"NoSuchOption": "1"}, 'unrecognized parameter "NoSuchOption"'),
    ("an illegal value", {"DNSTimeout": "soon"}, 'illegal value "soon" for DNSTimeout'),
    ("a missing file", {"IgnoreHosts": "/nonexistent/hosts"}, "/nonexistent/hosts: No such file"),
    ("a missing suffix list", {"PublicSuffixList": "/nonexistent/list", "PolicyDiscovery": "psl"},
     'PublicSuffixList "/nonexistent/list": No such file'),
    ("a missing folder", {"BaseDirectory": "/nonexistent"}, 'BaseDirectory "/nonexistent"'),
]
for what, options, reason in BAD:
    @suite.case(f"{what} leaves the old configuration in force as a whole")
    def _(options=options, reason=reason):
        with Filter(options={"RejectFailures": "yes"}) as g:
            log = g.reload({"RejectFailures": "no", **options})
            tap.contains(log, f"{g.procs.path('opendmarc.conf')}: configuration error at line ")
            tap.contains(log, reason)
            tap.contains(log, "configuration not reloaded, the old one stays in force")
            tap.equal(g.send(SPOOF).reply, "reject", "reply")
            log = g.reload({"RejectFailures": "no", **dict.fromkeys(options)})
            tap.contains(log, "configuration reloaded from")
            tap.equal(g.send(SPOOF).reply, "accept", "mended")


@suite.case("the configuration vanishes, and comes back")
def _():
    with Filter(options={"RejectFailures": "yes"}) as g:
        path = g.procs.path("opendmarc.conf")
        os.rename(path, path + ".away")
        g.daemon.signal(signal.SIGHUP)
        g.daemon.wait_output("configuration not reloaded")
        tap.contains(g.log(), f"{path}: error reading configuration file: No such file")
        os.rename(path + ".away", path)
        tap.contains(g.reload({"RejectFailures": "no"}), "configuration reloaded from")
        tap.equal(g.send(SPOOF).reply, "accept", "reply")


@suite.case("what needs a restart keeps its value and is said")
def _():
    with Filter() as g:
        log = g.reload({"PidFile": g.procs.path("pid"), "UMask": "022"})
        for name in ("PidFile", "UMask"):
            tap.contains(log, f"{name} changed, which needs a restart; the old value stays in "
                         "force")
        tap.equal(os.path.exists(g.procs.path("pid")), False, "pid file")
        tap.equal(g.send(SPOOF).reply, "accept", "reply")


@suite.case("the command line holds on at a reload")
def _():
    with Filter(start=False) as g:
        conf = g.write_conf()
        other = g.procs.path("other.sock")
        g.daemon = g.procs.start("opendmarc", [procs.built("opendmarc/opendmarc"), "-f", "-c", conf,
                                               "-p", f"unix:{other}"])
        g.daemon.wait_unix(other)
        tap.equal(g.reload({"RejectFailures": "yes"}).count(" changed"), 1, "changes logged")
        g.socket = f"unix:{other}"
        tap.equal(g.send(SPOOF).reply, "reject", "reply")


@suite.case("a relative path of the configuration is found again from BaseDirectory")
def _():
    with Filter(start=False, options={"RejectFailures": "no"}) as g:
        base = g.procs.path("base")
        os.mkdir(base)
        g.options.update({"BaseDirectory": base, "HistoryFile": "h.dat"})
        g.write_conf()
        g.daemon = g.procs.start("opendmarc", [procs.built("opendmarc/opendmarc"), "-f", "-c",
                                               "opendmarc.conf"], cwd=g.procs.tmp)
        g.daemon.wait_unix(g.procs.path("m.sock"))
        tap.contains(g.reload({"RejectFailures": "yes"}), "configuration reloaded from")
        tap.equal(g.send(message("a@none.test")).reply, "accept", "reply")
        tap.equal(os.listdir(base), ["h.dat"], "files below BaseDirectory")


@suite.case("without a configuration file a reload is refused")
def _():
    with Filter(start=False) as g:
        conf = g.write_conf()
        with open(conf, encoding="ascii") as text:
            g.daemon = g.procs.start("opendmarc", [procs.built("opendmarc/opendmarc"), "-f", "-c",
                                                   "-"], stdin=text)
        g.daemon.wait_unix(g.procs.path("m.sock"))
        tap.contains(g.reload({"RejectFailures": "yes"}), "ignoring reload signal")
        tap.equal(g.send(SPOOF).reply, "accept", "reply")


@suite.case("other name servers, history file and identity, with mail under way all the time")
def _():
    with Filter(options={"SPFSelfValidate": "yes"}) as g:
        stop, failures, sent = threading.Event(), [], []

        def stream(n):
            try:
                while not stop.is_set():
                    with g.session() as m:
                        for _ in range(5):
                            job = f"S{n}N{len(sent)}"
                            r = g.give(m, message("a@none.test"), "u@none.test", job=job)
                            tap.equal(dmarc_of(r), "dmarc=fail (p=none dis=none) "
                                      "header.from=none.test policy.dmarc=none", job)
                            sent.append(job)
                        m.quit()
            except Exception as e:
                failures.append(e)
        threads = [threading.Thread(target=stream, args=(n,)) for n in range(4)]
        for t in threads:
            t.start()
        first = g.options["HistoryFile"]
        for i in range(10):
            g.reload({"DNSTimeout": str(3 + i % 2), "AuthservID": f"mx{i}.test",
                      "HistoryFile": g.procs.path(f"history.{i % 2}")})
        stop.set()
        for t in threads:
            t.join()
        if failures:
            raise failures[0]
        lines = "".join(procs.read(p) for p in (first, g.procs.path("history.0"),
                                                g.procs.path("history.1")) if os.path.exists(p))
        jobs = [l.split()[1] for l in lines.splitlines() if l.startswith("job ")]
        tap.equal((sorted(jobs), len(set(jobs)) == len(jobs)), (sorted(sent), True), "records")


FIRMS = """
_dmarc.a.firm.co.test TXT v=DMARC1; p=quarantine
_dmarc.firm.co.test TXT v=DMARC1; p=none
"""
SUFFIXES = ("// the registry\ntest\nco.test\n", "// firm rents names\ntest\nfirm.co.test\n")


@suite.case("another suffix list and a thousand signals, with mail under way all the time")
def _():
    with Filter(FIRMS, {"PolicyDiscovery": "psl"}, start=False) as g:
        g.options["PublicSuffixList"] = g.procs.write("suffixes.list", SUFFIXES[0])
        g.start()
        stop, seen, failures = threading.Event(), set(), []

        def verdict():
            return dmarc_of(g.send(message("a@x.a.firm.co.test"))).split(" dis")[0]

        def stream():
            try:
                while not stop.is_set():
                    seen.add(verdict())
            except Exception as e:
                failures.append(e)
        threads = [threading.Thread(target=stream) for _ in range(4)]
        for t in threads:
            t.start()
        for turn in range(10):
            # As a whole: a reload of the last turn may still be under way.
            os.rename(g.procs.write("suffixes.new", SUFFIXES[turn % 2]),
                      g.options["PublicSuffixList"])
            for n in range(100):
                g.daemon.signal((signal.SIGUSR1, signal.SIGHUP)[n % 2])
            want = ("dmarc=fail (p=none", "dmarc=fail (p=quarantine")[turn % 2]
            procs.wait_for(lambda want=want: verdict() == want, want)
        stop.set()
        for t in threads:
            t.join()
        if failures:
            raise failures[0]
        tap.equal(seen - {"dmarc=fail (p=none", "dmarc=fail (p=quarantine"}, set(), "others")
        tap.equal("not reloaded" in g.log(), False, "a reload that failed")


@suite.case("a signal that another thread could catch is caught by none")
def _():
    with Filter() as g:
        g.reload()      # by then all threads are there
        libc, pid = ctypes.CDLL(None, use_errno=True), g.daemon.pid
        threads = [int(t) for t in os.listdir(f"/proc/{pid}/task") if int(t) != pid]
        tap.true(len(threads) > 1, "threads")
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGUSR1):
            for thread in threads:
                tap.equal(libc.tgkill(pid, thread, number), 0, f"tgkill {thread}")
        g.reload({"RejectFailures": "yes"})
        for thread in threads:
            status = procs.read(f"/proc/{pid}/task/{thread}/status")
            waiting = int(status.partition("SigPnd:")[2].split()[0], 16)
            for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGUSR1):
                tap.true(waiting >> (number - 1) & 1, f"{number.name} waits at a thread")
        tap.equal(g.send(SPOOF).reply, "reject", "reply")


sys.exit(suite.run())
