/*
 * record.c - parser of the DMARC Policy Record. RFC 9989, 4.7 and 4.8.
 * Notes what stands there; what a bad record means for a message is decided
 * where it is evaluated (4.10.1).
 */
#include <assert.h>

#include "libopendmarc/base/nametab.h"
#include "libopendmarc/parse/record.h"

static const struct odm_name policy_names[] = {
	{ ODM_POLICY_NONE,		"none" },
	{ ODM_POLICY_QUARANTINE,	"quarantine" },
	{ ODM_POLICY_REJECT,		"reject" },
};

static const struct odm_name alignment_names[] = {
	{ ODM_ALIGNMENT_RELAXED,	"r" },
	{ ODM_ALIGNMENT_STRICT,		"s" },
};

static const struct odm_name psd_names[] = {
	{ ODM_PSD_UNKNOWN,	"u" },
	{ ODM_PSD_YES,		"y" },
	{ ODM_PSD_NO,		"n" },
};

static const struct odm_name testing_names[] = {
	{ true,		"y" },
	{ false,	"n" },
};

static const struct odm_name fo_names[] = {
	{ ODM_FO_0,	"0" },
	{ ODM_FO_1,	"1" },
	{ ODM_FO_D,	"d" },
	{ ODM_FO_S,	"s" },
};

const char *
odm_policy_name(enum odm_policy policy)
{
	return odm_name_of(policy_names, COUNT(policy_names), (int)policy);
}

bool
odm_policy_parse(struct odm_span word, enum odm_policy *policy_r)
{
	int value;

	if (!odm_name_value(policy_names, COUNT(policy_names), word, &value))
		return false;
	*policy_r = (enum odm_policy)value;
	return true;
}

static void
apply_policy(struct odm_record *rec, enum odm_policy *policy, struct odm_span value)
{
	if (!odm_policy_parse(value, policy))
		rec->policy_invalid = true;
}

static void
apply_p(struct odm_record *rec, struct odm_span value)
{
	apply_policy(rec, &rec->p, value);
}

static void
apply_sp(struct odm_record *rec, struct odm_span value)
{
	apply_policy(rec, &rec->sp, value);
	rec->sp_invalid = rec->sp == ODM_POLICY_UNSET;
}

static void
apply_np(struct odm_record *rec, struct odm_span value)
{
	apply_policy(rec, &rec->np, value);
}

static enum odm_alignment_mode
alignment_mode(struct odm_span value)
{
	int mode = ODM_ALIGNMENT_RELAXED;

	odm_name_value(alignment_names, COUNT(alignment_names), value, &mode);
	return (enum odm_alignment_mode)mode;
}

static void
apply_adkim(struct odm_record *rec, struct odm_span value)
{
	rec->adkim = alignment_mode(value);
}

static void
apply_aspf(struct odm_record *rec, struct odm_span value)
{
	rec->aspf = alignment_mode(value);
}

/* Tokens that are not known are dropped; 0 and 1 exclude each other, 0 then counts. */
static void
apply_fo(struct odm_record *rec, struct odm_span value)
{
	struct odm_span token;
	unsigned fo = 0;
	int bit;

	while (odm_span_next(&value, ':', &token))
		if (odm_name_value(fo_names, COUNT(fo_names), odm_span_trim(token), &bit))
			fo |= (unsigned)bit;
	if ((fo & ODM_FO_0) != 0)
		fo &= ~(unsigned)ODM_FO_1;
	if (fo != 0)
		rec->fo = fo;
}

static void
apply_pct(struct odm_record *rec, struct odm_span value)
{
	unsigned long long pct;

	if (!odm_span_number(value, 100, &pct))
		return;
	rec->pct = (unsigned)pct;
	rec->pct_zero = pct == 0;
}

static void
apply_psd(struct odm_record *rec, struct odm_span value)
{
	int psd = ODM_PSD_UNKNOWN;

	odm_name_value(psd_names, COUNT(psd_names), value, &psd);
	rec->psd = (enum odm_psd)psd;
}

static void
apply_t(struct odm_record *rec, struct odm_span value)
{
	int testing = false;

	odm_name_value(testing_names, COUNT(testing_names), value, &testing);
	rec->testing = testing != false;
}

/* A dmarc-value is printable ASCII; the blanks around a comma may be folded ones. */
static bool
is_list_text(struct odm_span value)
{
	for (size_t i = 0; i < value.len; i++)
		if (!odm_is_fws(value.at[i]) && (value.at[i] < 0x20 || value.at[i] > 0x7e))
			return false;
	return true;
}

static void
apply_rua(struct odm_record *rec, struct odm_span value)
{
	if (is_list_text(value))
		rec->rua = value;
}

static void
apply_ruf(struct odm_record *rec, struct odm_span value)
{
	if (is_list_text(value))
		rec->ruf = value;
}

static const struct tag {
	const char	*name;
	void		(*apply)(struct odm_record *rec, struct odm_span value);
} tags[] = {
	{ "p",		apply_p },
	{ "sp",		apply_sp },
	{ "np",		apply_np },
	{ "adkim",	apply_adkim },
	{ "aspf",	apply_aspf },
	{ "fo",		apply_fo },
	{ "pct",	apply_pct },
	{ "psd",	apply_psd },
	{ "rua",	apply_rua },
	{ "ruf",	apply_ruf },
	{ "t",		apply_t },
};

/* Cuts "name = value" at its first "=". False when there is none or a side is empty. */
static bool
split_tag(struct odm_span text, struct odm_span *name_r, struct odm_span *value_r)
{
	size_t cut = odm_span_find(text, '=');

	if (cut == text.len)
		return false;
	*name_r = odm_span_trim(odm_span_sub(text, 0, cut));
	*value_r = odm_span_trim(odm_span_sub(text, cut + 1, text.len));
	return name_r->len > 0 && value_r->len > 0;
}

/* Applies a tag unless the same one stood before; *seen has a bit for each row. */
static void
apply_tag(struct odm_record *rec, unsigned *seen, struct odm_span name, struct odm_span value)
{
	for (size_t i = 0; i < COUNT(tags); i++) {
		if (!odm_span_ieq(name, tags[i].name))
			continue;
		if ((*seen & 1U << i) == 0)
			tags[i].apply(rec, value);
		*seen |= 1U << i;
		return;
	}
}

bool
odm_record_parse(struct odm_span text, struct odm_record *rec_r)
{
	static const struct odm_record defaults = { .fo = ODM_FO_0, .pct = 100 };
	struct odm_span rest = text, part, name, value;
	unsigned seen = 0;

	assert(rec_r != NULL);
	*rec_r = defaults;

	if (!odm_span_next(&rest, ';', &part) || !split_tag(part, &name, &value) ||
	    !odm_span_ieq(name, "v") || !odm_span_eq(value, "DMARC1"))
		return false;

	while (odm_span_next(&rest, ';', &part)) {
		if (!split_tag(part, &name, &value))
			continue;
		if (odm_span_ieq(name, "v")) {
			*rec_r = defaults;
			return false;
		}
		apply_tag(rec_r, &seen, name, value);
	}
	return true;
}
