/*
 * ratelimit.c - at most so many a domain and so many in all within any hour.
 * Invariant: the places from first on, used in number, are in the order of their time.
 */
#include "config.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/ratelimit.h"
#include "libopendmarc/base/limits.h"

struct place {
	int64_t	taken_at;
	char	domain[ODM_NAME_MAX + 1];
};

struct ratelimit {
	atomic_uint	 refs;
	pthread_mutex_t	 lock;		/* guards all below */
	unsigned	 per_domain, total;
	unsigned	 first, used;
	struct place	 places[];	/* total of them, a ring */
};

struct ratelimit *
ratelimit_new(unsigned per_domain, unsigned total)
{
	struct ratelimit *r;

	assert(per_domain > 0 && total > 0 && total <= RATELIMIT_MAX);

	r = calloc(1, sizeof(*r) + total * sizeof(r->places[0]));
	if (r == NULL)
		return NULL;
	if (pthread_mutex_init(&r->lock, NULL) != 0) {
		free(r);
		return NULL;
	}
	atomic_init(&r->refs, 1);
	r->per_domain = per_domain;
	r->total = total;
	return r;
}

struct ratelimit *
ratelimit_ref(struct ratelimit *r)
{
	atomic_fetch_add(&r->refs, 1);
	return r;
}

void
ratelimit_free(struct ratelimit **r)
{
	struct ratelimit *gone = *r;

	*r = NULL;
	if (gone == NULL || atomic_fetch_sub(&gone->refs, 1) > 1)
		return;
	(void)pthread_mutex_destroy(&gone->lock);
	free(gone);
}

static struct place *
place_at(struct ratelimit *r, unsigned i)
{
	return &r->places[(r->first + i) % r->total];
}

static void
forget_old(struct ratelimit *r, int64_t now)
{
	while (r->used > 0 && now - place_at(r, 0)->taken_at >= RATELIMIT_SECS) {
		r->first = (r->first + 1) % r->total;
		r->used--;
	}
}

static enum ratelimit_answer
take(struct ratelimit *r, const char *domain, int64_t now)
{
	struct place *place;
	unsigned i, n = 0;

	forget_old(r, now);
	if (r->used == r->total)
		return RATELIMIT_TOTAL;
	for (i = 0; i < r->used; i++)
		n += strncmp(place_at(r, i)->domain, domain, ODM_NAME_MAX) == 0;
	if (n >= r->per_domain)
		return RATELIMIT_DOMAIN;
	place = place_at(r, r->used++);
	place->taken_at = now;
	(void)strlcpy(place->domain, domain, sizeof(place->domain));
	return RATELIMIT_GO;
}

enum ratelimit_answer
ratelimit_take(struct ratelimit *r, const char *domain, int64_t now)
{
	enum ratelimit_answer answer;

	(void)pthread_mutex_lock(&r->lock);
	answer = take(r, domain, now);
	(void)pthread_mutex_unlock(&r->lock);
	return answer;
}
