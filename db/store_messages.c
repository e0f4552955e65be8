/*
 * store_messages.c - messages and policies seen: whole records with clean texts or none,
 * reading them, removing old ones.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "db/clean.h"
#include "db/store_change.h"

/* Ids of a batch are held in memory. */
#define EXPIRY_BATCH_MAX	100000

/* Impossible numbers are refused here, as the databases differ in what they check. */
static int
check_record(struct store *st, const struct store_new *new)
{
	const struct history_record *rec = new->rec;

	assert(*new->identity != '\0');
	assert(rec->job != NULL && rec->reporter != NULL && rec->ipaddr != NULL);
	assert(rec->from != NULL && rec->mfrom != NULL && rec->pdomain != NULL);
	if (strlen(new->identity) > STORE_IDENTITY_MAX)
		return store_fail(st, "job %.100s: its id is longer than %d octets", rec->job,
		    STORE_IDENTITY_MAX);
	if (rec->received <= 0)
		return store_fail(st, "job %.100s: its time is not after 1970", rec->job);
	if (rec->action < HISTORY_ACTION_REJECT || rec->action > HISTORY_ACTION_QUARANTINE)
		return store_fail(st, "job %.100s: there is no action %d", rec->job,
		    rec->action);
	if (rec->policy < HISTORY_POLICY_NO_FROM || rec->policy > HISTORY_POLICY_NONE)
		return store_fail(st, "job %.100s: there is no policy %d", rec->job,
		    rec->policy);
	return 0;
}

/* Puts clean copies into list, from the record at on; copies has n places. */
static int
clean_all(struct store *st, struct store_new *list, size_t n, struct history_record *copies)
{
	size_t ncopies = 0;

	for (size_t i = 0; i < n; i++) {
		if (clean_record_is(list[i].rec))
			continue;
		if (!clean_record(list[i].rec, &copies[ncopies]))
			return store_fail(st, "out of memory");
		list[i].rec = &copies[ncopies++];
	}
	return 0;
}

/* The same list with clean records. */
static int
add_dirty(struct store *st, struct store_new *list, size_t n)
{
	struct history_record *copies = calloc(n, sizeof(*copies));
	struct store_new *clean = calloc(n, sizeof(*clean));
	int result = -1;

	if (copies != NULL && clean != NULL) {
		memcpy(clean, list, n * sizeof(*clean));
		if (clean_all(st, clean, n, copies) == 0)
			result = st->ops->add_messages(st, clean, n);
		for (size_t i = 0; i < n; i++) {
			list[i].added = clean[i].added;
			history_record_clear(&copies[i]);
		}
	} else {
		(void)store_fail(st, "out of memory");
	}
	free(copies);
	free(clean);
	return result;
}

static int
add_messages(struct store *st, struct store_new *list, size_t n)
{
	bool clean = true;

	for (size_t i = 0; i < n; i++) {
		if (check_record(st, &list[i]) != 0) {
			st->refused = true;
			return -1;
		}
		clean = clean && clean_record_is(list[i].rec);
	}
	return clean ? st->ops->add_messages(st, list, n) : add_dirty(st, list, n);
}

int
store_add_messages(struct store *st, struct store_new *list, size_t n)
{
	struct store_change c = { .st = st };

	while (store_change_begin(&c))
		store_change_end(&c, add_messages(st, list, n));
	return c.result;
}

int
store_add_message(struct store *st, const struct history_record *rec,
    const char *identity, enum store_added *added_r)
{
	struct store_new new = { rec, identity, STORE_ADDED };

	if (store_add_messages(st, &new, 1) != 0)
		return -1;
	*added_r = new.added;
	return 0;
}

int
store_each_policy(struct store *st, int64_t begin, int64_t end,
    int (*fn)(const struct store_policy *p, void *arg), void *arg)
{
	return st->ops->each_policy(st, begin, end, false, fn, arg);
}

int
store_each_unreported(struct store *st, int64_t begin, int64_t end,
    int (*fn)(const struct store_policy *p, void *arg), void *arg)
{
	return st->ops->each_policy(st, begin, end, true, fn, arg);
}

int
store_each_message(struct store *st, const char *policy_domain,
    int64_t begin, int64_t end,
    int (*fn)(const struct store_message *m, void *arg), void *arg)
{
	return st->ops->each_message(st, policy_domain, begin, end, 0, fn, arg);
}

int
store_each_claimed(struct store *st, const struct store_claim *claim,
    int (*fn)(const struct store_message *m, void *arg), void *arg)
{
	return st->ops->each_message(st, "", 0, INT64_MAX, claim->report, fn, arg);
}

int
store_count(struct store *st, int64_t begin, int64_t end,
    int64_t *messages_r, int64_t *domains_r)
{
	return st->ops->count(st, begin, end, messages_r, domains_r);
}

int
store_audit(struct store *st, int64_t begin, int64_t end, struct store_audit *audit_r,
    int (*fn)(const char *reason, int64_t messages, void *arg), void *arg)
{
	return st->ops->audit(st, begin, end, audit_r, fn, arg);
}

int
store_each_undelivered(struct store *st, int64_t begin, int64_t end,
    int (*fn)(const struct store_delivery *d, void *arg), void *arg)
{
	return st->ops->each_undelivered(st, begin, end, fn, arg);
}

int
store_expire(struct store *st, const struct store_expiry *expiry,
    struct store_expired *counts_r)
{
	struct store_expiry bounded = *expiry;
	void *state = NULL;
	bool more = true;
	int result = 0;

	assert(!st->in_transaction && expiry->batch > 0);
	if (bounded.batch > EXPIRY_BATCH_MAX)
		bounded.batch = EXPIRY_BATCH_MAX;
	*counts_r = (struct store_expired){ 0 };
	while (more && result == 0) {
		struct store_change c = { .st = st };
		struct store_expired counts = *counts_r;

		while (store_change_begin(&c)) {
			counts = *counts_r;
			store_change_end(&c, st->ops->expire(st, &bounded, &counts, &state, &more));
		}
		result = c.result;
		if (result == 0)
			*counts_r = counts;
		if (result == 0 && expiry->step != NULL)
			expiry->step(expiry->arg, counts_r);
		if (more && st->ops->give_way != NULL)
			st->ops->give_way(st);
	}
	st->ops->expire_end(st, &state);
	return result;
}
