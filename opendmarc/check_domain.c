/*
 * check_domain.c - what opendmarc-check says about one domain, for people.
 */
#include "opendmarc/check_domain.h"

#include <string.h>

#include "libopendmarc/base/nametab.h"

/* Octets of a record that are printed; a longer one is cut. */
#define RECORD_SHOWN	2000

const char *
check_state_name(enum check_state state)
{
	static const struct odm_name names[] = {
		{ CHECK_FOUND,		"found" },
		{ CHECK_UNUSABLE,	"unusable" },
		{ CHECK_NONE,		"none" },
		{ CHECK_TEMPERROR,	"temperror" },
		{ CHECK_INVALID,	"invalid" },
	};

	return odm_name_of(names, COUNT(names), (int)state);
}

const char *
check_dest_name(enum odm_extdest state)
{
	static const struct odm_name names[] = {
		{ ODM_EXTDEST_OPEN,	"temperror" },
		{ ODM_EXTDEST_INTERNAL,	"internal" },
		{ ODM_EXTDEST_VERIFIED,	"agreed" },
		{ ODM_EXTDEST_REFUSED,	"refused" },
		{ ODM_EXTDEST_TEMPERROR,"temperror" },
	};

	return odm_name_of(names, COUNT(names), (int)state);
}

const char *
check_tag_name(enum odm_policy_tag tag)
{
	static const struct odm_name names[] = {
		{ ODM_TAG_P,	"p" },
		{ ODM_TAG_SP,	"sp" },
		{ ODM_TAG_NP,	"np" },
	};

	return odm_name_of(names, COUNT(names), (int)tag);
}

const char *
check_answer_name(const struct odm_answer *a)
{
	static const struct odm_name names[] = {
		{ ODM_ANSWER_RECORDS,	"records" },
		{ ODM_ANSWER_NODATA,	"nodata" },
		{ ODM_ANSWER_NXDOMAIN,	"nxdomain" },
		{ ODM_ANSWER_FAILURE,	"failure" },
	};

	return a == NULL ? "not asked" : odm_name_of(names, COUNT(names), (int)a->status);
}

const char *
check_domain_status(const struct check_lookup *l)
{
	switch (l->state) {
	case CHECK_FOUND:
		break;
	case CHECK_UNUSABLE:
		return l->verdict->record->policy_invalid ?
		    "Found DMARC record contained a bad token value" :
		    "Found DMARC record lacked a required p= entry";
	case CHECK_NONE:
		return "Looked up domain lacked a DMARC record";
	case CHECK_TEMPERROR:
		return "DNS lookup of domain tempfailed";
	case CHECK_INVALID:
		return "This is no domain name";
	}
	return NULL;
}

static const char *
policy_text(enum odm_policy policy)
{
	const char *name = odm_policy_name(policy);

	return name != NULL ? name : "unspecified";
}

static void
print_uris(const struct paint *p, const char *title, struct odm_span list)
{
	struct odm_span uri;
	size_t n = 0;

	paint(p, PAINT_PLAIN, "\t%s:\n", title);
	while (odm_span_next(&list, ',', &uri)) {
		uri = odm_span_trim(uri);
		if (uri.len == 0)
			continue;
		paint(p, PAINT_PLAIN, "\t\t");
		paint_octets(p, uri);
		paint(p, PAINT_PLAIN, "\n");
		n++;
	}
	if (n == 0)
		paint(p, PAINT_PLAIN, "\t\t(none)\n");
}

/* The lines of 1.x, which scripts read. */
static void
print_record(const struct paint *p, const struct odm_record *r)
{
	static const char *const modes[] = {
		[ODM_ALIGNMENT_RELAXED] = "relaxed",
		[ODM_ALIGNMENT_STRICT] = "strict",
	};

	paint(p, PAINT_PLAIN, "\tSample percentage: %u\n", r->pct);
	paint(p, PAINT_PLAIN, "\tDKIM alignment: %s\n", modes[r->adkim]);
	paint(p, PAINT_PLAIN, "\tSPF alignment: %s\n", modes[r->aspf]);
	paint(p, PAINT_PLAIN, "\tDomain policy: %s\n", policy_text(r->p));
	paint(p, PAINT_PLAIN, "\tSubdomain policy: %s\n", policy_text(r->sp));
	print_uris(p, "Aggregate report URIs", r->rua);
	print_uris(p, "Failure report URIs", r->ruf);
}

static void
print_policy(const struct paint *p, const struct check_lookup *l)
{
	const struct odm_verdict *v = l->verdict;
	const char *tag = check_tag_name(v->tag);

	if (v->policy_domain != NULL)
		paint(p, PAINT_PLAIN, "\tPolicy found at: %s\n", v->policy_domain);
	paint(p, PAINT_PLAIN, "\tOrganizational domain: %s\n",
	    l->org_domain != NULL ? l->org_domain : "unknown, the DNS does not answer");
	if (l->state == CHECK_FOUND) {
		paint(p, PAINT_PLAIN, "\tPolicy for mail from this domain: ");
		paint(p, PAINT_BOLD, "%s", policy_text(v->effective));
		if (tag == NULL)
			paint(p, PAINT_PLAIN, " (assumed, the policy in the record is unusable)");
		else
			paint(p, PAINT_PLAIN, " (%s=%s%s%s)", tag, policy_text(v->published),
			    v->testing ? ", one step milder in test mode" : "",
			    v->exists ? "" : "; the domain does not exist");
		paint(p, PAINT_PLAIN, "\n");
	} else {
		paint(p, PAINT_PLAIN, "\t%s\n", v->reason);
	}
}

static void
print_text(const struct paint *p, struct odm_span text)
{
	size_t shown = text.len < RECORD_SHOWN ? text.len : RECORD_SHOWN;

	paint_octets(p, odm_span_sub(text, 0, shown));
	if (shown < text.len)
		paint(p, PAINT_PLAIN, "... (%zu octets)", text.len);
}

static void
print_step(const struct paint *p, const struct check_lookup *l, size_t step)
{
	static const char *const words[] = {
		[ODM_ANSWER_RECORDS] = "no DMARC record",
		[ODM_ANSWER_NODATA] = "no TXT record",
		[ODM_ANSWER_NXDOMAIN] = "does not exist",
		[ODM_ANSWER_FAILURE] = "no usable answer",
	};
	const struct odm_answer *a = check_lookup_answer(l, step);
	bool found = false;

	paint(p, PAINT_PLAIN, "\t\t_dmarc.%s: ", l->walk->steps[step].name);
	if (a == NULL) {
		paint(p, PAINT_PLAIN, "too long a name for the DNS\n");
		return;
	}
	for (size_t i = 0; i < l->nrecords; i++) {
		if (l->records[i].step != step)
			continue;
		if (found)
			paint(p, PAINT_PLAIN, "\n\t\t\tand ");
		print_text(p, l->records[i].text);
		if (!l->records[i].valid)
			paint(p, PAINT_BAD, " (no DMARC record)");
		found = true;
	}
	if (!found)
		paint(p, a->status == ODM_ANSWER_FAILURE ? PAINT_BAD : PAINT_PLAIN, "%s",
		    words[a->status]);
	paint(p, PAINT_PLAIN, "\n");
}

static void
print_walk(const struct paint *p, const struct check_lookup *l)
{
	size_t n = check_lookup_steps(l);

	paint(p, PAINT_PLAIN, l->by_list ? "\tLookups with a public suffix list:\n" : "\tWalk:\n");
	for (size_t i = 0; i < n; i++)
		print_step(p, l, i);
	if (l->nhidden > 0)
		paint(p, PAINT_WARN, "\t\tand %zu records more\n", l->nhidden);
}

static void
print_dests(const struct paint *p, const struct check_lookup *l)
{
	static const struct {
		enum paint_color color;
		const char	*words;
	} states[] = {
		[ODM_EXTDEST_OPEN] = { PAINT_WARN, "unknown, the DNS does not answer" },
		[ODM_EXTDEST_INTERNAL] = { PAINT_GOOD, "same organization" },
		[ODM_EXTDEST_VERIFIED] = { PAINT_GOOD, "has agreed" },
		[ODM_EXTDEST_REFUSED] = { PAINT_BAD, "has not agreed: gets no reports" },
		[ODM_EXTDEST_TEMPERROR] = { PAINT_WARN, "unknown, the DNS does not answer" },
	};

	if (l->ndests > 0)
		paint(p, PAINT_PLAIN, "\tReport destinations:\n");
	for (size_t i = 0; i < l->ndests; i++) {
		const struct check_dest *d = &l->dests[i];

		paint(p, PAINT_PLAIN, "\t\t%s ", d->kind == ODM_REPORT_AGGREGATE ? "rua" : "ruf");
		paint_octets(p, d->uri.text);
		paint(p, PAINT_PLAIN, ": ");
		paint(p, states[d->state].color, "%s", states[d->state].words);
		if (d->override != NULL) {
			paint(p, PAINT_PLAIN, ", and wants the reports at ");
			paint_octets(p, odm_span_str(d->override));
		}
		paint(p, PAINT_PLAIN, "\n");
	}
}

/* Of several records at one name: which one, from 1. */
static size_t
record_number(const struct check_lookup *l, const struct check_record *r)
{
	size_t n = 1;

	while (r > l->records && (r - 1)->step == r->step) {
		r--;
		n++;
	}
	return n;
}

static void
print_finding(const struct paint *p, const struct check_lookup *l, const struct check_record *r,
    const struct recordlint_finding *f)
{
	static const enum paint_color colors[] = {
		[RECORDLINT_NOTE] = PAINT_PLAIN,
		[RECORDLINT_WARNING] = PAINT_WARN,
		[RECORDLINT_ERROR] = PAINT_BAD,
	};
	const struct recordlint_rule *rule = recordlint_rule(f->code);

	paint(p, PAINT_PLAIN, "\t\t");
	paint(p, colors[rule->severity], "%s", recordlint_severity_name(rule->severity));
	paint(p, PAINT_PLAIN, ": _dmarc.%s, ", l->walk->steps[r->step].name);
	if (l->walk->steps[r->step].several)
		paint(p, PAINT_PLAIN, "record %zu, ", record_number(l, r));
	paint(p, PAINT_PLAIN, "octet %zu", f->at + 1);
	if (f->tag.len > 0) {
		paint(p, PAINT_PLAIN, ", ");
		paint_octets(p, odm_span_sub(f->tag, 0, f->tag.len < 40 ? f->tag.len : 40));
	}
	paint(p, PAINT_PLAIN, ": %s [%s]\n", rule->what, rule->id);
	paint(p, PAINT_PLAIN, "\t\t\t%s\n\t\t\tBetter: ", rule->effect);
	paint_octets(p, odm_span_str(recordlint_fix(f)));
	paint(p, PAINT_PLAIN, "\n");
}

static void
print_findings(const struct paint *p, const struct check_lookup *l)
{
	size_t dropped = 0;

	paint(p, PAINT_PLAIN, "\tFindings:\n");
	for (size_t i = 0; i < l->nrecords; i++) {
		const struct check_record *r = &l->records[i];

		for (size_t k = 0; r->linted && k < r->lint.n; k++)
			print_finding(p, l, r, &r->lint.findings[k]);
		dropped += r->linted ? r->lint.dropped : 0;
	}
	if (dropped > 0)
		paint(p, PAINT_WARN, "\t\tand %zu more\n", dropped);
	if (check_lookup_count(l, RECORDLINT_NOTE) == 0)
		paint(p, PAINT_GOOD, "\t\t(none)\n");
}

void
check_domain_print(const struct paint *p, const struct check_lookup *l, const char *argument)
{
	const char *name = l->state == CHECK_INVALID ? argument : l->domain;

	paint(p, PAINT_BOLD, "%s for ",
	    l->state == CHECK_FOUND ? "DMARC record" : "No DMARC policy");
	paint_octets(p, odm_span_str(name));
	paint(p, PAINT_PLAIN, ":\n");
	if (l->state == CHECK_INVALID) {
		paint(p, PAINT_PLAIN, "\tThis is no domain name.\n");
		return;
	}
	if (l->state == CHECK_FOUND)
		print_record(p, l->verdict->record);
	print_policy(p, l);
	print_walk(p, l);
	print_dests(p, l);
	if (l->nrecords > 0)
		print_findings(p, l);
}
