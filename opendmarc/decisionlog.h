/*
 * decisionlog.h - the one line that tells why a message got its result and what was
 * done: "JOB: decision key=value ...", for programs as well as for people.
 *
 * The keys and their order are part of opendmarc(8). Values have no blank and no quote,
 * but for the rule, which is a sentence in quotes; what could disturb that, and octets that
 * are not visible ASCII, appear as \xNN. What has no value is "-". A value over its
 * limit is cut and ends in "...", so that the line never passes its size.
 * Pure: no log, no allocation.
 */
#ifndef OPENDMARC_DECISIONLOG_H
#define OPENDMARC_DECISIONLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/conf.h"
#include "libopendmarc/core/eval.h"
#include "opendmarc/inputs.h"
#include "opendmarc/verdict.h"

/* Room for the longest line with its NUL; log_write() takes it whole. */
#define DMF_DECISION_SIZE	2000

/* What the line is made of. All pointers are borrowed. */
struct dmf_decisionlog {
	const char	*job;
	struct odm_ip	 client;
	const struct dmf_inputs *inputs;	/* settled; NULL: not read */
	bool		 own_spf;		/* SPF was checked here */
	const struct odm_verdict *verdict;	/* NULL: nothing was evaluated */
	const char	*rule;			/* without a verdict: what decided; NULL unknown */
	const struct dmf_decision *decision;
	int64_t		 dns_usecs, end_usecs;
};

/* True when LogDecisions asks for a line about this decision. */
bool dmf_decisionlog_wanted(const struct conf *c, const struct dmf_decision *d);

/* Writes the line, without an LF, and returns its length. */
size_t dmf_decisionlog(const struct dmf_decisionlog *src, char line[DMF_DECISION_SIZE]);

#endif
