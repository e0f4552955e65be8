"""host - the receiving host of the tests about set-ups: name server, signer, mailbox.

A test adds its filters, the daemons {port: bed.Daemon} and the MTA.
"""
import bed
import namespace
import tap


class Host:
    authserv_id = namespace.HOST

    def __init__(self, p):
        namespace.furnish(p)
        bed.start_dns(p)
        self.p = p
        self.mailbox = bed.Mailbox(p)
        self.signer = bed.Signer(p)
        self.daemons = {}
        self.sent = 0

    def rcpt(self):
        """An address that no other message has."""
        self.sent += 1
        return f"r{self.sent}@receiver.example"

    def deliver(self, port, octets, mail_from, rcpt, **session):
        """Sends a message that must be accepted; the Delivered."""
        code, text = bed.send(port, octets, mail_from, rcpt, **session)
        tap.equal(code, 250, f"reply {text}")
        return self.mailbox.wait(rcpt)

    def signed(self, port, **session):
        """A message of dkim.example with its signature, from somebody else's host."""
        rcpt = self.rcpt()
        octets = self.signer.sign(bed.message("dkim.example", rcpt))
        return self.deliver(port, octets, "bounce@mailer.example", rcpt, **session)

    def plain(self, port, domain, **session):
        """An unsigned message of a domain, sent in its name."""
        rcpt = self.rcpt()
        return self.deliver(port, bed.message(domain, rcpt), f"bounce@{domain}", rcpt, **session)

    def verdict(self, mail, want):
        """Fails unless the one verdict of ours begins so."""
        tap.equal([v[:len(self.authserv_id) + 2 + len(want)]
                   for v in mail.results("dmarc", self.authserv_id)],
                  [f"{self.authserv_id}; {want}"], "verdict")
