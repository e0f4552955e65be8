/*
 * deliver_program.h - hands a mail to a program on its standard input, without a shell.
 *
 * The program, found by PATH when its name has no "/", runs in a process group of its own
 * and gets the whole mail with LF line ends, also when this process dies meanwhile. When it
 * does not end within timeout_secs it is killed with all that it started; what it leaves
 * in the background when it ends is not waited for. Wants SIGCHLD not ignored.
 */
#ifndef REPORTS_DELIVER_PROGRAM_H
#define REPORTS_DELIVER_PROGRAM_H

#include "reports/command.h"
#include "reports/deliver.h"

/* Time for a program that takes mail as sendmail(8) does. */
#define REPORT_SENDMAIL_TIMEOUT_SECS	600

/*
 * Runs the command; standard output goes nowhere, standard error where ours goes. SENT: it
 * ended with 0. FAILED: it did not. UNREACHABLE: it cannot be started, or was killed.
 * Unless SENT, reason says why.
 */
enum report_outcome report_command_send(const struct report_command *c,
    struct odm_span mail, int timeout_secs, char reason[REPORT_REASON_SIZE]);

/*
 * Runs PROGRAM -i -f SENDER -- RECIPIENT, addresses as report_smtp_send() takes them. SENT:
 * it ended with 0. UNREACHABLE: it cannot be started. FAILED: else, also when it was
 * killed. Unless SENT, reason says why, where the program wrote something with its
 * first line.
 */
enum report_outcome report_sendmail_send(const char *program, const char *sender,
    const char *recipient, struct odm_span mail, int timeout_secs,
    char reason[REPORT_REASON_SIZE]);

#endif
