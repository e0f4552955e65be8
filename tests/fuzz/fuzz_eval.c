/*
 * fuzz_eval.c - whole evaluations with authors, results and DNS answers from the
 * input. Promises: an evaluation ends within its bound of questions for any
 * answers, a verdict is there and makes sense, and neither eager asking nor the
 * order of answers changes it. RFC 9989, 4.10 and 5.3.
 */
#include <string.h>

#include "libopendmarc/base/psl.h"
#include "libopendmarc/core/eval.h"
#include "libopendmarc/core/extdest.h"
#include "tests/fuzz/fuzz.h"

#define FACTS_MAX	30

/* Reads the input octet by octet; zeroes after its end. */
struct reader {
	const uint8_t	*octets;
	size_t		 len, at;
};

static uint8_t
take(struct reader *in)
{
	return in->at < in->len ? in->octets[in->at++] : 0;
}

/* Few labels, so that names share suffixes and meet each other. */
static void
take_name(struct reader *in, char name_r[ODM_NAME_MAX + 1])
{
	static const char *const labels[] = {
		"a", "b", "c", "mail", "example", "com", "_dmarc",
		"a23456789012345678901234567890123456789012345678901234567890123",
	};
	char name[ODM_NAME_MAX + 1] = "";
	uint8_t n = take(in) % 13, octet;

	for (; n > 0; n--) {
		octet = take(in);
		if (strlen(name) + 70 > ODM_NAME_MAX)
			break;
		(void)strlcat(name, labels[octet % COUNT(labels)], sizeof(name));
		(void)strlcat(name, ".", sizeof(name));
	}
	(void)strlcat(name, (take(in) & 3) != 0 ? "com" : "org", sizeof(name));
	(void)strlcpy(name_r, name, ODM_NAME_MAX + 1);
}

struct fact {
	bool		 dkim;
	enum odm_result	 result;
	char		 domain[ODM_NAME_MAX + 1];
};

struct scene {
	char		 authors[ODM_AUTHORS_MAX][ODM_NAME_MAX + 1];
	size_t		 nauthors;
	struct fact	 facts[FACTS_MAX];
	size_t		 nfacts;
	struct reader	 answers;	/* the rest of the input */
	const struct odm_psl *psl;	/* NULL: by tree walk */
};

static void
read_scene(struct reader *in, struct scene *s)
{
	size_t i;

	s->nauthors = take(in) % (ODM_AUTHORS_MAX + 1);
	for (i = 0; i < s->nauthors; i++)
		take_name(in, s->authors[i]);
	s->nfacts = take(in) % (FACTS_MAX + 1);
	for (i = 0; i < s->nfacts; i++) {
		uint8_t octet = take(in);

		s->facts[i].dkim = (octet & 1) != 0;
		/* Mostly passes: they are what makes work. */
		s->facts[i].result = (octet & 6) != 0 ? ODM_RESULT_PASS :
		    (enum odm_result)((octet >> 3) % (ODM_RESULT_PERMERROR + 1));
		take_name(in, s->facts[i].domain);
	}
	s->answers = (struct reader){ in->octets + in->at, in->len - in->at, 0 };
}

/*
 * Answers q. The same question always gets the same answer, chosen by its name,
 * or no way of asking could be compared with another.
 */
static void
answer(const struct scene *s, struct odm_questions *qs, const struct odm_question *q)
{
	static const char *const records[] = {
		"v=DMARC1; p=reject", "v=DMARC1; p=none; sp=quarantine; np=reject",
		"v=DMARC1; p=quarantine; psd=n", "v=DMARC1; p=none; np=quarantine; psd=y",
		"v=DMARC1; p=reject; adkim=s; aspf=s; t=y", "v=DMARC1; psd=u; rua=mailto:a@b.com",
		"v=DMARC1; p=bogus", "v=spf1 -all", "v=DMARC1; p=reject; np=none; pct=0",
		"v=DMARC1; rua=mailto:x@mail.com, https://a.org/",
	};
	struct reader in = s->answers;
	struct odm_answer a = { ODM_ANSWER_NXDOMAIN, NULL, 0 };
	struct odm_span txt[3];
	size_t hash = (size_t)q->kind, i, ntxt;
	uint8_t octet;

	for (i = 0; q->name[i] != '\0'; i++)
		hash = hash * 31 + (unsigned char)q->name[i];
	in.at = in.len > 0 ? hash % in.len : 0;

	octet = take(&in);
	if (octet < 96)
		a.status = ODM_ANSWER_RECORDS;
	else if (octet < 104)
		a.status = ODM_ANSWER_FAILURE;
	else if (octet < 140)
		a.status = ODM_ANSWER_NODATA;
	ntxt = octet % 32 == 0 ? 3 : octet % 16 == 0 ? 2 : 1;
	for (i = 0; i < ntxt; i++) {
		octet = take(&in);
		txt[i] = odm_span_str(records[octet % COUNT(records)]);
		/* Now and then what the input itself says. */
		if (octet % 23 == 22 && in.at < in.len)
			txt[i] = fuzz_span(in.octets + in.at, in.len - in.at);
	}
	a.txt = txt;
	a.ntxt = ntxt;
	fuzz_need(odm_questions_feed(qs, q->id, &a) == 0, "an answer to an open question is taken");
}

static size_t
count_questions(const struct odm_questions *qs)
{
	size_t n = 0;

	while (odm_questions_at(qs, n) != NULL)
		n++;
	return n;
}

/* A walk and a test of existence each, and walks of identifiers; or two lookups each. */
static size_t
question_bound(const struct scene *s)
{
	if (s->psl != NULL)
		return s->nauthors * 2;
	return s->nauthors * (ODM_WALK_MAX + 1) + ODM_IDENTIFIERS_MAX * (ODM_WALK_MAX - 1);
}

/* Runs the scene to its end; the caller frees the evaluation. */
static struct odm_eval *
evaluate(const struct scene *s, bool eager, bool from_last)
{
	struct odm_eval *e = odm_eval_new(eager);
	struct odm_questions *qs;
	const struct odm_question *q, *next;
	size_t i, n;

	if (e == NULL)
		abort();
	if (s->psl != NULL)
		odm_eval_use_psl(e, s->psl);
	qs = odm_eval_questions(e);
	for (i = 0; i < s->nauthors; i++)
		(void)odm_eval_add_author(e, s->authors[i]);
	for (i = 0; i < s->nfacts; i++)
		(void)(s->facts[i].dkim ? odm_eval_add_dkim : odm_eval_add_spf)(e,
		    s->facts[i].result, s->facts[i].domain);
	odm_eval_identities_complete(e);

	while (!odm_eval_run(e)) {
		q = odm_questions_open(qs, 0);
		fuzz_need(q != NULL, "an unfinished evaluation has an open question");
		for (i = 1; from_last && (next = odm_questions_open(qs, i)) != NULL; i++)
			q = next;
		answer(s, qs, q);
	}
	n = count_questions(qs);
	fuzz_need(n <= question_bound(s), "the questions stay within their bound");
	return e;
}

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void
check_verdict(const struct odm_verdict *v)
{
	bool aligned = v->spf_aligned || v->dkim_aligned;

	fuzz_need(v->pct <= 100 && (v->pct == 100 || v->discovery == ODM_DISCOVERY_PSL),
	    "pct is for RFC 7489 alone");
	fuzz_need(v->reason != NULL, "a verdict has a reason");
	fuzz_need((v->result == ODM_DMARC_PASS) == aligned, "a pass is aligned, nothing else is");
	fuzz_need((v->record == NULL) == (v->policy_domain == NULL), "a record has its domain");
	fuzz_need(v->effective <= v->published, "no policy is stricter than published");
	fuzz_need(v->exists || v->tag == ODM_TAG_NP, "only np is for names that do not exist");
	if (v->result == ODM_DMARC_PASS || v->result == ODM_DMARC_FAIL)
		fuzz_need(v->effective != ODM_POLICY_UNSET, "pass and fail have a policy");
	if (v->result == ODM_DMARC_NONE)
		fuzz_need(v->record == NULL, "none has no record");
}

static void
compare(const struct odm_verdict *a, const struct odm_verdict *b)
{
	fuzz_need(a->result == b->result && a->tag == b->tag && a->published == b->published &&
	    a->effective == b->effective && a->testing == b->testing &&
	    a->spf_aligned == b->spf_aligned && a->dkim_aligned == b->dkim_aligned &&
	    a->exists == b->exists && a->reason == b->reason && a->pct == b->pct &&
	    same_text(a->author_domain, b->author_domain) &&
	    same_text(a->policy_domain, b->policy_domain) &&
	    same_text(a->org_domain, b->org_domain), "every way of asking gives one verdict");
}

/* The deadline at any point of the way ends the evaluation with a verdict. */
static void
give_up(const struct scene *s, bool eager, size_t after)
{
	struct odm_eval *e = odm_eval_new(eager);
	const struct odm_question *q;
	size_t i;

	if (e == NULL)
		abort();
	if (s->psl != NULL)
		odm_eval_use_psl(e, s->psl);
	for (i = 0; i < s->nauthors; i++)
		(void)odm_eval_add_author(e, s->authors[i]);
	for (i = 0; i < s->nfacts; i++)
		(void)odm_eval_add_dkim(e, s->facts[i].result, s->facts[i].domain);
	for (i = 0; i < after && !odm_eval_run(e); i++)
		if ((q = odm_questions_open(odm_eval_questions(e), 0)) != NULL)
			answer(s, odm_eval_questions(e), q);
	odm_eval_give_up(e);
	fuzz_need(odm_eval_verdict(e) != NULL, "giving up gives a verdict");
	odm_eval_free(&e);
}

/* A report destination: it ends as well, and only agreement brings an override. */
static void
check_destination(const struct scene *s)
{
	struct odm_extdest_check *c;
	enum odm_extdest state;

	if (s->nauthors < 2)
		return;
	c = odm_extdest_new(s->authors[0], s->authors[1],
	    s->nfacts % 2 == 0 ? ODM_REPORT_AGGREGATE : ODM_REPORT_FAILURE);
	if (c == NULL)
		abort();
	while ((state = odm_extdest_run(c)) == ODM_EXTDEST_OPEN) {
		fuzz_need(odm_questions_open(odm_extdest_questions(c), 0) != NULL,
		    "an unfinished check has an open question");
		answer(s, odm_extdest_questions(c), odm_questions_open(odm_extdest_questions(c), 0));
	}
	fuzz_need(count_questions(odm_extdest_questions(c)) <= 2 * ODM_WALK_MAX + 1,
	    "a check asks two walks and one question at most");
	fuzz_need(state == ODM_EXTDEST_VERIFIED || odm_extdest_override(c).len == 0,
	    "only agreement brings an override");
	odm_extdest_free(&c);
}

/* The views hold what the verdict says: a pass has an aligned identifier that passed. */
static void
check_views(const struct odm_eval *e, size_t author)
{
	const struct odm_verdict *v = odm_eval_author_verdict(e, author);
	bool spf = false, dkim = false;
	struct odm_identifier id;

	for (size_t i = 0; odm_eval_identifier(e, author, i, &id); i++) {
		spf = spf || (id.spf_passed && odm_align_holds(id.spf));
		dkim = dkim || (id.dkim_passed && odm_align_holds(id.dkim));
	}
	fuzz_need((!v->spf_aligned || spf) && (!v->dkim_aligned || dkim),
	    "the identifiers explain a pass");
	fuzz_need(v->result != ODM_DMARC_FAIL || (!spf && !dkim), "and a fail");
}

/* All ways of asking, and the deadline. */
static void
check_scene(const struct scene *s, size_t len)
{
	struct odm_eval *lazy, *other;

	lazy = evaluate(s, false, false);
	fuzz_need(odm_eval_verdict(lazy) != NULL, "there is a verdict");
	for (unsigned mode = 1; mode < 4; mode++) {
		other = evaluate(s, (mode & 1) != 0, (mode & 2) != 0);
		for (size_t i = 0; odm_eval_author_verdict(lazy, i) != NULL; i++) {
			check_verdict(odm_eval_author_verdict(lazy, i));
			check_views(lazy, i);
			compare(odm_eval_author_verdict(lazy, i), odm_eval_author_verdict(other, i));
		}
		compare(odm_eval_verdict(lazy), odm_eval_verdict(other));
		odm_eval_free(&other);
	}
	odm_eval_free(&lazy);
	give_up(s, len % 2 == 0, len % 31);
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct reader in = { octets, len, 0 };
	struct odm_psl *psl = odm_psl_open(NULL);
	struct scene s;

	if (psl == NULL)
		abort();
	read_scene(&in, &s);
	s.psl = NULL;
	check_scene(&s, len);
	check_destination(&s);
	s.psl = psl;
	check_scene(&s, len);
	odm_psl_free(&psl);
	return 0;
}
