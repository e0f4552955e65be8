"""programs - what is measured: our daemon, a filter that does nothing, and Debian's opendmarc.

Debian's package conflicts with ours, so it is downloaded into the build folder and
unpacked, never installed. It asks the servers of /etc/resolv.conf, so it needs a name
space of its own, and that needs root.
"""
import glob
import os
import subprocess
import tempfile

import procs

ID = "mx.bench.example"
PACKAGES = ["opendmarc", "libopendmarc2", "publicsuffix"]
LIBRARIES = "usr/lib/x86_64-linux-gnu"
DELAY_MS = 20
SLOW = "slow"       # the domains below it are answered late
CLIENTS = "192.0.2.0/24"

# A daemon in the background logs to syslog or not at all; in the foreground here neither does.
SILENT = ["sh", "-c", 'exec "$@" 2>/dev/null', "sh"]


def folder():
    """Where the downloaded packages are kept."""
    return os.path.abspath(os.path.join(os.environ.get("top_builddir", "."), "tests/bench/debs"))


def packages():
    """The downloaded packages, [] unless all are there."""
    found = [glob.glob(os.path.join(folder(), name + "_*.deb")) for name in PACKAGES]
    return [f[0] for f in found] if all(found) else []


def fetch():
    """Downloads them unless they are there; a reason when that is impossible, or None."""
    if packages():
        return None
    os.makedirs(folder(), exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder()) as part:
        try:
            done = subprocess.run(["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download",
                                   *PACKAGES], cwd=part, check=False, text=True,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        except FileNotFoundError:
            return "apt-get is not here"
        if done.returncode != 0:
            return (done.stderr.splitlines() or ["no reason given"])[0]
        for path in glob.glob(os.path.join(part, "*.deb")):
            os.replace(path, os.path.join(folder(), os.path.basename(path)))
    return None


def zone(suffix, count):
    """Domains d0 to dCOUNT-1 below suffix with SPF and DMARC records."""
    return "".join(f"d{n}.{suffix} TXT v=spf1 ip4:{CLIENTS} -all\n"
                   f"forged.d{n}.{suffix} TXT v=spf1 -all\n"
                   f"_dmarc.d{n}.{suffix} TXT v=DMARC1; p=none; rua=mailto:dmarc@d{n}.{suffix}\n"
                   for n in range(count))


def start_dns(p, text, address="127.0.0.1", port=0):
    """Starts the name server; its port."""
    dns = p.start("slowdns", [procs.built("tests/bench/slowdns"), address, str(port), str(DELAY_MS),
                              SLOW, p.write("zone", text)])
    dns.wait_output("ready on port ")
    return int(dns.output().rpartition(" ")[2])


class Target:
    """A running program, its socket and what it answers."""

    def __init__(self, name, program, socket, plain=False, history=None):
        self.name, self.program, self.socket = name, program, socket
        self.plain, self.history = plain, history

    def drop_history(self):
        """Forgets the records, so that a long run does not fill the disk."""
        if self.history is not None and os.path.exists(self.history):
            os.unlink(self.history)


class Programs:
    """Starts them in the folder of a procs.Procs."""

    def __init__(self, p, dns_port):
        self.p, self.dns_port = p, dns_port
        self.root = None

    def _socket(self, name, tcp):
        """A socket, and what to wait for."""
        if tcp:
            port = procs.free_port()
            return f"inet:{port}@127.0.0.1", port
        path = self.p.path(name + ".sock")
        return "unix:" + path, path

    def _start(self, name, argv, socket, where, env=None, **target):
        program = self.p.start(name, argv, env)
        program.wait_socket(where)
        return Target(name, program, socket, **target)

    def null(self, tcp=False):
        name = "null-tcp" if tcp else "null"
        socket, where = self._socket(name, tcp)
        return self._start(name, [procs.built("tests/bench/nullmilter"), socket], socket, where,
                           plain=True)

    def _conf(self, name, socket, more):
        """The settings that both daemons have in common."""
        history = self.p.path(name + ".history")
        options = {"AuthservID": ID, "Socket": socket, "HistoryFile": history, "Syslog": "no",
                   "Background": "no", **more}
        text = "".join(f"{key} {value}\n" for key, value in options.items())
        return self.p.write(name + ".conf", text), history

    def ours(self, tcp=False, own_spf=False):
        name = "ours" + ("-tcp" if tcp else "") + ("-spf" if own_spf else "")
        socket, where = self._socket(name, tcp)
        conf, history = self._conf(name, socket, {
            "Nameservers": f"127.0.0.1@{self.dns_port}", **_spf(own_spf)})
        argv = [procs.built("opendmarc/opendmarc"), "-f", "-c", conf]
        return self._start(name, [*SILENT, *argv], socket, where, history=history)

    def _suffixes(self):
        """Debian's public suffix list with the suffixes of our zone: then both find the same domains."""
        text = procs.read(os.path.join(self.root, "usr/share/publicsuffix/public_suffix_list.dat"))
        return self.p.write("suffixes", f"{text}\ntest\n{SLOW}\n")

    def debian(self, own_spf=False):
        """Debian's daemon; only where 127.0.0.1:53 of /etc/resolv.conf is the server of start_dns()."""
        if self.root is None:
            self.root = self.p.path("debian")
            for deb in packages():
                self.p.run(["dpkg", "-x", deb, self.root])
        name = "debian" + ("-spf" if own_spf else "")
        socket, where = self._socket(name, False)
        conf, history = self._conf(name, socket, {"PublicSuffixList": self._suffixes(),
                                                  **_spf(own_spf)})
        argv = [os.path.join(self.root, "usr/sbin/opendmarc"), "-f", "-c", conf]
        return self._start(name, [*SILENT, *argv], socket, where, history=history,
                           env={"LD_LIBRARY_PATH": os.path.join(self.root, LIBRARIES)})


def _spf(own):
    return {"SPFSelfValidate": "yes", "SPFIgnoreResults": "yes"} if own else {}
