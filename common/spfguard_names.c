/*
 * spfguard_names.c - the names that the terms of SPF records ask for, and those of
 * the client. RFC 7208, 5.5 and 7.
 */
#include <string.h>
#include <strings.h>

#include "common/spfguard_private.h"
#include "common/spfmacro.h"

const struct dns_answer *
spfguard_ask(struct spfguard *g, const char *name, enum dns_type type)
{
	const struct dns_answer *answer = dnstask_ask(g->task, name, type);

	if (answer == NULL)
		g->pending = true;
	return answer;
}

bool
spfguard_has_client(const struct spfguard *g, const struct dns_answer *answer, unsigned bits)
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

static enum spfguard_rank
rank_of(const char *name, const char *domain)
{
	if (strcasecmp(name, domain) == 0)
		return SPFGUARD_RANK_EQUAL;
	return is_or_below(name, domain) ? SPFGUARD_RANK_BELOW : SPFGUARD_RANK_OTHER;
}

static const char *macro_value(void *arg, char letter);

enum spfguard_rank
spfguard_validated(struct spfguard_decision *d, const char *domain, char name_r[ODM_NAME_MAX + 1])
{
	struct spfguard *g = d->guard;
	const struct dns_answer *names, *addresses;
	char reverse[ODM_NAME_MAX + 1], name[ODM_NAME_MAX + 1];
	enum spfguard_rank best = SPFGUARD_RANK_NONE;
	size_t i;

	if (!spfmacro_expand(odm_span_str("%{ir}.%{v}.arpa"), macro_value, d, reverse))
		return SPFGUARD_RANK_NONE;
	names = spfguard_ask(g, reverse, DNS_TYPE_PTR);
	/* All addresses are asked for at once; a missing one ends the run later. */
	for (i = 0; names != NULL && i < names->nrrs && i < ODM_SPF_NAMES_MAX; i++) {
		if (!odm_span_copy(names->rrs[i].data, name, sizeof(name)) || name[0] == '\0')
			continue;
		addresses = spfguard_ask(g, name, spfguard_address_type(g));
		if (addresses == NULL || !spfguard_has_client(g, addresses, 128) ||
		    rank_of(name, domain) <= best)
			continue;
		best = rank_of(name, domain);
		memcpy(name_r, name, sizeof(name));
	}
	return g->pending ? SPFGUARD_RANK_NONE : best;
}

/* The value of a macro letter. 7.2 and 7.3. */
static const char *
macro_value(void *arg, char letter)
{
	struct spfguard_decision *d = arg;
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
		if (spfguard_validated(d, d->domain, d->validated) != SPFGUARD_RANK_NONE)
			return d->validated;
		return g->pending ? NULL : "unknown";
	default:
		return "";
	}
}

bool
spfguard_target(struct spfguard_decision *d, struct odm_span spec, char name_r[ODM_NAME_MAX + 1])
{
	if (spec.len > 0)
		return spfmacro_expand(spec, macro_value, d, name_r);
	return strlcpy(name_r, d->domain, ODM_NAME_MAX + 1) <= ODM_NAME_MAX;
}
