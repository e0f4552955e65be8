/*
 * mail.h - the mail that carries an aggregate report to one destination.
 * RFC 9990, 3.5.2; RFC 3834 (Auto-Submitted).
 */
#ifndef REPORTS_MAIL_H
#define REPORTS_MAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "libopendmarc/base/strbuf.h"
#include "reports/window.h"

/* Octets of one mail: a pack of REPORT_PACK_MAX in base64, its line ends and the rest. */
#define REPORT_MAIL_MAX		(384u * 1024 * 1024)

struct report_mail {
	const char	*from_address;	/* the part before "@" and a domain, ASCII */
	const char	*from_name;	/* free UTF-8, shown beside the address */
	const char	*to;		/* one address, ASCII */
	const char	*policy_domain;	/* A-labels */
	const char	*submitter;	/* A-labels */
	const char	*report_id;
	const char	*message_id;	/* without angle brackets */
	const char	*file_name;	/* report_file_name() */
	int64_t		 date;		/* epoch seconds, for the Date field */
	struct report_window window;
	uint64_t	 messages, rows;
	struct odm_span	 packed;	/* the report, gzip */
};

/* Once in a program, before the first report_mail_write(). */
void report_mail_init(void);
/* At its end, once: gives back what report_mail_init() took. */
void report_mail_exit(void);

/*
 * True for an address that can stand in a header field and an SMTP command as it is:
 * one "@" with printable ASCII before it and a domain name in A-labels behind it, no blanks,
 * none of <>()[],:;\" and no leading "-".
 */
bool report_mail_address_okay(struct odm_span address);

/*
 * Composes the mail into *out, cleared first: CRLF line ends, no octet above 127,
 * no line over 998 octets. Equal input gives equal octets. 0, or -1 when memory is
 * short.
 */
int report_mail_write(const struct report_mail *m, struct odm_strbuf *out);

#endif
