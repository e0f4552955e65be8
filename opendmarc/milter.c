/*
 * milter.c - the libmilter side of the daemon: callbacks and listening socket.
 *
 * A callback fetches the session, calls conn.h or msg.h, and maps the answer. The
 * MTA sends only what is needed and waits for no reply to HELO and header fields: that is
 * most of the speed of a filter. An odd order of calls is tolerated everywhere; the
 * filter never closes a connection, because the rest of the session would then
 * pass unchecked.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>
#include <unistd.h>
#include <libmilter/mfapi.h>

#include "common/log.h"
#include "opendmarc/arheader.h"
#include "opendmarc/conn.h"
#include "opendmarc/listener.h"
#include "opendmarc/milter.h"
#include "opendmarc/msg.h"
#include "opendmarc/work.h"

/* Packets are 64 kB by default, and libmilter closes the connection on longer ones. */
#define PACKET_MAX	(2 * 1024 * 1024)

#define STEPS_UNUSED	(SMFIP_NORCPT | SMFIP_NODATA | SMFIP_NOEOH | SMFIP_NOBODY | \
			 SMFIP_NOUNKNOWN)
#define STEPS_SILENT	(SMFIP_NR_HELO | SMFIP_NR_HDR)

struct session {
	LIST_ENTRY(session) link;	/* in live, under its lock */
	bool		 silent_helo, silent_header;	/* the MTA waits for no reply */
	bool		 may_remove;	/* the MTA lets us remove fields */
	bool		 announced;	/* conn is filled */
	bool		 waited_for;	/* a stop waits for msg */
	struct dmf_conn	 conn;
	struct dmf_msg	*msg;		/* NULL between messages */
};

/* libmilter hands a callback nothing of ours, so the way to the rest starts here. */
static struct dmf_shared shared;

/* Every session, because libmilter closes not all of them when it stops. */
static struct {
	pthread_mutex_t lock;
	LIST_HEAD(live_sessions, session) sessions;
} live = { PTHREAD_MUTEX_INITIALIZER, LIST_HEAD_INITIALIZER(live.sessions) };

/* What a stop waits for. */
static struct dmf_work work = DMF_WORK_INITIALIZER;

/* The longest a stop waits for messages in work, so that a service manager does not kill. */
#define DRAIN_SECS_MAX	60

/* Between two tries to wake the listening thread at a stop. */
#define WAKE_MSECS	5

/* The session of a connection, made on first use. NULL: out of memory. */
static struct session *
session_of(SMFICTX *ctx)
{
	struct session *s = smfi_getpriv(ctx);

	if (s != NULL)
		return s;
	s = calloc(1, sizeof(*s));
	if (s == NULL || smfi_setpriv(ctx, s) != MI_SUCCESS) {
		free(s);
		return NULL;
	}
	pthread_mutex_lock(&live.lock);
	LIST_INSERT_HEAD(&live.sessions, s, link);
	pthread_mutex_unlock(&live.lock);
	return s;
}

static sfsistat
on_negotiate(SMFICTX *ctx, unsigned long offered, unsigned long steps, unsigned long f2,
    unsigned long f3, unsigned long *actions_r, unsigned long *steps_r, unsigned long *pf2,
    unsigned long *pf3)
{
	struct session *s = session_of(ctx);

	(void)f2;
	(void)f3;
	if ((offered & SMFIF_ADDHDRS) == 0) {
		log_write(LOG_LEVEL_ERROR, "mlfi_negotiate(): required milter action(s) not "
		    "available (got 0x%lx, need 0x%lx)", offered, (unsigned long)SMFIF_ADDHDRS);
		return SMFIS_REJECT;
	}
	*actions_r = SMFIF_ADDHDRS;
	*steps_r = steps & (STEPS_UNUSED | STEPS_SILENT);
	*pf2 = *pf3 = 0;
	if (s == NULL)
		return SMFIS_CONTINUE;
	if (shared.env->conf->remove_refused_results)
		*actions_r |= offered & SMFIF_CHGHDRS;
	s->may_remove = (*actions_r & SMFIF_CHGHDRS) != 0;
	s->silent_helo = (*steps_r & SMFIP_NR_HELO) != 0;
	s->silent_header = (*steps_r & SMFIP_NR_HDR) != 0;
	return SMFIS_CONTINUE;
}

static sfsistat
on_connect(SMFICTX *ctx, char *host, _SOCK_ADDR *sa)
{
	struct session *s = session_of(ctx);

	if (s == NULL)
		return SMFIS_CONTINUE;
	dmf_conn_init(&s->conn, &shared, host, sa);
	s->announced = true;
	return s->conn.ignored ? SMFIS_ACCEPT : SMFIS_CONTINUE;
}

/* Ends the message of the session, if there is one. */
static void
drop_message(struct session *s)
{
	if (s->msg == NULL)
		return;
	dmf_msg_free(&s->msg);
	dmf_work_message_end(&work, s->waited_for);
}

static void
free_session(struct session *s)
{
	drop_message(s);
	pthread_mutex_lock(&live.lock);
	LIST_REMOVE(s, link);
	pthread_mutex_unlock(&live.lock);
	free(s);
}

/* An MTA that skips the connection step still gets its mail checked. */
static void
need_conn(struct session *s)
{
	if (!s->announced)
		dmf_conn_init_unknown(&s->conn, &shared);
	s->announced = true;
}

static sfsistat
on_helo(SMFICTX *ctx, char *helo)
{
	struct session *s = session_of(ctx);

	if (s == NULL)
		return SMFIS_CONTINUE;
	need_conn(s);
	dmf_conn_helo(&s->conn, helo);
	return s->silent_helo ? SMFIS_NOREPLY : SMFIS_CONTINUE;
}

static sfsistat
on_mail(SMFICTX *ctx, char **args)
{
	struct session *s = session_of(ctx);
	const char *sender = args != NULL && args[0] != NULL ? args[0] : "";
	bool authenticated = smfi_getsymval(ctx, (char[]){ "{auth_authen}" }) != NULL;

	if (s == NULL)
		return SMFIS_TEMPFAIL;
	need_conn(s);
	drop_message(s);
	if (dmf_conn_passes(&s->conn, authenticated, sender))
		return SMFIS_ACCEPT;
	s->msg = dmf_msg_new(&s->conn, sender, authenticated);
	if (s->msg == NULL)
		return SMFIS_TEMPFAIL;
	s->waited_for = dmf_work_message_begin(&work);
	return SMFIS_CONTINUE;
}

static sfsistat
on_header(SMFICTX *ctx, char *name, char *value)
{
	struct session *s = session_of(ctx);

	if (s == NULL)
		return SMFIS_CONTINUE;
	if (s->msg != NULL)
		dmf_msg_field(s->msg, name, value);
	return s->silent_header ? SMFIS_NOREPLY : SMFIS_CONTINUE;
}

static void
change_header(SMFICTX *ctx, const struct session *s, const struct dmf_orders *orders)
{
	char ar_name[] = DMF_AR_NAME, *value;
	size_t i;

	/* From the last one, so that the numbers of the others stay right. */
	for (i = s->may_remove ? orders->nremovals : 0; i > 0; i--)
		if (smfi_chgheader(ctx, ar_name, (int)orders->removals[i - 1], NULL) != MI_SUCCESS)
			log_write(LOG_LEVEL_ERROR, "%s: %s header removal failed", orders->job,
			    DMF_AR_NAME);
	for (i = 0; i < orders->ninserts; i++) {
		char name[sizeof(DMF_AR_NAME) + sizeof(DMF_SOFTWARE_NAME)];

		value = strdup(orders->inserts[i].value);
		if (!odm_span_copy(odm_span_str(orders->inserts[i].name), name, sizeof(name)) ||
		    value == NULL || smfi_insheader(ctx, 0, name, value) != MI_SUCCESS)
			log_write(LOG_LEVEL_ERROR, "%s: %s header add failed", orders->job,
			    orders->inserts[i].name);
		free(value);
	}
}

static void
set_reply(SMFICTX *ctx, const struct dmf_orders *orders)
{
	struct dmf_reply reply = orders->reply;

	if (reply.code[0] != '\0' &&
	    smfi_setreply(ctx, reply.code, reply.status, reply.text) != MI_SUCCESS)
		log_write(LOG_LEVEL_ERROR, "%s: smfi_setreply() failed", orders->job);
}

static sfsistat
finish(SMFICTX *ctx, struct session *s)
{
	const struct dmf_orders *orders = dmf_msg_end(s->msg, smfi_getsymval(ctx, (char[]){ "i" }),
	    smfi_getsymval(ctx, (char[]){ "j" }));

	switch (orders->action) {
	case DMF_ACTION_ACCEPT:
		break;
	case DMF_ACTION_REJECT:
		set_reply(ctx, orders);
		return SMFIS_REJECT;
	case DMF_ACTION_TEMPFAIL:
		set_reply(ctx, orders);
		return SMFIS_TEMPFAIL;
	}
	change_header(ctx, s, orders);
	return SMFIS_ACCEPT;
}

static sfsistat
on_end(SMFICTX *ctx)
{
	struct session *s = session_of(ctx);
	sfsistat answer;

	if (s == NULL || s->msg == NULL)
		return SMFIS_ACCEPT;
	answer = finish(ctx, s);
	drop_message(s);
	return answer;
}

static sfsistat
on_abort(SMFICTX *ctx)
{
	struct session *s = smfi_getpriv(ctx);

	if (s != NULL)
		drop_message(s);
	return SMFIS_CONTINUE;
}

static sfsistat
on_close(SMFICTX *ctx)
{
	struct session *s = smfi_getpriv(ctx);

	if (s == NULL)
		return SMFIS_CONTINUE;
	free_session(s);
	(void)smfi_setpriv(ctx, NULL);
	return SMFIS_CONTINUE;
}

/*
 * What libmilter calls. Once the daemon ends, its configuration and resolver go away
 * while libmilter may still hold connections: no callback gets past here then.
 */
static sfsistat
gate_negotiate(SMFICTX *ctx, unsigned long f0, unsigned long f1, unsigned long f2,
    unsigned long f3, unsigned long *pf0, unsigned long *pf1, unsigned long *pf2,
    unsigned long *pf3)
{
	sfsistat answer;

	if (!dmf_work_enter(&work))
		return SMFIS_TEMPFAIL;
	answer = on_negotiate(ctx, f0, f1, f2, f3, pf0, pf1, pf2, pf3);
	dmf_work_leave(&work);
	return answer;
}

static sfsistat
gate_connect(SMFICTX *ctx, char *host, _SOCK_ADDR *sa)
{
	sfsistat answer;

	if (!dmf_work_enter(&work))
		return SMFIS_TEMPFAIL;
	answer = on_connect(ctx, host, sa);
	dmf_work_leave(&work);
	return answer;
}

static sfsistat
gate_helo(SMFICTX *ctx, char *helo)
{
	sfsistat answer;

	if (!dmf_work_enter(&work))
		return SMFIS_TEMPFAIL;
	answer = on_helo(ctx, helo);
	dmf_work_leave(&work);
	return answer;
}

static sfsistat
gate_mail(SMFICTX *ctx, char **args)
{
	sfsistat answer;

	if (!dmf_work_enter(&work))
		return SMFIS_TEMPFAIL;
	answer = on_mail(ctx, args);
	dmf_work_leave(&work);
	return answer;
}

static sfsistat
gate_header(SMFICTX *ctx, char *name, char *value)
{
	sfsistat answer;

	if (!dmf_work_enter(&work))
		return SMFIS_TEMPFAIL;
	answer = on_header(ctx, name, value);
	dmf_work_leave(&work);
	return answer;
}

static sfsistat
gate_end(SMFICTX *ctx)
{
	sfsistat answer;

	if (!dmf_work_enter(&work))
		return SMFIS_TEMPFAIL;
	answer = on_end(ctx);
	dmf_work_leave(&work);
	return answer;
}

static sfsistat
gate_abort(SMFICTX *ctx)
{
	sfsistat answer;

	if (!dmf_work_enter(&work))
		return SMFIS_TEMPFAIL;
	answer = on_abort(ctx);
	dmf_work_leave(&work);
	return answer;
}

static sfsistat
gate_close(SMFICTX *ctx)
{
	sfsistat answer;

	if (!dmf_work_enter(&work))
		return SMFIS_TEMPFAIL;
	answer = on_close(ctx);
	dmf_work_leave(&work);
	return answer;
}

int
dmf_milter_open(struct dmf_env *env, char *why, size_t why_size)
{
	struct smfiDesc desc = {
		.xxfi_name = (char[]){ "opendmarc" },
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = SMFIF_ADDHDRS | SMFIF_CHGHDRS,
		.xxfi_connect = gate_connect,
		.xxfi_helo = gate_helo,
		.xxfi_envfrom = gate_mail,
		.xxfi_header = gate_header,
		.xxfi_eom = gate_end,
		.xxfi_abort = gate_abort,
		.xxfi_close = gate_close,
		.xxfi_negotiate = gate_negotiate,
	};

	dmf_shared_init(&shared, env);
	if (!dmf_listener_clear(env->conf->socket, why, why_size))
		return -1;
	if (smfi_setconn(env->conf->socket) != MI_SUCCESS || smfi_register(desc) != MI_SUCCESS) {
		(void)snprintf(why, why_size, "%s: not a socket that libmilter knows",
		    env->conf->socket);
		return -1;
	}
	(void)smfi_setmaxdatasize(PACKET_MAX);
	if (smfi_opensocket(false) != MI_SUCCESS) {
		(void)snprintf(why, why_size, "%s: cannot listen there: %s", env->conf->socket,
		    dmf_listener_reason(env->conf->socket));
		return -1;
	}
	dmf_listener_tune();
	return 0;
}

int
dmf_milter_run(void)
{
	int result = smfi_main() == MI_SUCCESS ? 0 : -1;
	struct session *s;

	dmf_work_close(&work);
	while ((s = LIST_FIRST(&live.sessions)) != NULL)
		free_session(s);
	return result;
}

/*
 * smfi_stop() first leaves its word, then waits for a lock that the listening thread
 * holds while it waits for connections: up to five seconds, if nobody wakes it.
 */
static void *
tell_libmilter(void *arg)
{
	atomic_bool *told = arg;

	(void)smfi_stop();
	atomic_store(told, true);
	return NULL;
}

static void
end_loop(int quiet)
{
	const struct timespec pause = { 0, WAKE_MSECS * 1000000L };
	atomic_bool told = false;
	pthread_t thread;

	if (pthread_create(&thread, NULL, tell_libmilter, &told) != 0) {
		(void)smfi_stop();
		return;
	}
	/* Woken too early, the thread waits again: repeat it until the word is out. */
	while (!atomic_load(&told)) {
		dmf_listener_wake(quiet);
		(void)nanosleep(&pause, NULL);
	}
	(void)pthread_join(thread, NULL);
}

void
dmf_milter_stop(void)
{
	int secs = 2 * shared.env->conf->dns_timeout_secs, quiet;

	quiet = dmf_listener_close();
	dmf_work_drain(&work, secs < DRAIN_SECS_MAX ? secs : DRAIN_SECS_MAX);
	end_loop(quiet);
	if (quiet >= 0)
		(void)close(quiet);
}
