/*
 * fuzz_authres.c - fuzz target: Authentication-Results fields.
 */
#include "libopendmarc/parse/authres.h"
#include "tests/fuzz/fuzz.h"

static void
check_value(struct odm_span raw)
{
	char small[8], large[1024];
	bool fits_small = odm_authres_value(raw, small, sizeof(small));
	bool fits_large = odm_authres_value(raw, large, sizeof(large));

	fuzz_need(!fits_small || (fits_large && strcmp(small, large) == 0),
	    "what fits a small buffer fits a large one");
	for (const char *c = large; *c != '\0'; c++)
		fuzz_need((unsigned char)*c >= 0x20 && *c != 0x7f, "no control characters");
}

static void
check_result(const struct odm_authres_result *res, struct odm_span text)
{
	fuzz_need(res->nprops <= ODM_AUTHRES_PROPS_MAX, "properties have their limit");
	fuzz_need(res->method <= ODM_METHOD_SPF && res->result <= ODM_RESULT_PERMERROR,
	    "enums have their values");
	for (size_t i = 0; i < res->nprops; i++) {
		fuzz_inside(res->props[i].ptype, text);
		fuzz_inside(res->props[i].name, text);
		fuzz_inside(res->props[i].value, text);
		fuzz_need(res->props[i].ptype.len > 0 && res->props[i].name.len > 0,
		    "a property has a name");
		check_value(res->props[i].value);
	}
	(void)odm_authres_find(res, "header", "d");
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct odm_span text = fuzz_span(octets, len);
	struct odm_authres_result res;
	struct odm_authres ar;
	char id[256], job[64];
	size_t results = 0;
	int more;

	if (!odm_authres_open(text, &ar))
		return 0;
	fuzz_inside(ar.authserv_id, text);
	fuzz_need(ar.authserv_id.len > 0, "an open field has an authserv-id");
	if (odm_authres_id(&ar, id, sizeof(id), job, sizeof(job)))
		fuzz_need(id[0] != '\0' && strchr(id, '/') == NULL, "the id ends before the /");
	while ((more = odm_authres_next(&ar, &res)) != 0) {
		fuzz_inside(ar.rest, text);
		fuzz_need(++results <= len, "reading comes to an end");
		if (more > 0)
			check_result(&res, text);
	}
	fuzz_need(results <= ODM_AUTHRES_RESULTS_MAX + 1, "results have their limit");
	return 0;
}
