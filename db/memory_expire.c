/*
 * memory_expire.c - the judge: what is old and settled goes.
 */
#include "db/memory_private.h"

static bool
may_go(const struct memory *m, const struct memory_message *row,
    const struct store_expiry *x)
{
	const struct memory_report *r = memory_find_report(m, row->report);

	if (row->received >= x->before)
		return false;
	if (x->unreported || (r != NULL && r->state != MEMORY_MAKING))
		return true;
	return r == NULL && *memory_rua(m, row) == '\0';
}

static bool
is_settled(const struct memory *m, const struct memory_report *r)
{
	for (size_t i = 0; i < memory_count(m, MEMORY_DELIVERIES); i++)
		if (memory_delivery_at(m, i)->report == r->id &&
		    memory_is_open(memory_delivery_at(m, i)))
			return false;
	return r->state != MEMORY_MAKING;
}

static void
drop_deliveries(struct memory *m, int64_t report)
{
	for (size_t i = memory_count(m, MEMORY_DELIVERIES); i-- > 0;)
		if (memory_delivery_at(m, i)->report == report)
			memory_remove(m, MEMORY_DELIVERIES, i);
}

/* All in one step; names are no rows here, so none are removed. */
int
memory_expire(struct store *st, const struct store_expiry *x,
    struct store_expired *counts, void **state, bool *more_r)
{
	struct memory *m = memory_of(st);

	(void)state;
	for (size_t i = memory_count(m, MEMORY_MESSAGES); i-- > 0;)
		if (may_go(m, memory_message_at(m, i), x)) {
			memory_remove(m, MEMORY_MESSAGES, i);
			counts->messages++;
		} else if (memory_message_at(m, i)->received < x->before) {
			counts->kept++;
		}
	for (size_t i = memory_count(m, MEMORY_REPORTS); i-- > 0;)
		if (memory_report_at(m, i)->end <= x->before &&
		    is_settled(m, memory_report_at(m, i))) {
			drop_deliveries(m, memory_report_at(m, i)->id);
			memory_remove(m, MEMORY_REPORTS, i);
			counts->reports++;
		}
	for (size_t i = memory_count(m, MEMORY_SUPPRESSIONS); i-- > 0;)
		if (memory_suppression_at(m, i)->until != 0 &&
		    memory_suppression_at(m, i)->until < x->before) {
			memory_remove(m, MEMORY_SUPPRESSIONS, i);
			counts->suppressions++;
		}
	for (size_t i = memory_count(m, MEMORY_REQUESTS); i-- > 0;) {
		const struct memory_request *r = memory_row(m, MEMORY_REQUESTS, i);

		if (!r->r.locked && r->r.seen > 0 && r->r.seen < x->before) {
			memory_remove(m, MEMORY_REQUESTS, i);
			counts->requests++;
		}
	}
	*more_r = false;
	return 0;
}

void
memory_expire_end(struct store *st, void **state)
{
	(void)st;
	(void)state;
}
