/*
 * arc.c - reading ARC-Seal, ARC-Message-Signature and ARC-Authentication-Results.
 * RFC 8617, 4.1, 4.2.1 and 3.9. Seal and signature are tag lists as in RFC 6376, 3.2;
 * only round their instance, and only when it stands first, there may be comments.
 */
#include <assert.h>

#include "libopendmarc/base/domain.h"
#include "libopendmarc/base/nametab.h"
#include "libopendmarc/parse/arc.h"
#include "libopendmarc/parse/cfws.h"
#include "libopendmarc/parse/taglist.h"

static const struct odm_name cv_names[] = {
	{ ODM_ARC_CV_NONE,	"none" },
	{ ODM_ARC_CV_FAIL,	"fail" },
	{ ODM_ARC_CV_PASS,	"pass" },
};

/* The tags of both lists, those that both require first. */
enum arc_tag {
	TAG_I, TAG_A, TAG_B, TAG_D, TAG_S, TAG_COMMON,
	TAG_CV = TAG_COMMON, TAG_BH, TAG_H, TAG_COUNT
};

static const char *const tag_names[TAG_COUNT] = {
	[TAG_I] = "i", [TAG_A] = "a", [TAG_B] = "b", [TAG_D] = "d", [TAG_S] = "s",
	[TAG_CV] = "cv", [TAG_BH] = "bh", [TAG_H] = "h",
};

/* What both fields have in common, and the tags for what they do not. */
struct arc_tags {
	bool		good;		/* a list, and all that both require is there */
	unsigned	instance;
	char		domain[ODM_NAME_MAX + 1];
	struct odm_span	values[TAG_COUNT];
};

/* An instance: one or two digits. 0 for anything else. */
static unsigned
read_instance(struct odm_span text)
{
	unsigned long long number;

	if (text.len > 2 || !odm_span_number(text, ODM_ARC_SETS_MAX, &number))
		return 0;
	return (unsigned)number;
}

/* Takes one octet c, comments and white space before it. */
static bool
take_octet(struct odm_span *rest, char c)
{
	if (!odm_cfws_skip(rest) || rest->len == 0 || rest->at[0] != c)
		return false;
	*rest = odm_span_sub(*rest, 1, rest->len);
	return true;
}

/* Takes "i=N" and what ends it, comments anywhere between. 0: something else is here. */
static unsigned
take_instance(struct odm_span *rest)
{
	size_t len = 0;
	unsigned instance;

	if (!take_octet(rest, 'i') || !take_octet(rest, '=') || !odm_cfws_skip(rest))
		return 0;
	while (len < rest->len && odm_is_digit(rest->at[len]))
		len++;
	instance = read_instance(odm_span_sub(*rest, 0, len));
	*rest = odm_span_sub(*rest, len, rest->len);
	if (!odm_cfws_skip(rest) || (rest->len > 0 && !take_octet(rest, ';')))
		return 0;
	return instance;
}

static void
read_tags(struct odm_span value, struct arc_tags *tags)
{
	struct odm_span rest = value;
	size_t i;

	*tags = (struct arc_tags){ 0 };
	tags->instance = take_instance(&rest);
	if (tags->instance == 0)
		rest = value;	/* not first, or not good */
	tags->good = odm_taglist_read(rest, tag_names, TAG_COUNT, tags->values);
	if (tags->instance == 0)
		tags->instance = read_instance(tags->values[TAG_I]);
	else if (tags->values[TAG_I].at != NULL)
		tags->good = false;	/* a second one */

	if (!odm_domain_normalise(tags->values[TAG_D], tags->domain) || tags->instance == 0)
		tags->good = false;
	for (i = TAG_A; i < TAG_COMMON; i++)
		tags->good = tags->good && tags->values[i].len > 0;
}

void
odm_arc_seal_parse(struct odm_span value, struct odm_arc_seal *seal_r)
{
	struct arc_tags tags;
	int cv = ODM_ARC_CV_UNKNOWN;

	assert(seal_r != NULL);

	read_tags(value, &tags);
	(void)odm_name_value(cv_names, COUNT(cv_names), tags.values[TAG_CV], &cv);
	*seal_r = (struct odm_arc_seal){
		/* 4.1.3: a seal covers a fixed list of fields, so h is an error. */
		.well_formed = tags.good && cv != ODM_ARC_CV_UNKNOWN &&
		    tags.values[TAG_H].at == NULL,
		.instance = tags.instance,
		.cv = (enum odm_arc_cv)cv,
		.selector = tags.values[TAG_S],
		.signature = tags.values[TAG_B],
	};
	memcpy(seal_r->domain, tags.domain, sizeof(seal_r->domain));
}

void
odm_arc_signature_parse(struct odm_span value, struct odm_arc_signature *sig_r)
{
	struct arc_tags tags;

	assert(sig_r != NULL);

	read_tags(value, &tags);
	*sig_r = (struct odm_arc_signature){
		.well_formed = tags.good && tags.values[TAG_BH].len > 0 &&
		    tags.values[TAG_H].len > 0,
		.instance = tags.instance,
		.selector = tags.values[TAG_S],
		.signature = tags.values[TAG_B],
	};
	memcpy(sig_r->domain, tags.domain, sizeof(sig_r->domain));
}

bool
odm_arc_results_open(struct odm_span value, struct odm_arc_results *results_r)
{
	struct odm_arc_results results = { .instance = 0 };
	struct odm_span rest = value;

	assert(results_r != NULL);
	*results_r = results;

	results.instance = take_instance(&rest);
	if (results.instance == 0 || !odm_authres_open(rest, &results.authres))
		return false;
	*results_r = results;
	return true;
}

const char *
odm_arc_cv_name(enum odm_arc_cv cv)
{
	return odm_name_of(cv_names, COUNT(cv_names), (int)cv);
}
