/*
 * outmail.h - a mail that somebody else has composed, made ready for SMTP: who is to get
 * it, out of To, Cc and Bcc, and its octets without Bcc. RFC 5322, 3.6.3; RFC 5321, 2.3.8.
 */
#ifndef REPORTS_OUTMAIL_H
#define REPORTS_OUTMAIL_H

#include "libopendmarc/base/limits.h"
#include "libopendmarc/base/strbuf.h"

/* Octets of such a mail: what mail servers accept by default. */
#define REPORT_OUTMAIL_MAX	(10u * 1024 * 1024)

/* RFC 5321, 4.5.3.1.8: any server takes as many recipients of one mail. */
#define REPORT_OUTMAIL_RECIPIENTS_MAX	100

/* Octets of one address field: the longest addresses, with names beside them. */
#define REPORT_OUTMAIL_FIELD_MAX	(64u * 1024)

struct report_outmail {
	struct odm_strbuf mail;
	char		 recipients[REPORT_OUTMAIL_RECIPIENTS_MAX][ODM_URI_ADDRESS_MAX + 1];
				/* each once, report_mail_address_okay() */
	size_t		 nrecipients;
	size_t		 nrefused;	/* addresses that are none, or that mail cannot carry */
	bool		 too_many;	/* recipients, or octets in one address field */
};

/*
 * Reads a mail. In m_r->mail all line ends (LF, CRLF, a bare CR) are CRLF, the last one
 * is there, and "?" stands for a NUL; nothing else is changed but for Bcc, which is gone.
 * -1 when memory is short or text longer than REPORT_OUTMAIL_MAX, else 0; with too_many
 * the list of recipients is not complete. report_outmail_free() in any case.
 * report_mail_init() must have been called.
 */
int report_outmail_read(struct odm_span text, struct report_outmail *m_r);

void report_outmail_free(struct report_outmail *m);

#endif
