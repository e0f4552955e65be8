#!/usr/bin/env python3
"""check_layers - includes point down only, one case for each room of the house."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import tap  # noqa: E402

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")

# A room and the rooms whose headers it may include, besides its own.
MAY_INCLUDE = {
    "libopendmarc/base": [],
    "libopendmarc/parse": ["libopendmarc/base"],
    "libopendmarc/core": ["libopendmarc/base", "libopendmarc/parse"],
    "libopendmarc/api": ["libopendmarc", "libopendmarc/base", "libopendmarc/parse", "libopendmarc/core"],
    "libopendmarc/legacy": ["libopendmarc", "libopendmarc/base", "libopendmarc/parse",
                            "libopendmarc/core"],
    "common": ["libopendmarc/base", "libopendmarc/parse", "libopendmarc/core"],
    "db": ["libopendmarc/base", "libopendmarc/parse", "common"],
    "opendmarc": ["libopendmarc/base", "libopendmarc/parse", "libopendmarc/core", "common"],
    "reports": ["libopendmarc/base", "libopendmarc/parse", "libopendmarc/core", "common", "db"],
}

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)

# What the policy library must not know: files, sockets, clocks, logs, libraries of the layers above.
NO_IO = re.compile(r"^\s*#\s*include\s+<(sys/socket|stdio|syslog|unistd|fcntl|pthread|time|ares|sqlite3"
                   r"|libmilter/.*|curl/.*)\.h>", re.M)
IO_ALLOWED = {"libopendmarc/base/ipaddr.h", "libopendmarc/base/psl.c", "libopendmarc/base/strbuf.c"}
# The 1.x API asks the DNS and reads files, as it always did.
IO_ROOMS = {"libopendmarc/legacy"}


def sources(room):
    folder = os.path.join(TOP, room)
    for name in sorted(os.listdir(folder)):
        if name.endswith((".c", ".h")):
            with open(os.path.join(folder, name), encoding="utf-8") as f:
                yield f"{room}/{name}", f.read()


def wrong_includes(room):
    allowed = [room] + MAY_INCLUDE[room]
    for path, text in sources(room):
        for target in INCLUDE.findall(text):
            if os.path.dirname(target) not in allowed and target != "config.h":
                yield f"{path} includes {target}"


def check_room(room):
    wrong = list(wrong_includes(room))
    tap.true(not wrong, "\n".join(wrong))


def check_no_io():
    wrong = [path for room in MAY_INCLUDE
             if room.startswith("libopendmarc") and room not in IO_ROOMS for path, text in sources(room) if NO_IO.search(text) and path not in IO_ALLOWED]
    tap.true(not wrong, "\n".join(wrong))


def main():
    suite = tap.Suite()
    for room in MAY_INCLUDE:
        suite.add(f"{room}: includes point down", check_room, room)
    suite.add("libopendmarc: no input or output", check_no_io)
    return suite.run()


if __name__ == "__main__":
    sys.exit(main())
