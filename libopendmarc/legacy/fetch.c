/*
 * fetch.c - opendmarc_policy_fetch_*(): the 1.x getters over a record.
 * Argument checks and numbers are ABI, odd ones included: do not tidy them.
 */
#include <stdlib.h>
#include <string.h>

#include "libopendmarc/core/policy.h"
#include "libopendmarc/legacy/legacy.h"

/* The checks that all getters of a number share; 0 in *value without a record. */
static OPENDMARC_STATUS_T
start_fetch(const DMARC_POLICY_T *pctx, int *value)
{
	if (pctx == NULL)
		return DMARC_PARSE_ERROR_NULL_CTX;
	if (value == NULL)
		return DMARC_PARSE_ERROR_EMPTY;
	*value = 0;
	return DMARC_PARSE_OKAY;
}

static int
policy_letter(enum odm_policy policy)
{
	static const int letters[] = {
		[ODM_POLICY_UNSET]	= DMARC_RECORD_P_UNSPECIFIED,
		[ODM_POLICY_NONE]	= DMARC_RECORD_P_NONE,
		[ODM_POLICY_QUARANTINE]	= DMARC_RECORD_P_QUARANTINE,
		[ODM_POLICY_REJECT]	= DMARC_RECORD_P_REJECT,
	};

	return letters[policy];
}

/* A record whose policy is unusable but that can be reported to counts as p=none. */
static bool
is_assumed_none(const struct odm_record *record)
{
	return record->p == ODM_POLICY_UNSET || record->policy_invalid;
}

OPENDMARC_STATUS_T
opendmarc_policy_fetch_p(DMARC_POLICY_T *pctx, int *value)
{
	OPENDMARC_STATUS_T status = start_fetch(pctx, value);

	if (status == DMARC_PARSE_OKAY && pctx->text != NULL)
		*value = is_assumed_none(&pctx->record) ? DMARC_RECORD_P_NONE :
		    policy_letter(pctx->record.p);
	return status;
}

OPENDMARC_STATUS_T
opendmarc_policy_fetch_sp(DMARC_POLICY_T *pctx, int *value)
{
	OPENDMARC_STATUS_T status = start_fetch(pctx, value);

	if (status == DMARC_PARSE_OKAY && pctx->text != NULL && !is_assumed_none(&pctx->record))
		*value = policy_letter(pctx->record.sp);
	return status;
}

OPENDMARC_STATUS_T
opendmarc_policy_fetch_pct(DMARC_POLICY_T *pctx, int *value)
{
	OPENDMARC_STATUS_T status = start_fetch(pctx, value);

	if (status == DMARC_PARSE_OKAY && pctx->text != NULL)
		*value = (int)pctx->record.pct;
	return status;
}

static int
mode_letter(enum odm_alignment_mode mode)
{
	return mode == ODM_ALIGNMENT_STRICT ? DMARC_RECORD_A_STRICT : DMARC_RECORD_A_RELAXED;
}

OPENDMARC_STATUS_T
opendmarc_policy_fetch_adkim(DMARC_POLICY_T *pctx, int *value)
{
	OPENDMARC_STATUS_T status = start_fetch(pctx, value);

	if (status == DMARC_PARSE_OKAY && pctx->text != NULL)
		*value = mode_letter(pctx->record.adkim);
	return status;
}

OPENDMARC_STATUS_T
opendmarc_policy_fetch_aspf(DMARC_POLICY_T *pctx, int *value)
{
	OPENDMARC_STATUS_T status = start_fetch(pctx, value);

	if (status == DMARC_PARSE_OKAY && pctx->text != NULL)
		*value = mode_letter(pctx->record.aspf);
	return status;
}

OPENDMARC_STATUS_T
opendmarc_policy_fetch_fo(DMARC_POLICY_T *pctx, int *value)
{
	OPENDMARC_STATUS_T status = start_fetch(pctx, value);

	/* The bits of enum odm_fo are those of DMARC_RECORD_FO_. */
	if (status == DMARC_PARSE_OKAY && pctx->text != NULL && pctx->ruf != NULL)
		*value = (int)pctx->record.fo;
	return status;
}

OPENDMARC_STATUS_T
opendmarc_policy_fetch_rf(DMARC_POLICY_T *pctx, int *value)
{
	OPENDMARC_STATUS_T status = start_fetch(pctx, value);

	/* RFC 9991 knows one format, that of RFC 6591. */
	if (status == DMARC_PARSE_OKAY && pctx->text != NULL && pctx->ruf != NULL)
		*value = DMARC_RECORD_RF_AFRF;
	return status;
}

static OPENDMARC_STATUS_T
fetch_domain(const DMARC_POLICY_T *pctx, const char *domain, u_char *buf, size_t buflen)
{
	if (pctx == NULL)
		return DMARC_PARSE_ERROR_NULL_CTX;
	if (buf == NULL || buflen == 0)
		return DMARC_PARSE_ERROR_EMPTY;
	if (domain[0] == '\0')
		return DMARC_PARSE_ERROR_NO_DOMAIN;
	if (strlcpy((char *)buf, domain, buflen) < buflen)
		return DMARC_PARSE_OKAY;
	/* Part of a name would be the name of somebody else. */
	buf[0] = '\0';
	return DMARC_PARSE_ERROR_NO_ALLOC;
}

OPENDMARC_STATUS_T
opendmarc_policy_fetch_utilized_domain(DMARC_POLICY_T *pctx, u_char *buf, size_t buflen)
{
	return fetch_domain(pctx, pctx == NULL ? "" : legacy_policy_domain(pctx), buf, buflen);
}

OPENDMARC_STATUS_T
opendmarc_policy_fetch_from_domain(DMARC_POLICY_T *pctx, u_char *buf, size_t buflen)
{
	return fetch_domain(pctx, pctx == NULL || pctx->nauthors == 0 ? "" : pctx->authors[0],
	    buf, buflen);
}

/* Writes the URIs that agree to reports, comma between them, as many as fit. */
static void
write_destinations(DMARC_POLICY_T *pctx, u_char **uris, enum odm_report_kind kind,
    char *buf, size_t size)
{
	size_t used = 0, len;
	struct odm_span uri;

	buf[0] = '\0';
	for (; *uris != NULL; uris++) {
		uri = odm_span_str((const char *)*uris);
		len = uri.len + (used > 0 ? 1 : 0);
		if (len >= size - used ||
		    legacy_query_destination(pctx, uri, kind) != DMARC_PARSE_OKAY)
			continue;
		if (used > 0)
			buf[used++] = ',';
		memcpy(buf + used, uri.at, uri.len + 1);
		used += uri.len;
	}
}

static u_char **
copy_array(u_char **from)
{
	u_char **copy;
	size_t n;

	for (n = 0; from[n] != NULL; n++)
		;
	copy = calloc(n + 1, sizeof(*copy));
	if (copy == NULL)
		return NULL;
	while (n-- > 0) {
		copy[n] = (u_char *)strdup((const char *)from[n]);
		if (copy[n] == NULL) {
			/* The rest was not copied yet; it starts behind the gap. */
			for (n++; copy[n] != NULL; n++)
				free(copy[n]);
			free(copy);
			return NULL;
		}
	}
	return copy;
}

static u_char **
fetch_uris(DMARC_POLICY_T *pctx, enum odm_report_kind kind, u_char *list_buf,
    size_t size_of_buf, int constant)
{
	u_char **uris;

	if (list_buf != NULL && size_of_buf > 0)
		list_buf[0] = '\0';
	if (pctx == NULL)
		return NULL;
	uris = kind == ODM_REPORT_AGGREGATE ? pctx->rua : pctx->ruf;
	if (uris == NULL)
		return NULL;
	if (list_buf != NULL && size_of_buf > 0)
		write_destinations(pctx, uris, kind, (char *)list_buf, size_of_buf);
	return constant != 0 ? uris : copy_array(uris);
}

u_char **
opendmarc_policy_fetch_rua(DMARC_POLICY_T *pctx, u_char *list_buf, size_t size_of_buf, int constant)
{
	return fetch_uris(pctx, ODM_REPORT_AGGREGATE, list_buf, size_of_buf, constant);
}

u_char **
opendmarc_policy_fetch_ruf(DMARC_POLICY_T *pctx, u_char *list_buf, size_t size_of_buf, int constant)
{
	return fetch_uris(pctx, ODM_REPORT_FAILURE, list_buf, size_of_buf, constant);
}

u_char **
opendmarc_util_clearargv(u_char **ary)
{
	u_char **at;

	for (at = ary; at != NULL && *at != NULL; at++)
		free(*at);
	free(ary);
	return NULL;
}
