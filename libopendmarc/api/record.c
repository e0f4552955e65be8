/*
 * record.c - policy records through the public API. RFC 9989, 4.7.
 */
#include <stdlib.h>
#include <string.h>

#include "libopendmarc/api/api.h"
#include "libopendmarc/core/policy.h"
#include "libopendmarc/odm.h"
#include "libopendmarc/parse/uri.h"

/* A record that owns its text. A pointer to its first member is a pointer to it. */
struct owned_record {
	struct odm_record	record;
	char			text[];
};

struct odm_record *
odm_record_new(const char *text, size_t length)
{
	struct owned_record *owned;

	if (length > ODM_TXT_MAX)
		return NULL;
	owned = malloc(sizeof(*owned) + length);
	if (owned == NULL)
		return NULL;
	if (length > 0)
		memcpy(owned->text, text, length);
	if (!odm_record_parse((struct odm_span){ owned->text, length }, &owned->record)) {
		free(owned);
		return NULL;
	}
	return &owned->record;
}

void
odm_record_free(struct odm_record **record)
{
	free(*record);
	*record = NULL;
}

enum odm_disposition
odm_record_p(const struct odm_record *record)
{
	return api_disposition(record->p);
}

enum odm_disposition
odm_record_sp(const struct odm_record *record)
{
	return api_disposition(record->sp);
}

enum odm_disposition
odm_record_np(const struct odm_record *record)
{
	return api_disposition(record->np);
}

int
odm_record_usable(const struct odm_record *record)
{
	return odm_policy_usable(record) ? 1 : 0;
}

int
odm_record_testing(const struct odm_record *record)
{
	return record->testing ? 1 : 0;
}

char
odm_record_psd(const struct odm_record *record)
{
	return record->psd == ODM_PSD_YES ? 'y' : record->psd == ODM_PSD_NO ? 'n' : 'u';
}

char
odm_record_adkim(const struct odm_record *record)
{
	return record->adkim == ODM_ALIGNMENT_STRICT ? 's' : 'r';
}

char
odm_record_aspf(const struct odm_record *record)
{
	return record->aspf == ODM_ALIGNMENT_STRICT ? 's' : 'r';
}

unsigned
odm_record_pct(const struct odm_record *record)
{
	return record->pct;
}

unsigned
odm_record_fo(const struct odm_record *record)
{
	return record->fo;
}

size_t
odm_record_destination(const struct odm_record *record, enum odm_report_type type, size_t i,
    char *buffer, size_t size)
{
	struct odm_span rest = type == ODM_REPORT_TYPE_FAILURE ? record->ruf : record->rua;
	struct odm_uri uri;

	while (odm_uri_next(&rest, &uri)) {
		if (uri.malformed || uri.scheme == ODM_URI_OTHER || i-- > 0)
			continue;
		if (size > 0)
			(void)strlcpy(buffer, uri.address, size);
		return strlen(uri.address);
	}
	return 0;
}
