/*
 * domain.h - domain names in the one form that everything else compares: A-labels,
 * lower case, no final dot. RFC 9989, 5.3.1; RFC 5890, 2.3; RFC 1035, 2.3.4.
 */
#ifndef ODM_BASE_DOMAIN_H
#define ODM_BASE_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "libopendmarc/base/limits.h"
#include "libopendmarc/base/span.h"

/*
 * Normalises raw into name_r: U-labels to A-labels (IDNA2008 lookup, libidn2),
 * lower case, one final dot dropped. False, and name_r the empty text, when
 * raw is no domain name: empty, an empty label, a label over 63 or a name over
 * 253 octets, invalid UTF-8 or U-label, octets other than letters, digits,
 * hyphen and underscore, a domain literal, or an all-numeric last label.
 * An invalid name is an error, never a different name.
 */
bool odm_domain_normalise(struct odm_span raw, char name_r[ODM_NAME_MAX + 1]);

/* Number of labels of a normalised name; 0 for the empty text. */
size_t odm_domain_labels(const char *name);

/* The last n labels of name (inside name); name itself when it has no more. */
const char *odm_domain_suffix(const char *name, size_t n);

/* True when name lies below parent: x.example.com below example.com. */
bool odm_domain_is_below(const char *name, const char *parent);

/*
 * The part behind the last "@" of an address, or all of it without "@";
 * one pair of angle brackets around it is dropped. Not normalised.
 */
struct odm_span odm_domain_of_address(struct odm_span address);

#endif
