/*
 * sql_bulknames.c - ids of all names of a batch: those that no cache knows are asked for
 * by lists, the rest is added by lists and asked for again.
 *
 * Domains and addresses come first, as selectors and policies belong to a domain.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "db/sql_rows.h"

/* A name that its cache does not know; a policy is known by its key. */
struct name {
	int64_t	 parent;
	const char *text;
	const struct history_record *rec;	/* of a policy */
	const char *rua;
};

/* Those of one table. The texts are the caller's. */
struct names {
	struct idcache	*cache;
	const struct sql_rows *add, *find;
	int		(*compare)(const void *a, const void *b);
	/* The name of a row that was found, made of its columns; NULL: it is the last one. */
	char		*(*key)(const struct sql_query *q);
	struct name	*at;
	size_t		 n, room;
};

static bool
want(struct names *names, int64_t parent, const char *text)
{
	int64_t id;

	if (text == NULL || idcache_get(names->cache, parent, text, &id))
		return true;
	if (names->n == names->room) {
		size_t room = names->room == 0 ? SQL_ROWS_MAX : names->room * 2;
		struct name *more = reallocarray(names->at, room, sizeof(*more));

		if (more == NULL)
			return false;
		names->at = more;
		names->room = room;
	}
	names->at[names->n++] = (struct name){ .parent = parent, .text = text };
	return true;
}

/* Spellings that differ in letter case only are the same name. */
static int
compare_names(const void *a, const void *b)
{
	const struct name *left = a, *right = b;

	if (left->parent != right->parent)
		return left->parent < right->parent ? -1 : 1;
	return strcasecmp(left->text, right->text);
}

static int
compare_keys(const void *a, const void *b)
{
	const struct name *left = a, *right = b;

	if (left->parent != right->parent)
		return left->parent < right->parent ? -1 : 1;
	return strcmp(left->text, right->text);
}

/* Sorted, so that programs that add the same names wait for each other and do not lock up. */
static void
sort(struct names *names)
{
	size_t kept = 0;

	if (names->n > 1)
		qsort(names->at, names->n, sizeof(*names->at), names->compare);
	for (size_t i = 0; i < names->n; i++)
		if (kept == 0 || names->at[kept - 1].parent != names->at[i].parent ||
		    strcmp(names->at[kept - 1].text, names->at[i].text) != 0)
			names->at[kept++] = names->at[i];
	names->n = kept;
}

/* Takes the id of a name that was found. */
static void
learn(struct names *names, int64_t parent, const char *text, int64_t id)
{
	const struct name wanted = { .parent = parent, .text = text };
	const struct name *found = bsearch(&wanted, names->at, names->n, sizeof(*names->at),
	    names->compare);

	if (found == NULL)
		return;
	while (found > names->at && names->compare(found - 1, &wanted) == 0)
		found--;
	for (; found < names->at + names->n && names->compare(found, &wanted) == 0; found++)
		idcache_put(names->cache, parent, found->text, id);
}

/* Columns of a row: id, parent, name, or what its key is made of. */
static int
learn_row(struct sql *s, struct names *names, const struct sql_query *q)
{
	char *key;

	if (names->key == NULL) {
		learn(names, sql_int(q, 1), sql_text(q, 2), sql_int(q, 0));
		return 0;
	}
	if ((key = names->key(q)) == NULL)
		return store_fail(&s->base, "out of memory");
	learn(names, sql_int(q, 1), key, sql_int(q, 0));
	free(key);
	return 0;
}

static int
find(struct sql *s, struct names *names, const void *const *rows, size_t n)
{
	for (size_t at = 0, taken; at < n; at += taken) {
		struct sql_query q = sql_rows_take(s, names->find, rows + at, n - at, &taken);
		int got;

		while ((got = sql_step(&q)) == 1)
			if (learn_row(s, names, &q) != 0) {
				got = -1;
				break;
			}
		sql_give(&q);
		if (got < 0)
			return -1;
	}
	return 0;
}

/* Of the names, those that their cache does not know; their number. */
static size_t
unknown(const struct names *names, const void **rows)
{
	size_t n = 0;
	int64_t id;

	for (size_t i = 0; i < names->n; i++)
		if (!idcache_get(names->cache, names->at[i].parent, names->at[i].text, &id))
			rows[n++] = &names->at[i];
	return n;
}

static int
settle(struct sql *s, struct names *names)
{
	const void **rows;
	size_t n;
	int result;

	if (names->n == 0)
		return 0;
	sort(names);
	if ((rows = calloc(names->n, sizeof(*rows))) == NULL)
		return store_fail(&s->base, "out of memory");
	n = unknown(names, rows);
	result = find(s, names, rows, n);
	if (result == 0 && (n = unknown(names, rows)) > 0) {
		result = sql_rows_put(s, names->add, rows, n);
		if (result == 0)
			result = find(s, names, rows, n);
	}
	free(rows);
	return result;
}

static void
bind_text(struct sql_query *q, const void *row)
{
	sql_bind_text(q, ((const struct name *)row)->text);
}

static void
bind_selector(struct sql_query *q, const void *row)
{
	const struct name *name = row;

	sql_bind_text(q, name->text);
	sql_bind_int(q, name->parent);
}

static void
bind_policy(struct sql_query *q, const void *row)
{
	const struct name *name = row;

	sql_bind_policy(q, name->rec, name->parent, name->rua);
	sql_bind_text(q, name->text);
}

static void
bind_digest(struct sql_query *q, const void *row)
{
	const struct name *name = row;

	sql_bind_int(q, name->parent);
	sql_bind_text(q, name->text);
}

static int
learn_domains(struct sql *s, const struct store_new *list, size_t n)
{
	static const struct sql_rows add = { SQL_ROWS_DOMAINS_ADD,
	    "INSERT INTO domains (name) VALUES ", "(?)", " ON DUPLICATE KEY UPDATE id = id",
	    bind_text };
	static const struct sql_rows find_them = { SQL_ROWS_DOMAINS_FIND,
	    "SELECT id, 0, name FROM domains WHERE name IN (", "?", ")", bind_text };
	struct names names = { .cache = s->domains, .add = &add, .find = &find_them,
	    .compare = compare_names };
	bool good = true;
	int result;

	for (size_t i = 0; i < n && good; i++) {
		const struct history_record *rec = list[i].rec;

		good = want(&names, 0, rec->from) && want(&names, 0, rec->mfrom) &&
		    want(&names, 0, rec->pdomain);
		if (rec->spf_domain != NULL && rec->spf_domain[0] != '\0')
			good = good && want(&names, 0, rec->spf_domain);
		for (size_t d = 0; d < rec->ndkim && good; d++)
			good = want(&names, 0, rec->dkim[d].domain);
		for (size_t a = 0; a < rec->narcseals && good; a++)
			good = want(&names, 0, rec->arcseals[a].domain);
	}
	result = good ? settle(s, &names) : store_fail(&s->base, "out of memory");
	free(names.at);
	return result;
}

static int
learn_ips(struct sql *s, const struct store_new *list, size_t n)
{
	static const struct sql_rows add = { SQL_ROWS_IPS_ADD,
	    "INSERT INTO ipaddr (addr) VALUES ", "(?)", " ON DUPLICATE KEY UPDATE id = id",
	    bind_text };
	static const struct sql_rows find_them = { SQL_ROWS_IPS_FIND,
	    "SELECT id, 0, addr FROM ipaddr WHERE addr IN (", "?", ")", bind_text };
	struct names names = { .cache = s->ips, .add = &add, .find = &find_them,
	    .compare = compare_names };
	bool good = true;
	int result;

	for (size_t i = 0; i < n && good; i++)
		good = want(&names, 0, list[i].rec->ipaddr);
	result = good ? settle(s, &names) : store_fail(&s->base, "out of memory");
	free(names.at);
	return result;
}

static int
want_selector(struct sql *s, struct names *names, const char *domain, const char *selector)
{
	int64_t id;

	if (domain == NULL)
		return 0;
	if (sql_domain_id(s, domain, &id) != 0)
		return -1;
	return want(names, id, selector) ? 0 : store_fail(&s->base, "out of memory");
}

static int
learn_selectors(struct sql *s, const struct store_new *list, size_t n)
{
	static const struct sql_rows add = { SQL_ROWS_SELECTORS_ADD,
	    "INSERT INTO selectors (name, domain) VALUES ", "(?, ?)",
	    " ON DUPLICATE KEY UPDATE id = id", bind_selector };
	static const struct sql_rows find_them = { SQL_ROWS_SELECTORS_FIND,
	    "SELECT id, domain, name FROM selectors WHERE (name, domain) IN (", "(?, ?)", ")",
	    bind_selector };
	struct names names = { .cache = s->selectors, .add = &add, .find = &find_them,
	    .compare = compare_names };
	int result = 0;

	for (size_t i = 0; i < n && result == 0; i++) {
		const struct history_record *rec = list[i].rec;

		for (size_t d = 0; d < rec->ndkim && result == 0; d++)
			result = want_selector(s, &names, rec->dkim[d].domain,
			    rec->dkim[d].selector);
		for (size_t a = 0; a < rec->narcseals && result == 0; a++)
			result = want_selector(s, &names, rec->arcseals[a].domain,
			    rec->arcseals[a].selector);
	}
	if (result == 0)
		result = settle(s, &names);
	free(names.at);
	return result;
}

/* The key of a policy that was found, from its columns. */
static char *
key_of_row(const struct sql_query *q)
{
	/* Only read by sql_policy_key(). */
	char *discovery = strdup(sql_text(q, 11)), *key = NULL;
	struct history_record rec = { .adkim = sql_letter(q, 2), .aspf = sql_letter(q, 3),
	    .p = sql_letter(q, 4), .sp = sql_letter(q, 5), .np = sql_letter(q, 6),
	    .pct = (int)sql_int(q, 7), .fo = (int)sql_int(q, 8), .psd = sql_letter(q, 9),
	    .testing = sql_int(q, 10) != 0, .discovery = discovery };

	if (discovery != NULL)
		key = sql_policy_key(&rec, sql_text(q, 12));
	free(discovery);
	return key;
}

/* Keeps the key of the record's policy in *key_r, for free(). */
static int
want_policy(struct sql *s, struct names *names, const struct history_record *rec,
    const char *rua, char **key_r)
{
	size_t before = names->n;
	int64_t domain;

	if (sql_domain_id(s, rec->pdomain, &domain) != 0)
		return -1;
	if ((*key_r = sql_policy_key(rec, rua)) == NULL || !want(names, domain, *key_r))
		return store_fail(&s->base, "out of memory");
	if (names->n > before) {
		names->at[before].rec = rec;
		names->at[before].rua = rua;
	}
	return 0;
}

static int
learn_policies(struct sql *s, const struct store_new *list, char *const *rua, size_t n)
{
	static const struct sql_rows add = { SQL_ROWS_POLICIES_ADD,
	    "INSERT INTO policies (domain, adkim, aspf, p, sp, np, pct, fo, psd, testing,"
	    " discovery, rua, digest) VALUES ", "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
	    " SHA2(?, 256))", " ON DUPLICATE KEY UPDATE id = id", bind_policy };
	static const struct sql_rows find_them = { SQL_ROWS_POLICIES_FIND,
	    "SELECT id, domain, adkim, aspf, p, sp, np, pct, fo, psd, testing, discovery, rua"
	    " FROM policies WHERE (domain, digest) IN (", "(?, SHA2(?, 256))", ")",
	    bind_digest };
	struct names names = { .cache = s->policies, .add = &add, .find = &find_them,
	    .compare = compare_keys, .key = key_of_row };
	char **keys = calloc(n, sizeof(*keys));
	int result = keys != NULL ? 0 : store_fail(&s->base, "out of memory");

	for (size_t i = 0; i < n && result == 0; i++)
		if (list[i].rec->p != 0)
			result = want_policy(s, &names, list[i].rec, rua[i], &keys[i]);
	if (result == 0)
		result = settle(s, &names);
	for (size_t i = 0; i < n && keys != NULL; i++)
		free(keys[i]);
	free(keys);
	free(names.at);
	return result;
}

int
sql_learn_names(struct sql *s, const struct store_new *list, char *const *rua, size_t n)
{
	if (learn_domains(s, list, n) != 0 || learn_ips(s, list, n) != 0 ||
	    learn_selectors(s, list, n) != 0)
		return -1;
	return learn_policies(s, list, rua, n);
}
