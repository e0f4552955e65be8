/*
 * check_arc.c - cases for arc.h: seals, signatures and results of ARC sets.
 */
#include <stdio.h>

#include "libopendmarc/parse/arc.h"
#include "tests/unit/exact.h"
#include "tests/unit/suite.h"

#define NONE	ODM_ARC_CV_NONE
#define FAIL	ODM_ARC_CV_FAIL
#define PASS	ODM_ARC_CV_PASS
#define UNKNOWN	ODM_ARC_CV_UNKNOWN

static const struct seal_case {
	const char	*what, *text;
	bool		 well_formed;
	unsigned	 instance;
	enum odm_arc_cv	 cv;
	const char	*domain, *selector, *signature;
} seals[] = {
	{ "as sealers write it", "i=1; a=rsa-sha256; d=L.example; s=s1; t=1; cv=none;\r\n\tb=ab\r\n\t c=",
	    true, 1, NONE, "l.example", "s1", "ab\r\n\t c=" },
	{ "shortest", "i=2;a=x;b=c;cv=pass;d=l.example;s=s", true, 2, PASS, "l.example", "s", "c" },
	{ "a failed chain", "i=3;a=x;b=c;cv=fail;d=l.example;s=s", true, 3, FAIL, "l.example", "s",
	    "c" },
	{ "in any order", "a=x; b=c; cv=Pass; d=l.example; s=s; i=7", true, 7, PASS, "l.example",
	    "s", "c" },
	{ "tabs and folds between the tags", "i=1;\ta=x;\r\n\tb=c;\r\n cv=none;\td\t=\tl.example;\t"
	    "s=s\r\n", true, 1, NONE, "l.example", "s", "c" },
	{ "comments round the instance", " (a) i (b;) = (c) 12 (d) ; a=x;b=c;cv=pass;d=l.example;s=s",
	    true, 12, PASS, "l.example", "s", "c" },
	{ "the last instance", "i=50;a=x;b=c;cv=pass;d=l.example;s=s", true, 50, PASS, "l.example",
	    "s", "c" },
	{ "two digits", "i=01;a=x;b=c;cv=pass;d=l.example;s=s", true, 1, PASS, "l.example", "s",
	    "c" },
	{ "unknown tags", "i=1;a=x;b=c;cv=none;d=l.example;s=s;zz=;q=dns", true, 1, NONE,
	    "l.example", "s", "c" },
	{ "a selector of odd octets", "i=1;a=x;b=c;cv=none;d=l.example;s=\"\\s", true, 1, NONE,
	    "l.example", "\"\\s", "c" },
	{ "instance 0", "i=0; d=l.example; s=s; b=AA", false, 0, UNKNOWN, "l.example", "s", "AA" },
	{ "instance 51", "i=51;a=x;b=c;cv=pass;d=l.example;s=s", false, 0, PASS, "l.example", "s",
	    "c" },
	{ "three digits", "i=001;a=x;b=c;cv=pass;d=l.example;s=s", false, 0, PASS, "l.example",
	    "s", "c" },
	{ "a huge instance", "i=99999999999999999999;a=x;b=c;cv=pass;d=l.example;s=s", false, 0,
	    PASS, "l.example", "s", "c" },
	{ "a negative instance", "i=-1;a=x;b=c;cv=pass;d=l.example;s=s", false, 0, PASS,
	    "l.example", "s", "c" },
	{ "instance and more", "i=1 2;a=x;b=c;cv=pass;d=l.example;s=s", false, 0, PASS,
	    "l.example", "s", "c" },
	{ "no instance", "a=x;b=c;cv=pass;d=l.example;s=s", false, 0, PASS, "l.example", "s",
	    "c" },
	{ "two instances", "i=1;i=2;a=x;b=c;cv=pass;d=l.example;s=s", false, 1, PASS, "l.example",
	    "s", "c" },
	{ "one instance twice", "i=1;a=x;b=c;cv=pass;d=l.example;s=s;i=1", false, 1, PASS,
	    "l.example", "s", "c" },
	{ "an open comment", "i=1 (;a=x;b=c;cv=pass;d=l.example;s=s", false, 0, PASS, "l.example",
	    "s", "c" },
	{ "h is an error", "i=1;a=x;b=c;cv=none;d=l.example;s=s;h=from", false, 1, NONE,
	    "l.example", "s", "c" },
	{ "an empty h too", "i=1;a=x;b=c;cv=none;d=l.example;s=s;h=", false, 1, NONE,
	    "l.example", "s", "c" },
	{ "no cv", "i=1;a=x;b=c;d=l.example;s=s", false, 1, UNKNOWN, "l.example", "s", "c" },
	{ "another cv", "i=1;a=x;b=c;cv=maybe;d=l.example;s=s", false, 1, UNKNOWN, "l.example",
	    "s", "c" },
	{ "no a", "i=1;b=c;cv=none;d=l.example;s=s", false, 1, NONE, "l.example", "s", "c" },
	{ "b empty", "i=1;a=x;b=;cv=none;d=l.example;s=s", false, 1, NONE, "l.example", "s", "" },
	{ "no s", "i=1;a=x;b=c;cv=none;d=l.example", false, 1, NONE, "l.example", "", "c" },
	{ "no d", "i=1;a=x;b=c;cv=none;s=s", false, 1, NONE, "", "s", "c" },
	{ "d is no name", "i=1;a=x;b=c;cv=none;d=l..example;s=s", false, 1, NONE, "", "s", "c" },
	{ "d twice", "i=1;a=x;b=c;cv=none;d=l.example;d=m.example;s=s", false, 1, NONE,
	    "l.example", "s", "c" },
	{ "one word", "foo", false, 0, UNKNOWN, "", "", "" },
	{ "one letter", "x", false, 0, UNKNOWN, "", "", "" },
	{ "a tag without =", "i=1; a; d=x", false, 1, UNKNOWN, "x", "", "" },
	{ "empty", "", false, 0, UNKNOWN, "", "", "" },
	{ "separators alone", "; ; ;", false, 0, UNKNOWN, "", "", "" },
	{ "i alone", "i", false, 0, UNKNOWN, "", "", "" },
	{ "i= alone", "i=", false, 0, UNKNOWN, "", "", "" },
	{ "i=1 alone", "i=1", false, 1, UNKNOWN, "", "", "" },
};

START_TEST(seal_case)
{
	const struct seal_case *c = &seals[_i];
	struct odm_span text = exact(c->text);
	struct odm_arc_seal seal;

	odm_arc_seal_parse(text, &seal);
	ck_assert_msg(seal.well_formed == c->well_formed, "%s: well_formed", c->what);
	ck_assert_msg(seal.instance == c->instance, "%s: instance %u", c->what, seal.instance);
	ck_assert_msg(seal.cv == c->cv, "%s: cv %d", c->what, (int)seal.cv);
	ck_assert_msg(strcmp(seal.domain, c->domain) == 0, "%s: domain %s", c->what, seal.domain);
	ck_assert_msg(odm_span_eq(seal.selector, c->selector), "%s: selector", c->what);
	ck_assert_msg(odm_span_eq(seal.signature, c->signature), "%s: signature", c->what);
	exact_free(text);
}
END_TEST

/* A key of 4096 bits makes a signature of 684 octets; nothing depends on it. */
START_TEST(long_signatures)
{
	struct odm_span b = exact_repeat("A", _i == 0 ? 684 : 1000000), text;
	struct odm_arc_seal seal;
	char *whole = malloc(b.len + 100);
	int len;

	ck_assert_ptr_nonnull(whole);
	len = snprintf(whole, b.len + 100, "i=1; a=x; cv=none; d=l.example; s=s; b=%.*s", (int)b.len,
	    b.at);
	ck_assert_int_gt(len, 0);
	text = exact_copy(whole, (size_t)len);
	odm_arc_seal_parse(text, &seal);
	ck_assert(seal.well_formed);
	ck_assert_uint_eq(seal.signature.len, b.len);
	exact_free(text);
	exact_free(b);
	free(whole);
}
END_TEST

static const struct signature_case {
	const char	*what, *text;
	bool		 well_formed;
	unsigned	 instance;
	const char	*domain, *selector;
} signatures[] = {
	{ "as sealers write it", "i=1; a=rsa-sha256; c=relaxed/relaxed; d=L.example; s=s1; t=1;\r\n"
	    "\th=From:To; bh=AAAA=;\r\n\tb=abc", true, 1, "l.example", "s1" },
	{ "comments round the instance", "i=(x)1(y);a=x;b=c;bh=e;d=l.example;h=from;s=s", true, 1,
	    "l.example", "s" },
	{ "v is unknown and harmless", "i=1;v=1;a=x;b=c;bh=e;d=l.example;h=from;s=s", true, 1,
	    "l.example", "s" },
	{ "i is no identity", "i=@l.example;a=x;b=c;bh=e;d=l.example;h=from;s=s", false, 0,
	    "l.example", "s" },
	{ "no h", "i=1;a=x;b=c;bh=e;d=l.example;s=s", false, 1, "l.example", "s" },
	{ "no bh", "i=1;a=x;b=c;d=l.example;h=from;s=s", false, 1, "l.example", "s" },
	{ "instance 0", "i=0;a=x;b=c;bh=e;d=l.example;h=from;s=s", false, 0, "l.example", "s" },
	{ "empty", "", false, 0, "", "" },
};

START_TEST(signature_case)
{
	const struct signature_case *c = &signatures[_i];
	struct odm_span text = exact(c->text);
	struct odm_arc_signature sig;

	odm_arc_signature_parse(text, &sig);
	ck_assert_msg(sig.well_formed == c->well_formed, "%s: well_formed", c->what);
	ck_assert_msg(sig.instance == c->instance, "%s: instance %u", c->what, sig.instance);
	ck_assert_msg(strcmp(sig.domain, c->domain) == 0, "%s: domain %s", c->what, sig.domain);
	ck_assert_msg(odm_span_eq(sig.selector, c->selector), "%s: selector", c->what);
	exact_free(text);
}
END_TEST

/* results: "method=result" words, "!" for a malformed one; "-": the field is not used. */
static const struct results_case {
	const char	*what, *text;
	unsigned	 instance;
	const char	*id, *results;
} fields[] = {
	{ "as sealers write it", "i=1; mx.example;\r\n\tspf=pass smtp.mailfrom=a.example;\r\n"
	    "\tdkim=pass header.d=a.example", 1, "mx.example", "spf=pass dkim=pass" },
	{ "comments and folds", " (c) i\r\n\t= (d) 2 (;) ;\r\n\tmx.example; spf=fail", 2, "mx.example",
	    "spf=fail" },
	{ "a version, and a word that is no property", "i=1; mx.example 1; spf=pass "
	    "smtp.mailfrom=x.example; dmarc=pass action=none header.from=x.example; dkim=pass "
	    "header.d=x.example; arc=none", 1, "mx.example",
	    "spf=pass dmarc=pass dkim=pass arc=none" },
	{ "a client address", "i=1; mx.example; arc=pass smtp.remote-ip=192.0.2.9", 1, "mx.example",
	    "arc=pass" },
	{ "methods that are not ours", "i=1; mx.example; dara=pass header.i=@x; bimi=pass; auth=pass "
	    "smtp.auth=u; dkim=pass header.d=x.example", 1, "mx.example",
	    "?=pass ?=pass ?=pass dkim=pass" },
	{ "a comment where a method should be", "i=1; m; (null)=pass; arc=none "
	    "smtp.client-ip=192.0.2.4", 1, "m", "! arc=none" },
	{ "no results", "i=1; mx.example; none", 1, "mx.example", "" },
	{ "an id alone", "i=1; mx.example", 1, "mx.example", "" },
	{ "nothing behind the instance", "i=1", 0, NULL, "-" },
	{ "nothing behind the separator", "i=1;", 0, NULL, "-" },
	{ "separators alone", "; ; ;", 0, NULL, "-" },
	{ "no authserv-id", "i=1; spf=pass smtp.mailfrom=a.example", 0, NULL, "-" },
	{ "another version", "i=1; mx.example 2; spf=pass", 0, NULL, "-" },
	{ "instance 0", "i=0; mx.example; spf=pass", 0, NULL, "-" },
	{ "instance 51", "i=51; mx.example; spf=pass", 0, NULL, "-" },
	{ "no instance", "mx.example; spf=pass", 0, NULL, "-" },
	{ "the instance behind the results", "mx.example; spf=pass; i=1", 0, NULL, "-" },
	{ "no separator", "i=1 mx.example; spf=pass", 0, NULL, "-" },
	{ "upper case", "I=1; mx.example; spf=pass", 0, NULL, "-" },
	{ "an open comment", "i=1 (; mx.example; spf=pass", 0, NULL, "-" },
	{ "empty", "", 0, NULL, "-" },
};

START_TEST(results_case)
{
	const struct results_case *c = &fields[_i];
	struct odm_span text = exact(c->text);
	struct odm_arc_results results;
	struct odm_authres_result res;
	char got[512] = "", id[256], job[256];
	static const char *const methods[] = { "?", "arc", "dkim", "dmarc", "spf" };
	int more;

	if (odm_arc_results_open(text, &results)) {
		ck_assert(odm_authres_id(&results.authres, id, sizeof(id), job, sizeof(job)));
		ck_assert_msg(c->id != NULL && strcmp(id, c->id) == 0, "%s: id %s", c->what, id);
		while ((more = odm_authres_next(&results.authres, &res)) != 0) {
			strlcat(got, got[0] == '\0' ? "" : " ", sizeof(got));
			if (more < 0) {
				strlcat(got, "!", sizeof(got));
				continue;
			}
			strlcat(got, methods[res.method], sizeof(got));
			strlcat(got, "=", sizeof(got));
			strlcat(got, odm_result_name(res.result), sizeof(got));
		}
	} else {
		strlcat(got, "-", sizeof(got));
	}
	ck_assert_msg(results.instance == c->instance, "%s: instance %u", c->what,
	    results.instance);
	ck_assert_msg(strcmp(got, c->results) == 0, "%s: got %s", c->what, got);
	exact_free(text);
}
END_TEST

START_TEST(long_results)
{
	struct odm_span many = exact_repeat("; dkim=fail header.d=d.example", 200), text;
	struct odm_arc_results results;
	struct odm_authres_result res;
	char *whole = malloc(many.len + 20);
	size_t n = 0;
	int len;

	ck_assert_ptr_nonnull(whole);
	len = snprintf(whole, many.len + 20, "i=1; mx.example%.*s", (int)many.len, many.at);
	ck_assert_int_gt(len, 5000);
	text = exact_copy(whole, (size_t)len);
	ck_assert(odm_arc_results_open(text, &results));
	while (odm_authres_next(&results.authres, &res) == 1)
		n++;
	ck_assert_uint_eq(n, 200);
	exact_free(text);
	exact_free(many);
	free(whole);
}
END_TEST

START_TEST(names_of_cv)
{
	ck_assert_str_eq(odm_arc_cv_name(NONE), "none");
	ck_assert_str_eq(odm_arc_cv_name(FAIL), "fail");
	ck_assert_str_eq(odm_arc_cv_name(PASS), "pass");
	ck_assert_ptr_null(odm_arc_cv_name(UNKNOWN));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("arc");
	TCase *tc = tcase_create("arc");

	tcase_add_loop_test(tc, seal_case, 0, COUNT(seals));
	tcase_add_loop_test(tc, long_signatures, 0, 2);
	tcase_add_loop_test(tc, signature_case, 0, COUNT(signatures));
	tcase_add_loop_test(tc, results_case, 0, COUNT(fields));
	tcase_add_test(tc, long_results);
	tcase_add_test(tc, names_of_cv);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
