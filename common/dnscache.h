/*
 * dnscache.h - answers kept for their time to live, within a budget of entries
 * and octets; the least recently used go first. One lock inside; any thread.
 */
#ifndef COMMON_DNSCACHE_H
#define COMMON_DNSCACHE_H

#include <stddef.h>
#include <stdint.h>

#include "common/dnsmsg.h"

/*
 * Some 25 000 answers of usual length fit into the octets. Names and answers of all
 * lengths come and go, so malloc needs up to twice as much for them, and the daemon with
 * 64 connections shall stay below 20 MB (tests/bench/soak.py).
 */
#define DNSCACHE_ENTRIES_MAX	50000
#define DNSCACHE_OCTETS_MAX	(6u * 1024 * 1024)
/* RFC 2308, 5 and 7.1: denials at most 3 hours, failures a few seconds. */
#define DNSCACHE_TTL_MAX_SECS	86400
#define DNSCACHE_DENIAL_MAX_SECS 10800
#define DNSCACHE_FAILURE_SECS	5

struct dnscache;

struct dnscache *dnscache_new(size_t entries_max, size_t octets_max);

/* Frees *c and clears it. *c may be NULL. */
void dnscache_free(struct dnscache **c);

/* A new reference to a fresh answer, or NULL. now: monotonic milliseconds. */
struct dns_answer *dnscache_get(struct dnscache *c, const char *name,
    enum dns_type type, int64_t now);

/* Keeps a reference of its own, until the answer's ttl is over. */
void dnscache_put(struct dnscache *c, const char *name, enum dns_type type,
    struct dns_answer *answer, int64_t now);

/* Entries and octets held now, for the tests and the figures. */
void dnscache_usage(struct dnscache *c, size_t *entries_r, size_t *octets_r);

#endif
