"""mariadb - a MariaDB server of a test's own, in its temporary folder.

    with procs.Procs() as p:
        server = mariadb.Server(p)
        server.sql("CREATE DATABASE t")
        rows = server.sql("SELECT id, name FROM t.domains")

        cluster = mariadb.Cluster(p)
        cluster.nodes[0].kill()

mariadb.missing() names what is not installed, "" when all is there; missing_cluster() what
a cluster needs. A server listens on a UNIX socket and on a free TCP port of 127.0.0.1;
root has no password.
"""
import contextlib
import os
import pwd
import re
import shutil
import socket

import procs

PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


def find(*names):
    for name in names:
        path = shutil.which(name, path=PATH)
        if path:
            return path
    return None


def missing():
    for names in (("mariadbd", "mysqld"), ("mariadb-install-db", "mysql_install_db"),
                  ("mariadb", "mysql")):
        if not find(*names):
            return f"{names[0]} is not installed"
    return ""


def flags(folder):
    """Of the programs that work on a folder of data."""
    user = pwd.getpwuid(os.getuid()).pw_name
    return ["--no-defaults", f"--user={user}", f"--datadir={folder}"]


def temporary(folder):
    """A server that starts clears the temporary tables of others out of a shared folder."""
    env = {"TMPDIR": folder + ".tmp"}
    os.makedirs(env["TMPDIR"], exist_ok=True)
    return env


def install(p, folder):
    """Makes an empty folder of data."""
    p.run([find("mariadb-install-db", "mysql_install_db"), *flags(folder),
           "--auth-root-authentication-method=normal", "--skip-test-db"], env=temporary(folder))


class Server:
    """Running when it is made; stopped with its Procs."""

    def __init__(self, p, name="mariadb", options=()):
        self.prepare(p, name, options)
        self.port = procs.free_port()
        install(p, self.folder)
        self.start()

    def prepare(self, p, name, options):
        self.procs, self.name, self.options = p, name, list(options)
        self.folder, self.socket = p.path(name), p.path(name + ".sock")
        self.common, self.env = flags(self.folder), temporary(self.folder)

    def launch(self, *more):
        # The machine may lose power: these databases do not mind.
        self.program = self.procs.start(self.name, [
            find("mariadbd", "mysqld"), *self.common, f"--socket={self.socket}",
            f"--port={self.port}", "--bind-address=127.0.0.1",
            f"--pid-file={self.folder}/pid", "--innodb-flush-log-at-trx-commit=0",
            "--innodb-buffer-pool-size=64M", "--skip-log-bin", *self.options, *more],
            env=self.env)

    def start(self, *more):
        self.launch(*more)
        self.program.wait_unix(self.socket)

    def stop(self):
        self.program.stop(secs=60)

    def client(self, *args):
        return [find("mariadb", "mysql"), "--no-defaults", "--batch", "--raw",
                "--skip-column-names", f"--socket={self.socket}", "--user=root", *args]

    def sql(self, text, database="", check=True):
        """Runs statements; the rows of the answers, each a list of texts."""
        done = self.procs.run(self.client(*([database] if database else [])), input=text,
                              check=check)
        return [line.split("\t") for line in done.stdout.splitlines()]

    def url(self, database, user="root", host="localhost"):
        return f"mysql://{user}@{host}/{database}?socket={self.socket}"


# The joiner's and the donor's side of a state transfer without data: all nodes begin with
# copies of the same, and get what they lack from another node's cache (an incremental
# transfer), for which a script must be there too. A file tells the position.
TRANSFER = """#!/bin/sh
while [ $# -gt 0 ]; do
	case $1 in
	--role) role=$2 ;;
	--address) address=$2 ;;
	--gtid) gtid=$2 ;;
	--parent) parent=$2 ;;
	esac
	shift
done
address=${address%%/*}
place=$(dirname "$0")/place.${address##*:}
if [ "$role" = donor ]; then
	echo "$gtid" >"$place.new" && mv "$place.new" "$place" && echo "done $gtid"
	exit
fi
rm -f "$place"
echo "ready $address/"
until [ -s "$place" ]; do
	kill -0 "$parent" 2>/dev/null || exit 1
	sleep 0.05
done
cat "$place"
"""

PROVIDERS = ("/usr/lib/galera/libgalera_smm.so", "/usr/lib/galera-4/libgalera_smm.so",
             "/usr/lib64/galera-4/libgalera_smm.so", "/usr/lib64/galera/libgalera_smm.so")


def provider():
    """The replication library of a Galera cluster, None when it is not installed."""
    return next((path for path in PROVIDERS if os.path.exists(path)), None)


def missing_cluster():
    """As missing(), for a cluster."""
    return missing() or ("" if provider() else "the Galera library is not installed")


def free_ports(count):
    """TCP ports of 127.0.0.1, each another one."""
    with contextlib.ExitStack() as stack:
        ports = []
        for _ in range(count):
            s = stack.enter_context(socket.socket())
            s.bind(("127.0.0.1", 0))
            ports.append(s.getsockname()[1])
        return ports


class Node(Server):
    """A node of a Cluster."""

    def __init__(self, cluster, name):
        self.cluster = cluster
        self.prepare(cluster.procs, name, cluster.options)
        self.port, self.group_port, self.ist_port = free_ports(3)
        self.env["PATH"] = cluster.scripts + ":" + PATH

    def launch(self, *more):
        super().launch(*self.replication(), *more)

    def replication(self):
        at = f"127.0.0.1:{self.group_port}"
        # Nothing is listened on but these ports.
        provider_options = ";".join([
            f"base_host=127.0.0.1;base_port={self.group_port}",
            f"gmcast.listen_addr=tcp://{at}", f"ist.recv_addr=127.0.0.1:{self.ist_port}",
            "gcache.size=64M", "gcache.recover=no"])
        return ["--wsrep-on=ON", f"--wsrep-provider={provider()}",
                f"--wsrep-cluster-address=gcomm://{self.cluster.address()}",
                "--wsrep-cluster-name=test", f"--wsrep-node-name={self.name}",
                f"--wsrep-node-address={at}", "--wsrep-node-incoming-address=127.0.0.1",
                f"--wsrep-provider-options={provider_options}", "--wsrep-sst-method=nodata",
                f"--wsrep-sst-receive-address={at}",
                "--wsrep-mode=STRICT_REPLICATION,REQUIRED_PRIMARY_KEY",
                "--binlog-format=ROW", "--innodb-autoinc-lock-mode=2",
                "--default-storage-engine=InnoDB"]

    def status(self, name):
        """A value of SHOW STATUS LIKE 'wsrep_NAME', "" when there is no answer."""
        rows = self.sql(f"SHOW STATUS LIKE 'wsrep_{name}'", check=False)
        return rows[0][1] if rows else ""

    def wait_synced(self, size):
        """Until it takes part in a cluster of that size."""
        self.program.wait_until(
            lambda: (self.status("local_state_comment"), self.status("cluster_status"),
                     self.status("cluster_size")) == ("Synced", "Primary", str(size)),
            f"{self.name} to be one of {size} nodes")

    def kill(self):
        """The node dies at once."""
        self.program.popen.kill()
        self.program.popen.wait()

    def come_back(self):
        """A node that died starts, and gets the changes made since."""
        log = self.folder + ".recover.log"
        self.procs.run([find("mariadbd", "mysqld"), *self.common, *self.options,
                        *self.replication(), "--wsrep-recover", "--skip-networking",
                        f"--socket={log}.sock", f"--log-error={log}"], env=self.env)
        place = re.findall(r"Recovered position:\s*(\S+)", procs.read(log))[-1]
        self.start(f"--wsrep-start-position={place}")


class Cluster:
    """Nodes of a Galera cluster on 127.0.0.1, running and all in it; stopped with the Procs.

    All begin with the same empty database. cluster.nodes are Servers; user dmarc without
    a password may do everything from any of them. Nodes notice the death of one after
    some seconds (evs.suspect_timeout), and the others then go on while they are the majority.
    """

    def __init__(self, p, size=3, options=()):
        self.procs, self.options = p, options
        self.scripts = os.path.dirname(p.write("scripts/wsrep_sst_nodata", TRANSFER, mode=0o755))
        self.nodes = [Node(self, f"node{i + 1}") for i in range(size)]
        self.begin(self.nodes[0])
        for number, node in enumerate(self.nodes):
            node.start(*(["--wsrep-new-cluster"] if number == 0 else []))
            node.wait_synced(number + 1)
        self.nodes[0].sql("CREATE USER dmarc@'%'; GRANT ALL ON *.* TO dmarc@'%'")

    def begin(self, first):
        """The same data in all folders, with the place in the cluster's history."""
        install(self.procs, first.folder)
        first.start("--wsrep-new-cluster")
        first.wait_synced(1)
        first.stop()
        for node in self.nodes[1:]:
            shutil.copytree(first.folder, node.folder, ignore=shutil.ignore_patterns("galera.cache"))

    def address(self):
        return ",".join(f"127.0.0.1:{node.group_port}" for node in self.nodes)

    def url(self, database, *order, keys=""):
        """The database by several nodes, tried in this order of their indexes."""
        hosts = ",".join(f"127.0.0.1:{self.nodes[i].port}"
                         for i in order or range(len(self.nodes)))
        return f"mysql://dmarc@{hosts}/{database}{keys}"
