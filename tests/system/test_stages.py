"""test_stages - the verdicts behind the filters that people run before ours, with real Postfix.

Each way in has other earlier stages: the SPF policy agent and OpenDKIM, plain and with
queue ids in its results; pyspf-milter; a Received-SPF filter; dkimpy-milter; rspamd.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import attacks
import bed
import host
import namespace
import postfix
import procs
import stages
import tap

PLAIN, JOBID, PYSPF, RCVD, DKIMPY, RSPAMD = 25, 2525, 2526, 2527, 2528, 2529
NOJOB, ORDER = 2530, 2531


class Stages(host.Host):
    """The receiving host."""

    def __init__(self, p):
        super().__init__(p)
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
            NOJOB: ([plain], None, strict),
        }
        self.daemons = {port: chain[2] for port, chain in chains.items()}
        self.mta = postfix.Postfix(p, self.mailbox.port)
        for port, (milters, agent, daemon) in chains.items():
            self.mta.smtpd(port, [*milters, daemon.socket], agent=agent)
        self.daemons[ORDER] = bed.Daemon(p, "first")
        self.mta.smtpd(ORDER, [self.daemons[ORDER].socket, plain], agent="AR")
        self.mta.start()


def without_queue_id(at):
    """TrustJobID, and a filter that does not write queue ids: nothing is believed."""
    mail = at.signed(NOJOB)
    tap.contains(mail.results("dmarc")[0], "dmarc=fail", "verdict")
    at.daemons[NOJOB].wait_log('results of "mx.receiver.example" do not carry the queue id of '
                               "the message; set AuthservIDWithJobID in the filter that writes "
                               "them, or TrustJobID off")


def wrong_order(at):
    """Ours before the filter that checks DKIM: the log says what is wrong."""
    mail = at.signed(ORDER)
    tap.contains(mail.results("dmarc")[0], "dmarc=fail", "verdict")
    at.daemons[ORDER].wait_log(f"{mail.job()}: no trusted DKIM results for a signed message; "
                               "the filter that checks DKIM has to come before this one")


def main():
    namespace.enter(bed.PROGRAMS + postfix.PROGRAMS + stages.PYSPF + stages.DKIMPY
                    + stages.RSPAMD)
    suite = tap.Suite()
    with procs.Procs() as p:
        at = Stages(p)
        for port, name in ((PLAIN, "OpenDKIM and SPF agent"), (JOBID, "queue ids"),
                           (PYSPF, "pyspf-milter"), (RCVD, "Received-SPF"),
                           (DKIMPY, "dkimpy-milter"), (RSPAMD, "rspamd")):
            attacks.add(suite, name, at, port, main_only=port not in (PLAIN, JOBID),
                        quotes=port != DKIMPY)
        suite.add("queue ids asked for and not there", without_queue_id, at)
        suite.add("a wrong order of filters is logged", wrong_order, at)
        suite.add("the daemons end cleanly", bed.end_cleanly, set(at.daemons.values()))
        return suite.run(on_failure=lambda: tap.diag(p.logs()))


if __name__ == "__main__":
    sys.exit(main())
