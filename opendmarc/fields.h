/*
 * fields.h - the header fields of one message that somebody here reads: bounded,
 * in order of appearance. From and To fields are read on arrival (msg.c), never kept.
 */
#ifndef OPENDMARC_FIELDS_H
#define OPENDMARC_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "libopendmarc/base/span.h"

enum dmf_field_kind {
	DMF_FIELD_OTHER,	/* nobody reads it: not kept */
	DMF_FIELD_FROM,		/* not kept either */
	DMF_FIELD_TO,		/* nor this */
	DMF_FIELD_AUTHRES,
	DMF_FIELD_DKIMSIG,
	DMF_FIELD_RCVDSPF,
	DMF_FIELD_RECEIVED,
	DMF_FIELD_ARC_SEAL,
	DMF_FIELD_ARC_SIGNATURE,	/* ARC-Message-Signature */
	DMF_FIELD_ARC_RESULTS,	/* ARC-Authentication-Results */
	DMF_FIELD_KINDS		/* how many there are */
};

struct dmf_field {
	enum dmf_field_kind kind;
	unsigned	 nth;		/* from 1, among the fields of its kind in the message */
	struct odm_span	 value;		/* owned by the list */
};

struct dmf_fields {
	struct dmf_field *at;
	size_t		 n;
	size_t		 size;		/* private: rows allocated */
	size_t		 octets;	/* of all values */
	size_t		 dropped;	/* over the limits of limits.h, or memory was short */
	unsigned	 seen[DMF_FIELD_KINDS];	/* private */
};

/* The kind of a field name, letter case and blanks before the colon ignored. */
enum dmf_field_kind dmf_field_kind(struct odm_span name);

/* Makes *f empty. */
void dmf_fields_init(struct dmf_fields *f);

/* Frees what the list owns and makes it empty. */
void dmf_fields_clear(struct dmf_fields *f);

/*
 * Keeps a copy of the value when somebody reads this kind. One that does not
 * fit is counted in dropped; the next ones are tried again.
 */
void dmf_fields_add(struct dmf_fields *f, enum dmf_field_kind kind, struct odm_span value);

#endif
