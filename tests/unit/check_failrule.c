/*
 * check_failrule.c - which messages bring a failure report, as a table.
 */
#include <check.h>

#include "common/failure.h"
#include "opendmarc/failrule.h"
#include "tests/unit/suite.h"

#define NONE	ODM_POLICY_NONE
#define REJECT	ODM_POLICY_REJECT
#define FAIL	ODM_DMARC_FAIL
#define PASS	ODM_DMARC_PASS
#define UNKNOWN	ODM_RESULT_UNKNOWN
#define SPFFAIL	ODM_RESULT_FAIL

enum {
	DKIM_ALIGNED = 1, SPF_ALIGNED = 2, DKIM_FAILED = 4, DKIM_OPEN = 8, NO_RUF = 16,
	COPY = 32, ON_NONE = 64, PSD = 128, NULL_SENDER = 256, REPORT = 512, OURS = 1024,
	QUARANTINE = 2048
};
#define D	FAILURE_DKIM
#define S	FAILURE_SPF
#define M	FAILURE_DMARC
#define FO_ALL	(ODM_FO_1 | ODM_FO_D | ODM_FO_S)

static const struct rule_case {
	const char	*what;
	enum odm_dmarc	 result;
	enum odm_policy	 policy;
	unsigned	 fo, flags;
	enum odm_result	 spf;
	unsigned	 kinds;		/* wanted */
} cases[] = {
	{ "nothing passed", FAIL, REJECT, ODM_FO_0, 0, SPFFAIL, M },
	{ "nothing there at all", FAIL, REJECT, ODM_FO_0, 0, UNKNOWN, M },
	{ "quarantine", FAIL, REJECT, ODM_FO_0, QUARANTINE, SPFFAIL, M },
	{ "pass", PASS, REJECT, ODM_FO_0, DKIM_ALIGNED, SPFFAIL, 0 },
	{ "pass, a signature failed", PASS, REJECT, ODM_FO_0, SPF_ALIGNED | DKIM_FAILED,
	    ODM_RESULT_PASS, 0 },
	{ "fo=1, SPF alone", PASS, REJECT, ODM_FO_1, SPF_ALIGNED, ODM_RESULT_PASS, M },
	{ "fo=1, DKIM alone", PASS, REJECT, ODM_FO_1, DKIM_ALIGNED, SPFFAIL, M },
	{ "fo=1, DKIM alone, SPF not looked at", PASS, REJECT, ODM_FO_1, DKIM_ALIGNED, UNKNOWN, M },
	{ "fo=1, both", PASS, REJECT, ODM_FO_1, DKIM_ALIGNED | SPF_ALIGNED, ODM_RESULT_PASS, 0 },
	{ "fo=1, SPF unknown for now", PASS, REJECT, ODM_FO_1, DKIM_ALIGNED,
	    ODM_RESULT_TEMPERROR, 0 },
	{ "fo=1, DKIM unknown for now", PASS, REJECT, ODM_FO_1, SPF_ALIGNED | DKIM_OPEN,
	    ODM_RESULT_PASS, 0 },
	{ "fo=1, fail", FAIL, REJECT, ODM_FO_1, DKIM_OPEN, SPFFAIL, M },
	{ "fo=d, a signature failed", PASS, REJECT, ODM_FO_D, SPF_ALIGNED | DKIM_FAILED,
	    ODM_RESULT_PASS, D },
	{ "fo=d, one failed beside a good one", PASS, REJECT, ODM_FO_D, DKIM_ALIGNED | DKIM_FAILED,
	    ODM_RESULT_PASS, D },
	{ "fo=d, unsigned", FAIL, REJECT, ODM_FO_D, 0, SPFFAIL, 0 },
	{ "fo=d, unknown for now", FAIL, REJECT, ODM_FO_D, DKIM_OPEN, SPFFAIL, 0 },
	{ "fo=s, fail", FAIL, REJECT, ODM_FO_S, 0, SPFFAIL, S },
	{ "fo=s, softfail", PASS, REJECT, ODM_FO_S, DKIM_ALIGNED, ODM_RESULT_SOFTFAIL, S },
	{ "fo=s, permerror", PASS, REJECT, ODM_FO_S, DKIM_ALIGNED, ODM_RESULT_PERMERROR, S },
	{ "fo=s, neutral", FAIL, REJECT, ODM_FO_S, 0, ODM_RESULT_NEUTRAL, 0 },
	{ "fo=s, none", FAIL, REJECT, ODM_FO_S, 0, ODM_RESULT_NONE, 0 },
	{ "fo=s, a pass that does not align", FAIL, REJECT, ODM_FO_S, 0, ODM_RESULT_PASS, 0 },
	{ "fo=s, temperror", FAIL, REJECT, ODM_FO_S, 0, ODM_RESULT_TEMPERROR, 0 },
	{ "fo=1:d:s, all", FAIL, REJECT, FO_ALL, DKIM_FAILED, SPFFAIL, M | D | S },
	{ "fo=0:s", FAIL, REJECT, ODM_FO_0 | ODM_FO_S, 0, SPFFAIL, M | S },
	{ "temperror", ODM_DMARC_TEMPERROR, REJECT, FO_ALL, DKIM_FAILED, SPFFAIL, 0 },
	{ "permerror", ODM_DMARC_PERMERROR, REJECT, FO_ALL, DKIM_FAILED, SPFFAIL, 0 },
	{ "no record", ODM_DMARC_NONE, ODM_POLICY_UNSET, ODM_FO_0, 0, SPFFAIL, 0 },
	{ "p=none", FAIL, NONE, ODM_FO_0, 0, SPFFAIL, 0 },
	{ "p=none, asked for", FAIL, NONE, ODM_FO_0, ON_NONE, SPFFAIL, M },
	{ "p=none, a copy alone", FAIL, NONE, ODM_FO_0, COPY | NO_RUF, SPFFAIL, 0 },
	{ "psd=y", FAIL, REJECT, ODM_FO_0, PSD | COPY, SPFFAIL, 0 },
	{ "no ruf", FAIL, REJECT, ODM_FO_0, NO_RUF, SPFFAIL, 0 },
	{ "no ruf, a copy", FAIL, REJECT, ODM_FO_0, NO_RUF | COPY, SPFFAIL, M },
	{ "no ruf: fo does not count", PASS, REJECT, FO_ALL, NO_RUF | COPY | DKIM_ALIGNED | DKIM_FAILED,
	    SPFFAIL, 0 },
	{ "null sender", FAIL, REJECT, FO_ALL, NULL_SENDER, SPFFAIL, 0 },
	{ "a report", FAIL, REJECT, FO_ALL, REPORT, SPFFAIL, 0 },
	{ "our own address", FAIL, REJECT, FO_ALL, OURS | COPY, SPFFAIL, 0 },
};

START_TEST(rule)
{
	const struct rule_case *c = &cases[_i];
	struct dmf_failfacts f = {
		.result = c->result, .fo = c->fo, .spf = c->spf,
		.published = (c->flags & QUARANTINE) != 0 ? ODM_POLICY_QUARANTINE : c->policy,
		.psd = (c->flags & PSD) != 0 ? ODM_PSD_YES : ODM_PSD_UNKNOWN,
		.has_ruf = (c->flags & NO_RUF) == 0, .has_copy = (c->flags & COPY) != 0,
		.on_none = (c->flags & ON_NONE) != 0,
		.dkim_aligned = (c->flags & DKIM_ALIGNED) != 0,
		.spf_aligned = (c->flags & SPF_ALIGNED) != 0,
		.dkim_failed = (c->flags & DKIM_FAILED) != 0,
		.dkim_open = (c->flags & DKIM_OPEN) != 0,
		.null_sender = (c->flags & NULL_SENDER) != 0,
		.is_report = (c->flags & REPORT) != 0, .is_ours = (c->flags & OURS) != 0,
	};
	unsigned got = dmf_failrule(&f);

	ck_assert_msg(got == c->kinds, "%s: got %u, want %u", c->what, got, c->kinds);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("failrule");
	TCase *tc = tcase_create("failrule");

	tcase_add_loop_test(tc, rule, 0, (int)COUNT(cases));
	suite_add_tcase(s, tc);
	return run_suite(s);
}
