/*
 * sql_expire.c - removes what is old: messages, reports, requests, suppressions. A batch
 * is chosen by one query, then removed by lists of ids, so that few rows are locked.
 */
#include <stddef.h>
#include <stdlib.h>

#include "db/sql_expire.h"

#define IN_LIST	" IN (" EXPIRE_P256 ")"

static int find_messages(struct sql *s, const struct store_expiry *x, struct expire *e,
    struct expire_ids *ids);
static int find_requests(struct sql *s, const struct store_expiry *x, struct expire *e,
    struct expire_ids *ids);
static int find_reports(struct sql *s, const struct store_expiry *x, struct expire *e,
    struct expire_ids *ids);
static int find_suppressions(struct sql *s, const struct store_expiry *x, struct expire *e,
    struct expire_ids *ids);

/* One sort of rows, in this order: what points to a row goes before it. */
static const struct phase {
	int	(*find)(struct sql *s, const struct store_expiry *x, struct expire *e,
		    struct expire_ids *ids);
	size_t		 count;		/* offset in struct store_expired */
	int		 slot;		/* of the first of the statements */
	const char	*deletes[6];
} phases[] = {
	{ find_messages, offsetof(struct store_expired, messages), 0, {
	    "DELETE FROM signatures WHERE message" IN_LIST,
	    "DELETE FROM overrides WHERE message" IN_LIST,
	    "DELETE FROM arcseals WHERE message" IN_LIST,
	    "DELETE FROM arcauthresults WHERE message" IN_LIST,
	    "DELETE FROM messages WHERE id" IN_LIST, NULL } },
	{ find_reports, offsetof(struct store_expired, reports), 5, {
	    "DELETE FROM deliveries WHERE report" IN_LIST,
	    "DELETE FROM reports WHERE id" IN_LIST, NULL } },
	{ find_requests, offsetof(struct store_expired, requests), 7, {
	    "DELETE FROM requests WHERE id" IN_LIST, NULL } },
	{ find_suppressions, offsetof(struct store_expired, suppressions), 8, {
	    "DELETE FROM suppressions WHERE id" IN_LIST, NULL } },
};

int
expire_delete(struct sql *s, enum sql_slot slot, const char *text,
    const struct expire_ids *ids)
{
	for (size_t at = 0; at < ids->n; at += EXPIRE_LIST) {
		struct sql_query q = sql_take(s, slot, text);

		for (size_t i = at; i < at + EXPIRE_LIST; i++)
			sql_bind_int(&q, ids->ids[i < ids->n ? i : ids->n - 1]);
		if (sql_finish(&q) != 0)
			return -1;
	}
	return 0;
}

/* Reads ids in column 0, and where the reading of messages stands. */
static int
read_ids(struct sql_query *q, struct expire_ids *ids, struct expire *e)
{
	int got;

	while ((got = sql_step(q)) == 1 && ids->n < ids->size) {
		ids->ids[ids->n++] = sql_int(q, 0);
		if (e != NULL) {
			e->at.last_id = sql_int(q, 0);
			e->at.last_received = sql_int(q, 1);
		}
	}
	sql_give(q);
	ids->more = ids->n == ids->size;
	return got < 0 ? -1 : 0;
}

/*
 * The time up to which there are about as many messages as a batch holds, so that a step
 * sorts these and not all that are left. x->before - 1 when there are fewer.
 */
static int
find_slice(struct sql *s, const struct store_expiry *x, const struct expire *e, size_t size,
    int64_t *until_r)
{
	struct sql_query q = sql_take(s, EXPIRE_SLOT(9),
	    "SELECT received FROM messages WHERE received > 0 AND received >= ?"
	    " AND received < ? ORDER BY received LIMIT 1 OFFSET ?");
	int got;

	sql_bind_int(&q, e->at.last_received);
	sql_bind_int(&q, x->before);
	sql_bind_int(&q, (int64_t)size);
	got = sql_step(&q);
	*until_r = got == 1 ? sql_int(&q, 0) : x->before - 1;
	sql_give(&q);
	return got < 0 ? -1 : 0;
}

/* Time 0 have rows that a 1.x program added and that were not looked at since. */
static int
find_messages(struct sql *s, const struct store_expiry *x, struct expire *e,
    struct expire_ids *ids)
{
	struct sql_query q;
	int64_t until;

	if (find_slice(s, x, e, ids->size, &until) != 0)
		return -1;
	q = sql_take(s, EXPIRE_SLOT(20),
	    "SELECT m.id, m.received FROM messages m"
	    " LEFT JOIN policies p ON p.id = m.published"
	    " LEFT JOIN reports r ON r.id = m.report"
	    " LEFT JOIN requests q ON q.domain = m.policy_domain AND q.locked = 1"
	    " WHERE m.received > 0 AND m.received >= ? AND m.received <= ?"
	    " AND (m.received > ? OR m.id > ?)"
	    " AND (? = 1 OR r.state <> 0 OR (r.id IS NULL AND (m.published IS NULL"
	    "  OR COALESCE(CASE WHEN q.id IS NOT NULL THEN q.repuri ELSE p.rua END, '') = '')))"
	    " ORDER BY m.received, m.id LIMIT ?");

	sql_bind_int(&q, e->at.last_received);
	sql_bind_int(&q, until);
	sql_bind_int(&q, e->at.last_received);
	sql_bind_int(&q, e->at.last_id);
	sql_bind_int(&q, x->unreported);
	sql_bind_int(&q, (int64_t)ids->size);
	if (read_ids(&q, ids, e) != 0)
		return -1;
	if (!ids->more) {
		/* The slice is done; those of it that stay are not looked at again. */
		e->at.last_received = until;
		e->at.last_id = INT64_MAX;
		ids->more = until < x->before - 1;
	}
	return 0;
}

/* Messages of a report are gone before it, as they are older than its window's end. */
static int
find_reports(struct sql *s, const struct store_expiry *x, struct expire *e,
    struct expire_ids *ids)
{
	struct sql_query q = sql_take(s, EXPIRE_SLOT(21),
	    "SELECT r.id FROM reports r WHERE r.state <> 0 AND r.window_end <= ?"
	    " AND NOT EXISTS (SELECT 1 FROM deliveries v WHERE v.report = r.id"
	    "  AND v.state IN (0, 2)) ORDER BY r.id LIMIT ?");

	(void)e;
	sql_bind_int(&q, x->before);
	sql_bind_int(&q, (int64_t)ids->size);
	return read_ids(&q, ids, NULL);
}

/* Where it is not known when a request was seen last, 1.x's times decide. */
static int
find_requests(struct sql *s, const struct store_expiry *x, struct expire *e,
    struct expire_ids *ids)
{
	struct sql_query q = sql_take(s, EXPIRE_SLOT(22),
	    "SELECT id FROM requests WHERE locked <> 1 AND seen < ?"
	    " AND (seen > 0 OR COALESCE(lastsent, firstseen) < FROM_UNIXTIME(?))"
	    " ORDER BY id LIMIT ?");
	int64_t before = x->before > INT32_MAX ? INT32_MAX : x->before;

	(void)e;
	sql_bind_int(&q, x->before);
	sql_bind_int(&q, before);
	sql_bind_int(&q, (int64_t)ids->size);
	return read_ids(&q, ids, NULL);
}

static int
find_suppressions(struct sql *s, const struct store_expiry *x, struct expire *e,
    struct expire_ids *ids)
{
	struct sql_query q = sql_take(s, EXPIRE_SLOT(23),
	    "SELECT id FROM suppressions WHERE expires < ? ORDER BY id LIMIT ?");

	(void)e;
	sql_bind_int(&q, x->before);
	sql_bind_int(&q, (int64_t)ids->size);
	return read_ids(&q, ids, NULL);
}

/* One batch of a phase. */
static int
remove_batch(struct sql *s, const struct phase *phase, const struct store_expiry *x,
    struct expire *e, struct store_expired *counts, bool *more_r)
{
	size_t size = (size_t)x->batch;
	struct expire_ids ids = { .ids = calloc(size, sizeof(*ids.ids)), .size = size };
	int result;

	if (ids.ids == NULL)
		return store_fail(&s->base, "out of memory");
	result = phase->find(s, x, e, &ids);
	for (int i = 0; result == 0 && phase->deletes[i] != NULL; i++)
		result = expire_delete(s, EXPIRE_SLOT(phase->slot + i), phase->deletes[i],
		    &ids);
	if (result == 0)
		*(int64_t *)(void *)((char *)counts + phase->count) += (int64_t)ids.n;
	*more_r = ids.more;
	free(ids.ids);
	return result;
}

static int
count_kept(struct sql *s, const struct store_expiry *x, struct store_expired *counts)
{
	int64_t domains;

	return sql_count(&s->base, 1, x->before, &counts->kept, &domains);
}

/* Begins where the transaction before ended, or began when it was not committed. */
int
sql_expire(struct store *st, const struct store_expiry *expiry,
    struct store_expired *counts, void **state, bool *more_r)
{
	struct sql *s = (struct sql *)st;
	struct expire *e = *state, next;
	bool more = false;

	*more_r = true;
	if (e == NULL) {
		e = *state = calloc(1, sizeof(*e));
		if (e == NULL)
			return store_fail(st, "out of memory");
	}
	if (st->rerun)
		e->at = e->before;
	else
		e->before = e->at;
	if (e->orphans != NULL)
		expire_orphans_begin(e->orphans, st->rerun);
	if (e->at.phase == COUNT(phases)) {
		if (count_kept(s, expiry, counts) != 0)
			return -1;
		*more_r = false;
		return !expiry->all_tables ? 0 :
		    expire_orphans(s, expiry, counts, &e->orphans, more_r);
	}
	next = *e;
	if (remove_batch(s, &phases[e->at.phase], expiry, &next, counts, &more) != 0)
		return -1;
	if (!more)
		next.at.phase++;
	*e = next;
	return 0;
}

void
sql_expire_end(struct store *st, void **state)
{
	struct expire *e = *state;

	(void)st;
	if (e != NULL)
		expire_orphans_free(&e->orphans);
	free(e);
	*state = NULL;
}
