/*
 * histrec.c - verdict, inputs and decision as a record of the history file.
 */
#include "libopendmarc/parse/uri.h"
#include "opendmarc/histrec.h"

static bool
set_text(char **member, const char *text)
{
	return history_set(member, odm_span_str(text));
}

static char
policy_letter(enum odm_policy policy)
{
	const char *word = odm_policy_name(policy);

	return word != NULL ? word[0] : '\0';
}

/* The list has its own limit, above what a message can bring: reaching it is no trouble. */
static bool
fill_dkim(const struct dmf_inputs *inputs, struct history_record *rec)
{
	const struct dmf_dkim *d;
	size_t i;

	for (i = 0; (d = dmf_inputs_dkim(inputs, i)) != NULL && i < HISTORY_DKIM_MAX; i++)
		if (!history_add_dkim(rec, odm_span_str(d->domain), odm_span_str(d->selector),
		    history_code(d->result)))
			return false;
	return true;
}

static bool
fill_rua(struct odm_span rest, struct history_record *rec)
{
	struct odm_uri uri;
	size_t i = 0;

	while (i < ODM_URIS_MAX && odm_uri_next(&rest, &uri)) {
		if (uri.malformed)
			continue;
		if (!history_add_rua(rec, uri.text))
			return false;
		i++;
	}
	return true;
}

static bool
fill_policy(const struct odm_verdict *v, const struct dmf_decision *d,
    struct history_record *rec)
{
	static const char psd[] = { [ODM_PSD_UNKNOWN] = 'u', [ODM_PSD_YES] = 'y',
		[ODM_PSD_NO] = 'n' };
	const struct odm_record *r = v->record;

	rec->pct = (int)r->pct;
	rec->adkim = r->adkim == ODM_ALIGNMENT_STRICT ? 's' : 'r';
	rec->aspf = r->aspf == ODM_ALIGNMENT_STRICT ? 's' : 'r';
	/* A record that counts as p=none is told as what it counts for: RFC 9990, 3.1.1.5. */
	rec->p = v->tag == ODM_TAG_NONE ? 'n' : policy_letter(r->p);
	if (v->tag != ODM_TAG_NONE) {
		rec->sp = policy_letter(r->sp);
		rec->np = policy_letter(r->np);
	}
	rec->fo = (int)r->fo;
	rec->psd = psd[r->psd];
	rec->testing = v->discovery == ODM_DISCOVERY_TREEWALK && (r->testing || r->pct_zero);
	rec->effective = d->effective != NULL ? d->effective[0] : policy_letter(v->effective);
	rec->align_dkim = v->dkim_aligned ? HISTORY_ALIGN_PASS : HISTORY_ALIGN_FAIL;
	rec->align_spf = v->spf_aligned ? HISTORY_ALIGN_PASS : HISTORY_ALIGN_FAIL;
	return fill_rua(r->rua, rec) &&
	    set_text(&rec->discovery, odm_discovery_name(v->discovery));
}

/* One SPF value for decision and record: the settled one. */
static bool
fill_spf(const struct dmf_histrec *src, struct history_record *rec)
{
	enum odm_result spf = dmf_inputs_spf(src->inputs);

	if (spf == ODM_RESULT_UNKNOWN) {
		rec->spf = -1;
		rec->spf_scope = HISTORY_SPF_UNKNOWN;
		return true;
	}
	rec->spf = history_code(spf);
	rec->spf_scope = src->ctx->null_sender ? HISTORY_SPF_HELO : HISTORY_SPF_MAILFROM;
	return set_text(&rec->spf_domain, dmf_inputs_spf_domain(src->inputs));
}

static bool
fill_reasons(const struct dmf_decision *d, struct history_record *rec)
{
	size_t i;

	for (i = 0; i < d->nreasons; i++)
		if (!history_add_reason(rec, d->reasons[i].type,
		    odm_span_str(d->reasons[i].comment)))
			return false;
	return true;
}

/* 0 and 7, 0 and 2: the numbers of history.h for pass, and for everything else. */
static bool
fill_arc(const struct dmf_histrec *src, struct history_record *rec)
{
	const struct dmf_arc_seal *seal;
	struct odm_span selector;
	size_t i;

	rec->arc = dmf_inputs_arc(src->inputs) == ODM_RESULT_PASS ? 0 : 7;
	rec->arc_policy = src->arc_trusted ? 0 : 2;
	for (i = 0; (seal = dmf_inputs_arc_seal(src->inputs, i)) != NULL; i++) {
		selector = seal->selector;
		if (selector.len > DMF_ID_MAX)
			selector.len = DMF_ID_MAX;
		if (!history_add_arcseal(rec, seal->instance, odm_span_str(seal->domain),
		    selector, odm_span_str(seal->ip)))
			return false;
	}
	return true;
}

bool
dmf_histrec_fill(const struct dmf_histrec *src, struct history_record *rec)
{
	const struct odm_verdict *v = src->verdict;
	const char *pdomain = v->policy_domain;
	char ip[ODM_IP_TEXT_MAX + 1];

	if (pdomain == NULL)
		pdomain = v->org_domain != NULL ? v->org_domain : v->author_domain;
	odm_ip_format(&src->ctx->client, ip);
	rec->received = src->received;
	rec->policy = (int)src->decision->history_policy;
	rec->action = (int)src->decision->history_action;
	rec->align_dkim = rec->align_spf = HISTORY_ALIGN_NOT_EVALUATED;
	rec->automatic = dmf_automatic_kind(src->automatic, src->ctx->null_sender, v->result);
	return set_text(&rec->job, src->job) && set_text(&rec->reporter, src->reporter) &&
	    set_text(&rec->ipaddr, ip) && set_text(&rec->from, v->author_domain) &&
	    set_text(&rec->mfrom, src->ctx->sender_domain) &&
	    set_text(&rec->pdomain, pdomain) && set_text(&rec->id, src->identity) &&
	    fill_dkim(src->inputs, rec) && fill_spf(src, rec) && fill_arc(src, rec) &&
	    (v->record == NULL || fill_policy(v, src->decision, rec)) && fill_reasons(src->decision, rec);
}
