/*
 * reports_main.c - opendmarc-reports: options, then the windows, then the mail.
 */
#include "config.h"

#include <sys/stat.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/log.h"
#include "libopendmarc/base/domain.h"
#include "reports/cli.h"
#include "reports/deliver_smtp.h"
#include "reports/mail.h"
#include "reports/queue.h"
#include "reports/run.h"

#define EXIT_LATER	75	/* EX_TEMPFAIL: something is left for a later run */

/* Rounds of questions that the check of one domain's destinations may take. */
#define DNS_ROUNDS	3

struct settings {
	struct cli_common common;
	struct report_identity_options identity;
	const char	*date, *to_dir, *nameservers, *smtp_server;
	int64_t		 smtp_port;
	bool		 day, test;
	struct cli_list	 only, without;
};

/* Everything that has to be closed again. */
struct tool {
	struct settings	 s;
	struct conf	*conf;
	struct store	*store;
	struct resolver	*resolver;
	struct report_smtp *smtp;
	struct report_identity identity;
	struct report_run run;
	char		**names;	/* of only, then of without, normalised */
	size_t		 nnames;
	struct conf_list nameservers;
	struct report_window windows[REPORT_DAYS_BACK];
	size_t		 nwindows;
};

static int
read_options(struct settings *s, int argc, char **argv)
{
	const struct cli_option options[] = {
		CLI_COMMON_OPTIONS(&s->common),
		{ "date", NULL, CLI_STRING, &s->date, 0, 0, false, "YYYY-MM-DD",
		  "report this UTC day" },
		{ "day", NULL, CLI_FLAG, &s->day, 0, 0, true, NULL, "report the previous UTC day" },
		{ "domain", NULL, CLI_LIST, &s->only, 0, 0, true, "name",
		  "only reports with this domain" },
		{ "nodomain", NULL, CLI_LIST, &s->without, 0, 0, true, "name",
		  "no report about this domain" },
		{ "to-dir", NULL, CLI_STRING, &s->to_dir, 0, 0, false, "folder",
		  "write reports there, send nothing" },
		{ "test", "n", CLI_FLAG, &s->test, 0, 0, true, NULL,
		  "print what would be sent, send nothing" },
		{ "report-email", NULL, CLI_STRING, &s->identity.email, 0, 0, true, "address",
		  "sender of the reports" },
		{ "report-contact", NULL, CLI_STRING, &s->identity.contact, 0, 0, true, "address",
		  "whom readers may ask" },
		{ "report-org", NULL, CLI_STRING, &s->identity.org, 0, 0, true, "name",
		  "name of your organization" },
		{ "report-domain", NULL, CLI_STRING, &s->identity.domain, 0, 0, false, "name",
		  "domain of the reporter" },
		{ "smtp-server", NULL, CLI_STRING, &s->smtp_server, 0, 0, true, "host",
		  "mail server (127.0.0.1)" },
		{ "smtp-port", NULL, CLI_NUMBER, &s->smtp_port, 1, 65535, true, "port",
		  "its port (25)" },
		{ "nameservers", NULL, CLI_STRING, &s->nameservers, 0, 0, false, "list",
		  "DNS servers, IP or IP@port" },
	};

	return cli_parse(&s->common, options, COUNT(options), argc, argv);
}

/* Says why nothing can be done; the exit status. */
static int __attribute__((format(printf, 1, 2)))
refuse(const char *format, ...)
{
	char text[500];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	log_write(LOG_LEVEL_ERROR, "%s", text);
	return CLI_EXIT_FAILED;
}

/* Adds the normalised names of one list; false, all said, when one is no name. */
static bool
take_names(struct tool *t, const struct cli_list *list, const char *option)
{
	char name[ODM_NAME_MAX + 1];
	size_t i;

	for (i = 0; i < list->nwords; i++) {
		if (!odm_domain_normalise(odm_span_str(list->words[i]), name)) {
			log_write(LOG_LEVEL_ERROR, "--%s \"%s\" is no domain name", option,
			    list->words[i]);
			return false;
		}
		if ((t->names[t->nnames] = strdup(name)) == NULL) {
			log_write(LOG_LEVEL_ERROR, "%s", strerror(ENOMEM));
			return false;
		}
		t->nnames++;
	}
	return true;
}

static int
choose_names(struct tool *t)
{
	size_t n = t->s.only.nwords + t->s.without.nwords;

	if (n == 0)
		return -1;
	if ((t->names = calloc(n, sizeof(*t->names))) == NULL)
		return refuse("%s", strerror(ENOMEM));
	if (!take_names(t, &t->s.only, "domain") || !take_names(t, &t->s.without, "nodomain"))
		return CLI_EXIT_FAILED;
	t->run.only = (const char *const *)t->names;
	t->run.nonly = t->s.only.nwords;
	t->run.without = t->run.only + t->run.nonly;
	t->run.nwithout = t->s.without.nwords;
	return -1;
}

/* The days to report: one that was named, or those that may have been missed, oldest first. */
static int
choose_windows(struct tool *t)
{
	const struct settings *s = &t->s;
	int i;

	if (s->date != NULL && s->day)
		return refuse("--date and --day name two days: leave one out");
	if (s->date != NULL) {
		if (!report_window_of_date(odm_span_str(s->date), &t->windows[0]))
			return refuse("--date \"%s\" is no day such as 2026-05-19", s->date);
		t->nwindows = 1;
		if (t->run.mode == REPORT_MODE_SEND &&
		    !report_window_over(&t->windows[0], t->run.now))
			return refuse("--date %s: that UTC day is not over; wait for its end, or "
			    "look at it with --test or --to-dir", s->date);
		return -1;
	}
	t->nwindows = s->day || t->run.mode != REPORT_MODE_SEND ? 1 : REPORT_DAYS_BACK;
	for (i = 0; i < (int)t->nwindows; i++)
		t->windows[i] = report_window_back(t->run.now, (int)t->nwindows - i);
	return -1;
}

static int
choose_mode(struct tool *t)
{
	t->run.mode = t->s.test ? REPORT_MODE_TEST :
	    t->s.to_dir != NULL ? REPORT_MODE_DIR : REPORT_MODE_SEND;
	t->run.dir = t->s.to_dir;
	t->run.verbose = t->s.common.verbose;
	t->run.now = time(NULL);
	if (t->run.mode == REPORT_MODE_DIR && mkdir(t->s.to_dir, 0777) != 0 && errno != EEXIST) {
		log_write(LOG_LEVEL_ERROR, "--to-dir %s: %s", t->s.to_dir, strerror(errno));
		return CLI_EXIT_FAILED;
	}
	return -1;
}

static int
choose_identity(struct tool *t)
{
	char host[ODM_NAME_MAX + 1], why[256];

	(void)report_host_name(host);
	if (report_identity_make(&t->s.identity, host, &t->identity, why, sizeof(why)))
		return -1;
	return refuse("%s", why);
}

/* Words of --nameservers, copied; the list is freed with the tool. */
static bool
split_nameservers(struct tool *t)
{
	struct odm_span rest = odm_span_str(t->s.nameservers), word;
	struct conf_list *list = &t->nameservers;

	list->words = calloc(rest.len + 1, sizeof(*list->words));
	while (list->words != NULL && odm_span_next(&rest, ',', &word)) {
		word = odm_span_trim(word);
		if (word.len == 0)
			continue;
		if ((list->words[list->nwords] = strndup(word.at, word.len)) == NULL)
			return false;
		list->nwords++;
	}
	return list->words != NULL;
}

static int
start_resolver(struct tool *t)
{
	const struct conf_list *servers = &t->conf->nameservers;
	char why[256];

	if (t->s.nameservers != NULL) {
		if (!split_nameservers(t))
			return refuse("%s", strerror(ENOMEM));
		servers = &t->nameservers;
	}
	t->resolver = resolver_new(servers, t->conf->dns_timeout_secs, why, sizeof(why));
	if (t->resolver == NULL) {
		log_write(LOG_LEVEL_ERROR, "DNS servers: %s", why);
		return t->s.nameservers != NULL ? CLI_EXIT_FAILED : CLI_EXIT_CONFIG;
	}
	t->run.dns_timeout_ms = (int64_t)t->conf->dns_timeout_secs * 1000 * DNS_ROUNDS;
	return -1;
}

static enum report_smtp_outcome
send_mail(void *arg, const char *recipient, struct odm_span mail,
    char reason[REPORT_SMTP_REASON_SIZE])
{
	struct tool *t = arg;

	return report_smtp_send(t->smtp, t->identity.email, recipient, mail, reason);
}

static bool
wants_delivery(void *arg, const char *policy_domain)
{
	struct tool *t = arg;

	return report_run_wants(&t->run, policy_domain);
}

static void
tell_delivery(void *arg, const struct store_delivery *d, enum store_delivery_state state,
    const char *reason)
{
	struct tool *t = arg;

	if (reason == NULL) {
		if (t->s.common.verbose > 0)
			(void)printf("sent report for %s to %s\n", d->policy_domain, d->destination);
		return;
	}
	log_write(LOG_LEVEL_WARNING, "failed to send report for %s to %s (%s)%s",
	    d->policy_domain, d->destination, reason,
	    state == STORE_DELIVERY_DEAD ? "; it is given up" : "");
}

/* Sends what is due, of this and of earlier runs. */
static int
send_queue(struct tool *t)
{
	struct report_smtp_server server = { t->s.smtp_server, (int)t->s.smtp_port,
	    t->identity.helo };
	struct report_queue queue = { .store = t->store, .now = t->run.now,
	    .send = send_mail, .send_arg = t, .wants = wants_delivery,
	    .tell = tell_delivery, .arg = t };

	if ((t->smtp = report_smtp_new(&server)) == NULL)
		return refuse("--smtp-server %s cannot be used", t->s.smtp_server);
	if (report_queue_run(&queue) != 0) {
		log_write(LOG_LEVEL_ERROR, "database: %s", store_error(t->store));
		return CLI_EXIT_FAILED;
	}
	if (queue.unreachable)
		log_write(LOG_LEVEL_ERROR, "no connection to %s port %d; the mail waits for "
		    "the next run", t->s.smtp_server, (int)t->s.smtp_port);
	if (t->s.common.verbose > 0)
		(void)printf("%u mails sent, %u failed, %u given up\n", queue.sent, queue.failed,
		    queue.dead);
	return queue.failed + queue.dead > 0 ? EXIT_LATER : CLI_EXIT_OKAY;
}

/* Makes the reports and sends them; the exit status. */
static int
work(struct tool *t)
{
	int status = CLI_EXIT_OKAY;
	size_t i;

	for (i = 0; i < t->nwindows; i++)
		if (report_run_window(&t->run, &t->windows[i]) != 0)
			return CLI_EXIT_FAILED;
	if (t->s.common.verbose > 0 || t->run.mode == REPORT_MODE_TEST)
		(void)printf("%u reports made, %u wait, %u could not be made\n", t->run.reports,
		    t->run.waiting, t->run.broken);
	if (t->run.mode == REPORT_MODE_SEND)
		status = send_queue(t);
	if (t->run.broken > 0)
		return CLI_EXIT_FAILED;
	return status == CLI_EXIT_OKAY && t->run.waiting > 0 ? EXIT_LATER : status;
}

/* -1 when all is ready for work(), else the exit status. */
static int
prepare(struct tool *t)
{
	int status;

	if ((status = choose_mode(t)) >= 0 || (status = choose_windows(t)) >= 0 ||
	    (status = choose_names(t)) >= 0 || (status = choose_identity(t)) >= 0 ||
	    (status = cli_read_conf(&t->s.common, &t->conf)) >= 0 ||
	    (status = start_resolver(t)) >= 0 ||
	    (status = cli_open_store(&t->s.common, t->conf, &t->store)) >= 0)
		return status;
	t->run.store = t->store;
	t->run.resolver = t->resolver;
	t->run.identity = &t->identity;
	return -1;
}

static void
finish(struct tool *t)
{
	size_t i;

	report_smtp_free(&t->smtp);
	resolver_free(&t->resolver);
	store_close(&t->store);
	conf_free(&t->conf);
	cli_list_free(&t->s.only);
	cli_list_free(&t->s.without);
	for (i = 0; i < t->nnames; i++)
		free(t->names[i]);
	free(t->names);
	for (i = 0; i < t->nameservers.nwords; i++)
		free(t->nameservers.words[i]);
	free(t->nameservers.words);
	report_mail_exit();
	report_smtp_exit();
}

int
main(int argc, char **argv)
{
	struct tool t = { .s = { .common.prog = "opendmarc-reports",
	    .smtp_server = "127.0.0.1", .smtp_port = 25 } };
	int status;

	log_open(t.s.common.prog, false, NULL, true);
	/* A server that hangs up is an error of one mail, not the end of the program. */
	(void)signal(SIGPIPE, SIG_IGN);
	report_mail_init();
	status = report_smtp_init() == 0 ? read_options(&t.s, argc, argv) :
	    refuse("libcurl cannot be started");
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
