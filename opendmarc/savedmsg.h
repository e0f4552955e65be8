/*
 * savedmsg.h - the header of a message in a file, field by field as an MTA would show
 * it to a filter. RFC 5322, 2.2; mbox and CRLF files too.
 */
#ifndef OPENDMARC_SAVEDMSG_H
#define OPENDMARC_SAVEDMSG_H

#include <stdbool.h>

#include "libopendmarc/base/span.h"
#include "libopendmarc/base/strbuf.h"

/* A header of ODM_HEADER_OCTETS_MAX with as much of fields that nobody reads. */
#define SAVEDMSG_OCTETS_MAX	(4UL * 1024 * 1024)

struct savedmsg {
	struct odm_strbuf text;		/* header, or more */
	struct odm_span	 rest;		/* what savedmsg_next() has not seen */
	struct odm_strbuf name, value;	/* of the field at hand */
};

/*
 * Reads the beginning of the file at path ("-": standard input), as much as the limit.
 * False with the reason in *why_r (static or of strerror()); savedmsg_close() in any case.
 */
bool savedmsg_open(struct savedmsg *m, const char *path, const char **why_r);

/*
 * Takes the next field: m->name.at and m->value.at, without the blank behind the colon,
 * folds as LF and a blank. A NUL ends a value, as it does on the way to a filter. False
 * at the end of the header: an empty line, or a line that is no field, as MTAs see it.
 */
bool savedmsg_next(struct savedmsg *m);

void savedmsg_close(struct savedmsg *m);

#endif
