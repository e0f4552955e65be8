/*
 * deliver.h - what can come of one try to hand a report over, whatever the way.
 */
#ifndef REPORTS_DELIVER_H
#define REPORTS_DELIVER_H

#include "libopendmarc/base/span.h"

/* Room for a reason: the answer of the other side, made one clean line. */
#define REPORT_REASON_SIZE	512

enum report_outcome {
	REPORT_SENT,
	REPORT_FAILED,		/* this mail, this time */
	REPORT_REFUSED,		/* this mail for good: another try would get the same answer */
	REPORT_UNREACHABLE,	/* nothing can be sent this way at all: no word about this mail */
	REPORT_HELD,		/* not tried: it is to wait for a later run */
	REPORT_BARRED		/* not tried: its destination is to get nothing */
};

/* Puts text as one clean line into reason. */
void report_reason(const char *text, char reason[REPORT_REASON_SIZE]);

#endif
