/*
 * check_message.c - a saved message judged by the code of the filter, and explained.
 */
#include "opendmarc/check_message.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "opendmarc/check_verdict.h"
#include "opendmarc/conn.h"
#include "opendmarc/msg.h"
#include "opendmarc/override.h"
#include "opendmarc/savedmsg.h"

struct check_message {
	const char	*path;
	struct check_envelope envelope;
	char		*return_path;	/* of the field; NULL none was needed or found */
	struct dmf_shared shared;
	struct dmf_conn	 conn;
	struct dmf_msg	*msg;
	const struct dmf_orders *orders;
	struct dmf_msg_view view;
	struct explain	*x;
};

/* The value of the first Return-Path field, for free(); NULL when there is none. */
static char *
find_return_path(struct savedmsg *file)
{
	struct odm_span all = file->rest;
	char *found = NULL;

	while (found == NULL && savedmsg_next(file))
		if (strcasecmp(file->name.at, "Return-Path") == 0)
			found = strdup(file->value.at);
	file->rest = all;
	return found;
}

/* The connection as the MTA would have told of it. False: no address. */
static bool
set_up_connection(struct check_message *m, const struct dmf_env *env)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST }, *found;

	dmf_shared_init(&m->shared, env->host_name);
	if (m->envelope.client_ip == NULL) {
		dmf_conn_init_unknown(&m->conn, &m->shared, env);
	} else {
		if (getaddrinfo(m->envelope.client_ip, NULL, &hints, &found) != 0)
			return false;
		dmf_conn_init(&m->conn, &m->shared, env, NULL, found->ai_addr);
		freeaddrinfo(found);
	}
	if (m->envelope.helo != NULL)
		dmf_conn_helo(&m->conn, m->envelope.helo);
	return true;
}

static const char *
spf_source(const struct dmf_msg_view *view)
{
	if (view->own_spf)
		return view->spf_is_helo ? "own check of the HELO name" :
		    "own check of the envelope sender";
	return "header fields";
}

static int
add_dkim(struct explain *x, const struct dmf_dkim *d, bool used, const char *source)
{
	struct explain_identity id = {
		.dkim = true, .result = d->result, .domain = d->domain, .used = used,
		.selector = d->selector[0] != '\0' ? d->selector : NULL, .source = source,
	};

	return explain_add_identity(x, &id);
}

/* Everything the evaluation was told, in its order, and what it was not told. 0, or -1. */
static int
add_identities(struct explain *x, const struct dmf_msg_view *view)
{
	bool in_use = view->eval != NULL && view->nfrom == 1;
	struct explain_identity spf = {
		.result = dmf_inputs_spf(view->inputs), .used = in_use,
		.domain = dmf_inputs_spf_domain(view->inputs), .source = spf_source(view),
	};
	const struct dmf_dkim *d;
	size_t i;

	for (i = 0; (d = dmf_inputs_dkim(view->inputs, i)) != NULL; i++)
		if (add_dkim(x, d, in_use && d->aligns, "Authentication-Results") != 0)
			return -1;
	for (i = 0; (d = dmf_inputs_refused(view->inputs, i)) != NULL; i++)
		if (add_dkim(x, d, false, "Authentication-Results; refused: not in the topmost "
		    "trusted field, or about no signature of this message, or contradicted") != 0)
			return -1;
	return spf.result == ODM_RESULT_UNKNOWN ? 0 : explain_add_identity(x, &spf);
}

static int
fill_explanation(struct check_message *m)
{
	const struct odm_verdict *v;

	if (!dmf_msg_view(m->msg, &m->view) || (m->x = explain_new(true)) == NULL)
		return -1;
	if (m->conn.env->psl != NULL)
		explain_use_psl(m->x, m->conn.env->psl);
	if (add_identities(m->x, &m->view) != 0)
		return -1;
	if (m->view.eval == NULL)
		return 0;
	for (size_t i = 0; (v = odm_eval_author_verdict(m->view.eval, i)) != NULL; i++)
		if (explain_add_author(m->x, v->author_domain) != 0)
			return -1;
	return explain_add_dns(m->x, odm_eval_questions(m->view.eval));
}

/* Gives the message to the code of the filter. False: out of memory. */
static bool
judge(struct check_message *m, struct savedmsg *file)
{
	const char *sender = m->envelope.mail_from;

	if (sender == NULL)
		sender = m->return_path = find_return_path(file);
	m->msg = dmf_msg_new(&m->conn, sender, false);
	if (m->msg == NULL)
		return false;
	while (savedmsg_next(file))
		dmf_msg_field(m->msg, file->name.at, file->value.at);
	m->orders = dmf_msg_end(m->msg, m->envelope.queue_id, NULL);
	return fill_explanation(m) == 0;
}

struct check_message *
check_message_new(const struct dmf_env *env, const char *path,
    const struct check_envelope *envelope, char *why, size_t why_size, int *status_r)
{
	struct check_message *m = calloc(1, sizeof(*m));
	struct savedmsg file;
	const char *reason = "memory is short";

	*status_r = EX_OSERR;
	if (m == NULL) {
		strlcpy(why, reason, why_size);
		return NULL;
	}
	m->path = path;
	m->envelope = *envelope;
	if (!savedmsg_open(&file, path, &reason)) {
		*status_r = EX_NOINPUT;
	} else if (!set_up_connection(m, env)) {
		*status_r = EX_USAGE;
		reason = "the client address is no IP address";
	} else if (judge(m, &file)) {
		*status_r = EX_OK;
	} else {
		reason = "memory is short";
	}
	savedmsg_close(&file);
	if (*status_r == EX_OK)
		return m;
	if (snprintf(why, why_size, "%s: %s", path, reason) < 0)
		why[0] = '\0';
	check_message_free(&m);
	return NULL;
}

void
check_message_free(struct check_message **m)
{
	if (*m == NULL)
		return;
	explain_free(&(*m)->x);
	dmf_msg_free(&(*m)->msg);
	free((*m)->return_path);
	free(*m);
	*m = NULL;
}

struct explain *
check_message_explain(struct check_message *m)
{
	return m->x;
}

static void
print_known(const struct paint *p, const char *what, const char *value, const char *missing)
{
	paint(p, PAINT_PLAIN, "\t%s: ", what);
	if (value != NULL)
		paint_octets(p, odm_span_str(value));
	else
		paint(p, PAINT_PLAIN, "%s", missing);
	paint(p, PAINT_PLAIN, "\n");
}

static void
print_envelope(const struct paint *p, const struct check_message *m)
{
	print_known(p, "Client address", m->envelope.client_ip,
	    "not known, so SPF is not checked (--client-ip)");
	if (m->envelope.client_ip != NULL && !m->conn.env->conf->spf_self_validate)
		paint(p, PAINT_PLAIN, "\tSPF is not checked here: SPFSelfValidate is off\n");
	print_known(p, "HELO name", m->envelope.helo, "not known (--helo)");
	if (m->envelope.mail_from == NULL && m->return_path != NULL)
		print_known(p, "Envelope sender, from Return-Path", m->return_path, "");
	else
		print_known(p, "Envelope sender", m->envelope.mail_from,
		    "not known, taken as the null sender (--mail-from)");
	if (m->conn.ignored)
		paint(p, PAINT_WARN, "\tThe filter would not look at this message: IgnoreHosts "
		    "lists the client.\n");
	if (m->conn.from_relay)
		paint(p, PAINT_PLAIN, "\tThe client is one of TrustedRelays: results that its host "
		    "wrote count, SPF is not checked here.\n");
	if (m->view.nfrom != 1)
		paint(p, PAINT_BAD, "\tThe message has %zu From fields instead of one, so it cannot "
		    "pass.\n", m->view.nfrom);
	else if (m->view.eval == NULL)
		paint(p, PAINT_BAD, "\tThe From field has no domain that is beyond doubt.\n");
}

/* Why results that stand in the message were not even read. */
static void
print_untrusted(const struct paint *p, const struct check_message *m)
{
	const char *id = NULL;

	switch (dmf_inputs_untrusted(m->view.inputs, &id)) {
	case DMF_UNTRUSTED_NONE:
	case DMF_UNTRUSTED_ABSENT:
		return;
	case DMF_UNTRUSTED_ID:
		paint(p, PAINT_WARN, "\tResults not trusted: they carry the id \"");
		paint_octets(p, odm_span_str(id));
		paint(p, PAINT_WARN, "\", which is neither AuthservID nor one of "
		    "TrustedAuthservIDs (--authserv-id)\n");
		return;
	case DMF_UNTRUSTED_RELAY:
		paint(p, PAINT_WARN, "\tResults not trusted: those of \"");
		paint_octets(p, odm_span_str(id));
		paint(p, PAINT_WARN, "\" count only from TrustedRelays\n");
		return;
	case DMF_UNTRUSTED_JOB:
		paint(p, PAINT_WARN, "\tResults not trusted: TrustJobID is set, and those of \"");
		paint_octets(p, odm_span_str(id));
		paint(p, PAINT_WARN, "\" do not carry the queue id (--queue-id)\n");
		return;
	}
}

/* What trusted fields say of an ARC chain, and whether that would excuse a failure. */
static void
print_arc(const struct paint *p, const struct check_message *m)
{
	enum odm_result result = dmf_inputs_arc(m->view.inputs);
	const char *chain = dmf_inputs_arc_chain(m->view.inputs);
	const char *refused = dmf_inputs_arc_refused(m->view.inputs);

	if (refused != NULL)
		paint(p, PAINT_WARN, "\tARC: a pass that is not believed, since %s\n", refused);
	if (refused != NULL || result == ODM_RESULT_UNKNOWN)
		return;
	paint(p, PAINT_PLAIN, "\tARC: %s", odm_result_name(result));
	if (chain != NULL && chain[0] != '\0') {
		paint(p, PAINT_PLAIN, ", sealed by ");
		paint_octets(p, odm_span_str(chain));
	}
	if (result == ODM_RESULT_PASS)
		paint(p, PAINT_PLAIN, dmf_override_arc_trusted(m->view.inputs,
		    m->conn.env->sealers) ? ", all trusted" : ", not trusted (DomainWhitelist)");
	paint(p, PAINT_PLAIN, "\n");
}

/* Why the message is not treated as its policy asks, as a report will say. */
static void
print_reasons(const struct paint *p, const struct dmf_decision *d)
{
	for (size_t i = 0; i < d->nreasons; i++) {
		paint(p, PAINT_PLAIN, "\t\treason in reports: %s",
		    history_override_name(d->reasons[i].type));
		if (d->reasons[i].comment != NULL) {
			paint(p, PAINT_PLAIN, " (");
			paint_octets(p, odm_span_str(d->reasons[i].comment));
			paint(p, PAINT_PLAIN, ")");
		}
		paint(p, PAINT_PLAIN, "\n");
	}
}

static void
print_orders(const struct paint *p, const struct check_message *m)
{
	const struct dmf_orders *o = m->orders;
	const struct odm_verdict *v = m->view.eval != NULL ? odm_eval_verdict(m->view.eval) : NULL;

	paint(p, PAINT_PLAIN, "\tThe filter would ");
	switch (o->action) {
	case DMF_ACTION_ACCEPT:
		paint(p, PAINT_GOOD, "accept");
		break;
	case DMF_ACTION_REJECT:
		paint(p, PAINT_BAD, "reject");
		break;
	case DMF_ACTION_TEMPFAIL:
		paint(p, PAINT_WARN, "defer");
		break;
	}
	paint(p, PAINT_PLAIN, " the message");
	if (o->action != DMF_ACTION_ACCEPT && o->reply.code[0] != '\0')
		paint(p, PAINT_PLAIN, ": %s %s %s", o->reply.code, o->reply.status, o->reply.text);
	if (v != NULL && v->result == ODM_DMARC_FAIL && v->pct < 100)
		paint(p, PAINT_PLAIN, " (of a hundred such messages %u get the policy "
		    "%s, the others one step less)", v->pct, odm_policy_name(v->effective));
	paint(p, PAINT_PLAIN, "\n");
	print_reasons(p, m->view.decision);
	for (size_t i = 0; i < o->nremovals; i++)
		paint(p, PAINT_PLAIN, "\t\tremove Authentication-Results field %u\n",
		    o->removals[i]);
	for (size_t i = 0; i < o->ninserts; i++) {
		paint(p, PAINT_PLAIN, "\t\tadd %s: ", o->inserts[i].name);
		for (const char *at = o->inserts[i].value; *at != '\0'; at++)
			if (*at != '\n' && *at != '\r')
				paint_octets(p, (struct odm_span){ *at == '\t' ? " " : at, 1 });
		paint(p, PAINT_PLAIN, "\n");
	}
}

bool
check_message_print(const struct paint *p, struct check_message *m, char *why, size_t why_size)
{
	paint(p, PAINT_BOLD, "DMARC evaluation of ");
	paint_octets(p, odm_span_str(strcmp(m->path, "-") == 0 ? "standard input" : m->path));
	paint(p, PAINT_PLAIN, ":\n");
	print_envelope(p, m);
	print_untrusted(p, m);
	if (!check_verdict_print(p, m->x, why, why_size))
		return false;
	print_arc(p, m);
	print_orders(p, m);
	return true;
}
