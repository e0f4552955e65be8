/*
 * schema.h - holds a finished report against the schema of its form, before it is
 * sent. Reads the packed octets as a receiver would, as a stream: memory does not
 * grow with the number of rows. RFC 9990, 3.1.1; RFC 7489, appendix C.
 */
#ifndef REPORTS_SCHEMA_H
#define REPORTS_SCHEMA_H

#include <stdbool.h>

#include "libopendmarc/base/span.h"
#include "reports/format.h"

#define REPORT_SCHEMA_WHY_SIZE	300

struct report_schema;

/*
 * Reads the schema of a form, FORMAT.xsd in the folder dir. NULL, and one line in
 * why that names the file, when that cannot be done.
 */
struct report_schema *report_schema_open(const char *dir, enum report_format format,
    char why[REPORT_SCHEMA_WHY_SIZE]);

enum report_format report_schema_format(const struct report_schema *s);

/* Frees *s and clears it. *s may be NULL. */
void report_schema_free(struct report_schema **s);

/*
 * True when packed is gzip of a document that the schema allows. Otherwise why holds
 * one line: the first fault, with its line in the document.
 */
bool report_schema_check(const struct report_schema *s, struct odm_span packed,
    char why[REPORT_SCHEMA_WHY_SIZE]);

#endif
