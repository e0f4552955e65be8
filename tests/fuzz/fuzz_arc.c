/*
 * fuzz_arc.c - fuzz target: the three fields of an ARC set. The first octet picks one.
 */
#include "libopendmarc/parse/arc.h"
#include "tests/fuzz/fuzz.h"

static void
check_tags(struct odm_span text, bool well_formed, unsigned instance, const char *domain,
    struct odm_span selector, struct odm_span signature)
{
	fuzz_inside(selector, text);
	fuzz_inside(signature, text);
	fuzz_need(instance <= ODM_ARC_SETS_MAX, "an instance is in its range");
	if (domain[0] != '\0')
		fuzz_normalised(domain);
	if (well_formed)
		fuzz_need(instance > 0 && domain[0] != '\0' && selector.len > 0 &&
		    signature.len > 0, "a well-formed field has its tags");
}

static void
check_results(struct odm_span text)
{
	struct odm_arc_results results;
	struct odm_authres_result res;
	size_t n = 0;
	int more;

	if (!odm_arc_results_open(text, &results)) {
		fuzz_need(results.instance == 0, "an unusable field has no instance");
		return;
	}
	fuzz_need(results.instance >= 1 && results.instance <= ODM_ARC_SETS_MAX,
	    "an instance is in its range");
	fuzz_inside(results.authres.authserv_id, text);
	while ((more = odm_authres_next(&results.authres, &res)) != 0) {
		fuzz_need(++n <= ODM_AUTHRES_RESULTS_MAX + 1, "the results are bounded");
		for (size_t i = 0; more == 1 && i < res.nprops; i++)
			fuzz_inside(res.props[i].value, text);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct odm_arc_signature sig;
	struct odm_arc_seal seal;
	struct odm_span text;

	if (len == 0)
		return 0;
	text = fuzz_span(octets + 1, len - 1);
	switch (octets[0] % 3) {
	case 0:
		odm_arc_seal_parse(text, &seal);
		check_tags(text, seal.well_formed, seal.instance, seal.domain, seal.selector,
		    seal.signature);
		if (seal.well_formed)
			fuzz_need(odm_arc_cv_name(seal.cv) != NULL, "a good seal has its cv");
		break;
	case 1:
		odm_arc_signature_parse(text, &sig);
		check_tags(text, sig.well_formed, sig.instance, sig.domain, sig.selector,
		    sig.signature);
		break;
	default:
		check_results(text);
		break;
	}
	return 0;
}
