/*
 * authres.h - reading Authentication-Results fields. RFC 8601, 2.2; RFC 6008.
 * A stream: open a field, take its results one by one. Nothing is allocated;
 * all spans point into the field's value, which must outlive them.
 */
#ifndef ODM_PARSE_AUTHRES_H
#define ODM_PARSE_AUTHRES_H

#include <stdbool.h>
#include <stddef.h>

#include "libopendmarc/base/limits.h"
#include "libopendmarc/base/result.h"
#include "libopendmarc/base/span.h"

enum odm_method {
	ODM_METHOD_OTHER = 0,	/* not ours to use */
	ODM_METHOD_ARC,
	ODM_METHOD_DKIM,
	ODM_METHOD_DMARC,
	ODM_METHOD_SPF
};

struct odm_authres {
	struct odm_span	authserv_id;	/* raw: a token or the inside of a quoted string */
	bool		id_quoted;
	struct odm_span	rest;		/* private: what is still to be read */
	size_t		nresults;	/* private */
};

struct odm_authres_prop {
	struct odm_span	ptype, name;	/* compare with odm_span_ieq() */
	struct odm_span	value;		/* raw pvalue; decode with odm_authres_value() */
};

struct odm_authres_result {
	enum odm_method	method;
	enum odm_result	result;
	struct odm_authres_prop	props[ODM_AUTHRES_PROPS_MAX];
	size_t		nprops;		/* further ones are left out */
};

/*
 * Opens a field value: reads authserv-id and version. False when there is no
 * authserv-id, or the version is not 1: the field must not be used.
 */
bool odm_authres_open(struct odm_span value, struct odm_authres *ar_r);

/*
 * The authserv-id as text, quoted pairs resolved and split at its first "/":
 * id_r before it, job_r after it (empty without one). False when either part
 * does not fit its buffer (size octets with the NUL) or the id is empty.
 */
bool odm_authres_id(const struct odm_authres *ar, char *id_r, size_t id_size,
    char *job_r, size_t job_size);

/*
 * Takes the next result. 1: *res_r is filled; 0: no more; -1: the text from
 * here to the next ";" is malformed and was skipped, go on calling.
 * "none" gives no result. Results with an unsupported method version come as
 * ODM_METHOD_OTHER. After ODM_AUTHRES_RESULTS_MAX results, malformed ones
 * counted, it returns 0. Behind a result, reason=, other keys without a
 * property type and words that are no property are passed over. A comment or
 * quoted string that is not closed makes its result malformed and loses the
 * rest of the field: what it swallowed is never read as results. Malformed too
 * is a result where text goes on with a value that has ended: "a(c).b".
 */
int odm_authres_next(struct odm_authres *ar, struct odm_authres_result *res_r);

/* The first property ptype.name of a result; NULL when it has none. */
const struct odm_authres_prop *odm_authres_find(
    const struct odm_authres_result *res, const char *ptype, const char *name);

/*
 * Decodes a raw pvalue into buf: comments and white space out, quoted strings
 * unquoted, one pair of angle brackets kept. False when it does not fit, holds
 * a NUL or a control character; buf is then the empty text.
 */
bool odm_authres_value(struct odm_span raw, char *buf, size_t size);

#endif
