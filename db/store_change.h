/*
 * store_change.h - a change of several rows. Private to the files db/store*.c.
 */
#ifndef DB_STORE_CHANGE_H
#define DB_STORE_CHANGE_H

#include <stdbool.h>

#include "db/store_backend.h"

/*
 * Inside the caller's transaction, or in one of its own that is run again while that
 * may help; what stands between begin and end is run each time.
 *	struct store_change c = { .st = st };
 *	while (store_change_begin(&c))
 *		store_change_end(&c, ...);
 *	return c.result;
 */
struct store_change {
	struct store	*st;
	bool		 own;		/* the transaction is not the caller's */
	bool		 done;
	bool		 was_run;	/* and not committed */
	int		 attempts;
	int		 result;	/* 0, or -1 with the reason in store_error() */
};

/* True: make the change and give its result, 0 or not, to store_change_end(). */
bool store_change_begin(struct store_change *c);

/* Commits or rolls back a transaction of its own, and may wait before the next attempt. */
void store_change_end(struct store_change *c, int result);

#endif
