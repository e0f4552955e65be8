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
