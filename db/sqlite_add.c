/*
 * sqlite_add.c - one judged message into the tables of the embedded database.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/sqlite_private.h"
#include "libopendmarc/base/limits.h"
#include "libopendmarc/base/strbuf.h"

/* A published rua of HISTORY_RUA_MAX addresses, each as long as a value may be. */
#define RUA_MAX		(HISTORY_RUA_MAX * (ODM_HISTORY_VALUE_MAX + 1))

/* A table of names: its cache and its two statements. */
struct names {
	struct idcache	*cache;
	enum sqlite_slot find, add;
	const char	*find_sql, *add_sql;
};

/* Runs a statement of one name, and of the domain it belongs to where it has one. */
static int
name_query(struct sqlite *s, enum sqlite_slot slot, const char *sql, int64_t parent,
    const char *name, int64_t *id_r)
{
	struct sqlite_query q = sqlite_take(s, slot, sql);
	int got;

	sqlite_bind_text(&q, name);
	if (parent != 0)
		sqlite_bind_int(&q, parent);
	got = sqlite_step(&q);
	if (got == 1)
		*id_r = sqlite_int(&q, 0);
	sqlite_give(&q);
	return got;
}

static int
name_id(struct sqlite *s, const struct names *n, int64_t parent, const char *name,
    int64_t *id_r)
{
	int64_t id = 0;
	int got;

	if (idcache_get(n->cache, parent, name, id_r))
		return 0;
	got = name_query(s, n->find, n->find_sql, parent, name, &id);
	if (got == 0) {
		got = name_query(s, n->add, n->add_sql, parent, name, &id);
		id = sqlite3_last_insert_rowid(s->db);
	}
	if (got < 0)
		return -1;
	idcache_put(n->cache, parent, name, id);
	*id_r = id;
	return 0;
}

int
sqlite_domain_id(struct sqlite *s, const char *name, int64_t *id_r)
{
	const struct names domains = {
		s->domains, SQLITE_SLOT_DOMAIN_FIND, SQLITE_SLOT_DOMAIN_ADD,
		"SELECT id FROM domains WHERE name = ?",
		"INSERT INTO domains (name) VALUES (?)"
	};

	return name_id(s, &domains, 0, name, id_r);
}

/* 0 stands for a selector that is not known. */
static int
selector_id(struct sqlite *s, int64_t domain, const char *name, int64_t *id_r)
{
	const struct names selectors = {
		s->selectors, SQLITE_SLOT_SELECTOR_FIND, SQLITE_SLOT_SELECTOR_ADD,
		"SELECT id FROM selectors WHERE name = ? AND domain = ?",
		"INSERT INTO selectors (name, domain) VALUES (?, ?)"
	};

	if (name == NULL) {
		*id_r = 0;
		return 0;
	}
	return name_id(s, &selectors, domain, name, id_r);
}

static int
ip_id(struct sqlite *s, const char *addr, int64_t *id_r)
{
	const struct names ips = {
		s->ips, SQLITE_SLOT_IP_FIND, SQLITE_SLOT_IP_ADD,
		"SELECT id FROM ipaddr WHERE addr = ?",
		"INSERT INTO ipaddr (addr) VALUES (?)"
	};

	return name_id(s, &ips, 0, addr, id_r);
}

static int
reporter_id(struct sqlite *s, const char *name, int64_t *id_r)
{
	const struct names reporters = {
		s->reporters, SQLITE_SLOT_REPORTER_FIND, SQLITE_SLOT_REPORTER_ADD,
		"SELECT id FROM reporters WHERE name = ?",
		"INSERT INTO reporters (name) VALUES (?)"
	};

	return name_id(s, &reporters, 0, name, id_r);
}

static void
bind_policy(struct sqlite_query *q, const struct history_record *rec, int64_t domain,
    const char *rua)
{
	sqlite_bind_int(q, domain);
	sqlite_bind_letter(q, rec->adkim);
	sqlite_bind_letter(q, rec->aspf);
	sqlite_bind_letter(q, rec->p);
	sqlite_bind_letter(q, rec->sp);
	sqlite_bind_letter(q, rec->np);
	sqlite_bind_int(q, rec->pct);
	sqlite_bind_int(q, rec->fo);
	sqlite_bind_letter(q, rec->psd);
	sqlite_bind_int(q, rec->testing);
	sqlite_bind_text(q, rec->discovery == NULL ? "" : rec->discovery);
	sqlite_bind_text(q, rua);
}

/* Id of the policy as published, added when this domain never had it before. */
static int
policy_id(struct sqlite *s, const struct history_record *rec, int64_t domain,
    const char *rua, int64_t *id_r)
{
	static const char find[] =
	    "SELECT id FROM policies WHERE domain = ? AND adkim = ? AND aspf = ? AND p = ?"
	    " AND sp = ? AND np = ? AND pct = ? AND fo = ? AND psd = ? AND testing = ?"
	    " AND discovery = ? AND rua = ?";
	static const char add[] =
	    "INSERT INTO policies (domain, adkim, aspf, p, sp, np, pct, fo, psd, testing,"
	    " discovery, rua) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
	char key[IDCACHE_NAME_MAX + 1];
	int len = snprintf(key, sizeof(key), "%d %d %d %d %d %d %d %d %d %.16s %s", rec->adkim,
	    rec->aspf, rec->p, rec->sp, rec->np, rec->pct, rec->fo, rec->psd, rec->testing,
	    rec->discovery == NULL ? "" : rec->discovery, rua);
	bool short_key = len >= 0 && (size_t)len < sizeof(key) &&
	    (rec->discovery == NULL || strlen(rec->discovery) <= 16);
	struct sqlite_query q;
	int got;

	if (short_key && idcache_get(s->policies, domain, key, id_r))
		return 0;
	q = sqlite_take(s, SQLITE_SLOT_POLICY_FIND, find);
	bind_policy(&q, rec, domain, rua);
	got = sqlite_step(&q);
	if (got == 1)
		*id_r = sqlite_int(&q, 0);
	sqlite_give(&q);
	if (got == 0) {
		q = sqlite_take(s, SQLITE_SLOT_POLICY_ADD, add);
		bind_policy(&q, rec, domain, rua);
		got = sqlite_step(&q);
		sqlite_give(&q);
		*id_r = sqlite3_last_insert_rowid(s->db);
	}
	if (got < 0)
		return -1;
	if (short_key)
		idcache_put(s->policies, domain, key, *id_r);
	return 0;
}

/* The rows that a message points to. */
struct ids {
	int64_t	reporter, ip, from, env, policy_domain;
	int64_t	spf_domain;	/* 0: NULL */
	int64_t	published;	/* 0: NULL */
};

static int
find_ids(struct sqlite *s, const struct history_record *rec, const char *rua,
    struct ids *ids)
{
	*ids = (struct ids){ 0 };
	if (reporter_id(s, rec->reporter, &ids->reporter) != 0 ||
	    ip_id(s, rec->ipaddr, &ids->ip) != 0 ||
	    sqlite_domain_id(s, rec->from, &ids->from) != 0 ||
	    sqlite_domain_id(s, rec->mfrom, &ids->env) != 0 ||
	    sqlite_domain_id(s, rec->pdomain, &ids->policy_domain) != 0)
		return -1;
	if (rec->spf_domain != NULL && rec->spf_domain[0] != '\0' &&
	    sqlite_domain_id(s, rec->spf_domain, &ids->spf_domain) != 0)
		return -1;
	if (rec->p != 0 &&
	    policy_id(s, rec, ids->policy_domain, rua, &ids->published) != 0)
		return -1;
	return 0;
}

static void
bind_id(struct sqlite_query *q, int64_t id)
{
	if (id == 0)
		sqlite_bind_null(q);
	else
		sqlite_bind_int(q, id);
}

/* *id_r is 0 when the record is there already. */
static int
add_row(struct sqlite *s, const struct history_record *rec, const char *identity,
    const struct ids *ids, int64_t *id_r)
{
	static const char sql[] =
	    "INSERT INTO messages (received, jobid, reporter, policy, disp, ip, env_domain,"
	    " from_domain, policy_domain, spf, spf_scope, align_dkim, align_spf, sigcount,"
	    " arc, arc_policy, identity, published, spf_domain, effective, reasons)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	    " ON CONFLICT (received, identity) DO NOTHING";
	struct sqlite_query q = sqlite_take(s, SQLITE_SLOT_MESSAGE_ADD, sql);
	int got;

	sqlite_bind_int(&q, rec->received);
	sqlite_bind_text(&q, rec->job);
	sqlite_bind_int(&q, ids->reporter);
	sqlite_bind_int(&q, rec->policy);
	sqlite_bind_int(&q, rec->action);
	sqlite_bind_int(&q, ids->ip);
	sqlite_bind_int(&q, ids->env);
	sqlite_bind_int(&q, ids->from);
	sqlite_bind_int(&q, ids->policy_domain);
	sqlite_bind_int(&q, rec->spf);
	sqlite_bind_int(&q, rec->spf_scope);
	sqlite_bind_int(&q, rec->align_dkim);
	sqlite_bind_int(&q, rec->align_spf);
	sqlite_bind_int(&q, (int64_t)rec->ndkim);
	sqlite_bind_int(&q, rec->arc);
	sqlite_bind_int(&q, rec->arc_policy);
	sqlite_bind_text(&q, identity);
	bind_id(&q, ids->published);
	bind_id(&q, ids->spf_domain);
	sqlite_bind_letter(&q, rec->effective);
	sqlite_bind_int(&q, (int64_t)rec->nreasons);
	got = sqlite_step(&q);
	sqlite_give(&q);
	if (got < 0)
		return -1;
	*id_r = sqlite3_changes(s->db) == 0 ? 0 : sqlite3_last_insert_rowid(s->db);
	return 0;
}

static int
add_signature(struct sqlite *s, int64_t message, const struct history_dkim *d)
{
	static const char sql[] =
	    "INSERT INTO signatures (message, domain, selector, pass, error)"
	    " VALUES (?, ?, ?, ?, ?)";
	enum odm_result result = history_result(d->result);
	int64_t domain, selector;
	struct sqlite_query q;
	int got;

	if (sqlite_domain_id(s, d->domain, &domain) != 0 ||
	    selector_id(s, domain, d->selector, &selector) != 0)
		return -1;
	q = sqlite_take(s, SQLITE_SLOT_SIGNATURE_ADD, sql);
	sqlite_bind_int(&q, message);
	sqlite_bind_int(&q, domain);
	sqlite_bind_int(&q, selector);
	sqlite_bind_int(&q, d->result);
	sqlite_bind_int(&q, result == ODM_RESULT_TEMPERROR || result == ODM_RESULT_PERMERROR);
	got = sqlite_step(&q);
	sqlite_give(&q);
	return got < 0 ? -1 : 0;
}

static int
add_override(struct sqlite *s, int64_t message, const struct history_reason *r)
{
	struct sqlite_query q = sqlite_take(s, SQLITE_SLOT_OVERRIDE_ADD,
	    "INSERT INTO overrides (message, type, comment) VALUES (?, ?, ?)");
	int got;

	sqlite_bind_int(&q, message);
	sqlite_bind_text(&q, history_override_name(r->type));
	sqlite_bind_text(&q, r->comment);
	got = sqlite_step(&q);
	sqlite_give(&q);
	return got < 0 ? -1 : 0;
}

/*
 * The row that readers of the 1.x tables look at: what was received newest decides,
 * and a row that an administrator has locked stays as it is.
 */
static int
put_request(struct sqlite *s, const struct history_record *rec, const struct ids *ids,
    const char *rua)
{
	static const char sql[] =
	    "INSERT INTO requests (domain, repuri, adkim, aspf, policy, spolicy, pct, fo,"
	    " policy_domain, seen) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	    " ON CONFLICT (domain) DO UPDATE SET repuri = excluded.repuri,"
	    " adkim = excluded.adkim, aspf = excluded.aspf, policy = excluded.policy,"
	    " spolicy = excluded.spolicy, pct = excluded.pct, fo = excluded.fo,"
	    " policy_domain = excluded.policy_domain, seen = excluded.seen"
	    " WHERE excluded.seen >= seen AND locked <> 1";
	struct sqlite_query q = sqlite_take(s, SQLITE_SLOT_REQUEST_PUT, sql);
	int got;

	sqlite_bind_int(&q, ids->from);
	sqlite_bind_text(&q, rua);
	sqlite_bind_int(&q, rec->adkim);
	sqlite_bind_int(&q, rec->aspf);
	sqlite_bind_int(&q, rec->p);
	sqlite_bind_int(&q, rec->sp);
	sqlite_bind_int(&q, rec->pct);
	sqlite_bind_int(&q, rec->fo);
	sqlite_bind_int(&q, ids->policy_domain);
	sqlite_bind_int(&q, rec->received);
	got = sqlite_step(&q);
	sqlite_give(&q);
	return got < 0 ? -1 : 0;
}

static int
add_all(struct sqlite *s, const struct history_record *rec, const char *identity,
    const char *rua, enum store_added *added_r)
{
	struct ids ids;
	int64_t message;

	if (find_ids(s, rec, rua, &ids) != 0 ||
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
	/* Without a policy there is nothing newer to say about the last one. */
	if (rec->p != 0 && put_request(s, rec, &ids, rua) != 0)
		return -1;
	*added_r = STORE_ADDED;
	return 0;
}

int
sqlite_add_message(struct store *st, const struct history_record *rec,
    const char *identity, enum store_added *added_r)
{
	struct odm_strbuf rua;
	int result;

	odm_strbuf_init(&rua, RUA_MAX);
	for (size_t i = 0; i < rec->nrua; i++) {
		if (i > 0)
			odm_strbuf_addc(&rua, ',');
		odm_strbuf_adds(&rua, rec->rua[i]);
	}
	if (rua.failed)
		result = store_fail(st, "out of memory");
	else
		result = add_all((struct sqlite *)st, rec, identity,
		    rua.at == NULL ? "" : rua.at, added_r);
	odm_strbuf_free(&rua);
	return result;
}
