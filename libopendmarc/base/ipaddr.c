/*
 * ipaddr.c - addresses and networks in normal form.
 */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "libopendmarc/base/ipaddr.h"

/* ::ffff:0:0/96, the place of IPv4 addresses inside IPv6. RFC 4291, 2.5.5.2. */
static const unsigned char mapped_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

static unsigned
address_bits(const struct odm_ip *ip)
{
	return ip->family == AF_INET ? 32 : 128;
}

/* octets: 16 of them. */
static void
set_ipv6(struct odm_ip *ip, const unsigned char *octets)
{
	memset(ip, 0, sizeof(*ip));
	if (memcmp(octets, mapped_prefix, sizeof(mapped_prefix)) == 0) {
		ip->family = AF_INET;
		memcpy(ip->octets, octets + sizeof(mapped_prefix), 4);
	} else {
		ip->family = AF_INET6;
		memcpy(ip->octets, octets, 16);
	}
}

bool
odm_ip_parse(struct odm_span text, struct odm_ip *ip_r)
{
	char buf[ODM_IP_TEXT_MAX + 1];
	unsigned char octets[16];

	memset(ip_r, 0, sizeof(*ip_r));
	text = odm_span_trim(text);
	if (text.len >= 2 && text.at[0] == '[' && text.at[text.len - 1] == ']')
		text = odm_span_sub(text, 1, text.len - 1);
	if (text.len > 5 && odm_span_ieq(odm_span_sub(text, 0, 5), "IPv6:"))
		text = odm_span_sub(text, 5, text.len);
	if (!odm_span_copy(text, buf, sizeof(buf)))
		return false;
	if (inet_pton(AF_INET, buf, octets) == 1) {
		ip_r->family = AF_INET;
		memcpy(ip_r->octets, octets, 4);
		return true;
	}
	if (inet_pton(AF_INET6, buf, octets) != 1)
		return false;
	set_ipv6(ip_r, octets);
	return true;
}

bool
odm_ip_from_sockaddr(const struct sockaddr *sa, struct odm_ip *ip_r)
{
	memset(ip_r, 0, sizeof(*ip_r));
	if (sa != NULL && sa->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, sa, sizeof(in));
		ip_r->family = AF_INET;
		memcpy(ip_r->octets, &in.sin_addr, 4);
		return true;
	}
	if (sa != NULL && sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, sa, sizeof(in6));
		set_ipv6(ip_r, in6.sin6_addr.s6_addr);
		return true;
	}
	return false;
}

bool
odm_ip_equal(const struct odm_ip *a, const struct odm_ip *b)
{
	return a->family == b->family && a->family != AF_UNSPEC &&
	    memcmp(a->octets, b->octets, address_bits(a) / 8) == 0;
}

void
odm_ip_format(const struct odm_ip *ip, char text_r[ODM_IP_TEXT_MAX + 1])
{
	text_r[0] = '\0';
	if (ip->family != AF_UNSPEC &&
	    inet_ntop(ip->family, ip->octets, text_r, ODM_IP_TEXT_MAX + 1) == NULL)
		text_r[0] = '\0';
}

/* "255.255.255.0" to 24; false for a mask with holes. */
static bool
mask_bits(struct odm_span text, unsigned *bits_r)
{
	struct odm_ip mask;
	unsigned bits = 0, value = 0;

	if (!odm_ip_parse(text, &mask) || mask.family != AF_INET)
		return false;
	for (unsigned i = 0; i < 4; i++)
		value = value << 8 | mask.octets[i];
	while (bits < 32 && (value & (1u << (31 - bits))) != 0)
		bits++;
	if (bits < 32 && (value & (0xffffffffu >> bits)) != 0)
		return false;
	*bits_r = bits;
	return true;
}

static void
clear_host_bits(struct odm_net *net)
{
	for (unsigned i = 0; i < address_bits(&net->ip) / 8; i++) {
		unsigned keep = net->bits <= i * 8 ? 0 : net->bits - i * 8;

		if (keep < 8)
			net->ip.octets[i] &= (unsigned char)(0xff << (8 - keep));
	}
}

bool
odm_net_parse(struct odm_span text, struct odm_net *net_r)
{
	struct odm_net net;
	struct odm_span length;
	unsigned long long bits;
	size_t slash;
	bool was_mapped;

	memset(net_r, 0, sizeof(*net_r));
	text = odm_span_trim(text);
	slash = odm_span_find(text, '/');
	if (!odm_ip_parse(odm_span_sub(text, 0, slash), &net.ip))
		return false;
	net.bits = address_bits(&net.ip);
	if (slash < text.len) {
		length = odm_span_sub(text, slash + 1, text.len);
		was_mapped = net.ip.family == AF_INET && odm_span_find(text, ':') < slash;
		if (odm_span_number(length, was_mapped ? 128 : net.bits, &bits)) {
			if (was_mapped && bits < 96)
				return false;
			net.bits = (unsigned)(was_mapped ? bits - 96 : bits);
		} else if (net.ip.family != AF_INET || !mask_bits(length, &net.bits)) {
			return false;
		}
	}
	clear_host_bits(&net);
	*net_r = net;
	return true;
}

struct odm_net
odm_net_of(const struct odm_ip *ip, unsigned bits)
{
	struct odm_net net = { *ip, bits < address_bits(ip) ? bits : address_bits(ip) };

	clear_host_bits(&net);
	return net;
}

bool
odm_net_contains(const struct odm_net *net, const struct odm_ip *ip)
{
	struct odm_net other;

	if (net->ip.family != ip->family || ip->family == AF_UNSPEC)
		return false;
	other = odm_net_of(ip, net->bits);
	return memcmp(net->ip.octets, other.ip.octets, address_bits(ip) / 8) == 0;
}
