/*
 * check_strbuf.c - cases for strbuf.h.
 */
#include <check.h>

#include "libopendmarc/base/strbuf.h"
#include "tests/unit/suite.h"

START_TEST(strbuf_grows_to_its_ceiling)
{
	struct odm_strbuf b;

	odm_strbuf_init(&b, 300);
	ck_assert_str_eq(b.at, "");
	for (int i = 0; i < 30; i++)
		odm_strbuf_addf(&b, "%05d,%s", i, "four");
	ck_assert_uint_eq(b.len, 300);
	ck_assert(!b.failed);
	ck_assert(odm_span_eq(odm_span_sub(odm_strbuf_span(&b), 290, 300), "00029,four"));
	odm_strbuf_addc(&b, 'x');
	ck_assert(b.failed);
	ck_assert_uint_eq(b.len, 300);
	odm_strbuf_clear(&b);
	ck_assert(!b.failed);
	odm_strbuf_adds(&b, "again");
	ck_assert_str_eq(b.at, "again");
	odm_strbuf_free(&b);
	ck_assert_str_eq(b.at, "");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("strbuf");
	TCase *tc = tcase_create("strbuf");

	tcase_add_test(tc, strbuf_grows_to_its_ceiling);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
