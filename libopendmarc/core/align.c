/*
 * align.c - identifier alignment: the decision, and afterwards the explanation.
 * RFC 9989, 4.4 and 4.10.2; RFC 7489, 3.1.
 */
#include <string.h>

#include "libopendmarc/base/domain.h"
#include "libopendmarc/base/nametab.h"
#include "libopendmarc/core/eval_private.h"

static const struct odm_name align_names[] = {
	{ ODM_ALIGN_NO_IDENTITY,	"no identity" },
	{ ODM_ALIGN_EQUAL,		"equal" },
	{ ODM_ALIGN_SAME_ORG,		"same organization" },
	{ ODM_ALIGN_STRICT,		"strict mode" },
	{ ODM_ALIGN_OTHER_ORG,		"other organization" },
	{ ODM_ALIGN_FAILED,		"lookup failed" },
	{ ODM_ALIGN_NOT_NEEDED,		"not needed" },
};

/* Compares by Organizational Domain, 4.4; no bit means they differ. */
static void
compare_orgs(struct odm_eval *e, struct author *a, struct identifier *id,
    unsigned bits, struct alignment *al)
{
	enum odm_walk_state state;
	const char *org;

	if (e->psl != NULL) {
		if (strcmp(id->psl_org, a->psl_org) == 0)
			al->aligned |= bits;
		return;
	}
	al->org_needed = true;
	state = odm_walk_run(&a->walk, e->questions, e->eager);
	if (state == ODM_WALK_DONE) {
		/* An organization owns only its own name and names below it. */
		org = odm_walk_orgdomain(&a->walk);
		if (strcmp(id->walk.subject, org) != 0 &&
		    !odm_domain_is_below(id->walk.subject, org))
			return;
		state = odm_walk_run(&id->walk, e->questions, e->eager);
		if (state == ODM_WALK_DONE && strcmp(odm_walk_orgdomain(&id->walk), org) == 0)
			al->aligned |= bits;
	}
	al->open = al->open || state == ODM_WALK_OPEN;
	al->failed = al->failed || state == ODM_WALK_FAILED;
}

static unsigned
relaxed_mechanisms(const struct odm_record *record)
{
	return (record->aspf == ODM_ALIGNMENT_RELAXED ? BY_SPF : 0) |
	    (record->adkim == ODM_ALIGNMENT_RELAXED ? BY_DKIM : 0);
}

static bool
same_last_label(const char *a, const char *b)
{
	return strcmp(odm_domain_suffix(a, 1), odm_domain_suffix(b, 1)) == 0;
}

/*
 * First what needs no question: the Author Domain itself is always aligned,
 * other names never in strict mode, nor in relaxed mode without a common label.
 */
struct alignment
odm_align(struct odm_eval *e, struct author *a, bool passed)
{
	struct alignment al = { 0, false, false, false };
	unsigned relaxed = relaxed_mechanisms(a->verdict.record), bits;
	const char *author = a->walk.subject;
	struct identifier *id;
	size_t i;

	for (i = 0; i < e->nidentifiers; i++) {
		id = &e->identifiers[i];
		if (strcmp(id->walk.subject, author) == 0)
			al.aligned |= passed ? id->pass : id->temperror;
	}
	for (i = 0; i < e->nidentifiers; i++) {
		id = &e->identifiers[i];
		bits = (passed ? id->pass : id->temperror) & relaxed & ~al.aligned;
		if (bits == 0 || !same_last_label(id->walk.subject, author))
			continue;
		/* Of what could not be checked, one that aligns is enough. */
		if (!passed && al.aligned != 0)
			break;
		compare_orgs(e, a, id, bits, &al);
		if (al.open && !e->eager)
			break;
	}
	return al;
}

/* What the walks of a finished evaluation say; they are not taken further. */
static enum odm_align
explain_orgs(const struct odm_eval *e, const struct author *a, const struct identifier *id)
{
	const char *org, *name = id->walk.subject;

	if (e->psl != NULL)
		return strcmp(id->psl_org, a->psl_org) == 0 ? ODM_ALIGN_SAME_ORG :
		    ODM_ALIGN_OTHER_ORG;
	if (!same_last_label(name, a->walk.subject))
		return ODM_ALIGN_OTHER_ORG;
	if (a->walk.state != ODM_WALK_DONE)
		return a->walk.state == ODM_WALK_FAILED ? ODM_ALIGN_FAILED : ODM_ALIGN_NOT_NEEDED;
	org = odm_walk_orgdomain(&a->walk);
	if (strcmp(name, org) != 0 && !odm_domain_is_below(name, org))
		return ODM_ALIGN_OTHER_ORG;
	switch (id->walk.state) {
	case ODM_WALK_DONE:
		return strcmp(odm_walk_orgdomain(&id->walk), org) == 0 ? ODM_ALIGN_SAME_ORG :
		    ODM_ALIGN_OTHER_ORG;
	case ODM_WALK_FAILED:
		return ODM_ALIGN_FAILED;
	case ODM_WALK_OPEN:
		break;
	}
	return ODM_ALIGN_NOT_NEEDED;
}

/* How one mechanism of the identifier stands to the author. */
static enum odm_align
explain(const struct odm_eval *e, const struct author *a, const struct identifier *id,
    unsigned mechanism)
{
	const struct odm_record *record = a->verdict.record;

	if (((id->pass | id->temperror) & mechanism) == 0)
		return ODM_ALIGN_NO_IDENTITY;
	if (strcmp(id->walk.subject, a->walk.subject) == 0)
		return ODM_ALIGN_EQUAL;
	if (record == NULL || a->verdict.result == ODM_DMARC_PERMERROR)
		return ODM_ALIGN_NOT_NEEDED;
	if ((relaxed_mechanisms(record) & mechanism) == 0)
		return ODM_ALIGN_STRICT;
	return explain_orgs(e, a, id);
}

bool
odm_eval_identifier(const struct odm_eval *e, size_t author, size_t i,
    struct odm_identifier *id_r)
{
	const struct identifier *id;

	if (!e->decided || author >= e->nauthors || i >= e->nidentifiers)
		return false;
	id = &e->identifiers[i];
	*id_r = (struct odm_identifier){
		.domain = id->walk.subject,
		.org_domain = e->psl != NULL ? id->psl_org :
		    id->walk.state == ODM_WALK_DONE ? odm_walk_orgdomain(&id->walk) : NULL,
		.walk = &id->walk,
		.spf_passed = (id->pass & BY_SPF) != 0,
		.dkim_passed = (id->pass & BY_DKIM) != 0,
		.spf = explain(e, &e->authors[author], id, BY_SPF),
		.dkim = explain(e, &e->authors[author], id, BY_DKIM),
	};
	return true;
}

bool
odm_align_holds(enum odm_align align)
{
	return align == ODM_ALIGN_EQUAL || align == ODM_ALIGN_SAME_ORG;
}

const char *
odm_align_name(enum odm_align align)
{
	return odm_name_of(align_names, COUNT(align_names), (int)align);
}
