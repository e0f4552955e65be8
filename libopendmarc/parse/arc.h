/*
 * arc.h - the three fields of an ARC set, as far as a DMARC receiver reads them:
 * who sealed, with which instance, and what it saw. RFC 8617, 4.1 and 4.2.
 * No cryptography here: whether a chain holds is told by arc= in an
 * Authentication-Results field of one's own, never by these fields alone.
 */
#ifndef ODM_PARSE_ARC_H
#define ODM_PARSE_ARC_H

#include <stdbool.h>

#include "libopendmarc/base/limits.h"
#include "libopendmarc/base/span.h"
#include "libopendmarc/parse/authres.h"

/* The chain validation status that a seal states, cv=. */
enum odm_arc_cv {
	ODM_ARC_CV_UNKNOWN = 0,	/* absent, or another word */
	ODM_ARC_CV_NONE,
	ODM_ARC_CV_FAIL,
	ODM_ARC_CV_PASS
};

/* An ARC-Seal. */
struct odm_arc_seal {
	bool		well_formed;	/* i a b cv d s all there and good, none twice, no h */
	unsigned	instance;	/* 1 to ODM_ARC_SETS_MAX; 0: cannot be read */
	enum odm_arc_cv	cv;
	char		domain[ODM_NAME_MAX + 1];	/* d=, normalised; "" if bad */
	struct odm_span	selector;	/* s=, trimmed; any length, and any octets */
	struct odm_span	signature;	/* b=, raw, with its folding */
};

/* An ARC-Message-Signature. */
struct odm_arc_signature {
	bool		well_formed;	/* i a b bh d h s all there and good, none twice */
	unsigned	instance;
	char		domain[ODM_NAME_MAX + 1];
	struct odm_span	selector;
	struct odm_span	signature;
};

/* An ARC-Authentication-Results field, opened. */
struct odm_arc_results {
	unsigned	instance;
	struct odm_authres authres;	/* take the results with odm_authres_next() */
};

/* Both read a field value; total. Spans point into value. */
void odm_arc_seal_parse(struct odm_span value, struct odm_arc_seal *seal_r);
void odm_arc_signature_parse(struct odm_span value, struct odm_arc_signature *sig_r);

/*
 * Reads "i=N;" and opens what follows as authres.h does; spans point into value.
 * False when there is no such instance or no authserv-id: the field says nothing.
 */
bool odm_arc_results_open(struct odm_span value, struct odm_arc_results *results_r);

/* "none", "fail", "pass"; NULL for UNKNOWN. Static. */
const char *odm_arc_cv_name(enum odm_arc_cv cv);

#endif
