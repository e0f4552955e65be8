/*
 * recordlint.c - goes through a record tag by tag and notes what is odd. RFC 9989, 4.7
 * and 4.8. It cuts the text as libopendmarc/parse/record.c does, so that what it calls a
 * tag is one.
 */
#include <stdarg.h>
#include <stdio.h>

#include "common/recordlint.h"
#include "libopendmarc/core/policy.h"
#include "libopendmarc/parse/record.h"
#include "libopendmarc/parse/uri.h"

/* An answer of 1232 octets also holds header, question, signatures. */
#define LENGTH_FINE	1000

struct state {
	struct odm_span	 record;
	const struct recordlint_place *place;
	struct recordlint *lint;
	unsigned	 seen;		/* a bit for each row of tags[] */
	struct odm_span	 where[16];	/* name of each tag seen, by row */
	bool		 version;	/* a v tag has been met */
	bool		 quote, backslash, octet;	/* told already */
};

/* One "name=value", trimmed; both lie in the record. */
struct part {
	struct odm_span	 name, value;
};

static size_t
offset(const struct state *s, struct odm_span part)
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

/* A finding about the octets of part, with a proposal of its own unless format is NULL. */
static void tell(struct state *s, enum recordlint_code code, struct odm_span tag,
    struct odm_span part, const char *format, ...) __attribute__((format(printf, 5, 6)));

static void
tell(struct state *s, enum recordlint_code code, struct odm_span tag, struct odm_span part,
    const char *format, ...)
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
tell_all(struct state *s, enum recordlint_code code)
{
	struct odm_span none = { s->record.at, 0 };

	recordlint_add(s->lint, code, none, s->record.len, 0, NULL);
}

static bool
starts(struct odm_span text, const char *word)
{
	size_t len = strlen(word);

	return text.len >= len && odm_span_ieq(odm_span_sub(text, 0, len), word);
}

/* p, sp and np: the word that was probably meant, if any. */
static void
check_policy(struct state *s, const struct part *p)
{
	enum odm_policy policy;
	const char *meant = NULL;

	if (odm_policy_parse(p->value, &policy))
		return;
	if (starts(p->value, "r") || starts(p->value, "b"))
		meant = "reject";
	else if (starts(p->value, "q"))
		meant = "quarantine";
	else if (starts(p->value, "n") || starts(p->value, "m"))
		meant = "none";
	if (meant == NULL)
		tell(s, RECORDLINT_POLICY_VALUE, p->name, p->value, NULL);
	else
		tell(s, RECORDLINT_POLICY_VALUE, p->name, p->value, "%.*s=%s", (int)p->name.len,
		    p->name.at, meant);
}

/* A value of one letter out of letters; a longer word that begins so was meant as it. */
static void
check_letter(struct state *s, const struct part *p, const char *letters)
{
	char first = odm_lower(p->value.at[0]);
	char list[32] = "";

	if (first != '\0' && strchr(letters, first) != NULL) {
		if (p->value.len > 1)
			tell(s, RECORDLINT_VALUE, p->name, p->value, "%.*s=%c", (int)p->name.len,
			    p->name.at, first);
		return;
	}
	for (; *letters != '\0'; letters++) {
		char item[5] = { *letters, letters[1] == '\0' ? '\0' : ' ', 'o', 'r', '\0' };

		if (letters[1] != '\0' && letters[2] != '\0')
			(void)strlcpy(item + 1, ",", 2);
		(void)strlcat(list, item, sizeof(list));
		if (letters[1] != '\0')
			(void)strlcat(list, " ", sizeof(list));
	}
	tell(s, RECORDLINT_VALUE, p->name, p->value, "%.*s with the value %s", (int)p->name.len,
	    p->name.at, list);
}

static void
check_mode(struct state *s, const struct part *p)
{
	check_letter(s, p, "rs");
}

static void
check_psd(struct state *s, const struct part *p)
{
	check_letter(s, p, "ynu");
	if (odm_span_ieq(p->value, "y") && s->place->is_suffix != RECORDLINT_YES)
		tell(s, RECORDLINT_PSD_YES, p->name, p->value, NULL);
}

static void
check_t(struct state *s, const struct part *p)
{
	check_letter(s, p, "yn");
}

static void
check_fo(struct state *s, const struct part *p)
{
	struct odm_span rest = p->value, word;
	bool zero = false, one = false;

	while (odm_span_next(&rest, ':', &word)) {
		word = odm_span_trim(word);
		zero = zero || odm_span_eq(word, "0");
		one = one || odm_span_eq(word, "1");
		if (word.len != 1 || memchr("01dsDS", word.at[0], 6) == NULL)
			tell(s, RECORDLINT_FO_VALUE, p->name, word.len > 0 ? word : p->value,
			    word.len > 1 ? "%s" : NULL, "a : between two words, as in fo=1:d:s");
	}
	if (zero && one)
		tell(s, RECORDLINT_FO_CONFLICT, p->name, p->value, NULL);
}

static void
check_pct(struct state *s, const struct part *p)
{
	unsigned long long pct;

	if (odm_span_number(p->value, 100, &pct) && pct == 0)
		tell(s, RECORDLINT_PCT_ZERO, p->name, p->value, NULL);
	else
		tell(s, RECORDLINT_HISTORIC_TAG, p->name, p->name, NULL);
}

static void
check_historic(struct state *s, const struct part *p)
{
	tell(s, RECORDLINT_HISTORIC_TAG, p->name, p->name, NULL);
}

/* Printable and short enough to be shown in a proposal. */
static bool
is_showable(struct odm_span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] <= ' ' || text.at[i] > '~')
			return false;
	return text.len > 0 && text.len <= RECORDLINT_FIX_MAX - 20;
}

static void
check_malformed_uri(struct state *s, const struct part *p, struct odm_span text)
{
	size_t at = odm_span_find(text, '@');

	if (at < text.len && odm_span_find(text, ':') == text.len && is_showable(text))
		tell(s, RECORDLINT_URI_SCHEMELESS, p->name, text, "mailto:%.*s", (int)text.len,
		    text.at);
	else
		tell(s, RECORDLINT_URI_MALFORMED, p->name, text, NULL);
}

static void
check_uri(struct state *s, const struct part *p, const struct odm_uri *uri)
{
	size_t size = odm_span_rfind(uri->text, '!');

	if (uri->malformed) {
		check_malformed_uri(s, p, uri->text);
		return;
	}
	if (uri->scheme == ODM_URI_OTHER)
		tell(s, RECORDLINT_URI_SCHEME, p->name, uri->text, NULL);
	if (uri->scheme == ODM_URI_HTTPS)
		tell(s, RECORDLINT_URI_HTTPS, p->name, uri->text, NULL);
	/* A "!" elsewhere would have made the URI malformed. */
	if (size < uri->text.len)
		tell(s, RECORDLINT_URI_SIZE, p->name,
		    odm_span_sub(uri->text, size, uri->text.len),
		    size <= RECORDLINT_FIX_MAX ? "%.*s" : NULL, (int)size, uri->text.at);
}

static void
check_uris(struct state *s, const struct part *p)
{
	struct odm_span rest = p->value, text, one, known[ODM_URIS_MAX];
	struct odm_uri uri;
	size_t n = 0, i;

	while (odm_span_next(&rest, ',', &text)) {
		one = text;
		if (!odm_uri_next(&one, &uri)) {
			tell(s, RECORDLINT_URI_EMPTY, p->name, text, NULL);
			continue;
		}
		check_uri(s, p, &uri);
		for (i = 0; i < n && !odm_span_same(known[i], uri.text); i++)
			;
		if (i < n)
			tell(s, RECORDLINT_URI_TWICE, p->name, uri.text, NULL);
		else if (n < ODM_URIS_MAX)
			known[n++] = uri.text;
		else {
			tell(s, RECORDLINT_URI_MANY, p->name, uri.text, NULL);
			return;
		}
	}
	if (p->value.at[p->value.len - 1] == ',')
		tell(s, RECORDLINT_URI_EMPTY, p->name,
		    odm_span_sub(p->value, p->value.len - 1, p->value.len), NULL);
}

static const struct tag {
	const char	*name;
	void		(*check)(struct state *s, const struct part *p);
} tags[] = {
	{ "p",		check_policy },
	{ "sp",		check_policy },
	{ "np",		check_policy },
	{ "adkim",	check_mode },
	{ "aspf",	check_mode },
	{ "fo",		check_fo },
	{ "psd",	check_psd },
	{ "t",		check_t },
	{ "rua",	check_uris },
	{ "ruf",	check_uris },
	{ "pct",	check_pct },
	{ "rf",		check_historic },
	{ "ri",		check_historic },
};

/* The row of a tag name; COUNT(tags) when it is not known. */
static size_t
tag_row(struct odm_span name)
{
	size_t i;

	for (i = 0; i < COUNT(tags); i++)
		if (odm_span_ieq(name, tags[i].name))
			break;
	return i;
}

/* The name of a tag seen; len 0 when it was not. */
static struct odm_span
seen_tag(const struct state *s, const char *name)
{
	size_t row = tag_row(odm_span_str(name));

	return (s->seen & 1U << row) != 0 ? s->where[row] : (struct odm_span){ s->record.at, 0 };
}

/* Characters that belong around a record, not into it; each kind is told once. */
static void
check_octets(struct state *s, struct odm_span part)
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
			tell(s, code, none, here, NULL);
		*told = true;
	}
}

/*
 * True when a second tag stands inside value, behind a blank or a comma: "none rua=...".
 * It is then told, and the value needs no further look.
 */
static bool
holds_tag(struct state *s, struct odm_span value)
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
		if (end == value.len || value.at[end] != '=' || tag_row(name) == COUNT(tags))
			continue;
		tell(s, RECORDLINT_SEPARATOR, name, name, "; before %.*s=", (int)name.len, name.at);
		return true;
	}
	return false;
}

/* Cuts at the first "=" and trims both sides; value.at is NULL when there is none. */
static struct part
cut(struct odm_span text)
{
	size_t equals = odm_span_find(text, '=');
	struct part p = { odm_span_trim(odm_span_sub(text, 0, equals)), { NULL, 0 } };

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
check_known_tag(struct state *s, const struct part *p, size_t row)
{
	if (!is_lower(p->name))
		tell(s, RECORDLINT_TAG_CASE, p->name, p->name, NULL);
	if ((s->seen & 1U << row) != 0)
		tell(s, RECORDLINT_DUPLICATE_TAG, p->name, p->name, NULL);
	s->seen |= 1U << row;
	s->where[row] = p->name;
	/* What quotes, backslashes or a swallowed tag do to a value is said with them. */
	if (!holds_tag(s, p->value) && p->value.at[p->value.len - 1] != '\\' &&
	    odm_span_find(p->value, '"') == p->value.len)
		tags[row].check(s, p);
}

/* One part between semicolons, not the first. last: nothing follows. */
static void
check_part(struct state *s, struct odm_span text, bool last)
{
	struct part p = cut(text);
	size_t row = tag_row(p.name);

	check_octets(s, text);
	if (p.name.len == 0 && p.value.at == NULL) {
		if (!last)
			tell(s, RECORDLINT_EMPTY_TAG, p.name, text, NULL);
	} else if (p.value.at == NULL) {
		if (starts(p.name, "mailto:") || starts(p.name, "https:"))
			tell(s, RECORDLINT_NO_EQUALS, p.name, p.name,
			    "a comma, not a semicolon, between two addresses");
		else
			tell(s, RECORDLINT_NO_EQUALS, p.name, p.name, NULL);
	} else if (p.name.len == 0 || p.value.len == 0) {
		tell(s, RECORDLINT_EMPTY_VALUE, p.name, odm_span_trim(text), NULL);
	} else if (odm_span_ieq(p.name, "v")) {
		if (s->version)
			tell(s, RECORDLINT_V_TWICE, p.name, p.name, NULL);
		s->version = true;
	} else if (row == COUNT(tags)) {
		/* Of a name in quotation marks enough has been said. */
		if (!holds_tag(s, p.value) && odm_span_find(p.name, '"') == p.name.len)
			tell(s, RECORDLINT_UNKNOWN_TAG, p.name, p.name, NULL);
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
		struct part p = cut(text);

		if (!odm_span_ieq(p.name, "v") || !odm_span_ieq(p.value, "DMARC1"))
			continue;
		*name_r = p.name;
		return true;
	}
	return false;
}

/* The first part. True when it is the v tag, good or bad. */
static bool
check_version(struct state *s, struct odm_span text, struct odm_span rest)
{
	struct part p = cut(text);
	struct odm_span name;

	if (text.len > 0 && odm_is_fws(text.at[0]))
		tell(s, RECORDLINT_V_BLANK, p.name, odm_span_sub(text, 0, 1), NULL);
	if (odm_span_ieq(p.name, "v") && p.value.at != NULL) {
		s->version = true;
		check_octets(s, text);
		if (!is_lower(p.name))
			tell(s, RECORDLINT_TAG_CASE, p.name, p.name, NULL);
		if (odm_span_eq(p.value, "DMARC1"))
			return true;
		if (odm_span_ieq(p.value, "DMARC1"))
			tell(s, RECORDLINT_V_CASE, p.name, p.value, NULL);
		else if (!holds_tag(s, p.value))
			tell(s, RECORDLINT_V_VALUE, p.name, p.value, NULL);
		return true;
	}
	if (finds_version(rest, &name)) {
		tell(s, RECORDLINT_V_NOT_FIRST, name, name, NULL);
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
check_policies(struct state *s, const struct odm_record *r)
{
	struct odm_span sp = seen_tag(s, "sp"), np = seen_tag(s, "np"), t = seen_tag(s, "t");
	struct odm_span sub = sp.len > 0 ? sp : np;

	if (r->p == ODM_POLICY_UNSET && seen_tag(s, "p").len == 0)
		tell_all(s, RECORDLINT_P_MISSING);
	if (r->p == ODM_POLICY_NONE && !r->policy_invalid)
		tell(s, RECORDLINT_P_NONE, seen_tag(s, "p"), seen_tag(s, "p"), NULL);
	if (r->testing)
		tell(s, r->p > ODM_POLICY_NONE || r->sp > ODM_POLICY_NONE ||
		    r->np > ODM_POLICY_NONE ? RECORDLINT_TESTING : RECORDLINT_TESTING_NONE, t, t,
		    NULL);
	if (sub.len > 0 && s->place->is_org == RECORDLINT_NO && s->place->is_suffix !=
	    RECORDLINT_YES && r->psd == ODM_PSD_UNKNOWN)
		tell(s, RECORDLINT_INERT, sub, sub, NULL);
	else if (weak_subdomains(r))
		tell(s, RECORDLINT_WEAK_SUBDOMAINS, sub, sub, NULL);
}

static void
check_reporting(struct state *s, const struct odm_record *r)
{
	struct odm_span ruf = seen_tag(s, "ruf"), fo = seen_tag(s, "fo");

	if (!odm_uri_list_usable(r->rua))
		tell_all(s, RECORDLINT_RUA_MISSING);
	if (ruf.len > 0 && r->psd == ODM_PSD_YES)
		tell(s, RECORDLINT_PSD_RUF, ruf, ruf, NULL);
	if (fo.len > 0 && ruf.len == 0)
		tell(s, RECORDLINT_FO_WITHOUT_RUF, fo, fo, NULL);
}

bool
recordlint_looks_like_dmarc(struct odm_span text)
{
	for (size_t i = 0; i + 5 <= text.len && i < 32; i++)
		if (odm_span_ieq(odm_span_sub(text, i, i + 5), "dmarc"))
			return true;
	return starts(odm_span_trim(text), "p=");
}

void
recordlint_check(struct odm_span record, const struct recordlint_place *place,
    struct recordlint *lint_r)
{
	struct odm_span start = { record.at != NULL ? record.at : "", record.len };
	struct state s = { .record = start, .place = place, .lint = lint_r };
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
