/*
 * importstats_main.c - opendmarc-importstats: takes the history file away from the daemon,
 * imports it and removes it. Manual: opendmarc-importstats(8).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "reports/cli.h"
#include "reports/importrun.h"
#include "reports/rotate.h"

#define PROG	"opendmarc-importstats"

/* Where OpenDMARC looked when nothing said otherwise. */
#define OLD_HISTORY	"/var/run/opendmarc.dat"

/* A run that works longer is worth a person's look. */
#define LONG_RUN_SECS	3600

struct run {
	struct cli_common	 cli;
	const char		*given;		/* --history-file */
	struct conf		*conf;
	char			*history;	/* the file of the writers */
	char			*rejects;	/* where bad records go */
	struct store		*store;
	bool			 worth_telling;	/* somebody is there to read it */
};

/* A path of the configuration as this program sees it; NULL: out of memory. */
static char *
configured_path(const struct conf *c)
{
	const char *base = c->base_directory == NULL ? "" : c->base_directory;
	const char *root = c->change_root_directory == NULL ? "" : c->change_root_directory;
	const char *path = c->history_file;
	bool absolute = path[0] == '/';
	char *whole = NULL;

	if (asprintf(&whole, "%s%s%s%s", root, absolute ? "" : base,
	    absolute || *base == '\0' ? "" : "/", path) < 0)
		return NULL;
	return whole;
}

/* Sets run->history. -1 to go on, or the status to exit with. */
static int
choose_history(struct run *run)
{
	char why[512], *path = NULL;
	struct stat st;

	if (run->given == NULL && run->conf->history_file == NULL && stat(OLD_HISTORY, &st) != 0) {
		if (run->worth_telling)
			fprintf(stderr, PROG ": no HistoryFile in %s, and no --history-file: "
			    "there is nothing to import\n", run->conf->path == NULL ?
			    conf_default_path : run->conf->path);
		return CLI_EXIT_OKAY;
	}
	path = run->given != NULL ? strdup(run->given) : run->conf->history_file != NULL ?
	    configured_path(run->conf) : strdup(OLD_HISTORY);
	if (path == NULL)
		(void)snprintf(why, sizeof(why), "out of memory");
	else
		run->history = rotate_resolve(path, why, sizeof(why));
	free(path);
	if (run->history != NULL && asprintf(&run->rejects, "%s.rejected", run->history) < 0) {
		run->rejects = NULL;
		(void)snprintf(why, sizeof(why), "out of memory");
	}
	if (run->rejects == NULL) {
		fprintf(stderr, PROG ": %s\n", why);
		return CLI_EXIT_FAILED;
	}
	if (run->cli.verbose > 0)
		fprintf(stderr, PROG ": history file %s\n", run->history);
	return -1;
}

/* Another run does the work: nothing to say, unless it hangs. */
static int
somebody_else(const struct run *run, int64_t since)
{
	int64_t secs = time(NULL) - since;

	if (secs < LONG_RUN_SECS && run->worth_telling)
		fprintf(stderr, PROG ": another run is at work\n");
	if (secs < LONG_RUN_SECS)
		return CLI_EXIT_OKAY;
	fprintf(stderr, PROG ": another run holds %s.lock for %" PRId64 " minutes; see whether "
	    "it hangs (fuser %s.lock tells its process)\n", run->history, secs / 60,
	    run->history);
	return CLI_EXIT_FAILED;
}

static int
lock(const struct run *run, int *fd_r)
{
	char why[512];
	int64_t since = 0;

	switch (rotate_lock(run->history, fd_r, &since, why, sizeof(why))) {
	case ROTATE_LOCKED:
		return -1;
	case ROTATE_TAKEN:
		return somebody_else(run, since);
	case ROTATE_LOCK_FAILED:
		break;
	}
	fprintf(stderr, PROG ": %s\n", why);
	return CLI_EXIT_FAILED;
}

/* Reads until nobody can write to the file any more. 0 remove it, 1 keep it, -1 failed. */
static int
drain(struct importrun *import, struct histfile *file, int fd, const char *path)
{
	for (;;) {
		if (importrun_read(import, file) != 0)
			return -1;
		switch (rotate_settle(file, fd)) {
		case ROTATE_GREW:
			break;
		case ROTATE_SETTLED:
			return 0;
		case ROTATE_HELD:
			fprintf(stderr, PROG ": %s: a program keeps it open for writing; it "
			    "stays and is looked at again by the next run (fuser %s tells the "
			    "process)\n", path, path);
			return 1;
		}
	}
}

static int
import_opened(struct run *run, const char *path, struct histfile *file, int fd)
{
	struct importrun_settings settings = { PROG, path, run->rejects, run->cli.verbose };
	struct importrun *import = importrun_new(run->store, &settings);
	int result = -1;

	if (import == NULL) {
		fprintf(stderr, PROG ": out of memory\n");
		return -1;
	}
	result = drain(import, file, fd, path);
	if (importrun_finish(import) != 0)
		result = -1;
	importrun_free(&import);
	if (result == 0 && rotate_remove(path, fd) != 0) {
		fprintf(stderr, PROG ": %s: cannot be removed: %s\n", path, strerror(errno));
		result = -1;
	}
	return result < 0 ? -1 : 0;
}

/* 0, or -1 with all said: the file stays. */
static int
import_one(struct run *run, const char *path)
{
	struct histfile *file = NULL;
	struct stat st = { 0 };
	char why[512];
	int fd = rotate_open(path, why, sizeof(why)), result = -1;

	if (fd >= 0)
		file = histfile_open_fd(fd, NULL, NULL, why, sizeof(why));
	if (file == NULL)
		fprintf(stderr, PROG ": %s\n", why);
	else
		result = import_opened(run, path, file, fd);
	if (result != 0 && lstat(path, &st) == 0)
		fprintf(stderr, PROG ": import failed; leftover file: %s (%" PRId64 " bytes); the "
		    "next run imports it\n", path, (int64_t)st.st_size);
	histfile_close(&file);
	return result;
}

/* What an earlier run left comes first. Stops where something fails. */
static int
import_list(struct run *run, const struct rotate_list *list)
{
	int status = -1;

	if (list->n > 0 && run->store == NULL)
		status = cli_open_store(&run->cli, run->conf, &run->store);
	if (status >= 0)
		return status;
	for (size_t i = 0; i < list->n; i++) {
		if (run->cli.verbose > 0)
			fprintf(stderr, PROG ": importing %s\n", list->paths[i]);
		if (import_one(run, list->paths[i]) != 0)
			return CLI_EXIT_FAILED;
	}
	return -1;
}

static int
import_all(struct run *run)
{
	struct rotate_list list = { NULL, 0 };
	char why[512];
	int status = -1, taken = -1;

	if (rotate_leftovers(run->history, &list, why, sizeof(why)) == 0) {
		status = import_list(run, &list);
		rotate_list_free(&list);
		if (status < 0)
			taken = rotate_take(run->history, &list, why, sizeof(why));
	}
	if (status < 0 && taken < 0) {
		fprintf(stderr, PROG ": %s\n", why);
		status = CLI_EXIT_FAILED;
	}
	if (status < 0 && taken == 0 && run->cli.verbose > 0)
		fprintf(stderr, PROG ": %s: missing or empty\n", run->history);
	if (status < 0)
		status = import_list(run, &list);
	rotate_list_free(&list);
	return status < 0 ? CLI_EXIT_OKAY : status;
}

static int
work(struct run *run)
{
	int lock_fd = -1, status = cli_read_conf(&run->cli, &run->conf);

	/* The tables are not the history's business. */
	if (status < 0 && run->cli.migrate)
		return cli_open_store(&run->cli, run->conf, &run->store);
	if (status < 0)
		status = choose_history(run);
	if (status < 0)
		status = lock(run, &lock_fd);
	if (status < 0)
		status = import_all(run);
	if (lock_fd >= 0)
		(void)close(lock_fd);
	return status;
}

#define AT(member)	offsetof(struct run, member)

static const struct cli_option options[] = {
	{ "history-file", NULL, CLI_STRING, AT(given), 0, 0, true, "file",
	  "history file instead of the HistoryFile of the configuration" },
	CLI_COMMON_OPTIONS(struct run, cli),
};

int
main(int argc, char **argv)
{
	struct run run = { .cli.prog = PROG };
	int status = cli_parse(&run.cli, options, COUNT(options), &run, argc, argv);

	if (status >= 0)
		return status;
	log_open(PROG, false, NULL, true);
	run.worth_telling = run.cli.verbose > 0 || isatty(STDERR_FILENO) == 1;
	cli_say_time(&run.cli, "started");
	status = work(&run);
	cli_say_time(&run.cli, "terminating");
	store_close(&run.store);
	conf_free(&run.conf);
	free(run.history);
	free(run.rejects);
	return status;
}
