/*
 * spfguard_private.h - what the two halves of the guard share: spfguard.c, terms,
 * limits and records, and spfguard_names.c, the names that terms ask for.
 */
#ifndef COMMON_SPFGUARD_PRIVATE_H
#define COMMON_SPFGUARD_PRIVATE_H

#include "common/spfguard.h"

/* A term that is being decided, and the domain of its record. */
struct spfguard_decision {
	struct spfguard	*guard;
	const char	*domain;
	char		 client[2 * 32];			/* for %{i} */
	char		 validated[ODM_NAME_MAX + 1];	/* for %{p} */
};

/* Nothing more is asked or decided in this run. */
static inline bool
spfguard_is_over(const struct spfguard *g)
{
	return g->pending || g->over_limit;
}

static inline enum dns_type
spfguard_address_type(const struct spfguard *g)
{
	return g->client.family == AF_INET ? DNS_TYPE_A : DNS_TYPE_AAAA;
}

/* The answer to a question; NULL, and the run is over: not here yet. */
const struct dns_answer *spfguard_ask(struct spfguard *g, const char *name,
    enum dns_type type);

/* Is one of the addresses in the client's network of so many bits? */
bool spfguard_has_client(const struct spfguard *g, const struct dns_answer *answer,
    unsigned bits);

/* Expands a domain-spec, or takes the current domain. False: not known yet. */
bool spfguard_target(struct spfguard_decision *d, struct odm_span spec,
    char name_r[ODM_NAME_MAX + 1]);

/* How good a validated name is for %{p}; 5.5 takes the two best. */
enum spfguard_rank {
	SPFGUARD_RANK_NONE,
	SPFGUARD_RANK_OTHER,
	SPFGUARD_RANK_BELOW,
	SPFGUARD_RANK_EQUAL
};

/*
 * Finds the validated name of the client that is nearest to domain: a name of
 * its PTR records, the first ten, with the client among its addresses (5.5).
 * Failures count as nothing found there, and nothing found as no void lookup:
 * the reverse name is the client's, not the domain owner's. SPFGUARD_RANK_NONE with
 * the run over: not known yet.
 */
enum spfguard_rank spfguard_validated(struct spfguard_decision *d, const char *domain,
    char name_r[ODM_NAME_MAX + 1]);

#endif
