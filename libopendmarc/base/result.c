/*
 * result.c - the result words and their old spellings. RFC 8601, 2.7.
 */
#include "libopendmarc/base/nametab.h"
#include "libopendmarc/base/result.h"

/* The first name of a value is the one that is written. */
static const struct odm_name result_names[] = {
	{ ODM_RESULT_NONE,	"none" },
	{ ODM_RESULT_PASS,	"pass" },
	{ ODM_RESULT_FAIL,	"fail" },
	{ ODM_RESULT_SOFTFAIL,	"softfail" },
	{ ODM_RESULT_NEUTRAL,	"neutral" },
	{ ODM_RESULT_POLICY,	"policy" },
	{ ODM_RESULT_TEMPERROR,	"temperror" },
	{ ODM_RESULT_PERMERROR,	"permerror" },
	{ ODM_RESULT_FAIL,	"hardfail" },
	{ ODM_RESULT_TEMPERROR,	"error" },
	{ ODM_RESULT_PERMERROR,	"unknown" },
};

const char *
odm_result_name(enum odm_result result)
{
	const char *name = odm_name_of(result_names, COUNT(result_names), (int)result);

	return name == NULL ? "unknown" : name;
}

enum odm_result
odm_result_parse(struct odm_span word)
{
	int value;

	if (!odm_name_value(result_names, COUNT(result_names), word, &value))
		return ODM_RESULT_UNKNOWN;
	return (enum odm_result)value;
}
