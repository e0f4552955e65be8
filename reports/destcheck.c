/*
 * destcheck.c - one DNS task for each destination, all under way together. RFC 9990, 4.
 */
#include "common/dmarctask.h"
#include "reports/destcheck.h"

struct check {
	struct odm_extdest_check *machine;
	enum odm_extdest	  outcome;
	struct dnstask		 *task;
};

static enum dnstask_state
step(struct dnstask *task, void *arg)
{
	struct check *c = arg;

	do {
		c->outcome = odm_extdest_run(c->machine);
		if (c->outcome != ODM_EXTDEST_OPEN)
			return DNSTASK_DONE;
	} while (dmarctask_carry(task, odm_extdest_questions(c->machine), NULL));
	return dnstask_overdue(task) ? DNSTASK_DONE : DNSTASK_WAITS;
}

/* The check outlives its task: it is a member of an array of the caller. */
static void
release(void *arg)
{
	(void)arg;
}

static int
start(struct check *c, struct resolver *resolver, const char *policy_domain, const char *host,
    enum odm_report_kind kind)
{
	c->machine = odm_extdest_new(policy_domain, host, kind);
	if (c->machine == NULL)
		return -1;
	c->outcome = ODM_EXTDEST_OPEN;
	c->task = dnstask_start(resolver, step, release, c);
	return c->task == NULL ? -1 : 0;
}

int
report_dests_check(struct report_dests *d, struct resolver *resolver,
    const char *policy_domain, enum odm_report_kind kind, int64_t timeout_ms)
{
	struct check checks[REPORT_DESTS_MAX] = { { 0 } };
	int64_t deadline = resolver_now() + timeout_ms;
	size_t n = d->n, i;
	int result = 0;

	for (i = 0; i < n && result == 0; i++)
		if (d->list[i].state == REPORT_DEST_UNCHECKED)
			result = start(&checks[i], resolver, policy_domain, d->list[i].host,
			    kind);
	for (i = 0; i < n; i++) {
		if (checks[i].task == NULL)
			continue;
		(void)dnstask_finish(checks[i].task, deadline);
		if (result == 0)
			report_dests_settle(d, i, checks[i].outcome,
			    odm_extdest_override(checks[i].machine));
	}
	for (i = 0; i < n; i++) {
		dnstask_free(&checks[i].task);
		odm_extdest_free(&checks[i].machine);
	}
	return result;
}
