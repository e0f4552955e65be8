/*
 * mysql_private.h - what the files of the MySQL backend share. It works with the client
 * library of MySQL and with that of MariaDB, and uses only what both have.
 */
#ifndef DB_MYSQL_PRIVATE_H
#define DB_MYSQL_PRIVATE_H

#include "config.h"

#include <mysql.h>

#include "db/sql.h"

#ifndef HAVE_MY_BOOL
typedef bool my_bool;
#endif

enum mysql_tls {
	MYSQL_TLS_OFF,
	MYSQL_TLS_ON,		/* or no connection; the server is not verified */
	MYSQL_TLS_VERIFY	/* and the server's name must be in its certificate */
};

/* Servers that a URL may name. */
#define MYSQL_HOSTS_MAX	16

/* One server; name NULL and port 0: the client library's default. */
struct mysql_host {
	char	*name;
	unsigned port;
};

/* Where a URL leads to. All texts are owned; NULL: the client library's default. */
struct mysql_where {
	struct mysql_host hosts[MYSQL_HOSTS_MAX];
	size_t	 nhosts;	/* at least 1 */
	size_t	 at;		/* the one that is tried first, or is in use */
	char	*user, *password, *name, *socket;
	char	*password_file, *defaults_file, *group, *ca;
	enum mysql_tls tls;
	bool	 tls_given;
	bool	 cluster;	/* the server in use is a node of a Galera cluster */
};

/*
 * Reads what follows "mysql:". False with the reason in why; free *w in any case. A
 * password is looked for in the URL, the access, the file that the URL names.
 */
bool mysql_where_read(const char *location, const struct store_access *access,
    struct mysql_where *w, char *why, size_t why_size);
void mysql_where_free(struct mysql_where *w);

/*
 * A connection with UTF-8, UTC and strict modes to the first server, from w->at on, that
 * can be used; on a cluster it sees what any node has committed before. w->at tells which
 * it is. NULL with the reasons of all in why.
 */
MYSQL *mysql_connect_to(struct mysql_where *w, char *why, size_t why_size);

/* The failure of a server, not of a statement: another connection, or server, may work. */
bool mysql_is_lost(unsigned number);

/* What an administrator can do about a server that has left the primary component. */
#define MYSQL_NOT_IN_CLUSTER	"this server is no working part of its cluster now, see " \
	"opendmarc-schema(7)"

/* Failures that go away when the transaction is run again, lost connections included. */
bool mysql_is_passing(unsigned number);

/*
 * Brings the tables up to date. With fn nothing is changed, and fn is called for each
 * statement that would be run. 0, fn's other value, or -1 with the reason in why.
 */
int mysql_migrate(MYSQL *db, int (*fn)(const char *statement, void *arg), void *arg,
    char *why, size_t why_size);

/*
 * One thing that a step of a migration wants. Statements of MySQL that change tables
 * cannot be undone, so each is looked for before it is made: a step that broke off is
 * completed by running it again. Items of one table in a row become one ALTER TABLE.
 */
struct mysql_item {
	const char	*table;		/* NULL: clause is a whole statement */
	const char	*check;		/* a query with a row when it is there */
	const char	*clause;
};

struct mysql_step {
	const char	*what;
	const struct mysql_item *items;
	size_t		 nitems;
	bool		 creates;	/* a table that it makes needs nothing more of it */
};

extern const struct mysql_step mysql_steps[];
extern const size_t mysql_nsteps;

#endif
