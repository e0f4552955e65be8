/*
 * check_command.c - the command line of opendmarc-check.
 */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "opendmarc/check_command.h"

enum option_code {
	OPT_AUTHSERV_ID = 1,
	OPT_CLIENT_IP,
	OPT_CONF,
	OPT_EXPLAIN_JSON,
	OPT_HELO,
	OPT_HELP,
	OPT_JSON,
	OPT_MAIL_FROM,
	OPT_MESSAGE,
	OPT_NAMESERVERS,
	OPT_QUEUE_ID,
	OPT_REPLAY,
	OPT_STRICT,
	OPT_VERSION
};

static const struct option options[] = {
	{ "authserv-id",	required_argument,	NULL, OPT_AUTHSERV_ID },
	{ "client-ip",		required_argument,	NULL, OPT_CLIENT_IP },
	{ "conf",		required_argument,	NULL, OPT_CONF },
	{ "explain-json",	required_argument,	NULL, OPT_EXPLAIN_JSON },
	{ "helo",		required_argument,	NULL, OPT_HELO },
	{ "help",		no_argument,		NULL, OPT_HELP },
	{ "json",		no_argument,		NULL, OPT_JSON },
	{ "mail-from",		required_argument,	NULL, OPT_MAIL_FROM },
	{ "message",		required_argument,	NULL, OPT_MESSAGE },
	{ "nameservers",	required_argument,	NULL, OPT_NAMESERVERS },
	{ "queue-id",		required_argument,	NULL, OPT_QUEUE_ID },
	{ "replay",		required_argument,	NULL, OPT_REPLAY },
	{ "strict",		no_argument,		NULL, OPT_STRICT },
	{ "version",		no_argument,		NULL, OPT_VERSION },
	{ NULL, 0, NULL, 0 },
};

static const char usage_text[] =
    CHECK_PROG ": usage: " CHECK_PROG " [options] domain [domain...]\n"
    "       " CHECK_PROG " [options] --message file\n"
    "       " CHECK_PROG " [--json] --replay file\n"
    "\t--conf file         \tconfiguration of the filter\n"
    "\t--json              \tprint a JSON document\n"
    "\t--nameservers list  \task these name servers (IP or IP@port)\n"
    "\t--strict            \texit with 1 when a record has errors or warnings\n"
    "\t--message file      \texplain what becomes of a saved message (- is stdin)\n"
    "\t--client-ip address \tthe client that sent it\n"
    "\t--helo name         \tthe name it gave\n"
    "\t--mail-from address \tthe envelope sender\n"
    "\t--authserv-id name  \tbelieve results that carry this id\n"
    "\t--queue-id id       \tthe queue id of the message\n"
    "\t--explain-json file \twrite the explanation into a file as well\n"
    "\t--replay file       \trepeat an explained evaluation without network\n"
    "\t--help              \tprint this and exit\n"
    "\t--version           \tprint version and exit\n";

static int
usage(void)
{
	fputs(usage_text, stderr);
	return EX_USAGE;
}

static void
apply_option(struct check_command *cmd, int c)
{
	const char **texts[] = {
		[OPT_AUTHSERV_ID] = &cmd->authserv_id,
		[OPT_CLIENT_IP] = &cmd->envelope.client_ip,
		[OPT_CONF] = &cmd->conf_path,
		[OPT_EXPLAIN_JSON] = &cmd->explain_path,
		[OPT_HELO] = &cmd->envelope.helo,
		[OPT_MAIL_FROM] = &cmd->envelope.mail_from,
		[OPT_MESSAGE] = &cmd->message,
		[OPT_NAMESERVERS] = &cmd->nameservers,
		[OPT_QUEUE_ID] = &cmd->envelope.queue_id,
		[OPT_REPLAY] = &cmd->replay,
	};

	if (c == OPT_JSON)
		cmd->json = true;
	else if (c == OPT_STRICT)
		cmd->strict = true;
	else
		*texts[c] = optarg;
	if (c == OPT_CLIENT_IP || c == OPT_HELO || c == OPT_MAIL_FROM || c == OPT_QUEUE_ID ||
	    c == OPT_AUTHSERV_ID || c == OPT_EXPLAIN_JSON)
		cmd->envelope_given = true;
}

int
check_command_read(int argc, char **argv, struct check_command *cmd)
{
	int c;

	*cmd = (struct check_command){ 0 };
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == '?')
			return usage();
		if (c == OPT_HELP) {
			fputs(usage_text, stderr);
			return EX_OK;
		}
		if (c == OPT_VERSION) {
			printf(CHECK_PROG " v%s\n", PACKAGE_VERSION);
			return EX_OK;
		}
		apply_option(cmd, c);
	}
	cmd->domains = argv + optind;
	cmd->ndomains = argc - optind;
	/* One of the three kinds of work, with its own options only. */
	if ((cmd->message != NULL) + (cmd->replay != NULL) + (cmd->ndomains > 0) != 1 ||
	    (cmd->envelope_given && cmd->message == NULL) ||
	    (cmd->strict && cmd->ndomains == 0))
		return usage();
	return -1;
}
