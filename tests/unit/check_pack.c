/*
 * check_pack.c - gzip: what goes in comes out again, and equal input gives equal octets.
 */
#include <stdlib.h>
#include <string.h>
#include <check.h>
#include <zlib.h>

#include "reports/pack.h"
#include "tests/unit/suite.h"

/* The octets unpacked, malloc'd; the test fails when they are no gzip or not len. */
static char *
unpack(struct odm_span packed, size_t len)
{
	char *out = malloc(len + 1), *in = malloc(packed.len);
	z_stream z = { 0 };

	memcpy(in, packed.at, packed.len);
	z.next_in = (Bytef *)in;
	z.avail_in = (uInt)packed.len;
	z.next_out = (Bytef *)out;
	z.avail_out = (uInt)len + 1;
	ck_assert_int_eq(inflateInit2(&z, 15 + 16), Z_OK);
	ck_assert_int_eq(inflate(&z, Z_FINISH), Z_STREAM_END);
	ck_assert_uint_eq(z.total_out, len);
	ck_assert_uint_eq(z.avail_in, 0);
	inflateEnd(&z);
	free(in);
	return out;
}

/* Packs text in pieces of the given size. */
static struct report_pack *
pack(const char *text, size_t len, size_t piece, struct odm_span *packed_r)
{
	struct report_pack *p = report_pack_new();
	size_t at, n;

	ck_assert_ptr_nonnull(p);
	for (at = 0; at < len; at += n) {
		n = len - at < piece ? len - at : piece;
		ck_assert_int_eq(report_pack_write(p, text + at, n), 0);
	}
	ck_assert_int_eq(report_pack_finish(p, packed_r), 0);
	return p;
}

START_TEST(round_trip)
{
	static const size_t sizes[] = { 0, 1, 100, 16384, 300000 };
	static const size_t pieces[] = { 1000000, 4000, 7 };
	size_t len = sizes[_i], i, k;
	char *text = malloc(len + 1), *again;
	struct odm_span packed, first = { NULL, 0 };
	struct report_pack *p, *keep = NULL;
	uint32_t random = 1;

	/* Half of it is compressible, half is not. */
	for (i = 0; i < len; i++) {
		random = random * 1664525 + 1013904223;
		text[i] = i % 2000 < 1000 ? 'x' : (char)(random >> 24);
	}
	for (k = 0; k < 3; k++) {
		p = pack(text, len, pieces[k], &packed);
		again = unpack(packed, len);
		ck_assert_mem_eq(again, text, len);
		free(again);
		if (keep == NULL) {
			keep = p;
			first = packed;
			continue;
		}
		ck_assert_uint_eq(packed.len, first.len);
		ck_assert_mem_eq(packed.at, first.at, first.len);
		report_pack_free(&p);
	}
	report_pack_free(&keep);
	free(text);
}
END_TEST

/* RFC 1952: no flags, so no name; time 0. */
START_TEST(header)
{
	struct odm_span packed;
	struct report_pack *p = pack("x", 1, 1, &packed);

	ck_assert_uint_gt(packed.len, 18);
	ck_assert_mem_eq(packed.at, "\x1f\x8b\x08\0\0\0\0\0", 8);
	report_pack_free(&p);
	ck_assert_ptr_null(p);
	report_pack_free(&p);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("pack");
	TCase *tc = tcase_create("pack");

	tcase_add_loop_test(tc, round_trip, 0, 5);
	tcase_add_test(tc, header);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
