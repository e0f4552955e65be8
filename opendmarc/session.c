/*
 * session.c - one milter connection: the steps of the protocol and what they order.
 */
#include <stdlib.h>

#include "common/log.h"
#include "opendmarc/arheader.h"
#include "opendmarc/session.h"

struct dmf_session *
dmf_session_new(struct dmf_shared *shared, struct dmf_work *work, const struct dmf_mta *mta,
    void *handle)
{
	struct dmf_session *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->shared = shared;
	s->work = work;
	s->mta = mta;
	s->handle = handle;
	s->setup = dmf_setup_current();
	if (s->setup == NULL) {
		free(s);
		return NULL;
	}
	dmf_count(&shared->status.connections);
	atomic_fetch_add(&shared->status.sessions, 1);
	return s;
}

/* Ends the message of the session, if there is one. */
static void
drop_message(struct dmf_session *s)
{
	if (s->msg == NULL)
		return;
	dmf_msg_free(&s->msg);
	atomic_fetch_sub(&s->shared->status.busy, 1);
	dmf_work_message_end(s->work, s->waited_for);
}

void
dmf_session_free(struct dmf_session **s)
{
	if (*s == NULL)
		return;
	drop_message(*s);
	atomic_fetch_sub(&(*s)->shared->status.sessions, 1);
	dmf_setup_unref(&(*s)->setup);
	free(*s);
	*s = NULL;
}

const struct conf *
dmf_session_conf(const struct dmf_session *s)
{
	return dmf_setup_env(s->setup)->conf;
}

enum dmf_answer
dmf_session_connect(struct dmf_session *s, const char *host, const struct sockaddr *sa)
{
	dmf_conn_init(&s->conn, s->shared, dmf_setup_env(s->setup), host, sa);
	s->announced = true;
	return s->conn.ignored ? DMF_ANSWER_ACCEPT : DMF_ANSWER_CONTINUE;
}

/* An MTA that skips the connection step still gets its mail checked. */
static void
need_conn(struct dmf_session *s)
{
	if (!s->announced)
		dmf_conn_init_unknown(&s->conn, s->shared, dmf_setup_env(s->setup));
	s->announced = true;
}

enum dmf_answer
dmf_session_helo(struct dmf_session *s, const char *helo)
{
	need_conn(s);
	dmf_conn_helo(&s->conn, helo);
	return s->silent_helo ? DMF_ANSWER_NOREPLY : DMF_ANSWER_CONTINUE;
}

enum dmf_answer
dmf_session_mail(struct dmf_session *s, const char *sender)
{
	bool authenticated = s->mta->symbol(s->handle, "{auth_authen}") != NULL;

	if (sender == NULL)
		sender = "";
	need_conn(s);
	drop_message(s);
	if (dmf_conn_passes(&s->conn, authenticated, sender))
		return DMF_ANSWER_ACCEPT;
	s->msg = dmf_msg_new(&s->conn, sender, authenticated);
	if (s->msg == NULL) {
		dmf_count(&s->shared->status.shortages[DMF_SHORTAGE_MEMORY]);
		return DMF_ANSWER_TEMPFAIL;
	}
	atomic_fetch_add(&s->shared->status.busy, 1);
	s->waited_for = dmf_work_message_begin(s->work);
	return DMF_ANSWER_CONTINUE;
}

enum dmf_answer
dmf_session_header(struct dmf_session *s, const char *name, const char *value)
{
	if (s->msg != NULL)
		dmf_msg_field(s->msg, name, value);
	return s->silent_header ? DMF_ANSWER_NOREPLY : DMF_ANSWER_CONTINUE;
}

/* Where the message goes besides: a further recipient, the quarantine. */
static void
change_way(struct dmf_session *s, const struct dmf_orders *orders)
{
	if (orders->copy_to != NULL && !s->mta->add_recipient(s->handle, orders->copy_to))
		log_write(LOG_LEVEL_ERROR, "%s: smfi_addrcpt() failed", orders->job);
	if (orders->hold != NULL && !s->mta->quarantine(s->handle, orders->hold))
		log_write(LOG_LEVEL_ERROR, "%s: smfi_quarantine() failed", orders->job);
}

static void
change_header(struct dmf_session *s, const struct dmf_orders *orders)
{
	size_t i;

	/* From the last one, so that the numbers of the others stay right. */
	for (i = s->may_remove ? orders->nremovals : 0; i > 0; i--)
		if (!s->mta->remove_field(s->handle, DMF_AR_NAME, orders->removals[i - 1]))
			log_write(LOG_LEVEL_ERROR, "%s: %s header removal failed", orders->job,
			    DMF_AR_NAME);
	for (i = 0; i < orders->ninserts; i++)
		if (!s->mta->insert_field(s->handle, orders->inserts[i].name,
		    orders->inserts[i].value))
			log_write(LOG_LEVEL_ERROR, "%s: %s header add failed", orders->job,
			    orders->inserts[i].name);
}

static void
set_reply(struct dmf_session *s, const struct dmf_orders *orders)
{
	const struct dmf_reply *reply = &orders->reply;

	if (reply->code[0] != '\0' &&
	    !s->mta->set_reply(s->handle, reply->code, reply->status, reply->text))
		log_write(LOG_LEVEL_ERROR, "%s: smfi_setreply() failed", orders->job);
}

static enum dmf_answer
carry_out(struct dmf_session *s, const struct dmf_orders *orders)
{
	switch (orders->action) {
	case DMF_ACTION_ACCEPT:
		break;
	case DMF_ACTION_REJECT:
		set_reply(s, orders);
		return DMF_ANSWER_REJECT;
	case DMF_ACTION_TEMPFAIL:
		set_reply(s, orders);
		return DMF_ANSWER_TEMPFAIL;
	}
	change_way(s, orders);
	change_header(s, orders);
	return DMF_ANSWER_ACCEPT;
}

enum dmf_answer
dmf_session_end(struct dmf_session *s)
{
	enum dmf_answer answer;

	if (s->msg == NULL)
		return DMF_ANSWER_ACCEPT;
	answer = carry_out(s, dmf_msg_end(s->msg, s->mta->symbol(s->handle, "i"),
	    s->mta->symbol(s->handle, "j")));
	drop_message(s);
	return answer;
}

void
dmf_session_abort(struct dmf_session *s)
{
	drop_message(s);
}
