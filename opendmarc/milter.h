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

/* Serves until libmilter ends, which it does by itself on errors alone: -1, else 0. */
int dmf_milter_run(void);

/*
 * Stops serving, whatever libmilter does: the address is free at once, messages in work
 * have drain_secs to end, then no callback touches anything of ours any more. The
 * process is to exit; dmf_milter_run() does not return. libmilter's own way to stop
 * takes up to five seconds, and removes the socket of a successor.
 */
void dmf_milter_stop(int drain_secs);

#endif
