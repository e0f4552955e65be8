/*
 * packet.c - what a DNS answer says about the TXT records of a name. RFC 1035, 4.
 * Bounded and total: every packet gives an answer, the worst one a failure.
 */
#include <sys/types.h>
#include <netinet/in.h>
#include <arpa/nameser.h>
#include <resolv.h>
#include <string.h>
#include <strings.h>

#include "libopendmarc/legacy/legacy.h"

#define CHAIN_MAX	16	/* CNAME links; resolvers give up at about that many */

/* Records looked at in one packet; the largest honest sets have dozens. */
#define RECORDS_MAX	1000

struct record {
	char		 owner[NS_MAXDNAME];
	unsigned	 type, class;
	const u_char	*data;		/* inside the packet, with len octets */
	unsigned	 len;
};

/* The number of two octets at p. */
static unsigned
get16(const u_char *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/* Reads the record at *at_r and moves behind it. False: the packet is malformed. */
static bool
next_record(const u_char *packet, const u_char *end, const u_char **at_r, struct record *rr)
{
	const u_char *at = *at_r;
	int n = dn_expand(packet, end, at, rr->owner, (int)sizeof(rr->owner));

	if (n < 0 || end - at - n < NS_RRFIXEDSZ)
		return false;
	at += n;
	rr->type = get16(at);
	rr->class = get16(at + 2);
	rr->len = get16(at + NS_RRFIXEDSZ - 2);
	at += NS_RRFIXEDSZ;
	if ((size_t)(end - at) < rr->len)
		return false;
	rr->data = at;
	*at_r = at + rr->len;
	return true;
}

/* The first record of the answer section; NULL: malformed. */
static const u_char *
answer_section(const u_char *packet, const u_char *end)
{
	const u_char *at = packet + NS_HFIXEDSZ;
	unsigned i;
	int n;

	for (i = get16(packet + 4); i > 0; i--) {
		n = dn_skipname(at, end);
		if (n < 0 || end - at - n < NS_QFIXEDSZ)
			return NULL;
		at += n + NS_QFIXEDSZ;
	}
	return at;
}

/* Joins the strings of a TXT record in place. False: they do not fill it exactly. */
static bool
join_strings(u_char *data, unsigned len, struct odm_span *text_r)
{
	unsigned from = 0, to = 0, n;

	while (from < len) {
		n = data[from++];
		if (n > len - from)
			return false;
		memmove(data + to, data + from, n);
		from += n;
		to += n;
	}
	*text_r = (struct odm_span){ (const char *)data, to };
	return true;
}

/*
 * Follows the aliases of name inside the packet; the last one goes to name, the
 * TXT records there to txt. True when it is well-formed.
 */
static bool
read_records(u_char *packet, const u_char *end, char name[NS_MAXDNAME],
    struct odm_span txt[ODM_TXT_RECORDS_MAX], struct odm_answer *answer, bool *alias_r)
{
	unsigned i, count = get16(packet + 6), link;
	const u_char *at;
	struct record rr;
	bool moved = true;

	for (link = 0; moved && link <= CHAIN_MAX; link++) {
		at = answer_section(packet, end);
		moved = false;
		answer->ntxt = 0;
		for (i = 0; i < count && i < RECORDS_MAX && !moved; i++) {
			if (at == NULL || !next_record(packet, end, &at, &rr))
				return false;
			if (rr.class != ns_c_in || strcasecmp(rr.owner, name) != 0)
				continue;
			if (rr.type == ns_t_cname && dn_expand(packet, end, rr.data, name,
			    NS_MAXDNAME) >= 0)
				moved = *alias_r = true;
			if (rr.type == ns_t_txt && answer->ntxt < ODM_TXT_RECORDS_MAX)
				txt[answer->ntxt++] =
				    (struct odm_span){ (const char *)rr.data, rr.len };
		}
	}
	if (moved)
		return false;
	for (i = 0; i < answer->ntxt; i++)
		if (!join_strings(packet + ((const u_char *)txt[i].at - packet),
		    (unsigned)txt[i].len, &txt[i]))
			return false;
	return true;
}

struct odm_answer
legacy_read_packet(u_char *packet, int len, const char *name,
    struct odm_span txt[ODM_TXT_RECORDS_MAX])
{
	struct odm_answer answer = { ODM_ANSWER_FAILURE, txt, 0 };
	char target[NS_MAXDNAME];
	bool alias = false;
	unsigned rcode;

	if (len < NS_HFIXEDSZ || (packet[2] & 0x02) != 0)	/* the TC bit: cut short */
		return answer;
	rcode = packet[3] & 0x0f;
	if (rcode != ns_r_noerror && rcode != ns_r_nxdomain)
		return answer;
	if (strlcpy(target, name, sizeof(target)) >= sizeof(target) ||
	    !read_records(packet, packet + len, target, txt, &answer, &alias))
		answer.ntxt = 0;
	else if (answer.ntxt > 0)
		answer.status = ODM_ANSWER_RECORDS;
	else
		/* A dangling alias exists itself. */
		answer.status = rcode == ns_r_nxdomain && !alias ? ODM_ANSWER_NXDOMAIN :
		    ODM_ANSWER_NODATA;
	return answer;
}
