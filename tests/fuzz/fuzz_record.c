/*
 * fuzz_record.c - fuzz target: DMARC Policy Records.
 */
#include "libopendmarc/parse/record.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct odm_span text = fuzz_span(octets, len);
	struct odm_record rec;

	if (!odm_record_parse(text, &rec))
		fuzz_need(rec.p == ODM_POLICY_UNSET && rec.rua.len == 0, "no record, no tags");
	fuzz_inside(rec.rua, text);
	fuzz_inside(rec.ruf, text);
	fuzz_need(rec.pct <= 100, "pct is a percentage");
	fuzz_need(rec.pct_zero == (rec.pct == 0), "pct_zero says so");
	fuzz_need((rec.fo & (ODM_FO_0 | ODM_FO_1)) != (ODM_FO_0 | ODM_FO_1) && rec.fo != 0,
	    "fo has one of 0 and 1, or d or s");
	fuzz_need(rec.p <= ODM_POLICY_REJECT && rec.sp <= ODM_POLICY_REJECT &&
	    rec.np <= ODM_POLICY_REJECT && rec.psd <= ODM_PSD_NO, "enums have their values");
	return 0;
}
