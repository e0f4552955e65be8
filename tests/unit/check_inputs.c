/*
 * check_inputs.c - which results of a header may be used: a row for each sentence of
 * the rules in opendmarc/inputs.h.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libopendmarc/base/strbuf.h"
#include "opendmarc/inputs.h"
#include "tests/unit/suite.h"

/*
 * Every case: our id, macro j and a Received by-host of ours are mx.test, this machine is
 * filter.test, TrustedAuthservIDs border.test, OwnHosts relay.test, job JOB1,
 * client 192.0.2.1, envelope sender in sender.test, HELO helo.test.
 */
enum {
	NULL_SENDER = 1,
	FROM_RELAY = 2,		/* the client is in TrustedRelays, which is set */
	RELAYS_SET = 4,		/* TrustedRelays is set, the client is not in it */
	AUTHENTICATED = 8,
	JOB_ID = 16,		/* TrustJobID */
	IGNORE_SPF = 32,	/* SPFIgnoreResults */
	KEEP = 64,		/* removal switched off */
	TWO_VERIFIERS = 128,	/* DKIMVerifiers 2 */
	NO_JOB = 256,		/* the MTA gave no queue id */
	NO_HELO = 512
};

/*
 * Header lines: A Authentication-Results, D DKIM-Signature, R Received, S Received-SPF,
 * L ARC-Seal, M ARC-Message-Signature, C ARC-Authentication-Results.
 */
#define SIG(d, s, b)	"D v=1; a=rsa-sha256; d=" d "; s=" s "; h=from; bh=AAAA; b=" b "\n"
#define OUR_RECEIVED	"R from a by mx.test (Postfix); Thu, 1 Jan 2026 00:00:00 +0000\n"
#define FOREIGN		"R from a by other.test; Thu, 1 Jan 2026 00:00:00 +0000\n"
#define SPF_PASS	"A mx.test; spf=pass smtp.mailfrom=sender.test\n"
#define DKIM_PASS	"A mx.test; dkim=pass header.d=d.test header.s=s header.b=abcdefgh\n"
#define DKIM_PASS_JOB	"A mx.test/JOB1; dkim=pass header.d=d.test header.s=s header.b=abcdefgh\n"
#define DKIM_SIG	SIG("d.test", "s", "abcdefghijkl")

static const struct inputs_case {
	const char	*what;
	unsigned	 flags;
	const char	*header;
	const char	*own;		/* our own SPF result; NULL: not checked */
	const char	*spf;		/* wanted; "-" none */
	const char	*dkim;		/* wanted: DOMAIN/SELECTOR=RESULT, "+" behind it: aligns */
	const char	*removed;	/* wanted: numbers of the A fields */
} cases[] = {
	/* SPF is unanimous. */
	{ "no field", 0, "", NULL, "-", "", "" },
	{ "one pass", 0, SPF_PASS, NULL, "pass", "", "" },
	{ "address form", 0, "A mx.test; spf=pass smtp.mailfrom=u@sender.test\n",
	    NULL, "pass", "", "" },
	{ "quoted address, upper case", 0, "A MX.Test; SPF=Pass smtp.MailFrom=\"u@SENDER.test\"\n",
	    NULL, "pass", "", "" },
	{ "angle brackets", 0, "A mx.test; spf=pass smtp.mailfrom=<u@sender.test>\n",
	    NULL, "pass", "", "" },
	{ "at sign alone before the domain", 0, "A mx.test; spf=pass smtp.mailfrom=@sender.test\n",
	    NULL, "pass", "", "" },
	{ "VERP sender", 0, "A mx.test; spf=pass smtp.mailfrom=b+a=c.test@sender.test\n",
	    NULL, "pass", "", "" },
	{ "two passes", 0, SPF_PASS SPF_PASS, NULL, "pass", "", "" },
	{ "pass above fail", 0, SPF_PASS "A mx.test; spf=fail smtp.mailfrom=sender.test\n",
	    NULL, "fail", "", "1" },
	{ "fail above forged pass", 0, "A mx.test; spf=fail smtp.mailfrom=sender.test\n" SPF_PASS,
	    NULL, "fail", "", "2" },
	{ "softfail spoils", 0, "A mx.test; spf=softfail smtp.mailfrom=sender.test\n" SPF_PASS,
	    NULL, "softfail", "", "2" },
	{ "none spoils", 0, "A mx.test; spf=none smtp.mailfrom=sender.test\n" SPF_PASS,
	    NULL, "none", "", "2" },
	{ "temperror spoils", 0, SPF_PASS "A mx.test; spf=temperror smtp.mailfrom=sender.test\n",
	    NULL, "temperror", "", "1" },
	{ "the first that is no pass stays", 0,
	    "A mx.test; spf=neutral smtp.mailfrom=sender.test\n"
	    "A mx.test; spf=fail smtp.mailfrom=sender.test\n", NULL, "neutral", "", "" },
	{ "other sender, no evidence", 0, "A mx.test; spf=fail smtp.mailfrom=else.test\n" SPF_PASS,
	    NULL, "pass", "", "" },
	{ "pass of another sender", 0, "A mx.test; spf=pass smtp.mailfrom=else.test\n",
	    NULL, "-", "", "1" },
	{ "subdomain is another sender", 0, "A mx.test; spf=pass smtp.mailfrom=x.sender.test\n",
	    NULL, "-", "", "1" },
	{ "broken domain, no evidence", 0, "A mx.test; spf=pass smtp.mailfrom=sender.test(.else\n",
	    NULL, "-", "", "" },
	{ "helo never stands for a sender", 0, "A mx.test; spf=pass smtp.helo=helo.test\n",
	    NULL, "-", "", "" },
	{ "helo of the sender's name", 0, "A mx.test; spf=pass smtp.helo=sender.test\n",
	    NULL, "-", "", "1" },
	{ "helo with a null sender", NULL_SENDER, "A mx.test; spf=pass smtp.helo=helo.test\n",
	    NULL, "pass", "", "" },
	{ "other helo with a null sender", NULL_SENDER, "A mx.test; spf=pass smtp.helo=else.test\n",
	    NULL, "-", "", "1" },
	{ "null sender said, helo", NULL_SENDER,
	    "A mx.test; spf=pass smtp.mailfrom=<> smtp.helo=helo.test\n", NULL, "pass", "", "" },
	{ "null sender, mailfrom of somebody", NULL_SENDER, SPF_PASS, NULL, "-", "", "1" },
	{ "null sender without HELO", NULL_SENDER | NO_HELO,
	    "A mx.test; spf=pass smtp.helo=helo.test\n", NULL, "-", "", "1" },
	{ "repeated key: the first counts", 0,
	    "A mx.test; spf=pass smtp.mailfrom=else.test smtp.mailfrom=sender.test\n",
	    NULL, "-", "", "1" },
	{ "unknown result word", 0, "A mx.test; spf=great smtp.mailfrom=sender.test\n",
	    NULL, "-", "", "" },
	{ "comment with a semicolon", 0,
	    "A mx.test; spf=pass (x; spf=fail) smtp.mailfrom=sender.test\n", NULL, "pass", "", "" },
	{ "untrusted id", 0, "A else.test; spf=pass smtp.mailfrom=sender.test\n",
	    NULL, "-", "", "" },

	/* Received-SPF. */
	{ "Received-SPF pass", 0, "S pass (x) identity=mailfrom; client-ip=192.0.2.1; "
	    "envelope-from=\"u@sender.test\"; helo=h.test\n", NULL, "pass", "", "" },
	{ "mapped client address", 0, "S pass client-ip=::ffff:192.0.2.1; "
	    "envelope-from=u@sender.test\n", NULL, "pass", "", "" },
	{ "another client", 0, "S pass identity=mailfrom; client-ip=192.0.2.9; "
	    "envelope-from=u@sender.test\n", NULL, "-", "", "" },
	{ "another sender", 0, "S pass client-ip=192.0.2.1; envelope-from=u@else.test\n",
	    NULL, "-", "", "" },
	{ "no identity counts as mailfrom", 0, "S pass client-ip=192.0.2.1; "
	    "envelope-from=<u@sender.test>\n", NULL, "pass", "", "" },
	{ "identity helo", 0, "S pass identity=helo; client-ip=192.0.2.1; "
	    "envelope-from=u@sender.test; helo=helo.test\n", NULL, "-", "", "" },
	{ "identity helo, null sender", NULL_SENDER, "S pass identity=helo; client-ip=192.0.2.1; "
	    "helo=helo.test\n", NULL, "pass", "", "" },
	{ "identity mailfrom, null sender", NULL_SENDER, "S pass identity=mailfrom; "
	    "envelope-from=<>; helo=helo.test\n", NULL, "pass", "", "" },
	{ "other helo, null sender", NULL_SENDER, "S pass identity=helo; helo=else.test\n",
	    NULL, "-", "", "" },
	{ "unknown identity", 0, "S pass identity=pra; envelope-from=u@sender.test\n",
	    NULL, "-", "", "" },
	{ "Received-SPF fail spoils", 0, SPF_PASS "S fail client-ip=192.0.2.1; "
	    "envelope-from=u@sender.test\n", NULL, "fail", "", "1" },
	{ "old word error", 0, "S error client-ip=192.0.2.1\n", NULL, "temperror", "", "" },
	{ "old word unknown", 0, "S unknown client-ip=192.0.2.1\n", NULL, "permerror", "", "" },
	{ "repeated key in Received-SPF", 0, "S pass client-ip=192.0.2.9; client-ip=192.0.2.1\n",
	    NULL, "-", "", "" },
	{ "Received-SPF needs no place", 0, FOREIGN "S pass client-ip=192.0.2.1; "
	    "envelope-from=u@sender.test\n", NULL, "pass", "", "" },
	{ "sender with equal signs", 0, "S pass identity=mailfrom; "
	    "envelope-from=\"bounces+2309175-1e1a-x=open.test@sender.test\"; helo=h; "
	    "client-ip=192.0.2.1\n", NULL, "pass", "", "" },

	/* Our own check decides. */
	{ "own fail over a header pass", 0, SPF_PASS, "fail", "fail", "", "1" },
	{ "own pass over a header fail", 0, "A mx.test; spf=fail smtp.mailfrom=sender.test\n",
	    "pass", "pass", "", "" },
	{ "own pass and header pass", 0, SPF_PASS, "pass", "pass", "", "" },
	{ "own none stays none", 0, SPF_PASS, "none", "none", "", "1" },
	{ "results ignored", IGNORE_SPF, SPF_PASS "S pass client-ip=192.0.2.1\n",
	    NULL, "-", "", "" },
	{ "results ignored, own fail", IGNORE_SPF, SPF_PASS, "fail", "fail", "", "1" },

	/* DKIM is bound. */
	{ "bound pass", 0, DKIM_PASS DKIM_SIG, NULL, "-", "d.test/s=pass+", "" },
	{ "no signature at all", 0, DKIM_PASS, NULL, "-", "", "1" },
	{ "signature of another domain", 0, DKIM_PASS SIG("e.test", "s", "abcdefgh"),
	    NULL, "-", "", "1" },
	{ "other selector", 0, DKIM_PASS SIG("d.test", "t", "abcdefgh"), NULL, "-", "", "1" },
	{ "other b", 0, DKIM_PASS SIG("d.test", "s", "abcdefgX"), NULL, "-", "", "1" },
	{ "b in another case", 0, DKIM_PASS SIG("d.test", "s", "ABCDEFGH"), NULL, "-", "", "1" },
	{ "folded b", 0, DKIM_PASS SIG("d.test", "s", "abc\n\tdef\n\tghi"),
	    NULL, "-", "d.test/s=pass+", "" },
	{ "quoted b", 0, "A mx.test; dkim=pass header.d=d.test header.b=\"ab==\"\n"
	    SIG("d.test", "s", "ab=="), NULL, "-", "d.test/=pass+", "" },
	{ "d alone", 0, "A mx.test; dkim=pass header.d=d.test\n" DKIM_SIG,
	    NULL, "-", "d.test/=pass+", "" },
	{ "d and signature in other cases", 0, "A mx.test; dkim=pass header.d=D.Test\n"
	    SIG("d.TEST", "s", "abc"), NULL, "-", "d.test/=pass+", "" },
	{ "signature that lacks bh", 0, DKIM_PASS "D v=1; a=rsa-sha256; d=d.test; s=s; h=from; "
	    "b=abcdefgh\n", NULL, "-", "", "1" },
	{ "signature with d twice", 0, DKIM_PASS
	    "D v=1; a=rsa-sha256; d=d.test; d=d.test; s=s; h=from; bh=A; b=abcdefgh\n",
	    NULL, "-", "", "1" },
	{ "forged pass below the verifier's field", 0,
	    "A mx.test; dkim=fail header.d=e.test header.s=s header.b=xyz\n"
	    DKIM_PASS DKIM_SIG SIG("e.test", "s", "xyz"), NULL, "-", "e.test/s=fail", "2" },
	{ "field without dkim results does not count", 0, SPF_PASS DKIM_PASS DKIM_SIG,
	    NULL, "pass", "d.test/s=pass+", "" },
	{ "dkim=none is a dkim result", 0, "A mx.test; dkim=none\n" DKIM_PASS DKIM_SIG,
	    NULL, "-", "", "2" },
	{ "two verifiers", TWO_VERIFIERS,
	    "A mx.test; dkim=pass header.d=d.test header.s=s\n" DKIM_PASS DKIM_SIG,
	    NULL, "-", "d.test/s=pass+ d.test/s=pass+", "" },
	{ "a third with two verifiers", TWO_VERIFIERS,
	    "A mx.test; dkim=none\nA mx.test; dkim=none\n" DKIM_PASS DKIM_SIG,
	    NULL, "-", "", "3" },
	{ "each id has its topmost field", 0, "A border.test; dkim=none\n" DKIM_PASS DKIM_SIG,
	    NULL, "-", "d.test/s=pass+", "" },
	{ "two verifiers disagree", TWO_VERIFIERS,
	    "A mx.test; dkim=fail header.d=d.test header.s=s header.b=abcdefgh\n"
	    DKIM_PASS DKIM_SIG, NULL, "-", "d.test/s=fail", "2" },
	{ "a foreign id disagrees", 0, DKIM_PASS
	    "A border.test; dkim=fail header.d=d.test\n" DKIM_SIG,
	    NULL, "-", "d.test/=fail", "1" },
	{ "a foreign id disagrees about one of two", 0, "A mx.test; dkim=pass header.d=d.test\n"
	    "A border.test; dkim=fail header.d=d.test\n" DKIM_SIG SIG("d.test", "t", "zzz"),
	    NULL, "-", "d.test/=fail", "1" },
	{ "an untrusted id does not", 0, DKIM_PASS
	    "A else.test; dkim=fail header.d=d.test\n" DKIM_SIG, NULL, "-", "d.test/s=pass+", "" },
	{ "about another signature", 0, "A mx.test; dkim=pass header.d=d.test header.s=s; "
	    "dkim=fail header.d=d.test header.s=t\n" DKIM_SIG SIG("d.test", "t", "zzz"),
	    NULL, "-", "d.test/s=pass+ d.test/t=fail", "" },
	{ "same field, one signature, both results", 0, "A mx.test; dkim=pass header.d=d.test; "
	    "dkim=fail header.d=d.test\n" DKIM_SIG, NULL, "-", "d.test/=fail", "1" },
	{ "same field, two signatures, not named apart", 0,
	    "A mx.test; dkim=pass header.d=d.test; dkim=neutral header.d=d.test\n"
	    DKIM_SIG SIG("d.test", "t", "zzz"), NULL, "-", "d.test/=pass+ d.test/=neutral", "" },
	{ "order of results does not matter", 0, "A mx.test; dkim=fail header.d=e.test; "
	    "dkim=pass header.d=d.test header.s=s\n" SIG("e.test", "s", "zzz") DKIM_SIG,
	    NULL, "-", "e.test/=fail d.test/s=pass+", "" },
	{ "d found by b", 0, "A mx.test; dkim=pass header.i=@x.d.test header.b=abcdefgh\n"
	    DKIM_SIG, NULL, "-", "d.test/=pass+", "" },
	{ "d found by i and s", 0, "A mx.test; dkim=pass header.i=@d.test header.s=s\n" DKIM_SIG,
	    NULL, "-", "d.test/s=pass+", "" },
	{ "i alone is reported, never aligned", 0, "A mx.test; dkim=pass header.i=@d.test\n"
	    DKIM_SIG, NULL, "-", "d.test/=pass", "" },
	{ "i alone without such a signature", 0, "A mx.test; dkim=pass header.i=@victim.test\n"
	    DKIM_SIG, NULL, "-", "", "1" },
	{ "b of two domains names none", 0, "A mx.test; dkim=pass header.i=@d.test header.b=abc\n"
	    SIG("d.test", "s", "abcdef") SIG("e.test", "s", "abcdef"),
	    NULL, "-", "d.test/=pass", "" },
	{ "no domain at all", 0, "A mx.test; dkim=pass header.s=s\n", NULL, "-", "", "1" },
	{ "names are exact", 0, "A mx.test; dkim=pass header.dx=d.test header.sig=s\n" DKIM_SIG,
	    NULL, "-", "", "1" },
	{ "broken domain", 0, "A mx.test; dkim=pass header.d=d.test(.evil.test\n" DKIM_SIG,
	    NULL, "-", "", "" },
	{ "unknown ptype beside", 0, "A mx.test; x-foo=pass foo.bar=x; dkim=pass header.d=d.test\n"
	    DKIM_SIG, NULL, "-", "d.test/=pass+", "" },
	{ "comment as OpenDKIM writes it", 0, "A mx.test;\n\tdkim=pass (2048-bit key; unprotected) "
	    "header.d=d.test header.i=@d.test header.b=abcdefgh;\n\tdkim-atps=neutral\n" DKIM_SIG,
	    NULL, "-", "d.test/=pass+", "" },
	{ "no authserv-id, then a good one", 0, "A spf=pass smtp.mailfrom=sender.test\n"
	    DKIM_PASS DKIM_SIG, NULL, "-", "d.test/s=pass+", "" },
	{ "a malformed signature beside", 0, DKIM_PASS DKIM_SIG "D v=1; foo\n", NULL, "-", "", "1" },
	{ "a malformed signature, our job", 0, DKIM_PASS_JOB DKIM_SIG "D v=1; foo\n",
	    NULL, "-", "d.test/s=pass+", "" },
	{ "an odd signature above", 0, DKIM_PASS
	    "D v=1; a=x; d=e.test; s=s; h=from; bh=e; b=c; t=-1\n" DKIM_SIG, NULL, "-", "", "1" },
	{ "an odd signature does not take a fail away", 0,
	    "A mx.test; dkim=fail header.d=d.test\nD foo\n" DKIM_SIG,
	    NULL, "-", "d.test/=fail", "" },
	{ "lower signature, results above SPF", 0, DKIM_PASS SPF_PASS SIG("e.test", "s", "x")
	    DKIM_SIG, NULL, "pass", "d.test/s=pass+", "" },
	{ "lower signature, results below SPF", 0, SPF_PASS DKIM_PASS SIG("e.test", "s", "x")
	    DKIM_SIG, NULL, "pass", "", "2" },
	{ "lower signature, results below a useless SPF", 0,
	    "A mx.test; spf=pass smtp.helo=helo.test\n" DKIM_PASS SIG("e.test", "s", "x")
	    DKIM_SIG, NULL, "-", "", "2" },
	{ "lower signature, results below Received-SPF", 0, "S none\n" DKIM_PASS
	    SIG("e.test", "s", "x") DKIM_SIG, NULL, "none", "", "1" },
	{ "lower signature, results below SPF, our job", 0, SPF_PASS DKIM_PASS_JOB
	    SIG("e.test", "s", "x") DKIM_SIG, NULL, "pass", "d.test/s=pass+", "" },
	{ "lower signature, results below SPF, from a relay", FROM_RELAY, SPF_PASS DKIM_PASS
	    SIG("e.test", "s", "x") DKIM_SIG, NULL, "pass", "d.test/s=pass+", "" },
	{ "lower signature, SPF and DKIM in one field", 0,
	    "A mx.test; spf=pass smtp.mailfrom=sender.test; dkim=pass header.d=d.test\n"
	    SIG("e.test", "s", "x") DKIM_SIG, NULL, "pass", "d.test/=pass+", "" },
	{ "upper signature, results below SPF", 0, SPF_PASS DKIM_PASS DKIM_SIG
	    SIG("e.test", "s", "x"), NULL, "pass", "d.test/s=pass+", "" },
	{ "none", 0, "A mx.test; none\n" DKIM_PASS DKIM_SIG, NULL, "-", "d.test/s=pass+", "" },

	/* Place. */
	{ "below our Received", 0, OUR_RECEIVED SPF_PASS DKIM_PASS DKIM_SIG,
	    NULL, "pass", "d.test/s=pass+", "" },
	{ "below a foreign Received", 0, FOREIGN SPF_PASS DKIM_PASS DKIM_SIG,
	    NULL, "-", "", "1 2" },
	{ "below ours and a foreign one", 0, OUR_RECEIVED FOREIGN SPF_PASS,
	    NULL, "-", "", "1" },
	{ "subdomain of ours", 0, "R from a by in.mx.test; x\n" SPF_PASS, NULL, "pass", "", "" },
	{ "a name that only ends alike", 0, "R from a by evilmx.test; x\n" SPF_PASS,
	    NULL, "-", "", "1" },
	{ "this machine", 0, "R by filter.test; x\n" SPF_PASS, NULL, "pass", "", "" },
	{ "a trusted id", 0, "R by border.test; x\n" SPF_PASS, NULL, "pass", "", "" },
	{ "OwnHosts", 0, "R by relay.test; x\n" SPF_PASS, NULL, "pass", "", "" },
	{ "OwnHosts, upper case", 0, "R by RELAY.Test; x\n" SPF_PASS, NULL, "pass", "", "" },
	{ "no by-host is not ours", 0, "R from mx.test; x\n" SPF_PASS, NULL, "-", "", "1" },
	{ "by in a comment is no by-host", 0, "R from a (by mx.test) by other.test; x\n" SPF_PASS,
	    NULL, "-", "", "1" },
	{ "a fail below still spoils", 0, SPF_PASS FOREIGN
	    "A mx.test; spf=fail smtp.mailfrom=sender.test\n", NULL, "fail", "", "1" },

	/* Job id. */
	{ "id with our job", 0, "A \"mx.test/JOB1\"; spf=pass smtp.mailfrom=sender.test\n",
	    NULL, "pass", "", "" },
	{ "id with our job, unquoted", 0, "A mx.test/JOB1; spf=pass smtp.mailfrom=sender.test\n",
	    NULL, "pass", "", "" },
	{ "id with another job", 0, "A mx.test/JOB2; spf=pass smtp.mailfrom=sender.test\n",
	    NULL, "-", "", "1" },
	{ "job ids have a case", 0, "A mx.test/job1; spf=pass smtp.mailfrom=sender.test\n",
	    NULL, "-", "", "1" },
	{ "job asked for and there", JOB_ID, "A mx.test/JOB1; spf=pass smtp.mailfrom=sender.test\n",
	    NULL, "pass", "", "" },
	{ "job asked for and missing", JOB_ID, SPF_PASS, NULL, "-", "", "1" },
	{ "job asked for, none known", JOB_ID | NO_JOB,
	    "A mx.test/JOB1; spf=pass smtp.mailfrom=sender.test\n", NULL, "-", "", "1" },
	{ "job asked for, DKIM", JOB_ID, DKIM_PASS DKIM_SIG, NULL, "-", "", "1" },
	{ "foreign id needs no job", JOB_ID, "A border.test; spf=pass smtp.mailfrom=sender.test\n",
	    NULL, "pass", "", "" },

	/* Foreign ids. */
	{ "a foreign id while TrustedRelays is unset", 0,
	    "A border.test; spf=pass smtp.mailfrom=sender.test\n", NULL, "pass", "", "" },
	{ "a foreign id in upper case", 0, "A BORDER.Test; spf=pass smtp.mailfrom=sender.test\n",
	    NULL, "pass", "", "" },
	{ "a foreign id from a relay", FROM_RELAY,
	    "A border.test; spf=pass smtp.mailfrom=sender.test\n", NULL, "pass", "", "" },
	{ "a foreign id from elsewhere", RELAYS_SET,
	    "A border.test; spf=pass smtp.mailfrom=sender.test\n", NULL, "-", "", "" },
	{ "our id from elsewhere", RELAYS_SET, SPF_PASS, NULL, "pass", "", "" },

	/* Removal. */
	{ "not from a relay", FROM_RELAY, FOREIGN SPF_PASS, NULL, "-", "", "" },
	{ "not from an authenticated client", AUTHENTICATED, FOREIGN SPF_PASS,
	    NULL, "-", "", "" },
	{ "not when switched off", KEEP, FOREIGN SPF_PASS, NULL, "-", "", "" },
	{ "not under foreign ids", 0, FOREIGN "A border.test; spf=pass smtp.mailfrom=sender.test\n",
	    NULL, "-", "", "" },
	{ "not a fail", 0, FOREIGN "A mx.test; spf=fail smtp.mailfrom=sender.test; "
	    "dkim=fail header.d=d.test\n", NULL, "fail", "d.test/=fail", "" },
	{ "not another method", 0, FOREIGN "A mx.test; iprev=pass policy.iprev=192.0.2.1\n",
	    NULL, "-", "", "" },
	{ "numbers count all fields of the name", 0, "A else.test; none\nA mx.test; none\n" FOREIGN
	    SPF_PASS "A else.test; none\n" SPF_PASS, NULL, "-", "", "3 5" },
	{ "dmarc=pass is ours to say", 0, "A mx.test; dmarc=pass header.from=victim.test\n",
	    NULL, "-", "", "1" },
	{ "dmarc=pass of others stays", 0, "A else.test; dmarc=pass header.from=victim.test\n",
	    NULL, "-", "", "" },
};

static char border[] = "border.test", relay[] = "relay.test", network[] = "198.51.100.0/24";
static char *ids[] = { border }, *own_hosts[] = { relay }, *relays[] = { network };

static void
fill_conf(struct conf *conf, unsigned flags)
{
	*conf = (struct conf){
		.trusted_authserv_ids = { ids, 1 }, .own_hosts = { own_hosts, 1 },
		.dkim_verifiers = (flags & TWO_VERIFIERS) != 0 ? 2 : 1,
		.trust_job_id = (flags & JOB_ID) != 0,
		.spf_ignore_results = (flags & IGNORE_SPF) != 0,
		.remove_refused_results = (flags & KEEP) == 0,
	};
	if ((flags & (FROM_RELAY | RELAYS_SET)) != 0)
		conf->trusted_relays = (struct conf_list){ relays, 1 };
}

static void
fill_context(struct dmf_context *ctx, const struct conf *conf, unsigned flags)
{
	*ctx = (struct dmf_context){
		.conf = conf, .authserv_id = "mx.test", .mta_name = "mx.test",
		.job = (flags & NO_JOB) != 0 ? NULL : "JOB1", .host_name = "filter.test",
		.from_relay = (flags & FROM_RELAY) != 0,
		.authenticated = (flags & AUTHENTICATED) != 0,
		.null_sender = (flags & NULL_SENDER) != 0,
		.sender_domain = (flags & NULL_SENDER) != 0 ? "" : "sender.test",
		.helo = (flags & NO_HELO) != 0 ? "" : "helo.test",
	};
	ck_assert(odm_ip_parse(odm_span_str("192.0.2.1"), &ctx->client));
}

/* Adds each line of the script, a line that begins with a blank belonging to the one before. */
static void
add_fields(struct dmf_fields *fields, const char *script)
{
	static const struct { char letter; enum dmf_field_kind kind; } kinds[] = {
		{ 'A', DMF_FIELD_AUTHRES }, { 'D', DMF_FIELD_DKIMSIG },
		{ 'R', DMF_FIELD_RECEIVED }, { 'S', DMF_FIELD_RCVDSPF },
		{ 'L', DMF_FIELD_ARC_SEAL }, { 'C', DMF_FIELD_ARC_RESULTS },
		{ 'M', DMF_FIELD_ARC_SIGNATURE },
	};
	const char *end;
	size_t i;

	for (; *script != '\0'; script = end + 1) {
		for (end = strchr(script, '\n'); end[1] == '\t'; end = strchr(end + 1, '\n'))
			;
		for (i = 0; kinds[i].letter != *script; i++)
			ck_assert_uint_lt(i + 1, COUNT(kinds));
		dmf_fields_add(fields, kinds[i].kind,
		    (struct odm_span){ script + 2, (size_t)(end - script) - 2 });
	}
}

static void
show_dkim(const struct dmf_inputs *in, struct odm_strbuf *out)
{
	const struct dmf_dkim *d;
	size_t i;

	odm_strbuf_adds(out, "");
	for (i = 0; (d = dmf_inputs_dkim(in, i)) != NULL; i++)
		odm_strbuf_addf(out, "%s%s/%s=%s%s", i > 0 ? " " : "", d->domain, d->selector,
		    odm_result_name(d->result), d->aligns ? "+" : "");
}

static void
show_removals(const struct dmf_inputs *in, struct odm_strbuf *out)
{
	unsigned nth;
	size_t i;

	odm_strbuf_adds(out, "");
	for (i = 0; (nth = dmf_inputs_removal(in, i, false)) != 0; i++)
		odm_strbuf_addf(out, "%s%u", i > 0 ? " " : "", nth);
}

START_TEST(inputs_case)
{
	const struct inputs_case *c = &cases[_i];
	enum odm_result own, spf;
	struct odm_strbuf dkim, removed;
	struct dmf_fields fields;
	struct dmf_context ctx;
	struct dmf_inputs *in;
	struct conf conf;

	fill_conf(&conf, c->flags);
	fill_context(&ctx, &conf, c->flags);
	dmf_fields_init(&fields);
	add_fields(&fields, c->header);
	in = dmf_inputs_read(&ctx, &fields);
	ck_assert_ptr_nonnull(in);
	if (c->own != NULL)
		own = odm_result_parse(odm_span_str(c->own));
	dmf_inputs_settle_spf(in, c->own != NULL ? &own : NULL);
	spf = dmf_inputs_spf(in);
	ck_assert_msg(strcmp(spf == ODM_RESULT_UNKNOWN ? "-" : odm_result_name(spf), c->spf) == 0,
	    "%s: spf got %s, want %s", c->what, odm_result_name(spf), c->spf);
	ck_assert_str_eq(dmf_inputs_spf_domain(in),
	    (c->flags & NULL_SENDER) != 0 ? ctx.helo : "sender.test");
	odm_strbuf_init(&dkim, 4096);
	odm_strbuf_init(&removed, 4096);
	show_dkim(in, &dkim);
	show_removals(in, &removed);
	ck_assert_msg(strcmp(dkim.at, c->dkim) == 0, "%s: dkim got \"%s\", want \"%s\"",
	    c->what, dkim.at, c->dkim);
	ck_assert_msg(strcmp(removed.at, c->removed) == 0, "%s: removed got \"%s\", want \"%s\"",
	    c->what, removed.at, c->removed);
	odm_strbuf_free(&dkim);
	odm_strbuf_free(&removed);
	dmf_inputs_free(&in);
	ck_assert_ptr_null(in);
	dmf_fields_clear(&fields);
}
END_TEST

#define SEAL(i, cv, d)	"L i=" i "; a=rsa-sha256; cv=" cv "; d=" d "; s=s" i "; t=1; b=AAAA\n"
#define SET(i, cv, d)	SEAL(i, cv, d) \
	"M i=" i "; a=rsa-sha256; d=" d "; s=s" i "; h=from; bh=AA; b=AAAA\n" \
	"C i=" i "; x.test; arc=none\n"
#define CHAIN		SET("2", "pass", "b.test") SET("1", "none", "a.test")
#define SEALS		SEAL("2", "pass", "b.test") SEAL("1", "none", "a.test")
#define ARC_PASS	"A mx.test; arc=pass smtp.remote-ip=192.0.2.7 arc.chain=b.test:a.test\n"

static const struct arc_case {
	const char	*what;
	unsigned	 flags;
	const char	*header;
	const char	*want;		/* RESULT CHAIN; "-" unknown, or no chain */
	const char	*removed;
} arc_cases[] = {
	{ "nothing",			0, "", "- -", "" },
	{ "sets alone",		0, CHAIN, "- -", "" },
	{ "a pass about this chain",	0, ARC_PASS CHAIN, "pass b.test:a.test", "" },
	{ "oldest first",		0, "A mx.test; arc=pass arc.chain=a.test:b.test\n" CHAIN,
	    "pass a.test:b.test", "" },
	{ "quoted, upper case",		0, "A mx.test; ARC=Pass arc.chain=\"B.test:a.TEST\"\n" CHAIN,
	    "pass B.test:a.TEST", "" },
	{ "with a comment",		0, "A mx.test; arc=pass (i=2) arc.chain=b.test\n" CHAIN,
	    "pass b.test", "" },
	{ "the filter sealed too",	0, "A mx.test; arc=pass arc.chain=a.test\n" CHAIN,
	    "pass a.test", "" },
	{ "without a chain",		0, "A mx.test; arc=pass smtp.remote-ip=192.0.2.7\n" CHAIN,
	    "pass -", "" },
	{ "none",			0, "A mx.test; arc=none\n", "none -", "" },
	{ "fail",			0, "A mx.test; arc=fail\n" CHAIN, "fail -", "" },
	{ "another filter's results beside", 0, "A mx.test; dkim=none; spf=none\n" ARC_PASS CHAIN,
	    "pass b.test:a.test", "" },

	/* Bound to the seals. */
	{ "no seals",			0, ARC_PASS, "fail b.test:a.test", "1" },
	{ "no seals, no chain",		0, "A mx.test; arc=pass\n", "fail -", "1" },
	{ "a chain of somebody else",	0, "A mx.test; arc=pass arc.chain=c.test\n" CHAIN,
	    "fail c.test", "1" },
	{ "one more than the seals",	0, "A mx.test; arc=pass arc.chain=a.test:c.test\n" CHAIN,
	    "fail a.test:c.test", "1" },
	{ "a name below a sealer",	0, "A mx.test; arc=pass arc.chain=x.a.test\n" CHAIN,
	    "fail x.a.test", "1" },
	{ "an empty part",		0, "A mx.test; arc=pass arc.chain=a.test::b.test\n" CHAIN,
	    "fail a.test::b.test", "1" },
	{ "a seal missing",		0,
	    ARC_PASS SET("3", "pass", "b.test") SET("1", "none", "a.test"),
	    "fail b.test:a.test", "1" },
	{ "the first seal missing",	0,
	    ARC_PASS SET("2", "pass", "b.test") SET("3", "pass", "a.test"),
	    "fail b.test:a.test", "1" },
	{ "a seal twice",		0, ARC_PASS CHAIN SET("1", "none", "a.test"),
	    "fail b.test:a.test", "1" },
	{ "a malformed seal beside",	0, ARC_PASS CHAIN "L foo\n", "fail b.test:a.test", "1" },
	{ "instance 0",			0, ARC_PASS CHAIN SET("0", "none", "a.test"),
	    "fail b.test:a.test", "1" },
	{ "seals in any order",		0,
	    ARC_PASS SET("1", "none", "a.test") SET("2", "pass", "b.test"),
	    "pass b.test:a.test", "" },
	{ "seals below foreign Received", 0, ARC_PASS FOREIGN CHAIN, "pass b.test:a.test", "" },

	{ "a malformed signature",	0, ARC_PASS CHAIN "M foo\n", "fail b.test:a.test", "1" },
	{ "malformed results",		0, ARC_PASS CHAIN "C foo\n", "fail b.test:a.test", "1" },
	{ "results twice",		0, ARC_PASS CHAIN "C i=1; x.test; arc=none\n",
	    "fail b.test:a.test", "1" },
	{ "seals alone",		0, ARC_PASS SEALS, "fail b.test:a.test", "1" },
	{ "results of another set",	0, ARC_PASS SET("2", "pass", "b.test")
	    SEAL("1", "none", "a.test") "M i=1; a=rsa-sha256; d=a.test; s=s; h=from; bh=A; b=A\n"
	    "C i=3; x.test; arc=none\n", "fail b.test:a.test", "1" },
	{ "a signature of another set",	0, ARC_PASS SET("2", "pass", "b.test")
	    SEAL("1", "none", "a.test") "M i=3; a=rsa-sha256; d=a.test; s=s; h=from; bh=A; b=A\n"
	    "C i=1; x.test; arc=none\n", "fail b.test:a.test", "1" },

	/* Alone. */
	{ "two passes",			0, ARC_PASS ARC_PASS CHAIN, "fail b.test:a.test", "2" },
	{ "two passes in one field",	0, "A mx.test; arc=pass arc.chain=a.test; "
	    "arc=pass arc.chain=a.test\n" CHAIN, "fail a.test", "" },
	{ "none above a forged pass",	0, "A mx.test; arc=none\n" ARC_PASS CHAIN, "fail -", "2" },
	{ "fail above a forged pass",	0, "A mx.test; arc=fail\n" ARC_PASS CHAIN, "fail -", "2" },
	{ "fail below a pass",		0, ARC_PASS "A mx.test; arc=fail\n" CHAIN,
	    "fail b.test:a.test", "" },
	{ "another id against it",	0, "A mx.test; arc=none\nA border.test; arc=pass arc.chain=a.test\n"
	    CHAIN, "fail -", "" },
	{ "an untrusted id against it",	0, ARC_PASS "A else.test; arc=fail\n" CHAIN,
	    "pass b.test:a.test", "" },
	{ "fail in an older field",	0, ARC_PASS FOREIGN "A mx.test; arc=none\n" CHAIN,
	    "pass b.test:a.test", "" },

	/* Place and id. */
	{ "below our Received",		0, OUR_RECEIVED ARC_PASS CHAIN, "pass b.test:a.test", "" },
	{ "below a foreign Received",	0, FOREIGN ARC_PASS CHAIN, "- -", "1" },
	{ "an untrusted id",		0, "A else.test; arc=pass arc.chain=a.test\n" CHAIN, "- -", "" },
	{ "a trusted id",		0, "A border.test; arc=pass arc.chain=a.test\n" CHAIN,
	    "pass a.test", "" },
	{ "a trusted id, not from its relay", RELAYS_SET,
	    "A border.test; arc=pass arc.chain=a.test\n" CHAIN, "- -", "" },
	{ "a trusted id from its relay", FROM_RELAY,
	    "A border.test; arc=pass arc.chain=a.test\n" CHAIN, "pass a.test", "" },
	{ "job id there",		JOB_ID, "A mx.test/JOB1; arc=pass arc.chain=a.test\n" CHAIN,
	    "pass a.test", "" },
	{ "job id missing",		JOB_ID, ARC_PASS CHAIN, "- -", "1" },
	{ "another job",		0, "A mx.test/JOB2; arc=pass arc.chain=a.test\n" CHAIN, "- -", "1" },
	{ "kept on demand",		KEEP, FOREIGN ARC_PASS CHAIN, "- -", "" },
	{ "kept for those who logged in", AUTHENTICATED, FOREIGN ARC_PASS CHAIN, "- -", "" },
};

START_TEST(arc_case)
{
	const struct arc_case *c = &arc_cases[_i];
	struct odm_strbuf got, removed;
	struct dmf_fields fields;
	struct dmf_context ctx;
	struct dmf_inputs *in;
	struct conf conf;
	const char *chain;
	enum odm_result result;

	fill_conf(&conf, c->flags);
	fill_context(&ctx, &conf, c->flags);
	dmf_fields_init(&fields);
	add_fields(&fields, c->header);
	in = dmf_inputs_read(&ctx, &fields);
	ck_assert_ptr_nonnull(in);
	dmf_inputs_settle_spf(in, NULL);
	result = dmf_inputs_arc(in);
	chain = dmf_inputs_arc_chain(in);
	odm_strbuf_init(&got, 4096);
	odm_strbuf_init(&removed, 4096);
	odm_strbuf_addf(&got, "%s %s", result == ODM_RESULT_UNKNOWN ? "-" :
	    odm_result_name(result), chain == NULL ? "-" : chain);
	show_removals(in, &removed);
	ck_assert_msg(strcmp(got.at, c->want) == 0, "%s: got \"%s\", want \"%s\"", c->what, got.at,
	    c->want);
	ck_assert_msg(strcmp(removed.at, c->removed) == 0, "%s: removed got \"%s\", want \"%s\"",
	    c->what, removed.at, c->removed);
	ck_assert(result != ODM_RESULT_PASS || dmf_inputs_arc_refused(in) == NULL);
	odm_strbuf_free(&got);
	odm_strbuf_free(&removed);
	dmf_inputs_free(&in);
	dmf_fields_clear(&fields);
}
END_TEST

/* What was not read could be what is wrong with the chain. */
START_TEST(arc_fields_dropped)
{
	struct dmf_fields fields;
	struct dmf_context ctx;
	struct dmf_inputs *in;
	struct conf conf;

	fill_conf(&conf, 0);
	fill_context(&ctx, &conf, 0);
	dmf_fields_init(&fields);
	add_fields(&fields, ARC_PASS CHAIN);
	fields.dropped = 1;
	in = dmf_inputs_read(&ctx, &fields);
	ck_assert_ptr_nonnull(in);
	ck_assert_int_eq(dmf_inputs_arc(in), ODM_RESULT_FAIL);
	ck_assert_ptr_nonnull(dmf_inputs_arc_refused(in));
	dmf_inputs_free(&in);
	dmf_fields_clear(&fields);
}
END_TEST

/* What is told of the seals: INSTANCE DOMAIN SELECTOR IP each. */
static const struct seals_case {
	const char	*what, *header, *want;
} seals_cases[] = {
	{ "none", "", "" },
	{ "two, without results", SEALS, "2 b.test s2 ;1 a.test s1 ;" },
	{ "remote-ip", SEALS "C i=1; x.test; arc=none smtp.remote-ip=192.0.2.9\n",
	    "2 b.test s2 ;1 a.test s1 192.0.2.9;" },
	{ "client-ip", SEALS "C i=2; x.test; spf=pass smtp.mailfrom=a.test "
	    "smtp.client-ip=\"2001:DB8::1\"\n",
	    "2 b.test s2 2001:db8::1;1 a.test s1 ;" },
	{ "both: remote-ip", SEALS "C i=2; x; arc=pass smtp.client-ip=192.0.2.1 "
	    "smtp.remote-ip=192.0.2.2\n",
	    "2 b.test s2 192.0.2.2;1 a.test s1 ;" },
	{ "results above seals", "C i=1; x.test; arc=none smtp.remote-ip=192.0.2.9\n" SEALS,
	    "2 b.test s2 ;1 a.test s1 192.0.2.9;" },
	{ "no address", SEALS "C i=1; x; arc=none smtp.remote-ip=a.test\n",
	    "2 b.test s2 ;1 a.test s1 ;" },
	{ "words of others", SEALS "C i=1; mx.test 1; spf=pass (sender ip is 1.2.3.4) "
	    "smtp.rcpttodomain=x; dmarc=pass action=none header.from=x; dara=pass header.i=@x; "
	    "(null)=pass; arc=none smtp.client-ip=1.2.3.4\n", "2 b.test s2 ;1 a.test s1 1.2.3.4;" },
	{ "folded with tabs", "L i=1;\n\ta=rsa-sha256;\n\tcv=none; d=a.test;\n\ts=s1; t=1;\n\t"
	    "b=AA\n\tBB\n"
	    "C i=1;\n\tx.test;\n\tarc=none\n\tsmtp.remote-ip=192.0.2.9\n", "1 a.test s1 192.0.2.9;" },
	{ "another instance", SEALS "C i=3; x.test; arc=none smtp.remote-ip=192.0.2.9\n",
	    "2 b.test s2 ;1 a.test s1 ;" },
	{ "instance 0", "L i=0; a=rsa-sha256; cv=none; d=a.test; s=s; b=AA\n"
	    "C i=0; x.test; arc=none smtp.remote-ip=192.0.2.9\n", "" },
	{ "malformed", "L foo\nL \nL i=1; a; d=x\nC foo\nC \n" SEALS, "2 b.test s2 ;1 a.test s1 ;" },
	{ "one instance twice", SEALS SEAL("1", "none", "c.test"), "2 b.test s2 ;1 a.test s1 ;" },
};

static void
show_seals(const char *header, struct odm_strbuf *out)
{
	const struct dmf_arc_seal *seal;
	struct dmf_fields fields;
	struct dmf_context ctx;
	struct dmf_inputs *in;
	struct conf conf;
	size_t i;

	fill_conf(&conf, 0);
	fill_context(&ctx, &conf, 0);
	dmf_fields_init(&fields);
	add_fields(&fields, header);
	in = dmf_inputs_read(&ctx, &fields);
	ck_assert_ptr_nonnull(in);
	odm_strbuf_adds(out, "");
	for (i = 0; (seal = dmf_inputs_arc_seal(in, i)) != NULL; i++)
		odm_strbuf_addf(out, "%u %s %.*s %s;", seal->instance, seal->domain,
		    (int)seal->selector.len, seal->selector.at, seal->ip);
	dmf_inputs_free(&in);
	dmf_fields_clear(&fields);
}

START_TEST(seals_case)
{
	struct odm_strbuf got;

	odm_strbuf_init(&got, 65536);
	show_seals(seals_cases[_i].header, &got);
	ck_assert_msg(strcmp(got.at, seals_cases[_i].want) == 0, "%s: got \"%s\", want \"%s\"",
	    seals_cases[_i].what, got.at, seals_cases[_i].want);
	odm_strbuf_free(&got);
}
END_TEST

/* Thousands of ARC fields: fifty seals at most, and nothing that takes long. */
START_TEST(many_seals)
{
	struct odm_strbuf header, got;
	size_t n = 0;

	odm_strbuf_init(&header, 4 * 1024 * 1024);
	odm_strbuf_init(&got, 65536);
	for (unsigned i = 0; i < 5000; i++)
		odm_strbuf_addf(&header, "L i=%u; a=rsa-sha256; cv=pass; d=a.test; s=s; b=A\n"
		    "C i=%u; x; arc=none\n", 1 + i % 99, 1 + i % 99);
	ck_assert(!header.failed);
	show_seals(header.at, &got);
	for (const char *at = got.at; (at = strchr(at, ';')) != NULL; at++)
		n++;
	ck_assert_uint_eq(n, 50);
	odm_strbuf_free(&header);
	odm_strbuf_free(&got);
}
END_TEST

static const struct hint_case {
	const char	*what;
	unsigned	 flags;
	const char	*header;
	enum dmf_untrusted why;
	const char	*id;
} hint_cases[] = {
	{ "nothing there", 0, "", DMF_UNTRUSTED_NONE, NULL },
	{ "trusted", 0, SPF_PASS, DMF_UNTRUSTED_NONE, NULL },
	{ "unknown id", 0, "A opendkim.test; dkim=pass header.d=d.test\n", DMF_UNTRUSTED_ID,
	    "opendkim.test" },
	{ "unknown id without results", 0, "A opendkim.test; none\n", DMF_UNTRUSTED_NONE, NULL },
	{ "the client's field below its Received", 0, FOREIGN "A g.test; dkim=pass header.d=x\n",
	    DMF_UNTRUSTED_NONE, NULL },
	{ "one trusted is enough", 0, "A opendkim.test; dkim=pass header.d=d.test\n" SPF_PASS,
	    DMF_UNTRUSTED_NONE, NULL },
	{ "job missing", JOB_ID, SPF_PASS, DMF_UNTRUSTED_JOB, "mx.test" },
	{ "signed, no results", 0, DKIM_SIG, DMF_UNTRUSTED_ABSENT, "" },
	{ "signed, only SPF results", 0, SPF_PASS DKIM_SIG, DMF_UNTRUSTED_ABSENT, "" },
	{ "signed, dkim=none", 0, "A mx.test; dkim=none\n" DKIM_SIG, DMF_UNTRUSTED_NONE, NULL },
	{ "signed, unknown id", 0, "A opendkim.test; dkim=pass header.d=d.test\n" DKIM_SIG,
	    DMF_UNTRUSTED_ID, "opendkim.test" },
	{ "malformed signature", 0, "D foo\n" DKIM_SIG, DMF_UNTRUSTED_NONE, NULL },
	{ "not from a relay", RELAYS_SET, "A border.test; spf=pass smtp.mailfrom=a.test\n",
	    DMF_UNTRUSTED_RELAY, "border.test" },
};

START_TEST(hint_case)
{
	const struct hint_case *c = &hint_cases[_i];
	struct dmf_fields fields;
	struct dmf_context ctx;
	struct dmf_inputs *in;
	struct conf conf;
	const char *id = NULL;
	enum dmf_untrusted why;

	fill_conf(&conf, c->flags);
	fill_context(&ctx, &conf, c->flags);
	dmf_fields_init(&fields);
	add_fields(&fields, c->header);
	in = dmf_inputs_read(&ctx, &fields);
	ck_assert_ptr_nonnull(in);
	why = dmf_inputs_untrusted(in, &id);
	ck_assert_msg(why == c->why, "%s: got %d, want %d", c->what, (int)why, (int)c->why);
	if (c->id != NULL)
		ck_assert_str_eq(id, c->id);
	dmf_inputs_free(&in);
	dmf_fields_clear(&fields);
}
END_TEST

/* A header full of results: the first 256 are used, later passes under our id go away. */
START_TEST(many_results)
{
	struct odm_strbuf text;
	struct dmf_fields fields;
	struct dmf_context ctx;
	struct dmf_inputs *in;
	struct conf conf;
	size_t i, n = 0;

	fill_conf(&conf, 0);
	fill_context(&ctx, &conf, 0);
	dmf_fields_init(&fields);
	odm_strbuf_init(&text, 1024 * 1024);
	for (i = 0; i < 300; i++) {
		odm_strbuf_clear(&text);
		odm_strbuf_addf(&text, "D v=1; a=x; d=d%zu.test; s=s; h=from; bh=A; b=%zu\n"
		    "A mx.test; dkim=fail header.d=d%zu.test; dkim=fail header.d=d%zu.test; "
		    "dkim=pass header.d=d%zu.test\n", i, i, i, i, i);
		add_fields(&fields, text.at);
	}
	in = dmf_inputs_read(&ctx, &fields);
	ck_assert_ptr_nonnull(in);
	dmf_inputs_settle_spf(in, NULL);
	while (dmf_inputs_dkim(in, n) != NULL)
		ck_assert(!dmf_inputs_dkim(in, n++)->aligns);
	ck_assert_uint_ge(n, 150);
	ck_assert_uint_le(n, ODM_AUTHRES_RESULTS_MAX);
	for (i = 0; i < 300; i++)
		ck_assert_uint_eq(dmf_inputs_removal(in, i, false), i + 1);
	ck_assert_uint_eq(dmf_inputs_removal(in, 300, false), 0);
	dmf_inputs_free(&in);
	dmf_fields_clear(&fields);
	odm_strbuf_free(&text);
}
END_TEST

/* Our own pass leaves a dmarc=pass alone; a field that is refused goes in any case. */
START_TEST(dmarc_pass)
{
	struct dmf_fields fields;
	struct dmf_context ctx;
	struct dmf_inputs *in;
	struct conf conf;

	fill_conf(&conf, 0);
	fill_context(&ctx, &conf, 0);
	dmf_fields_init(&fields);
	add_fields(&fields, "A mx.test; dmarc=pass header.from=a.test\n" FOREIGN SPF_PASS);
	in = dmf_inputs_read(&ctx, &fields);
	ck_assert_ptr_nonnull(in);
	dmf_inputs_settle_spf(in, NULL);
	ck_assert_uint_eq(dmf_inputs_removal(in, 0, true), 2);
	ck_assert_uint_eq(dmf_inputs_removal(in, 1, true), 0);
	ck_assert_uint_eq(dmf_inputs_removal(in, 0, false), 1);
	dmf_inputs_free(&in);
	dmf_fields_clear(&fields);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("inputs");
	TCase *tc = tcase_create("trust");

	tcase_add_loop_test(tc, inputs_case, 0, COUNT(cases));
	tcase_add_loop_test(tc, arc_case, 0, COUNT(arc_cases));
	tcase_add_test(tc, arc_fields_dropped);
	tcase_add_loop_test(tc, seals_case, 0, COUNT(seals_cases));
	tcase_add_test(tc, many_seals);
	tcase_add_loop_test(tc, hint_case, 0, COUNT(hint_cases));
	tcase_add_test(tc, many_results);
	tcase_add_test(tc, dmarc_pass);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
