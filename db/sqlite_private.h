/*
 * sqlite_private.h - what the files of the SQLite backend share.
 */
#ifndef DB_SQLITE_PRIVATE_H
#define DB_SQLITE_PRIVATE_H

#include <sqlite3.h>

#include "db/sql.h"

/* Brings the schema up to date. False with the reason in why. */
bool sqlite_migrate(sqlite3 *db, const char *path, char *why, size_t why_size);

/* store_pending(); db NULL: an empty file. */
int sqlite_plan(sqlite3 *db, const char *path,
    int (*fn)(const char *statement, void *arg), void *arg, char *why, size_t why_size);

#endif
