/*
 * check_sender.c - cases for sender.h.
 */
#include <check.h>

#include "opendmarc/sender.h"
#include "tests/unit/suite.h"

static const struct {
	const char *sender, *address, *domain;	/* domain "": it has none */
} cases[] = {
	{ "<u@example.com>",		"u@example.com",	"example.com" },
	{ "u@example.com",		"u@example.com",	"example.com" },
	{ "<\"a@b\"@example.com>",	"\"a@b\"@example.com",	"example.com" },
	{ "<\"a\\\"@b\"@example.com>",	"\"a\\\"@b\"@example.com", "example.com" },
	{ "<@r1.example,@r2.example:u@example.com>", "u@example.com", "example.com" },
	{ "<>",				"",			"" },
	{ "",				"",			"" },
	{ "<u>",			"u",			"" },
	{ "<u@>",			"u@",			"" },
	{ "<<u@example.com>>",		"u@example.com",	"example.com" },
	{ "<b+u=d.example@l.example>",	"b+u=d.example@l.example", "l.example" },
};

START_TEST(split)
{
	struct odm_span address, domain;
	bool good = dmf_sender_split(cases[_i].sender, &address, &domain);

	ck_assert_msg(good == (cases[_i].domain[0] != '\0'), "%s", cases[_i].sender);
	ck_assert_msg(odm_span_eq(address, cases[_i].address), "%s gives \"%.*s\"",
	    cases[_i].sender, (int)address.len, address.at);
	ck_assert_msg(odm_span_eq(domain, cases[_i].domain), "%s gives \"%.*s\"",
	    cases[_i].sender, (int)domain.len, domain.len > 0 ? domain.at : "");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("sender");
	TCase *tc = tcase_create("sender");

	tcase_add_loop_test(tc, split, 0, (int)COUNT(cases));
	suite_add_tcase(s, tc);
	return run_suite(s);
}
