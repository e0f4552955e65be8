/*
 * cleantext.h - text of messages, DNS and options made fit for reports: what XML 1.0
 * cannot carry and what a mail header must not carry is gone, every length is bounded.
 * RFC 9990, 3.1.1; XML 1.0, 2.2.
 */
#ifndef REPORTS_CLEANTEXT_H
#define REPORTS_CLEANTEXT_H

#include "libopendmarc/base/limits.h"
#include "libopendmarc/base/strbuf.h"

/* Octets of free text (names, comments) that a report carries; people write less. */
#define REPORT_TEXT_MAX		1000

/*
 * Appends raw to out as valid UTF-8 without control characters (C0, DEL, C1, U+FFFE,
 * U+FFFF): blanks and line ends become one SP, other controls are left out, an octet
 * that is no UTF-8 becomes "?". At most max octets; a text that is longer is cut
 * and ends in "...", so that it cannot be taken for another one.
 */
void report_clean_text(struct odm_span raw, size_t max, struct odm_strbuf *out);

/*
 * Appends a domain as A-labels in lower case; a text that is no domain name is
 * appended as report_clean_text() makes it, in lower case, at most
 * ODM_NAME_MAX octets.
 */
void report_clean_domain(struct odm_span raw, struct odm_strbuf *out);

#endif
