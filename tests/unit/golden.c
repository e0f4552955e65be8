/*
 * golden.c - golden files.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <check.h>

#include "tests/unit/golden.h"

static void
rewrite(const char *path, const char *octets, size_t len)
{
	FILE *f = fopen(path, "wb");

	ck_assert_msg(f != NULL, "cannot write %s", path);
	ck_assert_uint_eq(fwrite(octets, 1, len, f), len);
	ck_assert_int_eq(fclose(f), 0);
}

/* The number of the first line in which the texts differ. */
static size_t
differs_in_line(const char *a, size_t alen, const char *b, size_t blen)
{
	size_t line = 1, i;

	for (i = 0; i < alen && i < blen && a[i] == b[i]; i++)
		line += a[i] == '\n';
	return line;
}

void
golden_check(const char *name, const char *octets, size_t len)
{
	const char *top = getenv("top_srcdir");
	size_t size = len + 2, got;
	char path[1000], *want;
	FILE *f;

	ck_assert_int_lt(snprintf(path, sizeof(path), "%s/tests/golden/%s",
	    top == NULL ? "." : top, name), (int)sizeof(path));
	if (getenv("UPDATE_GOLDEN") != NULL) {
		rewrite(path, octets, len);
		return;
	}
	f = fopen(path, "rb");
	ck_assert_msg(f != NULL, "cannot read %s", path);
	want = malloc(size);
	ck_assert_ptr_nonnull(want);
	got = fread(want, 1, size, f);
	fclose(f);
	ck_assert_msg(got == len && memcmp(want, octets, len) == 0,
	    "%s differs in line %zu (UPDATE_GOLDEN=1 rewrites it)", name,
	    differs_in_line(want, got, octets, len));
	free(want);
}
