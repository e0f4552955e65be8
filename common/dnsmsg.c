/*
 * dnsmsg.c - reading a DNS answer packet. RFC 1035, 4; RFC 2308, 5; RFC 6604.
 *
 * A packet is walked again for each purpose instead of being copied: check the
 * structure, follow the CNAME chain, count, fill. Every walk is bounded by
 * DNSMSG_RECORDS_MAX records; names and records are read by dnswire.c.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/dnsmsg.h"
#include "common/dnswire.h"

#define HEADER_OCTETS	12
#define CHAIN_MAX	16	/* CNAME links; resolvers give up at about that many */
#define CLASS_IN	1
#define TYPE_OPT	41
#define RCODE_NOERROR	0
#define RCODE_NXDOMAIN	3

struct packet {
	struct dnswire wire;
	size_t	answer;		/* offset of the answer section */
	size_t	authority;	/* offset of the authority section */
	size_t	counts[3];	/* records of the answer, authority, additional section */
	unsigned rcode;
};

size_t
dnsmsg_question(unsigned char packet_r[DNSMSG_QUESTION_MAX], unsigned id,
    const char *name, enum dns_type type, bool edns)
{
	struct dnswire_name wire;
	unsigned char *at = packet_r + HEADER_OCTETS;

	if (!dnswire_from_text(name, &wire))
		return 0;
	memset(packet_r, 0, DNSMSG_QUESTION_MAX);
	dnswire_put16(packet_r, id);
	packet_r[2] = 1;		/* RD */
	dnswire_put16(packet_r + 4, 1);
	dnswire_put16(packet_r + 10, edns ? 1 : 0);
	memcpy(at, wire.octets, wire.len);
	at += wire.len;
	dnswire_put16(at, (unsigned)type);
	dnswire_put16(at + 2, CLASS_IN);
	at += 4;
	if (edns) {
		dnswire_put16(at + 1, TYPE_OPT);
		dnswire_put16(at + 3, DNSMSG_UDP_OCTETS);
		at += 11;
	}
	return (size_t)(at - packet_r);
}

/* Walks all sections once; finds the authority section and the extended rcode. */
static bool
check_sections(struct packet *p)
{
	size_t offset = p->answer, section, i;
	struct dnswire_record rec;

	for (section = 0; section < COUNT(p->counts); section++) {
		if (section == 1)
			p->authority = offset;
		for (i = 0; i < p->counts[section]; i++) {
			if (!dnswire_next_record(&p->wire, &offset, &rec))
				return false;
			if (section == 2 && rec.type == TYPE_OPT)
				p->rcode |= rec.ttl_secs >> 24 << 4;	/* RFC 6891, 6.1.3 */
		}
		if (p->counts[section] > DNSMSG_RECORDS_MAX)
			p->counts[section] = DNSMSG_RECORDS_MAX;
	}
	return true;
}

/* Is the packet a whole, usable response to (name, type)? Fills *p. */
static bool
open_packet(struct packet *p, const struct dnswire_name *name, enum dns_type type)
{
	unsigned flags;
	size_t end;

	if (p->wire.len < HEADER_OCTETS)
		return false;
	flags = dnswire_get16(p->wire.at + 2);
	/* A response, opcode QUERY, not truncated, exactly one question. */
	if ((flags & 0x8000) == 0 || (flags & 0x7800) != 0 || (flags & 0x0200) != 0 ||
	    dnswire_get16(p->wire.at + 4) != 1)
		return false;
	p->rcode = flags & 0xf;
	end = dnswire_skip_name(&p->wire, HEADER_OCTETS);
	if (end == 0 || p->wire.len - end < 4 || !dnswire_name_is(&p->wire, HEADER_OCTETS, name) ||
	    dnswire_get16(p->wire.at + end) != (unsigned)type ||
	    dnswire_get16(p->wire.at + end + 2) != CLASS_IN)
		return false;
	p->answer = end + 4;
	p->counts[0] = dnswire_get16(p->wire.at + 6);
	p->counts[1] = dnswire_get16(p->wire.at + 8);
	p->counts[2] = dnswire_get16(p->wire.at + 10);
	return check_sections(p) &&
	    (p->rcode == RCODE_NOERROR || p->rcode == RCODE_NXDOMAIN);
}

static uint32_t
lower_ttl(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/*
 * Moves *name_r to the end of its CNAME chain in the answer section. Returns the
 * number of links; -1 when the chain is too long or turns back on itself.
 */
static int
follow_chain(const struct packet *p, struct dnswire_name *name_r, uint32_t *ttl_r)
{
	struct dnswire_record rec;
	int links = 0;
	size_t i, offset;

again:
	offset = p->answer;
	for (i = 0; i < p->counts[0] && dnswire_next_record(&p->wire, &offset, &rec); i++) {
		if (rec.type != DNS_TYPE_CNAME || rec.class != CLASS_IN ||
		    !dnswire_name_is(&p->wire, rec.owner, name_r))
			continue;
		if (++links > CHAIN_MAX || !dnswire_read_name(&p->wire, rec.data, name_r))
			return -1;
		*ttl_r = lower_ttl(*ttl_r, rec.ttl_secs);
		goto again;
	}
	return links;
}

#define UNUSABLE	(-1L)	/* text cannot show this record; the others count */
#define MALFORMED	(-2L)

/*
 * Joins the character-strings of a TXT record; out may be NULL to count only.
 * Returns the octets, or MALFORMED when the strings do not fill the record exactly.
 */
static long
join_strings(const struct packet *p, const struct dnswire_record *rec, char *out)
{
	size_t at = rec->data, end = rec->data + rec->len;
	long octets = 0;

	while (at < end) {
		size_t len = p->wire.at[at++];

		if (len > end - at)
			return MALFORMED;
		if (out != NULL)
			memcpy(out + octets, p->wire.at + at, len);
		octets += (long)len;
		at += len;
	}
	return octets;
}

/*
 * The host name at offset as text; out may be NULL to count only. Returns the
 * octets (0: the root), MALFORMED, or UNUSABLE for names that text cannot show
 * without escapes.
 */
static long
host_text(const struct packet *p, size_t offset, char *out)
{
	struct dnswire_name name;
	size_t at, i;

	if (!dnswire_read_name(&p->wire, offset, &name))
		return MALFORMED;
	for (at = 0; name.octets[at] != 0; at += 1u + name.octets[at])
		for (i = 1; i <= name.octets[at]; i++) {
			unsigned char c = name.octets[at + i];

			if (c <= ' ' || c >= 0x7f || c == '.' || c == '\\')
				return UNUSABLE;
			if (out != NULL)
				out[at + i - 1] = (char)c;
		}
	for (at = 0; out != NULL && name.octets[at] != 0; at += 1u + name.octets[at])
		if (at > 0)
			out[at - 1] = '.';
	return name.len < 2 ? 0 : (long)name.len - 2;
}

/*
 * The value of one record as dns_rr.data; out may be NULL to count only.
 * Returns the octets, UNUSABLE or MALFORMED.
 */
static long
value_of(const struct packet *p, const struct dnswire_record *rec, char *out)
{
	size_t fixed = rec->type == DNS_TYPE_A ? 4 : 16;

	switch (rec->type) {
	case DNS_TYPE_A:
	case DNS_TYPE_AAAA:
		if (rec->len != fixed)
			return MALFORMED;
		if (out != NULL)
			memcpy(out, p->wire.at + rec->data, fixed);
		return (long)fixed;
	case DNS_TYPE_TXT:
		return join_strings(p, rec, out);
	case DNS_TYPE_PTR:
	case DNS_TYPE_CNAME:
		return host_text(p, rec->data, out);
	case DNS_TYPE_MX:
		return rec->len < 3 ? MALFORMED : host_text(p, rec->data + 2, out);
	default:
		return UNUSABLE;
	}
}

static size_t
records_max(enum dns_type type)
{
	return type == DNS_TYPE_TXT ? ODM_TXT_RECORDS_MAX : DNSMSG_RECORDS_MAX;
}

/*
 * Puts the records of (name, type) into a, or counts them when a is NULL.
 * *octets_r gets the octets of all values together. Returns the number, or
 * MALFORMED.
 */
static long
collect(const struct packet *p, const struct dnswire_name *name, enum dns_type type,
    struct dns_answer *a, size_t *octets_r, uint32_t *ttl_r)
{
	size_t n = 0, i, offset = p->answer;
	char *out = a == NULL ? NULL : (char *)&a->rrs[a->nrrs];
	struct dnswire_record rec;

	*octets_r = 0;
	for (i = 0; i < p->counts[0] && n < records_max(type) &&
	    dnswire_next_record(&p->wire, &offset, &rec); i++) {
		long octets;

		if (rec.type != (unsigned)type || rec.class != CLASS_IN ||
		    !dnswire_name_is(&p->wire, rec.owner, name) ||
		    (octets = value_of(p, &rec, NULL)) == UNUSABLE)
			continue;
		if (octets == MALFORMED)
			return MALFORMED;
		*ttl_r = lower_ttl(*ttl_r, rec.ttl_secs);
		if (a != NULL) {
			(void)value_of(p, &rec, out + *octets_r);
			a->rrs[n].data = (struct odm_span){ out + *octets_r, (size_t)octets };
			a->rrs[n].preference = rec.type == DNS_TYPE_MX ?
			    dnswire_get16(p->wire.at + rec.data) : 0;
		}
		*octets_r += (size_t)octets;
		n++;
	}
	return (long)n;
}

/* RFC 2308, 5: the lower of the SOA's own TTL and its last field; 0 without SOA. */
static uint32_t
denial_ttl(const struct packet *p)
{
	size_t i, offset = p->authority;
	struct dnswire_record rec;

	for (i = 0; i < p->counts[1] && dnswire_next_record(&p->wire, &offset, &rec); i++)
		if (rec.type == DNS_TYPE_SOA && rec.class == CLASS_IN && rec.len >= 22)
			return lower_ttl(rec.ttl_secs,
			    dnswire_get32(p->wire.at + rec.data + rec.len - 4));
	return 0;
}

static struct dns_answer *
answer_alloc(enum dns_status status, uint32_t ttl_secs, size_t nrrs, size_t octets)
{
	size_t size = sizeof(struct dns_answer) + nrrs * sizeof(struct dns_rr) + octets;
	struct dns_answer *a = calloc(1, size);

	if (a == NULL)
		return NULL;
	atomic_init(&a->refs, 1);
	a->status = status;
	a->ttl_secs = ttl_secs;
	a->octets = size;
	a->nrrs = nrrs;
	return a;
}

struct dns_answer *
dnsmsg_parse(const unsigned char *packet, size_t len, const char *name,
    enum dns_type type)
{
	struct packet p = { .wire = { packet, len } };
	struct dnswire_name wire;
	struct dns_answer *a;
	uint32_t ttl = INT32_MAX;
	size_t octets;
	long nrrs;
	int links = 0;

	if (!dnswire_from_text(name, &wire))
		return dns_answer_new(DNS_FAILED, 0);
	dnswire_lower(&wire);
	if (!open_packet(&p, &wire, type))
		return dns_answer_new(DNS_FAILED, 0);
	if (type != DNS_TYPE_CNAME && (links = follow_chain(&p, &wire, &ttl)) < 0)
		return dns_answer_new(DNS_FAILED, 0);

	nrrs = collect(&p, &wire, type, NULL, &octets, &ttl);
	if (nrrs == 0)
		return dns_answer_new(p.rcode == RCODE_NXDOMAIN && links == 0 ?
		    DNS_NXDOMAIN : DNS_NODATA, lower_ttl(ttl, denial_ttl(&p)));
	if (nrrs == MALFORMED || p.rcode == RCODE_NXDOMAIN)
		return dns_answer_new(DNS_FAILED, 0);
	a = answer_alloc(DNS_FOUND, ttl, (size_t)nrrs, octets);
	if (a != NULL)
		(void)collect(&p, &wire, type, a, &octets, &ttl);
	return a;
}

struct dns_answer *
dns_answer_new(enum dns_status status, uint32_t ttl_secs)
{
	return answer_alloc(status, ttl_secs, 0, 0);
}

struct dns_answer *
dns_answer_ref(struct dns_answer *a)
{
	assert(a != NULL);
	atomic_fetch_add_explicit(&a->refs, 1, memory_order_relaxed);
	return a;
}

void
dns_answer_unref(struct dns_answer **a)
{
	if (*a != NULL &&
	    atomic_fetch_sub_explicit(&(*a)->refs, 1, memory_order_acq_rel) == 1)
		free(*a);
	*a = NULL;
}
