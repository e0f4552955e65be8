/*
 * importrun.c - the import of one file, with all that is told about it.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reports/importrun.h"
#include "reports/progress.h"

/* Reasons told one by one; more are only counted. The records are all set aside. */
#define REASONS_MAX	20
/* Unknown keys told, each once. */
#define UNKNOWN_MAX	16

struct importrun {
	struct importrun_settings set;
	struct import_events	 events;
	struct store		*store;
	struct import		*import;
	struct progress		 progress;
	FILE			*rejects;	/* opened for the first record */
	bool			 rejects_lost;	/* could not be written */
	int64_t			 nskipped;
	char			 unknown[UNKNOWN_MAX][32];
	size_t			 nunknown;
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

/* The file of bad records; not through a link that somebody else may have put there. */
static FILE *
open_rejects(const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW,
	    0640);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "a");

	if (file == NULL && fd >= 0)
		(void)close(fd);
	return file;
}

static void
write_rejected(struct importrun *run, int64_t line, const char *reason, struct odm_span text)
{
	if (run->rejects == NULL)
		run->rejects = open_rejects(run->set.rejects);
	if (run->rejects != NULL && fprintf(run->rejects, "# %s line %" PRId64 ": %s\n",
	    run->set.name, line, reason) > 0 &&
	    fwrite(text.at, 1, text.len, run->rejects) == text.len)
		return;
	if (!run->rejects_lost)
		fprintf(stderr, "%s: %s: %s\n", run->set.prog, run->set.rejects,
		    strerror(errno));
	run->rejects_lost = true;
}

static void
on_rejected(void *arg, int64_t line, const char *reason, struct odm_span text)
{
	struct importrun *run = arg;
	int64_t n = import_counts(run->import)->rejected;

	progress_clear(&run->progress);
	if (run->set.rejects != NULL)
		write_rejected(run, line, reason, text);
	if (run->set.rejects != NULL && n > REASONS_MAX)
		return;
	fprintf(stderr, "%s: %s line %" PRId64 ": record set aside: ", run->set.prog,
	    run->set.name, line);
	print_text(odm_span_str(reason), 200, false);
	fputc('\n', stderr);
	if (run->set.rejects == NULL || run->rejects_lost)
		print_text(text, text.len, true);
}

/* An unknown key is told once, whatever the number of its lines. */
static bool
told_before(struct importrun *run, struct odm_span key)
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
	struct importrun *run = arg;
	struct odm_span key = odm_span_sub(text, 0, odm_span_find(text, ' '));

	if (reason == NULL ? told_before(run, key) : run->nskipped++ >= REASONS_MAX)
		return;
	progress_clear(&run->progress);
	if (reason == NULL) {
		fprintf(stderr, "%s: unknown key '", run->set.prog);
		print_text(key, 60, false);
		fprintf(stderr, "' at line %" PRId64 "\n", line);
	} else {
		fprintf(stderr, "%s: %s line %" PRId64 ": %s\n", run->set.prog, run->set.name,
		    line, reason);
	}
}

static void
on_stored(void *arg, int64_t line)
{
	struct importrun *run = arg;

	if (run->set.verbose > 1)
		fprintf(stderr, "%s: updating at line %" PRId64 "\n", run->set.prog, line);
}

static void
store_failed(struct importrun *run)
{
	const char *why = store_error(run->store);

	progress_clear(&run->progress);
	fprintf(stderr, "%s: %s line %" PRId64 ": cannot store: %s; "
	    "run it again with the same input, nothing counts twice\n", run->set.prog,
	    run->set.name, import_counts(run->import)->lines,
	    *why == '\0' ? "out of memory" : why);
	run->failed = true;
}

struct importrun *
importrun_new(struct store *st, const struct importrun_settings *settings)
{
	struct importrun *run = calloc(1, sizeof(*run));

	if (run == NULL)
		return NULL;
	run->set = *settings;
	run->store = st;
	run->events = (struct import_events){ on_rejected, on_skipped, on_stored, run };
	run->import = import_new(st, &run->events);
	if (run->import == NULL)
		importrun_free(&run);
	else
		progress_start(&run->progress, "records");
	return run;
}

void
importrun_before_wait(void *arg)
{
	struct importrun *run = arg;

	if (run->set.verbose > 1)
		fprintf(stderr, "%s: waiting for %s\n", run->set.prog, run->set.name);
	if (!run->failed && import_flush(run->import) != 0)
		store_failed(run);
}

static void
show(struct importrun *run, const struct histfile *file)
{
	const struct import_counts *c = import_counts(run->import);
	int64_t done = 0, all = 0;

	(void)histfile_place(file, &done, &all);
	progress_show(&run->progress, c->added + c->known + c->rejected, done, all);
}

/* What is told of the file when it is at its end. */
static void
judge_file(struct importrun *run, const struct histfile *file)
{
	if (histfile_unlocked(file))
		fprintf(stderr, "%s: warning: unable to establish read lock\n", run->set.prog);
	if (histfile_shrank(file)) {
		fprintf(stderr, "%s: %s: became shorter while it was read; records may be "
		    "lost: rename it before importing, do not empty it\n", run->set.prog,
		    run->set.name);
		run->failed = true;
	}
}

int
importrun_read(struct importrun *run, struct histfile *file)
{
	struct odm_span line;
	bool ended;
	int got = 0;

	while (!run->failed && (got = histfile_next(file, &line, &ended)) == 1) {
		if (import_line(run->import, line, ended) != 0)
			store_failed(run);
		show(run, file);
	}
	progress_clear(&run->progress);
	if (got < 0) {
		fprintf(stderr, "%s: %s: %s\n", run->set.prog, run->set.name, strerror(errno));
		if (!run->failed && import_flush(run->import) != 0)
			store_failed(run);
		run->failed = true;
	}
	if (!run->failed && import_end(run->import) != 0)
		store_failed(run);
	judge_file(run, file);
	return run->failed ? -1 : 0;
}

int
importrun_finish(struct importrun *run)
{
	const struct import_counts *c = import_counts(run->import);

	if (run->rejects != NULL) {
		bool bad = fflush(run->rejects) != 0 || fsync(fileno(run->rejects)) != 0;

		if (fclose(run->rejects) != 0 || bad) {
			fprintf(stderr, "%s: %s: cannot be written\n", run->set.prog,
			    run->set.rejects);
			run->rejects_lost = true;
		}
		run->rejects = NULL;
	}
	if (c->rejected > 0 && run->set.rejects != NULL && !run->rejects_lost)
		fprintf(stderr, "%s: %" PRId64 " record%s set aside in %s\n", run->set.prog,
		    c->rejected, c->rejected == 1 ? "" : "s", run->set.rejects);
	if (run->set.verbose > 0)
		fprintf(stderr, "%s: %" PRId64 " lines: %" PRId64 " records stored, %" PRId64
		    " known before, %" PRId64 " set aside\n", run->set.prog, c->lines, c->added,
		    c->known, c->rejected);
	return run->rejects_lost ? -1 : 0;
}

const struct import_counts *
importrun_counts(const struct importrun *run)
{
	return import_counts(run->import);
}

void
importrun_free(struct importrun **run)
{
	if (*run == NULL)
		return;
	import_free(&(*run)->import);
	if ((*run)->rejects != NULL)
		(void)fclose((*run)->rejects);
	free(*run);
	*run = NULL;
}
