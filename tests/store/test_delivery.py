"""test_delivery - opendmarc-reports and the ways out: STARTTLS, TLS from the first octet,
AUTH, a sendmail program, https; senders for each recipient, lists, limits, kept files.
"""
import gzip
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import aggreport
import procs
import smtpsink
import tap
import terminal
import tlskeys
import webserver
from test_reports import DAY, SENDER, Site, day_ago

CASES = tap.Suite()
PASSWORD = "pass word:ü"


def case(name, zone=""):
    """A case with a site."""
    def add(function):
        def run():
            with procs.Procs() as p, Site(p, zone) as site:
                function(site)
        CASES.add(name, run)
        return function
    return add


def serve(site, **keywords):
    """Puts a mail server with these features in the place of the site's."""
    site.sink.close()
    site.sink = smtpsink.SmtpSink(**keywords)


def secrets(site, text=PASSWORD + "\n", mode=0o600):
    return site.p.write("password", text, mode)


# name, sink, options, status, (tls, user) of the mail or text of stderr
ENTRIES = [
    ("try: STARTTLS where offered, whoever signed", {"tls": True}, [], 0, (True, None)),
    ("try: plain where not offered", {}, [], 0, (False, None)),
    ("off", {"tls": True}, ["--smtp-starttls", "off"], 0, (False, None)),
    ("require", {"tls": True}, ["--smtp-starttls=require", "CA"], 0, (True, None)),
    ("require, not offered", {}, ["--smtp-starttls=require", "CA"], 75, "STARTTLS"),
    ("require, signed by a stranger", {"tls": True}, ["--smtp-starttls=require"], 75,
     "certificate"),
    ("TLS from the first octet", {"tls": True, "implicit": True}, ["--smtp-ssl", "CA"], 0,
     (True, None)),
    ("TLS from the first octet, signed by a stranger", {"tls": True, "implicit": True},
     ["--smtp-ssl"], 75, "certificate"),
    ("AUTH under STARTTLS", {"tls": True, "users": {"u": PASSWORD}}, ["USER", "FILE", "CA"], 0,
     (True, "u")),
    ("AUTH with the password as an option", {"tls": True, "users": {"u": PASSWORD}},
     ["USER", "--smtp-password", PASSWORD, "CA"], 0, (True, "u")),
    ("AUTH under TLS from the first octet",
     {"tls": True, "implicit": True, "users": {"u": PASSWORD}},
     ["USER", "FILE", "--smtp-ssl", "CA"], 0, (True, "u")),
    ("AUTH with a wrong password", {"tls": True, "users": {"u": "other"}}, ["USER", "FILE", "CA"],
     75, "535 5.7.8"),
    ("no password without TLS", {"users": {"u": PASSWORD}, "plain_auth": True}, ["USER", "FILE"],
     75, "STARTTLS"),
    ("AUTH without TLS when asked for", {"users": {"u": PASSWORD}, "plain_auth": True},
     ["USER", "FILE", "--smtp-starttls=off"], 0, (False, "u")),
]


def entry(features, options, status, want):
    with procs.Procs() as p, Site(p) as site:
        authority = tlskeys.Authority(p)
        if features.get("tls"):
            features = dict(features, tls=authority.server())
        serve(site, **features)
        words = {"CA": ["--smtp-ssl-ca-file", authority.path], "USER": ["--smtp-username", "u"]}
        if "FILE" in options:
            words["FILE"] = ["--smtp-password-file", secrets(site)]
        more = [w for o in options for w in words.get(o, [o])]
        for domain in ("sender.example", "other.example"):
            site.add(from_=domain, pdomain=domain, rua=[f"mailto:r@{domain}"])
        site.load()
        done = site.report(*more, status=status)
        if status == 0:
            tap.equal([(m.tls, m.user) for m in site.sink.messages], [want] * 2, "mails")
            greetings = [c for c in site.sink.commands if c.startswith("EHLO")]
            tap.equal(len(greetings), 2 if want[0] and not features.get("implicit") else 1,
                      f"one connection: {site.sink.commands}")
        else:
            tap.contains(done.stderr, want, "stderr")
            tap.equal(site.sink.messages, [], "mails")
            tap.equal([c for c in site.sink.commands if "AUTH" in c] if "users" in features
                      and "tls" not in features else [], [], "a password in clear")
            tap.equal(site.rows("SELECT tries FROM deliveries"), [(0,), (0,)],
                      "nothing is held against a destination")
        tap.true(PASSWORD not in done.stdout + done.stderr, "the password is not told")


for row in ENTRIES:
    CASES.add("mail server: " + row[0], entry, *row[1:])


# stage, reply, what must stand in the command: what no later try would change
REFUSALS = [
    ("mail", "552 5.3.4 too big", ""), ("rcpt", "550 5.1.1 no such user", "r@b.example"),
    ("rcpt", "551 moved", "r@b.example"), ("data", "554 5.5.0 no", "r@b.example"),
    ("dot", "552 5.2.2 mailbox full", "To: r@b.example"), ("dot", "554 no", "To: r@b.example"),
]


def refusal(stage, reply, match):
    with procs.Procs() as p, Site(p) as site:
        for domain in ("b.example", "other.example"):
            site.add(2, from_=domain, pdomain=domain, rua=[f"mailto:r@{domain}"])
        site.load()
        site.sink.fail(stage, reply, match=match, count=1)
        done = site.report("--verbose", status=75)
        tap.contains(done.stderr, "failed to send report for b.example to r@b.example "
                     f"({reply}); it is given up", "stderr")
        tap.contains(done.stdout, "1 mails sent, 0 failed, 1 given up", "stdout")
        tap.equal(site.rows("SELECT destination, state, tries, reason FROM deliveries ORDER BY 1"),
                  [("r@b.example", 3, 1, reply), ("r@other.example", 1, 1, None)], "ledger")
        lines = site.run("--audit", site.date).stdout.splitlines()
        tap.contains("\n".join(lines), "  2 given up: no destination took the report", "audit")
        tap.contains("\n".join(lines), f"  b.example to r@b.example: {reply}", "audit")
        # No later run tries it, and the next report of the domain is another one.
        site.make_due()
        site.report()
        site.add(3, from_="b.example", pdomain="b.example", rua=["mailto:r@b.example"])
        site.load()
        site.report()
        tap.equal({to: [r.messages for r in rs] for to, rs in site.mails().items()},
                  {"r@other.example": [2], "r@b.example": [3]}, "mails")


for row in REFUSALS:
    CASES.add(f"refused for good at {row[0]}: {row[1]}", refusal, *row)


@case("what is refused before a mail is begun is held against nobody")
def _(site):
    for domain in ("sender.example", "other.example"):
        site.add(from_=domain, pdomain=domain, rua=[f"mailto:r@{domain}"])
    site.load()
    for stage, reply in (("connect", "554 5.3.2 no service"), ("connect", "421 4.3.2 not now"),
                         ("helo", "550 5.7.1 who are you"), ("connect", "drop")):
        site.sink.fail(stage, reply)
        done = site.report(status=75)
        if reply != "drop":
            tap.contains(done.stderr, reply, "stderr")
        tap.equal(site.rows("SELECT DISTINCT state, tries FROM deliveries"), [(0, 0)],
                  f"ledger: {reply}")
        site.sink.recover()
    site.report()
    tap.equal(len(site.mails()), 2, "mails")


PROGRAM = """#!/bin/sh
# Takes mail as sendmail does; the local part of the recipient says what happens.
printf '%s\\n' "$@" >>"$SPOOL/arguments"
case $5 in
fail*) echo "  no such user" >&2; exit 67 ;;
quiet*) exit 75 ;;
early*) exit 0 ;;
kill*) kill -9 $$ ;;
esac
cat >"$SPOOL/$5"
"""


@case("a sendmail program gets each mail with LF line ends")
def _(site):
    program = site.p.write("sendmail", PROGRAM, 0o755)
    spool = {"SPOOL": site.p.tmp}
    for name in ("good", "fail", "quiet", "kill", "early"):
        site.add(from_="sender.example", pdomain=f"{name}.sender.example",
                 rua=[f"mailto:{name}@sender.example"])
    site.load()
    done = site.report("--sendmail", program, status=75, env=spool)
    for name, reason in (("fail", "(no such user)"), ("quiet", "exited with status 75"),
                         ("kill", "killed by signal 9")):
        tap.contains(done.stderr, f"for {name}.sender.example to {name}@sender.example", "stderr")
        tap.contains(done.stderr, reason, "stderr")
    tap.equal(procs.read(site.p.path("arguments")).split("\n")[:6],
              ["-i", "-f", SENDER, "--", "early@sender.example", "-i"], "arguments")
    with open(site.p.path("good@sender.example"), "rb") as f:
        octets = f.read()
    tap.true(b"\r" not in octets, "line ends")
    tap.equal(aggreport.read_mail(octets.replace(b"\n", b"\r\n")).messages, 1, "messages")
    tap.equal(site.rows("SELECT destination, tries FROM deliveries WHERE state = 2 ORDER BY 1"),
              [(f"{n}@sender.example", 1) for n in ("fail", "kill", "quiet")], "failed")
    tap.equal(site.sink.commands, [], "mail server")


@case("a sendmail program that is not there holds nothing against anybody")
def _(site):
    site.add()
    site.load()
    done = site.report("--sendmail", site.p.path("absent"), status=75)
    tap.contains(done.stderr, "No such file", "stderr")
    tap.equal(site.rows("SELECT tries FROM deliveries"), [(0,)], "tries")
    tap.contains(site.report("--sendmail", "sendmail -t", status=1).stderr, "begins with /",
                 "stderr")
    site.report()
    tap.equal(site.one().messages, 1, "messages")


@case("an https destination gets the packed report, when that is asked for",
      "sender.example._report._dmarc.localhost TXT v=DMARC1")
def _(site):
    authority = tlskeys.Authority(site.p)
    trust = ("--smtp-ssl-ca-file", authority.path)
    with webserver.WebServer(authority.server()) as web:
        url = web.url("/dmarc", "localhost")
        site.add(4, rua=[url + "!5m", "mailto:r@sender.example"])
        site.load()
        done = site.report("--test", "--https")
        tap.contains(done.stdout, f"would post to {url}: receiver.example!", "plan")
        done = site.report("--noupdate", "--verbose")
        tap.contains(done.stdout, "unsupported scheme", "without --https")
        done = site.report("--https", *trust, status=75)
        tap.contains(done.stderr, "private network", "stderr")
        tap.equal(web.requests, [], "posts")
        site.make_due()
        web.answer = lambda path: (302, {"Location": "/elsewhere"}, b"")
        tap.contains(site.report("--https", "--https-private", *trust, status=75).stderr,
                     "HTTP status 302", "stderr")
        site.make_due()
        web.answer = lambda path: (200, {}, b"x" * 1000000)
        tap.contains(site.report("--https", "--https-private", status=75).stderr, "certificate",
                     "stderr")
        site.make_due()
        site.report("--https", "--https-private", *trust)
        tap.equal([(r.method, r.path) for r in web.requests], [("POST", "/dmarc")] * 2, "posts")
        tap.equal(web.requests[-1].headers["Content-Type"], "application/gzip", "type")
        tap.equal(aggreport.read_xml(web.requests[-1].body).messages, 4, "messages")
        tap.equal(site.rows("SELECT state FROM deliveries"), [(1,), (1,)], "deliveries")
    tap.equal([m.rcpts for m in site.sink.messages], [["r@sender.example"]] * 2, "mails")


STRICT = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:element name="feedback" type="xs:integer"/>
</xs:schema>"""


@case("a report that the schema refuses is kept, told and not sent; the others leave")
def _(site):
    with open(procs.source("reports/rfc9990.xsd"), encoding="utf-8") as f:
        text = f.read()
    changed = text.replace('name="envelope_from" type="xs:string"',
                           'name="envelope_from" type="Scope"')
    tap.true(changed != text, "the schema is changed")
    site.p.write("schema/rfc9990.xsd", changed.replace(
        '<xs:enumeration value="mfrom"/>',
        '<xs:enumeration value="mfrom"/><xs:enumeration value="other.example"/>'))
    for domain in ("sender.example", "other.example"):
        site.add(3, from_=domain, pdomain=domain, mfrom=domain, rua=[f"mailto:r@{domain}"])
    site.load()
    done = site.report("--schema-dir", site.p.path("schema"), status=1)
    tap.contains(done.stderr, f"sender.example {site.date}: the report is not valid", "stderr")
    tap.contains(done.stderr, "defect of opendmarc-reports", "stderr")
    tap.contains(done.stderr, "envelope_from", "the fault")
    tap.equal(set(site.mails()), {"r@other.example"}, "recipients")
    kept = [n for n in os.listdir(site.p.tmp) if n.endswith(".invalid.xml.gz")]
    tap.equal(len(kept), 1, "kept")
    tap.contains(done.stderr, kept[0], "stderr")
    with open(site.p.path(kept[0]), "rb") as f:
        tap.equal(aggreport.read_xml(f.read()).messages, 3, "the kept report")
    site.report()
    tap.equal(set(site.mails()), {"r@other.example", "r@sender.example"}, "recipients at last")


@case("without a schema nothing is sent")
def _(site):
    site.add()
    site.load()
    for text in (None, "", "<a/>", STRICT[:-10]):
        if text is not None:
            site.p.write("schema/rfc9990.xsd", text)
        done = site.report("--schema-dir", site.p.path("schema"), status=78)
        tap.contains(done.stderr, "schema/rfc9990.xsd", "stderr")
    tap.contains(site.report("--format", "rfc822", status=1).stderr, "rfc7489", "stderr")
    tap.equal(site.sink.commands, [], "mail server")


@case("--keepfiles and --test keep the XML in --workdir")
def _(site):
    site.add(2)
    site.load()
    name = f"receiver.example!sender.example!{site.midnight}!{site.midnight + DAY - 1}.xml"
    for option in ("--test", "--keepfiles"):
        folder = site.p.path("kept" + option)
        os.mkdir(folder)
        done = site.report(option, "--workdir", folder)
        tap.contains(done.stderr, f'keeping report file "{name}"', "stderr")
        tap.equal(os.listdir(folder), [name], "files")
        with open(os.path.join(folder, name), "rb") as f:
            tap.equal(aggreport.Report(f.read()).messages, 2, "messages")
    report = site.one()
    tap.equal(report.file_name, name + ".gz", "no folder in the name of the attachment")


@case("--noupdate sends and notes nothing")
def _(site):
    site.add(rua=["mailto:a@sender.example", "mailto:b@sender.example"])
    site.load()
    for _ in range(2):
        site.report("--noupdate")
    site.sink.fail("rcpt", "550 5.1.1 no such user", match="a@")
    tap.contains(site.report("--noupdate", status=75).stderr, "550 5.1.1", "stderr")
    tap.equal(sorted(m.rcpts[0] for m in site.sink.messages),
              ["a@sender.example"] * 2 + ["b@sender.example"] * 3, "mails")
    tap.equal(site.rows("SELECT COUNT(*) FROM reports"), [(0,)], "ledger")


@case("--report-bcc gets a mail of its own, and nobody sees it")
def _(site):
    for domain in ("sender.example", "other.example"):
        site.add(from_=domain, pdomain=domain, rua=[f"mailto:r@{domain}"])
    site.add(from_="third.example", pdomain="third.example", rua=["mailto:x@refused.example"])
    site.load()
    site.report("--report-bcc", "archive@receiver.example")
    mails = site.mails()
    tap.equal({to: len(rs) for to, rs in mails.items()},
              {"r@sender.example": 1, "r@other.example": 1, "archive@receiver.example": 2}, "mails")
    tap.true(not any(b"archive@" in m.octets for m in site.sink.messages
                     if m.rcpts != ["archive@receiver.example"]), "hidden")
    tap.contains(site.report("--report-bcc", "nobody", status=1).stderr, "--report-bcc", "stderr")


@case("lists of domains and addresses that get nothing",
      "sender.example._report._dmarc.a.example TXT v=DMARC1")
def _(site):
    site.add(rua=["mailto:A@sender.example", "mailto:b@sender.example", "mailto:c@a.example"])
    site.add(from_="other.example", pdomain="other.example", rua=["mailto:r@other.example"])
    site.load()
    skip = site.p.write("skip", "# these\n  OTHER.example   # why\n\n")
    none = site.p.write("none", "a@SENDER.example\r\na.example\n")
    for option in ("--no-reports-list", "--NoReportsList"):
        done = site.report("--test", "--skipdomains=" + skip, option, none)
        tap.equal(re.findall(r"would send to (\S+):", done.stdout), ["b@sender.example"], option)
        tap.equal(done.stdout.count("list of those who get no reports"), 2, "reasons")
    site.report("--skipdomains", skip, "--no-reports-list", none)
    tap.equal(set(site.mails()), {"b@sender.example"}, "recipients")
    for option in ("--skipdomains", "--no-reports-list"):
        tap.contains(site.report(option, "/nonexistent/list", status=1).stderr,
                     "/nonexistent/list", option)


@case("--verp gives each recipient a sender of its own")
def _(site):
    site.add(rua=["mailto:a@sender.example", "mailto:" + "b" * 50 + "@sender.example"])
    site.load()
    key = site.p.path("verp.key")
    site.report("--verp", "--verp-key-file", key)
    senders = [m.sender for m in site.sink.messages]
    tap.true(re.fullmatch(r"dmarc-noreply\+a=sender\.example-[0-9a-f]{20}@receiver\.example",
                          senders[0]), senders[0])
    tap.true(re.fullmatch(r"dmarc-noreply\+[0-9a-f]{20}@receiver\.example", senders[1]),
             senders[1])
    tap.equal({str(aggreport.read_mail(m.octets).mail["From"].addresses[0].addr_spec)
               for m in site.sink.messages}, {SENDER}, "From")
    tap.equal(os.stat(key).st_mode & 0o777, 0o600, "mode of the key")
    first = procs.read(key)
    site.report("--noupdate", "--verp", "--verp-key-file", key)
    tap.equal((procs.read(key), [m.sender for m in site.sink.messages[2:]]), (first, senders),
              "the key and the senders stay")
    bad = site.p.write("bad.key", "short\n")
    tap.contains(site.report("--verp", "--verp-key-file", bad, status=1).stderr, "bad.key",
                 "stderr")


@case("limits leave the rest for later runs")
def _(site):
    for n in range(6):
        site.add(from_="sender.example", pdomain=f"d{n}.sender.example",
                 rua=[f"mailto:r{n}@sender.example"])
    site.add(from_="other.example", pdomain="other.example", rua=["mailto:r@other.example"])
    site.load()
    done = site.report("--max-per-domain", "2", "--verbose", status=75)
    tap.contains(done.stdout, "got --max-per-domain", "reason")
    tap.contains(done.stderr, "wait for the next run", "stderr")
    tap.equal(sorted(m.rcpts[0].partition("@")[2] for m in site.sink.messages),
              ["other.example", "sender.example", "sender.example"], "mails")
    tap.equal(site.rows("SELECT SUM(tries) FROM deliveries WHERE state = 0"), [(0,)], "tries")
    done = site.report("--max-mails", "1", status=75)
    tap.equal(len(site.sink.messages), 4, "mails")
    site.report()
    tap.equal(len({m.rcpts[0] for m in site.sink.messages}), len(site.sink.messages), "each once")
    tap.equal(site.rows("SELECT COUNT(*) FROM deliveries WHERE state <> 1"), [(0,)], "all sent")


@case("--require-pass withholds reports about domains of which nothing passed")
def _(site):
    site.add()
    site.add(5, from_="other.example", pdomain="other.example", rua=["mailto:r@other.example"],
             policy=16, align_spf=5, spf=7, action=0)
    site.load()
    done = site.report("--require-pass", "--verbose", "--verbose")
    tap.contains(done.stdout, "none of its messages passed", "reason")
    tap.equal(set(site.mails()), {"dmarc@sender.example"}, "recipients")
    site.report()
    tap.equal(set(site.mails()), {"dmarc@sender.example", "r@other.example"}, "recipients later")


@case("--interval counts windows from UTC midnight, each told once")
def _(site):
    for hour in (0, 5, 6, 23):
        site.add(received=site.midnight + hour * 3600 + 1800, count=hour + 1)
    site.load()
    done = site.run("--test", "--interval", "21600", "--delay", "0")
    tap.contains(done.stdout, "reports made", "a look")
    for _ in range(2):
        site.run("--interval=21600", "--delay", "0")
    if day_ago(1)[0] != site.midnight:
        raise tap.Skip("midnight passed during the case")
    reports = site.mails()["dmarc@sender.example"]
    tap.equal(sorted(((r.begin - site.midnight) // 3600, (r.end + 1 - site.midnight) // 3600,
                      r.messages) for r in reports), [(0, 6, 7), (6, 12, 7), (18, 24, 24)],
              "windows")
    tap.equal(len({r.id for r in reports}), 3, "ids")
    tap.contains(site.run("--day", "--interval", "3600").stderr, "--day overrides --interval",
                 "warning")
    tap.contains(site.run("--date", site.date, "--interval", "3600", status=1).stderr,
                 "leave one out", "stderr")


@case("an --interval of any length works")
def _(site):
    site.add(3)
    site.load()
    for given, taken in (("1", "600"), ("599", "600"), ("600", ""), ("2678400", ""),
                         ("2678401", "2678400"), ("31536000", "2678400")):
        done = site.run("--test", "--interval", given)
        tap.equal(done.stderr.count("WARN") + done.stderr.count("--interval is"), 1 if taken else 0,
                  f"warnings of {given}")
        tap.contains(done.stderr, f"--interval is {taken} and not {given}: windows have" if taken
                     else "", "warning")
        tap.contains(done.stdout, "reports made", f"--interval {given}")


@case("names in the file of --config may be shortened and negated, as on the command line")
def _(site):
    site.add(2)
    site.load()
    for text in ("noup = yes\nkeep = no\n", "update = no\n",
                 "no-update = 1\nno-keepfiles = TRUE\n", "noupdate = 1\nnoupdate = 0\nupd = 0\n",
                 "Keep = yes\nNoKeepFiles = yes\nnoUpdate = 1\n"):
        site.sink.messages.clear()
        path = site.p.write("reports.conf", text)
        site.report("--config", path)
        tap.equal(site.one().messages, 2, "messages")
        tap.equal(site.rows("SELECT COUNT(*) FROM reports"), [(0,)], f"ledger with {text}")
        tap.equal([n for n in os.listdir(site.p.tmp) if n.endswith(".xml")], [], f"kept with {text}")
    for line in ("ver = yes", "smtp = x", "no-domain = 1", "nono-update = 1", "= x = y"):
        path = site.p.write("reports.conf", line + "\n")
        done = site.report("--config", path, status=0 if line.startswith("=") else 78)
        tap.contains(done.stderr, "" if line.startswith("=") else "line 1", line)


@case("the file of --config comes before the command line")
def _(site):
    site.add(2)
    site.load()
    text = ("# options\nreport-org = From the file # not this\nNODOMAIN = third.example\n"
            "utc = yes\nsmtp-port = 1\nverbose=0\nreport-contact =\nday = no\n")
    path = site.p.write("reports.conf", text)
    argv = [procs.built("reports/opendmarc-reports"), "--db", site.db, "--conf", site.conf,
            "--config", path, "--report-email", SENDER, "--date", site.date,
            "--smtp-port", str(site.sink.port), "--noupdate",
            "--nameservers", f"{site.dns.host}@{site.dns.port}"]
    for more, want in (([], "From the file"), (["--report-org", "Receiver"], "Receiver")):
        site.sink.messages.clear()
        site.p.run(argv + more)
        tap.equal(site.one().get("report_metadata/org_name"), want, f"organization {more}")
    for line, reason in (("no-such = 1", "line 2"), ("day = perhaps", "neither yes nor no"),
                         ("interval = x", "interval")):
        bad = site.p.write("bad.conf", "utc = 1\n" + line + "\n")
        done = site.report("--config", bad, status=1 if "interval" in line else 78)
        tap.contains(done.stderr, reason, line)
    tap.contains(site.report("--config", "/nonexistent/file", status=78).stderr,
                 "/nonexistent/file", "missing file")


@case("the environment names the mail server")
def _(site):
    site.add()
    site.load()
    argv = [procs.built("reports/opendmarc-reports"), "--db", site.db, "--conf", site.conf,
            "--report-email", SENDER, "--date", site.date,
            "--nameservers", f"{site.dns.host}@{site.dns.port}"]
    site.p.run(argv, env={"OPENDMARC_SMTPSERVER": site.sink.host,
                          "OPENDMARC_SMTPPORT": str(site.sink.port)})
    tap.equal(site.one().messages, 1, "messages")
    done = site.p.run(argv, env={"OPENDMARC_SMTPPORT": "smtp"}, check=False)
    tap.equal(done.returncode, 1, "status")
    tap.contains(done.stderr, "OPENDMARC_SMTPPORT", "stderr")


def bounce(site, mail, *more, status=0):
    return site.p.run([procs.built("reports/opendmarc-reports"), "--bounce", "--db", site.db,
                       "--conf", site.conf, "--report-email", SENDER, *more], check=False, input=mail).stdout


@case("--bounce reads what came back")
def _(site):
    site.add()
    site.load()
    key = ("--verp-key-file", site.p.path("verp.key"))
    tap.equal(bounce(site, "", *key), "", "without a key")
    site.report("--verp", *key)
    with open(procs.source("tests/fuzz/bounce.in/not-to-us"), encoding="utf-8") as f:
        mail = f.read()
    sender = site.sink.messages[0].sender
    tap.equal(bounce(site, mail, *key), "", "for somebody else")
    tap.contains(bounce(site, mail, "--verbose", *key), "did not come to an address", "why")
    for text, more in ((mail, ("--bounce-to", sender)),
                       (mail.replace("postmaster@receiver.example", sender), ())):
        tap.equal(bounce(site, text, *key, *more).partition(" (")[0],
                  "dmarc@sender.example failed 5.1.1", "told")
    tap.equal(bounce(site, "x" * 3000000, *key), "", "a mail that is too long")


@case("--check-identity judges our own mail", """
_dmarc.receiver.example TXT v=DMARC1; p=reject
receiver.example TXT v=spf1 ip4:192.0.2.7 ip6:2001:db8::/32 -all
plain.example TXT v=spf1 ip4:192.0.2.7 -all
_dmarc.broken.example FAULT SERVFAIL
broken.example TXT v=spf1 ip4:192.0.2.7 -all
""")
def _(site):
    for ips, email, status, want in (
            (["192.0.2.7", "2001:db8::7"], SENDER, 0, ["192.0.2.7: spf=pass aligned, dmarc=pass",
                                                       "2001:db8::7: spf=pass aligned"]),
            (["192.0.2.7", "192.0.2.8"], SENDER, 1, ["192.0.2.7: spf=pass aligned, dmarc=pass\n",
                                                     "192.0.2.8: spf=fail, dmarc=fail: SPF"]),
            (["192.0.2.7"], "a@plain.example", 1, ["dmarc=none: there is no DMARC record"]),
            (["192.0.2.7"], "a@broken.example", 75, ["dmarc=temperror"])):
        more = [w for ip in ips for w in ("--outgoing-ip", ip)]
        done = site.run("--check-identity", *more, "--report-email", email, status=status)
        for text in want:
            tap.contains(done.stdout, text, f"{ips} {email}")
    done = site.run("--check-identity", "--outgoing-ip", "x", status=1)
    tap.contains(done.stderr, "no IP address", "stderr")
    tap.true(not os.path.exists(site.path), "no database is made")


@case("the manual has every option of the usage, and no other")
def _(site):
    listed = set(re.findall(r"--([\w-]+)", site.run("--help").stderr))
    with open(procs.source("man/opendmarc-reports.8"), encoding="utf-8") as f:
        heads = re.findall(r"^\.It Fl Fl ([^\n]*)", f.read(), re.M)
    named = set()
    for head in heads:
        words = re.sub(r" Ns = Ns Ar \S+", "", head).replace("Fl Fl ", "").split(" , ")
        named |= {w for w in words if w != "Fl n"}
    tap.equal(named, listed - {"update"}, "options")


USAGE = [
    (["--smtp-ssl", "--smtp-starttls", "try"], "leave one out"),
    (["--smtp-starttls", "perhaps"], "off, try or require"),
    (["--smtp-username", "u"], "--smtp-password-file"),
    (["--smtp-password", "p"], "--smtp-username"),
    (["--smtp-username", "u", "--smtp-password", "p", "--smtp-starttls", "try"], "require"),
    (["--smtp-username", "u", "--smtp-password-file", "/nonexistent/p"], "/nonexistent/p"),
    (["--smtp-username", "u", "--smtp-password", "p" * 300], "too long"),
    (["--interval", "0"], "interval"),
    (["--interval", "x"], "interval"),
    (["--max-mails", "0"], "max-mails"),
    (["--spread", "-1"], "spread"),
]


def usage(argv, text):
    with procs.Procs() as p, Site(p) as site:
        tap.contains(site.run(*argv, status=1).stderr, text, "stderr")


for row in USAGE:
    CASES.add("options " + " ".join(row[0])[:60], usage, *row)


@case("a terminal shows how many mails are tried, and lines of the log stand for themselves")
def _(site):
    for i in range(3):
        site.add(from_="sender.example", pdomain=f"d{i}.sender.example",
                 rua=[f"mailto:r{i}@sender.example"])
    site.load()
    site.sink.fail("rcpt", "450 4.2.0 later", match="r2@")
    keep = site.sink.keep

    def keep_late(message):
        time.sleep(1.3)         # what takes less than a second shows nothing
        keep(message)
    site.sink.keep = keep_late
    argv = [procs.built("reports/opendmarc-reports"), "--db", site.db, "--conf", site.conf,
            "--report-email", SENDER, "--date", site.date, "--smtp-server", site.sink.host,
            "--smtp-port", str(site.sink.port), "--nameservers",
            f"{site.dns.host}@{site.dns.port}"]
    with terminal.Terminal(argv) as t:
        tap.equal(t.end(), 75, "status")
    tap.true(re.search(r"\r[12] mails, 0/s\033\[K", t.output), f"progress in {t.output!r}")
    tap.contains(t.output, "\r\033[Kopendmarc-reports: failed to send report", "log")
    site.make_due()
    site.sink.recover()
    with terminal.Terminal([*argv, "--verbose"]) as t:
        tap.equal(t.end(), 0, "status")
    tap.true(" mails, " not in t.output, "where each is told")


@case("a password file that everybody may read is refused")
def _(site):
    for text, mode, reason in (("x\n", 0o644, "chmod"), ("\n", 0o600, "empty")):
        path = secrets(site, text, mode)
        done = site.run("--smtp-username", "u", "--smtp-password-file", path, status=1)
        tap.contains(done.stderr, reason, "stderr")


@case("the form of RFC 7489")
def _(site):
    site.add(3, dkim=["sender.example - 5"])
    site.load()
    out = site.p.path("out")
    site.report("--format", "rfc7489", "--to-dir", out)
    name = next(n for n in os.listdir(out) if n.endswith(".xml.gz"))
    with gzip.open(os.path.join(out, name), "rt", encoding="utf-8") as f:
        text = f.read()
    for part in ("<feedback>\n", "<sp>reject</sp>", "<pct>100</pct>", "<count>3</count>",
                 "<disposition>none</disposition>"):
        tap.contains(text, part, "XML")
    for part in ("xmlns", "<generator>", "<selector>", "<testing>"):
        tap.true(part not in text, part)


if __name__ == "__main__":
    sys.exit(CASES.run())
