"""openmetrics - a strict reader of the OpenMetrics text form 1.0, for tests.

    families = openmetrics.parse(text)      an Error names the line and what is wrong
    families["opendmarc_messages"].type     "counter", "gauge", "histogram"
    openmetrics.value(families, "opendmarc_messages_total", result="fail", action="none")
    openmetrics.check_grown(before, after)  no counter went back, none vanished

Beyond the form it asks for what the older Prometheus text form can read as well: of the
types only the three above, no time stamps, no exemplars, no _created samples.
"""
import collections
import math
import re

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*\Z")
LABEL = re.compile(r"([a-zA-Z_][a-zA-Z0-9_]*)=\"((?:[^\"\\\n]|\\[\\\"n])*)\"(,|\Z)")
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\Z|[+-]Inf\Z|NaN\Z")
SUFFIXES = {"counter": ("_total",), "gauge": ("",),
            "histogram": ("_bucket", "_count", "_sum")}

Family = collections.namedtuple("Family", "type help samples")


class Error(Exception):
    """The text is not in the form; it says where."""


def _unescape(text):
    return re.sub(r"\\(.)", lambda m: {"n": "\n"}.get(m[1], m[1]), text)


def _labels(text):
    found, rest = {}, text
    while rest:
        m = LABEL.match(rest)
        if not m or (m[3] == "," and m.end() == len(rest)):
            raise Error(f"labels {text!r}")
        if m[1] in found or m[1].startswith("__"):
            raise Error(f"label {m[1]} twice or reserved")
        found[m[1]] = _unescape(m[2])
        rest = rest[m.end():]
    return tuple(sorted(found.items()))


def _sample(line):
    m = re.fullmatch(r"([^\s{]+)(?:\{(.*)\})? (\S+)", line)
    if not m or not NAME.match(m[1]) or not NUMBER.match(m[3]):
        raise Error("sample")
    return m[1], _labels(m[2] or ""), float(m[3])


class _Reader:
    """Families in the order in which they stand; the samples of one stay together."""

    def __init__(self):
        self.families = {}
        self.current = None

    def describe(self, line):
        m = re.fullmatch(r"# (TYPE|HELP) (\S+) (.+)", line)
        if not m or not NAME.match(m[2]):
            raise Error("comment")
        if m[2] != self.current:
            if m[2] in self.families:
                raise Error(f"family {m[2]} is interrupted")
            self.current = m[2]
            self.families[m[2]] = Family(None, None, {})
        family = self.families[self.current]
        key = m[1].lower()
        if getattr(family, key) is not None or family.samples:
            raise Error(f"{m[1]} twice or behind samples")
        if key == "type" and m[3] not in SUFFIXES:
            raise Error(f"type {m[3]}")
        self.families[self.current] = family._replace(**{key: m[3]})

    def add(self, line):
        name, labels, value = _sample(line)
        family = self.families.get(self.current)
        if family is None or family.type is None or family.help is None:
            raise Error("sample without TYPE and HELP")
        if name not in [self.current + s for s in SUFFIXES[family.type]]:
            raise Error(f"name of a sample of {self.current}, a {family.type}")
        if (name, labels) in family.samples:
            raise Error("sample twice")
        family.samples[name, labels] = value


def _check_histogram(name, family):
    groups = collections.defaultdict(list)
    for (sample, labels), value in family.samples.items():
        if sample == name + "_bucket":
            rest = tuple(x for x in labels if x[0] != "le")
            groups[rest].append((float(dict(labels)["le"]), value))
    for rest, buckets in groups.items():
        bounds, counts = zip(*buckets)
        if list(bounds) != sorted(set(bounds)) or bounds[-1] != math.inf:
            raise Error(f"{name}: bounds {bounds}")
        if list(counts) != sorted(counts):
            raise Error(f"{name}: buckets are not cumulative")
        if family.samples.get((name + "_count", rest)) != counts[-1]:
            raise Error(f"{name}: count is not that of the last bucket")
        if (name + "_sum", rest) not in family.samples:
            raise Error(f"{name}: no sum")
    if not groups:
        raise Error(f"{name}: no buckets")


def _check(name, family):
    if not family.samples:
        raise Error(f"{name}: no sample")
    if family.type == "counter" and name.endswith("_total"):
        raise Error(f"{name}: the suffix belongs to the sample")
    if family.type != "gauge" and any(not v >= 0 for v in family.samples.values()):
        raise Error(f"{name}: negative")
    if family.type == "histogram":
        _check_histogram(name, family)


def _check_clashes(families):
    """No sample of one family may look like one of another."""
    owner = {}
    for name, family in families.items():
        for suffix in ("", *SUFFIXES[family.type]):
            if owner.setdefault(name + suffix, name) != name:
                raise Error(f"{name} clashes with {owner[name + suffix]}")


def parse(text):
    """name -> Family; samples are (name, ((label, value), ...)) -> number."""
    reader = _Reader()
    lines = text.split("\n")
    if lines[-2:] != ["# EOF", ""]:
        raise Error("the text does not end in # EOF and one line feed")
    for number, line in enumerate(lines[:-2], 1):
        try:
            if line == "# EOF":
                raise Error("text behind # EOF")
            (reader.describe if line.startswith("#") else reader.add)(line)
        except Error as e:
            raise Error(f"line {number}: {e}: {line!r}") from None
    for name, family in reader.families.items():
        _check(name, family)
    _check_clashes(reader.families)
    return reader.families


def samples(families):
    """All samples of all families."""
    return {k: v for f in families.values() for k, v in f.samples.items()}


def value(families, name, **labels):
    """One sample."""
    return samples(families)[name, tuple(sorted(labels.items()))]


def check_grown(before, after):
    """Error unless the same samples are there and no counter or bucket went back."""
    if samples(before).keys() != samples(after).keys():
        raise Error("the samples are not the same")
    for family in (n for n, f in before.items() if f.type != "gauge"):
        for key, old in before[family].samples.items():
            if after[family].samples[key] < old:
                raise Error(f"{key} went back from {old} to {after[family].samples[key]}")
