"""terminal - a program whose standard error is a terminal.

    with terminal.Terminal(argv) as t:
        t.wait_for("text")          # until it stands in t.output
        t.end()                     # the exit status; t.output is complete
"""
import os
import pty
import subprocess
import threading

import procs


class Terminal:
    """The program runs when it is made; what it writes there is collected in output."""

    def __init__(self, argv, **popen):
        self.output = ""
        self._ours, theirs = pty.openpty()
        try:
            self.popen = subprocess.Popen(argv, stderr=theirs,
                                          **dict({"stdin": subprocess.DEVNULL,
                                                  "stdout": subprocess.DEVNULL}, **popen))
        finally:
            os.close(theirs)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.popen.kill()
        self.popen.wait()
        self._reader.join(procs.GIVE_UP_SECS)
        os.close(self._ours)

    def _read(self):
        while True:
            try:
                part = os.read(self._ours, 4096)
            except OSError:     # the other side is closed
                return
            if not part:
                return
            self.output += part.decode("utf-8", "replace")

    def wait_for(self, text):
        procs.wait_for(lambda: text in self.output, f"{text!r} on the terminal")

    def end(self):
        status = self.popen.wait(procs.GIVE_UP_SECS)
        self._reader.join(procs.GIVE_UP_SECS)
        return status
