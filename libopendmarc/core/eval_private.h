/*
 * eval_private.h - what the files of an evaluation share: eval.c, discover.c and align.c.
 */
#ifndef ODM_CORE_EVAL_PRIVATE_H
#define ODM_CORE_EVAL_PRIVATE_H

#include "libopendmarc/core/eval.h"

/* Mechanisms as bits, so that one domain may come from both. */
#define BY_SPF		1U
#define BY_DKIM		2U

/* A domain that SPF or DKIM vouches for, or could not check for now. */
struct identifier {
	struct odm_walk	 walk;		/* its subject is the domain; never run with a list */
	const char	*psl_org;	/* Organizational Domain by the list, inside walk */
	unsigned	 pass;		/* bits of the mechanisms that passed */
	unsigned	 temperror;	/* bits of those that failed for now */
};

struct author {
	struct odm_walk	 walk;		/* its subject is the Author Domain */
	const char	*psl_org;	/* Organizational Domain by the list, inside walk */
	struct odm_verdict verdict;
	bool		 decided;
};

struct odm_eval {
	bool		 eager;
	bool		 complete;	/* no more identities will come */
	bool		 decided;	/* every author is */
	struct odm_questions *questions;
	const struct odm_psl *psl;	/* NULL: tree walk; psl_org means nothing then */
	size_t		 nauthors;
	size_t		 nidentifiers;
	size_t		 nbeyond;	/* results whose domain found no room */
	struct author	 authors[ODM_AUTHORS_MAX];
	struct identifier identifiers[ODM_IDENTIFIERS_MAX];
};

/* Why a verdict came out; the sentences are in eval.c. */
enum reason {
	REASON_NO_RECORD,
	REASON_SEVERAL_RECORDS,
	REASON_LOOKUP_FAILED,
	REASON_UNUSABLE,
	REASON_SPF,
	REASON_DKIM,
	REASON_BOTH,
	REASON_ALIGNMENT_FAILED,
	REASON_UNCHECKED,
	REASON_NOT_ALIGNED
};

/* What the identifiers of one kind (passed, or failed for now) come to. */
struct alignment {
	unsigned	 aligned;	/* bits of mechanisms with an aligned identifier */
	bool		 open;		/* an answer that matters is missing */
	bool		 failed;	/* an answer that matters was a failure */
	bool		 org_needed;	/* the author's Organizational Domain was needed */
};

/* Ends the evaluation of one author. */
void odm_eval_decide(struct author *a, enum odm_dmarc result, enum reason reason);

/*
 * Policy discovery, by tree walk or by the list. False while answers are missing;
 * else the author has a usable record, or is decided.
 */
bool odm_discover(struct odm_eval *e, struct author *a);
bool odm_discover_psl(struct odm_eval *e, struct author *a);

/*
 * Alignment, 4.4, of the passed identifiers or of those that failed for now,
 * with the author, whose record is selected. Puts the questions it needs.
 */
struct alignment odm_align(struct odm_eval *e, struct author *a, bool passed);

#endif
