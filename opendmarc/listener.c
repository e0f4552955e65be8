/*
 * listener.c - stale UNIX sockets, TCP_NODELAY, and the end of listening.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "libopendmarc/base/span.h"
#include "opendmarc/listener.h"

/* The socket is opened early, so its number is low; no need to walk a million. */
#define DESCRIPTORS_MAX	4096

const char *
dmf_listener_path(const char *spec)
{
	const char *colon = strchr(spec, ':');
	struct odm_span scheme;

	if (colon == NULL)
		return spec;
	scheme = (struct odm_span){ spec, (size_t)(colon - spec) };
	if (odm_span_ieq(scheme, "local") || odm_span_ieq(scheme, "unix"))
		return colon + 1;
	return NULL;
}

bool
dmf_listener_clear(const char *spec, char *why, size_t why_size)
{
	const char *path = dmf_listener_path(spec);
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct stat st;
	int fd, error;

	if (path == NULL || lstat(path, &st) != 0)
		return true;
	if (!S_ISSOCK(st.st_mode)) {
		(void)snprintf(why, why_size, "%s: exists and is no socket", path);
		return false;
	}
	if (!odm_span_copy(odm_span_str(path), sun.sun_path, sizeof(sun.sun_path))) {
		(void)snprintf(why, why_size, "%s: too long for a socket", path);
		return false;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		(void)snprintf(why, why_size, "%s: %s", path, strerror(errno));
		return false;
	}
	error = connect(fd, (const struct sockaddr *)&sun, sizeof(sun)) == 0 ? EADDRINUSE : errno;
	(void)close(fd);
	/* Only "refused" says that nobody is behind it any more. */
	if (error == ECONNREFUSED)
		error = unlink(path) == 0 || errno == ENOENT ? 0 : errno;
	if (error != 0 && error != ENOENT)
		(void)snprintf(why, why_size, "%s: %s", path, strerror(error));
	return error == 0 || error == ENOENT;
}

const char *
dmf_listener_reason(const char *spec)
{
	if (errno != 0)
		return strerror(errno);
	return dmf_listener_path(spec) != NULL ? "see whether its folder exists and may be written" :
	    "see whether the port is free and the host is one of this machine";
}

/* The descriptor that libmilter listens on: the one of this process that accepts; -1 none. */
static int
listening(void)
{
	struct rlimit limit;
	int fd, max = DESCRIPTORS_MAX;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < DESCRIPTORS_MAX)
		max = (int)limit.rlim_cur;
	for (fd = 0; fd < max; fd++) {
		int accepts = 0;
		socklen_t len = sizeof(accepts);

		if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &len) == 0 && accepts != 0)
			return fd;
	}
	return -1;
}

/* Which file the socket is, wherever the working directory will be. */
static void
note_file(const char *spec, struct dmf_listener *l)
{
	const char *path = dmf_listener_path(spec);
	struct stat st;

	l->path[0] = '\0';
	if (path == NULL || lstat(path, &st) != 0)
		return;
	if (realpath(path, l->path) == NULL)
		l->path[0] = '\0';
	l->device = st.st_dev;
	l->inode = st.st_ino;
}

void
dmf_listener_tune(const char *spec, struct dmf_listener *l_r)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	int fd = listening(), on = 1;

	note_file(spec, l_r);
	if (fd >= 0 && getsockname(fd, (struct sockaddr *)&ss, &len) == 0 &&
	    (ss.ss_family == AF_INET || ss.ss_family == AF_INET6))
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* Some address of the family that nobody knows: loopback, or a name of the kernel's choice. */
static socklen_t
quiet_address(sa_family_t family, struct sockaddr_storage *ss)
{
	memset(ss, 0, sizeof(*ss));
	ss->ss_family = family;
	switch (family) {
	case AF_INET:
		((struct sockaddr_in *)ss)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		return sizeof(struct sockaddr_in);
	case AF_INET6:
		((struct sockaddr_in6 *)ss)->sin6_addr = in6addr_loopback;
		return sizeof(struct sockaddr_in6);
	default:
		return sizeof(sa_family_t);
	}
}

/* A socket of the family that listens quietly; -1 when there can be none. */
static int
quiet_socket(sa_family_t family)
{
	struct sockaddr_storage ss;
	socklen_t len = quiet_address(family, &ss);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&ss, len) == 0 && listen(fd, 1) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

/* Nobody can have taken the path over while we listen; but it may be gone or replaced by hand. */
static void
remove_file(const struct dmf_listener *l)
{
	struct stat st;

	if (l->path[0] != '\0' && lstat(l->path, &st) == 0 && st.st_dev == l->device &&
	    st.st_ino == l->inode)
		(void)unlink(l->path);
}

void
dmf_listener_close(const struct dmf_listener *l)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	int fd = listening(), old, quiet;

	if (fd < 0 || getsockname(fd, (struct sockaddr *)&ss, &len) != 0)
		return;
	remove_file(l);
	quiet = quiet_socket(ss.ss_family);
	old = dup(fd);
	/* The shutdown wakes the thread that waits on the old socket, which then waits on the
	 * new one. Without a new one connections are refused from here on all the same. */
	if (quiet >= 0)
		(void)dup2(quiet, fd);
	if (old >= 0) {
		(void)shutdown(old, SHUT_RDWR);
		(void)close(old);
	}
	if (quiet >= 0)
		(void)close(quiet);
}
