/*
 * selftest.h - the work of opendmarc-reports that makes no reports: --check-identity
 * and --bounce. What they find is printed on stdout.
 */
#ifndef REPORTS_SELFTEST_H
#define REPORTS_SELFTEST_H

#include "reports/bounce.h"
#include "reports/checkid.h"
#include "reports/settings.h"
#include "reports/verp.h"

/*
 * --check-identity: a line for each address from where our mail leaves. The exit
 * status: 0 when all pass, 1 when not, 75 when the DNS fails for now.
 */
int report_selftest_identity(const struct report_settings *s,
    const struct report_identity *identity, struct resolver *resolver, int64_t timeout_ms);

/*
 * --bounce: reads a mail from standard input, prints what it says about mail of ours, and
 * puts it into *bounce_r. 0 also for other mail, so that a mail server does not return
 * it once more; 75 when it could not be read.
 */
int report_selftest_bounce(const struct report_settings *s,
    const struct report_identity *identity, const struct report_verp_key *key,
    struct report_bounce *bounce_r);

#endif
