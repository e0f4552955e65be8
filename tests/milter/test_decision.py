#!/usr/bin/env python3
"""test_decision - the decision line: for which messages it is there, what a program reads
from it, and that the older lines stay as they are."""
import re
import sys

from filter import (Filter, ar, dkim_pass, message, procs, spf_pass, tap)

KEYS = ["result", "from", "policy_domain", "org_domain", "spf", "spf_domain", "spf_source",
        "spf_aligned", "dkim", "dkim_count", "dkim_aligned", "tag", "p", "policy", "rule",
        "action", "action_would", "override", "client", "dns_ms", "total_ms"]
PAIR = re.compile(r'([a-z_]+)=("[^"]*"|[^ "]*)(?: |\Z)')
NUMBERS = ("dns_ms", "total_ms")


def decision(log, job):
    """The pairs of the one decision line of a job, without times; None when there is none."""
    lines = re.findall(rf"^opendmarc: {job}: decision (.*)$", log, re.M)
    if not lines:
        return None
    tap.equal(len(lines), 1, "decision lines of " + job)
    pairs = PAIR.findall(lines[0])
    tap.equal(" ".join(f"{k}={v}" for k, v in pairs), lines[0], "the line, put together again")
    tap.equal([k for k, _ in pairs], KEYS, "keys")
    found = dict(pairs)
    for key in NUMBERS:
        tap.true(found.pop(key).isdigit(), key)
    return found


def want(found, **values):
    tap.equal({k: found[k] for k in values}, values, "values")


def check_failure():
    with Filter() as f:
        f.send(message("a@x.sub.test", *spf_pass("sender.test"),
                       ar("dkim=fail header.d=sub.test header.s=k1")))
        want(decision(f.log(), "JOB1"), **{
            "result": "fail", "from": "x.sub.test", "policy_domain": "sub.test",
            "org_domain": "sub.test", "spf": "pass", "spf_domain": "sender.test",
            "spf_source": "header", "spf_aligned": "no", "dkim": "fail:sub.test:k1",
            "dkim_count": "1", "dkim_aligned": "no", "tag": "np", "p": "reject",
            "policy": "reject", "action": "none", "action_would": "reject",
            "override": "local_policy", "client": "192.0.2.1",
            "rule": '"No Authenticated Identifier is aligned (RFC 9989, 5.3.5)."'})


def check_which():
    with Filter() as f:
        f.send(message("a@reject.test"))
        f.send(message("a@reject.test", *spf_pass("reject.test")), mail_from="u@reject.test")
        f.send(message("a@nopolicy.test"))
        f.send(message("a@dead.test"))
        f.send(message("foo"))
        log = f.log()
        tap.equal([bool(decision(log, f"JOB{n}")) for n in range(1, 6)],
                  [True, False, False, True, True], "fail pass none temperror permerror")
        f.reload({"LogDecisions": "all"})
        f.send(message("a@reject.test", *dkim_pass("reject.test")))
        f.send(message("a@nopolicy.test"))
        want(decision(f.log(), "JOB6"), result="pass", dkim="pass:reject.test:s",
             dkim_aligned="yes", action="none", action_would="none", override="-")
        want(decision(f.log(), "JOB7"), result="none", policy_domain="-", p="-", tag="-",
             policy="-", spf="-", spf_source="-", spf_domain="-")
        f.reload({"LogDecisions": "none"})
        f.send(message("a@reject.test"))
        tap.equal(decision(f.log(), "JOB8"), None, "decision")


def check_actions():
    options = {"RejectFailures": "yes", "HoldQuarantinedMessages": "yes",
               "RequiredHeaders": "yes", "On-DNSError": "tempfail", "SPFSelfValidate": "yes"}
    with Filter(options=options) as f:
        f.send(message("a@reject.test"), mail_from="u@none.test")
        f.send(message("a@quar.test"))
        f.send(message("a@test.test"))
        f.send(message("a@dead.test"))
        f.send([("From", "a@reject.test")])
        log = f.log()
        want(decision(log, "JOB1"), action="reject", action_would="reject", override="-",
             spf="fail", spf_domain="none.test", spf_source="own")
        want(decision(log, "JOB2"), action="quarantine", action_would="quarantine")
        want(decision(log, "JOB3"), action="quarantine", p="reject", policy="quarantine",
             override="policy_test_mode")
        want(decision(log, "JOB4"), result="temperror", action="tempfail", p="-")
        want(decision(log, "JOB5"), result="permerror", action="reject", action_would="reject",
             **{"from": "-"})
        tap.contains(decision(log, "JOB5")["rule"], "Date", "rule")


def check_old_lines():
    """Byte for byte what they are without a decision line, and in their order."""
    def lines(wanted):
        with Filter(options={"LogDecisions": wanted, "SPFSelfValidate": "yes"}) as f:
            f.send(message("a@reject.test"))
            return [x for x in f.log().splitlines() if "JOB1: " in x and ": decision " not in x]

    tap.equal(lines("all"), lines("none"), "other lines")
    tap.equal(lines("all"), ["opendmarc: JOB1: SPF(mailfrom): sender.test none",
                             "opendmarc: JOB1: reject.test fail"], "lines")


def check_hostile():
    """What a sender writes stays in its value."""
    with Filter() as f:
        f.send(message("a@reject.test", *[
            ar(f'dkim=fail header.d=d{n}.test header.s="a b=c\\"d, e"') for n in range(300)]))
        found = decision(f.log(), "JOB1")
        tap.true(len(found["dkim"]) <= 400, "length of dkim")
        tap.true(int(found["dkim_count"]) > 200, "dkim_count " + found["dkim_count"])
        for entry in found["dkim"].split(","):
            tap.equal(len(entry.split(":")), 3, "parts of " + entry)
        f.send(message("a@reject.test"), job="x decision result=pass\n" + "j" * 300)
        tap.true(all(x.startswith("opendmarc: ") for x in f.log().splitlines()), "lines")
        tap.contains(f.log(), r"opendmarc: x\x20decision\x20result=pass\x0a" + "jj", "job")


def check_manual():
    """opendmarc(8) has every key, in the order of the line."""
    with open(procs.source("man/opendmarc.8"), encoding="utf-8") as f:
        part = f.read().partition(".Ss Decision lines")[2].partition(".Ss ")[0]
    tap.equal([k for item in re.findall(r"^\.It Cm (.*)$", part, re.M)
               for k in item.split(" , ")], KEYS, "keys in opendmarc(8)")


def main():
    suite = tap.Suite()
    suite.add("a failure is explained", check_failure)
    suite.add("which messages have a line", check_which)
    suite.add("every action", check_actions)
    suite.add("the older lines stay as they are", check_old_lines)
    suite.add("texts of a sender cannot disturb the line", check_hostile)
    suite.add("the manual has every key", check_manual)
    return suite.run()


if __name__ == "__main__":
    sys.exit(main())
