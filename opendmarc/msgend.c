/*
 * msgend.c - the end of a message: collects the answers, decides, tells the log.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/log.h"
#include "opendmarc/decisionlog.h"
#include "opendmarc/ignore.h"
#include "opendmarc/msg_private.h"
#include "opendmarc/override.h"

#define UNKNOWN_JOB	"(unknown-jobid)"

/* How a decision came about, for log and counters. */
struct course {
	const struct odm_verdict *v;	/* NULL: nothing was evaluated */
	const char	*refusal;	/* what decided instead; NULL nothing */
	int64_t		 dns_usecs;	/* spent waiting for the DNS */
};

/* Why the form of the message is refused; NULL: it is not. Logs what is odd about it. */
static const char *
form_fault(const struct dmf_msg *m)
{
	const struct conf *c = dmf_msg_env(m)->conf;
	const char *job = m->orders.job, *fault;

	fault = c->required_headers ? dmf_headform_fault(&m->form) : NULL;
	if (fault != NULL) {
		log_write(LOG_LEVEL_INFO, "%s: RFC5322 requirement error: %s", job, fault);
		return fault;
	}
	if (m->nfrom == 0) {
		log_write(LOG_LEVEL_INFO, "%s: RFC5322 requirement error: missing From field; %s",
		    job, c->required_from ? "reject" : "accepting");
		return c->required_from ? "missing From field" : NULL;
	}
	if (m->nauthors == 0) {
		log_write(LOG_LEVEL_ERROR, "%s: unable to parse From header field", job);
		return c->required_from || c->required_headers ?
		    "unable to parse From header field" : NULL;
	}
	if (m->nfrom == 1 && m->nauthors == 1)
		return NULL;
	log_write(LOG_LEVEL_ERROR, "%s: multi-valued From field detected", job);
	return c->reject_multi_value_from ? "multi-valued From field" : NULL;
}

/* What the fields say, and the walks of DKIM identities started. False: out of memory. */
static bool
read_inputs(struct dmf_msg *m, const struct dmf_context *ctx)
{
	const struct dmf_dkim *d;
	size_t i;

	m->inputs = dmf_inputs_read(ctx, &m->fields);
	if (m->inputs == NULL)
		return false;
	if (m->evaluation == NULL || m->nfrom > 1)
		return true;	/* several From fields are evaluated, but never pass */
	for (i = 0; (d = dmf_inputs_dkim(m->inputs, i)) != NULL; i++)
		if (d->aligns)
			dmf_evaluation_add_dkim(m->evaluation, d->result, d->domain);
	return true;
}

static void
settle_spf(struct dmf_msg *m, int64_t deadline)
{
	enum odm_result own, result;
	const char *name;

	if (m->spf == NULL) {
		dmf_inputs_settle_spf(m->inputs, NULL);
	} else {
		own = spf_finish(m->spf, deadline);
		dmf_inputs_settle_spf(m->inputs, &own);
		name = spf_domain(m->spf);
		if (name[0] == '\0' && spf_is_helo(m->spf))
			name = m->conn->helo;
		log_write(LOG_LEVEL_INFO, "%s: SPF(%s): %s %s", m->orders.job,
		    spf_is_helo(m->spf) ? "helo" : "mailfrom", name, odm_result_name(own));
	}
	result = dmf_inputs_spf(m->inputs);
	if (result != ODM_RESULT_UNKNOWN && m->evaluation != NULL && m->nfrom == 1)
		dmf_evaluation_add_spf(m->evaluation, result, dmf_inputs_spf_domain(m->inputs));
}

/* Tells once an hour why the results of this message were of no use. */
static void
hint(const struct dmf_msg *m)
{
	const char *job = m->orders.job;
	const char *id;
	enum dmf_untrusted why = dmf_inputs_untrusted(m->inputs, &id);

	if (why == DMF_UNTRUSTED_NONE ||
	    !dmf_shared_hint_due(m->conn->shared, resolver_now()))
		return;
	switch (why) {
	case DMF_UNTRUSTED_NONE:
		break;
	case DMF_UNTRUSTED_ID:
		log_write(LOG_LEVEL_NOTICE, "%s: authentication results of \"%s\" are not trusted; "
		    "if that is a filter of yours, name it in TrustedAuthservIDs", job, id);
		break;
	case DMF_UNTRUSTED_RELAY:
		log_write(LOG_LEVEL_NOTICE, "%s: authentication results of \"%s\" came from a "
		    "client that is not in TrustedRelays", job, id);
		break;
	case DMF_UNTRUSTED_JOB:
		log_write(LOG_LEVEL_NOTICE, "%s: authentication results of \"%s\" do not carry the "
		    "queue id of the message; set AuthservIDWithJobID in the filter that writes "
		    "them, or TrustJobID off", job, id);
		break;
	case DMF_UNTRUSTED_ABSENT:
		log_write(LOG_LEVEL_NOTICE, "%s: no trusted DKIM results for a signed message; "
		    "the filter that checks DKIM has to come before this one", job);
		break;
	}
}

static void
fill_context(struct dmf_msg *m, const char *job, const char *mta_name, struct dmf_context *ctx)
{
	const struct dmf_env *env = dmf_msg_env(m);

	*ctx = (struct dmf_context){
		.conf = env->conf, .job = job, .mta_name = mta_name, .host_name = env->host_name,
		.authserv_id = env->conf->authserv_id, .client = m->conn->client,
		.from_relay = m->conn->from_relay, .authenticated = m->authenticated,
		.null_sender = m->null_sender, .sender_domain = m->sender_domain,
		.helo = m->conn->helo_name,
	};
	if (ctx->authserv_id != NULL)
		return;
	ctx->authserv_id = mta_name != NULL ? mta_name : env->host_name;
	if (!atomic_exchange(&m->conn->shared->told_implicit_id, true))
		log_write(LOG_LEVEL_INFO, "implicit authentication service: %s", ctx->authserv_id);
}

static void
out_of_memory(struct dmf_msg *m, struct course *c)
{
	const struct dmf_case unknown = { .conf = dmf_msg_env(m)->conf };

	c->refusal = "out of memory";
	dmf_decide(&unknown, &m->decision);
	dmf_decide_later("out of memory, try again later", &m->decision);
	dmf_count(&m->conn->shared->status.shortages[DMF_SHORTAGE_MEMORY]);
	log_write(LOG_LEVEL_ERROR, "%s: out of memory, message refused for now", m->orders.job);
}

/*
 * True when answers are missing and the lookups took all the time that they may. A question
 * has its time from when it is put, which is before the message has its own.
 */
static bool
ran_out_of_time(const struct dmf_msg *m, const struct odm_verdict *v)
{
	int64_t allowed = (int64_t)dmf_msg_env(m)->conf->dns_timeout_secs * 1000;
	bool missing = (v != NULL && v->result == ODM_DMARC_TEMPERROR) ||
	    (m->spf != NULL && dmf_inputs_spf(m->inputs) == ODM_RESULT_TEMPERROR);

	return missing && resolver_now() - m->asked_at >= allowed;
}

/* The verdict on the message, waiting for answers; false: out of memory. */
static bool
evaluate(struct dmf_msg *m, struct course *c)
{
	/* The time that a message may wait; what was asked earlier costs nothing here. */
	int64_t deadline = resolver_now() + (int64_t)dmf_msg_env(m)->conf->dns_timeout_secs * 1000;
	int64_t began;

	if (m->no_memory || !read_inputs(m, &m->ctx))
		return false;
	began = dmf_status_clock();
	settle_spf(m, deadline);
	if (m->evaluation != NULL)
		c->v = dmf_evaluation_finish(m->evaluation, deadline);
	c->dns_usecs = dmf_status_clock() - began;
	if (ran_out_of_time(m, c->v))
		dmf_count(&m->conn->shared->status.deadline_hits);
	return m->evaluation == NULL || c->v != NULL;
}

/* The administrator's excuse for a failing message; NULL: none, or nothing to excuse. */
static const struct dmf_reason *
find_override(struct dmf_msg *m, const struct dmf_case *c)
{
	const struct dmf_env *env = dmf_msg_env(m);
	struct dmf_status *status = &m->conn->shared->status;
	const struct dmf_excuse x = {
		.job = m->orders.job, .author = m->authors[0], .client = &m->conn->client,
		.inputs = m->inputs, .sealers = env->sealers, .exceptions = env->exceptions,
		.now = (int64_t)time(NULL),
	};

	/* Of several Author Domains one would excuse the others. */
	if (m->nfrom != 1 || m->nauthors != 1 || !dmf_enforceable(c))
		return NULL;
	switch (dmf_override_find(&x, &m->override_comment, &m->override)) {
	case DMF_OVERRIDE_NONE:
		return NULL;
	case DMF_OVERRIDE_ARC:
		dmf_count(&status->excused[DMF_EXCUSED_ARC]);
		break;
	case DMF_OVERRIDE_EXCEPTION:
		dmf_count(&status->excused[DMF_EXCUSED_EXCEPTION]);
		break;
	}
	return &m->override;
}

/* By its form, or by what the DNS says; then the history gets its record. */
static void
judge(struct dmf_msg *m, struct course *c)
{
	const struct conf *conf = dmf_msg_env(m)->conf;
	struct dmf_status *status = &m->conn->shared->status;
	struct dmf_case a_case = { .conf = conf, .lot = arc4random_uniform(100) };

	c->refusal = form_fault(m);
	if (c->refusal != NULL) {
		dmf_decide_refuse(c->refusal, &m->decision);
		dmf_count(&status->form_refused);
		return;
	}
	if (!evaluate(m, c)) {
		out_of_memory(m, c);
		return;
	}
	a_case.v = c->v;
	a_case.override = find_override(m, &a_case);
	dmf_decide(&a_case, &m->decision);
	m->judged = true;
	if (m->decision.action == DMF_ACTION_TEMPFAIL)
		dmf_count(&status->shortages[DMF_SHORTAGE_DNS]);
	if (c->v != NULL)
		log_write(LOG_LEVEL_INFO, "%s: %s %s", m->orders.job, c->v->author_domain,
		    odm_dmarc_name(c->v->result));
	hint(m);
	if (!dmf_msg_write_history(m, c->v) &&
	    conf->on_history_error == CONF_HISTORY_ERROR_TEMPFAIL) {
		dmf_decide_later("the message cannot be recorded, try again later", &m->decision);
		dmf_count(&status->shortages[DMF_SHORTAGE_HISTORY]);
	}
	dmf_msg_note_failure(m, c->v);
}

/* Tells log and counters what was decided, and how long it took. */
static void
account(const struct dmf_msg *m, const struct course *c, int64_t began)
{
	struct dmf_decisionlog src = {
		.job = m->orders.job, .client = m->conn->client, .own_spf = m->spf != NULL,
		.inputs = m->judged ? m->inputs : NULL, .verdict = m->judged ? c->v : NULL,
		.rule = c->refusal != NULL ? c->refusal : "The message has no Author Domain.",
		.decision = &m->decision, .dns_usecs = c->dns_usecs,
		.end_usecs = dmf_status_clock() - began,
	};
	char line[DMF_DECISION_SIZE];

	dmf_status_message(&m->conn->shared->status, &m->decision, src.end_usecs, c->dns_usecs);
	if (!dmf_decisionlog_wanted(dmf_msg_env(m)->conf, &m->decision))
		return;
	(void)dmf_decisionlog(&src, line);
	log_write(LOG_LEVEL_INFO, "%s", line);
}

const struct dmf_orders *
dmf_msg_end(struct dmf_msg *m, const char *job, const char *mta_name)
{
	int64_t began = dmf_status_clock();
	struct course course = { 0 };

	fill_context(m, job, mta_name, &m->ctx);
	m->orders.job = job != NULL ? job : UNKNOWN_JOB;
	if (m->fields.dropped > 0)
		log_write(LOG_LEVEL_WARNING, "%s: %zu header fields over the limits were not read",
		    m->orders.job, m->fields.dropped);
	if (m->nfrom == 1 && dmf_ignores_from(dmf_msg_env(m)->conf, m->authors, m->nauthors)) {
		log_write(LOG_LEVEL_INFO, "%s: ignoring mail from %s", m->orders.job, m->authors[0]);
		dmf_count(&m->conn->shared->status.ignored[DMF_IGNORED_FROM]);
		return &m->orders;
	}
	judge(m, &course);
	account(m, &course, began);
	return dmf_msg_orders(m);
}
