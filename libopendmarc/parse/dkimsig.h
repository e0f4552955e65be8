/*
 * dkimsig.h - the tags of a DKIM-Signature field that bind a result to it.
 * RFC 6376, 3.2 and 3.5. No cryptography here.
 */
#ifndef ODM_PARSE_DKIMSIG_H
#define ODM_PARSE_DKIMSIG_H

#include <stdbool.h>

#include "libopendmarc/base/limits.h"
#include "libopendmarc/base/span.h"

struct odm_dkimsig {
	bool		well_formed;	/* v a b bh d h s all there, none twice, none empty */
	bool		strict;		/* well formed, and right by the letter of the grammar */
	char		domain[ODM_NAME_MAX + 1];	/* d=, normalised; "" if bad */
	struct odm_span	selector;	/* s=, trimmed */
	struct odm_span	identity;	/* i=, trimmed; len 0: absent */
	struct odm_span	signature;	/* b=, raw, with its folding */
};

/*
 * Reads a field value; total. Spans point into value. strict is what a verifier
 * surely goes on with: every part of the list is a tag, octets are printable ASCII,
 * d= and s= make a name that the DNS can be asked for, l=, t= and x= are numbers.
 */
void odm_dkimsig_parse(struct odm_span value, struct odm_dkimsig *sig_r);

/*
 * True when b=, its white space removed, begins with prefix, letter case kept.
 * An empty prefix matches nothing.
 */
bool odm_dkimsig_matches_b(const struct odm_dkimsig *sig, struct odm_span prefix);

#endif
