/*
 * memory_ledger.c - the judge: reports owed and told, and their deliveries.
 */
#include <string.h>

#include "db/memory_private.h"
#include "libopendmarc/base/limits.h"

struct memory_report *
memory_find_report(const struct memory *m, int64_t id)
{
	for (size_t i = 0; i < memory_count(m, MEMORY_REPORTS); i++)
		if (memory_report_at(m, i)->id == id)
			return memory_report_at(m, i);
	return NULL;
}

static struct memory_delivery *
find_delivery(const struct memory *m, int64_t id)
{
	for (size_t i = 0; i < memory_count(m, MEMORY_DELIVERIES); i++)
		if (memory_delivery_at(m, i)->d.id == id)
			return memory_delivery_at(m, i);
	return NULL;
}

/* The claimed report, when it is still this handle's to end. */
static struct memory_report *
mine(struct store *st, const struct store_claim *claim)
{
	struct memory_report *r = memory_find_report(memory_of(st), claim->report);

	return r != NULL && r->state == MEMORY_MAKING && strcmp(r->claimed_by, st->runner) == 0 ?
	    r : NULL;
}

int
memory_report_claim(struct store *st, const char *policy_domain, int64_t begin,
    int64_t end, int64_t now, struct store_claim *claim_r, enum store_claimed *how_r)
{
	struct memory *m = memory_of(st);
	struct memory_report *r = NULL;
	bool taken_over;
	int64_t taken = 0;
	int part = 0;

	for (size_t i = 0; i < memory_count(m, MEMORY_REPORTS); i++) {
		struct memory_report *row = memory_report_at(m, i);
		bool same = row->begin == begin && row->end == end;

		if (row->begin >= end || row->end <= begin ||
		    !memory_same(row->policy_domain, policy_domain))
			continue;
		if (same)
			part = row->part + 1;
		if (row->state == MEMORY_MAKING &&
		    (same || row->claimed_until <= now || strcmp(row->claimed_by, st->runner) == 0) &&
		    (r == NULL || row->claimed_until < r->claimed_until))
			r = row;
	}
	taken_over = r != NULL;
	*how_r = STORE_CLAIM_TAKEN;
	if (r != NULL && r->claimed_until > now && strcmp(r->claimed_by, st->runner) != 0)
		return 0;
	if (r == NULL) {
		for (size_t i = 0; i < memory_count(m, MEMORY_MESSAGES); i++) {
			struct memory_message *row = memory_message_at(m, i);

			if (row->report == 0 && row->received >= begin && row->received < end &&
			    memory_same(row->policy_domain, policy_domain)) {
				row->report = m->data->last_id + 1;
				taken++;
			}
		}
		*how_r = STORE_CLAIM_NOTHING;
		if (taken == 0)
			return 0;
		if ((r = memory_add(m, MEMORY_REPORTS)) == NULL)
			return -1;
		*r = (struct memory_report){ .id = ++m->data->last_id, .begin = begin,
		    .end = end, .part = part, .report_id = "", .reason = "",
		    .policy_domain = memory_keep(m, policy_domain) };
	}
	r->claimed_by = memory_keep(m, st->runner);
	r->claimed_until = now + ODM_CLAIM_SECS;
	*claim_r = (struct store_claim){ r->id, r->part, taken_over, r->begin, r->end };
	*how_r = STORE_CLAIM_MINE;
	return 0;
}

static int
add_delivery(struct memory *m, const struct memory_report *r, const struct store_delivery *d)
{
	struct memory_delivery *row;

	for (size_t i = 0; i < memory_count(m, MEMORY_DELIVERIES); i++)
		if (memory_delivery_at(m, i)->report == r->id &&
		    strcmp(memory_delivery_at(m, i)->d.destination, d->destination) == 0)
			return 0;
	if ((row = memory_add(m, MEMORY_DELIVERIES)) == NULL)
		return -1;
	row->d = *d;
	row->d.id = ++m->data->last_id;
	row->d.policy_domain = r->policy_domain;
	row->d.begin = r->begin;
	row->d.end = r->end;
	row->d.report_id = r->report_id;
	row->d.destination = memory_keep(m, d->destination);
	row->d.reason = d->reason == NULL ? NULL : memory_keep(m, d->reason);
	row->d.mail = memory_keep_octets(m, d->mail, d->mail_len);
	row->d.first_try = 0;
	row->report = r->id;
	row->claimed_by = "";
	return 0;
}

int
memory_report_add(struct store *st, const struct store_claim *claim,
    const char *report_id, int64_t messages, const struct store_delivery *deliveries,
    size_t n, bool *added_r)
{
	struct memory *m = memory_of(st);
	struct memory_report *r = mine(st, claim);

	(void)messages;
	*added_r = false;
	if (r == NULL)
		return 0;
	for (size_t i = 0; i < memory_count(m, MEMORY_REPORTS); i++)
		if (strcmp(memory_report_at(m, i)->report_id, report_id) == 0)
			return store_fail(st, "the report id %s is used already", report_id);
	r->state = MEMORY_MADE;
	r->report_id = memory_keep(m, report_id);
	for (size_t i = 0; i < n; i++)
		if (add_delivery(m, r, &deliveries[i]) != 0)
			return -1;
	*added_r = true;
	return 0;
}

int
memory_report_withhold(struct store *st, const struct store_claim *claim,
    const char *reason)
{
	struct memory_report *r = mine(st, claim);

	if (r != NULL) {
		r->state = MEMORY_WITHHELD;
		r->reason = memory_keep(memory_of(st), reason);
	}
	return 0;
}

int
memory_report_release(struct store *st, const struct store_claim *claim)
{
	struct memory *m = memory_of(st);
	struct memory_report *r = mine(st, claim);

	if (r == NULL)
		return 0;
	for (size_t i = 0; i < memory_count(m, MEMORY_MESSAGES); i++)
		if (memory_message_at(m, i)->report == claim->report)
			memory_message_at(m, i)->report = 0;
	memory_remove(m, MEMORY_REPORTS, (size_t)(r - memory_report_at(m, 0)));
	return 0;
}

int
memory_report_known(struct store *st, const char *policy_domain,
    int64_t begin, int64_t end, bool *known_r)
{
	struct memory *m = memory_of(st);

	*known_r = false;
	for (size_t i = 0; i < memory_count(m, MEMORY_REPORTS); i++) {
		const struct memory_report *r = memory_report_at(m, i);

		if (r->begin == begin && r->end == end && r->state != MEMORY_MAKING &&
		    memory_same(r->policy_domain, policy_domain))
			*known_r = true;
	}
	return 0;
}

int
memory_ledger_end(struct store *st, int64_t *end_r)
{
	const struct memory *m = memory_of(st);

	*end_r = 0;
	for (size_t i = 0; i < memory_count(m, MEMORY_REPORTS); i++) {
		const struct memory_report *r = memory_report_at(m, i);

		if (r->state != MEMORY_MAKING && r->end > *end_r)
			*end_r = r->end;
	}
	return 0;
}

bool
memory_is_open(const struct memory_delivery *d)
{
	return d->d.state == STORE_DELIVERY_NEW || d->d.state == STORE_DELIVERY_FAILED;
}

int
memory_delivery_claim(struct store *st, int64_t id, int64_t now, bool *claimed_r)
{
	struct memory_delivery *d = find_delivery(memory_of(st), id);

	*claimed_r = d != NULL && memory_is_open(d) && d->d.next_try <= now &&
	    d->claimed_until <= now;
	if (!*claimed_r)
		return 0;
	d->claimed_by = memory_keep(memory_of(st), st->runner);
	d->claimed_until = now + ODM_CLAIM_SECS;
	if (d->d.first_try == 0)
		d->d.first_try = now;
	return 0;
}

static bool
is_claimed(const struct store *st, const struct memory_delivery *d)
{
	return d != NULL && d->claimed_until > 0 && strcmp(d->claimed_by, st->runner) == 0;
}

int
memory_delivery_release(struct store *st, int64_t id)
{
	struct memory_delivery *d = find_delivery(memory_of(st), id);

	if (!is_claimed(st, d))
		return 0;
	d->claimed_until = 0;
	if (d->d.tries == 0)
		d->d.first_try = 0;
	return 0;
}

int
memory_delivery_result(struct store *st, int64_t id,
    enum store_delivery_state state, int64_t next_try, const char *reason)
{
	struct memory_delivery *d = find_delivery(memory_of(st), id);

	if (!is_claimed(st, d))
		return store_fail(st, "delivery %lld is not claimed by this program, or not any "
		    "more", (long long)id);
	d->d.state = state;
	d->d.next_try = next_try;
	d->d.reason = reason == NULL ? NULL : memory_keep(memory_of(st), reason);
	d->d.tries++;
	d->claimed_until = 0;
	if (state == STORE_DELIVERY_SENT)
		d->d.mail_len = 0;
	return 0;
}

int
memory_due(struct store *st, int64_t last, int64_t now, int64_t *ids, size_t max, size_t *n_r)
{
	const struct memory *m = memory_of(st);

	*n_r = 0;
	for (size_t i = 0; i < memory_count(m, MEMORY_DELIVERIES) && *n_r < max; i++) {
		const struct memory_delivery *d = memory_delivery_at(m, i);

		if (d->d.id > last && memory_is_open(d) && d->d.next_try <= now)
			ids[(*n_r)++] = d->d.id;
	}
	return 0;
}

int
memory_delivery(struct store *st, int64_t id, struct store_delivery **d_r)
{
	const struct memory_delivery *d = find_delivery(memory_of(st), id);

	if (d == NULL)
		return 0;
	*d_r = store_copy_delivery(&d->d);
	return *d_r == NULL ? store_fail(st, "out of memory") : 1;
}

/* Whether a stands before b, by policy domain, destination and id. */
static bool
stands_before(const struct store_delivery *a, const struct store_delivery *b)
{
	int order = strcmp(a->policy_domain, b->policy_domain);

	if (order == 0)
		order = strcmp(a->destination, b->destination);
	return order < 0 || (order == 0 && a->id < b->id);
}

int
memory_each_undelivered(struct store *st, int64_t begin, int64_t end,
    int (*fn)(const struct store_delivery *d, void *arg), void *arg)
{
	const struct memory *m = memory_of(st);
	const struct store_delivery *last = NULL, *next;
	struct store_delivery d;
	int result = 0;

	do {
		next = NULL;
		for (size_t i = 0; i < memory_count(m, MEMORY_DELIVERIES); i++) {
			const struct store_delivery *row = &memory_delivery_at(m, i)->d;

			if ((row->state != STORE_DELIVERY_FAILED && row->state != STORE_DELIVERY_DEAD) ||
			    row->begin >= end || row->end <= begin ||
			    (last != NULL && !stands_before(last, row)) ||
			    (next != NULL && !stands_before(row, next)))
				continue;
			next = row;
		}
		if (next != NULL) {
			d = *next;
			d.mail = NULL;
			d.mail_len = 0;
			result = fn(&d, arg);
		}
		last = next;
	} while (next != NULL && result == 0);
	return result;
}

/* Where a message of a report that was made counts. */
static int64_t *
fate_of_made(const struct memory *m, int64_t report, struct store_audit *a)
{
	int64_t *fate = &a->undeliverable;

	for (size_t i = 0; i < memory_count(m, MEMORY_DELIVERIES); i++) {
		const struct memory_delivery *d = memory_delivery_at(m, i);

		if (d->report != report)
			continue;
		if (d->d.state == STORE_DELIVERY_SENT)
			return &a->told;
		if (memory_is_open(d))
			fate = &a->waiting;
	}
	return fate;
}

/* Calls fn for each reason once, in order. */
static int
each_reason(const struct memory *m, int64_t begin, int64_t end,
    int (*fn)(const char *reason, int64_t messages, void *arg), void *arg)
{
	const char *last = NULL, *next;
	int result = 0;

	do {
		int64_t n = 0;

		next = NULL;
		for (int round = 0; round < 2; round++)
			for (size_t i = 0; i < memory_count(m, MEMORY_MESSAGES); i++) {
				const struct memory_message *row = memory_message_at(m, i);
				const struct memory_report *r = memory_find_report(m, row->report);

				if (r == NULL || r->state != MEMORY_WITHHELD ||
				    row->received < begin || row->received >= end)
					continue;
				if (round == 0 && (last == NULL || strcmp(r->reason, last) > 0) &&
				    (next == NULL || strcmp(r->reason, next) < 0))
					next = r->reason;
				if (round == 1 && next != NULL && strcmp(r->reason, next) == 0)
					n++;
			}
		if (next != NULL)
			result = fn(next, n, arg);
		last = next;
	} while (next != NULL && result == 0);
	return result;
}

int
memory_audit(struct store *st, int64_t begin, int64_t end, struct store_audit *audit_r,
    int (*fn)(const char *reason, int64_t messages, void *arg), void *arg)
{
	const struct memory *m = memory_of(st);
	struct store_audit a = { 0 };

	for (size_t i = 0; i < memory_count(m, MEMORY_MESSAGES); i++) {
		const struct memory_message *row = memory_message_at(m, i);
		const struct memory_report *r = memory_find_report(m, row->report);

		if (row->received < begin || row->received >= end)
			continue;
		a.seen++;
		if (r != NULL && r->state == MEMORY_WITHHELD)
			a.withheld++;
		else if (r != NULL && r->state == MEMORY_MADE)
			++*fate_of_made(m, r->id, &a);
		else if (*memory_rua(m, row) == '\0')
			a.not_owed++;
		else
			a.unreported++;
	}
	*audit_r = a;
	return fn == NULL ? 0 : each_reason(m, begin, end, fn, arg);
}
