/*
 * signals.c - the first thread takes the signals while another one serves.
 *
 * libmilter has a thread that waits for TERM, INT and HUP as well. Linux gives a
 * signal of the process to its first thread as long as that one does not block it, so
 * the first thread keeps them open, with a handler, from before the moment that
 * libmilter starts its own. So we know of each wish, messages in work are finished, a
 * stop that was asked for is reported as one, and HUP can mean something else.
 *
 * A signal that is under way to the first thread can still be caught by a thread that begins
 * to wait at this moment. So libmilter's thread is made to wait for nothing.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "libopendmarc/base/nametab.h"
#include "opendmarc/signals.h"

struct service {
	int		 (*run)(void);
	sem_t		 go;		/* the first thread is ready for signals */
	int		 result;	/* read after the join */
	atomic_bool	 ended;
};

/* What a handler may touch: it only wakes the first thread. */
static sem_t wake;
static volatile sig_atomic_t asked_to_stop, asked_to_reload;

static const int known[] = { SIGHUP, SIGINT, SIGTERM, SIGUSR1 };

static void
known_signals(sigset_t *set)
{
	sigemptyset(set);
	for (size_t i = 0; i < COUNT(known); i++)
		sigaddset(set, known[i]);
}

/*
 * Stands before the function of the C library. libmilter is the one that calls it, for a
 * thread that stops the daemon on any of the signals that are ours.
 */
__attribute__((visibility("default"))) int
sigwait(const sigset_t *set, int *number_r)
{
	sigset_t others = *set;
	int number;

	for (size_t i = 0; i < COUNT(known); i++)
		sigdelset(&others, known[i]);
	do
		number = sigwaitinfo(&others, NULL);
	while (number < 0 && errno == EINTR);
	if (number < 0)
		return errno;
	*number_r = number;
	return 0;
}

void
dmf_signals_block(void)
{
	sigset_t set;

	known_signals(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void
on_signal(int number)
{
	int saved = errno;

	if (number == SIGHUP || number == SIGUSR1)
		asked_to_reload = 1;
	else
		asked_to_stop = 1;
	sem_post(&wake);
	errno = saved;
}

/* Opens the signals for the calling thread alone. */
static void
take_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t set;

	known_signals(&set);
	action.sa_mask = set;
	for (size_t i = 0; i < COUNT(known); i++)
		sigaction(known[i], &action, NULL);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void
wait_for(sem_t *sem)
{
	while (sem_wait(sem) != 0 && errno == EINTR)
		;
}

/* Waits no longer than until the next tick. */
static void
wait_a_while(sem_t *sem)
{
	struct timespec until = { 0 };

	/* A clock that is set back makes this wait longer; no signal waits for it. */
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += DMF_TICK_SECS;
	while (sem_timedwait(sem, &until) != 0 && errno == EINTR)
		;
}

static void *
serve(void *arg)
{
	struct service *s = arg;

	wait_for(&s->go);
	s->result = s->run();
	atomic_store(&s->ended, true);
	sem_post(&wake);
	return NULL;
}

/* Carries out what signals asked for. True once the service has stopped. */
static bool
obey(const struct dmf_server *server)
{
	if (asked_to_stop) {
		server->stop();
		return true;
	}
	if (asked_to_reload) {
		asked_to_reload = 0;
		server->reload();
	}
	return false;
}

int
dmf_signals_serve(const struct dmf_server *server)
{
	static struct service s;	/* the thread may outlive this call */
	pthread_t thread;

	s.run = server->run;
	s.result = -1;
	if (sem_init(&wake, 0, 0) != 0 || sem_init(&s.go, 0, 0) != 0)
		return -1;
	atomic_init(&s.ended, false);
	/* The new thread inherits the blocked signals. */
	errno = pthread_create(&thread, NULL, serve, &s);
	if (errno != 0)
		return -1;
	take_signals();
	sem_post(&s.go);
	for (;;) {
		server->tick();
		wait_a_while(&wake);
		if (obey(server)) {
			(void)pthread_detach(thread);
			errno = 0;
			return 0;
		}
		if (atomic_load(&s.ended)) {
			pthread_join(thread, NULL);
			return s.result;
		}
	}
}
