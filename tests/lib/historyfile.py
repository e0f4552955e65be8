"""historyfile - records of a history file, and writers of them.

    text = record(job="A", received=T0, policy=16, dkim=[...], **{"from": "a.example"})
    text = history(1000)
    append(path, text)
"""
import fcntl
import os

T0 = 1795225536         # 2026-11-21 01:45:36 UTC


def record(job="A", received=T0, id=None, **keys):
    """The text of one record; keys replace or, as lists, repeat lines; None leaves one out."""
    lines = {"job": job, "id": id, "reporter": "mx.example", "received": received,
             "ipaddr": "192.0.2.1", "from": "news.a.example", "mfrom": "b.a.example",
             "dkim": ["a.example s1 0"], "spf": 0, "pdomain": "a.example", "policy": 15,
             "rua": ["mailto:r@a.example"], "pct": 100, "adkim": 114, "aspf": 114, "p": 114,
             "sp": 0, "align_dkim": 4, "align_spf": 4, "arc": 7, "arc_policy": "2 json:[]",
             "action": 2}
    override = keys.pop("override", None)
    lines.update(keys)
    if override is not None:
        action = lines.pop("action")
        lines["override"] = override
        lines["action"] = action
    out = []
    for key, value in lines.items():
        for one in value if isinstance(value, list) else [value]:
            if one is not None:
                out.append(f"{key} {one}\n")
    return "".join(out)


def history(n, domains=50):
    """n records of several domains, with and without signatures."""
    return "".join(record(job=f"J{i}", received=T0 + i, pdomain=f"d{i % domains}.example",
                          **{"from": f"www.d{i % domains}.example"},
                          dkim=[f"d{i % domains}.example s{i % 3} 0"] * (i % 3))
                   for i in range(n))


def append(path, text):
    """Appends whole records as opendmarc does: to the file that has the name under the lock."""
    while True:
        with open(path, "ab", buffering=0) as f:
            fcntl.flock(f, fcntl.LOCK_EX)
            try:
                if os.fstat(f.fileno()).st_ino != os.stat(path).st_ino:
                    continue
            except FileNotFoundError:
                continue
            f.write(text.encode() if isinstance(text, str) else text)
            return


def append_blindly(path, text, between=lambda: None):
    """The same without a look whether the file was renamed, as other programs do."""
    with open(path, "ab", buffering=0) as f:
        between()
        fcntl.flock(f, fcntl.LOCK_EX)
        f.write(text.encode() if isinstance(text, str) else text)
