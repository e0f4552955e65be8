/*
 * check_psl.c - cases for psl.h, with the list that libpsl brings and one of our own.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "libopendmarc/base/psl.h"
#include "libopendmarc/base/span.h"

static const struct {
	const char *name, *org;
	bool suffix;
} cases[] = {
	{ "example.com",		"example.com",		false },
	{ "a.b.example.com",		"example.com",		false },
	{ "com",			"com",			true },
	{ "bank.co.uk",			"bank.co.uk",		false },
	{ "www.bank.co.uk",		"bank.co.uk",		false },
	{ "co.uk",			"co.uk",		true },
	{ "a.github.io",		"a.github.io",		false },
	{ "x.unknown-tld-of-ours",	"x.unknown-tld-of-ours", false },
	{ "a.b.unknown-tld-of-ours",	"b.unknown-tld-of-ours", false },
	{ "xn--bcher-kva.example",	"xn--bcher-kva.example", false },
};

START_TEST(built_in)
{
	struct odm_psl *psl = odm_psl_open(NULL);
	char org[ODM_NAME_MAX + 1];

	ck_assert_ptr_nonnull(psl);
	odm_psl_orgdomain(psl, cases[_i].name, org);
	ck_assert_str_eq(org, cases[_i].org);
	ck_assert_msg(odm_psl_is_suffix(psl, cases[_i].name) == cases[_i].suffix, "%s",
	    cases[_i].name);
	odm_psl_free(&psl);
	ck_assert_ptr_null(psl);
}
END_TEST

/* Writes text to a new file and opens it as a list. */
static struct odm_psl *
open_text(const char *text)
{
	char path[] = "check_psl.XXXXXX";
	struct odm_psl *psl;
	int fd = mkstemp(path), reason;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	psl = odm_psl_open(path);
	reason = errno;
	unlink(path);
	errno = reason;
	return psl;
}

START_TEST(file_with_wildcard_and_exception)
{
	struct odm_psl *psl = open_text("// a list\nexample\n*.wild.example\n!city.wild.example\n");
	char org[ODM_NAME_MAX + 1];

	ck_assert_ptr_nonnull(psl);
	odm_psl_orgdomain(psl, "a.b.c.wild.example", org);
	ck_assert_str_eq(org, "b.c.wild.example");
	odm_psl_orgdomain(psl, "www.city.wild.example", org);
	ck_assert_str_eq(org, "city.wild.example");
	odm_psl_free(&psl);
}
END_TEST

START_TEST(text_in_memory)
{
	static const char text[] = "com\n*.sch.example\n!city.sch.example\n";
	struct odm_psl *psl = odm_psl_parse((struct odm_span){ text, sizeof(text) - 1 });
	char org[ODM_NAME_MAX + 1];

	ck_assert_ptr_nonnull(psl);
	odm_psl_orgdomain(psl, "a.b.c.sch.example", org);
	ck_assert_str_eq(org, "b.c.sch.example");
	odm_psl_orgdomain(psl, "a.city.sch.example", org);
	ck_assert_str_eq(org, "city.sch.example");
	odm_psl_free(&psl);
	ck_assert_ptr_null(odm_psl_parse((struct odm_span){ NULL, 0 }));
	ck_assert_ptr_null(odm_psl_parse(odm_span_str("// no rule\n")));
}
END_TEST

START_TEST(unreadable)
{
	ck_assert_ptr_null(odm_psl_open("no/such/file"));
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_ptr_null(open_text(""));
	ck_assert_int_eq(errno, EINVAL);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("psl");
	TCase *tc = tcase_create("psl");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, built_in, 0, (int)COUNT(cases));
	tcase_add_test(tc, file_with_wildcard_and_exception);
	tcase_add_test(tc, text_in_memory);
	tcase_add_test(tc, unreadable);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? 0 : 1;
}
