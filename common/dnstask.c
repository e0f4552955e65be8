/*
 * dnstask.c - a piece of work that needs DNS answers and must not wait for them.
 *
 * Locks: a task's lock is taken before the resolver's, never the other way: the
 * resolver calls back without its lock. Every question under way holds a
 * reference to the task, so that an answer that comes after dnstask_free()
 * finds a task, if only to let it go.
 */
#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "common/dnstask.h"

/* One question of a task and its answer, for the task's whole life. */
struct asked {
	struct asked	*next;
	struct dnstask	*task;
	enum dns_type	 type;
	struct dns_answer *answer;	/* NULL: under way */
	char		 name[];
};

struct dnstask {
	pthread_mutex_t	 lock;		/* protects all below but the fixed part */
	pthread_cond_t	 is_done;
	unsigned	 refs;		/* the owner's, and one for each question under way */
	struct asked	*questions;	/* newest first */
	size_t		 nquestions;
	bool		 done;		/* the step has returned DNSTASK_DONE */
	bool		 overdue;	/* the step runs for the last time */
	bool		 given_up;	/* dnstask_free() was called */
	/* Fixed. */
	struct resolver	*resolver;
	dnstask_step	*step;
	void		(*release)(void *arg);
	void		*arg;
};

/* What is said when there is no answer and there will be none. */
static const struct dns_answer failure = { .status = DNS_FAILED };

/* Unlocks the task and gives up one reference; the last one frees. */
static void
leave(struct dnstask *task)
{
	struct asked *q;
	bool last = --task->refs == 0;

	pthread_mutex_unlock(&task->lock);
	if (!last)
		return;
	while ((q = task->questions) != NULL) {
		task->questions = q->next;
		dns_answer_unref(&q->answer);
		free(q);
	}
	pthread_cond_destroy(&task->is_done);
	pthread_mutex_destroy(&task->lock);
	free(task);
}

/* Runs the step unless there is nothing left to do; under the lock. */
static void
run_step(struct dnstask *task)
{
	if (task->done || task->given_up)
		return;
	task->done = task->step(task, task->arg) == DNSTASK_DONE;
	if (task->done)
		pthread_cond_signal(&task->is_done);
}

/* The resolver's answer to one question, on its thread. */
static void
question_answered(void *arg, struct dns_answer *answer)
{
	struct asked *q = arg;
	struct dnstask *task = q->task;

	pthread_mutex_lock(&task->lock);
	q->answer = dns_answer_ref(answer);
	run_step(task);
	leave(task);
}

struct dnstask *
dnstask_start(struct resolver *r, dnstask_step *step, void (*release)(void *arg),
    void *arg)
{
	struct dnstask *task = calloc(1, sizeof(*task));
	pthread_condattr_t attr;

	if (task == NULL) {
		release(arg);
		return NULL;
	}
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&task->lock, NULL);
	pthread_cond_init(&task->is_done, &attr);
	pthread_condattr_destroy(&attr);
	task->refs = 1;
	task->resolver = r;
	task->step = step;
	task->release = release;
	task->arg = arg;

	pthread_mutex_lock(&task->lock);
	run_step(task);
	pthread_mutex_unlock(&task->lock);
	return task;
}

/* Adds a question to the task. NULL: too many, or out of memory. */
static struct asked *
add_question(struct dnstask *task, const char *name, enum dns_type type)
{
	size_t octets = strlen(name) + 1;
	struct asked *q;

	if (task->nquestions >= DNSTASK_QUESTIONS_MAX)
		return NULL;
	q = calloc(1, sizeof(*q) + octets);
	if (q == NULL)
		return NULL;
	q->task = task;
	q->type = type;
	memcpy(q->name, name, octets);
	q->next = task->questions;
	task->questions = q;
	task->nquestions++;
	return q;
}

const struct dns_answer *
dnstask_ask(struct dnstask *task, const char *name, enum dns_type type)
{
	struct asked *q;

	for (q = task->questions; q != NULL; q = q->next)
		if (q->type == type && strcasecmp(q->name, name) == 0)
			break;
	if (q == NULL && !task->overdue) {
		q = add_question(task, name, type);
		if (q == NULL)
			return &failure;
		/* The callback may run before this returns; it waits for our lock. */
		task->refs++;
		q->answer = resolver_ask(task->resolver, name, type, question_answered, q);
		if (q->answer != NULL)
			task->refs--;
	}
	if (q != NULL && q->answer != NULL)
		return q->answer;
	return task->overdue ? &failure : NULL;
}

bool
dnstask_overdue(const struct dnstask *task)
{
	return task->overdue;
}

void
dnstask_change(struct dnstask *task, void (*fn)(void *arg), void *arg)
{
	pthread_mutex_lock(&task->lock);
	fn(arg);
	run_step(task);
	pthread_mutex_unlock(&task->lock);
}

int64_t
dnstask_finish(struct dnstask *task, int64_t deadline)
{
	struct timespec until = { .tv_sec = (time_t)(deadline / 1000),
		.tv_nsec = (long)(deadline % 1000) * 1000000 };
	int64_t start = resolver_now();
	int error = 0;

	pthread_mutex_lock(&task->lock);
	while (!task->done && error == 0)
		error = pthread_cond_timedwait(&task->is_done, &task->lock, &until);
	if (!task->done) {
		task->overdue = true;
		run_step(task);
		assert(task->done);
	}
	pthread_mutex_unlock(&task->lock);
	return resolver_now() - start;
}

void
dnstask_free(struct dnstask **task)
{
	struct dnstask *t = *task;

	if (t == NULL)
		return;
	*task = NULL;
	pthread_mutex_lock(&t->lock);
	t->given_up = true;	/* no step runs now or later: nobody needs arg */
	pthread_mutex_unlock(&t->lock);
	t->release(t->arg);
	pthread_mutex_lock(&t->lock);
	leave(t);
}
