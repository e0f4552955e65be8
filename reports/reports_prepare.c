/*
 * reports_prepare.c - from the options of opendmarc-reports to what its work needs.
 */
#include "config.h"

#include <sys/stat.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/log.h"
#include "libopendmarc/base/domain.h"
#include "reports/mail.h"
#include "reports/reports_private.h"

/* Rounds of questions that the check of one domain's destinations may take. */
#define DNS_ROUNDS	3

#define DAY_SECS	86400

/* Of --interval: as many reports as a domain owner bears, and messages as one can hold. */
#define INTERVAL_MIN_SECS	600
#define INTERVAL_MAX_SECS	(31 * DAY_SECS)

/* Adds the normalised names of one list; false, all said, when one is no name. */
static bool
take_names(struct report_tool *t, const struct cli_list *list, const char *option)
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
choose_names(struct report_tool *t)
{
	size_t n = t->s.only.nwords + t->s.without.nwords;

	if (n == 0)
		return -1;
	if ((t->names = calloc(n, sizeof(*t->names))) == NULL)
		return cli_refuse(CLI_EXIT_FAILED, "%s", strerror(ENOMEM));
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
choose_oldest(struct report_tool *t, int64_t *oldest_r)
{
	int64_t usual = report_window_back(t->run.now, REPORT_DAYS_BACK).begin;
	int64_t limit = report_window_back(t->run.now, REPORT_DAYS_BACK_MAX).begin;
	int64_t end;

	if (store_ledger_end(t->store, &end) != 0)
		return cli_refuse(CLI_EXIT_FAILED, "database: %s", store_error(t->store));
	*oldest_r = end == 0 || end > usual ? usual : end < limit ? limit : end;
	return -1;
}

/*
 * The windows that are over for long enough and not older than some days, oldest first;
 * the database tells how many days.
 */
static int
choose_closed(struct report_tool *t)
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
		return cli_refuse(CLI_EXIT_FAILED, "%s", strerror(ENOMEM));
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
choose_windows(struct report_tool *t)
{
	const struct report_settings *s = &t->s;

	bound_interval(&t->s);
	if (s->date != NULL && (s->day || s->interval_secs != 0))
		return cli_refuse(CLI_EXIT_FAILED, "--date and --%s name two times: leave one out",
		    s->day ? "day" : "interval");
	if (s->day && s->interval_secs != 0)
		log_write(LOG_LEVEL_WARNING, "WARN: --day overrides --interval");
	t->closed = s->date == NULL && !s->day && (t->run.mode == REPORT_MODE_SEND ||
	    s->interval_secs != 0);
	if (t->closed)
		return -1;
	if ((t->windows = calloc(1, sizeof(*t->windows))) == NULL)
		return cli_refuse(CLI_EXIT_FAILED, "%s", strerror(ENOMEM));
	t->nwindows = 1;
	t->windows[0] = report_window_back(t->run.now, 1);
	if (s->date == NULL)
		return -1;
	if (!report_window_of_date(odm_span_str(s->date), &t->windows[0]))
		return cli_refuse(CLI_EXIT_FAILED, "--date \"%s\" is no day such as 2026-05-19",
		    s->date);
	if ((t->run.mode == REPORT_MODE_SEND || t->run.mode == REPORT_MODE_DIRECT) &&
	    !report_window_over(&t->windows[0], t->run.now))
		return cli_refuse(CLI_EXIT_FAILED, "--date %s: that UTC day is not over; wait for "
		    "its end, or look at it with --test or --to-dir", s->date);
	return -1;
}

static int
choose_mode(struct report_tool *t)
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
		return cli_refuse(CLI_EXIT_FAILED, "--report-bcc \"%s\" is no mail address such "
		    "as dmarc@example.com", s->bcc);
	if (t->run.mode == REPORT_MODE_DIR && mkdir(s->to_dir, 0777) != 0 && errno != EEXIST)
		return cli_refuse(CLI_EXIT_FAILED, "--to-dir %s: %s", s->to_dir, strerror(errno));
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
	(void)cli_refuse(CLI_EXIT_FAILED, "--%s %s", option, why);
	return false;
}

int
report_tool_lists(struct report_tool *t)
{
	if (!read_list("skipdomains", t->s.skipdomains, &t->skip) ||
	    !read_list("no-reports-list", t->s.no_reports_list, &t->silent))
		return CLI_EXIT_FAILED;
	t->run.skip = t->skip;
	t->run.silent = t->silent;
	return -1;
}

static int
read_schema(struct report_tool *t)
{
	enum report_format format = REPORT_FORMAT_RFC9990;
	char why[REPORT_SCHEMA_WHY_SIZE];

	if (t->s.format != NULL && !report_format_of(t->s.format, &format))
		return cli_refuse(CLI_EXIT_FAILED, "--format is rfc9990 or rfc7489");
	t->schema = report_schema_open(t->s.schema_dir, format, why);
	t->run.schema = t->schema;
	if (t->schema != NULL)
		return -1;
	(void)cli_refuse(CLI_EXIT_FAILED, "%s; --schema-dir says where it is", why);
	return CLI_EXIT_CONFIG;
}

int
report_tool_identity(struct report_tool *t)
{
	char host[ODM_NAME_MAX + 1], why[256];

	(void)report_host_name(host);
	if (report_identity_make(&t->s.identity, host, &t->identity, why, sizeof(why)))
		return -1;
	return cli_refuse(CLI_EXIT_FAILED, "%s", why);
}

int
report_tool_stale(struct report_tool *t)
{
	char why[300];

	if (!t->s.stale_check)
		return -1;
	t->stale = report_stale_new(t->s.stale_server, t->s.stale_def_deny, t->s.smtp_ca_file,
	    why, sizeof(why));
	t->run.stale = t->stale;
	return t->stale != NULL ? -1 : cli_refuse(CLI_EXIT_FAILED, "--stale-server: %s", why);
}

/* Words of --nameservers, copied; the list is freed with the tool. */
static bool
split_nameservers(struct report_tool *t)
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

int
report_tool_resolver(struct report_tool *t)
{
	const struct conf_list *servers = &t->conf->nameservers;
	char why[256];

	if (t->s.nameservers != NULL) {
		if (!split_nameservers(t))
			return cli_refuse(CLI_EXIT_FAILED, "%s", strerror(ENOMEM));
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

int
report_tool_delivery(struct report_tool *t)
{
	struct report_transport_options *o = &t->delivery;
	const struct report_settings *s = &t->s;
	char why[300];

	if (!report_settings_server(s, t->identity.helo, &o->server, why, sizeof(why)))
		return cli_refuse(CLI_EXIT_FAILED, "%s", why);
	if (s->sendmail != NULL && s->sendmail[0] != '/')
		return cli_refuse(CLI_EXIT_FAILED,
		    "--sendmail \"%s\" is no path that begins with /", s->sendmail);
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
			return cli_refuse(CLI_EXIT_FAILED, "%s", why);
		o->verp_key = &t->verp_key;
	}
	if ((t->transport = report_transport_new(o, &t->identity)) == NULL)
		return cli_refuse(CLI_EXIT_FAILED, "--smtp-server %s cannot be used",
		    s->smtp_server);
	return -1;
}

int
report_tool_prepare(struct report_tool *t)
{
	int status;

	if ((status = choose_mode(t)) >= 0 || (status = choose_windows(t)) >= 0 ||
	    (status = choose_names(t)) >= 0 || (status = report_tool_identity(t)) >= 0 ||
	    (status = report_tool_lists(t)) >= 0 || (status = read_schema(t)) >= 0 ||
	    (status = report_tool_delivery(t)) >= 0 || (status = report_tool_stale(t)) >= 0 ||
	    (status = cli_read_conf(&t->s.common, &t->conf)) >= 0 ||
	    (status = report_tool_resolver(t)) >= 0 ||
	    (status = cli_open_store(&t->s.common, t->conf, &t->store)) >= 0 ||
	    (status = choose_closed(t)) >= 0)
		return status;
	t->run.store = t->store;
	t->run.resolver = t->resolver;
	t->run.identity = &t->identity;
	t->run.send = report_tool_send;
	t->run.send_arg = t;
	return -1;
}
