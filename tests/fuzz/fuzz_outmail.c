/*
 * fuzz_outmail.c - fuzz target: a ready-made mail on its way to SMTP.
 */
#include <string.h>

#include "reports/mail.h"
#include "reports/outmail.h"
#include "tests/fuzz/fuzz.h"

/* True when a field of that name stands in the header of a mail with CRLF. */
static bool
has_bcc(struct odm_span rest)
{
	struct odm_span line;
	size_t colon;

	while (odm_span_next(&rest, '\n', &line) && odm_span_trim(line).len > 0) {
		colon = odm_span_find(line, ':');
		if (!odm_is_wsp(line.at[0]) && colon < line.len &&
		    odm_span_ieq(odm_span_trim(odm_span_sub(line, 0, colon)), "Bcc"))
			return true;
	}
	return false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	static struct report_outmail m;
	static bool ready;
	size_t i, k;

	if (!ready) {
		report_mail_init();
		ready = true;
	}
	fuzz_need(report_outmail_read(fuzz_span(octets, len), &m) == 0, "it is small enough");
	for (i = 0; i < m.mail.len; i++)
		fuzz_need(m.mail.at[i] != '\0' && (m.mail.at[i] == '\n') ==
		    (i > 0 && m.mail.at[i - 1] == '\r'), "CR and LF only together, and no NUL");
	fuzz_need(m.mail.len == 0 || m.mail.at[m.mail.len - 1] == '\n', "the last line ends");
	fuzz_need(!has_bcc(odm_strbuf_span(&m.mail)), "Bcc is gone");
	fuzz_need(m.nrecipients <= REPORT_OUTMAIL_RECIPIENTS_MAX, "recipients have their limit");
	for (i = 0; i < m.nrecipients; i++) {
		fuzz_need(report_mail_address_okay(odm_span_str(m.recipients[i])),
		    "a recipient is an address");
		for (k = 0; k < i; k++)
			fuzz_need(strcmp(m.recipients[i], m.recipients[k]) != 0, "each once");
	}
	report_outmail_free(&m);
	return 0;
}
