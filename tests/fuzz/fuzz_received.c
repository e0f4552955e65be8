/*
 * fuzz_received.c - fuzz target: the by-host of Received fields.
 */
#include "libopendmarc/parse/received.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct odm_span text = fuzz_span(octets, len), host;

	if (!odm_received_by(text, &host))
		return 0;
	fuzz_inside(host, text);
	fuzz_need(host.len > 0, "a by-host is not empty");
	for (size_t i = 0; i < host.len; i++)
		fuzz_need(!odm_is_fws(host.at[i]) && host.at[i] != '(' && host.at[i] != ';',
		    "a by-host is one word");
	return 0;
}
