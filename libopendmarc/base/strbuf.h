/*
 * strbuf.h - text that grows, with a ceiling and a memory of failure.
 * Append as often as you like, look at .failed once at the end.
 */
#ifndef ODM_BASE_STRBUF_H
#define ODM_BASE_STRBUF_H

#include <stdbool.h>
#include <stddef.h>

#include "libopendmarc/base/span.h"

struct odm_strbuf {
	char	*at;		/* always NUL-terminated; never NULL after init */
	size_t	 len;		/* octets, without the NUL */
	size_t	 size;		/* octets allocated */
	size_t	 max;		/* len never passes this */
	bool	 failed;	/* memory ran short or max was hit: content is cut */
};

/* Makes *b empty; nothing is allocated before the first append. */
void odm_strbuf_init(struct odm_strbuf *b, size_t max);

/* Frees the text and makes *b empty and usable again. */
void odm_strbuf_free(struct odm_strbuf *b);

/* Forgets the text and the failure, keeps the memory. */
void odm_strbuf_clear(struct odm_strbuf *b);

void odm_strbuf_add(struct odm_strbuf *b, struct odm_span s);
void odm_strbuf_adds(struct odm_strbuf *b, const char *text);
void odm_strbuf_addc(struct odm_strbuf *b, char c);
void odm_strbuf_addf(struct odm_strbuf *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The text so far as a span, valid until the next change of *b. */
struct odm_span odm_strbuf_span(const struct odm_strbuf *b);

#endif
