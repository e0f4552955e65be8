/*
 * loadmsg.c - templates to messages.
 */
#include <stdio.h>

#include "common/textfile.h"
#include "tests/bench/loadmsg.h"

#define FILE_MAX	(4 * 1024 * 1024)
#define MESSAGE_MAX	(1024 * 1024)

/* Cuts up to the next separator off *rest_r, which is empty after the last part. */
static struct odm_span
cut(struct odm_span *rest_r, const char *separator)
{
	size_t len = strlen(separator);
	const char *found = rest_r->len == 0 ? NULL :
	    memmem(rest_r->at, rest_r->len, separator, len);
	size_t end = found == NULL ? rest_r->len : (size_t)(found - rest_r->at);
	struct odm_span part = odm_span_sub(*rest_r, 0, end);

	*rest_r = odm_span_sub(*rest_r, found == NULL ? end : end + len, rest_r->len);
	return part;
}

/* The member of m that a word before the empty line names; NULL: none. */
static struct odm_span *
member(struct loadmsg *m, struct odm_span word)
{
	if (odm_span_eq(word, "client"))
		return &m->client;
	if (odm_span_eq(word, "helo"))
		return &m->helo;
	if (odm_span_eq(word, "from"))
		return &m->from;
	if (odm_span_eq(word, "expect"))
		return &m->expect;
	return NULL;
}

/* Finds the parts of a message; NULL, or what is wrong with it. */
static const char *
dissect(struct loadmsg *m, struct odm_span text)
{
	struct odm_span head = cut(&text, "\n\n"), line, *place;

	m->client = m->helo = m->from = m->expect = odm_span_str("");
	while (odm_span_next(&head, '\n', &line)) {
		place = member(m, odm_span_sub(line, 0, odm_span_find(line, ' ')));
		if (place == NULL)
			return "not client, helo, from or expect before the empty line";
		*place = odm_span_sub(line, odm_span_find(line, ' '), line.len);
		*place = odm_span_trim(*place);
	}
	m->header = cut(&text, "\n\n");
	m->body = text;
	if (m->client.len == 0 || m->helo.len == 0 || m->expect.len == 0 || m->header.len == 0)
		return "client, helo, expect or header is missing";
	return NULL;
}

bool
loadmsg_read(struct loadmsg_set *set, const char *path, char *why, size_t why_size)
{
	const char *reason = NULL;
	struct odm_span rest;
	struct loadmsg m;

	*set = (struct loadmsg_set){ .count = 0 };
	odm_strbuf_init(&set->text, FILE_MAX);
	if (!textfile_read(path, &set->text, &reason)) {
		(void)snprintf(why, why_size, "%s: %s", path, reason);
		return false;
	}
	rest = odm_strbuf_span(&set->text);
	while (rest.len > 0 && reason == NULL && set->count < LOADMSG_TEMPLATES_MAX) {
		set->templates[set->count] = cut(&rest, "\n----\n");
		reason = dissect(&m, set->templates[set->count++]);
	}
	if (rest.len > 0 && reason == NULL)
		reason = "too many messages";
	else if (set->count == 0)
		reason = "no message";
	if (reason != NULL)
		(void)snprintf(why, why_size, "%s: message %zu: %s", path, set->count, reason);
	return reason == NULL;
}

void
loadmsg_set_free(struct loadmsg_set *set)
{
	odm_strbuf_free(&set->text);
}

void
loadmsg_init(struct loadmsg *m)
{
	*m = (struct loadmsg){ .job = "" };
	odm_strbuf_init(&m->text, MESSAGE_MAX);
}

void
loadmsg_free(struct loadmsg *m)
{
	odm_strbuf_free(&m->text);
}

bool
loadmsg_make(struct loadmsg *m, const struct loadmsg_set *set, unsigned long long number,
    unsigned long long domain, const char *suffix)
{
	struct odm_span rest = set->templates[number % set->count], name;

	odm_strbuf_clear(&m->text);
	while (rest.len > 0) {
		odm_strbuf_add(&m->text, cut(&rest, "{"));
		if (rest.len == 0)
			break;
		name = cut(&rest, "}");
		if (odm_span_eq(name, "domain"))
			odm_strbuf_addf(&m->text, "d%llu.%s", domain, suffix);
		else if (odm_span_eq(name, "number"))
			odm_strbuf_addf(&m->text, "%llu", number);
	}
	if (snprintf(m->job, sizeof(m->job), "L%llu", number) >= (int)sizeof(m->job))
		return false;
	return !m->text.failed && dissect(m, odm_strbuf_span(&m->text)) == NULL;
}

bool
loadmsg_field(struct odm_span *rest_r, struct odm_span *name_r, struct odm_span *value_r)
{
	struct odm_span all = *rest_r;
	size_t end = 0, colon = odm_span_find(all, ':');

	if (colon == all.len)
		return false;
	do {
		end += odm_span_find(odm_span_sub(all, end, all.len), '\n') + 1;
	} while (end < all.len && odm_is_wsp(all.at[end]));
	*name_r = odm_span_sub(all, 0, colon);
	*value_r = odm_span_sub(all, colon + 1, end - 1);
	if (value_r->len > 0 && value_r->at[0] == ' ')
		*value_r = odm_span_sub(*value_r, 1, value_r->len);
	*rest_r = end < all.len ? odm_span_sub(all, end, all.len) : odm_span_str("");
	return true;
}
