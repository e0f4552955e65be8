/*
 * check_authres.c - cases for authres.h: Authentication-Results fields.
 */
#include <stdio.h>

#include "libopendmarc/parse/authres.h"
#include "tests/unit/exact.h"
#include "tests/unit/suite.h"

static const struct open_case {
	const char	*text;
	const char	*id, *job;	/* NULL: the field is refused */
} opens[] = {
	{ "mx.test; none", "mx.test", "" },
	{ "mx.test 1; none", "mx.test", "" },
	{ "mx.test 01; none", "mx.test", "" },
	{ "mx.test (c) 1 (c); none", "mx.test", "" },
	{ "\r\n\t(c) mx.test\r\n\t; none", "mx.test", "" },
	{ "mx.test;", "mx.test", "" },
	{ "mx.test", "mx.test", "" },
	{ "MX.Test;", "MX.Test", "" },
	{ "mx.test.; none", "mx.test.", "" },
	{ "\"mx.test\"; none", "mx.test", "" },
	{ "\"mx\\.te\\\"st\" 1; none", "mx.te\"st", "" },
	{ "\"mx;\r\n\ttest\"; none", "mx; test", "" },
	{ "mx.test/4Abc123; none", "mx.test", "4Abc123" },
	{ "\"mx.test/4Abc123\"; none", "mx.test", "4Abc123" },
	{ "mx.test/4Abc123 1; none", "mx.test", "4Abc123" },
	{ "mx.test/2; none", "mx.test", "2" },
	{ "mx.test/a/b; none", "mx.test", "a/b" },
	{ "mx.test/; none", "mx.test", "" },
	{ "b\xc3\xbc" "cher.example; none", "b\xc3\xbc" "cher.example", "" },
	{ "[192.0.2.1]; none", "[192.0.2.1]", "" },
	{ "", NULL, NULL },
	{ "   ", NULL, NULL },
	{ "; none", NULL, NULL },
	{ "\"\"; none", NULL, NULL },
	{ "(mx.test); none", NULL, NULL },
	{ "(mx.test", NULL, NULL },
	{ "\"mx.test; none", NULL, NULL },
	{ "spf=pass smtp.mailfrom=x.example; dkim=pass header.d=x.example", NULL, NULL },
	{ "spf = pass smtp.mailfrom=x.example", NULL, NULL },
	{ "mx.test 2; none", NULL, NULL },
	{ "mx.test 10; none", NULL, NULL },
	{ "mx.test 0; none", NULL, NULL },
	{ "mx.test 1x; none", NULL, NULL },
	{ "mx.test 1 1; none", NULL, NULL },
	{ "mx.test foo; none", NULL, NULL },
	{ "mx.test (; none", NULL, NULL },
	{ "mx.test, mx2.test; none", NULL, NULL },
	{ "<mx.test>; none", NULL, NULL },
	{ "mx\x01.test; none", NULL, NULL },
};

START_TEST(open_case)
{
	const struct open_case *c = &opens[_i];
	struct odm_span text = exact(c->text);
	char id[64], job[64];
	struct odm_authres ar;

	ck_assert_msg(odm_authres_open(text, &ar) == (c->id != NULL), "\"%s\"", c->text);
	if (c->id != NULL) {
		ck_assert(odm_authres_id(&ar, id, sizeof(id), job, sizeof(job)));
		ck_assert_str_eq(id, c->id);
		ck_assert_str_eq(job, c->job);
	}
	exact_free(text);
}
END_TEST

START_TEST(id_sizes)
{
	struct odm_authres ar;
	char id[8], job[4];

	ck_assert(odm_authres_open(odm_span_str("mx.test/job; none"), &ar));
	ck_assert(odm_authres_id(&ar, id, sizeof(id), job, sizeof(job)));
	ck_assert_str_eq(id, "mx.test");
	ck_assert_str_eq(job, "job");
	ck_assert(!odm_authres_id(&ar, id, sizeof(id) - 1, job, sizeof(job)));
	ck_assert_str_eq(id, "");
	ck_assert(!odm_authres_id(&ar, id, sizeof(id), job, sizeof(job) - 1));
	ck_assert_str_eq(job, "");
	ck_assert(odm_authres_open(odm_span_str("/job; none"), &ar));
	ck_assert(!odm_authres_id(&ar, id, sizeof(id), job, sizeof(job)));
	ck_assert(odm_authres_open(odm_span_str("\"mx\x01\"; none"), &ar));
	ck_assert(!odm_authres_id(&ar, id, sizeof(id), job, sizeof(job)));
}
END_TEST

/*
 * What is read behind "mx.test": results joined by " | ", malformed parts as
 * "!"; a result is METHOD=RESULT and its decoded PTYPE.NAME=VALUE.
 */
static const struct result_case {
	const char	*what, *text, *want;
} results[] = {
	{ "none", "; none", "" },
	{ "none and nothing", ";none;", "" },
	{ "none with comments", "; (a) none (b)", "" },
	{ "nothing", "", "" },
	{ "empty results", ";;; ;", "" },
	{ "one", "; dkim=pass header.d=x.example", "dkim=pass header.d=x.example" },
	{ "letter case", "; DKIM=Pass Header.D=X.example", "dkim=pass Header.D=X.example" },
	{ "several of one method, in order",
		"; dkim=pass header.d=a.example; dkim=fail header.d=b.example; dkim=none",
		"dkim=pass header.d=a.example | dkim=fail header.d=b.example | dkim=none" },
	{ "all methods", "; arc=pass; dkim=fail; dmarc=temperror; spf=softfail; iprev=pass",
		"arc=pass | dkim=fail | dmarc=temperror | spf=softfail | other=pass" },
	{ "all results", "; spf=none; spf=pass; spf=fail; spf=softfail; spf=policy; spf=neutral;"
		" spf=temperror; spf=permerror; spf=hardfail; spf=foo",
		"spf=none | spf=pass | spf=fail | spf=softfail | spf=policy | spf=neutral |"
		" spf=temperror | spf=permerror | spf=fail | spf=unknown" },
	{ "white space and comments everywhere",
		"\r\n\t; (a) dkim (b) = (c) pass (d) header (e) . (f) d (g) = (h) x.example"
		" (i)\r\n\t;spf=fail",
		"dkim=pass header.d=x.example | spf=fail" },
	{ "no white space at all", ";dkim=pass(ok)header.d=x.example(c);spf=pass",
		"dkim=pass header.d=x.example | spf=pass" },
	{ "comment with everything in it",
		"; dkim=pass (a; spf=pass \"b (nested) \\) \\( =) header.d=x.example",
		"dkim=pass header.d=x.example" },
	{ "reason before properties", "; dkim=fail reason=\"bad; dkim=pass header.d=evil.example\""
		" header.d=x.example", "dkim=fail header.d=x.example" },
	{ "reason as token", "; dkim=fail reason=bad header.d=x.example",
		"dkim=fail header.d=x.example" },
	{ "reason after properties", "; dkim=fail header.d=x.example reason=\"a; b\" header.s=s",
		"dkim=fail header.d=x.example header.s=s" },
	{ "reason and comments", "; dkim=fail (a) reason (b) = (c) \"d\" (e) header.d=x.example",
		"dkim=fail header.d=x.example" },
	{ "method version 1", "; dkim/1=pass header.d=x.example; spf / 1 = fail",
		"dkim=pass header.d=x.example | spf=fail" },
	{ "other method version", "; dkim/2=pass header.d=x.example; spf/1x=fail",
		"other=pass header.d=x.example | other=fail" },
	{ "key without property type", "; dmarc=pass action=none header.from=x.example; dkim=pass",
		"dmarc=pass header.from=x.example | dkim=pass" },
	{ "unknown property type", "; x-foo=pass foo.bar=x; dkim=pass header.d=x.example",
		"other=pass foo.bar=x | dkim=pass header.d=x.example" },
	{ "unknown methods", "; dara=pass header.i=@x; bimi=none; auth=pass smtp.auth=u; dkim=pass",
		"other=pass header.i=@x | other=none | other=pass smtp.auth=u | dkim=pass" },
	{ "as filters write it",
		"; dkim=pass (1024-bit key; unprotected) header.d=x.example header.i=@x"
		" header.b=eKmreZ4p;\r\n\tdkim-atps=neutral",
		"dkim=pass header.d=x.example header.i=@x header.b=eKmreZ4p | other=neutral" },
	{ "as policy services write it",
		"; spf=None (mailfrom) smtp.mailfrom=x.example (client-ip=192.0.2.1;"
		" helo=h.example; envelope-from=a@x.example; receiver=<UNKNOWN>)",
		"spf=none smtp.mailfrom=x.example" },

	/* Values. */
	{ "VERP", "; spf=pass smtp.mailfrom=bounce+user=example.com@list.example",
		"spf=pass smtp.mailfrom=bounce+user=example.com@list.example" },
	{ "quoted local part", "; spf=pass smtp.mailfrom=\"odd; local\"@x.example smtp.helo=h",
		"spf=pass smtp.mailfrom=odd; local@x.example smtp.helo=h" },
	{ "quoted address", "; spf=pass smtp.mailfrom=\"u@x.example\"",
		"spf=pass smtp.mailfrom=u@x.example" },
	{ "angle brackets", "; spf=pass smtp.mailfrom=<u@x.example> smtp.helo=h",
		"spf=pass smtp.mailfrom=<u@x.example> smtp.helo=h" },
	{ "null sender in brackets", "; spf=pass smtp.mailfrom=<> smtp.helo=h",
		"spf=pass smtp.mailfrom=<> smtp.helo=h" },
	{ "null sender, nothing", "; spf=pass smtp.mailfrom=; spf=fail smtp.mailfrom=",
		"spf=pass smtp.mailfrom= | spf=fail smtp.mailfrom=" },
	{ "null sender before another property", "; spf=pass smtp.mailfrom= smtp.helo=h",
		"spf=pass smtp.mailfrom= smtp.helo=h" },
	{ "null sender, quoted", "; spf=pass smtp.mailfrom=\"\" smtp.helo=h",
		"spf=pass smtp.mailfrom= smtp.helo=h" },
	{ "white space before a value", "; spf=pass smtp.mailfrom= (c) smtp.x=y@x.example",
		"spf=pass smtp.mailfrom=smtp.x=y@x.example" },
	{ "domain with @", "; spf=pass smtp.mailfrom=@x.example",
		"spf=pass smtp.mailfrom=@x.example" },
	{ "base64 as it is", "; dkim=pass header.b=ab/c+d== header.d=x.example",
		"dkim=pass header.b=ab/c+d== header.d=x.example" },
	{ "base64 quoted", "; dkim=pass header.b=\"ab/c+d==\" header.d=x.example",
		"dkim=pass header.b=ab/c+d== header.d=x.example" },
	{ "IPv6 as it is", "; arc=pass smtp.remote-ip=2001:db8::1 header.oldest-pass=0",
		"arc=pass smtp.remote-ip=2001:db8::1 header.oldest-pass=0" },
	{ "chain of domains", "; arc=pass arc.chain=\"l.example:x.example\"",
		"arc=pass arc.chain=l.example:x.example" },
	{ "quotes that hide a comment", "; dkim=pass header.x=\"(\" header.d=x.example",
		"dkim=pass header.x=( header.d=x.example" },
	{ "quoted pairs", "; dkim=pass header.x=\"a\\\"b\\\\\" header.d=x.example",
		"dkim=pass header.x=a\"b\\ header.d=x.example" },
	{ "8-bit octets", "; spf=pass smtp.mailfrom=\xc3\xbc@b\xc3\xbc" "cher.example",
		"spf=pass smtp.mailfrom=\xc3\xbc@b\xc3\xbc" "cher.example" },
	{ "exact property names", "; dkim=pass header.dx=evil header.sig=s",
		"dkim=pass header.dx=evil header.sig=s" },

	/* What cannot be read. */
	{ "a word that is nothing", "; dkim=pass foo header.d=x.example bar",
		"dkim=pass header.d=x.example" },
	{ "a property without name", "; dkim=pass header.=x header.d=x.example; spf=pass",
		"dkim=pass header.d=x.example | spf=pass" },
	{ "a property of three parts", "; dkim=pass a.b.c=x header.d=x.example",
		"dkim=pass header.d=x.example" },
	{ "= as last octet", "; dkim=pass =; spf=pass =", "dkim=pass | spf=pass" },
	{ "backslash at the end", "; dkim=pass header.d=x\\", "dkim=pass header.d=x\\" },
	{ "method alone", "; dkim; spf=pass", "! | spf=pass" },
	{ "no result", "; dkim=; spf= ; arc=pass", "! | ! | arc=pass" },
	{ "no method", "; =pass; spf=pass", "! | spf=pass" },
	{ "quoted result", "; dkim=\"pass\"; spf=pass", "! | spf=pass" },
	{ "a result that goes on", "; dkim=pass/x; dkim=pass=y; dkim=pass.z; spf=pass",
		"! | ! | ! | spf=pass" },
	{ "a method like none", "; none=pass; none x; spf=pass", "other=pass | ! | spf=pass" },
	{ "method version missing", "; dkim/=pass; spf=pass", "! | spf=pass" },
	{ "separator in quotes of a malformed part",
		"; dkim \"; spf=pass\" (; spf=fail) x; arc=none",
		"! | arc=none" },
	{ "a value that goes on behind a comment",
		"; dkim=pass header.d=x.example(c).evil.example; spf=pass smtp.mailfrom=a (c)"
		" @y.example; arc=none", "! | ! | arc=none" },
	{ "a comment that is not closed",
		"; spf=fail; dkim=pass header.d=x.example(.evil.example; arc=pass",
		"spf=fail | !" },
	{ "the same in spf", "; spf=pass smtp.mailfrom=x.example(.evil.example", "!" },
	{ "a comment open before the result", "; (dkim=pass", "!" },
	{ "a quoted string open in a malformed part", "; dkim x \"open; spf=pass", "!" },
	{ "a comment open before a value", "; dkim=(open; spf=pass", "!" },
	{ "a comment open before a pvalue", "; dkim=pass header.d= (open; spf=pass", "!" },
	{ "a comment open in a malformed part", "; dkim (a; spf=pass", "!" },
	{ "a quoted string that is not closed",
		"; spf=fail; dkim=pass header.d=\"x.example; arc=pass",
		"spf=fail | !" },
	{ "a reason that is not closed", "; dkim=fail reason=\"x; dkim=pass", "!" },
	{ "a quoted pair at the end", "; dkim=fail reason=\"x\\", "!" },
	{ "a quote inside a value, open", "; dkim=pass header.d=x\"y; spf=pass", "!" },
};

/* Appends to a text that the cases keep short. */
static void
append(char *text, size_t size, const char *add)
{
	size_t len = strlen(text);

	ck_assert_uint_lt(len + strlen(add), size);
	memcpy(text + len, add, strlen(add) + 1);
}

static void
append_span(char *text, size_t size, struct odm_span add)
{
	char copy[256];

	ck_assert(odm_span_copy(add, copy, sizeof(copy)));
	append(text, size, copy);
}

static void
append_result(char *text, size_t size, const struct odm_authres_result *res)
{
	static const char *const methods[] = {
		[ODM_METHOD_OTHER] = "other", [ODM_METHOD_ARC] = "arc", [ODM_METHOD_DKIM] = "dkim",
		[ODM_METHOD_DMARC] = "dmarc", [ODM_METHOD_SPF] = "spf",
	};
	char value[256];

	append(text, size, methods[res->method]);
	append(text, size, "=");
	append(text, size, odm_result_name(res->result));
	for (size_t i = 0; i < res->nprops; i++) {
		ck_assert(odm_authres_value(res->props[i].value, value, sizeof(value)));
		append(text, size, " ");
		append_span(text, size, res->props[i].ptype);
		append(text, size, ".");
		append_span(text, size, res->props[i].name);
		append(text, size, "=");
		append(text, size, value);
	}
}

START_TEST(result_case)
{
	const struct result_case *c = &results[_i];
	char with_id[1024] = "mx.test", got[1024] = "";
	struct odm_authres_result res;
	struct odm_authres ar;
	struct odm_span text;
	int more;

	append(with_id, sizeof(with_id), c->text);
	text = exact(with_id);
	ck_assert_msg(odm_authres_open(text, &ar), "%s: not opened", c->what);
	while ((more = odm_authres_next(&ar, &res)) != 0) {
		if (got[0] != '\0')
			append(got, sizeof(got), " | ");
		if (more > 0)
			append_result(got, sizeof(got), &res);
		else
			append(got, sizeof(got), "!");
	}
	ck_assert_int_eq(odm_authres_next(&ar, &res), 0);
	ck_assert_msg(strcmp(got, c->want) == 0, "%s: got \"%s\"", c->what, got);
	exact_free(text);
}
END_TEST

static const struct value_case {
	const char	*raw, *want;	/* NULL: refused */
} values[] = {
	{ "x.example", "x.example" },
	{ "", "" },
	{ "\"\"", "" },
	{ "<>", "<>" },
	{ "\"a b\"@x.example", "a b@x.example" },
	{ " (c) a (c) @ x.example\r\n\t", "a@x.example" },
	{ "\"a\r\n\tb\"", "a b" },
	{ "\"a\\;\\\\\\\"\"", "a;\\\"" },
	{ "a\\b", "a\\b" },
	{ "\"(x)\"", "(x)" },
	{ "123456789012345", "123456789012345" },
	{ "1234567890123456", NULL },
	{ "\"1234567890123456\"", NULL },
	{ "a\x01", NULL },
	{ "a\x7f", NULL },
	{ "\"a\x1f\"", NULL },
	{ "\"a\\\r\"", NULL },
	{ "\"open", NULL },
	{ "a(open", NULL },
};

START_TEST(value_case)
{
	const struct value_case *c = &values[_i];
	struct odm_span raw = exact(c->raw);
	char *buf = malloc(16);

	ck_assert_ptr_nonnull(buf);
	ck_assert_msg(odm_authres_value(raw, buf, 16) == (c->want != NULL), "\"%s\"", c->raw);
	ck_assert_str_eq(buf, c->want == NULL ? "" : c->want);
	ck_assert(!odm_authres_value(raw, buf, 0));
	free(buf);
	exact_free(raw);
}
END_TEST

START_TEST(nul_in_a_value)
{
	static const char field[] = "mx.test; dkim=pass header.d=x\0y header.s=s; spf=pass";
	struct odm_span text = exact_copy(field, sizeof(field) - 1);
	struct odm_authres_result res;
	struct odm_authres ar;
	char value[64] = "kept";

	ck_assert(odm_authres_open(text, &ar));
	ck_assert_int_eq(odm_authres_next(&ar, &res), 1);
	ck_assert(!odm_authres_value(odm_authres_find(&res, "header", "d")->value, value,
	    sizeof(value)));
	ck_assert_str_eq(value, "");
	ck_assert(odm_authres_find(&res, "header", "s") != NULL);
	ck_assert_int_eq(odm_authres_next(&ar, &res), 1);
	ck_assert_int_eq(odm_authres_next(&ar, &res), 0);
	exact_free(text);
}
END_TEST

START_TEST(finding)
{
	struct odm_authres_result res;
	struct odm_authres ar;

	ck_assert(odm_authres_open(odm_span_str("mx.test; dkim=pass header.d=a.example "
	    "smtp.d=x HEADER.D=b.example header.dd=c.example"), &ar));
	ck_assert_int_eq(odm_authres_next(&ar, &res), 1);
	ck_assert_uint_eq(res.nprops, 4);
	ck_assert_ptr_eq(odm_authres_find(&res, "header", "d"), &res.props[0]);
	ck_assert_ptr_eq(odm_authres_find(&res, "Smtp", "D"), &res.props[1]);
	ck_assert_ptr_null(odm_authres_find(&res, "header", "s"));
	ck_assert_ptr_null(odm_authres_find(&res, "policy", "d"));
}
END_TEST

START_TEST(result_limit)
{
	size_t times = ODM_AUTHRES_RESULTS_MAX + 100, n = 0;
	struct odm_span text = exact_repeat("x;dkim=fail header.d=d.example", times);
	struct odm_authres_result res;
	struct odm_authres ar;

	ck_assert(odm_authres_open(text, &ar));
	while (odm_authres_next(&ar, &res) == 1) {
		ck_assert_int_eq((int)res.method, ODM_METHOD_DKIM);
		n++;
	}
	ck_assert_uint_eq(n, ODM_AUTHRES_RESULTS_MAX);
	ck_assert_int_eq(odm_authres_next(&ar, &res), 0);
	exact_free(text);
}
END_TEST

START_TEST(property_limit)
{
	char field[2048] = "mx.test; dkim=pass", word[32];
	struct odm_authres_result res;
	struct odm_authres ar;
	char value[16];

	for (size_t i = 0; i < ODM_AUTHRES_PROPS_MAX + 20; i++) {
		snprintf(word, sizeof(word), " header.p%zu=%zu", i, i);
		append(field, sizeof(field), word);
	}
	append(field, sizeof(field), "; spf=fail");
	ck_assert(odm_authres_open(odm_span_str(field), &ar));
	ck_assert_int_eq(odm_authres_next(&ar, &res), 1);
	ck_assert_uint_eq(res.nprops, ODM_AUTHRES_PROPS_MAX);
	ck_assert(odm_authres_value(odm_authres_find(&res, "header", "p31")->value, value,
	    sizeof(value)));
	ck_assert_str_eq(value, "31");
	ck_assert_int_eq(odm_authres_next(&ar, &res), 1);
	ck_assert_int_eq((int)res.method, ODM_METHOD_SPF);
}
END_TEST

/* A megabyte of what might make a parser go back; see check_from.c. */
START_TEST(a_megabyte)
{
	static const char *const units[] = {
		"(", "()", "\"", "\"\"", ";", "=", ".", "a ", "a.b ", "a.b= ", "a.b=smtp.c= ",
		"a(b) ",
		"a.b= (c)", "\\", "x=", "; a", "; a (b)", "; none", "; none (", "; a=b \"",
		"smtp.a= smtp.b",
	};
	struct odm_span text = exact_repeat(units[_i], 1000000 / strlen(units[_i]));
	char *field = malloc(text.len + 15);
	struct odm_authres_result res;
	struct odm_authres ar;

	ck_assert_ptr_nonnull(field);
	memcpy(field, "mx.test;dkim=x ", 15);
	memcpy(field + 15, text.at, text.len);
	ck_assert(odm_authres_open((struct odm_span){ field, text.len + 15 }, &ar));
	while (odm_authres_next(&ar, &res) != 0)
		;
	(void)odm_authres_open(text, &ar);
	free(field);
	exact_free(text);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("authres");
	TCase *tc = tcase_create("authres");

	tcase_add_loop_test(tc, open_case, 0, COUNT(opens));
	tcase_add_test(tc, id_sizes);
	tcase_add_loop_test(tc, result_case, 0, COUNT(results));
	tcase_add_loop_test(tc, value_case, 0, COUNT(values));
	tcase_add_test(tc, nul_in_a_value);
	tcase_add_test(tc, finding);
	tcase_add_test(tc, result_limit);
	tcase_add_test(tc, property_limit);
	tcase_add_loop_test(tc, a_megabyte, 0, 21);
	/* Valgrind and sanitizers need their time. */
	tcase_set_timeout(tc, 120);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
