/*
 * eval.c - one DMARC evaluation: its facts, its course and the verdict.
 * RFC 9989, 5.3 and 11.5; RFC 7489, 6.6.
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
#include "libopendmarc/base/psl.h"
#include "libopendmarc/core/eval_private.h"
#include "libopendmarc/core/policy.h"

static const struct odm_name dmarc_names[] = {
	{ ODM_DMARC_NONE,	"none" },
	{ ODM_DMARC_PASS,	"pass" },
	{ ODM_DMARC_FAIL,	"fail" },
	{ ODM_DMARC_TEMPERROR,	"temperror" },
	{ ODM_DMARC_PERMERROR,	"permerror" },
};

static const struct odm_name discovery_names[] = {
	{ ODM_DISCOVERY_TREEWALK,	"treewalk" },
	{ ODM_DISCOVERY_PSL,		"psl" },
};

/* The same outcome has its section in each of the two standards. */
static const char *const reasons[][2] = {
	[REASON_NO_RECORD] = {
		"No DMARC Policy Record applies to the Author Domain (RFC 9989, 4.10.1).",
		"Neither the Author Domain nor its Organizational Domain has a DMARC record "
		    "(RFC 7489, 6.6.3)." },
	[REASON_SEVERAL_RECORDS] = { NULL,
		"There are several DMARC records at one name (RFC 7489, 6.6.3)." },
	[REASON_LOOKUP_FAILED] = {
		"A DNS answer needed to find the policy failed (RFC 9989, 5.3.6).",
		"A DNS answer needed to find the policy failed (RFC 7489, 6.6.3)." },
	[REASON_UNUSABLE] = {
		"The DMARC Policy Record has no usable policy and nobody to report to "
		    "(RFC 9989, 4.10.1).",
		"The DMARC record has no usable policy and nobody to report to "
		    "(RFC 7489, 6.6.3)." },
	[REASON_SPF] = {
		"The SPF Domain is aligned (RFC 9989, 5.3.5).",
		"The SPF domain is aligned (RFC 7489, 6.6.2)." },
	[REASON_DKIM] = {
		"A DKIM Signing Domain is aligned (RFC 9989, 5.3.5).",
		"A DKIM signing domain is aligned (RFC 7489, 6.6.2)." },
	[REASON_BOTH] = {
		"The SPF Domain and a DKIM Signing Domain are aligned (RFC 9989, 5.3.5).",
		"The SPF domain and a DKIM signing domain are aligned (RFC 7489, 6.6.2)." },
	[REASON_ALIGNMENT_FAILED] = {
		"A DNS answer needed for identifier alignment failed (RFC 9989, 5.3.6).", NULL },
	[REASON_UNCHECKED] = {
		"An aligned identifier could not be checked for now (RFC 9989, 5.3.6).",
		"An aligned identifier could not be checked for now (RFC 7489, 6.6.2)." },
	[REASON_NOT_ALIGNED] = {
		"No Authenticated Identifier is aligned (RFC 9989, 5.3.5).",
		"No authenticated identifier is aligned (RFC 7489, 6.6.2)." },
};

static const struct odm_verdict no_author[] = {
	[ODM_DISCOVERY_TREEWALK] = {
		.result = ODM_DMARC_PERMERROR,
		.exists = true,
		.pct = 100,
		.discovery = ODM_DISCOVERY_TREEWALK,
		.reason = "The message has no Author Domain (RFC 9989, 5.3.1).",
	},
	[ODM_DISCOVERY_PSL] = {
		.result = ODM_DMARC_PERMERROR,
		.exists = true,
		.pct = 100,
		.discovery = ODM_DISCOVERY_PSL,
		.reason = "The message has no Author Domain (RFC 7489, 6.6.1).",
	},
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
	e->psl = NULL;
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

/* The Organizational Domain of the walk's subject by the list, inside the walk. */
static const char *
list_org(const struct odm_psl *psl, const struct odm_walk *w)
{
	char org[ODM_NAME_MAX + 1];

	odm_psl_orgdomain(psl, w->subject, org);
	return odm_domain_suffix(w->subject, odm_domain_labels(org));
}

/* Exchanges the walk of an author for the two lookups of RFC 7489. */
static void
prepare_psl(struct author *a, const struct odm_psl *psl)
{
	char subject[ODM_NAME_MAX + 1];

	memcpy(subject, a->walk.subject, sizeof(subject));
	a->psl_org = list_org(psl, &a->walk);
	odm_walk_init_pair(&a->walk, subject, a->psl_org);
	a->verdict.discovery = ODM_DISCOVERY_PSL;
	a->verdict.org_domain = a->psl_org;
}

void
odm_eval_use_psl(struct odm_eval *e, const struct odm_psl *psl)
{
	size_t i;

	assert(psl != NULL && odm_questions_at(e->questions, 0) == NULL);

	e->psl = psl;
	for (i = 0; i < e->nauthors; i++)
		prepare_psl(&e->authors[i], psl);
	for (i = 0; i < e->nidentifiers; i++)
		e->identifiers[i].psl_org = list_org(psl, &e->identifiers[i].walk);
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
		.pct = 100,
	};
	if (e->psl != NULL)
		prepare_psl(a, e->psl);
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
		id->psl_org = e->psl == NULL ? NULL : list_org(e->psl, &id->walk);
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

void
odm_eval_decide(struct author *a, enum odm_dmarc result, enum reason reason)
{
	a->verdict.result = result;
	a->verdict.reason = reasons[reason][a->verdict.discovery];
	a->decided = true;
}

static void
decide_pass(struct author *a, unsigned aligned)
{
	a->verdict.spf_aligned = (aligned & BY_SPF) != 0;
	a->verdict.dkim_aligned = (aligned & BY_DKIM) != 0;
	switch (aligned) {
	case BY_SPF:
		odm_eval_decide(a, ODM_DMARC_PASS, REASON_SPF);
		break;
	case BY_DKIM:
		odm_eval_decide(a, ODM_DMARC_PASS, REASON_DKIM);
		break;
	default:
		odm_eval_decide(a, ODM_DMARC_PASS, REASON_BOTH);
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

	if (e->psl == NULL && v->policy_domain != a->walk.subject &&
	    odm_policy_np_matters(v->record)) {
		question = odm_questions_ask(e->questions, ODM_QUESTION_EXISTS, a->walk.subject);
		answer = odm_questions_answer(e->questions, question);
		if (question >= 0 && answer == NULL)
			return;
		if (answer != NULL && answer->status == ODM_ANSWER_NXDOMAIN) {
			v->exists = false;
			odm_policy_choose(v->record, ODM_RELATION_NONEXISTENT, v);
		}
	}
	odm_eval_decide(a, ODM_DMARC_FAIL, REASON_NOT_ALIGNED);
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
		odm_eval_decide(a, ODM_DMARC_TEMPERROR, REASON_ALIGNMENT_FAILED);
	else if (pending.aligned != 0)
		odm_eval_decide(a, ODM_DMARC_TEMPERROR, REASON_UNCHECKED);
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
	if (!(e->psl == NULL ? odm_discover(e, a) : odm_discover_psl(e, a)) || a->decided)
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
		return &no_author[e->psl == NULL ? ODM_DISCOVERY_TREEWALK : ODM_DISCOVERY_PSL];
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
odm_discovery_name(enum odm_discovery discovery)
{
	return odm_name_of(discovery_names, COUNT(discovery_names), (int)discovery);
}

const char *
odm_dmarc_name(enum odm_dmarc result)
{
	return odm_name_of(dmarc_names, COUNT(dmarc_names), (int)result);
}
