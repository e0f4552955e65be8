/*
 * exchange.c - DNS packets to the name servers and back, by c-ares.
 *
 * Every server has a channel of its own that tries once, so that the caller
 * alone decides about retries; sockets close when a channel is idle, so that
 * source ports change (RFC 5452, 4.5).
 */
#include <sys/queue.h>
#include <ares.h>
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/exchange.h"
#include "libopendmarc/base/ipaddr.h"

#define DNS_PORT	53
#define SOCKETS_MAX	8	/* of one channel: UDP and TCP; some versions open more */
#define RCODE_FORMERR	1
#define RCODE_NOTIMP	4

/* One packet under way. */
struct attempt {
	STAILQ_ENTRY(attempt) next;
	struct exchange	*x;
	void		*arg;
	size_t		 server;
	char		 name[ODM_NAME_MAX + 2];
	enum dns_type	 type;
	bool		 edns;
	bool		 edns_refused;	/* the server did not understand the OPT record */
	enum exchange_outcome outcome;
	struct dns_answer *answer;
};
STAILQ_HEAD(attempt_list, attempt);

struct server {
	ares_channel	channel;
	bool		edns;		/* cleared for good when it was refused once */
};

struct exchange {
	struct server	 servers[EXCHANGE_SERVERS_MAX];
	size_t		 nservers;
	struct attempt_list results;	/* given back by c-ares, not delivered yet */
	exchange_done	*done;
	void		*context;
	bool		 closing;
};

struct address {
	struct odm_ip	ip;
	unsigned	port;
};

/* Reads IP or IP@port. */
static bool
read_word(struct odm_span word, struct address *address_r)
{
	size_t at = odm_span_find(word, '@');
	unsigned long long port = DNS_PORT;

	if (at < word.len &&
	    (!odm_span_number(odm_span_sub(word, at + 1, word.len), 65535, &port) || port == 0))
		return false;
	address_r->port = (unsigned)port;
	return odm_ip_parse(odm_span_sub(word, 0, at), &address_r->ip);
}

static size_t
read_words(const struct conf_list *words, struct address *list_r, char *why, size_t why_size)
{
	size_t i;

	if (words->nwords > EXCHANGE_SERVERS_MAX) {
		snprintf(why, why_size, "more than %d name servers", EXCHANGE_SERVERS_MAX);
		return 0;
	}
	for (i = 0; i < words->nwords; i++)
		if (!read_word(odm_span_str(words->words[i]), &list_r[i])) {
			snprintf(why, why_size, "name server \"%s\" is not IP or IP@port",
			    words->words[i]);
			return 0;
		}
	return words->nwords;
}

/* The servers that c-ares finds in resolv.conf; 127.0.0.1 when there are none. */
static size_t
read_system(struct address *list_r, char *why, size_t why_size)
{
	struct ares_addr_port_node *all = NULL, *a;
	ares_channel channel;
	size_t n = 0;
	int status = ares_init(&channel);

	if (status == ARES_SUCCESS) {
		status = ares_get_servers_ports(channel, &all);
		ares_destroy(channel);
	}
	for (a = all; a != NULL && n < EXCHANGE_SERVERS_MAX; a = a->next) {
		if (a->family != AF_INET && a->family != AF_INET6)
			continue;
		list_r[n].ip = (struct odm_ip){ .family = a->family };
		memcpy(list_r[n].ip.octets, &a->addr, a->family == AF_INET ? 4 : 16);
		list_r[n].port = a->udp_port > 0 ? (unsigned)a->udp_port : DNS_PORT;
		n++;
	}
	if (all != NULL)
		ares_free_data(all);
	if (n == 0)
		snprintf(why, why_size, "no name server found: %s", ares_strerror(status));
	return n;
}

static int
open_channel(struct server *s, const struct address *address, int timeout_msecs)
{
	char lookups[] = "b";
	struct ares_options options = {
		/* Refusals too are handed over, so that we see who spoke. */
		.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_EDNS |
		    ARES_FLAG_NOCHECKRESP,
		.timeout = timeout_msecs,
		.tries = 1,
		.lookups = lookups,
		.ednspsz = DNSMSG_UDP_OCTETS,
	};
	struct ares_addr_port_node node = {
		.family = address->ip.family,
		.udp_port = (int)address->port,
		.tcp_port = (int)address->port,
	};
	int status;

	memcpy(&node.addr, address->ip.octets, address->ip.family == AF_INET ? 4 : 16);
	status = ares_init_options(&s->channel, &options, ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS |
	    ARES_OPT_TRIES | ARES_OPT_DOMAINS | ARES_OPT_LOOKUPS | ARES_OPT_EDNSPSZ);
	if (status != ARES_SUCCESS)
		return status;
	status = ares_set_servers_ports(s->channel, &node);
	if (status != ARES_SUCCESS)
		ares_destroy(s->channel);
	s->edns = true;
	return status;
}

struct exchange *
exchange_new(const struct conf_list *servers, int timeout_msecs, exchange_done *done,
    void *context, char *why, size_t why_size)
{
	struct address list[EXCHANGE_SERVERS_MAX];
	struct exchange *x = calloc(1, sizeof(*x));
	int status = ares_library_init(ARES_LIB_INIT_ALL);
	size_t n;

	if (x == NULL || status != ARES_SUCCESS) {
		snprintf(why, why_size, "%s", x == NULL ? strerror(ENOMEM) :
		    ares_strerror(status));
		free(x);
		return NULL;
	}
	STAILQ_INIT(&x->results);
	x->done = done;
	x->context = context;
	n = servers == NULL || servers->nwords == 0 ? read_system(list, why, why_size) :
	    read_words(servers, list, why, why_size);
	for (; x->nservers < n; x->nservers++) {
		status = open_channel(&x->servers[x->nservers], &list[x->nservers],
		    timeout_msecs);
		if (status != ARES_SUCCESS) {
			snprintf(why, why_size, "c-ares: %s", ares_strerror(status));
			n = 0;
			break;
		}
	}
	if (n == 0)
		exchange_free(&x);
	return x;
}

size_t
exchange_servers(const struct exchange *x)
{
	return x->nservers;
}

/*
 * What came back. An answer that c-ares took may still be one that we cannot
 * use; ARES_ETIMEOUT and ARES_EDESTRUCTION mean that nothing came.
 */
static void
read_result(struct attempt *at, int status, const unsigned char *packet, int len)
{
	unsigned rcode;

	switch (status) {
	case ARES_SUCCESS:
		at->outcome = EXCHANGE_REFUSED;
		if (packet == NULL || len < 4)
			break;
		rcode = packet[3] & 0xf;
		at->edns_refused = at->edns && (rcode == RCODE_FORMERR || rcode == RCODE_NOTIMP);
		at->answer = dnsmsg_parse(packet, (size_t)len, at->name, at->type);
		if (at->answer != NULL && at->answer->status != DNS_FAILED)
			at->outcome = EXCHANGE_ANSWER;
		else
			dns_answer_unref(&at->answer);
		break;
	case ARES_ETIMEOUT:
	case ARES_ECANCELLED:
	case ARES_EDESTRUCTION:
		at->outcome = EXCHANGE_SILENT;
		break;
	default:
		at->outcome = EXCHANGE_UNREACHABLE;
		break;
	}
}

/* c-ares gives an attempt back, maybe from inside ares_send(): only take notes. */
static void
attempt_ended(void *arg, int status, int timeouts, unsigned char *packet, int len)
{
	struct attempt *at = arg;

	(void)timeouts;
	read_result(at, status, packet, len);
	STAILQ_INSERT_TAIL(&at->x->results, at, next);
}

static void
send_packet(struct attempt *at, bool edns)
{
	struct server *s = &at->x->servers[at->server];
	unsigned char packet[DNSMSG_QUESTION_MAX];
	size_t len;

	at->edns = edns && s->edns;
	at->edns_refused = false;
	len = dnsmsg_question(packet, arc4random() & 0xffff, at->name, at->type, at->edns);
	assert(len > 0);
	ares_send(s->channel, packet, (int)len, attempt_ended, at);
}

bool
exchange_send(struct exchange *x, size_t server, const char *name, enum dns_type type,
    bool edns, void *arg)
{
	struct attempt *at = calloc(1, sizeof(*at));

	assert(server < x->nservers && strlen(name) < sizeof(at->name));
	if (at == NULL)
		return false;
	at->x = x;
	at->arg = arg;
	at->server = server;
	memcpy(at->name, name, strlen(name) + 1);
	at->type = type;
	send_packet(at, edns);
	return true;
}

static void
deliver_results(struct exchange *x)
{
	struct attempt *at;

	while ((at = STAILQ_FIRST(&x->results)) != NULL) {
		STAILQ_REMOVE_HEAD(&x->results, next);
		if (at->edns_refused && !x->closing) {
			x->servers[at->server].edns = false;
			send_packet(at, false);
			continue;
		}
		x->done(x->context, at->arg, at->server, at->outcome, at->answer);
		dns_answer_unref(&at->answer);
		free(at);
	}
}

void
exchange_free(struct exchange **x)
{
	size_t i;

	if (*x == NULL)
		return;
	(*x)->closing = true;
	for (i = 0; i < (*x)->nservers; i++)
		ares_destroy((*x)->servers[i].channel);
	deliver_results(*x);
	free(*x);
	*x = NULL;
	ares_library_cleanup();
}

/* Milliseconds until a channel wants the processor again, at most msecs. */
static int
patience(struct exchange *x, int msecs)
{
	size_t i;

	for (i = 0; i < x->nservers; i++) {
		struct timeval tv, *left = ares_timeout(x->servers[i].channel, NULL, &tv);

		if (left != NULL && left->tv_sec <= msecs / 1000) {
			int rest = (int)left->tv_sec * 1000 + (int)(left->tv_usec / 1000) + 1;

			if (rest < msecs)
				msecs = rest;
		}
	}
	return msecs < 0 ? 0 : msecs;
}

/* Adds the sockets of server i to fds. Returns the new number. */
static size_t
list_sockets(struct exchange *x, size_t i, struct pollfd *fds, size_t *owner, size_t nfds)
{
	ares_socket_t socks[SOCKETS_MAX];
	unsigned bits = (unsigned)ares_getsock(x->servers[i].channel, socks, SOCKETS_MAX);
	unsigned s;

	for (s = 0; s < SOCKETS_MAX; s++) {
		short in = ARES_GETSOCK_READABLE(bits, s) ? POLLIN : 0;
		short out = ARES_GETSOCK_WRITABLE(bits, s) ? POLLOUT : 0;

		if (in == 0 && out == 0)
			continue;
		owner[nfds] = i;
		fds[nfds++] = (struct pollfd){ .fd = socks[s], .events = (short)(in | out) };
	}
	return nfds;
}

void
exchange_run(struct exchange *x, int wake_fd, int msecs)
{
	struct pollfd fds[1 + EXCHANGE_SERVERS_MAX * SOCKETS_MAX];
	size_t owner[COUNT(fds)], nfds = 1, i;

	/* A packet that could not even be sent has ended already. */
	if (!STAILQ_EMPTY(&x->results))
		msecs = 0;
	fds[0] = (struct pollfd){ .fd = wake_fd, .events = POLLIN };
	for (i = 0; i < x->nservers; i++)
		nfds = list_sockets(x, i, fds, owner, nfds);
	if (poll(fds, nfds, patience(x, msecs)) > 0)
		for (i = 1; i < nfds; i++)
			if (fds[i].revents != 0)
				ares_process_fd(x->servers[owner[i]].channel,
				    fds[i].revents & ~POLLOUT ? fds[i].fd : ARES_SOCKET_BAD,
				    fds[i].revents & POLLOUT ? fds[i].fd : ARES_SOCKET_BAD);
	for (i = 0; i < x->nservers; i++)	/* c-ares's own time-outs */
		ares_process_fd(x->servers[i].channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	deliver_results(x);
}
