/*
 * redact.h - hides in a failure report who wrote to whom: private texts become tokens,
 * the same text the same token, everywhere and in every report. RFC 6590; RFC 9991, 7.
 *
 * A token is made by HMAC-SHA-256 with a secret of this site, so that nobody else can
 * find out by trying which text is behind it. Domains and addresses of hosts stay.
 */
#ifndef REPORTS_REDACT_H
#define REPORTS_REDACT_H

#include <stdbool.h>
#include <stddef.h>

#include "libopendmarc/base/strbuf.h"

/* Octets of a secret. */
#define REPORT_SECRET_SIZE	32

/* Octets of a token: 60 bits, in letters and digits that keep their meaning in any case. */
#define REPORT_TOKEN_LEN	12

struct report_redact {
	unsigned char	secret[REPORT_SECRET_SIZE];
};

/*
 * Reads the secret from a file, made with mode 0600 when there is none. False, and the
 * reason in why, when that cannot be done or the file holds something else.
 */
bool report_redact_open(const char *path, struct report_redact *r_r, char *why,
    size_t why_size);

/* The token of a private text; letter case makes no difference. */
void report_redact_token(const struct report_redact *r, struct odm_span text,
    char token_r[REPORT_TOKEN_LEN + 1]);

/*
 * Appends text with the part before "@" of everything that looks like an address
 * replaced by its token, and http in URIs by hxxp.
 */
void report_redact_text(const struct report_redact *r, struct odm_span text,
    struct odm_strbuf *out);

/*
 * Appends a header, as in struct failure, with what is private hidden: of fields with
 * addresses only the addresses stay, redacted; Received, signatures and results are
 * redacted as text, of Message-ID the part before "@"; of every other field only the
 * name stays, so Subject too.
 */
void report_redact_header(const struct report_redact *r, struct odm_span header,
    struct odm_strbuf *out);

#endif
