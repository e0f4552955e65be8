/*
 * clean.c - what is no printable text becomes "?".
 */
#include <string.h>

#include "db/clean.h"
#include "db/store.h"
#include "libopendmarc/base/domain.h"

/* The widths of the columns in the oldest tables. */
#define ADDRESS_MAX	64
#define JOB_MAX		128

static bool
is_name(const char *text, size_t max)
{
	size_t len = 0;

	for (; text[len] != '\0'; len++)
		if (text[len] < ' ' || text[len] > '~')
			return false;
	return len <= max && (len == 0 || text[len - 1] != ' ');
}

void
clean_name(char *text, size_t max)
{
	size_t len;

	for (char *at = text; *at != '\0'; at++)
		if (*at < ' ' || *at > '~')
			*at = '?';
	len = strnlen(text, max);
	while (len > 0 && text[len - 1] == ' ')
		len--;
	text[len] = '\0';
}

/* Octets of the UTF-8 character at text; 0 when there is none. RFC 3629, section 4. */
static size_t
utf8_len(const unsigned char *text)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t len;

	if (*text < 0x80)
		return *text >= ' ' && *text != 0x7f;
	if (*text < 0xc2 || *text > 0xf4)
		return 0;
	len = *text < 0xe0 ? 2 : *text < 0xf0 ? 3 : 4;
	if (*text == 0xe0)
		low = 0xa0;
	else if (*text == 0xed)
		high = 0x9f;
	else if (*text == 0xf0)
		low = 0x90;
	else if (*text == 0xf4)
		high = 0x8f;
	if (text[1] < low || text[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

static bool
is_comment(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t len = 1;

	while (*at != '\0' && (len = utf8_len(at)) > 0)
		at += len;
	return *at == '\0';
}

void
clean_comment(char *text)
{
	for (size_t len; *text != '\0'; text += len) {
		len = utf8_len((const unsigned char *)text);
		if (len == 0) {
			*text = '?';
			len = 1;
		}
	}
}

static bool
is_name_or_null(const char *text, size_t max)
{
	return text == NULL || is_name(text, max);
}

bool
clean_record_is(const struct history_record *rec)
{
	if (!is_name(rec->job, JOB_MAX) || !is_name(rec->reporter, STORE_NAME_MAX) ||
	    !is_name(rec->ipaddr, ADDRESS_MAX) || !is_name(rec->from, STORE_NAME_MAX) ||
	    !is_name(rec->mfrom, STORE_NAME_MAX) || !is_name(rec->pdomain, STORE_NAME_MAX) ||
	    !is_name_or_null(rec->spf_domain, STORE_NAME_MAX) ||
	    !is_name_or_null(rec->discovery, STORE_NAME_MAX))
		return false;
	for (size_t i = 0; i < rec->ndkim; i++)
		if (!is_name(rec->dkim[i].domain, STORE_NAME_MAX) ||
		    !is_name_or_null(rec->dkim[i].selector, STORE_NAME_MAX))
			return false;
	for (size_t i = 0; i < rec->narcseals; i++)
		if (!is_name_or_null(rec->arcseals[i].domain, STORE_NAME_MAX) ||
		    !is_name_or_null(rec->arcseals[i].selector, STORE_NAME_MAX) ||
		    !is_name_or_null(rec->arcseals[i].ip, ADDRESS_MAX))
			return false;
	for (size_t i = 0; i < rec->nrua; i++)
		if (!is_name(rec->rua[i], ODM_HISTORY_VALUE_MAX))
			return false;
	for (size_t i = 0; i < rec->nreasons; i++)
		if (rec->reasons[i].comment != NULL && !is_comment(rec->reasons[i].comment))
			return false;
	return true;
}

/* A domain written in its own letters is kept as the DNS knows it. */
static void
clean_domain(char text[], char a_labels[ODM_NAME_MAX + 1])
{
	if (!is_name(text, STORE_NAME_MAX) &&
	    odm_domain_normalise(odm_span_str(text), a_labels))
		return;
	clean_name(text, STORE_NAME_MAX);
	a_labels[0] = '\0';
}

/* Copies a domain of a record; NULL stays NULL. */
static bool
copy_domain(char **member, const char *text)
{
	char a_labels[ODM_NAME_MAX + 1];

	if (text == NULL)
		return true;
	if (!history_set(member, odm_span_str(text)))
		return false;
	clean_domain(*member, a_labels);
	return a_labels[0] == '\0' || history_set(member, odm_span_str(a_labels));
}

/* Copies a text of a record and cleans it; NULL stays NULL. */
static bool
copy_name(char **member, const char *text, size_t max)
{
	if (text == NULL)
		return true;
	if (!history_set(member, odm_span_str(text)))
		return false;
	clean_name(*member, max);
	return true;
}

static bool
copy_arcseals(const struct history_record *rec, struct history_record *copy)
{
	for (size_t i = 0; i < rec->narcseals; i++) {
		const struct history_arcseal *from = &rec->arcseals[i];
		struct odm_span none = { "", 0 };
		struct history_arcseal *to;

		if (!history_add_arcseal(copy, from->instance, none, none, none) ||
		    copy->narcseals != i + 1)
			return false;
		to = &copy->arcseals[i];
		if (!copy_domain(&to->domain, from->domain) ||
		    !copy_name(&to->selector, from->selector, STORE_NAME_MAX) ||
		    !copy_name(&to->ip, from->ip, ADDRESS_MAX))
			return false;
	}
	return true;
}

static bool
copy_lists(const struct history_record *rec, struct history_record *copy)
{
	for (size_t i = 0; i < rec->ndkim; i++) {
		const struct history_dkim *d = &rec->dkim[i];

		if (!history_add_dkim(copy, odm_span_str(d->domain),
		    odm_span_str(d->selector == NULL ? "" : d->selector), d->result))
			return false;
	}
	for (size_t i = 0; i < copy->ndkim; i++) {
		struct history_dkim *d = &copy->dkim[i];
		char a_labels[ODM_NAME_MAX + 1];

		clean_domain(d->domain, a_labels);
		if (a_labels[0] != '\0' && !history_set(&d->domain, odm_span_str(a_labels)))
			return false;
		if (d->selector != NULL)
			clean_name(d->selector, STORE_NAME_MAX);
	}
	for (size_t i = 0; i < rec->nrua; i++) {
		if (!history_add_rua(copy, odm_span_str(rec->rua[i])))
			return false;
		clean_name(copy->rua[i], ODM_HISTORY_VALUE_MAX);
	}
	for (size_t i = 0; i < rec->nreasons; i++) {
		const struct history_reason *r = &rec->reasons[i];

		if (!history_add_reason(copy, r->type,
		    odm_span_str(r->comment == NULL ? "" : r->comment)))
			return false;
		if (copy->reasons[i].comment != NULL)
			clean_comment(copy->reasons[i].comment);
	}
	return true;
}

static bool
copy_texts(const struct history_record *rec, struct history_record *copy)
{
	return copy_name(&copy->job, rec->job, JOB_MAX) &&
	    copy_name(&copy->reporter, rec->reporter, STORE_NAME_MAX) &&
	    copy_name(&copy->ipaddr, rec->ipaddr, ADDRESS_MAX) &&
	    copy_domain(&copy->from, rec->from) &&
	    copy_domain(&copy->mfrom, rec->mfrom) &&
	    copy_domain(&copy->pdomain, rec->pdomain) &&
	    copy_domain(&copy->spf_domain, rec->spf_domain) &&
	    copy_name(&copy->discovery, rec->discovery, STORE_NAME_MAX) &&
	    copy_lists(rec, copy) && copy_arcseals(rec, copy);
}

bool
clean_record(const struct history_record *rec, struct history_record *copy)
{
	*copy = *rec;
	copy->job = copy->reporter = copy->ipaddr = copy->from = copy->mfrom = NULL;
	copy->pdomain = copy->spf_domain = copy->discovery = copy->id = NULL;
	copy->dkim = NULL;
	copy->rua = NULL;
	copy->reasons = NULL;
	copy->arcseals = NULL;
	copy->ndkim = copy->nrua = copy->nreasons = copy->narcseals = 0;
	if (copy_texts(rec, copy))
		return true;
	history_record_clear(copy);
	return false;
}
