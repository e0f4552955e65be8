/*
 * spfguard.c - what stands between libspf2 and the DNS in one SPF check. RFC 7208.
 */
#include <string.h>

#include "common/spfguard_private.h"
#include "common/spfrecord.h"

void
spfguard_begin(struct spfguard *g, struct dnstask *task)
{
	g->task = task;
	g->nrecords = 0;
	g->terms = g->voids = 0;
	g->pending = g->over_limit = false;
}

/* Counts a term that asks the DNS. False, and the run is over: one too many. */
static bool
count_term(struct spfguard *g)
{
	if (++g->terms > ODM_SPF_TERMS_MAX)
		g->over_limit = true;
	return !g->over_limit;
}

/* Counts a term for which the DNS had nothing, though it answered. */
static void
count_void(struct spfguard *g)
{
	if (++g->voids > ODM_SPF_VOIDS_MAX)
		g->over_limit = true;
}

/* The yes or no of an address lookup of one name. */
static enum spfguard_match
match_addresses(struct spfguard *g, const char *name, enum dns_type type, unsigned bits)
{
	const struct dns_answer *answer = spfguard_ask(g, name, type);

	if (answer == NULL || answer->status == DNS_FAILED)
		return SPFGUARD_NO_ANSWER;
	if (answer->nrrs == 0)
		count_void(g);
	if (spfguard_is_over(g))
		return SPFGUARD_NO_ANSWER;
	return spfguard_has_client(g, answer, bits) ? SPFGUARD_MATCH : SPFGUARD_NO_MATCH;
}

/* exists: any A record will do, for IPv6 clients too. 5.7. */
static enum spfguard_match
match_exists(struct spfguard *g, const char *name)
{
	const struct dns_answer *answer = spfguard_ask(g, name, DNS_TYPE_A);

	if (answer == NULL || answer->status == DNS_FAILED)
		return SPFGUARD_NO_ANSWER;
	if (answer->nrrs > 0)
		return SPFGUARD_MATCH;
	count_void(g);
	return spfguard_is_over(g) ? SPFGUARD_NO_ANSWER : SPFGUARD_NO_MATCH;
}

/*
 * The addresses of all hosts of an MX set, in its order: the first host that
 * matches or fails decides. All are asked for before the first is waited for.
 * *void_r is set when a host was looked at that has no address.
 */
static enum spfguard_match
match_hosts(struct spfguard *g, const struct dns_answer *hosts, unsigned bits, bool *void_r)
{
	enum spfguard_match result = SPFGUARD_NO_MATCH;
	char host[ODM_NAME_MAX + 1];

	for (size_t i = 0; i < hosts->nrrs; i++) {
		const struct dns_answer *answer;

		/* "MX 0 .": no host. */
		if (hosts->rrs[i].data.len == 0 ||
		    !odm_span_copy(hosts->rrs[i].data, host, sizeof(host)))
			continue;
		answer = dnstask_ask(g->task, host, spfguard_address_type(g));
		if (result != SPFGUARD_NO_MATCH)
			continue;
		g->pending = answer == NULL;
		if (answer == NULL || answer->status == DNS_FAILED) {
			result = SPFGUARD_NO_ANSWER;
		} else if (answer->nrrs == 0) {
			*void_r = true;
		} else if (spfguard_has_client(g, answer, bits)) {
			result = SPFGUARD_MATCH;
		}
	}
	return result;
}

/* mx: 5.4. More than ten hosts are an error whichever of them would match. */
static enum spfguard_match
match_mx(struct spfguard *g, const char *name, unsigned bits)
{
	const struct dns_answer *hosts = spfguard_ask(g, name, DNS_TYPE_MX);
	enum spfguard_match result;
	bool is_void;

	if (hosts == NULL || hosts->status == DNS_FAILED)
		return SPFGUARD_NO_ANSWER;
	if (hosts->nrrs > ODM_SPF_NAMES_MAX) {
		g->over_limit = true;
		return SPFGUARD_NO_ANSWER;
	}
	is_void = hosts->nrrs == 0;
	result = match_hosts(g, hosts, bits, &is_void);
	/* 4.6.4 limits terms with void lookups: a term is one, whatever its hosts. */
	if (result == SPFGUARD_NO_MATCH && is_void)
		count_void(g);
	return spfguard_is_over(g) ? SPFGUARD_NO_ANSWER : result;
}

static enum spfguard_match
match_ptr(struct spfguard_decision *d, const char *name)
{
	char found[ODM_NAME_MAX + 1];
	enum spfguard_rank rank = spfguard_validated(d, name, found);

	if (spfguard_is_over(d->guard))
		return SPFGUARD_NO_ANSWER;
	return rank >= SPFGUARD_RANK_BELOW ? SPFGUARD_MATCH : SPFGUARD_NO_MATCH;
}

/* A handle is the offset of the term among those of its record, and the record. */
#define HANDLE_FORMAT	"%zu.%zu.t"

/* The term of a handle and the record it is in. False: no such handle was written. */
static bool
find_term(const struct spfguard *g, const char *handle, struct spfterm *term_r,
    const struct spfguard_record **record_r)
{
	struct odm_span rest = odm_span_str(handle), part;
	unsigned long long at, record;

	if (!odm_span_next(&rest, '.', &part) ||
	    !odm_span_number(part, ODM_SPF_RECORD_MAX, &at) ||
	    !odm_span_next(&rest, '.', &part) ||
	    !odm_span_number(part, ODM_SPF_TERMS_MAX, &record) || record >= g->nrecords ||
	    at > g->records[record].text.len)
		return false;
	rest = odm_span_sub(g->records[record].text, at, g->records[record].text.len);
	*record_r = &g->records[record];
	return spfrecord_next(&rest, term_r) == 1;
}

enum spfguard_match
spfguard_match(struct spfguard *g, const char *handle)
{
	struct spfguard_decision d = { .guard = g };
	const struct spfguard_record *record;
	char name[ODM_NAME_MAX + 1];
	struct spfterm term;
	unsigned bits;

	if (spfguard_is_over(g) || !find_term(g, handle, &term, &record) || !count_term(g))
		return SPFGUARD_NO_ANSWER;
	d.domain = record->domain;
	if (!spfguard_target(&d, term.domain, name))
		return SPFGUARD_NO_ANSWER;
	bits = g->client.family == AF_INET ? term.bits4 : term.bits6;
	switch (term.kind) {
	case SPFTERM_A:
		return match_addresses(g, name, spfguard_address_type(g), bits);
	case SPFTERM_MX:
		return match_mx(g, name, bits);
	case SPFTERM_PTR:
		return match_ptr(&d, name);
	case SPFTERM_EXISTS:
		return match_exists(g, name);
	case SPFTERM_ALL:
	case SPFTERM_INCLUDE:
	case SPFTERM_IP4:
	case SPFTERM_IP6:
	case SPFTERM_REDIRECT:
	case SPFTERM_EXP:
	case SPFTERM_UNKNOWN:
		break;
	}
	return SPFGUARD_NO_ANSWER;
}

/* What a term is for libspf2; NULL: nothing. */
static const char *
written_as(const struct spfguard *g, const struct spfterm *term)
{
	switch (term->kind) {
	case SPFTERM_ALL:
		return "all";
	case SPFTERM_IP4:
	case SPFTERM_IP6:
		return odm_net_contains(&term->net, &g->client) ? "all" : NULL;
	case SPFTERM_INCLUDE:
		return "include:";
	case SPFTERM_A:
	case SPFTERM_MX:
	case SPFTERM_PTR:
	case SPFTERM_EXISTS:
		return "exists:";
	case SPFTERM_REDIRECT:
	case SPFTERM_EXP:
	case SPFTERM_UNKNOWN:
		break;
	}
	return NULL;
}

/*
 * Writes the record for libspf2. It ends with the first "all", and after one
 * term more than may be evaluated: libspf2 has room for a few dozen.
 */
static void
write_record(const struct spfguard *g, size_t index, struct odm_strbuf *text_r)
{
	struct odm_span all = g->records[index].text, rest = all;
	size_t at = 0, redirect = all.len;
	unsigned asking = 0;
	struct spfterm term;

	odm_strbuf_adds(text_r, "v=spf1");
	for (; spfrecord_next(&rest, &term) == 1; at = all.len - rest.len) {
		const char *word = written_as(g, &term);

		if (term.kind == SPFTERM_REDIRECT)
			redirect = at;
		if (word == NULL)
			continue;
		odm_strbuf_addf(text_r, " %c%s", term.qualifier, word);
		if (strcmp(word, "all") == 0)
			return;
		odm_strbuf_addf(text_r, HANDLE_FORMAT, at, index);
		if (++asking > ODM_SPF_TERMS_MAX)
			return;
	}
	if (redirect < all.len)
		odm_strbuf_addf(text_r, " redirect=" HANDLE_FORMAT, redirect, index);
}

/* Finds the one SPF record among the TXT records. 4.5. */
static enum spfguard_found
select_record(const struct dns_answer *answer, struct odm_span *text_r)
{
	const struct odm_span *found = NULL;

	for (size_t i = 0; i < answer->nrrs; i++) {
		if (!spfrecord_is(answer->rrs[i].data))
			continue;
		if (found != NULL)
			return SPFGUARD_BAD;
		found = &answer->rrs[i].data;
	}
	if (found == NULL)
		return SPFGUARD_NONE;
	if (!spfrecord_valid(*found))
		return SPFGUARD_BAD;
	*text_r = spfrecord_terms(*found);
	return SPFGUARD_RECORD;
}

/* The domain whose record is wanted, into name_r. False: the run is over. */
static bool
record_domain(struct spfguard *g, const char *handle, char name_r[ODM_NAME_MAX + 1])
{
	struct spfguard_decision d = { .guard = g };
	const struct spfguard_record *record;
	struct spfterm term;

	if (handle == NULL)
		return strlcpy(name_r, g->domain, ODM_NAME_MAX + 1) <= ODM_NAME_MAX;
	if (!find_term(g, handle, &term, &record) || !count_term(g))
		return false;
	d.domain = record->domain;
	return spfguard_target(&d, term.domain, name_r);
}

enum spfguard_found
spfguard_fetch(struct spfguard *g, const char *handle, struct odm_strbuf *text_r)
{
	struct spfguard_record *record = &g->records[g->nrecords];
	const struct dns_answer *answer;
	enum spfguard_found found;

	/* The limit of terms is reached before the array is full. */
	if (spfguard_is_over(g) || !record_domain(g, handle, record->domain))
		return SPFGUARD_FAILED;
	answer = spfguard_ask(g, record->domain, DNS_TYPE_TXT);
	if (answer == NULL || answer->status == DNS_FAILED)
		return SPFGUARD_FAILED;
	found = select_record(answer, &record->text);
	if (found == SPFGUARD_RECORD)
		write_record(g, g->nrecords++, text_r);
	return found;
}
