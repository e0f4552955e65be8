/*
 * check_spfrecord.c - cases for spfrecord.h: which records are good, and what
 * their terms mean.
 */
#include "common/spfrecord.h"
#include "libopendmarc/base/limits.h"
#include "tests/unit/exact.h"
#include "tests/unit/suite.h"

/* Behind "v=spf1 ". */
static const struct record_case {
	const char	*terms;
	bool		 valid;
} records[] = {
	{ "", true },
	{ "   ", true },
	{ "-all", true },
	{ "-all   ", true },
	{ "a  mx   -all", true },
	{ "+A ?MX ~Ptr -ALL", true },
	{ "a:example.com mx:example.com ptr:example.com", true },
	{ "a:example.com. include:_spf.example.com.", true },
	{ "a/0 a//0 a/32//128 a:example.com/24 a:example.com//64 mx/8//8", true },
	{ "a:foo:bar/baz.example.com", true },
	{ "a:example.xn--zckzah a:x.a-b a:x.1a", true },
	{ "exists:%{i} exists:%{ir}.%{v}.arpa exists:%{d2R.-+,/_=}.x.y", true },
	{ "exists:%{L200r} exists:a%%b%_c%-d.com exists:%%", true },
	{ "a:%{d}/24//64 a:%{l/}/24", true },
	{ "ip4:0.0.0.0/0 ip4:192.0.2.1 ip4:192.0.2.255/24", true },
	{ "ip6:::/0 ip6:2001:DB8::1/128 ip6:::1.2.3.4/96 ip6:::ffff:1.2.3.4", true },
	{ "redirect=example.com exp=%{d}", true },
	{ "REDIRECT=example.com", true },
	{ "x= y=%{c}%{r}%{t} a.b-c_d=e:f/g=h m1=1", true },
	{ "ip4=192.0.2.1", true },
	{ "x=1 x=1", true },

	{ "all.", false }, { "all:x", false }, { "all/8", false }, { "-all moo", false },
	{ "--all", false }, { "- all", false }, { "+", false }, { ":", false }, { "=", false },
	{ "a:", false }, { "a:/24", false }, { "a/", false }, { "a//", false }, { "a/33", false },
	{ "a//129", false }, { "a/24/64", false }, { "a///64", false }, { "a//64/24", false },
	{ "a/024", false }, { "a/00", false }, { "a/-1", false }, { "a/ 24", false },
	{ "a/99999999999999999999", false }, { "a:example.com/24/", false },
	{ "a:museum", false }, { "a:museum.", false }, { "a:example.com..", false },
	{ "a:1.2.3.4", false }, { "a:x.123", false }, { "a:x.-com", false },
	{ "a:x.com-", false }, { "a:x.c_m", false }, { "a:example.com:8080", false },
	{ "a=", true },		/* an unknown modifier */
	{ "mx:", false }, { "ptr:", false }, { "ptr/0", false }, { "ptr:example.com/8", false },
	{ "include", false }, { "include:", false }, { "include:example.com/24", false },
	{ "exists", false }, { "exists:", false }, { "exists:example.com/24", false },
	{ "ip4", false }, { "ip4:", false }, { "ip4:1.2.3", false }, { "ip4:1.2.3.4.5", false },
	{ "ip4:1.2.3.04", false }, { "ip4:1.2.3.256", false }, { "ip4:1.2.3.4/33", false },
	{ "ip4:1.2.3.4/032", false }, { "ip4:1.2.3.4//32", false }, { "ip4:1.2.3.4/", false },
	{ "ip4:1.2.3.4:25", false }, { "ip4:2001:db8::1", false }, { "ip4:/8", false },
	{ "ip6", false }, { "ip6:", false }, { "ip6:1.2.3.4", false }, { "ip6:::/129", false },
	{ "ip6:::1//33", false }, { "ip6::CAFE::BABE", false }, { "ip6:[::1]", false },
	{ "ip6:fe80::1%eth0", false },
	{ "ip6:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0001", false },
	{ "redirect=", false }, { "redirect=-all", false }, { "redirect:example.com", false },
	{ "+redirect=example.com", false }, { "exp=", false }, { "exp=%{r}.example.com", false },
	{ "redirect=a.test redirect=b.test", false }, { "exp=a.test Exp=b.test", false },
	{ "1x=y", false }, { "x y=z", false }, { "x/y=z", false }, { "x:y=z", false },
	{ "x=%", false }, { "x=%a", false }, { "x=%{", false }, { "x=%{d", false },
	{ "x=%{}", false }, { "x=%{z}", false }, { "x=%{d0}", false }, { "x=%{d2x}", false },
	{ "x=%{dr2}", false }, { "x=%{d-r}", false }, { "x=%{dd}", false }, { "x=%(d)", false },
	{ "exists:%{c}.x.y", false }, { "exists:%{T}.x.y", false }, { "exists:%{d}.", false },
	{ "exists:%{d}com", false }, { "exists:x.%{l}com", false },
	{ "a\tmx", false }, { "a\r", false }, { "a:x.com\x7f", false }, { "a:\xc3\xbc.com", false },
	{ "\xc3\xbc=x", false }, { "x=\x01", false },
};

/* "v=spf1 " and the terms, without a final NUL. */
static struct odm_span
whole_record(const char *terms)
{
	char text[2 * ODM_SPF_RECORD_MAX];
	int n = snprintf(text, sizeof(text), "V=spf1 %s", terms);

	ck_assert(n > 0 && (size_t)n < sizeof(text));
	return exact_copy(text, (size_t)n);
}

START_TEST(record_case)
{
	const struct record_case *c = &records[_i];
	struct odm_span text = whole_record(c->terms);

	ck_assert(spfrecord_is(text));
	ck_assert_msg(spfrecord_valid(text) == c->valid, "\"%s\" should be %s", c->terms,
	    c->valid ? "good" : "bad");
	exact_free(text);
}
END_TEST

START_TEST(versions)
{
	static const struct {
		const char *text;
		bool is;
	} c[] = {
		{ "v=spf1", true }, { "v=spf1 ", true }, { "V=SPF1 -all", true },
		{ "", false }, { "v=spf", false }, { "v=spf10", false }, { "v=spf1\t-all", false },
		{ " v=spf1", false }, { "v=spf1-all", false }, { "spf2.0/pra", false },
	};

	for (size_t i = 0; i < COUNT(c); i++) {
		struct odm_span text = exact(c[i].text);

		ck_assert_msg(spfrecord_is(text) == c[i].is, "%s", c[i].text);
		ck_assert(!spfrecord_valid(text) || c[i].is);
		exact_free(text);
	}
}
END_TEST

START_TEST(nul_and_length)
{
	struct odm_span text = exact_copy("v=spf1 a:x.com\0 -all", 20);
	char longest[ODM_SPF_RECORD_MAX + 1];

	ck_assert(!spfrecord_valid(text));
	exact_free(text);
	memset(longest, ' ', sizeof(longest));
	memcpy(longest, "v=spf1", 6);
	ck_assert(spfrecord_valid((struct odm_span){ longest, ODM_SPF_RECORD_MAX }));
	ck_assert(!spfrecord_valid((struct odm_span){ longest, ODM_SPF_RECORD_MAX + 1 }));
}
END_TEST

/* One term: what is read from it. */
static const struct term_case {
	const char	*text;
	enum spfterm_kind kind;
	char		 qualifier;
	const char	*domain;
	unsigned	 bits4, bits6;
	const char	*net;
} terms[] = {
	{ "all",	SPFTERM_ALL, '+', "", 32, 128, "" },
	{ "~all",	SPFTERM_ALL, '~', "", 32, 128, "" },
	{ "a",		SPFTERM_A, '+', "", 32, 128, "" },
	{ "-a:x.y/0",	SPFTERM_A, '-', "x.y", 0, 128, "" },
	{ "?mx:x.y//0",	SPFTERM_MX, '?', "x.y", 32, 0, "" },
	{ "mx/24//64",	SPFTERM_MX, '+', "", 24, 64, "" },
	{ "a:x/1.y/8",	SPFTERM_A, '+', "x/1.y", 8, 128, "" },
	{ "a:%{l1/}//9", SPFTERM_A, '+', "%{l1/}", 32, 9, "" },
	{ "ptr:x.y",	SPFTERM_PTR, '+', "x.y", 32, 128, "" },
	{ "include:x.y", SPFTERM_INCLUDE, '+', "x.y", 32, 128, "" },
	{ "exists:x.y", SPFTERM_EXISTS, '+', "x.y", 32, 128, "" },
	{ "ip4:192.0.2.255/25", SPFTERM_IP4, '+', "", 32, 128, "192.0.2.128" },
	{ "ip4:192.0.2.255/0", SPFTERM_IP4, '+', "", 32, 128, "0.0.0.0" },
	{ "ip6:2001:db8::ff/121", SPFTERM_IP6, '+', "", 32, 128, "2001:db8::80" },
	{ "ip6:::ffff:192.0.2.1", SPFTERM_IP6, '+', "", 32, 128, "::ffff:192.0.2.1" },
	{ "redirect=x.y", SPFTERM_REDIRECT, '\0', "x.y", 32, 128, "" },
	{ "exp=x.y",	SPFTERM_EXP, '\0', "x.y", 32, 128, "" },
	{ "moo=",	SPFTERM_UNKNOWN, '\0', "", 32, 128, "" },
};

START_TEST(term_case)
{
	const struct term_case *c = &terms[_i];
	struct odm_span text = exact(c->text), rest = text;
	char net[ODM_IP_TEXT_MAX + 1];
	struct spfterm term;

	ck_assert_msg(spfrecord_next(&rest, &term) == 1, "%s", c->text);
	odm_ip_format(&term.net.ip, net);
	ck_assert_uint_eq(rest.len, 0);
	ck_assert_int_eq(term.kind, c->kind);
	ck_assert_int_eq(term.qualifier, c->qualifier);
	ck_assert_msg(odm_span_eq(term.domain, c->domain), "got \"%.*s\"", SHOW(term.domain));
	ck_assert_uint_eq(term.bits4, c->bits4);
	ck_assert_uint_eq(term.bits6, c->bits6);
	ck_assert_str_eq(net, c->net);
	ck_assert_int_eq(spfrecord_next(&rest, &term), 0);
	exact_free(text);
}
END_TEST

/* A bad term stops the walk and leaves the caller's term alone. */
START_TEST(bad_term)
{
	struct odm_span rest = odm_span_str(" mx moo -all");
	struct spfterm term = { .qualifier = 'x' };

	ck_assert_int_eq(spfrecord_next(&rest, &term), 1);
	ck_assert_int_eq(term.kind, SPFTERM_MX);
	ck_assert_int_eq(spfrecord_next(&rest, &term), -1);
	ck_assert_int_eq(term.kind, SPFTERM_MX);
	ck_assert_int_eq(spfrecord_next(&rest, &term), -1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("spfrecord");
	TCase *tc = tcase_create("spfrecord");

	tcase_add_loop_test(tc, record_case, 0, COUNT(records));
	tcase_add_loop_test(tc, term_case, 0, COUNT(terms));
	tcase_add_test(tc, versions);
	tcase_add_test(tc, nul_and_length);
	tcase_add_test(tc, bad_term);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
