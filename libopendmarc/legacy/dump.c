/*
 * dump.c - words for people: opendmarc_policy_to_buf(), the context as lines of
 * KEY=value, and opendmarc_policy_status_to_str(). The texts are ABI: do not tidy
 * them, not even DKIM_OUTOME.
 */
#include <errno.h>
#include <netdb.h>
#include <string.h>

#include "libopendmarc/base/nametab.h"
#include "libopendmarc/base/strbuf.h"
#include "libopendmarc/legacy/legacy.h"

static const char *const status_texts[] = {
	[DMARC_PARSE_OKAY] = "Success. No Errors",
	[DMARC_PARSE_ERROR_EMPTY] = "Function called with nothing to parse",
	[DMARC_PARSE_ERROR_NULL_CTX] = "Function called with NULL Context",
	[DMARC_PARSE_ERROR_BAD_VERSION] = "Found DMARC record contained a bad v= value",
	[DMARC_PARSE_ERROR_BAD_VALUE] = "Found DMARC record contained a bad token value",
	[DMARC_PARSE_ERROR_NO_REQUIRED_P] = "Found DMARC record lacked a required p= entry",
	[DMARC_PARSE_ERROR_NO_DOMAIN] = "Function found the domain empty, e.g. \"<>\"",
	[DMARC_PARSE_ERROR_NO_ALLOC] = "Memory allocation error",
	[DMARC_PARSE_ERROR_BAD_SPF_MACRO] = "Attempt to store an illegal value",
	[DMARC_DNS_ERROR_NO_RECORD] = "Looked up domain lacked a DMARC record",
	[DMARC_DNS_ERROR_NXDOMAIN] = "Looked up domain did not exist",
	[DMARC_DNS_ERROR_TMPERR] = "DNS lookup of domain tempfailed",
	[DMARC_TLD_ERROR_UNKNOWN] = "Attempt to load an unknown TLD file type",
	[DMARC_FROM_DOMAIN_ABSENT] = "No From: domain was supplied",
	[DMARC_POLICY_ABSENT] = "Policy up to you. No DMARC record found",
	[DMARC_POLICY_PASS] = "Policy OK so accept message",
	[DMARC_POLICY_REJECT] = "Policy says to reject message",
	[DMARC_POLICY_QUARANTINE] = "Policy says to quarantine message",
	[DMARC_POLICY_NONE] = "Policy says to monitor and report",
};

const char *
opendmarc_policy_status_to_str(OPENDMARC_STATUS_T status)
{
	if (status < 0 || status >= (int)COUNT(status_texts))
		return "Undefine Value";
	return status_texts[status];
}

static const struct odm_name outcomes[] = {
	{ DMARC_POLICY_SPF_OUTCOME_NONE,	"NONE" },
	{ DMARC_POLICY_SPF_OUTCOME_PASS,	"PASS" },
	{ DMARC_POLICY_SPF_OUTCOME_FAIL,	"FAIL" },
	{ DMARC_POLICY_SPF_OUTCOME_TMPFAIL,	"TMPFAIL" },
};

static const struct odm_name origins[] = {
	{ DMARC_POLICY_SPF_ORIGIN_MAILFROM,	"MAILFROM" },
	{ DMARC_POLICY_SPF_ORIGIN_HELO,		"HELO" },
};

static const struct odm_name host_errors[] = {
	{ HOST_NOT_FOUND,	"HOST_NOT_FOUND" },
	{ TRY_AGAIN,		"TRY_AGAIN" },
	{ NO_RECOVERY,		"NO_RECOVERY" },
	{ NO_DATA,		"NO_DATA" },
};

static const struct odm_name modes[] = {
	{ DMARC_RECORD_A_UNSPECIFIED,	"UNSPECIFIED" },
	{ DMARC_RECORD_A_STRICT,	"STRICT" },
	{ DMARC_RECORD_A_RELAXED,	"RELAXED" },
};

static const struct odm_name policies[] = {
	{ DMARC_RECORD_P_UNSPECIFIED,	"UNSPECIFIED" },
	{ DMARC_RECORD_P_NONE,		"NONE" },
	{ DMARC_RECORD_P_QUARANTINE,	"QUARANTINE" },
	{ DMARC_RECORD_P_REJECT,	"REJECT" },
};

static const struct odm_name fo_options[] = {
	{ DMARC_RECORD_FO_0,	"0:" },
	{ DMARC_RECORD_FO_1,	"1:" },
	{ DMARC_RECORD_FO_D,	"d:" },
	{ DMARC_RECORD_FO_S,	"s:" },
};

/* One line; NULL stands for no value. */
static void
put(struct odm_strbuf *b, const char *key, const char *value)
{
	odm_strbuf_addf(b, "%s=%s\n", key, value == NULL ? "" : value);
}

#define NAME(table, value)	odm_name_of(table, COUNT(table), value)

/* The value of one of the getters, which cannot fail here. */
static int
value_of(DMARC_POLICY_T *pctx, OPENDMARC_STATUS_T (*fetch)(DMARC_POLICY_T *, int *))
{
	int value = 0;

	(void)fetch(pctx, &value);
	return value;
}

static void
put_facts(struct odm_strbuf *b, const DMARC_POLICY_T *pctx)
{
	put(b, "IP_ADDR", pctx->ip);
	put(b, "IP_TYPE", pctx->ip == NULL ? "" : pctx->is_ipv6 ? "IPv6" : "IPv4");
	put(b, "SPF_DOMAIN", pctx->spf_domain);
	put(b, "SPF_ORIGIN", NAME(origins, pctx->spf_origin));
	put(b, "SPF_OUTCOME", NAME(outcomes, pctx->spf_outcome));
	put(b, "SPF_HUMAN_OUTCOME", pctx->spf_human);
	put(b, "DKIM_FINAL", pctx->best.rank == LEGACY_RANK_EXACT ? "TRUE" : "FALSE");
	put(b, "DKIM_DOMAIN", pctx->best.domain);
	put(b, "DKIM_SELECTOR", pctx->best.selector);
	put(b, "DKIM_OUTOME", NAME(outcomes, pctx->best.outcome));
	put(b, "DKIM_HUMAN_OUTCOME", pctx->best.human);
	put(b, "DKIM_ALIGNMENT",
	    pctx->dkim_alignment == DMARC_POLICY_DKIM_ALIGNMENT_PASS ? "PASS" : "FAIL");
	put(b, "SPF_ALIGNMENT",
	    pctx->spf_alignment == DMARC_POLICY_SPF_ALIGNMENT_PASS ? "PASS" : "FAIL");
	put(b, "H_ERRNO", NAME(host_errors, pctx->host_errno));
}

static void
put_uris(struct odm_strbuf *b, const char *key, u_char **uris)
{
	const char *comma = "";

	odm_strbuf_addf(b, "%s=", key);
	for (; uris != NULL && *uris != NULL; uris++, comma = ",")
		odm_strbuf_addf(b, "%s%s", comma, (const char *)*uris);
	odm_strbuf_addc(b, '\n');
}

static void
put_fo(struct odm_strbuf *b, const DMARC_POLICY_T *pctx)
{
	size_t i;

	odm_strbuf_adds(b, "FO=");
	if (pctx->text == NULL)
		odm_strbuf_adds(b, "UNSPECIFIED");
	for (i = 0; pctx->text != NULL && i < COUNT(fo_options); i++)
		if ((pctx->record.fo & (unsigned)fo_options[i].value) != 0)
			odm_strbuf_adds(b, fo_options[i].name);
	odm_strbuf_addc(b, '\n');
}

static void
put_record(struct odm_strbuf *b, DMARC_POLICY_T *pctx)
{
	put(b, "ADKIM", NAME(modes, value_of(pctx, opendmarc_policy_fetch_adkim)));
	put(b, "ASPF", NAME(modes, value_of(pctx, opendmarc_policy_fetch_aspf)));
	put(b, "P", NAME(policies, value_of(pctx, opendmarc_policy_fetch_p)));
	put(b, "SP", NAME(policies, value_of(pctx, opendmarc_policy_fetch_sp)));
	odm_strbuf_addf(b, "PCT=%d\n", value_of(pctx, opendmarc_policy_fetch_pct));
	/* rf and ri are history (RFC 9989, appendix C); these are their defaults. */
	put(b, "RF", pctx->text == NULL ? "UNSPECIFIED" : "AFRF");
	put(b, "RI", pctx->text == NULL ? "0" : "86400");
	put_uris(b, "RUA", pctx->rua);
	put_uris(b, "RUF", pctx->ruf);
	put_fo(b, pctx);
}

int
opendmarc_policy_to_buf(DMARC_POLICY_T *pctx, char *buf, size_t buflen)
{
	struct odm_strbuf b;
	int error = 0;

	if (pctx == NULL || buf == NULL || buflen == 0)
		return EINVAL;
	odm_strbuf_init(&b, buflen - 1);
	put_facts(&b, pctx);
	put_record(&b, pctx);
	if (b.failed)
		error = E2BIG;
	else
		memcpy(buf, b.at, b.len + 1);
	odm_strbuf_free(&b);
	return error;
}
