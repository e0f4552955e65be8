/*
 * authwrite.h - writing the value of an Authentication-Results field. RFC 8601, 2.2.
 * What authres.h reads back is what was given, whatever octets it had: values are
 * quoted where they need it, comments escaped, control characters left out.
 *
 *	odm_authwrite_open(&w, out, "mx.example", 78);
 *	odm_authwrite_result(&w, "dmarc", "pass");
 *	odm_authwrite_comment(&w, "p=reject dis=none");
 *	odm_authwrite_prop(&w, "header", "from", "a.example");
 */
#ifndef ODM_PARSE_AUTHWRITE_H
#define ODM_PARSE_AUTHWRITE_H

#include <stdbool.h>
#include <stddef.h>

#include "libopendmarc/base/strbuf.h"

struct odm_authwrite {
	struct odm_strbuf *out;
	size_t		 width;		/* 0: one line */
	size_t		 column;	/* of the next octet; the field name counts */
};

/*
 * Begins a field value at the end of out with its authserv-id; look at out->failed when
 * all is written. With a width, a part that would end beyond it goes to a new line,
 * as LF TAB; a part that is longer by itself is not broken. A field without a result
 * needs odm_authwrite_none().
 */
void odm_authwrite_open(struct odm_authwrite *w, struct odm_strbuf *out, const char *id,
    size_t width);

/* "none": the field has no results. */
void odm_authwrite_none(struct odm_authwrite *w);

/* Begins a result. Both words are keywords, letters, digits and "-". */
void odm_authwrite_result(struct odm_authwrite *w, const char *method, const char *result);

/* A comment behind the result or property before it. */
void odm_authwrite_comment(struct odm_authwrite *w, const char *text);

/* The reason of the result; before its properties. */
void odm_authwrite_reason(struct odm_authwrite *w, const char *text);

/*
 * A property; ptype and name are keywords. An address stays as it is, as far as its
 * local-part needs no quotes; other values are a token or a quoted string.
 */
void odm_authwrite_prop(struct odm_authwrite *w, const char *ptype, const char *name,
    const char *value);

#endif
