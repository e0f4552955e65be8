/*
 * msg.h - one message from MAIL to end of message: what is kept of it, the
 * lookups that it starts on the way, and what shall happen to it. No milter things.
 */
#ifndef OPENDMARC_MSG_H
#define OPENDMARC_MSG_H

#include <stdbool.h>
#include <stddef.h>

#include "libopendmarc/core/eval.h"
#include "opendmarc/conn.h"
#include "opendmarc/inputs.h"
#include "opendmarc/verdict.h"

struct dmf_msg;		/* private: msg.c */

/* Fields that are added to one message: DMARC-Filter, dmarc, spf. */
#define DMF_INSERTS_MAX	3

struct dmf_insert {
	const char	*name, *value;
};

/* What the MTA is told at the end. Owned by the message. */
struct dmf_orders {
	enum dmf_action	action;
	struct dmf_reply reply;		/* unless accepted */
	const char	*job;		/* for log lines */
	const char	*copy_to;	/* a further recipient; NULL none */
	const char	*hold;		/* why the MTA shall quarantine it; NULL: it shall not */
	const unsigned	*removals;	/* numbers of Authentication-Results fields, ascending:
					 * take the last first */
	size_t		 nremovals;
	struct dmf_insert inserts[DMF_INSERTS_MAX];	/* each goes on top of the one before */
	size_t		 ninserts;
};

/*
 * Starts a message. sender as in the MAIL command, with its angle brackets; NULL
 * counts as the null sender. conn must outlive the message. Starts our own SPF
 * check when asked for. NULL: out of memory.
 */
struct dmf_msg *dmf_msg_new(const struct dmf_conn *conn, const char *sender,
    bool authenticated);

/* Frees *m, with lookups still under way, and clears it. *m may be NULL. */
void dmf_msg_free(struct dmf_msg **m);

/* One header field, in order. Starts the DMARC lookups with the first From field. */
void dmf_msg_field(struct dmf_msg *m, const char *name, const char *value);

/*
 * The end: waits for lookups at most DNSTimeout, decides, logs, writes the history
 * record. job (queue id) and mta_name (macro j) may be NULL. Call it once. Never NULL.
 */
const struct dmf_orders *dmf_msg_end(struct dmf_msg *m, const char *job,
    const char *mta_name);

/* What a message was judged by. All pointers belong to the message. */
struct dmf_msg_view {
	size_t		 nfrom;		/* From fields */
	struct odm_eval	*eval;		/* NULL: no Author Domain is known */
	const struct dmf_inputs *inputs;
	const struct dmf_decision *decision;
	bool		 own_spf;	/* SPF was checked here, not read in a field */
	bool		 spf_is_helo;	/* about the HELO name, since the sender is null */
};

/* For explanations, after dmf_msg_end(). False: memory was too short to judge it. */
bool dmf_msg_view(const struct dmf_msg *m, struct dmf_msg_view *view_r);

#endif
