/*
 * msgrecord.c - what is kept of a judged message: its history record, and a note when it
 * asks for a failure report.
 */
#include <time.h>

#include "common/log.h"
#include "opendmarc/histrec.h"
#include "opendmarc/histwriter.h"
#include "opendmarc/msg_private.h"
#include "opendmarc/override.h"

/* A record with 256 results and long URIs stays far below. */
#define RECORD_MAX	(1024 * 1024)

/* True when the record is in the file. */
static bool
append(const struct dmf_msg *m, struct odm_span record)
{
	bool shrunk = false, written;

	written = histwriter_append(dmf_msg_env(m)->history, m->orders.job, record, &shrunk) == 0;
	if (shrunk)
		dmf_count(&m->conn->shared->status.history_shrinks);
	return written;
}

bool
dmf_msg_write_history(struct dmf_msg *m, const struct odm_verdict *v)
{
	const struct dmf_env *env = dmf_msg_env(m);
	const struct dmf_context *ctx = &m->ctx;
	const struct dmf_decision *d = &m->decision;
	struct dmf_status *status = &m->conn->shared->status;
	bool written = false;
	char identity[DMF_IDENTITY_SIZE];
	struct history_record rec;
	struct odm_strbuf text;
	struct dmf_histrec src = {
		.job = m->orders.job, .identity = identity, .received = (int64_t)time(NULL),
		.reporter = ctx->mta_name != NULL ? ctx->mta_name : env->host_name,
		.ctx = ctx, .inputs = m->inputs, .verdict = v, .decision = d,
		.automatic = &m->automatic,
		.arc_trusted = dmf_override_arc_trusted(m->inputs, env->sealers),
	};

	if (env->history == NULL || v == NULL || d->record == DMF_RECORD_NEVER ||
	    m->ignored_to ||
	    (d->record == DMF_RECORD_ASKED && !env->conf->record_all_messages))
		return true;
	dmf_shared_identity(m->conn->shared, identity);
	odm_strbuf_init(&text, RECORD_MAX);
	history_record_init(&rec);
	if (dmf_histrec_fill(&src, &rec)) {
		history_write(&rec, env->conf->history_format == CONF_HISTORY_FULL, &text);
		written = !text.failed && append(m, odm_strbuf_span(&text));
	} else {
		text.failed = true;
	}
	if (text.failed)
		log_write(LOG_LEVEL_ERROR, "%s: no memory for the history record",
		    m->orders.job);
	history_record_clear(&rec);
	odm_strbuf_free(&text);
	dmf_count(written ? &status->records : &status->record_failures);
	return written;
}

void
dmf_msg_note_failure(struct dmf_msg *m, const struct odm_verdict *v)
{
	const struct dmf_env *env = dmf_msg_env(m);
	struct dmf_failreport report = {
		.job = m->orders.job, .received = (int64_t)time(NULL), .port = m->conn->port,
		.reporter = m->ctx.mta_name != NULL ? m->ctx.mta_name : env->host_name,
		.helo = m->conn->helo, .mail_from = m->sender, .ctx = &m->ctx,
		.inputs = m->inputs, .verdict = v, .decision = &m->decision,
		.automatic = &m->automatic, .header = &m->header,
	};

	if (env->failures != NULL && v != NULL &&
	    dmf_failreport_note(env->failures, &report, resolver_now()))
		dmf_count(&m->conn->shared->status.failure_notes);
}
