/*
 * paint.c - text for a person at a terminal.
 */
#include "opendmarc/paint.h"

#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const codes[] = {
	[PAINT_PLAIN] = "",
	[PAINT_BOLD] = "\033[1m",
	[PAINT_GOOD] = "\033[32m",
	[PAINT_WARN] = "\033[33m",
	[PAINT_BAD] = "\033[31m",
};

void
paint_init(struct paint *p, FILE *out)
{
	const char *no_color = getenv("NO_COLOR");

	p->out = out;
	p->color = isatty(fileno(out)) && (no_color == NULL || no_color[0] == '\0');
}

void
paint(const struct paint *p, enum paint_color color, const char *format, ...)
{
	bool wrap = p->color && color != PAINT_PLAIN;
	va_list ap;

	if (wrap)
		fputs(codes[color], p->out);
	va_start(ap, format);
	(void)vfprintf(p->out, format, ap);
	va_end(ap);
	if (wrap)
		fputs("\033[0m", p->out);
}

void
paint_octets(const struct paint *p, struct odm_span text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.at[i];

		if (c >= ' ' && c <= '~')
			fputc(c, p->out);
		else
			fprintf(p->out, "\\x%02x", c);
	}
}
