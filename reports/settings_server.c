/*
 * settings_server.c - how opendmarc-reports speaks to the mail server, from its options.
 */
#include <sys/stat.h>
#include <stdio.h>
#include <string.h>

#include "common/textfile.h"
#include "libopendmarc/base/strbuf.h"
#include "reports/settings.h"

/* Octets of the password file; only its first line counts. */
#define PASSWORD_OCTETS_MAX	(1024 * 1024)

/* Reads the first line of the password file. */
static bool
read_password(const char *path, char password_r[REPORT_SMTP_PASSWORD_SIZE], char *why,
    size_t why_size)
{
	const char *reason = "it is empty or too long";
	struct odm_strbuf text;
	struct odm_span rest, line;
	struct stat info;
	bool okay = false;

	odm_strbuf_init(&text, PASSWORD_OCTETS_MAX);
	if (stat(path, &info) == 0 && (info.st_mode & S_IROTH) != 0) {
		reason = "everybody may read it; chmod it to 600";
	} else if (textfile_read(path, &text, &reason)) {
		rest = odm_strbuf_span(&text);
		okay = odm_span_next(&rest, '\n', &line);
		if (okay && line.len > 0 && line.at[line.len - 1] == '\r')
			line.len--;
		okay = okay && line.len > 0 &&
		    odm_span_copy(line, password_r, REPORT_SMTP_PASSWORD_SIZE);
		reason = okay ? NULL : "it is empty or too long";
	}
	if (text.at != NULL && text.len > 0)
		explicit_bzero(text.at, text.len);
	odm_strbuf_free(&text);
	if (!okay)
		(void)snprintf(why, why_size, "--smtp-password-file %s: %s", path, reason);
	return okay;
}

/* Which protection the options ask for. */
static bool
choose_tls(const struct report_settings *s, enum report_smtp_tls *tls_r, char *why,
    size_t why_size)
{
	const char *how = s->smtp_starttls;

	if (s->smtp_ssl && how != NULL) {
		(void)snprintf(why, why_size, "--smtp-ssl and --smtp-starttls are two ways to "
		    "the same end: leave one out");
		return false;
	}
	if (s->smtp_ssl)
		*tls_r = REPORT_SMTP_TLS_IMPLICIT;
	else if (how == NULL)
		*tls_r = s->smtp_username != NULL ? REPORT_SMTP_TLS_REQUIRE :
		    REPORT_SMTP_TLS_TRY;
	else if (strcmp(how, "off") == 0)
		*tls_r = REPORT_SMTP_TLS_OFF;
	else if (strcmp(how, "try") == 0 && s->smtp_username == NULL)
		*tls_r = REPORT_SMTP_TLS_TRY;
	else if (strcmp(how, "require") == 0)
		*tls_r = REPORT_SMTP_TLS_REQUIRE;
	else {
		(void)snprintf(why, why_size, strcmp(how, "try") == 0 ?
		    "--smtp-starttls try does not protect a password: say require, or off to "
		    "send it as it is" : "--smtp-starttls is off, try or require");
		return false;
	}
	return true;
}

bool
report_settings_server(const struct report_settings *s, const char *helo,
    struct report_smtp_server *server_r, char *why, size_t why_size)
{
	struct report_smtp_server server = { .host = s->smtp_server, .helo = helo,
	    .ca_file = s->smtp_ca_file, .username = s->smtp_username };

	if (!choose_tls(s, &server.tls, why, why_size))
		return false;
	server.port = s->smtp_port != 0 ? (int)s->smtp_port :
	    server.tls == REPORT_SMTP_TLS_IMPLICIT ? 465 : 25;
	if ((s->smtp_username == NULL) !=
	    (s->smtp_password == NULL && s->smtp_password_file == NULL)) {
		(void)snprintf(why, why_size, "--smtp-username goes with --smtp-password-file");
		return false;
	}
	if (s->smtp_password_file != NULL) {
		if (!read_password(s->smtp_password_file, server.password, why, why_size))
			return false;
	} else if (s->smtp_password != NULL &&
	    !odm_span_copy(odm_span_str(s->smtp_password), server.password,
	    sizeof(server.password))) {
		(void)snprintf(why, why_size, "--smtp-password is too long");
		return false;
	}
	*server_r = server;
	return true;
}
