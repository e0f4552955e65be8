/*
 * store_change.c - transactions, and a change that is run again while that may help.
 */
#include <assert.h>
#include <string.h>
#include <time.h>

#include "db/store_change.h"

/*
 * A change is run this often; the pauses between grow to some seconds in all, which is
 * longer than another program's transaction and shorter than a person's patience.
 */
#define ATTEMPTS	7
#define FIRST_PAUSE_MSECS	50

int
store_begin(struct store *st)
{
	assert(!st->in_transaction);
	if (st->ops->begin(st) != 0)
		return -1;
	st->in_transaction = true;
	st->spoiled = false;
	return 0;
}

/*
 * Rolls back and keeps the reason of what failed before. After a transaction that ended
 * under us nothing is as expected, whatever the reason says.
 */
static void
undo(struct store *st)
{
	char reason[sizeof(st->error)];
	bool again = st->again, refused = st->refused;

	memcpy(reason, st->error, sizeof(reason));
	if (!again && st->ops->ended != NULL && st->ops->ended(st)) {
		again = true;
		refused = false;
	}
	store_rollback(st);
	memcpy(st->error, reason, sizeof(reason));
	st->again = again;
	st->refused = refused;
}

int
store_commit(struct store *st)
{
	assert(st->in_transaction);
	if (st->spoiled) {
		store_rollback(st);
		return store_fail(st, "not committed: something in the transaction failed");
	}
	if (st->ops->commit(st) != 0) {
		undo(st);
		return -1;
	}
	st->in_transaction = false;
	return 0;
}

void
store_rollback(struct store *st)
{
	if (!st->in_transaction)
		return;
	st->ops->rollback(st);
	st->in_transaction = false;
}

/* Waits before the next attempt; false when there is none. */
static bool
change_pause(struct store_change *c)
{
	struct timespec pause;
	long msecs = FIRST_PAUSE_MSECS << c->attempts;

	if (!c->st->again || ++c->attempts >= ATTEMPTS)
		return false;
	/* Two programs that met once shall not meet again. */
	(void)clock_gettime(CLOCK_MONOTONIC, &pause);
	msecs += pause.tv_nsec / 1000 % msecs;
	pause = (struct timespec){ msecs / 1000, msecs % 1000 * 1000000 };
	(void)nanosleep(&pause, NULL);
	return true;
}

bool
store_change_begin(struct store_change *c)
{
	if (c->done)
		return false;
	c->own = !c->st->in_transaction;
	while (c->own && store_begin(c->st) != 0) {
		c->result = -1;
		if (!change_pause(c))
			return false;
	}
	c->st->rerun = c->was_run;
	c->was_run = true;
	return true;
}

void
store_change_end(struct store_change *c, int result)
{
	c->result = result;
	c->done = true;
	if (result != 0)
		c->st->spoiled = true;
	if (!c->own)
		return;
	if (result == 0)
		c->result = store_commit(c->st);
	else
		undo(c->st);
	if (c->result != 0)
		c->done = !change_pause(c);
}
