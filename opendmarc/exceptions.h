/*
 * exceptions.h - the ExceptionsFile: senders whose failing mail is not acted on, until a
 * day. Immutable once read, so any thread may look. Manual: opendmarc.conf(5), EXCEPTIONS.
 *
 * A line is "DOMAIN SENDER UNTIL [COMMENT]": the Author Domain, with a leading dot also
 * names below it; dkim:DOMAIN or net:NETWORK; the last day in UTC as YYYY-MM-DD, or "-".
 */
#ifndef OPENDMARC_EXCEPTIONS_H
#define OPENDMARC_EXCEPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libopendmarc/base/ipaddr.h"
#include "libopendmarc/base/limits.h"
#include "opendmarc/inputs.h"

struct dmf_exception {
	unsigned	 line;		/* in the file */
	bool		 below;		/* names below domain too */
	char		 domain[ODM_NAME_MAX + 1];	/* Author Domain, normalised */
	char		 signer[ODM_NAME_MAX + 1];	/* of a DKIM pass; "": net counts */
	struct odm_net	 net;
	int64_t		 ends;		/* epoch seconds from which on it counts no more */
	char		 until[11];	/* the day as written; "-" no end */
	const char	*comment;	/* "" none; belongs to the list */
};

struct dmf_exceptions;		/* private: exceptions.c */

/*
 * Reads the file at path, which must outlive the list. NULL when it cannot be read or
 * memory is short, the reason in why; a line that is no exception is an error that names
 * file and line.
 */
struct dmf_exceptions *dmf_exceptions_read(const char *path, char *why, size_t why_size);

/* Frees *x and clears it. *x may be NULL. */
void dmf_exceptions_free(struct dmf_exceptions **x);

/*
 * The first exception in force at now (epoch seconds) for mail of author (normalised)
 * from client, or with a believed DKIM pass among its inputs. NULL: none. x may be NULL.
 */
const struct dmf_exception *dmf_exceptions_find(const struct dmf_exceptions *x,
    const char *author, const struct odm_ip *client, const struct dmf_inputs *inputs,
    int64_t now);

/* The i-th exception, NULL past the last. x may be NULL. */
const struct dmf_exception *dmf_exceptions_at(const struct dmf_exceptions *x, size_t i);

/* The path it was read from. */
const char *dmf_exceptions_path(const struct dmf_exceptions *x);

#endif
