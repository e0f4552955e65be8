/*
 * deliver_command.c - hands a mail to a program on its standard input, without a shell.
 */
#include "config.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "reports/deliver_command.h"

extern char **environ;

/* Takes the octets of one word from *from; false when a quote is not closed. */
static bool
take_word(const char **from, char **to)
{
	char quote = '\0';

	for (; **from != '\0' && (quote != '\0' || !odm_is_fws(**from)); (*from)++) {
		if (quote == '\0' && (**from == '"' || **from == '\'')) {
			quote = **from;
		} else if (**from == quote) {
			quote = '\0';
		} else {
			if (**from == '\\' && quote != '\'' && (*from)[1] != '\0')
				(*from)++;
			*(*to)++ = **from;
		}
	}
	*(*to)++ = '\0';
	return quote == '\0';
}

bool
report_command_split(const char *text, struct report_command *c_r, const char **why_r)
{
	size_t n = 0;
	char *to;

	*c_r = (struct report_command){ .text = malloc(strlen(text) + 1) };
	*why_r = c_r->text == NULL ? strerror(ENOMEM) : NULL;
	for (to = c_r->text; *why_r == NULL; ) {
		while (odm_is_fws(*text))
			text++;
		if (*text == '\0')
			break;
		if (n == REPORT_COMMAND_WORDS_MAX) {
			*why_r = "it has too many words";
			break;
		}
		c_r->argv[n++] = to;
		if (!take_word(&text, &to))
			*why_r = "a quote is not closed";
	}
	if (*why_r == NULL && (n == 0 || c_r->argv[0][0] == '\0'))
		*why_r = "it names no program";
	if (*why_r != NULL)
		report_command_free(c_r);
	return *why_r == NULL;
}

void
report_command_free(struct report_command *c)
{
	free(c->text);
	*c = (struct report_command){ .text = NULL };
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

/* 0, or the errno. */
static int
spawn(const struct report_command *c, int input, pid_t *pid_r)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none, pipes;
	int error;

	(void)sigemptyset(&none);
	(void)sigemptyset(&pipes);
	(void)sigaddset(&pipes, SIGPIPE);
	if ((error = posix_spawn_file_actions_init(&actions)) != 0)
		return error;
	if ((error = posix_spawnattr_init(&attr)) != 0) {
		(void)posix_spawn_file_actions_destroy(&actions);
		return error;
	}
	if ((error = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)) == 0 &&
	    (error = posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null",
	    O_WRONLY, 0)) == 0 &&
	    (error = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP |
	    POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF)) == 0 &&
	    (error = posix_spawnattr_setsigmask(&attr, &none)) == 0 &&
	    (error = posix_spawnattr_setsigdefault(&attr, &pipes)) == 0)
		error = posix_spawnp(pid_r, c->argv[0], &actions, &attr, c->argv, environ);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&actions);
	return error;
}

/* Waits for the end of the child, at most until the deadline; false when it goes on. */
static bool
wait_for(pid_t pid, int timeout_secs, int *status_r)
{
	struct timespec left = { timeout_secs, 0 }, now, end;
	sigset_t child;

	(void)sigemptyset(&child);
	(void)sigaddset(&child, SIGCHLD);
	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += timeout_secs;
	for (;;) {
		if (waitpid(pid, status_r, WNOHANG) == pid)
			return true;
		if (left.tv_sec < 0)
			return false;
		(void)sigtimedwait(&child, NULL, &left);
		(void)clock_gettime(CLOCK_MONOTONIC, &now);
		left.tv_sec = end.tv_sec - now.tv_sec;
		left.tv_nsec = end.tv_nsec - now.tv_nsec;
		if (left.tv_nsec < 0) {
			left.tv_sec--;
			left.tv_nsec += 1000000000L;
		}
	}
}

enum report_outcome
report_command_run(const struct report_command *c, struct odm_span mail, int timeout_secs,
    char reason[REPORT_REASON_SIZE])
{
	int input = mail_file(mail), status = 0, error = input < 0 ? errno : 0;
	pid_t pid = -1;

	if (error == 0) {
		error = spawn(c, input, &pid);
		(void)close(input);
	}
	if (error != 0) {
		(void)snprintf(reason, REPORT_REASON_SIZE, "%.200s cannot be started: %s",
		    c->argv[0], strerror(error));
		return REPORT_UNREACHABLE;
	}
	if (!wait_for(pid, timeout_secs, &status)) {
		(void)kill(-pid, SIGKILL);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		(void)snprintf(reason, REPORT_REASON_SIZE, "%.200s did not end within %d "
		    "seconds and was killed", c->argv[0], timeout_secs);
		return REPORT_UNREACHABLE;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return REPORT_SENT;
	if (WIFSIGNALED(status))
		(void)snprintf(reason, REPORT_REASON_SIZE, "%.200s was killed by signal %d",
		    c->argv[0], WTERMSIG(status));
	else
		(void)snprintf(reason, REPORT_REASON_SIZE, "%.200s exited with status %d",
		    c->argv[0], WEXITSTATUS(status));
	return REPORT_FAILED;
}
