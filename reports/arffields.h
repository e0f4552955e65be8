/*
 * arffields.h - the part of a failure report that programs read. RFC 5965, 3;
 * RFC 6591, 3.2; RFC 6692; RFC 9991, 4.
 */
#ifndef REPORTS_ARFFIELDS_H
#define REPORTS_ARFFIELDS_H

#include "reports/arf.h"

/* Appends the fields, LF line ends, 7 bit, folded at blanks. */
void report_arf_fields(const struct report_arf *a, struct odm_strbuf *out);

/* Appends text as printable ASCII: other octets become "?", line ends blanks. */
void report_arf_ascii(struct odm_span text, struct odm_strbuf *out);

/* Appends a time as RFC 5322, 3.3 writes it, in UTC. */
void report_arf_date(int64_t time, struct odm_strbuf *out);

#endif
