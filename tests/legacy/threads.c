/*
 * threads.c - many threads with contexts of their own, while one of them changes the
 * settings of the process: every verdict stays right. Made for ThreadSanitizer too.
 */
#include <sys/types.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libopendmarc/dmarc.h"

#define THREADS	8
#define ROUNDS	300

static const char *list;
static atomic_int wrong;

static u_char *
text(const char *s)
{
	union {
		const char *in;
		u_char *out;
	} u = { s };

	return u.out;
}

/* One message: the same one in all threads, except for the number in its names. */
static void
serve(int thread, int round)
{
	char from[60], signer[80];
	int dkim = 0, spf = 0, policy;
	DMARC_POLICY_T *c = opendmarc_policy_connect_init(text("192.0.2.1"), 0);

	(void)snprintf(from, sizeof(from), "t%d.example.com", thread);
	(void)snprintf(signer, sizeof(signer), "%s",
	    round % 2 == 0 ? "mail.example.com" : "example.org");
	(void)opendmarc_policy_store_from_domain(c, text(from));
	(void)opendmarc_policy_store_spf(c, text("bounce.example.org"), 1, 1, text("x"));
	(void)opendmarc_policy_store_dkim(c, text(signer), text("s"), 1, text("y"));
	if (opendmarc_policy_query_dmarc(c, NULL) != DMARC_PARSE_OKAY)
		atomic_fetch_add(&wrong, 1);
	policy = opendmarc_get_policy_to_enforce(c);
	(void)opendmarc_policy_fetch_alignment(c, &dkim, &spf);
	if (policy != (round % 2 == 0 ? DMARC_POLICY_PASS : DMARC_POLICY_QUARANTINE) ||
	    spf != DMARC_POLICY_SPF_ALIGNMENT_FAIL)
		atomic_fetch_add(&wrong, 1);
	if (opendmarc_policy_check_alignment(text(from), text("example.com"), 'r') != 0)
		atomic_fetch_add(&wrong, 1);
	(void)opendmarc_policy_connect_shutdown(c);
}

static void *
work(void *arg)
{
	int thread = *(int *)arg, round;

	for (round = 0; round < ROUNDS; round++)
		serve(thread, round);
	return NULL;
}

static void *
disturb(void *arg)
{
	OPENDMARC_LIB_T lib;
	char name[40];
	int round;

	(void)arg;
	memset(&lib, 0, sizeof(lib));
	for (round = 0; round < ROUNDS; round++) {
		lib.nscount = round % 2;
		if (opendmarc_policy_library_init(&lib) != DMARC_PARSE_OKAY ||
		    opendmarc_tld_read_file((char *)text(list), NULL, NULL, NULL) != 0)
			atomic_fetch_add(&wrong, 1);
		(void)snprintf(name, sizeof(name), "_dmarc.r%d.example.net", round);
		opendmarc_dns_fake_record(name, "v=DMARC1; p=none");
		opendmarc_tld_shutdown();
		(void)opendmarc_policy_library_shutdown(&lib);
	}
	return NULL;
}

int
main(void)
{
	pthread_t threads[THREADS + 1];
	int numbers[THREADS], i, started = 0;
	const char *dir = getenv("top_srcdir");
	char path[1000];

	(void)snprintf(path, sizeof(path), "%s/tests/legacy/suffixes.dat", dir == NULL ? "." : dir);
	list = path;
	opendmarc_dns_fake_record("_dmarc.example.com", "v=DMARC1; p=reject; sp=quarantine");
	for (i = 0; i < THREADS; i++) {
		numbers[i] = i;
		started += pthread_create(&threads[i], NULL, work, &numbers[i]) == 0;
	}
	started += pthread_create(&threads[THREADS], NULL, disturb, NULL) == 0;
	if (started != THREADS + 1)
		return 1;
	for (i = 0; i <= THREADS; i++)
		(void)pthread_join(threads[i], NULL);
	printf("1..1\n%sok 1 - verdicts of %d threads\n", atomic_load(&wrong) == 0 ? "" : "not ",
	    THREADS);
	return 0;
}
