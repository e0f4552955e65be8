/*
 * store_backend.h - what a database behind store.h has to bring. Private to db/.
 *
 * A backend puts struct store first into a struct of its own. The files before it check
 * arguments (store_messages.c, store_ledger.c, store_requests.c), clean texts (clean.c)
 * and keep the transaction state (store_change.c); the backend is never asked to begin
 * inside a transaction, and the functions under "changes" always run inside one.
 */
#ifndef DB_STORE_BACKEND_H
#define DB_STORE_BACKEND_H

#include "db/store.h"

/* Letters of the name under which a handle claims work. */
#define STORE_RUNNER_SIZE	96

/* Same meaning, return values and life times as the function of store.h they serve. */
struct store_ops {
	void	(*close)(struct store *st);
	int	(*begin)(struct store *st);
	int	(*commit)(struct store *st);
	void	(*rollback)(struct store *st);
	/* Whether the database has ended the transaction by itself; NULL: it never does. */
	bool	(*ended)(struct store *st);

	/* Changes. */
	int	(*add_messages)(struct store *st, struct store_new *list, size_t n);
	int	(*report_claim)(struct store *st, const char *policy_domain, int64_t begin,
		    int64_t end, int64_t now, struct store_claim *claim_r,
		    enum store_claimed *how_r);
	int	(*report_add)(struct store *st, const struct store_claim *claim,
		    const char *report_id, int64_t messages,
		    const struct store_delivery *deliveries, size_t n, bool *added_r);
	int	(*report_withhold)(struct store *st, const struct store_claim *claim,
		    const char *reason);
	int	(*report_release)(struct store *st, const struct store_claim *claim);
	int	(*delivery_claim)(struct store *st, int64_t id, int64_t now, bool *claimed_r);
	int	(*delivery_release)(struct store *st, int64_t id);
	int	(*delivery_result)(struct store *st, int64_t id,
		    enum store_delivery_state state, int64_t next_try, const char *reason);
	int	(*suppress)(struct store *st, const char *destination, const char *reason,
		    int64_t until);
	int	(*unsuppress)(struct store *st, const char *destination, bool *removed_r);
	int	(*request_lock)(struct store *st, const char *domain, const char *rua);
	int	(*request_unlock)(struct store *st, const char *domain);

	/* One step of an expiry; *more_r is false when there is nothing left to remove. */
	int	(*expire)(struct store *st, const struct store_expiry *expiry,
		    struct store_expired *counts, void **state, bool *more_r);
	void	(*expire_end)(struct store *st, void **state);
	/* Between two transactions of long work: lets others have a turn. NULL: no need. */
	void	(*give_way)(struct store *st);

	/* Reading. */
	int	(*each_policy)(struct store *st, int64_t begin, int64_t end, bool unreported,
		    int (*fn)(const struct store_policy *p, void *arg), void *arg);
	/* report 0: those of the domain in the window; else those of the report. */
	int	(*each_message)(struct store *st, const char *policy_domain,
		    int64_t begin, int64_t end, int64_t report,
		    int (*fn)(const struct store_message *m, void *arg), void *arg);
	int	(*count)(struct store *st, int64_t begin, int64_t end,
		    int64_t *messages_r, int64_t *domains_r);
	int	(*report_known)(struct store *st, const char *policy_domain,
		    int64_t begin, int64_t end, bool *known_r);
	int	(*ledger_end)(struct store *st, int64_t *end_r);
	/* The first due deliveries behind the id last, at most max. */
	int	(*due)(struct store *st, int64_t last, int64_t now, int64_t *ids, size_t max,
		    size_t *n_r);
	/* 1, and *d_r a block for free(); 0 there is none; -1. */
	int	(*delivery)(struct store *st, int64_t id, struct store_delivery **d_r);
	int	(*audit)(struct store *st, int64_t begin, int64_t end,
		    struct store_audit *audit_r,
		    int (*fn)(const char *reason, int64_t messages, void *arg), void *arg);
	int	(*each_undelivered)(struct store *st, int64_t begin, int64_t end,
		    int (*fn)(const struct store_delivery *d, void *arg), void *arg);
	int	(*each_suppression)(struct store *st, int64_t now,
		    int (*fn)(const struct store_suppression *s, void *arg), void *arg);
	int	(*suppressed)(struct store *st, const char *address, const char *domain,
		    int64_t now, bool *suppressed_r, char *reason, size_t reason_size);
	int	(*request)(struct store *st, const char *domain,
		    int (*fn)(const struct store_request *r, void *arg), void *arg);
};

struct store {
	const struct store_ops	*ops;
	bool	in_transaction;
	bool	spoiled;	/* something inside the transaction failed half way */
	bool	again;		/* store_again() */
	bool	refused;	/* store_refused() */
	bool	rerun;		/* the change that runs was run before, and not committed */
	char	runner[STORE_RUNNER_SIZE];
	char	error[512];
};

/* A kind of database: the word before ":" in the URL, and how it is opened. */
struct store_backend {
	const char	*scheme;
	struct store	*(*open)(const char *location, const struct store_access *access,
			    char *why, size_t why_size);
	int	(*pending)(const char *location, const struct store_access *access,
		    int (*fn)(const char *statement, void *arg), void *arg,
		    char *why, size_t why_size);
};

extern const struct store_backend store_sqlite;
extern const struct store_backend store_memory;
extern const struct store_backend store_mysql;

/* Keeps the reason for store_error(), newlines made blanks; returns -1. */
int store_fail(struct store *st, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Writes a reason into why, cut where it does not fit; returns NULL. */
void *store_no(char *why, size_t why_size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * A block that holds *d and copies of all it points to, for free(); NULL: no memory.
 */
struct store_delivery *store_copy_delivery(const struct store_delivery *d);

#endif
