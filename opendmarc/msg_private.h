/*
 * msg_private.h - one message as msg.c collects it, msgend.c judges it, msgrecord.c keeps
 * it and msgorders.c hands it back.
 */
#ifndef OPENDMARC_MSG_PRIVATE_H
#define OPENDMARC_MSG_PRIVATE_H

#include "common/spf.h"
#include "libopendmarc/base/strbuf.h"
#include "opendmarc/automatic.h"
#include "opendmarc/evaluation.h"
#include "opendmarc/failreport.h"
#include "opendmarc/fields.h"
#include "opendmarc/headform.h"
#include "opendmarc/msg.h"

struct dmf_msg {
	const struct dmf_conn *conn;
	bool		 authenticated;
	bool		 null_sender;
	char		 sender_domain[ODM_NAME_MAX + 1];
	int64_t		 asked_at;	/* the first lookup, resolver_now() clock; 0 none */
	struct spf_check *spf;		/* NULL: no own check */
	struct dmf_fields fields;
	char		*sender;	/* of the envelope, without brackets */
	struct odm_strbuf header;	/* all of it, for failure reports */
	char		 authors[ODM_AUTHORS_MAX][ODM_NAME_MAX + 1];
	size_t		 nauthors;
	size_t		 nfrom;		/* From fields */
	struct dmf_automatic automatic;
	struct dmf_headform form;	/* counted for RequiredHeaders alone */
	bool		 seen_to;	/* only the first To field counts */
	bool		 ignored_to;	/* it names an address of IgnoreMailTo */
	bool		 no_memory;	/* something that the verdict needs is missing */
	struct dmf_evaluation *evaluation;	/* NULL until an Author Domain is known */
	struct dmf_context ctx;		/* what inputs was read with */
	struct dmf_inputs *inputs;
	unsigned	*removals;
	struct odm_strbuf inserts[DMF_INSERTS_MAX];
	struct dmf_reason override;	/* why a failure is not acted on, if there is one */
	struct odm_strbuf override_comment;
	struct dmf_decision decision;
	bool		 judged;	/* decision is about this message, not about memory */
	struct dmf_orders orders;
};

static inline const struct dmf_env *
dmf_msg_env(const struct dmf_msg *m)
{
	return m->conn->env;
}

/* True unless the message should be in the history file and is not. v: NULL none. */
bool dmf_msg_write_history(struct dmf_msg *m, const struct odm_verdict *v);

/* Leaves a note for opendmarc-failures(8) when the message asks for a failure report. */
void dmf_msg_note_failure(struct dmf_msg *m, const struct odm_verdict *v);

/* What the decision orders the MTA to do; belongs to m. */
const struct dmf_orders *dmf_msg_orders(struct dmf_msg *m);

#endif
