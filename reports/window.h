/*
 * window.h - the time a report covers: a UTC day, or a part of one or several of the same
 * length. RFC 9990, 3.1.1.4. No time zone and no summer time takes part: a UTC day is
 * 86400 epoch seconds.
 */
#ifndef REPORTS_WINDOW_H
#define REPORTS_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "libopendmarc/base/span.h"

/*
 * Closed UTC days that a run without a date looks at, at least. When the newest report is
 * older, runs were skipped, or windows longer than a day were given up: then it looks at
 * the days since then, at most as many as the second says, which is one more than the
 * longest window has.
 */
#define REPORT_DAYS_BACK	3
#define REPORT_DAYS_BACK_MAX	32

/*
 * From the end of a window to its report, unless --delay says otherwise: by then
 * the history of the last messages is imported.
 */
#define REPORT_DELAY_SECS	3600

/* "YYYY-MM-DD" and its NUL. */
#define REPORT_DATE_SIZE	11

struct report_window {
	int64_t	begin;		/* epoch seconds, the first second */
	int64_t	end;		/* the first second after it; reports print end - 1 */
	int	part;		/* 0; 1 and more: a supplement, with an id of its own */
};

/*
 * The UTC day of a date "YYYY-MM-DD", 1970-01-01 to 9999-12-31. False, and *w_r
 * untouched, for everything else, days that a month does not have included.
 */
bool report_window_of_date(struct odm_span text, struct report_window *w_r);

/* The UTC day that lies days whole days before the one of now; 1 is yesterday. */
struct report_window report_window_back(int64_t now, int days);

/*
 * The window of a length, at least 1, that holds the second at. Windows are counted
 * from UTC midnight, so that none covers parts of two days and they do not overlap: the
 * last one of a day may be shorter. Windows longer than a day are counted from 1970-01-01.
 */
struct report_window report_window_holding(int64_t at, int64_t length_secs);

/* True when the last second of the window has passed at now. */
bool report_window_over(const struct report_window *w, int64_t now);

/* The date on which the window begins, as "YYYY-MM-DD". */
void report_window_date(const struct report_window *w, char text_r[REPORT_DATE_SIZE]);

#endif
