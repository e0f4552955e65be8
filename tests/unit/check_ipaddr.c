/*
 * check_ipaddr.c - cases for ipaddr.h.
 */
#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "libopendmarc/base/ipaddr.h"
#include "tests/unit/suite.h"

static const struct {
	const char *raw, *text;		/* text NULL: no address */
} addresses[] = {
	{ "192.0.2.1",			"192.0.2.1" },
	{ " 192.0.2.1 ",		"192.0.2.1" },
	{ "[192.0.2.1]",		"192.0.2.1" },
	{ "::ffff:192.0.2.1",		"192.0.2.1" },
	{ "::FFFF:c000:0201",		"192.0.2.1" },
	{ "2001:DB8::1",		"2001:db8::1" },
	{ "[IPv6:2001:db8::1]",		"2001:db8::1" },
	{ "IPv6:2001:db8::1",		"2001:db8::1" },
	{ "::1",			"::1" },
	{ "192.0.2",			NULL },
	{ "192.0.2.1.",			NULL },
	{ "192.0.2.256",		NULL },
	{ "fe80::1%eth0",		NULL },
	{ "",				NULL },
	{ "localhost",			NULL },
	{ "2001:db8:0000:0000:0000:0000:0000:0000:0000:0000:0001",	NULL },
};

START_TEST(parse_and_format)
{
	char text[ODM_IP_TEXT_MAX + 1];
	struct odm_ip ip;

	ck_assert_msg(odm_ip_parse(odm_span_str(addresses[_i].raw), &ip) ==
	    (addresses[_i].text != NULL), "%s", addresses[_i].raw);
	odm_ip_format(&ip, text);
	ck_assert_str_eq(text, addresses[_i].text == NULL ? "" : addresses[_i].text);
}
END_TEST

static const struct {
	const char *net, *ip;
	bool good, contains;
} nets[] = {
	{ "192.0.2.0/24",		"192.0.2.77",		true,  true },
	{ "192.0.2.77/24",		"192.0.2.1",		true,  true },
	{ "192.0.2.0/255.255.255.0",	"192.0.2.1",		true,  true },
	{ "192.0.2.0/255.255.255.0",	"192.0.3.1",		true,  false },
	{ "192.0.2.0/24",		"::ffff:192.0.2.1",	true,  true },
	{ "::ffff:192.0.2.0/120",	"192.0.2.1",		true,  true },
	{ "::ffff:192.0.2.0/80",	"192.0.2.1",		false, false },
	{ "192.0.2.1",			"192.0.2.1",		true,  true },
	{ "192.0.2.1",			"192.0.2.2",		true,  false },
	{ "0.0.0.0/0",			"198.51.100.1",		true,  true },
	{ "0.0.0.0/0",			"2001:db8::1",		true,  false },
	{ "2001:DB8::/32",		"2001:db8:ffff::1",	true,  true },
	{ "2001:db8::/33",		"2001:db8:8000::1",	true,  false },
	{ "2001:db8::1",		"2001:db8::1",		true,  true },
	{ "10.0.0.0/255.0.255.0",	"10.0.0.1",		false, false },
	{ "10.0.0.0/33",		"10.0.0.1",		false, false },
	{ "10.0.0.0/",			"10.0.0.1",		false, false },
	{ "10.0.0.0/-1",		"10.0.0.1",		false, false },
	{ "2001:db8::/129",		"2001:db8::1",		false, false },
	{ "2001:db8::/255.0.0.0",	"2001:db8::1",		false, false },
	{ "/24",			"10.0.0.1",		false, false },
};

START_TEST(networks)
{
	struct odm_net net;
	struct odm_ip ip;

	ck_assert(odm_ip_parse(odm_span_str(nets[_i].ip), &ip));
	ck_assert_msg(odm_net_parse(odm_span_str(nets[_i].net), &net) == nets[_i].good,
	    "%s", nets[_i].net);
	ck_assert_msg(odm_net_contains(&net, &ip) == nets[_i].contains, "%s in %s",
	    nets[_i].ip, nets[_i].net);
}
END_TEST

START_TEST(network_of)
{
	static const struct {
		const char *ip;
		unsigned bits;
		const char *first;
		unsigned kept;
	} c[] = {
		{ "192.0.2.255", 25, "192.0.2.128", 25 },
		{ "192.0.2.255", 0, "0.0.0.0", 0 },
		{ "192.0.2.255", 128, "192.0.2.255", 32 },
		{ "2001:db8::ff", 121, "2001:db8::80", 121 },
		{ "2001:db8::ff", 500, "2001:db8::ff", 128 },
	};

	for (size_t i = 0; i < COUNT(c); i++) {
		char text[ODM_IP_TEXT_MAX + 1];
		struct odm_net net;
		struct odm_ip ip;

		ck_assert(odm_ip_parse(odm_span_str(c[i].ip), &ip));
		net = odm_net_of(&ip, c[i].bits);
		odm_ip_format(&net.ip, text);
		ck_assert_str_eq(text, c[i].first);
		ck_assert_uint_eq(net.bits, c[i].kept);
		ck_assert(odm_net_contains(&net, &ip));
	}
}
END_TEST

START_TEST(socket_addresses)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	struct sockaddr other = { .sa_family = AF_UNIX };
	struct odm_ip ip, mapped;

	ck_assert_int_eq(inet_pton(AF_INET, "192.0.2.1", &in.sin_addr), 1);
	ck_assert_int_eq(inet_pton(AF_INET6, "::ffff:192.0.2.1", &in6.sin6_addr), 1);
	ck_assert(odm_ip_from_sockaddr((const struct sockaddr *)&in, &ip));
	ck_assert(odm_ip_from_sockaddr((const struct sockaddr *)&in6, &mapped));
	ck_assert(odm_ip_equal(&ip, &mapped));
	ck_assert(!odm_ip_from_sockaddr(&other, &ip));
	ck_assert_int_eq(ip.family, AF_UNSPEC);
	ck_assert(!odm_ip_from_sockaddr(NULL, &ip));
	ck_assert(!odm_ip_equal(&ip, &ip));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("ipaddr");
	TCase *tc = tcase_create("ipaddr");

	tcase_add_loop_test(tc, parse_and_format, 0, (int)COUNT(addresses));
	tcase_add_loop_test(tc, networks, 0, (int)COUNT(nets));
	tcase_add_test(tc, network_of);
	tcase_add_test(tc, socket_addresses);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
