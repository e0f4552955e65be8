/*
 * histfile.c - the lines of a history file, read in large pieces.
 */
#include <sys/file.h>
#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reports/histfile.h"

#define BUFFER_SIZE	(256 * 1024)

struct histfile {
	int	 fd;
	bool	 regular;	/* has a size, and a lock that counts */
	bool	 unlocked, shrank, at_end;
	int64_t	 begin;		/* regular: offset of the first read */
	int64_t	 at, end;	/* regular: offset of the next read, and how far to go */
	void	 (*before_wait)(void *arg);
	void	*arg;
	size_t	 start, len;	/* unread part of the buffer */
	char	 buffer[BUFFER_SIZE];
};

struct histfile *
histfile_open_fd(int fd, void (*before_wait)(void *arg), void *arg,
    char *why, size_t why_size)
{
	struct histfile *f = calloc(1, sizeof(*f));
	struct stat st;

	if (f == NULL || fstat(fd, &st) != 0) {
		(void)snprintf(why, why_size, "%s", f == NULL ? "out of memory" :
		    strerror(errno));
		if (fd > STDIN_FILENO)
			(void)close(fd);
		free(f);
		return NULL;
	}
	f->before_wait = before_wait;
	f->arg = arg;
	f->fd = fd;
	f->regular = S_ISREG(st.st_mode);
	if (f->regular) {
		/* Standard input may stand anywhere in its file. */
		off_t at = lseek(fd, 0, SEEK_CUR);

		f->begin = f->at = f->end = at < 0 ? 0 : at;
	}
	return f;
}

struct histfile *
histfile_open(const char *path, void (*before_wait)(void *arg), void *arg,
    char *why, size_t why_size)
{
	int fd = STDIN_FILENO;

	if (path != NULL)
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		(void)snprintf(why, why_size, "%s", strerror(errno));
		return NULL;
	}
	return histfile_open_fd(fd, before_wait, arg, why, why_size);
}

void
histfile_close(struct histfile **f)
{
	if (*f == NULL)
		return;
	if ((*f)->fd > STDIN_FILENO)
		close((*f)->fd);
	free(*f);
	*f = NULL;
}

bool
histfile_unlocked(const struct histfile *f)
{
	return f->unlocked;
}

bool
histfile_shrank(const struct histfile *f)
{
	return f->shrank;
}

/* Waits for whoever writes now; another import that reads the end, too. */
static void
lock(struct histfile *f)
{
	if (flock(f->fd, LOCK_EX | LOCK_NB) == 0)
		return;
	if (errno == EWOULDBLOCK && f->before_wait != NULL)
		f->before_wait(f->arg);
	while (flock(f->fd, LOCK_EX) != 0) {
		if (errno != EINTR) {
			f->unlocked = true;
			return;
		}
	}
}

/* Looks how far the file goes now. 0, or -1: errno. */
static int
look_further(struct histfile *f)
{
	struct stat st;

	int got;

	lock(f);
	got = fstat(f->fd, &st);
	(void)flock(f->fd, LOCK_UN);
	if (got != 0)
		return -1;
	f->shrank = f->shrank || st.st_size < f->at;
	f->at_end = st.st_size <= f->at;
	if (!f->at_end)
		f->end = st.st_size;
	return 0;
}

int
histfile_more(struct histfile *f)
{
	if (!f->regular)
		return 0;
	return look_further(f) != 0 ? -1 : !f->at_end;
}

bool
histfile_place(const struct histfile *f, int64_t *done_r, int64_t *all_r)
{
	if (!f->regular)
		return false;
	*done_r = f->at - (int64_t)f->len - f->begin;
	*all_r = f->end - f->begin;
	return true;
}

enum histfile_writers
histfile_writers(const struct histfile *f)
{
	int got;

	/* Somebody who opens the file meanwhile makes a signal: one that does nothing. */
	if (!f->regular || fcntl(f->fd, F_SETSIG, SIGURG) != 0)
		return HISTFILE_WRITERS_UNKNOWN;
	got = fcntl(f->fd, F_SETLEASE, F_RDLCK);
	if (got == 0) {
		(void)fcntl(f->fd, F_SETLEASE, F_UNLCK);
		return HISTFILE_WRITERS_NONE;
	}
	return errno == EAGAIN ? HISTFILE_WRITERS_SOME : HISTFILE_WRITERS_UNKNOWN;
}

/* Tells the caller before a read that would make it wait. */
static void
warn_of_wait(struct histfile *f)
{
	struct pollfd p = { .fd = f->fd, .events = POLLIN };

	if (!f->regular && f->before_wait != NULL && poll(&p, 1, 0) == 0)
		f->before_wait(f->arg);
}

/* Reads more behind the unread part, which is moved to the front. 0, or -1: errno. */
static int
fill(struct histfile *f)
{
	size_t room;
	ssize_t got;

	memmove(f->buffer, f->buffer + f->start, f->len);
	f->start = 0;
	room = sizeof(f->buffer) - f->len;
	if (f->regular && f->at == f->end) {
		if (look_further(f) != 0)
			return -1;
		if (f->at_end)
			return 0;
	}
	if (f->regular && (int64_t)room > f->end - f->at)
		room = (size_t)(f->end - f->at);
	warn_of_wait(f);
	do
		got = read(f->fd, f->buffer + f->len, room);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -1;
	if (got == 0 && f->regular)
		f->shrank = true;
	f->at_end = got == 0;
	f->at += got;
	f->len += (size_t)got;
	return 0;
}

int
histfile_next(struct histfile *f, struct odm_span *line_r, bool *ended_r)
{
	size_t searched = 0;

	for (;;) {
		char *from = f->buffer + f->start;
		char *lf = memchr(from + searched, '\n', f->len - searched);

		if (lf == NULL && !f->at_end) {
			searched = f->len;
			/* Keep what a line may have and drop the rest as it comes. */
			if (f->len > HISTFILE_LINE_MAX)
				f->len = searched = HISTFILE_LINE_MAX;
			if (fill(f) != 0)
				return -1;
			continue;
		}
		if (lf == NULL && f->len == 0)
			return 0;
		*ended_r = lf != NULL;
		line_r->at = from;
		line_r->len = lf != NULL ? (size_t)(lf - from) : f->len;
		f->start += line_r->len + (lf != NULL);
		f->len -= line_r->len + (lf != NULL);
		if (line_r->len > HISTFILE_LINE_MAX)
			line_r->len = HISTFILE_LINE_MAX;
		return 1;
	}
}
