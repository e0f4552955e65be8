/*
 * uri.h - the URI lists of rua and ruf. RFC 9989, 4.6 to 4.8; RFC 6068.
 */
#ifndef ODM_PARSE_URI_H
#define ODM_PARSE_URI_H

#include <stdbool.h>

#include "libopendmarc/base/limits.h"
#include "libopendmarc/base/span.h"

enum odm_uri_scheme {
	ODM_URI_MAILTO,
	ODM_URI_HTTPS,
	ODM_URI_OTHER		/* well-formed, but nothing we deliver to */
};

struct odm_uri {
	struct odm_span	text;		/* as published, trimmed, with any !size */
	bool		malformed;	/* the fields below are then empty */
	enum odm_uri_scheme scheme;
	char		address[ODM_URI_ADDRESS_MAX + 1];
					/* mailto: percent-decoded, no ?part; checked:
					 * one "@", a local part of atext and dots,
					 * no leading "-", no final dot;
					 * https: the URI without !size */
	char		host[ODM_NAME_MAX + 1];	/* normalised; "" for OTHER */
};

/*
 * Takes the next URI from *rest_r, a comma-separated list. False at its end.
 * Empty members are passed over. The obsolete size suffix is dropped.
 */
bool odm_uri_next(struct odm_span *rest_r, struct odm_uri *uri_r);

/* True when at least one URI of the list is well-formed. */
bool odm_uri_list_usable(struct odm_span list);

#endif
