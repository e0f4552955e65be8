#!/usr/bin/env python3
"""opendmarc -t: what it prints, where, how it ends, and what it leaves alone."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import procs  # noqa: E402
import tap  # noqa: E402

OPENDMARC = procs.built("opendmarc/opendmarc")
ZONE = """\
_dmarc.reject.test v=DMARC1; p=reject
_dmarc.quar.test v=DMARC1; p=quarantine
_dmarc.none.test v=DMARC1; p=none; rua=mailto:a@none.test
"""
AR = "### INSHEADER: idx=0 hname='Authentication-Results' hvalue='{}'"
FAIL = "DEBUG-j; dmarc=fail (p={p} dis={dis}) header.from={d} policy.dmarc={p}"

suite = tap.Suite()
p = procs.Procs()
count = iter(range(1000))


def conf(**options):
    options = {"TestDNSData": p.write("zone", ZONE), **options}
    return p.write(f"{next(count)}.conf", "".join(f"{k} {v}\n" for k, v in options.items()))


def mail(text):
    return p.write(f"{next(count)}.eml", text)


def run(*args, options=None, env=None, **more):
    """opendmarc -t; stderr comes without "opendmarc: "."""
    clean = {k: None for k in os.environ if k.startswith("OPENDMARC_TEST_")}
    tap.equal(clean, {}, "variables of the surroundings")
    done = p.run([OPENDMARC, "-c", conf(**(options or {})), *args], env, check=False, **more)
    lines = done.stderr.splitlines()
    tap.equal([line for line in lines if not line.startswith("opendmarc: ")], [], "prefix")
    return done.returncode, done.stdout.splitlines(), [line[11:] for line in lines]


SPOOF = "From: a@reject.test\r\nTo: b@c.test\r\n\r\nFrom: body@none.test\r\n"


@suite.case("without -v nothing is printed, whatever the verdict, 0 is the status")
def _():
    for text in (SPOOF, "From: a@none.test\n\nx\n", "From: a@@\n\n", "Subject: no author\n\n"):
        tap.equal(run("-t", mail(text), options={"RejectFailures": "yes"}), (0, [], []), text)


@suite.case("-v prints what is not CONTINUE")
def _():
    for reject, answer in (("yes", "REJECT"), ("no", "ACCEPT")):
        path = mail(SPOOF)
        tap.equal(run("-v", "-t", path, options={"RejectFailures": reject}),
                  (0, [], [f"{path}: mlfi_eom() returned SMFIS_{answer}"]), answer)


@suite.case("-vv prints every answer, and the orders on standard output")
def _():
    path = mail(SPOOF)
    tap.equal(run("-vv", "-t", path), (0, [AR.format(FAIL.format(
        p="reject", dis="none", d="reject.test"))], [
            "mlfi_connect() returned SMFIS_CONTINUE",
            "mlfi_helo() returned SMFIS_CONTINUE",
            f"{path}: mlfi_envfrom() returned SMFIS_CONTINUE",
            f"{path}: line 1: mlfi_header() returned SMFIS_CONTINUE",
            f"{path}: line 2: mlfi_header() returned SMFIS_CONTINUE",
            f"{path}: mlfi_eom() returned SMFIS_ACCEPT",
            "mlfi_close() returned SMFIS_CONTINUE"]), "outcome")


@suite.case("-vvv shows the log too, lines at level debug with it")
def _():
    status, _, lines = run("-vvv", "-t", mail(SPOOF))
    tap.equal(status, 0, "status")
    tap.true("DEBUG-i: reject.test fail" in lines, f"result line in {lines}")


@suite.case("each order has its line")
def _():
    path = mail("From: a@quar.test\nAuthentication-Results: mx.test; spf=pass "
                "smtp.mailfrom=quar.test\n\n")
    status, out, _ = run("-vv", "-t", path, options={
        "HoldQuarantinedMessages": "yes", "CopyFailuresTo": "copy@c.test", "SoftwareHeader": "yes",
        "AuthservID": "mx.test", "SPFIgnoreResults": "yes"})
    tap.equal((status, out[:3]), (0, [
        "### ADDRCPT: 'copy@c.test'", "### QUARANTINE: reason='quarantined by DMARC policy for "
        "quar.test'", AR.format(FAIL.format(p="quarantine", dis="quarantine", d="quar.test")
                                .replace("DEBUG-j", "mx.test"))]), "quarantine")
    tap.true(out[3].startswith("### INSHEADER: idx=0 hname='DMARC-Filter' hvalue='OpenDMARC Filter "
                               "v") and out[3].endswith(" DEBUG-i'"), out[3])
    status, out, _ = run("-vv", "-t", mail(SPOOF), options={"RejectFailures": "yes"})
    tap.equal((status, out), (0, ["### SETREPLY: rcode='550' xcode='5.7.1' "
                                  "replytxt='rejected by DMARC policy for reject.test'"]), "reply")


@suite.case("the envelope comes from the environment")
def _():
    names = {"CLIENTHOST": "mx.client.test", "CLIENTIP": "2001:db8::25", "HELOHOST": "h.test",
             "ENVFROM": "<u@none.test>"}
    history = p.path("envelope.dat")
    path = mail("Received-SPF: pass client-ip=2001:db8::25; envelope-from=<u@none.test>; "
                "helo=h.test\nFrom: a@none.test\n\n")
    env = {f"OPENDMARC_TEST_{k}": v for k, v in names.items()}
    tap.equal(run("-t", path, env=env, options={"HistoryFile": history})[0], 0, "status")
    record = procs.read(history)
    for line in ("job DEBUG-i\n", "reporter DEBUG-j\n", "ipaddr 2001:db8::25\n",
                 "mfrom none.test\n", "from none.test\n"):
        tap.contains(record, line, "history")
    os.unlink(history)
    tap.equal(run("-t", path, options={"HistoryFile": history})[0], 0, "status")
    for line in ("ipaddr 127.0.0.1\n", "mfrom example.org\n"):
        tap.contains(procs.read(history), line, "defaults")
    hosts = p.write("hosts", "mx.client.test\n")
    tap.equal(run("-v", "-t", path, env=env, options={"IgnoreHosts": hosts}),
              (70, [], ["mlfi_connect() returned SMFIS_ACCEPT"]), "client host")


@suite.case("this host is no ignored one, unless the file says so")
def _():
    hosts = p.write("hosts1", "192.0.2.0/24\n")
    tap.equal(run("-t", mail(SPOOF), options={"IgnoreHosts": hosts})[0], 0, "other hosts")
    hosts = p.write("hosts2", "127.0.0.1\n")
    tap.equal(run("-t", mail(SPOOF), options={"IgnoreHosts": hosts})[0], 70, "this host")


@suite.case("an answer but CONTINUE before the end of the message: 70")
def _():
    path = mail(SPOOF)
    tap.equal(run("-v", "-t", path, options={"IgnoreAuthenticatedClients": "yes"}),
              (70, [], [f"{path}: mlfi_envfrom() returned SMFIS_ACCEPT"]), "outcome")


@suite.case("a client address that is none: 68")
def _():
    status, out, lines = run("-vv", "-t", mail(SPOOF), env={
        "OPENDMARC_TEST_CLIENTIP": "192.0.2.300"})
    tap.equal((status, out, len(lines)), (68, [], 1), "outcome")
    tap.contains(lines[0], 'OPENDMARC_TEST_CLIENTIP "192.0.2.300": ', "line")


@suite.case("a file that cannot be read: 69")
def _():
    tap.equal(run("-t", "/nonexistent/x.eml"),
              (69, [], ["/nonexistent/x.eml: No such file or directory"]), "missing")
    tap.equal(run("-t", p.tmp), (69, [], [f"{p.tmp}: Is a directory"]), "folder")
    tap.equal(run("-t", "x" * 5000)[0], 69, "a name that is too long")


MALFORMED = [
    ("From: a@none.test\nno colon here\n\n", 2), ("\tfold first\nFrom: a@none.test\n\n", 1),
    (": x\n\n", 1), ("From: a@none.test\nX: y\n z\nodd name: x\n\n", 4), ("no end", 1),
]
for text, number in MALFORMED:
    @suite.case(f"malformed: {text!r}")
    def _(text=text, number=number):
        path = mail(text)
        tap.equal(run("-t", path), (65, [], [f"{path}: line {number}: header malformed"]), "outcome")


@suite.case("long fields are read, one over the limit of a header is refused")
def _():
    path = mail("From: a@reject.test\nX-Long: " + "x" * 5000 + "\n" + " folded\n" * 9999 + "\n")
    tap.equal(run("-v", "-t", path), (0, [], [f"{path}: mlfi_eom() returned SMFIS_ACCEPT"]), "long")
    for huge in ("x" * (1024 * 1024 + 1) + "\n\n", "x" * (5 * 1024 * 1024)):
        path = mail("From: a@reject.test\nX-Huge: " + huge)
        tap.equal(run("-t", path), (65, [], [f"{path}: line 2: header 'X-Huge' too large"]), "huge")
    path = mail("From: a@reject.test\n" + ("X-Many: " + "x" * 990 + "\n") * 5000 + "\n")
    status, _, lines = run("-t", path)
    tap.equal(status, 65, "a header without an end")
    tap.contains(lines[0], ": header 'X-Many' too large", "a header without an end")


@suite.case("CR LF, a mailbox line, a missing end, folds and a NUL are read as a mail server does")
def _():
    for text in ("From: a@reject.test\r\n\r\n", "From x Thu Jan  1 00:00:00 2026\nFrom: a@reject.test"
                 "\n\n", "From: a@reject.test", "From :a@reject.test\n\n",
                 "From: x\r\n\t<a@reject.test>\r\n\r\n", "From:\n a@reject.test\n\n",
                 "From: a@reject.test\0b\n\n"):
        status, out, _ = run("-vv", "-t", mail(text))
        tap.equal((status, out), (0, [AR.format(FAIL.format(p="reject", dis="none",
                                                            d="reject.test"))]), repr(text))


@suite.case("an empty header is a warning")
def _():
    for text in ("", "\n", "\nFrom: a@none.test\n"):
        path = mail(text)
        tap.equal(run("-t", path), (0, [], [f"{path}: warning: no headers on input"]), repr(text))


@suite.case("several files in one session, standard input among them; the first bad one ends it")
def _():
    first, last = mail("From: a@none.test\n\n"), mail("bad\n")
    status, _, lines = run("-v", "-t", f"{first},-,,{last},{first}", input="From: a@quar.test\n\n")
    tap.equal((status, lines), (65, [f"{first}: mlfi_eom() returned SMFIS_ACCEPT",
              "-: mlfi_eom() returned SMFIS_ACCEPT", f"{last}: line 1: header malformed"]), "outcome")


@suite.case("history is written, nothing else: no pid file, socket, user, root or syslog")
def _():
    run_dir, history = p.path("run"), p.path("history.dat")
    os.mkdir(run_dir)
    options = {"HistoryFile": history, "PidFile": f"{run_dir}/p", "Socket": f"local:{run_dir}/s",
               "UserID": "no-such-user", "ChangeRootDirectory": "/nonexistent", "Syslog": "yes",
               "AutoRestart": "yes", "Background": "yes"}
    path = mail("From: a@none.test\n\n")
    tap.equal(run("-A", "-l", "-v", "-t", f"{path},{path}", options=options)[0], 0, "status")
    tap.equal(procs.read(history).count("job DEBUG-i\n"), 2, "records")
    tap.equal(os.listdir(run_dir), [], "files")


@suite.case("a bad configuration is refused as ever; -n only checks")
def _():
    status, out, lines = run("-t", mail(SPOOF), options={"IgnoreHosts": "/nonexistent/x"})
    tap.equal((status, out), (78, []), "status")
    tap.contains(lines[0], "IgnoreHosts: /nonexistent/x: No such file or directory", "line")
    tap.equal(run("-n", "-vv", "-t", "/nonexistent/x"), (0, [], []), "-n")


@suite.case("control characters of a message and of a name do not reach the terminal")
def _():
    path = mail("From: a@none.test\nX\x1b[2J: x\n\n")
    tap.equal(run("-t", path)[2], [f"{path}: line 2: header malformed"], "line")
    tap.equal(run("-t", "/nonexistent/\x1b[2J"), (69, [], [
        "/nonexistent/\\x1b[2J: No such file or directory"]), "name")


def main():
    with p:
        return suite.run()


if __name__ == "__main__":
    sys.exit(main())
