/*
 * histwriter.c - whole records into the history file, or none.
 *
 * The importer takes the file over by renaming it, then locks it. So a writer that
 * opened it before the rename looks again after it got the lock: is the file of that name
 * still the one it holds? If not, it opens the new one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "opendmarc/histwriter.h"

/* Trouble lasts until somebody acts: one line a minute says it as well as a thousand. */
#define COMPLAINT_SECS	60

/* A rename between open and lock is rare; twice in a row means somebody plays. */
#define OPEN_TRIES	10

struct histwriter {
	char		*path;
	atomic_llong	 complained_at;	/* monotonic seconds */
	atomic_ullong	 failures;	/* since that complaint */
};

struct histwriter *
histwriter_new(const char *path)
{
	struct histwriter *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->path = strdup(path);
	if (w->path == NULL) {
		free(w);
		return NULL;
	}
	atomic_init(&w->complained_at, -COMPLAINT_SECS);
	atomic_init(&w->failures, 0);
	return w;
}

void
histwriter_free(struct histwriter **w)
{
	if (*w == NULL)
		return;
	free((*w)->path);
	free(*w);
	*w = NULL;
}

/* Says what went wrong, once a minute, with the number of records lost meanwhile. */
static void
complain(struct histwriter *w, const char *job, const char *what, int error)
{
	unsigned long long failures = atomic_fetch_add(&w->failures, 1) + 1;
	long long last = atomic_load(&w->complained_at);
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec - last < COMPLAINT_SECS ||
	    !atomic_compare_exchange_strong(&w->complained_at, &last, now.tv_sec))
		return;
	atomic_fetch_sub(&w->failures, failures);
	log_write(LOG_LEVEL_ERROR, "%s: %s: %s: %s; %llu history records lost, mail goes on",
	    job, w->path, what, strerror(error), failures);
}

/* True when path still names the open file. */
static bool
same_file(int fd, const char *path)
{
	struct stat opened, named;

	return fstat(fd, &opened) == 0 && stat(path, &named) == 0 &&
	    opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

static int
lock(int fd)
{
	int rc;

	do
		rc = flock(fd, LOCK_EX);
	while (rc != 0 && errno == EINTR);
	return rc;
}

/* The history file, open and locked; -1 with errno and the step that failed. */
static int
open_locked(const char *path, const char **step_r)
{
	int fd, i, error;

	for (i = 0; i < OPEN_TRIES; i++) {
		*step_r = "open";
		fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0666);
		if (fd < 0)
			return -1;
		*step_r = "lock";
		if (lock(fd) != 0) {
			error = errno;
			(void)close(fd);
			errno = error;
			return -1;
		}
		if (same_file(fd, path))
			return fd;
		(void)close(fd);
	}
	errno = EBUSY;
	return -1;
}

/* 0, or an errno: the file is then as long as before. */
static int
write_whole(int fd, struct odm_span record)
{
	struct stat before;
	ssize_t n;
	int error;

	if (fstat(fd, &before) != 0)
		return errno;
	n = write(fd, record.at, record.len);
	if (n == (ssize_t)record.len)
		return 0;
	error = n < 0 ? errno : ENOSPC;
	/* Nobody else can have appended: we hold the lock. */
	if (S_ISREG(before.st_mode) && ftruncate(fd, before.st_size) != 0)
		return errno;
	return error;
}

int
histwriter_append(struct histwriter *w, const char *job, struct odm_span record)
{
	const char *step;
	int fd, error;

	fd = open_locked(w->path, &step);
	if (fd < 0) {
		complain(w, job, step, errno);
		return -1;
	}
	error = write_whole(fd, record);
	if (close(fd) != 0 && error == 0)
		error = errno;
	if (error == 0)
		return 0;
	complain(w, job, "write", error);
	return -1;
}
