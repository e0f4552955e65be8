/*
 * replay.c - plays evaluations with scripted DNS answers and compares verdicts.
 * RFC 9989, 4.10, 5.3 and 5.4; RFC 7489, 6.6; no network.
 *
 * Usage: replay [FILE...]; without FILE all of tests/replay/cases/. Speaks TAP,
 * one line for each case. A file is read line by line; "#" begins a comment,
 * blank lines are skipped. The lines, NAME without a final dot:
 *
 *   shared               what follows up to "case" is known to all cases of the
 *                        file from here on; what was shared before is forgotten
 *   list FILE            the cases from here on are evaluated by RFC 7489 with this
 *                        public suffix list, a file beside the script
 *   case TITLE           begins a case
 *
 *   policy NAME TAGS     a record "v=DMARC1; TAGS" at _dmarc.NAME
 *   txt NAME TEXT        a TXT record, the rest of the line; \t \n \\ \xHH
 *   exists NAME          the name has records, but none of type TXT
 *   nxdomain NAME        it does not exist, whatever stands below it
 *   failure NAME         every question for it fails
 *   silent NAME          it is never answered: the deadline ends the evaluation
 *                        A name without such a line exists, as an empty
 *                        non-terminal, when something below it does.
 *
 *   from DOMAIN          an Author Domain
 *   spf RESULT [DOMAIN]  the SPF result and the SPF Domain
 *   dkim RESULT [DOMAIN] a DKIM result and its Signing Domain
 *   many N RESULT DOMAIN N dkim lines: 1.DOMAIN, 2.DOMAIN and so on
 *
 *   expect RESULT [at POLICY-DOMAIN] [tag p|sp|np] [published P] [effective P]
 *                [org DOMAIN] [aligned spf|dkim|both] [testing] [nonexistent] [pct N]
 *                        the verdict. What is left out must be absent: no
 *                        policy domain, no tag, no policy, not aligned; effective
 *                        is published unless given; pct is 100. org, when given,
 *                        is what a walk from the Author Domain finds ("-": it
 *                        fails), or what the list says.
 *   verdict DOMAIN RESULT [EFFECTIVE]
 *                        the verdict on one of several Author Domains
 *   asked NAME...        the names asked in lazy mode, in this order, without
 *                        their _dmarc.; exists:NAME for a question of existence
 *   at-most N            bound for the questions in any mode
 *
 * Every case has one expect and one asked (or at-most where the list is long).
 * It runs eight times: lazy and eager, answers fed from the first or the last
 * open question, identities given before the answers or between them. All must
 * agree.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libopendmarc/core/walk.h"
#include "tests/replay/replay.h"

static void differ(struct replay *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
differ(struct replay *r, const char *format, ...)
{
	va_list args;

	if (r->why[0] != '\0')
		return;
	va_start(args, format);
	(void)vsnprintf(r->why, sizeof(r->why), format, args);
	va_end(args);
}

static const char *
text_or_dash(const char *text)
{
	return text == NULL || text[0] == '\0' ? "-" : text;
}

static const char *
policy_text(enum odm_policy policy)
{
	return text_or_dash(odm_policy_name(policy));
}

/* Answers one open question, the first or the last. False: all left are silent. */
static bool
answer_one(struct replay *r, struct odm_questions *qs, bool from_last)
{
	struct odm_span txt[2 * ENTRIES_MAX];
	const struct odm_question *pick = zone_pick(r, qs, from_last);
	struct odm_answer answer;

	if (pick == NULL)
		return false;
	answer = zone_lookup(r, pick, txt);
	if (odm_questions_feed(qs, pick->id, &answer) != 0)
		differ(r, "an answer was refused");
	return true;
}

static void
compare_asked(struct replay *r, struct odm_questions *qs)
{
	char got[LINE_MAX_OCTETS] = "";
	const struct odm_question *q;

	for (size_t i = 0; (q = odm_questions_at(qs, i)) != NULL; i++) {
		const char *name = q->name;

		if (i > 0)
			strlcat(got, " ", sizeof(got));
		if (q->kind == ODM_QUESTION_EXISTS)
			strlcat(got, "exists:", sizeof(got));
		else if (strncmp(name, "_dmarc.", strlen("_dmarc.")) == 0)
			name += strlen("_dmarc.");
		strlcat(got, name, sizeof(got));
	}
	if (strcmp(got, r->asked) != 0)
		differ(r, "asked \"%s\", want \"%s\"", got, r->asked);
}

static void
compare_authors(struct replay *r, const struct odm_eval *e)
{
	const struct odm_verdict *v;

	for (size_t i = 0; i < r->nverdicts; i++) {
		const struct expected_author *x = &r->verdicts[i];
		bool found = false;

		for (size_t k = 0; (v = odm_eval_author_verdict(e, k)) != NULL; k++) {
			if (strcmp(v->author_domain, x->domain) != 0)
				continue;
			found = true;
			if (v->result != x->result ||
			    (x->effective != ODM_POLICY_UNSET && v->effective != x->effective))
				differ(r, "%s: got %s %s, want %s %s", x->domain,
				    odm_dmarc_name(v->result), policy_text(v->effective),
				    odm_dmarc_name(x->result), policy_text(x->effective));
		}
		if (!found)
			differ(r, "no verdict on %s", x->domain);
	}
}

static void
compare_verdict(struct replay *r, const struct odm_verdict *v)
{
	const struct expected *x = &r->expected;

	if (v == NULL) {
		differ(r, "no verdict");
		return;
	}
	if (v->result != x->result)
		differ(r, "result %s, want %s", odm_dmarc_name(v->result),
		    odm_dmarc_name(x->result));
	if (strcmp(text_or_dash(v->policy_domain), text_or_dash(x->at)) != 0)
		differ(r, "policy domain %s, want %s", text_or_dash(v->policy_domain),
		    text_or_dash(x->at));
	if (v->tag != x->tag)
		differ(r, "tag %d, want %d", (int)v->tag, (int)x->tag);
	if (v->published != x->published || v->effective != x->effective)
		differ(r, "policy %s, effective %s; want %s, %s", policy_text(v->published),
		    policy_text(v->effective), policy_text(x->published),
		    policy_text(x->effective));
	if (v->spf_aligned != x->spf || v->dkim_aligned != x->dkim)
		differ(r, "aligned spf %d dkim %d, want %d %d", v->spf_aligned,
		    v->dkim_aligned, x->spf, x->dkim);
	if (v->testing != x->testing || v->exists == x->nonexistent)
		differ(r, "testing %d exists %d, want %d %d", v->testing, v->exists,
		    x->testing, !x->nonexistent);
	if (x->org[0] != '\0' && v->org_domain != NULL && strcmp(v->org_domain, x->org) != 0)
		differ(r, "organizational domain %s, want %s", v->org_domain, x->org);
	if ((v->record == NULL) != (v->policy_domain == NULL))
		differ(r, "a record without policy domain, or the other way round");
	if (v->pct != x->pct)
		differ(r, "pct %u, want %u", v->pct, x->pct);
	if (v->discovery != (r->psl == NULL ? ODM_DISCOVERY_TREEWALK : ODM_DISCOVERY_PSL))
		differ(r, "discovery by %s", odm_discovery_name(v->discovery));
	if (v->reason == NULL ||
	    strstr(v->reason, r->psl == NULL ? "RFC 9989, " : "RFC 7489, ") == NULL)
		differ(r, "the reason cites no section");
}

/* Bits of a mode. */
#define MODE_EAGER	1U
#define MODE_FROM_LAST	2U
#define MODE_LATE	4U	/* answers before and between the identities */
#define MODES		8U

/* Steps the evaluation until nothing that could be answered is open. */
static void
step(struct replay *r, struct odm_eval *e, unsigned mode)
{
	while (!odm_eval_run(e))
		if (!answer_one(r, odm_eval_questions(e), (mode & MODE_FROM_LAST) != 0))
			break;
}

/* Gives all identities; in late mode what can be answered is answered between them. */
static void
add_identities(struct replay *r, struct odm_eval *e, unsigned mode)
{
	for (size_t i = 0; i < r->nfacts; i++) {
		const struct fact *f = &r->facts[i];
		int added;

		if ((mode & MODE_LATE) != 0)
			step(r, e, mode);
		added = f->dkim ? odm_eval_add_dkim(e, f->result, f->domain) :
		    odm_eval_add_spf(e, f->result, f->domain);
		if (added != 0)
			differ(r, "an identity was refused");
	}
	odm_eval_identities_complete(e);
}

/* Runs a case once; org_r gets what the verdict says of the organization. */
static void
run_once(struct replay *r, unsigned mode, char org_r[ODM_NAME_MAX + 1])
{
	struct odm_eval *e = odm_eval_new((mode & MODE_EAGER) != 0);
	const struct odm_verdict *v;
	size_t n = 0;

	if (e == NULL) {
		differ(r, "no memory");
		return;
	}
	if (r->psl != NULL)
		odm_eval_use_psl(e, r->psl);
	for (size_t i = 0; i < r->nauthors; i++)
		if (odm_eval_add_author(e, r->authors[i]) != 0)
			differ(r, "an author was refused");
	add_identities(r, e, mode);
	step(r, e, mode);
	if (odm_eval_verdict(e) == NULL)
		odm_eval_give_up(e);

	v = odm_eval_verdict(e);
	compare_verdict(r, v);
	compare_authors(r, e);
	if ((mode & ~MODE_LATE) == 0 && r->asked_given)
		compare_asked(r, odm_eval_questions(e));
	while (odm_questions_at(odm_eval_questions(e), n) != NULL)
		n++;
	if (r->at_most > 0 && n > r->at_most)
		differ(r, "%zu questions, want at most %llu", n, r->at_most);
	(void)strlcpy(org_r, text_or_dash(v != NULL ? v->org_domain : NULL), ODM_NAME_MAX + 1);
	odm_eval_free(&e);
}

/* The Organizational Domain by a walk of its own, since few verdicts need one. */
static void
compare_org(struct replay *r)
{
	struct odm_questions *qs = odm_questions_new();
	const char *org = "-";
	struct odm_walk walk;

	if (qs == NULL) {
		differ(r, "no memory");
		return;
	}
	odm_walk_init(&walk, r->authors[0]);
	while (odm_walk_run(&walk, qs, false) == ODM_WALK_OPEN && answer_one(r, qs, false))
		;
	if (walk.state == ODM_WALK_DONE)
		org = odm_walk_orgdomain(&walk);
	if (strcmp(org, r->expected.org) != 0)
		differ(r, "walk finds organizational domain %s, want %s", org, r->expected.org);
	odm_questions_free(&qs);
}

void
play_case(struct replay *r)
{
	char org[ODM_NAME_MAX + 1], first_org[ODM_NAME_MAX + 1] = "";

	for (unsigned mode = 0; mode < MODES && r->why[0] == '\0'; mode++) {
		run_once(r, mode, org);
		if (mode == 0)
			(void)strlcpy(first_org, org, sizeof(first_org));
		else if (strcmp(first_org, org) != 0)
			differ(r, "organizational domain %s, but %s in another mode", org,
			    first_org);
		if (r->why[0] != '\0')
			printf("# %s, last open question %s, identities %s:\n",
			    (mode & MODE_EAGER) != 0 ? "eager" : "lazy",
			    (mode & MODE_FROM_LAST) != 0 ? "first" : "last",
			    (mode & MODE_LATE) != 0 ? "late" : "early");
	}
	if (r->expected.org[0] != '\0' && r->nauthors > 0 && r->psl == NULL)
		compare_org(r);

	report_case(r);
}
