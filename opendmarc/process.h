/*
 * process.h - what the daemon is as a process: background, descriptors, pid file.
 */
#ifndef OPENDMARC_PROCESS_H
#define OPENDMARC_PROCESS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/conf.h"

/* The name in log lines. */
#define DMF_PROGRAM	"opendmarc"

/*
 * Goes into the background, in a session of its own. Only the new process
 * returns: 0 and in *ready_fd_r the descriptor for dmf_process_ready(). The old
 * one waits for that call and then exits with the status given there, so that
 * whoever started it learns of trouble. -1 with the reason in why when no
 * process can be made (exit status 71).
 */
int dmf_process_background(int *ready_fd_r, char *why, size_t why_size);

/*
 * Tells the process that waits, the starter or a supervisor, how the start went: 0, or
 * the status to exit with. ready_fd is closed; -1 (nobody waits): nothing.
 */
void dmf_process_ready(int ready_fd, int status);

/* Cuts a daemon in the background loose from the terminal that it was started from. */
void dmf_process_leave_terminal(void);

/*
 * Lets the system write a core file after a crash: it does not on its own for a process
 * that changed its user. Call after that change.
 */
void dmf_process_allow_core(void);

/* As many descriptors as the hard limit allows; each connection needs one. */
void dmf_process_raise_files(void);

/*
 * Writes our process number to path, 0, or -1 with errno. A symbolic link at
 * path is not followed.
 */
int dmf_pidfile_write(const char *path);

/* Removes path when it still holds our number, not that of a successor. */
void dmf_pidfile_remove(const char *path);

/*
 * Opens the log as a serving daemon has it: in the background syslog or nothing, in
 * the foreground also standard error, unless a line would stand twice in the journal.
 */
void dmf_process_open_log(const struct conf *c);

/* True when what we write to standard error goes to the systemd journal. */
bool dmf_process_in_journal(void);

#endif
