"""test_reports - opendmarc-reports as a whole: history in, report mail out.

Every case has a database, a mail server and a DNS of its own. The mail is read back by
an independent reader and compared with what was put in.
"""
import contextlib
import os
import random
import re
import sqlite3
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import aggreport
import dnsserver
import procs
import smtpsink
import tap

DAY = 86400
SENDER = "dmarc-noreply@receiver.example"
POLICY = "v=DMARC1; p=reject; rua=mailto:dmarc@"
ZONE = "\n".join(f"_dmarc.{d} TXT v=DMARC1; p=reject" for d in (
    "sender.example", "other.example", "third.example", "a.example", "b.example",
    "collector.example", "hostile.example", "xn--bcher-kva.example"))

DEFAULTS = {
    "reporter": "mx.receiver.example", "ipaddr": "192.0.2.25", "from": "sender.example",
    "mfrom": "sender.example", "dkim": [], "spf": 0, "spf_scope": 1,
    "pdomain": "sender.example", "policy": 15, "rua": ["mailto:dmarc@sender.example"],
    "pct": 100, "adkim": 114, "aspf": 114, "p": 114, "sp": 0, "fo": 1, "discovery": "treewalk",
    "align_dkim": 5, "align_spf": 4, "arc": 7, "arc_policy": "2 json:[]", "action": 2,
}
FAILED = {"policy": 16, "align_spf": 5, "spf": 7, "action": 0}


def day_ago(days):
    """The first second of the UTC day that many days ago, and its date."""
    begin = int(time.time()) // DAY * DAY - days * DAY
    return begin, time.strftime("%Y-%m-%d", time.gmtime(begin))


class Site:
    """A receiver with its database, its DNS and the mail server it sends through."""

    def __init__(self, p, zone=""):
        self.p, self.number = p, 0
        self.dns = dnsserver.DnsServer(ZONE + "\n" + zone)
        self.sink = smtpsink.SmtpSink()
        self.conf = p.write("opendmarc.conf", "DNSTimeout 2\n")
        self.path = p.path("reports.db")
        self.db = "sqlite:" + self.path
        self.records = []
        self.midnight, self.date = day_ago(1)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.sink.close()
        self.dns.close()

    def add(self, count=1, days=1, **values):
        """History records; from_ stands for from."""
        if "from_" in values:
            values["from"] = values.pop("from_")
        for _ in range(count):
            self.number += 1
            record = dict(DEFAULTS, received=day_ago(days)[0] + self.number % DAY)
            record.update(values)
            lines = [f"job Q{self.number}", f"id {self.p.tmp}.{self.number}"]
            for key, value in record.items():
                for v in value if isinstance(value, list) else [value]:
                    lines.append(f"{key} {v}")
            if not record["rua"]:
                lines.append("rua -")
            self.records.append("\n".join(lines) + "\n")

    def load(self):
        """Imports what was added since the last call."""
        path = self.p.write(f"history.{self.number}",
                            "".join(self.records).encode("utf-8", "surrogateescape"))
        self.records = []
        self.p.run([procs.built("reports/opendmarc-import"), "--db", self.db, "--input", path])

    def argv(self, *more):
        """The command line of opendmarc-reports."""
        return [procs.built("reports/opendmarc-reports"), "--db", self.db, "--conf", self.conf,
                "--report-email", SENDER, "--report-org", "Receiver",
                "--smtp-server", self.sink.host, "--smtp-port", str(self.sink.port),
                "--nameservers", f"{self.dns.host}@{self.dns.port}",
                "--workdir", self.p.tmp, *more]

    def run(self, *more, status=0, **popen):
        """Runs opendmarc-reports."""
        done = self.p.run(self.argv(*more), check=False, **popen)
        tap.equal(done.returncode, status, f"status of {more}\n{done.stdout}{done.stderr}")
        return done

    def report(self, *more, **keywords):
        """Runs it for yesterday."""
        return self.run("--date", self.date, *more, **keywords)

    def mails(self):
        """{recipient: [report]} of all mail that came."""
        reports = {}
        for m in self.sink.messages:
            tap.equal((m.sender, len(m.rcpts)), (SENDER, 1), "envelope")
            report = aggreport.read_mail(m.octets)
            tap.equal(report.mail["To"], m.rcpts[0], "To")
            reports.setdefault(m.rcpts[0], []).append(report)
        return reports

    def one(self):
        """The only report that came."""
        mails = self.mails()
        tap.equal([len(r) for r in mails.values()], [1], f"mails to {list(mails)}")
        return next(iter(mails.values()))[0]

    def rows(self, query, *values):
        with contextlib.closing(sqlite3.connect(self.path)) as db:
            rows = db.execute(query, values).fetchall()
            db.commit()
            return rows

    def make_due(self):
        """As if the waiting time of failed deliveries were over."""
        self.rows("UPDATE deliveries SET next_try = 0")


CASES = tap.Suite()


def case(name, zone=""):
    """A case with a site."""
    def add(function):
        def run():
            with procs.Procs() as p, Site(p, zone) as site:
                function(site)
        CASES.add(name, run)
        return function
    return add


@case("a day of one domain becomes one report with the right sums")
def _(site):
    site.add(100, dkim=["sender.example s1 0", "esp.example k1 0"], align_dkim=4)
    site.add(3, ipaddr="2001:db8::25", from_="News.Sender.example", **FAILED)
    site.add(2, policy=16, align_spf=5, spf=7, action=2, override=["local_policy whitelisted"])
    site.add(5, days=0)
    site.add(7, days=2)
    site.load()
    done = site.report("--verbose")
    report = site.one()
    tap.equal((report.domain, report.begin, report.end),
              ("sender.example", site.midnight, site.midnight + DAY - 1), "what and when")
    tap.equal(report.messages, 105, "messages")
    rows = {(r.ip, r.header_from, r.disposition, r.dkim, r.spf): r for r in report.rows}
    tap.equal({key: r.count for key, r in rows.items()}, {
        ("192.0.2.25", "sender.example", "pass", "pass", "pass"): 100,
        ("2001:db8::25", "news.sender.example", "reject", "fail", "fail"): 3,
        ("192.0.2.25", "sender.example", "none", "fail", "fail"): 2}, "rows")
    first = rows["192.0.2.25", "sender.example", "pass", "pass", "pass"]
    tap.equal(first.signatures, [("sender.example", "s1", "pass"), ("esp.example", "k1", "pass")],
              "signatures")
    tap.equal(first.spf_result, ("sender.example", "pass"), "spf")
    tap.equal(rows["192.0.2.25", "sender.example", "none", "fail", "fail"].reasons,
              [("local_policy", "whitelisted")], "reasons")
    tap.equal(report.published(), {"domain": "sender.example", "discovery_method": "treewalk",
                                   "p": "reject", "fo": "0", "adkim": "r", "aspf": "r",
                                   "testing": "n"}, "policy")
    tap.equal(report.get("report_metadata/org_name"), "Receiver", "org_name")
    tap.equal(report.get("report_metadata/email"), SENDER, "email")
    tap.equal(str(report.mail["From"]), f"Receiver <{SENDER}>", "From")
    tap.true(report.file_name.startswith("receiver.example!sender.example!"), "file name")
    tap.contains(done.stdout, f"sender.example {site.date}: report {report.id}: "
                 "105 messages, 3 rows", "summary")
    tap.contains(done.stdout, "sent report for sender.example to dmarc@sender.example", "verbose")
    tap.equal(re.findall(r"^DATE|^Date", site.sink.messages[0].octets.decode(), re.M), ["Date"],
              "one date")


@case("a second run sends nothing again, and says nothing")
def _(site):
    site.add(3)
    site.load()
    first = site.report()
    tap.equal(first.stdout + first.stderr, "", "output of a run from cron")
    site.report()
    tap.equal(site.one().messages, 3, "messages")
    done = site.report("--test", "--verbose", "--verbose")
    tap.contains(done.stdout, "in the ledger already", "reason")


@case("messages that come after their report get a supplement with an id of its own")
def _(site):
    site.add(3)
    site.load()
    site.report()
    site.add(2)
    site.load()
    site.report()
    site.report()
    reports = site.mails()["dmarc@sender.example"]
    tap.equal(sorted(r.messages for r in reports), [2, 3], "messages")
    tap.equal(len({r.id for r in reports}), 2, "ids")


@case("subdomains are in the report of the policy domain, other policies are not")
def _(site):
    site.add(1)
    site.add(2, from_="a.sender.example")
    site.add(4, from_="own.sender.example", pdomain="own.sender.example",
             rua=["mailto:own@sender.example"])
    site.add(8, pdomain="quiet.example", from_="quiet.example", rua=[])
    site.load()
    site.report()
    mails = site.mails()
    tap.equal({to: [(r.domain, r.messages) for r in rs] for to, rs in mails.items()},
              {"dmarc@sender.example": [("sender.example", 3)],
               "own@sender.example": [("own.sender.example", 4)]}, "reports")


@case("an ARC chain of a record of OpenDMARC 1.4 is told as 1.4 told it")
def _(site):
    chain = ('json:[{ "i": 2, "d":"lists.example", "s":"s2", "ip":"192.0.2.7" }, '
             '{ "i": 1, "d":"first.example", "s":"s1", "ip":"2001:db8::1" }]')
    for number, (verdict, action) in enumerate(((0, 2), (2, 2), (0, 0))):
        site.add(policy=16, align_spf=5, spf=7, ipaddr=f"192.0.2.{number}", action=action, arc=0,
                 arc_policy=f"{verdict} {chain}")
    site.records = ["".join(line + "\n" for line in record.splitlines()
                            if not line.startswith(("id ", "spf_scope ", "fo ", "discovery ")))
                    for record in site.records]
    site.load()
    site.report()
    told = {row.ip: row.reasons for row in site.one().rows}
    tap.equal(told, {"192.0.2.0": [("local_policy", "arc=pass as[2].d=lists.example as[2].s=s2 "
                                    "as[1].d=first.example as[1].s=s1 client-ip[1]=2001:db8::1")],
                     "192.0.2.1": [("local_policy", None)], "192.0.2.2": []}, "reasons")


@case("every address of the list gets the report, each with its own Message-ID")
def _(site):
    site.add(rua=["mailto:a@sender.example!10m", "MAILTO:b%2Bx@sender.example?subject=hi",
                  "mailto:", "ftp://x.example/", "foo", "mailto:A@sender.example"])
    site.load()
    done = site.report("--verbose")
    mails = site.mails()
    tap.equal(set(mails), {"a@sender.example", "b+x@sender.example"}, "recipients")
    reports = [rs[0] for rs in mails.values()]
    tap.equal(len({r.mail["Message-ID"] for r in reports}), 2, "Message-IDs")
    tap.equal(len({r.id for r in reports}), 1, "report ids")
    for text in ("not to mailto:: malformed", "not to ftp://x.example/: unsupported scheme",
                 "not to foo: malformed", "listed twice"):
        tap.contains(done.stdout, text, "reasons")
    commands = [c.split()[0].upper() for c in site.sink.commands]
    tap.equal((commands.count("EHLO"), commands.count("MAIL")), (1, 2), "one connection")


EXTERNAL = [
    # rua, the TXT records at sender.example._report._dmarc.HOST, who gets it
    ("mailto:x@a.example", None, set()),
    ("mailto:x@a.example", ["v=DMARC1"], {"x@a.example"}),
    ("mailto:x@a.example", ["v=DMARC1; rua=mailto:new@a.example"], {"new@a.example"}),
    ("mailto:x@a.example", ["v=DMARC1; rua=mailto:x@evil.example"], set()),
    ("mailto:x@a.example", ["p=none; v=DMARC1"], set()),
    ("mailto:x@a.example", ["v=spf1 -all", "v=DMARC1;"], {"x@a.example"}),
    ("mailto:x@a.example", ["v=spf1 -all"], set()),
    ("mailto:x@reports.sender.example", None, {"x@reports.sender.example"}),
    ("mailto:x@a.example,mailto:y@sender.example", None, {"y@sender.example"}),
    ("mailto:x@a.example,mailto:y@sender.example", ["v=DMARC1"],
     {"x@a.example", "y@sender.example"}),
]


def external(rua, records, want):
    zone = "\n".join(f"sender.example._report._dmarc.a.example TXT {text}"
                     for text in records or [])
    with procs.Procs() as p, Site(p, zone) as site:
        site.add(rua=rua.split(","))
        site.load()
        done = site.report("--verbose")
        tap.equal(set(site.mails()), want, f"recipients\n{done.stdout}")
        for refused in {u.partition(":")[2] for u in rua.split(",")} - want:
            tap.contains(done.stdout, f"not to {refused}: ", "reason")


for number, row in enumerate(EXTERNAL, 1):
    CASES.add(f"external destination {number}: {row[0]} {row[1]}", external, *row)


@case("a wildcard of the collector accepts reports for every domain",
      "*._report._dmarc.collector.example TXT v=DMARC1")
def _(site):
    for domain in ("sender.example", "other.example"):
        site.add(from_=domain, pdomain=domain, rua=["mailto:r@collector.example"])
    site.load()
    site.report()
    tap.equal(sorted(r.domain for r in site.mails()["r@collector.example"]),
              ["other.example", "sender.example"], "reports")


@case("a report waits while the DNS fails, and leaves when it answers",
      "*.a.example FAULT SERVFAIL")
def _(site):
    site.add(rua=["mailto:x@a.example", "mailto:y@sender.example"])
    site.add(from_="other.example", pdomain="other.example", rua=["mailto:z@other.example"])
    site.load()
    done = site.report(status=75)
    tap.contains(done.stderr, f"sender.example {site.date}: the DNS fails", "reason")
    tap.equal(set(site.mails()), {"z@other.example"}, "recipients")
    tap.contains(site.report("--test", status=75).stdout, "would send to y@sender.example", "plan")
    with dnsserver.DnsServer(
            ZONE + "\nsender.example._report._dmarc.a.example TXT v=DMARC1") as dns:
        site.report("--nameservers", f"{dns.host}@{dns.port}")
    tap.equal(set(site.mails()), {"x@a.example", "y@sender.example", "z@other.example"},
              "recipients at last")
    site.report()
    tap.equal(len(site.sink.messages), 3, "mails")


@case("after two days the report goes to the others", "*.a.example FAULT SERVFAIL")
def _(site):
    site.add(days=3, rua=["mailto:x@a.example", "mailto:y@sender.example"])
    site.load()
    done = site.run("--date", day_ago(3)[1], "--verbose")
    tap.contains(done.stdout, "not to x@a.example: the DNS did not say", "reason")
    tap.equal(set(site.mails()), {"y@sender.example"}, "recipients")


FAULTS = [
    ("mail", "451 4.3.0 not now"), ("mail", "550 5.7.1 go away"),
    ("rcpt", "450 4.2.0 mailbox busy"), ("rcpt", "554 5.7.1 relaying denied"),
    ("data", "451 4.3.0 not now"), ("data", "530 5.7.0 log in first"),
    ("dot", "452 4.3.1 disk full"), ("dot", "550 5.7.0 not from you"),
    ("rcpt", "drop"), ("dot", "drop"),
]


def fault(stage, reply):
    with procs.Procs() as p, Site(p) as site:
        for domain in ("a.example", "b.example", "other.example"):
            site.add(2, from_=domain, pdomain=domain, rua=[f"mailto:r@{domain}"])
        site.load()
        match = {"rcpt": "r@b.example", "data": "r@b.example", "dot": "To: r@b.example"}
        count = 1 if stage == "mail" else None
        site.sink.fail(stage, reply, match=match.get(stage, ""), count=count)
        done = site.report(status=75)
        failed = "a.example" if stage == "mail" else "b.example"
        tap.contains(done.stderr, f"failed to send report for {failed} to r@{failed} (", "stderr")
        if reply != "drop":
            tap.contains(done.stderr, reply, "the reply of the server")
        tap.equal(set(site.mails()), {"r@a.example", "r@b.example", "r@other.example"} -
                  {f"r@{failed}"}, "recipients")
        kept = site.rows("SELECT destination, tries, mail, reason FROM deliveries "
                         "WHERE state = 2")
        tap.equal([(d, n) for d, n, _, _ in kept], [(f"r@{failed}", 1)], "kept")
        tap.true(kept[0][3], "a reason is noted")

        # Not due yet: nothing happens.
        site.sink.recover()
        site.report()
        tap.equal(len(site.sink.messages), 2, "mails before the time has come")
        site.make_due()
        site.report()
        tap.equal([len(r) for r in site.mails().values()], [1, 1, 1], "one mail each")
        tap.equal(site.sink.messages[2].octets, bytes(kept[0][2]), "the same octets")
        tap.equal(site.rows("SELECT COUNT(*), COUNT(mail) FROM deliveries WHERE state = 1"),
                  [(3, 0)], "all sent, no mail kept")


for stage, reply in FAULTS:
    CASES.add(f"a failure at {stage}: {reply}", fault, stage, reply)


@case("without a mail server nothing is lost and nothing is held against anybody")
def _(site):
    for n in range(5):
        site.add(from_="a.example", pdomain=f"d{n}.a.example", rua=["mailto:r@a.example"])
    site.load()
    port = procs.free_port()
    done = site.report("--smtp-port", str(port), status=75)
    tap.contains(done.stderr, f"no connection to 127.0.0.1 port {port}", "stderr")
    tap.equal(done.stderr.count("failed to send"), 3, "tries")
    tap.equal(site.rows("SELECT COUNT(*) FROM deliveries WHERE state = 0 AND tries = 0"), [(5,)],
              "deliveries")
    site.report()
    tap.equal(len(site.mails()["r@a.example"]), 5, "reports")


@case("a server that refuses every connection with 421 is asked again later")
def _(site):
    site.add()
    site.load()
    site.sink.fail("connect", "421 4.7.0 too many connections", count=1)
    done = site.report(status=75)
    tap.contains(done.stderr, "421 4.7.0 too many", "stderr")
    site.make_due()
    site.report()
    tap.equal(site.one().messages, 1, "messages")


@case("a destination is given up after thirteen tries")
def _(site):
    site.add()
    site.load()
    site.sink.fail("rcpt", "450 4.2.1 mailbox disabled")
    for number in range(13):
        done = site.report(status=75)
        tap.equal("given up" in done.stderr, number == 12, f"try {number + 1}")
        site.make_due()
    tap.equal(site.rows("SELECT state, tries FROM deliveries"), [(3, 13)], "delivery")
    site.report()


@case("a destination that somebody wrote into the database is no SMTP command")
def _(site):
    site.add()
    site.load()
    site.report("--smtp-port", str(procs.free_port()), status=75)
    site.rows("UPDATE deliveries SET destination = ?", "a@b.example>\r\nRCPT TO:<v@x.example")
    tap.contains(site.report(status=75).stderr, "no mail address", "stderr")
    tap.equal(site.sink.commands, [], "commands")


@case("another program may write to the database while reports are made and sent",
      "*._report._dmarc.collector.example TXT v=DMARC1")
def _(site):
    for n in range(20):
        site.add(from_=f"d{n}.example", pdomain=f"d{n}.example",
                 rua=["mailto:r@collector.example"])
    site.load()
    stop, writes = threading.Event(), []

    def write():
        with contextlib.closing(sqlite3.connect(site.path, timeout=30)) as db:
            while not stop.is_set():
                db.execute("INSERT INTO reporters (name) VALUES (?)", (f"mx{len(writes)}",))
                db.commit()
                writes.append(1)
                time.sleep(0.001)
    writer = threading.Thread(target=write)
    writer.start()
    keep = site.sink.keep

    def keep_slowly(message):
        before = len(writes)
        procs.wait_for(lambda: len(writes) > before, "a write during the conversation")
        keep(message)
    site.sink.keep = keep_slowly
    try:
        site.report()
        site.report()
    finally:
        stop.set()
        writer.join()
    tap.equal(len(site.mails()["r@collector.example"]), 20, "reports")


@case("without a date the last three days are told, each once")
def _(site):
    for days in range(6):
        site.add(days + 1, days=days)
    site.load()
    today = day_ago(0)
    site.run("--verbose", "--delay", "0")
    if day_ago(0) != today:
        raise tap.Skip("midnight passed during the case")
    tap.equal(sorted((r.begin, r.messages) for r in site.mails()["dmarc@sender.example"]),
              [(day_ago(days)[0], days + 1) for days in (3, 2, 1)], "reports")
    site.run("--day")
    tap.equal(len(site.sink.messages), 3, "mails")


@case("--day is the previous UTC day, whatever the local time is")
def _(site):
    for days in range(4):
        site.add(days=days)
    site.load()
    today = day_ago(0)
    for zone in ("Pacific/Kiritimati", "America/Los_Angeles", "Europe/Berlin"):
        site.run("--day", env={"TZ": zone})
    if day_ago(0) != today:
        raise tap.Skip("midnight passed during the case")
    tap.equal(site.one().begin, site.midnight, "day")


@case("a day that is not over is not reported, but can be looked at")
def _(site):
    site.add(4, days=0)
    site.load()
    date = day_ago(0)[1]
    done = site.run("--date", date, status=1)
    tap.contains(done.stderr, "is not over", "stderr")
    tap.contains(done.stderr, "--to-dir", "the remedy")
    tap.contains(site.run("--date", date, "--test").stdout, "4 messages", "plan")
    site.run("--date", date, "--to-dir", site.p.path("out"))
    tap.equal(len(os.listdir(site.p.path("out"))), 2, "files")
    tap.equal(site.sink.messages, [], "mails")


@case("--to-dir writes the files, sends nothing and leaves the ledger alone")
def _(site):
    out = site.p.path("reports")
    site.add(3, rua=["mailto:a@sender.example", "mailto:b@sender.example"])
    site.add(2, from_="other.example", pdomain="other.example", rua=["mailto:x@refused.example"])
    site.load()
    done = site.report("--to-dir", out)
    begin, end = site.midnight, site.midnight + DAY - 1
    stems = {d: f"receiver.example!{d}!{begin}!{end}" for d in ("sender.example", "other.example")}
    tap.equal(sorted(os.listdir(out)), sorted([
        stems["other.example"] + ".xml.gz", stems["sender.example"] + ".xml.gz",
        stems["sender.example"] + ".eml", stems["sender.example"] + "-2.eml"]), "files")
    tap.contains(done.stdout, f"other.example {site.date}: no mail is written", "reason")
    tap.contains(done.stdout, "not to x@refused.example: ", "reason")
    recipients = set()
    for name in os.listdir(out):
        with open(os.path.join(out, name), "rb") as f:
            octets = f.read()
        if name.endswith(".eml"):
            report = aggreport.read_mail(octets)
            recipients.add(report.mail["To"])
        else:
            report = aggreport.read_xml(octets)
        tap.equal(report.messages, 3 if report.domain == "sender.example" else 2, name)
    tap.equal(recipients, {"a@sender.example", "b@sender.example"}, "recipients")
    tap.equal(site.rows("SELECT COUNT(*) FROM reports"), [(0,)], "ledger")
    tap.equal(site.sink.commands, [], "mail server")

    first = {name: os.stat(os.path.join(out, name)).st_size for name in os.listdir(out)}
    site.report("--to-dir", out)
    tap.equal({name: os.stat(os.path.join(out, name)).st_size for name in os.listdir(out)},
              first, "files of a second run")
    site.report("--to-dir", os.path.join(out, "no", "such"), status=1)


@case("--test tells what would be sent and changes nothing")
def _(site):
    site.add(3)
    site.load()
    for _ in range(2):
        done = site.report("-n")
        tap.contains(done.stdout, f"sender.example {site.date}: would send to "
                     f"dmarc@sender.example: receiver.example!sender.example!", "plan")
        tap.contains(done.stdout, "3 messages, 1 rows", "plan")
    tap.equal(site.rows("SELECT COUNT(*) FROM reports"), [(0,)], "ledger")
    tap.equal(site.sink.commands, [], "mail server")


@case("--domain and --nodomain choose")
def _(site):
    for domain in ("sender.example", "other.example", "third.example"):
        site.add(from_=domain, pdomain=domain, rua=[f"mailto:r@{domain}"])
    site.add(from_="news.third.example", pdomain="third.example", rua=["mailto:r@third.example"])
    site.load()

    def plan(*more):
        text = site.report("--test", *more).stdout
        return set(re.findall(r"would send to r@(\S+):", text))
    tap.equal(plan("--domain", "sender.example"), {"sender.example"}, "policy domain")
    tap.equal(plan("--domain=NEWS.third.example."), {"third.example"}, "From domain")
    tap.equal(plan("--domain", "absent.third.example"), set(), "no such From domain")
    tap.equal(plan("--domain", "other.example", "--domain", "sender.example"),
              {"other.example", "sender.example"}, "two")
    tap.equal(plan("--nodomain", "other.example", "--nodomain", "third.example"),
              {"sender.example"}, "without")
    site.report("--domain", "other.example")
    tap.equal(set(site.mails()), {"r@other.example"}, "recipients")
    site.report("--nodomain", "third.example")
    tap.equal(set(site.mails()), {"r@other.example", "r@sender.example"}, "recipients")


@case("the names of the reporter can be chosen")
def _(site):
    site.add()
    site.load()
    site.report("--report-org", "Prüf \"GmbH\" <&>\r\nBcc: x@y.example",
                "--report-domain", "Bücher.example", "--report-contact", "help@receiver.example")
    report = site.one()
    tap.equal(report.get("report_metadata/org_name"), 'Prüf "GmbH" <&> Bcc: x@y.example', "org")
    tap.equal(report.get("report_metadata/email"), "help@receiver.example", "contact")
    tap.true(report.file_name.startswith("xn--bcher-kva.example!"), report.file_name)
    tap.contains(str(report.mail["Subject"]), "Submitter: xn--bcher-kva.example ", "Subject")
    tap.true(str(report.mail["From"]).endswith(f"<{SENDER}>"), "From")
    tap.equal(report.mail["Bcc"], None, "Bcc")


USAGE = [
    (["--date", "yesterday"], 1, 'no day such as 2026-05-19'),
    (["--date", "2026-02-30"], 1, 'no day such as'),
    (["--date", "2026-05-19", "--day"], 1, "leave one out"),
    (["--day", "--report-email", "nobody"], 1, "--report-email"),
    (["--day", "--report-contact", "a b@c.example"], 1, "--report-contact"),
    (["--day", "--report-domain", "a..b"], 1, "--report-domain"),
    (["--day", "--domain", "a..b"], 1, "--domain"),
    (["--day", "--nodomain", "a b"], 1, "--nodomain"),
    (["--day", "--smtp-port", "0"], 1, "smtp-port"),
    (["--day", "--nameservers", "example.com"], 1, "example.com"),
    (["--day", "--conf", "/nonexistent/opendmarc.conf"], 78, "/nonexistent/opendmarc.conf"),
    (["--day", "--db", "postgres:x"], 78, "postgres"),
    (["--day", "--dbhost", "db.example"], 78, "--dbhost"),
    (["--no-such-option"], 1, "Usage: opendmarc-reports"),
    (["word"], 1, "word"),
    (["--help"], 0, "Usage: opendmarc-reports"),
]


def usage(argv, status, text):
    with procs.Procs() as p, Site(p) as site:
        done = site.run(*argv, status=status)
        tap.contains(done.stderr, text, "stderr")
        tap.equal(done.stdout, "", "stdout")


for row in USAGE:
    CASES.add("options " + " ".join(row[0]), usage, *row)


@case("--version")
def _(site):
    tap.true(re.fullmatch(r"opendmarc-reports v[0-9.]+\n", site.run("--version").stdout),
             "version")


@case("an empty sender is reported with the HELO name, or without an SPF result")
def _(site):
    site.add(mfrom="", spf_scope=2, spf_domain="mx7.sender.example", spf=6)
    site.add(mfrom="", spf_scope=2, spf=6, ipaddr="192.0.2.26")
    site.load()
    site.report()
    rows = {r.ip: r for r in site.one().rows}
    tap.equal(rows["192.0.2.25"].spf_result, ("mx7.sender.example", "none"), "HELO name")
    tap.equal(rows["192.0.2.26"].spf_result, None, "no name")
    tap.equal({r.envelope_from for r in rows.values()}, {""}, "envelope_from")


HOSTILE = ["<b>&\"']]>", "a\x01\x1b[31mb", "x" * 3000, "b\xfccher.example", "\udcff\udcfe", "-",
           "d.example", "\u202e.example", "<!--", "%s%n", "B\u00dcCHER.example", "a..b", "."]


@case("a thousand signatures and text that nobody should send")
def _(site):
    odd = random.Random(20260519)
    passing = [f"d{n}.example s{n} 0" for n in range(999)] + ["sender.example good 0"]
    site.add(2, dkim=passing, align_dkim=4)
    for n in range(300):
        word = odd.choice(HOSTILE)
        site.add(odd.randint(1, 3), ipaddr=f"10.0.{n >> 4}.{n & 15}",
                 mfrom=odd.choice([word for word in HOSTILE if word != "-"]),
                 dkim=[f"{odd.choice(HOSTILE)} {odd.choice(HOSTILE)} {odd.randint(-1, 12)}"
                       for _ in range(odd.randint(0, 5))],
                 spf=odd.randint(-1, 12), spf_scope=odd.choice((-1, 1, 2)),
                 policy=odd.choice((15, 16, 17, 18)), action=odd.randint(0, 4),
                 align_dkim=odd.choice((4, 5)), align_spf=odd.choice((4, 5)),
                 override=[f"other {word}"] if n % 3 else [],
                 effective=ord(odd.choice("nqr")))
    total = site.number
    site.load()
    site.report()
    report = site.one()
    tap.equal(report.messages, total, "messages")
    row = next(r for r in report.rows if r.ip == "192.0.2.25")
    tap.equal((row.count, len(row.signatures)), (2, 100), "the row with many signatures")
    tap.equal(row.signatures[0], ("sender.example", "good", "pass"), "the aligned one")


@case("an internationalised policy domain is written in A-labels")
def _(site):
    site.add(from_="bücher.example", pdomain="xn--bcher-kva.example", mfrom="Bücher.example",
             rua=["mailto:r@xn--bcher-kva.example"])
    site.load()
    site.report()
    report = site.one()
    tap.equal((report.domain, report.rows[0].header_from, report.rows[0].envelope_from),
              ("xn--bcher-kva.example",) * 3, "names")


@case("messages without a policy are in no report")
def _(site):
    site.add(2)
    site.add(5, policy=14, p=0, rua=[], align_dkim=0, align_spf=0)
    site.add(5, from_="none.example", pdomain="none.example", policy=14, p=0, rua=[],
             align_dkim=0, align_spf=0)
    site.load()
    site.report()
    tap.equal(site.one().messages, 2, "messages")


@case("a run from cron with a bare environment")
def _(site):
    site.add()
    site.load()
    done = site.p.run(["env", "-i", procs.built("reports/opendmarc-reports"), "--db=" + site.db,
                       "--conf=" + site.conf, "--date=" + site.date,
                       "--report-email=" + SENDER, "--smtp-server", "localhost",
                       "--schema-dir=" + procs.source("reports"),
                       f"--smtp-port={site.sink.port}",
                       f"--nameservers={site.dns.host}@{site.dns.port}"])
    tap.equal(done.stdout + done.stderr, "", "output")
    tap.equal(site.one().get("report_metadata/org_name"), "receiver.example", "org_name")


@case("a full or missing folder is an error, not half a file")
def _(site):
    site.add()
    site.load()
    path = site.p.write("file", "")
    site.report("--to-dir", path, status=1)
    tap.equal(procs.read(path), "", "the file")


if __name__ == "__main__":
    sys.exit(CASES.run())
