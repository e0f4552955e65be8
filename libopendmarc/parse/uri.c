/*
 * uri.c - reading the URI lists of rua and ruf. RFC 9989, 4.6 to 4.8; RFC 3986;
 * RFC 6068. An address read here goes into SMTP commands and header fields, so
 * it must be nothing but an address.
 */
#include <assert.h>

#include "libopendmarc/base/domain.h"
#include "libopendmarc/parse/uri.h"

static int
hex_digit(char c)
{
	if (odm_is_digit(c))
		return c - '0';
	c = odm_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* An octet that is %XX at i; -1 when it is not. */
static int
percent_octet(struct odm_span s, size_t i)
{
	int high, low;

	if (s.len - i < 3 || s.at[i] != '%')
		return -1;
	high = hex_digit(s.at[i + 1]);
	low = hex_digit(s.at[i + 2]);
	return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* RFC 3986, 2: unreserved, reserved and %XX; "!" must come as %21 (RFC 9989, 4.8). */
static bool
is_uri_text(struct odm_span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] == '\0')
			return false;
		if (s.at[i] == '%' ? percent_octet(s, i) < 0 :
		    !odm_is_alnum(s.at[i]) && strchr("-._~:/?#[]@$&'()*+;=", s.at[i]) == NULL)
			return false;
	}
	return true;
}

/* Without "!10m": an obsolete size is digits and perhaps a unit (RFC 9989, 4.8). */
static struct odm_span
drop_size(struct odm_span uri)
{
	size_t mark = odm_span_rfind(uri, '!'), at = mark + 1;

	if (mark == uri.len || at == uri.len || !odm_is_digit(uri.at[at]))
		return uri;
	while (at < uri.len && odm_is_digit(uri.at[at]))
		at++;
	if (at < uri.len && strchr("kmgt", odm_lower(uri.at[at])) != NULL && uri.at[at] != '\0')
		at++;
	return at == uri.len ? odm_span_sub(uri, 0, mark) : uri;
}

/* Cuts "scheme:" off *uri_r. False when it is not there. */
static bool
take_scheme(struct odm_span *uri_r, struct odm_span *scheme_r)
{
	size_t colon = odm_span_find(*uri_r, ':');

	if (colon == uri_r->len || colon == 0 || !odm_is_alpha(uri_r->at[0]))
		return false;
	for (size_t i = 1; i < colon; i++)
		if (!odm_is_alnum(uri_r->at[i]) && uri_r->at[i] != '+' &&
		    uri_r->at[i] != '-' && uri_r->at[i] != '.')
			return false;
	*scheme_r = odm_span_sub(*uri_r, 0, colon);
	*uri_r = odm_span_sub(*uri_r, colon + 1, uri_r->len);
	return true;
}

/* The part of s before the first octet that stands in stops. */
static struct odm_span
before_any(struct odm_span s, const char *stops)
{
	for (; *stops != '\0'; stops++)
		s = odm_span_sub(s, 0, odm_span_find(s, *stops));
	return s;
}

/* Decodes %XX into buf. False when it does not fit or is not printable ASCII. */
static bool
percent_decode(struct odm_span s, char *buf, size_t size)
{
	size_t len = 0;

	for (size_t i = 0; i < s.len; i++) {
		int c = s.at[i];

		if (c == '%') {
			c = percent_octet(s, i);
			i += 2;
		}
		if (c <= 0x20 || c >= 0x7f || len + 1 >= size)
			return false;
		buf[len++] = (char)c;
	}
	buf[len] = '\0';
	return true;
}

/*
 * RFC 5322 atext and dots. Quoted local parts are refused: no reporting
 * address needs one, and what they may hold reads as syntax elsewhere.
 */
static bool
is_plain_local_part(struct odm_span local)
{
	if (local.len == 0 || local.at[0] == '-')
		return false;
	for (size_t i = 0; i < local.len; i++)
		if (!odm_is_alnum(local.at[i]) &&
		    strchr(".!#$%&'*+-/=?^_`{|}~", local.at[i]) == NULL)
			return false;
	return true;
}

static bool
read_mailto(struct odm_span rest, struct odm_uri *uri)
{
	struct odm_span address;
	size_t at;

	if (!percent_decode(before_any(rest, "?#"), uri->address, sizeof(uri->address)))
		return false;
	address = odm_span_str(uri->address);
	at = odm_span_find(address, '@');
	if (at == address.len || at != odm_span_rfind(address, '@') ||
	    !is_plain_local_part(odm_span_sub(address, 0, at)) ||
	    !odm_domain_normalise(odm_span_sub(address, at + 1, address.len), uri->host))
		return false;
	/* SMTP knows no final dot (RFC 5321, 4.1.2). */
	if (address.at[address.len - 1] == '.')
		uri->address[address.len - 1] = '\0';
	return true;
}

/* No user information and no address literals: there is nobody to ask about them. */
static bool
read_https(struct odm_span whole, struct odm_span rest, struct odm_uri *uri)
{
	struct odm_span host, port;
	size_t colon;

	if (rest.len < 2 || rest.at[0] != '/' || rest.at[1] != '/' ||
	    !odm_span_copy(whole, uri->address, sizeof(uri->address)))
		return false;
	host = before_any(odm_span_sub(rest, 2, rest.len), "/?#");
	colon = odm_span_find(host, ':');
	if (colon < host.len) {
		port = odm_span_sub(host, colon + 1, host.len);
		for (size_t i = 0; i < port.len; i++)
			if (!odm_is_digit(port.at[i]))
				return false;
	}
	return odm_domain_normalise(odm_span_sub(host, 0, colon), uri->host);
}

static bool
read_uri(struct odm_span text, struct odm_uri *uri)
{
	struct odm_span whole = drop_size(text), rest = whole, scheme;

	if (!is_uri_text(whole) || !take_scheme(&rest, &scheme))
		return false;
	if (odm_span_ieq(scheme, "mailto")) {
		uri->scheme = ODM_URI_MAILTO;
		return read_mailto(rest, uri);
	}
	if (odm_span_ieq(scheme, "https")) {
		uri->scheme = ODM_URI_HTTPS;
		return read_https(whole, rest, uri);
	}
	uri->scheme = ODM_URI_OTHER;
	return rest.len > 0;
}

bool
odm_uri_next(struct odm_span *rest_r, struct odm_uri *uri_r)
{
	struct odm_span text;

	assert(rest_r != NULL && uri_r != NULL);

	do {
		if (!odm_span_next(rest_r, ',', &text))
			return false;
		text = odm_span_trim(text);
	} while (text.len == 0);

	*uri_r = (struct odm_uri){ .text = text, .scheme = ODM_URI_OTHER };
	if (!read_uri(text, uri_r))
		*uri_r = (struct odm_uri){ .text = text, .malformed = true,
			.scheme = ODM_URI_OTHER };
	return true;
}

bool
odm_uri_list_usable(struct odm_span list)
{
	struct odm_uri uri;

	while (odm_uri_next(&list, &uri))
		if (!uri.malformed)
			return true;
	return false;
}
