/*
 * sql_rows.c - statements of several rows.
 */
#include "db/sql_rows.h"
#include "libopendmarc/base/strbuf.h"

/* Rows of one statement: the largest of these that is not more than what is left. */
static const size_t sizes[SQL_ROWS_SIZES] = { SQL_ROWS_MAX, 32, 4, 1 };

#define TEXT_MAX	(64 * 1024)

static bool
make_text(const struct sql_rows *t, size_t nrows, struct odm_strbuf *text)
{
	odm_strbuf_adds(text, t->head);
	for (size_t i = 0; i < nrows; i++) {
		if (i > 0)
			odm_strbuf_adds(text, ", ");
		odm_strbuf_adds(text, t->row);
	}
	odm_strbuf_adds(text, t->tail);
	return !text->failed;
}

struct sql_query
sql_rows_take(struct sql *s, const struct sql_rows *t, const void *const *rows, size_t n,
    size_t *taken_r)
{
	struct odm_strbuf text;
	struct sql_query q;
	size_t size = 0;
	enum sql_slot slot;
	bool made = true;

	while (sizes[size] > n)
		size++;
	slot = (enum sql_slot)(SQL_BULK + (size_t)t->place * SQL_ROWS_SIZES + size);
	odm_strbuf_init(&text, TEXT_MAX);
	if (s->kept[slot] == NULL || s->taken[slot])
		made = make_text(t, sizes[size], &text);
	q = sql_take(s, slot, text.at);
	odm_strbuf_free(&text);
	if (!made) {
		q.failed = true;
		(void)store_fail(&s->base, "out of memory");
	}
	for (size_t i = 0; i < sizes[size]; i++)
		t->bind(&q, rows[i]);
	*taken_r = sizes[size];
	return q;
}

int
sql_rows_put(struct sql *s, const struct sql_rows *t, const void *const *rows, size_t n)
{
	for (size_t at = 0, taken; at < n; at += taken) {
		struct sql_query q = sql_rows_take(s, t, rows + at, n - at, &taken);

		if (sql_finish(&q) != 0)
			return -1;
	}
	return 0;
}
