/*
 * testdns.c - a small DNS server for the tests.
 */
#include <sys/queue.h>
#include <sys/socket.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "common/resolver.h"
#include "tests/unit/testdns.h"

#define PACKET_MAX	65535
#define RCODE_SERVFAIL	2
#define RCODE_NXDOMAIN	3
#define RCODE_REFUSED	5
#define CONNECTIONS_MAX	16
#define LINKS_MAX	20	/* CNAMEs in one answer: more than anybody follows */

/* An answer that waits for its time. */
struct reply {
	TAILQ_ENTRY(reply) next;
	int64_t		 due;
	int		 fd;		/* UDP socket or TCP connection */
	bool		 tcp;
	enum testdns_do	 what;
	struct sockaddr_storage to;
	socklen_t	 tolen;
	size_t		 len;
	unsigned char	 packet[];
};
TAILQ_HEAD(reply_list, reply);

struct counted {
	struct counted	*next;
	enum dns_type	 type;
	unsigned	 count;
	char		 name[];
};

struct testdns {
	const struct testdns_row *rows;
	size_t		 nrows;
	struct testdns_manner manner;
	int		 udp, tcp, wake[2];
	char		 address[32];
	pthread_t	 thread;
	struct reply_list replies;
	int		 connections[CONNECTIONS_MAX];
	size_t		 nconnections;
	pthread_mutex_t	 lock;		/* protects the following */
	struct counted	*counts;
	unsigned	 tcp_count;
};

struct query {
	unsigned char	*packet;	/* header and question alone */
	size_t		 len;		/* of these */
	char		 name[256];
	unsigned	 type;
	bool		 edns, tcp;
};

struct out {
	unsigned char	*at;
	size_t		 len;
};

static void
give_up(const char *what)
{
	perror(what);
	exit(99);
}

static void
put(struct out *o, const void *octets, size_t n)
{
	if (o->len + n > PACKET_MAX)
		give_up("testdns: packet too long");
	memcpy(o->at + o->len, octets, n);
	o->len += n;
}

static void
put_number(struct out *o, unsigned long value, size_t octets)
{
	while (octets-- > 0) {
		unsigned char c = (unsigned char)(value >> (8 * octets));

		put(o, &c, 1);
	}
}

static void
put_name(struct out *o, const char *name)
{
	while (*name != '\0') {
		size_t label = strcspn(name, ".");

		put_number(o, label, 1);
		put(o, name, label);
		name += label + (name[label] == '.');
	}
	put_number(o, 0, 1);
}

static void
put_txt(struct out *o, const char *data)
{
	char string[255];
	size_t n = 0;

	for (;; data++) {
		if (*data == '\0' || *data == '|' || n == sizeof(string)) {
			put_number(o, n, 1);
			put(o, string, n);
			n = 0;
			if (*data == '\0')
				return;
			if (*data == '|')
				continue;
		}
		if (data[0] == '\\' && data[1] == '0') {
			string[n++] = '\0';
			data++;
		} else {
			string[n++] = *data;
		}
	}
}

static void
put_data(struct out *o, enum dns_type type, const char *data)
{
	unsigned char ip[16];
	char *rest;

	switch (type) {
	case DNS_TYPE_A:
		if (inet_pton(AF_INET, data, ip) != 1)
			give_up(data);
		put(o, ip, 4);
		break;
	case DNS_TYPE_AAAA:
		if (inet_pton(AF_INET6, data, ip) != 1)
			give_up(data);
		put(o, ip, 16);
		break;
	case DNS_TYPE_TXT:
		put_txt(o, data);
		break;
	case DNS_TYPE_MX:
		put_number(o, strtoul(data, &rest, 10), 2);
		put_name(o, rest + (*rest == ' '));
		break;
	case DNS_TYPE_CNAME:
	case DNS_TYPE_PTR:
	case DNS_TYPE_SOA:
		put_name(o, data);
		break;
	}
}

/* Adds one record of the answer section. */
static void
put_record(struct out *o, const char *owner, const struct testdns_row *row)
{
	size_t length_at, end;
	enum dns_type type = row->what == DO_NXDOMAIN_CNAME ? DNS_TYPE_CNAME : row->type;

	put_name(o, owner);
	put_number(o, (unsigned long)type, 2);
	put_number(o, 1, 2);
	put_number(o, row->ttl_secs != 0 ? row->ttl_secs : 300, 4);
	length_at = o->len;
	put_number(o, 0, 2);
	put_data(o, type, row->data);
	end = o->len;
	o->len = length_at;
	put_number(o, end - length_at - 2, 2);
	o->len = end;
}

static void
put_soa(struct out *o)
{
	put_name(o, "test");
	put_number(o, DNS_TYPE_SOA, 2);
	put_number(o, 1, 2);
	put_number(o, 3600, 4);
	put_number(o, 2 * 1 + 20, 2);
	put_number(o, 0, 2);	/* two root names */
	put_number(o, 1, 4);
	put_number(o, 3600, 4);
	put_number(o, 600, 4);
	put_number(o, 86400, 4);
	put_number(o, TESTDNS_DENIAL_SECS, 4);
}

static bool
name_matches(const char *pattern, const char *name)
{
	size_t len = strlen(name), tail;

	if (pattern[0] != '*')
		return strcasecmp(pattern, name) == 0;
	tail = strlen(pattern + 1);
	return len > tail && strcasecmp(name + len - tail, pattern + 1) == 0;
}

static const struct testdns_row *
first_row(const struct testdns *d, const char *name, unsigned type, bool *exists_r)
{
	const struct testdns_row *found = NULL;
	size_t i;

	for (i = 0; i < d->nrows; i++) {
		if (!name_matches(d->rows[i].name, name))
			continue;
		*exists_r = true;
		if (found == NULL &&
		    ((unsigned)d->rows[i].type == type || d->rows[i].type == DNS_TYPE_CNAME))
			found = &d->rows[i];
	}
	return found;
}

/* Writes all records for the question, following CNAMEs. Returns their number. */
static unsigned
put_records(struct out *o, const struct testdns *d, const struct query *q)
{
	const char *owner = q->name;
	const struct testdns_row *row;
	unsigned n = 0, links = 0;
	bool exists = false;
	size_t i;

	while ((row = first_row(d, owner, q->type, &exists)) != NULL &&
	    row->type == DNS_TYPE_CNAME && q->type != DNS_TYPE_CNAME && links++ < LINKS_MAX) {
		put_record(o, owner, row);
		owner = row->data;
		n++;
	}
	for (i = 0; row != NULL && links < LINKS_MAX && i < d->nrows; i++)
		if (name_matches(d->rows[i].name, owner) &&
		    (unsigned)d->rows[i].type == q->type) {
			put_record(o, row->what == DO_WRONG_OWNER ? "other.test" : owner,
			    &d->rows[i]);
			n++;
		}
	return n;
}

/* Is the answer by UDP cut, so that the question comes again by TCP? */
static bool
truncates(enum testdns_do what)
{
	return what == DO_TRUNCATE || what == DO_TCP_CLOSE || what == DO_TCP_HANG ||
	    what == DO_TCP_PART;
}

/* Builds the answer in o; false: say nothing. */
static bool
make_answer(const struct testdns *d, const struct query *q, struct out *o, int *delay_r,
    enum testdns_do *what_r)
{
	bool exists = false, truncate;
	const struct testdns_row *row = first_row(d, q->name, q->type, &exists);
	enum testdns_do what = row == NULL ? DO_ANSWER : row->what;
	unsigned rcode = 0, n = 0, soa = 0;

	*delay_r = d->manner.delay_msecs + (row == NULL ? 0 : row->delay_msecs);
	*what_r = what;
	if (what == DO_DROP || d->manner.silent || (q->edns && d->manner.edns_silent) ||
	    (what == DO_TCP_HANG && q->tcp))
		return false;
	truncate = truncates(what) && !q->tcp;
	put(o, q->packet, q->len);
	if (what == DO_WRONG_ID)
		o->at[0] ^= 0x55;
	if (what == DO_WRONG_QUESTION)
		o->at[13] ^= 1;
	if (what == DO_SERVFAIL)
		rcode = RCODE_SERVFAIL;
	else if (what == DO_REFUSED)
		rcode = RCODE_REFUSED;
	else if (!exists || what == DO_NXDOMAIN_CNAME)
		rcode = RCODE_NXDOMAIN;
	if (q->edns && (d->manner.no_edns || d->manner.bare_formerr)) {
		rcode = 1;
		what = DO_REFUSED;
	}
	if (what != DO_SERVFAIL && what != DO_REFUSED && !truncate)
		n = put_records(o, d, q);
	if (n == 0 && rcode != 1 && !d->manner.no_soa) {
		put_soa(o);
		soa = 1;
	}
	o->at[2] = (unsigned char)(0x81 | (truncate ? 2 : 0));
	o->at[3] = (unsigned char)(0x80 | rcode);
	o->at[6] = (unsigned char)(n >> 8);
	o->at[7] = (unsigned char)n;
	o->at[8] = 0;
	o->at[9] = (unsigned char)soa;
	o->at[10] = o->at[11] = 0;
	if (q->edns && d->manner.bare_formerr) {
		o->len = 12;
		o->at[5] = 0;
	}
	if (what == DO_ECHO) {
		memcpy(o->at, q->packet, q->len);
		o->len = q->len;
	}
	if (what == DO_GARBAGE)
		memset(o->at + q->len, 0xd5, o->len - q->len);
	if (what == DO_CUT)
		o->len -= 3;
	return true;
}

static void
count(struct testdns *d, const struct query *q)
{
	struct counted *c;

	pthread_mutex_lock(&d->lock);
	d->tcp_count += q->tcp;
	for (c = d->counts; c != NULL; c = c->next)
		if ((unsigned)c->type == q->type && strcasecmp(c->name, q->name) == 0)
			break;
	if (c == NULL) {
		c = calloc(1, sizeof(*c) + strlen(q->name) + 1);
		if (c == NULL)
			give_up("calloc");
		memcpy(c->name, q->name, strlen(q->name) + 1);
		c->type = (enum dns_type)q->type;
		c->next = d->counts;
		d->counts = c;
	}
	c->count++;
	pthread_mutex_unlock(&d->lock);
}

/* Reads the question of a packet that our own resolver wrote. */
static bool
read_query(unsigned char *packet, size_t len, struct query *q_r)
{
	size_t at = 12, n = 0;

	q_r->edns = len > 11 && packet[11] > 0;
	while (at < len && packet[at] != 0 && at + packet[at] + 1 < len && n < 250) {
		memcpy(q_r->name + n, packet + at + 1, packet[at]);
		n += packet[at];
		q_r->name[n++] = '.';
		at += 1u + packet[at];
	}
	if (at + 5 > len || n == 0)
		return false;
	q_r->name[n - 1] = '\0';
	q_r->type = (unsigned)packet[at + 1] << 8 | packet[at + 2];
	q_r->packet = packet;
	q_r->len = at + 5;
	return true;
}

static void
enqueue(struct testdns *d, unsigned char *packet, size_t len, int fd, bool tcp,
    const struct sockaddr_storage *to, socklen_t tolen)
{
	static const size_t room = PACKET_MAX;
	struct query q = { .tcp = tcp };
	struct reply *r = calloc(1, sizeof(*r) + room);
	struct out o = { .at = r == NULL ? NULL : r->packet };
	int delay;

	if (r == NULL)
		give_up("calloc");
	if (!read_query(packet, len, &q)) {
		free(r);
		return;
	}
	count(d, &q);
	if (!make_answer(d, &q, &o, &delay, &r->what)) {
		free(r);
		return;
	}
	r->due = resolver_now() + delay;
	r->fd = fd;
	r->tcp = tcp;
	if (to != NULL)
		r->to = *to;
	r->tolen = tolen;
	r->len = o.len;
	TAILQ_INSERT_TAIL(&d->replies, r, next);
}

static void
send_udp(int fd, const struct reply *r, const unsigned char *packet, size_t len)
{
	/* Whoever has gone away needs no answer. */
	(void)sendto(fd, packet, len, 0, (const struct sockaddr *)&r->to, r->tolen);
}

/* From another port, and from another address with the same port. */
static void
send_from_elsewhere(const struct testdns *d, const struct reply *r, const unsigned char *packet,
    size_t len)
{
	struct sockaddr_in sin;
	socklen_t sinlen = sizeof(sin);
	int i, fd;

	if (getsockname(d->udp, (struct sockaddr *)&sin, &sinlen) != 0)
		give_up("getsockname");
	for (i = 0; i < 2; i++) {
		if (i == 0)
			sin.sin_port = 0;
		else
			sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
		fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (fd < 0 || bind(fd, (struct sockaddr *)&sin, sinlen) != 0)
			give_up("forged source");
		send_udp(fd, r, packet, len);
		close(fd);
		sin.sin_port = htons((in_port_t)strtoul(strchr(d->address, '@') + 1, NULL, 10));
	}
}

/* Everything that may arrive before the right answer does. */
static void
send_forgeries(const struct testdns *d, const struct reply *r)
{
	unsigned char packet[512], denial[512];
	size_t question = 12 + strlen((const char *)r->packet + 12) + 5;

	if (r->len > sizeof(packet))
		give_up("forged answer too long");
	/* The right answer with its text turned, and NXDOMAIN without records. */
	memcpy(packet, r->packet, r->len);
	packet[r->len - 1] ^= 1;
	memcpy(denial, r->packet, question);
	denial[3] = 0x80 | RCODE_NXDOMAIN;
	memset(denial + 6, 0, 6);
	send_from_elsewhere(d, r, packet, r->len);
	send_from_elsewhere(d, r, denial, question);
	packet[0] ^= 0x55;		/* wrong id */
	send_udp(r->fd, r, packet, r->len);
	packet[0] ^= 0x55;
	packet[13] ^= 1;		/* wrong question: name, type, number */
	send_udp(r->fd, r, packet, r->len);
	packet[13] ^= 1;
	packet[question - 3] ^= 1;
	send_udp(r->fd, r, packet, r->len);
	packet[question - 3] ^= 1;
	packet[5] = 2;
	send_udp(r->fd, r, packet, r->len);
	denial[1] ^= 0x55;
	send_udp(r->fd, r, denial, question);
	send_udp(r->fd, r, r->packet, 11);
}

static void
send_noise(const struct reply *r)
{
	static const unsigned char noise[40] = "This is no answer to any question at al";
	size_t len;

	for (len = 1; len <= sizeof(noise); len++)
		send_udp(r->fd, r, noise, len);
	send_udp(r->fd, r, noise, 0);
}

static void
send_reply(const struct testdns *d, const struct reply *r)
{
	unsigned char length[2] = { (unsigned char)(r->len >> 8), (unsigned char)r->len };

	if (r->tcp && r->what == DO_TCP_CLOSE) {
		(void)shutdown(r->fd, SHUT_RDWR);
	} else if (r->tcp) {
		if (send(r->fd, length, 2, MSG_NOSIGNAL | MSG_MORE) == 2)
			(void)send(r->fd, r->packet, r->what == DO_TCP_PART ? r->len / 2 : r->len,
			    MSG_NOSIGNAL);
	} else if (r->what == DO_NOISE) {
		send_noise(r);
	} else {
		if (r->what == DO_FORGED)
			send_forgeries(d, r);
		send_udp(r->fd, r, r->packet, r->len);
	}
}

/* Sends what is due. Returns the milliseconds until the next. */
static int
send_due(struct testdns *d)
{
	int64_t now = resolver_now(), next = now + 1000;
	struct reply *r, *following;

	for (r = TAILQ_FIRST(&d->replies); r != NULL; r = following) {
		following = TAILQ_NEXT(r, next);
		if (r->due <= now) {
			send_reply(d, r);
			TAILQ_REMOVE(&d->replies, r, next);
			free(r);
		} else if (r->due < next) {
			next = r->due;
		}
	}
	return (int)(next - now);
}

static void
read_udp(struct testdns *d)
{
	unsigned char packet[2048];
	struct sockaddr_storage from;
	socklen_t fromlen = sizeof(from);
	ssize_t n;

	while ((n = recvfrom(d->udp, packet, sizeof(packet), MSG_DONTWAIT,
	    (struct sockaddr *)&from, &fromlen)) > 0)
		enqueue(d, packet, (size_t)n, d->udp, false, &from, fromlen);
}

static bool
read_whole(int fd, unsigned char *at, size_t n)
{
	while (n > 0) {
		ssize_t got = read(fd, at, n);

		if (got <= 0)
			return false;
		at += got;
		n -= (size_t)got;
	}
	return true;
}

/* One question on a connection; false: it is over. */
static bool
read_tcp(struct testdns *d, int fd)
{
	unsigned char packet[2048], length[2];
	size_t len;

	if (!read_whole(fd, length, 2))
		return false;
	len = (size_t)length[0] << 8 | length[1];
	if (len > sizeof(packet) || !read_whole(fd, packet, len))
		return false;
	enqueue(d, packet, len, fd, true, NULL, 0);
	return true;
}

static void
drop_connection(struct testdns *d, size_t i)
{
	struct reply *r, *following;

	for (r = TAILQ_FIRST(&d->replies); r != NULL; r = following) {
		following = TAILQ_NEXT(r, next);
		if (r->fd == d->connections[i]) {
			TAILQ_REMOVE(&d->replies, r, next);
			free(r);
		}
	}
	close(d->connections[i]);
	d->connections[i] = d->connections[--d->nconnections];
}

static void *
serve(void *arg)
{
	struct testdns *d = arg;
	struct pollfd fds[3 + CONNECTIONS_MAX];
	size_t i, n;

	for (;;) {
		fds[0] = (struct pollfd){ .fd = d->wake[0], .events = POLLIN };
		fds[1] = (struct pollfd){ .fd = d->udp, .events = POLLIN };
		fds[2] = (struct pollfd){ .fd = d->tcp,
		    .events = d->nconnections < CONNECTIONS_MAX ? POLLIN : 0 };
		n = d->nconnections;
		for (i = 0; i < n; i++)
			fds[3 + i] = (struct pollfd){ .fd = d->connections[i],
			    .events = POLLIN };
		if (poll(fds, 3 + n, send_due(d)) < 0)
			continue;
		if (fds[0].revents != 0)
			return NULL;
		if (fds[1].revents != 0)
			read_udp(d);
		for (i = n; i-- > 0;)
			if (fds[3 + i].revents != 0 && !read_tcp(d, d->connections[i]))
				drop_connection(d, i);
		if (fds[2].revents != 0) {
			int fd = accept(d->tcp, NULL, NULL);

			if (fd >= 0)
				d->connections[d->nconnections++] = fd;
		}
	}
}

/* Both protocols on one free port. False: this host lacks the address. */
static bool
open_sockets(struct testdns *d)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr *sa = d->manner.inet6 ? (struct sockaddr *)&sin6 :
	    (struct sockaddr *)&sin;
	socklen_t len = d->manner.inet6 ? sizeof(sin6) : sizeof(sin);
	int tries;

	for (tries = 0; tries < 100; tries++) {
		sin.sin_port = sin6.sin6_port = 0;
		d->udp = socket(sa->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		d->tcp = socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (d->udp >= 0 && d->tcp >= 0 && bind(d->tcp, sa, len) == 0 &&
		    getsockname(d->tcp, sa, &len) == 0 && listen(d->tcp, 16) == 0 &&
		    bind(d->udp, sa, len) == 0) {
			snprintf(d->address, sizeof(d->address), "%s@%u",
			    d->manner.inet6 ? "::1" : "127.0.0.1",
			    (unsigned)ntohs(d->manner.inet6 ? sin6.sin6_port : sin.sin_port));
			return true;
		}
		if (d->udp >= 0)
			close(d->udp);
		if (d->tcp >= 0)
			close(d->tcp);
	}
	if (!d->manner.inet6)
		give_up("testdns: no free port");
	return false;
}

struct testdns *
testdns_start(const struct testdns_row *rows, size_t nrows, struct testdns_manner manner)
{
	struct testdns *d = calloc(1, sizeof(*d));

	if (d == NULL)
		give_up("calloc");
	d->rows = rows;
	d->nrows = nrows;
	d->manner = manner;
	TAILQ_INIT(&d->replies);
	if (!open_sockets(d)) {
		free(d);
		return NULL;
	}
	if (pipe2(d->wake, O_CLOEXEC) != 0)
		give_up("pipe2");
	if (manner.no_tcp) {
		close(d->tcp);
		d->tcp = -1;
	}
	pthread_mutex_init(&d->lock, NULL);
	if (pthread_create(&d->thread, NULL, serve, d) != 0)
		give_up("pthread_create");
	return d;
}

void
testdns_stop(struct testdns **d)
{
	struct testdns *t = *d;
	struct counted *c;
	struct reply *r;

	if (t == NULL)
		return;
	close(t->wake[1]);
	pthread_join(t->thread, NULL);
	while (t->nconnections > 0)
		drop_connection(t, 0);
	while ((r = TAILQ_FIRST(&t->replies)) != NULL) {
		TAILQ_REMOVE(&t->replies, r, next);
		free(r);
	}
	while ((c = t->counts) != NULL) {
		t->counts = c->next;
		free(c);
	}
	close(t->wake[0]);
	close(t->udp);
	if (t->tcp >= 0)
		close(t->tcp);
	pthread_mutex_destroy(&t->lock);
	free(t);
	*d = NULL;
}

char *
testdns_address(struct testdns *d)
{
	return d->address;
}

struct conf_list
testdns_list(char *words[2], struct testdns *first, struct testdns *second)
{
	words[0] = first->address;
	words[1] = second == NULL ? NULL : second->address;
	return (struct conf_list){ .words = words, .nwords = second == NULL ? 1 : 2 };
}

unsigned
testdns_count(struct testdns *d, const char *name, enum dns_type type)
{
	const struct counted *c;
	unsigned n = 0;

	pthread_mutex_lock(&d->lock);
	for (c = d->counts; c != NULL; c = c->next)
		if (name == NULL || (c->type == type && strcasecmp(c->name, name) == 0))
			n += c->count;
	pthread_mutex_unlock(&d->lock);
	return n;
}

unsigned
testdns_count_tcp(struct testdns *d)
{
	unsigned n;

	pthread_mutex_lock(&d->lock);
	n = d->tcp_count;
	pthread_mutex_unlock(&d->lock);
	return n;
}
