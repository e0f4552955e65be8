"""procs - programs that a test starts, watches and certainly stops again.

    with procs.Procs() as p:
        sock = p.path("milter.sock")
        daemon = p.start("opendmarc", [procs.built("opendmarc/opendmarc"), "-f", ...])
        daemon.wait_unix(sock)
        ...
        daemon.stop()

Procs owns a temporary folder (p.tmp, p.path(name)) and the processes. On leaving
the block, at exit and on SIGTERM, SIGINT or SIGHUP everything still running gets TERM,
then KILL, by its own process id; the folder is removed. KEEP_TMP=1 in the environment
keeps it, and says where it is. The output of a program goes to NAME.log in the folder.

Waiting is always for a condition that can be seen, polled, with an upper bound
that only decides when a test is given up.
"""
import atexit
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

GIVE_UP_SECS = 60
POLL_SECS = 0.02


class Error(Exception):
    """A program did not do what was waited for; the text carries its log."""


def built(name):
    """The path of a built program or file, NAME relative to the top build folder."""
    path = os.path.join(os.environ.get("top_builddir", "."), name)
    if not os.path.exists(path):
        raise FileNotFoundError(f"{path} is not built (top_builddir says where to look)")
    return os.path.abspath(path)


def is_sanitized(name):
    """Whether a built program watches its own memory, which takes much more of it."""
    with open(built(name), "rb") as program:
        return b"__asan_init" in program.read()


def source(name):
    """The path of a file of the source tree, NAME relative to its top."""
    top = os.environ.get("top_srcdir")
    if top is None:
        top = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    return os.path.abspath(os.path.join(top, name))


def free_port(host="127.0.0.1"):
    """A TCP port of host that nobody listens on now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as s:
        s.bind((host, 0))
        return s.getsockname()[1]


def wait_for(condition, what, secs=GIVE_UP_SECS):
    """Polls condition() until it is true and returns its value; Error after secs."""
    deadline = time.monotonic() + secs
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Error(f"gave up waiting for {what}")
        time.sleep(POLL_SECS)


def answers(address):
    """True when a connection to address (path, or host and port) is accepted."""
    if isinstance(address, str):
        family = socket.AF_UNIX
    else:
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as s:
        s.settimeout(5)
        try:
            s.connect(address)
        except OSError:
            return False
    return True


def read(path):
    """The text of a file, "" when it does not exist; odd octets are kept as escapes."""
    try:
        with open(path, encoding="utf-8", errors="backslashreplace") as f:
            return f.read()
    except FileNotFoundError:
        return ""


def alive(pid):
    """True while a process of that id runs (a zombie does not)."""
    try:
        with open(f"/proc/{pid}/stat", encoding="latin-1") as f:
            return f.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def stop_pid(pid, secs=10):
    """TERM, then KILL after secs, for a process that is not our child; returns when it is gone."""
    for number, wait in ((signal.SIGTERM, secs), (signal.SIGKILL, GIVE_UP_SECS)):
        try:
            os.kill(pid, number)
            wait_for(lambda: not alive(pid), f"the end of process {pid}", wait)
            return
        except ProcessLookupError:
            return
        except Error:
            if number == signal.SIGKILL:
                raise


# Where the report tools find the schemas before they are installed.
os.environ.setdefault("OPENDMARC_SCHEMA_DIR", source("reports"))


class Program:
    """One started program."""

    def __init__(self, name, argv, log, **popen):
        self.name, self.log = name, log
        self.stop_signal = signal.SIGTERM
        popen.setdefault("stdin", subprocess.DEVNULL)
        with open(log, "ab") as out:
            self.popen = subprocess.Popen(argv, stdout=out, stderr=subprocess.STDOUT, **popen)

    @property
    def pid(self):
        return self.popen.pid

    def output(self):
        """What it has written so far."""
        return read(self.log)

    def running(self):
        return self.popen.poll() is None

    def wait_until(self, condition, what, secs=GIVE_UP_SECS):
        """As wait_for(), but gives up at once when the program has ended."""
        def check():
            value = condition()
            if not value and not self.running():
                raise Error(f"{self.name} ended with {self.popen.returncode} before {what}")
            return value
        try:
            return wait_for(check, f"{what} of {self.name}", secs)
        except Error as e:
            raise Error(f"{e}; its output:\n{self.output()}") from None

    def wait_unix(self, path):
        """Until the UNIX socket accepts connections."""
        self.wait_until(lambda: answers(path), f"socket {path}")

    def wait_port(self, port, host="127.0.0.1"):
        """Until the TCP port accepts connections."""
        self.wait_until(lambda: answers((host, port)), f"port {host}:{port}")

    def wait_socket(self, where):
        """wait_unix() for a path, wait_port() for a number."""
        if isinstance(where, int):
            self.wait_port(where)
        else:
            self.wait_unix(where)

    def wait_output(self, text):
        """Until text stands in its output."""
        self.wait_until(lambda: text in self.output(), f"output {text!r}")

    def wait_end(self, secs=GIVE_UP_SECS):
        """Waits for its end; the exit status, negative for a signal."""
        try:
            return self.popen.wait(secs)
        except subprocess.TimeoutExpired:
            raise Error(f"{self.name} does not end; its output:\n{self.output()}") from None

    def signal(self, number):
        self.popen.send_signal(number)

    def stop(self, secs=10):
        """TERM (or self.stop_signal), KILL after secs; the exit status."""
        if self.running():
            self.signal(self.stop_signal)
            try:
                self.popen.wait(secs)
            except subprocess.TimeoutExpired:
                self.popen.kill()
        return self.popen.wait(GIVE_UP_SECS)


class Procs:
    """The temporary folder and the running programs of one test."""

    def __init__(self, prefix="opendmarc-test."):
        self.tmp = tempfile.mkdtemp(prefix=prefix)
        self.programs = []
        self.pids = []
        self.atexit = []
        self.owner = os.getpid()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda n, frame: sys.exit(128 + n))
        atexit.register(self.close)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def path(self, *names):
        """A path inside the temporary folder."""
        return os.path.join(self.tmp, *names)

    def write(self, name, text, mode=0o644):
        """Writes a file into the folder, making the folders above it; returns its path."""
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode())
        os.chmod(path, mode)
        return path

    def start(self, name, argv, env=None, **popen):
        """Starts argv with env added to the environment; output in NAME.log."""
        full = dict(os.environ, **(env or {}))
        program = Program(name, argv, self.path(name + ".log"), env=full, **popen)
        self.programs.append(program)
        return program

    def run(self, argv, env=None, check=True, **popen):
        """Runs argv to its end; the CompletedProcess with text. A bad status is an Error."""
        full = dict(os.environ, **(env or {}))
        popen.setdefault("stdin", subprocess.DEVNULL)
        if "input" in popen:
            del popen["stdin"]
        done = subprocess.run(argv, env=full, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, errors="backslashreplace", timeout=300, check=False,
                              **popen)
        if check and done.returncode != 0:
            raise Error(f"{argv} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done

    def adopt(self, pid):
        """Stops, at the end, a daemon that is not our child too."""
        self.pids.append(pid)

    def at_close(self, function):
        """Calls function() at the end, before programs are stopped; last added first."""
        self.atexit.append(function)

    def logs(self):
        """The end of every log file, for a test that failed."""
        text = ""
        for name in sorted(os.listdir(self.tmp)):
            if name.endswith(".log"):
                lines = read(self.path(name)).splitlines()[-40:]
                text += "\n".join([f"--- {name}", *lines, ""])
        return text

    def close(self):
        """Stops everything and removes the folder; harmless when repeated."""
        if os.getpid() != self.owner:       # a forked child does not own anything
            return
        while self.atexit:
            try:
                self.atexit.pop()()
            except Exception as e:          # the rest must be stopped all the same
                sys.stderr.write(f"procs: {e}\n")
        for program in self.programs:       # all at once, then wait for each
            if program.running():
                program.signal(program.stop_signal)
        while self.programs:
            self.programs.pop().stop()
        while self.pids:
            stop_pid(self.pids.pop())
        if self.tmp and os.environ.get("KEEP_TMP"):
            sys.stderr.write(f"procs: kept {self.tmp}\n")
        elif self.tmp:
            shutil.rmtree(self.tmp, ignore_errors=True)
        self.tmp = None
        atexit.unregister(self.close)
