/*
 * received.h - the by-host of a Received field. RFC 5321, 4.4; RFC 5322, 3.6.7.
 */
#ifndef ODM_PARSE_RECEIVED_H
#define ODM_PARSE_RECEIVED_H

#include <stdbool.h>

#include "libopendmarc/base/span.h"

/*
 * The word after "by" outside comments and quoted strings, as written.
 * False when the field has none. *host_r points into value.
 */
bool odm_received_by(struct odm_span value, struct odm_span *host_r);

#endif
