/*
 * check_aggregate.c - messages become rows: what is counted together, in which words,
 * in which order, and what happens to text that nobody should send.
 */
#include <stdio.h>
#include <stdlib.h>
#include <check.h>

#include "reports/aggregate.h"
#include "tests/unit/samples.h"
#include "tests/unit/suite.h"

struct seen {
	struct report_row rows[10];
	size_t		 n;
};

static int
keep(const struct report_row *row, void *arg)
{
	struct seen *seen = arg;

	ck_assert_uint_lt(seen->n, COUNT(seen->rows));
	seen->rows[seen->n++] = *row;
	return 0;
}

static struct report_aggregate *
new_aggregate(const struct store_policy *policy)
{
	struct report_aggregate *a = report_aggregate_new(policy, REPORT_AGGREGATE_MAX);

	ck_assert_ptr_nonnull(a);
	return a;
}

/* The row of one message; the aggregate, which owns the texts, goes to *a_r. */
static struct report_row
row_of(const struct store_policy *policy, const struct store_message *m,
    struct report_aggregate **a_r)
{
	struct seen *seen = calloc(1, sizeof(*seen));
	struct report_row row;

	*a_r = new_aggregate(policy);
	ck_assert_int_eq(report_aggregate_add(*a_r, m), 0);
	ck_assert_int_eq(report_aggregate_each(*a_r, keep, seen), 0);
	ck_assert_uint_eq(seen->n, 1);
	row = seen->rows[0];
	free(seen);
	return row;
}

/* The outcome of a message in the words of the schema. RFC 9990, 3.1.1.9 and 3.1.6. */
static const struct outcome_case {
	const char	*what;
	int		 policy, action;
	char		 effective;	/* of the record */
	bool		 testing;	/* of the policy p=reject; sp=quarantine */
	const char	*from;
	const char	*disposition, *reason;
} outcomes[] = {
	{ "pass under reject", HISTORY_POLICY_PASS, HISTORY_ACTION_ACCEPT, 'r', false,
	    "sender.example", "pass", NULL },
	{ "pass under none", HISTORY_POLICY_PASS, HISTORY_ACTION_ACCEPT, 'n', false,
	    "sender.example", "none", NULL },
	{ "pass, old record", HISTORY_POLICY_PASS, HISTORY_ACTION_ACCEPT, 0, false,
	    "sender.example", "pass", NULL },
	{ "pass, old record, quarantine in test", HISTORY_POLICY_PASS, HISTORY_ACTION_ACCEPT, 0,
	    true, "a.sender.example", "none", NULL },
	{ "pass but refused", HISTORY_POLICY_PASS, HISTORY_ACTION_REJECT, 'r', false,
	    "sender.example", "reject", "local_policy" },
	{ "refused", HISTORY_POLICY_REJECT, HISTORY_ACTION_REJECT, 'r', false,
	    "sender.example", "reject", NULL },
	{ "discarded", HISTORY_POLICY_REJECT, HISTORY_ACTION_DISCARD, 'r', false,
	    "sender.example", "reject", NULL },
	{ "to be refused, delivered", HISTORY_POLICY_REJECT, HISTORY_ACTION_ACCEPT, 'r', false,
	    "sender.example", "none", "local_policy" },
	{ "the same, old record", HISTORY_POLICY_REJECT, HISTORY_ACTION_ACCEPT, 0, false,
	    "sender.example", "none", "local_policy" },
	{ "to be refused, tempfailed", HISTORY_POLICY_REJECT, HISTORY_ACTION_TEMPFAIL, 'r', false,
	    "sender.example", "none", "local_policy" },
	{ "to be refused, quarantined", HISTORY_POLICY_REJECT, HISTORY_ACTION_QUARANTINE, 'r',
	    false, "sender.example", "quarantine", "local_policy" },
	{ "quarantined", HISTORY_POLICY_QUARANTINE, HISTORY_ACTION_QUARANTINE, 'q', false,
	    "a.sender.example", "quarantine", NULL },
	{ "fail under none", HISTORY_POLICY_NONE, HISTORY_ACTION_ACCEPT, 'n', false,
	    "sender.example", "none", NULL },
	{ "reject lowered by t=y", HISTORY_POLICY_QUARANTINE, HISTORY_ACTION_QUARANTINE, 'q', true,
	    "sender.example", "quarantine", "policy_test_mode" },
	{ "quarantine lowered by t=y", HISTORY_POLICY_NONE, HISTORY_ACTION_ACCEPT, 'n', true,
	    "a.sender.example", "none", "policy_test_mode" },
};

START_TEST(outcome)
{
	const struct outcome_case *c = &outcomes[_i];
	struct store_policy policy = sample_policy();
	struct store_message m = sample_message();
	struct report_aggregate *a;
	struct report_row row;

	policy.testing = c->testing;
	m.policy = c->policy;
	m.action = c->action;
	m.effective = c->effective;
	m.from = c->from;
	row = row_of(&policy, &m, &a);
	ck_assert_msg(strcmp(row.disposition, c->disposition) == 0, "%s: got %s, want %s",
	    c->what, row.disposition, c->disposition);
	ck_assert_msg(row.nreasons == (c->reason != NULL), "%s: %zu reasons", c->what,
	    row.nreasons);
	if (c->reason != NULL)
		ck_assert_str_eq(row.reasons[0].type, c->reason);
	report_aggregate_free(&a);
}
END_TEST

/* Codes of the history file in the words of the schema, odd ones too. */
static const struct code_case {
	int		 code;
	const char	*dkim, *spf;
} codes[] = {
	{ 0, "pass", "pass" }, { 2, "fail", "softfail" }, { 3, "neutral", "neutral" },
	{ 4, "temperror", "temperror" }, { 5, "permerror", "permerror" },
	{ 6, "none", "none" }, { 7, "fail", "fail" }, { 8, "policy", "policy" },
	{ 1, "neutral", "none" }, { 9, "neutral", "none" }, { 10, "neutral", "none" },
	{ 11, "neutral", "none" }, { 12, "neutral", "none" }, { 99, "neutral", "none" },
};

START_TEST(code)
{
	struct store_policy policy = sample_policy();
	struct store_message m = sample_message();
	struct store_dkim d = { "sender.example", "s1", codes[_i].code };
	struct report_aggregate *a;
	struct report_row row;

	m.dkim = &d;
	m.ndkim = 1;
	m.spf = codes[_i].code;
	row = row_of(&policy, &m, &a);
	ck_assert_uint_eq(row.nsignatures, 1);
	ck_assert_str_eq(row.signatures[0].result, codes[_i].dkim);
	ck_assert_str_eq(row.spf_result, codes[_i].spf);
	report_aggregate_free(&a);
}
END_TEST

/* Whose SPF result it is. RFC 9990, 3.1.1.13. */
static const struct spf_case {
	const char	*what, *mfrom, *spf_domain;
	int		 scope, spf;
	const char	*envelope_from, *domain;
} spfs[] = {
	{ "usual", "Bounce.Example", "bounce.example", HISTORY_SPF_MAILFROM, 0,
	    "bounce.example", "bounce.example" },
	{ "old record", "bounce.example", NULL, HISTORY_SPF_UNKNOWN, 0,
	    "bounce.example", "bounce.example" },
	{ "null sender", "", "mx7.example", HISTORY_SPF_HELO, 6, "", "mx7.example" },
	{ "null sender, HELO unknown", "", NULL, HISTORY_SPF_HELO, 6, "", "" },
	{ "HELO result beside a sender", "bounce.example", NULL, HISTORY_SPF_HELO, 0,
	    "bounce.example", "" },
	{ "not evaluated", "bounce.example", NULL, HISTORY_SPF_UNKNOWN, -1,
	    "bounce.example", "" },
};

START_TEST(spf)
{
	const struct spf_case *c = &spfs[_i];
	struct store_policy policy = sample_policy();
	struct store_message m = sample_message();
	struct report_aggregate *a;
	struct report_row row;

	m.mfrom = c->mfrom;
	m.spf_domain = c->spf_domain;
	m.spf_scope = c->scope;
	m.spf = c->spf;
	row = row_of(&policy, &m, &a);
	ck_assert_msg(strcmp(row.envelope_from, c->envelope_from) == 0, "%s: %s", c->what,
	    row.envelope_from);
	ck_assert_msg(strcmp(row.spf_domain, c->domain) == 0, "%s: %s", c->what, row.spf_domain);
	report_aggregate_free(&a);
}
END_TEST

START_TEST(equal_messages_are_one_row)
{
	struct store_policy policy = sample_policy();
	struct report_aggregate *a = new_aggregate(&policy);
	struct store_message m = sample_message(), shouted = m;
	struct seen *seen = calloc(1, sizeof(*seen));
	int i;

	shouted.from = "SENDER.Example.";
	shouted.ip = "::ffff:192.0.2.25";
	for (i = 0; i < 100; i++)
		ck_assert_int_eq(report_aggregate_add(a, i % 2 ? &m : &shouted), 0);
	ck_assert_int_eq(report_aggregate_each(a, keep, seen), 0);
	ck_assert_uint_eq(seen->n, 1);
	ck_assert_uint_eq(seen->rows[0].count, 100);
	ck_assert_str_eq(seen->rows[0].source_ip, "192.0.2.25");
	ck_assert_uint_eq(report_aggregate_totals(a).messages, 100);
	ck_assert_uint_eq(report_aggregate_totals(a).rows, 1);
	free(seen);
	report_aggregate_free(&a);
}
END_TEST

/* Each member that a reader can see keeps messages apart. */
START_TEST(different_messages_are_different_rows)
{
	static const struct store_dkim one = { "d.example", "s", 0 }, two = { "d.example", "t", 0 };
	static const struct store_reason why = { HISTORY_OVERRIDE_MAILING_LIST, "list" },
	    because = { HISTORY_OVERRIDE_MAILING_LIST, NULL };
	struct store_policy policy = sample_policy();
	struct report_aggregate *a = new_aggregate(&policy);
	struct store_message list[10];
	struct seen *seen = calloc(1, sizeof(*seen));
	size_t i;

	for (i = 0; i < COUNT(list); i++)
		list[i] = sample_message();
	list[1].ip = "192.0.2.26";
	list[2].from = "a.sender.example";
	list[3].mfrom = "";
	list[4].align_dkim = HISTORY_ALIGN_PASS;
	list[5].spf = 6;
	list[6].dkim = &one;
	list[7].dkim = &two;
	list[6].ndkim = list[7].ndkim = 1;
	list[8].reasons = &why;
	list[9].reasons = &because;
	list[8].nreasons = list[9].nreasons = 1;
	for (i = 0; i < 3 * COUNT(list); i++)
		ck_assert_int_eq(report_aggregate_add(a, &list[i % COUNT(list)]), 0);
	ck_assert_int_eq(report_aggregate_each(a, keep, seen), 0);
	ck_assert_uint_eq(seen->n, COUNT(list));
	for (i = 0; i < seen->n; i++)
		ck_assert_uint_eq(seen->rows[i].count, 3);
	ck_assert_str_eq(seen->rows[1].source_ip, "192.0.2.26");
	ck_assert_str_eq(seen->rows[8].reasons[0].comment, "list");
	ck_assert_str_eq(seen->rows[9].reasons[0].comment, "");
	free(seen);
	report_aggregate_free(&a);
}
END_TEST

/* RFC 9990, 3.1.3: strictly aligned, relaxed aligned, other passes, the rest. */
START_TEST(signature_order)
{
	static const struct store_dkim forward[] = {
		{ "zz.other.example", "s", 7 }, { "esp.example", NULL, 0 },
		{ "mail.sender.example", "s", 0 }, { "news.sender.example", "s", 7 },
		{ "news.sender.example", "s", 0 }, { "sender.example", "s", 0 },
		{ "aa.other.example", "s", 4 },
	};
	static const struct {
		const char	*domain, *selector, *result;
	} want[] = {
		{ "news.sender.example", "s", "pass" }, { "mail.sender.example", "s", "pass" },
		{ "sender.example", "s", "pass" }, { "esp.example", "", "pass" },
		{ "aa.other.example", "s", "temperror" }, { "news.sender.example", "s", "fail" },
		{ "zz.other.example", "s", "fail" },
	};
	struct store_dkim backward[COUNT(forward)];
	struct store_policy policy = sample_policy();
	struct report_aggregate *a = new_aggregate(&policy);
	struct store_message m = sample_message();
	struct seen *seen = calloc(1, sizeof(*seen));
	size_t i;

	for (i = 0; i < COUNT(forward); i++)
		backward[i] = forward[COUNT(forward) - 1 - i];
	m.from = "News.sender.example";
	m.dkim = forward;
	m.ndkim = COUNT(forward);
	ck_assert_int_eq(report_aggregate_add(a, &m), 0);
	m.dkim = backward;
	ck_assert_int_eq(report_aggregate_add(a, &m), 0);
	ck_assert_int_eq(report_aggregate_each(a, keep, seen), 0);
	ck_assert_uint_eq(seen->n, 1);
	ck_assert_uint_eq(seen->rows[0].nsignatures, COUNT(want));
	for (i = 0; i < COUNT(want); i++) {
		ck_assert_str_eq(seen->rows[0].signatures[i].domain, want[i].domain);
		ck_assert_str_eq(seen->rows[0].signatures[i].selector, want[i].selector);
		ck_assert_str_eq(seen->rows[0].signatures[i].result, want[i].result);
	}
	free(seen);
	report_aggregate_free(&a);
}
END_TEST

/* The aligned pass is in the report, wherever it stood among a thousand. */
START_TEST(thousand_signatures)
{
	struct store_policy policy = sample_policy();
	struct store_message m = sample_message();
	struct store_dkim *list = calloc(1001, sizeof(*list));
	char (*names)[32] = calloc(1001, sizeof(*names));
	struct report_aggregate *a;
	struct report_row row;
	size_t i;

	for (i = 0; i < 1001; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "d%zu.example", i);
		list[i] = (struct store_dkim){ names[i], "s", i % 2 ? 0 : 7 };
	}
	list[998] = (struct store_dkim){ "sender.example", "s", 0 };
	m.dkim = list;
	m.ndkim = 1001;
	row = row_of(&policy, &m, &a);
	ck_assert_uint_eq(row.nsignatures, REPORT_SIGNATURES_MAX);
	ck_assert_str_eq(row.signatures[0].domain, "sender.example");
	ck_assert_str_eq(row.signatures[REPORT_SIGNATURES_MAX - 1].result, "pass");
	report_aggregate_free(&a);
	free(list);
	free(names);
}
END_TEST

START_TEST(hostile_text)
{
	static const struct store_dkim d = { "a\001<b>&\"c\".example", "s\n<!--", 0 };
	static const struct store_reason why = { HISTORY_OVERRIDE_OTHER, "x\r\ny\xFF]]>" };
	struct store_policy policy = sample_policy();
	struct store_message m = sample_message();
	struct report_aggregate *a;
	struct report_row row;

	m.ip = "not an address\002";
	m.mfrom = "B\xC3\x9C" "CHER.example";
	m.dkim = &d;
	m.ndkim = m.nreasons = 1;
	m.reasons = &why;
	row = row_of(&policy, &m, &a);
	ck_assert_str_eq(row.source_ip, "not an address");
	ck_assert_str_eq(row.envelope_from, "xn--bcher-kva.example");
	ck_assert_str_eq(row.signatures[0].domain, "a<b>&\"c\".example");
	ck_assert_str_eq(row.signatures[0].selector, "s <!--");
	ck_assert_str_eq(row.reasons[0].comment, "x y?]]>");
	report_aggregate_free(&a);
}
END_TEST

START_TEST(no_policy_applied)
{
	struct store_policy policy = sample_policy();
	struct report_aggregate *a = new_aggregate(&policy);
	struct store_message m = sample_message();

	m.policy = HISTORY_POLICY_ABSENT;
	ck_assert_int_eq(report_aggregate_add(a, &m), 0);
	m.policy = HISTORY_POLICY_NO_FROM;
	ck_assert_int_eq(report_aggregate_add(a, &m), 0);
	ck_assert_uint_eq(report_aggregate_totals(a).unjudged, 2);
	ck_assert_uint_eq(report_aggregate_totals(a).rows, 0);
	report_aggregate_free(&a);
}
END_TEST

/* A domain with 300 000 rows: every message is counted, none twice. */
START_TEST(many_rows)
{
	struct store_policy policy = sample_policy();
	struct report_aggregate *a = new_aggregate(&policy);
	struct store_message m = sample_failure();
	struct report_totals totals;
	char ip[32];
	int i;

	m.ip = ip;
	for (i = 0; i < 600000; i++) {
		int n = i % 300000;

		(void)snprintf(ip, sizeof(ip), "10.%d.%d.%d", n >> 16, n >> 8 & 255, n & 255);
		ck_assert_int_eq(report_aggregate_add(a, &m), 0);
	}
	totals = report_aggregate_totals(a);
	ck_assert_uint_eq(totals.rows, 300000);
	ck_assert_uint_eq(totals.messages, 600000);
	ck_assert_uint_eq(totals.left_out, 0);
	report_aggregate_free(&a);
}
END_TEST

/* Beyond the limit known rows go on counting, new ones are counted as left out. */
START_TEST(full)
{
	struct store_policy policy = sample_policy();
	struct report_aggregate *a = report_aggregate_new(&policy, 1000);
	struct store_message m = sample_message();
	struct report_totals totals;
	char ip[32];
	int i;

	m.ip = ip;
	for (i = 0; i < 200; i++) {
		(void)snprintf(ip, sizeof(ip), "10.0.0.%d", i % 100);
		ck_assert_int_eq(report_aggregate_add(a, &m), 0);
	}
	totals = report_aggregate_totals(a);
	ck_assert_uint_gt(totals.rows, 0);
	ck_assert_uint_lt(totals.rows, 100);
	ck_assert_uint_eq(totals.messages, 2 * totals.rows);
	ck_assert_uint_eq(totals.messages + totals.left_out, 200);
	report_aggregate_free(&a);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("aggregate");
	TCase *tc = tcase_create("aggregate");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, outcome, 0, COUNT(outcomes));
	tcase_add_loop_test(tc, code, 0, COUNT(codes));
	tcase_add_loop_test(tc, spf, 0, COUNT(spfs));
	tcase_add_test(tc, equal_messages_are_one_row);
	tcase_add_test(tc, different_messages_are_different_rows);
	tcase_add_test(tc, signature_order);
	tcase_add_test(tc, thousand_signatures);
	tcase_add_test(tc, hostile_text);
	tcase_add_test(tc, no_policy_applied);
	tcase_add_test(tc, many_rows);
	tcase_add_test(tc, full);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
