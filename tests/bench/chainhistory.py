"""chainhistory - history files of any size as ordinary mail makes them, the same each time.

    chainhistory.write(path, 10000, begin=1704067200)

A few domains have most of the mail, each has its policy, its hosts and selectors; one message
in eight is forged. In the form of OpenDMARC 1.4, which every importer reads.
"""
import random

DAY = 86400
HOST = "mx.bench.example"       # that asks for no reports about others


def domains_for(n):
    """Policy domains of n messages: reports are about a hundred messages each."""
    return min(10000, max(20, n // 100))


def _domain(rng, number):
    name = f"d{number}.example"
    policy = rng.choice((110, 110, 113, 114))
    rua = [f"mailto:dmarc@{name}"] + [f"mailto:d{number}@rua.example.net"] * (rng.random() < 0.3)
    policy_lines = "".join(f"rua {r}\n" for r in rua) + \
        f"pct 100\nadkim 114\naspf 114\np {policy}\nsp 0\n"
    hosts = [f"192.0.{rng.randrange(256)}.{rng.randrange(256)}" for _ in range(rng.randint(1, 5))]
    return name, policy, policy_lines, hosts, f"s{rng.randrange(9)}"


def _record(rng, job, received, domain):
    name, policy, policy_lines, hosts, selector = domain
    forged = rng.random() < 0.12
    sender = rng.choice(("", "", "bounce.")) + name
    if forged:
        host = f"198.51.{rng.randrange(256)}.{rng.randrange(256)}"
        dkim, spf, aligned = "", 7, 5
        applied, action = {110: (18, 2), 113: (17, 4), 114: (16, 0)}[policy]
    else:
        host = rng.choice(hosts)
        dkim = f"dkim {name} {selector} 0\n"
        if rng.random() < 0.25:
            dkim += f"dkim esp{rng.randrange(20)}.example.net k1 0\n"
        spf, aligned, applied, action = 0, 4, 15, 2
    author = rng.choice(("", "", "", "news.")) + name
    return (f"job {job}\nreporter {HOST}\nreceived {received}\nipaddr {host}\nfrom {author}\n"
            f"mfrom {sender}\n{dkim}spf {spf}\npdomain {name}\npolicy {applied}\n{policy_lines}"
            f"align_dkim {aligned}\nalign_spf {aligned}\narc 7\narc_policy 2 json:[]\n"
            f"action {action}\n")


def write(path, n, begin, prefix="B", seed=1, domains=None):
    """n records of one day about that many domains. prefix makes jobs of several files differ."""
    rng = random.Random(seed)
    count = domains or domains_for(n)
    owners = [_domain(rng, number) for number in range(count)]
    with open(path, "w", encoding="ascii") as out:
        for i in range(n):
            domain = owners[int(count * rng.random() ** 2.5)]
            out.write(_record(rng, f"{prefix}{i:08X}", begin + i * DAY // n, domain))
