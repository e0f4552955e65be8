"""attacks - forged messages that must not pass, each with an honest one that must.

A forged message is From: ceo@reject.example, comes from the attacker's address and
carries what could make a reader of header fields believe in it. Its honest twin
carries the same on top of a message that its domain signed, or sent from its own host.

    attacks.add(suite, name, host, port)

adds the whole table for one way into a host, which has deliver(port, octets, mail_from,
rcpt, **session), rcpt(), signer and daemons {port: bed.Daemon}.
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


# Signatures that no verifier can find good, several of them for reasons that make it
# give up before it looks at the key.
SIGNATURES = [
    ("broken", {}),
    ("of an unknown algorithm", {"a": "rsa-sha999"}),
    ("of an unknown version", {"v": "2"}),
    ("without a version", {"v": None}),
    ("without a selector", {"s": None}),
    ("with an unknown canonicalization", {"c": "odd/odd"}),
    ("with an unknown query method", {"q": "other"}),
    ("that expired", {"t": "1000000000", "x": "1000000001"}),
    ("that expires before it begins", {"t": "1000000001", "x": "1000000000"}),
    ("of the future", {"t": "99999999999"}),
    ("with a bad length", {"l": "x"}),
    ("with a length beyond the body", {"l": "999999"}),
    ("that does not cover From", {"h": "to:subject"}),
    ("with an identity elsewhere", {"i": "@attacker.example"}),
    ("without a key", {"s": "missing"}),
    ("with a worthless body hash", {"bh": "!!"}),
    ("with an empty signature", {"b": ""}),
    ("with a worthless signature", {"b": "AAAA!"}),
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
] + [("a signature " + what, ODD + DKIM + "\n"
      + signature(**tags)) for what, tags in SIGNATURES]

# Senders whose text could end a comment or a value in what a filter writes about them.
QUOTED = [
    '"a) dkim=pass header.d=reject.example (b"',
    '"a; dkim=pass header.d=reject.example; b"',
    '"a\\") dkim=pass header.d=reject.example (b"',
    '"a@reject.example> spf=pass smtp.mailfrom=reject.example <b"',
]


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


def no_pass(mail):
    """No verdict of ours says pass, and no field in our name one about the victim."""
    verdicts = mail.results("dmarc")
    tap.equal(len(verdicts), 1, "verdicts")
    tap.contains(verdicts[0], "dmarc=fail (p=reject dis=none) header.from=reject.example",
                 "verdict on\n" + shown(mail))
    for method, properties in (("dkim", r"header\.[di]"), ("spf", r"smtp\.(?:mailfrom|helo)")):
        for value in mail.results(method):
            for claim in claims(value, method):
                tap.true(not re.search(properties + r"=[^ ]*reject\.example", claim),
                         f"refused pass removed: {claim} of\n{shown(mail)}")


def passes(mail, domain):
    """The honest message does."""
    tap.true(f"header.from={domain}" in mail.results("dmarc")[0]
             and "dmarc=pass" in mail.results("dmarc")[0],
             "an honest message does not pass:\n" + shown(mail))


def forged(host, port, head, sender):
    rcpt = host.rcpt()
    mail = host.deliver(port, bed.message("reject.example", rcpt, head=head), sender, rcpt,
                        client=namespace.ATTACKER4, helo="mail.attacker.example")
    no_pass(mail)
    record = host.daemons[port].record(mail.job())
    tap.equal((record["align_dkim"], record["align_spf"]), (["5"], ["5"]), "alignment")


def honest(host, port, head):
    rcpt = host.rcpt()
    octets = head.replace("\n", "\r\n").encode() + host.signer.sign(
        bed.message("dkim.example", rcpt))
    mail = host.deliver(port, octets, "bounce@mailer.example", rcpt)
    passes(mail, "dkim.example")


def pair(host, port, head):
    for sender in (THIEF, VICTIM):
        forged(host, port, head, sender)
    honest(host, port, head)


def quoted(host, port, local_part):
    forged(host, port, "", local_part + "@attacker.example")
    rcpt = host.rcpt()
    mail = host.deliver(port, bed.message("spf.example", rcpt), local_part + "@spf.example", rcpt)
    passes(mail, "spf.example")


def add(suite, name, host, port):
    """Adds the table for one way in."""
    for what, head in HEADS:
        suite.add(f"{name}: {what}", pair, host, port, head)
    for local_part in QUOTED:
        suite.add(f"{name}: sender {local_part}", quoted, host, port, local_part)
