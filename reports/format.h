/*
 * format.h - the two forms of an aggregate report.
 */
#ifndef REPORTS_FORMAT_H
#define REPORTS_FORMAT_H

#include <stdbool.h>

enum report_format {
	REPORT_FORMAT_RFC9990,	/* RFC 9990, 3.1.1 and appendix A */
	REPORT_FORMAT_RFC7489	/* RFC 7489, appendix C, without a name space */
};

/* "rfc9990" or "rfc7489", as in --format and in the names of the schema files. Static. */
const char *report_format_name(enum report_format format);

/* Reads such a name. False, and *format_r untouched, for other texts. */
bool report_format_of(const char *name, enum report_format *format_r);

#endif
