"""filter - one opendmarc daemon with its own DNS server, for the tests of this folder.

    with filter.Filter(zone, {"RejectFailures": "yes"}) as f:
        r = f.send(header("From: a@example.com"), mail_from="a@example.com")
        f.history(); f.log()

The daemon runs in the foreground with a configuration of its own in a temporary
folder; its log is what it writes to standard error. Everybody is 192.0.2.1 here unless said
otherwise, because the loopback addresses are ignored by default. WRAPPER in the
environment (for example "valgrind -q") stands before the command.
"""
import os
import shlex
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

import dnsserver
import milterclient
import procs
import tap

ID = "mx.test"

ZONE = """
_dmarc.reject.test TXT v=DMARC1; p=reject; rua=mailto:agg@reject.test
_dmarc.q.test TXT v=DMARC1; p=reject
_dmarc.quar.test TXT v=DMARC1; p=quarantine; sp=none
_dmarc.none.test TXT v=DMARC1; p=none; rua=mailto:agg@none.test,mailto:b@c.test
_dmarc.test.test TXT v=DMARC1; p=reject; t=y
_dmarc.strict.test TXT v=DMARC1; p=reject; adkim=s; aspf=s
_dmarc.sub.test TXT v=DMARC1; p=reject; sp=quarantine; np=reject
_dmarc.assumed.test TXT v=DMARC1; p=reject; sp=nonsense; np=reject; rua=mailto:agg@assumed.test
_dmarc.bad.test TXT v=DMARC1; p=nonsense
here.sub.test A 192.0.2.80
_dmarc.dead.test FAULT SERVFAIL
_dmarc.silent.test FAULT TIMEOUT
silent.test FAULT TIMEOUT
reject.test TXT v=spf1 ip4:192.0.2.1 -all
none.test TXT v=spf1 ip4:192.0.2.9 -all
soft.test TXT v=spf1 ~all
_dmarc.soft.test TXT v=DMARC1; p=none
helo.reject.test TXT v=spf1 ip4:192.0.2.1 -all
_dmarc.nospf.test TXT v=DMARC1; p=reject
"""


def sig(domain, selector="s", b="abcdefghijkl"):
    """A well-formed DKIM-Signature; what it signs is not looked at here."""
    return ("DKIM-Signature", f"v=1; a=rsa-sha256; c=relaxed/simple; d={domain}; "
            f"s={selector};\n\tt=1; bh=AAAA=; h=From:To;\n\tb={b}")


def ar(text, ident=ID):
    """An Authentication-Results field."""
    return ("Authentication-Results", f"{ident}; {text}")


def dkim_pass(domain, selector="s", b="abcdefgh"):
    """The two fields of a verified signature, as OpenDKIM leaves them."""
    return [ar(f"dkim=pass (2048-bit key) header.d={domain} header.i=@{domain} "
               f"header.s={selector} header.b={b}"), sig(domain, selector)]


def spf_pass(domain):
    return [ar(f"spf=pass smtp.mailfrom={domain}")]


def message(*fields):
    """The fields and what every message has; "From" may be given as text."""
    rest = [("To", "b@mx.test"), ("Date", "Thu, 1 Jan 2026 00:00:00 +0000"), ("Subject", "x")]
    return [f if isinstance(f, tuple) else ("From", f) for f in fields] + rest


class Filter:
    """A running daemon. A context manager."""

    def __init__(self, zone=ZONE, options=None, start=True, socket="unix"):
        self.procs = procs.Procs()
        self.dns = dnsserver.DnsServer(zone)
        self.procs.at_close(self.dns.close)
        path = self.procs.path("m.sock")
        self.port = procs.free_port() if socket == "inet" else None
        self.socket = f"inet:{self.port}@127.0.0.1" if socket == "inet" else f"unix:{path}"
        self.options = {"AuthservID": ID, "Socket": self.socket, "Background": "no",
                        "Nameservers": f"127.0.0.1@{self.dns.port}",
                        "HistoryFile": self.procs.path("history.dat"), **(options or {})}
        self.daemon = None
        self.number = 0
        if start:
            try:
                self.start()
            except BaseException:
                self.close()
                raise

    def write_conf(self):
        text = "".join(f"{k} {v}\n" for k, v in self.options.items() if v is not None)
        return self.procs.write("opendmarc.conf", text)

    def start(self):
        conf = self.write_conf()
        argv = [*shlex.split(os.environ.get("WRAPPER", "")),
                procs.built("opendmarc/opendmarc"), "-f", "-c", conf]
        self.daemon = self.procs.start("opendmarc", argv)
        if self.port:
            self.daemon.wait_port(self.port)
        else:
            self.daemon.wait_unix(self.procs.path("m.sock"))

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        if self.daemon is not None and self.daemon.running():
            status = self.daemon.stop(60)
            self.procs.programs.remove(self.daemon)
            if status != 0 and not sys.exc_info()[0]:
                text = self.log()
                self.procs.close()
                raise tap.Failure(f"the daemon ended with {status}:\n{text}")
        self.procs.close()

    def log(self):
        return self.daemon.output()

    def reload(self, options=None, number=signal.SIGHUP):
        """Changes options, reloads, and returns what the log says of it."""
        self.options.update(options or {})
        self.write_conf()
        before = len(self.log())
        self.daemon.signal(number)
        self.daemon.wait_until(lambda: "reloaded" in self.log()[before:] or
                               "ignoring reload" in self.log()[before:], "the reload")
        return self.log()[before:]

    def session(self, ip="192.0.2.1", host=None, helo="helo.test", version=6,
                protocol=milterclient.ALL_PROTOCOL, actions=milterclient.ALL_ACTIONS):
        """A connection that has said HELO."""
        m = milterclient.Milter(self.socket)
        m.negotiate(version, actions, protocol)
        if m.connect(ip, host, macros={"j": ID}) == "c":
            m.helo(helo)
        return m

    def give(self, m, fields, mail_from="u@sender.test", job=None, auth=None):
        """One message on a session; the Result."""
        self.number += 1
        job = job or f"JOB{self.number}"
        if m.mail(mail_from, macros={"{auth_authen}": auth}) != "c":
            return m.result
        m.rcpt("b@mx.test")
        m.data()
        for name, value in fields:
            m.header(name, value)
        m.eoh()
        m.body(b"text\r\n")
        return m.end({"i": job})

    def send(self, fields, mail_from="u@sender.test", ip="192.0.2.1", helo="helo.test",
             host=None, **more):
        """One message on a connection of its own; the Result."""
        with self.session(ip, host, helo) as m:
            if m.result.reply is not None:
                return m.result
            result = self.give(m, fields, mail_from, **more)
            m.quit()
            return result

    def history(self):
        """The records of the history file: lists of (key, value)."""
        records = []
        for line in procs.read(self.options["HistoryFile"]).splitlines():
            key, _, value = line.partition(" ")
            if key == "job":
                records.append([])
            records[-1].append((key, value))
        return records

    def record(self, job):
        """The one record of a job as {key: value}; repeated keys are joined by "|"."""
        found = [r for r in self.history() if r[0] == ("job", job)]
        tap.equal(len(found), 1, f"records of {job}")
        values = {}
        for key, value in found[0]:
            values[key] = values[key] + "|" + value if key in values else value
        return values


def dmarc_of(result):
    """What our own field says: the value of the added dmarc field, without the id."""
    fields = [v for v in result.inserted("Authentication-Results") if " dmarc=" in v]
    tap.equal(len(fields), 1, "added dmarc fields")
    return fields[0].partition("; ")[2]


def spf_of(result):
    fields = [v for v in result.inserted("Authentication-Results") if " spf=" in v]
    tap.true(len(fields) < 2, "one spf field")
    return fields[0].partition("; ")[2] if fields else None
