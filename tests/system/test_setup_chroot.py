"""test_setup_chroot - UNIX sockets below /var/spool/postfix, for an smtpd in its chroot.

Socket local:/var/spool/postfix/opendmarc/opendmarc.sock with UMask 0002 and UserID
opendmarc:opendmarc, HistoryFile in /var/lib/opendmarc, an IgnoreHosts file, policyd-spf
as it comes (Received-SPF); OpenDKIM's socket beside ours, or on a TCP port. Postfix
is in the groups of both.
"""
import grp
import os
import pwd
import stat
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import attacks
import bed
import host
import namespace
import postfix
import procs
import tap

UNIX, MIXED = 25, 2525
SPOOL, HISTORY = "/var/spool/postfix", "/var/lib/opendmarc/opendmarc.dat"
SOCKET = SPOOL + "/opendmarc/opendmarc.sock"
INSIDE, OUTSIDE = "192.168.7.7", namespace.CLIENT4
USER = "opendmarc"
CHROOT_FILES = ["hosts", "resolv.conf", "nsswitch.conf", "services"]


def with_postfix(line):
    """A line of the group file, postfix added to the groups of the filters."""
    if not line.startswith((USER + ":", "opendkim:")):
        return line
    return line + ("" if line.endswith(":") else ",") + "postfix"


class Setup(host.Host):
    def __init__(self, p):
        super().__init__(p)
        subprocess.run(["ip", "addr", "add", INSIDE + "/32", "dev", "lo"], check=True)
        self._user()
        self.mta = postfix.Postfix(p, self.mailbox.port)
        self._folders()
        beside = postfix.OpenDKIM(p, path=SPOOL + "/opendkim/opendkim.sock", UMask="007",
                                  UserID="opendkim")
        postfix.OpenDKIM(p, "opendkim-tcp", port=12345)
        ignore = p.write("ignore.hosts", "127.0.0.1\n192.168.0.0/16\n")
        self.pid_file = p.path("run", "opendmarc.pid")
        os.makedirs(p.path("run"))
        self.daemon = bed.Daemon(
            p, "opendmarc", Socket="local:" + SOCKET, UMask="0002", UserID=f"{USER}:{USER}",
            HistoryFile=HISTORY, IgnoreHosts=ignore, TrustedAuthservIDs=f"{namespace.HOST},"
            "mx2.receiver.example", PidFile=self.pid_file + " #the usual one")
        self.daemons = {UNIX: self.daemon, MIXED: self.daemon}
        ours = SOCKET[len(SPOOL):]
        for port, dkim in ((UNIX, "unix:" + beside.socket[len(SPOOL):]),
                           (MIXED, "inet:localhost:12345")):
            self.mta.smtpd(port, None, agent="SPF", chroot="y",
                           smtpd_milters=f"{dkim},unix:{ours}")
        self.mta.start()

    def _user(self):
        """The user opendmarc, and postfix in the groups of the filters; only in here."""
        users, groups = procs.read("/etc/passwd"), procs.read("/etc/group")
        if f"\n{USER}:" not in users:
            users += f"{USER}:x:64321:64321::/var/lib/opendmarc:/usr/sbin/nologin\n"
            groups += f"{USER}:x:64321:\n"
        groups = "".join(with_postfix(line) + "\n" for line in groups.splitlines())
        namespace.bind(self.p, "passwd", users, "/etc/passwd")
        namespace.bind(self.p, "group", groups, "/etc/group")

    def _folders(self):
        """Postfix's queue folder and /var/lib of our own under their usual names."""
        subprocess.run(["mount", "--bind", self.p.path("queue"), SPOOL], check=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "none", "/var/lib"], check=True)
        self.p.at_close(lambda: subprocess.run(["umount", "-l", SPOOL, "/var/lib"], check=False))
        postfix_gid = grp.getgrnam("postfix").gr_gid
        for folder, user, mode in ((SPOOL + "/opendmarc", USER, 0o750),
                                   (SPOOL + "/opendkim", "opendkim", 0o750),
                                   ("/var/lib/opendmarc", USER, 0o755)):
            os.mkdir(folder)
            os.chown(folder, pwd.getpwnam(user).pw_uid, postfix_gid)
            os.chmod(folder, mode)
        os.mkdir(SPOOL + "/etc")
        for name in CHROOT_FILES:
            self.p.write("queue/etc/" + name, procs.read("/etc/" + name))


def owner_and_modes(at):
    uid, gid = pwd.getpwnam(USER).pw_uid, grp.getgrnam(USER).gr_gid
    st = os.stat(SOCKET)
    tap.equal((stat.S_ISSOCK(st.st_mode), oct(st.st_mode & 0o777), st.st_uid, st.st_gid),
              (True, "0o775", uid, gid), "socket")
    lines = procs.read(f"/proc/{at.daemon.program.pid}/status").splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    tap.equal((status["Uid"].split(), status["Gid"].split()), ([str(uid)] * 4, [str(gid)] * 4),
              "user and group of the daemon")


def pid_file(at):
    """In a folder of root's it cannot be written; the daemon says so and runs."""
    at.daemon.wait_log(f'PidFile "{at.pid_file}": Permission denied')
    tap.true(not os.path.exists(at.pid_file), "no pid file")


def judged(at, port):
    at.verdict(at.signed(port), "dmarc=pass (p=reject dis=none) header.from=dkim.example")
    for client in (OUTSIDE, namespace.CLIENT6):
        at.verdict(at.plain(port, "spf.example", client=client),
                   "dmarc=pass (p=quarantine dis=none) header.from=spf.example")
    mail = at.plain(port, "reject.example")
    at.verdict(mail, "dmarc=fail (p=reject dis=none) header.from=reject.example")
    at.daemon.record(mail.job())
    st = os.stat(HISTORY)
    tap.equal((st.st_uid, oct(st.st_mode & 0o777)), (pwd.getpwnam(USER).pw_uid, "0o664"),
              "history file")


def ignored(at):
    before = at.daemon.records()
    rcpt = at.rcpt()
    code, _ = bed.send(UNIX, bed.message("reject.example", rcpt), "x@reject.example", rcpt,
                       client=INSIDE)
    tap.equal(code, 250, "reply")
    mail = at.mailbox.wait(rcpt)
    tap.equal(mail.results("dmarc"), [], "verdict")
    tap.equal(at.daemon.records(), before, "history")


def stale_socket(at):
    """A daemon that was killed leaves its socket; the next one takes its place."""
    at.daemon.program.signal(9)
    at.daemon.program.wait_end()
    tap.true(stat.S_ISSOCK(os.stat(SOCKET).st_mode), "the socket is left over")
    at.daemon.start()
    at.verdict(at.signed(UNIX), "dmarc=pass")


def main():
    namespace.enter(bed.PROGRAMS + postfix.PROGRAMS)
    suite = tap.Suite()
    with procs.Procs() as p:
        at = Setup(p)
        suite.add("owner and mode of the socket", owner_and_modes, at)
        suite.add("a pid file that cannot be written", pid_file, at)
        suite.add("OpenDKIM on a UNIX socket", judged, at, UNIX)
        suite.add("OpenDKIM on a TCP port", judged, at, MIXED)
        suite.add("a network in the IgnoreHosts file", ignored, at)
        attacks.add(suite, "chroot", at, UNIX, main_only=True, quotes=False)
        suite.add("a socket that a crash left", stale_socket, at)
        suite.add("the daemon ends cleanly", bed.end_cleanly, [at.daemon])
        return suite.run(on_failure=lambda: tap.diag(p.logs()))


if __name__ == "__main__":
    sys.exit(main())
