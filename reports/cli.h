/*
 * cli.h - what the report tools share on the command line: the options as a
 * table, read as Getopt::Long reads them, and the choice of the database.
 *
 * "--name=value", "--name value", one dash or two, letter case ignored, any
 * unambiguous beginning of a name; flags also as --no-NAME and --noNAME. "--"
 * ends the options. Names that 1.x had win over new ones when a beginning fits both.
 */
#ifndef REPORTS_CLI_H
#define REPORTS_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/conf.h"
#include "db/store.h"

/* Exit statuses of all report tools, sysexits.h where it has one. */
#define CLI_EXIT_OKAY	0
#define CLI_EXIT_FAILED	1	/* bad option, or the work could not all be done */
#define CLI_EXIT_CONFIG	78	/* EX_CONFIG: nothing can be done before someone repairs it */

/* Values that one list option may hold. */
#define CLI_LIST_MAX	1000

enum cli_type {
	CLI_FLAG,	/* bool: --name, --no-name */
	CLI_COUNT,	/* int: one more each time; --no-name sets 0 */
	CLI_STRING,	/* const char *: into argv, the last counts; never "" */
	CLI_TEXT,	/* the same, and may be "" */
	CLI_NUMBER,	/* int64_t, decimal, in min..max */
	CLI_LIST,	/* struct cli_list: each time one more */
	CLI_WORDS	/* the same for arguments that are no options; it has no name */
};

struct cli_list {
	const char	**words;	/* each into argv; free with cli_list_free() */
	size_t		  nwords;
};

struct cli_option {
	const char	*name;		/* without dashes; NULL: CLI_WORDS */
	const char	*alias;		/* a second name, e.g. "n"; NULL none */
	enum cli_type	 type;
	size_t		 offset;	/* in the tool's settings, of what the type says */
	int64_t		 min, max;	/* CLI_NUMBER */
	bool		 old;		/* 1.x had it: wins when abbreviated */
	const char	*arg;		/* word for the value in the usage; NULL for flags */
	const char	*help;		/* half a sentence for the usage; NULL: not listed */
};

/*
 * The options that every tool has: a member of its settings, with CLI_COMMON_OPTIONS(type
 * of the settings, name of the member) in its table. Zero it first.
 */
struct cli_common {
	const char	*prog;		/* name of the tool, set by the caller */
	bool		 help, version;
	int		 verbose;
	bool		 migrate, dry_run;	/* the database's tables, then stop */
	const char	*db;		/* URL */
	const char	*conf;		/* path */
	const char	*dbhost, *dbname, *dbpasswd, *dbuser, *dbscheme, *db_dsn;
	int64_t		 dbport;
};

#define CLI_COMMON_OPTIONS(type, member) \
	{ "db", NULL, CLI_STRING, offsetof(type, member.db), 0, 0, false, "URL", \
	  "database, sqlite:/path/file or mysql://user@host/name" }, \
	{ "migrate", NULL, CLI_FLAG, offsetof(type, member.migrate), 0, 0, false, NULL, \
	  "bring the database's tables up to date and stop" }, \
	{ "dry-run", NULL, CLI_FLAG, offsetof(type, member.dry_run), 0, 0, false, NULL, \
	  "with --migrate: print the statements, change nothing" }, \
	{ "conf", NULL, CLI_STRING, offsetof(type, member.conf), 0, 0, false, "file", \
	  "configuration that may name the database" }, \
	{ "dbhost", NULL, CLI_STRING, offsetof(type, member.dbhost), 0, 0, true, "host", \
	  "MySQL server" }, \
	{ "dbname", NULL, CLI_STRING, offsetof(type, member.dbname), 0, 0, true, "name", \
	  "MySQL database" }, \
	{ "dbpasswd", NULL, CLI_TEXT, offsetof(type, member.dbpasswd), 0, 0, true, "word", \
	  "MySQL password" }, \
	{ "dbport", NULL, CLI_NUMBER, offsetof(type, member.dbport), 1, 65535, true, "port", \
	  "MySQL port" }, \
	{ "dbscheme", NULL, CLI_STRING, offsetof(type, member.dbscheme), 0, 0, true, "word", \
	  "mysql or MariaDB" }, \
	{ "dbuser", NULL, CLI_STRING, offsetof(type, member.dbuser), 0, 0, true, "user", \
	  "MySQL user" }, \
	{ "db-dsn", NULL, CLI_STRING, offsetof(type, member.db_dsn), 0, 0, true, "DSN", \
	  "MySQL data source, DBI:mysql:key=value;..." }, \
	{ "help", NULL, CLI_FLAG, offsetof(type, member.help), 0, 0, true, NULL, \
	  "print this and stop" }, \
	{ "verbose", NULL, CLI_COUNT, offsetof(type, member.verbose), 0, 0, true, NULL, \
	  "tell what is done; twice: more" }, \
	{ "version", NULL, CLI_FLAG, offsetof(type, member.version), 0, 0, true, NULL, \
	  "print the version and stop" }

/*
 * Reads argv[1..] into *settings, where the options have their offsets. Returns -1 to
 * go on, or the status to exit with, all said: 1 after a bad option (one line and the
 * usage on stderr), 0 after --help (usage on stderr) or --version ("PROG v2.0.0" on
 * stdout).
 * Arguments that are no options are bad where the table has no CLI_WORDS.
 */
int cli_parse(const struct cli_common *c, const struct cli_option *options,
    size_t noptions, void *settings, int argc, char **argv);

/*
 * The same reading without the end of the program: false, and why_r one line, for
 * a bad option. For settings that come from elsewhere than the command line.
 */
bool cli_read(const struct cli_option *options, size_t noptions, void *settings, int argc,
    char **argv, char *why, size_t why_size);

/*
 * The option that name, without dashes, stands for: a whole name or a beginning, in
 * any letter case. *negated_r: with "no" before it. NULL when it stands for none, or for
 * several.
 */
const struct cli_option *cli_find(const struct cli_option *options, size_t noptions,
    struct odm_span name, bool *negated_r);

void cli_list_free(struct cli_list *list);

/* Says as an error why nothing can be done; returns status. */
int cli_refuse(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* With --verbose: "PROG: WHAT at TIME UTC" on stderr. */
void cli_say_time(const struct cli_common *c, const char *what);

/*
 * Reads the configuration of --conf, or the default one; only the latter may be
 * missing, then the defaults hold. Returns -1 to go on, *conf_r then belongs to the
 * caller (conf_free); or the status to exit with, all said on stderr.
 */
int cli_read_conf(const struct cli_common *c, struct conf **conf_r);

/*
 * The URL of the database: an option or environment variable of the old MySQL
 * access; else --db; else OPENDMARC_DATABASE; else conf->database; else
 * sqlite:STATEDIR/opendmarc.db. NULL, and the reason in text, when the old access cannot be
 * understood; otherwise text says what made the choice. A new text for free(), without a
 * password that did not stand in it.
 */
char *cli_database(const struct cli_common *c, const struct conf *conf,
    char *text, size_t text_size);

/*
 * True when an option or a variable of the environment names a database; one that only
 * holds its user, port or password names none.
 */
bool cli_database_named(const struct cli_common *c);

/*
 * Opens the database chosen. Returns -1 to go on, *st_r then belongs to the caller
 * (store_close); or the status to exit with, all said: also after --migrate. When an
 * administrator has to change the tables first, the statements are on stderr, and the
 * status is CLI_EXIT_CONFIG.
 */
int cli_open_store(const struct cli_common *c, const struct conf *conf,
    struct store **st_r);

#endif
