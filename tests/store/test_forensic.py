#!/usr/bin/env python3
"""test_forensic - opendmarc-reports --forensic: a mail on standard input, who gets it, and
what arrives; also as the ReportCommand of opendmarc-failures.
"""
import email
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import procs
import smtpsink
import tap
import test_failures
import tlskeys
import webserver
from test_reports import SENDER, Site

CASES = tap.Suite()
MAIL = ("From: Reports <noreply@receiver.example>\nTo: r@sender.example\n"
        "Subject: FW: x\nDate: Sat, 21 Nov 2026 01:00:00 +0000\n\nbody\n")


def case(name):
    """A case with a site."""
    def add(function):
        def run():
            with procs.Procs() as p, Site(p) as site:
                function(site)
        CASES.add(name, run)
        return function
    return add


def send(site, mail, *more, status=0, db=False, **popen):
    """Runs it; the database of the site is named only where asked for."""
    argv = [procs.built("reports/opendmarc-reports"), "--forensic", "--report-email", SENDER,
            "--smtp-server", site.sink.host, "--smtp-port", str(site.sink.port),
            "--conf", site.conf, *(["--db", site.db] if db else []), *more]
    path = site.p.write("mail", mail.encode() if isinstance(mail, str) else mail)
    with open(path, "rb") as f:
        done = site.p.run(argv, check=False, stdin=f, **popen)
    tap.equal(done.returncode, status, f"status of {more}\n{done.stdout}{done.stderr}")
    return done


def got(site):
    """The recipients, each of a mail of its own, from SENDER."""
    for m in site.sink.messages:
        tap.equal((m.sender, len(m.rcpts)), (SENDER, 1), "envelope")
    return [m.rcpts[0] for m in site.sink.messages]


@case("the mail arrives as it was, with CRLF; a run from cron says nothing; no database is made")
def _(site):
    done = send(site, MAIL)
    tap.equal(done.stdout + done.stderr, "", "output")
    tap.equal(got(site), ["r@sender.example"], "recipients")
    tap.equal(site.sink.messages[0].octets, MAIL.replace("\n", "\r\n").encode(), "octets")
    tap.true(not os.path.exists(site.path), "no database")
    tap.equal(send(site, MAIL, "--verbose").stdout, "sent to r@sender.example\n", "verbose")


@case("everybody in To, Cc and Bcc gets it once, and nobody sees Bcc")
def _(site):
    mail = ("to: \"A, B\" <a@sender.example>,\n\tC <c@sender.example> (x)\nCC : team: d@a.example,"
            "\n e@xn--bcher-kva.example;, A@Sender.Example\nBcc: f@secret.example,\n g@secret.example"
            "\n\th@secret.example\nTo: i@BÜCHER.example\nX-Bcc: stays\nbcc:\n\n"
            "Bcc: this is the body\n")
    send(site, mail.replace(" g@secret.example\n\th", " g@secret.example,\n\th"))
    tap.equal(got(site), ["a@sender.example", "c@sender.example", "d@a.example",
                          "e@xn--bcher-kva.example", "f@secret.example", "g@secret.example",
                          "h@secret.example", "i@xn--bcher-kva.example"], "recipients")
    for m in site.sink.messages:
        tap.true(b"secret" not in m.octets, "Bcc is gone")
        tap.equal(m.octets, "".join(
            ("to: \"A, B\" <a@sender.example>,\n\tC <c@sender.example> (x)\nCC : team: "
             "d@a.example,\n e@xn--bcher-kva.example;, A@Sender.Example\nTo: i@BÜCHER.example\n"
             "X-Bcc: stays\n\nBcc: this is the body\n")).replace("\n", "\r\n").encode(), "octets")


@case("line ends of all sorts, dots, a NUL and a body that does not end")
def _(site):
    send(site, b"To: r@sender.example\r\nSubject: x\rBcc: s@sender.example\r\n\r\n.\n..\r"
               b"a\0b\r\n.\r\nMAIL FROM:<x@x>\n\xff\xfe end")
    tap.equal(got(site), ["r@sender.example", "s@sender.example"], "recipients")
    tap.equal(site.sink.messages[0].octets, b"To: r@sender.example\r\nSubject: x\r\n\r\n.\r\n..\r\n"
              b"a?b\r\n.\r\nMAIL FROM:<x@x>\r\n\xff\xfe end\r\n", "octets")


# name, mail, more options, what standard error says
REFUSED = [
    ("an empty input", "", [], "it is empty"),
    ("an input of blanks", "\n\n", [], "it is empty"),
    ("no recipients", "From: a@b.example\nSubject: To: x@y.example\n\nTo: r@sender.example\n", [],
     "names no recipient"),
    ("an empty To", "To: \nCc: nobody:;\n\nx\n", [], "names no recipient"),
    ("an address that is none", "To: postmaster\n\nx\n", [], "1 addresses"),
    ("an address that mail cannot carry", "To: \"a b\"@x.example\n\nx\n", [], "1 addresses"),
    ("too many recipients", "To: " + ",\n ".join(f"r{n}@x.example" for n in range(101)) +
     "\n\nx\n", [], "too many recipients"),
    ("an address field that is too long", "To: r@x.example" + " (x)" * 20000 + "\n\nx\n", [],
     "too many recipients"),
    ("nested groups", "To: " + "a:" * 30000 + "r@x.example" + "\n\nx\n", [], ""),
    ("nested comments", "To: " + "(" * 60000 + "r@x.example" + "\n\nx\n", [], ""),
    ("a mail that is too large", MAIL + "x" * 10485760, [], "too large"),
    ("a sender that is none", MAIL, ["--report-email", "x"], "report-email"),
    ("a list that cannot be read", MAIL, ["--no-reports-list", "/nonexistent/x"], "/nonexistent/x"),
    ("a list server that is no URL", MAIL, ["--stale-check", "--stale-server", "x"], "no URL"),
    ("no mail server", MAIL, ["--smtp-port", "1"], "failed to send the mail to r@sender.example"),
]


def refused(mail, more, text):
    with procs.Procs() as p, Site(p) as site:
        done = send(site, mail, *more, status=1)
        tap.contains(done.stderr, text, "stderr")
        tap.equal(site.sink.messages, [], "mails")


for row in REFUSED:
    CASES.add("refused, status 1: " + row[0], refused, *row[1:])


@case("one recipient that fails does not stop the others; the status is 1")
def _(site):
    site.sink.fail("rcpt", "550 5.1.1 no such user", match="r@")
    mail = MAIL.replace("r@sender.example", "r@sender.example, postmaster, s@sender.example")
    done = send(site, mail, status=1)
    tap.contains(done.stderr, "failed to send the mail to r@sender.example (550 5.1.1", "stderr")
    tap.contains(done.stderr, "1 addresses in To, Cc and Bcc", "stderr")
    tap.equal(got(site), ["s@sender.example"], "recipients")


@case("a mail server that is gone is tried once")
def _(site):
    mail = MAIL.replace("r@sender.example", "r@sender.example, s@sender.example")
    done = send(site, mail, "--smtp-port", str(procs.free_port()), status=1)
    tap.equal(len(done.stderr.splitlines()), 1, f"lines of {done.stderr}")


@case("--test sends nothing and ends with 0")
def _(site):
    tap.equal(send(site, MAIL, "--test").stdout, "would send to r@sender.example\n", "plan")
    tap.equal(send(site, MAIL, "-n", "--smtp-port", "1").returncode, 0, "status")
    tap.equal(site.sink.commands, [], "mail server")


@case("lists: those who get nothing are left out, and a mail for none of the others is no failure")
def _(site):
    site.run("--suppress", "s@sender.example", "--suppress", "third.example", "--reason", "asked")
    none = site.p.write("none", "n@sender.example\nother.example\n")
    mail = ("To: s@sender.example, N@sender.example, x@other.example\n"
            "Cc: t@third.example, stale@sender.example, r@sender.example\n\nx\n")
    with webserver.WebServer() as web:
        web.answer = lambda path: 200 if path == "/checkRua.php?key=stale%40sender.example" else 404
        lists = ("--no-reports-list", none, "--stale-check", "--stale-server", web.url(""))
        plan = send(site, mail, *lists, "--test", db=True).stdout
        tap.equal(sorted(plan.splitlines()), [
            "not to N@sender.example: it is on the list of those who get no reports",
            "not to s@sender.example: it is suppressed: asked",
            "not to stale@sender.example: the stale list has it",
            "not to t@third.example: it is suppressed: asked",
            "not to x@other.example: it is on the list of those who get no reports",
            "would send to r@sender.example"], "plan")
        send(site, mail, *lists, db=True)
        tap.equal(got(site), ["r@sender.example"], "recipients")
        tap.equal(len(web.requests), 4, "what is left out anyway is not asked for")
        done = send(site, mail.replace(", r@sender.example", ""), *lists, db=True)
        tap.equal(done.stdout + done.stderr, "", "output")
    tap.equal(len(site.sink.messages), 1, "mails")
    send(site, "To: s@sender.example\n\nx\n")
    tap.equal(got(site)[1:], ["s@sender.example"], "without a database no suppression is known")
    send(site, "To: s@sender.example\n\nx\n", env={"OPENDMARC_DATABASE": site.db})
    tap.equal(len(site.sink.messages), 2, "a variable names it too")


@case("a database that is named and cannot be asked: nothing is sent")
def _(site):
    done = send(site, MAIL, "--db", "sqlite:/nonexistent/db", status=78)
    tap.contains(done.stderr, "unable to connect to database", "stderr")
    tap.equal(site.sink.commands, [], "mail server")


@case("--verp: a sender for each recipient")
def _(site):
    mail = MAIL.replace("r@sender.example", "r@sender.example, s@sender.example")
    send(site, mail, "--verp", "--verp-key-file", site.p.path("key"))
    local, _, domain = SENDER.partition("@")
    for m in site.sink.messages:
        user, _, host = m.rcpts[0].partition("@")
        tap.true(m.sender.startswith(f"{local}+{user}={host}-") and m.sender.endswith("@" + domain),
                 f"sender {m.sender}")
    tap.equal(len(site.sink.messages), 2, "mails")


@case("log in and TLS as for reports")
def _(site):
    authority = tlskeys.Authority(site.p)
    site.sink.close()
    site.sink = smtpsink.SmtpSink(tls=authority.server(), users={"u": "word"})
    send(site, MAIL, "--smtp-username", "u", "--smtp-password-file",
         site.p.write("password", "word\n", 0o600), "--smtp-ssl-ca-file", authority.path)
    tap.equal([(m.tls, m.user) for m in site.sink.messages], [(True, "u")], "mails")


@case("a sendmail program gets it without Bcc, with LF line ends")
def _(site):
    program = site.p.write("sendmail", "#!/bin/sh\nprintf '%s\\n' \"$@\" >\"$OUT.args\"\n"
                           "cat >\"$OUT\"\n", 0o755)
    out = site.p.path("out")
    send(site, MAIL.replace("To:", "Bcc:"), "--sendmail", program, env={"OUT": out})
    tap.equal(procs.read(out), MAIL.replace("To: r@sender.example\n", ""), "mail")
    tap.equal(procs.read(out + ".args").split(), ["-i", "-f", SENDER, "--", "r@sender.example"],
              "arguments")


@case("--config holds for it too")
def _(site):
    path = site.p.write("reports.conf", f"report-email = {SENDER}\nsmtp-server = 127.0.0.1\n"
                        f"smtp-port = {site.sink.port}\nforensic = yes\nverp = no\n")
    site.p.run([procs.built("reports/opendmarc-reports"), "--config", path], input=MAIL)
    tap.equal(got(site), ["r@sender.example"], "recipients")


def failures_end_to_end():
    with procs.Procs() as p, test_failures.Site(p) as site:
        command = " ".join([procs.built("reports/opendmarc-reports"), "--forensic",
                            "--report-email", SENDER, "--smtp-server", site.sink.host,
                            "--smtp-port", str(site.sink.port)])
        with open(site.conf, "a", encoding="utf-8") as f:
            f.write(f"ReportCommand {command}\n")
        site.add()
        site.run(smtp=False)
        m, = site.sink.messages
        tap.equal((m.sender, m.rcpts), (SENDER, ["ruf@sender.example"]), "envelope")
        mail = email.message_from_bytes(m.octets)
        tap.equal((mail["To"], mail.get_content_type(), mail.get_param("report-type")),
                  ("ruf@sender.example", "multipart/report", "feedback-report"), "mail")
        tap.equal(site.files(), [], "spool")
        site.add(from_="other.example", pdomain="other.example", ruf="mailto:r@other.example")
        site.sink.fail("rcpt", "450 4.2.0 later")
        done = site.run(smtp=False, status=75)
        tap.contains(done.stderr, "450 4.2.0 later", "the reason comes through")
        tap.equal([f.endswith(".mail") for f in site.files()], [True], "the mail waits")


CASES.add("ReportCommand of opendmarc-failures: the failure report arrives, or waits",
          failures_end_to_end)


if __name__ == "__main__":
    sys.exit(CASES.run())
