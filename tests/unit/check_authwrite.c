/*
 * check_authwrite.c - cases for authwrite.h, each read back by the parser.
 */
#include <stdio.h>

#include "libopendmarc/base/result.h"
#include "libopendmarc/parse/authres.h"
#include "libopendmarc/parse/authwrite.h"
#include "tests/unit/exact.h"
#include "tests/unit/suite.h"

/* Text that is written as an id, a comment, a reason and a value; what comes back. */
static const struct text_case {
	const char	*what, *text;
	const char	*quoted;	/* as id and reason */
	const char	*value;		/* as property */
	const char	*comment;
	const char	*read;		/* what the parser gives again */
} texts[] = {
	{ "a name", "mx.example", "mx.example", "mx.example", "(mx.example)", "mx.example" },
	{ "an underscore", "a_b.example", "a_b.example", "a_b.example", "(a_b.example)",
	    "a_b.example" },
	{ "an address", "u@a.example", "\"u@a.example\"", "u@a.example", "(u@a.example)",
	    "u@a.example" },
	{ "a domain as address", "@a.example", "\"@a.example\"", "@a.example", "(@a.example)",
	    "@a.example" },
	{ "odd octets of a local-part", "b+u=d.x/y@l.example", "\"b+u=d.x/y@l.example\"",
	    "b+u=d.x/y@l.example", "(b+u=d.x/y@l.example)", "b+u=d.x/y@l.example" },
	{ "two at signs", "a@b@c.example", "\"a@b@c.example\"", "\"a@b@c.example\"",
	    "(a@b@c.example)", "a@b@c.example" },
	{ "an address without a domain", "a@", "\"a@\"", "\"a@\"", "(a@)", "a@" },
	{ "a local-part with a blank", "a b@c.example", "\"a b@c.example\"", "\"a b@c.example\"",
	    "(a b@c.example)", "a b@c.example" },
	{ "base64", "ab/c+d==", "\"ab/c+d==\"", "\"ab/c+d==\"", "(ab/c+d==)", "ab/c+d==" },
	{ "an IPv6 address", "2001:db8::1", "\"2001:db8::1\"", "\"2001:db8::1\"", "(2001:db8::1)",
	    "2001:db8::1" },
	{ "quotes", "a\"b\\c", "\"a\\\"b\\\\c\"", "\"a\\\"b\\\\c\"", "(a\"b\\\\c)", "a\"b\\c" },
	{ "parentheses", "a)(b", "\"a)(b\"", "\"a)(b\"", "(a\\)\\(b)", "a)(b" },
	{ "another result", "x; dkim=pass header.d=evil.example", "\"x; dkim=pass "
	    "header.d=evil.example\"", "\"x; dkim=pass header.d=evil.example\"",
	    "(x; dkim=pass header.d=evil.example)", "x; dkim=pass header.d=evil.example" },
	{ "another field", "x\r\nX-Evil: y", "\"xX-Evil: y\"", "\"xX-Evil: y\"", "(xX-Evil: y)",
	    "xX-Evil: y" },
	{ "control characters", "a\x01\x7f\tb", "\"ab\"", "\"ab\"", "(ab)", "ab" },
	{ "UTF-8", "b\xc3\xbc", "\"b\xc3\xbc\"", "\"b\xc3\xbc\"", "(b\xc3\xbc)", "b\xc3\xbc" },
	{ "a final backslash", "a\\", "\"a\\\\\"", "\"a\\\\\"", "(a\\\\)", "a\\" },
};

/* Reads one result with one property back. */
static void
read_back(const char *what, const struct odm_strbuf *out, const char *id, const char *value)
{
	struct odm_span text = exact_copy(out->at, out->len);
	char got[512], rest[512];
	struct odm_authres_result res;
	struct odm_authres ar;

	ck_assert_msg(odm_authres_open(text, &ar), "%s: open", what);
	if (strchr(id, '/') == NULL) {
		ck_assert(odm_authres_id(&ar, got, sizeof(got), rest, sizeof(rest)));
		ck_assert_msg(strcmp(got, id) == 0, "%s: id %s", what, got);
	}
	ck_assert_msg(odm_authres_next(&ar, &res) == 1, "%s: result", what);
	ck_assert_int_eq(res.method, ODM_METHOD_DKIM);
	ck_assert_int_eq(res.result, ODM_RESULT_PASS);
	ck_assert_uint_eq(res.nprops, 1);
	ck_assert(odm_authres_find(&res, "header", "i") != NULL);
	ck_assert(odm_authres_value(res.props[0].value, got, sizeof(got)));
	ck_assert_msg(strcmp(got, value) == 0, "%s: value %s", what, got);
	ck_assert_int_eq(odm_authres_next(&ar, &res), 0);
	exact_free(text);
}

START_TEST(text_case)
{
	const struct text_case *c = &texts[_i / 2];
	struct odm_authwrite w;
	struct odm_strbuf out;
	char want[1024];

	odm_strbuf_init(&out, 4096);
	odm_authwrite_open(&w, &out, c->text, _i % 2 == 0 ? 0 : 30);
	odm_authwrite_result(&w, "dkim", "pass");
	odm_authwrite_reason(&w, c->text);
	odm_authwrite_comment(&w, c->text);
	odm_authwrite_prop(&w, "header", "i", c->text);
	ck_assert(!out.failed);
	if (_i % 2 == 0) {
		ck_assert_int_gt(snprintf(want, sizeof(want), "%s; dkim=pass reason=%s %s header.i=%s",
		    c->quoted, c->quoted, c->comment, c->value), 0);
		ck_assert_msg(strcmp(out.at, want) == 0, "%s: got %s", c->what, out.at);
	}
	ck_assert_msg((strstr(out.at, "\n\t") != NULL) == (_i % 2 != 0), "%s: folds", c->what);
	read_back(c->what, &out, c->read, c->read);
	odm_strbuf_free(&out);
}
END_TEST

START_TEST(no_results)
{
	struct odm_authwrite w;
	struct odm_strbuf out;

	odm_strbuf_init(&out, 100);
	odm_authwrite_open(&w, &out, "mx.example", 78);
	odm_authwrite_none(&w);
	ck_assert_str_eq(out.at, "mx.example; none");
	odm_strbuf_free(&out);
}
END_TEST

/* No line passes the width, the name of the field counted; nothing else changes. */
START_TEST(folding)
{
	struct odm_authwrite w;
	struct odm_strbuf out, plain;
	size_t column = strlen("Authentication-Results: "), nlines = 1;

	odm_strbuf_init(&out, 100000);
	odm_strbuf_init(&plain, 100000);
	for (int pass = 0; pass < 2; pass++) {
		odm_authwrite_open(&w, pass == 0 ? &plain : &out, "mx.example",
		    pass == 0 ? 0 : (size_t)_i);
		for (int i = 0; i < 20; i++) {
			odm_authwrite_result(&w, "dkim", i % 2 == 0 ? "pass" : "fail");
			odm_authwrite_comment(&w, "2048-bit (key)");
			odm_authwrite_prop(&w, "header", "d", "mail.example.com");
			odm_authwrite_prop(&w, "header", "b", "ab/c+d==");
		}
	}
	ck_assert(strchr(plain.at, '\n') == NULL);
	for (size_t i = 0, k = 0; i < out.len; i++, k++) {
		if (out.at[i] == '\n') {
			ck_assert_int_eq(out.at[i + 1], '\t');
			ck_assert_int_eq(plain.at[k], ' ');
			i++;
			column = 1;
			nlines++;
			continue;
		}
		ck_assert_int_eq(out.at[i], plain.at[k]);
		ck_assert_uint_le(++column, (size_t)_i);
	}
	ck_assert_uint_gt(nlines, 5);
	odm_strbuf_free(&out);
	odm_strbuf_free(&plain);
}
END_TEST

START_TEST(a_full_buffer_says_so)
{
	struct odm_authwrite w;
	struct odm_strbuf out;

	odm_strbuf_init(&out, 20);
	odm_authwrite_open(&w, &out, "mx.example", 0);
	odm_authwrite_result(&w, "dmarc", "pass");
	ck_assert(out.failed);
	odm_strbuf_free(&out);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("authwrite");
	TCase *tc = tcase_create("authwrite");

	tcase_add_loop_test(tc, text_case, 0, 2 * COUNT(texts));
	tcase_add_test(tc, no_results);
	tcase_add_loop_test(tc, folding, 60, 80);
	tcase_add_test(tc, a_full_buffer_says_so);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
