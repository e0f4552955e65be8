/*
 * import_main.c - opendmarc-import: history file to database. Manual: opendmarc-import(8).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "libopendmarc/base/strbuf.h"
#include "reports/cli.h"
#include "reports/import.h"

#define PROG	"opendmarc-import"

/* Reasons told one by one; more are only counted. The records are all set aside. */
#define REASONS_MAX	20
/* Unknown keys told, each once. */
#define UNKNOWN_MAX	16

struct run {
	struct cli_common	 cli;
	const char		*input;		/* NULL: standard input */
	const char		*name;		/* of the input in messages */
	char			*rejects_path;	/* NULL: standard error */
	FILE			*rejects;	/* opened for the first record */
	bool			 rejects_lost;	/* could not be written */
	int64_t			 nskipped;
	char			 unknown[UNKNOWN_MAX][32];
	size_t			 nunknown;
	struct store		*store;
	struct import		*import;
	bool			 failed;
};

/* Text of a file on the terminal: no control characters, and not without end. */
static void
print_text(struct odm_span text, size_t max, bool lines)
{
	for (size_t i = 0; i < text.len && i < max; i++) {
		unsigned char c = (unsigned char)text.at[i];

		if ((c < ' ' || c >= 0x7f) && !(lines && c == '\n'))
			c = '?';
		fputc(c, stderr);
	}
	if (text.len > max)
		fputs("...", stderr);
}

static void
write_rejected(struct run *run, int64_t line, const char *reason, struct odm_span text)
{
	if (run->rejects == NULL)
		run->rejects = fopen(run->rejects_path, "ae");
	if (run->rejects != NULL &&
	    fprintf(run->rejects, "# %s line %" PRId64 ": %s\n", run->name, line, reason) > 0 &&
	    fwrite(text.at, 1, text.len, run->rejects) == text.len)
		return;
	if (!run->rejects_lost)
		fprintf(stderr, PROG ": %s: %s\n", run->rejects_path, strerror(errno));
	run->rejects_lost = true;
}

static void
on_rejected(void *arg, int64_t line, const char *reason, struct odm_span text)
{
	struct run *run = arg;
	int64_t n = import_counts(run->import)->rejected;

	if (run->rejects_path != NULL)
		write_rejected(run, line, reason, text);
	if (run->rejects_path != NULL && n > REASONS_MAX)
		return;
	fprintf(stderr, PROG ": %s line %" PRId64 ": record set aside: ", run->name, line);
	print_text(odm_span_str(reason), 200, false);
	fputc('\n', stderr);
	if (run->rejects_path == NULL || run->rejects_lost)
		print_text(text, text.len, true);
}

/* An unknown key is told once, whatever the number of its lines. */
static bool
told_before(struct run *run, struct odm_span key)
{
	char name[32];

	if (!odm_span_copy(key, name, sizeof(name)))
		(void)snprintf(name, sizeof(name), "(a long key)");
	for (size_t i = 0; i < run->nunknown; i++)
		if (strcmp(run->unknown[i], name) == 0)
			return true;
	if (run->nunknown == UNKNOWN_MAX)
		return true;
	memcpy(run->unknown[run->nunknown++], name, sizeof(name));
	return false;
}

static void
on_skipped(void *arg, int64_t line, struct odm_span text, const char *reason)
{
	struct run *run = arg;
	struct odm_span key = odm_span_sub(text, 0, odm_span_find(text, ' '));

	if (reason == NULL) {
		if (told_before(run, key))
			return;
		fprintf(stderr, PROG ": unknown key '");
		print_text(key, 60, false);
		fprintf(stderr, "' at line %" PRId64 "\n", line);
	} else if (run->nskipped++ < REASONS_MAX) {
		fprintf(stderr, PROG ": %s line %" PRId64 ": %s\n", run->name, line, reason);
	}
}

static void
on_stored(void *arg, int64_t line)
{
	struct run *run = arg;

	if (run->cli.verbose > 1)
		fprintf(stderr, PROG ": updating at line %" PRId64 "\n", line);
}

static void
store_failed(struct run *run)
{
	const char *why = store_error(run->store);

	fprintf(stderr, PROG ": %s line %" PRId64 ": cannot store: %s; "
	    "run it again with the same input, nothing counts twice\n", run->name,
	    import_counts(run->import)->lines, *why == '\0' ? "out of memory" : why);
	run->failed = true;
}

/* Somebody else shall not wait for the database while we wait for our input. */
static void
before_wait(void *arg)
{
	struct run *run = arg;

	if (run->cli.verbose > 1)
		fprintf(stderr, PROG ": waiting for %s\n", run->name);
	if (!run->failed && import_flush(run->import) != 0)
		store_failed(run);
}

static void
say_time(const struct run *run, const char *what)
{
	time_t now = time(NULL);
	struct tm tm;
	char text[64];

	if (run->cli.verbose > 0 && gmtime_r(&now, &tm) != NULL &&
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm) > 0)
		fprintf(stderr, PROG ": %s at %s\n", what, text);
}

static void
read_all(struct run *run, struct histfile *file)
{
	struct odm_span line;
	bool ended;
	int got = 0;

	while (!run->failed && (got = histfile_next(file, &line, &ended)) == 1)
		if (import_line(run->import, line, ended) != 0)
			store_failed(run);
	if (got < 0) {
		fprintf(stderr, PROG ": %s: %s\n", run->name, strerror(errno));
		if (!run->failed && import_flush(run->import) != 0)
			store_failed(run);
		run->failed = true;
	}
	if (!run->failed && import_end(run->import) != 0)
		store_failed(run);
	if (histfile_unlocked(file))
		fprintf(stderr, PROG ": warning: unable to establish read lock\n");
	if (histfile_shrank(file)) {
		fprintf(stderr, PROG ": %s: became shorter while it was read; records may be "
		    "lost: rename it before importing, do not empty it\n", run->name);
		run->failed = true;
	}
}

/* Closes the file of rejected records; they must be safe before the input is removed. */
static void
close_rejects(struct run *run)
{
	int64_t n = import_counts(run->import)->rejected;

	if (run->rejects != NULL) {
		bool bad = fflush(run->rejects) != 0 || fsync(fileno(run->rejects)) != 0;

		if (fclose(run->rejects) != 0 || bad) {
			fprintf(stderr, PROG ": %s: cannot be written\n", run->rejects_path);
			run->rejects_lost = true;
		}
	}
	if (n > 0 && run->rejects_path != NULL && !run->rejects_lost)
		fprintf(stderr, PROG ": %" PRId64 " record%s set aside in %s\n", n,
		    n == 1 ? "" : "s", run->rejects_path);
}

/* Where bad records of a named input go: beside it. */
static bool
name_rejects(struct run *run)
{
	size_t size;

	if (run->input == NULL)
		return true;
	size = strlen(run->input) + sizeof(".rejected");
	run->rejects_path = malloc(size);
	return run->rejects_path != NULL &&
	    snprintf(run->rejects_path, size, "%s.rejected", run->input) == (int)size - 1;
}

static int
import_all(struct run *run)
{
	const struct import_events events = { on_rejected, on_skipped, on_stored, run };
	const struct import_counts *counts;
	struct histfile *file;
	struct conf *conf = NULL;
	char why[256];
	int status;

	run->name = run->input == NULL ? "standard input" : run->input;
	file = histfile_open(run->input, before_wait, run, why, sizeof(why));
	if (file == NULL) {
		fprintf(stderr, PROG ": %s: %s\n", run->name, why);
		return CLI_EXIT_FAILED;
	}
	if (run->cli.verbose > 0)
		fprintf(stderr, PROG ": opened %s\n", run->name);

	status = cli_read_conf(&run->cli, &conf);
	if (status < 0)
		status = cli_open_store(&run->cli, conf, &run->store);
	if (status < 0 && (!name_rejects(run) ||
	    (run->import = import_new(run->store, &events)) == NULL)) {
		fprintf(stderr, PROG ": out of memory\n");
		status = CLI_EXIT_FAILED;
	}
	if (status < 0) {
		read_all(run, file);
		close_rejects(run);
		counts = import_counts(run->import);
		if (run->cli.verbose > 0)
			fprintf(stderr, PROG ": %" PRId64 " lines: %" PRId64 " records stored, %"
			    PRId64 " known before, %" PRId64 " set aside\n", counts->lines,
			    counts->added, counts->known, counts->rejected);
		status = run->failed || run->rejects_lost ? CLI_EXIT_FAILED : CLI_EXIT_OKAY;
	}
	import_free(&run->import);
	store_close(&run->store);
	histfile_close(&file);
	conf_free(&conf);
	free(run->rejects_path);
	return status;
}

int
main(int argc, char **argv)
{
	struct run run = { .cli.prog = PROG };
	const struct cli_option options[] = {
		{ "input", NULL, CLI_STRING, &run.input, 0, 0, true, "file",
		  "history file; without it, or with -, standard input" },
		CLI_COMMON_OPTIONS(&run.cli),
	};
	int status = cli_parse(&run.cli, options, COUNT(options), argc, argv);

	if (status >= 0)
		return status;
	log_open(PROG, false, NULL, true);
	if (run.input != NULL && strcmp(run.input, "-") == 0)
		run.input = NULL;
	say_time(&run, "started");
	status = import_all(&run);
	say_time(&run, "terminating");
	return status;
}
