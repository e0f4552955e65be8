/*
 * shared.h - the little that all connections write: counters and "said already"
 * marks. Lives as long as the daemon. Any thread. env.h holds what they only read.
 */
#ifndef OPENDMARC_SHARED_H
#define OPENDMARC_SHARED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "opendmarc/status.h"

/* Longest identity of a record, with the NUL. */
#define DMF_IDENTITY_SIZE	128

struct dmf_shared {
	const char	*host_name;	/* gethostname() */
	int64_t		 started;	/* nanoseconds since 1970, UTC */
	atomic_ullong	 messages;	/* identities given out */
	atomic_bool	 told_implicit_id;
	atomic_llong	 hinted_at;	/* resolver_now() clock; a hint an hour is enough */
	struct dmf_status status;
};

/* Prepares *s; host_name must outlive it. */
void dmf_shared_init(struct dmf_shared *s, const char *host_name);

/*
 * A text that no other message has: host, start time, process and a counter.
 * The store counts a record of one identity once, however often it is imported.
 */
void dmf_shared_identity(struct dmf_shared *s, char id_r[DMF_IDENTITY_SIZE]);

/* True once an hour, for one caller: now is the time for a hint. now: resolver_now(). */
bool dmf_shared_hint_due(struct dmf_shared *s, int64_t now);

#endif
