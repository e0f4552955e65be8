"""sendmail - a real Sendmail, unpacked into a folder and run from there.

Its Debian packages cannot be installed beside Postfix. fetch() downloads them once into
the build folder (apt-get download), Sendmail unpacks them into the test's folder and
generates a configuration from sendmail.mc with our filter as INPUT_MAIL_FILTER.
Milters are on TCP: Sendmail refuses UNIX sockets below a folder that all may write,
such as /tmp.
"""
import glob
import os
import shutil
import subprocess
import tempfile

import namespace

PACKAGES = ["sendmail-bin", "sendmail-cf", "libwrap0"]
PROGRAMS = [("apt-get", "apt"), ("dpkg", "dpkg"), ("m4", "m4"), ("saslpasswd2", "sasl2-bin")]
USER, PASSWORD = "user", "secret"
LIBRARIES = ["lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu"]

MC = """\
OSTYPE(`linux')dnl
define(`confDOMAIN_NAME', `{host}')dnl
define(`confPID_FILE', `{tmp}/sendmail.pid')dnl
define(`QUEUE_DIR', `{tmp}/mqueue')dnl
define(`STATUS_FILE', `')dnl
define(`ALIAS_FILE', `')dnl
define(`HELP_FILE', `')dnl
define(`confDONT_BLAME_SENDMAIL', `GroupWritableDirPathSafe')dnl
define(`confDONT_PROBE_INTERFACES', `true')dnl
define(`confTO_IDENT', `0')dnl
define(`confQUEUE_LA', `1000')dnl
define(`confREFUSE_LA', `1000')dnl
define(`RELAY_MAILER_ARGS', `TCP $h {sink}')dnl
define(`SMART_HOST', `relay:[127.0.0.1]')dnl
TRUST_AUTH_MECH(`PLAIN')dnl
define(`confAUTH_MECHANISMS', `PLAIN')dnl
FEATURE(`no_default_msa')dnl
FEATURE(`accept_unresolvable_domains')dnl
RELAY_DOMAIN(`receiver.example')dnl
{filters}{daemons}MAILER(`smtp')dnl
"""


def cache():
    """The folder with the downloaded packages."""
    return os.path.abspath(os.path.join(os.environ.get("top_builddir", "."),
                                        "tests/system/debs"))


def cached():
    """The downloaded packages, [] unless all are there."""
    found = [glob.glob(os.path.join(cache(), name + "_*.deb")) for name in PACKAGES]
    return [f[0] for f in found if f] if all(found) else []


def fetch():
    """Downloads the packages unless they are there; a reason when that is impossible, or None.

    To be called before the name space is entered, from which nothing can be reached.
    """
    if cached():
        return None
    os.makedirs(cache(), exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache()) as folder:
        done = subprocess.run(["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download",
                               *PACKAGES], cwd=folder, check=False, text=True,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if done.returncode != 0:
            why = (done.stderr.splitlines() or ["no reason given"])[0]
            return f"the Sendmail packages cannot be downloaded: {why}"
        for path in glob.glob(os.path.join(folder, "*.deb")):
            os.replace(path, os.path.join(cache(), os.path.basename(path)))
    return None


class Sendmail:
    """The MTA, its milters given as [(name, TCP port)] in their order.

    It listens on port 25 with all of them; ports may give {port: names of milters}. No
    macro list is changed.
    """

    def __init__(self, p, sink_port, milters, ports=None):
        self.root = p.path("sendmail.root")
        for deb in cached():
            p.run(["dpkg", "-x", deb, self.root])
        program = p.path("sendmail")
        # A copy without the set-group-id bit, so that the library path counts.
        shutil.copyfile(os.path.join(self.root, "usr/libexec/sendmail/sendmail"), program)
        os.chmod(program, 0o755)
        os.mkdir(p.path("mqueue"), 0o700)
        self._passwords(p)
        conf = p.write("sendmail.cf", self._generate(
            p, sink_port, milters, ports or {25: [name for name, _ in milters]}))
        libraries = ":".join(os.path.join(self.root, folder) for folder in LIBRARIES)
        argv = [program, "-C", conf, "-bD", "-X", p.path("sendmail-session.log")]
        p.start("sendmail", argv, {"LD_LIBRARY_PATH": libraries}).wait_port(25)

    def _passwords(self, p):
        """A Cyrus SASL database with one user; its configuration stands in a fixed folder."""
        path = p.path("sasldb2")
        p.run(["saslpasswd2", "-p", "-c", "-f", path, "-u", namespace.HOST, USER],
              input=PASSWORD)
        p.run(["mount", "-t", "tmpfs", "-o", "mode=755", "none", "/usr/lib/sasl2"])
        p.at_close(lambda: subprocess.run(["umount", "-l", "/usr/lib/sasl2"], check=False))
        with open("/usr/lib/sasl2/Sendmail.conf", "w", encoding="ascii") as f:
            f.write("pwcheck_method: auxprop\nauxprop_plugin: sasldb\nmech_list: PLAIN\n"
                    f"sasldb_path: {path}\n")

    def _generate(self, p, sink_port, milters, ports):
        filters = "".join(
            f"INPUT_MAIL_FILTER(`{name}', `S=inet:{port}@127.0.0.1, F=T, T=S:30s;R:1m')dnl\n"
            for name, port in milters)
        daemons = "".join(
            f"DAEMON_OPTIONS(`Name=MTA{port}, Family=inet, Port={port}, "
            f"InputMailFilters={';'.join(names)}')dnl\n" for port, names in ports.items())
        mc = p.write("sendmail.mc", MC.format(host=namespace.HOST, tmp=p.tmp, sink=sink_port,
                                              filters=filters, daemons=daemons))
        folder = os.path.join(self.root, "usr/share/sendmail/cf/")
        return p.run(["m4", "-D_CF_DIR_=" + folder, folder + "m4/cf.m4", mc]).stdout
