/*
 * aggregate.c - rows with counters. RFC 9990, 3.1.1.7.
 *
 * A row is an address and what happened. Many addresses meet the same fate, so that
 * part of the key is kept once, as a story, and rows point to it. Rows and stories
 * stand in balanced trees: senders choose much of a key, and a tree cannot be made
 * slow by choosing keys, as a hash table can.
 */
#include <sys/queue.h>
#include <sys/tree.h>
#include <stdint.h>
#include <stdlib.h>

#include "reports/aggregate.h"
#include "reports/rowkey.h"

/* All of a key but the address. */
struct story {
	RB_ENTRY(story)	 in_tree;
	size_t		 len;
	char		 text[];
};

struct row {
	RB_ENTRY(row)	 in_tree;
	STAILQ_ENTRY(row) in_order;
	uint64_t	 count;
	const struct story *story;
	char		 ip[];		/* with its NUL */
};

RB_HEAD(story_tree, story);
RB_HEAD(row_tree, row);
STAILQ_HEAD(row_list, row);

struct report_aggregate {
	const struct store_policy *policy;
	struct story_tree stories;	/* owns them */
	struct row_tree	 rows;
	struct row_list	 list;		/* the rows as they first appeared; owns them */
	struct odm_strbuf key;		/* of the message being added */
	size_t		 octets, max_octets;
	struct report_totals totals;
};

static int
compare_stories(const struct story *a, const struct story *b)
{
	size_t len = a->len < b->len ? a->len : b->len;
	int order = memcmp(a->text, b->text, len);

	if (order != 0 || a->len == b->len)
		return order;
	return a->len < b->len ? -1 : 1;
}

/* RB_GENERATE_STATIC() of libbsd needs a macro that glibc does not have. */
/* cppcheck-suppress unknownMacro */
RB_GENERATE_INTERNAL(story_tree, story, in_tree, compare_stories, __attribute__((unused)) static)

static int
compare_rows(const struct row *a, const struct row *b)
{
	if (a->story != b->story)
		return (uintptr_t)a->story < (uintptr_t)b->story ? -1 : 1;
	return strcmp(a->ip, b->ip);
}

RB_GENERATE_INTERNAL(row_tree, row, in_tree, compare_rows, __attribute__((unused)) static)

struct report_aggregate *
report_aggregate_new(const struct store_policy *policy, size_t max_octets)
{
	struct report_aggregate *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->policy = policy;
	a->max_octets = max_octets;
	RB_INIT(&a->stories);
	RB_INIT(&a->rows);
	STAILQ_INIT(&a->list);
	odm_strbuf_init(&a->key, REPORT_ROWKEY_MAX);
	return a;
}

void
report_aggregate_free(struct report_aggregate **a)
{
	struct story *story;
	struct row *r;

	if (*a == NULL)
		return;
	while ((r = STAILQ_FIRST(&(*a)->list)) != NULL) {
		STAILQ_REMOVE_HEAD(&(*a)->list, in_order);
		free(r);
	}
	while ((story = RB_ROOT(&(*a)->stories)) != NULL) {
		RB_REMOVE(story_tree, &(*a)->stories, story);
		free(story);
	}
	odm_strbuf_free(&(*a)->key);
	free(*a);
	*a = NULL;
}

/* Takes room for a block; false when the limit is reached. */
static bool
take_room(struct report_aggregate *a, size_t octets)
{
	if (octets > a->max_octets - a->octets)
		return false;
	a->octets += octets;
	return true;
}

/*
 * The story of this text, a new one if need be. 0 and *story_r, which is NULL when there is
 * no room; -1 when memory is short.
 */
static int
find_story(struct report_aggregate *a, struct odm_span text, struct story **story_r)
{
	struct story *story = malloc(sizeof(*story) + text.len), *known;

	if (story == NULL)
		return -1;
	story->len = text.len;
	memcpy(story->text, text.at, text.len);
	known = RB_FIND(story_tree, &a->stories, story);
	if (known != NULL || !take_room(a, sizeof(*story) + text.len)) {
		free(story);
		*story_r = known;
		return 0;
	}
	RB_INSERT(story_tree, &a->stories, story);
	*story_r = story;
	return 0;
}

/* As find_story(), for the row of an address and a story. */
static int
find_row(struct report_aggregate *a, const struct story *story, const char *ip,
    struct row **row_r)
{
	size_t ip_size = strlen(ip) + 1;
	struct row *r = malloc(sizeof(*r) + ip_size), *known;

	if (r == NULL)
		return -1;
	r->count = 0;
	r->story = story;
	memcpy(r->ip, ip, ip_size);
	known = RB_FIND(row_tree, &a->rows, r);
	if (known != NULL || !take_room(a, sizeof(*r) + ip_size)) {
		free(r);
		*row_r = known;
		return 0;
	}
	RB_INSERT(row_tree, &a->rows, r);
	STAILQ_INSERT_TAIL(&a->list, r, in_order);
	a->totals.rows++;
	*row_r = r;
	return 0;
}

int
report_aggregate_add(struct report_aggregate *a, const struct store_message *m)
{
	struct story *story;
	struct row *r = NULL;
	size_t ip_size;

	if (!report_rowkey(a->policy, m, &a->key)) {
		a->totals.unjudged++;
		return 0;
	}
	if (a->key.failed)
		return -1;
	ip_size = strlen(a->key.at) + 1;
	if (find_story(a, odm_span_sub(odm_strbuf_span(&a->key), ip_size, a->key.len),
	    &story) != 0)
		return -1;
	if (story != NULL && find_row(a, story, a->key.at, &r) != 0)
		return -1;
	if (r == NULL) {
		a->totals.left_out++;
		return 0;
	}
	r->count++;
	a->totals.messages++;
	a->totals.passed += m->policy == HISTORY_POLICY_PASS;
	a->totals.automatic += m->automatic != HISTORY_AUTOMATIC_NO;
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
		report_rowkey_read(r->ip, (struct odm_span){ r->story->text, r->story->len },
		    &view);
		if ((result = fn(&view, arg)) != 0)
			break;
	}
	return result;
}
