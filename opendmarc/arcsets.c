/*
 * arcsets.c - the ARC sets that a message carries. RFC 8617, 4.1.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "libopendmarc/base/ipaddr.h"
#include "libopendmarc/parse/arc.h"
#include "opendmarc/arcsets.h"

/* Invalid fields of one message that get a line in the log. */
#define TOLD_MAX	5

/* Which instances have been seen of one kind of field: a bit for each. */
struct seen {
	uint64_t results, signatures;
};

_Static_assert(ODM_ARC_SETS_MAX < 64, "seen is too small");

/* The longest text that can be an address: "IPv6:" and brackets round it. */
#define IP_VALUE_MAX	(ODM_IP_TEXT_MAX + 7)

/* Says why a field is not used, for the first few of a message. */
static void
tell(const char *name, struct odm_span value, const char *job, unsigned *told)
{
	if ((*told)++ < TOLD_MAX)
		log_write(LOG_LEVEL_WARNING, "%s: ignoring invalid %s header \"%.*s\"",
		    job != NULL ? job : "(unknown-jobid)", name,
		    value.len < 4096 ? (int)value.len : 4096, value.at);
}

static struct dmf_arc_seal *
find(const struct dmf_arc_sets *sets, unsigned instance)
{
	size_t i;

	for (i = 0; i < sets->n; i++)
		if (sets->at[i].instance == instance)
			return &sets->at[i];
	return NULL;
}

static void
read_seal(struct dmf_arc_sets *sets, struct odm_span value, const char *job, unsigned *told)
{
	struct dmf_arc_seal *row = &sets->at[sets->n];
	struct odm_arc_seal seal;

	odm_arc_seal_parse(value, &seal);
	if (!seal.well_formed || find(sets, seal.instance) != NULL) {
		sets->whole = false;
		tell("ARC-Seal", value, job, told);
		return;
	}
	*row = (struct dmf_arc_seal){ .instance = seal.instance, .selector = seal.selector };
	memcpy(row->domain, seal.domain, sizeof(row->domain));
	sets->n++;
}

/* The client address that a result names; false when it names none. */
static bool
read_ip(const struct odm_authres_result *res, char ip_r[ODM_IP_TEXT_MAX + 1])
{
	const struct odm_authres_prop *prop = odm_authres_find(res, "smtp", "remote-ip");
	char text[IP_VALUE_MAX + 1];
	struct odm_ip ip;

	if (prop == NULL)
		prop = odm_authres_find(res, "smtp", "client-ip");
	if (prop == NULL || !odm_authres_value(prop->value, text, sizeof(text)) ||
	    !odm_ip_parse(odm_span_str(text), &ip))
		return false;
	odm_ip_format(&ip, ip_r);
	return true;
}

/* Notes one more field of an instance; a set has one of each kind. */
static void
note(struct dmf_arc_sets *sets, uint64_t *seen, unsigned instance)
{
	uint64_t bit = UINT64_C(1) << instance;

	if ((*seen & bit) != 0)
		sets->whole = false;
	*seen |= bit;
}

static void
read_signature(struct dmf_arc_sets *sets, struct odm_span value, struct seen *seen)
{
	struct odm_arc_signature sig;

	odm_arc_signature_parse(value, &sig);
	if (sig.well_formed)
		note(sets, &seen->signatures, sig.instance);
	else
		sets->whole = false;
}

/* The address of a set comes from the first field of its instance that has one. */
static void
read_results(struct dmf_arc_sets *sets, struct odm_span value, const char *job, unsigned *told,
    struct seen *seen)
{
	struct odm_arc_results results;
	struct odm_authres_result res;
	struct dmf_arc_seal *row;
	int got;

	if (!odm_arc_results_open(value, &results)) {
		sets->whole = false;
		tell("ARC-Authentication-Results", value, job, told);
		return;
	}
	note(sets, &seen->results, results.instance);
	row = find(sets, results.instance);
	if (row == NULL || row->ip[0] != '\0')
		return;
	while ((got = odm_authres_next(&results.authres, &res)) != 0)
		if (got > 0 && read_ip(&res, row->ip))
			return;
}

static size_t
count(const struct dmf_fields *fields, enum dmf_field_kind kind)
{
	size_t i, n = 0;

	for (i = 0; i < fields->n; i++)
		n += fields->at[i].kind == kind;
	return n;
}

/* No two seals have one instance, so they are 1 to n when none is above n. */
static bool
has_gap(const struct dmf_arc_sets *sets, const struct seen *seen)
{
	uint64_t all = (UINT64_C(2) << sets->n) - 2;
	size_t i;

	for (i = 0; i < sets->n; i++)
		if (sets->at[i].instance > sets->n)
			return true;
	return seen->results != all || seen->signatures != all;
}

bool
dmf_arc_sets_read(const struct dmf_fields *fields, const char *job, struct dmf_arc_sets *sets_r)
{
	size_t i, nseals = count(fields, DMF_FIELD_ARC_SEAL), nresults = 0, nsignatures = 0;
	struct seen seen = { 0, 0 };
	unsigned told = 0;

	*sets_r = (struct dmf_arc_sets){ .whole = fields->dropped == 0 &&
		nseals <= ODM_ARC_SETS_MAX &&
		count(fields, DMF_FIELD_ARC_RESULTS) == nseals &&
		count(fields, DMF_FIELD_ARC_SIGNATURE) == nseals };
	if (nseals > 0) {
		sets_r->at = calloc(nseals < ODM_ARC_SETS_MAX ? nseals : ODM_ARC_SETS_MAX,
		    sizeof(*sets_r->at));
		if (sets_r->at == NULL)
			return false;
	}
	for (i = 0; i < fields->n && sets_r->n < ODM_ARC_SETS_MAX; i++)
		if (fields->at[i].kind == DMF_FIELD_ARC_SEAL)
			read_seal(sets_r, fields->at[i].value, job, &told);
	/* With more fields than sets can be, the rest tells nothing. */
	for (i = 0; i < fields->n; i++)
		if (fields->at[i].kind == DMF_FIELD_ARC_RESULTS &&
		    nresults++ < ODM_ARC_SETS_MAX)
			read_results(sets_r, fields->at[i].value, job, &told, &seen);
		else if (fields->at[i].kind == DMF_FIELD_ARC_SIGNATURE &&
		    nsignatures++ < ODM_ARC_SETS_MAX)
			read_signature(sets_r, fields->at[i].value, &seen);
	sets_r->whole = sets_r->whole && sets_r->n > 0 && !has_gap(sets_r, &seen);
	return true;
}

void
dmf_arc_sets_free(struct dmf_arc_sets *sets)
{
	free(sets->at);
	*sets = (struct dmf_arc_sets){ 0 };
}

bool
dmf_arc_sets_sealed_by(const struct dmf_arc_sets *sets, const char *domain)
{
	size_t i;

	for (i = 0; i < sets->n; i++)
		if (strcmp(sets->at[i].domain, domain) == 0)
			return true;
	return false;
}
