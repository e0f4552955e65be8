/*
 * dest.h - where the reports about one policy domain go: the rua list as a list of
 * destinations, each with its fate and the reason. No DNS here; destcheck.h brings
 * the answers. RFC 9990, 3.5 and 4; RFC 9989, 4.7 and 4.8.
 */
#ifndef REPORTS_DEST_H
#define REPORTS_DEST_H

#include <stdbool.h>
#include <stddef.h>

#include "libopendmarc/base/limits.h"
#include "libopendmarc/base/span.h"
#include "libopendmarc/core/extdest.h"

/* What may stand in a list: each published URI may be replaced by as many. */
#define REPORT_DESTS_MAX	(2 * ODM_URIS_MAX)

enum report_dest_state {
	REPORT_DEST_UNCHECKED,	/* permission not looked at yet */
	REPORT_DEST_READY,	/* the report goes here */
	REPORT_DEST_POSTPONED,	/* the DNS failed for now */
	REPORT_DEST_REFUSED,	/* the host did not agree */
	REPORT_DEST_REPLACED,	/* the host named other addresses, which follow in the list */
	REPORT_DEST_IGNORED	/* malformed, another scheme, or there already */
};

struct report_dest {
	enum report_dest_state state;
	char		 address[ODM_URI_ADDRESS_MAX + 1];
				/* a mail address, decoded, or an https URI; for IGNORED what was
				 * published, perhaps cut, and as untrusted as that: escape it
				 * before it is shown */
	char		 host[ODM_NAME_MAX + 1];	/* "" for IGNORED */
	const char	*reason;	/* why not READY; static; NULL for READY */
};

struct report_dests {
	bool		 https;		/* https URIs are destinations too */
	struct report_dest list[REPORT_DESTS_MAX];
	size_t		 n;
};

/* The number of destinations in a state. */
size_t report_dests_count(const struct report_dests *d, enum report_dest_state state);

/*
 * Reads a rua list in its order; every destination to which we could deliver is
 * UNCHECKED; with https, https URIs are among them. At most ODM_URIS_MAX URIs are read.
 * Size limits in them are dropped.
 */
void report_dests_read(struct odm_span rua, bool https, struct report_dests *d_r);

/*
 * Settles the UNCHECKED destination i by the outcome of its check (not OPEN).
 * override: with VERIFIED, the URI list that takes its place; len 0 for none.
 * Addresses of the list whose host differs are refused.
 */
void report_dests_settle(struct report_dests *d, size_t i, enum odm_extdest outcome,
    struct odm_span override);

/* Adds a destination of our own, a mail address, READY; not one that is in the list. */
void report_dests_add(struct report_dests *d, const char *address);

struct report_namelist;

/* Refuses what is READY or UNCHECKED and stands in the list, which may be NULL. */
void report_dests_silence(struct report_dests *d, const struct report_namelist *list);

#endif
