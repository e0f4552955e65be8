/*
 * nametab.h - one table for an enum and its words, read in both directions.
 */
#ifndef ODM_BASE_NAMETAB_H
#define ODM_BASE_NAMETAB_H

#include <stdbool.h>
#include <stddef.h>

#include "libopendmarc/base/span.h"

struct odm_name {
	int		 value;
	const char	*name;
};

/* The first name of value in the table; NULL when it has none. Static text. */
const char *odm_name_of(const struct odm_name *table, size_t rows, int value);

/*
 * The value of a word, letter case ignored. False, and *value_r untouched,
 * when the table does not know it.
 */
bool odm_name_value(const struct odm_name *table, size_t rows,
    struct odm_span word, int *value_r);

#endif
