/*
 * check_verdict.c - local policy over results: what is done, said and recorded.
 */
#include <check.h>
#include <string.h>

#include "opendmarc/verdict.h"
#include "tests/unit/suite.h"

enum {
	REJECTS = 1,		/* RejectFailures */
	TEMPFAILS = 2,		/* On-DNSError tempfail */
	TESTING = 4,		/* t=y lowered the policy */
	NO_RECORD = 8,
	HOLDS = 16,		/* HoldQuarantinedMessages */
	COPIES = 32,		/* CopyFailuresTo */
	EXCUSED = 64		/* an override stands against the policy */
};

static char reject_string[] = "rejected by DMARC policy for %s";
static char address[] = "copy@copy.test";

#define NONE		ODM_POLICY_NONE
#define QUARANTINE	ODM_POLICY_QUARANTINE
#define REJECT		ODM_POLICY_REJECT

static const struct verdict_case {
	const char	*what;
	unsigned	 flags;
	enum odm_dmarc	 result;
	enum odm_policy	 published, effective;
	enum dmf_action	 action;
	const char	*reply;		/* wanted; NULL none */
	const char	*p, *dis, *policy;	/* wanted; policy NULL left out */
	enum dmf_record	 record;
	int		 history, did;	/* wanted: policy and action of the history */
	const char	*reasons;	/* wanted: words with ":" and comment */
	const char	*hold;		/* wanted; NULL none */
	const char	*would;		/* wanted; NULL none */
	bool		 copy;		/* wanted */
} cases[] = {
	{ "pass", REJECTS, ODM_DMARC_PASS, REJECT, REJECT, DMF_ACTION_ACCEPT, NULL,
	    "reject", "none", "reject", DMF_RECORD_ALWAYS, 15, 2, "", NULL, NULL, false },
	{ "pass, tested policy", 0, ODM_DMARC_PASS, QUARANTINE, NONE, DMF_ACTION_ACCEPT, NULL,
	    "quarantine", "none", "none", DMF_RECORD_ALWAYS, 15, 2, "", NULL, NULL, false },
	{ "fail, p=none", REJECTS, ODM_DMARC_FAIL, NONE, NONE, DMF_ACTION_ACCEPT, NULL,
	    "none", "none", "none", DMF_RECORD_ALWAYS, 18, 2, "", NULL, NULL, false },
	{ "fail, p=reject, told to reject", REJECTS, ODM_DMARC_FAIL, REJECT, REJECT,
	    DMF_ACTION_REJECT, "550 5.7.1 rejected by DMARC policy for policy.test",
	    "reject", "reject", "reject", DMF_RECORD_ALWAYS, 16, 0, "", NULL, NULL, false },
	{ "fail, p=reject, not told to", 0, ODM_DMARC_FAIL, REJECT, REJECT, DMF_ACTION_ACCEPT, NULL,
	    "reject", "none", "reject", DMF_RECORD_ALWAYS, 16, 2, "local_policy:",
	    NULL, NULL, false },
	{ "fail, p=quarantine", REJECTS, ODM_DMARC_FAIL, QUARANTINE, QUARANTINE, DMF_ACTION_ACCEPT,
	    NULL, "quarantine", "none", "quarantine", DMF_RECORD_ALWAYS, 17, 2, "local_policy:",
	    NULL, NULL, false },
	{ "p=reject t=y is not rejected", REJECTS | TESTING, ODM_DMARC_FAIL, REJECT, QUARANTINE,
	    DMF_ACTION_ACCEPT, NULL, "reject", "none", "quarantine", DMF_RECORD_ALWAYS, 17, 2,
	    "policy_test_mode: local_policy:", NULL, NULL, false },
	{ "fail, p=quarantine t=y", TESTING, ODM_DMARC_FAIL, QUARANTINE, NONE,
	    DMF_ACTION_ACCEPT, NULL, "quarantine", "none", "none", DMF_RECORD_ALWAYS, 18, 2,
	    "policy_test_mode:", NULL, NULL, false },
	{ "fail, p=none t=y lowers nothing", TESTING, ODM_DMARC_FAIL, NONE, NONE,
	    DMF_ACTION_ACCEPT, NULL, "none", "none", "none", DMF_RECORD_ALWAYS, 18, 2, "",
	    NULL, NULL, false },
	{ "fail, p=quarantine, told to hold", HOLDS, ODM_DMARC_FAIL, QUARANTINE, QUARANTINE,
	    DMF_ACTION_ACCEPT, NULL, "quarantine", "quarantine", "quarantine", DMF_RECORD_ALWAYS,
	    17, 4, "", "quarantined by DMARC policy for policy.test", "quarantine", false },
	{ "p=reject t=y, told to reject and to hold", REJECTS | HOLDS | TESTING, ODM_DMARC_FAIL,
	    REJECT, QUARANTINE, DMF_ACTION_ACCEPT, NULL, "reject", "quarantine", "quarantine",
	    DMF_RECORD_ALWAYS, 17, 4, "policy_test_mode:",
	    "quarantined by DMARC policy for policy.test", "quarantine", false },
	{ "p=reject is not held", HOLDS, ODM_DMARC_FAIL, REJECT, REJECT, DMF_ACTION_ACCEPT, NULL,
	    "reject", "none", "reject", DMF_RECORD_ALWAYS, 16, 2, "local_policy:", NULL, "reject",
	    false },
	{ "delivered failures are copied", COPIES, ODM_DMARC_FAIL, QUARANTINE, QUARANTINE,
	    DMF_ACTION_ACCEPT, NULL, "quarantine", "none", "quarantine", DMF_RECORD_ALWAYS, 17, 2,
	    "local_policy:", NULL, "quarantine", true },
	{ "p=none is not copied", COPIES, ODM_DMARC_FAIL, NONE, NONE, DMF_ACTION_ACCEPT, NULL,
	    "none", "none", "none", DMF_RECORD_ALWAYS, 18, 2, "", NULL, NULL, false },
	{ "a pass is not copied", COPIES, ODM_DMARC_PASS, REJECT, REJECT, DMF_ACTION_ACCEPT, NULL,
	    "reject", "none", "reject", DMF_RECORD_ALWAYS, 15, 2, "", NULL, NULL, false },
	{ "an override stands against rejecting, holding and copying",
	    REJECTS | HOLDS | COPIES | EXCUSED, ODM_DMARC_FAIL, REJECT, REJECT, DMF_ACTION_ACCEPT,
	    NULL, "reject", "none", "reject", DMF_RECORD_ALWAYS, 16, 2,
	    "trusted_forwarder:our list", NULL, NULL, false },
	{ "an override is no reason where nothing was to be done", REJECTS | EXCUSED,
	    ODM_DMARC_FAIL, NONE, NONE, DMF_ACTION_ACCEPT, NULL, "none", "none", "none",
	    DMF_RECORD_ALWAYS, 18, 2, "", NULL, NULL, false },
	{ "none", REJECTS | NO_RECORD, ODM_DMARC_NONE, ODM_POLICY_UNSET, ODM_POLICY_UNSET,
	    DMF_ACTION_ACCEPT, NULL, "none", "none", NULL, DMF_RECORD_ASKED, 14, 2, "",
	    NULL, NULL, false },
	{ "temperror, no policy known", REJECTS | NO_RECORD, ODM_DMARC_TEMPERROR,
	    ODM_POLICY_UNSET, ODM_POLICY_UNSET, DMF_ACTION_ACCEPT, NULL, "none", "none", NULL,
	    DMF_RECORD_ASKED, 14, 2, "", NULL, NULL, false },
	{ "temperror under a known policy", REJECTS, ODM_DMARC_TEMPERROR, REJECT, REJECT,
	    DMF_ACTION_ACCEPT, NULL, "reject", "none", NULL, DMF_RECORD_ALWAYS, 16, 2,
	    "other:temperror", NULL, NULL, false },
	{ "temperror, told to tempfail", TEMPFAILS, ODM_DMARC_TEMPERROR, REJECT, REJECT,
	    DMF_ACTION_TEMPFAIL,
	    "451 4.7.1 temporary DNS failure while checking DMARC for author.test",
	    "reject", "none", NULL, DMF_RECORD_NEVER, 14, 3, "", NULL, NULL, false },
	{ "permerror", REJECTS, ODM_DMARC_PERMERROR, ODM_POLICY_UNSET, ODM_POLICY_UNSET,
	    DMF_ACTION_ACCEPT, NULL, "none", "none", NULL, DMF_RECORD_NEVER, 14, 2, "",
	    NULL, NULL, false },
};

static void
show_reasons(const struct dmf_decision *d, char *text, size_t size)
{
	size_t i;

	text[0] = '\0';
	for (i = 0; i < d->nreasons; i++) {
		if (i > 0)
			strlcat(text, " ", size);
		strlcat(text, history_override_name(d->reasons[i].type), size);
		strlcat(text, ":", size);
		if (d->reasons[i].comment != NULL)
			strlcat(text, d->reasons[i].comment, size);
	}
}

static void
same_text(const char *what, const char *field, const char *got, const char *want)
{
	ck_assert_msg((got == NULL) == (want == NULL) && (got == NULL || strcmp(got, want) == 0),
	    "%s: %s got %s, want %s", what, field, got != NULL ? got : "(null)",
	    want != NULL ? want : "(null)");
}

static void
show_reply(const struct dmf_decision *d, char *text, size_t size)
{
	strlcpy(text, d->reply.code, size);
	strlcat(text, " ", size);
	strlcat(text, d->reply.status, size);
	strlcat(text, " ", size);
	strlcat(text, d->reply.text, size);
}

START_TEST(verdict_case)
{
	const struct verdict_case *c = &cases[_i];
	struct odm_record record = { .p = c->published };
	struct odm_verdict v = {
		.result = c->result, .author_domain = "author.test",
		.policy_domain = (c->flags & NO_RECORD) != 0 ? NULL : "policy.test",
		.record = (c->flags & NO_RECORD) != 0 ? NULL : &record,
		.published = c->published, .effective = c->effective,
		.testing = (c->flags & TESTING) != 0, .pct = 100,
	};
	struct conf conf = {
		.reject_failures = (c->flags & REJECTS) != 0,
		.reject_string = reject_string,
		.hold_quarantined_messages = (c->flags & HOLDS) != 0,
		.copy_failures_to = (c->flags & COPIES) != 0 ? address : NULL,
		.on_dns_error = (c->flags & TEMPFAILS) != 0 ? CONF_DNS_ERROR_TEMPFAIL :
		    CONF_DNS_ERROR_ACCEPT,
	};
	const struct dmf_reason excuse = { HISTORY_OVERRIDE_TRUSTED_FORWARDER, "our list" };
	struct dmf_decision d;
	char text[512];

	dmf_decide(&(struct dmf_case){ &v, &conf, 99,
	    (c->flags & EXCUSED) != 0 ? &excuse : NULL }, &d);
	ck_assert_msg(d.action == c->action, "%s: action %d", c->what, (int)d.action);
	ck_assert_msg(d.result == c->result, "%s: result %d", c->what, (int)d.result);
	show_reply(&d, text, sizeof(text));
	same_text(c->what, "reply", d.reply.code[0] != '\0' ? text : NULL, c->reply);
	same_text(c->what, "author", d.author_domain, "author.test");
	same_text(c->what, "published", d.published, c->p);
	same_text(c->what, "disposition", d.disposition, c->dis);
	same_text(c->what, "effective", d.effective, c->policy);
	ck_assert_msg(d.record == c->record, "%s: record %d", c->what, (int)d.record);
	ck_assert_msg((int)d.history_policy == c->history, "%s: policy code %d", c->what,
	    (int)d.history_policy);
	ck_assert_msg((int)d.history_action == c->did, "%s: action code %d", c->what,
	    (int)d.history_action);
	show_reasons(&d, text, sizeof(text));
	same_text(c->what, "reasons", text, c->reasons);
	same_text(c->what, "hold", d.hold[0] != '\0' ? d.hold : NULL, c->hold);
	if (c->hold != NULL || c->would != NULL || (c->flags & EXCUSED) != 0)
		same_text(c->what, "would", d.would, c->would != NULL ? c->would : "none");
	ck_assert_msg(d.copy == c->copy, "%s: copy", c->what);
}
END_TEST

/* RejectString is taken as it stands but for one "%s". */
static const struct words_case {
	const char *words, *reply;
} words_cases[] = {
	{ "rejected by DMARC policy for %s",	"rejected by DMARC policy for policy.test" },
	{ "%s says no",				"policy.test says no" },
	{ "no",					"no" },
	{ "100%% sure %n %d %",			"100%% sure %n %d %" },
	{ "50% of %s, %n",			"50% of policy.test, %n" },
};

START_TEST(words_case)
{
	const struct words_case *c = &words_cases[_i];
	struct odm_record record = { .p = REJECT };
	struct odm_verdict v = { .result = ODM_DMARC_FAIL, .author_domain = "author.test",
		.policy_domain = "policy.test", .record = &record, .published = REJECT,
		.effective = REJECT, .pct = 100 };
	char words[100];
	struct conf conf = { .reject_failures = true, .reject_string = words };
	struct dmf_decision d;

	strlcpy(words, c->words, sizeof(words));
	dmf_decide(&(struct dmf_case){ &v, &conf, 0, NULL }, &d);
	ck_assert_str_eq(d.reply.text, c->reply);
}
END_TEST

START_TEST(refusals)
{
	struct conf conf = { .copy_failures_to = address };
	struct dmf_decision d;

	dmf_decide_refuse("multiple Date fields", &d);
	ck_assert_int_eq((int)d.action, DMF_ACTION_REJECT);
	ck_assert_str_eq(d.reply.code, "550");
	ck_assert_str_eq(d.reply.text, "multiple Date fields");
	ck_assert_int_eq((int)d.record, DMF_RECORD_NEVER);
	dmf_decide(&(struct dmf_case){ NULL, &conf, 0, NULL }, &d);
	dmf_decide_later("try again later", &d);
	ck_assert_int_eq((int)d.action, DMF_ACTION_TEMPFAIL);
	ck_assert_str_eq(d.reply.code, "451");
	ck_assert_int_eq((int)d.record, DMF_RECORD_NEVER);
	ck_assert(!d.copy && d.hold[0] == '\0');
}
END_TEST

/* RFC 7489, 6.6.4: of failing messages pct in a hundred get the policy. */
static const struct sampling_case {
	unsigned	 pct, lot;
	enum odm_dmarc	 result;
	enum odm_policy	 policy;
	const char	*effective, *disposition, *reasons;
} samplings[] = {
	{ 100, 99, ODM_DMARC_FAIL, REJECT, "reject", "reject", "" },
	{ 30, 29, ODM_DMARC_FAIL, REJECT, "reject", "reject", "" },
	{ 30, 30, ODM_DMARC_FAIL, REJECT, "quarantine", "none",
	    "other:sampled_out local_policy:" },
	{ 0, 0, ODM_DMARC_FAIL, REJECT, "quarantine", "none", "other:sampled_out local_policy:" },
	{ 30, 99, ODM_DMARC_FAIL, QUARANTINE, "none", "none", "other:sampled_out" },
	{ 30, 99, ODM_DMARC_FAIL, NONE, "none", "none", "" },
	{ 30, 99, ODM_DMARC_PASS, REJECT, "reject", "none", "" },
};

START_TEST(sampling)
{
	const struct sampling_case *c = &samplings[_i];
	struct odm_record record = { .p = c->policy };
	struct odm_verdict v = { .result = c->result, .author_domain = "author.test",
		.policy_domain = "policy.test", .record = &record, .published = c->policy,
		.effective = c->policy, .pct = c->pct, .discovery = ODM_DISCOVERY_PSL };
	struct conf conf = { .reject_failures = true, .reject_string = reject_string };
	struct dmf_decision d;
	char text[512];

	dmf_decide(&(struct dmf_case){ &v, &conf, c->lot, NULL }, &d);
	ck_assert_str_eq(d.published, odm_policy_name(c->policy));
	ck_assert_str_eq(d.effective, c->effective);
	ck_assert_str_eq(d.disposition, c->disposition);
	show_reasons(&d, text, sizeof(text));
	ck_assert_str_eq(text, c->reasons);
}
END_TEST

START_TEST(no_author)
{
	struct conf conf = { .reject_failures = true, .reject_string = reject_string };
	struct dmf_decision d;

	dmf_decide(&(struct dmf_case){ NULL, &conf, 0, NULL }, &d);
	ck_assert_int_eq((int)d.action, DMF_ACTION_ACCEPT);
	ck_assert_int_eq((int)d.result, ODM_DMARC_PERMERROR);
	ck_assert_ptr_null(d.author_domain);
	ck_assert_int_eq((int)d.record, DMF_RECORD_NEVER);
}
END_TEST

/* The longest policy domain fits into the reply. */
START_TEST(long_domain)
{
	char name[ODM_NAME_MAX + 1];
	struct odm_record record = { .p = REJECT };
	struct odm_verdict v = { .result = ODM_DMARC_FAIL, .author_domain = name,
		.policy_domain = name, .record = &record, .published = REJECT,
		.effective = REJECT, .pct = 100 };
	struct conf conf = { .reject_failures = true, .reject_string = reject_string };
	struct dmf_decision d;

	memset(name, 'a', ODM_NAME_MAX);
	name[ODM_NAME_MAX] = '\0';
	dmf_decide(&(struct dmf_case){ &v, &conf, 99, NULL }, &d);
	ck_assert_str_eq(d.reply.code, "550");
	ck_assert_uint_eq(strlen(d.reply.text), strlen("rejected by DMARC policy for ") +
	    ODM_NAME_MAX);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("verdict");
	TCase *tc = tcase_create("decide");

	tcase_add_loop_test(tc, verdict_case, 0, COUNT(cases));
	tcase_add_loop_test(tc, sampling, 0, (int)COUNT(samplings));
	tcase_add_test(tc, no_author);
	tcase_add_loop_test(tc, words_case, 0, (int)COUNT(words_cases));
	tcase_add_test(tc, refusals);
	tcase_add_test(tc, long_domain);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
