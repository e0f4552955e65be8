/*
 * ignore.h - mail that the configuration leaves alone by what its header says:
 * IgnoreMailFrom and IgnoreMailTo. Clients are the matter of conn.h.
 */
#ifndef OPENDMARC_IGNORE_H
#define OPENDMARC_IGNORE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/conf.h"
#include "libopendmarc/base/limits.h"

/* True when every one of the n Author Domains (normalised, n > 0) is in IgnoreMailFrom. */
bool dmf_ignores_from(const struct conf *c, char authors[][ODM_NAME_MAX + 1], size_t n);

/*
 * True when the value of a To field names an address of IgnoreMailTo, letter case
 * ignored. It is looked for as text between characters that no address holds, so a
 * display name counts too: all it decides is whether the message is recorded.
 */
bool dmf_ignores_to(const struct conf *c, struct odm_span to);

#endif
