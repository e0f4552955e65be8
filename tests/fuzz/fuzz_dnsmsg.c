/*
 * fuzz_dnsmsg.c - DNS answer packets. The first octet picks the record type that
 * was asked for; the name is the one that the packet's own question shows, so
 * that the fuzzer gets behind the comparison of the question.
 */
#include "common/dnsmsg.h"
#include "tests/fuzz/fuzz.h"

static const enum dns_type types[] = {
	DNS_TYPE_A, DNS_TYPE_CNAME, DNS_TYPE_SOA, DNS_TYPE_PTR, DNS_TYPE_MX, DNS_TYPE_TXT,
	DNS_TYPE_AAAA
};

/* The question's name as text as far as it goes. */
static void
question_name(const uint8_t *packet, size_t len, char name_r[ODM_NAME_MAX + 1])
{
	size_t at = 12, n = 0, i;

	while (at < len && packet[at] > 0 && packet[at] <= ODM_LABEL_MAX &&
	    at + packet[at] < len && n + packet[at] + 1 < ODM_NAME_MAX) {
		if (n > 0)
			name_r[n++] = '.';
		for (i = 1; i <= packet[at]; i++)
			name_r[n++] = (char)packet[at + i];
		at += packet[at] + 1u;
	}
	name_r[n] = '\0';
}

static void
check_answer(const struct dns_answer *a, enum dns_type type)
{
	struct odm_span whole = { (const char *)a, a->octets };
	size_t i;

	fuzz_need((a->status == DNS_FOUND) == (a->nrrs > 0), "found means records");
	fuzz_need(a->nrrs <= DNSMSG_RECORDS_MAX, "records are bounded");
	fuzz_need(a->ttl_secs <= INT32_MAX, "a TTL has 31 bits");
	for (i = 0; i < a->nrrs; i++) {
		struct odm_span data = a->rrs[i].data;

		fuzz_inside(data, whole);
		fuzz_need(type != DNS_TYPE_A || data.len == 4, "an A has 4 octets");
		fuzz_need(type != DNS_TYPE_AAAA || data.len == 16, "an AAAA has 16 octets");
		fuzz_need((type != DNS_TYPE_PTR && type != DNS_TYPE_MX) ||
		    (data.len <= ODM_NAME_MAX && odm_span_find(data, '\0') == data.len &&
		    odm_span_find(data, ' ') == data.len), "a host name is plain text");
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	char name[ODM_NAME_MAX + 1];
	unsigned char packet[DNSMSG_QUESTION_MAX];
	struct dns_answer *a;
	enum dns_type type;

	if (len < 1)
		return 0;
	type = types[octets[0] % COUNT(types)];
	question_name(octets + 1, len - 1, name);
	a = dnsmsg_parse(octets + 1, len - 1, name, type);
	if (a != NULL)
		check_answer(a, type);
	dns_answer_unref(&a);
	fuzz_need(dnsmsg_question(packet, 0, name, type, true) <= sizeof(packet),
	    "a question fits its packet");
	return 0;
}
