"""test_setup_selfspf - the set-up with an AuthservID of its own name and our own SPF check.

AuthservID OpenDMARC, TrustedAuthservIDs the host's name, under which OpenDKIM writes; Socket
inet:8893@localhost, UMask 007, SoftwareHeader, SPFSelfValidate, RejectFailures off.
What administrators read afterwards is looked at too: order and text of the fields,
lines of the log, and with RejectFailures what fail2ban reads.
"""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import attacks
import bed
import host
import namespace
import postfix
import procs
import tap

PORT, REJECTING, OURS = 25, 2525, 8893
FILTER = "contrib/fail2ban/filter.d/opendmarc.conf"


class Setup(host.Host):
    authserv_id = "OpenDMARC"

    def __init__(self, p):
        super().__init__(p)
        dkim = postfix.OpenDKIM(p).socket
        words = {"AuthservID": self.authserv_id, "TrustedAuthservIDs": namespace.HOST,
                 "UMask": "007", "SoftwareHeader": "true", "SPFIgnoreResults": "false",
                 "SPFSelfValidate": "true", "IgnoreAuthenticatedClients": "true"}
        self.daemon = bed.Daemon(p, "opendmarc", Socket=f"inet:{OURS}@localhost", **words)
        rejecting = bed.Daemon(p, "rejecting", port=8894, RejectFailures="true", **words)
        self.daemons = {PORT: self.daemon, REJECTING: rejecting}
        self.mta = postfix.Postfix(p, self.mailbox.port)
        self.mta.smtpd(PORT, [dkim, OURS], agent=None)
        self.mta.smtpd(REJECTING, [dkim, 8894], agent=None)
        self.mta.start()


def fields(at):
    """DMARC-Filter, our verdict, our SPF result, then what OpenDKIM wrote."""
    rcpt = at.rcpt()
    octets = at.signer.sign(bed.message("dkim.example", rcpt))
    mail = at.deliver(PORT, octets, "bounce@mailer.example", rcpt)
    names = [n for n, _ in mail.headers]
    tap.equal(names[:names.index("Received")],
              ["DMARC-Filter", "Authentication-Results", "Authentication-Results", "DKIM-Filter",
               "Authentication-Results"], "order")
    values = mail.values("Authentication-Results")
    tap.equal(values[:2], ["OpenDMARC; dmarc=pass (p=reject dis=none) header.from=dkim.example "
                           "policy.dmarc=reject",
                           "OpenDMARC; spf=pass smtp.mailfrom=mailer.example"], "ours")
    tap.true(values[2].startswith(namespace.HOST + "; dkim=pass (2048-bit key; "), "OpenDKIM's")
    tap.true(re.fullmatch(rf"OpenDMARC Filter v[\w.]+ {namespace.HOST} {mail.job()}",
                          mail.values("DMARC-Filter")[0]), "DMARC-Filter")


def log_lines(at):
    """The lines that people search for, joined by the queue id."""
    mail = at.plain(PORT, "spf.example")
    at.daemon.wait_log(f"{mail.job()}: spf.example pass")
    lines = [line.partition(": ")[2] for line in at.daemon.log().splitlines()
             if f" {mail.job()}: " in line]
    tap.equal(lines, [f"{mail.job()}: SPF(mailfrom): spf.example pass",
                      f"{mail.job()}: spf.example pass"], "lines")
    mail = at.plain(PORT, "reject.example")
    at.daemon.wait_log(f"{mail.job()}: reject.example fail")


def sieve(at):
    """A user's rule on the topmost field finds the failing message and no other."""
    rule = re.compile(r"^OpenDMARC; dmarc=fail\b")
    found = [bool(rule.match(mail.values("Authentication-Results")[0]))
             for mail in (at.plain(PORT, "reject.example"), at.plain(PORT, "none.example"),
                          at.plain(PORT, "spf.example"), at.signed(PORT))]
    tap.equal(found, [True, True, False, False], "messages")


def failregexes():
    """The expressions of the fail2ban filter with its words put in, as fail2ban does."""
    text = procs.read(procs.source(FILTER))
    daemon = re.search(r"^_daemon = (.*)$", text, re.M)[1]
    lines = re.search(r"^failregex = (.*?)\n\n", text, re.M | re.S)[1].splitlines()
    prefix = rf"(?:\w{{3}} [ \d]\d [\d:]{{8}} )?(?:\S+ )?{daemon}\[\d+\]: "
    return [re.compile(line.strip().replace("%(__prefix_line)s", prefix)
                       .replace("<HOST>", r"(?:IPv6:)?(?P<host>[0-9a-fA-F:.]+)"))
            for line in lines]


def banned(at):
    """The fail2ban filter finds the rejected client in Postfix's log, and nobody else."""
    at.plain(REJECTING, "spf.example")
    at.plain(REJECTING, "none.example")
    clients = [namespace.ATTACKER4, namespace.CLIENT6]
    for client in clients:
        rcpt = at.rcpt()
        code, text = bed.send(REJECTING, bed.message("reject.example", rcpt), "x@mailer.example",
                              rcpt, client=client)
        tap.equal((code, text), (550, "5.7.1 rejected by DMARC policy for reject.example"),
                  "reply")
    procs.wait_for(lambda: at.mta.log().count("milter-reject: END-OF-MESSAGE") >= len(clients),
                   "the rejections in Postfix's log")
    hosts = [m["host"] for line in at.mta.log().splitlines() for r in failregexes()
             if (m := r.match(line))]
    tap.equal(hosts, clients, "clients that the filter finds")


def main():
    namespace.enter(bed.PROGRAMS + postfix.PROGRAMS)
    suite = tap.Suite()
    with procs.Procs() as p:
        at = Setup(p)
        suite.add("order and text of the fields", fields, at)
        suite.add("lines of the log", log_lines, at)
        suite.add("a rule on the topmost field", sieve, at)
        suite.add("the fail2ban filter finds rejected clients", banned, at)
        attacks.add(suite, "own SPF check", at, PORT, main_only=True, give_up=False)
        suite.add("the daemons end cleanly", bed.end_cleanly, set(at.daemons.values()))
        return suite.run(on_failure=lambda: tap.diag(p.logs()))


if __name__ == "__main__":
    sys.exit(main())
