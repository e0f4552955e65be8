/*
 * check_command.h - the command line of opendmarc-check: one of three kinds of work, with
 * its own options only.
 */
#ifndef OPENDMARC_CHECK_COMMAND_H
#define OPENDMARC_CHECK_COMMAND_H

#include <stdbool.h>

#include "opendmarc/check_message.h"

#define CHECK_PROG	"opendmarc-check"

/* All texts belong to argv. NULL: the option is not there. */
struct check_command {
	const char	*conf_path, *nameservers, *authserv_id;
	const char	*message, *replay, *explain_path;
	struct check_envelope envelope;
	bool		 envelope_given;
	bool		 json, strict;
	char		**domains;	/* of the policies to look up; none with the others */
	int		 ndomains;
};

/*
 * Reads argv. -1 when the program goes on, else the status to exit with, all said on
 * stderr.
 */
int check_command_read(int argc, char **argv, struct check_command *cmd);

#endif
