/*
 * failures_private.h - what the two files of failures.h share.
 */
#ifndef REPORTS_FAILURES_PRIVATE_H
#define REPORTS_FAILURES_PRIVATE_H

#include "common/failure.h"
#include "reports/failures.h"

/*
 * Reads an entry; text is cleared first, and the texts of *f_r point into it. False, after
 * logging and putting it aside, when it is none.
 */
bool report_failures_load(struct report_failures *r, const char *name,
    struct odm_strbuf *text, struct failure *f_r);

/*
 * Makes the mail of a group of so many incidents from the entry of that name, the oldest.
 * True: nothing of the group is needed any more; false: it waits for the next run.
 */
bool report_failures_make(struct report_failures *r, const char *name, unsigned incidents);

#endif
