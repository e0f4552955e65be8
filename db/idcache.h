/*
 * idcache.h - remembers the row ids of names, so that a busy name is looked up in
 * the database once. Bounded: a new name takes the place of an old one of its set.
 */
#ifndef DB_IDCACHE_H
#define DB_IDCACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longer names are not kept: they are rare and would make the bound large. */
#define IDCACHE_NAME_MAX	511

struct idcache;

/* About nnames names are kept. NULL: out of memory. */
struct idcache *idcache_new(size_t nnames);

/* Frees *c and clears it. *c may be NULL. */
void idcache_free(struct idcache **c);

/* The id kept for a name below parent (0 where there is none). */
bool idcache_get(const struct idcache *c, int64_t parent, const char *name, int64_t *id_r);

/* Keeps an id; does nothing when memory is short or the name too long. */
void idcache_put(struct idcache *c, int64_t parent, const char *name, int64_t id);

/* Forgets all, when ids may have become wrong. */
void idcache_clear(struct idcache *c);

#endif
