/*
 * spfmacro.c - the macros of SPF records. RFC 7208, 7.
 */
#include "common/spfmacro.h"

/* "At least 128" parts can be asked for; no name has more than 127 labels. */
#define PARTS_MAX	1000

/*
 * The end of a text that grows. A name is shortened from the left, so what came
 * long before the end never matters.
 */
struct tail {
	char	at[2048];
	size_t	len;
};

/* A name, its final dot and one octet more: what is cut off is still too long. */
#define TAIL_KEPT	(ODM_NAME_MAX + 2)

static bool
is_delimiter(char c)
{
	return c != '\0' && strchr(".-+,/_=", c) != NULL;
}

static bool
is_plain(char c)
{
	return c > ' ' && c <= '~' && c != '%';
}

/* Reads what stands between "%{" and "}". */
static bool
read_macro(struct odm_span body, struct spfmacro *piece_r)
{
	struct spfmacro m = { 0 };
	unsigned long long parts;
	size_t at = 1, digits;

	if (body.len == 0 || body.at[0] == '\0' ||
	    strchr("slodiphcrtv", odm_lower(body.at[0])) == NULL)
		return false;
	m.letter = odm_lower(body.at[0]);
	m.url = m.letter != body.at[0];
	while (at < body.len && odm_is_digit(body.at[at]))
		at++;
	digits = at - 1;
	if (digits > 0) {
		m.parts = odm_span_number(odm_span_sub(body, 1, at), PARTS_MAX, &parts) ?
		    (unsigned)parts : PARTS_MAX;
		if (m.parts == 0)
			return false;
	}
	if (at < body.len && odm_lower(body.at[at]) == 'r') {
		m.reverse = true;
		at++;
	}
	m.delimiters = odm_span_sub(body, at, body.len);
	for (; at < body.len; at++)
		if (!is_delimiter(body.at[at]))
			return false;
	*piece_r = m;
	return true;
}

int
spfmacro_next(struct odm_span *rest, struct spfmacro *piece_r)
{
	struct odm_span s = *rest;
	size_t end = 0;

	if (s.len == 0)
		return 0;
	while (end < s.len && is_plain(s.at[end]))
		end++;
	if (end > 0) {
		*piece_r = (struct spfmacro){ .text = odm_span_sub(s, 0, end) };
	} else if (s.at[0] != '%' || s.len < 2) {
		return -1;
	} else if (s.at[1] == '{') {
		end = odm_span_find(s, '}');
		if (end == s.len || !read_macro(odm_span_sub(s, 2, end), piece_r))
			return -1;
		end++;
	} else if (s.at[1] == '%' || s.at[1] == '_' || s.at[1] == '-') {
		*piece_r = (struct spfmacro){ .letter = s.at[1] };
		end = 2;
	} else {
		return -1;
	}
	*rest = odm_span_sub(s, end, s.len);
	return 1;
}

/* toplabel of RFC 7208, 7.1: letters, digits and inner hyphens, not digits alone. */
static bool
is_top_label(struct odm_span s)
{
	bool digits_alone = true;

	if (s.len == 0 || s.at[0] == '-' || s.at[s.len - 1] == '-')
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (!odm_is_alnum(s.at[i]) && s.at[i] != '-')
			return false;
		digits_alone = digits_alone && odm_is_digit(s.at[i]);
	}
	return !digits_alone;
}

bool
spfmacro_is_domain_spec(struct odm_span text)
{
	struct spfmacro piece = { 0 };
	struct odm_span last;
	size_t dot;
	int more;

	if (text.len == 0)
		return false;
	while ((more = spfmacro_next(&text, &piece)) > 0)
		if (piece.letter != '\0' && strchr("crt", piece.letter) != NULL)
			return false;
	if (more < 0 || piece.letter != '\0')
		return more == 0;
	last = piece.text;
	if (last.at[last.len - 1] == '.')
		last.len--;
	dot = odm_span_rfind(last, '.');
	return dot < last.len && is_top_label(odm_span_sub(last, dot + 1, last.len));
}

static void
put(struct tail *t, char c)
{
	if (t->len == sizeof(t->at)) {
		memmove(t->at, t->at + t->len - TAIL_KEPT, TAIL_KEPT);
		t->len = TAIL_KEPT;
	}
	t->at[t->len++] = c;
}

/* One octet of a value, escaped where asked: all but the "unreserved" of RFC 3986. */
static void
put_octet(struct tail *t, char c, bool url)
{
	static const char digits[] = "0123456789ABCDEF";

	if (!url || odm_is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~') {
		put(t, c);
		return;
	}
	put(t, '%');
	put(t, digits[(unsigned char)c >> 4]);
	put(t, digits[(unsigned char)c & 15]);
}

static bool
delimits(const struct spfmacro *m, char c)
{
	if (m->delimiters.len == 0)
		return c == '.';
	return odm_span_find(m->delimiters, c) < m->delimiters.len;
}

/*
 * The parts of a value that remain: the right-hand ones after the reversal are
 * the left-hand ones before it.
 */
static struct odm_span
kept_parts(const struct spfmacro *m, struct odm_span value)
{
	unsigned seen = 0;
	size_t i;

	if (m->parts == 0)
		return value;
	if (m->reverse) {
		for (i = 0; i < value.len; i++)
			if (delimits(m, value.at[i]) && ++seen == m->parts)
				return odm_span_sub(value, 0, i);
		return value;
	}
	for (i = value.len; i > 0; i--)
		if (delimits(m, value.at[i - 1]) && ++seen == m->parts)
			return odm_span_sub(value, i, value.len);
	return value;
}

static void
put_value(struct tail *t, const struct spfmacro *m, struct odm_span value)
{
	size_t end, start, i;

	value = kept_parts(m, value);
	if (!m->reverse) {
		for (i = 0; i < value.len; i++)
			put_octet(t, delimits(m, value.at[i]) ? '.' : value.at[i], m->url);
		return;
	}
	for (end = value.len;; end = start - 1) {
		for (start = end; start > 0 && !delimits(m, value.at[start - 1]); start--)
			;
		for (i = start; i < end; i++)
			put_octet(t, value.at[i], m->url);
		if (start == 0)
			return;
		put(t, '.');
	}
}

/* Adds one piece. False: its value is not known. */
static bool
put_piece(struct tail *t, const struct spfmacro *m, spfmacro_value *value, void *arg)
{
	struct odm_span text = m->text;
	const char *known;
	size_t i;

	switch (m->letter) {
	case '\0':
		break;
	case '%':
		text = odm_span_str("%");
		break;
	case '_':
		text = odm_span_str(" ");
		break;
	case '-':
		text = odm_span_str("%20");
		break;
	default:
		known = value(arg, m->letter);
		if (known == NULL)
			return false;
		put_value(t, m, (struct odm_span){ known, strnlen(known, ODM_SPF_VALUE_MAX) });
		return true;
	}
	for (i = 0; i < text.len; i++)
		put(t, text.at[i]);
	return true;
}

/* Drops labels at the left until the name fits; one that is too long alone goes too. */
static struct odm_span
shortened(const struct tail *t)
{
	struct odm_span name = { t->at, t->len };
	size_t dot;

	if (name.len > 0 && name.at[name.len - 1] == '.')
		name.len--;
	while (name.len > ODM_NAME_MAX) {
		dot = odm_span_find(name, '.');
		if (dot == name.len)
			return odm_span_sub(name, name.len, name.len);
		name = odm_span_sub(name, dot + 1, name.len);
	}
	return name;
}

bool
spfmacro_expand(struct odm_span text, spfmacro_value *value, void *arg,
    char name_r[ODM_NAME_MAX + 1])
{
	struct spfmacro piece;
	struct odm_span name;
	struct tail t;		/* not all of it is cleared: it is large */
	int more;

	t.len = 0;
	while ((more = spfmacro_next(&text, &piece)) > 0)
		if (!put_piece(&t, &piece, value, arg))
			return false;
	if (more < 0)
		return false;
	name = shortened(&t);
	memcpy(name_r, name.at, name.len);
	name_r[name.len] = '\0';
	return true;
}
