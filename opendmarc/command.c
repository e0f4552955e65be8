/*
 * command.c - the command line of the daemon, and the configuration with it.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "opendmarc/command.h"
#include "opendmarc/process.h"
#include "opendmarc/version.h"

static const char usage_text[] =
    DMF_PROGRAM ": usage: " DMF_PROGRAM " [options]\n"
    "\t-A          \tenable auto-restart\n"
    "\t-c file     \tconfiguration file\n"
    "\t-f          \trun in the foreground\n"
    "\t-l          \tlog to syslog\n"
    "\t-n          \ttest configuration and exit\n"
    "\t-p sockspec \tspecify milter socket\n"
    "\t-P file     \twrite process ID to specified file\n"
    "\t-t file     \tevaluate a single message\n"
    "\t-u user     \ttry to become the named user\n"
    "\t-v          \tincrease verbose output\n"
    "\t-V          \tprint version and exit\n";

static int
usage(void)
{
	fputs(usage_text, stderr);
	return EX_USAGE;
}

static void
join_args(int argc, char **argv, char args[DMF_ARGS_MAX])
{
	args[0] = '\0';
	for (int i = 1; i < argc; i++)
		if ((i > 1 && strlcat(args, " ", DMF_ARGS_MAX) >= DMF_ARGS_MAX) ||
		    strlcat(args, argv[i], DMF_ARGS_MAX) >= DMF_ARGS_MAX)
			break;
}

int
dmf_command_read(int argc, char **argv, struct dmf_command *cmd_r)
{
	int c;

	*cmd_r = (struct dmf_command){ 0 };
	join_args(argc, argv, cmd_r->args);
	opterr = 0;
	while ((c = getopt(argc, argv, "Ac:flnp:P:t:u:vV")) != -1) {
		if (optarg != NULL && optarg[0] == '\0')
			return usage();
		switch (c) {
		case 'A':
			cmd_r->auto_restart = true;
			break;
		case 'c':
			cmd_r->conf_path = optarg;
			break;
		case 'f':
			cmd_r->foreground = true;
			break;
		case 'l':
			cmd_r->syslog = true;
			break;
		case 'n':
			cmd_r->check_only = true;
			break;
		case 'p':
			cmd_r->socket = optarg;
			break;
		case 'P':
			cmd_r->pid_file = optarg;
			break;
		case 't':
			cmd_r->test_files = optarg;
			break;
		case 'u':
			cmd_r->user = optarg;
			break;
		case 'v':
			cmd_r->verbose++;
			break;
		case 'V':
			dmf_version_print(DMF_PROGRAM);
			return EX_OK;
		default:
			return usage();
		}
	}
	return optind < argc ? usage() : -1;
}

static bool
override(struct conf *c, const char *name, const char *value, char *why, size_t why_size)
{
	return value == NULL || conf_override(c, name, value, why, why_size);
}

/* Test mode is one process of this user, which writes to standard output and error. */
static struct conf *
set_for_test(struct conf *c, char *why, size_t why_size)
{
	if (!conf_override(c, "AutoRestart", "no", why, why_size) ||
	    !conf_override(c, "Background", "no", why, why_size) ||
	    !conf_override(c, "Syslog", "no", why, why_size))
		conf_free(&c);
	return c;
}

static struct conf *
read_conf(const struct dmf_command *cmd, const char *path, char *why, size_t why_size)
{
	struct conf *c = conf_read(path, why, why_size);

	if (c == NULL)
		return NULL;
	if (cmd->test_files != NULL)
		return set_for_test(c, why, why_size);
	if (!override(c, "Socket", cmd->socket, why, why_size) ||
	    !override(c, "PidFile", cmd->pid_file, why, why_size) ||
	    !override(c, "UserID", cmd->user, why, why_size) ||
	    !override(c, "AutoRestart", cmd->auto_restart ? "yes" : NULL, why, why_size) ||
	    !override(c, "Background", cmd->foreground ? "no" : NULL, why, why_size) ||
	    !override(c, "Syslog", cmd->syslog ? "yes" : NULL, why, why_size))
		conf_free(&c);
	return c;
}

struct conf *
dmf_command_conf(struct dmf_command *cmd, char *why, size_t why_size)
{
	const char *path = cmd->conf_path;

	if (path == NULL && access(conf_default_path, R_OK) == 0)
		path = conf_default_path;
	if (path == NULL || strcmp(path, "-") == 0 || realpath(path, cmd->conf_file) == NULL)
		cmd->conf_file[0] = '\0';
	return read_conf(cmd, path, why, why_size);
}

struct conf *
dmf_command_conf_again(const struct dmf_command *cmd, char *why, size_t why_size)
{
	return read_conf(cmd, cmd->conf_file, why, why_size);
}
