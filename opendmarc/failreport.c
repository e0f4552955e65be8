/*
 * failreport.c - from a judged message to an entry in the spool of failure reports.
 */
#include "config.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/failspool.h"
#include "common/log.h"
#include "common/ratelimit.h"
#include "libopendmarc/parse/dkimsig.h"
#include "libopendmarc/parse/uri.h"
#include "opendmarc/failreport.h"
#include "opendmarc/failrule.h"

/* Trouble lasts until somebody acts: one line in this time says it as well as a thousand. */
#define COMPLAINT_MSECS	(60 * 1000)
#define REMINDER_MSECS	(60 * 60 * 1000)

struct dmf_failreporter {
	const struct conf *conf;
	struct failspool *spool;
	struct ratelimit *limit;
	char		 own[ODM_URI_ADDRESS_MAX + 1];	/* of FailureReportsSentBy; "" unknown */
	atomic_llong	 complained_at;		/* resolver_now() clock, 0 never */
	atomic_llong	 reminded_at;
	atomic_llong	 limited_at;
	atomic_ullong	 limited;		/* messages over the limits, not told yet */
};

/* The address in the text of a From field. */
static struct odm_span
own_address(const char *sent_by)
{
	struct odm_span s = odm_span_str(sent_by);
	size_t open = odm_span_rfind(s, '<');

	if (open < s.len) {
		s = odm_span_sub(s, open + 1, s.len);
		s = odm_span_sub(s, 0, odm_span_find(s, '>'));
	}
	return odm_span_trim(s);
}

/* The limits that go on from old, or new ones. NULL: out of memory. */
static struct ratelimit *
limits_for(const struct conf *conf, const struct dmf_failreporter *old)
{
	if (old != NULL &&
	    conf->failure_reports_per_domain == old->conf->failure_reports_per_domain &&
	    conf->failure_reports_total == old->conf->failure_reports_total)
		return ratelimit_ref(old->limit);
	return ratelimit_new((unsigned)conf->failure_reports_per_domain,
	    (unsigned)conf->failure_reports_total);
}

struct dmf_failreporter *
dmf_failreporter_new(const struct conf *conf, const struct dmf_failreporter *old, char *why,
    size_t why_size)
{
	const char *path = conf->failure_reports_spool != NULL ? conf->failure_reports_spool :
	    STATEDIR "/failures";
	struct dmf_failreporter *r = calloc(1, sizeof(*r));

	if (r != NULL) {
		r->conf = conf;
		(void)odm_span_copy(own_address(conf->failure_reports_sent_by), r->own,
		    sizeof(r->own));
		r->limit = limits_for(conf, old);
	}
	if (r == NULL || r->limit == NULL) {
		(void)snprintf(why, why_size, "%s", strerror(ENOMEM));
		dmf_failreporter_free(&r);
		return NULL;
	}
	r->spool = failspool_open(path, why, why_size);
	if (r->spool == NULL)
		dmf_failreporter_free(&r);
	return r;
}

void
dmf_failreporter_free(struct dmf_failreporter **r)
{
	if (*r == NULL)
		return;
	failspool_free(&(*r)->spool);
	ratelimit_free(&(*r)->limit);
	free(*r);
	*r = NULL;
}

void
dmf_failreport_field(struct odm_strbuf *header, const char *name, const char *value)
{
	size_t need = strlen(name) + strlen(value) + 3;

	if (header->failed || need > header->max - header->len)
		return;
	odm_strbuf_adds(header, name);
	odm_strbuf_addc(header, ':');
	/* The MTA keeps the blank after the colon only when asked to. */
	if (!odm_is_fws(value[0]))
		odm_strbuf_addc(header, ' ');
	odm_strbuf_adds(header, value);
	odm_strbuf_addc(header, '\n');
}

/* True once in a period, for one caller. */
static bool
is_due(atomic_llong *last_at, int64_t now_ms, int64_t period)
{
	long long last = atomic_load(last_at);

	return (last == 0 || now_ms - last >= period) &&
	    atomic_compare_exchange_strong(last_at, &last, now_ms);
}

/* True when text holds the address, letter case ignored, and not as a part of a longer one. */
static bool
mentions(struct odm_span text, const char *address)
{
	static const char inner[] = "!#$%&'*+-/=?^_`{|}~.";
	size_t len = strlen(address), i;

	for (i = 0; len > 0 && i + len <= text.len; i++) {
		char before = i > 0 ? text.at[i - 1] : ' ';
		char after = i + len < text.len ? text.at[i + len] : ' ';

		if (odm_span_ieq(odm_span_sub(text, i, i + len), address) &&
		    !odm_is_alnum(before) && strchr(inner, before) == NULL &&
		    !odm_is_alnum(after) && after != '-' && after != '.')
			return true;
	}
	return false;
}

/* True when a From field names our own report address. */
static bool
is_from_us(const struct dmf_failreporter *r, struct odm_span header)
{
	struct odm_span name, value;

	while (failure_field(&header, &name, &value))
		if (odm_span_ieq(name, "From") && mentions(value, r->own))
			return true;
	return false;
}

static void
look_at_dkim(const struct dmf_inputs *inputs, struct dmf_failfacts *facts)
{
	const struct dmf_dkim *d;
	size_t i;

	for (i = 0; (d = dmf_inputs_dkim(inputs, i)) != NULL; i++) {
		switch (d->result) {
		case ODM_RESULT_TEMPERROR:
			facts->dkim_open = true;
			break;
		case ODM_RESULT_FAIL:
		case ODM_RESULT_SOFTFAIL:
		case ODM_RESULT_NEUTRAL:
		case ODM_RESULT_POLICY:
		case ODM_RESULT_PERMERROR:
			facts->dkim_failed = true;
			break;
		case ODM_RESULT_UNKNOWN:
		case ODM_RESULT_NONE:
		case ODM_RESULT_PASS:
			break;
		}
	}
}

/* Bits of enum failure_kind that the message asks for. */
static unsigned
kinds_of(const struct dmf_failreporter *r, const struct dmf_failreport *m)
{
	const struct odm_verdict *v = m->verdict;
	struct dmf_failfacts facts = {
		.result = v->result, .published = v->published, .psd = v->record->psd,
		.fo = v->record->fo, .has_ruf = odm_uri_list_usable(v->record->ruf),
		.has_copy = r->conf->failure_reports_bcc.nwords > 0,
		.on_none = r->conf->failure_reports_on_none,
		.dkim_aligned = v->dkim_aligned, .spf_aligned = v->spf_aligned,
		.spf = dmf_inputs_spf(m->inputs), .null_sender = m->ctx->null_sender,
		.is_report = m->automatic->report,
	};

	look_at_dkim(m->inputs, &facts);
	/* The header is looked at last: most messages are out by then. */
	if (dmf_failrule(&facts) == 0)
		return 0;
	facts.is_ours = is_from_us(r, odm_strbuf_span(m->header));
	return dmf_failrule(&facts);
}

/* The i= of the signature that a result is about, copied into where. */
static const char *
identity_of(struct odm_span header, const struct dmf_dkim *d, char where[FAILURE_VALUE_MAX + 1])
{
	struct odm_span name, value;
	struct odm_dkimsig sig;

	where[0] = '\0';
	while (failure_field(&header, &name, &value)) {
		if (!odm_span_ieq(name, "DKIM-Signature"))
			continue;
		odm_dkimsig_parse(value, &sig);
		if (strcmp(sig.domain, d->domain) == 0 &&
		    (d->selector[0] == '\0' || odm_span_ieq(sig.selector, d->selector)) &&
		    odm_span_copy(sig.identity, where, FAILURE_VALUE_MAX + 1))
			break;
	}
	return where;
}

static void
fill_dkim(const struct dmf_failreport *m, struct failure *f,
    char identities[FAILURE_DKIM_MAX][FAILURE_VALUE_MAX + 1])
{
	const struct dmf_dkim *d;
	size_t i;

	for (i = 0; i < FAILURE_DKIM_MAX && (d = dmf_inputs_dkim(m->inputs, i)) != NULL; i++)
		f->dkim[f->ndkim++] = (struct failure_dkim){ d->result, d->domain, d->selector,
		    identity_of(odm_strbuf_span(m->header), d, identities[i]) };
}

static enum failure_delivery
delivery_of(enum history_action action)
{
	switch (action) {
	case HISTORY_ACTION_REJECT:
		return FAILURE_REJECT;
	case HISTORY_ACTION_QUARANTINE:
	case HISTORY_ACTION_DISCARD:
		return FAILURE_POLICY;
	case HISTORY_ACTION_TEMPFAIL:
		return FAILURE_OTHER;
	case HISTORY_ACTION_ACCEPT:
		return FAILURE_DELIVERED;
	}
	return FAILURE_OTHER;
}

static const char *
or_empty(const char *text)
{
	return text != NULL ? text : "";
}

/* Everything but the texts that have to be copied. */
static void
fill(const struct dmf_failreport *m, unsigned kinds, struct failure *f)
{
	static const char psd[] = { [ODM_PSD_UNKNOWN] = 'u', [ODM_PSD_YES] = 'y',
		[ODM_PSD_NO] = 'n' };
	const struct odm_verdict *v = m->verdict;

	failure_init(f);
	f->job = or_empty(m->job);
	f->reporter = or_empty(m->reporter);
	f->authserv_id = m->ctx->authserv_id;
	f->arrived = m->received;
	f->port = m->port;
	f->helo = or_empty(m->helo);
	f->mail_from = or_empty(m->mail_from);
	f->author_domain = v->author_domain;
	f->policy_domain = v->policy_domain;
	f->org_domain = or_empty(v->org_domain);
	f->fo = v->record->fo;
	f->kinds = kinds;
	f->psd = psd[v->record->psd];
	f->result = odm_dmarc_name(v->result);
	f->published = or_empty(m->decision->published);
	f->disposition = or_empty(m->decision->disposition);
	f->dkim_aligned = v->dkim_aligned;
	f->spf_aligned = v->spf_aligned;
	f->spf = dmf_inputs_spf(m->inputs);
	f->spf_domain = dmf_inputs_spf_domain(m->inputs);
	f->spf_is_helo = m->ctx->null_sender;
	f->delivery = delivery_of(m->decision->history_action);
	f->header = odm_strbuf_span(m->header);
}

/* The usable URIs of the list, as many whole ones as fit into a value. */
static void
copy_ruf(struct odm_span list, char ruf_r[FAILURE_VALUE_MAX + 1])
{
	struct odm_uri uri;
	size_t len = 0, n = 0;

	while (n < ODM_URIS_MAX && odm_uri_next(&list, &uri)) {
		if (uri.malformed || len + 1 + uri.text.len > FAILURE_VALUE_MAX)
			continue;
		if (n++ > 0)
			ruf_r[len++] = ',';
		memcpy(ruf_r + len, uri.text.at, uri.text.len);
		len += uri.text.len;
	}
	ruf_r[len] = '\0';
}

/* Says once in a while what the spool suffers from. */
static void
complain(struct dmf_failreporter *r, const struct dmf_failreport *m,
    enum failspool_outcome outcome, int error, int64_t waiting, int64_t now_ms)
{
	if (outcome != FAILSPOOL_WRITTEN && is_due(&r->complained_at, now_ms, COMPLAINT_MSECS))
		log_write(LOG_LEVEL_ERROR, "%s: spool of failure reports: %s; mail goes on", m->job,
		    outcome == FAILSPOOL_FULL ? "it is full" : strerror(error));
	if (waiting > FAILSPOOL_COLLECT_SECS && is_due(&r->reminded_at, now_ms, REMINDER_MSECS))
		log_write(LOG_LEVEL_WARNING, "failure reports wait since %lld minutes and nobody "
		    "collects them: run opendmarc-failures every few minutes",
		    (long long)(waiting / 60));
}

static bool
spool(struct dmf_failreporter *r, const struct dmf_failreport *m, unsigned kinds,
    int64_t now_ms)
{
	char (*identities)[FAILURE_VALUE_MAX + 1] = calloc(FAILURE_DKIM_MAX, sizeof(*identities));
	char ip[ODM_IP_TEXT_MAX + 1], ruf[FAILURE_VALUE_MAX + 1];
	enum failspool_outcome outcome = FAILSPOOL_FAILED;
	int64_t waiting = 0;
	struct failure f;

	fill(m, kinds, &f);
	odm_ip_format(&m->ctx->client, ip);
	f.ip = ip;
	copy_ruf(m->verdict->record->ruf, ruf);
	f.ruf = ruf;
	if (identities == NULL) {
		errno = ENOMEM;
	} else {
		fill_dkim(m, &f, identities);
		outcome = failspool_write(r->spool, &f, m->received, &waiting);
	}
	complain(r, m, outcome, errno, waiting, now_ms);
	free(identities);
	return outcome == FAILSPOOL_WRITTEN;
}

/* Within the limits? The domains of one organization share. */
static bool
may_report(struct dmf_failreporter *r, const struct dmf_failreport *m, int64_t now_ms)
{
	const struct odm_verdict *v = m->verdict;
	const char *domain = v->org_domain != NULL ? v->org_domain : v->policy_domain;

	if (ratelimit_take(r->limit, domain, now_ms / 1000) == RATELIMIT_GO)
		return true;
	(void)atomic_fetch_add(&r->limited, 1);
	if (is_due(&r->limited_at, now_ms, REMINDER_MSECS))
		log_write(LOG_LEVEL_NOTICE, "%s: no failure report for %s: FailureReportsPerDomain "
		    "or FailureReportsTotal is reached; %llu messages without one since the last "
		    "such line", m->job, domain, atomic_exchange(&r->limited, 0));
	return false;
}

bool
dmf_failreport_note(struct dmf_failreporter *r, const struct dmf_failreport *m, int64_t now_ms)
{
	unsigned kinds;

	/* A message that is refused for now comes again. */
	if (m->verdict->record == NULL || m->verdict->policy_domain == NULL ||
	    m->decision->action == DMF_ACTION_TEMPFAIL || (kinds = kinds_of(r, m)) == 0)
		return false;
	return may_report(r, m, now_ms) && spool(r, m, kinds, now_ms);
}
