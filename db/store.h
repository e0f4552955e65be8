/*
 * store.h - what the report chain keeps, in the words of the subject: messages
 * judged, policies seen, reports owed and told. No SQL here; a backend is a
 * table of functions behind it (store_backend.h).
 *
 * One store belongs to one thread. Functions return 0, or -1 with the reason in
 * store_error(). All times are epoch seconds, UTC.
 */
#ifndef DB_STORE_H
#define DB_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/history.h"

struct store;

/*
 * Opens the database of a URL: "sqlite:/path/file". A file that does not exist is
 * created with its schema; an older schema is migrated. NULL with the reason and the
 * remedy in why.
 */
struct store *store_open(const char *url, char *why, size_t why_size);

/* Closes and frees *st; an open transaction is rolled back. *st may be NULL. */
void store_close(struct store **st);

/* Why the last call failed: one line without a newline. Valid until the next call. */
const char *store_error(const struct store *st);

/*
 * Transactions do not nest. store_rollback() without one does nothing. Functions
 * that change rows make a transaction of their own when there is none. When one of
 * them fails inside yours, its rows may be there in part: store_commit() then fails
 * and rolls back.
 */
int store_begin(struct store *st);
int store_commit(struct store *st);
void store_rollback(struct store *st);

enum store_added {
	STORE_ADDED,
	STORE_KNOWN		/* a record of this identity is there already: nothing changed */
};

/*
 * Adds one complete record. identity is its id key, or for dialects without one the
 * hash of its text that the importer made. The published policy of its policy domain is
 * kept by what was seen newest (received), never by order of import; records
 * without a policy (p unset) leave it alone.
 */
int store_add_message(struct store *st, const struct history_record *rec,
    const char *identity, enum store_added *added_r);

/* A policy as published at a policy domain, the newest seen inside a window. */
struct store_policy {
	const char	*domain;
	char		 adkim, aspf;		/* 'r', 's' */
	char		 p, sp, np;		/* 'n', 'q', 'r'; 0 unset */
	int		 fo;			/* bits of enum odm_fo */
	char		 psd;			/* 'y', 'n', 'u' */
	bool		 testing;
	const char	*discovery;		/* "treewalk", "psl"; NULL unknown */
	const char	*rua;			/* comma-joined URIs as published; "" none */
};

/*
 * Calls fn for each policy domain with messages received in [begin, end) and a
 * policy, in order of name; p and what it points to are valid during the call.
 * fn returns 0 to go on; another value ends the run and is returned. fn may use
 * the store.
 */
int store_each_policy(struct store *st, int64_t begin, int64_t end,
    int (*fn)(const struct store_policy *p, void *arg), void *arg);

struct store_dkim {
	const char	*domain;
	const char	*selector;		/* NULL unknown */
	int		 result;		/* history code */
};

struct store_reason {
	enum history_override type;
	const char	*comment;		/* may be NULL */
};

/* One message as the reports need it. */
struct store_message {
	const char	*ip, *from;
	const char	*mfrom;			/* "" null sender */
	const char	*spf_domain;		/* the SPF Domain; NULL unknown */
	int		 spf, spf_scope;	/* history codes */
	int		 align_dkim, align_spf;
	int		 policy, action;	/* history codes */
	char		 effective;		/* 'n', 'q', 'r'; 0 unknown */
	const struct store_dkim *dkim;
	size_t		 ndkim;
	const struct store_reason *reasons;
	size_t		 nreasons;
};

/*
 * Calls fn for each message of a policy domain received in [begin, end), as
 * store_each_policy() does; streamed, in order of import. Here fn may read the store,
 * but not change it: what it sees is one moment of the database.
 */
int store_each_message(struct store *st, const char *policy_domain,
    int64_t begin, int64_t end,
    int (*fn)(const struct store_message *m, void *arg), void *arg);

/* Counts for people: messages and policy domains in [begin, end). */
int store_count(struct store *st, int64_t begin, int64_t end,
    int64_t *messages_r, int64_t *domains_r);

/*
 * The ledger: a report is one window of one policy domain, a delivery one
 * destination of it. The mail of a delivery is kept ready-made until a server
 * has accepted it, so that a second try is the same bytes.
 */
enum store_delivery_state {
	STORE_DELIVERY_NEW,
	STORE_DELIVERY_SENT,
	STORE_DELIVERY_FAILED,	/* to be tried again */
	STORE_DELIVERY_DEAD	/* given up */
};

struct store_delivery {
	int64_t		 id;
	const char	*policy_domain;
	int64_t		 begin, end;
	const char	*report_id;
	const char	*destination;	/* address */
	enum store_delivery_state state;
	int		 tries;
	int64_t		 next_try;	/* not before */
	const char	*reason;	/* of the last failure; NULL none */
	const char	*mail;		/* octets, CRLF line ends */
	size_t		 mail_len;
};

/*
 * Enters a report and its deliveries as one: all of them or, when the window of
 * this domain is in the ledger already, none (*added_r false).
 */
int store_report_add(struct store *st, const char *policy_domain, int64_t begin,
    int64_t end, const char *report_id, int64_t messages,
    const struct store_delivery *deliveries, size_t n, bool *added_r);

/* True in *known_r when the window of this domain is in the ledger. */
int store_report_known(struct store *st, const char *policy_domain,
    int64_t begin, int64_t end, bool *known_r);

/* Calls fn for each delivery NEW or FAILED that is due at now; fn may use the store. */
int store_each_due(struct store *st, int64_t now,
    int (*fn)(const struct store_delivery *d, void *arg), void *arg);

/*
 * Notes the outcome of one try. SENT also drops the kept mail and moves the
 * old requests.lastsent of the policy domain forward, for readers of the 1.x tables.
 */
int store_delivery_result(struct store *st, int64_t id,
    enum store_delivery_state state, int64_t next_try, const char *reason);

#endif
