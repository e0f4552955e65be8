/*
 * check_from.c - cases for from.h: Author Domains of From fields.
 */
#include <stdio.h>

#include "libopendmarc/parse/from.h"
#include "tests/unit/exact.h"
#include "tests/unit/suite.h"

enum verdict {
	FINE,		/* the grammar, obsolete forms included */
	MALFORMED,	/* not the grammar, domains clear or none */
	AMBIGUOUS,
	TOO_MANY
};

static const struct from_case {
	const char	*text, *domains;	/* joined by blanks */
	size_t		 mailboxes;
	enum verdict	 verdict;
} cases[] = {
	/* The grammar. */
	{ "user@example.com", "example.com", 1, FINE },
	{ "<user@EXAMPLE.com>", "example.com", 1, FINE },
	{ "a@SUB.Example.COM", "sub.example.com", 1, FINE },
	{ "\"Doe, J.\" <user@example.com>", "example.com", 1, FINE },
	{ "J. P. Doe <user@example.com>", "example.com", 1, FINE },
	{ "Davide D'Marco <user@example.com>", "example.com", 1, FINE },
	{ "\"\\\"Medtronic, Inc.\\\"\" <u@example.com>", "example.com", 1, FINE },
	{ "\"'X, Y' via Z\" <s@groups.example>", "groups.example", 1, FINE },
	{ "user@example.com (Joe @ evil.example)", "example.com", 1, FINE },
	{ "(a (nested \\) one) b) user@example.com", "example.com", 1, FINE },
	{ "user@example.com (\"not quoted)", "example.com", 1, FINE },
	{ "\"(no comment\" <user@example.com>", "example.com", 1, FINE },
	{ "\"user@trusted.example\" <user@evil.example>", "evil.example", 1, FINE },
	{ "\"x\\\"<a@trusted.example>\" <b@evil.example>", "evil.example", 1, FINE },
	{ "\"ends with backslash\\\\\" <b@example.com>", "example.com", 1, FINE },
	{ "\"a@b\"@example.com", "example.com", 1, FINE },
	{ "\"a b\"@example.com", "example.com", 1, FINE },
	{ "\"Someone <x@junk.example>\"@example.com", "example.com", 1, FINE },
	{ "<\"a>b\"@example.com>", "example.com", 1, FINE },
	{ "a\xc3\xbc" "b <user@example.com>", "example.com", 1, FINE },
	{ "Name <user@example.com>(c)", "example.com", 1, FINE },
	{ "Name\r\n\t<user@example.com>\r\n (c)\r\n", "example.com", 1, FINE },
	{ "Name\n\t<user\n\t@\n\texample.com\n\t>\n", "example.com", 1, FINE },

	/* Encoded words are atoms. */
	{ "=?utf-8?q?boss=40trusted=2Eexample?= <x@evil.example>", "evil.example", 1, FINE },
	{ "=?utf-8?Q?x=40evil.example?= <a@example.com>", "example.com", 1, FINE },
	{ "=?utf-8?q?boss=40trusted.example?=", "", 0, MALFORMED },

	/* Obsolete forms. */
	{ "<@r1.example,@r2.example:user@example.com>", "example.com", 1, FINE },
	{ "<@r1.example , , @r2.example : user@example.com>", "example.com", 1, FINE },
	{ "very.\"un usual\".\"x\"@example.com", "example.com", 1, FINE },
	{ "user (c) @ (d) example (e) . com", "example.com", 1, FINE },
	{ "a@ example.com", "example.com", 1, FINE },
	{ "< a@example.com >", "example.com", 1, FINE },
	{ ", a@example.com,,", "example.com", 1, FINE },

	/* Groups. */
	{ "grp: a@example.com;", "example.com", 1, FINE },
	{ "Undisclosed sender:;", "", 0, FINE },
	{ "undisclosed: ;", "", 0, FINE },
	{ "Team: a@example.com, b@example.com;", "example.com", 2, FINE },
	{ "Team: a@example.com; , c@example.net", "example.com example.net", 2, FINE },
	{ "Team: a@example.com; c@example.net", "example.com example.net", 2, FINE },
	{ "A: a@example.com;, B: b@example.net;", "example.com example.net", 2, FINE },
	{ "Team: a@example.com, b@example.net", "example.com example.net", 2, MALFORMED },
	{ "A: B: a@example.com;", "example.com", 1, MALFORMED },
	{ ": a@example.com;", "example.com", 1, MALFORMED },
	{ "x@y.example: <a@example.com>;", "example.com", 1, MALFORMED },
	{ "Team: foo;", "", 0, MALFORMED },

	/* Several mailboxes. */
	{ "a@example.com, b@example.com", "example.com", 2, FINE },
	{ "a@example.com, b@EXAMPLE.COM.", "example.com", 2, MALFORMED },
	{ "a@example.com, b@example.net", "example.com example.net", 2, FINE },
	{ "s@example.com, s@evil.example, t@example.com", "example.com evil.example", 3, FINE },
	{ "Doe, John <a@example.com>", "example.com", 1, MALFORMED },
	{ "foo, a@example.com", "example.com", 1, MALFORMED },
	{ ",a@example.com", "example.com", 1, FINE },
	{ "a@example.com, b", "example.com", 1, MALFORMED },
	{ "a, b@example.com", "example.com", 1, MALFORMED },
	{ "a@x.example, , b@y.example", "x.example y.example", 2, FINE },
	{ "a@example.com, <b>", "example.com", 2, MALFORMED },
	{ "<a@x.example, b@y.example>", "x.example y.example", 2, MALFORMED },
	{ "a@example.com; b@example.net", "example.com example.net", 2, MALFORMED },

	/* International names. */
	{ "user@b\xc3\xbc" "cher.example", "xn--bcher-kva.example", 1, FINE },
	{ "user@xn--bcher-kva.example", "xn--bcher-kva.example", 1, FINE },
	{ "a@m\xc3\xbcnchen.example, b@xn--mnchen-3ya.example", "xn--mnchen-3ya.example", 2, FINE },
	{ "\xe7\x94\xa8\xe6\x88\xb7@\xe4\xbe\x8b\xe3\x81\x88.example", "xn--r8jz45g.example", 1,
		FINE },
	{ "a@b\xff.example", "", 1, MALFORMED },
	{ "a@b\xff.example, c@example.com", "example.com", 2, MALFORMED },

	/* No domain. */
	{ "", "", 0, MALFORMED },
	{ " \r\n ", "", 0, MALFORMED },
	{ "(only a comment)", "", 0, MALFORMED },
	{ "user", "", 0, MALFORMED },
	{ "Foo Bar", "", 0, MALFORMED },
	{ "<>", "", 1, MALFORMED },
	{ "<user>", "", 1, MALFORMED },
	{ "Foo <>", "", 1, MALFORMED },
	{ "user@[192.0.2.1]", "", 1, MALFORMED },
	{ "user@[IPv6:2001:db8::1]", "", 1, MALFORMED },
	{ "<user@[192.0.2.1]>, a@example.com", "example.com", 2, MALFORMED },
	{ "user@192.0.2.1", "", 1, MALFORMED },
	{ "user@example..com", "", 1, MALFORMED },
	{ "user@.com", "", 1, MALFORMED },
	{ "user@", "", 1, MALFORMED },
	{ "<user@>", "", 1, MALFORMED },
	{ "@", "", 1, MALFORMED },
	{ "user@\"example.com\"", "", 1, MALFORMED },
	{ "user@exam\x01ple.com", "", 1, MALFORMED },
	{ "<@r1.example:>", "", 1, MALFORMED },
	{ "<@r1.example:user>", "", 1, MALFORMED },

	/* Not the grammar, but the domain is clear. */
	{ "user@trusted.example <user@evil.example>", "evil.example", 1, MALFORMED },
	{ "a@b@c.example <user@evil.example>", "evil.example", 1, MALFORMED },
	{ "a@x.example, b@trusted.example <c@y.example>", "x.example y.example", 2, MALFORMED },
	{ "a@example.com>", "example.com", 1, MALFORMED },
	{ "<a@example.com>>", "example.com", 1, MALFORMED },
	{ "<<a@example.com>>", "example.com", 1, MALFORMED },
	{ "<user@example.com", "example.com", 1, MALFORMED },
	{ "Foo <user@example.com", "example.com", 1, MALFORMED },
	{ "Foo <user@example.com, b@example.net", "example.com example.net", 2, MALFORMED },
	{ "Foo <a <user@example.com>", "example.com", 1, MALFORMED },
	{ "<user@example.com>;", "example.com", 1, MALFORMED },
	{ "user@example.com;", "example.com", 1, MALFORMED },
	{ "user@example.com.", "example.com", 1, MALFORMED },
	{ "<a@reject.example.>", "reject.example", 1, MALFORMED },
	{ "a@example.com (c", "example.com", 1, MALFORMED },
	{ "<a@example.com> (c (d)", "example.com", 1, MALFORMED },
	{ "a@example.com \"c", "example.com", 1, MALFORMED },
	{ "a@example.com c)", "example.com", 1, MALFORMED },
	{ "a@example.com Joe Doe", "example.com", 1, MALFORMED },
	{ "<a@example.com> Joe Doe", "example.com", 1, MALFORMED },
	{ "<a@example.com>.", "example.com", 1, MALFORMED },
	{ "<a@example.com c>", "example.com", 1, MALFORMED },
	{ "[List] <a@example.com>", "example.com", 1, MALFORMED },
	{ "a\\b <a@example.com>", "example.com", 1, MALFORMED },
	{ "a\x01 <a@example.com>", "example.com", 1, MALFORMED },
	{ "Re: Foo <a@example.com>", "example.com", 1, MALFORMED },
	{ "<mailto:a@example.com>", "example.com", 1, MALFORMED },
	{ "@example.com", "example.com", 1, MALFORMED },
	{ "<@example.com>", "example.com", 1, MALFORMED },
	{ "<@example.com,>", "example.com", 1, MALFORMED },
	{ "< (c) @example.com>", "example.com", 1, MALFORMED },

	/* Two addresses without a comma, one domain. */
	{ "<a@example.com> <b@Example.com>", "example.com", 1, MALFORMED },
	{ "a@example.com b@example.com", "example.com", 1, MALFORMED },
	{ "<a@example.com> b@example.com", "example.com", 1, MALFORMED },

	/* More than one reading, or none that is safe. */
	{ "<a@example.com> <b@aa.example.com>", "", 1, AMBIGUOUS },
	{ "<a@example.com> <b@>", "", 1, AMBIGUOUS },
	{ "<a@example.com <b@example.net>", "", 1, AMBIGUOUS },
	{ "a@example.com b@example.net", "", 1, AMBIGUOUS },
	{ "<a@example.com> b@example.net", "", 1, AMBIGUOUS },
	{ "c@example.org, <a@example.com> b@example.net", "", 1, AMBIGUOUS },
	{ "c@example.org, a@example.com b@example.net, d@example.org", "", 2, AMBIGUOUS },
	{ "a@b@example.com", "", 1, AMBIGUOUS },
	{ "a@b.example@b.example", "", 1, AMBIGUOUS },
	{ "<a@b@example.com>", "", 1, AMBIGUOUS },
	{ "Foo <a@b.example c@example.com>", "", 1, AMBIGUOUS },
	{ "a@x.example:b@example.com", "", 1, AMBIGUOUS },
	{ "<a@x.example:b@example.com>", "", 1, AMBIGUOUS },
	{ "<a@example.com>: b@example.net;", "", 1, AMBIGUOUS },
	{ "@a.example,@b.example:c@d.example", "", 1, AMBIGUOUS },
	{ "<@a.example,@b.example>", "", 1, AMBIGUOUS },
	{ "<@a.example b@example.com>", "", 1, AMBIGUOUS },
	{ "\"unclosed <user@example.com>", "", 0, AMBIGUOUS },
	{ "a@example.com \"unclosed <b@example.net>", "", 1, AMBIGUOUS },
	{ "<a@example.com> \"b\\\" <c@example.net>", "", 1, AMBIGUOUS },
	{ "a@example.com (unclosed <b@example.net>", "", 1, AMBIGUOUS },
	{ "(unclosed a@example.com", "", 0, AMBIGUOUS },
	{ "a@[192.0.2.1 <b@example.com>", "", 1, AMBIGUOUS },
	{ "a@[192.0.2.1", "", 1, MALFORMED },
	{ "Foo\rBar <a@example.com>", "", 0, AMBIGUOUS },
	{ "a@example.com\nb@example.net", "", 0, AMBIGUOUS },
	{ "a@example.com\n\n b@example.net", "", 0, AMBIGUOUS },
	{ "a@example.com\r\nb", "", 0, AMBIGUOUS },
	{ "a@example.com\r\r\n b", "", 0, AMBIGUOUS },
};

/* The domains found, joined by blanks. */
static const char *
join(const struct odm_from *from, char buf[ODM_AUTHORS_MAX * (ODM_NAME_MAX + 1) + 1])
{
	size_t len = 0, n;

	for (size_t i = 0; i < from->ndomains; i++) {
		n = strlen(from->domains[i]);
		if (i > 0)
			buf[len++] = ' ';
		memcpy(buf + len, from->domains[i], n);
		len += n;
	}
	buf[len] = '\0';
	return buf;
}

static void
check_verdict(const struct odm_from *from, enum verdict want, const char *what)
{
	ck_assert_msg(from->ambiguous == (want == AMBIGUOUS), "%s: ambiguous %d", what,
	    from->ambiguous);
	ck_assert_msg(from->too_many == (want == TOO_MANY), "%s: too_many %d", what,
	from->too_many);
	if (want != TOO_MANY)
		ck_assert_msg(from->malformed == (want != FINE), "%s: malformed %d", what,
		    from->malformed);
}

START_TEST(from_case)
{
	const struct from_case *c = &cases[_i];
	struct odm_span text = exact(c->text);
	char got[ODM_AUTHORS_MAX * (ODM_NAME_MAX + 1) + 1];
	struct odm_from from;

	odm_from_parse(text, &from);
	ck_assert_msg(strcmp(join(&from, got), c->domains) == 0, "\"%s\": got \"%s\"", c->text,
	got);
	ck_assert_msg(c->verdict == AMBIGUOUS || from.nmailboxes == c->mailboxes,
	    "\"%s\": %zu mailboxes", c->text, from.nmailboxes);
	check_verdict(&from, c->verdict, c->text);
	exact_free(text);
}
END_TEST

START_TEST(nul_octets)
{
	static const struct {
		const char	*text;
		size_t		 len;
	} texts[] = {
		{ "a@example.com\0x", 15 },
		{ "\0a@example.com", 14 },
		{ "\"\0\" <a@example.com>", 19 },
		{ "a@example.com\0", 14 },
		{ "\0", 1 },
	};
	struct odm_span text = exact_copy(texts[_i].text, texts[_i].len);
	struct odm_from from;

	odm_from_parse(text, &from);
	ck_assert(from.ambiguous);
	ck_assert(from.malformed);
	ck_assert_uint_eq(from.ndomains, 0);
	exact_free(text);
}
END_TEST

/* Ten domains are read, an eleventh makes them too many; the same ones do not count twice. */
START_TEST(author_limit)
{
	char text[4096];
	size_t len = 0, domains = ODM_AUTHORS_MAX + (size_t)_i;
	struct odm_from from;

	for (size_t i = 0; i < 2 * domains; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "a@d%zu.example,",
		i % domains);
	odm_from_parse((struct odm_span){ text, len }, &from);
	check_verdict(&from, _i == 0 ? FINE : TOO_MANY, "authors");
	ck_assert_uint_eq(from.ndomains, _i == 0 ? ODM_AUTHORS_MAX : 0);
}
END_TEST

START_TEST(mailbox_limit)
{
	struct odm_span text = exact_repeat("a@x.example,", ODM_FROM_MAILBOXES_MAX + (size_t)_i);
	struct odm_from from;

	odm_from_parse(text, &from);
	check_verdict(&from, _i == 0 ? FINE : TOO_MANY, "mailboxes");
	ck_assert_uint_eq(from.ndomains, _i == 0 ? 1 : 0);
	exact_free(text);
}
END_TEST

/* A name of 253 octets is a name, one of 254 is not, and an endless one ends nothing. */
START_TEST(long_domains)
{
	static const struct {
		size_t	len;
		bool	good;
	} lens[] = { { 253, true }, { 254, false }, { 1012, false }, { 1013, false }, { 100000,
	false } };
	size_t len = lens[_i].len;
	char *text = malloc(len + 2);
	struct odm_from from;

	ck_assert_ptr_nonnull(text);
	memcpy(text, "a@", 2);
	for (size_t i = 0; i < len; i++)
		text[2 + i] = i % 2 == 0 ? 'x' : '.';
	if (len % 2 == 0)
		text[2 + len - 1] = 'x';
	odm_from_parse((struct odm_span){ text, len + 2 }, &from);
	ck_assert_uint_eq(from.ndomains, lens[_i].good ? 1 : 0);
	ck_assert_uint_eq(from.nmailboxes, 1);
	ck_assert(from.malformed == !lens[_i].good);
	ck_assert(!from.ambiguous);
	free(text);
}
END_TEST

/*
 * A megabyte of what might make a parser go back. With square costs one of
 * these would take hours; the suite has no other clock than libcheck's own.
 */
static const struct big_case {
	const char	*unit, *domains;
	size_t		 times;
	enum verdict	 verdict;
} bigs[] = {
	{ ",", "", 1000000, MALFORMED },
	{ "<", "", 1000000, MALFORMED },
	{ ">", "", 1000000, MALFORMED },
	{ "(", "", 1000000, MALFORMED },
	{ ")", "", 1000000, MALFORMED },
	{ "()", "", 500000, MALFORMED },
	{ "\"", "", 1000000, MALFORMED },
	{ "\"\" ", "", 333333, MALFORMED },
	{ "[", "", 1000000, MALFORMED },
	{ "\\", "", 1000000, MALFORMED },
	{ ":", "", 1000000, MALFORMED },
	{ ";", "", 1000000, MALFORMED },
	{ ".", "", 1000000, MALFORMED },
	{ "a", "", 1000000, MALFORMED },
	{ "a ", "", 500000, MALFORMED },
	{ "a,", "", 500000, MALFORMED },
	{ "a:b;", "", 250000, MALFORMED },
	{ "@", "", 1000000, AMBIGUOUS },
	{ "a@b.c,", "", 200000, TOO_MANY },
	{ "<a@b.c>", "b.c", 150000, MALFORMED },
	{ "a@b.c ", "b.c", 150000, MALFORMED },
	{ "a@[", "", 300000, AMBIGUOUS },
	{ "<@a", "a", 300000, MALFORMED },
	{ "<@a:", "", 250000, AMBIGUOUS },
	{ "a@(c)", "", 200000, AMBIGUOUS },
	{ "\xff", "", 1000000, MALFORMED },
};

START_TEST(a_megabyte)
{
	const struct big_case *c = &bigs[_i];
	struct odm_span text = exact_repeat(c->unit, c->times);
	char got[ODM_AUTHORS_MAX * (ODM_NAME_MAX + 1) + 1];
	struct odm_from from;

	odm_from_parse(text, &from);
	ck_assert_msg(strcmp(join(&from, got), c->domains) == 0, "%s...: got %s", c->unit, got);
	check_verdict(&from, c->verdict, c->unit);
	exact_free(text);
}
END_TEST

/* The address behind a long comment or name is found all the same. */
START_TEST(address_at_the_end)
{
	static const char *const heads[] = { "(", "\"" }, *const tails[] = {
		") <a@example.com>", "\" <a@example.com>"
	};
	size_t middle = 100000, tail = strlen(tails[_i]);
	char *text = malloc(1 + middle + tail);
	struct odm_from from;

	ck_assert_ptr_nonnull(text);
	text[0] = heads[_i][0];
	memset(text + 1, 'x', middle);
	memcpy(text + 1 + middle, tails[_i], tail);
	odm_from_parse((struct odm_span){ text, 1 + middle + tail }, &from);
	ck_assert_uint_eq(from.ndomains, 1);
	ck_assert_str_eq(from.domains[0], "example.com");
	ck_assert(!from.malformed);
	free(text);
}
END_TEST

/* Comments nest up to the limit; deeper ones are lost text. */
START_TEST(nested_comments)
{
	size_t depth = ODM_COMMENT_DEPTH_MAX + (size_t)_i;
	char text[512];
	size_t len = 2 * depth;
	struct odm_from from;

	memset(text, '(', depth);
	memset(text + depth, ')', depth);
	memcpy(text + len, "a@b.example", 11);
	odm_from_parse((struct odm_span){ text, len + 11 }, &from);
	ck_assert_uint_eq(from.ndomains, _i == 0 ? 1 : 0);
	check_verdict(&from, _i == 0 ? FINE : AMBIGUOUS, "nesting");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("from");
	TCase *tc = tcase_create("from");

	tcase_add_loop_test(tc, from_case, 0, COUNT(cases));
	tcase_add_loop_test(tc, nul_octets, 0, 5);
	tcase_add_loop_test(tc, author_limit, 0, 2);
	tcase_add_loop_test(tc, mailbox_limit, 0, 2);
	tcase_add_loop_test(tc, long_domains, 0, 5);
	tcase_add_loop_test(tc, a_megabyte, 0, COUNT(bigs));
	tcase_add_loop_test(tc, address_at_the_end, 0, 2);
	tcase_add_loop_test(tc, nested_comments, 0, 2);
	/* Valgrind and sanitizers need their time. */
	tcase_set_timeout(tc, 120);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
