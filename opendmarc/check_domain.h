/*
 * check_domain.h - what opendmarc-check says about one domain, for people and for programs.
 */
#ifndef OPENDMARC_CHECK_DOMAIN_H
#define OPENDMARC_CHECK_DOMAIN_H

#include <jansson.h>

#include "opendmarc/check_lookup.h"
#include "opendmarc/paint.h"

/*
 * Prints the policy in the form of 1.x, and behind it the walk, the destinations of
 * reports and the findings. Without a policy only what follows the form of 1.x.
 */
void check_domain_print(const struct paint *p, const struct check_lookup *l,
    const char *argument);

/* The same as a tree; NULL: out of memory. Its form is in opendmarc-check(8). */
json_t *check_domain_json(const struct check_lookup *l, const char *argument);

/* Why a domain has no policy, in the words of 1.x; NULL when it has one. Static. */
const char *check_domain_status(const struct check_lookup *l);

/* Words for programs; static. */
const char *check_state_name(enum check_state state);
const char *check_dest_name(enum odm_extdest state);
const char *check_tag_name(enum odm_policy_tag tag);	/* NULL for ODM_TAG_NONE */
const char *check_answer_name(const struct odm_answer *a);	/* NULL answer: "not asked" */

#endif
