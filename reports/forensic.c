/*
 * forensic.c - one mail from standard input, recipient by recipient.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/textfile.h"
#include "reports/cli.h"
#include "reports/forensic.h"
#include "reports/outmail.h"
#include "reports/suppress.h"

/* SENT when address may have the mail; else why, in why: BARRED, or it cannot be told. */
static enum report_outcome
look_up(const struct report_forensic *f, const char *address, char why[REPORT_REASON_SIZE])
{
	char reason[REPORT_SUPPRESS_WHY_SIZE] = "";
	bool suppressed = false;

	if (report_namelist_has(f->silent, address)) {
		report_reason("it is on the list of those who get no reports", why);
		return REPORT_BARRED;
	}
	if (f->store != NULL &&
	    report_suppressed(f->store, address, f->now, &suppressed, reason) != 0) {
		report_reason(store_error(f->store), why);
		return REPORT_UNREACHABLE;
	}
	if (suppressed) {
		(void)snprintf(why, REPORT_REASON_SIZE, "it is suppressed: %s", reason);
		return REPORT_BARRED;
	}
	if (report_stale_address(f->stale, address)) {
		report_reason("the stale list has it", why);
		return REPORT_BARRED;
	}
	return REPORT_SENT;
}

/* Sends the mail to one recipient, or says what would be done. */
static enum report_outcome
send_to(const struct report_forensic *f, const char *address, struct odm_span mail)
{
	char why[REPORT_REASON_SIZE];
	enum report_outcome outcome = look_up(f, address, why);

	if (outcome == REPORT_SENT && !f->test)
		outcome = report_transport_send(f->transport, address, mail, why);
	switch (outcome) {
	case REPORT_SENT:
		if (f->test || f->verbose > 0)
			(void)printf("%s %s\n", f->test ? "would send to" : "sent to", address);
		break;
	case REPORT_BARRED:
		if (f->test || f->verbose > 0)
			(void)printf("not to %s: %s\n", address, why);
		break;
	case REPORT_FAILED:
	case REPORT_REFUSED:
	case REPORT_UNREACHABLE:
	case REPORT_HELD:
		log_write(LOG_LEVEL_ERROR, "failed to send the mail to %s (%s)", address, why);
		break;
	}
	return outcome;
}

/* Sends the mail to all of them. */
static int
send_to_all(const struct report_forensic *f, const struct report_outmail *m)
{
	enum report_outcome outcome = REPORT_SENT;
	int status = CLI_EXIT_OKAY;
	size_t i;

	for (i = 0; i < m->nrecipients && outcome != REPORT_UNREACHABLE; i++) {
		outcome = send_to(f, m->recipients[i], odm_strbuf_span(&m->mail));
		if (outcome != REPORT_SENT && outcome != REPORT_BARRED)
			status = CLI_EXIT_FAILED;
	}
	if (m->nrefused > 0) {
		log_write(LOG_LEVEL_ERROR, "%zu addresses in To, Cc and Bcc are none that mail can "
		    "be sent to", m->nrefused);
		status = CLI_EXIT_FAILED;
	}
	return f->test ? CLI_EXIT_OKAY : status;
}

/* Why the mail cannot be sent to anybody; NULL when it can. */
static const char *
fault_of(const struct report_outmail *m)
{
	if (m->too_many)
		return "its fields To, Cc and Bcc name too many recipients";
	if (m->nrecipients == 0 && m->nrefused == 0)
		return "it names no recipient in To, Cc or Bcc";
	return NULL;
}

int
report_forensic_run(const struct report_forensic *f)
{
	struct report_outmail *m = calloc(1, sizeof(*m));
	const char *why = strerror(ENOMEM);
	int status = CLI_EXIT_FAILED;
	struct odm_strbuf text;

	odm_strbuf_init(&text, REPORT_OUTMAIL_MAX);
	if (m != NULL && textfile_read("-", &text, &why)) {
		if (odm_span_trim(odm_strbuf_span(&text)).len == 0)
			why = "it is empty";
		else if (report_outmail_read(odm_strbuf_span(&text), m) != 0)
			why = strerror(ENOMEM);
		else if ((why = fault_of(m)) == NULL)
			status = send_to_all(f, m);
		report_outmail_free(m);
	}
	if (why != NULL)
		log_write(LOG_LEVEL_ERROR, "the mail on standard input: %s; nothing is sent", why);
	odm_strbuf_free(&text);
	free(m);
	return status;
}
