/*
 * explain_private.h - the inside of an explanation, for explain*.c only.
 */
#ifndef COMMON_EXPLAIN_PRIVATE_H
#define COMMON_EXPLAIN_PRIVATE_H

#include <jansson.h>

#include "common/explain.h"
#include "libopendmarc/base/psl.h"

#define EXPLAIN_FORMAT	"opendmarc-explain"
#define EXPLAIN_VERSION	1

/* An identity with texts of its own; selector and source NULL when unknown. */
struct explain_fact {
	bool		 dkim, used;
	enum odm_result	 result;
	char		 domain[ODM_NAME_MAX + 1];
	char		*selector, *source;
};

struct explain {
	bool		 eager;
	char		 authors[ODM_AUTHORS_MAX][ODM_NAME_MAX + 1];
	size_t		 nauthors;
	struct explain_fact *facts;
	size_t		 nfacts, facts_size;
	struct odm_questions *dns;	/* open ones were asked and not answered */
	const struct odm_psl *psl;	/* NULL: by tree walk */
	struct odm_psl	*own_psl;	/* the list of a document; psl is the same then */
	struct odm_eval	*eval;		/* made from the above; NULL: not yet */
};

/* Names of kinds and answers in the document; static. */
const char *explain_kind_name(enum odm_question_kind kind);
bool explain_kind_parse(const char *word, enum odm_question_kind *kind_r);
const char *explain_status_name(const struct odm_answer *answer);	/* NULL: unanswered */
/* *answered_r is false for the word of an open question. */
bool explain_status_parse(const char *word, enum odm_answer_status *status_r, bool *answered_r);

#define EXPLAIN_TREEWALK	"rfc9989"
#define EXPLAIN_PSL		"rfc7489"

/* The whole document as a tree, from an x with its evaluation. NULL: out of memory. */
json_t *explain_tree(const struct explain *x);

/* A sentence into why. */
void explain_say(char *why, size_t why_size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
