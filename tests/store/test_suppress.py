#!/usr/bin/env python3
"""test_suppress - destinations that get no reports, mail that comes back, the audit of a
day.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import procs
import tap
from test_reports import Site, day_ago

CASES = tap.Suite()
BOUNCE_DAYS = 30
LATER = "2099-12-31"


def case(name, zone=""):
    """A case with a site."""
    def add(function):
        def run():
            with procs.Procs() as p, Site(p, zone) as site:
                function(site)
        CASES.add(name, run)
        return function
    return add


def two_domains(site):
    for domain in ("sender.example", "other.example"):
        site.add(2, from_=domain, pdomain=domain, rua=[f"mailto:r@{domain}"])
    site.load()


def listed(site):
    return [tuple(line.split("\t")) for line in
            site.run("--list-suppressed").stdout.splitlines()]


def audit(site, status=0):
    """{fate: messages} of yesterday; other lines are about single deliveries."""
    lines = site.run("--audit", site.date, status=status).stdout.splitlines()
    tap.equal(lines[0], site.date + ":", "first line")
    fates = {}
    for line in lines[1:]:
        number, _, fate = line.strip().partition(" ")
        if number.isdigit():
            fates[fate] = int(number)
    tap.equal(sum(fates.values()), 2 * fates["seen"], f"balance of {lines}")
    return fates


@case("the list: add, show, change, remove")
def _(site):
    site.run("--suppress", "R@Sender.Example", "--suppress", "other.example", "--reason",
             "asked\x1bus to", "--until", LATER)
    tap.equal(listed(site), [("other.example", LATER, "asked?us to"),
                             ("r@sender.example", LATER, "asked?us to")], "list")
    site.run("--suppress=Other.Example")
    tap.equal(listed(site)[0], ("other.example", "-", ""), "changed")
    site.run("--unsuppress=other.example")
    tap.equal([row[0] for row in listed(site)], ["r@sender.example"], "one removed")
    done = site.run("--unsuppress=other.example", status=1)
    tap.contains(done.stderr, "it is not suppressed", "removed twice")
    for bad in ("a b", "@", "a@", "x@y@", "a..b"):
        done = site.run("--suppress", bad, status=1)
        tap.contains(done.stderr, "neither a mail address nor a domain", bad)
    for bad in ("tomorrow", "2020-01-01", "2099-02-30"):
        done = site.run("--suppress", "a.example", "--until", bad, status=1)
        tap.contains(done.stderr, "no day to come", bad)
    tap.equal(len(listed(site)), 1, "nothing came in by mistake")
    tap.equal(site.sink.commands, [], "no mail")


@case("a suppressed destination gets no report, and the others do")
def _(site):
    site.add(rua=["mailto:a@sender.example,mailto:b@sender.example"])
    site.load()
    site.run("--suppress", "a@sender.example", "--reason", "left the company")
    done = site.report("--verbose")
    tap.contains(done.stdout, "not to a@sender.example: it is suppressed: left the company", "told")
    tap.equal(list(site.mails()), ["b@sender.example"], "recipients")


@case("messages of which every destination is suppressed are withheld, with that reason")
def _(site):
    two_domains(site)
    site.run("--suppress", "other.example")
    site.report()
    tap.equal(list(site.mails()), ["r@sender.example"], "recipients")
    tap.equal(audit(site), {"told": 2, "seen": 4, "withheld: every destination that may have it"
                            " is suppressed": 2}, "audit")


@case("mail that waits for a destination is given up when it is suppressed")
def _(site):
    two_domains(site)
    site.sink.fail("rcpt", "450 4.2.0 later", match="r@other.example")
    site.report(status=75)
    fates = audit(site, status=75)
    tap.equal(fates["waiting: no destination has taken the report yet"], 2, "waiting")
    site.sink.recover()
    site.make_due()
    site.run("--suppress", "r@other.example")
    done = site.report("--verbose")
    tap.contains(done.stdout, "not to r@other.example: it is suppressed", "told")
    tap.contains(done.stdout, "1 suppressed", "summary")
    tap.equal(list(site.mails()), ["r@sender.example"], "recipients")
    tap.equal(audit(site), {"told": 2, "seen": 4,
                            "given up: no destination took the report": 2}, "audit")


def come_back(site, key, recipient, *more, status=0):
    """The bounce of the report to recipient."""
    sender = next(m.sender for m in site.sink.messages if m.rcpts == [recipient])
    with open(procs.source("tests/fuzz/bounce.in/not-to-us"), encoding="utf-8") as f:
        mail = f.read()
    return site.run("--bounce", "--bounce-to", sender, *key, *more, input=mail, status=status)


@case("a bounce suppresses its recipient for a month")
def _(site):
    two_domains(site)
    key = ("--verp-key-file", site.p.path("verp.key"))
    site.report("--verp", *key)
    for more in (("--test",), ("--noupdate",)):
        tap.contains(come_back(site, key, "r@other.example", *more).stdout, "failed", "told")
        tap.equal(listed(site), [], f"with {more}")
    come_back(site, key, "r@other.example")
    (name, until, why), = listed(site)
    tap.equal(name, "r@other.example", "destination")
    tap.true(until in (day_ago(-BOUNCE_DAYS)[1], day_ago(1 - BOUNCE_DAYS)[1]), f"until {until}")
    tap.contains(why, "came back: 5.1.1", "reason")
    before = len(site.sink.messages)
    two_domains(site)
    site.report("--verp", *key)
    tap.equal([m.rcpts for m in site.sink.messages[before:]], [["r@sender.example"]],
              "the supplement goes to the other only")


@case("a bounce leaves a suppression alone that lasts longer")
def _(site):
    two_domains(site)
    key = ("--verp-key-file", site.p.path("verp.key"))
    site.report("--verp", *key)
    site.run("--suppress", "r@other.example", "--reason", "by hand")
    come_back(site, key, "r@other.example")
    tap.equal(listed(site), [("r@other.example", "-", "by hand")], "list")


@case("a bounce that cannot be entered is asked for again")
def _(site):
    two_domains(site)
    key = ("--verp-key-file", site.p.path("verp.key"))
    site.report("--verp", *key)
    come_back(site, key, "r@other.example", "--db", "sqlite:/nonexistent/db", status=75)


@case("a suppression that ended is none")
def _(site):
    two_domains(site)
    site.run("--suppress", "other.example", "--until", LATER)
    site.rows("UPDATE suppressions SET expires = 1")
    tap.equal(listed(site), [], "list")
    site.report()
    tap.equal(sorted(site.mails()), ["r@other.example", "r@sender.example"], "recipients")


@case("the audit: every fate of a message")
def _(site):
    site.run("--audit", site.date)
    two_domains(site)
    site.add(3, from_="third.example", pdomain="third.example", rua=[])
    site.load()
    fates = audit(site, status=75)
    tap.equal(fates, {"waiting: no report is made yet": 4, "seen": 7,
                      "not owed: the policy asks for no reports, or there is none": 3}, "before")
    site.sink.fail("rcpt", "450 4.2.1 later", match="r@other.example")
    site.report(status=75)
    tap.equal(audit(site, status=75)["told"], 2, "told")
    tap.contains(site.run("--audit", site.date, status=75).stdout,
                 "  other.example to r@other.example: 450 4.2.1 later (waiting)\n", "reason")
    site.rows("UPDATE deliveries SET state = 3 WHERE state = 2")
    tap.equal(audit(site)["given up: no destination took the report"], 2, "given up")
    done = site.run("--audit", "yesterday", status=1)
    tap.contains(done.stderr, "no day such as", "date")


@case("the options of 1.x that are off by default can be said off")
def _(site):
    two_domains(site)
    done = site.report("--no-stale-check", "--nostale-def-deny", "--noforensic", "--noverp",
                       "--no-smtp-ssl", "--nokeepfiles", "--notest")
    tap.equal(done.stderr, "", "stderr")
    tap.equal(len(site.sink.messages), 2, "mails")


if __name__ == "__main__":
    sys.exit(CASES.run())
