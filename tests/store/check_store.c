/*
 * check_store.c - one suite for every backend of the store: SQLite, the judge in memory
 * and, where STORE_MYSQL_SOCKET names the socket of a server, MySQL (test_mysql.py starts
 * one). Each test has a database of its own.
 */
#include "config.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#ifdef HAVE_MYSQL
#include <mysql.h>
#endif
#include <sqlite3.h>

#include "db/store.h"
#include "db/store_memory.h"
#include "tests/unit/suite.h"

#define DAY		INT64_C(86400)
#define T0		(INT64_C(19000) * DAY)

static char folder[] = "/tmp/check_store.XXXXXX";
static char url[256];
static struct store *st;

static enum kind { SQLITE, JUDGE, MYSQL_SERVER } kind;

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

static struct store *
open_store(void)
{
	char why[512];
	struct store *opened = store_open(url, why, sizeof(why));

	ck_assert_msg(opened != NULL, "%s", why);
	return opened;
}

/* Another program on the same database. */
static struct store *
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

static void
setup_sqlite(void)
{
	kind = SQLITE;
	setup();
}

static void
setup_judge(void)
{
	kind = JUDGE;
	setup();
}

static void
setup_mysql(void)
{
	kind = MYSQL_SERVER;
	setup();
}

static void
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
static struct history_record
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

static enum store_added
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

static int64_t
count_messages(void)
{
	int64_t messages = -1, domains = -1;

	ck_assert_int_eq(store_count(st, 0, INT64_MAX, &messages, &domains), 0);
	return messages;
}

/* What the functions below collect: one line of text for each row. */
struct seen {
	char	text[8192];
	int	stop_after;	/* 0: never */
	int	calls;
};

static void
note(struct seen *seen, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
note(struct seen *seen, const char *format, ...)
{
	size_t len = strlen(seen->text);
	va_list ap;

	va_start(ap, format);
	ck_assert_int_lt(vsnprintf(seen->text + len, sizeof(seen->text) - len, format, ap),
	    (int)(sizeof(seen->text) - len));
	va_end(ap);
}

static int
counted(struct seen *seen)
{
	return ++seen->calls == seen->stop_after ? 7 : 0;
}

static char
shown(char letter)
{
	return letter == 0 ? '-' : letter;
}

static int
see_policy(const struct store_policy *p, void *arg)
{
	struct seen *seen = arg;

	note(seen, "%s %c%c %c%c%c fo=%d psd=%c t=%d %s rua=%s\n", p->domain, p->adkim,
	    p->aspf, p->p, shown(p->sp), shown(p->np), p->fo, p->psd, p->testing,
	    p->discovery == NULL ? "-" : p->discovery, p->rua);
	return counted(seen);
}

static int
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

START_TEST(same_identity_counts_once)
{
	ck_assert_int_eq(add("i1", T0, ""), STORE_ADDED);
	ck_assert_int_eq(add("i1", T0, ""), STORE_KNOWN);
	/* Same job in the same second, but another record. */
	ck_assert_int_eq(add("i2", T0, ""), STORE_ADDED);
	ck_assert_int_eq(count_messages(), 2);
}
END_TEST

START_TEST(message_comes_back)
{
	struct seen seen = { .text = "" };

	add("i1", T0, "dkim esp.example - 7\nspf 7\nspf_scope 2\nspf_domain h.example\n"
	    "mfrom \neffective q\npolicy 16\noverride trusted_forwarder arc=pass\n"
	    "override other\nautomatic bounce\n");
	add("i2", T0 + 1, "from sub.a.example\nipaddr 2001:db8::1\nautomatic report\n");
	add("i3", T0 - 1, "");
	add("i4", T0 + DAY, "");
	add("i5", T0, "pdomain other.example\n");
	ck_assert_int_eq(store_each_message(st, "A.example", T0, T0 + DAY, see_message, &seen),
	    0);
	ck_assert_str_eq(seen.text,
	    "192.0.2.1 from=a.example mfrom= spf=7/2 h.example align=45 policy=16 action=2 "
	    "eff=q bounce dkim=a.example/s1/0 dkim=esp.example/-/7 trusted_forwarder(arc=pass) "
	    "other()\n"
	    "2001:db8::1 from=sub.a.example mfrom=b.a.example spf=0/-1 - align=45 policy=15 "
	    "action=2 eff=- report dkim=a.example/s1/0\n");

	seen = (struct seen){ .text = "" };
	ck_assert_int_eq(store_each_message(st, "none.example", T0, T0 + DAY, see_message,
	    &seen), 0);
	ck_assert_str_eq(seen.text, "");
}
END_TEST

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

static void
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

#define ARC_RESULTS \
	"SELECT m.jobid, m.arc, m.arc_policy, a.instance, a.arc_client_addr FROM messages m" \
	" JOIN arcauthresults a ON a.message = m.id ORDER BY m.jobid, a.instance"
#define ARC_SEALS \
	"SELECT m.jobid, a.instance, d.name, COALESCE(s.name, '-') FROM messages m" \
	" JOIN arcseals a ON a.message = m.id JOIN domains d ON d.id = a.domain" \
	" LEFT JOIN selectors s ON s.id = a.selector AND s.domain = a.domain" \
	" ORDER BY m.jobid, a.instance"

/* People's own queries look there; one record or many at once, it is the same. */
START_TEST(arc_sets_are_kept)
{
	static const char *const lines[] = {
		"job J0\narc 0\narc_policy 0 json:[{ \"i\": 2, \"d\":\"L.example\", \"s\":\"s2\","
		    " \"ip\":\"192.0.2.7\" }, { \"i\": 1, \"d\":\"a.example\", \"s\":\"s1\","
		    " \"ip\":\"\" }, { \"i\": 2, \"d\":\"again.example\", \"s\":\"\", \"ip\":\"\" }]\n",
		"job J1\narc 7\narc_policy 2 json:[{ \"i\": 1, \"d\":\"l.example\", \"s\":\"\","
		    " \"ip\":\"2001:db8::1\" }]\n",
		"job J2\narc 7\narc_policy 2 json:[{ \"i\": 1, \"d\":\"\", \"s\":\"s\","
		    " \"ip\":\"\" }]\n",
		"job J3\narc 7\narc_policy 2 json:[]\n",
	};
	struct store_new list[COUNT(lines)];
	struct history_record recs[COUNT(lines)];
	struct seen results = { .text = "" }, seals = { .text = "" };
	struct store_expired expired;
	static const char *const ids[] = { "i0", "i1", "i2", "i3" };

	for (size_t i = 0; i < COUNT(lines); i++) {
		recs[i] = record(lines[i]);
		list[i] = (struct store_new){ &recs[i], ids[i], STORE_KNOWN };
		if (_i == 0)
			add(ids[i], T0, lines[i]);
	}
	if (_i == 1)
		ck_assert_msg(store_add_messages(st, list, COUNT(list)) == 0, "%s", store_error(st));
	/* Known already: nothing changes. */
	ck_assert_msg(store_add_messages(st, list, COUNT(list)) == 0, "%s", store_error(st));
	for (size_t i = 0; i < COUNT(lines); i++) {
		ck_assert_int_eq(list[i].added, STORE_KNOWN);
		history_record_clear(&recs[i]);
	}
	see_table(ARC_RESULTS, &results);
	see_table(ARC_SEALS, &seals);
	if (kind != JUDGE) {
		ck_assert_str_eq(results.text, "J0 0 0 1 \nJ0 0 0 2 192.0.2.7\n"
		    "J1 7 2 1 2001:db8::1\nJ2 7 2 1 \n");
		ck_assert_str_eq(seals.text, "J0 1 a.example s1\nJ0 2 l.example s2\n"
		    "J1 1 l.example -\n");
	}
	ck_assert_int_eq(store_expire(st, &(struct store_expiry){ .before = T0 + DAY,
	    .batch = 10, .unreported = true }, &expired), 0);
	ck_assert_int_eq(expired.messages, (int)COUNT(lines));
	results = seals = (struct seen){ .text = "" };
	see_table("SELECT id FROM arcauthresults", &results);
	see_table("SELECT id FROM arcseals", &seals);
	ck_assert_str_eq(results.text, "");
	ck_assert_str_eq(seals.text, "");
}
END_TEST

/* The order of import does not matter; records without a policy say nothing about it. */
START_TEST(newest_policy_decides)
{
	struct seen seen = { .text = "" };

	add("i1", T0 + 50, "p 113\nsp 110\nnp 114\nfo 9\npsd n\nt y\ndiscovery treewalk\n"
	    "rua mailto:new@a.example\nrua mailto:x@b.example!1m\n");
	add("i2", T0 + 10, "p 110\nrua mailto:old@a.example\n");
	add("i3", T0 + 60, "p 0\npolicy 14\nadkim 0\naspf 0\n");
	add("i4", T0, "pdomain Z.example\n");
	add("i5", T0, "pdomain b.example\nfrom www.b.example\n");
	add("i6", T0, "pdomain nothing.example\np 0\npolicy 14\n");
	ck_assert_int_eq(store_each_policy(st, T0, T0 + DAY, see_policy, &seen), 0);
	ck_assert_str_eq(seen.text,
	    "a.example rs qnr fo=9 psd=n t=1 treewalk "
	    "rua=mailto:new@a.example,mailto:x@b.example!1m\n"
	    "b.example rs r-- fo=0 psd=u t=0 - rua=\n"
	    "z.example rs r-- fo=0 psd=u t=0 - rua=\n");

	/* A window in which only the older one was seen. */
	seen = (struct seen){ .text = "" };
	ck_assert_int_eq(store_each_policy(st, T0 + 1, T0 + 50, see_policy, &seen), 0);
	ck_assert_str_eq(seen.text,
	    "a.example rs n-- fo=0 psd=u t=0 - rua=mailto:old@a.example\n");
}
END_TEST

START_TEST(windows_are_half_open)
{
	struct seen seen = { .text = "" };
	int64_t messages, domains;

	add("i1", T0 - 1, "");
	add("i2", T0, "");
	add("i3", T0 + DAY - 1, "pdomain b.example\n");
	add("i4", T0 + DAY, "pdomain c.example\n");
	ck_assert_int_eq(store_count(st, T0, T0 + DAY, &messages, &domains), 0);
	ck_assert_int_eq(messages, 2);
	ck_assert_int_eq(domains, 2);
	ck_assert_int_eq(store_each_policy(st, T0, T0 + DAY, see_policy, &seen), 0);
	ck_assert_int_eq(seen.calls, 2);
}
END_TEST

START_TEST(function_ends_the_run)
{
	struct seen seen = { .stop_after = 2 };

	for (int i = 0; i < 5; i++) {
		char lines[64], id[8];

		snprintf(lines, sizeof(lines), "pdomain d%d.example\n", i);
		snprintf(id, sizeof(id), "i%d", i);
		add(id, T0, lines);
		add(id, T0 + 1, "");
	}
	ck_assert_int_eq(store_each_policy(st, 0, INT64_MAX, see_policy, &seen), 7);
	ck_assert_int_eq(seen.calls, 2);
	seen.calls = 0;
	ck_assert_int_eq(store_each_message(st, "a.example", 0, INT64_MAX, see_message, &seen),
	    7);
	ck_assert_int_eq(seen.calls, 2);
}
END_TEST

/* Claims and enters the report of T0's day; false when there was nothing to claim. */
static bool
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

/* A report is made while the policies are walked: reading inside reading, then writing. */
static int
see_messages_of(const struct store_policy *p, void *arg)
{
	struct seen *seen = arg;
	struct seen inner = { .text = "" };
	char id[64];

	ck_assert_int_eq(store_each_message(st, p->domain, 0, INT64_MAX, see_message, &inner),
	    0);
	snprintf(id, sizeof(id), "report-%s", p->domain);
	ck_assert(add_report(st, p->domain, id, NULL, 0));
	note(seen, "%s:%d ", p->domain, inner.calls);
	return 0;
}

static int
read_again(const struct store_message *m, void *arg)
{
	struct seen *seen = arg;

	(void)m;
	seen->calls++;
	if (seen->calls > 3)
		return 0;
	return store_each_message(st, "a.example", 0, INT64_MAX, read_again, arg);
}

START_TEST(functions_may_use_the_store)
{
	struct seen seen = { .text = "" };

	add("i1", T0, "");
	add("i2", T0, "");
	add("i3", T0, "pdomain b.example\n");
	ck_assert_int_eq(store_each_policy(st, T0, T0 + DAY, see_messages_of, &seen), 0);
	ck_assert_str_eq(seen.text, "a.example:2 b.example:1 ");
	ck_assert_int_eq(store_each_message(st, "a.example", 0, INT64_MAX, read_again, &seen),
	    0);
	ck_assert_int_eq(seen.calls, 8);
}
END_TEST

START_TEST(transactions)
{
	struct seen seen = { .text = "" };

	ck_assert_int_eq(store_begin(st), 0);
	add("i1", T0, "from gone.example\npdomain gone.example\n");
	store_rollback(st);
	store_rollback(st);
	ck_assert_int_eq(count_messages(), 0);

	/* Ids that the rolled back transaction had given must not be used again. */
	ck_assert_int_eq(store_begin(st), 0);
	add("i2", T0, "pdomain kept.example\n");
	add("i1", T0, "from gone.example\npdomain gone.example\n");
	ck_assert_int_eq(store_commit(st), 0);
	ck_assert_int_eq(store_each_policy(st, 0, INT64_MAX, see_policy, &seen), 0);
	ck_assert_ptr_nonnull(strstr(seen.text, "gone.example"));
	ck_assert_ptr_nonnull(strstr(seen.text, "kept.example"));

	ck_assert_int_eq(store_begin(st), 0);
	add("i3", T0, "");
	if (kind == JUDGE)
		store_rollback(st);
	else
		store_close(&st);
	if (st == NULL)
		st = open_store();
	ck_assert_int_eq(count_messages(), 2);
}
END_TEST

/* The caller can find the record that is at fault, and store the others. */
START_TEST(refused_record_is_told)
{
	char id[STORE_IDENTITY_MAX + 2];
	struct history_record rec = record("");
	struct store_new list[] = {
		{ &rec, "i1", STORE_ADDED }, { &rec, id, STORE_ADDED }, { &rec, "i2", STORE_ADDED },
	};

	memset(id, 'x', sizeof(id) - 1);
	id[sizeof(id) - 1] = '\0';
	ck_assert_int_eq(store_add_messages(st, list, COUNT(list)), -1);
	ck_assert(store_refused(st) && !store_again(st));
	ck_assert_int_eq(store_add_messages(st, list, 1), 0);
	ck_assert_int_eq(store_add_messages(st, list + 1, 1), -1);
	ck_assert(store_refused(st));
	ck_assert_int_eq(store_add_messages(st, list + 2, 1), 0);
	ck_assert_int_eq(count_messages(), 2);

	/* Another failure is no refusal. */
	ck_assert_int_eq(store_delivery_result(st, 4711, STORE_DELIVERY_SENT, 0, NULL), -1);
	ck_assert(!store_refused(st));
	history_record_clear(&rec);
}
END_TEST

/* A record that the tables refuse leaves nothing behind, alone or in a transaction. */
START_TEST(failed_record_spoils_the_transaction)
{
	struct history_record bad = record("");
	enum store_added added;

	bad.action = 99;
	ck_assert_int_eq(store_add_message(st, &bad, "i1", &added), -1);
	ck_assert_str_ne(store_error(st), "");
	ck_assert_ptr_null(strchr(store_error(st), '\n'));
	ck_assert_int_eq(store_begin(st), 0);
	add("i2", T0, "");
	ck_assert_int_eq(store_add_message(st, &bad, "i1", &added), -1);
	ck_assert_int_eq(store_commit(st), -1);
	ck_assert_int_eq(count_messages(), 0);
	add("i2", T0, "");
	ck_assert_int_eq(count_messages(), 1);
	history_record_clear(&bad);
}
END_TEST

START_TEST(two_writers_see_each_other)
{
	struct store *other = open_other();
	struct history_record rec = record("pdomain b.example\n");
	enum store_added added;

	add("i1", T0, "");
	ck_assert_int_eq(store_add_message(other, &rec, "i1", &added), 0);
	ck_assert_int_eq(added, STORE_KNOWN);
	ck_assert_int_eq(store_add_message(other, &rec, "i2", &added), 0);
	ck_assert_int_eq(added, STORE_ADDED);
	ck_assert_int_eq(add("i2", T0, "pdomain b.example\n"), STORE_KNOWN);
	ck_assert_int_eq(count_messages(), 2);
	store_close(&other);
	history_record_clear(&rec);
}
END_TEST

/* Text of a message is only data, whatever it looks like. */
START_TEST(hostile_texts)
{
	static const char evil[] = "'; DROP TABLE messages; --\"\\%_?\x01\xff\xc3(";
	static const char kept[] = "'; DROP TABLE messages; --\"\\%_???" "?(";
	struct history_record rec = record("");
	struct seen seen = { .text = "" };
	enum store_added added;

	ck_assert(history_set(&rec.from, odm_span_str(evil)));
	ck_assert(history_set(&rec.mfrom, odm_span_str(evil)));
	ck_assert(history_set(&rec.pdomain, odm_span_str(evil)));
	ck_assert(history_set(&rec.job, odm_span_str(evil)));
	ck_assert(history_set(&rec.reporter, odm_span_str(evil)));
	ck_assert(history_set(&rec.ipaddr, odm_span_str(evil)));
	ck_assert(history_add_dkim(&rec, odm_span_str(evil), odm_span_str(evil), 0));
	ck_assert(history_add_reason(&rec, HISTORY_OVERRIDE_OTHER, odm_span_str(evil)));
	ck_assert(history_add_rua(&rec, odm_span_str(evil)));
	ck_assert(history_add_arcseal(&rec, 1, odm_span_str(evil), odm_span_str(evil),
	    odm_span_str(evil)));
	ck_assert_int_eq(store_add_message(st, &rec, evil, &added), 0);
	ck_assert_int_eq(added, STORE_ADDED);
	ck_assert_int_eq(store_each_message(st, kept, 0, INT64_MAX, see_message, &seen), 0);
	ck_assert_int_eq(seen.calls, 1);
	ck_assert_ptr_nonnull(strstr(seen.text, kept));
	ck_assert_int_eq(store_each_policy(st, 0, INT64_MAX, see_policy, &seen), 0);
	ck_assert_int_eq(seen.calls, 2);
	seen = (struct seen){ .text = "" };
	see_table("SELECT arc_client_addr FROM arcauthresults", &seen);
	if (kind != JUDGE)
		ck_assert_str_eq(seen.text, "';?DROP?TABLE?messages;?--\"\\%_???" "?(\n");
	history_record_clear(&rec);
}
END_TEST

/* A list of addresses is kept whole, however long; so is a message of 1000 signatures. */
START_TEST(large_records)
{
	struct history_record rec = record("");
	struct seen seen = { .text = "" };
	enum store_added added;
	char uri[200];

	for (int i = 0; i < 20; i++) {
		snprintf(uri, sizeof(uri), "mailto:%0100d@a.example", i);
		ck_assert(history_add_rua(&rec, odm_span_str(uri)));
	}
	ck_assert_int_eq(store_add_message(st, &rec, "i1", &added), 0);
	ck_assert_int_eq(store_each_policy(st, 0, INT64_MAX, see_policy, &seen), 0);
	ck_assert_ptr_nonnull(strstr(seen.text, uri));
	history_record_clear(&rec);

	rec = record("pdomain many.example\n");
	while (history_add_dkim(&rec, odm_span_str("esp.example"), odm_span_str("s"), 7))
		;
	ck_assert_uint_eq(rec.ndkim, HISTORY_DKIM_MAX);
	ck_assert_int_eq(store_add_message(st, &rec, "i2", &added), 0);
	history_record_clear(&rec);
}
END_TEST

static int
count_signatures(const struct store_message *m, void *arg)
{
	size_t *most = arg;

	if (m->ndkim > *most)
		*most = m->ndkim;
	return 0;
}

START_TEST(many_signatures_come_back)
{
	struct history_record rec = record("");
	enum store_added added;
	size_t most = 0;

	while (history_add_dkim(&rec, odm_span_str("esp.example"), odm_span_str("s"), 7))
		;
	ck_assert_int_eq(store_add_message(st, &rec, "i1", &added), 0);
	history_record_clear(&rec);
	ck_assert_int_eq(store_each_message(st, "a.example", 0, INT64_MAX, count_signatures,
	    &most), 0);
	ck_assert_uint_eq(most, HISTORY_DKIM_MAX);
}
END_TEST

static int
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
static int
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

/* Another program commits between the rows; the outcome can be noted all the same. */
static void
write_elsewhere(const char *identity)
{
	struct history_record rec = record("pdomain other.example\n");
	enum store_added added;
	struct store *other = open_other();

	ck_assert_int_eq(store_add_message(other, &rec, identity, &added), 0);
	ck_assert_int_eq(added, STORE_ADDED);
	store_close(&other);
	history_record_clear(&rec);
}

static int
try_beside_others(const struct store_delivery *d, void *arg)
{
	struct seen *seen = arg;
	char identity[32];

	snprintf(identity, sizeof(identity), "due%d", ++seen->calls);
	write_elsewhere(identity);
	return store_delivery_result(st, d->id, STORE_DELIVERY_SENT, 0, NULL);
}

static int
report_beside_others(const struct store_policy *p, void *arg)
{
	static const struct store_delivery d[] = {
		{ .destination = "a@a.example" }, { .destination = "b@a.example" },
	};
	struct seen *seen = arg;
	char identity[64];

	snprintf(identity, sizeof(identity), "policy%d", ++seen->calls);
	write_elsewhere(identity);
	return add_report(st, p->domain, identity, d, COUNT(d)) ? 0 : -1;
}

START_TEST(other_programs_write_meanwhile)
{
	struct seen seen = { .text = "" };

	add("i1", T0, "");
	add("i2", T0, "pdomain b.example\n");
	ck_assert_msg(store_each_policy(st, T0, T0 + DAY, report_beside_others, &seen) == 0,
	    "%s", store_error(st));
	ck_assert_int_eq(seen.calls, 2);
	seen.calls = 0;
	ck_assert_msg(store_each_due(st, T0, try_beside_others, &seen) == 0, "%s",
	    store_error(st));
	ck_assert_int_eq(seen.calls, 4);
	ck_assert_int_eq(store_each_due(st, T0, try_beside_others, &seen), 0);
	ck_assert_int_eq(seen.calls, 4);
	ck_assert_int_eq(count_messages(), 8);
}
END_TEST

START_TEST(ledger)
{
	static const struct store_delivery deliveries[] = {
		{ .destination = "good@a.example", .mail = "mail\r\n\0x", .mail_len = 8 },
		{ .destination = "later@b.example", .mail = "second", .mail_len = 6 },
		{ .destination = "dead@c.example", .mail = "third", .mail_len = 5 },
		{ .destination = "later@b.example", .mail = "twice", .mail_len = 5 },
		{ .destination = "no@d.example", .state = STORE_DELIVERY_DEAD,
		    .reason = "not verified" },
	};
	struct seen seen = { .text = "" };
	bool known = true;

	add("i1", T0, "");
	ck_assert_int_eq(store_report_known(st, "a.example", T0, T0 + DAY, &known), 0);
	ck_assert(!known);
	ck_assert(add_report(st, "a.example", "r1", deliveries, COUNT(deliveries)));
	ck_assert(!add_report(st, "A.EXAMPLE", "r2", deliveries, COUNT(deliveries)));
	ck_assert_int_eq(store_report_known(st, "a.example", T0, T0 + DAY, &known), 0);
	ck_assert(known);
	ck_assert_int_eq(store_report_known(st, "a.example", T0, T0 + DAY + 1, &known), 0);
	ck_assert(!known);

	ck_assert_int_eq(store_each_due(st, 0, see_delivery, &seen), 0);
	ck_assert_int_eq(seen.calls, 3);
	ck_assert_ptr_nonnull(strstr(seen.text, "a.example 0-86400 r1 good@a.example state=0 "
	    "tries=0 next=0 - [mail\r\n"));
	ck_assert_ptr_null(strstr(seen.text, "twice"));

	seen = (struct seen){ .text = "" };
	ck_assert_int_eq(store_each_due(st, 1, try_delivery, &seen), 0);
	ck_assert_int_eq(seen.calls, 3);
	seen = (struct seen){ .text = "" };
	ck_assert_int_eq(store_each_due(st, 999, see_delivery, &seen), 0);
	ck_assert_str_eq(seen.text, "");
	ck_assert_int_eq(store_each_due(st, 1000, see_delivery, &seen), 0);
	ck_assert_str_eq(seen.text, "a.example 0-86400 r1 later@b.example state=2 tries=1 "
	    "next=1000 451 later [second]\n");
	ck_assert_int_eq(store_delivery_result(st, 4711, STORE_DELIVERY_SENT, 0, NULL), -1);
}
END_TEST

/* A report whose id is used already is refused as a whole. */
START_TEST(report_is_whole_or_not)
{
	static const struct store_delivery d = { .destination = "a@a.example" };
	struct seen seen = { .text = "" };
	struct store_claim claim;
	enum store_claimed how;
	bool added, known;

	add("i1", T0, "");
	add("i2", T0, "pdomain b.example\n");
	ck_assert(add_report(st, "a.example", "r1", &d, 1));
	ck_assert_int_eq(store_report_claim(st, "b.example", T0, T0 + DAY, 0, &claim, &how), 0);
	ck_assert_int_eq(how, STORE_CLAIM_MINE);
	ck_assert_int_eq(store_report_add(st, &claim, "r1", 1, &d, 1, &added), -1);
	ck_assert_int_eq(store_report_known(st, "b.example", T0, T0 + DAY, &known), 0);
	ck_assert(!known);
	ck_assert_int_eq(store_each_due(st, 0, see_delivery, &seen), 0);
	ck_assert_int_eq(seen.calls, 1);
}
END_TEST

/* The addresses of which messages a claimed report is. */
static int
see_ip(const struct store_message *m, void *arg)
{
	struct seen *seen = arg;

	note(seen, "%s ", m->ip);
	return counted(seen);
}

START_TEST(one_runner_makes_a_report)
{
	struct store *other = open_other();
	struct store_claim mine, theirs;
	struct seen seen = { .text = "" };
	enum store_claimed how;
	int64_t now = (int64_t)time(NULL);
	bool added;

	add("i1", T0, "ipaddr 192.0.2.1\n");
	ck_assert_int_eq(store_report_claim(st, "a.example", T0, T0 + DAY, now, &mine, &how), 0);
	ck_assert_int_eq(how, STORE_CLAIM_MINE);
	ck_assert(!mine.taken_over);
	ck_assert_int_eq(mine.part, 0);
	ck_assert_int_eq(store_report_claim(other, "a.example", T0, T0 + DAY, now, &theirs,
	    &how), 0);
	ck_assert_int_eq(how, STORE_CLAIM_TAKEN);
	ck_assert_int_eq(store_report_claim(st, "a.example", T0, T0 + DAY, now, &mine, &how), 0);
	ck_assert_int_eq(how, STORE_CLAIM_MINE);

	/* What comes meanwhile is not in it; the claim passes on when its time is over. */
	add("i2", T0, "ipaddr 192.0.2.2\n");
	ck_assert_int_eq(store_report_claim(other, "a.example", T0, T0 + DAY,
	    now + ODM_CLAIM_SECS + 60, &theirs, &how), 0);
	ck_assert_int_eq(how, STORE_CLAIM_MINE);
	ck_assert(theirs.taken_over);
	ck_assert_int_eq(theirs.report, mine.report);
	ck_assert_int_eq(store_each_claimed(other, &theirs, see_ip, &seen), 0);
	ck_assert_str_eq(seen.text, "192.0.2.1 ");

	/* The one who was too slow changes nothing. */
	ck_assert_int_eq(store_report_withhold(st, &mine, "slow"), 0);
	ck_assert_int_eq(store_report_release(st, &mine), 0);
	ck_assert_int_eq(store_report_add(st, &mine, "slow", 1, NULL, 0, &added), 0);
	ck_assert(!added);
	ck_assert_int_eq(store_report_add(other, &theirs, "r1", 1, NULL, 0, &added), 0);
	ck_assert(added);
	ck_assert_int_eq(store_report_add(other, &theirs, "r1", 1, NULL, 0, &added), 0);
	store_close(&other);
}
END_TEST

START_TEST(late_messages_get_a_supplement)
{
	struct store_claim claim;
	struct seen seen = { .text = "" };
	enum store_claimed how;
	int64_t ledger_end = -1;

	ck_assert_int_eq(store_ledger_end(st, &ledger_end), 0);
	ck_assert_int_eq(ledger_end, 0);
	add("i1", T0, "ipaddr 192.0.2.1\n");
	ck_assert(add_report(st, "a.example", "r1", NULL, 0));
	ck_assert_int_eq(store_each_unreported(st, T0, T0 + DAY, see_policy, &seen), 0);
	ck_assert_int_eq(seen.calls, 0);
	ck_assert_int_eq(store_report_claim(st, "a.example", T0, T0 + DAY, 0, &claim, &how), 0);
	ck_assert_int_eq(how, STORE_CLAIM_NOTHING);

	add("i2", T0 + 1, "ipaddr 192.0.2.2\np 110\n");
	ck_assert_int_eq(store_each_unreported(st, T0, T0 + DAY, see_policy, &seen), 0);
	ck_assert_str_eq(seen.text, "a.example rs n-- fo=0 psd=u t=0 - rua=\n");
	ck_assert_int_eq(store_report_claim(st, "a.example", T0, T0 + DAY, 0, &claim, &how), 0);
	ck_assert_int_eq(how, STORE_CLAIM_MINE);
	ck_assert_int_eq(claim.part, 1);
	seen = (struct seen){ .text = "" };
	ck_assert_int_eq(store_each_claimed(st, &claim, see_ip, &seen), 0);
	ck_assert_str_eq(seen.text, "192.0.2.2 ");

	/* Given back, they are there for the next one. */
	ck_assert_int_eq(store_report_release(st, &claim), 0);
	ck_assert_int_eq(store_report_claim(st, "a.example", T0, T0 + DAY, 0, &claim, &how), 0);
	ck_assert_int_eq(how, STORE_CLAIM_MINE);
	ck_assert_int_eq(claim.part, 1);
	ck_assert_int_eq(store_report_withhold(st, &claim, "no destination"), 0);
	ck_assert_int_eq(store_ledger_end(st, &ledger_end), 0);
	ck_assert_int_eq(ledger_end, T0 + DAY);
	ck_assert_int_eq(store_report_claim(st, "a.example", T0, T0 + DAY, 0, &claim, &how), 0);
	ck_assert_int_eq(how, STORE_CLAIM_NOTHING);
}
END_TEST

static enum store_claimed
claim_at(struct store *by, int64_t begin, int64_t end, int64_t now, struct store_claim *claim_r)
{
	enum store_claimed how;

	ck_assert_msg(store_report_claim(by, "a.example", begin, end, now, claim_r, &how) == 0,
	    "%s", store_error(by));
	return how;
}

/* What a dead program has claimed for a window is told by the next one, whatever its windows. */
START_TEST(windows_of_several_lengths)
{
	struct store *other = open_other();
	struct store_claim first, second, third;
	struct seen seen = { .text = "" };
	int64_t now = (int64_t)time(NULL), later = now + ODM_CLAIM_SECS + 60;
	bool added;

	add("i1", T0 + 3600, "ipaddr 192.0.2.1\n");
	add("i2", T0 + 7200, "ipaddr 192.0.2.2\n");
	ck_assert_int_eq(claim_at(st, T0 + 3600, T0 + 7200, now, &first), STORE_CLAIM_MINE);
	ck_assert(first.begin == T0 + 3600 && first.end == T0 + 7200 && !first.taken_over);

	/* Windows that only touch it have nothing to do with it; while it is made it is left alone. */
	ck_assert_int_eq(claim_at(other, T0, T0 + 3600, later, &second), STORE_CLAIM_NOTHING);
	ck_assert_int_eq(claim_at(other, T0 + 7200, T0 + DAY, now, &second), STORE_CLAIM_MINE);
	ck_assert_int_eq(store_report_release(other, &second), 0);
	ck_assert_int_eq(claim_at(other, T0, T0 + DAY, now, &second), STORE_CLAIM_MINE);
	ck_assert_int_eq(store_each_claimed(other, &second, see_ip, &seen), 0);
	ck_assert_str_eq(seen.text, "192.0.2.2 ");
	ck_assert_int_eq(store_report_add(other, &second, "r2", 1, NULL, 0, &added), 0);
	ck_assert(added);

	/* Its maker is dead: a longer window takes it over as it is. */
	add("i3", T0 + 3601, "ipaddr 192.0.2.3\n");
	ck_assert_int_eq(claim_at(other, T0, T0 + DAY, later, &second), STORE_CLAIM_MINE);
	ck_assert(second.taken_over && second.report == first.report);
	ck_assert(second.begin == first.begin && second.end == first.end && second.part == 0);
	seen = (struct seen){ .text = "" };
	ck_assert_int_eq(store_each_claimed(other, &second, see_ip, &seen), 0);
	ck_assert_str_eq(seen.text, "192.0.2.1 ");
	ck_assert_int_eq(store_report_add(other, &second, "r1", 1, NULL, 0, &added), 0);
	ck_assert(added);

	/* And a shorter one that of a longer one. */
	ck_assert_int_eq(claim_at(other, T0, T0 + DAY, later, &third), STORE_CLAIM_MINE);
	ck_assert(!third.taken_over && third.part == 1 && third.end == T0 + DAY);
	ck_assert_int_eq(claim_at(st, T0 + 36000, T0 + 39600, later + 2 * ODM_CLAIM_SECS, &first),
	    STORE_CLAIM_MINE);
	ck_assert(first.taken_over && first.report == third.report && first.end == T0 + DAY);
	ck_assert_int_eq(store_report_withhold(st, &first, "none"), 0);
	ck_assert_int_eq(claim_at(st, T0, T0 + DAY, later, &first), STORE_CLAIM_NOTHING);
	store_close(&other);
}
END_TEST

static int
send_by(const struct store_delivery *d, void *by)
{
	return store_delivery_result(by, d->id, STORE_DELIVERY_SENT, 0, NULL);
}

/* While one runner sends, another one finds nothing to send. */
static int
look_elsewhere(const struct store_delivery *d, void *arg)
{
	struct seen *seen = arg, inner = { .text = "" };
	struct store *other = open_other();

	seen->calls++;
	ck_assert_int_ge(d->first_try, (int64_t)time(NULL) - 100);
	ck_assert_int_eq(store_each_due(other, 1, see_delivery, &inner), 0);
	ck_assert_int_eq(inner.calls, 0);
	ck_assert_int_eq(store_each_due(st, 1, see_delivery, &inner), 0);
	ck_assert_int_eq(inner.calls, 0);
	ck_assert_int_eq(store_delivery_result(other, d->id, STORE_DELIVERY_SENT, 0, NULL), -1);
	ck_assert(!store_again(other));

	/* A host that died: its claim ends. */
	if (seen->stop_after == 99) {
		ck_assert_int_eq(store_each_due(other, (int64_t)time(NULL) + ODM_CLAIM_SECS + 60,
		    send_by, other), 0);
		ck_assert_int_eq(store_delivery_result(st, d->id, STORE_DELIVERY_FAILED, 5,
		    "late"), -1);
	}
	store_close(&other);
	return 0;
}

START_TEST(one_runner_tries_a_delivery)
{
	static const struct store_delivery d = { .destination = "good@a.example",
	    .mail = "x", .mail_len = 1 };
	struct seen seen = { .text = "" };

	add("i1", T0, "");
	ck_assert(add_report(st, "a.example", "r1", &d, 1));
	ck_assert_int_eq(store_each_due(st, 1, look_elsewhere, &seen), 0);
	ck_assert_int_eq(seen.calls, 1);
	/* No outcome was noted: it is as it was. */
	seen = (struct seen){ .text = "" };
	ck_assert_int_eq(store_each_due(st, 1, see_delivery, &seen), 0);
	ck_assert_str_eq(seen.text,
	    "a.example 0-86400 r1 good@a.example state=0 tries=0 next=0 - [x]\n");
	seen = (struct seen){ .stop_after = 99 };
	ck_assert_int_eq(store_each_due(st, 1, look_elsewhere, &seen), 0);
	seen = (struct seen){ .text = "" };
	ck_assert_int_eq(store_each_due(st, INT32_MAX, see_delivery, &seen), 0);
	ck_assert_int_eq(seen.calls, 0);
}
END_TEST

static int
see_suppression(const struct store_suppression *s, void *arg)
{
	struct seen *seen = arg;
	bool removed;

	note(seen, "%s(%s)%lld ", s->destination, s->reason, (long long)s->until);
	ck_assert_int_gt(s->added, 0);
	ck_assert_int_eq(store_unsuppress(st, "nothing.example", &removed), 0);
	ck_assert(!removed);
	return counted(seen);
}

static bool
is_suppressed(const char *address, int64_t now, const char *want)
{
	char reason[32] = "";
	bool suppressed;

	ck_assert_int_eq(store_suppressed(st, address, now, &suppressed, reason,
	    sizeof(reason)), 0);
	ck_assert_str_eq(reason, want);
	return suppressed;
}

START_TEST(suppressions)
{
	struct seen seen = { .text = "" };
	char text[STORE_NAME_MAX + 2], name[64];
	bool removed;

	ck_assert_int_eq(store_suppress(st, "A@Example.com", "bounced", 1000), 0);
	ck_assert_int_eq(store_suppress(st, "example.net", NULL, 0), 0);
	ck_assert_int_eq(store_suppress(st, "x@example.net", "full", 0), 0);
	ck_assert(is_suppressed("a@EXAMPLE.com", 999, "bounced"));
	ck_assert(!is_suppressed("a@example.com", 1000, ""));
	ck_assert(!is_suppressed("b@example.com", 1, ""));
	ck_assert(is_suppressed("b@example.net", 5000, ""));
	ck_assert(is_suppressed("x@example.net", 1, "full"));
	ck_assert(!is_suppressed("x@sub.example.net", 1, ""));
	ck_assert_int_eq(store_suppress(st, "a@example.com", "again", 3000), 0);
	ck_assert(is_suppressed("a@example.com", 2000, "again"));
	ck_assert_int_eq(store_each_suppression(st, 2000, see_suppression, &seen), 0);
	ck_assert_str_eq(seen.text, "a@example.com(again)3000 example.net()0 "
	    "x@example.net(full)0 ");
	seen = (struct seen){ .text = "" };
	ck_assert_int_eq(store_each_suppression(st, 3000, see_suppression, &seen), 0);
	ck_assert_str_eq(seen.text, "example.net()0 x@example.net(full)0 ");
	ck_assert_int_eq(store_unsuppress(st, "EXAMPLE.net", &removed), 0);
	ck_assert(removed);
	ck_assert(!is_suppressed("b@example.net", 5000, ""));

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ck_assert_int_eq(store_suppress(st, text, "long", 0), -1);
	ck_assert_int_eq(store_suppress(st, "", "empty", 0), -1);

	/* More than one page of them. */
	ck_assert_int_eq(store_begin(st), 0);
	for (int i = 0; i < 250; i++) {
		snprintf(name, sizeof(name), "n%d.example", i);
		ck_assert_int_eq(store_suppress(st, name, "", 0), 0);
	}
	ck_assert_int_eq(store_commit(st), 0);
	seen = (struct seen){ .text = "" };
	ck_assert_int_eq(store_each_suppression(st, 3000, see_suppression, &seen), 0);
	ck_assert_int_eq(seen.calls, 251);
}
END_TEST

static int
see_request(const struct store_request *r, void *arg)
{
	note(arg, "%s %s locked=%d %c%c seen=%lld", r->domain, r->rua, r->locked, shown(r->p),
	    shown(r->sp), (long long)r->seen);
	return 3;
}

static const char *
request(const char *domain)
{
	static struct seen seen;

	seen = (struct seen){ .text = "" };
	ck_assert_int_ne(store_request(st, domain, see_request, &seen), -1);
	return seen.text;
}

START_TEST(locked_requests)
{
	struct seen seen = { .text = "" };

	ck_assert_str_eq(request("a.example"), "");
	add("i1", T0 + 10, "rua mailto:r@a.example\n");
	ck_assert_str_eq(request("A.example"),
	    "a.example mailto:r@a.example locked=0 r- seen=1641600010");
	add("i2", T0 + 5, "rua mailto:old@a.example\n");
	ck_assert_ptr_nonnull(strstr(request("a.example"), "mailto:r@a.example"));

	ck_assert_int_eq(store_request_lock(st, "a.example", "mailto:mine@b.example"), 0);
	add("i3", T0 + 20, "rua mailto:new@a.example\n");
	ck_assert_str_eq(request("a.example"),
	    "a.example mailto:mine@b.example locked=1 r- seen=1641600010");
	ck_assert_int_eq(store_each_policy(st, T0, T0 + DAY, see_policy, &seen), 0);
	ck_assert_ptr_nonnull(strstr(seen.text, "rua=mailto:mine@b.example\n"));

	ck_assert_int_eq(store_request_unlock(st, "a.example"), 0);
	add("i4", T0 + 15, "rua mailto:back@a.example\n");
	ck_assert_ptr_nonnull(strstr(request("a.example"), "mailto:back@a.example locked=0"));
	seen = (struct seen){ .text = "" };
	ck_assert_int_eq(store_each_policy(st, T0, T0 + DAY, see_policy, &seen), 0);
	ck_assert_ptr_nonnull(strstr(seen.text, "rua=mailto:new@a.example\n"));

	ck_assert_int_eq(store_request_lock(st, "new.example", ""), 0);
	ck_assert_str_eq(request("new.example"), "new.example  locked=1 -- seen=0");
	ck_assert_int_eq(store_request_unlock(st, "none.example"), 0);
}
END_TEST

static int
see_reason(const char *reason, int64_t messages, void *arg)
{
	note(arg, "%s=%lld ", reason, (long long)messages);
	return 0;
}

static const char *
audit(void)
{
	static struct seen seen;
	struct store_audit a;

	seen = (struct seen){ .text = "" };
	ck_assert_msg(store_audit(st, T0, T0 + DAY, &a, see_reason, &seen) == 0, "%s",
	    store_error(st));
	note(&seen, "seen=%d told=%d waiting=%d undeliverable=%d withheld=%d unreported=%d "
	    "not_owed=%d", (int)a.seen, (int)a.told, (int)a.waiting, (int)a.undeliverable,
	    (int)a.withheld, (int)a.unreported, (int)a.not_owed);
	ck_assert_int_eq(a.seen, a.told + a.waiting + a.undeliverable + a.withheld +
	    a.unreported + a.not_owed);
	return seen.text;
}

/* Messages of six domains that ask for reports, one that does not, one without a policy. */
static void
add_many(void)
{
	for (int i = 0; i < 20; i++) {
		char lines[128], id[8];

		snprintf(lines, sizeof(lines), "pdomain d%d.example\nfrom d%d.example\n%s", i % 6,
		    i % 6, "rua mailto:r@a.example\n");
		snprintf(id, sizeof(id), "m%d", i);
		add(id, T0 + i, lines);
	}
	add("quiet", T0, "pdomain quiet.example\n");
	add("none", T0, "pdomain none.example\np 0\npolicy 14\n");
	add("elsewhere", T0 + DAY, "rua mailto:r@a.example\n");
}

START_TEST(every_message_is_accounted_for)
{
	static const struct store_delivery d[] = {
		{ .destination = "good@a.example" }, { .destination = "later@a.example" },
		{ .destination = "dead@a.example" },
	};
	struct seen seen = { .text = "" };
	struct store_claim claim;
	enum store_claimed how;

	add_many();
	ck_assert_str_eq(audit(), "seen=22 told=0 waiting=0 undeliverable=0 withheld=0 "
	    "unreported=20 not_owed=2");
	ck_assert(add_report(st, "d0.example", "r0", d, 2));		/* 4 messages */
	ck_assert(add_report(st, "d1.example", "r1", d + 1, 2));	/* 4 */
	ck_assert(add_report(st, "d2.example", "r2", d + 2, 1));	/* 3 */
	ck_assert_int_eq(store_report_claim(st, "d3.example", T0, T0 + DAY, 0, &claim, &how), 0);
	ck_assert_str_eq(audit(), "seen=22 told=0 waiting=11 undeliverable=0 withheld=0 "
	    "unreported=9 not_owed=2");
	ck_assert_int_eq(store_report_withhold(st, &claim, "suppressed"), 0);
	ck_assert_int_eq(store_report_claim(st, "d4.example", T0, T0 + DAY, 0, &claim, &how), 0);
	ck_assert_int_eq(store_report_withhold(st, &claim, "no destination"), 0);
	ck_assert_int_eq(store_each_due(st, 1, try_delivery, &seen), 0);
	ck_assert_str_eq(audit(), "no destination=3 suppressed=3 seen=22 told=4 waiting=4 "
	    "undeliverable=3 withheld=6 unreported=3 not_owed=2");
}
END_TEST

static struct store_expired
expire(int64_t before, bool all, bool unreported)
{
	const struct store_expiry expiry = { .before = before, .batch = 7, .all_tables = all,
	    .unreported = unreported };
	struct store_expired counts;

	ck_assert_msg(store_expire(st, &expiry, &counts) == 0, "%s", store_error(st));
	return counts;
}

START_TEST(expiry)
{
	static const struct store_delivery good = { .destination = "good@a.example" };
	static const struct store_delivery later = { .destination = "later@a.example" };
	struct seen seen = { .text = "" };
	struct store_expired gone;
	bool known;

	add_many();
	ck_assert_int_eq(store_request_lock(st, "d0.example", "mailto:x@b.example"), 0);
	ck_assert_int_eq(store_suppress(st, "old.example", "", 1000), 0);
	ck_assert_int_eq(store_suppress(st, "new.example", "", 0), 0);
	gone = expire(T0 + 10, false, false);
	ck_assert_int_eq(gone.messages, 2);	/* only those that nobody wants to hear of */
	ck_assert_int_eq(gone.kept, 10);
	ck_assert_int_eq(gone.suppressions, 1);
	ck_assert_int_eq(count_messages(), 21);

	ck_assert(add_report(st, "d0.example", "r0", &good, 1));
	ck_assert(add_report(st, "d1.example", "r1", &later, 1));
	ck_assert_int_eq(store_each_due(st, 1, try_delivery, &seen), 0);
	gone = expire(T0 + 10, false, false);
	ck_assert_int_eq(gone.messages, 4);
	ck_assert_int_eq(gone.kept, 6);
	ck_assert_int_eq(gone.reports, 0);

	/* The window is over: the report that was sent goes, the one that waits stays. */
	gone = expire(T0 + DAY, false, false);
	ck_assert_int_eq(gone.messages, 4);
	ck_assert_int_eq(gone.kept, 12);
	ck_assert_int_eq(gone.reports, 1);
	ck_assert_int_eq(store_report_known(st, "d1.example", T0, T0 + DAY, &known), 0);
	ck_assert(known);
	ck_assert_ptr_nonnull(strstr(request("d0.example"), "locked=1"));
	ck_assert_str_eq(request("d1.example"), "");

	gone = expire(T0 + DAY, true, true);
	ck_assert_int_eq(gone.messages, 12);
	ck_assert_int_eq(gone.kept, 0);
	ck_assert_int_eq(count_messages(), 1);
	if (kind != JUDGE) {
		/* Left are those of one message, a lock and a report that waits. */
		ck_assert_int_eq(gone.domains, 6);
		ck_assert_int_eq(gone.policies, 7);
		ck_assert_int_eq(gone.addresses, 0);
		ck_assert_int_eq(gone.selectors, 0);
	}
	/* Ids that were removed are not used again. */
	add("again", T0, "pdomain d3.example\n");
	seen = (struct seen){ .text = "" };
	ck_assert_int_eq(store_each_message(st, "d3.example", T0, T0 + DAY, see_message, &seen),
	    0);
	ck_assert_int_eq(seen.calls, 1);
	gone = expire(T0 + DAY + 1, true, true);
	ck_assert_int_eq(gone.messages, 2);
	if (kind != JUDGE)
		ck_assert_int_eq(gone.addresses, 1);
}
END_TEST

/* A batch in which some records are known, twice there, or wrong. */
START_TEST(batches)
{
	enum { N = 700 };
	static struct history_record recs[N];
	static struct store_new list[N];
	static char ids[N][16];
	struct seen seen = { .text = "" };
	char lines[160];
	size_t i, most = 0;

	for (i = 0; i < N; i++) {
		snprintf(lines, sizeof(lines), "pdomain d%zu.example\nfrom w.d%zu.example\n"
		    "ipaddr 192.0.2.%zu\nrua mailto:r%zu@a.example\ndkim esp.example S%zu 7\n"
		    "override other number%zu\n", i % 3, i % 50, i % 200, i, i % 5, i);
		recs[i] = record(lines);
		recs[i].received = T0 + (int64_t)(i * 7 % N);
		snprintf(ids[i], sizeof(ids[i]), "b%zu", i == 600 ? 599 : i);
		list[i] = (struct store_new){ &recs[i], ids[i], STORE_KNOWN };
	}
	recs[600].received = recs[599].received;
	ck_assert_int_eq(store_add_message(st, &recs[300], ids[300], &list[300].added), 0);
	ck_assert_int_eq(store_add_message(st, &recs[699], ids[699], &list[699].added), 0);

	recs[650].action = 99;
	ck_assert_int_eq(store_add_messages(st, list, N), -1);
	ck_assert_int_eq(count_messages(), 2);
	recs[650].action = 2;
	ck_assert_msg(store_add_messages(st, list, N) == 0, "%s", store_error(st));
	for (i = 0; i < N; i++)
		ck_assert_msg(list[i].added == (i == 300 || i == 600 || i == 699 ? STORE_KNOWN :
		    STORE_ADDED), "record %zu", i);
	ck_assert_int_eq(count_messages(), N - 1);
	seen.stop_after = 1;
	ck_assert_int_eq(store_each_message(st, "d0.example", T0 + 3 * 7, T0 + 3 * 7 + 1,
	    see_message, &seen), 7);
	ck_assert_str_eq(seen.text, "192.0.2.3 from=w.d3.example mfrom=b.a.example spf=0/-1 - "
	    "align=45 policy=15 action=2 eff=- dkim=a.example/s1/0 dkim=esp.example/S3/7 "
	    "other(number3)\n");
	for (i = 0; i < 3; i++) {
		snprintf(lines, sizeof(lines), "d%zu.example", i);
		ck_assert_int_eq(store_each_message(st, lines, 0, INT64_MAX, count_signatures,
		    &most), 0);
	}
	ck_assert_uint_eq(most, 2);
	/* The newest of those of one From domain, and of the same second the last. */
	ck_assert_ptr_nonnull(strstr(request("w.d7.example"), "mailto:r657@a.example"));
	for (i = 0; i < N; i++)
		history_record_clear(&recs[i]);
}
END_TEST

/* Two programs in one transaction each: the second waits or is told to come again. */
START_TEST(many_writers_at_once)
{
	int status, bad = 0;

	if (kind == JUDGE)
		return;
	store_close(&st);
	for (int w = 0; w < 4; w++) {
		pid_t pid = fork();

		ck_assert_int_ge(pid, 0);
		if (pid != 0)
			continue;
		st = open_store();
		for (int b = 0; b < 10; b++) {
			struct history_record recs[40];
			struct store_new list[40];
			char ids[40][32], lines[64];

			for (int i = 0; i < 40; i++) {
				/* The same new names, in another order. */
				int n = w % 2 == 0 ? i : 39 - i;

				snprintf(lines, sizeof(lines), "from w%d-%d.example\nrua mailto:x@y\n",
				    b, n);
				recs[i] = record(lines);
				snprintf(ids[i], sizeof(ids[i]), "w%d-%d-%d", w, b, i);
				list[i] = (struct store_new){ &recs[i], ids[i], STORE_KNOWN };
			}
			if (store_add_messages(st, list, 40) != 0) {
				fprintf(stderr, "%s\n", store_error(st));
				_exit(1);
			}
			for (int i = 0; i < 40; i++)
				history_record_clear(&recs[i]);
		}
		store_close(&st);
		_exit(0);
	}
	while (wait(&status) > 0)
		bad += status != 0;
	ck_assert_int_eq(bad, 0);
	st = open_store();
	ck_assert_int_eq(count_messages(), 4 * 10 * 40);
}
END_TEST

/* URLs that cannot be opened: each says what is wrong and what to do. */
static const struct {
	const char	*url, *content, *why;
} open_cases[] = {
	{ "", NULL, "is no database URL" },
	{ "/var/lib/x.db", NULL, "must look like sqlite:" },
	{ "oracle:x", NULL, "is no database URL" },
#ifdef HAVE_MYSQL
	{ "mysql:u@h/db", NULL, "must look like mysql://user@host:port/name" },
	{ "mysql://u@h", NULL, "must look like mysql://user@host:port/name" },
	{ "mysql://u@h:0x/db", NULL, "must look like mysql://user@host:port/name" },
	{ "mysql://u@h:70000/db", NULL, "must look like mysql://user@host:port/name" },
	{ "mysql://u%0@h/db", NULL, "must look like mysql://user@host:port/name" },
	{ "mysql://u%00@h/db", NULL, "must look like mysql://user@host:port/name" },
	{ "mysql://u@h/db?pony=1", NULL, "\"pony=1\" in the database URL is wrong" },
	{ "mysql://u@h/db?tls=maybe", NULL, "\"tls=maybe\" in the database URL is wrong" },
	{ "mysql://u@h/db?password-file=/nowhere/p", NULL, "/nowhere/p: No such file" },
	{ "MariaDB://u@localhost/db?socket=/nowhere/s", NULL, "/nowhere/s" },
#else
	{ "mysql://u@h/db", NULL, "mysql is not built into this version" },
	{ "MariaDB://u@h/db", NULL, "mariadb is not built into this version" },
#endif
	{ "memory:x", NULL, "has no name" },
	{ "sqlite:", NULL, "names no file" },
	{ "sqlite:%s/no/such/x.db", NULL, "folder does not exist; create it" },
	{ "sqlite:%s", NULL, "directory" },
	{ "sqlite:/dev/null", NULL, "is no file" },
	{ "sqlite:%s/other", "This is not a database, but a long enough text.\n",
	    "is not a database; name another file" },
};

START_TEST(open_says_why)
{
	char name[256], path[256], why[512] = "";
	struct store *no;

	snprintf(path, sizeof(path), "%s/other", folder);
	if (open_cases[_i].content != NULL) {
		FILE *f = fopen(path, "w");

		ck_assert_ptr_nonnull(f);
		for (int i = 0; i < 100; i++)
			fputs(open_cases[_i].content, f);
		fclose(f);
	}
	/* The URLs of the table hold at most one %s. */
	if (strstr(open_cases[_i].url, "%s") != NULL)
		snprintf(name, sizeof(name), "sqlite:%s%s", folder,
		    strstr(open_cases[_i].url, "%s") + 2);
	else
		snprintf(name, sizeof(name), "%s", open_cases[_i].url);
	no = store_open(name, why, sizeof(why));
	ck_assert_ptr_null(no);
	ck_assert_msg(strstr(why, open_cases[_i].why) != NULL, "%s: %s", name, why);
	ck_assert_ptr_null(strchr(why, '\n'));
}
END_TEST

/* The file is closed to other users; opening it again keeps what is there. */
START_TEST(file_and_reopening)
{
	struct stat sb;
	char why[256];

	add("i1", T0, "");
	store_close(&st);
	ck_assert_int_eq(stat(url + strlen("sqlite:"), &sb), 0);
	ck_assert_int_eq(sb.st_mode & 0007, 0);
	st = store_open(url, why, sizeof(why));
	ck_assert_msg(st != NULL, "%s", why);
	ck_assert_int_eq(count_messages(), 1);
}
END_TEST

/* Many at once create the database: each finds it whole. */
START_TEST(opened_at_once)
{
	char name[128], why[256] = "";
	struct store *mine;
	int status, bad = 0;

	snprintf(name, sizeof(name), "sqlite:%s/other", folder);
	for (int i = 0; i < 8; i++) {
		pid_t pid = fork();

		ck_assert_int_ge(pid, 0);
		if (pid == 0) {
			mine = store_open(name, why, sizeof(why));
			if (mine == NULL)
				fprintf(stderr, "%s\n", why);
			status = mine == NULL;
			store_close(&mine);
			_exit(status);
		}
	}
	while (wait(&status) > 0)
		bad += status != 0;
	ck_assert_int_eq(bad, 0);
	mine = store_open(name, why, sizeof(why));
	ck_assert_msg(mine != NULL, "%s", why);
	store_close(&mine);
}
END_TEST

static void
add_cases(Suite *s, const char *name, void (*set_up)(void))
{
	TCase *tc = tcase_create(name);

	tcase_add_checked_fixture(tc, set_up, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, same_identity_counts_once);
	tcase_add_test(tc, refused_record_is_told);
	tcase_add_test(tc, message_comes_back);
	tcase_add_loop_test(tc, arc_sets_are_kept, 0, 2);
	tcase_add_test(tc, newest_policy_decides);
	tcase_add_test(tc, windows_are_half_open);
	tcase_add_test(tc, function_ends_the_run);
	tcase_add_test(tc, functions_may_use_the_store);
	tcase_add_test(tc, transactions);
	tcase_add_test(tc, failed_record_spoils_the_transaction);
	tcase_add_test(tc, two_writers_see_each_other);
	tcase_add_test(tc, hostile_texts);
	tcase_add_test(tc, large_records);
	tcase_add_test(tc, many_signatures_come_back);
	tcase_add_test(tc, other_programs_write_meanwhile);
	tcase_add_test(tc, ledger);
	tcase_add_test(tc, report_is_whole_or_not);
	tcase_add_test(tc, one_runner_makes_a_report);
	tcase_add_test(tc, late_messages_get_a_supplement);
	tcase_add_test(tc, windows_of_several_lengths);
	tcase_add_test(tc, one_runner_tries_a_delivery);
	tcase_add_test(tc, suppressions);
	tcase_add_test(tc, locked_requests);
	tcase_add_test(tc, every_message_is_accounted_for);
	tcase_add_test(tc, expiry);
	tcase_add_test(tc, batches);
	tcase_add_test(tc, many_writers_at_once);
	suite_add_tcase(s, tc);
}

int
main(void)
{
	Suite *s = suite_create("store");
	TCase *tc = tcase_create("sqlite only");

	add_cases(s, "sqlite", setup_sqlite);
	add_cases(s, "judge", setup_judge);
	if (getenv("STORE_MYSQL_SOCKET") != NULL)
		add_cases(s, "mysql", setup_mysql);
	tcase_add_checked_fixture(tc, setup_sqlite, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, open_says_why, 0, COUNT(open_cases));
	tcase_add_test(tc, file_and_reopening);
	tcase_add_test(tc, opened_at_once);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
