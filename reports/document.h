/*
 * document.h - one finished report: its names, its sums and its packed XML.
 */
#ifndef REPORTS_DOCUMENT_H
#define REPORTS_DOCUMENT_H

#include "reports/aggregate.h"
#include "reports/identity.h"
#include "reports/pack.h"
#include "reports/reportid.h"
#include "reports/schema.h"

struct report_document {
	char		 id[REPORT_ID_LEN + 1];
	char		 file_name[REPORT_FILE_NAME_SIZE];
	struct report_window window;
	struct report_totals totals;
	struct odm_span	 packed;	/* in pack */
	struct report_pack *pack;	/* owned */
};

enum report_document_outcome {
	REPORT_DOCUMENT_OKAY,
	REPORT_DOCUMENT_FAILED,		/* memory is short or a name does not fit */
	REPORT_DOCUMENT_INVALID		/* complete, but not to be sent: our own defect */
};

/*
 * Makes the report of a window from the rows of its messages (at least one row), in the
 * form of schema, and holds it against schema; policy->domain is normalised. Unless
 * FAILED, *doc_r is the caller's to clear. For INVALID, why holds one line.
 */
enum report_document_outcome report_document_make(const struct report_identity *identity,
    const struct report_schema *schema, const struct store_policy *policy,
    const struct report_window *w, const struct report_aggregate *rows,
    struct report_document *doc_r, char why[REPORT_SCHEMA_WHY_SIZE]);

void report_document_clear(struct report_document *doc);

/*
 * Composes the mail of doc to one address into *out, cleared first, with the Date of
 * date. 0, or -1 when memory is short.
 */
int report_document_mail(const struct report_document *doc,
    const struct report_identity *identity, const char *policy_domain, const char *to,
    int64_t date, struct odm_strbuf *out);

#endif
