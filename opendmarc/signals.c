/*
 * signals.c - the first thread waits for signals while another one serves.
 *
 * libmilter starts a thread that waits for TERM, INT and HUP as well, and closes
 * the listening socket when it gets one; the thread that accepts connections may
 * notice the closed socket before the wish to stop and report a failure. Linux
 * gives a signal of the process to its first thread if that one waits for it, so
 * we know of each wish and a clean stop is reported as one. Where libmilter gets
 * the signal, the stop is the same but for that rare wrong status.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

#include "opendmarc/signals.h"

/* Sent to the first thread when the other one has ended. */
#define SIGNAL_ENDED	SIGUSR2

struct server {
	int		 (*run)(void);
	int		 result;	/* read after the join */
	pthread_t	 first;
};

static void
ending_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGNAL_ENDED);
}

void
dmf_signals_block(void)
{
	sigset_t set;

	ending_signals(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
}

static void *
serve(void *arg)
{
	struct server *s = arg;

	s->result = s->run();
	pthread_kill(s->first, SIGNAL_ENDED);
	return NULL;
}

int
dmf_signals_serve(int (*run)(void), void (*stop)(void))
{
	struct server s = { run, -1, pthread_self() };
	bool stopping = false;
	pthread_t thread;
	sigset_t set;
	int number;

	errno = pthread_create(&thread, NULL, serve, &s);
	if (errno != 0)
		return -1;
	ending_signals(&set);
	while (sigwait(&set, &number) == 0 && number != SIGNAL_ENDED) {
		stopping = true;
		stop();
	}
	pthread_join(thread, NULL);
	if (!stopping)
		return s.result;
	errno = 0;
	return 0;
}
