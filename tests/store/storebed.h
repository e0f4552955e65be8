/*
 * storebed.h - a database for each test of the store, and what tests put in and look at.
 */
#ifndef TESTS_STORE_STOREBED_H
#define TESTS_STORE_STOREBED_H

#include <check.h>
#include <stdint.h>

#include "db/store.h"

#define DAY		INT64_C(86400)
#define T0		(INT64_C(19000) * DAY)

enum store_kind { SQLITE, JUDGE, MYSQL_SERVER };

/* The database of this test. */
extern enum store_kind kind;
extern char folder[];		/* for files */
extern char url[256];
extern struct store *st;

/* Fixtures: an empty database of the kind, open as st; and its end. */
void setup_sqlite(void);
void setup_judge(void);
void setup_mysql(void);
void teardown(void);

/* The same database once more: here, or as another program has it. */
struct store *open_store(void);
struct store *open_other(void);

/* A record from "key value" lines on top of a usual one; free with history_record_clear(). */
struct history_record record(const char *lines);

/* Adds such a record. */
enum store_added add(const char *identity, int64_t received, const char *lines);

int64_t count_messages(void);

/* Claims and enters the report of T0's day; false when there was nothing to claim. */
bool add_report(struct store *by, const char *domain, const char *id,
    const struct store_delivery *deliveries, size_t n);

/* What the functions below collect: one line of text for each row. */
struct seen {
	char	text[8192];
	int	stop_after;	/* 0: never */
	int	calls;
};

void note(struct seen *seen, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What a function for each row returns when it has noted its row. */
int counted(struct seen *seen);

/* A letter that may be missing. */
char shown(char letter);

/* Functions for each row; arg is a struct seen. */
int see_policy(const struct store_policy *p, void *arg);
int see_message(const struct store_message *m, void *arg);
int see_delivery(const struct store_delivery *d, void *arg);

/* Notes the outcome that the address asks for. */
int try_delivery(const struct store_delivery *d, void *arg);

/* The request of a domain as text, "" none; valid until the next call. */
const char *request(const char *domain);

/* The rows that a query of people finds; the judge has no tables that they could ask. */
void see_table(const char *query, struct seen *seen);

/* The tests of each subject, for any kind of database. */
void add_message_cases(TCase *tc);
void add_change_cases(TCase *tc);
void add_ledger_cases(TCase *tc);
void add_fate_cases(TCase *tc);
void add_request_cases(TCase *tc);

#endif
