#!/usr/bin/env python3
"""test_history - trouble with the history file, as an administrator sees it: mail goes on, the
log tells it once, records are whole."""
import os
import re
import subprocess
import sys

from filter import Filter, message, procs, tap

MESSAGES = 60
LOST = "history records lost, mail goes on"


def send_many(f, want="accept"):
    """Many failures of a domain with a policy, on one connection."""
    with f.session() as m:
        for _ in range(MESSAGES):
            tap.equal(f.give(m, message("a@none.test")).reply, want, "reply")


def check_device():
    with Filter(options={"HistoryFile": "/dev/full"}) as f:
        send_many(f)
        tap.equal(f.log().count(LOST), 1, "lines about it")
        tap.contains(f.log(), "JOB1: /dev/full: write: No space left on device; 1 " + LOST)


def check_tempfail():
    with Filter(options={"HistoryFile": "/dev/full", "On-HistoryError": "tempfail"}) as f:
        result = f.send(message("a@none.test"))
        tap.equal((result.reply, result.text),
                  ("tempfail", "451 4.3.0 the message cannot be recorded, try again later"), "reply")
        tap.equal(f.send(message("a@nopolicy.test")).reply, "accept", "without a record to write")


def check_folder():
    """A file where a folder should be, and then the folder."""
    with Filter(start=False) as f:
        f.options["HistoryFile"] = f.procs.path("gone/history.dat")
        f.start()
        send_many(f)
        tap.equal(f.log().count(LOST), 1, "lines about it")
        tap.contains(f.log(), "open: No such file or directory")
        os.mkdir(f.procs.path("gone"))
        f.send(message("a@none.test"), job="LATER")
        tap.equal([r[0] for r in f.history()], [("job", "LATER")], "records")


def check_full_disk():
    """A file system of 8 kB: it holds whole records and nothing else."""
    if os.geteuid() != 0:
        raise tap.Skip("needs root, to mount a file system")
    if subprocess.run(["unshare", "--mount", "true"], check=False).returncode != 0:
        raise tap.Skip("name spaces cannot be made here")
    with Filter(start=False) as f:
        disk = f.procs.path("disk")
        os.mkdir(disk)
        f.options["HistoryFile"] = disk + "/history.dat"
        os.environ["WRAPPER"] = ("unshare --mount sh -c 'mount -t tmpfs -o size=8k none " + disk +
                                 " && exec \"$0\" \"$@\"'")
        try:
            f.start()
        finally:
            del os.environ["WRAPPER"]
        send_many(f)
        inside = f"/proc/{f.daemon.pid}/root{disk}/history.dat"
        records = re.split(r"^(?=job )", procs.read(inside), flags=re.M)[1:]
        tap.true(10 < len(records) < MESSAGES, f"{len(records)} records")
        for record in records:
            tap.true(record.endswith("\naction 2\n"), "half a record: " + record)
        tap.equal(f.log().count(LOST), 1, "lines about it")
        os.rename(inside, inside + ".moved")
        os.unlink(inside + ".moved")
        f.send(message("a@none.test"), job="LATER")
        tap.contains(procs.read(inside), "job LATER\n", "with room again")


def check_shrunk():
    """Emptied in its place, as no one should; renamed and removed, as it should be."""
    warning = re.compile(r"JOB2: \S+: the file had (\d+) octets and has 0: it was emptied in its "
                         r"place, and records written meanwhile may be lost; rename it instead, "
                         r"see opendmarc-history\(5\)$", re.M)
    with Filter() as f:
        path = f.options["HistoryFile"]
        f.send(message("a@none.test"))
        size = os.path.getsize(path)
        with open(path, "w", encoding="utf-8"):
            pass
        f.send(message("a@none.test"))
        found = warning.findall(f.log())
        tap.equal(found, [str(size)], "the size before, in the warning")
        for _ in range(3):
            os.rename(path, path + ".moved")
            os.unlink(path + ".moved")
            f.send(message("a@none.test"))
        tap.equal(f.log().count("emptied"), 1, "warnings")
        tap.equal(len(f.history()), 1, "records of the last file")


def main():
    suite = tap.Suite()
    suite.add("a full device", check_device)
    suite.add("On-HistoryError tempfail", check_tempfail)
    suite.add("a folder that comes later", check_folder)
    suite.add("a full disk", check_full_disk)
    suite.add("a file emptied in its place", check_shrunk)
    return suite.run()


if __name__ == "__main__":
    sys.exit(main())
