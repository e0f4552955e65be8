/*
 * api.h - what the files of the public API share.
 */
#ifndef ODM_API_API_H
#define ODM_API_API_H

#include "libopendmarc/odm.h"
#include "libopendmarc/parse/record.h"

enum odm_disposition api_disposition(enum odm_policy policy);

#endif
