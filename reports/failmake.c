/*
 * failmake.c - the mail of one group of failures: to whom, with what. RFC 9991, 2 and 5.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <glib.h>

#include "common/dnstask.h"
#include "common/failspool.h"
#include "common/log.h"
#include "libopendmarc/base/domain.h"
#include "reports/arf.h"
#include "reports/cleantext.h"
#include "reports/destcheck.h"
#include "reports/failures_private.h"

/* One group while its mail is made. */
struct group {
	struct report_failures *run;
	struct failure	 f;
	const char	*name;		/* of the first entry */
	unsigned	 incidents;
	char		*spf_record;	/* NULL unknown */
	struct report_dests dests;
};

/* One question, borrowed from whoever waits for it. */
struct question {
	const char	*name;
	char		*record;	/* found; the asker frees */
};

static enum dnstask_state
step(struct dnstask *task, void *arg)
{
	static const char version[] = "v=spf1";
	struct question *q = arg;
	const struct dns_answer *answer = dnstask_ask(task, q->name, DNS_TYPE_TXT);
	struct odm_span text;
	size_t i, len = sizeof(version) - 1;

	if (answer == NULL)
		return DNSTASK_WAITS;
	for (i = 0; answer->status == DNS_FOUND && i < answer->nrrs; i++) {
		text = answer->rrs[i].data;
		if (text.len < len || !odm_span_ieq(odm_span_sub(text, 0, len), version) ||
		    (text.len > len && text.at[len] != ' '))
			continue;
		free(q->record);
		q->record = strndup(text.at, text.len);
		break;
	}
	return DNSTASK_DONE;
}

static void
release(void *arg)
{
	(void)arg;
}

/* The SPF record that was evaluated, as it is published today. RFC 6591, 3.2.6. */
static char *
find_spf(struct report_failures *r, const struct failure *f)
{
	struct question q = { f->spf_domain, NULL };
	char name[ODM_NAME_MAX + 1];
	struct dnstask *task;

	if (f->spf_aligned || f->spf == ODM_RESULT_UNKNOWN || f->spf == ODM_RESULT_NONE ||
	    !odm_domain_normalise(odm_span_str(f->spf_domain), name))
		return NULL;
	q.name = name;
	task = dnstask_start(r->resolver, step, release, &q);
	if (task != NULL)
		(void)dnstask_finish(task, resolver_now() + r->dns_timeout_ms);
	dnstask_free(&task);
	return q.record;
}

/* The destinations that the list or common sense rules out. */
static void
strike_out(struct group *g)
{
	size_t i;

	for (i = 0; i < g->dests.n; i++) {
		struct report_dest *d = &g->dests.list[i];

		if (d->state != REPORT_DEST_UNCHECKED && d->state != REPORT_DEST_READY)
			continue;
		if (report_namelist_has(g->run->noreports, d->address) ||
		    report_namelist_has(g->run->noreports, d->host))
			d->reason = "it is in NoReportsList";
		else if (strcasecmp(d->address, g->run->sender) == 0)
			d->reason = "it is our own address";
		else
			continue;
		d->state = REPORT_DEST_IGNORED;
	}
}

/* False when the DNS should be asked again later. */
static bool
find_destinations(struct group *g)
{
	struct report_failures *r = g->run;

	report_dests_read(odm_span_str(g->f.ruf), false, &g->dests);
	/* Before the DNS, which need not be asked then, and after an override came in. */
	strike_out(g);
	if (report_dests_check(&g->dests, r->resolver, g->f.policy_domain, ODM_REPORT_FAILURE,
	    r->dns_timeout_ms) != 0) {
		log_write(LOG_LEVEL_ERROR, "%s", strerror(ENOMEM));
		return false;
	}
	strike_out(g);
	return report_dests_count(&g->dests, REPORT_DEST_POSTPONED) == 0 ||
	    failspool_time(g->name) < r->now - REPORT_FAILURES_DNS_SECS;
}

static void
tell_destinations(const struct group *g)
{
	size_t i;

	if (g->run->verbose == 0 && !g->run->test)
		return;
	for (i = 0; i < g->dests.n; i++)
		if (g->dests.list[i].reason != NULL) {
			struct odm_strbuf shown;

			odm_strbuf_init(&shown, 2 * ODM_URI_ADDRESS_MAX);
			report_clean_text(odm_span_str(g->dests.list[i].address),
			    ODM_URI_ADDRESS_MAX, &shown);
			(void)printf("%s: no report to %s: %s\n", g->f.author_domain, shown.at,
			    g->dests.list[i].reason);
			odm_strbuf_free(&shown);
		}
}

/* Eight digits that stand for a recipient, and for whether anything is hidden from it. */
static void
recipient_id(const char *to, bool hidden, char id_r[9])
{
	char *lower = g_ascii_strdown(to, -1);
	char *text = g_strdup_printf("%s %d", lower, hidden);
	char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);

	(void)snprintf(id_r, 9, "%.8s", sum);
	g_free(sum);
	g_free(text);
	g_free(lower);
}

/* Puts the report to one address into the queue. */
static bool
put_mail(const struct group *g, const char *file, const char *to, struct odm_span mail)
{
	struct report_failmail m = { .recipient = to, .domain = g->f.author_domain,
		.next_try = 0, .mail = mail };

	if (g->run->test) {
		(void)printf("%s: would send to %s: %u incident%s\n", g->f.author_domain, to,
		    g->incidents, g->incidents == 1 ? "" : "s");
		if (g->run->verbose > 0)
			(void)fwrite(mail.at, 1, mail.len, stdout);
		return true;
	}
	/* Made by a run that was cut off before it removed the entries: it stays as it is. */
	if (report_failqueue_has(g->run->spool, file) ||
	    report_failqueue_put(g->run->spool, file, &m) == 0)
		return true;
	log_write(LOG_LEVEL_ERROR, "%s/%s: %s", g->run->spool, file, strerror(errno));
	return false;
}

static bool
make_mail(const struct group *g, const char *to, const struct report_redact *redact)
{
	int stem = (int)strcspn(g->name, ".");
	char id[9], unique[200], file[220], message_id[ODM_URI_ADDRESS_MAX + 250];
	struct report_arf a = { .failure = &g->f, .incidents = g->incidents,
		.from = g->run->from, .to = to, .message_id = message_id, .boundary_id = unique,
		.date = g->run->now, .spf_record = g->spf_record, .redact = redact };
	struct odm_strbuf mail;
	bool okay;

	recipient_id(to, redact != NULL, id);
	if (snprintf(unique, sizeof(unique), "%.*s-%s", stem, g->name, id) >= 60 ||
	    snprintf(file, sizeof(file), "%s" REPORT_FAILQUEUE_MAIL, unique) < 0 ||
	    snprintf(message_id, sizeof(message_id), "failure.%s%s", unique,
	    strrchr(g->run->sender, '@')) < 0) {
		log_write(LOG_LEVEL_ERROR, "%s/%s: its name is too long", g->run->spool, g->name);
		return false;
	}
	odm_strbuf_init(&mail, REPORT_ARF_MAX);
	okay = report_arf_write(&a, &mail) == 0;
	if (!okay)
		log_write(LOG_LEVEL_ERROR, "%s: %s", g->f.author_domain, strerror(ENOMEM));
	okay = okay && put_mail(g, file, to, odm_strbuf_span(&mail));
	odm_strbuf_free(&mail);
	return okay;
}

static bool
make_all(struct group *g)
{
	const struct conf_list *copies = g->run->copies;
	unsigned n = 0;
	bool okay = true;
	size_t i;

	for (i = 0; i < g->dests.n; i++)
		if (g->dests.list[i].state == REPORT_DEST_READY) {
			okay = make_mail(g, g->dests.list[i].address, g->run->redact) && okay;
			n++;
		}
	/* What stays on this site is not hidden. */
	for (i = 0; i < copies->nwords; i++, n++)
		okay = make_mail(g, copies->words[i], NULL) && okay;
	g->run->mails += n;
	g->run->reports += n > 0;
	g->run->broken += !okay;
	return okay;
}

bool
report_failures_make(struct report_failures *r, const char *name, unsigned incidents)
{
	struct group *g = calloc(1, sizeof(*g));
	struct odm_strbuf text;
	bool done = false;

	odm_strbuf_init(&text, FAILURE_TEXT_MAX);
	if (g == NULL) {
		log_write(LOG_LEVEL_ERROR, "%s", strerror(ENOMEM));
		return false;
	}
	g->run = r;
	g->name = name;
	g->incidents = incidents;
	if (report_failures_load(r, name, &text, &g->f)) {
		if (find_destinations(g)) {
			tell_destinations(g);
			g->spf_record = find_spf(r, &g->f);
			done = make_all(g);
		} else {
			r->waiting++;
			if (r->verbose > 0 || r->test)
				(void)printf("%s: waits, the DNS does not say whether a "
				    "destination agrees\n", g->f.author_domain);
		}
	}
	free(g->spf_record);
	free(g);
	odm_strbuf_free(&text);
	return done;
}
