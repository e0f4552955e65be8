/*
 * arf.h - the mail that tells a domain owner of one failed message, or of several
 * alike: multipart/report; report-type=feedback-report. RFC 5965; RFC 6591, 3;
 * RFC 9991, 3 and 4.
 */
#ifndef REPORTS_ARF_H
#define REPORTS_ARF_H

#include <stdbool.h>
#include <stdint.h>

#include "common/failure.h"
#include "libopendmarc/base/strbuf.h"
#include "reports/redact.h"

/* Octets of one mail: the header three times over, as quoted-printable may make it. */
#define REPORT_ARF_MAX		(4u * ODM_FAILURE_HEADER_MAX + 64 * 1024)

struct report_arf {
	const struct failure *failure;	/* of several alike the first */
	unsigned	 incidents;	/* how many alike; at least 1 */
	const char	*from;		/* text of the From field: one address, with or without name */
	const char	*to;		/* one address, report_mail_address_okay() */
	const char	*message_id;	/* without angle brackets */
	const char	*boundary_id;	/* letters, digits and "-", that nobody can foresee */
	int64_t		 date;		/* epoch seconds, for the Date field */
	const char	*spf_record;	/* at failure->spf_domain; NULL unknown */
	const struct report_redact *redact;	/* NULL: nothing is hidden */
};

/*
 * The address in the text of a From field, decoded; false when there is not exactly one
 * that report_mail_address_okay() takes.
 */
bool report_arf_sender(const char *from, char address_r[ODM_URI_ADDRESS_MAX + 1]);

/*
 * Composes the mail into *out, cleared first: CRLF line ends, no octet above 127, no line
 * over 998 octets. Equal input gives equal octets. 0, or -1 when memory is short.
 */
int report_arf_write(const struct report_arf *a, struct odm_strbuf *out);

#endif
