/*
 * store_sqlite.c - the embedded database: opening, statements, transactions.
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

/* Names kept by the caches; together a few megabytes. */
#define DOMAINS_KEPT	32768
#define SELECTORS_KEPT	16384
#define IPS_KEPT	32768
#define REPORTERS_KEPT	64
#define POLICIES_KEPT	16384

/* A commit must survive a power cut: the history file is removed after it. */
static const char setup[] =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA foreign_keys = ON;"
    "PRAGMA trusted_schema = OFF;"
    "PRAGMA cache_size = -16384;";	/* KiB */

struct sqlite_query
sqlite_take(struct sqlite *s, enum sqlite_slot slot, const char *sql)
{
	struct sqlite_query q = { .s = s, .slot = slot, .own = s->taken[slot], .rc = SQLITE_OK };

	if (!q.own && s->kept[slot] != NULL)
		q.stmt = s->kept[slot];
	else
		q.rc = sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
		    &q.stmt, NULL);
	if (!q.own) {
		s->kept[slot] = q.stmt;
		s->taken[slot] = true;
	}
	return q;
}

void
sqlite_give(struct sqlite_query *q)
{
	if (q->own) {
		sqlite3_finalize(q->stmt);
	} else {
		sqlite3_reset(q->stmt);
		sqlite3_clear_bindings(q->stmt);
		q->s->taken[q->slot] = false;
	}
	q->stmt = NULL;
}

void
sqlite_bind_text(struct sqlite_query *q, const char *text)
{
	q->nbound++;
	if (q->rc == SQLITE_OK)
		q->rc = sqlite3_bind_text(q->stmt, q->nbound, text, -1, SQLITE_STATIC);
}

void
sqlite_bind_int(struct sqlite_query *q, int64_t number)
{
	q->nbound++;
	if (q->rc == SQLITE_OK)
		q->rc = sqlite3_bind_int64(q->stmt, q->nbound, number);
}

void
sqlite_bind_blob(struct sqlite_query *q, const char *octets, size_t len)
{
	q->nbound++;
	if (q->rc == SQLITE_OK)
		q->rc = sqlite3_bind_blob64(q->stmt, q->nbound, octets, len, SQLITE_STATIC);
}

void
sqlite_bind_null(struct sqlite_query *q)
{
	q->nbound++;
	if (q->rc == SQLITE_OK)
		q->rc = sqlite3_bind_null(q->stmt, q->nbound);
}

void
sqlite_bind_letter(struct sqlite_query *q, char letter)
{
	/* Static texts, since SQLite reads the value at the step. */
	static const char letters[][2] = { "a", "b", "c", "d", "e", "f", "g", "h", "i", "j",
	    "k", "l", "m", "n", "o", "p", "q", "r", "s", "t", "u", "v", "w", "x", "y", "z" };

	sqlite_bind_text(q, letter >= 'a' && letter <= 'z' ? letters[letter - 'a'] : "");
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

int
sqlite_step(struct sqlite_query *q)
{
	if (q->rc == SQLITE_OK)
		q->rc = sqlite3_step(q->stmt);
	if (q->rc == SQLITE_ROW) {
		q->rc = SQLITE_OK;
		return 1;
	}
	if (q->rc == SQLITE_DONE) {
		q->rc = SQLITE_OK;
		return 0;
	}
	return store_fail(&q->s->base, "database: %s%s", sqlite3_errmsg(q->s->db),
	    remedy(q->rc));
}

const char *
sqlite_text(const struct sqlite_query *q, int column)
{
	const unsigned char *text = sqlite3_column_text(q->stmt, column);

	return text == NULL ? "" : (const char *)text;
}

int64_t
sqlite_int(const struct sqlite_query *q, int column)
{
	return sqlite3_column_int64(q->stmt, column);
}

char
sqlite_letter(const struct sqlite_query *q, int column)
{
	return sqlite_text(q, column)[0];
}

/* Runs a statement without parameters; *number_r, where wanted, gets its first column. */
static int
run(struct sqlite *s, enum sqlite_slot slot, const char *sql, int64_t *number_r)
{
	struct sqlite_query q = sqlite_take(s, slot, sql);
	int got = sqlite_step(&q);

	if (got == 1 && number_r != NULL)
		*number_r = sqlite_int(&q, 0);
	sqlite_give(&q);
	return got < 0 ? -1 : 0;
}

static void
forget_ids(struct sqlite *s)
{
	idcache_clear(s->domains);
	idcache_clear(s->selectors);
	idcache_clear(s->ips);
	idcache_clear(s->reporters);
	idcache_clear(s->policies);
}

static int
sqlite_begin(struct store *st)
{
	struct sqlite *s = (struct sqlite *)st;
	int64_t version = 0;

	if (run(s, SQLITE_SLOT_BEGIN, "BEGIN IMMEDIATE", NULL) != 0)
		return -1;
	/* Somebody else may have removed rows whose ids we remember. */
	if (run(s, SQLITE_SLOT_DATA_VERSION, "PRAGMA data_version", &version) != 0 ||
	    version != s->data_version)
		forget_ids(s);
	s->data_version = version;
	return 0;
}

static int
sqlite_commit(struct store *st)
{
	return run((struct sqlite *)st, SQLITE_SLOT_COMMIT, "COMMIT", NULL);
}

static void
sqlite_rollback(struct store *st)
{
	struct sqlite *s = (struct sqlite *)st;

	/* After some failures SQLite has rolled back by itself. */
	if (!sqlite3_get_autocommit(s->db))
		(void)run(s, SQLITE_SLOT_ROLLBACK, "ROLLBACK", NULL);
	forget_ids(s);
}

static void
sqlite_close(struct store *st)
{
	struct sqlite *s = (struct sqlite *)st;

	for (size_t i = 0; i < SQLITE_NSLOTS; i++)
		sqlite3_finalize(s->kept[i]);
	sqlite3_close(s->db);
	idcache_free(&s->domains);
	idcache_free(&s->selectors);
	idcache_free(&s->ips);
	idcache_free(&s->reporters);
	idcache_free(&s->policies);
	free(s);
}

static const struct store_ops ops = {
	.close = sqlite_close,
	.begin = sqlite_begin,
	.commit = sqlite_commit,
	.rollback = sqlite_rollback,
	.add_message = sqlite_add_message,
	.each_policy = sqlite_each_policy,
	.each_message = sqlite_each_message,
	.count = sqlite_count,
	.report_add = sqlite_report_add,
	.report_known = sqlite_report_known,
	.each_due = sqlite_each_due,
	.delivery_result = sqlite_delivery_result,
};

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

static struct sqlite *
new_sqlite(void)
{
	struct sqlite *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->base.ops = &ops;
	s->data_version = -1;
	s->domains = idcache_new(DOMAINS_KEPT);
	s->selectors = idcache_new(SELECTORS_KEPT);
	s->ips = idcache_new(IPS_KEPT);
	s->reporters = idcache_new(REPORTERS_KEPT);
	s->policies = idcache_new(POLICIES_KEPT);
	if (s->domains == NULL || s->selectors == NULL || s->ips == NULL ||
	    s->reporters == NULL || s->policies == NULL) {
		idcache_free(&s->domains);
		idcache_free(&s->selectors);
		idcache_free(&s->ips);
		idcache_free(&s->reporters);
		idcache_free(&s->policies);
		free(s);
		return NULL;
	}
	return s;
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
	int rc = sqlite3_busy_timeout(db, BUSY_MSECS);

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
sqlite_open(const char *path, char *why, size_t why_size)
{
	struct sqlite *s;
	int rc;

	if (*path == '\0')
		return store_no(why, why_size, "the database URL names no file; "
		    "it must look like sqlite:/path/file");
	if (!prepare_file(path, why, why_size))
		return NULL;
	s = new_sqlite();
	if (s == NULL)
		return store_no(why, why_size, "out of memory");

	rc = sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc == SQLITE_OK)
		rc = set_up(s->db);
	if (rc != SQLITE_OK) {
		(void)store_no(why, why_size, "%.300s: %s%s", path,
		    s->db == NULL ? sqlite3_errstr(rc) : sqlite3_errmsg(s->db), remedy(rc));
	} else if (sqlite_migrate(s->db, path, why, why_size)) {
		return &s->base;
	}
	sqlite_close(&s->base);
	return NULL;
}

const struct store_backend store_sqlite = { "sqlite", sqlite_open };
