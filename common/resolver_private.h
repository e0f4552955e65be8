/*
 * resolver_private.h - the resolver as its thread and the others share it.
 */
#ifndef COMMON_RESOLVER_PRIVATE_H
#define COMMON_RESOLVER_PRIVATE_H

#include <sys/queue.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/dnscache.h"
#include "common/exchange.h"
#include "common/resolver.h"

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

/* The order of in_flight: by type and name. */
int resolver_question_order(const void *left, const void *right);

/* The thread; arg is the resolver. */
void *resolver_run(void *arg);

/* Takes a packet that exchange.c gives back; context is the resolver, arg the question. */
void resolver_packet_done(void *context, void *arg, size_t server,
    enum exchange_outcome outcome, struct dns_answer *answer);

#endif
