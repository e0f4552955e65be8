#!/usr/bin/env python3
"""Failure reports from the message to the mail: what the filter leaves in the spool, and
what opendmarc-failures makes of it."""
import email
import email.policy
import os
import re
import sys
import threading

from filter import ZONE, Filter, ar, dkim_pass, message, spf_pass
import procs
import smtpsink
import tap

suite = tap.Suite()

ZONE += """
_dmarc.asks.test TXT v=DMARC1; p=reject; ruf=mailto:ruf@asks.test
_dmarc.any.test TXT v=DMARC1; p=reject; fo=1; ruf=mailto:ruf@any.test
_dmarc.abroad.test TXT v=DMARC1; p=reject; ruf=mailto:ruf@collector.test,mailto:x@victim.test
_dmarc.collector.test TXT v=DMARC1; p=reject
_dmarc.victim.test TXT v=DMARC1; p=reject
abroad.test._report._dmarc.collector.test TXT v=DMARC1
_dmarc.calm.test TXT v=DMARC1; p=none; ruf=mailto:ruf@calm.test
"""


class Reporting(Filter):
    """A filter with a spool, and a mail server for its reports."""

    def __init__(self, **options):
        super().__init__(ZONE, start=False)
        self.spool = self.procs.path("failures")
        os.mkdir(self.spool, 0o700)
        self.sink = smtpsink.SmtpSink()
        self.procs.at_close(self.sink.close)
        self.options.update({"FailureReports": "yes", "FailureReportsSpool": self.spool,
                             "FailureReportsSentBy": "Reports <noreply@mx.test>", **options})
        self.start()

    def waiting(self):
        return [n for n in os.listdir(self.spool) if n.endswith(".fail")]

    def mail(self):
        """Runs opendmarc-failures; the mails by recipient."""
        done = self.procs.run([procs.built("reports/opendmarc-failures"), "--conf",
                               self.procs.path("opendmarc.conf"), "--smtp-server", self.sink.host,
                               "--smtp-port", str(self.sink.port)])
        tap.equal(done.stderr, "", "complaints")
        return {m.rcpts[0]: email.message_from_bytes(m.octets, policy=email.policy.default)
                for m in self.sink.messages}


def fields_of(mail):
    """The machine-readable part as a message."""
    part = [p for p in mail.walk() if p.get_content_type() == "message/feedback-report"][0]
    return email.message_from_string(part.get_payload(0).as_string() if part.is_multipart()
                                     else part.get_payload())


@suite.case("a message that fails is reported to its domain, who wrote to whom hidden")
def _():
    with Reporting(RejectFailures="yes") as g:
        with g.session() as m:
            r = g.give(m, message("Secret Person <secret.person@asks.test>",
                                  ("Message-ID", "<abc@asks.test>")), "bounce@asks.test", job="F1")
            tap.equal(r.reply, "reject", "answer")
            m.quit()
        tap.equal(len(g.waiting()), 1, "entries")
        mail = g.mail()["ruf@asks.test"]
        tap.equal(g.waiting(), [], "entries after the run")
        told = fields_of(mail)
        for name, value in (("Auth-Failure", "dmarc"), ("Delivery-Result", "reject"),
                            ("Reported-Domain", "asks.test"), ("Source-IP", "192.0.2.1"),
                            ("Source-Port", "25000"), ("Original-Envelope-Id", "F1"),
                            ("Identity-Alignment", "dkim, spf")):
            tap.equal(told[name], value, name)
        text = mail.as_string()
        for private in ("secret.person", "Secret Person", "bounce@", "b@mx.test"):
            tap.equal(private in text, False, private)


@suite.case("off by default, and fo, policy none and feedback reports count")
def _():
    with Reporting(FailureReports="no") as g:
        g.send(message("a@asks.test"))
        tap.equal(g.waiting(), [], "off")
    feedback = ("Content-Type", "multipart/report; report-type=feedback-report; boundary=x")
    with Reporting() as g:
        for fields, sender, entries in (
                (message("a@calm.test"), "u@x.test", 0),
                (message("a@nothing.test"), "u@x.test", 0),
                (message("a@none.test"), "u@x.test", 0),
                (message("a@asks.test"), "", 0),
                (message("a@asks.test", feedback), "u@x.test", 0),
                (message(*dkim_pass("asks.test"), "a@asks.test"), "u@x.test", 0),
                (message(*spf_pass("any.test"), "a@any.test"), "u@any.test", 1),
                (message("a@asks.test"), "u@x.test", 2)):
            g.send(fields, sender)
            tap.equal(len(g.waiting()), entries, (fields[0], sender))
        g.reload({"FailureReportsOnNone": "yes"})
        g.send(message("a@calm.test"))
        tap.equal(len(g.waiting()), 3, "FailureReportsOnNone")


@suite.case("strangers get nothing unless the DNS says that they agree")
def _():
    with Reporting() as g:
        g.send(message("a@abroad.test"))
        tap.equal(sorted(g.mail()), ["ruf@collector.test"], "recipients")


@suite.case("a flood brings ten reports, and mail is not held up")
def _():
    with Reporting() as g:
        failures = []

        def flood():
            try:
                with g.session() as m:
                    for _ in range(100):
                        tap.equal(g.give(m, message("a@asks.test")).reply, "accept", "answer")
                    m.quit()
            except Exception as e:
                failures.append(e)
        threads = [threading.Thread(target=flood) for _ in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        if failures:
            raise failures[0]
        tap.equal((len(g.waiting()), len(g.history())), (10, 800), "entries and records")


@suite.case("hostile header fields stay in their place")
def _():
    with Reporting() as g:
        g.send(message("a@asks.test", ar("spf=none smtp.mailfrom=x"),
                       ("Subject", "x\r\n\r\n--boundary\r\nTo: victim@victim.test"),
                       ("X-Odd", "\x01\x02 caf\u00e9 " + "y" * 5000)))
        tap.equal(sorted(g.mail()), ["ruf@asks.test"], "recipients")


@suite.case("a queue id stays out of the boundary, and no two mails have the same one")
def _():
    with Reporting() as g:
        for domain, job in (("asks.test", "(unknown-jobid)"), ("any.test", '"; x="(jobid)')):
            g.send(message("a@" + domain), job=job)
        boundaries = [m.get_boundary() for m in g.mail().values()]
        tap.equal(len(set(boundaries)), 2, "boundaries")
        for boundary in boundaries:
            tap.true(re.fullmatch(r"[A-Za-z0-9'+_,./:=?-]{1,70}", boundary), boundary)
            tap.equal("jobid" in boundary, False, boundary)


@suite.case("a spool that is not there is said, and mail goes on")
def _():
    with Reporting(FailureReportsSpool="/nonexistent/spool") as g:
        tap.equal(g.send(message("a@asks.test")).reply, "accept", "answer")
        tap.contains(g.log(), "FailureReportsSpool: /nonexistent/spool")
        g.reload({"FailureReportsSpool": g.spool})
        g.send(message("a@asks.test"))
        tap.equal(len(g.waiting()), 1, "after it was mended")


sys.exit(suite.run())
