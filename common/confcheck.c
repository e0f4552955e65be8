/*
 * confcheck.c - the checks of configuration words: each tells one kind of value.
 */
#include <string.h>

#include "common/conf_private.h"
#include "common/log.h"
#include "libopendmarc/base/domain.h"

/* With the longest domain in it the text still fits into one SMTP reply line. */
#define REJECT_TEXT_MAX	400

/* What can stand in an Authentication-Results field without quoting. RFC 8601, 2.2. */
bool
conf_is_authserv_id(struct odm_span word)
{
	for (size_t i = 0; i < word.len; i++)
		if ((unsigned char)word.at[i] <= ' ' || word.at[i] == 0x7f ||
		    memchr("()<>,;:\\\"/[]?=", word.at[i], 14) != NULL)
			return false;
	return word.len > 0;
}

bool
conf_is_net(struct odm_span word)
{
	struct odm_net net;

	return odm_net_parse(word, &net);
}

/* IP or IP@PORT. */
bool
conf_is_nameserver(struct odm_span word)
{
	size_t at = odm_span_find(word, '@');
	unsigned long long port;
	struct odm_ip ip;

	if (at < word.len && (!odm_span_number(odm_span_sub(word, at + 1, word.len), 65535,
	    &port) || port == 0))
		return false;
	return odm_ip_parse(odm_span_sub(word, 0, at), &ip);
}

bool
conf_is_domain(struct odm_span word)
{
	char name[ODM_NAME_MAX + 1];

	return odm_domain_normalise(word, name);
}

/* PORT or PORT@HOST, the port a number or the name of a service. */
static bool
is_inet(struct odm_span word)
{
	size_t at = odm_span_find(word, '@');
	struct odm_span port = odm_span_sub(word, 0, at);
	unsigned long long number;

	if (at + 1 == word.len || port.len == 0)
		return false;
	if (!odm_is_digit(port.at[0]))
		return true;
	return odm_span_number(port, 65535, &number) && number > 0;
}

/* The forms that libmilter takes. */
bool
conf_is_socket(struct odm_span word)
{
	size_t colon = odm_span_find(word, ':');
	struct odm_span kind = odm_span_sub(word, 0, colon), rest;

	if (colon == word.len)
		return word.len > 0;
	rest = odm_span_sub(word, colon + 1, word.len);
	if (odm_span_ieq(kind, "local") || odm_span_ieq(kind, "unix"))
		return rest.len > 0;
	if (odm_span_ieq(kind, "inet") || odm_span_ieq(kind, "inet6"))
		return is_inet(rest);
	return false;
}

bool
conf_is_facility(struct odm_span word)
{
	char text[16];

	return odm_span_copy(word, text, sizeof(text)) && log_facility_known(text);
}

/* user, or user:group with neither part empty. */
bool
conf_is_user(struct odm_span word)
{
	size_t colon = odm_span_find(word, ':');

	return colon > 0 && colon + 1 != word.len;
}

bool
conf_is_line(struct odm_span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (((unsigned char)text.at[i] < ' ' && text.at[i] != '\t') || text.at[i] == 0x7f)
			return false;
	return text.len > 0;
}

/* The local part may hold anything but blanks and what would end an address in a list. */
bool
conf_is_address(struct odm_span word)
{
	size_t at = odm_span_rfind(word, '@');

	if (at == 0 || at >= word.len || !conf_is_line(word))
		return false;
	for (size_t i = 0; i < at; i++)
		if (memchr(" \t<>,;", word.at[i], 6) != NULL)
			return false;
	return conf_is_domain(odm_span_sub(word, at + 1, word.len));
}

/* An SMTP reply carries visible ASCII; "%s" may stand in it once. */
bool
conf_is_reject_text(struct odm_span text)
{
	unsigned places = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] < ' ' || text.at[i] > '~')
			return false;
		if (text.at[i] == '%' && i + 1 < text.len && text.at[i + 1] == 's')
			places++;
	}
	return places <= 1 && text.len > 0 && text.len <= REJECT_TEXT_MAX;
}

/* The seconds of a time with its unit; false when it is none or zero. */
static bool
read_secs(struct odm_span text, unsigned *secs_r)
{
	static const struct { char letter; unsigned secs; } units[] = {
		{ 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 },
	};
	unsigned long long number;
	unsigned unit = 1;

	for (size_t i = 0; i < COUNT(units); i++)
		if (text.len > 0 && odm_lower(text.at[text.len - 1]) == units[i].letter) {
			unit = units[i].secs;
			text.len--;
			break;
		}
	if (!odm_span_number(text, 10000, &number) || number == 0)
		return false;
	*secs_r = (unsigned)number * unit;
	return true;
}

bool
conf_rate(struct odm_span text, unsigned *events_r, unsigned *secs_r)
{
	size_t slash = odm_span_find(text, '/');
	unsigned long long events;

	if (slash == text.len || !odm_span_number(odm_span_sub(text, 0, slash), 10000, &events) ||
	    !read_secs(odm_span_sub(text, slash + 1, text.len), secs_r))
		return false;
	*events_r = (unsigned)events;
	return true;
}

bool
conf_is_rate(struct odm_span text)
{
	unsigned events, secs;

	return conf_rate(text, &events, &secs);
}
