/*
 * failspool.c - the folder in which failed messages wait.
 */
#include "config.h"

#include <sys/stat.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/failspool.h"
#include "common/textfile.h"

struct failspool {
	char		*path;
	pthread_mutex_t	 turn;		/* count, then write: one thread at a time */
};

/* What is in the folder. */
struct content {
	size_t	 files;
	uint64_t octets;
	int64_t	 oldest;	/* of the entries; 0 none */
};

/* "PATH/NAME" into full_r; false when it is too long. */
static bool
join(const char *path, const char *name, char full_r[PATH_MAX])
{
	int len = snprintf(full_r, PATH_MAX, "%s/%s", path, name);

	if (len > 0 && len < PATH_MAX)
		return true;
	errno = ENAMETOOLONG;
	return false;
}

struct failspool *
failspool_open(const char *path, char *why, size_t why_size)
{
	struct failspool *s;
	struct stat st;

	if (stat(path, &st) != 0 || (!S_ISDIR(st.st_mode) && (errno = ENOTDIR) != 0) ||
	    access(path, W_OK | X_OK) != 0) {
		(void)snprintf(why, why_size, "%s: %s; create the folder and give it to the user "
		    "of the filter, mode 0700", path, strerror(errno));
		return NULL;
	}
	s = calloc(1, sizeof(*s));
	if (s == NULL || (s->path = strdup(path)) == NULL ||
	    pthread_mutex_init(&s->turn, NULL) != 0) {
		(void)snprintf(why, why_size, "%s", strerror(ENOMEM));
		if (s != NULL)
			free(s->path);
		free(s);
		return NULL;
	}
	return s;
}

void
failspool_free(struct failspool **s)
{
	if (*s == NULL)
		return;
	(void)pthread_mutex_destroy(&(*s)->turn);
	free((*s)->path);
	free(*s);
	*s = NULL;
}

static bool
ends_in(const char *name, const char *suffix)
{
	size_t len = strlen(name), end = strlen(suffix);

	return len > end && strcmp(name + len - end, suffix) == 0;
}

int64_t
failspool_time(const char *name)
{
	unsigned long long secs;
	struct odm_span digits = { name, strspn(name, "0123456789") };

	return odm_span_number(digits, INT64_MAX, &secs) ? (int64_t)secs : 0;
}

/* Counts the files, those under way too. */
static int
count(const char *path, struct content *c_r)
{
	DIR *dir = opendir(path);
	const struct dirent *e;
	struct stat st;
	int64_t at;

	*c_r = (struct content){ 0, 0, 0 };
	if (dir == NULL)
		return -1;
	while ((e = readdir(dir)) != NULL) {
		if (fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
		    !S_ISREG(st.st_mode))
			continue;
		c_r->files++;
		c_r->octets += (uint64_t)st.st_size;
		at = ends_in(e->d_name, FAILSPOOL_ENTRY) ? failspool_time(e->d_name) : 0;
		if (at > 0 && (c_r->oldest == 0 || at < c_r->oldest))
			c_r->oldest = at;
	}
	(void)closedir(dir);
	return 0;
}

static bool
write_all(int fd, struct odm_span octets)
{
	ssize_t n;

	while (octets.len > 0) {
		n = write(fd, octets.at, octets.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n == 0 ? ENOSPC : errno;
			return false;
		}
		octets.at += n;
		octets.len -= (size_t)n;
	}
	return true;
}

int
failspool_put(const char *path, const char *name, struct odm_span octets)
{
	char temporary[NAME_MAX + 1], from[PATH_MAX], to[PATH_MAX];
	int fd, error, len = snprintf(temporary, sizeof(temporary), ".%s.%08x", name,
	    (unsigned)arc4random());

	if (len < 0 || (size_t)len >= sizeof(temporary)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (!join(path, temporary, from) || !join(path, name, to))
		return -1;
	fd = open(from, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -1;
	error = write_all(fd, octets) ? 0 : errno;
	if (close(fd) != 0 && error == 0)
		error = errno;
	if (error == 0 && rename(from, to) != 0)
		error = errno;
	if (error == 0)
		return 0;
	(void)unlink(from);
	errno = error;
	return -1;
}

bool
failspool_get(const char *path, const char *name, struct odm_strbuf *out, const char **why_r)
{
	char full[PATH_MAX];

	if (join(path, name, full))
		return textfile_read(full, out, why_r);
	*why_r = strerror(errno);
	return false;
}

/* Under the lock: the entry, if there is room. */
static enum failspool_outcome
write_entry(const struct failspool *s, struct odm_span text, int64_t now, int64_t *waiting_r)
{
	struct content c;
	char name[80];

	if (count(s->path, &c) != 0)
		return FAILSPOOL_FAILED;
	*waiting_r = c.oldest > 0 && now > c.oldest ? now - c.oldest : 0;
	if (c.files >= ODM_FAILSPOOL_FILES_MAX ||
	    c.octets + text.len > ODM_FAILSPOOL_OCTETS_MAX)
		return FAILSPOOL_FULL;
	(void)snprintf(name, sizeof(name), "%010lld-%08x%08x" FAILSPOOL_ENTRY, (long long)now,
	    (unsigned)arc4random(), (unsigned)arc4random());
	return failspool_put(s->path, name, text) == 0 ? FAILSPOOL_WRITTEN : FAILSPOOL_FAILED;
}

enum failspool_outcome
failspool_write(struct failspool *s, const struct failure *f, int64_t now, int64_t *waiting_r)
{
	enum failspool_outcome outcome = FAILSPOOL_FAILED;
	struct odm_strbuf text;

	*waiting_r = 0;
	odm_strbuf_init(&text, FAILURE_TEXT_MAX);
	failure_write(f, &text);
	if (text.failed) {
		errno = ENOMEM;
	} else {
		(void)pthread_mutex_lock(&s->turn);
		outcome = write_entry(s, odm_strbuf_span(&text), now, waiting_r);
		(void)pthread_mutex_unlock(&s->turn);
	}
	odm_strbuf_free(&text);
	return outcome;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool
add_name(struct failspool_names *names, const char *name)
{
	char **more = reallocarray(names->names, names->n + 1, sizeof(*more));

	if (more == NULL)
		return false;
	names->names = more;
	if ((more[names->n] = strdup(name)) == NULL)
		return false;
	names->n++;
	return true;
}

int
failspool_list(const char *path, const char *suffix, struct failspool_names *names_r)
{
	DIR *dir = opendir(path);
	const struct dirent *e;
	bool okay = true;

	*names_r = (struct failspool_names){ NULL, 0 };
	if (dir == NULL)
		return -1;
	while (okay && names_r->n < 2 * ODM_FAILSPOOL_FILES_MAX && (e = readdir(dir)) != NULL)
		if (e->d_name[0] != '.' && ends_in(e->d_name, suffix))
			okay = add_name(names_r, e->d_name);
	(void)closedir(dir);
	if (!okay) {
		failspool_names_free(names_r);
		errno = ENOMEM;
		return -1;
	}
	if (names_r->n > 1)
		qsort(names_r->names, names_r->n, sizeof(*names_r->names), by_name);
	return 0;
}

void
failspool_names_free(struct failspool_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->names[i]);
	free(names->names);
	*names = (struct failspool_names){ NULL, 0 };
}
