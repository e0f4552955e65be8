/*
 * tour.c - a walk through the 1.x API. Prints "STEP | VALUES" lines for test_abi.py and
 * test_tour.py to compare; it is compiled against other versions of dmarc.h too and
 * uses nothing that is not in all of them.
 */
#include <sys/types.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <opendmarc/dmarc.h>

/* The API takes pointers to text that it does not change. */
static u_char *
text(const char *s)
{
	union {
		const char *in;
		u_char *out;
	} u = { s };

	return u.out;
}

static const char *step = "";

static void
begin(const char *name)
{
	step = name;
}

static void
number(int n)
{
	printf("%s | %d\n", step, n);
}

static void
show_dump(DMARC_POLICY_T *c)
{
	char buf[4096] = "", *line, *rest = buf;

	number(opendmarc_policy_to_buf(c, buf, sizeof(buf)));
	while ((line = strsep(&rest, "\n")) != NULL && *line != '\0')
		printf("%s | %s\n", step, line);
}

static void
show_verdict(DMARC_POLICY_T *c)
{
	int dkim = -1, spf = -1;
	int policy = opendmarc_get_policy_to_enforce(c);

	(void)opendmarc_policy_fetch_alignment(c, &dkim, &spf);
	printf("%s | policy %d dkim %d spf %d token %d\n", step, policy, dkim, spf,
	    opendmarc_get_policy_token_used(c));
}

static void
show_tags(DMARC_POLICY_T *c)
{
	int p = -1, sp = -1, pct = -1, adkim = -1, aspf = -1;

	(void)opendmarc_policy_fetch_p(c, &p);
	(void)opendmarc_policy_fetch_sp(c, &sp);
	(void)opendmarc_policy_fetch_pct(c, &pct);
	(void)opendmarc_policy_fetch_adkim(c, &adkim);
	(void)opendmarc_policy_fetch_aspf(c, &aspf);
	printf("%s | p %d sp %d pct %d adkim %d aspf %d\n", step, p, sp, pct, adkim, aspf);
}

static void
show_domains(DMARC_POLICY_T *c)
{
	u_char used[DMARC_MAXHOSTNAMELEN] = "-", from[DMARC_MAXHOSTNAMELEN] = "-";
	int a = opendmarc_policy_fetch_utilized_domain(c, used, sizeof(used));
	int b = opendmarc_policy_fetch_from_domain(c, from, sizeof(from));

	printf("%s | utilized %d %s from %d %s\n", step, a, (char *)used, b, (char *)from);
}

static void
show_uris(u_char **uris)
{
	size_t i;

	if (uris == NULL)
		printf("%s | no URIs\n", step);
	for (i = 0; uris != NULL && uris[i] != NULL; i++)
		printf("%s | URI %s\n", step, (char *)uris[i]);
}

static DMARC_POLICY_T *
context(void)
{
	return opendmarc_policy_connect_init(text("192.0.2.1"), 0);
}

static void
empty_context(void)
{
	DMARC_POLICY_T *c = context();

	begin("empty context");
	show_dump(c);
	show_verdict(c);
	show_tags(c);
	show_domains(c);
	show_uris(opendmarc_policy_fetch_rua(c, NULL, 0, 1));
	begin("cleared context");
	printf("%s | same %d\n", step, opendmarc_policy_connect_clear(c) == c);
	show_dump(c);
	(void)opendmarc_policy_connect_shutdown(c);

	begin("IPv6 context");
	c = opendmarc_policy_connect_init(text("2001:db8::1"), 1);
	show_dump(c);
	(void)opendmarc_policy_connect_shutdown(c);
}

static void
null_pointers(void)
{
	DMARC_POLICY_T *c = context();
	int n;
	char buf[8];

	begin("NULL context");
	errno = 0;
	n = opendmarc_policy_connect_init(NULL, 0) == NULL;
	printf("%s | init %d errno %d\n", step, n, errno);
	errno = 0;
	n = opendmarc_policy_connect_clear(NULL) == NULL;
	printf("%s | clear %d errno %d\n", step, n, errno);
	errno = 0;
	n = opendmarc_policy_connect_rset(NULL) == NULL;
	printf("%s | rset %d errno %d\n", step, n, errno);
	printf("%s | shutdown %d\n", step, opendmarc_policy_connect_shutdown(NULL) == NULL);
	number(opendmarc_policy_library_init(NULL));
	number(opendmarc_policy_store_from_domain(NULL, text("a.example")));
	number(opendmarc_policy_store_spf(NULL, text("a.example"), 1, 1, NULL));
	number(opendmarc_policy_store_dkim(NULL, text("a.example"), NULL, 1, NULL));
	number(opendmarc_policy_query_dmarc(NULL, text("a.example")));
	number(opendmarc_policy_parse_dmarc(NULL, text("a.example"), text("v=DMARC1;p=none")));
	number(opendmarc_policy_store_dmarc(NULL, text("v=DMARC1;p=none"), text("a.example"),
	    NULL));
	number(opendmarc_get_policy_to_enforce(NULL));
	number(opendmarc_get_policy_token_used(NULL));
	number(opendmarc_policy_fetch_alignment(NULL, NULL, NULL));
	number(opendmarc_policy_fetch_p(NULL, &n));
	number(opendmarc_policy_fetch_sp(NULL, &n));
	number(opendmarc_policy_fetch_pct(NULL, &n));
	number(opendmarc_policy_fetch_adkim(NULL, &n));
	number(opendmarc_policy_fetch_aspf(NULL, &n));
	number(opendmarc_policy_fetch_utilized_domain(NULL, text(""), 1));
	number(opendmarc_policy_fetch_from_domain(NULL, text(""), 1));
	number(opendmarc_policy_query_dmarc_xdomain(NULL, text("mailto:a@b.example")));
	number(opendmarc_policy_to_buf(NULL, buf, sizeof(buf)));
	show_uris(opendmarc_policy_fetch_rua(NULL, NULL, 0, 1));
	show_uris(opendmarc_policy_fetch_ruf(NULL, NULL, 0, 0));
	show_uris(opendmarc_util_clearargv(NULL));

	begin("NULL argument");
	number(opendmarc_policy_store_from_domain(c, NULL));
	number(opendmarc_policy_store_spf(c, NULL, 1, 1, NULL));
	number(opendmarc_policy_store_dkim(c, NULL, NULL, 1, NULL));
	number(opendmarc_policy_query_dmarc(c, NULL));
	number(opendmarc_policy_parse_dmarc(c, NULL, text("v=DMARC1;p=none")));
	number(opendmarc_policy_parse_dmarc(c, text("a.example"), NULL));
	number(opendmarc_policy_store_dmarc(c, NULL, text("a.example"), NULL));
	number(opendmarc_policy_store_dmarc(c, text("v=DMARC1;p=none"), NULL, NULL));
	number(opendmarc_policy_fetch_alignment(c, NULL, NULL));
	number(opendmarc_policy_fetch_p(c, NULL));
	number(opendmarc_policy_fetch_sp(c, NULL));
	number(opendmarc_policy_fetch_pct(c, NULL));
	number(opendmarc_policy_fetch_adkim(c, NULL));
	number(opendmarc_policy_fetch_aspf(c, NULL));
	number(opendmarc_policy_fetch_utilized_domain(c, NULL, 10));
	number(opendmarc_policy_query_dmarc_xdomain(c, NULL));
	number(opendmarc_policy_to_buf(c, NULL, 10));
	number(opendmarc_policy_check_alignment(NULL, text("a.example"), 'r'));
	number(opendmarc_policy_check_alignment(text("a.example"), NULL, 's'));
	(void)opendmarc_policy_connect_shutdown(c);
}

static void
bad_arguments(void)
{
	DMARC_POLICY_T *c = context();
	char small[20];

	begin("bad argument");
	number(opendmarc_policy_store_from_domain(c, text("")));
	number(opendmarc_policy_store_dkim(c, text("a.example"), text("s"), 1, NULL));
	number(opendmarc_policy_query_dmarc(c, text("")));
	number(opendmarc_policy_store_spf(c, text(""), 1, 1, NULL));
	number(opendmarc_policy_store_spf(c, text("a.example"), 4, 1, NULL));
	number(opendmarc_policy_store_spf(c, text("a.example"), -1, 1, NULL));
	number(opendmarc_policy_store_spf(c, text("a.example"), 1, 0, NULL));
	number(opendmarc_policy_store_spf(c, text("a.example"), 1, 3, NULL));
	number(opendmarc_policy_store_spf(c, text("a/b.example"), 1, 1, NULL));
	number(opendmarc_policy_store_from_domain(c, text("a.example")));
	number(opendmarc_policy_store_dkim(c, text(""), NULL, 1, NULL));
	number(opendmarc_policy_store_dkim(c, text("a b.example"), NULL, 1, NULL));
	number(opendmarc_policy_store_dkim(c, text("u@b.example"), NULL, 1, NULL));
	number(opendmarc_policy_store_dkim(c, text("b.example"), NULL, 4, NULL));
	number(opendmarc_policy_store_dmarc(c, text("v=DMARC1;p=none"), text(""), NULL));
	number(opendmarc_policy_to_buf(c, small, sizeof(small)));
	begin("from of brackets");
	number(opendmarc_policy_store_from_domain(c, text("<>")));
	(void)opendmarc_policy_connect_shutdown(c);
}

static void
status_texts(void)
{
	int i;

	begin("status");
	for (i = -1; i <= 22; i++)
		printf("%s | %d %s\n", step, i, opendmarc_policy_status_to_str(i));
}

static void
from_values(void)
{
	static const char *const values[] = {
		"example.com", "joe@example.com", "<joe@example.com>", "Joe <joe@example.com>",
		"\"Foo, Bar\" <u@example.com>", "(c) a@a.com (d)", "a@a.com, b@b.com",
		    "u@example.com.",
		"Davide D'Marco <user@blah.com>", "\"\\\"Medtronic, Inc.\\\"\" <u@example.com>",
		"\"x <y@junk.com>\"@mydomain.com", "u@example.com>", "a@ example.com",
		"SUB.Example.COM", "grp: a@example.org;",
	};
	DMARC_POLICY_T *c;
	size_t i;
	char name[100];

	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		(void)snprintf(name, sizeof(name), "From %s", values[i]);
		begin(name);
		c = context();
		number(opendmarc_policy_store_from_domain(c, text(values[i])));
		show_domains(c);
		(void)opendmarc_policy_connect_shutdown(c);
	}
}

static void
records(void)
{
	static const char *const values[] = {
		"v=DMARC1; p=none", "v=DMARC1;p=reject;sp=quarantine;adkim=s;aspf=s;pct=20",
		" v = DMARC1 ; p = quarantine ; ", "V=dmarc1; P=REJECT",
		    "v=DMARC1; p=none; foo=bar",
		"v=DMARC1; p=none; rua=",
		    "v=DMARC1; p=none; rua=mailto:a@a.example, mailto:b@b.example!10m",
		"v=DMARC1; p=none; ruf=mailto:f@a.example; fo=1:d:s", "v=DMARC1; p=none; ri=3600",
		"v=DMARC1", "v=DMARC1; p=foo", "v=DMARC2; p=none", "v=DMARC1 p=reject",
		"p=reject; v=DMARC1", "p=none", "v=DMARC1; p=none; pct=101",
		    "v=DMARC1; p=none; pct=abc",
		"v=DMARC1; p=r", "v=DMARC1; p=none; p=reject", "v=DMARC1; p=none; fo=2",
		"v=DMARC1; p=foo; rua=mailto:a@a.example", "v=DMARC1; p=reject; t=y",
		"v=DMARC1; p=none; rf=iodef", "v=DMARC1; p=none; adkim=strict",
	};
	DMARC_POLICY_T *c;
	size_t i;
	char name[120];

	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		(void)snprintf(name, sizeof(name), "record %s", values[i]);
		begin(name);
		c = context();
		number(opendmarc_policy_store_dmarc(c, text(values[i]), text("a.example"), NULL));
		show_tags(c);
		show_uris(opendmarc_policy_fetch_rua(c, NULL, 0, 1));
		show_uris(opendmarc_policy_fetch_ruf(c, NULL, 0, 1));
		show_verdict(c);
		(void)opendmarc_policy_connect_shutdown(c);
	}
}

static const struct identity {
	const char *what, *from, *record, *spf, *dkim[2];
	int spf_result, origin, dkim_result[2];
} identities[] = {
	{ "spf pass", "example.com", "v=DMARC1;p=reject", "example.com", { NULL, NULL }, 1, 1, { 0,
	    0 } },
	{ "spf fail", "example.com", "v=DMARC1;p=reject", "example.com", { NULL, NULL }, 2, 1, { 0,
	    0 } },
	{ "spf temporary", "example.com", "v=DMARC1;p=reject", "example.com", { NULL, NULL }, 3, 1,
	    { 0, 0 } },
	{ "spf of an address", "example.com", "v=DMARC1;p=reject", "<u@example.com>", { NULL,
	    NULL }, 1, 1,
	    { 0, 0 } },
	{ "spf of HELO", "example.com", "v=DMARC1;p=reject", "example.com", { NULL, NULL }, 1, 2,
	    { 0, 0 } },
	{ "spf relaxed", "example.com", "v=DMARC1;p=reject", "b.example.com", { NULL, NULL }, 1, 1,
	    { 0, 0 } },
	{ "spf strict", "example.com", "v=DMARC1;p=reject;aspf=s", "b.example.org", { NULL, NULL },
	    1, 1,
	    { 0, 0 } },
	{ "dkim pass", "example.com", "v=DMARC1;p=reject", NULL, { "example.com", NULL }, 0, 1,
	    { 1, 0 } },
	{ "dkim below", "example.com", "v=DMARC1;p=reject", NULL, { "m.example.com", NULL }, 0, 1,
	    { 1, 0 } },
	{ "dkim above", "m.example.com", "v=DMARC1;p=reject", NULL, { "example.com", NULL }, 0, 1,
	    { 1, 0 } },
	{ "dkim elsewhere", "example.com", "v=DMARC1;p=reject", NULL, { "example.org", NULL }, 0,
	    1, { 1, 0 } },
	{ "dkim fail, then pass elsewhere", "example.org", "v=DMARC1;p=reject", NULL,
	    { "example.org", "bad.example" }, 0, 1, { 2, 1 } },
	{ "dkim pass elsewhere, then pass", "example.org", "v=DMARC1;p=reject", NULL,
	    { "bad.example", "example.org" }, 0, 1, { 1, 1 } },
	{ "dkim pass below, then fail", "example.org", "v=DMARC1;p=reject", NULL,
	    { "sub.example.org", "example.org" }, 0, 1, { 1, 2 } },
	{ "dkim strict, below only", "example.org", "v=DMARC1;p=reject;adkim=s", NULL,
	    { "sub.example.org", NULL }, 0, 1, { 1, 0 } },
};

static void
verdicts(void)
{
	const struct identity *id;
	DMARC_POLICY_T *c;
	size_t i, j;

	for (i = 0; i < sizeof(identities) / sizeof(identities[0]); i++) {
		id = &identities[i];
		begin(id->what);
		c = context();
		number(opendmarc_policy_store_from_domain(c, text(id->from)));
		if (id->spf != NULL)
			number(opendmarc_policy_store_spf(c, text(id->spf), id->spf_result,
			    id->origin,
			    text("why")));
		for (j = 0; j < 2 && id->dkim[j] != NULL; j++)
			number(opendmarc_policy_store_dkim(c, text(id->dkim[j]), text("sel"),
			    id->dkim_result[j], text("because")));
		number(opendmarc_policy_store_dmarc(c, text(id->record), text(id->from), NULL));
		show_verdict(c);
		show_dump(c);
		(void)opendmarc_policy_connect_shutdown(c);
	}
}

static void
alignments(void)
{
	static const struct pair {
		const char *a, *b;
	} pairs[] = {
		{ "example.com", "example.com" }, { "EXAMPLE.com", "example.COM" },
		{ "sub.example.com", "example.com" }, { "example.com", "sub.example.com" },
		{ "ab.example.com", "cd.example.com" }, { "example.com", "example.org" },
		{ "x.com", "evil.com" }, { "a.co.uk", "b.co.uk" }, { "a.example.com",
		    "example.com" },
		{ "example.com", "com" }, { "bank.co.uk", "co.uk" }, { "notexample.com",
		    "example.com" },
	};
	size_t i;

	begin("alignment");
	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		printf("%s %s %s relaxed | %d\n", step, pairs[i].a, pairs[i].b,
		    opendmarc_policy_check_alignment(text(pairs[i].a), text(pairs[i].b), 'r'));
		printf("%s %s %s strict | %d\n", step, pairs[i].a, pairs[i].b,
		    opendmarc_policy_check_alignment(text(pairs[i].a), text(pairs[i].b), 's'));
	}
}

static void
queries(void)
{
	static const char *const names[] = {
		"example.com", "sub.example.com", "a.b.example.com", "none.org", "a.b.none.org",
		"other.co.uk", "Example.COM",
	};
	u_char buf[300] = "";
	DMARC_POLICY_T *c;
	u_char **uris;
	size_t i;
	char name[100];

	opendmarc_dns_fake_record("_dmarc.example.com", "v=DMARC1; p=reject; sp=quarantine; "
	    "rua=mailto:a@example.com,mailto:b@ext.org!10m; ruf=mailto:f@example.com");
	opendmarc_dns_fake_record("_dmarc.other.co.uk", "v=DMARC1; p=none");
	opendmarc_dns_fake_record("example.com._report._dmarc.ext.org", "v=DMARC1");
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(name, sizeof(name), "query %s", names[i]);
		begin(name);
		c = context();
		number(opendmarc_policy_query_dmarc(c, text(names[i])));
		show_tags(c);
		show_domains(c);
		(void)opendmarc_policy_store_from_domain(c, text(names[i]));
		show_verdict(c);
		(void)opendmarc_policy_connect_rset(c);
		(void)opendmarc_policy_store_from_domain(c, text(names[i]));
		number(opendmarc_policy_query_dmarc(c, text("")));
		show_domains(c);
		(void)opendmarc_policy_connect_shutdown(c);
	}

	begin("destinations");
	c = context();
	(void)opendmarc_policy_query_dmarc(c, text("example.com"));
	number(opendmarc_policy_query_dmarc_xdomain(c, text("mailto:a@example.com")));
	number(opendmarc_policy_query_dmarc_xdomain(c, text("mailto:a@sub.example.com")));
	number(opendmarc_policy_query_dmarc_xdomain(c, text("mailto:a@ext.org")));
	number(opendmarc_policy_query_dmarc_xdomain(c, text("mailto:a@no.org")));
	uris = opendmarc_policy_fetch_rua(c, buf, sizeof(buf), 1);
	printf("%s | buffer %s\n", step, (char *)buf);
	show_uris(uris);
	uris = opendmarc_policy_fetch_ruf(c, buf, sizeof(buf), 0);
	printf("%s | buffer %s\n", step, (char *)buf);
	show_uris(uris);
	printf("%s | cleared %d\n", step, opendmarc_util_clearargv(uris) == NULL);
	(void)opendmarc_policy_connect_shutdown(c);
}

static void
libraries(const char *list)
{
	OPENDMARC_LIB_T lib;
	char missing[] = "/nonexistent/list", *path = strdup(list);

	begin("library");
	memset(&lib, 0, sizeof(lib));
	number(opendmarc_policy_library_init(&lib));
	number(opendmarc_tld_read_file(path, NULL, NULL, NULL));
	number(opendmarc_tld_read_file(NULL, NULL, NULL, NULL));
	number(opendmarc_tld_read_file(missing, NULL, NULL, NULL) != 0);
	lib.tld_type = 7;
	(void)snprintf((char *)lib.tld_source_file, sizeof(lib.tld_source_file), "%s", list);
	number(opendmarc_policy_library_init(&lib));
	lib.tld_type = OPENDMARC_TLD_TYPE_MOZILLA;
	number(opendmarc_policy_library_init(&lib));
	free(path);
}

static void
reports(const char *name)
{
	char error[200] = "", missing[] = "/nonexistent/report", *path = strdup(name);
	u_char **lines = opendmarc_xml_parse(path, error, sizeof(error));
	size_t i;

	begin("report");
	for (i = 0; lines != NULL && lines[i] != NULL; i++)
		printf("%s line %d | %s\n", step, (int)i, (char *)lines[i]);
	printf("%s | error %s\n", step, error);
	(void)opendmarc_util_clearargv(lines);
	lines = opendmarc_xml_parse(missing, error, sizeof(error));
	printf("%s | missing %d %s\n", step, lines == NULL, error);
	free(path);
}

int
main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: tour SUFFIXLIST REPORT\n");
		return 64;
	}
	libraries(argv[1]);
	empty_context();
	null_pointers();
	bad_arguments();
	status_texts();
	from_values();
	records();
	verdicts();
	alignments();
	queries();
	reports(argv[2]);
	opendmarc_tld_shutdown();
	begin("end");
	number(opendmarc_policy_library_shutdown(NULL));
	return 0;
}
