/*
 * ours.c - what in a header is about this host and this message.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "libopendmarc/base/domain.h"
#include "libopendmarc/parse/authres.h"
#include "libopendmarc/parse/received.h"
#include "opendmarc/ours.h"

static void
add_host(struct dmf_ours *o, const char *name)
{
	if (name != NULL && odm_domain_normalise(odm_span_str(name), o->hosts[o->nhosts]))
		o->nhosts++;
}

bool
dmf_ours_collect(const struct dmf_context *ctx, struct dmf_ours *o)
{
	const struct conf_list *ids = &ctx->conf->trusted_authserv_ids;
	const struct conf_list *hosts = &ctx->conf->own_hosts;
	size_t i;

	o->hosts = calloc(3 + ids->nwords + hosts->nwords, sizeof(*o->hosts));
	if (o->hosts == NULL)
		return false;
	add_host(o, ctx->mta_name);
	add_host(o, ctx->host_name);
	add_host(o, ctx->authserv_id);
	for (i = 0; i < ids->nwords; i++)
		add_host(o, ids->words[i]);
	for (i = 0; i < hosts->nwords; i++)
		add_host(o, hosts->words[i]);
	return true;
}

void
dmf_ours_free(struct dmf_ours *o)
{
	free(o->hosts);
	*o = (struct dmf_ours){ NULL, 0 };
}

bool
dmf_ours_received(const struct dmf_ours *o, struct odm_span value)
{
	struct odm_span host;
	char name[ODM_NAME_MAX + 1];
	size_t i;

	if (!odm_received_by(value, &host) || !odm_domain_normalise(host, name))
		return false;
	for (i = 0; i < o->nhosts; i++)
		if (strcmp(name, o->hosts[i]) == 0 ||
		    odm_domain_is_below(name, o->hosts[i]))
			return true;
	return false;
}

enum dmf_untrusted
dmf_ours_id(const struct dmf_context *ctx, const char *id, const char *job, size_t *id_r)
{
	const struct conf_list *ids = &ctx->conf->trusted_authserv_ids;
	size_t i;

	if (strcasecmp(id, ctx->authserv_id) == 0) {
		*id_r = 0;
		if (job[0] != '\0' ? ctx->job != NULL && strcmp(job, ctx->job) == 0 :
		    !ctx->conf->trust_job_id)
			return DMF_UNTRUSTED_NONE;
		return DMF_UNTRUSTED_JOB;
	}
	for (i = 0; i < ids->nwords; i++) {
		if (strcasecmp(id, ids->words[i]) != 0)
			continue;
		*id_r = 1 + i;
		/* Anybody can write a foreign id, unless it comes from where it belongs. */
		if (ctx->conf->trusted_relays.nwords > 0 && !ctx->from_relay)
			return DMF_UNTRUSTED_RELAY;
		return DMF_UNTRUSTED_NONE;
	}
	return DMF_UNTRUSTED_ID;
}

bool
dmf_ours_sender(const struct dmf_context *ctx, struct odm_span raw)
{
	const char *want = ctx->null_sender ? ctx->helo : ctx->sender_domain;
	char text[DMF_VALUE_MAX + 1], domain[ODM_NAME_MAX + 1];

	return want[0] != '\0' && odm_authres_value(raw, text, sizeof(text)) &&
	    odm_domain_normalise(odm_domain_of_address(odm_span_str(text)), domain) &&
	    strcmp(domain, want) == 0;
}

bool
dmf_ours_null_address(struct odm_span raw)
{
	char text[DMF_VALUE_MAX + 1];

	return odm_authres_value(raw, text, sizeof(text)) &&
	    (text[0] == '\0' || strcmp(text, "<>") == 0);
}

bool
dmf_ours_helo(const struct dmf_context *ctx, struct odm_span raw)
{
	char text[DMF_VALUE_MAX + 1], domain[ODM_NAME_MAX + 1];

	return ctx->helo[0] != '\0' && odm_authres_value(raw, text, sizeof(text)) &&
	    odm_domain_normalise(odm_span_str(text), domain) && strcmp(domain, ctx->helo) == 0;
}
