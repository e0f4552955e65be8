/*
 * sql_rows.h - statements of several rows, for databases behind a network: what costs is
 * the round trip, not the row. MySQL only. Private to db/.
 *
 * A statement is prepared for each of a few numbers of rows, so that any number needs few
 * of them and none has to be made anew.
 */
#ifndef DB_SQL_ROWS_H
#define DB_SQL_ROWS_H

#include "db/sql.h"

/* Rows of the largest statement. MariaDB treats lists of more than 1000 differently. */
#define SQL_ROWS_MAX	256

/* The places of a statement after SQL_BULK: one for each number of rows. */
#define SQL_ROWS_SIZES	4
enum sql_rows_place {
	SQL_ROWS_DOMAINS_ADD,
	SQL_ROWS_DOMAINS_FIND,
	SQL_ROWS_IPS_ADD,
	SQL_ROWS_IPS_FIND,
	SQL_ROWS_SELECTORS_ADD,
	SQL_ROWS_SELECTORS_FIND,
	SQL_ROWS_POLICIES_ADD,
	SQL_ROWS_POLICIES_FIND,
	SQL_ROWS_MESSAGES,
	SQL_ROWS_KNOWN,
	SQL_ROWS_SIGNATURES,
	SQL_ROWS_OVERRIDES,
	SQL_ROWS_ARCRESULTS,
	SQL_ROWS_ARCSEALS,
	SQL_ROWS_REQUESTS,
	SQL_ROWS_PLACES
};

_Static_assert(SQL_BULK + SQL_ROWS_PLACES * SQL_ROWS_SIZES <= SQL_BULK_LAST + 1,
    "too many statements of several rows");

/* A statement: head, the text of a row once for each row with commas between, tail. */
struct sql_rows {
	enum sql_rows_place place;
	const char	*head, *row, *tail;
	void		(*bind)(struct sql_query *q, const void *row);
};

/*
 * The statement for as many of n rows as one can take, n not 0, with their parameters
 * bound: rows is an array of pointers to what the function bind of t reads. *taken_r is
 * the number of rows. To be stepped and given back.
 */
struct sql_query sql_rows_take(struct sql *s, const struct sql_rows *t,
    const void *const *rows, size_t n, size_t *taken_r);

/* Runs a statement without an answer for all n rows. 0, or -1 with the reason kept. */
int sql_rows_put(struct sql *s, const struct sql_rows *t, const void *const *rows, size_t n);

/*
 * Brings all names of the records into the caches with their ids, those that are not there
 * yet into the database. rua[i] is the rua of record i, comma-joined. 0, or -1 with the
 * reason kept. A name that falls out of a cache again is looked up alone later.
 */
int sql_learn_names(struct sql *s, const struct store_new *list, char *const *rua, size_t n);

#endif
