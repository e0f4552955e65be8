/*
 * dkimbind.c - binding DKIM results to the signatures of the message.
 * RFC 6376, 3.5; RFC 6008, 4: results that contradict each other are not used.
 */
#include <stdlib.h>
#include <string.h>

#include "libopendmarc/base/domain.h"
#include "opendmarc/dkimbind.h"

/* header.b is a prefix of 8 characters or a little more; this takes a whole RSA-4096 b=. */
#define B_MAX		1024
#define IDENTITY_MAX	512

/* The properties of one result, decoded. */
struct naming {
	bool	has_domain, has_selector, has_b;
	char	domain[ODM_NAME_MAX + 1];
	char	selector[DMF_ID_MAX + 1];
	char	b[B_MAX + 1];		/* "" with has_b: unusable, matches nothing */
	char	identity[ODM_NAME_MAX + 1];	/* domain of header.i; "" none */
};

bool
dmf_signatures_read(struct dmf_signatures *s, const struct dmf_fields *fields)
{
	size_t i, n = 0;

	*s = (struct dmf_signatures){ .odd = fields->dropped > 0 };
	for (i = 0; i < fields->n; i++)
		n += fields->at[i].kind == DMF_FIELD_DKIMSIG;
	if (n == 0)
		return true;
	s->odd = s->odd || n > ODM_DKIM_SIGNATURES_MAX;
	if (n > ODM_DKIM_SIGNATURES_MAX)
		n = ODM_DKIM_SIGNATURES_MAX;
	s->at = calloc(n, sizeof(*s->at));
	if (s->at == NULL)
		return false;
	for (i = 0; i < fields->n && s->n < n; i++) {
		if (fields->at[i].kind != DMF_FIELD_DKIMSIG)
			continue;
		odm_dkimsig_parse(fields->at[i].value, &s->at[s->n]);
		s->odd = s->odd || !s->at[s->n].strict;
		if (s->at[s->n].well_formed && s->at[s->n].domain[0] != '\0')
			s->n++;
	}
	return true;
}

void
dmf_signatures_free(struct dmf_signatures *s)
{
	free(s->at);
	*s = (struct dmf_signatures){ 0 };
}

static bool
set_empty(const struct dmf_sigset *a)
{
	size_t i;

	for (i = 0; i < COUNT(a->bits); i++)
		if (a->bits[i] != 0)
			return false;
	return true;
}

static bool
sets_meet(const struct dmf_sigset *a, const struct dmf_sigset *b)
{
	size_t i;

	for (i = 0; i < COUNT(a->bits); i++)
		if ((a->bits[i] & b->bits[i]) != 0)
			return true;
	return false;
}

/* True when exactly one bit is set. */
static bool
set_single(const struct dmf_sigset *a)
{
	size_t i, n = 0;

	for (i = 0; i < COUNT(a->bits); i++) {
		if (a->bits[i] == 0)
			continue;
		if ((a->bits[i] & (a->bits[i] - 1)) != 0)
			return false;
		n++;
	}
	return n == 1;
}

/* Reads the domain behind the "@" of a decoded value, normalised; false when it has none. */
static bool
value_domain(const struct odm_authres_prop *prop, char domain_r[ODM_NAME_MAX + 1])
{
	char text[IDENTITY_MAX + 1];

	domain_r[0] = '\0';
	return prop != NULL && odm_authres_value(prop->value, text, sizeof(text)) &&
	    odm_domain_normalise(odm_domain_of_address(odm_span_str(text)), domain_r);
}

static void
read_naming(const struct odm_authres_result *res, struct naming *n)
{
	const struct odm_authres_prop *d = odm_authres_find(res, "header", "d");
	const struct odm_authres_prop *s = odm_authres_find(res, "header", "s");
	const struct odm_authres_prop *b = odm_authres_find(res, "header", "b");

	n->has_domain = d != NULL;
	n->has_selector = s != NULL;
	n->has_b = b != NULL;
	n->selector[0] = n->b[0] = '\0';
	(void)value_domain(d, n->domain);
	(void)value_domain(odm_authres_find(res, "header", "i"), n->identity);
	if (s != NULL)
		(void)odm_authres_value(s->value, n->selector, sizeof(n->selector));
	if (b != NULL)
		(void)odm_authres_value(b->value, n->b, sizeof(n->b));
}

/* True when the domain of the signature's i= (its d= without one) is the result's header.i. */
static bool
same_identity(const struct odm_dkimsig *sig, const char *identity)
{
	char domain[ODM_NAME_MAX + 1];

	if (sig->identity.len == 0)
		return strcmp(sig->domain, identity) == 0;
	return odm_domain_normalise(odm_domain_of_address(sig->identity), domain) &&
	    strcmp(domain, identity) == 0;
}

static bool
about(const struct odm_dkimsig *sig, const struct naming *n)
{
	if (n->has_domain && strcmp(sig->domain, n->domain) != 0)
		return false;
	if (n->has_selector && !odm_span_ieq(sig->selector, n->selector))
		return false;
	if (n->has_b && !odm_dkimsig_matches_b(sig, odm_span_str(n->b)))
		return false;
	/* Without d, only b, or i with s, say which signature is meant. */
	return n->has_domain || n->has_b ||
	    (n->has_selector && n->identity[0] != '\0' && same_identity(sig, n->identity));
}

/* Takes the signing domain from the signatures that the result identifies, if they agree. */
static bool
domain_of_sigs(const struct dmf_signatures *s, const struct dmf_sigset *set,
    char domain_r[ODM_NAME_MAX + 1])
{
	const char *found = NULL;
	size_t i;

	for (i = 0; i < s->n; i++) {
		if ((set->bits[i / 64] >> (i % 64) & 1) == 0)
			continue;
		if (found != NULL && strcmp(found, s->at[i].domain) != 0)
			return false;
		found = s->at[i].domain;
	}
	return found != NULL && odm_span_copy(odm_span_str(found), domain_r, ODM_NAME_MAX + 1);
}

/* True when some signature could have the identity: i= lies at or below d=. */
static bool
identity_possible(const struct dmf_signatures *s, const char *identity)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (strcmp(identity, s->at[i].domain) == 0 ||
		    odm_domain_is_below(identity, s->at[i].domain))
			return true;
	return false;
}

bool
dmf_claim_read(const struct dmf_signatures *s, const struct odm_authres_result *res,
    struct dmf_claim *claim_r)
{
	struct naming n;
	size_t i;

	*claim_r = (struct dmf_claim){ .dkim = { .result = res->result } };
	read_naming(res, &n);
	for (i = 0; i < s->n; i++)
		if (about(&s->at[i], &n))
			claim_r->sigs.bits[i / 64] |= UINT64_C(1) << (i % 64);
	(void)odm_span_copy(odm_span_str(n.selector), claim_r->dkim.selector,
	    sizeof(claim_r->dkim.selector));
	if (n.has_domain) {
		claim_r->named = true;
		(void)odm_span_copy(odm_span_str(n.domain), claim_r->dkim.domain,
		    sizeof(claim_r->dkim.domain));
	} else if (domain_of_sigs(s, &claim_r->sigs, claim_r->dkim.domain)) {
		claim_r->named = true;
	} else if (identity_possible(s, n.identity) || res->result != ODM_RESULT_PASS) {
		(void)odm_span_copy(odm_span_str(n.identity), claim_r->dkim.domain,
		    sizeof(claim_r->dkim.domain));
	}
	return claim_r->dkim.domain[0] != '\0';
}

/*
 * True when another result speaks against a pass. One verifier writes one result
 * for each signature: inside its field only a result that can be about nothing else
 * takes a signature away. A result of another field is against every signature it
 * can be about.
 */
static bool
contradicted(const struct dmf_claim *pass, const struct dmf_claim *claims, size_t n)
{
	struct dmf_sigset left = pass->sigs;
	size_t i, k;

	for (i = 0; i < n; i++) {
		const struct dmf_claim *c = &claims[i];

		if (c->dkim.result == ODM_RESULT_PASS || !sets_meet(&c->sigs, &pass->sigs))
			continue;
		if (c->field != pass->field)
			return true;
		if (!set_single(&c->sigs))
			continue;
		for (k = 0; k < COUNT(left.bits); k++)
			left.bits[k] &= ~c->sigs.bits[k];
	}
	return set_empty(&left);
}

/* True when the field of a pass can be the sender's although a verifier has seen the message. */
static bool
may_be_senders(const struct dmf_signatures *s, const struct dmf_claim *c)
{
	bool topmost = (c->sigs.bits[0] & 1) != 0;

	return !c->proven && (s->odd || (c->below_spf && !topmost));
}

void
dmf_claims_judge(const struct dmf_signatures *s, struct dmf_claim *claims, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		struct dmf_claim *c = &claims[i];

		if (c->dkim.result != ODM_RESULT_PASS)
			continue;
		if (!c->in_place || may_be_senders(s, c))
			c->refused = true;
		else if (c->named)
			c->refused = contradicted(c, claims, n);
		c->dkim.aligns = c->named && !c->refused;
	}
}
