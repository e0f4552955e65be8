/*
 * resolver_thread.c - the thread that asks. RFC 1035, 7; RFC 5452.
 *
 * exchange.c carries packets; which server is asked when is decided here. A server
 * that stays silent for a second costs that second, the one that answered last is
 * asked first, and a late answer is still welcome, in the cache at least.
 */
#include <search.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/resolver_private.h"

#define TRY_MSECS	1000	/* a server may be silent so long before the next is asked */
#define BACKOFF_MAX	5	/* doublings of that, one for each full round of servers */

/* Only memory; the last one who needs q calls it. */
static void
question_release(struct question *q)
{
	if (q->answered && q->under_way == 0)
		free(q);
}

static void
send_packet(struct resolver *r, struct question *q, size_t server, bool edns)
{
	/* Without memory it is as if the packet was lost. */
	if (!exchange_send(r->exchange, server, q->name, q->type, edns, q))
		return;
	q->under_way++;
	pthread_mutex_lock(&r->lock);
	r->counts.sent++;
	pthread_mutex_unlock(&r->lock);
}

/* Asks the next server that has not refused, and notes when to try again. */
static void
try_next(struct resolver *r, struct question *q, int64_t now)
{
	unsigned round = q->tries / r->nservers, skipped;

	for (skipped = 0; skipped < r->nservers; skipped++) {
		size_t server = (q->first + q->tries++) % r->nservers;

		if ((q->refused & 1u << server) != 0)
			continue;
		/* Some firewalls drop what they do not know: RFC 6891, 6.2.5. */
		send_packet(r, q, server, round == 0);
		break;
	}
	q->next_try = now + ((int64_t)TRY_MSECS << (round < BACKOFF_MAX ? round : BACKOFF_MAX));
	if (q->next_try < r->next_event)
		r->next_event = q->next_try;
}

/* Ends the question for everybody who waits. */
static void
answer_question(struct resolver *r, struct question *q, struct dns_answer *answer)
{
	struct waiter_list waiters = STAILQ_HEAD_INITIALIZER(waiters);
	struct waiter *w;

	if (!r->closing)
		dnscache_put(r->cache, q->name, q->type, answer, resolver_now());
	pthread_mutex_lock(&r->lock);
	(void)tdelete(q, &r->in_flight, resolver_question_order);
	r->nin_flight--;
	if (answer->status == DNS_FAILED && !r->closing)
		*(q->expired ? &r->counts.overdue : &r->counts.failed) += 1;
	STAILQ_CONCAT(&waiters, &q->waiters);
	pthread_mutex_unlock(&r->lock);

	TAILQ_REMOVE(&r->open, q, next);
	q->answered = true;
	while ((w = STAILQ_FIRST(&waiters)) != NULL) {
		STAILQ_REMOVE_HEAD(&waiters, next);
		w->done(w->arg, answer);
		free(w);
	}
	question_release(q);
}

/* A server had nothing to offer: is there another, or is that the answer? */
static void
packet_failed(struct resolver *r, struct question *q, size_t server,
    enum exchange_outcome outcome)
{
	if (outcome == EXCHANGE_REFUSED)
		q->refused |= 1u << server;
	if (q->refused == (1u << r->nservers) - 1)
		answer_question(r, q, r->failed);
	else if (outcome == EXCHANGE_REFUSED ||
	    (outcome == EXCHANGE_UNREACHABLE && q->tries % r->nservers != 0))
		try_next(r, q, resolver_now());
	/* Otherwise the packet is lost or nobody listens: the next try has its time. */
}

void
resolver_packet_done(void *context, void *arg, size_t server, enum exchange_outcome outcome,
    struct dns_answer *answer)
{
	struct resolver *r = context;
	struct question *q = arg;

	if (r->closing) {
		/* Everything open is answered later, in one place. */
	} else if (!q->answered && answer != NULL) {
		r->preferred = server;
		answer_question(r, q, answer);
	} else if (!q->answered) {
		packet_failed(r, q, server, outcome);
	} else if (q->expired && answer != NULL) {
		dnscache_put(r->cache, q->name, q->type, answer, resolver_now());
	}
	q->under_way--;
	question_release(q);
}

/* Deadlines and next tries. */
static void
run_timers(struct resolver *r, int64_t now)
{
	struct question *q, *following;

	if (now < r->next_event)
		return;
	r->next_event = INT64_MAX;
	for (q = TAILQ_FIRST(&r->open); q != NULL; q = following) {
		following = TAILQ_NEXT(q, next);
		if (q->deadline <= now) {
			q->expired = true;
			answer_question(r, q, r->failed);
			continue;
		}
		if (q->next_try <= now)
			try_next(r, q, now);
		if (q->next_try < r->next_event)
			r->next_event = q->next_try;
		if (q->deadline < r->next_event)
			r->next_event = q->deadline;
	}
}

/* Takes over what was asked since the last time. False: it is time to stop. */
static bool
take_fresh(struct resolver *r)
{
	struct question_list fresh = TAILQ_HEAD_INITIALIZER(fresh);
	struct question *q;
	int64_t now = resolver_now();
	bool stop;

	pthread_mutex_lock(&r->lock);
	TAILQ_CONCAT(&fresh, &r->fresh, next);
	stop = r->stop;
	pthread_mutex_unlock(&r->lock);
	while ((q = TAILQ_FIRST(&fresh)) != NULL) {
		TAILQ_REMOVE(&fresh, q, next);
		TAILQ_INSERT_TAIL(&r->open, q, next);
		q->first = r->preferred;
		q->deadline = now + r->timeout_msecs;
		if (q->deadline < r->next_event)
			r->next_event = q->deadline;
		if (!stop)
			try_next(r, q, now);
	}
	return !stop;
}

/* Milliseconds until a question wants care. */
static int
patience(const struct resolver *r)
{
	int64_t msecs = r->next_event - resolver_now();

	return msecs < 0 ? 0 : msecs > 60000 ? 60000 : (int)msecs;
}

static void
empty_pipe(int fd)
{
	unsigned char octets[64];

	while (read(fd, octets, sizeof(octets)) > 0)
		;
}

void *
resolver_run(void *arg)
{
	struct resolver *r = arg;
	struct question *q;

	for (;;) {
		/* Callbacks ask further questions without waking us: take_fresh() comes after
		 * everything that calls them and right before the sleep in exchange_run(). */
		run_timers(r, resolver_now());
		if (!take_fresh(r))
			break;
		exchange_run(r->exchange, r->wake[0], patience(r));
		empty_pipe(r->wake[0]);
	}
	/* Nobody can add a question once stop is set: what is here is all. */
	r->closing = true;
	exchange_free(&r->exchange);
	while ((q = TAILQ_FIRST(&r->open)) != NULL)
		answer_question(r, q, r->failed);
	return NULL;
}
