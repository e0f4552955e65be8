/*
 * dkimsig.c - reading the tag list of a DKIM-Signature field. RFC 6376, 3.2
 * and 3.5. Tag names keep their letter case; there are no comments or quotes.
 */
#include <assert.h>

#include "libopendmarc/base/domain.h"
#include "libopendmarc/parse/dkimsig.h"
#include "libopendmarc/parse/taglist.h"

/* The tags of RFC 6376, 3.5, the required ones first. */
enum sig_tag {
	TAG_V, TAG_A, TAG_B, TAG_BH, TAG_D, TAG_H, TAG_S, TAG_REQUIRED,
	TAG_C = TAG_REQUIRED, TAG_I, TAG_L, TAG_Q, TAG_T, TAG_X, TAG_Z, TAG_COUNT
};

static const char *const tag_names[TAG_COUNT] = {
	[TAG_V] = "v", [TAG_A] = "a", [TAG_B] = "b", [TAG_BH] = "bh", [TAG_D] = "d",
	[TAG_H] = "h", [TAG_S] = "s", [TAG_C] = "c", [TAG_I] = "i", [TAG_L] = "l",
	[TAG_Q] = "q", [TAG_T] = "t", [TAG_X] = "x", [TAG_Z] = "z",
};

/* The most digits of t= and x=, and of l=. RFC 6376, 3.5. */
#define TIME_DIGITS_MAX		12
#define LENGTH_DIGITS_MAX	76

static bool
is_tag_name(struct odm_span name)
{
	if (name.len == 0 || !odm_is_alpha(name.at[0]))
		return false;
	for (size_t i = 1; i < name.len; i++)
		if (!odm_is_alnum(name.at[i]) && name.at[i] != '_')
			return false;
	return true;
}

/* True when all parts are tags; behind the last ";" may be nothing. RFC 6376, 3.2. */
static bool
is_tag_list(struct odm_span list)
{
	struct odm_span part;

	for (size_t i = 0; i < list.len; i++)
		if (!odm_is_fws(list.at[i]) && (list.at[i] < '!' || list.at[i] > '~'))
			return false;
	list = odm_span_trim(list);
	if (list.len == 0)
		return false;
	while (odm_span_next(&list, ';', &part)) {
		size_t cut = odm_span_find(part, '=');

		if (cut == part.len || !is_tag_name(odm_span_trim(odm_span_sub(part, 0, cut))))
			return false;
	}
	return true;
}

/* A tag that is absent has no address; one that is there needs a number. */
static bool
is_number_or_absent(struct odm_span value, size_t digits_max)
{
	if (value.at == NULL)
		return true;
	for (size_t i = 0; i < value.len; i++)
		if (!odm_is_digit(value.at[i]))
			return false;
	return value.len > 0 && value.len <= digits_max;
}

/* True when selector, "_domainkey" and domain make one name of the DNS. */
static bool
is_key_name(struct odm_span selector, const char *domain)
{
	static const char middle[] = "._domainkey.";
	struct odm_span label;
	size_t n = selector.len + sizeof(middle) - 1 + strlen(domain);

	if (domain[0] == '\0' || n > ODM_NAME_MAX || selector.len == 0 ||
	    selector.at[selector.len - 1] == '.')
		return false;
	while (odm_span_next(&selector, '.', &label)) {
		if (label.len == 0 || label.len > ODM_LABEL_MAX)
			return false;
		for (size_t i = 0; i < label.len; i++)
			if (!odm_is_alnum(label.at[i]) && label.at[i] != '-' && label.at[i] != '_')
				return false;
	}
	return true;
}

void
odm_dkimsig_parse(struct odm_span value, struct odm_dkimsig *sig_r)
{
	struct odm_span values[TAG_COUNT] = { { NULL, 0 } };

	assert(sig_r != NULL);
	*sig_r = (struct odm_dkimsig){ 0 };
	sig_r->well_formed = odm_taglist_read(value, tag_names, TAG_COUNT, values);

	for (size_t i = 0; i < TAG_REQUIRED; i++)
		if (values[i].len == 0)
			sig_r->well_formed = false;
	if (values[TAG_D].len > 0)
		odm_domain_normalise(values[TAG_D], sig_r->domain);
	sig_r->strict = sig_r->well_formed && is_tag_list(value) &&
	    is_key_name(values[TAG_S], sig_r->domain) &&
	    is_number_or_absent(values[TAG_L], LENGTH_DIGITS_MAX) &&
	    is_number_or_absent(values[TAG_T], TIME_DIGITS_MAX) &&
	    is_number_or_absent(values[TAG_X], TIME_DIGITS_MAX);
	sig_r->selector = values[TAG_S];
	sig_r->identity = values[TAG_I];
	sig_r->signature = values[TAG_B];
}

bool
odm_dkimsig_matches_b(const struct odm_dkimsig *sig, struct odm_span prefix)
{
	size_t matched = 0;

	for (size_t i = 0; i < sig->signature.len && matched < prefix.len; i++) {
		if (odm_is_fws(sig->signature.at[i]))
			continue;
		if (sig->signature.at[i] != prefix.at[matched])
			return false;
		matched++;
	}
	return prefix.len > 0 && matched == prefix.len;
}
