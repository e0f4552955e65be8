/*
 * store_memory.c - the judge: handles, rows, transactions.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "db/memory_private.h"

void *
memory_row(const struct memory *m, enum memory_tables table, size_t i)
{
	const struct memory_table *t = &m->data->tables[table];

	return (char *)t->rows + i * t->width;
}

size_t
memory_count(const struct memory *m, enum memory_tables table)
{
	return m->data->tables[table].n;
}

void *
memory_add(struct memory *m, enum memory_tables table)
{
	struct memory_table *t = &m->data->tables[table];
	void *row;

	if (t->n == t->size) {
		size_t size = t->size == 0 ? 16 : t->size * 2;
		void *more = reallocarray(t->rows, size, t->width);

		if (more == NULL) {
			(void)store_fail(&m->base, "out of memory");
			return NULL;
		}
		t->rows = more;
		t->size = size;
	}
	row = (char *)t->rows + t->n++ * t->width;
	memset(row, 0, t->width);
	return row;
}

void
memory_remove(struct memory *m, enum memory_tables table, size_t i)
{
	struct memory_table *t = &m->data->tables[table];
	char *row = (char *)t->rows + i * t->width;

	memmove(row, row + t->width, (--t->n - i) * t->width);
}

const void *
memory_keep_octets(struct memory *m, const void *octets, size_t len)
{
	struct memory_text *text = malloc(sizeof(*text) + len + 1);

	if (text == NULL)
		return "";
	text->next = m->data->texts;
	m->data->texts = text;
	if (len > 0)
		memcpy(text->octets, octets, len);
	text->octets[len] = '\0';
	return text->octets;
}

const char *
memory_keep(struct memory *m, const char *text)
{
	return text == NULL ? "" : memory_keep_octets(m, text, strlen(text));
}

bool
memory_same(const char *a, const char *b)
{
	return strcasecmp(a, b) == 0;
}

static void
free_tables(struct memory_table tables[MEMORY_NTABLES])
{
	for (size_t i = 0; i < MEMORY_NTABLES; i++) {
		free(tables[i].rows);
		tables[i].rows = NULL;
	}
}

static void
memory_close(struct store *st)
{
	struct memory *m = memory_of(st);
	struct memory_text *text;

	if (--m->data->handles == 0) {
		while ((text = m->data->texts) != NULL) {
			m->data->texts = text->next;
			free(text);
		}
		free_tables(m->data->tables);
		free(m->data);
	}
	free(m);
}

static int
memory_begin(struct store *st)
{
	struct memory *m = memory_of(st);

	for (size_t i = 0; i < MEMORY_NTABLES; i++) {
		const struct memory_table *t = &m->data->tables[i];

		m->saved[i] = *t;
		m->saved[i].rows = calloc(t->size + 1, t->width);
		if (m->saved[i].rows == NULL)
			return store_fail(st, "out of memory");
		if (t->n > 0)
			memcpy(m->saved[i].rows, t->rows, t->n * t->width);
	}
	return 0;
}

static int
memory_commit(struct store *st)
{
	free_tables(memory_of(st)->saved);
	return 0;
}

static void
memory_rollback(struct store *st)
{
	struct memory *m = memory_of(st);

	free_tables(m->data->tables);
	memcpy(m->data->tables, m->saved, sizeof(m->saved));
	memset(m->saved, 0, sizeof(m->saved));
}

static const struct store_ops ops = {
	.close = memory_close,
	.begin = memory_begin,
	.commit = memory_commit,
	.rollback = memory_rollback,
	.add_messages = memory_add_messages,
	.each_policy = memory_each_policy,
	.each_message = memory_each_message,
	.count = memory_count_window,
	.report_claim = memory_report_claim,
	.report_add = memory_report_add,
	.report_withhold = memory_report_withhold,
	.report_release = memory_report_release,
	.report_known = memory_report_known,
	.ledger_end = memory_ledger_end,
	.delivery_claim = memory_delivery_claim,
	.delivery_release = memory_delivery_release,
	.delivery_result = memory_delivery_result,
	.due = memory_due,
	.delivery = memory_delivery,
	.audit = memory_audit,
	.each_undelivered = memory_each_undelivered,
	.suppress = memory_suppress,
	.unsuppress = memory_unsuppress,
	.each_suppression = memory_each_suppression,
	.suppressed = memory_suppressed,
	.request = memory_request,
	.request_lock = memory_request_lock,
	.request_unlock = memory_request_unlock,
	.expire = memory_expire,
	.expire_end = memory_expire_end,
};

static const size_t widths[MEMORY_NTABLES] = {
	[MEMORY_POLICIES] = sizeof(struct memory_policy),
	[MEMORY_MESSAGES] = sizeof(struct memory_message),
	[MEMORY_REPORTS] = sizeof(struct memory_report),
	[MEMORY_DELIVERIES] = sizeof(struct memory_delivery),
	[MEMORY_REQUESTS] = sizeof(struct memory_request),
	[MEMORY_SUPPRESSIONS] = sizeof(struct store_suppression),
};

static struct store *
new_handle(struct memory_data *data)
{
	struct memory *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
	m->base.ops = &ops;
	m->data = data;
	data->handles++;
	return &m->base;
}

struct store *
store_memory_again(struct store *st)
{
	struct store *other = new_handle(memory_of(st)->data);

	/* Its own name: the address of a living handle is no other's. */
	if (other != NULL && snprintf(other->runner, sizeof(other->runner), "memory/%p",
	    (void *)other) < 0)
		other->runner[0] = '\0';
	return other;
}

static struct store *
memory_open(const char *location, const struct store_access *access, char *why,
    size_t why_size)
{
	struct memory_data *data;
	struct store *st;

	(void)access;
	if (*location != '\0')
		return store_no(why, why_size, "a database in memory has no name; "
		    "it must look like memory:");
	data = calloc(1, sizeof(*data));
	st = data == NULL ? NULL : new_handle(data);
	if (st == NULL) {
		free(data);
		return store_no(why, why_size, "out of memory");
	}
	for (size_t i = 0; i < MEMORY_NTABLES; i++)
		data->tables[i].width = widths[i];
	return st;
}

/* It has no tables that could be old. */
static int
memory_pending(const char *location, const struct store_access *access,
    int (*fn)(const char *statement, void *arg), void *arg, char *why, size_t why_size)
{
	(void)location;
	(void)access;
	(void)fn;
	(void)arg;
	(void)why;
	(void)why_size;
	return 0;
}

const struct store_backend store_memory = { "memory", memory_open, memory_pending };
