#!/usr/bin/env python3
"""soak - the memory of the daemon over many messages on 64 connections with a full DNS cache.

usage: soak.py [MESSAGES]

The messages (1000000) come in a hundred equal parts, of more domains than the cache holds.
Memory is looked at after each part and shown where it says most. Status 1: the limit of
memory is passed, or it grows once the cache is full, after 100000 messages.
"""
import argparse
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "lib")]
import measure  # noqa: E402
import procs  # noqa: E402
import programs  # noqa: E402

PARTS = 100
CONNECTIONS = 64
DOMAINS = 60000         # with three answers about each: more than the 50 000 of the cache
SHOWN = (1, 2, 5, 10, 25, 50, 75, 100)
RSS_MAX_KB = 20 * 1024
FULL = 100000           # messages after which the cache is certainly full
GROWTH_MAX = 1.05       # of what it was then: an allocator's ups and downs


def soak(messages):
    """Resident kB after the start and after each part."""
    with procs.Procs() as p:
        port = programs.start_dns(p, programs.zone("test", DOMAINS))
        target = programs.Programs(p, port).ours()
        rss = [measure.rss_kb(target.program.pid)]
        print(f"{'after':>9} {'RSS':>10}\n{'start':>9} {rss[0]:>7} kB", flush=True)
        each = max(1, messages // PARTS)
        for part in range(1, PARTS + 1):
            measure.load(target, c=CONNECTIONS, m=50, n=each, d=0, f=part * each % DOMAINS)
            rss.append(measure.rss_kb(target.program.pid))
            if part in SHOWN:
                print(f"{part * each:>9} {rss[part]:>7} kB", flush=True)
        return rss


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("messages", type=int, nargs="?", default=1000000)
    messages = parser.parse_args().messages
    try:
        rss = soak(messages)
    except (measure.Unexpected, procs.Error) as e:
        print(f"soak: {e}", file=sys.stderr)
        return 1
    small = max(rss) <= RSS_MAX_KB
    print(f"largest {max(rss)} kB, target <= {RSS_MAX_KB} kB: {'met' if small else 'MISSED'}")
    full = -(-FULL * PARTS // messages)     # the part that brings that many
    if full >= PARTS:
        print(f"too few messages to judge growth: it is looked at from {FULL} on")
        return 0 if small else 1
    growth = rss[PARTS] / rss[full]
    flat = growth <= GROWTH_MAX
    print(f"growth from {FULL} messages on: {growth:.3f}, target <= {GROWTH_MAX}: "
          f"{'met' if flat else 'MISSED'}")
    return 0 if small and flat else 1


if __name__ == "__main__":
    sys.exit(main())
