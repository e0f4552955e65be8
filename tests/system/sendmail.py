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
PROGRAMS = [("apt-get", "apt"), ("dpkg", "dpkg"), ("m4", "m4")]
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
FEATURE(`no_default_msa')dnl
FEATURE(`accept_unresolvable_domains')dnl
RELAY_DOMAIN(`receiver.example')dnl
DAEMON_OPTIONS(`Name=MTA, Family=inet, Port=25')dnl
{filters}MAILER(`smtp')dnl
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
    """The MTA on port 25, its milters given as [(name, TCP port)] in their order."""

    def __init__(self, p, sink_port, milters):
        self.root = p.path("sendmail.root")
        for deb in cached():
            p.run(["dpkg", "-x", deb, self.root])
        program = p.path("sendmail")
        # A copy without the set-group-id bit, so that the library path counts.
        shutil.copyfile(os.path.join(self.root, "usr/libexec/sendmail/sendmail"), program)
        os.chmod(program, 0o755)
        os.mkdir(p.path("mqueue"), 0o700)
        conf = p.write("sendmail.cf", self._generate(p, sink_port, milters))
        libraries = ":".join(os.path.join(self.root, folder) for folder in LIBRARIES)
        argv = [program, "-C", conf, "-bD", "-X", p.path("sendmail-session.log")]
        p.start("sendmail", argv, {"LD_LIBRARY_PATH": libraries}).wait_port(25)

    def _generate(self, p, sink_port, milters):
        filters = "".join(
            f"INPUT_MAIL_FILTER(`{name}', `S=inet:{port}@127.0.0.1, F=T, T=S:30s;R:1m')dnl\n"
            for name, port in milters)
        mc = p.write("sendmail.mc", MC.format(host=namespace.HOST, tmp=p.tmp, sink=sink_port,
                                              filters=filters))
        folder = os.path.join(self.root, "usr/share/sendmail/cf/")
        return p.run(["m4", "-D_CF_DIR_=" + folder, folder + "m4/cf.m4", mc]).stdout
