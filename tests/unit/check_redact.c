/*
 * check_redact.c - what of a header is hidden, what stays, and the secret behind it.
 */
#include <sys/stat.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reports/redact.h"
#include "tests/unit/suite.h"

static const struct report_redact redact = { { 1, 2, 3 } };

/* Replaces {text} by the token of text. */
static void
expand(const char *pattern, struct odm_strbuf *out)
{
	char token[REPORT_TOKEN_LEN + 1];
	const char *end;

	for (; *pattern != '\0'; pattern++) {
		if (*pattern == '{' && (end = strchr(pattern, '}')) != NULL) {
			report_redact_token(&redact, (struct odm_span){ pattern + 1,
			    (size_t)(end - pattern - 1) }, token);
			odm_strbuf_adds(out, token);
			pattern = end;
		} else {
			odm_strbuf_addc(out, *pattern);
		}
	}
}

static const struct text_case {
	const char *text, *want;
} texts[] = {
	{ "", "" },
	{ "no address here", "no address here" },
	{ "joe@x.example", "{joe}@x.example" },
	{ "JOE@x.example and joe@y.example", "{joe}@x.example and {joe}@y.example" },
	{ "<a.b+c/d=e@x.example>", "<{a.b+c/d=e}@x.example>" },
	{ "\"joe doe\"@x.example", "{\"joe doe\"}@x.example" },
	{ "\"a\\\"b@c\"@x.example", "{\"a\\\"b@c\"}@x.example" },
	{ "\"a\" \"b\"@x", "\"a\" {\"b\"}@x" },
	{ "\"\\\"\\\"", "\"\\\"\\\"" },
	{ "\"\\", "\"\\" },
	{ "@x.example", "@x.example" },
	{ " @ ", " @ " },
	{ "a@", "{a}@" },
	{ "a@b@c", "{a}@{b}@c" },
	{ "\"@x", "\"@x" },
	{ "i=joe@x.example; s=1", "i={joe}@x.example; s=1" },
	{ "smtp.mailfrom=joe@x.example", "smtp.mailfrom={joe}@x.example" },
	{ "SMTP.Mailfrom=\"joe doe\"@x", "SMTP.Mailfrom={\"joe doe\"}@x" },
	{ "bounce-joe=y.example@x.example", "{bounce-joe=y.example}@x.example" },
	{ "j\xC3\xB6@x", "{j\xC3\xB6}@x" },
	{ "see http://x/ HTTPS://joe@y/ http", "see hxxp://x/ hxxpS://{joe}@y/ http" },
};

START_TEST(text)
{
	const struct text_case *c = &texts[_i];
	size_t len = strlen(c->text);
	char *exact = malloc(len ? len : 1);
	struct odm_strbuf got, want;

	memcpy(exact, c->text, len);
	odm_strbuf_init(&got, 10000);
	odm_strbuf_init(&want, 10000);
	report_redact_text(&redact, (struct odm_span){ exact, len }, &got);
	expand(c->want, &want);
	ck_assert_str_eq(got.at, want.at);
	ck_assert_ptr_null(strstr(got.at, "joe"));
	odm_strbuf_free(&got);
	odm_strbuf_free(&want);
	free(exact);
}
END_TEST

static const struct text_case headers[] = {
	{ "Subject: secret plans\n\tof joe\n", "Subject: [redacted]\n" },
	{ "From: Joe Doe <joe@x.example>\n", "From: <{joe}@x.example>\n" },
	{ "To: \"Doe, Joe\" <joe@x.example>,\n\tann@y.example (Ann)\n",
	    "To: <{joe}@x.example>,\n <{ann}@y.example>\n" },
	{ "To: undisclosed-recipients:;\n", "To: [redacted]\n" },
	{ "TO : joe@x.example\n", "TO: <{joe}@x.example>\n" },
	{ "Message-ID: <20260101.joe@x.example>\n", "Message-ID: <{20260101.joe}@x.example>\n" },
	{ "References: <a@x>\nList-Id: <users.x>\nX-Loop: joe\nThread-Topic: s\nIn-Reply-To: <b@x>\n",
	    "References: [redacted]\nList-Id: [redacted]\nX-Loop: [redacted]\n"
	    "Thread-Topic: [redacted]\nIn-Reply-To: [redacted]\n" },
	{ "Received: from a (a [192.0.2.1])\n\t(Authenticated sender: joe)\n\tby b with ESMTPSA id 1\n"
	    "\tfor <ann@y.example>; Mon, 1 Jan 2026 00:00:00 +0000\n",
	    "Received: from a (a [192.0.2.1])\n\t(authenticated)\n\tby b with ESMTPSA id 1\n"
	    "\tfor <{ann}@y.example>; Mon, 1 Jan 2026 00:00:00 +0000\n" },
	{ "Received: from a (authenticated as joe", "Received: from a (authenticated)\n" },
	{ "DKIM-Signature: v=1; d=x.example; i=joe@x.example; z=From:joe@x|Subject:plans; b=abc=\n",
	    "DKIM-Signature: v=1; d=x.example; i={joe}@x.example; b=abc=\n" },
	{ "Authentication-Results: mx; spf=pass smtp.mailfrom=joe@x.example\n",
	    "Authentication-Results: mx; spf=pass smtp.mailfrom={joe}@x.example\n" },
	{ "Received-SPF: pass (mx: x) envelope-from=\"joe@x.example\"; client-ip=192.0.2.1;\n",
	    "Received-SPF: pass (mx: x) envelope-from=\"{joe}@x.example\"; client-ip=192.0.2.1;\n" },
	{ "Date: Mon, 1 Jan 2026 00:00:00 +0000\n", "Date: Mon, 1 Jan 2026 00:00:00 +0000\n" },
	{ " stray joe\nno field joe\n: joe\nDate: x\n", "Date: x\n" },
	{ "", "" },
};

START_TEST(header)
{
	const struct text_case *c = &headers[_i];
	struct odm_strbuf got, want;

	odm_strbuf_init(&got, 10000);
	odm_strbuf_init(&want, 10000);
	report_redact_header(&redact, odm_span_str(c->text), &got);
	expand(c->want, &want);
	ck_assert_str_eq(got.at, want.at);
	odm_strbuf_free(&got);
	odm_strbuf_free(&want);
}
END_TEST

/* A known value, computed by another program: tokens must not change between versions. */
START_TEST(token)
{
	char one[REPORT_TOKEN_LEN + 1], two[REPORT_TOKEN_LEN + 1];
	struct report_redact other = redact;

	report_redact_token(&redact, odm_span_str("Joe"), one);
	ck_assert_str_eq(one, "rjejb3nl3jxx");
	other.secret[REPORT_SECRET_SIZE - 1] = 1;
	report_redact_token(&other, odm_span_str("joe"), two);
	ck_assert_str_ne(one, two);
}
END_TEST

START_TEST(secret)
{
	char folder[] = "/tmp/check_redact.XXXXXX", path[100], why[300] = "";
	struct report_redact one, two;
	struct stat st;
	FILE *f;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/secret", folder);
	ck_assert_msg(report_redact_open(path, &one, why, sizeof(why)), "%s", why);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	ck_assert(report_redact_open(path, &two, why, sizeof(why)));
	ck_assert_mem_eq(one.secret, two.secret, sizeof(one.secret));
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	(void)fputs("short", f);
	(void)fclose(f);
	ck_assert(!report_redact_open(path, &two, why, sizeof(why)));
	ck_assert_ptr_nonnull(strstr(why, "64 hexadecimal digits"));
	(void)unlink(path);
	ck_assert_int_eq(rmdir(folder), 0);
	ck_assert(!report_redact_open(path, &two, why, sizeof(why)));
	ck_assert_ptr_nonnull(strstr(why, "No such file"));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("redact");
	TCase *tc = tcase_create("redact");

	tcase_add_loop_test(tc, text, 0, (int)COUNT(texts));
	tcase_add_loop_test(tc, header, 0, (int)COUNT(headers));
	tcase_add_test(tc, token);
	tcase_add_test(tc, secret);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
