/*
 * check_lookup.h - everything that opendmarc-check finds out about one domain: the walk, the
 * policy, what is odd in the records, whether report destinations agree. Waits for the DNS.
 */
#ifndef OPENDMARC_CHECK_LOOKUP_H
#define OPENDMARC_CHECK_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/recordlint.h"
#include "common/resolver.h"
#include "libopendmarc/base/psl.h"
#include "libopendmarc/core/eval.h"
#include "libopendmarc/core/extdest.h"
#include "libopendmarc/core/walk.h"
#include "libopendmarc/parse/uri.h"

enum check_state {
	CHECK_FOUND,		/* a policy applies */
	CHECK_UNUSABLE,		/* the record that applies has no usable policy */
	CHECK_NONE,		/* there is none */
	CHECK_TEMPERROR,	/* the DNS does not answer */
	CHECK_INVALID		/* no domain name; everything else is empty */
};

/* One TXT record that is, or was meant as, a DMARC record. */
struct check_record {
	size_t		 step;		/* of the walk */
	struct odm_span	 text;		/* owned by the lookup */
	bool		 valid;		/* it is a DMARC record */
	bool		 linted;	/* it concerns this domain, lint is filled in */
	struct recordlint lint;
};

/* One destination of reports of the policy record. */
struct check_dest {
	enum odm_report_kind kind;
	struct odm_uri	 uri;
	enum odm_extdest state;
	char		*override;	/* addresses that replace it; NULL none */
};

/* Records shown for one domain; with more the rest is counted. */
#define CHECK_RECORDS_MAX	32
#define CHECK_DESTS_MAX		(2 * ODM_URIS_MAX)

struct check_lookup {
	enum check_state state;
	char		 domain[ODM_NAME_MAX + 1];	/* normalised */
	const struct odm_verdict *verdict;	/* of a message that fails */
	const struct odm_walk *walk;	/* a whole one from the domain; with by_list that of the
					 * evaluation, two names at most */
	const char	*org_domain;	/* NULL: the walk failed */
	struct check_record *records;	/* in the order of the walk */
	size_t		 nrecords;
	size_t		 nhidden;
	struct check_dest dests[CHECK_DESTS_MAX];
	size_t		 ndests;
	bool		 by_list;	/* RFC 7489: by a public suffix list */
	struct odm_eval	*eval;		/* private */
	struct odm_walk	 own_walk;	/* private */
};

/*
 * Looks name up, as it stands on the command line, waiting at most timeout_msecs for the
 * policy and as long again for destinations. psl: a list of public suffixes for what depends
 * on them, NULL without; by_list: the policy is looked for with it (RFC 7489). False: out of
 * memory. The caller clears in either case.
 */
bool check_lookup(struct check_lookup *l, struct resolver *resolver,
    const struct odm_psl *psl, bool by_list, const char *name, int64_t timeout_msecs);

void check_lookup_clear(struct check_lookup *l);

/* The steps to be told: those looked at, and the one at which the walk failed. */
size_t check_lookup_steps(const struct check_lookup *l);

/* The answer to a step's question; NULL: not asked, since the name is too long. */
const struct odm_answer *check_lookup_answer(const struct check_lookup *l, size_t step);

/* How many findings of this severity or a worse one. */
size_t check_lookup_count(const struct check_lookup *l, enum recordlint_severity least);

#endif
