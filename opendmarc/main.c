/*
 * main.c - the DMARC filter as a program: order of start, stop.
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "common/log.h"
#include "opendmarc/checks.h"
#include "opendmarc/command.h"
#include "opendmarc/milter.h"
#include "opendmarc/privs.h"
#include "opendmarc/process.h"
#include "opendmarc/reload.h"
#include "opendmarc/setup.h"
#include "opendmarc/signals.h"

#define PRODUCT		"OpenDMARC Filter"

/* Reasons hold a path, sometimes two, and a sentence. */
#define WHY_MAX		(2 * PATH_MAX + 512)

/* The longest a stop waits for messages in work, so that a service manager does not kill. */
#define DRAIN_SECS_MAX	60

/*
 * By default every thread of libmilter gets an arena of its own, and each keeps what was
 * free once: that is 3 MB and grows for days. The threads' own caches take most calls.
 */
#define ARENAS_MAX	2

/* Everything that lives as long as the daemon; the signal functions get no argument. */
static struct {
	struct dmf_command cmd;
	struct dmf_setup *setup;	/* of the start; installed once it serves */
	struct dmf_shared shared;
	struct dmf_user	 user;
	bool		 has_user;
	int		 ready_fd;
	char		 host_name[ODM_NAME_MAX + 1];
} d = { .ready_fd = -1 };

/* Finds the user to run as. 0, or -1 with the reason in why. */
static int
find_user(const struct conf *c, char *why)
{
	char where[PATH_MAX + 64], reason[WHY_MAX];

	if (c->user_id == NULL)
		return 0;
	if (dmf_user_find(c->user_id, &d.user, reason, sizeof(reason)) == 0) {
		d.has_user = true;
		return 0;
	}
	conf_where(c, "UserID", where, sizeof(where));
	if (snprintf(why, WHY_MAX, "%s: %s", where, reason) < 0)
		why[0] = '\0';
	return -1;
}

/*
 * Reads and checks all that the configuration names. EX_OK, or the status to
 * exit with and the reason in why.
 */
static int
prepare(char *why)
{
	struct conf *c;

	if (gethostname(d.host_name, sizeof(d.host_name) - 1) != 0)
		strlcpy(d.host_name, "localhost", sizeof(d.host_name));
	c = dmf_command_conf(&d.cmd, why, WHY_MAX);
	if (c == NULL)
		return EX_CONFIG;
	d.setup = dmf_setup_read(&c, d.host_name, why, WHY_MAX);
	if (d.setup == NULL)
		return EX_CONFIG;
	if (find_user(dmf_setup_env(d.setup)->conf, why) != 0)
		return d.cmd.check_only ? EX_CONFIG : EX_DATAERR;
	return EX_OK;
}

/*
 * Everything that must happen before there is a second thread or a terminal is
 * lost: privileges, socket, background. EX_OK, or the status to exit with.
 */
static int
settle(const struct conf *c, char *why)
{
	dmf_process_raise_files();
	if (d.has_user && dmf_user_become(&d.user, why, WHY_MAX) != 0)
		return EX_NOPERM;
	if (c->umask >= 0)
		umask((mode_t)c->umask);
	/* From here on a stop finds somebody who cleans up. */
	dmf_signals_block();
	dmf_shared_init(&d.shared, d.host_name);
	if (dmf_milter_open(c, &d.shared, why, WHY_MAX) != 0)
		return EX_UNAVAILABLE;
	if (c->background && dmf_process_background(&d.ready_fd, why, WHY_MAX) != 0)
		return EX_OSERR;
	return EX_OK;
}

static void
stop(void)
{
	struct dmf_setup *s = dmf_setup_current();
	int secs = 2 * dmf_setup_env(s)->conf->dns_timeout_secs;

	dmf_setup_unref(&s);
	dmf_milter_stop(secs < DRAIN_SECS_MAX ? secs : DRAIN_SECS_MAX);
}

static void
reload(void)
{
	dmf_reload(&d.cmd, d.host_name);
}

/* Serves until a signal says stop; the status to exit with. */
static int
serve(const struct conf *c)
{
	static const struct dmf_server server = { dmf_milter_run, stop, reload };
	const char *args = d.cmd.args;
	int status;

	if (c->pid_file != NULL && dmf_pidfile_write(c->pid_file) != 0)
		log_write(LOG_LEVEL_ERROR, "PidFile \"%s\": %s", c->pid_file, strerror(errno));
	dmf_process_open_log(c);
	log_write(LOG_LEVEL_INFO, PRODUCT " v%s starting%s%s%s", PACKAGE_VERSION,
	    args[0] == '\0' ? "" : " (args: ", args, args[0] == '\0' ? "" : ")");
	dmf_check_log(c, d.host_name);
	dmf_process_ready(d.ready_fd, EX_OK);
	d.ready_fd = -1;

	errno = 0;
	status = dmf_signals_serve(&server);
	log_write(LOG_LEVEL_INFO, PRODUCT " v%s terminating with status %d, errno = %d",
	    PACKAGE_VERSION, status, errno);
	if (c->pid_file != NULL)
		dmf_pidfile_remove(c->pid_file);
	return status == 0 ? EX_OK : UCHAR_MAX;
}

/* From the checked configuration to the end of the daemon; the status to exit with. */
static int
run(char *why)
{
	const struct conf *c = dmf_setup_env(d.setup)->conf;
	struct dmf_setup *first;
	int status;

	/* Until it serves, whoever started it reads what is wrong. */
	log_open(DMF_PROGRAM, c->syslog, c->syslog_facility,
	    c->background || !c->syslog || !dmf_process_in_journal());
	status = settle(c, why);
	if (status == EX_OK && dmf_setup_start(d.setup, NULL, why, WHY_MAX) != 0)
		status = EX_OSERR;
	if (status != EX_OK) {
		log_write(LOG_LEVEL_ERROR, "%s", why);
		dmf_process_ready(d.ready_fd, status);
		return status;
	}
	/* Names like the pid file's are those of the start, whatever a reload brings. */
	first = dmf_setup_ref(d.setup);
	dmf_setup_install(d.setup);
	d.setup = first;
	status = serve(c);
	dmf_setup_install(NULL);
	return status;
}

int
main(int argc, char **argv)
{
	char why[WHY_MAX] = "";
	int status;

#ifdef M_ARENA_MAX
	(void)mallopt(M_ARENA_MAX, ARENAS_MAX);
#endif
	log_open(DMF_PROGRAM, false, NULL, true);
	status = dmf_command_read(argc, argv, &d.cmd);
	if (status != -1)
		return status;
	if (d.cmd.verbose > 0)
		log_set_level(LOG_LEVEL_DEBUG);
	status = prepare(why);
	if (status != EX_OK)
		log_write(LOG_LEVEL_ERROR, "%s", why);
	else if (!d.cmd.check_only)
		status = run(why);
	dmf_setup_unref(&d.setup);
	dmf_user_clear(&d.user);
	return status;
}
