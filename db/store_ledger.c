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

/*
 * Deliveries that are claimed and released together: few transactions, and not much that
 * has to wait for the end of our claims when we die.
 */
#define DUE_BATCH	8

/* Sending one may take minutes: claims older than this are given back and made anew. */
#define DUE_FRESH_SECS	60

struct due {
	int64_t	 ids[DUE_BATCH];
	bool	 mine[DUE_BATCH];
	size_t	 n;
};

static int
claim_due(struct store *st, struct due *due, int64_t now)
{
	struct store_change c = { .st = st };

	while (store_change_begin(&c)) {
		int result = 0;

		for (size_t i = 0; i < due->n && result == 0; i++)
			result = st->ops->delivery_claim(st, due->ids[i], now, &due->mine[i]);
		store_change_end(&c, result);
	}
	return c.result;
}

static int
release_due(struct store *st, const struct due *due)
{
	struct store_change c = { .st = st };

	while (store_change_begin(&c)) {
		int result = 0;

		for (size_t i = 0; i < due->n && result == 0; i++)
			if (due->mine[i])
				result = st->ops->delivery_release(st, due->ids[i]);
		store_change_end(&c, result);
	}
	return c.result;
}

/* Calls fn for those that are ours; *last_r is the id of the last one that had its turn. */
static int
take_turns(struct store *st, const struct due *due, int64_t *last_r,
    int (*fn)(const struct store_delivery *d, void *arg), void *arg)
{
	int64_t fresh_until = (int64_t)time(NULL) + DUE_FRESH_SECS;
	struct store_delivery *d;
	int got = 0, result = 0;

	for (size_t i = 0; i < due->n && result == 0; i++) {
		if (i > 0 && (int64_t)time(NULL) > fresh_until)
			break;
		*last_r = due->ids[i];
		if (!due->mine[i])
			continue;
		if ((got = st->ops->delivery(st, due->ids[i], &d)) < 0)
			return -1;
		if (got == 1) {
			result = fn(d, arg);
			free(d);
		}
	}
	return result;
}

/*
 * By ascending id: a delivery that fn puts off is not met again. No statement is open
 * while fn works: its snapshot would be, and the outcome could not be noted any more once
 * another program has written.
 */
int
store_each_due(struct store *st, int64_t now,
    int (*fn)(const struct store_delivery *d, void *arg), void *arg)
{
	struct due due;
	int64_t last = 0;
	int result = 0;

	while (result == 0) {
		if (st->ops->due(st, last, now, due.ids, DUE_BATCH, &due.n) != 0)
			return -1;
		if (due.n == 0)
			break;
		if (claim_due(st, &due, clock_or(now)) != 0)
			return -1;
		result = take_turns(st, &due, &last, fn, arg);
		if (release_due(st, &due) != 0)
			result = -1;
	}
	return result;
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
