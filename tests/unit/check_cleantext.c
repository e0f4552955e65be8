/*
 * check_cleantext.c - text fit for reports.
 */
#include <stdlib.h>
#include <check.h>

#include "reports/cleantext.h"
#include "tests/unit/suite.h"

static const struct text_case {
	const char	*what, *raw;
	size_t		 len, max;
	const char	*want;
} texts[] = {
	{ "plain",		"mx.example", 10, 100, "mx.example" },
	{ "empty",		"", 0, 100, "" },
	{ "markup stays",	"a<b>&\"'", 8, 100, "a<b>&\"'" },
	{ "NUL",		"a\0b", 3, 100, "ab" },
	{ "controls",		"a\001\037\177b", 5, 100, "ab" },
	{ "line ends",		"a\r\nb\t c", 7, 100, "a b c" },
	{ "C1 controls",	"a\xC2\x85" "b", 4, 100, "ab" },
	{ "UTF-8",		"\xC3\xBC\xE2\x82\xAC\xF0\x9F\x93\xA7", 9, 100,
	    "\xC3\xBC\xE2\x82\xAC\xF0\x9F\x93\xA7" },
	{ "U+FFFE",		"a\xEF\xBF\xBE" "b", 5, 100, "ab" },
	{ "Latin-1",		"f\xFCr", 3, 100, "f?r" },
	{ "overlong",		"\xC0\xAF", 2, 100, "??" },
	{ "surrogate",		"\xED\xA0\x80", 3, 100, "???" },
	{ "above U+10FFFF",	"\xF4\x90\x80\x80", 4, 100, "????" },
	{ "cut in the middle",	"\xE2\x82", 2, 100, "??" },
	{ "just fits",		"12345678", 8, 8, "12345678" },
	{ "too long",		"123456789", 9, 8, "12345..." },
	{ "cut between characters", "1234\xC3\xBC\xC3\xBC\xC3\xBC", 10, 8, "1234..." },
	{ "long but only controls", "\1\1\1\1\1\1\1\1\1\1\1\1", 12, 8, "" },
};

START_TEST(text)
{
	const struct text_case *c = &texts[_i];
	char *exact = malloc(c->len ? c->len : 1);
	struct odm_strbuf out;

	memcpy(exact, c->raw, c->len);
	odm_strbuf_init(&out, 1000);
	odm_strbuf_adds(&out, "");
	report_clean_text((struct odm_span){ exact, c->len }, c->max, &out);
	ck_assert_msg(strcmp(out.at, c->want) == 0, "%s: got %s, want %s", c->what, out.at,
	    c->want);
	ck_assert_uint_le(out.len, c->max);
	odm_strbuf_free(&out);
	free(exact);
}
END_TEST

START_TEST(domain)
{
	static const struct {
		const char	*raw, *want;
	} cases[] = {
		{ "Example.COM", "example.com" },
		{ "example.com.", "example.com" },
		{ "b\xC3\xBC" "cher.example", "xn--bcher-kva.example" },
		{ "A<&>.example", "a<&>.example" },
		{ "[192.0.2.1]", "[192.0.2.1]" },
		{ "a..\001b", "a..b" },
		{ "", "" },
	};
	struct odm_strbuf out;

	odm_strbuf_init(&out, 1000);
	odm_strbuf_adds(&out, "UP:");
	report_clean_domain(odm_span_str(cases[_i].raw), &out);
	ck_assert_str_eq(out.at + 3, cases[_i].want);
	ck_assert_int_eq(out.at[0], 'U');
	odm_strbuf_free(&out);
}
END_TEST

/* A name that is too long never becomes a shorter domain name. */
START_TEST(long_domain)
{
	struct odm_strbuf raw, out;
	int i;

	odm_strbuf_init(&raw, 1000);
	odm_strbuf_init(&out, 1000);
	for (i = 0; i < 60; i++)
		odm_strbuf_adds(&raw, "abcde.");
	odm_strbuf_adds(&raw, "example");
	report_clean_domain(odm_strbuf_span(&raw), &out);
	ck_assert_uint_eq(out.len, ODM_NAME_MAX);
	ck_assert_str_eq(out.at + out.len - 3, "...");
	odm_strbuf_free(&raw);
	odm_strbuf_free(&out);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("cleantext");
	TCase *tc = tcase_create("cleantext");

	tcase_add_loop_test(tc, text, 0, COUNT(texts));
	tcase_add_loop_test(tc, domain, 0, 7);
	tcase_add_test(tc, long_domain);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
