/*
 * recordlint.h - what is wrong or odd in a DMARC Policy Record, for its owner:
 * where it stands, how bad it is, what receivers will do, how to write it right.
 * Pure text work on one TXT record, RFC 9989, 4.7, 4.8 and 5.1; what a record means
 * for a message is decided by libopendmarc, not here.
 */
#ifndef COMMON_RECORDLINT_H
#define COMMON_RECORDLINT_H

#include <stdbool.h>
#include <stddef.h>

#include "libopendmarc/base/span.h"

enum recordlint_severity {
	RECORDLINT_NOTE,	/* good to know */
	RECORDLINT_WARNING,	/* works, but not as its owner will expect, or not everywhere */
	RECORDLINT_ERROR	/* something that was published has no effect */
};

enum recordlint_code {
	/* the version */
	RECORDLINT_V_MISSING,
	RECORDLINT_V_NOT_FIRST,
	RECORDLINT_V_CASE,
	RECORDLINT_V_VALUE,
	RECORDLINT_V_TWICE,
	RECORDLINT_V_BLANK,
	/* the writing */
	RECORDLINT_QUOTE,
	RECORDLINT_BACKSLASH,
	RECORDLINT_OCTET,
	RECORDLINT_SEPARATOR,
	RECORDLINT_NO_EQUALS,
	RECORDLINT_EMPTY_VALUE,
	RECORDLINT_EMPTY_TAG,
	RECORDLINT_UNKNOWN_TAG,
	RECORDLINT_HISTORIC_TAG,
	RECORDLINT_TAG_CASE,
	RECORDLINT_DUPLICATE_TAG,
	RECORDLINT_LENGTH,
	/* the values */
	RECORDLINT_POLICY_VALUE,
	RECORDLINT_VALUE,
	RECORDLINT_FO_VALUE,
	RECORDLINT_FO_CONFLICT,
	RECORDLINT_FO_WITHOUT_RUF,
	RECORDLINT_P_MISSING,
	RECORDLINT_P_NONE,
	RECORDLINT_WEAK_SUBDOMAINS,
	RECORDLINT_PCT_ZERO,
	RECORDLINT_TESTING,
	RECORDLINT_TESTING_NONE,
	RECORDLINT_PSD_YES,
	RECORDLINT_PSD_RUF,
	RECORDLINT_INERT,
	/* the reporting addresses */
	RECORDLINT_RUA_MISSING,
	RECORDLINT_URI_SCHEMELESS,
	RECORDLINT_URI_MALFORMED,
	RECORDLINT_URI_SCHEME,
	RECORDLINT_URI_HTTPS,
	RECORDLINT_URI_SIZE,
	RECORDLINT_URI_EMPTY,
	RECORDLINT_URI_TWICE,
	RECORDLINT_URI_MANY,
	/* what only the DNS can tell: raised with recordlint_add() */
	RECORDLINT_SEVERAL,
	RECORDLINT_DEST_REFUSED,
	RECORDLINT_DEST_UNKNOWN,
	RECORDLINT_CODES
};

struct recordlint_rule {
	const char	*id;		/* stable word for programs */
	enum recordlint_severity severity;
	const char	*what;		/* what is the matter */
	const char	*effect;	/* what receivers will do */
	const char	*fix;		/* how to write it right; a finding may know better */
};

/* The longest proposal of a finding. */
#define RECORDLINT_FIX_MAX	200

struct recordlint_finding {
	enum recordlint_code code;
	struct odm_span	 tag;		/* name as written; len 0: the whole record */
	size_t		 at;		/* first octet concerned, from 0 */
	size_t		 len;		/* octets concerned; 0: something is missing at that place */
	char		 fix[RECORDLINT_FIX_MAX + 1];	/* "": the one of the rule */
};

/* Findings kept for one record; more are counted. */
#define RECORDLINT_MAX	64

struct recordlint {
	struct recordlint_finding findings[RECORDLINT_MAX];	/* by place in the record */
	size_t		 n;
	size_t		 dropped;
};

enum recordlint_answer {
	RECORDLINT_UNKNOWN,
	RECORDLINT_NO,
	RECORDLINT_YES
};

/* What is known about the name under which the record stands. */
struct recordlint_place {
	enum recordlint_answer is_org;		/* it is an Organizational Domain */
	enum recordlint_answer is_suffix;	/* it is a public suffix */
};

/* The rule of a code. Static. */
const struct recordlint_rule *recordlint_rule(enum recordlint_code code);

/* "note", "warning", "error". Static. */
const char *recordlint_severity_name(enum recordlint_severity severity);

/*
 * Looks at one TXT record, its strings joined. Total: any octets are taken. The
 * spans in *lint_r point into record.
 */
void recordlint_check(struct odm_span record, const struct recordlint_place *place,
    struct recordlint *lint_r);

/* Adds one finding in its place; fix NULL: the rule's. tag is not copied. */
void recordlint_add(struct recordlint *lint, enum recordlint_code code, struct odm_span tag,
    size_t at, size_t len, const char *fix);

/* The way a finding should be written: its own proposal, or the rule's. */
const char *recordlint_fix(const struct recordlint_finding *f);

/*
 * True for text that was probably meant as a DMARC record, whether or not it is
 * one: it speaks of DMARC at its beginning.
 */
bool recordlint_looks_like_dmarc(struct odm_span text);

#endif
