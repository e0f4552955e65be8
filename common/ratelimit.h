/*
 * ratelimit.h - at most so many a domain and so many in all within any hour.
 *
 * What was let through within the last hour is remembered, one place for each, so the
 * memory is that of the total limit, whatever names arrive. RFC 9991, 2 and 5.1: a limit
 * on outgoing failure reports is a duty. Thread-safe; the clock is passed in.
 */
#ifndef COMMON_RATELIMIT_H
#define COMMON_RATELIMIT_H

#include <stdint.h>

/* The time within which is counted. */
#define RATELIMIT_SECS	3600

/* The largest total limit: the places are looked through one by one. */
#define RATELIMIT_MAX	10000

struct ratelimit;

/* Limits from 1 to RATELIMIT_MAX. NULL: out of memory. */
struct ratelimit *ratelimit_new(unsigned per_domain, unsigned total);

/* One more owner of the same counts; each calls ratelimit_free(). */
struct ratelimit *ratelimit_ref(struct ratelimit *r);

/* Drops one reference and clears *r; the last one frees. *r may be NULL. */
void ratelimit_free(struct ratelimit **r);

enum ratelimit_answer {
	RATELIMIT_GO,		/* counted */
	RATELIMIT_DOMAIN,	/* this domain has had its share */
	RATELIMIT_TOTAL		/* all places are taken */
};

/*
 * Asks for one place for domain (normalised; a longer text is compared by its first
 * ODM_NAME_MAX octets) at now, seconds of a clock that does not go back. A second counts
 * as over RATELIMIT_SECS after it began.
 */
enum ratelimit_answer ratelimit_take(struct ratelimit *r, const char *domain, int64_t now);

#endif
