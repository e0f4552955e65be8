#!/usr/bin/env python3
"""What the daemon does and says: results by policy, replies, fields, log, history."""
import re
import sys

import filter as f
import tap
from filter import Filter, ar, dkim_pass, dmarc_of, message, sig, spf_pass

suite = tap.Suite()

# what, fields, mail from, dmarc field wanted, history: policy, action, align_dkim, align_spf
MATRIX = [
    ("aligned DKIM pass", [*dkim_pass("reject.test"), "a@reject.test"], "u@esp.test",
     "dmarc=pass (p=reject dis=none) header.from=reject.test policy.dmarc=reject",
     "15 2 4 5"),
    ("aligned SPF pass", [*spf_pass("reject.test"), "a@reject.test"], "u@reject.test",
     "dmarc=pass (p=reject dis=none) header.from=reject.test policy.dmarc=reject",
     "15 2 5 4"),
    ("SPF pass given as an address", [ar("spf=pass smtp.mailfrom=u@reject.test"),
     "a@reject.test"], "u@reject.test",
     "dmarc=pass (p=reject dis=none) header.from=reject.test policy.dmarc=reject",
     "15 2 5 4"),
    ("subdomain aligned relaxed", [*dkim_pass("mail.reject.test"), "a@reject.test"], "u@esp.test",
     "dmarc=pass (p=reject dis=none) header.from=reject.test policy.dmarc=reject",
     "15 2 4 5"),
    ("subdomain not aligned strict", [*dkim_pass("mail.strict.test"), "a@strict.test"],
     "u@esp.test",
     "dmarc=fail (p=reject dis=none) header.from=strict.test policy.dmarc=reject",
     "16 2 5 5"),
    ("an exact signature among others, strict",
     [ar("dkim=pass header.d=mail.strict.test header.s=a; "
         "dkim=pass header.d=strict.test header.s=b"), sig("mail.strict.test", "a"),
      sig("strict.test", "b"), "a@strict.test"], "u@esp.test",
     "dmarc=pass (p=reject dis=none) header.from=strict.test policy.dmarc=reject",
     "15 2 4 5"),
    ("a one-letter domain is its own", [*dkim_pass("evil.test", "s"), "a@q.test"], "u@evil.test",
     "dmarc=fail (p=reject dis=none) header.from=q.test policy.dmarc=reject", "16 2 5 5"),
    ("the top-level domain aligns with nobody", [*dkim_pass("test"), "a@reject.test"],
     "u@esp.test", "dmarc=fail (p=reject dis=none) header.from=reject.test policy.dmarc=reject",
     "16 2 5 5"),
    ("fail under p=none", ["a@none.test"], "u@esp.test",
     "dmarc=fail (p=none dis=none) header.from=none.test policy.dmarc=none", "18 2 5 5"),
    ("fail under p=reject, not told to reject", ["a@reject.test"], "u@esp.test",
     "dmarc=fail (p=reject dis=none) header.from=reject.test policy.dmarc=reject", "16 2 5 5"),
    ("fail under p=quarantine", ["a@quar.test"], "u@esp.test",
     "dmarc=fail (p=quarantine dis=none) header.from=quar.test policy.dmarc=quarantine",
     "17 2 5 5"),
    ("fail under p=reject t=y", ["a@test.test"], "u@esp.test",
     "dmarc=fail (p=reject dis=none) header.from=test.test policy.dmarc=quarantine",
     "17 2 5 5"),
    ("subdomain policy", ["a@here.sub.test"], "u@esp.test",
     "dmarc=fail (p=quarantine dis=none) header.from=here.sub.test policy.dmarc=quarantine",
     "17 2 5 5"),
    ("subdomain policy, upper case", ["a@HERE.SUB.TEST"], "u@esp.test",
     "dmarc=fail (p=quarantine dis=none) header.from=here.sub.test policy.dmarc=quarantine",
     "17 2 5 5"),
    ("policy of names that do not exist", ["a@nowhere.sub.test"], "u@esp.test",
     "dmarc=fail (p=reject dis=none) header.from=nowhere.sub.test policy.dmarc=reject",
     "16 2 5 5"),
    ("no record", ["a@plain.test"], "u@esp.test",
     "dmarc=none (p=none dis=none) header.from=plain.test", None),
    ("unusable record", ["a@bad.test"], "u@esp.test",
     "dmarc=permerror (p=none dis=none) header.from=bad.test", None),
    ("DNS failure", ["a@dead.test"], "u@esp.test",
     "dmarc=temperror (p=none dis=none) header.from=dead.test", None),
    ("upper case", ["a@REJECT.Test"], "u@esp.test",
     "dmarc=fail (p=reject dis=none) header.from=reject.test policy.dmarc=reject", "16 2 5 5"),
    ("two domains, one fails", ["a@reject.test, b@none.test", *dkim_pass("none.test")],
     "u@esp.test", "dmarc=fail (p=reject dis=none) header.from=reject.test policy.dmarc=reject",
     "16 2 5 5"),
    ("two domains, both pass", ["a@reject.test, b@none.test",
     ar("dkim=pass header.d=none.test; dkim=pass header.d=reject.test"),
     sig("none.test"), sig("reject.test")], "u@esp.test", None, None),
    ("two addresses of one domain", [*dkim_pass("reject.test"), "a@reject.test, b@REJECT.test"],
     "u@esp.test", "dmarc=pass (p=reject dis=none) header.from=reject.test policy.dmarc=reject",
     "15 2 4 5"),
    ("two From fields never pass", [*dkim_pass("reject.test"), "a@reject.test", "b@reject.test"],
     "u@reject.test",
     "dmarc=fail (p=reject dis=none) header.from=reject.test policy.dmarc=reject", "16 2 5 5"),
    ("two From fields, the strictest policy", ["a@none.test", "b@reject.test"], "u@esp.test",
     "dmarc=fail (p=reject dis=none) header.from=reject.test policy.dmarc=reject", "16 2 5 5"),
    ("a second From field that cannot be read", ["a@reject.test", "a@b@c"], "u@esp.test",
     "dmarc=fail (p=reject dis=none) header.from=reject.test policy.dmarc=reject", "16 2 5 5"),
    ("final dot", ["<a@reject.test.>"], "u@esp.test",
     "dmarc=fail (p=reject dis=none) header.from=reject.test policy.dmarc=reject", "16 2 5 5"),
    ("bracket without partner", ["a@reject.test>"], "u@esp.test",
     "dmarc=fail (p=reject dis=none) header.from=reject.test policy.dmarc=reject", "16 2 5 5"),
    ("blank behind the at sign", ["a@ reject.test"], "u@esp.test",
     "dmarc=fail (p=reject dis=none) header.from=reject.test policy.dmarc=reject", "16 2 5 5"),
    ("address behind a word", ["foo, a@reject.test"], "u@esp.test",
     "dmarc=fail (p=reject dis=none) header.from=reject.test policy.dmarc=reject", "16 2 5 5"),
    ("comment not closed", ["a@reject.test (c"], "u@esp.test",
     "dmarc=fail (p=reject dis=none) header.from=reject.test policy.dmarc=reject", "16 2 5 5"),
    ("group", ["grp: a@reject.test;"], "u@esp.test",
     "dmarc=fail (p=reject dis=none) header.from=reject.test policy.dmarc=reject", "16 2 5 5"),
    ("an address behind 4000 octets", ["\"" + "x" * 4000 + "\" <a@reject.test>"], "u@esp.test",
     "dmarc=fail (p=reject dis=none) header.from=reject.test policy.dmarc=reject", "16 2 5 5"),
    ("display name with another address", ["\"x@none.test\" <a@reject.test>"], "u@esp.test",
     "dmarc=fail (p=reject dis=none) header.from=reject.test policy.dmarc=reject", "16 2 5 5"),
    ("blank before the colon", [("From ", "a@reject.test")], "u@esp.test",
     "dmarc=fail (p=reject dis=none) header.from=reject.test policy.dmarc=reject", "16 2 5 5"),
    ("two at signs", ["a@reject.test@none.test"], "u@esp.test",
     "dmarc=permerror (p=none dis=none)", None),
    ("no address", ["Foo"], "u@esp.test", "dmarc=permerror (p=none dis=none)", None),
    ("no From", [], "u@esp.test", "dmarc=permerror (p=none dis=none)", None),
    ("a broken dkim domain is passed over",
     [ar("dkim=pass header.d=reject.test(.evil.test"), sig("reject.test"), "a@reject.test"],
     "u@esp.test", "dmarc=fail (p=reject dis=none) header.from=reject.test policy.dmarc=reject",
     "16 2 5 5"),
    ("an envelope domain that is none", [*dkim_pass("reject.test"), "a@reject.test"],
     "u@a..b(c", "dmarc=pass (p=reject dis=none) header.from=reject.test policy.dmarc=reject",
     "15 2 4 5"),
    ("quoted sender with an at sign", [*spf_pass("reject.test"), "a@reject.test"],
     '"a@b"@reject.test',
     "dmarc=pass (p=reject dis=none) header.from=reject.test policy.dmarc=reject",
     "15 2 5 4"),
    ("a result of helo is no pass of the sender",
     [("Received-SPF", "Pass (x) identity=helo; helo=reject.test; client-ip=192.0.2.1; "
       "envelope-from=any@reject.test"), "a@reject.test"], "any@reject.test",
     "dmarc=fail (p=reject dis=none) header.from=reject.test policy.dmarc=reject", "16 2 5 5"),
    ("smtp.helo is no pass of the sender", [ar("spf=pass smtp.helo=reject.test"), "a@reject.test"],
     "any@reject.test",
     "dmarc=fail (p=reject dis=none) header.from=reject.test policy.dmarc=reject", "16 2 5 5"),
    ("20 results in one field", [ar("; ".join(f"dkim=fail header.d=d{i}.test" for i in range(20)) +
     "; dkim=pass header.d=reject.test"), sig("reject.test"), "a@reject.test"], "u@esp.test",
     "dmarc=pass (p=reject dis=none) header.from=reject.test policy.dmarc=reject",
     "15 2 4 5"),
    ("two-domain A-R without id between good ones",
     [("Authentication-Results", "spf=pass smtp.mailfrom=x"), *dkim_pass("reject.test"),
      "a@reject.test"], "u@esp.test",
     "dmarc=pass (p=reject dis=none) header.from=reject.test policy.dmarc=reject",
     "15 2 4 5"),
]

plain = None        # one daemon for all cases with default options


def check(fields, mail_from, want, codes):
    result = plain.send(message(*fields), mail_from)
    tap.equal(result.reply, "accept", "reply")
    if want is None:
        tap.contains(dmarc_of(result), "dmarc=pass ")
        return
    tap.equal(dmarc_of(result), want, "field")
    job = f"JOB{plain.number}"
    records = [r for r in plain.history() if r[0] == ("job", job)]
    if codes is None:
        tap.equal(records, [], "records")
        return
    r = plain.record(job)
    tap.equal(f"{r['policy']} {r['action']} {r['align_dkim']} {r['align_spf']}", codes, "codes")


for row in MATRIX:
    suite.add(row[0], check, *row[1:])


@suite.case("the log line and the place of the field")
def _():
    result = plain.send(message(*dkim_pass("reject.test"), "a@reject.test"), job="440912000541")
    tap.equal(result.changes[0].what, "insert", "change")
    tap.equal(result.changes[0].index, 0, "index")
    tap.contains(plain.log(), "440912000541: reject.test pass\n")


@suite.case("log lines of messages without an Author Domain")
def _():
    plain.send(message(), job="NOFROM")
    plain.send(message("a@b@c"), job="BADFROM")
    plain.send(message("a@reject.test, b@none.test"), job="MANYFROM")
    for line in ("NOFROM: RFC5322 requirement error: missing From field; accepting\n",
                 "BADFROM: unable to parse From header field\n",
                 "MANYFROM: multi-valued From field detected\n"):
        tap.contains(plain.log(), line)


@suite.case("an odd queue id and an unknown one")
def _():
    with plain.session() as m:
        m.mail("u@esp.test")
        m.header("From", "a@none.test")
        tap.contains(dmarc_of(m.end()), "dmarc=fail")
    tap.contains(plain.log(), "(unknown-jobid): none.test fail\n")
    plain.send(message("a@none.test"), job="A\r\nB")
    tap.contains(plain.log(), "A\\x0d\\x0aB: none.test fail\n")


@suite.case("a history record, key by key")
def _():
    plain.send(message(*spf_pass("esp.test"), *dkim_pass("mail.none.test", "k1"),
                       "A <a@Mail.None.Test>"), "u@esp.test", job="HISTORY")
    r = plain.record("HISTORY")
    tap.true(re.fullmatch(r"[0-9]{10,}", r.pop("received")), "received")
    tap.true(len(r.pop("id")) > 8, "id")
    tap.equal({k: r[k] for k in (
        "reporter", "ipaddr", "from", "mfrom", "dkim", "spf", "spf_scope", "spf_domain", "pdomain",
        "policy", "rua", "pct", "adkim", "aspf", "p", "sp", "align_dkim", "align_spf", "arc",
        "arc_policy", "action")},
        {"reporter": f.ID, "ipaddr": "192.0.2.1", "from": "mail.none.test", "mfrom": "esp.test",
         "dkim": "mail.none.test k1 0", "spf": "0", "spf_scope": "1", "spf_domain": "esp.test",
         "pdomain": "none.test", "policy": "15", "rua": "mailto:agg@none.test|mailto:b@c.test",
         "pct": "100", "adkim": "114", "aspf": "114", "p": "110", "sp": "0", "align_dkim": "4",
         "align_spf": "5", "arc": "7", "arc_policy": "2 json:[]", "action": "2"}, "record")


@suite.case("history: a record that counts as p=none is told as that")
def _():
    plain.send(message("a@assumed.test"), job="ASSUMED")
    r = plain.record("ASSUMED")
    tap.equal((r["policy"], r["p"], r["sp"], r["rua"]),
              ("18", "110", "0", "mailto:agg@assumed.test"), "record")
    tap.true("np" not in r or r["np"] == "0", "np")


@suite.case("history: what was delivered against the policy has its reason")
def _():
    plain.send(message("a@reject.test"), job="LOCAL")
    tap.contains(plain.record("LOCAL")["override"], "local_policy")
    plain.send(message("a@test.test"), job="TESTMODE")
    tap.contains(plain.record("TESTMODE")["override"], "policy_test_mode")


@suite.case("history: one SPF value, the one that decided")
def _():
    plain.send(message(("Received-SPF", "pass client-ip=192.0.2.1; envelope-from=u@reject.test"),
                       ar("spf=fail smtp.mailfrom=reject.test"), "a@reject.test"),
               "u@reject.test", job="ONESPF")
    tap.equal(plain.record("ONESPF")["spf"], "7", "spf")
    tap.equal(plain.record("ONESPF")["align_spf"], "5", "align_spf")


@suite.case("history: each result of Received-SPF has its code")
def _():
    for word, code in (("pass", "0"), ("SoftFail", "2"), ("neutral", "3"), ("temperror", "4"),
                       ("permerror", "5"), ("none", "6"), ("fail", "7"), ("great", "-1")):
        plain.send(message(("Received-SPF", f"{word} (x) identity=mailfrom; client-ip=192.0.2.1; "
                            "envelope-from=u@esp.test"), "a@none.test"), "u@esp.test",
                   job="WORD" + word)
        tap.equal(plain.record("WORD" + word)["spf"], code, word)


@suite.case("history: null sender and mapped client address")
def _():
    plain.send(message("a@reject.test"), "", ip="::ffff:192.0.2.7", job="NULLSENDER")
    r = plain.record("NULLSENDER")
    tap.equal((r["mfrom"], r["ipaddr"], r["spf"]), ("", "192.0.2.7", "-1"), "record")


@suite.case("history: no value can begin a line of its own")
def _():
    plain.send(message(ar('dkim=fail header.d="x.test\njob EVIL" header.s="s\njob EVIL"'),
                       "a@none.test", ("From", "b@none\n job.test")), job="INJECT")
    tap.true("\njob EVIL" not in f.procs.read(plain.options["HistoryFile"]), "injected record")


@suite.case("history: ids differ")
def _():
    ids = [v for r in plain.history() for k, v in r if k == "id"]
    tap.equal(len(set(ids)), len(plain.history()), "ids")


@suite.case("RejectFailures: 550 5.7.1 with the policy domain, recorded, no field added")
def _():
    with Filter(options={"RejectFailures": "yes", "SoftwareHeader": "yes"}) as g:
        r = g.send(message("a@x.reject.test"), job="REJ")
        tap.equal((r.reply, r.text, r.stage),
                  ("reject", "550 5.7.1 rejected by DMARC policy for reject.test", "eom"), "reply")
        tap.equal(r.inserted("Authentication-Results"), [], "fields")
        tap.equal((g.record("REJ")["policy"], g.record("REJ")["action"]), ("16", "0"), "record")
        tap.true("override" not in g.record("REJ"), "no reason for what the policy asks")
        tap.contains(g.log(), "REJ: x.reject.test fail\n")
        for sender in ("a@quar.test", "a@test.test", "a@none.test", "a@dead.test", "a@plain.test",
                       "a@bad.test"):
            tap.equal(g.send(message(sender)).reply, "accept", sender)
        tap.equal(g.send(message("a@none.test", "b@reject.test")).reply, "reject", "two From")
        tap.equal(g.send(message(*dkim_pass("reject.test"), "a@reject.test")).reply, "accept",
                  "pass")


@suite.case("On-DNSError tempfail: 451, not recorded")
def _():
    with Filter(options={"On-DNSError": "tempfail", "RecordAllMessages": "yes"}) as g:
        r = g.send(message("a@dead.test"), job="TEMP")
        tap.equal(r.reply, "tempfail", "reply")
        tap.true(r.text.startswith("451 4.7.1 "), r.text)
        tap.equal(g.history(), [], "history")


@suite.case("RecordAllMessages: none and temperror too, permerror never")
def _():
    with Filter(options={"RecordAllMessages": "yes"}) as g:
        g.send(message("a@plain.test"), job="PLAIN")
        g.send(message("a@dead.test"), job="DEAD")
        g.send(message("a@bad.test"), job="BAD")
        g.send(message("a@b@c"), job="UGLY")
        tap.equal([r[0][1] for r in g.history()], ["PLAIN", "DEAD"], "jobs")
        r = g.record("PLAIN")
        tap.equal((r["policy"], r["p"], r["align_dkim"], r["rua"]), ("14", "0", "0", "-"), "record")


@suite.case("a temperror under a known policy is recorded with its reason")
def _():
    zone = f.ZONE + "_dmarc.part.test TXT v=DMARC1; p=reject\n_dmarc.a.part.test FAULT SERVFAIL\n"
    with Filter(zone) as g:
        r = g.send(message(*dkim_pass("a.part.test"), "a@part.test"), job="PART")
        tap.contains(dmarc_of(r), "dmarc=temperror (p=reject dis=none) header.from=part.test")
        rec = g.record("PART")
        tap.equal((rec["policy"], rec["action"], rec["align_dkim"]), ("16", "2", "5"), "record")
        tap.contains(rec["override"], "other temperror")


@suite.case("HistoryFormat 1.4 has only the old keys, in their order")
def _():
    with Filter(options={"HistoryFormat": "1.4"}) as g:
        g.send(message(*dkim_pass("reject.test"), "a@reject.test"), job="OLD")
        keys = [k for k, v in g.history()[0]]
        tap.equal(keys, ["job", "reporter", "received", "ipaddr", "from", "mfrom", "dkim", "spf",
                         "pdomain", "policy", "rua", "pct", "adkim", "aspf", "p", "sp",
                         "align_dkim", "align_spf", "arc", "arc_policy", "action"], "keys")


@suite.case("SoftwareHeader and our SPF field: the order on top")
def _():
    with Filter(options={"SoftwareHeader": "yes", "SPFSelfValidate": "yes"}) as g:
        r = g.send(message("a@reject.test"), "u@reject.test", job="TOP")
        tap.equal([n for n, v in r.headers[:3]], ["DMARC-Filter", "Authentication-Results",
                                                  "Authentication-Results"], "names")
        tap.true(re.fullmatch(r"OpenDMARC Filter v\S+ mx\.test( via \S+)? TOP", r.headers[0][1]),
                 r.headers[0][1])
        tap.contains(r.headers[1][1], "dmarc=pass")
        tap.equal(r.headers[2][1], "mx.test; spf=pass smtp.mailfrom=reject.test", "spf")


@suite.case("AuthservID unset: the MTA's name, said once")
def _():
    with Filter(options={"AuthservID": None}) as g:
        for _ in range(3):
            r = g.send(message(*dkim_pass("reject.test"), "a@reject.test"))
            tap.equal(r.headers[0][1][:8], "mx.test;", "id")
            tap.contains(dmarc_of(r), "dmarc=pass")
        tap.equal(g.log().count("implicit authentication service: mx.test\n"), 1, "lines")


@suite.case("TestDNSData: its records instead of the DNS's, for DMARC alone")
def _():
    with Filter(start=False, options={"SPFSelfValidate": "yes"}) as g:
        g.options["TestDNSData"] = g.procs.write(
            "zone", "_dmarc.made.test v=DMARC1; p=quarantine\n_DMARC.reject.test v=DMARC1; p=none\n")
        g.start()
        tap.equal(dmarc_of(g.send(message("a@made.test"))), "dmarc=fail (p=quarantine dis=none) "
                  "header.from=made.test policy.dmarc=quarantine", "listed")
        tap.equal(dmarc_of(g.send(message("a@none.test"))), "dmarc=none (p=none dis=none) "
                  "header.from=none.test", "not listed, though the DNS has it")
        r = g.send(message("a@reject.test"), "u@reject.test")
        tap.equal((dmarc_of(r), f.spf_of(r)), ("dmarc=pass (p=none dis=none) "
                  "header.from=reject.test policy.dmarc=none", "spf=pass smtp.mailfrom=reject.test"),
                  "SPF by the DNS")


with Filter() as plain:
    sys.exit(suite.run(lambda: tap.diag(plain.log()[-2000:])))
