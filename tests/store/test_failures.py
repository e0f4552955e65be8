"""test_failures - opendmarc-failures as a whole: spool entries in, report mail out.

Every case has a spool, a DNS and a mail server or a command of its own. The mail is read
back by Python's own reader.
"""
import email
import email.policy
import fcntl
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import dnsserver
import procs
import smtpsink
import tap

SENDER = "noreply@receiver.example"
ZONE = "\n".join(f"_dmarc.{d} TXT v=DMARC1; p=reject" for d in (
    "sender.example", "other.example", "collector.example", "quiet.example", "hostile.example"))
ZONE += '\nbounce.sender.example TXT v=spf1 ip4:198.51.100.0/24 -all\n'

DEFAULTS = {
    "job": "4bR2Xk0mZz", "reporter": "mx.receiver.example", "authserv": "mx.receiver.example",
    "ipaddr": "192.0.2.66", "port": 49321, "helo": "relay.example.net",
    "mfrom": "users@bounce.sender.example", "from": "sender.example",
    "pdomain": "sender.example", "org": "sender.example", "ruf": "mailto:ruf@sender.example",
    "fo": 1, "kinds": 1, "psd": "u", "result": "fail", "policy": "reject",
    "disposition": "reject", "dkim_aligned": "no", "spf_aligned": "no", "spf_is_helo": "no",
    "spf": "fail", "spf_domain": "bounce.sender.example", "delivery": "reject",
    "received": 1779268445,
}
HEADER = ("Received: from relay.example.net (relay.example.net [192.0.2.66])\n"
          "\tby mx.receiver.example with ESMTPS id 4bR2Xk0mZz\n"
          "\tfor <users@receiver.example>; Wed, 20 May 2026 09:14:05 +0000\n"
          "From: Billing Dept <author@sender.example>\nTo: users@receiver.example\n"
          "Subject: Invoice 4711\nDate: Wed, 20 May 2026 09:13:58 +0000\n"
          "Message-ID: <f00d@sender.example>\nList-Id: <members.receiver.example>\n")

# Every field that RFC 9991 demands of a DMARC report, and the optional ones we write.
FIELDS = {
    "Feedback-Type": "auth-failure", "Version": "1", "Auth-Failure": "dmarc",
    "Authentication-Results": "mx.receiver.example; dmarc=fail (p=reject dis=reject) "
                              "header.from=sender.example",
    "Identity-Alignment": "dkim, spf", "DKIM-Domain": "sender.example",
    "DKIM-Identity": "@sender.example", "DKIM-Selector": "s2026",
    "SPF-DNS": 'txt : bounce.sender.example : "v=spf1 ip4:198.51.100.0/24 -all"',
    "Delivery-Result": "reject", "Original-Envelope-Id": "4bR2Xk0mZz",
    "Arrival-Date": "Wed, 20 May 2026 09:14:05 +0000",
    "Reporting-MTA": "dns; mx.receiver.example", "Source-IP": "192.0.2.66",
    "Source-Port": "49321", "Reported-Domain": "sender.example", "Incidents": "1",
}


class Site:
    """A receiver with its spool, its DNS and the mail server it sends through."""

    def __init__(self, p, zone="", conf=""):
        self.p, self.number = p, 0
        self.spool = p.path("failures")
        os.mkdir(self.spool, 0o700)
        self.dns = dnsserver.DnsServer(ZONE + "\n" + zone)
        self.sink = smtpsink.SmtpSink()
        self.conf = p.write("opendmarc.conf", f"DNSTimeout 2\nFailureReports yes\n"
                            f"FailureReportsSentBy DMARC reports <{SENDER}>\n"
                            f"FailureReportsSpool {self.spool}\n{conf}\n")

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.sink.close()
        self.dns.close()

    def add(self, header=HEADER, age=60, dkim=("fail sender.example s2026 -",), **values):
        """One entry; from_ stands for from. Its name."""
        if "from_" in values:
            values["from"] = values.pop("from_")
        lines = ["failure 1"]
        lines += [f"{k} {v}" for k, v in dict(DEFAULTS, **values).items()]
        lines += [f"dkim {d}" for d in dkim]
        octets = header if isinstance(header, bytes) else header.encode()
        text = "\n".join([*lines, f"header {len(octets)}", ""]).encode() + octets
        self.number += 1
        name = f"{int(time.time()) - age:010}-{self.number:016x}.fail"
        self.p.write(os.path.join("failures", name), text, 0o600)
        return name

    def files(self):
        """What is in the spool, without lock and secret."""
        return sorted(f for f in os.listdir(self.spool) if not f.startswith("."))

    def run(self, *more, status=0, smtp=True, **popen):
        argv = [procs.built("reports/opendmarc-failures"), "--conf", self.conf,
                "--nameservers", f"{self.dns.host}@{self.dns.port}"]
        if smtp:
            argv += ["--smtp-server", self.sink.host, "--smtp-port", str(self.sink.port)]
        done = self.p.run([*argv, *more], check=False, **popen)
        tap.equal(done.returncode, status, f"status of {more}\n{done.stdout}{done.stderr}")
        return done

    def mails(self):
        """[(recipient, message)] of all mail that came."""
        found = []
        for m in self.sink.messages:
            tap.equal((m.sender, len(m.rcpts)), (SENDER, 1), "envelope")
            found.append((m.rcpts[0], read(m.octets)))
        return found

    def recipients(self):
        return sorted(to for to, _ in self.mails())


class Report:
    """A failure report, taken apart."""

    def __init__(self, mail):
        self.mail = mail
        tap.equal(mail.get_content_type(), "multipart/report", "type")
        tap.equal(mail.get_param("report-type"), "feedback-report", "report-type")
        self.parts = mail.get_payload()
        tap.equal([p.get_content_type() for p in self.parts],
                  ["text/plain", "message/feedback-report", "text/rfc822-headers"], "parts")
        tap.equal(mail.defects + [d for p in self.parts for d in p.defects], [], "defects")
        inner = self.parts[1].get_payload()
        text = inner[0].as_string() if isinstance(inner, list) else inner
        fields = email.message_from_string(text).items()
        tap.equal(len({k.lower() for k, _ in fields}), len(fields), "fields once")
        self.fields = {k: " ".join(v.split()) for k, v in fields}
        self.octets = self.parts[2].get_payload(decode=True)
        self.header = email.message_from_bytes(self.octets)


def read(octets):
    tap.true(all(b < 128 for b in octets), "7 bit")
    tap.true(all(len(line) <= 998 for line in octets.split(b"\r\n")), "lines")
    tap.equal(octets.count(b"\n"), octets.count(b"\r\n"), "line ends")
    return Report(email.message_from_bytes(octets))


CASES = tap.Suite()


def case(name, zone="", conf=""):
    """A case with a site."""
    def add(function):
        def run():
            with procs.Procs() as p, Site(p, zone, conf) as site:
                function(site)
        CASES.add(name, run)
        return function
    return add


@case("one failure becomes one report with every field", conf="FailureReportsRedact no")
def _(site):
    site.add()
    done = site.run()
    tap.equal(done.stdout + done.stderr, "", "output of a run from cron")
    (to, report), = site.mails()
    tap.equal(to, "ruf@sender.example", "recipient")
    for name, value in FIELDS.items():
        tap.equal(report.fields.get(name), value, name)
    tap.equal(report.fields["Original-Mail-From"], "<users@bounce.sender.example>", "mail from")
    tap.true(report.fields["User-Agent"].startswith("OpenDMARC/"), "User-Agent")
    mail = report.mail
    tap.equal((mail["From"], mail["To"], mail["Subject"], mail["Auto-Submitted"]),
              (f"DMARC reports <{SENDER}>", to,
               "DMARC failure report for sender.example received from 192.0.2.66",
               "auto-generated"), "header")
    tap.equal(report.header["Subject"], "Invoice 4711", "the subject reported")
    tap.equal(len(report.header.items()), 7, "fields of the header")
    tap.equal(site.files(), [], "spool")
    site.run()
    tap.equal(len(site.sink.messages), 1, "mails of two runs")


@case("by default nobody is named", conf="FailureReportsBcc own@receiver.example")
def _(site):
    site.add(dkim=["fail sender.example s2026 author@sender.example"])
    site.run()
    reports = dict(site.mails())
    told = reports["ruf@sender.example"]
    text = told.mail.as_string()
    for word in ("users", "author", "Billing", "Invoice", "4711\n", "f00d", "members"):
        tap.true(word not in text, f"{word} in {text}")
    token = told.fields["Original-Mail-From"].strip("<>").partition("@")[0]
    tap.contains(told.header["To"], token + "@receiver.example", "the same token")
    tap.contains(told.header["Received"], f"for <{token}@receiver.example>", "and in Received")
    author = told.fields["DKIM-Identity"].partition("@")[0]
    tap.equal(told.header["From"], f"<{author}@sender.example>", "From")
    copy = reports["own@receiver.example"]
    tap.equal(copy.header["Subject"], "Invoice 4711", "the copy is whole")
    tap.equal(copy.fields["Original-Mail-From"], "<users@bounce.sender.example>", "mail from")
    tap.true(told.mail["Message-ID"] != copy.mail["Message-ID"], "Message-IDs")
    tap.equal(os.stat(os.path.join(site.spool, ".secret")).st_mode & 0o777, 0o600, "secret")


EXTERNAL = [
    # ruf, TXT records at sender.example._report._dmarc.collector.example, who gets it
    ("mailto:x@collector.example", None, set()),
    ("mailto:x@collector.example", ["v=DMARC1"], {"x@collector.example"}),
    ("mailto:x@collector.example", ["v=DMARC1; ruf=mailto:new@collector.example"],
     {"new@collector.example"}),
    ("mailto:x@collector.example", ["v=DMARC1; rua=mailto:new@collector.example"],
     {"x@collector.example"}),
    ("mailto:x@collector.example", ["v=DMARC1; ruf=mailto:victim@other.example"], set()),
    ("mailto:x@collector.example,mailto:y@sender.example!10m", None, {"y@sender.example"}),
    ("mailto:x@reports.sender.example", None, {"x@reports.sender.example"}),
    ("mailto:-oQ/tmp@sender.example,mailto:a%0ABcc:v@sender.example,mailto:a@b@sender.example,"
     "https://sender.example/x,foo,mailto:ok@sender.example", None, {"ok@sender.example"}),
    (f"mailto:{SENDER},mailto:OK@sender.example,mailto:ok@sender.example", None,
     {"OK@sender.example"}),
]


def external(ruf, records, want):
    zone = "\n".join(f"sender.example._report._dmarc.collector.example TXT {text}"
                     for text in records or [])
    zone += "\nsender.example._report._dmarc.receiver.example TXT v=DMARC1"
    with procs.Procs() as p, Site(p, zone) as site:
        site.add(ruf=ruf)
        done = site.run("--verbose")
        tap.equal(set(site.recipients()), want, f"recipients\n{done.stdout}")
        tap.equal(site.files(), [], "spool")


for number, row in enumerate(EXTERNAL, 1):
    CASES.add(f"destination {number}: {row[0]} {row[1]}", external, *row)


@case("a report waits while the DNS fails, six hours at most",
      "*.collector.example FAULT SERVFAIL")
def _(site):
    site.add(ruf="mailto:x@collector.example,mailto:y@sender.example")
    site.run(status=75)
    tap.equal(site.recipients(), [], "recipients")
    tap.equal(len(site.files()), 1, "it waits")
    site.add(ruf="mailto:x@collector.example,mailto:z@sender.example", age=7 * 3600)
    site.run(status=75)
    tap.equal(site.recipients(), ["z@sender.example"], "the old one goes to the others")
    with dnsserver.DnsServer(
            ZONE + "\nsender.example._report._dmarc.collector.example TXT v=DMARC1") as dns:
        site.run("--nameservers", f"{dns.host}@{dns.port}")
    tap.equal(site.recipients(), ["x@collector.example", "y@sender.example", "z@sender.example"],
              "recipients at last")


@case("failures that are alike become one report")
def _(site):
    for _ in range(25):
        site.add()
    for _ in range(3):
        site.add(ipaddr="2001:db8::1")
    site.add(from_="other.example", pdomain="other.example", ruf="mailto:o@other.example")
    site.run()
    tap.equal(sorted((to, r.fields["Source-IP"], r.fields["Incidents"])
                     for to, r in site.mails()),
              [("o@other.example", "192.0.2.66", "1"), ("ruf@sender.example", "192.0.2.66", "25"),
               ("ruf@sender.example", "IPv6:2001:db8::1", "3")], "reports")


@case("who is in NoReportsList gets none")
def _(site):
    path = site.p.write("noreports", "# these never\nquiet.example\nNo@sender.example # him\n")
    with open(site.conf, "a", encoding="utf-8") as f:
        f.write(f"NoReportsList {path}\n")
    site.add(ruf="mailto:no@sender.example,mailto:yes@sender.example")
    site.add(from_="quiet.example", pdomain="quiet.example", ruf="mailto:a@quiet.example")
    done = site.run("--verbose")
    tap.equal(site.recipients(), ["yes@sender.example"], "recipients")
    tap.contains(done.stdout, "no report to a@quiet.example: it is in NoReportsList", "reason")
    site.p.write("noreports", "quiet.example\nnot a domain!\n")
    done = site.run(status=78)
    tap.contains(done.stderr, "noreports: line 2: neither a mail address nor a domain", "error")


@case("hostile text stays text", conf="FailureReportsRedact no")
def _(site):
    site.add(header=b"Subject: a\r\n\tb\nX-Nul: a\0b\nX-Eight: \xc3\xa4\xff\nX-Bare: a\rBcc: x\n"
             b"\n--boundary\nno field\nX-Long: " + b"y" * 20000 + b"\nFrom: =?utf-8?q?x?= <a@b>\n",
             mfrom='"a b\r"@x\x00\xff\u00e4', job="(unknown-jobid)", helo="\x1b[2J",
             spf_domain="x y", dkim=["fail \x01 \xff \x7f"])
    site.run()
    (_, report), = site.mails()
    tap.equal(report.header["X-Long"], "y" * 20000, "long line")
    tap.contains(report.octets, b"\xc3\xa4\xff", "8-bit octets")
    tap.equal([k for k, _ in report.header.items()],
              ["Subject", "X-Nul", "X-Eight", "X-Bare", "X-Long", "From"], "fields")
    tap.equal(report.fields["Original-Envelope-Id"], "(unknown-jobid)", "job")
    tap.true("Bcc" not in report.mail, "no field breaks out")


COMMAND = """import os, sys
names = "opendmarc-mail-%d" % os.getpid()
with open(os.path.join(sys.argv[1], names), "wb") as f:
    f.write("\\n".join(sys.argv[2:]).encode() + b"\\n===\\n" + sys.stdin.buffer.read())
"""


def use_command(site, text, command):
    path = site.p.write("command.py", text)
    os.makedirs(site.p.path("out dir"), exist_ok=True)
    with open(site.conf, "a", encoding="utf-8") as f:
        f.write(f"ReportCommand {command.format(py=sys.executable, path=path, out=site.p.path('out dir'))}\n")


@case("ReportCommand is an argument vector and no shell")
def _(site):
    use_command(site, COMMAND, "{py} {path} \"{out}\" ; $(id) `id` | '> x' a\\ b")
    site.add(ruf="mailto:$(id)@sender.example,mailto:%60x%60@sender.example")
    done = site.run("--verbose", smtp=False)
    out = site.p.path("out dir")
    mails = {}
    for name in os.listdir(out):
        with open(os.path.join(out, name), "rb") as f:
            argv, _, mail = f.read().partition(b"\n===\n")
        tap.equal(argv.decode().split("\n"), [";", "$(id)", "`id`", "|", "> x", "a b"], "words")
        tap.true(b"\r" not in mail, "line ends")
        mails[email.message_from_bytes(mail)["To"]] = mail
    tap.equal(set(mails), {"`x`@sender.example"}, f"recipients\n{done.stdout}")
    tap.equal(site.files(), [], "spool")


@case("a command that hangs is killed with all that it started, and the mail waits")
def _(site):
    pids = site.p.path("pids")
    use_command(site, f"""import os, subprocess, time
child = subprocess.Popen(["sleep", "3600"], stderr=subprocess.DEVNULL)
with open({pids!r}, "a") as f:
    f.write(f"{{os.getpid()}} {{child.pid}} ")
time.sleep(3600)
""", "{py} {path}")
    for domain in ("sender.example", "other.example", "quiet.example", "hostile.example"):
        site.add(from_=domain, pdomain=domain, ruf=f"mailto:r@{domain}")
    done = site.run("--timeout", "1", status=75, smtp=False)
    tap.contains(done.stderr, "did not end within 1 seconds and was killed", "reason")
    tap.equal(len(done.stderr.splitlines()), 1, "one line")
    tap.equal([f.endswith(".mail") for f in site.files()], [True] * 4, "the mail waits")
    started = [int(n) for n in procs.read(pids).split()]
    tap.true(2 <= len(started) <= 6, f"three tries at most: {started}")
    for pid in started:
        procs.wait_for(lambda: not procs.alive(pid), f"the end of {pid}")
    site.run()
    tap.equal(len(site.recipients()), 4, "mails of the next run")


@case("a command that fails is tried again later, with the same octets")
def _(site):
    use_command(site, "import sys; sys.exit(75)", "{py} {path}")
    site.add()
    done = site.run(status=75, smtp=False)
    tap.contains(done.stderr, "exited with status 75", "reason")
    name, = site.files()
    path = os.path.join(site.spool, name)
    with open(path, "rb") as f:
        before = f.read()
    tap.contains(before, b"\ntries 1\n", "tries")
    tap.equal(site.run(status=75).stderr, "", "not due yet, and quiet")
    tap.equal(len(site.sink.messages), 0, "mails")
    head, _, mail = before.partition(b"\noctets ")
    with open(path, "wb") as f:
        f.write(b"\n".join(b"next 0" if line.startswith(b"next ") else line
                           for line in head.split(b"\n")) + b"\noctets " + mail)
    site.run()
    tap.equal(site.sink.messages[0].octets, mail.partition(b"\n")[2], "octets")


@case("a command that is not there")
def _(site):
    use_command(site, "", "/nonexistent/sendmail -t")
    site.add()
    done = site.run(status=75, smtp=False)
    tap.contains(done.stderr, "/nonexistent/sendmail cannot be started: No such file", "error")
    tap.equal(len(site.files()), 1, "the mail waits")


@case("a refusal for good ends it, one for now does not")
def _(site):
    site.add()
    site.add(from_="other.example", pdomain="other.example", ruf="mailto:o@other.example")
    site.sink.fail("rcpt", "550 5.1.1 no such user", match="ruf@sender.example")
    site.sink.fail("rcpt", "450 4.2.0 busy", match="o@other.example")
    done = site.run(status=75)
    tap.contains(done.stderr, "for sender.example to ruf@sender.example is given up (550 5.1.1",
                 "given up")
    tap.contains(done.stderr, "failed to send failure report for other.example", "again later")
    tap.equal(len(site.files()), 1, "spool")


@case("no server: nothing is lost")
def _(site):
    site.add()
    port = procs.free_port()
    done = site.run("--smtp-port", str(port), status=75)
    tap.contains(done.stderr, "cannot be sent", "error")
    site.run()
    tap.equal(site.recipients(), ["ruf@sender.example"], "recipients")


@case("what a run that was cut off left is finished, and nothing is sent twice")
def _(site):
    first, second = site.add(), site.add()
    stem = first.partition(".")[0]
    for name in (first, second):
        os.rename(os.path.join(site.spool, name),
                  os.path.join(site.spool, f"{stem}.{name.partition('.')[0]}.take"))
    site.add()
    site.run()
    tap.equal(sorted(r.fields["Incidents"] for _, r in site.mails()), ["1", "2"], "incidents")

    # The mail was written, one entry was removed, then came the end.
    site.sink.messages.clear()
    name = site.add(from_="other.example", pdomain="other.example", ruf="mailto:o@other.example")
    stem = name.partition(".")[0]
    site.sink.fail("mail", "451 4.3.0 not now", count=1)
    site.run(status=75)
    mail, = site.files()
    path = os.path.join(site.spool, mail)
    octets = open(path, "rb").read().replace(b"\nnext ", b"\nnext 0", 1)
    with open(path, "wb") as f:
        f.write(octets[:octets.index(b"next 0")] + b"next 0\n" +
                octets[octets.index(b"octets "):])
    again = site.add(from_="other.example", pdomain="other.example", ruf="mailto:o@other.example",
                     job="another")
    os.rename(os.path.join(site.spool, again), os.path.join(site.spool, f"{stem}.{stem}.take"))
    site.run()
    tap.equal(site.recipients(), ["o@other.example"], "one mail")
    tap.contains(octets, site.sink.messages[0].octets, "the mail that was written")
    tap.equal(site.files(), [], "spool")


@case("one run at a time")
def _(site):
    site.add()
    with open(os.path.join(site.spool, ".lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = site.run("--verbose")
        tap.contains(done.stdout, "another run is at work", "reason")
        tap.equal(len(site.files()), 1, "spool")
    site.run()
    tap.equal(len(site.sink.messages), 1, "mails")


@case("what is too old is dropped, what is broken put aside")
def _(site):
    site.add(age=5 * 86400)
    site.add(from_="other.example", pdomain="other.example", age=5 * 86400)
    name = site.add(from_="a b")
    site.p.write("failures/0000000001-x.fail", "x")
    site.p.write(f"failures/{int(time.time()):010}-x.fail", "failure 1\nheader 9999\n")
    done = site.run(status=1)
    tap.contains(done.stderr, "3 entries are too old", "old ones")
    tap.contains(done.stderr, f"{name}: no entry of a failure: it names no domain", "bad one")
    tap.contains(done.stderr, "its header has another length than it says", "other one")
    tap.equal([f.endswith(".fail.bad") for f in site.files()], [True, True], "spool")
    tap.equal(site.run().stderr, "", "said once")
    tap.equal(site.sink.messages, [], "mails")


@case("--test sends and changes nothing", conf="FailureReportsBcc own@receiver.example")
def _(site):
    site.add()
    site.add()
    before = sorted(os.listdir(site.spool))
    done = site.run("--test")
    tap.contains(done.stdout, "sender.example: would send to ruf@sender.example: 2 incidents",
                 "plan")
    tap.contains(done.stdout, "would send to own@receiver.example", "copy")
    tap.contains(site.run("-n", "--verbose").stdout, "Feedback-Type: auth-failure", "the mail")
    tap.equal(sorted(os.listdir(site.spool)), before, "spool")
    tap.equal(site.sink.messages, [], "mails")


BAD = [
    (["--wrong"], "", 1, "unknown option: --wrong"),
    (["--timeout", "0"], "", 1, "too small"),
    (["--spool", "/nonexistent"], "", 78, "/nonexistent is no folder"),
    (["--conf", "/nonexistent"], "", 78, "/nonexistent"),
    ([], "FailureReportsSentBy nobody", 78, "line 5: FailureReportsSentBy: it is no mail address"),
    ([], "ReportCommand \"/x", 78, "line 5: ReportCommand: a quote is not closed"),
    ([], "NoReportsList /nonexistent", 78, "NoReportsList: /nonexistent: No such file"),
]


def bad(more, conf, status, text):
    with procs.Procs() as p, Site(p, conf=conf) as site:
        site.add()
        tap.contains(site.run(*more, status=status, smtp=False).stderr, text, "error")
        tap.equal(len(site.files()), 1, "spool")


for row in BAD:
    CASES.add(f"refused: {' '.join(row[0]) or row[1]}", bad, *row)


@case("a timer is quiet where failure reports are off")
def _(site):
    conf = site.p.write("off.conf", "FailureReportsSpool /nonexistent/failures\n")
    done = site.p.run([procs.built("reports/opendmarc-failures"), "--conf", conf])
    tap.equal(done.stdout + done.stderr, "", "output")


@case("--help is what the golden file says, --version names the version")
def _(site):
    done = site.p.run([procs.built("reports/opendmarc-failures"), "--help"])
    path = procs.source("tests/golden/opendmarc-failures.help")
    if os.environ.get("UPDATE_GOLDEN"):
        with open(path, "w", encoding="utf-8") as f:
            f.write(done.stderr)
    tap.equal(done.stderr, procs.read(path), "help")
    done = site.p.run([procs.built("reports/opendmarc-failures"), "--version"])
    tap.true(done.stdout.startswith("opendmarc-failures v"), done.stdout)


if __name__ == "__main__":
    sys.exit(CASES.run())
