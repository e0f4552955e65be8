/*
 * paint.h - text for a person at a terminal: colours where they are wanted, and no
 * octet of the network that a terminal could obey.
 */
#ifndef OPENDMARC_PAINT_H
#define OPENDMARC_PAINT_H

#include <stdbool.h>
#include <stdio.h>

#include "libopendmarc/base/span.h"

enum paint_color {
	PAINT_PLAIN,
	PAINT_BOLD,
	PAINT_GOOD,
	PAINT_WARN,
	PAINT_BAD
};

struct paint {
	FILE	*out;
	bool	 color;
};

/* Colours only when out is a terminal and NO_COLOR is unset or empty. */
void paint_init(struct paint *p, FILE *out);

/* Prints formatted text in a colour. */
void paint(const struct paint *p, enum paint_color color, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Prints untrusted octets: other than printable ASCII come out as \xNN. */
void paint_octets(const struct paint *p, struct odm_span text);

#endif
