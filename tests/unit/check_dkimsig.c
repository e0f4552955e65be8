/*
 * check_dkimsig.c - cases for dkimsig.h: the tags of a DKIM-Signature field.
 */
#include <stdio.h>

#include "libopendmarc/parse/dkimsig.h"
#include "tests/unit/exact.h"
#include "tests/unit/suite.h"

static const struct sig_case {
	const char	*what, *text;
	bool		 well_formed;
	const char	*domain, *selector, *identity, *signature;
} cases[] = {
	{ "as signers write it",
		"v=1; a=rsa-sha256; c=relaxed/simple; d=Example.COM;\r\n\ts=s1; t=1; bh=AAAA=;"
		"\r\n\th=From:To:\r\n\t Subject; i=@sub.example.com;\n\tb=abc\n\t def==",
		true, "example.com", "s1", "@sub.example.com", "abc\n\t def==" },
	{ "shortest", "v=1;a=x;b=c;bh=e;d=example.com;h=from;s=s", true, "example.com", "s", "",
		"c" },
	{ "blanks round everything",
		" v = 1 ; a = x ; b = c ; bh = e ; d = example.com ; h = from ;"
		" s = s ; ", true, "example.com", "s", "", "c" },
	{ "unknown tags", "v=1;a=x;zz=;b=c;bh=e;r_1=y;d=example.com;h=from;s=s;", true,
		"example.com",
		"s", "", "c" },
	{ "stray separators", ";v=1;;a=x;b=c;bh=e;d=example.com;h=from;s=s;;", true, "example.com",
		"s", "", "c" },
	{ "U-label", "v=1;a=x;b=c;bh=e;d=b\xc3\xbc" "cher.example;h=from;s=s", true,
		"xn--bcher-kva.example", "s", "", "c" },
	{ "empty", "", false, "", "", "", "" },
	{ "no tags", "foo", false, "", "", "", "" },
	{ "v missing", "a=x;b=c;bh=e;d=example.com;h=from;s=s", false, "example.com", "s", "",
		"c" },
	{ "b empty", "v=1;a=x;b=;bh=e;d=example.com;h=from;s=s", false, "example.com", "s", "",
		"" },
	{ "s missing", "v=1;a=x;b=c;bh=e;d=example.com;h=from", false, "example.com", "", "", "c" },
	{ "h missing", "v=1;a=x;b=c;bh=e;d=example.com;s=s", false, "example.com", "s", "", "c" },
	{ "bh missing", "v=1;a=x;b=c;d=example.com;h=from;s=s", false, "example.com", "s", "",
		"c" },
	{ "a missing", "v=1;b=c;bh=e;d=example.com;h=from;s=s", false, "example.com", "s", "",
		"c" },
	{ "d missing", "v=1;a=x;b=c;bh=e;h=from;s=s", false, "", "s", "", "c" },
	{ "d twice", "v=1;a=x;b=c;bh=e;d=a.example;d=b.example;h=from;s=s", false, "a.example", "s",
		"", "c" },
	{ "b twice", "v=1;a=x;b=c;b=f;bh=e;d=a.example;h=from;s=s", false, "a.example", "s", "",
		"c" },
	{ "i twice", "v=1;a=x;b=c;bh=e;d=a.example;h=from;s=s;i=@a.example;i=@b.example", false,
		"a.example", "s", "@a.example", "c" },
	{ "first one empty", "v=1;a=x;b=c;bh=e;d=;d=b.example;h=from;s=s", false, "", "s", "",
		"c" },
	{ "names keep their case", "V=1;A=x;B=c;BH=e;D=example.com;H=from;S=s", false, "", "", "",
		"" },
	{ "a part without =", "v=1;a=x;b=c;bh=e;d=example.com;h=from;s=s;foo", false, "example.com",
		"s", "", "c" },
	{ "a part without name", "v=1;a=x;b=c;bh=e;d=example.com;h=from;s=s;=y", false,
		"example.com",
		"s", "", "c" },
	{ "d is no name", "v=1;a=x;b=c;bh=e;d=exam ple..com;h=from;s=s", true, "", "s", "", "c" },
	{ "no comments here", "v=1;a=x;b=c;bh=e;d=example.com(x);h=from;s=s", true, "", "s", "",
		"c" },
};

START_TEST(sig_case)
{
	const struct sig_case *c = &cases[_i];
	struct odm_span text = exact(c->text);
	struct odm_dkimsig sig;

	odm_dkimsig_parse(text, &sig);
	ck_assert_msg(sig.well_formed == c->well_formed, "%s: well_formed", c->what);
	ck_assert_msg(strcmp(sig.domain, c->domain) == 0, "%s: got %s", c->what, sig.domain);
	ck_assert_msg(odm_span_eq(sig.selector, c->selector), "%s: selector", c->what);
	ck_assert_msg(odm_span_eq(sig.identity, c->identity), "%s: identity", c->what);
	ck_assert_msg(odm_span_eq(sig.signature, c->signature), "%s: signature", c->what);
	exact_free(text);
}
END_TEST

static const struct b_case {
	const char	*b, *prefix;
	bool		 matches;
} b_cases[] = {
	{ "abcdefghij", "abcdefgh", true },
	{ "abcd\r\n\t efgh ij", "abcdefgh", true },
	{ "abcdefgh", "abcdefgh", true },
	{ "ab/c+d==", "ab/c+d==", true },
	{ "abcdefghij", "a", true },
	{ "abcdefgh", "abcdefghi", false },
	{ "abcdefghij", "bcdefghi", false },
	{ "abcdefghij", "ABCDEFGH", false },
	{ "abcdefghij", "", false },
	{ "", "", false },
	{ "", "a", false },
	{ "   ", "a", false },
};

START_TEST(b_case)
{
	const struct b_case *c = &b_cases[_i];
	struct odm_span b = exact(c->b), prefix = exact(c->prefix);
	struct odm_dkimsig sig = { .signature = b };

	ck_assert_msg(odm_dkimsig_matches_b(&sig, prefix) == c->matches, "\"%s\" and \"%s\"", c->b,
	    c->prefix);
	exact_free(b);
	exact_free(prefix);
}
END_TEST

/* What follows the tags of a signature that is strictly right, or stands for one of them. */
#define GOOD	"v=1; a=x; b=c; bh=e; h=from; "
static const struct strict_case {
	const char	*what, *text;
	bool		 strict;
} strict_cases[] = {
	{ "shortest", GOOD "d=a.example; s=s", true },
	{ "folded", GOOD "\r\n\td=a.example;\r\n\ts=s\r\n", true },
	{ "final separator", GOOD "d=a.example; s=s;", true },
	{ "final separator and blank", GOOD "d=a.example; s=s; ", true },
	{ "unknown tag, empty", GOOD "d=a.example; s=s; r_1=", true },
	{ "selector of labels", GOOD "d=a.example; s=a.b_c.d-e", true },
	{ "numbers", GOOD "d=a.example; s=s; l=0; t=999999999999; x=1", true },
	{ "not well formed", "v=1; a=x; d=a.example; s=s", false },
	{ "empty", "", false },
	{ "first separator", "; " GOOD "d=a.example; s=s", false },
	{ "separator twice", GOOD "; d=a.example; s=s", false },
	{ "two final separators", GOOD "d=a.example; s=s;;", false },
	{ "no tag", GOOD "d=a.example; s=s; foo", false },
	{ "no name", GOOD "d=a.example; s=s; =x", false },
	{ "name with a blank", GOOD "d=a.example; s=s; a b=x", false },
	{ "name that begins with _", GOOD "d=a.example; s=s; _a=x", false },
	{ "name beyond ASCII", GOOD "d=a.example; s=s; \xc3\xa9=x", false },
	{ "value beyond ASCII", GOOD "d=a.example; s=s; z=\xc3\xa9", false },
	{ "control character", GOOD "d=a.example; s=s; z=a\001b", false },
	{ "DEL", GOOD "d=a.example; s=s; z=a\177b", false },
	{ "domain that is none", GOOD "d=!; s=s", false },
	{ "domain with an empty label", GOOD "d=a..example; s=s", false },
	{ "selector that begins with a dot", GOOD "d=a.example; s=.a", false },
	{ "selector that ends in a dot", GOOD "d=a.example; s=a.", false },
	{ "selector that is none", GOOD "d=a.example; s=a b", false },
	{ "selector with a label of 64", GOOD "d=a.example; s="
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false },
	{ "empty time", GOOD "d=a.example; s=s; t=", false },
	{ "negative time", GOOD "d=a.example; s=s; t=-1", false },
	{ "hexadecimal time", GOOD "d=a.example; s=s; x=0x1", false },
	{ "time of 13 digits", GOOD "d=a.example; s=s; x=1000000000000", false },
	{ "length that is no number", GOOD "d=a.example; s=s; l=x", false },
};

START_TEST(strict_case)
{
	const struct strict_case *c = &strict_cases[_i];
	struct odm_span text = exact(c->text);
	struct odm_dkimsig sig;

	odm_dkimsig_parse(text, &sig);
	ck_assert_msg(sig.strict == c->strict, "%s", c->what);
	exact_free(text);
}
END_TEST

START_TEST(longest_key_name)
{
	/* 12 octets for "._domainkey.", 189 and 52 of the names: 253. */
	static const char label[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.";
	char text[512];
	struct odm_dkimsig sig;
	int selector;

	for (selector = 52; selector <= 53; selector++) {
		ck_assert_int_lt(snprintf(text, sizeof(text), GOOD "d=%s%s%sa; s=%.*s", label,
		    label, label + 1, selector, label), (int)sizeof(text));
		odm_dkimsig_parse(odm_span_str(text), &sig);
		ck_assert_uint_eq(strlen(sig.domain), 189);
		ck_assert_msg(sig.strict == (selector == 52), "selector of %d", selector);
	}
}
END_TEST

START_TEST(a_megabyte)
{
	struct odm_span text = exact_repeat("b=;", 350000);
	struct odm_dkimsig sig;

	odm_dkimsig_parse(text, &sig);
	ck_assert(!sig.well_formed);
	exact_free(text);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("dkimsig");
	TCase *tc = tcase_create("dkimsig");

	tcase_add_loop_test(tc, sig_case, 0, COUNT(cases));
	tcase_add_loop_test(tc, b_case, 0, COUNT(b_cases));
	tcase_add_loop_test(tc, strict_case, 0, COUNT(strict_cases));
	tcase_add_test(tc, longest_key_name);
	tcase_add_test(tc, a_megabyte);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
