/*
 * fuzz_explain.c - any octets as an explanation. Promises: what is refused has a reason;
 * what is taken and leads to a verdict is written in a form that, read again, gives the
 * same octets and the same verdict.
 */
#include <string.h>

#include "common/explain.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	char why[256] = "", *once, *again;
	bool same = false;

	once = explain_replay(fuzz_span(octets, len), &same, why, sizeof(why));
	if (once == NULL) {
		fuzz_need(why[0] != '\0', "what is refused has a reason");
		return 0;
	}
	again = explain_replay(odm_span_str(once), &same, why, sizeof(why));
	fuzz_need(again != NULL, "what was written can be read");
	fuzz_need(strcmp(once, again) == 0, "written again it is the same");
	fuzz_need(same, "repeated it has the same verdict");
	free(once);
	free(again);
	return 0;
}
