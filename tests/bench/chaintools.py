"""chaintools - the programs of a report chain, ours and those of Debian's opendmarc 1.4.2, with
what a run of them spent."""
import collections
import os
import subprocess
import time

import chainhistory
import measure
import procs
import programs

MODULES = {"DBI": "libdbi-perl", "DBD::mysql": "libdbd-mysql-perl", "Switch": "libswitch-perl",
           "JSON": "libjson-perl", "HTTP::Request": "libhttp-message-perl",
           "Net::SMTP": "perl-modules"}
SENDER = "dmarc@receiver.example"
SCHEMA = "usr/share/dbconfig-common/data/opendmarc/install/mysql"

# Seconds of the clock and of CPU time, of the program and of the database server; largest memory.
Run = collections.namedtuple("Run", "secs cpu server_cpu rss_mb")


class Failed(Exception):
    """A program did not do what is measured."""


def why_alone():
    """The reason to measure without the 1.4.2 scripts, or None."""
    for module, package in MODULES.items():
        if subprocess.run(["perl", f"-M{module}", "-e1"], stderr=subprocess.DEVNULL,
                          check=False).returncode:
            return f"the perl module {module} is missing (Debian package {package})"
    if os.geteuid() != 0:
        return "needs root"
    reason = programs.fetch()
    return reason and f"its packages cannot be downloaded: {reason}"


class Chain:
    """The programs over one database server, in the folder of a procs.Procs."""

    def __init__(self, p, server, dns, sink):
        self.p, self.server, self.dns, self.sink = p, server, dns, sink
        self.debian, self.number = None, 0

    def start(self, argv, env=None, stdin=None, to=None):
        """Starts a program whose output goes to a file or a descriptor; it, and the file."""
        self.number += 1
        path = self.p.path(f"output.{self.number}")
        with open(path, "wb") as output, open(stdin or os.devnull, "rb") as source:
            child = subprocess.Popen(argv, env=env, stdin=source, stdout=to or output,
                                     stderr=subprocess.STDOUT, cwd=self.p.tmp)
        self.p.adopt(child.pid)
        return child, path

    def run(self, argv, **options):
        """Runs a program to its end: Run and its output."""
        before, start = measure.cpu_secs(self.server.program.pid), time.monotonic()
        child, path = self.start(argv, **options)
        _, status, usage = os.wait4(child.pid, 0)
        secs = time.monotonic() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        output = procs.read(path)
        if child.returncode != 0:
            raise Failed(f"{' '.join(argv)} ended with {child.returncode}:\n{output[-2000:]}")
        return Run(secs, usage.ru_utime + usage.ru_stime,
                   measure.cpu_secs(self.server.program.pid) - before,
                   usage.ru_maxrss / 1024), output

    def argv(self, tool, url, *more):
        return [procs.built(f"reports/opendmarc-{tool}"), "--conf", os.devnull, "--db", url, *more]

    def import_file(self, url, path):
        return self.run(self.argv("import", url, "--input", path))[0]

    def reports(self, url, date, *more):
        return self.run(self.argv(
            "reports", url, "--report-email", SENDER, "--workdir", self.p.path("work"),
            "--smtp-server", self.sink.host, "--smtp-port", str(self.sink.port),
            "--nameservers", f"{self.dns.host}@{self.dns.port}", "--date", date, *more))

    def unpack(self):
        self.debian = self.p.path("debian")
        for deb in programs.packages():
            self.p.run(["dpkg", "-x", deb, self.debian])
        self.server.sql(procs.read(os.path.join(self.debian, SCHEMA)) +
                        "CREATE USER u@localhost IDENTIFIED BY 'p';"
                        "GRANT ALL ON *.* TO u@localhost;")

    def script(self, tool, *more, stdin=None):
        """Runs a script of 1.4.2 on the database opendmarc."""
        argv = ["perl", os.path.join(self.debian, f"usr/sbin/opendmarc-{tool}"),
                f"--dbhost=localhost;mysql_socket={self.server.socket}", "--dbname=opendmarc",
                "--dbuser=u", "--dbpasswd=p", *more]
        return self.run(argv, stdin=stdin, env={**os.environ, "TZ": "UTC"})

    def script_reports(self, *more):
        return self.script("reports", "--utc", "--day", f"--report-email={SENDER}",
                           "--report-org=Bench", f"--smtp-server={self.sink.host}",
                           f"--smtp-port={self.sink.port}", *more)

    def history(self, name, n, begin, **options):
        path = self.p.path(name)
        chainhistory.write(path, n, begin, **options)
        return path
