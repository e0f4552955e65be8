/*
 * mysql_migrate.c - brings the tables in MySQL and MariaDB up to date, or tells how; and
 * takes over the rows that programs of 1.x add.
 */
#include "db/mysql_private.h"

#include <mysqld_error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "libopendmarc/base/strbuf.h"

/* The longest statement is well below. */
#define STATEMENT_MAX	(64 * 1024)

/* Rows of 1.x that one statement takes over. */
#define ADOPT_ROWS	"10000"

/* So often is a step begun again when another program makes it at the same time. */
#define ROUNDS	50

/* A statement that met another program's is run this often, with pauses of some seconds. */
#define ATTEMPTS	50
#define PAUSE_MSECS	100

/* Policies are only needed for messages that may still be reported. */
#define ADOPT_DAYS	"3"

static const char version_table[] = "CREATE TABLE schema_version (version INT NOT NULL"
    " PRIMARY KEY, what VARCHAR(100) NOT NULL, applied TIMESTAMP NOT NULL DEFAULT"
    " CURRENT_TIMESTAMP) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4";

struct migration {
	MYSQL		*db;
	int		(*fn)(const char *statement, void *arg);	/* NULL: run them */
	void		*arg;
	char		*why;
	size_t		 why_size;
};

static int
failed(const struct migration *m, const char *what)
{
	(void)store_no(m->why, m->why_size, "%s: %s", what, mysql_error(m->db));
	return -1;
}

/*
 * Runs one statement; its rows, where they are asked for, are the caller's. On a cluster a
 * change of tables aborts what other programs do at that moment, on any node, and a change
 * of rows may lose against one of another node.
 */
static int
run_for(const struct migration *m, const char *statement, MYSQL_RES **rows_r)
{
	const struct timespec pause = { 0, PAUSE_MSECS * 1000000L };

	for (int i = 0; i < ATTEMPTS; i++) {
		if (i > 0)
			(void)nanosleep(&pause, NULL);
		if (mysql_query(m->db, statement) == 0 &&
		    (rows_r == NULL || (*rows_r = mysql_store_result(m->db)) != NULL))
			return 0;
		if (!mysql_is_passing(mysql_errno(m->db)) || mysql_is_lost(mysql_errno(m->db)))
			break;
	}
	return -1;
}

static int
run(const struct migration *m, const char *statement)
{
	return run_for(m, statement, NULL);
}

/* The number in the first column; absent when there is no row or no such table; -1. */
static int
number_of(const struct migration *m, const char *query, long absent, long *number_r)
{
	MYSQL_RES *rows;
	MYSQL_ROW row;

	*number_r = absent;
	if (run_for(m, query, &rows) != 0)
		return mysql_errno(m->db) == ER_NO_SUCH_TABLE ? 0 :
		    failed(m, "the tables cannot be read");
	row = mysql_fetch_row(rows);
	if (row != NULL && row[0] != NULL)
		*number_r = strtol(row[0], NULL, 10);
	mysql_free_result(rows);
	return 0;
}

/* Somebody who makes the same change at the same time has made it for us. */
static bool
is_made_already(unsigned number)
{
	return number == ER_TABLE_EXISTS_ERROR || number == ER_DUP_FIELDNAME ||
	    number == ER_DUP_KEYNAME || number == ER_CANT_DROP_FIELD_OR_KEY ||
	    number == ER_DUP_ENTRY;
}

static bool
is_denied(unsigned number)
{
	return number == ER_TABLEACCESS_DENIED_ERROR || number == ER_DBACCESS_DENIED_ERROR ||
	    number == ER_ACCESS_DENIED_ERROR || number == ER_COLUMNACCESS_DENIED_ERROR ||
	    number == ER_SPECIFIC_ACCESS_DENIED_ERROR;
}

/* 0; fn's value; -1. *raced_r: it seems to be made already, with the reason kept. */
static int
apply(const struct migration *m, const char *statement, bool *raced_r)
{
	unsigned number;

	if (m->fn != NULL)
		return m->fn(statement, m->arg);
	if (run(m, statement) == 0)
		return 0;
	number = mysql_errno(m->db);
	*raced_r = is_made_already(number);
	if (is_denied(number)) {
		(void)store_no(m->why, m->why_size, "the tables are not up to date and this "
		    "account may not change them (%s); an administrator of the database has "
		    "to run the statements that --migrate --dry-run prints", mysql_error(m->db));
		return -1;
	}
	(void)store_no(m->why, m->why_size, "the tables cannot be brought up to date: %s (%.150s)",
	    mysql_error(m->db), statement);
	return *raced_r ? 0 : -1;
}

/* Whether the items of a table are to be looked at: 1, 0, -1. */
static int
has_items(const struct migration *m, const struct mysql_step *step, const char *table)
{
	char query[256];
	long there = 1;

	if (table == NULL || !step->creates)
		return 1;
	if (snprintf(query, sizeof(query), "SELECT 1 FROM information_schema.TABLES WHERE"
	    " TABLE_SCHEMA = DATABASE() AND TABLE_NAME = '%s'", table) >= (int)sizeof(query) ||
	    number_of(m, query, 0, &there) != 0)
		return -1;
	return there != 0;
}

/* Puts the items of one table that are missing, from the item *at_r on, into a statement. */
static int
collect(const struct migration *m, const struct mysql_step *step, size_t *at_r,
    struct odm_strbuf *statement)
{
	const char *table = step->items[*at_r].table;
	int wanted = has_items(m, step, table);
	bool alter = table != NULL;
	long there;

	odm_strbuf_clear(statement);
	if (wanted < 0)
		return -1;
	do {
		const struct mysql_item *item = &step->items[(*at_r)++];

		if (number_of(m, item->check, 0, &there) != 0)
			return -1;
		if (there != 0 || wanted == 0)
			continue;
		if (alter && statement->len == 0)
			odm_strbuf_addf(statement, "ALTER TABLE %s ", table);
		else if (alter)
			odm_strbuf_adds(statement, ", ");
		odm_strbuf_adds(statement, item->clause);
	} while (alter && *at_r < step->nitems && step->items[*at_r].table != NULL &&
	    strcmp(step->items[*at_r].table, table) == 0);
	if (!statement->failed)
		return 0;
	(void)store_no(m->why, m->why_size, "out of memory");
	return -1;
}

static int
run_items(const struct migration *m, const struct mysql_step *step, bool *raced_r)
{
	struct odm_strbuf statement;
	int result = 0;

	odm_strbuf_init(&statement, STATEMENT_MAX);
	for (size_t at = 0; at < step->nitems && result == 0 && !*raced_r;) {
		result = collect(m, step, &at, &statement);
		if (result == 0 && statement.len > 0)
			result = apply(m, statement.at, raced_r);
	}
	odm_strbuf_free(&statement);
	return result;
}

/* The statement that notes a step, for whoever comes first. */
static int
note_step(const struct migration *m, size_t version)
{
	char note[256];
	bool raced = false;

	if (snprintf(note, sizeof(note), "INSERT INTO schema_version (version, what) VALUES"
	    " (%zu, '%s')", version + 1, mysql_steps[version].what) >= (int)sizeof(note))
		return -1;
	return apply(m, note, &raced);
}

/* Whoever loses a race against another program looks again at what is missing. */
static int
run_step(const struct migration *m, size_t version)
{
	bool raced = false;
	int result = version == 0 ? apply(m, version_table, &raced) : 0;

	for (int round = 0; result == 0 && round < ROUNDS; round++) {
		raced = false;
		result = run_items(m, &mysql_steps[version], &raced);
		if (!raced)
			break;
	}
	if (result == 0 && raced)
		return -1;
	return result == 0 ? note_step(m, version) : result;
}

/* A policy of requests in the words of policies, and its digest as sql_names.c makes it. */
#define REQUEST_RUA	"COALESCE(q.repuri, '')"
#define REQUEST_DIGEST \
	"CONVERT(SHA2(CONCAT_WS(' ', q.adkim, q.aspf, q.policy, q.spolicy, 0, q.pct, q.fo, 0," \
	" 0, '', " REQUEST_RUA "), 256) USING ascii)"
#define REQUEST_LETTER(column) \
	"CASE q." column " WHEN 110 THEN 'n' WHEN 113 THEN 'q' WHEN 114 THEN 'r'" \
	" WHEN 115 THEN 's' ELSE '' END"
#define REQUEST_OF \
	" JOIN requests q ON q.domain = m.from_domain AND q.policy IN (110, 113, 114)"
#define REQUEST_RECENT \
	" WHERE m.received = 0 AND m.date > CURRENT_TIMESTAMP - INTERVAL " ADOPT_DAYS " DAY"

/* What was published when a 1.x program judged a message is only known by its request. */
static const char *const adopt[] = {
	("INSERT IGNORE INTO policies (domain, adkim, aspf, p, sp, np, pct, fo, psd, testing,"
	    " discovery, rua, digest) SELECT DISTINCT m.policy_domain, "
	    REQUEST_LETTER("adkim") ", " REQUEST_LETTER("aspf") ", " REQUEST_LETTER("policy") ", "
	    REQUEST_LETTER("spolicy") ", '', q.pct, q.fo, '', 0, '', " REQUEST_RUA ", "
	    REQUEST_DIGEST " FROM messages m" REQUEST_OF REQUEST_RECENT),
	("UPDATE messages m" REQUEST_OF " JOIN policies p ON p.domain = m.policy_domain"
	    " AND p.digest = " REQUEST_DIGEST " SET m.published = p.id" REQUEST_RECENT),
	("UPDATE requests q JOIN messages m ON m.from_domain = q.domain"
	    " SET q.policy_domain = m.policy_domain" REQUEST_RECENT " AND q.policy_domain = 0"),
};

static const char adopt_times[] =
    "UPDATE messages SET received = UNIX_TIMESTAMP(date) WHERE received = 0 LIMIT " ADOPT_ROWS;

/* Rows that a 1.x program has added, before or since: their time, and their policy. */
static int
adopt_rows(const struct migration *m)
{
	long there;

	if (number_of(m, "SELECT 1 FROM messages WHERE received = 0 LIMIT 1", 0, &there) != 0)
		return -1;
	if (there == 0)
		return 0;
	for (size_t i = 0; i < COUNT(adopt); i++)
		if (run(m, adopt[i]) != 0)
			return failed(m, "rows of a 1.x program cannot be taken over");
	do {
		if (run(m, adopt_times) != 0)
			return failed(m, "rows of a 1.x program cannot be taken over");
	} while (mysql_affected_rows(m->db) > 0);
	return 0;
}

int
mysql_migrate(MYSQL *db, int (*fn)(const char *statement, void *arg), void *arg,
    char *why, size_t why_size)
{
	const struct migration m = { db, fn, arg, why, why_size };
	long version;
	int result = 0;

	if (number_of(&m, "SELECT MAX(version) FROM schema_version", 0, &version) != 0)
		return -1;
	if (version < 0 || (size_t)version > mysql_nsteps) {
		(void)store_no(why, why_size, "the tables were made by a newer opendmarc (they "
		    "are of version %ld, this one knows %zu); install that version", version,
		    mysql_nsteps);
		return -1;
	}
	/* An administrator's session may refuse the zero dates of old tables. */
	if (fn != NULL && (size_t)version < mysql_nsteps)
		result = fn("SET SESSION time_zone = '+00:00', SESSION sql_mode ="
		    " 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'", arg);
	for (; result == 0 && (size_t)version < mysql_nsteps; version++)
		result = run_step(&m, (size_t)version);
	return result != 0 || fn != NULL ? result : adopt_rows(&m);
}
