/*
 * params_main.c - opendmarc-params: other addresses for the reports about a domain than
 * it publishes. Manual: opendmarc-params(8).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "libopendmarc/base/domain.h"
#include "libopendmarc/parse/uri.h"
#include "reports/cli.h"

#define PROG	"opendmarc-params"

/* What says "no reports" on the command line and in a history file. */
#define NOBODY	"-"

struct run {
	struct cli_common	 cli;
	struct cli_list		 words;
	const char		*rua;
	bool			 unlock;
	char			 domain[ODM_NAME_MAX + 1];
};

/* Every member must be an address that reports can go to. */
static bool
rua_okay(const char *rua)
{
	struct odm_span rest = odm_span_str(rua);
	struct odm_uri uri;
	size_t n = 0;

	while (odm_uri_next(&rest, &uri)) {
		if (uri.malformed || uri.scheme == ODM_URI_OTHER) {
			fprintf(stderr, PROG ": --rua: \"%.*s\" is no address for reports; it "
			    "must look like mailto:dmarc@example.com\n",
			    (int)(uri.text.len > 200 ? 200 : uri.text.len), uri.text.at);
			return false;
		}
		n++;
	}
	if (n == 0)
		fprintf(stderr, PROG ": --rua: is empty; \"" NOBODY "\" asks for no reports\n");
	return n > 0;
}

/* Checks the arguments. -1 to go on, or the status to exit with, all said. */
static int
check(struct run *run)
{
	if (run->words.nwords != 1) {
		fprintf(stderr, PROG ": name one domain\nUsage: " PROG " [options] domain\n");
		return CLI_EXIT_FAILED;
	}
	if (!odm_domain_normalise(odm_span_str(run->words.words[0]), run->domain)) {
		fprintf(stderr, PROG ": \"%.300s\" is no domain name\n", run->words.words[0]);
		return CLI_EXIT_FAILED;
	}
	if (run->rua != NULL && run->unlock) {
		fprintf(stderr, PROG ": --rua and --unlock exclude each other\n");
		return CLI_EXIT_FAILED;
	}
	if (run->rua != NULL && strcmp(run->rua, NOBODY) != 0 && !rua_okay(run->rua))
		return CLI_EXIT_FAILED;
	return -1;
}

static int
print_request(const struct store_request *r, void *arg)
{
	(void)arg;
	printf("%s: %s, reports to %s\n", r->domain, r->locked ? "locked" : "as published",
	    r->rua[0] == '\0' ? "nobody" : r->rua);
	return 1;
}

/* What holds for the domain. 0, or -1: store_error(). */
static int
show(const struct run *run, struct store *st)
{
	int got = store_request(st, run->domain, print_request, NULL);

	if (got == 0)
		printf("%s: not seen yet, as published\n", run->domain);
	return got < 0 ? -1 : 0;
}

static int
change(const struct run *run, struct store *st)
{
	if (run->unlock)
		return store_request_unlock(st, run->domain);
	return store_request_lock(st, run->domain, strcmp(run->rua, NOBODY) == 0 ? "" : run->rua);
}

static int
work(const struct run *run)
{
	struct store *st = NULL;
	struct conf *conf = NULL;
	bool asked = run->rua != NULL || run->unlock;
	int result = 0, status = cli_read_conf(&run->cli, &conf);

	if (status < 0)
		status = cli_open_store(&run->cli, conf, &st);
	if (status < 0) {
		if (asked)
			result = change(run, st);
		if (result == 0 && (!asked || run->cli.verbose > 0))
			result = show(run, st);
		if (result != 0)
			fprintf(stderr, PROG ": %s: %s\n", run->domain, store_error(st));
		status = result != 0 || fflush(stdout) != 0 ? CLI_EXIT_FAILED : CLI_EXIT_OKAY;
	}
	store_close(&st);
	conf_free(&conf);
	return status;
}

#define AT(member)	offsetof(struct run, member)

static const struct cli_option options[] = {
	{ NULL, NULL, CLI_WORDS, AT(words), 0, 0, true, "domain", NULL },
	{ "rua", NULL, CLI_STRING, AT(rua), 0, 0, true, "URIs",
	  "addresses for the reports about the domain, - for nobody" },
	{ "unlock", NULL, CLI_FLAG, AT(unlock), 0, 0, true, NULL,
	  "go back to what the domain publishes" },
	CLI_COMMON_OPTIONS(struct run, cli),
};

int
main(int argc, char **argv)
{
	struct run run = { .cli.prog = PROG };
	int status = cli_parse(&run.cli, options, COUNT(options), &run, argc, argv);

	if (status < 0 && !run.cli.migrate)
		status = check(&run);
	if (status < 0) {
		log_open(PROG, false, NULL, true);
		status = work(&run);
	}
	cli_list_free(&run.words);
	return status;
}
