/*
 * policy.h - which tag of the selected record applies, and what it comes to.
 * RFC 9989, 4.7 and 4.10.1; RFC 7489, 6.3 and 6.6.
 */
#ifndef ODM_CORE_POLICY_H
#define ODM_CORE_POLICY_H

#include <stdbool.h>

#include "libopendmarc/core/eval.h"
#include "libopendmarc/parse/record.h"

/*
 * How the Author Domain stands to the Policy Domain: np and sp are for names
 * below it only, and np is for those that do not exist.
 */
enum odm_policy_relation {
	ODM_RELATION_SELF,
	ODM_RELATION_EXISTING,
	ODM_RELATION_NONEXISTENT
};

/*
 * False when the selected record allows no DMARC processing: it lacks a valid p,
 * or has an invalid sp or np, and no usable rua makes up for it. 4.10.1.
 */
bool odm_policy_usable(const struct odm_record *record);

/* The same in RFC 7489, 6.6.3, which knows p and sp only. */
bool odm_policy_usable_7489(const struct odm_record *record);

/* True when np would give another policy than an existing name gets. */
bool odm_policy_np_matters(const struct odm_record *record);

/*
 * Fills tag, published, effective, testing and pct of *v from a usable record, by
 * the rules of v->discovery: with a list np and t mean nothing, and pct counts.
 */
void odm_policy_choose(const struct odm_record *record,
    enum odm_policy_relation relation, struct odm_verdict *v);

/*
 * One level lower: what becomes of a policy for a message that pct leaves out
 * (RFC 7489, 6.6.4), and in test mode (RFC 9989, 4.7).
 */
enum odm_policy odm_policy_unselected(enum odm_policy policy);

#endif
