/*
 * walk.c - the DNS Tree Walk: which names to ask, when to stop, and what follows
 * for the Organizational Domain. RFC 9989, 4.10.
 * Answers are looked at in the order of the names, whatever order they come in,
 * so a walk ends the same way whether names were asked singly or all at once.
 */
#include <assert.h>
#include <string.h>

#include "libopendmarc/base/domain.h"
#include "libopendmarc/core/walk.h"

#define PREFIX	"_dmarc."

static void
add_step(struct odm_walk *w, const char *name)
{
	struct odm_walk_step *step = &w->steps[w->nsteps++];

	step->name = name;
	step->question = -1;
	step->seen = step->found = step->several = false;
}

static void
init(struct odm_walk *w, const char *subject)
{
	size_t len = strlen(subject);

	assert(len > 0 && len <= ODM_NAME_MAX);

	memcpy(w->subject, subject, len + 1);
	w->nsteps = 0;
	w->nseen = 0;
	w->state = ODM_WALK_OPEN;
}

/* The subject, then its last seven labels or fewer, down to one. Steps 1, 3, 7, 8. */
void
odm_walk_init(struct odm_walk *w, const char *subject)
{
	const char *at;
	size_t labels;

	init(w, subject);
	at = w->subject;
	for (labels = odm_domain_labels(at); labels > 0; labels--) {
		if (at == w->subject || labels < ODM_WALK_MAX)
			add_step(w, at);
		if (labels > 1)
			at = strchr(at, '.') + 1;
	}
}

void
odm_walk_init_pair(struct odm_walk *w, const char *subject, const char *last)
{
	const char *suffix;

	init(w, subject);
	suffix = odm_domain_suffix(w->subject, odm_domain_labels(last));
	assert(strcmp(suffix, last) == 0);
	add_step(w, w->subject);
	if (suffix != w->subject)
		add_step(w, suffix);
}

/* True when _dmarc.NAME does not fit into the DNS: there can be no record. */
static bool
too_long(const struct odm_walk_step *step)
{
	return strlen(step->name) + strlen(PREFIX) > ODM_NAME_MAX;
}

/* Makes sure the step is asked. False when the question cannot be put. */
static bool
ask_step(struct odm_walk_step *step, struct odm_questions *qs)
{
	char name[sizeof(PREFIX) + ODM_NAME_MAX] = PREFIX;

	if (step->question >= 0 || too_long(step))
		return true;
	memcpy(name + strlen(PREFIX), step->name, strlen(step->name) + 1);
	step->question = odm_questions_ask(qs, ODM_QUESTION_TXT, name);
	return step->question >= 0;
}

/* Steps 2 to 4: what is no DMARC record is dropped, several drop each other. */
static void
read_records(struct odm_walk_step *step, const struct odm_answer *answer)
{
	struct odm_record record;
	size_t i;

	for (i = 0; i < answer->ntxt; i++) {
		if (!odm_record_parse(answer->txt[i], &record))
			continue;
		if (step->found) {
			step->found = false;
			step->several = true;
			return;
		}
		step->found = true;
		step->record = record;
	}
}

/* Looks at the next step of an open walk. False while its answer is missing. */
static bool
look_at_next(struct odm_walk *w, struct odm_questions *qs)
{
	struct odm_walk_step *step = &w->steps[w->nseen];
	const struct odm_answer *answer;

	if (!ask_step(step, qs)) {
		w->state = ODM_WALK_FAILED;
		return true;
	}
	if (step->question >= 0) {
		answer = odm_questions_answer(qs, step->question);
		if (answer == NULL)
			return false;
		if (answer->status == ODM_ANSWER_FAILURE) {
			w->state = ODM_WALK_FAILED;
			return true;
		}
		read_records(step, answer);
	}
	step->seen = true;
	w->nseen++;
	if (w->nseen == w->nsteps || (step->found && step->record.psd != ODM_PSD_UNKNOWN))
		w->state = ODM_WALK_DONE;
	return true;
}

enum odm_walk_state
odm_walk_run(struct odm_walk *w, struct odm_questions *qs, bool eager)
{
	size_t i;

	/* A name that cannot be asked matters only when its turn comes. */
	for (i = w->nseen; eager && w->state == ODM_WALK_OPEN && i < w->nsteps; i++)
		(void)ask_step(&w->steps[i], qs);
	while (w->state == ODM_WALK_OPEN && look_at_next(w, qs))
		;
	return w->state;
}

enum odm_walk_state
odm_walk_first(struct odm_walk *w, struct odm_questions *qs)
{
	if (w->nseen == 0 && w->state == ODM_WALK_OPEN)
		(void)look_at_next(w, qs);
	return w->nseen > 0 ? ODM_WALK_DONE : w->state;
}

const char *
odm_walk_orgdomain(const struct odm_walk *w)
{
	const char *org = w->subject;
	size_t i;

	assert(w->state == ODM_WALK_DONE);

	/* Rules 1 and 2: only the last step seen can have a psd that decides. */
	for (i = 0; i < w->nseen; i++) {
		const struct odm_walk_step *step = &w->steps[i];

		if (!step->found)
			continue;
		if (step->record.psd == ODM_PSD_YES && i > 0)
			return odm_domain_suffix(w->subject, odm_domain_labels(step->name) + 1);
		/* Rule 1, or rule 3 so far: the record with the fewest labels. */
		org = step->name;
	}
	return org;
}

const struct odm_walk_step *
odm_walk_record_at(const struct odm_walk *w, const char *name)
{
	size_t i;

	for (i = 0; i < w->nseen; i++)
		if (w->steps[i].found && strcmp(w->steps[i].name, name) == 0)
			return &w->steps[i];
	return NULL;
}

const struct odm_walk_step *
odm_walk_psd(const struct odm_walk *w)
{
	const struct odm_walk_step *last;

	if (w->state != ODM_WALK_DONE || w->nseen < 2)
		return NULL;
	last = &w->steps[w->nseen - 1];
	return last->found && last->record.psd == ODM_PSD_YES ? last : NULL;
}
