/*
 * conf.h - opendmarc.conf: one table of options, read into one immutable struct.
 * Parser, -n, sample file and manual check all come from the table.
 *
 * Syntax: a line holds a name (letter case ignored), blanks, and a value that
 * goes to the end of the line; "#" begins a comment wherever it stands; there is
 * no quoting and no continuation. Of repeated options the last counts.
 */
#ifndef COMMON_CONF_H
#define COMMON_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "libopendmarc/base/ipaddr.h"
#include "libopendmarc/base/span.h"

enum conf_type {
	CONF_STRING,
	CONF_BOOL,		/* T t Y y 1, F f N n 0: the first octet decides; on, off */
	CONF_NUMBER,		/* base 0 as in 1.x */
	CONF_OCTAL,		/* UMask */
	CONF_LIST,		/* comma-separated words */
	CONF_WORD		/* one of the words in choices */
};

/* What happens to mail when the DNS fails for now. */
enum conf_dns_error {
	CONF_DNS_ERROR_ACCEPT,
	CONF_DNS_ERROR_TEMPFAIL
};

/* What happens to mail that cannot be entered in the history file. */
enum conf_history_error {
	CONF_HISTORY_ERROR_ACCEPT,
	CONF_HISTORY_ERROR_TEMPFAIL
};

/* Of which messages the log tells how they were decided. */
enum conf_log_decisions {
	CONF_LOG_DECISIONS_NONE,
	CONF_LOG_DECISIONS_FAILURES,
	CONF_LOG_DECISIONS_ALL
};

enum conf_history_format {
	CONF_HISTORY_FULL,
	CONF_HISTORY_1_4	/* only the keys that the 1.4 importer knows */
};

struct conf_list {
	char	**words;
	size_t	  nwords;
};

/* The length of the option table. */
#define CONF_NITEMS	62

/* One reading of the configuration file. Never changed after conf_read(). */
struct conf {
	char	*authserv_id;		/* NULL: the MTA's name; HOSTNAME already replaced */
	bool	 authserv_id_with_job_id;
	bool	 auto_restart;
	int	 auto_restart_count;	/* 0: without limit */
	char	*auto_restart_rate;	/* "n/t[u]", checked; NULL: without limit; conf_rate() */
	bool	 background;
	char	*base_directory;	/* NULL: where the program was started */
	char	*change_root_directory;	/* NULL: none */
	char	*copy_failures_to;	/* address; NULL: nobody */
	char	*database;		/* URL; NULL: sqlite at the state directory */
	int	 dkim_verifiers;	/* fields with dkim results that each trusted id writes */
	int	 dns_timeout_secs;	/* 1 to 300 */
	struct conf_list domain_whitelist;	/* of ARC sealers, normalised */
	char	*domain_whitelist_file;	/* path of more of them; NULL none */
	bool	 enable_coredumps;
	char	*exceptions_file;	/* path; NULL: no exceptions */
	bool	 failure_reports;
	struct conf_list failure_reports_bcc;	/* addresses */
	bool	 failure_reports_on_none;
	int	 failure_reports_per_domain;	/* an hour */
	bool	 failure_reports_redact;
	char	*failure_reports_sent_by;	/* From field; NULL: made of user and host */
	char	*failure_reports_spool;	/* directory; NULL: in the state directory */
	int	 failure_reports_total;	/* an hour */
	char	*history_file;		/* NULL: no history */
	int	 history_format;	/* enum conf_history_format */
	bool	 hold_quarantined_messages;
	bool	 ignore_authenticated_clients;
	char	*ignore_hosts;		/* path of the list; NULL: the built-in entries alone */
	struct conf_list ignore_mail_from;	/* Author Domains, normalised */
	struct conf_list ignore_mail_to;	/* addresses of the To field */
	int	 log_decisions;		/* enum conf_log_decisions */
	char	*metrics_file;		/* NULL: none */
	int	 milter_debug;		/* level of libmilter's own debugging */
	struct conf_list nameservers;	/* IP or IP@port; empty: the system's */
	char	*no_reports_list;	/* path of addresses and domains; NULL none */
	int	 on_dns_error;		/* enum conf_dns_error */
	int	 on_history_error;	/* enum conf_history_error */
	struct conf_list own_hosts;	/* further by-hosts of Received that are ours, normalised */
	char	*pid_file;
	int	 policy_discovery;	/* enum odm_discovery */
	char	*public_suffix_list;	/* NULL: with psl the list built into libpsl */
	bool	 record_all_messages;
	bool	 reject_failures;
	bool	 reject_multi_value_from;
	char	*reject_string;		/* at most one "%s", the policy domain */
	bool	 remove_refused_results;
	char	*report_command;	/* of failure reports: words of an argument vector */
	bool	 required_from;
	bool	 required_headers;
	char	*socket;
	bool	 software_header;
	bool	 spf_ignore_results;
	bool	 spf_self_validate;
	bool	 syslog;
	char	*syslog_facility;
	char	*test_dns_data;		/* path of records to use instead of the DNS; NULL none */
	bool	 trust_job_id;
	struct conf_list trusted_authserv_ids;	/* HOSTNAME replaced, NULL words never */
	struct conf_list trusted_relays;	/* addresses and networks, checked by conf_read() */
	int	 umask;			/* -1: leave as it is */
	char	*user_id;		/* user[:group] */

	char	*path;			/* of the file; NULL: none was read */
	unsigned lines[CONF_NITEMS];	/* where each option was set: conf_where() */
};

enum conf_flag {
	CONF_HOSTNAME = 1,	/* the word HOSTNAME stands for the name of this host */
	CONF_DOMAIN = 2,	/* the words are domains and kept normalised */
	CONF_ZERO_IS_MAX = 4,	/* 0 is taken as the maximum, with a warning */
	CONF_LENIENT = 8,	/* a value that fails the check: warning, default kept */
	CONF_FIXED = 16,	/* needs a restart: a reload keeps what was */
	CONF_SEMICOLON = 32	/* ";" separates list words as well */
};

struct conf_item {
	const char	*name;
	enum conf_type	 type;
	size_t		 offset;	/* of the member in struct conf */
	const char	*fallback;	/* default as it would stand in the file; NULL: unset */
	int		 min, max;	/* CONF_NUMBER */
	const struct odm_name *choices;	/* CONF_WORD */
	size_t		 nchoices;
	bool		(*check)(struct odm_span word);	/* of a text or list word; may be NULL */
	const char	*expects;	/* in words, what check() asks for */
	unsigned	 flags;		/* enum conf_flag */
	const char	*example;	/* for the sample file where there is no default */
	const char	*help;		/* one sentence for the sample file */
};

/* The option table, sorted by name (letter case ignored). */
extern const struct conf_item conf_items[CONF_NITEMS];

/* Where the configuration is when nobody says otherwise: SYSCONFDIR/opendmarc.conf. */
extern const char conf_default_path[];

/*
 * Reads path ("-": standard input) into a new struct; defaults for what the
 * file does not set; of repeated options the last counts. NULL on error; why
 * then holds "FILE: configuration error at line N: REASON ..." with the bad
 * word and the nearest valid one. path NULL: the defaults alone.
 * Warnings (old names, DNSTimeout 0) go to the log. The caller frees with
 * conf_free().
 */
struct conf *conf_read(const char *path, char *why, size_t why_size);

/*
 * Sets one option, before anybody else sees c, as a command line does. False,
 * and the reason in why, when the value is not a legal one.
 */
bool conf_override(struct conf *c, const char *name, const char *value,
    char *why, size_t why_size);

/*
 * Says into where which line is to blame for an option: "FILE: configuration
 * error at line N", "command line", or FILE alone when no line sets it.
 */
void conf_where(const struct conf *c, const char *name, char *where, size_t where_size);

/*
 * Calls changed(item, arg) for each option whose value differs between two
 * readings, in the order of the table.
 */
void conf_compare(const struct conf *a, const struct conf *b,
    void (*changed)(const struct conf_item *item, void *arg), void *arg);

/* True when the option of that name has the same value in both. */
bool conf_same(const struct conf *a, const struct conf *b, const char *name);

/* The two numbers of auto_restart_rate: so many events in so many seconds. */
bool conf_rate(struct odm_span text, unsigned *events_r, unsigned *secs_r);

/* Frees *c and clears it. *c may be NULL. */
void conf_free(struct conf **c);

/* Writes the sample file, every option commented out with default and help, to stdout. */
void conf_print_sample(void);

#endif
