/*
 * spfrecord.h - a strict parser of SPF records. RFC 7208, 4.5, 4.6.1 and 12.
 * Total, bounded by ODM_SPF_RECORD_MAX, allocates nothing. What is not in the
 * grammar is an error, never something that looks like it.
 */
#ifndef COMMON_SPFRECORD_H
#define COMMON_SPFRECORD_H

#include <stdbool.h>

#include "libopendmarc/base/ipaddr.h"
#include "libopendmarc/base/span.h"

enum spfterm_kind {
	SPFTERM_ALL,
	SPFTERM_INCLUDE,
	SPFTERM_A,
	SPFTERM_MX,
	SPFTERM_PTR,
	SPFTERM_IP4,
	SPFTERM_IP6,
	SPFTERM_EXISTS,
	SPFTERM_REDIRECT,	/* from here on modifiers */
	SPFTERM_EXP,
	SPFTERM_UNKNOWN
};

/* One term of a record. Spans point into the record. */
struct spfterm {
	enum spfterm_kind kind;
	char		 qualifier;	/* '+', '-', '~' or '?'; NUL for a modifier */
	struct odm_span	 domain;	/* domain-spec, unexpanded; empty for a, mx and ptr:
					 * the current domain. SPFTERM_UNKNOWN: its text */
	struct odm_net	 net;		/* ip4, ip6. A network of IPv4-mapped addresses stays
					 * AF_INET6, where no client is (5, "ip4" only) */
	unsigned	 bits4, bits6;	/* prefix lengths of a and mx; 32 and 128 by default */
};

/* Is this TXT record an SPF record at all, good or bad? RFC 7208, 4.5. */
bool spfrecord_is(struct odm_span text);

/*
 * Is all of it well-formed, with at most one redirect and one exp? Any error
 * anywhere makes a record bad (4.6): evaluate only what passed this.
 */
bool spfrecord_valid(struct odm_span text);

/* The terms of a record: what stands behind the version. Needs spfrecord_is(text). */
struct odm_span spfrecord_terms(struct odm_span text);

/*
 * Takes the next term off *rest: 1, or 0 at the end, or -1 when it is malformed.
 * *term_r is written on 1 only.
 */
int spfrecord_next(struct odm_span *rest, struct spfterm *term_r);

#endif
