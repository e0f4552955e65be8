/*
 * listener.h - what libmilter leaves to do around its listening socket.
 * Socket specifications: local:PATH, unix:PATH, a bare PATH, inet:PORT[@HOST], inet6:...
 */
#ifndef OPENDMARC_LISTENER_H
#define OPENDMARC_LISTENER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The path of a UNIX socket, a part of spec; NULL for the others. */
const char *dmf_listener_path(const char *spec);

/*
 * Removes a UNIX socket that a dead process left behind. False, with the reason
 * in why, when somebody listens there or the path is something else; a path that
 * does not exist and an inet socket are fine.
 */
bool dmf_listener_clear(const char *spec, char *why, size_t why_size);

/* The likely reason why listening failed, for a person: errno in words and where to look. */
const char *dmf_listener_reason(const char *spec);

/* The file of an open UNIX socket. */
struct dmf_listener {
	char	path[PATH_MAX];	/* from the root; "" none */
	dev_t	device;
	ino_t	inode;
};

/*
 * Prepares the listening descriptor of this process, which libmilter opened for spec:
 * TCP_NODELAY, which connections inherit (without it, two packets at end of message
 * wait 40 ms for each other), and for a UNIX socket the file, in *l_r.
 */
void dmf_listener_tune(const char *spec, struct dmf_listener *l_r);

/*
 * Frees the listening address at once, and removes the file of a UNIX socket while it
 * is still ours; a successor may then have it. libmilter goes on serving the connections
 * it has: its descriptor then listens where nobody calls.
 */
void dmf_listener_close(const struct dmf_listener *l);

#endif
