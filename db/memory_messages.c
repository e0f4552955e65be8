/*
 * memory_messages.c - the judge: messages and the policies that they were judged by.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "db/memory_private.h"

const char *
memory_rua(const struct memory *m, const struct memory_message *row)
{
	const struct memory_request *r = memory_find_request(m, row->policy_domain);
	const struct memory_policy *p;

	if (row->published == 0)
		return "";
	if (r != NULL && r->r.locked)
		return r->r.rua;
	p = memory_row(m, MEMORY_POLICIES, row->published - 1);
	return p->rua;
}

static const char *
join_rua(struct memory *m, const struct history_record *rec)
{
	const char *joined = "";

	for (size_t i = 0; i < rec->nrua; i++) {
		size_t size = strlen(joined) + strlen(rec->rua[i]) + 2;
		char *text = malloc(size);

		if (text == NULL)
			return joined;
		(void)snprintf(text, size, "%s%s%s", joined, i == 0 ? "" : ",", rec->rua[i]);
		joined = memory_keep(m, text);
		free(text);
	}
	return joined;
}

static bool
same_policy(const struct memory_policy *a, const struct memory_policy *b)
{
	return memory_same(a->domain, b->domain) && strcmp(a->rua, b->rua) == 0 &&
	    strcmp(a->discovery, b->discovery) == 0 && a->adkim == b->adkim &&
	    a->aspf == b->aspf && a->p == b->p && a->sp == b->sp && a->np == b->np &&
	    a->psd == b->psd && a->pct == b->pct && a->fo == b->fo && a->testing == b->testing;
}

/* The number of the policy of a record, from 1; 0 without a policy or memory. */
static size_t
policy_number(struct memory *m, const struct history_record *rec)
{
	struct memory_policy new = {
		.domain = memory_keep(m, rec->pdomain), .rua = join_rua(m, rec),
		.discovery = memory_keep(m, rec->discovery), .adkim = rec->adkim,
		.aspf = rec->aspf, .p = rec->p, .sp = rec->sp, .np = rec->np, .psd = rec->psd,
		.pct = rec->pct, .fo = rec->fo, .testing = rec->testing,
	};
	struct memory_policy *row;

	if (rec->p == 0)
		return 0;
	for (size_t i = 0; i < memory_count(m, MEMORY_POLICIES); i++)
		if (same_policy(memory_row(m, MEMORY_POLICIES, i), &new))
			return i + 1;
	if ((row = memory_add(m, MEMORY_POLICIES)) == NULL)
		return 0;
	*row = new;
	return memory_count(m, MEMORY_POLICIES);
}

static int
put_request(struct memory *m, const struct history_record *rec)
{
	struct memory_request *r = memory_find_request(m, rec->from);

	if (r == NULL) {
		if ((r = memory_add(m, MEMORY_REQUESTS)) == NULL)
			return -1;
		r->r.domain = memory_keep(m, rec->from);
	}
	if (r->r.locked || rec->received < r->r.seen)
		return 0;
	r->r.rua = join_rua(m, rec);
	r->r.p = rec->p;
	r->r.sp = rec->sp;
	r->r.seen = rec->received;
	return 0;
}

static void
keep_lists(struct memory *m, struct store_message *out, const struct history_record *rec)
{
	struct store_dkim *dkim = calloc(rec->ndkim + 1, sizeof(*dkim));
	struct store_reason reasons[HISTORY_OVERRIDES_MAX];

	for (size_t i = 0; i < rec->ndkim && dkim != NULL; i++)
		dkim[i] = (struct store_dkim){ memory_keep(m, rec->dkim[i].domain),
		    rec->dkim[i].selector == NULL ? NULL :
		    memory_keep(m, rec->dkim[i].selector), rec->dkim[i].result };
	for (size_t i = 0; i < rec->nreasons; i++)
		reasons[i] = (struct store_reason){ rec->reasons[i].type,
		    rec->reasons[i].comment == NULL ? NULL :
		    memory_keep(m, rec->reasons[i].comment) };
	if (dkim != NULL) {
		out->dkim = memory_keep_octets(m, dkim, rec->ndkim * sizeof(*dkim));
		out->ndkim = rec->ndkim;
	}
	out->reasons = memory_keep_octets(m, reasons, rec->nreasons * sizeof(*reasons));
	out->nreasons = rec->nreasons;
	free(dkim);
}

static int
add_one(struct memory *m, struct store_new *new)
{
	const struct history_record *rec = new->rec;
	struct memory_message *row;
	size_t published;

	for (size_t i = 0; i < memory_count(m, MEMORY_MESSAGES); i++) {
		row = memory_row(m, MEMORY_MESSAGES, i);
		if (row->received == rec->received &&
		    strcmp(row->identity, new->identity) == 0) {
			new->added = STORE_KNOWN;
			return 0;
		}
	}
	published = policy_number(m, rec);
	if ((row = memory_add(m, MEMORY_MESSAGES)) == NULL)
		return -1;
	row->identity = memory_keep(m, new->identity);
	row->policy_domain = memory_keep(m, rec->pdomain);
	row->received = rec->received;
	row->published = published;
	row->m = (struct store_message){
		.ip = memory_keep(m, rec->ipaddr), .from = memory_keep(m, rec->from),
		.mfrom = memory_keep(m, rec->mfrom), .spf = rec->spf,
		.spf_domain = rec->spf_domain == NULL || *rec->spf_domain == '\0' ? NULL :
		    memory_keep(m, rec->spf_domain),
		.spf_scope = rec->spf_scope, .align_dkim = rec->align_dkim,
		.align_spf = rec->align_spf, .policy = rec->policy, .action = rec->action,
		.effective = rec->effective, .automatic = rec->automatic,
	};
	keep_lists(m, &row->m, rec);
	new->added = STORE_ADDED;
	return rec->p == 0 ? 0 : put_request(m, rec);
}

int
memory_add_messages(struct store *st, struct store_new *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (add_one(memory_of(st), &list[i]) != 0)
			return -1;
	return 0;
}

/* In no report, or in one that is being made. */
static bool
is_unreported(const struct memory *m, const struct memory_message *row)
{
	for (size_t i = 0; i < memory_count(m, MEMORY_REPORTS); i++) {
		const struct memory_report *r = memory_row(m, MEMORY_REPORTS, i);

		if (r->id == row->report)
			return r->state == MEMORY_MAKING;
	}
	return row->report == 0;
}

static bool
is_within(const struct memory *m, const struct memory_message *row, int64_t begin, int64_t end,
    bool unreported)
{
	return row->received >= begin && row->received < end &&
	    (!unreported || is_unreported(m, row));
}

/* The policy of a domain that was seen newest among some messages; 0 none. */
static size_t
newest_policy(const struct memory *m, const char *domain, int64_t begin, int64_t end,
    bool unreported)
{
	int64_t last = -1;
	size_t best = 0;

	for (size_t i = 0; i < memory_count(m, MEMORY_MESSAGES); i++) {
		const struct memory_message *row = memory_row(m, MEMORY_MESSAGES, i);

		if (!is_within(m, row, begin, end, unreported) || row->published == 0 ||
		    !memory_same(row->policy_domain, domain))
			continue;
		if (row->received > last || (row->received == last && row->published > best)) {
			last = row->received;
			best = row->published;
		}
	}
	return best;
}

/* The first domain with a message among some that comes after last by name; NULL none. */
static const char *
next_domain(const struct memory *m, const char *last, int64_t begin, int64_t end,
    bool unreported)
{
	const char *next = NULL;

	for (size_t i = 0; i < memory_count(m, MEMORY_MESSAGES); i++) {
		const struct memory_message *row = memory_row(m, MEMORY_MESSAGES, i);

		if (is_within(m, row, begin, end, unreported) && row->published != 0 &&
		    (last == NULL || strcasecmp(row->policy_domain, last) > 0) &&
		    (next == NULL || strcasecmp(row->policy_domain, next) < 0))
			next = row->policy_domain;
	}
	return next;
}

/* The policies of a moment, in a new block; their number in *n_r. */
static struct store_policy *
list_policies(const struct memory *m, int64_t begin, int64_t end, bool unreported,
    size_t *n_r)
{
	struct store_policy *list = calloc(memory_count(m, MEMORY_MESSAGES) + 1, sizeof(*list));
	const char *domain = NULL;

	*n_r = 0;
	while (list != NULL && (domain = next_domain(m, domain, begin, end, unreported)) != NULL) {
		const struct memory_policy *p = memory_row(m, MEMORY_POLICIES,
		    newest_policy(m, domain, begin, end, unreported) - 1);
		const struct memory_request *r = memory_find_request(m, domain);
		bool locked = r != NULL && r->r.locked;

		list[(*n_r)++] = (struct store_policy){
			.domain = p->domain, .adkim = p->adkim == 0 ? 'r' : p->adkim,
			.aspf = p->aspf == 0 ? 'r' : p->aspf, .p = p->p, .sp = p->sp,
			.np = p->np, .fo = p->fo, .psd = p->psd == 0 ? 'u' : p->psd,
			.testing = p->testing,
			.discovery = *p->discovery == '\0' ? NULL : p->discovery,
			.rua = locked ? r->r.rua : p->rua, .locked = locked,
		};
	}
	return list;
}

int
memory_each_policy(struct store *st, int64_t begin, int64_t end, bool unreported,
    int (*fn)(const struct store_policy *p, void *arg), void *arg)
{
	size_t n;
	struct store_policy *list = list_policies(memory_of(st), begin, end, unreported, &n);
	int result = 0;

	if (list == NULL)
		return store_fail(st, "out of memory");
	for (size_t i = 0; i < n && result == 0; i++)
		result = fn(&list[i], arg);
	free(list);
	return result;
}

/* Message numbers in order of time, then of import; -1 at the end. */
static ssize_t
next_message(const struct memory *m, const char *domain, int64_t begin, int64_t end,
    int64_t report, ssize_t last)
{
	int64_t last_time = last < 0 ? INT64_MIN :
	    ((struct memory_message *)memory_row(m, MEMORY_MESSAGES, (size_t)last))->received;
	int64_t best_time = 0;
	ssize_t best = -1;

	for (size_t i = 0; i < memory_count(m, MEMORY_MESSAGES); i++) {
		const struct memory_message *row = memory_row(m, MEMORY_MESSAGES, i);
		bool wanted = report != 0 ? row->report == report :
		    is_within(m, row, begin, end, false) && memory_same(row->policy_domain, domain);

		if (!wanted || row->received < last_time ||
		    (row->received == last_time && (ssize_t)i <= last))
			continue;
		if (best < 0 || row->received < best_time) {
			best = (ssize_t)i;
			best_time = row->received;
		}
	}
	return best;
}

int
memory_each_message(struct store *st, const char *policy_domain,
    int64_t begin, int64_t end, int64_t report,
    int (*fn)(const struct store_message *m, void *arg), void *arg)
{
	const struct memory *m = memory_of(st);
	ssize_t i = -1;
	int result = 0;

	while (result == 0 &&
	    (i = next_message(m, policy_domain, begin, end, report, i)) >= 0)
		result = fn(&((struct memory_message *)memory_row(m, MEMORY_MESSAGES,
		    (size_t)i))->m, arg);
	return result;
}

int
memory_count_window(struct store *st, int64_t begin, int64_t end,
    int64_t *messages_r, int64_t *domains_r)
{
	const struct memory *m = memory_of(st);

	*messages_r = *domains_r = 0;
	for (size_t i = 0; i < memory_count(m, MEMORY_MESSAGES); i++) {
		const struct memory_message *row = memory_row(m, MEMORY_MESSAGES, i);
		bool first = true;

		if (!is_within(m, row, begin, end, false))
			continue;
		for (size_t k = 0; k < i; k++) {
			const struct memory_message *other = memory_row(m, MEMORY_MESSAGES, k);

			if (is_within(m, other, begin, end, false) &&
			    memory_same(other->policy_domain, row->policy_domain))
				first = false;
		}
		++*messages_r;
		*domains_r += first;
	}
	return 0;
}
