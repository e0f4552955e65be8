/*
 * sql_read.c - what the reports ask of the database.
 *
 * Names are joined from the left, so that a message never disappears because
 * somebody removed the row of a name.
 */
#include <sys/queue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/sql.h"

/* Messages read at once. */
#define PAGE	256

/* A policy with texts of its own. */
struct kept_policy {
	STAILQ_ENTRY(kept_policy) link;
	struct store_policy	 p;
	char			 texts[];
};

STAILQ_HEAD(kept_policies, kept_policy);

/* Copies text, its NUL included, to *at_r and moves that behind it. */
static const char *
keep_text(char **at_r, const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = memcpy(*at_r, text, size);

	*at_r += size;
	return copy;
}

/* The row that stands under q, a new block; NULL when memory is short. */
static struct kept_policy *
keep_policy(const struct sql_query *q)
{
	const char *domain = sql_text(q, 0), *discovery = sql_text(q, 9);
	bool locked = sql_int(q, 12) != 0;
	const char *rua = sql_text(q, locked ? 11 : 10);
	struct kept_policy *kept = malloc(sizeof(*kept) + strlen(domain) +
	    strlen(discovery) + strlen(rua) + 3);
	char *at;

	if (kept == NULL)
		return NULL;
	at = kept->texts;
	kept->p = (struct store_policy){
		.domain = keep_text(&at, domain),
		.adkim = sql_letter(q, 1) == 0 ? 'r' : sql_letter(q, 1),
		.aspf = sql_letter(q, 2) == 0 ? 'r' : sql_letter(q, 2),
		.p = sql_letter(q, 3),
		.sp = sql_letter(q, 4),
		.np = sql_letter(q, 5),
		.fo = (int)sql_int(q, 6),
		.psd = sql_letter(q, 7) == 0 ? 'u' : sql_letter(q, 7),
		.testing = sql_int(q, 8) != 0,
		.discovery = *discovery == '\0' ? NULL : keep_text(&at, discovery),
		.rua = keep_text(&at, rua),
		.locked = locked,
	};
	return kept;
}

/*
 * The policies of a window, each seen newest: first the last second with a policy of each
 * domain, then the policy of that second. The plus sign makes SQLite read the window, not
 * the index of all domains; MySQL does not mind it.
 */
#define POLICIES(unreported) \
	"SELECT d.name, p.adkim, p.aspf, p.p, p.sp, p.np, p.fo, p.psd, p.testing," \
	" p.discovery, p.rua, q.repuri, CASE WHEN q.locked = 1 THEN 1 ELSE 0 END" \
	" FROM (SELECT m.policy_domain, MAX(m.published) AS published" \
	"  FROM (SELECT policy_domain AS domain, MAX(received) AS last FROM messages" \
	"   WHERE received >= ? AND received < ? AND published IS NOT NULL" unreported \
	"   GROUP BY +policy_domain) w" \
	"  JOIN messages m ON m.policy_domain = w.domain AND m.received = w.last" \
	"  WHERE m.published IS NOT NULL" unreported " GROUP BY m.policy_domain) x" \
	" JOIN policies p ON p.id = x.published" \
	" JOIN domains d ON d.id = p.domain" \
	" LEFT JOIN requests q ON q.domain = p.domain AND q.locked = 1" \
	" ORDER BY d.name"

/* In no report, or in one that is being made: its maker may have died. */
#define NOT_REPORTED \
	" AND (report IS NULL OR report IN (SELECT id FROM reports WHERE state = 0))"

/* Reads all policies of the window into *list; -1 with the reason kept. */
static int
keep_policies(struct sql *s, int64_t begin, int64_t end, bool unreported,
    struct kept_policies *list)
{
	struct sql_query q = unreported ?
	    sql_take(s, SQL_EACH_UNREPORTED, POLICIES(NOT_REPORTED)) :
	    sql_take(s, SQL_EACH_POLICY, POLICIES(""));
	struct kept_policy *kept;
	int got;

	sql_bind_int(&q, begin);
	sql_bind_int(&q, end);
	while ((got = sql_step(&q)) == 1) {
		if ((kept = keep_policy(&q)) == NULL) {
			got = store_fail(&s->base, "out of memory");
			break;
		}
		STAILQ_INSERT_TAIL(list, kept, link);
	}
	sql_give(&q);
	return got;
}

/*
 * All are read before the first call of fn: while a statement is open, its snapshot
 * is, and fn could not write any more once another program has written.
 */
int
sql_each_policy(struct store *st, int64_t begin, int64_t end, bool unreported,
    int (*fn)(const struct store_policy *p, void *arg), void *arg)
{
	struct kept_policies list = STAILQ_HEAD_INITIALIZER(list);
	struct kept_policy *kept;
	int result = keep_policies((struct sql *)st, begin, end, unreported, &list);

	while ((kept = STAILQ_FIRST(&list)) != NULL) {
		if (result == 0)
			result = fn(&kept->p, arg);
		STAILQ_REMOVE_HEAD(&list, link);
		free(kept);
	}
	return result;
}

/* Ids of a list: the first of these that is not less than the number of messages. */
static const size_t list_sizes[] = { 4, 32, 128, PAGE };

/* One message of a page; rec owns its texts: from, mfrom, ipaddr, spf_domain, lists. */
struct row {
	int64_t			 id;
	bool			 has_reasons;
	struct history_record	 rec;
};

/* Where the reading of messages is. */
struct reading {
	struct sql		*s;
	const char		*policy_domain;
	int64_t			 begin, end, report;
	int64_t			 last_received, last_id;
	struct row		 rows[PAGE];
	size_t			 nrows;
	struct store_dkim	*dkim;		/* shows the dkim of one row */
	size_t			 dkim_size;
	struct store_reason	 reasons[HISTORY_OVERRIDES_MAX];
};

static bool
set_texts(struct history_record *rec, const struct sql_query *q)
{
	const char *spf_domain = sql_text(q, 4);

	return history_set(&rec->ipaddr, odm_span_str(sql_text(q, 1))) &&
	    history_set(&rec->from, odm_span_str(sql_text(q, 2))) &&
	    history_set(&rec->mfrom, odm_span_str(sql_text(q, 3))) &&
	    (*spf_domain == '\0' ||
	    history_set(&rec->spf_domain, odm_span_str(spf_domain)));
}

/* A kind that a later version has written is mail like other mail here. */
static enum history_automatic
read_automatic(int64_t number)
{
	return number == HISTORY_AUTOMATIC_REPORT || number == HISTORY_AUTOMATIC_BOUNCE ?
	    (enum history_automatic)number : HISTORY_AUTOMATIC_NO;
}

/* The row that stands under q becomes the next one of the page. */
static int
keep_row(struct reading *r, const struct sql_query *q)
{
	struct row *row = &r->rows[r->nrows++];

	history_record_clear(&row->rec);
	row->id = sql_int(q, 0);
	if (!set_texts(&row->rec, q))
		return store_fail(&r->s->base, "out of memory");
	row->rec.spf = (int)sql_int(q, 5);
	row->rec.spf_scope = (int)sql_int(q, 6);
	row->rec.align_dkim = (int)sql_int(q, 7);
	row->rec.align_spf = (int)sql_int(q, 8);
	row->rec.policy = (int)sql_int(q, 9);
	row->rec.action = (int)sql_int(q, 10);
	row->rec.effective = sql_letter(q, 11);
	row->rec.automatic = read_automatic(sql_int(q, 13));
	r->last_received = sql_int(q, 12);
	row->has_reasons = sql_int(q, 14) != 0;
	r->last_id = row->id;
	return 0;
}

#define MESSAGES \
	"SELECT m.id, i.addr, f.name, e.name, s.name, m.spf, m.spf_scope, m.align_dkim," \
	" m.align_spf, m.policy, m.disp, m.effective, m.received, m.automatic, m.reasons" \
	" FROM messages m" \
	" LEFT JOIN ipaddr i ON i.id = m.ip" \
	" LEFT JOIN domains f ON f.id = m.from_domain" \
	" LEFT JOIN domains e ON e.id = m.env_domain" \
	" LEFT JOIN domains s ON s.id = m.spf_domain"
#define NEXT_PAGE \
	" AND m.received >= ? AND m.received < ?" \
	" AND (m.received > ? OR m.id > ?)" \
	" ORDER BY m.received, m.id LIMIT 256"

/* The rows behind the last one; nrows 0 at the end. -1 with the reason kept. */
static int
read_page(struct reading *r)
{
	struct sql_query q;
	int got;

	if (r->report != 0) {
		q = sql_take(r->s, SQL_PAGE_REPORT, MESSAGES " WHERE m.policy_domain ="
		    " (SELECT policy_domain FROM reports WHERE id = ?) AND m.report = ?"
		    NEXT_PAGE);
		sql_bind_int(&q, r->report);
		sql_bind_int(&q, r->report);
	} else {
		q = sql_take(r->s, SQL_PAGE_WINDOW, MESSAGES " WHERE m.policy_domain ="
		    " (SELECT id FROM domains WHERE name = ?)" NEXT_PAGE);
		sql_bind_text(&q, r->policy_domain);
	}
	sql_bind_int(&q, r->last_received);
	sql_bind_int(&q, r->end);
	sql_bind_int(&q, r->last_received);
	sql_bind_int(&q, r->last_id);
	r->nrows = 0;
	while ((got = sql_step(&q)) == 1 && r->nrows < PAGE)
		if (keep_row(r, &q) != 0) {
			got = -1;
			break;
		}
	sql_give(&q);
	return got;
}

/* Rows of a page are in order of time, so that ids may go up and down. */
static struct row *
find_row(struct reading *r, int64_t id)
{
	for (size_t i = 0; i < r->nrows; i++)
		if (r->rows[i].id == id)
			return &r->rows[i];
	return NULL;
}

#define P4	"?, ?, ?, ?"
#define P16	P4 ", " P4 ", " P4 ", " P4
#define P32	P16 ", " P16
#define P128	P32 ", " P32 ", " P32 ", " P32
#define P256	P128 ", " P128

/* A statement over a list of ids, in each size of list. */
struct list_query {
	enum sql_slot	 slot;
	const char	*texts[COUNT(list_sizes)];
};
#define LIST_QUERY(slot, head, tail) \
	{ slot, { head "(" P4 ")" tail, head "(" P32 ")" tail, head "(" P128 ")" tail, \
	    head "(" P256 ")" tail } }

/* Binds n ids, n not 0; the last one fills the list up. */
static struct sql_query
take_list(struct sql *s, const struct list_query *l, const int64_t *ids, size_t n)
{
	struct sql_query q;
	size_t size = 0;

	while (list_sizes[size] < n)
		size++;
	q = sql_take(s, (enum sql_slot)(l->slot + size), l->texts[size]);
	for (size_t i = 0; i < list_sizes[size]; i++)
		sql_bind_int(&q, ids[i < n ? i : n - 1]);
	return q;
}

/* Signatures of the page, of each message in the order of its header fields. */
static int
read_dkim(struct reading *r)
{
	static const struct list_query signatures = LIST_QUERY(SQL_PAGE_DKIM,
	    "SELECT g.message, d.name, l.name, g.pass FROM signatures g"
	    " LEFT JOIN domains d ON d.id = g.domain"
	    " LEFT JOIN selectors l ON l.id = g.selector WHERE g.message IN ",
	    " ORDER BY g.message, g.id");
	struct row *row = NULL;
	struct sql_query q;
	int64_t ids[PAGE];
	int got;

	for (size_t i = 0; i < r->nrows; i++)
		ids[i] = r->rows[i].id;
	q = take_list(r->s, &signatures, ids, r->nrows);
	while ((got = sql_step(&q)) == 1) {
		if (row == NULL || row->id != sql_int(&q, 0))
			row = find_row(r, sql_int(&q, 0));
		if (row != NULL && !history_add_dkim(&row->rec, odm_span_str(sql_text(&q, 1)),
		    odm_span_str(sql_text(&q, 2)), (int)sql_int(&q, 3)) &&
		    row->rec.ndkim < HISTORY_DKIM_MAX) {
			got = store_fail(&r->s->base, "out of memory");
			break;
		}
	}
	sql_give(&q);
	return got;
}

/* Reasons of the messages that have some, which are few. */
static int
read_reasons(struct reading *r)
{
	static const struct list_query reasons = LIST_QUERY(SQL_PAGE_REASONS,
	    "SELECT message, type, comment FROM overrides WHERE message IN ",
	    " ORDER BY message, id");
	struct sql_query q;
	int64_t ids[PAGE];
	size_t n = 0;
	int got;

	for (size_t i = 0; i < r->nrows; i++)
		if (r->rows[i].has_reasons)
			ids[n++] = r->rows[i].id;
	if (n == 0)
		return 0;
	q = take_list(r->s, &reasons, ids, n);
	while ((got = sql_step(&q)) == 1) {
		struct row *row = find_row(r, sql_int(&q, 0));
		enum history_override type = HISTORY_OVERRIDE_OTHER;

		(void)history_override_parse(odm_span_str(sql_text(&q, 1)), &type);
		if (row != NULL && !history_add_reason(&row->rec, type,
		    odm_span_str(sql_text(&q, 2))) &&
		    row->rec.nreasons < HISTORY_OVERRIDES_MAX) {
			got = store_fail(&r->s->base, "out of memory");
			break;
		}
	}
	sql_give(&q);
	return got;
}

/* Makes the lists of rec visible in the form of store.h. */
static int
show_lists(struct reading *r, const struct history_record *rec)
{
	if (rec->ndkim > r->dkim_size) {
		struct store_dkim *more = reallocarray(r->dkim, rec->ndkim, sizeof(*more));

		if (more == NULL)
			return store_fail(&r->s->base, "out of memory");
		r->dkim = more;
		r->dkim_size = rec->ndkim;
	}
	for (size_t i = 0; i < rec->ndkim; i++)
		r->dkim[i] = (struct store_dkim){ rec->dkim[i].domain, rec->dkim[i].selector,
		    rec->dkim[i].result };
	for (size_t i = 0; i < rec->nreasons; i++)
		r->reasons[i] = (struct store_reason){ rec->reasons[i].type,
		    rec->reasons[i].comment };
	return 0;
}

static int
hand_message(struct reading *r, const struct history_record *rec,
    int (*fn)(const struct store_message *m, void *arg), void *arg)
{
	struct store_message m = {
		.ip = rec->ipaddr,
		.from = rec->from,
		.mfrom = rec->mfrom,
		.spf_domain = rec->spf_domain,
		.spf = rec->spf,
		.spf_scope = rec->spf_scope,
		.align_dkim = rec->align_dkim,
		.align_spf = rec->align_spf,
		.policy = rec->policy,
		.action = rec->action,
		.effective = rec->effective,
		.automatic = rec->automatic,
		.reasons = r->reasons,
		.nreasons = rec->nreasons,
		.ndkim = rec->ndkim,
	};

	if (show_lists(r, rec) != 0)
		return -1;
	m.dkim = r->dkim;
	return fn(&m, arg);
}

static int
read_all(struct reading *r, int (*fn)(const struct store_message *m, void *arg), void *arg)
{
	int result;

	do {
		result = read_page(r);
		if (result == 0 && r->nrows > 0)
			result = read_dkim(r);
		if (result == 0 && r->nrows > 0)
			result = read_reasons(r);
		for (size_t i = 0; i < r->nrows && result == 0; i++)
			result = hand_message(r, &r->rows[i].rec, fn, arg);
	} while (result == 0 && r->nrows == PAGE);
	return result;
}

int
sql_each_message(struct store *st, const char *policy_domain,
    int64_t begin, int64_t end, int64_t report,
    int (*fn)(const struct store_message *m, void *arg), void *arg)
{
	struct sql *s = (struct sql *)st;
	struct reading *r = calloc(1, sizeof(*r));
	/* The messages of a report are the same ones until it is ended. */
	bool freeze = report == 0 && s->driver->freeze != NULL && !s->frozen &&
	    !st->in_transaction;
	int result;

	if (r == NULL)
		return store_fail(st, "out of memory");
	*r = (struct reading){ .s = s, .policy_domain = policy_domain, .begin = begin,
	    .end = end, .report = report, .last_received = begin };
	for (size_t i = 0; i < PAGE; i++)
		history_record_init(&r->rows[i].rec);
	result = freeze ? s->driver->freeze(s) : 0;
	if (result == 0) {
		s->frozen = s->frozen || freeze;
		result = read_all(r, fn, arg);
		if (freeze) {
			s->driver->thaw(s);
			s->frozen = false;
		}
	}
	for (size_t i = 0; i < PAGE; i++)
		history_record_clear(&r->rows[i].rec);
	free(r->dkim);
	free(r);
	return result;
}

int
sql_count(struct store *st, int64_t begin, int64_t end,
    int64_t *messages_r, int64_t *domains_r)
{
	struct sql_query q = sql_take((struct sql *)st, SQL_COUNT_WINDOW,
	    "SELECT COUNT(*), COUNT(DISTINCT policy_domain) FROM messages"
	    " WHERE received >= ? AND received < ?");
	int got;

	sql_bind_int(&q, begin);
	sql_bind_int(&q, end);
	got = sql_step(&q);
	if (got == 1) {
		*messages_r = sql_int(&q, 0);
		*domains_r = sql_int(&q, 1);
	}
	sql_give(&q);
	return got < 0 ? -1 : 0;
}
