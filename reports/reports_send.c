/*
 * reports_send.c - the usual work of opendmarc-reports: the reports of the windows, then
 * the mail that is due.
 */
#include "config.h"

#include <stdio.h>
#include <unistd.h>

#include "common/log.h"
#include "reports/queue.h"
#include "reports/reports_private.h"
#include "reports/suppress.h"

static enum report_outcome
send_delivery(void *arg, const struct store_delivery *d, struct odm_span octets,
    char reason[REPORT_REASON_SIZE])
{
	struct report_tool *t = arg;
	char why[REPORT_SUPPRESS_WHY_SIZE];
	enum report_outcome outcome;
	bool suppressed;

	if (report_suppressed(t->store, d->destination, t->run.now, &suppressed, why) != 0) {
		report_reason(store_error(t->store), reason);
		return REPORT_HELD;
	}
	if (suppressed) {
		(void)snprintf(reason, REPORT_REASON_SIZE, "it is suppressed: %s", why);
		if (t->s.common.verbose > 0)
			(void)printf("not to %s: %s\n", d->destination, reason);
		return REPORT_BARRED;
	}
	outcome = report_transport_send(t->transport, d->destination, octets, reason);
	if (outcome == REPORT_HELD && t->s.common.verbose > 0)
		(void)printf("not yet to %s: %s\n", d->destination, reason);
	return outcome;
}

enum report_outcome
report_tool_send(void *arg, const char *destination, struct odm_span octets,
    char reason[REPORT_REASON_SIZE])
{
	struct report_tool *t = arg;

	return report_transport_send(t->transport, destination, octets, reason);
}

static bool
wants_delivery(void *arg, const char *policy_domain)
{
	struct report_tool *t = arg;

	return report_run_wants(&t->run, policy_domain);
}

static void
tell_delivery(void *arg, const struct store_delivery *d, enum store_delivery_state state,
    const char *reason)
{
	struct report_tool *t = arg;

	t->mails++;
	if (t->run.progress != NULL)
		progress_show(t->run.progress, t->mails, 0, 0);
	if (reason == NULL) {
		if (t->s.common.verbose > 0)
			(void)printf("sent report for %s to %s\n", d->policy_domain, d->destination);
		return;
	}
	log_write(LOG_LEVEL_WARNING, "failed to send report for %s to %s (%s)%s",
	    d->policy_domain, d->destination, reason,
	    state == STORE_DELIVERY_DEAD ? "; it is given up" : "");
}

/* --spread: reporters all over the world begin at midnight; each waits a time of its own. */
static void
wait_for_turn(const struct report_tool *t)
{
	int64_t secs = report_caps_wait_secs(t->identity.submitter, t->s.spread_secs);

	if (secs > 0 && t->s.common.verbose > 0)
		(void)printf("waiting for %d seconds\n", (int)secs);
	if (secs > 0)
		(void)sleep((unsigned)secs);
}

static void
say_unreachable(const struct report_tool *t)
{
	if (t->s.sendmail != NULL)
		log_write(LOG_LEVEL_ERROR, "%s cannot be run; the mail waits for the next run",
		    t->s.sendmail);
	else
		log_write(LOG_LEVEL_ERROR, "no connection to %s port %d; the mail waits for the "
		    "next run", t->s.smtp_server, t->delivery.server.port);
}

/* Sends what is due, of this and of earlier runs. */
static int
send_queue(struct report_tool *t)
{
	struct report_queue queue = { .store = t->store, .now = t->run.now,
	    .send = send_delivery, .send_arg = t, .wants = wants_delivery,
	    .tell = tell_delivery, .arg = t };

	wait_for_turn(t);
	if (report_queue_run(&queue) != 0) {
		log_write(LOG_LEVEL_ERROR, "database: %s", store_error(t->store));
		return CLI_EXIT_FAILED;
	}
	if (queue.unreachable)
		say_unreachable(t);
	if (queue.held > 0)
		log_write(LOG_LEVEL_WARNING, "%u mails wait for the next run: this one has sent "
		    "as many as --max-mails, --max-per-domain and --https allow", queue.held);
	if (t->s.common.verbose > 0)
		(void)printf("%u mails sent, %u failed, %u given up, %u suppressed\n", queue.sent,
		    queue.failed, queue.dead, queue.barred);
	return queue.failed + queue.dead + queue.held > 0 ? EXIT_LATER : CLI_EXIT_OKAY;
}

/* Where lines are printed for each report, they tell how far the work has come. */
static void
show_progress(struct report_tool *t, const char *what)
{
	if (t->s.common.verbose > 0 || t->run.mode == REPORT_MODE_TEST)
		return;
	progress_clear(&t->progress);
	progress_start(&t->progress, what);
	t->run.progress = &t->progress;
}

int
report_tool_work(struct report_tool *t)
{
	int status = CLI_EXIT_OKAY;
	size_t i;

	show_progress(t, "reports");
	for (i = 0; i < t->nwindows; i++)
		if (report_run_window(&t->run, &t->windows[i]) != 0)
			return CLI_EXIT_FAILED;
	if (t->s.common.verbose > 0 || t->run.mode == REPORT_MODE_TEST)
		(void)printf("%u reports made, %u wait, %u could not be made\n", t->run.reports,
		    t->run.waiting, t->run.broken);
	show_progress(t, "mails");
	if (t->run.mode == REPORT_MODE_SEND)
		status = send_queue(t);
	progress_clear(&t->progress);
	if (t->run.broken > 0)
		return CLI_EXIT_FAILED;
	return status == CLI_EXIT_OKAY && t->run.waiting + t->run.unsent > 0 ? EXIT_LATER : status;
}
