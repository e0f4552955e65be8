/*
 * settings.c - the option table of opendmarc-reports and its configuration file.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/textfile.h"
#include "libopendmarc/base/strbuf.h"
#include "reports/caps.h"
#include "reports/settings.h"
#include "reports/window.h"

#define DEFAULT_CONFIG	SYSCONFDIR "/opendmarc/opendmarc-reports.conf"

/* Lines of the configuration file that are read; it has a few dozen. */
#define CONFIG_LINES_MAX	1000
#define CONFIG_OCTETS_MAX	(1024 * 1024)

#define DAY_SECS	86400

#define AT(member)	offsetof(struct report_settings, member)

static const struct cli_option options[] = {
	CLI_COMMON_OPTIONS(struct report_settings, common),
	{ "config", NULL, CLI_STRING, AT(config), 0, 0, true, "file",
	  "options, one \"name = value\" a line" },
	{ "date", NULL, CLI_STRING, AT(date), 0, 0, false, "YYYY-MM-DD",
	  "report this UTC day" },
	{ "day", NULL, CLI_FLAG, AT(day), 0, 0, true, NULL,
	  "report the previous UTC day" },
	{ "interval", NULL, CLI_NUMBER, AT(interval_secs), 1, INT32_MAX, true,
	  "secs", "report windows of this length (86400)" },
	{ "delay", NULL, CLI_NUMBER, AT(delay_secs), 0, 7 * DAY_SECS, false, "secs",
	  "wait after the end of a window (3600)" },
	{ "utc", NULL, CLI_FLAG, AT(utc), 0, 0, true, NULL, "no effect: it is always UTC" },
	{ "domain", NULL, CLI_LIST, AT(only), 0, 0, true, "name",
	  "only reports with this domain" },
	{ "nodomain", NULL, CLI_LIST, AT(without), 0, 0, true, "name",
	  "no report about this domain" },
	{ "skipdomains", NULL, CLI_STRING, AT(skipdomains), 0, 0, true, "file",
	  "no report about the domains in it" },
	{ "require-pass", NULL, CLI_FLAG, AT(require_pass), 0, 0, false, NULL,
	  "only domains with a message that passed" },
	{ "format", NULL, CLI_STRING, AT(format), 0, 0, false, "form",
	  "rfc9990 or rfc7489" },
	{ "schema-dir", NULL, CLI_STRING, AT(schema_dir), 0, 0, false, "folder",
	  "where the schemas are" },
	{ "to-dir", NULL, CLI_STRING, AT(to_dir), 0, 0, false, "folder",
	  "write reports there, send nothing" },
	{ "workdir", NULL, CLI_STRING, AT(workdir), 0, 0, true, "folder",
	  "where kept files go (.)" },
	{ "keepfiles", NULL, CLI_FLAG, AT(keepfiles), 0, 0, true, NULL,
	  "keep the XML of each report" },
	{ "test", "n", CLI_FLAG, AT(test), 0, 0, true, NULL,
	  "print what would be sent, send nothing" },
	{ "update", NULL, CLI_FLAG, AT(update), 0, 0, true, NULL,
	  "note what is sent (--noupdate: do not)" },
	{ "report-email", NULL, CLI_STRING, AT(identity.email), 0, 0, true, "address",
	  "sender of the reports" },
	{ "report-contact", NULL, CLI_STRING, AT(identity.contact), 0, 0, true, "address",
	  "whom readers may ask" },
	{ "report-org", NULL, CLI_STRING, AT(identity.org), 0, 0, true, "name",
	  "name of your organization" },
	{ "report-domain", NULL, CLI_STRING, AT(identity.domain), 0, 0, false, "name",
	  "domain of the reporter" },
	{ "report-bcc", NULL, CLI_STRING, AT(bcc), 0, 0, true, "address",
	  "gets every report too" },
	{ "no-reports-list", "NoReportsList", CLI_STRING, AT(no_reports_list), 0, 0, true,
	  "file", "addresses and domains that get none" },
	{ "smtp-server", NULL, CLI_STRING, AT(smtp_server), 0, 0, true, "host",
	  "mail server (127.0.0.1)" },
	{ "smtp-port", NULL, CLI_NUMBER, AT(smtp_port), 1, 65535, true, "port",
	  "its port (25)" },
	{ "smtp-username", NULL, CLI_STRING, AT(smtp_username), 0, 0, true, "user",
	  "log in there" },
	{ "smtp-password", NULL, CLI_STRING, AT(smtp_password), 0, 0, true, "word",
	  "with this password" },
	{ "smtp-password-file", NULL, CLI_STRING, AT(smtp_password_file), 0, 0, false,
	  "file", "with the password in this file" },
	{ "smtp-ssl", NULL, CLI_FLAG, AT(smtp_ssl), 0, 0, true, NULL,
	  "TLS from the first octet" },
	{ "smtp-ssl-ca-file", NULL, CLI_STRING, AT(smtp_ca_file), 0, 0, true, "file",
	  "certificates to trust" },
	{ "smtp-starttls", NULL, CLI_STRING, AT(smtp_starttls), 0, 0, false, "how",
	  "off, try or require" },
	{ "sendmail", NULL, CLI_STRING, AT(sendmail), 0, 0, false, "program",
	  "hand the mail to it instead" },
	{ "https", NULL, CLI_FLAG, AT(https), 0, 0, false, NULL,
	  "also to https destinations" },
	{ "https-private", NULL, CLI_FLAG, AT(https_private), 0, 0, false, NULL,
	  "also in private networks" },
	{ "verp", NULL, CLI_FLAG, AT(verp), 0, 0, true, NULL,
	  "a sender for each recipient" },
	{ "verp-key-file", NULL, CLI_STRING, AT(verp_key_file), 0, 0, false, "file",
	  "key of these senders" },
	{ "max-mails", NULL, CLI_NUMBER, AT(max_mails), 1, 10000000, false, "n",
	  "most mails of a run" },
	{ "max-per-domain", NULL, CLI_NUMBER, AT(max_per_domain), 1, 10000000, false, "n",
	  "most mails to one domain" },
	{ "spread", NULL, CLI_NUMBER, AT(spread_secs), 0, DAY_SECS, false, "secs",
	  "wait a time of one's own up to this" },
	{ "bounce", NULL, CLI_FLAG, AT(bounce), 0, 0, false, NULL,
	  "read a returned mail from standard input" },
	{ "bounce-to", NULL, CLI_STRING, AT(bounce_to), 0, 0, false, "address",
	  "the address it came to" },
	{ "check-identity", NULL, CLI_FLAG, AT(check_identity), 0, 0, false, NULL,
	  "tell whether our mail passes DMARC" },
	{ "outgoing-ip", NULL, CLI_LIST, AT(outgoing_ips), 0, 0, false, "address",
	  "from where it leaves" },
	{ "audit", NULL, CLI_STRING, AT(audit), 0, 0, false, "YYYY-MM-DD",
	  "tell what became of the messages of this day" },
	{ "suppress", NULL, CLI_LIST, AT(suppress), 0, 0, false, "destination",
	  "no reports to this address or domain" },
	{ "reason", NULL, CLI_STRING, AT(reason), 0, 0, false, "text",
	  "with --suppress: why" },
	{ "until", NULL, CLI_STRING, AT(until), 0, 0, false, "YYYY-MM-DD",
	  "with --suppress: only before this day" },
	{ "unsuppress", NULL, CLI_LIST, AT(unsuppress), 0, 0, false, "destination",
	  "reports to it again" },
	{ "list-suppressed", NULL, CLI_FLAG, AT(list_suppressed), 0, 0, false, NULL,
	  "print those that get no reports" },
	{ "forensic", NULL, CLI_FLAG, AT(forensic), 0, 0, true, NULL,
	  "send the mail on standard input" },
	{ "stale-check", NULL, CLI_FLAG, AT(stale_check), 0, 0, true, NULL,
	  "ask a web server who is to get nothing" },
	{ "stale-def-deny", NULL, CLI_FLAG, AT(stale_def_deny), 0, 0, true, NULL,
	  "also those that it does not know" },
	{ "stale-server", NULL, CLI_STRING, AT(stale_server), 0, 0, true, "URL",
	  "the server to ask" },
	{ "nameservers", NULL, CLI_STRING, AT(nameservers), 0, 0, false, "list",
	  "DNS servers, IP or IP@port" },
};

static void
set_defaults(struct report_settings *s)
{
	*s = (struct report_settings){ .common.prog = "opendmarc-reports", .update = true,
	    .delay_secs = REPORT_DELAY_SECS, .max_mails = REPORT_MAILS_MAX,
	    .max_per_domain = REPORT_MAILS_PER_DOMAIN_MAX };
}

static bool
is_one_of(struct odm_span text, const char *a, const char *b, const char *c)
{
	return odm_span_ieq(text, a) || odm_span_ieq(text, b) || odm_span_ieq(text, c);
}

/*
 * One line of the file as a word of the command line, malloc'd; "" when there is nothing
 * in it. NULL, and the reason in *why_r, when it is wrong.
 */
static char *
line_to_arg(struct odm_span line, const char **why_r)
{
	size_t equals = odm_span_find(line, '=');
	struct odm_span name = odm_span_trim(odm_span_sub(line, 0, equals)), value = { NULL, 0 };
	const struct cli_option *o;
	bool negated = false, yes;
	char *arg = NULL;
	int len;

	if (equals < line.len)
		value = odm_span_trim(odm_span_sub(line, equals + 1, line.len));
	if (name.len == 0 || value.len == 0)
		return strdup("");
	*why_r = "is no option";
	if ((o = cli_find(options, COUNT(options), name, &negated)) == NULL)
		return NULL;
	yes = is_one_of(value, "1", "yes", "true");
	if (o->type != CLI_FLAG && o->type != CLI_COUNT) {
		len = asprintf(&arg, "--%s=%.*s", o->name, (int)value.len, value.at);
	} else if (yes || is_one_of(value, "0", "no", "false")) {
		len = asprintf(&arg, "--%s%s", yes != negated ? "" : "no-", o->name);
	} else {
		*why_r = "is neither yes nor no";
		return NULL;
	}
	*why_r = strerror(ENOMEM);
	return len < 0 ? NULL : arg;
}

/* Adds the lines of text to s->args. False, all said, when one of them is wrong. */
static bool
add_lines(struct report_settings *s, const char *path, struct odm_span text)
{
	struct odm_span line;
	const char *why = "";
	int number = 0;
	char *arg;

	while (textfile_line(&text, &line)) {
		number++;
		arg = s->nargs > CONFIG_LINES_MAX ? NULL : line_to_arg(line, &why);
		if (arg == NULL) {
			log_write(LOG_LEVEL_ERROR, "%s: line %d: \"%.*s\" %s", path, number,
			    line.len > 100 ? 100 : (int)line.len, line.at,
			    s->nargs > CONFIG_LINES_MAX ? "is one too many" : why);
			return false;
		}
		if (arg[0] == '\0')
			free(arg);
		else
			s->args[s->nargs++] = arg;
	}
	return true;
}

/* Puts the file before the command line: s->args. -1 to go on, or the exit status. */
static int
join_arguments(struct report_settings *s, int argc, char **argv)
{
	const char *path = s->config != NULL ? s->config : DEFAULT_CONFIG;
	struct odm_strbuf text;
	const char *why;
	int i, status = -1;

	s->args = calloc((size_t)argc + CONFIG_LINES_MAX + 2, sizeof(*s->args));
	if (s->args == NULL || (s->args[s->nargs++] = strdup(argv[0])) == NULL) {
		log_write(LOG_LEVEL_ERROR, "%s", strerror(ENOMEM));
		return CLI_EXIT_FAILED;
	}
	odm_strbuf_init(&text, CONFIG_OCTETS_MAX);
	if (s->config == NULL && access(path, F_OK) != 0 && errno == ENOENT) {
		/* The file of this name need not exist. */
	} else if (!textfile_read(path, &text, &why)) {
		log_write(LOG_LEVEL_ERROR, "%s: %s", path, why);
		status = CLI_EXIT_CONFIG;
	} else if (!add_lines(s, path, odm_strbuf_span(&text))) {
		status = CLI_EXIT_CONFIG;
	}
	odm_strbuf_free(&text);
	for (i = 1; i < argc && status < 0; i++)
		if ((s->args[s->nargs] = strdup(argv[i])) == NULL)
			status = CLI_EXIT_FAILED;
		else
			s->nargs++;
	return status;
}

/* Lists and the memory of a first reading of the command line. */
static void
free_values(struct report_settings *s)
{
	cli_list_free(&s->only);
	cli_list_free(&s->without);
	cli_list_free(&s->outgoing_ips);
	cli_list_free(&s->suppress);
	cli_list_free(&s->unsuppress);
}

/* What the environment says where no option does. False, all said, for a bad port. */
static bool
read_environment(struct report_settings *s)
{
	const char *port = getenv("OPENDMARC_SMTPPORT"), *problem = NULL;

	if (s->smtp_server == NULL)
		s->smtp_server = getenv("OPENDMARC_SMTPSERVER");
	if (s->smtp_server == NULL || s->smtp_server[0] == '\0')
		s->smtp_server = "127.0.0.1";
	if (s->schema_dir == NULL)
		s->schema_dir = getenv("OPENDMARC_SCHEMA_DIR");
	if (s->schema_dir == NULL || s->schema_dir[0] == '\0')
		s->schema_dir = PKGDATADIR;
	if (s->smtp_port == 0 && port != NULL && port[0] != '\0')
		s->smtp_port = strtonum(port, 1, 65535, &problem);
	if (problem != NULL)
		log_write(LOG_LEVEL_ERROR, "OPENDMARC_SMTPPORT \"%s\" is %s", port, problem);
	return problem == NULL;
}

int
report_settings_read(struct report_settings *s, int argc, char **argv)
{
	int status, nargs;
	char **args;

	/* A first reading, for --config, --help and mistakes. */
	set_defaults(s);
	status = cli_parse(&s->common, options, COUNT(options), s, argc, argv);
	if (status >= 0)
		return status;
	if ((status = join_arguments(s, argc, argv)) >= 0)
		return status;
	free_values(s);
	args = s->args;
	nargs = s->nargs;
	set_defaults(s);
	s->args = args;
	s->nargs = nargs;
	status = cli_parse(&s->common, options, COUNT(options), s, s->nargs, s->args);
	if (status >= 0)
		return status;
	return read_environment(s) ? -1 : CLI_EXIT_FAILED;
}

void
report_settings_free(struct report_settings *s)
{
	int i;

	free_values(s);
	for (i = 0; i < s->nargs; i++)
		free(s->args[i]);
	free(s->args);
	s->args = NULL;
	s->nargs = 0;
}
