/*
 * deliver_command.h - hands a mail to a program on its standard input, without a shell.
 */
#ifndef REPORTS_DELIVER_COMMAND_H
#define REPORTS_DELIVER_COMMAND_H

#include <stdbool.h>

#include "libopendmarc/base/span.h"
#include "reports/deliver.h"

/* Words of one command. */
#define REPORT_COMMAND_WORDS_MAX	64

struct report_command {
	char	*text;		/* the words, each with its NUL */
	char	*argv[REPORT_COMMAND_WORDS_MAX + 1];
};

/*
 * Splits text at blanks; "..." and '...' keep blanks, "\" in front of an octet outside of
 * '...' keeps that octet, and nothing else has a meaning. False, and a static reason in
 * *why_r, when a quote is not closed, there is no word, or there are too many.
 */
bool report_command_split(const char *text, struct report_command *c_r, const char **why_r);

void report_command_free(struct report_command *c);

/*
 * Runs the program, found by PATH when its name has no "/", in a process group of its own,
 * with the mail on its standard input, LF line ends; standard output goes nowhere, standard
 * error where ours goes. SENT: it ended with 0. FAILED: it did not. UNREACHABLE: it
 * cannot be started, or did not end within timeout_secs and was killed with all that it
 * started. Unless SENT, reason says why. Wants SIGCHLD blocked in all threads, and
 * no other child.
 */
enum report_outcome report_command_run(const struct report_command *c,
    struct odm_span mail, int timeout_secs, char reason[REPORT_REASON_SIZE]);

#endif
