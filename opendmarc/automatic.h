/*
 * automatic.h - is a message a report about mail, or a bounce? Programs answer such mail with
 * more of it: a report about a report brings the next report, and where its address does not
 * exist, a bounce about which there is a report again. RFC 9990, 3.5.2; RFC 9991, 5.1;
 * RFC 3834; RFC 3464; RFC 8098.
 *
 * Pure text work on header fields, each octet looked at once. What cannot be read says
 * nothing.
 */
#ifndef OPENDMARC_AUTOMATIC_H
#define OPENDMARC_AUTOMATIC_H

#include <stdbool.h>

#include "common/history.h"
#include "libopendmarc/base/span.h"
#include "libopendmarc/core/eval.h"

/* What the fields say of themselves; all false at first. */
struct dmf_automatic {
	bool	report;		/* the subject of an aggregate report, or a feedback report */
	bool	reply;		/* a delivery status or disposition notification, or a reply */
};

/* Looks at one field; name and value as the MTA gave them, folds and all. */
void dmf_automatic_field(struct dmf_automatic *a, struct odm_span name,
    struct odm_span value);

/*
 * What the message counts as: whether it alone may be a reason to report. null_sender is
 * about its envelope, result about its one Author Domain or the worst of several.
 */
enum history_automatic dmf_automatic_kind(const struct dmf_automatic *a, bool null_sender,
    enum odm_dmarc result);

#endif
