#!/usr/bin/env python3
"""test_start - how opendmarc starts and stops: every flag, every exit status, every
refusal as one line that names place and remedy, background, pid file, socket, log."""
import grp
import os
import pwd
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import milterclient  # noqa: E402
import procs  # noqa: E402
import tap  # noqa: E402

OPENDMARC = procs.built("opendmarc/opendmarc")
USER = pwd.getpwuid(os.getuid()).pw_name
ROOT = os.getuid() == 0
DEBIAN = """\
# what the package of Debian 12 sets
PidFile {run}/opendmarc.pid
PublicSuffixList {psl}
Socket local:{run}/opendmarc.sock
Syslog true
UMask 0002
UserID {user}
"""

suite = tap.Suite()
p = procs.Procs()
count = iter(range(10000))


def fresh():
    """An empty folder of its own for one case."""
    path = p.path(f"case{next(count)}")
    os.mkdir(path)
    os.chmod(path, 0o755)
    return path


def conf(text):
    return p.write(f"{next(count)}.conf", text)


def opendmarc(*args, **more):
    return p.run([OPENDMARC, *args], check=False, **more)


def refused(done, status, text):
    """One line on stderr, "opendmarc: " and text, and the status."""
    tap.equal(done.returncode, status, f"status ({done.stderr!r})")
    tap.equal(done.stderr, f"opendmarc: {text}\n", "stderr")
    tap.equal(done.stdout, "", "stdout")


def foreground(*args, **more):
    return p.start(f"opendmarc{next(count)}", [OPENDMARC, "-f", *args], **more)


def read_pid(path):
    text = procs.read(path)
    tap.true(re.fullmatch(r"[0-9]+\n", text), f"pid file holds {text!r}")
    return int(text)


# --- the command line ---------------------------------------------------------------

for arguments in (["-x"], ["-t"], ["-Ax"], ["-c"], ["-p"], ["-p", ""], ["-c", ""],
                  ["file"], ["-n", "file"], ["--help"]):
    @suite.case("usage after " + " ".join(arguments))
    def _(arguments=arguments):
        done = opendmarc(*arguments)
        tap.equal((done.returncode, done.stdout), (64, ""), "status and stdout")
        lines = done.stderr.splitlines()
        tap.equal(lines[0], "opendmarc: usage: opendmarc [options]", "first line")
        tap.equal([line[:4] for line in lines[1:]],
                  ["\t-" + flag + " " for flag in "AcflnpPtuvV"], "flags")


@suite.case("-V prints version, library and code options")
def _():
    for arguments in (["-V"], ["-V", "-c", "/nonexistent"], ["-n", "-V", "-x"]):
        done = opendmarc(*arguments)
        tap.equal((done.returncode, done.stderr), (0, ""), "status and stderr")
        tap.true(re.match(r"opendmarc: OpenDMARC Filter v\d+\.\d+\.\d+\n"
                          r"\tSMFI_VERSION 0x[0-9a-f]+\n\tlibmilter version \d+\.\d+\.\d+\n"
                          r"\tActive code options:\n\t\tWITH_SPF\n\t\tWITH_SPF2\n$",
                          done.stdout), f"output {done.stdout!r}")


# --- the configuration --------------------------------------------------------------

@suite.case("-n accepts a good configuration, also from standard input")
def _():
    text = "Socket inet:8893@localhost\n"
    for arguments, more in ((["-c", conf(text)], {}), (["-c", "-"], {"input": text})):
        done = opendmarc("-n", *arguments, **more)
        tap.equal((done.returncode, done.stdout, done.stderr), (0, "", ""), "outcome")


@suite.case("-n writes nothing and opens nothing")
def _():
    run = fresh()
    done = opendmarc("-n", "-c", conf(f"Socket local:{run}/s\nPidFile {run}/p\n"
                                      f"HistoryFile {run}/h\n"))
    tap.equal((done.returncode, os.listdir(run)), (0, []), "outcome")


@suite.case("-n warns of folders where files cannot be made, and does not refuse them")
def _():
    run = fresh()
    text = f"Socket local:{run}/no/s\nPidFile {run}/no/p\nHistoryFile {run}/no/h\n"
    done = opendmarc("-n", "-c", conf(text))
    tap.equal((done.returncode, done.stderr.splitlines()), (0, [
        f'opendmarc: {option}: no file can be made in "{run}/no": No such file or directory'
        for option in ("Socket", "PidFile", "HistoryFile")]), "missing")
    os.mkdir(f"{run}/no", 0o755)
    tap.equal(opendmarc("-n", "-c", conf(text)).stderr, "", "there")
    done = opendmarc("-n", "-c", conf("Socket /nonexistent-socket\nPidFile pid\n"), cwd=run)
    tap.equal(done.returncode, 0, "paths in the root and without a folder")
    if not ROOT:
        raise tap.Skip("needs root for the folders of another user")
    user = other_user()
    done = opendmarc("-n", "-c", conf(text), "-u", user.pw_name)
    tap.equal(done.stderr.splitlines()[0], f'opendmarc: Socket: no file can be made in "{run}/no": '
              "Permission denied", "another user")
    os.chown(f"{run}/no", user.pw_uid, 0)
    tap.equal(opendmarc("-n", "-c", conf(text), "-u", user.pw_name).stderr, "", "owner")


@suite.case("the configuration of Debian 12 is good as it is, with comments and CR LF too")
def _():
    run = fresh()
    text = DEBIAN.format(run=run, psl=p.write("psl.dat", "com\n"), user=USER)
    for variant in (text, text.replace("\n", "  # Debian default\n"), text.replace("\n", "\r\n"),
                    text.replace("UserID", "Userid"), text.upper().split("PIDFILE")[0]
                    + text.partition("\n")[2]):
        done = opendmarc("-n", "-c", conf(variant))
        tap.equal((done.returncode, done.stderr), (0, ""), variant)


@suite.case("an unreadable configuration is refused")
def _():
    refused(opendmarc("-c", "/nonexistent/x.conf", "-p", "inet:1@127.0.0.1"), 78,
            "/nonexistent/x.conf: error reading configuration file: No such file or directory")


@suite.case("no socket is refused, with a remedy")
def _():
    path = conf("Syslog no\n")
    refused(opendmarc("-f", "-c", path), 78,
            f"{path}: no Socket (set one, as local:PATH or inet:PORT@HOST, or use -p)")


WRONG = [
    ("RejectFailure yes",
     'unrecognized parameter "RejectFailure" (did you mean RejectFailures?)'),
    ("DNSTimeout 5s", 'illegal value "5s" for DNSTimeout (use a number from 1 to 300)'),
    ("Syslog maybe", 'illegal value "maybe" for Syslog (use yes or no)'),
    ("PidFile", 'required value missing after "PidFile" (add it, or remove the line)'),
    ("TrustedRelays 192.0.2.1,mx", 'illegal value "mx" for TrustedRelays (use addresses and '
                                   'networks, as 192.0.2.1 or 2001:db8::/32)'),
    ("Nameservers dns", 'illegal value "dns" for Nameservers (use addresses, each IP or IP@PORT)'),
    ("Socket tcp:1", 'illegal value "tcp:1" for Socket (use local:PATH, inet:PORT@HOST, '
                     'inet6:PORT@HOST or a path)'),
    ("IgnoreHosts /nonexistent/x", "IgnoreHosts: /nonexistent/x: No such file or directory"),
    ("TestDNSData /nonexistent/x", "TestDNSData: /nonexistent/x: No such file or directory"),
    ("BaseDirectory /nonexistent/x", 'BaseDirectory "/nonexistent/x": No such file or directory '
                                     '(create it, or remove the line)'),
    ("PublicSuffixList /nonexistent/x", 'PublicSuffixList "/nonexistent/x": No such file or '
                                        'directory (install the list, or remove the line)'),
    ("PolicyDiscovery list", 'illegal value "list" for PolicyDiscovery (use treewalk or psl)'),
]
for line, reason in WRONG:
    @suite.case(f"refused: {line}")
    def _(line=line, reason=reason):
        path = conf(f"Socket inet:1@127.0.0.1\n# x\n{line}\n")
        for arguments in (["-n"], ["-f"], []):
            refused(opendmarc(*arguments, "-c", path), 78,
                    f"{path}: configuration error at line 3: {reason}")


@suite.case("a file that is no public suffix list is refused where it is used")
def _():
    listed = p.write("nolist", "// nothing\n")
    lines = f"Socket inet:1@127.0.0.1\nPublicSuffixList {listed}\n"
    tap.equal(opendmarc("-n", "-c", conf(lines)).returncode, 0, "tree walk")
    path = conf(lines + "PolicyDiscovery psl\n")
    refused(opendmarc("-n", "-c", path), 78,
            f'{path}: configuration error at line 2: PublicSuffixList "{listed}": not a public '
            "suffix list (install the list, or remove the line)")


@suite.case("a bad entry of IgnoreHosts is refused with its line")
def _():
    hosts = p.write("hosts", "192.0.2.0/24\n\n192.0.2.300\n")
    path = conf(f"Socket inet:1@127.0.0.1\nIgnoreHosts {hosts}\n")
    refused(opendmarc("-n", "-c", path), 78,
            f'{path}: configuration error at line 2: IgnoreHosts: {hosts}: line 3: '
            f'"192.0.2.300" is not a host name, .suffix, address or network')


@suite.case("control characters of a bad file do not reach the terminal")
def _():
    path = conf(b"Socket inet:1@127.0.0.1\nAb\x1b[2J x\n")
    refused(opendmarc("-n", "-c", path), 78, f"{path}: configuration error at line 2: "
            'unrecognized parameter "Ab\\x1b[2J" (opendmarc.conf(5) lists all)')


@suite.case("older words are a warning that names the word of today")
def _():
    path = conf("Socket inet:1@127.0.0.1\nForensicReports yes\nDomainWhitelistSize 3000\n")
    done = opendmarc("-n", "-c", path)
    tap.equal((done.returncode, done.stderr), (0, f"opendmarc: {path}: line 2: ForensicReports "
              "is called FailureReports today\n"), "outcome")


@suite.case("command line values are checked and named as such")
def _():
    path = conf("Socket inet:1@127.0.0.1\n")
    refused(opendmarc("-n", "-c", path, "-p", "tcp:1"), 78,
            'command line: illegal value "tcp:1" for Socket (use local:PATH, inet:PORT@HOST, '
            'inet6:PORT@HOST or a path)')


# --- user and group -----------------------------------------------------------------

@suite.case("unknown user and group: 65 at start, 78 with -n")
def _():
    for user, reason in (("no-such-user", 'unknown user "no-such-user"'),
                         (USER + ":no-such-group", 'unknown group "no-such-group"')):
        path = conf(f"Socket inet:1@127.0.0.1\nUserID {user}\n")
        text = f"{{}}: {reason} (create it, or correct UserID or -u)"
        where = f"{path}: configuration error at line 2"
        refused(opendmarc("-f", "-c", path), 65, text.format(where))
        refused(opendmarc("-n", "-c", path), 78, text.format(where))
        refused(opendmarc("-f", "-c", conf("Socket inet:1@127.0.0.1\n"), "-u", user), 65,
                text.format("command line"))


def other_user():
    """Some user that we are not."""
    return next(u for u in pwd.getpwall() if u.pw_uid not in (0, os.getuid()))


@suite.case("another user without the right to become it: 77")
def _():
    if ROOT:
        user = other_user()
        done = opendmarc("-f", "-c", conf("Socket inet:1@127.0.0.1\n"), "-u", "root",
                         user=user.pw_uid, group=user.pw_gid, extra_groups=[],
                         executable=readable_copy())
        wanted = "root"
    else:
        wanted = other_user().pw_name
        done = opendmarc("-f", "-c", conf("Socket inet:1@127.0.0.1\n"), "-u", wanted)
    refused(done, 77, f'cannot become user "{wanted}": setgroups: Operation not permitted '
                      "(start as root or as this user)")


def readable_copy():
    """The program where another user can reach it."""
    os.chmod(p.tmp, 0o755)
    return shutil.copy(OPENDMARC, os.path.join(p.tmp, "opendmarc-for-all"))


@suite.case("root becomes the user with its groups, before the socket is made")
def _():
    if not ROOT:
        raise tap.Skip("needs root")
    os.chmod(p.tmp, 0o755)
    user, run = other_user(), fresh()
    os.chown(run, user.pw_uid, user.pw_gid)
    other = next(g for g in grp.getgrall() if g.gr_gid not in (0, user.pw_gid))
    daemon = foreground("-c", conf(f"Socket local:{run}/s\nPidFile {run}/p\nUMask 007\n"
                                   f"UserID {user.pw_name}:{other.gr_name}\n"))
    daemon.wait_output("starting")
    status = procs.read(f"/proc/{daemon.pid}/status")
    tap.equal(re.search(r"^Uid:\t(.*)$", status, re.M)[1], "\t".join([str(user.pw_uid)] * 4), "uid")
    tap.equal(re.search(r"^Gid:\t(.*)$", status, re.M)[1], "\t".join([str(other.gr_gid)] * 4), "gid")
    tap.true("0" not in re.search(r"^Groups:\t(.*)$", status, re.M)[1].split(), "group 0 is gone")
    for name in ("s", "p"):
        tap.equal(os.stat(f"{run}/{name}").st_uid, user.pw_uid, f"owner of {name}")
    tap.equal(daemon.stop(), 0, "status")


@suite.case("UserID of oneself changes nothing")
def _():
    run = fresh()
    daemon = foreground("-c", conf(f"Socket local:{run}/s\n"), "-u", USER)
    daemon.wait_output("starting")
    tap.equal(daemon.stop(), 0, "status")


# --- root directory and core files ---------------------------------------------------

# Where there is no /proc, the search for leaks of a sanitizer cannot work.
IN_ROOT = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}


def new_root():
    """A folder that can be the root of a filter that runs as another user: user, folder."""
    if not ROOT:
        raise tap.Skip("needs root")
    os.chmod(p.tmp, 0o755)
    user, root = other_user(), fresh()
    os.mkdir(f"{root}/run")
    os.chown(f"{root}/run", user.pw_uid, user.pw_gid)
    return user, root


@suite.case("ChangeRootDirectory: all paths are inside, before and after a reload, groups are kept")
def _():
    user, root = new_root()
    group = next(g for g in grp.getgrall() if g.gr_gid not in (0, user.pw_gid))
    relative = os.path.relpath(root, p.tmp)
    p.write(f"{relative}/hosts", "192.0.2.1\n")
    path = conf(f"Socket local:/run/s\nPidFile /run/p\nNameservers 127.0.0.1@9\n"
                f"UserID {user.pw_name}:{group.gr_name}\nChangeRootDirectory {root}\n"
                "IgnoreHosts hosts\nBaseDirectory /\n")
    p.write(f"{relative}{path}", procs.read(path))
    done = opendmarc("-n", "-c", path, env=IN_ROOT)
    tap.equal((done.returncode, done.stderr), (0, ""), "-n")
    daemon = foreground("-c", path, env=IN_ROOT)
    daemon.wait_unix(f"{root}/run/s")
    tap.equal(os.readlink(f"/proc/{daemon.pid}/root"), root, "root directory")
    tap.equal(read_pid(f"{root}/run/p"), daemon.pid, "pid file inside")
    tap.equal(sorted(procs.read(f"/proc/{daemon.pid}/status").partition("Groups:")[2]
                     .split("\n")[0].split()), sorted(map(str, set(
                         os.getgrouplist(user.pw_name, group.gr_gid)))), "groups")
    tap.true("can leave" not in daemon.output(), "no warning")
    daemon.signal(signal.SIGHUP)
    daemon.wait_output("configuration reloaded from")
    tap.equal(daemon.stop(), 0, "status")
    tap.equal(os.listdir(f"{root}/run"), [], "files left")


@suite.case("ChangeRootDirectory with AutoRestart: back inside after a crash")
def _():
    user, root = new_root()
    daemon = foreground("-A", "-c", conf(f"Socket local:/run/s\nNameservers 127.0.0.1@9\n"
                        f"UserID {user.pw_name}\nChangeRootDirectory {root}\n"), env=IN_ROOT)
    daemon.wait_unix(f"{root}/run/s")
    child = int(procs.read(f"/proc/{daemon.pid}/task/{daemon.pid}/children"))
    os.kill(child, signal.SIGKILL)
    daemon.wait_output("terminated with signal 9, restarting")
    daemon.wait_unix(f"{root}/run/s")
    tap.equal(daemon.stop(), 0, "status")


@suite.case("ChangeRootDirectory that cannot be: 71, with -n 78; without UserID a warning")
def _():
    path = conf("Socket inet:1@127.0.0.1\n\nChangeRootDirectory /nonexistent/x\n")
    text = (f'{path}: configuration error at line 3: cannot make "/nonexistent/x" the root '
            "directory: No such file or directory (create it, or correct ChangeRootDirectory)\n")
    for flag, status in (("-f", 71), ("-n", 78)):
        done = opendmarc(flag, "-c", path, "-u", USER)
        tap.equal((done.returncode, done.stderr), (status, f"opendmarc: {text}"), flag)
    if not ROOT:
        raise tap.Skip("needs root for the rest")
    done = opendmarc("-n", "-c", conf("Socket inet:1@127.0.0.1\nChangeRootDirectory /\n"))
    tap.equal((done.returncode, done.stderr), (0, "opendmarc: ChangeRootDirectory without UserID: "
              "root can leave the directory again\n"), "without UserID")
    user = other_user()
    done = opendmarc("-n", "-c", conf("Socket inet:1@127.0.0.1\nChangeRootDirectory /\n"),
                     user=user.pw_uid, group=user.pw_gid, extra_groups=[],
                     executable=readable_copy())
    tap.equal(done.returncode, 78, "another user")
    tap.contains(done.stderr, "Operation not permitted (start as root)", "another user")


for wanted in ("yes", "no"):
    @suite.case(f"EnableCoredumps {wanted}: after the change of user")
    def _(wanted=wanted):
        user, root = new_root()
        daemon = p.start(f"core{wanted}", ["sh", "-c", "ulimit -Sc 0; exec \"$@\"", "sh",
                         OPENDMARC, "-f", "-u", user.pw_name, "-c",
                         conf(f"Socket local:{root}/run/s\nEnableCoredumps {wanted}\n")])
        daemon.wait_unix(f"{root}/run/s")
        # The files of a process that may not be dumped belong to root.
        tap.equal(os.stat(f"/proc/{daemon.pid}/stat").st_uid,
                  user.pw_uid if wanted == "yes" else 0, "owner in /proc")
        soft, hard = re.search(r"^Max core file size +(\S+) +(\S+)", procs.read(
            f"/proc/{daemon.pid}/limits"), re.M).groups()
        tap.equal(soft, hard if wanted == "yes" else "0", "limit")
        tap.equal(daemon.stop(), 0, "status")


# --- the socket ---------------------------------------------------------------------

def busy(done, status=69):
    """A refusal because of the socket: one line that names it."""
    tap.equal(done.returncode, status, f"status ({done.stderr!r})")
    tap.true(done.stderr.startswith("opendmarc: "), f"stderr {done.stderr!r}")


@suite.case("a busy TCP port: 69, also for the one who starts a daemon")
def _():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        spec = f"inet:{s.getsockname()[1]}@[127.0.0.1]"
        path = conf("Syslog no\n")
        for arguments in (["-f"], []):
            done = opendmarc(*arguments, "-c", path, "-p", spec)
            busy(done)
            tap.contains(done.stderr, spec, "stderr")


@suite.case("a busy UNIX socket: 69, and it stays")
def _():
    run = fresh()
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(f"{run}/s")
        s.listen()
        for spec in (f"local:{run}/s", f"unix:{run}/s", f"{run}/s"):
            busy(opendmarc("-f", "-c", conf(f"Socket {spec}\n")))
        tap.true(procs.answers(f"{run}/s"), "the socket still answers")


@suite.case("a directory that is missing, a file in the way: 69")
def _():
    run = fresh()
    p.write(os.path.join(os.path.relpath(run, p.tmp), "file"), "precious\n")
    for spec in (f"local:{run}/missing/s", f"local:{run}/file"):
        busy(opendmarc("-f", "-c", conf(f"Socket {spec}\n")))
    tap.equal(procs.read(f"{run}/file"), "precious\n", "the file")


@suite.case("a stale UNIX socket is replaced, also for a bare path")
def _():
    for form in ("local:{}", "unix:{}", "{}"):
        run = fresh()
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(f"{run}/s")
        daemon = foreground("-c", conf(f"Socket {form.format(run + '/s')}\n"))
        daemon.wait_unix(f"{run}/s")
        tap.equal(daemon.stop(), 0, "status")


@suite.case("TCP sockets of all forms")
def _():
    for form in ("inet:{}@127.0.0.1", "inet:{}@[127.0.0.1]", "inet:{}@localhost", "inet:{}"):
        port = procs.free_port()
        daemon = foreground("-c", conf(f"Socket {form.format(port)}\n"))
        daemon.wait_port(port)
        tap.equal(daemon.stop(), 0, "status")


for mask, mode in (("0002", 0o775), ("007", 0o770), ("2", 0o775), ("77", 0o700)):
    @suite.case(f"UMask {mask} gives a socket of mode {mode:o}")
    def _(mask=mask, mode=mode):
        run = fresh()
        daemon = foreground("-c", conf(f"Socket local:{run}/s\nUMask {mask}\nPidFile {run}/p\n"))
        daemon.wait_output("starting")
        tap.equal(oct(stat.S_IMODE(os.stat(f"{run}/s").st_mode)), oct(mode), "socket")
        tap.equal(oct(stat.S_IMODE(os.stat(f"{run}/p").st_mode)), oct(mode & 0o666), "pid file")
        daemon.stop()


# --- running ------------------------------------------------------------------------

@suite.case("the log of a start and a stop in the foreground")
def _():
    run = fresh()
    path = conf(f"Socket local:{run}/s\nTrustedAuthservIDs a.example, b.example\n"
                "AuthservID a.example\nSPFSelfValidate yes\nSPFIgnoreResults yes\n"
                "TrustJobID yes\nPublicSuffixList /dev/null\n")
    daemon = foreground("-c", path)
    daemon.wait_unix(f"{run}/s")
    tap.equal(daemon.stop(), 0, "status")
    lines = daemon.output().splitlines()
    version = re.match(r"opendmarc: OpenDMARC Filter v(\S+) starting \(args: -f -c \S+\)$", lines[0])
    tap.true(version, f"first line {lines[0]!r}")
    tap.equal(lines[1:-1], [
        "opendmarc: additional trusted authentication services: a.example, b.example",
        "opendmarc: a pass is believed for SPF by our own check alone; for DKIM from fields with "
        "the queue id of the message",
        "opendmarc: policy discovery by DNS tree walk; PublicSuffixList is not used for it",
        "opendmarc: TrustedAuthservIDs names other hosts and TrustedRelays is not set: any client "
        "can claim results under these names"], "lines")
    tap.equal(lines[-1], f"opendmarc: OpenDMARC Filter v{version[1]} terminating with status 0, "
              "errno = 0", "last line")


@suite.case("without options the default file is read, and the line of the start names none")
def _():
    if not ROOT:
        raise tap.Skip("needs root, to put a file in the place of the default one")
    if subprocess.run(["unshare", "--mount", "true"], check=False).returncode != 0:
        raise tap.Skip("name spaces cannot be made here")
    # The folder of the default file as it is, but for that file, and for this process alone.
    run = fresh()
    with open(OPENDMARC, "rb") as f:
        path = re.search(rb"\0(/[!-~]*/opendmarc\.conf)\0", f.read())[1].decode()
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        raise tap.Skip(f"there is no folder {folder}")
    shutil.copytree(folder, f"{run}/etc", symlinks=True)
    with open(f"{run}/etc/{os.path.basename(path)}", "w", encoding="utf-8") as f:
        f.write(f"Socket local:{run}/s\nBackground no\n")
    daemon = p.start("default", ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" "$1" && '
                                 'exec "$2"', f"{run}/etc", folder, OPENDMARC])
    daemon.wait_unix(f"{run}/s")
    tap.equal(daemon.stop(), 0, "status")
    tap.true(re.fullmatch(r"opendmarc: OpenDMARC Filter v\S+ starting",
                          daemon.output().splitlines()[0]),
             f"first line {daemon.output().splitlines()[0]!r}")


@suite.case("warnings at start: only where they apply")
def _():
    host = socket.gethostname()
    for text, warning, wanted in (
            ("TrustedAuthservIDs b.example\n", "TrustedRelays is not set", True),
            ("TrustedAuthservIDs b.example\nTrustedRelays 192.0.2.1\n", "TrustedRelays is", False),
            (f"TrustedAuthservIDs {host}\n", "TrustedRelays is not set", False),
            ("AuthservID x.example\n", "results count only under the name x.example", True),
            (f"AuthservID {host}\n", "results count only under", False),
            ("SPFIgnoreResults yes\n", "no message can pass by SPF", True),
            ("HistoryFile /nonexistent/h\n", 'HistoryFile "/nonexistent/h" cannot be written', True),
            ("", "services: (none)", True)):
        run = fresh()
        daemon = foreground("-c", conf(f"Socket local:{run}/s\n{text}"))
        daemon.wait_unix(f"{run}/s")
        daemon.stop()
        tap.equal(warning in daemon.output(), wanted, f"{text!r}: {warning}")


@suite.case("-p, -P and -u override the file")
def _():
    run = fresh()
    daemon = foreground("-c", conf(f"Socket local:{run}/a\nPidFile {run}/a.pid\nUserID nobody-x\n"),
                        "-p", f"local:{run}/b", "-P", f"{run}/b.pid", "-u", USER)
    daemon.wait_output("starting")
    tap.equal(sorted(os.listdir(run)), ["b", "b.pid"], "files")
    tap.equal(read_pid(f"{run}/b.pid"), daemon.pid, "pid")
    daemon.stop()


@suite.case("in the background: the starter waits, the pid file is there, TERM ends it")
def _():
    run = fresh()
    path = conf(f"Socket local:{run}/s\nPidFile {run}/p\n")
    done = opendmarc("-c", path)
    pid = read_pid(f"{run}/p")
    p.adopt(pid)
    tap.equal((done.returncode, done.stdout, done.stderr), (0, "", ""), "the starter")
    tap.true(procs.answers(f"{run}/s"), "the socket answers at once")
    tap.equal(os.getsid(pid) != os.getsid(0), True, "a session of its own")
    tap.true(os.getsid(pid) != pid, "no right to a terminal")
    for fd in (0, 1, 2):
        tap.equal(os.readlink(f"/proc/{pid}/fd/{fd}"), "/dev/null", f"descriptor {fd}")
    os.kill(pid, signal.SIGTERM)
    procs.wait_for(lambda: not procs.alive(pid), "the end of the daemon")
    tap.true(not os.path.exists(f"{run}/p"), "the pid file is removed")
    done = opendmarc("-c", path)
    tap.equal(done.returncode, 0, "starts again")
    pid = read_pid(f"{run}/p")
    p.adopt(pid)
    procs.stop_pid(pid)


@suite.case("a pid file of a successor is left alone, a link is not followed")
def _():
    run = fresh()
    daemon = foreground("-c", conf(f"Socket local:{run}/s\nPidFile {run}/p\n"))
    daemon.wait_output("starting")
    p.write(os.path.relpath(f"{run}/p", p.tmp), "1\n")
    daemon.stop()
    tap.equal(procs.read(f"{run}/p"), "1\n", "pid file")
    os.symlink(f"{run}/p", f"{run}/link")
    daemon = foreground("-c", conf(f"Socket local:{run}/s\nPidFile {run}/link\n"))
    daemon.wait_output("Too many levels of symbolic links")
    daemon.wait_unix(f"{run}/s")
    tap.equal(daemon.stop(), 0, "runs without")
    tap.equal(procs.read(f"{run}/p"), "1\n", "what the link names")


for number, name in ((signal.SIGTERM, "TERM"), (signal.SIGINT, "INT")):
    @suite.case(f"{name} stops with status 0")
    def _(number=number):
        run = fresh()
        daemon = foreground("-c", conf(f"Socket local:{run}/s\nPidFile {run}/p\n"))
        daemon.wait_unix(f"{run}/s")
        daemon.signal(number)
        tap.equal(daemon.wait_end(), 0, "status")
        tap.equal([name for name in os.listdir(run) if name == "p"], [], "pid file")
        tap.contains(daemon.output(), "terminating with status 0", "log")


def send_slowly(spec, results):
    """A message whose end waits for the DNS; its result, or what went wrong, is appended."""
    try:
        with milterclient.Milter(spec) as m:
            m.negotiate()
            m.connect(ip="192.0.2.1")
            m.helo("client.example")
            results.append(m.message(b"From: a@author.example\r\n\r\n", mail_from="<a@x.example>"))
    except Exception as e:      # the case reports it
        results.append(e)


for kind in ("local", "inet"):
    @suite.case(f"a stop frees the {kind} address at once and finishes the message in work")
    def _(kind=kind):
        run, port, results = fresh(), procs.free_port(), []
        spec = f"local:{run}/s" if kind == "local" else f"inet:{port}@127.0.0.1"
        address = f"{run}/s" if kind == "local" else ("127.0.0.1", port)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            path = conf(f"Socket {spec}\nDNSTimeout 8\n"
                        f"Nameservers 127.0.0.1@{silent.getsockname()[1]}\n")
            old = foreground("-c", path)
            old.wait_output("starting")
            old.wait_until(lambda: procs.answers(address), "an answer")
            client = threading.Thread(target=send_slowly, args=(spec, results))
            client.start()
            silent.settimeout(procs.GIVE_UP_SECS)
            silent.recv(512)            # it asks: the message is in work
            old.signal(signal.SIGTERM)
            procs.wait_for(lambda: not procs.answers(address), "the address to be free")
            new = foreground("-c", path)
            new.wait_until(lambda: procs.answers(address), "the successor to listen")
            tap.equal((results, old.running()), ([], True), "the old one still works")
            client.join()
            tap.true(isinstance(results[0], milterclient.Result), f"result {results[0]!r}")
            tap.contains(results[0].values("Authentication-Results")[0], "dmarc=temperror", "field")
            tap.equal(old.wait_end(), 0, "status of the old one")
            lines = old.output().splitlines()
            tap.contains(lines[-1], "terminating with status 0", "last line")
            tap.contains("\n".join(lines[-3:-1]), "author.example temperror\n", "lines before")
            tap.true(procs.answers(address), "the successor is undisturbed")
            tap.equal(new.stop(), 0, "status of the new one")


@suite.case("USR1 and PIPE do not stop it")
def _():
    run = fresh()
    daemon = foreground("-c", conf(f"Socket local:{run}/s\n"))
    daemon.wait_unix(f"{run}/s")
    daemon.signal(signal.SIGUSR1)
    daemon.signal(signal.SIGPIPE)
    tap.true(procs.answers(f"{run}/s") and daemon.running(), "it still answers")
    tap.equal(daemon.stop(), 0, "status")


@suite.case("the limit of open files is raised")
def _():
    run = fresh()
    daemon = p.start("limit", ["sh", "-c", "ulimit -n 1000; ulimit -Sn 100; exec \"$@\"", "sh",
                               OPENDMARC, "-f", "-c", conf(f"Socket local:{run}/s\n")])
    daemon.wait_unix(f"{run}/s")
    limits = procs.read(f"/proc/{daemon.pid}/limits")
    tap.equal(re.search(r"^Max open files +(\d+) +(\d+)", limits, re.M).groups(),
              ("1000", "1000"), "limits")
    daemon.stop()


@suite.case("-v logs at level debug without harm, -l opens syslog")
def _():
    run = fresh()
    daemon = foreground("-v", "-l", "-c", conf(f"Socket local:{run}/s\n"))
    daemon.wait_output("starting (args: -f -v -l")
    tap.equal(daemon.stop(), 0, "status")


def main():
    with p:
        return suite.run()


if __name__ == "__main__":
    sys.exit(main())
