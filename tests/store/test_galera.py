#!/usr/bin/env python3
"""test_galera - the report chain on a Galera cluster of three nodes: importers and reporters on
all of them at once, nodes that die meanwhile and come back, a node that lost the others."""
import contextlib
import os
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import historyfile
import mariadb
import procs
import tap
from test_exact import DOMAINS, check_all_told, no_mariadb, pass_time
from test_reports import SENDER, Site

CASES = tap.Suite()
p = procs.Procs()
ROUNDS = int(os.environ.get("GALERA_ROUNDS", "3"))
count = iter(range(10000))
cluster = None


def environment():
    return {k: v for k, v in os.environ.items() if not k.startswith("OPENDMARC_DB")}


def fresh():
    """The name of a new empty database."""
    name = f"t{next(count)}"
    cluster.nodes[0].sql(f"CREATE DATABASE {name}")
    return name


def ask(node, query, database):
    """The rows as any node has committed them before."""
    return node.sql("SET SESSION wsrep_sync_wait = 7; " + query, database)


class Tool:
    """A program of the report tools that runs."""

    def __init__(self, name, url, *args):
        self.popen = subprocess.Popen(
            [procs.built("reports/" + name), "--db", url, *args], env=environment(), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        p.at_close(self.popen.kill)

    def feed(self, text):
        self.popen.stdin.write(text)
        self.popen.stdin.flush()

    def end(self, status=0):
        """What it said, after its end."""
        out, error = self.popen.communicate(timeout=300)
        tap.equal(self.popen.returncode, status, f"status of {self.popen.args[0]}\n{out}{error}")
        return out + error


def importer(url, *more):
    return Tool("opendmarc-import", url, "--conf", os.devnull, *more)


def stored(node, database):
    return int(node.sql("SELECT COUNT(*) FROM messages", database)[0][0])


def history(name, n):
    """Records of a reporter, about domains that all reporters see."""
    return "".join(historyfile.record(
        job=f"{name}{i}", id=f"{name}-{i}", reporter=f"{name}.example",
        received=historyfile.T0 + i, ipaddr=f"192.0.{i % 200}.{i % 250}",
        pdomain=f"d{i % 53}.example", rua=[f"mailto:r@d{i % 53}.example"],
        dkim=[f"d{i % 31}.example s{i % 3} 0"], **{"from": f"f{i % 97}.example"})
        for i in range(n))


def cut(text, part):
    """The records of the first part of a text, and the others."""
    at = text.index("\njob ", int(len(text) * part)) + 1
    return text[:at], text[at:]


def feed_all(tools, texts):
    """Feeds each its text, all at once."""
    feeders = [threading.Thread(target=tool.feed, args=(text,))
               for tool, text in zip(tools, texts)]
    for feeder in feeders:
        feeder.start()
    for feeder in feeders:
        feeder.join()


def check_stored(node, database, n):
    """n records, each once and with all that belongs to it, no name missing."""
    tap.equal(ask(node, "SELECT COUNT(*), COUNT(DISTINCT identity) FROM messages;"
                        " SELECT COUNT(*), COUNT(DISTINCT message) FROM signatures", database),
              [[str(n)] * 2, [str(n)] * 2], "messages, signatures")
    tap.equal(ask(node, "SELECT COUNT(*) FROM messages m LEFT JOIN domains f ON f.id ="
                        " m.from_domain LEFT JOIN domains e ON e.id = m.env_domain LEFT JOIN"
                        " domains d ON d.id = m.policy_domain LEFT JOIN ipaddr i ON i.id = m.ip"
                        " LEFT JOIN reporters r ON r.id = m.reporter LEFT JOIN policies o ON"
                        " o.id = m.published WHERE f.id IS NULL OR e.id IS NULL OR d.id IS NULL"
                        " OR i.id IS NULL OR r.id IS NULL OR o.id IS NULL;"
                        " SELECT COUNT(*) FROM signatures g LEFT JOIN domains d ON d.id ="
                        " g.domain LEFT JOIN selectors s ON s.id = g.selector WHERE d.id IS NULL"
                        " OR s.id IS NULL", database), [["0"], ["0"]], "names that are missing")


@CASES.case("tables are made on three nodes at once, and brought up to date")
def _():
    for dump in None, "1.3.2", "1.4.2":
        database = fresh()
        if dump is not None:
            with open(procs.source(f"tests/store/dumps/{dump}.sql"), encoding="utf-8") as f:
                text = "SET SESSION wsrep_on = OFF; " + f.read()
            # The zero dates of 1.x are not replicated: each node gets them by itself. Other
            # tables than InnoDB's are not replicated at all.
            for node in cluster.nodes:
                node.sql(text.replace("MyISAM", "InnoDB"), database)
        tools = [importer(cluster.url(database, i), "--migrate") for i in range(3)]
        tap.equal([tool.end() for tool in tools], [""] * 3, f"{dump}: said")
        tap.equal(ask(cluster.nodes[1], "SELECT COUNT(*) > 1, COUNT(*) = MAX(version) FROM"
                      " schema_version", database), [["1", "1"]], f"{dump}: steps")
        for i in range(3):
            importer(cluster.url(database, i)).end()
            tap.equal(cluster.nodes[i].status("cluster_size"), "3", f"{dump}: nodes")
            tap.equal(cluster.nodes[i].status("ready"), "ON", f"{dump}: node {i} is ready")


@CASES.case("importers on three nodes at once, one of which dies, store each record once")
def _():
    database = fresh()
    importer(cluster.url(database), "--migrate").end()
    # The second and the third have records in common, on different nodes. An importer
    # commits 5000 records at once.
    shared = history("shared", 1000)
    texts = [history("one", 7000), shared + history("two", 6000), shared + history("three", 6000)]
    tools = [importer(cluster.url(database, i, (i + 1) % 3, (i + 2) % 3)) for i in range(3)]
    before, after = zip(*(cut(text, 0.8) for text in texts))
    feed_all(tools, before)
    procs.wait_for(lambda: stored(cluster.nodes[0], database) > 0, "the first records")
    cluster.nodes[1].kill()
    feed_all(tools, after)
    tap.equal([tool.end() for tool in tools], [""] * 3, "said")
    check_stored(cluster.nodes[2], database, 20000)
    cluster.nodes[1].come_back()
    cluster.nodes[1].wait_synced(3)
    check_stored(cluster.nodes[1], database, 20000)


class ClusterSite(Site):
    """A site whose database is on the cluster."""

    def __init__(self):
        super().__init__(p)
        self.database = fresh()
        self.db = cluster.url(self.database)
        self.living = 0

    def rows(self, query, *values):
        assert not values
        return [tuple(row) for row in ask(cluster.nodes[self.living], query, self.database)]

    def start(self, *order):
        return Tool("opendmarc-reports", cluster.url(self.database, *order), "--conf", self.conf,
                    "--report-email", SENDER, "--report-org", "Receiver", "--smtp-server",
                    self.sink.host, "--smtp-port", str(self.sink.port), "--nameservers",
                    f"{self.dns.host}@{self.dns.port}", "--workdir", p.tmp, "--date", self.date)


# Of each domain: more in all than two runners claim at once, so that all three have some.
MAILS = 4


@CASES.case("reports from three nodes at once, one of which dies, arrive once")
def _():
    with ClusterSite() as site:
        added = {}
        for i, domain in enumerate(DOMAINS):
            site.add(i + 1, from_=domain, pdomain=domain,
                     rua=[f"mailto:r{n}@{domain}" for n in range(MAILS)])
            added[domain] = i + 1
        site.load()
        at_work, mails, keep = threading.Barrier(3, timeout=procs.GIVE_UP_SECS), [], site.sink.keep

        def keep_and_kill(message):
            """The first mail of each runner waits for the others; then a node dies."""
            mails.append(message)
            if len(mails) <= 3 and at_work.wait() == 0:
                cluster.nodes[1].kill()
            keep(message)
        site.sink.keep = keep_and_kill
        tools = [site.start(i, (i + 1) % 3, (i + 2) % 3) for i in range(3)]
        tap.equal([tool.end() for tool in tools], [""] * 3, "said")
        tap.equal(len(site.sink.messages), len(DOMAINS) * MAILS, "mails")
        check_all_told(site, added, dict.fromkeys(DOMAINS, MAILS))
        cluster.nodes[1].come_back()
        cluster.nodes[1].wait_synced(3)


@CASES.case("an expiry on one node leaves the names that importers on others use")
def _():
    database = fresh()
    importer(cluster.url(database), "--migrate").end()
    for number in range(ROUNDS):
        # Names that only old messages use, and that come again while the expiry works.
        old = history(f"old{number}", 300).replace(f"received {historyfile.T0 // 10000}",
                                                   f"received {historyfile.T0 // 10000 - 5000}")
        tool = importer(cluster.url(database, 0))
        tool.feed(old)
        tool.end()
        tools = [importer(cluster.url(database, i)) for i in (0, 1)]
        feed_all(tools, [history(f"r{number}n{i}", 200) for i in (0, 1)])
        tools.append(Tool("opendmarc-expire", cluster.url(database, 2), "--conf", os.devnull,
                          "--expire", "180", "--alltables", "--unreported"))
        tap.equal([tool.end() for tool in tools], [""] * 3, "said")
        ask(cluster.nodes[0], "DELETE FROM requests", database)
        check_stored(cluster.nodes[number % 3], database, 400 * (number + 1))
    rows = ask(cluster.nodes[0], "SELECT SUM(id = 1), SUM(id > 1) FROM names_removed", database)
    tap.equal(rows, [["1", "64"]], "rows of names_removed")


@CASES.case("a node that lost the others: a clear message, and nothing is lost")
def _():
    database = fresh()
    importer(cluster.url(database), "--migrate").end()
    text = history("late", 7000)
    before, after = cut(text, 0.8)
    tool = importer(cluster.url(database))
    tool.feed(before)
    # It stores what it has before it waits for more; the last record may go on.
    procs.wait_for(lambda: stored(cluster.nodes[0], database) == before.count("job ") - 1,
                   "the first records")
    cluster.nodes[1].kill()
    cluster.nodes[2].kill()
    procs.wait_for(lambda: cluster.nodes[0].status("cluster_status") == "non-Primary",
                   "the end of the cluster")
    with contextlib.suppress(BrokenPipeError):      # it may end before it has read all
        tool.feed(after)
    said = tool.end(status=1)
    tap.contains(said, "run it again with the same input, nothing counts twice")
    check_refused(said)
    check_refused(importer(cluster.url(database)).end(status=78))
    # What an administrator does who knows that the other nodes are dead.
    cluster.nodes[0].sql("SET GLOBAL wsrep_provider_options = 'pc.bootstrap=YES'")
    cluster.nodes[0].wait_synced(1)
    for size, node in enumerate(cluster.nodes[1:], 2):
        node.come_back()
        node.wait_synced(size)
    tool = importer(cluster.url(database, 2))
    tool.feed(text)
    tool.end()
    check_stored(cluster.nodes[1], database, 7000)


def check_refused(said):
    """Each node is named with its reason."""
    tap.contains(said, "no server can be used: ")
    tap.contains(said, f" 127.0.0.1:{cluster.nodes[0].port}: this server is no working part of"
                 " its cluster now, see opendmarc-schema(7)")
    for node in cluster.nodes[1:]:
        tap.contains(said, f" 127.0.0.1:{node.port}: Can't connect to ")


def main():
    global cluster
    why = no_mariadb() or mariadb.missing_cluster()
    if why:
        tap.skip_all(f"{why} (Debian packages mariadb-server-core, mariadb-client-core, galera-4)")
    with p:
        cluster = mariadb.Cluster(p)
        return CASES.run()


if __name__ == "__main__":
    sys.exit(main())
