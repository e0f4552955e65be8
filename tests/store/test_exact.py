#!/usr/bin/env python3
"""test_exact - every report arrives, whatever happens on the way: several programs on one
database, imports and reports killed at any instant, windows of several lengths, a mail
server that refuses or hangs up, a database that stops, a disk that is full. On SQLite and
on MariaDB.

EXACT_ROUNDS is the number of rounds with kills (more is better), EXACT_SEED chooses other
instants. A round may repeat a mail: between the word of the mail server and the note in the
ledger a program can die, and nobody can know then. The repeats are counted.
"""
import collections
import contextlib
import os
import random
import resource
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
OWN_MOUNTS = os.environ.get("EXACT_OWN_MOUNTS") == "1"
SEED = int(os.environ.get("EXACT_SEED", "9990"))
DOMAINS = [f"d{i}.sender.example" for i in range(12)]


class ExactSite(Site):
    """A site whose history files wait until an import has said that it took them."""

    def __init__(self, p, zone=""):
        super().__init__(p, zone)
        self.files = []

    def write(self):
        """Puts what was added since the last call into a file of its own."""
        self.files.append(self.p.write(f"history.{self.number}", "".join(self.records)))
        self.records = []

    def start_import(self, **popen):
        """opendmarc-import of the oldest file, not waited for."""
        return subprocess.Popen(
            [procs.built("reports/opendmarc-import"), "--conf", os.devnull, "--db", self.db,
             "--input", self.files[0]], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, **popen)

    def fill_disk(self):
        """Nothing more can be written to the disk of the database; False: it has none."""
        return False

    def free_disk(self):
        pass


class MariaSite(ExactSite):
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


class LiteSite(ExactSite):
    """The same with SQLite, on a small disk of its own where the system lets us."""

    def __init__(self, p, zone=""):
        super().__init__(p, zone)
        self.disk = None
        folder = p.path("disk")
        os.mkdir(folder)
        if OWN_MOUNTS and subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "disk",
                                          folder], check=False).returncode == 0:
            self.disk = folder
            self.path = os.path.join(folder, "reports.db")
            self.db = "sqlite:" + self.path

    def __exit__(self, *exc):
        super().__exit__(*exc)
        if self.disk:
            subprocess.run(["umount", self.disk], check=True)

    def disturb(self):
        """There is no server that could die."""

    def fill_disk(self):
        if not self.disk:
            return False
        with contextlib.suppress(OSError), \
                open(os.path.join(self.disk, "filler"), "ab", buffering=0) as f:
            for size in (1 << 20, 1 << 16, 4096):
                with contextlib.suppress(OSError):
                    while f.write(b"x" * size) == size:
                        pass
        return True

    def free_disk(self):
        if self.disk:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(self.disk, "filler"))


def start(site, *window, **popen):
    """opendmarc-reports for yesterday, not waited for."""
    return subprocess.Popen(
        [procs.built("reports/opendmarc-reports"), "--db", site.db, "--conf", site.conf,
         "--report-email", SENDER, "--report-org", "Receiver", "--smtp-server", site.sink.host,
         "--smtp-port", str(site.sink.port), "--nameservers",
         f"{site.dns.host}@{site.dns.port}", "--workdir", site.p.tmp,
         *(window or ("--date", site.date))],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **popen)


def add(site, domain, count, destinations=1, **values):
    site.add(count, from_=domain, pdomain=domain, **values,
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
    """The first mail of each program waits for one of the other: both are at work.

    There are more mails than one claims at once.
    """
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


KINDS = ["none", "later", "refused", "cut", "cut after", "database", "full", "limit"]


def trouble(site, kind, chance):
    """What makes the mail server go wrong in one round."""
    if kind == "later":
        site.sink.fail(*chance.choice([("mail", "451 4.3.0 later"), ("rcpt", "450 4.2.0 later"),
                                       ("rcpt", "554 5.7.1 relaying denied"),
                                       ("data", "451 4.3.0 later")]),
                       match=chance.choice(DOMAINS))
    elif kind == "refused":
        site.sink.fail("connect", chance.choice(["421 4.3.2 not now", "554 5.3.2 go away"]),
                       count=chance.randrange(1, 4))
    elif kind == "cut":
        site.sink.fail("dot", "drop", match=chance.choice(DOMAINS), count=2)
    elif kind == "cut after":
        site.sink.lose_answers = 2


def small_files(site, chance):
    """Files cannot grow beyond what the database has now, or a little more."""
    size = os.path.getsize(site.path) if os.path.exists(site.path) else 0
    limit = size + chance.randrange(0, 200000)

    def limits():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    return {"preexec_fn": limits}


def lose_answers(site):
    """Gives the sink a way to take a mail and to hang up before it says so."""
    keep, site.sink.lose_answers, site.sink.lost = site.sink.keep, 0, 0

    def keep_and_lose(message):
        keep(message)
        if site.sink.lose_answers > 0:
            site.sink.lose_answers -= 1
            site.sink.lost += 1
            raise OSError("the answer is lost")
    site.sink.keep = keep_and_lose


def run_time(start_it, what):
    """Seconds of a whole run, which sets the range of the instants."""
    begin = time.monotonic()
    tap.equal(start_it().wait(procs.GIVE_UP_SECS), 0, f"status of the first {what}")
    return time.monotonic() - begin


def windows_of(site, chance):
    """Windows in which a run may look at yesterday."""
    return chance.choice([("--date", site.date), ("--delay", "0", "--interval", "3600"),
                          ("--delay", "0", "--interval", "86400"),
                          ("--delay", "0", "--interval", "5400")])


def one_round(site, chance, times, kinds):
    """Import and reports, one after the other or at once, something wrong, and kills."""
    kind = chance.choice(KINDS)
    popen = small_files(site, chance) if kind == "limit" else {}
    trouble(site, kind, chance)
    if kind == "full" and chance.random() < 0.5:
        site.fill_disk()
    programs = [("import", lambda: site.start_import(**popen)),
                ("reports", lambda: start(site, *windows_of(site, chance), **popen))]
    at_once = chance.random() < 0.3
    running = []
    for what, start_it in programs:
        running.append((what, start_it()))
        if at_once and what == "import":
            continue
        time.sleep(chance.uniform(0, times[what] * 0.9))
        if kind == "database" and chance.random() < 0.7:
            site.disturb()
        if kind == "full":
            kind = "full" if site.fill_disk() else "none"
        spared = chance.random() < 0.2
        while running:
            name, program = running.pop()
            if not spared:
                program.send_signal(signal.SIGKILL)
            status = program.wait(procs.GIVE_UP_SECS)
            kinds[f"{name} " + ("killed" if status == -signal.SIGKILL else "ended")] += 1
            if name == "import" and status == 0:
                del site.files[0]
    kinds[kind] += 1
    site.free_disk()
    site.sink.recover()
    site.sink.lose_answers = 0
    pass_time(site)


def killed(site):
    """Rounds of mail, trouble and kills; then quiet runs, and everything is there."""
    chance = random.Random(SEED)
    added, kinds = collections.Counter(), collections.Counter()
    destinations = {d: chance.choice([1, 2]) for d in DOMAINS}
    begin, times = time.monotonic(), {}
    lose_answers(site)
    for number in range(ROUNDS + 1):
        for domain in DOMAINS if number == 0 else chance.sample(DOMAINS, 6):
            count = chance.randrange(1, 5)
            for _ in range(count):
                add(site, domain, 1, destinations[domain],
                    received=site.midnight + chance.randrange(86400))
            added[domain] += count
        site.write()
        if number > 0:
            one_round(site, chance, times, kinds)
            continue
        # The first import makes the tables; all others are over much sooner.
        times["import"] = run_time(site.start_import, "import") / 3
        del site.files[0]
        times["reports"] = run_time(lambda: start(site), "reports")
    for _ in range(len(site.files)):
        tap.equal(site.start_import().wait(procs.GIVE_UP_SECS), 0, "status of a quiet import")
        del site.files[0]
    pass_time(site)
    site.report()
    check_all_told(site, added, destinations)
    mails = sum(len(m) for m in mails_of(site).values())
    repeats = len(site.sink.messages) - mails
    tap.diag(f"seed {SEED}: {dict(kinds)}")
    tap.diag(f"{ROUNDS} rounds in {time.monotonic() - begin:.0f} s: {sum(added.values())} messages, "
             f"{mails} mails, {repeats} repeats; {site.sink.lost} answers were lost")
    # One mail is under way when a program dies or cannot write.
    tap.true(repeats <= ROUNDS + site.sink.lost, f"{repeats} repeats")


def lengths(site):
    """Windows of a day, of an hour and of an odd length in turn, and two at once."""
    chance = random.Random(SEED)
    hours, odd = [("--delay", "0", "--interval", n) for n in ("3600", "5400")]
    day = ("--date", site.date)
    added = collections.Counter()

    def more():
        for domain in DOMAINS[:3]:
            for _ in range(5):
                add(site, domain, 1, received=site.midnight + chance.randrange(86400))
            added[domain] += 5
        site.load()

    for window in (hours, day, hours, odd, day):
        more()
        tap.equal(start(site, *window).wait(procs.GIVE_UP_SECS), 0, f"status of {window}")
    for pair in ((hours, day), (odd, day), (hours, odd)):
        more()
        both = [start(site, *window) for window in pair]
        tap.equal([b.wait(procs.GIVE_UP_SECS) for b in both], [0, 0], f"statuses of {pair}")
    tap.equal(start(site, *day).wait(procs.GIVE_UP_SECS), 0, "status of the last")
    check_all_told(site, added, dict.fromkeys(added, 1))
    found = {aggreport.read_mail(m.octets) for m in site.sink.messages}
    tap.equal({r.end + 1 - r.begin for r in found}, {3600, 5400, 86400}, "windows of the reports")
    tap.equal(len({m.octets for m in site.sink.messages}), len(site.sink.messages), "no repeats")


def lengths_after_death(site):
    """A report of one length whose maker died is finished by a run of another one."""
    hour = site.midnight + 10 * 3600
    for window, dead in ((("--date", site.date), (hour, hour + 3600)),
                         (("--delay", "0", "--interval", "3600"),
                          (site.midnight, site.midnight + 86400))):
        add(site, DOMAINS[0], 2, received=hour + 5)
        site.load()
        site.rows("INSERT INTO reports (policy_domain, window_begin, window_end, part, report_id,"
                  f" messages, state) SELECT id, {dead[0]}, {dead[1]}, 9, 'open', 0, 0"
                  f" FROM domains WHERE name = '{DOMAINS[0]}'")
        site.rows("UPDATE messages SET report = (SELECT id FROM reports WHERE report_id = 'open')"
                  " WHERE report IS NULL")
        add(site, DOMAINS[0], 3, received=hour + 9)
        site.load()
        before = len(site.sink.messages)
        tap.equal(start(site, *window).wait(procs.GIVE_UP_SECS), 0, f"status of {window}")
        came = [aggreport.read_mail(m.octets) for m in site.sink.messages[before:]]
        length = 86400 if window[0] == "--date" else 3600
        tap.equal(sorted((r.messages, r.end + 1 - r.begin) for r in came),
                  [(2, dead[1] - dead[0]), (3, length)], "messages and windows")
    check_all_told(site, {DOMAINS[0]: 10}, {DOMAINS[0]: 1})


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
                       ("windows of several lengths tell each message once", lengths),
                       ("a dead program's report, and windows of another length",
                        lengths_after_death),
                       ("a lost answer repeats the same octets", answer_lost),
                       ("kills and trouble at any instant lose nothing", killed)):
        if backend == "MariaDB" and NO_MARIADB:
            CASES.add(f"{backend}: {text}", skip, NO_MARIADB)
        else:
            CASES.add(f"{backend}: {text}", run, cls, body)


def main():
    """In a mount namespace of our own, where the system lets us: for the disk that is full."""
    if os.geteuid() == 0 and not OWN_MOUNTS and subprocess.run(
            ["unshare", "-m", "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0:
        os.execvpe("unshare", ["unshare", "-m", "--propagation", "private", sys.executable,
                               *sys.argv], dict(os.environ, EXACT_OWN_MOUNTS="1"))
    if not OWN_MOUNTS:
        tap.diag("no full disk: a small file system needs root and unshare(1)")
    return CASES.run()


if __name__ == "__main__":
    sys.exit(main())
