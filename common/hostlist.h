/*
 * hostlist.h - the IgnoreHosts file: host names, .suffixes, addresses and
 * networks, each with ! for an exception. Immutable once read.
 */
#ifndef COMMON_HOSTLIST_H
#define COMMON_HOSTLIST_H

#include <stdbool.h>
#include <stddef.h>

#include "libopendmarc/base/ipaddr.h"

struct hostlist;		/* private: hostlist.c */

/*
 * A list of 127.0.0.1 and ::1, if with_loopback, and the entries of the file at path
 * (NULL: none). NULL when it cannot be read or memory is short, the reason in why.
 * Entries are normalised; one that is no host, suffix, address or network is
 * an error that names file and line.
 */
struct hostlist *hostlist_read(const char *path, bool with_loopback, char *why,
    size_t why_size);

/* Frees *l and clears it. *l may be NULL. */
void hostlist_free(struct hostlist **l);

/*
 * True when the client is listed: its name first (exact, then each suffix,
 * longest first), then its address (longest prefix first); at each step an
 * exception ends the search with false. host may be NULL.
 */
bool hostlist_match(const struct hostlist *l, const char *host, const struct odm_ip *ip);

#endif
