"""measure - one run of the load generator against a program, and what the program spent on it."""
import collections
import os
import re
import subprocess
import time

import procs

# messages/s; CPU microseconds for a message; latencies of whole messages in milliseconds.
Sample = collections.namedtuple("Sample", "rate cpu_us p50_ms p99_ms")


class Unexpected(Exception):
    """Messages were lost or answered wrongly: the figures mean nothing."""


def family(pid):
    """pid and the processes below it."""
    pids = [pid]
    for parent in pids:
        try:
            for task in os.listdir(f"/proc/{parent}/task"):
                pids += map(int, procs.read(f"/proc/{parent}/task/{task}/children").split())
        except FileNotFoundError:
            pass        # it has ended
    return pids


def cpu_secs(pid):
    """CPU time of a process and its children so far, by the clock that Linux keeps for each."""
    total = 0.0
    for p in family(pid):
        try:
            total += time.clock_gettime((~p << 3) | 2)
        except OSError:
            pass
    return total


def rss_kb(pid):
    """Resident memory of a process and its children."""
    return sum(int(n) for p in family(pid)
               for n in re.findall(r"^VmRSS:\s*(\d+) kB", procs.read(f"/proc/{p}/status"), re.M))


def load(target, **options):
    """Runs milterload against a programs.Target; options are its letters. A Sample."""
    argv = [procs.built("tests/bench/milterload")]
    for letter, value in options.items():
        argv += ["-" + letter, str(value)]
    if target.plain:
        argv.append("-p")
    before = cpu_secs(target.program.pid)
    done = subprocess.run([*argv, target.socket, procs.source("tests/bench/messages")], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    spent = cpu_secs(target.program.pid) - before
    target.drop_history()
    if done.returncode != 0 or not target.program.running():
        raise Unexpected(f"{target.name}: {' '.join(argv)}:\n{done.stdout}{done.stderr}"
                         f"{target.program.output()[-2000:]}")
    found = dict(re.findall(r"(\w+)=([\d.]+)", done.stdout))
    return Sample(float(found["rate"]), spent * 1e6 / float(found["messages"]),
                  float(found["p50_us"]) / 1000, float(found["p99_us"]) / 1000)
