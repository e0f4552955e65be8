/*
 * dnstask.h - a piece of work that needs DNS answers and must not wait for them.
 *
 * A task is a step function that can be run again and again: it asks through
 * dnstask_ask(), gets what is known, and returns DNSTASK_WAITS when something it
 * needs is still under way. It is run at once by dnstask_start() in the caller's
 * thread (with a warm cache it ends there), then on the resolver thread whenever
 * an answer arrives. The answers a task has seen stay the same for its whole life.
 */
#ifndef COMMON_DNSTASK_H
#define COMMON_DNSTASK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/resolver.h"

/* Different questions of one task; an SPF check asks at most about 120. */
#define DNSTASK_QUESTIONS_MAX	512

enum dnstask_state {
	DNSTASK_WAITS,
	DNSTASK_DONE
};

struct dnstask;

typedef enum dnstask_state dnstask_step(struct dnstask *task, void *arg);

/*
 * Creates a task and runs its first step. step runs under the task's lock,
 * one thread at a time; arg must stay valid until release() has been called on
 * it, which happens when the last user of the task is gone (never before
 * dnstask_free()). NULL: out of memory, and release has been called.
 */
struct dnstask *dnstask_start(struct resolver *r, dnstask_step *step,
    void (*release)(void *arg), void *arg);

/*
 * For step functions: the answer to a question, borrowed for the task's life;
 * NULL while it is under way. When the task is over its time, or asks more than
 * DNSTASK_QUESTIONS_MAX, or memory is short: a DNS_FAILED answer, never NULL.
 */
const struct dns_answer *dnstask_ask(struct dnstask *task, const char *name,
    enum dns_type type);

/* True while the step runs for the last time: every open question has failed. */
bool dnstask_overdue(const struct dnstask *task);

/*
 * Runs fn(arg) under the task's lock, then the step again unless it was done:
 * the way to give a running task new facts.
 */
void dnstask_change(struct dnstask *task, void (*fn)(void *arg), void *arg);

/*
 * Waits until the task is done, at most until deadline; then fails its open
 * questions and runs the step a last time, which must return DNSTASK_DONE.
 * Returns the milliseconds spent waiting. Afterwards the step never runs again
 * and arg belongs to the caller's thread until dnstask_free().
 */
int64_t dnstask_finish(struct dnstask *task, int64_t deadline);

/* Gives the task up and clears *task; may be NULL. Needs no finish before it. */
void dnstask_free(struct dnstask **task);

#endif
