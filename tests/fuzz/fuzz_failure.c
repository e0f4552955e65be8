/*
 * fuzz_failure.c - fuzz target: entries of the spool of failures, redaction, and the report.
 */
#include "common/failure.h"
#include "reports/arf.h"
#include "reports/mail.h"
#include "reports/redact.h"
#include "tests/fuzz/fuzz.h"

static const struct report_redact redact = { { 1 } };

static void
check_report(const struct failure *f, const struct report_redact *hide)
{
	struct report_arf a = { .failure = f, .incidents = 1, .from = "a <a@x.example>",
		.to = "b@y.example", .message_id = "1@x.example", .boundary_id = "7f1a2",
		.spf_record = f->helo, .redact = hide };
	struct odm_strbuf out;
	size_t i, line = 0;

	odm_strbuf_init(&out, REPORT_ARF_MAX);
	fuzz_need(report_arf_write(&a, &out) == 0, "every entry makes a report");
	for (i = 0; i < out.len; i++) {
		fuzz_need((unsigned char)out.at[i] < 128 && out.at[i] != '\0', "a report is 7 bit");
		fuzz_need(out.at[i] != '\n' || (i > 0 && out.at[i - 1] == '\r'), "lines end in CRLF");
		line = out.at[i] == '\n' ? 0 : line + 1;
		fuzz_need(line <= 999, "no line is too long");
	}
	odm_strbuf_free(&out);
}

static void
check_header(struct odm_span header)
{
	struct odm_span rest = header, name, value;

	while (failure_field(&rest, &name, &value)) {
		fuzz_inside(name, header);
		fuzz_inside(value, header);
		fuzz_need(name.len > 0, "a field has a name");
	}
	fuzz_need(rest.len == 0, "the header is read to its end");
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct odm_span input = fuzz_span(octets, len);
	struct odm_strbuf text, again;
	struct failure f;
	static bool ready;
	const char *why;

	if (!ready)
		report_mail_init();
	ready = true;
	check_header(input);
	odm_strbuf_init(&text, 100 * FAILURE_TEXT_MAX);
	odm_strbuf_init(&again, FAILURE_TEXT_MAX);
	report_redact_header(&redact, input, &text);
	report_redact_text(&redact, input, &text);
	odm_strbuf_clear(&text);
	odm_strbuf_add(&text, input);
	if (failure_read(&text, &f, &why)) {
		check_report(&f, NULL);
		check_report(&f, &redact);
		failure_write(&f, &again);
		fuzz_need(!again.failed && failure_read(&again, &f, &why), "what is written is read");
	}
	odm_strbuf_free(&text);
	odm_strbuf_free(&again);
	return 0;
}
