/*
 * authwrite.c - writing the value of an Authentication-Results field. RFC 8601, 2.2.
 */
#include <string.h>

#include "libopendmarc/parse/authwrite.h"

#define FIELD_NAME	"Authentication-Results: "

/* What must have a "\" before it inside of quotes or of a comment. */
#define QUOTED_SPECIALS		"\"\\"
#define COMMENT_SPECIALS	"()\\"

/* A control character cannot be said in a header field. */
static bool
is_control(char c)
{
	return (unsigned char)c < ' ' || c == 0x7f;
}

/* RFC 2045, 5.1: a token has no white space, control or 8-bit octets, and none of these. */
static bool
is_token(const char *text)
{
	const char *c;

	for (c = text; *c != '\0'; c++)
		if (is_control(*c) || (unsigned char)*c > 0x7f ||
		    strchr(" ()<>@,;:\\\"/[]?=", *c) != NULL)
			return false;
	return c != text;
}

/* RFC 5322, 3.2.3: what a local-part may have without quotes, and the dot. */
static bool
is_dot_atom_octet(char c)
{
	return odm_is_alnum(c) || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~.", c) != NULL);
}

/* [[local-part] "@"] domain-name, which needs no quotes. */
static bool
is_plain_address(const char *text)
{
	const char *at = text;

	while (is_dot_atom_octet(*at))
		at++;
	return at[0] == '@' && is_token(at + 1);
}

/* Octets of text with a "\" before each of specials; out NULL: only counts them. */
static size_t
escape(struct odm_strbuf *out, const char *text, const char *specials)
{
	size_t n = 0;

	for (; *text != '\0'; text++) {
		if (is_control(*text))
			continue;
		if (strchr(specials, *text) != NULL) {
			n++;
			if (out != NULL)
				odm_strbuf_addc(out, '\\');
		}
		n++;
		if (out != NULL)
			odm_strbuf_addc(out, *text);
	}
	return n;
}

/* Goes on with a part of so many octets behind a blank, or on a new line; a ";" may follow. */
static void
begin_part(struct odm_authwrite *w, size_t len)
{
	if (w->width > 0 && w->column + 1 + len + 1 > w->width) {
		odm_strbuf_adds(w->out, "\n\t");
		w->column = 1;
	} else {
		odm_strbuf_addc(w->out, ' ');
		w->column++;
	}
	w->column += len;
}

static size_t
value_length(const char *text, bool plain)
{
	return plain ? strlen(text) : escape(NULL, text, QUOTED_SPECIALS) + 2;
}

static void
add_value(struct odm_strbuf *out, const char *text, bool plain)
{
	if (plain) {
		odm_strbuf_adds(out, text);
		return;
	}
	odm_strbuf_addc(out, '"');
	(void)escape(out, text, QUOTED_SPECIALS);
	odm_strbuf_addc(out, '"');
}

void
odm_authwrite_open(struct odm_authwrite *w, struct odm_strbuf *out, const char *id,
    size_t width)
{
	bool plain = is_token(id);

	*w = (struct odm_authwrite){ out, width, strlen(FIELD_NAME) };
	w->column += value_length(id, plain);
	add_value(out, id, plain);
}

void
odm_authwrite_none(struct odm_authwrite *w)
{
	odm_strbuf_addc(w->out, ';');
	w->column++;
	begin_part(w, strlen("none"));
	odm_strbuf_adds(w->out, "none");
}

void
odm_authwrite_result(struct odm_authwrite *w, const char *method, const char *result)
{
	odm_strbuf_addc(w->out, ';');
	w->column++;
	begin_part(w, strlen(method) + 1 + strlen(result));
	odm_strbuf_addf(w->out, "%s=%s", method, result);
}

void
odm_authwrite_comment(struct odm_authwrite *w, const char *text)
{
	begin_part(w, escape(NULL, text, COMMENT_SPECIALS) + 2);
	odm_strbuf_addc(w->out, '(');
	(void)escape(w->out, text, COMMENT_SPECIALS);
	odm_strbuf_addc(w->out, ')');
}

void
odm_authwrite_reason(struct odm_authwrite *w, const char *text)
{
	bool plain = is_token(text);

	begin_part(w, strlen("reason=") + value_length(text, plain));
	odm_strbuf_adds(w->out, "reason=");
	add_value(w->out, text, plain);
}

void
odm_authwrite_prop(struct odm_authwrite *w, const char *ptype, const char *name,
    const char *value)
{
	bool plain = is_token(value) || is_plain_address(value);

	begin_part(w, strlen(ptype) + 1 + strlen(name) + 1 + value_length(value, plain));
	odm_strbuf_addf(w->out, "%s.%s=", ptype, name);
	add_value(w->out, value, plain);
}
