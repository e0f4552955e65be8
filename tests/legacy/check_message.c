/*
 * check_message.c - odm.h as a program sees it: questions, answers, verdicts, what
 * is refused, and the policy record.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libopendmarc/odm.h"
#include "tests/unit/suite.h"

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

/* A zone: name and TXT record, several for a name; "" for a name without TXT. */
static const struct zone {
	const char *name, *txt;
} zone[] = {
	{ "_dmarc.example.com", "v=DMARC1; p=reject; sp=quarantine; np=reject" },
	{ "_dmarc.testing.example", "v=DMARC1; p=reject; t=y; rua=mailto:r@testing.example" },
	{ "_dmarc.broken.example", "v=DMARC1; p=nothing" },
	{ "_dmarc.strict.example", "v=DMARC1; p=reject; adkim=s; aspf=s" },
	{ "_dmarc.fails.example", NULL },
	{ "there.example.com", "" },
};

static enum odm_lookup_status
look_up(const char *name, const char **txt)
{
	size_t i;

	for (i = 0; i < COUNT(zone); i++)
		if (strcmp(zone[i].name, name) == 0) {
			if (zone[i].txt == NULL)
				return ODM_LOOKUP_FAILED;
			*txt = zone[i].txt;
			return zone[i].txt[0] == '\0' ? ODM_LOOKUP_NODATA : ODM_LOOKUP_FOUND;
		}
	return ODM_LOOKUP_NXDOMAIN;
}

/* Answers from the zone until the verdict is there. Returns the number of questions. */
static int
run(struct odm_message *m)
{
	struct odm_message_question q;
	const char *txt = NULL;
	enum odm_lookup_status status;
	int n = 0;

	while (odm_message_run(m) == 0) {
		ck_assert_int_eq(odm_message_question(m, 0, &q), 1);
		ck_assert_ptr_null(odm_message_verdict(m));
		status = look_up(q.name, &txt);
		if (q.lookup == ODM_LOOKUP_EXISTS || status != ODM_LOOKUP_FOUND)
			ck_assert_int_eq(odm_message_answer(m, q.id, status, NULL, NULL, 0), 0);
		else
			ck_assert_int_eq(odm_message_answer(m, q.id, status, &txt, NULL, 1), 0);
		ck_assert_int_eq(odm_message_answer(m, q.id, status, NULL, NULL, 0),
		    ODM_STATUS_INVALID);
		n++;
	}
	return n;
}

static const struct evaluation {
	const char *from, *spf, *spf_domain, *dkim, *dkim_domain;
	enum odm_verdict_result result;
	enum odm_disposition published, effective;
	const char *tag, *policy_domain;
	int spf_aligned, dkim_aligned;
} evaluations[] = {
	{ "a@example.com", "pass", "example.com", "fail", "example.com", ODM_VERDICT_PASS,
	    ODM_DISPOSITION_REJECT, ODM_DISPOSITION_REJECT, "p", "example.com", 1, 0 },
	{ "A <a@EXAMPLE.com>", "fail", "example.com", "pass", "Mail.Example.COM.", ODM_VERDICT_PASS,
	    ODM_DISPOSITION_REJECT, ODM_DISPOSITION_REJECT, "p", "example.com", 0, 1 },
	{ "a@there.example.com", "none", "", "pass", "other.example", ODM_VERDICT_FAIL,
	    ODM_DISPOSITION_QUARANTINE, ODM_DISPOSITION_QUARANTINE, "sp", "example.com", 0, 0 },
	{ "a@nowhere.example.com", "none", "", "none", NULL, ODM_VERDICT_FAIL,
	    ODM_DISPOSITION_REJECT, ODM_DISPOSITION_REJECT, "np", "example.com", 0, 0 },
	{ "a@testing.example", "fail", "x.example", "none", NULL, ODM_VERDICT_FAIL,
	    ODM_DISPOSITION_REJECT, ODM_DISPOSITION_QUARANTINE, "p", "testing.example", 0, 0 },
	{ "a@strict.example", "pass", "m.strict.example", "pass", "k.strict.example",
	    ODM_VERDICT_FAIL,
	    ODM_DISPOSITION_REJECT, ODM_DISPOSITION_REJECT, "p", "strict.example", 0, 0 },
	{ "a@broken.example", "pass", "broken.example", "none", NULL, ODM_VERDICT_PERMERROR,
	    ODM_DISPOSITION_UNSET, ODM_DISPOSITION_UNSET, "", "broken.example", 0, 0 },
	{ "a@fails.example", "pass", "fails.example", "none", NULL, ODM_VERDICT_TEMPERROR,
	    ODM_DISPOSITION_UNSET, ODM_DISPOSITION_UNSET, "", NULL, 0, 0 },
	{ "a@nothing.example", "pass", "nothing.example", "none", NULL, ODM_VERDICT_NONE,
	    ODM_DISPOSITION_UNSET, ODM_DISPOSITION_UNSET, "", NULL, 0, 0 },
	{ "a@example.com", "temperror", "example.com", "none", NULL, ODM_VERDICT_TEMPERROR,
	    ODM_DISPOSITION_REJECT, ODM_DISPOSITION_REJECT, "p", "example.com", 0, 0 },
};

static void
check_text(const char *got, const char *want)
{
	if (want == NULL)
		ck_assert_ptr_null(got);
	else
		ck_assert_str_eq(got, want);
}

START_TEST(evaluation)
{
	static const char *const names[] = { "none", "pass", "fail", "temperror", "permerror" };
	const struct evaluation *e = &evaluations[_i / 2];
	struct odm_message *m = odm_message_new(_i % 2 != 0 ? ODM_MESSAGE_EAGER : 0);
	const struct odm_verdict *v;

	ck_assert_ptr_nonnull(m);
	ck_assert_int_eq(odm_message_add_from(m, e->from, strlen(e->from)), ODM_STATUS_OK);
	ck_assert_int_eq(odm_message_add_spf(m, e->spf, e->spf_domain), ODM_STATUS_OK);
	ck_assert_int_eq(odm_message_add_dkim(m, e->dkim, e->dkim_domain), ODM_STATUS_OK);
	odm_message_complete(m);
	ck_assert_int_ge(run(m), 1);
	v = odm_message_verdict(m);
	ck_assert_ptr_nonnull(v);
	ck_assert_int_eq(odm_verdict_result(v), e->result);
	ck_assert_str_eq(odm_verdict_result_name(v), names[e->result]);
	ck_assert_int_eq(odm_verdict_published(v), e->published);
	ck_assert_int_eq(odm_verdict_effective(v), e->effective);
	ck_assert_int_eq(odm_verdict_testing(v), e->published != e->effective);
	ck_assert_str_eq(odm_verdict_tag(v), e->tag);
	check_text(odm_verdict_policy_domain(v), e->policy_domain);
	ck_assert_int_eq(odm_verdict_record(v) != NULL, e->policy_domain != NULL);
	ck_assert_int_eq(odm_verdict_spf_aligned(v), e->spf_aligned);
	ck_assert_int_eq(odm_verdict_dkim_aligned(v), e->dkim_aligned);
	ck_assert_ptr_nonnull(strstr(odm_verdict_reason(v), "RFC 9989"));
	ck_assert_str_eq(odm_verdict_discovery(v), "treewalk");
	ck_assert_ptr_nonnull(odm_verdict_author_domain(v));
	ck_assert_ptr_nonnull(odm_message_author_verdict(m, 0));
	ck_assert_ptr_null(odm_message_author_verdict(m, 1));
	odm_message_free(&m);
	ck_assert_ptr_null(m);
	odm_message_free(&m);
}
END_TEST

START_TEST(suffix_list)
{
	struct odm_suffix_list *list = odm_suffix_list_open(NULL);
	struct odm_message *m = odm_message_new(0);
	const struct odm_verdict *v;

	ck_assert_ptr_nonnull(list);
	ck_assert_int_eq(odm_message_use_suffix_list(m, list), ODM_STATUS_OK);
	ck_assert_int_eq(odm_message_add_author(m, "a.b.example.com"), ODM_STATUS_OK);
	odm_message_complete(m);
	(void)run(m);
	v = odm_message_verdict(m);
	ck_assert_str_eq(odm_verdict_discovery(v), "psl");
	ck_assert_str_eq(odm_verdict_org_domain(v), "example.com");
	ck_assert_str_eq(odm_verdict_policy_domain(v), "example.com");
	ck_assert_int_eq(odm_verdict_pct(v), 100);
	ck_assert_ptr_nonnull(strstr(odm_verdict_reason(v), "RFC 7489"));
	ck_assert_int_eq(odm_message_use_suffix_list(m, list), ODM_STATUS_TOO_LATE);
	odm_message_free(&m);
	odm_suffix_list_free(&list);
	ck_assert_ptr_null(list);
	odm_suffix_list_free(&list);
	errno = 0;
	ck_assert_ptr_null(odm_suffix_list_open("/nonexistent/list"));
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

START_TEST(several_authors)
{
	struct odm_message *m = odm_message_new(0);

	ck_assert_int_eq(odm_message_add_author(m, "nothing.example"), ODM_STATUS_OK);
	ck_assert_int_eq(odm_message_add_author(m, "Example.COM"), ODM_STATUS_OK);
	odm_message_complete(m);
	(void)run(m);
	ck_assert_str_eq(odm_verdict_author_domain(odm_message_verdict(m)), "example.com");
	ck_assert_int_eq(odm_verdict_result(odm_message_author_verdict(m, 0)), ODM_VERDICT_NONE);
	ck_assert_int_eq(odm_verdict_result(odm_message_author_verdict(m, 1)), ODM_VERDICT_FAIL);
	odm_message_free(&m);
}
END_TEST

START_TEST(no_author)
{
	struct odm_message *m = odm_message_new(0);

	ck_assert_int_eq(odm_message_add_from(m, "nobody", 6), ODM_STATUS_INVALID);
	ck_assert_int_eq(odm_message_add_from(m, "", 0), ODM_STATUS_INVALID);
	ck_assert_int_eq(odm_message_add_from(m, "a@x.example\0b", 13), ODM_STATUS_INVALID);
	ck_assert_int_eq(odm_message_add_author(m, "not a domain"), ODM_STATUS_INVALID);
	ck_assert_int_eq(odm_message_add_author(m, NULL), ODM_STATUS_INVALID);
	odm_message_complete(m);
	ck_assert_int_eq(run(m), 0);
	ck_assert_int_eq(odm_verdict_result(odm_message_verdict(m)), ODM_VERDICT_PERMERROR);
	ck_assert_ptr_null(odm_verdict_author_domain(odm_message_verdict(m)));
	odm_message_free(&m);
}
END_TEST

START_TEST(refused)
{
	struct odm_message *m = odm_message_new(0);
	struct odm_message_question q;

	ck_assert_int_eq(odm_message_add_spf(m, "maybe", "example.com"), ODM_STATUS_INVALID);
	ck_assert_int_eq(odm_message_add_spf(m, NULL, "example.com"), ODM_STATUS_INVALID);
	ck_assert_int_eq(odm_message_add_dkim(m, "pass", "exa mple"), ODM_STATUS_INVALID);
	ck_assert_int_eq(odm_message_add_author(m, "example.com"), ODM_STATUS_OK);
	ck_assert_int_eq(odm_message_question(m, 0, &q), 0);
	ck_assert_int_eq(odm_message_run(m), 0);
	ck_assert_int_eq(odm_message_question(m, 0, &q), 1);
	ck_assert_str_eq(q.name, "_dmarc.example.com");
	ck_assert_int_eq(q.lookup, ODM_LOOKUP_TXT);
	ck_assert_int_eq(odm_message_question(m, 1, &q), 0);
	ck_assert_int_eq(odm_message_answer(m, q.id + 1, ODM_LOOKUP_NODATA, NULL, NULL, 0),
	    ODM_STATUS_INVALID);
	ck_assert_int_eq(odm_message_answer(m, q.id, (enum odm_lookup_status)9, NULL, NULL, 0),
	    ODM_STATUS_INVALID);
	odm_message_complete(m);
	ck_assert_int_eq(odm_message_add_author(m, "example.org"), ODM_STATUS_TOO_LATE);
	ck_assert_int_eq(odm_message_add_from(m, "a@b.example", 11), ODM_STATUS_TOO_LATE);
	ck_assert_int_eq(odm_message_add_spf(m, "pass", "example.org"), ODM_STATUS_TOO_LATE);
	odm_message_give_up(m);
	ck_assert_int_eq(odm_message_run(m), 1);
	ck_assert_int_eq(odm_verdict_result(odm_message_verdict(m)), ODM_VERDICT_TEMPERROR);
	odm_message_free(&m);
}
END_TEST

/* Lengths count, not NUL; one record more than the limit is no trouble. */
START_TEST(answers_with_lengths)
{
	struct odm_message *m = odm_message_new(0);
	struct odm_message_question q;
	const char *txt[200];
	size_t lengths[200], i;

	for (i = 0; i < COUNT(txt); i++) {
		txt[i] = "v=DMARC1; p=reject";
		lengths[i] = i == 0 ? 18 : 4;
	}
	ck_assert_int_eq(odm_message_add_author(m, "example.com"), ODM_STATUS_OK);
	odm_message_complete(m);
	ck_assert_int_eq(odm_message_run(m), 0);
	ck_assert_int_eq(odm_message_question(m, 0, &q), 1);
	ck_assert_int_eq(odm_message_answer(m, q.id, ODM_LOOKUP_FOUND, txt, lengths, COUNT(txt)),
	    0);
	ck_assert_int_eq(odm_message_run(m), 1);
	ck_assert_int_eq(odm_verdict_effective(odm_message_verdict(m)), ODM_DISPOSITION_REJECT);
	odm_message_free(&m);
}
END_TEST

START_TEST(policy_record)
{
	static const char text[] = "v=DMARC1; p=none; sp=quarantine; np=reject; t=y; psd=n; "
	    "adkim=s; "
	    "pct=40; fo=1:d; rua=ftp://x.example/,mailto:a@example.com!10m,https://r.example/in; "
	    "ruf=mailto:f@example.com";
	struct odm_record *r = odm_record_new(text, sizeof(text) - 1);
	char buf[30] = "?", small[4];

	ck_assert_ptr_nonnull(r);
	ck_assert_int_eq(odm_record_p(r), ODM_DISPOSITION_NONE);
	ck_assert_int_eq(odm_record_sp(r), ODM_DISPOSITION_QUARANTINE);
	ck_assert_int_eq(odm_record_np(r), ODM_DISPOSITION_REJECT);
	ck_assert_int_eq(odm_record_usable(r), 1);
	ck_assert_int_eq(odm_record_testing(r), 1);
	ck_assert_int_eq(odm_record_psd(r), 'n');
	ck_assert_int_eq(odm_record_adkim(r), 's');
	ck_assert_int_eq(odm_record_aspf(r), 'r');
	ck_assert_uint_eq(odm_record_pct(r), 40);
	ck_assert_uint_eq(odm_record_fo(r), 2 + 4);
	ck_assert_uint_eq(odm_record_destination(r, ODM_REPORT_TYPE_AGGREGATE, 0, buf,
	    sizeof(buf)), 13);
	ck_assert_str_eq(buf, "a@example.com");
	ck_assert_uint_eq(odm_record_destination(r, ODM_REPORT_TYPE_AGGREGATE, 1, buf,
	    sizeof(buf)), 20);
	ck_assert_str_eq(buf, "https://r.example/in");
	ck_assert_uint_eq(odm_record_destination(r, ODM_REPORT_TYPE_AGGREGATE, 2, buf,
	    sizeof(buf)), 0);
	ck_assert_uint_eq(odm_record_destination(r, ODM_REPORT_TYPE_FAILURE, 0, small,
	    sizeof(small)), 13);
	ck_assert_str_eq(small, "f@e");
	ck_assert_uint_eq(odm_record_destination(r, ODM_REPORT_TYPE_FAILURE, 0, NULL, 0), 13);
	odm_record_free(&r);
	ck_assert_ptr_null(r);
	odm_record_free(&r);
	ck_assert_ptr_null(odm_record_new("v=spf1 -all", 11));
	ck_assert_ptr_null(odm_record_new(NULL, 0));
	ck_assert_str_eq(odm_disposition_name(ODM_DISPOSITION_REJECT), "reject");
	ck_assert_str_eq(odm_disposition_name(ODM_DISPOSITION_UNSET), "");
	ck_assert_str_eq(odm_disposition_name((enum odm_disposition)99), "");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("message");
	TCase *tc = tcase_create("message");

	tcase_add_loop_test(tc, evaluation, 0, 2 * (int)COUNT(evaluations));
	tcase_add_test(tc, suffix_list);
	tcase_add_test(tc, several_authors);
	tcase_add_test(tc, no_author);
	tcase_add_test(tc, refused);
	tcase_add_test(tc, answers_with_lengths);
	tcase_add_test(tc, policy_record);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
