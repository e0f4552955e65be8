/*
 * check_decisionlog.c - the decision line: its keys and their order, what odd texts become,
 * and that it never passes its size.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libopendmarc/base/strbuf.h"
#include "opendmarc/decisionlog.h"
#include "tests/unit/suite.h"

static const struct odm_ip client = { AF_INET, { 192, 0, 2, 1 } };
static const struct odm_record published = { .p = ODM_POLICY_REJECT };

static const struct odm_verdict failed = {
	.result = ODM_DMARC_FAIL, .author_domain = "news.shop.test", .policy_domain = "shop.test",
	.org_domain = "shop.test", .record = &published, .tag = ODM_TAG_SP,
	.published = ODM_POLICY_REJECT, .effective = ODM_POLICY_REJECT, .pct = 100,
	.reason = "No identifier is aligned (RFC 0000, 1.1).",
};

static const struct dmf_decision delivered = {
	.result = ODM_DMARC_FAIL, .author_domain = "news.shop.test", .published = "reject",
	.disposition = "none", .would = "reject", .effective = "reject",
	.reasons = { { HISTORY_OVERRIDE_LOCAL_POLICY, NULL },
		{ HISTORY_OVERRIDE_OTHER, "a b,c:d\"e\\f" } }, .nreasons = 2,
};

static struct dmf_fields fields;
static struct conf conf;
static struct dmf_context ctx;

static void
set_up(void)
{
	dmf_fields_init(&fields);
	ctx = (struct dmf_context){
		.conf = &conf, .authserv_id = "mx.test", .job = "JOB1", .mta_name = "mx.test",
		.host_name = "filter.test", .client = client, .sender_domain = "sender.test",
		.helo = "helo.test",
	};
	conf.dkim_verifiers = 1;
}

static void
tear_down(void)
{
	dmf_fields_clear(&fields);
}

/* The inputs of one field of results; the caller frees them. */
static struct dmf_inputs *
read_results(const char *value)
{
	struct dmf_inputs *in;

	dmf_fields_add(&fields, DMF_FIELD_AUTHRES, odm_span_str(value));
	in = dmf_inputs_read(&ctx, &fields);
	ck_assert_ptr_nonnull(in);
	dmf_inputs_settle_spf(in, NULL);
	return in;
}

START_TEST(whole_line)
{
	struct dmf_inputs *in = read_results("mx.test; spf=pass smtp.mailfrom=sender.test; "
	    "dkim=fail header.d=shop.test header.s=k1; dkim=neutral header.d=esp.test");
	struct dmf_decisionlog src = {
		.job = "4F2C81A0B7", .client = client, .inputs = in, .verdict = &failed,
		.decision = &delivered, .dns_usecs = 20999, .end_usecs = 1000000,
	};
	char line[DMF_DECISION_SIZE];
	size_t len = dmf_decisionlog(&src, line);

	ck_assert_str_eq(line, "4F2C81A0B7: decision result=fail from=news.shop.test "
	    "policy_domain=shop.test org_domain=shop.test spf=pass spf_domain=sender.test "
	    "spf_source=header spf_aligned=no dkim=fail:shop.test:k1,neutral:esp.test:- "
	    "dkim_count=2 dkim_aligned=no tag=sp p=reject policy=reject "
	    "rule=\"No identifier is aligned (RFC 0000, 1.1).\" action=none "
	    "action_would=reject override=local_policy,other:a\\x20b\\x2cc\\x3ad\\x22e\\x5cf "
	    "client=192.0.2.1 dns_ms=20 total_ms=1000");
	ck_assert_uint_eq(len, strlen(line));
	dmf_inputs_free(&in);
}
END_TEST

START_TEST(nothing_known)
{
	struct dmf_decision refused;
	struct dmf_decisionlog src = { .job = "(unknown-jobid)", .client = client,
		.rule = "missing \"Date\"\n", .decision = &refused };
	char line[DMF_DECISION_SIZE];

	dmf_decide_refuse("missing", &refused);
	(void)dmf_decisionlog(&src, line);
	ck_assert_str_eq(line, "(unknown-jobid): decision result=permerror from=- policy_domain=- "
	    "org_domain=- spf=- spf_domain=- spf_source=- spf_aligned=no dkim=- dkim_count=0 "
	    "dkim_aligned=no tag=- p=- policy=- rule=\"missing \\x22Date\\x22\\x0a\" "
	    "action=reject action_would=reject override=- client=192.0.2.1 dns_ms=0 total_ms=0");
	dmf_decide_later("no disk", &refused);
	(void)dmf_decisionlog(&src, line);
	ck_assert_ptr_nonnull(strstr(line, " action=tempfail action_would=reject "));
}
END_TEST

/* Everything at its longest, in octets that take four each: the last key is still there. */
START_TEST(longest)
{
	char odd[1001], text[65536];
	struct odm_strbuf field;
	struct odm_verdict v = failed;
	struct dmf_decision d = delivered;
	struct dmf_decisionlog src = { .job = odd, .own_spf = true, .verdict = &v,
		.decision = &d, .dns_usecs = INT64_MAX, .end_usecs = INT64_MAX };
	char line[DMF_DECISION_SIZE];
	struct dmf_inputs *in;
	size_t i, len;
	int n;

	memset(odd, '\xff', sizeof(odd) - 1);
	odd[sizeof(odd) - 1] = '\0';
	/* 253 octets, as the longest name of the DNS. */
	memset(text, 'd', sizeof(text));
	for (i = 63; i < 253; i += 64)
		text[i] = '.';
	text[253] = '\0';
	ctx.sender_domain = text;
	odm_strbuf_init(&field, 1024 * 1024);
	odm_strbuf_addf(&field, "mx.test; spf=temperror smtp.mailfrom=%s", text);
	for (n = 0; n < 1000; n++)
		odm_strbuf_addf(&field, "; dkim=permerror header.d=%s header.s=s%d", text, n);
	in = read_results(field.at);
	for (n = 0; dmf_inputs_dkim(in, (size_t)n) != NULL; n++)
		;
	src.inputs = in;
	v.author_domain = v.policy_domain = v.org_domain = v.reason = odd;
	d.author_domain = odd;
	d.reasons[0].comment = d.reasons[1].comment = odd;
	src.client.family = AF_INET6;
	memset(src.client.octets, 0xff, sizeof(src.client.octets));
	len = dmf_decisionlog(&src, line);
	ck_assert_uint_lt(len, DMF_DECISION_SIZE);
	ck_assert_ptr_nonnull(strstr(line, " dns_ms=9223372036854775 total_ms=9223372036854775"));
	ck_assert_int_gt(snprintf(text, sizeof(text), " dkim_count=%d ", n), 0);
	ck_assert_int_gt(n, 200);
	ck_assert_ptr_nonnull(strstr(line, text));
	ck_assert_ptr_nonnull(strstr(line, "\\xff... "));
	for (i = 0; i < len; i++)
		ck_assert_msg(line[i] >= ' ' && line[i] < 0x7f, "octet %zu", i);
	dmf_inputs_free(&in);
	odm_strbuf_free(&field);
}
END_TEST

static const struct wanted_case {
	enum conf_log_decisions asked;
	enum odm_dmarc	 result;
	enum dmf_action	 action;
	bool		 wanted;
} wanted_cases[] = {
	{ CONF_LOG_DECISIONS_NONE, ODM_DMARC_FAIL, DMF_ACTION_REJECT, false },
	{ CONF_LOG_DECISIONS_ALL, ODM_DMARC_PASS, DMF_ACTION_ACCEPT, true },
	{ CONF_LOG_DECISIONS_FAILURES, ODM_DMARC_FAIL, DMF_ACTION_ACCEPT, true },
	{ CONF_LOG_DECISIONS_FAILURES, ODM_DMARC_TEMPERROR, DMF_ACTION_ACCEPT, true },
	{ CONF_LOG_DECISIONS_FAILURES, ODM_DMARC_PERMERROR, DMF_ACTION_ACCEPT, true },
	{ CONF_LOG_DECISIONS_FAILURES, ODM_DMARC_PASS, DMF_ACTION_ACCEPT, false },
	{ CONF_LOG_DECISIONS_FAILURES, ODM_DMARC_NONE, DMF_ACTION_ACCEPT, false },
	{ CONF_LOG_DECISIONS_FAILURES, ODM_DMARC_PASS, DMF_ACTION_TEMPFAIL, true },
};

START_TEST(wanted_case)
{
	const struct wanted_case *c = &wanted_cases[_i];
	const struct conf asked = { .log_decisions = (int)c->asked };
	const struct dmf_decision d = { .result = c->result, .action = c->action };

	ck_assert_msg(dmf_decisionlog_wanted(&asked, &d) == c->wanted, "row %d", _i);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("decisionlog");
	TCase *tc = tcase_create("line");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, whole_line);
	tcase_add_test(tc, nothing_known);
	tcase_add_test(tc, longest);
	tcase_add_loop_test(tc, wanted_case, 0, COUNT(wanted_cases));
	suite_add_tcase(s, tc);
	return run_suite(s);
}
