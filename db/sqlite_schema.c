/*
 * sqlite_schema.c - the tables of the embedded database as numbered migrations.
 *
 * The tables and columns of OpenDMARC are there under their names, so that people's
 * own queries go on working; more columns and tables stand beside them.
 * Differences that SQLite brings: messages.date and the other dates are texts in UTC;
 * messages.date is computed from received, which is what the programs use.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/sqlite_private.h"

struct migration {
	const char	*what;
	const char	*sql;
};

/* Row i brings a database of version i to version i + 1. Never change a released row. */
static const struct migration migrations[] = {
	{ "first tables",
	    "CREATE TABLE domains ("
	    "	id INTEGER PRIMARY KEY,"
	    "	name TEXT NOT NULL COLLATE NOCASE UNIQUE,"
	    "	firstseen TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP);"

	    "CREATE TABLE selectors ("
	    "	id INTEGER PRIMARY KEY,"
	    "	domain INTEGER NOT NULL,"
	    "	name TEXT NOT NULL COLLATE NOCASE,"
	    "	firstseen TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,"
	    "	UNIQUE (domain, name));"

	    "CREATE TABLE ipaddr ("
	    "	id INTEGER PRIMARY KEY,"
	    "	addr TEXT NOT NULL COLLATE NOCASE UNIQUE,"
	    "	firstseen TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP);"

	    "CREATE TABLE reporters ("
	    "	id INTEGER PRIMARY KEY,"
	    "	name TEXT NOT NULL COLLATE NOCASE UNIQUE,"
	    "	firstseen TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP);"

	    /* One row for each distinct policy that a policy domain published.
	     * Letters as in the record: r s, n q r, y n u; '' unset. */
	    "CREATE TABLE policies ("
	    "	id INTEGER PRIMARY KEY,"
	    "	domain INTEGER NOT NULL,"
	    "	adkim TEXT NOT NULL,"
	    "	aspf TEXT NOT NULL,"
	    "	p TEXT NOT NULL CHECK (p IN ('n', 'q', 'r')),"
	    "	sp TEXT NOT NULL,"
	    "	np TEXT NOT NULL,"
	    "	pct INTEGER NOT NULL,"
	    "	fo INTEGER NOT NULL,"
	    "	psd TEXT NOT NULL,"
	    "	testing INTEGER NOT NULL,"
	    "	discovery TEXT NOT NULL,"
	    "	rua TEXT NOT NULL,"
	    "	firstseen TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,"
	    "	UNIQUE (domain, adkim, aspf, p, sp, np, pct, fo, psd, testing, discovery, rua));"

	    /* An identity belongs to one record and so to one time; with the time in
	     * front the index grows at its end, and serves for windows of time. */
	    "CREATE TABLE messages ("
	    "	id INTEGER PRIMARY KEY,"
	    "	received INTEGER NOT NULL,"
	    "	date TEXT GENERATED ALWAYS AS (datetime(received, 'unixepoch')) VIRTUAL,"
	    "	jobid TEXT NOT NULL,"
	    "	reporter INTEGER NOT NULL,"
	    "	policy INTEGER NOT NULL CHECK (policy BETWEEN 13 AND 18),"
	    "	disp INTEGER NOT NULL CHECK (disp BETWEEN 0 AND 4),"
	    "	ip INTEGER NOT NULL,"
	    "	env_domain INTEGER NOT NULL,"
	    "	from_domain INTEGER NOT NULL,"
	    "	policy_domain INTEGER NOT NULL,"
	    "	spf INTEGER NOT NULL DEFAULT -1,"
	    "	spf_scope INTEGER NOT NULL DEFAULT -1,"
	    "	align_dkim INTEGER NOT NULL DEFAULT 5,"
	    "	align_spf INTEGER NOT NULL DEFAULT 5,"
	    "	sigcount INTEGER NOT NULL DEFAULT 0,"
	    "	arc INTEGER NOT NULL DEFAULT 7,"
	    "	arc_policy INTEGER NOT NULL DEFAULT 2,"
	    "	identity TEXT NOT NULL,"
	    "	published INTEGER,"		/* policies.id; NULL: no policy */
	    "	spf_domain INTEGER,"
	    "	effective TEXT NOT NULL DEFAULT '',"
	    "	reasons INTEGER NOT NULL DEFAULT 0,"	/* rows in overrides */
	    "	UNIQUE (received, identity));"
	    "CREATE INDEX messages_policy_domain ON messages (policy_domain, received);"

	    "CREATE TABLE signatures ("
	    "	id INTEGER PRIMARY KEY,"
	    "	message INTEGER NOT NULL REFERENCES messages (id) ON DELETE CASCADE,"
	    "	domain INTEGER NOT NULL,"
	    "	selector INTEGER NOT NULL DEFAULT 0,"	/* 0: unknown */
	    "	pass INTEGER NOT NULL,"
	    "	error INTEGER NOT NULL);"
	    "CREATE INDEX signatures_message ON signatures (message);"

	    "CREATE TABLE overrides ("
	    "	id INTEGER PRIMARY KEY,"
	    "	message INTEGER NOT NULL REFERENCES messages (id) ON DELETE CASCADE,"
	    "	type TEXT NOT NULL,"
	    "	comment TEXT);"
	    "CREATE INDEX overrides_message ON overrides (message);"

	    "CREATE TABLE arcauthresults ("
	    "	id INTEGER PRIMARY KEY,"
	    "	message INTEGER NOT NULL REFERENCES messages (id) ON DELETE CASCADE,"
	    "	instance INTEGER NOT NULL,"
	    "	arc_client_addr TEXT NOT NULL DEFAULT '',"
	    "	UNIQUE (message, instance));"

	    "CREATE TABLE arcseals ("
	    "	id INTEGER PRIMARY KEY,"
	    "	message INTEGER NOT NULL REFERENCES messages (id) ON DELETE CASCADE,"
	    "	domain INTEGER NOT NULL,"
	    "	selector INTEGER NOT NULL,"
	    "	instance INTEGER NOT NULL,"
	    "	firstseen TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,"
	    "	UNIQUE (message, domain, selector, instance));"

	    /* One row for each From domain, as its policy was seen newest. */
	    "CREATE TABLE requests ("
	    "	id INTEGER PRIMARY KEY,"
	    "	domain INTEGER NOT NULL UNIQUE,"
	    "	repuri TEXT NOT NULL DEFAULT '',"
	    "	adkim INTEGER NOT NULL DEFAULT 0,"
	    "	aspf INTEGER NOT NULL DEFAULT 0,"
	    "	policy INTEGER NOT NULL DEFAULT 0,"
	    "	spolicy INTEGER NOT NULL DEFAULT 0,"
	    "	pct INTEGER NOT NULL DEFAULT 0,"
	    "	fo INTEGER NOT NULL DEFAULT 0,"
	    "	locked INTEGER NOT NULL DEFAULT 0,"
	    "	firstseen TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,"
	    "	lastsent TEXT,"
	    "	policy_domain INTEGER NOT NULL DEFAULT 0,"
	    "	seen INTEGER NOT NULL DEFAULT 0);"	/* received of that message */
	    "CREATE INDEX requests_lastsent ON requests (lastsent);"
	    "CREATE INDEX requests_policy_domain ON requests (policy_domain);"

	    "CREATE TABLE suppressions ("
	    "	id INTEGER PRIMARY KEY,"
	    "	address TEXT NOT NULL COLLATE NOCASE UNIQUE,"
	    "	added TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,"
	    "	reason TEXT);"

	    /* The ledger. part counts the reports of one window; the first is 0. */
	    "CREATE TABLE reports ("
	    "	id INTEGER PRIMARY KEY,"
	    "	policy_domain INTEGER NOT NULL,"
	    "	window_begin INTEGER NOT NULL,"
	    "	window_end INTEGER NOT NULL CHECK (window_end > window_begin),"
	    "	part INTEGER NOT NULL DEFAULT 0,"
	    "	report_id TEXT NOT NULL UNIQUE,"
	    "	messages INTEGER NOT NULL,"
	    "	created TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,"
	    "	UNIQUE (policy_domain, window_begin, window_end, part));"

	    /* state: 0 new, 1 sent, 2 failed, 3 dead. */
	    "CREATE TABLE deliveries ("
	    "	id INTEGER PRIMARY KEY,"
	    "	report INTEGER NOT NULL REFERENCES reports (id) ON DELETE CASCADE,"
	    "	destination TEXT NOT NULL,"
	    "	state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 3),"
	    "	tries INTEGER NOT NULL DEFAULT 0,"
	    "	next_try INTEGER NOT NULL DEFAULT 0,"
	    "	reason TEXT,"
	    "	mail BLOB,"
	    "	UNIQUE (report, destination));"
	    "CREATE INDEX deliveries_due ON deliveries (id) WHERE state IN (0, 2);" },

	{ "claims, supplements and suppressions that end",
	    /* reports.id of the report that has the message; NULL: none yet. */
	    "ALTER TABLE messages ADD report INTEGER;"

	    /* state: 0 being made, 1 made, 2 withheld for reason. */
	    "ALTER TABLE reports ADD state INTEGER NOT NULL DEFAULT 1;"
	    "ALTER TABLE reports ADD reason TEXT;"
	    "ALTER TABLE reports ADD claimed_by TEXT NOT NULL DEFAULT '';"
	    "ALTER TABLE reports ADD claimed_until INTEGER NOT NULL DEFAULT 0;"
	    "ALTER TABLE deliveries ADD first_try INTEGER NOT NULL DEFAULT 0;"
	    "ALTER TABLE deliveries ADD claimed_by TEXT NOT NULL DEFAULT '';"
	    "ALTER TABLE deliveries ADD claimed_until INTEGER NOT NULL DEFAULT 0;"
	    "UPDATE messages SET report = (SELECT MAX(r.id) FROM reports r"
	    " WHERE r.policy_domain = messages.policy_domain"
	    " AND messages.received >= r.window_begin AND messages.received < r.window_end);"

	    "ALTER TABLE suppressions ADD expires INTEGER;"	/* NULL: never */

	    /* How often an expiry has removed names; ids learnt before may be wrong. */
	    "CREATE TABLE names_removed (id INTEGER PRIMARY KEY, times INTEGER NOT NULL);"
	    "INSERT INTO names_removed (id, times) VALUES (1, 0);" },

	{ "automatic mail",
	    "ALTER TABLE messages ADD automatic INTEGER NOT NULL DEFAULT 0;" },
};

static const char version_table[] = "CREATE TABLE schema_version ("
    "version INTEGER PRIMARY KEY, what TEXT NOT NULL,"
    "applied TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)";

#define NMIGRATIONS	((int64_t)COUNT(migrations))

/* The first column of the first row of sql; absent when there is none or it fails. */
static int64_t
number_of(sqlite3 *db, const char *sql, int64_t absent)
{
	sqlite3_stmt *q = NULL;
	int64_t number = absent;

	if (sqlite3_prepare_v2(db, sql, -1, &q, NULL) == SQLITE_OK &&
	    sqlite3_step(q) == SQLITE_ROW)
		number = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	return number;
}

/* -1: tables are there, but none of them says that they are ours. */
static int64_t
version_of(sqlite3 *db)
{
	if (number_of(db, "SELECT count(*) FROM sqlite_master", 0) == 0)
		return 0;
	return number_of(db, "SELECT max(version) FROM schema_version", -1);
}

static int
note_version(sqlite3 *db, int64_t version, const char *what)
{
	sqlite3_stmt *q = NULL;
	int rc = sqlite3_prepare_v2(db,
	    "INSERT INTO schema_version (version, what) VALUES (?, ?)", -1, &q, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(q, 1, version);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(q, 2, what, -1, SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(q);
	sqlite3_finalize(q);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* The step from version to version + 1, unless another process has just made it. */
static int
migrate_one(sqlite3 *db, int64_t version)
{
	const struct migration *m = &migrations[version];
	int rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);

	if (rc != SQLITE_OK)
		return rc;
	if (version_of(db) == version) {
		if (version == 0)
			rc = sqlite3_exec(db, version_table, NULL, NULL, NULL);
		if (rc == SQLITE_OK)
			rc = sqlite3_exec(db, m->sql, NULL, NULL, NULL);
		if (rc == SQLITE_OK)
			rc = note_version(db, version + 1, m->what);
	}
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	return rc;
}

bool
sqlite_migrate(sqlite3 *db, const char *path, char *why, size_t why_size)
{
	int64_t version = version_of(db);

	while (version >= 0 && version < NMIGRATIONS) {
		if (migrate_one(db, version) != SQLITE_OK) {
			(void)store_no(why, why_size, "%.300s: cannot bring the tables to "
			    "version %d: %s", path, (int)version + 1, sqlite3_errmsg(db));
			if (!sqlite3_get_autocommit(db))
				(void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
			return false;
		}
		version = version_of(db);
	}
	if (version < 0) {
		(void)store_no(why, why_size, "%.300s: is the database of another program; "
		    "name another file", path);
		return false;
	}
	if (version > NMIGRATIONS) {
		(void)store_no(why, why_size, "%.300s: was written by a newer opendmarc "
		    "(tables of version %lld, this one knows %d); install that version",
		    path, (long long)version, (int)NMIGRATIONS);
		return false;
	}
	return true;
}

/* Hands on the statements of a row, which hold no semicolon of their own. */
static int
hand_statements(const char *sql, int (*fn)(const char *statement, void *arg), void *arg)
{
	struct odm_span rest = odm_span_str(sql), one;
	int result = 0;

	while (result == 0 && odm_span_next(&rest, ';', &one)) {
		char *text = strndup(one.at, one.len);

		if (text == NULL)
			return -1;
		if (one.len > 0)
			result = fn(text, arg);
		free(text);
	}
	return result;
}

int
sqlite_plan(sqlite3 *db, const char *path,
    int (*fn)(const char *statement, void *arg), void *arg, char *why, size_t why_size)
{
	int64_t version = db == NULL ? 0 : version_of(db);
	int result = 0;

	if (version < 0 || version > NMIGRATIONS) {
		(void)store_no(why, why_size, "%.300s: is the database of another program or "
		    "version", path);
		return -1;
	}
	for (; result == 0 && version < NMIGRATIONS; version++) {
		if (version == 0)
			result = fn(version_table, arg);
		if (result == 0)
			result = hand_statements(migrations[version].sql, fn, arg);
	}
	return result;
}
