"""tap - test cases that report themselves in the Test Anything Protocol.

    suite = tap.Suite()

    @suite.case("two and two")
    def _():
        tap.equal(2 + 2, 4, "sum")

    for text in TABLE:
        suite.add("parses " + text, check_text, text)

    sys.exit(suite.run())

A case passes when it returns. Any exception makes it "not ok", with the place
and the text in diagnostics; tap.Skip makes it a skip with its reason. run()
prints the plan and returns 0 whatever the results, as automake's driver reads
them from the lines. skip_all() ends a program that cannot run here, and says why.
"""
import sys
import traceback


class Skip(Exception):
    """Raised in a case that cannot run here; its text is the reason."""


class Failure(AssertionError):
    """Raised by the checks below."""


def _put(line):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def diag(text):
    """Prints text as diagnostics, one line or many."""
    for line in str(text).splitlines() or [""]:
        _put("# " + line)


def equal(got, want, what="value"):
    """Fails unless got == want."""
    if got != want:
        raise Failure(f"{what}: got {got!r}, want {want!r}")


def true(condition, what):
    """Fails with the text what unless condition holds."""
    if not condition:
        raise Failure(what)


def contains(text, part, what="text"):
    """Fails unless part occurs in text (a string, bytes or a list)."""
    if part not in text:
        raise Failure(f"{what}: {part!r} is not in {text!r}")


def skip_all(reason):
    """Ends the program: none of its cases can run here."""
    _put("1..0 # SKIP " + reason)
    sys.exit(0)


class Suite:
    """Cases in the order in which they were added."""

    def __init__(self):
        self.cases = []
        self.failed = 0

    def case(self, name):
        """Decorator: adds a function without parameters."""
        def add(function):
            self.add(name, function)
            return function
        return add

    def add(self, name, function, *args):
        """Adds one case; function(*args) is called when its turn comes."""
        self.cases.append((name, function, args))

    def run(self, on_failure=None):
        """Runs all; on_failure(), if given, adds diagnostics to a failed case. Returns 0."""
        _put(f"1..{len(self.cases)}")
        for number, (name, function, args) in enumerate(self.cases, 1):
            name = name.replace("#", "\\#")
            try:
                function(*args)
                _put(f"ok {number} - {name}")
            except Skip as reason:
                _put(f"ok {number} - {name} # SKIP {reason}")
            except Exception:       # every kind of trouble is a failed case
                self.failed += 1
                _put(f"not ok {number} - {name}")
                diag(traceback.format_exc())
                if on_failure is not None:
                    on_failure()
        return 0
