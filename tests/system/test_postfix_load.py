"""test_postfix_load - many messages while the daemon is restarted: none lost, none twice.

240 messages of 20 domains come over 8 connections into a real Postfix with OpenDKIM,
the SPF agent and our daemon, which is stopped and started again in between. Postfix
answers 4xx meanwhile and the clients try again, as real ones do. Then the whole report
chain must give the numbers that were sent.
"""
import os
import queue
import smtplib
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import bed
import chain
import namespace
import postfix
import procs
import tap

ROUNDS = 12
CONNECTIONS = 8
RESTART_AFTER = 80      # messages delivered before the daemon is stopped


class Load:
    """The host, the clients and what they sent."""

    def __init__(self, p):
        namespace.furnish(p)
        bed.start_dns(p)
        self.p = p
        self.mailbox = bed.Mailbox(p)
        signer = bed.Signer(p)
        dkim = postfix.OpenDKIM(p)
        self.daemon = bed.Daemon(p, "opendmarc")
        self.mta = postfix.Postfix(p, self.mailbox.port)
        self.mta.smtpd(25, [dkim.socket, self.daemon.socket])
        self.mta.start()
        self.retries = 0
        self.errors = []
        self.work = queue.Queue()
        self.expected = {}      # domain -> {(aligned dkim, aligned spf): messages}
        self.messages = [self.compose(signer, number)
                         for number in range(ROUNDS * len(bed.LOAD_DOMAINS))]

    def compose(self, signer, number):
        """Every third message signed, every second from the domain itself."""
        domain = bed.LOAD_DOMAINS[number % len(bed.LOAD_DOMAINS)]
        rcpt = f"load{number}@receiver.example"
        octets = bed.message(domain, rcpt)
        turn = number // len(bed.LOAD_DOMAINS)
        if turn % 3 == 0:
            octets = signer.sign(octets)
        own = turn % 2 == 0
        spf = "pass" if own and bed.DOMAINS[domain][0] == bed.CLIENT else "fail"
        key = "pass" if turn % 3 == 0 else "fail", spf
        sums = self.expected.setdefault(domain, {})
        sums[key] = sums.get(key, 0) + 1
        return f"bounce@{domain}" if own else "bounce@mailer.example", rcpt, octets

    def client(self):
        """One client: takes messages and tries each until it is accepted."""
        smtp = None
        while True:
            message = self.work.get()
            if message is None:
                break
            sender, rcpt, octets = message
            while True:
                try:
                    if smtp is None:
                        smtp = smtplib.SMTP(namespace.MTA4, 25,
                                            local_hostname="mail.mailer.example",
                                            source_address=(namespace.CLIENT4, 0))
                    smtp.sendmail(sender, [rcpt], octets)
                    break
                except (smtplib.SMTPException, OSError) as e:
                    if permanent(e):
                        self.errors.append(f"{rcpt}: {e}")
                        break
                    self.retries += 1
                    if smtp is not None:
                        smtp.close()
                    smtp = None
                    threading.Event().wait(0.2)     # a client's pause, not a condition
        if smtp is not None:
            smtp.quit()

    def run(self):
        """All clients, with the restart in between: a stop amid the first half of the
        messages, and the second half begins while the daemon is away."""
        half = len(self.messages) // 2
        for message in self.messages[:half]:
            self.work.put(message)
        clients = [threading.Thread(target=self.client) for _ in range(CONNECTIONS)]
        for c in clients:
            c.start()
        procs.wait_for(lambda: len(self.mailbox.sink.messages) >= RESTART_AFTER,
                       f"{RESTART_AFTER} messages")
        self.status = self.daemon.stop()
        for message in self.messages[half:] + [None] * CONNECTIONS:
            self.work.put(message)
        procs.wait_for(lambda: self.retries > 0, "a client that was asked to try again")
        self.daemon.start()
        for c in clients:
            c.join()
        procs.wait_for(lambda: not self.mta.queue(), "an empty queue")


def permanent(e):
    """True when the server said 5xx."""
    if isinstance(e, smtplib.SMTPRecipientsRefused):
        return any(code >= 500 for code, _ in e.recipients.values())
    return isinstance(e, smtplib.SMTPResponseException) and e.smtp_code >= 500


def none_lost(load):
    load.run()
    tap.equal(load.errors, [], "refused")
    tap.equal(load.status, 0, "exit status of the stopped daemon")
    tap.diag(f"{load.retries} tries met the restart")
    rcpts = sorted(r for m in load.mailbox.sink.messages for r in m.rcpts)
    tap.equal(rcpts, sorted(f"load{n}@receiver.example"
                            for n in range(ROUNDS * len(bed.LOAD_DOMAINS))), "delivered")


def none_recorded_twice(load):
    delivered = [bed.Delivered(m.octets) for m in load.mailbox.sink.messages]
    for mail in delivered:
        tap.equal(len(mail.results("dmarc")), 1, f"verdicts of {mail.job()}")
    tap.equal(sorted(r["job"][0] for r in load.daemon.records()),
              sorted(mail.job() for mail in delivered), "recorded jobs")
    ids = [r["id"][0] for r in load.daemon.records()]
    tap.equal(len(set(ids)), len(ids), "identities")


def imported_once(load):
    load.history, load.midnight = chain.days_ago(load.p, load.daemon.history_file, "old.history")
    load.chain = chain.Chain(load.p, "load")
    for _ in range(2):
        load.chain.load(load.history)
        tap.equal(load.chain.rows("SELECT COUNT(*) FROM messages"),
                  [(ROUNDS * len(bed.LOAD_DOMAINS),)], "rows")


def reported(load):
    load.mailbox.sink.messages.clear()
    load.chain.report(load.midnight, 25)
    procs.wait_for(lambda: len(load.mailbox.sink.messages) >= len(bed.LOAD_DOMAINS)
                   and not load.mta.queue(), "a report for each domain")
    reports = chain.mailed(load.mailbox)
    tap.equal(sorted(reports), sorted(f"dmarc@{d}" for d in bed.LOAD_DOMAINS), "recipients")
    for domain, sums in load.expected.items():
        mails = reports[f"dmarc@{domain}"]
        tap.equal(len(mails), 1, f"reports to {domain}")
        tap.equal(mails[0].domain, domain, "policy domain")
        tap.equal(mails[0].sums(), sums, f"sums of {domain}")


def main():
    namespace.enter(bed.PROGRAMS + postfix.PROGRAMS)
    suite = tap.Suite()
    with procs.Procs() as p:
        load = Load(p)
        suite.add("240 messages over 8 connections with a restart: none lost", none_lost, load)
        suite.add("none recorded twice", none_recorded_twice, load)
        suite.add("a second import changes nothing", imported_once, load)
        suite.add("20 reports with the sums that were sent", reported, load)
        suite.add("the daemon ends cleanly", bed.end_cleanly, [load.daemon])
        return suite.run(on_failure=lambda: tap.diag(p.logs()))


if __name__ == "__main__":
    sys.exit(main())
