#!/usr/bin/env python3
"""test_sites - what sites do with the tools from day to day, on SQLite and on MariaDB: letter
case, lists that are long, history that comes late, rows that other programs made, the
command lines of scripts for 1.x, a server of another time zone.
"""
import collections
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import procs
import tap
from test_exact import NO_MARIADB, LiteSite, MariaSite, pass_time, run, skip
from test_reports import SENDER, day_ago

CASES = tap.Suite()


def case(name, *sites):
    """A case with a site of each kind of database."""
    def add(function):
        for site in sites or (LiteSite, MariaSite):
            text = f"{'SQLite' if site is LiteSite else 'MariaDB'}: {name}"
            if site is MariaSite and NO_MARIADB:
                CASES.add(text, skip, NO_MARIADB)
            else:
                CASES.add(text, run, site, function)
        return function
    return add


def requests(site, domain):
    """Columns of the old table about a From domain."""
    (row,) = site.rows("SELECT q.repuri, q.policy, q.lastsent IS NULL FROM requests q"
                       f" JOIN domains d ON d.id = q.domain WHERE d.name = '{domain}'")
    return row[0], int(row[1]), int(row[2]) == 1


@case("a domain that came in capitals first is told in small letters, as one")
def _(site):
    site.add(2, from_="SENDER.EXAMPLE", pdomain="SENDER.EXAMPLE", mfrom="SENDER.EXAMPLE")
    site.load()
    site.add(3)
    site.load()
    site.report()
    report = site.one()
    tap.equal((report.domain, report.messages), ("sender.example", 5), "report")
    tap.equal({r.header_from for r in report.rows}, {"sender.example"}, "header_from")
    tap.equal(len(report.rows), 1, "rows")


@case("a long list of addresses is kept whole, and each gets the report")
def _(site):
    names = [f"{i}{'x' * 50}" for i in range(8)]
    site.add(rua=[f"mailto:{n}@sender.example" for n in names])
    site.load()
    site.report()
    tap.equal(requests(site, "sender.example")[0],
              ",".join(f"mailto:{n}@sender.example" for n in names), "requests")
    tap.equal(set(site.mails()), {f"{n}@sender.example" for n in names}, "recipients")


@case("older history that is imported later does not bring an old policy back")
def _(site):
    site.add(1, received=site.midnight + 5000, p=114, rua=["mailto:new@sender.example"])
    site.load()
    site.add(1, received=site.midnight + 50, p=110, rua=["mailto:old@sender.example"])
    site.load()
    tap.equal(requests(site, "sender.example")[:2], ("mailto:new@sender.example", 114), "requests")
    site.report()
    report = site.one()
    tap.equal((report.published()["p"], report.messages), ("reject", 2), "report")
    tap.equal(list(site.mails()), ["new@sender.example"], "recipient")


@case("a message without a policy leaves the last policy alone")
def _(site):
    site.add(1, received=site.midnight + 50)
    site.load()
    site.add(1, received=site.midnight + 60, policy=14, p=0, rua=[], align_dkim=0, align_spf=0)
    site.load()
    tap.equal(requests(site, "sender.example")[:2], ("mailto:dmarc@sender.example", 114), "requests")
    site.report()
    tap.equal(site.one().messages, 1, "messages")


@case("a size limit of an address stops no report")
def _(site):
    site.add(50, rua=["mailto:r@sender.example!1"])
    site.load()
    site.report()
    tap.equal(list(site.mails()), ["r@sender.example"], "recipient")


@case("requests.lastsent moves when a server has taken the report, not before")
def _(site):
    site.add()
    site.load()
    site.sink.fail("rcpt", "450 4.2.0 later")
    site.report(status=75)
    tap.true(requests(site, "sender.example")[2], "not sent yet")
    site.sink.recover()
    pass_time(site)
    site.report()
    tap.true(not requests(site, "sender.example")[2], "sent")


@case("two selectors of one day are two signatures of the report")
def _(site):
    site.add(2, dkim=["sender.example s202610 0"], align_dkim=4)
    site.add(3, dkim=["sender.example s202611 0"], align_dkim=4)
    site.load()
    site.report()
    tap.equal(sorted((r.count, r.signatures) for r in site.one().rows),
              [(2, [("sender.example", "s202610", "pass")]),
               (3, [("sender.example", "s202611", "pass")])], "rows")


@case("two days without a run are made up for")
def _(site):
    for days in (1, 2, 3):
        site.add(days, days=days, received=day_ago(days)[0] + 100)
    site.load()
    site.run("--delay", "0")
    tap.equal(sorted((r.begin, r.messages) for r in site.mails()["dmarc@sender.example"]),
              [(day_ago(3)[0], 3), (day_ago(2)[0], 2), (day_ago(1)[0], 1)], "reports")


@case("a pause of three weeks is made up for, but not one of months")
def _(site):
    site.add(5, days=30, received=day_ago(30)[0] + 50)
    site.load()
    site.run("--date", day_ago(30)[1])
    site.sink.messages.clear()
    for days in (1, 20, 29, 60):
        site.add(days, days=days, received=day_ago(days)[0] + 100)
    site.load()
    site.run("--delay", "0")
    tap.equal(sorted((r.begin, r.messages) for r in site.mails()["dmarc@sender.example"]),
              [(day_ago(days)[0], days) for days in (29, 20, 1)], "reports")
    # Before the first report there is no pause to make up for.
    site.rows("DELETE FROM deliveries")
    site.rows("DELETE FROM reports")
    site.rows("UPDATE messages SET report = NULL")
    site.sink.messages.clear()
    site.run("--delay", "0")
    tap.equal([r.messages for r in site.mails()["dmarc@sender.example"]], [1], "the first run")


@case("weeks that are given up for days lose no day")
def _(site):
    # A length whose window of yesterday began more than three days ago and is not over.
    today = site.midnight // 86400 + 1
    length = next(n for n in range(6, 32) if today // n * n <= today - 6 and (today + 1) % n)
    begin = today // length * length * 86400
    days = today - begin // 86400
    for day in range(days):
        site.add(day + 1, received=begin + day * 86400 + 3600)
    site.load()
    site.rows("INSERT INTO reports (policy_domain, window_begin, window_end, part, report_id,"
              f" messages, state) SELECT id, {begin - length * 86400}, {begin}, 0, 'made', 0, 1"
              " FROM domains WHERE name = 'sender.example'")
    site.run("--interval", str(length * 86400), "--delay", "0")
    tap.equal(site.sink.messages, [], "mails of a window that is not over")
    site.run("--interval", "86400", "--delay", "0")
    tap.equal(sorted(r.messages for r in site.mails()["dmarc@sender.example"]),
              list(range(1, days + 1)), "the days")


@case("each of many domains gets its own messages and no other")
def _(site):
    want = {}
    for i in range(25):
        domain = f"d{i}.sender.example"
        site.add(i + 1, from_=domain, pdomain=domain, rua=[f"mailto:r{i}@sender.example"],
                 p=(110, 113, 114)[i % 3])
        want[f"r{i}@sender.example"] = (domain, i + 1, ("none", "quarantine", "reject")[i % 3])
    site.load()
    site.report()
    tap.equal({to: [(r.domain, r.messages, r.published()["p"]) for r in rs]
               for to, rs in site.mails().items()}, {to: [w] for to, w in want.items()}, "reports")


@case("a row of requests with NULL in it is read as its own", MariaSite)
def _(site):
    for domain in ("a.example", "b.example", "other.example"):
        site.add(from_=domain, pdomain=domain, rua=[f"mailto:r@{domain}"])
    site.load()
    site.rows("UPDATE requests SET repuri = NULL, locked = 1 WHERE domain ="
              " (SELECT id FROM domains WHERE name = 'b.example')")
    site.report()
    tap.equal({to: [r.domain for r in rs] for to, rs in site.mails().items()},
              {"r@a.example": ["a.example"], "r@other.example": ["other.example"]}, "reports")


def secret_user(site):
    """What the comment of a schema asks for: a user with a password and all rights."""
    site.server.sql("CREATE USER opendmarc@'127.0.0.1' IDENTIFIED BY 'pass word';"
                    "GRANT ALL ON t.* TO opendmarc@'127.0.0.1'")
    return ["--dbhost=127.0.0.1", f"--dbport={site.server.port}", "--dbuser=opendmarc",
            "--dbpasswd=pass word", "--dbname=t"]


@case("the command lines of a script for 1.x", MariaSite)
def _(site):
    flags = secret_user(site)
    site.add(3, days=2)
    site.add(1, days=200, rua=[])
    path = site.p.write("opendmarc_import.dat", "".join(site.records))
    env = {"PATH": "/usr/bin:/bin", "HOME": site.p.tmp}

    def tool(name, *args, **popen):
        return site.p.run([procs.built(f"reports/opendmarc-{name}"), f"--conf={site.conf}", *flags,
                           "--verbose", *args], env=env, **popen)

    with open(path, encoding="utf-8") as f:
        tap.contains(tool("import", stdin=f).stderr, "4 records stored", "import")
    done = tool("reports", "--interval=86400", f"--report-email={SENDER}", "--report-org",
                "Receiver", "--smtp-server", site.sink.host, f"--smtp-port={site.sink.port}",
                f"--nameservers={site.dns.host}@{site.dns.port}",
                f"--schema-dir={procs.source('reports')}")
    tap.contains(done.stdout, "1 mails sent", "reports")
    report = site.one()
    tap.equal((report.begin, report.messages), (day_ago(2)[0], 3), "report")
    tap.contains(tool("expire").stdout, "messages: 1 row deleted", "expire")
    dsn = f"--db-dsn=DBI:mysql:database=t;host=127.0.0.1;port={site.server.port}"
    flags[:] = [dsn, "--dbuser=opendmarc", "--dbpasswd=pass word"]
    tap.contains(tool("expire", "--alltables").stdout, "messages: no rows deleted", "expire by DSN")
    tap.contains(tool("reports", f"--audit={day_ago(2)[1]}").stdout, "3 told", "audit")


@case("strict modes and a time zone of the server change no second", MariaSite)
def _(site):
    site.server.sql("SET GLOBAL time_zone = '+01:00'; SET GLOBAL sql_mode ="
                    " 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
                    "ONLY_FULL_GROUP_BY'")
    with open(procs.source("db/schema.mysql"), encoding="utf-8") as f:
        site.server.sql(f.read(), "t")
    # The last and the first second of the day, and their neighbours outside.
    for at, count in ((-1, 1), (0, 2), (86399, 4), (86400, 8)):
        site.add(count, received=site.midnight + at)
    site.load()
    site.report()
    tap.equal(site.one().messages, 6, "messages")
    tap.equal(collections.Counter(int(r[0]) for r in site.rows(
        f"SELECT received - {site.midnight} FROM messages")),
              {-1: 1, 0: 2, 86399: 4, 86400: 8}, "seconds")
    tap.equal(site.rows("SELECT DISTINCT UNIX_TIMESTAMP(date) = received FROM messages"), [("1",)],
              "the date for readers of 1.x is the same second")


if __name__ == "__main__":
    sys.exit(CASES.run())
