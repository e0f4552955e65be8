/*
 * bounce.h - reads a mail that came back: whether it is a delivery status notification
 * (RFC 3464) about report mail of ours, and what became of that mail.
 *
 * Only the address to which it came is believed: its token (verp.h) was given to the
 * mail's recipient alone. What stands in the notification decides how it ended, and
 * can speak about no other recipient.
 */
#ifndef REPORTS_BOUNCE_H
#define REPORTS_BOUNCE_H

#include "libopendmarc/base/span.h"
#include "reports/deliver.h"
#include "reports/verp.h"

/* Octets of a returned mail that are read; it may carry the whole report behind them. */
#define REPORT_BOUNCE_MAX	(1024 * 1024)

/* How long an address that failed gets no reports: mailboxes are mended, domains move. */
#define REPORT_BOUNCE_EXPIRY_SECS	(30 * 24 * 60 * 60)

enum report_bounce_kind {
	REPORT_BOUNCE_OTHER,	/* not about mail of ours: recipient and status are "" */
	REPORT_BOUNCE_DELAYED,	/* delayed, relayed, delivered: nothing is wrong */
	REPORT_BOUNCE_FAILED	/* the recipient did not get the mail and will not */
};

struct report_bounce {
	enum report_bounce_kind kind;
	char		 recipient[ODM_URI_ADDRESS_MAX + 1];
	char		 status[16];	/* RFC 3463, such as 5.1.1 */
	char		 reason[REPORT_REASON_SIZE];	/* one clean line; for OTHER why */
};

/*
 * Reads a mail. to is the address it came to, NULL when its header fields are to tell;
 * email the sender of reports. report_mail_init() must have been called.
 */
void report_bounce_read(struct odm_span mail, const char *to, const char *email,
    const struct report_verp_key *key, struct report_bounce *bounce_r);

#endif
