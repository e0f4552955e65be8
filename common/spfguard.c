/*
 * spfguard.c - what stands between libspf2 and the DNS in one SPF check. RFC 7208.
 */
#include <string.h>
#include <strings.h>

#include "common/spfguard.h"
#include "common/spfmacro.h"
#include "common/spfrecord.h"

/* A term that is being decided, and the domain of its record. */
struct decision {
	struct spfguard	*guard;
	const char	*domain;
	char		 client[2 * 32];			/* for %{i} */
	char		 validated[ODM_NAME_MAX + 1];	/* for %{p} */
};

void
spfguard_begin(struct spfguard *g, struct dnstask *task)
{
	g->task = task;
	g->nrecords = 0;
	g->terms = g->voids = 0;
	g->pending = g->over_limit = false;
}

static bool
is_over(const struct spfguard *g)
{
	return g->pending || g->over_limit;
}

/* The answer to a question; NULL, and the run is over: not here yet. */
static const struct dns_answer *
ask(struct spfguard *g, const char *name, enum dns_type type)
{
	const struct dns_answer *answer = dnstask_ask(g->task, name, type);

	if (answer == NULL)
		g->pending = true;
	return answer;
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

static enum dns_type
address_type(const struct spfguard *g)
{
	return g->client.family == AF_INET ? DNS_TYPE_A : DNS_TYPE_AAAA;
}

/* Is one of the addresses in the client's network of so many bits? */
static bool
has_client(const struct spfguard *g, const struct dns_answer *answer, unsigned bits)
{
	struct odm_net net = odm_net_of(&g->client, bits);
	size_t octets = g->client.family == AF_INET ? 4 : 16;

	for (size_t i = 0; i < answer->nrrs; i++) {
		struct odm_ip ip = { .family = g->client.family };

		if (answer->rrs[i].data.len != octets)
			continue;
		memcpy(ip.octets, answer->rrs[i].data.at, octets);
		if (odm_net_contains(&net, &ip))
			return true;
	}
	return false;
}

static bool
is_or_below(const char *name, const char *parent)
{
	size_t len = strlen(name), tail = strlen(parent);

	return len >= tail && strcasecmp(name + len - tail, parent) == 0 &&
	    (len == tail || (tail > 0 && name[len - tail - 1] == '.'));
}

/* "192.0.2.1", or the 32 nibbles of an IPv6 address with dots between. */
static void
dotted_client(const struct odm_ip *ip, char text_r[2 * 32])
{
	static const char digits[] = "0123456789abcdef";
	char address[ODM_IP_TEXT_MAX + 1];

	if (ip->family == AF_INET) {
		odm_ip_format(ip, address);
		if (strlcpy(text_r, address, 2 * 32) >= 2 * 32)
			text_r[0] = '\0';
		return;
	}
	for (size_t i = 0; i < 16; i++) {
		text_r[4 * i] = digits[ip->octets[i] >> 4];
		text_r[4 * i + 1] = '.';
		text_r[4 * i + 2] = digits[ip->octets[i] & 15];
		text_r[4 * i + 3] = '.';
	}
	text_r[4 * 16 - 1] = '\0';
}

static const char *macro_value(void *arg, char letter);

/* Expands a domain-spec, or takes the current domain. False: not known yet. */
static bool
target_name(struct decision *d, struct odm_span spec, char name_r[ODM_NAME_MAX + 1])
{
	if (spec.len > 0)
		return spfmacro_expand(spec, macro_value, d, name_r);
	return strlcpy(name_r, d->domain, ODM_NAME_MAX + 1) <= ODM_NAME_MAX;
}

/* How good a validated name is for %{p}; 5.5 takes the two best. */
enum rank {
	RANK_NONE,
	RANK_OTHER,
	RANK_BELOW,
	RANK_EQUAL
};

static enum rank
rank_of(const char *name, const char *domain)
{
	if (strcasecmp(name, domain) == 0)
		return RANK_EQUAL;
	return is_or_below(name, domain) ? RANK_BELOW : RANK_OTHER;
}

/*
 * Finds the validated name of the client that is nearest to domain: a name of
 * its PTR records, the first ten, with the client among its addresses (5.5).
 * Failures count as nothing found there, and nothing found as no void lookup:
 * the reverse name is the client's, not the domain owner's. RANK_NONE with the
 * run over: not known yet.
 */
static enum rank
validated_name(struct decision *d, const char *domain, char name_r[ODM_NAME_MAX + 1])
{
	struct spfguard *g = d->guard;
	const struct dns_answer *names, *addresses;
	char reverse[ODM_NAME_MAX + 1], name[ODM_NAME_MAX + 1];
	enum rank best = RANK_NONE;
	size_t i;

	if (!spfmacro_expand(odm_span_str("%{ir}.%{v}.arpa"), macro_value, d, reverse))
		return RANK_NONE;
	names = ask(g, reverse, DNS_TYPE_PTR);
	/* All addresses are asked for at once; a missing one ends the run later. */
	for (i = 0; names != NULL && i < names->nrrs && i < ODM_SPF_NAMES_MAX; i++) {
		if (!odm_span_copy(names->rrs[i].data, name, sizeof(name)) || name[0] == '\0')
			continue;
		addresses = ask(g, name, address_type(g));
		if (addresses == NULL || !has_client(g, addresses, 128) ||
		    rank_of(name, domain) <= best)
			continue;
		best = rank_of(name, domain);
		memcpy(name_r, name, sizeof(name));
	}
	return g->pending ? RANK_NONE : best;
}

/* The value of a macro letter. 7.2 and 7.3. */
static const char *
macro_value(void *arg, char letter)
{
	struct decision *d = arg;
	struct spfguard *g = d->guard;

	switch (letter) {
	case 's':
		return g->sender;
	case 'l':
		return g->local;
	case 'o':
		return g->domain;
	case 'd':
		return d->domain;
	case 'i':
		dotted_client(&g->client, d->client);
		return d->client;
	case 'v':
		return g->client.family == AF_INET ? "in-addr" : "ip6";
	case 'h':
		return g->helo;
	case 'p':
		if (validated_name(d, d->domain, d->validated) != RANK_NONE)
			return d->validated;
		return g->pending ? NULL : "unknown";
	default:
		return "";
	}
}

/* The yes or no of an address lookup of one name. */
static enum spfguard_match
match_addresses(struct spfguard *g, const char *name, enum dns_type type, unsigned bits)
{
	const struct dns_answer *answer = ask(g, name, type);

	if (answer == NULL || answer->status == DNS_FAILED)
		return SPFGUARD_NO_ANSWER;
	if (answer->nrrs == 0)
		count_void(g);
	if (is_over(g))
		return SPFGUARD_NO_ANSWER;
	return has_client(g, answer, bits) ? SPFGUARD_MATCH : SPFGUARD_NO_MATCH;
}

/* exists: any A record will do, for IPv6 clients too. 5.7. */
static enum spfguard_match
match_exists(struct spfguard *g, const char *name)
{
	const struct dns_answer *answer = ask(g, name, DNS_TYPE_A);

	if (answer == NULL || answer->status == DNS_FAILED)
		return SPFGUARD_NO_ANSWER;
	if (answer->nrrs > 0)
		return SPFGUARD_MATCH;
	count_void(g);
	return is_over(g) ? SPFGUARD_NO_ANSWER : SPFGUARD_NO_MATCH;
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
		answer = dnstask_ask(g->task, host, address_type(g));
		if (result != SPFGUARD_NO_MATCH)
			continue;
		g->pending = answer == NULL;
		if (answer == NULL || answer->status == DNS_FAILED) {
			result = SPFGUARD_NO_ANSWER;
		} else if (answer->nrrs == 0) {
			*void_r = true;
		} else if (has_client(g, answer, bits)) {
			result = SPFGUARD_MATCH;
		}
	}
	return result;
}

/* mx: 5.4. More than ten hosts are an error whichever of them would match. */
static enum spfguard_match
match_mx(struct spfguard *g, const char *name, unsigned bits)
{
	const struct dns_answer *hosts = ask(g, name, DNS_TYPE_MX);
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
	return is_over(g) ? SPFGUARD_NO_ANSWER : result;
}

static enum spfguard_match
match_ptr(struct decision *d, const char *name)
{
	char found[ODM_NAME_MAX + 1];
	enum rank rank = validated_name(d, name, found);

	if (is_over(d->guard))
		return SPFGUARD_NO_ANSWER;
	return rank >= RANK_BELOW ? SPFGUARD_MATCH : SPFGUARD_NO_MATCH;
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
	struct decision d = { .guard = g };
	const struct spfguard_record *record;
	char name[ODM_NAME_MAX + 1];
	struct spfterm term;
	unsigned bits;

	if (is_over(g) || !find_term(g, handle, &term, &record) || !count_term(g))
		return SPFGUARD_NO_ANSWER;
	d.domain = record->domain;
	if (!target_name(&d, term.domain, name))
		return SPFGUARD_NO_ANSWER;
	bits = g->client.family == AF_INET ? term.bits4 : term.bits6;
	switch (term.kind) {
	case SPFTERM_A:
		return match_addresses(g, name, address_type(g), bits);
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
	struct decision d = { .guard = g };
	const struct spfguard_record *record;
	struct spfterm term;

	if (handle == NULL)
		return strlcpy(name_r, g->domain, ODM_NAME_MAX + 1) <= ODM_NAME_MAX;
	if (!find_term(g, handle, &term, &record) || !count_term(g))
		return false;
	d.domain = record->domain;
	return target_name(&d, term.domain, name_r);
}

enum spfguard_found
spfguard_fetch(struct spfguard *g, const char *handle, struct odm_strbuf *text_r)
{
	struct spfguard_record *record = &g->records[g->nrecords];
	const struct dns_answer *answer;
	enum spfguard_found found;

	/* The limit of terms is reached before the array is full. */
	if (is_over(g) || !record_domain(g, handle, record->domain))
		return SPFGUARD_FAILED;
	answer = ask(g, record->domain, DNS_TYPE_TXT);
	if (answer == NULL || answer->status == DNS_FAILED)
		return SPFGUARD_FAILED;
	found = select_record(answer, &record->text);
	if (found == SPFGUARD_RECORD)
		write_record(g, g->nrecords++, text_r);
	return found;
}
