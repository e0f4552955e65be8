"""test_postfix - the verdicts of the daemon behind a real Postfix, OpenDKIM and SPF agent.

One Postfix has five ways in: plain (port 25), rejecting (2525), own (2526, our own
SPF check instead of the agent's), received (2527, the agent writes Received-SPF) and login
(587, authenticated clients). Each case looks at what the SMTP client heard, the delivered
header fields, the log and the history.
"""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import bed
import namespace
import postfix
import procs
import smtplib
import tap

PLAIN, REJECTING, OWN, RECEIVED, LOGIN = 25, 2525, 2526, 2527, 587
AGENT = {PLAIN: "AR", REJECTING: "AR", RECEIVED: "SPF"}     # what the SPF agent writes
PASS, FAIL = "4", "5"           # align_dkim and align_spf of the history


class Host:
    """The receiving host."""

    def __init__(self, p):
        namespace.furnish(p)
        bed.start_dns(p)
        self.p = p
        self.mailbox = bed.Mailbox(p)
        self.signer = bed.Signer(p)
        dkim = postfix.OpenDKIM(p)
        self.daemons = {
            PLAIN: bed.Daemon(p, "plain", IgnoreAuthenticatedClients="yes"),
            REJECTING: bed.Daemon(p, "rejecting", RejectFailures="yes",
                                  RejectString="100% sure, %n: rejected by DMARC policy for %s"),
            OWN: bed.Daemon(p, "own", SPFSelfValidate="yes", SPFIgnoreResults="yes"),
        }
        self.daemons[LOGIN] = self.daemons[RECEIVED] = self.daemons[PLAIN]
        self.mta = postfix.Postfix(p, self.mailbox.port)
        for port, daemon in self.daemons.items():
            sasl = "yes" if port == LOGIN else "no"
            self.mta.smtpd(port, [dkim.socket, daemon.socket], agent=AGENT.get(port),
                           smtpd_sasl_auth_enable=sasl)
        self.mta.start()
        self.sent = 0

    def rcpt(self):
        """An address that no other message has."""
        self.sent += 1
        return f"r{self.sent}@receiver.example"

    def deliver(self, port, octets, mail_from, rcpt, **session):
        """Sends a message that must be accepted; the Delivered."""
        code, text = bed.send(port, octets, mail_from, rcpt, **session)
        tap.equal(code, 250, f"reply {text}")
        return self.mailbox.wait(rcpt)

    def check(self, port, mail, verdict, domain, **record):
        """Header field, log line and history record of a delivered message."""
        result = verdict.split()[0]
        tap.equal(mail.results("dmarc"), [f"{namespace.HOST}; dmarc={verdict}"], "field")
        self.daemons[port].wait_log(f"{mail.job()}: {domain} {result}")
        self.check_record(port, mail.job(), **{"from": domain}, **record)

    def check_record(self, port, job, **want):
        record = self.daemons[port].record(job)
        for key, value in want.items():
            tap.equal(record.get(key), value if isinstance(value, list) else [value],
                      f"{key} in the history")


def aligned_dkim(host):
    rcpt = host.rcpt()
    octets = host.signer.sign(bed.message("dkim.example", rcpt))
    mail = host.deliver(PLAIN, octets, "bounce@mailer.example", rcpt)
    host.check(PLAIN, mail, "pass (p=reject dis=none) header.from=dkim.example "
               "policy.dmarc=reject", "dkim.example", mfrom="mailer.example",
               ipaddr=namespace.CLIENT4, dkim="dkim.example sel 0", spf="0",
               pdomain="dkim.example", policy="15", rua="mailto:dmarc@dkim.example", p="114",
               align_dkim=PASS, align_spf=FAIL, action="2", reporter=namespace.HOST)
    tap.true(mail.octets.endswith(octets), "the message itself is unchanged")
    above = [n for n, _ in mail.headers[:[n for n, _ in mail.headers].index("Received")]]
    tap.equal(above, ["DMARC-Filter", "Authentication-Results", "DKIM-Filter",
                      "Authentication-Results", "Authentication-Results"], "order of fields")
    tap.true(mail.values("Authentication-Results")[0] == mail.results("dmarc")[0], "ours on top")
    tap.contains(mail.values("DMARC-Filter")[0], mail.job(), "DMARC-Filter")


def broken_signature(host):
    rcpt = host.rcpt()
    octets = host.signer.sign(bed.message("dkim.example", rcpt)) + b"Added on the way.\r\n"
    mail = host.deliver(PLAIN, octets, "bounce@mailer.example", rcpt)
    host.check(PLAIN, mail, "fail (p=reject dis=none) header.from=dkim.example "
               "policy.dmarc=reject", "dkim.example", dkim="dkim.example sel 7", policy="16",
               align_dkim=FAIL, align_spf=FAIL, action="2")


def aligned_spf(host, client):
    rcpt = host.rcpt()
    mail = host.deliver(PLAIN, bed.message("spf.example", rcpt), "bounce@spf.example", rcpt,
                        client=client)
    host.check(PLAIN, mail, "pass (p=quarantine dis=none) header.from=spf.example "
               "policy.dmarc=quarantine", "spf.example", mfrom="spf.example", spf="0",
               ipaddr=client, policy="15", p="113", align_dkim=FAIL, align_spf=PASS, action="2")


def received_spf(host, client, mail_from, helo, spf, align):
    rcpt = host.rcpt()
    mail = host.deliver(RECEIVED, bed.message("spf.example", rcpt), mail_from, rcpt,
                        client=client, helo=helo)
    tap.equal(len(mail.values("Received-SPF")), 1, "fields of the agent")
    result = "pass" if align == PASS else "fail"
    host.check(RECEIVED, mail, f"{result} (p=quarantine dis=none) header.from=spf.example "
               "policy.dmarc=quarantine", "spf.example", spf=spf, align_spf=align)


def subdomain(host):
    rcpt = host.rcpt()
    mail = host.deliver(PLAIN, bed.message("news.spf.example", rcpt), "bounce@spf.example", rcpt)
    host.check(PLAIN, mail, "pass (p=quarantine dis=none) header.from=news.spf.example "
               "policy.dmarc=quarantine", "news.spf.example", pdomain="spf.example",
               align_spf=PASS)


def failing(host, domain, policy, code):
    rcpt = host.rcpt()
    mail = host.deliver(PLAIN, bed.message(domain, rcpt), "bounce@mailer.example", rcpt)
    host.check(PLAIN, mail, f"fail (p={policy} dis=none) header.from={domain} "
               f"policy.dmarc={policy}", domain, policy=code, align_dkim=FAIL,
               align_spf=FAIL, action="2")


def rejected(host):
    rcpt = host.rcpt()
    code, text = bed.send(REJECTING, bed.message("reject.example", rcpt), "x@mailer.example", rcpt)
    tap.equal((code, text), (550, "5.7.1 100% sure, %n: rejected by DMARC policy for reject.example"), "reply")
    line = procs.wait_for(
        lambda: re.search(rf"(\w+): milter-reject: END-OF-MESSAGE .*to=<{rcpt}>", host.mta.log()),
        "the reject in Postfix's log")
    host.daemons[REJECTING].wait_log(f"{line[1]}: reject.example fail")
    host.check_record(REJECTING, line[1], policy="16", action="0", align_spf=FAIL)
    tap.equal(host.mailbox.all(rcpt), [], "delivered")


def spared(host):
    """With RejectFailures, what passes or may pass is delivered."""
    for domain, result in (("spf.example", "pass"), ("none.example", "fail")):
        rcpt = host.rcpt()
        mail = host.deliver(REJECTING, bed.message(domain, rcpt), f"x@{domain}", rcpt)
        host.daemons[REJECTING].wait_log(f"{mail.job()}: {domain} {result}")
        host.check_record(REJECTING, mail.job(), action="2")


def unpublished(host):
    rcpt = host.rcpt()
    mail = host.deliver(PLAIN, bed.message("unpublished.example", rcpt), "x@spf.example", rcpt)
    tap.equal(mail.results("dmarc"), [f"{namespace.HOST}; dmarc=none (p=none dis=none) "
                                      "header.from=unpublished.example"], "field")
    host.daemons[PLAIN].wait_log(f"{mail.job()}: unpublished.example none")
    tap.true(all(r["job"] != [mail.job()] for r in host.daemons[PLAIN].records()),
             "no record without a policy")


def authenticated(host):
    before = host.daemons[LOGIN].records()
    rcpt = host.rcpt()
    mail = host.deliver(LOGIN, bed.message("reject.example", rcpt), "x@reject.example", rcpt,
                        login=(postfix.USER, postfix.PASSWORD))
    tap.equal(mail.values("Authentication-Results") + mail.values("DMARC-Filter"), [],
              "fields of ours")
    tap.equal(host.daemons[LOGIN].records(), before, "history")
    tap.contains(host.daemons[LOGIN].log(), "ignoring authenticated client", "log")
    rcpt = host.rcpt()          # the same way in without a login is judged
    mail = host.deliver(LOGIN, bed.message("reject.example", rcpt), "x@reject.example", rcpt)
    host.check(LOGIN, mail, "fail (p=reject dis=none) header.from=reject.example "
               "policy.dmarc=reject", "reject.example", align_spf=FAIL)


def own_spf(host, client, mail_from, result, scope="mailfrom", helo="mail.spf.example"):
    rcpt = host.rcpt()
    mail = host.deliver(OWN, bed.message("spf.example", rcpt), mail_from, rcpt, client=client,
                        helo=helo)
    domain = mail_from.partition("@")[2] or helo
    tap.equal(mail.results("spf"), [f"{namespace.HOST}; spf={result} smtp.{scope}={domain}"],
              "spf field")
    host.daemons[OWN].wait_log(f"{mail.job()}: SPF({scope}): {domain} {result}")
    aligned = result == "pass" and domain.endswith("spf.example")
    host.check(OWN, mail, ("pass" if aligned else "fail") + " (p=quarantine dis=none) "
               "header.from=spf.example policy.dmarc=quarantine", "spf.example",
               spf="0" if result == "pass" else "7",
               spf_scope="2" if scope == "helo" else "1", align_spf=PASS if aligned else FAIL)


RESULTS = "Authentication-Results: " + namespace.HOST + "; "
RECEIVED_SPF = (f"Received-SPF: Pass (sender SPF authorized) identity=mailfrom; "
                f"client-ip={namespace.ATTACKER4}; helo=mail.attacker.example; "
                f"envelope-from={{}}; receiver={namespace.HOST}\n")
VICTIM, THIEF = "ceo@reject.example", "x@attacker.example"
FAKE_SIGNATURE = ("DKIM-Signature: v=1; a=rsa-sha256; d=reject.example; s=sel; h=from;\n"
                  " bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA\n")
# What a client puts on top of its message, and the envelope sender that it gives.
FORGED = [
    ("spf of the victim", RESULTS + "spf=pass smtp.mailfrom=reject.example\n", THIEF),
    ("spf, victim as sender", RESULTS + "spf=pass smtp.mailfrom=reject.example\n", VICTIM),
    ("dkim without a signature", RESULTS + "dkim=pass header.d=reject.example\n", THIEF),
    ("dkim with a worthless signature",
     RESULTS + "dkim=pass header.d=reject.example header.s=sel header.b=AAAA\n"
     + FAKE_SIGNATURE, THIEF),
    ("Received-SPF of the victim", RECEIVED_SPF.format(VICTIM), THIEF),
    ("Received-SPF, victim as sender", RECEIVED_SPF.format(VICTIM), VICTIM),
    ("our own verdict", RESULTS + "dmarc=pass (p=reject dis=none) "
     "header.from=reject.example\n", THIEF),
]


def forged(host, port, head, mail_from):
    rcpt = host.rcpt()
    mail = host.deliver(port, bed.message("reject.example", rcpt, head=head), mail_from, rcpt,
                        client=namespace.ATTACKER4, helo="mail.attacker.example")
    tap.equal(mail.results("dmarc"), [f"{namespace.HOST}; dmarc=fail (p=reject dis=none) "
                                      "header.from=reject.example policy.dmarc=reject"], "field")
    tap.equal(mail.values("Authentication-Results")[0], mail.results("dmarc")[0], "ours on top")
    host.check_record(port, mail.job(), policy="16", align_dkim=FAIL, align_spf=FAIL)
    for method in ("dkim", "spf"):
        for value in mail.results(method):
            tap.true(not re.search(method + r"=pass\b[^;]*\breject\.example", value),
                     f"refused pass removed: {value}")


def one_session(host):
    """Several messages, one of them given up, in one session: nothing is carried over."""
    order = [("spf.example", "pass", PASS), ("reject.example", "fail", FAIL), None,
             ("spf.example", "pass", PASS)]
    with smtplib.SMTP(namespace.MTA4, PLAIN, local_hostname="mail.spf.example",
                      source_address=(namespace.CLIENT4, 0)) as smtp:
        for step in order:
            if step is None:
                smtp.ehlo_or_helo_if_needed()
                smtp.mail("bounce@spf.example")
                smtp.rset()
                continue
            domain, result, align = step
            rcpt, more = host.rcpt(), host.rcpt()
            smtp.sendmail(f"bounce@{domain}", [rcpt, more], bed.message(domain, rcpt))
            mail = host.mailbox.wait(rcpt)
            host.daemons[PLAIN].wait_log(f"{mail.job()}: {domain} {result}")
            host.check_record(PLAIN, mail.job(), **{"from": domain}, align_spf=align)
            tap.equal(len(mail.results("dmarc")), 1, "fields for two recipients")


def main():
    namespace.enter(bed.PROGRAMS + postfix.PROGRAMS)
    suite = tap.Suite()
    with procs.Procs() as p:
        host = Host(p)
        suite.add("aligned DKIM passes", aligned_dkim, host)
        suite.add("a broken signature does not", broken_signature, host)
        for client in (namespace.CLIENT4, namespace.CLIENT6):
            suite.add(f"aligned SPF passes from {client}", aligned_spf, host, client)
        for client, sender, helo, *want in (
                (namespace.CLIENT4, "bounce@spf.example", "mail.spf.example", "0", PASS),
                (namespace.CLIENT6, "list-a=b.example@spf.example", "mail.spf.example",
                 "0", PASS),
                (namespace.CLIENT4, "bounce@mailer.example", "mail.spf.example", "0", FAIL),
                (namespace.ATTACKER4, "bounce@spf.example", "mail.attacker.example", "7", FAIL)):
            suite.add(f"Received-SPF: <{sender}> from {client}", received_spf, host, client,
                      sender, helo, *want)
        suite.add("a subdomain is judged by its organizational domain", subdomain, host)
        for domain, policy, code in (("none.example", "none", "18"),
                                     ("dkim.example", "reject", "16"),
                                     ("spf.example", "quarantine", "17")):
            suite.add(f"fail under p={policy} is delivered", failing, host, domain, policy, code)
        suite.add("RejectFailures: 550 5.7.1 for p=reject", rejected, host)
        suite.add("RejectFailures spares pass and p=none", spared, host)
        suite.add("no policy: none, and no record", unpublished, host)
        suite.add("an authenticated client is left alone", authenticated, host)
        for client, sender, result, *scope in (
                (namespace.CLIENT4, "bounce@spf.example", "pass"),
                (namespace.CLIENT6, "bounce@spf.example", "pass"),
                (namespace.ATTACKER4, "bounce@spf.example", "fail"),
                (namespace.ATTACKER4, "x@attacker.example", "pass"),
                (namespace.CLIENT4, "", "pass", "helo"),
                (namespace.ATTACKER4, "", "fail", "helo")):
            suite.add(f"own SPF check: <{sender}> from {client}", own_spf, host, client, sender,
                      result, *scope)
        for port, way in ((PLAIN, "agent"), (RECEIVED, "Received-SPF"), (OWN, "own check")):
            for what, head, sender in FORGED:
                suite.add(f"forged first line, {way}: {what}", forged, host, port, head, sender)
        suite.add("several messages in one session", one_session, host)
        suite.add("the daemons end cleanly", bed.end_cleanly, set(host.daemons.values()))
        return suite.run(on_failure=lambda: tap.diag(p.logs()))


if __name__ == "__main__":
    sys.exit(main())
