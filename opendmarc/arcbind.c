/*
 * arcbind.c - what the arc results of trusted fields are worth. The rules are in arcbind.h.
 */
#include "libopendmarc/base/domain.h"
#include "opendmarc/arcbind.h"

bool
dmf_arc_init(struct dmf_arc *arc, const struct dmf_fields *fields, const char *job)
{
	arc->nresults = 0;
	arc->result = ODM_RESULT_UNKNOWN;
	arc->refused = NULL;
	arc->has_chain = false;
	arc->chain[0] = '\0';
	return dmf_arc_sets_read(fields, job, &arc->sets);
}

void
dmf_arc_clear(struct dmf_arc *arc)
{
	dmf_arc_sets_free(&arc->sets);
}

bool
dmf_arc_chain_next(struct odm_span *rest_r, char domain_r[ODM_NAME_MAX + 1])
{
	struct odm_span part;

	if (!odm_span_next(rest_r, ':', &part))
		return false;
	(void)odm_domain_normalise(odm_span_trim(part), domain_r);
	return true;
}

bool
dmf_arc_bound(const struct dmf_arc *arc, const struct odm_authres_result *res)
{
	const struct odm_authres_prop *prop = odm_authres_find(res, "arc", "chain");
	char chain[DMF_ARC_CHAIN_MAX + 1], domain[ODM_NAME_MAX + 1];
	struct odm_span rest;

	if (!arc->sets.whole)
		return false;
	if (prop == NULL)
		return true;
	if (!odm_authres_value(prop->value, chain, sizeof(chain)))
		return false;
	/* A filter that seals too has put its own seal on top of the chain that it names. */
	rest = odm_span_str(chain);
	while (dmf_arc_chain_next(&rest, domain))
		if (!dmf_arc_sets_sealed_by(&arc->sets, domain))
			return false;
	return true;
}

void
dmf_arc_add(struct dmf_arc *arc, const struct odm_authres_result *res)
{
	const struct odm_authres_prop *prop = odm_authres_find(res, "arc", "chain");
	bool pass = res->result == ODM_RESULT_PASS;

	if (arc->nresults++ > 0) {
		if (pass || arc->result == ODM_RESULT_PASS) {
			arc->result = ODM_RESULT_FAIL;
			arc->refused = "there is another arc result";
		}
		return;
	}
	arc->result = res->result;
	if (pass && !dmf_arc_bound(arc, res)) {
		arc->result = ODM_RESULT_FAIL;
		arc->refused = "the message has no such chain of ARC seals";
	}
	arc->has_chain = prop != NULL;
	if (prop != NULL)
		(void)odm_authres_value(prop->value, arc->chain, sizeof(arc->chain));
}
