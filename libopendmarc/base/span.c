/*
 * span.c - comparing, cutting and copying spans.
 */
#include <string.h>

#include "libopendmarc/base/span.h"

bool
odm_span_eq(struct odm_span s, const char *text)
{
	size_t len = strlen(text);

	return s.len == len && (len == 0 || memcmp(s.at, text, len) == 0);
}

bool
odm_span_same(struct odm_span a, struct odm_span b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (odm_lower(a.at[i]) != odm_lower(b.at[i]))
			return false;
	return true;
}

bool
odm_span_ieq(struct odm_span s, const char *text)
{
	return odm_span_same(s, odm_span_str(text));
}

struct odm_span
odm_span_trim(struct odm_span s)
{
	while (s.len > 0 && odm_is_fws(s.at[0])) {
		s.at++;
		s.len--;
	}
	while (s.len > 0 && odm_is_fws(s.at[s.len - 1]))
		s.len--;
	return s;
}

size_t
odm_span_find(struct odm_span s, char c)
{
	const char *hit = s.len == 0 ? NULL : memchr(s.at, c, s.len);

	return hit == NULL ? s.len : (size_t)(hit - s.at);
}

size_t
odm_span_rfind(struct odm_span s, char c)
{
	for (size_t i = s.len; i > 0; i--)
		if (s.at[i - 1] == c)
			return i - 1;
	return s.len;
}

bool
odm_span_next(struct odm_span *rest_r, char sep, struct odm_span *part_r)
{
	size_t cut;

	if (rest_r->len == 0)
		return false;
	cut = odm_span_find(*rest_r, sep);
	*part_r = odm_span_sub(*rest_r, 0, cut);
	if (cut < rest_r->len)
		cut++;
	*rest_r = odm_span_sub(*rest_r, cut, rest_r->len);
	return true;
}

bool
odm_span_copy(struct odm_span s, char *buf, size_t size)
{
	if (size == 0)
		return false;
	buf[0] = '\0';
	if (s.len >= size || odm_span_find(s, '\0') < s.len)
		return false;
	if (s.len > 0)
		memcpy(buf, s.at, s.len);
	buf[s.len] = '\0';
	return true;
}

bool
odm_span_number(struct odm_span s, unsigned long long max,
    unsigned long long *number_r)
{
	unsigned long long n = 0;

	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		unsigned digit = (unsigned)(unsigned char)s.at[i] - '0';

		if (digit > 9 || n > max / 10 || n * 10 > max - digit)
			return false;
		n = n * 10 + digit;
	}
	*number_r = n;
	return true;
}
