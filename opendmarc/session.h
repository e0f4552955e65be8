/*
 * session.h - one milter connection: what each step of the protocol means, without
 * the protocol. milter.c carries the steps of a real MTA here, testmode.c those of
 * files. An odd order of steps is tolerated everywhere; a session is never closed from
 * this side, because the rest of the mail would then pass unchecked.
 */
#ifndef OPENDMARC_SESSION_H
#define OPENDMARC_SESSION_H

#include <stdbool.h>
#include <sys/queue.h>

#include "opendmarc/conn.h"
#include "opendmarc/msg.h"
#include "opendmarc/setup.h"
#include "opendmarc/work.h"

/* What a step tells the MTA. */
enum dmf_answer {
	DMF_ANSWER_CONTINUE,
	DMF_ANSWER_NOREPLY,	/* the MTA does not wait for one */
	DMF_ANSWER_ACCEPT,
	DMF_ANSWER_REJECT,
	DMF_ANSWER_TEMPFAIL
};

/* What a session may ask of its MTA; handle is the MTA's. False: it did not work. */
struct dmf_mta {
	const char	*(*symbol)(void *handle, const char *name);	/* a macro; NULL unset */
	bool	(*add_recipient)(void *handle, const char *address);
	bool	(*quarantine)(void *handle, const char *reason);
	bool	(*insert_field)(void *handle, const char *name, const char *value);	/* on top */
	bool	(*remove_field)(void *handle, const char *name, unsigned nth);
	bool	(*set_reply)(void *handle, const char *code, const char *status,
		    const char *text);
};

struct dmf_session {
	LIST_ENTRY(dmf_session) link;	/* for whoever keeps the sessions */
	/* Set by the owner after the negotiation. */
	bool		 silent_helo, silent_header;	/* the MTA waits for no reply */
	bool		 may_remove;	/* the MTA lets us remove fields */
	/* Private. */
	struct dmf_shared *shared;
	struct dmf_work	*work;
	struct dmf_setup *setup;	/* in force since the session began */
	const struct dmf_mta *mta;
	void		*handle;
	bool		 announced;	/* conn is filled */
	bool		 waited_for;	/* a stop waits for msg */
	struct dmf_conn	 conn;
	struct dmf_msg	*msg;		/* NULL between messages */
};

/*
 * Starts a session under the setup in force. shared, work and mta must outlive it.
 * NULL: out of memory, or there is no setup any more.
 */
struct dmf_session *dmf_session_new(struct dmf_shared *shared, struct dmf_work *work,
    const struct dmf_mta *mta, void *handle);

/* Ends the message in work, if there is one, frees *s and clears it. *s may be NULL. */
void dmf_session_free(struct dmf_session **s);

/* The configuration of the session. */
const struct conf *dmf_session_conf(const struct dmf_session *s);

/* The steps, in the order of the protocol. Texts are borrowed and may be NULL. */
enum dmf_answer dmf_session_connect(struct dmf_session *s, const char *host,
    const struct sockaddr *sa);
enum dmf_answer dmf_session_helo(struct dmf_session *s, const char *helo);
enum dmf_answer dmf_session_mail(struct dmf_session *s, const char *sender);
enum dmf_answer dmf_session_header(struct dmf_session *s, const char *name,
    const char *value);
enum dmf_answer dmf_session_end(struct dmf_session *s);
void dmf_session_abort(struct dmf_session *s);

#endif
