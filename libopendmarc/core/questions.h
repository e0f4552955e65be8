/*
 * questions.h - the DNS questions of one evaluation and their answers.
 * Asked once each however many parts need them; fed in any order. No I/O.
 */
#ifndef ODM_CORE_QUESTIONS_H
#define ODM_CORE_QUESTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "libopendmarc/base/limits.h"
#include "libopendmarc/base/span.h"

enum odm_question_kind {
	ODM_QUESTION_TXT,	/* the TXT records at name, CNAMEs followed */
	ODM_QUESTION_EXISTS	/* does name exist? any type will do, only NXDOMAIN denies */
};

struct odm_question {
	unsigned	 id;		/* give this back with the answer */
	enum odm_question_kind kind;
	const char	*name;		/* A-labels, no final dot; owned by the table */
};

enum odm_answer_status {
	ODM_ANSWER_RECORDS,	/* TXT: the records; EXISTS: the name exists */
	ODM_ANSWER_NODATA,	/* the name exists without such records */
	ODM_ANSWER_NXDOMAIN,	/* rcode NXDOMAIN and no CNAME in the answer */
	ODM_ANSWER_FAILURE	/* time-out, SERVFAIL, REFUSED, garbage */
};

struct odm_answer {
	enum odm_answer_status status;
	const struct odm_span *txt;	/* RECORDS of TXT: the records, strings joined */
	size_t		 ntxt;
};

struct odm_questions;	/* private: questions.c */

/* NULL: out of memory. */
struct odm_questions *odm_questions_new(void);
/* Frees *qs and clears it. *qs may be NULL. */
void odm_questions_free(struct odm_questions **qs);

/*
 * Makes sure the question is in the table and returns its id.
 * -1 when memory is short or ODM_QUESTIONS_MAX is reached. name is copied.
 */
int odm_questions_ask(struct odm_questions *qs, enum odm_question_kind kind,
    const char *name);

/* The answer to question id, NULL while it is open. Owned by the table. */
const struct odm_answer *odm_questions_answer(const struct odm_questions *qs, int id);

/* The i-th open question, NULL past the last one. Valid until qs changes. */
const struct odm_question *odm_questions_open(const struct odm_questions *qs, size_t i);

/* The i-th question in the order they were asked, open or not; NULL past the end. */
const struct odm_question *odm_questions_at(const struct odm_questions *qs, size_t i);

/*
 * Feeds one answer, copied. TXT records beyond ODM_TXT_RECORDS_MAX or
 * ODM_TXT_MAX octets are dropped. 0, or -1 when id is not open or memory is short.
 */
int odm_questions_feed(struct odm_questions *qs, unsigned id,
    const struct odm_answer *answer);

#endif
