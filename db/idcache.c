/*
 * idcache.c - a set-associative table: a name can only be in the four places of its
 * set. Names chosen to collide therefore cost hits, never time.
 */
#include <stdlib.h>
#include <string.h>

#include "db/idcache.h"

#define WAYS	4

struct entry {
	char	*name;		/* NULL: free */
	int64_t	 parent;
	int64_t	 id;
};

struct idcache {
	size_t		nsets;	/* a power of two */
	unsigned	turn;	/* whose place is taken next */
	struct entry	entries[];
};

struct idcache *
idcache_new(size_t nnames)
{
	size_t nsets = 1;
	struct idcache *c;

	while (nsets * WAYS < nnames)
		nsets *= 2;
	c = calloc(1, sizeof(*c) + nsets * WAYS * sizeof(c->entries[0]));
	if (c != NULL)
		c->nsets = nsets;
	return c;
}

void
idcache_clear(struct idcache *c)
{
	for (size_t i = 0; i < c->nsets * WAYS; i++) {
		free(c->entries[i].name);
		c->entries[i].name = NULL;
	}
}

void
idcache_free(struct idcache **c)
{
	if (*c == NULL)
		return;
	idcache_clear(*c);
	free(*c);
	*c = NULL;
}

/* First place of the set of a name: FNV-1a over parent and name. */
static size_t
set_of(const struct idcache *c, int64_t parent, const char *name)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ (uint64_t)parent;

	for (; *name != '\0'; name++)
		hash = (hash ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
	hash ^= hash >> 32;
	return (size_t)(hash & (c->nsets - 1)) * WAYS;
}

bool
idcache_get(const struct idcache *c, int64_t parent, const char *name, int64_t *id_r)
{
	size_t at = set_of(c, parent, name);

	for (size_t i = at; i < at + WAYS; i++) {
		const struct entry *e = &c->entries[i];

		if (e->name != NULL && e->parent == parent && strcmp(e->name, name) == 0) {
			*id_r = e->id;
			return true;
		}
	}
	return false;
}

void
idcache_put(struct idcache *c, int64_t parent, const char *name, int64_t id)
{
	size_t at = set_of(c, parent, name);
	struct entry *e = &c->entries[at + c->turn % WAYS];
	char *copy;

	if (strlen(name) > IDCACHE_NAME_MAX || (copy = strdup(name)) == NULL)
		return;
	for (size_t i = at; i < at + WAYS; i++)
		if (c->entries[i].name == NULL)
			e = &c->entries[i];
	c->turn++;
	free(e->name);
	*e = (struct entry){ copy, parent, id };
}
