/*
 * sqlite_private.h - what the files of the SQLite backend share.
 */
#ifndef DB_SQLITE_PRIVATE_H
#define DB_SQLITE_PRIVATE_H

#include <sqlite3.h>

#include "db/idcache.h"
#include "db/store_backend.h"

/* One place for each statement; its text stands beside the function that uses it. */
enum sqlite_slot {
	SQLITE_SLOT_BEGIN,
	SQLITE_SLOT_COMMIT,
	SQLITE_SLOT_ROLLBACK,
	SQLITE_SLOT_DATA_VERSION,
	SQLITE_SLOT_DOMAIN_FIND,
	SQLITE_SLOT_DOMAIN_ADD,
	SQLITE_SLOT_SELECTOR_FIND,
	SQLITE_SLOT_SELECTOR_ADD,
	SQLITE_SLOT_IP_FIND,
	SQLITE_SLOT_IP_ADD,
	SQLITE_SLOT_REPORTER_FIND,
	SQLITE_SLOT_REPORTER_ADD,
	SQLITE_SLOT_POLICY_FIND,
	SQLITE_SLOT_POLICY_ADD,
	SQLITE_SLOT_MESSAGE_ADD,
	SQLITE_SLOT_SIGNATURE_ADD,
	SQLITE_SLOT_OVERRIDE_ADD,
	SQLITE_SLOT_REQUEST_PUT,
	SQLITE_SLOT_EACH_POLICY,
	SQLITE_SLOT_EACH_MESSAGE,
	SQLITE_SLOT_MESSAGE_DKIM,
	SQLITE_SLOT_MESSAGE_REASONS,
	SQLITE_SLOT_COUNT_WINDOW,
	SQLITE_SLOT_REPORT_KNOWN,
	SQLITE_SLOT_REPORT_ADD,
	SQLITE_SLOT_DELIVERY_ADD,
	SQLITE_SLOT_NEXT_DUE,
	SQLITE_SLOT_DELIVERY_NOTE,
	SQLITE_SLOT_LASTSENT,
	SQLITE_NSLOTS
};

struct sqlite {
	struct store	 base;			/* first: the store is the backend */
	sqlite3		*db;
	sqlite3_stmt	*kept[SQLITE_NSLOTS];	/* prepared at first use */
	bool		 taken[SQLITE_NSLOTS];
	int64_t		 data_version;		/* of the last transaction */
	struct idcache	*domains, *selectors, *ips, *reporters, *policies;
};

/* A statement in use. Errors stick in rc, so that only the step is looked at. */
struct sqlite_query {
	struct sqlite	*s;
	sqlite3_stmt	*stmt;
	enum sqlite_slot slot;
	bool		 own;		/* prepared anew: the kept one is in use */
	int		 rc;
	int		 nbound;
};

/*
 * Takes the statement of a slot; when it runs already (a caller's function uses the
 * store), a second one. Always followed by sqlite_give().
 */
struct sqlite_query sqlite_take(struct sqlite *s, enum sqlite_slot slot, const char *sql);
void sqlite_give(struct sqlite_query *q);

/* Bind the next parameter. Texts must live until the step. NULL binds NULL. */
void sqlite_bind_text(struct sqlite_query *q, const char *text);
void sqlite_bind_int(struct sqlite_query *q, int64_t number);
void sqlite_bind_blob(struct sqlite_query *q, const char *octets, size_t len);
void sqlite_bind_null(struct sqlite_query *q);

/* One letter as text; 0 binds "". */
void sqlite_bind_letter(struct sqlite_query *q, char letter);

/* 1 there is a row, 0 done, -1 failed and the reason kept. */
int sqlite_step(struct sqlite_query *q);

/* Columns of the row; a text that is NULL comes as "". */
const char *sqlite_text(const struct sqlite_query *q, int column);
int64_t sqlite_int(const struct sqlite_query *q, int column);
char sqlite_letter(const struct sqlite_query *q, int column);

/* Id of a domain, added when it is new. 0, or -1 with the reason kept. */
int sqlite_domain_id(struct sqlite *s, const char *name, int64_t *id_r);

/* Brings the schema up to date. False with the reason in why. */
bool sqlite_migrate(sqlite3 *db, const char *path, char *why, size_t why_size);

int sqlite_add_message(struct store *st, const struct history_record *rec,
    const char *identity, enum store_added *added_r);
int sqlite_each_policy(struct store *st, int64_t begin, int64_t end,
    int (*fn)(const struct store_policy *p, void *arg), void *arg);
int sqlite_each_message(struct store *st, const char *policy_domain,
    int64_t begin, int64_t end,
    int (*fn)(const struct store_message *m, void *arg), void *arg);
int sqlite_count(struct store *st, int64_t begin, int64_t end,
    int64_t *messages_r, int64_t *domains_r);
int sqlite_report_add(struct store *st, const char *policy_domain, int64_t begin,
    int64_t end, const char *report_id, int64_t messages,
    const struct store_delivery *deliveries, size_t n, bool *added_r);
int sqlite_report_known(struct store *st, const char *policy_domain,
    int64_t begin, int64_t end, bool *known_r);
int sqlite_each_due(struct store *st, int64_t now,
    int (*fn)(const struct store_delivery *d, void *arg), void *arg);
int sqlite_delivery_result(struct store *st, int64_t id,
    enum store_delivery_state state, int64_t next_try, const char *reason);

#endif
