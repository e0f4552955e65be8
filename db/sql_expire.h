/*
 * sql_expire.h - what the files of an expiry share: its state between transactions.
 */
#ifndef DB_SQL_EXPIRE_H
#define DB_SQL_EXPIRE_H

#include "db/sql.h"

/* Ids of one list in a statement. */
#define EXPIRE_LIST	256

struct orphans;

struct expire_place {
	size_t		 phase;
	int64_t		 last_received, last_id;	/* of messages looked at */
};

/* before is where the transaction began: one that failed at its commit is run again. */
struct expire {
	struct expire_place at, before;
	struct orphans	*orphans;	/* NULL: not begun */
};

/* The ids of one batch. */
struct expire_ids {
	int64_t	*ids;
	size_t	 n, size;
	bool	 more;		/* there may be others behind them */
};

/* Deletes the rows whose column is among the ids; text has EXPIRE_LIST places. */
int expire_delete(struct sql *s, enum sql_slot slot, const char *text,
    const struct expire_ids *ids);

/* Names, selectors, addresses and policies that nothing uses. Like store_ops.expire. */
int expire_orphans(struct sql *s, const struct store_expiry *expiry,
    struct store_expired *counts, struct orphans **orphans, bool *more_r);

/* Called before each transaction; again: the one before was not committed. */
void expire_orphans_begin(struct orphans *orphans, bool again);
void expire_orphans_free(struct orphans **orphans);

#define EXPIRE_P4	"?, ?, ?, ?"
#define EXPIRE_P16	EXPIRE_P4 ", " EXPIRE_P4 ", " EXPIRE_P4 ", " EXPIRE_P4
#define EXPIRE_P64	EXPIRE_P16 ", " EXPIRE_P16 ", " EXPIRE_P16 ", " EXPIRE_P16
#define EXPIRE_P256	EXPIRE_P64 ", " EXPIRE_P64 ", " EXPIRE_P64 ", " EXPIRE_P64

/* Places among SQL_EXPIRE.. for the statements of each file. */
#define EXPIRE_SLOT(n)	((enum sql_slot)(SQL_EXPIRE + (n)))
#define EXPIRE_SLOT_ORPHANS	12
#define EXPIRE_SLOT_OWNERS	24

#endif
