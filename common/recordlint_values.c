/*
 * recordlint_values.c - the values of the tags of a record. RFC 9989, 4.7 and 4.8.
 */
#include "common/recordlint_private.h"
#include "libopendmarc/parse/record.h"
#include "libopendmarc/parse/uri.h"

/* p, sp and np: the word that was probably meant, if any. */
static void
check_policy(struct recordlint_state *s, const struct recordlint_part *p)
{
	enum odm_policy policy;
	const char *meant = NULL;

	if (odm_policy_parse(p->value, &policy))
		return;
	if (recordlint_starts(p->value, "r") || recordlint_starts(p->value, "b"))
		meant = "reject";
	else if (recordlint_starts(p->value, "q"))
		meant = "quarantine";
	else if (recordlint_starts(p->value, "n") || recordlint_starts(p->value, "m"))
		meant = "none";
	if (meant == NULL)
		recordlint_tell(s, RECORDLINT_POLICY_VALUE, p->name, p->value, NULL);
	else
		recordlint_tell(s, RECORDLINT_POLICY_VALUE, p->name, p->value, "%.*s=%s",
		    (int)p->name.len, p->name.at, meant);
}

/* A value of one letter out of letters; a longer word that begins so was meant as it. */
static void
check_letter(struct recordlint_state *s, const struct recordlint_part *p, const char *letters)
{
	char first = odm_lower(p->value.at[0]);
	char list[32] = "";

	if (first != '\0' && strchr(letters, first) != NULL) {
		if (p->value.len > 1)
			recordlint_tell(s, RECORDLINT_VALUE, p->name, p->value, "%.*s=%c",
			    (int)p->name.len, p->name.at, first);
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
	recordlint_tell(s, RECORDLINT_VALUE, p->name, p->value, "%.*s with the value %s",
	    (int)p->name.len, p->name.at, list);
}

static void
check_mode(struct recordlint_state *s, const struct recordlint_part *p)
{
	check_letter(s, p, "rs");
}

static void
check_psd(struct recordlint_state *s, const struct recordlint_part *p)
{
	check_letter(s, p, "ynu");
	if (odm_span_ieq(p->value, "y") && s->place->is_suffix != RECORDLINT_YES)
		recordlint_tell(s, RECORDLINT_PSD_YES, p->name, p->value, NULL);
}

static void
check_t(struct recordlint_state *s, const struct recordlint_part *p)
{
	check_letter(s, p, "yn");
}

static void
check_fo(struct recordlint_state *s, const struct recordlint_part *p)
{
	struct odm_span rest = p->value, word;
	bool zero = false, one = false;

	while (odm_span_next(&rest, ':', &word)) {
		word = odm_span_trim(word);
		zero = zero || odm_span_eq(word, "0");
		one = one || odm_span_eq(word, "1");
		if (word.len != 1 || memchr("01dsDS", word.at[0], 6) == NULL)
			recordlint_tell(s, RECORDLINT_FO_VALUE, p->name,
			    word.len > 0 ? word : p->value, word.len > 1 ? "%s" : NULL,
			    "a : between two words, as in fo=1:d:s");
	}
	if (zero && one)
		recordlint_tell(s, RECORDLINT_FO_CONFLICT, p->name, p->value, NULL);
}

static void
check_pct(struct recordlint_state *s, const struct recordlint_part *p)
{
	unsigned long long pct;

	if (odm_span_number(p->value, 100, &pct) && pct == 0)
		recordlint_tell(s, RECORDLINT_PCT_ZERO, p->name, p->value, NULL);
	else
		recordlint_tell(s, RECORDLINT_HISTORIC_TAG, p->name, p->name, NULL);
}

static void
check_historic(struct recordlint_state *s, const struct recordlint_part *p)
{
	recordlint_tell(s, RECORDLINT_HISTORIC_TAG, p->name, p->name, NULL);
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
check_malformed_uri(struct recordlint_state *s, const struct recordlint_part *p,
    struct odm_span text)
{
	size_t at = odm_span_find(text, '@');

	if (at < text.len && odm_span_find(text, ':') == text.len && is_showable(text))
		recordlint_tell(s, RECORDLINT_URI_SCHEMELESS, p->name, text, "mailto:%.*s",
		    (int)text.len, text.at);
	else
		recordlint_tell(s, RECORDLINT_URI_MALFORMED, p->name, text, NULL);
}

static void
check_uri(struct recordlint_state *s, const struct recordlint_part *p, const struct odm_uri *uri)
{
	size_t size = odm_span_rfind(uri->text, '!');

	if (uri->malformed) {
		check_malformed_uri(s, p, uri->text);
		return;
	}
	if (uri->scheme == ODM_URI_OTHER)
		recordlint_tell(s, RECORDLINT_URI_SCHEME, p->name, uri->text, NULL);
	if (uri->scheme == ODM_URI_HTTPS)
		recordlint_tell(s, RECORDLINT_URI_HTTPS, p->name, uri->text, NULL);
	/* A "!" elsewhere would have made the URI malformed. */
	if (size < uri->text.len)
		recordlint_tell(s, RECORDLINT_URI_SIZE, p->name,
		    odm_span_sub(uri->text, size, uri->text.len),
		    size <= RECORDLINT_FIX_MAX ? "%.*s" : NULL, (int)size, uri->text.at);
}

static void
check_uris(struct recordlint_state *s, const struct recordlint_part *p)
{
	struct odm_span rest = p->value, text, one, known[ODM_URIS_MAX];
	struct odm_uri uri;
	size_t n = 0, i;

	while (odm_span_next(&rest, ',', &text)) {
		one = text;
		if (!odm_uri_next(&one, &uri)) {
			recordlint_tell(s, RECORDLINT_URI_EMPTY, p->name, text, NULL);
			continue;
		}
		check_uri(s, p, &uri);
		for (i = 0; i < n && !odm_span_same(known[i], uri.text); i++)
			;
		if (i < n)
			recordlint_tell(s, RECORDLINT_URI_TWICE, p->name, uri.text, NULL);
		else if (n < ODM_URIS_MAX)
			known[n++] = uri.text;
		else {
			recordlint_tell(s, RECORDLINT_URI_MANY, p->name, uri.text, NULL);
			return;
		}
	}
	if (p->value.at[p->value.len - 1] == ',')
		recordlint_tell(s, RECORDLINT_URI_EMPTY, p->name,
		    odm_span_sub(p->value, p->value.len - 1, p->value.len), NULL);
}

static const struct tag {
	const char	*name;
	void		(*check)(struct recordlint_state *s, const struct recordlint_part *p);
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

size_t
recordlint_tag_row(struct odm_span name)
{
	size_t i;

	_Static_assert(COUNT(tags) == RECORDLINT_TAGS, "the number of tags");

	for (i = 0; i < COUNT(tags); i++)
		if (odm_span_ieq(name, tags[i].name))
			break;
	return i;
}

void
recordlint_check_value(struct recordlint_state *s, const struct recordlint_part *p, size_t row)
{
	tags[row].check(s, p);
}
