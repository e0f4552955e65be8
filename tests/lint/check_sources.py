#!/usr/bin/env python3
"""check_sources - rules of the house that a machine can check: banned functions,
file heads, line lengths, machine paths, cppcheck and mandoc without a word."""
import glob
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import tap  # noqa: E402

TOP = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
ROOMS = ["libopendmarc", "common", "opendmarc", "db", "reports", "tests"]
BANNED = re.compile(r"(?<![\w.>])(strcpy|strcat|sprintf|vsprintf|strtok|strtok_r|atoi|atol|gets|system"
                    r"|popen|alloca)\s*\(")
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:[^\"\\\n]|\\.)*\"", re.S)
MACHINE = re.compile(r"/(?:ro" + r"ot|ho" + r"me)/\w+")


def files(*patterns):
    for room in ROOMS:
        for pattern in patterns:
            yield from sorted(glob.glob(os.path.join(TOP, room, "**", pattern), recursive=True))


def short(path):
    return os.path.relpath(path, TOP)


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def code(text):
    """The text without comments and literals, line numbers kept."""
    return COMMENT.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)


def banned():
    for path in files("*.[ch]"):
        for n, line in enumerate(code(read(path)).split("\n"), 1):
            if BANNED.search(line):
                yield f"{short(path)}:{n}: {line.strip()}"


def heads():
    for path in files("*.[ch]"):
        if not re.match(r"/\*\n \* " + re.escape(os.path.basename(path)) + r" - ", read(path)):
            yield f"{short(path)}: does not open with its name and its job"


def long_lines():
    for path in files("*.[ch]"):
        for n, line in enumerate(read(path).split("\n"), 1):
            if len(line.expandtabs(8)) > 110:
                yield f"{short(path)}:{n}: {len(line.expandtabs(8))} columns"


def machine_paths():
    for path in files("*.[ch]", "*.py", "*.mk", "*.md"):
        for n, line in enumerate(read(path).split("\n"), 1):
            if MACHINE.search(line):
                yield f"{short(path)}:{n}: {line.strip()}"


def output_of(*command):
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, errors="replace")
    text = (done.stdout + done.stderr).strip()
    return text.split("\n") if done.returncode != 0 or text else []


def program_case(t, name, *command):
    if shutil.which(command[0]) is None:
        t.skip(name, f"{command[0]} is not installed")
        return
    lines = output_of(*command)
    t.ok(not lines, name, *lines[:40])


def main():
    t = tap.Tap()
    for check, name in ((banned, "no banned function"), (heads, "every file says what it is for"),
                        (long_lines, "lines of reasonable length"), (machine_paths, "no machine paths")):
        wrong = list(check())
        t.ok(not wrong, name, *wrong[:40])
    program_case(t, "cppcheck", "cppcheck", "--quiet", "--enable=warning,portability", "--inline-suppr",
                 "--error-exitcode=1", "--std=c11", "-I.", "--suppress=missingIncludeSystem",
                 "libopendmarc", "common", "opendmarc", "db", "reports")
    pages = sorted(glob.glob(os.path.join(TOP, "man", "*.[0-9]")))
    t.ok(pages, "there are manual pages")
    for page in pages:
        program_case(t, f"mandoc -T lint {short(page)}", "mandoc", "-T", "lint", "-W", "warning", page)
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
