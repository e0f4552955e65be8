/*
 * listener.h - what libmilter leaves to do around its listening socket.
 * Socket specifications: local:PATH, unix:PATH, a bare PATH, inet:PORT[@HOST], inet6:...
 */
#ifndef OPENDMARC_LISTENER_H
#define OPENDMARC_LISTENER_H

#include <stdbool.h>
#include <stddef.h>

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

/*
 * Sets TCP_NODELAY on the listening descriptor of this process: connections inherit it.
 * Without it, two packets at end of message wait 40 ms for each other.
 */
void dmf_listener_tune(void);

/*
 * Frees the listening address at once, while libmilter goes on serving the
 * connections it has: its descriptor then listens where nobody calls. A descriptor
 * for dmf_listener_wake(), for the caller to close; or -1.
 */
int dmf_listener_close(void);

/*
 * Makes the thread that waits for connections look up, which libmilter otherwise
 * does every five seconds. quiet is from dmf_listener_close(). Never waits.
 */
void dmf_listener_wake(int quiet);

#endif
