"""test_sendmail - the daemon behind a real Sendmail, with a filter that writes Received-SPF
and OpenDKIM before it.

Port 25 marks, 2525 rejects, 587 has OpenDKIM only. Sendmail's macro lists are as they come.
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
import sendmail
import stages
import tap

MARKING, REJECTING, SUBMISSION = 25, 2525, 587
SPF_PORT, DKIM_PORT, OUR_PORT, STRICT_PORT = 8890, 8891, 8893, 8894


class Host(host.Host):
    def __init__(self, p):
        super().__init__(p)
        stages.received_spf(p, SPF_PORT)
        postfix.OpenDKIM(p, port=DKIM_PORT)
        self.daemon = bed.Daemon(p, "opendmarc", port=OUR_PORT, IgnoreAuthenticatedClients="yes")
        self.strict = bed.Daemon(p, "rejecting", port=STRICT_PORT, RejectFailures="yes",
                                 SPFSelfValidate="yes",
                                 RejectString="100% sure, %n: rejected by DMARC policy for %s")
        self.daemons = {MARKING: self.daemon, REJECTING: self.strict}
        sendmail.Sendmail(p, self.mailbox.port,
                          [("spf", SPF_PORT), ("opendkim", DKIM_PORT), ("opendmarc", OUR_PORT),
                           ("rejecting", STRICT_PORT)],
                          {MARKING: ["spf", "opendkim", "opendmarc"],
                           REJECTING: ["opendkim", "rejecting"], SUBMISSION: ["opendkim"]})


def job(daemon, domain, result):
    """The queue id from the log line about a domain."""
    pattern = rf"(\w+): {re.escape(domain)} {result}$"
    return procs.wait_for(lambda: re.search(pattern, daemon.log(), re.M),
                          f"log line about {domain}")[1]


def passed(at):
    """Queue id and name of the MTA reach us without a change of its macro lists."""
    rcpt = at.rcpt()
    octets = at.signer.sign(bed.message("dkim.example", rcpt))
    code, text = bed.send(REJECTING, octets, "bounce@mailer.example", rcpt)
    tap.equal(code, 250, f"reply {text}")
    mail = at.mailbox.wait(rcpt)
    queue_id = job(at.strict, "dkim.example", "pass")
    tap.contains(text, queue_id, "reply")
    tap.equal(mail.results("dmarc"), [f"{namespace.HOST}; dmarc=pass (p=reject dis=none) "
                                      "header.from=dkim.example policy.dmarc=reject"], "field")
    tap.equal(mail.results("spf"),
              [f"{namespace.HOST}; spf=pass smtp.mailfrom=mailer.example"], "spf field")
    tap.equal(mail.values("Authentication-Results")[0], mail.results("dmarc")[0], "ours on top")
    tap.contains(mail.values("DMARC-Filter")[0], f"{namespace.HOST} {queue_id}", "DMARC-Filter")
    record = at.strict.record(queue_id)
    for key, value in (("from", "dkim.example"), ("policy", "15"), ("align_dkim", "4"),
                       ("align_spf", "5"), ("ipaddr", namespace.CLIENT4), ("action", "2"),
                       ("reporter", namespace.HOST)):
        tap.equal(record[key], [value], key)


def rejected(at):
    rcpt = at.rcpt()
    code, text = bed.send(REJECTING, bed.message("reject.example", rcpt), "x@mailer.example", rcpt)
    tap.equal((code, text), (550, "5.7.1 100% sure, %n: rejected by DMARC policy for reject.example"), "reply")
    record = at.strict.record(job(at.strict, "reject.example", "fail"))
    tap.equal((record["policy"], record["action"]), (["16"], ["0"]), "record")
    tap.equal(at.mailbox.all(rcpt), [], "delivered")


def received_spf(at):
    """The result of the SPF filter before ours is what SPF rests on."""
    mail = at.plain(MARKING, "spf.example")
    tap.equal(len(mail.values("Received-SPF")), 1, "fields of the filter")
    at.verdict(mail, "dmarc=pass (p=quarantine dis=none) header.from=spf.example")
    mail = at.plain(MARKING, "spf.example", client=namespace.ATTACKER4)
    at.verdict(mail, "dmarc=fail (p=quarantine dis=none) header.from=spf.example")


def submission(at):
    """A port without our filter: mail is not marked, though other filters see it."""
    mail = at.signed(SUBMISSION)
    tap.equal((len(mail.results("dkim")), mail.results("dmarc")), (1, []), "fields")


def authenticated(at):
    """That a client has logged in reaches us too."""
    before = at.daemon.records()
    mail = at.plain(MARKING, "reject.example", login=(sendmail.USER, sendmail.PASSWORD))
    tap.equal(mail.results("dmarc"), [], "verdict")
    tap.equal(at.daemon.records(), before, "history")
    tap.contains(at.daemon.log(), "ignoring authenticated client", "log")
    at.verdict(at.plain(MARKING, "reject.example"), "dmarc=fail")


def main():
    if os.environ.get(namespace.INSIDE) != "1" and os.geteuid() == 0:
        reason = sendmail.fetch()
        if reason is not None:
            tap.skip_all(reason)
    # The Received-SPF filter is made of the parts of pyspf-milter.
    namespace.enter(bed.PROGRAMS + sendmail.PROGRAMS + stages.PYSPF)
    suite = tap.Suite()
    with procs.Procs() as p:
        at = Host(p)
        suite.add("aligned DKIM passes", passed, at)
        suite.add("a failing message is rejected with 550 5.7.1", rejected, at)
        suite.add("Received-SPF of an earlier filter", received_spf, at)
        suite.add("a port without our filter", submission, at)
        suite.add("an authenticated client is left alone", authenticated, at)
        attacks.add(suite, "Sendmail", at, MARKING, main_only=True)
        suite.add("the daemons end cleanly", bed.end_cleanly, set(at.daemons.values()))
        return suite.run(on_failure=lambda: tap.diag(p.logs()))


if __name__ == "__main__":
    sys.exit(main())
