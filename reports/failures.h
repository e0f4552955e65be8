/*
 * failures.h - from the entries that the filter left in the spool to mail that waits there.
 *
 * Entries that are alike (domain, client, result) become one report. They are claimed
 * first, by names that hold the group they belong to; then their mail is written; then
 * they are removed, all of it before anything is sent. A run that was cut off anywhere is
 * taken up by the next one, which makes the same mail under the same names. RFC 9991, 2
 * and 5; one run at a time.
 */
#ifndef REPORTS_FAILURES_H
#define REPORTS_FAILURES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/conf.h"
#include "common/resolver.h"
#include "reports/failqueue.h"
#include "reports/namelist.h"
#include "reports/redact.h"

/* How long a report waits for a DNS that does not say whether a destination agrees. */
#define REPORT_FAILURES_DNS_SECS	(6 * 60 * 60)

struct report_failures {
	const char	*spool;
	int64_t		 now, max_age_secs, dns_timeout_ms;
	struct resolver	*resolver;
	const struct report_redact *redact;	/* NULL: nothing is hidden */
	const struct report_namelist *noreports;	/* may be NULL */
	const struct conf_list *copies;	/* who gets every report, unredacted */
	const char	*from;		/* text of the From field */
	const char	*sender;	/* the address in it */
	bool		 test;		/* print, change nothing */
	int		 verbose;
	unsigned	 reports, mails, waiting, dropped, broken;	/* counted */
};

/* Makes mail of all entries. 0, or -1 with errno when the folder cannot be used. */
int report_failures_collect(struct report_failures *r);

/*
 * Makes this the only run on the spool: a descriptor to keep open, or -1 with errno,
 * EWOULDBLOCK when there is another run.
 */
int report_failures_lock(const char *spool);

#endif
