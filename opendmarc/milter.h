/*
 * milter.h - the libmilter side of the daemon: registration, socket, callbacks.
 * The callbacks are thin: they fetch the session, call session.h and map the answer.
 * Everything that names an SMFI thing is in milter.c.
 */
#ifndef OPENDMARC_MILTER_H
#define OPENDMARC_MILTER_H

#include <stddef.h>

#include "common/conf.h"
#include "opendmarc/shared.h"

/*
 * Registers the filter and opens its socket (c->socket): removes a stale UNIX
 * socket that nobody listens on, raises the packet limit (smfi_setmaxdatasize)
 * before, sets TCP_NODELAY on the listening descriptor after. shared must outlive
 * dmf_milter_run(). 0, or -1 with the reason in why (exit status 69).
 */
int dmf_milter_open(const struct conf *c, struct dmf_shared *shared, char *why,
    size_t why_size);

/* Serves until a signal stops libmilter. 0, or -1 as smfi_main() says. */
int dmf_milter_run(void);

/*
 * Asks a running dmf_milter_run() to finish: no new connections, messages in work
 * have drain_secs to end, then return.
 */
void dmf_milter_stop(int drain_secs);

#endif
