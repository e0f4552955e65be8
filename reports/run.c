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
#include "reports/deliver_dir.h"
#include "reports/destcheck.h"
#include "reports/document.h"
#include "reports/mail.h"
#include "reports/run.h"

enum { GO_ON = 0, STORE_FAILED = -1 };

/* What is known about one policy domain while its report is made. */
struct subject {
	struct report_run *run;
	const struct report_window *window;
	struct store_claim claim;		/* REPORT_MODE_SEND: ours to end */
	bool		 claimed;		/* and not ended yet */
	struct store_policy policy;		/* the domain normalised */
	const char	*stored_domain;		/* as the store writes it */
	char		 domain[ODM_NAME_MAX + 1];
	char		 date[REPORT_DATE_SIZE];
	bool		 wanted;		/* by its own name or a From domain seen */
	struct report_aggregate *rows;
	struct report_dests dests;
	struct report_document doc;
};

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
	    is_among(name, run->without, run->nwithout))
		return false;
	if (run->nonly == 0 || is_among(name, run->only, run->nonly))
		return true;
	for (i = 0; i < run->nonly; i++)
		if (odm_domain_is_below(run->only[i], name))
			return true;
	return false;
}

/* One line on stdout; names and URIs in it come from outside. */
static void __attribute__((format(printf, 2, 3)))
say(const struct subject *s, const char *format, ...)
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

/* The report cannot be made; the others go on. */
static void
say_broken(const struct subject *s, const char *what, const char *why)
{
	s->run->broken++;
	log_write(LOG_LEVEL_ERROR, "%s %s: %s: %s", s->domain, s->date, what, why);
}

static int
count_message(const struct store_message *m, void *arg)
{
	char from[ODM_NAME_MAX + 1];
	struct subject *s = arg;

	if (!s->wanted && odm_domain_normalise(odm_span_str(m->from), from))
		s->wanted = is_among(from, s->run->only, s->run->nonly);
	return report_aggregate_add(s->rows, m) == 0 ? GO_ON : 1;
}

/* These messages will be in no report. */
static int
withhold(struct subject *s, const char *reason)
{
	if (!s->claimed)
		return GO_ON;
	s->claimed = false;
	return store_report_withhold(s->run->store, &s->claim, reason);
}

/* Reads the messages; *rows_r is false when nothing is to be reported or it could not be. */
static int
read_messages(struct subject *s, bool *rows_r)
{
	struct report_totals totals;
	int status;

	*rows_r = false;
	if ((s->rows = report_aggregate_new(&s->policy, REPORT_AGGREGATE_MAX)) == NULL) {
		say_broken(s, "rows", strerror(ENOMEM));
		return GO_ON;
	}
	status = s->claimed ?
	    store_each_claimed(s->run->store, &s->claim, count_message, s) :
	    store_each_message(s->run->store, s->stored_domain, s->window->begin,
	    s->window->end, count_message, s);
	if (status == STORE_FAILED)
		return STORE_FAILED;
	totals = report_aggregate_totals(s->rows);
	if (status != 0)
		say_broken(s, "rows", strerror(ENOMEM));
	else if (s->wanted && totals.rows == 0 && s->run->verbose > 1)
		say(s, "no report: no policy was applied to its %" PRIu64 " messages",
		    totals.unjudged);
	if (totals.left_out > 0)
		log_write(LOG_LEVEL_WARNING, "%s %s: %" PRIu64 " messages are not in the report: "
		    "too many different rows", s->domain, s->date, totals.left_out);
	*rows_r = status == 0 && s->wanted && totals.rows > 0;
	return status == 0 && s->wanted && totals.rows == 0 ?
	    withhold(s, "no policy was applied") : GO_ON;
}

static void
say_destinations(const struct subject *s)
{
	size_t i;

	for (i = 0; i < s->dests.n; i++)
		if (s->dests.list[i].state != REPORT_DEST_READY)
			say(s, "not to %s: %s", s->dests.list[i].address,
			    s->dests.list[i].reason);
}

/* *ready_r: the report can be made now, as far as its destinations go. */
static int
settle_destinations(struct subject *s, bool *ready_r)
{
	struct report_run *run = s->run;
	bool may_wait = run->now < s->window->end + REPORT_WAIT_SECS;

	report_dests_read(odm_span_str(s->policy.rua), &s->dests);
	if (report_dests_check(&s->dests, run->resolver, s->domain, ODM_REPORT_AGGREGATE,
	    run->dns_timeout_ms) != 0) {
		say_broken(s, "destinations", strerror(ENOMEM));
		return GO_ON;
	}
	*ready_r = run->mode != REPORT_MODE_SEND;
	if (run->verbose > 0 || run->mode != REPORT_MODE_SEND)
		say_destinations(s);
	if (report_dests_count(&s->dests, REPORT_DEST_POSTPONED) > 0 && may_wait) {
		run->waiting++;
		log_write(LOG_LEVEL_WARNING, "%s %s: the DNS fails for a destination; the report "
		    "waits for a later run (--date %s)", s->domain, s->date, s->date);
		return GO_ON;
	}
	if (report_dests_count(&s->dests, REPORT_DEST_READY) > 0) {
		*ready_r = true;
		return GO_ON;
	}
	if (run->verbose > 0 && run->mode == REPORT_MODE_SEND)
		say(s, "no report: no destination may have it");
	return withhold(s, "no destination may have it");
}

static void
say_summary(const struct subject *s, const char *verb)
{
	const struct report_totals *t = &s->doc.totals;

	say(s, "%s %s: %" PRIu64 " messages, %" PRIu64 " rows, %zu octets, %zu destinations",
	    verb, s->doc.id, t->messages, t->rows, s->doc.packed.len,
	    report_dests_count(&s->dests, REPORT_DEST_READY));
}

/* The mail to destination i, a new buffer for the caller; failed in it: memory is short. */
static bool
compose(const struct subject *s, size_t i, struct odm_strbuf *mail)
{
	odm_strbuf_init(mail, REPORT_MAIL_MAX);
	return report_document_mail(&s->doc, s->run->identity, s->domain,
	    s->dests.list[i].address, s->run->now, mail) == 0;
}

/* The report and its mail go into the ledger together. */
static int
to_ledger(struct subject *s)
{
	struct store_delivery list[REPORT_DESTS_MAX] = { { 0 } };
	struct odm_strbuf mails[REPORT_DESTS_MAX];
	bool okay = true, added = false;
	int status = GO_ON;
	size_t n = 0, i;

	for (i = 0; i < s->dests.n && okay; i++) {
		if (s->dests.list[i].state != REPORT_DEST_READY)
			continue;
		okay = compose(s, i, &mails[n]);
		list[n].destination = s->dests.list[i].address;
		list[n].state = STORE_DELIVERY_NEW;
		list[n].next_try = s->run->now;
		list[n].mail = mails[n].at;
		list[n].mail_len = mails[n].len;
		n++;
	}
	if (!okay)
		say_broken(s, "mail", strerror(ENOMEM));
	else
		status = store_report_add(s->run->store, &s->claim, s->doc.id,
		    (int64_t)s->doc.totals.messages, list, n, &added);
	if (okay && status == GO_ON)
		s->claimed = false;
	for (i = 0; i < n; i++)
		odm_strbuf_free(&mails[i]);
	if (status == GO_ON && added) {
		s->run->reports++;
		if (s->run->verbose > 0)
			say_summary(s, "report");
	}
	return status;
}

/* Writes one file of the report, NAME and what follows it. */
static bool
write_file(struct subject *s, const char *suffix, struct odm_span octets)
{
	char name[REPORT_FILE_NAME_SIZE + 16];
	size_t stem = strlen(s->doc.file_name) - strlen(".xml.gz");
	bool is_short = stem <= REPORT_DIR_NAME_MAX;

	(void)snprintf(name, sizeof(name), "%.*s%s",
	    is_short ? (int)stem : REPORT_ID_LEN, is_short ? s->doc.file_name : s->doc.id, suffix);
	if (report_dir_write(s->run->dir, name, octets) == 0) {
		if (s->run->verbose > 0)
			say(s, "wrote %s", name);
		return true;
	}
	say_broken(s, s->run->dir, strerror(errno));
	return false;
}

static void
to_folder(struct subject *s)
{
	struct odm_strbuf mail;
	char suffix[16] = ".eml";
	size_t i, n = 0;
	bool okay = write_file(s, ".xml.gz", s->doc.packed);

	for (i = 0; i < s->dests.n && okay; i++) {
		if (s->dests.list[i].state != REPORT_DEST_READY)
			continue;
		if (n++ > 0)
			(void)snprintf(suffix, sizeof(suffix), "-%zu.eml", n);
		okay = compose(s, i, &mail);
		if (!okay)
			say_broken(s, "mail", strerror(ENOMEM));
		else
			okay = write_file(s, suffix, odm_strbuf_span(&mail));
		odm_strbuf_free(&mail);
	}
	if (!okay)
		return;
	s->run->reports++;
	if (n == 0)
		say(s, "no mail is written: no destination may have the report now");
	if (s->run->verbose > 0)
		say_summary(s, "report");
}

static void
print_plan(struct subject *s)
{
	size_t i;

	s->run->reports++;
	for (i = 0; i < s->dests.n; i++)
		if (s->dests.list[i].state == REPORT_DEST_READY)
			say(s, "would send to %s: %s", s->dests.list[i].address, s->doc.file_name);
	say_summary(s, "would be report");
}

static int
make_report(struct subject *s)
{
	struct report_window window = *s->window;

	window.part = s->claimed ? s->claim.part : 0;
	if (report_document_make(s->run->identity, &s->policy, &window, s->rows,
	    &s->doc) != 0) {
		say_broken(s, "report", "memory is short or a name is too long");
		return GO_ON;
	}
	report_aggregate_free(&s->rows);	/* the mails need room */
	switch (s->run->mode) {
	case REPORT_MODE_SEND:
		return to_ledger(s);
	case REPORT_MODE_DIR:
		to_folder(s);
		break;
	case REPORT_MODE_TEST:
		print_plan(s);
		break;
	}
	return GO_ON;
}

/* The making of the report is ours, where others could make it too; else *skip_r. */
static int
claim(struct subject *s, bool *skip_r)
{
	enum store_claimed how;
	int status;

	if (s->run->mode != REPORT_MODE_SEND)
		return GO_ON;
	status = store_report_claim(s->run->store, s->stored_domain, s->window->begin,
	    s->window->end, s->run->now, &s->claim, &how);
	s->claimed = status == GO_ON && how == STORE_CLAIM_MINE;
	*skip_r = !s->claimed;
	if (status == GO_ON && how == STORE_CLAIM_TAKEN && s->run->verbose > 1)
		say(s, "no report: another program makes it now");
	return status;
}

/* Whether there is nothing to tell: nothing is asked for, or it has been told. */
static int
look(struct subject *s, bool *skip_r)
{
	int status = GO_ON;

	*skip_r = s->policy.rua == NULL || s->policy.rua[0] == '\0';
	if (*skip_r && s->run->verbose > 1)
		say(s, "no report: the domain asks for none");
	if (*skip_r || s->run->mode != REPORT_MODE_TEST)
		return GO_ON;
	status = store_report_known(s->run->store, s->stored_domain, s->window->begin,
	    s->window->end, skip_r);
	if (status == GO_ON && *skip_r && s->run->verbose > 1)
		say(s, "no report: it is in the ledger already");
	return status;
}

static int
report_subject(struct subject *s)
{
	bool rows = false, skip = false, ready = false;
	int status;

	if ((status = look(s, &skip)) != GO_ON || skip ||
	    (status = claim(s, &skip)) != GO_ON || skip ||
	    (status = read_messages(s, &rows)) != GO_ON || !rows ||
	    (status = settle_destinations(s, &ready)) != GO_ON || !ready)
		return status;
	return make_report(s);
}

static int
one_policy(const struct store_policy *policy, void *arg)
{
	struct window_run *wr = arg;
	struct subject *s;
	int status;

	if (!report_run_wants(wr->run, policy->domain))
		return GO_ON;
	if ((s = calloc(1, sizeof(*s))) == NULL) {
		wr->run->broken++;
		log_write(LOG_LEVEL_ERROR, "%s: %s", policy->domain, strerror(ENOMEM));
		return GO_ON;
	}
	s->run = wr->run;
	s->window = wr->window;
	s->policy = *policy;
	s->stored_domain = policy->domain;
	(void)odm_domain_normalise(odm_span_str(policy->domain), s->domain);
	s->policy.domain = s->domain;
	s->wanted = s->run->nonly == 0 || is_among(s->domain, s->run->only, s->run->nonly);
	report_window_date(s->window, s->date);

	status = report_subject(s);
	if (s->claimed && store_report_release(s->run->store, &s->claim) != 0)
		status = STORE_FAILED;

	report_aggregate_free(&s->rows);
	report_document_clear(&s->doc);
	free(s);
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
