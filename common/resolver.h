/*
 * resolver.h - DNS questions on one thread of their own (c-ares), answered from
 * the cache when possible; equal questions in flight are asked once.
 * Thread-safe. Nothing here waits for an answer; dnstask.h does.
 */
#ifndef COMMON_RESOLVER_H
#define COMMON_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/conf.h"
#include "common/dnsmsg.h"

struct resolver;

/*
 * Starts the resolver thread. nameservers as in the option (IP, IP@port; empty:
 * the system's); timeout_secs is the longest time one question may stay
 * unanswered (tries of about a second go round the servers, and the server that
 * answered last is asked first). NULL with the reason in why.
 */
struct resolver *resolver_new(const struct conf_list *nameservers,
    int timeout_secs, char *why, size_t why_size);

/* Another reference to r, for one more owner: each calls resolver_free() once. Any thread. */
struct resolver *resolver_ref(struct resolver *r);

/*
 * Gives one reference up and clears *r, which may be NULL. The last one answers the
 * questions still open with DNS_FAILED, stops the thread and frees the resolver; so
 * never call it from a done function or a step that runs on the resolver thread.
 */
void resolver_free(struct resolver **r);

typedef void resolver_done(void *arg, struct dns_answer *answer);

/*
 * Asks for name (normalised, or at least a valid name; case is ignored).
 * An answer at hand is returned, a new reference for the caller. Otherwise NULL,
 * and done(arg, answer) is called once, later, on the resolver thread, the
 * answer borrowed for the call; done must not block. A name the DNS cannot
 * carry is answered DNS_NXDOMAIN at once; memory short: DNS_FAILED.
 */
struct dns_answer *resolver_ask(struct resolver *r, const char *name,
    enum dns_type type, resolver_done *done, void *arg);

/* What happened since resolver_new(), and what the cache holds. */
struct resolver_counts {
	uint64_t asked;		/* calls of resolver_ask() with a name the DNS can carry */
	uint64_t cache_hits;	/* of these: answered from the cache, failures kept there too */
	uint64_t joined;	/* of these: waited for an equal question already in flight */
	uint64_t sent;		/* questions put to a server; its repeats by TCP or without
				 * EDNS are not counted */
	uint64_t failed;	/* questions that no server could answer: SERVFAIL, REFUSED,
				 * garbage; and those that found no memory or no room */
	uint64_t overdue;	/* questions that were not answered within timeout_secs */
	size_t	 cache_entries;
	size_t	 cache_octets;
};

/* Cheap; from any thread. The numbers belong to one instant, but for the cache's two. */
void resolver_counts(struct resolver *r, struct resolver_counts *counts_r);

/* Monotonic milliseconds, the clock of deadlines. */
int64_t resolver_now(void);

#endif
