#!/usr/bin/env python3
"""chain - what import, reports and expiry cost, beside the scripts of Debian's opendmarc 1.4.2
on the same MariaDB server in the same run.

usage: chain.py [--alone] [MESSAGES]

MESSAGES (1000000) is the size of the large day; the scripts get a day of 10000. --alone leaves
them out. The server has a buffer pool that holds the large day, and writes each commit to the
disk, as do we into SQLite. Figures bear a busy machine as ratios only. The status says whether
the measuring worked, not whether the targets are met.
"""
import argparse
import os
import sqlite3
import sys
import threading
import time
import typing

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "lib")]
import chaintools  # noqa: E402
import dnsserver  # noqa: E402
import mariadb  # noqa: E402
import procs  # noqa: E402
import smtpsink  # noqa: E402
from chainhistory import DAY  # noqa: E402

SMALL = 10000
ALIKE = 1000            # domains of the days whose cost for a record is compared
ZONE = "*._report._dmarc.rua.example.net TXT v=DMARC1\n"
SERVER = ["--innodb-flush-log-at-trx-commit=1", "--innodb-buffer-pool-size=512M"]
LOCK_MAX_SECS = 2


class Script(typing.NamedTuple):
    """Runs of 1.4.2 on a day of SMALL messages."""
    imported: chaintools.Run
    tested: chaintools.Run
    sent: chaintools.Run
    mails: int


def show(label, run, n, unit="record"):
    print(f"{label:38} {n / run.secs:9.0f}/s  {run.secs:7.2f} s  CPU {run.cpu * 1e6 / n:8.1f} + "
          f"{run.server_cpu * 1e6 / n:8.1f} us/{unit}  {run.rss_mb:4.0f} MB", flush=True)


def target(text, value, limit, least=True, form="{:.1f}"):
    """Prints one target and whether it is met; least: the limit is the least value."""
    met = value >= limit if least else value <= limit
    print(f"  {text}: {form.format(value)}, target {'>=' if least else '<='} "
          f"{form.format(limit)}: {'met' if met else 'MISSED'}", flush=True)


def judge_growth(chain, url, alike):
    """What a record costs in a small and a large day of as many domains, from databases of
    their own: with more domains there is more to do for each record."""
    cost = {}
    for n, path in alike.items():
        run = chain.import_file(url(n), path)
        show(f"{n} records of {ALIKE} domains", run, n)
        cost[n] = (run.cpu + run.server_cpu) / n
    small, large = min(cost), max(cost)
    target(f"CPU for a record, {large} against {small} records", cost[large] / cost[small], 1.1,
           False, "{:.2f}")


def imports(chain, label, url, days):
    """Imports each day into a database of its own, the first and the last twice."""
    print(f"\nImport into {label}")
    first, again = {}, {}
    for n, path in days.items():
        first[n] = chain.import_file(url(n), path)
        show(f"{n} records", first[n], n)
        if n != 100000:
            again[n] = chain.import_file(url(n), path)
            show(f"{n} records, known", again[n], n)
    return first, again


def judge_imports(first, again, script, times):
    small, large = min(again), max(again)
    rates = {n: n / run.secs for n, run in first.items()}
    if script:
        target("records/s against 1.4.2", rates[large] * script.imported.secs / SMALL, times)
        target("CPU of the client for a record against 1.4.2, 1.4.2's is times ours",
               script.imported.cpu / SMALL / (first[large].cpu / large), 20)
    target("memory, MB", max(run.rss_mb for run in first.values()), 40, False)
    target("records/s when all are known, against new", first[large].secs / again[large].secs, 1)


def connections(sink):
    return sum(str(c).upper().find("EHLO ") >= 0 for c in sink.commands)


def judge_reports(chain, url, date, n, script):
    """Reports of a large day by mail, and the day of the scripts as they did it.

    1.4.2 makes a report for each From domain and we one for each policy domain, so what is
    compared is the time for all reports of the same day, and for one mail.
    """
    print("\nReports")
    before, greeted = len(chain.sink.messages), connections(chain.sink)
    run, output = chain.reports(url, date, "--verbose")
    mails, greeted = len(chain.sink.messages) - before, connections(chain.sink) - greeted
    made = output.count(": report ")
    show(f"{made} reports about {n} messages", run, made, "report")
    print(f"  {mails} mails over {greeted} connections")
    target("reports", made, 0.85 * chaintools.chainhistory.domains_for(n), form="{:.0f}")
    target("memory, MB", run.rss_mb, 100, False)
    target("mails for a connection", mails / max(1, greeted), 10)
    day = url.replace("large", "day")
    tested, output = chain.reports(day, chain.date, "--test")
    made = output.count("would be report ")
    show(f"{made} reports about {SMALL} messages, test", tested, made, "report")
    before = len(chain.sink.messages)
    sent, _ = chain.reports(day, chain.date)
    mailed = len(chain.sink.messages) - before
    show(f"{mailed} mails about {SMALL} messages", sent, mailed, "mail")
    if script:
        target("secs of 1.4.2 for the same day against ours, as a test",
               script.tested.secs / tested.secs, 10)
        target("secs of 1.4.2 for the same day against ours, by mail",
               script.sent.secs / sent.secs, 10)
        per_mail = script.sent.secs / script.mails
        target("secs for a mail of 1.4.2 against ours, same day",
               per_mail / (sent.secs / mailed), 10)
        target("secs for a mail of 1.4.2 against ours, large day", per_mail / (run.secs / mails), 10)


def scripts(chain, path):
    """What 1.4.2 needs: its import, its reports as a test and by mail."""
    print("OpenDMARC 1.4.2")
    chain.unpack()
    imported, _ = chain.script("import", stdin=path)
    show(f"{SMALL} records", imported, SMALL)
    known, _ = chain.script("import", stdin=path)
    show(f"{SMALL} records, known", known, SMALL)
    tested, output = chain.script_reports("--test")
    made = len([n for n in os.listdir(chain.p.tmp) if n.endswith(".xml")])
    if made == 0:
        raise chaintools.Failed(f"1.4.2 made no reports:\n{output[-2000:]}")
    show(f"{made} reports as a test", tested, made, "report")
    before = len(chain.sink.messages)
    sent, output = chain.script_reports()
    mails = len(chain.sink.messages) - before
    if mails == 0:
        raise chaintools.Failed(f"1.4.2 sent no mail:\n{output[-2000:]}")
    show(f"{mails} mails", sent, mails, "mail")
    return Script(imported, tested, sent, mails)


class Probe(threading.Thread):
    """Another program that wants to write to an SQLite database now and then, and waits as ours."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path, self.longest, self.ended = path, 0.0, threading.Event()
        self.start()

    def run(self):
        db = sqlite3.connect(self.path, timeout=0, isolation_level=None)
        while not self.ended.wait(0.05):
            start, begun = time.monotonic(), False
            while not begun:
                try:
                    db.execute("BEGIN IMMEDIATE")
                    begun = True
                except sqlite3.OperationalError:
                    time.sleep(0.004)
            self.longest = max(self.longest, time.monotonic() - start)
            db.execute("ROLLBACK")
        db.close()

    def stop(self):
        self.ended.set()
        self.join()
        return self.longest


def longest_silence(chain, url, path):
    """Imports a file; the longest time between two batches, waits for locks included."""
    reader, writer = os.pipe()
    child, _ = chain.start(chain.argv("import", url, "--verbose", "--verbose", "--input", path),
                           to=writer)
    os.close(writer)
    last, longest, said = time.monotonic(), 0.0, b""
    while True:
        more = os.read(reader, 1 << 16)
        longest, last = max(longest, time.monotonic() - last), time.monotonic()
        if not more:
            break
        said = more
    os.close(reader)
    if child.wait() != 0:
        raise chaintools.Failed(f"the import failed: {said[-500:]!r}")
    return longest


def expiry(chain, url, n, files, sqlite):
    """Expires a large old day while days of today are imported."""
    probe = Probe(sqlite) if sqlite else None
    start = time.monotonic()
    child, path = chain.start(chain.argv("expire", url, "--verbose", "--unreported", "--alltables"))
    longest, imported = 0.0, 0
    for name in files:
        if child.poll() is not None:
            break
        longest = max(longest, longest_silence(chain, url, name))
        imported += 1
    if child.wait() != 0:
        raise chaintools.Failed(f"the expiry failed: {procs.read(path)[-500:]}")
    print(f"{n} messages expired in {time.monotonic() - start:.1f} s, {imported} imports meanwhile")
    print(f"  longest time between two batches of the import, work and waits: {longest:.2f} s")
    if probe:
        target("longest wait of a third writer, s", probe.stop(), LOCK_MAX_SECS, False, "{:.2f}")
    else:
        waited = int(chain.server.sql("SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_time_max'")[0][1])
        target("longest wait for a lock in the server, s", waited / 1000, LOCK_MAX_SECS, False,
               "{:.2f}")


def measure_all(chain, n, alone):
    today = int(time.time()) // DAY * DAY
    chain.date = time.strftime("%Y-%m-%d", time.gmtime(today - DAY))
    old = today - 200 * DAY
    day = chain.history("day", SMALL, today - DAY)
    days = {SMALL: day, 100000: chain.history("middle", 100000, old),
            n: chain.history("large", n, old)}
    meanwhile = [chain.history(f"more{i}", 100000, today - DAY, prefix=f"M{i}", seed=i)
                 for i in range(6)]
    alike = {size: chain.history(f"alike{size}", size, old, domains=ALIKE) for size in (SMALL, n)}
    names = {SMALL: "day", 100000: "middle", n: "large"}
    script = None if alone else scripts(chain, day)
    for name in names.values():
        chain.server.sql(f"CREATE DATABASE {name}")
    first, again = imports(chain, "MariaDB", lambda size: chain.server.url(names[size]), days)
    judge_imports(first, again, script, 20)
    for size in alike:
        chain.server.sql(f"CREATE DATABASE alike{size}")
    judge_growth(chain, lambda size: chain.server.url(f"alike{size}"), alike)
    lite = {size: chain.p.path(f"{name}.db") for size, name in names.items()}
    first, again = imports(chain, "SQLite", lambda size: f"sqlite:{lite[size]}", days)
    judge_imports(first, again, script, 40)
    judge_growth(chain, lambda size: f"sqlite:{chain.p.path(f'alike{size}.db')}", alike)
    judge_reports(chain, chain.server.url("large"), time.strftime("%Y-%m-%d", time.gmtime(old)), n,
                  script)
    print("\nExpiry, MariaDB")
    expiry(chain, chain.server.url("large"), n, meanwhile, None)
    print("\nExpiry, SQLite")
    expiry(chain, f"sqlite:{lite[n]}", n, meanwhile, lite[n])


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--alone", action="store_true", help="without the scripts of 1.4.2")
    parser.add_argument("messages", type=int, nargs="?", default=1000000)
    args = parser.parse_args()
    if mariadb.missing():
        print(f"chain: {mariadb.missing()}", file=sys.stderr)
        return 1
    reason = "--alone" if args.alone else chaintools.why_alone()
    if reason:
        print(f"chain: without OpenDMARC 1.4.2: {reason}", file=sys.stderr)
    print("load of the machine at the start: {:.1f}".format(os.getloadavg()[0]), flush=True)
    try:
        with procs.Procs() as p, dnsserver.DnsServer(ZONE) as dns, smtpsink.SmtpSink() as sink:
            os.mkdir(p.path("work"))
            chain = chaintools.Chain(p, mariadb.Server(p, options=SERVER), dns, sink)
            measure_all(chain, args.messages, reason is not None)
    except (chaintools.Failed, procs.Error) as e:
        print(f"chain: {e}", file=sys.stderr)
        return 1
    print("load of the machine at the end: {:.1f}".format(os.getloadavg()[0]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
