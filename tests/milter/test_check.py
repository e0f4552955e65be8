#!/usr/bin/env python3
"""test_check - opendmarc-check as a command: every option, every exit status, every finding,
saved messages judged and explained, explanations repeated."""
import json
import os
import pty
import re
import resource
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import dnsserver  # noqa: E402
import procs  # noqa: E402
import tap  # noqa: E402

CHECK = procs.built("opendmarc/opendmarc-check")
MANY = ",".join(f"mailto:r{i}@%s" for i in range(11))

# Identifier of a finding -> the records at a name of its own; %s is that name.
FINDINGS = {
    "v-missing": "p=none; x-dmarc=1",
    "v-not-first": "p=none; v=DMARC1",
    "v-case": "v=dmarc1; p=none",
    "v-value": "v=DMARC2; p=none",
    "v-twice": "v=DMARC1; p=none; v=DMARC1",
    "v-blank": '" v=DMARC1; p=none"',
    "quote": r'"v=DMARC1; p=\"none\""',
    "backslash": r'"v=DMARC1\\; p=none"',
    "octet": r'"v=DMARC1; p=none; x=\226\128\156"',
    "separator": "v=DMARC1; p=none rua=mailto:a@%s",
    "no-equals": "v=DMARC1; p=none; rua",
    "empty-value": "v=DMARC1; p=none; rua=",
    "empty-tag": "v=DMARC1;; p=none",
    "unknown-tag": "v=DMARC1; p=none; policy=none",
    "historic-tag": "v=DMARC1; p=none; ri=3600",
    "tag-case": "v=DMARC1; P=none",
    "duplicate-tag": "v=DMARC1; p=none; p=reject",
    "length": "v=DMARC1; p=none; x=" + "y" * 1000,
    "several": "v=DMARC1; p=none\nv=DMARC1; p=reject",
    "policy-value": "v=DMARC1; p=rej; rua=mailto:a@%s",
    "value": "v=DMARC1; p=none; adkim=strict",
    "fo-value": "v=DMARC1; p=none; ruf=mailto:a@%s; fo=x",
    "fo-conflict": "v=DMARC1; p=none; ruf=mailto:a@%s; fo=0:1",
    "fo-without-ruf": "v=DMARC1; p=none; fo=1",
    "p-missing": "v=DMARC1; rua=mailto:a@%s",
    "p-none": "v=DMARC1; p=none",
    "weak-subdomains": "v=DMARC1; p=reject; sp=none",
    "pct-zero": "v=DMARC1; p=reject; pct=0",
    "testing": "v=DMARC1; p=reject; t=y",
    "testing-none": "v=DMARC1; p=none; t=y",
    "psd-yes": "v=DMARC1; p=none; psd=y",
    "psd-ruf": "v=DMARC1; p=none; psd=y; ruf=mailto:a@%s",
    "rua-missing": "v=DMARC1; p=reject",
    "uri-schemeless": "v=DMARC1; p=none; rua=a@%s",
    "uri-malformed": "v=DMARC1; p=none; rua=mailto:",
    "uri-scheme": "v=DMARC1; p=none; rua=http://%s/",
    "uri-https": "v=DMARC1; p=none; rua=https://%s/",
    "uri-size": "v=DMARC1; p=none; rua=mailto:a@%s!10m",
    "uri-empty": "v=DMARC1; p=none; rua=mailto:a@%s,,mailto:b@%s",
    "uri-twice": "v=DMARC1; p=none; rua=mailto:a@%s,mailto:a@%s",
    "uri-many": "v=DMARC1; p=none; rua=" + MANY,
    "dest-refused": "v=DMARC1; p=none; rua=mailto:a@elsewhere.test",
    "dest-unknown": "v=DMARC1; p=none; rua=mailto:a@broken.example",
}

ZONE = """
_dmarc.good.example TXT v=DMARC1; p=reject; sp=quarantine; np=reject; adkim=s; fo=1; pct=50; rua=mailto:a@good.example,mailto:b@agreed.example; ruf=mailto:f@moved.example
exists.good.example A 192.0.2.1
good.example TXT v=spf1 ip4:192.0.2.1 -all
good.example._report._dmarc.agreed.example TXT v=DMARC1;
good.example._report._dmarc.moved.example TXT v=DMARC1; ruf=mailto:new@moved.example
_dmarc.clean.example TXT v=DMARC1; p=reject; rua=mailto:a@clean.example
_dmarc.none.example TXT v=DMARC1; p=none; rua=mailto:a@none.example
_dmarc.pct.example TXT v=DMARC1; p=reject; pct=50; rua=mailto:a@pct.example
_dmarc.unusable.example TXT v=DMARC1; p=bogus
_dmarc.nop.example TXT v=DMARC1; adkim=r
_dmarc.assumed.example TXT v=DMARC1; p=bogus; rua=mailto:a@assumed.example
_dmarc.sub.good.example TXT v=DMARC1; p=none; sp=reject; rua=mailto:a@sub.good.example
helo.good.example TXT v=spf1 ip4:192.0.2.1 -all
_dmarc.servfail.example FAULT SERVFAIL
*.broken.example FAULT SERVFAIL
*._dmarc.broken.example FAULT SERVFAIL
"""

suite = tap.Suite()
p = procs.Procs()


def zone():
    lines = [ZONE]
    for name, records in FINDINGS.items():
        for record in records.split("\n"):
            lines.append(f"_dmarc.{name}.test TXT " + record.replace("%s", name + ".test"))
    return "\n".join(lines) + "\n"


dns = dnsserver.DnsServer(zone())
p.at_close(dns.close)
EMPTY_CONF = p.write("empty.conf", "")
NS = ["--nameservers", f"127.0.0.1@{dns.port}"]


def run(*args, status=0, text=None, conf=EMPTY_CONF, env=None, **more):
    """Runs the command with our name server; returns what it said on stdout and stderr."""
    own = [] if "--replay" in args else [*NS, "--conf", conf]
    return run_bare(*own, *args, status=status, text=text, env=env, **more)


def run_bare(*args, status=0, text=None, env=None, **more):
    full = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
    full.update(env or {})
    done = subprocess.run([CHECK, *args], input=text.encode() if text is not None else b"",
                          env=full, stderr=subprocess.PIPE, timeout=120,
                          **{"stdout": subprocess.PIPE, **more})
    err = done.stderr.decode()
    tap.equal(done.returncode, status, f"status of {args}: {err}")
    return (done.stdout or b"").decode(), err


# Domains.

CLASSIC = """DMARC record for good.example:
\tSample percentage: 50
\tDKIM alignment: strict
\tSPF alignment: relaxed
\tDomain policy: reject
\tSubdomain policy: quarantine
\tAggregate report URIs:
\t\tmailto:a@good.example
\t\tmailto:b@agreed.example
\tFailure report URIs:
\t\tmailto:f@moved.example
"""


@suite.case("the lines of 1.x come first")
def _():
    out, err = run("good.example")
    tap.true(out.startswith(CLASSIC), out)
    tap.equal(err, "", "stderr")
    out, _ = run("clean.example")
    tap.contains(out, "\tSubdomain policy: unspecified\n")
    tap.contains(out, "\tFailure report URIs:\n\t\t(none)\n")


@suite.case("walk, policy and destinations")
def _():
    out, _ = run("exists.good.example")
    for part in ("Policy found at: good.example", "Organizational domain: good.example",
                 "Policy for mail from this domain: quarantine (sp=quarantine)",
                 "_dmarc.exists.good.example: does not exist", "_dmarc.example: does not exist",
                 "rua mailto:a@good.example: same organization",
                 "rua mailto:b@agreed.example: has agreed\n",
                 "ruf mailto:f@moved.example: has agreed, and wants the reports at "
                 "mailto:new@moved.example"):
        tap.contains(out, part)
    out, _ = run("missing.good.example")
    tap.contains(out, "reject (np=reject; the domain does not exist)")
    out, _ = run("sub.good.example")
    tap.contains(out, "[inert]")
    out, _ = run("assumed.example")
    tap.contains(out, "none (assumed, the policy in the record is unusable)")


@suite.case("a record without findings")
def _():
    tap.contains(run("clean.example")[0], "Findings:\n\t\t(none)\n")
    run("--strict", "clean.example")


def check_finding(name):
    findings = {}
    text = run(name + ".test", status=state_of(name))[0]
    tap.contains(text, f"[{name}]")
    document = json.loads(run("--json", name + ".test", status=state_of(name))[0])
    for step in document["domains"][0]["walk"]:
        for record in step["records"]:
            for finding in record["findings"]:
                findings[finding["id"]] = finding
    tap.true(name in findings, f"{name} is not among {sorted(findings)}")
    finding = findings[name]
    tap.contains(text, finding["effect"])
    tap.contains(["note", "warning", "error"], finding["severity"])


def state_of(name):
    """The exit status for the record of a finding."""
    if name in ("v-missing", "v-not-first", "v-case", "v-value", "v-twice", "backslash", "quote",
                "separator", "several"):
        return 70
    return 0


for one in FINDINGS:
    suite.add("finding " + one, check_finding, one)


@suite.case("every finding of the manual has its case, and the other way round")
def _():
    page = procs.read(procs.source("man/opendmarc-check.8"))
    section = page.partition(".Sh FINDINGS")[2].partition(".Sh ")[0]
    listed = re.findall(r"^\.Ic (\S+)", section, re.M)
    tap.equal(sorted(listed), sorted([*FINDINGS, "inert"]), "findings")


@suite.case("several domains: in order, a blank line between, the worst status")
def _():
    out, err = run("none.example", "no.test", "servfail.example", "a..b", "clean.example", status=70)
    heads = re.findall(r"^(?:DMARC record|No DMARC policy) for (\S+):$", out, re.M)
    tap.equal(heads, ["none.example", "no.test", "servfail.example", "a..b", "clean.example"], "heads")
    tap.equal(out.count("\n\n"), 4, "blank lines")
    lines = [f"opendmarc-check: opendmarc_policy_query_dmarc({d}): {t}" for d, t in (
        ("no.test", "Looked up domain lacked a DMARC record"),
        ("servfail.example", "DNS lookup of domain tempfailed"),
        ("a..b", "This is no domain name"))]
    tap.equal(err.splitlines(), lines, "stderr")


@suite.case("status 70, 75 and 1")
def _():
    run("no.test", status=70)
    tap.contains(run("unusable.example", status=70)[1], "contained a bad token value")
    tap.contains(run("nop.example", status=70)[1], "lacked a required p= entry")
    run("servfail.example", status=75)
    run("servfail.example", "clean.example", status=75)
    run("--strict", "p-missing.test", status=1)
    run("--strict", "rua-missing.test", status=1)
    run("--strict", "p-none.test", "servfail.example", status=75)
    run("--strict", "none.example")         # a note only


@suite.case("addresses, letter case and U-labels as arguments")
def _():
    tap.contains(run("User@CLEAN.Example")[0], "DMARC record for clean.example:")
    tap.contains(run("b\u00fccher.test", status=70)[0], "xn--bcher-kva.test")
    out, _ = run("bad\x1b[31m.test", status=70)
    tap.contains(out, r"bad\x1b[31m.test")


@suite.case("JSON for programs")
def _():
    out, err = run("--json", "good.example", "no.test", "a b", status=70)
    tap.equal(err, "", "stderr")
    document = json.loads(out)
    tap.equal((document["format"], document["version"]), ("opendmarc-check", 1), "form")
    good, no, bad = document["domains"]
    tap.equal([d["state"] for d in document["domains"]], ["found", "none", "invalid"], "states")
    tap.equal(good["policy"]["effective"], "reject", "policy")
    tap.equal(good["org_domain"], "good.example", "org_domain")
    tap.equal([s["name"] for s in good["walk"]], ["good.example", "example"], "walk")
    tap.equal([(d["tag"], d["state"], d["override"]) for d in good["destinations"]],
              [("rua", "internal", None), ("rua", "agreed", None),
               ("ruf", "agreed", "mailto:new@moved.example")], "destinations")
    tap.equal((no["policy"], bad["domain"], bad["argument"]), (None, None, "a b"), "the others")
    octet = json.loads(run("--json", "octet.test")[0])["domains"][0]["walk"][0]["records"][0]
    tap.equal(octet["text"], r"v=DMARC1; p=none; x=\226\128\156", "escaped octets")


@suite.case("discovery with a public suffix list")
def _():
    conf = p.write("psl.conf", f"PolicyDiscovery psl\nPublicSuffixList {p.write('list', 'example')}\n")
    out, _ = run("a.b.good.example", conf=conf)
    tap.contains(out, "Lookups with a public suffix list:")
    tap.equal(re.findall(r"^\t\t_dmarc\.(\S+):", out, re.M), ["a.b.good.example", "good.example"],
              "names")
    one = json.loads(run("--json", "a.b.good.example", conf=conf)[0])["domains"][0]
    tap.equal((one["discovery"], one["policy"]["tag"]), ("psl", "sp"), "discovery")


# Colours.

def on_terminal(**env):
    """What the command writes on a terminal."""
    ours, theirs = pty.openpty()
    try:
        done = subprocess.Popen([CHECK, *NS, "--conf", EMPTY_CONF, "p-missing.test"], stdout=theirs,
                                stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
                                env={**{k: v for k, v in os.environ.items() if k != "NO_COLOR"}, **env})
        os.close(theirs)
        out = b""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:
                part = b""
            if not part:
                break
            out += part
        tap.equal(done.wait(60), 0, "status")
        return out
    finally:
        os.close(ours)


@suite.case("colours only on a terminal, and never with NO_COLOR")
def _():
    tap.contains(on_terminal(), b"\033[31merror\033[0m")
    tap.contains(on_terminal(NO_COLOR=""), b"\033[")
    tap.true(b"\033" not in on_terminal(NO_COLOR="1"), "colours in spite of NO_COLOR")
    tap.true("\033" not in run("p-missing.test")[0], "colours in a pipe")


# The command line.

@suite.case("usage")
def _():
    for args in ([], ["--bogus", "a.test"], ["--json"], ["--message"], ["--message", "x", "a.test"],
                 ["--replay", "x", "--message", "y"], ["--client-ip", "192.0.2.1", "a.test"],
                 ["--helo", "x", "a.test"], ["--mail-from", "x", "a.test"],
                 ["--queue-id", "x", "a.test"], ["--authserv-id", "x", "a.test"],
                 ["--explain-json", "x", "a.test"], ["--strict", "--message", "x"],
                 ["--strict", "--replay", "x"]):
        out, err = run_bare(*args, status=64)
        tap.equal(out, "", "stdout")
        tap.contains(err, "usage: opendmarc-check [options] domain [domain...]")


@suite.case("help has every option of the manual, version")
def _():
    _, err = run_bare("--help")
    page = procs.read(procs.source("man/opendmarc-check.8"))
    documented = set(re.findall(r"^\.It Fl Fl (\S+)", page, re.M))
    tap.equal(set(re.findall(r"^\t--(\S+)", err, re.M)), documented, "options")
    tap.true(re.fullmatch(r"opendmarc-check v\S+\n", run_bare("--version")[0]), "version")


@suite.case("status 78: configuration")
def _():
    run("a.test", status=78, conf=p.path("missing.conf"))
    run("a.test", status=78, conf=p.write("bad.conf", "Bogus 1\n"))
    run_bare("--nameservers", "x y", "--conf", EMPTY_CONF, "a.test", status=78)
    run("a.test", status=78, conf=p.write("bad.conf", "PolicyDiscovery psl\nPublicSuffixList /no\n"))
    run("--message", "-", status=78, conf=p.write("bad.conf", "IgnoreHosts /no/such\n"))


@suite.case("status 74: standard output is full")
def _():
    with open("/dev/full", "wb") as full:
        run("clean.example", status=74, stdout=full)


# Messages.

CONF = p.write("opendmarc.conf", """AuthservID mx.test
SPFSelfValidate yes
RejectFailures yes
IgnoreHosts %s
""" % p.write("ignore", "192.0.2.66\n"))
SIGNATURE = "DKIM-Signature: v=1; a=rsa-sha256; d={0}; s=s1; h=from; bh=x; b=abcdefgh\n"
BODY = "From: A <user@{0}>\nSubject: x\n\nFrom: b@other.test\n"


def dkim(domain, result="pass", authserv_id="mx.test"):
    return (f"Authentication-Results: {authserv_id}; dkim={result} header.d={domain} header.s=s1\n" +
            SIGNATURE.format(domain))


def mail(author="good.example", fields=""):
    return fields + BODY.format(author)


def message(text, *args, status, conf=CONF):
    return run("--message", "-", *args, text=text, status=status, conf=conf)[0]


OWN = ("--client-ip", "192.0.2.1", "--helo", "helo.good.example", "--mail-from")
MATRIX = [
    # what, message, options, status, parts of the output
    ("passes by DKIM", mail(fields=dkim("good.example")), [], 0,
     ["Result: pass. A DKIM Signing Domain is aligned", "aligned: it is the From domain good.example",
      "The filter would accept the message", "dmarc=pass", "SPF is not checked"]),
    ("fails by strict DKIM", mail(fields=dkim("sub.good.example")), [], 1,
     ["not aligned: it is not good.example, and the policy asks for that very domain (adkim=s)",
      "The filter would reject the message: 550 5.7.1 rejected by DMARC policy for good.example"]),
    ("passes by SPF", mail(), [*OWN, "u@good.example"], 0,
     ["SPF: pass for good.example (own check of the envelope sender)", "spf=pass"]),
    ("passes by SPF of the HELO name", mail(), [*OWN, "<>"], 0,
     ["SPF: pass for helo.good.example (own check of the HELO name)",
      "aligned: it and good.example belong to good.example"]),
    ("SPF fails", mail(), ["--client-ip", "192.0.2.2", "--mail-from", "u@good.example"], 1,
     ["SPF: fail for good.example", "does not count: only a pass does",
      "Result: fail. No Authenticated Identifier is aligned"]),
    ("an IPv6 client", mail(), ["--client-ip", "2001:db8::1", "--mail-from", "u@good.example"], 1,
     ["Client address: 2001:db8::1", "SPF: fail"]),
    ("another organization", mail("clean.example", dkim("good.example")), [], 1,
     ["not aligned: it does not belong to the organization clean.example"]),
    ("the sender of Return-Path", "Return-Path: <u@good.example>\n" + mail(),
     ["--client-ip", "192.0.2.1"], 0, ["Envelope sender, from Return-Path: <u@good.example>"]),
    ("policy none", mail("none.example"), [], 1, ["Policy of none.example: none (p=none at"]),
    ("test mode", mail("testing.test"), [], 1,
     ["quarantine (p=reject at testing.test, one step milder in test mode)", "would accept"]),
    ("a domain that does not exist", mail("missing.good.example"), [], 1,
     ["reject (np=reject at good.example; the domain itself does not exist)"]),
    ("no policy", mail("no.test"), [], 0, ["Result: none.", "Policy of no.test: none found"]),
    ("an unusable record", mail("unusable.example"), [], 70, ["the record at unusable.example is not usable"]),
    ("an assumed policy", mail("assumed.example"), [], 1, ["none, assumed"]),
    ("no answer", mail("servfail.example"), [], 75, ["Result: temperror."]),
    ("no From field", "Subject: x\n\n", [], 70, ["0 From fields instead of one", "Result: permerror."]),
    ("an unclear From field", "From: a@b@c.example\n\n", [], 70, ["no domain that is beyond doubt"]),
    ("two From fields", mail(fields=dkim("good.example") + "From: x@good.example\n"), [], 1,
     ["2 From fields instead of one", "does not count: it was not used"]),
    ("two domains", "From: a@none.example, b@good.example\n\n", [], 1,
     ["Result for none.example: fail", "Result for good.example: fail", "would reject"]),
    ("results of somebody else", mail(fields=dkim("good.example", authserv_id="mx.other.test")), [], 1,
     ['Results not trusted: they carry the id "mx.other.test"']),
    ("results of somebody else, believed", mail(fields=dkim("good.example", authserv_id="mx.other.test")),
     ["--authserv-id", "mx.other.test"], 0, ["Result: pass."]),
    ("a refused result", mail(fields="Authentication-Results: mx.test; dkim=pass header.d=good.example\n"),
     [], 1, ["refused: not in the topmost", "would reject"]),
    ("a refused result in an accepted message",
     mail("none.example", "Authentication-Results: mx.test; dkim=pass header.d=none.example\n"),
     ["--client-ip", "192.0.2.2"], 1, ["refused: not in the topmost", "remove Authentication-Results field 1"]),
    ("an ignored client", mail(), ["--client-ip", "192.0.2.66"], 1, ["IgnoreHosts lists the client"]),
    ("CRLF", mail(fields=dkim("good.example")).replace("\n", "\r\n"), [], 0, ["Result: pass."]),
    ("an mbox", "From x Sat Nov 21 05:00:00 2026\n" + mail(fields=dkim("good.example")), [], 0, ["Result: pass."]),
    ("folded fields", mail(fields=dkim("good.example").replace("; ", ";\n\t")), [], 0, ["Result: pass."]),
    ("no message at all", "\x00\xff\n", [], 70, ["0 From fields"]),
    ("empty", "", [], 70, ["0 From fields"]),
]


def check_message(text, args, status, parts):
    out = message(text, *args, status=status)
    for part in parts:
        tap.contains(out, part)
    # The explanation says the same and repeats itself.
    document = message(text, *args, "--json", status=status)
    tap.equal(run("--replay", "-", "--json", text=document, status=status)[0], document, "repeated")
    told = run("--replay", "-", text=document, status=status)[0]
    tap.equal(re.findall(r"Result: .*", told), re.findall(r"Result: .*", out), "result")


for what, text, args, status, parts in MATRIX:
    suite.add("message: " + what, check_message, text, args, status, parts)


@suite.case("message: TrustJobID and the queue id")
def _():
    conf = p.write("job.conf", "AuthservID mx.test\nTrustJobID yes\n")
    text = mail(fields=dkim("good.example", authserv_id="mx.test/4cABC"))
    plain = mail(fields=dkim("good.example"))
    tap.contains(message(plain, status=1, conf=conf), "do not carry the queue id (--queue-id)")
    tap.contains(message(text, "--queue-id", "4cABC", status=0, conf=conf), "Result: pass.")
    message(text, "--queue-id", "other", status=1, conf=conf)


@suite.case("message: relays")
def _():
    conf = p.write("relay.conf", "AuthservID mx.test\nTrustedAuthservIDs border.test\n"
                   "TrustedRelays 192.0.2.1\nSPFSelfValidate yes\n")
    text = mail(fields=dkim("good.example", authserv_id="border.test"))
    tap.contains(message(text, "--client-ip", "192.0.2.1", status=0, conf=conf), "TrustedRelays")
    tap.contains(message(text, "--client-ip", "192.0.2.2", status=1, conf=conf),
                 'those of "border.test" count only from TrustedRelays')


@suite.case("message: no own check without the option")
def _():
    conf = p.write("nospf.conf", "AuthservID mx.test\n")
    tap.contains(message(mail(), "--client-ip", "192.0.2.1", "--mail-from", "u@good.example", status=1,
                         conf=conf), "SPF is not checked here: SPFSelfValidate is off")


@suite.case("message: tempfail, and pct with a public suffix list")
def _():
    conf = p.write("tempfail.conf", "On-DNSError tempfail\n")
    tap.contains(message(mail("servfail.example"), status=75, conf=conf), "would defer the message: 451 4.7.1")
    conf = p.write("pct.conf", "PolicyDiscovery psl\nPublicSuffixList %s\nRejectFailures yes\n" %
                   p.write("list", "example\n"))
    tap.contains(message(mail("pct.example"), status=1, conf=conf), "of a hundred such messages 50")
    document = message(mail("pct.example"), "--json", status=1, conf=conf)
    tap.equal(json.loads(document)["inputs"]["public_suffixes"], ["example"], "suffixes")
    tap.equal(run("--replay", "-", "--json", text=document, status=1)[0], document, "repeated")


@suite.case("files: --message, --explain-json, --replay")
def _():
    path = p.write("mail.eml", mail(fields=dkim("good.example")))
    told = p.path("explained.json")
    out, _ = run("--message", path, "--explain-json", told, conf=CONF)
    tap.contains(out, f"DMARC evaluation of {path}:")
    document = procs.read(told)
    # Which needless answers came in time may differ, nothing else does.
    other = json.loads(run("--message", path, "--json", conf=CONF)[0])
    tap.equal([other[k] for k in ("inputs", "verdict")],
              [json.loads(document)[k] for k in ("inputs", "verdict")], "both documents")
    tap.contains(run("--replay", told)[0], f"repeated from {told}:")
    parsed = json.loads(document)
    tap.equal(parsed["verdict"]["result"], "pass", "verdict")
    tap.equal(parsed["inputs"]["identities"][0]["source"], "Authentication-Results", "source")
    dns.forget()
    run("--replay", told)
    tap.equal(list(dns.questions), [], "questions of a replay")


@suite.case("status 64, 65, 66 and 73 of files")
def _():
    run("--message", p.path("missing.eml"), status=66, conf=CONF)
    run("--message", p.tmp, status=66, conf=CONF)
    run("--replay", p.path("missing.json"), status=66)
    tap.contains(run("--message", "-", "--client-ip", "nonsense", text="", status=64, conf=CONF)[1],
                 "no IP address")
    run("--message", "-", "--explain-json", p.path("no", "such"), text=mail(), status=73, conf=CONF)
    tap.contains(run("--replay", "-", text="{}", status=65)[1], "format: not opendmarc-explain")
    run("--replay", "-", text="", status=65)
    document = message(mail(fields=dkim("good.example")), "--json", status=0)
    cut = document[:document.rindex('"verdict"')]
    changed = cut + document[len(cut):].replace('"pass"', '"fail"')
    tap.contains(run("--replay", "-", text=changed, status=65)[1], "the verdict in the document is another one")
    unknown = document.replace('"status": "records"', '"status": "unanswered"')
    run("--replay", "-", text=re.sub(r',\s*"records": \[[^]]*\]', "", unknown), status=65)


@suite.case("status 71 when a resource is missing")
def _():
    def four_files():
        resource.setrlimit(resource.RLIMIT_NOFILE, (4, 4))
    tap.contains(run("good.example", status=71, preexec_fn=four_files)[1], "Too many open files")


@suite.case("a long header ends")
def _():
    text = "X-A: " + "a" * 1000 + "\n"
    message(text * 8000 + mail(), status=70)


if __name__ == "__main__":
    sys.exit(suite.run())
