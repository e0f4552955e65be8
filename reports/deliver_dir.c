/*
 * deliver_dir.c - files that are complete or not there. A temporary file in the same
 * folder gets the octets and is renamed when they are on the disk.
 */
#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "reports/deliver_dir.h"

static int
write_all(int fd, struct odm_span octets)
{
	ssize_t n;

	while (octets.len > 0) {
		n = write(fd, octets.at, octets.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		octets.at += n;
		octets.len -= (size_t)n;
	}
	return 0;
}

/* mkstemp() makes private files; these get the mode that open() would have given. */
static int
usual_mode(int fd)
{
	mode_t mask = umask(0);

	(void)umask(mask);
	return fchmod(fd, 0666 & ~mask);
}

static int
copy_all(int fd, report_source *source, void *arg)
{
	char piece[16384];
	ssize_t n;

	while ((n = source(arg, piece, sizeof(piece))) > 0)
		if (write_all(fd, (struct odm_span){ piece, (size_t)n }) != 0)
			return -1;
	if (n < 0)
		errno = EIO;
	return n < 0 ? -1 : 0;
}

/* Writes and closes; -1 when any step failed. */
static int
fill(int fd, report_source *source, void *arg, bool sync)
{
	int result = copy_all(fd, source, arg) == 0 && usual_mode(fd) == 0 &&
	    (!sync || fsync(fd) == 0) ? 0 : -1;
	int saved = errno;

	if (close(fd) != 0 && result == 0)
		return -1;
	errno = saved;
	return result;
}

/* The report_source of octets in memory. */
static ssize_t
take_octets(void *arg, void *buf, size_t size)
{
	struct odm_span *rest = arg;

	if (size > rest->len)
		size = rest->len;
	if (size > 0)
		memcpy(buf, rest->at, size);
	rest->at += size;
	rest->len -= size;
	return (ssize_t)size;
}

static int
write_file(const char *dir, const char *name, report_source *source, void *arg, bool sync)
{
	char path[4096], temporary[4096];
	int len, tlen, fd, saved;

	len = snprintf(path, sizeof(path), "%s/%s", dir, name);
	tlen = snprintf(temporary, sizeof(temporary), "%s/.report.XXXXXX", dir);
	if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL ||
	    len < 0 || (size_t)len >= sizeof(path) ||
	    tlen < 0 || (size_t)tlen >= sizeof(temporary)) {
		errno = EINVAL;
		return -1;
	}
	if ((fd = mkstemp(temporary)) < 0)
		return -1;
	if (fill(fd, source, arg, sync) == 0 && rename(temporary, path) == 0)
		return 0;
	saved = errno;
	(void)unlink(temporary);
	errno = saved;
	return -1;
}

int
report_dir_write(const char *dir, const char *name, struct odm_span octets)
{
	return write_file(dir, name, take_octets, &octets, true);
}

int
report_dir_copy(const char *dir, const char *name, report_source *source, void *arg)
{
	return write_file(dir, name, source, arg, false);
}
