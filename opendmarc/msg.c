/*
 * msg.c - one message from MAIL to end of message.
 *
 * Waiting in a callback is dear (libmilter has few workers), so everything that
 * asks the DNS starts as soon as it can: SPF at MAIL, the policy with the From field. The
 * end collects; only the walks of DKIM identities begin there.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/log.h"
#include "common/spf.h"
#include "libopendmarc/base/domain.h"
#include "libopendmarc/base/strbuf.h"
#include "libopendmarc/parse/from.h"
#include "opendmarc/arheader.h"
#include "opendmarc/evaluation.h"
#include "opendmarc/fields.h"
#include "opendmarc/histrec.h"
#include "opendmarc/histwriter.h"
#include "opendmarc/inputs.h"
#include "opendmarc/msg.h"
#include "opendmarc/sender.h"

#define UNKNOWN_JOB	"(unknown-jobid)"

/* A record with 256 results and long URIs stays far below. */
#define RECORD_MAX	(1024 * 1024)
#define FIELD_MAX	4096

struct dmf_msg {
	const struct dmf_conn *conn;
	bool		 authenticated;
	bool		 null_sender;
	char		 sender_domain[ODM_NAME_MAX + 1];
	struct spf_check *spf;		/* NULL: no own check */
	struct dmf_fields fields;
	char		 authors[ODM_AUTHORS_MAX][ODM_NAME_MAX + 1];
	size_t		 nauthors;
	size_t		 nfrom;		/* From fields */
	bool		 no_memory;	/* something that the verdict needs is missing */
	struct dmf_evaluation *evaluation;	/* NULL until an Author Domain is known */
	struct dmf_context ctx;		/* what inputs was read with */
	struct dmf_inputs *inputs;
	unsigned	*removals;
	struct odm_strbuf inserts[DMF_INSERTS_MAX];
	struct dmf_decision decision;
	bool		 judged;	/* decision is about this message, not about memory */
	struct dmf_orders orders;
};

static const struct dmf_env *
env_of(const struct dmf_msg *m)
{
	return m->conn->env;
}

/* Our own check is about the client that hands us the message, so not behind a relay of ours. */
static bool
start_spf(struct dmf_msg *m, struct odm_span address)
{
	const struct dmf_env *env = env_of(m);
	char *sender;

	if (!env->conf->spf_self_validate || m->conn->from_relay)
		return true;
	sender = strndup(address.len > 0 ? address.at : "", address.len);
	if (sender == NULL)
		return false;
	m->spf = spf_start(env->resolver, &m->conn->client, m->conn->helo, sender);
	free(sender);
	return m->spf != NULL;
}

struct dmf_msg *
dmf_msg_new(const struct dmf_conn *conn, const char *sender, bool authenticated)
{
	struct dmf_msg *m = calloc(1, sizeof(*m));
	struct odm_span address, domain;
	size_t i;

	if (m == NULL)
		return NULL;
	m->conn = conn;
	m->authenticated = authenticated;
	dmf_fields_init(&m->fields);
	for (i = 0; i < DMF_INSERTS_MAX; i++)
		odm_strbuf_init(&m->inserts[i], FIELD_MAX);
	if (dmf_sender_split(sender, &address, &domain))
		(void)odm_domain_normalise(domain, m->sender_domain);
	m->null_sender = address.len == 0;
	if (!start_spf(m, address))
		dmf_msg_free(&m);
	return m;
}

void
dmf_msg_free(struct dmf_msg **m)
{
	size_t i;

	if (*m == NULL)
		return;
	spf_free(&(*m)->spf);
	dmf_evaluation_free(&(*m)->evaluation);
	dmf_inputs_free(&(*m)->inputs);
	dmf_fields_clear(&(*m)->fields);
	for (i = 0; i < DMF_INSERTS_MAX; i++)
		odm_strbuf_free(&(*m)->inserts[i]);
	free((*m)->removals);
	free(*m);
	*m = NULL;
}

/* Adds one Author Domain and lets its lookups start. */
static void
add_author(struct dmf_msg *m, const char *domain)
{
	size_t i;

	for (i = 0; i < m->nauthors; i++)
		if (strcmp(m->authors[i], domain) == 0)
			return;
	/* More than one From field is no valid message; the first domains are what people see. */
	if (m->nauthors == ODM_AUTHORS_MAX ||
	    !odm_span_copy(odm_span_str(domain), m->authors[m->nauthors], ODM_NAME_MAX + 1))
		return;
	m->nauthors++;
	if (m->evaluation != NULL) {
		dmf_evaluation_add_author(m->evaluation, domain);
		return;
	}
	m->evaluation = dmf_evaluation_start(env_of(m)->resolver, env_of(m)->psl,
	    env_of(m)->test_zone, domain);
	if (m->evaluation == NULL)
		m->no_memory = true;
}

void
dmf_msg_field(struct dmf_msg *m, const char *name, const char *value)
{
	enum dmf_field_kind kind = dmf_field_kind(odm_span_str(name));
	struct odm_from from;
	size_t i;

	if (kind != DMF_FIELD_FROM) {
		dmf_fields_add(&m->fields, kind, odm_span_str(value));
		return;
	}
	m->nfrom++;
	odm_from_parse(odm_span_str(value), &from);
	for (i = 0; i < from.ndomains; i++)
		add_author(m, from.domains[i]);
}

static void
log_from(const struct dmf_msg *m)
{
	const char *job = m->orders.job;

	if (m->nfrom == 0)
		log_write(LOG_LEVEL_INFO,
		    "%s: RFC5322 requirement error: missing From field; accepting", job);
	else if (m->nauthors == 0)
		log_write(LOG_LEVEL_ERROR, "%s: unable to parse From header field", job);
	else if (m->nfrom > 1 || m->nauthors > 1)
		log_write(LOG_LEVEL_ERROR, "%s: multi-valued From field detected", job);
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
	}
}

static void
write_history(struct dmf_msg *m, const struct dmf_context *ctx,
    const struct odm_verdict *v, const struct dmf_decision *d)
{
	const struct dmf_env *env = env_of(m);
	char identity[DMF_IDENTITY_SIZE];
	struct history_record rec;
	struct odm_strbuf text;
	struct dmf_histrec src = {
		.job = m->orders.job, .identity = identity, .received = (int64_t)time(NULL),
		.reporter = ctx->mta_name != NULL ? ctx->mta_name : env->host_name,
		.ctx = ctx, .inputs = m->inputs, .verdict = v, .decision = d,
	};

	if (env->history == NULL || v == NULL || d->record == DMF_RECORD_NEVER ||
	    (d->record == DMF_RECORD_ASKED && !env->conf->record_all_messages))
		return;
	dmf_shared_identity(m->conn->shared, identity);
	odm_strbuf_init(&text, RECORD_MAX);
	history_record_init(&rec);
	if (dmf_histrec_fill(&src, &rec)) {
		history_write(&rec, env->conf->history_format == CONF_HISTORY_FULL, &text);
		if (!text.failed)
			(void)histwriter_append(env->history, m->orders.job,
			    odm_strbuf_span(&text));
	} else {
		text.failed = true;
	}
	if (text.failed)
		log_write(LOG_LEVEL_ERROR, "%s: no memory for the history record",
		    m->orders.job);
	history_record_clear(&rec);
	odm_strbuf_free(&text);
}

static void
add_insert(struct dmf_msg *m, const char *name, const struct odm_strbuf *value)
{
	if (value->failed)
		log_write(LOG_LEVEL_ERROR, "%s: %s header add failed", m->orders.job, name);
	else
		m->orders.inserts[m->orders.ninserts++] = (struct dmf_insert){ name, value->at };
}

/* The fields to add to an accepted message; the last one stands on top in the end. */
static void
order_inserts(struct dmf_msg *m, const struct dmf_context *ctx, const struct dmf_decision *d)
{
	struct odm_strbuf *b = m->inserts;

	if (m->spf != NULL) {
		dmf_ar_spf(&b[0], ctx->authserv_id, dmf_inputs_spf(m->inputs),
		    spf_is_helo(m->spf), spf_domain(m->spf));
		add_insert(m, DMF_AR_NAME, &b[0]);
	}
	dmf_ar_dmarc(&b[1], ctx->authserv_id, d);
	add_insert(m, DMF_AR_NAME, &b[1]);
	if (ctx->conf->software_header) {
		dmf_software(&b[2], ctx->mta_name, ctx->host_name, m->orders.job);
		add_insert(m, DMF_SOFTWARE_NAME, &b[2]);
	}
}

/* Without memory the fields stay: the message is judged, and our own result is on top. */
static void
order_removals(struct dmf_msg *m, bool dmarc_passed)
{
	unsigned nth;
	size_t i;

	if (dmf_inputs_removal(m->inputs, 0, dmarc_passed) == 0)
		return;
	m->removals = calloc(m->fields.n, sizeof(*m->removals));
	if (m->removals == NULL)
		return;
	for (i = 0; i < m->fields.n && (nth = dmf_inputs_removal(m->inputs, i, dmarc_passed)) != 0;
	    i++)
		m->removals[i] = nth;
	m->orders.removals = m->removals;
	m->orders.nremovals = i;
}

static void
fill_context(struct dmf_msg *m, const char *job, const char *mta_name, struct dmf_context *ctx)
{
	const struct dmf_env *env = env_of(m);

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

const struct dmf_orders *
dmf_msg_end(struct dmf_msg *m, const char *job, const char *mta_name)
{
	const struct dmf_env *env = env_of(m);
	/* The time that a message may wait; what was asked earlier costs nothing here. */
	int64_t deadline = resolver_now() + (int64_t)env->conf->dns_timeout_secs * 1000;
	const struct odm_verdict *v = NULL;
	struct dmf_decision *d = &m->decision;
	struct dmf_context *ctx = &m->ctx;

	fill_context(m, job, mta_name, ctx);
	m->orders.job = job != NULL ? job : UNKNOWN_JOB;
	if (m->fields.dropped > 0)
		log_write(LOG_LEVEL_WARNING, "%s: %zu header fields over the limits were not read",
		    m->orders.job, m->fields.dropped);
	if (m->no_memory || !read_inputs(m, ctx))
		goto no_memory;
	settle_spf(m, deadline);
	if (m->evaluation != NULL &&
	    (v = dmf_evaluation_finish(m->evaluation, deadline)) == NULL)
		goto no_memory;
	dmf_decide(v, env->conf, arc4random_uniform(100), d);
	m->judged = true;
	log_from(m);
	if (v != NULL)
		log_write(LOG_LEVEL_INFO, "%s: %s %s", m->orders.job, v->author_domain,
		    odm_dmarc_name(v->result));
	hint(m);
	write_history(m, ctx, v, d);
	m->orders.action = d->action;
	m->orders.reply = d->reply;
	if (d->action == DMF_ACTION_ACCEPT) {
		order_inserts(m, ctx, d);
		order_removals(m, d->result == ODM_DMARC_PASS);
	}
	return &m->orders;
no_memory:
	dmf_decide_no_memory(d);
	log_write(LOG_LEVEL_ERROR, "%s: out of memory, message refused for now", m->orders.job);
	m->orders.action = d->action;
	m->orders.reply = d->reply;
	return &m->orders;
}

bool
dmf_msg_view(const struct dmf_msg *m, struct dmf_msg_view *view_r)
{
	if (!m->judged)
		return false;
	*view_r = (struct dmf_msg_view){
		.nfrom = m->nfrom, .inputs = m->inputs, .decision = &m->decision,
		.eval = m->evaluation != NULL ? dmf_evaluation_eval(m->evaluation) : NULL,
		.own_spf = m->spf != NULL,
		.spf_is_helo = m->spf != NULL ? spf_is_helo(m->spf) : m->null_sender,
	};
	return true;
}
