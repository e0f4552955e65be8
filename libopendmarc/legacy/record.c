/*
 * record.c - opendmarc_policy_parse_dmarc() and opendmarc_policy_store_dmarc():
 * the record of a context. RFC 9989, 4.7 and 4.8.
 */
#include <stdlib.h>
#include <string.h>

#include "libopendmarc/base/domain.h"
#include "libopendmarc/core/policy.h"
#include "libopendmarc/legacy/legacy.h"
#include "libopendmarc/parse/uri.h"

const char *
legacy_policy_domain(const DMARC_POLICY_T *pctx)
{
	if (pctx->org_domain[0] != '\0')
		return pctx->org_domain;
	return pctx->nauthors > 0 ? pctx->authors[0] : "";
}

void
legacy_set_author(DMARC_POLICY_T *pctx, const char *domain)
{
	if (pctx->nauthors > 0 && strcmp(pctx->authors[0], domain) == 0)
		return;
	memcpy(pctx->authors[0], domain, strlen(domain) + 1);
	pctx->nauthors = 1;
}

static void
forget_record(DMARC_POLICY_T *pctx)
{
	free(pctx->text);
	pctx->text = NULL;
	pctx->rua = opendmarc_util_clearargv(pctx->rua);
	pctx->ruf = opendmarc_util_clearargv(pctx->ruf);
	pctx->dkim_alignment = pctx->spf_alignment = 0;
}

/* One URI as published, but without white space. NULL: out of memory. */
static u_char *
uri_text(struct odm_span text)
{
	u_char *copy = malloc(text.len + 1);
	size_t i, n = 0;

	if (copy == NULL)
		return NULL;
	for (i = 0; i < text.len; i++)
		if (!odm_is_fws(text.at[i]))
			copy[n++] = (u_char)text.at[i];
	copy[n] = '\0';
	return copy;
}

/*
 * The URIs of a list as an array, NULL for an empty list. False: out of memory.
 * Malformed members are in it too: what the owner wrote is shown, not judged.
 */
static bool
uri_array(struct odm_span list, u_char ***uris_r)
{
	struct odm_span rest = list;
	struct odm_uri uri;
	u_char **uris;
	size_t n = 0;

	while (odm_uri_next(&rest, &uri))
		n++;
	*uris_r = NULL;
	if (n == 0)
		return true;
	uris = calloc(n + 1, sizeof(*uris));
	if (uris == NULL)
		return false;
	for (n = 0, rest = list; odm_uri_next(&rest, &uri); n++) {
		uris[n] = uri_text(uri.text);
		if (uris[n] == NULL) {
			(void)opendmarc_util_clearargv(uris);
			return false;
		}
	}
	*uris_r = uris;
	return true;
}

int
legacy_set_record(DMARC_POLICY_T *pctx, struct odm_span text)
{
	struct odm_record *record = &pctx->record;
	struct odm_span copy;

	forget_record(pctx);
	if (text.len == 0)
		return DMARC_PARSE_ERROR_EMPTY;
	copy.at = pctx->text = malloc(text.len);
	copy.len = text.len;
	if (pctx->text == NULL)
		return DMARC_PARSE_ERROR_NO_ALLOC;
	memcpy(pctx->text, text.at, text.len);

	if (!odm_record_parse(copy, record)) {
		forget_record(pctx);
		return DMARC_PARSE_ERROR_BAD_VERSION;
	}
	if (!odm_policy_usable(record)) {
		int status = record->policy_invalid ? DMARC_PARSE_ERROR_BAD_VALUE :
		    DMARC_PARSE_ERROR_NO_REQUIRED_P;

		forget_record(pctx);
		return status;
	}
	if (!uri_array(record->rua, &pctx->rua) || !uri_array(record->ruf, &pctx->ruf)) {
		forget_record(pctx);
		return DMARC_PARSE_ERROR_NO_ALLOC;
	}
	return DMARC_PARSE_OKAY;
}

OPENDMARC_STATUS_T
opendmarc_policy_parse_dmarc(DMARC_POLICY_T *pctx, u_char *domain, u_char *record)
{
	char name[ODM_NAME_MAX + 1];
	int status;

	if (pctx == NULL)
		return DMARC_PARSE_ERROR_NULL_CTX;
	if (domain == NULL || record == NULL || record[0] == '\0')
		return DMARC_PARSE_ERROR_EMPTY;

	status = legacy_set_record(pctx, odm_span_str((const char *)record));
	if (status == DMARC_PARSE_OKAY && pctx->nauthors == 0 && legacy_domain_of(domain, name))
		legacy_set_author(pctx, name);
	return status;
}

OPENDMARC_STATUS_T
opendmarc_policy_store_dmarc(DMARC_POLICY_T *pctx, u_char *dmarc_record, u_char *domain,
    u_char *organizationaldomain)
{
	char name[ODM_NAME_MAX + 1], org[ODM_NAME_MAX + 1] = "";
	int status;

	if (pctx == NULL)
		return DMARC_PARSE_ERROR_NULL_CTX;
	if (dmarc_record == NULL || dmarc_record[0] == '\0')
		return DMARC_PARSE_ERROR_EMPTY;
	if (domain == NULL || domain[0] == '\0' || !legacy_domain_of(domain, name))
		return DMARC_PARSE_ERROR_NO_DOMAIN;
	if (organizationaldomain != NULL && organizationaldomain[0] != '\0' &&
	    !legacy_domain_of(organizationaldomain, org))
		return DMARC_PARSE_ERROR_NO_DOMAIN;

	status = legacy_set_record(pctx, odm_span_str((const char *)dmarc_record));
	if (status != DMARC_PARSE_OKAY)
		return status;
	legacy_set_author(pctx, name);
	memcpy(pctx->org_domain, org, sizeof(org));
	return DMARC_PARSE_OKAY;
}
