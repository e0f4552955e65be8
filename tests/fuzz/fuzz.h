/*
 * fuzz.h - what every fuzz target shares: its entry, and checks that hold in
 * every build.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "libopendmarc/base/domain.h"
#include "libopendmarc/base/span.h"

/* Called by libFuzzer or by replay_main.c; returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len);

/* Stops the program when a promise of the parser is broken. */
static inline void
fuzz_need(bool kept, const char *promise)
{
	if (kept)
		return;
	fprintf(stderr, "broken promise: %s\n", promise);
	abort();
}

static inline struct odm_span
fuzz_span(const uint8_t *octets, size_t len)
{
	return (struct odm_span){ (const char *)octets, len };
}

/* Needs part to lie inside whole; an empty part may point nowhere. */
static inline void
fuzz_inside(struct odm_span part, struct odm_span whole)
{
	if (part.len == 0)
		return;
	fuzz_need(part.at >= whole.at && part.len <= whole.len &&
	    part.at + part.len <= whole.at + whole.len, "a span lies inside the input");
}

/* Needs name to be a normalised domain name. */
static inline void
fuzz_normalised(const char *name)
{
	char again[ODM_NAME_MAX + 1];

	fuzz_need(strlen(name) <= ODM_NAME_MAX, "a name has at most 253 octets");
	fuzz_need(odm_domain_normalise(odm_span_str(name), again) && strcmp(name, again) == 0,
	    "a name is normalised");
}

#endif
