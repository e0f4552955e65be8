/*
 * ipaddr.h - client addresses and networks in one normal form.
 * IPv4-mapped IPv6 addresses become IPv4 everywhere, so that 192.0.2.0/24
 * covers ::ffff:192.0.2.1 and reports show the plain form.
 */
#ifndef ODM_BASE_IPADDR_H
#define ODM_BASE_IPADDR_H

#include <stdbool.h>
#include <sys/socket.h>

#include "libopendmarc/base/limits.h"
#include "libopendmarc/base/span.h"

struct odm_ip {
	int		family;		/* AF_INET, AF_INET6; AF_UNSPEC: none */
	unsigned char	octets[16];	/* network order; the first 4 for AF_INET */
};

struct odm_net {
	struct odm_ip	ip;		/* host bits zero */
	unsigned	bits;
};

/*
 * Reads "192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "[...]" and the
 * "IPv6:" prefix of MTAs. False, and *ip_r AF_UNSPEC, on anything else.
 */
bool odm_ip_parse(struct odm_span text, struct odm_ip *ip_r);

/* From a socket address; false, and AF_UNSPEC, for other families and NULL. */
bool odm_ip_from_sockaddr(const struct sockaddr *sa, struct odm_ip *ip_r);

bool odm_ip_equal(const struct odm_ip *a, const struct odm_ip *b);

/* Canonical text (inet_ntop) into text_r; "" for AF_UNSPEC. */
void odm_ip_format(const struct odm_ip *ip, char text_r[ODM_IP_TEXT_MAX + 1]);

/*
 * Reads an address, ADDRESS/BITS or an IPv4 ADDRESS/DOTTED-MASK; host bits
 * are cleared. False, and *net_r cleared, on anything else.
 */
bool odm_net_parse(struct odm_span text, struct odm_net *net_r);

/* The network of so many bits that ip is in; more than the family has: ip alone. */
struct odm_net odm_net_of(const struct odm_ip *ip, unsigned bits);

bool odm_net_contains(const struct odm_net *net, const struct odm_ip *ip);

#endif
