/*
 * milterload.c - load for a milter: connections in threads, latencies, and whether
 * every message got the answer that its template expects.
 *
 * usage: milterload [-p] [-c CONNECTIONS] [-m MESSAGES] [-n COUNT | -t SECONDS]
 *            [-d DOMAINS] [-f FIRST] [-s SUFFIX] SOCKET TEMPLATES
 *
 *   -c	connections at once, 1
 *   -m	messages on one connection before it is made anew, 1; 0: as many as there are
 *   -n	messages in all, 1; -t: as many as fit into this time
 *   -d	domains that take turns, 1000; 0: every message has one of its own
 *   -f	number of the first domain, 0
 *   -s	their suffix, "test"
 *   -p	plain: the filter adds no field, as a filter that does nothing
 *
 * SOCKET is unix:PATH or inet:PORT@ADDRESS; loadmsg.h says how templates look.
 * One line of KEY=VALUE goes to standard output. A latency counts from before the
 * connection, where one is made, or else from the first command of the message, to the
 * verdict. Status 0: every message was answered as expected, 1: not so, 64: usage.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/histogram.h"
#include "tests/bench/loadmsg.h"
#include "tests/bench/loadmta.h"

#define CONNECTIONS_MAX	1000
#define TROUBLE_MAX	20	/* a thread gives up after so many errors */
#define STACK_OCTETS	(256 * 1024)

struct options {
	unsigned long long connections, per_connection, count, secs, domains, first;
	const char	*suffix;
	bool		 plain;
	struct sockaddr_storage where;
	socklen_t	 where_len;
};

/* What all threads share. */
struct load {
	struct options	 opt;
	struct loadmsg_set set;
	atomic_ullong	 next;		/* number of the next message */
	uint64_t	 start_us;
	pthread_mutex_t	 lock;		/* of what follows */
	struct histogram latency;
	unsigned long long connected, errors, unexpected;
};

/* What one thread counts. */
struct worker {
	struct load	*load;
	pthread_t	 thread;
	struct loadmta	 mta;
	struct loadmsg	 msg;
	struct histogram latency;
	unsigned long long connected, errors, unexpected, served;
};

static uint64_t
now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* The first trouble of each thread is shown, so that a bench that fails can be understood. */
static void
complain(const struct worker *w, const char *what)
{
	if (w->errors + w->unexpected == 0)
		fprintf(stderr, "milterload: message %s: %s\n", w->msg.job, what);
}

static void
judge(struct worker *w, enum loadmta_answer answer)
{
	const char *expected = w->load->opt.plain ? "" : NULL, *got = w->mta.result;
	bool as_expected = answer == LOADMTA_ACCEPTED && (expected != NULL ?
	    strcmp(got, expected) == 0 : odm_span_eq(w->msg.expect, got));
	char text[128];

	if (answer == LOADMTA_BROKEN) {
		complain(w, w->mta.why);
		w->errors++;
	} else if (!as_expected) {
		if (snprintf(text, sizeof(text), "answer %d with dmarc=%s, expected %.*s",
		    (int)answer, got, (int)w->msg.expect.len, w->msg.expect.at) > 0)
			complain(w, text);
		w->unexpected++;
	}
}

/* Sends message number n, on a new connection where the old one is used up. */
static void
send_one(struct worker *w, unsigned long long n)
{
	const struct options *opt = &w->load->opt;
	unsigned long long domain = opt->first + (opt->domains == 0 ? n : n % opt->domains);
	enum loadmta_answer answer = LOADMTA_BROKEN;
	uint64_t start;

	if (!loadmsg_make(&w->msg, &w->load->set, n, domain, opt->suffix)) {
		complain(w, "out of memory");
		w->errors++;
		return;
	}
	start = now_us();
	if (w->mta.fd < 0) {
		w->served = 0;
		w->connected++;
	}
	if (w->mta.fd >= 0 || loadmta_open(&w->mta, &opt->where, opt->where_len))
		answer = loadmta_message(&w->mta, &w->msg);
	histogram_add(&w->latency, now_us() - start);
	judge(w, answer);
	if (answer == LOADMTA_BROKEN || ++w->served == opt->per_connection)
		loadmta_close(&w->mta);
}

static void *
work(void *arg)
{
	struct worker *w = arg;
	struct load *load = w->load;
	uint64_t end_us = load->start_us + load->opt.secs * 1000000;
	unsigned long long n;

	while (w->errors < TROUBLE_MAX && (load->opt.secs == 0 || now_us() < end_us)) {
		n = atomic_fetch_add(&load->next, 1);
		if (load->opt.secs == 0 && n >= load->opt.count)
			break;
		send_one(w, n);
	}
	loadmta_close(&w->mta);
	pthread_mutex_lock(&load->lock);
	histogram_merge(&load->latency, &w->latency);
	load->connected += w->connected;
	load->errors += w->errors;
	load->unexpected += w->unexpected;
	pthread_mutex_unlock(&load->lock);
	return NULL;
}

/* Runs all threads to their end. False: one could not be made. */
static bool
run(struct load *load, struct worker *workers)
{
	pthread_attr_t attr;
	unsigned long long made = 0;

	if (pthread_attr_init(&attr) != 0 || pthread_attr_setstacksize(&attr, STACK_OCTETS) != 0)
		return false;
	load->start_us = now_us();
	for (; made < load->opt.connections; made++) {
		struct worker *w = &workers[made];

		w->load = load;
		loadmta_init(&w->mta);
		loadmsg_init(&w->msg);
		if (pthread_create(&w->thread, &attr, work, w) != 0)
			break;
	}
	for (unsigned long long i = 0; i < made; i++) {
		(void)pthread_join(workers[i].thread, NULL);
		loadmta_free(&workers[i].mta);
		loadmsg_free(&workers[i].msg);
	}
	(void)pthread_attr_destroy(&attr);
	return made == load->opt.connections;
}

static void
print(const struct load *load)
{
	double secs = (double)(now_us() - load->start_us) / 1e6;
	const struct histogram *h = &load->latency;

	printf("messages=%llu connections=%llu errors=%llu unexpected=%llu seconds=%.3f rate=%.1f "
	    "p50_us=%llu p95_us=%llu p99_us=%llu max_us=%llu\n", (unsigned long long)h->total,
	    load->connected, load->errors, load->unexpected, secs, (double)h->total / secs,
	    (unsigned long long)histogram_percentile_us(h, 50),
	    (unsigned long long)histogram_percentile_us(h, 95),
	    (unsigned long long)histogram_percentile_us(h, 99), (unsigned long long)h->max_us);
}

static int
usage(void)
{
	fprintf(stderr, "usage: milterload [-p] [-c CONNECTIONS] [-m MESSAGES] "
	    "[-n COUNT | -t SECONDS]\n           [-d DOMAINS] [-f FIRST] [-s SUFFIX] "
	    "SOCKET TEMPLATES\n");
	return 64;
}

/* The number of an option; UINT64_MAX, which no option takes, when it is none. */
static unsigned long long
number(const char *text, unsigned long long min, unsigned long long max)
{
	unsigned long long n;

	return odm_span_number(odm_span_str(text), max, &n) && n >= min ? n : UINT64_MAX;
}

static bool
read_options(struct options *opt, int argc, char **argv)
{
	const unsigned long long many = 1000000000000;
	int c;

	while ((c = getopt(argc, argv, "c:d:f:m:n:ps:t:")) != -1) {
		switch (c) {
		case 'c': opt->connections = number(optarg, 1, CONNECTIONS_MAX); break;
		case 'd': opt->domains = number(optarg, 0, many); break;
		case 'f': opt->first = number(optarg, 0, many); break;
		case 'm': opt->per_connection = number(optarg, 0, many); break;
		case 'n': opt->count = number(optarg, 1, many); break;
		case 'p': opt->plain = true; break;
		case 's': opt->suffix = optarg; break;
		case 't': opt->secs = number(optarg, 1, 86400); break;
		default: return false;
		}
	}
	return opt->connections != UINT64_MAX && opt->domains != UINT64_MAX &&
	    opt->first != UINT64_MAX && opt->per_connection != UINT64_MAX &&
	    opt->count != UINT64_MAX && opt->secs != UINT64_MAX && argc - optind == 2 &&
	    loadmta_address(argv[optind], &opt->where, &opt->where_len);
}

int
main(int argc, char **argv)
{
	struct load load = {
		.opt = { .connections = 1, .per_connection = 1, .count = 1, .domains = 1000,
		    .suffix = "test" },
		.lock = PTHREAD_MUTEX_INITIALIZER,
	};
	struct worker *workers;
	char why[256];
	bool good;

	if (!read_options(&load.opt, argc, argv))
		return usage();
	if (!loadmsg_read(&load.set, argv[optind + 1], why, sizeof(why))) {
		fprintf(stderr, "milterload: %s\n", why);
		loadmsg_set_free(&load.set);
		return EXIT_FAILURE;
	}
	workers = calloc((size_t)load.opt.connections, sizeof(*workers));
	good = workers != NULL && run(&load, workers);
	if (good)
		print(&load);
	else
		fprintf(stderr, "milterload: not enough memory or threads\n");
	free(workers);
	loadmsg_set_free(&load.set);
	return good && load.errors + load.unexpected == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
