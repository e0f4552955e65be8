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
#include "opendmarc/metrics.h"
#include "opendmarc/milter.h"
#include "opendmarc/notify.h"
#include "opendmarc/places.h"
#include "opendmarc/privs.h"
#include "opendmarc/process.h"
#include "opendmarc/reload.h"
#include "opendmarc/setup.h"
#include "opendmarc/signals.h"
#include "opendmarc/supervise.h"
#include "opendmarc/testmode.h"

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
	struct dmf_metrics metrics;
	struct dmf_user	 user;
	bool		 has_user;
	bool		 supervised;	/* a supervisor has pid file and manager in its care */
	bool		 restarted;	/* by the supervisor */
	int		 ready_fd;	/* of whoever waits for our start; -1 nobody */
	int		 notify_fd;	/* of the service manager; -1 none */
	char		 host_name[ODM_NAME_MAX + 1];
} d = { .ready_fd = -1, .notify_fd = -1 };

/* "PLACE: REASON" about an option into why. */
static void
blame(const struct conf *c, const char *option, const char *reason, char *why)
{
	char where[PATH_MAX + 64];

	conf_where(c, option, where, sizeof(where));
	if (snprintf(why, WHY_MAX, "%s: %s", where, reason) < 0)
		why[0] = '\0';
}

/* Finds the user to run as. 0, or -1 with the reason in why. */
static int
find_user(const struct conf *c, char *why)
{
	char reason[WHY_MAX];

	if (c->user_id == NULL)
		return 0;
	if (dmf_user_find(c->user_id, &d.user, reason, sizeof(reason)) == 0) {
		d.has_user = true;
		return 0;
	}
	blame(c, "UserID", reason, why);
	return -1;
}

/* Until it serves, whoever started it reads what is wrong. */
static void
open_log_for_start(const struct conf *c)
{
	log_open(DMF_PROGRAM, c->syslog, c->syslog_facility,
	    c->background || !c->syslog || !dmf_process_in_journal());
}

/* Every path that is opened from here on counts from there. 0, or -1 with the reason in why. */
static int
change_root(const struct conf *c, char *why)
{
	char reason[WHY_MAX];

	if (c->change_root_directory == NULL)
		return 0;
	if (!d.has_user && getuid() == 0)
		log_write(LOG_LEVEL_WARNING, "ChangeRootDirectory without UserID: root can leave "
		    "the directory again");
	if (dmf_root_change(c->change_root_directory, reason, sizeof(reason)) == 0)
		return 0;
	blame(c, "ChangeRootDirectory", reason, why);
	return -1;
}

/*
 * Reads and checks all that the configuration names. EX_OK, or the status to
 * exit with and the reason in why.
 */
static int
prepare(char *why)
{
	bool check = d.cmd.check_only, test = d.cmd.test_files != NULL;
	int status = EX_OK;
	struct conf *c;

	if (gethostname(d.host_name, sizeof(d.host_name) - 1) != 0)
		strlcpy(d.host_name, "localhost", sizeof(d.host_name));
	c = dmf_command_conf(&d.cmd, why, WHY_MAX);
	if (c == NULL)
		return EX_CONFIG;
	if (!check && !test) {
		open_log_for_start(c);
		d.notify_fd = dmf_notify_open();
	}
	if (!test && find_user(c, why) != 0)
		status = EX_DATAERR;
	else if (!test && change_root(c, why) != 0)
		status = EX_OSERR;
	if (status == EX_OK) {
		d.setup = dmf_setup_read(&c, d.host_name, test ? DMF_TEST : DMF_SERVE, why, WHY_MAX);
		return d.setup != NULL ? EX_OK : EX_CONFIG;
	}
	conf_free(&c);
	return check ? EX_CONFIG : status;
}

/* Says why there will be no daemon, here and to whoever waits for it; returns status. */
static int
give_up(int status, const char *why)
{
	log_write(LOG_LEVEL_ERROR, "%s", why);
	dmf_process_ready(d.ready_fd, status);
	d.ready_fd = -1;
	return status;
}

/* What the process keeps from here on. EX_OK, or the status to exit with. */
static int
settle(const struct conf *c, char *why)
{
	dmf_process_raise_files();
	if (d.has_user && dmf_user_become(&d.user, why, WHY_MAX) != 0)
		return EX_NOPERM;
	if (c->enable_coredumps)
		dmf_process_allow_core();
	if (c->umask >= 0)
		umask((mode_t)c->umask);
	return EX_OK;
}

/* The last words for whoever started it. */
static void
finish_start(const struct conf *c)
{
	if (c->pid_file != NULL && !d.supervised && dmf_pidfile_write(c->pid_file) != 0)
		log_write(LOG_LEVEL_ERROR, "PidFile \"%s\": %s", c->pid_file, strerror(errno));
	dmf_process_open_log(c);
}

/* Whoever waits is told that it serves. */
static void
tell_ready(const struct conf *c)
{
	if (c->background)
		dmf_process_leave_terminal();
	dmf_process_ready(d.ready_fd, EX_OK);
	d.ready_fd = -1;
	dmf_notify_ready(d.notify_fd);
}

/* The supervisor's part of the start, once a child serves. */
static void
child_serves(void)
{
	const struct conf *c = dmf_setup_env(d.setup)->conf;

	finish_start(c);
	tell_ready(c);
}

static void
tell_stopping(void)
{
	dmf_notify_stopping(d.notify_fd);
}

static void
remove_pidfile(const struct conf *c)
{
	if (c->pid_file != NULL && !d.supervised)
		dmf_pidfile_remove(c->pid_file);
}

/*
 * Goes on in a child and watches over it. DMF_SUPERVISED in the child; in the
 * supervisor, when all is over, the status to exit with.
 */
static int
supervise(const struct conf *c, char *why)
{
	struct dmf_supervisor s = {
		.count_max = (unsigned)c->auto_restart_count, .ready = child_serves,
		.stopping = tell_stopping,
	};
	struct dmf_child child;
	int status;

	if (c->auto_restart_rate != NULL)
		(void)conf_rate(odm_span_str(c->auto_restart_rate), &s.rate_max, &s.rate_secs);
	if (c->background && dmf_process_background(&d.ready_fd, why, WHY_MAX) != 0)
		return give_up(EX_OSERR, why);
	status = dmf_supervise(&s, &child);
	if (status != DMF_SUPERVISED) {
		remove_pidfile(c);
		dmf_process_ready(d.ready_fd, status);
		return status;
	}
	/* The starter and the manager have the supervisor to talk to. */
	if (d.ready_fd >= 0)
		(void)close(d.ready_fd);
	if (d.notify_fd >= 0)
		(void)close(d.notify_fd);
	d.ready_fd = child.ready_fd;
	d.notify_fd = -1;
	d.supervised = true;
	d.restarted = child.restarted;
	return DMF_SUPERVISED;
}

/* Socket, background and threads. EX_OK, or the status to exit with. */
static int
open_service(const struct conf *c, char *why)
{
	/* From here on a stop finds somebody who cleans up. */
	dmf_signals_block();
	dmf_shared_init(&d.shared, d.host_name);
	if (dmf_milter_open(c, &d.shared, why, WHY_MAX) != 0)
		return EX_UNAVAILABLE;
	if (c->background && !d.supervised &&
	    dmf_process_background(&d.ready_fd, why, WHY_MAX) != 0)
		return EX_OSERR;
	return dmf_setup_start(d.setup, NULL, why, WHY_MAX) == 0 ? EX_OK : EX_OSERR;
}

static void
stop(void)
{
	struct dmf_setup *s = dmf_setup_current();
	int secs = 2 * dmf_setup_env(s)->conf->dns_timeout_secs;

	dmf_setup_unref(&s);
	tell_stopping();
	dmf_milter_stop(secs < DRAIN_SECS_MAX ? secs : DRAIN_SECS_MAX);
}

static void
reload(void)
{
	bool good;

	dmf_notify_reloading(d.notify_fd);
	good = dmf_reload(&d.cmd, d.host_name);
	dmf_count(good ? &d.shared.status.reloads_good : &d.shared.status.reloads_bad);
	dmf_notify_ready(d.notify_fd);
}

static void
tick(void)
{
	dmf_metrics_write(&d.metrics, &d.shared);
#ifdef __GLIBC__
	(void)malloc_trim(0);	/* what a burst has left behind goes back to the system */
#endif
}

static void
log_start(const struct conf *c)
{
	const char *args = d.cmd.args;

	log_write(LOG_LEVEL_INFO, PRODUCT " v%s starting%s%s%s", PACKAGE_VERSION,
	    args[0] == '\0' ? "" : " (args: ", args, args[0] == '\0' ? "" : ")");
	dmf_check_log(c, dmf_setup_env(d.setup)->exceptions, d.host_name);
}

/* Serves until a signal says stop; the status to exit with. */
static int
serve(const struct conf *c)
{
	static const struct dmf_server server = { dmf_milter_run, stop, reload, tick };
	int status, saved;

	finish_start(c);
	log_start(c);
	/* A restart is no way back to a configuration that a reload replaced. */
	if (d.restarted && d.cmd.conf_file[0] != '\0')
		dmf_reload(&d.cmd, d.host_name);
	tell_ready(c);
	errno = 0;
	status = dmf_signals_serve(&server);
	saved = errno;
	tick();
	dmf_metrics_close(&d.metrics);
	errno = saved;
	log_write(LOG_LEVEL_INFO, PRODUCT " v%s terminating with status %d, errno = %d",
	    PACKAGE_VERSION, status, errno);
	remove_pidfile(c);
	return status == 0 ? EX_OK : UCHAR_MAX;
}

/* From the checked configuration to the end of the daemon; the status to exit with. */
static int
run(char *why)
{
	const struct conf *c = dmf_setup_env(d.setup)->conf;
	int status;

	status = settle(c, why);
	if (status != EX_OK)
		return give_up(status, why);
	if (c->auto_restart && (status = supervise(c, why)) != DMF_SUPERVISED)
		return status;
	status = open_service(c, why);
	if (status != EX_OK)
		return give_up(status, why);
	/* Names like the pid file's are those of the start, whatever a reload brings. */
	dmf_setup_install(dmf_setup_ref(d.setup));
	status = serve(c);
	dmf_setup_install(NULL);
	return status;
}

static void
check_places(void)
{
	const struct conf *c = dmf_setup_env(d.setup)->conf;

	if (d.cmd.test_files == NULL)
		dmf_places_check(c, d.has_user ? &d.user : NULL);
}

/* Test mode; the status to exit with. */
static int
test(char *why)
{
	int status;

	if (dmf_setup_start(d.setup, NULL, why, WHY_MAX) != 0)
		return give_up(EX_OSERR, why);
	dmf_shared_init(&d.shared, d.host_name);
	dmf_setup_install(dmf_setup_ref(d.setup));
	log_open(DMF_PROGRAM, false, NULL, d.cmd.verbose >= DMF_TESTMODE_LOG);
	status = dmf_testmode_run(d.cmd.test_files, d.cmd.verbose, &d.shared);
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
	else if (d.cmd.check_only)
		check_places();
	else if (d.cmd.test_files != NULL)
		status = test(why);
	else
		status = run(why);
	dmf_setup_unref(&d.setup);
	dmf_user_clear(&d.user);
	return status;
}
