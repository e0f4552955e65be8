/*
 * milter.c - the libmilter side of the daemon: callbacks and listening socket.
 *
 * A callback fetches the session, calls session.h, and maps the answer. The MTA sends
 * only what is needed and waits for no reply to HELO and header fields: that is most of
 * the speed of a filter.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <libmilter/mfapi.h>

#include "common/log.h"
#include "opendmarc/listener.h"
#include "opendmarc/milter.h"
#include "opendmarc/session.h"

/* Packets are 64 kB by default, and libmilter closes the connection on longer ones. */
#define PACKET_MAX	(2 * 1024 * 1024)

#define STEPS_UNUSED	(SMFIP_NORCPT | SMFIP_NODATA | SMFIP_NOEOH | SMFIP_NOBODY | \
			 SMFIP_NOUNKNOWN)
#define STEPS_SILENT	(SMFIP_NR_HELO | SMFIP_NR_HDR)

/* libmilter wants texts that it could write to; it does not write to these. */
#define NAME_SIZE	64

/* libmilter hands a callback nothing of ours, so the way to the rest starts here. */
static struct dmf_shared *shared;

/* Every session, because libmilter closes not all of them when it stops. */
static struct {
	pthread_mutex_t lock;
	LIST_HEAD(live_sessions, dmf_session) sessions;
} live = { PTHREAD_MUTEX_INITIALIZER, LIST_HEAD_INITIALIZER(live.sessions) };

/* What a stop gives back. */
static struct dmf_listener listener;

/* What a stop waits for. */
static struct dmf_work work = DMF_WORK_INITIALIZER;

/*
 * libmilter sends the last answers after the callbacks that gave them; this is a hundred
 * times what it needs.
 */
#define REPLY_MSECS	100

static const char *
mta_symbol(void *handle, const char *name)
{
	char copy[NAME_SIZE];

	return odm_span_copy(odm_span_str(name), copy, sizeof(copy)) ?
	    smfi_getsymval(handle, copy) : NULL;
}

static bool
mta_add_recipient(void *handle, const char *address)
{
	char *copy = strdup(address);
	bool ok = copy != NULL && smfi_addrcpt(handle, copy) == MI_SUCCESS;

	free(copy);
	return ok;
}

static bool
mta_quarantine(void *handle, const char *reason)
{
	char *copy = strdup(reason);
	bool ok = copy != NULL && smfi_quarantine(handle, copy) == MI_SUCCESS;

	free(copy);
	return ok;
}

static bool
mta_insert_field(void *handle, const char *name, const char *value)
{
	char name_copy[NAME_SIZE], *copy = strdup(value);
	bool ok = copy != NULL && odm_span_copy(odm_span_str(name), name_copy, NAME_SIZE) &&
	    smfi_insheader(handle, 0, name_copy, copy) == MI_SUCCESS;

	free(copy);
	return ok;
}

static bool
mta_remove_field(void *handle, const char *name, unsigned nth)
{
	char copy[NAME_SIZE];

	return odm_span_copy(odm_span_str(name), copy, sizeof(copy)) &&
	    smfi_chgheader(handle, copy, (int)nth, NULL) == MI_SUCCESS;
}

/* MTAs expand "%" in a reply: each one is doubled. */
static void
escape_percent(const char *text, char escaped[2 * DMF_REPLY_MAX + 1])
{
	size_t len = 0;

	for (; *text != '\0' && len < 2 * DMF_REPLY_MAX - 1; text++) {
		if (*text == '%')
			escaped[len++] = '%';
		escaped[len++] = *text;
	}
	escaped[len] = '\0';
}

static bool
mta_set_reply(void *handle, const char *code, const char *status, const char *text)
{
	char escaped[2 * DMF_REPLY_MAX + 1];
	struct dmf_reply reply;

	escape_percent(text, escaped);
	return odm_span_copy(odm_span_str(code), reply.code, sizeof(reply.code)) &&
	    odm_span_copy(odm_span_str(status), reply.status, sizeof(reply.status)) &&
	    smfi_setreply(handle, reply.code, reply.status, escaped) == MI_SUCCESS;
}

static const struct dmf_mta libmilter = {
	.symbol = mta_symbol,
	.add_recipient = mta_add_recipient,
	.quarantine = mta_quarantine,
	.insert_field = mta_insert_field,
	.remove_field = mta_remove_field,
	.set_reply = mta_set_reply,
};

static sfsistat
answer_of(enum dmf_answer answer)
{
	switch (answer) {
	case DMF_ANSWER_CONTINUE:
		return SMFIS_CONTINUE;
	case DMF_ANSWER_NOREPLY:
		return SMFIS_NOREPLY;
	case DMF_ANSWER_ACCEPT:
		return SMFIS_ACCEPT;
	case DMF_ANSWER_REJECT:
		return SMFIS_REJECT;
	case DMF_ANSWER_TEMPFAIL:
		break;
	}
	return SMFIS_TEMPFAIL;
}

/* The session of a connection, made on first use. NULL: out of memory. */
static struct dmf_session *
session_of(SMFICTX *ctx)
{
	struct dmf_session *s = smfi_getpriv(ctx);

	if (s != NULL)
		return s;
	s = dmf_session_new(shared, &work, &libmilter, ctx);
	if (s == NULL || smfi_setpriv(ctx, s) != MI_SUCCESS) {
		dmf_session_free(&s);
		return NULL;
	}
	pthread_mutex_lock(&live.lock);
	LIST_INSERT_HEAD(&live.sessions, s, link);
	pthread_mutex_unlock(&live.lock);
	return s;
}

static void
end_session(struct dmf_session *s)
{
	pthread_mutex_lock(&live.lock);
	LIST_REMOVE(s, link);
	pthread_mutex_unlock(&live.lock);
	dmf_session_free(&s);
}

/*
 * A callback may touch what is ours between enter() and leave(). Once the daemon ends,
 * its setup and resolver go away while libmilter may still hold connections: then
 * nobody gets in. NULL also when memory is short.
 */
static struct dmf_session *
enter(SMFICTX *ctx)
{
	struct dmf_session *s;

	if (!dmf_work_enter(&work))
		return NULL;
	s = session_of(ctx);
	if (s == NULL)
		dmf_work_leave(&work);
	return s;
}

static sfsistat
leave(enum dmf_answer answer)
{
	dmf_work_leave(&work);
	return answer_of(answer);
}

/* The actions without which the options of this configuration cannot be kept. */
static unsigned long
needed_actions(const struct conf *c)
{
	unsigned long need = SMFIF_ADDHDRS;

	if (c->copy_failures_to != NULL)
		need |= SMFIF_ADDRCPT;
	if (c->hold_quarantined_messages)
		need |= SMFIF_QUARANTINE;
	return need;
}

static sfsistat
on_negotiate(SMFICTX *ctx, unsigned long offered, unsigned long steps, unsigned long f2,
    unsigned long f3, unsigned long *actions_r, unsigned long *steps_r, unsigned long *pf2,
    unsigned long *pf3)
{
	struct dmf_session *s = enter(ctx);
	const struct conf *c;
	unsigned long need;

	(void)f2;
	(void)f3;
	if (s == NULL)
		return SMFIS_TEMPFAIL;
	c = dmf_session_conf(s);
	need = needed_actions(c);
	if ((offered & need) != need) {
		log_write(LOG_LEVEL_ERROR, "mlfi_negotiate(): required milter action(s) not "
		    "available (got 0x%lx, need 0x%lx)", offered, need);
		return leave(DMF_ANSWER_REJECT);
	}
	*actions_r = need;
	if (c->remove_refused_results)
		*actions_r |= offered & SMFIF_CHGHDRS;
	*steps_r = steps & (STEPS_UNUSED | STEPS_SILENT);
	*pf2 = *pf3 = 0;
	s->may_remove = (*actions_r & SMFIF_CHGHDRS) != 0;
	s->silent_helo = (*steps_r & SMFIP_NR_HELO) != 0;
	s->silent_header = (*steps_r & SMFIP_NR_HDR) != 0;
	return leave(DMF_ANSWER_CONTINUE);
}

static sfsistat
on_connect(SMFICTX *ctx, char *host, _SOCK_ADDR *sa)
{
	struct dmf_session *s = enter(ctx);

	return s == NULL ? SMFIS_TEMPFAIL : leave(dmf_session_connect(s, host, sa));
}

static sfsistat
on_helo(SMFICTX *ctx, char *helo)
{
	struct dmf_session *s = enter(ctx);

	return s == NULL ? SMFIS_TEMPFAIL : leave(dmf_session_helo(s, helo));
}

static sfsistat
on_mail(SMFICTX *ctx, char **args)
{
	struct dmf_session *s = enter(ctx);

	return s == NULL ? SMFIS_TEMPFAIL :
	    leave(dmf_session_mail(s, args != NULL ? args[0] : NULL));
}

static sfsistat
on_header(SMFICTX *ctx, char *name, char *value)
{
	struct dmf_session *s = enter(ctx);

	return s == NULL ? SMFIS_TEMPFAIL : leave(dmf_session_header(s, name, value));
}

static sfsistat
on_end(SMFICTX *ctx)
{
	struct dmf_session *s = enter(ctx);

	return s == NULL ? SMFIS_TEMPFAIL : leave(dmf_session_end(s));
}

static sfsistat
on_abort(SMFICTX *ctx)
{
	struct dmf_session *s = enter(ctx);

	if (s == NULL)
		return SMFIS_TEMPFAIL;
	dmf_session_abort(s);
	return leave(DMF_ANSWER_CONTINUE);
}

static sfsistat
on_close(SMFICTX *ctx)
{
	struct dmf_session *s;

	if (!dmf_work_enter(&work))
		return SMFIS_TEMPFAIL;
	s = smfi_getpriv(ctx);
	if (s != NULL) {
		end_session(s);
		(void)smfi_setpriv(ctx, NULL);
	}
	return leave(DMF_ANSWER_CONTINUE);
}

int
dmf_milter_open(const struct conf *c, struct dmf_shared *all, char *why, size_t why_size)
{
	struct smfiDesc desc = {
		.xxfi_name = (char[]){ "opendmarc" },
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_ADDRCPT | SMFIF_QUARANTINE,
		.xxfi_connect = on_connect,
		.xxfi_helo = on_helo,
		.xxfi_envfrom = on_mail,
		.xxfi_header = on_header,
		.xxfi_eom = on_end,
		.xxfi_abort = on_abort,
		.xxfi_close = on_close,
		.xxfi_negotiate = on_negotiate,
	};

	shared = all;
	(void)smfi_setdbg(c->milter_debug);
	if (!dmf_listener_clear(c->socket, why, why_size))
		return -1;
	if (smfi_setconn(c->socket) != MI_SUCCESS || smfi_register(desc) != MI_SUCCESS) {
		(void)snprintf(why, why_size, "%s: not a socket that libmilter knows", c->socket);
		return -1;
	}
	(void)smfi_setmaxdatasize(PACKET_MAX);
	if (smfi_opensocket(false) != MI_SUCCESS) {
		(void)snprintf(why, why_size, "%s: cannot listen there: %s", c->socket,
		    dmf_listener_reason(c->socket));
		return -1;
	}
	dmf_listener_tune(c->socket, &listener);
	return 0;
}

/* Nothing of ours is touched any more: lets no callback in, and ends the sessions. */
static void
close_down(void)
{
	struct dmf_session *s;

	dmf_work_close(&work);
	while ((s = LIST_FIRST(&live.sessions)) != NULL)
		end_session(s);
}

int
dmf_milter_run(void)
{
	int result = smfi_main() == MI_SUCCESS ? 0 : -1;

	close_down();
	return result;
}

void
dmf_milter_stop(int drain_secs)
{
	const struct timespec pause = { 0, REPLY_MSECS * 1000000L };

	dmf_listener_close(&listener);
	dmf_work_drain(&work, drain_secs);
	(void)nanosleep(&pause, NULL);
	close_down();
}
