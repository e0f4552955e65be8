#!/usr/bin/env python3
"""test_status - MetricsFile: its form, what is counted, when it is written, and trouble with it."""
import os
import signal
import stat
import sys

from filter import Filter, dkim_pass, message, procs, tap
import openmetrics

GOOD = "# TYPE a counter\n# HELP a x\na_total 1\n# EOF\n"
HISTOGRAM = ("# TYPE a histogram\n# HELP a x\na_bucket{{le=\"1.0\"}} {}\na_bucket{{le=\"{}\"}} {}\n"
             "a_count {}\na_sum 1.5\n# EOF\n")
BAD = {
    "no EOF": GOOD[:-6], "text behind EOF": GOOD + "a_total 2\n", "no last line feed": GOOD[:-1],
    "an empty line": "\n" + GOOD, "counter without its suffix": GOOD.replace("a_total", "a"),
    "unknown type": GOOD.replace("counter", "info"), "no type": GOOD.partition("\n")[2],
    "time stamp": GOOD.replace("_total 1", "_total 1 17"), "not a number": GOOD.replace("l 1", "l x"),
    "negative counter": GOOD.replace("l 1", "l -1"), "sample twice": GOOD.replace("# E", "a_total 1\n# E"),
    "label without quotes": GOOD.replace("l 1", "l{x=y} 1"),
    "quote in a label": GOOD.replace("l 1", 'l{x="a"b"} 1'),
    "interrupted": GOOD.replace("# E", GOOD.replace("a", "b").replace("# EOF\n", "") + "# HELP a y\n# E"),
    "no help": GOOD.replace("# HELP a x\n", ""),
    "buckets that fall": HISTOGRAM.format(3, "+Inf", 2, 2),
    "no last bucket": HISTOGRAM.format(1, "2.0", 2, 2),
    "count of its own": HISTOGRAM.format(1, "+Inf", 2, 3),
}


def check_parser():
    """The reader of this test is strict, or the rest shows nothing."""
    openmetrics.parse(GOOD)
    openmetrics.parse(HISTOGRAM.format(1, "+Inf", 2, 2))
    found = openmetrics.parse(GOOD.replace("l 1", r'l{x="a\"\\\n,b"} 1'))
    tap.equal(openmetrics.value(found, "a_total", x='a"\\\n,b'), 1, "escaped label")
    for what, text in BAD.items():
        try:
            openmetrics.parse(text)
        except openmetrics.Error:
            continue
        raise tap.Failure(f"{what} is taken: {text!r}")


class Measured(Filter):
    """A daemon with a MetricsFile."""

    def __init__(self, options=None, name="m.prom", **more):
        super().__init__(options=options, start=False, **more)
        self.options["MetricsFile"] = self.file = self.procs.path(name)
        self.start()

    def start(self):
        super().start()
        self.daemon.wait_until(lambda: os.path.exists(self.file), "metrics")

    def stamp(self):
        """Differs when the file was written again; inodes come back, time goes on."""
        st = os.stat(self.file)
        return st.st_ino, st.st_mtime_ns

    def metrics(self):
        """As they are after a reload, which writes them."""
        before = self.stamp()
        self.reload()
        self.daemon.wait_until(lambda: self.stamp() != before, "new metrics")
        return openmetrics.parse(procs.read(self.file))


def changed(before, after):
    """{sample: growth}, labels as text, without times and DNS. Good reloads are left out: a
    file written by the clock right before one has it not."""
    old, new = openmetrics.samples(before), openmetrics.samples(after)
    return {name[10:] + "".join(f" {v}" for _, v in labels): new[name, labels] - n
            for (name, labels), n in old.items()
            if new[name, labels] != n and "seconds" not in name and "dns" not in name and
            labels != (("outcome", "good"),)}


def check_start():
    with Measured({"UMask": "077"}) as f:
        mode = stat.S_IMODE(os.stat(f.file).st_mode)
        tap.equal(mode, 0o644, "mode, whatever the umask")
        found = openmetrics.parse(procs.read(f.file))
        tap.true(all(n.startswith("opendmarc_") for n in found), "names")
        nonzero = [k for k, v in openmetrics.samples(found).items() if v]
        tap.equal(sorted(n for n, _ in nonzero),
                  ["opendmarc_build_info", "opendmarc_start_time_seconds"], "what is not 0")


def check_counts():
    options = {"RejectFailures": "yes", "HoldQuarantinedMessages": "yes", "RequiredHeaders": "yes",
               "On-DNSError": "tempfail", "IgnoreHosts": None, "IgnoreMailFrom": "ignored.test",
               "IgnoreAuthenticatedClients": "yes", "DNSTimeout": "60"}
    with Measured(options) as f:
        f.options["IgnoreHosts"] = f.procs.write("ignore", "192.0.2.77\n")
        before = f.metrics()
        f.send(message("a@reject.test"))
        f.send(message("a@reject.test", *dkim_pass("reject.test")))
        f.send(message("a@quar.test"))
        f.send(message("a@test.test"))
        f.send(message("a@nopolicy.test"))
        f.send(message("a@dead.test"))
        f.send([("From", "a@reject.test")])
        f.send(message("a@ignored.test"))
        f.send(message("a@reject.test"), auth="user")
        f.send(message("a@reject.test"), ip="192.0.2.77")
        after = f.metrics()
        openmetrics.check_grown(before, after)
        tap.equal(changed(before, after), {
            "connections_total": 10,
            "messages_total reject fail": 1, "messages_total none pass": 1,
            "messages_total quarantine fail": 2, "messages_total none none": 1,
            "messages_total tempfail temperror": 1, "messages_total reject permerror": 1,
            "messages_would_total none": 3, "messages_would_total quarantine": 2,
            "messages_would_total reject": 2, "overrides_total policy_test_mode": 1,
            "form_refused_total": 1, "ignored_total host": 1, "ignored_total from": 1,
            "ignored_total authenticated": 1, "temporary_failures_total dns": 1,
            "history_records_total": 4}, "growth")
        tap.equal(openmetrics.value(after, "opendmarc_end_seconds_count"), 7, "messages timed")


def check_deadline():
    with Measured({"DNSTimeout": "1"}) as f:
        before = f.metrics()
        f.send(message("a@silent.test"))
        after = f.metrics()
        tap.equal(changed(before, after).get("deadline_hits_total"), 1, "deadline hits")
        # The resolver counts its question at the same time, and perhaps a moment later.
        procs.wait_for(lambda: openmetrics.value(f.metrics(), "opendmarc_dns_timeouts_total") > 0,
                       "a DNS time-out")


def check_failure_entries():
    zone = "_dmarc.asks.test TXT v=DMARC1; p=reject; ruf=mailto:ruf@asks.test\n"
    with Measured({"FailureReports": "yes"}, zone=zone) as f:
        spool = f.procs.path("failures")
        os.mkdir(spool)
        f.options["FailureReportsSpool"] = spool
        before = f.metrics()
        f.send(message("a@asks.test"))
        found = changed(before, f.metrics())
        tap.equal(found.get("failure_entries_total"), 1, "entries counted")


def check_sessions():
    with Measured() as f:
        with f.session() as first, f.session():
            first.mail("u@sender.test", macros={})
            now = f.metrics()
            tap.equal((openmetrics.value(now, "opendmarc_sessions"),
                       openmetrics.value(now, "opendmarc_sessions_busy")), (2, 1), "sessions")

        def none_left():
            return openmetrics.value(f.metrics(), "opendmarc_sessions") == 0
        procs.wait_for(none_left, "the end of the sessions")
        tap.equal(openmetrics.value(f.metrics(), "opendmarc_sessions_busy"), 0, "busy")


def check_reload():
    """Counters of the resolver go on when a reload replaces it; a bad reload is counted."""
    with Measured() as f:
        f.send(message("a@reject.test"))
        before = f.metrics()
        tap.true(openmetrics.value(before, "opendmarc_dns_sent_total") > 0, "questions sent")
        f.options["DNSTimeout"] = "7"
        middle = f.metrics()
        f.send(message("a@reject.test"))
        after = f.metrics()
        openmetrics.check_grown(before, middle)
        openmetrics.check_grown(middle, after)
        tap.true(openmetrics.value(after, "opendmarc_dns_sent_total") >
                 openmetrics.value(before, "opendmarc_dns_sent_total"), "sent by both resolvers")
        f.options["NoSuchOption"] = "1"
        f.write_conf()
        f.daemon.signal(signal.SIGHUP)
        f.daemon.wait_output("not reloaded")
        del f.options["NoSuchOption"]
        last = f.metrics()
        tap.equal(changed(after, last), {"reloads_total bad": 1}, "growth")
        tap.true(openmetrics.value(last, "opendmarc_reloads_total", outcome="good") >= 2,
                 "good reloads")


def check_stop():
    f = Measured()
    with f:
        f.send(message("a@reject.test"))
        f.daemon.stop(60)
        found = openmetrics.parse(procs.read(f.file))
        tap.equal(openmetrics.value(found, "opendmarc_messages_total", result="fail",
                                    action="none"), 1, "messages at the stop")


def check_moved():
    """The option may come, change and go by a reload."""
    with Filter() as f:
        first, second = f.procs.path("a.prom"), f.procs.path("b.prom")
        f.reload({"MetricsFile": first})
        f.daemon.wait_until(lambda: os.path.exists(first), "metrics")
        f.reload({"MetricsFile": second})
        f.daemon.wait_until(lambda: os.path.exists(second), "metrics")
        os.unlink(second)
        f.reload({"MetricsFile": None})
        f.daemon.stop(60)
        tap.true(not os.path.exists(second), "no file is asked for, and there is one")


def check_trouble():
    """A folder that is not there: said once, mail goes on, and nothing is left behind."""
    with Filter(options={"MetricsFile": "/no/such/folder/m.prom"}) as f:
        for _ in range(3):
            f.reload()
        tap.equal(f.send(message("a@none.test")).reply, "accept", "reply")
        f.daemon.stop(60)
        tap.equal(f.log().count("MetricsFile"), 1, "lines about it")
        tap.contains(f.log(), 'MetricsFile "/no/such/folder/m.prom" cannot be written: No such file')
    with Filter(start=False) as f:
        folder = f.procs.path("folder.prom")
        os.mkdir(folder)
        f.options["MetricsFile"] = folder
        f.start()
        f.daemon.wait_output("cannot be written")
        tap.true(not os.path.exists(folder + ".new"), "half a file is left")


def check_link():
    """A link that waits where the file is written leads nowhere."""
    with Measured() as f:
        victim = f.procs.write("victim", "precious\n")
        os.symlink(victim, f.file + ".new")
        f.metrics()
        tap.equal(procs.read(victim), "precious\n", "the file that the link names")
        tap.true(not os.path.islink(f.file), "the metrics are a link")


def check_manual():
    """opendmarc(8) has every family, in the order of the file."""
    with Measured() as f:
        found = list(openmetrics.parse(procs.read(f.file)))
    with open(procs.source("man/opendmarc.8"), encoding="utf-8") as page:
        part = page.read().partition(".Ss Metrics")[2].partition(".Sh ")[0]
    listed = [w for line in part.splitlines() if line.startswith(".It Cm ")
              for w in line[7:].split(" , ")]
    tap.equal(["opendmarc_" + w for w in listed], found, "families in opendmarc(8)")


def check_clock(f):
    """Without a signal too. f has been running since before the other cases."""
    before = f.stamp()
    f.daemon.wait_until(lambda: f.stamp() != before, "new metrics")
    openmetrics.parse(procs.read(f.file))


def main():
    suite = tap.Suite()
    with Measured() as f:
        suite.add("the reader is strict", check_parser)
        suite.add("a file from the start", check_start)
        suite.add("every kind of message is counted", check_counts)
        suite.add("a deadline is counted", check_deadline)
        suite.add("entries of failure reports", check_failure_entries)
        suite.add("sessions at the moment", check_sessions)
        suite.add("a reload resets nothing", check_reload)
        suite.add("written at the stop", check_stop)
        suite.add("the option changes by a reload", check_moved)
        suite.add("trouble is told once", check_trouble)
        suite.add("a link is not followed", check_link)
        suite.add("the manual has every family", check_manual)
        suite.add("written every now and then", check_clock, f)
        return suite.run()


if __name__ == "__main__":
    sys.exit(main())
