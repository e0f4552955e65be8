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
#include <unistd.h>

#include "common/log.h"
#include "libopendmarc/base/domain.h"
#include "reports/audit.h"
#include "reports/cli.h"
#include "reports/forensic.h"
#include "reports/mail.h"
#include "reports/progress.h"
#include "reports/queue.h"
#include "reports/run.h"
#include "reports/selftest.h"
#include "reports/settings.h"
#include "reports/suppress.h"
#include "reports/transport.h"

#define EXIT_LATER	75	/* EX_TEMPFAIL: something is left for a later run */

/* Rounds of questions that the check of one domain's destinations may take. */
#define DNS_ROUNDS	3

#define DAY_SECS	86400

/* Of --interval: as many reports as a domain owner bears, and messages as one can hold. */
#define INTERVAL_MIN_SECS	600
#define INTERVAL_MAX_SECS	(31 * DAY_SECS)

/* Of --verp; made when it is needed first. */
#define DEFAULT_VERP_KEY	STATEDIR "/verp.key"

/* Everything that has to be closed again. */
struct tool {
	struct report_settings s;
	struct conf	*conf;
	struct store	*store;
	struct resolver	*resolver;
	struct report_schema *schema;
	struct report_namelist *skip, *silent;
	struct report_stale *stale;
	struct report_verp_key verp_key;
	struct report_transport_options delivery;
	struct report_transport *transport;
	struct report_identity identity;
	struct report_run run;
	struct progress	 progress;	/* of the reports, then of the mails */
	int64_t		 mails;		/* tried in this run */
	char		**names;	/* of only, then of without, normalised */
	size_t		 nnames;
	struct conf_list nameservers;
	bool		 closed;	/* the windows are those that are over */
	struct report_window *windows;
	size_t		 nwindows;
};

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

/* The first second that a run without a date looks at. */
static int
choose_oldest(struct tool *t, int64_t *oldest_r)
{
	int64_t usual = report_window_back(t->run.now, REPORT_DAYS_BACK).begin;
	int64_t limit = report_window_back(t->run.now, REPORT_DAYS_BACK_MAX).begin;
	int64_t end;

	if (store_ledger_end(t->store, &end) != 0)
		return refuse("database: %s", store_error(t->store));
	*oldest_r = end == 0 || end > usual ? usual : end < limit ? limit : end;
	return -1;
}

/*
 * The windows that are over for long enough and not older than some days, oldest first;
 * the database tells how many days.
 */
static int
choose_closed(struct tool *t)
{
	int64_t length = t->s.interval_secs != 0 ? t->s.interval_secs : DAY_SECS;
	int64_t newest = t->run.now - t->s.delay_secs;
	int64_t oldest = 0;
	struct report_window w;
	size_t most;

	if (!t->closed)
		return -1;
	if (choose_oldest(t, &oldest) >= 0)
		return CLI_EXIT_FAILED;
	most = 2 + REPORT_DAYS_BACK_MAX + (size_t)((t->run.now - oldest) / length);
	if ((t->windows = calloc(most, sizeof(*t->windows))) == NULL)
		return refuse("%s", strerror(ENOMEM));
	for (w = report_window_holding(oldest, length); w.end <= newest && t->nwindows < most;
	    w = report_window_holding(w.end, length))
		t->windows[t->nwindows++] = w;
	/* A look needs one window only: the last one. */
	if (t->run.mode != REPORT_MODE_SEND && t->nwindows > 1) {
		t->windows[0] = t->windows[t->nwindows - 1];
		t->nwindows = 1;
	}
	return -1;
}

/* Windows of a length that makes sense; 1.x took any number. */
static void
bound_interval(struct report_settings *s)
{
	int64_t given = s->interval_secs;

	if (given > 0 && given < INTERVAL_MIN_SECS)
		s->interval_secs = INTERVAL_MIN_SECS;
	else if (given > INTERVAL_MAX_SECS)
		s->interval_secs = INTERVAL_MAX_SECS;
	if (s->interval_secs != given)
		log_write(LOG_LEVEL_WARNING, "--interval is %d and not %d: windows have from %d to "
		    "%d seconds", (int)s->interval_secs, (int)given, INTERVAL_MIN_SECS,
		    INTERVAL_MAX_SECS);
}

/* The windows to report: those that were named, or later those that may have been missed. */
static int
choose_windows(struct tool *t)
{
	const struct report_settings *s = &t->s;

	bound_interval(&t->s);
	if (s->date != NULL && (s->day || s->interval_secs != 0))
		return refuse("--date and --%s name two times: leave one out",
		    s->day ? "day" : "interval");
	if (s->day && s->interval_secs != 0)
		log_write(LOG_LEVEL_WARNING, "WARN: --day overrides --interval");
	t->closed = s->date == NULL && !s->day && (t->run.mode == REPORT_MODE_SEND ||
	    s->interval_secs != 0);
	if (t->closed)
		return -1;
	if ((t->windows = calloc(1, sizeof(*t->windows))) == NULL)
		return refuse("%s", strerror(ENOMEM));
	t->nwindows = 1;
	t->windows[0] = report_window_back(t->run.now, 1);
	if (s->date == NULL)
		return -1;
	if (!report_window_of_date(odm_span_str(s->date), &t->windows[0]))
		return refuse("--date \"%s\" is no day such as 2026-05-19", s->date);
	if ((t->run.mode == REPORT_MODE_SEND || t->run.mode == REPORT_MODE_DIRECT) &&
	    !report_window_over(&t->windows[0], t->run.now))
		return refuse("--date %s: that UTC day is not over; wait for its end, or "
		    "look at it with --test or --to-dir", s->date);
	return -1;
}

static int
choose_mode(struct tool *t)
{
	const struct report_settings *s = &t->s;

	t->run.mode = s->to_dir != NULL && !s->test ? REPORT_MODE_DIR :
	    s->test ? REPORT_MODE_TEST : s->update ? REPORT_MODE_SEND : REPORT_MODE_DIRECT;
	t->run.dir = s->to_dir;
	t->run.verbose = s->common.verbose;
	t->run.now = time(NULL);
	t->run.keep = s->keepfiles || s->test;
	t->run.kept_dir = s->workdir != NULL ? s->workdir : ".";
	t->run.require_pass = s->require_pass;
	t->run.https = s->https;
	t->run.bcc = s->bcc;
	if (s->bcc != NULL && !report_mail_address_okay(odm_span_str(s->bcc)))
		return refuse("--report-bcc \"%s\" is no mail address such as dmarc@example.com",
		    s->bcc);
	if (t->run.mode == REPORT_MODE_DIR && mkdir(s->to_dir, 0777) != 0 && errno != EEXIST)
		return refuse("--to-dir %s: %s", s->to_dir, strerror(errno));
	return -1;
}

/* Reads a file of names; false, all said, when it cannot be read. */
static bool
read_list(const char *option, const char *path, struct report_namelist **list_r)
{
	char why[700];

	if (path == NULL ||
	    (*list_r = report_namelist_read(path, false, why, sizeof(why))) != NULL)
		return true;
	(void)refuse("--%s %s", option, why);
	return false;
}

static int
read_lists(struct tool *t)
{
	if (!read_list("skipdomains", t->s.skipdomains, &t->skip) ||
	    !read_list("no-reports-list", t->s.no_reports_list, &t->silent))
		return CLI_EXIT_FAILED;
	t->run.skip = t->skip;
	t->run.silent = t->silent;
	return -1;
}

static int
read_schema(struct tool *t)
{
	enum report_format format = REPORT_FORMAT_RFC9990;
	char why[REPORT_SCHEMA_WHY_SIZE];

	if (t->s.format != NULL && !report_format_of(t->s.format, &format))
		return refuse("--format is rfc9990 or rfc7489");
	t->schema = report_schema_open(t->s.schema_dir, format, why);
	t->run.schema = t->schema;
	if (t->schema != NULL)
		return -1;
	(void)refuse("%s; --schema-dir says where it is", why);
	return CLI_EXIT_CONFIG;
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

/* --stale-check */
static int
prepare_stale(struct tool *t)
{
	char why[300];

	if (!t->s.stale_check)
		return -1;
	t->stale = report_stale_new(t->s.stale_server, t->s.stale_def_deny, t->s.smtp_ca_file,
	    why, sizeof(why));
	t->run.stale = t->stale;
	return t->stale != NULL ? -1 : refuse("--stale-server: %s", why);
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

/* How mail is sent; nothing is connected yet. */
static int
prepare_delivery(struct tool *t)
{
	struct report_transport_options *o = &t->delivery;
	const struct report_settings *s = &t->s;
	char why[300];

	if (!report_settings_server(s, t->identity.helo, &o->server, why, sizeof(why)))
		return refuse("%s", why);
	if (s->sendmail != NULL && s->sendmail[0] != '/')
		return refuse("--sendmail \"%s\" is no path that begins with /", s->sendmail);
	o->sendmail = s->sendmail;
	o->https = s->https;
	o->https_private = s->https_private;
	o->ca_file = s->smtp_ca_file;
	o->silent = t->silent;
	o->max_mails = s->max_mails;
	o->max_per_domain = s->max_per_domain;
	if (s->verp) {
		if (!report_verp_key_read(s->verp_key_file != NULL ? s->verp_key_file :
		    DEFAULT_VERP_KEY, true, &t->verp_key, why, sizeof(why)))
			return refuse("%s", why);
		o->verp_key = &t->verp_key;
	}
	if ((t->transport = report_transport_new(o, &t->identity)) == NULL)
		return refuse("--smtp-server %s cannot be used", s->smtp_server);
	return -1;
}

static enum report_outcome
send_delivery(void *arg, const struct store_delivery *d, struct odm_span octets,
    char reason[REPORT_REASON_SIZE])
{
	struct tool *t = arg;
	char why[REPORT_SUPPRESS_WHY_SIZE];
	enum report_outcome outcome;
	bool suppressed;

	if (report_suppressed(t->store, d->destination, t->run.now, &suppressed, why) != 0) {
		report_reason(store_error(t->store), reason);
		return REPORT_HELD;
	}
	if (suppressed) {
		(void)snprintf(reason, REPORT_REASON_SIZE, "it is suppressed: %s", why);
		if (t->s.common.verbose > 0)
			(void)printf("not to %s: %s\n", d->destination, reason);
		return REPORT_BARRED;
	}
	outcome = report_transport_send(t->transport, d->destination, octets, reason);
	if (outcome == REPORT_HELD && t->s.common.verbose > 0)
		(void)printf("not yet to %s: %s\n", d->destination, reason);
	return outcome;
}

static enum report_outcome
send_direct(void *arg, const char *destination, struct odm_span octets,
    char reason[REPORT_REASON_SIZE])
{
	struct tool *t = arg;

	return report_transport_send(t->transport, destination, octets, reason);
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

	t->mails++;
	if (t->run.progress != NULL)
		progress_show(t->run.progress, t->mails, 0, 0);
	if (reason == NULL) {
		if (t->s.common.verbose > 0)
			(void)printf("sent report for %s to %s\n", d->policy_domain, d->destination);
		return;
	}
	log_write(LOG_LEVEL_WARNING, "failed to send report for %s to %s (%s)%s",
	    d->policy_domain, d->destination, reason,
	    state == STORE_DELIVERY_DEAD ? "; it is given up" : "");
}

/* --spread: reporters all over the world begin at midnight; each waits a time of its own. */
static void
wait_for_turn(const struct tool *t)
{
	int64_t secs = report_caps_wait_secs(t->identity.submitter, t->s.spread_secs);

	if (secs > 0 && t->s.common.verbose > 0)
		(void)printf("waiting for %d seconds\n", (int)secs);
	if (secs > 0)
		(void)sleep((unsigned)secs);
}

static void
say_unreachable(const struct tool *t)
{
	if (t->s.sendmail != NULL)
		log_write(LOG_LEVEL_ERROR, "%s cannot be run; the mail waits for the next run",
		    t->s.sendmail);
	else
		log_write(LOG_LEVEL_ERROR, "no connection to %s port %d; the mail waits for the "
		    "next run", t->s.smtp_server, t->delivery.server.port);
}

/* Sends what is due, of this and of earlier runs. */
static int
send_queue(struct tool *t)
{
	struct report_queue queue = { .store = t->store, .now = t->run.now,
	    .send = send_delivery, .send_arg = t, .wants = wants_delivery,
	    .tell = tell_delivery, .arg = t };

	wait_for_turn(t);
	if (report_queue_run(&queue) != 0) {
		log_write(LOG_LEVEL_ERROR, "database: %s", store_error(t->store));
		return CLI_EXIT_FAILED;
	}
	if (queue.unreachable)
		say_unreachable(t);
	if (queue.held > 0)
		log_write(LOG_LEVEL_WARNING, "%u mails wait for the next run: this one has sent "
		    "as many as --max-mails, --max-per-domain and --https allow", queue.held);
	if (t->s.common.verbose > 0)
		(void)printf("%u mails sent, %u failed, %u given up, %u suppressed\n", queue.sent,
		    queue.failed, queue.dead, queue.barred);
	return queue.failed + queue.dead + queue.held > 0 ? EXIT_LATER : CLI_EXIT_OKAY;
}

/* Where lines are printed for each report, they tell how far the work has come. */
static void
show_progress(struct tool *t, const char *what)
{
	if (t->s.common.verbose > 0 || t->run.mode == REPORT_MODE_TEST)
		return;
	progress_clear(&t->progress);
	progress_start(&t->progress, what);
	t->run.progress = &t->progress;
}

/* Makes the reports and sends them; the exit status. */
static int
work(struct tool *t)
{
	int status = CLI_EXIT_OKAY;
	size_t i;

	show_progress(t, "reports");
	for (i = 0; i < t->nwindows; i++)
		if (report_run_window(&t->run, &t->windows[i]) != 0)
			return CLI_EXIT_FAILED;
	if (t->s.common.verbose > 0 || t->run.mode == REPORT_MODE_TEST)
		(void)printf("%u reports made, %u wait, %u could not be made\n", t->run.reports,
		    t->run.waiting, t->run.broken);
	show_progress(t, "mails");
	if (t->run.mode == REPORT_MODE_SEND)
		status = send_queue(t);
	progress_clear(&t->progress);
	if (t->run.broken > 0)
		return CLI_EXIT_FAILED;
	return status == CLI_EXIT_OKAY && t->run.waiting + t->run.unsent > 0 ? EXIT_LATER : status;
}

/* Reads a mail that came back; 75 asks the mail server to bring it again. */
static int
take_bounce(struct tool *t)
{
	struct report_bounce bounce;
	char why[300];
	int status;

	if ((status = choose_identity(t)) >= 0)
		return status;
	if (!report_verp_key_read(t->s.verp_key_file != NULL ? t->s.verp_key_file :
	    DEFAULT_VERP_KEY, false, &t->verp_key, why, sizeof(why)))
		return refuse("%s", why);
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
forward(struct tool *t)
{
	struct report_forensic f = { .now = time(NULL), .test = t->s.test,
	    .verbose = t->s.common.verbose };
	int status;

	if ((status = choose_identity(t)) >= 0 || (status = read_lists(t)) >= 0 ||
	    (status = prepare_delivery(t)) >= 0 || (status = prepare_stale(t)) >= 0)
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
check_identity(struct tool *t)
{
	int status;

	if ((status = choose_identity(t)) >= 0)
		return status;
	if ((status = cli_read_conf(&t->s.common, &t->conf)) >= 0 ||
	    (status = start_resolver(t)) >= 0)
		return status;
	return report_selftest_identity(&t->s, &t->identity, t->resolver, t->run.dns_timeout_ms);
}

/* --audit and the list of suppressed destinations: what needs only the database. */
static int
work_on_store(struct tool *t)
{
	struct report_window day;
	int status;

	if (t->s.audit != NULL && !report_window_of_date(odm_span_str(t->s.audit), &day))
		return refuse("--audit \"%s\" is no day such as 2026-05-19", t->s.audit);
	if ((status = cli_read_conf(&t->s.common, &t->conf)) >= 0 ||
	    (status = cli_open_store(&t->s.common, t->conf, &t->store)) >= 0)
		return status;
	status = report_suppress_work(&t->s, t->store, time(NULL));
	return status == CLI_EXIT_OKAY && t->s.audit != NULL ?
	    report_audit(t->store, &day) : status;
}

/* -1 when all is ready for work(), else the exit status. */
static int
prepare(struct tool *t)
{
	int status;

	if ((status = choose_mode(t)) >= 0 || (status = choose_windows(t)) >= 0 ||
	    (status = choose_names(t)) >= 0 || (status = choose_identity(t)) >= 0 ||
	    (status = read_lists(t)) >= 0 || (status = read_schema(t)) >= 0 ||
	    (status = prepare_delivery(t)) >= 0 || (status = prepare_stale(t)) >= 0 ||
	    (status = cli_read_conf(&t->s.common, &t->conf)) >= 0 ||
	    (status = start_resolver(t)) >= 0 ||
	    (status = cli_open_store(&t->s.common, t->conf, &t->store)) >= 0 ||
	    (status = choose_closed(t)) >= 0)
		return status;
	t->run.store = t->store;
	t->run.resolver = t->resolver;
	t->run.identity = &t->identity;
	t->run.send = send_direct;
	t->run.send_arg = t;
	return -1;
}

/* The work that the options ask for; the exit status. */
static int
do_work(struct tool *t)
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
	status = prepare(t);
	return status < 0 ? work(t) : status;
}

static void
finish(struct tool *t)
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
	struct tool t = { 0 };
	int status;

	log_open("opendmarc-reports", false, NULL, true);
	/* A server that hangs up is an error of one mail, not the end of the program. */
	(void)signal(SIGPIPE, SIG_IGN);
	/* Where it is ignored nobody learns how a mail program ended. */
	(void)signal(SIGCHLD, SIG_DFL);
	report_mail_init();
	status = report_smtp_init() == 0 ? report_settings_read(&t.s, argc, argv) :
	    refuse("libcurl cannot be started");
	if (status < 0)
		status = do_work(&t);
	finish(&t);
	if (fflush(stdout) != 0 && status == CLI_EXIT_OKAY)
		status = CLI_EXIT_FAILED;
	return status;
}
