/*
 * setup.h - one configuration in force with all that it names, read and checked:
 * immutable, counted by reference. A reload makes a new one as a whole or none;
 * connections keep the one that they began with.
 */
#ifndef OPENDMARC_SETUP_H
#define OPENDMARC_SETUP_H

#include <stddef.h>

#include "common/conf.h"
#include "opendmarc/env.h"

struct dmf_setup;		/* private: setup.c */

/* What a setup is for. */
enum dmf_purpose {
	DMF_SERVE,
	DMF_TEST		/* test mode: no Socket is needed, this host is no ignored one */
};

/*
 * Goes to BaseDirectory, checks c and reads the files that it names; starts no
 * thread. Takes *c over in any case and clears it. host_name must outlive the setup.
 * NULL with place, reason and remedy in why (exit status 78).
 */
struct dmf_setup *dmf_setup_read(struct conf **c, const char *host_name,
    enum dmf_purpose purpose, char *why, size_t why_size);

/*
 * Starts what the callbacks need: resolver and history writer. Those of old (may be
 * NULL) are shared when their options are the same, so that a reload keeps what they
 * know. 0, or -1 with the reason in why (exit status 71).
 */
int dmf_setup_start(struct dmf_setup *s, const struct dmf_setup *old, char *why,
    size_t why_size);

const struct dmf_env *dmf_setup_env(const struct dmf_setup *s);

/* One more reference. Returns s. */
struct dmf_setup *dmf_setup_ref(struct dmf_setup *s);

/* Drops one reference and clears *s; the last one frees. *s may be NULL. */
void dmf_setup_unref(struct dmf_setup **s);

/*
 * Makes s the setup of connections that begin from here on; takes the caller's
 * reference. NULL: there is none any more.
 */
void dmf_setup_install(struct dmf_setup *s);

/* A new reference to the setup in force; NULL when there is none. Any thread. */
struct dmf_setup *dmf_setup_current(void);

#endif
