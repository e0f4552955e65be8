/*
 * sql_claim.c - reports in the making: who makes one, and about which messages.
 *
 * A claim is one conditional UPDATE or one INSERT into a unique key; whether it was
 * successful is seen by the rows changed, never by reading first. So it holds between
 * hosts, and on clusters, where a lost race fails at the commit and is run again.
 */
#include <inttypes.h>
#include <stdio.h>

#include "db/sql.h"
#include "libopendmarc/base/limits.h"

/* States of a row of reports; 2 is withheld. */
#define MAKING		0
#define MADE		1

/*
 * A report of this window that was begun and not ended: 1, 0, -1. Or one of a window that
 * overlaps and whose maker is dead: nobody may ever ask for that window again, and its
 * messages belong to it. Those of the dead come first.
 */
static int
find_open(struct sql *s, int64_t domain, int64_t begin, int64_t end, int64_t now,
    struct store_claim *claim)
{
	struct sql_query q = sql_take(s, SQL_REPORT_OPEN,
	    "SELECT id, part, window_begin, window_end FROM reports WHERE policy_domain = ?"
	    " AND window_begin < ? AND window_end > ? AND state = 0 AND (claimed_until <= ?"
	    " OR claimed_by = ? OR (window_begin = ? AND window_end = ?))"
	    " ORDER BY claimed_until, id LIMIT 1");
	int got;

	sql_bind_int(&q, domain);
	sql_bind_int(&q, end);
	sql_bind_int(&q, begin);
	sql_bind_int(&q, now);
	sql_bind_text(&q, s->base.runner);
	sql_bind_int(&q, begin);
	sql_bind_int(&q, end);
	got = sql_step(&q);
	if (got == 1)
		*claim = (struct store_claim){ sql_int(&q, 0), (int)sql_int(&q, 1), true,
		    sql_int(&q, 2), sql_int(&q, 3) };
	sql_give(&q);
	return got;
}

/*
 * Whether the row is as this handle would have left it: 1, 0, -1. So it is when the
 * connection broke at the commit of an earlier attempt, which was successful all the same.
 */
static int
is_report(struct sql *s, int64_t report, int state, const char *report_id)
{
	struct sql_query q = sql_take(s, SQL_REPORT_IS,
	    "SELECT 1 FROM reports WHERE id = ? AND state = ? AND claimed_by = ?"
	    " AND (? IS NULL OR report_id = ?)");
	int got;

	sql_bind_int(&q, report);
	sql_bind_int(&q, state);
	sql_bind_text(&q, s->base.runner);
	sql_bind_text(&q, report_id);
	sql_bind_text(&q, report_id);
	got = sql_step(&q);
	sql_give(&q);
	return got;
}

/* Takes over a claim that has ended. */
static int
take_over(struct sql *s, const struct store_claim *claim, int64_t now,
    enum store_claimed *how_r)
{
	struct sql_query q = sql_take(s, SQL_REPORT_TAKE,
	    "UPDATE reports SET claimed_by = ?, claimed_until = ?"
	    " WHERE id = ? AND state = 0 AND (claimed_until <= ? OR claimed_by = ?)");
	int mine;

	sql_bind_text(&q, s->base.runner);
	sql_bind_int(&q, now + ODM_CLAIM_SECS);
	sql_bind_int(&q, claim->report);
	sql_bind_int(&q, now);
	sql_bind_text(&q, s->base.runner);
	if (sql_finish(&q) != 0)
		return -1;
	/* MySQL counts a row only when something in it has changed. */
	mine = s->driver->changes(s) > 0 ? 1 : is_report(s, claim->report, MAKING, NULL);
	*how_r = mine == 1 ? STORE_CLAIM_MINE : STORE_CLAIM_TAKEN;
	return mine < 0 ? -1 : 0;
}

/* The next part of this window. */
static int
next_part(struct sql *s, int64_t domain, int64_t begin, int64_t end, int *part_r)
{
	struct sql_query q = sql_take(s, SQL_REPORT_PARTS,
	    "SELECT COALESCE(MAX(part) + 1, 0) FROM reports WHERE policy_domain = ?"
	    " AND window_begin = ? AND window_end = ?");
	int got;

	sql_bind_int(&q, domain);
	sql_bind_int(&q, begin);
	sql_bind_int(&q, end);
	got = sql_step(&q);
	if (got == 1)
		*part_r = (int)sql_int(&q, 0);
	sql_give(&q);
	return got < 0 ? -1 : 0;
}

/*
 * Begins a report; claim->report is 0 when another program was faster. The column
 * report_id must be unique and is not known yet, so this handle's name stands there.
 */
static int
new_report(struct sql *s, int64_t domain, int64_t begin, int64_t end, int64_t now,
    struct store_claim *claim)
{
	char making[STORE_RUNNER_SIZE + 64];
	struct sql_query q = sql_take(s, SQL_REPORT_NEW, sql_either(s,
	    "INSERT INTO reports (policy_domain, window_begin, window_end, part, report_id,"
	    " messages, state, claimed_by, claimed_until) VALUES (?, ?, ?, ?, ?, 0, 0, ?, ?)"
	    " ON CONFLICT (policy_domain, window_begin, window_end, part) DO NOTHING",
	    "INSERT INTO reports (policy_domain, window_begin, window_end, part, report_id,"
	    " messages, state, claimed_by, claimed_until) VALUES (?, ?, ?, ?, ?, 0, 0, ?, ?)"
	    " ON DUPLICATE KEY UPDATE reports.id = reports.id"));

	(void)snprintf(making, sizeof(making), "making/%s/%" PRId64 "/%" PRId64 "/%" PRId64
	    "/%d", s->base.runner, domain, begin, end, claim->part);
	sql_bind_int(&q, domain);
	sql_bind_int(&q, begin);
	sql_bind_int(&q, end);
	sql_bind_int(&q, claim->part);
	sql_bind_text(&q, making);
	sql_bind_text(&q, s->base.runner);
	sql_bind_int(&q, now + ODM_CLAIM_SECS);
	if (sql_finish(&q) != 0)
		return -1;
	claim->report = s->driver->changes(s) == 0 ? 0 : s->driver->last_id(s);
	return 0;
}

/* Gives the messages that no report has to the claimed one; their number. */
static int
take_messages(struct sql *s, int64_t domain, int64_t begin, int64_t end, int64_t report,
    int64_t *taken_r)
{
	struct sql_query q = sql_take(s, SQL_REPORT_TAKE_MESSAGES,
	    "UPDATE messages SET report = ? WHERE policy_domain = ? AND received >= ?"
	    " AND received < ? AND report IS NULL");

	sql_bind_int(&q, report);
	sql_bind_int(&q, domain);
	sql_bind_int(&q, begin);
	sql_bind_int(&q, end);
	if (sql_finish(&q) != 0)
		return -1;
	*taken_r = s->driver->changes(s);
	return 0;
}

static int
drop_report(struct sql *s, int64_t report)
{
	struct sql_query q = sql_take(s, SQL_REPORT_DROP, "DELETE FROM reports WHERE id = ?");

	sql_bind_int(&q, report);
	return sql_finish(&q);
}

int
sql_report_claim(struct store *st, const char *policy_domain, int64_t begin,
    int64_t end, int64_t now, struct store_claim *claim_r, enum store_claimed *how_r)
{
	struct sql *s = (struct sql *)st;
	struct store_claim claim = { .begin = begin, .end = end };
	int64_t domain, taken;
	int got;

	if (sql_domain_id(s, policy_domain, &domain) != 0 ||
	    (got = find_open(s, domain, begin, end, now, &claim)) < 0)
		return -1;
	if (got == 1) {
		got = take_over(s, &claim, now, how_r);
		if (got == 0 && *how_r == STORE_CLAIM_MINE)
			*claim_r = claim;
		return got;
	}
	if (next_part(s, domain, begin, end, &claim.part) != 0 ||
	    new_report(s, domain, begin, end, now, &claim) != 0)
		return -1;
	*how_r = STORE_CLAIM_TAKEN;
	if (claim.report == 0)
		return 0;
	if (take_messages(s, domain, begin, end, claim.report, &taken) != 0)
		return -1;
	if (taken == 0) {
		*how_r = STORE_CLAIM_NOTHING;
		return drop_report(s, claim.report);
	}
	*claim_r = claim;
	*how_r = STORE_CLAIM_MINE;
	return 0;
}

/* An address that a domain names twice gets one mail. */
static int
add_delivery(struct sql *s, int64_t report, const struct store_delivery *d)
{
	struct sql_query q = sql_take(s, SQL_DELIVERY_ADD, sql_either(s,
	    "INSERT INTO deliveries (report, destination, state, tries, next_try, reason, mail)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (report, destination) DO NOTHING",
	    "INSERT INTO deliveries (report, destination, state, tries, next_try, reason, mail)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE deliveries.id ="
	    " deliveries.id"));

	sql_bind_int(&q, report);
	sql_bind_text(&q, d->destination);
	sql_bind_int(&q, (int)d->state);
	sql_bind_int(&q, d->tries);
	sql_bind_int(&q, d->next_try);
	sql_bind_text(&q, d->reason);
	sql_bind_blob(&q, d->mail, d->mail_len);
	return sql_finish(&q);
}

int
sql_report_add(struct store *st, const struct store_claim *claim,
    const char *report_id, int64_t messages, const struct store_delivery *deliveries,
    size_t n, bool *added_r)
{
	struct sql *s = (struct sql *)st;
	struct sql_query q = sql_take(s, SQL_REPORT_MADE,
	    "UPDATE reports SET report_id = ?, messages = ?, state = 1"
	    " WHERE id = ? AND state = 0 AND claimed_by = ?");
	int got;

	sql_bind_text(&q, report_id);
	sql_bind_int(&q, messages);
	sql_bind_int(&q, claim->report);
	sql_bind_text(&q, st->runner);
	if (sql_finish(&q) != 0)
		return -1;
	if (s->driver->changes(s) == 0) {
		got = is_report(s, claim->report, MADE, report_id);
		*added_r = got == 1;
		return got < 0 ? -1 : 0;
	}
	for (size_t i = 0; i < n; i++)
		if (add_delivery(s, claim->report, &deliveries[i]) != 0)
			return -1;
	*added_r = true;
	return 0;
}

int
sql_report_withhold(struct store *st, const struct store_claim *claim,
    const char *reason)
{
	struct sql_query q = sql_take((struct sql *)st, SQL_REPORT_WITHHELD,
	    "UPDATE reports SET state = 2, reason = ?"
	    " WHERE id = ? AND state = 0 AND claimed_by = ?");

	sql_bind_text(&q, reason);
	sql_bind_int(&q, claim->report);
	sql_bind_text(&q, st->runner);
	return sql_finish(&q);
}

int
sql_report_release(struct store *st, const struct store_claim *claim)
{
	struct sql *s = (struct sql *)st;
	int mine = is_report(s, claim->report, MAKING, NULL);
	struct sql_query q;

	if (mine != 1)
		return mine;
	/* The row goes last: the messages are found by its window. */
	q = sql_take(s, SQL_REPORT_FREE_MESSAGES, "UPDATE messages SET report = NULL"
	    " WHERE policy_domain = (SELECT policy_domain FROM reports WHERE id = ?)"
	    " AND received >= (SELECT window_begin FROM reports WHERE id = ?)"
	    " AND received < (SELECT window_end FROM reports WHERE id = ?) AND report = ?");
	for (int i = 0; i < 4; i++)
		sql_bind_int(&q, claim->report);
	return sql_finish(&q) != 0 ? -1 : drop_report(s, claim->report);
}

int
sql_report_known(struct store *st, const char *policy_domain,
    int64_t begin, int64_t end, bool *known_r)
{
	struct sql_query q = sql_take((struct sql *)st, SQL_REPORT_KNOWN,
	    "SELECT 1 FROM reports WHERE window_begin = ? AND window_end = ?"
	    " AND policy_domain = (SELECT id FROM domains WHERE name = ?) AND state <> 0"
	    " LIMIT 1");
	int got;

	sql_bind_int(&q, begin);
	sql_bind_int(&q, end);
	sql_bind_text(&q, policy_domain);
	got = sql_step(&q);
	sql_give(&q);
	if (got < 0)
		return -1;
	*known_r = got == 1;
	return 0;
}

int
sql_ledger_end(struct store *st, int64_t *end_r)
{
	struct sql_query q = sql_take((struct sql *)st, SQL_LEDGER_END,
	    "SELECT COALESCE(MAX(window_end), 0) FROM reports WHERE state <> 0");
	int got = sql_step(&q);

	if (got == 1)
		*end_r = sql_int(&q, 0);
	sql_give(&q);
	return got == 1 ? 0 : -1;
}
