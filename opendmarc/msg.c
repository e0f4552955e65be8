/*
 * msg.c - one message from MAIL to the last header field.
 *
 * Waiting in a callback is dear (libmilter has few workers), so everything that
 * asks the DNS starts as soon as it can: SPF at MAIL, the policy with the From field. The
 * end (msgend.c) collects; only the walks of DKIM identities begin there.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "libopendmarc/base/domain.h"
#include "libopendmarc/parse/from.h"
#include "opendmarc/ignore.h"
#include "opendmarc/msg_private.h"
#include "opendmarc/override.h"
#include "opendmarc/sender.h"

/* A field that we add stays far below. */
#define FIELD_MAX	4096

/* Our own check is about the client that hands us the message, so not behind a relay of ours. */
static bool
start_spf(struct dmf_msg *m)
{
	const struct dmf_env *env = dmf_msg_env(m);

	if (!env->conf->spf_self_validate || m->conn->from_relay)
		return true;
	m->asked_at = resolver_now();
	m->spf = spf_start(env->resolver, &m->conn->client, m->conn->helo, m->sender);
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
	odm_strbuf_init(&m->override_comment, DMF_OVERRIDE_COMMENT_MAX);
	for (i = 0; i < DMF_INSERTS_MAX; i++)
		odm_strbuf_init(&m->inserts[i], FIELD_MAX);
	if (dmf_sender_split(sender, &address, &domain))
		(void)odm_domain_normalise(domain, m->sender_domain);
	m->null_sender = address.len == 0;
	m->sender = strndup(address.len > 0 ? address.at : "", address.len);
	odm_strbuf_init(&m->header, ODM_FAILURE_HEADER_MAX);
	if (m->sender == NULL || !start_spf(m))
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
	odm_strbuf_free(&(*m)->header);
	free((*m)->sender);
	odm_strbuf_free(&(*m)->override_comment);
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
	if (m->asked_at == 0)
		m->asked_at = resolver_now();
	m->evaluation = dmf_evaluation_start(dmf_msg_env(m)->resolver, dmf_msg_env(m)->psl,
	    dmf_msg_env(m)->test_zone, domain);
	if (m->evaluation == NULL)
		m->no_memory = true;
}

void
dmf_msg_field(struct dmf_msg *m, const char *name, const char *value)
{
	enum dmf_field_kind kind = dmf_field_kind(odm_span_str(name));
	const struct conf *c = dmf_msg_env(m)->conf;
	struct odm_from from;
	size_t i;

	if (dmf_msg_env(m)->failures != NULL)
		dmf_failreport_field(&m->header, name, value);
	if (c->required_headers)
		dmf_headform_add(&m->form, odm_span_str(name));
	dmf_automatic_field(&m->automatic, odm_span_str(name), odm_span_str(value));
	if (kind == DMF_FIELD_TO) {
		if (!m->seen_to)
			m->ignored_to = dmf_ignores_to(c, odm_span_str(value));
		m->seen_to = true;
		return;
	}
	if (kind != DMF_FIELD_FROM) {
		dmf_fields_add(&m->fields, kind, odm_span_str(value));
		return;
	}
	m->nfrom++;
	odm_from_parse(odm_span_str(value), &from);
	for (i = 0; i < from.ndomains; i++)
		add_author(m, from.domains[i]);
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
