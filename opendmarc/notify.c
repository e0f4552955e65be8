/*
 * notify.c - tells a service manager how the daemon is doing.
 */
#include "config.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "libopendmarc/base/span.h"
#include "opendmarc/notify.h"

/* A manager that does not read may not hold up the daemon for longer. */
#define SEND_SECS_MAX	5

int
dmf_notify_open(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	const struct timeval patience = { SEND_SECS_MAX, 0 };
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	size_t len;
	int fd;

	if (path == NULL || (path[0] != '/' && path[0] != '@') ||
	    !odm_span_copy(odm_span_str(path), sun.sun_path, sizeof(sun.sun_path)))
		return -1;
	len = offsetof(struct sockaddr_un, sun_path) + strlen(path);
	if (path[0] == '@')
		sun.sun_path[0] = '\0';		/* an abstract name, which has no end but its length */
	else
		len++;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (const struct sockaddr *)&sun, (socklen_t)len) == 0)
		return fd;
	log_write(LOG_LEVEL_WARNING, "NOTIFY_SOCKET \"%s\" does not answer", path);
	close(fd);
	return -1;
}

/* Nothing could be done about a failure. */
static void
tell(int fd, const char *text)
{
	if (fd >= 0)
		(void)send(fd, text, strlen(text), MSG_NOSIGNAL);
}

void
dmf_notify_ready(int fd)
{
	tell(fd, "READY=1");
}

void
dmf_notify_reloading(int fd)
{
	struct timespec now = { 0 };
	char text[80];
	int len;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	len = snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
	    (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
	if (len > 0 && (size_t)len < sizeof(text))
		tell(fd, text);
}

void
dmf_notify_stopping(int fd)
{
	tell(fd, "STOPPING=1");
}
