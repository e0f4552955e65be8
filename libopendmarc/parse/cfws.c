/*
 * cfws.c - skipping comments and white space, taking quoted strings. RFC 5322, 3.2.
 * Each octet is looked at once; an open comment or string swallows the rest, so
 * that no caller reads it again.
 */
#include "libopendmarc/base/limits.h"
#include "libopendmarc/parse/cfws.h"

/* An empty span behind s, still pointing into the same text. */
static struct odm_span
nothing_after(struct odm_span s)
{
	return odm_span_sub(s, s.len, s.len);
}

/* Length of the comment that s begins with; 0 when it is not closed or too deep. */
static size_t
comment_length(struct odm_span s)
{
	size_t depth = 0;

	for (size_t i = 0; i < s.len; i++) {
		switch (s.at[i]) {
		case '\\':
			i++;
			break;
		case '(':
			if (++depth > ODM_COMMENT_DEPTH_MAX)
				return 0;
			break;
		case ')':
			if (--depth == 0)
				return i + 1;
			break;
		}
	}
	return 0;
}

bool
odm_cfws_skip(struct odm_span *rest_r)
{
	struct odm_span rest = *rest_r;
	size_t len;

	while (rest.len > 0) {
		len = 1;
		if (rest.at[0] == '(')
			len = comment_length(rest);
		else if (!odm_is_fws(rest.at[0]))
			break;
		if (len == 0) {
			*rest_r = nothing_after(rest);
			return false;
		}
		rest = odm_span_sub(rest, len, rest.len);
	}
	*rest_r = rest;
	return true;
}

bool
odm_quoted_take(struct odm_span *rest_r, struct odm_span *inner_r)
{
	struct odm_span rest = *rest_r;

	for (size_t i = 1; i < rest.len; i++) {
		if (rest.at[i] == '"') {
			*inner_r = odm_span_sub(rest, 1, i);
			*rest_r = odm_span_sub(rest, i + 1, rest.len);
			return true;
		}
		if (rest.at[i] == '\\')
			i++;
	}
	*rest_r = nothing_after(rest);
	return false;
}

bool
odm_run_take(struct odm_span *rest_r, struct odm_span *run_r)
{
	struct odm_span start = *rest_r, rest = start, inner;

	while (rest.len > 0 && !odm_is_fws(rest.at[0]) && rest.at[0] != '(' &&
	    rest.at[0] != ';') {
		if (rest.at[0] != '"') {
			rest = odm_span_sub(rest, 1, rest.len);
		} else if (!odm_quoted_take(&rest, &inner)) {
			*rest_r = rest;
			return false;
		}
	}
	*run_r = odm_span_sub(start, 0, start.len - rest.len);
	*rest_r = rest;
	return true;
}

bool
odm_value_take(struct odm_span *rest_r, bool (*next)(struct odm_span text),
    struct odm_span *value_r)
{
	struct odm_span start = *rest_r;

	if (!odm_cfws_skip(rest_r))
		return false;
	if (rest_r->at != start.at && next(*rest_r)) {
		*value_r = odm_span_sub(*rest_r, 0, 0);
		return true;
	}
	return odm_run_take(rest_r, value_r);
}
