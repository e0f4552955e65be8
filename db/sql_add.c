/*
 * sql_add.c - one judged message into the tables, row by row.
 */
#include <stdlib.h>

#include "db/sql.h"

/* *id_r is 0 when the record is there already. */
static int
add_row(struct sql *s, const struct history_record *rec, const char *identity,
    const struct sql_ids *ids, int64_t *id_r)
{
	bool mysql = s->driver->dialect == SQL_DIALECT_MYSQL;
	struct sql_query q = sql_take(s, SQL_MESSAGE_ADD, sql_either(s,
	    "INSERT INTO messages (received, jobid, reporter, policy, disp, ip, env_domain,"
	    " from_domain, policy_domain, spf, spf_scope, align_dkim, align_spf, sigcount,"
	    " arc, arc_policy, identity, published, spf_domain, effective, reasons, automatic)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	    " ON CONFLICT (received, identity) DO NOTHING",
	    "INSERT INTO messages (received, jobid, reporter, policy, disp, ip, env_domain,"
	    " from_domain, policy_domain, spf, spf_scope, align_dkim, align_spf, sigcount,"
	    " arc, arc_policy, identity, published, spf_domain, effective, reasons, automatic,"
	    " date)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
	    " FROM_UNIXTIME(LEAST(?, 2147483647)))"
	    " ON DUPLICATE KEY UPDATE messages.id = messages.id"));
	int got;

	sql_bind_int(&q, rec->received);
	sql_bind_text(&q, rec->job);
	sql_bind_int(&q, ids->reporter);
	sql_bind_int(&q, rec->policy);
	sql_bind_int(&q, rec->action);
	sql_bind_int(&q, ids->ip);
	sql_bind_int(&q, ids->env);
	sql_bind_int(&q, ids->from);
	sql_bind_int(&q, ids->policy_domain);
	sql_bind_int(&q, rec->spf);
	sql_bind_int(&q, rec->spf_scope);
	sql_bind_int(&q, rec->align_dkim);
	sql_bind_int(&q, rec->align_spf);
	sql_bind_int(&q, (int64_t)rec->ndkim);
	sql_bind_int(&q, rec->arc);
	sql_bind_int(&q, rec->arc_policy);
	sql_bind_text(&q, identity);
	sql_bind_id(&q, ids->published);
	sql_bind_id(&q, ids->spf_domain);
	sql_bind_letter(&q, rec->effective);
	sql_bind_int(&q, (int64_t)rec->nreasons);
	sql_bind_int(&q, rec->automatic);
	if (mysql)
		sql_bind_int(&q, rec->received);
	got = sql_step(&q);
	if (got == 0)
		*id_r = s->driver->changes(s) == 0 ? 0 : s->driver->last_id(s);
	sql_give(&q);
	return got < 0 ? -1 : 0;
}

static int
add_signature(struct sql *s, int64_t message, const struct history_dkim *d)
{
	enum odm_result result = history_result(d->result);
	int64_t domain, selector;
	struct sql_query q;

	if (sql_domain_id(s, d->domain, &domain) != 0 ||
	    sql_selector_id(s, domain, d->selector, &selector) != 0)
		return -1;
	q = sql_take(s, SQL_SIGNATURE_ADD,
	    "INSERT INTO signatures (message, domain, selector, pass, error)"
	    " VALUES (?, ?, ?, ?, ?)");
	sql_bind_int(&q, message);
	sql_bind_int(&q, domain);
	sql_bind_int(&q, selector);
	sql_bind_int(&q, d->result);
	sql_bind_int(&q, result == ODM_RESULT_TEMPERROR || result == ODM_RESULT_PERMERROR);
	return sql_finish(&q);
}

static int
add_override(struct sql *s, int64_t message, const struct history_reason *r)
{
	struct sql_query q = sql_take(s, SQL_OVERRIDE_ADD,
	    "INSERT INTO overrides (message, type, comment) VALUES (?, ?, ?)");

	sql_bind_int(&q, message);
	sql_bind_text(&q, history_override_name(r->type));
	sql_bind_text(&q, r->comment);
	return sql_finish(&q);
}

static int
add_arcresult(struct sql *s, int64_t message, const struct history_arcseal *seal)
{
	struct sql_query q = sql_take(s, SQL_ARCRESULT_ADD, sql_either(s,
	    "INSERT INTO arcauthresults (message, instance, arc_client_addr)"
	    " VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
	    SQL_MYSQL_ARCRESULT_HEAD SQL_MYSQL_ARCRESULT_ROW SQL_MYSQL_IGNORED));

	sql_bind_int(&q, message);
	sql_bind_int(&q, seal->instance);
	sql_bind_text(&q, seal->ip == NULL ? "" : seal->ip);
	return sql_finish(&q);
}

/* For people's own queries. A seal whose domain is not known has no row in arcseals. */
static int
add_arcseal(struct sql *s, int64_t message, const struct history_arcseal *seal)
{
	int64_t domain, selector;
	struct sql_query q;

	if (add_arcresult(s, message, seal) != 0)
		return -1;
	if (seal->domain == NULL)
		return 0;
	if (sql_domain_id(s, seal->domain, &domain) != 0 ||
	    sql_selector_id(s, domain, seal->selector, &selector) != 0)
		return -1;
	q = sql_take(s, SQL_ARCSEAL_ADD, sql_either(s,
	    "INSERT INTO arcseals (message, domain, selector, instance)"
	    " VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
	    SQL_MYSQL_ARCSEAL_HEAD SQL_MYSQL_ARCSEAL_ROW SQL_MYSQL_IGNORED));
	sql_bind_int(&q, message);
	sql_bind_int(&q, domain);
	sql_bind_int(&q, selector);
	sql_bind_int(&q, seal->instance);
	return sql_finish(&q);
}

/*
 * The row that readers of the 1.x tables look at: what was received newest decides,
 * and a row that an administrator has locked stays as it is.
 */
static int
put_request(struct sql *s, const struct history_record *rec, const struct sql_ids *ids,
    const char *rua)
{
	struct sql_query q = sql_take(s, SQL_REQUEST_PUT, sql_either(s,
	    "INSERT INTO requests (domain, repuri, adkim, aspf, policy, spolicy, pct, fo,"
	    " policy_domain, seen) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	    " ON CONFLICT (domain) DO UPDATE SET repuri = excluded.repuri,"
	    " adkim = excluded.adkim, aspf = excluded.aspf, policy = excluded.policy,"
	    " spolicy = excluded.spolicy, pct = excluded.pct, fo = excluded.fo,"
	    " policy_domain = excluded.policy_domain, seen = excluded.seen"
	    " WHERE excluded.seen >= seen AND locked <> 1",
	    SQL_MYSQL_REQUEST_HEAD SQL_MYSQL_REQUEST_ROW SQL_MYSQL_REQUEST_TAIL));

	sql_bind_int(&q, ids->from);
	sql_bind_text(&q, rua);
	sql_bind_int(&q, rec->adkim);
	sql_bind_int(&q, rec->aspf);
	sql_bind_int(&q, rec->p);
	sql_bind_int(&q, rec->sp);
	sql_bind_int(&q, rec->pct);
	sql_bind_int(&q, rec->fo);
	sql_bind_int(&q, ids->policy_domain);
	sql_bind_int(&q, rec->received);
	return sql_finish(&q);
}

static int
add_all(struct sql *s, const struct history_record *rec, const char *identity,
    const char *rua, enum store_added *added_r)
{
	struct sql_ids ids;
	int64_t message = 0;

	if (sql_find_ids(s, rec, rua, &ids) != 0 ||
	    add_row(s, rec, identity, &ids, &message) != 0)
		return -1;
	if (message == 0) {
		*added_r = STORE_KNOWN;
		return 0;
	}
	for (size_t i = 0; i < rec->ndkim; i++)
		if (add_signature(s, message, &rec->dkim[i]) != 0)
			return -1;
	for (size_t i = 0; i < rec->nreasons; i++)
		if (add_override(s, message, &rec->reasons[i]) != 0)
			return -1;
	for (size_t i = 0; i < rec->narcseals; i++)
		if (add_arcseal(s, message, &rec->arcseals[i]) != 0)
			return -1;
	/* Without a policy there is nothing newer to say about the last one. */
	if (rec->p != 0 && put_request(s, rec, &ids, rua) != 0)
		return -1;
	*added_r = STORE_ADDED;
	return 0;
}

int
sql_add_message(struct sql *s, const struct history_record *rec,
    const char *identity, enum store_added *added_r)
{
	char *rua = sql_join_rua(rec);
	int result;

	if (rua == NULL)
		return store_fail(&s->base, "out of memory");
	result = add_all(s, rec, identity, rua, added_r);
	free(rua);
	return result;
}

int
sql_add_messages(struct store *st, struct store_new *list, size_t n)
{
	struct sql *s = (struct sql *)st;

	if (s->driver->dialect == SQL_DIALECT_MYSQL && n > 1)
		return sql_add_bulk(s, list, n);
	for (size_t i = 0; i < n; i++)
		if (sql_add_message(s, list[i].rec, list[i].identity, &list[i].added) != 0)
			return -1;
	return 0;
}
