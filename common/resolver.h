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

/*
 * Stops the thread and frees *r: questions still open are answered DNS_FAILED
 * first. *r may be NULL.
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

/* Monotonic milliseconds, the clock of deadlines. */
int64_t resolver_now(void);

#endif
