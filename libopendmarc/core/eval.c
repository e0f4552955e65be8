/*
 * eval.c - one DMARC evaluation: facts, policy discovery and the verdict.
 * RFC 9989, 4.10.1, 5.3 and 11.5.
 *
 * Each run begins again from the facts and the answers at hand and goes as far
 * as they allow; only the walks remember how far they are. What was asked early
 * or in another order can therefore never change a verdict.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "libopendmarc/base/domain.h"
#include "libopendmarc/base/nametab.h"
#include "libopendmarc/core/eval_private.h"
#include "libopendmarc/core/policy.h"

static const struct odm_name dmarc_names[] = {
	{ ODM_DMARC_NONE,	"none" },
	{ ODM_DMARC_PASS,	"pass" },
	{ ODM_DMARC_FAIL,	"fail" },
	{ ODM_DMARC_TEMPERROR,	"temperror" },
	{ ODM_DMARC_PERMERROR,	"permerror" },
};

static const struct odm_verdict no_author = {
	.result = ODM_DMARC_PERMERROR,
	.exists = true,
	.reason = "The message has no Author Domain (RFC 9989, 5.3.1).",
};

struct odm_eval *
odm_eval_new(bool eager)
{
	/* Not cleared: authors and identifiers are filled in as they are added. */
	struct odm_eval *e = malloc(sizeof(*e));

	if (e == NULL)
		return NULL;
	e->questions = odm_questions_new();
	if (e->questions == NULL) {
		free(e);
		return NULL;
	}
	e->eager = eager;
	e->complete = e->decided = false;
	e->nauthors = e->nidentifiers = e->nbeyond = 0;
	return e;
}

void
odm_eval_free(struct odm_eval **e)
{
	if (*e == NULL)
		return;
	odm_questions_free(&(*e)->questions);
	free(*e);
	*e = NULL;
}

int
odm_eval_add_author(struct odm_eval *e, const char *domain)
{
	struct author *a;
	size_t i;

	for (i = 0; i < e->nauthors; i++)
		if (strcmp(e->authors[i].walk.subject, domain) == 0)
			return 0;
	if (e->nauthors == ODM_AUTHORS_MAX || e->decided)
		return -1;
	a = &e->authors[e->nauthors++];
	odm_walk_init(&a->walk, domain);
	a->decided = false;
	a->verdict = (struct odm_verdict){
		.author_domain = a->walk.subject,
		.exists = true,
	};
	return 0;
}

/* Only a pass makes an identifier, and only "not now" could yet become one. */
static int
add_identity(struct odm_eval *e, unsigned mechanism, enum odm_result result,
    const char *domain)
{
	struct identifier *id;
	size_t i;

	if (e->complete)
		return -1;
	if (domain == NULL || domain[0] == '\0' ||
	    (result != ODM_RESULT_PASS && result != ODM_RESULT_TEMPERROR))
		return 0;

	for (i = 0; i < e->nidentifiers; i++)
		if (strcmp(e->identifiers[i].walk.subject, domain) == 0)
			break;
	if (i == ODM_IDENTIFIERS_MAX) {
		e->nbeyond++;
		return 0;
	}
	id = &e->identifiers[i];
	if (i == e->nidentifiers) {
		e->nidentifiers++;
		odm_walk_init(&id->walk, domain);
		id->pass = id->temperror = 0;
	}
	*(result == ODM_RESULT_PASS ? &id->pass : &id->temperror) |= mechanism;
	return 0;
}

int
odm_eval_add_spf(struct odm_eval *e, enum odm_result result, const char *domain)
{
	return add_identity(e, BY_SPF, result, domain);
}

int
odm_eval_add_dkim(struct odm_eval *e, enum odm_result result, const char *domain)
{
	return add_identity(e, BY_DKIM, result, domain);
}

void
odm_eval_identities_complete(struct odm_eval *e)
{
	e->complete = true;
}

struct odm_questions *
odm_eval_questions(struct odm_eval *e)
{
	return e->questions;
}

/* Ends the evaluation of one author. */
static void
decide(struct author *a, enum odm_dmarc result, const char *reason)
{
	a->verdict.result = result;
	a->verdict.reason = reason;
	a->decided = true;
}

static void
select_record(struct author *a, const struct odm_walk_step *step)
{
	a->verdict.record = &step->record;
	a->verdict.policy_domain = step->name;
}

/*
 * Policy discovery, 4.10.1: the record of the Author Domain itself, else of its
 * Organizational Domain, else of the public suffix above that. False while
 * answers are missing; decides the author when there is no usable record.
 */
static bool
discover(struct odm_eval *e, struct author *a)
{
	const struct odm_walk_step *step = NULL;
	enum odm_walk_state state;

	if (a->verdict.record != NULL)
		return true;

	state = odm_walk_first(&a->walk, e->questions);
	if (state == ODM_WALK_DONE) {
		step = odm_walk_record_at(&a->walk, a->walk.subject);
		if (step == NULL)
			state = odm_walk_run(&a->walk, e->questions, e->eager);
	}
	if (state == ODM_WALK_OPEN)
		return false;
	if (state == ODM_WALK_FAILED) {
		decide(a, ODM_DMARC_TEMPERROR,
		    "A DNS answer needed to find the policy failed (RFC 9989, 5.3.6).");
		return true;
	}

	if (step == NULL) {
		a->verdict.org_domain = odm_walk_orgdomain(&a->walk);
		step = odm_walk_record_at(&a->walk, a->verdict.org_domain);
		if (step == NULL)
			step = odm_walk_psd(&a->walk);
	}
	if (step == NULL) {
		decide(a, ODM_DMARC_NONE,
		    "No DMARC Policy Record applies to the Author Domain (RFC 9989, 4.10.1).");
		return true;
	}
	select_record(a, step);
	if (!odm_policy_usable(a->verdict.record))
		decide(a, ODM_DMARC_PERMERROR, "The DMARC Policy Record has no usable policy "
		    "and nobody to report to (RFC 9989, 4.10.1).");
	return true;
}

static void
decide_pass(struct author *a, unsigned aligned)
{
	a->verdict.spf_aligned = (aligned & BY_SPF) != 0;
	a->verdict.dkim_aligned = (aligned & BY_DKIM) != 0;
	switch (aligned) {
	case BY_SPF:
		decide(a, ODM_DMARC_PASS, "The SPF Domain is aligned (RFC 9989, 5.3.5).");
		break;
	case BY_DKIM:
		decide(a, ODM_DMARC_PASS, "A DKIM Signing Domain is aligned (RFC 9989, 5.3.5).");
		break;
	default:
		decide(a, ODM_DMARC_PASS,
		    "The SPF Domain and a DKIM Signing Domain are aligned (RFC 9989, 5.3.5).");
		break;
	}
}

/*
 * A failing message, 4.10.1: does the Author Domain exist? Only NXDOMAIN denies,
 * and when the question fails the policy for existing names stands. Decides
 * nothing while the answer is missing.
 */
static void
decide_fail(struct odm_eval *e, struct author *a)
{
	struct odm_verdict *v = &a->verdict;
	const struct odm_answer *answer;
	int question;

	if (v->policy_domain != a->walk.subject && odm_policy_np_matters(v->record)) {
		question = odm_questions_ask(e->questions, ODM_QUESTION_EXISTS, a->walk.subject);
		answer = odm_questions_answer(e->questions, question);
		if (question >= 0 && answer == NULL)
			return;
		if (answer != NULL && answer->status == ODM_ANSWER_NXDOMAIN) {
			v->exists = false;
			odm_policy_choose(v->record, ODM_RELATION_NONEXISTENT, v);
		}
	}
	decide(a, ODM_DMARC_FAIL, "No Authenticated Identifier is aligned (RFC 9989, 5.3.5).");
}

/*
 * The result from the identifiers, 5.3.4 to 5.3.6. Decides nothing while
 * identities or answers are missing.
 */
static void
judge(struct odm_eval *e, struct author *a)
{
	struct alignment passed, pending = { 0, false, false, false };
	struct odm_verdict *v = &a->verdict;

	odm_policy_choose(v->record, v->policy_domain == a->walk.subject ? ODM_RELATION_SELF :
	    ODM_RELATION_EXISTING, v);

	passed = odm_align(e, a, true);
	if (passed.open || !e->complete)
		return;
	if (passed.aligned == 0 && !passed.failed) {
		pending = odm_align(e, a, false);
		if (pending.open)
			return;
	}
	if ((passed.org_needed || pending.org_needed) && a->walk.state == ODM_WALK_DONE)
		v->org_domain = odm_walk_orgdomain(&a->walk);

	if (passed.aligned != 0)
		decide_pass(a, passed.aligned);
	else if (passed.failed || pending.failed)
		decide(a, ODM_DMARC_TEMPERROR,
		    "A DNS answer needed for identifier alignment failed (RFC 9989, 5.3.6).");
	else if (pending.aligned != 0)
		decide(a, ODM_DMARC_TEMPERROR,
		    "An aligned identifier could not be checked for now (RFC 9989, 5.3.6).");
	else
		decide_fail(e, a);
}

/* Goes on with one author as far as facts and answers allow. */
static void
run_author(struct odm_eval *e, struct author *a)
{
	/* Put every question now; whether its answer matters shows later. */
	if (e->eager)
		(void)odm_walk_run(&a->walk, e->questions, true);
	if (!discover(e, a) || a->decided)
		return;
	/* Who counts questions waits: a later identity may make some needless. */
	if (e->eager || e->complete)
		judge(e, a);
}

bool
odm_eval_run(struct odm_eval *e)
{
	bool all = e->complete;
	size_t i;

	for (i = 0; i < e->nauthors; i++) {
		if (!e->authors[i].decided)
			run_author(e, &e->authors[i]);
		all = all && e->authors[i].decided;
	}
	e->decided = all;
	return all;
}

void
odm_eval_give_up(struct odm_eval *e)
{
	static const struct odm_answer failure = { ODM_ANSWER_FAILURE, NULL, 0 };
	const struct odm_question *q;

	/* Failures may lead to other questions, but to each of them only once. */
	odm_eval_identities_complete(e);
	while (!odm_eval_run(e)) {
		assert(odm_questions_open(e->questions, 0) != NULL);
		while ((q = odm_questions_open(e->questions, 0)) != NULL)
			(void)odm_questions_feed(e->questions, q->id, &failure);
	}
}

/* How much a verdict on one author weighs in that of the message, 11.5. */
static int
weight(const struct odm_verdict *v)
{
	static const int weights[] = {
		[ODM_DMARC_PASS]	= 0,
		[ODM_DMARC_NONE]	= 1,
		[ODM_DMARC_PERMERROR]	= 2,
		[ODM_DMARC_TEMPERROR]	= 3,
		[ODM_DMARC_FAIL]	= 4,	/* and the stricter the policy, the more */
	};

	return weights[v->result] + (v->result == ODM_DMARC_FAIL ? (int)v->effective : 0);
}

const struct odm_verdict *
odm_eval_verdict(const struct odm_eval *e)
{
	const struct odm_verdict *worst;
	size_t i;

	if (!e->decided)
		return NULL;
	if (e->nauthors == 0)
		return &no_author;
	worst = &e->authors[0].verdict;
	for (i = 1; i < e->nauthors; i++)
		if (weight(&e->authors[i].verdict) > weight(worst))
			worst = &e->authors[i].verdict;
	return worst;
}

const struct odm_verdict *
odm_eval_author_verdict(const struct odm_eval *e, size_t i)
{
	return e->decided && i < e->nauthors ? &e->authors[i].verdict : NULL;
}

const struct odm_walk *
odm_eval_author_walk(const struct odm_eval *e, size_t i)
{
	return i < e->nauthors ? &e->authors[i].walk : NULL;
}

size_t
odm_eval_identifiers_beyond(const struct odm_eval *e)
{
	return e->nbeyond;
}

const char *
odm_dmarc_name(enum odm_dmarc result)
{
	return odm_name_of(dmarc_names, COUNT(dmarc_names), (int)result);
}
