"""chain - the report chain after the daemon: import, the database's rows, the mailed reports.

Reports are mailed for UTC days that are over. days_ago() therefore copies a history with
its times moved two days back, which is the one thing here that is not as it happened.
"""
import datetime
import email
import gzip
import re
import sqlite3
import time
import xml.etree.ElementTree

import procs

DAY = 86400
NAMESPACE = "{urn:ietf:params:xml:ns:dmarc-2.0}"
ORG_EMAIL = "dmarc-noreply@receiver.example"


def days_ago(p, history_file, name, days=2):
    """A copy of the history in which all happened on one UTC day: (path, its midnight)."""
    midnight = int(time.time()) // DAY * DAY - days * DAY

    def moved(match):
        return f"received {midnight + int(match[1]) % DAY}"
    text = re.sub(r"^received (\d+)$", moved, procs.read(history_file), flags=re.M)
    return p.write(name, text), midnight


class Chain:
    """The tools with one database."""

    def __init__(self, p, name):
        self.p = p
        self.path = p.path(name + ".sqlite")
        self.url = "sqlite:" + self.path

    def load(self, history):
        """opendmarc-import of a history file."""
        self.p.run([procs.built("reports/opendmarc-import"), "--db", self.url,
                    "--input", history])

    def rows(self, query, *values):
        """The rows of a query on the database."""
        with sqlite3.connect(f"file:{self.path}?mode=ro", uri=True) as db:
            return db.execute(query, values).fetchall()

    def report(self, midnight, port, *more):
        """opendmarc-reports for the day that began at midnight, by the MTA at a port."""
        date = datetime.datetime.fromtimestamp(midnight, datetime.timezone.utc)
        return self.p.run([procs.built("reports/opendmarc-reports"), "--db", self.url,
                           "--date", date.strftime("%Y-%m-%d"), "--report-email", ORG_EMAIL,
                           "--report-org", "Receiver", "--smtp-server", "127.0.0.1",
                           "--smtp-port", str(port), *more])


class Report:
    """A report mail, read again."""

    def __init__(self, octets):
        self.mail = email.message_from_bytes(octets)
        part = [m for m in self.mail.walk() if m.get_content_type() == "application/gzip"][0]
        self.file_name = part.get_filename()
        self.text = gzip.decompress(part.get_payload(decode=True))
        self.root = xml.etree.ElementTree.fromstring(self.text)

    def get(self, path, node=None):
        """The text of one element; path without name space. None when absent."""
        node = self.root if node is None else node
        return node.findtext("/".join(NAMESPACE + step for step in path.split("/")))

    @property
    def subject(self):
        return re.sub(r"\s+", " ", self.mail["Subject"])

    @property
    def domain(self):
        return self.get("policy_published/domain")

    def records(self):
        """[{source_ip, count, disposition, dkim, spf, header_from, envelope_from, ...}]"""
        rows = []
        for node in self.root.findall(NAMESPACE + "record"):
            row = {step: self.get(f"row/{step}", node) for step in ("source_ip", "count")}
            for step in ("disposition", "dkim", "spf"):
                row[step] = self.get(f"row/policy_evaluated/{step}", node)
            for step in ("header_from", "envelope_from"):
                row[step] = self.get(f"identifiers/{step}", node)
            row["count"] = int(row["count"])
            row["auth_dkim"] = [
                tuple(self.get(step, n) for step in ("domain", "selector", "result"))
                for n in node.findall(f"{NAMESPACE}auth_results/{NAMESPACE}dkim")]
            row["auth_spf"] = [
                tuple(self.get(step, n) for step in ("domain", "result"))
                for n in node.findall(f"{NAMESPACE}auth_results/{NAMESPACE}spf")]
            rows.append(row)
        return rows

    def sums(self):
        """{(aligned dkim, aligned spf): messages}"""
        sums = {}
        for row in self.records():
            key = row["dkim"], row["spf"]
            sums[key] = sums.get(key, 0) + row["count"]
        return sums


def mailed(mailbox):
    """The reports in the mailbox: {recipient: [Report]}"""
    reports = {}
    for message in list(mailbox.sink.messages):
        if b"application/gzip" in message.octets:
            for rcpt in message.rcpts:
                reports.setdefault(rcpt, []).append(Report(message.octets))
    return reports
