/*
 * span.h - a piece of text as pointer and length, and locale-free ASCII helpers.
 * The text of a message or of the DNS is never modified and never assumed to
 * end in NUL. A span owns nothing; whoever hands it out says how long it lives.
 */
#ifndef ODM_BASE_SPAN_H
#define ODM_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct odm_span {
	const char	*at;	/* may be NULL when len is 0 */
	size_t		 len;	/* octets */
};

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

static inline bool
odm_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
odm_is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool
odm_is_alnum(char c)
{
	return odm_is_alpha(c) || odm_is_digit(c);
}

/* SP and HTAB, the WSP of RFC 5234. */
static inline bool
odm_is_wsp(char c)
{
	return c == ' ' || c == '\t';
}

/* WSP and the CR and LF that folding leaves in a header field. */
static inline bool
odm_is_fws(char c)
{
	return odm_is_wsp(c) || c == '\r' || c == '\n';
}

static inline char
odm_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* The span of a NUL-terminated text; NULL gives the empty span. */
static inline struct odm_span
odm_span_str(const char *text)
{
	return (struct odm_span){ text, text == NULL ? 0 : strlen(text) };
}

/* Octets from..end of s, both counted from its start and both within it. */
static inline struct odm_span
odm_span_sub(struct odm_span s, size_t from, size_t end)
{
	return (struct odm_span){ s.at + from, end - from };
}

/* Equal octet by octet. */
bool odm_span_eq(struct odm_span s, const char *text);

/* Equal but for the case of ASCII letters. */
bool odm_span_ieq(struct odm_span s, const char *text);

/* Two spans equal but for the case of ASCII letters. */
bool odm_span_same(struct odm_span a, struct odm_span b);

/* Without white space (FWS) at both ends. */
struct odm_span odm_span_trim(struct odm_span s);

/*
 * Cuts *rest_r at the next sep: the part before it, untrimmed, goes to *part_r
 * and *rest_r moves behind sep. False, and *part_r untouched, when nothing is
 * left. "a;b;" gives a, b; "a;;b" gives a, "", b.
 */
bool odm_span_next(struct odm_span *rest_r, char sep, struct odm_span *part_r);

/* Index of the first c in s; s.len when there is none. */
size_t odm_span_find(struct odm_span s, char c);

/* Index of the last c in s; s.len when there is none. */
size_t odm_span_rfind(struct odm_span s, char c);

/*
 * Copies s into buf with a final NUL. False when it does not fit or holds a
 * NUL itself; buf is then the empty text.
 */
bool odm_span_copy(struct odm_span s, char *buf, size_t size);

/*
 * Reads a whole unsigned decimal number, digits only, at most max.
 * False on anything else; *number_r is then untouched.
 */
bool odm_span_number(struct odm_span s, unsigned long long max,
    unsigned long long *number_r);

#endif
