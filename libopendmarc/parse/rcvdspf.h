/*
 * rcvdspf.h - reading Received-SPF fields. RFC 7208, 9.1.
 */
#ifndef ODM_PARSE_RCVDSPF_H
#define ODM_PARSE_RCVDSPF_H

#include <stdbool.h>

#include "libopendmarc/base/limits.h"
#include "libopendmarc/base/result.h"
#include "libopendmarc/base/span.h"

enum odm_spf_identity {
	ODM_SPF_IDENTITY_ABSENT = 0,
	ODM_SPF_IDENTITY_MAILFROM,
	ODM_SPF_IDENTITY_HELO,
	ODM_SPF_IDENTITY_OTHER
};

struct odm_rcvdspf {
	enum odm_result	result;
	enum odm_spf_identity identity;
	bool		has_envelope_from, has_helo, has_client_ip;
	struct odm_span	envelope_from, helo, client_ip;
		/* raw values; decode with odm_authres_value(); empty is a
		 * value too: envelope-from=<> or "" is the null sender */
};

/*
 * Reads a field value. False when it does not begin with a result word; *spf_r
 * is then cleared. Of repeated keys the first counts; keys inside comments are
 * not data; what cannot be read as key=value is skipped. Spans point into value.
 * Where a comment or quoted string is not closed, keys may be lost, the identity
 * among them: a pass of such a field comes as ODM_RESULT_UNKNOWN.
 */
bool odm_rcvdspf_parse(struct odm_span value, struct odm_rcvdspf *spf_r);

#endif
