/*
 * result.h - the result words of Authentication-Results. RFC 8601, 2.7; RFC 9989, 9.2.
 */
#ifndef ODM_BASE_RESULT_H
#define ODM_BASE_RESULT_H

#include <stdbool.h>

#include "libopendmarc/base/span.h"

enum odm_result {
	ODM_RESULT_UNKNOWN = 0,	/* a word that no method defines */
	ODM_RESULT_NONE,
	ODM_RESULT_PASS,
	ODM_RESULT_FAIL,	/* "hardfail", its old spelling, too */
	ODM_RESULT_SOFTFAIL,
	ODM_RESULT_NEUTRAL,
	ODM_RESULT_POLICY,
	ODM_RESULT_TEMPERROR,	/* "error" of old Received-SPF fields too */
	ODM_RESULT_PERMERROR	/* "unknown" of old Received-SPF fields too */
};

/* "none", "pass", ...; "unknown" for ODM_RESULT_UNKNOWN. Static, never NULL. */
const char *odm_result_name(enum odm_result result);

/* The result of a word, letter case ignored; ODM_RESULT_UNKNOWN for others. */
enum odm_result odm_result_parse(struct odm_span word);

#endif
