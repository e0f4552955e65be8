/*
 * audit.h - --audit: what became of the messages of a UTC day.
 */
#ifndef REPORTS_AUDIT_H
#define REPORTS_AUDIT_H

#include "db/store.h"
#include "reports/window.h"

/*
 * Prints the count of messages for each fate, and for each reason of those that are told
 * to nobody. The exit status: 0 when every message is told or there is a reason why not,
 * 75 when some still wait, 1 when the numbers do not add up or the store failed.
 */
int report_audit(struct store *store, const struct report_window *day);

#endif
