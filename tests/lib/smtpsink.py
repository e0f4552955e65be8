"""smtpsink - an SMTP server for tests: keeps every message, fails on request.

    with smtpsink.SmtpSink() as sink:
        sink.fail("rcpt", "450 4.2.0 later", match="slow@", count=2)
        ... send to sink.host, sink.port ...
        for m in sink.messages:     m.sender, m.rcpts, m.octets, m.helo, m.mail_options

A failure has a stage (connect helo mail rcpt data dot), a reply line or the word
"drop" (the connection is cut without a word), a text that must occur in the
argument of the command (for dot: in the message), and a count (None: always). A
message counts as accepted, and is kept, when its final dot got 250. Everything that
clients said stands in sink.commands.

With tls, an ssl context, STARTTLS is offered, or with implicit the first octet is TLS;
with users, {name: password}, mail needs AUTH PLAIN or LOGIN, offered under TLS only
unless plain_auth. m.tls and m.user tell what a message came with.
"""
import base64
import collections
import re
import socket
import threading

Message = collections.namedtuple("Message", "sender rcpts octets helo mail_options tls user")


class _Drop(Exception):
    pass


class _Failure:
    def __init__(self, stage, reply, match, count):
        self.stage, self.reply, self.match, self.left = stage, reply, match, count


class SmtpSink:
    """The server, in threads of its own. A context manager."""

    STAGES = ("connect", "helo", "mail", "rcpt", "data", "dot")

    def __init__(self, host="127.0.0.1", port=0, extensions=("8BITMIME", "SIZE 50000000"),
                 tls=None, implicit=False, users=None, plain_auth=False):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.socket(family, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((host, port))
        self._listener.listen(64)
        self.host, self.port = host, self._listener.getsockname()[1]
        self.extensions, self.tls, self.implicit = extensions, tls, implicit
        self.users, self.plain_auth = users, plain_auth
        self.messages, self.commands = [], []
        self._failures = []
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        """Stops listening; open sessions end with their clients."""
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()

    def fail(self, stage, reply, match="", count=None):
        """Answers a stage with reply ("drop" cuts the connection), count times."""
        if stage not in self.STAGES:
            raise ValueError(f"no stage {stage}")
        with self._lock:
            self._failures.append(_Failure(stage, reply, match, count))

    def recover(self):
        """Forgets all failures."""
        with self._lock:
            self._failures.clear()

    def failure(self, stage, text):
        """The reply that a stage must fail with, None for success; counts it."""
        with self._lock:
            for f in self._failures:
                if f.stage == stage and f.match in text and f.left != 0:
                    if f.left is not None:
                        f.left -= 1
                    return f.reply
        return None

    def keep(self, message):
        with self._lock:
            self.messages.append(message)

    def _accept(self):
        while True:
            try:
                client = self._listener.accept()[0]
            except OSError:
                return          # closed
            client.settimeout(300)
            threading.Thread(target=_Session(self, client).run, daemon=True).start()


class _Session:
    """One client."""

    def __init__(self, sink, client):
        self.sink, self.socket = sink, client
        self.input = client.makefile("rb")
        self.helo, self.is_tls, self.user = "", False, None
        self._reset()

    def _reset(self):
        self.sender, self.rcpts, self.options = None, [], ""

    def run(self):
        try:
            self._serve()
        except (_Drop, OSError):
            pass
        finally:
            self.input.close()
            self.socket.close()

    def say(self, *lines):
        self.socket.sendall("".join(line + "\r\n" for line in lines).encode())

    def failed(self, stage, text):
        """Answers with the failure of a stage, if there is one."""
        reply = self.sink.failure(stage, text)
        if reply == "drop":
            raise _Drop
        if reply is not None:
            self.say(reply)
        return reply is not None

    def _start_tls(self):
        self.input.close()
        self.socket = self.sink.tls.wrap_socket(self.socket, server_side=True)
        self.input = self.socket.makefile("rb")
        self.helo, self.is_tls = "", True
        self._reset()

    def _offers(self):
        """The extensions of this moment."""
        offers = list(self.sink.extensions)
        if self.sink.tls is not None and not self.is_tls:
            offers.append("STARTTLS")
        if self.sink.users is not None and (self.is_tls or self.sink.plain_auth):
            offers.append("AUTH PLAIN LOGIN")
        return offers

    def _serve(self):
        if self.sink.implicit:
            self._start_tls()
        if self.failed("connect", ""):
            return
        self.say("220 sink.example ESMTP")
        while True:
            line = self.input.readline()    # STARTTLS changes the input
            if not line:
                return
            text = line.decode("utf-8", "replace").rstrip("\r\n")
            self.sink.commands.append(text)
            verb, _, argument = text.partition(" ")
            handler = getattr(self, "_do_" + verb.lower(), None)
            if verb.upper() == "QUIT":
                self.say("221 2.0.0 bye")
                return
            if handler is None:
                self.say("502 5.5.2 unknown command")
            else:
                handler(argument)

    def _do_ehlo(self, argument):
        if not self.failed("helo", argument):
            self._reset()
            self.helo = argument
            lines = ["sink.example", *self._offers()]
            self.say(*("250-" + line for line in lines[:-1]), "250 " + lines[-1])

    def _do_helo(self, argument):
        if not self.failed("helo", argument):
            self._reset()
            self.helo = argument
            self.say("250 sink.example")

    def _do_starttls(self, _):
        if "STARTTLS" not in self._offers():
            self.say("502 5.5.1 not offered")
        else:
            self.say("220 2.0.0 go on")
            self._start_tls()

    def _ask(self, prompt):
        self.say("334 " + base64.b64encode(prompt).decode())
        return base64.b64decode(self.input.readline().strip())

    def _do_auth(self, argument):
        if self.sink.users is None or not (self.is_tls or self.sink.plain_auth):
            self.say("502 5.5.1 not offered")
            return
        mechanism, _, first = argument.partition(" ")
        if mechanism.upper() == "PLAIN":
            answer = base64.b64decode(first) if first else self._ask(b"")
            user, password = answer.split(b"\0")[1:]
        else:
            user = base64.b64decode(first) if first else self._ask(b"Username:")
            password = self._ask(b"Password:")
        if self.sink.users.get(user.decode()) == password.decode():
            self.user = user.decode()
            self.say("235 2.7.0 welcome")
        else:
            self.say("535 5.7.8 wrong")

    def _do_noop(self, _):
        self.say("250 2.0.0 ok")

    def _do_rset(self, _):
        self._reset()
        self.say("250 2.0.0 ok")

    def _do_mail(self, argument):
        m = re.match(r"FROM:\s*<([^>]*)>\s*(.*)$", argument, re.I)
        if m is None:
            self.say("501 5.5.4 syntax")
        elif self.sink.users is not None and self.user is None:
            self.say("530 5.7.0 log in first")
        elif not self.failed("mail", argument):
            self._reset()
            self.sender, self.options = m[1], m[2]
            self.say("250 2.1.0 ok")

    def _do_rcpt(self, argument):
        m = re.match(r"TO:\s*<([^>]*)>", argument, re.I)
        if self.sender is None or m is None:
            self.say("503 5.5.1 MAIL first" if m else "501 5.5.4 syntax")
        elif not self.failed("rcpt", argument):
            self.rcpts.append(m[1])
            self.say("250 2.1.5 ok")

    def _do_data(self, argument):
        if not self.rcpts:
            self.say("503 5.5.1 RCPT first")
            return
        if self.failed("data", " ".join(self.rcpts)):
            return
        self.say("354 go on")
        lines = []
        for line in self.input:
            if line in (b".\r\n", b".\n"):
                break
            lines.append(line[1:] if line.startswith(b".") else line)
        else:
            raise _Drop         # the client left in the middle
        octets = b"".join(lines)
        if not self.failed("dot", octets.decode("utf-8", "replace")):
            self.sink.keep(Message(self.sender, self.rcpts, octets, self.helo, self.options,
                                   self.is_tls, self.user))
            self.say("250 2.0.0 kept")
        self._reset()
