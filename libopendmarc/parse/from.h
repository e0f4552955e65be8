/*
 * from.h - the Author Domains of a From field. RFC 5322, 3.4 and 4.4; RFC 6854;
 * RFC 6532; RFC 9989, 5.3.1. Encoded words are never decoded.
 */
#ifndef ODM_PARSE_FROM_H
#define ODM_PARSE_FROM_H

#include <stdbool.h>
#include <stddef.h>

#include "libopendmarc/base/limits.h"
#include "libopendmarc/base/span.h"

struct odm_from {
	char	domains[ODM_AUTHORS_MAX][ODM_NAME_MAX + 1];
				/* distinct, normalised, in order of appearance */
	size_t	ndomains;
	size_t	nmailboxes;	/* mailboxes seen, with or without a usable domain */
	bool	malformed;	/* not the grammar; the domains found are still clear */
	bool	ambiguous;	/* more than one reading or none that is safe: malformed
				 * is then true and ndomains 0 */
	bool	too_many;	/* more than ODM_AUTHORS_MAX domains or too many mailboxes:
				 * ndomains is then 0 */
};

/*
 * Reads the value of a From field (what follows the colon, folded or not).
 * Total: every input gives a result. An address whose domain is invalid or a
 * domain literal adds no domain; it makes the field malformed, and when other
 * domains stand beside it they are kept.
 *
 * Of one mailbox (the text between two commas) the address in angle brackets
 * counts, whatever stands before it: "a@x.example <b@y.example>" is y.example,
 * since that is where replies go. Text without "@" around an address, missing
 * or surplus brackets, and a comment or quoted string that is not closed and
 * holds no "@" leave the domain clear.
 *
 * Ambiguous are: two addresses that no comma separates ("<a@x.example>
 * <b@y.example>"), unless both have the same domain, and anything like them
 * after the angle address; two "@" in one address; an unclosed comment, quoted
 * string or literal with an "@" in it; a NUL; a line break that is no folding.
 */
void odm_from_parse(struct odm_span value, struct odm_from *from_r);

#endif
