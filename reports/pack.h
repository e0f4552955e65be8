/*
 * pack.h - gzip as a stream into memory. RFC 1952, RFC 6713.
 * No name and no time go into it: equal input gives equal octets.
 */
#ifndef REPORTS_PACK_H
#define REPORTS_PACK_H

#include <sys/types.h>

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

/* Reads packed octets back, as a stream. */
struct report_unpack;

/* packed is borrowed. NULL: out of memory. */
struct report_unpack *report_unpack_new(struct odm_span packed);

/* Frees *u and clears it. *u may be NULL. */
void report_unpack_free(struct report_unpack **u);

/*
 * The next octets, at most size: their number, 0 at the end of a whole gzip with nothing
 * behind it, -1 when it is broken. arg is a struct report_unpack.
 */
ssize_t report_unpack_read(void *arg, void *buf, size_t size);

#endif
