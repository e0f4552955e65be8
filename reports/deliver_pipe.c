/*
 * deliver_pipe.c - a mail program as a child. Two pipes, its input and what it says on
 * standard error, served by turns, so that neither side can block the other.
 */
#include <sys/types.h>
#include <sys/wait.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "libopendmarc/base/strbuf.h"
#include "reports/deliver_pipe.h"
#include "reports/mail.h"

extern char **environ;

struct child {
	pid_t		 pid;
	int		 in, err;	/* our ends; -1 closed */
	struct odm_span	 rest;		/* of the mail, with CRLF */
	char		 said[REPORT_REASON_SIZE];
	size_t		 nsaid;
};

static int64_t
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
close_end(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

/* Starts the program. 0, or an errno. */
static int
start(struct child *c, const char *program, const char *sender, const char *recipient)
{
	char *argv[] = { (char *)(uintptr_t)program, (char *)(uintptr_t)"-i",
	    (char *)(uintptr_t)"-f", (char *)(uintptr_t)sender, (char *)(uintptr_t)"--",
	    (char *)(uintptr_t)recipient, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	int in[2] = { -1, -1 }, err[2] = { -1, -1 }, error;
	sigset_t pipe_signal;

	if (pipe2(in, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0 ||
	    fcntl(in[1], F_SETFL, O_NONBLOCK) != 0 || fcntl(err[0], F_SETFL, O_NONBLOCK) != 0) {
		error = errno;
		close_end(&in[0]);
		close_end(&in[1]);
		close_end(&err[0]);
		close_end(&err[1]);
		return error;
	}
	/* The tool ignores SIGPIPE; the program is to begin with the usual state. */
	(void)sigemptyset(&pipe_signal);
	(void)sigaddset(&pipe_signal, SIGPIPE);
	(void)posix_spawnattr_init(&attr);
	(void)posix_spawnattr_setsigdefault(&attr, &pipe_signal);
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	(void)posix_spawn_file_actions_init(&files);
	(void)posix_spawn_file_actions_adddup2(&files, in[0], STDIN_FILENO);
	(void)posix_spawn_file_actions_adddup2(&files, err[1], STDOUT_FILENO);
	(void)posix_spawn_file_actions_adddup2(&files, err[1], STDERR_FILENO);
	error = posix_spawn(&c->pid, program, &files, &attr, argv, environ);
	(void)posix_spawn_file_actions_destroy(&files);
	(void)posix_spawnattr_destroy(&attr);
	close_end(&in[0]);
	close_end(&err[1]);
	c->in = in[1];
	c->err = err[0];
	return error;
}

/* Writes what the pipe takes; each CRLF as LF. */
static void
feed(struct child *c)
{
	size_t len;
	ssize_t n;

	while (c->rest.len > 0) {
		if (c->rest.at[0] == '\r' && c->rest.len > 1 && c->rest.at[1] == '\n') {
			c->rest.at++;
			c->rest.len--;
		}
		len = 1 + odm_span_find(odm_span_sub(c->rest, 1, c->rest.len), '\r');
		n = write(c->in, c->rest.at, len < c->rest.len ? len : c->rest.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0)
			break;		/* it does not want more: its status tells */
		c->rest.at += n;
		c->rest.len -= (size_t)n;
	}
	close_end(&c->in);
}

/* Keeps the beginning of what it says. */
static void
listen_to(struct child *c)
{
	char piece[512];
	ssize_t n = read(c->err, piece, sizeof(piece));
	size_t len;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		close_end(&c->err);
		return;
	}
	len = (size_t)n < sizeof(c->said) - 1 - c->nsaid ? (size_t)n :
	    sizeof(c->said) - 1 - c->nsaid;
	memcpy(c->said + c->nsaid, piece, len);
	c->nsaid += len;
}

/* Serves the pipes until the program has closed both or the time is over. */
static bool
serve(struct child *c, int64_t deadline)
{
	while (c->in >= 0 || c->err >= 0) {
		struct pollfd fds[] = { { c->in, POLLOUT, 0 }, { c->err, POLLIN, 0 } };
		int64_t left = deadline - now_ms();

		if (left <= 0)
			return false;
		if (poll(fds, 2, left > 60000 ? 60000 : (int)left) < 0 && errno != EINTR)
			return false;
		if (fds[0].revents != 0)
			feed(c);
		if (fds[1].revents != 0)
			listen_to(c);
	}
	return true;
}

/* Waits for the end of the program until deadline; false when it does not come. */
static bool
reap(const struct child *c, int64_t deadline, int *status_r)
{
	static const struct timespec pause = { 0, 5 * 1000 * 1000 };
	pid_t pid;

	while ((pid = waitpid(c->pid, status_r, WNOHANG)) == 0 ||
	    (pid < 0 && errno == EINTR)) {
		if (now_ms() >= deadline)
			return false;
		(void)nanosleep(&pause, NULL);
	}
	return pid > 0;
}

/* What the end of the program means. */
static enum report_outcome
judge(const struct child *c, const char *program, int status, char reason[REPORT_REASON_SIZE])
{
	char text[REPORT_REASON_SIZE];

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return REPORT_SENT;
	if (c->nsaid > 0)
		(void)snprintf(text, sizeof(text), "%.*s", (int)c->nsaid, c->said);
	else if (WIFEXITED(status))
		(void)snprintf(text, sizeof(text), "%.200s ended with status %d", program,
		    WEXITSTATUS(status));
	else
		(void)snprintf(text, sizeof(text), "%.200s was ended by signal %d", program,
		    WTERMSIG(status));
	report_reason(text, reason);
	return REPORT_FAILED;
}

enum report_outcome
report_pipe_send(const char *program, const char *sender, const char *recipient,
    struct odm_span mail, int timeout_secs, char reason[REPORT_REASON_SIZE])
{
	struct child c = { .in = -1, .err = -1, .rest = mail };
	int64_t deadline = now_ms() + (int64_t)timeout_secs * 1000;
	char text[REPORT_REASON_SIZE];
	int error, status;
	bool ended;

	if (!report_mail_address_okay(odm_span_str(recipient))) {
		report_reason("no mail address", reason);
		return REPORT_FAILED;
	}
	if ((error = start(&c, program, sender, recipient)) != 0) {
		close_end(&c.in);
		close_end(&c.err);
		(void)snprintf(text, sizeof(text), "%.200s: %.200s", program, strerror(error));
		report_reason(text, reason);
		return REPORT_UNREACHABLE;
	}
	ended = serve(&c, deadline) && reap(&c, deadline, &status);
	close_end(&c.in);
	close_end(&c.err);
	if (ended)
		return judge(&c, program, status, reason);
	(void)kill(c.pid, SIGKILL);
	(void)waitpid(c.pid, &status, 0);
	report_reason("the mail program does not end", reason);
	return REPORT_FAILED;
}
