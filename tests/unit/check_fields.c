/*
 * check_fields.c - cases for fields.h.
 */
#include <check.h>

#include "libopendmarc/base/limits.h"
#include "opendmarc/fields.h"
#include "tests/unit/exact.h"
#include "tests/unit/suite.h"

static const struct {
	const char *name;
	enum dmf_field_kind kind;
} names[] = {
	{ "From",			DMF_FIELD_FROM },
	{ "from ",			DMF_FIELD_FROM },
	{ "FROM\t",			DMF_FIELD_FROM },
	{ "Fro",			DMF_FIELD_OTHER },
	{ "X-From",			DMF_FIELD_OTHER },
	{ "",				DMF_FIELD_OTHER },
	{ "authentication-results",	DMF_FIELD_AUTHRES },
	{ "DKIM-Signature",		DMF_FIELD_DKIMSIG },
	{ "Received-SPF",		DMF_FIELD_RCVDSPF },
	{ "Received",			DMF_FIELD_RECEIVED },
	{ "ARC-Seal",			DMF_FIELD_ARC_SEAL },
	{ "arc-authentication-results",	DMF_FIELD_ARC_RESULTS },
	{ "ARC-Message-Signature",	DMF_FIELD_ARC_SIGNATURE },
	{ "Subject",			DMF_FIELD_OTHER },
};

START_TEST(kinds)
{
	ck_assert_msg(dmf_field_kind(odm_span_str(names[_i].name)) == names[_i].kind, "\"%s\"",
	    names[_i].name);
}
END_TEST

START_TEST(kept_in_order_and_counted_by_kind)
{
	struct dmf_fields f;

	dmf_fields_init(&f);
	dmf_fields_add(&f, DMF_FIELD_RECEIVED, odm_span_str("r1"));
	dmf_fields_add(&f, DMF_FIELD_OTHER, odm_span_str("x"));
	dmf_fields_add(&f, DMF_FIELD_AUTHRES, odm_span_str("a1"));
	dmf_fields_add(&f, DMF_FIELD_AUTHRES, (struct odm_span){ NULL, 0 });
	dmf_fields_add(&f, DMF_FIELD_RECEIVED, odm_span_str("r2"));
	ck_assert_uint_eq(f.n, 4);
	ck_assert(odm_span_eq(f.at[0].value, "r1"));
	ck_assert_uint_eq(f.at[2].nth, 2);
	ck_assert_int_eq(f.at[2].kind, DMF_FIELD_AUTHRES);
	ck_assert_uint_eq(f.at[2].value.len, 0);
	ck_assert_uint_eq(f.at[3].nth, 2);
	ck_assert_uint_eq(f.dropped, 0);
	dmf_fields_clear(&f);
	ck_assert_uint_eq(f.n, 0);
}
END_TEST

/* A field too many is dropped, but still counted, so that removal finds the right one. */
START_TEST(octets_are_bounded)
{
	struct odm_span half = exact_repeat("x", ODM_HEADER_OCTETS_MAX / 2 + 1);
	struct dmf_fields f;

	dmf_fields_init(&f);
	dmf_fields_add(&f, DMF_FIELD_AUTHRES, half);
	dmf_fields_add(&f, DMF_FIELD_AUTHRES, half);
	dmf_fields_add(&f, DMF_FIELD_AUTHRES, odm_span_str("small"));
	ck_assert_uint_eq(f.n, 2);
	ck_assert_uint_eq(f.dropped, 1);
	ck_assert_uint_eq(f.at[1].nth, 3);
	dmf_fields_clear(&f);
	exact_free(half);
}
END_TEST

START_TEST(fields_are_bounded)
{
	struct dmf_fields f;

	dmf_fields_init(&f);
	for (size_t i = 0; i < ODM_HEADER_FIELDS_MAX + 10; i++)
		dmf_fields_add(&f, DMF_FIELD_RECEIVED, odm_span_str("r"));
	ck_assert_uint_eq(f.n, ODM_HEADER_FIELDS_MAX);
	ck_assert_uint_eq(f.dropped, 10);
	dmf_fields_clear(&f);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("fields");
	TCase *tc = tcase_create("fields");

	tcase_add_loop_test(tc, kinds, 0, (int)COUNT(names));
	tcase_add_test(tc, kept_in_order_and_counted_by_kind);
	tcase_add_test(tc, octets_are_bounded);
	tcase_add_test(tc, fields_are_bounded);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
