/*
 * clean.h - texts as every backend keeps them, see store_add_messages(): no database may
 * refuse a record because of an octet in it, and all must give back the same.
 */
#ifndef DB_CLEAN_H
#define DB_CLEAN_H

#include <stdbool.h>
#include <stddef.h>

#include "common/history.h"

/* True when the texts of a record are kept as they are. */
bool clean_record_is(const struct history_record *rec);

/*
 * A clean copy of the texts of a record; the rest of copy is rec's. Free it with
 * history_record_clear(). False: out of memory, copy is then empty.
 */
bool clean_record(const struct history_record *rec, struct history_record *copy);

/* Cleans in place: a name of at most max octets, or a comment in UTF-8. */
void clean_name(char *text, size_t max);
void clean_comment(char *text);

#endif
