/*
 * noreports.h - NoReportsList: addresses and domains that never get a failure report.
 */
#ifndef REPORTS_NOREPORTS_H
#define REPORTS_NOREPORTS_H

#include <stdbool.h>
#include <stddef.h>

/* Octets of the file. */
#define REPORT_NOREPORTS_MAX	(1024 * 1024)

struct report_noreports;	/* private: noreports.c */

/*
 * Reads the file: an address or a domain a line, "#" begins a comment. NULL, and the
 * reason in why, when it cannot be read or a line is neither.
 */
struct report_noreports *report_noreports_read(const char *path, char *why, size_t why_size);

/* Frees *n and clears it. *n may be NULL. */
void report_noreports_free(struct report_noreports **n);

/* True when the address or its domain (normalised) is in the list; n may be NULL. */
bool report_noreports_has(const struct report_noreports *n, const char *address,
    const char *domain);

#endif
