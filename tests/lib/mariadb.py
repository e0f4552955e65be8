"""mariadb - a MariaDB server of a test's own, in its temporary folder.

    with procs.Procs() as p:
        server = mariadb.Server(p)
        server.sql("CREATE DATABASE t")
        rows = server.sql("SELECT id, name FROM t.domains")

mariadb.missing() names what is not installed, "" when all is there. The server listens
on a UNIX socket and on a free TCP port of 127.0.0.1; root has no password.
"""
import os
import pwd
import shutil

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


class Server:
    """Running when it is made; stopped with its Procs."""

    def __init__(self, p, name="mariadb", options=()):
        self.procs, self.name = p, name
        self.options = list(options)
        self.folder = p.path(name)
        self.socket = p.path(name + ".sock")
        self.port = procs.free_port()
        user = pwd.getpwuid(os.getuid()).pw_name
        self.common = ["--no-defaults", f"--user={user}", f"--datadir={self.folder}"]
        # A server that starts clears the temporary tables of others out of a shared folder.
        self.env = {"TMPDIR": p.path(name + ".tmp")}
        os.mkdir(self.env["TMPDIR"])
        p.run([find("mariadb-install-db", "mysql_install_db"), *self.common,
               "--auth-root-authentication-method=normal", "--skip-test-db"], env=self.env)
        self.start()

    def start(self):
        # The machine may lose power: these databases do not mind.
        self.program = self.procs.start(self.name, [
            find("mariadbd", "mysqld"), *self.common, f"--socket={self.socket}",
            f"--port={self.port}", "--bind-address=127.0.0.1",
            f"--pid-file={self.folder}/pid", "--innodb-flush-log-at-trx-commit=0",
            "--innodb-buffer-pool-size=64M", "--skip-log-bin", *self.options], env=self.env)
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
