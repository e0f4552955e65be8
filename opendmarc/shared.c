/*
 * shared.c - counters and "said already" marks of all connections.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "opendmarc/shared.h"

#define HINT_INTERVAL_MSECS	(60 * 60 * 1000)

void
dmf_shared_init(struct dmf_shared *s, const char *host_name)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_REALTIME, &now);
	s->host_name = host_name;
	s->started = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
	atomic_init(&s->messages, 0);
	atomic_init(&s->told_implicit_id, false);
	atomic_init(&s->hinted_at, INT64_MIN);
	dmf_status_init(&s->status);
}

void
dmf_shared_identity(struct dmf_shared *s, char id_r[DMF_IDENTITY_SIZE])
{
	unsigned long long n = atomic_fetch_add(&s->messages, 1);
	int len;

	/* A long host name is cut: the other parts alone are unique on one host. */
	len = snprintf(id_r, DMF_IDENTITY_SIZE, "%" PRIx64 ".%lx.%llx.%.64s",
	    (uint64_t)s->started, (unsigned long)getpid(), n, s->host_name);
	if (len < 0 || len >= DMF_IDENTITY_SIZE)
		id_r[0] = '\0';
}

bool
dmf_shared_hint_due(struct dmf_shared *s, int64_t now)
{
	long long last = atomic_load(&s->hinted_at);

	if (last != INT64_MIN && now - last < HINT_INTERVAL_MSECS)
		return false;
	return atomic_compare_exchange_strong(&s->hinted_at, &last, now);
}
