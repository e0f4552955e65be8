/*
 * inputs_result.c - what was read of the header, told to those who decide; with SPF
 * settled, what is refused.
 */
#include "opendmarc/inputs_private.h"

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
