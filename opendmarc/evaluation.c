/*
 * evaluation.c - an evaluation of the library as a DNS task.
 */
#include <stdbool.h>
#include <stdlib.h>

#include "common/dmarctask.h"
#include "common/dnstask.h"
#include "opendmarc/evaluation.h"

/* What the task works on; the task's release function frees it. */
struct work {
	struct odm_eval	*eval;
	const struct testzone *zone;	/* NULL: the DNS */
	bool		 failed;	/* memory was short: no verdict can be right */
};

struct dmf_evaluation {
	struct dnstask	*task;
	struct work	*work;		/* owned by the task; touched under its lock only */
};

enum fact_kind {
	FACT_AUTHOR,
	FACT_SPF,
	FACT_DKIM,
	FACT_COMPLETE
};

struct fact {
	struct work	*work;
	enum fact_kind	 kind;
	enum odm_result	 result;
	const char	*domain;
};

static enum dnstask_state
step(struct dnstask *task, void *arg)
{
	struct work *w = arg;

	do {
		if (odm_eval_run(w->eval))
			return DNSTASK_DONE;
	} while (dmarctask_carry(task, odm_eval_questions(w->eval), w->zone));
	if (!dnstask_overdue(task))
		return DNSTASK_WAITS;
	odm_eval_give_up(w->eval);
	return DNSTASK_DONE;
}

static void
release(void *arg)
{
	struct work *w = arg;

	odm_eval_free(&w->eval);
	free(w);
}

/* Runs under the task's lock. */
static void
add_fact(void *arg)
{
	struct fact *f = arg;
	struct odm_eval *eval = f->work->eval;
	int rc = 0;

	switch (f->kind) {
	case FACT_AUTHOR:
		rc = odm_eval_add_author(eval, f->domain);
		break;
	case FACT_SPF:
		rc = odm_eval_add_spf(eval, f->result, f->domain);
		break;
	case FACT_DKIM:
		rc = odm_eval_add_dkim(eval, f->result, f->domain);
		break;
	case FACT_COMPLETE:
		odm_eval_identities_complete(eval);
		break;
	}
	if (rc != 0)
		f->work->failed = true;
}

struct dmf_evaluation *
dmf_evaluation_start(struct resolver *r, const struct odm_psl *psl, const struct testzone *zone,
    const char *author)
{
	struct dmf_evaluation *ev = calloc(1, sizeof(*ev));
	struct work *w = calloc(1, sizeof(*w));

	if (ev == NULL || w == NULL || (w->eval = odm_eval_new(true)) == NULL)
		goto fail;
	if (psl != NULL)
		odm_eval_use_psl(w->eval, psl);
	w->zone = zone;
	if (odm_eval_add_author(w->eval, author) != 0)
		goto fail;
	ev->work = w;
	ev->task = dnstask_start(r, step, release, w);
	if (ev->task != NULL)
		return ev;
	w = NULL;	/* released by dnstask_start() */
fail:
	if (w != NULL)
		release(w);
	free(ev);
	return NULL;
}

void
dmf_evaluation_free(struct dmf_evaluation **ev)
{
	if (*ev == NULL)
		return;
	dnstask_free(&(*ev)->task);
	free(*ev);
	*ev = NULL;
}

static void
change(struct dmf_evaluation *ev, enum fact_kind kind, enum odm_result result,
    const char *domain)
{
	struct fact fact = { ev->work, kind, result, domain };

	dnstask_change(ev->task, add_fact, &fact);
}

void
dmf_evaluation_add_author(struct dmf_evaluation *ev, const char *domain)
{
	change(ev, FACT_AUTHOR, ODM_RESULT_UNKNOWN, domain);
}

void
dmf_evaluation_add_spf(struct dmf_evaluation *ev, enum odm_result result, const char *domain)
{
	change(ev, FACT_SPF, result, domain);
}

void
dmf_evaluation_add_dkim(struct dmf_evaluation *ev, enum odm_result result, const char *domain)
{
	change(ev, FACT_DKIM, result, domain);
}

const struct odm_verdict *
dmf_evaluation_finish(struct dmf_evaluation *ev, int64_t deadline)
{
	change(ev, FACT_COMPLETE, ODM_RESULT_UNKNOWN, NULL);
	(void)dnstask_finish(ev->task, deadline);
	return ev->work->failed ? NULL : odm_eval_verdict(ev->work->eval);
}

struct odm_eval *
dmf_evaluation_eval(const struct dmf_evaluation *ev)
{
	return ev->work->eval;
}
