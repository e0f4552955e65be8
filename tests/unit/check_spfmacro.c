/*
 * check_spfmacro.c - cases for spfmacro.h: what macros become. RFC 7208, 7.
 */
#include "common/spfmacro.h"
#include "tests/unit/exact.h"
#include "tests/unit/suite.h"

/* The facts of the examples in RFC 7208, 7.4; a letter that is not here is unknown. */
static const char *
example(void *arg, char letter)
{
	const char *client = arg;

	switch (letter) {
	case 's':
		return "strong-bad@email.example.com";
	case 'l':
		return "strong-bad";
	case 'o':
	case 'd':
		return "email.example.com";
	case 'i':
		return client;
	case 'v':
		return strchr(client, 'b') == NULL ? "in-addr" : "ip6";
	case 'h':
		return "";
	default:
		return NULL;
	}
}

static char v4[] = "192.0.2.3";
static char v6[] = "2.0.0.1.0.d.b.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.c.b.0.1";

static const struct expansion {
	const char	*text, *name;
	char		*client;
} expansions[] = {
	{ "%{s}", "strong-bad@email.example.com", v4 },
	{ "%{o}", "email.example.com", v4 },
	{ "%{d}", "email.example.com", v4 },
	{ "%{d4}", "email.example.com", v4 },
	{ "%{d3}", "email.example.com", v4 },
	{ "%{d2}", "example.com", v4 },
	{ "%{d1}", "com", v4 },
	{ "%{dr}", "com.example.email", v4 },
	{ "%{d2r}", "example.email", v4 },
	{ "%{d1r}", "email", v4 },
	{ "%{d99999999999999999999}", "email.example.com", v4 },
	{ "%{l}", "strong-bad", v4 },
	{ "%{l-}", "strong.bad", v4 },
	{ "%{lr}", "strong-bad", v4 },
	{ "%{lr-}", "bad.strong", v4 },
	{ "%{l1r-}", "strong", v4 },
	{ "%{l1-}", "bad", v4 },
	{ "%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com", v4 },
	{ "%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com", v4 },
	{ "%{lr-}.lp.%{ir}.%{v}._spf.%{d2}",
		"bad.strong.lp.3.2.0.192.in-addr._spf.example.com", v4 },
	{ "%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}",
		"3.2.0.192.in-addr.strong.lp._spf.example.com", v4 },
	{ "%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net", v4 },
	{ "%{ir}.%{v}._spf.%{d2}", "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
		"0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com", v6 },
	/* More than one delimiter, escapes, ends. */
	{ "%{s=@-.}", NULL, v4 },
	{ "%{s-.}", "strong.bad@email.example.com", v4 },
	{ "%{sr-.}", "com.example.bad@email.strong", v4 },
	{ "%{S}", "strong-bad%40email.example.com", v4 },
	{ "a%%b%_c%-d", "a%b c%20d", v4 },
	{ "example.com.", "example.com", v4 },
	{ "%{h}", "", v4 },
	{ "%{hr}", "", v4 },
	{ "x.%{h}", "x", v4 },
	/* Not known, not well-formed. */
	{ "x.%{p}", NULL, v4 },
	{ "x.%{d", NULL, v4 },
	{ "x y", NULL, v4 },
};

START_TEST(expansion)
{
	const struct expansion *e = &expansions[_i];
	struct odm_span text = exact(e->text);
	char name[ODM_NAME_MAX + 1] = "as it was";
	bool known = spfmacro_expand(text, example, e->client, name);

	ck_assert_msg(known == (e->name != NULL), "%s", e->text);
	ck_assert_msg(strcmp(name, e->name != NULL ? e->name : "as it was") == 0,
	    "%s: got %s", e->text, name);
	exact_free(text);
}
END_TEST

static const char *
argument(void *arg, char letter)
{
	(void)letter;
	return arg;
}

/* Names of so many octets with labels of one octet; the first may have two. */
START_TEST(longest_names)
{
	char value[2 * ODM_SPF_VALUE_MAX], name[ODM_NAME_MAX + 1];
	size_t len;

	for (len = 240; len < 280; len++) {
		size_t over = len <= ODM_NAME_MAX ? 0 : len - ODM_NAME_MAX;

		for (size_t i = 0; i < len; i++)
			value[i] = (len - i) % 2 == 0 ? '.' : 'x';
		value[0] = 'a';
		value[len] = '\0';
		ck_assert(spfmacro_expand(odm_span_str("%{l}"), argument, value, name));
		/* One octet too many, and it is in the first label: all of that goes. */
		ck_assert_str_eq(name, value + (over == 1 ? 3 : over));
	}
	/* A label too long for any name leaves nothing of itself. */
	memset(value, 'y', 300);
	(void)strlcpy(value + 300, ".example", 20);
	ck_assert(spfmacro_expand(odm_span_str("%{l}"), argument, value, name));
	ck_assert_str_eq(name, "example");
	value[300] = '\0';
	ck_assert(spfmacro_expand(odm_span_str("%{l}"), argument, value, name));
	ck_assert_str_eq(name, "");
}
END_TEST

/* The end of a long text is what counts, wherever it was shortened on the way. */
START_TEST(much_text)
{
	char value[600], name[ODM_NAME_MAX + 1];
	struct odm_span text;

	for (size_t i = 0; i < sizeof(value); i++)
		value[i] = "abcdefg."[i % 8];
	value[500] = '\0';
	text = exact_repeat("%{l}.", 800);
	ck_assert(spfmacro_expand(text, argument, value, name));
	ck_assert_uint_ge(strlen(name), ODM_NAME_MAX - 8);
	ck_assert_str_eq(name + strlen(name) - 12, "abcdefg.abcd");
	ck_assert_int_ne(name[0], '.');
	exact_free(text);
	/* Of a value, the first octets count. */
	memset(value, 'z', sizeof(value));
	value[ODM_SPF_VALUE_MAX - 2] = '.';
	value[sizeof(value) - 1] = '\0';
	ck_assert(spfmacro_expand(odm_span_str("%{l}"), argument, value, name));
	ck_assert_str_eq(name, "z");
}
END_TEST

START_TEST(pieces)
{
	struct odm_span rest = odm_span_str("a.b%{D12r-+}%_");
	struct spfmacro m;

	ck_assert_int_eq(spfmacro_next(&rest, &m), 1);
	ck_assert_int_eq(m.letter, '\0');
	ck_assert(odm_span_eq(m.text, "a.b"));
	ck_assert_int_eq(spfmacro_next(&rest, &m), 1);
	ck_assert_int_eq(m.letter, 'd');
	ck_assert(m.url && m.reverse);
	ck_assert_uint_eq(m.parts, 12);
	ck_assert(odm_span_eq(m.delimiters, "-+"));
	ck_assert_int_eq(spfmacro_next(&rest, &m), 1);
	ck_assert_int_eq(m.letter, '_');
	ck_assert_int_eq(spfmacro_next(&rest, &m), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("spfmacro");
	TCase *tc = tcase_create("spfmacro");

	tcase_add_loop_test(tc, expansion, 0, COUNT(expansions));
	tcase_add_test(tc, longest_names);
	tcase_add_test(tc, much_text);
	tcase_add_test(tc, pieces);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
