/*
 * check_span.c - cases for span.h.
 */
#include <check.h>
#include <stdlib.h>

#include "libopendmarc/base/span.h"
#include "tests/unit/suite.h"

START_TEST(next_parts)
{
	static const struct {
		const char *text, *parts[4];
	} cases[] = {
		{ "", { NULL } },
		{ "a", { "a", NULL } },
		{ "a;b;", { "a", "b", NULL } },
		{ "a;;b", { "a", "", "b", NULL } },
		{ ";", { "", NULL } },
	};
	struct odm_span rest = odm_span_str(cases[_i].text), part;
	size_t n = 0;

	while (odm_span_next(&rest, ';', &part)) {
		ck_assert_ptr_nonnull(cases[_i].parts[n]);
		ck_assert_msg(odm_span_eq(part, cases[_i].parts[n]), "\"%s\": part %zu",
		    cases[_i].text, n);
		n++;
	}
	ck_assert_ptr_null(cases[_i].parts[n]);
}
END_TEST

START_TEST(numbers)
{
	static const struct {
		const char *text;
		unsigned long long max;
		bool good;
		unsigned long long value;
	} cases[] = {
		{ "0", 0, true, 0 },
		{ "128", 128, true, 128 },
		{ "129", 128, false, 0 },
		{ "", 10, false, 0 },
		{ "-1", 10, false, 0 },
		{ "1x", 10, false, 0 },
		{ " 1", 10, false, 0 },
		{ "18446744073709551615", 18446744073709551615ULL, true, 18446744073709551615ULL },
		{ "18446744073709551616", 18446744073709551615ULL, false, 0 },
		{ "99999999999999999999999", 18446744073709551615ULL, false, 0 },
	};
	unsigned long long n = 77;

	ck_assert_msg(odm_span_number(odm_span_str(cases[_i].text), cases[_i].max, &n) ==
	    cases[_i].good, "\"%s\"", cases[_i].text);
	ck_assert_uint_eq(n, cases[_i].good ? cases[_i].value : 77);
}
END_TEST

START_TEST(copy_refuses_what_does_not_fit)
{
	char buf[4] = "old";

	ck_assert(odm_span_copy(odm_span_str("abc"), buf, sizeof(buf)));
	ck_assert_str_eq(buf, "abc");
	ck_assert(!odm_span_copy(odm_span_str("abcd"), buf, sizeof(buf)));
	ck_assert_str_eq(buf, "");
	ck_assert(!odm_span_copy((struct odm_span){ "a\0b", 3 }, buf, sizeof(buf)));
	ck_assert_str_eq(buf, "");
	ck_assert(odm_span_copy((struct odm_span){ NULL, 0 }, buf, sizeof(buf)));
}
END_TEST

START_TEST(trim_and_find)
{
	struct odm_span s = odm_span_trim(odm_span_str(" \t\r\n x y \n"));

	ck_assert(odm_span_eq(s, "x y"));
	ck_assert(odm_span_eq(odm_span_trim(odm_span_str(" \t ")), ""));
	ck_assert_uint_eq(odm_span_find(odm_span_str("a@b@c"), '@'), 1);
	ck_assert_uint_eq(odm_span_rfind(odm_span_str("a@b@c"), '@'), 3);
	ck_assert_uint_eq(odm_span_find(odm_span_str("abc"), '@'), 3);
	ck_assert_uint_eq(odm_span_rfind(odm_span_str(""), '@'), 0);
	ck_assert(odm_span_ieq(odm_span_str("DKIM"), "dkim"));
	ck_assert(!odm_span_ieq(odm_span_str("DKIM"), "dki"));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("span");
	TCase *tc = tcase_create("span");

	tcase_add_loop_test(tc, next_parts, 0, 5);
	tcase_add_loop_test(tc, numbers, 0, 10);
	tcase_add_test(tc, copy_refuses_what_does_not_fit);
	tcase_add_test(tc, trim_and_find);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
