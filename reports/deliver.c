/*
 * deliver.c - reasons as lines for the log and the ledger.
 */
#include <stdio.h>

#include "libopendmarc/base/strbuf.h"
#include "reports/cleantext.h"
#include "reports/deliver.h"

void
report_reason(const char *text, char reason[REPORT_REASON_SIZE])
{
	struct odm_strbuf clean;

	odm_strbuf_init(&clean, REPORT_REASON_SIZE - 1);
	report_clean_text(odm_span_trim(odm_span_str(text)), REPORT_REASON_SIZE - 1, &clean);
	(void)snprintf(reason, REPORT_REASON_SIZE, "%s",
	    clean.failed || clean.len == 0 ? "failed" : clean.at);
	odm_strbuf_free(&clean);
}
