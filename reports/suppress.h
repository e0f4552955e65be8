/*
 * suppress.h - destinations that get no reports: those that mail came back from, and
 * those that an administrator has named. Kept in the store.
 */
#ifndef REPORTS_SUPPRESS_H
#define REPORTS_SUPPRESS_H

#include "db/store.h"
#include "reports/bounce.h"
#include "reports/dest.h"
#include "reports/settings.h"

/* Room for why a destination is suppressed. */
#define REPORT_SUPPRESS_WHY_SIZE	256

/*
 * --suppress, --unsuppress, --list-suppressed, in this order: all that is asked for. The
 * exit status; what is wrong has been said.
 */
int report_suppress_work(const struct report_settings *s, struct store *store, int64_t now);

/*
 * Suppresses the recipient of a bounce of the kind FAILED for REPORT_BOUNCE_EXPIRY_SECS.
 * A suppression that lasts longer stays as it is. 0, or -1: see store_error().
 */
int report_suppress_bounce(struct store *store, const struct report_bounce *bounce, int64_t now);

/*
 * Whether a mail address or the URL of an https destination, or its host, is suppressed;
 * then why holds one clean line. 0, or -1: see store_error().
 */
int report_suppressed(struct store *store, const char *destination, int64_t now, bool *yes_r,
    char why[REPORT_SUPPRESS_WHY_SIZE]);

#endif
