/*
 * caps.h - how much mail one run may send, in all and to one domain, so that a
 * flood of made-up domains cannot turn the reporter into a source of unwanted mail.
 * What is over a limit waits for a later run. No mail and no clock here.
 */
#ifndef REPORTS_CAPS_H
#define REPORTS_CAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Mails of one run unless --max-mails says otherwise. A large site sees 10 000 policy
 * domains a day; ten times that needs somebody who makes them up.
 */
#define REPORT_MAILS_MAX		100000

/*
 * Mails of one run to one domain unless --max-per-domain says otherwise. Collectors take
 * reports about thousands of domains.
 */
#define REPORT_MAILS_PER_DOMAIN_MAX	10000

enum report_cap {
	REPORT_CAP_NONE,	/* may be sent, and is counted */
	REPORT_CAP_RUN,		/* the run has sent all it may */
	REPORT_CAP_DOMAIN,	/* this domain got all it may */
	REPORT_CAP_MEMORY	/* memory is short */
};

struct report_caps;

/* NULL: out of memory. */
struct report_caps *report_caps_new(int64_t max_mails, int64_t max_per_domain);

/* Frees *c and clears it. *c may be NULL. */
void report_caps_free(struct report_caps **c);

/* Asks for room for one mail to a domain, in lower case. */
enum report_cap report_caps_take(struct report_caps *c, const char *domain);

/*
 * The seconds that a reporter waits before it sends, from 0 to most: the same for the
 * same submitter, different for others, so that not all of them send at once.
 */
int64_t report_caps_wait_secs(const char *submitter, int64_t most);

#endif
