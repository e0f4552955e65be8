/*
 * explain_read.c - an explanation from its document. Every value is checked before it
 * goes into an evaluation, since a document may come from anywhere.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/explain_private.h"
#include "libopendmarc/base/domain.h"
#include "libopendmarc/base/strbuf.h"

/* One for each name that can be part of an evaluation. */
#define SUFFIXES_MAX	(ODM_AUTHORS_MAX + EXPLAIN_IDENTITIES_MAX)

/* Room for the path of a value, "dns[123].records[45]". */
#define PLACE_MAX	64

struct reader {
	struct explain	*x;
	char		*why;
	size_t		 why_size;
};

/* "PLACE: REASON"; always false. */
static bool
bad(struct reader *r, const char *place, const char *reason)
{
	explain_say(r->why, r->why_size, "%s: %s", place, reason);
	return false;
}

/* A string member; *text_r is NULL when it is absent or null. False: another type. */
static bool
read_string(struct reader *r, const json_t *object, const char *key, const char *place,
    const char **text_r)
{
	const json_t *value = json_object_get(object, key);
	char where[PLACE_MAX + 32];

	*text_r = NULL;
	if (value == NULL || json_is_null(value))
		return true;
	*text_r = json_string_value(value);
	if (*text_r != NULL && strlen(*text_r) == json_string_length(value))
		return true;
	explain_say(where, sizeof(where), "%s.%s", place, key);
	return bad(r, where, *text_r == NULL ? "not a string" : "a string with a NUL");
}

/* A boolean member. False: absent or another type. */
static bool
read_bool(struct reader *r, const json_t *object, const char *key, const char *place,
    bool *value_r)
{
	const json_t *value = json_object_get(object, key);
	char where[PLACE_MAX + 32];

	*value_r = json_is_true(value);
	if (json_is_boolean(value))
		return true;
	explain_say(where, sizeof(where), "%s.%s", place, key);
	return bad(r, where, "not true or false");
}

static bool
is_normalised(const char *name)
{
	char normalised[ODM_NAME_MAX + 1];

	return odm_domain_normalise(odm_span_str(name), normalised) &&
	    strcmp(normalised, name) == 0;
}

/* The i-th member as a normalised name; NULL when it is none. */
static const char *
name_at(const json_t *array, size_t i)
{
	const json_t *value = json_array_get(array, i);
	const char *name = json_string_value(value);

	return name != NULL && strlen(name) == json_string_length(value) &&
	    is_normalised(name) ? name : NULL;
}

static bool
read_authors(struct reader *r, const json_t *inputs)
{
	const json_t *authors = json_object_get(inputs, "authors");
	char place[PLACE_MAX];

	if (!json_is_array(authors))
		return bad(r, "inputs.authors", "not an array");
	for (size_t i = 0; i < json_array_size(authors); i++) {
		const char *name = name_at(authors, i);

		explain_say(place, sizeof(place), "inputs.authors[%zu]", i);
		if (name == NULL)
			return bad(r, place, "not a domain name in lower case A-labels");
		if (explain_add_author(r->x, name) != 0)
			return bad(r, place, "too many Author Domains");
	}
	return true;
}

static bool
read_identity(struct reader *r, const json_t *object, const char *place)
{
	struct explain_identity id = { 0 };
	const char *method, *result;

	if (!json_is_object(object))
		return bad(r, place, "not an object");
	if (!read_string(r, object, "method", place, &method) ||
	    !read_string(r, object, "result", place, &result) ||
	    !read_string(r, object, "domain", place, &id.domain) ||
	    !read_string(r, object, "selector", place, &id.selector) ||
	    !read_string(r, object, "source", place, &id.source) ||
	    !read_bool(r, object, "used", place, &id.used))
		return false;
	if (method == NULL || (strcmp(method, "spf") != 0 && strcmp(method, "dkim") != 0))
		return bad(r, place, "the method is neither spf nor dkim");
	id.dkim = method[0] == 'd';
	id.result = odm_result_parse(odm_span_str(result));
	if (result == NULL || strcmp(odm_result_name(id.result), result) != 0)
		return bad(r, place, "no result word");
	if (id.domain == NULL)
		id.domain = "";
	else if (!is_normalised(id.domain))
		return bad(r, place, "not a domain name in lower case A-labels");
	if (explain_add_identity(r->x, &id) != 0)
		return bad(r, place, "too many identities, or memory is short");
	return true;
}

/* The public suffixes as a list of rules, one a line. */
static bool
read_suffixes(struct reader *r, const json_t *inputs)
{
	const json_t *suffixes = json_object_get(inputs, "public_suffixes");
	struct odm_strbuf text;
	bool ok = true;

	if (!json_is_array(suffixes) || json_array_size(suffixes) > SUFFIXES_MAX)
		return bad(r, "inputs.public_suffixes", "not an array, or too long");
	odm_strbuf_init(&text, SUFFIXES_MAX * (ODM_NAME_MAX + 1) + 64);
	/* A list without a rule is none; this one says nothing beyond the implicit rule. */
	odm_strbuf_adds(&text, "// suffixes\ninvalid\n");
	for (size_t i = 0; ok && i < json_array_size(suffixes); i++) {
		const char *name = name_at(suffixes, i);

		ok = name != NULL;
		if (ok)
			odm_strbuf_addf(&text, "%s\n", name);
	}
	if (!ok)
		bad(r, "inputs.public_suffixes", "not a domain name in lower case A-labels");
	else if (text.failed || (r->x->own_psl = odm_psl_parse(odm_strbuf_span(&text))) == NULL)
		ok = bad(r, "inputs.public_suffixes", "memory is short");
	r->x->psl = r->x->own_psl;
	odm_strbuf_free(&text);
	return ok;
}

static bool
read_inputs(struct reader *r, const json_t *root)
{
	const json_t *inputs = json_object_get(root, "inputs"), *identities;
	const char *mode;
	char place[PLACE_MAX];

	if (!json_is_object(inputs))
		return bad(r, "inputs", "not an object");
	if (!read_string(r, inputs, "mode", "inputs", &mode) ||
	    !read_bool(r, inputs, "eager", "inputs", &r->x->eager) || !read_authors(r, inputs))
		return false;
	if (mode == NULL ||
	    (strcmp(mode, EXPLAIN_TREEWALK) != 0 && strcmp(mode, EXPLAIN_PSL) != 0))
		return bad(r, "inputs.mode", "not known");
	if (strcmp(mode, EXPLAIN_PSL) == 0 && !read_suffixes(r, inputs))
		return false;
	identities = json_object_get(inputs, "identities");
	if (!json_is_array(identities))
		return bad(r, "inputs.identities", "not an array");
	for (size_t i = 0; i < json_array_size(identities); i++) {
		explain_say(place, sizeof(place), "inputs.identities[%zu]", i);
		if (!read_identity(r, json_array_get(identities, i), place))
			return false;
	}
	return true;
}

/* Takes the escapes of RFC 1035, 5.1 out of text into octets, which is as long. */
static bool
unescape(const char *text, char *octets, size_t *len_r)
{
	size_t len = 0;

	for (const char *at = text; *at != '\0'; at++) {
		unsigned value = (unsigned char)*at;

		if (value < ' ' || value > '~')
			return false;
		if (*at == '\\' && at[1] == '\\') {
			at++;
		} else if (*at == '\\') {
			if (!odm_is_digit(at[1]) || !odm_is_digit(at[2]) || !odm_is_digit(at[3]))
				return false;
			value = (unsigned)(at[1] - '0') * 100 + (unsigned)(at[2] - '0') * 10 +
			    (unsigned)(at[3] - '0');
			at += 3;
		}
		if (value > 255)
			return false;
		octets[len++] = (char)value;
	}
	*len_r = len;
	return true;
}

/* The records of one answer, for free_records(). False with the reason said. */
static bool
read_records(struct reader *r, const json_t *array, const char *place,
    struct odm_span txt[ODM_TXT_RECORDS_MAX], char *octets[ODM_TXT_RECORDS_MAX], size_t *n_r)
{
	size_t total = 0, len;

	if (!json_is_array(array) || json_array_size(array) > ODM_TXT_RECORDS_MAX)
		return bad(r, place, "no array of records, or too many");
	for (size_t i = 0; i < json_array_size(array); i++) {
		const json_t *value = json_array_get(array, i);
		const char *text = json_string_value(value);

		if (text == NULL || strlen(text) != json_string_length(value))
			return bad(r, place, "a record is not a string");
		octets[i] = malloc(strlen(text) + 1);
		if (octets[i] == NULL)
			return bad(r, place, "memory is short");
		*n_r = i + 1;
		if (!unescape(text, octets[i], &len))
			return bad(r, place, "a record with a bad escape");
		txt[i] = (struct odm_span){ octets[i], len };
		total += len;
		if (total > ODM_TXT_MAX)
			return bad(r, place, "more octets than the DNS can carry");
	}
	return true;
}

static bool
feed_answer(struct reader *r, const json_t *object, const char *place, int id,
    struct odm_answer *answer)
{
	struct odm_span txt[ODM_TXT_RECORDS_MAX];
	char *octets[ODM_TXT_RECORDS_MAX];
	const json_t *records = json_object_get(object, "records");
	size_t n = 0;
	bool ok = true;

	if (records != NULL && (answer->status != ODM_ANSWER_RECORDS ||
	    odm_questions_at(r->x->dns, (size_t)id)->kind != ODM_QUESTION_TXT))
		return bad(r, place, "records in an answer that has none");
	if (records != NULL)
		ok = read_records(r, records, place, txt, octets, &n);
	answer->txt = txt;
	answer->ntxt = n;
	if (ok && odm_questions_feed(r->x->dns, (unsigned)id, answer) != 0)
		ok = bad(r, place, "a question that was there before, or memory is short");
	while (n > 0)
		free(octets[--n]);
	return ok;
}

/* Names in questions may have "_" and be longer than usual, but stay names. */
static bool
read_question(struct reader *r, const json_t *object, const char *place)
{
	const char *name, *type, *status;
	enum odm_question_kind kind = ODM_QUESTION_TXT;
	struct odm_answer answer = { .status = ODM_ANSWER_FAILURE };
	bool answered = false;
	int id;

	if (!json_is_object(object))
		return bad(r, place, "not an object");
	if (!read_string(r, object, "name", place, &name) ||
	    !read_string(r, object, "type", place, &type) ||
	    !read_string(r, object, "status", place, &status))
		return false;
	if (name == NULL || !is_normalised(name))
		return bad(r, place, "not a domain name in lower case A-labels");
	if (type == NULL || !explain_kind_parse(type, &kind))
		return bad(r, place, "the type is neither TXT nor exists");
	if (status == NULL || !explain_status_parse(status, &answer.status, &answered))
		return bad(r, place, "no status word");
	id = odm_questions_ask(r->x->dns, kind, name);
	if (id < 0)
		return bad(r, place, "too many questions, or memory is short");
	if (!answered)
		return true;
	return feed_answer(r, object, place, id, &answer);
}

static bool
read_root(struct reader *r, const json_t *root)
{
	const json_t *dns = json_object_get(root, "dns"), *version;
	const char *format;
	char place[PLACE_MAX];

	if (!json_is_object(root))
		return bad(r, "document", "not an object");
	if (!read_string(r, root, "format", "document", &format))
		return false;
	version = json_object_get(root, "version");
	if (format == NULL || strcmp(format, EXPLAIN_FORMAT) != 0)
		return bad(r, "format", "not " EXPLAIN_FORMAT);
	if (!json_is_integer(version) || json_integer_value(version) != EXPLAIN_VERSION)
		return bad(r, "version", "not known");
	if (!read_inputs(r, root))
		return false;
	if (!json_is_array(dns))
		return bad(r, "dns", "not an array");
	for (size_t i = 0; i < json_array_size(dns); i++) {
		explain_say(place, sizeof(place), "dns[%zu]", i);
		if (!read_question(r, json_array_get(dns, i), place))
			return false;
	}
	return true;
}

/* The tree of a document; NULL with the reason in why. */
static json_t *
load(struct odm_span json, char *why, size_t why_size)
{
	json_error_t error;
	json_t *root;

	if (json.len > EXPLAIN_OCTETS_MAX) {
		explain_say(why, why_size, "larger than %lu octets", EXPLAIN_OCTETS_MAX);
		return NULL;
	}
	root = json_loadb(json.at == NULL ? "" : json.at, json.len,
	    JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	if (root == NULL)
		explain_say(why, why_size, "line %d: not JSON: %s", error.line, error.text);
	return root;
}

static struct explain *
read_tree(const json_t *root, char *why, size_t why_size)
{
	struct reader r = { explain_new(false), why, why_size };

	if (r.x == NULL)
		explain_say(why, why_size, "memory is short");
	else if (!read_root(&r, root))
		explain_free(&r.x);
	return r.x;
}

struct explain *
explain_read(struct odm_span json, char *why, size_t why_size)
{
	json_t *root = load(json, why, why_size);
	struct explain *x = NULL;

	if (root != NULL)
		x = read_tree(root, why, why_size);
	json_decref(root);
	return x;
}

char *
explain_replay(struct odm_span json, bool *same_r, char *why, size_t why_size)
{
	json_t *root = load(json, why, why_size), *tree = NULL;
	struct explain *x = NULL;
	char *text = NULL;

	if (root == NULL)
		return NULL;
	x = read_tree(root, why, why_size);
	if (x != NULL)
		text = explain_write(x, why, why_size);
	if (text != NULL) {
		tree = explain_tree(x);
		*same_r = json_equal(json_object_get(tree, "verdict"),
		    json_object_get(root, "verdict"));
	}
	json_decref(tree);
	json_decref(root);
	explain_free(&x);
	return text;
}
