/*
 * spfguard.h - what stands between libspf2 and the DNS in one SPF check. RFC 7208.
 *
 * libspf2 evaluates: the order of terms, qualifiers, include, redirect. It never
 * sees a record of the DNS, but one that is written for it: the published record
 * has passed the strict parser of spfrecord.h, networks are compared with the
 * client already (a match becomes "all", others are left out), and every term
 * that needs the DNS is "exists:", "include:" or "redirect=" with a handle. When
 * the evaluation comes to a handle, the guard counts the term, expands its
 * macros, asks the DNS and answers yes or no. So syntax, limits, macros and
 * addresses are ours, and hostile text does not get further than our parser.
 *
 * An evaluation is run again from its beginning when an answer has arrived: the
 * guard starts afresh with each run, and equal answers make equal runs.
 */
#ifndef COMMON_SPFGUARD_H
#define COMMON_SPFGUARD_H

#include <stdbool.h>
#include <stddef.h>

#include "common/dnstask.h"
#include "libopendmarc/base/ipaddr.h"
#include "libopendmarc/base/limits.h"
#include "libopendmarc/base/strbuf.h"

/* One published record of the run: the first, and one for each include and redirect. */
struct spfguard_record {
	char		 domain[ODM_NAME_MAX + 1];	/* the <domain> of check_host() */
	struct odm_span	 text;				/* of the task's answer */
};

struct spfguard {
	/* Set by the owner; text is borrowed. */
	struct odm_ip	 client;	/* never IPv4-mapped */
	const char	*helo;
	const char	*local;		/* of the sender */
	const char	*sender;	/* local part, "@" and domain */
	const char	*domain;	/* of the sender, normalised */
	/* Of one run. */
	struct dnstask	*task;
	struct spfguard_record records[ODM_SPF_TERMS_MAX + 1];
	size_t		 nrecords;
	unsigned	 terms, voids;	/* so far; RFC 7208, 4.6.4 */
	bool		 pending;	/* an answer that is needed is under way */
	bool		 over_limit;	/* the result is permerror */
};

/* Begins a run, inside a step of task. */
void spfguard_begin(struct spfguard *g, struct dnstask *task);

enum spfguard_found {
	SPFGUARD_RECORD,
	SPFGUARD_NONE,		/* no SPF record there */
	SPFGUARD_BAD,		/* several, or one with an error */
	SPFGUARD_FAILED		/* the DNS failed, or has not answered yet, or the run is over */
};

/*
 * The record of the sender's domain (handle NULL), or of the include or redirect
 * that handle stands for. On SPFGUARD_RECORD, text_r holds the record for libspf2;
 * look at text_r->failed.
 */
enum spfguard_found spfguard_fetch(struct spfguard *g, const char *handle,
    struct odm_strbuf *text_r);

enum spfguard_match {
	SPFGUARD_MATCH,
	SPFGUARD_NO_MATCH,
	SPFGUARD_NO_ANSWER	/* the DNS failed, or has not answered yet, or the run is over */
};

/* Does the term that handle stands for match? */
enum spfguard_match spfguard_match(struct spfguard *g, const char *handle);

#endif
