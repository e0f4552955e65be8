"""rcvdspf_milter - a filter that writes Received-SPF, as smf-spf does, for the system tests.

usage: rcvdspf_milter.py PORT RECEIVER

No packaged milter writes that field, so this one joins the real parts: libmilter by
way of pymilter, and pyspf, which checks and words the result (RFC 7208, 9.1).
"""
import sys

import Milter
import spf


class ReceivedSPF(Milter.Base):
    """One SMTP connection."""

    def connect(self, hostname, family, hostaddr):
        self.client = hostaddr[0] if hostaddr else None
        self.name = hostname
        return Milter.CONTINUE

    def hello(self, name):
        self.name = name
        return Milter.CONTINUE

    def envfrom(self, sender, *options):
        query = spf.query(self.client, sender.strip("<>"), self.name, receiver=sys.argv[2])
        result, _, text = query.check()
        query.set_default_explanation(text)
        self.value = query.get_header(result, sys.argv[2])
        return Milter.CONTINUE

    def eom(self):
        self.addheader("Received-SPF", self.value, 0)
        return Milter.CONTINUE


Milter.factory = ReceivedSPF
Milter.set_flags(Milter.ADDHDRS)
Milter.runmilter("rcvdspf", f"inet:{sys.argv[1]}@127.0.0.1", 240)
