/*
 * exact.h - test input in memory of exactly its size and without a final NUL,
 * so that the sanitizers and valgrind see every over-read.
 */
#ifndef TESTS_UNIT_EXACT_H
#define TESTS_UNIT_EXACT_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "libopendmarc/base/span.h"

/* A copy; free it with exact_free(). */
static inline struct odm_span
exact_copy(const char *text, size_t len)
{
	char *at = malloc(len > 0 ? len : 1);

	ck_assert_ptr_nonnull(at);
	memcpy(at, text, len);
	return (struct odm_span){ at, len };
}

static inline struct odm_span
exact(const char *text)
{
	return exact_copy(text, strlen(text));
}

/* times copies of text, one after another. */
static inline struct odm_span
exact_repeat(const char *text, size_t times)
{
	size_t len = strlen(text);
	char *at = malloc(len * times);

	ck_assert_ptr_nonnull(at);
	for (size_t i = 0; i < times; i++)
		memcpy(at + i * len, text, len);
	return (struct odm_span){ at, len * times };
}

static inline void
exact_free(struct odm_span s)
{
	union {
		const char *read;
		char *own;
	} at = { .read = s.at };

	free(at.own);
}

/* "[part]" for messages; at most one such text at a time. */
#define SHOW(s)	(int)(s).len, (s).len > 0 ? (s).at : ""

#endif
