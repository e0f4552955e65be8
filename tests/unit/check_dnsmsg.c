/*
 * check_dnsmsg.c - answer packets, whole, strange and broken, and the packets that ask.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "common/dnsmsg.h"
#include "tests/unit/suite.h"

/* Header: id, flags with rcode, one question, answers, authority, additional. */
#define HEAD(flags, an, ns, ar)	"\x12\x34" flags "\0\1" an ns ar
#define NOERROR	"\x81\x80"
#define NXDOMAIN "\x81\x83"
#define N0	"\0\0"
#define N1	"\0\1"
#define N2	"\0\2"
#define N3	"\0\3"
#define NAME	"\1a\4test\0"		/* at 12, ends at 20 */
#define HERE	"\xc0\x0c"		/* NAME */
#define IN	"\0\1"
#define TXT	"\0\x10"
#define A	"\0\1"
#define MX	"\0\xf"
#define PTR	"\0\xc"
#define CNAME	"\0\5"
#define SOA	"\0\6"
#define OPT	"\0\x29"
#define TTL(n)	"\0\0\0" n
#define SOA_600	"\0" SOA IN "\0\0\2\x58\0\x16\0\0\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\1\x2c"
#define Q(type)	NAME type IN

#define PACKET(octets)	octets, sizeof(octets) - 1

static const struct packet_case {
	const char	*what, *packet;
	size_t		 len;
	enum dns_type	 type;
	enum dns_status	 status;
	uint32_t	 ttl_secs;
	size_t		 nrrs;
	const char	*data;		/* of the last record */
	size_t		 data_len;
} packet_cases[] = {
	{ "one TXT", PACKET(HEAD(NOERROR, N1, N0, N0) Q(TXT)
	    HERE TXT IN TTL("\x3c") "\0\4\3abc"), DNS_TYPE_TXT, DNS_FOUND, 60, 1, "abc", 3 },
	{ "strings joined", PACKET(HEAD(NOERROR, N1, N0, N0) Q(TXT)
	    HERE TXT IN TTL("\x3c") "\0\7\3abc\2de"), DNS_TYPE_TXT, DNS_FOUND, 60, 1, "abcde", 5 },
	{ "NUL kept", PACKET(HEAD(NOERROR, N1, N0, N0) Q(TXT)
	    HERE TXT IN TTL("\x3c") "\0\4\3a\0c"), DNS_TYPE_TXT, DNS_FOUND, 60, 1, "a\0c", 3 },
	{ "empty TXT", PACKET(HEAD(NOERROR, N1, N0, N0) Q(TXT)
	    HERE TXT IN TTL("\x3c") "\0\1\0"), DNS_TYPE_TXT, DNS_FOUND, 60, 1, "", 0 },
	{ "two TXT, lower TTL", PACKET(HEAD(NOERROR, N2, N0, N0) Q(TXT)
	    HERE TXT IN TTL("\x3c") "\0\2\1x" HERE TXT IN TTL("\x1e") "\0\2\1y"),
	    DNS_TYPE_TXT, DNS_FOUND, 30, 2, "y", 1 },
	{ "string past its record", PACKET(HEAD(NOERROR, N1, N0, N0) Q(TXT)
	    HERE TXT IN TTL("\x3c") "\0\3\5ab"), DNS_TYPE_TXT, DNS_FAILED, 0, 0, NULL, 0 },
	{ "owner in other case", PACKET(HEAD(NOERROR, N1, N0, N0) Q(TXT)
	    "\1A\4TeSt\0" TXT IN TTL("\x3c") "\0\2\1x"), DNS_TYPE_TXT, DNS_FOUND, 60, 1, "x", 1 },
	{ "other owner", PACKET(HEAD(NOERROR, N1, N0, N0) Q(TXT)
	    "\1b\4test\0" TXT IN TTL("\x3c") "\0\2\1x"), DNS_TYPE_TXT, DNS_NODATA, 0, 0, NULL, 0 },
	{ "other class of record", PACKET(HEAD(NOERROR, N1, N0, N0) Q(TXT)
	    HERE TXT "\0\3" TTL("\x3c") "\0\2\1x"), DNS_TYPE_TXT, DNS_NODATA, 0, 0, NULL, 0 },
	{ "TTL with sign bit", PACKET(HEAD(NOERROR, N1, N0, N0) Q(TXT)
	    HERE TXT IN "\x80\0\0\1" "\0\2\1x"), DNS_TYPE_TXT, DNS_FOUND, 0, 1, "x", 1 },

	{ "A", PACKET(HEAD(NOERROR, N1, N0, N0) Q(A) HERE A IN TTL("\x3c") "\0\4\xc0\0\2\1"),
	    DNS_TYPE_A, DNS_FOUND, 60, 1, "\xc0\0\2\1", 4 },
	{ "A of 5 octets", PACKET(HEAD(NOERROR, N1, N0, N0) Q(A)
	    HERE A IN TTL("\x3c") "\0\5\xc0\0\2\1\1"), DNS_TYPE_A, DNS_FAILED, 0, 0, NULL, 0 },
	{ "MX", PACKET(HEAD(NOERROR, N1, N0, N0) Q(MX)
	    HERE MX IN TTL("\x3c") "\0\7\0\x0a\2mx\xc0\x0e"), DNS_TYPE_MX, DNS_FOUND, 60, 1,
	    "mx.test", 7 },
	{ "null MX", PACKET(HEAD(NOERROR, N1, N0, N0) Q(MX)
	    HERE MX IN TTL("\x3c") "\0\3\0\0\0"), DNS_TYPE_MX, DNS_FOUND, 60, 1, "", 0 },
	{ "PTR", PACKET(HEAD(NOERROR, N1, N0, N0) Q(PTR)
	    HERE PTR IN TTL("\x3c") "\0\5\2mx\xc0\x0e"), DNS_TYPE_PTR, DNS_FOUND, 60, 1,
	    "mx.test", 7 },
	{ "PTR to nowhere", PACKET(HEAD(NOERROR, N1, N0, N0) Q(PTR)
	    HERE PTR IN TTL("\x3c") "\0\2\xc0\x24"), DNS_TYPE_PTR, DNS_FAILED, 0, 0, NULL, 0 },
	{ "MX without host", PACKET(HEAD(NOERROR, N1, N0, N0) Q(MX)
	    HERE MX IN TTL("\x3c") "\0\2\0\x0a"), DNS_TYPE_MX, DNS_FAILED, 0, 0, NULL, 0 },
	{ "PTR with a dot in a label", PACKET(HEAD(NOERROR, N1, N0, N0) Q(PTR)
	    HERE PTR IN TTL("\x3c") "\0\6\3m.x\xc0\x0e"), DNS_TYPE_PTR, DNS_NODATA, 0, 0, NULL, 0 },
	{ "PTR with NUL", PACKET(HEAD(NOERROR, N1, N0, N0) Q(PTR)
	    HERE PTR IN TTL("\x3c") "\0\6\3m\0x\xc0\x0e"), DNS_TYPE_PTR, DNS_NODATA, 0, 0, NULL, 0 },

	{ "NXDOMAIN with SOA", PACKET(HEAD(NXDOMAIN, N0, N1, N0) Q(TXT) SOA_600),
	    DNS_TYPE_TXT, DNS_NXDOMAIN, 300, 0, NULL, 0 },
	{ "NXDOMAIN without SOA", PACKET(HEAD(NXDOMAIN, N0, N0, N0) Q(TXT)),
	    DNS_TYPE_TXT, DNS_NXDOMAIN, 0, 0, NULL, 0 },
	{ "no data with SOA", PACKET(HEAD(NOERROR, N0, N1, N0) Q(TXT) SOA_600),
	    DNS_TYPE_TXT, DNS_NODATA, 300, 0, NULL, 0 },
	{ "SERVFAIL", PACKET(HEAD("\x81\x82", N0, N0, N0) Q(TXT)),
	    DNS_TYPE_TXT, DNS_FAILED, 0, 0, NULL, 0 },
	{ "REFUSED", PACKET(HEAD("\x81\x85", N0, N0, N0) Q(TXT)),
	    DNS_TYPE_TXT, DNS_FAILED, 0, 0, NULL, 0 },
	{ "extended rcode", PACKET(HEAD(NOERROR, N0, N0, N1) Q(TXT) "\0" OPT "\4\xd0\1\0\0\0\0\0"),
	    DNS_TYPE_TXT, DNS_FAILED, 0, 0, NULL, 0 },
	{ "OPT without rcode", PACKET(HEAD(NXDOMAIN, N0, N0, N1) Q(TXT)
	    "\0" OPT "\4\xd0\0\0\0\0\0\0"), DNS_TYPE_TXT, DNS_NXDOMAIN, 0, 0, NULL, 0 },
	{ "NXDOMAIN with the record", PACKET(HEAD(NXDOMAIN, N1, N0, N0) Q(TXT)
	    HERE TXT IN TTL("\x3c") "\0\2\1x"), DNS_TYPE_TXT, DNS_FAILED, 0, 0, NULL, 0 },

	{ "CNAME to TXT", PACKET(HEAD(NOERROR, N2, N0, N0) Q(TXT)
	    HERE CNAME IN TTL("\x0a") "\0\4\1b\xc0\x0e" "\1b\xc0\x0e" TXT IN TTL("\x3c") "\0\2\1x"),
	    DNS_TYPE_TXT, DNS_FOUND, 10, 1, "x", 1 },
	{ "CNAMEs in wrong order", PACKET(HEAD(NOERROR, N3, N0, N0) Q(TXT)
	    "\1c\xc0\x0e" TXT IN TTL("\x3c") "\0\2\1x" "\1b\xc0\x0e" CNAME IN TTL("\5") "\0\4\1c\xc0\x0e"
	    HERE CNAME IN TTL("\x0a") "\0\4\1B\xc0\x0e"), DNS_TYPE_TXT, DNS_FOUND, 5, 1, "x", 1 },
	{ "dangling CNAME", PACKET(HEAD(NXDOMAIN, N1, N1, N0) Q(A)
	    HERE CNAME IN TTL("\x0a") "\0\4\1b\xc0\x0e" SOA_600), DNS_TYPE_A, DNS_NODATA, 10, 0,
	    NULL, 0 },
	{ "CNAME without more", PACKET(HEAD(NOERROR, N1, N0, N0) Q(TXT)
	    HERE CNAME IN TTL("\x0a") "\0\4\1b\xc0\x0e"), DNS_TYPE_TXT, DNS_NODATA, 0, 0, NULL, 0 },
	{ "CNAME to itself", PACKET(HEAD(NOERROR, N1, N0, N0) Q(TXT)
	    HERE CNAME IN TTL("\x0a") "\0\2\xc0\x0c"), DNS_TYPE_TXT, DNS_FAILED, 0, 0, NULL, 0 },
	{ "CNAME circle", PACKET(HEAD(NOERROR, N2, N0, N0) Q(TXT)
	    HERE CNAME IN TTL("\x0a") "\0\4\1b\xc0\x0e" "\1b\xc0\x0e" CNAME IN TTL("\x0a") "\0\2\xc0\x0c"),
	    DNS_TYPE_TXT, DNS_FAILED, 0, 0, NULL, 0 },
	{ "CNAME asked for", PACKET(HEAD(NOERROR, N1, N0, N0) Q(CNAME)
	    HERE CNAME IN TTL("\x0a") "\0\4\1b\xc0\x0e"), DNS_TYPE_CNAME, DNS_FOUND, 10, 1,
	    "b.test", 6 },

	{ "other question", PACKET(HEAD(NOERROR, N1, N0, N0) "\1b\4test\0" TXT IN
	    HERE TXT IN TTL("\x3c") "\0\2\1x"), DNS_TYPE_TXT, DNS_FAILED, 0, 0, NULL, 0 },
	{ "longer question", PACKET(HEAD(NOERROR, N0, N0, N0) "\1a\4test\1x\0" TXT IN),
	    DNS_TYPE_TXT, DNS_FAILED, 0, 0, NULL, 0 },
	{ "dot inside a label is another name", PACKET(HEAD(NOERROR, N0, N0, N0)
	    "\6a.test\0" TXT IN), DNS_TYPE_TXT, DNS_FAILED, 0, 0, NULL, 0 },
	{ "other type asked", PACKET(HEAD(NOERROR, N0, N0, N0) Q(A)),
	    DNS_TYPE_TXT, DNS_FAILED, 0, 0, NULL, 0 },
	{ "other class asked", PACKET(HEAD(NOERROR, N0, N0, N0) NAME TXT "\0\3"),
	    DNS_TYPE_TXT, DNS_FAILED, 0, 0, NULL, 0 },
	{ "a question, no response", PACKET(HEAD("\1\0", N0, N0, N0) Q(TXT)),
	    DNS_TYPE_TXT, DNS_FAILED, 0, 0, NULL, 0 },
	{ "opcode NOTIFY", PACKET(HEAD("\xa1\x80", N0, N0, N0) Q(TXT)),
	    DNS_TYPE_TXT, DNS_FAILED, 0, 0, NULL, 0 },
	{ "truncated", PACKET(HEAD("\x83\x80", N0, N0, N0) Q(TXT)),
	    DNS_TYPE_TXT, DNS_FAILED, 0, 0, NULL, 0 },
	{ "two questions", PACKET("\x12\x34" NOERROR "\0\2" N0 N0 N0 Q(TXT) Q(TXT)),
	    DNS_TYPE_TXT, DNS_FAILED, 0, 0, NULL, 0 },
	{ "no question", PACKET("\x12\x34" NOERROR "\0\0" N0 N0 N0),
	    DNS_TYPE_TXT, DNS_FAILED, 0, 0, NULL, 0 },
	{ "more answers promised", PACKET(HEAD(NOERROR, "\xff\xff", N0, N0) Q(TXT)
	    HERE TXT IN TTL("\x3c") "\0\2\1x"), DNS_TYPE_TXT, DNS_FAILED, 0, 0, NULL, 0 },

	{ "pointer to itself", PACKET(HEAD(NOERROR, N1, N0, N0) Q(TXT)
	    "\xc0\x18" TXT IN TTL("\x3c") "\0\2\1x"), DNS_TYPE_TXT, DNS_NODATA, 0, 0, NULL, 0 },
	{ "pointer forward", PACKET(HEAD(NOERROR, N1, N0, N0) Q(TXT)
	    "\xc0\x1e" TXT IN TTL("\x3c") "\0\2\1x"), DNS_TYPE_TXT, DNS_NODATA, 0, 0, NULL, 0 },
	{ "pointer forward to the name", PACKET(HEAD(NOERROR, N1, N0, N0) Q(TXT)
	    "\xc0\x25" TXT IN TTL("\x3c") "\0\x09\7\1a\4test\0"), DNS_TYPE_TXT, DNS_NODATA, 0, 0,
	    NULL, 0 },
	{ "pointer past the end", PACKET(HEAD(NOERROR, N1, N0, N0) Q(TXT)
	    "\xff\xff" TXT IN TTL("\x3c") "\0\2\1x"), DNS_TYPE_TXT, DNS_NODATA, 0, 0, NULL, 0 },
	{ "question points to itself", PACKET(HEAD(NOERROR, N0, N0, N0) "\xc0\x0c" TXT IN),
	    DNS_TYPE_TXT, DNS_FAILED, 0, 0, NULL, 0 },
	{ "reserved label type", PACKET(HEAD(NOERROR, N1, N0, N0) Q(TXT)
	    "\x41xx" TXT IN TTL("\x3c") "\0\2\1x"), DNS_TYPE_TXT, DNS_FAILED, 0, 0, NULL, 0 },
};

/* Parses a copy of exactly len octets. */
static struct dns_answer *
parse_exact(const char *packet, size_t len, const char *name, enum dns_type type)
{
	unsigned char *exact = malloc(len > 0 ? len : 1);
	struct dns_answer *a;

	ck_assert_ptr_nonnull(exact);
	memcpy(exact, packet, len);
	a = dnsmsg_parse(exact, len, name, type);
	free(exact);
	ck_assert_ptr_nonnull(a);
	return a;
}

START_TEST(packet_case)
{
	const struct packet_case *c = &packet_cases[_i];
	struct dns_answer *a = parse_exact(c->packet, c->len, "A.test", c->type);
	size_t len;

	ck_assert_msg(a->status == c->status, "%s: status got %d, want %d", c->what,
	    (int)a->status, (int)c->status);
	ck_assert_msg(a->ttl_secs == c->ttl_secs, "%s: ttl got %u, want %u", c->what,
	    a->ttl_secs, c->ttl_secs);
	ck_assert_msg(a->nrrs == c->nrrs, "%s: records got %zu, want %zu", c->what,
	    a->nrrs, c->nrrs);
	if (c->data != NULL) {
		struct odm_span got = a->rrs[a->nrrs - 1].data;

		ck_assert_msg(got.len == c->data_len && memcmp(got.at, c->data, got.len) == 0,
		    "%s: data got %.*s", c->what, (int)got.len, got.at);
	}
	dns_answer_unref(&a);
	ck_assert_ptr_null(a);

	for (len = 0; len < c->len; len++) {
		a = parse_exact(c->packet, len, "a.test", c->type);
		ck_assert_msg(a->status == DNS_FAILED, "%s: cut at %zu", c->what, len);
		dns_answer_unref(&a);
	}
}
END_TEST

START_TEST(mx_preference)
{
	struct dns_answer *a = parse_exact(PACKET(HEAD(NOERROR, N2, N0, N0) Q(MX)
	    HERE MX IN TTL("\x3c") "\0\7\1\x0a\2mx\xc0\x0e"
	    HERE MX IN TTL("\x3c") "\0\7\0\5\2my\xc0\x0e"), "a.test", DNS_TYPE_MX);

	ck_assert_uint_eq(a->nrrs, 2);
	ck_assert_uint_eq(a->rrs[0].preference, 266);
	ck_assert_uint_eq(a->rrs[1].preference, 5);
	ck_assert(odm_span_eq(a->rrs[1].data, "my.test"));
	dns_answer_unref(&a);
}
END_TEST

/* A packet with n records, each record_len octets long. */
static struct dns_answer *
parse_many(size_t n, const char *record, size_t record_len, const char *question,
    size_t question_len, enum dns_type type)
{
	size_t len = question_len + n * record_len, i;
	char *packet = malloc(len);
	struct dns_answer *a;

	ck_assert_ptr_nonnull(packet);
	memcpy(packet, question, question_len);
	packet[6] = (char)(n >> 8);
	packet[7] = (char)n;
	for (i = 0; i < n; i++)
		memcpy(packet + question_len + i * record_len, record, record_len);
	a = parse_exact(packet, len, "a.test", type);
	free(packet);
	return a;
}

START_TEST(many_records)
{
	struct dns_answer *a;

	a = parse_many(3000, PACKET(HERE A IN TTL("\x3c") "\0\4\1\2\3\4"),
	    PACKET(HEAD(NOERROR, N0, N0, N0) Q(A)), DNS_TYPE_A);
	ck_assert_int_eq(a->status, DNS_FOUND);
	ck_assert_uint_eq(a->nrrs, DNSMSG_RECORDS_MAX);
	dns_answer_unref(&a);
	a = parse_many(500, PACKET(HERE TXT IN TTL("\x3c") "\0\2\1x"),
	    PACKET(HEAD(NOERROR, N0, N0, N0) Q(TXT)), DNS_TYPE_TXT);
	ck_assert_uint_eq(a->nrrs, ODM_TXT_RECORDS_MAX);
	dns_answer_unref(&a);
}
END_TEST

START_TEST(long_cname_chain)
{
	char packet[4096] = HEAD(NOERROR, N0, N0, N0) Q(TXT);
	size_t links, i;

	for (links = 14; links <= 18; links++) {
		size_t at = sizeof(HEAD(NOERROR, N0, N0, N0) Q(TXT)) - 1;
		struct dns_answer *a;

		for (i = 0; i < links; i++) {
			static const char fixed[] = CNAME IN TTL("\x0a") "\0\4";

			packet[at++] = 1;
			packet[at++] = (char)('a' + i);
			memcpy(packet + at, "\xc0\x0e", 2);
			memcpy(packet + at + 2, fixed, sizeof(fixed) - 1);
			at += 2 + sizeof(fixed) - 1;
			packet[at++] = 1;
			packet[at++] = (char)('a' + i + 1);
			memcpy(packet + at, "\xc0\x0e", 2);
			at += 2;
		}
		packet[7] = (char)links;
		a = parse_exact(packet, at, "a.test", DNS_TYPE_TXT);
		ck_assert_msg(a->status == (links <= 16 ? DNS_NODATA : DNS_FAILED),
		    "%zu links: %d", links, (int)a->status);
		dns_answer_unref(&a);
	}
}
END_TEST

/* Thousands of pointers that lead to each other, and a name of more than 255 octets. */
START_TEST(costly_names)
{
	static const char fixed[] = TXT IN TTL("\x3c") "\0\2\1x";
	size_t at = sizeof(HEAD(NOERROR, N2, N0, N0) Q(TXT)) - 1, i;
	char packet[16384] = HEAD(NOERROR, N2, N0, N0) Q(TXT);
	struct dns_answer *a;

	/* A record of unknown type that holds the chain, and an owner that enters it. */
	memcpy(packet + at, "\0\xff\x12" IN TTL("\0") "\x10\0", 11);
	at += 11;
	for (i = 0; i < 2048; i++, at += 2) {
		size_t to = i == 0 ? 12 : at - 2;

		packet[at] = (char)(0xc0 | to >> 8);
		packet[at + 1] = (char)to;
	}
	packet[at] = (char)(0xc0 | (at - 2) >> 8);
	packet[at + 1] = (char)(at - 2);
	memcpy(packet + at + 2, fixed, sizeof(fixed) - 1);
	a = parse_exact(packet, at + 2 + sizeof(fixed) - 1, "a.test", DNS_TYPE_TXT);
	ck_assert_int_eq(a->status, DNS_NODATA);
	dns_answer_unref(&a);

	/* A CNAME whose target is a name of 256 octets. */
	at = sizeof(HEAD(NOERROR, N1, N0, N0) Q(TXT)) - 1;
	memcpy(packet, HEAD(NOERROR, N1, N0, N0), 12);
	memcpy(packet + at, HERE CNAME IN TTL("\x3c") "\1\0", 12);
	at += 12;
	for (i = 0; i < 4; i++) {
		size_t label = i < 3 ? 63 : 62;

		packet[at++] = (char)label;
		memset(packet + at, 'x', label);
		at += label;
	}
	packet[at++] = 0;
	a = parse_exact(packet, at, "a.test", DNS_TYPE_TXT);
	ck_assert_int_eq(a->status, DNS_FAILED);
	dns_answer_unref(&a);
}
END_TEST

#define L63	"abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0"

static const struct question_case {
	const char	*what, *name;
	const char	*wire;		/* NULL: cannot be asked */
	size_t		 wire_len;
} question_cases[] = {
	{ "plain",		"a.test",	PACKET("\1a\4test\0") },
	{ "final dot",		"a.test.",	PACKET("\1a\4test\0") },
	{ "case kept",		"A.Test",	PACKET("\1A\4Test\0") },
	{ "single label",	"test",		PACKET("\4test\0") },
	{ "odd octets as they are", "a\\b c\xff.te\"st", PACKET("\6a\\b c\xff\5te\"st\0") },
	{ "backslash digits",	"\\097.test",	PACKET("\4\\097\4test\0") },
	{ "label of 63",	L63 ".test",	PACKET("\x3f" L63 "\4test\0") },
	{ "label of 64",	L63 "x.test",	NULL, 0 },
	{ "253 octets",		L63 "." L63 "." L63 "."
	    "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxy",
	    PACKET("\x3f" L63 "\x3f" L63 "\x3f" L63
	    "\x3d" "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxy\0") },
	{ "254 octets",		L63 "." L63 "." L63 "."
	    "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz", NULL, 0 },
	{ "empty",		"",		NULL, 0 },
	{ "root",		".",		NULL, 0 },
	{ "empty label",	"a..test",	NULL, 0 },
	{ "leading dot",	".test",	NULL, 0 },
	{ "two final dots",	"a.test..",	NULL, 0 },
};

START_TEST(question_case)
{
	const struct question_case *c = &question_cases[_i];
	unsigned char packet[DNSMSG_QUESTION_MAX];
	size_t len = dnsmsg_question(packet, 0x1234, c->name, DNS_TYPE_TXT, false);

	if (c->wire == NULL) {
		ck_assert_msg(len == 0, "%s: asked", c->what);
		return;
	}
	ck_assert_msg(len == 12 + c->wire_len + 4, "%s: %zu octets", c->what, len);
	ck_assert(memcmp(packet, "\x12\x34\1\0\0\1\0\0\0\0\0\0", 12) == 0);
	ck_assert_msg(memcmp(packet + 12, c->wire, c->wire_len) == 0, "%s: name", c->what);
	ck_assert(memcmp(packet + 12 + c->wire_len, TXT IN, 4) == 0);

	len = dnsmsg_question(packet, 0x1234, c->name, DNS_TYPE_TXT, true);
	ck_assert_uint_eq(len, 12 + c->wire_len + 4 + 11);
	ck_assert_uint_eq(packet[11], 1);
	ck_assert(memcmp(packet + len - 11, "\0" OPT "\4\xd0\0\0\0\0\0\0", 11) == 0);
}
END_TEST

START_TEST(references)
{
	struct dns_answer *a = dns_answer_new(DNS_NODATA, 7), *b = dns_answer_ref(a);

	ck_assert_ptr_eq(a, b);
	dns_answer_unref(&a);
	ck_assert_uint_eq(b->ttl_secs, 7);
	dns_answer_unref(&b);
	dns_answer_unref(&b);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("dnsmsg");
	TCase *tc = tcase_create("packets");

	tcase_add_loop_test(tc, packet_case, 0, COUNT(packet_cases));
	tcase_add_test(tc, mx_preference);
	tcase_add_test(tc, many_records);
	tcase_add_test(tc, long_cname_chain);
	tcase_add_test(tc, costly_names);
	tcase_add_loop_test(tc, question_case, 0, COUNT(question_cases));
	tcase_add_test(tc, references);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
