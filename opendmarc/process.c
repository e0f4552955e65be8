/*
 * process.c - what the daemon is as a process: background, descriptors, pid file.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef HAVE_SYS_PRCTL_H
#include <sys/prctl.h>
#endif
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/log.h"
#include "opendmarc/process.h"

/* Digits of a process number, LF and NUL. */
#define PID_TEXT_MAX	24

/* The process that was started: waits for the daemon's word and passes it on. */
static void
exit_as_told(int fd, pid_t child)
{
	unsigned char status;
	ssize_t n;

	waitpid(child, NULL, 0);	/* it is gone at once, leaving the daemon */
	do
		n = read(fd, &status, 1);
	while (n < 0 && errno == EINTR);
	/* Without a word the daemon died; it or the system has said why. */
	_exit(n == 1 ? status : EX_OSERR);
}

static int
fail_call(const char *call, char *why, size_t why_size)
{
	if (snprintf(why, why_size, "cannot go into the background: %s: %s", call,
	    strerror(errno)) < 0)
		why[0] = '\0';
	return -1;
}

int
dmf_process_background(int *ready_fd_r, char *why, size_t why_size)
{
	int fds[2];
	pid_t pid;

	if (pipe(fds) != 0)
		return fail_call("pipe", why, why_size);
	pid = fork();
	if (pid < 0) {
		close(fds[0]);
		close(fds[1]);
		return fail_call("fork", why, why_size);
	}
	if (pid > 0) {
		close(fds[1]);
		exit_as_told(fds[0], pid);
	}
	close(fds[0]);
	fcntl(fds[1], F_SETFD, FD_CLOEXEC);
	/* The second fork leaves the daemon without the right to a terminal. */
	if (setsid() < 0)
		return fail_call("setsid", why, why_size);
	pid = fork();
	if (pid > 0)
		_exit(EX_OK);
	*ready_fd_r = fds[1];
	return pid < 0 ? fail_call("fork", why, why_size) : 0;
}

void
dmf_process_leave_terminal(void)
{
	int fd = open("/dev/null", O_RDWR);

	if (fd < 0)
		return;
	dup2(fd, STDIN_FILENO);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

void
dmf_process_ready(int ready_fd, int status)
{
	unsigned char word = (unsigned char)status;
	ssize_t n;

	if (ready_fd < 0)
		return;
	do
		n = write(ready_fd, &word, 1);
	while (n < 0 && errno == EINTR);
	close(ready_fd);
}

void
dmf_process_raise_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

void
dmf_process_allow_core(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_CORE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_CORE, &limit);
	}
#ifdef PR_SET_DUMPABLE
	if (prctl(PR_SET_DUMPABLE, 1) != 0)
		log_write(LOG_LEVEL_WARNING, "EnableCoredumps: %s", strerror(errno));
#endif
}

static size_t
pid_text(char text[PID_TEXT_MAX])
{
	int len = snprintf(text, PID_TEXT_MAX, "%ld\n", (long)getpid());

	return len < 0 || len >= PID_TEXT_MAX ? 0 : (size_t)len;
}

int
dmf_pidfile_write(const char *path)
{
	char text[PID_TEXT_MAX];
	size_t len = pid_text(text);
	int fd, error = 0;
	ssize_t n;

	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (fd < 0)
		return -1;
	n = write(fd, text, len);
	if (n != (ssize_t)len)
		error = n < 0 ? errno : ENOSPC;
	if (close(fd) != 0 && error == 0)
		error = errno;
	errno = error;
	return error == 0 ? 0 : -1;
}

void
dmf_pidfile_remove(const char *path)
{
	char text[PID_TEXT_MAX], found[PID_TEXT_MAX];
	size_t len = pid_text(text);
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return;
	n = read(fd, found, sizeof(found));
	close(fd);
	if (n == (ssize_t)len && memcmp(text, found, len) == 0)
		unlink(path);
}

bool
dmf_process_in_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");	/* "device:inode", systemd.exec(5) */
	struct stat st;
	char own[64];
	int len;

	if (stream == NULL || fstat(STDERR_FILENO, &st) != 0)
		return false;
	len = snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return len > 0 && (size_t)len < sizeof(own) && strcmp(stream, own) == 0;
}

void
dmf_process_open_log(const struct conf *c)
{
	log_open(DMF_PROGRAM, c->syslog, c->syslog_facility, !c->background &&
	    (!c->syslog || !dmf_process_in_journal()));
}
