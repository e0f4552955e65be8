/*
 * arcjson.h - the seals of an ARC chain as the JSON text of the history key arc_policy:
 *
 *   json:[{ "i": 2, "d":"lists.example", "s":"s2", "ip":"192.0.2.7" }, ...]
 *
 * Blanks are as OpenDMARC 1.4 writes them. Reading is forgiving, since old files hold
 * texts that no JSON parser takes: what cannot be read ends the list.
 */
#ifndef COMMON_ARCJSON_H
#define COMMON_ARCJSON_H

#include "common/history.h"

/*
 * Appends the text. Quotes and backslashes are escaped; an octet that is not printable
 * ASCII becomes "?". Seals that would make it longer than a line of the file may be are
 * left out at the end.
 */
void arcjson_write(const struct history_record *rec, struct odm_strbuf *out);

/*
 * Adds the seals of a text, "json:[...]" or "json[...]", to rec; domains become lower case. Of
 * several with one instance the first stays. *why_r says what was dropped, and is
 * untouched otherwise. False: out of memory.
 */
bool arcjson_read(struct history_record *rec, struct odm_span text, const char **why_r);

#endif
