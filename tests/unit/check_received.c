/*
 * check_received.c - cases for received.h: the by-host of a Received field.
 */
#include "libopendmarc/parse/received.h"
#include "tests/unit/exact.h"
#include "tests/unit/suite.h"

static const struct received_case {
	const char	*text, *host;	/* NULL: none */
} cases[] = {
	{ "from h.example (h.example [192.0.2.1])\r\n\tby mx.test (Postfix) with ESMTP id 1;"
	    "\r\n\tdate",
		"mx.test" },
	{ "by mx.test with SMTP; x", "mx.test" },
	{ "BY Mx.Test;x", "Mx.Test" },
	{ "from a by(comment)mx.test(c)", "mx.test" },
	{ "from a by (x (y \\) z)) mx.test", "mx.test" },
	{ "from a by [192.0.2.9]; x", "[192.0.2.9]" },
	{ "from a by mx.test.", "mx.test." },
	{ "from a via UUCP by mx.test with x", "mx.test" },
	{ "from a by one.test by two.test", "one.test" },
	{ "from a\tby\tmx.test\n", "mx.test" },
	{ "(from root@localhost) by mx.test (8.17) id 1; x", "mx.test" },
	{ "from a (by evil.test) by mx.test", "mx.test" },
	{ "from \"x by evil.test\" by mx.test", "mx.test" },
	{ "for <\"a by b\"@c.test> by mx.test", "mx.test" },
	{ "from by (by [192.0.2.1]) by mx.test with SMTP", "mx.test" },
	{ "with Some Mail Server id 5 by mx.test", "mx.test" },
	{ "", NULL },
	{ "by", NULL },
	{ "by ;", NULL },
	{ "by (mx.test)", NULL },
	{ "by \"mx.test\"", NULL },
	{ "from", NULL },
	{ "from a; by mx.test", NULL },
	{ "from a (unclosed by mx.test", NULL },
	{ "from \"unclosed by mx.test", NULL },
	{ "(qmail 1 invoked by uid 0); 1 Jan", NULL },
	{ "from a by (unclosed mx.test", NULL },
	{ "standby mx.test bye", NULL },
};

START_TEST(received_case)
{
	const struct received_case *c = &cases[_i];
	struct odm_span text = exact(c->text), host = { NULL, 0 };
	bool found = odm_received_by(text, &host);

	ck_assert_msg(found == (c->host != NULL), "\"%s\": found %d", c->text, found);
	ck_assert_msg(odm_span_eq(host, found ? c->host : ""), "\"%s\": got \"%.*s\"", c->text,
	    SHOW(host));
	exact_free(text);
}
END_TEST

START_TEST(a_megabyte)
{
	static const char *const texts[] = { "(", "\"", "by", "from ", "((a)", "x(y) " };
	struct odm_span text = exact_repeat(texts[_i], 1000000 / strlen(texts[_i])), host;

	ck_assert(!odm_received_by(text, &host));
	exact_free(text);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("received");
	TCase *tc = tcase_create("received");

	tcase_add_loop_test(tc, received_case, 0, COUNT(cases));
	tcase_add_loop_test(tc, a_megabyte, 0, 6);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
