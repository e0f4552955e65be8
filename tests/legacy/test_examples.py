#!/usr/bin/env python3
"""test_examples - evaluate.c and evaluate.py, the examples for odm.h, give the same
verdicts; the C one asks a real name server as well."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import procs  # noqa: E402
import tap  # noqa: E402

PROGRAM = procs.built("contrib/examples/evaluate")
SCRIPT = procs.source("contrib/examples/evaluate.py")
LIBRARY = procs.built("libopendmarc/.libs/libopendmarc.so.2")
ANSWERS = """_dmarc.example.com v=DMARC1; p=reject; sp=quarantine; np=reject
_dmarc.example.com v=spf1 -all
there.example.com
_dmarc.fails.example !
"""
TREE = "TXT _dmarc.{0}.example.com: no such name\nTXT _dmarc.example.com: records\nTXT _dmarc.com: no such name\n"

CASES = [
    ("an aligned signature", ["A <a@Example.com>", "spf=fail:other.example", "dkim=pass:example.com"],
     "TXT _dmarc.example.com: records\ndmarc=pass\nauthor domain: example.com\n"
     "policy domain: example.com\npolicy: reject (p)\naligned: spf no, dkim yes\n"
     "reason: A DKIM Signing Domain is aligned (RFC 9989, 5.3.5).\n"),
    ("a name below", ["there.example.com", "spf=none:"],
     TREE.format("there") + "exists there.example.com: no data\ndmarc=fail\n"
     "author domain: there.example.com\npolicy domain: example.com\npolicy: quarantine (sp)\n"
     "aligned: spf no, dkim no\n"
     "reason: No Authenticated Identifier is aligned (RFC 9989, 5.3.5).\n"),
    ("a name that does not exist", ["no.example.com"],
     TREE.format("no") + "exists no.example.com: no such name\ndmarc=fail\n"
     "author domain: no.example.com\npolicy domain: example.com\npolicy: reject (np)\n"
     "aligned: spf no, dkim no\n"
     "reason: No Authenticated Identifier is aligned (RFC 9989, 5.3.5).\n"),
    ("an answer that fails", ["a@fails.example", "spf=pass:fails.example"],
     "TXT _dmarc.fails.example: failed\ndmarc=temperror\nauthor domain: fails.example\n"
     "policy domain: -\npolicy: - (-)\naligned: spf no, dkim no\n"
     "reason: A DNS answer needed to find the policy failed (RFC 9989, 5.3.6).\n"),
    ("no domain", ["a@b@example.com"],
     "dmarc=permerror\nauthor domain: -\npolicy domain: -\npolicy: - (-)\n"
     "aligned: spf no, dkim no\nreason: The message has no Author Domain (RFC 9989, 5.3.1).\n"),
]

suite = tap.Suite()


def check_program(arguments, want):
    with procs.Procs() as p:
        done = p.run([PROGRAM, "-a", p.write("answers", ANSWERS), *arguments], check=False)
        tap.equal((done.returncode, done.stdout), (0, want), "evaluate")


def check_script(arguments, want):
    with procs.Procs() as p:
        done = p.run([sys.executable, SCRIPT, "--library", LIBRARY, p.write("answers", ANSWERS), *arguments],
                     check=False)
        if "ASan runtime" in done.stderr or "__asan" in done.stderr:
            raise tap.Skip("Python does not load a library with sanitizers")
        tap.equal((done.returncode, done.stdout), (0, want), "evaluate.py")


for title, arguments, want in CASES:
    suite.add("evaluate: " + title, check_program, arguments, want)
    suite.add("evaluate.py: " + title, check_script, arguments, want)


@suite.case("facts that are none are refused")
def _():
    with procs.Procs() as p:
        for bad in ("spf=perhaps:example.com", "dkim=pass:exa mple", "arc=pass:example.com", "spf"):
            done = p.run([PROGRAM, "-a", p.write("answers", ""), "example.com", bad], check=False)
            tap.equal(done.returncode, 65, bad)
        tap.equal(p.run([PROGRAM], check=False).returncode, 64, "usage")


if __name__ == "__main__":
    sys.exit(suite.run())
