/*
 * explain.c - the inputs of an explanation, and the evaluation made from them.
 */
#include "common/explain.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/explain_private.h"
#include "libopendmarc/base/nametab.h"

/* The word of a question that was asked and needed no answer. */
#define UNANSWERED	(-1)

static const struct odm_name kinds[] = {
	{ ODM_QUESTION_TXT,	"TXT" },
	{ ODM_QUESTION_EXISTS,	"exists" },
};

static const struct odm_name statuses[] = {
	{ ODM_ANSWER_RECORDS,	"records" },
	{ ODM_ANSWER_NODATA,	"nodata" },
	{ ODM_ANSWER_NXDOMAIN,	"nxdomain" },
	{ ODM_ANSWER_FAILURE,	"failure" },
	{ UNANSWERED,		"unanswered" },
};

void
explain_say(char *why, size_t why_size, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	if (vsnprintf(why, why_size, format, ap) < 0 && why_size > 0)
		why[0] = '\0';
	va_end(ap);
}

const char *
explain_kind_name(enum odm_question_kind kind)
{
	return odm_name_of(kinds, COUNT(kinds), (int)kind);
}

bool
explain_kind_parse(const char *word, enum odm_question_kind *kind_r)
{
	int value;

	if (!odm_name_value(kinds, COUNT(kinds), odm_span_str(word), &value))
		return false;
	*kind_r = (enum odm_question_kind)value;
	return true;
}

const char *
explain_status_name(const struct odm_answer *answer)
{
	return odm_name_of(statuses, COUNT(statuses),
	    answer == NULL ? UNANSWERED : (int)answer->status);
}

bool
explain_status_parse(const char *word, enum odm_answer_status *status_r, bool *answered_r)
{
	int value;

	if (!odm_name_value(statuses, COUNT(statuses), odm_span_str(word), &value))
		return false;
	*answered_r = value != UNANSWERED;
	if (*answered_r)
		*status_r = (enum odm_answer_status)value;
	return true;
}

struct explain *
explain_new(bool eager)
{
	struct explain *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return NULL;
	x->eager = eager;
	x->dns = odm_questions_new();
	if (x->dns == NULL) {
		free(x);
		return NULL;
	}
	return x;
}

void
explain_free(struct explain **x)
{
	size_t i;

	if (*x == NULL)
		return;
	odm_eval_free(&(*x)->eval);
	odm_psl_free(&(*x)->own_psl);
	odm_questions_free(&(*x)->dns);
	for (i = 0; i < (*x)->nfacts; i++) {
		free((*x)->facts[i].selector);
		free((*x)->facts[i].source);
	}
	free((*x)->facts);
	free(*x);
	*x = NULL;
}

void
explain_use_psl(struct explain *x, const struct odm_psl *psl)
{
	x->psl = psl;
}

int
explain_add_author(struct explain *x, const char *domain)
{
	size_t i;

	for (i = 0; i < x->nauthors; i++)
		if (strcmp(x->authors[i], domain) == 0)
			return 0;
	if (x->nauthors == ODM_AUTHORS_MAX || !odm_span_copy(odm_span_str(domain),
	    x->authors[x->nauthors], ODM_NAME_MAX + 1))
		return -1;
	x->nauthors++;
	return 0;
}

/* A copy that any terminal and any JSON reader takes as it is. 0, or -1: no memory. */
static int
copy_text(const char *text, char **copy_r)
{
	char *copy;
	size_t i;

	*copy_r = NULL;
	if (text == NULL)
		return 0;
	copy = strndup(text, EXPLAIN_TEXT_MAX);
	if (copy == NULL)
		return -1;
	for (i = 0; copy[i] != '\0'; i++)
		if (copy[i] < ' ' || copy[i] > '~')
			copy[i] = '?';
	*copy_r = copy;
	return 0;
}

int
explain_add_identity(struct explain *x, const struct explain_identity *id)
{
	struct explain_fact fact = { .dkim = id->dkim, .used = id->used, .result = id->result };
	struct explain_fact *more;
	size_t size;

	if (x->nfacts == EXPLAIN_IDENTITIES_MAX ||
	    !odm_span_copy(odm_span_str(id->domain), fact.domain, sizeof(fact.domain)))
		return -1;
	if (x->nfacts == x->facts_size) {
		size = x->facts_size == 0 ? 8 : 2 * x->facts_size;
		more = reallocarray(x->facts, size, sizeof(*more));
		if (more == NULL)
			return -1;
		x->facts = more;
		x->facts_size = size;
	}
	if (copy_text(id->selector, &fact.selector) != 0 ||
	    copy_text(id->source, &fact.source) != 0) {
		free(fact.selector);
		return -1;
	}
	x->facts[x->nfacts++] = fact;
	return 0;
}

bool
explain_identity_at(const struct explain *x, size_t i, struct explain_identity *id_r)
{
	const struct explain_fact *f;

	if (i >= x->nfacts)
		return false;
	f = &x->facts[i];
	*id_r = (struct explain_identity){ .dkim = f->dkim, .result = f->result,
		.domain = f->domain, .selector = f->selector, .source = f->source,
		.used = f->used };
	return true;
}

int
explain_add_dns(struct explain *x, const struct odm_questions *qs)
{
	const struct odm_question *q;
	const struct odm_answer *a;
	int id;

	for (size_t i = 0; (q = odm_questions_at(qs, i)) != NULL; i++) {
		id = odm_questions_ask(x->dns, q->kind, q->name);
		if (id < 0)
			return -1;
		a = odm_questions_answer(qs, (int)q->id);
		if (a != NULL && odm_questions_answer(x->dns, id) == NULL &&
		    odm_questions_feed(x->dns, (unsigned)id, a) != 0)
			return -1;
	}
	return 0;
}

/* The answer to the same question among those of the document; NULL: none. */
static const struct odm_answer *
known_answer(const struct explain *x, const struct odm_question *wanted)
{
	const struct odm_question *q;

	for (size_t i = 0; (q = odm_questions_at(x->dns, i)) != NULL; i++)
		if (q->kind == wanted->kind && strcmp(q->name, wanted->name) == 0)
			return odm_questions_answer(x->dns, (int)q->id);
	return NULL;
}

/* Feeds what is known of the open questions. How many answers, or -1: no memory. */
static int
feed(const struct explain *x, struct odm_questions *qs)
{
	const struct odm_question *q;
	const struct odm_answer *a;
	size_t i = 0;
	int n = 0;

	while ((q = odm_questions_open(qs, i)) != NULL) {
		a = known_answer(x, q);
		if (a == NULL) {
			i++;
			continue;
		}
		if (odm_questions_feed(qs, q->id, a) != 0)
			return -1;
		n++;
	}
	return n;
}

static int
add_inputs(const struct explain *x, struct odm_eval *e)
{
	size_t i;

	if (x->psl != NULL)
		odm_eval_use_psl(e, x->psl);
	for (i = 0; i < x->nauthors; i++)
		if (odm_eval_add_author(e, x->authors[i]) != 0)
			return -1;
	for (i = 0; i < x->nfacts; i++) {
		const struct explain_fact *f = &x->facts[i];

		if (f->used && (f->dkim ? odm_eval_add_dkim : odm_eval_add_spf)(e, f->result,
		    f->domain) != 0)
			return -1;
	}
	odm_eval_identities_complete(e);
	return 0;
}

/* Evaluates with the answers at hand. 0, or -1 with the reason in why. */
static int
evaluate(struct explain *x, char *why, size_t why_size)
{
	const struct odm_question *q;
	int fed = 1;

	if (x->eval != NULL)
		return 0;
	x->eval = odm_eval_new(x->eager);
	if (x->eval == NULL || add_inputs(x, x->eval) != 0)
		goto no_memory;
	while (!odm_eval_run(x->eval) && fed > 0)
		fed = feed(x, odm_eval_questions(x->eval));
	if (odm_eval_verdict(x->eval) != NULL)
		return 0;
	if (fed < 0 || (q = odm_questions_open(odm_eval_questions(x->eval), 0)) == NULL)
		goto no_memory;
	explain_say(why, why_size, "there is no answer to the question %s %s",
	    explain_kind_name(q->kind), q->name);
	odm_eval_free(&x->eval);
	return -1;
no_memory:
	explain_say(why, why_size, "memory is short");
	odm_eval_free(&x->eval);
	return -1;
}

const struct odm_verdict *
explain_verdict(struct explain *x, char *why, size_t why_size)
{
	return evaluate(x, why, why_size) == 0 ? odm_eval_verdict(x->eval) : NULL;
}

struct odm_eval *
explain_eval(struct explain *x)
{
	return x->eval;
}

/* The text of a tree as it is written everywhere; NULL: out of memory. */
static char *
tree_text(const json_t *tree)
{
	char *text = json_dumps(tree, JSON_INDENT(2) | JSON_ENSURE_ASCII), *more;
	size_t len;

	if (text == NULL)
		return NULL;
	len = strlen(text);
	more = realloc(text, len + 2);
	if (more == NULL) {
		free(text);
		return NULL;
	}
	memcpy(more + len, "\n", 2);
	return more;
}

char *
explain_write(struct explain *x, char *why, size_t why_size)
{
	json_t *tree;
	char *text = NULL;

	if (evaluate(x, why, why_size) != 0)
		return NULL;
	tree = explain_tree(x);
	if (tree != NULL)
		text = tree_text(tree);
	json_decref(tree);
	if (text == NULL)
		explain_say(why, why_size, "memory is short");
	return text;
}
