#!/usr/bin/env python3
"""check_options - the option table, the sample file, opendmarc.conf(5) and the usage of
opendmarc with opendmarc(8) say the same: every option in all, with the same default."""
import getpass
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import procs  # noqa: E402
import tap  # noqa: E402

OPENDMARC = "opendmarc/opendmarc"
EMPTY_DEFAULT = re.compile(r"^(By default|There is no default)", re.M)


def read_sample():
    """The sample as the table gives it now: name -> (default or None, its line)."""
    text = subprocess.run([procs.built("opendmarc/conf-sample")], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    options = {}
    for block in text.split("\n\n")[1:]:
        head, _, line = block.strip().split("\n")
        name, about = re.fullmatch(r"## (\S+): (.*)", head).groups()
        default = re.search(r"\. Default: (.*)$", about)
        options[name] = (default and default[1], line)
    return text, options


def read_manual(page):
    with open(procs.source(page), encoding="utf-8") as f:
        return f.read()


def entries(text):
    """name -> text of the entry of each option; lists inside an entry belong to it."""
    return dict(re.findall(r"^\.It Cm ([A-Z]\S*)[^\n]*\n(.*?)(?=^\.It Cm [A-Z]|^\.S[sh] |\Z)",
                           text, re.M | re.S))


def usage_flags():
    done = subprocess.run([procs.built(OPENDMARC), "-?"], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return set(re.findall(r"^\t-(\w)", done.stderr, re.M))


def old_names():
    """The words of older versions, from the table."""
    with open(procs.source("common/conftable.c"), encoding="utf-8") as f:
        table = f.read().partition("conf_old_items[CONF_NOLD] = {")[2]
    return re.findall(r'^\t\{ "(\w+)"', table.partition("\n};")[0], re.M)


SAMPLE, OPTIONS = read_sample()
MANUAL = read_manual("man/opendmarc.conf.5")
ENTRIES = entries(MANUAL)


def check_sample_file():
    tap.equal(read_manual("contrib/opendmarc.conf.sample"), SAMPLE,
              "contrib/opendmarc.conf.sample (make update-sample rewrites it)")


def check_names():
    tap.equal(sorted(ENTRIES), sorted(OPTIONS), "options in opendmarc.conf(5)")
    tap.equal(list(ENTRIES), sorted(ENTRIES, key=str.lower), "their order")


def check_default(name):
    text = ENTRIES[name]
    stated = re.search(r"^The default is ([^:\n]*?)(?:\.$|: )", text, re.M)
    if OPTIONS[name][0] is None:
        tap.true(EMPTY_DEFAULT.search(text) and not stated,
                 "no default: the manual must say so (By default ...)")
    else:
        tap.true(stated, "the manual names no default")
        tap.equal(stated[1], OPTIONS[name][0], "default in opendmarc.conf(5)")


def check_flags():
    page = read_manual("man/opendmarc.8")
    documented = set(re.findall(r"^\.It Fl (\w)", page, re.M))
    tap.equal(sorted(documented), sorted(usage_flags()), "flags in opendmarc(8)")
    synopsis = page.partition(".Sh SYNOPSIS")[2].partition(".Sh ")[0]
    named = set()
    for flags in re.findall(r"Fl (\w+)", synopsis):
        named |= set(flags)
    tap.equal(sorted(named), sorted(documented), "flags in the synopsis")


def check_old_names():
    section = MANUAL.partition(".Ss Older words")[2].partition(".Sh ")[0]
    listed = re.findall(r"\b([A-Z]\w+)", "\n".join(re.findall(r"^\.Ic (.*)$", section, re.M)))
    tap.equal(sorted(listed), sorted(old_names()), "older words in opendmarc.conf(5)")


def check_uncommented():
    """The sample with every line in force, places and user replaced by what is here."""
    with procs.Procs() as p:
        here = {"UserID": getpass.getuser(), "BaseDirectory": p.tmp,
                "Socket": f"local:{p.path('socket')}", "PidFile": p.path("pid"),
                "HistoryFile": p.path("history"), "ChangeRootDirectory": "/",
                "TestDNSData": p.write("zone", "_dmarc.example.com v=DMARC1; p=none\n"),
                "IgnoreHosts": p.write("ignore", "192.0.2.1\n"),
                "DomainWhitelistFile": p.write("whitelist", "lists.example.org\n"),
                "ExceptionsFile": p.write("exceptions", "example.com net:192.0.2.1 -\n"),
                "PublicSuffixList": p.write("psl", "com\n")}
        text = "\n".join(f"{name} {here[name]}" if name in here else line[1:]
                         for name, (_, line) in OPTIONS.items()
                         if name != "ChangeRootDirectory" or os.getuid() == 0)
        done = p.run([procs.built(OPENDMARC), "-n", "-c", p.write("all.conf", text + "\n")],
                     check=False)
        tap.equal((done.returncode, done.stderr), (0, ""), "opendmarc -n")


def main():
    suite = tap.Suite()
    suite.add("the sample file is up to date", check_sample_file)
    suite.add("the sample is good with every line in force", check_uncommented)
    suite.add("the manual has every option", check_names)
    for name in OPTIONS:
        suite.add(f"default of {name}", check_default, name)
    suite.add("the manual has every older word", check_old_names)
    suite.add("the manual has every flag", check_flags)
    return suite.run()


if __name__ == "__main__":
    sys.exit(main())
