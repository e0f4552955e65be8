/*
 * arcsets.h - the ARC sets that a message carries: who sealed it, and what address the
 * results of that sealer tell of. They are what the message says, and prove nothing; an
 * arc=pass of a filter of ours is about them. RFC 8617, 4.1 and 4.2.
 */
#ifndef OPENDMARC_ARCSETS_H
#define OPENDMARC_ARCSETS_H

#include <stdbool.h>
#include <stddef.h>

#include "libopendmarc/base/limits.h"
#include "libopendmarc/base/span.h"
#include "opendmarc/fields.h"

/* One well-formed ARC-Seal. */
struct dmf_arc_seal {
	unsigned	instance;	/* 1 to ODM_ARC_SETS_MAX, no two alike */
	char		domain[ODM_NAME_MAX + 1];	/* normalised */
	struct odm_span	selector;	/* inside the field; any octets */
	char		ip[ODM_IP_TEXT_MAX + 1];	/* of the same set; "" unknown */
};

struct dmf_arc_sets {
	struct dmf_arc_seal *at;	/* in header order; owned */
	size_t		 n;
	bool		 whole;		/* sets 1 to n, three good fields each, and no other ARC field */
};

/*
 * A filter that checks ARC may give up on a chain that is not whole, and leave the word to the
 * sender; so only a whole one can be what a pass is about. RFC 8617, 5.2.
 *
 * Reads the ARC fields, which must outlive *sets_r. Logs those that are invalid; job
 * may be NULL. False: out of memory.
 */
bool dmf_arc_sets_read(const struct dmf_fields *fields, const char *job,
    struct dmf_arc_sets *sets_r);

void dmf_arc_sets_free(struct dmf_arc_sets *sets);

/* True when there is a seal of that domain (normalised). */
bool dmf_arc_sets_sealed_by(const struct dmf_arc_sets *sets, const char *domain);

#endif
