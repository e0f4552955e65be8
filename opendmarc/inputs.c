/*
 * inputs.c - which results of the header may be used. The rules are in inputs.h.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/log.h"
#include "libopendmarc/base/domain.h"
#include "libopendmarc/parse/authres.h"
#include "libopendmarc/parse/rcvdspf.h"
#include "libopendmarc/parse/received.h"
#include "opendmarc/arcbind.h"
#include "opendmarc/dkimbind.h"
#include "opendmarc/inputs.h"

/* A decoded address or name of a result; longer ones match nothing. */
#define VALUE_MAX	1024

/* What may have to go: an Authentication-Results field under our own id. */
struct own_field {
	unsigned	nth;
	bool		refused;	/* holds a pass that was refused whatever SPF says */
	bool		spf_pass;	/* holds an SPF pass about this envelope */
	bool		dmarc_pass;
};

struct dmf_inputs {
	const struct dmf_context *ctx;
	char		(*our_hosts)[ODM_NAME_MAX + 1];
	size_t		 nour_hosts;
	struct dmf_signatures sigs;
	struct dmf_claim *claims;
	size_t		 nclaims, claims_size;
	struct dmf_arc	 arc;
	size_t		 nresults;	/* dkim, spf and arc results read, for the limit */
	unsigned	*dkim_fields;	/* fields with dkim results, for each trusted id */
	unsigned	*arc_fields;	/* the same with arc results */
	struct own_field *own;
	size_t		 nown;
	enum odm_result	 evidence;	/* of the header about this envelope; UNKNOWN none */
	enum odm_result	 spf;		/* settled */
	bool		 spf_refused;	/* settled: a header pass about this envelope is wrong */
	bool		 spf_seen;	/* a field read so far is about SPF, whoever wrote it */
	bool		 any_trusted;
	enum dmf_untrusted untrusted;
	char		 untrusted_id[DMF_ID_MAX + 1];
};

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

static void
add_our_host(struct dmf_inputs *in, const char *name)
{
	if (name != NULL && odm_domain_normalise(odm_span_str(name), in->our_hosts[in->nour_hosts]))
		in->nour_hosts++;
}

/* The names whose Received fields are ours. False: out of memory. */
static bool
collect_our_hosts(struct dmf_inputs *in)
{
	const struct dmf_context *ctx = in->ctx;
	const struct conf_list *ids = &ctx->conf->trusted_authserv_ids;
	const struct conf_list *hosts = &ctx->conf->own_hosts;
	size_t i;

	in->our_hosts = calloc(3 + ids->nwords + hosts->nwords, sizeof(*in->our_hosts));
	if (in->our_hosts == NULL)
		return false;
	add_our_host(in, ctx->mta_name);
	add_our_host(in, ctx->host_name);
	add_our_host(in, ctx->authserv_id);
	for (i = 0; i < ids->nwords; i++)
		add_our_host(in, ids->words[i]);
	for (i = 0; i < hosts->nwords; i++)
		add_our_host(in, hosts->words[i]);
	return true;
}

/* A field without a by-host says nothing about us, so it is another host's. */
static bool
received_is_ours(const struct dmf_inputs *in, struct odm_span value)
{
	struct odm_span host;
	char name[ODM_NAME_MAX + 1];
	size_t i;

	if (!odm_received_by(value, &host) || !odm_domain_normalise(host, name))
		return false;
	for (i = 0; i < in->nour_hosts; i++)
		if (strcmp(name, in->our_hosts[i]) == 0 ||
		    odm_domain_is_below(name, in->our_hosts[i]))
			return true;
	return false;
}

/* Decides whether the field of this id and job may be used; *id_r says which id it is. */
static enum dmf_untrusted
judge_id(const struct dmf_context *ctx, const char *id, const char *job, size_t *id_r)
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

/* True when the value names this envelope's domain: the sender's, or HELO of a null sender. */
static bool
is_our_sender(const struct dmf_context *ctx, struct odm_span raw)
{
	const char *want = ctx->null_sender ? ctx->helo : ctx->sender_domain;
	char text[VALUE_MAX + 1], domain[ODM_NAME_MAX + 1];

	return want[0] != '\0' && odm_authres_value(raw, text, sizeof(text)) &&
	    odm_domain_normalise(odm_domain_of_address(odm_span_str(text)), domain) &&
	    strcmp(domain, want) == 0;
}

static bool
is_null_address(struct odm_span raw)
{
	char text[VALUE_MAX + 1];

	return odm_authres_value(raw, text, sizeof(text)) &&
	    (text[0] == '\0' || strcmp(text, "<>") == 0);
}

static bool
is_our_helo(const struct dmf_context *ctx, struct odm_span raw)
{
	char text[VALUE_MAX + 1], domain[ODM_NAME_MAX + 1];

	return ctx->helo[0] != '\0' && odm_authres_value(raw, text, sizeof(text)) &&
	    odm_domain_normalise(odm_span_str(text), domain) && strcmp(domain, ctx->helo) == 0;
}

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
	bool about_helo = helo != NULL && is_our_helo(in->ctx, helo->value);
	bool null_from = from == NULL || is_null_address(from->value);
	bool ours;

	in->spf_seen = in->spf_seen || v->trusted;
	if (in->ctx->null_sender && null_from)
		ours = about_helo;
	else
		ours = from != NULL && is_our_sender(in->ctx, from->value);
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
	why = judge_id(ctx, id, job, &v->id);
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
	char text[VALUE_MAX + 1];
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
	if (spf.has_envelope_from && !is_our_sender(ctx, spf.envelope_from) &&
	    !(ctx->null_sender && is_null_address(spf.envelope_from)))
		return;
	if (ctx->null_sender && spf.has_helo && !is_our_helo(ctx, spf.helo))
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
			below = below || !received_is_ours(in, f->value);
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
	    !collect_our_hosts(in) || !dmf_signatures_read(&in->sigs, fields) ||
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
	free((*in)->our_hosts);
	free((*in)->claims);
	free((*in)->dkim_fields);
	free((*in)->arc_fields);
	dmf_arc_clear(&(*in)->arc);
	free((*in)->own);
	free(*in);
	*in = NULL;
}

const struct dmf_dkim *
dmf_inputs_dkim(const struct dmf_inputs *in, size_t i)
{
	size_t k;

	for (k = 0; k < in->nclaims; k++)
		if (!in->claims[k].refused && i-- == 0)
			return &in->claims[k].dkim;
	return NULL;
}

const struct dmf_dkim *
dmf_inputs_refused(const struct dmf_inputs *in, size_t i)
{
	size_t k;

	for (k = 0; k < in->nclaims; k++)
		if (in->claims[k].refused && i-- == 0)
			return &in->claims[k].dkim;
	return NULL;
}

void
dmf_inputs_settle_spf(struct dmf_inputs *in, const enum odm_result *own)
{
	if (own != NULL)
		in->spf = *own;
	else if (!in->ctx->conf->spf_ignore_results)
		in->spf = in->evidence;
	/* Ignored results are not refused; but nothing may contradict our own check. */
	in->spf_refused = in->spf != ODM_RESULT_PASS &&
	    (own != NULL || !in->ctx->conf->spf_ignore_results);
}

enum odm_result
dmf_inputs_spf(const struct dmf_inputs *in)
{
	return in->spf;
}

const char *
dmf_inputs_spf_domain(const struct dmf_inputs *in)
{
	return in->ctx->null_sender ? in->ctx->helo : in->ctx->sender_domain;
}

enum odm_result
dmf_inputs_arc(const struct dmf_inputs *in)
{
	return in->arc.result;
}

const char *
dmf_inputs_arc_refused(const struct dmf_inputs *in)
{
	return in->arc.refused;
}

const char *
dmf_inputs_arc_chain(const struct dmf_inputs *in)
{
	return in->arc.has_chain ? in->arc.chain : NULL;
}

const struct dmf_arc_seal *
dmf_inputs_arc_seal(const struct dmf_inputs *in, size_t i)
{
	return i < in->arc.sets.n ? &in->arc.sets.at[i] : NULL;
}

unsigned
dmf_inputs_removal(const struct dmf_inputs *in, size_t i, bool dmarc_passed)
{
	size_t k;

	for (k = 0; k < in->nown; k++) {
		const struct own_field *f = &in->own[k];

		if ((f->refused || (f->spf_pass && in->spf_refused) ||
		    (f->dmarc_pass && !dmarc_passed)) && i-- == 0)
			return f->nth;
	}
	return 0;
}

enum dmf_untrusted
dmf_inputs_untrusted(const struct dmf_inputs *in, const char **id_r)
{
	const struct conf_list *ids = &in->ctx->conf->trusted_authserv_ids;
	unsigned nfields = 0;
	size_t i;

	if (!in->any_trusted && in->untrusted != DMF_UNTRUSTED_NONE) {
		*id_r = in->untrusted_id;
		return in->untrusted;
	}
	for (i = 0; i <= ids->nwords; i++)
		nfields += in->dkim_fields[i];
	/* On a malformed signature a verifier may give up, so that says nothing. */
	if (nfields > 0 || in->sigs.n == 0 || in->sigs.odd)
		return DMF_UNTRUSTED_NONE;
	*id_r = "";
	return DMF_UNTRUSTED_ABSENT;
}
