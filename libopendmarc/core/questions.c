/*
 * questions.c - the table of DNS questions and their answers. RFC 9989, 4.10.
 * Entries stand in one fixed pool and never move; names and answers stand in an
 * arena that is freed as a whole, so an ordinary evaluation allocates once.
 * Invariant: open[] holds the ids without an answer, in the order of asking.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libopendmarc/core/questions.h"

/* An ordinary evaluation: eight names of 30 octets and two records of 150. */
#define ARENA_FIRST	2048

/* Later blocks; a single piece that is larger gets a block of its size. */
#define ARENA_BLOCK	8192

#define ARENA_ALIGN	_Alignof(struct odm_span)

struct arena_block {
	struct arena_block *next;
	_Alignas(struct odm_span) char room[];
};

struct entry {
	struct odm_question question;
	struct odm_answer answer;
	bool		 answered;
};

struct odm_questions {
	size_t		 nentries;
	size_t		 nopen;
	char		*free_at;	/* unused room of the newest arena block */
	size_t		 nfree;
	struct arena_block *blocks;
	uint32_t	 hashes[ODM_QUESTIONS_MAX];	/* of the names, beside each other */
	uint16_t	 open[ODM_QUESTIONS_MAX];
	struct entry	 entries[ODM_QUESTIONS_MAX];
	_Alignas(struct odm_span) char first[ARENA_FIRST];
};

struct odm_questions *
odm_questions_new(void)
{
	/* Not cleared: only the entries below nentries are ever looked at. */
	struct odm_questions *qs = malloc(sizeof(*qs));

	if (qs == NULL)
		return NULL;
	qs->nentries = 0;
	qs->nopen = 0;
	qs->free_at = qs->first;
	qs->nfree = sizeof(qs->first);
	qs->blocks = NULL;
	return qs;
}

void
odm_questions_free(struct odm_questions **qs)
{
	struct arena_block *block, *next;

	if (*qs == NULL)
		return;
	for (block = (*qs)->blocks; block != NULL; block = next) {
		next = block->next;
		free(block);
	}
	free(*qs);
	*qs = NULL;
}

/* Room for size octets, aligned for spans, until the table is freed. */
static void *
arena_take(struct odm_questions *qs, size_t size)
{
	struct arena_block *block;
	size_t room;
	char *at;

	size = (size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
	if (size > qs->nfree) {
		room = size > ARENA_BLOCK ? size : ARENA_BLOCK;
		block = malloc(sizeof(*block) + room);
		if (block == NULL)
			return NULL;
		block->next = qs->blocks;
		qs->blocks = block;
		/* Keep whichever block has more room left. */
		if (room - size < qs->nfree)
			return block->room;
		qs->free_at = block->room;
		qs->nfree = room;
	}
	at = qs->free_at;
	qs->free_at += size;
	qs->nfree -= size;
	return at;
}

/* FNV-1a: names are short, and a clash only costs a comparison. */
static uint32_t
hash_name(const char *name, size_t *len_r)
{
	uint32_t hash = 2166136261U;
	const char *at;

	for (at = name; *at != '\0'; at++)
		hash = (hash ^ (unsigned char)*at) * 16777619U;
	*len_r = (size_t)(at - name);
	return hash;
}

int
odm_questions_ask(struct odm_questions *qs, enum odm_question_kind kind, const char *name)
{
	struct entry *entry;
	size_t i, len;
	uint32_t hash;
	char *copy;

	assert(name != NULL);

	hash = hash_name(name, &len);
	for (i = 0; i < qs->nentries; i++)
		if (qs->hashes[i] == hash && qs->entries[i].question.kind == kind &&
		    strcmp(qs->entries[i].question.name, name) == 0)
			return (int)i;

	if (qs->nentries == ODM_QUESTIONS_MAX)
		return -1;
	copy = arena_take(qs, len + 1);
	if (copy == NULL)
		return -1;
	memcpy(copy, name, len + 1);

	entry = &qs->entries[qs->nentries];
	entry->question = (struct odm_question){ (unsigned)qs->nentries, kind, copy };
	entry->answered = false;
	qs->hashes[qs->nentries] = hash;
	qs->open[qs->nopen++] = (uint16_t)qs->nentries;
	return (int)qs->nentries++;
}

const struct odm_answer *
odm_questions_answer(const struct odm_questions *qs, int id)
{
	if (id < 0 || (size_t)id >= qs->nentries || !qs->entries[id].answered)
		return NULL;
	return &qs->entries[id].answer;
}

const struct odm_question *
odm_questions_open(const struct odm_questions *qs, size_t i)
{
	return i < qs->nopen ? &qs->entries[qs->open[i]].question : NULL;
}

const struct odm_question *
odm_questions_at(const struct odm_questions *qs, size_t i)
{
	return i < qs->nentries ? &qs->entries[i].question : NULL;
}

/* How many records from the first are kept, and how many octets they have. */
static size_t
count_kept(const struct odm_answer *answer, size_t *octets_r)
{
	size_t n = 0, octets = 0;

	while (n < answer->ntxt && n < ODM_TXT_RECORDS_MAX &&
	    answer->txt[n].len <= ODM_TXT_MAX - octets)
		octets += answer->txt[n++].len;
	*octets_r = octets;
	return n;
}

/* Copies the records of answer into the arena. 0, or -1: no memory. */
static int
copy_records(struct odm_questions *qs, const struct odm_answer *answer,
    struct odm_answer *copy_r)
{
	size_t i, n, octets;
	struct odm_span *txt;
	char *at;

	n = count_kept(answer, &octets);
	if (n == 0)
		return 0;
	txt = arena_take(qs, n * sizeof(*txt) + octets);
	if (txt == NULL)
		return -1;
	at = (char *)(txt + n);
	for (i = 0; i < n; i++) {
		if (answer->txt[i].len > 0)
			memcpy(at, answer->txt[i].at, answer->txt[i].len);
		txt[i] = (struct odm_span){ at, answer->txt[i].len };
		at += answer->txt[i].len;
	}
	copy_r->txt = txt;
	copy_r->ntxt = n;
	return 0;
}

int
odm_questions_feed(struct odm_questions *qs, unsigned id, const struct odm_answer *answer)
{
	struct odm_answer copy = { answer->status, NULL, 0 };
	struct entry *entry;
	size_t i;

	if (id >= qs->nentries || qs->entries[id].answered)
		return -1;
	entry = &qs->entries[id];
	if (answer->status == ODM_ANSWER_RECORDS &&
	    entry->question.kind == ODM_QUESTION_TXT && copy_records(qs, answer, &copy) != 0)
		return -1;
	entry->answer = copy;
	entry->answered = true;

	for (i = 0; qs->open[i] != id; i++)
		assert(i + 1 < qs->nopen);
	qs->nopen--;
	memmove(&qs->open[i], &qs->open[i + 1], (qs->nopen - i) * sizeof(qs->open[0]));
	return 0;
}
