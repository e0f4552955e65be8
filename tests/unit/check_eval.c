/*
 * check_eval.c - the calls of an evaluation: order, bounds, what is asked when.
 * The verdicts themselves are pinned by tests/replay. RFC 9989, 5.3.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libopendmarc/base/psl.h"
#include "libopendmarc/core/eval.h"
#include "tests/unit/dnsrows.h"
#include "tests/unit/suite.h"

static const struct dns_row rows[] = {
	{ "_dmarc.example.com", "v=DMARC1; p=reject; sp=quarantine; np=none" },
	{ "_dmarc.example.net", "v=DMARC1; p=quarantine" },
	{ "_dmarc.broken.example", NULL },
	{ "_dmarc.broken.example.com", NULL },
	{ "_dmarc.other.example.com", "v=DMARC1; p=none; psd=n" },
	{ "_dmarc.half.example", "v=DMARC1; p=reject; adkim=s" },
	{ "_dmarc.deep.a.b.c.d.e.f.g.half.example", "v=DMARC1; p=none" },
	{ "_dmarc.bad.example", "v=DMARC1; p=bogus" },
	{ "_dmarc.top.broken", "v=DMARC1; p=reject" },
	{ "_dmarc.broken", NULL },
};

/* The linker sends every malloc() of this program here (core.mk). */
void *__wrap_malloc(size_t size);
void *__real_malloc(size_t size);

static bool memory_counted;	/* whether mallocs_left says anything */
static size_t mallocs_left;	/* so many more succeed */

void *
__wrap_malloc(size_t size)
{
	if (memory_counted && mallocs_left-- == 0) {
		mallocs_left = 0;
		return NULL;
	}
	return __real_malloc(size);
}

static struct odm_eval *
new_eval(bool eager, const char *author)
{
	struct odm_eval *e = odm_eval_new(eager);

	ck_assert_ptr_nonnull(e);
	if (author != NULL)
		ck_assert_int_eq(odm_eval_add_author(e, author), 0);
	return e;
}

/* Answers what is open until nothing is; true: the verdict is there. */
static bool
answer_all(struct odm_eval *e)
{
	struct odm_questions *qs = odm_eval_questions(e);
	bool decided;

	while (!(decided = odm_eval_run(e)) && odm_questions_open(qs, 0) != NULL)
		while (odm_questions_open(qs, 0) != NULL)
			dns_rows_feed(qs, odm_questions_open(qs, 0), rows, COUNT(rows));
	return decided;
}

START_TEST(no_verdict_before_all_identities_are_in)
{
	struct odm_eval *e = new_eval(_i != 0, "example.com");

	ck_assert_ptr_null(odm_eval_verdict(e));
	ck_assert(!odm_eval_run(e));
	ck_assert_ptr_null(odm_eval_verdict(e));
	ck_assert(!answer_all(e));
	ck_assert_int_eq(odm_eval_add_spf(e, ODM_RESULT_PASS, "example.com"), 0);
	ck_assert(!answer_all(e));
	ck_assert_ptr_null(odm_eval_verdict(e));
	ck_assert_ptr_null(odm_eval_author_verdict(e, 0));
	odm_eval_identities_complete(e);
	ck_assert_ptr_null(odm_eval_verdict(e));
	ck_assert(odm_eval_run(e));
	ck_assert_int_eq(odm_eval_verdict(e)->result, ODM_DMARC_PASS);
	ck_assert_ptr_eq(odm_eval_author_verdict(e, 0), odm_eval_verdict(e));
	ck_assert_ptr_null(odm_eval_author_verdict(e, 1));
	ck_assert(odm_eval_run(e));
	odm_eval_free(&e);
	ck_assert_ptr_null(e);
	odm_eval_free(&e);
}
END_TEST

START_TEST(a_finished_evaluation_takes_nothing_more)
{
	struct odm_eval *e = new_eval(false, "example.com");

	odm_eval_identities_complete(e);
	ck_assert_int_eq(odm_eval_add_dkim(e, ODM_RESULT_PASS, "example.com"), -1);
	ck_assert_int_eq(odm_eval_add_spf(e, ODM_RESULT_PASS, "example.com"), -1);
	ck_assert(answer_all(e));
	ck_assert_int_eq(odm_eval_verdict(e)->result, ODM_DMARC_FAIL);
	ck_assert_int_eq(odm_eval_add_author(e, "example.com"), 0);
	ck_assert_int_eq(odm_eval_add_author(e, "example.net"), -1);
	ck_assert_ptr_null(odm_eval_author_verdict(e, 1));
	odm_eval_free(&e);
}
END_TEST

START_TEST(no_author_is_permerror)
{
	struct odm_eval *e = new_eval(_i != 0, NULL);
	const struct odm_verdict *v;

	ck_assert(!odm_eval_run(e));
	odm_eval_identities_complete(e);
	ck_assert(odm_eval_run(e));
	v = odm_eval_verdict(e);
	ck_assert_int_eq(v->result, ODM_DMARC_PERMERROR);
	ck_assert_ptr_null(v->author_domain);
	ck_assert_ptr_null(v->record);
	ck_assert_ptr_nonnull(v->reason);
	ck_assert_ptr_null(odm_eval_author_verdict(e, 0));
	odm_eval_free(&e);
}
END_TEST

START_TEST(authors_are_bounded)
{
	struct odm_eval *e = new_eval(false, NULL);
	char name[32];

	for (int i = 0; i < ODM_AUTHORS_MAX; i++) {
		ck_assert_int_gt(snprintf(name, sizeof(name), "%d.example", i), 0);
		ck_assert_int_eq(odm_eval_add_author(e, name), 0);
	}
	ck_assert_int_eq(odm_eval_add_author(e, "one.more"), -1);
	ck_assert_int_eq(odm_eval_add_author(e, "3.example"), 0);
	odm_eval_identities_complete(e);
	ck_assert(answer_all(e));
	ck_assert_ptr_nonnull(odm_eval_author_verdict(e, ODM_AUTHORS_MAX - 1));
	ck_assert_ptr_null(odm_eval_author_verdict(e, ODM_AUTHORS_MAX));
	odm_eval_free(&e);
}
END_TEST

START_TEST(eager_asks_a_whole_walk_at_once)
{
	struct odm_eval *e = new_eval(true, "a.example.com");
	struct odm_questions *qs = odm_eval_questions(e);

	ck_assert_uint_eq(dns_rows_open(qs), 0);
	ck_assert(!odm_eval_run(e));
	ck_assert_uint_eq(dns_rows_open(qs), 3);

	/* Identifiers as soon as the author's organization is known. */
	ck_assert_int_eq(odm_eval_add_dkim(e, ODM_RESULT_PASS, "x.y.example.com"), 0);
	ck_assert_int_eq(odm_eval_add_spf(e, ODM_RESULT_PASS, "z.example.com"), 0);
	ck_assert(!odm_eval_run(e));
	ck_assert_uint_eq(dns_rows_open(qs), 3);
	while (odm_questions_open(qs, 0) != NULL)
		dns_rows_feed(qs, odm_questions_open(qs, 0), rows, COUNT(rows));
	ck_assert(!odm_eval_run(e));
	ck_assert_uint_eq(dns_rows_open(qs), 3);
	odm_eval_identities_complete(e);
	ck_assert(answer_all(e));
	ck_assert_int_eq(odm_eval_verdict(e)->result, ODM_DMARC_PASS);
	odm_eval_free(&e);
}
END_TEST

START_TEST(lazy_asks_one_name_at_a_time)
{
	struct odm_eval *e = new_eval(false, "a.b.example.com");
	struct odm_questions *qs = odm_eval_questions(e);

	ck_assert_int_eq(odm_eval_add_dkim(e, ODM_RESULT_PASS, "x.y.example.com"), 0);
	ck_assert_int_eq(odm_eval_add_spf(e, ODM_RESULT_PASS, "z.example.com"), 0);
	odm_eval_identities_complete(e);
	while (!odm_eval_run(e)) {
		ck_assert_uint_eq(dns_rows_open(qs), 1);
		dns_rows_feed(qs, odm_questions_open(qs, 0), rows, COUNT(rows));
	}
	ck_assert_uint_eq(dns_rows_asked(qs), 7);
	ck_assert(odm_eval_verdict(e)->spf_aligned && odm_eval_verdict(e)->dkim_aligned);
	odm_eval_free(&e);
}
END_TEST

START_TEST(tells_the_organization_only_when_it_was_needed)
{
	static const struct {
		const char	*author, *dkim, *org;
	} cases[] = {
		{ "example.com", NULL, NULL },
		{ "example.com", "example.com", NULL },
		{ "example.com", "example.org", NULL },
		{ "example.com", "evil.com", "example.com" },
		{ "example.com", "sub.example.com", "example.com" },
		{ "sub.example.com", NULL, "example.com" },
		{ "nothing.test", NULL, "nothing.test" },
		{ "broken.example", "broken.example", NULL },
	};
	const char *org;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct odm_eval *e = new_eval(_i != 0, cases[i].author);

		ck_assert_int_eq(odm_eval_add_dkim(e, ODM_RESULT_PASS, cases[i].dkim), 0);
		odm_eval_identities_complete(e);
		ck_assert(answer_all(e));
		org = odm_eval_verdict(e)->org_domain;
		ck_assert_msg((org == NULL) == (cases[i].org == NULL), "row %zu", i);
		if (org != NULL)
			ck_assert_str_eq(org, cases[i].org);
		odm_eval_free(&e);
	}
}
END_TEST

START_TEST(the_verdict_points_into_the_evaluation)
{
	struct odm_eval *e = new_eval(false, "nx.example.com");
	const struct odm_verdict *v;

	odm_eval_identities_complete(e);
	ck_assert(answer_all(e));
	v = odm_eval_verdict(e);
	ck_assert_str_eq(v->author_domain, "nx.example.com");
	ck_assert_str_eq(v->policy_domain, "example.com");
	ck_assert_ptr_nonnull(v->record);
	ck_assert_int_eq(v->record->np, ODM_POLICY_NONE);
	ck_assert_int_eq(v->tag, ODM_TAG_NP);
	ck_assert(!v->exists);
	odm_eval_free(&e);
}
END_TEST

/* An identifier of each sort, as the author at example.com sees it. */
static const struct view_case {
	const char	*what, *author, *domain;
	enum odm_result	 spf, dkim;	/* UNKNOWN: the mechanism says nothing */
	enum odm_align	 spf_why, dkim_why;
	const char	*org;
} views[] = {
	{ "equal", "example.com", "example.com", ODM_RESULT_PASS, ODM_RESULT_PASS,
	    ODM_ALIGN_EQUAL, ODM_ALIGN_EQUAL, NULL },
	{ "one mechanism", "example.com", "example.com", ODM_RESULT_UNKNOWN, ODM_RESULT_PASS,
	    ODM_ALIGN_NO_IDENTITY, ODM_ALIGN_EQUAL, NULL },
	{ "same organization", "example.com", "a.example.com", ODM_RESULT_PASS,
	    ODM_RESULT_UNKNOWN, ODM_ALIGN_SAME_ORG, ODM_ALIGN_NO_IDENTITY, "example.com" },
	{ "another organization below", "example.com", "a.other.example.com", ODM_RESULT_PASS,
	    ODM_RESULT_UNKNOWN, ODM_ALIGN_OTHER_ORG, ODM_ALIGN_NO_IDENTITY,
	    "other.example.com" },
	{ "a neighbour", "example.com", "example2.com", ODM_RESULT_UNKNOWN, ODM_RESULT_PASS,
	    ODM_ALIGN_NO_IDENTITY, ODM_ALIGN_OTHER_ORG, NULL },
	{ "no common label", "example.com", "example.org", ODM_RESULT_UNKNOWN, ODM_RESULT_PASS,
	    ODM_ALIGN_NO_IDENTITY, ODM_ALIGN_OTHER_ORG, NULL },
	{ "strict for DKIM only", "half.example", "a.half.example", ODM_RESULT_PASS,
	    ODM_RESULT_PASS, ODM_ALIGN_SAME_ORG, ODM_ALIGN_STRICT, "half.example" },
	{ "not checked for now", "example.com", "example.com", ODM_RESULT_TEMPERROR,
	    ODM_RESULT_UNKNOWN, ODM_ALIGN_EQUAL, ODM_ALIGN_NO_IDENTITY, NULL },
	{ "no policy", "nothing.test", "a.nothing.test", ODM_RESULT_PASS, ODM_RESULT_UNKNOWN,
	    ODM_ALIGN_NOT_NEEDED, ODM_ALIGN_NO_IDENTITY, NULL },
	{ "unusable policy", "bad.example", "a.bad.example", ODM_RESULT_PASS,
	    ODM_RESULT_UNKNOWN, ODM_ALIGN_NOT_NEEDED, ODM_ALIGN_NO_IDENTITY, NULL },
	{ "the identifier's walk fails", "example.com", "broken.example.com", ODM_RESULT_PASS,
	    ODM_RESULT_UNKNOWN, ODM_ALIGN_FAILED, ODM_ALIGN_NO_IDENTITY, NULL },
	{ "the author's walk fails", "top.broken", "a.top.broken", ODM_RESULT_PASS,
	    ODM_RESULT_UNKNOWN, ODM_ALIGN_FAILED, ODM_ALIGN_NO_IDENTITY, NULL },
};

START_TEST(identifiers_are_explained)
{
	const struct view_case *c = &views[_i / 2];
	struct odm_eval *e = new_eval(_i % 2 != 0, c->author);
	struct odm_identifier id;

	ck_assert_int_eq(odm_eval_add_spf(e, c->spf, c->domain), 0);
	ck_assert_int_eq(odm_eval_add_dkim(e, c->dkim, c->domain), 0);
	ck_assert(!odm_eval_identifier(e, 0, 0, &id));
	odm_eval_identities_complete(e);
	ck_assert(answer_all(e));
	ck_assert(odm_eval_identifier(e, 0, 0, &id));
	ck_assert(!odm_eval_identifier(e, 0, 1, &id));
	ck_assert(!odm_eval_identifier(e, 1, 0, &id));
	ck_assert_str_eq(id.domain, c->domain);
	ck_assert_ptr_eq(id.domain, id.walk->subject);
	ck_assert_int_eq(id.spf_passed, c->spf == ODM_RESULT_PASS);
	ck_assert_int_eq(id.dkim_passed, c->dkim == ODM_RESULT_PASS);
	ck_assert_msg(id.spf == c->spf_why, "%s: %s", c->what, odm_align_name(id.spf));
	ck_assert_msg(id.dkim == c->dkim_why, "%s: %s", c->what, odm_align_name(id.dkim));
	ck_assert_msg((id.org_domain == NULL) == (c->org == NULL), "%s", c->what);
	if (c->org != NULL)
		ck_assert_str_eq(id.org_domain, c->org);
	ck_assert_int_eq(odm_eval_verdict(e)->spf_aligned,
	    id.spf_passed && odm_align_holds(id.spf) &&
	    odm_eval_verdict(e)->result == ODM_DMARC_PASS);
	ck_assert_str_eq(odm_eval_author_walk(e, 0)->subject, c->author);
	ck_assert_uint_gt(odm_eval_author_walk(e, 0)->nseen, 0);
	ck_assert_ptr_null(odm_eval_author_walk(e, 1));
	odm_eval_free(&e);
}
END_TEST

/* Said before or after the first facts, a list makes the same evaluation. */
START_TEST(a_list_may_come_after_the_facts)
{
	struct odm_psl *psl = odm_psl_open(NULL);
	struct odm_eval *e = new_eval((_i & 1) != 0, NULL);
	struct odm_identifier id;

	ck_assert_ptr_nonnull(psl);
	if ((_i & 2) != 0)
		odm_eval_use_psl(e, psl);
	ck_assert_int_eq(odm_eval_add_author(e, "a.b.example.com"), 0);
	ck_assert_int_eq(odm_eval_add_dkim(e, ODM_RESULT_PASS, "x.example.com"), 0);
	ck_assert_int_eq(odm_eval_add_spf(e, ODM_RESULT_PASS, "example.net"), 0);
	if ((_i & 2) == 0)
		odm_eval_use_psl(e, psl);
	odm_eval_identities_complete(e);
	ck_assert(answer_all(e));
	ck_assert_uint_eq(dns_rows_asked(odm_eval_questions(e)), 2);
	ck_assert_int_eq(odm_eval_verdict(e)->result, ODM_DMARC_PASS);
	ck_assert_int_eq(odm_eval_verdict(e)->discovery, ODM_DISCOVERY_PSL);
	ck_assert_str_eq(odm_eval_verdict(e)->org_domain, "example.com");
	ck_assert_str_eq(odm_eval_verdict(e)->author_domain, "a.b.example.com");
	ck_assert(odm_eval_identifier(e, 0, 0, &id));
	ck_assert_int_eq(id.dkim, ODM_ALIGN_SAME_ORG);
	ck_assert_str_eq(id.org_domain, "example.com");
	ck_assert(odm_eval_identifier(e, 0, 1, &id));
	ck_assert_int_eq(id.spf, ODM_ALIGN_OTHER_ORG);
	ck_assert_str_eq(id.org_domain, "example.net");
	odm_eval_free(&e);
	odm_psl_free(&psl);
}
END_TEST

START_TEST(a_needless_comparison_is_not_made)
{
	struct odm_eval *e = new_eval(false, "example.com");
	struct odm_identifier id;

	ck_assert_int_eq(odm_eval_add_dkim(e, ODM_RESULT_PASS, "a.example.com"), 0);
	ck_assert_int_eq(odm_eval_add_dkim(e, ODM_RESULT_PASS, "example.com"), 0);
	odm_eval_identities_complete(e);
	ck_assert(answer_all(e));
	ck_assert_uint_eq(dns_rows_asked(odm_eval_questions(e)), 1);
	ck_assert(odm_eval_identifier(e, 0, 0, &id));
	ck_assert_int_eq(id.dkim, ODM_ALIGN_NOT_NEEDED);
	ck_assert_uint_eq(id.walk->nseen, 0);
	ck_assert(odm_eval_identifier(e, 0, 1, &id));
	ck_assert_int_eq(id.dkim, ODM_ALIGN_EQUAL);
	odm_eval_free(&e);
}
END_TEST

START_TEST(identifiers_beyond_the_limit_are_counted)
{
	struct odm_eval *e = new_eval(_i != 0, "example.com");
	struct odm_identifier id;
	char name[32];

	for (int i = 0; i < ODM_IDENTIFIERS_MAX; i++) {
		ck_assert_int_gt(snprintf(name, sizeof(name), "%d.example", i), 0);
		ck_assert_int_eq(odm_eval_add_dkim(e, ODM_RESULT_PASS, name), 0);
	}
	ck_assert_uint_eq(odm_eval_identifiers_beyond(e), 0);
	ck_assert_int_eq(odm_eval_add_dkim(e, ODM_RESULT_PASS, "3.example"), 0);
	ck_assert_int_eq(odm_eval_add_dkim(e, ODM_RESULT_FAIL, "more.example"), 0);
	ck_assert_uint_eq(odm_eval_identifiers_beyond(e), 0);
	ck_assert_int_eq(odm_eval_add_dkim(e, ODM_RESULT_PASS, "example.com"), 0);
	ck_assert_int_eq(odm_eval_add_spf(e, ODM_RESULT_TEMPERROR, "a.example.com"), 0);
	ck_assert_uint_eq(odm_eval_identifiers_beyond(e), 2);
	odm_eval_identities_complete(e);
	ck_assert(answer_all(e));
	ck_assert(odm_eval_identifier(e, 0, ODM_IDENTIFIERS_MAX - 1, &id));
	ck_assert(!odm_eval_identifier(e, 0, ODM_IDENTIFIERS_MAX, &id));
	ck_assert_int_eq(odm_eval_verdict(e)->result, ODM_DMARC_FAIL);
	odm_eval_free(&e);
}
END_TEST

/* How far the evaluation is when the deadline comes. */
static const struct give_up_case {
	const char	*what, *author, *spf, *silent;
	bool		 complete;
	enum odm_dmarc	 result;
	enum odm_policy	 effective;
} give_ups[] = {
	{ "nothing answered", "example.com", NULL, "_dmarc.example.com", true,
	    ODM_DMARC_TEMPERROR, ODM_POLICY_UNSET },
	{ "identities still out", "example.com", NULL, "", false, ODM_DMARC_FAIL,
	    ODM_POLICY_REJECT },
	{ "no author", NULL, NULL, "", false, ODM_DMARC_PERMERROR, ODM_POLICY_UNSET },
	{ "a walk for alignment", "example.com", "a.example.com", "_dmarc.com", true,
	    ODM_DMARC_TEMPERROR, ODM_POLICY_REJECT },
	{ "existence", "nx.example.com", NULL, "nx.example.com", true, ODM_DMARC_FAIL,
	    ODM_POLICY_QUARANTINE },
	{ "everything answered", "example.com", "example.com", "", true, ODM_DMARC_PASS,
	    ODM_POLICY_REJECT },
};

START_TEST(give_up)
{
	const struct give_up_case *c = &give_ups[_i / 2];
	struct odm_eval *e = new_eval(_i % 2 != 0, c->author);
	struct odm_questions *qs = odm_eval_questions(e);
	const struct odm_question *q;
	size_t i = 0;

	ck_assert_int_eq(odm_eval_add_spf(e, ODM_RESULT_PASS, c->spf), 0);
	if (c->complete)
		odm_eval_identities_complete(e);
	(void)odm_eval_run(e);
	while ((q = odm_questions_open(qs, i)) != NULL) {
		if (strcmp(q->name, c->silent) == 0) {
			i++;
			continue;
		}
		dns_rows_feed(qs, q, rows, COUNT(rows));
		(void)odm_eval_run(e);
	}
	odm_eval_give_up(e);
	ck_assert_uint_eq(dns_rows_open(qs), 0);
	ck_assert_ptr_nonnull(odm_eval_verdict(e));
	ck_assert_msg(odm_eval_verdict(e)->result == c->result, "%s: %s", c->what,
	    odm_dmarc_name(odm_eval_verdict(e)->result));
	ck_assert_msg(odm_eval_verdict(e)->effective == c->effective, "%s", c->what);
	odm_eval_give_up(e);
	odm_eval_free(&e);
}
END_TEST

/* What ordinary messages cost, asked lazily, eagerly and with a list. */
static const struct cost_case {
	const char	*what, *author, *spf, *dkim;
	size_t		 lazy, eager, list;
} costs[] = {
	{ "its own domain", "example.com", "example.com", "example.com", 1, 2, 1 },
	{ "the SPF domain of a mailer", "example.com", "mailer.test", "example.com", 1, 2, 1 },
	{ "strangers under one top-level domain", "example.com", "mailer.com", NULL, 2, 2, 1 },
	{ "a host of the domain", "example.com", "mail.example.com", NULL, 3, 3, 1 },
	{ "each mechanism is looked at", "example.com", "mail.example.com", "example.com",
	    3, 3, 1 },
	{ "a subdomain without a record", "news.example.com", "news.example.com", NULL, 3, 3, 2 },
	{ "a subdomain that does not exist", "nx.example.com", NULL, NULL, 4, 4, 2 },
	{ "many labels", "a.b.c.d.e.f.g.h.i.j.example.com", NULL, NULL, 9, 9, 2 },
	{ "a record below many labels", "deep.a.b.c.d.e.f.g.half.example", NULL, NULL, 1, 8, 1 },
	{ "no policy", "nothing.test", "nothing.test", "mailer.test", 2, 2, 1 },
};

START_TEST(ordinary_costs)
{
	const struct cost_case *c = &costs[_i / 3];
	size_t want = _i % 3 == 0 ? c->lazy : _i % 3 == 1 ? c->eager : c->list;
	struct odm_eval *e = new_eval(_i % 3 == 1, NULL);
	struct odm_psl *psl = odm_psl_open(NULL);

	ck_assert_ptr_nonnull(psl);
	if (_i % 3 == 2)
		odm_eval_use_psl(e, psl);
	ck_assert_int_eq(odm_eval_add_author(e, c->author), 0);
	ck_assert_int_eq(odm_eval_add_spf(e, ODM_RESULT_PASS, c->spf), 0);
	ck_assert_int_eq(odm_eval_add_dkim(e, ODM_RESULT_PASS, c->dkim), 0);
	odm_eval_identities_complete(e);
	ck_assert(answer_all(e));
	ck_assert_msg(dns_rows_asked(odm_eval_questions(e)) == want, "%s: %zu, want %zu", c->what,
	    dns_rows_asked(odm_eval_questions(e)), want);
	odm_eval_free(&e);
	odm_psl_free(&psl);
}
END_TEST

/*
 * The worst that can be asked for: authors of eight and more labels in different
 * organizations, and twenty deep identifiers that each walk on their own.
 */
START_TEST(questions_stay_within_their_bound)
{
	bool eager = (_i & 1) != 0;
	int nauthors = (_i & 2) != 0 ? ODM_AUTHORS_MAX : 1;
	size_t bound = nauthors == 1 ? 8 + 1 + 20 * 7 : ODM_QUESTIONS_MAX;
	struct odm_eval *e = new_eval(eager, NULL);
	struct odm_questions *qs = odm_eval_questions(e);
	const struct odm_question *q;
	char name[ODM_NAME_MAX + 1];

	for (int i = 0; i < nauthors; i++) {
		ck_assert_int_gt(snprintf(name, sizeof(name), "a%d.b.c.d.e.f.g%d.com", i, i), 0);
		ck_assert_int_eq(odm_eval_add_author(e, name), 0);
	}
	for (int i = 0; i < ODM_IDENTIFIERS_MAX + 5; i++) {
		ck_assert_int_gt(snprintf(name, sizeof(name), "%d.b%d.c%d.d%d.e%d.f%d.h%d.g%d.com",
		    i, i, i, i, i, i, i, i % nauthors), 0);
		ck_assert_int_eq(odm_eval_add_dkim(e, ODM_RESULT_PASS, name), 0);
	}
	odm_eval_identities_complete(e);
	while (!odm_eval_run(e)) {
		static const struct odm_span np = { "v=DMARC1; p=none; np=reject", 27 };
		static const struct odm_span psd = { "v=DMARC1; p=none; psd=n", 23 };
		struct odm_answer answer = { ODM_ANSWER_NXDOMAIN, NULL, 0 };

		q = odm_questions_open(qs, 0);
		ck_assert_ptr_nonnull(q);
		/* Records at the organizations; what is below h is another one. */
		if (strncmp(q->name, "_dmarc.g", 8) == 0 || strncmp(q->name, "_dmarc.h", 8) == 0) {
			answer.status = ODM_ANSWER_RECORDS;
			answer.txt = q->name[7] == 'g' ? &np : &psd;
			answer.ntxt = 1;
		}
		ck_assert_int_eq(odm_questions_feed(qs, q->id, &answer), 0);
	}
	ck_assert_uint_le(dns_rows_asked(qs), bound);
	/* The case must be worth its name: lazily nearly all of it is asked, too. */
	ck_assert_uint_ge(dns_rows_asked(qs), eager ? 8 + 1 + 20 * 6 : 20 * 6);
	ck_assert_int_eq(odm_eval_verdict(e)->result, ODM_DMARC_FAIL);
	ck_assert_int_eq(odm_eval_verdict(e)->tag, ODM_TAG_NP);
	odm_eval_free(&e);
}
END_TEST

START_TEST(a_full_table_is_temperror)
{
	struct odm_eval *e = new_eval(_i != 0, "example.com");
	char name[32];

	for (int i = 0; i < ODM_QUESTIONS_MAX; i++) {
		ck_assert_int_gt(snprintf(name, sizeof(name), "%d.example", i), 0);
		ck_assert_int_ge(odm_questions_ask(odm_eval_questions(e), ODM_QUESTION_TXT, name), 0);
	}
	odm_eval_identities_complete(e);
	ck_assert(odm_eval_run(e));
	ck_assert_int_eq(odm_eval_verdict(e)->result, ODM_DMARC_TEMPERROR);
	odm_eval_free(&e);
}
END_TEST

/* As many long names as fill the first room of the table and more. */
static const char deep[] =
    "a2345678901234567890123456789012345678901234567890."
    "b2345678901234567890123456789012345678901234567890."
    "c2345678901234567890123456789012345678901234567890."
    "d.e.f.g.example.com";

/* Evaluates with so much memory. False: there was not even an evaluation. */
static bool
evaluate_short_of_memory(size_t mallocs, bool eager)
{
	struct odm_span big = { rows[0].text, strlen(rows[0].text) };
	struct odm_span txt[60];
	struct odm_answer answer = { ODM_ANSWER_RECORDS, txt, COUNT(txt) };
	const struct odm_question *q;
	struct odm_eval *e;

	for (size_t i = 0; i < COUNT(txt); i++)
		txt[i] = big;
	memory_counted = true;
	mallocs_left = mallocs;
	e = odm_eval_new(eager);
	if (e != NULL) {
		(void)odm_eval_add_author(e, deep);
		odm_eval_identities_complete(e);
		while (!odm_eval_run(e) && (q = odm_questions_open(odm_eval_questions(e), 0)) != NULL)
			if (odm_questions_feed(odm_eval_questions(e), q->id, &answer) != 0)
				break;
		/* Giving up needs no memory. */
		odm_eval_give_up(e);
	}
	memory_counted = false;
	if (e == NULL)
		return false;
	ck_assert_ptr_nonnull(odm_eval_verdict(e));
	ck_assert(odm_eval_verdict(e)->result == ODM_DMARC_NONE ||
	    odm_eval_verdict(e)->result == ODM_DMARC_TEMPERROR);
	odm_eval_free(&e);
	return true;
}

START_TEST(short_memory_is_temperror)
{
	ck_assert(!evaluate_short_of_memory(0, _i != 0));
	ck_assert(!evaluate_short_of_memory(1, _i != 0));
	for (size_t mallocs = 2; mallocs < 20; mallocs++)
		ck_assert(evaluate_short_of_memory(mallocs, _i != 0));
}
END_TEST

START_TEST(names_of_results)
{
	ck_assert_str_eq(odm_dmarc_name(ODM_DMARC_NONE), "none");
	ck_assert_str_eq(odm_dmarc_name(ODM_DMARC_PASS), "pass");
	ck_assert_str_eq(odm_dmarc_name(ODM_DMARC_FAIL), "fail");
	ck_assert_str_eq(odm_dmarc_name(ODM_DMARC_TEMPERROR), "temperror");
	ck_assert_str_eq(odm_dmarc_name(ODM_DMARC_PERMERROR), "permerror");
	for (int align = ODM_ALIGN_NO_IDENTITY; align <= ODM_ALIGN_NOT_NEEDED; align++)
		ck_assert_ptr_nonnull(odm_align_name((enum odm_align)align));
	ck_assert_str_eq(odm_discovery_name(ODM_DISCOVERY_TREEWALK), "treewalk");
	ck_assert_str_eq(odm_discovery_name(ODM_DISCOVERY_PSL), "psl");
	ck_assert_str_eq(odm_align_name(ODM_ALIGN_SAME_ORG), "same organization");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("eval");
	TCase *tc = tcase_create("eval");

	/* 0 is lazy, 1 eager. */
	tcase_add_loop_test(tc, no_verdict_before_all_identities_are_in, 0, 2);
	tcase_add_test(tc, a_finished_evaluation_takes_nothing_more);
	tcase_add_loop_test(tc, no_author_is_permerror, 0, 2);
	tcase_add_test(tc, authors_are_bounded);
	tcase_add_test(tc, eager_asks_a_whole_walk_at_once);
	tcase_add_test(tc, lazy_asks_one_name_at_a_time);
	tcase_add_loop_test(tc, tells_the_organization_only_when_it_was_needed, 0, 2);
	tcase_add_test(tc, the_verdict_points_into_the_evaluation);
	tcase_add_loop_test(tc, identifiers_are_explained, 0, 2 * (int)COUNT(views));
	tcase_add_loop_test(tc, a_list_may_come_after_the_facts, 0, 4);
	tcase_add_test(tc, a_needless_comparison_is_not_made);
	tcase_add_loop_test(tc, identifiers_beyond_the_limit_are_counted, 0, 2);
	tcase_add_loop_test(tc, give_up, 0, 2 * (int)COUNT(give_ups));
	tcase_add_loop_test(tc, ordinary_costs, 0, 3 * (int)COUNT(costs));
	tcase_add_loop_test(tc, questions_stay_within_their_bound, 0, 4);
	tcase_add_loop_test(tc, a_full_table_is_temperror, 0, 2);
	tcase_add_loop_test(tc, short_memory_is_temperror, 0, 2);
	tcase_add_test(tc, names_of_results);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
