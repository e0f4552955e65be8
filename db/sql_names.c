/*
 * sql_names.c - ids of names: domains, selectors, addresses, reporters, policies.
 *
 * In MySQL another program may add the same name at the same time; the one that comes
 * second takes the first one's row.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/sql.h"
#include "libopendmarc/base/limits.h"
#include "libopendmarc/base/strbuf.h"

/* A published rua of HISTORY_RUA_MAX addresses, each as long as a value may be. */
#define RUA_MAX		(HISTORY_RUA_MAX * (ODM_HISTORY_VALUE_MAX + 1))

#define OR_THE_OTHER	" ON DUPLICATE KEY UPDATE id = LAST_INSERT_ID(id)"

/* A table of names: its cache and its two statements. */
struct names {
	struct idcache	*cache;
	enum sql_slot	 find, add;
	const char	*find_text, *add_text;
};

void
sql_forget_names(struct sql *s)
{
	idcache_clear(s->domains);
	idcache_clear(s->selectors);
	idcache_clear(s->ips);
	idcache_clear(s->reporters);
	idcache_clear(s->policies);
}

/*
 * On a cluster the locks of a row end at the node: two transactions exclude each other only
 * when both change the same row. An expiry changes all rows of names_removed, every other
 * program one of these, so that the others seldom meet.
 */
#define SHARE_FIRST	2
#define SHARES		64

static int
change_share(struct sql *s, int share)
{
	struct sql_query q = sql_take(s, SQL_NAMES_SHARE, "INSERT INTO names_removed (id, times)"
	    " VALUES (?, 1) ON DUPLICATE KEY UPDATE times = times + 1");

	sql_bind_int(&q, SHARE_FIRST + share);
	return sql_finish(&q);
}

/* The name of this handle ends in random digits. */
static int
share_of(const struct sql *s)
{
	unsigned sum = 0;

	for (const char *at = s->base.runner; *at != '\0'; at++)
		sum = sum * 31 + (unsigned char)*at;
	return (int)(sum % SHARES);
}

int
sql_names_make_shares(struct sql *s)
{
	for (int i = 0; s->cluster && i < SHARES; i++)
		if (change_share(s, i) != 0)
			return -1;
	return 0;
}

int
sql_names_fresh(struct sql *s)
{
	struct sql_query q = sql_take(s, SQL_NAMES_REMOVED, sql_either(s,
	    "SELECT times FROM names_removed WHERE id = 1",
	    "SELECT times FROM names_removed WHERE id = 1 LOCK IN SHARE MODE"));
	int64_t times = 0;
	int got = sql_step(&q);

	if (got == 1)
		times = sql_int(&q, 0);
	sql_give(&q);
	if (got < 0)
		return -1;
	if (times != s->names_removed)
		sql_forget_names(s);
	s->names_removed = times;
	return s->cluster ? change_share(s, share_of(s)) : 0;
}

/* Runs a statement of one name, and of the domain it belongs to where it has one. */
static int
name_query(struct sql *s, enum sql_slot slot, const char *text, int64_t parent,
    const char *name, int64_t *id_r)
{
	struct sql_query q = sql_take(s, slot, text);
	int got;

	sql_bind_text(&q, name);
	if (parent != 0)
		sql_bind_int(&q, parent);
	got = sql_step(&q);
	if (got == 1)
		*id_r = sql_int(&q, 0);
	else if (got == 0)
		*id_r = s->driver->last_id(s);
	sql_give(&q);
	return got;
}

static int
name_id(struct sql *s, const struct names *n, int64_t parent, const char *name,
    int64_t *id_r)
{
	int64_t id = 0;
	int got;

	if (idcache_get(n->cache, parent, name, id_r))
		return 0;
	got = name_query(s, n->find, n->find_text, parent, name, &id);
	if (got == 0)
		got = name_query(s, n->add, n->add_text, parent, name, &id);
	if (got < 0)
		return -1;
	idcache_put(n->cache, parent, name, id);
	*id_r = id;
	return 0;
}

int
sql_domain_id(struct sql *s, const char *name, int64_t *id_r)
{
	const struct names domains = {
		s->domains, SQL_DOMAIN_FIND, SQL_DOMAIN_ADD,
		"SELECT id FROM domains WHERE name = ?",
		sql_either(s, "INSERT INTO domains (name) VALUES (?)",
		    "INSERT INTO domains (name) VALUES (?)" OR_THE_OTHER)
	};

	return name_id(s, &domains, 0, name, id_r);
}

/* 0 stands for a selector that is not known. */
int
sql_selector_id(struct sql *s, int64_t domain, const char *name, int64_t *id_r)
{
	const struct names selectors = {
		s->selectors, SQL_SELECTOR_FIND, SQL_SELECTOR_ADD,
		"SELECT id FROM selectors WHERE name = ? AND domain = ?",
		sql_either(s, "INSERT INTO selectors (name, domain) VALUES (?, ?)",
		    "INSERT INTO selectors (name, domain) VALUES (?, ?)" OR_THE_OTHER)
	};

	if (name == NULL) {
		*id_r = 0;
		return 0;
	}
	return name_id(s, &selectors, domain, name, id_r);
}

int
sql_ip_id(struct sql *s, const char *addr, int64_t *id_r)
{
	const struct names ips = {
		s->ips, SQL_IP_FIND, SQL_IP_ADD,
		"SELECT id FROM ipaddr WHERE addr = ?",
		sql_either(s, "INSERT INTO ipaddr (addr) VALUES (?)",
		    "INSERT INTO ipaddr (addr) VALUES (?)" OR_THE_OTHER)
	};

	return name_id(s, &ips, 0, addr, id_r);
}

int
sql_reporter_id(struct sql *s, const char *name, int64_t *id_r)
{
	const struct names reporters = {
		s->reporters, SQL_REPORTER_FIND, SQL_REPORTER_ADD,
		"SELECT id FROM reporters WHERE name = ?",
		sql_either(s, "INSERT INTO reporters (name) VALUES (?)",
		    "INSERT INTO reporters (name) VALUES (?)" OR_THE_OTHER)
	};

	return name_id(s, &reporters, 0, name, id_r);
}

void
sql_bind_policy(struct sql_query *q, const struct history_record *rec, int64_t domain,
    const char *rua)
{
	sql_bind_int(q, domain);
	sql_bind_letter(q, rec->adkim);
	sql_bind_letter(q, rec->aspf);
	sql_bind_letter(q, rec->p);
	sql_bind_letter(q, rec->sp);
	sql_bind_letter(q, rec->np);
	sql_bind_int(q, rec->pct);
	sql_bind_int(q, rec->fo);
	sql_bind_letter(q, rec->psd);
	sql_bind_int(q, rec->testing);
	sql_bind_text(q, rec->discovery == NULL ? "" : rec->discovery);
	sql_bind_text(q, rua);
}

char *
sql_policy_key(const struct history_record *rec, const char *rua)
{
	struct odm_strbuf key;

	odm_strbuf_init(&key, RUA_MAX + ODM_HISTORY_VALUE_MAX);
	odm_strbuf_addf(&key, "%d %d %d %d %d %d %d %d %d %s %s", rec->adkim, rec->aspf,
	    rec->p, rec->sp, rec->np, rec->pct, rec->fo, rec->psd, rec->testing,
	    rec->discovery == NULL ? "" : rec->discovery, rua);
	if (key.failed) {
		odm_strbuf_free(&key);
		return NULL;
	}
	return key.at;
}

/* An index over the text of a rua is too long for MySQL: a digest stands for the policy. */
static int
find_policy(struct sql *s, const struct history_record *rec, int64_t domain,
    const char *rua, const char *key, int64_t *id_r)
{
	bool mysql = s->driver->dialect == SQL_DIALECT_MYSQL;
	struct sql_query q = sql_take(s, SQL_POLICY_FIND, sql_either(s,
	    "SELECT id FROM policies WHERE domain = ? AND adkim = ? AND aspf = ? AND p = ?"
	    " AND sp = ? AND np = ? AND pct = ? AND fo = ? AND psd = ? AND testing = ?"
	    " AND discovery = ? AND rua = ?",
	    "SELECT id FROM policies WHERE domain = ? AND digest = SHA2(?, 256)"));
	int got;

	if (mysql) {
		sql_bind_int(&q, domain);
		sql_bind_text(&q, key);
	} else {
		sql_bind_policy(&q, rec, domain, rua);
	}
	got = sql_step(&q);
	if (got == 1)
		*id_r = sql_int(&q, 0);
	sql_give(&q);
	return got;
}

static int
add_policy(struct sql *s, const struct history_record *rec, int64_t domain,
    const char *rua, const char *key, int64_t *id_r)
{
	struct sql_query q = sql_take(s, SQL_POLICY_ADD, sql_either(s,
	    "INSERT INTO policies (domain, adkim, aspf, p, sp, np, pct, fo, psd, testing,"
	    " discovery, rua) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	    "INSERT INTO policies (domain, adkim, aspf, p, sp, np, pct, fo, psd, testing,"
	    " discovery, rua, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
	    " SHA2(?, 256))" OR_THE_OTHER));
	int got;

	sql_bind_policy(&q, rec, domain, rua);
	if (s->driver->dialect == SQL_DIALECT_MYSQL)
		sql_bind_text(&q, key);
	got = sql_step(&q);
	if (got == 0)
		*id_r = s->driver->last_id(s);
	sql_give(&q);
	return got;
}

/* Id of the policy as published, added when this domain never had it before. */
static int
policy_id(struct sql *s, const struct history_record *rec, int64_t domain,
    const char *rua, int64_t *id_r)
{
	char *key = sql_policy_key(rec, rua);
	int got = 1;

	if (key == NULL)
		return store_fail(&s->base, "out of memory");
	if (!idcache_get(s->policies, domain, key, id_r)) {
		got = find_policy(s, rec, domain, rua, key, id_r);
		if (got == 0)
			got = add_policy(s, rec, domain, rua, key, id_r);
		if (got >= 0)
			idcache_put(s->policies, domain, key, *id_r);
	}
	free(key);
	return got < 0 ? -1 : 0;
}

char *
sql_join_rua(const struct history_record *rec)
{
	struct odm_strbuf rua;

	odm_strbuf_init(&rua, RUA_MAX);
	for (size_t i = 0; i < rec->nrua; i++) {
		if (i > 0)
			odm_strbuf_addc(&rua, ',');
		odm_strbuf_adds(&rua, rec->rua[i]);
	}
	if (!rua.failed && rua.size == 0)
		return strdup("");
	if (!rua.failed)
		return rua.at;
	odm_strbuf_free(&rua);
	return NULL;
}

int
sql_find_ids(struct sql *s, const struct history_record *rec, const char *rua,
    struct sql_ids *ids)
{
	*ids = (struct sql_ids){ 0 };
	if (sql_reporter_id(s, rec->reporter, &ids->reporter) != 0 ||
	    sql_ip_id(s, rec->ipaddr, &ids->ip) != 0 ||
	    sql_domain_id(s, rec->from, &ids->from) != 0 ||
	    sql_domain_id(s, rec->mfrom, &ids->env) != 0 ||
	    sql_domain_id(s, rec->pdomain, &ids->policy_domain) != 0)
		return -1;
	if (rec->spf_domain != NULL && rec->spf_domain[0] != '\0' &&
	    sql_domain_id(s, rec->spf_domain, &ids->spf_domain) != 0)
		return -1;
	if (rec->p != 0 &&
	    policy_id(s, rec, ids->policy_domain, rua, &ids->published) != 0)
		return -1;
	return 0;
}
