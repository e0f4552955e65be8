/*
 * storebed.c - a database for each test of the store, and what tests put in and look at.
 */
#include "config.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef HAVE_MYSQL
#include <mysql.h>
#endif
#include <sqlite3.h>

#include "db/store_memory.h"
#include "tests/store/storebed.h"

char folder[] = "/tmp/check_store.XXXXXX";
char url[256];
struct store *st;
enum store_kind kind;

/* An empty MySQL database "t". */
static void
make_database(const char *socket)
{
#ifdef HAVE_MYSQL
	static const char *const statements[] = {
		"DROP DATABASE IF EXISTS t", "CREATE DATABASE t"
	};
	MYSQL *db = mysql_init(NULL);

	ck_assert_ptr_nonnull(db);
	ck_assert_msg(mysql_real_connect(db, "localhost", "root", NULL, NULL, 0, socket, 0) !=
	    NULL, "%s", mysql_error(db));
	for (size_t i = 0; i < COUNT(statements); i++)
		ck_assert_msg(mysql_query(db, statements[i]) == 0, "%s", mysql_error(db));
	mysql_close(db);
#else
	ck_abort_msg("%s: no MySQL in this build", socket);
#endif
}

struct store *
open_store(void)
{
	char why[512];
	struct store *opened = store_open(url, why, sizeof(why));

	ck_assert_msg(opened != NULL, "%s", why);
	return opened;
}

/* Another program on the same database. */
struct store *
open_other(void)
{
	struct store *other = kind == JUDGE ? store_memory_again(st) : open_store();

	ck_assert_ptr_nonnull(other);
	return other;
}

static void
setup(void)
{
	const char *socket = getenv("STORE_MYSQL_SOCKET");

	memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	if (kind == MYSQL_SERVER) {
		make_database(socket);
		snprintf(url, sizeof(url), "mysql://root@localhost/t?socket=%s", socket);
	} else {
		snprintf(url, sizeof(url), kind == JUDGE ? "memory:" : "sqlite:%s/t.db", folder);
	}
	st = open_store();
}

void
setup_sqlite(void)
{
	kind = SQLITE;
	setup();
}

void
setup_judge(void)
{
	kind = JUDGE;
	setup();
}

void
setup_mysql(void)
{
	kind = MYSQL_SERVER;
	setup();
}

void
teardown(void)
{
	static const char *const names[] = { "t.db", "t.db-wal", "t.db-shm", "other" };
	char path[128];

	store_close(&st);
	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		(void)unlink(path);
	}
	ck_assert_int_eq(rmdir(folder), 0);
}

/* A record from "key value" lines on top of a usual one; free with history_record_clear(). */
struct history_record
record(const char *lines)
{
	static const char usual[] =
	    "job A\nreporter mx.example\nipaddr 192.0.2.1\nfrom a.example\nmfrom b.a.example\n"
	    "dkim a.example s1 0\nspf 0\npdomain a.example\npolicy 15\n"
	    "pct 100\nadkim 114\naspf 115\np 114\nsp 0\nalign_dkim 4\nalign_spf 5\naction 2\n";
	const char *texts[] = { usual, lines };
	struct history_record rec;
	const char *why;

	history_record_init(&rec);
	rec.received = T0;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct odm_span rest = odm_span_str(texts[i]), line;

		while (odm_span_next(&rest, '\n', &line))
			ck_assert_int_eq(history_read_line(&rec, line, true, &why),
			    HISTORY_LINE_OKAY);
	}
	return rec;
}

enum store_added
add(const char *identity, int64_t received, const char *lines)
{
	struct history_record rec = record(lines);
	enum store_added added;

	rec.received = received;
	ck_assert_msg(store_add_message(st, &rec, identity, &added) == 0, "%s",
	    store_error(st));
	history_record_clear(&rec);
	return added;
}

int64_t
count_messages(void)
{
	int64_t messages = -1, domains = -1;

	ck_assert_int_eq(store_count(st, 0, INT64_MAX, &messages, &domains), 0);
	return messages;
}

void
note(struct seen *seen, const char *format, ...)
{
	size_t len = strlen(seen->text);
	va_list ap;

	va_start(ap, format);
	ck_assert_int_lt(vsnprintf(seen->text + len, sizeof(seen->text) - len, format, ap),
	    (int)(sizeof(seen->text) - len));
	va_end(ap);
}

int
counted(struct seen *seen)
{
	return ++seen->calls == seen->stop_after ? 7 : 0;
}

char
shown(char letter)
{
	return letter == 0 ? '-' : letter;
}

int
see_policy(const struct store_policy *p, void *arg)
{
	struct seen *seen = arg;

	note(seen, "%s %c%c %c%c%c fo=%d psd=%c t=%d %s rua=%s\n", p->domain, p->adkim,
	    p->aspf, p->p, shown(p->sp), shown(p->np), p->fo, p->psd, p->testing,
	    p->discovery == NULL ? "-" : p->discovery, p->rua);
	return counted(seen);
}

int
see_message(const struct store_message *m, void *arg)
{
	struct seen *seen = arg;

	note(seen, "%s from=%s mfrom=%s spf=%d/%d %s align=%d%d policy=%d action=%d eff=%c",
	    m->ip, m->from, m->mfrom, m->spf, m->spf_scope,
	    m->spf_domain == NULL ? "-" : m->spf_domain, m->align_dkim, m->align_spf,
	    m->policy, m->action, shown(m->effective));
	if (m->automatic != HISTORY_AUTOMATIC_NO)
		note(seen, " %s", history_automatic_name(m->automatic));
	for (size_t i = 0; i < m->ndkim; i++)
		note(seen, " dkim=%s/%s/%d", m->dkim[i].domain,
		    m->dkim[i].selector == NULL ? "-" : m->dkim[i].selector,
		    m->dkim[i].result);
	for (size_t i = 0; i < m->nreasons; i++)
		note(seen, " %s(%s)", history_override_name(m->reasons[i].type),
		    m->reasons[i].comment == NULL ? "" : m->reasons[i].comment);
	note(seen, "\n");
	return counted(seen);
}

/* The judge has no tables that people could ask. */
static void
see_table_sqlite(const char *query, struct seen *seen)
{
	sqlite3_stmt *q = NULL;
	sqlite3 *db = NULL;

	ck_assert_int_eq(sqlite3_open(url + strlen("sqlite:"), &db), SQLITE_OK);
	ck_assert_msg(sqlite3_prepare_v2(db, query, -1, &q, NULL) == SQLITE_OK, "%s",
	    sqlite3_errmsg(db));
	while (sqlite3_step(q) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(q); i++)
			note(seen, "%s%s", i == 0 ? "" : " ",
			    (const char *)sqlite3_column_text(q, i));
		note(seen, "\n");
	}
	sqlite3_finalize(q);
	sqlite3_close(db);
}

void
see_table(const char *query, struct seen *seen)
{
	if (kind == SQLITE)
		see_table_sqlite(query, seen);
#ifdef HAVE_MYSQL
	if (kind == MYSQL_SERVER) {
		MYSQL *db = mysql_init(NULL);
		MYSQL_RES *result;
		MYSQL_ROW row;

		ck_assert_ptr_nonnull(db);
		ck_assert_msg(mysql_real_connect(db, "localhost", "root", NULL, "t", 0,
		    getenv("STORE_MYSQL_SOCKET"), 0) != NULL, "%s", mysql_error(db));
		ck_assert_msg(mysql_query(db, query) == 0, "%s", mysql_error(db));
		ck_assert_ptr_nonnull(result = mysql_store_result(db));
		while ((row = mysql_fetch_row(result)) != NULL) {
			for (unsigned i = 0; i < mysql_num_fields(result); i++)
				note(seen, "%s%s", i == 0 ? "" : " ", row[i]);
			note(seen, "\n");
		}
		mysql_free_result(result);
		mysql_close(db);
	}
#endif
}

/* Claims and enters the report of T0's day; false when there was nothing to claim. */
bool
add_report(struct store *by, const char *domain, const char *id,
    const struct store_delivery *deliveries, size_t n)
{
	struct store_claim claim;
	enum store_claimed how;
	bool added = false;

	ck_assert_msg(store_report_claim(by, domain, T0, T0 + DAY, 0, &claim, &how) == 0, "%s",
	    store_error(by));
	if (how != STORE_CLAIM_MINE)
		return false;
	ck_assert_msg(store_report_add(by, &claim, id, 1, deliveries, n, &added) == 0, "%s",
	    store_error(by));
	return added;
}

int
see_delivery(const struct store_delivery *d, void *arg)
{
	struct seen *seen = arg;

	note(seen, "%s %lld-%lld %s %s state=%d tries=%d next=%lld %s [%.*s]\n",
	    d->policy_domain, (long long)(d->begin - T0), (long long)(d->end - T0),
	    d->report_id, d->destination, (int)d->state, d->tries, (long long)d->next_try,
	    d->reason == NULL ? "-" : d->reason, (int)d->mail_len, d->mail);
	return counted(seen);
}

/* Notes the outcome that the address asks for. */
int
try_delivery(const struct store_delivery *d, void *arg)
{
	struct seen *seen = arg;

	seen->calls++;
	if (strncmp(d->destination, "good", 4) == 0)
		return store_delivery_result(st, d->id, STORE_DELIVERY_SENT, 0, NULL);
	if (strncmp(d->destination, "dead", 4) == 0)
		return store_delivery_result(st, d->id, STORE_DELIVERY_DEAD, 0, "550 no");
	return store_delivery_result(st, d->id, STORE_DELIVERY_FAILED, 1000, "451 later");
}

static int
see_request(const struct store_request *r, void *arg)
{
	note(arg, "%s %s locked=%d %c%c seen=%lld", r->domain, r->rua, r->locked, shown(r->p),
	    shown(r->sp), (long long)r->seen);
	return 3;
}

const char *
request(const char *domain)
{
	static struct seen seen;

	seen = (struct seen){ .text = "" };
	ck_assert_int_ne(store_request(st, domain, see_request, &seen), -1);
	return seen.text;
}
