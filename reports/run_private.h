/*
 * run_private.h - what run.c and handover.c share: one report while it is made.
 */
#ifndef REPORTS_RUN_PRIVATE_H
#define REPORTS_RUN_PRIVATE_H

#include "reports/dest.h"
#include "reports/document.h"
#include "reports/run.h"

/* Results of functions that reach the store. */
enum { GO_ON = 0, STORE_FAILED = -1 };

/* What is known about one policy domain while its report is made. */
struct report_subject {
	struct report_run *run;
	struct report_window window;		/* its part is that of the claim */
	struct store_claim claim;		/* REPORT_MODE_SEND: ours to end */
	bool		 claimed;		/* and not ended yet */
	struct store_policy policy;		/* the domain normalised */
	const char	*stored_domain;		/* as the store writes it */
	char		 domain[ODM_NAME_MAX + 1];
	char		 date[REPORT_DATE_SIZE];
	bool		 wanted;		/* by its own name or a From domain seen */
	struct report_aggregate *rows;
	struct report_dests dests;
	struct report_document doc;
};

/* One line on stdout; names and URIs in it come from outside. */
void report_say(const struct report_subject *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The report cannot be made or written: counts and logs it; the others go on. */
void report_say_broken(const struct report_subject *s, const char *what, const char *why);

/*
 * Makes the document from s->rows, which are freed, and does with it what the mode of
 * the run asks. GO_ON or STORE_FAILED.
 */
int report_hand_over(struct report_subject *s);

#endif
