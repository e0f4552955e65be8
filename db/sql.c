/*
 * sql.c - statements in use, over a driver.
 */
#include <stdlib.h>
#include <string.h>

#include "db/sql.h"

/* Names kept by the caches; together a few megabytes. */
#define DOMAINS_KEPT	65536
#define SELECTORS_KEPT	16384
#define IPS_KEPT	65536
#define REPORTERS_KEPT	64
#define POLICIES_KEPT	16384

static void
free_caches(struct sql *s)
{
	idcache_free(&s->domains);
	idcache_free(&s->selectors);
	idcache_free(&s->ips);
	idcache_free(&s->reporters);
	idcache_free(&s->policies);
}

bool
sql_init(struct sql *s, const struct store_ops *ops, const struct sql_driver *driver)
{
	s->base.ops = ops;
	s->driver = driver;
	s->names_removed = -1;
	s->domains = idcache_new(DOMAINS_KEPT);
	s->selectors = idcache_new(SELECTORS_KEPT);
	s->ips = idcache_new(IPS_KEPT);
	s->reporters = idcache_new(REPORTERS_KEPT);
	s->policies = idcache_new(POLICIES_KEPT);
	if (s->domains != NULL && s->selectors != NULL && s->ips != NULL &&
	    s->reporters != NULL && s->policies != NULL)
		return true;
	free_caches(s);
	return false;
}

void
sql_drop_statements(struct sql *s)
{
	s->losses++;
	for (size_t i = 0; i < SQL_NSLOTS; i++) {
		if (s->taken[i] || s->kept[i] == NULL)
			continue;
		s->driver->drop(s, s->kept[i]);
		s->kept[i] = NULL;
	}
}

void
sql_clear(struct sql *s)
{
	sql_drop_statements(s);
	free_caches(s);
}

struct sql_query
sql_take(struct sql *s, enum sql_slot slot, const char *text)
{
	struct sql_query q = { .s = s, .slot = slot, .own = s->taken[slot],
	    .losses = s->losses };

	if (!q.own && s->kept[slot] != NULL)
		q.stmt = s->kept[slot];
	else
		q.stmt = s->driver->prepare(s, text);
	q.failed = q.stmt == NULL;
	q.losses = s->losses;		/* preparing may have found a new connection */
	if (!q.own) {
		s->kept[slot] = q.stmt;
		s->taken[slot] = true;
	}
	return q;
}

void
sql_give(struct sql_query *q)
{
	bool lost = q->losses != q->s->losses;

	if (!q->own)
		q->s->taken[q->slot] = false;
	if (!q->own && lost)
		q->s->kept[q->slot] = NULL;
	if (q->stmt != NULL && (q->own || lost))
		q->s->driver->drop(q->s, q->stmt);
	else if (q->stmt != NULL)
		q->s->driver->reset(q->s, q->stmt);
	q->stmt = NULL;
}

static void
note(struct sql_query *q, bool good)
{
	if (!good && !q->failed) {
		q->failed = true;
		(void)store_fail(&q->s->base, "out of memory");
	}
}

static void
bind_octets(struct sql_query *q, const char *at, size_t len, bool octets)
{
	int n = q->nbound++;

	if (!q->failed)
		note(q, q->s->driver->bind_text(q->s, q->stmt, n, at, len, octets));
}

void
sql_bind_text(struct sql_query *q, const char *text)
{
	bind_octets(q, text, text == NULL ? 0 : strlen(text), false);
}

void
sql_bind_blob(struct sql_query *q, const char *octets, size_t len)
{
	bind_octets(q, octets, len, true);
}

void
sql_bind_null(struct sql_query *q)
{
	bind_octets(q, NULL, 0, false);
}

void
sql_bind_int(struct sql_query *q, int64_t number)
{
	int n = q->nbound++;

	if (!q->failed)
		note(q, q->s->driver->bind_int(q->s, q->stmt, n, number));
}

void
sql_bind_id(struct sql_query *q, int64_t id)
{
	if (id == 0)
		sql_bind_null(q);
	else
		sql_bind_int(q, id);
}

void
sql_bind_letter(struct sql_query *q, char letter)
{
	/* Static texts, since the value is read at the step. */
	static const char letters[][2] = { "a", "b", "c", "d", "e", "f", "g", "h", "i", "j",
	    "k", "l", "m", "n", "o", "p", "q", "r", "s", "t", "u", "v", "w", "x", "y", "z" };

	sql_bind_text(q, letter >= 'a' && letter <= 'z' ? letters[letter - 'a'] : "");
}

int
sql_step(struct sql_query *q)
{
	int got = q->failed ? -1 : q->s->driver->step(q->s, q->stmt);

	q->failed = got < 0;
	return got;
}

int
sql_finish(struct sql_query *q)
{
	int got = sql_step(q);

	sql_give(q);
	return got < 0 ? -1 : 0;
}

const char *
sql_octets(const struct sql_query *q, int column, size_t *len_r)
{
	return q->s->driver->text(q->s, q->stmt, column, len_r);
}

const char *
sql_text(const struct sql_query *q, int column)
{
	size_t len;
	const char *text = sql_octets(q, column, &len);

	return text == NULL ? "" : text;
}

bool
sql_is_null(const struct sql_query *q, int column)
{
	size_t len;

	return sql_octets(q, column, &len) == NULL;
}

int64_t
sql_int(const struct sql_query *q, int column)
{
	return q->s->driver->number(q->s, q->stmt, column);
}

char
sql_letter(const struct sql_query *q, int column)
{
	return sql_text(q, column)[0];
}

const char *
sql_either(const struct sql *s, const char *sqlite, const char *mysql)
{
	return s->driver->dialect == SQL_DIALECT_MYSQL ? mysql : sqlite;
}
