/*
 * spfmacro.h - the macros of SPF records: their syntax and what they become in a
 * domain name. RFC 7208, 7. Nothing here allocates.
 */
#ifndef COMMON_SPFMACRO_H
#define COMMON_SPFMACRO_H

#include <stdbool.h>

#include "libopendmarc/base/limits.h"
#include "libopendmarc/base/span.h"

/* One piece of a macro-string. */
struct spfmacro {
	char		letter;		/* of a macro, lower case; '%', '_' or '-' for %%, %_
					 * and %-; NUL: plain text */
	bool		url;		/* the letter was a capital: the value is URL-escaped */
	bool		reverse;
	unsigned	parts;		/* right-hand parts to keep; 0: all */
	struct odm_span	delimiters;	/* empty: "." */
	struct odm_span	text;		/* plain text, as long as it goes; never empty */
};

/*
 * Takes the next piece off *rest: 1, or 0 at the end, or -1 on anything that is
 * no macro-string (RFC 7208, 7.1), *piece_r then untouched. Spans point into *rest.
 */
int spfmacro_next(struct odm_span *rest, struct spfmacro *piece_r);

/*
 * Is this a domain-spec: a macro-string that ends in a macro, or in a dot and a
 * top label, without the macros c, r and t that only explanations may hold?
 */
bool spfmacro_is_domain_spec(struct odm_span text);

/*
 * The value of a macro letter (s l o d i p h v), without its transformers;
 * NULL: not known now.
 */
typedef const char *spfmacro_value(void *arg, char letter);

/*
 * Expands a domain-spec into the name to ask: without its final dot, and when
 * longer than 253 octets shortened from the left by whole labels (7.3). The name
 * may be no valid one, even empty. Only the first ODM_SPF_VALUE_MAX octets of a
 * value count. False, and name_r untouched: a value was not known, or text is
 * no domain-spec.
 */
bool spfmacro_expand(struct odm_span text, spfmacro_value *value, void *arg,
    char name_r[ODM_NAME_MAX + 1]);

#endif
