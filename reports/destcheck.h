/*
 * destcheck.h - asks the DNS whether destinations on other hosts want the reports.
 * RFC 9990, 4; RFC 9991, 5. All destinations of a list are asked about at once.
 */
#ifndef REPORTS_DESTCHECK_H
#define REPORTS_DESTCHECK_H

#include "common/resolver.h"
#include "reports/dest.h"

/*
 * Settles every UNCHECKED destination of *d for reports of a kind about policy_domain
 * (normalised).
 * Waits for the DNS at most timeout_ms; what has no answer then is POSTPONED. 0, or
 * -1 when memory is short.
 */
int report_dests_check(struct report_dests *d, struct resolver *resolver,
    const char *policy_domain, enum odm_report_kind kind, int64_t timeout_ms);

#endif
