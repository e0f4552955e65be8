/*
 * slowdns.c - a name server for measuring: answers TXT and A over UDP from a file, at
 * once or, for names under one suffix, after a fixed delay. It waits for no answer that is
 * late, and says "no such name" with an SOA record, so that this can be cached.
 *
 * usage: slowdns ADDRESS PORT MSECS SUFFIX ZONEFILE
 *
 * Port 0 is any free one. "slowdns: ready on port PORT" goes to standard output. A line of
 * the file is NAME TXT TEXT (at most 255 octets) or NAME A ADDRESS.
 */
#include <arpa/inet.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/textfile.h"
#include "libopendmarc/base/limits.h"

#define FILE_MAX	(256 * 1024 * 1024)
#define PACKET_MAX	1232
#define HEADER		12
#define RECORD_FIXED	12	/* pointer to the name, type, class, TTL, length */
#define TTL_SECS	3600
#define BURST		64	/* questions read before late answers get their turn */
#define RECEIVE_OCTETS	(4 * 1024 * 1024)

#define TYPE_A		1
#define TYPE_SOA	6
#define TYPE_TXT	16
#define RCODE_NXDOMAIN	3

/* One record, or with type 0 a name that exists because of one below it. */
struct record {
	struct record	*next;		/* of the same counter of the table */
	struct odm_span	 name, data;	/* into the text of the file */
	uint16_t	 type;
};

struct late {
	STAILQ_ENTRY(late) link;
	uint64_t	 due_ms;
	struct sockaddr_in peer;
	size_t		 len;
	unsigned char	 packet[];
};

struct server {
	struct odm_strbuf text;
	struct record	**table;
	size_t		 size;		/* of table, a power of two */
	uint64_t	 delay_ms;
	const char	*suffix;
	int		 fd;
	STAILQ_HEAD(late_list, late) late;	/* one delay for all: first in, first out */
};

static uint64_t
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* FNV-1a over lower case. */
static size_t
hash(struct odm_span name)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < name.len; i++)
		h = (h ^ (unsigned char)odm_lower(name.at[i])) * 1099511628211u;
	return (size_t)(h ^ h >> 32);
}

static struct record **
slot(const struct server *s, struct odm_span name)
{
	return &s->table[hash(name) & (s->size - 1)];
}

static bool
known(const struct server *s, struct odm_span name)
{
	for (const struct record *r = *slot(s, name); r != NULL; r = r->next)
		if (odm_span_same(r->name, name))
			return true;
	return false;
}

static bool
add(struct server *s, struct odm_span name, uint16_t type, struct odm_span data)
{
	struct record *r = malloc(sizeof(*r));

	if (r == NULL)
		return false;
	*r = (struct record){ *slot(s, name), name, data, type };
	*slot(s, name) = r;
	return true;
}

/* A record, and all names above it. */
static bool
add_line(struct server *s, struct odm_span line)
{
	size_t blank = odm_span_find(line, ' '), dot;
	struct odm_span name = odm_span_sub(line, 0, blank), rest, type;

	if (blank == line.len)
		return false;
	rest = odm_span_sub(line, blank + 1, line.len);
	blank = odm_span_find(rest, ' ');
	type = odm_span_sub(rest, 0, blank);
	if (blank == rest.len || rest.len - blank > 256)
		return false;
	rest = odm_span_sub(rest, blank + 1, rest.len);
	if (odm_span_eq(type, "TXT") ? !add(s, name, TYPE_TXT, rest) :
	    !odm_span_eq(type, "A") || !add(s, name, TYPE_A, rest))
		return false;
	while ((dot = odm_span_find(name, '.')) < name.len) {
		name = odm_span_sub(name, dot + 1, name.len);
		if (!known(s, name) && !add(s, name, 0, odm_span_str("")))
			return false;
	}
	return true;
}

/* NULL, or what is wrong with the file. */
static const char *
load(struct server *s, const char *path, unsigned *line_r)
{
	struct odm_span rest, line;
	const char *why;

	if (!textfile_read(path, &s->text, &why))
		return why;
	rest = odm_strbuf_span(&s->text);
	s->size = 1024;
	while (s->size < rest.len / 16)
		s->size *= 2;
	s->table = calloc(s->size, sizeof(struct record *));
	if (s->table == NULL)
		return "out of memory";
	while (odm_span_next(&rest, '\n', &line)) {
		(*line_r)++;
		if (line.len > 0 && line.at[0] != '#' && !add_line(s, line))
			return "not NAME TXT TEXT or NAME A ADDRESS, or out of memory";
	}
	return NULL;
}

static void
put16(unsigned char *at, unsigned n)
{
	at[0] = (unsigned char)(n >> 8 & 0xff);
	at[1] = (unsigned char)(n & 0xff);
}

static void
put32(unsigned char *at, uint32_t n)
{
	put16(at, n >> 16);
	put16(at + 2, n & 0xffff);
}

/*
 * The name of the question as text. The octets behind it in the packet, 0 when there is
 * no question that we understand.
 */
static size_t
read_name(const unsigned char *packet, size_t len, char name_r[ODM_NAME_MAX + 2])
{
	size_t at = HEADER, out = 0, label;

	while (at < len && (label = packet[at]) != 0) {
		if (label > ODM_LABEL_MAX || at + 1 + label >= len ||
		    out + label + 1 > ODM_NAME_MAX + 1)
			return 0;
		memcpy(name_r + out, packet + at + 1, label);
		out += label;
		name_r[out++] = '.';
		at += 1 + label;
	}
	name_r[out > 0 ? out - 1 : 0] = '\0';
	return at + 5 <= len ? at + 1 : 0;
}

/* Octets of the data of a record on the wire, written to at; 0: it cannot be. */
static size_t
put_data(unsigned char *at, const struct record *r)
{
	char text[INET_ADDRSTRLEN];

	if (r->type == TYPE_TXT) {
		at[0] = (unsigned char)r->data.len;
		memcpy(at + 1, r->data.at, r->data.len);
		return 1 + r->data.len;
	}
	return odm_span_copy(r->data, text, sizeof(text)) && inet_pton(AF_INET, text, at) == 1 ?
	    4 : 0;
}

/* The fixed part of a record whose name stands at octet name of the packet. */
static void
put_fixed(unsigned char *at, size_t name, unsigned type, size_t data_len)
{
	put16(at, 0xc000u | (unsigned)name);
	put16(at + 2, type);
	put16(at + 4, 1);
	put32(at + 6, TTL_SECS);
	put16(at + 10, (unsigned)data_len);
}

/* The SOA of the root stands for that of every zone: names "." and five numbers. */
static size_t
put_soa(unsigned char *at, size_t root)
{
	put_fixed(at, root, TYPE_SOA, 22);
	at += RECORD_FIXED;
	*at++ = 0;
	*at++ = 0;
	for (unsigned i = 0; i < 5; i++, at += 4)
		put32(at, TTL_SECS);
	return RECORD_FIXED + 22;
}

/* Makes the question in packet its answer; the new length, 0 for no answer. */
static size_t
reply(const struct server *s, unsigned char *packet, size_t len, bool *is_late_r)
{
	char name[ODM_NAME_MAX + 2];
	size_t at = len > HEADER ? read_name(packet, len, name) : 0, end = at + 4, data;
	struct odm_span asked;
	unsigned type, answers = 0;
	bool exists = false;

	if (at == 0 || (packet[2] & 0x80) != 0 || packet[4] != 0 || packet[5] != 1)
		return 0;
	type = (unsigned)packet[at] << 8 | packet[at + 1];
	asked = odm_span_str(name);
	for (const struct record *r = *slot(s, asked); r != NULL; r = r->next) {
		if (!odm_span_same(r->name, asked))
			continue;
		exists = true;
		if (r->type != type || end + RECORD_FIXED + 256 > PACKET_MAX)
			continue;
		data = put_data(packet + end + RECORD_FIXED, r);
		put_fixed(packet + end, HEADER, type, data);
		end += RECORD_FIXED + data;
		answers++;
	}
	if (answers == 0)
		end += put_soa(packet + end, at - 1);
	/* QR, AA, the asker's RD, RA; then the counts. */
	packet[2] = (unsigned char)(0x84 | (packet[2] & 1));
	packet[3] = (unsigned char)(0x80 | (exists ? 0 : RCODE_NXDOMAIN));
	put16(packet + 6, answers);
	put16(packet + 8, answers == 0);
	put16(packet + 10, 0);
	*is_late_r = s->delay_ms > 0 && asked.len >= strlen(s->suffix) &&
	    strcasecmp(name + asked.len - strlen(s->suffix), s->suffix) == 0;
	return end;
}

static void
answer_one(struct server *s, unsigned char *packet, size_t len, const struct sockaddr_in *peer)
{
	bool is_late = false;
	struct late *late;

	len = reply(s, packet, len, &is_late);
	if (len == 0)
		return;
	if (!is_late) {
		(void)sendto(s->fd, packet, len, 0, (const struct sockaddr *)peer, sizeof(*peer));
		return;
	}
	late = malloc(sizeof(*late) + len);
	if (late == NULL)
		return;
	late->due_ms = now_ms() + s->delay_ms;
	late->peer = *peer;
	late->len = len;
	memcpy(late->packet, packet, len);
	STAILQ_INSERT_TAIL(&s->late, late, link);
}

static void
read_questions(struct server *s)
{
	unsigned char packet[PACKET_MAX];
	struct sockaddr_in peer;
	socklen_t peer_len;
	ssize_t got;

	for (int i = 0; i < BURST; i++) {
		peer_len = sizeof(peer);
		got = recvfrom(s->fd, packet, 512, MSG_DONTWAIT, (struct sockaddr *)&peer, &peer_len);
		if (got < 0)
			return;
		answer_one(s, packet, (size_t)got, &peer);
	}
}

static void
send_late(struct server *s)
{
	struct late *late;

	while ((late = STAILQ_FIRST(&s->late)) != NULL && late->due_ms <= now_ms()) {
		STAILQ_REMOVE_HEAD(&s->late, link);
		(void)sendto(s->fd, late->packet, late->len, 0, (struct sockaddr *)&late->peer,
		    sizeof(late->peer));
		free(late);
	}
}

static void
serve(struct server *s)
{
	struct pollfd p = { s->fd, POLLIN, 0 };
	const struct late *first;
	uint64_t now;

	for (;;) {
		first = STAILQ_FIRST(&s->late);
		now = now_ms();
		if (poll(&p, 1, first == NULL ? -1 : first->due_ms <= now ? 0 :
		    (int)(first->due_ms - now)) > 0)
			read_questions(s);
		send_late(s);
	}
}

/* Binds the socket; the port, 0 when that fails. */
static unsigned
listen_on(struct server *s, const char *address, unsigned port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	const int octets = RECEIVE_OCTETS;
	socklen_t len = sizeof(sin);

	s->fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (s->fd < 0 || inet_pton(AF_INET, address, &sin.sin_addr) != 1 ||
	    bind(s->fd, (struct sockaddr *)&sin, sizeof(sin)) != 0 ||
	    getsockname(s->fd, (struct sockaddr *)&sin, &len) != 0)
		return 0;
	(void)setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &octets, sizeof(octets));
	return ntohs(sin.sin_port);
}

int
main(int argc, char **argv)
{
	struct server s = { .fd = -1 };
	unsigned long long port, delay;
	unsigned line = 0;
	const char *why;

	if (argc != 6 || !odm_span_number(odm_span_str(argv[2]), 65535, &port) ||
	    !odm_span_number(odm_span_str(argv[3]), 60000, &delay)) {
		fprintf(stderr, "usage: slowdns ADDRESS PORT MSECS SUFFIX ZONEFILE\n");
		return 64;
	}
	s.delay_ms = delay;
	s.suffix = argv[4];
	STAILQ_INIT(&s.late);
	odm_strbuf_init(&s.text, FILE_MAX);
	why = load(&s, argv[5], &line);
	if (why != NULL) {
		fprintf(stderr, "slowdns: %s: line %u: %s\n", argv[5], line, why);
		return EXIT_FAILURE;
	}
	port = listen_on(&s, argv[1], (unsigned)port);
	if (port == 0) {
		fprintf(stderr, "slowdns: %s port %s: %s\n", argv[1], argv[2], strerror(errno));
		return EXIT_FAILURE;
	}
	printf("slowdns: ready on port %llu\n", port);
	(void)fflush(stdout);
	serve(&s);
}
