/*
 * loadmta.c - milter packets out, replies in.
 */
#include <arpa/inet.h>
#include <sys/time.h>
#include <sys/un.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <unistd.h>
#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>

#include "tests/bench/loadmta.h"

#define REPLY_SECS	60	/* a filter that is silent for so long is broken */
#define OUT_MAX		(4 * 1024 * 1024)
#define STEPS_OFFERED	0x1fffffu
#define ACTIONS_OFFERED	0x1ffu
#define VERSION		6u

/* A command: whether the filter wants it at all, and whether it answers it. */
struct step {
	char		 code;
	uint32_t	 unwanted, silent;
};

static const struct step
	step_connect = { SMFIC_CONNECT, SMFIP_NOCONNECT, SMFIP_NR_CONN },
	step_helo = { SMFIC_HELO, SMFIP_NOHELO, SMFIP_NR_HELO },
	step_mail = { SMFIC_MAIL, SMFIP_NOMAIL, SMFIP_NR_MAIL },
	step_rcpt = { SMFIC_RCPT, SMFIP_NORCPT, SMFIP_NR_RCPT },
	step_data = { SMFIC_DATA, SMFIP_NODATA, SMFIP_NR_DATA },
	step_header = { SMFIC_HEADER, SMFIP_NOHDRS, SMFIP_NR_HDR },
	step_eoh = { SMFIC_EOH, SMFIP_NOEOH, SMFIP_NR_EOH },
	step_body = { SMFIC_BODY, SMFIP_NOBODY, SMFIP_NR_BODY },
	step_end = { SMFIC_BODYEOB, 0, 0 };

bool
loadmta_address(const char *socket, struct sockaddr_storage *ss_r, socklen_t *len_r)
{
	struct odm_span all = odm_span_str(socket), port;
	struct sockaddr_un *sun = (struct sockaddr_un *)ss_r;
	struct sockaddr_in *sin = (struct sockaddr_in *)ss_r;
	unsigned long long number;
	char host[64];
	size_t at;

	*ss_r = (struct sockaddr_storage){ .ss_family = AF_UNSPEC };
	if (strncmp(socket, "unix:", 5) == 0) {
		sun->sun_family = AF_UNIX;
		*len_r = sizeof(*sun);
		return odm_span_copy(odm_span_sub(all, 5, all.len), sun->sun_path,
		    sizeof(sun->sun_path));
	}
	at = odm_span_find(all, '@');
	if (strncmp(socket, "inet:", 5) != 0 || at == all.len)
		return false;
	port = odm_span_sub(all, 5, at);
	sin->sin_family = AF_INET;
	*len_r = sizeof(*sin);
	if (!odm_span_number(port, 65535, &number) ||
	    !odm_span_copy(odm_span_sub(all, at + 1, all.len), host, sizeof(host)))
		return false;
	sin->sin_port = htons((uint16_t)number);
	return inet_pton(AF_INET, host, &sin->sin_addr) == 1;
}

void
loadmta_init(struct loadmta *m)
{
	*m = (struct loadmta){ .fd = -1 };
	odm_strbuf_init(&m->out, OUT_MAX);
}

static bool
broken(struct loadmta *m, const char *what, int error)
{
	(void)snprintf(m->why, sizeof(m->why), "%s: %s", what,
	    error != 0 ? strerror(error) : "the filter closed the connection");
	return false;
}

static bool
flush(struct loadmta *m)
{
	size_t done = 0;
	ssize_t n;

	if (m->out.failed)
		return broken(m, "write", ENOMEM);
	while (done < m->out.len) {
		n = send(m->fd, m->out.at + done, m->out.len - done, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return broken(m, "write", errno);
		done += (size_t)n;
	}
	odm_strbuf_clear(&m->out);
	return true;
}

static void
add_number(struct odm_strbuf *b, uint32_t n)
{
	n = htonl(n);
	odm_strbuf_add(b, (struct odm_span){ (const char *)&n, sizeof(n) });
}

/* Queues a packet: code, prefix, then texts that each end in NUL. */
static void
put(struct loadmta *m, char code, const char *prefix, const struct odm_span *texts, size_t count)
{
	size_t len = 1 + strlen(prefix);

	for (size_t i = 0; i < count; i++)
		len += texts[i].len + 1;
	add_number(&m->out, (uint32_t)len);
	odm_strbuf_addc(&m->out, code);
	odm_strbuf_adds(&m->out, prefix);
	for (size_t i = 0; i < count; i++) {
		odm_strbuf_add(&m->out, texts[i]);
		odm_strbuf_addc(&m->out, '\0');
	}
}

/* Makes n octets readable at m->in + m->in_at. */
static bool
need(struct loadmta *m, size_t n)
{
	ssize_t got;

	if (n > sizeof(m->in))
		return broken(m, "reply", EMSGSIZE);
	if (m->in_end - m->in_at >= n)
		return true;
	memmove(m->in, m->in + m->in_at, m->in_end - m->in_at);
	m->in_end -= m->in_at;
	m->in_at = 0;
	while (m->in_end < n) {
		got = recv(m->fd, m->in + m->in_end, sizeof(m->in) - m->in_end, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return broken(m, "read", got < 0 ? errno : 0);
		m->in_end += (size_t)got;
	}
	return true;
}

/* The next reply; *data_r lives until the next one. */
static bool
get(struct loadmta *m, char *code_r, struct odm_span *data_r)
{
	uint32_t len;

	if (!need(m, sizeof(len)))
		return false;
	memcpy(&len, m->in + m->in_at, sizeof(len));
	len = ntohl(len);
	if (len == 0 || !need(m, sizeof(len) + len))
		return len != 0 ? false : broken(m, "reply", EPROTO);
	*code_r = (char)m->in[m->in_at + sizeof(len)];
	*data_r = (struct odm_span){ (const char *)m->in + m->in_at + sizeof(len) + 1, len - 1 };
	m->in_at += sizeof(len) + len;
	return true;
}

/* Keeps what a field that the filter adds says about DMARC. */
static void
note_field(struct loadmta *m, struct odm_span field)
{
	size_t name = odm_span_find(field, '\0'), end = 0;
	const char *found;

	if (name == field.len ||
	    !odm_span_ieq(odm_span_sub(field, 0, name), "Authentication-Results"))
		return;
	field = odm_span_sub(field, name + 1, field.len);
	found = memmem(field.at, field.len, "dmarc=", 6);
	if (found == NULL)
		return;
	field = odm_span_sub(field, (size_t)(found - field.at) + 6, field.len);
	while (end < field.len && odm_is_alpha(field.at[end]))
		end++;
	(void)odm_span_copy(odm_span_sub(field, 0, end), m->result, sizeof(m->result));
}

/* Reads up to the reply to a command, taking in the changes before it. */
static enum loadmta_answer
verdict(struct loadmta *m)
{
	struct odm_span data;
	char code;

	while (get(m, &code, &data)) {
		switch (code) {
		case SMFIR_CONTINUE:
		case SMFIR_SKIP:
			return LOADMTA_GO_ON;
		case SMFIR_ACCEPT:
			return LOADMTA_ACCEPTED;
		case SMFIR_REJECT:
			return LOADMTA_REJECTED;
		case SMFIR_TEMPFAIL:
			return LOADMTA_TEMPFAILED;
		case SMFIR_DISCARD:
			return LOADMTA_DISCARDED;
		case SMFIR_REPLYCODE:
			return data.len > 0 && data.at[0] == '4' ? LOADMTA_TEMPFAILED :
			    LOADMTA_REJECTED;
		case SMFIR_INSHEADER:
			if (data.len > sizeof(uint32_t))
				note_field(m, odm_span_sub(data, sizeof(uint32_t), data.len));
			break;
		case SMFIR_ADDHEADER:
			note_field(m, data);
			break;
		case SMFIR_CHGHEADER:
		case SMFIR_QUARANTINE:
		case SMFIR_PROGRESS:
			break;
		default:
			(void)broken(m, "reply", EPROTO);
			return LOADMTA_BROKEN;
		}
	}
	return LOADMTA_BROKEN;
}

/* What the filter says to the command queued last. */
static enum loadmta_answer
hear(struct loadmta *m, const struct step *step)
{
	if ((m->steps & step->silent) != 0)
		return LOADMTA_GO_ON;
	return flush(m) ? verdict(m) : LOADMTA_BROKEN;
}

/* One command and what the filter says to it; macros are names and values in turn. */
static enum loadmta_answer
say(struct loadmta *m, const struct step *step, const struct odm_span *texts, size_t count,
    const struct odm_span *macros, size_t nmacros)
{
	if ((m->steps & step->unwanted) != 0)
		return LOADMTA_GO_ON;
	if (nmacros > 0)
		put(m, SMFIC_MACRO, (char[]){ step->code, '\0' }, macros, nmacros);
	put(m, step->code, "", texts, count);
	return hear(m, step);
}

/* The body in one packet; its lines end in CRLF there. */
static enum loadmta_answer
say_body(struct loadmta *m, struct odm_span body)
{
	size_t len = 1 + body.len;

	if ((m->steps & step_body.unwanted) != 0)
		return LOADMTA_GO_ON;
	for (size_t i = 0; i < body.len; i++)
		len += body.at[i] == '\n';
	add_number(&m->out, (uint32_t)len);
	odm_strbuf_addc(&m->out, step_body.code);
	for (size_t i = 0; i < body.len; i++) {
		if (body.at[i] == '\n')
			odm_strbuf_addc(&m->out, '\r');
		odm_strbuf_addc(&m->out, body.at[i]);
	}
	return hear(m, &step_body);
}

static bool
negotiate(struct loadmta *m)
{
	struct odm_span data;
	uint32_t chosen[3];
	char code;

	add_number(&m->out, 1 + sizeof(chosen));
	odm_strbuf_addc(&m->out, SMFIC_OPTNEG);
	add_number(&m->out, VERSION);
	add_number(&m->out, ACTIONS_OFFERED);
	add_number(&m->out, STEPS_OFFERED);
	if (!flush(m) || !get(m, &code, &data))
		return false;
	if (code != SMFIC_OPTNEG || data.len < sizeof(chosen))
		return broken(m, "negotiation", EPROTO);
	memcpy(chosen, data.at, sizeof(chosen));
	m->steps = ntohl(chosen[2]);
	return true;
}

bool
loadmta_open(struct loadmta *m, const struct sockaddr_storage *ss, socklen_t len)
{
	const struct timeval limit = { REPLY_SECS, 0 };
	const int on = 1;

	odm_strbuf_clear(&m->out);
	m->in_at = m->in_end = 0;
	m->greeted = m->accepted = false;
	m->fd = socket(ss->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (m->fd < 0)
		return broken(m, "socket", errno);
	(void)setsockopt(m->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	(void)setsockopt(m->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (ss->ss_family != AF_UNIX)
		(void)setsockopt(m->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(m->fd, (const struct sockaddr *)ss, len) != 0)
		return broken(m, "connect", errno);
	return negotiate(m);
}

void
loadmta_close(struct loadmta *m)
{
	if (m->fd < 0)
		return;
	odm_strbuf_clear(&m->out);
	put(m, SMFIC_QUIT, "", NULL, 0);
	(void)flush(m);
	(void)close(m->fd);
	m->fd = -1;
}

void
loadmta_free(struct loadmta *m)
{
	loadmta_close(m);
	odm_strbuf_free(&m->out);
}

/* connect and helo, once for each connection. */
static enum loadmta_answer
greet(struct loadmta *m, const struct loadmsg *msg)
{
	const struct odm_span macros[] = {
		odm_span_str("j"), odm_span_str("mx.bench.example"),
		odm_span_str("{daemon_name}"), odm_span_str("smtpd"),
		odm_span_str("v"), odm_span_str("loadmta"),
	};
	struct odm_span connect[2] = { msg->helo };
	char address[64];
	enum loadmta_answer a;
	int n;

	/* Family "4", port 0x3039 in network order, which is "09" too, and the address. */
	n = snprintf(address, sizeof(address), "409%.*s", (int)msg->client.len, msg->client.at);
	if (n < 0 || (size_t)n >= sizeof(address)) {
		(void)broken(m, "client address", EINVAL);
		return LOADMTA_BROKEN;
	}
	connect[1] = odm_span_str(address);
	m->greeted = true;
	a = say(m, &step_connect, connect, COUNT(connect), macros, COUNT(macros));
	return a != LOADMTA_GO_ON ? a : say(m, &step_helo, &msg->helo, 1, NULL, 0);
}

static enum loadmta_answer
envelope(struct loadmta *m, const struct loadmsg *msg)
{
	const struct odm_span macros[] = {
		odm_span_str("i"), odm_span_str(msg->job), odm_span_str("{mail_addr}"), msg->from,
	};
	struct odm_span to = odm_span_str("<rcpt@bench.example>"), from;
	char brackets[512];
	enum loadmta_answer a;
	int n;

	n = snprintf(brackets, sizeof(brackets), "<%.*s>", (int)msg->from.len, msg->from.at);
	if (n < 0 || (size_t)n >= sizeof(brackets)) {
		(void)broken(m, "from", EINVAL);
		return LOADMTA_BROKEN;
	}
	from = odm_span_str(brackets);
	a = say(m, &step_mail, &from, 1, macros, COUNT(macros));
	if (a == LOADMTA_GO_ON)
		a = say(m, &step_rcpt, &to, 1, macros, 2);
	return a != LOADMTA_GO_ON ? a : say(m, &step_data, NULL, 0, macros, 2);
}

static enum loadmta_answer
content(struct loadmta *m, const struct loadmsg *msg)
{
	const struct odm_span macros[] = { odm_span_str("i"), odm_span_str(msg->job) };
	struct odm_span rest = msg->header, field[2];
	enum loadmta_answer a = LOADMTA_GO_ON;

	while (a == LOADMTA_GO_ON && loadmsg_field(&rest, &field[0], &field[1]))
		a = say(m, &step_header, field, COUNT(field), NULL, 0);
	if (a == LOADMTA_GO_ON)
		a = say(m, &step_eoh, NULL, 0, NULL, 0);
	if (a == LOADMTA_GO_ON && msg->body.len > 0)
		a = say_body(m, msg->body);
	return a != LOADMTA_GO_ON ? a : say(m, &step_end, NULL, 0, macros, COUNT(macros));
}

enum loadmta_answer
loadmta_message(struct loadmta *m, const struct loadmsg *msg)
{
	enum loadmta_answer a = LOADMTA_GO_ON;

	m->result[0] = '\0';
	if (!m->greeted) {
		a = greet(m, msg);
		m->accepted = a == LOADMTA_ACCEPTED;
	}
	if (m->accepted)
		return LOADMTA_ACCEPTED;
	if (a == LOADMTA_GO_ON)
		a = envelope(m, msg);
	if (a == LOADMTA_GO_ON)
		a = content(m, msg);
	/* "continue" after the end of the message means that it is delivered. */
	return a == LOADMTA_GO_ON ? LOADMTA_ACCEPTED : a;
}
