/*
 * histfile.h - reads the lines of a history file, each bounded, while daemons may
 * be appending to it.
 *
 * Writers append a whole record under flock(LOCK_EX). The size of the file is
 * therefore looked at under that lock, and only what was there then is read, without
 * the lock, so that no mail waits for an import. When all of it is read, the size is
 * looked at again; the file ends where it has not grown. Pipes are read to their end.
 */
#ifndef REPORTS_HISTFILE_H
#define REPORTS_HISTFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libopendmarc/base/limits.h"
#include "libopendmarc/base/span.h"

/* Longer lines come cut; no known key has a value that long. */
#define HISTFILE_LINE_MAX	(ODM_HISTORY_VALUE_MAX + 64)

struct histfile;

/*
 * Opens path, or standard input when path is NULL. NULL with the reason in why.
 * before_wait, where not NULL, is called before a read that has to wait.
 */
struct histfile *histfile_open(const char *path, void (*before_wait)(void *arg), void *arg,
    char *why, size_t why_size);

/*
 * The same for a descriptor open for reading, which belongs to f from then on, also when
 * NULL is returned; standard input stays open.
 */
struct histfile *histfile_open_fd(int fd, void (*before_wait)(void *arg), void *arg,
    char *why, size_t why_size);

/* Closes and frees *f and clears it. *f may be NULL. */
void histfile_close(struct histfile **f);

/*
 * The next line without its LF; valid until the next call. *ended_r is false when
 * the file ended without an LF. 1 a line, 0 the end, -1 failed: errno.
 */
int histfile_next(struct histfile *f, struct odm_span *line_r, bool *ended_r);

/*
 * After the end: looks whether the file has grown since. 1 there are more lines, 0 none,
 * -1 failed: errno.
 */
int histfile_more(struct histfile *f);

/* How many octets of those known so far are read; false for a pipe, which does not tell. */
bool histfile_place(const struct histfile *f, int64_t *done_r, int64_t *all_r);

/* Whether any program has the file open for writing. */
enum histfile_writers {
	HISTFILE_WRITERS_NONE,
	HISTFILE_WRITERS_SOME,
	HISTFILE_WRITERS_UNKNOWN	/* the system does not say: not our file, a network */
};

enum histfile_writers histfile_writers(const struct histfile *f);

/* True when the lock could not be had; writers may then be seen half way. */
bool histfile_unlocked(const struct histfile *f);

/* True when the file became shorter while it was read: records may be lost. */
bool histfile_shrank(const struct histfile *f);

#endif
