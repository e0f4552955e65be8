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

/* An SMTP reply; code "" leaves the words to the MTA. */
struct dmf_reply {
	char	code[4];
	char	status[8];		/* RFC 3463 */
	char	text[ODM_NAME_MAX + 64];
};

/* Whether and how the message is entered in the history file. */
enum dmf_record {
	DMF_RECORD_NEVER,
	DMF_RECORD_ASKED,		/* only with RecordAllMessages */
	DMF_RECORD_ALWAYS
};

struct dmf_reason {
	enum history_override type;
	const char	*comment;	/* static; NULL none */
};

#define DMF_REASONS_MAX	2

struct dmf_decision {
	enum dmf_action	 action;
	struct dmf_reply reply;		/* unless accepted */
	enum odm_dmarc	 result;
	const char	*author_domain;	/* NULL: no header.from can be named */
	const char	*published;	/* "none", "quarantine", "reject": the comment's p= */
	const char	*disposition;	/* same words: what was done */
	const char	*effective;	/* policy.dmarc; NULL: left out */
	enum dmf_record	 record;
	enum history_policy history_policy;
	enum history_action history_action;
	struct dmf_reason reasons[DMF_REASONS_MAX];
	size_t		 nreasons;
};

/*
 * Decides. v is the verdict on the message; NULL: there was no Author Domain to
 * evaluate, which is a permerror. lot is drawn for this message, 0 to 99: of failing
 * ones pct in a hundred get the policy (RFC 7489, 6.6.4; the tree walk has 100).
 * Texts in *d_r live as long as v.
 */
void dmf_decide(const struct odm_verdict *v, const struct conf *conf, unsigned lot,
    struct dmf_decision *d_r);

/* The decision when memory was too short for a verdict: try again later. */
void dmf_decide_no_memory(struct dmf_decision *d_r);

#endif
