/*
 * check_extdest.c - who may receive reports about a policy domain. RFC 9990, 4.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libopendmarc/core/extdest.h"
#include "tests/unit/dnsrows.h"
#include "tests/unit/suite.h"

#define BLUE	"blue.example.com"
#define RED	"red.example.net"
#define ASK	BLUE "._report._dmarc." RED
#define L63	"a23456789012345678901234567890123456789012345678901234567890123"
#define L50	"a2345678901234567890123456789012345678901234567890"

static const struct extdest_case {
	const char	*what, *policy_domain, *host;
	enum odm_report_kind kind;
	struct dns_row	 rows[4];
	enum odm_extdest result;
	const char	*override;	/* NULL: the published URI stands */
	size_t		 asked;
} cases[] = {
	/* The rows of the standard's rules, one by one. */
	{ "agreed", BLUE, RED, ODM_REPORT_AGGREGATE, { { ASK, "v=DMARC1" } },
	    ODM_EXTDEST_VERIFIED, NULL, 1 },
	{ "agreed with another address", BLUE, RED, ODM_REPORT_AGGREGATE,
	    { { ASK, "v=DMARC1; rua=mailto:new@red.example.net" } },
	    ODM_EXTDEST_VERIFIED, "mailto:new@red.example.net", 1 },
	{ "agreed with an address elsewhere", BLUE, RED, ODM_REPORT_AGGREGATE,
	    { { ASK, "v=DMARC1; rua=mailto:x@evil.example" } }, ODM_EXTDEST_REFUSED, NULL, 1 },
	{ "the record stands at another name", BLUE, RED, ODM_REPORT_AGGREGATE,
	    { { BLUE "._report._dmarc.example.net", "v=DMARC1" } }, ODM_EXTDEST_REFUSED, NULL, 1 },
	{ "no record", BLUE, RED, ODM_REPORT_AGGREGATE, { { 0 } }, ODM_EXTDEST_REFUSED, NULL, 1 },
	{ "a failure", BLUE, RED, ODM_REPORT_AGGREGATE, { { ASK, NULL } },
	    ODM_EXTDEST_TEMPERROR, NULL, 1 },
	{ "v is not first", BLUE, RED, ODM_REPORT_AGGREGATE, { { ASK, "p=none; v=DMARC1" } },
	    ODM_EXTDEST_REFUSED, NULL, 1 },
	{ "beside another record", BLUE, RED, ODM_REPORT_AGGREGATE,
	    { { ASK, "v=spf1 -all" }, { ASK, "v=DMARC1;" } }, ODM_EXTDEST_VERIFIED, NULL, 1 },
	{ "the same organization needs no permission", BLUE, "mail.example.com",
	    ODM_REPORT_AGGREGATE, { { "_dmarc.example.com", "v=DMARC1; p=none" } },
	    ODM_EXTDEST_INTERNAL, NULL, 4 },
	{ "a wildcard agrees for every domain", "any.example.org", "example.com",
	    ODM_REPORT_AGGREGATE, { { "any.example.org._report._dmarc.example.com", "v=DMARC1" } },
	    ODM_EXTDEST_VERIFIED, NULL, 1 },
	{ "a name too long for the DNS", L63 "." L63 "." L63 ".example.com",
	    L50 ".example.net", ODM_REPORT_AGGREGATE, { { 0 } }, ODM_EXTDEST_REFUSED, NULL, 0 },

	/* Failure reports look at ruf instead. */
	{ "ruf is not read for aggregate reports", BLUE, RED, ODM_REPORT_AGGREGATE,
	    { { ASK, "v=DMARC1; ruf=mailto:x@evil.example" } }, ODM_EXTDEST_VERIFIED, NULL, 1 },
	{ "rua is not read for failure reports", BLUE, RED, ODM_REPORT_FAILURE,
	    { { ASK, "v=DMARC1; rua=mailto:x@evil.example" } }, ODM_EXTDEST_VERIFIED, NULL, 1 },
	{ "ruf replaces for failure reports", BLUE, RED, ODM_REPORT_FAILURE,
	    { { ASK, "v=DMARC1; rua=mailto:a@" RED "; ruf=mailto:f@" RED } },
	    ODM_EXTDEST_VERIFIED, "mailto:f@" RED, 1 },
	{ "the example with a third party", "example.com", "thirdparty.example.net",
	    ODM_REPORT_FAILURE,
	    { { "example.com._report._dmarc.thirdparty.example.net", "v=DMARC1;" } },
	    ODM_EXTDEST_VERIFIED, NULL, 1 },

	/* Every host of the override is looked at. */
	{ "several addresses on the host", BLUE, RED, ODM_REPORT_AGGREGATE,
	    { { ASK, "v=DMARC1; rua=mailto:a@" RED ", mailto:b@" RED } },
	    ODM_EXTDEST_VERIFIED, "mailto:a@" RED ", mailto:b@" RED, 1 },
	{ "one of several is elsewhere", BLUE, RED, ODM_REPORT_AGGREGATE,
	    { { ASK, "v=DMARC1; rua=mailto:a@" RED ",mailto:b@evil.example" } },
	    ODM_EXTDEST_REFUSED, NULL, 1 },
	{ "below the host is elsewhere", BLUE, RED, ODM_REPORT_AGGREGATE,
	    { { ASK, "v=DMARC1; rua=mailto:a@sub." RED } }, ODM_EXTDEST_REFUSED, NULL, 1 },
	{ "above the host is elsewhere", BLUE, RED, ODM_REPORT_AGGREGATE,
	    { { ASK, "v=DMARC1; rua=mailto:a@example.net" } }, ODM_EXTDEST_REFUSED, NULL, 1 },
	{ "letter case of the host", BLUE, RED, ODM_REPORT_AGGREGATE,
	    { { ASK, "v=DMARC1; rua=mailto:a@RED.Example.NET" } },
	    ODM_EXTDEST_VERIFIED, "mailto:a@RED.Example.NET", 1 },
	{ "a host percent-encoded elsewhere", BLUE, RED, ODM_REPORT_AGGREGATE,
	    { { ASK, "v=DMARC1; rua=mailto:a%40evil.example" } }, ODM_EXTDEST_REFUSED, NULL, 1 },
	{ "https on the host", BLUE, RED, ODM_REPORT_AGGREGATE,
	    { { ASK, "v=DMARC1; rua=https://" RED "/reports" } },
	    ODM_EXTDEST_VERIFIED, "https://" RED "/reports", 1 },
	{ "https elsewhere", BLUE, RED, ODM_REPORT_AGGREGATE,
	    { { ASK, "v=DMARC1; rua=https://evil.example/" } }, ODM_EXTDEST_REFUSED, NULL, 1 },
	{ "a scheme that we do not know is ignored", BLUE, RED, ODM_REPORT_AGGREGATE,
	    { { ASK, "v=DMARC1; rua=gopher://evil.example/,mailto:a@" RED } },
	    ODM_EXTDEST_VERIFIED, "gopher://evil.example/,mailto:a@" RED, 1 },
	{ "only a scheme that we do not know", BLUE, RED, ODM_REPORT_AGGREGATE,
	    { { ASK, "v=DMARC1; rua=gopher://evil.example/" } }, ODM_EXTDEST_VERIFIED, NULL, 1 },
	{ "an unusable override is none", BLUE, RED, ODM_REPORT_AGGREGATE,
	    { { ASK, "v=DMARC1; rua=nonsense" } }, ODM_EXTDEST_VERIFIED, NULL, 1 },
	{ "an empty override is none", BLUE, RED, ODM_REPORT_AGGREGATE,
	    { { ASK, "v=DMARC1; rua=" } }, ODM_EXTDEST_VERIFIED, NULL, 1 },

	/* Several records come in any order. */
	{ "two overrides: the first as sorted", BLUE, RED, ODM_REPORT_AGGREGATE,
	    { { ASK, "v=DMARC1; rua=mailto:b@" RED }, { ASK, "v=DMARC1; rua=mailto:a@" RED } },
	    ODM_EXTDEST_VERIFIED, "mailto:a@" RED, 1 },
	{ "two overrides in the other order", BLUE, RED, ODM_REPORT_AGGREGATE,
	    { { ASK, "v=DMARC1; rua=mailto:a@" RED }, { ASK, "v=DMARC1; rua=mailto:b@" RED } },
	    ODM_EXTDEST_VERIFIED, "mailto:a@" RED, 1 },
	{ "two overrides, one the beginning of the other", BLUE, RED, ODM_REPORT_AGGREGATE,
	    { { ASK, "v=DMARC1; rua=mailto:a@" RED ",mailto:b@" RED },
	    { ASK, "v=DMARC1; rua=mailto:a@" RED } },
	    ODM_EXTDEST_VERIFIED, "mailto:a@" RED, 1 },
	{ "an override elsewhere beside a good record", BLUE, RED, ODM_REPORT_AGGREGATE,
	    { { ASK, "v=DMARC1" }, { ASK, "v=DMARC1; rua=mailto:x@evil.example" } },
	    ODM_EXTDEST_REFUSED, NULL, 1 },
	{ "an override beside a record without one", BLUE, RED, ODM_REPORT_AGGREGATE,
	    { { ASK, "v=DMARC1; rua=mailto:a@" RED }, { ASK, "v=DMARC1" } },
	    ODM_EXTDEST_VERIFIED, "mailto:a@" RED, 1 },

	/* Which names are one organization. */
	{ "the policy domain itself", BLUE, BLUE, ODM_REPORT_AGGREGATE, { { 0 } },
	    ODM_EXTDEST_INTERNAL, NULL, 0 },
	{ "the organizational domain", BLUE, "example.com", ODM_REPORT_AGGREGATE,
	    { { "_dmarc.example.com", "v=DMARC1; p=none" } }, ODM_EXTDEST_INTERNAL, NULL, 3 },
	{ "a subtree of another organization", "example.com", "mail.example.com",
	    ODM_REPORT_AGGREGATE,
	    { { "_dmarc.example.com", "v=DMARC1" }, { "_dmarc.mail.example.com", "v=DMARC1; psd=n" } },
	    ODM_EXTDEST_REFUSED, NULL, 4 },
	{ "a neighbour under the same suffix", "example.com", "reports.com", ODM_REPORT_AGGREGATE,
	    { { "_dmarc.example.com", "v=DMARC1" },
	    { "example.com._report._dmarc.reports.com", "v=DMARC1" } },
	    ODM_EXTDEST_VERIFIED, NULL, 3 },
	{ "two names under a suffix that no list knows", "a.unknowntld", "b.unknowntld",
	    ODM_REPORT_AGGREGATE, { { "_dmarc.a.unknowntld", "v=DMARC1" } },
	    ODM_EXTDEST_REFUSED, NULL, 3 },
	{ "below the same public suffix", "giant.bank.example", "mega.bank.example",
	    ODM_REPORT_AGGREGATE,
	    { { "_dmarc.giant.bank.example", "v=DMARC1" }, { "_dmarc.bank.example", "v=DMARC1; psd=y" } },
	    ODM_EXTDEST_REFUSED, NULL, 3 },
	{ "the public suffix's own policy", "bank.example", "mail.giant.bank.example",
	    ODM_REPORT_AGGREGATE, { { "_dmarc.bank.example", "v=DMARC1; psd=y" },
	    { "bank.example._report._dmarc.mail.giant.bank.example", "v=DMARC1" } },
	    ODM_EXTDEST_VERIFIED, NULL, 4 },
	{ "the owner's walk fails", BLUE, "mail.example.com", ODM_REPORT_AGGREGATE,
	    { { "_dmarc.example.com", NULL } }, ODM_EXTDEST_TEMPERROR, NULL, 2 },
	{ "the receiver's walk fails", BLUE, "mail.example.com", ODM_REPORT_AGGREGATE,
	    { { "_dmarc.example.com", "v=DMARC1" }, { "_dmarc.mail.example.com", NULL } },
	    ODM_EXTDEST_TEMPERROR, NULL, 4 },
};

static struct odm_extdest_check *
new_check(const struct extdest_case *c)
{
	struct odm_extdest_check *check = odm_extdest_new(c->policy_domain, c->host, c->kind);

	ck_assert_ptr_nonnull(check);
	return check;
}

START_TEST(verify)
{
	const struct extdest_case *c = &cases[_i];
	struct odm_extdest_check *check = new_check(c);
	struct odm_questions *qs = odm_extdest_questions(check);
	enum odm_extdest result;
	struct odm_span override;

	while ((result = odm_extdest_run(check)) == ODM_EXTDEST_OPEN) {
		ck_assert_ptr_nonnull(odm_questions_open(qs, 0));
		ck_assert_uint_eq(odm_extdest_override(check).len, 0);
		dns_rows_feed(qs, odm_questions_open(qs, 0), c->rows, COUNT(c->rows));
	}
	ck_assert_msg(result == c->result, "%s: got %d, want %d", c->what, (int)result,
	    (int)c->result);
	ck_assert_int_eq(odm_extdest_run(check), result);
	ck_assert_msg(dns_rows_asked(qs) == c->asked, "%s: asked %zu", c->what,
	    dns_rows_asked(qs));
	override = odm_extdest_override(check);
	ck_assert_msg(c->override == NULL ? override.len == 0 : odm_span_eq(override, c->override),
	    "%s: override %.*s", c->what, (int)override.len, override.at);
	odm_extdest_free(&check);
	ck_assert_ptr_null(check);
	odm_extdest_free(&check);
}
END_TEST

/* N has exactly 253 octets, the most that the DNS takes, and one more. */
START_TEST(longest_name)
{
	/* 7 + 16 + 230 = 253: "abc.com", "._report._dmarc.", and the host. */
	static const struct {
		const char	*policy_domain;
		enum odm_extdest result;
		size_t		 asked;
	} edges[] = {
		{ "abc.com", ODM_EXTDEST_OPEN, 1 },
		{ "abcd.com", ODM_EXTDEST_REFUSED, 0 },
	};
	char host[ODM_NAME_MAX + 1] = L63 "." L63 "." L63 ".";
	struct odm_extdest_check *check;

	while (strlen(host) < 226)
		(void)strlcat(host, "b", sizeof(host));
	(void)strlcat(host, ".net", sizeof(host));
	ck_assert_uint_eq(strlen(host), 230);
	check = odm_extdest_new(edges[_i].policy_domain, host, ODM_REPORT_AGGREGATE);
	ck_assert_ptr_nonnull(check);
	ck_assert_int_eq(odm_extdest_run(check), edges[_i].result);
	ck_assert_uint_eq(dns_rows_asked(odm_extdest_questions(check)), edges[_i].asked);
	odm_extdest_free(&check);
}
END_TEST

/* What cannot be asked can be asked again later. */
START_TEST(a_full_table_is_temperror)
{
	static const struct extdest_case none = { .policy_domain = BLUE, .host = RED };
	struct odm_extdest_check *check = new_check(&none);
	char name[32];

	for (int i = 0; i < ODM_QUESTIONS_MAX; i++) {
		ck_assert_int_gt(snprintf(name, sizeof(name), "%d.example", i), 0);
		ck_assert_int_ge(odm_questions_ask(odm_extdest_questions(check),
		    ODM_QUESTION_TXT, name), 0);
	}
	ck_assert_int_eq(odm_extdest_run(check), ODM_EXTDEST_TEMPERROR);
	odm_extdest_free(&check);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("extdest");
	TCase *tc = tcase_create("extdest");

	tcase_add_loop_test(tc, verify, 0, (int)COUNT(cases));
	tcase_add_loop_test(tc, longest_name, 0, 2);
	tcase_add_test(tc, a_full_table_is_temperror);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
