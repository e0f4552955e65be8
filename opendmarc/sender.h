/*
 * sender.h - the domain of an envelope sender. RFC 5321, 4.1.2. Pure text work.
 */
#ifndef OPENDMARC_SENDER_H
#define OPENDMARC_SENDER_H

#include <stdbool.h>

#include "libopendmarc/base/span.h"

/*
 * The domain of an envelope sender: what follows the last "@" outside quotes, angle
 * brackets and a source route dropped; address_r is the address without them. The
 * spans lie in sender. False, and *domain_r empty, when it has none.
 */
bool dmf_sender_split(const char *sender, struct odm_span *address_r,
    struct odm_span *domain_r);

#endif
