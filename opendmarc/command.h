/*
 * command.h - the command line of the daemon, and the configuration that it and the
 * file make together.
 */
#ifndef OPENDMARC_COMMAND_H
#define OPENDMARC_COMMAND_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/conf.h"

/* The arguments as they are shown in the log. */
#define DMF_ARGS_MAX	1000

/* What the command line says; NULL and false where it says nothing. Texts are borrowed. */
struct dmf_command {
	const char	*conf_path, *socket, *pid_file, *user;
	const char	*test_files;	/* comma-separated; NULL: no test mode */
	bool		 auto_restart, foreground, syslog, check_only;
	unsigned	 verbose;
	char		 args[DMF_ARGS_MAX];
	char		 conf_file[PATH_MAX];	/* of the file read at start, from the root; ""
						 * none, or standard input */
};

/* -1 when the program goes on, else the status to exit with. */
int dmf_command_read(int argc, char **argv, struct dmf_command *cmd_r);

/*
 * The configuration file, and over it the command line. NULL with the reason in why.
 * The caller frees it.
 */
struct conf *dmf_command_conf(struct dmf_command *cmd, char *why, size_t why_size);

/* The same file read again, wherever the working directory is; conf_file is not "". */
struct conf *dmf_command_conf_again(const struct dmf_command *cmd, char *why,
    size_t why_size);

#endif
