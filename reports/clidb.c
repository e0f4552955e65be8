/*
 * clidb.c - which database the report tools use, and its opening. The old options and
 * variables of 1.x become a mysql: URL; their password never stands in one.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libopendmarc/base/strbuf.h"
#include "reports/cli.h"

#define URL_MAX		4096

/* An access of 1.x: each from an option, or from a variable, or by default. */
struct old_access {
	const char	*by;		/* what asked for MySQL; NULL: nothing did */
	bool		 only_password;	/* and nothing else */
	const char	*host, *name, *user, *password, *socket, *port;
	char		 port_text[8];
	bool		 tls;
};

/* The values of 1.x. */
#define OLD_HOST	"localhost"
#define OLD_NAME	"opendmarc"
#define OLD_USER	"opendmarc"
#define OLD_PASSWORD	"opendmarc"

/* A user or port in the environment alone asks for nothing. */
static bool
asks(const char *variable)
{
	return strcmp(variable, "OPENDMARC_USER") != 0 && strcmp(variable, "OPENDMARC_PORT") != 0;
}

static const char *
choose(struct old_access *old, const char *given, const char *option, const char *variable,
    const char *absent)
{
	const char *env = variable == NULL ? NULL : getenv(variable);

	if (given != NULL && old->by == NULL)
		old->by = option;
	if (given == NULL && env != NULL && *env != '\0' && old->by == NULL && asks(variable))
		old->by = variable;
	return given != NULL ? given : env != NULL && *env != '\0' ? env : absent;
}

static void
read_old(const struct cli_common *c, struct old_access *old)
{
	const char *port = NULL;

	*old = (struct old_access){ 0 };
	if (c->dbport != 0 && snprintf(old->port_text, sizeof(old->port_text), "%" PRId64,
	    c->dbport) < (int)sizeof(old->port_text))
		port = old->port_text;
	old->host = choose(old, c->dbhost, "--dbhost", "OPENDMARC_DBHOST", OLD_HOST);
	old->name = choose(old, c->dbname, "--dbname", "OPENDMARC_DB", OLD_NAME);
	old->user = choose(old, c->dbuser, "--dbuser", "OPENDMARC_USER", OLD_USER);
	old->port = choose(old, port, "--dbport", "OPENDMARC_PORT", NULL);
	(void)choose(old, c->dbscheme, "--dbscheme", NULL, NULL);
	(void)choose(old, c->db_dsn, "--db-dsn", NULL, NULL);
	old->only_password = old->by == NULL;
	old->password = choose(old, c->dbpasswd, "--dbpasswd", "OPENDMARC_PASSWORD",
	    old->by == NULL ? NULL : OLD_PASSWORD);
}

static bool
is_mysql(struct odm_span word)
{
	return odm_span_ieq(word, "mysql") || odm_span_ieq(word, "mariadb");
}

/* NAME or NAME:HOST or NAME:HOST:PORT, which may stand before the pairs of a DSN. */
static void
read_dsn_names(char *first, struct old_access *old)
{
	const char **const where[] = { &old->name, &old->host, &old->port };
	const char *part;
	size_t i;

	for (i = 0; i < COUNT(where) && (part = strsep(&first, ":")) != NULL; i++)
		if (*part != '\0')
			*where[i] = part;
}

/* KEY=VALUE;... of a DSN, cut in copy, which the access then points into. */
static bool
read_dsn_keys(char *copy, struct old_access *old, char *text, size_t text_size)
{
	const struct {
		const char	*name;
		const char	**where;
	} keys[] = {
		{ "database", &old->name }, { "dbname", &old->name }, { "db", &old->name },
		{ "host", &old->host }, { "port", &old->port },
		{ "mysql_socket", &old->socket }, { "mariadb_socket", &old->socket },
	};
	char *next = copy, *pair;

	while ((pair = strsep(&next, ";")) != NULL) {
		char *value = strchr(pair, '=');
		bool known = value == NULL && *pair == '\0';

		if (value == NULL && pair == copy) {
			read_dsn_names(pair, old);
			known = true;
		}
		if (value != NULL)
			*value++ = '\0';
		if (value != NULL && (strcmp(pair, "mysql_ssl") == 0 ||
		    strcmp(pair, "mariadb_ssl") == 0)) {
			old->tls = strcmp(value, "0") != 0;
			known = true;
		}
		for (size_t i = 0; value != NULL && i < COUNT(keys); i++)
			if (strcmp(pair, keys[i].name) == 0) {
				*keys[i].where = value;
				known = true;
			}
		if (!known) {
			(void)snprintf(text, text_size, "--db-dsn: \"%.100s\" is not known; use a "
			    "URL, --db mysql://user@host/name, with the keys of "
			    "opendmarc-schema(7)", pair);
			return false;
		}
	}
	return true;
}

/* DBI:mysql:KEY=VALUE;... over what the other options say; *copy_r is for free(). */
static bool
read_dsn(const char *dsn, struct old_access *old, char **copy_r, char *text,
    size_t text_size)
{
	struct odm_span rest = odm_span_str(dsn), word;

	if (odm_span_next(&rest, ':', &word) && odm_span_ieq(word, "dbi") &&
	    odm_span_next(&rest, ':', &word) && is_mysql(word)) {
		if ((*copy_r = strndup(rest.at, rest.len)) != NULL)
			return read_dsn_keys(*copy_r, old, text, text_size);
		(void)snprintf(text, text_size, "out of memory");
		return false;
	}
	(void)snprintf(text, text_size, "--db-dsn must look like DBI:mysql:database=name;host=name");
	return false;
}

/* Letters of a URL that have a meaning there are escaped. */
static void
add_part(struct odm_strbuf *url, const char *part)
{
	for (; *part != '\0'; part++) {
		if (strchr("%/:@?&=#[]", *part) != NULL || (unsigned char)*part <= ' ')
			odm_strbuf_addf(url, "%%%02X", (unsigned)(unsigned char)*part);
		else
			odm_strbuf_addc(url, *part);
	}
}

/* Each of the hosts, with commas between; the port holds for all. */
static void
add_hosts(struct odm_strbuf *url, const struct old_access *old)
{
	const char *host = old->host;

	while (host != NULL) {
		size_t len = strcspn(host, ",");
		bool ip6 = memchr(host, ':', len) != NULL;
		char *one = strndup(host, len);

		if (one == NULL) {
			url->failed = true;
			return;
		}
		if (ip6)
			odm_strbuf_addf(url, "[%s]", one);
		else
			add_part(url, one);
		free(one);
		/* For localhost with the usual port the socket is meant. */
		if (old->port != NULL && strcmp(old->port, "3306") != 0)
			odm_strbuf_addf(url, ":%s", old->port);
		host = host[len] == ',' ? host + len + 1 : NULL;
		if (host != NULL)
			odm_strbuf_addc(url, ',');
	}
}

static char *
old_url(const struct old_access *old)
{
	struct odm_strbuf url;
	char *text;

	odm_strbuf_init(&url, URL_MAX);
	odm_strbuf_adds(&url, "mysql://");
	add_part(&url, old->user);
	odm_strbuf_addc(&url, '@');
	add_hosts(&url, old);
	odm_strbuf_addc(&url, '/');
	add_part(&url, old->name);
	if (old->socket != NULL) {
		odm_strbuf_adds(&url, "?socket=");
		add_part(&url, old->socket);
	}
	if (old->tls)
		odm_strbuf_addf(&url, "%ctls=on", old->socket == NULL ? '?' : '&');
	text = url.failed ? NULL : strdup(url.at);
	odm_strbuf_free(&url);
	return text;
}

/* The URL of an access in the old way; NULL and why in text. */
static char *
url_of_old(const struct cli_common *c, struct old_access *old, char *text, size_t text_size)
{
	char *copy = NULL, *url = NULL;

	if (c->dbscheme != NULL && !is_mysql(odm_span_str(c->dbscheme))) {
		(void)snprintf(text, text_size, "--dbscheme %.100s: must be mysql or MariaDB",
		    c->dbscheme);
		return NULL;
	}
	if (c->db_dsn == NULL || read_dsn(c->db_dsn, old, &copy, text, text_size)) {
		url = old_url(old);
		(void)snprintf(text, text_size, "%s%s", url == NULL ? "out of memory" :
		    "as asked for by ", url == NULL ? "" : old->by);
	}
	free(copy);
	return url;
}

/* What names a database by a URL; *by_r tells it. */
static const char *
url_given(const struct cli_common *c, const struct conf *conf, const char **by_r)
{
	const char *env = getenv("OPENDMARC_DATABASE");

	if (c->db != NULL) {
		*by_r = "named by --db";
		return c->db;
	}
	if (env != NULL && *env != '\0') {
		*by_r = "named by OPENDMARC_DATABASE";
		return env;
	}
	if (conf->database != NULL) {
		*by_r = "named by Database in the configuration";
		return conf->database;
	}
	*by_r = "by default";
	return "sqlite:" STATEDIR "/opendmarc.db";
}

char *
cli_database(const struct cli_common *c, const struct conf *conf,
    char *text, size_t text_size)
{
	struct old_access old;
	struct odm_span scheme, rest;
	const char *url, *by;
	char *copy;

	read_old(c, &old);
	url = url_given(c, conf, &by);
	rest = odm_span_str(url);
	/* A password alone may be for a URL that has none. */
	if (old.by != NULL && !(old.only_password && odm_span_next(&rest, ':', &scheme) &&
	    is_mysql(scheme)))
		return url_of_old(c, &old, text, text_size);
	copy = strdup(url);
	(void)snprintf(text, text_size, "%s", copy == NULL ? "out of memory" : by);
	return copy;
}

bool
cli_database_named(const struct cli_common *c)
{
	const char *env = getenv("OPENDMARC_DATABASE");
	struct old_access old;

	read_old(c, &old);
	return c->db != NULL || (env != NULL && *env != '\0') ||
	    (old.by != NULL && !old.only_password);
}

/* Takes the password out of a URL that is to be shown; shown is as long as url. */
static void
hide_password(const char *url, char *shown)
{
	const char *login = strstr(url, "://"), *at, *colon;

	(void)strlcpy(shown, url, strlen(url) + 1);
	if (login == NULL)
		return;
	login += 3;
	at = strrchr(login, '@');
	colon = strchr(login, ':');
	if (at != NULL && colon != NULL && colon < at)
		(void)strlcpy(shown + (colon - url), at, strlen(at) + 1);
}

static int
print_statement(const char *statement, void *arg)
{
	(void)fprintf(arg, "%s;\n", statement);
	return 0;
}

/* --migrate --dry-run: all statements on stdout, so that they can be piped to mysql. */
static int
print_plan(const struct cli_common *c, const struct store_access *access)
{
	char why[512];

	if (store_pending(access, print_statement, stdout, why, sizeof(why)) == 0 &&
	    fflush(stdout) == 0)
		return CLI_EXIT_OKAY;
	fprintf(stderr, "%s: %s\n", c->prog, why);
	return CLI_EXIT_CONFIG;
}

static int
open_or_say(const struct cli_common *c, const struct store_access *access,
    const char *choice, struct store **st_r)
{
	char why[512], ignored[512];
	char *shown = malloc(strlen(access->url) + 1);

	if (shown == NULL) {
		fprintf(stderr, "%s: out of memory\n", c->prog);
		return CLI_EXIT_FAILED;
	}
	hide_password(access->url, shown);
	*st_r = store_open_access(access, why, sizeof(why));
	if (*st_r == NULL) {
		fprintf(stderr, "%s: unable to connect to database (%s): %s\n", c->prog,
		    choice, why);
		if (strncmp(access->url, "sqlite:", 7) != 0)
			(void)store_pending(access, print_statement, stderr, ignored,
			    sizeof(ignored));
	} else if (c->verbose > 0) {
		fprintf(stderr, "%s: connected to database %s (%s)\n", c->prog, shown, choice);
	}
	free(shown);
	return *st_r == NULL ? CLI_EXIT_CONFIG : -1;
}

int
cli_open_store(const struct cli_common *c, const struct conf *conf, struct store **st_r)
{
	char choice[256];
	struct store_access access = { 0 };
	struct old_access old;
	char *url = cli_database(c, conf, choice, sizeof(choice));
	int status;

	if (url == NULL) {
		fprintf(stderr, "%s: %s\n", c->prog, choice);
		return CLI_EXIT_CONFIG;
	}
	read_old(c, &old);
	access = (struct store_access){ url, old.password };
	if (c->migrate && c->dry_run) {
		status = print_plan(c, &access);
	} else {
		status = open_or_say(c, &access, choice, st_r);
		if (status < 0 && c->migrate) {
			store_close(st_r);
			status = CLI_EXIT_OKAY;
		}
	}
	free(url);
	return status;
}
