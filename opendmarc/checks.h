/*
 * checks.h - what must hold before the daemon starts, beyond the syntax of its
 * configuration: -n and the start itself make the same checks.
 */
#ifndef OPENDMARC_CHECKS_H
#define OPENDMARC_CHECKS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/conf.h"
#include "common/domainlist.h"
#include "common/hostlist.h"
#include "common/testzone.h"
#include "libopendmarc/base/ipaddr.h"
#include "libopendmarc/base/psl.h"
#include "opendmarc/exceptions.h"

/* There is a Socket. 0, or -1 with place and remedy in why (exit status 78). */
int dmf_check_socket(const struct conf *c, char *why, size_t why_size);

/*
 * BaseDirectory can be entered (which is done), the PublicSuffixList can be read. 0, or
 * -1 with place, reason and remedy in why (exit status 78).
 */
int dmf_check_conf(const struct conf *c, char *why, size_t why_size);

/*
 * The IgnoreHosts list, with the addresses of this host unless they shall not count; NULL
 * with place and reason in why. The caller frees it.
 */
struct hostlist *dmf_check_ignore_hosts(const struct conf *c, bool with_loopback, char *why,
    size_t why_size);

/*
 * The TrustedRelays as networks, conf->trusted_relays.nwords of them. An array
 * also when there is none; NULL with the reason in why. The caller frees it.
 */
struct odm_net *dmf_check_relays(const struct conf *c, char *why, size_t why_size);

/*
 * The public suffix list in *psl_r, NULL when PolicyDiscovery is treewalk; the caller
 * frees it. 0, or -1 with place, reason and remedy in why.
 */
int dmf_check_psl(const struct conf *c, struct odm_psl **psl_r, char *why, size_t why_size);

/*
 * The records of TestDNSData in *zone_r, NULL when the option is not set; the caller
 * frees it. 0, or -1 with place and reason in why.
 */
int dmf_check_test_zone(const struct conf *c, struct testzone **zone_r, char *why,
    size_t why_size);

/*
 * The domains of DomainWhitelist and DomainWhitelistFile, a list also when there is none.
 * NULL with place and reason in why. The caller frees it.
 */
struct domainlist *dmf_check_sealers(const struct conf *c, char *why, size_t why_size);

/*
 * The ExceptionsFile in *list_r, NULL when the option is not set; the caller frees it, c must
 * outlive it. 0, or -1 with place and reason in why.
 */
int dmf_check_exceptions(const struct conf *c, struct dmf_exceptions **list_r, char *why,
    size_t why_size);

/*
 * Logs what an administrator should know once at start: who is trusted, which
 * line of defence is active, how policies are found, which exceptions (NULL: none) have
 * run out, and what looks like a slip.
 */
void dmf_check_log(const struct conf *c, const struct dmf_exceptions *exceptions,
    const char *host_name);

#endif
