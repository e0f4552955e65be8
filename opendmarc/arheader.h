/*
 * arheader.h - the text of the header fields that the daemon adds. One line each.
 * RFC 8601, 2.2; RFC 9989, 9. Pure text work.
 */
#ifndef OPENDMARC_ARHEADER_H
#define OPENDMARC_ARHEADER_H

#include <stdbool.h>

#include "libopendmarc/base/result.h"
#include "libopendmarc/base/strbuf.h"
#include "opendmarc/verdict.h"

#define DMF_AR_NAME		"Authentication-Results"
#define DMF_SOFTWARE_NAME	"DMARC-Filter"

/*
 * ID; dmarc=RESULT (p=POLICY dis=DISP) header.from=DOMAIN policy.dmarc=POLICY
 * without what the decision does not know. id is quoted when it is no token.
 */
void dmf_ar_dmarc(struct odm_strbuf *out, const char *id, const struct dmf_decision *d);

/*
 * ID; spf=RESULT smtp.mailfrom=DOMAIN, or smtp.helo=DOMAIN; the property is left out
 * when domain is empty.
 */
void dmf_ar_spf(struct odm_strbuf *out, const char *id, enum odm_result result,
    bool helo, const char *domain);

/*
 * OpenDMARC Filter vVERSION HOST JOB, with "via MYHOST" behind HOST when the
 * MTA's name (NULL unknown) is not this machine's.
 */
void dmf_software(struct odm_strbuf *out, const char *mta_name, const char *host_name,
    const char *job);

#endif
