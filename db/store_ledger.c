/*
 * store_ledger.c - reports owed and told: claims, reports and their deliveries.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "db/store_change.h"

/* The later of now and this host's clock: a long run must not make short claims. */
static int64_t
clock_or(int64_t now)
{
	int64_t clock = (int64_t)time(NULL);

	return clock > now ? clock : now;
}

int
store_report_claim(struct store *st, const char *policy_domain, int64_t begin,
    int64_t end, int64_t now, struct store_claim *claim_r, enum store_claimed *how_r)
{
	struct store_change c = { .st = st };

	assert(begin < end);
	while (store_change_begin(&c))
		store_change_end(&c, st->ops->report_claim(st, policy_domain, begin, end,
		    clock_or(now), claim_r, how_r));
	return c.result;
}

int
store_report_add(struct store *st, const struct store_claim *claim,
    const char *report_id, int64_t messages, const struct store_delivery *deliveries,
    size_t n, bool *added_r)
{
	struct store_change c = { .st = st };

	assert(*report_id != '\0');
	while (store_change_begin(&c))
		store_change_end(&c, st->ops->report_add(st, claim, report_id, messages,
		    deliveries, n, added_r));
	return c.result;
}

int
store_report_withhold(struct store *st, const struct store_claim *claim,
    const char *reason)
{
	struct store_change c = { .st = st };

	while (store_change_begin(&c))
		store_change_end(&c, st->ops->report_withhold(st, claim, reason));
	return c.result;
}

int
store_report_release(struct store *st, const struct store_claim *claim)
{
	struct store_change c = { .st = st };

	while (store_change_begin(&c))
		store_change_end(&c, st->ops->report_release(st, claim));
	return c.result;
}

int
store_report_known(struct store *st, const char *policy_domain,
    int64_t begin, int64_t end, bool *known_r)
{
	return st->ops->report_known(st, policy_domain, begin, end, known_r);
}

int
store_ledger_end(struct store *st, int64_t *end_r)
{
	return st->ops->ledger_end(st, end_r);
}

static int
claim_delivery(struct store *st, int64_t id, int64_t now, bool *claimed_r)
{
	struct store_change c = { .st = st };

	while (store_change_begin(&c))
		store_change_end(&c, st->ops->delivery_claim(st, id, now, claimed_r));
	return c.result;
}

static int
release_delivery(struct store *st, int64_t id)
{
	struct store_change c = { .st = st };

	while (store_change_begin(&c))
		store_change_end(&c, st->ops->delivery_release(st, id));
	return c.result;
}

/*
 * One query for each delivery, by ascending id: a delivery that fn puts off is not
 * met again. No statement is open while fn works: its snapshot would be, and the
 * outcome could not be noted any more once another program has written.
 */
int
store_each_due(struct store *st, int64_t now,
    int (*fn)(const struct store_delivery *d, void *arg), void *arg)
{
	struct store_delivery *d = NULL;
	int64_t last = 0;
	int got = 0, result = 0;

	while (result == 0 && (got = st->ops->next_due(st, last, now, &d)) == 1) {
		bool mine = false;

		last = d->id;
		result = claim_delivery(st, d->id, clock_or(now), &mine);
		if (result == 0 && mine) {
			if (d->first_try == 0)
				d->first_try = clock_or(now);
			result = fn(d, arg);
			if (release_delivery(st, d->id) != 0)
				result = -1;
		}
		free(d);
	}
	return got < 0 ? -1 : result;
}

int
store_delivery_result(struct store *st, int64_t id,
    enum store_delivery_state state, int64_t next_try, const char *reason)
{
	struct store_change c = { .st = st };

	while (store_change_begin(&c))
		store_change_end(&c, st->ops->delivery_result(st, id, state, next_try, reason));
	return c.result;
}

/* Copies len octets and a NUL to *at_r and moves that behind them. */
static const char *
keep_octets(char **at_r, const char *octets, size_t len)
{
	char *copy = *at_r;

	if (len > 0)
		memcpy(copy, octets, len);
	copy[len] = '\0';
	*at_r += len + 1;
	return copy;
}

struct store_delivery *
store_copy_delivery(const struct store_delivery *d)
{
	size_t reason_len = d->reason == NULL ? 0 : strlen(d->reason);
	size_t size = sizeof(*d) + strlen(d->policy_domain) + strlen(d->report_id) +
	    strlen(d->destination) + reason_len + d->mail_len + 5;
	struct store_delivery *copy = malloc(size);
	char *at;

	if (copy == NULL)
		return NULL;
	*copy = *d;
	at = (char *)(copy + 1);
	copy->policy_domain = keep_octets(&at, d->policy_domain, strlen(d->policy_domain));
	copy->report_id = keep_octets(&at, d->report_id, strlen(d->report_id));
	copy->destination = keep_octets(&at, d->destination, strlen(d->destination));
	if (d->reason != NULL)
		copy->reason = keep_octets(&at, d->reason, reason_len);
	copy->mail = keep_octets(&at, d->mail, d->mail_len);
	return copy;
}
