/*
 * taglist.h - the tag list "name=value; name=value" of DKIM and ARC header fields.
 * RFC 6376, 3.2. (DMARC records have rules of their own: record.h.)
 */
#ifndef ODM_PARSE_TAGLIST_H
#define ODM_PARSE_TAGLIST_H

#include <stdbool.h>
#include <stddef.h>

#include "libopendmarc/base/span.h"

/* The longest table of names. */
#define ODM_TAGLIST_NAMES_MAX	16

/*
 * Sorts the tags of list that names[] has into values[], both of nnames entries and
 * in one order; values are trimmed and point into list, of repeated tags the first.
 * values[] must be cleared before. Other tags and a stray ";" are passed over. False
 * when a tag of names[] stands twice or a part is no tag at all. Names keep their
 * letter case; there are no comments and no quotes.
 */
bool odm_taglist_read(struct odm_span list, const char *const names[], size_t nnames,
    struct odm_span values[]);

#endif
