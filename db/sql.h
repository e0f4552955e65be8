/*
 * sql.h - what the databases that speak SQL share: statements that are prepared once and
 * have typed parameters, ids of names, and the functions of store.h written in SQL that
 * all of them understand. A driver below brings the connection. Private to db/.
 *
 * Where the dialects differ a function has a text for each. In SQLite the functions
 * FROM_UNIXTIME() and UNIX_TIMESTAMP() are the driver's.
 */
#ifndef DB_SQL_H
#define DB_SQL_H

#include "db/idcache.h"
#include "db/store_backend.h"

/* One place for each statement; its text stands beside the function that uses it. */
enum sql_slot {
	SQL_NAMES_REMOVED,
	SQL_NAMES_SHARE,
	SQL_DOMAIN_FIND,
	SQL_DOMAIN_ADD,
	SQL_SELECTOR_FIND,
	SQL_SELECTOR_ADD,
	SQL_IP_FIND,
	SQL_IP_ADD,
	SQL_REPORTER_FIND,
	SQL_REPORTER_ADD,
	SQL_POLICY_FIND,
	SQL_POLICY_ADD,
	SQL_MESSAGE_ADD,
	SQL_SIGNATURE_ADD,
	SQL_OVERRIDE_ADD,
	SQL_ARCRESULT_ADD,
	SQL_ARCSEAL_ADD,
	SQL_REQUEST_PUT,
	SQL_BULK_IDS,
	SQL_BULK_LAST_ID,
	SQL_EACH_POLICY,
	SQL_EACH_UNREPORTED,
	SQL_PAGE_WINDOW,
	SQL_PAGE_REPORT,
	SQL_PAGE_DKIM,			/* for four sizes of list */
	SQL_PAGE_DKIM_LAST = SQL_PAGE_DKIM + 3,
	SQL_PAGE_REASONS,
	SQL_PAGE_REASONS_LAST = SQL_PAGE_REASONS + 3,
	SQL_COUNT_WINDOW,
	SQL_REPORT_KNOWN,
	SQL_LEDGER_END,
	SQL_REPORT_OPEN,
	SQL_REPORT_TAKE,
	SQL_REPORT_PARTS,
	SQL_REPORT_NEW,
	SQL_REPORT_TAKE_MESSAGES,
	SQL_REPORT_WINDOW,
	SQL_REPORT_MADE,
	SQL_REPORT_WITHHELD,
	SQL_REPORT_FREE_MESSAGES,
	SQL_REPORT_DROP,
	SQL_REPORT_IS,
	SQL_DELIVERY_ADD,
	SQL_DUE,
	SQL_DELIVERY,
	SQL_DELIVERY_CLAIM,
	SQL_DELIVERY_RELEASE,
	SQL_DELIVERY_NOTE,
	SQL_DELIVERY_IS,
	SQL_DELIVERY_WINDOW,
	SQL_LASTSENT,
	SQL_AUDIT,
	SQL_UNDELIVERED,
	SQL_SUPPRESS,
	SQL_UNSUPPRESS,
	SQL_SUPPRESSIONS,
	SQL_SUPPRESSED,
	SQL_REQUEST,
	SQL_REQUEST_LOCK,
	SQL_REQUEST_UNLOCK,
	SQL_EXPIRE,			/* and the following: statements of an expiry */
	SQL_EXPIRE_LAST = SQL_EXPIRE + 40,
	SQL_BULK,			/* and the following: sql_rows.h */
	SQL_BULK_LAST = SQL_BULK + 60,
	SQL_NSLOTS
};

enum sql_dialect {
	SQL_DIALECT_SQLITE,
	SQL_DIALECT_MYSQL
};

struct sql;

/* What a driver brings. A statement is the driver's own type behind void *. */
struct sql_driver {
	enum sql_dialect dialect;
	/* NULL with the reason kept. The text is copied where it is needed later. */
	void	*(*prepare)(struct sql *s, const char *text);
	/* Ready to be stepped again; the row and the texts bound are forgotten. */
	void	(*reset)(struct sql *s, void *stmt);
	void	(*drop)(struct sql *s, void *stmt);
	/* Parameter n, from 0. False: no memory, or there is no such parameter. */
	bool	(*bind_int)(struct sql *s, void *stmt, int n, int64_t number);
	/* text NULL binds NULL; it must live until the step. */
	bool	(*bind_text)(struct sql *s, void *stmt, int n, const char *text, size_t len,
		    bool octets);
	/* 1 there is a row, 0 done, -1 failed and the reason kept. */
	int	(*step)(struct sql *s, void *stmt);
	/* Column n of the row, from 0; NULL is NULL. Valid until the next step or reset. */
	const char *(*text)(struct sql *s, void *stmt, int n, size_t *len_r);
	int64_t	(*number)(struct sql *s, void *stmt, int n);
	/* Of the statement stepped last. */
	int64_t	(*changes)(struct sql *s);
	int64_t	(*last_id)(struct sql *s);
	/* One moment of the database for several statements that read. NULL: not needed. */
	int	(*freeze)(struct sql *s);
	void	(*thaw)(struct sql *s);
};

/* First member of a backend that speaks SQL. */
struct sql {
	struct store	 base;
	const struct sql_driver *driver;
	void		*kept[SQL_NSLOTS];	/* prepared at first use */
	bool		 taken[SQL_NSLOTS];
	bool		 frozen;
	bool		 cluster;		/* locks of rows hold on this node only */
	bool		 duplicate;		/* the last step met a unique key */
	bool		 expect_known;		/* records of the input are in the database */
	unsigned	 losses;		/* of connections, with all their statements */
	int64_t		 names_removed;		/* see sql_names_fresh() */
	struct idcache	*domains, *selectors, *ips, *reporters, *policies;
};

/* False: no memory; the caches are then freed. */
bool sql_init(struct sql *s, const struct store_ops *ops, const struct sql_driver *driver);

/*
 * Drops all kept statements, as when a connection is lost; those in use are dropped as
 * they are given back.
 */
void sql_drop_statements(struct sql *s);

/* Frees what sql_init() and the statements took, not s itself. */
void sql_clear(struct sql *s);

/* A statement in use. A failure sticks, so that only the step is looked at. */
struct sql_query {
	struct sql	*s;
	void		*stmt;
	enum sql_slot	 slot;
	bool		 own;		/* prepared anew: the kept one is in use */
	bool		 failed;
	unsigned	 losses;	/* of s, when it was taken */
	int		 nbound;
};

/*
 * Takes the statement of a slot; when it runs already (a caller's function uses the
 * store), a second one. Always followed by sql_give().
 */
struct sql_query sql_take(struct sql *s, enum sql_slot slot, const char *text);
void sql_give(struct sql_query *q);

/* Bind the next parameter. Texts must live until the step. NULL binds NULL. */
void sql_bind_text(struct sql_query *q, const char *text);
void sql_bind_int(struct sql_query *q, int64_t number);
void sql_bind_blob(struct sql_query *q, const char *octets, size_t len);
void sql_bind_null(struct sql_query *q);

/* An id; 0 binds NULL. */
void sql_bind_id(struct sql_query *q, int64_t id);

/* One letter as text; 0 binds "". */
void sql_bind_letter(struct sql_query *q, char letter);

/* 1 there is a row, 0 done, -1 failed and the reason kept. */
int sql_step(struct sql_query *q);

/* Steps once and gives the statement back: 0, or -1 with the reason kept. */
int sql_finish(struct sql_query *q);

/* Columns of the row; a text that is NULL comes as "". */
const char *sql_text(const struct sql_query *q, int column);
const char *sql_octets(const struct sql_query *q, int column, size_t *len_r);
bool sql_is_null(const struct sql_query *q, int column);
int64_t sql_int(const struct sql_query *q, int column);
char sql_letter(const struct sql_query *q, int column);

/* Of the text for each dialect, the one of s. */
const char *sql_either(const struct sql *s, const char *sqlite, const char *mysql);

/* Ids kept in the caches are forgotten. */
void sql_forget_names(struct sql *s);

/*
 * Called as a transaction begins: forgets the ids when an expiry has removed names since
 * they were learnt, and keeps it from removing more until the transaction ends.
 */
int sql_names_fresh(struct sql *s);

/* On a cluster, makes the rows that sql_names_fresh() needs there. */
int sql_names_make_shares(struct sql *s);

/* Id of a name, added when it is new. 0, or -1 with the reason kept. */
int sql_domain_id(struct sql *s, const char *name, int64_t *id_r);
int sql_selector_id(struct sql *s, int64_t domain, const char *name, int64_t *id_r);
int sql_ip_id(struct sql *s, const char *addr, int64_t *id_r);
int sql_reporter_id(struct sql *s, const char *name, int64_t *id_r);

/* The rows that a message points to. */
struct sql_ids {
	int64_t	reporter, ip, from, env, policy_domain;
	int64_t	spf_domain;	/* 0: NULL */
	int64_t	published;	/* 0: NULL */
};

/* rua: the addresses of the record, comma-joined. */
int sql_find_ids(struct sql *s, const struct history_record *rec, const char *rua,
    struct sql_ids *ids);

/* Binds the columns of policies, from domain to rua. */
void sql_bind_policy(struct sql_query *q, const struct history_record *rec, int64_t domain,
    const char *rua);

/*
 * All of a policy in one text, for free(): its name in the cache, and what MySQL knows it
 * by. NULL: no memory.
 */
char *sql_policy_key(const struct history_record *rec, const char *rua);

/* The rua of a record, comma-joined, for free(); NULL: no memory. */
char *sql_join_rua(const struct history_record *rec);

/*
 * MySQL's text for a row of requests: what was received newest decides, and a locked row
 * stays as it is. The columns are set from left to right, so seen comes last.
 */
#define SQL_MYSQL_REQUEST_HEAD \
	"INSERT INTO requests (domain, repuri, adkim, aspf, policy, spolicy, pct, fo," \
	" policy_domain, seen) VALUES "
#define SQL_MYSQL_REQUEST_ROW	"(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
#define SQL_MYSQL_REQUEST_SET(column) \
	column " = IF(VALUES(seen) >= seen AND locked <> 1, VALUES(" column "), " column ")"
#define SQL_MYSQL_REQUEST_TAIL \
	" ON DUPLICATE KEY UPDATE " SQL_MYSQL_REQUEST_SET("repuri") ", " \
	SQL_MYSQL_REQUEST_SET("adkim") ", " SQL_MYSQL_REQUEST_SET("aspf") ", " \
	SQL_MYSQL_REQUEST_SET("policy") ", " SQL_MYSQL_REQUEST_SET("spolicy") ", " \
	SQL_MYSQL_REQUEST_SET("pct") ", " SQL_MYSQL_REQUEST_SET("fo") ", " \
	SQL_MYSQL_REQUEST_SET("policy_domain") ", " SQL_MYSQL_REQUEST_SET("seen")

/* MySQL's text for rows of ARC sets; a row that is there already stays. */
#define SQL_MYSQL_ARCRESULT_HEAD \
	"INSERT INTO arcauthresults (message, instance, arc_client_addr) VALUES "
#define SQL_MYSQL_ARCRESULT_ROW	"(?, ?, ?)"
#define SQL_MYSQL_ARCSEAL_HEAD \
	"INSERT INTO arcseals (message, domain, selector, instance) VALUES "
#define SQL_MYSQL_ARCSEAL_ROW	"(?, ?, ?, ?)"
#define SQL_MYSQL_IGNORED	" ON DUPLICATE KEY UPDATE id = id"

/* Adds one record row by row. */
int sql_add_message(struct sql *s, const struct history_record *rec,
    const char *identity, enum store_added *added_r);

/* Adds many with few round trips to a server, MySQL only. */
int sql_add_bulk(struct sql *s, struct store_new *list, size_t n);

/* The functions of store_backend.h that no driver has to write. */

int sql_add_messages(struct store *st, struct store_new *list, size_t n);
int sql_report_claim(struct store *st, const char *policy_domain, int64_t begin,
    int64_t end, int64_t now, struct store_claim *claim_r, enum store_claimed *how_r);
int sql_report_add(struct store *st, const struct store_claim *claim,
    const char *report_id, int64_t messages, const struct store_delivery *deliveries,
    size_t n, bool *added_r);
int sql_report_withhold(struct store *st, const struct store_claim *claim,
    const char *reason);
int sql_report_release(struct store *st, const struct store_claim *claim);
int sql_report_known(struct store *st, const char *policy_domain,
    int64_t begin, int64_t end, bool *known_r);
int sql_ledger_end(struct store *st, int64_t *end_r);
int sql_delivery_claim(struct store *st, int64_t id, int64_t now, bool *claimed_r);
int sql_delivery_release(struct store *st, int64_t id);
int sql_delivery_result(struct store *st, int64_t id,
    enum store_delivery_state state, int64_t next_try, const char *reason);
int sql_due(struct store *st, int64_t last, int64_t now, int64_t *ids, size_t max,
    size_t *n_r);
int sql_delivery(struct store *st, int64_t id, struct store_delivery **d_r);
int sql_each_policy(struct store *st, int64_t begin, int64_t end, bool unreported,
    int (*fn)(const struct store_policy *p, void *arg), void *arg);
int sql_each_message(struct store *st, const char *policy_domain,
    int64_t begin, int64_t end, int64_t report,
    int (*fn)(const struct store_message *m, void *arg), void *arg);
int sql_count(struct store *st, int64_t begin, int64_t end,
    int64_t *messages_r, int64_t *domains_r);
int sql_each_undelivered(struct store *st, int64_t begin, int64_t end,
    int (*fn)(const struct store_delivery *d, void *arg), void *arg);
int sql_audit(struct store *st, int64_t begin, int64_t end, struct store_audit *audit_r,
    int (*fn)(const char *reason, int64_t messages, void *arg), void *arg);
int sql_suppress(struct store *st, const char *destination, const char *reason,
    int64_t until);
int sql_unsuppress(struct store *st, const char *destination, bool *removed_r);
int sql_each_suppression(struct store *st, int64_t now,
    int (*fn)(const struct store_suppression *s, void *arg), void *arg);
int sql_suppressed(struct store *st, const char *address, const char *domain,
    int64_t now, bool *suppressed_r, char *reason, size_t reason_size);
int sql_request(struct store *st, const char *domain,
    int (*fn)(const struct store_request *r, void *arg), void *arg);
int sql_request_lock(struct store *st, const char *domain, const char *rua);
int sql_request_unlock(struct store *st, const char *domain);
int sql_expire(struct store *st, const struct store_expiry *expiry,
    struct store_expired *counts, void **state, bool *more_r);
void sql_expire_end(struct store *st, void **state);

#define SQL_STORE_OPS \
	.add_messages = sql_add_messages, .report_claim = sql_report_claim, \
	.report_add = sql_report_add, .report_withhold = sql_report_withhold, \
	.report_release = sql_report_release, .report_known = sql_report_known, \
	.ledger_end = sql_ledger_end, \
	.delivery_claim = sql_delivery_claim, .delivery_release = sql_delivery_release, \
	.delivery_result = sql_delivery_result, .due = sql_due, .delivery = sql_delivery, \
	.each_policy = sql_each_policy, .each_message = sql_each_message, \
	.count = sql_count, .audit = sql_audit, .suppress = sql_suppress, \
	.each_undelivered = sql_each_undelivered, \
	.unsuppress = sql_unsuppress, .each_suppression = sql_each_suppression, \
	.suppressed = sql_suppressed, .request = sql_request, \
	.request_lock = sql_request_lock, .request_unlock = sql_request_unlock, \
	.expire = sql_expire, .expire_end = sql_expire_end

#endif
