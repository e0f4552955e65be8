/*
 * dmarctask.h - carries the questions of a library state machine (eval.h,
 * extdest.h) to the resolver and the answers back.
 */
#ifndef COMMON_DMARCTASK_H
#define COMMON_DMARCTASK_H

#include "common/dnstask.h"
#include "common/testzone.h"
#include "libopendmarc/core/questions.h"

/*
 * For the step function of a task: asks every open question of qs that the
 * task has not asked, feeds every answer at hand. True when at least one was
 * fed: let the state machine go on, then call again.
 * A TXT question is asked as TXT, an EXISTS question as A. Where zone (NULL: none) has
 * records, it answers all of them and nothing is asked.
 */
bool dmarctask_carry(struct dnstask *task, struct odm_questions *qs,
    const struct testzone *zone);

#endif
