/*
 * check_result.c - cases for result.h and, through its table, nametab.h.
 */
#include <check.h>

#include "libopendmarc/base/result.h"
#include "tests/unit/suite.h"

START_TEST(result_words)
{
	static const struct {
		const char *word;
		enum odm_result result;
	} cases[] = {
		{ "none", ODM_RESULT_NONE }, { "Pass", ODM_RESULT_PASS },
		{ "FAIL", ODM_RESULT_FAIL }, { "softfail", ODM_RESULT_SOFTFAIL },
		{ "neutral", ODM_RESULT_NEUTRAL }, { "policy", ODM_RESULT_POLICY },
		{ "temperror", ODM_RESULT_TEMPERROR }, { "permerror", ODM_RESULT_PERMERROR },
		{ "hardfail", ODM_RESULT_FAIL }, { "error", ODM_RESULT_TEMPERROR },
		{ "unknown", ODM_RESULT_PERMERROR }, { "discard", ODM_RESULT_UNKNOWN },
		{ "", ODM_RESULT_UNKNOWN }, { "passx", ODM_RESULT_UNKNOWN },
	};

	ck_assert_int_eq(odm_result_parse(odm_span_str(cases[_i].word)), cases[_i].result);
	if (_i < 8)
		ck_assert(odm_span_ieq(odm_span_str(cases[_i].word),
		    odm_result_name(cases[_i].result)));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("result");
	TCase *tc = tcase_create("result");

	tcase_add_loop_test(tc, result_words, 0, 14);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
