/*
 * check_legacy.c - the 1.x API linked as any program would: numbers and layout that
 * are ABI, right verdicts in any order of calls, buffers of every size.
 */
#include <check.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libopendmarc/dmarc.h"
#include "tests/unit/suite.h"

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

#if defined(__linux__) && defined(__x86_64__) && defined(__GLIBC__)
_Static_assert(sizeof(OPENDMARC_LIB_T) == 4152, "size is ABI");
_Static_assert(offsetof(OPENDMARC_LIB_T, tld_type) == 0, "offset is ABI");
_Static_assert(offsetof(OPENDMARC_LIB_T, tld_source_file) == 4, "offset is ABI");
_Static_assert(offsetof(OPENDMARC_LIB_T, nscount) == 4100, "offset is ABI");
_Static_assert(offsetof(OPENDMARC_LIB_T, nsaddr_list) == 4104, "offset is ABI");
#endif

static const struct number {
	const char	*what;
	int		 got, want;
} numbers[] = {
	{ "hostname length", DMARC_MAXHOSTNAMELEN, 256 },
	{ "ipv4", DMARC_POLICY_IP_TYPE_IPV4, 4 },
	{ "ipv6", DMARC_POLICY_IP_TYPE_IPV6, 6 },
	{ "mailfrom", DMARC_POLICY_SPF_ORIGIN_MAILFROM, 1 },
	{ "helo", DMARC_POLICY_SPF_ORIGIN_HELO, 2 },
	{ "spf none", DMARC_POLICY_SPF_OUTCOME_NONE, 0 },
	{ "spf pass", DMARC_POLICY_SPF_OUTCOME_PASS, 1 },
	{ "spf fail", DMARC_POLICY_SPF_OUTCOME_FAIL, 2 },
	{ "spf tmp", DMARC_POLICY_SPF_OUTCOME_TMPFAIL, 3 },
	{ "spf aligned", DMARC_POLICY_SPF_ALIGNMENT_PASS, 4 },
	{ "spf not aligned", DMARC_POLICY_SPF_ALIGNMENT_FAIL, 5 },
	{ "dkim none", DMARC_POLICY_DKIM_OUTCOME_NONE, 0 },
	{ "dkim pass", DMARC_POLICY_DKIM_OUTCOME_PASS, 1 },
	{ "dkim fail", DMARC_POLICY_DKIM_OUTCOME_FAIL, 2 },
	{ "dkim tmp", DMARC_POLICY_DKIM_OUTCOME_TMPFAIL, 3 },
	{ "dkim aligned", DMARC_POLICY_DKIM_ALIGNMENT_PASS, 4 },
	{ "dkim not aligned", DMARC_POLICY_DKIM_ALIGNMENT_FAIL, 5 },
	{ "a unspecified", DMARC_RECORD_A_UNSPECIFIED, 0 },
	{ "a strict", DMARC_RECORD_A_STRICT, 115 },
	{ "a relaxed", DMARC_RECORD_A_RELAXED, 114 },
	{ "p unspecified", DMARC_RECORD_P_UNSPECIFIED, 0 },
	{ "p none", DMARC_RECORD_P_NONE, 110 },
	{ "p quarantine", DMARC_RECORD_P_QUARANTINE, 113 },
	{ "p reject", DMARC_RECORD_P_REJECT, 114 },
	{ "rf unspecified", DMARC_RECORD_RF_UNSPECIFIED, 0 },
	{ "rf afrf", DMARC_RECORD_RF_AFRF, 1 },
	{ "rf iodef", DMARC_RECORD_RF_IODEF, 2 },
	{ "fo unspecified", DMARC_RECORD_FO_UNSPECIFIED, 0 },
	{ "fo 0", DMARC_RECORD_FO_0, 1 },
	{ "fo 1", DMARC_RECORD_FO_1, 2 },
	{ "fo d", DMARC_RECORD_FO_D, 4 },
	{ "fo s", DMARC_RECORD_FO_S, 8 },
	{ "okay", DMARC_PARSE_OKAY, 0 },
	{ "empty", DMARC_PARSE_ERROR_EMPTY, 1 },
	{ "null", DMARC_PARSE_ERROR_NULL_CTX, 2 },
	{ "version", DMARC_PARSE_ERROR_BAD_VERSION, 3 },
	{ "value", DMARC_PARSE_ERROR_BAD_VALUE, 4 },
	{ "no p", DMARC_PARSE_ERROR_NO_REQUIRED_P, 5 },
	{ "no domain", DMARC_PARSE_ERROR_NO_DOMAIN, 6 },
	{ "memory", DMARC_PARSE_ERROR_NO_ALLOC, 7 },
	{ "spf macro", DMARC_PARSE_ERROR_BAD_SPF_MACRO, 8 },
	{ "dkim macro", DMARC_PARSE_ERROR_BAD_DKIM_MACRO, 8 },
	{ "no record", DMARC_DNS_ERROR_NO_RECORD, 9 },
	{ "nxdomain", DMARC_DNS_ERROR_NXDOMAIN, 10 },
	{ "temporary", DMARC_DNS_ERROR_TMPERR, 11 },
	{ "tld", DMARC_TLD_ERROR_UNKNOWN, 12 },
	{ "no from", DMARC_FROM_DOMAIN_ABSENT, 13 },
	{ "absent", DMARC_POLICY_ABSENT, 14 },
	{ "pass", DMARC_POLICY_PASS, 15 },
	{ "reject", DMARC_POLICY_REJECT, 16 },
	{ "quarantine", DMARC_POLICY_QUARANTINE, 17 },
	{ "none", DMARC_POLICY_NONE, 18 },
	{ "is p", DMARC_USED_POLICY_IS_P, 19 },
	{ "is sp", DMARC_USED_POLICY_IS_SP, 20 },
	{ "tld none", OPENDMARC_TLD_TYPE_NONE, 0 },
	{ "tld mozilla", OPENDMARC_TLD_TYPE_MOZILLA, 1 },
	{ "name servers", OPENDMARC_MAX_NSADDRLIST, 8 },
	{ "status type", sizeof(OPENDMARC_STATUS_T) == sizeof(int), 1 },
};

START_TEST(number_is_abi)
{
	ck_assert_msg(numbers[_i].got == numbers[_i].want, "%s: got %d, want %d", numbers[_i].what,
	    numbers[_i].got, numbers[_i].want);
}
END_TEST

/* The API takes pointers to text that it does not change. */
static u_char *
text(const char *s)
{
	union {
		const char *in;
		u_char *out;
	} u = { s };

	return u.out;
}

static DMARC_POLICY_T *
context(const char *from, const char *record)
{
	DMARC_POLICY_T *c = opendmarc_policy_connect_init(text("192.0.2.1"), 0);

	ck_assert_ptr_nonnull(c);
	if (from != NULL)
		ck_assert_int_eq(opendmarc_policy_store_from_domain(c, text(from)), 0);
	if (record != NULL)
		ck_assert_int_eq(opendmarc_policy_store_dmarc(c, text(record), text(from), NULL),
		    0);
	return c;
}

static void
done(DMARC_POLICY_T *c)
{
	ck_assert_ptr_null(opendmarc_policy_connect_shutdown(c));
}

/* Alignment; each row holds in both directions. */
static const struct pair {
	const char	*a, *b;
	int		 relaxed, strict;
} pairs[] = {
	{ "example.com",		"example.com",		0,  0 },
	{ "EXAMPLE.COM.",		"example.com",		0,  0 },
	{ "sub.example.com",		"example.com",		0,  -1 },
	{ "ab.example.com",		"cd.example.com",	0,  -1 },
	{ "x.com",			"evil.com",		-1, -1 },
	{ "x.com",			"y.com",		-1, -1 },
	{ "a.co.uk",			"b.co.uk",		-1, -1 },
	{ "SUB.EXAMPLE.CO.UK",		"example.co.uk",	0,  -1 },
	{ "example.com",		"com",			-1, -1 },
	{ "bank.co.uk",			"co.uk",		-1, -1 },
	{ "a.github.io",		"b.github.io",		-1, -1 },
	{ "a.x.unknowntld",		"x.unknowntld",		0,  -1 },
	{ "x.unknowntld",		"y.unknowntld",		-1, -1 },
	{ "www.city.kobe.jp",		"city.kobe.jp",		0,  -1 },
	{ "foo.bar.kobe.jp",		"baz.bar.kobe.jp",	-1, -1 },
	{ "a.m\303\274nchen.example",	"xn--mnchen-3ya.example", 0, -1 },
	{ "notexample.com",		"example.com",		-1, -1 },
	{ "",				"example.com",		-1, -1 },
	{ "exa mple.com",		"exa mple.com",		-1, -1 },
};

START_TEST(pair_aligns)
{
	const struct pair *p = &pairs[_i];

	ck_assert_int_eq(opendmarc_policy_check_alignment(text(p->a), text(p->b), 'r'), p->relaxed);
	ck_assert_int_eq(opendmarc_policy_check_alignment(text(p->b), text(p->a), 'r'), p->relaxed);
	ck_assert_int_eq(opendmarc_policy_check_alignment(text(p->a), text(p->b), 0), p->relaxed);
	ck_assert_int_eq(opendmarc_policy_check_alignment(text(p->a), text(p->b), 's'), p->strict);
	ck_assert_int_eq(opendmarc_policy_check_alignment(text(p->b), text(p->a), 's'), p->strict);
}
END_TEST

/* Signatures in both orders; any aligned pass is enough. */
static const struct signatures {
	const char	*from, *record, *a, *b;
	int		 a_result, b_result, want;
} signatures[] = {
	{ "example.org", "v=DMARC1;p=reject", "example.org", "bad.example", 2, 1, 16 },
	{ "example.org", "v=DMARC1;p=reject", "sub.example.org", "example.org", 1, 2, 15 },
	{ "example.org", "v=DMARC1;p=reject;adkim=s", "sub.example.org", "example.org", 1, 1, 15 },
	{ "example.org", "v=DMARC1;p=reject;adkim=s", "sub.example.org", "a.example.org", 1, 1,
	    16 },
	{ "example.org", "v=DMARC1;p=quarantine", "org", "example", 1, 1, 17 },
	{ "example.org", "v=DMARC1;p=none", "example.org", "example.org", 3, 3, 18 },
	{ "example.org", "v=DMARC1;p=reject", "EXAMPLE.ORG", "bad.example", 1, 1, 15 },
};

START_TEST(signatures_in_any_order)
{
	const struct signatures *s = &signatures[_i / 2];
	int turned = _i % 2;
	DMARC_POLICY_T *c = context(s->from, NULL);

	ck_assert_int_eq(opendmarc_policy_store_dkim(c, text(turned ? s->b : s->a), text("s"),
	    turned ? s->b_result : s->a_result, text("x")), 0);
	ck_assert_int_eq(opendmarc_policy_store_dkim(c, text(turned ? s->a : s->b), NULL,
	    turned ? s->a_result : s->b_result, NULL), 0);
	ck_assert_int_eq(opendmarc_policy_store_dmarc(c, text(s->record), text(s->from), NULL), 0);
	ck_assert_int_eq(opendmarc_get_policy_to_enforce(c), s->want);
	done(c);
}
END_TEST

/* Of signatures that say the same, the first is shown. */
START_TEST(first_of_equals_is_shown)
{
	DMARC_POLICY_T *c = context("example.org", NULL);
	char dump[2000];

	ck_assert_int_eq(opendmarc_policy_store_dkim(c, text("a.example"), NULL, 2, NULL), 0);
	ck_assert_int_eq(opendmarc_policy_store_dkim(c, text("b.example"), NULL, 1, NULL), 0);
	ck_assert_int_eq(opendmarc_policy_store_dkim(c, text("c.example"), NULL, 1, NULL), 0);
	ck_assert_int_eq(opendmarc_policy_to_buf(c, dump, sizeof(dump)), 0);
	ck_assert_ptr_nonnull(strstr(dump, "\nDKIM_DOMAIN=b.example\n"));
	done(c);
}
END_TEST

START_TEST(exact_signature_behind_many)
{
	DMARC_POLICY_T *c = context("example.org", "v=DMARC1;p=reject;adkim=s");
	char name[40];
	int i;

	for (i = 0; i < 500; i++) {
		(void)snprintf(name, sizeof(name), "d%d.example", i);
		ck_assert_int_eq(opendmarc_policy_store_dkim(c, text(name), NULL, 1, NULL), 0);
	}
	ck_assert_int_eq(opendmarc_get_policy_to_enforce(c), DMARC_POLICY_REJECT);
	ck_assert_int_eq(opendmarc_policy_store_dkim(c, text("example.org"), NULL, 1, NULL), 0);
	ck_assert_int_eq(opendmarc_get_policy_to_enforce(c), DMARC_POLICY_PASS);
	done(c);
}
END_TEST

START_TEST(several_authors_must_all_align)
{
	DMARC_POLICY_T *c = context("a@example.org, b@example.net", NULL);

	ck_assert_int_eq(opendmarc_policy_store_dkim(c, text("example.org"), NULL, 1, NULL), 0);
	ck_assert_int_eq(opendmarc_policy_store_dmarc(c, text("v=DMARC1;p=reject"),
	    text("example.org"), NULL), 0);
	ck_assert_int_eq(opendmarc_get_policy_to_enforce(c), DMARC_POLICY_REJECT);
	ck_assert_int_eq(opendmarc_policy_store_dkim(c, text("example.net"), NULL, 1, NULL), 0);
	ck_assert_int_eq(opendmarc_get_policy_to_enforce(c), DMARC_POLICY_PASS);
	done(c);
}
END_TEST

START_TEST(last_store_counts)
{
	DMARC_POLICY_T *c = context("first.example", "v=DMARC1;p=reject");
	u_char buf[100];

	ck_assert_int_eq(opendmarc_policy_store_from_domain(c, text("second.example")), 0);
	ck_assert_int_eq(opendmarc_policy_fetch_from_domain(c, buf, sizeof(buf)), 0);
	ck_assert_str_eq((char *)buf, "second.example");
	ck_assert_int_eq(opendmarc_policy_store_spf(c, text("other.example"), 1, 1, text("one")),
	    0);
	ck_assert_int_eq(opendmarc_policy_store_spf(c, text("second.example"), 1, 2, text("two")),
	    0);
	ck_assert_int_eq(opendmarc_get_policy_to_enforce(c), DMARC_POLICY_PASS);
	ck_assert_int_eq(opendmarc_policy_store_spf(c, text("<>"), 1, 2, NULL), 0);
	ck_assert_int_eq(opendmarc_get_policy_to_enforce(c), DMARC_POLICY_REJECT);
	done(c);
}
END_TEST

START_TEST(organizational_record_uses_sp)
{
	DMARC_POLICY_T *c = context("sub.example.org", NULL);

	ck_assert_int_eq(opendmarc_policy_store_dmarc(c, text("v=DMARC1;p=reject;sp=none"),
	    text("sub.example.org"), text("example.org")), 0);
	ck_assert_int_eq(opendmarc_get_policy_to_enforce(c), DMARC_POLICY_NONE);
	ck_assert_int_eq(opendmarc_get_policy_token_used(c), DMARC_USED_POLICY_IS_SP);
	/* The record of the From domain itself: p, whatever it is called. */
	ck_assert_int_eq(opendmarc_policy_store_dmarc(c, text("v=DMARC1;p=reject;sp=none"),
	    text("sub.example.org"), text("sub.example.org")), 0);
	ck_assert_int_eq(opendmarc_get_policy_to_enforce(c), DMARC_POLICY_REJECT);
	ck_assert_int_eq(opendmarc_get_policy_token_used(c), DMARC_USED_POLICY_IS_P);
	done(c);
}
END_TEST

/* Buffers of every size: what does not fit is left out, and nothing behind it touched. */
START_TEST(buffers_of_every_size)
{
	static const char whole[] = "mailto:a@example.org,mailto:b@example.org";
	DMARC_POLICY_T *c = context("example.org",
	    "v=DMARC1;p=none;rua=mailto:a@example.org,mailto:b@example.org");
	size_t size;

	for (size = 1; size <= sizeof(whole) + 2; size++) {
		u_char *buf = malloc(size);

		ck_assert_ptr_nonnull(buf);
		ck_assert_ptr_nonnull(opendmarc_policy_fetch_rua(c, buf, size, 1));
		ck_assert_str_eq((char *)buf, size >= sizeof(whole) ? whole :
		    size > strlen("mailto:a@example.org") ? "mailto:a@example.org" : "");
		(void)opendmarc_policy_fetch_utilized_domain(c, buf, size);
		ck_assert_str_eq((char *)buf, size > strlen("example.org") ? "example.org" : "");
		ck_assert_int_eq(opendmarc_policy_to_buf(c, (char *)buf, size), E2BIG);
		free(buf);
	}
	/* No buffer, whatever its size is said to be. */
	ck_assert_ptr_nonnull(opendmarc_policy_fetch_rua(c, NULL, 100, 1));
	done(c);
}
END_TEST

START_TEST(fo_and_rf_belong_to_ruf)
{
	DMARC_POLICY_T *c = context("example.org", "v=DMARC1;p=none;fo=1:d:s");
	int fo = -1, rf = -1;

	ck_assert_int_eq(opendmarc_policy_fetch_fo(c, &fo), 0);
	ck_assert_int_eq(opendmarc_policy_fetch_rf(c, &rf), 0);
	ck_assert_int_eq(fo, DMARC_RECORD_FO_UNSPECIFIED);
	ck_assert_int_eq(rf, DMARC_RECORD_RF_UNSPECIFIED);
	ck_assert_int_eq(opendmarc_policy_store_dmarc(c,
	    text("v=DMARC1;p=none;fo=1:d:s;ruf=mailto:f@example.org"), text("example.org"), NULL),
	    0);
	ck_assert_int_eq(opendmarc_policy_fetch_fo(c, &fo), 0);
	ck_assert_int_eq(opendmarc_policy_fetch_rf(c, &rf), 0);
	ck_assert_int_eq(fo, DMARC_RECORD_FO_1 | DMARC_RECORD_FO_D | DMARC_RECORD_FO_S);
	ck_assert_int_eq(rf, DMARC_RECORD_RF_AFRF);
	ck_assert_int_eq(opendmarc_policy_fetch_fo(NULL, &fo), DMARC_PARSE_ERROR_NULL_CTX);
	ck_assert_int_eq(opendmarc_policy_fetch_fo(c, NULL), DMARC_PARSE_ERROR_EMPTY);
	done(c);
}
END_TEST

/* Records that are long, or odd at their end. */
START_TEST(records_of_every_length)
{
	size_t len = (size_t)_i + 20;
	DMARC_POLICY_T *c = context("example.org", NULL);
	char *record = malloc(len + 1);

	ck_assert_ptr_nonnull(record);
	memset(record, 'a', len);
	record[len] = '\0';
	memcpy(record, "v=DMARC1;p=none;x=", 18);
	ck_assert_int_eq(opendmarc_policy_parse_dmarc(c, text("example.org"), (u_char *)record), 0);
	memcpy(record, "v=DMARC1;p=none;rua=", 20);
	ck_assert_int_eq(opendmarc_policy_parse_dmarc(c, text("example.org"), (u_char *)record), 0);
	free(record);
	done(c);
}
END_TEST

START_TEST(crowded_record)
{
	static const char ten[] = "v=DMARC1; p=reject; rua="
	    "mailto:a0@example.org mailto:a1@example.org "
	    "mailto:a2@example.org mailto:a3@example.org mailto:a4@example.org "
	    "mailto:a5@example.org "
	    "mailto:a6@example.org mailto:a7@example.org mailto:a8@example.org "
	    "mailto:a9@example.org";
	DMARC_POLICY_T *c = context("example.org",
	    "v=DMARC1; p=reject; rf=afrfruf=mailto:x; fo=1; pct=100; rf=afrf");
	u_char buf[1000], **uris;

	ck_assert_int_eq(opendmarc_get_policy_to_enforce(c), DMARC_POLICY_REJECT);
	ck_assert_int_eq(opendmarc_policy_parse_dmarc(c, text("example.org"), text(ten)), 0);
	uris = opendmarc_policy_fetch_rua(c, buf, sizeof(buf), 0);
	ck_assert_ptr_nonnull(uris);
	ck_assert_ptr_null(opendmarc_util_clearargv(uris));
	done(c);
}
END_TEST

START_TEST(arrays_may_be_changed)
{
	DMARC_POLICY_T *c = context("example.org", "v=DMARC1;p=none;rua=mailto:a@example.org!10m");
	u_char **ours = opendmarc_policy_fetch_rua(c, NULL, 0, 1);
	u_char **copy = opendmarc_policy_fetch_rua(c, NULL, 0, 0);

	ck_assert_ptr_ne(ours, copy);
	ours[0][0] = 'M';
	*strchr((char *)ours[0], '!') = '\0';
	ck_assert_str_eq((char *)ours[0], "Mailto:a@example.org");
	ck_assert_str_eq((char *)copy[0], "mailto:a@example.org!10m");
	(void)opendmarc_util_clearargv(copy);
	done(c);
}
END_TEST

START_TEST(destinations)
{
	static const struct destination {
		const char *uri;
		int want;
	} cases[] = {
		{ "mailto:a@example.org",		0 },
		{ "mailto:a@sub.example.org",		0 },
		{ "mailto:a@exact.example",		0 },
		{ "mailto:a@exact.example!10m",		0 },
		{ "a@exact.example",			0 },
		{ "mailto:a@semicolon.example",		0 },
		{ "mailto:a@rua.example",		0 },
		{ "mailto:a@any.example",		0 },
		{ "mailto:a@no.example",		9 },
		{ "mailto:a@txt.example",		9 },
		{ "mailto:a@one.unknowntld",		9 },
		{ "mailto:nobody",			6 },
		{ "",					6 },
	};
	DMARC_POLICY_T *c = context("example.org", "v=DMARC1;p=none");
	size_t i;

	opendmarc_dns_fake_record("example.org._report._dmarc.exact.example", "v=DMARC1");
	opendmarc_dns_fake_record("example.org._report._dmarc.semicolon.example", "v=DMARC1;");
	opendmarc_dns_fake_record("example.org._report._dmarc.rua.example",
	    "v=DMARC1; rua=mailto:b@rua.example");
	opendmarc_dns_fake_record("*._report._dmarc.any.example", "v=DMARC1");
	opendmarc_dns_fake_record("example.org._report._dmarc.txt.example", "hello v=DMARC1");
	for (i = 0; i < COUNT(cases); i++)
		ck_assert_msg(opendmarc_policy_query_dmarc_xdomain(c,
		    text(cases[i].uri)) == cases[i].want,
		    "%s", cases[i].uri);
	done(c);

	c = context("two.unknowntld", "v=DMARC1;p=none");
	ck_assert_int_eq(opendmarc_policy_query_dmarc_xdomain(c, text("mailto:a@one.unknowntld")),
	    9);
	done(c);
	c = context(NULL, NULL);
	ck_assert_int_eq(opendmarc_policy_query_dmarc_xdomain(c, text("mailto:a@one.example")), 6);
	done(c);
}
END_TEST

START_TEST(spf_over_fake_records)
{
	static const struct spf {
		const char *ip, *sender, *helo;
		int softfail_okay, want, used;
		const char *words;
	} cases[] = {
		{ "192.0.2.1", "u@spf.example", "h.example", 0, 1, 1, "pass" },
		{ "192.0.2.1", "<u@spf.example>", "h.example", 0, 1, 1, "pass" },
		{ "192.0.2.1", "spf.example", NULL, 0, 1, 1, "pass" },
		{ "::ffff:192.0.2.1", "u@spf.example", NULL, 0, 1, 1, "pass" },
		{ "192.0.2.2", "u@spf.example", "h.example", 0, 2, 1, "fail" },
		{ "2001:db8::1", "u@spf.example", "h.example", 0, 2, 1, "fail" },
		{ "2001:db8::1", "u@six.example", "h.example", 0, 1, 1, "pass" },
		{ "192.0.2.2", "u@soft.example", "h.example", 0, 2, 1, "softfail" },
		{ "192.0.2.2", "u@soft.example", "h.example", 1, 1, 1, "softfail" },
		{ "192.0.2.1", "<>", "spf.example", 0, 1, 0, "pass" },
		{ "192.0.2.1", NULL, "spf.example", 0, 1, 0, "pass" },
		{ "192.0.2.1", "MAILER_DAEMON", "spf.example", 0, 1, 0, "pass" },
		{ "192.0.2.1", "u@none.example", "h.example", 0, 0, 1, "none" },
		{ "192.0.2.1", "", "", 0, 0, 0, "none" },
		{ NULL, "u@spf.example", "h.example", 0, 2, 1, "No IP address available" },
		{ "192.0.2.1.9", "u@spf.example", "h.example", 0, 2, 1, "No IP address available" },
	};
	char words[40];
	size_t i;
	int used;

	opendmarc_dns_fake_record("spf.example", "v=spf1 ip4:192.0.2.1 -all");
	opendmarc_dns_fake_record("six.example", "v=spf1 ip6:2001:db8::/32 -all");
	opendmarc_dns_fake_record("soft.example", "v=spf1 ~all");
	for (i = 0; i < COUNT(cases); i++) {
		const struct spf *s = &cases[i];

		ck_assert_msg(opendmarc_spf2_test((char *)text(s->ip), (char *)text(s->sender),
		    (char *)text(s->helo), NULL, s->softfail_okay, words, sizeof(words),
		    &used) == s->want,
		    "case %zu: %s", i, words);
		ck_assert_str_eq(words, s->words);
		ck_assert_int_eq(used, s->used);
		ck_assert_int_eq(opendmarc_spf_test((char *)text(s->ip), (char *)text(s->sender),
		    (char *)text(s->helo), NULL, s->softfail_okay, NULL, 0, NULL), s->want);
	}
}
END_TEST

/* Malformed, foreign and hostile reports are refused with a reason. */
START_TEST(reports_refused)
{
	static const char *const reports[] = {
		"", "not XML", "<feedback>", "<feedback><record></feedback>", "<other/>",
		("<!DOCTYPE f [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><feedback>"
		"<record><row><count>&b;</count></row></record></feedback>"),
	};
	char error[200], copy[200];
	size_t i, size;

	for (i = 0; i < COUNT(reports); i++) {
		error[0] = '\0';
		(void)snprintf(copy, sizeof(copy), "%s", reports[i]);
		ck_assert_ptr_null(opendmarc_xml(copy, strlen(copy), error, sizeof(error)));
		ck_assert_msg(strncmp(error, "XML: ", 5) == 0, "%zu: %s", i, error);
		ck_assert_ptr_null(strchr(error, '\n'));
		/* Nothing is written behind a short buffer, or without one. */
		for (size = 0; size < 8; size++) {
			memset(error, '#', sizeof(error));
			ck_assert_ptr_null(opendmarc_xml(copy, strlen(copy), error, size));
			ck_assert_int_eq(error[size], '#');
		}
		ck_assert_ptr_null(opendmarc_xml(copy, strlen(copy), NULL, 10));
	}
	ck_assert_ptr_null(opendmarc_xml(NULL, 10, error, sizeof(error)));
	ck_assert_ptr_null(opendmarc_xml_parse(NULL, error, sizeof(error)));
}
END_TEST

/* Reports of many sizes, in memory of exactly their size. */
START_TEST(reports_of_every_size)
{
	static const char head[] = "<feedback xmlns=\"urn:ietf:params:xml:ns:dmarc-2.0\">"
	    "<report_metadata>"
	    "<org_name>",
	    tail[] = "</org_name></report_metadata><record><row><count>3</count></row>"
	    "</record></feedback>";
	size_t fill = (size_t)_i, size = sizeof(head) + sizeof(tail) - 2 + fill;
	char *report = malloc(size), error[100];
	u_char **lines;

	ck_assert_ptr_nonnull(report);
	memcpy(report, head, sizeof(head) - 1);
	memset(report + sizeof(head) - 1, 'o', fill);
	memcpy(report + sizeof(head) - 1 + fill, tail, sizeof(tail) - 1);
	lines = opendmarc_xml(report, size, error, sizeof(error));
	ck_assert_ptr_nonnull(lines);
	ck_assert_ptr_nonnull(lines[0]);
	ck_assert_ptr_nonnull(strstr((char *)lines[1], ",3,"));
	ck_assert_ptr_null(lines[2]);
	(void)opendmarc_util_clearargv(lines);
	free(report);
}
END_TEST

START_TEST(lists)
{
	const char *dir = getenv("top_srcdir");
	char path[1000], missing[] = "/nonexistent";
	OPENDMARC_LIB_T lib;
	int i;

	(void)snprintf(path, sizeof(path), "%s/tests/legacy/suffixes.dat", dir == NULL ? "." : dir);
	ck_assert_int_eq(opendmarc_tld_read_file(NULL, NULL, NULL, NULL), EINVAL);
	for (i = 0; i < 50; i++) {
		memset(&lib, 0, sizeof(lib));
		ck_assert_int_eq(opendmarc_policy_library_init(&lib), 0);
		ck_assert_int_eq(opendmarc_tld_read_file(path, NULL, NULL, NULL), 0);
		ck_assert_int_eq(opendmarc_policy_check_alignment(text("a.co.jp"), text("b.co.jp"),
		    'r'), 0);
		ck_assert_int_eq(opendmarc_tld_read_file(missing, NULL, NULL, NULL), ENOENT);
		ck_assert_int_eq(opendmarc_policy_check_alignment(text("a.co.jp"), text("b.co.jp"),
		    'r'), 0);
		ck_assert_int_eq(opendmarc_tld_read_file(NULL, NULL, NULL, NULL), 0);
		opendmarc_tld_shutdown();
		/* co.jp is a public suffix in the built-in list only. */
		ck_assert_int_eq(opendmarc_policy_check_alignment(text("a.co.jp"), text("b.co.jp"),
		    'r'), -1);
		ck_assert_int_eq(opendmarc_policy_library_shutdown(&lib), 0);
	}
	lib.tld_type = OPENDMARC_TLD_TYPE_MOZILLA;
	(void)snprintf((char *)lib.tld_source_file, sizeof(lib.tld_source_file), "/nonexistent");
	errno = 0;
	ck_assert_int_eq(opendmarc_policy_library_init(&lib), DMARC_TLD_ERROR_UNKNOWN);
	ck_assert_int_eq(errno, ENOENT);
	memset(lib.tld_source_file, 'x', sizeof(lib.tld_source_file));
	lib.nscount = 1000;
	ck_assert_int_eq(opendmarc_policy_library_init(&lib), DMARC_TLD_ERROR_UNKNOWN);
	ck_assert_int_eq(opendmarc_policy_library_shutdown(NULL), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("legacy");
	TCase *tc = tcase_create("legacy");

	tcase_add_loop_test(tc, number_is_abi, 0, (int)COUNT(numbers));
	tcase_add_loop_test(tc, pair_aligns, 0, (int)COUNT(pairs));
	tcase_add_loop_test(tc, signatures_in_any_order, 0, 2 * (int)COUNT(signatures));
	tcase_add_test(tc, first_of_equals_is_shown);
	tcase_add_test(tc, exact_signature_behind_many);
	tcase_add_test(tc, several_authors_must_all_align);
	tcase_add_test(tc, last_store_counts);
	tcase_add_test(tc, organizational_record_uses_sp);
	tcase_add_test(tc, buffers_of_every_size);
	tcase_add_test(tc, fo_and_rf_belong_to_ruf);
	tcase_add_loop_test(tc, records_of_every_length, 225, 240);
	tcase_add_loop_test(tc, records_of_every_length, 485, 500);
	tcase_add_test(tc, crowded_record);
	tcase_add_test(tc, arrays_may_be_changed);
	tcase_add_test(tc, destinations);
	tcase_add_test(tc, spf_over_fake_records);
	tcase_add_test(tc, reports_refused);
	tcase_add_loop_test(tc, reports_of_every_size, 0, 70);
	tcase_add_test(tc, lists);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
