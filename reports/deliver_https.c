/*
 * deliver_https.c - HTTPS by libcurl.
 */
#include "config.h"

#include <netinet/in.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "reports/deliver_https.h"
#include "reports/web.h"

#define CONNECT_TIMEOUT_SECS	60L
#define SEND_TIMEOUT_SECS	600L

struct report_https {
	struct report_web web;
	struct curl_slist *headers;
	bool		 private_okay;
	bool		 refused;	/* an address was not connected to */
};

static bool
is_private_ipv4(uint32_t ip)
{
	static const struct { uint32_t net; int bits; } nets[] = {
		{ 0x00000000, 8 }, { 0x0A000000, 8 }, { 0x64400000, 10 }, { 0x7F000000, 8 },
		{ 0xA9FE0000, 16 }, { 0xAC100000, 12 }, { 0xC0000000, 24 }, { 0xC0A80000, 16 },
		{ 0xC6120000, 15 }, { 0xE0000000, 3 },
	};
	size_t i;

	for (i = 0; i < COUNT(nets); i++)
		if (((ip ^ nets[i].net) >> (32 - nets[i].bits)) == 0)
			return true;
	return false;
}

/* Global unicast is 2000::/3; what carries an IPv4 address is judged by that. */
static bool
is_private_ipv6(const unsigned char *o)
{
	static const unsigned char mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF };
	static const unsigned char nat64[12] = { 0, 0x64, 0xFF, 0x9B };
	const unsigned char *v4 = NULL;

	if (memcmp(o, mapped, sizeof(mapped)) == 0 || memcmp(o, nat64, sizeof(nat64)) == 0)
		v4 = o + 12;
	else if (o[0] == 0x20 && o[1] == 0x02)		/* 6to4 */
		v4 = o + 2;
	if (v4 != NULL)
		return is_private_ipv4((uint32_t)v4[0] << 24 | (uint32_t)v4[1] << 16 |
		    (uint32_t)v4[2] << 8 | v4[3]);
	return (o[0] & 0xE0) != 0x20;
}

bool
report_https_private(const struct sockaddr *address)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	switch (address->sa_family) {
	case AF_INET:
		memcpy(&in, address, sizeof(in));
		return is_private_ipv4(ntohl(in.sin_addr.s_addr));
	case AF_INET6:
		memcpy(&in6, address, sizeof(in6));
		return is_private_ipv6(in6.sin6_addr.s6_addr);
	default:
		return true;
	}
}

/* Asked for each address that curl is about to connect to, after the DNS has answered. */
static curl_socket_t
open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct report_https *h = arg;

	(void)purpose;
	if (!h->private_okay && report_https_private(&address->addr)) {
		h->refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static bool
set_options(struct report_https *h, const char *ca_file)
{
	return report_web_open(&h->web, false, ca_file, CONNECT_TIMEOUT_SECS, SEND_TIMEOUT_SECS) &&
	    curl_easy_setopt(h->web.curl, CURLOPT_HTTPHEADER, h->headers) == CURLE_OK &&
	    curl_easy_setopt(h->web.curl, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK &&
	    curl_easy_setopt(h->web.curl, CURLOPT_OPENSOCKETDATA, h) == CURLE_OK;
}

struct report_https *
report_https_new(const char *ca_file, bool private_okay)
{
	struct report_https *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return NULL;
	h->private_okay = private_okay;
	h->headers = curl_slist_append(NULL, "Content-Type: application/gzip");
	if (h->headers == NULL || !set_options(h, ca_file))
		report_https_free(&h);
	return h;
}

void
report_https_free(struct report_https **h)
{
	if (*h == NULL)
		return;
	report_web_close(&(*h)->web);
	curl_slist_free_all((*h)->headers);
	free(*h);
	*h = NULL;
}

enum report_outcome
report_https_send(struct report_https *h, const char *url, struct odm_span packed,
    char reason[REPORT_REASON_SIZE])
{
	const char *why = "out of memory";
	char text[64];
	long answer = 0;

	h->refused = false;
	if (curl_easy_setopt(h->web.curl, CURLOPT_POSTFIELDS, packed.at) == CURLE_OK &&
	    curl_easy_setopt(h->web.curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)packed.len) ==
	    CURLE_OK)
		answer = report_web_ask(&h->web, url, &why);
	if (answer >= 200 && answer < 300)
		return REPORT_SENT;
	if (answer != 0) {
		(void)snprintf(text, sizeof(text), "HTTP status %ld", answer);
		report_reason(text, reason);
	} else if (h->refused) {
		report_reason("its address is in a private network", reason);
	} else {
		report_reason(why, reason);
	}
	return REPORT_FAILED;
}
