/*
 * dnswire.h - names and records inside a DNS packet, which may be hostile: nothing is read
 * outside of it, and every walk ends. RFC 1035, 4.1.3 and 4.1.4.
 */
#ifndef COMMON_DNSWIRE_H
#define COMMON_DNSWIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libopendmarc/base/limits.h"
#include "libopendmarc/base/span.h"

#define DNSWIRE_NAME_MAX	255	/* RFC 1035, 2.3.4 */

/* The octets of a packet; borrowed. */
struct dnswire {
	const unsigned char *at;
	size_t	len;
};

/* A name in wire form without compression, letters in lower case. */
struct dnswire_name {
	size_t		len;
	unsigned char	octets[DNSWIRE_NAME_MAX];
};

struct dnswire_record {
	size_t		owner;		/* offset of the owner name */
	unsigned	type;
	unsigned	class;
	uint32_t	ttl_secs;
	size_t		data;		/* offset and length of RDATA, inside the packet */
	size_t		len;
};

static inline unsigned
dnswire_get16(const unsigned char *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

static inline uint32_t
dnswire_get32(const unsigned char *at)
{
	return (uint32_t)dnswire_get16(at) << 16 | dnswire_get16(at + 2);
}

static inline void
dnswire_put16(unsigned char *at, unsigned value)
{
	at[0] = (unsigned char)(value >> 8);
	at[1] = (unsigned char)value;
}

/* The offset behind the name at offset, not following pointers; 0: cut short. */
size_t dnswire_skip_name(const struct dnswire *p, size_t offset);

/* Copies the name at offset, in lower case, into *name_r. False: malformed or too long. */
bool dnswire_read_name(const struct dnswire *p, size_t offset, struct dnswire_name *name_r);

/* Is the name at offset the given one, which is in lower case? */
bool dnswire_name_is(const struct dnswire *p, size_t offset, const struct dnswire_name *name);

/* Wire form of a text name; octets are kept, letter case too. False: no DNS name. */
bool dnswire_from_text(const char *text, struct dnswire_name *name_r);

void dnswire_lower(struct dnswire_name *name);

/* Reads the record at *offset_r and moves behind it. False: cut short. */
bool dnswire_next_record(const struct dnswire *p, size_t *offset_r,
    struct dnswire_record *rec_r);

#endif
