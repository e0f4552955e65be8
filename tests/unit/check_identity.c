/*
 * check_identity.c - who sends, from what was said and what the host is called.
 */
#include <stdlib.h>
#include <string.h>
#include <check.h>

#include "libopendmarc/base/span.h"
#include "reports/identity.h"
#include "tests/unit/suite.h"

static const struct identity_case {
	const char	*what;
	struct report_identity_options said;
	const char	*host;
	const char	*email, *contact, *org, *submitter, *helo;	/* email NULL: refused */
	const char	*why;		/* must stand in the reason */
} cases[] = {
	{ "nothing said", { NULL, NULL, NULL, NULL }, "mx.mail.example.com",
	    "postmaster@mail.example.com", "postmaster@mail.example.com", "mail.example.com",
	    "mail.example.com", "mx.mail.example.com", NULL },
	{ "host of two labels", { NULL, NULL, NULL, NULL }, "example.com",
	    "postmaster@example.com", "postmaster@example.com", "example.com",
	    "example.com", "example.com", NULL },
	{ "host without a name", { NULL, NULL, NULL, NULL }, "", NULL, NULL, NULL, NULL, NULL,
	    "--report-email" },
	{ "address said", { "Reports@Receiver.Example", NULL, NULL, NULL }, "",
	    "Reports@Receiver.Example", "Reports@Receiver.Example", "receiver.example",
	    "receiver.example", "receiver.example", NULL },
	{ "all said", { "r@receiver.example", "help@receiver.example", "Receiver Inc",
	    "mx.receiver.example" }, "host.example.com", "r@receiver.example",
	    "help@receiver.example", "Receiver Inc", "mx.receiver.example", "host.example.com",
	    NULL },
	{ "bad address", { "r@x@receiver.example", NULL, NULL, NULL }, "", NULL, NULL, NULL, NULL,
	    NULL, "--report-email" },
	{ "bad contact", { "r@receiver.example", "x", NULL, NULL }, "", NULL, NULL, NULL, NULL,
	    NULL, "--report-contact" },
	{ "bad domain", { "r@receiver.example", NULL, NULL, "a..b" }, "", NULL, NULL, NULL, NULL,
	    NULL, "--report-domain" },
};

START_TEST(identity)
{
	const struct identity_case *c = &cases[_i];
	struct report_identity id;
	char why[200] = "";

	ck_assert_msg(report_identity_make(&c->said, c->host, &id, why, sizeof(why)) ==
	    (c->email != NULL), "%s: %s", c->what, why);
	if (c->email == NULL) {
		ck_assert_msg(strstr(why, c->why) != NULL, "%s: %s", c->what, why);
		return;
	}
	ck_assert_str_eq(id.email, c->email);
	ck_assert_str_eq(id.contact, c->contact);
	ck_assert_str_eq(id.org, c->org);
	ck_assert_str_eq(id.submitter, c->submitter);
	ck_assert_str_eq(id.helo, c->helo);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("identity");
	TCase *tc = tcase_create("identity");

	tcase_add_loop_test(tc, identity, 0, COUNT(cases));
	suite_add_tcase(s, tc);
	return run_suite(s);
}
