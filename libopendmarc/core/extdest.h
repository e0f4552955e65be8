/*
 * extdest.h - may reports about one policy domain go to another host?
 * A state machine like eval.h. RFC 9990, 4; RFC 9991, 5.
 */
#ifndef ODM_CORE_EXTDEST_H
#define ODM_CORE_EXTDEST_H

#include <stdbool.h>
#include <stddef.h>

#include "libopendmarc/base/span.h"
#include "libopendmarc/core/questions.h"

enum odm_extdest {
	ODM_EXTDEST_OPEN,	/* waits for answers */
	ODM_EXTDEST_INTERNAL,	/* same Organizational Domain: no permission needed */
	ODM_EXTDEST_VERIFIED,	/* the host agreed */
	ODM_EXTDEST_REFUSED,	/* no agreement, a name too long, or an override elsewhere */
	ODM_EXTDEST_TEMPERROR	/* a needed answer failed: try again later */
};

enum odm_report_kind {
	ODM_REPORT_AGGREGATE,	/* an override is read from rua */
	ODM_REPORT_FAILURE	/* an override is read from ruf */
};

struct odm_extdest_check;	/* private: extdest.c */

/*
 * Starts a check: policy_domain is where the record was found, host the
 * destination's (both normalised). NULL: out of memory.
 */
struct odm_extdest_check *odm_extdest_new(const char *policy_domain,
    const char *host, enum odm_report_kind kind);

/* Frees *c and clears it. *c may be NULL. */
void odm_extdest_free(struct odm_extdest_check **c);

/* Uses answers, puts questions, says how it stands. */
enum odm_extdest odm_extdest_run(struct odm_extdest_check *c);

/* The questions of this check. Owned by c. */
struct odm_questions *odm_extdest_questions(struct odm_extdest_check *c);

/*
 * After VERIFIED: the URI list that replaces the published URI, every host in
 * it checked; len 0 when the published one stands. Points into c.
 */
struct odm_span odm_extdest_override(const struct odm_extdest_check *c);

#endif
