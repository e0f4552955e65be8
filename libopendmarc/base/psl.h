/*
 * psl.h - organizational domains by a public suffix list (libpsl), the method of
 * RFC 7489, 3.2. The tree walk of RFC 9989 does not need it.
 */
#ifndef ODM_BASE_PSL_H
#define ODM_BASE_PSL_H

#include <stdbool.h>

#include "libopendmarc/base/limits.h"
#include "libopendmarc/base/span.h"

struct odm_psl;			/* immutable once open; any thread may read it */

/*
 * Opens the list in the file at path, or the list built into libpsl when path
 * is NULL. NULL when it cannot be read or holds no list; errno then says why
 * (EINVAL: not a public suffix list).
 */
struct odm_psl *odm_psl_open(const char *path);

/*
 * The same from text in the form of such a file. NULL: it holds no list (EINVAL), or
 * memory is short.
 */
struct odm_psl *odm_psl_parse(struct odm_span text);

/* Frees *psl and clears it. *psl may be NULL. */
void odm_psl_free(struct odm_psl **psl);

/*
 * The organizational domain of a normalised name: its public suffix and one
 * label more; name itself when it is a public suffix. Suffixes that the list
 * does not know count as one label (the implicit rule "*").
 */
void odm_psl_orgdomain(const struct odm_psl *psl, const char *name,
    char org_r[ODM_NAME_MAX + 1]);

/* True when the normalised name is a public suffix itself. */
bool odm_psl_is_suffix(const struct odm_psl *psl, const char *name);

#endif
