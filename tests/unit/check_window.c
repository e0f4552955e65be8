/*
 * check_window.c - UTC days.
 */
#include <stdlib.h>
#include <check.h>

#include "reports/window.h"
#include "tests/unit/suite.h"

static const struct date_case {
	const char	*text;
	bool		 okay;
	int64_t		 begin;
} dates[] = {
	{ "1970-01-01", true,  0 },
	{ "2026-05-19", true,  1779148800 },
	{ "2024-02-29", true,  1709164800 },
	{ "2000-02-29", true,  951782400 },
	{ "2038-01-20", true,  2147558400 },
	{ "9999-12-31", true,  253402214400 },
	{ "2023-02-29", false, 0 },
	{ "2100-02-29", false, 0 },
	{ "2026-04-31", false, 0 },
	{ "2026-13-01", false, 0 },
	{ "2026-00-01", false, 0 },
	{ "2026-01-00", false, 0 },
	{ "1969-12-31", false, 0 },
	{ "2026-5-19",  false, 0 },
	{ "2026/05/19", false, 0 },
	{ "2026-05-1x", false, 0 },
	{ "2026-05-19 ", false, 0 },
	{ "+026-05-19", false, 0 },
	{ "yesterday", false, 0 },
	{ "", false, 0 },
};

START_TEST(date)
{
	const struct date_case *c = &dates[_i];
	size_t len = strlen(c->text);
	char *exact = malloc(len ? len : 1), again[REPORT_DATE_SIZE];
	struct report_window w = { .begin = -1, .end = -1 };

	memcpy(exact, c->text, len);
	ck_assert_msg(report_window_of_date((struct odm_span){ exact, len }, &w) == c->okay,
	    "%s", c->text);
	if (c->okay) {
		ck_assert_int_eq(w.begin, c->begin);
		ck_assert_int_eq(w.end, c->begin + 86400);
		report_window_date(&w, again);
		ck_assert_str_eq(again, c->text);
	} else {
		ck_assert_int_eq(w.begin, -1);
	}
	free(exact);
}
END_TEST

/* Whatever the local zone is, days are UTC days. */
START_TEST(back)
{
	static const struct {
		int64_t	now;
		int	days;
		int64_t	begin;
	} cases[] = {
		{ 1779148800, 0, 1779148800 },
		{ 1779148800, 1, 1779062400 },
		{ 1779148799, 1, 1778976000 },
		{ 1779235199, 1, 1779062400 },
		{ 1779235199, 3, 1778889600 },
	};
	static const char *const zones[] = { "UTC", "Europe/Berlin", "Pacific/Kiritimati",
	    "America/Los_Angeles" };
	struct report_window w;
	size_t z;

	for (z = 0; z < COUNT(zones); z++) {
		setenv("TZ", zones[z], 1);
		w = report_window_back(cases[_i].now, cases[_i].days);
		ck_assert_int_eq(w.begin, cases[_i].begin);
		ck_assert_int_eq(w.end, cases[_i].begin + 86400);
	}
}
END_TEST

START_TEST(over)
{
	struct report_window w = { .begin = 1000, .end = 2000 };

	ck_assert(!report_window_over(&w, 999));
	ck_assert(!report_window_over(&w, 1999));
	ck_assert(report_window_over(&w, 2000));
}
END_TEST

/* at, length, begin, end; 1779148800 is a midnight */
static const int64_t holding[][4] = {
	{ 1779148800, 86400, 1779148800, 1779235200 },
	{ 1779148799, 86400, 1779062400, 1779148800 },
	{ 1779148800 + 7200, 3600, 1779148800 + 7200, 1779148800 + 10800 },
	{ 1779148800 + 10799, 3600, 1779148800 + 7200, 1779148800 + 10800 },
	{ 1779148800 + 86399, 50000, 1779148800 + 50000, 1779148800 + 86400 },
	{ 1779148800 + 49999, 50000, 1779148800, 1779148800 + 50000 },
	{ 7 * 86400 + 5, 7 * 86400, 7 * 86400, 14 * 86400 },
	{ 7 * 86400 - 5, 7 * 86400, 0, 7 * 86400 },
	{ -1, 86400, -86400, 0 },
	{ -1, 1000, -400, 0 },
};

START_TEST(window_holding)
{
	const int64_t *c = holding[_i];
	struct report_window w = report_window_holding(c[0], c[1]);

	ck_assert_msg(w.begin == c[2] && w.end == c[3], "case %d: got %lld to %lld", _i,
	    (long long)w.begin, (long long)w.end);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("window");
	TCase *tc = tcase_create("window");

	tcase_add_loop_test(tc, date, 0, COUNT(dates));
	tcase_add_loop_test(tc, back, 0, 5);
	tcase_add_test(tc, over);
	tcase_add_loop_test(tc, window_holding, 0, COUNT(holding));
	suite_add_tcase(s, tc);
	return run_suite(s);
}
