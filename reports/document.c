/*
 * document.c - from rows to a finished report. RFC 9990, 3.1 and 3.5.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>

#include "reports/aggxml.h"
#include "reports/document.h"
#include "reports/mail.h"

/* Says in the report that it is not complete; "" when it is. */
static void
describe_left_out(const struct report_totals *totals, char *text, size_t size)
{
	text[0] = '\0';
	if (totals->left_out > 0)
		(void)snprintf(text, size, "%" PRIu64 " messages are not listed: "
		    "too many different rows", totals->left_out);
}

enum report_document_outcome
report_document_make(const struct report_identity *identity,
    const struct report_schema *schema, const struct store_policy *policy,
    const struct report_window *w, const struct report_aggregate *rows,
    struct report_document *doc_r, char why[REPORT_SCHEMA_WHY_SIZE])
{
	struct report_document doc = { .window = *w };
	struct report_meta meta = {
		.org_name = identity->org,
		.email = identity->contact,
		.report_id = doc.id,
		.generator = "opendmarc-reports/" PACKAGE_VERSION,
		.window = *w,
		.format = report_schema_format(schema),
	};
	char error[100];

	report_id(identity->submitter, policy->domain, w, doc.id);
	if (!report_file_name(identity->submitter, policy->domain, w, doc.file_name))
		return REPORT_DOCUMENT_FAILED;
	doc.totals = report_aggregate_totals(rows);
	describe_left_out(&doc.totals, error, sizeof(error));
	if (error[0] != '\0')
		meta.error = error;
	if ((doc.pack = report_pack_new()) == NULL)
		return REPORT_DOCUMENT_FAILED;
	if (report_xml_write(&meta, policy, rows, report_pack_write, doc.pack) != 0 ||
	    report_pack_finish(doc.pack, &doc.packed) != 0) {
		report_pack_free(&doc.pack);
		return REPORT_DOCUMENT_FAILED;
	}
	*doc_r = doc;
	return report_schema_check(schema, doc.packed, why) ? REPORT_DOCUMENT_OKAY :
	    REPORT_DOCUMENT_INVALID;
}

void
report_document_clear(struct report_document *doc)
{
	report_pack_free(&doc->pack);
	*doc = (struct report_document){ 0 };
}

int
report_document_mail(const struct report_document *doc,
    const struct report_identity *identity, const char *policy_domain, const char *to,
    int64_t date, struct odm_strbuf *out)
{
	char message_id[REPORT_MESSAGE_ID_SIZE];
	struct report_mail mail = {
		.from_address = identity->email,
		.from_name = identity->org,
		.to = to,
		.policy_domain = policy_domain,
		.submitter = identity->submitter,
		.report_id = doc->id,
		.message_id = message_id,
		.file_name = doc->file_name,
		.date = date,
		.window = doc->window,
		.messages = doc->totals.messages,
		.rows = doc->totals.rows,
		.packed = doc->packed,
	};

	if (!report_message_id(identity->submitter, doc->id, to, message_id))
		return -1;
	return report_mail_write(&mail, out);
}
