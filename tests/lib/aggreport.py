"""aggreport - an independent reader of aggregate report mail, for tests.

    report = aggreport.read_mail(octets)        # or read_xml(text)
    report.mail, report.file_name, report.rows, report.messages

The XML is checked against the tables of RFC 9990, 3.1.1: names, name space, order, how
often each element may occur, and the words and forms of its text. What does not fit
raises Invalid with the path.
"""
import email
import email.policy
import gzip
import ipaddress
import re
import xml.etree.ElementTree as ElementTree

NAMESPACE = "{urn:ietf:params:xml:ns:dmarc-2.0}"


class Invalid(Exception):
    """The report is not one."""


def words(*allowed):
    def check(text):
        return text in allowed
    return check


def form(pattern):
    def check(text):
        return re.fullmatch(pattern, text) is not None
    return check


def address(text):
    try:
        return str(ipaddress.ip_address(text)) == text
    except ValueError:
        return False


ANY = form(r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*")
NAME = form(r"[^\x00-\x20\x7f-\x9fA-Z]*")
SOMETHING = form(r".+")
NUMBER = form(r"[0-9]+")
POLICY = words("none", "quarantine", "reject")

# element: [(child, least, most)], or the check of its text
SHAPE = {
    "feedback": [("version", 0, 1), ("report_metadata", 1, 1), ("policy_published", 1, 1),
                 ("record", 1, None)],
    "version": words("1.0"),
    "report_metadata": [("org_name", 1, 1), ("email", 1, 1), ("extra_contact_info", 0, 1),
                        ("report_id", 1, 1), ("date_range", 1, 1), ("error", 0, 1),
                        ("generator", 0, 1)],
    "org_name": SOMETHING, "email": form(r"[^@ ]+@[^@ ]+"), "extra_contact_info": ANY,
    "report_id": form(r"[A-Za-z0-9]+"), "error": SOMETHING, "generator": SOMETHING,
    "date_range": [("begin", 1, 1), ("end", 1, 1)],
    "begin": NUMBER, "end": NUMBER,
    "policy_published": [("domain", 1, 1), ("discovery_method", 0, 1), ("p", 1, 1), ("sp", 0, 1),
                         ("np", 0, 1), ("fo", 0, 1), ("adkim", 0, 1), ("aspf", 0, 1),
                         ("testing", 0, 1)],
    "discovery_method": words("psl", "treewalk"), "p": POLICY, "sp": POLICY, "np": POLICY,
    "fo": form(r"[01ds](:[01ds])*"), "adkim": words("r", "s"), "aspf": words("r", "s"),
    "testing": words("n", "y"),
    "record": [("row", 1, 1), ("identifiers", 1, 1), ("auth_results", 1, 1)],
    "row": [("source_ip", 1, 1), ("count", 1, 1), ("policy_evaluated", 1, 1)],
    "source_ip": address, "count": form(r"[1-9][0-9]*"),
    "policy_evaluated": [("disposition", 1, 1), ("dkim", 1, 1), ("spf", 1, 1),
                         ("reason", 0, None)],
    "disposition": words("none", "pass", "quarantine", "reject"),
    "policy_evaluated/dkim": words("pass", "fail"),
    "policy_evaluated/spf": words("pass", "fail"),
    "reason": [("type", 1, 1), ("comment", 0, 1)],
    "type": words("local_policy", "mailing_list", "other", "policy_test_mode",
                  "trusted_forwarder"),
    "comment": SOMETHING,
    "identifiers": [("header_from", 1, 1), ("envelope_from", 0, 1), ("envelope_to", 0, 1)],
    "header_from": SOMETHING, "envelope_from": NAME, "envelope_to": SOMETHING,
    "auth_results": [("dkim", 0, 100), ("spf", 0, 1)],
    "dkim": [("domain", 1, 1), ("selector", 1, 1), ("result", 1, 1)],
    "spf": [("domain", 1, 1), ("scope", 0, 1), ("result", 1, 1)],
    "domain": ANY, "spf/domain": SOMETHING, "policy_published/domain": SOMETHING,
    "selector": ANY, "scope": words("mfrom"),
    "dkim/result": words("none", "pass", "fail", "policy", "neutral", "temperror", "permerror"),
    "spf/result": words("none", "pass", "fail", "softfail", "policy", "neutral", "temperror",
                        "permerror"),
}


def check(node, parent=""):
    """Raises Invalid unless node and all below it have the right shape."""
    if not node.tag.startswith(NAMESPACE):
        raise Invalid(f"{node.tag} is in another name space")
    name = node.tag[len(NAMESPACE):]
    shape = SHAPE.get(f"{parent}/{name}", SHAPE.get(name))
    if shape is None:
        raise Invalid(f"{parent}/{name} is unknown")
    if node.attrib:
        raise Invalid(f"{parent}/{name} has attributes")
    if callable(shape):
        if len(node) or not shape(node.text or ""):
            raise Invalid(f"{parent}/{name} is {node.text!r}")
        return
    children = [child.tag[len(NAMESPACE):] for child in node]
    at = 0
    for child, least, most in shape:
        n = 0
        while at < len(children) and children[at] == child:
            at, n = at + 1, n + 1
        if n < least or (most is not None and n > most):
            raise Invalid(f"{name}/{child} occurs {n} times")
    if at < len(children):
        raise Invalid(f"{name}/{children[at]} is out of order or unknown")
    for child in node:
        check(child, name)


class Row:
    """One record of a report."""

    def __init__(self, node):
        def text(path, below=node):
            return below.findtext("/".join(NAMESPACE + step for step in path.split("/")))
        self.ip, self.count = text("row/source_ip"), int(text("row/count"))
        self.disposition = text("row/policy_evaluated/disposition")
        self.dkim, self.spf = text("row/policy_evaluated/dkim"), text("row/policy_evaluated/spf")
        self.header_from = text("identifiers/header_from")
        self.envelope_from = text("identifiers/envelope_from")
        self.reasons = [(text("type", n), text("comment", n))
                        for n in node.iter(NAMESPACE + "reason")]
        results = node.find(NAMESPACE + "auth_results")
        self.signatures = [tuple(text(step, n) for step in ("domain", "selector", "result"))
                           for n in results.findall(NAMESPACE + "dkim")]
        spf = results.find(NAMESPACE + "spf")
        self.spf_result = None if spf is None else (text("domain", spf), text("result", spf))


class Report:
    """One report, checked."""

    def __init__(self, text):
        self.root = ElementTree.fromstring(text)
        check(self.root)
        self.rows = [Row(node) for node in self.root.findall(NAMESPACE + "record")]
        self.messages = sum(row.count for row in self.rows)
        self.id = self.get("report_metadata/report_id")
        self.domain = self.get("policy_published/domain")
        self.begin = int(self.get("report_metadata/date_range/begin"))
        self.end = int(self.get("report_metadata/date_range/end"))
        self.mail = self.file_name = None

    def get(self, path):
        """The text of an element below feedback; None when it is not there."""
        return self.root.findtext("/".join(NAMESPACE + step for step in path.split("/")))

    def published(self):
        """policy_published as a dict."""
        node = self.root.find(NAMESPACE + "policy_published")
        return {child.tag[len(NAMESPACE):]: child.text for child in node}


def read_xml(octets):
    """The report of a packed document."""
    return Report(gzip.decompress(octets))


def read_mail(octets):
    """The report in a mail, whose form is checked too. RFC 9990, 3.5.2."""
    if re.search(rb"[^\r]\n|\r[^\n]|[\x80-\xff]", octets):
        raise Invalid("line ends or 8-bit octets")
    mail = email.message_from_bytes(octets, policy=email.policy.SMTP)
    parts = list(mail.iter_parts())
    if [p.get_content_type() for p in parts] != ["text/plain", "application/gzip"]:
        raise Invalid("parts")
    report = read_xml(parts[1].get_content())
    report.mail, report.file_name = mail, parts[1].get_filename()
    begin = re.fullmatch(r"([a-z0-9.-]+)!([a-z0-9._-]+)!([0-9]+)!([0-9]+)\.xml\.gz",
                         report.file_name)
    if begin is None or (begin[2], int(begin[3]), int(begin[4])) != (
            report.domain, report.begin, report.end):
        raise Invalid(f"file name {report.file_name}")
    subject = f"Report Domain: {report.domain} Submitter: {begin[1]} Report-ID: <{report.id}>"
    if mail["Subject"] != subject:
        raise Invalid(f"Subject {mail['Subject']}")
    for name, want in (("Auto-Submitted", "auto-generated"), ("MIME-Version", "1.0")):
        if mail[name] != want:
            raise Invalid(f"{name}: {mail[name]}")
    return report
