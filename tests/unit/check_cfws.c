/*
 * check_cfws.c - cases for cfws.h.
 */
#include <check.h>
#include <string.h>

#include "libopendmarc/base/limits.h"
#include "libopendmarc/parse/cfws.h"
#include "tests/unit/exact.h"
#include "tests/unit/suite.h"

static const struct {
	const char *text, *rest;	/* rest NULL: not closed */
} skips[] = {
	{ "",				"" },
	{ "a",				"a" },
	{ " \t\r\n\ta",			"a" },
	{ "(c)a",			"a" },
	{ " (a (b) \\) c) (d)\tx (y)",	"x (y)" },
	{ "(\"(\" ) x",			NULL },		/* quotes mean nothing in a comment */
	{ "(a",				NULL },
	{ "(a\\",			NULL },
	{ "(a\\)",			NULL },
	{ ")",				")" },
};

START_TEST(skip)
{
	struct odm_span text = exact(skips[_i].text), rest = text;
	bool good = odm_cfws_skip(&rest);

	ck_assert_msg(good == (skips[_i].rest != NULL), "\"%s\"", skips[_i].text);
	ck_assert_msg(odm_span_eq(rest, good ? skips[_i].rest : ""), "\"%s\" leaves \"%.*s\"",
	    skips[_i].text, SHOW(rest));
	exact_free(text);
}
END_TEST

START_TEST(depth_is_bounded)
{
	struct odm_span text = exact_repeat("(", ODM_COMMENT_DEPTH_MAX + 1), rest = text;

	ck_assert(!odm_cfws_skip(&rest));
	ck_assert_uint_eq(rest.len, 0);
	exact_free(text);
}
END_TEST

static const struct {
	const char *text, *inner, *rest;	/* inner NULL: not closed */
} quotes[] = {
	{ "\"\"",		"",		"" },
	{ "\"a b\"c",		"a b",		"c" },
	{ "\"a\\\"b\" ",	"a\\\"b",	" " },
	{ "\"a\\\\\"b",		"a\\\\",	"b" },
	{ "\"(\"",		"(",		"" },
	{ "\"",			NULL,		"" },
	{ "\"a\\\"",		NULL,		"" },
	{ "\"a\\",		NULL,		"" },
};

START_TEST(quoted)
{
	struct odm_span text = exact(quotes[_i].text), rest = text, inner = { NULL, 0 };
	bool good = odm_quoted_take(&rest, &inner);

	ck_assert_msg(good == (quotes[_i].inner != NULL), "%s", quotes[_i].text);
	ck_assert(odm_span_eq(inner, good ? quotes[_i].inner : ""));
	ck_assert(odm_span_eq(rest, quotes[_i].rest));
	exact_free(text);
}
END_TEST

static bool
next_is_key(struct odm_span text)
{
	return text.len >= 2 && text.at[0] == 'k' && text.at[1] == '=';
}

static const struct {
	const char *text, *value, *rest;	/* value NULL: not closed */
} values[] = {
	{ "v",			"v",			"" },
	{ "v w",		"v",			" w" },
	{ "v;w",		"v",			";w" },
	{ "v(c)",		"v",			"(c)" },
	{ "a=b/c@d",		"a=b/c@d",		"" },
	{ "\"a; b\"@x y",	"\"a; b\"@x",		" y" },
	{ " (c) v",		"v",			"" },
	{ "",			"",			"" },
	{ " ;",			"",			";" },
	{ " k=1",		"",			"k=1" },
	{ "k=1",		"k=1",			"" },
	{ "(c)k=1",		"",			"k=1" },
	{ "\"a",		NULL,			"" },
	{ "(a",			NULL,			"" },
};

START_TEST(value)
{
	struct odm_span text = exact(values[_i].text), rest = text, got = { NULL, 0 };
	bool good = odm_value_take(&rest, next_is_key, &got);

	ck_assert_msg(good == (values[_i].value != NULL), "\"%s\"", values[_i].text);
	ck_assert_msg(odm_span_eq(got, good ? values[_i].value : ""), "\"%s\" gives \"%.*s\"",
	    values[_i].text, SHOW(got));
	ck_assert(odm_span_eq(rest, values[_i].rest));
	exact_free(text);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("cfws");
	TCase *tc = tcase_create("cfws");

	tcase_add_loop_test(tc, skip, 0, (int)COUNT(skips));
	tcase_add_test(tc, depth_is_bounded);
	tcase_add_loop_test(tc, quoted, 0, (int)COUNT(quotes));
	tcase_add_loop_test(tc, value, 0, (int)COUNT(values));
	suite_add_tcase(s, tc);
	return run_suite(s);
}
