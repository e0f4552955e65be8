#!/usr/bin/env python3
"""test_mysql - the store on a real MariaDB: the suite of all backends, migrations from the
tables of OpenDMARC 1.3.2, 1.4.2 and its later form, rights, passwords, lost connections,
several importers at once."""
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import dnsserver  # noqa: E402
import mariadb  # noqa: E402
import procs  # noqa: E402
import smtpsink  # noqa: E402
import tap  # noqa: E402

IMPORT = procs.built("reports/opendmarc-import")
DUMPS = procs.source("tests/store/dumps")
T0 = 1795225536         # 2026-11-21 01:45:36 UTC
DIALECTS = ("1.3.2", "1.4.2", "1.4.2-debian", "develop")

suite = tap.Suite()
p = procs.Procs()
count = iter(range(10000))
server = None


def environment(**more):
    env = {k: v for k, v in os.environ.items() if not k.startswith("OPENDMARC_")}
    env.update(HOME=p.tmp, **more)
    return env


def fresh():
    """The name of a new empty database."""
    name = f"t{next(count)}"
    server.sql(f"CREATE DATABASE {name}")
    return name


def run(db, *args, status=0, text="", env=None, url=None):
    """Runs the importer; what it said on both outputs."""
    argv = [IMPORT, "--conf", os.devnull, *args]
    if db is not None or url is not None:
        argv += ["--db", url or server.url(db)]
    done = subprocess.run(argv, input=text, text=True, check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env=env or environment(), timeout=300)
    tap.equal(done.returncode, status, f"status of {args}\n{done.stdout[-500:]}{done.stderr}")
    return done.stdout + done.stderr


def record(job="A", received=T0, ident=None, **keys):
    lines = {"job": job, "id": ident, "reporter": "mx.example", "received": received,
             "ipaddr": "192.0.2.1", "from": "a.example", "mfrom": "b.a.example",
             "dkim": "a.example s1 0", "spf": 0, "pdomain": "a.example", "policy": 15,
             "rua": "mailto:r@a.example", "pct": 100, "adkim": 114, "aspf": 114, "p": 114,
             "sp": 0, "align_dkim": 4, "align_spf": 4, "action": 2}
    lines.update(keys)
    return "".join(f"{k} {v}\n" for k, v in lines.items() if v is not None)


def shape(db):
    """Tables, columns and keys, apart from the order in which they were added."""
    columns = server.sql("SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE,"
                         " COLUMN_DEFAULT FROM information_schema.COLUMNS"
                         f" WHERE TABLE_SCHEMA = '{db}'")
    keys = server.sql("SELECT TABLE_NAME, INDEX_NAME, NON_UNIQUE, GROUP_CONCAT(COLUMN_NAME"
                      " ORDER BY SEQ_IN_INDEX) FROM information_schema.STATISTICS"
                      f" WHERE TABLE_SCHEMA = '{db}' GROUP BY 1, 2, 3")
    engines = server.sql("SELECT TABLE_NAME, ENGINE FROM information_schema.TABLES"
                         f" WHERE TABLE_SCHEMA = '{db}'")
    return sorted(map(tuple, columns + keys + engines))


def load(dialect):
    """A database with a filled dump."""
    db = fresh()
    with open(os.path.join(DUMPS, dialect + ".sql"), encoding="utf-8") as f:
        server.sql(f.read(), db)
    return db


@suite.case("one suite for every backend")
def _():
    done = subprocess.run([procs.built("tests/store/check_store")], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env=dict(os.environ, STORE_MYSQL_SOCKET=server.socket,
                                   CK_RUN_CASE="mysql"))
    tap.diag(done.stdout)
    tap.equal(done.returncode, 0, "status")
    tap.true("100%" in done.stdout or "many_writers_at_once: Passed" in done.stdout,
             "all of it ran")


def load_schema(db):
    with open(procs.source("db/schema.mysql"), encoding="utf-8") as f:
        server.sql(f.read(), db)


def all_rows(db, table):
    """Those of a table without its times."""
    return server.sql(f"SELECT {'version, what' if table == 'schema_version' else '*'}"
                      f" FROM {db}.{table} ORDER BY 1")


@suite.case("db/schema.mysql is what an empty database gets, loaded once or twice")
def _():
    by_hand, by_us, by_plan = fresh(), fresh(), fresh()
    plan = run(by_us, "--migrate", "--dry-run")
    tap.equal(server.sql(f"SHOW TABLES FROM {by_us}"), [], "tables after --dry-run")
    tap.equal(run(by_us, "--migrate"), "")
    server.sql(plan, by_plan)
    tap.equal(shape(by_plan), shape(by_us), "tables of --dry-run")
    for times in (1, 2):
        load_schema(by_hand)
        tap.equal(shape(by_hand), shape(by_us), f"tables, loaded {times} times")
        for table in ("schema_version", "names_removed"):
            tap.equal(all_rows(by_hand, table), all_rows(by_us, table), table)
    tap.equal(run(by_hand, "--migrate", "--dry-run"), "", "nothing is left to do")
    run(by_hand, text=record())
    load_schema(by_hand)
    tap.equal(server.sql("SELECT COUNT(*) FROM messages", by_hand), [["1"]], "rows are kept")


def check_migration(dialect):
    wanted, db, by_hand = fresh(), load(dialect), load(dialect)
    run(wanted, "--migrate")
    before = server.sql("SELECT id, date, jobid, reporter, policy, disp, ip, env_domain,"
                        " from_domain, policy_domain, spf, align_dkim, align_spf, sigcount"
                        " FROM messages ORDER BY id", db)
    tap.true(len(before) > 3, "the dump has messages")
    plan = run(db, "--migrate", "--dry-run")
    server.sql(plan, by_hand)
    run(db, "--migrate")
    tap.equal(shape(db), shape(wanted), "tables")
    tap.equal(shape(by_hand), shape(wanted), "tables made by hand")
    tap.equal(run(db, "--migrate", "--dry-run"), "", "nothing is left to do")
    after = server.sql("SELECT id, date, jobid, reporter, policy, disp, ip, env_domain,"
                       " from_domain, policy_domain, spf, align_dkim, align_spf, sigcount"
                       " FROM messages ORDER BY id", db)
    tap.equal(after, before, "messages")
    tap.equal(server.sql("SELECT COUNT(*) FROM messages WHERE received <>"
                         " UNIX_TIMESTAMP(date)", db), [["0"]], "times")
    tap.equal(server.sql("SELECT lastsent IS NULL, COUNT(*) FROM requests GROUP BY 1", db),
              [["0", "1"], ["1", "2"]], "times of reports that never were")
    # The newest message is of today: its policy was taken from requests.
    tap.equal(server.sql("SELECT p.p, p.rua FROM messages m JOIN policies p ON"
                         " p.id = m.published", db), [["r", "mailto:r@a.example"]], "policy")
    run(db, text=record(ident="n1") + record(ident="n2", ipaddr="192.0.2.77"))
    run(db, text=record(ident="n1"))
    tap.equal(server.sql("SELECT COUNT(*) FROM messages", db), [[str(len(before) + 2)]])


for dialect in DIALECTS:
    suite.add(f"tables of {dialect} are brought up to date", check_migration, dialect)


def check_schema_over(dialect):
    db, wanted = load(dialect), load(dialect)
    run(wanted, "--migrate")
    load_schema(db)
    tap.equal(all_rows(db, "schema_version"), [], "version of old tables")
    run(db, "--migrate")
    tap.equal(shape(db), shape(wanted), "tables")
    tap.equal(all_rows(db, "schema_version"), all_rows(wanted, "schema_version"), "version")


for dialect in DIALECTS:
    suite.add(f"db/schema.mysql, loaded over tables of {dialect}, leaves them to --migrate",
              check_schema_over, dialect)


@suite.case("a migration that broke off half way is completed by the next run")
def _():
    wanted, plan_of = fresh(), load("1.3.2")
    run(wanted, "--migrate")
    statements = run(plan_of, "--migrate", "--dry-run").splitlines()
    for stop in range(1, len(statements), 4):
        db = load("1.3.2")
        server.sql("\n".join(statements[:stop]), db)
        run(db, text=record())
        tap.equal(shape(db), shape(wanted), f"after {stop} statements")


@suite.case("several programs migrate at once")
def _():
    wanted, db = fresh(), load("1.4.2")
    run(wanted, "--migrate")
    argv = [IMPORT, "--conf", os.devnull, "--db", server.url(db), "--migrate"]
    running = [subprocess.Popen(argv, env=environment(), stderr=subprocess.PIPE, text=True)
               for _ in range(4)]
    for one in running:
        said = one.communicate(timeout=300)[1]
        tap.equal((one.returncode, said), (0, ""))
    tap.equal(shape(db), shape(wanted), "tables")


@suite.case("rows that a program of 1.x adds later are taken over")
def _():
    db = fresh()
    run(db, text=record(ident="n1", received=T0))
    server.sql("INSERT INTO messages (date, jobid, reporter, policy, disp, ip, env_domain,"
               " from_domain, policy_domain, spf, align_dkim, align_spf, sigcount, arc,"
               " arc_policy) SELECT FROM_UNIXTIME(1700000000), 'old', reporter, 15, 2, ip,"
               " env_domain, from_domain, policy_domain, 0, 4, 4, 0, 7, 2 FROM messages", db)
    run(db, text=record(ident="n2"))
    tap.equal(server.sql("SELECT jobid, received FROM messages ORDER BY id", db),
              [["A", str(T0)], ["old", "1700000000"], ["A", str(T0)]])


@suite.case("without the right to change tables: status 78 and the statements")
def _():
    old, done = load("1.4.2"), fresh()
    run(done, "--migrate")
    server.sql("CREATE USER small@localhost IDENTIFIED BY 'p w'; GRANT SELECT, INSERT, UPDATE,"
               f" DELETE ON {old}.* TO small@localhost; GRANT SELECT, INSERT, UPDATE, DELETE ON"
               f" {done}.* TO small@localhost")
    env = environment(OPENDMARC_PASSWORD="p w")
    said = run(None, url=server.url(old, "small"), env=env, status=78, text=record())
    tap.contains(said, "this account may not change them")
    tap.contains(said, "ALTER TABLE messages ")
    tap.equal(server.sql("SHOW TABLES LIKE 'policies'", old), [], "nothing was changed")
    statements = "".join(line + "\n" for line in said.splitlines() if line.endswith(";"))
    server.sql(statements, old)
    run(None, url=server.url(old, "small"), env=env, text=record())
    run(None, url=server.url(done, "small"), env=env, text=record())
    tap.equal(server.sql("SELECT COUNT(*) FROM messages", done), [["1"]])


@suite.case("passwords: from a file, an option, the environment, an option file")
def _():
    db = fresh()
    server.sql(f"CREATE USER who@localhost IDENTIFIED BY 's#c=ret&/'; GRANT ALL ON {db}.* TO"
               " who@localhost")
    url = server.url(db, "who")
    path = p.write("password", "s#c=ret&/\n", mode=0o640)
    options = p.write("my.cnf", "[dmarc]\npassword='s#c=ret&/'\n", mode=0o600)
    run(None, url=f"{url}&password-file={path}", text=record(ident="1"))
    run(None, url=f"{url}&defaults-file={options}&group=dmarc", text=record(ident="2"))
    run(None, url=url.replace("who@", "who:s%23c%3Dret%26%2F@"), text=record(ident="3"))
    run(None, url=url, env=environment(OPENDMARC_PASSWORD="s#c=ret&/"), text=record(ident="4"))
    run(None, "--dbuser=who", f"--dbname={db}", "--dbpasswd=s#c=ret&/",
        f"--db-dsn=DBI:mysql:mysql_socket={server.socket}", text=record(ident="5"))
    run(None, "--dbuser", "who", "--dbhost", "127.0.0.1", "--dbport", str(server.port),
        "--dbname", db, status=78, text=record())
    run(None, "--dbuser", "root", "--dbpasswd", "", f"--db-dsn=DBI:mysql:{db};mysql_socket="
        f"{server.socket}", text=record(ident="1"))
    run(None, "--dbuser=root", "--dbpasswd=", f"--db-dsn=dbi:MariaDB:{db}:127.0.0.1:{server.port}",
        text=record(ident="1"))
    tap.equal(server.sql("SELECT COUNT(*) FROM messages", db), [["5"]])
    said = run(None, url=url, status=78, text=record())
    tap.contains(said, "Access denied")
    os.chmod(path, 0o644)
    said = run(None, url=f"{url}&password-file={path}", status=78, text=record())
    tap.contains(said, "every user may use this password; make it chmod 640")
    said = run(None, "--verbose", url=url.replace("who@", "who:s%23c%3Dret%26%2F@"),
               text=record(ident="6"))
    tap.true("s%23c" not in said and "who@localhost" in said, "no password is shown")


ZONE = "_dmarc.a.example TXT v=DMARC1; p=none\n"
RUN = """#!/bin/sh
# What a site's own wrapper does from cron.
[ -r "$0.conf" ] && . "$0.conf"
DBOPTS="--dbhost=$DBHOST --dbname $DBSCHEMA -dbuser=$DBUSER"
[ -s "$HISTFILE" ] || exit 0
mv "$HISTFILE" "$HISTFILE.import" || exit 1
"$SBIN/opendmarc-import" $DBOPTS $DSN --dbpasswd="$DBPASSWD" --input="$HISTFILE.import" || exit 1
rm -f "$HISTFILE.import"
"$SBIN/opendmarc-expire" $DBOPTS $DSN --dbpasswd="$DBPASSWD" --expire=30 --alltables || exit 1
"$SBIN/opendmarc-reports" $DBOPTS $DSN --dbpasswd="$DBPASSWD" --workdir="$WORKDIR" --day --utc \\
    --report-email=no-reply@example.com --report-org=example.com $MORE
"""


def shell(line, **more):
    """Runs a line as cron does; stdout and stderr."""
    done = subprocess.run(["/bin/sh", "-c", line], text=True, check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=300, cwd=p.tmp, env=environment(
                              OPENDMARC_SCHEMA_DIR=procs.source("reports"), **more))
    tap.equal(done.returncode, 0, f"status of {line}\n{done.stdout}{done.stderr}")
    return done.stdout, done.stderr


def cron_lines(sink, more, login, **variables):
    """Import, reports and expiry as crontabs of 1.x have them; the recipients of reports."""
    yesterday = int(time.time()) // 86400 * 86400 - 86400
    old = p.write("dat.1", record(ident="old", received=yesterday - 200 * 86400, rua="-") +
                  "".join(record(job=f"J{n}", ident=str(n), received=yesterday + n,
                                 rua="mailto:r@a.example") for n in range(3)))
    sbin = os.path.dirname(IMPORT)
    _, err = shell(f"{sbin}/opendmarc-import {login} --verbose < {old}", **variables)
    for text in ("opendmarc-import: started at", "opendmarc-import: connected to database",
                 "opendmarc-import: terminating at"):
        tap.contains(err, text, "import")
    report = (f"{sbin}/opendmarc-reports {login} --interval=86400 --report-email "
              f"no-reply@example.com --report-org example.com --verbose {more}")
    shell(report + " -n", **variables)
    tap.equal(sink.messages, [], "mails of a test")
    out, _ = shell(f"{report} --smtp-server {sink.host} --smtp-port {sink.port}", **variables)
    tap.contains(out, "sent report for a.example to r@a.example", "reports")
    out, err = shell(f"{sbin}/opendmarc-expire {login} --verbose", **variables)
    tap.true(re.search(r"^opendmarc-expire: messages: [1-9]\d* rows? deleted$", out, re.M), out)
    shell(f"{sbin}/opendmarc-params {login} --rua=mailto:x@a.example a.example", **variables)
    shell(f"{sbin}/opendmarc-params {login} --nounlock --noverbose a.example", **variables)
    shell(f"{sbin}/opendmarc-params {login} --unlock a.example", **variables)
    tap.equal([(m.sender, m.rcpts) for m in sink.messages],
              [("no-reply@example.com", ["r@a.example"])], "mails")


@suite.case("the cron lines of OpenDMARC 1.x: options, variables, SQLite in their place")
def _():
    for way in ("options", "variables", "sqlite"):
        db = fresh()
        with open(os.path.join(DUMPS, "1.4.2.sql"), encoding="utf-8") as f:
            server.sql(f.read(), db)
        server.sql("DELETE FROM requests", db)
        old = {"OPENDMARC_DBHOST": "127.0.0.1", "OPENDMARC_PORT": str(server.port),
               "OPENDMARC_USER": "cron", "OPENDMARC_PASSWORD": "p w", "OPENDMARC_DB": db}
        for host in ("127.0.0.1", "localhost"):
            server.sql(f"CREATE OR REPLACE USER cron@{host} IDENTIFIED BY 'p w';"
                       f" GRANT ALL ON {db}.* TO cron@{host}")
        variables = {"options": {}, "variables": old,
                     "sqlite": {"OPENDMARC_DATABASE": f"sqlite:{p.path('cron.db')}"}}[way]
        login = (f"--dbhost=127.0.0.1 --dbport {server.port} --dbuser=cron -dbpass 'p w' "
                 f"--dbname={db}" if way == "options" else "")
        with smtpsink.SmtpSink() as sink, dnsserver.DnsServer(ZONE) as dns:
            more = f"--nameservers {dns.host}@{dns.port}"
            cron_lines(sink, more, login, **variables)


@suite.case("a wrapper script of a site, its DSN, and the suppressions that its bounces fill in")
def _():
    db = fresh()
    with open(os.path.join(DUMPS, "develop.sql"), encoding="utf-8") as f:
        server.sql(f.read(), db)
    server.sql("DELETE FROM requests; INSERT INTO suppressions (address, reason) VALUES"
               " ('Dead@a.example', 'bounced'), ('gone.example', NULL)", db)
    yesterday = int(time.time()) // 86400 * 86400 - 86400
    script = p.write("opendmarc-run", RUN, mode=0o755)
    with smtpsink.SmtpSink() as sink, dnsserver.DnsServer(
            ZONE + "a.example._report._dmarc.gone.example TXT v=DMARC1\n") as dns:
        history_file = p.write("run.dat", record(
            ident="1", received=yesterday,
            rua="mailto:r@a.example\nrua mailto:dead@a.example\nrua mailto:x@gone.example"))
        p.write("opendmarc-run.conf", f"""SBIN={os.path.dirname(IMPORT)}
HISTFILE={history_file}
DBHOST=localhost DBSCHEMA=other DBUSER=root DBPASSWD= WORKDIR={p.tmp}
DSN="--db-dsn=DBI:mysql:database={db};mysql_socket={server.socket}"
MORE="--smtp-server={sink.host} --smtp-port={sink.port} --nameservers={dns.host}@{dns.port}"
""")
        tap.equal(shell(script), ("", ""), "a run from cron says nothing")
        tap.equal(os.path.exists(history_file + ".import"), False, "the file is gone")
        tap.equal([m.rcpts for m in sink.messages], [["r@a.example"]], "mails")
        tap.equal(shell(script), ("", ""), "nothing to do")


OPTIONS = """# dev's file
dbhost = 127.0.0.1      # the server
dbname = {db}
dbuser =
dbpasswd =
dbport = {port}
dbscheme = MariaDB
report-email = no-reply@example.com
report-org = Example
smtp-server = {sink.host}
smtp-port = {sink.port}
smtp-username =
smtp-password =
smtp-ssl = 0
smtp-ssl-ca-file =
stale-check = no
stale-def-deny = 0
stale-server = https://stalemarc.invalid/api
verp = FALSE
interval = 86400
utc = 1
"""


@suite.case("the options file of OpenDMARC's reports, before a command line of its time")
def _():
    db = fresh()
    yesterday = int(time.time()) // 86400 * 86400 - 86400
    run(db, text=record(ident="1", received=yesterday))
    for host in ("127.0.0.1", "localhost"):
        server.sql(f"CREATE OR REPLACE USER opendmarc@{host} IDENTIFIED BY 'opendmarc';"
                   f" GRANT ALL ON {db}.* TO opendmarc@{host}")
    with smtpsink.SmtpSink() as sink, dnsserver.DnsServer(ZONE) as dns:
        path = p.write("reports.conf", OPTIONS.format(db=db, port=server.port, sink=sink))
        line = (f"{os.path.dirname(IMPORT)}/opendmarc-reports --config={path} --nameservers "
                f"{dns.host}@{dns.port}")
        out, err = shell(line + " --verbose --verbose")
        tap.contains(out, "sent report for a.example to r@a.example", "reports")
        tap.true("stale" not in err, "nobody is asked")
        tap.equal(shell(line), ("", ""), "second run")
        tap.equal([(m.sender, m.rcpts) for m in sink.messages],
                  [("no-reply@example.com", ["r@a.example"])], "mails")


def history(name, n):
    return "".join(record(job=f"{name}{i}", ident=f"{name}-{i}", received=T0 + i,
                          ipaddr=f"192.0.{i % 200}.{i % 250}",
                          **{"from": f"f{i % 97}.example", "dkim": f"d{i % 31}.example s 0"})
                   for i in range(n))


@suite.case("importers at once store each record once")
def _():
    db = fresh()
    run(db, "--migrate")
    shared = history("shared", 400)
    running = []
    for w in range(4):
        path = p.write(f"{db}.{w}", history(f"own{w}", 400) + shared)
        running.append(subprocess.Popen(
            [IMPORT, "--conf", os.devnull, "--db", server.url(db), "--input", path],
            env=environment(), stderr=subprocess.PIPE, text=True))
    for one in running:
        said = one.communicate(timeout=300)[1]
        tap.equal((one.returncode, said), (0, ""))
    tap.equal(server.sql("SELECT COUNT(*), COUNT(DISTINCT identity) FROM messages;"
                         "SELECT COUNT(*) FROM signatures", db), [["2000"] * 2, ["2000"]])


@suite.case("signatures find their messages where ids come in steps, and among others' rows")
def _():
    db = fresh()
    run(db, "--migrate")
    server.sql("SET GLOBAL auto_increment_increment = 3; SET GLOBAL auto_increment_offset = 2")
    running = []
    for w in "ab":
        text = "".join(record(job=f"{w}{i}", ident=f"{w}-{i}", received=T0 + i,
                              rua=f"mailto:{'rR'[i % 2]}@a.example",
                              dkim=f"sig.example {w}{i} 0") for i in range(600))
        path = p.write(f"{db}.{w}", text)
        running.append(subprocess.Popen(
            [IMPORT, "--conf", os.devnull, "--db", server.url(db), "--input", path],
            env=environment(), stderr=subprocess.PIPE, text=True))
    for one in running:
        said = one.communicate(timeout=300)[1]
        tap.equal((one.returncode, said), (0, ""))
    server.sql("SET GLOBAL auto_increment_increment = 1; SET GLOBAL auto_increment_offset = 1")
    tap.equal(server.sql("SELECT COUNT(*), COUNT(DISTINCT m.id) FROM signatures g"
                         " JOIN messages m ON m.id = g.message"
                         " JOIN selectors s ON s.id = g.selector WHERE s.name = m.jobid", db),
              [["1200", "1200"]])
    # Policies that differ in letter case are two.
    tap.equal(server.sql("SELECT COUNT(*) FROM messages m JOIN policies p ON p.id = m.published"
                         " WHERE SUBSTR(m.jobid, 2) % 2 = (BINARY SUBSTR(p.rua, 8, 1) = 'R')",
                         db), [["1200"]])


@suite.case("connections that are cut while an importer works are made again")
def _():
    db = fresh()
    run(db, "--migrate")
    text = history("cut", 12000)
    importer = subprocess.Popen([IMPORT, "--conf", os.devnull, "--db", server.url(db)],
                                env=environment(), stdin=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)
    step, cut = len(text) // 6, 0
    for at in range(0, len(text), step):
        importer.stdin.write(text[at:at + step])
        importer.stdin.flush()
        for (one,) in server.sql("SELECT ID FROM information_schema.PROCESSLIST"
                                 f" WHERE DB = '{db}'"):
            cut += 1
            server.sql(f"KILL {one}", check=False)
    importer.stdin.close()
    said = importer.stderr.read()
    tap.equal((importer.wait(300), said), (0, ""))
    tap.true(cut >= 3, f"{cut} connections were cut")
    tap.equal(server.sql("SELECT COUNT(*), COUNT(DISTINCT identity) FROM messages;"
                         "SELECT COUNT(*) FROM signatures", db), [["12000"] * 2, ["12000"]])


def refused(rule, reasons):
    """The database refuses J0, J1500 and J2999 of 3000 records."""
    db = fresh()
    run(db)
    server.sql(rule, db)
    path = p.path(f"{db}.dat")
    with open(path, "w", encoding="utf-8") as f:
        for i in range(3000):
            f.write(record(job=f"J{i}" if i % 1500 and i < 2999 else f"J{i}" + "x" * 30,
                           received=T0 + i, **{"from": f"d{i % 7}.example"}))
    said = run(db, "--input", path)
    tap.equal(server.sql("SELECT COUNT(*) FROM messages", db), [["2997"]], "messages")
    with open(f"{path}.rejected", encoding="utf-8") as f:
        aside = f.read()
    for job in ("J0", "J1500", "J2999"):
        tap.contains(aside, f"\njob {job}xxx", "set aside")
    tap.contains(said, f"3 records set aside in {path}.rejected")
    for reason in reasons:
        tap.equal(aside.count(reason), 3, reason)
    again = run(db, "--input", path)
    tap.contains(again, "3 records set aside")
    tap.equal(server.sql("SELECT COUNT(*) FROM messages", db), [["2997"]], "nothing twice")


SIGNAL = ("CREATE TRIGGER no BEFORE INSERT ON messages FOR EACH ROW"
          " IF CHAR_LENGTH(NEW.jobid) > 20 THEN SIGNAL SQLSTATE '%s'"
          " SET MESSAGE_TEXT = 'the auditor says no'; END IF")
for what, rule, reasons in (
        ("a trigger of state 22001", "DELIMITER //\n" + SIGNAL % "22001" + "//",
         ["database: the auditor says no"]),
        ("a trigger of state 45000", "DELIMITER //\n" + SIGNAL % "45000" + "//",
         ["database: the auditor says no"]),
        ("a narrow column", "ALTER TABLE messages MODIFY jobid VARCHAR(20) NOT NULL", ["too long"]),
        ("a rule", "ALTER TABLE messages ADD CONSTRAINT short CHECK (CHAR_LENGTH(jobid) < 21)",
         ["short"])):
    suite.add(f"records that the database refuses are set aside: {what}", refused, rule, reasons)


@suite.case("a server that is away: status 78 and where it was looked for")
def _():
    tap.contains(run(None, url=f"mysql://u@localhost/d?socket={p.tmp}/nowhere", status=78),
                 f"{p.tmp}/nowhere")


@suite.case("of several servers the first that answers is used")
def _():
    db, away = fresh(), f"127.0.0.1:{procs.free_port()}"
    server.sql(f"CREATE USER far@'%' IDENTIFIED BY 'pw'; GRANT ALL ON {db}.* TO far@'%'")
    here = f"127.0.0.1:{server.port}"
    for ident, hosts in enumerate((f"{away},{here}", f"{here},{away}", f"[::1]:1,{away},{here}",
                                   ",".join([away] * 15 + [here]))):
        said = run(None, url=f"mysql://far:pw@{hosts}/{db}", text=record(ident=f"n{ident}"))
        tap.equal(said, "", hosts)
    for ident, host in enumerate((f"localhost,{away.split(':')[0]}", "::1,127.0.0.1")):
        run(None, "--dbhost", host, "--dbport", str(server.port), "--dbname", db, "--dbuser",
            "far", "--dbpasswd", "pw", text=record(ident=f"o{ident}"))
    tap.equal(server.sql("SELECT COUNT(*) FROM messages", db), [["6"]])
    said = run(None, url=f"mysql://far:pw@{away},[::1]:1/{db}", status=78)
    tap.contains(said, f"no server can be used: {away}: Can't connect to ")
    tap.contains(said, "; ::1:1: Can't connect to ")
    for hosts in f"{here},,{away}", f",{here}", ",".join([here] * 17), f"{here},{away}x":
        said = run(None, url=f"mysql://far:pw@{hosts}/{db}", status=78)
        tap.contains(said, "not more than 16 hosts and commas between them")


@suite.case("a connection that is lost is made to the next server")
def _():
    db = fresh()
    other = mariadb.Server(p, name="other")
    # Two servers that are no cluster show where each record went.
    for one in other, server:
        one.sql(f"CREATE DATABASE IF NOT EXISTS {db}; CREATE USER away@'%';"
                f" GRANT ALL ON {db}.* TO away@'%'")
    url = f"mysql://away@127.0.0.1:{other.port},127.0.0.1:{server.port}/{db}"
    run(None, "--migrate", url=url)
    run(db, "--migrate")
    importer = subprocess.Popen([IMPORT, "--conf", os.devnull, "--db", url], env=environment(),
                                stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    importer.stdin.write(record(ident="first") + record(ident="second"))
    importer.stdin.flush()
    procs.wait_for(lambda: other.sql("SELECT COUNT(*) FROM messages", db) == [["1"]], "a record")
    other.stop()
    tap.equal((importer.communicate(timeout=300)[1], importer.returncode), ("", 0), "the end")
    tap.equal(server.sql("SELECT identity FROM messages", db), [["second"]], "the next server")


def main():
    global server
    missing = mariadb.missing()
    if missing:
        tap.skip_all(f"{missing} (Debian packages mariadb-server-core, mariadb-client-core)")
    said = subprocess.run([IMPORT, "--conf", os.devnull, "--db", "mysql://u@h/d?x=1"],
                          stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                          check=False, env=environment()).stderr
    if "not built into" in said:
        tap.skip_all("this build has no MySQL")
    with p:
        server = mariadb.Server(p)
        return suite.run()


if __name__ == "__main__":
    sys.exit(main())
