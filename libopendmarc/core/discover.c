/*
 * discover.c - policy discovery: where the record for an Author Domain is found.
 * RFC 9989, 4.10.1; RFC 7489, 6.6.3.
 */
#include <string.h>

#include "libopendmarc/core/eval_private.h"
#include "libopendmarc/core/policy.h"

static void
select_record(struct author *a, const struct odm_walk_step *step)
{
	a->verdict.record = &step->record;
	a->verdict.policy_domain = step->name;
}

/*
 * Policy discovery, 4.10.1: the record of the Author Domain itself, else of its
 * Organizational Domain, else of the public suffix above that.
 */
bool
odm_discover(struct odm_eval *e, struct author *a)
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
		odm_eval_decide(a, ODM_DMARC_TEMPERROR, REASON_LOOKUP_FAILED);
		return true;
	}

	if (step == NULL) {
		a->verdict.org_domain = odm_walk_orgdomain(&a->walk);
		step = odm_walk_record_at(&a->walk, a->verdict.org_domain);
		if (step == NULL)
			step = odm_walk_psd(&a->walk);
	}
	if (step == NULL) {
		odm_eval_decide(a, ODM_DMARC_NONE, REASON_NO_RECORD);
		return true;
	}
	select_record(a, step);
	if (!odm_policy_usable(a->verdict.record))
		odm_eval_decide(a, ODM_DMARC_PERMERROR, REASON_UNUSABLE);
	return true;
}

/*
 * Policy discovery of RFC 7489, 6.6.3: the Author Domain, and when there is nothing
 * its Organizational Domain. Several records end it at either name.
 */
bool
odm_discover_psl(struct odm_eval *e, struct author *a)
{
	const struct odm_walk_step *step = &a->walk.steps[0];
	enum odm_walk_state state;

	if (a->verdict.record != NULL)
		return true;

	state = odm_walk_first(&a->walk, e->questions);
	if (state == ODM_WALK_DONE && !step->found && !step->several) {
		state = odm_walk_run(&a->walk, e->questions, e->eager);
		step = &a->walk.steps[a->walk.nsteps - 1];
	}
	if (state == ODM_WALK_OPEN)
		return false;
	if (state == ODM_WALK_FAILED)
		odm_eval_decide(a, ODM_DMARC_TEMPERROR, REASON_LOOKUP_FAILED);
	else if (step->several)
		odm_eval_decide(a, ODM_DMARC_NONE, REASON_SEVERAL_RECORDS);
	else if (!step->found)
		odm_eval_decide(a, ODM_DMARC_NONE, REASON_NO_RECORD);
	else {
		select_record(a, step);
		if (!odm_policy_usable_7489(a->verdict.record))
			odm_eval_decide(a, ODM_DMARC_PERMERROR, REASON_UNUSABLE);
	}
	return true;
}
