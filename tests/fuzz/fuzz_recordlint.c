/*
 * fuzz_recordlint.c - any octets as a record. Promises: every finding lies in the record
 * and they are in order; a record without an error finding is one, with a policy; one that
 * the parser takes has no finding that says it is none.
 */
#include "common/recordlint.h"
#include "libopendmarc/core/policy.h"
#include "libopendmarc/parse/record.h"
#include "tests/fuzz/fuzz.h"

static bool
has(const struct recordlint *lint, enum recordlint_code from, enum recordlint_code to)
{
	for (size_t i = 0; i < lint->n; i++)
		if (lint->findings[i].code >= from && lint->findings[i].code <= to)
			return true;
	return false;
}

static bool
has_error(const struct recordlint *lint)
{
	for (size_t i = 0; i < lint->n; i++)
		if (recordlint_rule(lint->findings[i].code)->severity == RECORDLINT_ERROR)
			return true;
	return false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct recordlint_place place = { RECORDLINT_UNKNOWN, RECORDLINT_UNKNOWN };
	struct odm_span text = fuzz_span(octets, len);
	struct recordlint lint;
	struct odm_record record;
	bool parsed;

	recordlint_check(text, &place, &lint);
	for (size_t i = 0; i < lint.n; i++) {
		const struct recordlint_finding *f = &lint.findings[i];

		fuzz_need(f->at <= len && f->len <= len - f->at, "a finding lies in the record");
		fuzz_need(i == 0 || f->at >= lint.findings[i - 1].at, "findings are in order");
		fuzz_inside(f->tag, text);
	}
	parsed = odm_record_parse(text, &record);
	fuzz_need(lint.dropped > 0 || has_error(&lint) || (parsed && odm_policy_usable(&record)),
	    "a record without errors works");
	if (parsed)
		fuzz_need(!has(&lint, RECORDLINT_V_MISSING, RECORDLINT_V_TWICE),
		    "a record is not said to be none");
	return 0;
}
