/*
 * work.c - what is going on in the callbacks, so that a stop can wait for it.
 */
#include "config.h"

#include <time.h>

#include "opendmarc/work.h"

/* Between two looks at the count. Stops are rare; a condition variable is not worth it. */
#define LOOK_MSECS	20

bool
dmf_work_enter(struct dmf_work *w)
{
	/* The flag keeps a stream of callbacks from holding the end up. */
	return !atomic_load(&w->closed) && pthread_rwlock_tryrdlock(&w->gate) == 0;
}

void
dmf_work_leave(struct dmf_work *w)
{
	pthread_rwlock_unlock(&w->gate);
}

bool
dmf_work_message_begin(struct dmf_work *w)
{
	if (atomic_load(&w->stopping))
		return false;
	atomic_fetch_add(&w->messages, 1);
	return true;
}

void
dmf_work_message_end(struct dmf_work *w, bool waited)
{
	if (waited)
		atomic_fetch_sub(&w->messages, 1);
}

void
dmf_work_drain(struct dmf_work *w, int secs)
{
	const struct timespec pause = { 0, LOOK_MSECS * 1000000L };

	atomic_store(&w->stopping, true);
	for (int looks = secs * (1000 / LOOK_MSECS); looks > 0; looks--) {
		if (atomic_load(&w->messages) == 0)
			return;
		nanosleep(&pause, NULL);
	}
}

void
dmf_work_close(struct dmf_work *w)
{
	atomic_store(&w->closed, true);
	pthread_rwlock_wrlock(&w->gate);
}
