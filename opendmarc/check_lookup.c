/*
 * check_lookup.c - asks the DNS about one domain and looks at what comes back.
 */
#include "opendmarc/check_lookup.h"

#include <stdlib.h>
#include <string.h>

#include "common/dmarctask.h"
#include "common/dnstask.h"
#include "libopendmarc/base/domain.h"

static enum dnstask_state
step_policy(struct dnstask *task, void *arg)
{
	struct check_lookup *l = arg;
	struct odm_questions *qs = odm_eval_questions(l->eval);
	bool decided;

	do {
		decided = odm_eval_run(l->eval);
		if (decided && (l->by_list ||
		    odm_walk_run(&l->own_walk, qs, false) != ODM_WALK_OPEN))
			return DNSTASK_DONE;
	} while (dmarctask_carry(task, qs, NULL));
	if (!dnstask_overdue(task))
		return DNSTASK_WAITS;
	odm_eval_give_up(l->eval);
	return DNSTASK_DONE;
}

/* What the tasks work on belongs to the lookup. */
static void
release(void *arg)
{
	(void)arg;
}

/* Runs step to its end, at most for timeout_msecs. False: out of memory. */
static bool
run_task(struct resolver *resolver, dnstask_step *step, void *arg, int64_t timeout_msecs)
{
	struct dnstask *task = dnstask_start(resolver, step, release, arg);

	if (task == NULL)
		return false;
	(void)dnstask_finish(task, resolver_now() + timeout_msecs);
	dnstask_free(&task);
	return true;
}

const struct odm_answer *
check_lookup_answer(const struct check_lookup *l, size_t step)
{
	return odm_questions_answer(odm_eval_questions(l->eval), l->walk->steps[step].question);
}

size_t
check_lookup_steps(const struct check_lookup *l)
{
	bool failed = l->walk->nseen < l->walk->nsteps && l->verdict->result == ODM_DMARC_TEMPERROR;

	return l->walk->nseen + (failed || l->walk->state == ODM_WALK_FAILED ? 1 : 0);
}

static enum check_state
state_of(const struct odm_verdict *v)
{
	switch (v->result) {
	case ODM_DMARC_NONE:
		return CHECK_NONE;
	case ODM_DMARC_PASS:
	case ODM_DMARC_FAIL:
		return CHECK_FOUND;
	case ODM_DMARC_TEMPERROR:
		return CHECK_TEMPERROR;
	case ODM_DMARC_PERMERROR:
		break;
	}
	return CHECK_UNUSABLE;
}

/* Looks for the policy of a message that fails: no identities at all. */
static bool
look_up_policy(struct check_lookup *l, struct resolver *resolver, const struct odm_psl *psl,
    int64_t timeout_msecs)
{
	l->eval = odm_eval_new(false);
	if (l->eval == NULL)
		return false;
	if (l->by_list)
		odm_eval_use_psl(l->eval, psl);
	if (odm_eval_add_author(l->eval, l->domain) != 0)
		return false;
	odm_eval_identities_complete(l->eval);
	odm_walk_init(&l->own_walk, l->domain);
	if (!run_task(resolver, step_policy, l, timeout_msecs))
		return false;
	l->verdict = odm_eval_verdict(l->eval);
	l->state = state_of(l->verdict);
	l->walk = l->by_list ? odm_eval_author_walk(l->eval, 0) : &l->own_walk;
	if (l->by_list)
		l->org_domain = l->verdict->org_domain;
	else if (l->walk->state == ODM_WALK_DONE)
		l->org_domain = odm_walk_orgdomain(l->walk);
	return true;
}

/* The records of a step concern the owner from the domain up to its organization. */
static bool
concerns_owner(const struct check_lookup *l, const char *name)
{
	if (l->verdict->policy_domain != NULL && strcmp(l->verdict->policy_domain, name) == 0)
		return true;
	if (l->org_domain == NULL)
		return strcmp(name, l->domain) == 0;
	return strcmp(name, l->org_domain) == 0 || odm_domain_is_below(name, l->org_domain);
}

static enum recordlint_answer
answer(bool known, bool yes)
{
	return !known ? RECORDLINT_UNKNOWN : yes ? RECORDLINT_YES : RECORDLINT_NO;
}

static void
add_record(struct check_lookup *l, const struct odm_psl *psl, size_t step, struct odm_span text)
{
	const char *name = l->walk->steps[step].name;
	struct recordlint_place place = {
		answer(l->org_domain != NULL,
		    l->org_domain != NULL && strcmp(name, l->org_domain) == 0),
		answer(psl != NULL, psl != NULL && odm_psl_is_suffix(psl, name)),
	};
	struct odm_record parsed;
	struct check_record *r;
	bool valid = odm_record_parse(text, &parsed);

	if (!valid && !recordlint_looks_like_dmarc(text))
		return;
	if (l->nrecords == CHECK_RECORDS_MAX) {
		l->nhidden++;
		return;
	}
	r = &l->records[l->nrecords++];
	r->step = step;
	r->text = text;
	r->valid = valid;
	r->linted = concerns_owner(l, name);
	if (!r->linted)
		return;
	recordlint_check(text, &place, &r->lint);
	if (valid && l->walk->steps[step].several)
		recordlint_add(&r->lint, RECORDLINT_SEVERAL, (struct odm_span){ text.at, 0 }, 0, 0,
		    NULL);
}

static bool
collect_records(struct check_lookup *l, const struct odm_psl *psl)
{
	const struct odm_answer *a;

	l->records = calloc(CHECK_RECORDS_MAX, sizeof(*l->records));
	if (l->records == NULL)
		return false;
	for (size_t i = 0; i < l->walk->nseen; i++) {
		a = check_lookup_answer(l, i);
		for (size_t k = 0; a != NULL && k < a->ntxt; k++)
			add_record(l, psl, i, a->txt[k]);
	}
	return true;
}

struct dest_work {
	struct odm_extdest_check *check;
	enum odm_extdest state;
};

static enum dnstask_state
step_dest(struct dnstask *task, void *arg)
{
	struct dest_work *w = arg;

	do {
		w->state = odm_extdest_run(w->check);
		if (w->state != ODM_EXTDEST_OPEN)
			return DNSTASK_DONE;
	} while (dmarctask_carry(task, odm_extdest_questions(w->check), NULL));
	return dnstask_overdue(task) ? DNSTASK_DONE : DNSTASK_WAITS;
}

static bool
check_dest(struct check_lookup *l, struct check_dest *d, struct resolver *resolver,
    int64_t timeout_msecs)
{
	struct dest_work w = { odm_extdest_new(l->verdict->policy_domain, d->uri.host, d->kind),
	    ODM_EXTDEST_OPEN };
	struct odm_span override;
	bool ok;

	ok = w.check != NULL && run_task(resolver, step_dest, &w, timeout_msecs);
	if (ok) {
		d->state = w.state == ODM_EXTDEST_OPEN ? ODM_EXTDEST_TEMPERROR : w.state;
		override = odm_extdest_override(w.check);
		if (override.len > 0)
			ok = (d->override = strndup(override.at, override.len)) != NULL;
	}
	odm_extdest_free(&w.check);
	return ok;
}

/* The record that gave the policy, as it was collected; NULL when it was hidden. */
static struct check_record *
policy_record(struct check_lookup *l)
{
	for (size_t i = 0; i < l->nrecords; i++)
		if (l->records[i].valid && strcmp(l->walk->steps[l->records[i].step].name,
		    l->verdict->policy_domain) == 0)
			return &l->records[i];
	return NULL;
}

/* A destination that does not agree is a finding about the record. */
static void
lint_dest(struct check_lookup *l, const struct check_dest *d)
{
	static const char *const names[] = {
		[ODM_REPORT_AGGREGATE] = "rua",
		[ODM_REPORT_FAILURE] = "ruf",
	};
	struct check_record *r = policy_record(l);
	char fix[RECORDLINT_FIX_MAX + 1] = "";
	size_t at;

	if (r == NULL || (d->state != ODM_EXTDEST_REFUSED && d->state != ODM_EXTDEST_TEMPERROR))
		return;
	at = (size_t)(d->uri.text.at - r->text.at);
	if (d->state == ODM_EXTDEST_REFUSED &&
	    snprintf(fix, sizeof(fix), "the TXT record v=DMARC1; at %s._report._dmarc.%s",
	    l->verdict->policy_domain, d->uri.host) >= (int)sizeof(fix))
		fix[0] = '\0';
	recordlint_add(&r->lint, d->state == ODM_EXTDEST_REFUSED ? RECORDLINT_DEST_REFUSED :
	    RECORDLINT_DEST_UNKNOWN, odm_span_str(names[d->kind]), at, d->uri.text.len,
	    fix[0] != '\0' ? fix : NULL);
}

/* Checks the destinations of one tag, at most ODM_URIS_MAX. */
static bool
check_dests(struct check_lookup *l, struct odm_span list, enum odm_report_kind kind,
    struct resolver *resolver, int64_t deadline)
{
	struct odm_uri uri;
	int64_t left;

	for (size_t n = 0; n < ODM_URIS_MAX && odm_uri_next(&list, &uri); n++) {
		struct check_dest *d = &l->dests[l->ndests];

		if (uri.malformed || uri.scheme == ODM_URI_OTHER)
			continue;
		*d = (struct check_dest){ .kind = kind, .uri = uri };
		l->ndests++;
		left = deadline - resolver_now();
		if (!check_dest(l, d, resolver, left > 0 ? left : 0))
			return false;
		lint_dest(l, d);
	}
	return true;
}

bool
check_lookup(struct check_lookup *l, struct resolver *resolver, const struct odm_psl *psl,
    bool by_list, const char *name, int64_t timeout_msecs)
{
	const struct odm_record *record;
	int64_t deadline;

	*l = (struct check_lookup){ .state = CHECK_INVALID, .by_list = by_list };
	if (!odm_domain_normalise(odm_domain_of_address(odm_span_str(name)), l->domain))
		return true;
	if (!look_up_policy(l, resolver, psl, timeout_msecs) || !collect_records(l, psl))
		return false;
	record = l->verdict->record;
	if (record == NULL)
		return true;
	deadline = resolver_now() + timeout_msecs;
	return check_dests(l, record->rua, ODM_REPORT_AGGREGATE, resolver, deadline) &&
	    (record->psd == ODM_PSD_YES ||
	    check_dests(l, record->ruf, ODM_REPORT_FAILURE, resolver, deadline));
}

void
check_lookup_clear(struct check_lookup *l)
{
	for (size_t i = 0; i < l->ndests; i++)
		free(l->dests[i].override);
	free(l->records);
	odm_eval_free(&l->eval);
	*l = (struct check_lookup){ .state = CHECK_INVALID };
}

size_t
check_lookup_count(const struct check_lookup *l, enum recordlint_severity least)
{
	size_t n = 0;

	for (size_t i = 0; i < l->nrecords; i++) {
		const struct check_record *r = &l->records[i];

		for (size_t k = 0; r->linted && k < r->lint.n; k++)
			n += recordlint_rule(r->lint.findings[k].code)->severity >= least;
	}
	return n;
}
