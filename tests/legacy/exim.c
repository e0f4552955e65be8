/*
 * exim.c - the order of calls that a mail server with built-in DMARC support makes
 * for each message: begin the library, read the list, connect, From, SPF, every
 * DKIM signature, the record it looked up itself, results, shut everything down.
 * Prints one line of results per message. Compiled like tour.c.
 */
#include <sys/types.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <opendmarc/dmarc.h>

static const struct message {
	const char *from, *record;	/* record NULL: none was found */
	const char *spf_domain;
	int spf_result, origin;
	struct {
		const char *domain, *selector;
		int result;
	} signatures[3];
} messages[] = {
	{ "example.com", "v=DMARC1; p=reject; rua=mailto:agg@example.com", "example.com", 1, 1,
	    { { "example.com", "s1", 1 }, { NULL, NULL, 0 }, { NULL, NULL, 0 } } },
	{ "example.com",
	    "v=DMARC1; p=reject; rua=mailto:agg@example.com; ruf=mailto:f@example.com",
	    "example.org", 1, 1,
	    { { "mail.example.com", "s1", 1 }, { "example.org", "s2", 1 }, { NULL, NULL, 0 } } },
	{ "example.com", "v=DMARC1; p=quarantine; pct=50", "example.com", 3, 1,
	    { { "example.com", "s1", 2 }, { NULL, NULL, 0 }, { NULL, NULL, 0 } } },
	{ "news.example.com", "v=DMARC1; p=reject; adkim=s; aspf=s; sp=none", "bounce.example.net",
	    1, 1,
	    { { "example.org", "s1", 1 }, { NULL, NULL, 0 }, { NULL, NULL, 0 } } },
	{ "example.net", NULL, "example.net", 1, 1,
	    { { "example.net", "s1", 1 }, { NULL, NULL, 0 }, { NULL, NULL, 0 } } },
	{ "example.net", "v=DMARC1; p=none", "mx.example.net", 1, 2,
	    { { NULL, NULL, 0 }, { NULL, NULL, 0 }, { NULL, NULL, 0 } } },
	{ "example.net", "v=DMARC1; p=none; adkim=s", NULL, 0, 0,
	    { { "example.org", "s1", 3 }, { "example.net", "s2", 1 }, { "a.example.net", "s3",
	    1 } } },
};

static u_char *
text(const char *s)
{
	union {
		const char *in;
		u_char *out;
	} u = { s };

	return u.out;
}

static void
print_uris(const char *what, u_char **uris)
{
	printf(" %s", what);
	for (; uris != NULL && *uris != NULL; uris++)
		printf(" %s", (char *)*uris);
}

static void
print_results(DMARC_POLICY_T *c)
{
	int p = 0, sp = 0, pct = 0, adkim = 0, aspf = 0, dkim = 0, spf = 0, policy;
	u_char domain[DMARC_MAXHOSTNAMELEN] = "";

	(void)opendmarc_policy_fetch_p(c, &p);
	(void)opendmarc_policy_fetch_utilized_domain(c, domain, DMARC_MAXHOSTNAMELEN - 1);
	policy = opendmarc_get_policy_to_enforce(c);
	(void)opendmarc_policy_fetch_alignment(c, &dkim, &spf);
	print_uris("rua", opendmarc_policy_fetch_rua(c, NULL, 0, 1));
	print_uris("ruf", opendmarc_policy_fetch_ruf(c, NULL, 0, 1));
	(void)opendmarc_policy_fetch_pct(c, &pct);
	(void)opendmarc_policy_fetch_adkim(c, &adkim);
	(void)opendmarc_policy_fetch_aspf(c, &aspf);
	(void)opendmarc_policy_fetch_sp(c, &sp);
	printf(" p %d sp %d pct %d adkim %d aspf %d domain %s dkim %d spf %d policy %d (%s)\n", p,
	    sp,
	    pct, adkim, aspf, (char *)domain, dkim, spf, policy,
	    opendmarc_policy_status_to_str(policy));
}

static int
serve(int number, const struct message *m, char *list)
{
	OPENDMARC_LIB_T lib;
	DMARC_POLICY_T *c;
	size_t i;

	memset(&lib, 0, sizeof(lib));
	if (opendmarc_policy_library_init(&lib) != DMARC_PARSE_OKAY ||
	    opendmarc_tld_read_file(list, NULL, NULL, NULL) != 0)
		return 1;
	c = opendmarc_policy_connect_init(text("192.0.2.25"), 0);
	printf("message %d:", number);
	printf(" from %d", opendmarc_policy_store_from_domain(c, text(m->from)));
	if (m->spf_domain != NULL)
		printf(" spf %d", opendmarc_policy_store_spf(c, text(m->spf_domain), m->spf_result,
		    m->origin, text("checked")));
	for (i = 0; i < 3 && m->signatures[i].domain != NULL; i++)
		printf(" dkim %d", opendmarc_policy_store_dkim(c, text(m->signatures[i].domain),
		    text(m->signatures[i].selector), m->signatures[i].result, text("")));
	if (m->record != NULL)
		printf(" record %d", opendmarc_policy_store_dmarc(c, text(m->record),
		    text(m->from), NULL));
	print_results(c);
	(void)opendmarc_policy_connect_shutdown(c);
	(void)opendmarc_policy_library_shutdown(&lib);
	return 0;
}

int
main(int argc, char **argv)
{
	unsigned v = OPENDMARC_LIB_VERSION;
	int i, n = (int)(sizeof(messages) / sizeof(messages[0])), failed = 0;

	if (argc == 2 && strcmp(argv[1], "-v") == 0) {
		printf("%u.%u.%u.%u\n", v >> 24, v >> 16 & 255, v >> 8 & 255, v & 255);
		return 0;
	}
	if (argc != 2) {
		fprintf(stderr, "usage: exim SUFFIXLIST | -v\n");
		return 64;
	}
	/* Twice: nothing of a message may be left for the next. */
	for (i = 0; i < 2 * n; i++)
		failed |= serve(i % n, &messages[i % n], argv[1]);
	return failed;
}
