/*
 * reports_main.c - opendmarc-reports: options, then the work that they ask for. Manual:
 * opendmarc-reports(8).
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/log.h"
#include "reports/audit.h"
#include "reports/forensic.h"
#include "reports/mail.h"
#include "reports/reports_private.h"
#include "reports/selftest.h"
#include "reports/suppress.h"

/* Reads a mail that came back; 75 asks the mail server to bring it again. */
static int
take_bounce(struct report_tool *t)
{
	struct report_bounce bounce;
	char why[300];
	int status;

	if ((status = report_tool_identity(t)) >= 0)
		return status;
	if (!report_verp_key_read(t->s.verp_key_file != NULL ? t->s.verp_key_file :
	    DEFAULT_VERP_KEY, false, &t->verp_key, why, sizeof(why)))
		return cli_refuse(CLI_EXIT_FAILED, "%s", why);
	status = report_selftest_bounce(&t->s, &t->identity, &t->verp_key, &bounce);
	if (status != CLI_EXIT_OKAY || bounce.kind != REPORT_BOUNCE_FAILED || t->s.test ||
	    !t->s.update)
		return status;
	if (cli_read_conf(&t->s.common, &t->conf) >= 0 ||
	    cli_open_store(&t->s.common, t->conf, &t->store) >= 0)
		return EXIT_LATER;
	if (report_suppress_bounce(t->store, &bounce, time(NULL)) == 0)
		return CLI_EXIT_OKAY;
	log_write(LOG_LEVEL_ERROR, "database: %s", store_error(t->store));
	return EXIT_LATER;
}

/* --forensic; only a database that is named there is asked. */
static int
forward(struct report_tool *t)
{
	struct report_forensic f = { .now = time(NULL), .test = t->s.test,
	    .verbose = t->s.common.verbose };
	int status;

	if ((status = report_tool_identity(t)) >= 0 || (status = report_tool_lists(t)) >= 0 ||
	    (status = report_tool_delivery(t)) >= 0 || (status = report_tool_stale(t)) >= 0)
		return status;
	if (cli_database_named(&t->s.common) &&
	    ((status = cli_read_conf(&t->s.common, &t->conf)) >= 0 ||
	    (status = cli_open_store(&t->s.common, t->conf, &t->store)) >= 0))
		return status;
	f.transport = t->transport;
	f.silent = t->silent;
	f.stale = t->stale;
	f.store = t->store;
	return report_forensic_run(&f);
}

/* --check-identity */
static int
check_identity(struct report_tool *t)
{
	int status;

	if ((status = report_tool_identity(t)) >= 0)
		return status;
	if ((status = cli_read_conf(&t->s.common, &t->conf)) >= 0 ||
	    (status = report_tool_resolver(t)) >= 0)
		return status;
	return report_selftest_identity(&t->s, &t->identity, t->resolver, t->run.dns_timeout_ms);
}

/* --audit and the list of suppressed destinations: what needs only the database. */
static int
work_on_store(struct report_tool *t)
{
	struct report_window day;
	int status;

	if (t->s.audit != NULL && !report_window_of_date(odm_span_str(t->s.audit), &day))
		return cli_refuse(CLI_EXIT_FAILED,
		    "--audit \"%s\" is no day such as 2026-05-19", t->s.audit);
	if ((status = cli_read_conf(&t->s.common, &t->conf)) >= 0 ||
	    (status = cli_open_store(&t->s.common, t->conf, &t->store)) >= 0)
		return status;
	status = report_suppress_work(&t->s, t->store, time(NULL));
	return status == CLI_EXIT_OKAY && t->s.audit != NULL ?
	    report_audit(t->store, &day) : status;
}

/* The work that the options ask for; the exit status. */
static int
do_work(struct report_tool *t)
{
	const struct report_settings *s = &t->s;
	int status;

	if (s->forensic)
		return forward(t);
	if (s->bounce)
		return take_bounce(t);
	if (s->check_identity)
		return check_identity(t);
	if (s->audit != NULL || s->list_suppressed || s->suppress.nwords > 0 ||
	    s->unsuppress.nwords > 0)
		return work_on_store(t);
	status = report_tool_prepare(t);
	return status < 0 ? report_tool_work(t) : status;
}

static void
finish(struct report_tool *t)
{
	size_t i;

	progress_clear(&t->progress);
	report_transport_free(&t->transport);
	explicit_bzero(&t->delivery.server, sizeof(t->delivery.server));
	report_schema_free(&t->schema);
	report_namelist_free(&t->skip);
	report_namelist_free(&t->silent);
	report_stale_free(&t->stale);
	free(t->windows);
	resolver_free(&t->resolver);
	store_close(&t->store);
	conf_free(&t->conf);
	for (i = 0; i < t->nnames; i++)
		free(t->names[i]);
	free(t->names);
	for (i = 0; i < t->nameservers.nwords; i++)
		free(t->nameservers.words[i]);
	free(t->nameservers.words);
	report_settings_free(&t->s);
	report_mail_exit();
	report_smtp_exit();
}

int
main(int argc, char **argv)
{
	struct report_tool t = { 0 };
	int status;

	log_open("opendmarc-reports", false, NULL, true);
	/* A server that hangs up is an error of one mail, not the end of the program. */
	(void)signal(SIGPIPE, SIG_IGN);
	/* Where it is ignored nobody learns how a mail program ended. */
	(void)signal(SIGCHLD, SIG_DFL);
	report_mail_init();
	status = report_smtp_init() == 0 ? report_settings_read(&t.s, argc, argv) :
	    cli_refuse(CLI_EXIT_FAILED, "libcurl cannot be started");
	if (status < 0)
		status = do_work(&t);
	finish(&t);
	if (fflush(stdout) != 0 && status == CLI_EXIT_OKAY)
		status = CLI_EXIT_FAILED;
	return status;
}
