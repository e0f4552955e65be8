/*
 * verp.h - an envelope sender for each recipient, so that a returned mail tells which
 * recipient failed: LOCAL+USER=HOST-TOKEN@DOMAIN, or LOCAL+TOKEN@DOMAIN where
 * that would be too long for a mail address (RFC 5321, 4.5.3.1.1).
 *
 * The token is a keyed hash of the recipient: nobody without the key can make a
 * returned mail that speaks about a recipient of ours.
 */
#ifndef REPORTS_VERP_H
#define REPORTS_VERP_H

#include <stdbool.h>
#include <stddef.h>

#include "libopendmarc/base/limits.h"

#define REPORT_VERP_KEY_LEN	32
#define REPORT_VERP_TOKEN_LEN	20	/* hexadecimal digits: 80 bits */

struct report_verp_key {
	unsigned char	 octets[REPORT_VERP_KEY_LEN];
};

/*
 * Reads the key from a file of 64 hexadecimal digits; with make, a file that does not
 * exist is made with a random one, readable to its owner only. False, and one line in
 * why, when that cannot be done.
 */
bool report_verp_key_read(const char *path, bool make, struct report_verp_key *key_r, char *why,
    size_t why_size);

/* The sender for a recipient; email and recipient have passed report_mail_address_okay(). */
void report_verp_sender(const struct report_verp_key *key, const char *email,
    const char *recipient, char sender_r[ODM_URI_ADDRESS_MAX + 1]);

/*
 * The recipient that a sender stands for. hint is an address that may be the one, for a
 * sender in the short form; NULL none. False when sender is none of ours.
 */
bool report_verp_recipient(const struct report_verp_key *key, const char *email,
    const char *sender, const char *hint, char recipient_r[ODM_URI_ADDRESS_MAX + 1]);

#endif
