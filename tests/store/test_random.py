"""test_random - reports about random histories, with every sort of text that a sender can
put into one: each passes the schema, and independent readers find equal sums in it.

RANDOM_REPORTS in the environment says how many reports are made (300), RANDOM_ROWS how many
rows the largest one has (10000), RANDOM_SEED from which numbers.
"""
import collections
import ipaddress
import os
import random
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import aggreport
import procs
import tap
from test_reports import DAY, HOSTILE, Site

REPORTS = int(os.environ.get("RANDOM_REPORTS", "300"))
ROWS = int(os.environ.get("RANDOM_ROWS", "10000"))
SEED = int(os.environ.get("RANDOM_SEED", "20260519"))
AT_A_TIME = 500

Sums = collections.namedtuple("Sums", "messages dkim spf")


def text(odd):
    """A word that may stand in a history line: no blanks, no line end, not empty."""
    if odd.random() < 0.5:
        return odd.choice([w for w in HOSTILE if " " not in w])
    # Of one octet never: Mail::DMARC takes the text "0" for none.
    length = odd.choice((2, 3, 20, 63, 64, 253, 300))
    octets = bytes(odd.choice([n for n in range(1, 256) if n not in (9, 10, 11, 12, 13, 32)])
                   for _ in range(odd.randint(2, length)))
    return octets.decode("utf-8", "surrogateescape")


def address(odd):
    if odd.random() < 0.3:
        return "2001:DB8:" + ":".join(f"{odd.randint(0, 65535):x}" for _ in range(6))
    return ".".join(str(odd.choice((0, 1, 10, 192, 255))) for _ in range(4))


def messages(odd, domain):
    """The history records about one policy domain, as values."""
    policy = {"p": ord(odd.choice("nqr")), "sp": odd.choice((0, 110, 113, 114)),
              "adkim": ord(odd.choice("rs")), "aspf": ord(odd.choice("rs")),
              "fo": odd.randint(0, 15), "discovery": odd.choice(("treewalk", "psl"))}
    for _ in range(odd.choice((1, 1, 2, 5, 20))):
        signatures = odd.choice((0, 0, 1, 2, 5, 1000 if odd.random() < 0.02 else 3))
        yield dict(
            policy, pdomain=domain, from_=odd.choice((domain, "sub." + domain, domain.upper())),
            ipaddr=address(odd), mfrom=odd.choice(("", domain, "Bücher.example", text(odd).lstrip("-"))),
            spf_domain=odd.choice((domain, "mx.sender.example")), count=odd.choice((1, 1, 2, 7)),
            dkim=[f"{odd.choice((domain, text(odd)))} {odd.choice(('-', 's1', text(odd)))} "
                  f"{odd.randint(-1, 12)}" for _ in range(signatures)],
            spf=odd.randint(-1, 12), spf_scope=odd.choice((-1, 1, 2)),
            policy=odd.choice((15, 15, 16, 17, 18)), action=odd.randint(0, 4),
            align_dkim=odd.choice((4, 5)), align_spf=odd.choice((4, 5)),
            override=[f"{odd.choice(('other', 'local_policy', 'policy_test_mode'))} {text(odd)}"
                      for _ in range(odd.choice((0, 0, 1, 3)))],
            effective=ord(odd.choice("nqr")), rua=["mailto:r@sender.example"])


def fill(site):
    """{policy domain: sums}."""
    odd = random.Random(SEED)
    want = {}
    for number in range(REPORTS):
        domain = f"d{number}.sender.example"
        sums = [0, 0, 0]
        for values in messages(odd, domain):
            sums[0] += values["count"]
            sums[1] += values["count"] * (values["align_dkim"] == 4)
            sums[2] += values["count"] * (values["align_spf"] == 4)
            site.add(**values)
        want[domain] = Sums(*sums)
        if number % AT_A_TIME == AT_A_TIME - 1:
            site.load()
    site.load()
    return want


def write(site, form):
    folder = site.p.path(form)
    site.report("--format", form, "--to-dir", folder)
    return folder, sorted(n for n in os.listdir(folder) if n.endswith(".xml.gz"))


def passing(report, name):
    return sum(row.count for row in report.rows if getattr(row, name) == "pass")


def new_form(site, want):
    folder, names = write(site, "rfc9990")
    got = {}
    for name in names:
        with open(os.path.join(folder, name), "rb") as f:
            report = aggreport.read_xml(f.read())
        got[report.domain] = Sums(report.messages, passing(report, "dkim"),
                                  passing(report, "spf"))
        tap.equal((report.begin, report.end), (site.midnight, site.midnight + DAY - 1), name)
    tap.equal({d: (got.get(d), s) for d, s in want.items() if got.get(d) != s}, {}, "sums")
    tap.equal(len(got), len(want), "reports")
    mails = [n for n in os.listdir(folder) if n.endswith(".eml")]
    tap.equal(len(mails), len(want), "mails")
    with open(os.path.join(folder, mails[0]), "rb") as f:
        aggreport.read_mail(f.read())


def old_form(site, want):
    try:
        subprocess.run(["perl", "-MMail::DMARC::Report::Receive", "-e1"], check=True,
                       stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        raise tap.Skip("no Mail::DMARC (Debian package libmail-dmarc-perl)") from None
    folder, names = write(site, "rfc7489")
    got = {}
    for at in range(0, len(names), AT_A_TIME):
        done = site.p.run(["perl", procs.source("tests/store/maildmarc.pl"),
                           *(os.path.join(folder, n) for n in names[at:at + AT_A_TIME])])
        tap.equal(done.stderr, "", "complaints of the reader")
        for line in done.stdout.splitlines():
            _, domain, begin, end, _, *sums = line.split()
            tap.equal((int(begin), int(end)), (site.midnight, site.midnight + DAY - 1), line)
            got[domain] = Sums(*map(int, sums))
    tap.equal({d: (got.get(d), s) for d, s in want.items() if got.get(d) != s}, {}, "sums")
    tap.equal(len(got), len(want), "reports")


def one_domain():
    """One report with many rows, from the history to the mail, in bounded memory."""
    odd = random.Random(SEED)
    with procs.Procs() as p, Site(p) as site:
        want = collections.Counter()
        for number in range(ROWS):
            address = str(ipaddress.IPv6Address((0x20010db8 << 96) + number))
            count = odd.choice((1, 1, 1, 2))
            site.add(count, ipaddr=address, dkim=[f"sender.example s{odd.randint(0, 9)} 0"])
            want[address] += count
            if number % 20000 == 19999:
                site.load()
        site.load()
        begin = time.monotonic()
        pid = subprocess.Popen(site.argv("--date", site.date), stdin=subprocess.DEVNULL).pid
        _, status, usage = os.wait4(pid, 0)
        secs = time.monotonic() - begin
        tap.equal(status, 0, "status")
        report = site.one()
        got = collections.Counter()
        for row in report.rows:
            got[row.ip] += row.count
        tap.true(got == want, f"{len(report.rows)} rows, {report.messages} messages")
        tap.diag(f"{len(report.rows)} rows, {report.messages} messages: {usage.ru_maxrss >> 10} MB,"
                 f" {usage.ru_utime + usage.ru_stime:.1f} s of work in {secs:.1f} s, mail of "
                 f"{len(site.sink.messages[0].octets) >> 10} KiB")
        if procs.is_sanitized("reports/opendmarc-reports"):
            tap.diag("the memory is not judged: a sanitizer is in the build")
        else:
            tap.true(usage.ru_maxrss < 256 << 10, f"{usage.ru_maxrss} KiB")


def main():
    suite = tap.Suite()
    with procs.Procs() as p, Site(p) as site:
        tap.diag(f"{REPORTS} reports, seed {SEED}")
        want = fill(site)
        suite.add("the form of RFC 9990, read by the reader of the tests", new_form, site, want)
        suite.add("one domain with very many rows", one_domain)
        suite.add("the form of RFC 7489, read by Mail::DMARC", old_form, site, want)
        return suite.run()


if __name__ == "__main__":
    sys.exit(main())
