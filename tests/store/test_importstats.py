#!/usr/bin/env python3
"""test_importstats - the history file is renamed, imported and removed, and every record
counts once: while daemons write, when a run is killed, when the database fails."""
import collections
import fcntl
import os
import random
import re
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import mariadb  # noqa: E402
import procs  # noqa: E402
import tap  # noqa: E402
from historyfile import T0, append, append_blindly, history, record  # noqa: E402

IMPORTSTATS = procs.built("reports/opendmarc-importstats")
ROUNDS = int(os.environ.get("IMPORT_ROUNDS", "6"))     # of each loop with kills

suite = tap.Suite()
p = procs.Procs()
count = iter(range(10000))


class Place:
    """A folder with a history file, a configuration and a database of their own."""

    def __init__(self, conf=None):
        self.folder = p.path(f"case{next(count)}")
        os.mkdir(self.folder)
        self.history = f"{self.folder}/h.dat"
        self.url = f"sqlite:{self.folder}/t.db"
        self.conf = f"{self.folder}/c.conf"
        self.write("c.conf", conf if conf is not None else f"HistoryFile {self.history}\n")

    def write(self, name, text):
        with open(f"{self.folder}/{name}", "wb") as f:
            f.write(text.encode() if isinstance(text, str) else text)

    def command(self, *args):
        return [IMPORTSTATS, "--conf", self.conf, "--db", self.url, *args]

    def run(self, *args, status=0, env=None, **more):
        """Runs the command; returns what it said."""
        done = subprocess.run(self.command(*args), capture_output=True, stdin=subprocess.DEVNULL,
                              env=environment(**(env or {})), timeout=120, text=True, **more)
        tap.equal(done.returncode, status, f"status of {args}: {done.stderr}")
        return done.stderr + done.stdout

    def start(self, *args):
        return subprocess.Popen(self.command(*args), stdin=subprocess.DEVNULL, text=True,
                                stderr=subprocess.PIPE, env=environment())

    def rows(self, query):
        db = sqlite3.connect(f"file:{self.folder}/t.db?mode=ro", uri=True, timeout=60)
        try:
            return db.execute(query).fetchall()
        finally:
            db.close()

    def jobs(self):
        if not os.path.exists(f"{self.folder}/t.db"):
            return []
        try:
            return sorted(r[0] for r in self.rows("SELECT jobid FROM messages"))
        except sqlite3.OperationalError:        # killed before the tables were made
            return []

    def files(self):
        """Names in the folder, but for database, lock and configuration."""
        return sorted(n for n in os.listdir(self.folder)
                      if n not in ("c.conf", "h.dat.lock") and not n.startswith("t.db"))


def each_once(got, wanted):
    """Fails with a few of the names when not every wanted job is there exactly once."""
    seen, wanted = collections.Counter(got), set(wanted)
    missing = sorted(wanted - set(got))
    other = sorted(j for j in seen if seen[j] > 1 or j not in wanted)
    tap.true(not missing and not other,
             f"{len(missing)} missing {missing[:5]}, {len(other)} twice or strange {other[:5]}")


def environment(**more):
    env = {k: v for k, v in os.environ.items() if not k.startswith("OPENDMARC_")}
    env.update(more)
    return env


@suite.case("renamed, imported, removed; nothing is said")
def _():
    at = Place()
    append(at.history, history(100))
    tap.equal(at.run(), "")
    tap.equal(len(at.jobs()), 100)
    tap.equal(at.files(), [])


@suite.case("missing or empty: nothing to do, and no database is made")
def _():
    at = Place()
    tap.equal(at.run(), "")
    at.write("h.dat", "")
    tap.equal(at.run(), "")
    tap.contains(at.run("--verbose"), f"{at.history}: missing or empty")
    tap.true(not os.path.exists(f"{at.folder}/t.db"), "no database")


@suite.case("no folder for the history file: status 1, and said")
def _():
    at = Place()
    tap.contains(at.run("--history-file", f"{at.folder}/no/h.dat", status=1),
                 f"{at.folder}/no/h.dat.lock: No such file or directory")


@suite.case("no HistoryFile at all: nothing to do; --verbose tells")
def _():
    at = Place(conf="# nothing\n")
    if os.path.exists("/var/run/opendmarc.dat"):
        raise tap.Skip("there is a history file at the default place")
    tap.equal(at.run(), "")
    tap.contains(at.run("--verbose"), f"no HistoryFile in {at.conf}, and no --history-file")


@suite.case("--history-file and BaseDirectory and ChangeRootDirectory lead to the file")
def _():
    at = Place()
    append(f"{at.folder}/other.dat", record(job="A"))
    at.run("--history-file", f"{at.folder}/other.dat")
    at.write("c.conf", f"BaseDirectory {at.folder}\nHistoryFile base.dat\n")
    append(f"{at.folder}/base.dat", record(job="B"))
    at.run()
    at.write("c.conf", f"ChangeRootDirectory {at.folder}\nHistoryFile /root.dat\n")
    append(f"{at.folder}/root.dat", record(job="C"))
    at.run()
    tap.equal(at.jobs(), ["A", "B", "C"])


@suite.case("what earlier runs and scripts left is imported first, other files stay")
def _():
    at = Place()
    for name, job in (("h.dat.OLD.77", "A"), ("h.dat.OLD.123456", "B"), ("h.dat.import", "C"),
                      ("h.dat.OLD.77.rejected", "X"), ("h.dat.OLD.", "X"), ("h.dat.old.7", "X"),
                      ("i.dat.OLD.7", "X")):
        at.write(name, record(job=job))
    append(at.history, record(job="D"))
    tap.equal(at.run(), "")
    tap.equal(at.jobs(), ["A", "B", "C", "D"])
    tap.equal(at.files(), ["h.dat.OLD.", "h.dat.OLD.77.rejected", "h.dat.old.7", "i.dat.OLD.7"])


@suite.case("a database that fails: status, the leftover is named, the next run has all")
def _():
    at = Place()
    append(at.history, history(5))
    os.mkdir(f"{at.folder}/t.db")
    said = at.run(status=78)
    tap.contains(said, "unable to connect to database")
    os.rmdir(f"{at.folder}/t.db")
    at.run("--migrate")
    db = sqlite3.connect(f"{at.folder}/t.db")
    db.execute("CREATE TRIGGER no BEFORE INSERT ON messages BEGIN "
               "SELECT RAISE(ABORT, 'not today'); END")
    db.commit()
    said = at.run(status=1)
    left = at.files()
    tap.true(len(left) == 1 and re.fullmatch(r"h\.dat\.OLD\.\d+", left[0]), left)
    size = os.path.getsize(f"{at.folder}/{left[0]}")
    tap.contains(said, "not today")
    tap.contains(said, f"import failed; leftover file: {at.folder}/{left[0]} ({size} bytes)")
    # What comes meanwhile waits under its own name.
    append(at.history, record(job="Z"))
    at.run(status=1)
    tap.equal(at.files(), ["h.dat", left[0]])
    db.execute("DROP TRIGGER no")
    db.commit()
    db.close()
    tap.equal(at.run(), "")
    tap.equal(at.jobs(), ["J0", "J1", "J2", "J3", "J4", "Z"])
    tap.equal(at.files(), [])


@suite.case("a record that the database refuses does not hold up the others")
def _():
    at = Place()
    at.run("--migrate")
    db = sqlite3.connect(f"{at.folder}/t.db")
    db.execute("CREATE TRIGGER no BEFORE INSERT ON messages WHEN NEW.jobid = 'J3' BEGIN "
               "SELECT RAISE(ABORT, 'not this one'); END")
    db.commit()
    append(at.history, history(5))
    said = at.run()
    tap.contains(said, "record set aside: database: not this one")
    tap.contains(said, f"1 record set aside in {at.history}.rejected")
    tap.equal(at.jobs(), ["J0", "J1", "J2", "J4"])
    tap.equal(at.files(), ["h.dat.rejected"])
    db.execute("DROP TRIGGER no")
    db.commit()
    db.close()
    os.rename(f"{at.history}.rejected", at.history)
    at.run()
    tap.equal(at.jobs(), ["J0", "J1", "J2", "J3", "J4"])


@suite.case("bad records are set aside beside the history file, the rest counts")
def _():
    at = Place()
    append(at.history, record(job="A") + record(job="B", policy=99))
    tap.contains(at.run(), f"1 record set aside in {at.history}.rejected")
    append(at.history, record(job="C", policy=98))
    at.run()
    tap.equal(at.jobs(), ["A"])
    text = open(f"{at.history}.rejected").read()
    tap.contains(text, "job B\n")
    tap.contains(text, "job C\n")
    tap.equal(at.files(), ["h.dat.rejected"])


@suite.case("bad records that cannot be kept: the file stays")
def _():
    at = Place()
    os.symlink("/dev/null", f"{at.history}.rejected")
    append(at.history, record(job="A") + record(job="B", policy=99))
    tap.contains(at.run(status=1), "import failed; leftover file")
    os.unlink(f"{at.history}.rejected")
    at.run()
    tap.contains(open(f"{at.history}.rejected").read(), "job B\n")
    tap.equal(at.jobs(), ["A"])


@suite.case("links and folders in the place of a leftover are not followed")
def _():
    at = Place()
    at.write("secret", record(job="S"))
    os.symlink(f"{at.folder}/secret", f"{at.history}.OLD.5")
    tap.contains(at.run(status=1), "h.dat.OLD.5: Too many levels of symbolic links")
    os.unlink(f"{at.history}.OLD.5")
    os.mkdir(f"{at.history}.OLD.5")
    tap.contains(at.run(status=1), "h.dat.OLD.5: is not a regular file")
    tap.equal(at.jobs(), [])


@suite.case("a history file that is a link of ours keeps its folder")
def _():
    at = Place()
    os.mkdir(f"{at.folder}/data")
    os.symlink(f"{at.folder}/data/h.dat", at.history)
    append(at.history, record(job="A"))
    at.run()
    tap.true(os.path.islink(at.history), "the link is there")
    append(at.history, record(job="B"))
    at.run()
    tap.equal(at.jobs(), ["A", "B"])
    if os.getuid() == 0:
        os.lchown(at.history, 65534, 65534)
        tap.contains(at.run(status=1), "is a symbolic link that does not belong to root")


@suite.case("a writer that opened the file before the rename is waited for")
def _():
    at = Place()
    append(at.history, record(job="A"))
    opened, go = threading.Event(), threading.Event()

    def between():
        opened.set()
        go.wait(60)

    writer = threading.Thread(target=append_blindly,
                              args=(at.history, record(job="B"), between))
    writer.start()
    try:
        opened.wait(60)
        run = at.start()
        procs.wait_for(lambda: at.jobs() == ["A"], "the first record")
        go.set()
        tap.equal(run.communicate(timeout=60)[1], "")
        tap.equal(run.returncode, 0)
    finally:
        go.set()
        writer.join()
    tap.equal(at.jobs(), ["A", "B"])
    tap.equal(at.files(), [])


@suite.case("a program that never closes the file: it stays, and nothing is lost")
def _():
    at = Place()
    append(at.history, record(job="A"))
    with open(at.history, "ab", buffering=0) as held:
        tap.contains(at.run(), "a program keeps it open for writing; it stays")
        held.write(record(job="B").encode())
    tap.equal(at.run(), "")
    tap.equal(at.jobs(), ["A", "B"])
    tap.equal(at.files(), [])


@suite.case("a second run leaves the work to the first; one that hangs is told of")
def _():
    at = Place()
    append(at.history, record(job="A"))
    with open(f"{at.history}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        tap.equal(at.run(), "")
        tap.contains(at.run("--verbose"), "another run is at work")
        os.utime(f"{at.history}.lock", (time.time() - 7300, time.time() - 7300))
        tap.contains(at.run(status=1), "another run holds")
    tap.equal(at.jobs(), [])
    at.run()
    tap.equal(at.jobs(), ["A"])


class Writers:
    """Daemons that append numbered records until they are told to stop."""

    def __init__(self, path, n, each, how=append):
        self.path, self.each, self.how = path, each, how
        self.threads = [threading.Thread(target=self.write, args=(k,)) for k in range(n)]
        self.wanted = [f"W{k}-{i}" for k in range(n) for i in range(each)]
        for t in self.threads:
            t.start()

    def write(self, k):
        for i in range(self.each):
            self.how(self.path, record(job=f"W{k}-{i}", received=T0 + i, id=f"id-{k}-{i}",
                                       pdomain=f"d{i % 20}.example"))

    def alive(self):
        return any(t.is_alive() for t in self.threads)

    def join(self):
        for t in self.threads:
            t.join()


def under_load(how, each):
    at = Place()
    writers = Writers(at.history, 4, each, how)
    try:
        while writers.alive():
            tap.equal(at.run(), "")
    finally:
        writers.join()
    at.run()
    each_once(at.jobs(), writers.wanted)
    tap.equal(at.files(), [])


suite.add("four daemons write while it runs again and again", under_load, append, 1000)
suite.add("the same with writers that do not look for a rename", under_load, append_blindly,
          1000)


@suite.case("killed at random instants while daemons write")
def _():
    chance, interrupted = random.Random(20261121), 0
    for _ in range(ROUNDS):
        at = Place()
        wanted = []
        writers = Writers(at.history, 2, 200)
        try:
            for k in range(4):
                append(at.history, "".join(record(job=f"K{k}-{i}", received=T0 + i,
                                                  pdomain=f"d{i % 30}.example")
                                           for i in range(8000)))
                wanted += [f"K{k}-{i}" for i in range(8000)]
                run = at.start()
                time.sleep(chance.random() * 0.5)
                run.send_signal(signal.SIGKILL)
                run.communicate()
                interrupted += any(".OLD." in name for name in at.files())
        finally:
            writers.join()
        tap.equal(at.run(), "")
        each_once(at.jobs(), writers.wanted + wanted)
        tap.equal(at.files(), [])
    tap.diag(f"{interrupted} of {4 * ROUNDS} runs were killed between rename and removal")


@suite.case("a disk that is full at random sizes")
def _():
    chance = random.Random(4711)
    for _ in range(ROUNDS):
        at = Place()
        append(at.history, history(12000, domains=30))

        def small():
            limit = chance.randrange(100000, 6000000)
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        for _ in range(3):
            chance.random()
            subprocess.run(at.command(), preexec_fn=small, env=environment(), timeout=120,
                           capture_output=True)
        tap.equal(at.run(), "")
        each_once(at.jobs(), [f"J{i}" for i in range(12000)])
        tap.equal(at.files(), [])


class Database:
    """A MariaDB server, started when the first case needs it."""
    server = None

    @classmethod
    def get(cls):
        if mariadb.missing():
            raise tap.Skip(mariadb.missing())
        if cls.server is None:
            # What is committed survives a kill, as on every server that is not tuned otherwise.
            cls.server = mariadb.Server(p, options=["--innodb-flush-log-at-trx-commit=1"])
        return cls.server

    @classmethod
    def new(cls, at):
        """An empty database for a place."""
        server = cls.get()
        name = f"t{next(count)}"
        server.sql(f"CREATE DATABASE {name}")
        at.url = server.url(name)
        return name


def mysql_jobs(name):
    return sorted(r[0] for r in Database.server.sql("SELECT jobid FROM messages", name))


@suite.case("MariaDB: several hosts into one database at the same time")
def _():
    places = [Place() for _ in range(4)]
    name = Database.new(places[0])
    for k, at in enumerate(places):
        at.url = places[0].url
        append(at.history, "".join(record(job=f"H{k}-{i}", reporter=f"mx{k}.example", id=f"{k}-{i}",
                                          received=T0 + i, pdomain=f"d{i % 40}.example",
                                          dkim=[f"s{i % 90}.example k{i % 3} 0"])
                                   for i in range(3000)))
    runs = [at.start() for at in places]
    tap.equal([run.communicate(timeout=120)[1] for run in runs], [""] * 4)
    tap.equal([run.returncode for run in runs], [0] * 4)
    each_once(mysql_jobs(name), [f"H{k}-{i}" for k in range(4) for i in range(3000)])
    signatures = Database.server.sql("SELECT count(*) FROM signatures", name)
    tap.equal(signatures, [["12000"]])


@suite.case("MariaDB: the server is killed at random instants, or the import is")
def _():
    chance = random.Random(31337)
    at = Place()
    name = Database.new(at)
    server = Database.server
    wanted = []
    for n in range(ROUNDS):
        text = "".join(record(job=f"R{n}-{i}", received=T0 + i, id=f"r{n}-{i}",
                              pdomain=f"d{i % 40}.example") for i in range(12000))
        wanted += [f"R{n}-{i}" for i in range(12000)]
        append(at.history, text)
        run = at.start()
        time.sleep(chance.random() * 1.0)
        if n % 2 == 0:
            server.program.popen.kill()
            server.program.popen.wait()
            run.communicate(timeout=300)
            server.start()
        else:
            run.kill()
            run.communicate()
        tap.equal(at.run(), "")
        each_once(mysql_jobs(name), wanted)
        tap.equal(at.files(), [])


@suite.case("on a terminal a line shows the speed; messages stand on lines of their own")
def _():
    at = Place()
    append(at.history, history(30000) + record(job="X", policy=99))
    ours, theirs = os.openpty()
    # A lock of the database makes it last long enough for the line.
    subprocess.run(at.command("--migrate"), check=True, env=environment())
    db = sqlite3.connect(f"{at.folder}/t.db", isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    run = subprocess.Popen(at.command(), stdin=subprocess.DEVNULL, stderr=theirs,
                           env=environment())
    os.close(theirs)
    time.sleep(1.5)
    db.execute("ROLLBACK")
    db.close()
    text = b""
    try:
        while True:
            text += os.read(ours, 4096)
    except OSError:             # the other end is closed
        pass
    os.close(ours)
    tap.equal(run.wait(60), 0, "status")
    text = text.decode()
    tap.true(re.search(r"\r\d+ records, \d+/s, \d+ %, \d+:\d\d left\x1b\[K", text), text[:300])
    tap.contains(text, "\r\x1b[Kopendmarc-importstats: ")
    tap.equal(len(at.jobs()), 30000)


@suite.case("the command line of a crontab: empty environment, relative folder")
def _():
    at = Place()
    append(at.history, record(job="A"))
    done = subprocess.run(["env", "-i", IMPORTSTATS, "--conf=" + at.conf, "-db", at.url],
                          cwd="/", capture_output=True)
    tap.equal((done.returncode, done.stdout, done.stderr), (0, b"", b""))
    tap.equal(at.jobs(), ["A"])


@suite.case("--help, --version, and what is wrong on the command line")
def _():
    done = subprocess.run([IMPORTSTATS, "--help"], capture_output=True, text=True)
    golden = open(procs.source("tests/golden/opendmarc-importstats.help")).read()
    tap.equal((done.returncode, done.stdout, done.stderr), (0, "", golden))
    done = subprocess.run([IMPORTSTATS, "--version"], capture_output=True, text=True)
    tap.equal((done.returncode, done.stderr), (0, ""))
    tap.true(re.fullmatch(r"opendmarc-importstats v2\.\d+\.\d+\n", done.stdout), done.stdout)
    for args in (["file"], ["--frobnicate"], ["--history-file"]):
        done = subprocess.run([IMPORTSTATS, *args], capture_output=True, text=True)
        tap.equal((done.returncode, done.stdout), (1, ""))
        tap.contains(done.stderr, "Usage: opendmarc-importstats [options]")
    manual = open(procs.source("man/opendmarc-importstats.8")).read()
    for option in re.findall(r"--([\w-]+)", golden):
        tap.contains(manual, f"Fl Fl {option}", "manual")


with p:
    sys.exit(suite.run())
