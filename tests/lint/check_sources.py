#!/usr/bin/env python3
"""check_sources - rules of the house that a machine can check: banned functions, file heads,
line lengths, machine paths, files that HACKING.md names, cppcheck and mandoc without a word."""
import fnmatch
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


def map_is_true():
    """HACKING.md names files by their path, or by their name alone; each must be there."""
    there = {short(path) for room in ROOMS + ["man"]
             for path in glob.glob(os.path.join(TOP, room, "**", "*"), recursive=True)}
    names = {os.path.basename(path) for path in there}
    for word in re.findall(r"`([\w./*-]+\.(?:c|h|py|(?<!so.)[1-9]))`", read(os.path.join(TOP, "HACKING.md"))):
        known = there | {path.split("/", 1)[1] for path in there if "/" in path} if "/" in word else names
        if not any(fnmatch.fnmatch(name, word) for name in known):
            yield f"HACKING.md: {word} is not there"


def output_of(*command):
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, errors="replace")
    text = (done.stdout + done.stderr).strip()
    return text.split("\n") if done.returncode != 0 or text else []


def check_nothing_found(find):
    wrong = list(find())
    tap.true(not wrong, "\n".join(wrong[:40]))


def check_silent(*command):
    if shutil.which(command[0]) is None:
        raise tap.Skip(f"{command[0]} is not installed")
    lines = output_of(*command)
    tap.true(not lines, "\n".join(lines[:40]))


def main():
    suite = tap.Suite()
    suite.add("no banned function", check_nothing_found, banned)
    suite.add("every file says what it is for", check_nothing_found, heads)
    suite.add("lines of reasonable length", check_nothing_found, long_lines)
    suite.add("no machine paths", check_nothing_found, machine_paths)
    suite.add("HACKING.md names files that are there", check_nothing_found, map_is_true)
    suite.add("cppcheck", check_silent, "cppcheck", "--quiet", "--enable=warning,portability",
              "--inline-suppr", "--error-exitcode=1", "--std=c11", "-I.",
              "--suppress=missingIncludeSystem", "libopendmarc", "common", "opendmarc", "db", "reports")
    for page in sorted(glob.glob(os.path.join(TOP, "man", "*.[0-9]"))):
        suite.add(f"mandoc -T lint {short(page)}", check_silent,
                  "mandoc", "-T", "lint", "-W", "warning", page)
    return suite.run()


if __name__ == "__main__":
    sys.exit(main())
