/*
 * dnsmsg.h - reading a DNS answer packet. RFC 1035, 4; RFC 2308, 5; RFC 6604.
 * Bounded and total: every packet gives an answer, the worst one a failure.
 */
#ifndef COMMON_DNSMSG_H
#define COMMON_DNSMSG_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "libopendmarc/base/limits.h"
#include "libopendmarc/base/span.h"

enum dns_type {			/* the numbers of the IANA registry */
	DNS_TYPE_A = 1,
	DNS_TYPE_CNAME = 5,
	DNS_TYPE_SOA = 6,
	DNS_TYPE_PTR = 12,
	DNS_TYPE_MX = 15,
	DNS_TYPE_TXT = 16,
	DNS_TYPE_AAAA = 28
};

enum dns_status {
	DNS_FOUND,		/* at least one record of the type */
	DNS_NODATA,
	DNS_NXDOMAIN,
	DNS_FAILED		/* SERVFAIL, REFUSED, time-out, malformed, wrong question */
};

struct dns_rr {
	struct odm_span	data;	/* A 4, AAAA 16 octets; TXT strings joined; PTR and MX
				 * the host name as text, A-labels, no final dot */
	unsigned	preference;	/* MX */
};

/*
 * One answer, immutable and shared by reference count. All memory is in one
 * block with it.
 */
struct dns_answer {
	atomic_uint	refs;	/* private */
	enum dns_status	status;
	uint32_t	ttl_secs;	/* lowest of the records used; for denials of the SOA */
	size_t		octets;		/* memory held, for the cache's account */
	size_t		nrrs;
	struct dns_rr	rrs[];
};

/*
 * Reads the answer to the question (name, type). The CNAME chain from name is
 * followed inside the packet, at most 16 links; records of other names are not
 * used. A packet for another question, of another class, or cut short gives
 * DNS_FAILED. NXDOMAIN with a CNAME in the answer section is DNS_NODATA: the
 * name itself exists. NULL: out of memory.
 */
struct dns_answer *dnsmsg_parse(const unsigned char *packet, size_t len,
    const char *name, enum dns_type type);

/* An answer without records. NULL: out of memory. */
struct dns_answer *dns_answer_new(enum dns_status status, uint32_t ttl_secs);

struct dns_answer *dns_answer_ref(struct dns_answer *a);

/* Drops one reference and clears *a; the last one frees. *a may be NULL. */
void dns_answer_unref(struct dns_answer **a);

#endif
