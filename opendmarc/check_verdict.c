/*
 * check_verdict.c - an explained verdict in plain words.
 */
#include "opendmarc/check_verdict.h"

#include <string.h>
#include <sysexits.h>

#include "libopendmarc/parse/record.h"
#include "opendmarc/check_domain.h"

int
check_verdict_status(enum odm_dmarc result)
{
	switch (result) {
	case ODM_DMARC_NONE:
	case ODM_DMARC_PASS:
		return EX_OK;
	case ODM_DMARC_FAIL:
		break;
	case ODM_DMARC_TEMPERROR:
		return EX_TEMPFAIL;
	case ODM_DMARC_PERMERROR:
		return EX_SOFTWARE;
	}
	return 1;
}

/* The identifier of a domain as one author sees it. False: it took no part. */
static bool
find_identifier(const struct odm_eval *e, size_t author, const char *domain,
    struct odm_identifier *id_r)
{
	for (size_t i = 0; odm_eval_identifier(e, author, i, id_r); i++)
		if (strcmp(id_r->domain, domain) == 0)
			return true;
	return false;
}

static const char *
or_itself(const char *org, const char *domain)
{
	return org != NULL ? org : domain;
}

static void
print_alignment(const struct paint *p, const struct odm_eval *e, size_t author,
    const struct explain_identity *identity)
{
	const struct odm_verdict *v = odm_eval_author_verdict(e, author);
	const char *mode = identity->dkim ? "adkim" : "aspf";
	enum odm_align align = ODM_ALIGN_NO_IDENTITY;
	struct odm_identifier id;

	if (find_identifier(e, author, identity->domain, &id))
		align = identity->dkim ? id.dkim : id.spf;
	paint(p, PAINT_PLAIN, "\t\t");
	switch (align) {
	case ODM_ALIGN_NO_IDENTITY:
		paint(p, PAINT_WARN, "not counted");
		paint(p, PAINT_PLAIN, ": more domains passed than are looked at\n");
		break;
	case ODM_ALIGN_EQUAL:
		paint(p, PAINT_GOOD, "aligned");
		paint(p, PAINT_PLAIN, ": it is the From domain %s\n", v->author_domain);
		break;
	case ODM_ALIGN_SAME_ORG:
		paint(p, PAINT_GOOD, "aligned");
		paint(p, PAINT_PLAIN, ": it and %s belong to %s\n", v->author_domain,
		    or_itself(id.org_domain, id.domain));
		break;
	case ODM_ALIGN_STRICT:
		paint(p, PAINT_BAD, "not aligned");
		paint(p, PAINT_PLAIN, ": it is not %s, and the policy asks for that very domain "
		    "(%s=s)\n", v->author_domain, mode);
		break;
	case ODM_ALIGN_OTHER_ORG:
		paint(p, PAINT_BAD, "not aligned");
		paint(p, PAINT_PLAIN, ": it does not belong to the organization %s\n",
		    or_itself(v->org_domain, v->author_domain));
		break;
	case ODM_ALIGN_FAILED:
		paint(p, PAINT_WARN, "unknown");
		paint(p, PAINT_PLAIN, ": the DNS did not say whether it is aligned with %s\n",
		    v->author_domain);
		break;
	case ODM_ALIGN_NOT_NEEDED:
		paint(p, PAINT_PLAIN, "alignment with %s was not looked at: it changes nothing\n",
		    v->author_domain);
		break;
	}
}

static void
print_identity(const struct paint *p, const struct odm_eval *e, const struct explain_identity *id)
{
	paint(p, PAINT_PLAIN, "\t%s: ", id->dkim ? "DKIM" : "SPF");
	paint(p, id->result == ODM_RESULT_PASS ? PAINT_GOOD : PAINT_PLAIN, "%s",
	    odm_result_name(id->result));
	if (id->domain[0] != '\0')
		paint(p, PAINT_PLAIN, " for %s", id->domain);
	if (id->selector != NULL)
		paint(p, PAINT_PLAIN, ", selector %s", id->selector);
	if (id->source != NULL)
		paint(p, PAINT_PLAIN, " (%s)", id->source);
	paint(p, PAINT_PLAIN, "\n");
	if (id->result == ODM_RESULT_TEMPERROR && id->used)
		paint(p, PAINT_PLAIN, "\t\tcould not be checked for now, which matters if it "
		    "is aligned\n");
	else if (id->result != ODM_RESULT_PASS)
		paint(p, PAINT_PLAIN, "\t\tdoes not count: only a pass does\n");
	if (id->result == ODM_RESULT_PASS && !id->used)
		paint(p, PAINT_BAD, "\t\tdoes not count: it was not used\n");
	if (!id->used || id->domain[0] == '\0' ||
	    (id->result != ODM_RESULT_PASS && id->result != ODM_RESULT_TEMPERROR))
		return;
	for (size_t i = 0; odm_eval_author_verdict(e, i) != NULL; i++)
		print_alignment(p, e, i, id);
}

static void
print_policy(const struct paint *p, const struct odm_verdict *v)
{
	const char *tag = check_tag_name(v->tag);

	paint(p, PAINT_PLAIN, "\tPolicy of %s: ", v->author_domain);
	if (v->policy_domain == NULL) {
		paint(p, PAINT_PLAIN, "none found\n");
		return;
	}
	if (v->published == ODM_POLICY_UNSET)
		paint(p, PAINT_PLAIN, "the record at %s is not usable\n", v->policy_domain);
	else if (tag == NULL)
		paint(p, PAINT_PLAIN, "none, assumed, since that at %s is not usable\n",
		    v->policy_domain);
	else
		paint(p, PAINT_PLAIN, "%s (%s=%s at %s%s%s)\n", odm_policy_name(v->effective),
		    tag, odm_policy_name(v->published), v->policy_domain,
		    v->testing ? ", one step milder in test mode" : "",
		    v->exists ? "" : "; the domain itself does not exist");
}

bool
check_verdict_print(const struct paint *p, struct explain *x, char *why, size_t why_size)
{
	static const enum paint_color colors[] = {
		[ODM_DMARC_NONE] = PAINT_PLAIN,
		[ODM_DMARC_PASS] = PAINT_GOOD,
		[ODM_DMARC_FAIL] = PAINT_BAD,
		[ODM_DMARC_TEMPERROR] = PAINT_WARN,
		[ODM_DMARC_PERMERROR] = PAINT_WARN,
	};
	const struct odm_verdict *v = explain_verdict(x, why, why_size), *one;
	const struct odm_eval *e = explain_eval(x);
	struct explain_identity id;

	if (v == NULL)
		return false;
	for (size_t i = 0; (one = odm_eval_author_verdict(e, i)) != NULL; i++)
		paint(p, PAINT_PLAIN, "\tFrom domain: %s\n", one->author_domain);
	for (size_t i = 0; explain_identity_at(x, i, &id); i++)
		print_identity(p, e, &id);
	for (size_t i = 0; (one = odm_eval_author_verdict(e, i)) != NULL; i++)
		print_policy(p, one);
	for (size_t i = 0; odm_eval_author_verdict(e, 1) != NULL &&
	    (one = odm_eval_author_verdict(e, i)) != NULL; i++)
		paint(p, PAINT_PLAIN, "\tResult for %s: %s. %s\n", one->author_domain,
		    odm_dmarc_name(one->result), one->reason);
	paint(p, PAINT_PLAIN, "\tResult: ");
	paint(p, colors[v->result], "%s", odm_dmarc_name(v->result));
	paint(p, PAINT_PLAIN, ". %s\n", v->reason);
	return true;
}
