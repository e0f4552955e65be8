/*
 * command.h - a command, program and arguments, as an administrator writes it: without a
 * shell.
 */
#ifndef REPORTS_COMMAND_H
#define REPORTS_COMMAND_H

#include <stdbool.h>

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

#endif
