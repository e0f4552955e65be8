#!/usr/bin/env python3
"""test_query - the blocking query of the 1.x API over real sockets: aliases, long and
many records, faults of name servers; and which questions it asks."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import dnsserver  # noqa: E402
import procs  # noqa: E402
import tap  # noqa: E402

QUERY = procs.built("tests/legacy/query")
ZONE = """
_dmarc.plain.test TXT "v=DMARC1; p=reject"
_dmarc.second.test TXT "v=spf1 -all"
_dmarc.second.test TXT "v=DMARC1; p=reject"
_dmarc.split.test TXT "v=DMA" "RC1; p=qua" "rantine"
_dmarc.two.test TXT "v=DMARC1; p=reject"
_dmarc.two.test TXT "v=DMARC1; p=none"
_dmarc.contains.test TXT "foo v=DMARC1; p=reject"
_dmarc.alias.test CNAME a.provider.test
a.provider.test CNAME b.provider.test
b.provider.test TXT "v=DMARC1; p=quarantine"
_dmarc.dangling.test CNAME nowhere.provider.test
_dmarc.loop.test CNAME _dmarc.loop2.test
_dmarc.loop2.test CNAME _dmarc.loop.test
_dmarc.long.test TXT v=DMARC1; p=reject; rua=mailto:a@long.test; x={long}
_dmarc.bad.test TXT "v=DMARC1; p=strange"
_dmarc.servfail.test TXT "v=DMARC1; p=reject"
_dmarc.servfail.test FAULT SERVFAIL
_dmarc.refused.test FAULT REFUSED
nodata.test A 192.0.2.1
_dmarc.nodata.test A 192.0.2.1
plain.test._report._dmarc.ext.test TXT "v=DMARC1;"
*._report._dmarc.any.test TXT "v=DMARC1"
plain.test._report._dmarc.fault.test FAULT SERVFAIL
""".format(long="y" * 3000)

CASES = [
    ("a record", ["plain.test"], "status 0 p r domain plain.test error -"),
    ("a record behind another TXT", ["second.test"], "status 0 p r domain second.test error -"),
    ("strings are joined", ["split.test"], "status 0 p q domain split.test error -"),
    ("several records are none", ["two.test"], "status 9 p - domain two.test error -"),
    ("text that only contains a record", ["contains.test"], "status 9 p - domain contains.test error -"),
    ("aliases are followed", ["alias.test"], "status 0 p q domain alias.test error -"),
    ("a dangling alias", ["dangling.test"], "status 9 p - domain dangling.test error NO_DATA"),
    ("a long record comes by TCP", ["long.test"], "status 0 p r domain long.test error -"),
    ("an unusable record", ["bad.test"], "status 4 p - domain - error -"),
    ("the organizational domain", ["a.b.plain.test"], "status 0 p r domain plain.test error -"),
    ("nothing", ["missing.test"], "status 9 p - domain missing.test error HOST_NOT_FOUND"),
    ("no TXT", ["nodata.test"], "status 9 p - domain nodata.test error NO_DATA"),
    ("SERVFAIL is temporary", ["servfail.test"], "status 11 p - domain - error TRY_AGAIN"),
    ("REFUSED is temporary", ["refused.test"], "status 11 p - domain - error TRY_AGAIN"),
    ("SERVFAIL stops the search", ["sub.servfail.test"],
     "status 11 p - domain servfail.test error TRY_AGAIN"),
    ("not a domain", ["no domain"], "status 6 p - domain - error -"),
    ("a name too long to ask", [".".join(["a" * 60] * 4) + ".test"], None),
    ("a destination that agrees", ["plain.test", "mailto:a@ext.test"],
     "status 0 p r domain plain.test destination 0 error -"),
    ("a destination that agrees to all", ["plain.test", "mailto:a@any.test"],
     "status 0 p r domain plain.test destination 0 error -"),
    ("a destination that is silent", ["plain.test", "mailto:a@no.test"],
     "status 0 p r domain plain.test destination 9 error HOST_NOT_FOUND"),
    ("a destination that cannot be asked", ["plain.test", "mailto:a@fault.test"],
     "status 0 p r domain plain.test destination 11 error TRY_AGAIN"),
]

suite = tap.Suite()
server = dnsserver.DnsServer(ZONE)


def query(p, arguments):
    return p.run([QUERY, str(server.port), *arguments], check=False)


def check(arguments, want):
    with procs.Procs() as p:
        done = query(p, arguments)
        tap.equal(done.returncode, 0, "exit")
        if want is not None:
            tap.equal(done.stdout.strip(), want, "output")


for title, arguments, want in CASES:
    suite.add(title, check, arguments, want)


@suite.case("two questions at most, and none for a list")
def _():
    with procs.Procs() as p:
        before = len(server.questions)
        query(p, ["a.b.c.missing.test"])
        asked = [(q.name, q.type) for q in server.questions[before:]]
        tap.equal(asked, [("_dmarc.a.b.c.missing.test", "TXT"), ("_dmarc.missing.test", "TXT")], "asked")


if __name__ == "__main__":
    with server:
        status = suite.run()
    sys.exit(status)
