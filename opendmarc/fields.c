/*
 * fields.c - the header fields that somebody reads, kept within the limits of limits.h.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libopendmarc/base/limits.h"
#include "libopendmarc/base/nametab.h"
#include "opendmarc/fields.h"

static const struct odm_name field_names[] = {
	{ DMF_FIELD_FROM,	"From" },
	{ DMF_FIELD_AUTHRES,	"Authentication-Results" },
	{ DMF_FIELD_DKIMSIG,	"DKIM-Signature" },
	{ DMF_FIELD_RCVDSPF,	"Received-SPF" },
	{ DMF_FIELD_RECEIVED,	"Received" },
	{ DMF_FIELD_TO,		"To" },
	{ DMF_FIELD_ARC_SEAL,	"ARC-Seal" },
	{ DMF_FIELD_ARC_SIGNATURE, "ARC-Message-Signature" },
	{ DMF_FIELD_ARC_RESULTS, "ARC-Authentication-Results" },
};

enum dmf_field_kind
dmf_field_kind(struct odm_span name)
{
	int kind = DMF_FIELD_OTHER;

	/* "From :" is obsolete syntax (RFC 5322, 4.5) that readers accept. */
	(void)odm_name_value(field_names, COUNT(field_names), odm_span_trim(name), &kind);
	return (enum dmf_field_kind)kind;
}

void
dmf_fields_init(struct dmf_fields *f)
{
	*f = (struct dmf_fields){ 0 };
}

void
dmf_fields_clear(struct dmf_fields *f)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		free((void *)(uintptr_t)f->at[i].value.at);
	free(f->at);
	dmf_fields_init(f);
}

/* Room for one more row: doubled, so that adding stays cheap. */
static bool
grow(struct dmf_fields *f)
{
	size_t size = f->size == 0 ? 16 : f->size * 2;
	struct dmf_field *at;

	if (f->n < f->size)
		return true;
	at = reallocarray(f->at, size, sizeof(*at));
	if (at == NULL)
		return false;
	f->at = at;
	f->size = size;
	return true;
}

/* A copy of the octets with a NUL behind them; NULL: out of memory. */
static char *
copy_octets(struct odm_span value)
{
	char *copy = malloc(value.len + 1);

	if (copy == NULL)
		return NULL;
	if (value.len > 0)
		memcpy(copy, value.at, value.len);
	copy[value.len] = '\0';
	return copy;
}

void
dmf_fields_add(struct dmf_fields *f, enum dmf_field_kind kind, struct odm_span value)
{
	struct dmf_field *field;

	if (kind == DMF_FIELD_OTHER || kind == DMF_FIELD_FROM || kind == DMF_FIELD_TO)
		return;
	f->seen[kind]++;
	if (f->n >= ODM_HEADER_FIELDS_MAX || value.len > ODM_HEADER_OCTETS_MAX - f->octets ||
	    !grow(f)) {
		f->dropped++;
		return;
	}
	field = &f->at[f->n];
	field->kind = kind;
	field->nth = f->seen[kind];
	field->value.at = copy_octets(value);
	field->value.len = value.len;
	if (field->value.at == NULL) {
		f->dropped++;
		return;
	}
	f->octets += value.len;
	f->n++;
}
