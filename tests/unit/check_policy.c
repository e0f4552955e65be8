/*
 * check_policy.c - the tag that applies and what test mode makes of it.
 * RFC 9989, 4.7 and 4.10.1.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "libopendmarc/core/policy.h"
#include "tests/unit/suite.h"

#define SELF		ODM_RELATION_SELF
#define EXISTING	ODM_RELATION_EXISTING
#define NONEXISTENT	ODM_RELATION_NONEXISTENT
#define NONE		ODM_POLICY_NONE
#define QUARANTINE	ODM_POLICY_QUARANTINE
#define REJECT		ODM_POLICY_REJECT
#define RUA		"rua=mailto:a@example.com"

static const struct policy_case {
	const char	*text;
	enum odm_policy_relation relation;
	enum odm_policy_tag tag;
	enum odm_policy	 published, effective;
	bool		 testing, np_matters;
} cases[] = {
	{ "p=reject", SELF, ODM_TAG_P, REJECT, REJECT, false, false },
	{ "p=reject", EXISTING, ODM_TAG_P, REJECT, REJECT, false, false },
	{ "p=reject", NONEXISTENT, ODM_TAG_P, REJECT, REJECT, false, false },
	{ "p=reject; sp=none", SELF, ODM_TAG_P, REJECT, REJECT, false, false },
	{ "p=reject; sp=none", EXISTING, ODM_TAG_SP, NONE, NONE, false, false },
	{ "p=reject; sp=none", NONEXISTENT, ODM_TAG_SP, NONE, NONE, false, false },
	{ "p=none; sp=quarantine; np=reject", SELF, ODM_TAG_P, NONE, NONE, false, true },
	{ "p=none; sp=quarantine; np=reject", EXISTING, ODM_TAG_SP, QUARANTINE, QUARANTINE,
	    false, true },
	{ "p=none; sp=quarantine; np=reject", NONEXISTENT, ODM_TAG_NP, REJECT, REJECT, false,
	    true },
	{ "p=none; np=reject", EXISTING, ODM_TAG_P, NONE, NONE, false, true },
	{ "p=none; np=reject", NONEXISTENT, ODM_TAG_NP, REJECT, REJECT, false, true },
	{ "p=reject; np=reject", NONEXISTENT, ODM_TAG_NP, REJECT, REJECT, false, false },
	{ "p=none; sp=reject; np=reject", EXISTING, ODM_TAG_SP, REJECT, REJECT, false, false },
	{ "p=reject; t=y", SELF, ODM_TAG_P, REJECT, QUARANTINE, true, false },
	{ "p=quarantine; t=y", SELF, ODM_TAG_P, QUARANTINE, NONE, true, false },
	{ "p=none; t=y", SELF, ODM_TAG_P, NONE, NONE, false, false },
	{ "p=reject; t=n", SELF, ODM_TAG_P, REJECT, REJECT, false, false },
	{ "p=none; sp=reject; t=y", EXISTING, ODM_TAG_SP, REJECT, QUARANTINE, true, false },
	{ "p=none; np=quarantine; t=y", NONEXISTENT, ODM_TAG_NP, QUARANTINE, NONE, true, true },
	{ "p=reject; pct=0", SELF, ODM_TAG_P, REJECT, QUARANTINE, true, false },
	{ "p=reject; pct=50", SELF, ODM_TAG_P, REJECT, REJECT, false, false },
	{ RUA, SELF, ODM_TAG_NONE, NONE, NONE, false, false },
	{ "p=bogus; " RUA, SELF, ODM_TAG_NONE, NONE, NONE, false, false },
	{ "p=reject; sp=bogus; " RUA, SELF, ODM_TAG_NONE, NONE, NONE, false, false },
	{ "p=reject; sp=none; np=bogus; " RUA, EXISTING, ODM_TAG_NONE, NONE, NONE, false, false },
	{ "p=bogus; sp=none; np=reject; t=y; " RUA, NONEXISTENT, ODM_TAG_NONE, NONE, NONE, false,
	    false },
};

/* The same by RFC 7489: np and t mean nothing, pct is told. */
static const struct old_policy_case {
	const char	*text;
	enum odm_policy_relation relation;
	enum odm_policy_tag tag;
	enum odm_policy	 policy;
	unsigned	 pct;
} old_cases[] = {
	{ "p=reject", SELF, ODM_TAG_P, REJECT, 100 },
	{ "p=reject; sp=none", SELF, ODM_TAG_P, REJECT, 100 },
	{ "p=reject; sp=none", EXISTING, ODM_TAG_SP, NONE, 100 },
	{ "p=reject; sp=quarantine; np=none", NONEXISTENT, ODM_TAG_SP, QUARANTINE, 100 },
	{ "p=reject; np=bogus", EXISTING, ODM_TAG_P, REJECT, 100 },
	{ "p=reject; t=y", SELF, ODM_TAG_P, REJECT, 100 },
	{ "p=reject; pct=0", SELF, ODM_TAG_P, REJECT, 0 },
	{ "p=quarantine; pct=30; t=y", SELF, ODM_TAG_P, QUARANTINE, 30 },
	{ "p=quarantine; pct=300", SELF, ODM_TAG_P, QUARANTINE, 100 },
	{ RUA, SELF, ODM_TAG_NONE, NONE, 100 },
	{ "p=reject; sp=bogus; " RUA, SELF, ODM_TAG_NONE, NONE, 100 },
};

/* Parses "v=DMARC1; TAGS" out of *text_r, which the caller frees. */
static struct odm_record
parse(const char *tags, char **text_r)
{
	size_t size = strlen("v=DMARC1; ") + strlen(tags) + 1;
	struct odm_record record;

	*text_r = malloc(size);
	ck_assert_ptr_nonnull(*text_r);
	(void)strlcpy(*text_r, "v=DMARC1; ", size);
	(void)strlcat(*text_r, tags, size);
	ck_assert(odm_record_parse(odm_span_str(*text_r), &record));
	return record;
}

START_TEST(choose)
{
	const struct policy_case *c = &cases[_i];
	struct odm_verdict v = { 0 };
	char *text;
	struct odm_record record = parse(c->text, &text);

	ck_assert_msg(odm_policy_usable(&record), "%s", c->text);
	ck_assert_msg(odm_policy_np_matters(&record) == c->np_matters, "%s", c->text);
	odm_policy_choose(&record, c->relation, &v);
	ck_assert_msg(v.tag == c->tag, "%s: tag %d", c->text, (int)v.tag);
	ck_assert_msg(v.published == c->published, "%s: published %d", c->text, (int)v.published);
	ck_assert_msg(v.effective == c->effective, "%s: effective %d", c->text, (int)v.effective);
	ck_assert_msg(v.testing == c->testing, "%s: testing", c->text);
	ck_assert_msg(v.pct == 100, "%s: pct", c->text);
	free(text);
}
END_TEST

START_TEST(choose_7489)
{
	const struct old_policy_case *c = &old_cases[_i];
	struct odm_verdict v = { .discovery = ODM_DISCOVERY_PSL };
	char *text;
	struct odm_record record = parse(c->text, &text);

	ck_assert_msg(odm_policy_usable_7489(&record), "%s", c->text);
	odm_policy_choose(&record, c->relation, &v);
	ck_assert_msg(v.tag == c->tag, "%s: tag %d", c->text, (int)v.tag);
	ck_assert_msg(v.published == c->policy, "%s: published %d", c->text, (int)v.published);
	ck_assert_msg(v.effective == c->policy, "%s: effective %d", c->text, (int)v.effective);
	ck_assert_msg(!v.testing, "%s: testing", c->text);
	ck_assert_msg(v.pct == c->pct, "%s: pct %u", c->text, v.pct);
	free(text);
}
END_TEST

START_TEST(unselected_is_one_level_lower)
{
	ck_assert_int_eq(odm_policy_unselected(REJECT), QUARANTINE);
	ck_assert_int_eq(odm_policy_unselected(QUARANTINE), NONE);
	ck_assert_int_eq(odm_policy_unselected(NONE), NONE);
	ck_assert_int_eq(odm_policy_unselected(ODM_POLICY_UNSET), ODM_POLICY_UNSET);
}
END_TEST

static const char *const unusable[] = {
	"psd=n", "p=bogus", "p=bogus; rua=", "p=bogus; rua=nonsense", "sp=reject",
	"p=reject; sp=bogus", "p=reject; np=bogus", "p=bogus; ruf=mailto:a@example.com",
};

START_TEST(no_processing)
{
	char *text;
	struct odm_record record = parse(unusable[_i], &text);

	ck_assert_msg(!odm_policy_usable(&record), "%s", unusable[_i]);
	ck_assert_msg(!odm_policy_np_matters(&record), "%s", unusable[_i]);
	ck_assert_msg(odm_policy_usable_7489(&record) == (strstr(unusable[_i], "np=") != NULL),
	    "%s", unusable[_i]);
	free(text);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("policy");
	TCase *tc = tcase_create("policy");

	tcase_add_loop_test(tc, choose, 0, (int)COUNT(cases));
	tcase_add_loop_test(tc, choose_7489, 0, (int)COUNT(old_cases));
	tcase_add_test(tc, unselected_is_one_level_lower);
	tcase_add_loop_test(tc, no_processing, 0, (int)COUNT(unusable));
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
