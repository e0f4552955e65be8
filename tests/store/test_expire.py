#!/usr/bin/env python3
"""test_expire - opendmarc-expire and opendmarc-params as commands, on SQLite and MariaDB."""
import os
import re
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import mariadb  # noqa: E402
import procs  # noqa: E402
import tap  # noqa: E402
import terminal  # noqa: E402
from historyfile import record  # noqa: E402

DAY = 86400
NOW = int(time.time())
OLD, RECENT = NOW - 200 * DAY, NOW - 10 * DAY

suite = tap.Suite()
p = procs.Procs()
count = iter(range(10000))


class SQLite:
    """An empty database in a folder of its own."""
    name = "SQLite"

    def __init__(self):
        self.path = p.path(f"t{next(count)}.db")
        self.url = f"sqlite:{self.path}"

    def sql(self, text):
        db = sqlite3.connect(self.path, timeout=60)
        try:
            got = [[str(v) for v in row] for row in db.execute(text).fetchall()]
            db.commit()
            return got
        finally:
            db.close()


class MariaDB:
    """An empty database on one server."""
    name = "MariaDB"
    server = None

    def __init__(self):
        if mariadb.missing():
            raise tap.Skip(mariadb.missing())
        if MariaDB.server is None:
            MariaDB.server = mariadb.Server(p)
        self.database = f"t{next(count)}"
        self.server.sql(f"CREATE DATABASE {self.database}")
        self.url = self.server.url(self.database)

    def sql(self, text):
        return self.server.sql(text, self.database)


def run(tool, *args, status=0, text=None, env=None):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("OPENDMARC_")}
    done = subprocess.run([procs.built(f"reports/opendmarc-{tool}"), *args], input=text or "",
                          capture_output=True, text=True, timeout=120,
                          env=dict(clean, **(env or {})))
    tap.equal(done.returncode, status, f"status of {tool} {args}: {done.stderr}")
    return done


def number(db, table, where="1 = 1"):
    return int(db.sql(f"SELECT count(*) FROM {table} WHERE {where}")[0][0])


def fill(db, *records):
    run("import", "--db", db.url, text="".join(records))


def shown(output):
    """The lines that a terminal has shown, one over the other."""
    return [line for line in re.split(r"\r\n|\r|\033\[K", output) if line]


NO_RUA = {"rua": ["-"]}


def on_each(name):
    """Decorator: one case for each kind of database."""
    def add(function):
        for kind in (SQLite, MariaDB):
            suite.add(f"{kind.name}: {name}", lambda k=kind: function(k()))
        return function
    return add


@suite.case("a terminal shows how far the expiry has come, cron sees nothing")
def _():
    db = SQLite()
    fill(db, *(record(job=f"J{i}", received=OLD + i, **NO_RUA) for i in range(30)))
    argv = [procs.built("reports/opendmarc-expire"), "--db", db.url, "--batch", "1", "--verbose",
            "--conf", os.devnull]
    # What takes less than a second shows nothing: the first batch has to wait for a lock.
    other = sqlite3.connect(db.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with terminal.Terminal(argv) as t:
        t.wait_for("expiring what is older")
        time.sleep(1.3)
        other.execute("ROLLBACK")
        tap.equal(t.end(), 0, "status")
    other.close()
    lines = [l for l in shown(t.output) if re.match(r"\d+ rows, \d+/s", l)]
    tap.true(lines, f"progress in {t.output!r}")
    tap.true(re.fullmatch(r"\d+ rows, \d+/s, \d+ %, \d+:\d\d left", lines[0]), lines[0])
    tap.true(t.output.endswith("\r\033[K") or not t.output.rpartition("\r\033[K")[2].strip("\r\n")
             .startswith(tuple("0123456789")), "the line is taken away at the end")
    tap.equal(number(db, "messages"), 0, "messages")
    fill(db, record(received=OLD, **NO_RUA))
    done = run("expire", "--db", db.url)
    tap.equal(done.stdout + done.stderr, "", "without a terminal")


@on_each("old messages go with all that belongs to them; 180 days by default")
def _(db):
    fill(db, record(job="A", received=OLD, override=["other x"], **NO_RUA),
         record(job="B", received=NOW - 179 * DAY, **NO_RUA),
         record(job="C", received=RECENT, **NO_RUA))
    done = run("expire", "--db", db.url)
    tap.equal((done.stdout, done.stderr), ("", ""))
    tap.equal(db.sql("SELECT jobid FROM messages ORDER BY jobid"), [["B"], ["C"]])
    tap.equal(number(db, "signatures"), 2)
    tap.equal(number(db, "overrides", "comment = 'x'"), 0)
    run("expire", "--db", db.url, "--expire=20")
    tap.equal(db.sql("SELECT jobid FROM messages"), [["C"]])


@on_each("a table that becomes empty is no error, and the rest is done")
def _(db):
    run("expire", "--db", db.url, "--alltables")
    fill(db, record(received=OLD, **NO_RUA))
    done = run("expire", "--db", db.url, "--verbose", "--alltables")
    tap.contains(done.stdout, "opendmarc-expire: messages: 1 row deleted\n")
    tap.contains(done.stdout, "opendmarc-expire: requests: 1 row deleted\n")
    tap.contains(done.stdout, "opendmarc-expire: suppressions: no rows deleted\n")
    for table in ("messages", "requests", "domains", "selectors", "ipaddr", "reporters"):
        tap.equal(number(db, table), 0, table)


@on_each("what waits for its report stays, unless --unreported is said")
def _(db):
    fill(db, record(job="A", received=OLD))
    done = run("expire", "--db", db.url, "--verbose")
    tap.contains(done.stdout, "messages: no rows deleted\n")
    tap.contains(done.stdout, "1 old message kept: no report about it was made yet\n")
    tap.equal(number(db, "messages"), 1)
    run("expire", "--db", db.url, "--unreported")
    tap.equal(number(db, "messages"), 0)


@on_each("an override of opendmarc-params outlives everything")
def _(db):
    fill(db, record(received=OLD, pdomain="a.example", **{"from": "a.example"}))
    run("params", "--db", db.url, "--rua=mailto:mine@x.example", "a.example")
    run("expire", "--db", db.url, "--unreported", "--alltables")
    tap.equal(number(db, "messages"), 0)
    tap.equal(db.sql("SELECT repuri, locked FROM requests"), [["mailto:mine@x.example", "1"]])
    run("params", "--db", db.url, "--unlock", "a.example")
    run("expire", "--db", db.url)
    tap.equal(number(db, "requests", "locked = 1"), 0)


@on_each("many batches, while others import")
def _(db):
    fill(db, *(record(job=f"O{i}", received=OLD + i, **NO_RUA) for i in range(3000)))
    importer = subprocess.Popen([procs.built("reports/opendmarc-import"), "--db", db.url],
                                stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    expire = subprocess.Popen([procs.built("reports/opendmarc-expire"), "--db", db.url,
                               "--batch=100", "--alltables"], stderr=subprocess.PIPE, text=True)
    _, err = importer.communicate("".join(
        record(job=f"N{i}", received=RECENT + i, pdomain=f"n{i % 50}.example", **NO_RUA)
        for i in range(3000)))
    tap.equal((importer.returncode, err), (0, ""))
    tap.equal((expire.communicate()[1], expire.returncode), ("", 0))
    tap.equal(number(db, "messages", "jobid LIKE 'O%'"), 0)
    tap.equal(number(db, "messages", "jobid LIKE 'N%'"), 3000)
    tap.equal(number(db, "signatures"), 3000)


@on_each("params: lock, show, import, unlock")
def _(db):
    def show():
        return run("params", "--db", db.url, "A.Example").stdout
    tap.equal(show(), "a.example: not seen yet, as published\n")
    fill(db, record(job="A", received=RECENT, **{"from": "a.example"}))
    tap.equal(show(), "a.example: as published, reports to mailto:r@a.example\n")
    done = run("params", "-db", db.url, "a.example", "--rua", "mailto:x@b.example,mailto:y@c.example")
    tap.equal((done.stdout, done.stderr), ("", ""))
    fill(db, record(job="B", received=RECENT + 1, **{"from": "a.example"}))
    tap.equal(show(), "a.example: locked, reports to mailto:x@b.example,mailto:y@c.example\n")
    tap.contains(run("params", "--db", db.url, "--rua=-", "--verbose", "a.example").stdout,
                 "a.example: locked, reports to nobody\n")
    run("params", "--db", db.url, "--unlock", "a.example")
    fill(db, record(job="C", received=RECENT + 2, **{"from": "a.example"}))
    tap.equal(show(), "a.example: as published, reports to mailto:r@a.example\n")
    run("params", "--db", db.url, "--rua=mailto:z@x.example", "never.seen.example")
    tap.contains(run("params", "--db", db.url, "never.seen.example").stdout, "locked")


@suite.case("expire: the age from the environment, the command line wins")
def _():
    db = SQLite()
    fill(db, record(job="A", received=OLD, **NO_RUA), record(job="B", received=RECENT, **NO_RUA))
    run("expire", "--db", db.url, "--expire", "300", env={"OPENDMARC_MAXAGE": "5"})
    tap.equal(number(db, "messages"), 2)
    run("expire", "--db", db.url, env={"OPENDMARC_MAXAGE": "5"})
    tap.equal(number(db, "messages"), 0)


for days in ("0", "-1", "x", "1.5", "999999999"):
    suite.add(f"expire: --expire={days} is refused", lambda d=days: tap.contains(
        run("expire", f"--expire={d}", status=1).stderr, "invalid expiration time"))

for args, said in (([], "name one domain"), (["a.example", "b.example"], "name one domain"),
                   (["a..b"], "is no domain name"),
                   (["--rua=x@y.example", "a.example"], "must look like mailto:"),
                   (["--rua=ftp://y.example/", "a.example"], "must look like mailto:"),
                   (["--rua=,", "a.example"], "is empty"),
                   (["--rua=mailto:a@b.example", "--unlock", "a.example"], "exclude"),
                   (["--frob", "a.example"], "unknown option: --frob")):
    suite.add("params: refused: " + " ".join(args), lambda a=args, s=said: tap.contains(
        run("params", *a, status=1).stderr, s))


@suite.case("no database: status 78")
def _():
    for tool, args in (("expire", []), ("params", ["a.example"])):
        tap.contains(run(tool, "--db", f"sqlite:{p.tmp}/no/t.db", *args, status=78).stderr,
                     "unable to connect to database")


@suite.case("--help and --version; the manuals tell every option")
def _():
    for tool in ("expire", "params"):
        golden = open(procs.source(f"tests/golden/opendmarc-{tool}.help")).read()
        done = run(tool, "--help")
        tap.equal((done.stdout, done.stderr), ("", golden))
        tap.true(re.fullmatch(rf"opendmarc-{tool} v2\.\d+\.\d+\n", run(tool, "--version").stdout),
                 "version")
        manual = open(procs.source(f"man/opendmarc-{tool}.8")).read()
        for option in re.findall(r"--([\w-]+)", golden):
            tap.contains(manual, f".It Fl Fl {option}", "manual")


with p:
    sys.exit(suite.run())
