/*
 * resolver.c - DNS questions on one thread of their own: what other threads see of it,
 * and its beginning and end. The thread is in resolver_thread.c.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/resolver_private.h"

#define LATE_MSECS	5000	/* a packet is still welcome so long after the deadline */
#define IN_FLIGHT_MAX	10000	/* different questions; some thousand messages at once */

int64_t
resolver_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int
resolver_question_order(const void *left, const void *right)
{
	const struct question *a = left, *b = right;

	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	return strcmp(a->name, b->name);
}

static void
wake_thread(struct resolver *r)
{
	/* A full pipe wakes as well; nothing else can go wrong. */
	if (!pthread_equal(pthread_self(), r->thread) && write(r->wake[1], "", 1) < 0)
		return;
}

/* The form of a valid name that questions have. */
static void
lower_name(const char *name, char key_r[ODM_NAME_MAX + 1])
{
	size_t i;

	for (i = 0; i < ODM_NAME_MAX && name[i] != '\0'; i++)
		key_r[i] = odm_lower(name[i]);
	if (i > 0 && key_r[i - 1] == '.')
		i--;
	key_r[i] = '\0';
}

/* The question in flight, or NULL; under the lock. */
static struct question *
find_question(struct resolver *r, const char *key, enum dns_type type)
{
	struct question wanted = { .type = type }, **node;

	memcpy(wanted.name, key, strlen(key) + 1);
	node = tfind(&wanted, &r->in_flight, resolver_question_order);
	return node == NULL ? NULL : *node;
}

/* Puts a question in flight; under the lock. NULL: no room. */
static struct question *
add_question(struct resolver *r, const char *key, enum dns_type type)
{
	struct question *q;

	if (r->nin_flight >= IN_FLIGHT_MAX || (q = calloc(1, sizeof(*q))) == NULL)
		return NULL;
	memcpy(q->name, key, strlen(key) + 1);
	q->type = type;
	STAILQ_INIT(&q->waiters);
	if (tsearch(q, &r->in_flight, resolver_question_order) == NULL) {
		free(q);
		return NULL;
	}
	r->nin_flight++;
	if (TAILQ_EMPTY(&r->fresh))
		wake_thread(r);
	TAILQ_INSERT_TAIL(&r->fresh, q, next);
	return q;
}

/* Joins the question in flight, or puts it there; under the lock. False: no room. */
static bool
wait_for(struct resolver *r, const char *key, enum dns_type type, resolver_done *done,
    void *arg)
{
	struct question *q;
	struct waiter *w;

	if (r->stop || (w = calloc(1, sizeof(*w))) == NULL)
		return false;
	q = find_question(r, key, type);
	if (q != NULL)
		r->counts.joined++;
	else if ((q = add_question(r, key, type)) == NULL) {
		free(w);
		return false;
	}
	*w = (struct waiter){ .done = done, .arg = arg };
	STAILQ_INSERT_TAIL(&q->waiters, w, next);
	return true;
}

struct dns_answer *
resolver_ask(struct resolver *r, const char *name, enum dns_type type,
    resolver_done *done, void *arg)
{
	unsigned char packet[DNSMSG_QUESTION_MAX];
	char key[ODM_NAME_MAX + 1];
	struct dns_answer *answer;

	if (dnsmsg_question(packet, 0, name, type, false) == 0) {
		answer = dns_answer_new(DNS_NXDOMAIN, 0);
		return answer != NULL ? answer : dns_answer_ref(r->failed);
	}
	lower_name(name, key);
	pthread_mutex_lock(&r->lock);
	r->counts.asked++;
	/* Under the lock, because an answer enters the cache before its question
	 * leaves the table: one of the two places always has it. */
	answer = dnscache_get(r->cache, key, type, resolver_now());
	if (answer != NULL) {
		r->counts.cache_hits++;
	} else if (!wait_for(r, key, type, done, arg)) {
		r->counts.failed++;
		answer = dns_answer_ref(r->failed);
	}
	pthread_mutex_unlock(&r->lock);
	return answer;
}

void
resolver_counts(struct resolver *r, struct resolver_counts *counts_r)
{
	pthread_mutex_lock(&r->lock);
	*counts_r = r->counts;
	pthread_mutex_unlock(&r->lock);
	dnscache_usage(r->cache, &counts_r->cache_entries, &counts_r->cache_octets);
}

/* Starts the thread with all signals blocked: they belong to the main program. */
static int
start_thread(struct resolver *r)
{
	sigset_t all, old;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	/* The new thread waits for the lock until r->thread is known. */
	pthread_mutex_lock(&r->lock);
	error = pthread_create(&r->thread, NULL, resolver_run, r);
	pthread_mutex_unlock(&r->lock);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return error;
}

/* Everything but the thread. */
static void
resolver_destroy(struct resolver *r)
{
	if (r->wake[0] >= 0)
		close(r->wake[0]);
	if (r->wake[1] >= 0)
		close(r->wake[1]);
	exchange_free(&r->exchange);
	dnscache_free(&r->cache);
	dns_answer_unref(&r->failed);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

/* 0 or an error of errno. */
static int
make_parts(struct resolver *r)
{
	r->cache = dnscache_new(DNSCACHE_ENTRIES_MAX, DNSCACHE_OCTETS_MAX);
	r->failed = dns_answer_new(DNS_FAILED, 0);
	if (r->cache == NULL || r->failed == NULL)
		return ENOMEM;
	return pipe2(r->wake, O_NONBLOCK | O_CLOEXEC) == 0 ? 0 : errno;
}

struct resolver *
resolver_new(const struct conf_list *nameservers, int timeout_secs, char *why,
    size_t why_size)
{
	struct resolver *r = calloc(1, sizeof(*r));
	int error;

	assert(timeout_secs > 0);
	if (r == NULL || pthread_mutex_init(&r->lock, NULL) != 0) {
		snprintf(why, why_size, "%s", strerror(ENOMEM));
		free(r);
		return NULL;
	}
	atomic_init(&r->refs, 1);
	TAILQ_INIT(&r->fresh);
	TAILQ_INIT(&r->open);
	r->next_event = INT64_MAX;
	r->timeout_msecs = (int64_t)timeout_secs * 1000;
	r->wake[0] = r->wake[1] = -1;
	error = make_parts(r);
	if (error == 0) {
		r->exchange = exchange_new(nameservers, timeout_secs * 1000 + LATE_MSECS,
		    resolver_packet_done, r, why, why_size);
		if (r->exchange != NULL) {
			r->nservers = (unsigned)exchange_servers(r->exchange);
			error = start_thread(r);
			if (error == 0)
				return r;
		}
	}
	if (error != 0)
		snprintf(why, why_size, "%s", strerror(error));
	resolver_destroy(r);
	return NULL;
}

struct resolver *
resolver_ref(struct resolver *r)
{
	atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed);
	return r;
}

void
resolver_free(struct resolver **r)
{
	struct resolver *mine = *r;

	*r = NULL;
	if (mine == NULL ||
	    atomic_fetch_sub_explicit(&mine->refs, 1, memory_order_acq_rel) > 1)
		return;
	assert(!pthread_equal(pthread_self(), mine->thread));
	pthread_mutex_lock(&mine->lock);
	mine->stop = true;
	pthread_mutex_unlock(&mine->lock);
	wake_thread(mine);
	pthread_join(mine->thread, NULL);
	resolver_destroy(mine);
}
