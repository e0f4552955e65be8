#!/usr/bin/env python3
"""import - how fast opendmarc-import stores N records (default 100000), in SQLite and in a
MariaDB server of its own: records/s, seconds of CPU, memory; and the same again, when all
is known. Needs the built tree: top_builddir=... tests/bench/import.py [N]"""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import mariadb  # noqa: E402
import procs  # noqa: E402
from historyfile import history  # noqa: E402


def measure(label, url, path, n):
    argv = [procs.built("reports/opendmarc-import"), "--db", url, "--input", path]
    start = time.monotonic()
    pid = os.spawnv(os.P_NOWAIT, argv[0], argv)
    _, status, usage = os.wait4(pid, 0)
    secs = time.monotonic() - start
    if status != 0:
        raise SystemExit(f"{argv} ended with {status}")
    print(f"{label:24} {n / secs:9.0f} records/s  {secs:6.2f} s  "
          f"CPU {usage.ru_utime + usage.ru_stime:6.2f} s  {usage.ru_maxrss // 1024:4d} MB",
          flush=True)


def main():
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 100000
    with procs.Procs() as p:
        path = p.write("h.dat", history(n, domains=2000))
        url = f"sqlite:{p.path('t.db')}"
        measure("SQLite", url, path, n)
        measure("SQLite, known", url, path, n)
        if mariadb.missing():
            print(f"MariaDB: {mariadb.missing()}")
            return
        server = mariadb.Server(p, options=["--innodb-flush-log-at-trx-commit=1"])
        server.sql("CREATE DATABASE t")
        measure("MariaDB", server.url("t"), path, n)
        measure("MariaDB, known", server.url("t"), path, n)


main()
