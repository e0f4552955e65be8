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
#include "libopendmarc/base/limits.h"

struct store;

/*
 * Which database, and how to get in. URLs:
 *	sqlite:/path/file
 *	mysql://USER[:PASSWORD]@HOST[:PORT][,HOST...]/NAME[?KEY=VALUE&...]
 *			(mariadb: is the same; the hosts are tried in order)
 *	memory:		nothing is kept; each handle is a database of its own
 * Parts of a URL may be percent-encoded. The keys are in opendmarc-schema(7).
 */
struct store_access {
	const char	*url;
	const char	*password;	/* for a URL that has none; NULL: see the URL's keys */
};

/*
 * Opens a database. What does not exist is created (a file, tables in an empty MySQL
 * database); older tables are brought up to date. NULL with the reason and the remedy in
 * why; then store_pending() may have statements that an administrator has to run.
 */
struct store *store_open(const char *url, char *why, size_t why_size);
struct store *store_open_access(const struct store_access *access, char *why,
    size_t why_size);

/*
 * Calls fn for each statement, without its semicolon, that would bring the tables up to
 * date, and changes nothing. 0; what fn returned when that was not 0; -1 with the reason
 * in why.
 */
int store_pending(const struct store_access *access,
    int (*fn)(const char *statement, void *arg), void *arg, char *why, size_t why_size);

/* Closes and frees *st; an open transaction is rolled back. *st may be NULL. */
void store_close(struct store **st);

/* Why the last call failed: one line without a newline. Valid until the next call. */
const char *store_error(const struct store *st);

/*
 * True when the last failure was nobody's fault: a deadlock with another program, a lost
 * connection, a lock not given in time. Roll back and run the same transaction again
 * from its beginning.
 */
bool store_again(const struct store *st);

/*
 * True when the last failure was about the rows that were given: the database, a rule or a
 * trigger in it, does not take one of them, and the same transaction without that row
 * would be successful. It never is together with store_again().
 */
bool store_refused(const struct store *st);

/*
 * Transactions do not nest. store_rollback() without one does nothing. Functions
 * that change rows make a transaction of their own when there is none, and run it again
 * a few times while store_again() says so. When one of them fails inside yours, its rows
 * may be there in part: store_commit() then fails and rolls back.
 */
int store_begin(struct store *st);
int store_commit(struct store *st);
void store_rollback(struct store *st);

enum store_added {
	STORE_ADDED,
	STORE_KNOWN		/* a record of this identity is there already: nothing changed */
};

/* Octets of an identity; make a hash of a longer one. */
#define STORE_IDENTITY_MAX	128

/* One record on its way into the store; the caller owns what it points to. */
struct store_new {
	const struct history_record *rec;
	const char	*identity;
	enum store_added added;		/* out */
};

/*
 * Adds complete records, all or none. The identity of one is its id key, or for dialects
 * without one the hash of its text that the importer made. The published policy of a
 * policy domain is kept by what was seen newest (received), never by order of import;
 * records without a policy (p unset) leave it alone.
 *
 * Texts are kept as printable ASCII, domains in A-labels, comments as UTF-8: an octet that
 * does not fit becomes "?"; blanks at the end are cut off, as are names after
 * STORE_NAME_MAX octets, addresses after 64, jobs after 128.
 */
int store_add_messages(struct store *st, struct store_new *list, size_t n);

/* The same for one. */
int store_add_message(struct store *st, const struct history_record *rec,
    const char *identity, enum store_added *added_r);

#define STORE_NAME_MAX	255

/* A policy as published at a policy domain, the newest seen inside a window. */
struct store_policy {
	const char	*domain;
	char		 adkim, aspf;		/* 'r', 's' */
	char		 p, sp, np;		/* 'n', 'q', 'r'; 0 unset */
	int		 fo;			/* bits of enum odm_fo */
	char		 psd;			/* 'y', 'n', 'u' */
	bool		 testing;
	const char	*discovery;		/* "treewalk", "psl"; NULL unknown */
	const char	*rua;			/* comma-joined URIs; "" none */
	bool		 locked;		/* rua is the administrator's, not the record's */
};

/*
 * Calls fn for each policy domain with messages received in [begin, end) and a
 * policy, in order of name; p and what it points to are valid during the call.
 * Of policies seen in the same second the one that this store learnt later counts.
 * fn returns 0 to go on; another value ends the run and is returned. fn may use
 * the store.
 */
int store_each_policy(struct store *st, int64_t begin, int64_t end,
    int (*fn)(const struct store_policy *p, void *arg), void *arg);

/*
 * The same for the messages that no report has told yet: that none has taken, or one that
 * is being made. store_report_claim() says whether it is to be taken over.
 */
int store_each_unreported(struct store *st, int64_t begin, int64_t end,
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
	enum history_automatic automatic;
	const struct store_dkim *dkim;
	size_t		 ndkim;
	const struct store_reason *reasons;
	size_t		 nreasons;
};

/*
 * Calls fn for each message of a policy domain received in [begin, end), as
 * store_each_policy() does; streamed, in order of time received. Here fn may read the
 * store, but not change it: what it sees is one moment of the database.
 */
int store_each_message(struct store *st, const char *policy_domain,
    int64_t begin, int64_t end,
    int (*fn)(const struct store_message *m, void *arg), void *arg);

/* Counts for people: messages and policy domains in [begin, end). */
int store_count(struct store *st, int64_t begin, int64_t end,
    int64_t *messages_r, int64_t *domains_r);

/*
 * The ledger: a report is about messages of one policy domain in one window, a delivery
 * is one destination of it. The mail of a delivery is kept ready-made until a server has
 * accepted it, so that a second try is the same bytes.
 *
 * Several programs on several hosts may work at the same ledger. Who makes a report, or
 * tries a delivery, claims it first; a claim whose owner died ends ODM_CLAIM_SECS later
 * by the clocks of the hosts, which must agree within minutes.
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
	int		 tries;		/* whose outcome was noted */
	int64_t		 first_try;	/* the time of the first of them, or of this one */
	int64_t		 next_try;	/* not before */
	const char	*reason;	/* of the last failure; NULL none */
	const char	*mail;		/* octets, CRLF line ends */
	size_t		 mail_len;
};

enum store_claimed {
	STORE_CLAIM_MINE,
	STORE_CLAIM_TAKEN,	/* somebody else makes this report */
	STORE_CLAIM_NOTHING	/* no message that is not in a report already */
};

/* The making of one report. */
struct store_claim {
	int64_t	report;
	int	part;		/* 0; 1 and more: supplements for messages that came later */
	bool	taken_over;	/* from one who did not end it: there may be later messages too */
	int64_t	begin, end;	/* its window; of one taken over perhaps another than was asked for */
};

/*
 * Claims the report of a policy domain for the messages received in [begin, end) that no
 * report has taken; they belong to it from then on. The claim must be ended by one of the
 * three functions below. When it was not, the next claim gets the same report with the
 * same messages, also the next claim of a longer or shorter window that has seconds in
 * common with it: so windows of several lengths tell each message once. *claim_r is set
 * for STORE_CLAIM_MINE. now is never taken to be before the host's clock.
 */
int store_report_claim(struct store *st, const char *policy_domain, int64_t begin,
    int64_t end, int64_t now, struct store_claim *claim_r, enum store_claimed *how_r);

/* store_each_message() for the messages of a claimed report. */
int store_each_claimed(struct store *st, const struct store_claim *claim,
    int (*fn)(const struct store_message *m, void *arg), void *arg);

/*
 * Ends the claim: enters the report and its deliveries, all of them or, when the claim
 * has passed to somebody else, none (*added_r false). report_id is unique. Of deliveries
 * to the same destination the first is taken.
 */
int store_report_add(struct store *st, const struct store_claim *claim,
    const char *report_id, int64_t messages, const struct store_delivery *deliveries,
    size_t n, bool *added_r);

/*
 * Ends the claim: there will be no report about these messages, for a reason that counts
 * together in store_audit(), such as "no destination". A claim that has passed to
 * somebody else is left alone, here and below.
 */
int store_report_withhold(struct store *st, const struct store_claim *claim,
    const char *reason);

/* Ends the claim: the messages wait for a later one. */
int store_report_release(struct store *st, const struct store_claim *claim);

/* True in *known_r when a report of this window and domain was made or withheld. */
int store_report_known(struct store *st, const char *policy_domain,
    int64_t begin, int64_t end, bool *known_r);

/* The end of the newest window of which a report was made or withheld; 0: there is none. */
int store_ledger_end(struct store *st, int64_t *end_r);

/*
 * Claims the deliveries NEW or FAILED that are due at now and not claimed, a few at a time,
 * and calls fn for each; fn may use the store. A delivery of which fn has not noted an
 * outcome is as before when this returns.
 */
int store_each_due(struct store *st, int64_t now,
    int (*fn)(const struct store_delivery *d, void *arg), void *arg);

/*
 * Notes the outcome of one try of a delivery that this store has claimed. SENT also drops
 * the kept mail and moves the old requests.lastsent of the policy domain forward, for
 * readers of the 1.x tables. Fails when the claim has passed to somebody else.
 */
int store_delivery_result(struct store *st, int64_t id,
    enum store_delivery_state state, int64_t next_try, const char *reason);

/* The fate of the messages received in a time; the numbers add up to seen. */
struct store_audit {
	int64_t	seen;
	int64_t	told;		/* in a report that a destination has accepted */
	int64_t	waiting;	/* in a report that none has accepted yet */
	int64_t	undeliverable;	/* in a report that was given up, or had no destination */
	int64_t	withheld;	/* store_report_withhold() */
	int64_t	unreported;	/* no report was made yet */
	int64_t	not_owed;	/* no policy, or one that asks for no reports */
};

/* Counts; fn, where not NULL, is called for each reason of withheld messages. */
int store_audit(struct store *st, int64_t begin, int64_t end, struct store_audit *audit_r,
    int (*fn)(const char *reason, int64_t messages, void *arg), void *arg);

/*
 * Calls fn for each delivery FAILED or DEAD of the reports whose windows have seconds of
 * [begin, end), in order of policy domain and destination; its mail is not set. fn may
 * read the store.
 */
int store_each_undelivered(struct store *st, int64_t begin, int64_t end,
    int (*fn)(const struct store_delivery *d, void *arg), void *arg);

/*
 * Suppressions: addresses and domains that get no report mail. Letter case does not
 * matter. A domain stands for its own addresses, not for those of names below it.
 */
struct store_suppression {
	const char	*destination;	/* address, or domain without "@" */
	const char	*reason;	/* "" none */
	int64_t		 added;
	int64_t		 until;		/* 0: without end */
};

/* Adds one, or changes reason and end of the one that is there. */
int store_suppress(struct store *st, const char *destination, const char *reason,
    int64_t until);

/* *removed_r is false when it was not there. */
int store_unsuppress(struct store *st, const char *destination, bool *removed_r);

/* Calls fn for each that holds at now, in order of destination; fn may use the store. */
int store_each_suppression(struct store *st, int64_t now,
    int (*fn)(const struct store_suppression *s, void *arg), void *arg);

/* Whether the address or its domain is suppressed at now; the reason is cut to its room. */
int store_suppressed(struct store *st, const char *address, int64_t now,
    bool *suppressed_r, char *reason, size_t reason_size);

/* What was seen last of a From domain, or what an administrator has put in its place. */
struct store_request {
	const char	*domain;
	const char	*rua;		/* comma-joined; "" none */
	bool		 locked;	/* an import leaves it alone; holds for its reports */
	char		 p, sp;		/* letters; 0 unset */
	int64_t		 seen;		/* received of the newest message; 0 unknown */
};

/* Calls fn for the domain's request, not at all when there is none; fn's value is returned. */
int store_request(struct store *st, const char *domain,
    int (*fn)(const struct store_request *r, void *arg), void *arg);

/*
 * Locks the request with these addresses, "" for no reports; made when it is not there.
 * Reports about domain as policy domain then go there and nowhere else.
 */
int store_request_lock(struct store *st, const char *domain, const char *rua);

/* Unlocks; what was seen last comes back with the next import. */
int store_request_unlock(struct store *st, const char *domain);

/* Rows removed, but for kept. */
struct store_expired {
	int64_t	messages;
	int64_t	kept;		/* old messages that wait for their report */
	int64_t	requests, reports, suppressions;
	int64_t	domains, selectors, addresses, reporters, policies;
};

struct store_expiry {
	int64_t	before;		/* what is older */
	int64_t	batch;		/* messages or names of one transaction */
	bool	all_tables;	/* also names that nothing uses any more */
	bool	unreported;	/* also messages that still wait for their report */
	/* Called after each transaction with what is removed so far; may be NULL. */
	void	(*step)(void *arg, const struct store_expired *so_far);
	void	*arg;
};

/*
 * Removes messages received before a time with all that belongs to them, reports that are
 * settled, requests not seen since (but none that is locked), suppressions that ended.
 * A message waits while its domain asks for reports and no report about it was made.
 * In many small transactions, so that others can work: call it outside of one. *counts_r
 * is also set, as far as it got, when it fails; running it again goes on.
 */
int store_expire(struct store *st, const struct store_expiry *expiry,
    struct store_expired *counts_r);

#endif
