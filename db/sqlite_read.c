/*
 * sqlite_read.c - what the reports ask of the embedded database.
 *
 * Names are joined from the left, so that a message never disappears because
 * somebody removed the row of a name.
 */
#include <sys/queue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/sqlite_private.h"

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
keep_policy(const struct sqlite_query *q)
{
	const char *domain = sqlite_text(q, 0), *discovery = sqlite_text(q, 9);
	const char *rua = sqlite_text(q, 10);
	struct kept_policy *kept = malloc(sizeof(*kept) + strlen(domain) +
	    strlen(discovery) + strlen(rua) + 3);
	char *at;

	if (kept == NULL)
		return NULL;
	at = kept->texts;
	kept->p = (struct store_policy){
		.domain = keep_text(&at, domain),
		.adkim = sqlite_letter(q, 1) == 0 ? 'r' : sqlite_letter(q, 1),
		.aspf = sqlite_letter(q, 2) == 0 ? 'r' : sqlite_letter(q, 2),
		.p = sqlite_letter(q, 3),
		.sp = sqlite_letter(q, 4),
		.np = sqlite_letter(q, 5),
		.fo = (int)sqlite_int(q, 6),
		.psd = sqlite_letter(q, 7) == 0 ? 'u' : sqlite_letter(q, 7),
		.testing = sqlite_int(q, 8) != 0,
		.discovery = *discovery == '\0' ? NULL : keep_text(&at, discovery),
		.rua = keep_text(&at, rua),
	};
	return kept;
}

/* Reads all policies of the window into *list; -1 with the reason kept. */
static int
keep_policies(struct sqlite *s, int64_t begin, int64_t end, struct kept_policies *list)
{
	/* With max() alone, SQLite takes the other columns from the row that has it.
	 * The plus sign makes it read the window, not the index of all domains. */
	static const char sql[] =
	    "SELECT d.name, p.adkim, p.aspf, p.p, p.sp, p.np, p.fo, p.psd, p.testing,"
	    " p.discovery, p.rua"
	    " FROM (SELECT published, max(received) FROM messages"
	    "  WHERE received >= ? AND received < ? AND published IS NOT NULL"
	    "  GROUP BY +policy_domain) w"
	    " JOIN policies p ON p.id = w.published"
	    " JOIN domains d ON d.id = p.domain"
	    " ORDER BY d.name";
	struct sqlite_query q = sqlite_take(s, SQLITE_SLOT_EACH_POLICY, sql);
	struct kept_policy *kept;
	int got;

	sqlite_bind_int(&q, begin);
	sqlite_bind_int(&q, end);
	while ((got = sqlite_step(&q)) == 1) {
		if ((kept = keep_policy(&q)) == NULL) {
			got = store_fail(&s->base, "out of memory");
			break;
		}
		STAILQ_INSERT_TAIL(list, kept, link);
	}
	sqlite_give(&q);
	return got;
}

/*
 * All are read before the first call of fn: while a statement is open, its snapshot
 * is, and fn could not write any more once another program has written.
 */
int
sqlite_each_policy(struct store *st, int64_t begin, int64_t end,
    int (*fn)(const struct store_policy *p, void *arg), void *arg)
{
	struct kept_policies list = STAILQ_HEAD_INITIALIZER(list);
	struct kept_policy *kept;
	int result = keep_policies((struct sqlite *)st, begin, end, &list);

	while ((kept = STAILQ_FIRST(&list)) != NULL) {
		if (result == 0)
			result = fn(&kept->p, arg);
		STAILQ_REMOVE_HEAD(&list, link);
		free(kept);
	}
	return result;
}

/* One message as it is read; rec owns the texts of the two lists. */
struct reading {
	struct sqlite		*s;
	struct history_record	 rec;
	struct store_dkim	*dkim;		/* shows rec.dkim */
	size_t			 dkim_size;
	struct store_reason	 reasons[HISTORY_OVERRIDES_MAX];
};

/* Signatures of a message in the order of its header fields, into r->rec. */
static int
read_dkim(struct reading *r, int64_t message)
{
	static const char sql[] =
	    "SELECT d.name, l.name, g.pass FROM signatures g"
	    " LEFT JOIN domains d ON d.id = g.domain"
	    " LEFT JOIN selectors l ON l.id = g.selector"
	    " WHERE g.message = ? ORDER BY g.id";
	struct sqlite_query q = sqlite_take(r->s, SQLITE_SLOT_MESSAGE_DKIM, sql);
	int got;

	sqlite_bind_int(&q, message);
	while ((got = sqlite_step(&q)) == 1)
		if (!history_add_dkim(&r->rec, odm_span_str(sqlite_text(&q, 0)),
		    odm_span_str(sqlite_text(&q, 1)), (int)sqlite_int(&q, 2)) &&
		    r->rec.ndkim < HISTORY_DKIM_MAX) {
			got = store_fail(&r->s->base, "out of memory");
			break;
		}
	sqlite_give(&q);
	return got;
}

static int
read_reasons(struct reading *r, int64_t message)
{
	struct sqlite_query q = sqlite_take(r->s, SQLITE_SLOT_MESSAGE_REASONS,
	    "SELECT type, comment FROM overrides WHERE message = ? ORDER BY id");
	int got;

	sqlite_bind_int(&q, message);
	while ((got = sqlite_step(&q)) == 1) {
		enum history_override type = HISTORY_OVERRIDE_OTHER;

		(void)history_override_parse(odm_span_str(sqlite_text(&q, 0)), &type);
		if (!history_add_reason(&r->rec, type, odm_span_str(sqlite_text(&q, 1))) &&
		    r->rec.nreasons < HISTORY_OVERRIDES_MAX) {
			got = store_fail(&r->s->base, "out of memory");
			break;
		}
	}
	sqlite_give(&q);
	return got;
}

/* Makes the lists of rec visible in the form of store.h. */
static int
show_lists(struct reading *r)
{
	const struct history_record *rec = &r->rec;

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

/* Calls fn for the row that stands under q. */
static int
hand_message(struct reading *r, const struct sqlite_query *q,
    int (*fn)(const struct store_message *m, void *arg), void *arg)
{
	struct store_message m = {
		.ip = sqlite_text(q, 1),
		.from = sqlite_text(q, 2),
		.mfrom = sqlite_text(q, 3),
		.spf_domain = sqlite_text(q, 4),
		.spf = (int)sqlite_int(q, 5),
		.spf_scope = (int)sqlite_int(q, 6),
		.align_dkim = (int)sqlite_int(q, 7),
		.align_spf = (int)sqlite_int(q, 8),
		.policy = (int)sqlite_int(q, 9),
		.action = (int)sqlite_int(q, 10),
		.effective = sqlite_letter(q, 11),
	};

	history_record_clear(&r->rec);
	if ((sqlite_int(q, 12) != 0 && read_dkim(r, sqlite_int(q, 0)) != 0) ||
	    (sqlite_int(q, 13) != 0 && read_reasons(r, sqlite_int(q, 0)) != 0) ||
	    show_lists(r) != 0)
		return -1;
	if (*m.spf_domain == '\0')
		m.spf_domain = NULL;
	m.dkim = r->dkim;
	m.ndkim = r->rec.ndkim;
	m.reasons = r->reasons;
	m.nreasons = r->rec.nreasons;
	return fn(&m, arg);
}

int
sqlite_each_message(struct store *st, const char *policy_domain,
    int64_t begin, int64_t end,
    int (*fn)(const struct store_message *m, void *arg), void *arg)
{
	static const char sql[] =
	    "SELECT m.id, i.addr, f.name, e.name, s.name, m.spf, m.spf_scope, m.align_dkim,"
	    " m.align_spf, m.policy, m.disp, m.effective, m.sigcount, m.reasons"
	    " FROM messages m"
	    " LEFT JOIN ipaddr i ON i.id = m.ip"
	    " LEFT JOIN domains f ON f.id = m.from_domain"
	    " LEFT JOIN domains e ON e.id = m.env_domain"
	    " LEFT JOIN domains s ON s.id = m.spf_domain"
	    " WHERE m.policy_domain = (SELECT id FROM domains WHERE name = ?)"
	    " AND m.received >= ? AND m.received < ? ORDER BY m.id";
	struct reading r = { .s = (struct sqlite *)st };
	struct sqlite_query q = sqlite_take(r.s, SQLITE_SLOT_EACH_MESSAGE, sql);
	int got, result = 0;

	history_record_init(&r.rec);
	sqlite_bind_text(&q, policy_domain);
	sqlite_bind_int(&q, begin);
	sqlite_bind_int(&q, end);
	while (result == 0 && (got = sqlite_step(&q)) != 0)
		result = got < 0 ? -1 : hand_message(&r, &q, fn, arg);
	sqlite_give(&q);
	history_record_clear(&r.rec);
	free(r.dkim);
	return result;
}

int
sqlite_count(struct store *st, int64_t begin, int64_t end,
    int64_t *messages_r, int64_t *domains_r)
{
	struct sqlite_query q = sqlite_take((struct sqlite *)st, SQLITE_SLOT_COUNT_WINDOW,
	    "SELECT count(*), count(DISTINCT policy_domain) FROM messages"
	    " WHERE received >= ? AND received < ?");
	int got;

	sqlite_bind_int(&q, begin);
	sqlite_bind_int(&q, end);
	got = sqlite_step(&q);
	if (got == 1) {
		*messages_r = sqlite_int(&q, 0);
		*domains_r = sqlite_int(&q, 1);
	}
	sqlite_give(&q);
	return got < 0 ? -1 : 0;
}
