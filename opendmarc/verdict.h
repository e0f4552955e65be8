/*
 * verdict.h - from the result of an evaluation and local policy to what happens
 * to the message and what is said about it. RFC 9989, 5.4 and 7.4: rejecting on
 * a policy is the receiver's own choice, the option RejectFailures.
 * Pure: no milter things, no I/O, no allocation.
 */
#ifndef OPENDMARC_VERDICT_H
#define OPENDMARC_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/conf.h"
#include "common/history.h"
#include "libopendmarc/base/limits.h"
#include "libopendmarc/core/eval.h"

enum dmf_action {
	DMF_ACTION_ACCEPT,
	DMF_ACTION_REJECT,
	DMF_ACTION_TEMPFAIL
};

/* RejectString has up to 400 characters, and a domain stands in it. */
#define DMF_REPLY_MAX	(400 + ODM_NAME_MAX)

/* An SMTP reply; code "" leaves the words to the MTA. */
struct dmf_reply {
	char	code[4];
	char	status[8];		/* RFC 3463 */
	char	text[DMF_REPLY_MAX + 1];
};

/* Whether and how the message is entered in the history file. */
enum dmf_record {
	DMF_RECORD_NEVER,
	DMF_RECORD_ASKED,		/* only with RecordAllMessages */
	DMF_RECORD_ALWAYS
};

struct dmf_reason {
	enum history_override type;
	const char	*comment;	/* lives as long as the case; NULL none */
};

#define DMF_REASONS_MAX	3

/* Room for "quarantined by DMARC policy for " and a domain. */
#define DMF_HOLD_SIZE	(ODM_NAME_MAX + 64)

struct dmf_decision {
	enum dmf_action	 action;
	struct dmf_reply reply;		/* unless accepted */
	enum odm_dmarc	 result;
	const char	*author_domain;	/* NULL: no header.from can be named */
	const char	*published;	/* "none", "quarantine", "reject": the comment's p= */
	const char	*disposition;	/* same words: what was done */
	const char	*would;		/* same words: what would be done with every option on
					 * that acts on failures */
	char		 hold[DMF_HOLD_SIZE];	/* why the MTA shall hold it; "": it shall not */
	bool		 copy;		/* CopyFailuresTo gets it, when it is delivered */
	const char	*effective;	/* policy.dmarc; NULL: left out */
	enum dmf_record	 record;
	enum history_policy history_policy;
	enum history_action history_action;
	struct dmf_reason reasons[DMF_REASONS_MAX];
	size_t		 nreasons;
};

/* What a decision is made of. All pointers are borrowed. */
struct dmf_case {
	const struct odm_verdict *v;	/* NULL: there was no Author Domain to evaluate, which is
					 * a permerror */
	const struct conf *conf;
	unsigned	 lot;		/* drawn for this message, 0 to 99: of failing ones pct in a
					 * hundred get the policy (RFC 7489, 6.6.4; the tree walk
					 * has 100) */
	const struct dmf_reason *override;	/* why a failure is not acted on; NULL: no reason */
};

/*
 * True when the message fails and its policy asks for quarantine or reject, so that an
 * override would change what is done or told. The lot counts.
 */
bool dmf_enforceable(const struct dmf_case *c);

/* Decides. Texts in *d_r live as long as those of the case. */
void dmf_decide(const struct dmf_case *c, struct dmf_decision *d_r);

/*
 * The decision for a message whose form is refused by RequiredHeaders, RequiredFrom or
 * RejectMultiValueFrom: 550 5.7.1 with the reason, no record.
 */
void dmf_decide_refuse(const char *reason, struct dmf_decision *d_r);

/* Turns any decision into 451 4.3.0 with the reason: it could not be carried out. */
void dmf_decide_later(const char *reason, struct dmf_decision *d);

#endif
