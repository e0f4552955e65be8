#!/usr/bin/env python3
"""test_report_script - contrib/report-script loses no record, whatever fails: the file
is renamed, imported and only then removed, leftovers go first, two runs do not mix."""
import datetime
import fcntl
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import procs  # noqa: E402
import tap  # noqa: E402

SCRIPT = procs.built("contrib/report-script")
# A stand-in for the tools: appends its arguments and its input to a journal, or fails.
TOOL = """#!/bin/sh
echo "$(basename "$0") $*" >>"$JOURNAL"
while test $# -gt 0; do
	test "$1" != --input || cat "$2" >>"$JOURNAL"
	shift
done
test ! -e "$JOURNAL.fail" || exit 1
"""

suite = tap.Suite()
p = procs.Procs()
count = iter(range(1000))


class Site:
    """A history file, a configuration that names it, and stand-ins for the tools."""

    def __init__(self, option="HistoryFile {history}\n"):
        name = f"site{next(count)}"
        self.history = p.path(name, "h.dat")
        self.journal = p.path(name, "journal")
        self.conf = p.write(f"{name}/conf", "# x\n" + option.format(history=self.history))
        self.env = {"CONFIG": self.conf, "JOURNAL": self.journal, "LOCK_WAIT": "0",
                    "IMPORT": p.write(f"{name}/import", TOOL, 0o755),
                    "REPORTS": p.write(f"{name}/reports", TOOL, 0o755)}

    def add(self, text, suffix=""):
        with open(self.history + suffix, "a", encoding="ascii") as f:
            f.write(text)

    def fail(self, yes):
        if yes:
            with open(self.journal + ".fail", "w", encoding="ascii"):
                pass
        else:
            os.unlink(self.journal + ".fail")

    def run(self, *args, **env):
        return p.run(["sh", SCRIPT, *args], env=dict(self.env, **env), check=False)

    def quiet(self, *args, **env):
        done = self.run(*args, **env)
        tap.equal((done.returncode, done.stdout, done.stderr), (0, "", ""), "outcome")

    def done(self):
        """What the stand-ins were called with, and the records they got."""
        return procs.read(self.journal).replace(f" --conf {self.conf}", "").splitlines()

    def files(self):
        return [s for s in ("", ".import") if os.path.exists(self.history + s)]


@suite.case("records are imported once and the file is gone")
def _():
    s = Site()
    s.add("one\ntwo\n")
    s.quiet("import")
    tap.equal(s.done(), [f"import --input {s.history}.import", "one", "two"], "journal")
    tap.equal(s.files(), [], "files left")
    s.quiet("import")
    tap.equal(len(s.done()), 3, "lines after a second run")


@suite.case("no history, an empty history: nothing to do")
def _():
    s = Site()
    s.quiet("import")
    s.add("")
    s.quiet("import")
    tap.equal(s.done(), [], "journal")


@suite.case("a failed import leaves the records, and they go first the next time")
def _():
    s = Site()
    s.add("one\n")
    s.fail(True)
    done = s.run("import")
    tap.equal((done.returncode, done.stdout), (1, ""), "outcome")
    tap.equal(done.stderr, f"report-script: {s.env['IMPORT']} failed; the records wait in "
              f"{s.history}.import\n", "stderr")
    tap.equal(s.files(), [".import"], "files")
    s.add("two\n")
    done = s.run("import")
    tap.equal((done.returncode, s.files()), (1, ["", ".import"]), "still failing")
    s.fail(False)
    os.unlink(s.journal)
    s.quiet("import")
    tap.equal([line for line in s.done() if line in ("one", "two")], ["one", "two"], "order")
    tap.equal(s.files(), [], "files left")


@suite.case("what an interrupted run left is imported before newer records")
def _():
    s = Site()
    s.add("old\n", ".import")
    s.add("new\n")
    s.quiet("import")
    tap.equal([line for line in s.done() if line in ("old", "new")], ["old", "new"], "order")


@suite.case("reports of the days not told yet, after the import")
def _():
    s = Site()
    s.add("one\n")
    before = datetime.datetime.now(datetime.timezone.utc)
    s.quiet()
    after = datetime.datetime.now(datetime.timezone.utc)
    calls = [line for line in s.done() if line.startswith("reports")]
    if before.hour == 0 or after.hour == 0:
        tap.true(len(calls) <= 1, "at most one call in the first hour")
    else:
        tap.equal(calls, ["reports"], "opendmarc-reports chooses the days itself")
        tap.equal(s.done()[-1], calls[0], "last line")


@suite.case("day and options can be set")
def _():
    s = Site()
    s.quiet(DAY="2026-11-20", REPORTS_OPTIONS="--smtp-server mx --verbose",
            IMPORT_OPTIONS="--verbose")
    tap.equal(s.done(), ["reports --smtp-server mx --verbose --date 2026-11-20"], "journal")


@suite.case("failing reports are a failure, not before the records are in")
def _():
    s = Site()
    s.env["REPORTS"] = "/bin/false"
    s.add("one\n")
    done = s.run(DAY="2026-11-20")
    tap.equal((done.returncode, done.stderr),
              (1, "report-script: /bin/false failed\n"), "outcome")
    tap.equal((s.done()[1:], s.files()), (["one"], []), "records")


@suite.case("a second run does not start while the first one works")
def _():
    s = Site()
    s.add("one\n")
    with open(s.history + ".lock", "a", encoding="ascii") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        done = s.run("import")
        tap.equal((done.returncode, s.done(), s.files()), (1, [], [""]), "while locked")
        tap.contains(done.stderr, f"another run holds {s.history}.lock", "stderr")
    s.quiet("import")
    tap.equal(s.files(), [], "files after the lock is free")


@suite.case("the last HistoryFile of the configuration counts, as for the daemon")
def _():
    s = Site("HistoryFile /nonexistent/x\n#HistoryFile /y\n\thistoryfile \t{history} # z\r\n")
    s.add("one\n")
    s.quiet("import")
    tap.equal(s.done()[-1], "one", "record")


@suite.case("without a history file, and with wrong arguments, it says so")
def _():
    s = Site("Syslog no\n")
    done = s.run()
    tap.equal((done.returncode, done.stderr),
              (1, f"report-script: no HistoryFile in {s.conf}, and HISTORY is not set\n"), "outcome")
    for args in (["export"], ["import", "x"]):
        done = s.run(*args)
        tap.equal((done.returncode, done.stderr),
                  (1, "report-script: usage: report-script [import]\n"), "outcome")


def main():
    with p:
        return suite.run()


if __name__ == "__main__":
    sys.exit(main())
