/*
 * headform.h - does a header have the fields that RFC 5322, 3.6, asks for, and none of
 * them too often? Pure counting; letter case of names is ignored.
 */
#ifndef OPENDMARC_HEADFORM_H
#define OPENDMARC_HEADFORM_H

#include "libopendmarc/base/span.h"

/* From, Date, Reply-To, To, Cc, Bcc, Message-Id, In-Reply-To, References, Subject. */
#define DMF_HEADFORM_FIELDS	10

struct dmf_headform {
	unsigned seen[DMF_HEADFORM_FIELDS];
};

/* Counts one field. */
void dmf_headform_add(struct dmf_headform *h, struct odm_span name);

/*
 * What is wrong, of several faults the first in the order above: "missing Date field",
 * "multiple To fields". NULL: nothing. Static text.
 */
const char *dmf_headform_fault(const struct dmf_headform *h);

#endif
