/*
 * settings.h - the options of opendmarc-reports: command line, environment, and the
 * file of --config, whose lines "option = value" come before the command line.
 */
#ifndef REPORTS_SETTINGS_H
#define REPORTS_SETTINGS_H

#include "reports/cli.h"
#include "reports/deliver_smtp.h"
#include "reports/identity.h"

struct report_settings {
	struct cli_common common;
	struct report_identity_options identity;
	const char	*config;

	/* Which reports. */
	const char	*date;
	int64_t		 interval_secs;		/* 0: UTC days */
	int64_t		 delay_secs;		/* from the end of a window to its report */
	bool		 day, utc;
	struct cli_list	 only, without;
	const char	*skipdomains;		/* file */
	bool		 require_pass;

	/* What becomes of them. */
	const char	*format, *schema_dir;
	const char	*to_dir, *workdir;
	bool		 test, keepfiles, update;
	const char	*nameservers;

	/* Delivery. */
	const char	*smtp_server, *smtp_starttls, *smtp_ca_file;
	const char	*smtp_username, *smtp_password, *smtp_password_file;
	int64_t		 smtp_port;		/* 0: not said */
	bool		 smtp_ssl;
	const char	*sendmail;		/* program */
	bool		 https, https_private;
	const char	*bcc;
	const char	*no_reports_list;	/* file */
	bool		 stale_check, stale_def_deny;
	const char	*stale_server;		/* URL; NULL: the usual one */
	bool		 verp;
	const char	*verp_key_file;
	int64_t		 max_mails, max_per_domain, spread_secs;

	/* Other work than reports. */
	bool		 bounce, check_identity, forensic;
	const char	*bounce_to;
	struct cli_list	 outgoing_ips;
	struct cli_list	 suppress, unsuppress;
	bool		 list_suppressed;
	const char	*reason, *until;	/* of suppress; until is a date */
	const char	*audit;			/* date */

	char		**args;			/* private: command line with the file */
	int		 nargs;
};

/*
 * Reads all of them. Returns -1 to go on, or the status to exit with, all said on
 * stderr. In both cases *s is the caller's to free; texts in it belong to it, to argv
 * or to the environment.
 */
int report_settings_read(struct report_settings *s, int argc, char **argv);

void report_settings_free(struct report_settings *s);

/*
 * How the mail server is spoken to. helo is borrowed, the password is read from its
 * file. False, and one line in why, when options contradict each other or the file
 * cannot be read.
 */
bool report_settings_server(const struct report_settings *s, const char *helo,
    struct report_smtp_server *server_r, char *why, size_t why_size);

#endif
