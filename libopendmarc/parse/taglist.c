/*
 * taglist.c - reading the tag list of DKIM and ARC header fields. RFC 6376, 3.2.
 */
#include <assert.h>

#include "libopendmarc/parse/taglist.h"

bool
odm_taglist_read(struct odm_span list, const char *const names[], size_t nnames,
    struct odm_span values[])
{
	bool seen[ODM_TAGLIST_NAMES_MAX] = { false }, good = true;
	struct odm_span part, name;
	size_t cut, i;

	assert(nnames <= ODM_TAGLIST_NAMES_MAX);

	while (odm_span_next(&list, ';', &part)) {
		part = odm_span_trim(part);
		if (part.len == 0)
			continue;
		cut = odm_span_find(part, '=');
		if (cut == part.len || cut == 0) {
			good = false;
			continue;
		}
		name = odm_span_trim(odm_span_sub(part, 0, cut));
		for (i = 0; i < nnames && !odm_span_eq(name, names[i]); i++)
			;
		if (i == nnames)
			continue;
		if (seen[i])
			good = false;
		else
			values[i] = odm_span_trim(odm_span_sub(part, cut + 1, part.len));
		seen[i] = true;
	}
	return good;
}
