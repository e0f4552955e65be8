/*
 * failreport.h - from a judged message to an entry in the spool of failure reports, or
 * to none. The message path ends here; opendmarc-failures(8) mails.
 *
 * With FailureReports off there is no reporter, and nobody collects headers.
 */
#ifndef OPENDMARC_FAILREPORT_H
#define OPENDMARC_FAILREPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/conf.h"
#include "libopendmarc/base/strbuf.h"
#include "opendmarc/automatic.h"
#include "opendmarc/inputs.h"
#include "opendmarc/verdict.h"

/* What all messages share: the spool, the limits, what was said in the log. Any thread. */
struct dmf_failreporter;

/*
 * Prepares for a configuration in which FailureReports is on; conf must outlive it. old is
 * the reporter that was in force before, or NULL: what it counted within the hour goes on
 * counting when both limits are the same. NULL, and the reason in why, when the spool
 * cannot be used or memory is short.
 */
struct dmf_failreporter *dmf_failreporter_new(const struct conf *conf,
    const struct dmf_failreporter *old, char *why, size_t why_size);

/* Frees *r and clears it. *r may be NULL. */
void dmf_failreporter_free(struct dmf_failreporter **r);

/*
 * Collects the header of a message, initialised with ODM_FAILURE_HEADER_MAX: adds a field
 * as the MTA gave it, LF line ends. A field that does not fit is left out.
 */
void dmf_failreport_field(struct odm_strbuf *header, const char *name, const char *value);

/* All pointers are borrowed. */
struct dmf_failreport {
	const char	*job;		/* queue id, or what stands for it */
	const char	*reporter;	/* the MTA's name */
	int64_t		 received;	/* epoch seconds */
	unsigned	 port;		/* of the client; 0 unknown */
	const char	*helo;		/* as said */
	const char	*mail_from;	/* without angle brackets; "" null sender */
	const struct dmf_context *ctx;
	const struct dmf_inputs *inputs;	/* settled */
	const struct odm_verdict *verdict;
	const struct dmf_decision *decision;
	const struct dmf_automatic *automatic;
	const struct odm_strbuf *header;	/* by dmf_failreport_field() */
};

/*
 * Decides whether the message asks for a report and whether the limits allow one, and
 * writes the spool entry. now_ms: resolver_now(). Trouble is logged, at most once a
 * minute, and changes nothing for the message. True: there is an entry.
 */
bool dmf_failreport_note(struct dmf_failreporter *r, const struct dmf_failreport *m,
    int64_t now_ms);

#endif
