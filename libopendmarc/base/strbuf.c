/*
 * strbuf.c - text that grows. The empty buffer points at a constant "", so that
 * .at can always be read.
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "libopendmarc/base/strbuf.h"

#define FIRST_SIZE	128

static char empty_text[1];	/* never written: size is 0 while .at points here */

void
odm_strbuf_init(struct odm_strbuf *b, size_t max)
{
	*b = (struct odm_strbuf){ .at = empty_text, .max = max };
}

void
odm_strbuf_free(struct odm_strbuf *b)
{
	if (b->size > 0)
		free(b->at);
	odm_strbuf_init(b, b->max);
}

void
odm_strbuf_clear(struct odm_strbuf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->size > 0)
		b->at[0] = '\0';
}

/* Makes room for more octets and the NUL; false, and failed set, when there is none. */
static bool
reserve(struct odm_strbuf *b, size_t more)
{
	size_t size = b->size == 0 ? FIRST_SIZE : b->size;
	char *at;

	if (b->failed || more > b->max - b->len || b->max > SIZE_MAX / 2 - 1) {
		b->failed = true;
		return false;
	}
	while (size < b->len + more + 1)
		size *= 2;
	if (size == b->size)
		return true;
	at = realloc(b->size == 0 ? NULL : b->at, size);
	if (at == NULL) {
		b->failed = true;
		return false;
	}
	at[b->len] = '\0';
	b->at = at;
	b->size = size;
	return true;
}

void
odm_strbuf_add(struct odm_strbuf *b, struct odm_span s)
{
	if (s.len == 0 || !reserve(b, s.len))
		return;
	memcpy(b->at + b->len, s.at, s.len);
	b->len += s.len;
	b->at[b->len] = '\0';
}

void
odm_strbuf_adds(struct odm_strbuf *b, const char *text)
{
	odm_strbuf_add(b, odm_span_str(text));
}

void
odm_strbuf_addc(struct odm_strbuf *b, char c)
{
	odm_strbuf_add(b, (struct odm_span){ &c, 1 });
}

void
odm_strbuf_addf(struct odm_strbuf *b, const char *format, ...)
{
	va_list ap;
	int need;

	va_start(ap, format);
	need = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	if (need < 0) {
		b->failed = true;
		return;
	}
	if (!reserve(b, (size_t)need))
		return;
	va_start(ap, format);
	if (vsnprintf(b->at + b->len, b->size - b->len, format, ap) != need)
		b->failed = true;
	else
		b->len += (size_t)need;
	va_end(ap);
}

struct odm_span
odm_strbuf_span(const struct odm_strbuf *b)
{
	return (struct odm_span){ b->at, b->len };
}
