/*
 * zone.c - the scripted DNS of the replay program.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/replay/replay.h"

void
zone_clear(struct zone *z)
{
	for (size_t i = 0; i < z->n; i++)
		free(z->entries[i].text);
	z->n = 0;
}

void
zone_add(struct replay *r, enum entry_kind kind, const char *name, const char *text, size_t len)
{
	struct zone *z = r->in_case ? &r->own : &r->shared;
	struct entry *entry = &z->entries[z->n];

	if (z->n == ENTRIES_MAX || strlcpy(entry->name, name, sizeof(entry->name)) > ODM_NAME_MAX)
		bad_script(r, "too many names, or a name too long");
	z->n++;
	entry->kind = kind;
	entry->len = len;
	entry->text = malloc(len > 0 ? len : 1);	/* exact: an over-read shows */
	if (entry->text == NULL)
		bad_script(r, "no memory");
	memcpy(entry->text, text, len);
}

/* The i-th entry, those of the case first; NULL past the last. */
static const struct entry *
entry_at(const struct replay *r, size_t i)
{
	if (i < r->own.n)
		return &r->own.entries[i];
	i -= r->own.n;
	return i < r->shared.n ? &r->shared.entries[i] : NULL;
}

bool
zone_has(const struct replay *r, const char *name, enum entry_kind kind)
{
	const struct entry *entry;

	for (size_t i = 0; (entry = entry_at(r, i)) != NULL; i++)
		if (entry->kind == kind && strcmp(entry->name, name) == 0)
			return true;
	return false;
}

static bool
ends_below(const char *name, const char *parent)
{
	size_t len = strlen(name), parent_len = strlen(parent);

	return len > parent_len && name[len - parent_len - 1] == '.' &&
	    strcmp(name + len - parent_len, parent) == 0;
}

/* True when something below name has data, which makes name exist. */
static bool
has_something_below(const struct replay *r, const char *name)
{
	const struct entry *entry;

	for (size_t i = 0; (entry = entry_at(r, i)) != NULL; i++)
		if (entry->kind <= ENTRY_EXISTS && ends_below(entry->name, name))
			return true;
	return false;
}

struct odm_answer
zone_lookup(const struct replay *r, const struct odm_question *q,
    struct odm_span *txt)
{
	struct odm_answer answer = { ODM_ANSWER_NXDOMAIN, txt, 0 };
	bool is_txt = q->kind == ODM_QUESTION_TXT;
	const struct entry *entry;

	for (size_t i = 0; (entry = entry_at(r, i)) != NULL; i++)
		if (entry->kind == ENTRY_TXT && strcmp(entry->name, q->name) == 0)
			txt[answer.ntxt++] = (struct odm_span){ entry->text, entry->len };

	if (zone_has(r, q->name, ENTRY_FAILURE))
		answer.status = ODM_ANSWER_FAILURE;
	else if (zone_has(r, q->name, ENTRY_NXDOMAIN))
		answer.status = ODM_ANSWER_NXDOMAIN;
	else if (answer.ntxt > 0)
		answer.status = ODM_ANSWER_RECORDS;
	else if (zone_has(r, q->name, ENTRY_EXISTS))
		answer.status = is_txt ? ODM_ANSWER_NODATA : ODM_ANSWER_RECORDS;
	else if (has_something_below(r, q->name))
		answer.status = ODM_ANSWER_NODATA;
	if (answer.status != ODM_ANSWER_RECORDS || !is_txt)
		answer.ntxt = 0;
	return answer;
}

const struct odm_question *
zone_pick(const struct replay *r, struct odm_questions *qs, bool from_last)
{
	const struct odm_question *q, *pick = NULL;

	for (size_t i = 0; (q = odm_questions_open(qs, i)) != NULL; i++)
		if (!zone_has(r, q->name, ENTRY_SILENT) && (pick == NULL || from_last))
			pick = q;
	return pick;
}
