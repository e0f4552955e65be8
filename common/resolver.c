/*
 * resolver.c - DNS questions on one thread of their own. RFC 1035, 7; RFC 5452.
 *
 * exchange.c carries packets; which server is asked when is decided here. A server
 * that stays silent for a second costs that second, the one that answered last is
 * asked first, and a late answer is still welcome, in the cache at least.
 */
#include <sys/queue.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <search.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/dnscache.h"
#include "common/exchange.h"
#include "common/resolver.h"

#define TRY_MSECS	1000	/* a server may be silent so long before the next is asked */
#define LATE_MSECS	5000	/* a packet is still welcome so long after the deadline */
#define BACKOFF_MAX	5	/* doublings of that, one for each full round of servers */
#define IN_FLIGHT_MAX	10000	/* different questions; some thousand messages at once */

struct waiter {
	STAILQ_ENTRY(waiter) next;
	resolver_done	*done;
	void		*arg;
};
STAILQ_HEAD(waiter_list, waiter);

/* Asked at most once at a time, however many wait for it. */
struct question {
	TAILQ_ENTRY(question) next;	/* in fresh (under the lock) or open */
	struct waiter_list waiters;	/* under the lock, until answered */
	char		 name[ODM_NAME_MAX + 1];	/* lower case, no final dot */
	enum dns_type	 type;
	/* The resolver thread alone. */
	int64_t		 deadline, next_try;
	size_t		 first;		/* server of the first packet */
	unsigned	 tries;
	unsigned	 refused;	/* bit i: server i had nothing usable to say */
	unsigned	 under_way;	/* packets that exchange.c has not given back */
	bool		 answered;	/* in no list and tree any more */
	bool		 expired;	/* answered with a failure by its deadline */
};
TAILQ_HEAD(question_list, question);

struct resolver {
	/* Fixed while the thread runs. */
	int64_t		 timeout_msecs;
	unsigned	 nservers;
	int		 wake[2];	/* a pipe: an octet ends the thread's poll */
	struct dnscache	*cache;
	struct dns_answer *failed;	/* the one failure that everybody gets */
	pthread_t	 thread;

	atomic_uint	 refs;		/* owners */
	pthread_mutex_t	 lock;		/* protects the following */
	void		*in_flight;	/* of tsearch(): questions fresh and open */
	size_t		 nin_flight;
	struct question_list fresh;	/* not seen by the thread yet */
	bool		 stop;
	struct resolver_counts counts;	/* but the two of the cache */

	/* The resolver thread alone. */
	struct exchange	*exchange;
	size_t		 preferred;	/* the server that answered last */
	struct question_list open;
	int64_t		 next_event;	/* no question wants care before */
	bool		 closing;
};

int64_t
resolver_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int
question_order(const void *left, const void *right)
{
	const struct question *a = left, *b = right;

	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	return strcmp(a->name, b->name);
}

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
	(void)tdelete(q, &r->in_flight, question_order);
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

/* exchange.c gives a packet back. */
static void
packet_done(void *context, void *arg, size_t server, enum exchange_outcome outcome,
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

static void *
run(void *arg)
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
	node = tfind(&wanted, &r->in_flight, question_order);
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
	if (tsearch(q, &r->in_flight, question_order) == NULL) {
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
	error = pthread_create(&r->thread, NULL, run, r);
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
		    packet_done, r, why, why_size);
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
