#!/usr/bin/env python3
"""test_loops - two sites that both run the whole chain: daemon, import, reports. The mail
that the reports of one site are goes through the daemon of the other on the next day.
No report may be made about reports or bounces alone; all else is told.

Days are in the past: the seconds of the history are moved to them before the import.
"""
import email
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "lib"), os.path.join(HERE, "..", "milter")]
import aggreport
import procs
import smtpsink
import tap
from filter import Filter
from test_reports import DAY, day_ago

HOSTS = {"a.test": "192.0.2.10", "b.test": "192.0.2.20"}
STRANGER = "203.0.113.66"
ZONE = "\n".join(f"""
_dmarc.{name} TXT v=DMARC1; p=reject; rua=mailto:dmarc@{name}
{name} TXT v=spf1 ip4:{ip} -all""" for name, ip in HOSTS.items())
FIRST = 5       # days ago

BOUNCE = [("From", "Mail Delivery System <MAILER-DAEMON@{name}>"),
          ("Subject", "Undelivered Mail Returned to Sender"),
          ("Content-Type", "multipart/report; report-type=delivery-status;\n\tboundary=\"x\"")]
VACATION = [("From", "dmarc@{name}"), ("Subject", "I am away"),
            ("Auto-Submitted", "auto-replied (vacation)")]
REPORT = [("From", "dmarc-noreply@{name}"),
          ("Subject", "Report Domain: x.test Submitter: {name} Report-ID: <1@{name}>")]
LETTER = [("From", "someone@{name}"), ("Subject", "hello")]


class Site:
    """A domain with its filter, database and outgoing mail."""

    def __init__(self, p, name):
        self.p, self.name, self.sent, self.days = p, name, 0, 0
        self.filter = Filter(ZONE, {"SPFSelfValidate": "yes", "AuthservID": "mx." + name})
        p.at_close(self.filter.close)
        self.sink = smtpsink.SmtpSink()
        p.at_close(self.sink.close)
        self.db = f"sqlite:{p.path(name + '.db')}"
        self.conf = p.write(name + ".conf", "DNSTimeout 2\n")

    def take(self, fields, sender, ip, helo="mail.example"):
        """One message from outside; "" is the null sender."""
        result = self.filter.send(fields, mail_from=sender, ip=ip, helo=helo)
        tap.equal(result.reply, "accept", f"reply for {fields}")

    def take_from(self, name, fields, sender=None, ip=None):
        """A message in the name of a domain; by its own host unless ip says otherwise."""
        fields = [(key, value.format(name=name)) for key, value in fields]
        fields += [("To", "x@" + self.name), ("Date", "Thu, 1 Jan 2026 00:00:00 +0000")]
        self.take(fields, f"x@{name}" if sender is None else sender, ip or HOSTS[name])

    def take_mail(self, mails, name):
        """The mail that another site sent."""
        for m in mails:
            fields = [(k, str(v).replace("\r\n", "\n")) for k, v in
                      email.message_from_bytes(m.octets).items()]
            self.take(fields, m.sender, HOSTS[name])

    def run_tool(self, tool, *args):
        return self.p.run([procs.built("reports/" + tool), "--db", self.db, *args])

    def evening(self, midnight):
        """What the filter has written becomes history of that day."""
        path = self.filter.options["HistoryFile"]
        text = procs.read(path) if os.path.exists(path) else ""
        if text == "":
            return
        os.rename(path, path + ".old")
        text = re.sub(r"^received \d+$", lambda m: f"received {midnight + 3600}", text, flags=re.M)
        self.days += 1
        self.run_tool("opendmarc-import", "--input",
                      self.p.write(f"{self.name}.{self.days}", text))

    def night(self, date):
        """The reports of that day: the messages sent, and what was printed."""
        done = self.run_tool("opendmarc-reports", "--conf", self.conf, "--report-email",
                             "dmarc-noreply@" + self.name, "--report-org", self.name,
                             "--smtp-server", self.sink.host, "--smtp-port", str(self.sink.port),
                             "--nameservers", f"127.0.0.1@{self.filter.dns.port}",
                             "--date", date, "--verbose", "--verbose")
        new = self.sink.messages[self.sent:]
        self.sent += len(new)
        return new, done.stdout

    def audit(self, date):
        return self.run_tool("opendmarc-reports", "--conf", self.conf, "--audit", date).stdout


def life(morning):
    """Days in the life of two sites; morning(day, a, b) brings mail besides that of the reports.
    For each day {name: ([report], printed, audit)}."""
    days = []
    with procs.Procs() as p:
        a, b = Site(p, "a.test"), Site(p, "b.test")
        mails = {a: [], b: []}
        for day in range(4):
            midnight, date = day_ago(FIRST - day)
            morning(day, a, b)
            a.take_mail(mails[b], b.name)
            b.take_mail(mails[a], a.name)
            told = {}
            for site in (a, b):
                site.evening(midnight)
                mails[site], printed = site.night(date)
                told[site.name] = ([aggreport.read_mail(m.octets) for m in mails[site]], printed,
                                   site.audit(date))
            days.append(told)
    return days


def counts(days):
    """The messages that each report of each day tells of, of a and b."""
    return [[[r.messages for r in told[name][0]] for name in HOSTS] for told in days]


CASES = tap.Suite()


@CASES.case("one letter each way, and then silence: reports of letters, none of reports")
def _():
    def morning(day, a, b):
        if day == 0:
            a.take_from("b.test", LETTER)
            b.take_from("a.test", LETTER)

    days = life(morning)
    tap.equal(counts(days), [[[1], [1]], [[], []], [[], []], [[], []]], "messages told")
    for name, other in (("a.test", "b.test"), ("b.test", "a.test")):
        _, printed, audit = days[1][name]
        tap.contains(printed, f"{other} {day_ago(FIRST - 1)[1]}: no report: only reports and "
                     "bounces", "printed")
        tap.contains(audit, "  1 withheld: only reports and bounces\n  1 seen\n", "audit")
        tap.equal(days[2][name][2].splitlines()[1:], ["  0 seen"], "the day after")


@CASES.case("bounces and vacation notices about reports bring none, though they fail")
def _():
    def morning(day, a, b):
        if day == 0:
            b.take_from("a.test", LETTER)
        elif day == 1:
            for fields in (BOUNCE, VACATION):
                b.take_from("a.test", fields, sender="", ip=STRANGER)
        elif day == 2:
            a.take_from("b.test", BOUNCE, sender="", ip=STRANGER)

    days = life(morning)
    tap.equal(counts(days), [[[], [1]], [[], []], [[], []], [[], []]], "messages told")
    tap.contains(days[1]["b.test"][2], "  2 withheld: only reports and bounces\n", "audit")


@CASES.case("with other mail they are told with it, and the counts are true")
def _():
    def morning(day, a, b):
        if day == 0:
            b.take_from("a.test", REPORT)
            b.take_from("a.test", LETTER)
            b.take_from("a.test", BOUNCE, sender="", ip=STRANGER)

    days = life(morning)
    tap.equal(counts(days), [[[], [3]], [[], []], [[], []], [[], []]], "messages told")


@CASES.case("failing mail that only looks like a report is told; so is one of a bounce's form")
def _():
    def morning(day, a, b):
        if day == 0:
            b.take_from("a.test", REPORT, ip=STRANGER)
        elif day == 1:
            b.take_from("a.test", BOUNCE, ip=STRANGER)
        elif day == 2:
            b.take_from("a.test", REPORT, sender="", ip=STRANGER)

    days = life(morning)
    tap.equal(counts(days), [[[], [1]], [[], [1]], [[], [1]], [[], []]], "messages told")
    for told in days[:3]:
        row = told["b.test"][0][0].rows[0]
        tap.equal((row.ip, row.dkim, row.spf), (STRANGER, "fail", "fail"), "row")


if __name__ == "__main__":
    sys.exit(CASES.run())
