/*
 * store_backend.h - what a database behind store.h has to bring. Private to db/.
 *
 * A backend puts struct store first into a struct of its own. store.c checks
 * arguments and keeps the transaction state; the backend is never asked to begin
 * inside a transaction, and add_message, report_add and delivery_result always
 * run inside one.
 */
#ifndef DB_STORE_BACKEND_H
#define DB_STORE_BACKEND_H

#include "db/store.h"

/* Same meaning, return values and life times as the function of store.h they serve. */
struct store_ops {
	void	(*close)(struct store *st);
	int	(*begin)(struct store *st);
	int	(*commit)(struct store *st);
	void	(*rollback)(struct store *st);
	int	(*add_message)(struct store *st, const struct history_record *rec,
		    const char *identity, enum store_added *added_r);
	int	(*each_policy)(struct store *st, int64_t begin, int64_t end,
		    int (*fn)(const struct store_policy *p, void *arg), void *arg);
	int	(*each_message)(struct store *st, const char *policy_domain,
		    int64_t begin, int64_t end,
		    int (*fn)(const struct store_message *m, void *arg), void *arg);
	int	(*count)(struct store *st, int64_t begin, int64_t end,
		    int64_t *messages_r, int64_t *domains_r);
	int	(*report_add)(struct store *st, const char *policy_domain, int64_t begin,
		    int64_t end, const char *report_id, int64_t messages,
		    const struct store_delivery *deliveries, size_t n, bool *added_r);
	int	(*report_known)(struct store *st, const char *policy_domain,
		    int64_t begin, int64_t end, bool *known_r);
	int	(*each_due)(struct store *st, int64_t now,
		    int (*fn)(const struct store_delivery *d, void *arg), void *arg);
	int	(*delivery_result)(struct store *st, int64_t id,
		    enum store_delivery_state state, int64_t next_try, const char *reason);
};

struct store {
	const struct store_ops	*ops;
	bool	in_transaction;
	bool	spoiled;	/* something inside the transaction failed half way */
	char	error[512];
};

/* A kind of database: the word before ":" in the URL, and how it is opened. */
struct store_backend {
	const char	*scheme;
	struct store	*(*open)(const char *location, char *why, size_t why_size);
};

extern const struct store_backend store_sqlite;

/* Keeps the reason for store_error(), newlines made blanks; returns -1. */
int store_fail(struct store *st, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Writes a reason into why, cut where it does not fit; returns NULL. */
void *store_no(char *why, size_t why_size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
