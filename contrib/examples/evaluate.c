/*
 * evaluate.c - evaluates DMARC (RFC 9989) for one message with odm.h.
 *
 *	cc -o evaluate evaluate.c $(pkg-config --cflags --libs opendmarc)
 *	evaluate [-a ANSWERS] FROM [spf=RESULT:DOMAIN] [dkim=RESULT:DOMAIN]...
 *
 * FROM is a domain, or the value of a From field with an "@" in it. The DNS is asked
 * by the resolver of the C library, or with -a a file answers: lines "NAME TEXT" are
 * TXT records, "NAME" alone is a name that exists without one; "NAME !" fails, and
 * what is not in the file does not exist.
 */
#include <sys/types.h>
#include <netinet/in.h>
#include <arpa/nameser.h>

#include <netdb.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <opendmarc/odm.h>

#define RECORDS_MAX	100	/* the library drops what is beyond */

/* One answer on its way to the library. */
struct answer {
	enum odm_lookup_status	 status;
	size_t			 n;
	char			*txt[RECORDS_MAX];
	size_t			 lengths[RECORDS_MAX];
};

static void
add_text(struct answer *a, const char *text, size_t length)
{
	if (a->n == RECORDS_MAX)
		return;
	a->txt[a->n] = malloc(length + 1);
	if (a->txt[a->n] == NULL) {
		a->status = ODM_LOOKUP_FAILED;
		return;
	}
	memcpy(a->txt[a->n], text, length);
	a->txt[a->n][length] = '\0';
	a->lengths[a->n++] = length;
}

static void
answer_from_file(struct answer *a, const char *path, const char *name)
{
	char line[4096], *text;
	FILE *file = fopen(path, "r");

	a->status = ODM_LOOKUP_NXDOMAIN;
	if (file == NULL) {
		perror(path);
		exit(74);
	}
	while (fgets(line, sizeof(line), file) != NULL) {
		line[strcspn(line, "\r\n")] = '\0';
		text = strchr(line, ' ');
		if (text != NULL)
			*text++ = '\0';
		if (strcmp(line, name) != 0)
			continue;
		if (text == NULL)
			a->status = ODM_LOOKUP_NODATA;
		else if (strcmp(text, "!") == 0)
			a->status = ODM_LOOKUP_FAILED;
		else {
			a->status = ODM_LOOKUP_FOUND;
			add_text(a, text, strlen(text));
		}
	}
	fclose(file);
}

/* Joins the strings of a TXT record. What does not fit its length is left out. */
static void
add_rdata(struct answer *a, const unsigned char *data, unsigned length)
{
	char text[65536];
	size_t used = 0;
	unsigned at = 0, n;

	while (at < length) {
		n = data[at++];
		if (n > length - at)
			return;
		memcpy(text + used, data + at, n);
		used += n;
		at += n;
	}
	add_text(a, text, used);
}

/*
 * The TXT records of an answer section. The resolver has followed CNAMEs, and asked
 * for nothing but TXT, so that every TXT record here belongs to the question.
 */
static int
read_packet(struct answer *a, const unsigned char *packet, int length)
{
	const unsigned char *at = packet + NS_HFIXEDSZ, *end = packet + length;
	unsigned questions, records, type, size;
	int n;

	questions = (unsigned)packet[4] << 8 | packet[5];
	records = (unsigned)packet[6] << 8 | packet[7];
	while (questions-- > 0) {
		n = dn_skipname(at, end);
		if (n < 0 || end - at - n < NS_QFIXEDSZ)
			return -1;
		at += n + NS_QFIXEDSZ;
	}
	while (records-- > 0) {
		n = dn_skipname(at, end);
		if (n < 0 || end - at - n < NS_RRFIXEDSZ)
			return -1;
		at += n;
		type = (unsigned)at[0] << 8 | at[1];
		size = (unsigned)at[8] << 8 | at[9];
		at += NS_RRFIXEDSZ;
		if (end - at < (int)size)
			return -1;
		if (type == ns_t_txt)
			add_rdata(a, at, size);
		at += size;
	}
	return 0;
}

static void
answer_from_dns(struct answer *a, const char *name, enum odm_lookup lookup)
{
	static unsigned char packet[65536];
	struct __res_state state = { 0 };
	int length, why;

	a->status = ODM_LOOKUP_FAILED;
	if (res_ninit(&state) != 0)
		return;
	length = res_nquery(&state, name, ns_c_in, lookup == ODM_LOOKUP_TXT ? ns_t_txt : ns_t_a,
	    packet, (int)sizeof(packet));
	why = state.res_h_errno;
	res_nclose(&state);
	if (length >= NS_HFIXEDSZ && length <= (int)sizeof(packet)) {
		if (lookup == ODM_LOOKUP_EXISTS)
			a->status = ODM_LOOKUP_FOUND;
		else if (read_packet(a, packet, length) == 0)
			a->status = a->n > 0 ? ODM_LOOKUP_FOUND : ODM_LOOKUP_NODATA;
	} else if (why == HOST_NOT_FOUND) {
		a->status = ODM_LOOKUP_NXDOMAIN;
	} else if (why == NO_DATA) {
		a->status = ODM_LOOKUP_NODATA;
	}
}

/* Looks the question up and feeds the answer. */
static enum odm_status
serve(struct odm_message *m, const struct odm_message_question *q, const char *file)
{
	static const char *const words[] = { "records", "no data", "no such name", "failed" };
	struct answer a = { ODM_LOOKUP_FAILED, 0, { NULL }, { 0 } };
	enum odm_status status;

	if (file != NULL)
		answer_from_file(&a, file, q->name);
	else
		answer_from_dns(&a, q->name, q->lookup);
	printf("%s %s: %s\n", q->lookup == ODM_LOOKUP_TXT ? "TXT" : "exists", q->name,
	    words[a.status]);
	status = odm_message_answer(m, q->id, a.status, (const char *const *)a.txt, a.lengths, a.n);
	while (a.n > 0)
		free(a.txt[--a.n]);
	return status;
}

/* "spf=pass:example.com", "dkim=fail:example.com". */
static enum odm_status
add_fact(struct odm_message *m, char *fact)
{
	char *result = strchr(fact, '='), *domain;

	if (result == NULL)
		return ODM_STATUS_INVALID;
	*result++ = '\0';
	domain = strchr(result, ':');
	if (domain != NULL)
		*domain++ = '\0';
	if (strcmp(fact, "spf") == 0)
		return odm_message_add_spf(m, result, domain);
	if (strcmp(fact, "dkim") == 0)
		return odm_message_add_dkim(m, result, domain);
	return ODM_STATUS_INVALID;
}

static const char *
or_dash(const char *text)
{
	return text == NULL || text[0] == '\0' ? "-" : text;
}

static void
print_verdict(const struct odm_verdict *v)
{
	printf("dmarc=%s\n", odm_verdict_result_name(v));
	printf("author domain: %s\n", or_dash(odm_verdict_author_domain(v)));
	printf("policy domain: %s\n", or_dash(odm_verdict_policy_domain(v)));
	printf("policy: %s (%s)\n", or_dash(odm_disposition_name(odm_verdict_effective(v))),
	    or_dash(odm_verdict_tag(v)));
	printf("aligned: spf %s, dkim %s\n", odm_verdict_spf_aligned(v) ? "yes" : "no",
	    odm_verdict_dkim_aligned(v) ? "yes" : "no");
	printf("reason: %s\n", odm_verdict_reason(v));
}

int
main(int argc, char **argv)
{
	struct odm_message *m = odm_message_new(0);
	struct odm_message_question question;
	enum odm_status status = ODM_STATUS_OK;
	const char *file = NULL;
	int i = 1;

	if (argc > 2 && strcmp(argv[1], "-a") == 0) {
		file = argv[2];
		i = 3;
	}
	if (m == NULL || i >= argc) {
		fprintf(stderr, "usage: evaluate [-a ANSWERS] FROM [spf=RESULT:DOMAIN] "
		    "[dkim=RESULT:DOMAIN]...\n");
		odm_message_free(&m);
		return 64;
	}

	/* A From field without a clear domain is not an error here but permerror later. */
	if (strchr(argv[i], '@') != NULL)
		(void)odm_message_add_from(m, argv[i], strlen(argv[i]));
	else
		status = odm_message_add_author(m, argv[i]);
	while (status == ODM_STATUS_OK && ++i < argc)
		status = add_fact(m, argv[i]);
	odm_message_complete(m);

	while (status == ODM_STATUS_OK && odm_message_run(m) == 0)
		while (status == ODM_STATUS_OK && odm_message_question(m, 0, &question))
			status = serve(m, &question, file);

	if (status == ODM_STATUS_OK)
		print_verdict(odm_message_verdict(m));
	else
		fprintf(stderr, "evaluate: %s\n", status == ODM_STATUS_NO_MEMORY ? "out of memory" :
		    i < argc ? argv[i] : "not evaluated");
	odm_message_free(&m);
	return status == ODM_STATUS_OK ? 0 : 65;
}
