/*
 * verdict.c - local policy over the result of an evaluation. RFC 9989, 5.4, 7.4;
 * RFC 7489, 6.6.4.
 */
#include <stdio.h>
#include <string.h>

#include "libopendmarc/core/policy.h"
#include "opendmarc/verdict.h"

static void
set_reply(struct dmf_decision *d, enum dmf_action action, const char *code,
    const char *status, const char *text, const char *domain)
{
	int len;

	d->action = action;
	len = snprintf(d->reply.text, sizeof(d->reply.text), "%s%s", text, domain);
	if (len < 0 || (size_t)len >= sizeof(d->reply.text) ||
	    !odm_span_copy(odm_span_str(code), d->reply.code, sizeof(d->reply.code)) ||
	    !odm_span_copy(odm_span_str(status), d->reply.status, sizeof(d->reply.status)))
		d->reply.code[0] = '\0';
}

static void
add_reason(struct dmf_decision *d, enum history_override type, const char *comment)
{
	if (d->nreasons < DMF_REASONS_MAX)
		d->reasons[d->nreasons++] = (struct dmf_reason){ type, comment };
}

static const char *
policy_word(enum odm_policy policy)
{
	const char *word = odm_policy_name(policy);

	return word != NULL ? word : "none";
}

static enum history_policy
policy_code(enum odm_policy effective)
{
	switch (effective) {
	case ODM_POLICY_REJECT:
		return HISTORY_POLICY_REJECT;
	case ODM_POLICY_QUARANTINE:
		return HISTORY_POLICY_QUARANTINE;
	case ODM_POLICY_UNSET:
	case ODM_POLICY_NONE:
		break;
	}
	return HISTORY_POLICY_NONE;
}

/*
 * A fail. With t=y the effective policy is one step down already, so a tested
 * reject is never rejected. What is delivered against the policy has its reason.
 */
static void
decide_fail(const struct odm_verdict *v, const struct conf *conf, unsigned lot,
    struct dmf_decision *d)
{
	enum odm_policy policy = lot < v->pct ? v->effective : odm_policy_unselected(v->effective);
	const char *domain = v->policy_domain != NULL ? v->policy_domain : v->author_domain;

	d->record = DMF_RECORD_ALWAYS;
	d->effective = policy_word(policy);
	d->history_policy = policy_code(policy);
	if (v->testing && v->effective != v->published)
		add_reason(d, HISTORY_OVERRIDE_TEST_MODE, NULL);
	/* RFC 9990 has no word of its own for it any more. */
	if (policy != v->effective)
		add_reason(d, HISTORY_OVERRIDE_OTHER, "sampled_out");
	if (policy == ODM_POLICY_REJECT && conf->reject_failures) {
		d->disposition = "reject";
		d->history_action = HISTORY_ACTION_REJECT;
		set_reply(d, DMF_ACTION_REJECT, "550", "5.7.1",
		    "rejected by DMARC policy for ", domain);
	} else if (policy == ODM_POLICY_REJECT || policy == ODM_POLICY_QUARANTINE) {
		add_reason(d, HISTORY_OVERRIDE_LOCAL_POLICY, NULL);
	}
}

/*
 * A DNS answer is missing. Delivered unless the administrator asks otherwise; with
 * a known policy the owner of the domain shall read of it, as a fail with its reason.
 */
static void
decide_temperror(const struct odm_verdict *v, const struct conf *conf, struct dmf_decision *d)
{
	if (conf->on_dns_error == CONF_DNS_ERROR_TEMPFAIL) {
		d->history_action = HISTORY_ACTION_TEMPFAIL;
		set_reply(d, DMF_ACTION_TEMPFAIL, "451", "4.7.1",
		    "temporary DNS failure while checking DMARC for ", v->author_domain);
		return;
	}
	d->record = DMF_RECORD_ASKED;
	if (v->record == NULL)
		return;
	d->record = DMF_RECORD_ALWAYS;
	d->history_policy = policy_code(v->effective);
	add_reason(d, HISTORY_OVERRIDE_OTHER, "temperror");
}

void
dmf_decide(const struct odm_verdict *v, const struct conf *conf, unsigned lot,
    struct dmf_decision *d_r)
{
	*d_r = (struct dmf_decision){
		.action = DMF_ACTION_ACCEPT,
		.result = v == NULL ? ODM_DMARC_PERMERROR : v->result,
		.author_domain = v == NULL ? NULL : v->author_domain,
		.published = v == NULL ? "none" : policy_word(v->published),
		.disposition = "none",
		.record = DMF_RECORD_NEVER,
		.history_policy = HISTORY_POLICY_ABSENT,
		.history_action = HISTORY_ACTION_ACCEPT,
	};
	if (v == NULL)
		return;
	switch (v->result) {
	case ODM_DMARC_NONE:
		d_r->record = DMF_RECORD_ASKED;
		break;
	case ODM_DMARC_PASS:
		d_r->record = DMF_RECORD_ALWAYS;
		d_r->history_policy = HISTORY_POLICY_PASS;
		d_r->effective = policy_word(v->effective);
		break;
	case ODM_DMARC_FAIL:
		decide_fail(v, conf, lot, d_r);
		break;
	case ODM_DMARC_TEMPERROR:
		decide_temperror(v, conf, d_r);
		break;
	case ODM_DMARC_PERMERROR:
		break;
	}
}

void
dmf_decide_no_memory(struct dmf_decision *d_r)
{
	*d_r = (struct dmf_decision){
		.result = ODM_DMARC_TEMPERROR,
		.published = "none",
		.disposition = "none",
		.record = DMF_RECORD_NEVER,
		.history_policy = HISTORY_POLICY_ABSENT,
		.history_action = HISTORY_ACTION_TEMPFAIL,
	};
	set_reply(d_r, DMF_ACTION_TEMPFAIL, "451", "4.3.0", "out of memory, try again later", "");
}
