/*
 * pack.c - gzip as a stream into memory. RFC 1952.
 */
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>

#define ZLIB_CONST
#include <zlib.h>

#include "libopendmarc/base/strbuf.h"
#include "reports/pack.h"

#define WINDOW_BITS_GZIP	(15 + 16)	/* zlib.h: 16 more ask for gzip */
#define MEMORY_LEVEL		8		/* the default of deflateInit() */

struct report_pack {
	z_stream	 stream;
	struct odm_strbuf out;
	bool		 failed;
};

struct report_pack *
report_pack_new(void)
{
	struct report_pack *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	odm_strbuf_init(&p->out, REPORT_PACK_MAX);
	if (deflateInit2(&p->stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, WINDOW_BITS_GZIP,
	    MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) {
		free(p);
		return NULL;
	}
	return p;
}

void
report_pack_free(struct report_pack **p)
{
	if (*p == NULL)
		return;
	(void)deflateEnd(&(*p)->stream);
	odm_strbuf_free(&(*p)->out);
	free(*p);
	*p = NULL;
}

/* Moves what zlib has to say to out until it has used all input, or is at its end. */
static void
pump(struct report_pack *p, int flush)
{
	unsigned char piece[16384];
	int status = Z_OK;

	do {
		p->stream.next_out = piece;
		p->stream.avail_out = sizeof(piece);
		status = deflate(&p->stream, flush);
		if (status == Z_STREAM_ERROR) {
			p->failed = true;
			return;
		}
		odm_strbuf_add(&p->out, (struct odm_span){ (const char *)piece,
		    sizeof(piece) - p->stream.avail_out });
	} while (p->stream.avail_out == 0);
	if (p->out.failed || (flush == Z_FINISH && status != Z_STREAM_END))
		p->failed = true;
}

int
report_pack_write(void *arg, const void *octets, size_t len)
{
	struct report_pack *p = arg;
	const unsigned char *at = octets;

	while (len > 0 && !p->failed) {
		uInt part = len > UINT_MAX ? UINT_MAX : (uInt)len;

		p->stream.next_in = at;
		p->stream.avail_in = part;
		pump(p, Z_NO_FLUSH);
		at += part;
		len -= part;
	}
	return p->failed ? -1 : 0;
}

int
report_pack_finish(struct report_pack *p, struct odm_span *packed_r)
{
	p->stream.next_in = NULL;
	p->stream.avail_in = 0;
	if (!p->failed)
		pump(p, Z_FINISH);
	if (p->failed)
		return -1;
	*packed_r = odm_strbuf_span(&p->out);
	return 0;
}

struct report_unpack {
	z_stream	 stream;
	struct odm_span	 rest;		/* not yet given to zlib */
	bool		 ended;
};

struct report_unpack *
report_unpack_new(struct odm_span packed)
{
	struct report_unpack *u = calloc(1, sizeof(*u));

	if (u == NULL)
		return NULL;
	u->rest = packed;
	if (inflateInit2(&u->stream, WINDOW_BITS_GZIP) != Z_OK) {
		free(u);
		return NULL;
	}
	return u;
}

void
report_unpack_free(struct report_unpack **u)
{
	if (*u == NULL)
		return;
	(void)inflateEnd(&(*u)->stream);
	free(*u);
	*u = NULL;
}

ssize_t
report_unpack_read(void *arg, void *buf, size_t size)
{
	struct report_unpack *u = arg;
	z_stream *z = &u->stream;
	int status = Z_OK;

	if (size > INT_MAX)
		size = INT_MAX;
	z->next_out = buf;
	z->avail_out = (uInt)size;
	while (!u->ended && z->avail_out > 0 && status == Z_OK) {
		if (z->avail_in == 0) {
			z->next_in = (const unsigned char *)u->rest.at;
			z->avail_in = u->rest.len > UINT_MAX ? UINT_MAX : (uInt)u->rest.len;
			u->rest.at += z->avail_in;
			u->rest.len -= z->avail_in;
		}
		status = inflate(z, Z_NO_FLUSH);
		u->ended = status == Z_STREAM_END;
	}
	if ((!u->ended && status != Z_OK) || (u->ended && z->avail_in + u->rest.len > 0))
		return -1;
	return (ssize_t)(size - z->avail_out);
}
