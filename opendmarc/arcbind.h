/*
 * arcbind.h - what the arc results of trusted fields are worth. A pass is believed when
 *  - no other trusted result, pass or not, stands beside it above foreign Received fields;
 *  - the message carries a chain that it can be about: ARC sets 1 to N, the three fields of
 *    each once and well-formed, and nothing else;
 *  - every domain that it names in arc.chain sealed this message.
 * RFC 8617, 5.2 and 10.2; arc.chain is what OpenARC writes.
 */
#ifndef OPENDMARC_ARCBIND_H
#define OPENDMARC_ARCBIND_H

#include <stdbool.h>
#include <stddef.h>

#include "libopendmarc/base/result.h"
#include "libopendmarc/parse/authres.h"
#include "opendmarc/arcsets.h"

/* The longest arc.chain that is read. */
#define DMF_ARC_CHAIN_MAX	4096

struct dmf_arc {
	struct dmf_arc_sets sets;
	size_t		 nresults;	/* results that were added */
	enum odm_result	 result;	/* PASS: one that is believed; UNKNOWN: none was added */
	const char	*refused;	/* why a pass is not believed; NULL: there was none */
	bool		 has_chain;
	char		 chain[DMF_ARC_CHAIN_MAX + 1];	/* arc.chain, decoded; "" unusable */
};

/* Reads the ARC fields; see dmf_arc_sets_read(). */
bool dmf_arc_init(struct dmf_arc *arc, const struct dmf_fields *fields, const char *job);
void dmf_arc_clear(struct dmf_arc *arc);

/* True when an arc=pass can be about the seals of this message. */
bool dmf_arc_bound(const struct dmf_arc *arc, const struct odm_authres_result *res);

/* Adds the result of a trusted field above foreign Received fields. */
void dmf_arc_add(struct dmf_arc *arc, const struct odm_authres_result *res);

/* Takes the next domain off an arc.chain, normalised; "" when it is none. False at the end. */
bool dmf_arc_chain_next(struct odm_span *rest_r, char domain_r[ODM_NAME_MAX + 1]);

#endif
