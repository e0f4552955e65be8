/*
 * policy.c - the verdict of the 1.x API, with organizational domains by a public
 * suffix list: alignment as in RFC 7489, 3.1, the policy as in RFC 9989, 4.7.
 */
#include <errno.h>
#include <string.h>

#include "libopendmarc/base/domain.h"
#include "libopendmarc/core/policy.h"
#include "libopendmarc/legacy/legacy.h"

bool
legacy_aligned(const struct legacy_psl *psl, const char *identifier, const char *author,
    bool strict)
{
	char org_a[ODM_NAME_MAX + 1], org_b[ODM_NAME_MAX + 1];

	if (strcmp(identifier, author) == 0)
		return true;
	if (strict)
		return false;
	legacy_orgdomain(psl, identifier, org_a);
	legacy_orgdomain(psl, author, org_b);
	return strcmp(org_a, org_b) == 0;
}

int
opendmarc_policy_check_alignment(u_char *subdomain, u_char *tld, int mode)
{
	char a[ODM_NAME_MAX + 1], b[ODM_NAME_MAX + 1];
	struct legacy_psl *psl;
	bool aligned;

	if (subdomain == NULL || tld == NULL)
		return EINVAL;
	if (!odm_domain_normalise(odm_span_str((const char *)subdomain), a) ||
	    !odm_domain_normalise(odm_span_str((const char *)tld), b))
		return -1;
	psl = legacy_psl_get();
	aligned = legacy_aligned(psl, a, b, mode == DMARC_RECORD_A_STRICT);
	legacy_psl_put(psl);
	return aligned ? 0 : -1;
}

static bool
spf_aligned(const DMARC_POLICY_T *pctx, const struct legacy_psl *psl, const char *author)
{
	return pctx->spf_outcome == DMARC_POLICY_SPF_OUTCOME_PASS && pctx->spf_domain[0] != '\0' &&
	    legacy_aligned(psl, pctx->spf_domain, author,
	    pctx->record.aspf == ODM_ALIGNMENT_STRICT);
}

static bool
dkim_aligned(const DMARC_POLICY_T *pctx, const struct legacy_psl *psl, const char *author)
{
	size_t i;

	for (i = 0; i < pctx->nsigners; i++)
		if (legacy_aligned(psl, pctx->signers[i], author,
		    pctx->record.adkim == ODM_ALIGNMENT_STRICT))
			return true;
	return false;
}

/* Computes both alignments. True when every Author Domain has one. */
static bool
align(DMARC_POLICY_T *pctx)
{
	struct legacy_psl *psl = legacy_psl_get();
	bool spf = spf_aligned(pctx, psl, pctx->authors[0]);
	bool dkim = dkim_aligned(pctx, psl, pctx->authors[0]);
	bool pass = spf || dkim;
	size_t i;

	for (i = 1; pass && i < pctx->nauthors; i++)
		pass = spf_aligned(pctx, psl, pctx->authors[i]) ||
		    dkim_aligned(pctx, psl, pctx->authors[i]);
	legacy_psl_put(psl);

	pctx->spf_alignment = spf ? DMARC_POLICY_SPF_ALIGNMENT_PASS :
	    DMARC_POLICY_SPF_ALIGNMENT_FAIL;
	pctx->dkim_alignment = dkim ? DMARC_POLICY_DKIM_ALIGNMENT_PASS :
	    DMARC_POLICY_DKIM_ALIGNMENT_FAIL;
	return pass;
}

/* sp counts when the record is that of a domain above the From domain. */
static void
choose(const DMARC_POLICY_T *pctx, struct odm_verdict *v_r)
{
	bool below = pctx->org_domain[0] != '\0' && (pctx->nauthors == 0 ||
	    strcmp(pctx->org_domain, pctx->authors[0]) != 0);

	*v_r = (struct odm_verdict){ .tag = ODM_TAG_NONE };
	odm_policy_choose(&pctx->record, below ? ODM_RELATION_EXISTING : ODM_RELATION_SELF, v_r);
}

OPENDMARC_STATUS_T
opendmarc_get_policy_to_enforce(DMARC_POLICY_T *pctx)
{
	static const int status[] = {
		[ODM_POLICY_UNSET]	= DMARC_POLICY_NONE,
		[ODM_POLICY_NONE]	= DMARC_POLICY_NONE,
		[ODM_POLICY_QUARANTINE]	= DMARC_POLICY_QUARANTINE,
		[ODM_POLICY_REJECT]	= DMARC_POLICY_REJECT,
	};
	struct odm_verdict verdict;

	if (pctx == NULL)
		return DMARC_PARSE_ERROR_NULL_CTX;
	if (pctx->text == NULL)
		return DMARC_POLICY_ABSENT;
	if (pctx->nauthors == 0)
		return DMARC_FROM_DOMAIN_ABSENT;
	if (align(pctx))
		return DMARC_POLICY_PASS;
	choose(pctx, &verdict);
	return status[verdict.effective];
}

OPENDMARC_STATUS_T
opendmarc_get_policy_token_used(DMARC_POLICY_T *pctx)
{
	struct odm_verdict verdict;

	if (pctx == NULL)
		return DMARC_PARSE_ERROR_NULL_CTX;
	if (pctx->text == NULL)
		return DMARC_USED_POLICY_IS_P;
	choose(pctx, &verdict);
	return verdict.tag == ODM_TAG_SP ? DMARC_USED_POLICY_IS_SP : DMARC_USED_POLICY_IS_P;
}

OPENDMARC_STATUS_T
opendmarc_policy_fetch_alignment(DMARC_POLICY_T *pctx, int *dkim_alignment, int *spf_alignment)
{
	if (pctx == NULL)
		return DMARC_PARSE_ERROR_NULL_CTX;
	if (dkim_alignment != NULL)
		*dkim_alignment = pctx->dkim_alignment;
	if (spf_alignment != NULL)
		*spf_alignment = pctx->spf_alignment;
	return DMARC_PARSE_OKAY;
}
