/*
 * redact.c - hides in a failure report who wrote to whom. RFC 6590.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <glib.h>

#include "common/failure.h"
#include "common/textfile.h"
#include "reports/redact.h"

#define HIDDEN	"[redacted]"

enum how {
	HOW_HIDE,		/* the name alone stays */
	HOW_KEEP,		/* says nothing about people */
	HOW_TEXT,		/* redacted as text */
	HOW_ADDRESSES,		/* the addresses alone, redacted */
	HOW_TAGS,		/* a signature: text, and z=, a copy of the header, goes */
	HOW_RECEIVED		/* text, and the comment with the name of an account goes */
};

/* Every field that is not here is hidden. */
static const struct rule {
	const char	*name;
	enum how	 how;
} rules[] = {
	{ "ARC-Authentication-Results",	HOW_TEXT },
	{ "ARC-Message-Signature",	HOW_TAGS },
	{ "ARC-Seal",			HOW_TAGS },
	{ "Authentication-Results",	HOW_TEXT },
	{ "Auto-Submitted",		HOW_KEEP },
	{ "Bcc",			HOW_ADDRESSES },
	{ "Cc",				HOW_ADDRESSES },
	{ "Content-Transfer-Encoding",	HOW_KEEP },
	{ "Date",			HOW_KEEP },
	{ "Delivered-To",		HOW_ADDRESSES },
	{ "DKIM-Signature",		HOW_TAGS },
	{ "Errors-To",			HOW_ADDRESSES },
	{ "From",			HOW_ADDRESSES },
	{ "Message-ID",			HOW_ADDRESSES },
	{ "MIME-Version",		HOW_KEEP },
	{ "Precedence",			HOW_KEEP },
	{ "Received",			HOW_RECEIVED },
	{ "Received-SPF",		HOW_TEXT },
	{ "Reply-To",			HOW_ADDRESSES },
	{ "Resent-Date",		HOW_KEEP },
	{ "Resent-From",		HOW_ADDRESSES },
	{ "Resent-Sender",		HOW_ADDRESSES },
	{ "Resent-To",			HOW_ADDRESSES },
	{ "Return-Path",		HOW_ADDRESSES },
	{ "Sender",			HOW_ADDRESSES },
	{ "To",				HOW_ADDRESSES },
	{ "User-Agent",			HOW_TEXT },
	{ "X-Mailer",			HOW_TEXT },
	{ "X-Original-To",		HOW_ADDRESSES },
};

static bool
fail(char *why, size_t why_size, const char *path, const char *text)
{
	(void)snprintf(why, why_size, "%s: %s", path, text);
	return false;
}

/* A second process that makes it at the same time finds it there. */
static bool
make_secret(const char *path)
{
	unsigned char secret[REPORT_SECRET_SIZE];
	char text[2 * REPORT_SECRET_SIZE + 2];
	bool okay;
	size_t i;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return errno == EEXIST;
	arc4random_buf(secret, sizeof(secret));
	for (i = 0; i < sizeof(secret); i++)
		(void)snprintf(text + 2 * i, 3, "%02x", secret[i]);
	text[2 * sizeof(secret)] = '\n';
	okay = write(fd, text, sizeof(text) - 1) == (ssize_t)sizeof(text) - 1;
	if (close(fd) != 0 || !okay) {
		(void)unlink(path);
		return false;
	}
	return true;
}

static int
hex_value(char c)
{
	if (odm_is_digit(c))
		return c - '0';
	c = odm_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool
report_redact_open(const char *path, struct report_redact *r_r, char *why, size_t why_size)
{
	struct odm_strbuf text;
	struct odm_span hex;
	const char *reason;
	bool okay;
	size_t i;

	if (access(path, F_OK) != 0 && errno == ENOENT && !make_secret(path))
		return fail(why, why_size, path, strerror(errno));
	odm_strbuf_init(&text, 1000);
	if (!textfile_read(path, &text, &reason)) {
		odm_strbuf_free(&text);
		return fail(why, why_size, path, reason);
	}
	hex = odm_span_trim(odm_strbuf_span(&text));
	okay = hex.len == 2 * (size_t)REPORT_SECRET_SIZE;
	for (i = 0; okay && i < REPORT_SECRET_SIZE; i++) {
		int high = hex_value(hex.at[2 * i]), low = hex_value(hex.at[2 * i + 1]);

		okay = high >= 0 && low >= 0;
		if (okay)
			r_r->secret[i] = (unsigned char)(high << 4 | low);
	}
	odm_strbuf_free(&text);
	return okay || fail(why, why_size, path, "it does not hold 64 hexadecimal digits; remove "
	    "it, and a new secret is made");
}

void
report_redact_token(const struct report_redact *r, struct odm_span text,
    char token_r[REPORT_TOKEN_LEN + 1])
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
	GHmac *hmac = g_hmac_new(G_CHECKSUM_SHA256, r->secret, sizeof(r->secret));
	unsigned char sum[32];
	gsize len = sizeof(sum);
	unsigned bits = 0, nbits = 0;
	size_t i, used = 0;

	for (i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)odm_lower(text.at[i]);

		g_hmac_update(hmac, &c, 1);
	}
	g_hmac_get_digest(hmac, sum, &len);
	g_hmac_unref(hmac);
	for (i = 0; i < REPORT_TOKEN_LEN; i++) {
		if (nbits < 5) {
			bits = (bits << 8 | sum[used++]) & 0xFFFF;
			nbits += 8;
		}
		nbits -= 5;
		token_r[i] = digits[(bits >> nbits) & 31];
	}
	token_r[REPORT_TOKEN_LEN] = '\0';
}

/* What the part of an address before "@" is made of, when it is not quoted. */
static bool
is_local_char(char c)
{
	return odm_is_alnum(c) || (unsigned char)c >= 0x80 ||
	    (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~.", c) != NULL);
}

/* The end of the quoted string that begins at i, when "@" follows it; else 0. */
static size_t
quoted_end(struct odm_span s, size_t i)
{
	if (i > 0 && s.at[i - 1] == '\\')
		return 0;
	for (i++; i < s.len && s.at[i] != '"'; i++)
		if (s.at[i] == '\\')
			i++;
	return i + 1 < s.len && s.at[i + 1] == '@' ? i + 1 : 0;
}

/*
 * Where the part before the "@" at `at` begins, not before from; at when there is none. Of
 * "tag=user@host", as in signatures and results, "tag=" is no part of it, but it is of
 * "bounce-user=host@host": so only names that those fields use are cut off.
 */
static size_t
local_start(struct odm_span s, size_t from, size_t at)
{
	static const char *const keys[] = { "i=", "smtp.mailfrom=", "smtp.helo=", "smtp.rcptto=",
	    "header.i=", "header.from=", "header.d=", "smtp.auth=", "envelope-from=",
	    "identity=", "mailfrom=", "receiver=", "x-env-sender=" };
	size_t start = at, i, len;

	while (start > from && is_local_char(s.at[start - 1]))
		start--;
	while (start < at && s.at[start] == '/')
		start++;
	for (i = 0; i < COUNT(keys); i++) {
		len = strlen(keys[i]);
		if (at - start >= len &&
		    odm_span_ieq(odm_span_sub(s, start, start + len), keys[i]))
			return start + len;
	}
	return start;
}

/*
 * Finds the next address behind from: *start_r where it begins, *at_r its "@". False when
 * there is no further "@".
 */
static bool
next_address(struct odm_span s, size_t from, size_t *start_r, size_t *at_r)
{
	size_t i, end;

	for (i = from; i < s.len; i++) {
		if (s.at[i] == '"' && (end = quoted_end(s, i)) > 0) {
			*start_r = i;
			*at_r = end;
			return true;
		}
		if (s.at[i] == '@') {
			*start_r = local_start(s, from, i);
			*at_r = i;
			return true;
		}
	}
	return false;
}

/* Appends text without addresses, http as hxxp. */
static void
add_plain(struct odm_span s, struct odm_strbuf *out)
{
	size_t i, from = 0;

	for (i = 0; i + 5 <= s.len; i++) {
		if (!odm_span_ieq(odm_span_sub(s, i, i + 4), "http") ||
		    (s.at[i + 4] != ':' && odm_lower(s.at[i + 4]) != 's'))
			continue;
		odm_strbuf_add(out, odm_span_sub(s, from, i));
		odm_strbuf_adds(out, "hxxp");
		from = i + 4;
	}
	odm_strbuf_add(out, odm_span_sub(s, from, s.len));
}

void
report_redact_text(const struct report_redact *r, struct odm_span text, struct odm_strbuf *out)
{
	char token[REPORT_TOKEN_LEN + 1];
	size_t from = 0, at, start;

	while (next_address(text, from, &start, &at)) {
		add_plain(odm_span_sub(text, from, start), out);
		if (start < at) {
			report_redact_token(r, odm_span_sub(text, start, at), token);
			odm_strbuf_adds(out, token);
		}
		odm_strbuf_addc(out, '@');
		from = at + 1;
	}
	add_plain(odm_span_sub(text, from, text.len), out);
}

/* Where the domain that begins at from ends. */
static size_t
domain_end(struct odm_span s, size_t from)
{
	while (from < s.len && (odm_is_alnum(s.at[from]) || (unsigned char)s.at[from] >= 0x80 ||
	    (s.at[from] != '\0' && strchr(".-_[]:", s.at[from]) != NULL)))
		from++;
	return from;
}

/* The addresses of a field, one behind the other, without names and comments. */
static void
add_addresses(const struct report_redact *r, struct odm_span s, struct odm_strbuf *out)
{
	char token[REPORT_TOKEN_LEN + 1];
	size_t from = 0, at, start, end, n = 0;

	for (; next_address(s, from, &start, &at); from = end) {
		end = domain_end(s, at + 1);
		if (start == at || end == at + 1)
			continue;
		report_redact_token(r, odm_span_sub(s, start, at), token);
		odm_strbuf_addf(out, "%s<%s", n++ > 0 ? ",\n " : "", token);
		odm_strbuf_add(out, odm_span_sub(s, at, end));
		odm_strbuf_addc(out, '>');
	}
	if (n == 0)
		odm_strbuf_adds(out, HIDDEN);
}

/* A tag list without its z=. RFC 6376, 3.5. */
static void
add_tags(const struct report_redact *r, struct odm_span s, struct odm_strbuf *out)
{
	struct odm_span tag, name;
	size_t n = 0;

	while (odm_span_next(&s, ';', &tag)) {
		name = odm_span_trim(odm_span_sub(tag, 0, odm_span_find(tag, '=')));
		if (odm_span_ieq(name, "z"))
			continue;
		if (n++ > 0)
			odm_strbuf_addc(out, ';');
		report_redact_text(r, tag, out);
	}
}

/* "(Authenticated sender: joe)" names an account, with or without a domain. */
static void
add_received(const struct report_redact *r, struct odm_span s, struct odm_strbuf *out)
{
	static const char mark[] = "(authenticated ";
	size_t i, len = sizeof(mark) - 1, from = 0;

	for (i = 0; i + len <= s.len; i++) {
		if (!odm_span_ieq(odm_span_sub(s, i, i + len), mark))
			continue;
		report_redact_text(r, odm_span_sub(s, from, i), out);
		odm_strbuf_adds(out, "(authenticated)");
		while (i < s.len && s.at[i] != ')')
			i++;
		from = i < s.len ? i + 1 : i;
	}
	report_redact_text(r, odm_span_sub(s, from, s.len), out);
}

static enum how
how_of(struct odm_span name)
{
	size_t i;

	for (i = 0; i < COUNT(rules); i++)
		if (odm_span_ieq(name, rules[i].name))
			return rules[i].how;
	return HOW_HIDE;
}

void
report_redact_header(const struct report_redact *r, struct odm_span header,
    struct odm_strbuf *out)
{
	struct odm_span name, value;

	while (failure_field(&header, &name, &value)) {
		odm_strbuf_add(out, name);
		odm_strbuf_adds(out, ": ");
		value = odm_span_trim(value);
		switch (how_of(name)) {
		case HOW_HIDE:
			odm_strbuf_adds(out, HIDDEN);
			break;
		case HOW_KEEP:
		case HOW_TEXT:
			report_redact_text(r, value, out);
			break;
		case HOW_ADDRESSES:
			add_addresses(r, value, out);
			break;
		case HOW_TAGS:
			add_tags(r, value, out);
			break;
		case HOW_RECEIVED:
			add_received(r, value, out);
			break;
		}
		odm_strbuf_addc(out, '\n');
	}
}
