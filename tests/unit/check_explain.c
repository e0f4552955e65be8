/*
 * check_explain.c - cases for explain.h: the form of the document, what is refused, and
 * that any evaluation repeats itself. The replays add all worked examples.
 */
#include <stdio.h>

#include "common/explain.h"
#include "libopendmarc/base/psl.h"
#include "tests/unit/exact.h"
#include "tests/unit/golden.h"
#include "tests/unit/suite.h"

static void
feed(struct odm_questions *qs, const char *name, enum odm_answer_status status,
    const struct odm_span *txt, size_t ntxt)
{
	struct odm_answer a = { status, txt, ntxt };
	int id = odm_questions_ask(qs, ODM_QUESTION_TXT, name);

	ck_assert_int_ge(id, 0);
	ck_assert_int_eq(odm_questions_feed(qs, (unsigned)id, &a), 0);
}

static void
add(struct explain *x, bool dkim, enum odm_result result, const char *domain,
    const char *selector, const char *source, bool used)
{
	struct explain_identity id = { dkim, result, domain, selector, source, used };

	ck_assert_int_eq(explain_add_identity(x, &id), 0);
}

/* A message with a bit of everything, octets of all kinds in an answer too. */
static struct explain *
sample(void)
{
	static const char odd[] = "octets \0 \xff \xc3\xa4 \\ \"";
	struct odm_span policy = odm_span_str("v=DMARC1; p=reject; aspf=s"),
	    txt[] = { { odd, sizeof(odd) - 1 }, { "", 0 } };
	struct odm_questions *qs = odm_questions_new();
	struct explain *x = explain_new(false);

	ck_assert(qs != NULL && x != NULL);
	feed(qs, "_dmarc.news.example.com", ODM_ANSWER_RECORDS, txt, 2);
	feed(qs, "_dmarc.example.com", ODM_ANSWER_RECORDS, &policy, 1);
	feed(qs, "_dmarc.com", ODM_ANSWER_NODATA, NULL, 0);
	feed(qs, "_dmarc.mail.example.com", ODM_ANSWER_NXDOMAIN, NULL, 0);
	ck_assert_int_ge(odm_questions_ask(qs, ODM_QUESTION_EXISTS, "news.example.com"), 0);
	ck_assert_int_eq(explain_add_author(x, "news.example.com"), 0);
	add(x, true, ODM_RESULT_PASS, "mail.example.com", "s1", "Authentication-Results", true);
	add(x, true, ODM_RESULT_FAIL, "example.net", "bad\nselector", NULL, false);
	add(x, false, ODM_RESULT_PASS, "example.com", NULL, "own check", true);
	ck_assert_int_eq(explain_add_dns(x, qs), 0);
	odm_questions_free(&qs);
	return x;
}

START_TEST(golden)
{
	char why[256] = "", *text;
	struct explain *x = sample();

	text = explain_write(x, why, sizeof(why));
	ck_assert_msg(text != NULL, "%s", why);
	golden_check("explain.json", text, strlen(text));
	free(text);
	explain_free(&x);
	ck_assert_ptr_null(x);
}
END_TEST

START_TEST(verdict_of_sample)
{
	struct explain *x = sample();
	char why[256];
	const struct odm_verdict *v = explain_verdict(x, why, sizeof(why));
	struct explain_identity id;

	ck_assert_ptr_nonnull(v);
	ck_assert_int_eq(v->result, ODM_DMARC_PASS);
	ck_assert(v->dkim_aligned && !v->spf_aligned);
	ck_assert(explain_identity_at(x, 1, &id));
	ck_assert_str_eq(id.selector, "bad?selector");
	ck_assert(!explain_identity_at(x, 3, &id));
	explain_free(&x);
}
END_TEST

/* The sample with one text replaced: what is said of it. */
static const struct bad_case {
	const char	*from, *to, *why;
} bad[] = {
	{ "\"opendmarc-explain\"", "\"other\"", "format: not opendmarc-explain" },
	{ "\"version\": 1", "\"version\": 2", "version: not known" },
	{ "\"version\": 1", "\"version\": \"1\"", "version: not known" },
	{ "\"rfc9989\"", "\"rfc1\"", "inputs.mode: not known" },
	{ "\"rfc9989\"", "\"rfc7489\"", "inputs.public_suffixes: not an array, or too long" },
	{ "\"rfc9989\"", "\"rfc7489\", \"public_suffixes\": [\"A\"]",
		"inputs.public_suffixes: not a domain name in lower case A-labels" },
	{ "\"eager\": false", "\"eager\": 0", "inputs.eager: not true or false" },
	{ "\"authors\": [", "\"authors\": [7,",
		"inputs.authors[0]: not a domain name in lower case A-labels" },
	{ "\"authors\": [", "\"authors\": [\"EXAMPLE.COM\",",
		"inputs.authors[0]: not a domain name in lower case A-labels" },
	{ "\"authors\": [", "\"authors\": [\"a.b\\u0000\",",
		"inputs.authors[0]: not a domain name in lower case A-labels" },
	{ "\"authors\": [", "\"a\": [", "inputs.authors: not an array" },
	{ "\"authors\": [", "\"authors\": [\"a1\",\"a2\",\"a3\",\"a4\",\"a5\",\"a6\",\"a7\",\"a8\","
		"\"a9\",\"a10\",", "inputs.authors[10]: too many Author Domains" },
	{ "\"identities\": [", "\"identities\": [1,", "inputs.identities[0]: not an object" },
	{ "\"identities\": [", "\"x\": [", "inputs.identities: not an array" },
	{ "\"method\": \"dkim\"", "\"method\": \"arc\"",
		"inputs.identities[0]: the method is neither spf nor dkim" },
	{ "\"result\": \"pass\"", "\"result\": \"good\"", "inputs.identities[0]: no result word" },
	{ "\"result\": \"pass\"", "\"result\": [], \"x\": 1",
		"inputs.identities[0].result: not a string" },
	{ "\"mail.example.com\"", "\"a..b\"",
		"inputs.identities[0]: not a domain name in lower case A-labels" },
	{ "\"s1\"", "\"s\\u0000\"", "inputs.identities[0].selector: a string with a NUL" },
	{ "\"used\": true", "\"used\": null", "inputs.identities[0].used: not true or false" },
	{ "\"dns\": [", "\"d\": [", "dns: not an array" },
	{ "\"dns\": [", "\"dns\": [{},", "dns[0]: not a domain name in lower case A-labels" },
	{ "\"dns\": [", "\"dns\": [[],", "dns[0]: not an object" },
	{ "\"type\": \"TXT\"", "\"type\": \"MX\"", "dns[0]: the type is neither TXT nor exists" },
	{ "\"nodata\"", "\"nothing\"", "dns[0]: no status word" },
	{ "\"nodata\"", "\"nodata\", \"records\": []", "dns[0]: records in an answer that has none" },
	{ "_dmarc.example.com", "_dmarc.com", "dns[1]: a question that was there before, or memory "
		"is short" },
	{ "\"v=DMARC1", "\"\\\\v=DMARC1", "dns[1]: a record with a bad escape" },
	{ "\"v=DMARC1", "\"\\\\256", "dns[1]: a record with a bad escape" },
	{ "\"v=DMARC1", "\"\\\\01", "dns[1]: a record with a bad escape" },
	{ "\"v=DMARC1", "\"\\n", "dns[1]: a record with a bad escape" },
	{ "\"v=DMARC1", "7, \"v=DMARC1", "dns[1]: a record is not a string" },
	{ "\"nodata\"", "\"unanswered\"", "there is no answer to the question TXT _dmarc.com" },
	{ "\"inputs\": {", "\"inputs\": 1, \"x\": {", "inputs: not an object" },
};

/* text with the first from replaced by to; the caller frees. */
static char *
replaced(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	size_t size = strlen(text) + strlen(to) + 1;
	char *out = malloc(size);

	ck_assert_msg(at != NULL, "the sample does not hold %s", from);
	ck_assert_ptr_nonnull(out);
	ck_assert_int_lt(snprintf(out, size, "%.*s%s%s", (int)(at - text), text, to,
	    at + strlen(from)), (int)size);
	return out;
}

START_TEST(bad_case)
{
	const struct bad_case *c = &bad[_i];
	struct explain *x = sample();
	char why[256] = "", *text, *changed;
	struct odm_span copy;
	bool same;

	text = explain_write(x, why, sizeof(why));
	ck_assert_ptr_nonnull(text);
	changed = replaced(text, c->from, c->to);
	copy = exact(changed);
	ck_assert_ptr_null(explain_replay(copy, &same, why, sizeof(why)));
	ck_assert_str_eq(why, c->why);
	exact_free(copy);
	free(changed);
	free(text);
	explain_free(&x);
}
END_TEST

START_TEST(no_document)
{
	static const char *const texts[] = { "", "{", "[]", "7", "null", "{}", "\xff",
		"{\"a\":1,\"a\":2}" };
	char why[256];

	for (size_t i = 0; i < COUNT(texts); i++) {
		struct odm_span copy = exact(texts[i]);

		why[0] = '\0';
		ck_assert_msg(explain_read(copy, why, sizeof(why)) == NULL, "%s", texts[i]);
		ck_assert_msg(why[0] != '\0', "%s: no reason", texts[i]);
		exact_free(copy);
	}
}
END_TEST

/* Deep and long documents end with a reason, too. */
START_TEST(hostile)
{
	struct odm_span deep = exact_repeat("[", 1000000), many = exact_repeat("[1],", 100000);
	char why[256];

	ck_assert_ptr_null(explain_read(deep, why, sizeof(why)));
	ck_assert_ptr_null(explain_read(many, why, sizeof(why)));
	exact_free(deep);
	exact_free(many);
}
END_TEST

/* The verdict of the document was changed by hand: that shows. */
START_TEST(tampered)
{
	struct explain *x = sample();
	char why[256] = "", *text = explain_write(x, why, sizeof(why)), *changed, *again;
	bool same = true;

	ck_assert_ptr_nonnull(text);
	/* The last "pass" is that of the message. */
	changed = replaced(text, "  \"verdict\": {\n    \"result\": \"pass\"",
	    "  \"verdict\": {\n    \"result\": \"fail\"");
	again = explain_replay(odm_span_str(changed), &same, why, sizeof(why));
	ck_assert_ptr_nonnull(again);
	ck_assert(!same);
	ck_assert_str_eq(again, text);
	free(again);
	free(changed);
	free(text);
	explain_free(&x);
}
END_TEST

/* A small generator of our own: the same cases on every machine. */
static unsigned
draw(uint32_t *state, unsigned below)
{
	*state = *state * 1664525U + 1013904223U;
	return (unsigned)((*state >> 16) % below);
}

static const char *
draw_name(uint32_t *state)
{
	static const char *const names[] = {
		"example.com", "a.example.com", "b.a.example.com", "example.org", "com", "co.uk",
		"x.co.uk", "y.x.co.uk", "z.co.uk", "a.b.c.d.e.f.g.h.i.example.com",
	};

	return names[draw(state, COUNT(names))];
}

/* Answers at random, with failures and giving up; the same name always alike. */
static void
answer(struct odm_questions *qs, const struct odm_question *q, uint32_t seed)
{
	static const char *const records[] = {
		"v=DMARC1; p=reject", "v=DMARC1; p=none; sp=reject; np=quarantine",
		"v=DMARC1; psd=y; p=none", "v=DMARC1; psd=n; p=quarantine; t=y", "\x01\xff\\",
		"v=DMARC1; p=reject; adkim=s; aspf=s; pct=30", "v=DMARC1; p=bad",
	};
	struct odm_answer a = { ODM_ANSWER_NXDOMAIN, NULL, 0 };
	struct odm_span txt[2];

	for (const char *at = q->name; *at != '\0'; at++)
		seed = seed * 31 + (unsigned char)*at;
	a.status = (enum odm_answer_status)(draw(&seed, 8) < 5 ? 0 : 1 + draw(&seed, 3));
	txt[0] = odm_span_str(records[draw(&seed, COUNT(records))]);
	txt[1] = odm_span_str(records[draw(&seed, COUNT(records))]);
	a.txt = txt;
	a.ntxt = 1 + (draw(&seed, 6) == 0);
	ck_assert_int_eq(odm_questions_feed(qs, q->id, &a), 0);
}

static struct odm_eval *
random_evaluation(uint32_t seed, const struct odm_psl *psl, struct explain *x, bool eager)
{
	struct odm_eval *e = odm_eval_new(eager);
	unsigned nauthors = draw(&seed, 4), nids = draw(&seed, 8), stop = draw(&seed, 40);
	const struct odm_question *q;

	ck_assert_ptr_nonnull(e);
	if (psl != NULL) {
		odm_eval_use_psl(e, psl);
		explain_use_psl(x, psl);
	}
	for (unsigned i = 0; i < nauthors; i++) {
		const char *name = draw_name(&seed);

		ck_assert_int_eq(odm_eval_add_author(e, name), explain_add_author(x, name));
	}
	for (unsigned i = 0; i < nids; i++) {
		struct explain_identity id = { .dkim = draw(&seed, 2) == 0, .used = true,
			.result = draw(&seed, 4) == 0 ? ODM_RESULT_TEMPERROR : ODM_RESULT_PASS,
			.domain = draw_name(&seed) };

		(void)(id.dkim ? odm_eval_add_dkim : odm_eval_add_spf)(e, id.result, id.domain);
		ck_assert_int_eq(explain_add_identity(x, &id), 0);
		/* Some answers come before the next identity. */
		if (!odm_eval_run(e) && draw(&seed, 2) == 0 &&
		    (q = odm_questions_open(odm_eval_questions(e), 0)) != NULL)
			answer(odm_eval_questions(e), q, seed);
	}
	odm_eval_identities_complete(e);
	for (unsigned i = 0; !odm_eval_run(e) && i < stop; i++)
		answer(odm_eval_questions(e), odm_questions_open(odm_eval_questions(e), 0), 99);
	odm_eval_give_up(e);
	ck_assert_int_eq(explain_add_dns(x, odm_eval_questions(e)), 0);
	return e;
}

/* Whatever the answers: the document has the verdict, and repeats itself. */
START_TEST(property)
{
	static const char list[] = "// test\ncom\nuk\nco.uk\norg\n";
	struct odm_psl *psl = odm_psl_parse(odm_span_str(list));

	ck_assert_ptr_nonnull(psl);
	for (uint32_t seed = 0; seed < 3000; seed++) {
		bool eager = seed % 2 == 0, same = false;
		struct explain *x = explain_new(eager);
		struct odm_eval *e = random_evaluation(seed, seed % 3 == 0 ? psl : NULL, x, eager);
		const struct odm_verdict *v, *w = odm_eval_verdict(e);
		char why[256] = "", *text = explain_write(x, why, sizeof(why)), *again;

		ck_assert_msg(text != NULL, "seed %u: %s", (unsigned)seed, why);
		v = explain_verdict(x, why, sizeof(why));
		ck_assert_msg(v->result == w->result && v->effective == w->effective &&
		    v->tag == w->tag && strcmp(v->reason, w->reason) == 0, "seed %u: %s, not %s",
		    (unsigned)seed, v->reason, w->reason);
		again = explain_replay(odm_span_str(text), &same, why, sizeof(why));
		ck_assert_msg(again != NULL && same && strcmp(text, again) == 0, "seed %u: %s",
		    (unsigned)seed, why);
		free(again);
		free(text);
		odm_eval_free(&e);
		explain_free(&x);
	}
	odm_psl_free(&psl);
}
END_TEST

START_TEST(limits)
{
	struct explain *x = explain_new(true);
	struct explain_identity id = { .dkim = true, .result = ODM_RESULT_PASS,
		.domain = "example.com", .used = true };

	for (size_t i = 0; i < EXPLAIN_IDENTITIES_MAX; i++)
		ck_assert_int_eq(explain_add_identity(x, &id), 0);
	ck_assert_int_eq(explain_add_identity(x, &id), -1);
	explain_free(&x);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("explain");
	TCase *tc = tcase_create("explain");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, golden);
	tcase_add_test(tc, verdict_of_sample);
	tcase_add_loop_test(tc, bad_case, 0, COUNT(bad));
	tcase_add_test(tc, no_document);
	tcase_add_test(tc, hostile);
	tcase_add_test(tc, tampered);
	tcase_add_test(tc, property);
	tcase_add_test(tc, limits);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
