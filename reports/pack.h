/*
 * pack.h - gzip as a stream into memory. RFC 1952, RFC 6713.
 * No name and no time go into it: equal input gives equal octets.
 */
#ifndef REPORTS_PACK_H
#define REPORTS_PACK_H

#include "libopendmarc/base/span.h"

/* Packed octets of one report: more than any mail server takes. */
#define REPORT_PACK_MAX		(256u * 1024 * 1024)

struct report_pack;

/* NULL: out of memory. */
struct report_pack *report_pack_new(void);

/* Frees *p and clears it. *p may be NULL. */
void report_pack_free(struct report_pack **p);

/* Packs the next octets; arg is a struct report_pack (the form of a report_sink). 0 or -1. */
int report_pack_write(void *arg, const void *octets, size_t len);

/*
 * Ends the stream. 0 and the packed octets, owned by p; -1 when any write failed.
 * Nothing can be written afterwards.
 */
int report_pack_finish(struct report_pack *p, struct odm_span *packed_r);

#endif
