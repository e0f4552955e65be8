"""bed - what the system tests share: zone and name server, signer, sink, daemon, messages.

All of it is real (nsd, opendkim, opendmarc); only the mailbox behind the MTA is
an SMTP server inside the test. Used inside the name spaces of namespace.py.
"""
import os
import re
import signal
import smtplib

import milterclient
import namespace
import procs
import smtpsink
import tap

SELECTOR = "sel"
LOAD_DOMAINS = [f"load{n:02}.example" for n in range(20)]

# Domain -> (SPF, DMARC). The clients 192.0.2.10 and 2001:db8::10 may send for
# domains with CLIENT; each domain publishes the same DKIM key.
CLIENT = "v=spf1 ip4:192.0.2.10 ip6:2001:db8::10 -all"
NOBODY = "v=spf1 -all"
DOMAINS = {
    "dkim.example": (NOBODY, "v=DMARC1; p=reject; rua=mailto:dmarc@dkim.example"),
    "spf.example": (CLIENT, "v=DMARC1; p=quarantine; rua=mailto:dmarc@spf.example"),
    "none.example": (NOBODY, "v=DMARC1; p=none; rua=mailto:dmarc@none.example"),
    "reject.example": (NOBODY, "v=DMARC1; p=reject; rua=mailto:dmarc@reject.example"),
    "external.example": (CLIENT, "v=DMARC1; p=reject; rua=mailto:agg@collector.example,"
                              "mailto:agg@stranger.example"),
    "unpublished.example": (CLIENT, None),
    "mailer.example": (CLIENT, None),
    "attacker.example": ("v=spf1 ip4:192.0.2.66 -all", None),
    **{d: (CLIENT if n % 2 else NOBODY,
           f"v=DMARC1; p={('none', 'quarantine', 'reject')[n % 3]}; rua=mailto:dmarc@{d}")
       for n, d in enumerate(LOAD_DOMAINS)},
}

PROGRAMS = [("nsd", "nsd"), ("opendkim", "opendkim"),
            ("opendkim-genkey", "opendkim-tools")]

MESSAGE = """\
From: Sender <sender@{domain}>
To: Recipient <{rcpt}>
Date: Sat, 21 Nov 2026 01:00:00 +0000
Message-ID: <{rcpt}.{domain}>
Subject: {subject}

A line of text.
"""


def message(domain, rcpt, subject="test", head=""):
    """The octets of a message From: domain; head: header fields to stand first."""
    text = head + MESSAGE.format(domain=domain, rcpt=rcpt, subject=subject)
    return text.replace("\n", "\r\n").encode()


def zone_text(key):
    """The root zone: all names that the tests know; key is the DKIM record's data."""
    lines = ["$ORIGIN .", "$TTL 300",
             ". SOA ns.example. hostmaster.example. 1 3600 600 86400 300", ". NS ns.example.",
             "ns.example. A 127.0.0.1", "receiver.example. MX 10 mx.receiver.example.",
             f"{namespace.HOST}. A {namespace.MTA4}",
             f"{namespace.HOST}. AAAA {namespace.MTA6}",
             'external.example._report._dmarc.collector.example. TXT "v=DMARC1"']
    for domain, (spf, dmarc) in DOMAINS.items():
        lines.append(f'{domain}. TXT "{spf}"')
        lines.append(f"{domain}. MX 10 mail.{domain}.")
        lines.append(f"mail.{domain}. A {namespace.CLIENT4}")
        lines.append(f'mail.{domain}. TXT "{spf}"')
        lines.append(f"{SELECTOR}._domainkey.{domain}. TXT {key}")
        if dmarc is not None:
            lines.append(f'_dmarc.{domain}. TXT "{dmarc}"')
    return "\n".join(lines) + "\n"


NSD_CONF = """\
server:
	ip-address: 127.0.0.1
	port: 53
	username: ""
	chroot: ""
	database: ""
	zonesdir: "{tmp}"
	zonelistfile: "{tmp}/nsd.zones"
	xfrdfile: "{tmp}/nsd.xfrd"
	xfrdir: "{tmp}"
	pidfile: "{tmp}/nsd.pid"
	server-count: 1
remote-control:
	control-enable: no
zone:
	name: "."
	zonefile: "root.zone"
# Without a file: the server fails for all names in it.
zone:
	name: "broken.attacker.example"
	zonefile: "missing.zone"
"""


def start_dns(p):
    """Makes the DKIM key and serves the zone with nsd on 127.0.0.1:53."""
    os.mkdir(p.path("key"), 0o755)
    p.run(["opendkim-genkey", "-b", "2048", "-s", SELECTOR, "-d", "dkim.example",
           "-D", p.path("key")])
    record = procs.read(p.path("key", SELECTOR + ".txt"))
    p.write("root.zone", zone_text(re.search(r"\(.*\)", record, re.S)[0]))
    conf = p.write("nsd.conf", NSD_CONF.format(tmp=p.tmp))
    p.start("nsd", ["nsd", "-d", "-c", conf]).wait_port(53)


class Signer:
    """An opendkim that signs for every domain of the zone with the one key."""

    def __init__(self, p):
        self.socket = p.path("signer.sock")
        key = p.path("key", SELECTOR + ".private")
        keys = p.write("signer.keys", "".join(f"{d} {d}:{SELECTOR}:{key}\n" for d in DOMAINS))
        table = p.write("signer.table", "".join(f"{d} {d}\n" for d in DOMAINS))
        conf = p.write("signer.conf", f"Mode s\nBackground no\nSocket local:{self.socket}\n"
                       f"KeyTable {keys}\nSigningTable {table}\nRequireSafeKeys no\n"
                       "Canonicalization relaxed/simple\nOversignHeaders From\n")
        program = p.start("signer", ["opendkim", "-x", conf])
        program.stop_signal = signal.SIGKILL    # it holds nothing, and TERM takes it seconds
        program.wait_unix(self.socket)

    def sign(self, octets):
        """The octets with a DKIM-Signature of the From domain on top."""
        result = milterclient.send_message(self.socket, octets, client_ip="127.0.0.1")
        value = result.inserted("DKIM-Signature")[0]
        return b"DKIM-Signature: " + value.replace("\n", "\r\n").encode() + b"\r\n" + octets


class Daemon:
    """Our daemon with a configuration of its own; restarts keep history and log.

    It listens on a UNIX socket, or on a TCP port if one is given, or where the option
    Socket says.
    """

    def __init__(self, p, name, port=None, **options):
        self.p, self.name, self.port = p, name, port
        self.socket = p.path(name + ".sock")
        self.history_file = options.get("HistoryFile", p.path(name + ".history"))
        listen = f"inet:{port}@127.0.0.1" if port else "local:" + self.socket
        words = {"Socket": listen, "HistoryFile": self.history_file,
                 "AuthservID": namespace.HOST, "UMask": "0", "Syslog": "yes",
                 "SoftwareHeader": "yes", **options}
        where = re.match(r"local:(.*)|inet:(\d+)@", words["Socket"])
        self.socket, self.port = where[1], where[2] and int(where[2])
        self.conf = p.write(name + ".conf", "".join(f"{k} {v}\n" for k, v in words.items()))
        self.program = None
        self.start()

    def start(self):
        argv = [procs.built("opendmarc/opendmarc"), "-f", "-c", self.conf]
        self.program = self.p.start(self.name, argv)
        self.program.wait_socket(self.port or self.socket)

    def stop(self):
        """TERM; the exit status."""
        return self.program.stop()

    def log(self):
        return self.program.output()

    def wait_log(self, text):
        """Until a line that ends with text has been logged."""
        self.program.wait_until(
            lambda: re.search(re.escape(text) + "$", self.log(), re.M), f"log line {text!r}")

    def records(self):
        """The history: a list of {key: [values]}."""
        records = []
        for line in procs.read(self.history_file).splitlines():
            key, _, value = line.partition(" ")
            if key == "job":
                records.append({})
            records[-1].setdefault(key, []).append(value)
        return records

    def record(self, job):
        """The one record of a queue id."""
        found = [r for r in self.records() if r["job"] == [job]]
        if len(found) != 1:
            raise procs.Error(f"{len(found)} history records of {job}")
        return found[0]


def end_cleanly(daemons):
    """A case: TERM to all daemons, each ends with status 0 and without a sanitizer's word."""
    for daemon in daemons:
        daemon.program.signal(signal.SIGTERM)
    for daemon in daemons:
        tap.equal(daemon.program.wait_end(), 0, f"exit status of {daemon.name}")
        tap.true("Sanitizer" not in daemon.log() and "runtime error" not in daemon.log(),
                 f"clean log of {daemon.name}")


class Mailbox:
    """Where the MTA under test delivers: an SMTP server that keeps everything."""

    def __init__(self, p):
        self.sink = smtpsink.SmtpSink()
        self.port = self.sink.port
        p.at_close(self.sink.close)

    def all(self, rcpt):
        """The messages delivered to rcpt so far."""
        return [m for m in list(self.sink.messages) if rcpt in m.rcpts]

    def wait(self, rcpt):
        """Waits for the message to rcpt: a Delivered."""
        return Delivered(procs.wait_for(lambda: self.all(rcpt), f"mail to {rcpt}")[0].octets)


class Delivered:
    """A delivered message with its header fields."""

    def __init__(self, octets):
        self.octets = octets
        self.headers = milterclient.split_message(octets)[0]

    def values(self, name):
        """The values of the fields of that name, top to bottom, blanks made one."""
        return [re.sub(r"\s+", " ", v) for n, v in self.headers if n.lower() == name.lower()]

    def results(self, method, authserv_id=namespace.HOST):
        """The Authentication-Results values under an id about a method."""
        return [v for v in self.values("Authentication-Results")
                if v.startswith(authserv_id + ";") and f" {method}=" in v]

    def job(self):
        """The queue id that the MTA under test gave it."""
        for value in self.values("Received"):
            m = re.search(r"by mx\.receiver\.example .*\bid (\w+)", value)
            if m:
                return m[1]
        raise procs.Error("no queue id in " + repr(self.headers))


def send(port, octets, mail_from, rcpt, client=namespace.CLIENT4, helo="mail.mailer.example",
         login=None):
    """One message in one SMTP session: the code and the text of the reply that ended it."""
    server = namespace.MTA6 if ":" in client else namespace.MTA4
    with smtplib.SMTP(server, port, local_hostname=helo, timeout=procs.GIVE_UP_SECS,
                      source_address=(client, 0)) as smtp:
        smtp.ehlo()
        if login is not None:
            smtp.login(*login)

        def mail(sender):
            return smtp.docmd("MAIL", f"FROM:<{sender}>")
        # As it is given: smtplib's mail() would take a quoted local part apart.
        for step, argument in ((mail, mail_from), (smtp.rcpt, rcpt), (smtp.data, octets)):
            try:
                code, text = step(argument)
            except smtplib.SMTPDataError as e:
                code, text = e.smtp_code, e.smtp_error
            if code >= 400:
                break
    return code, text.decode()
