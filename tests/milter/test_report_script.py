#!/usr/bin/env python3
"""test_report_script - contrib/report-script and the units that start it: import, reports,
expiry in this order; what fails stops it; two whole runs do not mix. The tools are
stand-ins; what they do for themselves has tests of its own."""
import datetime
import fcntl
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import procs  # noqa: E402
import tap  # noqa: E402

SCRIPT = procs.built("contrib/report-script")
# A stand-in for the tools: appends its name and arguments to a journal, or fails.
TOOL = """#!/bin/sh
echo "$(basename "$0") $*" >>"$JOURNAL"
test ! -e "$0.fail"
"""
TOOLS = ("importstats", "reports", "expire")

suite = tap.Suite()
p = procs.Procs()
count = iter(range(1000))


class Site:
    """A configuration, and stand-ins for the tools."""

    def __init__(self):
        self.folder = p.path(f"site{next(count)}")
        os.mkdir(self.folder)
        self.journal = f"{self.folder}/journal"
        self.conf = f"{self.folder}/conf"
        self.lock = f"{self.folder}/lock"
        self.write("conf", "# nothing\n")
        self.env = {"CONFIG": self.conf, "JOURNAL": self.journal, "LOCK": self.lock,
                    "LOCK_WAIT": "0", "DAY": "2026-11-20"}
        for tool in TOOLS:
            self.write(tool, TOOL)
            os.chmod(f"{self.folder}/{tool}", 0o755)
            self.env[tool.upper()] = f"{self.folder}/{tool}"

    def write(self, name, text):
        with open(f"{self.folder}/{name}", "w", encoding="ascii") as f:
            f.write(text)

    def run(self, *args, **env):
        return p.run(["sh", SCRIPT, *args], env=dict(self.env, **env), check=False)

    def quiet(self, *args, **env):
        done = self.run(*args, **env)
        tap.equal((done.returncode, done.stdout, done.stderr), (0, "", ""), "outcome")

    def done(self):
        """What the stand-ins were called with."""
        return procs.read(self.journal).replace(f" --conf {self.conf}", " -c").splitlines()


@suite.case("import alone; import, reports, expiry")
def _():
    s = Site()
    s.quiet("import")
    tap.equal(s.done(), ["importstats -c"])
    os.unlink(s.journal)
    s.quiet()
    tap.equal(s.done(), ["importstats -c", "reports -c --date 2026-11-20", "expire -c"])


@suite.case("without a day opendmarc-reports chooses, but not in the first hour")
def _():
    s = Site()
    before = datetime.datetime.now(datetime.timezone.utc)
    s.quiet(DAY="")
    after = datetime.datetime.now(datetime.timezone.utc)
    if before.hour == 0 or after.hour == 0:
        tap.true(len(s.done()) in (2, 3), "at most one call in the first hour")
    else:
        tap.equal(s.done(), ["importstats -c", "reports -c", "expire -c"])


@suite.case("options, history file and a missing configuration")
def _():
    s = Site()
    os.unlink(s.conf)
    s.quiet(HISTORY="/x/h.dat", IMPORT_OPTIONS="--verbose", EXPIRE_OPTIONS="--expire 9 --alltables",
            REPORTS_OPTIONS="--smtp-server mx")
    tap.equal(s.done(), ["importstats --verbose --history-file /x/h.dat",
                         "reports --smtp-server mx --date 2026-11-20",
                         "expire --expire 9 --alltables"])


@suite.case("what fails is named, and nothing comes after it")
def _():
    for i, tool in enumerate(TOOLS):
        s = Site()
        s.write(f"{tool}.fail", "")
        done = s.run()
        tap.equal((done.returncode, done.stdout, done.stderr),
                  (1, "", f"report-script: {s.env[tool.upper()]} failed\n"), "outcome")
        tap.equal([line.split()[0] for line in s.done()], list(TOOLS[:i + 1]))


@suite.case("a second whole run does not start while the first one works; an import does")
def _():
    s = Site()
    with open(s.lock, "a", encoding="ascii") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        done = s.run()
        tap.equal((done.returncode, s.done()), (1, []), "while locked")
        tap.contains(done.stderr, f"another run holds {s.lock}", "stderr")
        s.quiet("import")
    s.quiet()
    tap.equal(len(s.done()), 4)


@suite.case("the random delay stays below its limit, and the import alone has none")
def _():
    s = Site()
    s.write("sleep", "#!/bin/sh\necho \"$1\" >>\"$JOURNAL.naps\"\n")
    os.chmod(f"{s.folder}/sleep", 0o755)
    path = f"{s.folder}:{os.environ['PATH']}"
    s.quiet("import", RANDOM_DELAY="900", PATH=path)
    tap.equal(procs.read(s.journal + ".naps"), "")
    for _ in range(8):
        s.quiet(RANDOM_DELAY="900", PATH=path)
    naps = [int(n) for n in procs.read(s.journal + ".naps").split()]
    tap.true(len(naps) == 8 and all(0 <= n < 900 for n in naps), naps)
    tap.true(len(set(naps)) > 1, f"different delays: {naps}")


@suite.case("wrong arguments")
def _():
    for args in (["export"], ["import", "x"]):
        done = Site().run(*args)
        tap.equal((done.returncode, done.stderr),
                  (1, "report-script: usage: report-script [import]\n"), "outcome")


@suite.case("the crontab runs what is installed")
def _():
    text = open(procs.built("contrib/cron/opendmarc"), encoding="ascii").read()
    lines = [line.split() for line in text.splitlines() if re.match(r"[*\d]", line)]
    tap.true(len(lines) >= 2 and all(len(line) >= 7 and line[5] == "opendmarc" for line in lines),
             lines)
    tap.true("@" not in re.sub(r"\S+@example.com", "", text), "nothing left to fill in")


@suite.case("the timer and its service are what systemd understands")
def _():
    if not shutil.which("systemd-analyze"):
        raise tap.Skip("systemd-analyze is not installed")
    os.mkdir(p.path("units"))
    with open(procs.built("contrib/systemd/opendmarc-reports.service"), encoding="ascii") as f:
        service = f.read()
    # The programs are not installed here.
    service = re.sub(r"(?m)^ExecStart=.*$", "ExecStart=/bin/true", service)
    p.write("units/opendmarc-reports.service", re.sub(r"(?m)^Documentation=.*\n", "", service))
    with open(procs.source("contrib/systemd/opendmarc-reports.timer"), encoding="ascii") as f:
        p.write("units/opendmarc-reports.timer", re.sub(r"(?m)^Documentation=.*\n", "", f.read()))
    done = subprocess.run(["systemd-analyze", "verify", p.path("units/opendmarc-reports.timer")],
                          capture_output=True, text=True, check=False)
    tap.equal((done.returncode, "opendmarc-reports" in done.stderr), (0, False), done.stderr)


def main():
    with p:
        return suite.run()


if __name__ == "__main__":
    sys.exit(main())
