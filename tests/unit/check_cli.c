/*
 * check_cli.c - the command line of the report tools and their choice of database.
 */
#include <check.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reports/cli.h"
#include "tests/unit/suite.h"

/* The options of a tool that has one of each kind. */
struct all {
	struct cli_common	common;
	const char		*input, *domain;
	struct cli_list		 nodomain;
	bool			 update, test, day;
	int64_t			 interval;
	const char		*date;
};

#define AT(member)	offsetof(struct all, member)

static const struct cli_option options[] = {
	{ "input", NULL, CLI_STRING, AT(input), 0, 0, true, "file", "h" },
	{ "domain", NULL, CLI_STRING, AT(domain), 0, 0, true, "name", "h" },
	{ "nodomain", NULL, CLI_LIST, AT(nodomain), 0, 0, true, "name", "h" },
	{ "update", NULL, CLI_FLAG, AT(update), 0, 0, true, NULL, "h" },
	{ "test", "n", CLI_FLAG, AT(test), 0, 0, true, NULL, "h" },
	{ "day", NULL, CLI_FLAG, AT(day), 0, 0, true, NULL, "h" },
	{ "interval", NULL, CLI_NUMBER, AT(interval), 1, 1000000, true, "secs", "h" },
	{ "date", NULL, CLI_STRING, AT(date), 0, 0, false, "day", "h" },
	CLI_COMMON_OPTIONS(struct all, common),
};

/* Splits words at blanks into an argument vector of exact-size copies. */
static int
split(const char *line, char *argv[16])
{
	struct odm_span rest = odm_span_str(line), word;
	int argc = 0;

	argv[argc++] = strdup("prog");
	while (odm_span_next(&rest, ' ', &word)) {
		ck_assert_int_lt(argc, 15);
		argv[argc++] = strndup(word.at, word.len);
	}
	argv[argc] = NULL;
	return argc;
}

static void
show(char *text, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void
show(char *text, size_t size, const char *format, ...)
{
	size_t len = strlen(text);
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text + len, size - len, format, ap);
	va_end(ap);
}

/* What the options hold now, only what is not empty. */
static void
show_all(const struct all *a, char *text, size_t size)
{
	text[0] = '\0';
	if (a->input != NULL)
		show(text, size, "input=%s ", a->input);
	if (a->domain != NULL)
		show(text, size, "domain=%s ", a->domain);
	for (size_t i = 0; i < a->nodomain.nwords; i++)
		show(text, size, "nodomain=%s ", a->nodomain.words[i]);
	if (!a->update)
		show(text, size, "noupdate ");
	if (a->test)
		show(text, size, "test ");
	if (a->day)
		show(text, size, "day ");
	if (a->interval != 0)
		show(text, size, "interval=%d ", (int)a->interval);
	if (a->date != NULL)
		show(text, size, "date=%s ", a->date);
	if (a->common.db != NULL)
		show(text, size, "db=%s ", a->common.db);
	if (a->common.dbhost != NULL)
		show(text, size, "dbhost=%s ", a->common.dbhost);
	if (a->common.verbose != 0)
		show(text, size, "verbose=%d ", a->common.verbose);
}

static const struct cli_case {
	const char	*line, *want;	/* want begins with "!": the reason holds the rest */
} cases[] = {
	{ "", "" },
	{ "--input=f", "input=f " },
	{ "--input f", "input=f " },
	{ "-input f", "input=f " },
	{ "-input=f", "input=f " },
	{ "--INPUT=f", "input=f " },
	{ "--inp f", "input=f " },
	{ "--input -n", "input=-n " },
	{ "--input=a=b", "input=a=b " },
	{ "--input f --input g", "input=g " },
	{ "--input -", "input=- " },
	{ "--input", "!option input requires a value" },
	{ "--input=", "!option input requires a value" },
	{ "--in f", "!ambiguous" },
	{ "--int 5", "interval=5 " },
	{ "--interval five", "!invalid" },
	{ "--interval 0", "!too small" },
	{ "--interval 1000001", "!too large" },
	{ "--interval=-5", "!too small" },
	{ "--nodomain=a --nodomain b", "nodomain=a nodomain=b " },
	{ "--nodom a", "nodomain=a " },
	{ "--domain a", "domain=a " },
	{ "--noupdate", "noupdate " },
	{ "--no-update", "noupdate " },
	{ "--noup", "noupdate " },
	{ "--noupdate --update", "" },
	{ "--update=1", "!option update does not take a value" },
	{ "-n", "test " },
	{ "--test", "test " },
	{ "--te --note", "" },
	{ "--nod", "!ambiguous" },
	{ "--no", "!ambiguous" },
	{ "--verbose --verbose", "verbose=2 " },
	{ "--verbose --noverbose", "" },
	{ "--ver", "!ambiguous" },
	/* A new name never takes an abbreviation away from a name of 1.x. */
	{ "--da", "day " },
	{ "--dat 2026-01-01", "date=2026-01-01 " },
	{ "--db sqlite:x", "db=sqlite:x " },
	{ "--dbh h", "dbhost=h " },
	{ "--dbx", "!unknown option: --dbx" },
	{ "--frobnicate", "!unknown option: --frobnicate" },
	{ "file", "!unexpected argument: file" },
	{ "--day file", "!unexpected argument: file" },
	{ "-", "!unexpected argument: -" },
	{ "--", "" },
	{ "-- file", "!unexpected argument: file" },
	{ "--day --", "day " },
	{ "--=x", "!unknown option" },
	{ "-=", "!unknown option" },
};

START_TEST(command_lines)
{
	struct all a = { .update = true };
	char *argv[16], text[512], why[256] = "";
	int argc = split(cases[_i].line, argv);
	const char *want = cases[_i].want;
	bool good = cli_read(options, COUNT(options), &a, argc, argv, why, sizeof(why));

	show_all(&a, text, sizeof(text));
	if (want[0] == '!') {
		ck_assert_msg(!good, "\"%s\" was taken as %s", cases[_i].line, text);
		ck_assert_msg(strstr(why, want + 1) != NULL, "\"%s\": %s", cases[_i].line, why);
	} else {
		ck_assert_msg(good, "\"%s\": %s", cases[_i].line, why);
		ck_assert_str_eq(text, want);
	}
	cli_list_free(&a.nodomain);
	while (argc > 0)
		free(argv[--argc]);
}
END_TEST

static void
clear_environment(void)
{
	static const char *const names[] = { "OPENDMARC_DATABASE", "OPENDMARC_DB",
		"OPENDMARC_DBHOST", "OPENDMARC_PASSWORD", "OPENDMARC_USER", "OPENDMARC_PORT" };

	for (size_t i = 0; i < COUNT(names); i++)
		unsetenv(names[i]);
}

/* Old MySQL access first, then option, environment, configuration, built-in. */
START_TEST(which_database)
{
	char in_conf[] = "sqlite:c";
	const struct {
		const char	*db, *dbhost, *env_name, *env_value;
		char		*conf;
		const char	*url, *text;
	} choices[] = {
		{ NULL, NULL, NULL, NULL, NULL, "sqlite:" STATEDIR "/opendmarc.db",
		    "by default" },
		{ NULL, NULL, NULL, NULL, in_conf, "sqlite:c",
		    "Database in the configuration" },
		{ NULL, NULL, "OPENDMARC_DATABASE", "sqlite:e", in_conf,
		    "sqlite:e", "OPENDMARC_DATABASE" },
		{ NULL, NULL, "OPENDMARC_DATABASE", "", in_conf, "sqlite:c",
		    "Database in the configuration" },
		{ "sqlite:o", NULL, "OPENDMARC_DATABASE", "sqlite:e", in_conf,
		    "sqlite:o", "--db" },
		{ "sqlite:o", "h", NULL, NULL, NULL, "mysql://opendmarc@h/opendmarc", "--dbhost" },
		{ NULL, NULL, "OPENDMARC_PASSWORD", "x", NULL,
		    "mysql://opendmarc@localhost/opendmarc", "OPENDMARC_PASSWORD" },
		{ NULL, NULL, "OPENDMARC_DB", "x", in_conf,
		    "mysql://opendmarc@localhost/x", "OPENDMARC_DB" },
		{ NULL, NULL, "OPENDMARC_DBHOST", "2001:db8::1", NULL,
		    "mysql://opendmarc@[2001:db8::1]/opendmarc", "OPENDMARC_DBHOST" },
		{ "mysql://u@h/d", NULL, "OPENDMARC_PASSWORD", "x", NULL, "mysql://u@h/d",
		    "--db" },
		{ "mysql://u@h/d", NULL, "OPENDMARC_DB", "x", NULL,
		    "mysql://opendmarc@localhost/x", "OPENDMARC_DB" },
		{ NULL, NULL, "OPENDMARC_USER", "x", NULL, "sqlite:" STATEDIR "/opendmarc.db",
		    "by default" },
	};
	struct cli_common c = { .prog = "prog", .db = choices[_i].db,
	    .dbhost = choices[_i].dbhost };
	struct conf conf = { .database = choices[_i].conf };
	char text[256];
	char *url;

	clear_environment();
	if (choices[_i].env_name != NULL)
		setenv(choices[_i].env_name, choices[_i].env_value, 1);
	url = cli_database(&c, &conf, text, sizeof(text));
	ck_assert_pstr_eq(url, choices[_i].url);
	ck_assert_msg(strstr(text, choices[_i].text) != NULL, "%s", text);
	free(url);
}
END_TEST

/* Only the default configuration may be missing. */
START_TEST(configuration)
{
	struct cli_common c = { .prog = "prog" };
	char path[] = "/tmp/check_cli.XXXXXX";
	int fd = mkstemp(path);
	struct conf *conf = NULL;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "Database sqlite:/x/y\n", 21), 21);
	close(fd);
	c.conf = path;
	ck_assert_int_eq(cli_read_conf(&c, &conf), -1);
	ck_assert_str_eq(conf->database, "sqlite:/x/y");
	conf_free(&conf);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(cli_read_conf(&c, &conf), CLI_EXIT_CONFIG);
	if (access(conf_default_path, F_OK) != 0) {
		c.conf = NULL;
		ck_assert_int_eq(cli_read_conf(&c, &conf), -1);
		ck_assert_ptr_null(conf->database);
		conf_free(&conf);
	}
}
END_TEST

START_TEST(status_of_opening)
{
	struct cli_common c = { .prog = "prog", .db = "sqlite:/no/such/folder/x" };
	struct conf conf = { .database = NULL };
	struct store *st = NULL;

	clear_environment();
	ck_assert_int_eq(cli_open_store(&c, &conf, &st), CLI_EXIT_CONFIG);
	c.dbport = 3306;
	ck_assert_int_eq(cli_open_store(&c, &conf, &st), CLI_EXIT_CONFIG);
	ck_assert_ptr_null(st);
}
END_TEST

START_TEST(too_many_values)
{
	struct all a = { .update = true };
	char prog[] = "prog", word[] = "--nodomain=x", *argv[] = { prog, word, NULL };
	char why[256];

	for (int i = 0; i < CLI_LIST_MAX; i++)
		ck_assert(cli_read(options, COUNT(options), &a, 2, argv, why, sizeof(why)));
	ck_assert(!cli_read(options, COUNT(options), &a, 2, argv, why, sizeof(why)));
	cli_list_free(&a.nodomain);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("cli");
	TCase *tc = tcase_create("cli");

	tcase_add_loop_test(tc, command_lines, 0, COUNT(cases));
	tcase_add_loop_test(tc, which_database, 0, 10);
	tcase_add_test(tc, configuration);
	tcase_add_test(tc, status_of_opening);
	tcase_add_test(tc, too_many_values);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
