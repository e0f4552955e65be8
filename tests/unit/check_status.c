/*
 * check_status.c - which bucket a time falls into, and what one message counts.
 */
#include <check.h>

#include "opendmarc/status.h"
#include "tests/unit/suite.h"

static const struct bucket_case {
	int64_t	usecs;
	int	bucket;
} bucket_cases[] = {
	{ -1, 0 }, { 0, 0 }, { 1000, 0 }, { 1001, 1 }, { 5000, 1 }, { 5001, 2 }, { 999999, 8 },
	{ 1000000, 8 }, { 1000001, 9 }, { 30000000, 12 }, { 30000001, 13 }, { INT64_MAX, 13 },
};

START_TEST(bucket_case)
{
	const struct bucket_case *c = &bucket_cases[_i];
	const struct dmf_decision d = { .result = ODM_DMARC_PASS, .disposition = "none",
		.would = "none" };
	struct dmf_status s;
	int i;

	dmf_status_init(&s);
	dmf_status_message(&s, &d, c->usecs, 0);
	for (i = 0; i < DMF_NBUCKETS; i++)
		ck_assert_msg(atomic_load(&s.end.buckets[i]) == (i == c->bucket),
		    "row %d, bucket %d", _i, i);
	ck_assert_uint_eq(atomic_load(&s.end.usecs),
	    c->usecs < 0 ? 0 : (unsigned long long)c->usecs);
	ck_assert_uint_eq(atomic_load(&s.dns.buckets[0]), 1);
}
END_TEST

START_TEST(message)
{
	const struct dmf_decision d = { .result = ODM_DMARC_FAIL, .disposition = "none",
		.would = "reject", .nreasons = 2,
		.reasons = { { HISTORY_OVERRIDE_OTHER, NULL }, { HISTORY_OVERRIDE_OTHER, NULL } } };
	struct dmf_decision later = d;
	struct dmf_status s;

	dmf_status_init(&s);
	dmf_status_message(&s, &d, 0, 0);
	dmf_decide_later("no disk", &later);
	dmf_status_message(&s, &later, 0, 0);
	ck_assert_uint_eq(atomic_load(&s.messages[ODM_DMARC_FAIL][DMF_OUTCOME_NONE]), 1);
	ck_assert_uint_eq(atomic_load(&s.messages[ODM_DMARC_FAIL][DMF_OUTCOME_TEMPFAIL]), 1);
	ck_assert_uint_eq(atomic_load(&s.would[DMF_OUTCOME_REJECT]), 2);
	ck_assert_uint_eq(atomic_load(&s.overrides[HISTORY_OVERRIDE_OTHER]), 4);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("status");
	TCase *tc = tcase_create("count");

	tcase_add_loop_test(tc, bucket_case, 0, COUNT(bucket_cases));
	tcase_add_test(tc, message);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
