/*
 * check_walk.c - the DNS Tree Walk: names, end, Organizational Domain.
 * RFC 9989, 4.10.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libopendmarc/core/walk.h"
#include "tests/unit/dnsrows.h"
#include "tests/unit/suite.h"

#define A50	"a2345678901234567890123456789012345678901234567890"

static const struct walk_case {
	const char	*what, *subject;
	struct dns_row	 rows[5];
	enum odm_walk_state state;
	const char	*asked;		/* without the _dmarc. prefix; one at a time */
	size_t		 asked_eagerly;
	const char	*org;		/* NULL unless the walk is done */
	const char	*psd;		/* the step of odm_walk_psd() */
} cases[] = {
	{ "one label", "com", { { 0 } }, ODM_WALK_DONE, "com", 1, "com", NULL },
	{ "no record", "a.b.c", { { 0 } }, ODM_WALK_DONE, "a.b.c b.c c", 3, "a.b.c", NULL },
	{ "the record with the fewest labels", "a.b.c.d",
	    { { "_dmarc.b.c.d", "v=DMARC1" }, { "_dmarc.c.d", "v=DMARC1" } },
	    ODM_WALK_DONE, "a.b.c.d b.c.d c.d d", 4, "c.d", NULL },
	{ "psd=u goes on", "a.b.c",
	    { { "_dmarc.b.c", "v=DMARC1; psd=u" }, { "_dmarc.c", "v=DMARC1" } },
	    ODM_WALK_DONE, "a.b.c b.c c", 3, "c", NULL },
	{ "psd=n ends it and is the organization", "a.b.c",
	    { { "_dmarc.b.c", "v=DMARC1; psd=n" }, { "_dmarc.c", "v=DMARC1" } },
	    ODM_WALK_DONE, "a.b.c b.c", 3, "b.c", NULL },
	{ "psd=n at the subject", "a.b.c", { { "_dmarc.a.b.c", "v=DMARC1; psd=n" } },
	    ODM_WALK_DONE, "a.b.c", 3, "a.b.c", NULL },
	{ "psd=y ends it, the organization is one label longer", "a.b.c.d",
	    { { "_dmarc.a.b.c.d", "v=DMARC1" }, { "_dmarc.c.d", "v=DMARC1; psd=y" } },
	    ODM_WALK_DONE, "a.b.c.d b.c.d c.d", 4, "b.c.d", "c.d" },
	{ "psd=y at the subject is its own organization", "b.c",
	    { { "_dmarc.b.c", "v=DMARC1; psd=y" } },
	    ODM_WALK_DONE, "b.c", 2, "b.c", NULL },
	{ "psd=y at the parent", "a.c", { { "_dmarc.c", "v=DMARC1; psd=y" } },
	    ODM_WALK_DONE, "a.c c", 2, "a.c", "c" },
	{ "two records are none", "a.b",
	    { { "_dmarc.a.b", "v=DMARC1; psd=n" }, { "_dmarc.a.b", "v=DMARC1" } },
	    ODM_WALK_DONE, "a.b b", 2, "a.b", NULL },
	{ "two records with psd=n do not end it", "a.b.c",
	    { { "_dmarc.b.c", "v=DMARC1; psd=n" }, { "_dmarc.b.c", "v=DMARC1; psd=n" },
	    { "_dmarc.c", "v=DMARC1" } },
	    ODM_WALK_DONE, "a.b.c b.c c", 3, "c", NULL },
	{ "a record among others", "a.b",
	    { { "_dmarc.a.b", "v=spf1" }, { "_dmarc.a.b", "v=DMARC1; psd=n" },
	    { "_dmarc.a.b", "" } },
	    ODM_WALK_DONE, "a.b", 2, "a.b", NULL },
	{ "a failure ends it", "a.b.c", { { "_dmarc.b.c", NULL } },
	    ODM_WALK_FAILED, "a.b.c b.c", 3, NULL, NULL },
	{ "a failure behind the end does not matter", "a.b.c",
	    { { "_dmarc.b.c", "v=DMARC1; psd=n" }, { "_dmarc.c", NULL } },
	    ODM_WALK_DONE, "a.b.c b.c", 3, "b.c", NULL },
	{ "eight labels", "1.2.3.4.5.6.7.a", { { 0 } }, ODM_WALK_DONE,
	    "1.2.3.4.5.6.7.a 2.3.4.5.6.7.a 3.4.5.6.7.a 4.5.6.7.a 5.6.7.a 6.7.a 7.a a", 8,
	    "1.2.3.4.5.6.7.a", NULL },
	{ "nine labels", "0.1.2.3.4.5.6.7.a", { { 0 } }, ODM_WALK_DONE,
	    "0.1.2.3.4.5.6.7.a 2.3.4.5.6.7.a 3.4.5.6.7.a 4.5.6.7.a 5.6.7.a 6.7.a 7.a a", 8,
	    "0.1.2.3.4.5.6.7.a", NULL },
	{ "fourteen labels, the example of 4.10",
	    "a.b.c.d.e.f.g.h.i.j.mail.example.com", { { 0 } }, ODM_WALK_DONE,
	    "a.b.c.d.e.f.g.h.i.j.mail.example.com g.h.i.j.mail.example.com "
	    "h.i.j.mail.example.com i.j.mail.example.com j.mail.example.com mail.example.com "
	    "example.com com", 8, "a.b.c.d.e.f.g.h.i.j.mail.example.com", NULL },
	{ "an organization that was never asked", "1.2.3.4.5.6.7.8.9.a",
	    { { "_dmarc.4.5.6.7.8.9.a", "v=DMARC1; psd=y" } }, ODM_WALK_DONE,
	    "1.2.3.4.5.6.7.8.9.a 4.5.6.7.8.9.a", 8, "3.4.5.6.7.8.9.a", "4.5.6.7.8.9.a" },
	{ "a name with just room for the prefix",
	    A50 "." A50 "." A50 "." A50 ".a23456789012345678901234567890123456789.ab",
	    { { 0 } }, ODM_WALK_DONE,
	    A50 "." A50 "." A50 "." A50 ".a23456789012345678901234567890123456789.ab "
	    A50 "." A50 "." A50 ".a23456789012345678901234567890123456789.ab "
	    A50 "." A50 ".a23456789012345678901234567890123456789.ab "
	    A50 ".a23456789012345678901234567890123456789.ab "
	    "a23456789012345678901234567890123456789.ab ab", 6,
	    A50 "." A50 "." A50 "." A50 ".a23456789012345678901234567890123456789.ab", NULL },
	{ "a name one octet too long for it is not asked",
	    A50 "." A50 "." A50 "." A50 ".a234567890123456789012345678901234567890.ab",
	    { { "_dmarc.ab", "v=DMARC1; psd=y" } }, ODM_WALK_DONE,
	    A50 "." A50 "." A50 ".a234567890123456789012345678901234567890.ab "
	    A50 "." A50 ".a234567890123456789012345678901234567890.ab "
	    A50 ".a234567890123456789012345678901234567890.ab "
	    "a234567890123456789012345678901234567890.ab ab", 5,
	    "a234567890123456789012345678901234567890.ab", "ab" },
};

static struct odm_questions *
new_questions(void)
{
	struct odm_questions *qs = odm_questions_new();

	ck_assert_ptr_nonnull(qs);
	return qs;
}

static void
compare(const struct walk_case *c, const struct odm_walk *w)
{
	const struct odm_walk_step *psd = odm_walk_psd(w);

	ck_assert_msg(w->state == c->state, "%s: state %d, want %d", c->what, (int)w->state,
	    (int)c->state);
	if (c->org != NULL)
		ck_assert_msg(strcmp(odm_walk_orgdomain(w), c->org) == 0, "%s: got %s, want %s",
		    c->what, odm_walk_orgdomain(w), c->org);
	ck_assert_msg((psd == NULL) == (c->psd == NULL), "%s: psd", c->what);
	if (psd != NULL)
		ck_assert_str_eq(psd->name, c->psd);
}

START_TEST(one_at_a_time)
{
	const struct walk_case *c = &cases[_i];
	struct odm_questions *qs = new_questions();
	const struct odm_question *q;
	char asked[2048] = "";
	struct odm_walk w;

	odm_walk_init(&w, c->subject);
	ck_assert_uint_eq(dns_rows_asked(qs), 0);
	while (odm_walk_run(&w, qs, false) == ODM_WALK_OPEN) {
		ck_assert_uint_eq(dns_rows_open(qs), 1);
		q = odm_questions_open(qs, 0);
		ck_assert_int_eq(q->kind, ODM_QUESTION_TXT);
		ck_assert_int_eq(strncmp(q->name, "_dmarc.", 7), 0);
		if (asked[0] != '\0')
			strlcat(asked, " ", sizeof(asked));
		strlcat(asked, q->name + 7, sizeof(asked));
		dns_rows_feed(qs, q, c->rows, COUNT(c->rows));
	}
	compare(c, &w);
	ck_assert_msg(strcmp(asked, c->asked) == 0, "%s: asked %s", c->what, asked);
	ck_assert_int_eq(odm_walk_run(&w, qs, true), c->state);
	ck_assert_uint_eq(dns_rows_open(qs), 0);
	odm_questions_free(&qs);
}
END_TEST

START_TEST(all_at_once)
{
	const struct walk_case *c = &cases[_i];
	struct odm_questions *qs = new_questions();
	struct odm_walk w;
	size_t n;

	odm_walk_init(&w, c->subject);
	ck_assert_int_eq(odm_walk_run(&w, qs, true), ODM_WALK_OPEN);
	n = dns_rows_open(qs);
	ck_assert_msg(n == c->asked_eagerly, "%s: asked %zu", c->what, n);
	for (; n > 0; n--) {
		ck_assert_uint_eq(dns_rows_open(qs), n);
		/* From the last to the first: the end is known only then. */
		dns_rows_feed(qs, odm_questions_open(qs, n - 1), c->rows, COUNT(c->rows));
		(void)odm_walk_run(&w, qs, true);
	}
	compare(c, &w);
	odm_questions_free(&qs);
}
END_TEST

START_TEST(two_walks_share_their_questions)
{
	struct odm_questions *qs = new_questions();
	struct odm_walk a, b, c;

	odm_walk_init(&a, "mail.example.com");
	odm_walk_init(&b, "mail.example.com");
	odm_walk_init(&c, "news.example.com");
	ck_assert_int_eq(odm_walk_run(&a, qs, true), ODM_WALK_OPEN);
	ck_assert_int_eq(odm_walk_run(&b, qs, true), ODM_WALK_OPEN);
	ck_assert_uint_eq(dns_rows_asked(qs), 3);
	ck_assert_int_eq(odm_walk_run(&c, qs, true), ODM_WALK_OPEN);
	ck_assert_uint_eq(dns_rows_asked(qs), 4);
	odm_questions_free(&qs);
}
END_TEST

START_TEST(first_step_alone)
{
	static const struct dns_row rows[] = {
		{ "_dmarc.a.b.c", "v=DMARC1; p=reject" },
		{ "_dmarc.c", NULL },
	};
	struct odm_questions *qs = new_questions();
	const struct odm_walk_step *step;
	struct odm_walk w;

	odm_walk_init(&w, "a.b.c");
	ck_assert_int_eq(odm_walk_first(&w, qs), ODM_WALK_OPEN);
	ck_assert_int_eq(odm_walk_first(&w, qs), ODM_WALK_OPEN);
	ck_assert_uint_eq(dns_rows_asked(qs), 1);
	dns_rows_feed(qs, odm_questions_open(qs, 0), rows, COUNT(rows));
	ck_assert_int_eq(odm_walk_first(&w, qs), ODM_WALK_DONE);
	ck_assert_uint_eq(dns_rows_asked(qs), 1);
	step = odm_walk_record_at(&w, "a.b.c");
	ck_assert_ptr_nonnull(step);
	ck_assert_int_eq(step->record.p, ODM_POLICY_REJECT);
	ck_assert_ptr_null(odm_walk_record_at(&w, "b.c"));
	ck_assert_ptr_null(odm_walk_psd(&w));

	/* The rest of the walk may fail: the first step stays what it is. */
	ck_assert_int_eq(odm_walk_run(&w, qs, true), ODM_WALK_OPEN);
	while (odm_questions_open(qs, 0) != NULL)
		dns_rows_feed(qs, odm_questions_open(qs, 0), rows, COUNT(rows));
	ck_assert_int_eq(odm_walk_run(&w, qs, true), ODM_WALK_FAILED);
	ck_assert_int_eq(odm_walk_first(&w, qs), ODM_WALK_DONE);
	odm_questions_free(&qs);
}
END_TEST

START_TEST(first_step_fails)
{
	static const struct dns_row rows[] = { { "_dmarc.a", NULL } };
	struct odm_questions *qs = new_questions();
	struct odm_walk w;

	odm_walk_init(&w, "a");
	ck_assert_int_eq(odm_walk_first(&w, qs), ODM_WALK_OPEN);
	dns_rows_feed(qs, odm_questions_open(qs, 0), rows, COUNT(rows));
	ck_assert_int_eq(odm_walk_first(&w, qs), ODM_WALK_FAILED);
	ck_assert_int_eq(odm_walk_first(&w, qs), ODM_WALK_FAILED);
	odm_questions_free(&qs);
}
END_TEST

START_TEST(several_records_are_told_apart_from_none)
{
	static const struct dns_row rows[] = {
		{ "_dmarc.a", "v=DMARC1" }, { "_dmarc.a", "v=DMARC1" }, { "_dmarc.a", "v=DMARC1" },
	};
	struct odm_questions *qs = new_questions();
	struct odm_walk w;

	odm_walk_init(&w, "a");
	(void)odm_walk_run(&w, qs, false);
	ck_assert(!w.steps[0].seen);
	dns_rows_feed(qs, odm_questions_open(qs, 0), rows, COUNT(rows));
	ck_assert_int_eq(odm_walk_run(&w, qs, false), ODM_WALK_DONE);
	ck_assert(w.steps[0].seen && w.steps[0].several && !w.steps[0].found);
	ck_assert_uint_eq(w.nseen, 1);
	odm_questions_free(&qs);
}
END_TEST

START_TEST(a_full_table_fails_the_walk)
{
	struct odm_questions *qs = new_questions();
	struct odm_walk w;
	char name[32];

	for (size_t i = 0; i < ODM_QUESTIONS_MAX; i++) {
		ck_assert_int_gt(snprintf(name, sizeof(name), "%zu.example", i), 0);
		ck_assert_int_ge(odm_questions_ask(qs, ODM_QUESTION_TXT, name), 0);
	}
	odm_walk_init(&w, "a.b");
	ck_assert_int_eq(odm_walk_run(&w, qs, true), ODM_WALK_FAILED);
	odm_walk_init(&w, "a.b");
	ck_assert_int_eq(odm_walk_run(&w, qs, false), ODM_WALK_FAILED);
	odm_questions_free(&qs);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("walk");
	TCase *tc = tcase_create("walk");

	tcase_add_loop_test(tc, one_at_a_time, 0, (int)COUNT(cases));
	tcase_add_loop_test(tc, all_at_once, 0, (int)COUNT(cases));
	tcase_add_test(tc, two_walks_share_their_questions);
	tcase_add_test(tc, first_step_alone);
	tcase_add_test(tc, first_step_fails);
	tcase_add_test(tc, several_records_are_told_apart_from_none);
	tcase_add_test(tc, a_full_table_fails_the_walk);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
