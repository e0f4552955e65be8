/*
 * sql_requests.c - what administrators decide: suppressed destinations and requests with
 * addresses of their own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/sql.h"

int
sql_suppress(struct store *st, const char *destination, const char *reason,
    int64_t until)
{
	struct sql *s = (struct sql *)st;
	struct sql_query q = sql_take(s, SQL_SUPPRESS, sql_either(s,
	    "INSERT INTO suppressions (address, reason, expires) VALUES (?, ?, ?)"
	    " ON CONFLICT (address) DO UPDATE SET reason = excluded.reason,"
	    " expires = excluded.expires",
	    "INSERT INTO suppressions (address, reason, expires) VALUES (?, ?, ?)"
	    " ON DUPLICATE KEY UPDATE reason = VALUES(reason), expires = VALUES(expires)"));

	sql_bind_text(&q, destination);
	sql_bind_text(&q, reason);
	sql_bind_id(&q, until);
	return sql_finish(&q);
}

int
sql_unsuppress(struct store *st, const char *destination, bool *removed_r)
{
	struct sql *s = (struct sql *)st;
	struct sql_query q = sql_take(s, SQL_UNSUPPRESS,
	    "DELETE FROM suppressions WHERE address = ?");

	sql_bind_text(&q, destination);
	if (sql_finish(&q) != 0)
		return -1;
	*removed_r = s->driver->changes(s) > 0;
	return 0;
}

/* The suppressions after the address last, some at a time: fn may use the store. */
#define SOME	100

struct kept_suppression {
	struct store_suppression s;
	char	destination[STORE_NAME_MAX * 4 + 1], reason[STORE_NAME_MAX * 4 + 1];
};

static void
keep(struct kept_suppression *kept, const struct sql_query *q)
{
	(void)snprintf(kept->destination, sizeof(kept->destination), "%s", sql_text(q, 0));
	(void)snprintf(kept->reason, sizeof(kept->reason), "%s", sql_text(q, 1));
	kept->s = (struct store_suppression){ kept->destination, kept->reason,
	    sql_int(q, 2), sql_int(q, 3) };
}

/* Reads into list behind last; their number or -1. */
static int
read_some(struct sql *s, const char *last, int64_t now, struct kept_suppression *list)
{
	struct sql_query q = sql_take(s, SQL_SUPPRESSIONS,
	    "SELECT address, reason, UNIX_TIMESTAMP(added), COALESCE(expires, 0)"
	    " FROM suppressions WHERE address > ? AND (expires IS NULL OR expires > ?)"
	    " ORDER BY address LIMIT 100");
	int got, n = 0;

	sql_bind_text(&q, last);
	sql_bind_int(&q, now);
	while ((got = sql_step(&q)) == 1 && n < SOME)
		keep(&list[n++], &q);
	sql_give(&q);
	return got < 0 ? -1 : n;
}

int
sql_each_suppression(struct store *st, int64_t now,
    int (*fn)(const struct store_suppression *s, void *arg), void *arg)
{
	struct kept_suppression *list = calloc(SOME, sizeof(*list));
	char last[sizeof(list->destination)] = "";
	int result = 0, n = SOME;

	if (list == NULL)
		return store_fail(st, "out of memory");
	while (result == 0 && n == SOME) {
		n = read_some((struct sql *)st, last, now, list);
		for (int i = 0; i < n && result == 0; i++)
			result = fn(&list[i].s, arg);
		if (n > 0)
			memcpy(last, list[n - 1].destination, sizeof(last));
	}
	free(list);
	return n < 0 ? -1 : result;
}

int
sql_suppressed(struct store *st, const char *address, const char *domain,
    int64_t now, bool *suppressed_r, char *reason, size_t reason_size)
{
	struct sql_query q = sql_take((struct sql *)st, SQL_SUPPRESSED,
	    "SELECT reason FROM suppressions WHERE (address = ? OR address = ?)"
	    " AND (expires IS NULL OR expires > ?) ORDER BY LENGTH(address) DESC LIMIT 1");
	int got;

	sql_bind_text(&q, address);
	sql_bind_text(&q, domain);
	sql_bind_int(&q, now);
	got = sql_step(&q);
	if (got == 1 && reason_size > 0)
		(void)snprintf(reason, reason_size, "%s", sql_text(&q, 0));
	sql_give(&q);
	if (got < 0)
		return -1;
	*suppressed_r = got == 1;
	return 0;
}

/* The letter of a number of the requests columns; 0 unset or unknown. */
static char
letter(int64_t number)
{
	return number == 'n' || number == 'q' || number == 'r' ? (char)number : 0;
}

int
sql_request(struct store *st, const char *domain,
    int (*fn)(const struct store_request *r, void *arg), void *arg)
{
	struct sql_query q = sql_take((struct sql *)st, SQL_REQUEST,
	    "SELECT d.name, q.repuri, q.locked, q.policy, q.spolicy, q.seen"
	    " FROM requests q JOIN domains d ON d.id = q.domain WHERE d.name = ?");
	struct store_request r = { .domain = domain };
	char *rua = NULL;
	int got;

	sql_bind_text(&q, domain);
	got = sql_step(&q);
	if (got == 1) {
		rua = strdup(sql_text(&q, 1));
		r.locked = sql_int(&q, 2) == 1;
		r.p = letter(sql_int(&q, 3));
		r.sp = letter(sql_int(&q, 4));
		r.seen = sql_int(&q, 5);
		if (rua == NULL)
			got = store_fail(st, "out of memory");
	}
	sql_give(&q);
	if (got == 1) {
		r.rua = rua;
		got = fn(&r, arg);
	}
	free(rua);
	return got;
}

int
sql_request_lock(struct store *st, const char *domain, const char *rua)
{
	struct sql *s = (struct sql *)st;
	struct sql_query q;
	int64_t id;

	if (sql_domain_id(s, domain, &id) != 0)
		return -1;
	q = sql_take(s, SQL_REQUEST_LOCK, sql_either(s,
	    "INSERT INTO requests (domain, repuri, locked, policy_domain) VALUES (?, ?, 1, ?)"
	    " ON CONFLICT (domain) DO UPDATE SET repuri = excluded.repuri, locked = 1",
	    "INSERT INTO requests (domain, repuri, locked, policy_domain) VALUES (?, ?, 1, ?)"
	    " ON DUPLICATE KEY UPDATE repuri = VALUES(repuri), locked = 1"));
	sql_bind_int(&q, id);
	sql_bind_text(&q, rua);
	sql_bind_int(&q, id);
	return sql_finish(&q);
}

/* seen 0 lets any record put its policy in place of the administrator's. */
int
sql_request_unlock(struct store *st, const char *domain)
{
	struct sql_query q = sql_take((struct sql *)st, SQL_REQUEST_UNLOCK,
	    "UPDATE requests SET locked = 0, seen = 0"
	    " WHERE domain = (SELECT id FROM domains WHERE name = ?) AND locked <> 0");

	sql_bind_text(&q, domain);
	return sql_finish(&q);
}
