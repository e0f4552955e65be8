"""test_reports - from a message at a real Postfix to the aggregate report in a mailbox.

A handful of messages of each kind goes through Postfix, OpenDKIM, the SPF agent and the
daemon; the history is imported, and the reports leave through the same Postfix.
Looks at the database rows, the mail's form and every number of the XML.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import bed
import chain
import namespace
import postfix
import procs
import tap
import tlskeys

# (From domain, envelope sender, client, signed, messages)
SENT = [
    ("dkim.example", "bounce@mailer.example", namespace.CLIENT4, True, 3),
    ("dkim.example", "bounce@mailer.example", namespace.CLIENT4, False, 2),
    ("spf.example", "bounce@spf.example", namespace.CLIENT4, False, 4),
    ("spf.example", "bounce@spf.example", namespace.CLIENT6, False, 1),
    ("news.spf.example", "bounce@spf.example", namespace.CLIENT4, False, 2),
    ("none.example", "bounce@none.example", namespace.ATTACKER4, False, 5),
    ("external.example", "bounce@external.example", namespace.CLIENT4, False, 1),
    ("unpublished.example", "bounce@unpublished.example", namespace.CLIENT4, False, 1),
]
REJECTED = 2            # messages of reject.example, refused
RECORDED = sum(n for domain, _, _, _, n in SENT if domain != "unpublished.example") + REJECTED
REPORTS = {"dmarc@dkim.example", "dmarc@spf.example", "dmarc@none.example",
           "dmarc@reject.example", "agg@collector.example"}


class Site:
    """The receiving host and its report chain."""

    def __init__(self, p):
        namespace.furnish(p)
        bed.start_dns(p)
        self.p = p
        self.mailbox = bed.Mailbox(p)
        self.signer = bed.Signer(p)
        dkim = postfix.OpenDKIM(p)
        self.daemon = bed.Daemon(p, "opendmarc", RejectFailures="no")
        self.rejecting = bed.Daemon(p, "rejecting", RejectFailures="yes",
                                    HistoryFile=self.daemon.history_file)
        self.mta = postfix.Postfix(p, self.mailbox.port)
        self.mta.smtpd(25, [dkim.socket, self.daemon.socket])
        self.mta.smtpd(2525, [dkim.socket, self.rejecting.socket])
        self.authority = tlskeys.Authority(p)
        cert, key = self.authority.issue("mx.receiver.example")
        self.mta.smtpd(587, [], agent=None, smtpd_tls_security_level="encrypt",
                       smtpd_tls_cert_file=cert, smtpd_tls_key_file=key,
                       smtpd_sasl_auth_enable="yes", mynetworks="192.0.2.254",
                       smtpd_client_restrictions="permit_sasl_authenticated,reject")
        self.mta.start()
        self.chain = chain.Chain(p, "reports")

    def send_all(self):
        number = 0
        for domain, sender, client, signed, count in SENT:
            for _ in range(count):
                number += 1
                rcpt = f"r{number}@receiver.example"
                octets = bed.message(domain, rcpt)
                if signed:
                    octets = self.signer.sign(octets)
                code, text = bed.send(25, octets, sender, rcpt, client=client)
                tap.equal(code, 250, f"reply {text}")
                self.mailbox.wait(rcpt)
        for _ in range(REJECTED):
            code, text = bed.send(2525, bed.message("reject.example", "r@receiver.example"),
                                  "x@mailer.example", "r@receiver.example")
            tap.equal(code, 550, f"reply {text}")


def imported(site):
    site.send_all()
    tap.equal(len(site.daemon.records()), RECORDED, "history records")
    history, site.midnight = chain.days_ago(site.p, site.daemon.history_file, "old.history")
    site.chain.load(history)
    tap.equal(site.chain.rows("SELECT COUNT(*), MIN(policy), MAX(policy) FROM messages"),
              [(RECORDED, 15, 18)], "messages")
    rows = site.chain.rows(
        "SELECT d.name, m.policy, m.disp, m.align_dkim, m.align_spf, COUNT(*) FROM messages m "
        "JOIN domains d ON d.id = m.from_domain GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2")
    tap.equal(rows, [("dkim.example", 15, 2, 4, 5, 3), ("dkim.example", 16, 2, 5, 5, 2),
                     ("external.example", 15, 2, 5, 4, 1), ("news.spf.example", 15, 2, 5, 4, 2),
                     ("none.example", 18, 2, 5, 5, 5),
                     ("reject.example", 16, 0, 5, 5, REJECTED),
                     ("spf.example", 15, 2, 5, 4, 5)], "rows by verdict")
    tap.equal(site.chain.rows("SELECT s.pass, COUNT(*) FROM signatures s "
                              "JOIN domains d ON d.id = s.domain WHERE d.name = ? GROUP BY 1",
                              "dkim.example"), [(0, 3)], "signatures")


def mailed(site):
    site.mailbox.sink.messages.clear()
    site.chain.report(site.midnight, 25)
    procs.wait_for(lambda: len(site.mailbox.sink.messages) >= len(REPORTS)
                   and not site.mta.queue(), "the reports")
    site.reports = chain.mailed(site.mailbox)
    tap.equal(set(site.reports), REPORTS, "recipients")
    tap.true(all(len(r) == 1 for r in site.reports.values()), "one report each")
    tap.true(all(m.sender == chain.ORG_EMAIL for m in site.mailbox.sink.messages), "sender")


def form(site):
    report = site.reports["dmarc@spf.example"][0]
    begin, end = site.midnight, site.midnight + chain.DAY - 1
    tap.equal(report.file_name, f"receiver.example!spf.example!{begin}!{end}.xml.gz", "file")
    number = report.get("report_metadata/report_id")
    tap.true(report.subject.startswith("Report Domain: spf.example Submitter: receiver.example "
                                       "Report-ID: "), f"subject {report.subject}")
    tap.contains(report.subject, number, "subject")
    tap.contains(report.mail["From"], chain.ORG_EMAIL, "From")
    tap.contains(report.mail["To"], "dmarc@spf.example", "To")
    for path, want in (("report_metadata/org_name", "Receiver"),
                       ("report_metadata/email", chain.ORG_EMAIL),
                       ("report_metadata/date_range/begin", str(begin)),
                       ("report_metadata/date_range/end", str(end)),
                       ("policy_published/domain", "spf.example"),
                       ("policy_published/p", "quarantine"),
                       ("policy_published/discovery_method", "treewalk")):
        tap.equal(report.get(path), want, path)


def rows_of(site, rcpt):
    return sorted(((r["source_ip"], r["count"], r["disposition"], r["dkim"], r["spf"],
                    r["header_from"], r["envelope_from"])
                   for r in site.reports[rcpt][0].records()), key=str)


def numbers(site, rcpt, want):
    tap.equal(rows_of(site, rcpt), sorted(want, key=str), f"rows to {rcpt}")


def authentication(site):
    rows = site.reports["dmarc@dkim.example"][0].records()
    tap.equal(sorted((r["count"], r["auth_dkim"], r["auth_spf"]) for r in rows),
              [(2, [], [("mailer.example", "pass")]),
               (3, [("dkim.example", "sel", "pass")], [("mailer.example", "pass")])], "results")


def once(site):
    before = len(site.mailbox.sink.messages)
    site.chain.report(site.midnight, 25)
    procs.wait_for(lambda: not site.mta.queue(), "an empty queue")
    tap.equal(len(site.mailbox.sink.messages), before, "mails after a second run")


def arrives(site, *more):
    """Sends the report about one domain once more, by another way."""
    site.mailbox.sink.messages.clear()
    site.chain.report(site.midnight, 25, "--noupdate", "--domain", "spf.example", *more)
    procs.wait_for(lambda: site.mailbox.sink.messages and not site.mta.queue(), "the report")
    tap.equal([m.rcpts for m in site.mailbox.sink.messages], [["dmarc@spf.example"]], "recipients")
    tap.equal(chain.mailed(site.mailbox)["dmarc@spf.example"][0].text,
              site.reports["dmarc@spf.example"][0].text, "the same report")


def submitted(site):
    secret = site.p.write("password", postfix.PASSWORD + "\n", 0o600)
    arrives(site, "--smtp-port", "587", "--smtp-ssl-ca-file", site.authority.path,
            "--smtp-username", f"{postfix.USER}@{namespace.HOST}",
            "--smtp-password-file", secret)
    tap.contains(site.mta.log(), f"sasl_username={postfix.USER}", "log of Postfix")


def by_sendmail(site):
    program = site.p.write("sendmail", "#!/bin/sh\nexec /usr/sbin/sendmail -C "
                           f"{site.p.path('postfix')} \"$@\"\n", 0o755)
    arrives(site, "--sendmail", program)
    tap.equal(site.mailbox.sink.messages[0].sender, chain.ORG_EMAIL, "sender")


def main():
    namespace.enter(bed.PROGRAMS + postfix.PROGRAMS)
    suite = tap.Suite()
    with procs.Procs() as p:
        site = Site(p)
        four, six, bad = namespace.CLIENT4, namespace.CLIENT6, namespace.ATTACKER4
        suite.add("history to database rows", imported, site)
        suite.add("one report to each verified destination", mailed, site)
        suite.add("name, subject and metadata of a report", form, site)
        for rcpt, want in (
                ("dmarc@dkim.example",
                 [(four, 3, "pass", "pass", "fail", "dkim.example", "mailer.example"),
                  (four, 2, "none", "fail", "fail", "dkim.example", "mailer.example")]),
                ("dmarc@spf.example",
                 [(four, 4, "pass", "fail", "pass", "spf.example", "spf.example"),
                  (six, 1, "pass", "fail", "pass", "spf.example", "spf.example"),
                  (four, 2, "pass", "fail", "pass", "news.spf.example", "spf.example")]),
                ("dmarc@none.example",
                 [(bad, 5, "none", "fail", "fail", "none.example", "none.example")]),
                ("dmarc@reject.example",
                 [(four, REJECTED, "reject", "fail", "fail", "reject.example",
                   "mailer.example")]),
                ("agg@collector.example",
                 [(four, 1, "pass", "fail", "pass", "external.example", "external.example")])):
            suite.add(f"numbers to {rcpt}", numbers, site, rcpt, want)
        suite.add("authentication results of the rows", authentication, site)
        suite.add("a second run mails nothing", once, site)
        suite.add("through a submission service with STARTTLS and AUTH", submitted, site)
        suite.add("through the sendmail program", by_sendmail, site)
        suite.add("the daemon ends cleanly", bed.end_cleanly, [site.daemon, site.rejecting])
        return suite.run(on_failure=lambda: tap.diag(p.logs()))


if __name__ == "__main__":
    sys.exit(main())
