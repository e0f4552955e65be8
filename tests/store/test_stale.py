#!/usr/bin/env python3
"""test_stale - opendmarc-reports --stale-check: what is asked of the list on the web, what
its answers do, and that reports leave whatever becomes of it.
"""
import os
import socket
import sys
import threading
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import procs
import tap
import tlskeys
import webserver
from test_reports import Site

CASES = tap.Suite()
ZONE = "sender.example._report._dmarc.a.example TXT v=DMARC1"


def case(name, zone=ZONE):
    """A case with a site and a list."""
    def add(function):
        def run():
            with procs.Procs() as p, Site(p, zone) as site, webserver.WebServer() as web:
                web.answer = lambda path: 404
                function(site, web)
        CASES.add(name, run)
        return function
    return add


def load(site):
    site.add(2, rua=["mailto:a+b@sender.example", "mailto:c@a.example"])
    site.add(3, from_="other.example", pdomain="other.example", rua=["mailto:r@other.example"])
    site.load()


def asked(web):
    """{page: {key}} of all questions."""
    pages = {}
    for r in web.requests:
        tap.equal(r.method, "GET", "method")
        url = urllib.parse.urlsplit(r.path)
        keys = pages.setdefault(url.path, [])
        keys += urllib.parse.parse_qs(url.query, strict_parsing=True)["key"]
    return {page: sorted(keys) for page, keys in pages.items()}


def listing(*keys):
    """A list with these keys."""
    return lambda path: 200 if urllib.parse.unquote(path.partition("key=")[2]) in keys else 404


def audit(site):
    return site.run("--audit", site.date).stdout


@case("domains and addresses are asked for, escaped, over one connection; 404 lets all pass")
def _(site, web):
    load(site)
    site.report("--stale-check", "--stale-server=" + web.url("/api/"))
    tap.equal(asked(web), {
        "/api/checkDomain.php": ["other.example", "sender.example"],
        "/api/checkRua.php": ["a+b@sender.example", "c@a.example", "r@other.example"]}, "asked")
    tap.contains("".join(r.path for r in web.requests), "key=a%2Bb%40sender.example", "escaped")
    tap.equal(web.connections, 1, "connections")
    tap.equal(sorted(site.mails()), ["a+b@sender.example", "c@a.example", "r@other.example"],
              "recipients")


@case("nobody is asked unless --stale-check says so")
def _(site, web):
    load(site)
    web.answer = lambda path: 200
    for more in ((), ("--stale-def-deny",), ("--stale-check", "--nostale-check")):
        done = site.report("--stale-server", web.url("/api"), *more, "--noupdate")
        tap.equal(done.stderr, "", f"stderr of {more}")
    tap.equal(web.requests, [], "questions")
    tap.equal(len(site.sink.messages), 9, "mails")


@case("a stale address gets nothing, the others do")
def _(site, web):
    load(site)
    web.answer = listing("c@a.example")
    done = site.report("--stale-check", "--stale-server", web.url("/api"), "--verbose")
    tap.contains(done.stdout, "not to c@a.example: the stale list has it", "told")
    tap.equal(sorted(site.mails()), ["a+b@sender.example", "r@other.example"], "recipients")


@case("a stale domain, and one of which every address is stale, gets no report; the audit says it")
def _(site, web):
    load(site)
    web.answer = listing("sender.example", "r@other.example")
    plan = site.report("--stale-check", "--stale-server", web.url("/api"), "--test")
    tap.true("would send" not in plan.stdout, f"plan {plan.stdout}")
    site.report("--stale-check", "--stale-server", web.url("/api"))
    tap.equal(site.sink.messages, [], "mails")
    tap.true(not any("a.example" in key for key in asked(web).get("/api/checkRua.php", [])),
             "the addresses of a stale domain are not asked for")
    tap.contains(audit(site), "2 withheld: the stale list has the domain", "audit")
    tap.contains(audit(site), "3 withheld: every destination that may have it is on the stale "
                 "list", "audit")
    site.report("--no-stale-check")
    tap.equal(site.sink.messages, [], "withheld for good")


@case("--stale-def-deny asks for the other verdict")
def _(site, web):
    load(site)
    web.answer = lambda path: 200 if path.startswith("/x/checkRuaDefDeny.php?") else 404
    site.report("--stale-check", "--stale-def-deny", "--stale-server", web.url("/x"))
    tap.equal(sorted(asked(web)), ["/x/checkDomainDefDeny.php", "/x/checkRuaDefDeny.php"], "pages")
    tap.equal(site.sink.messages, [], "mails")


THREE = ("sender.example", "other.example", "third.example")


@case("an answer is remembered within the run",
      "\n".join(f"{d}._report._dmarc.collector.example TXT v=DMARC1" for d in THREE))
def _(site, web):
    for domain in THREE:
        site.add(from_=domain, pdomain=domain, rua=["mailto:r@collector.example"])
    site.load()
    site.report("--stale-check", "--stale-server", web.url("/api"))
    tap.equal(asked(web)["/api/checkRua.php"], ["r@collector.example"], "asked")
    tap.equal(len(site.sink.messages), 3, "mails")


# name, answer of the server, what standard error says; "" nothing
ANSWERS = [
    ("500", 500, ""),
    ("403", 403, ""),
    ("204", 204, ""),
    ("a redirect", (301, {"Location": "/elsewhere"}, b""), "it redirects"),
    ("a redirect to a file", (302, {"Location": "file:///etc/passwd"}, b""), "it redirects"),
    ("no answer", webserver.DROP, "it is not asked any more"),
]


def answers(answer, text):
    with procs.Procs() as p, Site(p, ZONE) as site, webserver.WebServer() as web:
        web.answer = lambda path: answer
        load(site)
        done = site.report("--stale-check", "--stale-server", web.url("/api"))
        tap.equal(len(site.sink.messages), 3, "mails")
        tap.equal(len(done.stderr.splitlines()), 1 if text else 0, f"lines of {done.stderr}")
        tap.contains(done.stderr, text, "stderr")
        # curl tries once more where a connection is gone that it has used before.
        tap.true(len(web.requests) <= 2 if text else len(web.requests) == 5, "questions")


for row in ANSWERS:
    CASES.add("reports leave after " + row[0], answers, *row[1:])


@case("an answer of any length is an answer")
def _(site, web):
    load(site)
    web.answer = lambda path: (200, {}, b"x" * 5000000)
    done = site.report("--stale-check", "--stale-server", web.url("/api"))
    tap.equal((done.stderr, site.sink.messages), ("", []), "stderr, mails")


@case("a server that is not there, or never answers, costs one warning and one time-out")
def _(site, _):
    load(site)
    gone = f"http://127.0.0.1:{procs.free_port()}/api"
    done = site.report("--stale-check", "--stale-server", gone, "--noupdate")
    tap.contains(done.stderr, gone, "stderr")
    tap.equal(len(done.stderr.splitlines()), 1, "lines")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        came = []

        def accept():
            try:
                while True:
                    came.append(silent.accept())
            except OSError:
                pass
        threading.Thread(target=accept, daemon=True).start()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        done = site.report("--stale-check", "--stale-server", url)
        tap.equal(len(done.stderr.splitlines()), 1, "lines")
        tap.equal(len(came), 1, "connections")
    tap.equal(len(site.sink.messages), 6, "mails")


@case("https with a certificate that must be good")
def _(site, _):
    authority = tlskeys.Authority(site.p)
    load(site)
    with webserver.WebServer(authority.server()) as web:
        server = ("--stale-check", "--stale-server", web.url("/api", "localhost"))
        done = site.report(*server, "--noupdate")
        tap.contains(done.stderr, "certificate", "stderr")
        tap.equal((len(web.requests), len(site.sink.messages)), (0, 3), "questions, mails")
        done = site.report(*server, "--smtp-ssl-ca-file", authority.path)
        tap.equal((done.stderr, len(site.sink.messages)), ("", 3), "stderr, mails")


@case("only http and https URLs without a query")
def _(site, _):
    for url in ("ftp://a.example/x", "file:///etc/passwd", "https://", "http:///x", "a.example",
                "https://a.example/x?y=", "https://a.example/#", "https://a.example/a b",
                "https://a.example/" + 2000 * "x"):
        done = site.report("--stale-check", "--stale-server", url, status=1)
        tap.contains(done.stderr, "is no URL such as https://", url)


if __name__ == "__main__":
    sys.exit(CASES.run())
