/*
 * env.h - what a connection reads and never writes: one configuration and what it
 * names. All pointers are borrowed from a setup (setup.h); the modules behind them
 * are thread-safe.
 */
#ifndef OPENDMARC_ENV_H
#define OPENDMARC_ENV_H

#include <stddef.h>

#include "common/conf.h"
#include "common/domainlist.h"
#include "common/hostlist.h"
#include "common/resolver.h"
#include "common/testzone.h"
#include "libopendmarc/base/ipaddr.h"
#include "libopendmarc/base/psl.h"

struct dmf_env {
	const struct conf	*conf;
	const struct hostlist	*ignore_hosts;
	const struct odm_psl	*psl;		/* NULL: PolicyDiscovery treewalk */
	const struct testzone	*test_zone;	/* NULL: the DNS is asked */
	const struct domainlist	*sealers;	/* DomainWhitelist and its file; NULL: nobody */
	const struct dmf_exceptions *exceptions;	/* NULL: no ExceptionsFile */
	struct resolver		*resolver;
	struct histwriter	*history;	/* NULL: no HistoryFile */
	struct dmf_failreporter	*failures;	/* NULL: FailureReports is off */
	const char		*host_name;	/* gethostname() */
	const struct odm_net	*trusted_relays;/* from conf->trusted_relays */
	size_t			 ntrusted_relays;
};

#endif
