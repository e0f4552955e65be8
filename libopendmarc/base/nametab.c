/*
 * nametab.c - looking up words and values in a name table.
 */
#include "libopendmarc/base/nametab.h"

const char *
odm_name_of(const struct odm_name *table, size_t rows, int value)
{
	for (size_t i = 0; i < rows; i++)
		if (table[i].value == value)
			return table[i].name;
	return NULL;
}

bool
odm_name_value(const struct odm_name *table, size_t rows, struct odm_span word, int *value_r)
{
	for (size_t i = 0; i < rows; i++)
		if (odm_span_ieq(word, table[i].name)) {
			*value_r = table[i].value;
			return true;
		}
	return false;
}
