#!/usr/bin/env python3
"""1000 messages of every kind through a daemon under valgrind: no block is lost for good
and no memory is used wrongly."""
import os
import re
import shutil
import sys

from filter import Filter, ar, dkim_pass, message, spf_pass  # finds the folder of the next two
import procs
import tap

MESSAGES = 1000
PER_CONNECTION = 20

# One turn of messages: fields and envelope sender.
TURN = [
    (message(*spf_pass("reject.test"), "a@reject.test"), "u@reject.test"),
    (message(*dkim_pass("none.test"), "A <a@none.test>"), "u@esp.test"),
    (message("a@reject.test"), "u@sender.test"),
    (message("a@x.sub.test"), ""),
    (message("a@dead.test"), "u@soft.test"),
    (message(ar("spf=pass smtp.mailfrom=reject.test; dkim=pass header.d=reject.test"),
             "a@reject.test"), "u@sender.test"),
    (message("a@none.test, b@quar.test"), "u@none.test"),
    (message(), "u@sender.test"),
    (message(("From", '"x <a@b')), "u@sender.test"),
    (message(*[("Received-SPF", "pass (x"), ("ARC-Seal", "x"), ("From", "a@test.test")]), "u@none.test"),
    (message(ar("arc=pass arc.chain=l.test"),
             ("ARC-Seal", "i=1; a=rsa-sha256; cv=none; d=l.test; s=s; b=AA"),
             ("ARC-Message-Signature", "i=1; a=rsa-sha256; d=l.test; s=s; h=from; bh=A; b=AA"),
             ("ARC-Authentication-Results", "i=1; mx.l.test; arc=none smtp.remote-ip=192.0.2.9"),
             "a@reject.test"), "u@esp.test"),
    (message(ar('dkim=pass header.d="x (('), ("Authentication-Results", "spf=pass"), ("ARC-Seal",
             "i=0; b="), ("ARC-Authentication-Results", "i=1; (null)=pass;"), "a@none.test"), ""),
]

suite = tap.Suite()


@suite.case(f"{MESSAGES} messages under valgrind")
def _():
    if procs.is_sanitized("opendmarc/opendmarc"):
        raise tap.Skip("this build has a sanitizer of its own, which looks for leaks at each stop")
    if shutil.which("valgrind") is None:
        raise tap.Skip("valgrind is not installed")
    with procs.Procs() as p:
        check(p.path("valgrind.log"))


def aborted(m, turn):
    """A message that the client gives up after its header."""
    m.mail(turn[1])
    for name, value in turn[0]:
        m.header(name, value)
    m.eoh()
    m.abort()


def check(report):
    os.environ["WRAPPER"] = f"valgrind --leak-check=full --log-file={report}"
    with Filter(options={"RejectFailures": "yes", "SPFSelfValidate": "yes"}) as g:
        for first in range(0, MESSAGES, PER_CONNECTION):
            with g.session() as m:
                for n in range(first, first + PER_CONNECTION):
                    fields, sender = TURN[n % len(TURN)]
                    result = g.give(m, fields, sender)
                    tap.true(result.reply in ("accept", "reject"), f"reply {result.reply}")
                aborted(m, TURN[first // PER_CONNECTION % len(TURN)])
                m.quit()
        g.reload({"AuthservID": "other.test", "RejectFailures": "no"})
        g.reload({"PolicyDiscovery": "psl", "PublicSuffixList": "/nonexistent/list"})
        recorded = len(g.history())
    text = procs.read(report)
    tap.true(recorded >= MESSAGES // 2, f"only {recorded} records")
    tap.contains(text, "ERROR SUMMARY", "report of valgrind")
    for kind in ("definitely", "indirectly"):
        lost = re.search(rf"{kind} lost: ([\d,]+) bytes", text)
        tap.true(lost is None or lost[1] == "0", f"{kind} lost:\n{text}")
    tap.true(not re.search(r"Invalid (read|write|free)|uninitialised", text), text)


sys.exit(suite.run())
