/*
 * verp.c - senders that name a recipient. Letter case in an address may change on the
 * way, so everything is compared and hashed in lower case.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <glib.h>

#include "common/textfile.h"
#include "reports/mail.h"
#include "reports/verp.h"

#define LOCAL_PART_MAX	64	/* RFC 5321, 4.5.3.1.1 */
#define KEY_FILE_MAX	1000

/* The two halves of an address, in lower case. */
struct parts {
	char		 text[ODM_URI_ADDRESS_MAX + 1];
	struct odm_span	 local, domain;
};

static bool
split(const char *address, struct parts *p_r)
{
	size_t at, i;

	if (!report_mail_address_okay(odm_span_str(address)) ||
	    !odm_span_copy(odm_span_str(address), p_r->text, sizeof(p_r->text)))
		return false;
	for (i = 0; p_r->text[i] != '\0'; i++)
		p_r->text[i] = odm_lower(p_r->text[i]);
	p_r->domain = odm_span_str(p_r->text);
	at = odm_span_rfind(p_r->domain, '@');
	p_r->local = odm_span_sub(p_r->domain, 0, at);
	p_r->domain = odm_span_sub(p_r->domain, at + 1, p_r->domain.len);
	return true;
}

/* Reads 64 hexadecimal digits. */
static bool
read_hex(struct odm_span text, struct report_verp_key *key_r)
{
	size_t i;

	if (text.len != 2 * REPORT_VERP_KEY_LEN)
		return false;
	for (i = 0; i < text.len; i++) {
		int digit = g_ascii_xdigit_value(text.at[i]);

		if (digit < 0)
			return false;
		key_r->octets[i / 2] = (unsigned char)(i % 2 == 0 ? digit << 4 :
		    key_r->octets[i / 2] | digit);
	}
	return true;
}

/* Makes the file with a random key. 0, or -1 with errno. */
static int
make_file(const char *path)
{
	char text[2 * REPORT_VERP_KEY_LEN + 2];
	unsigned char octets[REPORT_VERP_KEY_LEN];
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), saved;
	bool written;
	size_t i;

	if (fd < 0)
		return -1;
	arc4random_buf(octets, sizeof(octets));
	for (i = 0; i < sizeof(octets); i++)
		(void)snprintf(text + 2 * i, 3, "%02x", octets[i]);
	text[sizeof(text) - 2] = '\n';
	written = write(fd, text, sizeof(text) - 1) == (ssize_t)sizeof(text) - 1;
	saved = written ? 0 : errno == 0 ? EIO : errno;
	if (close(fd) != 0 && written)
		return -1;
	errno = saved;
	if (!written)
		(void)unlink(path);
	return written ? 0 : -1;
}

bool
report_verp_key_read(const char *path, bool make, struct report_verp_key *key_r, char *why,
    size_t why_size)
{
	struct odm_strbuf text;
	struct odm_span rest, line;
	struct report_verp_key key;
	const char *reason = "it does not hold 64 hexadecimal digits";
	bool okay;

	if (make && make_file(path) != 0 && errno != EEXIST) {
		(void)snprintf(why, why_size, "--verp-key-file %s: %s", path, strerror(errno));
		return false;
	}
	odm_strbuf_init(&text, KEY_FILE_MAX);
	okay = textfile_read(path, &text, &reason);
	if (okay) {
		rest = odm_strbuf_span(&text);
		okay = textfile_line(&rest, &line) && read_hex(line, &key);
	}
	odm_strbuf_free(&text);
	if (okay)
		*key_r = key;
	else
		(void)snprintf(why, why_size, "--verp-key-file %s: %s", path, reason);
	return okay;
}

/* The token of an address that is in lower case. */
static void
make_token(const struct report_verp_key *key, const char *address,
    char token_r[REPORT_VERP_TOKEN_LEN + 1])
{
	char *sum = g_compute_hmac_for_string(G_CHECKSUM_SHA256, key->octets,
	    sizeof(key->octets), address, -1);

	(void)strlcpy(token_r, sum, REPORT_VERP_TOKEN_LEN + 1);
	g_free(sum);
}

void
report_verp_sender(const struct report_verp_key *key, const char *email,
    const char *recipient, char sender_r[ODM_URI_ADDRESS_MAX + 1])
{
	char token[REPORT_VERP_TOKEN_LEN + 1], sender[2 * ODM_URI_ADDRESS_MAX + 50];
	struct odm_span whole = odm_span_str(email);
	size_t at = odm_span_rfind(whole, '@');
	struct parts to;
	int local;

	(void)strlcpy(sender_r, email, ODM_URI_ADDRESS_MAX + 1);
	if (!split(recipient, &to))
		return;
	make_token(key, to.text, token);
	local = snprintf(sender, sizeof(sender), "%.*s+%.*s=%.*s-%s", (int)at, email,
	    (int)to.local.len, to.local.at, (int)to.domain.len, to.domain.at, token);
	if (local > LOCAL_PART_MAX || memchr(to.local.at, '=', to.local.len) != NULL)
		local = snprintf(sender, sizeof(sender), "%.*s+%s", (int)at, email, token);
	if (local <= 0 || local > LOCAL_PART_MAX ||
	    (size_t)local + whole.len - at > ODM_URI_ADDRESS_MAX)
		return;		/* an address as long as this cannot carry more */
	(void)strlcpy(sender + local, email + at, sizeof(sender) - (size_t)local);
	(void)strlcpy(sender_r, sender, ODM_URI_ADDRESS_MAX + 1);
}

/*
 * True when token is that of address, in lower case. Takes the same time wherever they
 * differ, so that nobody can find a token digit by digit.
 */
static bool
token_fits(const struct report_verp_key *key, const char *address, struct odm_span token)
{
	char want[REPORT_VERP_TOKEN_LEN + 1];
	unsigned char differ = 0;
	size_t i;

	if (token.len != REPORT_VERP_TOKEN_LEN)
		return false;
	make_token(key, address, want);
	for (i = 0; i < token.len; i++)
		differ |= (unsigned char)(token.at[i] ^ want[i]);
	return differ == 0;
}

bool
report_verp_recipient(const struct report_verp_key *key, const char *email,
    const char *sender, const char *hint, char recipient_r[ODM_URI_ADDRESS_MAX + 1])
{
	struct parts own, from, to;
	struct odm_span rest, token;
	char address[ODM_URI_ADDRESS_MAX + 2];
	size_t equals;

	if (!split(email, &own) || !split(sender, &from) ||
	    !odm_span_same(own.domain, from.domain) || from.local.len <= own.local.len + 1 ||
	    memcmp(from.local.at, own.local.at, own.local.len) != 0 ||
	    from.local.at[own.local.len] != '+')
		return false;
	rest = odm_span_sub(from.local, own.local.len + 1, from.local.len);
	if (rest.len < REPORT_VERP_TOKEN_LEN)
		return false;
	token = odm_span_sub(rest, rest.len - REPORT_VERP_TOKEN_LEN, rest.len);
	rest = odm_span_sub(rest, 0, rest.len - REPORT_VERP_TOKEN_LEN);
	if (rest.len == 0) {
		if (hint == NULL || !split(hint, &to))
			return false;
	} else {
		equals = odm_span_rfind(rest, '=');
		if (equals == rest.len || rest.at[rest.len - 1] != '-' ||
		    snprintf(address, sizeof(address), "%.*s@%.*s", (int)equals, rest.at,
		    (int)(rest.len - equals - 2), rest.at + equals + 1) < 0 ||
		    !split(address, &to))
			return false;
	}
	if (!token_fits(key, to.text, token))
		return false;
	(void)strlcpy(recipient_r, to.text, ODM_URI_ADDRESS_MAX + 1);
	return true;
}
