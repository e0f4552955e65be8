#!/usr/bin/env python3
"""test_override - what excuses a failing message: trusted ARC sealers and the ExceptionsFile."""
import gzip
import os
import re
import subprocess
import sys
import time

import filter as f
from filter import Filter, ar, dkim_pass, dmarc_of, message, procs, tap

suite = tap.Suite()
TRUST = {"DomainWhitelist": "lists.test, forwarder.test", "RejectFailures": "yes",
         "HoldQuarantinedMessages": "yes"}
PASS = "overriding DMARC fail"
CONTINUE = "ARC pass, policy fail > continuing DMARC eval"


def seals(*domains):
    """ARC fields as the sealers left them, the first domain having sealed first."""
    fields = []
    for i, domain in enumerate(domains, 1):
        cv = "none" if i == 1 else "pass"
        fields = [("ARC-Seal", f"i={i}; a=rsa-sha256; t=1; cv={cv};\n\td={domain}; s=s{i};\n\t"
                   "b=AA\n\tBB"),
                  ("ARC-Message-Signature",
                   f"i={i}; a=rsa-sha256; d={domain}; s=s{i}; h=from; bh=A; b=AA"),
                  ("ARC-Authentication-Results",
                   f"i={i}; mx.{domain}; arc=none smtp.remote-ip=192.0.2.{i}")] + fields
    return fields


def arc(chain, ident=f.ID, result="pass"):
    """The result as OpenARC writes it; chain None: FinalReceiver is off."""
    return ar(f"arc={result} smtp.remote-ip=192.0.2.1" + (f" arc.chain={chain}" if chain else ""),
              ident)


CHAIN = seals("lists.test", "forwarder.test")
GOOD = arc('"forwarder.test:lists.test"')


@suite.case("a chain of trusted sealers excuses a failure, and everything tells so")
def _():
    with Filter(options=TRUST) as g:
        for author, p in (("reject.test", "reject"), ("quar.test", "quarantine")):
            r = g.send(message(GOOD, *CHAIN, "a@" + author), job="ARC" + p)
            tap.equal((r.reply, r.text), ("accept", ""), p)
            tap.equal([c.what for c in r.changes], ["insert"], "nothing but our field")
            tap.equal(dmarc_of(r), f"dmarc=fail (p={p} dis=none) header.from={author} "
                      f"policy.dmarc={p}", "field")
            record = g.record("ARC" + p)
            tap.equal((record["action"], record["arc"], record["arc_policy"]), ("2", "0",
                      '0 json:[{ "i": 2, "d":"forwarder.test", "s":"s2", "ip":"192.0.2.2" }, '
                      '{ "i": 1, "d":"lists.test", "s":"s1", "ip":"192.0.2.1" }]'), "record")
            tap.equal(record["override"], "local_policy arc=pass as[2].d=forwarder.test "
                      "as[2].s=s2 as[1].d=lists.test as[1].s=s1 remote-ip[1]=192.0.2.1", "reason")
            tap.contains(g.log(), f"ARC{p}: ARC pass, policy pass > overriding DMARC fail\n")
        g.send(message(GOOD, *CHAIN, *dkim_pass("none.test"), "a@none.test"), job="PASS")
        g.send(message(GOOD, *CHAIN, "a@none.test"), job="NONE")
        tap.equal("override" in g.record("PASS") or "override" in g.record("NONE"), False,
                  "nothing to override")
        tap.equal(g.log().count(PASS), 2, "lines")
        tap.equal(g.send(message("a@reject.test"), job="PLAIN").reply, "reject", "without ARC")
        record = g.record("PLAIN")
        tap.equal((record["arc"], record["arc_policy"]), ("7", "2 json:[]"), "no ARC")


@suite.case("by default no sealer is trusted, and ARC is recorded alone")
def _():
    with Filter(options={"RejectFailures": "yes"}) as g:
        r = g.send(message(GOOD, *CHAIN, "a@reject.test"), job="OFF")
        tap.equal(r.reply, "reject", "reply")
        record = g.record("OFF")
        tap.equal((record["arc"], record["arc_policy"][:2]), ("0", "2 "), "record")
        tap.equal("ARC pass" in g.log(), False, "no line")


FORGED = [
    ("below the field of the verifier, which saw no chain", [arc(None, result="none"), GOOD],
     {}, [2]),
    ("below the field of the verifier, which saw a broken one", [arc(None, result="fail"), GOOD],
     {}, [2]),
    ("beside another pass", [GOOD, GOOD], {}, [2]),
    ("below another host's Received", [("Received", "from a by elsewhere.test"), GOOD], {}, [1]),
    ("without the job id asked for", [GOOD], {"TrustJobID": "yes"}, [1]),
    ("with another job id", [arc("lists.test", f.ID + "/OTHER")], {}, [1]),
    ("under an id that nobody trusts", [arc("lists.test", "evil.test")], {}, []),
    ("under a foreign id, not from its relay", [arc("lists.test", "border.test")],
     {"TrustedAuthservIDs": "border.test", "TrustedRelays": "192.0.2.77"}, []),
    ("under a foreign id, against our own filter", [arc(None, result="none"),
     arc("lists.test", "border.test")], {"TrustedAuthservIDs": "border.test"}, []),
    ("naming a trusted domain that did not seal", [arc("lists.test")], {}, [1], seals("evil.test")),
    ("with a seal missing", [GOOD], {}, [1],
     CHAIN[3:] + seals("x.test", "y.test", "lists.test")[:3]),
    ("without a seal", [GOOD], {}, [1], []),
    ("in an ARC-Authentication-Results field alone", [], {}, [], [("ARC-Authentication-Results",
     f"i=1; {f.ID}; arc=pass arc.chain=lists.test"), *CHAIN]),
]


def check_forged(fields, options, removed, chain=CHAIN):
    with Filter(options={**TRUST, **options}) as g:
        r = g.send(message(*fields, *chain, "a@reject.test"), job="FORGED")
        tap.equal(r.reply, "reject", "reply")
        tap.equal(g.record("FORGED")["arc"], "7", "arc in the history")
        r = g.send(message(*fields, *chain, "a@none.test"))
        tap.equal([(c.name, c.index) for c in r.changes if c.what == "change"],
                  [("Authentication-Results", n) for n in reversed(removed)], "removed")


for row in FORGED:
    suite.add("forged arc=pass " + row[0], check_forged, *row[1:])


@suite.case("a chain that is trusted in part, or not told, changes nothing and says why")
def _():
    for whitelist, field, why in (
            ("lists.test", GOOD, 'ARC sealer "forwarder.test" is not in DomainWhitelist'),
            ("lists.test, forwarder.test", arc(None), "arc=pass came without arc.chain"),
            ("lists.test, forwarder.test", arc("lists.test:"), None)):
        with Filter(options={**TRUST, "DomainWhitelist": whitelist}) as g:
            r = g.send(message(field, *CHAIN, "a@reject.test"))
            tap.equal(r.reply, "accept" if why is None else "reject", "reply")
            if why:
                tap.contains(g.log(), CONTINUE + "\n")
                tap.contains(g.log(), why)


@suite.case("a pass that is not believed is told with its reason")
def _():
    with Filter(options=TRUST) as g:
        g.send(message(GOOD, "a@reject.test"), job="W1")
        g.send(message(GOOD, GOOD, *CHAIN, "a@reject.test"), job="W2")
        tap.contains(g.log(), "W1: arc=pass is not believed: the message has no such chain")
        tap.contains(g.log(), "W2: arc=pass is not believed: there is another arc result")


@suite.case("a chain excuses no message with several author domains")
def _():
    with Filter(options=TRUST) as g:
        r = g.send(message(GOOD, *CHAIN, "a@reject.test, b@none.test"))
        tap.equal(r.reply, "reject", "two domains")
        r = g.send(message(GOOD, *CHAIN, "a@reject.test", "a@reject.test"))
        tap.equal(r.reply, "reject", "two fields")


@suite.case("DomainWhitelistFile is read at start and at a reload, and its errors are told")
def _():
    with Filter(start=False, options={**TRUST, "DomainWhitelist": "lists.test"}) as g:
        path = g.procs.write("sealers", "# ours\nFORWARDER.test. # since May\n")
        g.options["DomainWhitelistFile"] = path
        g.start()
        mail = message(GOOD, *CHAIN, "a@reject.test")
        tap.equal(g.send(mail).reply, "accept", "from the file")
        g.procs.write("sealers", "\nother.test\n")
        tap.equal(g.send(mail).reply, "accept", "not read before the reload")
        tap.contains(g.reload(), "reloaded")
        tap.equal(g.send(mail).reply, "reject", "after it")
        g.procs.write("sealers", "forwarder.test\nu@forwarder.test\n")
        tap.contains(g.reload(), f"{path}: line 2: the entry is no domain name")
        tap.equal(g.send(mail).reply, "reject", "the old list stays")


@suite.case("invalid ARC fields are logged, no more than five a message, and do no harm")
def _():
    odd = [("ARC-Authentication-Results", "foo"), ("ARC-Seal", "foo"), ("ARC-Seal", ""),
           ("ARC-Seal", "i=1; a; d=x"), ("ARC-Seal", "i=0; d=l.test; s=s; b=AA"),
           ("ARC-Seal", "i=1; a=rsa-sha256; cv=none; d=l.test; s=s; b=" + 700 * "A"),
           ("ARC-Authentication-Results", "i=1; m; (null)=pass; arc=none smtp.client-ip=192.0.2.4")]
    with Filter() as g:
        g.send(message(*odd, "a@none.test"), job="ODD")
        tap.equal(g.record("ODD")["arc_policy"],
                  '2 json:[{ "i": 1, "d":"l.test", "s":"s", "ip":"192.0.2.4" }]', "seals")
        tap.contains(g.log(), 'ODD: ignoring invalid ARC-Authentication-Results header "foo"\n')
        tap.contains(g.log(), 'ODD: ignoring invalid ARC-Seal header "i=1; a; d=x"\n')
        tap.equal(g.log().count("ODD: ignoring invalid ARC"), 5, "lines")
        g.send(message(*20 * odd, "a@none.test"), job="MANY")
        tap.equal(g.log().count("MANY: ignoring invalid ARC"), 5, "lines")


@suite.case("selectors with quotes stay valid JSON")
def _():
    with Filter() as g:
        g.send(message(("ARC-Seal", 'i=1; a=rsa-sha256; cv=none; d=l.test; s=a"b\\c; b=AA'),
                       "a@none.test"), job="QUOTE")
        tap.contains(g.record("QUOTE")["arc_policy"], r'"s":"a\"b\\c"')


EXCEPTIONS = """# who is excused
reject.test   dkim:lists.test    2999-12-31  cooking list #2
.quar.test    net:192.0.2.64/26  -
reject.test   net:2001:db8::/32  -           our own IPv6
reject.test   net:198.51.100.7   2001-02-03  long ago
"""


@suite.case("the ExceptionsFile excuses by DKIM domain and by network")
def _():
    with Filter(start=False, options={"RejectFailures": "yes", "HoldQuarantinedMessages": "yes"}) \
            as g:
        path = g.procs.write("exceptions", EXCEPTIONS)
        g.options["ExceptionsFile"] = path
        g.start()
        g.daemon.wait_output(f"{path}: line 5: the exception for reject.test ended with 2001-02-03")
        rows = [
            ("signed by the list", dkim_pass("lists.test"), "reject.test", "192.0.2.1",
             "trusted_forwarder cooking list #2", f"{path}:2 (cooking list #2)"),
            ("signed below it", dkim_pass("x.lists.test"), "reject.test", "192.0.2.1",
             "trusted_forwarder cooking list #2", f"{path}:2 (cooking list #2)"),
            ("a claim without a signature", [ar("dkim=pass header.d=lists.test")], "reject.test",
             "192.0.2.1", None, None),
            ("another author", dkim_pass("lists.test"), "sub.test", "192.0.2.1", None, None),
            ("the network", [], "quar.test", "192.0.2.65", "local_policy", f"{path}:3"),
            ("the network, author below", [], "a.quar.test", "192.0.2.127", None, None),
            ("mapped", [], "quar.test", "::ffff:192.0.2.66", "local_policy", f"{path}:3"),
            ("outside", [], "quar.test", "192.0.2.1", None, None),
            ("IPv6", [], "reject.test", "2001:db8:1::9", "local_policy our own IPv6",
             f"{path}:4 (our own IPv6)"),
            ("another IPv6", [], "reject.test", "2001:db9::9", None, None),
            ("run out", [], "reject.test", "198.51.100.7", None, None),
        ]
        for i, (what, fields, author, ip, reason, where) in enumerate(rows):
            job = f"EX{i}"
            r = g.send(message(*fields, "a@" + author), ip=ip, job=job)
            line = f"{job}: exception {where} > not enforcing DMARC fail\n"
            if reason is None:
                tap.equal(f"{job}: exception" in g.log(), False, what)
                if author != "a.quar.test":     # sp=none: nothing to be excused
                    tap.equal(r.reply in ("reject", "quarantine"), True, what)
                continue
            tap.equal((r.reply, [c.what for c in r.changes]), ("accept", ["insert"]), what)
            tap.contains(dmarc_of(r), "dis=none", what)
            tap.equal((g.record(job)["override"], g.record(job)["action"]), (reason, "2"), what)
            tap.contains(g.log(), line, what)


@suite.case("an exception tells what RejectFailures would do before it is on")
def _():
    with Filter(start=False) as g:
        g.options["ExceptionsFile"] = g.procs.write("exceptions", "reject.test net:192.0.2.1 - x\n")
        g.options["MetricsFile"] = metrics = g.procs.path("m.prom")
        g.options["DomainWhitelist"] = "lists.test, forwarder.test"
        g.start()
        g.send(message("a@reject.test"), job="IN")
        g.send(message("a@reject.test"), ip="192.0.2.2", job="OUT")
        tap.equal((g.record("IN")["override"], g.record("OUT")["override"]),
                  ("local_policy x", "local_policy"), "reasons")
        g.send(message(GOOD, *CHAIN, "a@reject.test"), ip="192.0.2.2", job="ARC")
        for job, would, reason in (("IN", "none", "local_policy:x"),
                                   ("OUT", "reject", "local_policy"),
                                   ("ARC", "none", "local_policy:arc=pass\\x20as[2].d=")):
            line = re.search(rf": {job}: decision (.*)", g.log()).group(1)
            tap.contains(line, f" action=none action_would={would} override={reason}", job)
        os.unlink(metrics)
        g.reload()
        g.daemon.wait_until(lambda: os.path.exists(metrics), "metrics")
        for sample in ('messages_would_total{action="none"} 2', 'excused_total{by="arc"} 1',
                       'messages_would_total{action="reject"} 1',
                       'excused_total{by="exception"} 1'):
            tap.contains(procs.read(metrics), "opendmarc_" + sample + "\n", "metrics")


@suite.case("the ExceptionsFile is read again by a reload, as a whole or not at all")
def _():
    with Filter(start=False, options={"RejectFailures": "yes"}) as g:
        path = g.procs.write("exceptions", "reject.test net:192.0.2.1 - one\n")
        g.options["ExceptionsFile"] = path
        g.start()
        mail = message("a@reject.test")
        tap.equal(g.send(mail).reply, "accept", "at start")
        g.procs.write("exceptions", "reject.test net:192.0.2.1 2026-02-30 bad\n")
        tap.contains(g.reload(), f"{path}: line 1: the third word is neither a day")
        tap.equal(g.send(mail).reply, "accept", "the old list stays")
        g.procs.write("exceptions", "reject.test net:192.0.2.1 2020-01-01 over\n")
        tap.contains(g.reload(),
                     f"{path}: line 1: the exception for reject.test ended with 2020-01-01")
        tap.equal(g.send(mail).reply, "reject", "run out")
        g.reload({"ExceptionsFile": None})
        tap.equal(g.send(mail).reply, "reject", "no file")


@suite.case("-n names the file and the line")
def _():
    for option, text, reason in (
            ("ExceptionsFile", "\na.test net:x -\n", "line 2: the second word is neither"),
            ("DomainWhitelistFile", "a.test\n.b.test\n", "line 2: the entry is no domain name"),
            ("ExceptionsFile", None, "No such file or directory"),
            ("DomainWhitelistFile", None, "No such file or directory")):
        with Filter(start=False) as g:
            path = g.procs.path("list")
            if text is not None:
                g.procs.write("list", text)
            g.options[option] = path
            done = subprocess.run([procs.built("opendmarc/opendmarc"), "-n", "-c", g.write_conf()],
                                  capture_output=True, text=True, check=False, timeout=60)
            tap.equal(done.returncode, 78, option)
            tap.contains(done.stderr, f"{option}: {path}: {reason}")


@suite.case("opendmarc-check --message knows exceptions and trusted sealers")
def _():
    with Filter(start=False, options={**TRUST, "Socket": "inet:1@127.0.0.1"}) as g:
        g.options["ExceptionsFile"] = g.procs.write("exceptions", EXCEPTIONS)
        for name, fields, wanted in (
                ("chain", message(GOOD, *CHAIN, "a@reject.test"),
                 ["ARC: pass, sealed by forwarder.test:lists.test, all trusted", "accept",
                  "reason in reports: local_policy (arc=pass as[2].d=forwarder.test"]),
                ("forged", message(GOOD, "a@reject.test"),
                 ["ARC: a pass that is not believed", "reject the message"]),
                ("signed", message(*dkim_pass("lists.test"), "a@reject.test"),
                 ["accept", "reason in reports: trusted_forwarder (cooking list #2)"])):
            mail = g.procs.write(name, "".join(f"{n}: {v}\n" for n, v in fields) + "\ntext\n")
            done = subprocess.run([procs.built("opendmarc/opendmarc-check"), "--conf",
                                   g.write_conf(), "--message", mail, "--client-ip", "192.0.2.1"],
                                  capture_output=True, text=True, check=False, timeout=60)
            for text in wanted:
                tap.contains(done.stdout, text, f"{name}: {done.stderr}")


def day(g):
    """The UTC day of the first record."""
    received = int(next(v for k, v in g.history()[0] if k == "received"))
    return time.strftime("%Y-%m-%d", time.gmtime(received))


def read_report(path):
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8") as report:
        return report.read()


@suite.case("the reason goes from the message through the database into the report")
def _():
    with Filter(options=TRUST) as g:
        g.send(message(GOOD, *CHAIN, "a@reject.test"))
        g.send(message("a@reject.test"))
        db = g.procs.path("reports.db")
        folder = g.procs.path("out")
        for argv in (["reports/opendmarc-import", "--db", "sqlite:" + db, "--input",
                      g.options["HistoryFile"]],
                     ["reports/opendmarc-reports", "--db", "sqlite:" + db, "--to-dir", folder,
                      "--date", day(g), "--report-email", "r@mx.test", "--report-org", "x"]):
            if argv[0].endswith("reports"):
                os.mkdir(folder)
            done = subprocess.run([procs.built(argv[0]), *argv[1:]], capture_output=True,
                                  text=True, check=False, timeout=60)
            tap.equal(done.returncode, 0, argv[0] + ": " + done.stderr)
        text = "".join(read_report(os.path.join(folder, n)) for n in os.listdir(folder))
        tap.contains(text, "<comment>arc=pass as[2].d=forwarder.test as[2].s=s2 "
                     "as[1].d=lists.test as[1].s=s1 remote-ip[1]=192.0.2.1</comment>")
        tap.equal(text.count("<reason>"), 1, "reasons")


sys.exit(suite.run())
