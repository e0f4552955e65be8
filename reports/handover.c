/*
 * handover.c - what is done with a report whose rows are there: document, schema,
 * then ledger, mail, folder or a plan. RFC 9990, 3.5.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "reports/deliver_dir.h"
#include "reports/mail.h"
#include "reports/run_private.h"
#include "reports/transport.h"

static void
say_summary(const struct report_subject *s, const char *verb)
{
	const struct report_totals *t = &s->doc.totals;

	report_say(s, "%s %s: %" PRIu64 " messages, %" PRIu64 " rows, %zu octets, %zu destinations",
	    verb, s->doc.id, t->messages, t->rows, s->doc.packed.len,
	    report_dests_count(&s->dests, REPORT_DEST_READY));
}

/*
 * What destination i gets, a new buffer for the caller: the mail, or for https the
 * packed report. failed in it: memory is short.
 */
static bool
compose(const struct report_subject *s, size_t i, struct odm_strbuf *octets)
{
	const char *to = s->dests.list[i].address;

	odm_strbuf_init(octets, REPORT_MAIL_MAX);
	if (report_destination_is_https(to)) {
		odm_strbuf_add(octets, s->doc.packed);
		return !octets->failed;
	}
	return report_document_mail(&s->doc, s->run->identity, s->domain, to, s->run->now,
	    octets) == 0;
}

/* Sends the report at once, and notes nothing. */
static void
send_now(struct report_subject *s)
{
	char reason[REPORT_REASON_SIZE];
	struct odm_strbuf octets;
	size_t i;

	s->run->reports++;
	if (s->run->verbose > 0)
		say_summary(s, "report");
	for (i = 0; i < s->dests.n; i++) {
		const char *to = s->dests.list[i].address;

		if (s->dests.list[i].state != REPORT_DEST_READY)
			continue;
		if (!compose(s, i, &octets)) {
			report_say_broken(s, "mail", strerror(ENOMEM));
		} else if (s->run->send(s->run->send_arg, to, odm_strbuf_span(&octets),
		    reason) != REPORT_SENT) {
			s->run->unsent++;
			log_write(LOG_LEVEL_WARNING, "failed to send report for %s to %s (%s)",
			    s->domain, to, reason);
		} else if (s->run->verbose > 0) {
			(void)printf("sent report for %s to %s\n", s->domain, to);
		}
		odm_strbuf_free(&octets);
	}
}

/* The report and its mail go into the ledger together. */
static int
to_ledger(struct report_subject *s)
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
		report_say_broken(s, "mail", strerror(ENOMEM));
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

/* The name of a file of the report: that of the report without its ending, and suffix. */
static void
name_file(const struct report_subject *s, const char *suffix, char name[REPORT_FILE_NAME_SIZE + 16])
{
	size_t stem = strlen(s->doc.file_name) - strlen(".xml.gz");
	bool is_short = stem <= REPORT_DIR_NAME_MAX;

	(void)snprintf(name, REPORT_FILE_NAME_SIZE + 16, "%.*s%s",
	    is_short ? (int)stem : REPORT_ID_LEN, is_short ? s->doc.file_name : s->doc.id, suffix);
}

/* Writes one file of the report. */
static bool
write_file(struct report_subject *s, const char *suffix, struct odm_span octets)
{
	char name[REPORT_FILE_NAME_SIZE + 16];

	name_file(s, suffix, name);
	if (report_dir_write(s->run->dir, name, octets) == 0) {
		if (s->run->verbose > 0)
			report_say(s, "wrote %s", name);
		return true;
	}
	report_say_broken(s, s->run->dir, strerror(errno));
	return false;
}

static void
to_folder(struct report_subject *s)
{
	struct odm_strbuf mail;
	char suffix[16] = ".eml";
	size_t i, n = 0;
	bool okay = write_file(s, ".xml.gz", s->doc.packed);

	for (i = 0; i < s->dests.n && okay; i++) {
		if (s->dests.list[i].state != REPORT_DEST_READY ||
		    report_destination_is_https(s->dests.list[i].address))
			continue;
		if (n++ > 0)
			(void)snprintf(suffix, sizeof(suffix), "-%zu.eml", n);
		okay = compose(s, i, &mail);
		if (!okay)
			report_say_broken(s, "mail", strerror(ENOMEM));
		else
			okay = write_file(s, suffix, odm_strbuf_span(&mail));
		odm_strbuf_free(&mail);
	}
	if (!okay)
		return;
	s->run->reports++;
	if (n == 0)
		report_say(s, "no mail is written: no destination may have the report now");
	if (s->run->verbose > 0)
		say_summary(s, "report");
}

static void
print_plan(struct report_subject *s)
{
	size_t i;

	s->run->reports++;
	for (i = 0; i < s->dests.n; i++)
		if (s->dests.list[i].state == REPORT_DEST_READY)
			report_say(s, "would %s to %s: %s",
			    report_destination_is_https(s->dests.list[i].address) ? "post" : "send",
			    s->dests.list[i].address, s->doc.file_name);
	say_summary(s, "would be report");
}

/* A report that the schema refuses is never sent: it is kept for those who can mend us. */
static void
keep_invalid(struct report_subject *s, const char *why)
{
	char name[REPORT_FILE_NAME_SIZE + 16];

	name_file(s, ".invalid.xml.gz", name);
	report_say_broken(s, "the report is not valid and is not sent; this is a defect of "
	    "opendmarc-reports, please tell its makers", why);
	if (report_dir_write(s->run->kept_dir, name, s->doc.packed) == 0)
		log_write(LOG_LEVEL_ERROR, "the report is kept in %s/%s", s->run->kept_dir, name);
	else
		log_write(LOG_LEVEL_ERROR, "the report cannot be kept in %s: %s",
		    s->run->kept_dir, strerror(errno));
}

/* --keepfiles: the XML as 1.x left it behind. */
static void
keep_xml(struct report_subject *s)
{
	struct report_unpack *unpack = report_unpack_new(s->doc.packed);
	char name[REPORT_FILE_NAME_SIZE + 16];

	name_file(s, ".xml", name);
	if (unpack == NULL)
		report_say_broken(s, "report", strerror(ENOMEM));
	else if (report_dir_copy(s->run->kept_dir, name, report_unpack_read, unpack) != 0)
		report_say_broken(s, s->run->kept_dir, strerror(errno));
	else
		log_write(LOG_LEVEL_INFO, "keeping report file \"%s\"", name);
	report_unpack_free(&unpack);
}

/* True when s->doc is a report that may leave; what is wrong otherwise has been told. */
static bool
make_document(struct report_subject *s)
{
	char why[REPORT_SCHEMA_WHY_SIZE];

	switch (report_document_make(s->run->identity, s->run->schema, &s->policy, &s->window,
	    s->rows, &s->doc, why)) {
	case REPORT_DOCUMENT_OKAY:
		return true;
	case REPORT_DOCUMENT_FAILED:
		report_say_broken(s, "report", "memory is short or a name is too long");
		break;
	case REPORT_DOCUMENT_INVALID:
		keep_invalid(s, why);
		break;
	}
	return false;
}

int
report_hand_over(struct report_subject *s)
{
	if (!make_document(s))
		return GO_ON;
	report_aggregate_free(&s->rows);	/* the mails need room */
	if (s->run->keep && s->run->mode != REPORT_MODE_DIR)
		keep_xml(s);
	switch (s->run->mode) {
	case REPORT_MODE_SEND:
		return to_ledger(s);
	case REPORT_MODE_DIRECT:
		send_now(s);
		break;
	case REPORT_MODE_DIR:
		to_folder(s);
		break;
	case REPORT_MODE_TEST:
		print_plan(s);
		break;
	}
	return GO_ON;
}
