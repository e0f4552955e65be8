/*
 * api.h - what the files of the public API share.
 */
#ifndef ODM_API_API_H
#define ODM_API_API_H

#include "libopendmarc/base/psl.h"
#include "libopendmarc/odm.h"
#include "libopendmarc/parse/record.h"

/* The list of odm.h; immutable. */
struct odm_suffix_list {
	struct odm_psl *psl;
};

enum odm_disposition api_disposition(enum odm_policy policy);

#endif
