/*
 * dkimbind.h - which DKIM-Signature of the message a DKIM result is about, and
 * whether other results speak against it. RFC 6376, 3.5; RFC 6008; RFC 8601, 2.7.1.
 */
#ifndef OPENDMARC_DKIMBIND_H
#define OPENDMARC_DKIMBIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libopendmarc/base/limits.h"
#include "libopendmarc/parse/authres.h"
#include "libopendmarc/parse/dkimsig.h"
#include "opendmarc/fields.h"
#include "opendmarc/inputs.h"

/* One bit for each signature. */
struct dmf_sigset {
	uint64_t bits[ODM_DKIM_SIGNATURES_MAX / 64];
};

struct dmf_claim {
	struct dmf_dkim	dkim;		/* aligns: set by dmf_claims_judge() */
	const struct dmf_field *field;	/* where the result stands */
	bool		in_place;	/* topmost of its id, and above foreign Received fields */
	bool		below_spf;	/* an SPF result stands above that field */
	bool		proven;		/* its field holds the queue id of this message */
	bool		named;		/* the signing domain is known, not guessed from header.i */
	bool		refused;	/* a pass that was not earned; set by dmf_claims_judge() */
	struct dmf_sigset sigs;		/* signatures it can be about */
};

/* The well-formed signatures of a message; spans point into the fields. */
struct dmf_signatures {
	struct odm_dkimsig *at;		/* owned */
	size_t		 n;
	bool		 odd;		/* a DKIM-Signature that a verifier may give up on */
};

/* Reads the DKIM-Signature fields. False: out of memory. */
bool dmf_signatures_read(struct dmf_signatures *s, const struct dmf_fields *fields);
void dmf_signatures_free(struct dmf_signatures *s);

/*
 * Fills dkim, named and sigs of *claim_r from a dkim result and clears the
 * rest. False when the result names no domain at all: nothing to report.
 */
bool dmf_claim_read(const struct dmf_signatures *s, const struct odm_authres_result *res,
    struct dmf_claim *claim_r);

/*
 * Decides for each pass among n claims whether it aligns or is refused. A verifier
 * may give up without a word on an odd signature, or when the DNS does not give it the
 * key of the topmost one; what looks like its field may then be the sender's.
 * So with an odd signature only a proven pass counts. A pass about a signature
 * below the topmost must be proven too, or stand above the SPF results: the filters
 * before ours put theirs on top of those, a sender cannot.
 */
void dmf_claims_judge(const struct dmf_signatures *s, struct dmf_claim *claims, size_t n);

#endif
