/*
 * fuzz_automatic.c - fuzz target: the fields by which report mail and bounces are known.
 */
#include "opendmarc/automatic.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	static const char *const names[] = { "Content-Type", "Subject", "Auto-Submitted" };
	struct odm_span text = fuzz_span(octets, len);
	struct dmf_automatic a = { false, false };

	for (size_t i = 0; i < COUNT(names); i++)
		dmf_automatic_field(&a, odm_span_str(names[i]), text);
	fuzz_need(dmf_automatic_kind(&a, false, ODM_DMARC_FAIL) == HISTORY_AUTOMATIC_NO,
	    "failing mail is told");
	fuzz_need((dmf_automatic_kind(&a, true, ODM_DMARC_FAIL) == HISTORY_AUTOMATIC_BOUNCE) ==
	    a.reply, "a reply with a null sender is a bounce");
	return 0;
}
