/*
 * sql_ledger.c - deliveries: which are due, who tries them, what came of it; and what
 * became of the messages of a time.
 */
#include <stdio.h>
#include <string.h>

#include "db/sql.h"
#include "libopendmarc/base/limits.h"

/* The row that stands under q, a new block. */
static struct store_delivery *
keep_delivery(const struct sql_query *q)
{
	struct store_delivery d = {
		.id = sql_int(q, 0),
		.policy_domain = sql_text(q, 1),
		.begin = sql_int(q, 2),
		.end = sql_int(q, 3),
		.report_id = sql_text(q, 4),
		.destination = sql_text(q, 5),
		.state = (enum store_delivery_state)sql_int(q, 6),
		.tries = (int)sql_int(q, 7),
		.next_try = sql_int(q, 8),
		.reason = sql_is_null(q, 9) ? NULL : sql_text(q, 9),
		.first_try = sql_int(q, 11),
	};

	d.mail = sql_octets(q, 10, &d.mail_len);
	return store_copy_delivery(&d);
}

int
sql_due(struct store *st, int64_t last, int64_t now, int64_t *ids, size_t max, size_t *n_r)
{
	struct sql_query q = sql_take((struct sql *)st, SQL_DUE,
	    "SELECT id FROM deliveries WHERE state IN (0, 2) AND id > ? AND next_try <= ?"
	    " ORDER BY id LIMIT ?");
	int got;

	*n_r = 0;
	sql_bind_int(&q, last);
	sql_bind_int(&q, now);
	sql_bind_int(&q, (int64_t)max);
	while ((got = sql_step(&q)) == 1 && *n_r < max)
		ids[(*n_r)++] = sql_int(&q, 0);
	sql_give(&q);
	return got < 0 ? -1 : 0;
}

int
sql_delivery(struct store *st, int64_t id, struct store_delivery **d_r)
{
	struct sql_query q = sql_take((struct sql *)st, SQL_DELIVERY,
	    "SELECT v.id, d.name, r.window_begin, r.window_end, r.report_id, v.destination,"
	    " v.state, v.tries, v.next_try, v.reason, v.mail, v.first_try"
	    " FROM deliveries v JOIN reports r ON r.id = v.report"
	    " LEFT JOIN domains d ON d.id = r.policy_domain WHERE v.id = ?");
	int got;

	sql_bind_int(&q, id);
	got = sql_step(&q);
	if (got == 1 && (*d_r = keep_delivery(&q)) == NULL)
		got = store_fail(st, "out of memory");
	sql_give(&q);
	return got;
}

/* Also looks whether it is still to be sent: somebody may have done it meanwhile. */
int
sql_delivery_claim(struct store *st, int64_t id, int64_t now, bool *claimed_r)
{
	struct sql *s = (struct sql *)st;
	struct sql_query q = sql_take(s, SQL_DELIVERY_CLAIM,
	    "UPDATE deliveries SET claimed_by = ?, claimed_until = ?,"
	    " first_try = CASE first_try WHEN 0 THEN ? ELSE first_try END"
	    " WHERE id = ? AND state IN (0, 2) AND next_try <= ?"
	    " AND claimed_until <= ?");

	sql_bind_text(&q, st->runner);
	sql_bind_int(&q, now + ODM_CLAIM_SECS);
	sql_bind_int(&q, now);
	sql_bind_int(&q, id);
	sql_bind_int(&q, now);
	sql_bind_int(&q, now);
	if (sql_finish(&q) != 0)
		return -1;
	*claimed_r = s->driver->changes(s) > 0;
	return 0;
}

/* A try without an outcome was no try. */
int
sql_delivery_release(struct store *st, int64_t id)
{
	struct sql_query q = sql_take((struct sql *)st, SQL_DELIVERY_RELEASE,
	    "UPDATE deliveries SET claimed_until = 0, claimed_by = '',"
	    " first_try = CASE tries WHEN 0 THEN 0 ELSE first_try END"
	    " WHERE id = ? AND claimed_by = ? AND claimed_until > 0");

	sql_bind_int(&q, id);
	sql_bind_text(&q, st->runner);
	return sql_finish(&q);
}

/* Old readers look when a domain's last window ended; it never goes back. */
static int
move_lastsent(struct sql *s, int64_t delivery)
{
	struct sql_query q = sql_take(s, SQL_DELIVERY_WINDOW,
	    "SELECT r.policy_domain, r.window_end FROM deliveries v"
	    " JOIN reports r ON r.id = v.report WHERE v.id = ?");
	int64_t domain = 0, end = 0;
	int got;

	sql_bind_int(&q, delivery);
	got = sql_step(&q);
	if (got == 1) {
		domain = sql_int(&q, 0);
		end = sql_int(&q, 1);
	}
	sql_give(&q);
	if (got != 1 || end > INT32_MAX)
		return got < 0 ? -1 : 0;
	q = sql_take(s, SQL_LASTSENT,
	    "UPDATE requests SET lastsent = FROM_UNIXTIME(?) WHERE policy_domain = ?"
	    " AND (lastsent IS NULL OR lastsent < FROM_UNIXTIME(?))");
	sql_bind_int(&q, end);
	sql_bind_int(&q, domain);
	sql_bind_int(&q, end);
	return sql_finish(&q);
}

/* True when an earlier attempt, whose commit broke off, has noted this outcome. */
static int
is_noted(struct sql *s, int64_t id, enum store_delivery_state state, int64_t next_try)
{
	struct sql_query q = sql_take(s, SQL_DELIVERY_IS,
	    "SELECT 1 FROM deliveries WHERE id = ? AND state = ? AND next_try = ?"
	    " AND claimed_by = ?");
	int got;

	sql_bind_int(&q, id);
	sql_bind_int(&q, (int)state);
	sql_bind_int(&q, next_try);
	sql_bind_text(&q, s->base.runner);
	got = sql_step(&q);
	sql_give(&q);
	return got;
}

int
sql_delivery_result(struct store *st, int64_t id,
    enum store_delivery_state state, int64_t next_try, const char *reason)
{
	struct sql *s = (struct sql *)st;
	struct sql_query q = sql_take(s, SQL_DELIVERY_NOTE,
	    "UPDATE deliveries SET state = ?, next_try = ?, reason = ?, tries = tries + 1,"
	    " claimed_until = 0, mail = CASE ? WHEN 1 THEN NULL ELSE mail END"
	    " WHERE id = ? AND claimed_by = ? AND claimed_until > 0");
	int noted;

	sql_bind_int(&q, (int)state);
	sql_bind_int(&q, next_try);
	sql_bind_text(&q, reason);
	sql_bind_int(&q, (int)state);
	sql_bind_int(&q, id);
	sql_bind_text(&q, st->runner);
	if (sql_finish(&q) != 0)
		return -1;
	if (s->driver->changes(s) == 0) {
		noted = is_noted(s, id, state, next_try);
		return noted == 0 ? store_fail(st, "delivery %lld is not claimed by this "
		    "program, or not any more", (long long)id) : noted < 0 ? -1 : 0;
	}
	return state == STORE_DELIVERY_SENT ? move_lastsent(s, id) : 0;
}

/* The word that the query below gives for a fate, and where it counts. */
static int64_t *
fate_of(struct store_audit *audit, const char *word)
{
	const struct {
		const char	*word;
		int64_t		*where;
	} fates[] = {
		{ "told", &audit->told },
		{ "waiting", &audit->waiting },
		{ "undeliverable", &audit->undeliverable },
		{ "withheld", &audit->withheld },
		{ "unreported", &audit->unreported },
		{ "not owed", &audit->not_owed },
	};

	for (size_t i = 0; i < COUNT(fates); i++)
		if (strcmp(fates[i].word, word) == 0)
			return fates[i].where;
	return NULL;
}

int
sql_audit(struct store *st, int64_t begin, int64_t end, struct store_audit *audit_r,
    int (*fn)(const char *reason, int64_t messages, void *arg), void *arg)
{
	struct sql_query q = sql_take((struct sql *)st, SQL_AUDIT,
	    "SELECT CASE WHEN COALESCE(r.state, 0) = 0 THEN"
	    "   CASE x.wanted WHEN 1 THEN 'unreported' ELSE 'not owed' END"
	    "  WHEN r.state = 2 THEN 'withheld'"
	    "  WHEN EXISTS (SELECT 1 FROM deliveries v WHERE v.report = r.id AND v.state = 1)"
	    "   THEN 'told'"
	    "  WHEN EXISTS (SELECT 1 FROM deliveries v WHERE v.report = r.id"
	    "   AND v.state IN (0, 2)) THEN 'waiting'"
	    "  ELSE 'undeliverable' END AS fate,"
	    " CASE r.state WHEN 2 THEN COALESCE(r.reason, '') ELSE '' END AS why, SUM(x.n)"
	    " FROM (SELECT m.report,"
	    "   CASE WHEN m.published IS NULL THEN 0"
	    "    WHEN q.id IS NOT NULL THEN CASE WHEN COALESCE(q.repuri, '') = '' THEN 0 ELSE 1 END"
	    "    WHEN p.rua = '' THEN 0 ELSE 1 END AS wanted, COUNT(*) AS n"
	    "  FROM messages m LEFT JOIN policies p ON p.id = m.published"
	    "  LEFT JOIN requests q ON q.domain = m.policy_domain AND q.locked = 1"
	    "  WHERE m.received >= ? AND m.received < ? GROUP BY 1, 2) x"
	    " LEFT JOIN reports r ON r.id = x.report GROUP BY 1, 2 ORDER BY 1, 2");
	struct store_audit audit = { 0 };
	int64_t *where;
	int got, result = 0;

	sql_bind_int(&q, begin);
	sql_bind_int(&q, end);
	while (result == 0 && (got = sql_step(&q)) != 0) {
		if (got < 0 || (where = fate_of(&audit, sql_text(&q, 0))) == NULL) {
			result = -1;
			break;
		}
		*where += sql_int(&q, 2);
		audit.seen += sql_int(&q, 2);
		if (where == &audit.withheld && fn != NULL)
			result = fn(sql_text(&q, 1), sql_int(&q, 2), arg);
	}
	sql_give(&q);
	if (result == 0)
		*audit_r = audit;
	return result;
}

int
sql_each_undelivered(struct store *st, int64_t begin, int64_t end,
    int (*fn)(const struct store_delivery *d, void *arg), void *arg)
{
	struct sql_query q = sql_take((struct sql *)st, SQL_UNDELIVERED,
	    "SELECT d.id, p.name, r.window_begin, r.window_end, r.report_id, d.destination,"
	    " d.state, d.tries, d.next_try, d.reason FROM deliveries d"
	    " JOIN reports r ON r.id = d.report JOIN domains p ON p.id = r.policy_domain"
	    " WHERE r.window_begin < ? AND r.window_end > ? AND d.state IN (2, 3)"
	    " ORDER BY p.name, d.destination, d.id");
	int got, result = 0;

	sql_bind_int(&q, end);
	sql_bind_int(&q, begin);
	while (result == 0 && (got = sql_step(&q)) != 0) {
		struct store_delivery d = { 0 };

		if (got < 0) {
			result = -1;
			break;
		}
		d.id = sql_int(&q, 0);
		d.policy_domain = sql_text(&q, 1);
		d.begin = sql_int(&q, 2);
		d.end = sql_int(&q, 3);
		d.report_id = sql_text(&q, 4);
		d.destination = sql_text(&q, 5);
		d.state = (enum store_delivery_state)sql_int(&q, 6);
		d.tries = (int)sql_int(&q, 7);
		d.next_try = sql_int(&q, 8);
		d.reason = sql_is_null(&q, 9) ? NULL : sql_text(&q, 9);
		result = fn(&d, arg);
	}
	sql_give(&q);
	return result;
}
