"""test_setup_tcp - the set-up with TCP sockets and a filter that only marks.

Socket inet:8892@localhost; policyd-spf with Header_Type = AR as a recipient restriction;
OpenDKIM, then opendmarc, as smtpd_milters and non_smtpd_milters; milter_default_action =
accept. The daemon is restarted again and again while mail comes in.
"""
import os
import re
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import attacks
import bed
import host
import namespace
import postfix
import procs
import tap

PORT, OURS, DKIM = 25, 8892, 8891
RESTARTS, CONNECTIONS, LOAD = 6, 4, 120


class Setup(host.Host):
    def __init__(self, p):
        super().__init__(p)
        postfix.OpenDKIM(p, port=DKIM)
        self.daemon = bed.Daemon(p, "opendmarc", Socket=f"inet:{OURS}@localhost",
                                 IgnoreAuthenticatedClients="true")
        self.daemons = {PORT: self.daemon}
        milters = f"inet:localhost:{DKIM}, inet:localhost:{OURS}"
        self.mta = postfix.Postfix(p, self.mailbox.port, smtpd_milters=milters,
                                   non_smtpd_milters=milters, milter_default_action="accept")
        self.mta.smtpd(PORT, None)
        self.mta.start()


def listens_on_loopback(at):
    lines = procs.read("/proc/net/tcp").splitlines()[1:] + \
        procs.read("/proc/net/tcp6").splitlines()[1:]
    addresses = [line.split()[1] for line in lines
                 if line.split()[3] == "0A" and line.split()[1].endswith(f":{OURS:04X}")]
    tap.equal(addresses, [f"0100007F:{OURS:04X}"], "listening addresses")


def marks(at):
    at.verdict(at.signed(PORT), "dmarc=pass (p=reject dis=none) header.from=dkim.example")
    at.verdict(at.plain(PORT, "spf.example"),
               "dmarc=pass (p=quarantine dis=none) header.from=spf.example")
    mail = at.plain(PORT, "reject.example")
    at.verdict(mail, "dmarc=fail (p=reject dis=none) header.from=reject.example")
    tap.equal(at.daemon.record(mail.job())["action"], ["2"], "delivered")


def broken_signature(at):
    """On-BadSignature accept: it reaches us as a fail and is recorded as one."""
    rcpt = at.rcpt()
    octets = at.signer.sign(bed.message("dkim.example", rcpt)) + b"Added on the way.\r\n"
    mail = at.deliver(PORT, octets, "bounce@mailer.example", rcpt)
    at.verdict(mail, "dmarc=fail (p=reject dis=none) header.from=dkim.example")
    tap.equal(at.daemon.record(mail.job())["dkim"], ["dkim.example sel 7"], "dkim")


def several_signatures(at):
    """The aligned pass counts wherever it stands."""
    for order in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        rcpt = at.rcpt()
        text = bed.message("dkim.example", rcpt)
        fields = [at.signer.sign(text)[:-len(text)], attacks.signature().strip().encode()
                  + b"\r\n", attacks.signature(d="mailer.example").strip().encode() + b"\r\n"]
        mail = at.deliver(PORT, b"".join(fields[i] for i in order) + text,
                          "bounce@mailer.example", rcpt)
        at.verdict(mail, "dmarc=pass (p=reject dis=none) header.from=dkim.example")
        tap.equal(sorted(at.daemon.record(mail.job())["dkim"]),
                  ["dkim.example sel 0", "mailer.example sel 7", "reject.example sel 7"],
                  f"recorded results of order {order}")


def submitted_here(at):
    """sendmail(1) on the host itself: its own mail goes through the filters unmarked."""
    before, rcpt = at.daemon.records(), at.rcpt()
    at.p.run(["sendmail", "-C", at.p.path("postfix"), "-f", "me@reject.example", rcpt],
             input=bed.message("reject.example", rcpt).decode().replace("\r\n", "\n"))
    mail = at.mailbox.wait(rcpt)
    tap.equal(mail.values("Authentication-Results"), [], "fields")
    tap.equal(at.daemon.records(), before, "history")


def restarted_under_load(at):
    """All mail is delivered; what was marked is recorded once, the rest not at all."""
    rcpts = [at.rcpt() for _ in range(LOAD)]
    errors, before = [], {r["job"][0] for r in at.daemon.records()}

    def client(mine):
        for rcpt in mine:
            code, text = bed.send(PORT, bed.message("spf.example", rcpt), "b@spf.example", rcpt)
            if code != 250:
                errors.append(f"{rcpt}: {code} {text}")
    clients = [threading.Thread(target=client, args=(rcpts[n::CONNECTIONS],))
               for n in range(CONNECTIONS)]
    for c in clients:
        c.start()
    for n in range(RESTARTS):
        share = LOAD * n // (RESTARTS + 1)
        procs.wait_for(lambda: sum(bool(at.mailbox.all(r)) for r in rcpts) >= share,
                       f"{share} messages")
        tap.equal(at.daemon.stop(), 0, "exit status")
        at.daemon.start()
    for c in clients:
        c.join()
    tap.equal(errors, [], "refused")
    mails = [at.mailbox.wait(rcpt) for rcpt in rcpts]
    tap.equal([len(at.mailbox.all(rcpt)) for rcpt in rcpts], [1] * LOAD, "copies")
    marked = [mail.job() for mail in mails if mail.results("dmarc")]
    recorded = [r["job"][0] for r in at.daemon.records() if r["job"][0] not in before]
    tap.diag(f"{len(marked)} of {LOAD} messages were marked")
    tap.equal(sorted(recorded), sorted(marked), "recorded")
    tap.true(not re.search(r"status=(bounced|deferred)", at.mta.log()), "no bounce")


def main():
    namespace.enter(bed.PROGRAMS + postfix.PROGRAMS)
    suite = tap.Suite()
    with procs.Procs() as p:
        at = Setup(p)
        suite.add("the daemon listens on the loopback address only", listens_on_loopback, at)
        suite.add("mail is marked, nothing is rejected", marks, at)
        suite.add("a broken signature is recorded", broken_signature, at)
        suite.add("the aligned one of several signatures counts", several_signatures, at)
        suite.add("mail of the host itself", submitted_here, at)
        attacks.add(suite, "TCP", at, PORT, main_only=True)
        suite.add("restarts under load lose nothing", restarted_under_load, at)
        suite.add("the daemon ends cleanly", bed.end_cleanly, [at.daemon])
        return suite.run(on_failure=lambda: tap.diag(p.logs()))


if __name__ == "__main__":
    sys.exit(main())
