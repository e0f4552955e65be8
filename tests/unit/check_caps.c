/*
 * check_caps.c - limits of one run, and the time of one's own.
 */
#include <check.h>

#include "reports/caps.h"
#include "tests/unit/suite.h"

START_TEST(limits)
{
	struct report_caps *c = report_caps_new(5, 2);

	ck_assert_int_eq(report_caps_take(c, "a.example"), REPORT_CAP_NONE);
	ck_assert_int_eq(report_caps_take(c, "a.example"), REPORT_CAP_NONE);
	ck_assert_int_eq(report_caps_take(c, "a.example"), REPORT_CAP_DOMAIN);
	ck_assert_int_eq(report_caps_take(c, "b.example"), REPORT_CAP_NONE);
	ck_assert_int_eq(report_caps_take(c, "c.example"), REPORT_CAP_NONE);
	ck_assert_int_eq(report_caps_take(c, "a.example"), REPORT_CAP_DOMAIN);
	ck_assert_int_eq(report_caps_take(c, ""), REPORT_CAP_NONE);
	ck_assert_int_eq(report_caps_take(c, "d.example"), REPORT_CAP_RUN);
	ck_assert_int_eq(report_caps_take(c, "a.example"), REPORT_CAP_RUN);
	report_caps_free(&c);
	ck_assert_ptr_null(c);
	report_caps_free(&c);
}
END_TEST

START_TEST(own_time)
{
	int64_t a = report_caps_wait_secs("a.example", 3600);

	ck_assert_int_eq(report_caps_wait_secs("a.example", 3600), a);
	ck_assert_int_ne(report_caps_wait_secs("b.example", 3600), a);
	ck_assert_int_ge(a, 0);
	ck_assert_int_le(a, 3600);
	ck_assert_int_eq(report_caps_wait_secs("a.example", 0), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("caps");
	TCase *tc = tcase_create("caps");

	tcase_add_test(tc, limits);
	tcase_add_test(tc, own_time);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
