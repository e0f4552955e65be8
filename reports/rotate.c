/*
 * rotate.c - renames a history file and removes it after the import.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "reports/rotate.h"

/* A writer holds the file open for a moment; one that does longer is waited for so long. */
#define WRITER_TRIES	500
#define WRITER_MSECS	10

/* Numbers tried for a name that is free. */
#define NAME_TRIES	100

#define OLD_MARK	".OLD."
#define SCRIPT_MARK	".import"

static int
say_errno(const char *path, char *why, size_t why_size)
{
	(void)snprintf(why, why_size, "%s: %s", path, strerror(errno));
	return -1;
}

/* path with a tail; NULL: out of memory. */
static char *
join(const char *path, const char *tail)
{
	char *text = NULL;

	return asprintf(&text, "%s%s", path, tail) < 0 ? NULL : text;
}

char *
rotate_resolve(const char *path, char *why, size_t why_size)
{
	struct stat st;
	char *real;

	if (lstat(path, &st) != 0 || !S_ISLNK(st.st_mode)) {
		real = strdup(path);
	} else if (geteuid() == 0 && st.st_uid != 0) {
		(void)snprintf(why, why_size, "%s: is a symbolic link that does not belong to "
		    "root; run as the user of the filter", path);
		return NULL;
	} else {
		real = realpath(path, NULL);
		if (real == NULL && errno == ENOENT)	/* the writers will make it */
			real = strdup(path);
	}
	if (real == NULL)
		(void)say_errno(path, why, why_size);
	return real;
}

enum rotate_locked
rotate_lock(const char *path, int *fd_r, int64_t *since_r, char *why, size_t why_size)
{
	enum rotate_locked result = ROTATE_LOCK_FAILED;
	char *name = join(path, ".lock");
	struct stat st;
	int fd = name == NULL ? -1 : open(name,
	    O_RDONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, 0644);

	if (fd < 0 || fstat(fd, &st) != 0) {
		(void)say_errno(name == NULL ? path : name, why, why_size);
	} else if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		/* Its time is the start of the run; without it, who waits knows less. */
		(void)futimens(fd, NULL);
		result = ROTATE_LOCKED;
		*fd_r = fd;
	} else if (errno == EWOULDBLOCK) {
		result = ROTATE_TAKEN;
		*since_r = st.st_mtime;
	} else {
		(void)say_errno(name, why, why_size);
	}
	if (fd >= 0 && result != ROTATE_LOCKED)
		(void)close(fd);
	free(name);
	return result;
}

void
rotate_list_free(struct rotate_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->paths[i]);
	free(list->paths);
	*list = (struct rotate_list){ NULL, 0 };
}

/* The list takes the path over, also when it fails. */
static int
add(struct rotate_list *list, char *path, char *why, size_t why_size)
{
	char **more = path == NULL ? NULL : reallocarray(list->paths, list->n + 1,
	    sizeof(*more));

	if (more == NULL) {
		free(path);
		(void)snprintf(why, why_size, "out of memory");
		return -1;
	}
	list->paths = more;
	list->paths[list->n++] = path;
	return 0;
}

/* FILE.OLD.NUMBER or FILE.import; base is FILE without its folder. */
static bool
is_leftover(const char *name, const char *base)
{
	size_t len = strlen(base), mark = sizeof(OLD_MARK) - 1;

	if (strncmp(name, base, len) != 0)
		return false;
	name += len;
	if (strcmp(name, SCRIPT_MARK) == 0)
		return true;
	if (strncmp(name, OLD_MARK, mark) != 0 || name[mark] == '\0')
		return false;
	return name[mark + strspn(name + mark, "0123456789")] == '\0';
}

static int64_t
changed(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 ? (int64_t)st.st_mtime : 0;
}

static int
by_age(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;
	int64_t s = changed(*x), t = changed(*y);

	return s < t ? -1 : s > t ? 1 : strcmp(*x, *y);
}

int
rotate_leftovers(const char *path, struct rotate_list *list_r, char *why, size_t why_size)
{
	const char *slash = strrchr(path, '/'), *base = slash == NULL ? path : slash + 1;
	char *folder = slash == NULL ? strdup(".") :
	    strndup(path, slash == path ? 1 : (size_t)(slash - path));
	DIR *dir = folder == NULL ? NULL : opendir(folder);
	struct dirent *entry;
	int result = 0;

	*list_r = (struct rotate_list){ NULL, 0 };
	if (dir == NULL)
		result = say_errno(folder == NULL ? path : folder, why, why_size);
	while (result == 0 && (entry = readdir(dir)) != NULL)
		if (is_leftover(entry->d_name, base))
			result = add(list_r, join(path, entry->d_name + strlen(base)), why,
			    why_size);
	if (dir != NULL)
		(void)closedir(dir);
	free(folder);
	if (result != 0)
		rotate_list_free(list_r);
	else if (list_r->n > 1)
		qsort(list_r->paths, list_r->n, sizeof(*list_r->paths), by_age);
	return result;
}

/* A name that no file has; rotate_lock() keeps others from taking it meanwhile. */
static char *
free_name(const char *path, char *why, size_t why_size)
{
	struct stat st;

	for (long n = 0; n < NAME_TRIES; n++) {
		char *name = NULL;

		if (asprintf(&name, "%s" OLD_MARK "%ld", path, (long)getpid() + n) < 0)
			break;
		if (lstat(name, &st) != 0 && errno == ENOENT)
			return name;
		free(name);
	}
	(void)snprintf(why, why_size, "%s: found no free name to rename it", path);
	return NULL;
}

int
rotate_take(const char *path, struct rotate_list *list, char *why, size_t why_size)
{
	struct stat st;
	char *name;

	if (stat(path, &st) != 0)
		return errno == ENOENT ? 0 : say_errno(path, why, why_size);
	if (!S_ISREG(st.st_mode)) {
		(void)snprintf(why, why_size, "%s: is not a regular file", path);
		return -1;
	}
	if (st.st_size == 0)
		return 0;
	if ((name = free_name(path, why, why_size)) == NULL)
		return -1;
	if (rename(path, name) != 0) {
		free(name);
		return errno == ENOENT ? 0 : say_errno(path, why, why_size);
	}
	return add(list, name, why, why_size) == 0 ? 1 : -1;
}

int
rotate_open(const char *path, char *why, size_t why_size)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return say_errno(path, why, why_size);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	(void)snprintf(why, why_size, "%s: is not a regular file", path);
	(void)close(fd);
	return -1;
}

/* A rename and a write set the time of change. */
static bool
rests(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && time(NULL) - st.st_ctime > ROTATE_GRACE_SECS;
}

enum rotate_end
rotate_settle(struct histfile *file, int fd)
{
	const struct timespec nap = { 0, WRITER_MSECS * 1000000L };

	for (int i = 0; i < WRITER_TRIES; i++) {
		enum histfile_writers writers = histfile_writers(file);

		/* In this order: who had it open may have written before it was closed. */
		if (histfile_more(file) != 0)
			return ROTATE_GREW;
		if (writers == HISTFILE_WRITERS_NONE ||
		    (writers == HISTFILE_WRITERS_UNKNOWN && rests(fd)))
			return ROTATE_SETTLED;
		(void)nanosleep(&nap, NULL);
	}
	return ROTATE_HELD;
}

int
rotate_remove(const char *path, int fd)
{
	struct stat opened, named;

	if (fstat(fd, &opened) != 0 || lstat(path, &named) != 0)
		return -1;
	if (opened.st_dev != named.st_dev || opened.st_ino != named.st_ino) {
		errno = ESTALE;
		return -1;
	}
	return unlink(path);
}
