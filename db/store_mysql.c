/*
 * store_mysql.c - MySQL and MariaDB: the connection, and the driver of its statements.
 *
 * Rows are fetched to this side at once, so that several statements can be in use. All
 * columns are read as text, numbers too: the answers are small, the code is.
 */
#include "db/mysql_private.h"

#include <errmsg.h>
#include <mysqld_error.h>
#include <stdlib.h>
#include <string.h>

/* First room for a column; it grows to what is met. */
#define COLUMN_SIZE	256

/* Octets of a long value sent at once. */
#define PIECE	(256 * 1024)
#define LONG_VALUE	(64 * 1024)

struct mysql {
	struct sql	 sql;		/* first: the store is the backend */
	MYSQL		*db;		/* NULL: lost */
	struct mysql_where where;
	int64_t		 changes, last_id;
};

struct parameter {
	long long	 number;
	unsigned long	 len;
};

struct column {
	char		*at;
	unsigned long	 size, len;
	my_bool		 is_null, cut;
};

struct statement {
	MYSQL_STMT	*handle;
	char		*text;
	unsigned long	 nparameters, ncolumns;
	MYSQL_BIND	*in, *out;
	struct parameter *parameters;
	struct column	*columns;
	bool		 has_rows;	/* executed, and not at the end */
	bool		 broken;	/* the handle must not be used again */
};

static struct mysql *
of(struct sql *s)
{
	return (struct mysql *)s;
}

/* What an administrator can do, for the causes that have a remedy. */
static const char *
remedy(unsigned number)
{
	switch (number) {
	case ER_NET_PACKET_TOO_LARGE:
	case CR_NET_PACKET_TOO_LARGE:
		return "; raise max_allowed_packet of the server";
	case ER_NO_SUCH_TABLE:
	case ER_BAD_FIELD_ERROR:
		return "; the tables are not up to date, see opendmarc-schema(7)";
	case ER_BINLOG_STMT_MODE_AND_ROW_ENGINE:
		return "; set binlog_format of the server to MIXED or ROW";
	case ER_UNKNOWN_COM_ERROR:
		return "; " MYSQL_NOT_IN_CLUSTER;
	default:
		return "";
	}
}

/*
 * Failures of one row: data that does not fit (class 22), a rule (23), a trigger that says
 * no (45). Some of their numbers have a general state.
 */
static bool
is_refusal(unsigned number, const char *state)
{
	return strncmp(state, "22", 2) == 0 || strncmp(state, "23", 2) == 0 ||
	    strncmp(state, "45", 2) == 0 || number == ER_TRUNCATED_WRONG_VALUE_FOR_FIELD ||
	    number == ER_TRUNCATED_WRONG_VALUE || number == ER_WARN_DATA_OUT_OF_RANGE ||
	    number == ER_DATA_TOO_LONG || number == ER_TOO_BIG_ROWSIZE;
}

static int
failed(struct mysql *m, unsigned number, const char *text)
{
	(void)store_fail(&m->sql.base, "database: %s%s", text, remedy(number));
	m->sql.base.again = mysql_is_passing(number);
	return -1;
}

/*
 * True when another connection is needed. On a cluster the beginning of a transaction, and
 * a read alone, wait for the changes of the other nodes; when these do not come, this node
 * has lost the others.
 */
static bool
is_over(const struct mysql *m, unsigned number)
{
	return mysql_is_lost(number) || (number == ER_LOCK_WAIT_TIMEOUT && m->sql.cluster &&
	    !m->sql.base.in_transaction && !m->sql.frozen);
}

/*
 * Gives up a connection; statements that are in use stay, but do not work any more. The
 * next one goes to the next server.
 */
static void
hang_up(struct mysql *m)
{
	sql_drop_statements(&m->sql);
	if (m->db != NULL) {
		mysql_close(m->db);
		m->where.at = (m->where.at + 1) % m->where.nhosts;
	}
	m->db = NULL;
	sql_forget_names(&m->sql);
}

static int
dial(struct mysql *m)
{
	char why[400];

	if (m->db != NULL)
		return 0;
	m->db = mysql_connect_to(&m->where, why, sizeof(why));
	m->sql.cluster = m->where.cluster;
	return m->db != NULL ? 0 : failed(m, CR_CONNECTION_ERROR, why);
}

/* Runs a text without parameters. */
static int
run(struct mysql *m, const char *text)
{
	unsigned number;

	if (m->db == NULL)
		return failed(m, CR_SERVER_LOST, "the connection was lost");
	if (mysql_query(m->db, text) == 0)
		return 0;
	number = mysql_errno(m->db);
	(void)failed(m, number, mysql_error(m->db));
	if (is_over(m, number))
		hang_up(m);
	return -1;
}

static void
free_parts(struct statement *t)
{
	if (t->handle != NULL)
		mysql_stmt_close(t->handle);
	for (unsigned long i = 0; i < t->ncolumns && t->columns != NULL; i++)
		free(t->columns[i].at);
	free(t->columns);
	free(t->out);
	free(t->in);
	free(t->parameters);
	free(t->text);
}

static void
my_drop(struct sql *s, void *stmt)
{
	struct statement *t = stmt;

	(void)s;
	free_parts(t);
	free(t);
}

/* Rooms for parameters and columns. */
static bool
make_rooms(struct statement *t)
{
	t->nparameters = mysql_stmt_param_count(t->handle);
	t->ncolumns = mysql_stmt_field_count(t->handle);
	t->in = calloc(t->nparameters + 1, sizeof(*t->in));
	t->parameters = calloc(t->nparameters + 1, sizeof(*t->parameters));
	t->out = calloc(t->ncolumns + 1, sizeof(*t->out));
	t->columns = calloc(t->ncolumns + 1, sizeof(*t->columns));
	if (t->in == NULL || t->parameters == NULL || t->out == NULL || t->columns == NULL)
		return false;
	for (unsigned long i = 0; i < t->ncolumns; i++) {
		struct column *c = &t->columns[i];

		if ((c->at = malloc(COLUMN_SIZE)) == NULL)
			return false;
		c->size = COLUMN_SIZE;
		t->out[i].buffer_type = MYSQL_TYPE_STRING;
		t->out[i].buffer = c->at;
		t->out[i].buffer_length = c->size - 1;
		t->out[i].length = &c->len;
		t->out[i].is_null = &c->is_null;
		t->out[i].error = &c->cut;
	}
	return true;
}

static void *
my_prepare(struct sql *s, const char *text)
{
	struct mysql *m = of(s);
	struct statement *t;
	unsigned number;

	/* Between transactions a lost connection is nobody's loss. */
	if (!s->base.in_transaction && !s->frozen && dial(m) != 0)
		return NULL;
	if (m->db == NULL) {
		(void)failed(m, CR_SERVER_LOST, "the connection was lost");
		return NULL;
	}
	if ((t = calloc(1, sizeof(*t))) == NULL || (t->text = strdup(text)) == NULL ||
	    (t->handle = mysql_stmt_init(m->db)) == NULL) {
		(void)store_fail(&s->base, "out of memory");
		if (t != NULL)
			my_drop(s, t);
		return NULL;
	}
	if (mysql_stmt_prepare(t->handle, text, strlen(text)) == 0 && make_rooms(t))
		return t;
	number = mysql_stmt_errno(t->handle);
	(void)failed(m, number, number == 0 ? "out of memory" : mysql_stmt_error(t->handle));
	my_drop(s, t);
	if (is_over(m, number))
		hang_up(m);
	return NULL;
}

static void
my_reset(struct sql *s, void *stmt)
{
	struct statement *t = stmt;

	(void)s;
	if (t->ncolumns > 0 && !t->broken)
		(void)mysql_stmt_free_result(t->handle);
	t->has_rows = false;
}

static bool
my_bind_int(struct sql *s, void *stmt, int n, int64_t number)
{
	struct statement *t = stmt;
	MYSQL_BIND *in = &t->in[n];

	(void)s;
	if ((unsigned long)n >= t->nparameters)
		return false;
	*in = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_LONGLONG };
	t->parameters[n].number = number;
	in->buffer = &t->parameters[n].number;
	return true;
}

static bool
my_bind_text(struct sql *s, void *stmt, int n, const char *text, size_t len,
    bool octets)
{
	struct statement *t = stmt;
	MYSQL_BIND *in = &t->in[n];
	union {
		const char	*from;
		char		*to;
	} at = { text };

	(void)s;
	if ((unsigned long)n >= t->nparameters)
		return false;
	*in = (MYSQL_BIND){ .buffer_type = text == NULL ? MYSQL_TYPE_NULL :
	    octets ? MYSQL_TYPE_BLOB : MYSQL_TYPE_STRING };
	t->parameters[n].len = (unsigned long)len;
	in->buffer = at.to;		/* only read */
	in->buffer_length = (unsigned long)len;
	in->length = &t->parameters[n].len;
	return true;
}

/* Sends long values in pieces, as the whole may not fit into one packet. */
static int
send_long(struct statement *t)
{
	for (unsigned long i = 0; i < t->nparameters; i++) {
		const char *at = t->in[i].buffer;
		unsigned long left = t->parameters[i].len;

		if (t->in[i].buffer_type != MYSQL_TYPE_BLOB || left < LONG_VALUE)
			continue;
		while (left > 0) {
			unsigned long piece = left < PIECE ? left : PIECE;

			if (mysql_stmt_send_long_data(t->handle, (unsigned)i, at, piece) != 0)
				return -1;
			at += piece;
			left -= piece;
		}
	}
	return 0;
}

/* Prepares a statement anew; parameters stay. */
static bool
renew(struct mysql *m, struct statement *t)
{
	if (t->handle != NULL)
		mysql_stmt_close(t->handle);
	t->handle = mysql_stmt_init(m->db);
	t->broken = t->handle == NULL ||
	    mysql_stmt_prepare(t->handle, t->text, strlen(t->text)) != 0;
	return !t->broken;
}

/*
 * When the server breaks off among the rows (another node's change, or an administrator,
 * has ended the query), the client library would wait for their end at the next use.
 */
static int
execute(struct mysql *m, struct statement *t)
{
	if ((t->broken && !renew(m, t)) ||
	    (t->nparameters > 0 && mysql_stmt_bind_param(t->handle, t->in) != 0) ||
	    send_long(t) != 0 || mysql_stmt_execute(t->handle) != 0)
		return -1;
	if (t->ncolumns == 0) {
		m->changes = (int64_t)mysql_stmt_affected_rows(t->handle);
		m->last_id = (int64_t)mysql_stmt_insert_id(t->handle);
		return 0;
	}
	t->broken = mysql_stmt_bind_result(t->handle, t->out) != 0 ||
	    mysql_stmt_store_result(t->handle) != 0;
	t->has_rows = !t->broken;
	return t->broken ? -1 : 0;
}

static int
statement_failed(struct mysql *m, struct statement *t)
{
	unsigned number;

	if (t->handle == NULL)
		return store_fail(&m->sql.base, "out of memory");
	number = mysql_stmt_errno(t->handle);
	(void)failed(m, number, mysql_stmt_error(t->handle));
	m->sql.duplicate = number == ER_DUP_ENTRY;
	m->sql.base.refused = is_refusal(number, mysql_stmt_sqlstate(t->handle));
	if (is_over(m, number))
		hang_up(m);
	return -1;
}

/* The columns of the row that did not fit are fetched into more room. */
static int
widen(struct statement *t)
{
	for (unsigned long i = 0; i < t->ncolumns; i++) {
		struct column *c = &t->columns[i];
		char *more;

		if (c->is_null || c->len < c->size)
			continue;
		if ((more = realloc(c->at, c->len + 1)) == NULL)
			return -1;
		c->at = more;
		c->size = c->len + 1;
		t->out[i].buffer = c->at;
		t->out[i].buffer_length = c->len;
		if (mysql_stmt_fetch_column(t->handle, &t->out[i], (unsigned)i, 0) != 0)
			return -1;
	}
	return mysql_stmt_bind_result(t->handle, t->out) == 0 ? 0 : -1;
}

static int
fetch(struct mysql *m, struct statement *t)
{
	int got = mysql_stmt_fetch(t->handle);

	if (got == MYSQL_NO_DATA) {
		t->has_rows = false;
		return 0;
	}
	if (got == MYSQL_DATA_TRUNCATED && widen(t) != 0)
		return store_fail(&m->sql.base, "out of memory");
	if (got != 0 && got != MYSQL_DATA_TRUNCATED)
		return statement_failed(m, t);
	for (unsigned long i = 0; i < t->ncolumns; i++)
		t->columns[i].at[t->columns[i].is_null ? 0 : t->columns[i].len] = '\0';
	return 1;
}

static int
my_step(struct sql *s, void *stmt)
{
	struct mysql *m = of(s);
	struct statement *t = stmt;
	unsigned number;

	if (t->has_rows)
		return fetch(m, t);
	if (execute(m, t) != 0) {
		number = t->handle == NULL ? 0 : mysql_stmt_errno(t->handle);
		if (s->base.in_transaction || s->frozen || !is_over(m, number))
			return statement_failed(m, t);
		/* Nothing depends on the old connection. */
		hang_up(m);
		if (dial(m) != 0 || !renew(m, t) || execute(m, t) != 0)
			return m->db == NULL ?
			    failed(m, CR_SERVER_LOST, "the connection was lost") :
			    statement_failed(m, t);
	}
	return t->ncolumns == 0 ? 0 : fetch(m, t);
}

static const char *
my_text(struct sql *s, void *stmt, int n, size_t *len_r)
{
	const struct column *c = &((struct statement *)stmt)->columns[n];

	(void)s;
	*len_r = c->is_null ? 0 : c->len;
	return c->is_null ? NULL : c->at;
}

static int64_t
my_number(struct sql *s, void *stmt, int n)
{
	size_t len;
	const char *text = my_text(s, stmt, n, &len);

	return text == NULL ? 0 : (int64_t)strtoll(text, NULL, 10);
}

static int64_t
my_changes(struct sql *s)
{
	return of(s)->changes;
}

static int64_t
my_last_id(struct sql *s)
{
	return of(s)->last_id;
}

static int
my_freeze(struct sql *s)
{
	struct mysql *m = of(s);

	if (dial(m) != 0)
		return -1;
	if (run(m, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ") == 0 &&
	    run(m, "START TRANSACTION READ ONLY") == 0)
		return 0;
	/* The connection may have been lost while nobody used it. */
	return m->db == NULL && dial(m) == 0 &&
	    run(m, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ") == 0 &&
	    run(m, "START TRANSACTION READ ONLY") == 0 ? 0 : -1;
}

static void
my_thaw(struct sql *s)
{
	struct mysql *m = of(s);

	if (m->db != NULL && mysql_query(m->db, "COMMIT") != 0 && mysql_is_lost(mysql_errno(m->db)))
		hang_up(m);
}

static const struct sql_driver driver = {
	.dialect = SQL_DIALECT_MYSQL,
	.prepare = my_prepare,
	.reset = my_reset,
	.drop = my_drop,
	.bind_int = my_bind_int,
	.bind_text = my_bind_text,
	.step = my_step,
	.text = my_text,
	.number = my_number,
	.changes = my_changes,
	.last_id = my_last_id,
	.freeze = my_freeze,
	.thaw = my_thaw,
};

/*
 * On a cluster no statement of a transaction that was ended under us may stand alone: none
 * commits by itself, and the mark of the beginning is gone at the end.
 */
static int
start(struct mysql *m)
{
	if (!m->sql.cluster)
		return run(m, "START TRANSACTION");
	return run(m, "SET autocommit = 0") == 0 ? run(m, "SAVEPOINT begun") : -1;
}

/* Rolls back what there is. A connection on which that fails is of no use any more. */
static void
give_up(struct mysql *m)
{
	if (m->db != NULL && (mysql_query(m->db, "ROLLBACK") != 0 ||
	    (m->sql.cluster && mysql_query(m->db, "SET autocommit = 1") != 0)))
		hang_up(m);
}

static int
my_begin(struct store *st)
{
	struct mysql *m = (struct mysql *)st;

	if (dial(m) != 0)
		return -1;
	if (start(m) != 0 && (m->db != NULL || dial(m) != 0 || start(m) != 0)) {
		give_up(m);
		return -1;
	}
	/* A statement that fails must not be tried on another connection. */
	st->in_transaction = true;
	if (sql_names_fresh(&m->sql) == 0)
		return 0;
	st->in_transaction = false;
	give_up(m);
	return -1;
}

/*
 * A node may roll a transaction back between two statements, for the sake of another
 * node's. What comes after it is another transaction then.
 */
static int
ended(struct mysql *m)
{
	return failed(m, ER_LOCK_DEADLOCK, "the server has ended the transaction");
}

/* On a cluster, a transaction that lost against another one fails here. */
static int
my_commit(struct store *st)
{
	struct mysql *m = (struct mysql *)st;

	if (!m->sql.cluster)
		return run(m, "COMMIT");
	if (run(m, "RELEASE SAVEPOINT begun") != 0)
		return m->db != NULL && mysql_errno(m->db) == ER_SP_DOES_NOT_EXIST ? ended(m) : -1;
	if (run(m, "COMMIT") != 0)
		return -1;
	if (mysql_query(m->db, "SET autocommit = 1") != 0)
		hang_up(m);
	return 0;
}

static bool
my_ended(struct store *st)
{
	struct mysql *m = (struct mysql *)st;

	return m->sql.cluster && m->db != NULL &&
	    mysql_query(m->db, "RELEASE SAVEPOINT begun") != 0 &&
	    mysql_errno(m->db) == ER_SP_DOES_NOT_EXIST;
}

static void
my_rollback(struct store *st)
{
	struct mysql *m = (struct mysql *)st;

	give_up(m);
	sql_forget_names(&m->sql);
}

static void
my_close(struct store *st)
{
	struct mysql *m = (struct mysql *)st;

	sql_clear(&m->sql);
	if (m->db != NULL)
		mysql_close(m->db);
	mysql_where_free(&m->where);
	free(m);
}

static const struct store_ops ops = {
	SQL_STORE_OPS,
	.close = my_close,
	.begin = my_begin,
	.commit = my_commit,
	.rollback = my_rollback,
	.ended = my_ended,
};

/* Connects, and brings the tables up to date; a server that goes away meanwhile is left. */
static bool
connect_and_migrate(struct mysql *m, char *why, size_t why_size)
{
	for (size_t i = 0; i < m->where.nhosts; i++) {
		if ((m->db = mysql_connect_to(&m->where, why, why_size)) == NULL)
			return false;
		m->sql.cluster = m->where.cluster;
		if (mysql_migrate(m->db, NULL, NULL, why, why_size) == 0)
			return true;
		if (!mysql_is_lost(mysql_errno(m->db)))
			return false;
		hang_up(m);
	}
	return false;
}

static struct store *
my_open(const char *location, const struct store_access *access, char *why,
    size_t why_size)
{
	struct mysql *m = calloc(1, sizeof(*m));

	if (m == NULL || !sql_init(&m->sql, &ops, &driver)) {
		free(m);
		return store_no(why, why_size, "out of memory");
	}
	if (mysql_where_read(location, access, &m->where, why, why_size) &&
	    connect_and_migrate(m, why, why_size))
		return &m->sql.base;
	my_close(&m->sql.base);
	return NULL;
}

static int
my_pending(const char *location, const struct store_access *access,
    int (*fn)(const char *statement, void *arg), void *arg, char *why, size_t why_size)
{
	struct mysql_where where;
	MYSQL *db = NULL;
	int result = -1;

	if (mysql_where_read(location, access, &where, why, why_size) &&
	    (db = mysql_connect_to(&where, why, why_size)) != NULL)
		result = mysql_migrate(db, fn, arg, why, why_size);
	if (db != NULL)
		mysql_close(db);
	mysql_where_free(&where);
	return result;
}

const struct store_backend store_mysql = { "mysql", my_open, my_pending };
