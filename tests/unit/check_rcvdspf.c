/*
 * check_rcvdspf.c - cases for rcvdspf.h: Received-SPF fields.
 */
#include "libopendmarc/parse/authres.h"
#include "libopendmarc/parse/rcvdspf.h"
#include "tests/unit/exact.h"
#include "tests/unit/suite.h"

#define ABSENT		ODM_SPF_IDENTITY_ABSENT
#define MAILFROM	ODM_SPF_IDENTITY_MAILFROM
#define HELO		ODM_SPF_IDENTITY_HELO
#define OTHER		ODM_SPF_IDENTITY_OTHER

static const struct spf_case {
	const char	*text;
	enum odm_result	 result;	/* UNKNOWN without the rest: refused */
	enum odm_spf_identity identity;
	const char	*envelope_from, *helo, *client_ip;	/* decoded; NULL: absent */
} cases[] = {
	{ "pass (x: domain of a@b.example designates 192.0.2.1 as permitted sender) receiver=x;"
	    " client-ip=192.0.2.1; envelope-from=\"a@b.example\"; helo=h.example;",
		ODM_RESULT_PASS, ABSENT, "a@b.example", "h.example", "192.0.2.1" },
	{ "pass (...) identity=helo; client-ip=192.0.2.1; helo=h.example;"
	    " envelope-from=\"a@b.example\"",
		ODM_RESULT_PASS, HELO, "a@b.example", "h.example", "192.0.2.1" },
	{ "Pass (helo) identity=helo; helo=attacker.example; envelope-from=any@not.example",
		ODM_RESULT_PASS, HELO, "any@not.example", "attacker.example", NULL },
	{ "pass (...) identity=mailfrom; envelope-from=<>; helo=h.example",
		ODM_RESULT_PASS, MAILFROM, "<>", "h.example", NULL },
	{ "softfail (...) envelope-from=\"b+u=d.example@l.example\"; identity=mailfrom",
		ODM_RESULT_SOFTFAIL, MAILFROM, "b+u=d.example@l.example", NULL, NULL },
	{ "pass (...) receiver=m; identity=mailfrom;"
	    " envelope-from=\"bounces+2309175-1e1a-x=open.example@r.example\"; helo=h;"
	    " client-ip=192.0.2.1",
		ODM_RESULT_PASS, MAILFROM, "bounces+2309175-1e1a-x=open.example@r.example", "h",
		"192.0.2.1" },
	{ "pass (says \"envelope-from=x@trusted.example;\") envelope-from=\"a@evil.example\"",
		ODM_RESULT_PASS, ABSENT, "a@evil.example", NULL, NULL },

	/* Result words. */
	{ "none", ODM_RESULT_NONE, ABSENT, NULL, NULL, NULL },
	{ "pass", ODM_RESULT_PASS, ABSENT, NULL, NULL, NULL },
	{ " (c)\r\n\tSoftFail;", ODM_RESULT_SOFTFAIL, ABSENT, NULL, NULL, NULL },
	{ "PERMERROR(c)", ODM_RESULT_PERMERROR, ABSENT, NULL, NULL, NULL },
	{ "temperror\n", ODM_RESULT_TEMPERROR, ABSENT, NULL, NULL, NULL },
	{ "neutral helo=h", ODM_RESULT_NEUTRAL, ABSENT, NULL, "h", NULL },
	{ "fail helo=h", ODM_RESULT_FAIL, ABSENT, NULL, "h", NULL },
	{ "error helo=h", ODM_RESULT_TEMPERROR, ABSENT, NULL, "h", NULL },
	{ "unknown helo=h", ODM_RESULT_PERMERROR, ABSENT, NULL, "h", NULL },
	{ "", ODM_RESULT_UNKNOWN, ABSENT, NULL, NULL, NULL },
	{ "(pass)", ODM_RESULT_UNKNOWN, ABSENT, NULL, NULL, NULL },
	{ "(pass", ODM_RESULT_UNKNOWN, ABSENT, NULL, NULL, NULL },
	{ "foo helo=h", ODM_RESULT_UNKNOWN, ABSENT, NULL, NULL, NULL },
	{ "passed", ODM_RESULT_UNKNOWN, ABSENT, NULL, NULL, NULL },
	{ "pass=x", ODM_RESULT_UNKNOWN, ABSENT, NULL, NULL, NULL },
	{ "\"pass\"", ODM_RESULT_UNKNOWN, ABSENT, NULL, NULL, NULL },
	{ "helo=h; pass", ODM_RESULT_UNKNOWN, ABSENT, NULL, NULL, NULL },
	{ "mx.test; pass", ODM_RESULT_UNKNOWN, ABSENT, NULL, NULL, NULL },

	/* Keys and values. */
	{ "pass identity=\"mailfrom\" envelope-from=a@b.example", ODM_RESULT_PASS, MAILFROM,
		"a@b.example", NULL, NULL },
	{ "pass Identity=HELO", ODM_RESULT_PASS, HELO, NULL, NULL, NULL },
	{ "pass identity=pra", ODM_RESULT_PASS, OTHER, NULL, NULL, NULL },
	{ "pass identity=", ODM_RESULT_PASS, OTHER, NULL, NULL, NULL },
	{ "pass identity=mailfromhelo", ODM_RESULT_PASS, OTHER, NULL, NULL, NULL },
	{ "pass envelope-from=<a@b.example> helo=h", ODM_RESULT_PASS, ABSENT, "<a@b.example>", "h",
		NULL },
	{ "pass envelope-from=\"\"; helo=h", ODM_RESULT_PASS, ABSENT, "", "h", NULL },
	{ "pass envelope-from=; helo=h", ODM_RESULT_PASS, ABSENT, "", "h", NULL },
	{ "pass envelope-from= helo=h", ODM_RESULT_PASS, ABSENT, "", "h", NULL },
	{ "pass envelope-from = \"a@b.example\" ; helo (c) = (d) h", ODM_RESULT_PASS, ABSENT,
		"a@b.example", "h", NULL },
	{ "pass envelope-from= b+u=d.example@l.example", ODM_RESULT_PASS, ABSENT,
		"b+u=d.example@l.example", NULL, NULL },
	{ "pass envelope-from= bu=d.example@l.example", ODM_RESULT_PASS, ABSENT,
		"bu=d.example@l.example", NULL, NULL },
	{ "pass envelope-from=b+u=d.example@l.example;helo=h", ODM_RESULT_PASS, ABSENT,
		"b+u=d.example@l.example", "h", NULL },
	{ "pass envelope-from=\"\\\"a b\\\"@c.example\"; helo=h", ODM_RESULT_PASS, ABSENT,
		"\"a b\"@c.example", "h", NULL },
	{ "pass envelope-from=\"a;helo=x\"@b.example; helo=h", ODM_RESULT_PASS, ABSENT,
		"a;helo=x@b.example", "h", NULL },
	{ "pass mechanism=ip4:192.0.2.1 client-ip=2001:db8::1\r\n\thelo=h", ODM_RESULT_PASS, ABSENT,
		NULL, "h", "2001:db8::1" },
	{ "pass\tclient-ip=192.0.2.1\r\n\thelo=h\r\n\tidentity=mailfrom", ODM_RESULT_PASS, MAILFROM,
		NULL, "h", "192.0.2.1" },
	{ "pass (a (b) = ; c) (d) helo=h (e) client-ip=192.0.2.1", ODM_RESULT_PASS, ABSENT, NULL,
		"h",
		"192.0.2.1" },
	{ "pass x-software=y problem=\"a; identity=helo\" helo=h", ODM_RESULT_PASS, ABSENT, NULL,
		"h",
		NULL },
	{ "pass helo=a; helo=b; identity=helo; identity=mailfrom; client-ip=1; client-ip=2;"
	    " envelope-from=; envelope-from=c@d", ODM_RESULT_PASS, HELO, "", "a", "1" },

	/* What cannot be read as a pair. */
	{ "pass foo = ; bar ;; =x; \"y\" ) helo=h", ODM_RESULT_PASS, ABSENT, NULL, "h", NULL },
	{ "pass helo.x=a xhelo=b helo =", ODM_RESULT_PASS, ABSENT, NULL, "", NULL },

	/* Keys may be lost: no pass. */
	{ "pass (open identity=helo; helo=h", ODM_RESULT_UNKNOWN, ABSENT, NULL, NULL, NULL },
	{ "pass client-ip=192.0.2.1; (open identity=helo", ODM_RESULT_UNKNOWN, ABSENT, NULL, NULL,
		"192.0.2.1" },
	{ "pass helo=h; problem=\"open; identity=helo", ODM_RESULT_UNKNOWN, ABSENT, NULL, "h",
		NULL },
	{ "pass helo=h; \"open; identity=helo", ODM_RESULT_UNKNOWN, ABSENT, NULL, "h", NULL },
	{ "pass helo=h; identity (helo", ODM_RESULT_UNKNOWN, ABSENT, NULL, "h", NULL },
	{ "pass helo=h; identity= (helo", ODM_RESULT_UNKNOWN, ABSENT, NULL, "h", NULL },
	{ "fail helo=h (open", ODM_RESULT_FAIL, ABSENT, NULL, "h", NULL },
};

static void
check_value(const struct spf_case *c, bool has, struct odm_span raw, const char *want)
{
	char value[128];

	ck_assert_msg(has == (want != NULL), "\"%s\": %s", c->text, want == NULL ? "there" : want);
	if (has) {
		ck_assert(odm_authres_value(raw, value, sizeof(value)));
		ck_assert_str_eq(value, want);
	}
}

START_TEST(spf_case)
{
	const struct spf_case *c = &cases[_i];
	struct odm_span text = exact(c->text);
	struct odm_rcvdspf spf;
	bool taken = odm_rcvdspf_parse(text, &spf);

	if (!taken) {
		ck_assert_msg(c->result == ODM_RESULT_UNKNOWN && strncmp(c->text, "pass ", 5) != 0,
		    "\"%s\": refused", c->text);
	} else {
		ck_assert_msg(c->result != ODM_RESULT_UNKNOWN || strncmp(c->text, "pass ", 5) == 0,
		    "\"%s\": taken", c->text);
	}
	ck_assert_msg(spf.result == c->result, "\"%s\": %s", c->text, odm_result_name(spf.result));
	ck_assert_msg(spf.identity == c->identity, "\"%s\": identity %d", c->text,
	(int)spf.identity);
	check_value(c, spf.has_envelope_from, spf.envelope_from, c->envelope_from);
	check_value(c, spf.has_helo, spf.helo, c->helo);
	check_value(c, spf.has_client_ip, spf.client_ip, c->client_ip);
	exact_free(text);
}
END_TEST

/* A megabyte of what might make a parser go back; see check_from.c. */
START_TEST(a_megabyte)
{
	static const char *const units[] = {
		"(", "()", "\"", "\"\"", ";", "=", "a ", "a(b) ", "a= ", "helo= ", "helo= helo",
		"\\", "a",
	};
	struct odm_span text = exact_repeat(units[_i], 1000000 / strlen(units[_i]));
	char *field = malloc(text.len + 5);
	struct odm_rcvdspf spf;

	ck_assert_ptr_nonnull(field);
	memcpy(field, "fail ", 5);
	memcpy(field + 5, text.at, text.len);
	ck_assert(odm_rcvdspf_parse((struct odm_span){ field, text.len + 5 }, &spf));
	ck_assert_int_eq((int)spf.result, ODM_RESULT_FAIL);
	ck_assert(!odm_rcvdspf_parse(text, &spf));
	free(field);
	exact_free(text);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("rcvdspf");
	TCase *tc = tcase_create("rcvdspf");

	tcase_add_loop_test(tc, spf_case, 0, COUNT(cases));
	tcase_add_loop_test(tc, a_megabyte, 0, 13);
	/* Valgrind and sanitizers need their time. */
	tcase_set_timeout(tc, 120);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
