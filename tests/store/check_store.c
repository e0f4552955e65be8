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
	    "override other\n");
	add("i2", T0 + 1, "from sub.a.example\nipaddr 2001:db8::1\n");
	add("i3", T0 - 1, "");
	add("i4", T0 + DAY, "");
	add("i5", T0, "pdomain other.example\n");
	ck_assert_int_eq(store_each_message(st, "A.example", T0, T0 + DAY, see_message, &seen),
	    0);
	ck_assert_str_eq(seen.text,
	    "192.0.2.1 from=a.example mfrom= spf=7/2 h.example align=45 policy=16 action=2 "
	    "eff=q dkim=a.example/s1/0 dkim=esp.example/-/7 trusted_forwarder(arc=pass) "
	    "other()\n"
	    "2001:db8::1 from=sub.a.example mfrom=b.a.example spf=0/-1 - align=45 policy=15 "
	    "action=2 eff=- dkim=a.example/s1/0\n");

	seen = (struct seen){ .text = "" };
	ck_assert_int_eq(store_each_message(st, "none.example", T0, T0 + DAY, see_message,
	    &seen), 0);
	ck_assert_str_eq(seen.text, "");
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
	ck_assert_int_eq(store_add_message(st, &rec, evil, &added), 0);
	ck_assert_int_eq(added, STORE_ADDED);
	ck_assert_int_eq(store_each_message(st, kept, 0, INT64_MAX, see_message, &seen), 0);
	ck_assert_int_eq(seen.calls, 1);
	ck_assert_ptr_nonnull(strstr(seen.text, kept));
	ck_assert_int_eq(store_each_policy(st, 0, INT64_MAX, see_policy, &seen), 0);
	ck_assert_int_eq(seen.calls, 2);
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
	tcase_add_test(tc, message_comes_back);
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
