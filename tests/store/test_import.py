#!/usr/bin/env python3
"""test_import - opendmarc-import as a command: what it stores, what it sets aside, what
happens when it is killed, doubled, disturbed or told nonsense."""
import contextlib
import fcntl
import os
import pwd
import re
import resource
import signal
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import procs  # noqa: E402
import tap  # noqa: E402
import terminal  # noqa: E402
from historyfile import T0, record  # noqa: E402

IMPORT = procs.built("reports/opendmarc-import")
GOLDEN = procs.source("tests/golden/history")

suite = tap.Suite()
p = procs.Procs()
count = iter(range(10000))


def fresh():
    """An empty folder of its own for one case."""
    path = p.path(f"case{next(count)}")
    os.mkdir(path)
    return path


def environment(**more):
    env = {k: v for k, v in os.environ.items() if not k.startswith("OPENDMARC_")}
    env.update(more)
    return env


def run(*args, text=None, env=None, status=0, **more):
    """Runs the command; returns what it said on stderr."""
    data = text.encode() if isinstance(text, str) else text
    done = subprocess.run([IMPORT, *args], input=b"" if data is None else data,
                          capture_output=True, env=env or environment(), timeout=120, **more)
    err = done.stderr.decode(errors="replace")
    tap.equal(done.returncode, status, f"status of {args}: {err}")
    return err + done.stdout.decode()


def rows(folder, query, *values):
    db = sqlite3.connect(f"file:{folder}/t.db?mode=ro", uri=True)
    try:
        return db.execute(query, values).fetchall()
    finally:
        db.close()


def number(folder, query="SELECT count(*) FROM messages"):
    return rows(folder, query)[0][0]


def counts(folder):
    """How many rows every table has."""
    tables = [r[0] for r in rows(folder, "SELECT name FROM sqlite_master WHERE type = 'table' "
                                         "ORDER BY name")]
    return {t: number(folder, f"SELECT count(*) FROM {t}") for t in tables}


def url(folder):
    return f"sqlite:{folder}/t.db"


def write(path, text):
    with open(path, "wb") as f:
        f.write(text.encode() if isinstance(text, str) else text)
    return path


def history(n, domains=50):
    """n records of several domains, with and without signatures."""
    return "".join(record(job=f"J{i}", received=T0 + i, pdomain=f"d{i % domains}.example",
                          **{"from": f"www.d{i % domains}.example"},
                          dkim=[f"d{i % domains}.example s{i % 3} 0"] * (i % 3))
                   for i in range(n))


@suite.case("what a record becomes, in the tables and columns of OpenDMARC")
def _():
    f = fresh()
    run("--db", url(f), "--input", os.path.join(GOLDEN, "full.dat"))
    got = rows(f, """SELECT m.date, m.jobid, r.name, m.policy, m.disp, i.addr, e.name, f.name,
        p.name, m.spf, m.align_dkim, m.align_spf, m.sigcount, m.arc, m.arc_policy, m.spf_scope,
        m.effective, m.automatic FROM messages m JOIN reporters r ON r.id = m.reporter
        JOIN ipaddr i ON i.id = m.ip JOIN domains e ON e.id = m.env_domain
        JOIN domains f ON f.id = m.from_domain JOIN domains p ON p.id = m.policy_domain""")
    tap.equal(got, [("2026-11-21 01:45:36", "4F2C81A0B7", "mx1.receiver.example", 16, 2,
                     "198.51.100.24", "bounce.shop.example", "news.shop.example",
                     "shop.example", 0, 5, 5, 2, 0, 0, 1, "q", 2)])
    tap.equal(rows(f, "SELECT d.name, coalesce(s.name, '-'), g.pass, g.error "
                      "FROM signatures g JOIN domains d ON d.id = g.domain "
                      "LEFT JOIN selectors s ON s.id = g.selector ORDER BY g.id"),
              [("shop.example", "k1", 0, 0), ("esp.example", "-", 7, 0)])
    tap.equal(rows(f, "SELECT d.name, repuri, adkim, aspf, policy, spolicy, pct, fo, locked, "
                      "lastsent FROM requests q JOIN domains d ON d.id = q.domain"),
              [("news.shop.example", "mailto:dmarc@shop.example,"
                "mailto:agg@collector.example!10m", 114, 115, 114, 113, 100, 9, 0, None)])
    tap.equal(rows(f, "SELECT d.name, adkim, aspf, p, sp, np, fo, psd, testing, discovery "
                      "FROM policies p JOIN domains d ON d.id = p.domain"),
              [("shop.example", "r", "s", "r", "q", "r", 9, "n", 1, "treewalk")])
    tap.equal(rows(f, "SELECT type, comment FROM overrides ORDER BY id"),
              [("trusted_forwarder", "arc=pass as[1].d=lists.example"),
               ("local_policy", None)])
    tap.equal(rows(f, "SELECT instance, arc_client_addr FROM arcauthresults ORDER BY instance"),
              [(1, ""), (2, "2001:db8::7")])
    tap.equal(rows(f, "SELECT a.instance, d.name, coalesce(s.name, a.selector) FROM arcseals a "
                      "JOIN domains d ON d.id = a.domain LEFT JOIN selectors s "
                      "ON s.id = a.selector ORDER BY a.instance"),
              [(1, "x.example", 0), (2, "lists.example", 's"2\\')])
    tap.equal(rows(f, "SELECT version FROM schema_version"), [(1,), (2,), (3,)])


def take_dialect(name):
    f = fresh()
    tap.equal(run("--db", url(f), "--input", os.path.join(GOLDEN, name)), "")
    tap.equal(number(f), 1, "messages")
    before = counts(f)
    tap.equal(run("--db", url(f), "--input", os.path.join(GOLDEN, name)), "")
    tap.equal(counts(f), before, "rows after the second import")


for dialect in ("1.3.dat", "1.4.dat", "develop.dat", "exim.dat", "full.dat"):
    suite.add(f"dialect {dialect}, twice, counts once", take_dialect, dialect)


@suite.case("killed half way, run again: complete, and nothing twice")
def _():
    whole, broken = fresh(), fresh()
    text = history(20000).encode()
    run("--db", url(whole), text=text)
    child = subprocess.Popen([IMPORT, "--db", url(broken)], stdin=subprocess.PIPE,
                             env=environment())
    try:
        # All but the end, so that it cannot finish; then wait for the first batch.
        child.stdin.write(text[:-5000])
        child.stdin.flush()
        procs.wait_for(lambda: os.path.exists(f"{broken}/t.db-wal") and
                       number(broken) > 0, "the first batch")
    finally:
        child.kill()
        child.wait()
        child.stdin.close()
    tap.true(0 < number(broken) < 20000, "only a part is there")
    for i in range(2):
        run("--db", url(broken), text=text)
        tap.equal(counts(broken), counts(whole), "rows")


def pick(folder):
    return rows(folder, "SELECT q.repuri, q.policy FROM requests q")


@suite.case("what was received newest decides, whatever the order of import")
def _():
    old = record(job="A", received=T0, rua=["mailto:old@a.example"], p=110)
    new = record(job="B", received=T0 + 10, rua=["mailto:new@a.example"], p=113)
    nothing = record(job="C", received=T0 + 20, rua=["-"], p=0, policy=14, adkim=0, aspf=0)
    for order in ((old, new, nothing), (new, nothing, old), (nothing, old, new)):
        f = fresh()
        for text in order:
            run("--db", url(f), text=text)
        tap.equal(pick(f), [("mailto:new@a.example", 113)], "published policy")


@suite.case("a locked row of requests stays as the administrator made it")
def _():
    f = fresh()
    run("--db", url(f), text=record(job="A"))
    db = sqlite3.connect(f"{f}/t.db")
    db.execute("UPDATE requests SET locked = 1, repuri = 'mailto:mine@x.example'")
    db.commit()
    db.close()
    run("--db", url(f), text=record(job="B", received=T0 + 1))
    tap.equal(pick(f), [("mailto:mine@x.example", 114)])


@suite.case("bad records are set aside beside the input, the rest is imported")
def _():
    f = fresh()
    path = write(f"{f}/h.dat", record(job="A") + record(job="B", policy=99) +
                 record(job="C") + "job D\nreporter mx.example\n")
    err = run("--db", url(f), "--input", path)
    tap.equal(number(f), 2)
    line = next(i for i, l in enumerate(open(path), 1) if l == "policy 99\n")
    tap.contains(err, f"line {line}: record set aside: policy: impossible value")
    tap.contains(err, f"2 records set aside in {path}.rejected")
    aside = open(f"{path}.rejected").read()
    tap.equal(aside.split("\n")[0], f"# {path} line {line}: policy: impossible value")
    tap.contains(aside, "job B\n")
    tap.contains(aside, "job D\n")
    tap.true("job A" not in aside, "only the bad ones")
    # Repaired by hand, the file of rejected records is a history file.
    write(f"{f}/again.dat", aside.replace("policy 99", "policy 15"))
    run("--db", url(f), "--input", f"{f}/again.dat")
    tap.equal(number(f), 3)


@suite.case("bad records of standard input go to standard error, harmless to a terminal")
def _():
    f = fresh()
    err = run("--db", url(f), text=record(job="A\x1b[2J", policy=99) + record(job="B"))
    tap.contains(err, "job A?[2J\n")
    tap.true("\x1b" not in err, "no escape sequences")
    tap.equal(number(f), 1)


@suite.case("damage of a crash: NULs, CRLF, a record cut off, a long line")
def _():
    f = fresh()
    text = (b"\0" * 4096 + record(job="A").encode() +
            record(job="B").replace("\n", "\r\n").encode() +
            record(job="C", mood="x" * 1000000).encode() +
            record(job="D", **{"from": "x" * 100000}).encode() +
            record(job="E").encode()[:-40])
    path = write(f"{f}/h.dat", text)
    err = run("--db", url(f), "--input", path)
    tap.equal(rows(f, "SELECT jobid FROM messages ORDER BY jobid"), [("A",), ("B",), ("C",)])
    tap.contains(err, "unknown key 'mood'")
    tap.contains(err, "from: value too long")
    tap.contains(err, "2 records set aside")


@suite.case("an unknown key is told once")
def _():
    err = run("--db", url(fresh()), text="".join(record(job=f"J{i}", mood="good")
                                                 for i in range(50)))
    tap.equal(err.count("unknown key"), 1)
    tap.contains(err, "unknown key 'mood' at line ")


@suite.case("unknown jobs of one second are told apart")
def _():
    f = fresh()
    run("--db", url(f), text=record(job="(unknown-jobid)") +
        record(job="(unknown-jobid)", ipaddr="192.0.2.2") +
        record(job="(unknown-jobid)", id="x1") + record(job="(unknown-jobid)", id="x2"))
    tap.equal(number(f), 4)


@suite.case("hostile texts are only data")
def _():
    f = fresh()
    evil = "'; DROP TABLE messages; --\"\\%_\x7f"
    run("--db", url(f), text=record(job=evil, mfrom=evil, pdomain=evil, reporter=evil,
                                    ipaddr=evil, rua=[evil], dkim=[f"{evil} {evil} 0"],
                                    id=evil, override=[f"other {evil}"], **{"from": evil}))
    kept = evil.replace("\x7f", "?")
    tap.equal(rows(f, "SELECT jobid, identity FROM messages"), [(kept, evil)])
    tap.equal(rows(f, "SELECT comment FROM overrides"), [(kept,)])


@suite.case("a list of addresses of many octets is kept whole")
def _():
    f = fresh()
    rua = [f"mailto:{'x' * 90}{i}@a.example!10m" for i in range(20)]
    run("--db", url(f), text=record(rua=rua))
    tap.equal(pick(f), [(",".join(rua), 114)])
    tap.equal(rows(f, "SELECT rua FROM policies"), [(",".join(rua),)])


@suite.case("a record appended while the import waits for the lock is imported")
def _():
    f = fresh()
    path = write(f"{f}/h.dat", record(job="A"))
    with open(path, "a") as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)
        child = subprocess.Popen([IMPORT, "--db", url(f), "--input", path, "--verbose",
                                  "--verbose"], env=environment(), stderr=subprocess.PIPE)
        try:
            while b"waiting for " not in child.stderr.readline():
                tap.equal(child.poll(), None, "status while the file is locked")
            writer.write(record(job="B"))
            writer.flush()
            fcntl.flock(writer, fcntl.LOCK_UN)
            child.stderr.read()
            tap.equal(child.wait(60), 0, "status")
        finally:
            child.kill()
            child.wait()
            child.stderr.close()
    tap.equal(number(f), 2)


@suite.case("records of a pipe are stored before the import waits for more")
def _():
    f = fresh()
    child = subprocess.Popen([IMPORT, "--db", url(f), "--input", "-"], stdin=subprocess.PIPE,
                             env=environment())
    try:
        child.stdin.write((record(job="A") + "job B\n").encode())
        child.stdin.flush()
        procs.wait_for(lambda: os.path.exists(f"{f}/t.db-wal") and counts(f) and
                       counts(f).get("messages") == 1, "the first record")
        child.stdin.write(record(job="B").encode()[len("job B\n"):])
        child.stdin.close()
        tap.equal(child.wait(60), 0, "status")
    finally:
        child.kill()
        child.wait()
    tap.equal(number(f), 2)


@suite.case("four imports at once into one database")
def _():
    f = fresh()
    texts = ["".join(record(job=f"{k}-{i}", received=T0 + i, reporter=f"mx{k}.example",
                            pdomain=f"d{i % 40}.example") for i in range(1500))
             for k in range(4)]
    children = []
    try:
        for k, text in enumerate(texts):
            # Two of them get the same file.
            path = write(f"{f}/h{k}.dat", text if k < 3 else texts[0])
            children.append(subprocess.Popen([IMPORT, "--db", url(f), "--input", path],
                                             env=environment()))
        for child in children:
            tap.equal(child.wait(120), 0, "status")
    finally:
        for child in children:
            child.kill()
            child.wait()
    tap.equal(number(f), 4500)
    tap.equal(number(f, "SELECT count(*) FROM signatures"), 4500)


@suite.case("programs that open a new database at once all get it")
def _():
    for _ in range(10):
        f = fresh()
        children = [subprocess.Popen([IMPORT, "--db", url(f)], stdin=subprocess.DEVNULL,
                                     env=environment()) for _ in range(6)]
        tap.equal([child.wait(120) for child in children], [0] * 6, "status")
        tap.equal(number(f, "SELECT count(DISTINCT version) = count(*) FROM schema_version"), 1,
                  "each step once")


@suite.case("no room for the database: status 1, what to do; later complete")
def _():
    f = fresh()
    text = history(20000)

    def small():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))

    path = write(f"{f}/h.dat", text)
    err = run("--db", url(f), "--input", path, status=1, preexec_fn=small)
    tap.contains(err, "cannot store: ")
    tap.contains(err, "run it again with the same input, nothing counts twice")
    tap.equal(len(err.splitlines()), 1, "lines")
    run("--db", url(f), "--input", path)
    tap.equal(number(f), 20000)


def forbid(folder, when, how="ABORT"):
    """The database refuses the messages of a condition."""
    db = sqlite3.connect(f"{folder}/t.db")
    db.execute(f"CREATE TRIGGER no BEFORE INSERT ON messages WHEN {when}"
               f" BEGIN SELECT RAISE({how}, 'the auditor says no'); END")
    db.close()


def allow(folder):
    db = sqlite3.connect(f"{folder}/t.db")
    db.execute("DROP TRIGGER no")
    db.close()


def refused_by_database(how):
    f = fresh()
    run("--db", url(f))
    bad = ("J0", "J7777", "J7778", "J12345", "J19999")
    forbid(f, f"NEW.jobid IN {bad}", how)
    text = history(20000)
    path = write(f"{f}/h.dat", text)
    err = run("--db", url(f), "--input", path)
    tap.equal(number(f), 19995, "messages")
    lines = {l.split()[1]: i for i, l in enumerate(text.splitlines(), 1) if l.startswith("job ")}
    for job in bad:
        tap.contains(err, f"{path} line {lines[job]}: record set aside: database: the auditor")
    tap.contains(err, f"5 records set aside in {path}.rejected")
    with open(f"{path}.rejected", encoding="utf-8") as file:
        aside = file.read()
    tap.contains(aside, f"# {path} line {lines['J7777']}: database: the auditor says no\njob J7777\n")
    allow(f)
    run("--db", url(f), "--input", f"{path}.rejected")
    run("--db", url(f), "--input", path)
    tap.equal(number(f), 20000, "messages at last")
    whole = fresh()
    run("--db", url(whole), "--input", path)
    tap.equal(counts(f), counts(whole), "rows")


for how in ("ABORT", "FAIL", "ROLLBACK"):
    suite.add(f"records that the database refuses ({how}) are set aside, the rest is stored",
              refused_by_database, how)


def refuses_everything(count):
    f = fresh()
    run("--db", url(f))
    forbid(f, "1")
    path = write(f"{f}/h.dat", history(count))
    err = run("--db", url(f), "--input", path, status=1)
    tap.contains(err, "cannot store: database: the auditor says no; run it again")
    tap.equal(number(f), 0, "messages")
    tap.true(not os.path.exists(f"{path}.rejected"), "nothing is set aside")
    allow(f)
    run("--db", url(f), "--input", path)
    tap.equal(number(f), count, "messages at last")


for size in (2, 6000):
    suite.add(f"a database that refuses everything: status 1, and the input of {size} is kept",
              refuses_everything, size)


@suite.case("rejected records that cannot be written: status 1, and told")
def _():
    f = fresh()
    path = write(f"{f}/h.dat", record(job="A", policy=99) + record(job="B"))
    os.mkdir(path + ".rejected")
    err = run("--db", url(f), "--input", path, status=1)
    tap.contains(err, "job A\n")
    tap.equal(number(f), 1)


def refused(args, status, *parts, env=None):
    f = fresh()
    err = run(*[a.replace("%f", f) for a in args], env=env, status=status)
    for part in parts:
        tap.contains(err, part.replace("%f", f))
    return err


for args, status, parts in (
        (["--frobnicate"], 1, ["unknown option: --frobnicate", "Usage: opendmarc-import"]),
        (["--db"], 1, ["option db requires a value", "Usage:"]),
        (["file"], 1, ["unexpected argument: file", "Usage:"]),
        (["--input", "%f/none"], 1, ["%f/none: No such file or directory"]),
        (["--db", "sqlite:%f/no/t.db"], 78, ["%f/no/t.db: its folder does not exist; create"]),
        (["--db", "mysql:u@h/n"], 78, ["mysql"]),
        (["--db", "x"], 78, ["is no database URL; it must look like sqlite:/path/file"]),
        (["--dbhost=host.invalid"], 78, ["(as asked for by --dbhost): "]),
        (["--dbpasswd", "x", "--dbhost=127.0.0.1", "--dbport=1"], 78, ["asked for by --dbhost"]),
        (["--db-dsn=DBI:mysql:x;y"], 78, ['--db-dsn: "y" is not known']),
        (["--db-dsn=DBI:mysql:x;z=y"], 78, ['--db-dsn: "z" is not known']),
        (["--db-dsn=DBI:mysql:x:127.0.0.1:1"], 78, ["asked for by --db-dsn"]),
        (["--db-dsn=DBI:Pg:database=x"], 78, ["--db-dsn must look like DBI:mysql:"]),
        (["--dbscheme=Pg"], 78, ["--dbscheme Pg: must be mysql or MariaDB"]),
        (["--conf", "%f/none.conf"], 78, ["%f/none.conf"])):
    suite.add("refused: " + " ".join(args), refused, args, status, *parts)


@suite.case("refused: old variables of the environment")
def _():
    for name in ("OPENDMARC_DB", "OPENDMARC_PASSWORD"):
        refused([], 78, f"(as asked for by {name}): ",
                env=environment(**{name: "x", "OPENDMARC_USER": "nobody.of.this.name"}))


@suite.case("refused: a file that is no database, and one of another program")
def _():
    f = fresh()
    write(f"{f}/t.db", "no database " * 1000)
    tap.contains(run("--db", url(f), text=record(), status=78), "is not a database")
    os.unlink(f"{f}/t.db")
    db = sqlite3.connect(f"{f}/t.db")
    db.execute("CREATE TABLE mine (x)")
    db.commit()
    db.close()
    tap.contains(run("--db", url(f), text=record(), status=78),
                 "is the database of another program")


@suite.case("tables of the version before get what they lack, and keep what they have")
def _():
    f = fresh()
    run("--db", url(f), "--input", os.path.join(GOLDEN, "full.dat"))
    with contextlib.closing(sqlite3.connect(f + "/t.db")) as db:
        db.execute("ALTER TABLE messages DROP COLUMN automatic")
        db.execute("DELETE FROM schema_version WHERE version = 3")
        db.commit()
    run("--db", url(f), text=record(job="B", id="b", automatic="bounce"))
    tap.equal(rows(f, "SELECT jobid, automatic FROM messages ORDER BY id"),
              [("4F2C81A0B7", 0), ("B", 2)])
    tap.equal(rows(f, "SELECT version FROM schema_version"), [(1,), (2,), (3,)])


@suite.case("refused: tables of a newer version")
def _():
    f = fresh()
    run("--db", url(f), text=record())
    db = sqlite3.connect(f"{f}/t.db")
    db.execute("INSERT INTO schema_version (version, what) VALUES (4711, 'future')")
    db.commit()
    db.close()
    tap.contains(run("--db", url(f), text=record(), status=78),
                 "was written by a newer opendmarc (tables of version 4711")


@suite.case("refused: a database that may not be written")
def _():
    f = fresh()
    run("--db", url(f), text=record())
    os.chmod(f"{f}/t.db", 0o444)
    os.chmod(f, 0o755)

    def somebody():
        if os.getuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.setgroups([])
            os.setgid(nobody.pw_gid)
            os.setuid(nobody.pw_uid)

    os.chmod(p.tmp, 0o755)
    try:
        err = subprocess.run([IMPORT, "--db", url(f)], input=b"", capture_output=True,
                             env=environment(), preexec_fn=somebody)
    except PermissionError:
        raise tap.Skip("the build folder is not open to user nobody") from None
    if err.returncode in (126, 127):
        raise tap.Skip("the build folder is not open to user nobody")
    tap.equal(err.returncode, 78, err.stderr.decode())
    tap.contains(err.stderr.decode(), "Permission denied; the file and its folder must be "
                                      "writable for this user")


@suite.case("the database is chosen by --db, environment, configuration, in this order")
def _():
    f = fresh()
    conf = write(f"{f}/c.conf", f"Database sqlite:{f}/conf.db\n")
    env = environment(OPENDMARC_DATABASE=f"sqlite:{f}/env.db")
    tap.contains(run("--conf", conf, "--verbose", text=record()),
                 f"sqlite:{f}/conf.db (named by Database in the configuration)")
    tap.true(os.path.exists(f"{f}/conf.db"), "the one of the configuration")
    tap.contains(run("--conf", conf, "--verbose", text=record(), env=env),
                 f"sqlite:{f}/env.db (named by OPENDMARC_DATABASE)")
    tap.contains(run("--conf", conf, "--verbose", "--db", url(f), text=record(), env=env),
                 f"sqlite:{f}/t.db (named by --db)")
    tap.equal(number(f), 1)


@suite.case("--verbose tells what is done, without it nothing is said")
def _():
    f = fresh()
    tap.equal(run("--db", url(f), text=record()), "")
    err = run("--db", url(f), "--verbose", text=record() + record(job="B"))
    for line in ("started at ", "opened standard input", "connected to database",
                 "1 records stored, 1 known before, 0 set aside", "terminating at "):
        tap.contains(err, line)
    tap.contains(run("--db", url(f), "--verb", "--verb", text=record()), "updating at line 1\n")


@suite.case("a terminal shows how far the import has come")
def _():
    f = fresh()
    with terminal.Terminal([IMPORT, "--db", url(f)], env=environment(),
                           stdin=subprocess.PIPE) as t:
        def more():
            t.popen.stdin.write(record(job="A").encode())
            t.popen.stdin.flush()
            return " records, " in t.output
        procs.wait_for(more, "progress")
        t.popen.stdin.write(record(job="B", policy=99).encode())
        t.popen.stdin.close()
        tap.equal(t.end(), 0, "status")
    before, _, said = t.output.partition("opendmarc-import: standard input line")
    tap.true(said and before.endswith("\r\033[K"), f"a line of its own: {t.output!r}")
    tap.true(re.search(r"\r\d+ records, \d+/s\033\[K", t.output), t.output)


@suite.case("--help and --version")
def _():
    done = subprocess.run([IMPORT, "--help"], capture_output=True, env=environment())
    tap.equal((done.returncode, done.stdout), (0, b""))
    golden = open(procs.source("tests/golden/opendmarc-import.help")).read()
    tap.equal(done.stderr.decode(), golden, "--help")
    done = subprocess.run([IMPORT, "--version"], capture_output=True, env=environment())
    tap.equal((done.returncode, done.stderr), (0, b""))
    tap.true(re.fullmatch(rb"opendmarc-import v2\.\d+\.\d+\n", done.stdout), done.stdout)


@suite.case("the manual tells every option")
def _():
    manual = open(procs.source("man/opendmarc-import.8")).read()
    golden = open(procs.source("tests/golden/opendmarc-import.help")).read()
    for option in re.findall(r"--([\w-]+)", golden):
        tap.contains(manual, f".It Fl Fl {option}", "manual")


with p:
    sys.exit(suite.run())
