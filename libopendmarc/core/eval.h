/*
 * eval.h - one DMARC evaluation as a state machine: names questions, is fed
 * answers. No socket, clock, lock or global; safe to step from any one thread
 * at a time. RFC 9989, 4.10, 5.3 and 5.4; with a public suffix list RFC 7489, 6.6.
 *
 * Order of calls: new (and use_psl), add_author for each Author Domain, then questions may
 * already be asked and answered; add_spf and add_dkim as results come in;
 * identities_complete when there will be no more; questions again until none is
 * open; verdict.
 */
#ifndef ODM_CORE_EVAL_H
#define ODM_CORE_EVAL_H

#include <stdbool.h>
#include <stddef.h>

#include "libopendmarc/base/limits.h"
#include "libopendmarc/base/result.h"
#include "libopendmarc/base/span.h"
#include "libopendmarc/core/questions.h"
#include "libopendmarc/core/walk.h"
#include "libopendmarc/parse/record.h"

enum odm_dmarc {
	ODM_DMARC_NONE,		/* no policy record applies */
	ODM_DMARC_PASS,
	ODM_DMARC_FAIL,
	ODM_DMARC_TEMPERROR,	/* a needed DNS answer or check failed for now */
	ODM_DMARC_PERMERROR	/* the record selected is unusable, or no Author Domain */
};

/* How Organizational Domains are found. */
enum odm_discovery {
	ODM_DISCOVERY_TREEWALK = 0,	/* RFC 9989 */
	ODM_DISCOVERY_PSL		/* RFC 7489, with a public suffix list */
};

enum odm_policy_tag {
	ODM_TAG_NONE = 0,	/* no record, or p=none assumed in place of a bad one */
	ODM_TAG_P,
	ODM_TAG_SP,
	ODM_TAG_NP
};

/* The verdict on one Author Domain. All pointers belong to the evaluation. */
struct odm_verdict {
	enum odm_dmarc	 result;
	const char	*author_domain;	/* NULL only where a message has none */
	const char	*policy_domain;	/* where the record was found; NULL without one */
	const char	*org_domain;	/* of the author; NULL while nobody needed it (tree walk) */
	const struct odm_record *record;/* as published; NULL without one */
	enum odm_policy_tag tag;	/* the tag that applies; np only to a fail */
	enum odm_policy	 published;	/* value of that tag; NONE when assumed, UNSET without record */
	enum odm_policy	 effective;	/* published after t=y (or pct=0) took one step down */
	bool		 testing;	/* t=y (or pct=0) lowered or would lower the policy */
	unsigned	 pct;		/* RFC 7489 only, else 100: of a hundred failing messages
					 * this many get effective, chosen at random by the caller,
					 * the others odm_policy_unselected(effective) */
	enum odm_discovery discovery;
	bool		 spf_aligned;	/* a passing SPF Domain is aligned */
	bool		 dkim_aligned;	/* a passing DKIM Signing Domain is aligned */
	bool		 exists;	/* false: np applied because the domain does not exist */
	const char	*reason;	/* one sentence with the RFC section; static */
};

/* How a mechanism's identifier stands to an Author Domain. */
enum odm_align {
	ODM_ALIGN_NO_IDENTITY = 0, /* the mechanism does not vouch for this domain */
	ODM_ALIGN_EQUAL,	/* it is the Author Domain */
	ODM_ALIGN_SAME_ORG,	/* relaxed mode, and the Organizational Domains are equal */
	ODM_ALIGN_STRICT,	/* differs, and the record asks for strict mode */
	ODM_ALIGN_OTHER_ORG,	/* differs, and so do the Organizational Domains */
	ODM_ALIGN_FAILED,	/* a DNS answer needed to tell failed */
	ODM_ALIGN_NOT_NEEDED	/* not found out: there is no policy, or it changes nothing */
};

/* One Authenticated Identifier, seen from one Author Domain. Pointers belong to the eval. */
struct odm_identifier {
	const char	*domain;
	const char	*org_domain;	/* NULL while nobody needed it */
	const struct odm_walk *walk;	/* nseen 0: no question was asked for it */
	bool		 spf_passed;	/* false with spf set: SPF could not be checked for now */
	bool		 dkim_passed;	/* the same of DKIM */
	enum odm_align	 spf;		/* mechanisms apart: aspf and adkim may differ */
	enum odm_align	 dkim;
};

struct odm_eval;		/* private: eval_private.h */
struct odm_psl;			/* libopendmarc/base/psl.h */

/*
 * Starts an evaluation. NULL: out of memory.
 * Lazy, it asks one name at a time and none that cannot matter. Eager, for callers
 * that count round trips, it puts a whole walk at once and does not wait for the
 * identities: for each author up to ODM_WALK_MAX - 1 names more (an author with a
 * record of its own needs one), and up to as many for each identifier below the
 * author's organization that another one makes needless, or that a psd tag on the way
 * would have stopped. The verdict is the same, and so is the bound: with one author
 * ODM_WALK_MAX names, one test of existence, and ODM_IDENTIFIERS_MAX walks of
 * ODM_WALK_MAX - 1 names; in all ODM_QUESTIONS_MAX. With a list there are two names
 * for each author and nothing else.
 */
struct odm_eval *odm_eval_new(bool eager);

/* Frees *e and clears it. *e may be NULL. */
void odm_eval_free(struct odm_eval **e);

/*
 * Evaluates by RFC 7489 instead: Organizational Domains come from psl, which must
 * outlive e and may serve many evaluations at once; the policy from the Author Domain
 * or its Organizational Domain, where several records mean no policy; pct counts, np,
 * psd and t do not. Call it before the first run.
 */
void odm_eval_use_psl(struct odm_eval *e, const struct odm_psl *psl);

/*
 * Adds an Author Domain, a normalised name; a second time it changes nothing.
 * 0, or -1 when memory is short or there are ODM_AUTHORS_MAX already.
 */
int odm_eval_add_author(struct odm_eval *e, const char *domain);

/*
 * Adds the SPF result and its SPF Domain (normalised; NULL or "" for none).
 * Only the MAIL FROM identity, or the HELO name with a null sender. 0, or -1.
 */
int odm_eval_add_spf(struct odm_eval *e, enum odm_result result, const char *domain);

/*
 * Adds one DKIM result with its Signing Domain (normalised). Beyond
 * ODM_IDENTIFIERS_MAX distinct domains a pass does not align. 0, or -1.
 */
int odm_eval_add_dkim(struct odm_eval *e, enum odm_result result, const char *domain);

/* Says that all identities are in; before that no verdict is reached. */
void odm_eval_identities_complete(struct odm_eval *e);

/*
 * Uses what has been answered and puts new questions. Call it before looking
 * for open questions, and after feeding answers. True: the verdict is there.
 */
bool odm_eval_run(struct odm_eval *e);

/* The questions of this evaluation: take open ones, feed answers. Owned by e. */
struct odm_questions *odm_eval_questions(struct odm_eval *e);

/*
 * Feeds a failure to every open question and runs to the end: the deadline is over.
 */
void odm_eval_give_up(struct odm_eval *e);

/*
 * The verdict for the message: of all Author Domains the one that decides.
 * Passes only if all pass; else the strictest effective policy among those
 * that fail; temperror, then permerror, before none. NULL while there is none.
 * Without any Author Domain: permerror.
 */
const struct odm_verdict *odm_eval_verdict(const struct odm_eval *e);

/* The verdict on the i-th Author Domain; NULL past the last or before the end. */
const struct odm_verdict *odm_eval_author_verdict(const struct odm_eval *e, size_t i);

/*
 * To explain a verdict. The walk of the i-th Author Domain, NULL past the last:
 * of its steps the first nseen were looked at, further ones at most asked.
 */
const struct odm_walk *odm_eval_author_walk(const struct odm_eval *e, size_t i);

/*
 * The i-th domain that SPF or DKIM vouched for, or could not check for now, in the
 * order they were added, as seen from the author-th Author Domain. False past the
 * last one of either, or before there is a verdict. Asks nothing.
 */
bool odm_eval_identifier(const struct odm_eval *e, size_t author, size_t i,
    struct odm_identifier *id_r);

/*
 * Results (pass or temperror) that were left out because ODM_IDENTIFIERS_MAX other
 * domains came before theirs; none of them aligns.
 */
size_t odm_eval_identifiers_beyond(const struct odm_eval *e);

/* True for EQUAL and SAME_ORG. */
bool odm_align_holds(enum odm_align align);

/* "equal", "same organization", "strict mode", "other organization" and so on. Static. */
const char *odm_align_name(enum odm_align align);

/* "treewalk", "psl": the words of history files and reports. Static. */
const char *odm_discovery_name(enum odm_discovery discovery);

/* "none", "pass", "fail", "temperror", "permerror". Static. */
const char *odm_dmarc_name(enum odm_dmarc result);

#endif
