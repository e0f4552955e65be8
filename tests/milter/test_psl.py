#!/usr/bin/env python3
"""PolicyDiscovery psl: evaluations by RFC 7489 with a public suffix list."""
import sys

import filter as f
import tap
from filter import Filter, dkim_pass, dmarc_of, message, spf_pass

suite = tap.Suite()

LIST = "test\nco.test\n"

ZONE = f.ZONE + """
_dmarc.test TXT v=DMARC1; p=reject; np=reject; psd=y
_dmarc.firm.co.test TXT v=DMARC1; p=quarantine; sp=reject; np=none; t=y
_dmarc.all.test TXT v=DMARC1; p=reject; pct=0
_dmarc.two.test TXT v=DMARC1; p=reject
_dmarc.two.test TXT v=DMARC1; p=none
"""

# what, fields, mail from, dmarc field wanted
MATRIX = [
    ("the domain's own record; t means nothing", ["a@firm.co.test"], "u@esp.test",
     "dmarc=fail (p=quarantine dis=none) header.from=firm.co.test policy.dmarc=quarantine"),
    ("its organizational domain's; np means nothing", ["a@nowhere.x.firm.co.test"], "u@esp.test",
     "dmarc=fail (p=reject dis=none) header.from=nowhere.x.firm.co.test policy.dmarc=reject"),
    ("its organizational domain's, upper case", ["a@X.FIRM.Co.Test"], "u@esp.test",
     "dmarc=fail (p=reject dis=none) header.from=x.firm.co.test policy.dmarc=reject"),
    ("the top-level domain's record is not used", ["a@free.test"], "u@esp.test",
     "dmarc=none (p=none dis=none) header.from=free.test"),
    ("several records", ["a@two.test"], "u@esp.test",
     "dmarc=none (p=none dis=none) header.from=two.test"),
    ("aligned by the list", [*dkim_pass("a.b.firm.co.test"), "a@c.firm.co.test"], "u@esp.test",
     "dmarc=pass (p=reject dis=none) header.from=c.firm.co.test policy.dmarc=reject"),
    ("SPF aligned by the list", [*spf_pass("a.firm.co.test"), "a@firm.co.test"],
     "u@a.firm.co.test",
     "dmarc=pass (p=quarantine dis=none) header.from=firm.co.test policy.dmarc=quarantine"),
    ("strangers under one suffix", [*dkim_pass("thief.co.test"), "a@firm.co.test"], "u@esp.test",
     "dmarc=fail (p=quarantine dis=none) header.from=firm.co.test policy.dmarc=quarantine"),
    ("DNS failure", ["a@dead.test"], "u@esp.test",
     "dmarc=temperror (p=none dis=none) header.from=dead.test"),
    ("no pct of messages", ["a@all.test"], "u@esp.test",
     "dmarc=fail (p=reject dis=none) header.from=all.test policy.dmarc=quarantine"),
]

by_list = None      # one daemon for all cases of the table


def check(fields, mail_from, want):
    tap.equal(dmarc_of(by_list.send(message(*fields), mail_from)), want, "field")


for row in MATRIX:
    suite.add(row[0], check, *row[1:])


@suite.case("no name between the domain and its organization is asked")
def _():
    by_list.send(message("a@q.w.e.r.firm.co.test"))
    asked = [q.name for q in by_list.dns.questions if q.name.endswith("r.firm.co.test")]
    tap.equal(asked, ["_dmarc.q.w.e.r.firm.co.test"], "names")


@suite.case("history: how the policy was found")
def _():
    by_list.send(message("a@firm.co.test"), job="LIST")
    record = by_list.record("LIST")
    tap.equal((record["discovery"], record["pdomain"], record["policy"], record["t"],
               record["effective"]), ("psl", "firm.co.test", "17", "n", "113"), "record")


@suite.case("pct=0: never the policy itself, with the reason")
def _():
    r = by_list.send(message("a@all.test"), job="PCT")
    tap.equal(r.reply, "accept", "reply")
    record = by_list.record("PCT")
    tap.equal((record["pct"], record["policy"], record["p"], record["effective"]),
              ("0", "17", "114", "113"), "record")
    tap.contains(record["override"], "other sampled_out")


@suite.case("RejectFailures: what pct leaves out is not rejected")
def _():
    with Filter(ZONE, {"PolicyDiscovery": "psl", "RejectFailures": "yes",
                       "PublicSuffixList": by_list.options["PublicSuffixList"]}) as g:
        tap.equal(g.send(message("a@all.test")).reply, "accept", "pct=0")
        tap.equal(g.send(message("a@x.firm.co.test")).text,
                  "550 5.7.1 rejected by DMARC policy for firm.co.test", "pct=100")


@suite.case("said at start")
def _():
    tap.contains(by_list.log(), "policy discovery by public suffix list (RFC 7489): "
                 + by_list.options["PublicSuffixList"] + "\n")


@suite.case("without a file: the list built into libpsl")
def _():
    zone = "_dmarc.firm.co.uk TXT v=DMARC1; p=none\n_dmarc.co.uk TXT v=DMARC1; p=reject\n"
    with Filter(zone, {"PolicyDiscovery": "psl"}) as g:
        tap.contains(dmarc_of(g.send(message("a@b.firm.co.uk"))), "dmarc=fail (p=none ")
        tap.contains(dmarc_of(g.send(message("a@other.co.uk"))), "dmarc=none ")
        tap.contains(g.log(), "policy discovery by public suffix list (RFC 7489): "
                     "the list built into libpsl\n")


@suite.case("treewalk is the default, with a list or without")
def _():
    with Filter(ZONE, {"PublicSuffixList": by_list.options["PublicSuffixList"]}) as g:
        r = g.send(message("a@free.test"), job="WALK")
        tap.contains(dmarc_of(r), "dmarc=fail (p=reject ")
        tap.equal(g.record("WALK")["discovery"], "treewalk", "discovery")
        tap.contains(g.log(), "policy discovery by DNS tree walk; PublicSuffixList is not used")


with Filter(ZONE, {"PolicyDiscovery": "psl"}, start=False) as by_list:
    by_list.options["PublicSuffixList"] = by_list.procs.write("suffixes.list", LIST)
    by_list.start()
    sys.exit(suite.run(lambda: tap.diag(by_list.log()[-2000:])))
