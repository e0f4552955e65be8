#!/usr/bin/env python3
"""evaluate - evaluates DMARC (RFC 9989) for one message with odm.h, by ctypes.

usage: evaluate.py [--library FILE] ANSWERS FROM [spf=RESULT:DOMAIN] [dkim=RESULT:DOMAIN]...

FROM is a domain, or the value of a From field with an "@" in it. ANSWERS is a file
that stands for the DNS: lines "NAME TEXT" are TXT records, "NAME" alone is a name that
exists without one, "NAME !" fails, and what is not in the file does not exist. Replace
answer() by a call of the resolver of your choice.
"""
import ctypes
import sys

OK = 0
LOOKUP_TXT, LOOKUP_EXISTS = range(2)
FOUND, NODATA, NXDOMAIN, FAILED = range(4)


class Question(ctypes.Structure):
    """struct odm_message_question"""
    _fields_ = [("id", ctypes.c_uint), ("lookup", ctypes.c_int), ("name", ctypes.c_char_p)]


def load(path):
    """The library with its prototypes; ctypes would cut pointers to int without them."""
    lib = ctypes.CDLL(path)
    text, handle = ctypes.c_char_p, ctypes.c_void_p
    prototypes = {
        "odm_version": (text, []),
        "odm_message_new": (handle, [ctypes.c_uint]),
        "odm_message_free": (None, [ctypes.POINTER(handle)]),
        "odm_message_add_from": (ctypes.c_int, [handle, text, ctypes.c_size_t]),
        "odm_message_add_author": (ctypes.c_int, [handle, text]),
        "odm_message_add_spf": (ctypes.c_int, [handle, text, text]),
        "odm_message_add_dkim": (ctypes.c_int, [handle, text, text]),
        "odm_message_complete": (None, [handle]),
        "odm_message_run": (ctypes.c_int, [handle]),
        "odm_message_question": (ctypes.c_int, [handle, ctypes.c_size_t, ctypes.POINTER(Question)]),
        "odm_message_answer": (ctypes.c_int, [
            handle, ctypes.c_uint, ctypes.c_int, ctypes.POINTER(text),
            ctypes.POINTER(ctypes.c_size_t), ctypes.c_size_t]),
        "odm_message_verdict": (handle, [handle]),
        "odm_verdict_result_name": (text, [handle]),
        "odm_verdict_author_domain": (text, [handle]),
        "odm_verdict_policy_domain": (text, [handle]),
        "odm_verdict_effective": (ctypes.c_int, [handle]),
        "odm_verdict_tag": (text, [handle]),
        "odm_verdict_spf_aligned": (ctypes.c_int, [handle]),
        "odm_verdict_dkim_aligned": (ctypes.c_int, [handle]),
        "odm_verdict_reason": (text, [handle]),
        "odm_disposition_name": (text, [ctypes.c_int]),
    }
    for name, (result, arguments) in prototypes.items():
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments
    return lib


def answer(path, name):
    """The status and the TXT records of a name."""
    status, records = NXDOMAIN, []
    with open(path, encoding="utf-8") as file:
        for line in file:
            owner, blank, text = line.rstrip("\r\n").partition(" ")
            if owner != name:
                continue
            if not blank:
                status = NODATA
            elif text == "!":
                status = FAILED
            else:
                status = FOUND
                records.append(text.encode())
    return status, records


def shown(text):
    return text.decode() if text else "-"


def evaluate(lib, m, answers, sender, facts):
    """Runs the evaluation in m and prints the verdict."""
    if "@" in sender:
        value = sender.encode()
        lib.odm_message_add_from(m, value, len(value))
    elif lib.odm_message_add_author(m, sender.encode()) != OK:
        raise ValueError(sender)
    for fact in facts:
        mechanism, _, rest = fact.partition("=")
        result, _, domain = rest.partition(":")
        add = {"spf": lib.odm_message_add_spf, "dkim": lib.odm_message_add_dkim}.get(mechanism)
        if add is None or add(m, result.encode(), domain.encode()) != OK:
            raise ValueError(fact)
    lib.odm_message_complete(m)

    question = Question()
    while not lib.odm_message_run(m):
        while lib.odm_message_question(m, 0, ctypes.byref(question)):
            name, number = question.name.decode(), question.id
            status, records = answer(answers, name)
            print("TXT" if question.lookup == LOOKUP_TXT else "exists", name + ":",
                  ("records", "no data", "no such name", "failed")[status])
            texts = (ctypes.c_char_p * len(records))(*records)
            lengths = (ctypes.c_size_t * len(records))(*map(len, records))
            if lib.odm_message_answer(m, number, status, texts, lengths, len(records)) != OK:
                raise MemoryError

    v = lib.odm_message_verdict(m)
    print("dmarc=" + shown(lib.odm_verdict_result_name(v)))
    print("author domain:", shown(lib.odm_verdict_author_domain(v)))
    print("policy domain:", shown(lib.odm_verdict_policy_domain(v)))
    print(f"policy: {shown(lib.odm_disposition_name(lib.odm_verdict_effective(v)))}"
          f" ({shown(lib.odm_verdict_tag(v))})")
    yes = ("no", "yes")
    print(f"aligned: spf {yes[lib.odm_verdict_spf_aligned(v)]},"
          f" dkim {yes[lib.odm_verdict_dkim_aligned(v)]}")
    print("reason:", shown(lib.odm_verdict_reason(v)))


def main(argv):
    path = "libopendmarc.so.2"
    if len(argv) > 2 and argv[1] == "--library":
        path = argv[2]
        del argv[1:3]
    if len(argv) < 3:
        print(__doc__, file=sys.stderr)
        return 64
    lib = load(path)
    m = ctypes.c_void_p(lib.odm_message_new(0))
    try:
        evaluate(lib, m, argv[1], argv[2], argv[3:])
    except ValueError as bad:
        print(f"evaluate: {bad}", file=sys.stderr)
        return 65
    finally:
        lib.odm_message_free(ctypes.byref(m))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
