/*
 * conftable.c - the table of options, and the words of 1.x that do nothing here.
 * What is said here once, the parser, the sample file and the manual check use.
 */
#include "config.h"

#include <string.h>

#include "common/conf_private.h"
#include "common/log.h"
#include "libopendmarc/base/domain.h"
#include "libopendmarc/base/nametab.h"
#include "libopendmarc/core/eval.h"

#define MEMBER(name)	offsetof(struct conf, name)
#define CHOICES(names)	.choices = (names), .nchoices = COUNT(names)

static const struct odm_name dns_error_names[] = {
	{ CONF_DNS_ERROR_ACCEPT,	"accept" },
	{ CONF_DNS_ERROR_TEMPFAIL,	"tempfail" },
};

static const struct odm_name history_format_names[] = {
	{ CONF_HISTORY_FULL,	"full" },
	{ CONF_HISTORY_1_4,	"1.4" },
};

static const struct odm_name discovery_names[] = {
	{ ODM_DISCOVERY_TREEWALK,	"treewalk" },
	{ ODM_DISCOVERY_PSL,		"psl" },
};

/* What can stand in an Authentication-Results field without quoting. RFC 8601, 2.2. */
static bool
is_authserv_id(struct odm_span word)
{
	for (size_t i = 0; i < word.len; i++)
		if ((unsigned char)word.at[i] <= ' ' || word.at[i] == 0x7f ||
		    memchr("()<>,;:\\\"/[]?=", word.at[i], 14) != NULL)
			return false;
	return word.len > 0;
}

static bool
is_net(struct odm_span word)
{
	struct odm_net net;

	return odm_net_parse(word, &net);
}

/* IP or IP@PORT. */
static bool
is_nameserver(struct odm_span word)
{
	size_t at = odm_span_find(word, '@');
	unsigned long long port;
	struct odm_ip ip;

	if (at < word.len && (!odm_span_number(odm_span_sub(word, at + 1, word.len), 65535,
	    &port) || port == 0))
		return false;
	return odm_ip_parse(odm_span_sub(word, 0, at), &ip);
}

static bool
is_domain(struct odm_span word)
{
	char name[ODM_NAME_MAX + 1];

	return odm_domain_normalise(word, name);
}

/* PORT or PORT@HOST, the port a number or the name of a service. */
static bool
is_inet(struct odm_span word)
{
	size_t at = odm_span_find(word, '@');
	struct odm_span port = odm_span_sub(word, 0, at);
	unsigned long long number;

	if (at + 1 == word.len || port.len == 0)
		return false;
	if (!odm_is_digit(port.at[0]))
		return true;
	return odm_span_number(port, 65535, &number) && number > 0;
}

/* The forms that libmilter takes. */
static bool
is_socket(struct odm_span word)
{
	size_t colon = odm_span_find(word, ':');
	struct odm_span kind = odm_span_sub(word, 0, colon), rest;

	if (colon == word.len)
		return word.len > 0;
	rest = odm_span_sub(word, colon + 1, word.len);
	if (odm_span_ieq(kind, "local") || odm_span_ieq(kind, "unix"))
		return rest.len > 0;
	if (odm_span_ieq(kind, "inet") || odm_span_ieq(kind, "inet6"))
		return is_inet(rest);
	return false;
}

static bool
is_facility(struct odm_span word)
{
	char text[16];

	return odm_span_copy(word, text, sizeof(text)) && log_facility_known(text);
}

/* user, or user:group with neither part empty. */
static bool
is_user(struct odm_span word)
{
	size_t colon = odm_span_find(word, ':');

	return colon > 0 && colon + 1 != word.len;
}

const struct conf_item conf_items[CONF_NITEMS] = {
	{ .name = "AuthservID", .type = CONF_STRING, .offset = MEMBER(authserv_id),
	  .check = is_authserv_id, .expects = "a host name or another name without blanks",
	  .flags = CONF_HOSTNAME, .example = "mail.example.com",
	  .help = "Our name in Authentication-Results; HOSTNAME is the name of this host." },
	{ .name = "Background", .type = CONF_BOOL, .offset = MEMBER(background),
	  .fallback = "yes",
	  .help = "Run in the background, as a daemon of its own." },
	{ .name = "Database", .type = CONF_STRING, .offset = MEMBER(database),
	  .example = "sqlite:/var/lib/opendmarc/opendmarc.db",
	  .help = "Where the report tools keep what the history file told them." },
	{ .name = "DKIMVerifiers", .type = CONF_NUMBER, .offset = MEMBER(dkim_verifiers),
	  .fallback = "1", .min = 1, .max = 100,
	  .help = "How many fields with DKIM results each trusted host writes." },
	{ .name = "DNSTimeout", .type = CONF_NUMBER, .offset = MEMBER(dns_timeout_secs),
	  .fallback = "5", .min = 1, .max = 300, .flags = CONF_ZERO_IS_MAX,
	  .help = "Seconds that all DNS questions of one message may take together." },
	{ .name = "HistoryFile", .type = CONF_STRING, .offset = MEMBER(history_file),
	  .example = "/var/lib/opendmarc/opendmarc.dat",
	  .help = "The file that collects what aggregate reports are made of." },
	{ .name = "HistoryFormat", .type = CONF_WORD, .offset = MEMBER(history_format),
	  .fallback = "full", CHOICES(history_format_names),
	  .help = "full, or 1.4 when an importer of version 1.4 reads the history file." },
	{ .name = "IgnoreAuthenticatedClients", .type = CONF_BOOL,
	  .offset = MEMBER(ignore_authenticated_clients), .fallback = "no",
	  .help = "Leave mail alone that a client sends after authentication." },
	{ .name = "IgnoreHosts", .type = CONF_STRING, .offset = MEMBER(ignore_hosts),
	  .example = "/etc/opendmarc/ignore.hosts",
	  .help = "A file of hosts and networks whose mail is left alone." },
	{ .name = "Nameservers", .type = CONF_LIST, .offset = MEMBER(nameservers),
	  .check = is_nameserver, .expects = "addresses, each IP or IP@PORT",
	  .example = "127.0.0.1,192.0.2.53@5353",
	  .help = "DNS servers to ask instead of those of the system." },
	{ .name = "On-DNSError", .type = CONF_WORD, .offset = MEMBER(on_dns_error),
	  .fallback = "accept", CHOICES(dns_error_names),
	  .help = "What happens to mail when the DNS does not answer: accept or tempfail." },
	{ .name = "OwnHosts", .type = CONF_LIST, .offset = MEMBER(own_hosts),
	  .check = is_domain, .expects = "host names and domains", .flags = CONF_DOMAIN,
	  .example = "mx1.example.com,mx2.example.com",
	  .help = "Further hosts whose Received fields are our own." },
	{ .name = "PidFile", .type = CONF_STRING, .offset = MEMBER(pid_file),
	  .example = "/run/opendmarc/opendmarc.pid",
	  .help = "A file for the process number of the daemon." },
	{ .name = "PolicyDiscovery", .type = CONF_WORD, .offset = MEMBER(policy_discovery),
	  .fallback = "treewalk", CHOICES(discovery_names),
	  .help = "treewalk by RFC 9989, or psl: RFC 7489 with a public suffix list." },
	{ .name = "PublicSuffixList", .type = CONF_STRING, .offset = MEMBER(public_suffix_list),
	  .example = "/usr/share/publicsuffix/public_suffix_list.dat",
	  .help = "The list for PolicyDiscovery psl; without it the one built into libpsl." },
	{ .name = "RecordAllMessages", .type = CONF_BOOL, .offset = MEMBER(record_all_messages),
	  .fallback = "no",
	  .help = "Record messages of domains without a policy too." },
	{ .name = "RejectFailures", .type = CONF_BOOL, .offset = MEMBER(reject_failures),
	  .fallback = "no",
	  .help = "Reject mail that fails when its domain asks for rejection." },
	{ .name = "RemoveRefusedResults", .type = CONF_BOOL,
	  .offset = MEMBER(remove_refused_results), .fallback = "yes",
	  .help = "Remove fields in our name that claim a pass we do not believe." },
	{ .name = "Socket", .type = CONF_STRING, .offset = MEMBER(socket),
	  .check = is_socket,
	  .expects = "local:PATH, inet:PORT@HOST, inet6:PORT@HOST or a path",
	  .example = "local:/run/opendmarc/opendmarc.sock",
	  .help = "Where the mail server reaches the filter." },
	{ .name = "SoftwareHeader", .type = CONF_BOOL, .offset = MEMBER(software_header),
	  .fallback = "no",
	  .help = "Add a DMARC-Filter field that names this software." },
	{ .name = "SPFIgnoreResults", .type = CONF_BOOL, .offset = MEMBER(spf_ignore_results),
	  .fallback = "no",
	  .help = "Believe no SPF result in header fields." },
	{ .name = "SPFSelfValidate", .type = CONF_BOOL, .offset = MEMBER(spf_self_validate),
	  .fallback = "no",
	  .help = "Check SPF ourselves." },
	{ .name = "Syslog", .type = CONF_BOOL, .offset = MEMBER(syslog),
	  .fallback = "no",
	  .help = "Log to syslog." },
	{ .name = "SyslogFacility", .type = CONF_STRING, .offset = MEMBER(syslog_facility),
	  .fallback = "mail", .check = is_facility, .flags = CONF_LENIENT,
	  .expects = "a facility of syslog",
	  .help = "The facility under which syslog gets our lines." },
	{ .name = "TrustedAuthservIDs", .type = CONF_LIST,
	  .offset = MEMBER(trusted_authserv_ids), .flags = CONF_HOSTNAME,
	  .example = "mail.example.com,mx.example.com",
	  .help = "Names under which trusted hosts write Authentication-Results." },
	{ .name = "TrustedRelays", .type = CONF_LIST, .offset = MEMBER(trusted_relays),
	  .check = is_net, .expects = "addresses and networks, as 192.0.2.1 or 2001:db8::/32",
	  .example = "192.0.2.1,2001:db8::/32",
	  .help = "Our own border hosts: results of other names count only from them." },
	{ .name = "TrustJobID", .type = CONF_BOOL, .offset = MEMBER(trust_job_id),
	  .fallback = "no",
	  .help = "Believe fields in our name only with the queue id of the message." },
	{ .name = "UMask", .type = CONF_OCTAL, .offset = MEMBER(umask),
	  .example = "0002",
	  .help = "Octal mask for socket, pid file and history file." },
	{ .name = "UserID", .type = CONF_STRING, .offset = MEMBER(user_id),
	  .check = is_user, .expects = "USER or USER:GROUP",
	  .example = "opendmarc",
	  .help = "The user, and with a colon the group, to run as." },
};

const struct conf_old conf_old_items[CONF_NOLD] = {
	{ "AuthservIDWithJobID",	NULL, true, NULL },
	{ "AutoRestart",		NULL, true, NULL },
	{ "AutoRestartCount",		NULL, false, NULL },
	{ "AutoRestartRate",		NULL, false, NULL },
	{ "BaseDirectory",		NULL, false, "write whole paths" },
	{ "ChangeRootDirectory",	NULL, false, "use the confinement of the service manager" },
	{ "CopyFailuresTo",		NULL, false, NULL },
	{ "DomainWhitelist",		NULL, false, "ARC changes no verdict" },
	{ "DomainWhitelistFile",	NULL, false, "ARC changes no verdict" },
	{ "DomainWhitelistSize",	NULL, false, NULL },
	{ "EnableCoredumps",		NULL, true, NULL },
	{ "FailureReports",		NULL, true, NULL },
	{ "FailureReportsBcc",		NULL, false, NULL },
	{ "FailureReportsOnNone",	NULL, true, NULL },
	{ "FailureReportsSentBy",	NULL, false, NULL },
	{ "ForensicReports",		"FailureReports", true, NULL },
	{ "ForensicReportsBcc",		"FailureReportsBcc", false, NULL },
	{ "ForensicReportsOnNone",	"FailureReportsOnNone", true, NULL },
	{ "ForensicReportsSentBy",	"FailureReportsSentBy", false, NULL },
	{ "HoldQuarantinedMessages",	NULL, true, "quarantine is only written into the header" },
	{ "IgnoreMailFrom",		NULL, false, "mail of these domains is judged too" },
	{ "IgnoreMailTo",		NULL, false, "mail to these addresses is recorded too" },
	{ "MilterDebug",		NULL, false, NULL },
	{ "NoReportsList",		NULL, false, NULL },
	{ "RejectMultiValueFrom",	NULL, true, NULL },
	{ "RejectString",		NULL, false, NULL },
	{ "ReportCommand",		NULL, false, NULL },
	{ "RequiredFrom",		NULL, true, NULL },
	{ "RequiredHeaders",		NULL, true, NULL },
	{ "TestDNSData",		NULL, false, "the DNS is asked" },
};

const struct conf_item *
conf_item_find(struct odm_span name)
{
	for (size_t i = 0; i < COUNT(conf_items); i++)
		if (odm_span_ieq(name, conf_items[i].name))
			return &conf_items[i];
	return NULL;
}

const struct conf_old *
conf_old_find(struct odm_span name)
{
	for (size_t i = 0; i < COUNT(conf_old_items); i++)
		if (odm_span_ieq(name, conf_old_items[i].name))
			return &conf_old_items[i];
	return NULL;
}
