"""namespace - runs a system test in network, mount, process and host name spaces of its own.

enter(...) starts the calling test again inside unshare(1). There the loopback interface has
the addresses of an MTA and its clients, port 25 and 53 are free, the resolver asks
127.0.0.1, and nothing leads outside. When the test ends, however it ends, the kernel ends
every process that it started and drops every mount, so that runs beside each other or
after a crash do not meet; the process outside waits for that and removes the folder.
Without root, or without a program that the test needs, the test is skipped and says why.
"""
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile

import tap

HOST = "mx.receiver.example"
MTA4, MTA6 = "192.0.2.1", "2001:db8::1"
CLIENT4, CLIENT6 = "192.0.2.10", "2001:db8::10"
ATTACKER4 = "192.0.2.66"
INSIDE = "OPENDMARC_TEST_NAMESPACE"
SPACES = ["unshare", "--net", "--mount", "--pid", "--uts", "--fork", "--kill-child",
          "--mount-proc"]


def _missing(programs):
    """The first reason why this test cannot run here, or None."""
    if os.geteuid() != 0:
        return "needs root, for a network name space of its own"
    for program, package in programs:
        if shutil.which(program) is None:
            return f"needs {program} of the Debian package {package}"
    if subprocess.run([*SPACES, "true"], stderr=subprocess.DEVNULL, check=False).returncode:
        return "name spaces cannot be made here"
    return None


def enter(programs):
    """Goes on inside the name spaces; programs: [(program, Debian package)] that must be here."""
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    if os.environ.get(INSIDE) == "1":
        return
    reason = _missing([("unshare", "util-linux"), ("ip", "iproute2"), *programs])
    if reason is not None:
        tap.skip_all(reason)
    sys.exit(_run_inside())


def _die_with_parent():
    """In the child: KILL when the parent is gone (prctl, PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def _run_inside():
    """Runs this test inside; its exit status. A signal that ends us ends the test."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda n, frame: sys.exit(128 + n))
    folder = tempfile.mkdtemp(prefix="opendmarc-test.")
    inside = subprocess.Popen([*SPACES, "--", sys.executable, *sys.argv],
                              preexec_fn=_die_with_parent,
                              env=dict(os.environ, TMPDIR=folder, **{INSIDE: "1"}))
    try:
        return inside.wait()
    finally:
        inside.kill()       # unshare ignores TERM; its child dies with it
        inside.wait()
        if not os.environ.get("KEEP_TMP"):
            shutil.rmtree(folder, ignore_errors=True)


def bind(p, name, text, over):
    """Puts a file of ours over a file of the system, inside this name space."""
    subprocess.run(["mount", "--bind", p.write(name, text), over], check=True)


def furnish(p):
    """Addresses, host name, resolver and a temporary file system for p.tmp."""
    if not os.environ.get("KEEP_TMP"):
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "none", p.tmp], check=True)
        p.at_close(lambda: subprocess.run(["umount", "-l", p.tmp], check=False))
    for folder in (p.tmp, os.path.dirname(p.tmp)):
        os.chmod(folder, 0o755)
    subprocess.run(["hostname", HOST], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for address in (MTA4, CLIENT4, ATTACKER4):
        subprocess.run(["ip", "addr", "add", address + "/32", "dev", "lo"], check=True)
    for address in (MTA6, CLIENT6):
        subprocess.run(["ip", "addr", "add", address + "/128", "dev", "lo", "nodad"],
                       check=True)
    bind(p, "resolv.conf", "nameserver 127.0.0.1\n", "/etc/resolv.conf")
    bind(p, "hosts", "127.0.0.1 localhost\n::1 localhost\n", "/etc/hosts")
