/*
 * check_bounce.c - mail that came back: the samples that fuzzing starts from, by name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <check.h>

#include "common/textfile.h"
#include "reports/bounce.h"
#include "reports/mail.h"
#include "tests/unit/suite.h"

#define EMAIL	"noreply@receiver.example"
#define TO	"dmarc@sender.example"
#define LONG	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@long.example"

/* The key with which the samples were made. */
static const struct report_verp_key key = { "0123456789abcdef0123456789abcde" };

static const struct bounce_case {
	const char	*file;
	const char	*to;		/* NULL: the header tells */
	enum report_bounce_kind kind;
	const char	*recipient, *status, *reason;	/* reason: part of it */
} cases[] = {
	{ "failed", NULL, REPORT_BOUNCE_FAILED, TO, "5.1.1", "rejected: User unknown" },
	{ "crlf", NULL, REPORT_BOUNCE_FAILED, TO, "5.1.1", "rejected: User unknown" },
	{ "delayed", NULL, REPORT_BOUNCE_DELAYED, TO, "4.4.1", "User unknown" },
	{ "short-form", NULL, REPORT_BOUNCE_FAILED, LONG, "5.1.1", "User unknown" },
	{ "two-groups", NULL, REPORT_BOUNCE_FAILED, TO, "5.2.2", "User unknown" },
	{ "no-report", NULL, REPORT_BOUNCE_OTHER, "", "", "no delivery status" },
	{ "disposition", NULL, REPORT_BOUNCE_OTHER, "", "", "no delivery status" },
	{ "forged", NULL, REPORT_BOUNCE_OTHER, "", "", "did not come to an address" },
	{ "not-to-us", NULL, REPORT_BOUNCE_OTHER, "", "", "did not come to an address" },
	{ "failed", EMAIL, REPORT_BOUNCE_OTHER, "", "", "did not come to an address" },
	{ "failed", "", REPORT_BOUNCE_OTHER, "", "", "did not come to an address" },
};

START_TEST(bounce_case)
{
	const struct bounce_case *c = &cases[_i];
	const char *top = getenv("top_srcdir"), *why = "";
	struct report_bounce b;
	struct odm_strbuf mail;
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/tests/fuzz/bounce.in/%s",
	    top == NULL ? "." : top, c->file);
	odm_strbuf_init(&mail, REPORT_BOUNCE_MAX);
	ck_assert_msg(textfile_read(path, &mail, &why), "%s: %s", path, why);
	report_bounce_read(odm_strbuf_span(&mail), c->to, EMAIL, &key, &b);
	ck_assert_msg(b.kind == c->kind, "%s: got %d: %s", c->file, (int)b.kind, b.reason);
	ck_assert_str_eq(b.recipient, c->recipient);
	ck_assert_str_eq(b.status, c->status);
	ck_assert_msg(strstr(b.reason, c->reason) != NULL, "%s: %s", c->file, b.reason);
	odm_strbuf_free(&mail);
}
END_TEST

/* The address it came to, when the mail server tells it, goes before the header. */
START_TEST(given_address)
{
	char sender[ODM_URI_ADDRESS_MAX + 1];
	const char *top = getenv("top_srcdir"), *why = "";
	struct report_bounce b;
	struct odm_strbuf mail;
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/tests/fuzz/bounce.in/not-to-us",
	    top == NULL ? "." : top);
	odm_strbuf_init(&mail, REPORT_BOUNCE_MAX);
	ck_assert(textfile_read(path, &mail, &why));
	report_verp_sender(&key, EMAIL, "forwarded@other.example", sender);
	report_bounce_read(odm_strbuf_span(&mail), sender, EMAIL, &key, &b);
	ck_assert_int_eq(b.kind, REPORT_BOUNCE_FAILED);
	ck_assert_str_eq(b.recipient, "forwarded@other.example");
	odm_strbuf_free(&mail);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("bounce");
	TCase *tc = tcase_create("bounce");
	int status;

	report_mail_init();
	tcase_add_loop_test(tc, bounce_case, 0, COUNT(cases));
	tcase_add_test(tc, given_address);
	suite_add_tcase(s, tc);
	status = run_suite(s);
	report_mail_exit();
	return status;
}
