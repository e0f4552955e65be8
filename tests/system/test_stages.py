"""test_stages - the verdicts behind the filters that people run before ours, with real Postfix.

Each way in has other earlier stages: the SPF policy agent and OpenDKIM, plain and with
queue ids in its results; pyspf-milter; a Received-SPF filter; dkimpy-milter; rspamd.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import attacks
import bed
import namespace
import postfix
import procs
import stages
import tap

PLAIN, JOBID, PYSPF, RCVD, DKIMPY, RSPAMD = 25, 2525, 2526, 2527, 2528, 2529


class Host:
    """The receiving host."""

    def __init__(self, p):
        namespace.furnish(p)
        bed.start_dns(p)
        self.mailbox = bed.Mailbox(p)
        self.signer = bed.Signer(p)
        plain = postfix.OpenDKIM(p).socket
        jobid = postfix.OpenDKIM(p, "opendkim-jobid", AuthservIDWithJobID="yes").socket
        usual = bed.Daemon(p, "usual")
        strict = bed.Daemon(p, "strict", TrustJobID="yes", SPFSelfValidate="yes",
                            SPFIgnoreResults="yes")
        own = bed.Daemon(p, "own", SPFSelfValidate="yes", SPFIgnoreResults="yes")
        chains = {
            PLAIN: ([plain], "AR", usual),
            JOBID: ([jobid], "AR", strict),
            PYSPF: ([stages.pyspf(p, 8001), jobid], None, usual),
            RCVD: ([stages.received_spf(p, 8002), plain], None, usual),
            DKIMPY: ([stages.dkimpy(p, 8003)], "SPF", usual),
            RSPAMD: ([stages.rspamd(p, 8004)], None, own),
        }
        self.daemons = {port: chain[2] for port, chain in chains.items()}
        self.mta = postfix.Postfix(p, self.mailbox.port)
        for port, (milters, agent, daemon) in chains.items():
            self.mta.smtpd(port, [*milters, daemon.socket], agent=agent)
        self.mta.start()
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


def main():
    namespace.enter(bed.PROGRAMS + postfix.PROGRAMS + stages.PYSPF + stages.DKIMPY
                    + stages.RSPAMD)
    suite = tap.Suite()
    with procs.Procs() as p:
        host = Host(p)
        for port, name in ((PLAIN, "OpenDKIM and SPF agent"), (JOBID, "queue ids"),
                           (PYSPF, "pyspf-milter"), (RCVD, "Received-SPF"),
                           (DKIMPY, "dkimpy-milter"), (RSPAMD, "rspamd")):
            attacks.add(suite, name, host, port)
        suite.add("the daemons end cleanly", bed.end_cleanly, set(host.daemons.values()))
        return suite.run(on_failure=lambda: tap.diag(p.logs()) if os.environ.get("LOGS") else None)


if __name__ == "__main__":
    sys.exit(main())
