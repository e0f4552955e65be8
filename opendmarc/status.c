/*
 * status.c - what the daemon counts of its work.
 */
#include <string.h>
#include <time.h>

#include "libopendmarc/base/nametab.h"
#include "opendmarc/status.h"

static const struct odm_name outcomes[] = {
	{ DMF_OUTCOME_NONE,		"none" },
	{ DMF_OUTCOME_QUARANTINE,	"quarantine" },
	{ DMF_OUTCOME_REJECT,		"reject" },
	{ DMF_OUTCOME_TEMPFAIL,		"tempfail" },
};

/* The bits of zero are the number zero, in atomic objects of every compiler in use. */
void
dmf_status_init(struct dmf_status *s)
{
	memset(s, 0, sizeof(*s));
}

const char *
dmf_status_outcome_word(enum dmf_outcome outcome)
{
	return odm_name_of(outcomes, COUNT(outcomes), (int)outcome);
}

static enum dmf_outcome
outcome_of(const char *disposition)
{
	int outcome = DMF_OUTCOME_NONE;

	(void)odm_name_value(outcomes, COUNT(outcomes), odm_span_str(disposition), &outcome);
	return (enum dmf_outcome)outcome;
}

enum dmf_outcome
dmf_status_outcome(const struct dmf_decision *d)
{
	return d->action == DMF_ACTION_TEMPFAIL ? DMF_OUTCOME_TEMPFAIL :
	    outcome_of(d->disposition);
}

static void
observe(struct dmf_histogram *h, int64_t usecs)
{
	static const int64_t bounds[] = DMF_BUCKETS;
	size_t i;

	_Static_assert(COUNT(bounds) + 1 == DMF_NBUCKETS, "one bucket has no bound");
	for (i = 0; i < COUNT(bounds) && usecs > bounds[i]; i++)
		;
	dmf_count(&h->buckets[i]);
	if (usecs > 0)
		atomic_fetch_add_explicit(&h->usecs, (unsigned long long)usecs,
		    memory_order_relaxed);
}

void
dmf_status_message(struct dmf_status *s, const struct dmf_decision *d, int64_t end_usecs,
    int64_t dns_usecs)
{
	size_t i;

	dmf_count(&s->messages[d->result][dmf_status_outcome(d)]);
	dmf_count(&s->would[outcome_of(d->would)]);
	for (i = 0; i < d->nreasons; i++)
		dmf_count(&s->overrides[d->reasons[i].type]);
	observe(&s->end, end_usecs);
	observe(&s->dns, dns_usecs);
}

int64_t
dmf_status_clock(void)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}
