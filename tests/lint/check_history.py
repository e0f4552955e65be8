#!/usr/bin/env python3
"""check_history - opendmarc-history(5) has every key of the history file that the sources know,
says which are new, in which order they are written, and with which codes."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import procs  # noqa: E402
import tap  # noqa: E402


def read(name):
    with open(procs.source(name), encoding="utf-8") as f:
        return f.read()


PAGE = read("man/opendmarc-history.5")
KEYS = PAGE.partition(".Sh KEYS")[2].partition(".Ss Codes")[0]
READER = read("common/historyread.c").partition("} keys[] = {")[2].partition("\n};")[0]
# A repeated key stands once; the arguments of .Ar are no keys.
KEY = re.compile(r"(?:^\.It Cm | , Cm )([a-z_]+)", re.M)


def documented():
    return KEY.findall(KEYS)


def written(form):
    """Keys in the order in which they are written; check_history.c compares the files."""
    lines = read(f"tests/golden/history/{form}.dat").splitlines()
    return list(dict.fromkeys(line.partition(" ")[0] for line in lines))


def check_keys():
    known = re.findall(r'^\t\{ "(\w+)"', READER, re.M)
    tap.true(len(known) > 25, "the table of the reader is not found")
    tap.equal(sorted(documented()), sorted(known), "keys in opendmarc-history(5)")
    tap.equal(sorted(written("full")), sorted(known), "keys in the golden file")


def check_order():
    order = PAGE.partition(".It This version")[2].partition(".El")[0]
    listed = re.findall(r"[a-z_]+", " ".join(re.findall(r"^\.Cm (.*)$", order, re.M)))
    tap.equal(listed, written("full"), "order in opendmarc-history(5)")


def check_new():
    entries = re.split(r"^\.It Cm ", KEYS, flags=re.M)[1:]
    new = set()
    for entry in entries:
        head, _, text = entry.partition("\n")
        if text.startswith("New"):
            new |= set(KEY.findall(".It Cm " + head))
        new |= set(re.findall(r"^\.Cm ([a-z_]+)\nis new\.$", text, re.M))
    tap.equal(sorted(new), sorted(set(written("full")) - set(written("1.4"))), "keys marked new")


def check_codes():
    """The numbers of results that the sources know by name are those of the page."""
    codes = dict((word, number) for number, word in
                 re.findall(r"(-?\d+) Ta ([a-z]+)", PAGE.partition(".Ss Codes")[2]))
    rows = re.findall(r"\{ (\d+),\s*ODM_RESULT_(\w+)", read("common/history.c"))
    tap.true(len(rows) > 6, "the table of codes is not found")
    for number, word in rows:
        if word != "UNKNOWN":
            tap.equal(codes.get(word.lower()), number, word)


def main():
    suite = tap.Suite()
    suite.add("the manual has every key", check_keys)
    suite.add("the order of the keys", check_order)
    suite.add("keys that are new", check_new)
    suite.add("the codes of results", check_codes)
    return suite.run()


if __name__ == "__main__":
    sys.exit(main())
