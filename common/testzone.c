/*
 * testzone.c - the TestDNSData file: DMARC records made up for a test.
 * Its few lines are searched one after another.
 */
#include "config.h"

#include <sys/queue.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/testzone.h"
#include "common/textfile.h"
#include "libopendmarc/base/domain.h"

/* Ten thousand records; a search through them still costs less than a packet. */
#define FILE_MAX	(1024 * 1024)

struct entry {
	STAILQ_ENTRY(entry) next;
	char		 name[ODM_NAME_MAX + 1];	/* normalised */
	struct odm_span	 record;	/* inside the text of the zone */
};
STAILQ_HEAD(entry_list, entry);

struct testzone {
	struct odm_strbuf text;		/* the file */
	struct entry_list entries;	/* in the order of the file */
};

/* Adds the record of one line, which is not empty. NULL, or what is wrong with it. */
static const char *
add_entry(void *zone, struct odm_span line)
{
	struct testzone *z = zone;
	struct entry *e = calloc(1, sizeof(*e));
	size_t len = 0;

	if (e == NULL)
		return "memory allocation failure";
	while (len < line.len && !odm_is_fws(line.at[len]))
		len++;
	e->record = odm_span_trim(odm_span_sub(line, len, line.len));
	if (!odm_domain_normalise(odm_span_sub(line, 0, len), e->name)) {
		free(e);
		return "the first word is no domain name";
	}
	if (e->record.len == 0) {
		free(e);
		return "there is no record after the name";
	}
	STAILQ_INSERT_TAIL(&z->entries, e, next);
	return NULL;
}

struct testzone *
testzone_read(const char *path, char *why, size_t why_size)
{
	struct testzone *z = calloc(1, sizeof(*z));

	if (z == NULL) {
		strlcpy(why, "memory allocation failure", why_size);
		return NULL;
	}
	odm_strbuf_init(&z->text, FILE_MAX);
	STAILQ_INIT(&z->entries);
	if (!textfile_each(path, &z->text, add_entry, z, why, why_size))
		testzone_free(&z);
	return z;
}

void
testzone_free(struct testzone **z)
{
	struct entry *e;

	if (*z == NULL)
		return;
	while ((e = STAILQ_FIRST(&(*z)->entries)) != NULL) {
		STAILQ_REMOVE_HEAD(&(*z)->entries, next);
		free(e);
	}
	odm_strbuf_free(&(*z)->text);
	free(*z);
	*z = NULL;
}

/* Is name listed, or above a listed name? */
static bool
exists(const struct testzone *z, const char *name)
{
	const struct entry *e;

	STAILQ_FOREACH(e, &z->entries, next)
		if (strcmp(e->name, name) == 0 || odm_domain_is_below(e->name, name))
			return true;
	return false;
}

bool
testzone_answer(const struct testzone *z, enum odm_question_kind kind, const char *name,
    struct odm_answer *answer_r)
{
	const struct entry *e;
	char asked[ODM_NAME_MAX + 1];

	if (z == NULL || STAILQ_EMPTY(&z->entries))
		return false;
	*answer_r = (struct odm_answer){ .status = ODM_ANSWER_NODATA };
	if (!odm_domain_normalise(odm_span_str(name), asked) ||
	    (kind == ODM_QUESTION_EXISTS && !exists(z, asked))) {
		answer_r->status = ODM_ANSWER_NXDOMAIN;
		return true;
	}
	if (kind == ODM_QUESTION_EXISTS) {
		answer_r->status = ODM_ANSWER_RECORDS;
		return true;
	}
	STAILQ_FOREACH(e, &z->entries, next)
		if (strcmp(e->name, asked) == 0) {
			answer_r->status = ODM_ANSWER_RECORDS;
			answer_r->txt = &e->record;
			answer_r->ntxt = 1;
			break;
		}
	return true;
}
