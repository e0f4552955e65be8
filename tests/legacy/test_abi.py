#!/usr/bin/env python3
"""test_abi - what programs rely on: exported symbols, needed libraries, the header in C
and C++, and programs compiled against Debian's libopendmarc that run with ours.

The packages are downloaded once into the build folder and unpacked, not installed. The
programs are tour.c, through all of the API, and exim.c, the calls of a mail server. Where
INTENDED names a step of the tour, the right behaviour is in the golden file and stated
there; everything else must be equal to the other library, line by line."""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import procs  # noqa: E402
import tap  # noqa: E402

LIBRARY = procs.built("libopendmarc/.libs/libopendmarc.so.2")
HERE = procs.source("tests/legacy")
LIST = os.path.join(HERE, "suffixes.dat")
REPORT = os.path.join(HERE, "report.xml")
PACKAGES = ["libopendmarc2", "libopendmarc-dev", "libspf2-2", "libbsd0", "libmd0"]
NEEDED = {"libc", "libpsl", "libidn2", "libbsd", "libspf2", "libxml2", "libresolv", "libpthread"}

# Steps of the tour, with the number of the line where only some lines of it count, and
# why our answer is the right one.
INTENDED = {
    "NULL context #10": "a NULL context is said to be one",
    "NULL argument #16": "a NULL URI is said to be one",
    "bad argument #15": "no domain: 6",
    "from of brackets": "no domain: 6",
    'From "\\"Medtronic, Inc.\\"" <u@example.com>': "quoted pairs in a display name",
    'From "x <y@junk.com>"@mydomain.com': "a quoted local part",
    "From u@example.com>": "a bracket without its other half",
    "From a@ example.com": "blanks around the domain",
    "From SUB.Example.COM": "domains in lower case",
    "From grp: a@example.org;": "group syntax",
    "record V=dmarc1; P=REJECT": "RFC 9989, 4.7: v=DMARC1 exactly",
    "record v=DMARC1": "no policy: nothing is fetched",
    "record v=DMARC1; p=foo": "no policy: nothing is fetched",
    "record v=DMARC2; p=none": "not a record: nothing is fetched",
    "record v=DMARC1 p=reject": "not a record: nothing is fetched",
    "record p=reject; v=DMARC1": "RFC 9989, 4.7: v comes first",
    "record p=none": "RFC 9989, 4.7: v comes first",
    "record v=DMARC1; p=none; pct=101": "bad values of minor tags are ignored",
    "record v=DMARC1; p=none; pct=abc": "bad values of minor tags are ignored",
    "record v=DMARC1; p=none; fo=2": "bad values of minor tags are ignored",
    "record v=DMARC1; p=none; rf=iodef": "bad values of minor tags are ignored",
    "record v=DMARC1; p=none; adkim=strict": "bad values of minor tags are ignored",
    "record v=DMARC1; p=r": "RFC 9989, 4.7: whole words",
    "record v=DMARC1; p=none; p=reject": "the first of repeated tags counts",
    "record v=DMARC1; p=foo; rua=mailto:a@a.example": "RFC 9989, 4.10.1: as p=none",
    "record v=DMARC1; p=reject; t=y": "RFC 9989, 4.7: one step milder",
    "dkim pass below, then fail": "any aligned pass is enough",
    "dkim strict, below only": "strict means equal",
    "query Example.COM": "domains in lower case",
    "destinations #5": "a comma stands between URIs only",
    "report line 1": "CSV: as many fields as names, commas and quotes quoted, text decoded",
    "report line 2": "CSV: as many fields as names",
}
ALIGNMENTS = """example.com sub.example.com strict;x.com evil.com relaxed;a.co.uk b.co.uk relaxed
a.co.uk b.co.uk strict;a.example.com example.com strict;example.com com relaxed;bank.co.uk co.uk relaxed"""
INTENDED.update((f"alignment {pair}", "alignment by organization, or equality")
                for pair in re.split("[;\n]", ALIGNMENTS))

suite = tap.Suite()
p = procs.Procs()


def tool(name, *others):
    """The path of a compiler or the like; the variables are those of the build."""
    for candidate in (os.environ.get(name), *others):
        if candidate and shutil.which(candidate.split()[0]):
            return candidate.split()
    raise tap.Skip(f"no {others[0]} here")


def run(argv, **env):
    return subprocess.run(argv, env={**os.environ, **env}, check=False, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def golden(name, text):
    path = procs.source("tests/golden/" + name)
    if os.environ.get("UPDATE_GOLDEN"):
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
    tap.equal(text.split("\n"), procs.read(path).split("\n"), "tests/golden/" + name)


# ---- the library itself

@suite.case("exported symbols are those of the golden list")
def _():
    done = run([*tool("NM", "nm"), "-D", "--defined-only", LIBRARY])
    names = sorted(line.split()[-1] for line in done.stdout.splitlines())
    if any(name.startswith("__asan") or name.startswith("__ubsan") for name in names):
        names = [name for name in names if not name.startswith("__")]
    golden("libopendmarc.symbols", "\n".join(names) + "\n")


@suite.case("declared functions are exported, and nothing else")
def _():
    declared = set()
    for header in ("dmarc.h", "odm.h"):
        text = re.sub(r"/\*.*?\*/", "", procs.read(procs.source("libopendmarc/" + header)), flags=re.S)
        declared |= set(re.findall(r"\b((?:opendmarc|odm)_\w+)\s*\(", text))
    tap.equal(sorted(declared), procs.read(procs.source("tests/golden/libopendmarc.symbols")).split(),
              "declared functions")


@suite.case("soname and needed libraries")
def _():
    done = run([*tool("READELF", "readelf"), "-d", LIBRARY])
    tap.contains(done.stdout, "soname: [libopendmarc.so.2]", "dynamic section")
    needed = set(re.findall(r"\(NEEDED\).*\[(\w+)", done.stdout))
    extra = {name for name in needed if not re.match(r"lib[au][bs]*an|libgcc_s|libm$", name)} - NEEDED
    tap.equal(extra, set(), "libraries beyond those of the plan")
    tap.true(os.path.basename(os.path.realpath(LIBRARY)) > "libopendmarc.so.2.0.3", "sorts behind 2.0.3")


@suite.case("the version is that of the package")
def _():
    config = procs.read(procs.built("config.h"))
    version = re.search(r'#define PACKAGE_VERSION "(\d+)\.(\d+)\.(\d+)', config).groups()
    header = procs.read(procs.source("libopendmarc/dmarc.h"))
    number = int(re.search(r"OPENDMARC_LIB_VERSION\s+(0x\w+)", header)[1], 16)
    tap.equal(number, int("{:02x}{:02x}{:02x}00".format(*map(int, version)), 16), "OPENDMARC_LIB_VERSION")
    tap.contains(procs.read(procs.built("libopendmarc/opendmarc.pc")),
                 "Version: " + ".".join(version), "opendmarc.pc")


# ---- the headers

def include_folder():
    """A folder with our headers as they are installed."""
    folder = p.path("include")
    os.makedirs(os.path.join(folder, "opendmarc"), exist_ok=True)
    for name in ("dmarc.h", "odm.h"):
        shutil.copy(procs.source("libopendmarc/" + name), os.path.join(folder, "opendmarc"))
    return folder


def check_header(compiler, flags, suffix, way):
    include, flag = ("<opendmarc/%s.h>", "") if way == "folder" else ("<%s.h>", "/opendmarc")
    text = "".join(f"#include {include % name}\n" for name in ("dmarc", "odm", "dmarc", "odm"))
    path = p.write("header" + suffix, text + "int main(void) { return 0; }\n")
    done = run([*compiler, *flags, "-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only",
                "-I" + include_folder() + flag, path])
    tap.equal((done.returncode, done.stderr), (0, ""), "compiler")


for way in ("folder", "path"):
    for std in ("-std=gnu99", "-std=gnu11"):
        suite.add(f"headers in C, {std}, {way}", lambda std=std, way=way: check_header(
            tool("CC", "cc"), [std, "-Wstrict-prototypes"], ".c", way))
    suite.add(f"headers in C++, {way}", lambda way=way: check_header(
        tool("CXX", "c++", "g++", "clang++"), ["-std=c++17"], ".cc", way))


# ---- the tour with our own build

@suite.case("the tour, step by step")
def _():
    done = run([procs.built("tests/legacy/tour"), LIST, REPORT])
    tap.equal((done.returncode, done.stderr), (0, ""), "tour")
    golden("legacy-tour", done.stdout)


@suite.case("the calls of a mail server")
def _():
    done = run([procs.built("tests/legacy/exim"), LIST])
    tap.equal((done.returncode, done.stderr), (0, ""), "exim")
    golden("legacy-exim", done.stdout)
    tap.equal(run([procs.built("tests/legacy/exim"), "-v"]).stdout, "2.0.0.0\n", "version")


# ---- the same binaries with both libraries

def debian():
    """The folder of the unpacked packages."""
    root = p.path("debian")
    if os.path.exists(root):
        return root
    for program in ("apt-get", "dpkg"):
        if shutil.which(program) is None:
            raise tap.Skip(f"no {program} here")
    cache = os.path.abspath(os.path.join(os.environ.get("top_builddir", "."), "tests/legacy/debs"))
    os.makedirs(cache, exist_ok=True)
    if not all(glob.glob(os.path.join(cache, name + "_*.deb")) for name in PACKAGES):
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            done = subprocess.run(["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", *PACKAGES],
                                  cwd=folder, check=False, text=True, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE)
            if done.returncode != 0:
                why = (done.stderr.splitlines() or ["no reason given"])[0]
                raise tap.Skip(f"Debian's libopendmarc cannot be downloaded: {why}")
            for path in glob.glob(os.path.join(folder, "*.deb")):
                os.replace(path, os.path.join(cache, os.path.basename(path)))
    for name in PACKAGES:
        for deb in glob.glob(os.path.join(cache, name + "_*.deb")):
            p.run(["dpkg", "-x", deb, root + ".new"])
    os.rename(root + ".new", root)
    return root


def compiled(name):
    """A program compiled against Debian's header and library."""
    program = p.path("debian-" + name)
    if not os.path.exists(program):
        root = debian()
        libraries = glob.glob(os.path.join(root, "usr/lib/*/libopendmarc.so.2"))
        done = run([*tool("CC", "cc"), "-std=gnu11", "-I" + os.path.join(root, "usr/include"), "-o", program,
                    os.path.join(HERE, name + ".c"), libraries[0],
                    "-Wl,--allow-shlib-undefined"])
        tap.equal((done.returncode, done.stderr), (0, ""), "compiler")
    return program


def both(name, *arguments):
    """What the same binary prints with Debian's library and with ours."""
    program, texts = compiled(name), []
    theirs = ":".join(glob.glob(os.path.join(debian(), "usr/lib/*-linux-gnu")) +
                      glob.glob(os.path.join(debian(), "lib/*-linux-gnu")))
    for path in (theirs, os.path.dirname(LIBRARY)):
        done = run([program, *arguments], LD_LIBRARY_PATH=path)
        if "ASan runtime" in done.stderr or "__asan" in done.stderr:
            raise tap.Skip("a program without sanitizers does not load a library with them")
        tap.equal((done.returncode, done.stderr), (0, ""), f"{name} with {path}")
        texts.append(done.stdout.splitlines())
    return texts


def steps(lines):
    """[(step, number of the line within the step, text)]"""
    counts, out = {}, []
    for line in lines:
        step, _, text = line.partition(" | ")
        counts[step] = counts.get(step, 0) + 1
        out.append((step, counts[step], text))
    return out


@suite.case("the tour with Debian's library and with ours")
def _():
    theirs, ours = both("tour", LIST, REPORT)
    tap.equal(len(ours), len(theirs), "lines")
    used, wrong = set(), []
    for (step, n, theirs_text), (our_step, _, text) in zip(steps(theirs), steps(ours)):
        tap.equal(our_step, step, "step")
        if text == theirs_text or text.startswith("FO="):
            continue
        keys = {step, f"{step} #{n}"} & set(INTENDED)
        used |= keys
        if not keys:
            wrong.append(f"{step} #{n}: got {text!r}, want {theirs_text!r}")
    tap.true(not wrong, "\n".join(wrong))
    tap.equal(set(INTENDED) - used, set(), "steps that are listed but equal")


@suite.case("the calls of a mail server with Debian's library and with ours")
def _():
    theirs, ours = both("exim", LIST)
    tap.equal(ours, theirs, "output")
    tap.equal(len(ours), 14, "messages")


if __name__ == "__main__":
    with p:
        status = suite.run()
    sys.exit(status)
