/*
 * histwriter.c - whole records into the history file, or none.
 *
 * The importer takes the file over by renaming it, then locks it. So a writer that
 * opened it before the rename looks again after it got the lock: is the file of that name
 * still the one it holds? If not, it opens the new one.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
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

/*
 * Importers hold the lock for a moment. Mail must not wait for one that holds it
 * longer: after this time the record is given up, and for a while nobody waits.
 */
#define LOCK_WAIT_MSECS	1000
#define LOCK_POLL_MSECS	1
#define LOCK_STUCK_SECS	10

/* The file of our last record, as we left it. */
struct left {
	dev_t		 device;
	ino_t		 inode;		/* given again to a later file */
	long long	 born;		/* nanoseconds since 1970; 0 unknown to the file system */
	off_t		 length;	/* 0 unknown */
};

struct histwriter {
	atomic_uint	 refs;
	char		*path;
	pthread_mutex_t	 turn;		/* one record at a time; guards the next four */
	long long	 stuck_until;	/* monotonic seconds: no waiting for the lock before */
	struct left	 left;
	long long	 warned_at;	/* monotonic seconds: of a file that shrank */
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
	if (pthread_mutex_init(&w->turn, NULL) != 0) {
		free(w->path);
		free(w);
		return NULL;
	}
	w->warned_at = -COMPLAINT_SECS;
	atomic_init(&w->refs, 1);
	atomic_init(&w->complained_at, -COMPLAINT_SECS);
	atomic_init(&w->failures, 0);
	return w;
}

struct histwriter *
histwriter_ref(struct histwriter *w)
{
	atomic_fetch_add(&w->refs, 1);
	return w;
}

void
histwriter_free(struct histwriter **w)
{
	struct histwriter *gone = *w;

	*w = NULL;
	if (gone == NULL || atomic_fetch_sub(&gone->refs, 1) > 1)
		return;
	pthread_mutex_destroy(&gone->turn);
	free(gone->path);
	free(gone);
}

static long long
monotonic_secs(void)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* Says what went wrong, once a minute, with the number of records lost meanwhile. */
static void
complain(struct histwriter *w, const char *job, const char *what, int error)
{
	unsigned long long failures = atomic_fetch_add(&w->failures, 1) + 1;
	long long last = atomic_load(&w->complained_at), now = monotonic_secs();

	if (now - last < COMPLAINT_SECS ||
	    !atomic_compare_exchange_strong(&w->complained_at, &last, now))
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

/* 0 with the lock, or -1 with errno: EWOULDBLOCK when somebody keeps it. */
static int
lock(struct histwriter *w, int fd)
{
	const struct timespec pause = { 0, LOCK_POLL_MSECS * 1000000L };
	int left = monotonic_secs() < w->stuck_until ? 0 : LOCK_WAIT_MSECS / LOCK_POLL_MSECS;

	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK)
			return -1;
		if (left-- <= 0) {
			w->stuck_until = monotonic_secs() + LOCK_STUCK_SECS;
			errno = EWOULDBLOCK;
			return -1;
		}
		(void)nanosleep(&pause, NULL);
	}
	w->stuck_until = 0;
	return 0;
}

/*
 * Opens the file, or makes it. A file that is not there was moved away or removed, and
 * its successor may have the same inode, and on some file systems no time of birth: then
 * there is nothing to compare with.
 */
static int
open_file(struct histwriter *w)
{
	const int flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY;
	int fd = open(w->path, flags);

	if (fd >= 0 || errno != ENOENT)
		return fd;
	w->left.length = 0;
	return open(w->path, flags | O_CREAT, 0666);
}

/* The history file, open and locked; -1 with errno and the step that failed. */
static int
open_locked(struct histwriter *w, const char **step_r)
{
	int fd, i, error;

	for (i = 0; i < OPEN_TRIES; i++) {
		*step_r = "open";
		fd = open_file(w);
		if (fd < 0)
			return -1;
		*step_r = "waiting for the lock";
		if (lock(w, fd) != 0) {
			error = errno;
			(void)close(fd);
			errno = error;
			return -1;
		}
		if (same_file(fd, w->path))
			return fd;
		(void)close(fd);
	}
	errno = EBUSY;
	return -1;
}

/* Says that the file was cut, once a minute. */
static void
warn_shrunk(struct histwriter *w, const char *job, off_t now)
{
	long long secs = monotonic_secs();

	if (secs - w->warned_at < COMPLAINT_SECS)
		return;
	w->warned_at = secs;
	log_write(LOG_LEVEL_WARNING, "%s: %s: the file had %jd octets and has %jd: it was emptied "
	    "in its place, and records written meanwhile may be lost; rename it instead, see "
	    "opendmarc-history(5)", job, w->path, (intmax_t)w->left.length, (intmax_t)now);
}

/* When the file was made: what tells it from one that had its inode before. */
static long long
birth_of(int fd)
{
#ifdef HAVE_STATX
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &st) == 0 &&
	    (st.stx_mask & STATX_BTIME) != 0)
		return (long long)st.stx_btime.tv_sec * 1000000000 + st.stx_btime.tv_nsec;
#else
	(void)fd;
#endif
	return 0;
}

/* Compares the locked file with what we left. True when it shrank. */
static bool
has_shrunk(struct histwriter *w, const char *job, int fd, const struct stat *st)
{
	const struct left found = { st->st_dev, st->st_ino, birth_of(fd), st->st_size };
	bool shrunk = S_ISREG(st->st_mode) && found.device == w->left.device &&
	    found.inode == w->left.inode && found.born == w->left.born &&
	    found.length < w->left.length;

	if (shrunk)
		warn_shrunk(w, job, found.length);
	w->left = found;
	return shrunk;
}

/* 0, or an errno: the file is then as long as before. */
static int
write_whole(int fd, struct odm_span record, const struct stat *before)
{
	ssize_t n;
	int error;

	n = write(fd, record.at, record.len);
	if (n == (ssize_t)record.len)
		return 0;
	error = n < 0 ? errno : ENOSPC;
	/* Nobody else can have appended: we hold the lock. */
	if (S_ISREG(before->st_mode) && ftruncate(fd, before->st_size) != 0)
		return errno;
	return error;
}

/* 0, or an errno and the step that failed. */
static int
append(struct histwriter *w, const char *job, struct odm_span record, const char **step_r,
    bool *shrunk_r)
{
	int fd = open_locked(w, step_r), error;
	struct stat before;

	if (fd < 0)
		return errno;
	*step_r = "write";
	if (fstat(fd, &before) == 0) {
		*shrunk_r |= has_shrunk(w, job, fd, &before);
		error = write_whole(fd, record, &before);
		if (error == 0)
			w->left.length = before.st_size + (off_t)record.len;
	} else {
		error = errno;
	}
	if (close(fd) != 0 && error == 0)
		error = errno;
	return error;
}

int
histwriter_append(struct histwriter *w, const char *job, struct odm_span record,
    bool *shrunk_r)
{
	const char *step;
	int error;

	pthread_mutex_lock(&w->turn);
	error = append(w, job, record, &step, shrunk_r);
	pthread_mutex_unlock(&w->turn);
	if (error == 0)
		return 0;
	complain(w, job, step, error);
	return -1;
}
