/*
 * store_memory.h - the judge: a store in plain arrays, written to be obviously right, not
 * fast. The databases must do as it does. Also what the URL "memory:" opens.
 */
#ifndef DB_STORE_MEMORY_H
#define DB_STORE_MEMORY_H

#include "db/store.h"

/*
 * A second handle on the same data, as another program would have it; st must be a
 * memory store. NULL: no memory. Handles are closed in any order.
 */
struct store *store_memory_again(struct store *st);

#endif
