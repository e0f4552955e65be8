/*
 * check_override.c - the ExceptionsFile, and what excuses a failing message.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "opendmarc/override.h"
#include "tests/unit/suite.h"

/* 2026-06-15, 12:00:00 UTC. */
#define NOON	INT64_C(1781524800)

/* Header of a message with a believed pass of lists.test and one of two sealers. */
#define SIGNED	"A mx.test; dkim=pass header.d=lists.test header.s=s; arc=pass " \
	"arc.chain=b.test:a.test\n" \
	"D v=1; a=rsa-sha256; d=lists.test; s=s; h=from; bh=AAAA; b=abcdefgh\n" SEALS
#define SEALS	"L i=2; a=rsa-sha256; cv=pass; d=b.test; s=s2; b=AA\n" \
	"M i=2; a=rsa-sha256; d=b.test; s=s2; h=from; bh=AA; b=AA\n" \
	"C i=2; x.test; arc=pass\n" \
	"L i=1; a=rsa-sha256; cv=none; d=a.test; s=s 1; b=AA\n" \
	"M i=1; a=rsa-sha256; d=a.test; s=s 1; h=from; bh=AA; b=AA\n" \
	"C i=1; x.test; arc=none smtp.remote-ip=192.0.2.7\n"

static char path[64];

static struct dmf_exceptions *
read_exceptions(const char *text, size_t len, char *why, size_t why_size)
{
	struct dmf_exceptions *x;
	int fd;

	snprintf(path, sizeof(path), "/tmp/check_override.XXXXXX");
	fd = mkstemp(path);
	ck_assert(fd >= 0);
	ck_assert(write(fd, text, len) == (ssize_t)len);
	x = dmf_exceptions_read(path, why, why_size);
	close(fd);
	unlink(path);
	return x;
}

/* A message as the inputs see it. */
struct message {
	struct conf	   conf;
	struct dmf_context ctx;
	struct dmf_fields  fields;
	struct dmf_inputs *in;
};

static void
set_up(struct message *m, const char *header, const char *client)
{
	const char *end;

	m->conf = (struct conf){ .dkim_verifiers = 1 };
	m->ctx = (struct dmf_context){ .conf = &m->conf, .authserv_id = "mx.test", .job = "J",
		.mta_name = "mx.test", .host_name = "mx.test", .sender_domain = "", .helo = "" };
	ck_assert(odm_ip_parse(odm_span_str(client), &m->ctx.client));
	dmf_fields_init(&m->fields);
	for (; *header != '\0'; header = end + 1) {
		end = strchr(header, '\n');
		dmf_fields_add(&m->fields, *header == 'A' ? DMF_FIELD_AUTHRES :
		    *header == 'D' ? DMF_FIELD_DKIMSIG : *header == 'L' ? DMF_FIELD_ARC_SEAL :
		    *header == 'M' ? DMF_FIELD_ARC_SIGNATURE :
		    DMF_FIELD_ARC_RESULTS,
		    (struct odm_span){ header + 2, (size_t)(end - header) - 2 });
	}
	m->in = dmf_inputs_read(&m->ctx, &m->fields);
	ck_assert_ptr_nonnull(m->in);
	dmf_inputs_settle_spf(m->in, NULL);
}

static void
tear_down(struct message *m)
{
	dmf_inputs_free(&m->in);
	dmf_fields_clear(&m->fields);
}

static const struct find_case {
	const char	*what, *text, *author, *client;
	unsigned	 line;		/* wanted; 0 none */
} find_cases[] = {
	{ "nothing",		"",					"shop.test", "192.0.2.1", 0 },
	{ "network",		"shop.test net:192.0.2.0/24 -\n",	"shop.test", "192.0.2.1", 1 },
	{ "one address",	"shop.test net:192.0.2.1 -\n",		"shop.test", "192.0.2.1", 1 },
	{ "next address",	"shop.test net:192.0.2.1 -\n",		"shop.test", "192.0.2.2", 0 },
	{ "dotted mask",	"shop.test net:192.0.2.0/255.255.255.0 -\n", "shop.test", "192.0.2.9", 1 },
	{ "host bits set",	"shop.test net:192.0.2.77/24 -\n",	"shop.test", "192.0.2.9", 1 },
	{ "another network",	"shop.test net:192.0.2.0/24 -\n",	"shop.test", "198.51.100.1", 0 },
	{ "mapped client",	"shop.test net:192.0.2.0/24 -\n",	"shop.test", "::ffff:192.0.2.1", 1 },
	{ "mapped network",	"shop.test net:::ffff:192.0.2.0/120 -\n", "shop.test", "192.0.2.1", 1 },
	{ "IPv6",		"shop.test net:2001:db8::/32 -\n",	"shop.test", "2001:db8::9", 1 },
	{ "another IPv6",	"shop.test net:2001:db8::/32 -\n",	"shop.test", "2001:db9::9", 0 },
	{ "IPv6 net, IPv4 client", "shop.test net:::/0 -\n",		"shop.test", "192.0.2.1", 0 },
	{ "signer",		"shop.test dkim:lists.test -\n",	"shop.test", "192.0.2.1", 1 },
	{ "signer above",	"shop.test DKIM:Test -\n",		"shop.test", "192.0.2.1", 1 },
	{ "signer below",	"shop.test dkim:x.lists.test -\n",	"shop.test", "192.0.2.1", 0 },
	{ "another signer",	"shop.test dkim:ists.test -\n",		"shop.test", "192.0.2.1", 0 },
	{ "another author",	"shop.test dkim:lists.test -\n",	"bank.test", "192.0.2.1", 0 },
	{ "author below",	"shop.test dkim:lists.test -\n",	"x.shop.test", "192.0.2.1", 0 },
	{ "dot: author below",	".shop.test dkim:lists.test -\n",	"x.shop.test", "192.0.2.1", 1 },
	{ "dot: author itself",	".shop.test dkim:lists.test -\n",	"shop.test", "192.0.2.1", 1 },
	{ "dot: ends alike",	".shop.test dkim:lists.test -\n",	"bshop.test", "192.0.2.1", 0 },
	{ "case, final dot",	"SHOP.Test. dkim:Lists.TEST. -\n",	"shop.test", "192.0.2.1", 1 },
	{ "the first counts",	"# x\nb.test net:192.0.2.1 -\nshop.test net:192.0.2.1 -\n"
	    "shop.test dkim:lists.test -\n",				"shop.test", "192.0.2.1", 3 },
	{ "blanks",		" \tshop.test\t net:192.0.2.1  -  why \r\n", "shop.test", "192.0.2.1", 1 },
	{ "the last day",	"shop.test net:192.0.2.1 2026-06-15\n",	"shop.test", "192.0.2.1", 1 },
	{ "the day before",	"shop.test net:192.0.2.1 2026-06-14\n",	"shop.test", "192.0.2.1", 0 },
	{ "run out, then one in force", "shop.test net:192.0.2.1 2026-06-14\n"
	    "shop.test net:192.0.2.1 2026-12-31\n",			"shop.test", "192.0.2.1", 2 },
	{ "leap day",		"shop.test net:192.0.2.1 2028-02-29\n",	"shop.test", "192.0.2.1", 1 },
	{ "a far day",		"shop.test net:192.0.2.1 9999-12-31\n",	"shop.test", "192.0.2.1", 1 },
};

START_TEST(find_case)
{
	const struct find_case *c = &find_cases[_i];
	const struct dmf_exception *e;
	struct dmf_exceptions *x;
	struct message m;
	char why[400] = "";

	x = read_exceptions(c->text, strlen(c->text), why, sizeof(why));
	ck_assert_msg(x != NULL, "%s: %s", c->what, why);
	set_up(&m, SIGNED, c->client);
	e = dmf_exceptions_find(x, c->author, &m.ctx.client, m.in, NOON);
	ck_assert_msg((e == NULL ? 0 : e->line) == c->line, "%s: got line %u", c->what,
	    e == NULL ? 0 : e->line);
	tear_down(&m);
	dmf_exceptions_free(&x);
	ck_assert_ptr_null(x);
}
END_TEST

/* Only a pass that could count for alignment lets an exception apply. */
START_TEST(unbelieved_signer)
{
	static const char *const headers[] = {
		"A mx.test; dkim=pass header.d=lists.test header.s=s\n",	/* no signature */
		"A mx.test; dkim=fail header.d=lists.test header.s=s\n"
		"D v=1; a=rsa-sha256; d=lists.test; s=s; h=from; bh=AAAA; b=abcdefgh\n",
		"A mx.test; dkim=pass header.i=@lists.test\n"
		"D v=1; a=rsa-sha256; d=lists.test; s=s; h=from; bh=AAAA; b=abcdefgh\n",
		"A else.test; dkim=pass header.d=lists.test header.s=s\n"
		"D v=1; a=rsa-sha256; d=lists.test; s=s; h=from; bh=AAAA; b=abcdefgh\n",
	};
	static const char text[] = "shop.test dkim:lists.test -\n";
	struct dmf_exceptions *x;
	struct message m;
	char why[400];

	x = read_exceptions(text, sizeof(text) - 1, why, sizeof(why));
	ck_assert_ptr_nonnull(x);
	set_up(&m, headers[_i], "192.0.2.1");
	ck_assert_ptr_null(dmf_exceptions_find(x, "shop.test", &m.ctx.client, m.in, NOON));
	tear_down(&m);
	dmf_exceptions_free(&x);
}
END_TEST

#define BAD_FIRST	"the first word is no domain name"
#define BAD_SECOND	"the second word is neither dkim:DOMAIN nor net:NETWORK"
#define BAD_THIRD	"the third word is neither a day as 2027-03-31 nor \"-\""

static const struct error_case {
	const char	*text;
	unsigned	 line;
	const char	*reason;
} error_cases[] = {
	{ "* net:192.0.2.1 -\n", 1, BAD_FIRST },
	{ "# x\n\n. net:192.0.2.1 -\n", 3, BAD_FIRST },
	{ "shop.test\n", 1, BAD_SECOND },
	{ "shop.test 192.0.2.1 -\n", 1, BAD_SECOND },
	{ "shop.test net: -\n", 1, BAD_SECOND },
	{ "shop.test net:192.0.2.1/33 -\n", 1, BAD_SECOND },
	{ "shop.test net:mx.test -\n", 1, BAD_SECOND },
	{ "shop.test dkim: -\n", 1, BAD_SECOND },
	{ "shop.test dkim:192.0.2.1 -\n", 1, BAD_SECOND },
	{ "shop.test net:192.0.2.1\n", 1, BAD_THIRD },
	{ "shop.test net:192.0.2.1 never\n", 1, BAD_THIRD },
	{ "shop.test net:192.0.2.1 2027-02-29\n", 1, BAD_THIRD },
	{ "shop.test net:192.0.2.1 2027-13-01\n", 1, BAD_THIRD },
	{ "shop.test net:192.0.2.1 2027-00-10\n", 1, BAD_THIRD },
	{ "shop.test net:192.0.2.1 2027-01-00\n", 1, BAD_THIRD },
	{ "shop.test net:192.0.2.1 2027-1-31\n", 1, BAD_THIRD },
	{ "shop.test net:192.0.2.1 31-03-2027\n", 1, BAD_THIRD },
	{ "shop.test net:192.0.2.1 1969-12-31\n", 1, BAD_THIRD },
	{ "shop.test net:192.0.2.1 2027-03-31T00:00\n", 1, BAD_THIRD },
	{ "shop.test net:192.0.2.1 - a\x1b[1m\n", 1, "the comment has a control character" },
};

START_TEST(error_case)
{
	const struct error_case *c = &error_cases[_i];
	char why[400], want[400];

	ck_assert_ptr_null(read_exceptions(c->text, strlen(c->text), why, sizeof(why)));
	snprintf(want, sizeof(want), "%s: line %u: %s", path, c->line, c->reason);
	ck_assert_str_eq(why, want);
}
END_TEST

START_TEST(limits)
{
	static const char line[] = "shop.test net:192.0.2.1 -\n";
	char text[sizeof(line) * 1001 + 1000], why[400];
	struct dmf_exceptions *x;
	size_t len = 0;

	for (size_t i = 0; i < 1000; i++, len += sizeof(line) - 1)
		memcpy(text + len, line, sizeof(line));
	x = read_exceptions(text, len, why, sizeof(why));
	ck_assert_ptr_nonnull(x);
	ck_assert_uint_eq(dmf_exceptions_at(x, 999)->line, 1000);
	ck_assert_ptr_null(dmf_exceptions_at(x, 1000));
	dmf_exceptions_free(&x);
	memcpy(text + len, line, sizeof(line));
	ck_assert_ptr_null(read_exceptions(text, len + sizeof(line) - 1, why, sizeof(why)));
	ck_assert_ptr_nonnull(strstr(why, "line 1001: more than 1000 exceptions"));

	len = (size_t)snprintf(text, sizeof(text), "shop.test net:192.0.2.1 - %200d", 1);
	memset(text + 26, 'x', 200);
	x = read_exceptions(text, len, why, sizeof(why));
	ck_assert_ptr_nonnull(x);
	ck_assert_uint_eq(strlen(dmf_exceptions_at(x, 0)->comment), 200);
	dmf_exceptions_free(&x);
	text[len++] = 'x';
	ck_assert_ptr_null(read_exceptions(text, len, why, sizeof(why)));
	ck_assert_ptr_null(dmf_exceptions_read("/nowhere/x", why, sizeof(why)));
	ck_assert_str_eq(why, "/nowhere/x: No such file or directory");
}
END_TEST

static const struct excuse_case {
	const char	*what, *header, *sealers, *exceptions;
	enum dmf_override want;
	enum history_override type;
	const char	*comment;
} excuse_cases[] = {
	{ "nothing set",	SIGNED, "", NULL, DMF_OVERRIDE_NONE, 0, NULL },
	{ "all sealers trusted", SIGNED, "a.test\nb.test\n", NULL, DMF_OVERRIDE_ARC,
	    HISTORY_OVERRIDE_LOCAL_POLICY, "arc=pass as[2].d=b.test as[2].s=s2 as[1].d=a.test "
	    "as[1].s=s?1 remote-ip[1]=192.0.2.7" },
	{ "one sealer trusted",	SIGNED, "a.test\n", NULL, DMF_OVERRIDE_NONE, 0, NULL },
	{ "the other one",	SIGNED, "b.test\n", NULL, DMF_OVERRIDE_NONE, 0, NULL },
	{ "a name above",	SIGNED, "test\n", NULL, DMF_OVERRIDE_NONE, 0, NULL },
	{ "no chain told",	"A mx.test; arc=pass\n" SEALS, "a.test\nb.test\n", NULL,
	    DMF_OVERRIDE_NONE, 0, NULL },
	{ "an empty chain",	"A mx.test; arc=pass arc.chain=\"\"\n" SEALS, "a.test\nb.test\n", NULL,
	    DMF_OVERRIDE_NONE, 0, NULL },
	{ "a pass not believed", "A mx.test; arc=pass arc.chain=a.test\n", "a.test\n", NULL,
	    DMF_OVERRIDE_NONE, 0, NULL },
	{ "a fail",		"A mx.test; arc=fail arc.chain=a.test\n" SEALS, "a.test\n", NULL,
	    DMF_OVERRIDE_NONE, 0, NULL },
	{ "a signer",		SIGNED, "", "shop.test dkim:lists.test - cooking list #2\n",
	    DMF_OVERRIDE_EXCEPTION, HISTORY_OVERRIDE_TRUSTED_FORWARDER, "cooking list #2" },
	{ "a network",		SIGNED, "", "shop.test net:192.0.2.1 -\n",
	    DMF_OVERRIDE_EXCEPTION, HISTORY_OVERRIDE_LOCAL_POLICY, NULL },
	{ "both: the exception", SIGNED, "a.test\nb.test\n", "shop.test net:192.0.2.1 - x\n",
	    DMF_OVERRIDE_EXCEPTION, HISTORY_OVERRIDE_LOCAL_POLICY, "x" },
	{ "an exception of others", SIGNED, "a.test\nb.test\n", "bank.test net:192.0.2.1 - x\n",
	    DMF_OVERRIDE_ARC, HISTORY_OVERRIDE_LOCAL_POLICY, "arc=pass as[2].d=b.test as[2].s=s2 "
	    "as[1].d=a.test as[1].s=s?1 remote-ip[1]=192.0.2.7" },
};

/* A list of sealers from its lines. */
static struct domainlist *
read_sealers(const char *text)
{
	static const struct conf_list none = { NULL, 0 };
	char name[] = "/tmp/check_override.XXXXXX", why[400];
	int fd = mkstemp(name);
	struct domainlist *l;

	ck_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	l = domainlist_read(&none, name, why, sizeof(why));
	ck_assert_ptr_nonnull(l);
	close(fd);
	unlink(name);
	return l;
}

START_TEST(excuse_case)
{
	const struct excuse_case *c = &excuse_cases[_i];
	struct domainlist *sealers = read_sealers(c->sealers);
	struct dmf_exceptions *x = NULL;
	struct dmf_reason reason = { 0, NULL };
	struct odm_strbuf comment;
	struct dmf_excuse excuse;
	struct message m;
	char why[400];

	if (c->exceptions != NULL) {
		x = read_exceptions(c->exceptions, strlen(c->exceptions), why, sizeof(why));
		ck_assert_ptr_nonnull(x);
	}
	set_up(&m, c->header, "192.0.2.1");
	odm_strbuf_init(&comment, DMF_OVERRIDE_COMMENT_MAX);
	excuse = (struct dmf_excuse){ .job = "J", .author = "shop.test", .client = &m.ctx.client,
		.inputs = m.in, .sealers = sealers, .exceptions = x, .now = NOON };
	ck_assert_msg(dmf_override_find(&excuse, &comment, &reason) == c->want, "%s", c->what);
	if (c->want != DMF_OVERRIDE_NONE)
		ck_assert_msg(reason.type == c->type, "%s", c->what);
	ck_assert_pstr_eq(reason.comment, c->comment);
	ck_assert(c->want != DMF_OVERRIDE_ARC || dmf_override_arc_trusted(m.in, sealers));
	odm_strbuf_free(&comment);
	tear_down(&m);
	dmf_exceptions_free(&x);
	domainlist_free(&sealers);
}
END_TEST

/* The longest chain is told as far as the comment goes, in whole words. */
START_TEST(long_chain)
{
	struct domainlist *sealers = read_sealers("a.test\n");
	struct dmf_reason reason = { 0, NULL };
	struct odm_strbuf comment, header;
	struct dmf_excuse excuse;
	struct message m;

	odm_strbuf_init(&header, 1024 * 1024);
	odm_strbuf_adds(&header, "A mx.test; arc=pass arc.chain=a.test\n");
	for (unsigned i = 50; i > 0; i--)
		odm_strbuf_addf(&header, "L i=%u; a=rsa-sha256; cv=%s; d=a.test; s=%0300u; b=AA\n"
		    "M i=%u; a=rsa-sha256; d=a.test; s=s; h=from; bh=AA; b=AA\n"
		    "C i=%u; x.test; arc=none\n", i, i == 1 ? "none" : "pass", i, i, i);
	set_up(&m, header.at, "192.0.2.1");
	odm_strbuf_init(&comment, DMF_OVERRIDE_COMMENT_MAX);
	excuse = (struct dmf_excuse){ .job = "J", .author = "shop.test", .client = &m.ctx.client,
		.inputs = m.in, .sealers = sealers, .now = NOON };
	ck_assert(dmf_override_find(&excuse, &comment, &reason) == DMF_OVERRIDE_ARC);
	ck_assert(!comment.failed);
	ck_assert_uint_gt(comment.len, 1000);
	ck_assert_int_eq(strncmp(reason.comment, "arc=pass as[50].d=a.test as[50].s=000", 37), 0);
	odm_strbuf_free(&comment);
	odm_strbuf_free(&header);
	tear_down(&m);
	domainlist_free(&sealers);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("override");
	TCase *tc = tcase_create("override");

	tcase_add_loop_test(tc, find_case, 0, COUNT(find_cases));
	tcase_add_loop_test(tc, unbelieved_signer, 0, 4);
	tcase_add_loop_test(tc, error_case, 0, COUNT(error_cases));
	tcase_add_test(tc, limits);
	tcase_add_loop_test(tc, excuse_case, 0, COUNT(excuse_cases));
	tcase_add_test(tc, long_chain);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
