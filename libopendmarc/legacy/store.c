/*
 * store.c - opendmarc_policy_store_*(): the facts about a message.
 */
#include <stdlib.h>
#include <string.h>

#include "libopendmarc/base/domain.h"
#include "libopendmarc/legacy/legacy.h"
#include "libopendmarc/parse/from.h"

bool
legacy_replace(char **copy_r, const u_char *text)
{
	char *copy = NULL;

	if (text != NULL) {
		copy = strdup((const char *)text);
		if (copy == NULL)
			return false;
	}
	free(*copy_r);
	*copy_r = copy;
	return true;
}

/*
 * Reads a domain name, or everything that a From field may hold. False when there
 * is no domain in it that is clear.
 */
static bool
read_authors(const u_char *text, struct odm_from *from_r)
{
	struct odm_span value = odm_span_trim(odm_span_str((const char *)text));

	if (odm_span_find(value, '@') < value.len) {
		odm_from_parse(value, from_r);
		return from_r->ndomains > 0;
	}
	from_r->ndomains = 1;
	return odm_domain_normalise(odm_domain_of_address(value), from_r->domains[0]);
}

bool
legacy_domain_of(const u_char *text, char domain_r[ODM_NAME_MAX + 1])
{
	struct odm_from from;

	if (!read_authors(text, &from))
		return false;
	memcpy(domain_r, from.domains[0], sizeof(from.domains[0]));
	return true;
}

OPENDMARC_STATUS_T
opendmarc_policy_store_from_domain(DMARC_POLICY_T *pctx, u_char *domain)
{
	struct odm_from from;

	if (pctx == NULL)
		return DMARC_PARSE_ERROR_NULL_CTX;
	if (domain == NULL || domain[0] == '\0')
		return DMARC_PARSE_ERROR_EMPTY;
	if (!read_authors(domain, &from))
		return DMARC_PARSE_ERROR_NO_DOMAIN;

	pctx->nauthors = from.ndomains;
	memcpy(pctx->authors, from.domains, from.ndomains * sizeof(from.domains[0]));
	return DMARC_PARSE_OKAY;
}

OPENDMARC_STATUS_T
opendmarc_policy_store_spf(DMARC_POLICY_T *pctx, u_char *domain, int result, int origin,
    u_char *human_result)
{
	char name[ODM_NAME_MAX + 1] = "";
	struct odm_span raw;

	if (pctx == NULL)
		return DMARC_PARSE_ERROR_NULL_CTX;
	if (domain == NULL || domain[0] == '\0')
		return DMARC_PARSE_ERROR_EMPTY;
	if (result < DMARC_POLICY_SPF_OUTCOME_NONE || result > DMARC_POLICY_SPF_OUTCOME_TMPFAIL ||
	    (origin != DMARC_POLICY_SPF_ORIGIN_MAILFROM &&
	    origin != DMARC_POLICY_SPF_ORIGIN_HELO))
		return DMARC_PARSE_ERROR_BAD_SPF_MACRO;

	/* The null sender, "<>", has no domain and is no mistake. */
	raw = odm_domain_of_address(odm_span_str((const char *)domain));
	if (raw.len > 0 && !odm_domain_normalise(raw, name))
		return DMARC_PARSE_ERROR_BAD_VALUE;
	if (!legacy_replace(&pctx->spf_human, human_result))
		return DMARC_PARSE_ERROR_NO_ALLOC;
	memcpy(pctx->spf_domain, name, sizeof(name));
	pctx->spf_outcome = result;
	pctx->spf_origin = origin;
	return DMARC_PARSE_OKAY;
}

/*
 * Remembers a domain that a signature vouches for. The From domain itself always
 * finds a place: with the list full it takes the last one.
 */
static void
add_signer(DMARC_POLICY_T *pctx, const char *domain)
{
	size_t i;

	for (i = 0; i < pctx->nsigners; i++)
		if (strcmp(pctx->signers[i], domain) == 0)
			return;
	if (i == ODM_IDENTIFIERS_MAX) {
		if (strcmp(domain, pctx->authors[0]) != 0)
			return;
		i--;
	} else {
		pctx->nsigners++;
	}
	memcpy(pctx->signers[i], domain, strlen(domain) + 1);
}

static enum legacy_rank
rank_of(const DMARC_POLICY_T *pctx, const char *domain, int result)
{
	struct legacy_psl *psl;
	bool strict, aligned;

	if (result != DMARC_POLICY_DKIM_OUTCOME_PASS)
		return LEGACY_RANK_OTHER;
	if (strcmp(domain, pctx->authors[0]) == 0)
		return LEGACY_RANK_EXACT;
	strict = pctx->text != NULL && pctx->record.adkim == ODM_ALIGNMENT_STRICT;
	psl = legacy_psl_get();
	aligned = legacy_aligned(psl, domain, pctx->authors[0], strict);
	legacy_psl_put(psl);
	return aligned ? LEGACY_RANK_ALIGNED : LEGACY_RANK_PASS;
}

OPENDMARC_STATUS_T
opendmarc_policy_store_dkim(DMARC_POLICY_T *pctx, u_char *domain, u_char *selector, int result,
    u_char *human_result)
{
	char name[ODM_NAME_MAX + 1];
	enum legacy_rank rank;

	if (pctx == NULL)
		return DMARC_PARSE_ERROR_NULL_CTX;
	if (domain == NULL || domain[0] == '\0')
		return DMARC_PARSE_ERROR_EMPTY;
	if (pctx->nauthors == 0)
		return DMARC_FROM_DOMAIN_ABSENT;
	if (result < DMARC_POLICY_DKIM_OUTCOME_NONE || result > DMARC_POLICY_DKIM_OUTCOME_TMPFAIL)
		return DMARC_PARSE_ERROR_BAD_DKIM_MACRO;
	if (!odm_domain_normalise(odm_span_str((const char *)domain), name))
		return DMARC_PARSE_ERROR_BAD_VALUE;

	if (result == DMARC_POLICY_DKIM_OUTCOME_PASS)
		add_signer(pctx, name);
	rank = rank_of(pctx, name, result);
	if (rank <= pctx->best.rank)
		return DMARC_PARSE_OKAY;
	if (!legacy_replace(&pctx->best.selector, selector) ||
	    !legacy_replace(&pctx->best.human, human_result))
		return DMARC_PARSE_ERROR_NO_ALLOC;
	pctx->best.rank = rank;
	pctx->best.outcome = result;
	memcpy(pctx->best.domain, name, sizeof(name));
	return DMARC_PARSE_OKAY;
}
