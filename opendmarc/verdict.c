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
    const char *status, const char *text)
{
	d->action = action;
	if (!odm_span_copy(odm_span_str(text), d->reply.text, sizeof(d->reply.text)) ||
	    !odm_span_copy(odm_span_str(code), d->reply.code, sizeof(d->reply.code)) ||
	    !odm_span_copy(odm_span_str(status), d->reply.status, sizeof(d->reply.status)))
		d->reply.code[0] = '\0';
}

/* The administrator's words with the domain where "%s" stands; nothing else is special. */
static void
reject(struct dmf_decision *d, const char *words, const char *domain)
{
	const char *place = strstr(words, "%s");
	char text[DMF_REPLY_MAX + 1];
	int len;

	if (place == NULL)
		len = snprintf(text, sizeof(text), "%s", words);
	else
		len = snprintf(text, sizeof(text), "%.*s%s%s", (int)(place - words), words,
		    domain, place + 2);
	if (len < 0)
		text[0] = '\0';
	d->disposition = "reject";
	d->history_action = HISTORY_ACTION_REJECT;
	set_reply(d, DMF_ACTION_REJECT, "550", "5.7.1", text);
}

static void
hold(struct dmf_decision *d, const char *domain)
{
	int len = snprintf(d->hold, sizeof(d->hold), "quarantined by DMARC policy for %s", domain);

	if (len < 0)
		d->hold[0] = '\0';
	d->disposition = "quarantine";
	d->history_action = HISTORY_ACTION_QUARANTINE;
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

/* A failure under an enforcing policy: what is delivered against it has its reason. */
static void
enforce(const struct dmf_case *c, enum odm_policy policy, const char *domain,
    struct dmf_decision *d)
{
	if (c->override != NULL) {
		add_reason(d, c->override->type, c->override->comment);
		return;
	}
	d->would = policy_word(policy);
	d->copy = c->conf->copy_failures_to != NULL;
	if (policy == ODM_POLICY_REJECT && c->conf->reject_failures)
		reject(d, c->conf->reject_string, domain);
	else if (policy == ODM_POLICY_QUARANTINE && c->conf->hold_quarantined_messages)
		hold(d, domain);
	else
		add_reason(d, HISTORY_OVERRIDE_LOCAL_POLICY, NULL);
}

/* The policy for this message: pct may have taken it one step down. */
static enum odm_policy
selected(const struct dmf_case *c)
{
	return c->lot < c->v->pct ? c->v->effective : odm_policy_unselected(c->v->effective);
}

bool
dmf_enforceable(const struct dmf_case *c)
{
	return c->v != NULL && c->v->result == ODM_DMARC_FAIL &&
	    (selected(c) == ODM_POLICY_REJECT || selected(c) == ODM_POLICY_QUARANTINE);
}

/*
 * A fail. With t=y the effective policy is one step down already, so a tested
 * reject is never rejected.
 */
static void
decide_fail(const struct dmf_case *c, struct dmf_decision *d)
{
	const struct odm_verdict *v = c->v;
	enum odm_policy policy = selected(c);

	d->record = DMF_RECORD_ALWAYS;
	d->effective = policy_word(policy);
	d->history_policy = policy_code(policy);
	if (v->testing && v->effective != v->published)
		add_reason(d, HISTORY_OVERRIDE_TEST_MODE, NULL);
	/* RFC 9990 has no word of its own for it any more. */
	if (policy != v->effective)
		add_reason(d, HISTORY_OVERRIDE_OTHER, "sampled_out");
	if (dmf_enforceable(c))
		enforce(c, policy, v->policy_domain != NULL ? v->policy_domain : v->author_domain, d);
}

/*
 * A DNS answer is missing. Delivered unless the administrator asks otherwise; with
 * a known policy the owner of the domain shall read of it, as a fail with its reason.
 */
static void
decide_temperror(const struct dmf_case *c, struct dmf_decision *d)
{
	const struct odm_verdict *v = c->v;
	char text[DMF_REPLY_MAX + 1];

	if (c->conf->on_dns_error == CONF_DNS_ERROR_TEMPFAIL) {
		d->history_action = HISTORY_ACTION_TEMPFAIL;
		if (snprintf(text, sizeof(text), "temporary DNS failure while checking DMARC for %s",
		    v->author_domain) < 0)
			text[0] = '\0';
		set_reply(d, DMF_ACTION_TEMPFAIL, "451", "4.7.1", text);
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
dmf_decide(const struct dmf_case *c, struct dmf_decision *d_r)
{
	const struct odm_verdict *v = c->v;

	*d_r = (struct dmf_decision){
		.action = DMF_ACTION_ACCEPT,
		.result = v == NULL ? ODM_DMARC_PERMERROR : v->result,
		.author_domain = v == NULL ? NULL : v->author_domain,
		.published = v == NULL ? "none" : policy_word(v->published),
		.disposition = "none",
		.would = "none",
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
		decide_fail(c, d_r);
		break;
	case ODM_DMARC_TEMPERROR:
		decide_temperror(c, d_r);
		break;
	case ODM_DMARC_PERMERROR:
		break;
	}
}

void
dmf_decide_refuse(const char *reason, struct dmf_decision *d_r)
{
	*d_r = (struct dmf_decision){
		.result = ODM_DMARC_PERMERROR,
		.published = "none",
		.disposition = "reject",
		.would = "reject",
		.record = DMF_RECORD_NEVER,
		.history_policy = HISTORY_POLICY_ABSENT,
		.history_action = HISTORY_ACTION_REJECT,
	};
	set_reply(d_r, DMF_ACTION_REJECT, "550", "5.7.1", reason);
}

void
dmf_decide_later(const char *reason, struct dmf_decision *d)
{
	d->record = DMF_RECORD_NEVER;
	d->disposition = "none";
	d->history_action = HISTORY_ACTION_TEMPFAIL;
	d->hold[0] = '\0';
	d->copy = false;
	set_reply(d, DMF_ACTION_TEMPFAIL, "451", "4.3.0", reason);
}
