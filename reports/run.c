/*
 * run.c - the reports of one window. RFC 9990, 3.1 and 3.5.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/log.h"
#include "libopendmarc/base/domain.h"
#include "reports/cleantext.h"
#include "reports/destcheck.h"
#include "reports/progress.h"
#include "reports/run_private.h"
#include "reports/suppress.h"
#include "reports/transport.h"

struct window_run {
	struct report_run *run;
	const struct report_window *window;
};

static bool
is_among(const char *name, const char *const *names, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

bool
report_run_wants(const struct report_run *run, const char *policy_domain)
{
	char name[ODM_NAME_MAX + 1];
	size_t i;

	if (!odm_domain_normalise(odm_span_str(policy_domain), name) ||
	    is_among(name, run->without, run->nwithout) || report_namelist_has(run->skip, name))
		return false;
	if (run->nonly == 0 || is_among(name, run->only, run->nonly))
		return true;
	for (i = 0; i < run->nonly; i++)
		if (odm_domain_is_below(run->only[i], name))
			return true;
	return false;
}

void
report_say(const struct report_subject *s, const char *format, ...)
{
	struct odm_strbuf line;
	char text[2000];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	odm_strbuf_init(&line, sizeof(text));
	report_clean_text(odm_span_str(text), sizeof(text), &line);
	(void)printf("%s %s: %s\n", s->domain, s->date, line.failed ? strerror(ENOMEM) : line.at);
	odm_strbuf_free(&line);
}

void
report_say_broken(const struct report_subject *s, const char *what, const char *why)
{
	s->run->broken++;
	log_write(LOG_LEVEL_ERROR, "%s %s: %s: %s", s->domain, s->date, what, why);
}

static int
count_message(const struct store_message *m, void *arg)
{
	char from[ODM_NAME_MAX + 1];
	struct report_subject *s = arg;

	if (!s->wanted && odm_domain_normalise(odm_span_str(m->from), from))
		s->wanted = is_among(from, s->run->only, s->run->nonly);
	return report_aggregate_add(s->rows, m) == 0 ? GO_ON : 1;
}

/* These messages will be in no report. */
static int
withhold(struct report_subject *s, const char *reason)
{
	if (s->run->verbose > 1)
		report_say(s, "no report: %s", reason);
	if (!s->claimed)
		return GO_ON;
	s->claimed = false;
	return store_report_withhold(s->run->store, &s->claim, reason);
}

/*
 * There is no report for a reason that may pass: the messages wait until the last run
 * that looks at their window.
 */
static int
put_off(struct report_subject *s, const char *reason)
{
	if (s->run->now >= s->window.end + REPORT_WAIT_SECS)
		return withhold(s, reason);
	if (s->run->verbose > 1)
		report_say(s, "no report: %s", reason);
	return GO_ON;
}

/*
 * --require-pass: a domain of which only failing mail is seen may be one that spammers
 * made, to have reports sent where they like.
 */
static bool
may_be_told(const struct report_subject *s, const struct report_totals *totals)
{
	return !s->run->require_pass || totals->passed > 0;
}

/*
 * A report about nothing but reports and bounces would itself be mail that its receiver has
 * to report, and so on. Where there is other mail they are told with it, so that the
 * counts stay true; that report is owed anyhow.
 */
static bool
only_automatic(const struct report_totals *totals)
{
	return totals->automatic == totals->messages && totals->left_out == 0;
}

/* Reads the messages; *rows_r is false when nothing is to be reported or it could not be. */
static int
read_messages(struct report_subject *s, bool *rows_r)
{
	struct report_totals totals;
	int status;

	*rows_r = false;
	if ((s->rows = report_aggregate_new(&s->policy, REPORT_AGGREGATE_MAX)) == NULL) {
		report_say_broken(s, "rows", strerror(ENOMEM));
		return GO_ON;
	}
	status = s->claimed ?
	    store_each_claimed(s->run->store, &s->claim, count_message, s) :
	    store_each_message(s->run->store, s->stored_domain, s->window.begin,
	    s->window.end, count_message, s);
	if (status == STORE_FAILED)
		return STORE_FAILED;
	totals = report_aggregate_totals(s->rows);
	if (status != 0) {
		report_say_broken(s, "rows", strerror(ENOMEM));
		return GO_ON;
	}
	if (totals.left_out > 0)
		log_write(LOG_LEVEL_WARNING, "%s %s: %" PRIu64 " messages are not in the report: "
		    "too many different rows", s->domain, s->date, totals.left_out);
	if (!s->wanted)
		return GO_ON;
	if (totals.rows == 0)
		return withhold(s, "no policy was applied to its messages");
	if (only_automatic(&totals))
		return withhold(s, "only reports and bounces");
	if (!may_be_told(s, &totals))
		return put_off(s, "none of its messages passed");
	*rows_r = true;
	return GO_ON;
}

static void
say_destinations(const struct report_subject *s)
{
	size_t i;

	for (i = 0; i < s->dests.n; i++)
		if (s->dests.list[i].state != REPORT_DEST_READY)
			report_say(s, "not to %s: %s", s->dests.list[i].address,
			    s->dests.list[i].reason);
}

/* True when the run is to send mail, and not to show what it would be. */
static bool
sends(const struct report_run *run)
{
	return run->mode == REPORT_MODE_SEND || run->mode == REPORT_MODE_DIRECT;
}

/* Refuses the destinations that are suppressed; *n_r is their number. */
static int
bar_suppressed(struct report_subject *s, size_t *n_r)
{
	char why[REPORT_SUPPRESS_WHY_SIZE];
	struct report_dest *dest;
	bool suppressed;
	size_t i;

	for (i = 0; i < s->dests.n; i++) {
		dest = &s->dests.list[i];
		if (dest->state != REPORT_DEST_READY && dest->state != REPORT_DEST_POSTPONED)
			continue;
		if (report_suppressed(s->run->store, dest->address, s->run->now, &suppressed,
		    why) != 0)
			return STORE_FAILED;
		if (!suppressed)
			continue;
		dest->state = REPORT_DEST_REFUSED;
		dest->reason = "it is suppressed";
		(*n_r)++;
		if (s->run->verbose > 0 || !sends(s->run))
			report_say(s, "not to %s: it is suppressed: %s", dest->address, why);
	}
	return GO_ON;
}

/* Refuses the addresses of which the stale list says so; *n_r is their number. */
static void
bar_stale(struct report_subject *s, size_t *n_r)
{
	struct report_dest *dest;
	size_t i;

	for (i = 0; i < s->dests.n; i++) {
		dest = &s->dests.list[i];
		if ((dest->state != REPORT_DEST_READY && dest->state != REPORT_DEST_POSTPONED) ||
		    report_destination_is_https(dest->address) ||
		    !report_stale_address(s->run->stale, dest->address))
			continue;
		dest->state = REPORT_DEST_REFUSED;
		dest->reason = "the stale list has it";
		(*n_r)++;
		if (s->run->verbose > 0 || !sends(s->run))
			report_say(s, "not to %s: %s", dest->address, dest->reason);
	}
}

/* Why nobody gets the report, in words that store_audit() counts by. */
static const char *
no_destination(size_t suppressed, size_t stale)
{
	if (stale > 0)
		return "every destination that may have it is on the stale list or suppressed";
	return suppressed > 0 ? "every destination that may have it is suppressed" :
	    "no destination may have it";
}

/* *ready_r: the report can be made now, as far as its destinations go. */
static int
settle_destinations(struct report_subject *s, bool *ready_r)
{
	struct report_run *run = s->run;
	bool may_wait = run->now < s->window.end + REPORT_WAIT_SECS;
	size_t suppressed = 0, stale = 0;

	if (report_stale_domain(run->stale, s->domain))
		return withhold(s, "the stale list has the domain");
	report_dests_read(odm_span_str(s->policy.rua), run->https, &s->dests);
	report_dests_silence(&s->dests, run->silent);
	if (report_dests_check(&s->dests, run->resolver, s->domain, ODM_REPORT_AGGREGATE,
	    run->dns_timeout_ms) != 0) {
		report_say_broken(s, "destinations", strerror(ENOMEM));
		return GO_ON;
	}
	report_dests_silence(&s->dests, run->silent);
	*ready_r = !sends(run);
	if (run->verbose > 0 || !sends(run))
		say_destinations(s);
	if (bar_suppressed(s, &suppressed) != GO_ON)
		return STORE_FAILED;
	bar_stale(s, &stale);
	if (report_dests_count(&s->dests, REPORT_DEST_POSTPONED) > 0 && may_wait) {
		run->waiting++;
		log_write(LOG_LEVEL_WARNING, "%s %s: the DNS fails for a destination; the report "
		    "waits for a later run (--date %s)", s->domain, s->date, s->date);
		return GO_ON;
	}
	if (report_dests_count(&s->dests, REPORT_DEST_READY) > 0) {
		if (run->bcc != NULL)
			report_dests_add(&s->dests, run->bcc);
		*ready_r = true;
		return GO_ON;
	}
	return withhold(s, no_destination(suppressed, stale));
}

/* The making of the report is ours, where others could make it too; else *skip_r. */
static int
claim(struct report_subject *s, bool *skip_r)
{
	enum store_claimed how;
	int status;

	if (s->run->mode != REPORT_MODE_SEND)
		return GO_ON;
	status = store_report_claim(s->run->store, s->stored_domain, s->window.begin,
	    s->window.end, s->run->now, &s->claim, &how);
	s->claimed = status == GO_ON && how == STORE_CLAIM_MINE;
	*skip_r = !s->claimed;
	if (s->claimed) {
		s->window = (struct report_window){ s->claim.begin, s->claim.end, s->claim.part };
		report_window_date(&s->window, s->date);
	}
	if (status == GO_ON && how == STORE_CLAIM_TAKEN && s->run->verbose > 1)
		report_say(s, "no report: another program makes it now");
	return status;
}

/* Whether there is nothing to tell: nothing is asked for, or it has been told. */
static int
look(struct report_subject *s, bool *skip_r)
{
	int status = GO_ON;

	*skip_r = s->policy.rua == NULL || s->policy.rua[0] == '\0';
	if (*skip_r && s->run->verbose > 1)
		report_say(s, "no report: the domain asks for none");
	if (*skip_r || s->run->mode != REPORT_MODE_TEST)
		return GO_ON;
	status = store_report_known(s->run->store, s->stored_domain, s->window.begin,
	    s->window.end, skip_r);
	if (status == GO_ON && *skip_r && s->run->verbose > 1)
		report_say(s, "no report: it is in the ledger already");
	return status;
}

static int
work_on(struct report_subject *s)
{
	bool rows = false, skip = false, ready = false;
	int status;

	if ((status = look(s, &skip)) != GO_ON || skip ||
	    (status = claim(s, &skip)) != GO_ON || skip ||
	    (status = read_messages(s, &rows)) != GO_ON || !rows ||
	    (status = settle_destinations(s, &ready)) != GO_ON || !ready)
		return status;
	return report_hand_over(s);
}

/* Makes one report; *again_r: messages may wait that came after it was begun. */
static int
one_report(const struct window_run *wr, const struct store_policy *policy, bool *again_r)
{
	struct report_subject *s;
	int status;

	*again_r = false;
	if ((s = calloc(1, sizeof(*s))) == NULL) {
		wr->run->broken++;
		log_write(LOG_LEVEL_ERROR, "%s: %s", policy->domain, strerror(ENOMEM));
		return GO_ON;
	}
	s->run = wr->run;
	s->window = *wr->window;
	s->policy = *policy;
	s->stored_domain = policy->domain;
	(void)odm_domain_normalise(odm_span_str(policy->domain), s->domain);
	s->policy.domain = s->domain;
	s->wanted = s->run->nonly == 0 || is_among(s->domain, s->run->only, s->run->nonly);
	report_window_date(&s->window, s->date);

	status = work_on(s);
	*again_r = s->claim.taken_over && !s->claimed;
	if (s->claimed && store_report_release(s->run->store, &s->claim) != 0)
		status = STORE_FAILED;

	report_aggregate_free(&s->rows);
	report_document_clear(&s->doc);
	free(s);
	return status;
}

static int
one_policy(const struct store_policy *policy, void *arg)
{
	const struct window_run *wr = arg;
	bool again = report_run_wants(wr->run, policy->domain);
	int status = GO_ON;

	while (again && status == GO_ON)
		status = one_report(wr, policy, &again);
	if (wr->run->progress != NULL)
		progress_show(wr->run->progress, wr->run->reports, 0, 0);
	return status;
}

int
report_run_window(struct report_run *run, const struct report_window *w)
{
	struct window_run wr = { run, w };
	int status = run->mode == REPORT_MODE_SEND ?
	    store_each_unreported(run->store, w->begin, w->end, one_policy, &wr) :
	    store_each_policy(run->store, w->begin, w->end, one_policy, &wr);

	if (status == 0)
		return 0;
	log_write(LOG_LEVEL_ERROR, "database: %s", store_error(run->store));
	return -1;
}
