/*
 * explained.c - plays the scripts of replay.c once more, explains each verdict, and repeats
 * it from the document alone: same verdict, same octets.
 *
 * Usage: explained [FILE...]; without FILE all of tests/replay/cases/. Speaks TAP.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/explain.h"
#include "tests/replay/replay.h"

/* Bits of a mode, as in replay.c. */
#define MODE_EAGER	1U
#define MODE_FROM_LAST	2U
#define MODE_LATE	4U
#define MODES		8U

static void
differ(struct replay *r, const char *what)
{
	if (r->why[0] == '\0')
		(void)strlcpy(r->why, what, sizeof(r->why));
}

/* Answers one open question, the first or the last. False: all left are silent. */
static bool
answer_one(struct replay *r, struct odm_questions *qs, bool from_last)
{
	struct odm_span txt[2 * ENTRIES_MAX];
	const struct odm_question *pick = zone_pick(r, qs, from_last);
	struct odm_answer answer;

	if (pick == NULL)
		return false;
	answer = zone_lookup(r, pick, txt);
	return odm_questions_feed(qs, pick->id, &answer) == 0;
}

static void
step(struct replay *r, struct odm_eval *e, unsigned mode)
{
	while (!odm_eval_run(e))
		if (!answer_one(r, odm_eval_questions(e), (mode & MODE_FROM_LAST) != 0))
			break;
}

/* Evaluates the case as replay.c does, and notes in x what the evaluation is told. */
static struct odm_eval *
evaluate(struct replay *r, unsigned mode, struct explain *x)
{
	struct odm_eval *e = odm_eval_new((mode & MODE_EAGER) != 0);

	if (e == NULL)
		return NULL;
	if (r->psl != NULL) {
		odm_eval_use_psl(e, r->psl);
		explain_use_psl(x, r->psl);
	}
	for (size_t i = 0; i < r->nauthors; i++) {
		int added = odm_eval_add_author(e, r->authors[i]);

		if (added != explain_add_author(x, r->authors[i]))
			differ(r, "evaluation and explanation differ about an author");
	}
	for (size_t i = 0; i < r->nfacts; i++) {
		const struct fact *f = &r->facts[i];
		struct explain_identity id = { .dkim = f->dkim, .result = f->result,
			.domain = f->domain, .source = "script", .used = true };

		if ((mode & MODE_LATE) != 0)
			step(r, e, mode);
		(void)(f->dkim ? odm_eval_add_dkim : odm_eval_add_spf)(e, f->result, f->domain);
		if (explain_add_identity(x, &id) != 0)
			differ(r, "an identity was refused");
	}
	odm_eval_identities_complete(e);
	step(r, e, mode);
	if (odm_eval_verdict(e) == NULL)
		odm_eval_give_up(e);
	if (explain_add_dns(x, odm_eval_questions(e)) != 0)
		differ(r, "the answers were refused");
	return e;
}

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool
same_verdict(const struct odm_verdict *a, const struct odm_verdict *b)
{
	return a->result == b->result && a->tag == b->tag && a->published == b->published &&
	    a->effective == b->effective && a->testing == b->testing &&
	    a->pct == b->pct && a->discovery == b->discovery && a->exists == b->exists &&
	    a->spf_aligned == b->spf_aligned && a->dkim_aligned == b->dkim_aligned &&
	    same_text(a->author_domain, b->author_domain) &&
	    same_text(a->policy_domain, b->policy_domain) &&
	    same_text(a->org_domain, b->org_domain) && same_text(a->reason, b->reason);
}

static void
compare_documents(struct replay *r, const char *text)
{
	char why[256] = "", *again;
	bool same = false;

	again = explain_replay(odm_span_str(text), &same, why, sizeof(why));
	if (again == NULL)
		differ(r, why);
	else if (strcmp(text, again) != 0)
		differ(r, "the document repeated is another one");
	else if (!same)
		differ(r, "the verdict repeated is another one");
	free(again);
}

static void
run_once(struct replay *r, unsigned mode)
{
	struct explain *x = explain_new((mode & MODE_EAGER) != 0);
	struct odm_eval *e = x != NULL ? evaluate(r, mode, x) : NULL;
	const struct odm_verdict *v;
	char why[256] = "", *text = NULL;

	if (e == NULL) {
		differ(r, "no memory");
		explain_free(&x);
		return;
	}
	v = explain_verdict(x, why, sizeof(why));
	if (v == NULL)
		differ(r, why);
	else if (!same_verdict(v, odm_eval_verdict(e)))
		differ(r, "the explanation has another verdict");
	text = explain_write(x, why, sizeof(why));
	if (text == NULL)
		differ(r, why);
	else
		compare_documents(r, text);
	free(text);
	odm_eval_free(&e);
	explain_free(&x);
}

void
play_case(struct replay *r)
{
	for (unsigned mode = 0; mode < MODES && r->why[0] == '\0'; mode++)
		run_once(r, mode);
	report_case(r);
}
