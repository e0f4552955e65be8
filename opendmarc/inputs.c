/*
 * inputs.c - which results of the header may be used. The rules are in inputs.h.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/log.h"
#include "libopendmarc/parse/authres.h"
#include "libopendmarc/parse/rcvdspf.h"
#include "opendmarc/inputs_private.h"

/* How one field is seen. */
struct view {
	const struct dmf_field *field;
	bool	 trusted;
	bool	 proven;	/* it holds the queue id of this message */
	bool	 below_spf;	/* a field about SPF stands above it */
	bool	 below;		/* a Received field of another host stands above it */
	size_t	 id;		/* 0 our own, else 1 + index in TrustedAuthservIDs */
	bool	 holds_dkim;	/* counted already */
	bool	 holds_arc;	/* the same */
	struct own_field *own;	/* NULL: not under our id, or nothing may be removed */
};

/* Adds one SPF result about this envelope: the first that is no pass stays. */
static void
add_evidence(struct dmf_inputs *in, enum odm_result result)
{
	if (in->evidence == ODM_RESULT_UNKNOWN || in->evidence == ODM_RESULT_PASS)
		in->evidence = result;
}

static void
read_spf_result(struct dmf_inputs *in, struct view *v, const struct odm_authres_result *res)
{
	const struct odm_authres_prop *from = odm_authres_find(res, "smtp", "mailfrom");
	const struct odm_authres_prop *helo = odm_authres_find(res, "smtp", "helo");
	bool about_helo = helo != NULL && dmf_ours_helo(in->ctx, helo->value);
	bool null_from = from == NULL || dmf_ours_null_address(from->value);
	bool ours;

	in->spf_seen = in->spf_seen || v->trusted;
	if (in->ctx->null_sender && null_from)
		ours = about_helo;
	else
		ours = from != NULL && dmf_ours_sender(in->ctx, from->value);
	if (v->trusted && ours && !(v->below && res->result == ODM_RESULT_PASS) &&
	    res->result != ODM_RESULT_UNKNOWN)
		add_evidence(in, res->result);
	if (v->own == NULL || res->result != ODM_RESULT_PASS)
		return;
	/* A true result about HELO is of no use with a sender, but nobody forged it. */
	if (!v->trusted || v->below || (!ours && !(about_helo && null_from)))
		v->own->refused = true;
	else if (ours)
		v->own->spf_pass = true;
}

static bool
add_claim(struct dmf_inputs *in, const struct dmf_claim *claim)
{
	size_t size = in->claims_size == 0 ? 8 : in->claims_size * 2;
	struct dmf_claim *at;

	if (in->nclaims == in->claims_size) {
		at = reallocarray(in->claims, size, sizeof(*at));
		if (at == NULL)
			return false;
		in->claims = at;
		in->claims_size = size;
	}
	in->claims[in->nclaims++] = *claim;
	return true;
}

static bool
read_dkim_result(struct dmf_inputs *in, struct view *v, const struct odm_authres_result *res)
{
	unsigned verifiers = (unsigned)in->ctx->conf->dkim_verifiers;
	struct dmf_claim claim;

	if (v->trusted && !v->holds_dkim) {
		v->holds_dkim = true;
		in->dkim_fields[v->id]++;
	}
	if (res->result == ODM_RESULT_UNKNOWN)
		return true;
	if (!v->trusted || !dmf_claim_read(&in->sigs, res, &claim)) {
		if (v->own != NULL && res->result == ODM_RESULT_PASS)
			v->own->refused = true;
		return true;
	}
	claim.field = v->field;
	claim.proven = v->proven;
	claim.below_spf = v->below_spf;
	claim.in_place = !v->below && in->dkim_fields[v->id] <= verifiers;
	return add_claim(in, &claim);
}

/* Two results of an id speak against each other, so only the topmost field can hold a pass. */
static void
read_arc_result(struct dmf_inputs *in, struct view *v, const struct odm_authres_result *res)
{
	bool in_place = v->trusted && !v->below;

	if (in_place)
		dmf_arc_add(&in->arc, res);
	if (v->trusted && !v->holds_arc) {
		v->holds_arc = true;
		in->arc_fields[v->id]++;
	}
	if (v->own != NULL && res->result == ODM_RESULT_PASS &&
	    (!in_place || in->arc_fields[v->id] > 1 || !dmf_arc_bound(&in->arc, res)))
		v->own->refused = true;
}

/* A result beyond the limit is not used: a pass among them counts as refused. */
static bool
read_result(struct dmf_inputs *in, struct view *v, const struct odm_authres_result *res)
{
	if (res->method == ODM_METHOD_DMARC && res->result == ODM_RESULT_PASS && v->own != NULL)
		v->own->dmarc_pass = true;
	if (res->method != ODM_METHOD_SPF && res->method != ODM_METHOD_DKIM &&
	    res->method != ODM_METHOD_ARC)
		return true;
	if (in->nresults >= ODM_AUTHRES_RESULTS_MAX) {
		if (v->own != NULL && res->result == ODM_RESULT_PASS)
			v->own->refused = true;
		return true;
	}
	in->nresults++;
	if (res->method == ODM_METHOD_DKIM)
		return read_dkim_result(in, v, res);
	if (res->method == ODM_METHOD_SPF)
		read_spf_result(in, v, res);
	else
		read_arc_result(in, v, res);
	return true;
}

/* Remembers the first untrusted field with results, for the hint. */
static void
note_untrusted(struct dmf_inputs *in, enum dmf_untrusted why, const char *id)
{
	if (in->untrusted == DMF_UNTRUSTED_NONE &&
	    odm_span_copy(odm_span_str(id), in->untrusted_id, sizeof(in->untrusted_id)))
		in->untrusted = why;
}

/* v: field and below are set. False: out of memory. */
static bool
read_authres(struct dmf_inputs *in, struct view *v, bool on_top, size_t index)
{
	const struct dmf_context *ctx = in->ctx;
	char id[DMF_ID_MAX + 1], job[DMF_ID_MAX + 1];
	struct odm_authres_result res;
	struct odm_authres ar;
	enum dmf_untrusted why;
	size_t nresults = 0;
	bool is_own;
	int got;

	if (!odm_authres_open(v->field->value, &ar) ||
	    !odm_authres_id(&ar, id, sizeof(id), job, sizeof(job)))
		return true;
	why = dmf_ours_id(ctx, id, job, &v->id);
	v->trusted = why == DMF_UNTRUSTED_NONE;
	v->proven = v->trusted && v->id == 0 && job[0] != '\0';
	in->any_trusted |= v->trusted;
	is_own = strcasecmp(id, ctx->authserv_id) == 0;
	if (!v->trusted)
		log_write(LOG_LEVEL_DEBUG, "%s ignoring Authentication-Results at %zu from %s",
		    ctx->job != NULL ? ctx->job : "(unknown-jobid)", index, id);
	if (is_own && !ctx->from_relay && !ctx->authenticated &&
	    ctx->conf->remove_refused_results) {
		v->own = &in->own[in->nown++];
		v->own->nth = v->field->nth;
	}
	if (!v->trusted && v->own == NULL && !on_top)
		return true;
	while ((got = odm_authres_next(&ar, &res)) != 0) {
		nresults++;
		if (got < 0)
			continue;
		if (!v->trusted && on_top &&
		    (res.method == ODM_METHOD_SPF || res.method == ODM_METHOD_DKIM))
			note_untrusted(in, why, id);
		if ((v->trusted || v->own != NULL) && !read_result(in, v, &res))
			return false;
	}
	/* Nobody knows what the rest of such a field claims. */
	if (v->own != NULL && nresults >= ODM_AUTHRES_RESULTS_MAX)
		v->own->refused = true;
	return true;
}

/* Received-SPF carries no id: what it says of client and sender must be this connection. */
static void
read_rcvdspf(struct dmf_inputs *in, struct odm_span value)
{
	const struct dmf_context *ctx = in->ctx;
	char text[DMF_VALUE_MAX + 1];
	struct odm_rcvdspf spf;
	struct odm_ip ip;

	in->spf_seen = true;
	if (!odm_rcvdspf_parse(value, &spf) || spf.result == ODM_RESULT_UNKNOWN ||
	    spf.identity == ODM_SPF_IDENTITY_OTHER ||
	    (spf.identity == ODM_SPF_IDENTITY_HELO && !ctx->null_sender))
		return;
	if (spf.has_client_ip && (!odm_authres_value(spf.client_ip, text, sizeof(text)) ||
	    !odm_ip_parse(odm_span_str(text), &ip) || !odm_ip_equal(&ip, &ctx->client)))
		return;
	if (spf.has_envelope_from && !dmf_ours_sender(ctx, spf.envelope_from) &&
	    !(ctx->null_sender && dmf_ours_null_address(spf.envelope_from)))
		return;
	if (ctx->null_sender && spf.has_helo && !dmf_ours_helo(ctx, spf.helo))
		return;
	add_evidence(in, spf.result);
}

static bool
read_fields(struct dmf_inputs *in, const struct dmf_fields *fields)
{
	bool below = false, on_top = true;
	size_t i;

	for (i = 0; i < fields->n; i++) {
		const struct dmf_field *f = &fields->at[i];
		struct view v = { .field = f, .below = below,
			.below_spf = in->spf_seen && !in->ctx->from_relay };

		switch (f->kind) {
		case DMF_FIELD_AUTHRES:
			if (!read_authres(in, &v, on_top, i))
				return false;
			break;
		case DMF_FIELD_RCVDSPF:
			read_rcvdspf(in, f->value);
			break;
		case DMF_FIELD_RECEIVED:
			on_top = false;
			below = below || !dmf_ours_received(&in->ours, f->value);
			break;
		case DMF_FIELD_OTHER:
		case DMF_FIELD_FROM:
		case DMF_FIELD_TO:
		case DMF_FIELD_DKIMSIG:
		case DMF_FIELD_ARC_SEAL:
		case DMF_FIELD_ARC_SIGNATURE:
		case DMF_FIELD_ARC_RESULTS:
		case DMF_FIELD_KINDS:
			break;
		}
	}
	return true;
}

/* Refused DKIM passes make their fields removable. */
static void
mark_refused(struct dmf_inputs *in)
{
	size_t i, k;

	for (i = 0; i < in->nclaims; i++) {
		if (!in->claims[i].refused)
			continue;
		for (k = 0; k < in->nown; k++)
			if (in->own[k].nth == in->claims[i].field->nth)
				in->own[k].refused = true;
	}
}

struct dmf_inputs *
dmf_inputs_read(const struct dmf_context *ctx, const struct dmf_fields *fields)
{
	struct dmf_inputs *in = calloc(1, sizeof(*in));

	if (in == NULL)
		return NULL;
	in->ctx = ctx;
	in->dkim_fields = calloc(1 + ctx->conf->trusted_authserv_ids.nwords,
	    sizeof(*in->dkim_fields));
	in->arc_fields = calloc(1 + ctx->conf->trusted_authserv_ids.nwords,
	    sizeof(*in->arc_fields));
	in->own = calloc(fields->n + 1, sizeof(*in->own));
	if (in->dkim_fields == NULL || in->arc_fields == NULL || in->own == NULL ||
	    !dmf_ours_collect(ctx, &in->ours) || !dmf_signatures_read(&in->sigs, fields) ||
	    !dmf_arc_init(&in->arc, fields, ctx->job) || !read_fields(in, fields)) {
		dmf_inputs_free(&in);
		return NULL;
	}
	dmf_claims_judge(&in->sigs, in->claims, in->nclaims);
	mark_refused(in);
	return in;
}

void
dmf_inputs_free(struct dmf_inputs **in)
{
	if (*in == NULL)
		return;
	dmf_signatures_free(&(*in)->sigs);
	dmf_ours_free(&(*in)->ours);
	free((*in)->claims);
	free((*in)->dkim_fields);
	free((*in)->arc_fields);
	dmf_arc_clear(&(*in)->arc);
	free((*in)->own);
	free(*in);
	*in = NULL;
}
