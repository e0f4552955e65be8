/*
 * dnscache.c - answers kept for their time to live, within a budget.
 *
 * A balanced tree (tsearch) finds entries, because names come from strangers and
 * could be chosen to collide in a hash; a list keeps them in order of use.
 * RFC 2308, 5 and 7.1.
 */
#include <sys/queue.h>
#include <assert.h>
#include <pthread.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "common/dnscache.h"

#define TREE_NODE_OCTETS	24	/* what tsearch() allocates for itself, about */
#define BLOCK_HEAD	8	/* what malloc() adds to a block, about, */
#define BLOCK_UNIT	16	/* and what it rounds to */

struct kept {
	TAILQ_ENTRY(kept) by_use;
	enum dns_type	 type;
	int64_t		 expires_at;	/* monotonic milliseconds */
	struct dns_answer *answer;
	size_t		 octets;	/* of memory: entry with name, tree node, answer */
	char		*name;		/* lower case, no final dot; stands behind the entry */
};

TAILQ_HEAD(kept_list, kept);

struct dnscache {
	pthread_mutex_t	 lock;		/* protects all below */
	void		*tree;		/* of tsearch(): all entries */
	struct kept_list used;		/* most recently used first */
	size_t		 entries, octets;
	size_t		 entries_max, octets_max;
};

static int
kept_order(const void *left, const void *right)
{
	const struct kept *a = left, *b = right;

	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* The form of name that entries have. False: longer than any DNS name. */
static bool
key_of(const char *name, char key_r[ODM_NAME_MAX + 2])
{
	size_t len = strnlen(name, ODM_NAME_MAX + 2), i;

	if (len > ODM_NAME_MAX + 1)
		return false;
	for (i = 0; i < len; i++)
		key_r[i] = odm_lower(name[i]);
	if (len > 0 && key_r[len - 1] == '.')
		len--;
	key_r[len] = '\0';
	return true;
}

/* How long this answer may be kept; 0: not at all. */
static int64_t
lifetime_msecs(const struct dns_answer *answer)
{
	int64_t max = DNSCACHE_TTL_MAX_SECS, ttl = answer->ttl_secs;

	switch (answer->status) {
	case DNS_FOUND:
		break;
	case DNS_NODATA:
	case DNS_NXDOMAIN:
		max = DNSCACHE_DENIAL_MAX_SECS;
		break;
	case DNS_FAILED:
		ttl = max = DNSCACHE_FAILURE_SECS;
		break;
	}
	return (ttl < max ? ttl : max) * 1000;
}

static struct kept *
find(struct dnscache *c, char *key, enum dns_type type)
{
	const struct kept wanted = { .name = key, .type = type };
	struct kept **node = tfind(&wanted, &c->tree, kept_order);

	return node == NULL ? NULL : *node;
}

static void
kept_free(struct kept *e)
{
	dns_answer_unref(&e->answer);
	free(e);
}

static void
drop(struct dnscache *c, struct kept *e)
{
	(void)tdelete(e, &c->tree, kept_order);
	TAILQ_REMOVE(&c->used, e, by_use);
	c->entries--;
	c->octets -= e->octets;
	kept_free(e);
}

struct dnscache *
dnscache_new(size_t entries_max, size_t octets_max)
{
	struct dnscache *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	if (pthread_mutex_init(&c->lock, NULL) != 0) {
		free(c);
		return NULL;
	}
	TAILQ_INIT(&c->used);
	c->entries_max = entries_max;
	c->octets_max = octets_max;
	return c;
}

void
dnscache_free(struct dnscache **c)
{
	struct kept *e;

	if (*c == NULL)
		return;
	while ((e = TAILQ_FIRST(&(*c)->used)) != NULL)
		drop(*c, e);
	pthread_mutex_destroy(&(*c)->lock);
	free(*c);
	*c = NULL;
}

struct dns_answer *
dnscache_get(struct dnscache *c, const char *name, enum dns_type type, int64_t now)
{
	struct dns_answer *answer = NULL;
	char key[ODM_NAME_MAX + 2];
	struct kept *e;

	if (!key_of(name, key))
		return NULL;
	pthread_mutex_lock(&c->lock);
	e = find(c, key, type);
	if (e != NULL && e->expires_at <= now) {
		drop(c, e);
	} else if (e != NULL) {
		TAILQ_REMOVE(&c->used, e, by_use);
		TAILQ_INSERT_HEAD(&c->used, e, by_use);
		answer = dns_answer_ref(e->answer);
	}
	pthread_mutex_unlock(&c->lock);
	return answer;
}

/* What a block of that size takes: entries are small, so that this is a third of them. */
static size_t
block_octets(size_t size)
{
	return (size + BLOCK_HEAD + BLOCK_UNIT - 1) / BLOCK_UNIT * BLOCK_UNIT;
}

/* A new entry that is in no list yet. NULL: out of memory. */
static struct kept *
kept_new(const char *key, enum dns_type type, struct dns_answer *answer,
    int64_t expires_at)
{
	size_t key_size = strlen(key) + 1;
	struct kept *e = malloc(sizeof(*e) + key_size);

	if (e == NULL)
		return NULL;
	*e = (struct kept){ .type = type, .expires_at = expires_at };
	e->name = memcpy(e + 1, key, key_size);
	e->answer = dns_answer_ref(answer);
	e->octets = block_octets(sizeof(*e) + key_size) + block_octets(TREE_NODE_OCTETS) +
	    block_octets(answer->octets);
	return e;
}

void
dnscache_put(struct dnscache *c, const char *name, enum dns_type type,
    struct dns_answer *answer, int64_t now)
{
	int64_t lifetime = lifetime_msecs(answer);
	char key[ODM_NAME_MAX + 2];
	struct kept *e, *old;

	assert(answer != NULL);
	/* Without memory, or without a life, the answer is just not kept. */
	if (lifetime <= 0 || !key_of(name, key) ||
	    (e = kept_new(key, type, answer, now + lifetime)) == NULL)
		return;
	pthread_mutex_lock(&c->lock);
	old = find(c, key, type);
	if (old != NULL)
		drop(c, old);
	if (tsearch(e, &c->tree, kept_order) == NULL) {
		kept_free(e);
		goto out;
	}
	TAILQ_INSERT_HEAD(&c->used, e, by_use);
	c->entries++;
	c->octets += e->octets;
	while (c->entries > c->entries_max || c->octets > c->octets_max)
		drop(c, TAILQ_LAST(&c->used, kept_list));
out:
	pthread_mutex_unlock(&c->lock);
}

void
dnscache_usage(struct dnscache *c, size_t *entries_r, size_t *octets_r)
{
	pthread_mutex_lock(&c->lock);
	*entries_r = c->entries;
	*octets_r = c->octets;
	pthread_mutex_unlock(&c->lock);
}
