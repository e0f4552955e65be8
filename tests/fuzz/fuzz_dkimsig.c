/*
 * fuzz_dkimsig.c - fuzz target: DKIM-Signature fields.
 */
#include "libopendmarc/parse/dkimsig.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct odm_span text = fuzz_span(octets, len);
	struct odm_dkimsig sig;

	odm_dkimsig_parse(text, &sig);
	fuzz_inside(sig.selector, text);
	fuzz_inside(sig.identity, text);
	fuzz_inside(sig.signature, text);
	if (sig.domain[0] != '\0')
		fuzz_normalised(sig.domain);
	if (sig.well_formed)
		fuzz_need(sig.selector.len > 0 && sig.signature.len > 0,
		    "a well-formed signature has its tags");
	fuzz_need(!sig.strict || (sig.well_formed && sig.domain[0] != '\0'),
	    "what is strictly right is well formed");
	if (odm_dkimsig_matches_b(&sig, text))
		fuzz_need(text.len <= sig.signature.len, "a prefix is no longer than its whole");
	fuzz_need(!odm_dkimsig_matches_b(&sig, fuzz_span(octets, 0)), "nothing matches nothing");
	return 0;
}
