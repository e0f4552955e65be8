/*
 * store.c - the front of the store: chooses the backend by URL and keeps the rules
 * that hold for all of them (transactions, whole records or none).
 */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "db/store.h"
#include "db/store_backend.h"

static const struct store_backend *const backends[] = {
	&store_sqlite,
};

/* Databases of later builds, so that their URLs get a clear answer. */
static const char *const absent[] = { "mysql", "mariadb" };

int
store_fail(struct store *st, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	if (vsnprintf(st->error, sizeof(st->error), format, ap) < 0)
		st->error[0] = '\0';
	va_end(ap);
	for (char *at = st->error; *at != '\0'; at++)
		if (*at == '\n' || *at == '\r')
			*at = ' ';
	return -1;
}

void *
store_no(char *why, size_t why_size, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	if (vsnprintf(why, why_size, format, ap) < 0 && why_size > 0)
		why[0] = '\0';
	va_end(ap);
	return NULL;
}

struct store *
store_open(const char *url, char *why, size_t why_size)
{
	size_t len = strcspn(url, ":");
	struct odm_span scheme = { url, len };

	if (url[len] == ':') {
		for (size_t i = 0; i < COUNT(backends); i++)
			if (odm_span_ieq(scheme, backends[i]->scheme))
				return backends[i]->open(url + len + 1, why, why_size);
		for (size_t i = 0; i < COUNT(absent); i++)
			if (odm_span_ieq(scheme, absent[i]))
				return store_no(why, why_size, "%s is not built into this "
				    "version; use a database URL like sqlite:/path/file",
				    absent[i]);
	}
	return store_no(why, why_size, "\"%.200s\" is no database URL; "
	    "it must look like sqlite:/path/file", url);
}

void
store_close(struct store **st)
{
	if (*st == NULL)
		return;
	store_rollback(*st);
	(*st)->ops->close(*st);
	*st = NULL;
}

const char *
store_error(const struct store *st)
{
	return st->error;
}

int
store_begin(struct store *st)
{
	assert(!st->in_transaction);
	if (st->ops->begin(st) != 0)
		return -1;
	st->in_transaction = true;
	st->spoiled = false;
	return 0;
}

int
store_commit(struct store *st)
{
	assert(st->in_transaction);
	if (st->spoiled) {
		store_rollback(st);
		return store_fail(st, "not committed: something in the transaction failed");
	}
	if (st->ops->commit(st) != 0) {
		char reason[sizeof(st->error)];

		(void)snprintf(reason, sizeof(reason), "%s", st->error);
		store_rollback(st);
		return store_fail(st, "%s", reason);
	}
	st->in_transaction = false;
	return 0;
}

void
store_rollback(struct store *st)
{
	if (!st->in_transaction)
		return;
	st->ops->rollback(st);
	st->in_transaction = false;
}

/* A change of several rows: inside the caller's transaction, or in one of its own. */
static int
enter(struct store *st, bool *own_r)
{
	*own_r = !st->in_transaction;
	return *own_r ? store_begin(st) : 0;
}

static int
leave(struct store *st, bool own, int result)
{
	char reason[sizeof(st->error)];

	if (result != 0)
		st->spoiled = true;
	if (!own)
		return result;
	if (result == 0)
		return store_commit(st);
	(void)snprintf(reason, sizeof(reason), "%s", st->error);
	store_rollback(st);
	return store_fail(st, "%s", reason);
}

int
store_add_message(struct store *st, const struct history_record *rec,
    const char *identity, enum store_added *added_r)
{
	bool own;

	assert(*identity != '\0');
	assert(rec->job != NULL && rec->reporter != NULL && rec->ipaddr != NULL);
	assert(rec->from != NULL && rec->mfrom != NULL && rec->pdomain != NULL);
	if (enter(st, &own) != 0)
		return -1;
	return leave(st, own, st->ops->add_message(st, rec, identity, added_r));
}

int
store_each_policy(struct store *st, int64_t begin, int64_t end,
    int (*fn)(const struct store_policy *p, void *arg), void *arg)
{
	return st->ops->each_policy(st, begin, end, fn, arg);
}

int
store_each_message(struct store *st, const char *policy_domain,
    int64_t begin, int64_t end,
    int (*fn)(const struct store_message *m, void *arg), void *arg)
{
	return st->ops->each_message(st, policy_domain, begin, end, fn, arg);
}

int
store_count(struct store *st, int64_t begin, int64_t end,
    int64_t *messages_r, int64_t *domains_r)
{
	return st->ops->count(st, begin, end, messages_r, domains_r);
}

int
store_report_add(struct store *st, const char *policy_domain, int64_t begin,
    int64_t end, const char *report_id, int64_t messages,
    const struct store_delivery *deliveries, size_t n, bool *added_r)
{
	bool own;

	assert(begin < end && *report_id != '\0');
	if (enter(st, &own) != 0)
		return -1;
	return leave(st, own, st->ops->report_add(st, policy_domain, begin, end,
	    report_id, messages, deliveries, n, added_r));
}

int
store_report_known(struct store *st, const char *policy_domain,
    int64_t begin, int64_t end, bool *known_r)
{
	return st->ops->report_known(st, policy_domain, begin, end, known_r);
}

int
store_each_due(struct store *st, int64_t now,
    int (*fn)(const struct store_delivery *d, void *arg), void *arg)
{
	return st->ops->each_due(st, now, fn, arg);
}

int
store_delivery_result(struct store *st, int64_t id,
    enum store_delivery_state state, int64_t next_try, const char *reason)
{
	bool own;

	if (enter(st, &own) != 0)
		return -1;
	return leave(st, own, st->ops->delivery_result(st, id, state, next_try, reason));
}
