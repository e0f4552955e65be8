/*
 * main.c - the DMARC filter as a program: command line, order of start, stop.
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/log.h"
#include "common/resolver.h"
#include "opendmarc/checks.h"
#include "opendmarc/env.h"
#include "opendmarc/histwriter.h"
#include "opendmarc/milter.h"
#include "opendmarc/privs.h"
#include "opendmarc/process.h"
#include "opendmarc/signals.h"
#include "opendmarc/version.h"

#define PROGRAM		"opendmarc"
#define PRODUCT		"OpenDMARC Filter"

/* Reasons hold a path, sometimes two, and a sentence. */
#define WHY_MAX		(2 * PATH_MAX + 512)

/* The arguments as they are shown in the log. */
#define ARGS_MAX	1000

/* What the command line says; NULL and false where it says nothing. */
struct command {
	const char	*conf_path, *socket, *pid_file, *user;
	bool		 foreground, syslog, check_only;
	unsigned	 verbose;
	char		 args[ARGS_MAX];
};

/* Everything that lives as long as the daemon. */
struct daemon {
	struct conf	*conf;
	struct hostlist	*ignore_hosts;
	struct odm_net	*relays;
	struct odm_psl	*psl;
	struct dmf_user	 user;
	bool		 has_user;
	int		 ready_fd;
	char		 host_name[ODM_NAME_MAX + 1];
	struct dmf_env	 env;
};

static const char usage_text[] =
    PROGRAM ": usage: " PROGRAM " [options]\n"
    "\t-c file     \tconfiguration file\n"
    "\t-f          \trun in the foreground\n"
    "\t-l          \tlog to syslog\n"
    "\t-n          \ttest configuration and exit\n"
    "\t-p sockspec \tspecify milter socket\n"
    "\t-P file     \twrite process ID to specified file\n"
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
join_args(int argc, char **argv, char args[ARGS_MAX])
{
	args[0] = '\0';
	for (int i = 1; i < argc; i++)
		if ((i > 1 && strlcat(args, " ", ARGS_MAX) >= ARGS_MAX) ||
		    strlcat(args, argv[i], ARGS_MAX) >= ARGS_MAX)
			break;
}

/* -1 when the program goes on, else the status to exit with. */
static int
read_command(int argc, char **argv, struct command *cmd)
{
	int c;

	*cmd = (struct command){ 0 };
	join_args(argc, argv, cmd->args);
	opterr = 0;
	while ((c = getopt(argc, argv, "c:flnp:P:u:vV")) != -1) {
		if (optarg != NULL && optarg[0] == '\0')
			return usage();
		switch (c) {
		case 'c':
			cmd->conf_path = optarg;
			break;
		case 'f':
			cmd->foreground = true;
			break;
		case 'l':
			cmd->syslog = true;
			break;
		case 'n':
			cmd->check_only = true;
			break;
		case 'p':
			cmd->socket = optarg;
			break;
		case 'P':
			cmd->pid_file = optarg;
			break;
		case 'u':
			cmd->user = optarg;
			break;
		case 'v':
			cmd->verbose++;
			break;
		case 'V':
			dmf_version_print(PROGRAM);
			return EX_OK;
		default:
			return usage();
		}
	}
	return optind < argc ? usage() : -1;
}

static bool
override(struct conf *c, const char *name, const char *value, char *why)
{
	return value == NULL || conf_override(c, name, value, why, WHY_MAX);
}

/* The configuration file, and over it the command line. NULL with the reason in why. */
static struct conf *
read_conf(const struct command *cmd, char *why)
{
	const char *path = cmd->conf_path;
	struct conf *c;

	if (path == NULL && access(conf_default_path, R_OK) == 0)
		path = conf_default_path;
	c = conf_read(path, why, WHY_MAX);
	if (c == NULL)
		return NULL;
	if (!override(c, "Socket", cmd->socket, why) ||
	    !override(c, "PidFile", cmd->pid_file, why) ||
	    !override(c, "UserID", cmd->user, why) ||
	    !override(c, "Background", cmd->foreground ? "no" : NULL, why) ||
	    !override(c, "Syslog", cmd->syslog ? "yes" : NULL, why))
		conf_free(&c);
	return c;
}

/* Finds the user to run as. 0, or -1 with the reason in why. */
static int
find_user(struct daemon *d, char *why)
{
	char where[PATH_MAX + 64], reason[WHY_MAX];

	if (d->conf->user_id == NULL)
		return 0;
	if (dmf_user_find(d->conf->user_id, &d->user, reason, sizeof(reason)) == 0) {
		d->has_user = true;
		return 0;
	}
	conf_where(d->conf, "UserID", where, sizeof(where));
	if (snprintf(why, WHY_MAX, "%s: %s", where, reason) < 0)
		why[0] = '\0';
	return -1;
}

/*
 * Reads and checks all that the configuration names. EX_OK, or the status to
 * exit with and the reason in why.
 */
static int
prepare(struct daemon *d, const struct command *cmd, char *why)
{
	d->conf = read_conf(cmd, why);
	if (d->conf == NULL || dmf_check_conf(d->conf, why, WHY_MAX) != 0)
		return EX_CONFIG;
	d->ignore_hosts = dmf_check_ignore_hosts(d->conf, why, WHY_MAX);
	if (d->ignore_hosts == NULL)
		return EX_CONFIG;
	d->relays = dmf_check_relays(d->conf, why, WHY_MAX);
	if (d->relays == NULL)
		return EX_CONFIG;
	if (dmf_check_psl(d->conf, &d->psl, why, WHY_MAX) != 0)
		return EX_CONFIG;
	if (find_user(d, why) != 0)
		return cmd->check_only ? EX_CONFIG : EX_DATAERR;
	if (gethostname(d->host_name, sizeof(d->host_name) - 1) != 0)
		strlcpy(d->host_name, "localhost", sizeof(d->host_name));
	d->env = (struct dmf_env){
		.conf = d->conf,
		.ignore_hosts = d->ignore_hosts,
		.psl = d->psl,
		.host_name = d->host_name,
		.trusted_relays = d->relays,
		.ntrusted_relays = d->conf->trusted_relays.nwords,
	};
	return EX_OK;
}

/*
 * Everything that must happen before there is a second thread or a terminal is
 * lost: privileges, socket, background. EX_OK, or the status to exit with.
 */
static int
settle(struct daemon *d, char *why)
{
	const struct conf *c = d->conf;

	dmf_process_raise_files();
	if (d->has_user && dmf_user_become(&d->user, why, WHY_MAX) != 0)
		return EX_NOPERM;
	if (c->umask >= 0)
		umask((mode_t)c->umask);
	/* From here on a stop finds somebody who cleans up. */
	dmf_signals_block();
	if (dmf_milter_open(&d->env, why, WHY_MAX) != 0)
		return EX_UNAVAILABLE;
	if (c->background && dmf_process_background(&d->ready_fd, why, WHY_MAX) != 0)
		return EX_OSERR;
	return EX_OK;
}

/* The threads and modules behind the callbacks. EX_OK, or the status to exit with. */
static int
start_modules(struct daemon *d, char *why)
{
	const struct conf *c = d->conf;

	d->env.resolver = resolver_new(&c->nameservers, c->dns_timeout_secs, why, WHY_MAX);
	if (d->env.resolver == NULL)
		return EX_OSERR;
	if (c->history_file != NULL) {
		d->env.history = histwriter_new(c->history_file);
		if (d->env.history == NULL) {
			strlcpy(why, "memory allocation failure", WHY_MAX);
			return EX_OSERR;
		}
	}
	return EX_OK;
}

/* Serves until a signal says stop; the status to exit with. */
static int
serve(struct daemon *d, const struct command *cmd)
{
	const struct conf *c = d->conf;
	int status;

	if (c->pid_file != NULL && dmf_pidfile_write(c->pid_file) != 0)
		log_write(LOG_LEVEL_ERROR, "PidFile \"%s\": %s", c->pid_file, strerror(errno));
	if (c->background)
		log_open(PROGRAM, c->syslog, c->syslog_facility, false);
	log_write(LOG_LEVEL_INFO, PRODUCT " v%s starting%s%s%s", PACKAGE_VERSION,
	    cmd->args[0] == '\0' ? "" : " (args: ", cmd->args, cmd->args[0] == '\0' ? "" : ")");
	dmf_check_log(c, d->host_name);
	dmf_process_ready(d->ready_fd, EX_OK);
	d->ready_fd = -1;

	errno = 0;
	status = dmf_signals_serve(dmf_milter_run, dmf_milter_stop);
	log_write(LOG_LEVEL_INFO, PRODUCT " v%s terminating with status %d, errno = %d",
	    PACKAGE_VERSION, status, errno);
	if (c->pid_file != NULL)
		dmf_pidfile_remove(c->pid_file);
	return status == 0 ? EX_OK : UCHAR_MAX;
}

static void
release(struct daemon *d)
{
	histwriter_free(&d->env.history);
	resolver_free(&d->env.resolver);
	dmf_user_clear(&d->user);
	odm_psl_free(&d->psl);
	free(d->relays);
	hostlist_free(&d->ignore_hosts);
	conf_free(&d->conf);
}

/* From the checked configuration to the end of the daemon; the status to exit with. */
static int
run(struct daemon *d, const struct command *cmd, char *why)
{
	const struct conf *c = d->conf;
	int status;

	/* In the journal a line that also goes to syslog would stand twice. */
	log_open(PROGRAM, c->syslog, c->syslog_facility,
	    c->background || !c->syslog || !dmf_process_in_journal());
	status = settle(d, why);
	if (status == EX_OK)
		status = start_modules(d, why);
	if (status == EX_OK)
		return serve(d, cmd);
	log_write(LOG_LEVEL_ERROR, "%s", why);
	dmf_process_ready(d->ready_fd, status);
	return status;
}

int
main(int argc, char **argv)
{
	struct daemon d = { .ready_fd = -1 };
	struct command cmd;
	char why[WHY_MAX] = "";
	int status;

	log_open(PROGRAM, false, NULL, true);
	status = read_command(argc, argv, &cmd);
	if (status != -1)
		return status;
	if (cmd.verbose > 0)
		log_set_level(LOG_LEVEL_DEBUG);
	status = prepare(&d, &cmd, why);
	if (status != EX_OK)
		log_write(LOG_LEVEL_ERROR, "%s", why);
	else if (!cmd.check_only)
		status = run(&d, &cmd, why);
	release(&d);
	return status;
}
