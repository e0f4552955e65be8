/*
 * fuzz_rcvdspf.c - fuzz target: Received-SPF fields.
 */
#include "libopendmarc/parse/authres.h"
#include "libopendmarc/parse/rcvdspf.h"
#include "tests/fuzz/fuzz.h"

static void
check_value(bool has, struct odm_span value, struct odm_span text)
{
	char decoded[256];

	fuzz_inside(value, text);
	fuzz_need(has || value.len == 0, "a value has its key");
	(void)odm_authres_value(value, decoded, sizeof(decoded));
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct odm_span text = fuzz_span(octets, len);
	struct odm_rcvdspf spf;

	if (!odm_rcvdspf_parse(text, &spf))
		fuzz_need(spf.result == ODM_RESULT_UNKNOWN && !spf.has_helo, "no field, no facts");
	fuzz_need(spf.result <= ODM_RESULT_PERMERROR && spf.identity <= ODM_SPF_IDENTITY_OTHER,
	    "enums have their values");
	check_value(spf.has_envelope_from, spf.envelope_from, text);
	check_value(spf.has_helo, spf.helo, text);
	check_value(spf.has_client_ip, spf.client_ip, text);
	return 0;
}
