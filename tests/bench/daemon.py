#!/usr/bin/env python3
"""daemon - the speed of the daemon, as ratios against a filter that does nothing and against
Debian's opendmarc, measured in turns within one run.

usage: daemon.py [--rounds N] [--secs N] [--alone]

In every round each program gets the same load for some seconds; a figure is the median
of the rounds, a ratio the median of the ratios of each round, so that what else the machine
does weighs on all of them. --alone leaves Debian's opendmarc out, as does a user other
than root, since it needs a name space with a resolver of its own. The status says whether the
measuring worked, not whether the targets are met.
"""
import argparse
import os
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "lib"), os.path.join(HERE, "..", "system")]
import measure  # noqa: E402
import namespace  # noqa: E402
import procs  # noqa: E402
import programs  # noqa: E402

DOMAINS = 1000
SLOW_DOMAINS = 30000
FIRST_CONTACTS = 400
FORMATS = {"rate": "{:.0f}/s", "cpu_us": "{:.0f} us", "p50_ms": "{:.2f} ms", "p99_ms": "{:.2f} ms"}


def why_alone(args):
    """The reason to measure without Debian's opendmarc, or None."""
    if args.alone:
        return "--alone"
    if os.geteuid() != 0:
        return "needs root, for a name space with a resolver of its own"
    if subprocess.run([*namespace.SPACES, "true"], stderr=subprocess.DEVNULL, check=False).returncode:
        return "name spaces cannot be made here"
    reason = programs.fetch()
    return reason and f"its packages cannot be downloaded: {reason}"


def in_turns(args, targets, **options):
    """{name: [Sample of each round]} with one load for all; a first run warms each of them."""
    samples = {t.name: [] for t in targets}
    for t in targets:
        measure.load(t, t=1, **options)
    for n in range(args.rounds):
        turn = n % len(targets)
        for t in targets[turn:] + targets[:turn]:
            samples[t.name].append(measure.load(t, t=args.secs, **options))
    return samples


class Table:
    """Rows of the result, printed as they come."""

    FORM = "{:<42} {:>11} {:>11} {:>11}  {:>9}  {:<15} {}"

    def __init__(self):
        self.missed = 0
        print(self.FORM.format("", "ours", "Debian's", "null", "ratio", "target", ""), flush=True)

    def row(self, what, key, samples, value, text, met):
        """One row: key of Sample, the columns that are measured, and whether the value will do."""
        def column(*names):
            found = [n for n in names if n in samples]
            return FORMATS[key].format(median(samples[found[0]], key)) if found else "-"
        self.missed += not met
        print(self.FORM.format(what, column("ours-spf", "ours-tcp", "ours"),
                               column("debian-spf", "debian"), column("null-tcp", "null"),
                               value, text, "met" if met else "MISSED"), flush=True)

    def ratio(self, what, key, samples, pair, sign, target):
        """A row about the ratio of two programs; left out when one was not measured."""
        if not all(name in samples for name in pair):
            return
        value = statistics.median(getattr(a, key) / getattr(b, key)
                                  for a, b in zip(*(samples[name] for name in pair)))
        met = value >= target if sign == ">=" else value <= target
        self.row(what, key, samples, f"{value:.2f}", f"{sign} {target:.2f}", met)

    def limit(self, what, key, samples, name, limit):
        """A row about a figure of one program."""
        value = median(samples[name], key)
        self.row(what, key, samples, "", f"<= {FORMATS[key].format(limit)}", value <= limit)


def median(samples, key):
    return statistics.median(getattr(s, key) for s in samples)


def answers_at_hand(args, table, start, debian):
    ours, null = start.ours(), start.null()
    others = [start.debian()] if debian else []
    s = in_turns(args, [ours, null, *others], c=8, m=50, d=DOMAINS)
    what = "8 connections, 50 messages each"
    table.ratio(what + ": rate", "rate", s, ("ours", "debian"), ">=", 2.5)
    table.ratio(what + ": CPU", "cpu_us", s, ("ours", "debian"), "<=", 0.45)
    table.ratio(what + ": rate", "rate", s, ("ours", "null"), ">=", 0.5)
    s = in_turns(args, [ours, null, *others], c=64, m=1, d=DOMAINS)
    what = "64 connections, 1 message each"
    table.ratio(what + ": rate", "rate", s, ("ours", "debian"), ">=", 1.5)
    table.ratio(what + ": p99", "p99_ms", s, ("ours", "debian"), "<=", 0.5)
    s = in_turns(args, [ours, start.ours(tcp=True), start.null(tcp=True)], c=8, m=50, d=DOMAINS)
    table.ratio("TCP against UNIX socket: rate", "rate", s, ("ours-tcp", "ours"), ">=", 2 / 3)
    table.limit("TCP: p50", "p50_ms", s, "ours-tcp", 2)


def answers_late(args, table, start, debian):
    """Every domain is asked for twice by each program: as a stranger, then at once again."""
    targets = [start.ours(own_spf=True)] + ([start.debian(own_spf=True)] if debian else [])
    first = {t.name: [] for t in targets}
    again = {t.name: [] for t in targets}
    for n in range(args.rounds):
        for t in targets:
            for samples in (first, again):
                samples[t.name].append(measure.load(
                    t, c=8, m=50, n=FIRST_CONTACTS, d=0, s=programs.SLOW,
                    f=DOMAINS + n * FIRST_CONTACTS))
    what = f"own SPF, DNS {programs.DELAY_MS} ms"
    table.limit(what + ", first contact: p50", "p50_ms", first, "ours-spf", 45)
    table.limit(what + ", known: p50", "p50_ms", again, "ours-spf", 1)
    s = in_turns(args, targets, c=64, m=50, d=DOMAINS, s=programs.SLOW)
    table.ratio(what + ", 64 connections: rate", "rate", s, ("ours-spf", "debian-spf"), ">=", 5)


def bench(args, debian):
    with procs.Procs() as p:
        if debian:
            namespace.furnish(p)
        port = programs.start_dns(p, programs.zone("test", DOMAINS) +
                                  programs.zone(programs.SLOW, SLOW_DOMAINS), port=53 if debian else 0)
        start = programs.Programs(p, port)
        table = Table()
        try:
            answers_at_hand(args, table, start, debian)
            answers_late(args, table, start, debian)
        except (measure.Unexpected, procs.Error) as e:
            print(f"bench: {e}\n{p.logs()}", file=sys.stderr)
            return 1
        print(f"{table.missed} missed", flush=True)
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--secs", type=int, default=2)
    parser.add_argument("--alone", action="store_true")
    args = parser.parse_args()
    if os.environ.get(namespace.INSIDE) == "1":
        return bench(args, True)
    reason = why_alone(args)
    if reason is None:
        namespace.enter([])     # goes on above
    print(f"Debian's opendmarc is left out: {reason}")
    return bench(args, False)


if __name__ == "__main__":
    sys.exit(main())
