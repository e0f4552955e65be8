/*
 * resolver_wait.c - a DNS question that a test sleeps for.
 */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "tests/unit/resolver_wait.h"

/* A question that a thread sleeps for; the last of the two who know it frees it. */
struct sleeper {
	pthread_mutex_t	 lock;
	pthread_cond_t	 woken;
	struct dns_answer *answer;	/* NULL: still under way */
	unsigned	 refs;
};

static struct sleeper *
sleeper_new(void)
{
	struct sleeper *s = calloc(1, sizeof(*s));
	pthread_condattr_t attr;

	if (s == NULL)
		return NULL;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->woken, &attr);
	pthread_condattr_destroy(&attr);
	s->refs = 2;
	return s;
}

/* Unlocks s and gives up one reference. */
static void
sleeper_leave(struct sleeper *s)
{
	bool last = --s->refs == 0;

	pthread_mutex_unlock(&s->lock);
	if (!last)
		return;
	dns_answer_unref(&s->answer);
	pthread_cond_destroy(&s->woken);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static void
sleeper_wake(void *arg, struct dns_answer *answer)
{
	struct sleeper *s = arg;

	pthread_mutex_lock(&s->lock);
	s->answer = dns_answer_ref(answer);
	pthread_cond_signal(&s->woken);
	sleeper_leave(s);
}

struct dns_answer *
resolver_wait(struct resolver *r, const char *name, enum dns_type type, int64_t deadline)
{
	struct timespec until = { .tv_sec = (time_t)(deadline / 1000),
		.tv_nsec = (long)(deadline % 1000) * 1000000 };
	struct sleeper *s = sleeper_new();
	struct dns_answer *answer;
	int error = 0;

	if (s == NULL)
		return NULL;
	answer = resolver_ask(r, name, type, sleeper_wake, s);
	pthread_mutex_lock(&s->lock);
	if (answer != NULL) {
		s->refs--;	/* nobody else will ever know s */
	} else {
		while (s->answer == NULL && error == 0)
			error = pthread_cond_timedwait(&s->woken, &s->lock, &until);
		answer = s->answer != NULL ? dns_answer_ref(s->answer) :
		    dns_answer_new(DNS_FAILED, 0);
	}
	sleeper_leave(s);
	return answer;
}
