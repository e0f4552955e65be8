/*
 * memory_private.h - what the files of the judge share.
 *
 * Rows only hold numbers and pointers into a pool that lives as long as the data, so a
 * copy of the arrays is a copy of the whole: a transaction keeps one to go back to.
 */
#ifndef DB_MEMORY_PRIVATE_H
#define DB_MEMORY_PRIVATE_H

#include "db/store_backend.h"
#include "db/store_memory.h"

struct memory_policy {
	const char	*domain, *rua, *discovery;
	char		 adkim, aspf, p, sp, np, psd;
	int		 pct, fo;
	bool		 testing;
};

struct memory_message {
	struct store_message m;
	const char	*identity, *policy_domain;
	int64_t		 received;
	size_t		 published;	/* number of the policy, from 1; 0 none */
	int64_t		 report;	/* 0: none */
};

enum memory_report_state { MEMORY_MAKING, MEMORY_MADE, MEMORY_WITHHELD };

struct memory_report {
	int64_t		 id;
	const char	*policy_domain, *report_id, *reason, *claimed_by;
	int64_t		 begin, end, claimed_until;
	int		 part;
	enum memory_report_state state;
};

struct memory_delivery {
	struct store_delivery d;
	int64_t		 report, claimed_until;
	const char	*claimed_by;
};

struct memory_request {
	struct store_request r;
};

/* An array of rows. */
struct memory_table {
	void	*rows;
	size_t	 n, size, width;
};

enum memory_tables {
	MEMORY_POLICIES,
	MEMORY_MESSAGES,
	MEMORY_REPORTS,
	MEMORY_DELIVERIES,
	MEMORY_REQUESTS,
	MEMORY_SUPPRESSIONS,
	MEMORY_NTABLES
};

struct memory_text {
	struct memory_text *next;
	char	octets[];
};

/* What all handles on the same data share. */
struct memory_data {
	int			 handles;
	struct memory_table	 tables[MEMORY_NTABLES];
	int64_t			 last_id;	/* of reports and deliveries */
	struct memory_text	*texts;		/* the pool */
};

struct memory {
	struct store		 base;		/* first: the store is the backend */
	struct memory_data	*data;
	struct memory_table	 saved[MEMORY_NTABLES];	/* as the transaction began */
};

/* The row i of a table; its type is the caller's knowledge. */
void *memory_row(const struct memory *m, enum memory_tables table, size_t i);
size_t memory_count(const struct memory *m, enum memory_tables table);

/* The judge behind a store. */
static inline struct memory *
memory_of(struct store *st)
{
	return (struct memory *)st;
}

/* Rows by their place. */
static inline struct memory_report *
memory_report_at(const struct memory *m, size_t i)
{
	return memory_row(m, MEMORY_REPORTS, i);
}

static inline struct memory_delivery *
memory_delivery_at(const struct memory *m, size_t i)
{
	return memory_row(m, MEMORY_DELIVERIES, i);
}

static inline struct memory_message *
memory_message_at(const struct memory *m, size_t i)
{
	return memory_row(m, MEMORY_MESSAGES, i);
}

static inline struct store_suppression *
memory_suppression_at(const struct memory *m, size_t i)
{
	return memory_row(m, MEMORY_SUPPRESSIONS, i);
}

/* A new row, all zero; NULL with the reason kept. */
void *memory_add(struct memory *m, enum memory_tables table);

/* Removes a row; those behind it move up. */
void memory_remove(struct memory *m, enum memory_tables table, size_t i);

/* A copy in the pool; "" when memory is short or text is NULL. */
const char *memory_keep(struct memory *m, const char *text);
const void *memory_keep_octets(struct memory *m, const void *octets, size_t len);

/* As the databases compare names: letter case does not matter. */
bool memory_same(const char *a, const char *b);

/* The request of a domain; NULL none. */
struct memory_request *memory_find_request(const struct memory *m, const char *domain);

/* The addresses that hold for a message: published, or an administrator's. "" none. */
const char *memory_rua(const struct memory *m, const struct memory_message *row);

/* The report of this id; NULL none. */
struct memory_report *memory_find_report(const struct memory *m, int64_t id);

/* True when a delivery has not come to an end. */
bool memory_is_open(const struct memory_delivery *d);

/* The functions of the backend; see struct store_ops. */
int memory_add_messages(struct store *st, struct store_new *list, size_t n);
int memory_each_policy(struct store *st, int64_t begin, int64_t end, bool unreported,
    int (*fn)(const struct store_policy *p, void *arg), void *arg);
int memory_each_message(struct store *st, const char *policy_domain,
    int64_t begin, int64_t end, int64_t report,
    int (*fn)(const struct store_message *m, void *arg), void *arg);
int memory_count_window(struct store *st, int64_t begin, int64_t end,
    int64_t *messages_r, int64_t *domains_r);
int memory_report_claim(struct store *st, const char *policy_domain, int64_t begin,
    int64_t end, int64_t now, struct store_claim *claim_r, enum store_claimed *how_r);
int memory_report_add(struct store *st, const struct store_claim *claim,
    const char *report_id, int64_t messages, const struct store_delivery *deliveries,
    size_t n, bool *added_r);
int memory_report_withhold(struct store *st, const struct store_claim *claim,
    const char *reason);
int memory_report_release(struct store *st, const struct store_claim *claim);
int memory_report_known(struct store *st, const char *policy_domain,
    int64_t begin, int64_t end, bool *known_r);
int memory_ledger_end(struct store *st, int64_t *end_r);
int memory_delivery_claim(struct store *st, int64_t id, int64_t now, bool *claimed_r);
int memory_delivery_release(struct store *st, int64_t id);
int memory_delivery_result(struct store *st, int64_t id,
    enum store_delivery_state state, int64_t next_try, const char *reason);
int memory_due(struct store *st, int64_t last, int64_t now, int64_t *ids, size_t max,
    size_t *n_r);
int memory_delivery(struct store *st, int64_t id, struct store_delivery **d_r);
int memory_each_undelivered(struct store *st, int64_t begin, int64_t end,
    int (*fn)(const struct store_delivery *d, void *arg), void *arg);
int memory_audit(struct store *st, int64_t begin, int64_t end, struct store_audit *audit_r,
    int (*fn)(const char *reason, int64_t messages, void *arg), void *arg);
int memory_suppress(struct store *st, const char *destination, const char *reason,
    int64_t until);
int memory_unsuppress(struct store *st, const char *destination, bool *removed_r);
int memory_each_suppression(struct store *st, int64_t now,
    int (*fn)(const struct store_suppression *s, void *arg), void *arg);
int memory_suppressed(struct store *st, const char *address, const char *domain,
    int64_t now, bool *suppressed_r, char *reason, size_t reason_size);
int memory_request(struct store *st, const char *domain,
    int (*fn)(const struct store_request *r, void *arg), void *arg);
int memory_request_lock(struct store *st, const char *domain, const char *rua);
int memory_request_unlock(struct store *st, const char *domain);
int memory_expire(struct store *st, const struct store_expiry *expiry,
    struct store_expired *counts, void **state, bool *more_r);
void memory_expire_end(struct store *st, void **state);

#endif
