/*
 * walk.h - the DNS Tree Walk and the Organizational Domain. RFC 9989, 4.10.
 */
#ifndef ODM_CORE_WALK_H
#define ODM_CORE_WALK_H

#include <stdbool.h>
#include <stddef.h>

#include "libopendmarc/base/limits.h"
#include "libopendmarc/core/questions.h"
#include "libopendmarc/parse/record.h"

struct odm_walk_step {
	const char	*name;		/* inside subject; asked at _dmarc.NAME */
	int		 question;	/* id; -1 not asked: the name is too long for the DNS */
	bool		 seen;		/* the answer has been looked at */
	bool		 found;		/* exactly one DMARC record here */
	bool		 several;	/* more than one: all discarded */
	struct odm_record record;	/* valid when found; spans owned by the questions */
};

enum odm_walk_state {
	ODM_WALK_OPEN,		/* waits for answers */
	ODM_WALK_DONE,
	ODM_WALK_FAILED		/* a needed answer was a failure: temperror */
};

struct odm_walk {
	char		subject[ODM_NAME_MAX + 1];	/* A-labels, lower case */
	struct odm_walk_step steps[ODM_WALK_MAX];	/* subject first, shorter suffixes after */
	size_t		nsteps;
	size_t		nseen;		/* steps whose answers were needed, in order */
	enum odm_walk_state state;
};

/* Prepares a walk from subject, a normalised name. Asks nothing yet. */
void odm_walk_init(struct odm_walk *w, const char *subject);

/*
 * Prepares a "walk" of two names, subject and its suffix last (of one name when they
 * are equal): the two lookups of RFC 7489, 6.6.3. Only the steps mean anything then.
 */
void odm_walk_init_pair(struct odm_walk *w, const char *subject, const char *last);

/*
 * Goes on as far as the answers allow and asks for what is missing: one name
 * at a time, or with eager all names at once (more questions, one round trip).
 * The result is the same. FAILED also when a question could not be added.
 */
enum odm_walk_state odm_walk_run(struct odm_walk *w, struct odm_questions *qs,
    bool eager);

/*
 * The first step alone: ODM_WALK_DONE once _dmarc.SUBJECT is answered, without
 * asking further names. Enough for policy discovery at the Author Domain.
 */
enum odm_walk_state odm_walk_first(struct odm_walk *w, struct odm_questions *qs);

/* The Organizational Domain of a walk that is DONE; points into w. 4.10.2. */
const char *odm_walk_orgdomain(const struct odm_walk *w);

/* The step whose name is name and where a record was found; NULL for none. */
const struct odm_walk_step *odm_walk_record_at(const struct odm_walk *w,
    const char *name);

/* The psd=y step that ended a DONE walk above its subject; NULL for none. */
const struct odm_walk_step *odm_walk_psd(const struct odm_walk *w);

#endif
