/*
 * checks.c - what must hold before the daemon starts, and what its log says then.
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "libopendmarc/base/strbuf.h"
#include "libopendmarc/core/eval.h"
#include "opendmarc/checks.h"

/* More text of a list than a log line shows. */
#define LIST_TEXT_MAX	4000

/* A path and what is wrong with a line of the file. */
#define REASON_MAX	(PATH_MAX + 400)

/* "PLACE: TEXT" into why; always -1. */
static int
fail(const struct conf *c, const char *option, const char *text, char *why, size_t why_size)
{
	char where[PATH_MAX + 64];

	conf_where(c, option, where, sizeof(where));
	if (snprintf(why, why_size, "%s: %s", where, text) < 0)
		why[0] = '\0';
	return -1;
}

static int
fail_suffix_list(const struct conf *c, const char *reason, char *why, size_t why_size)
{
	char text[PATH_MAX + 160];

	if (snprintf(text, sizeof(text), "PublicSuffixList \"%s\": %s (install the list, or remove "
	    "the line)", c->public_suffix_list, reason) < 0)
		text[0] = '\0';
	return fail(c, "PublicSuffixList", text, why, why_size);
}

static int
check_suffix_list(const struct conf *c, char *why, size_t why_size)
{
	if (c->public_suffix_list == NULL || access(c->public_suffix_list, R_OK) == 0)
		return 0;
	return fail_suffix_list(c, strerror(errno), why, why_size);
}

int
dmf_check_psl(const struct conf *c, struct odm_psl **psl_r, char *why, size_t why_size)
{
	if (c->policy_discovery == ODM_DISCOVERY_TREEWALK) {
		*psl_r = NULL;
		return 0;
	}
	*psl_r = odm_psl_open(c->public_suffix_list);
	if (*psl_r != NULL)
		return 0;
	if (c->public_suffix_list == NULL)
		return fail(c, "PolicyDiscovery", "libpsl has no list built in (name one with "
		    "PublicSuffixList)", why, why_size);
	return fail_suffix_list(c, errno == EINVAL ? "not a public suffix list" :
	    strerror(errno), why, why_size);
}

/* Every relative path that is opened from here on counts from BaseDirectory. */
static int
enter_base(const struct conf *c, char *why, size_t why_size)
{
	char text[PATH_MAX + 160];

	if (c->base_directory == NULL || chdir(c->base_directory) == 0)
		return 0;
	if (snprintf(text, sizeof(text), "BaseDirectory \"%s\": %s (create it, or remove the "
	    "line)", c->base_directory, strerror(errno)) < 0)
		text[0] = '\0';
	return fail(c, "BaseDirectory", text, why, why_size);
}

int
dmf_check_socket(const struct conf *c, char *why, size_t why_size)
{
	if (c->socket != NULL)
		return 0;
	return fail(c, "Socket", "no Socket (set one, as local:PATH or inet:PORT@HOST, or "
	    "use -p)", why, why_size);
}

int
dmf_check_conf(const struct conf *c, char *why, size_t why_size)
{
	if (enter_base(c, why, why_size) != 0)
		return -1;
	return check_suffix_list(c, why, why_size);
}

/* A file that an option names cannot be used: "WHERE: OPTION: REASON" into why. */
static void
fail_file(const struct conf *c, const char *option, const char *reason, char *why,
    size_t why_size)
{
	char text[PATH_MAX + 440];

	if (snprintf(text, sizeof(text), "%s: %s", option, reason) < 0)
		text[0] = '\0';
	fail(c, option, text, why, why_size);
}

struct hostlist *
dmf_check_ignore_hosts(const struct conf *c, bool with_loopback, char *why, size_t why_size)
{
	char reason[REASON_MAX];
	struct hostlist *list = hostlist_read(c->ignore_hosts, with_loopback, reason,
	    sizeof(reason));

	if (list == NULL)
		fail_file(c, "IgnoreHosts", reason, why, why_size);
	return list;
}

int
dmf_check_test_zone(const struct conf *c, struct testzone **zone_r, char *why, size_t why_size)
{
	char reason[REASON_MAX];

	*zone_r = NULL;
	if (c->test_dns_data == NULL)
		return 0;
	*zone_r = testzone_read(c->test_dns_data, reason, sizeof(reason));
	if (*zone_r != NULL)
		return 0;
	fail_file(c, "TestDNSData", reason, why, why_size);
	return -1;
}

struct domainlist *
dmf_check_sealers(const struct conf *c, char *why, size_t why_size)
{
	char reason[REASON_MAX];
	struct domainlist *list = domainlist_read(&c->domain_whitelist, c->domain_whitelist_file,
	    reason, sizeof(reason));

	if (list == NULL)
		fail_file(c, "DomainWhitelistFile", reason, why, why_size);
	return list;
}

int
dmf_check_exceptions(const struct conf *c, struct dmf_exceptions **list_r, char *why,
    size_t why_size)
{
	char reason[REASON_MAX];

	*list_r = NULL;
	if (c->exceptions_file == NULL)
		return 0;
	*list_r = dmf_exceptions_read(c->exceptions_file, reason, sizeof(reason));
	if (*list_r != NULL)
		return 0;
	fail_file(c, "ExceptionsFile", reason, why, why_size);
	return -1;
}

struct odm_net *
dmf_check_relays(const struct conf *c, char *why, size_t why_size)
{
	const struct conf_list *words = &c->trusted_relays;
	struct odm_net *nets = calloc(words->nwords + 1, sizeof(nets[0]));

	if (nets == NULL) {
		strlcpy(why, "memory allocation failure", why_size);
		return NULL;
	}
	for (size_t i = 0; i < words->nwords; i++)
		if (!odm_net_parse(odm_span_str(words->words[i]), &nets[i])) {
			fail(c, "TrustedRelays", "a word is no network", why, why_size);
			free(nets);
			return NULL;
		}
	return nets;
}

/* "a, b", or "(none)". */
static void
list_text(const struct conf_list *list, struct odm_strbuf *text)
{
	odm_strbuf_init(text, LIST_TEXT_MAX);
	for (size_t i = 0; i < list->nwords; i++)
		odm_strbuf_addf(text, "%s%s", i == 0 ? "" : ", ", list->words[i]);
	if (list->nwords == 0)
		odm_strbuf_adds(text, "(none)");
}

/*
 * Some trusted name is not our own. Without AuthservID our own name comes from the
 * mail server later; the name of the host is what it will most likely be.
 */
static bool
trusts_others(const struct conf *c, const char *own)
{
	const struct conf_list *ids = &c->trusted_authserv_ids;

	for (size_t i = 0; i < ids->nwords; i++)
		if (!odm_span_ieq(odm_span_str(ids->words[i]), own))
			return true;
	return false;
}

static void
log_discovery(const struct conf *c)
{
	if (c->policy_discovery == ODM_DISCOVERY_TREEWALK)
		log_write(LOG_LEVEL_INFO, "policy discovery by DNS tree walk%s",
		    c->public_suffix_list == NULL ? "" : "; PublicSuffixList is not used for it");
	else
		log_write(LOG_LEVEL_INFO, "policy discovery by public suffix list (RFC 7489): %s",
		    c->public_suffix_list == NULL ? "the list built into libpsl" :
		    c->public_suffix_list);
}

/* Whose names count, and what looks like a slip there. */
static void
log_trust(const struct conf *c, const char *host_name)
{
	const char *own = c->authserv_id == NULL ? host_name : c->authserv_id;

	if (trusts_others(c, own) && c->trusted_relays.nwords == 0)
		log_write(LOG_LEVEL_WARNING, "TrustedAuthservIDs names other hosts and "
		    "TrustedRelays is not set: any client can claim results under these names");
	if (c->trusted_authserv_ids.nwords == 0 &&
	    !odm_span_ieq(odm_span_str(own), host_name))
		log_write(LOG_LEVEL_NOTICE, "results count only under the name %s, which is not "
		    "that of this host: the filters before this one must write it, or "
		    "TrustedAuthservIDs must name theirs", own);
}

/* What stands between a forged header field and a pass. */
static void
log_defence(const struct conf *c)
{
	const char *spf = "from trusted header fields, if no result contradicts";
	const char *dkim = "from the topmost trusted header field with a matching signature";

	if (c->spf_self_validate && c->spf_ignore_results)
		spf = "by our own check alone";
	else if (c->spf_self_validate)
		spf = "by our own check, from header fields for trusted relays";
	else if (c->spf_ignore_results)
		spf = "not at all: SPFIgnoreResults without SPFSelfValidate";
	if (c->trust_job_id)
		dkim = "from fields with the queue id of the message";
	log_write(LOG_LEVEL_INFO, "a pass is believed for SPF %s; for DKIM %s", spf, dkim);
	if (c->spf_ignore_results && !c->spf_self_validate)
		log_write(LOG_LEVEL_WARNING, "SPFIgnoreResults without SPFSelfValidate: no message "
		    "can pass by SPF");
}

static void
log_actions(const struct conf *c)
{
	if (c->hold_quarantined_messages && !c->reject_failures)
		log_write(LOG_LEVEL_NOTICE, "HoldQuarantinedMessages holds mail though "
		    "RejectFailures is off; version 1.4.2 held mail only when both were on");
}

/* What has run out should be renewed or go. */
static void
log_exceptions(const struct dmf_exceptions *list)
{
	const struct dmf_exception *e;
	int64_t now = (int64_t)time(NULL);

	for (size_t i = 0; (e = dmf_exceptions_at(list, i)) != NULL; i++)
		if (now >= e->ends)
			log_write(LOG_LEVEL_NOTICE, "%s: line %u: the exception for %s%s ended "
			    "with %s", dmf_exceptions_path(list), e->line, e->below ? "." : "",
			    e->domain, e->until);
}

/* Mail goes on without history; better to hear of a slip now than in a week. */
static void
log_history(const struct conf *c)
{
	char folder[PATH_MAX], *slash;

	if (c->history_file == NULL || access(c->history_file, W_OK) == 0)
		return;
	if (errno == ENOENT &&
	    strlcpy(folder, c->history_file, sizeof(folder)) < sizeof(folder)) {
		slash = strrchr(folder, '/');
		if (slash != NULL)
			slash[slash == folder] = '\0';
		if (access(slash == NULL ? "." : folder, W_OK | X_OK) == 0)
			return;
	}
	log_write(LOG_LEVEL_WARNING, "HistoryFile \"%s\" cannot be written: %s; mail is not "
	    "recorded until that is mended", c->history_file, strerror(errno));
}

void
dmf_check_log(const struct conf *c, const struct dmf_exceptions *exceptions,
    const char *host_name)
{
	struct odm_strbuf text;

	list_text(&c->trusted_authserv_ids, &text);
	log_write(LOG_LEVEL_INFO, "additional trusted authentication services: %s", text.at);
	odm_strbuf_free(&text);
	log_defence(c);
	log_actions(c);
	log_exceptions(exceptions);
	log_discovery(c);
	log_trust(c, host_name);
	log_history(c);
}
