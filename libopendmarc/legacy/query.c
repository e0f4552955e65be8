/*
 * query.c - opendmarc_policy_query_dmarc*(): the calls of the 1.x API that ask the
 * DNS. Policy discovery with a public suffix list, RFC 7489, 6.6.3; permission of
 * report destinations, RFC 9990, 4.
 */
#include <string.h>

#include "libopendmarc/base/domain.h"
#include "libopendmarc/core/extdest.h"
#include "libopendmarc/core/walk.h"
#include "libopendmarc/legacy/legacy.h"
#include "libopendmarc/parse/uri.h"

/*
 * Looks for the record of one name. OKAY with *text_r, owned by qs; or
 * NO_RECORD, TMPERR, NO_ALLOC.
 */
static int
find_record(DMARC_POLICY_T *pctx, struct odm_questions *qs, const char *name,
    struct odm_span *text_r)
{
	const struct odm_answer *answer;
	struct odm_record record;
	enum odm_walk_state state;
	struct odm_walk walk;
	size_t i;

	odm_walk_init(&walk, name);
	while ((state = odm_walk_first(&walk, qs)) == ODM_WALK_OPEN)
		if (legacy_answer_all(qs, &pctx->host_errno) != 0)
			return DMARC_PARSE_ERROR_NO_ALLOC;
	if (state == ODM_WALK_FAILED)
		return DMARC_DNS_ERROR_TMPERR;
	if (odm_walk_record_at(&walk, walk.subject) == NULL)
		return DMARC_DNS_ERROR_NO_RECORD;

	answer = odm_questions_answer(qs, walk.steps[0].question);
	for (i = 0; i < answer->ntxt; i++)
		if (odm_record_parse(answer->txt[i], &record))
			*text_r = answer->txt[i];
	return DMARC_PARSE_OKAY;
}

static int
discover(DMARC_POLICY_T *pctx, struct odm_questions *qs, const char *domain)
{
	char org[ODM_NAME_MAX + 1];
	struct legacy_psl *psl;
	struct odm_span text;
	int status;

	pctx->org_domain[0] = '\0';
	status = find_record(pctx, qs, domain, &text);
	if (status == DMARC_DNS_ERROR_NO_RECORD) {
		psl = legacy_psl_get();
		legacy_orgdomain(psl, domain, org);
		legacy_psl_put(psl);
		memcpy(pctx->org_domain, org, sizeof(org));
		if (strcmp(org, domain) != 0)
			status = find_record(pctx, qs, org, &text);
	}
	return status == DMARC_PARSE_OKAY ? legacy_set_record(pctx, text) : status;
}

OPENDMARC_STATUS_T
opendmarc_policy_query_dmarc(DMARC_POLICY_T *pctx, u_char *domain)
{
	char name[ODM_NAME_MAX + 1];
	struct odm_questions *qs;
	int status;

	if (pctx == NULL)
		return DMARC_PARSE_ERROR_NULL_CTX;
	if (domain != NULL && domain[0] != '\0') {
		if (!legacy_domain_of(domain, name))
			return DMARC_PARSE_ERROR_NO_DOMAIN;
	} else if (pctx->nauthors > 0) {
		memcpy(name, pctx->authors[0], sizeof(name));
	} else {
		return DMARC_PARSE_ERROR_EMPTY;
	}

	qs = odm_questions_new();
	if (qs == NULL)
		return DMARC_PARSE_ERROR_NO_ALLOC;
	status = discover(pctx, qs, name);
	odm_questions_free(&qs);
	if (status == DMARC_PARSE_OKAY && pctx->nauthors == 0)
		legacy_set_author(pctx, name);
	return status;
}

/* The host that a URI names; of text that is no URI, the domain behind "@". */
static bool
host_of(struct odm_span uri, char host_r[ODM_NAME_MAX + 1])
{
	struct odm_span rest = uri;
	struct odm_uri parsed;

	if (odm_uri_next(&rest, &parsed) && !parsed.malformed && parsed.host[0] != '\0') {
		memcpy(host_r, parsed.host, sizeof(parsed.host));
		return true;
	}
	return odm_domain_normalise(odm_domain_of_address(odm_span_trim(uri)), host_r);
}

/* Runs the check to its end. */
static int
ask_permission(DMARC_POLICY_T *pctx, struct odm_extdest_check *check)
{
	for (;;) {
		switch (odm_extdest_run(check)) {
		case ODM_EXTDEST_OPEN:
			if (legacy_answer_all(odm_extdest_questions(check), &pctx->host_errno) != 0)
				return DMARC_PARSE_ERROR_NO_ALLOC;
			break;
		case ODM_EXTDEST_INTERNAL:
		case ODM_EXTDEST_VERIFIED:
			return DMARC_PARSE_OKAY;
		case ODM_EXTDEST_REFUSED:
			return DMARC_DNS_ERROR_NO_RECORD;
		case ODM_EXTDEST_TEMPERROR:
			return DMARC_DNS_ERROR_TMPERR;
		}
	}
}

int
legacy_query_destination(DMARC_POLICY_T *pctx, struct odm_span uri, enum odm_report_kind kind)
{
	const char *domain = legacy_policy_domain(pctx);
	struct odm_extdest_check *check;
	char host[ODM_NAME_MAX + 1];
	struct legacy_psl *psl;
	bool internal;
	int status;

	if (domain[0] == '\0' || !host_of(uri, host))
		return DMARC_PARSE_ERROR_NO_DOMAIN;

	psl = legacy_psl_get();
	internal = legacy_aligned(psl, host, domain, false);
	legacy_psl_put(psl);
	if (internal)
		return DMARC_PARSE_OKAY;

	check = odm_extdest_new(domain, host, kind);
	if (check == NULL)
		return DMARC_PARSE_ERROR_NO_ALLOC;
	status = ask_permission(pctx, check);
	odm_extdest_free(&check);
	return status;
}

OPENDMARC_STATUS_T
opendmarc_policy_query_dmarc_xdomain(DMARC_POLICY_T *pctx, u_char *uri)
{
	if (pctx == NULL)
		return DMARC_PARSE_ERROR_NULL_CTX;
	if (uri == NULL)
		return DMARC_PARSE_ERROR_EMPTY;
	return legacy_query_destination(pctx, odm_span_str((const char *)uri),
	    ODM_REPORT_AGGREGATE);
}
