"""test_sendmail - the daemon behind a real Sendmail: one message passes, one is rejected."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import bed
import namespace
import postfix
import procs
import sendmail
import tap

DKIM_PORT, OUR_PORT = 8891, 8893


class Host:
    def __init__(self, p):
        namespace.furnish(p)
        bed.start_dns(p)
        self.signer = bed.Signer(p)
        self.mailbox = bed.Mailbox(p)
        postfix.OpenDKIM(p, port=DKIM_PORT)
        self.daemon = bed.Daemon(p, "opendmarc", port=OUR_PORT, RejectFailures="yes",
                                 SPFSelfValidate="yes")
        sendmail.Sendmail(p, self.mailbox.port,
                          [("opendkim", DKIM_PORT), ("opendmarc", OUR_PORT)])


def job(host, domain, result):
    """The queue id from the log line about a domain."""
    pattern = rf"(\w+): {re.escape(domain)} {result}$"
    return procs.wait_for(lambda: re.search(pattern, host.daemon.log(), re.M),
                          f"log line about {domain}")[1]


def passed(host):
    rcpt = "pass@receiver.example"
    octets = host.signer.sign(bed.message("dkim.example", rcpt))
    code, text = bed.send(25, octets, "bounce@mailer.example", rcpt)
    tap.equal(code, 250, f"reply {text}")
    mail = host.mailbox.wait(rcpt)
    queue_id = job(host, "dkim.example", "pass")
    tap.contains(text, queue_id, "reply")
    tap.equal(mail.results("dmarc"), [f"{namespace.HOST}; dmarc=pass (p=reject dis=none) "
                                      "header.from=dkim.example policy.dmarc=reject"], "field")
    tap.equal(mail.results("spf"),
              [f"{namespace.HOST}; spf=pass smtp.mailfrom=mailer.example"], "spf field")
    tap.equal(mail.values("Authentication-Results")[0], mail.results("dmarc")[0], "ours on top")
    record = host.daemon.record(queue_id)
    for key, value in (("from", "dkim.example"), ("policy", "15"), ("align_dkim", "4"),
                       ("align_spf", "5"), ("ipaddr", namespace.CLIENT4), ("action", "2"),
                       ("reporter", namespace.HOST)):
        tap.equal(record[key], [value], key)


def rejected(host):
    rcpt = "reject@receiver.example"
    code, text = bed.send(25, bed.message("reject.example", rcpt), "x@mailer.example", rcpt)
    tap.equal((code, text), (550, "5.7.1 rejected by DMARC policy for reject.example"), "reply")
    record = host.daemon.record(job(host, "reject.example", "fail"))
    tap.equal((record["policy"], record["action"]), (["16"], ["0"]), "record")
    tap.equal(host.mailbox.all(rcpt), [], "delivered")


def main():
    if os.environ.get(namespace.INSIDE) != "1" and os.geteuid() == 0:
        reason = sendmail.fetch()
        if reason is not None:
            tap.skip_all(reason)
    namespace.enter(bed.PROGRAMS + sendmail.PROGRAMS)
    suite = tap.Suite()
    with procs.Procs() as p:
        host = Host(p)
        suite.add("aligned DKIM passes", passed, host)
        suite.add("a failing message is rejected with 550 5.7.1", rejected, host)
        suite.add("the daemon ends cleanly", bed.end_cleanly, [host.daemon])
        return suite.run(on_failure=lambda: tap.diag(p.logs()))


if __name__ == "__main__":
    sys.exit(main())
