/*
 * sql_bulk.c - many records with few round trips to a server: names are found and added
 * by lists, rows go in by statements of many rows.
 *
 * Ids of messages are read back, not computed: other programs add rows at the same time,
 * and on a cluster ids come in steps. Records that are known already are rare: where one
 * is met, its part of the batch is added row by row.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "db/sql.h"
#include "libopendmarc/base/strbuf.h"

/* Records whose rows go in together. */
#define PART	256

/* Rows of one statement: the largest of these that fits what is left. */
static const size_t sizes[] = { 256, 32, 4, 1 };

#define TEXT_MAX	(64 * 1024)

/* What is put into a table. Its statements take COUNT(sizes) slots. */
struct target {
	int		 slot;
	const char	*head, *row, *tail;
};

enum { SLOT_DOMAINS = 0, SLOT_DOMAINS_FIND = 4, SLOT_IPS = 8, SLOT_IPS_FIND = 12,
    SLOT_MESSAGES = 16, SLOT_SIGNATURES = 20, SLOT_OVERRIDES = 24, SLOT_REQUESTS = 28,
    SLOT_ARCRESULTS = 32, SLOT_ARCSEALS = 36 };

/* Rows that wait until a statement is full. */
struct rows {
	const struct target *target;
	void	(*bind)(struct sql_query *q, const void *row);
	size_t	 width, n;
	char	*at;			/* sizes[0] rows */
};

/* The statement for n rows. */
static struct sql_query
take_rows(struct sql *s, const struct target *t, size_t size)
{
	enum sql_slot slot = (enum sql_slot)(SQL_BULK + t->slot + (int)size);
	struct sql_query q;
	struct odm_strbuf text;

	odm_strbuf_init(&text, TEXT_MAX);
	if (s->kept[slot] == NULL || s->taken[slot]) {
		odm_strbuf_adds(&text, t->head);
		for (size_t i = 0; i < sizes[size]; i++) {
			if (i > 0)
				odm_strbuf_adds(&text, ", ");
			odm_strbuf_adds(&text, t->row);
		}
		odm_strbuf_adds(&text, t->tail);
	}
	q = sql_take(s, slot, text.at);
	odm_strbuf_free(&text);
	return q;
}

/* Index in sizes of the largest that is not more than n, which is not 0. */
static size_t
size_for(size_t n)
{
	size_t i = 0;

	while (sizes[i] > n)
		i++;
	return i;
}

static int
flush(struct sql *s, struct rows *r)
{
	for (size_t at = 0; at < r->n;) {
		size_t size = size_for(r->n - at);
		struct sql_query q = take_rows(s, r->target, size);

		for (size_t i = at; i < at + sizes[size]; i++)
			r->bind(&q, r->at + i * r->width);
		if (sql_finish(&q) != 0)
			return -1;
		at += sizes[size];
	}
	r->n = 0;
	return 0;
}

static int
put_row(struct sql *s, struct rows *r, const void *row)
{
	memcpy(r->at + r->n++ * r->width, row, r->width);
	return r->n < sizes[0] ? 0 : flush(s, r);
}

/* Names that the cache does not know, of one table. */
struct names {
	const struct target *add, *find;
	struct idcache	*cache;
	const char	**at;
	size_t		 n, size;
};

static bool
want_name(struct names *names, const char *name)
{
	int64_t id;

	if (name == NULL || idcache_get(names->cache, 0, name, &id))
		return true;
	if (names->n == names->size) {
		size_t size = names->size == 0 ? PART : names->size * 2;
		const char **more = reallocarray(names->at, size, sizeof(*more));

		if (more == NULL)
			return false;
		names->at = more;
		names->size = size;
	}
	names->at[names->n++] = name;
	return true;
}

static int
compare_names(const void *a, const void *b)
{
	return strcasecmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, so that programs that add the same names wait for each other and do not lock up. */
static void
sort_names(struct names *names)
{
	size_t kept = 0;

	if (names->n > 1)
		qsort(names->at, names->n, sizeof(*names->at), compare_names);
	for (size_t i = 0; i < names->n; i++)
		if (kept == 0 || strcmp(names->at[kept - 1], names->at[i]) != 0)
			names->at[kept++] = names->at[i];
	names->n = kept;
}

static void
bind_name(struct sql_query *q, const void *row)
{
	sql_bind_text(q, *(const char *const *)row);
}

/* Spellings that differ in letter case only are the same name. */
static void
learn(struct names *names, const char *name, int64_t id)
{
	const char **found = bsearch(&name, names->at, names->n, sizeof(*names->at),
	    compare_names);

	if (found == NULL)
		return;
	while (found > names->at && strcasecmp(found[-1], name) == 0)
		found--;
	for (; found < names->at + names->n && strcasecmp(*found, name) == 0; found++)
		idcache_put(names->cache, 0, *found, id);
}

/* Asks for all names; ids go into the cache. */
static int
find_names(struct sql *s, struct names *names)
{
	for (size_t at = 0; at < names->n;) {
		size_t size = size_for(names->n - at);
		struct sql_query q = take_rows(s, names->find, size);
		int got;

		for (size_t i = at; i < at + sizes[size]; i++)
			sql_bind_text(&q, names->at[i]);
		while ((got = sql_step(&q)) == 1)
			learn(names, sql_text(&q, 1), sql_int(&q, 0));
		sql_give(&q);
		if (got < 0)
			return -1;
		at += sizes[size];
	}
	return 0;
}

static int
add_names(struct sql *s, const struct names *names)
{
	struct rows rows = { names->add, bind_name, sizeof(char *), 0, NULL };
	int result = 0;

	if ((rows.at = calloc(sizes[0], rows.width)) == NULL)
		return store_fail(&s->base, "out of memory");
	for (size_t i = 0; i < names->n && result == 0; i++) {
		int64_t id;

		if (!idcache_get(names->cache, 0, names->at[i], &id))
			result = put_row(s, &rows, &names->at[i]);
	}
	if (result == 0)
		result = flush(s, &rows);
	free(rows.at);
	return result;
}

/* All into the cache; a name that falls out of it again is looked up alone later. */
static int
settle_names(struct sql *s, struct names *names)
{
	int result = 0;

	sort_names(names);
	if (names->n > 0 && (find_names(s, names) != 0 || add_names(s, names) != 0 ||
	    find_names(s, names) != 0))
		result = -1;
	free(names->at);
	names->at = NULL;
	return result;
}

static bool
want_record(const struct history_record *rec, struct names *domains, struct names *ips)
{
	bool good = want_name(domains, rec->from) && want_name(domains, rec->mfrom) &&
	    want_name(domains, rec->pdomain) && want_name(ips, rec->ipaddr);

	if (rec->spf_domain != NULL && rec->spf_domain[0] != '\0')
		good = good && want_name(domains, rec->spf_domain);
	for (size_t i = 0; i < rec->ndkim && good; i++)
		good = want_name(domains, rec->dkim[i].domain);
	for (size_t i = 0; i < rec->narcseals && good; i++)
		good = want_name(domains, rec->arcseals[i].domain);
	return good;
}

static int
learn_names(struct sql *s, const struct store_new *list, size_t n)
{
	static const struct target add_domains = { SLOT_DOMAINS,
	    "INSERT INTO domains (name) VALUES ", "(?)", " ON DUPLICATE KEY UPDATE id = id" };
	static const struct target find_domains = { SLOT_DOMAINS_FIND,
	    "SELECT id, name FROM domains WHERE name IN (", "?", ")" };
	static const struct target add_ips = { SLOT_IPS,
	    "INSERT INTO ipaddr (addr) VALUES ", "(?)", " ON DUPLICATE KEY UPDATE id = id" };
	static const struct target find_ips = { SLOT_IPS_FIND,
	    "SELECT id, addr FROM ipaddr WHERE addr IN (", "?", ")" };
	struct names domains = { &add_domains, &find_domains, s->domains, NULL, 0, 0 };
	struct names ips = { &add_ips, &find_ips, s->ips, NULL, 0, 0 };
	bool good = true;
	int result;

	for (size_t i = 0; i < n && good; i++)
		good = want_record(list[i].rec, &domains, &ips);
	if (!good) {
		free(domains.at);
		free(ips.at);
		return store_fail(&s->base, "out of memory");
	}
	result = settle_names(s, &domains);
	if (result == 0)
		result = settle_names(s, &ips);
	free(ips.at);
	return result;
}

/* A record of the part with what its rows need. */
struct entry {
	struct store_new *new;
	struct sql_ids	 ids;
	char		*rua;
	int64_t		 id;		/* of its message */
};

static void
bind_message(struct sql_query *q, const void *row)
{
	const struct entry *e = row;
	const struct history_record *rec = e->new->rec;

	sql_bind_int(q, rec->received);
	sql_bind_int(q, rec->received);
	sql_bind_text(q, rec->job);
	sql_bind_int(q, e->ids.reporter);
	sql_bind_int(q, rec->policy);
	sql_bind_int(q, rec->action);
	sql_bind_int(q, e->ids.ip);
	sql_bind_int(q, e->ids.env);
	sql_bind_int(q, e->ids.from);
	sql_bind_int(q, e->ids.policy_domain);
	sql_bind_int(q, rec->spf);
	sql_bind_int(q, rec->spf_scope);
	sql_bind_int(q, rec->align_dkim);
	sql_bind_int(q, rec->align_spf);
	sql_bind_int(q, (int64_t)rec->ndkim);
	sql_bind_int(q, rec->arc);
	sql_bind_int(q, rec->arc_policy);
	sql_bind_text(q, e->new->identity);
	sql_bind_id(q, e->ids.published);
	sql_bind_id(q, e->ids.spf_domain);
	sql_bind_letter(q, rec->effective);
	sql_bind_int(q, (int64_t)rec->nreasons);
	sql_bind_int(q, rec->automatic);
}

/* Reads back the ids of rows that were added in this order, from the id first on. */
static int
read_ids(struct sql *s, struct entry *entries, size_t n, int64_t first)
{
	int64_t last = first - 1;
	size_t found = 0, nrows;

	do {
		struct sql_query q = sql_take(s, SQL_BULK_IDS, "SELECT id, received, identity"
		    " FROM messages WHERE id > ? ORDER BY id LIMIT 1000");
		int got;

		nrows = 0;
		sql_bind_int(&q, last);
		while ((got = sql_step(&q)) == 1) {
			const struct store_new *new = found < n ? entries[found].new : NULL;

			nrows++;
			last = sql_int(&q, 0);
			if (new != NULL && sql_int(&q, 1) == new->rec->received &&
			    strcmp(sql_text(&q, 2), new->identity) == 0)
				entries[found++].id = last;
		}
		sql_give(&q);
		if (got < 0)
			return -1;
	} while (found < n && nrows > 0);
	return found == n ? 0 : store_fail(&s->base, "messages that were added are not there");
}

/* *done_r is less than n when one of the rows behind those is known already. */
static int
add_messages(struct sql *s, struct entry *entries, size_t n, size_t *done_r)
{
	static const struct target messages = { SLOT_MESSAGES,
	    "INSERT INTO messages (received, date, jobid, reporter, policy, disp, ip,"
	    " env_domain, from_domain, policy_domain, spf, spf_scope, align_dkim, align_spf,"
	    " sigcount, arc, arc_policy, identity, published, spf_domain, effective, reasons,"
	    " automatic)"
	    " VALUES ", "(?, FROM_UNIXTIME(LEAST(?, 2147483647)), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
	    " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", "" };

	for (size_t at = 0; at < n;) {
		size_t size = size_for(n - at);
		struct sql_query q = take_rows(s, &messages, size);

		for (size_t i = at; i < at + sizes[size]; i++)
			bind_message(&q, &entries[i]);
		s->duplicate = false;
		*done_r = at;
		/* A statement that fails leaves none of its rows. */
		if (sql_finish(&q) != 0)
			return s->duplicate ? 0 : -1;
		if (read_ids(s, &entries[at], sizes[size], s->driver->last_id(s)) != 0)
			return -1;
		at += sizes[size];
	}
	*done_r = n;
	return 0;
}

struct signature {
	int64_t	message, domain, selector;
	int	result, error;
};

static void
bind_signature(struct sql_query *q, const void *row)
{
	const struct signature *g = row;

	sql_bind_int(q, g->message);
	sql_bind_int(q, g->domain);
	sql_bind_int(q, g->selector);
	sql_bind_int(q, g->result);
	sql_bind_int(q, g->error);
}

static int
put_signatures(struct sql *s, struct rows *rows, const struct entry *e)
{
	const struct history_record *rec = e->new->rec;

	for (size_t i = 0; i < rec->ndkim; i++) {
		const struct history_dkim *d = &rec->dkim[i];
		enum odm_result result = history_result(d->result);
		struct signature g = { .message = e->id, .result = d->result,
		    .error = result == ODM_RESULT_TEMPERROR || result == ODM_RESULT_PERMERROR };

		if (sql_domain_id(s, d->domain, &g.domain) != 0 ||
		    sql_selector_id(s, g.domain, d->selector, &g.selector) != 0 ||
		    put_row(s, rows, &g) != 0)
			return -1;
	}
	return 0;
}

struct override {
	int64_t	message;
	const struct history_reason *reason;
};

static void
bind_override(struct sql_query *q, const void *row)
{
	const struct override *o = row;

	sql_bind_int(q, o->message);
	sql_bind_text(q, history_override_name(o->reason->type));
	sql_bind_text(q, o->reason->comment);
}

static int
put_overrides(struct sql *s, struct rows *rows, const struct entry *e)
{
	for (size_t i = 0; i < e->new->rec->nreasons; i++) {
		const struct override o = { e->id, &e->new->rec->reasons[i] };

		if (put_row(s, rows, &o) != 0)
			return -1;
	}
	return 0;
}

struct arcset {
	int64_t	message, domain, selector;
	const struct history_arcseal *seal;
};

static void
bind_arcresult(struct sql_query *q, const void *row)
{
	const struct arcset *a = row;

	sql_bind_int(q, a->message);
	sql_bind_int(q, a->seal->instance);
	sql_bind_text(q, a->seal->ip == NULL ? "" : a->seal->ip);
}

static void
bind_arcseal(struct sql_query *q, const void *row)
{
	const struct arcset *a = row;

	sql_bind_int(q, a->message);
	sql_bind_int(q, a->domain);
	sql_bind_int(q, a->selector);
	sql_bind_int(q, a->seal->instance);
}

/* A seal whose domain is not known has no row among the seals. */
static int
put_arcsets(struct sql *s, struct rows *results, struct rows *seals, const struct entry *e)
{
	for (size_t i = 0; i < e->new->rec->narcseals; i++) {
		struct arcset a = { .message = e->id, .seal = &e->new->rec->arcseals[i] };

		if (put_row(s, results, &a) != 0)
			return -1;
		if (a.seal->domain != NULL &&
		    (sql_domain_id(s, a.seal->domain, &a.domain) != 0 ||
		    sql_selector_id(s, a.domain, a.seal->selector, &a.selector) != 0 ||
		    put_row(s, seals, &a) != 0))
			return -1;
	}
	return 0;
}

static void
bind_request(struct sql_query *q, const void *row)
{
	const struct entry *e = *(const struct entry *const *)row;
	const struct history_record *rec = e->new->rec;

	sql_bind_int(q, e->ids.from);
	sql_bind_text(q, e->rua);
	sql_bind_int(q, rec->adkim);
	sql_bind_int(q, rec->aspf);
	sql_bind_int(q, rec->p);
	sql_bind_int(q, rec->sp);
	sql_bind_int(q, rec->pct);
	sql_bind_int(q, rec->fo);
	sql_bind_int(q, e->ids.policy_domain);
	sql_bind_int(q, rec->received);
}

/* By From domain, then by time; the order of import decides between equal times. */
static int
compare_requests(const void *a, const void *b)
{
	const struct entry *left = *(const struct entry *const *)a;
	const struct entry *right = *(const struct entry *const *)b;

	if (left->ids.from != right->ids.from)
		return left->ids.from < right->ids.from ? -1 : 1;
	if (left->new->rec->received != right->new->rec->received)
		return left->new->rec->received < right->new->rec->received ? -1 : 1;
	return left < right ? -1 : left > right;
}

/* The newest record of each From domain. */
static int
put_requests(struct sql *s, struct rows *rows, const struct entry *entries, size_t n)
{
	const struct entry *list[PART];
	size_t nlist = 0;

	for (size_t i = 0; i < n; i++)
		if (entries[i].new->rec->p != 0)
			list[nlist++] = &entries[i];
	if (nlist > 1)
		qsort(list, nlist, sizeof(*list), compare_requests);
	for (size_t i = 0; i < nlist; i++)
		if ((i + 1 == nlist || list[i + 1]->ids.from != list[i]->ids.from) &&
		    put_row(s, rows, &list[i]) != 0)
			return -1;
	return 0;
}

/* All that stands beside the messages. */
static int
add_rest(struct sql *s, const struct entry *entries, size_t n)
{
	static const struct target targets[] = {
		{ SLOT_SIGNATURES, "INSERT INTO signatures (message, domain, selector, pass,"
		    " error) VALUES ", "(?, ?, ?, ?, ?)", "" },
		{ SLOT_OVERRIDES, "INSERT INTO overrides (message, type, comment) VALUES ",
		    "(?, ?, ?)", "" },
		{ SLOT_REQUESTS, SQL_MYSQL_REQUEST_HEAD, SQL_MYSQL_REQUEST_ROW,
		    SQL_MYSQL_REQUEST_TAIL },
		{ SLOT_ARCRESULTS, SQL_MYSQL_ARCRESULT_HEAD, SQL_MYSQL_ARCRESULT_ROW,
		    SQL_MYSQL_IGNORED },
		{ SLOT_ARCSEALS, SQL_MYSQL_ARCSEAL_HEAD, SQL_MYSQL_ARCSEAL_ROW,
		    SQL_MYSQL_IGNORED },
	};
	struct rows rows[] = {
		{ &targets[0], bind_signature, sizeof(struct signature), 0, NULL },
		{ &targets[1], bind_override, sizeof(struct override), 0, NULL },
		{ &targets[2], bind_request, sizeof(struct entry *), 0, NULL },
		{ &targets[3], bind_arcresult, sizeof(struct arcset), 0, NULL },
		{ &targets[4], bind_arcseal, sizeof(struct arcset), 0, NULL },
	};
	int result = 0;

	for (size_t i = 0; i < COUNT(rows); i++)
		if ((rows[i].at = calloc(sizes[0], rows[i].width)) == NULL)
			result = store_fail(&s->base, "out of memory");
	for (size_t i = 0; i < n && result == 0; i++)
		if (put_signatures(s, &rows[0], &entries[i]) != 0 ||
		    put_overrides(s, &rows[1], &entries[i]) != 0 ||
		    put_arcsets(s, &rows[3], &rows[4], &entries[i]) != 0)
			result = -1;
	if (result == 0)
		result = put_requests(s, &rows[2], entries, n);
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (result == 0)
			result = flush(s, &rows[i]);
		free(rows[i].at);
	}
	return result;
}

static int
add_one_by_one(struct sql *s, struct store_new *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (sql_add_message(s, list[i].rec, list[i].identity, &list[i].added) != 0)
			return -1;
	return 0;
}

/* One part, up to the statement that met a known record; the others row by row. */
static int
add_entries(struct sql *s, struct store_new *list, struct entry *entries, size_t n)
{
	size_t done = 0;

	for (size_t i = 0; i < n; i++) {
		entries[i].new = &list[i];
		list[i].added = STORE_ADDED;
		if ((entries[i].rua = sql_join_rua(list[i].rec)) == NULL)
			return store_fail(&s->base, "out of memory");
		if (sql_find_ids(s, list[i].rec, entries[i].rua, &entries[i].ids) != 0)
			return -1;
	}
	if (add_messages(s, entries, n, &done) != 0 || add_rest(s, entries, done) != 0)
		return -1;
	return add_one_by_one(s, list + done, n - done);
}

static int
add_part(struct sql *s, struct store_new *list, size_t n)
{
	struct entry *entries = calloc(n, sizeof(*entries));
	int result;

	if (entries == NULL)
		return store_fail(&s->base, "out of memory");
	result = add_entries(s, list, entries, n);
	for (size_t i = 0; i < n; i++)
		free(entries[i].rua);
	free(entries);
	return result;
}

int
sql_add_bulk(struct sql *s, struct store_new *list, size_t n)
{
	for (size_t at = 0; at < n; at += PART) {
		size_t part = n - at < PART ? n - at : PART;

		if (learn_names(s, &list[at], part) != 0 || add_part(s, &list[at], part) != 0)
			return -1;
	}
	return 0;
}
