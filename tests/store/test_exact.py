#!/usr/bin/env python3
"""test_exact - every report arrives, whatever happens on the way: several programs on one
database, programs killed at any instant, a mail server that refuses or hangs up, a
database that stops. On SQLite and on MariaDB.

EXACT_ROUNDS is the number of kills (more is better), EXACT_SEED chooses other instants.
"""
import collections
import os
import random
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import aggreport
import mariadb
import procs
import tap
from test_reports import SENDER, Site

CASES = tap.Suite()
ROUNDS = int(os.environ.get("EXACT_ROUNDS", "8"))
SEED = int(os.environ.get("EXACT_SEED", "9990"))
DOMAINS = [f"d{i}.sender.example" for i in range(12)]


class MariaSite(Site):
    """A site whose database is on a MariaDB server of its own."""

    def __init__(self, p, zone=""):
        super().__init__(p, zone)
        # As installed: what the server has committed survives its death.
        self.server = mariadb.Server(p, options=["--innodb-flush-log-at-trx-commit=1"])
        self.server.sql("CREATE DATABASE t")
        self.db = self.server.url("t")

    def rows(self, query, *values):
        assert not values
        return [tuple(row) for row in self.server.sql(query, "t")]

    def disturb(self):
        """The server dies and comes back."""
        self.server.program.popen.kill()
        self.server.program.popen.wait()
        self.server.start()


class LiteSite(Site):
    """The same with SQLite: there is no server that could die."""

    def disturb(self):
        pass


def start(site, *more):
    """opendmarc-reports for yesterday, not waited for."""
    return subprocess.Popen(
        [procs.built("reports/opendmarc-reports"), "--db", site.db, "--conf", site.conf,
         "--report-email", SENDER, "--report-org", "Receiver", "--smtp-server", site.sink.host,
         "--smtp-port", str(site.sink.port), "--nameservers",
         f"{site.dns.host}@{site.dns.port}", "--workdir", site.p.tmp, "--date", site.date, *more],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def add(site, domain, count, destinations=1):
    site.add(count, from_=domain, pdomain=domain,
             rua=[f"mailto:r{i}@{domain}" for i in range(destinations)])


def pass_time(site):
    """As if the claims of the dead and all waiting times were over."""
    site.rows("UPDATE reports SET claimed_until = 0")
    site.rows("UPDATE deliveries SET claimed_until = 0, next_try = 0")


def mails_of(site):
    """{recipient: {Message-ID: octets}}; a repeat must be the same octets."""
    mails = collections.defaultdict(dict)
    for m in site.sink.messages:
        report = aggreport.read_mail(m.octets)
        tap.equal([report.mail["To"]], m.rcpts, "To")
        known = mails[m.rcpts[0]].setdefault(report.mail["Message-ID"], m.octets)
        tap.true(known == m.octets, f"repeat of {report.mail['Message-ID']} differs")
    return mails


def check_all_told(site, added, destinations):
    """Each destination was told of each message once, and the audit says so."""
    mails = mails_of(site)
    for domain in added:
        for i in range(destinations[domain]):
            reports = [aggreport.read_mail(o) for o in mails[f"r{i}@{domain}"].values()]
            tap.equal(sum(r.messages for r in reports), added[domain], f"messages of {domain} {i}")
            tap.equal(len({r.id for r in reports}), len(reports), f"ids of {domain}")
    tap.equal(len(mails), sum(destinations[d] for d in added), "recipients")
    rows = site.rows("SELECT COUNT(*), SUM(CASE WHEN state = 1 THEN 1 ELSE 0 END)"
                     " FROM deliveries")[0]
    sent = sum(len(m) for m in mails.values())
    tap.equal([int(n) for n in rows], [sent, sent], "ledger: deliveries, sent")
    lines = site.run("--audit", site.date).stdout.splitlines()
    total = sum(added.values())
    tap.equal(lines[1:], [f"  {total} told", f"  {total} seen"], "audit")


def two_at_once(site):
    """The first mail of each program waits for one of the other: both are at work."""
    added = {}
    for i, domain in enumerate(DOMAINS):
        add(site, domain, i + 1)
        added[domain] = i + 1
    site.load()
    both = threading.Barrier(2, timeout=procs.GIVE_UP_SECS)
    turns = threading.Semaphore(2)
    keep = site.sink.keep

    def keep_together(message):
        if turns.acquire(blocking=False):
            both.wait()
        keep(message)
    site.sink.keep = keep_together
    runners = [start(site), start(site)]
    try:
        tap.equal([r.wait(procs.GIVE_UP_SECS * 2) for r in runners], [0, 0], "statuses")
    finally:
        for r in runners:
            r.kill()
            r.wait()
    tap.equal(len(site.sink.messages), len(DOMAINS), "mails")
    check_all_told(site, added, dict.fromkeys(DOMAINS, 1))


def trouble(site, chance):
    """Something that goes wrong in one round."""
    kind = chance.choice(["none", "later", "refused", "cut", "cut after", "database"])
    if kind == "later":
        site.sink.fail("rcpt", "450 4.2.0 later", match=chance.choice(DOMAINS))
    elif kind == "refused":
        site.sink.fail("connect", "421 4.3.2 not now", count=chance.randrange(1, 4))
    elif kind == "cut":
        site.sink.fail("dot", "drop", match=chance.choice(DOMAINS), count=2)
    elif kind == "cut after":
        site.sink.lose_answers = 2
    return kind


def lose_answers(site):
    """Gives the sink a way to take a mail and to hang up before it says so."""
    keep, site.sink.lose_answers = site.sink.keep, 0

    def keep_and_lose(message):
        keep(message)
        if site.sink.lose_answers > 0:
            site.sink.lose_answers -= 1
            raise OSError("the answer is lost")
    site.sink.keep = keep_and_lose


def run_time(site):
    """Seconds of a whole run, which sets the range of the instants."""
    begin = time.monotonic()
    tap.equal(start(site).wait(procs.GIVE_UP_SECS), 0, "status of the first run")
    return time.monotonic() - begin


def killed(site):
    """Rounds of mail, trouble and kills; then a quiet run, and everything is there."""
    chance = random.Random(SEED)
    added, kinds = collections.Counter(), collections.Counter()
    destinations = {d: chance.choice([1, 2]) for d in DOMAINS}
    lose_answers(site)
    range_secs = None
    for number in range(ROUNDS + 1):
        for domain in DOMAINS if number == 0 else chance.sample(DOMAINS, 6):
            count = chance.randrange(1, 5)
            add(site, domain, count, destinations[domain])
            added[domain] += count
        site.load()
        if range_secs is None:
            range_secs = run_time(site)
            continue
        kind = trouble(site, chance)
        runner = start(site)
        time.sleep(chance.uniform(0, range_secs * 0.7))
        if kind == "database":
            site.disturb()
        runner.send_signal(signal.SIGKILL)
        kinds["killed" if runner.wait() == -signal.SIGKILL else "ended"] += 1
        kinds[kind] += 1
        site.sink.recover()
        site.sink.lose_answers = 0
        pass_time(site)
    tap.diag(f"seed {SEED}: {dict(kinds)}")
    site.report()
    check_all_told(site, added, destinations)
    mails = sum(len(m) for m in mails_of(site).values())
    tap.diag(f"{mails} mails, {len(site.sink.messages) - mails} repeats")


def answer_lost(site):
    """A mail that was taken without a word comes again, the same octets."""
    add(site, DOMAINS[0], 3)
    site.load()
    lose_answers(site)
    site.sink.lose_answers = 1
    site.report(status=75)
    pass_time(site)
    time.sleep(1.1)     # another second: what is made anew would have another Date
    site.report()
    tap.equal(len(site.sink.messages), 2, "mails")
    check_all_told(site, {DOMAINS[0]: 3}, {DOMAINS[0]: 1})


def run(site_class, function):
    with procs.Procs() as p, site_class(p) as site:
        function(site)


def taken_over(site, later=3):
    """A report whose maker died, and messages that came since: one run tells them all."""
    add(site, DOMAINS[0], 2)
    site.load()
    site.rows("INSERT INTO reports (policy_domain, window_begin, window_end, part, report_id,"
              f" messages, state) SELECT id, {site.midnight}, {site.midnight + 86400}, 0, 'open',"
              f" 0, 0 FROM domains WHERE name = '{DOMAINS[0]}'")
    site.rows("UPDATE messages SET report = (SELECT id FROM reports)")
    add(site, DOMAINS[0], later)
    site.load()
    site.report()
    tap.equal(sorted(aggreport.read_mail(m.octets).messages for m in site.sink.messages), [2, 3][:1 + (later > 0)],
              "messages of each report")
    check_all_told(site, {DOMAINS[0]: 2 + later}, {DOMAINS[0]: 1})


def taken_over_alone(site):
    """The same when nothing came since."""
    taken_over(site, later=0)


def no_mariadb():
    """Why MariaDB cannot take part; "" when it can."""
    said = subprocess.run([procs.built("reports/opendmarc-import"), "--conf", os.devnull, "--db",
                           "mysql://u@h/d?x=1"], stdin=subprocess.DEVNULL, check=False,
                          stderr=subprocess.PIPE, text=True).stderr
    return "this build has no MySQL" if "not built into" in said else mariadb.missing()


def skip(reason):
    raise tap.Skip(reason)


NO_MARIADB = no_mariadb()
for backend, cls in (("SQLite", LiteSite), ("MariaDB", MariaSite)):
    for text, body in (("two programs at once send each report once", two_at_once),
                       ("a report that is taken over, and what came since", taken_over),
                       ("a report that is taken over", taken_over_alone),
                       ("a lost answer repeats the same octets", answer_lost),
                       ("kills and trouble at any instant lose nothing", killed)):
        if backend == "MariaDB" and NO_MARIADB:
            CASES.add(f"{backend}: {text}", skip, NO_MARIADB)
        else:
            CASES.add(f"{backend}: {text}", run, cls, body)


if __name__ == "__main__":
    sys.exit(CASES.run())
