/*
 * namelist.h - a file of addresses and domain names, one a line, "#" begins a comment:
 * who is to be left alone.
 */
#ifndef REPORTS_NAMELIST_H
#define REPORTS_NAMELIST_H

#include <stdbool.h>
#include <stddef.h>

/* Octets of such a file: a million names of usual length. */
#define REPORT_NAMELIST_MAX	(32u * 1024 * 1024)

struct report_namelist;

/* Reads a file. NULL, and the reason in *why_r, when it cannot be read. */
struct report_namelist *report_namelist_read(const char *path, const char **why_r);

/* Frees *l and clears it. *l may be NULL. */
void report_namelist_free(struct report_namelist **l);

/*
 * True when the list has name, an address or a domain, or the domain of the address.
 * Letter case does not matter. l may be NULL: an empty list.
 */
bool report_namelist_has(const struct report_namelist *l, const char *name);

#endif
