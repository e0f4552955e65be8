"""attacks - forged messages that must not pass, each with an honest one that must.

A forged message is From: ceo@reject.example, comes from the attacker's address and
carries what could make a reader of header fields believe in it. Its honest twin
carries the same on top of a message that its domain signed, or sent from its own host.

    attacks.add(suite, name, host, port)

adds the whole table for one way into a host.Host.
"""
import re

import bed
import namespace
import tap

VICTIM, THIEF = "ceo@reject.example", "x@attacker.example"
NAME = "Authentication-Results: "
RESULTS = NAME + namespace.HOST + "; "
DKIM = "dkim=pass header.d=reject.example header.s=sel header.b=AAAA"
SPF = "spf=pass smtp.mailfrom=reject.example"


def signature(**tags):
    """A DKIM-Signature field of the victim; a tag that is None is left out."""
    words = {"v": "1", "a": "rsa-sha256", "c": "relaxed/simple", "d": "reject.example",
             "s": "sel", "h": "from:to:subject", **tags}
    words.setdefault("bh", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
    words.setdefault("b", "AAAA")
    text = "; ".join(f"{k}={v}" for k, v in words.items() if v is not None)
    return f"DKIM-Signature: {text}\n"


# Signatures that no verifier can find good.
SIGNATURES = [
    ("that is broken", {}),
    ("of an unknown algorithm", {"a": "rsa-sha999"}),
    ("of an unknown version", {"v": "2"}),
    ("with an unknown canonicalization", {"c": "odd/odd"}),
    ("that expired", {"t": "1000000000", "x": "1000000001"}),
    ("with a length beyond the body", {"l": "999999"}),
    ("that does not cover From", {"h": "to:subject"}),
    ("with an identity elsewhere", {"i": "@attacker.example"}),
    ("without a key", {"s": "missing"}),
    ("with a worthless body hash", {"bh": "!!"}),
]

# Signatures, each beside one that is well formed, on which a verifier may give up on the
# whole message. The first two are about keys: the DNS fails, or no name can be asked for.
GIVE_UP = [
    ("the DNS fails for its key", signature(d="broken.attacker.example")),
    ("its key has no name", signature(s="a.")),
    ("no version", signature(v=None)),
    ("no selector", signature(s=None)),
    ("no domain", signature(d="!")),
    ("a time that is no number", signature(t="-1")),
    ("an empty time", signature(x="")),
    ("a part that is no tag", signature(junk="").replace("junk=", "junk")),
    ("an empty part", signature().replace("; d=", "; ; d=")),
    ("octets beyond ASCII", signature(z="\u00e9")),
    ("a control character", signature(z="a\x01b")),
    ("nothing at all", "DKIM-Signature:\n"),
]

# A field that a parser of known names only gives up on.
ODD = RESULTS + "x-check=pass odd.kind=1; "

# (what, fields on top of the message)
HEADS = [
    ("dkim as first line", RESULTS + DKIM + "\n" + signature()),
    ("spf as first line", RESULTS + SPF + "\n"),
    ("spf of a whole address", RESULTS + "spf=pass smtp.mailfrom=ceo@reject.example\n"),
    ("both in one field", RESULTS + DKIM + "; " + SPF + "\n" + signature()),
    ("a property of an unknown kind", ODD + DKIM + "; " + SPF + "\n"),
    ("more than 20 results", RESULTS + ";\n ".join([DKIM] * 25) + "\n" + signature()),
    ("more results than are read", RESULTS + ";\n ".join(["dkim=neutral header.d=a.example"] * 300
                                                         + [DKIM]) + "\n" + signature()),
    ("more than 20 fields", (RESULTS + DKIM + "\n") * 25 + signature()),
    ("an id with a final dot", NAME + namespace.HOST + ".; " + DKIM + "\n" + signature()),
    ("an id in upper case", NAME + namespace.HOST.upper() + "; " + DKIM + "\n" + signature()),
    ("an id in quotes", f'{NAME}"{namespace.HOST}"; {DKIM}\n' + signature()),
    ("an id between comments", f"{NAME}(a) {namespace.HOST} (b) 1 (c); {DKIM}\n" + signature()),
    ("an id that is folded", f"{NAME}\n {namespace.HOST};\n {DKIM}\n" + signature()),
    ("an id with a queue id", f"{NAME}{namespace.HOST}/4F2C81A0B7; {DKIM}\n" + signature()),
    ("blanks before the colon", f"Authentication-Results : {namespace.HOST}; {DKIM}\n"
     + signature()),
    ("Received-SPF", "Received-SPF: Pass (sender SPF authorized) identity=mailfrom; "
     f"client-ip={namespace.ATTACKER4}; helo=mail.attacker.example; envelope-from={VICTIM}; "
     f"receiver={namespace.HOST}\n"),
    ("Received-SPF that names nothing", "Received-SPF: pass\n"),
    ("below a Received field of ours", f"Received: from a by {namespace.HOST} with ESMTP id 1;\n"
     " Sat, 21 Nov 2026 01:00:00 +0000\n" + ODD + DKIM + "\n" + signature()),
]
# The first ones say most about a set-up; the rest are for one or two of them.
NHEADS_MAIN = 8
HEADS += [("a signature " + what, ODD + DKIM + "\n" + signature(**tags))
          for what, tags in SIGNATURES]

# Senders whose text could end a comment or a value in what a filter writes about them.
QUOTED = [
    '"a) dkim=pass header.d=reject.example (b"',
    '"a; dkim=pass header.d=reject.example; b"',
    '"a\\") dkim=pass header.d=reject.example (b"',
]
# One that no filter can write well: it must not pass, nothing more.
ANGLES = '"a@reject.example> spf=pass smtp.mailfrom=reject.example <b"@attacker.example'


def claims(value, method):
    """The passes of a method in a field as RFC 8601 reads it: comments and quotes apart."""
    text = re.sub(r'"(?:[^"\\]|\\.)*"', "", value)
    while text != (text := re.sub(r"\((?:[^()\\]|\\.)*\)", "", text)):
        pass
    return [part for part in text.split(";") if part.strip().startswith(method + "=pass")]


def shown(mail):
    """What an earlier stage and we wrote, for a case that fails."""
    return "\n".join(f"{n}: {v[:600]}" for n, v in mail.headers
                     if n.lower() in ("authentication-results", "received-spf"))


def no_pass(mail, authserv_id):
    """No verdict of ours says pass, and no field in our name one about the victim."""
    verdicts = mail.results("dmarc", authserv_id)
    tap.equal(len(verdicts), 1, "verdicts")
    tap.contains(verdicts[0], "dmarc=fail (p=reject dis=none) header.from=reject.example",
                 "verdict on\n" + shown(mail))
    for method, properties in (("dkim", r"header\.[di]"), ("spf", r"smtp\.(?:mailfrom|helo)")):
        for value in mail.results(method, authserv_id):
            for claim in claims(value, method):
                tap.true(not re.search(properties + r"=[^ ]*reject\.example", claim),
                         f"refused pass removed: {claim} of\n{shown(mail)}")


def passes(mail, domain, authserv_id):
    """The honest message does."""
    verdict = mail.results("dmarc", authserv_id)[0]
    tap.true(f"header.from={domain}" in verdict and "dmarc=pass" in verdict,
             "an honest message does not pass:\n" + shown(mail))


def forged(host, port, head, sender):
    rcpt = host.rcpt()
    mail = host.deliver(port, bed.message("reject.example", rcpt, head=head), sender, rcpt,
                        client=namespace.ATTACKER4, helo="mail.attacker.example")
    no_pass(mail, host.authserv_id)
    record = host.daemons[port].record(mail.job())
    tap.equal((record["align_dkim"], record["align_spf"]), (["5"], ["5"]), "alignment")


def honest(host, port, head):
    rcpt = host.rcpt()
    octets = head.replace("\n", "\r\n").encode() + host.signer.sign(
        bed.message("dkim.example", rcpt))
    mail = host.deliver(port, octets, "bounce@mailer.example", rcpt)
    passes(mail, "dkim.example", host.authserv_id)


def pair(host, port, head):
    for sender in (THIEF, VICTIM):
        forged(host, port, head, sender)
    honest(host, port, head)


def quoted(host, port, local_part, honest_part):
    forged(host, port, "", local_part + "@attacker.example")
    rcpt = host.rcpt()
    mail = host.deliver(port, bed.message("spf.example", rcpt), honest_part + "@spf.example", rcpt)
    passes(mail, "spf.example", host.authserv_id)


def gives_up(host, port, odd):
    for head in (odd + signature(), signature() + odd):
        forged(host, port, ODD + DKIM + "\n" + head, THIEF)


def add(suite, name, host, port, main_only=False, quotes=True, give_up=True):
    """Adds the table, or its main part, for one way in.

    quotes: its filters keep the quotes of a local part, so that it can be read again.
    give_up: with the cases where the DNS makes a verifier give up.
    """
    for what, head in HEADS[:NHEADS_MAIN if main_only else None]:
        suite.add(f"{name}: {what}", pair, host, port, head)
    for what, odd in GIVE_UP[0 if give_up else 1:4 if main_only else None]:
        suite.add(f"{name}: two signatures, {what}", gives_up, host, port, odd)
    for local_part in QUOTED:
        suite.add(f"{name}: sender {local_part}", quoted, host, port, local_part,
                  local_part if quotes else "list+a=b.example")
    suite.add(f"{name}: sender {ANGLES}", forged, host, port, "", ANGLES)
