/*
 * check_domain.c - cases for domain.h.
 */
#include <check.h>
#include <stdlib.h>

#include "libopendmarc/base/domain.h"
#include "tests/unit/suite.h"

#define L63	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
	const char *raw, *name;		/* name NULL: no domain name */
} names[] = {
	{ "example.com",		"example.com" },
	{ "EXAMPLE.Com",		"example.com" },
	{ "example.com.",		"example.com" },
	{ "example.com..",		NULL },
	{ ".",				NULL },
	{ "",				NULL },
	{ ".example.com",		NULL },
	{ "a..b",			NULL },
	{ "com",			"com" },
	{ "_dmarc.example.com",		"_dmarc.example.com" },
	{ "a b.example",		NULL },
	{ "a>",				NULL },
	{ "[192.0.2.1]",		NULL },
	{ "192.0.2.1",			NULL },
	{ "1.2.3.com",			"1.2.3.com" },
	{ L63 ".example",		L63 ".example" },
	{ L63 "a.example",		NULL },
	{ L63 "." L63 "." L63 "." "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	  L63 "." L63 "." L63 "." "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
	{ L63 "." L63 "." L63 "." "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	  NULL },
	{ "b\xc3\xbc" "cher.example",	"xn--bcher-kva.example" },
	{ "B\xc3\x9c" "CHER.example",	"xn--bcher-kva.example" },
	{ "m\xc3\xbcnchen.example.",	"xn--mnchen-3ya.example" },
	{ "\xe4\xbe\x8b\xe3\x81\x88.example",	"xn--r8jz45g.example" },
	{ "b\xc3\xbc" "cher\xe3\x80\x82" "example",	"xn--bcher-kva.example" },
	{ "b\xfc" "cher.example",	NULL },
	{ "\xe2\x80\xae" "evil.example",	NULL },
	{ "xn--bcher-kva.example",	"xn--bcher-kva.example" },
};

START_TEST(normalise)
{
	size_t len = strlen(names[_i].raw);
	char *exact = malloc(len == 0 ? 1 : len), name[ODM_NAME_MAX + 1];
	bool good;

	ck_assert_ptr_nonnull(exact);
	memcpy(exact, names[_i].raw, len);
	good = odm_domain_normalise((struct odm_span){ exact, len }, name);
	ck_assert_msg(good == (names[_i].name != NULL), "\"%s\" gives \"%s\"", names[_i].raw, name);
	ck_assert_str_eq(name, good ? names[_i].name : "");
	free(exact);
}
END_TEST

START_TEST(normalise_refuses_nul)
{
	char name[ODM_NAME_MAX + 1];

	ck_assert(!odm_domain_normalise((struct odm_span){ "a\0.example", 10 }, name));
	ck_assert(!odm_domain_normalise((struct odm_span){ "\xc3\xbc\0.example", 11 }, name));
}
END_TEST

START_TEST(labels_and_suffixes)
{
	ck_assert_uint_eq(odm_domain_labels(""), 0);
	ck_assert_uint_eq(odm_domain_labels("com"), 1);
	ck_assert_uint_eq(odm_domain_labels("a.b.c"), 3);
	ck_assert_str_eq(odm_domain_suffix("a.b.c", 2), "b.c");
	ck_assert_str_eq(odm_domain_suffix("a.b.c", 3), "a.b.c");
	ck_assert_str_eq(odm_domain_suffix("a.b.c", 9), "a.b.c");
	ck_assert_str_eq(odm_domain_suffix("a.b.c", 0), "");
	ck_assert(odm_domain_is_below("x.example.com", "example.com"));
	ck_assert(!odm_domain_is_below("example.com", "example.com"));
	ck_assert(!odm_domain_is_below("badexample.com", "example.com"));
	ck_assert(!odm_domain_is_below("com", "example.com"));
	ck_assert(!odm_domain_is_below("example.com", ""));
}
END_TEST

START_TEST(domain_of_address)
{
	static const struct {
		const char *address, *domain;
	} cases[] = {
		{ "user@example.com", "example.com" },
		{ "<user@example.com>", "example.com" },
		{ "\"a@b\"@example.com", "example.com" },
		{ "@example.com", "example.com" },
		{ "example.com", "example.com" },
		{ "<>", "" },
		{ "", "" },
		{ "user@", "" },
	};

	ck_assert(odm_span_eq(odm_domain_of_address(odm_span_str(cases[_i].address)),
	    cases[_i].domain));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("domain");
	TCase *tc = tcase_create("domain");

	tcase_add_loop_test(tc, normalise, 0, (int)COUNT(names));
	tcase_add_test(tc, normalise_refuses_nul);
	tcase_add_test(tc, labels_and_suffixes);
	tcase_add_loop_test(tc, domain_of_address, 0, 8);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
