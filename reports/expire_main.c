/*
 * expire_main.c - opendmarc-expire: removes what is old. Manual: opendmarc-expire(8).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/log.h"
#include "reports/cli.h"
#include "reports/progress.h"

#define PROG		"opendmarc-expire"
#define DAY_SECS	86400
#define DAYS_MAX	36500
#define DAYS_DEFAULT	"180"

/* A transaction of so many holds locks for less than a second on a small server. */
#define BATCH_DEFAULT	1000
#define BATCH_MAX	10000

struct run {
	struct cli_common	 cli;
	const char		*days_given;	/* --expire */
	int64_t			 days, batch;
	bool			 all_tables, unreported;
};

/* What is shown on a terminal while rows are removed. */
struct watch {
	struct progress	 progress;
	int64_t		 messages;	/* to be removed at most; 0: not counted */
};

/* The age: option, variable, default. -1 to go on, or the status to exit with. */
static int
choose_days(struct run *run)
{
	const char *env = getenv("OPENDMARC_MAXAGE"), *text = DAYS_DEFAULT, *by = "";
	const char *problem;

	if (run->days_given != NULL) {
		text = run->days_given;
		by = "--expire ";
	} else if (env != NULL && *env != '\0') {
		text = env;
		by = "OPENDMARC_MAXAGE=";
	}
	run->days = strtonum(text, 1, DAYS_MAX, &problem);
	if (problem == NULL)
		return -1;
	fprintf(stderr, PROG ": invalid expiration time: %s%.100s is %s (days, from 1 to %d)\n",
	    by, text, problem, DAYS_MAX);
	return CLI_EXIT_FAILED;
}

/* The lines of OpenDMARC, on standard output, each with what was removed. */
static void
print_count(const char *what, int64_t n)
{
	if (n == 0)
		printf(PROG ": %s: no rows deleted\n", what);
	else
		printf(PROG ": %s: %" PRId64 " row%s deleted\n", what, n, n == 1 ? "" : "s");
}

static void
print_counts(const struct run *run, const struct store_expired *e)
{
	print_count("messages", e->messages);
	print_count("requests", e->requests);
	print_count("reports", e->reports);
	print_count("suppressions", e->suppressions);
	if (run->all_tables) {
		print_count("domains", e->domains);
		print_count("selectors", e->selectors);
		print_count("ipaddr", e->addresses);
		print_count("reporters", e->reporters);
		print_count("policies", e->policies);
	}
	if (e->kept > 0)
		printf(PROG ": %" PRId64 " old message%s kept: no report about %s was made yet\n",
		    e->kept, e->kept == 1 ? "" : "s", e->kept == 1 ? "it" : "them");
}

/* After the last message names are looked for, and nobody knows how many there are. */
static void
show(void *arg, const struct store_expired *e)
{
	struct watch *w = arg;
	bool known = e->messages < w->messages;

	progress_show(&w->progress, e->messages + e->requests + e->reports + e->suppressions +
	    e->domains + e->selectors + e->addresses + e->reporters + e->policies,
	    e->messages, known ? w->messages : 0);
}

static int
expire(const struct run *run, struct store *st)
{
	struct watch watch = { 0 };
	int64_t domains;
	const struct store_expiry expiry = {
		.before = time(NULL) - run->days * DAY_SECS,
		.batch = run->batch,
		.all_tables = run->all_tables,
		.unreported = run->unreported,
		.step = show,
		.arg = &watch
	};
	struct store_expired counts;
	int result;

	if (run->cli.verbose > 0)
		fprintf(stderr, PROG ": expiring what is older than %" PRId64 " day%s\n",
		    run->days, run->days == 1 ? "" : "s");
	progress_start(&watch.progress, "rows");
	if (watch.progress.on && store_count(st, 1, expiry.before, &watch.messages, &domains) != 0)
		watch.messages = 0;
	result = store_expire(st, &expiry, &counts);
	progress_clear(&watch.progress);
	if (run->cli.verbose > 0)
		print_counts(run, &counts);
	if (result != 0)
		fprintf(stderr, PROG ": cannot expire: %s; run it again, it goes on\n",
		    store_error(st));
	if (fflush(stdout) == 0 && result == 0)
		return CLI_EXIT_OKAY;
	return CLI_EXIT_FAILED;
}

static int
work(const struct run *run)
{
	struct store *st = NULL;
	struct conf *conf = NULL;
	int status = cli_read_conf(&run->cli, &conf);

	if (status < 0)
		status = cli_open_store(&run->cli, conf, &st);
	if (status < 0)
		status = expire(run, st);
	store_close(&st);
	conf_free(&conf);
	return status;
}

#define AT(member)	offsetof(struct run, member)

static const struct cli_option options[] = {
	{ "alltables", NULL, CLI_FLAG, AT(all_tables), 0, 0, true, NULL,
	  "also remove names and addresses that nothing uses" },
	{ "expire", NULL, CLI_STRING, AT(days_given), 0, 0, true, "days",
	  "age of what is removed, " DAYS_DEFAULT " days by default" },
	{ "batch", NULL, CLI_NUMBER, AT(batch), 1, BATCH_MAX, false, "number",
	  "messages or names of one transaction" },
	{ "unreported", NULL, CLI_FLAG, AT(unreported), 0, 0, false, NULL,
	  "also remove messages that wait for their report" },
	CLI_COMMON_OPTIONS(struct run, cli),
};

int
main(int argc, char **argv)
{
	struct run run = { .cli.prog = PROG, .batch = BATCH_DEFAULT };
	int status = cli_parse(&run.cli, options, COUNT(options), &run, argc, argv);

	if (status < 0)
		status = choose_days(&run);
	if (status >= 0)
		return status;
	log_open(PROG, false, NULL, true);
	cli_say_time(&run.cli, "started");
	status = work(&run);
	cli_say_time(&run.cli, "terminating");
	return status;
}
