/*
 * policy.c - the tag of the selected record that applies, test mode included.
 * RFC 9989, 4.7 and 4.10.1.
 */
#include <assert.h>

#include "libopendmarc/core/policy.h"
#include "libopendmarc/parse/uri.h"

/* 4.10.1: such a record counts as p=none if at least it can be reported to. */
static bool
is_broken(const struct odm_record *record)
{
	return record->p == ODM_POLICY_UNSET || record->policy_invalid;
}

bool
odm_policy_usable(const struct odm_record *record)
{
	return !is_broken(record) || odm_uri_list_usable(record->rua);
}

bool
odm_policy_np_matters(const struct odm_record *record)
{
	enum odm_policy otherwise = record->sp != ODM_POLICY_UNSET ? record->sp : record->p;

	return !is_broken(record) && record->np != ODM_POLICY_UNSET && record->np != otherwise;
}

void
odm_policy_choose(const struct odm_record *record, enum odm_policy_relation relation,
    struct odm_verdict *v)
{
	assert(odm_policy_usable(record));

	if (is_broken(record)) {
		v->tag = ODM_TAG_NONE;
		v->published = ODM_POLICY_NONE;
	} else if (relation == ODM_RELATION_NONEXISTENT && record->np != ODM_POLICY_UNSET) {
		v->tag = ODM_TAG_NP;
		v->published = record->np;
	} else if (relation != ODM_RELATION_SELF && record->sp != ODM_POLICY_UNSET) {
		v->tag = ODM_TAG_SP;
		v->published = record->sp;
	} else {
		v->tag = ODM_TAG_P;
		v->published = record->p;
	}

	/* 4.7, t: one level lower. The historic pct=0 asked for what t=y asks for now. */
	v->testing = (record->testing || record->pct_zero) && v->published != ODM_POLICY_NONE;
	v->effective = v->published;
	if (v->testing)
		v->effective = v->published == ODM_POLICY_REJECT ? ODM_POLICY_QUARANTINE :
		    ODM_POLICY_NONE;
}
