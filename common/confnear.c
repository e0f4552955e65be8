/*
 * confnear.c - the option name that a misspelt one was probably meant to be.
 * Edit distance after Levenshtein, letter case ignored.
 */
#include "config.h"

#include <stdint.h>

#include "common/conf_private.h"

/* No option is longer; longer words are near to none. */
#define NAME_MAX_LEN	40

/* More changes than a third of the word make another word. */
#define CHANGES_PER_LEN	3

static size_t
least(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* How many octets must be added, dropped or changed to make b of a. */
static size_t
distance(struct odm_span a, struct odm_span b)
{
	size_t row[NAME_MAX_LEN + 1], corner, above;

	if (a.len > NAME_MAX_LEN || b.len > NAME_MAX_LEN)
		return SIZE_MAX;
	for (size_t j = 0; j <= b.len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		corner = row[0];
		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			above = row[j];
			row[j] = least(above + 1, row[j - 1] + 1, corner +
			    (odm_lower(a.at[i - 1]) != odm_lower(b.at[j - 1])));
			corner = above;
		}
	}
	return row[b.len];
}

const char *
conf_nearest(struct odm_span name)
{
	const char *nearest = NULL;
	size_t best = name.len / CHANGES_PER_LEN + 1, d;

	for (size_t i = 0; i < COUNT(conf_items); i++) {
		d = distance(name, odm_span_str(conf_items[i].name));
		if (d < best) {
			best = d;
			nearest = conf_items[i].name;
		}
	}
	return nearest;
}
