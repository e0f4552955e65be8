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

/*
 * Reads a file. NULL, and the reason with the path in why, when it cannot be read or is
 * too large; with strict also when a line is neither a mail address nor a domain name,
 * which is an entry that nothing is like without it.
 */
struct report_namelist *report_namelist_read(const char *path, bool strict, char *why,
    size_t why_size);

/* Frees *l and clears it. *l may be NULL. */
void report_namelist_free(struct report_namelist **l);

/*
 * True when the list has name, an address or a normalised domain, or the domain of the
 * address. Letter case does not matter. l may be NULL: an empty list.
 */
bool report_namelist_has(const struct report_namelist *l, const char *name);

#endif
