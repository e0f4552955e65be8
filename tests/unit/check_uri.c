/*
 * check_uri.c - cases for uri.h: the lists of rua and ruf.
 */
#include "libopendmarc/parse/uri.h"
#include "tests/unit/exact.h"
#include "tests/unit/suite.h"

/* One URI: what is read from it. No host: malformed, unless the scheme is OTHER. */
static const struct uri_case {
	const char	*text;
	enum odm_uri_scheme scheme;
	const char	*address, *host;
} cases[] = {
	{ "mailto:agg@example.com", ODM_URI_MAILTO, "agg@example.com", "example.com" },
	{ "MAILTO:Agg@Example.COM", ODM_URI_MAILTO, "Agg@Example.COM", "example.com" },
	{ "mailto:a@b.example!10m", ODM_URI_MAILTO, "a@b.example", "b.example" },
	{ "mailto:a@b.example!10", ODM_URI_MAILTO, "a@b.example", "b.example" },
	{ "mailto:a@b.example!5T", ODM_URI_MAILTO, "a@b.example", "b.example" },
	{ "mailto:a@b.example?subject=x", ODM_URI_MAILTO, "a@b.example", "b.example" },
	{ "mailto:a@b.example?subject=x!1k", ODM_URI_MAILTO, "a@b.example", "b.example" },
	{ "mailto:a@b.example#top", ODM_URI_MAILTO, "a@b.example", "b.example" },
	{ "mailto:a%2Bb@c.example", ODM_URI_MAILTO, "a+b@c.example", "c.example" },
	{ "mailto:a%21b%40c.example", ODM_URI_MAILTO, "a!b@c.example", "c.example" },
	{ "mailto:a+b/c=d@e.example", ODM_URI_MAILTO, "a+b/c=d@e.example", "e.example" },
	{ "mailto:a@b.example.", ODM_URI_MAILTO, "a@b.example", "b.example" },
	{ "mailto:a@xn--bcher-kva.example", ODM_URI_MAILTO, "a@xn--bcher-kva.example",
		"xn--bcher-kva.example" },
	{ "https://r.example/dmarc", ODM_URI_HTTPS, "https://r.example/dmarc", "r.example" },
	{ "HTTPS://R.Example:8443/x?y=z#w!10m", ODM_URI_HTTPS, "HTTPS://R.Example:8443/x?y=z#w",
		"r.example" },
	{ "https://r.example", ODM_URI_HTTPS, "https://r.example", "r.example" },
	{ "https://r.example?x", ODM_URI_HTTPS, "https://r.example?x", "r.example" },
	{ "http://r.example/", ODM_URI_OTHER, "", "" },
	{ "ftp://r.example/", ODM_URI_OTHER, "", "" },
	{ "x-a.b+c:d", ODM_URI_OTHER, "", "" },
};

static const char *const malformed[] = {
	"foo", "a@b.example", ":a@b.example", "1x:a", "x_y:a", "m\xc3\xa4il:a", "x:",
	"mail to:a@b.example",
	"mailto:", "mailto:0", "mailto:@b.example", "mailto:a@", "mailto:a@b..example",
	"mailto:a@[192.0.2.1]", "mailto:a@192.0.2.1",
	"mailto:a%40b@c.example",		/* two "@" */
	"mailto:a@b@c.example",
	"mailto:a%2Cb@c.example",		/* a list of addresses after decoding */
	"mailto: a@b.example", "mailto:a b@c.example", "mailto:a%20b@c.example",
	"mailto:a%0D%0ABcc%3A%20x@c.example", "mailto:a%00@c.example", "mailto:a%FF@c.example",
	"mailto:a%@c.example", "mailto:a%4@c.example", "mailto:a%zz@c.example",
	"mailto:a@c.example%4",
	"mailto:-oQ/tmp@x.example", "mailto:%2DoQ@x.example",
	"mailto:%3Ca@b.example", "mailto:<a@b.example>", "mailto:%22a%22@b.example",
	"mailto:a%3Bb@c.example", "mailto:a(b)@c.example", "mailto:a@c.example>",
	"mailto:a!b@c.example",			/* "!" must be encoded */
	"mailto:a@b.example!", "mailto:a@b.example!x", "mailto:a@b.example!10x",
	"mailto:a@b.example!10kk", "mailto:a@b.example!1m!2m",
	"https:r.example", "https:/r.example", "https://", "https:///x", "https://[2001:db8::1]/",
	"https://u@r.example/", "https://r.example:x/", "https://192.0.2.1/",
	"https://r.example/ x",
	"https://r.example\\x", "https://r.example/\x01",
};

START_TEST(good_uri)
{
	const struct uri_case *c = &cases[_i];
	struct odm_span text = exact(c->text), rest = text;
	struct odm_uri uri;

	ck_assert(odm_uri_next(&rest, &uri));
	ck_assert_msg(!uri.malformed, "%s: malformed", c->text);
	ck_assert_msg(odm_span_eq(uri.text, c->text), "%s: text", c->text);
	ck_assert_msg(uri.scheme == c->scheme, "%s: scheme %d", c->text, (int)uri.scheme);
	ck_assert_str_eq(uri.address, c->address);
	ck_assert_str_eq(uri.host, c->host);
	ck_assert(!odm_uri_next(&rest, &uri));
	ck_assert(odm_uri_list_usable(text));
	exact_free(text);
}
END_TEST

START_TEST(bad_uri)
{
	struct odm_span text = exact(malformed[_i]), rest = text;
	struct odm_uri uri;

	ck_assert(odm_uri_next(&rest, &uri));
	ck_assert_msg(uri.malformed, "\"%s\" was taken as \"%s\"", malformed[_i], uri.address);
	ck_assert_msg(odm_span_eq(uri.text, malformed[_i]), "%s: text", malformed[_i]);
	ck_assert_str_eq(uri.address, "");
	ck_assert_str_eq(uri.host, "");
	ck_assert(!odm_uri_list_usable(text));
	exact_free(text);
}
END_TEST

static const struct list_case {
	const char	*list;
	bool		 usable;
	size_t		 members;
	const char	*addresses[4];	/* "" for a malformed one */
} lists[] = {
	{ "", false, 0, { NULL } },
	{ " ", false, 0, { NULL } },
	{ ",, ,", false, 0, { NULL } },
	{ "mailto:a@x.example,mailto:b@x.example", true, 2, { "a@x.example", "b@x.example" } },
	{ " mailto:a@x.example ,\r\n\tmailto:b@x.example!1g, ", true, 2,
		{ "a@x.example", "b@x.example" } },
	{ ",mailto:a@x.example,,b@x.example,", true, 2, { "a@x.example", "" } },
	{ "foo,bar", false, 2, { "", "" } },
	{ "mailto:a@x.example mailto:b@x.example", false, 1, { "" } },
	{ "foo,http://x.example/", true, 2, { "", "" } },
};

START_TEST(uri_list)
{
	const struct list_case *c = &lists[_i];
	struct odm_span text = exact(c->list), rest = text;
	struct odm_uri uri;
	size_t n = 0;

	while (odm_uri_next(&rest, &uri)) {
		ck_assert_msg(n < c->members, "\"%s\": too many", c->list);
		ck_assert_str_eq(uri.address, c->addresses[n]);
		n++;
	}
	ck_assert_uint_eq(n, c->members);
	ck_assert_msg(odm_uri_list_usable(text) == c->usable, "\"%s\": usable", c->list);
	exact_free(text);
}
END_TEST

START_TEST(nul_octet)
{
	static const char list[] = "mailto:a@b.example\0x,mailto:c@d.example";
	struct odm_span text = exact_copy(list, sizeof(list) - 1), rest = text;
	struct odm_uri uri;

	ck_assert(odm_uri_next(&rest, &uri));
	ck_assert(uri.malformed);
	ck_assert(odm_uri_next(&rest, &uri));
	ck_assert(!uri.malformed);
	exact_free(text);
}
END_TEST

/* An address or URI that fits its buffer exactly is taken, one octet more is malformed. */
START_TEST(longest_address)
{
	static const char tail[] = "@long.example";
	static const char head[] = "https://long.example/";
	char text[ODM_URI_ADDRESS_MAX + sizeof("mailto:") + 1];
	struct odm_span rest;
	struct odm_uri uri;
	size_t local = ODM_URI_ADDRESS_MAX - strlen(tail) + (size_t)_i;

	memcpy(text, "mailto:", 7);
	memset(text + 7, 'a', local);
	memcpy(text + 7 + local, tail, sizeof(tail));
	rest = odm_span_str(text);
	ck_assert(odm_uri_next(&rest, &uri));
	ck_assert(uri.malformed == (_i == 1));
	ck_assert_uint_eq(strlen(uri.address), _i == 1 ? 0 : ODM_URI_ADDRESS_MAX);

	memset(text, 'x', ODM_URI_ADDRESS_MAX + (size_t)_i);
	memcpy(text, head, strlen(head));
	rest = (struct odm_span){ text, ODM_URI_ADDRESS_MAX + (size_t)_i };
	ck_assert(odm_uri_next(&rest, &uri));
	ck_assert(uri.malformed == (_i == 1));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("uri");
	TCase *tc = tcase_create("uri");

	tcase_add_loop_test(tc, good_uri, 0, COUNT(cases));
	tcase_add_loop_test(tc, bad_uri, 0, COUNT(malformed));
	tcase_add_loop_test(tc, uri_list, 0, COUNT(lists));
	tcase_add_test(tc, nul_octet);
	tcase_add_loop_test(tc, longest_address, 0, 2);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
