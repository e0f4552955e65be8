/*
 * progress.h - one line on a terminal that tells how far long work has come. Where
 * standard error is no terminal, nothing is ever written. A line of the log erases it.
 */
#ifndef REPORTS_PROGRESS_H
#define REPORTS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* Zero it; then progress_start(). */
struct progress {
	bool		 on;		/* standard error is a terminal */
	bool		 shown;		/* the line stands there */
	const char	*what;		/* the things that are counted */
	int64_t		 began, next;	/* milliseconds: the start, and not before */
};

/* The clock starts; what is a word such as "records" and must outlive p. */
void progress_start(struct progress *p, const char *what);

/*
 * Shows what was counted, the speed, and from done of all (octets or anything else) the
 * part that is done and the time that is left; all 0: not known. Seldom enough to be
 * called for every record.
 */
void progress_show(struct progress *p, int64_t count, int64_t done, int64_t all);

/* Takes the line away before something else is written, and at the end. */
void progress_clear(struct progress *p);

/* The text of that line, after some milliseconds of work; cut to its room. */
void progress_text(char *text, int size, const char *what, int64_t msecs, int64_t count,
    int64_t done, int64_t all);

#endif
