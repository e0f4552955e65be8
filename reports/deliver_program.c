/*
 * deliver_program.c - a mail program as a child: its input a file without a name, its
 * output a pipe, whose end also tells when to look for its exit.
 */
#include "config.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "reports/deliver_program.h"
#include "reports/mail.h"

/* A program may close its output, or leave it open to others, and end later. */
#define LOOK_CLOSED_MSECS	5
#define LOOK_OPEN_MSECS		100

extern char **environ;

struct child {
	pid_t	 pid;
	int	 out;		/* our end of its output; -1 closed */
	bool	 keeps;		/* standard error is part of it, and the beginning is kept */
	char	 said[REPORT_REASON_SIZE];
	size_t	 nsaid;
};

/* How it went. */
struct ending {
	enum { NOT_STARTED, KILLED, ENDED } how;
	int	 number;	/* errno; nothing; what waitpid() says */
};

static int64_t
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* A file without a name that holds the mail with LF line ends; -1 with errno. */
static int
mail_file(struct odm_span mail)
{
	int fd = memfd_create("mail", MFD_CLOEXEC), copy;
	struct odm_span line;
	FILE *f;
	bool okay;

	if (fd < 0 || (copy = dup(fd)) < 0 || (f = fdopen(copy, "w")) == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return -1;
	}
	while (odm_span_next(&mail, '\n', &line)) {
		if (line.len > 0 && line.at[line.len - 1] == '\r')
			line.len--;
		(void)fwrite(line.at, 1, line.len, f);
		(void)putc('\n', f);
	}
	okay = ferror(f) == 0;
	okay = fclose(f) == 0 && okay && lseek(fd, 0, SEEK_SET) == 0;
	if (okay)
		return fd;
	(void)close(fd);
	return -1;
}

/* What the program starts with: signals as usual, whatever this process does with them. */
static int
set_attributes(posix_spawnattr_t *attr)
{
	sigset_t none, pipes;
	int error;

	(void)sigemptyset(&none);
	(void)sigemptyset(&pipes);
	(void)sigaddset(&pipes, SIGPIPE);
	if ((error = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETPGROUP |
	    POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF)) != 0 ||
	    (error = posix_spawnattr_setsigmask(attr, &none)) != 0)
		return error;
	return posix_spawnattr_setsigdefault(attr, &pipes);
}

/* 0, or the errno. */
static int
spawn(struct child *c, char *const argv[], int input, int output)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	int error;

	if ((error = posix_spawn_file_actions_init(&files)) != 0)
		return error;
	if ((error = posix_spawnattr_init(&attr)) != 0) {
		(void)posix_spawn_file_actions_destroy(&files);
		return error;
	}
	if ((error = set_attributes(&attr)) == 0 &&
	    (error = posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO)) == 0 &&
	    (error = posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO)) == 0 &&
	    (!c->keeps || (error = posix_spawn_file_actions_adddup2(&files, output,
	    STDERR_FILENO)) == 0))
		error = posix_spawnp(&c->pid, argv[0], &files, &attr, argv, environ);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&files);
	return error;
}

/* Starts the program. 0, or the errno. */
static int
start(struct child *c, char *const argv[], struct odm_span mail)
{
	int input = mail_file(mail), out[2], error;

	if (input < 0)
		return errno;
	if (pipe2(out, O_CLOEXEC) != 0) {
		error = errno;
		(void)close(input);
		return error;
	}
	error = spawn(c, argv, input, out[1]);
	(void)close(input);
	(void)close(out[1]);
	if (error != 0)
		(void)close(out[0]);
	else
		c->out = out[0];
	return error;
}

/* Waits at most msecs for something that it says. False: nothing came. */
static bool
listen_to(struct child *c, int msecs)
{
	struct pollfd fd = { c->out, POLLIN, 0 };
	char piece[4096];
	size_t room = c->keeps ? sizeof(c->said) - c->nsaid : 0;
	ssize_t n;

	if (poll(&fd, 1, msecs) <= 0)
		return false;
	n = read(c->out, piece, sizeof(piece));
	if (n <= 0) {
		if (n == 0 || errno != EINTR) {
			(void)close(c->out);
			c->out = -1;
		}
		return false;
	}
	if ((size_t)n < room)
		room = (size_t)n;
	memcpy(c->said + c->nsaid, piece, room);
	c->nsaid += room;
	return true;
}

/* Waits for the end of the program until deadline; false when it does not come. */
static bool
reap(struct child *c, int64_t deadline, int *status_r)
{
	int64_t left;
	int look;

	for (;;) {
		if (waitpid(c->pid, status_r, WNOHANG) == c->pid)
			break;
		if ((left = deadline - now_ms()) <= 0)
			return false;
		look = c->out >= 0 ? LOOK_OPEN_MSECS : LOOK_CLOSED_MSECS;
		(void)listen_to(c, left < look ? (int)left : look);
	}
	while (c->out >= 0 && c->keeps && c->nsaid < sizeof(c->said) && listen_to(c, 0))
		;
	return true;
}

static struct ending
run(struct child *c, char *const argv[], struct odm_span mail, int timeout_secs)
{
	int64_t deadline = now_ms() + (int64_t)timeout_secs * 1000;
	struct ending e = { NOT_STARTED, start(c, argv, mail) };

	if (e.number != 0)
		return e;
	e.how = ENDED;
	if (!reap(c, deadline, &e.number)) {
		e.how = KILLED;
		(void)kill(-c->pid, SIGKILL);
		while (waitpid(c->pid, &e.number, 0) < 0 && errno == EINTR)
			;
	}
	if (c->out >= 0)
		(void)close(c->out);
	return e;
}

/* The reason of an ending that is not a good one; true when it was one. */
static bool
judge(const struct child *c, const char *program, int timeout_secs, struct ending e,
    char reason[REPORT_REASON_SIZE])
{
	char text[REPORT_REASON_SIZE];

	if (e.how == ENDED && WIFEXITED(e.number) && WEXITSTATUS(e.number) == 0)
		return true;
	if (e.how == NOT_STARTED)
		(void)snprintf(text, sizeof(text), "%.200s cannot be started: %s", program,
		    strerror(e.number));
	else if (e.how == KILLED)
		(void)snprintf(text, sizeof(text), "%.200s did not end within %d seconds and "
		    "was killed", program, timeout_secs);
	else if (c->nsaid > 0)
		(void)snprintf(text, sizeof(text), "%.*s", (int)c->nsaid, c->said);
	else if (WIFSIGNALED(e.number))
		(void)snprintf(text, sizeof(text), "%.200s was killed by signal %d", program,
		    WTERMSIG(e.number));
	else
		(void)snprintf(text, sizeof(text), "%.200s exited with status %d", program,
		    WEXITSTATUS(e.number));
	report_reason(text, reason);
	return false;
}

enum report_outcome
report_command_send(const struct report_command *command, struct odm_span mail,
    int timeout_secs, char reason[REPORT_REASON_SIZE])
{
	struct child c = { .out = -1 };
	struct ending e = run(&c, command->argv, mail, timeout_secs);

	if (judge(&c, command->argv[0], timeout_secs, e, reason))
		return REPORT_SENT;
	return e.how == ENDED ? REPORT_FAILED : REPORT_UNREACHABLE;
}

enum report_outcome
report_sendmail_send(const char *program, const char *sender, const char *recipient,
    struct odm_span mail, int timeout_secs, char reason[REPORT_REASON_SIZE])
{
	char *argv[] = { (char *)(uintptr_t)program, (char *)(uintptr_t)"-i",
	    (char *)(uintptr_t)"-f", (char *)(uintptr_t)sender, (char *)(uintptr_t)"--",
	    (char *)(uintptr_t)recipient, NULL };
	struct child c = { .out = -1, .keeps = true };
	struct ending e;

	if (!report_mail_address_okay(odm_span_str(recipient))) {
		report_reason("no mail address", reason);
		return REPORT_FAILED;
	}
	e = run(&c, argv, mail, timeout_secs);
	if (judge(&c, program, timeout_secs, e, reason))
		return REPORT_SENT;
	return e.how == NOT_STARTED ? REPORT_UNREACHABLE : REPORT_FAILED;
}
