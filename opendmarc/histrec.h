/*
 * histrec.h - what is known about a judged message as a record of the history file.
 */
#ifndef OPENDMARC_HISTREC_H
#define OPENDMARC_HISTREC_H

#include <stdbool.h>
#include <stdint.h>

#include "common/history.h"
#include "libopendmarc/base/ipaddr.h"
#include "opendmarc/automatic.h"
#include "opendmarc/inputs.h"
#include "opendmarc/verdict.h"

/* All pointers are borrowed. */
struct dmf_histrec {
	const char	*job;
	const char	*reporter;	/* the MTA's name */
	const char	*identity;
	int64_t		 received;	/* epoch seconds */
	const struct dmf_context *ctx;
	const struct dmf_inputs *inputs;	/* settled */
	const struct odm_verdict *verdict;
	const struct dmf_decision *decision;
	const struct dmf_automatic *automatic;
	bool		 arc_trusted;	/* an ARC chain passed, and all its sealers are trusted */
};

/*
 * Fills *rec_r, initialised by history_record_init(). False: memory was short. The caller
 * clears it with history_record_clear() in either case.
 */
bool dmf_histrec_fill(const struct dmf_histrec *src, struct history_record *rec_r);

#endif
