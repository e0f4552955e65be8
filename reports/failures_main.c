/*
 * failures_main.c - opendmarc-failures: options, then the reports, then their mail.
 */
#include "config.h"

#include <sys/stat.h>
#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "libopendmarc/base/domain.h"
#include "reports/arf.h"
#include "reports/cli.h"
#include "reports/deliver_program.h"
#include "reports/deliver_smtp.h"
#include "reports/failures.h"
#include "reports/identity.h"
#include "reports/mail.h"

#define EXIT_LATER	75	/* EX_TEMPFAIL: something is left for a later run */

/* Rounds of questions that the check of one report's destinations may take. */
#define DNS_ROUNDS	3

#define DAY_SECS	(24 * 60 * 60)

struct settings {
	struct cli_common common;
	const char	*spool, *nameservers, *smtp_server;
	int64_t		 smtp_port, max_age_days, timeout_secs;
	bool		 test;
};

/* Everything that has to be closed again. */
struct tool {
	struct settings	 s;
	struct conf	*conf;
	struct resolver	*resolver;
	struct report_smtp *smtp;	/* NULL: the command */
	struct report_command command;
	struct report_redact redact;
	struct report_namelist *noreports;
	struct report_failures run;
	char		 from[FAILURE_VALUE_MAX];
	char		 sender[ODM_URI_ADDRESS_MAX + 1];
	char		 host[ODM_NAME_MAX + 1];
	int		 lock;
};

#define AT(member)	offsetof(struct settings, member)

static const struct cli_option options[] = {
	{ "conf", NULL, CLI_STRING, AT(common.conf), 0, 0, false, "file",
	  "configuration of the filter" },
	{ "config", NULL, CLI_STRING, AT(common.conf), 0, 0, false, "file", NULL },
	{ "spool", NULL, CLI_STRING, AT(spool), 0, 0, false, "folder",
	  "where the filter leaves failures" },
	{ "test", "n", CLI_FLAG, AT(test), 0, 0, false, NULL,
	  "print what would be sent, change nothing" },
	{ "smtp-server", NULL, CLI_STRING, AT(smtp_server), 0, 0, false, "host",
	  "send by SMTP, not by ReportCommand" },
	{ "smtp-port", NULL, CLI_NUMBER, AT(smtp_port), 1, 65535, false, "port",
	  "its port (25)" },
	{ "timeout", NULL, CLI_NUMBER, AT(timeout_secs), 1, 3600, false, "seconds",
	  "how long ReportCommand may take (60)" },
	{ "max-age", NULL, CLI_NUMBER, AT(max_age_days), 1, 365, false, "days",
	  "drop what is older (3)" },
	{ "nameservers", NULL, CLI_STRING, AT(nameservers), 0, 0, false, "list",
	  "DNS servers, IP or IP@port" },
	{ "help", NULL, CLI_FLAG, AT(common.help), 0, 0, false, NULL, "print this and stop" },
	{ "verbose", NULL, CLI_COUNT, AT(common.verbose), 0, 0, false, NULL,
	  "tell what is done" },
	{ "version", NULL, CLI_FLAG, AT(common.version), 0, 0, false, NULL,
	  "print the version and stop" },
};

static int
read_options(struct settings *s, int argc, char **argv)
{
	return cli_parse(&s->common, options, COUNT(options), s, argc, argv);
}

/* Says why an option of the configuration cannot be used. */
static int
refuse_option(const struct tool *t, const char *name, const char *why)
{
	char where[512];

	conf_where(t->conf, name, where, sizeof(where));
	return cli_refuse(CLI_EXIT_CONFIG, "%s: %s: %s", where, name, why);
}

static int
choose_spool(struct tool *t)
{
	struct stat st;

	t->run.spool = t->s.spool != NULL ? t->s.spool :
	    t->conf->failure_reports_spool != NULL ? t->conf->failure_reports_spool :
	    STATEDIR "/failures";
	if (stat(t->run.spool, &st) == 0 && S_ISDIR(st.st_mode))
		return -1;
	/* A timer that is installed with the package must be quiet where nothing is wanted. */
	if (t->s.spool == NULL && !t->conf->failure_reports)
		return CLI_EXIT_OKAY;
	return cli_refuse(CLI_EXIT_CONFIG, "%s is no folder; create it and give it to the user of "
	    "the filter, mode 0700", t->run.spool);
}

static int
lock_spool(struct tool *t)
{
	if (t->s.test)
		return -1;
	t->lock = report_failures_lock(t->run.spool);
	if (t->lock >= 0)
		return -1;
	if (errno != EWOULDBLOCK)
		return cli_refuse(CLI_EXIT_CONFIG, "%s: %s", t->run.spool, strerror(errno));
	if (t->s.common.verbose > 0)
		(void)printf("another run is at work in %s\n", t->run.spool);
	return CLI_EXIT_OKAY;
}

/* Who sends: FailureReportsSentBy, or this user at this host. */
static int
choose_sender(struct tool *t)
{
	const struct passwd *pw = getpwuid(geteuid());
	bool has_host = report_host_name(t->host);
	int len;

	t->run.from = t->conf->failure_reports_sent_by;
	if (t->run.from == NULL) {
		if (!has_host)
			return cli_refuse(CLI_EXIT_CONFIG, "this host has no full name to make a "
			    "sender of: set FailureReportsSentBy");
		len = snprintf(t->from, sizeof(t->from), "OpenDMARC Filter <%s@%s>",
		    pw != NULL ? pw->pw_name : "postmaster", t->host);
		t->run.from = len > 0 && (size_t)len < sizeof(t->from) ? t->from : "";
	}
	if (!report_arf_sender(t->run.from, t->sender))
		return refuse_option(t, "FailureReportsSentBy", "it is no mail address such as "
		    "DMARC reports <noreply@example.com>");
	t->run.sender = t->sender;
	return -1;
}

static int
choose_redaction(struct tool *t)
{
	char path[PATH_MAX], why[PATH_MAX + 200];
	int len = snprintf(path, sizeof(path), "%s/.secret", t->run.spool);

	if (!t->conf->failure_reports_redact)
		return -1;
	/* A test makes no file: without a secret yet, any will do. */
	if (len < 0 || (size_t)len >= sizeof(path))
		return cli_refuse(CLI_EXIT_CONFIG, "%s: %s", t->run.spool, strerror(ENAMETOOLONG));
	if ((!t->s.test || access(path, F_OK) == 0) &&
	    !report_redact_open(path, &t->redact, why, sizeof(why)))
		return cli_refuse(CLI_EXIT_CONFIG, "%s", why);
	t->run.redact = &t->redact;
	return -1;
}

static int
read_noreports(struct tool *t)
{
	char why[700];

	if (t->conf->no_reports_list == NULL)
		return -1;
	t->noreports = report_namelist_read(t->conf->no_reports_list, true, why,
	    sizeof(why));
	if (t->noreports == NULL)
		return refuse_option(t, "NoReportsList", why);
	t->run.noreports = t->noreports;
	return -1;
}

static int
choose_delivery(struct tool *t)
{
	struct report_smtp_server server = { .host = t->s.smtp_server,
	    .port = (int)t->s.smtp_port,
	    .helo = t->host[0] != '\0' ? t->host : strrchr(t->sender, '@') + 1,
	    .tls = REPORT_SMTP_TLS_TRY };
	const char *why;

	if (t->s.smtp_server != NULL) {
		if ((t->smtp = report_smtp_new(&server)) == NULL)
			return cli_refuse(CLI_EXIT_FAILED, "--smtp-server %s cannot be used",
			    t->s.smtp_server);
		return -1;
	}
	if (!report_command_split(t->conf->report_command, &t->command, &why))
		return refuse_option(t, "ReportCommand", why);
	return -1;
}

static int
start_resolver(struct tool *t)
{
	char why[256];

	if (t->s.nameservers != NULL &&
	    !conf_override(t->conf, "Nameservers", t->s.nameservers, why, sizeof(why)))
		return cli_refuse(CLI_EXIT_FAILED, "--nameservers: %s", why);
	t->resolver = resolver_new(&t->conf->nameservers, t->conf->dns_timeout_secs, why,
	    sizeof(why));
	if (t->resolver == NULL)
		return cli_refuse(CLI_EXIT_CONFIG, "DNS servers: %s", why);
	t->run.resolver = t->resolver;
	t->run.dns_timeout_ms = (int64_t)t->conf->dns_timeout_secs * 1000 * DNS_ROUNDS;
	return -1;
}

static enum report_outcome
send_mail(void *arg, const char *recipient, struct odm_span mail,
    char reason[REPORT_REASON_SIZE])
{
	struct tool *t = arg;

	if (t->smtp != NULL)
		return report_smtp_send(t->smtp, t->sender, recipient, mail, reason);
	return report_command_send(&t->command, mail, (int)t->s.timeout_secs, reason);
}

/* Sends what is due; the exit status. */
static int
send_all(struct tool *t)
{
	struct report_failqueue queue = { .spool = t->run.spool, .now = t->run.now,
	    .max_age_secs = t->run.max_age_secs, .send = send_mail, .arg = t,
	    .verbose = t->s.common.verbose > 0 };

	if (report_failqueue_run(&queue) != 0)
		return cli_refuse(CLI_EXIT_CONFIG, "%s: %s", t->run.spool, strerror(errno));
	if (t->s.common.verbose > 0)
		(void)printf("%u mails sent, %u wait, %u given up\n", queue.sent, queue.failed,
		    queue.dropped);
	if (queue.broken > 0)
		return CLI_EXIT_FAILED;
	return queue.failed + queue.dropped > 0 ? EXIT_LATER : CLI_EXIT_OKAY;
}

/* Makes the reports and sends them; the exit status. */
static int
work(struct tool *t)
{
	int status = CLI_EXIT_OKAY;

	if (report_failures_collect(&t->run) != 0)
		return cli_refuse(CLI_EXIT_CONFIG, "%s: %s", t->run.spool, strerror(errno));
	if (t->s.common.verbose > 0 || t->s.test)
		(void)printf("%u reports made, %u wait, %u entries too old, %u broken\n",
		    t->run.reports, t->run.waiting, t->run.dropped, t->run.broken);
	if (!t->s.test)
		status = send_all(t);
	if (t->run.broken > 0)
		return CLI_EXIT_FAILED;
	return status == CLI_EXIT_OKAY && t->run.waiting > 0 ? EXIT_LATER : status;
}

/* -1 when all is ready for work(), else the exit status. */
static int
prepare(struct tool *t)
{
	int status;

	if ((status = cli_read_conf(&t->s.common, &t->conf)) >= 0 ||
	    (status = choose_spool(t)) >= 0 || (status = choose_sender(t)) >= 0 ||
	    (status = read_noreports(t)) >= 0 || (status = choose_delivery(t)) >= 0 ||
	    (status = lock_spool(t)) >= 0 || (status = choose_redaction(t)) >= 0 ||
	    (status = start_resolver(t)) >= 0)
		return status;
	t->run.now = (int64_t)time(NULL);
	t->run.max_age_secs = t->s.max_age_days * DAY_SECS;
	t->run.copies = &t->conf->failure_reports_bcc;
	t->run.test = t->s.test;
	t->run.verbose = t->s.common.verbose;
	return -1;
}

static void
finish(struct tool *t)
{
	report_smtp_free(&t->smtp);
	report_command_free(&t->command);
	resolver_free(&t->resolver);
	report_namelist_free(&t->noreports);
	conf_free(&t->conf);
	if (t->lock >= 0)
		(void)close(t->lock);
	report_mail_exit();
	report_smtp_exit();
}

/* Where SIGCHLD is ignored nobody learns how a command ended. */
static void
set_signals(void)
{
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGCHLD, SIG_DFL);
}

int
main(int argc, char **argv)
{
	struct tool t = { .s = { .common.prog = "opendmarc-failures", .smtp_port = 25,
	    .timeout_secs = 60, .max_age_days = 3 }, .lock = -1 };
	int status;

	log_open(t.s.common.prog, false, NULL, true);
	set_signals();
	report_mail_init();
	status = report_smtp_init() == 0 ? read_options(&t.s, argc, argv) :
	    cli_refuse(CLI_EXIT_FAILED, "libcurl cannot be started");
	if (status < 0) {
		status = prepare(&t);
		if (status < 0)
			status = work(&t);
	}
	finish(&t);
	if (fflush(stdout) != 0 && status == CLI_EXIT_OKAY)
		status = CLI_EXIT_FAILED;
	return status;
}
