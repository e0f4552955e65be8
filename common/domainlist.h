/*
 * domainlist.h - a set of domain names: the words of an option and the lines of a file.
 * Exact names, no suffixes. Immutable once read.
 */
#ifndef COMMON_DOMAINLIST_H
#define COMMON_DOMAINLIST_H

#include <stdbool.h>
#include <stddef.h>

#include "common/conf.h"

struct domainlist;		/* private: domainlist.c */

/*
 * A set of the words (normalised already, copied) and of the entries of the file at
 * path (NULL: none): one in a line, "#" begins a comment, an entry ends at its first
 * blank. NULL when it cannot be read or memory is short, the reason in why; an entry that
 * is no domain name is an error that names file and line.
 */
struct domainlist *domainlist_read(const struct conf_list *words, const char *path, char *why,
    size_t why_size);

/* Frees *l and clears it. *l may be NULL. */
void domainlist_free(struct domainlist **l);

/* True when the name (normalised) is in the set. l may be NULL: an empty set. */
bool domainlist_has(const struct domainlist *l, const char *name);

/* True when there is no name in it. l may be NULL. */
bool domainlist_empty(const struct domainlist *l);

#endif
