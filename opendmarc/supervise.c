/*
 * supervise.c - the process that watches over the daemon.
 *
 * All signals are blocked but while the supervisor waits, so each is seen between two steps
 * and none is lost. A child says by one octet in a pipe that it serves; the end of the
 * pipe without it is noticed too, but the wait status tells more.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>
#ifdef HAVE_SYS_PRCTL_H
#include <sys/prctl.h>
#endif

#include "common/log.h"
#include "libopendmarc/base/nametab.h"
#include "opendmarc/supervise.h"

/* Before a child that never served is replaced: without it, one that dies at once
 * would keep the machine busy. */
#define PAUSE_SECS	1

struct watch {
	const struct dmf_supervisor *s;
	sigset_t	 open_mask;	/* while it waits */
	pid_t		 child;
	int		 word_fd;	/* the child's word comes here; -1: it came */
	bool		 served;	/* this child did */
	bool		 announced;	/* some child did */
	bool		 told_stop;
	unsigned	 restarts;
	int64_t		*times;		/* of the last s->rate_max restarts, in a ring; msecs */
};

/* What the handlers leave behind; a C library has no other place for it. */
static volatile sig_atomic_t asked_to_stop, asked_to_reload;

static const int known[] = { SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGCHLD };

static void
on_signal(int number)
{
	if (number == SIGHUP || number == SIGUSR1)
		asked_to_reload = 1;
	else if (number != SIGCHLD)
		asked_to_stop = 1;
}

static void
take_signals(struct watch *w)
{
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < COUNT(known); i++)
		sigaddset(&set, known[i]);
	sigprocmask(SIG_BLOCK, &set, &w->open_mask);
	action.sa_mask = set;
	for (size_t i = 0; i < COUNT(known); i++) {
		sigdelset(&w->open_mask, known[i]);
		sigaction(known[i], &action, NULL);
	}
	/* A starter that gave up waiting is no reason to die. */
	signal(SIGPIPE, SIG_IGN);
}

/* The child keeps the signals of the daemon blocked until it can answer them. */
static void
leave_child_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (size_t i = 0; i < COUNT(known); i++)
		signal(known[i], SIG_DFL);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void
die_with(pid_t supervisor)
{
#ifdef PR_SET_PDEATHSIG
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
	if (getppid() != supervisor)
		_exit(EX_OSERR);
}

/* As fork(): 0 in the child, which has the writing end in *word_fd_r. */
static pid_t
start(struct watch *w, int *word_fd_r)
{
	pid_t self = getpid(), pid;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) != 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		leave_child_signals();
		die_with(self);
		*word_fd_r = fds[1];
		return 0;
	}
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return -1;
	}
	w->child = pid;
	w->word_fd = fds[0];
	w->served = false;
	return pid;
}

static void
take_word(struct watch *w)
{
	unsigned char word = EX_SOFTWARE;
	ssize_t n = read(w->word_fd, &word, 1);

	if (n < 0 && errno == EINTR)
		return;
	close(w->word_fd);
	w->word_fd = -1;
	w->served = n == 1 && word == EX_OK;
	if (!w->served || w->announced)
		return;
	w->announced = true;
	w->s->ready();
}

static void
hand_on_signals(struct watch *w)
{
	if (asked_to_reload) {
		asked_to_reload = 0;
		kill(w->child, SIGUSR1);
	}
	if (asked_to_stop && !w->told_stop) {
		w->told_stop = true;
		w->s->stopping();
		kill(w->child, SIGTERM);
	}
}

/* Waits for the end of the child; its wait status. */
static int
attend(struct watch *w)
{
	int status = 0;

	for (;;) {
		struct pollfd word = { .fd = w->word_fd, .events = POLLIN };

		hand_on_signals(w);
		if (waitpid(w->child, &status, WNOHANG) == w->child)
			break;
		if (ppoll(&word, 1, NULL, &w->open_mask) > 0)
			take_word(w);
	}
	/* It may have said its word just before the end. */
	if (w->word_fd >= 0)
		take_word(w);
	return status;
}

static int64_t
now_msecs(void)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* NULL when one more restart is within the limits, and counts it; else which one is reached. */
static const char *
count_restart(struct watch *w)
{
	const struct dmf_supervisor *s = w->s;
	int64_t now = now_msecs(), *oldest;

	if (s->count_max > 0 && w->restarts >= s->count_max)
		return "maximum restart count exceeded";
	if (s->rate_secs > 0) {
		if (s->rate_max == 0)
			return "maximum restart rate exceeded";
		oldest = &w->times[w->restarts % s->rate_max];
		if (w->restarts >= s->rate_max && now - *oldest < (int64_t)s->rate_secs * 1000)
			return "maximum restart rate exceeded";
		*oldest = now;
	}
	w->restarts++;
	return NULL;
}

/* After the end of a child: -1 for another one, or the status to exit with. */
static int
judge(struct watch *w, int status)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	const char *limit;

	if (asked_to_stop)
		return EX_OK;
	if (code >= EX__BASE && code <= EX__MAX) {
		log_write(LOG_LEVEL_NOTICE, "exited with status %d", code);
		return code;
	}
	limit = count_restart(w);
	if (code >= 0)
		log_write(LOG_LEVEL_NOTICE, "exited with status %d%s", code,
		    limit == NULL ? ", restarting" : "");
	else
		log_write(LOG_LEVEL_NOTICE, "terminated with signal %d%s", WTERMSIG(status),
		    limit == NULL ? ", restarting" : "");
	if (limit == NULL)
		return -1;
	log_write(LOG_LEVEL_ERROR, "%s", limit);
	return EX_UNAVAILABLE;
}

/* True when the end is asked for meanwhile. */
static bool
rest(void)
{
	const struct timespec pause = { PAUSE_SECS, 0 };
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	return sigtimedwait(&ends, NULL, &pause) > 0;
}

int
dmf_supervise(const struct dmf_supervisor *s, struct dmf_child *child_r)
{
	struct watch w = { .s = s, .word_fd = -1 };
	int result = -1, word_fd = -1;
	pid_t pid = -1;

	w.times = calloc(s->rate_max + 1, sizeof(*w.times));
	if (w.times != NULL)
		take_signals(&w);
	while (w.times != NULL && result < 0 && (pid = start(&w, &word_fd)) > 0) {
		result = judge(&w, attend(&w));
		if (result < 0 && !w.served && rest())
			result = EX_OK;
	}
	free(w.times);
	if (pid == 0) {
		*child_r = (struct dmf_child){ word_fd, w.restarts > 0 };
		return DMF_SUPERVISED;
	}
	if (result >= 0)
		return result;
	log_write(LOG_LEVEL_ERROR, "cannot start the filter: %s", strerror(errno));
	return EX_OSERR;
}
