/*
 * check_conf.c - opendmarc.conf: defaults, every form of a line, every error and its text.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/conf.h"
#include "common/log.h"
#include "libopendmarc/base/limits.h"
#include "tests/unit/suite.h"

/* Room for what the log writes during one reading. */
#define LOG_MAX		4096

/* Reads text as a file called PATH in messages; the warnings go to log. */
static struct conf *
read_text(const char *text, size_t len, char *why, size_t why_size, char log[LOG_MAX])
{
	char path[] = "/tmp/check_conf.XXXXXX";
	int fd = mkstemp(path), saved = dup(STDERR_FILENO);
	FILE *errors = tmpfile();
	struct conf *c;
	size_t n;

	ck_assert(fd >= 0 && saved >= 0 && errors != NULL);
	ck_assert(write(fd, text, len) == (ssize_t)len);
	ck_assert(dup2(fileno(errors), STDERR_FILENO) == STDERR_FILENO);
	log_open("check", false, NULL, true);
	c = conf_read(path, why, why_size);
	dup2(saved, STDERR_FILENO);
	rewind(errors);
	n = fread(log, 1, LOG_MAX - 1, errors);
	log[n] = '\0';
	fclose(errors);
	close(saved);
	close(fd);
	unlink(path);
	return c;
}

/* Reads text that must be good and without a warning. */
static struct conf *
good(const char *text)
{
	char why[500] = "", log[LOG_MAX];
	struct conf *c = read_text(text, strlen(text), why, sizeof(why), log);

	ck_assert_msg(c != NULL, "%s: %s", text, why);
	ck_assert_msg(log[0] == '\0', "%s: logged %s", text, log);
	return c;
}

START_TEST(defaults)
{
	char why[200];
	struct conf *c = conf_read(NULL, why, sizeof(why));

	ck_assert_ptr_nonnull(c);
	ck_assert_ptr_null(c->authserv_id);
	ck_assert_uint_eq(c->trusted_authserv_ids.nwords, 0);
	ck_assert(c->background);
	ck_assert_ptr_null(c->database);
	ck_assert_int_eq(c->dkim_verifiers, 1);
	ck_assert_int_eq(c->dns_timeout_secs, 5);
	ck_assert_ptr_null(c->history_file);
	ck_assert_int_eq(c->history_format, CONF_HISTORY_FULL);
	ck_assert(!c->failure_reports && c->failure_reports_redact);
	ck_assert_int_eq(c->failure_reports_per_domain, 10);
	ck_assert_int_eq(c->failure_reports_total, 100);
	ck_assert(!c->hold_quarantined_messages);
	ck_assert(!c->ignore_authenticated_clients);
	ck_assert_int_eq(c->log_decisions, CONF_LOG_DECISIONS_FAILURES);
	ck_assert_int_eq(c->on_history_error, CONF_HISTORY_ERROR_ACCEPT);
	ck_assert_str_eq(c->reject_string, "rejected by DMARC policy for %s");
	ck_assert_str_eq(c->report_command, "/usr/sbin/sendmail -t -odq");
	ck_assert_ptr_null(c->ignore_hosts);
	ck_assert_uint_eq(c->nameservers.nwords, 0);
	ck_assert_int_eq(c->on_dns_error, CONF_DNS_ERROR_ACCEPT);
	ck_assert_uint_eq(c->own_hosts.nwords, 0);
	ck_assert_ptr_null(c->pid_file);
	ck_assert_ptr_null(c->public_suffix_list);
	ck_assert(!c->record_all_messages);
	ck_assert(!c->reject_failures);
	ck_assert(c->remove_refused_results);
	ck_assert_ptr_null(c->socket);
	ck_assert(!c->software_header);
	ck_assert(!c->spf_ignore_results);
	ck_assert(!c->spf_self_validate);
	ck_assert(!c->syslog);
	ck_assert_str_eq(c->syslog_facility, "mail");
	ck_assert(!c->trust_job_id);
	ck_assert_uint_eq(c->trusted_relays.nwords, 0);
	ck_assert_int_eq(c->umask, -1);
	ck_assert_ptr_null(c->user_id);
	conf_free(&c);
	ck_assert_ptr_null(c);
	conf_free(&c);
}
END_TEST

/* Text lines: what HistoryFile holds after the file was read. */
static const struct text_case {
	const char *what, *text, *value;
} text_cases[] = {
	{ "plain",		"HistoryFile /x\n",		"/x" },
	{ "no final LF",	"HistoryFile /x",		"/x" },
	{ "blanks around",	" \t HistoryFile \t /x \t\n",	"/x" },
	{ "CR LF",		"HistoryFile /x\r\n",		"/x" },
	{ "letter case",	"hISTORYfILE /X\n",		"/X" },
	{ "comment",		"HistoryFile /x # old\n",	"/x" },
	{ "comment, no blank",	"HistoryFile /x#old\n",		"/x" },
	{ "only comments",	"# HistoryFile /x\n\n  \n#\n",	NULL },
	{ "empty file",		"",				NULL },
	{ "quotes stay",	"HistoryFile \"/x y\"\n",	"\"/x y\"" },
	{ "last one wins",	"HistoryFile /x\nHistoryFile /y\n", "/y" },
	{ "no continuation",	"HistoryFile /x\\\n",		"/x\\" },
	{ "blanks inside",	"HistoryFile /x  y\n",		"/x  y" },
};

START_TEST(text_case)
{
	const struct text_case *t = &text_cases[_i];
	struct conf *c = good(t->text);

	if (t->value == NULL)
		ck_assert_msg(c->history_file == NULL, "%s: got %s", t->what, c->history_file);
	else
		ck_assert_msg(c->history_file != NULL && strcmp(c->history_file, t->value) == 0,
		    "%s: got %s, want %s", t->what, c->history_file, t->value);
	conf_free(&c);
}
END_TEST

static const struct bool_case {
	const char *word;
	bool value;
} bool_cases[] = {
	{ "true", true }, { "True", true }, { "t", true }, { "yes", true }, { "Y", true },
	{ "1", true }, { "on", true }, { "ON", true }, { "yikes", true },
	{ "false", false }, { "F", false }, { "no", false }, { "N", false }, { "0", false },
	{ "off", false }, { "Off", false },
};

START_TEST(bool_case)
{
	const struct bool_case *t = &bool_cases[_i];
	char text[100];
	struct conf *c;

	snprintf(text, sizeof(text), "RejectFailures %s\nRemoveRefusedResults %s\n", t->word,
	    t->word);
	c = good(text);
	ck_assert_msg(c->reject_failures == t->value, "%s", t->word);
	ck_assert_msg(c->remove_refused_results == t->value, "%s", t->word);
	conf_free(&c);
}
END_TEST

static const struct number_case {
	const char *text;
	int seconds, umask;
} number_cases[] = {
	{ "DNSTimeout 1",	1,	-1 },
	{ "DNSTimeout 300",	300,	-1 },
	{ "DNSTimeout 010",	8,	-1 },
	{ "DNSTimeout 0x10",	16,	-1 },
	{ "UMask 0002",		5,	02 },
	{ "UMask 2",		5,	02 },
	{ "UMask 22",		5,	022 },
	{ "UMask 007",		5,	07 },
	{ "UMask 0",		5,	0 },
	{ "UMask 777",		5,	0777 },
};

START_TEST(number_case)
{
	const struct number_case *t = &number_cases[_i];
	struct conf *c = good(t->text);

	ck_assert_msg(c->dns_timeout_secs == t->seconds, "%s: got %d", t->text,
	    c->dns_timeout_secs);
	ck_assert_msg(c->umask == t->umask, "%s: got %o", t->text, (unsigned)c->umask);
	conf_free(&c);
}
END_TEST

static const struct list_case {
	const char *value, *words;	/* the words joined by "|" */
} list_cases[] = {
	{ "a.example",			"a.example" },
	{ "a.example,B.example",	"a.example|B.example" },
	{ " a.example , B.example ",	"a.example|B.example" },
	{ ",,a.example,,",		"a.example" },
	{ ",",				"" },
	{ " , \t ,",			"" },
};

START_TEST(list_case)
{
	const struct list_case *t = &list_cases[_i];
	char text[200], joined[200] = "";
	struct conf *c;

	snprintf(text, sizeof(text), "TrustedAuthservIDs %s\n", t->value);
	c = good(text);
	for (size_t i = 0; i < c->trusted_authserv_ids.nwords; i++) {
		strlcat(joined, i == 0 ? "" : "|", sizeof(joined));
		strlcat(joined, c->trusted_authserv_ids.words[i], sizeof(joined));
	}
	ck_assert_msg(strcmp(joined, t->words) == 0, "%s: got %s", t->value, joined);
	conf_free(&c);
}
END_TEST

START_TEST(words)
{
	struct conf *c = good("HistoryFormat 1.4\nOn-DNSError TempFail\nSyslogFacility LOCAL3\n"
	    "OwnHosts MX.Example.COM.,b.example\nNameservers 127.0.0.1, ::1@5353, [::1]@53\n"
	    "TrustedRelays 192.0.2.1,198.51.100.0/24,2001:db8::/32,10.0.0.0/255.0.0.0\n");

	ck_assert_int_eq(c->history_format, CONF_HISTORY_1_4);
	ck_assert_int_eq(c->on_dns_error, CONF_DNS_ERROR_TEMPFAIL);
	ck_assert_str_eq(c->syslog_facility, "LOCAL3");
	ck_assert_uint_eq(c->own_hosts.nwords, 2);
	ck_assert_str_eq(c->own_hosts.words[0], "mx.example.com");
	ck_assert_uint_eq(c->nameservers.nwords, 3);
	ck_assert_str_eq(c->nameservers.words[1], "::1@5353");
	ck_assert_uint_eq(c->trusted_relays.nwords, 4);
	conf_free(&c);
}
END_TEST

/* One line for each option that is a text of a certain form, and what is kept of it. */
START_TEST(texts)
{
	struct conf *c = good("AutoRestartRate 10/1h\nCopyFailuresTo a@example.com\n"
	    "RejectString no %s, 100% sure\nReportCommand /bin/cat -u\n"
	    "IgnoreMailFrom Example.COM,b.example\nIgnoreMailTo a@b.example; c@d.example,e@f.example\n"
	    "FailureReportsSentBy Us <u@example.com>\nFailureReportsBcc x@example.com\n"
	    "LogDecisions all\nOn-HistoryError tempfail\nDomainWhitelist L.Example\n");

	ck_assert_str_eq(c->auto_restart_rate, "10/1h");
	ck_assert_str_eq(c->copy_failures_to, "a@example.com");
	ck_assert_str_eq(c->reject_string, "no %s, 100% sure");
	ck_assert_str_eq(c->report_command, "/bin/cat -u");
	ck_assert_uint_eq(c->ignore_mail_from.nwords, 2);
	ck_assert_str_eq(c->ignore_mail_from.words[0], "example.com");
	ck_assert_uint_eq(c->ignore_mail_to.nwords, 3);
	ck_assert_str_eq(c->ignore_mail_to.words[1], "c@d.example");
	ck_assert_str_eq(c->failure_reports_sent_by, "Us <u@example.com>");
	ck_assert_uint_eq(c->failure_reports_bcc.nwords, 1);
	ck_assert_int_eq(c->log_decisions, CONF_LOG_DECISIONS_ALL);
	ck_assert_int_eq(c->on_history_error, CONF_HISTORY_ERROR_TEMPFAIL);
	ck_assert_str_eq(c->domain_whitelist.words[0], "l.example");
	conf_free(&c);
}
END_TEST

static const struct rate_case {
	const char *text;
	bool	 good;
	unsigned events, secs;
} rate_cases[] = {
	{ "10/1h",	true,	10,	3600 },
	{ "0/1",	true,	0,	1 },
	{ "2/10s",	true,	2,	10 },
	{ "5/3M",	true,	5,	180 },
	{ "1/2D",	true,	1,	172800 },
	{ "1/0",	false,	0,	0 },
	{ "1/",		false,	0,	0 },
	{ "/1h",	false,	0,	0 },
	{ "1",		false,	0,	0 },
	{ "-1/5",	false,	0,	0 },
	{ "1/5w",	false,	0,	0 },
	{ "1/5hh",	false,	0,	0 },
	{ "1/99999999d", false,	0,	0 },
};

START_TEST(rate_case)
{
	const struct rate_case *t = &rate_cases[_i];
	unsigned events = 0, secs = 0;

	ck_assert_msg(conf_rate(odm_span_str(t->text), &events, &secs) == t->good, "%s", t->text);
	ck_assert_msg(!t->good || (events == t->events && secs == t->secs), "%s", t->text);
}
END_TEST

/* The older words set what they are called today. */
START_TEST(older_words)
{
	char why[500] = "", log[LOG_MAX];
	static const char text[] = "ForensicReports yes\nForensicReportsOnNone yes\n"
	    "ForensicReportsBcc a@b.example\nForensicReportsSentBy c@d.example\n";
	struct conf *c = read_text(text, strlen(text), why, sizeof(why), log);

	ck_assert_msg(c != NULL, "%s", why);
	ck_assert(c->failure_reports && c->failure_reports_on_none);
	ck_assert_str_eq(c->failure_reports_bcc.words[0], "a@b.example");
	ck_assert_str_eq(c->failure_reports_sent_by, "c@d.example");
	conf_free(&c);
}
END_TEST

static void
note_change(const struct conf_item *item, void *arg)
{
	strlcat(arg, item->name, LOG_MAX);
	strlcat(arg, (item->flags & CONF_FIXED) != 0 ? "! " : " ", LOG_MAX);
}

START_TEST(compare)
{
	struct conf *a = good("Socket inet:1\nDNSTimeout 5\nOwnHosts a.example\nUMask 2\n"
	    "AuthservID x\nOn-DNSError accept\n");
	struct conf *b = good("Socket inet:2\nDNSTimeout 6\nOwnHosts b.example\nUMask 2\n"
	    "HistoryFile y\nRejectFailures yes\nOn-DNSError tempfail\n");
	char names[LOG_MAX] = "";

	conf_compare(a, a, note_change, names);
	ck_assert_str_eq(names, "");
	conf_compare(a, b, note_change, names);
	ck_assert_str_eq(names, "AuthservID DNSTimeout HistoryFile On-DNSError OwnHosts "
	    "RejectFailures Socket! ");
	conf_free(&a);
	conf_free(&b);
}
END_TEST

START_TEST(host_name)
{
	char host[ODM_NAME_MAX + 1];
	struct conf *c;

	ck_assert_int_eq(gethostname(host, sizeof(host)), 0);
	c = good("AuthservID HOSTNAME\nTrustedAuthservIDs x.example,HOSTNAME\n");
	ck_assert_str_eq(c->authserv_id, host);
	ck_assert_str_eq(c->trusted_authserv_ids.words[1], host);
	conf_free(&c);
	c = good("AuthservID hostname\n");
	ck_assert_str_eq(c->authserv_id, "hostname");
	conf_free(&c);
}
END_TEST

/* Socket forms that libmilter takes, the bare path among them. */
static const char *const sockets[] = {
	"local:/run/x.sock", "unix:/run/x.sock", "/run/x.sock", "x", "inet:8893", "inet6:8893",
	"inet:8893@localhost", "inet:8893@[127.0.0.1]", "inet6:8893@[::1]", "inet:milter@192.0.2.1",
	"INET:8893@localhost",
};

START_TEST(socket_form)
{
	char text[200];
	struct conf *c;

	snprintf(text, sizeof(text), "Socket %s\n", sockets[_i]);
	c = good(text);
	ck_assert_str_eq(c->socket, sockets[_i]);
	conf_free(&c);
}
END_TEST

/* Every error: line, reason, bad word and remedy. */
static const struct error_case {
	const char *line, *reason;
} error_cases[] = {
	{ "RejectFailure yes",
	    "unrecognized parameter \"RejectFailure\" (did you mean RejectFailures?)" },
	{ "DnsTimeuot 5", "unrecognized parameter \"DnsTimeuot\" (did you mean DNSTimeout?)" },
	{ "AutoRestrat yes", "unrecognized parameter \"AutoRestrat\" (did you mean AutoRestart?)" },
	{ "Colour blue", "unrecognized parameter \"Colour\" (opendmarc.conf(5) lists all)" },
	{ "Include /x", "unrecognized parameter \"Include\" (opendmarc.conf(5) lists all)" },
	{ "Socket=inet:1", "unrecognized parameter \"Socket=inet:1\" (opendmarc.conf(5) lists all)" },
	{ "Socket", "required value missing after \"Socket\" (add it, or remove the line)" },
	{ "socket # none", "required value missing after \"Socket\" (add it, or remove the line)" },
	{ "AutoRestart",
	    "required value missing after \"AutoRestart\" (add it, or remove the line)" },
	{ "Syslog maybe", "illegal value \"maybe\" for Syslog (use yes or no)" },
	{ "DNSTimeout 5s", "illegal value \"5s\" for DNSTimeout (use a number from 1 to 300)" },
	{ "DNSTimeout 008", "illegal value \"008\" for DNSTimeout (use a number from 1 to 300)" },
	{ "DNSTimeout 301", "illegal value \"301\" for DNSTimeout (use a number from 1 to 300)" },
	{ "DNSTimeout -1", "illegal value \"-1\" for DNSTimeout (use a number from 1 to 300)" },
	{ "DNSTimeout 99999999999999999999999",
	    "illegal value \"99999999999999999999999\" for DNSTimeout (use a number from 1 to 300)" },
	{ "DKIMVerifiers 0", "illegal value \"0\" for DKIMVerifiers (use a number from 1 to 100)" },
	{ "UMask 8", "illegal value \"8\" for UMask (use an octal number from 0 to 777)" },
	{ "UMask 1000", "illegal value \"1000\" for UMask (use an octal number from 0 to 777)" },
	{ "UMask 0x2", "illegal value \"0x2\" for UMask (use an octal number from 0 to 777)" },
	{ "On-DNSError drop", "illegal value \"drop\" for On-DNSError (use accept or tempfail)" },
	{ "HistoryFormat 1.3", "illegal value \"1.3\" for HistoryFormat (use full or 1.4)" },
	{ "TrustedRelays 192.0.2.1,mx", "illegal value \"mx\" for TrustedRelays "
	    "(use addresses and networks, as 192.0.2.1 or 2001:db8::/32)" },
	{ "Nameservers localhost",
	    "illegal value \"localhost\" for Nameservers (use addresses, each IP or IP@PORT)" },
	{ "Nameservers 127.0.0.1@0",
	    "illegal value \"127.0.0.1@0\" for Nameservers (use addresses, each IP or IP@PORT)" },
	{ "Nameservers 127.0.0.1@65536",
	    "illegal value \"127.0.0.1@65536\" for Nameservers (use addresses, each IP or IP@PORT)" },
	{ "OwnHosts a..b", "illegal value \"a..b\" for OwnHosts (use host names and domains)" },
	{ "AuthservID a b",
	    "illegal value \"a b\" for AuthservID (use a host name or another name without blanks)" },
	{ "AuthservID a;b",
	    "illegal value \"a;b\" for AuthservID (use a host name or another name without blanks)" },
	{ "Socket tcp:1", "illegal value \"tcp:1\" for Socket "
	    "(use local:PATH, inet:PORT@HOST, inet6:PORT@HOST or a path)" },
	{ "Socket inet:0", "illegal value \"inet:0\" for Socket "
	    "(use local:PATH, inet:PORT@HOST, inet6:PORT@HOST or a path)" },
	{ "Socket inet:8893@", "illegal value \"inet:8893@\" for Socket "
	    "(use local:PATH, inet:PORT@HOST, inet6:PORT@HOST or a path)" },
	{ "Socket local:", "illegal value \"local:\" for Socket "
	    "(use local:PATH, inet:PORT@HOST, inet6:PORT@HOST or a path)" },
	{ "AutoRestartRate 5", "illegal value \"5\" for AutoRestartRate "
	    "(use RESTARTS/TIME, as 10/1h: the time in s, m, h or d)" },
	{ "RejectString %s and %s", "illegal value \"%s and %s\" for RejectString "
	    "(use plain text with at most one %s, up to 400 characters)" },
	{ "CopyFailuresTo root", "illegal value \"root\" for CopyFailuresTo "
	    "(use an address, LOCAL@DOMAIN)" },
	{ "IgnoreMailTo a@b.example;c", "illegal value \"c\" for IgnoreMailTo "
	    "(use addresses, LOCAL@DOMAIN)" },
	{ "UserID :daemon", "illegal value \":daemon\" for UserID (use USER or USER:GROUP)" },
	{ "UserID daemon:", "illegal value \"daemon:\" for UserID (use USER or USER:GROUP)" },
};

START_TEST(error_case)
{
	const struct error_case *t = &error_cases[_i];
	char text[300], why[500] = "", want[500], log[LOG_MAX], *found;
	struct conf *c;

	snprintf(text, sizeof(text), "# one\n\n%s\nSyslog also bad\n", t->line);
	c = read_text(text, strlen(text), why, sizeof(why), log);
	ck_assert_msg(c == NULL, "%s", t->line);
	snprintf(want, sizeof(want), ": configuration error at line 3: %s", t->reason);
	found = strchr(why, ':');
	ck_assert_msg(found != NULL && strcmp(found, want) == 0, "%s: got %s, want %s", t->line,
	    why, want);
}
END_TEST

/* Odd but good: what the log says, and that reading goes on. */
static const struct warning_case {
	const char *line, *warning;	/* NULL: silent */
} warning_cases[] = {
	{ "ForensicReports true", "line 2: ForensicReports is called FailureReports today\n" },
	{ "DomainWhitelistSize 3000", NULL },
	{ "DomainWhitelist ,", NULL },
	{ "DNSTimeout 0", "line 2: DNSTimeout 0 is taken as the maximum, 300\n" },
	{ "SyslogFacility nowhere", "line 2: unknown SyslogFacility \"nowhere\", using mail\n" },
	{ "SyslogFacility security", NULL },
	{ "TrustedAuthservIDs a b, c", "line 2: TrustedAuthservIDs: text after a blank is ignored, "
	    "separate the words by commas\n" },
};

START_TEST(warning_case)
{
	const struct warning_case *t = &warning_cases[_i];
	char text[200], why[500] = "", log[LOG_MAX], *found;
	struct conf *c;

	snprintf(text, sizeof(text), "\n%s\nHistoryFile /x\n", t->line);
	c = read_text(text, strlen(text), why, sizeof(why), log);
	ck_assert_msg(c != NULL, "%s: %s", t->line, why);
	ck_assert_str_eq(c->history_file, "/x");
	if (t->warning == NULL) {
		ck_assert_msg(log[0] == '\0', "%s: got %s", t->line, log);
	} else {
		found = strstr(log, "line 2");
		ck_assert_msg(found != NULL && strcmp(found, t->warning) == 0, "%s: got %s",
		    t->line, log);
	}
	conf_free(&c);
}
END_TEST

START_TEST(warned_values)
{
	char why[500] = "", log[LOG_MAX];
	const char *text = "DNSTimeout 0\nSyslogFacility nowhere\nTrustedAuthservIDs a b, c\n";
	struct conf *c = read_text(text, strlen(text), why, sizeof(why), log);

	ck_assert_ptr_nonnull(c);
	ck_assert_int_eq(c->dns_timeout_secs, 300);
	ck_assert_str_eq(c->syslog_facility, "mail");
	ck_assert_uint_eq(c->trusted_authserv_ids.nwords, 2);
	ck_assert_str_eq(c->trusted_authserv_ids.words[0], "a");
	ck_assert_str_eq(c->trusted_authserv_ids.words[1], "c");
	conf_free(&c);
}
END_TEST

START_TEST(long_lines)
{
	size_t len = 200000;
	char *text = malloc(len + 1), why[500] = "", log[LOG_MAX];
	struct conf *c;

	memset(text, 'a', len);
	memcpy(text, "HistoryFile /", 13);
	text[len] = '\0';
	c = good(text);
	ck_assert_uint_eq(strlen(c->history_file), len - 12);
	conf_free(&c);
	text[11] = 'x';		/* one endless unknown name */
	c = read_text(text, len, why, sizeof(why), log);
	ck_assert_ptr_null(c);
	ck_assert_ptr_nonnull(strstr(why, "unrecognized parameter \"HistoryFilex/aaa"));
	free(text);
}
END_TEST

START_TEST(nul_and_size)
{
	static const char nul[] = "HistoryFile /x\0y\n";
	size_t len = 2 * 1024 * 1024;
	char *text = malloc(len), why[500] = "", log[LOG_MAX];

	ck_assert_ptr_null(read_text(nul, sizeof(nul) - 1, why, sizeof(why), log));
	ck_assert_ptr_nonnull(strstr(why, "line 1: illegal value"));
	memset(text, '\n', len);
	ck_assert_ptr_null(read_text(text, len, why, sizeof(why), log));
	ck_assert_ptr_nonnull(strstr(why, "error reading configuration file: File too large"));
	free(text);
}
END_TEST

START_TEST(unreadable)
{
	char why[500];

	ck_assert_ptr_null(conf_read("/nonexistent/x.conf", why, sizeof(why)));
	ck_assert_str_eq(why, "/nonexistent/x.conf: error reading configuration file: "
	    "No such file or directory");
	ck_assert_ptr_null(conf_read("/", why, sizeof(why)));
	ck_assert_str_eq(why, "/: error reading configuration file: Is a directory");
}
END_TEST

START_TEST(command_line)
{
	struct conf *c = good("Socket inet:1\n\nUserID daemon\n");
	char why[500], where[500];

	ck_assert(conf_override(c, "Socket", "/x", why, sizeof(why)));
	ck_assert_str_eq(c->socket, "/x");
	ck_assert(!conf_override(c, "Socket", "x:y", why, sizeof(why)));
	ck_assert_str_eq(why, "command line: illegal value \"x:y\" for Socket "
	    "(use local:PATH, inet:PORT@HOST, inet6:PORT@HOST or a path)");
	ck_assert_str_eq(c->socket, "/x");
	conf_where(c, "Socket", where, sizeof(where));
	ck_assert_str_eq(where, "command line");
	conf_where(c, "UserID", where, sizeof(where));
	ck_assert_ptr_nonnull(strstr(where, ": configuration error at line 3"));
	conf_where(c, "PidFile", where, sizeof(where));
	ck_assert_str_eq(where, c->path);
	conf_free(&c);
}
END_TEST

/* The table is sorted and whole, and each default and example is itself legal. */
START_TEST(table_row)
{
	const struct conf_item *item = &conf_items[_i];
	char text[300];
	struct conf *c;

	if (_i > 0)
		ck_assert_msg(strcasecmp(conf_items[_i - 1].name, item->name) < 0, "%s", item->name);
	ck_assert_msg(item->help != NULL && strchr(item->help, '.') != NULL, "%s", item->name);
	ck_assert_msg((item->fallback == NULL) != (item->example == NULL), "%s", item->name);
	snprintf(text, sizeof(text), "%s %s\n", item->name,
	    item->fallback != NULL ? item->fallback : item->example);
	c = good(text);
	ck_assert_uint_eq(c->lines[_i], 1);
	conf_free(&c);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conf");
	TCase *tc = tcase_create("conf");

	suite_add_tcase(suite, tc);
	tcase_add_test(tc, defaults);
	tcase_add_loop_test(tc, text_case, 0, COUNT(text_cases));
	tcase_add_loop_test(tc, bool_case, 0, COUNT(bool_cases));
	tcase_add_loop_test(tc, number_case, 0, COUNT(number_cases));
	tcase_add_loop_test(tc, list_case, 0, COUNT(list_cases));
	tcase_add_test(tc, words);
	tcase_add_test(tc, host_name);
	tcase_add_test(tc, texts);
	tcase_add_loop_test(tc, rate_case, 0, COUNT(rate_cases));
	tcase_add_test(tc, older_words);
	tcase_add_test(tc, compare);
	tcase_add_loop_test(tc, socket_form, 0, COUNT(sockets));
	tcase_add_loop_test(tc, error_case, 0, COUNT(error_cases));
	tcase_add_loop_test(tc, warning_case, 0, COUNT(warning_cases));
	tcase_add_test(tc, warned_values);
	tcase_add_test(tc, long_lines);
	tcase_add_test(tc, nul_and_size);
	tcase_add_test(tc, unreadable);
	tcase_add_test(tc, command_line);
	tcase_add_loop_test(tc, table_row, 0, COUNT(conf_items));
	return run_suite(suite);
}
