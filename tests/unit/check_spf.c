/*
 * check_spf.c - our own SPF check, from the record to the result, over real sockets.
 */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/spf.h"
#include "tests/unit/suite.h"
#include "tests/unit/testdns.h"

#define TXT	.type = DNS_TYPE_TXT
#define K4(x)	x x x x
#define LONG	K4(K4(K4(K4(" ip4:198.51.100.1"))))	/* over 4096 octets */

static const struct testdns_row zone[] = {
	{ .name = "pass.test", TXT, .data = "v=spf1 ip4:192.0.2.0/24 -all" },
	{ .name = "fail.test", TXT, .data = "v=spf1 -all" },
	{ .name = "softfail.test", TXT, .data = "v=spf1 ~all" },
	{ .name = "neutral.test", TXT, .data = "v=spf1 ?all" },
	{ .name = "bare.test", TXT, .data = "v=spf1" },
	{ .name = "nothing.test", TXT, .data = "v=spf10 -all" },
	{ .name = "nothing.test", TXT, .data = "spf2.0/pra -all" },
	{ .name = "case.test", TXT, .data = "V=SPF1 IP4:192.0.2.1 -ALL" },
	{ .name = "two.test", TXT, .data = "v=spf1 +all" },
	{ .name = "two.test", TXT, .data = "v=spf1 -all" },
	{ .name = "others.test", TXT, .data = "some-site-verification=1" },
	{ .name = "others.test", TXT, .data = "v=spf1 ip4:192.0.2.1 -all" },
	{ .name = "others.test", TXT, .data = "v=DMARC1; p=none" },
	{ .name = "split.test", TXT, .data = "v=spf1 ip4:192.|0.2.1 -all" },
	{ .name = "syntax.test", TXT, .data = "v=spf1 foo:bar -all" },
	{ .name = "badip.test", TXT, .data = "v=spf1 ip4:192.0.2.999 -all" },
	{ .name = "nul.test", TXT, .data = "v=spf1 +all \\0 -all" },
	{ .name = "long.test", TXT, .data = "v=spf1" LONG " +all" },
	{ .name = "servfail.test", TXT, .what = DO_SERVFAIL },
	{ .name = "drop.test", TXT, .what = DO_DROP },
	{ .name = "slow.test", TXT, .data = "v=spf1 include:drop.test -all" },
	{ .name = "include.test", TXT, .data = "v=spf1 include:pass.test -all" },
	{ .name = "include2.test", TXT, .data = "v=spf1 include:fail.test ?all" },
	{ .name = "includenone.test", TXT, .data = "v=spf1 include:nothing.test -all" },
	{ .name = "includebad.test", TXT, .data = "v=spf1 include:servfail.test -all" },
	{ .name = "redirect.test", TXT, .data = "v=spf1 redirect=pass.test" },
	{ .name = "redirectnone.test", TXT, .data = "v=spf1 redirect=none.test" },
	{ .name = "loop.test", TXT, .data = "v=spf1 include:loop2.test -all" },
	{ .name = "loop2.test", TXT, .data = "v=spf1 include:loop.test -all" },
	{ .name = "*.tree.test", TXT, .data = "v=spf1 include:a%{d} include:b%{d} include:c%{d} "
	    "include:d%{d} include:e%{d} include:f%{d} include:g%{d} include:h%{d} ?all" },
	{ .name = "c1.test", TXT, .data = "v=spf1 include:c2.test -all" },
	{ .name = "c2.test", TXT, .data = "v=spf1 include:c3.test -all" },
	{ .name = "c3.test", TXT, .data = "v=spf1 include:c4.test -all" },
	{ .name = "c4.test", TXT, .data = "v=spf1 include:c5.test -all" },
	{ .name = "c5.test", TXT, .data = "v=spf1 include:c6.test -all" },
	{ .name = "c6.test", TXT, .data = "v=spf1 include:c7.test -all" },
	{ .name = "c7.test", TXT, .data = "v=spf1 include:c8.test -all" },
	{ .name = "c8.test", TXT, .data = "v=spf1 include:c9.test -all" },
	{ .name = "c9.test", TXT, .data = "v=spf1 include:c10.test -all" },
	{ .name = "c10.test", TXT, .data = "v=spf1 include:c11.test -all" },
	{ .name = "c11.test", TXT, .data = "v=spf1 include:c12.test -all" },
	{ .name = "c12.test", TXT, .data = "v=spf1 +all" },
	{ .name = "heavy.test", TXT,
	    .data = "v=spf1 include:mxs.test include:mxs.test ?all" },
	{ .name = "mxs.test", TXT, .data = "v=spf1 mx:ten.test mx:ten.test mx:ten.test "
	    "mx:ten.test mx:ten.test mx:ten.test mx:ten.test mx:ten.test mx:ten.test "
	    "mx:ten.test ?all" },
	{ .name = "ten.test", .type = DNS_TYPE_MX, .data = "10 n0.test" },
	{ .name = "ten.test", .type = DNS_TYPE_MX, .data = "10 n1.test" },
	{ .name = "ten.test", .type = DNS_TYPE_MX, .data = "10 n2.test" },
	{ .name = "ten.test", .type = DNS_TYPE_MX, .data = "10 n3.test" },
	{ .name = "ten.test", .type = DNS_TYPE_MX, .data = "10 n4.test" },
	{ .name = "ten.test", .type = DNS_TYPE_MX, .data = "10 n5.test" },
	{ .name = "ten.test", .type = DNS_TYPE_MX, .data = "10 n6.test" },
	{ .name = "ten.test", .type = DNS_TYPE_MX, .data = "10 n7.test" },
	{ .name = "ten.test", .type = DNS_TYPE_MX, .data = "10 n8.test" },
	{ .name = "ten.test", .type = DNS_TYPE_MX, .data = "10 n9.test" },
	{ .name = "wide.test", TXT, .data = "v=spf1 a:h1.test a:h2.test a:h3.test a:h4.test "
	    "a:h5.test a:h6.test a:h7.test a:h8.test a:h9.test a:h10.test a:h11.test +all" },
	{ .name = "helo.test", TXT, .data = "v=spf1 exists:%{h}._h.test -all" },
	{ .name = "mx.client.example._h.test", .type = DNS_TYPE_A, .data = "127.0.0.2" },
	{ .name = "ip.test", TXT, .data = "v=spf1 exists:%{ir}.%{v}._ip.test -all" },
	{ .name = "1.2.0.192.in-addr._ip.test", .type = DNS_TYPE_A, .data = "127.0.0.2" },
	{ .name = "vali.test", TXT,
	    .data = "v=spf1 include:%{i}._ip.%{h}._ehlo.%{d}._spf.vali.test ~all" },
	{ .name = "192.0.2.1._ip.mx.client.example._ehlo.vali.test._spf.vali.test", TXT,
	    .data = "v=spf1 ip4:192.0.2.1 -all" },
	{ .name = "local.test", TXT, .data = "v=spf1 exists:%{l}.%{o}._l.test -all" },
	{ .name = "o\\ dd.local.test._l.test", .type = DNS_TYPE_A, .data = "127.0.0.2" },
	{ .name = "postmaster.local.test._l.test", .type = DNS_TYPE_A, .data = "127.0.0.2" },
	{ .name = "a.test", TXT, .data = "v=spf1 a -all" },
	{ .name = "a.test", .type = DNS_TYPE_A, .data = "192.0.2.1" },
	{ .name = "a.test", .type = DNS_TYPE_AAAA, .data = "2001:db8::1" },
	{ .name = "mx.test", TXT, .data = "v=spf1 mx -all" },
	{ .name = "mx.test", .type = DNS_TYPE_MX, .data = "10 out.test" },
	{ .name = "mx.test", .type = DNS_TYPE_MX, .data = "20 a.test" },
	{ .name = "nullmx.test", TXT, .data = "v=spf1 mx -all" },
	{ .name = "nullmx.test", .type = DNS_TYPE_MX, .data = "0" },
	{ .name = "out.test", .type = DNS_TYPE_A, .data = "192.0.2.7" },
	{ .name = "ptr.test", TXT, .data = "v=spf1 ptr -all" },
	{ .name = "1.2.0.192.in-addr.arpa", .type = DNS_TYPE_PTR, .data = "mail.ptr.test" },
	{ .name = "mail.ptr.test", .type = DNS_TYPE_A, .data = "192.0.2.1" },
	{ .name = "six.test", TXT, .data = "v=spf1 ip6:2001:db8::/32 -all" },
	{ .name = "exp.test", TXT, .data = "v=spf1 -all exp=why.test" },
	{ .name = "why.test", TXT, .data = "no" },
	{ .name = "alias.test", .type = DNS_TYPE_CNAME, .data = "pass.test" },
	{ .name = "far.test", TXT, .data = "v=spf1 a:far-host.test -all" },
	{ .name = "far-host.test", .type = DNS_TYPE_A, .what = DO_SERVFAIL },
	{ .name = "xn--bcher-kva.test", TXT, .data = "v=spf1 ip4:192.0.2.1 -all" },
	{ .name = "*.busy.test", TXT, .data = "v=spf1 a:h.%{d} -all" },
	{ .name = "*.busy.test", .type = DNS_TYPE_A, .data = "192.0.2.1" },
};

/* A server and its resolver. */
struct net {
	struct testdns	*dns;
	struct resolver	*resolver;
};

static void
net_start(struct net *n, struct testdns_manner manner)
{
	char *words[2], why[200] = "";
	struct conf_list list;

	n->dns = testdns_start(zone, COUNT(zone), manner);
	list = testdns_list(words, n->dns, NULL);
	n->resolver = resolver_new(&list, 20, why, sizeof(why));
	ck_assert_msg(n->resolver != NULL, "%s", why);
}

static void
net_stop(struct net *n)
{
	resolver_free(&n->resolver);
	testdns_stop(&n->dns);
}

static struct spf_check *
start(struct net *n, const char *address, const char *helo, const char *sender)
{
	struct odm_ip ip;
	struct spf_check *c;

	ck_assert(odm_ip_parse(odm_span_str(address), &ip) || address[0] == '\0');
	c = spf_start(n->resolver, &ip, helo, sender);
	ck_assert_ptr_nonnull(c);
	return c;
}

#define V4	"192.0.2.1"
#define V6	"2001:db8::1"
#define HELO	"mx.client.example"

static const struct spf_case {
	const char	*sender;
	const char	*client;
	enum odm_result	 result;
	const char	*domain;
	const char	*helo;		/* NULL: HELO */
} cases[] = {
	{ "a@pass.test",	V4,		ODM_RESULT_PASS,	"pass.test", NULL },
	{ "a@pass.test",	"203.0.113.1",	ODM_RESULT_FAIL,	"pass.test", NULL },
	{ "a@pass.test",	"::ffff:192.0.2.1", ODM_RESULT_PASS,	"pass.test", NULL },
	{ "a@fail.test",	V4,		ODM_RESULT_FAIL,	"fail.test", NULL },
	{ "a@softfail.test",	V4,		ODM_RESULT_SOFTFAIL,	"softfail.test", NULL },
	{ "a@neutral.test",	V4,		ODM_RESULT_NEUTRAL,	"neutral.test", NULL },
	{ "a@bare.test",	V4,		ODM_RESULT_NEUTRAL,	"bare.test", NULL },
	{ "a@nothing.test",	V4,		ODM_RESULT_NONE,	"nothing.test", NULL },
	{ "a@none.test",	V4,		ODM_RESULT_NONE,	"none.test", NULL },
	{ "a@out.test",		V4,		ODM_RESULT_NONE,	"out.test", NULL },
	{ "a@case.test",	V4,		ODM_RESULT_PASS,	"case.test", NULL },
	{ "a@CASE.Test",	V4,		ODM_RESULT_PASS,	"case.test", NULL },
	{ "a@two.test",		V4,		ODM_RESULT_PERMERROR,	"two.test", NULL },
	{ "a@others.test",	V4,		ODM_RESULT_PASS,	"others.test", NULL },
	{ "a@split.test",	V4,		ODM_RESULT_PASS,	"split.test", NULL },
	{ "a@syntax.test",	V4,		ODM_RESULT_PERMERROR,	"syntax.test", NULL },
	{ "a@badip.test",	V4,		ODM_RESULT_PERMERROR,	"badip.test", NULL },
	{ "a@nul.test",		V4,		ODM_RESULT_PERMERROR,	"nul.test", NULL },
	{ "a@long.test",	V4,		ODM_RESULT_PERMERROR,	"long.test", NULL },
	{ "a@servfail.test",	V4,		ODM_RESULT_TEMPERROR,	"servfail.test", NULL },
	{ "a@far.test",		V4,		ODM_RESULT_TEMPERROR,	"far.test", NULL },
	{ "a@include.test",	V4,		ODM_RESULT_PASS,	"include.test", NULL },
	{ "a@include.test",	"203.0.113.1",	ODM_RESULT_FAIL,	"include.test", NULL },
	{ "a@include2.test",	V4,		ODM_RESULT_NEUTRAL,	"include2.test", NULL },
	{ "a@includenone.test",	V4,		ODM_RESULT_PERMERROR,	"includenone.test", NULL },
	{ "a@includebad.test",	V4,		ODM_RESULT_TEMPERROR,	"includebad.test", NULL },
	{ "a@redirect.test",	V4,		ODM_RESULT_PASS,	"redirect.test", NULL },
	{ "a@redirectnone.test", V4,		ODM_RESULT_PERMERROR,	"redirectnone.test", NULL },
	{ "a@loop.test",	V4,		ODM_RESULT_PERMERROR,	"loop.test", NULL },
	{ "a@x.tree.test",	V4,		ODM_RESULT_PERMERROR,	"x.tree.test", NULL },
	{ "a@c2.test",		V4,		ODM_RESULT_PASS,	"c2.test", NULL },
	{ "a@c1.test",		V4,		ODM_RESULT_PERMERROR,	"c1.test", NULL },
	{ "a@mxs.test",		V4,		ODM_RESULT_PERMERROR,	"mxs.test", NULL },
	{ "a@heavy.test",	V4,		ODM_RESULT_PERMERROR,	"heavy.test", NULL },
	{ "a@wide.test",	V4,		ODM_RESULT_PERMERROR,	"wide.test", NULL },
	{ "a@helo.test",	V4,		ODM_RESULT_PASS,	"helo.test", NULL },
	{ "a@helo.test",	V4,		ODM_RESULT_FAIL,	"helo.test", "other.example" },
	{ "a@ip.test",		V4,		ODM_RESULT_PASS,	"ip.test", NULL },
	{ "a@ip.test",		"192.0.2.2",	ODM_RESULT_FAIL,	"ip.test", NULL },
	{ "a@vali.test",	V4,		ODM_RESULT_PASS,	"vali.test", NULL },
	{ "o\\ dd@local.test",	V4,		ODM_RESULT_PASS,	"local.test", NULL },
	{ "other@local.test",	V4,		ODM_RESULT_FAIL,	"local.test", NULL },
	{ "a..b@local.test",	V4,		ODM_RESULT_FAIL,	"local.test", NULL },
	{ "@local.test",	V4,		ODM_RESULT_PASS,	"local.test", NULL },
	{ "local.test",		V4,		ODM_RESULT_PASS,	"local.test", NULL },
	{ "a@a.test",		V4,		ODM_RESULT_PASS,	"a.test", NULL },
	{ "a@a.test",		V6,		ODM_RESULT_PASS,	"a.test", NULL },
	{ "a@a.test",		"2001:db8::2",	ODM_RESULT_FAIL,	"a.test", NULL },
	{ "a@mx.test",		V4,		ODM_RESULT_PASS,	"mx.test", NULL },
	{ "a@mx.test",		"192.0.2.8",	ODM_RESULT_FAIL,	"mx.test", NULL },
	{ "a@nullmx.test",	V4,		ODM_RESULT_FAIL,	"nullmx.test", NULL },
	{ "a@ptr.test",		V4,		ODM_RESULT_PASS,	"ptr.test", NULL },
	{ "a@six.test",		V6,		ODM_RESULT_PASS,	"six.test", NULL },
	{ "a@six.test",		"fe80::1",	ODM_RESULT_FAIL,	"six.test", NULL },
	{ "a@six.test",		V4,		ODM_RESULT_FAIL,	"six.test", NULL },
	{ "a@exp.test",		V4,		ODM_RESULT_FAIL,	"exp.test", NULL },
	{ "a@alias.test",	V4,		ODM_RESULT_PASS,	"alias.test", NULL },
	{ "a@b\xc3\xbc" "cher.test", V4,	ODM_RESULT_PASS,	"xn--bcher-kva.test", NULL },
	{ "<a@pass.test>",	V4,		ODM_RESULT_PASS,	"pass.test", NULL },
	{ "a@b@pass.test",	V4,		ODM_RESULT_PASS,	"pass.test", NULL },
	/* A client on this host is like any other. */
	{ "a@fail.test",	"127.0.0.1",	ODM_RESULT_FAIL,	"fail.test", NULL },
	{ "a@fail.test",	"::1",		ODM_RESULT_FAIL,	"fail.test", NULL },
	/* Nothing to check. */
	{ "a@pass.test",	"",		ODM_RESULT_NONE,	"pass.test", NULL },
	{ "a@localhost",	V4,		ODM_RESULT_NONE,	"localhost", NULL },
	{ "a@[192.0.2.1]",	V4,		ODM_RESULT_NONE,	"", NULL },
	{ "a@x..test",		V4,		ODM_RESULT_NONE,	"", NULL },
	{ "a@",			V4,		ODM_RESULT_NONE,	"", NULL },
	/* The null sender is postmaster at the HELO name. */
	{ "",			V4,		ODM_RESULT_PASS,	"pass.test",	"pass.test" },
	{ "",			V4,		ODM_RESULT_FAIL,	"fail.test",	"Fail.test" },
	{ "",			V4,		ODM_RESULT_PASS,	"local.test",	"local.test" },
	{ "",			V4,		ODM_RESULT_NONE,	"",		"[192.0.2.1]" },
	{ "",			V4,		ODM_RESULT_NONE,	"",		"" },
};

START_TEST(results)
{
	struct net n;
	size_t i;

	net_start(&n, (struct testdns_manner){ 0 });
	for (i = 0; i < COUNT(cases); i++) {
		const struct spf_case *k = &cases[i];
		struct spf_check *c = start(&n, k->client, k->helo == NULL ? HELO : k->helo,
		    k->sender);
		enum odm_result got = spf_finish(c, resolver_now() + 60000);

		ck_assert_msg(got == k->result, "%s %s: got %s, want %s", k->sender, k->client,
		    odm_result_name(got), odm_result_name(k->result));
		ck_assert_int_eq(spf_finish(c, 0), got);
		ck_assert_str_eq(spf_domain(c), k->domain);
		ck_assert_msg(spf_is_helo(c) == (k->sender[0] == '\0'), "%s", k->sender);
		spf_free(&c);
		ck_assert_ptr_null(c);
		spf_free(&c);
	}
	/* A record that includes without end was not followed without end. */
	ck_assert_uint_le(testdns_count(n.dns, NULL, DNS_TYPE_TXT), 200);
	/* Nobody reads explanations, so nobody asks for them. */
	ck_assert_uint_eq(testdns_count(n.dns, "why.test", DNS_TYPE_TXT), 0);
	net_stop(&n);
}
END_TEST

START_TEST(missing_facts)
{
	struct spf_check *c;
	struct odm_ip ip;
	struct net n;

	net_start(&n, (struct testdns_manner){ 0 });
	ck_assert(odm_ip_parse(odm_span_str(V4), &ip));
	c = spf_start(n.resolver, &ip, NULL, NULL);
	ck_assert_int_eq(spf_finish(c, resolver_now() + 60000), ODM_RESULT_NONE);
	ck_assert(spf_is_helo(c));
	spf_free(&c);
	c = spf_start(n.resolver, &ip, NULL, "a@helo.test");
	ck_assert_int_eq(spf_finish(c, resolver_now() + 60000), ODM_RESULT_FAIL);
	spf_free(&c);
	net_stop(&n);
}
END_TEST

/* Whoever fills the address in by hand: IPv4-mapped is IPv4. */
START_TEST(mapped_client)
{
	struct odm_ip mapped = { AF_INET6,
		{ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1 } };
	struct spf_check *c;
	struct net n;

	net_start(&n, (struct testdns_manner){ 0 });
	c = spf_start(n.resolver, &mapped, HELO, "a@pass.test");
	ck_assert_int_eq(spf_finish(c, resolver_now() + 60000), ODM_RESULT_PASS);
	spf_free(&c);
	net_stop(&n);
}
END_TEST

START_TEST(deadline)
{
	struct spf_check *c;
	struct net n;

	net_start(&n, (struct testdns_manner){ 0 });
	c = start(&n, V4, HELO, "a@slow.test");
	ck_assert_int_eq(spf_finish(c, resolver_now() + 300), ODM_RESULT_TEMPERROR);
	ck_assert_int_eq(spf_finish(c, resolver_now() + 300), ODM_RESULT_TEMPERROR);
	ck_assert_str_eq(spf_domain(c), "slow.test");
	spf_free(&c);
	net_stop(&n);
}
END_TEST

START_TEST(given_up)
{
	struct spf_check *checks[20];
	char sender[64];
	struct net n;
	size_t i;

	net_start(&n, (struct testdns_manner){ .delay_msecs = 20 });
	for (i = 0; i < COUNT(checks); i++) {
		snprintf(sender, sizeof(sender), "a@n%zu.busy.test", i);
		checks[i] = start(&n, V4, HELO, i % 2 ? sender : "a@drop.test");
	}
	usleep(30 * 1000);
	for (i = 0; i < COUNT(checks); i++)
		spf_free(&checks[i]);
	net_stop(&n);
}
END_TEST

static unsigned
count_threads(void)
{
	DIR *d = opendir("/proc/self/task");
	unsigned n = 0;

	if (d == NULL)
		return 0;
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n - 2;		/* "." and ".." */
}

START_TEST(many_at_once)
{
	struct spf_check *checks[64];
	unsigned threads;
	char sender[64];
	struct net n;
	size_t i;

	net_start(&n, (struct testdns_manner){ .delay_msecs = 200 });
	threads = count_threads();
	for (i = 0; i < COUNT(checks); i++) {
		snprintf(sender, sizeof(sender), "a@n%zu.busy.test", i);
		checks[i] = start(&n, V4, HELO, sender);
	}
	ck_assert_uint_eq(count_threads(), threads);
	for (i = 0; i < COUNT(checks); i++) {
		ck_assert_int_eq(spf_finish(checks[i], resolver_now() + 60000),
		    ODM_RESULT_PASS);
		spf_free(&checks[i]);
	}
	ck_assert_uint_eq(count_threads(), threads);
	net_stop(&n);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("spf");
	TCase *tc = tcase_create("spf");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, results);
	tcase_add_test(tc, missing_facts);
	tcase_add_test(tc, mapped_client);
	tcase_add_test(tc, deadline);
	tcase_add_test(tc, given_up);
	tcase_add_test(tc, many_at_once);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
