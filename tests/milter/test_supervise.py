#!/usr/bin/env python3
"""AutoRestart: a filter that dies is back, limits hold, signals reach it, nothing is left over;
and what a service manager is told."""
import os
import signal
import socket
import sys
import threading
import time

from filter import Filter, message
import procs
import tap

suite = tap.Suite()
OPENDMARC = procs.built("opendmarc/opendmarc")
SPOOF = message("a@reject.test")


class Watched(Filter):
    """A filter with a supervisor; it is self.daemon, the filter itself self.child()."""

    def __init__(self, options=None, **more):
        self.kills = 0
        super().__init__(options={"AutoRestart": "yes", **(options or {})}, **more)

    def children(self):
        pid = self.daemon.pid
        return [int(p) for p in procs.read(f"/proc/{pid}/task/{pid}/children").split()]

    def child(self):
        return self.daemon.wait_until(self.children, "a child")[0]

    def wait_start(self):
        """Until the filter after the last one that was killed has its socket."""
        self.daemon.wait_until(lambda: self.log().count(" starting (") == self.kills + 1,
                               f"start {self.kills + 1}")

    def kill(self, number=signal.SIGKILL):
        """Kills the child once it serves; its process id."""
        self.wait_start()
        pid = self.child()
        self.kills += 1
        os.kill(pid, number)
        return pid

    def killed(self, number=signal.SIGKILL):
        """As kill(), and waits for the next one; the process ids of both."""
        old = self.kill(number)
        self.wait_start()
        return old, self.child()


@suite.case("a filter that is killed is back and serves, the supervisor stays")
def _():
    pid_file = None
    with Watched({"RejectFailures": "yes"}, start=False) as g:
        pid_file = g.options["PidFile"] = g.procs.path("pid")
        g.start()
        procs.wait_for(lambda: procs.read(pid_file), "the pid file")
        tap.equal(procs.read(pid_file), f"{g.daemon.pid}\n", "pid file before")
        old, new = g.killed()
        tap.true(old != new, "another process")
        tap.equal(g.send(SPOOF).reply, "reject", "reply")
        tap.contains(g.log(), "opendmarc: terminated with signal 9, restarting\n", "log")
        tap.equal(procs.read(pid_file), f"{g.daemon.pid}\n", "pid file after")
        tap.equal(g.daemon.stop(60), 0, "status")
        tap.equal((procs.alive(new), os.path.exists(pid_file)), (False, False), "left over")
        tap.equal(g.log().count("terminating with status 0"), 1, "stops logged")


@suite.case("a filter that ends without being asked is back too")
def _():
    with Watched() as g:
        g.killed(signal.SIGTERM)
        tap.contains(g.log(), "opendmarc: exited with status 0, restarting\n", "log")


@suite.case("killed again and again under load: every message after is answered, none hangs")
def _():
    with Watched() as g:
        stop, answered = threading.Event(), []

        def stream():
            while not stop.is_set():
                try:
                    answered.append(g.send(message("a@none.test")).reply)
                except Exception:       # the filter died under it
                    pass
        threads = [threading.Thread(target=stream) for _ in range(4)]
        for t in threads:
            t.start()
        for _ in range(5):
            before = len(answered)
            procs.wait_for(lambda: len(answered) > before + 10, "mail")
            g.killed()
        before = len(answered)
        procs.wait_for(lambda: len(answered) > before + 10, "mail after the last restart")
        stop.set()
        for t in threads:
            t.join(procs.GIVE_UP_SECS)
        tap.equal([t.is_alive() for t in threads], [False] * 4, "threads that hang")
        tap.equal(set(answered), {"accept"}, "answers")
        tap.equal(g.log().count("terminated with signal 9, restarting"), 5, "restarts")


LIMITS = [
    ({"AutoRestartRate": "2/1d"}, 2, "maximum restart rate exceeded"),
    ({"AutoRestartRate": "0/1s"}, 0, "maximum restart rate exceeded"),
    ({"AutoRestartCount": "1"}, 1, "maximum restart count exceeded"),
    ({"AutoRestartCount": "1", "AutoRestartRate": "9/1h"}, 1, "maximum restart count exceeded"),
]
for options, restarts, text in LIMITS:
    @suite.case(f"{options} allows {restarts} restarts, then the end with 69")
    def _(options=options, restarts=restarts, text=text):
        with Watched(options) as g:
            for _ in range(restarts):
                g.killed()
            g.kill()
            tap.equal(g.daemon.wait_end(), 69, "status")
            tap.equal(g.log().count("terminated with signal 9, restarting"), restarts, "restarts")
            tap.equal(g.log().splitlines()[-2:], ["opendmarc: terminated with signal 9",
                      f"opendmarc: {text}"], "last lines")


@suite.case("restarts that are longer ago than the time of AutoRestartRate do not count")
def _():
    with Watched({"AutoRestartRate": "1/1s"}) as g:
        for _ in range(3):
            g.killed()
            time.sleep(1.01)
        tap.equal(g.send(SPOOF).reply, "accept", "reply")


@suite.case("an end that no restart mends is the end of both, with its status")
def _():
    with Watched(start=False) as g:
        folder = g.procs.path("run")
        os.mkdir(folder)
        g.options["Socket"] = f"local:{folder}/s"
        conf = g.write_conf()
        g.daemon = g.procs.start("opendmarc", [OPENDMARC, "-f", "-c", conf])
        g.daemon.wait_unix(f"{folder}/s")
        pid = g.child()
        os.rename(folder, folder + ".away")
        os.kill(pid, signal.SIGKILL)
        tap.equal(g.daemon.wait_end(), 69, "status")
        tap.contains(g.log(), f"{folder}/s: cannot listen there", "log")
        tap.equal(g.log().splitlines()[-1], "opendmarc: exited with status 69", "last line")


@suite.case("HUP and USR1 to the supervisor reload the filter, and a restart keeps what they brought")
def _():
    with Watched() as g:
        for number, value, reply in ((signal.SIGHUP, "yes", "reject"),
                                     (signal.SIGUSR1, "no", "accept"),
                                     (signal.SIGHUP, "yes", "reject")):
            g.reload({"RejectFailures": value}, number)
            tap.equal(g.send(SPOOF).reply, reply, f"RejectFailures {value}")
        before = g.log().count("configuration reloaded")
        g.killed()
        g.daemon.wait_until(lambda: g.log().count("configuration reloaded") > before, "a reload")
        tap.equal(g.send(SPOOF).reply, "reject", "after a restart")
        g.options["RejectFailures"] = "perhaps"
        g.write_conf()
        g.killed()
        g.daemon.wait_output("configuration not reloaded")
        tap.equal(g.send(SPOOF).reply, "accept", "a bad file: the configuration of the start")


for number in (signal.SIGTERM, signal.SIGINT):
    @suite.case(f"{number.name} ends both with 0")
    def _(number=number):
        with Watched() as g:
            child = g.child()
            g.daemon.signal(number)
            tap.equal(g.daemon.wait_end(), 0, "status")
            tap.equal(procs.alive(child), False, "the child")
            tap.equal(g.log().count("restarting"), 0, "restarts")


@suite.case("the filter does not outlive its supervisor")
def _():
    with Watched() as g:
        child = g.child()
        g.procs.adopt(child)
        g.daemon.signal(signal.SIGKILL)
        g.daemon.wait_end()
        procs.wait_for(lambda: not procs.alive(child), "the end of the child")


def in_background(g, *arguments):
    """Starts g as a daemon with a pid file; the CompletedProcess of the starter."""
    g.options.update({"Background": "yes", "PidFile": g.procs.path("pid")})
    conf = g.write_conf()
    return g.procs.run([OPENDMARC, *arguments, "-c", conf], check=False)


@suite.case("in the background with -A: the starter waits, the pid file names the supervisor")
def _():
    with Filter(start=False) as g:
        done = in_background(g, "-A")
        tap.equal((done.returncode, done.stdout, done.stderr), (0, "", ""), "the starter")
        tap.true(procs.answers(g.procs.path("m.sock")), "the socket answers at once")
        pid = int(procs.read(g.options["PidFile"]))
        g.procs.adopt(pid)
        child = int(procs.read(f"/proc/{pid}/task/{pid}/children"))
        g.procs.adopt(child)
        for process in (pid, child):
            for fd in (0, 1, 2):
                tap.equal(os.readlink(f"/proc/{process}/fd/{fd}"), "/dev/null", f"descriptor {fd}")
        os.kill(pid, signal.SIGTERM)
        for process in (pid, child):
            procs.wait_for(lambda: not procs.alive(process), f"the end of {process}")
        tap.true(not os.path.exists(g.options["PidFile"]), "the pid file is removed")


@suite.case("in the background: a failure of the first start reaches the starter")
def _():
    with Filter(start=False) as g, socket.socket(socket.AF_UNIX) as s:
        s.bind(g.procs.path("m.sock"))
        s.listen()
        done = in_background(g, "-A")
        tap.equal((done.returncode, done.stdout), (69, ""), "the starter")
        tap.contains(done.stderr, f"opendmarc: {g.procs.path('m.sock')}: Address already in use")
        tap.true(not os.path.exists(g.options["PidFile"]), "no pid file")


class Manager:
    """The socket of a service manager."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.settimeout(procs.GIVE_UP_SECS)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.socket.bind(address)

    def next(self):
        """The next message: process id and text."""
        text, extra, _, _ = self.socket.recvmsg(4096, 1000)
        return int.from_bytes(extra[0][2][:4], sys.byteorder), text.decode()

    def silent(self):
        self.socket.setblocking(False)
        try:
            return self.socket.recv(4096) is None
        except BlockingIOError:
            return True


for kind in ("a path", "an abstract name"):
    for watched in ("no", "yes"):
        @suite.case(f"a service manager at {kind} is told, AutoRestart {watched}")
        def _(kind=kind, watched=watched):
            with Filter(start=False, options={"AutoRestart": watched}) as g:
                path = g.procs.path("notify")
                manager = Manager(path if kind == "a path" else "\0" + path)
                conf = g.write_conf()
                g.daemon = g.procs.start("opendmarc", [OPENDMARC, "-f", "-c", conf], env={
                    "NOTIFY_SOCKET": path if kind == "a path" else "@" + path})
                tap.equal(manager.next(), (g.daemon.pid, "READY=1"), "after the start")
                tap.true(procs.answers(g.procs.path("m.sock")), "it serves at that moment")
                g.reload({"RejectFailures": "yes"})
                if watched == "no":
                    pid, text = manager.next()
                    tap.equal(pid, g.daemon.pid, "sender")
                    tap.true(text.startswith("RELOADING=1\nMONOTONIC_USEC="), f"reload: {text!r}")
                    tap.equal(manager.next()[1], "READY=1", "after the reload")
                tap.equal(g.daemon.stop(60), 0, "status")
                tap.equal(manager.next(), (g.daemon.pid, "STOPPING=1"), "at the stop")
                tap.true(manager.silent(), "nothing else")


@suite.case("a failed start tells a service manager nothing; a manager that is gone does no harm")
def _():
    with Filter(start=False) as g:
        manager = Manager(g.procs.path("notify"))
        env = {"NOTIFY_SOCKET": g.procs.path("notify")}
        conf = g.write_conf()
        done = g.procs.run([OPENDMARC, "-f", "-c", conf, "-p", "local:/nonexistent/s"], env, False)
        tap.equal((done.returncode, manager.silent()), (69, True), "failure")
        manager.socket.close()
        g.daemon = g.procs.start("opendmarc", [OPENDMARC, "-f", "-c", conf], env=env)
        g.daemon.wait_unix(g.procs.path("m.sock"))
        tap.contains(g.log(), "does not answer", "log")
        tap.equal(g.daemon.stop(60), 0, "status")


sys.exit(suite.run())
