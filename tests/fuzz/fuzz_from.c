/*
 * fuzz_from.c - fuzz target: From fields.
 */
#include "libopendmarc/parse/from.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct odm_from from;

	odm_from_parse(fuzz_span(octets, len), &from);
	fuzz_need(from.ndomains <= ODM_AUTHORS_MAX, "domains have their limit");
	fuzz_need(from.ndomains <= from.nmailboxes, "each domain has a mailbox");
	if (from.ambiguous || from.too_many)
		fuzz_need(from.ndomains == 0, "nothing is taken that is not clear");
	if (from.ambiguous)
		fuzz_need(from.malformed, "what is ambiguous is malformed");
	if (!from.malformed && !from.too_many && from.nmailboxes > 0)
		fuzz_need(from.ndomains > 0, "a good mailbox has a domain");
	for (size_t i = 0; i < from.ndomains; i++) {
		fuzz_normalised(from.domains[i]);
		for (size_t k = 0; k < i; k++)
			fuzz_need(strcmp(from.domains[i], from.domains[k]) != 0,
			    "domains are distinct");
	}
	return 0;
}
