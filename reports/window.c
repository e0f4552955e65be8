/*
 * window.c - UTC days and their parts. RFC 9990, 3.1.1.4.
 * A loop over the years is quick enough and can be read at a glance.
 */
#include <time.h>

#include "reports/window.h"

#define DAY_SECS	86400

static bool
leap_year(unsigned year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned
days_of_month(unsigned year, unsigned month)
{
	static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return month == 2 && leap_year(year) ? 29 : days[month - 1];
}

/* Reads exactly digits digits at from. */
static bool
number_at(struct odm_span text, size_t from, size_t digits, unsigned *n_r)
{
	unsigned long long n;

	if (!odm_span_number(odm_span_sub(text, from, from + digits), 9999, &n))
		return false;
	*n_r = (unsigned)n;
	return true;
}

bool
report_window_of_date(struct odm_span text, struct report_window *w_r)
{
	unsigned year, month, day, y, m;
	int64_t days = 0;

	if (text.len != 10 || text.at[4] != '-' || text.at[7] != '-')
		return false;
	if (!number_at(text, 0, 4, &year) || !number_at(text, 5, 2, &month) ||
	    !number_at(text, 8, 2, &day))
		return false;
	if (year < 1970 || month < 1 || month > 12 || day < 1 ||
	    day > days_of_month(year, month))
		return false;

	for (y = 1970; y < year; y++)
		days += leap_year(y) ? 366 : 365;
	for (m = 1; m < month; m++)
		days += days_of_month(year, m);
	days += day - 1;
	*w_r = (struct report_window){ .begin = days * DAY_SECS,
	    .end = days * DAY_SECS + DAY_SECS };
	return true;
}

/* The largest multiple of step that is not above at. */
static int64_t
round_down(int64_t at, int64_t step)
{
	int64_t rest = at % step;

	return at - (rest < 0 ? rest + step : rest);
}

struct report_window
report_window_holding(int64_t at, int64_t length_secs)
{
	int64_t origin = length_secs <= DAY_SECS ? round_down(at, DAY_SECS) : 0;
	struct report_window w = { 0 };

	w.begin = origin + round_down(at - origin, length_secs);
	w.end = w.begin + length_secs;
	if (length_secs <= DAY_SECS && w.end > origin + DAY_SECS)
		w.end = origin + DAY_SECS;
	return w;
}

struct report_window
report_window_back(int64_t now, int days)
{
	return report_window_holding(now - (int64_t)days * DAY_SECS, DAY_SECS);
}

bool
report_window_over(const struct report_window *w, int64_t now)
{
	return now >= w->end;
}

void
report_window_date(const struct report_window *w, char text_r[REPORT_DATE_SIZE])
{
	time_t at = (time_t)w->begin;
	struct tm tm;

	if (gmtime_r(&at, &tm) == NULL ||
	    strftime(text_r, REPORT_DATE_SIZE, "%Y-%m-%d", &tm) != REPORT_DATE_SIZE - 1)
		text_r[0] = '\0';
}
