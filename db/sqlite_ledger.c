/*
 * sqlite_ledger.c - reports owed and told: the ledger in the embedded database.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/sqlite_private.h"

int
sqlite_report_known(struct store *st, const char *policy_domain,
    int64_t begin, int64_t end, bool *known_r)
{
	struct sqlite_query q = sqlite_take((struct sqlite *)st, SQLITE_SLOT_REPORT_KNOWN,
	    "SELECT 1 FROM reports WHERE window_begin = ? AND window_end = ?"
	    " AND policy_domain = (SELECT id FROM domains WHERE name = ?)");
	int got;

	sqlite_bind_int(&q, begin);
	sqlite_bind_int(&q, end);
	sqlite_bind_text(&q, policy_domain);
	got = sqlite_step(&q);
	sqlite_give(&q);
	if (got < 0)
		return -1;
	*known_r = got == 1;
	return 0;
}

/* *id_r is 0 when the window is in the ledger already. */
static int
add_report(struct sqlite *s, const char *policy_domain, int64_t begin, int64_t end,
    const char *report_id, int64_t messages, int64_t *id_r)
{
	struct sqlite_query q;
	int64_t domain;
	int got;

	if (sqlite_domain_id(s, policy_domain, &domain) != 0)
		return -1;
	q = sqlite_take(s, SQLITE_SLOT_REPORT_ADD,
	    "INSERT INTO reports (policy_domain, window_begin, window_end, report_id, messages)"
	    " VALUES (?, ?, ?, ?, ?)"
	    " ON CONFLICT (policy_domain, window_begin, window_end, part) DO NOTHING");
	sqlite_bind_int(&q, domain);
	sqlite_bind_int(&q, begin);
	sqlite_bind_int(&q, end);
	sqlite_bind_text(&q, report_id);
	sqlite_bind_int(&q, messages);
	got = sqlite_step(&q);
	sqlite_give(&q);
	if (got < 0)
		return -1;
	*id_r = sqlite3_changes(s->db) == 0 ? 0 : sqlite3_last_insert_rowid(s->db);
	return 0;
}

/* An address that a domain names twice gets one mail. */
static int
add_delivery(struct sqlite *s, int64_t report, const struct store_delivery *d)
{
	struct sqlite_query q = sqlite_take(s, SQLITE_SLOT_DELIVERY_ADD,
	    "INSERT INTO deliveries (report, destination, state, tries, next_try, reason, mail)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?)"
	    " ON CONFLICT (report, destination) DO NOTHING");
	int got;

	sqlite_bind_int(&q, report);
	sqlite_bind_text(&q, d->destination);
	sqlite_bind_int(&q, (int)d->state);
	sqlite_bind_int(&q, d->tries);
	sqlite_bind_int(&q, d->next_try);
	sqlite_bind_text(&q, d->reason);
	sqlite_bind_blob(&q, d->mail, d->mail_len);
	got = sqlite_step(&q);
	sqlite_give(&q);
	return got < 0 ? -1 : 0;
}

int
sqlite_report_add(struct store *st, const char *policy_domain, int64_t begin,
    int64_t end, const char *report_id, int64_t messages,
    const struct store_delivery *deliveries, size_t n, bool *added_r)
{
	struct sqlite *s = (struct sqlite *)st;
	int64_t report;

	if (add_report(s, policy_domain, begin, end, report_id, messages, &report) != 0)
		return -1;
	for (size_t i = 0; report != 0 && i < n; i++)
		if (add_delivery(s, report, &deliveries[i]) != 0)
			return -1;
	*added_r = report != 0;
	return 0;
}

/* A delivery with texts and mail of its own. */
struct kept_delivery {
	struct store_delivery	d;
	char			octets[];
};

/* Copies len octets and a NUL to *at_r and moves that behind them. */
static const char *
keep_octets(char **at_r, const void *octets, size_t len)
{
	char *copy = *at_r;

	if (len > 0)
		memcpy(copy, octets, len);
	copy[len] = '\0';
	*at_r += len + 1;
	return copy;
}

static const char *
keep_text(char **at_r, const char *text)
{
	return keep_octets(at_r, text, strlen(text));
}

/* The row that stands under q, a new block; NULL when memory is short. */
static struct kept_delivery *
keep_delivery(const struct sqlite_query *q)
{
	const char *domain = sqlite_text(q, 1), *report_id = sqlite_text(q, 4);
	const char *destination = sqlite_text(q, 5), *reason = sqlite_text(q, 9);
	const void *mail = sqlite3_column_blob(q->stmt, 10);
	size_t mail_len = (size_t)sqlite3_column_bytes(q->stmt, 10);
	struct kept_delivery *kept = malloc(sizeof(*kept) + strlen(domain) + strlen(report_id) +
	    strlen(destination) + strlen(reason) + mail_len + 5);
	char *at;

	if (kept == NULL)
		return NULL;
	at = kept->octets;
	kept->d = (struct store_delivery){
		.id = sqlite_int(q, 0),
		.policy_domain = keep_text(&at, domain),
		.begin = sqlite_int(q, 2),
		.end = sqlite_int(q, 3),
		.report_id = keep_text(&at, report_id),
		.destination = keep_text(&at, destination),
		.state = (enum store_delivery_state)sqlite_int(q, 6),
		.tries = (int)sqlite_int(q, 7),
		.next_try = sqlite_int(q, 8),
		.reason = sqlite3_column_type(q->stmt, 9) == SQLITE_NULL ? NULL :
		    keep_text(&at, reason),
		.mail = keep_octets(&at, mail, mail_len),
		.mail_len = mail_len,
	};
	return kept;
}

/* The due delivery after the id last: 1 and *kept_r, 0 none, -1 with the reason kept. */
static int
next_due(struct sqlite *s, int64_t last, int64_t now, struct kept_delivery **kept_r)
{
	struct sqlite_query q = sqlite_take(s, SQLITE_SLOT_NEXT_DUE,
	    "SELECT v.id, d.name, r.window_begin, r.window_end, r.report_id, v.destination,"
	    " v.state, v.tries, v.next_try, v.reason, v.mail"
	    " FROM deliveries v JOIN reports r ON r.id = v.report"
	    " LEFT JOIN domains d ON d.id = r.policy_domain"
	    " WHERE v.state IN (0, 2) AND v.id > ? AND v.next_try <= ?"
	    " ORDER BY v.id LIMIT 1");
	int got;

	sqlite_bind_int(&q, last);
	sqlite_bind_int(&q, now);
	got = sqlite_step(&q);
	if (got == 1 && (*kept_r = keep_delivery(&q)) == NULL)
		got = store_fail(&s->base, "out of memory");
	sqlite_give(&q);
	return got;
}

/*
 * One query for each delivery, by ascending id: a delivery that fn puts off is not
 * met again. No statement is open while fn works: its snapshot would be, and the
 * outcome could not be noted any more once another program has written.
 */
int
sqlite_each_due(struct store *st, int64_t now,
    int (*fn)(const struct store_delivery *d, void *arg), void *arg)
{
	struct kept_delivery *kept = NULL;
	int64_t last = 0;
	int got, result = 0;

	while (result == 0 && (got = next_due((struct sqlite *)st, last, now, &kept)) != 0) {
		if (got < 0)
			return -1;
		last = kept->d.id;
		result = fn(&kept->d, arg);
		free(kept);
	}
	return result;
}

/* Old readers look when a domain's last window ended; it never goes back. */
static int
move_lastsent(struct sqlite *s, int64_t delivery)
{
	struct sqlite_query q = sqlite_take(s, SQLITE_SLOT_LASTSENT,
	    "UPDATE requests SET lastsent = max(coalesce(requests.lastsent, ''),"
	    " datetime(w.window_end, 'unixepoch'))"
	    " FROM (SELECT r.policy_domain AS domain, r.window_end FROM deliveries v"
	    "  JOIN reports r ON r.id = v.report WHERE v.id = ?) w"
	    " WHERE requests.policy_domain = w.domain");
	int got;

	sqlite_bind_int(&q, delivery);
	got = sqlite_step(&q);
	sqlite_give(&q);
	return got < 0 ? -1 : 0;
}

int
sqlite_delivery_result(struct store *st, int64_t id,
    enum store_delivery_state state, int64_t next_try, const char *reason)
{
	struct sqlite *s = (struct sqlite *)st;
	struct sqlite_query q = sqlite_take(s, SQLITE_SLOT_DELIVERY_NOTE,
	    "UPDATE deliveries SET state = ?1, next_try = ?2, reason = ?3, tries = tries + 1,"
	    " mail = CASE ?1 WHEN 1 THEN NULL ELSE mail END WHERE id = ?4");
	int got;

	sqlite_bind_int(&q, (int)state);
	sqlite_bind_int(&q, next_try);
	sqlite_bind_text(&q, reason);
	sqlite_bind_int(&q, id);
	got = sqlite_step(&q);
	sqlite_give(&q);
	if (got < 0)
		return -1;
	if (sqlite3_changes(s->db) == 0)
		return store_fail(st, "the ledger has no delivery %lld", (long long)id);
	return state == STORE_DELIVERY_SENT ? move_lastsent(s, id) : 0;
}
