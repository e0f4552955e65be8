/*
 * sql_bulk.c - a batch of records with few round trips to a server: all names first, then
 * rows by statements of many rows.
 *
 * Other programs add rows at the same time, and on a cluster ids come in steps, so the ids
 * of messages are not taken for granted but looked at. A statement that meets a record
 * that is known already fails as a whole; from then on the records are asked for before
 * they are added, until there are none known any more.
 */
#include <stdlib.h>
#include <string.h>

#include "db/sql_rows.h"

/* A record of the batch with what its rows need. */
struct entry {
	struct store_new *new;
	struct sql_ids	 ids;
	const char	*rua;
	int64_t		 id;		/* of its message; 0: nothing is left to do */
};

/* Records whose messages go in together. */
struct group {
	struct entry	*at[SQL_ROWS_MAX];
	const void	*rows[SQL_ROWS_MAX];	/* the same, as statements want them */
	size_t		 n;
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
read_ids(struct sql *s, struct entry **at, size_t n, int64_t first)
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
			const struct store_new *new = found < n ? at[found]->new : NULL;

			nrows++;
			last = sql_int(&q, 0);
			if (new != NULL && sql_int(&q, 1) == new->rec->received &&
			    strcmp(sql_text(&q, 2), new->identity) == 0)
				at[found++]->id = last;
		}
		sql_give(&q);
		if (got < 0)
			return -1;
	} while (found < n && nrows > 0);
	return found == n ? 0 : store_fail(&s->base, "messages that were added are not there");
}

/*
 * Ids of n rows that one statement added, whose ids ascend from first on. When the last
 * row is n - 1 behind the first, those between have the ids between.
 */
static int
learn_ids(struct sql *s, struct entry **at, size_t n, int64_t first)
{
	const struct store_new *last = at[n - 1]->new;
	struct sql_query q;
	int got;

	if (n > 1) {
		q = sql_take(s, SQL_BULK_LAST_ID, "SELECT 1 FROM messages WHERE id = ?"
		    " AND received = ? AND identity = ?");
		sql_bind_int(&q, first + (int64_t)n - 1);
		sql_bind_int(&q, last->rec->received);
		sql_bind_text(&q, last->identity);
		got = sql_step(&q);
		sql_give(&q);
		if (got < 0)
			return -1;
		if (got == 0)
			return read_ids(s, at, n, first);
	}
	for (size_t i = 0; i < n; i++)
		at[i]->id = first + (int64_t)i;
	return 0;
}

/* *done_r is less than n when one of the rows behind those is known already. */
static int
put_messages(struct sql *s, struct group *g, size_t *done_r)
{
	static const struct sql_rows messages = { SQL_ROWS_MESSAGES,
	    "INSERT INTO messages (received, date, jobid, reporter, policy, disp, ip,"
	    " env_domain, from_domain, policy_domain, spf, spf_scope, align_dkim, align_spf,"
	    " sigcount, arc, arc_policy, identity, published, spf_domain, effective, reasons,"
	    " automatic) VALUES ", "(?, FROM_UNIXTIME(LEAST(?, 2147483647)), ?, ?, ?, ?, ?, ?, ?,"
	    " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", "", bind_message };

	for (size_t at = 0, taken; at < g->n; at += taken) {
		struct sql_query q = sql_rows_take(s, &messages, g->rows + at, g->n - at, &taken);

		s->duplicate = false;
		*done_r = at;
		/* A statement that fails leaves none of its rows. */
		if (sql_finish(&q) != 0) {
			if (!s->duplicate)
				return -1;
			s->base.refused = false;
			return 0;
		}
		if (learn_ids(s, &g->at[at], taken, s->driver->last_id(s)) != 0)
			return -1;
	}
	*done_r = g->n;
	return 0;
}

/* What the index of identities has first. */
static int
compare_identities(const void *a, const void *b)
{
	const struct store_new *left = (*(const struct entry *const *)a)->new;
	const struct store_new *right = (*(const struct entry *const *)b)->new;

	if (left->rec->received != right->rec->received)
		return left->rec->received < right->rec->received ? -1 : 1;
	return strcmp(left->identity, right->identity);
}

static void
bind_identity(struct sql_query *q, const void *row)
{
	const struct entry *e = row;

	sql_bind_int(q, e->new->rec->received);
	sql_bind_text(q, e->new->identity);
}

/* Marks those of the sorted group that have this identity. */
static void
mark_known(struct group *g, int64_t received, const char *identity)
{
	const struct history_record rec = { .received = received };
	struct store_new wanted_new = { &rec, identity, STORE_ADDED };
	const struct entry wanted = { .new = &wanted_new };
	const struct entry *key = &wanted;
	struct entry **found = bsearch(&key, g->at, g->n, sizeof(g->at[0]),
	    compare_identities);

	if (found == NULL)
		return;
	while (found > g->at && compare_identities(found - 1, &key) == 0)
		found--;
	for (; found < g->at + g->n && compare_identities(found, &key) == 0; found++)
		(*found)->new->added = STORE_KNOWN;
}

static void
set_group(struct group *g, struct entry **at, size_t n)
{
	for (size_t i = 0; i < n; i++)
		g->rows[i] = g->at[i] = at[i];
	g->n = n;
}

/* Takes those out of the group that are known already. */
static int
drop_known(struct sql *s, struct group *g)
{
	static const struct sql_rows known = { SQL_ROWS_KNOWN, "SELECT received, identity"
	    " FROM messages WHERE (received, identity) IN (", "(?, ?)", ")", bind_identity };
	size_t before = g->n, n = 0;

	qsort(g->at, g->n, sizeof(g->at[0]), compare_identities);
	set_group(g, g->at, g->n);
	for (size_t at = 0, taken; at < g->n; at += taken) {
		struct sql_query q = sql_rows_take(s, &known, g->rows + at, g->n - at, &taken);
		int got;

		while ((got = sql_step(&q)) == 1)
			mark_known(g, sql_int(&q, 0), sql_text(&q, 1));
		sql_give(&q);
		if (got < 0)
			return -1;
	}
	for (size_t i = 0; i < g->n; i++)
		if (g->at[i]->new->added != STORE_KNOWN)
			g->at[n++] = g->at[i];
	set_group(g, g->at, n);
	s->expect_known = n < before;
	return 0;
}

static int
add_one_by_one(struct sql *s, struct entry **at, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (sql_add_message(s, at[i]->new->rec, at[i]->new->identity,
		    &at[i]->new->added) != 0)
			return -1;
	return 0;
}

/*
 * What is still met twice, although it was asked for, stands twice in the group, or
 * another program has just added it.
 */
static int
add_group(struct sql *s, struct group *g)
{
	bool looked = s->expect_known;
	size_t done;

	if (looked && drop_known(s, g) != 0)
		return -1;
	if (put_messages(s, g, &done) != 0)
		return -1;
	if (done == g->n)
		return 0;
	set_group(g, g->at + done, g->n - done);
	if (!looked && (drop_known(s, g) != 0 || put_messages(s, g, &done) != 0))
		return -1;
	if (looked)
		done = 0;
	return add_one_by_one(s, g->at + done, g->n - done);
}

static int
add_messages(struct sql *s, struct entry *entries, size_t n)
{
	struct group g;

	for (size_t at = 0; at < n; at += SQL_ROWS_MAX) {
		g.n = n - at < SQL_ROWS_MAX ? n - at : SQL_ROWS_MAX;
		for (size_t i = 0; i < g.n; i++)
			g.rows[i] = g.at[i] = &entries[at + i];
		if (add_group(s, &g) != 0)
			return -1;
	}
	return 0;
}

struct signature {
	int64_t	message, domain, selector;
	int	result, error;
};

/* Rows of what belongs to messages that wait until a statement is full. */
struct waiting {
	struct signature signatures[SQL_ROWS_MAX];
	struct override {
		int64_t	message;
		const struct history_reason *reason;
	} overrides[SQL_ROWS_MAX];
	struct arcset {
		int64_t	message, domain, selector;
		const struct history_arcseal *seal;
	} arcsets[SQL_ROWS_MAX];
	const void	*signature_rows[SQL_ROWS_MAX], *override_rows[SQL_ROWS_MAX];
	const void	*arcresult_rows[SQL_ROWS_MAX], *arcseal_rows[SQL_ROWS_MAX];
	size_t		 nsignatures, noverrides, narcsets, narcseals;
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
put_signatures(struct sql *s, struct waiting *w)
{
	static const struct sql_rows signatures = { SQL_ROWS_SIGNATURES,
	    "INSERT INTO signatures (message, domain, selector, pass, error) VALUES ",
	    "(?, ?, ?, ?, ?)", "", bind_signature };
	size_t n = w->nsignatures;

	w->nsignatures = 0;
	return sql_rows_put(s, &signatures, w->signature_rows, n);
}

static int
add_signature(struct sql *s, struct waiting *w, int64_t message,
    const struct history_dkim *dkim)
{
	struct signature *g = &w->signatures[w->nsignatures];
	enum odm_result result = history_result(dkim->result);

	*g = (struct signature){ .message = message, .result = dkim->result,
	    .error = result == ODM_RESULT_TEMPERROR || result == ODM_RESULT_PERMERROR };
	if (sql_domain_id(s, dkim->domain, &g->domain) != 0 ||
	    sql_selector_id(s, g->domain, dkim->selector, &g->selector) != 0)
		return -1;
	w->signature_rows[w->nsignatures++] = g;
	return w->nsignatures < SQL_ROWS_MAX ? 0 : put_signatures(s, w);
}

static void
bind_override(struct sql_query *q, const void *row)
{
	const struct override *o = row;

	sql_bind_int(q, o->message);
	sql_bind_text(q, history_override_name(o->reason->type));
	sql_bind_text(q, o->reason->comment);
}

static int
put_overrides(struct sql *s, struct waiting *w)
{
	static const struct sql_rows overrides = { SQL_ROWS_OVERRIDES,
	    "INSERT INTO overrides (message, type, comment) VALUES ", "(?, ?, ?)", "",
	    bind_override };
	size_t n = w->noverrides;

	w->noverrides = 0;
	return sql_rows_put(s, &overrides, w->override_rows, n);
}

static int
add_override(struct sql *s, struct waiting *w, int64_t message,
    const struct history_reason *reason)
{
	struct override *o = &w->overrides[w->noverrides];

	*o = (struct override){ message, reason };
	w->override_rows[w->noverrides++] = o;
	return w->noverrides < SQL_ROWS_MAX ? 0 : put_overrides(s, w);
}

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

static int
put_arcsets(struct sql *s, struct waiting *w)
{
	static const struct sql_rows results = { SQL_ROWS_ARCRESULTS, SQL_MYSQL_ARCRESULT_HEAD,
	    SQL_MYSQL_ARCRESULT_ROW, SQL_MYSQL_IGNORED, bind_arcresult };
	static const struct sql_rows seals = { SQL_ROWS_ARCSEALS, SQL_MYSQL_ARCSEAL_HEAD,
	    SQL_MYSQL_ARCSEAL_ROW, SQL_MYSQL_IGNORED, bind_arcseal };
	size_t nresults = w->narcsets, nseals = w->narcseals;

	w->narcsets = w->narcseals = 0;
	return sql_rows_put(s, &results, w->arcresult_rows, nresults) == 0 &&
	    sql_rows_put(s, &seals, w->arcseal_rows, nseals) == 0 ? 0 : -1;
}

/* A seal whose domain is not known has no row among the seals. */
static int
add_arcset(struct sql *s, struct waiting *w, int64_t message,
    const struct history_arcseal *seal)
{
	struct arcset *a = &w->arcsets[w->narcsets];

	*a = (struct arcset){ .message = message, .seal = seal };
	w->arcresult_rows[w->narcsets++] = a;
	if (seal->domain != NULL) {
		if (sql_domain_id(s, seal->domain, &a->domain) != 0 ||
		    sql_selector_id(s, a->domain, seal->selector, &a->selector) != 0)
			return -1;
		w->arcseal_rows[w->narcseals++] = a;
	}
	return w->narcsets < SQL_ROWS_MAX ? 0 : put_arcsets(s, w);
}

/* All that belongs to one message. */
static int
add_parts_of(struct sql *s, struct waiting *w, const struct entry *e)
{
	const struct history_record *rec = e->new->rec;
	int result = 0;

	for (size_t i = 0; i < rec->ndkim && result == 0; i++)
		result = add_signature(s, w, e->id, &rec->dkim[i]);
	for (size_t i = 0; i < rec->nreasons && result == 0; i++)
		result = add_override(s, w, e->id, &rec->reasons[i]);
	for (size_t i = 0; i < rec->narcseals && result == 0; i++)
		result = add_arcset(s, w, e->id, &rec->arcseals[i]);
	return result;
}

/* The same of all messages that were added here. */
static int
add_parts(struct sql *s, const struct entry *entries, size_t n)
{
	struct waiting *w = calloc(1, sizeof(*w));
	int result = w != NULL ? 0 : store_fail(&s->base, "out of memory");

	for (size_t i = 0; i < n && result == 0; i++)
		if (entries[i].id != 0)
			result = add_parts_of(s, w, &entries[i]);
	if (result == 0)
		result = put_signatures(s, w);
	if (result == 0)
		result = put_overrides(s, w);
	if (result == 0)
		result = put_arcsets(s, w);
	free(w);
	return result;
}

static void
bind_request(struct sql_query *q, const void *row)
{
	const struct entry *e = row;
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
add_requests(struct sql *s, const struct entry *entries, size_t n)
{
	static const struct sql_rows requests = { SQL_ROWS_REQUESTS, SQL_MYSQL_REQUEST_HEAD,
	    SQL_MYSQL_REQUEST_ROW, SQL_MYSQL_REQUEST_TAIL, bind_request };
	const void **list = calloc(n, sizeof(*list));
	size_t nlist = 0, kept = 0;
	int result;

	if (list == NULL)
		return store_fail(&s->base, "out of memory");
	for (size_t i = 0; i < n; i++)
		if (entries[i].id != 0 && entries[i].new->rec->p != 0)
			list[nlist++] = &entries[i];
	if (nlist > 1)
		qsort(list, nlist, sizeof(*list), compare_requests);
	for (size_t i = 0; i < nlist; i++) {
		const struct entry *e = list[i], *next = i + 1 < nlist ? list[i + 1] : NULL;

		if (next == NULL || next->ids.from != e->ids.from)
			list[kept++] = e;
	}
	result = sql_rows_put(s, &requests, list, kept);
	free(list);
	return result;
}

static int
add_entries(struct sql *s, struct store_new *list, char **rua, struct entry *entries, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		entries[i].new = &list[i];
		list[i].added = STORE_ADDED;
		if ((rua[i] = sql_join_rua(list[i].rec)) == NULL)
			return store_fail(&s->base, "out of memory");
		entries[i].rua = rua[i];
	}
	if (sql_learn_names(s, list, rua, n) != 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (sql_find_ids(s, list[i].rec, rua[i], &entries[i].ids) != 0)
			return -1;
	if (add_messages(s, entries, n) != 0 || add_parts(s, entries, n) != 0)
		return -1;
	return add_requests(s, entries, n);
}

int
sql_add_bulk(struct sql *s, struct store_new *list, size_t n)
{
	struct entry *entries = calloc(n, sizeof(*entries));
	char **rua = calloc(n, sizeof(*rua));
	int result = entries != NULL && rua != NULL ? add_entries(s, list, rua, entries, n) :
	    store_fail(&s->base, "out of memory");

	for (size_t i = 0; i < n && rua != NULL; i++)
		free(rua[i]);
	free(rua);
	free(entries);
	return result;
}
