/*
 * recordlint.c - goes through a record tag by tag and notes what is odd. RFC 9989, 4.7
 * and 4.8. It cuts the text as libopendmarc/parse/record.c does, so that what it calls a
 * tag is one.
 */
#include <stdarg.h>
#include <stdio.h>

#include "common/recordlint_private.h"
#include "libopendmarc/core/policy.h"
#include "libopendmarc/parse/record.h"
#include "libopendmarc/parse/uri.h"

/* An answer of 1232 octets also holds header, question, signatures. */
#define LENGTH_FINE	1000

static size_t
offset(const struct recordlint_state *s, struct odm_span part)
{
	return (size_t)(part.at - s->record.at);
}

void
recordlint_add(struct recordlint *lint, enum recordlint_code code, struct odm_span tag,
    size_t at, size_t len, const char *fix)
{
	struct recordlint_finding *f;
	size_t i;

	if (lint->n == RECORDLINT_MAX) {
		lint->dropped++;
		return;
	}
	for (i = lint->n++; i > 0 && lint->findings[i - 1].at > at; i--)
		lint->findings[i] = lint->findings[i - 1];
	f = &lint->findings[i];
	*f = (struct recordlint_finding){ .code = code, .tag = tag, .at = at, .len = len };
	if (fix != NULL && snprintf(f->fix, sizeof(f->fix), "%s", fix) >= (int)sizeof(f->fix))
		f->fix[0] = '\0';
}

void
recordlint_tell(struct recordlint_state *s, enum recordlint_code code, struct odm_span tag,
    struct odm_span part, const char *format, ...)
{
	char fix[RECORDLINT_FIX_MAX + 2] = "";
	va_list ap;

	if (format != NULL) {
		va_start(ap, format);
		if (vsnprintf(fix, sizeof(fix), format, ap) < 0)
			fix[0] = '\0';
		va_end(ap);
	}
	recordlint_add(s->lint, code, tag, offset(s, part), part.len, fix);
}

/* About the record as a whole: something is missing at its end. */
static void
tell_all(struct recordlint_state *s, enum recordlint_code code)
{
	struct odm_span none = { s->record.at, 0 };

	recordlint_add(s->lint, code, none, s->record.len, 0, NULL);
}

bool
recordlint_starts(struct odm_span text, const char *word)
{
	size_t len = strlen(word);

	return text.len >= len && odm_span_ieq(odm_span_sub(text, 0, len), word);
}

/* The name of a tag seen; len 0 when it was not. */
static struct odm_span
seen_tag(const struct recordlint_state *s, const char *name)
{
	size_t row = recordlint_tag_row(odm_span_str(name));

	return (s->seen & 1U << row) != 0 ? s->where[row] : (struct odm_span){ s->record.at, 0 };
}

/* Characters that belong around a record, not into it; each kind is told once. */
static void
check_octets(struct recordlint_state *s, struct odm_span part)
{
	for (size_t i = 0; i < part.len; i++) {
		char c = part.at[i];
		struct odm_span here = odm_span_sub(part, i, i + 1), none = { part.at, 0 };
		bool *told = c == '"' ? &s->quote : c == '\\' ? &s->backslash : &s->octet;
		enum recordlint_code code = c == '"' ? RECORDLINT_QUOTE :
		    c == '\\' ? RECORDLINT_BACKSLASH : RECORDLINT_OCTET;

		if (c != '"' && c != '\\' && (odm_is_wsp(c) || (c >= ' ' && c <= '~')))
			continue;
		if (!*told)
			recordlint_tell(s, code, none, here, NULL);
		*told = true;
	}
}

/*
 * True when a second tag stands inside value, behind a blank or a comma: "none rua=...".
 * It is then told, and the value needs no further look.
 */
static bool
holds_tag(struct recordlint_state *s, struct odm_span value)
{
	for (size_t i = 1; i < value.len; i++) {
		size_t end = i;
		struct odm_span name;

		if (!odm_is_fws(value.at[i - 1]) && value.at[i - 1] != ',')
			continue;
		while (end < value.len && odm_is_alpha(value.at[end]))
			end++;
		name = odm_span_sub(value, i, end);
		while (end < value.len && odm_is_wsp(value.at[end]))
			end++;
		if (end == value.len || value.at[end] != '=' ||
		    recordlint_tag_row(name) == RECORDLINT_TAGS)
			continue;
		recordlint_tell(s, RECORDLINT_SEPARATOR, name, name, "; before %.*s=",
		    (int)name.len, name.at);
		return true;
	}
	return false;
}

/* Cuts at the first "=" and trims both sides; value.at is NULL when there is none. */
static struct recordlint_part
cut(struct odm_span text)
{
	size_t equals = odm_span_find(text, '=');
	struct recordlint_part p = { odm_span_trim(odm_span_sub(text, 0, equals)), { NULL, 0 } };

	if (equals < text.len)
		p.value = odm_span_trim(odm_span_sub(text, equals + 1, text.len));
	return p;
}

static bool
is_lower(struct odm_span name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.at[i] != odm_lower(name.at[i]))
			return false;
	return true;
}

static void
check_known_tag(struct recordlint_state *s, const struct recordlint_part *p, size_t row)
{
	if (!is_lower(p->name))
		recordlint_tell(s, RECORDLINT_TAG_CASE, p->name, p->name, NULL);
	if ((s->seen & 1U << row) != 0)
		recordlint_tell(s, RECORDLINT_DUPLICATE_TAG, p->name, p->name, NULL);
	s->seen |= 1U << row;
	s->where[row] = p->name;
	/* What quotes, backslashes or a swallowed tag do to a value is said with them. */
	if (!holds_tag(s, p->value) && p->value.at[p->value.len - 1] != '\\' &&
	    odm_span_find(p->value, '"') == p->value.len)
		recordlint_check_value(s, p, row);
}

/* One part between semicolons, not the first. last: nothing follows. */
static void
check_part(struct recordlint_state *s, struct odm_span text, bool last)
{
	struct recordlint_part p = cut(text);
	size_t row = recordlint_tag_row(p.name);

	check_octets(s, text);
	if (p.name.len == 0 && p.value.at == NULL) {
		if (!last)
			recordlint_tell(s, RECORDLINT_EMPTY_TAG, p.name, text, NULL);
	} else if (p.value.at == NULL) {
		if (recordlint_starts(p.name, "mailto:") || recordlint_starts(p.name, "https:"))
			recordlint_tell(s, RECORDLINT_NO_EQUALS, p.name, p.name,
			    "a comma, not a semicolon, between two addresses");
		else
			recordlint_tell(s, RECORDLINT_NO_EQUALS, p.name, p.name, NULL);
	} else if (p.name.len == 0 || p.value.len == 0) {
		recordlint_tell(s, RECORDLINT_EMPTY_VALUE, p.name, odm_span_trim(text), NULL);
	} else if (odm_span_ieq(p.name, "v")) {
		if (s->version)
			recordlint_tell(s, RECORDLINT_V_TWICE, p.name, p.name, NULL);
		s->version = true;
	} else if (row == RECORDLINT_TAGS) {
		/* Of a name in quotation marks enough has been said. */
		if (!holds_tag(s, p.value) && odm_span_find(p.name, '"') == p.name.len)
			recordlint_tell(s, RECORDLINT_UNKNOWN_TAG, p.name, p.name, NULL);
	} else {
		check_known_tag(s, &p, row);
	}
}

/* True when a part of rest, behind the first one, is a v tag; it goes to *name_r. */
static bool
finds_version(struct odm_span rest, struct odm_span *name_r)
{
	struct odm_span text;

	while (odm_span_next(&rest, ';', &text)) {
		struct recordlint_part p = cut(text);

		if (!odm_span_ieq(p.name, "v") || !odm_span_ieq(p.value, "DMARC1"))
			continue;
		*name_r = p.name;
		return true;
	}
	return false;
}

/* The first part. True when it is the v tag, good or bad. */
static bool
check_version(struct recordlint_state *s, struct odm_span text, struct odm_span rest)
{
	struct recordlint_part p = cut(text);
	struct odm_span name;

	if (text.len > 0 && odm_is_fws(text.at[0]))
		recordlint_tell(s, RECORDLINT_V_BLANK, p.name, odm_span_sub(text, 0, 1), NULL);
	if (odm_span_ieq(p.name, "v") && p.value.at != NULL) {
		s->version = true;
		check_octets(s, text);
		if (!is_lower(p.name))
			recordlint_tell(s, RECORDLINT_TAG_CASE, p.name, p.name, NULL);
		if (odm_span_eq(p.value, "DMARC1"))
			return true;
		if (odm_span_ieq(p.value, "DMARC1"))
			recordlint_tell(s, RECORDLINT_V_CASE, p.name, p.value, NULL);
		else if (!holds_tag(s, p.value))
			recordlint_tell(s, RECORDLINT_V_VALUE, p.name, p.value, NULL);
		return true;
	}
	if (finds_version(rest, &name)) {
		recordlint_tell(s, RECORDLINT_V_NOT_FIRST, name, name, NULL);
		return false;
	}
	recordlint_add(s->lint, RECORDLINT_V_MISSING, odm_span_sub(text, 0, 0), 0, 0, NULL);
	return false;
}

/* sp milder than p, or np milder than what existing subdomains get. */
static bool
weak_subdomains(const struct odm_record *r)
{
	enum odm_policy existing = r->sp != ODM_POLICY_UNSET ? r->sp : r->p;

	return existing < r->p || (r->np != ODM_POLICY_UNSET && r->np < existing);
}

/* What several tags say together. */
static void
check_policies(struct recordlint_state *s, const struct odm_record *r)
{
	struct odm_span sp = seen_tag(s, "sp"), np = seen_tag(s, "np"), t = seen_tag(s, "t");
	struct odm_span sub = sp.len > 0 ? sp : np;

	if (r->p == ODM_POLICY_UNSET && seen_tag(s, "p").len == 0)
		tell_all(s, RECORDLINT_P_MISSING);
	if (r->p == ODM_POLICY_NONE && !r->policy_invalid)
		recordlint_tell(s, RECORDLINT_P_NONE, seen_tag(s, "p"), seen_tag(s, "p"), NULL);
	if (r->testing)
		recordlint_tell(s, r->p > ODM_POLICY_NONE || r->sp > ODM_POLICY_NONE ||
		    r->np > ODM_POLICY_NONE ? RECORDLINT_TESTING : RECORDLINT_TESTING_NONE, t, t,
		    NULL);
	if (sub.len > 0 && s->place->is_org == RECORDLINT_NO && s->place->is_suffix !=
	    RECORDLINT_YES && r->psd == ODM_PSD_UNKNOWN)
		recordlint_tell(s, RECORDLINT_INERT, sub, sub, NULL);
	else if (weak_subdomains(r))
		recordlint_tell(s, RECORDLINT_WEAK_SUBDOMAINS, sub, sub, NULL);
}

static void
check_reporting(struct recordlint_state *s, const struct odm_record *r)
{
	struct odm_span ruf = seen_tag(s, "ruf"), fo = seen_tag(s, "fo");

	if (!odm_uri_list_usable(r->rua))
		tell_all(s, RECORDLINT_RUA_MISSING);
	if (ruf.len > 0 && r->psd == ODM_PSD_YES)
		recordlint_tell(s, RECORDLINT_PSD_RUF, ruf, ruf, NULL);
	if (fo.len > 0 && ruf.len == 0)
		recordlint_tell(s, RECORDLINT_FO_WITHOUT_RUF, fo, fo, NULL);
}

bool
recordlint_looks_like_dmarc(struct odm_span text)
{
	for (size_t i = 0; i + 5 <= text.len && i < 32; i++)
		if (odm_span_ieq(odm_span_sub(text, i, i + 5), "dmarc"))
			return true;
	return recordlint_starts(odm_span_trim(text), "p=");
}

void
recordlint_check(struct odm_span record, const struct recordlint_place *place,
    struct recordlint *lint_r)
{
	struct odm_span start = { record.at != NULL ? record.at : "", record.len };
	struct recordlint_state s = { .record = start, .place = place, .lint = lint_r };
	struct odm_span rest = start, text;
	struct odm_record r;

	lint_r->n = lint_r->dropped = 0;
	if (!odm_span_next(&rest, ';', &text))
		text = start;
	if (!check_version(&s, text, rest))
		check_part(&s, text, rest.len == 0);
	while (odm_span_next(&rest, ';', &text))
		check_part(&s, text, rest.len == 0);
	if (record.len > LENGTH_FINE)
		tell_all(&s, RECORDLINT_LENGTH);
	if (odm_record_parse(start, &r)) {
		check_policies(&s, &r);
		check_reporting(&s, &r);
	}
}
