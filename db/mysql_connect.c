/*
 * mysql_connect.c - a connection to one of the servers that a URL names, and which of its
 * failures pass.
 */
#include "db/mysql_private.h"

#include <errmsg.h>
#include <mysqld_error.h>
#include <string.h>

#include "libopendmarc/base/strbuf.h"

/* Seconds until a server that does not answer counts as gone. */
#define CONNECT_SECS	15
#define ANSWER_SECS	600

/* Room for what all servers said. */
#define REASONS_MAX	(MYSQL_HOSTS_MAX * 1024)

/*
 * What a session is: 4-octet UTF-8, UTC, values refused rather than cut, and rows seen as
 * soon as they are committed (a name that another program has just added must be found).
 * With a statement-based binary log the server refuses the last for changes.
 */
static const char *const session[] = {
	"SET NAMES utf8mb4",
	"SET SESSION time_zone = '+00:00'",
	"SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ENGINE_SUBSTITUTION'",
	"SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
};

/*
 * On a Galera cluster a transaction begins when this node has what any node committed
 * before: a runner that goes on at another node must find its own claims there.
 */
static const char cluster_session[] = "SET SESSION wsrep_sync_wait = 7";

bool
mysql_is_lost(unsigned number)
{
	switch (number) {
	case CR_SERVER_GONE_ERROR:
	case CR_SERVER_LOST:
	case CR_CONNECTION_ERROR:
	case CR_CONN_HOST_ERROR:
	case CR_COMMANDS_OUT_OF_SYNC:
	case ER_SERVER_SHUTDOWN:
	case ER_UNKNOWN_COM_ERROR:	/* the node has left the primary component */
#ifdef CR_SERVER_LOST_EXTENDED
	case CR_SERVER_LOST_EXTENDED:
#endif
#ifdef ER_CONNECTION_KILLED
	case ER_CONNECTION_KILLED:
#endif
		return true;
	default:
		return false;
	}
}

/* On a cluster, a transaction that lost against one of another node meets a deadlock too. */
bool
mysql_is_passing(unsigned number)
{
	switch (number) {
	case ER_LOCK_DEADLOCK:
	case ER_LOCK_WAIT_TIMEOUT:	/* or the node does not get the changes of the others */
	case ER_CHECKREAD:
	case ER_QUERY_INTERRUPTED:
	case ER_ERROR_DURING_COMMIT:	/* the node lost the others meanwhile */
		return true;
	default:
		return mysql_is_lost(number);
	}
}

static void
set_tls(MYSQL *db, const struct mysql_where *w)
{
#ifdef MARIADB_BASE_VERSION
	my_bool on = w->tls != MYSQL_TLS_OFF, verify = w->tls == MYSQL_TLS_VERIFY;

	(void)mysql_options(db, MYSQL_OPT_SSL_ENFORCE, &on);
	(void)mysql_options(db, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
#else
	unsigned mode = w->tls == MYSQL_TLS_OFF ? SSL_MODE_DISABLED :
	    w->tls == MYSQL_TLS_ON ? SSL_MODE_REQUIRED : SSL_MODE_VERIFY_IDENTITY;

	(void)mysql_options(db, MYSQL_OPT_SSL_MODE, &mode);
#endif
	if (w->ca != NULL)
		(void)mysql_options(db, MYSQL_OPT_SSL_CA, w->ca);
}

static bool
refused(MYSQL *db, const char *text, char *why, size_t why_size)
{
	(void)store_no(why, why_size, "%s: %s", text, mysql_error(db));
	return false;
}

/* Whether the first row of an answer has this text in a column; unknown things have not. */
static bool
answer_is(MYSQL *db, const char *query, unsigned column, const char *text)
{
	MYSQL_RES *rows = mysql_query(db, query) != 0 ? NULL : mysql_store_result(db);
	MYSQL_ROW row = rows == NULL ? NULL : mysql_fetch_row(rows);
	bool is = row != NULL && row[column] != NULL && strcmp(row[column], text) == 0;

	if (rows != NULL)
		mysql_free_result(rows);
	return is;
}

/* A node that is not in the primary component of its cluster takes connections too. */
static bool
set_cluster(MYSQL *db, bool *cluster_r, char *why, size_t why_size)
{
	*cluster_r = answer_is(db, "SELECT @@wsrep_on", 0, "1");
	if (!*cluster_r)
		return true;
	if (!answer_is(db, "SHOW STATUS LIKE 'wsrep_ready'", 1, "ON")) {
		(void)store_no(why, why_size, MYSQL_NOT_IN_CLUSTER);
		return false;
	}
	return mysql_query(db, cluster_session) == 0 ||
	    refused(db, cluster_session, why, why_size);
}

static bool
set_session(MYSQL *db, bool *cluster_r, char *why, size_t why_size)
{
	for (size_t i = 0; i < COUNT(session); i++)
		if (mysql_query(db, session[i]) != 0)
			return refused(db, session[i], why, why_size);
	return set_cluster(db, cluster_r, why, why_size);
}

static MYSQL *
connect_to_host(struct mysql_where *w, const struct mysql_host *h, char *why,
    size_t why_size)
{
	unsigned connect_secs = CONNECT_SECS, answer_secs = ANSWER_SECS;
	bool options = w->group != NULL || w->defaults_file != NULL;
	MYSQL *db = mysql_init(NULL);

	if (db == NULL)
		return store_no(why, why_size, "out of memory");
	(void)mysql_options(db, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	(void)mysql_options(db, MYSQL_OPT_CONNECT_TIMEOUT, &connect_secs);
	(void)mysql_options(db, MYSQL_OPT_READ_TIMEOUT, &answer_secs);
	(void)mysql_options(db, MYSQL_OPT_WRITE_TIMEOUT, &answer_secs);
	if (w->defaults_file != NULL)
		(void)mysql_options(db, MYSQL_READ_DEFAULT_FILE, w->defaults_file);
	if (options)
		(void)mysql_options(db, MYSQL_READ_DEFAULT_GROUP,
		    w->group == NULL ? "client" : w->group);
	if (w->tls_given)
		set_tls(db, w);
	if (mysql_real_connect(db, h->name, w->user, w->password, w->name, h->port, w->socket,
	    0) == NULL)
		(void)store_no(why, why_size, "%s", mysql_error(db));
	else if (set_session(db, &w->cluster, why, why_size))
		return db;
	mysql_close(db);
	return NULL;
}

/* What each of several servers said. */
static void
add_reason(struct odm_strbuf *reasons, const struct mysql_host *h, const char *why)
{
	odm_strbuf_addf(reasons, "%s%s", reasons->len == 0 ? "no server can be used: " : "; ",
	    h->name);
	if (h->port != 0)
		odm_strbuf_addf(reasons, ":%u", h->port);
	odm_strbuf_addf(reasons, ": %s", why);
}

MYSQL *
mysql_connect_to(struct mysql_where *w, char *why, size_t why_size)
{
	struct odm_strbuf reasons;
	MYSQL *db = NULL;

	odm_strbuf_init(&reasons, REASONS_MAX);
	for (size_t i = 0; i < w->nhosts; i++) {
		size_t at = (w->at + i) % w->nhosts;

		db = connect_to_host(w, &w->hosts[at], why, why_size);
		if (db != NULL) {
			w->at = at;
			break;
		}
		if (w->nhosts > 1)
			add_reason(&reasons, &w->hosts[at], why);
	}
	if (db == NULL && reasons.len > 0 && !reasons.failed)
		(void)store_no(why, why_size, "%s", reasons.at);
	odm_strbuf_free(&reasons);
	return db;
}
