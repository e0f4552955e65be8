/*
 * dnsmsg.c - reading a DNS answer packet. RFC 1035, 4; RFC 2308, 5; RFC 6604.
 *
 * A packet is walked again for each purpose instead of being copied: check the
 * structure, follow the CNAME chain, count, fill. Every walk is bounded by
 * DNSMSG_RECORDS_MAX records, and every name by 255 octets and HOPS_MAX jumps.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/dnsmsg.h"

#define HEADER_OCTETS	12
#define WIRE_NAME_MAX	255	/* RFC 1035, 2.3.4 */
#define HOPS_MAX	32	/* compression pointers in one name; servers write one or two */
#define CHAIN_MAX	16	/* CNAME links; resolvers give up at about that many */
#define CLASS_IN	1
#define TYPE_OPT	41
#define RCODE_NOERROR	0
#define RCODE_NXDOMAIN	3

struct packet {
	const unsigned char *at;
	size_t	len;
	size_t	answer;		/* offset of the answer section */
	size_t	authority;	/* offset of the authority section */
	size_t	counts[3];	/* records of the answer, authority, additional section */
	unsigned rcode;
};

/* A name in wire form without compression, letters in lower case. */
struct wire_name {
	size_t		len;
	unsigned char	octets[WIRE_NAME_MAX];
};

struct record {
	size_t		owner;		/* offset of the owner name */
	unsigned	type;
	unsigned	class;
	uint32_t	ttl_secs;
	size_t		data;		/* offset and length of RDATA, inside the packet */
	size_t		len;
};

/* The place of a reader inside a name. */
struct name_reader {
	size_t		at;
	size_t		floor;		/* a pointer must lead to before this */
	unsigned	hops;
};

static unsigned
get16(const unsigned char *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

static uint32_t
get32(const unsigned char *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

static void
put16(unsigned char *at, unsigned value)
{
	at[0] = (unsigned char)(value >> 8);
	at[1] = (unsigned char)value;
}

/*
 * The length of the label at the reader's place (0: the name ends), after
 * following compression pointers; the label is inside the packet. -1: malformed.
 */
static int
label_here(const struct packet *p, struct name_reader *r)
{
	while (r->at < p->len) {
		unsigned octet = p->at[r->at];
		size_t target;

		if (octet <= ODM_LABEL_MAX)
			return r->at + 1 + octet <= p->len ? (int)octet : -1;
		if (octet < 0xc0 || r->at + 2 > p->len || ++r->hops > HOPS_MAX)
			return -1;
		target = get16(p->at + r->at) & 0x3fff;
		if (target >= r->floor)
			return -1;
		r->at = r->floor = target;
	}
	return -1;
}

static struct name_reader
reader_at(size_t offset)
{
	return (struct name_reader){ .at = offset, .floor = offset };
}

/* The offset behind the name at offset, not following pointers; 0: cut short. */
static size_t
skip_name(const struct packet *p, size_t offset)
{
	while (offset < p->len) {
		unsigned octet = p->at[offset];

		if (octet >= 0xc0)
			return offset + 2 <= p->len ? offset + 2 : 0;
		if (octet > ODM_LABEL_MAX)
			return 0;
		offset += 1 + octet;
		if (octet == 0)
			return offset;
	}
	return 0;
}

/* Copies the name at offset into *name_r. False: malformed or too long. */
static bool
read_name(const struct packet *p, size_t offset, struct wire_name *name_r)
{
	struct name_reader r = reader_at(offset);
	int label;

	name_r->len = 0;
	while ((label = label_here(p, &r)) >= 0) {
		size_t octets = (size_t)label + 1, i;

		if (name_r->len + octets > WIRE_NAME_MAX)
			return false;
		name_r->octets[name_r->len] = (unsigned char)label;
		for (i = 1; i < octets; i++)
			name_r->octets[name_r->len + i] =
			    (unsigned char)odm_lower((char)p->at[r.at + i]);
		name_r->len += octets;
		r.at += octets;
		if (label == 0)
			return true;
	}
	return false;
}

/* Is the name at offset the given one? */
static bool
name_is(const struct packet *p, size_t offset, const struct wire_name *name)
{
	struct name_reader r = reader_at(offset);
	size_t done = 0;
	int label;

	while ((label = label_here(p, &r)) >= 0) {
		size_t octets = (size_t)label + 1, i;

		if (done + octets > name->len || name->octets[done] != (unsigned)label)
			return false;
		for (i = 1; i < octets; i++)
			if (name->octets[done + i] !=
			    (unsigned char)odm_lower((char)p->at[r.at + i]))
				return false;
		done += octets;
		r.at += octets;
		if (label == 0)
			return done == name->len;
	}
	return false;
}

/* Wire form of a text name; octets are kept, letter case too. False: no DNS name. */
static bool
wire_from_text(const char *text, struct wire_name *name_r)
{
	struct odm_span rest = odm_span_str(text), label;

	if (rest.len > 0 && rest.at[rest.len - 1] == '.')
		rest.len--;
	if (rest.len == 0 || rest.len > ODM_NAME_MAX || rest.at[rest.len - 1] == '.')
		return false;
	name_r->len = 0;
	while (odm_span_next(&rest, '.', &label)) {
		if (label.len == 0 || label.len > ODM_LABEL_MAX)
			return false;
		name_r->octets[name_r->len] = (unsigned char)label.len;
		memcpy(name_r->octets + name_r->len + 1, label.at, label.len);
		name_r->len += 1 + label.len;
	}
	name_r->octets[name_r->len++] = 0;
	return true;
}

static void
wire_lower(struct wire_name *name)
{
	size_t i;

	/* Length octets are at most 63 and so never letters. */
	for (i = 0; i < name->len; i++)
		name->octets[i] = (unsigned char)odm_lower((char)name->octets[i]);
}

size_t
dnsmsg_question(unsigned char packet_r[DNSMSG_QUESTION_MAX], unsigned id,
    const char *name, enum dns_type type, bool edns)
{
	struct wire_name wire;
	unsigned char *at = packet_r + HEADER_OCTETS;

	if (!wire_from_text(name, &wire))
		return 0;
	memset(packet_r, 0, DNSMSG_QUESTION_MAX);
	put16(packet_r, id);
	packet_r[2] = 1;		/* RD */
	put16(packet_r + 4, 1);
	put16(packet_r + 10, edns ? 1 : 0);
	memcpy(at, wire.octets, wire.len);
	at += wire.len;
	put16(at, (unsigned)type);
	put16(at + 2, CLASS_IN);
	at += 4;
	if (edns) {
		put16(at + 1, TYPE_OPT);
		put16(at + 3, DNSMSG_UDP_OCTETS);
		at += 11;
	}
	return (size_t)(at - packet_r);
}

/* Reads the record at *offset_r and moves behind it. False: cut short. */
static bool
next_record(const struct packet *p, size_t *offset_r, struct record *rec_r)
{
	size_t fixed = skip_name(p, *offset_r);

	if (fixed == 0 || p->len - fixed < 10)
		return false;
	rec_r->owner = *offset_r;
	rec_r->type = get16(p->at + fixed);
	rec_r->class = get16(p->at + fixed + 2);
	rec_r->ttl_secs = get32(p->at + fixed + 4);
	if (rec_r->ttl_secs > INT32_MAX)
		rec_r->ttl_secs = 0;		/* RFC 2181, 8 */
	rec_r->len = get16(p->at + fixed + 8);
	rec_r->data = fixed + 10;
	if (p->len - rec_r->data < rec_r->len)
		return false;
	*offset_r = rec_r->data + rec_r->len;
	return true;
}

/* Walks all sections once; finds the authority section and the extended rcode. */
static bool
check_sections(struct packet *p)
{
	size_t offset = p->answer, section, i;
	struct record rec;

	for (section = 0; section < COUNT(p->counts); section++) {
		if (section == 1)
			p->authority = offset;
		for (i = 0; i < p->counts[section]; i++) {
			if (!next_record(p, &offset, &rec))
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
open_packet(struct packet *p, const struct wire_name *name, enum dns_type type)
{
	unsigned flags;
	size_t end;

	if (p->len < HEADER_OCTETS)
		return false;
	flags = get16(p->at + 2);
	/* A response, opcode QUERY, not truncated, exactly one question. */
	if ((flags & 0x8000) == 0 || (flags & 0x7800) != 0 || (flags & 0x0200) != 0 ||
	    get16(p->at + 4) != 1)
		return false;
	p->rcode = flags & 0xf;
	end = skip_name(p, HEADER_OCTETS);
	if (end == 0 || p->len - end < 4 || !name_is(p, HEADER_OCTETS, name) ||
	    get16(p->at + end) != (unsigned)type || get16(p->at + end + 2) != CLASS_IN)
		return false;
	p->answer = end + 4;
	p->counts[0] = get16(p->at + 6);
	p->counts[1] = get16(p->at + 8);
	p->counts[2] = get16(p->at + 10);
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
follow_chain(const struct packet *p, struct wire_name *name_r, uint32_t *ttl_r)
{
	struct record rec;
	int links = 0;
	size_t i, offset;

again:
	offset = p->answer;
	for (i = 0; i < p->counts[0] && next_record(p, &offset, &rec); i++) {
		if (rec.type != DNS_TYPE_CNAME || rec.class != CLASS_IN ||
		    !name_is(p, rec.owner, name_r))
			continue;
		if (++links > CHAIN_MAX || !read_name(p, rec.data, name_r))
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
join_strings(const struct packet *p, const struct record *rec, char *out)
{
	size_t at = rec->data, end = rec->data + rec->len;
	long octets = 0;

	while (at < end) {
		size_t len = p->at[at++];

		if (len > end - at)
			return MALFORMED;
		if (out != NULL)
			memcpy(out + octets, p->at + at, len);
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
	struct wire_name name;
	size_t at, i;

	if (!read_name(p, offset, &name))
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
value_of(const struct packet *p, const struct record *rec, char *out)
{
	size_t fixed = rec->type == DNS_TYPE_A ? 4 : 16;

	switch (rec->type) {
	case DNS_TYPE_A:
	case DNS_TYPE_AAAA:
		if (rec->len != fixed)
			return MALFORMED;
		if (out != NULL)
			memcpy(out, p->at + rec->data, fixed);
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
collect(const struct packet *p, const struct wire_name *name, enum dns_type type,
    struct dns_answer *a, size_t *octets_r, uint32_t *ttl_r)
{
	size_t n = 0, i, offset = p->answer;
	char *out = a == NULL ? NULL : (char *)&a->rrs[a->nrrs];
	struct record rec;

	*octets_r = 0;
	for (i = 0; i < p->counts[0] && n < records_max(type) &&
	    next_record(p, &offset, &rec); i++) {
		long octets;

		if (rec.type != (unsigned)type || rec.class != CLASS_IN ||
		    !name_is(p, rec.owner, name) ||
		    (octets = value_of(p, &rec, NULL)) == UNUSABLE)
			continue;
		if (octets == MALFORMED)
			return MALFORMED;
		*ttl_r = lower_ttl(*ttl_r, rec.ttl_secs);
		if (a != NULL) {
			(void)value_of(p, &rec, out + *octets_r);
			a->rrs[n].data = (struct odm_span){ out + *octets_r, (size_t)octets };
			a->rrs[n].preference = rec.type == DNS_TYPE_MX ?
			    get16(p->at + rec.data) : 0;
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
	struct record rec;

	for (i = 0; i < p->counts[1] && next_record(p, &offset, &rec); i++)
		if (rec.type == DNS_TYPE_SOA && rec.class == CLASS_IN && rec.len >= 22)
			return lower_ttl(rec.ttl_secs, get32(p->at + rec.data + rec.len - 4));
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
	struct packet p = { .at = packet, .len = len };
	struct wire_name wire;
	struct dns_answer *a;
	uint32_t ttl = INT32_MAX;
	size_t octets;
	long nrrs;
	int links = 0;

	if (!wire_from_text(name, &wire))
		return dns_answer_new(DNS_FAILED, 0);
	wire_lower(&wire);
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
