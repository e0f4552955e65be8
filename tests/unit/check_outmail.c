/*
 * check_outmail.c - ready-made mail: recipients found, Bcc gone, line ends, limits.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <check.h>

#include "reports/mail.h"
#include "reports/outmail.h"
#include "tests/unit/suite.h"

static const struct outmail_case {
	const char	*text;
	const char	*mail;
	const char	*recipients;	/* with a blank behind each */
	size_t		 nrefused;
} cases[] = {
	{ "To: a@x.example\n\nb\n", "To: a@x.example\r\n\r\nb\r\n", "a@x.example ", 0 },
	{ "To: a@x.example", "To: a@x.example\r\n", "a@x.example ", 0 },
	{ "To: a@x.example\r\n\r\nb\r\n.\r\n", "To: a@x.example\r\n\r\nb\r\n.\r\n",
	  "a@x.example ", 0 },
	{ "A: b\rTO: a@x.example\r\rb\r", "A: b\r\nTO: a@x.example\r\n\r\nb\r\n", "a@x.example ",
	  0 },
	{ "A: b\r\r\nTo: a@x.example\n", "A: b\r\n\r\nTo: a@x.example\r\n", "", 0 },
	/* Bcc in every place, folded, and what only looks like it. */
	{ "Bcc: a@x.example\nA: b\n\n", "A: b\r\n\r\n", "a@x.example ", 0 },
	{ "A: b\nbCC :\n a@x.example,\n\tb@x.example\n\nbcc: c\n", "A: b\r\n\r\nbcc: c\r\n",
	  "a@x.example b@x.example ", 0 },
	{ "A: b\nBcc: a@x.example\n \t\nC: d\n\n", "A: b\r\nC: d\r\n\r\n", "a@x.example ", 0 },
	{ "A: b\nno field\nBcc: a@x.example\n\n", "A: b\r\nno field\r\n\r\n", "a@x.example ", 0 },
	{ " folded from nothing\nBcc: a@x.example\n", " folded from nothing\r\n", "a@x.example ",
	  0 },
	{ "X-Bcc: a@x.example\nBcc\n", "X-Bcc: a@x.example\r\nBcc\r\n", "", 0 },
	{ "Cc:\n\nTo: a@x.example\n", "Cc:\r\n\r\nTo: a@x.example\r\n", "", 0 },
	/* Addresses in all their forms. */
	{ "To: A <a@x.example>, \"B, C\" <b@X.Example> (c@x.example)\n",
	  "To: A <a@x.example>, \"B, C\" <b@X.Example> (c@x.example)\r\n",
	  "a@x.example b@x.example ", 0 },
	{ "To: a@x.example\nCc: A@X.EXAMPLE, b@x.example\n",
	  "To: a@x.example\r\nCc: A@X.EXAMPLE, b@x.example\r\n", "a@x.example b@x.example ", 0 },
	{ "Cc: g: a@x.example, b@x.example;, c@x.example\n",
	  "Cc: g: a@x.example, b@x.example;, c@x.example\r\n",
	  "a@x.example b@x.example c@x.example ", 0 },
	{ "To: undisclosed-recipients:;\n", "To: undisclosed-recipients:;\r\n", "", 0 },
	{ "To: a@b\xc3\xbc.example\n", "To: a@b\xc3\xbc.example\r\n", "a@xn--b-eha.example ", 0 },
	{ "To: a, b@x.example\n", "To: a, b@x.example\r\n", "b@x.example ", 1 },
	{ "To: <-a@x.example>, \xc3\xbc@x.example\n", "To: <-a@x.example>, \xc3\xbc@x.example\r\n",
	  "", 2 },
	{ "To: <>\n", "To: <>\r\n", "", 1 },
};

START_TEST(outmail_case)
{
	const struct outmail_case *c = &cases[_i];
	struct report_outmail *m = calloc(1, sizeof(*m));
	char all[1000] = "";
	size_t i, len = 0;

	ck_assert_ptr_nonnull(m);
	ck_assert_int_eq(report_outmail_read(odm_span_str(c->text), m), 0);
	ck_assert_str_eq(m->mail.at, c->mail);
	for (i = 0; i < m->nrecipients; i++)
		len += (size_t)snprintf(all + len, sizeof(all) - len, "%s ", m->recipients[i]);
	ck_assert_str_eq(all, c->recipients);
	ck_assert_msg(m->nrefused == c->nrefused, "%s: %zu refused", c->text, m->nrefused);
	ck_assert(!m->too_many);
	report_outmail_free(m);
	free(m);
}
END_TEST

/* Reads "To: " and n addresses, or a text repeated n times. */
static bool
is_too_many(size_t n, const char *text)
{
	struct report_outmail *m = calloc(1, sizeof(*m));
	struct odm_strbuf mail;
	bool too_many;
	size_t i;

	ck_assert_ptr_nonnull(m);
	odm_strbuf_init(&mail, 1000000);
	odm_strbuf_adds(&mail, "To: ");
	for (i = 0; i < n; i++) {
		if (text == NULL)
			odm_strbuf_addf(&mail, "r%zu@x.example,", i);
		else
			odm_strbuf_adds(&mail, text);
	}
	ck_assert_int_eq(report_outmail_read(odm_strbuf_span(&mail), m), 0);
	too_many = m->too_many;
	ck_assert_uint_eq(m->nrecipients, text == NULL && too_many ?
	    REPORT_OUTMAIL_RECIPIENTS_MAX : text == NULL ? n : 0);
	odm_strbuf_free(&mail);
	report_outmail_free(m);
	free(m);
	return too_many;
}

START_TEST(limits)
{
	ck_assert(!is_too_many(REPORT_OUTMAIL_RECIPIENTS_MAX, NULL));
	ck_assert(is_too_many(REPORT_OUTMAIL_RECIPIENTS_MAX + 1, NULL));
	ck_assert(!is_too_many(REPORT_OUTMAIL_FIELD_MAX / 2, " "));
	ck_assert(is_too_many(REPORT_OUTMAIL_FIELD_MAX, " "));
}
END_TEST

START_TEST(octets)
{
	static const char text[] = "Bcc\0: x@x.example\nTo: a@x.example\0, b@x.example\n\n\0\n";
	struct report_outmail *m = calloc(1, sizeof(*m));
	char *large = calloc(1, REPORT_OUTMAIL_MAX + 1);

	ck_assert_ptr_nonnull(m);
	ck_assert_ptr_nonnull(large);
	ck_assert_int_eq(report_outmail_read((struct odm_span){ text, sizeof(text) - 1 }, m), 0);
	ck_assert_str_eq(m->mail.at,
	    "Bcc?: x@x.example\r\nTo: a@x.example?, b@x.example\r\n\r\n?\r\n");
	report_outmail_free(m);

	/* Twice as long with CRLF, and still whole. */
	memset(large, '\n', REPORT_OUTMAIL_MAX + 1);
	ck_assert_int_eq(report_outmail_read((struct odm_span){ large, REPORT_OUTMAIL_MAX }, m), 0);
	ck_assert_uint_eq(m->mail.len, 2 * REPORT_OUTMAIL_MAX);
	report_outmail_free(m);
	ck_assert_int_eq(report_outmail_read((struct odm_span){ large, REPORT_OUTMAIL_MAX + 1 },
	    m), -1);
	report_outmail_free(m);
	free(large);
	free(m);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("outmail");
	TCase *tc = tcase_create("outmail");
	int status;

	report_mail_init();
	tcase_add_loop_test(tc, outmail_case, 0, COUNT(cases));
	tcase_add_test(tc, limits);
	tcase_add_test(tc, octets);
	suite_add_tcase(s, tc);
	status = run_suite(s);
	report_mail_exit();
	return status;
}
