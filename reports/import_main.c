/*
 * import_main.c - opendmarc-import: history file to database. Manual: opendmarc-import(8).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "libopendmarc/base/strbuf.h"
#include "reports/cli.h"
#include "reports/importrun.h"

#define PROG	"opendmarc-import"

/* The input may make us wait before there is anything to store in. */
static void
before_wait(void *arg)
{
	struct importrun **run = arg;

	if (*run != NULL)
		importrun_before_wait(*run);
}

static int
import_file(const struct cli_common *cli, const char *name, const char *rejects,
    struct histfile *file, struct importrun **run_r)
{
	struct importrun_settings settings = { PROG, name, rejects, cli->verbose };
	struct store *st = NULL;
	struct conf *conf = NULL;
	int status = cli_read_conf(cli, &conf);

	if (status < 0)
		status = cli_open_store(cli, conf, &st);
	if (status < 0 && (*run_r = importrun_new(st, &settings)) == NULL) {
		fprintf(stderr, PROG ": out of memory\n");
		status = CLI_EXIT_FAILED;
	}
	if (status < 0) {
		int failed = importrun_read(*run_r, file);

		status = importrun_finish(*run_r) != 0 || failed != 0 ? CLI_EXIT_FAILED :
		    CLI_EXIT_OKAY;
	}
	importrun_free(run_r);
	store_close(&st);
	conf_free(&conf);
	return status;
}

static int
import_input(const struct cli_common *cli, const char *input)
{
	const char *name = input == NULL ? "standard input" : input;
	struct importrun *run = NULL;
	struct odm_strbuf rejects;	/* where bad records of a named input go: beside it */
	struct histfile *file;
	char why[256];
	int status = CLI_EXIT_FAILED;

	file = histfile_open(input, before_wait, &run, why, sizeof(why));
	if (file == NULL) {
		fprintf(stderr, PROG ": %s: %s\n", name, why);
		return CLI_EXIT_FAILED;
	}
	if (cli->verbose > 0)
		fprintf(stderr, PROG ": opened %s\n", name);
	odm_strbuf_init(&rejects, strlen(name) + sizeof(".rejected"));
	odm_strbuf_adds(&rejects, name);
	odm_strbuf_adds(&rejects, ".rejected");
	if (rejects.failed)
		fprintf(stderr, PROG ": out of memory\n");
	else
		status = import_file(cli, name, input == NULL ? NULL : rejects.at, file, &run);
	histfile_close(&file);
	odm_strbuf_free(&rejects);
	return status;
}

struct settings {
	struct cli_common	 cli;
	const char		*input;	/* NULL: standard input */
};

#define AT(member)	offsetof(struct settings, member)

static const struct cli_option options[] = {
	{ "input", NULL, CLI_STRING, AT(input), 0, 0, true, "file",
	  "history file; without it, or with -, standard input" },
	CLI_COMMON_OPTIONS(struct settings, cli),
};

int
main(int argc, char **argv)
{
	struct settings s = { .cli.prog = PROG };
	int status = cli_parse(&s.cli, options, COUNT(options), &s, argc, argv);

	if (status >= 0)
		return status;
	log_open(PROG, false, NULL, true);
	if (s.input != NULL && strcmp(s.input, "-") == 0)
		s.input = NULL;
	cli_say_time(&s.cli, "started");
	status = import_input(&s.cli, s.input);
	cli_say_time(&s.cli, "terminating");
	return status;
}
