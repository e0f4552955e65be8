/*
 * aggregate.c - rows with counters. RFC 9990, 3.1.1.7.
 *
 * The rows stand in a balanced tree ordered by their keys. Senders choose much of a
 * key, and a tree cannot be made slow by choosing keys, as a hash table can.
 */
#include <sys/queue.h>
#include <sys/tree.h>

#include <stdlib.h>

#include "reports/aggregate.h"
#include "reports/rowkey.h"

struct row {
	RB_ENTRY(row)	 in_tree;
	STAILQ_ENTRY(row) in_order;
	uint64_t	 count;
	size_t		 len;
	char		 key[];
};

RB_HEAD(row_tree, row);
STAILQ_HEAD(row_list, row);

struct report_aggregate {
	const struct store_policy *policy;
	struct row_tree	 tree;
	struct row_list	 list;		/* of first appearance; owns the rows */
	struct odm_strbuf key;		/* of the message being added */
	size_t		 octets, max_octets;
	struct report_totals totals;
};

static int
compare_rows(const struct row *a, const struct row *b)
{
	size_t len = a->len < b->len ? a->len : b->len;
	int order = memcmp(a->key, b->key, len);

	if (order != 0 || a->len == b->len)
		return order;
	return a->len < b->len ? -1 : 1;
}

/* RB_GENERATE_STATIC() of libbsd needs a macro that glibc does not have. */
RB_GENERATE_INTERNAL(row_tree, row, in_tree, compare_rows, __attribute__((unused)) static)

struct report_aggregate *
report_aggregate_new(const struct store_policy *policy, size_t max_octets)
{
	struct report_aggregate *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->policy = policy;
	a->max_octets = max_octets;
	RB_INIT(&a->tree);
	STAILQ_INIT(&a->list);
	odm_strbuf_init(&a->key, REPORT_ROWKEY_MAX);
	return a;
}

void
report_aggregate_free(struct report_aggregate **a)
{
	struct row *r;

	if (*a == NULL)
		return;
	while ((r = STAILQ_FIRST(&(*a)->list)) != NULL) {
		STAILQ_REMOVE_HEAD(&(*a)->list, in_order);
		free(r);
	}
	odm_strbuf_free(&(*a)->key);
	free(*a);
	*a = NULL;
}

/* A row of the key at hand; NULL: memory is short. */
static struct row *
new_row(struct report_aggregate *a)
{
	struct row *r = malloc(sizeof(*r) + a->key.len);

	if (r == NULL)
		return NULL;
	r->count = 1;
	r->len = a->key.len;
	memcpy(r->key, a->key.at, a->key.len);
	return r;
}

int
report_aggregate_add(struct report_aggregate *a, const struct store_message *m)
{
	struct row *r, *known;

	if (!report_rowkey(a->policy, m, &a->key)) {
		a->totals.unjudged++;
		return 0;
	}
	if (a->key.failed || (r = new_row(a)) == NULL)
		return -1;
	if ((known = RB_FIND(row_tree, &a->tree, r)) != NULL) {
		known->count++;
		a->totals.messages++;
		free(r);
		return 0;
	}
	if (a->octets + sizeof(*r) + r->len > a->max_octets) {
		a->totals.left_out++;
		free(r);
		return 0;
	}
	RB_INSERT(row_tree, &a->tree, r);
	STAILQ_INSERT_TAIL(&a->list, r, in_order);
	a->octets += sizeof(*r) + r->len;
	a->totals.rows++;
	a->totals.messages++;
	return 0;
}

struct report_totals
report_aggregate_totals(const struct report_aggregate *a)
{
	return a->totals;
}

int
report_aggregate_each(const struct report_aggregate *a,
    int (*fn)(const struct report_row *row, void *arg), void *arg)
{
	struct report_row view;
	const struct row *r;
	int result = 0;

	STAILQ_FOREACH(r, &a->list, in_order) {
		view.count = r->count;
		/* cppcheck-suppress uninitvar ; it does not follow rows into the list */
		report_rowkey_read((struct odm_span){ r->key, r->len }, &view);
		if ((result = fn(&view, arg)) != 0)
			break;
	}
	return result;
}
