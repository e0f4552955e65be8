/*
 * explain_tree.c - the document of an explanation as a tree of jansson, its members in a
 * fixed order. The form is described in opendmarc-check(8).
 */
#include <stdlib.h>
#include <string.h>

#include "common/explain_private.h"
#include "libopendmarc/base/strbuf.h"
#include "libopendmarc/parse/record.h"

/* A record with every octet escaped. */
#define ESCAPED_MAX	(4 * ODM_TXT_MAX)

/*
 * Puts a new value under key; false when value is NULL: out of memory. Trees are built
 * by "ok = set(...) && ok", so that values are never lost and trouble is seen at the end.
 */
static bool
set(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value) == 0;
}

static bool
set_text(json_t *object, const char *key, const char *text)
{
	return set(object, key, text != NULL ? json_string(text) : json_null());
}

static bool
append(json_t *array, json_t *value)
{
	return json_array_append_new(array, value) == 0;
}

/* The tree, or NULL, freeing it, when something of it is missing. */
static json_t *
whole(json_t *tree, bool ok)
{
	if (ok)
		return tree;
	json_decref(tree);
	return NULL;
}

/* Octets as text in the escapes of RFC 1035, 5.1: \DDD, and \\ for a backslash. */
static json_t *
octets_text(struct odm_span octets)
{
	struct odm_strbuf b;
	json_t *text;

	odm_strbuf_init(&b, ESCAPED_MAX);
	for (size_t i = 0; i < octets.len; i++) {
		char c = octets.at[i];

		if (c == '\\')
			odm_strbuf_adds(&b, "\\\\");
		else if (c >= ' ' && c <= '~')
			odm_strbuf_addc(&b, c);
		else
			odm_strbuf_addf(&b, "\\%03u", (unsigned)(unsigned char)c);
	}
	text = b.failed ? NULL : json_stringn(b.at, b.len);
	odm_strbuf_free(&b);
	return text;
}

static json_t *
identity_tree(const struct explain_fact *f)
{
	json_t *o = json_object();
	bool ok = set_text(o, "method", f->dkim ? "dkim" : "spf");

	ok = set_text(o, "result", odm_result_name(f->result)) && ok;
	ok = set_text(o, "domain", f->domain[0] != '\0' ? f->domain : NULL) && ok;
	if (f->dkim)
		ok = set_text(o, "selector", f->selector) && ok;
	ok = set_text(o, "source", f->source) && ok;
	ok = set(o, "used", json_boolean(f->used)) && ok;
	return whole(o, ok);
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* The public suffix of a name: all of it, or what its organization stands below. */
static void
find_suffix(const struct odm_psl *psl, const char *name, char suffix_r[ODM_NAME_MAX + 1])
{
	char org[ODM_NAME_MAX + 1];
	const char *dot;

	odm_psl_orgdomain(psl, name, org);
	dot = strchr(org, '.');
	(void)strlcpy(suffix_r, odm_psl_is_suffix(psl, name) || dot == NULL ? name : dot + 1,
	    ODM_NAME_MAX + 1);
}

/* The public suffixes of all names in use, sorted, each once. */
static json_t *
suffixes_tree(const struct explain *x)
{
	char (*names)[ODM_NAME_MAX + 1] = calloc(x->nauthors + x->nfacts + 1, sizeof(*names));
	json_t *suffixes = json_array();
	size_t n = 0, i;
	bool ok = names != NULL;

	for (i = 0; ok && i < x->nauthors; i++)
		find_suffix(x->psl, x->authors[i], names[n++]);
	for (i = 0; ok && i < x->nfacts; i++)
		if (x->facts[i].used && x->facts[i].domain[0] != '\0')
			find_suffix(x->psl, x->facts[i].domain, names[n++]);
	if (ok)
		qsort(names, n, sizeof(*names), compare_names);
	for (i = 0; ok && i < n; i++)
		if (i == 0 || strcmp(names[i - 1], names[i]) != 0)
			ok = append(suffixes, json_string(names[i]));
	free(names);
	return whole(suffixes, ok);
}

static json_t *
inputs_tree(const struct explain *x)
{
	json_t *o = json_object(), *authors = json_array(), *identities = json_array();
	bool ok = true;
	size_t i;

	for (i = 0; i < x->nauthors; i++)
		ok = append(authors, json_string(x->authors[i])) && ok;
	for (i = 0; i < x->nfacts; i++)
		ok = append(identities, identity_tree(&x->facts[i])) && ok;
	ok = set_text(o, "mode", x->psl == NULL ? EXPLAIN_TREEWALK : EXPLAIN_PSL) && ok;
	ok = set(o, "eager", json_boolean(x->eager)) && ok;
	if (x->psl != NULL)
		ok = set(o, "public_suffixes", suffixes_tree(x)) && ok;
	ok = set(o, "authors", authors) && ok;
	ok = set(o, "identities", identities) && ok;
	return whole(o, ok);
}

static json_t *
question_tree(const struct odm_question *q, const struct odm_answer *a)
{
	json_t *o = json_object(), *records;
	bool ok = set_text(o, "name", q->name);

	ok = set_text(o, "type", explain_kind_name(q->kind)) && ok;
	ok = set_text(o, "status", explain_status_name(a)) && ok;
	if (a == NULL || a->status != ODM_ANSWER_RECORDS || q->kind != ODM_QUESTION_TXT)
		return whole(o, ok);
	records = json_array();
	for (size_t i = 0; i < a->ntxt; i++)
		ok = append(records, octets_text(a->txt[i])) && ok;
	return whole(o, set(o, "records", records) && ok);
}

/* By name, then kind: the order of asking depends on when answers came. */
static int
compare_questions(const void *a, const void *b)
{
	const struct odm_question *qa = *(const struct odm_question *const *)a;
	const struct odm_question *qb = *(const struct odm_question *const *)b;
	int order = strcmp(qa->name, qb->name);

	return order != 0 ? order : (int)qa->kind - (int)qb->kind;
}

static json_t *
dns_tree(const struct explain *x)
{
	const struct odm_question *sorted[ODM_QUESTIONS_MAX];
	json_t *dns = json_array();
	bool ok = true;
	size_t n = 0;

	while (n < ODM_QUESTIONS_MAX && (sorted[n] = odm_questions_at(x->dns, n)) != NULL)
		n++;
	qsort(sorted, n, sizeof(sorted[0]), compare_questions);
	for (size_t i = 0; i < n; i++)
		ok = append(dns, question_tree(sorted[i],
		    odm_questions_answer(x->dns, (int)sorted[i]->id))) && ok;
	return whole(dns, ok);
}

static json_t *
step_tree(const struct odm_walk_step *step)
{
	static const char *const psd[] = {
		[ODM_PSD_UNKNOWN] = "u",
		[ODM_PSD_YES] = "y",
		[ODM_PSD_NO] = "n",
	};
	json_t *o = json_object();
	bool ok = set_text(o, "name", step->name);

	ok = set_text(o, "record", step->found ? "found" : step->several ? "several" :
	    step->question < 0 ? "name too long" : "none") && ok;
	if (step->found)
		ok = set_text(o, "psd", psd[step->record.psd]) && ok;
	return whole(o, ok);
}

/* The steps that were looked at. */
static json_t *
walk_tree(const struct odm_walk *w)
{
	json_t *steps = json_array();
	bool ok = true;

	for (size_t i = 0; i < w->nseen; i++)
		ok = append(steps, step_tree(&w->steps[i])) && ok;
	return whole(steps, ok);
}

static json_t *
identifier_tree(const struct odm_identifier *id)
{
	json_t *o = json_object();
	bool ok = set_text(o, "domain", id->domain);

	ok = set_text(o, "org_domain", id->org_domain) && ok;
	ok = set(o, "spf_passed", json_boolean(id->spf_passed)) && ok;
	ok = set_text(o, "spf_alignment", odm_align_name(id->spf)) && ok;
	ok = set(o, "dkim_passed", json_boolean(id->dkim_passed)) && ok;
	ok = set_text(o, "dkim_alignment", odm_align_name(id->dkim)) && ok;
	ok = set(o, "walk", walk_tree(id->walk)) && ok;
	return whole(o, ok);
}

/* The sentence of a verdict, and the place of its rule: "(RFC 9989, 5.3.5)". */
static json_t *
rule_tree(const char *reason)
{
	const char *at = strstr(reason, "(RFC "), *comma, *end;
	json_t *o = json_object();
	bool ok = set_text(o, "text", reason);

	if (at == NULL || (comma = strstr(at, ", ")) == NULL || (end = strchr(comma, ')')) == NULL)
		return whole(o, ok);
	at += strlen("(RFC ");
	ok = set(o, "rfc", json_stringn(at, (size_t)(comma - at))) && ok;
	comma += strlen(", ");
	ok = set(o, "section", json_stringn(comma, (size_t)(end - comma))) && ok;
	return whole(o, ok);
}

static json_t *
verdict_tree(const struct odm_verdict *v)
{
	static const char *const tags[] = {
		[ODM_TAG_NONE] = NULL,
		[ODM_TAG_P] = "p",
		[ODM_TAG_SP] = "sp",
		[ODM_TAG_NP] = "np",
	};
	json_t *o = json_object();
	bool ok = set_text(o, "result", odm_dmarc_name(v->result));

	ok = set_text(o, "author_domain", v->author_domain) && ok;
	ok = set_text(o, "policy_domain", v->policy_domain) && ok;
	ok = set_text(o, "org_domain", v->org_domain) && ok;
	ok = set_text(o, "discovery", odm_discovery_name(v->discovery)) && ok;
	ok = set_text(o, "tag", tags[v->tag]) && ok;
	ok = set_text(o, "published", odm_policy_name(v->published)) && ok;
	ok = set_text(o, "effective", odm_policy_name(v->effective)) && ok;
	ok = set(o, "testing", json_boolean(v->testing)) && ok;
	ok = set(o, "pct", json_integer((json_int_t)v->pct)) && ok;
	ok = set(o, "exists", json_boolean(v->exists)) && ok;
	ok = set(o, "spf_aligned", json_boolean(v->spf_aligned)) && ok;
	ok = set(o, "dkim_aligned", json_boolean(v->dkim_aligned)) && ok;
	ok = set(o, "rule", rule_tree(v->reason)) && ok;
	return whole(o, ok);
}

static json_t *
author_tree(const struct odm_eval *e, size_t author)
{
	json_t *o = json_object(), *identifiers = json_array();
	struct odm_identifier id;
	bool ok = set_text(o, "domain", odm_eval_author_verdict(e, author)->author_domain);

	for (size_t i = 0; odm_eval_identifier(e, author, i, &id); i++)
		ok = append(identifiers, identifier_tree(&id)) && ok;
	ok = set(o, "walk", walk_tree(odm_eval_author_walk(e, author))) && ok;
	ok = set(o, "identifiers", identifiers) && ok;
	ok = set(o, "verdict", verdict_tree(odm_eval_author_verdict(e, author))) && ok;
	return whole(o, ok);
}

static json_t *
evaluation_tree(const struct odm_eval *e)
{
	json_t *o = json_object(), *authors = json_array();
	bool ok = true;

	for (size_t i = 0; odm_eval_author_verdict(e, i) != NULL; i++)
		ok = append(authors, author_tree(e, i)) && ok;
	ok = set(o, "authors", authors) && ok;
	ok = set(o, "identifiers_left_out",
	    json_integer((json_int_t)odm_eval_identifiers_beyond(e))) && ok;
	return whole(o, ok);
}

json_t *
explain_tree(const struct explain *x)
{
	json_t *o = json_object();
	bool ok = set_text(o, "format", EXPLAIN_FORMAT);

	ok = set(o, "version", json_integer(EXPLAIN_VERSION)) && ok;
	ok = set(o, "inputs", inputs_tree(x)) && ok;
	ok = set(o, "dns", dns_tree(x)) && ok;
	ok = set(o, "evaluation", evaluation_tree(x->eval)) && ok;
	ok = set(o, "verdict", verdict_tree(odm_eval_verdict(x->eval))) && ok;
	return whole(o, ok);
}
