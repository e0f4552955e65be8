/*
 * policy.c - the tag of the selected record that applies, test mode included.
 * RFC 9989, 4.7 and 4.10.1; RFC 7489, 6.3 and 6.6.
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

/* RFC 7489, 6.6.3, step 6: no valid p, or an sp that is not valid. */
static bool
is_broken_7489(const struct odm_record *record)
{
	return record->p == ODM_POLICY_UNSET || record->sp_invalid;
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

bool
odm_policy_usable_7489(const struct odm_record *record)
{
	return !is_broken_7489(record) || odm_uri_list_usable(record->rua);
}

enum odm_policy
odm_policy_unselected(enum odm_policy policy)
{
	switch (policy) {
	case ODM_POLICY_REJECT:
		return ODM_POLICY_QUARANTINE;
	case ODM_POLICY_QUARANTINE:
		return ODM_POLICY_NONE;
	case ODM_POLICY_NONE:
	case ODM_POLICY_UNSET:
		break;
	}
	return policy;
}

void
odm_policy_choose(const struct odm_record *record, enum odm_policy_relation relation,
    struct odm_verdict *v)
{
	bool by_list = v->discovery == ODM_DISCOVERY_PSL;

	assert(by_list ? odm_policy_usable_7489(record) : odm_policy_usable(record));

	if (by_list ? is_broken_7489(record) : is_broken(record)) {
		v->tag = ODM_TAG_NONE;
		v->published = ODM_POLICY_NONE;
	} else if (!by_list && relation == ODM_RELATION_NONEXISTENT &&
	    record->np != ODM_POLICY_UNSET) {
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
	v->testing = !by_list && (record->testing || record->pct_zero) &&
	    v->published != ODM_POLICY_NONE;
	v->effective = v->testing ? odm_policy_unselected(v->published) : v->published;
	v->pct = by_list ? record->pct : 100;
}
