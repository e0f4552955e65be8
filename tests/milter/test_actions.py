#!/usr/bin/env python3
"""What the options make of a message: rejected, held, copied, refused for its form, left alone."""
import os
import sys

from filter import Filter, dmarc_of, message
import milterclient
import tap

suite = tap.Suite()
DATE = ("Date", "Thu, 1 Jan 2026 00:00:00 +0000")
TO = ("To", "b@mx.test")


def held(result):
    """Why the message is held; None: it is not."""
    return next((c.value for c in result.changes if c.what == "quarantine"), None)


def copies(result):
    """Recipients that were added."""
    return [c.value.strip("<>") for c in result.changes if c.what == "add_rcpt"]


@suite.case("RejectString: words of the administrator with the policy domain in them")
def _():
    # On this wire "%" is doubled; the mail server makes one of two.
    for words, text in (("no %s here, 100% sure", "no reject.test here, 100%% sure"),
                        ("%n %d go away", "%%n %%d go away")):
        with Filter(options={"RejectFailures": "yes", "RejectString": words}) as g:
            r = g.send(message("a@sub.reject.test"))
            tap.equal((r.reply, r.text), ("reject", f"550 5.7.1 {text}"), words)


@suite.case("HoldQuarantinedMessages holds what its domain wants in quarantine, RejectFailures or not")
def _():
    for reject in ("no", "yes"):
        with Filter(options={"HoldQuarantinedMessages": "yes", "RejectFailures": reject}) as g:
            r = g.send(message("a@quar.test"), job="H1")
            tap.equal((r.reply, held(r)), ("quarantine", "quarantined by DMARC policy for "
                                            "quar.test"), "answer")
            tap.equal(dmarc_of(r), "dmarc=fail (p=quarantine dis=quarantine) header.from=quar.test "
                      "policy.dmarc=quarantine", "field")
            tap.equal(g.record("H1")["action"], "4", "action")
            r = g.send(message("a@test.test"), job="H2")
            tap.equal((held(r), dmarc_of(r)), ("quarantined by DMARC policy for test.test",
                      "dmarc=fail (p=reject dis=quarantine) header.from=test.test "
                      "policy.dmarc=quarantine"), "p=reject; t=y")
            tap.equal(g.record("H2")["override"], "policy_test_mode", "reason")
            tap.equal(held(g.send(message("a@none.test"))), None, "p=none")
            tap.equal("version 1.4.2 held mail only" in g.log(), reject == "no", "notice")


@suite.case("CopyFailuresTo adds a recipient to failing mail that is delivered, not to other mail")
def _():
    with Filter(options={"CopyFailuresTo": "copy@mx.test"}) as g:
        for sender, added in (("a@quar.test", ["copy@mx.test"]), ("a@reject.test",
                              ["copy@mx.test"]), ("a@none.test", []), ("a@nothing.test", [])):
            tap.equal(copies(g.send(message(sender))), added, sender)
    with Filter(options={"CopyFailuresTo": "copy@mx.test", "RejectFailures": "yes"}) as g:
        r = g.send(message("a@reject.test"))
        tap.equal((r.reply, copies(r)), ("reject", []), "rejected")


@suite.case("an MTA that cannot do what an option needs is told so at once")
def _():
    for option, value, needed in (("CopyFailuresTo", "c@mx.test", "addrcpt"),
                                  ("HoldQuarantinedMessages", "yes", "quarantine")):
        with Filter(options={option: value}) as g:
            m = milterclient.Milter(g.socket)
            try:
                m.negotiate(6, milterclient.ALL_ACTIONS & ~milterclient.ACTIONS[needed])
                closed = False
            except (ConnectionError, milterclient.Error):
                closed = True
            m.close()
            tap.equal(closed, True, f"{option}: closed")
            g.daemon.wait_output("required milter action(s) not available")


# RFC 5322, 3.6: what RequiredHeaders asks for, and the first fault in its reply.
FORMS = [
    ("whole", [("From", "a@none.test"), DATE, TO], None),
    ("names in any case", [("FROM", "a@none.test"), ("date", DATE[1])], None),
    ("no Date", [("From", "a@none.test"), TO], "missing Date field"),
    ("two Date", [("From", "a@none.test"), DATE, DATE], "multiple Date fields"),
    ("no From", [DATE, TO], "missing From field"),
    ("two From", [("From", "a@none.test"), ("From", "a@none.test"), DATE], "multiple From fields"),
    ("two To", [("From", "a@none.test"), DATE, TO, TO], "multiple To fields"),
    ("two Subject", [("From", "a@none.test"), DATE, ("Subject", "x"), ("subject", "y")],
     "multiple Subject fields"),
    ("two faults", [("From", "a@none.test"), DATE, DATE, TO, TO], "multiple Date fields"),
    ("From without a domain", [("From", "undisclosed: ;"), DATE], "unable to parse From header field"),
    ("a second address without a domain", [("From", "a@none.test, b"), DATE], None),
    ("a first address without a domain", [("From", "b, a@none.test"), DATE], None),
    ("an empty address between two", [("From", "a@none.test, , b@none.test"), DATE], None),
    ("From without a value", [("From", ""), DATE], "unable to parse From header field"),
    ("From without an address", [("From", "Foo"), DATE], "unable to parse From header field"),
]
for name in ("Reply-To", "Cc", "Bcc", "Message-Id", "In-Reply-To", "References"):
    FORMS.append((f"two {name}", [("From", "a@none.test"), DATE, (name, "x"), (name, "y")],
                  f"multiple {name} fields"))


@suite.case("RequiredHeaders refuses mail against RFC 5322 and names the field")
def _():
    with Filter(options={"RequiredHeaders": "yes"}) as g:
        for what, fields, fault in FORMS:
            r = g.send(fields)
            want = ("accept", "") if fault is None else ("reject", f"550 5.7.1 {fault}")
            tap.equal((r.reply, r.text), want, what)
        tap.contains(g.log(), "RFC5322 requirement error: multiple Date fields")
        tap.equal(len(g.history()), 5, "records")


@suite.case("without RequiredHeaders the same mail is delivered and marked")
def _():
    with Filter() as g:
        for what, fields, _fault in FORMS:
            r = g.send(fields)
            tap.equal((r.reply, len(r.inserted("Authentication-Results"))), ("accept", 1), what)


@suite.case("RequiredFrom refuses mail that names no author domain, and nothing else")
def _():
    with Filter(options={"RequiredFrom": "yes"}) as g:
        for fields, text in (([DATE], "550 5.7.1 missing From field"),
                             ([("From", "Foo"), DATE], "550 5.7.1 unable to parse From header field"),
                             ([("From", "a@none.test")], ""),
                             ([("From", "a@none.test"), DATE, DATE], "")):
            tap.equal(g.send(fields).text, text, fields)
        tap.contains(g.log(), "missing From field; reject\n")


@suite.case("RejectMultiValueFrom refuses several domains and several From fields")
def _():
    with Filter(options={"RejectMultiValueFrom": "yes"}) as g:
        text = "550 5.7.1 multi-valued From field"
        for fields, want in ((message("a@none.test, b@quar.test"), text),
                             (message("a@none.test", "b@none.test"), text),
                             (message("a@none.test, b@None.TEST"), "")):
            tap.equal(g.send(fields).text, want, fields[0][1])
        tap.contains(g.log(), "multi-valued From field detected")


@suite.case("IgnoreMailFrom leaves mail alone, exact domains alone")
def _():
    with Filter(options={"IgnoreMailFrom": "reject.test,Other.TEST", "RejectFailures": "yes",
                         "SoftwareHeader": "yes"}) as g:
        for sender, alone in (("a@Reject.Test", True), ("a@other.test", True),
                              ("a@sub.reject.test", False), ("a@none.test", False),
                              ("a@reject.test, b@none.test", False),
                              ("a@reject.test, b@other.test", True)):
            r = g.send(message(sender))
            untouched = r.reply == "accept" and not r.inserted("Authentication-Results") and \
                not r.inserted("DMARC-Filter")
            tap.equal(untouched, alone, sender)
        tap.contains(g.log(), "ignoring mail from reject.test")
        r = g.send(message("a@reject.test", "a@reject.test"))
        tap.equal(r.inserted("Authentication-Results") != [] or r.reply == "reject", True,
                  "two From fields")


@suite.case("IgnoreMailTo: mail to that address is judged but not recorded")
def _():
    with Filter(options={"IgnoreMailTo": "reports@mx.test; abuse@mx.test"}) as g:
        for to, recorded in ((["Reports <Reports@MX.test>"], False), (["x@mx.test,\r\n\tabuse@mx.test"], False),
                             (["x@mx.test"], True), (["xreports@mx.test"], True),
                             (["reports@mx.test.example"], True), ([], True),
                             (["x@mx.test", "reports@mx.test"], True)):
            before = len(g.history()) if os.path.exists(g.options["HistoryFile"]) else 0
            r = g.send([("From", "a@none.test"), *[("To", t) for t in to]])
            tap.equal(dmarc_of(r).split(" ")[0], "dmarc=fail", to)
            after = len(g.history()) if os.path.exists(g.options["HistoryFile"]) else 0
            tap.equal(after - before, 1 if recorded else 0, to)


@suite.case("AuthservIDWithJobID: our name carries the queue id, in each of our fields")
def _():
    with Filter(options={"AuthservIDWithJobID": "yes", "SPFSelfValidate": "yes"}) as g:
        r = g.send(message("a@none.test"), job="4F2C81")
        fields = r.inserted("Authentication-Results")
        tap.equal([v.split(";")[0] for v in fields], ['"mx.test/4F2C81"'] * 2, "names")
        with g.session() as m:
            m.mail("u@sender.test")
            m.header("From", "a@none.test")
            m.eoh()
            r = m.end({})
            tap.equal([v.split(";")[0] for v in r.inserted("Authentication-Results")],
                      ["mx.test"] * 2, "no queue id")


@suite.case("On-HistoryError tempfail: what cannot be recorded is not taken")
def _():
    for value, want in (("accept", ("accept", "")),
                        ("tempfail", ("tempfail", "451 4.3.0 the message cannot be recorded, try "
                                      "again later"))):
        with Filter(options={"On-HistoryError": value, "HistoryFile": "/nonexistent/h",
                             "RejectFailures": "yes"}) as g:
            r = g.send(message("a@none.test"))
            tap.equal((r.reply, r.text), want, value)
            tap.equal(g.send(message("a@nothing.test")).reply, "accept", "nothing to record")


sys.exit(suite.run())
