/*
 * dnsmsg.h - reading a DNS answer packet. RFC 1035, 4; RFC 2308, 5; RFC 6604.
 * Bounded and total: every packet gives an answer, the worst one a failure.
 */
#ifndef COMMON_DNSMSG_H
#define COMMON_DNSMSG_H

#include <stdatomic.h>
#include <stdbool.h>
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
	uint32_t	ttl_secs;	/* lowest of the records used; for denials of the SOA,
					 * 0 without one: not to be kept */
	size_t		octets;		/* memory held, for the cache's account */
	size_t		nrrs;
	struct dns_rr	rrs[];
};

/* Records looked at in each section; the largest honest sets have dozens. */
#define DNSMSG_RECORDS_MAX	1000

/*
 * Reads the answer to the question (name, type). The CNAME chain from name is
 * followed inside the packet, at most 16 links; records of other names are not
 * used. A packet for another question, of another class, cut short, or with a
 * malformed record of this type gives DNS_FAILED. NXDOMAIN with a CNAME in the
 * answer section is DNS_NODATA: the name itself exists. At most
 * DNSMSG_RECORDS_MAX records of the answer section are looked at; PTR and MX
 * records whose host name is no plain text are left out. NULL: out of memory.
 */
struct dns_answer *dnsmsg_parse(const unsigned char *packet, size_t len,
    const char *name, enum dns_type type);

/* Octets of the longest question packet: header, name, type and class, OPT. */
#define DNSMSG_QUESTION_MAX	(12 + 255 + 4 + 11)

/*
 * Writes the packet that asks (name, type), recursion desired; edns adds an OPT
 * record of 11 octets at its end (RFC 6891) that allows answers of
 * DNSMSG_UDP_OCTETS. Octets of name are taken as they are, one final dot is
 * dropped. Returns the octets written, or 0 when the DNS cannot carry name: an
 * empty label, a label over 63 octets, a name over 253.
 */
size_t dnsmsg_question(unsigned char packet_r[DNSMSG_QUESTION_MAX], unsigned id,
    const char *name, enum dns_type type, bool edns);

/* Large enough for most answers, small enough not to be cut into fragments. */
#define DNSMSG_UDP_OCTETS	1232

/* An answer without records. NULL: out of memory. */
struct dns_answer *dns_answer_new(enum dns_status status, uint32_t ttl_secs);

struct dns_answer *dns_answer_ref(struct dns_answer *a);

/* Drops one reference and clears *a; the last one frees. *a may be NULL. */
void dns_answer_unref(struct dns_answer **a);

#endif
