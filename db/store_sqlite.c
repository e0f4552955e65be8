/*
 * store_sqlite.c - the embedded database: opening, and the driver of its statements.
 * The file is in WAL mode, so that reports read while an import writes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "db/sqlite_private.h"

/* Another import holds the lock for one batch, well under a second. */
#define BUSY_MSECS	30000

/*
 * Who waits for the lock looks this often: SQLite's own way waits longer from time to time,
 * and misses the moments between the transactions of another program.
 */
#define LOOK_MSECS	4

/* Such a moment, long enough that all who wait see it. */
#define GIVE_WAY_MSECS	10

/* A commit must survive a power cut: the history file is removed after it. */
static const char setup[] =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA foreign_keys = ON;"
    "PRAGMA trusted_schema = OFF;"
    "PRAGMA cache_size = -16384;";	/* KiB */

/* The connection behind a store. */
struct sqlite {
	struct sql	 sql;		/* first: the store is the backend */
	sqlite3		*db;
};

static struct sqlite *
of(struct sql *s)
{
	return (struct sqlite *)s;
}

/* What an administrator can do about a failure, for the causes that have a remedy. */
static const char *
remedy(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return "; another process holds it, try again later";
	case SQLITE_FULL:
		return "; make room on its disk";
	case SQLITE_READONLY:
		return "; make the file and its folder writable for this user";
	case SQLITE_NOTADB:
		return "; name another file or move this one away";
	case SQLITE_CORRUPT:
		return "; restore it from a backup, or look at \"sqlite3 FILE .recover\"";
	default:
		return "";
	}
}

/* Failures of one row, whatever the rest of the transaction: rules, triggers, sizes. */
static bool
is_refusal(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_CONSTRAINT:
	case SQLITE_TOOBIG:
	case SQLITE_MISMATCH:
		return true;
	default:
		return false;
	}
}

static int
failed(struct sql *s, int rc)
{
	(void)store_fail(&s->base, "database: %s%s", sqlite3_errmsg(of(s)->db), remedy(rc));
	s->base.again = (rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED;
	s->base.refused = is_refusal(rc);
	return -1;
}

static void *
sqlite_prepare(struct sql *s, const char *text)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v3(of(s)->db, text, -1, SQLITE_PREPARE_PERSISTENT, &stmt,
	    NULL);

	if (rc != SQLITE_OK)
		(void)failed(s, rc);
	return stmt;
}

static void
sqlite_reset(struct sql *s, void *stmt)
{
	(void)s;
	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
}

static void
sqlite_drop(struct sql *s, void *stmt)
{
	(void)s;
	sqlite3_finalize(stmt);
}

static bool
sqlite_bind_int(struct sql *s, void *stmt, int n, int64_t number)
{
	(void)s;
	return sqlite3_bind_int64(stmt, n + 1, number) == SQLITE_OK;
}

static bool
sqlite_bind_text(struct sql *s, void *stmt, int n, const char *text, size_t len,
    bool octets)
{
	(void)s;
	if (octets)
		return sqlite3_bind_blob64(stmt, n + 1, text, len, SQLITE_STATIC) == SQLITE_OK;
	return sqlite3_bind_text64(stmt, n + 1, text, len, SQLITE_STATIC, SQLITE_UTF8) ==
	    SQLITE_OK;
}

static int
sqlite_step(struct sql *s, void *stmt)
{
	int rc = sqlite3_step(stmt);

	if (rc == SQLITE_ROW)
		return 1;
	return rc == SQLITE_DONE ? 0 : failed(s, rc);
}

static const char *
sqlite_text(struct sql *s, void *stmt, int n, size_t *len_r)
{
	bool octets = sqlite3_column_type(stmt, n) == SQLITE_BLOB;
	const void *at = octets ? sqlite3_column_blob(stmt, n) :
	    (const void *)sqlite3_column_text(stmt, n);

	(void)s;
	*len_r = (size_t)sqlite3_column_bytes(stmt, n);
	return at;
}

static int64_t
sqlite_number(struct sql *s, void *stmt, int n)
{
	(void)s;
	return sqlite3_column_int64(stmt, n);
}

static int64_t
sqlite_changes(struct sql *s)
{
	return sqlite3_changes(of(s)->db);
}

static int64_t
sqlite_last_id(struct sql *s)
{
	return sqlite3_last_insert_rowid(of(s)->db);
}

static int
run(struct sql *s, const char *text)
{
	int rc = sqlite3_exec(of(s)->db, text, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : failed(s, rc);
}

static int
sqlite_freeze(struct sql *s)
{
	return run(s, "BEGIN");
}

static void
sqlite_thaw(struct sql *s)
{
	(void)run(s, "COMMIT");
}

static const struct sql_driver driver = {
	.dialect = SQL_DIALECT_SQLITE,
	.prepare = sqlite_prepare,
	.reset = sqlite_reset,
	.drop = sqlite_drop,
	.bind_int = sqlite_bind_int,
	.bind_text = sqlite_bind_text,
	.step = sqlite_step,
	.text = sqlite_text,
	.number = sqlite_number,
	.changes = sqlite_changes,
	.last_id = sqlite_last_id,
	.freeze = sqlite_freeze,
	.thaw = sqlite_thaw,
};

static int
sqlite_begin(struct store *st)
{
	struct sql *s = (struct sql *)st;

	if (run(s, "BEGIN IMMEDIATE") != 0)
		return -1;
	if (sql_names_fresh(s) == 0)
		return 0;
	(void)sqlite3_exec(of(s)->db, "ROLLBACK", NULL, NULL, NULL);
	return -1;
}

static int
sqlite_commit(struct store *st)
{
	return run((struct sql *)st, "COMMIT");
}

static void
sqlite_rollback(struct store *st)
{
	struct sql *s = (struct sql *)st;

	/* After some failures SQLite has rolled back by itself. */
	if (!sqlite3_get_autocommit(of(s)->db))
		(void)run(s, "ROLLBACK");
	sql_forget_names(s);
}

static void
sqlite_give_way(struct store *st)
{
	(void)st;
	(void)sqlite3_sleep(GIVE_WAY_MSECS);
}

static void
sqlite_close(struct store *st)
{
	struct sql *s = (struct sql *)st;

	sql_clear(s);
	sqlite3_close(of(s)->db);
	free(s);
}

static const struct store_ops ops = {
	SQL_STORE_OPS,
	.close = sqlite_close,
	.begin = sqlite_begin,
	.commit = sqlite_commit,
	.rollback = sqlite_rollback,
	.give_way = sqlite_give_way,
};

/* The functions of MySQL that the common statements use; times are texts in UTC. */
static void
from_unixtime(sqlite3_context *context, int n, sqlite3_value **values)
{
	time_t when = (time_t)sqlite3_value_int64(values[0]);
	char text[32];
	struct tm tm;

	(void)n;
	if (gmtime_r(&when, &tm) != NULL &&
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm) > 0)
		sqlite3_result_text(context, text, -1, SQLITE_TRANSIENT);
}

static void
unix_timestamp(sqlite3_context *context, int n, sqlite3_value **values)
{
	const char *text = (const char *)sqlite3_value_text(values[0]);
	struct tm tm = { 0 };

	(void)n;
	if (text != NULL && strptime(text, "%Y-%m-%d %H:%M:%S", &tm) != NULL)
		sqlite3_result_int64(context, (sqlite3_int64)timegm(&tm));
}

static int
add_functions(sqlite3 *db)
{
	int rc = sqlite3_create_function(db, "FROM_UNIXTIME", 1, SQLITE_UTF8, NULL,
	    from_unixtime, NULL, NULL);

	return rc != SQLITE_OK ? rc : sqlite3_create_function(db, "UNIX_TIMESTAMP", 1,
	    SQLITE_UTF8, NULL, unix_timestamp, NULL, NULL);
}

/*
 * Makes sure that the file is there and ours to write, before SQLite says it in
 * fewer words. The mode keeps other users out, as far as the umask allows more.
 */
static bool
prepare_file(const char *path, char *why, size_t why_size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
	struct stat st;
	bool file;

	if (fd < 0 && errno == ENOENT) {
		(void)store_no(why, why_size, "%.300s: its folder does not exist; create it, "
		    "writable for this user, or name another database", path);
		return false;
	}
	if (fd < 0) {
		(void)store_no(why, why_size, "%.300s: %s; the file and its folder must be "
		    "writable for this user", path, strerror(errno));
		return false;
	}
	file = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	close(fd);
	if (!file)
		(void)store_no(why, why_size, "%.300s: is no file", path);
	return file;
}

/* Another program has the lock, for the times-th time: not 0 to look again. */
static int
wait_for_lock(void *arg, int times)
{
	(void)arg;
	if (times >= BUSY_MSECS / LOOK_MSECS)
		return 0;
	(void)sqlite3_sleep(LOOK_MSECS);
	return 1;
}

/*
 * Runs the setup. The change to WAL mode fails at once while another process opens
 * the same new file, without the busy timeout, so it is tried again for as long.
 */
static int
set_up(sqlite3 *db)
{
	const int pause_msecs = 20;
	struct timespec start = { 0 }, now = { 0 };
	int rc = sqlite3_busy_handler(db, wait_for_lock, NULL);

	if (rc == SQLITE_OK)
		rc = add_functions(db);
	if (rc != SQLITE_OK)
		return rc;
	(void)clock_gettime(CLOCK_MONOTONIC, &start);
	while ((rc = sqlite3_exec(db, setup, NULL, NULL, NULL)) == SQLITE_BUSY) {
		(void)clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec - start.tv_sec >= BUSY_MSECS / 1000)
			break;
		(void)sqlite3_sleep(pause_msecs);
	}
	return rc;
}

static struct store *
sqlite_open(const char *path, const struct store_access *access, char *why,
    size_t why_size)
{
	struct sqlite *s;
	int rc;

	(void)access;
	if (*path == '\0')
		return store_no(why, why_size, "the database URL names no file; "
		    "it must look like sqlite:/path/file");
	if (!prepare_file(path, why, why_size))
		return NULL;
	s = calloc(1, sizeof(*s));
	if (s == NULL || !sql_init(&s->sql, &ops, &driver)) {
		free(s);
		return store_no(why, why_size, "out of memory");
	}
	rc = sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc == SQLITE_OK)
		rc = set_up(s->db);
	if (rc != SQLITE_OK) {
		(void)store_no(why, why_size, "%.300s: %s%s", path,
		    s->db == NULL ? sqlite3_errstr(rc) : sqlite3_errmsg(s->db), remedy(rc));
	} else if (sqlite_migrate(s->db, path, why, why_size)) {
		return &s->sql.base;
	}
	sqlite_close(&s->sql.base);
	return NULL;
}

/* A file that is not there needs all; it is not made. */
static int
sqlite_pending(const char *path, const struct store_access *access,
    int (*fn)(const char *statement, void *arg), void *arg, char *why, size_t why_size)
{
	sqlite3 *db = NULL;
	int result;

	(void)access;
	if (faccessat(AT_FDCWD, path, F_OK, 0) == 0 &&
	    sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK) {
		(void)store_no(why, why_size, "%.300s: %s", path, sqlite3_errmsg(db));
		sqlite3_close(db);
		return -1;
	}
	result = sqlite_plan(db, path, fn, arg, why, why_size);
	sqlite3_close(db);
	return result;
}

const struct store_backend store_sqlite = { "sqlite", sqlite_open, sqlite_pending };
