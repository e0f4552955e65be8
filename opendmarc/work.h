/*
 * work.h - what is going on in the callbacks, so that a stop can wait for it.
 * A message is in work from MAIL to its end or abort; a callback is inside while
 * it runs. Safe from any thread.
 */
#ifndef OPENDMARC_WORK_H
#define OPENDMARC_WORK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct dmf_work {
	atomic_int	 messages;	/* those that a stop waits for */
	atomic_bool	 stopping;	/* messages that begin now are not waited for */
	atomic_bool	 closed;
	pthread_rwlock_t gate;		/* callbacks read-lock it, the end write-locks it */
};

#define DMF_WORK_INITIALIZER	{ 0, false, false, PTHREAD_RWLOCK_INITIALIZER }

/*
 * A message begins. True when a stop will wait for it: dmf_work_message_end()
 * wants to know. After a stop was asked for, busy connections must not hold it up
 * with one message after another.
 */
bool dmf_work_message_begin(struct dmf_work *w);

/* Its end; waited is what the begin returned. */
void dmf_work_message_end(struct dmf_work *w, bool waited);

/* A callback begins: false once the end has come, the callback must then touch nothing. */
bool dmf_work_enter(struct dmf_work *w);

/* The end of a callback that dmf_work_enter() let in. */
void dmf_work_leave(struct dmf_work *w);

/* Waits until no message that began before is in work, at most so many seconds. */
void dmf_work_drain(struct dmf_work *w, int secs);

/* Lets no further callback in, and waits for those that are inside. */
void dmf_work_close(struct dmf_work *w);

#endif
