/*
 * msgorders.c - what the MTA is to do with a judged message: fields to add and to remove,
 * copy, hold, reply.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "opendmarc/arheader.h"
#include "opendmarc/msg_private.h"

/* Room for an authserv-id and a job id. */
#define OWN_ID_SIZE	(2 * DMF_ID_MAX + 2)

/* How our fields begin: our name, and with AuthservIDWithJobID the queue id. */
static void
name_us(const struct dmf_context *ctx, char id_r[OWN_ID_SIZE])
{
	int len = -1;

	if (ctx->conf->authserv_id_with_job_id && ctx->job != NULL)
		len = snprintf(id_r, OWN_ID_SIZE, "%s/%s", ctx->authserv_id, ctx->job);
	if (len < 0 || (size_t)len >= OWN_ID_SIZE)
		strlcpy(id_r, ctx->authserv_id, OWN_ID_SIZE);
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
order_inserts(struct dmf_msg *m)
{
	const struct dmf_context *ctx = &m->ctx;
	char own_id[OWN_ID_SIZE];
	struct odm_strbuf *b = m->inserts;

	name_us(ctx, own_id);
	if (m->spf != NULL) {
		dmf_ar_spf(&b[0], own_id, dmf_inputs_spf(m->inputs),
		    spf_is_helo(m->spf), spf_domain(m->spf));
		add_insert(m, DMF_AR_NAME, &b[0]);
	}
	dmf_ar_dmarc(&b[1], own_id, &m->decision);
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

const struct dmf_orders *
dmf_msg_orders(struct dmf_msg *m)
{
	const struct dmf_decision *d = &m->decision;

	m->orders.action = d->action;
	m->orders.reply = d->reply;
	if (d->action != DMF_ACTION_ACCEPT)
		return &m->orders;
	m->orders.copy_to = d->copy ? dmf_msg_env(m)->conf->copy_failures_to : NULL;
	m->orders.hold = d->hold[0] != '\0' ? d->hold : NULL;
	order_inserts(m);
	order_removals(m, d->result == ODM_DMARC_PASS);
	return &m->orders;
}
