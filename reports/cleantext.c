/*
 * cleantext.c - text made fit for XML and mail. XML 1.0, 2.2; RFC 3629.
 */
#include <assert.h>
#include <stdbool.h>

#include "libopendmarc/base/domain.h"
#include "reports/cleantext.h"

static const char cut_mark[] = "...";

/*
 * The length of the UTF-8 character at the start of s and its code point;
 * 0 when the octets there are none (RFC 3629, 4: no surrogates, nothing longer
 * than needed, nothing above U+10FFFF).
 */
static size_t
utf8_char(struct odm_span s, unsigned *code_r)
{
	static const unsigned least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char c = (unsigned char)s.at[0];
	size_t len, i;
	unsigned code;

	if (c < 0x80) {
		*code_r = c;
		return 1;
	}
	len = c >= 0xF0 && c < 0xF8 ? 4 : c >= 0xE0 && c < 0xF0 ? 3 : c >= 0xC0 && c < 0xE0 ? 2 : 0;
	if (len == 0 || len > s.len)
		return 0;
	code = c & (0xFFu >> (len + 1));
	for (i = 1; i < len; i++) {
		c = (unsigned char)s.at[i];
		if ((c & 0xC0) != 0x80)
			return 0;
		code = code << 6 | (c & 0x3Fu);
	}
	if (code < least[len] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
		return 0;
	*code_r = code;
	return len;
}

static bool
is_control(unsigned code)
{
	return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code & 0xFFFE) == 0xFFFE;
}

/* Takes the next piece of clean text from *rest; an empty piece when something is left out. */
static struct odm_span
next_piece(struct odm_span *rest)
{
	struct odm_span piece = { rest->at, 0 };
	unsigned code;
	size_t len = utf8_char(*rest, &code);

	if (len == 0) {
		piece = odm_span_str("?");
		len = 1;
	} else if (len == 1 && odm_is_fws(rest->at[0])) {
		while (len < rest->len && odm_is_fws(rest->at[len]))
			len++;
		piece = odm_span_str(" ");
	} else if (!is_control(code)) {
		piece.len = len;
	}
	rest->at += len;
	rest->len -= len;
	return piece;
}

void
report_clean_text(struct odm_span raw, size_t max, struct odm_strbuf *out)
{
	struct odm_span piece, start, rest = raw;
	size_t len = 0, fits = 0, mark = sizeof(cut_mark) - 1;

	assert(max > mark);

	/* First the length alone: where to cut is known only at the end. */
	start = rest;
	while (rest.len > 0 && len <= max) {
		piece = next_piece(&rest);
		len += piece.len;
		if (len <= max - mark)
			fits = (size_t)(rest.at - raw.at);
	}
	rest = start;
	if (len > max)
		rest.len = fits;
	while (rest.len > 0)
		odm_strbuf_add(out, next_piece(&rest));
	if (len > max)
		odm_strbuf_adds(out, cut_mark);
}

void
report_clean_domain(struct odm_span raw, struct odm_strbuf *out)
{
	char name[ODM_NAME_MAX + 1];
	size_t from = out->len, i;

	if (odm_domain_normalise(raw, name)) {
		odm_strbuf_adds(out, name);
		return;
	}
	report_clean_text(raw, ODM_NAME_MAX, out);
	for (i = from; i < out->len; i++)
		out->at[i] = odm_lower(out->at[i]);
}
