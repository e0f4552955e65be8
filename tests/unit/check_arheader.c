/*
 * check_arheader.c - the text of the header fields that the daemon adds.
 */
#include "config.h"

#include <check.h>
#include <string.h>

#include "opendmarc/arheader.h"
#include "tests/unit/suite.h"

static const struct dmarc_case {
	const char	*what, *id;
	enum odm_dmarc	 result;
	const char	*p, *dis, *author, *policy;
	const char	*want;
} dmarc_cases[] = {
	{ "pass", "mx.test", ODM_DMARC_PASS, "reject", "none", "example.com", "reject",
	    "mx.test; dmarc=pass (p=reject dis=none) header.from=example.com policy.dmarc=reject" },
	{ "fail", "OpenDMARC", ODM_DMARC_FAIL, "reject", "none", "a.test", "quarantine",
	    "OpenDMARC; dmarc=fail (p=reject dis=none) header.from=a.test "
	    "policy.dmarc=quarantine" },
	{ "none", "mx.test", ODM_DMARC_NONE, "none", "none", "a.test", NULL,
	    "mx.test; dmarc=none (p=none dis=none) header.from=a.test" },
	{ "no author", "mx.test", ODM_DMARC_PERMERROR, "none", "none", NULL, NULL,
	    "mx.test; dmarc=permerror (p=none dis=none)" },
	{ "temperror", "mx.test", ODM_DMARC_TEMPERROR, "none", "none", "a_b.test", NULL,
	    "mx.test; dmarc=temperror (p=none dis=none) header.from=a_b.test" },
	{ "an id that is no token", "mx.test/JOB", ODM_DMARC_NONE, "none", "none", "a.test", NULL,
	    "\"mx.test/JOB\"; dmarc=none (p=none dis=none) header.from=a.test" },
	{ "an id to be escaped", "a\"b\\c\r\nd", ODM_DMARC_NONE, "none", "none", "a.test", NULL,
	    "\"a\\\"b\\\\cd\"; dmarc=none (p=none dis=none) header.from=a.test" },
	{ "an id with blanks", "our mail", ODM_DMARC_NONE, "none", "none", "a.test", NULL,
	    "\"our mail\"; dmarc=none (p=none dis=none) header.from=a.test" },
};

START_TEST(dmarc_case)
{
	const struct dmarc_case *c = &dmarc_cases[_i];
	struct dmf_decision d = { .result = c->result, .published = c->p,
		.disposition = c->dis, .author_domain = c->author, .effective = c->policy };
	struct odm_strbuf out;

	odm_strbuf_init(&out, 4096);
	dmf_ar_dmarc(&out, c->id, &d);
	ck_assert_msg(!out.failed && strcmp(out.at, c->want) == 0, "%s: got %s", c->what, out.at);
	odm_strbuf_free(&out);
}
END_TEST

static const struct spf_case {
	enum odm_result	 result;
	bool		 helo;
	const char	*domain, *want;
} spf_cases[] = {
	{ ODM_RESULT_PASS, false, "a.test", "mx.test; spf=pass smtp.mailfrom=a.test" },
	{ ODM_RESULT_NONE, true, "h.test", "mx.test; spf=none smtp.helo=h.test" },
	{ ODM_RESULT_TEMPERROR, false, "a.test", "mx.test; spf=temperror smtp.mailfrom=a.test" },
	{ ODM_RESULT_SOFTFAIL, false, "a.test", "mx.test; spf=softfail smtp.mailfrom=a.test" },
	{ ODM_RESULT_NEUTRAL, false, "a.test", "mx.test; spf=neutral smtp.mailfrom=a.test" },
	{ ODM_RESULT_NONE, true, "", "mx.test; spf=none" },
};

START_TEST(spf_case)
{
	const struct spf_case *c = &spf_cases[_i];
	struct odm_strbuf out;

	odm_strbuf_init(&out, 4096);
	dmf_ar_spf(&out, "mx.test", c->result, c->helo, c->domain);
	ck_assert_str_eq(out.at, c->want);
	odm_strbuf_free(&out);
}
END_TEST

#define PRODUCT "OpenDMARC Filter v" PACKAGE_VERSION

static const struct software_case {
	const char	*mta, *host, *job, *want;
} software_cases[] = {
	{ "mx.test", "mx.test", "4F2C", PRODUCT " mx.test 4F2C" },
	{ "MX.test", "mx.test", "4F2C", PRODUCT " MX.test 4F2C" },
	{ "mx.test", "filter.test", "4F2C", PRODUCT " mx.test via filter.test 4F2C" },
	{ NULL, "filter.test", "(unknown-jobid)", PRODUCT " filter.test (unknown-jobid)" },
	{ "mx\r\ntest", "mx", "a b", PRODUCT " mx__test via mx a_b" },
};

START_TEST(software_case)
{
	const struct software_case *c = &software_cases[_i];
	struct odm_strbuf out;

	odm_strbuf_init(&out, 4096);
	dmf_software(&out, c->mta, c->host, c->job);
	ck_assert_str_eq(out.at, c->want);
	odm_strbuf_free(&out);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("arheader");
	TCase *tc = tcase_create("text");

	tcase_add_loop_test(tc, dmarc_case, 0, COUNT(dmarc_cases));
	tcase_add_loop_test(tc, spf_case, 0, COUNT(spf_cases));
	tcase_add_loop_test(tc, software_case, 0, COUNT(software_cases));
	suite_add_tcase(s, tc);
	return run_suite(s);
}
