/*
 * memory_requests.c - the judge: what administrators decide, suppressed destinations and
 * requests with addresses of their own.
 */
#include <stdio.h>
#include <string.h>

#include "db/memory_private.h"

int
memory_suppress(struct store *st, const char *destination, const char *reason,
    int64_t until)
{
	struct memory *m = memory_of(st);
	struct store_suppression *s = NULL;
	size_t i = 0;

	while (i < memory_count(m, MEMORY_SUPPRESSIONS) &&
	    strcmp(memory_suppression_at(m, i)->destination, destination) != 0)
		i++;
	if (i < memory_count(m, MEMORY_SUPPRESSIONS))
		s = memory_suppression_at(m, i);
	else if ((s = memory_add(m, MEMORY_SUPPRESSIONS)) == NULL)
		return -1;
	*s = (struct store_suppression){ memory_keep(m, destination), memory_keep(m, reason),
	    1, until };
	return 0;
}

int
memory_unsuppress(struct store *st, const char *destination, bool *removed_r)
{
	struct memory *m = memory_of(st);

	*removed_r = false;
	for (size_t i = 0; i < memory_count(m, MEMORY_SUPPRESSIONS); i++)
		if (strcmp(memory_suppression_at(m, i)->destination, destination) == 0) {
			memory_remove(m, MEMORY_SUPPRESSIONS, i);
			*removed_r = true;
			break;
		}
	return 0;
}

static bool
holds(const struct store_suppression *s, int64_t now)
{
	return s->until == 0 || s->until > now;
}

int
memory_each_suppression(struct store *st, int64_t now,
    int (*fn)(const struct store_suppression *s, void *arg), void *arg)
{
	const struct memory *m = memory_of(st);
	const char *last = "";
	int result = 0;

	for (;;) {
		const struct store_suppression *next = NULL;

		for (size_t i = 0; i < memory_count(m, MEMORY_SUPPRESSIONS); i++) {
			const struct store_suppression *s = memory_suppression_at(m, i);

			if (holds(s, now) && strcmp(s->destination, last) > 0 &&
			    (next == NULL || strcmp(s->destination, next->destination) < 0))
				next = s;
		}
		if (next == NULL || result != 0)
			return result;
		last = next->destination;
		result = fn(next, arg);
	}
}

int
memory_suppressed(struct store *st, const char *address, const char *domain,
    int64_t now, bool *suppressed_r, char *reason, size_t reason_size)
{
	const struct memory *m = memory_of(st);

	*suppressed_r = false;
	for (size_t i = 0; i < memory_count(m, MEMORY_SUPPRESSIONS); i++) {
		const struct store_suppression *s = memory_suppression_at(m, i);
		bool whole = strcmp(s->destination, address) == 0;

		if (!holds(s, now) || (!whole && strcmp(s->destination, domain) != 0))
			continue;
		if (reason_size > 0 && (whole || !*suppressed_r))
			(void)snprintf(reason, reason_size, "%s", s->reason);
		*suppressed_r = true;
		if (whole)
			break;
	}
	return 0;
}

struct memory_request *
memory_find_request(const struct memory *m, const char *domain)
{
	for (size_t i = 0; i < memory_count(m, MEMORY_REQUESTS); i++) {
		struct memory_request *r = memory_row(m, MEMORY_REQUESTS, i);

		if (memory_same(r->r.domain, domain))
			return r;
	}
	return NULL;
}

int
memory_request(struct store *st, const char *domain,
    int (*fn)(const struct store_request *r, void *arg), void *arg)
{
	const struct memory_request *r = memory_find_request(memory_of(st), domain);

	return r == NULL ? 0 : fn(&r->r, arg);
}

int
memory_request_lock(struct store *st, const char *domain, const char *rua)
{
	struct memory_request *r = memory_find_request(memory_of(st), domain);

	if (r == NULL) {
		if ((r = memory_add(memory_of(st), MEMORY_REQUESTS)) == NULL)
			return -1;
		r->r.domain = memory_keep(memory_of(st), domain);
	}
	r->r.rua = memory_keep(memory_of(st), rua);
	r->r.locked = true;
	return 0;
}

int
memory_request_unlock(struct store *st, const char *domain)
{
	struct memory_request *r = memory_find_request(memory_of(st), domain);

	if (r != NULL && r->r.locked) {
		r->r.locked = false;
		r->r.seen = 0;
	}
	return 0;
}
