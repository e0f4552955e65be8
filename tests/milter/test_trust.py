#!/usr/bin/env python3
"""Whose results and whose mail: ignored clients, our own SPF check, forged fields."""
import socket
import sys

import filter as f
import tap
from filter import Filter, ar, dkim_pass, dmarc_of, message, sig, spf_of, spf_pass

suite = tap.Suite()
FAIL = "dmarc=fail"
PASS = "dmarc=pass"

# A client's first header line stands right behind those of earlier filters.
FORGED = [
    ("an SPF pass, own check on", {"SPFSelfValidate": "yes"},
     [*spf_pass("victim.test")], "u@victim.test", [1]),
    ("an SPF pass above the verifier's fail", {},
     [*spf_pass("victim.test"), ar("spf=fail smtp.mailfrom=victim.test")], "u@victim.test", [1]),
    ("an SPF pass below the verifier's fail", {},
     [ar("spf=fail smtp.mailfrom=victim.test"), *spf_pass("victim.test")], "u@victim.test", [2]),
    ("an SPF pass beside a Received-SPF softfail", {},
     [("Received-SPF", "Softfail (x) identity=mailfrom; client-ip=192.0.2.1; "
       "envelope-from=u@victim.test"), *spf_pass("victim.test")], "u@victim.test", [1]),
    ("an SPF pass of another sender", {}, [*spf_pass("victim.test")], "u@esp.test", [1]),
    ("a DKIM pass without a signature", {}, [ar("dkim=pass header.d=victim.test")], "u@esp.test",
     [1]),
    ("a DKIM pass with somebody else's signature", {},
     [ar("dkim=pass header.d=victim.test header.s=s"), sig("esp.test")], "u@esp.test", [1]),
    ("a DKIM pass below the verifier's field", {},
     [ar("dkim=fail header.d=victim.test header.s=s header.b=abcdefgh"),
      *dkim_pass("victim.test")], "u@esp.test", [2]),
    ("passes below another host's Received", {},
     [("Received", "from a by elsewhere.test"), *spf_pass("victim.test"),
      *dkim_pass("victim.test")], "u@victim.test", [1, 2]),
    ("passes without the job id asked for", {"TrustJobID": "yes"},
     [*spf_pass("victim.test"), *dkim_pass("victim.test")], "u@victim.test", [1, 2]),
    ("passes of another job", {},
     [ar("spf=pass smtp.mailfrom=victim.test", f.ID + "/OTHER")], "u@victim.test", [1]),
    ("a dmarc=pass", {}, [ar("dmarc=pass header.from=victim.test")], "u@esp.test", [1]),
    ("results of an id that nobody trusts", {},
     [ar("spf=pass smtp.mailfrom=victim.test", "evil.test")], "u@victim.test", []),
]


def check_forged(options, fields, mail_from, removed):
    zone = "_dmarc.victim.test TXT v=DMARC1; p=reject\nvictim.test TXT v=spf1 -all\n"
    with Filter(zone, {"RejectFailures": "no", **options}) as g:
        r = g.send(message(*fields, "a@victim.test"), mail_from)
        tap.contains(dmarc_of(r), FAIL)
        tap.equal([(c.name, c.index, c.value) for c in r.changes if c.what == "change"],
                  [("Authentication-Results", n, "") for n in reversed(removed)], "removed")
    with Filter(zone, {"RejectFailures": "yes", **options}) as g:
        tap.equal(g.send(message(*fields, "a@victim.test"), mail_from).reply, "reject", "reply")


for row in FORGED:
    suite.add("forged: " + row[0], check_forged, *row[1:])


@suite.case("removal needs the MTA's leave and the option")
def _():
    forged = message(*spf_pass("victim.test"), "a@none.test")
    with Filter() as g, g.session(actions=0x01) as m:
        tap.equal(m.actions, 0x01, "actions")
        tap.equal([c.what for c in g.give(m, forged).changes], ["insert"], "changes")
    with Filter(options={"RemoveRefusedResults": "no"}) as g:
        tap.equal([c.what for c in g.send(forged).changes], ["insert"], "changes")


@suite.case("true results under our id stay where they are")
def _():
    with Filter(options={"TrustedRelays": "192.0.2.77"}) as g:
        fields = message(*dkim_pass("none.test"), *spf_pass("esp.test"), "a@none.test")
        r = g.send(fields, "u@esp.test")
        tap.equal([c.what for c in r.changes], ["insert"], "changes")
        r = g.send(message(*spf_pass("victim.test"), "a@none.test"), ip="192.0.2.77")
        tap.equal([c.what for c in r.changes], ["insert"], "from a relay")
        r = g.send(message(*spf_pass("victim.test"), "a@none.test"), auth="user")
        tap.equal([c.what for c in r.changes], ["insert"], "from somebody who logged in")


@suite.case("TrustedAuthservIDs beside AuthservID")
def _():
    with Filter(options={"AuthservID": "OpenDMARC", "TrustedAuthservIDs": "mailhub.test, B.test"}) \
            as g:
        for ident in ("mailhub.test", "MAILHUB.test", "b.test", "OpenDMARC", "opendmarc"):
            r = g.send(message(ar("dkim=pass header.d=reject.test", ident), sig("reject.test"),
                               "a@reject.test"))
            tap.contains(dmarc_of(r), PASS, ident)
            tap.true(r.headers[0][1].startswith("OpenDMARC; "), "our id")


@suite.case("HOSTNAME among TrustedAuthservIDs is the name of this host")
def _():
    with Filter(options={"TrustedAuthservIDs": "HOSTNAME, Other.Test"}) as g:
        for ident, want in ((socket.gethostname(), PASS), ("other.test", PASS), ("hostname", FAIL)):
            r = g.send(message(ar("spf=pass smtp.mailfrom=reject.test", ident), "a@reject.test"),
                       "u@reject.test")
            tap.contains(dmarc_of(r), want, ident)


@suite.case("foreign ids count from relays only, once these are named")
def _():
    with Filter(options={"TrustedAuthservIDs": "border.test", "TrustedRelays": "192.0.2.64/26"}) \
            as g:
        fields = message(ar("spf=pass smtp.mailfrom=reject.test", "border.test"), "a@reject.test")
        tap.contains(dmarc_of(g.send(fields, "u@reject.test", ip="192.0.2.70")), PASS)
        tap.contains(dmarc_of(g.send(fields, "u@reject.test", ip="192.0.2.1")), FAIL)


@suite.case("TrustJobID: the id of this message")
def _():
    with Filter(options={"TrustJobID": "yes"}) as g:
        for ident in (f.ID + "/JOBX", f'"{f.ID}/JOBX"'):
            r = g.send(message(ar("spf=pass smtp.mailfrom=reject.test", ident), "a@reject.test"),
                       "u@reject.test", job="JOBX")
            tap.contains(dmarc_of(r), PASS)


@suite.case("a hint, once an hour, names the id and the option")
def _():
    with Filter() as g:
        for _ in range(3):
            g.send(message(ar("dkim=pass header.d=reject.test", "odd\\id.test"),
                           sig("reject.test"), "a@reject.test"))
        tap.equal(g.log().count("TrustedAuthservIDs\n"), 1, "hints")
        tap.contains(g.log(), "odd")


SPF = [
    ("pass", "u@reject.test", "reject.test", "pass", "SPF(mailfrom): reject.test pass", PASS, "0"),
    ("fail", "u@none.test", "none.test", "fail", "SPF(mailfrom): none.test fail", FAIL, "7"),
    ("softfail", "u@soft.test", "soft.test", "softfail", "SPF(mailfrom): soft.test softfail",
     FAIL, "2"),
    ("neutral", "u@neutral.test", "none.test", "neutral", "SPF(mailfrom): neutral.test neutral",
     FAIL, "3"),
    ("permerror", "u@odd.test", "none.test", "permerror", "SPF(mailfrom): odd.test permerror",
     FAIL, "5"),
    ("none", "u@nospf.test", "nospf.test", "none", "SPF(mailfrom): nospf.test none", FAIL, "6"),
    ("temperror", "u@silent.test", "none.test", "temperror",
     "SPF(mailfrom): silent.test temperror", None, "4"),
]


def check_spf(mail_from, author, result, line, want, code):
    zone = f.ZONE + "neutral.test TXT v=spf1 ?all\nodd.test TXT v=spf1 all:x\n"
    with Filter(zone, {"SPFSelfValidate": "yes", "RecordAllMessages": "yes", "DNSTimeout": "1"}) \
            as g:
        r = g.send(message("a@" + author), mail_from, job="SPFJOB")
        domain = mail_from.partition("@")[2]
        tap.equal(spf_of(r), f"spf={result} smtp.mailfrom={domain}", "field")
        tap.contains(g.log(), f"SPFJOB: {line}\n")
        if want:
            tap.contains(dmarc_of(r), want)
        tap.equal(g.record("SPFJOB")["spf"], code, "spf in the history")


for row in SPF:
    suite.add("own SPF check: " + row[0], check_spf, *row[1:])


@suite.case("own SPF check: null sender uses the HELO name")
def _():
    with Filter(options={"SPFSelfValidate": "yes"}) as g:
        r = g.send(message("a@reject.test"), "", helo="helo.reject.test", job="NULL")
        tap.equal(spf_of(r), "spf=pass smtp.helo=helo.reject.test", "field")
        tap.contains(g.log(), "NULL: SPF(helo): helo.reject.test pass\n")
        tap.contains(dmarc_of(r), PASS)
        rec = g.record("NULL")
        tap.equal((rec["spf"], rec["spf_scope"], rec["spf_domain"], rec["mfrom"]),
                  ("0", "2", "helo.reject.test", ""), "record")


@suite.case("own SPF check: header results only explain")
def _():
    with Filter(options={"SPFSelfValidate": "yes"}) as g:
        r = g.send(message(ar("spf=fail smtp.mailfrom=reject.test"), "a@reject.test"),
                   "u@reject.test")
        tap.contains(dmarc_of(r), PASS)
    with Filter(options={"SPFIgnoreResults": "yes"}) as g:
        r = g.send(message(*spf_pass("reject.test"), "a@reject.test"), "u@reject.test", job="IGN")
        tap.contains(dmarc_of(r), FAIL)
        tap.equal(g.record("IGN")["spf"], "-1", "spf")
        tap.equal(spf_of(r), None, "field")


@suite.case("own SPF check: not for relays of ours, and for every kind of address")
def _():
    zone = f.ZONE + "v6.test TXT v=spf1 ip6:2001:db8::/32 -all\n_dmarc.v6.test TXT v=DMARC1;p=none\n"
    with Filter(zone, {"SPFSelfValidate": "yes", "TrustedRelays": "192.0.2.1"}) as g:
        tap.equal(spf_of(g.send(message("a@reject.test"), "u@reject.test")), None, "field")
        for ip, want in (("2001:db8::25", "pass"), ("fe80::1", "fail"), ("2001:db8::", "pass"),
                         ("::ffff:192.0.2.9", "fail")):
            r = g.send(message("a@v6.test"), "u@v6.test", ip=ip)
            tap.equal(spf_of(r), f"spf={want} smtp.mailfrom=v6.test", ip)
        r = g.send(message("a@none.test"), "u@none.test", ip="::ffff:192.0.2.9")
        tap.equal(spf_of(r), "spf=pass smtp.mailfrom=none.test", "mapped address")


@suite.case("own SPF check: two From fields never pass")
def _():
    with Filter(options={"SPFSelfValidate": "yes"}) as g:
        r = g.send(message("a@reject.test", "b@reject.test"), "u@reject.test")
        tap.contains(dmarc_of(r), FAIL)


def ignored(g, want, **where):
    r = g.send(message("a@none.test"), **where)
    if want:
        tap.equal((r.reply, r.stage, r.changes), ("accept", "connect", []), str(where))
    else:
        tap.contains(dmarc_of(r), FAIL, str(where))


@suite.case("ignored hosts: loopback, lists, mapped addresses, no address")
def _():
    with Filter(start=False) as g:
        g.options["IgnoreHosts"] = g.procs.write(
            "ignore", "!198.51.100.7\n198.51.100.0/24\nmail.good.test\n.friend.test\n2001:db8::/32\n")
        g.start()
        for where in ({"ip": "127.0.0.1"}, {"ip": "::1"}, {"ip": None, "host": "localhost"},
                      {"ip": "198.51.100.8"}, {"ip": "::ffff:198.51.100.8"},
                      {"ip": None, "host": "mail.client.test"}, {"ip": "2001:db8:1::1"},
                      {"ip": "203.0.113.1", "host": "mail.good.test"},
                      {"ip": "203.0.113.1", "host": "a.friend.test"}):
            ignored(g, True, **where)
        for where in ({"ip": "198.51.100.7"}, {"ip": "203.0.113.1"},
                      {"ip": "203.0.113.1", "host": "x.good.test"}):
            ignored(g, False, **where)
        tap.contains(g.log(), "ignoring connection from mail.good.test\n")
        tap.contains(g.log(), "ignoring connection from [127.0.0.1]\n")
        tap.equal(len(g.history()), 3, "records")


@suite.case("an ignored client that goes on is still ignored")
def _():
    with Filter() as g, g.session(ip="127.0.0.1") as m:
        tap.equal(m.result.reply, "accept", "connect")
        tap.equal(g.give(m, message("a@none.test")).stage, "mail", "stage")
        tap.equal(m.result.reply, "accept", "mail")


@suite.case("IgnoreAuthenticatedClients")
def _():
    with Filter(options={"IgnoreAuthenticatedClients": "yes", "RejectFailures": "yes"}) as g:
        with g.session() as m:
            r = g.give(m, message("a@reject.test"), "u@us.test", auth="user")
            tap.equal((r.reply, r.stage, r.changes), ("accept", "mail", []), "with login")
            r = g.give(m, message("a@reject.test"), "u@us.test", auth="user")
            tap.equal((r.reply, r.stage), ("accept", "mail"), "second message")
        for ip in ("2001:db8::25", "fe80::1", "::ffff:192.0.2.9"):
            r = g.send(message("a@reject.test"), ip=ip, auth="user")
            tap.equal((r.reply, r.stage), ("accept", "mail"), ip)
        tap.equal(g.send(message("a@reject.test")).reply, "reject", "without login")
        tap.contains(g.log(), "ignoring authenticated client, mailfrom=<u@us.test>\n")
        tap.equal(len(g.history()), 1, "records")
    with Filter() as g:
        tap.contains(dmarc_of(g.send(message("a@none.test"), auth="user")), FAIL)


sys.exit(suite.run())
