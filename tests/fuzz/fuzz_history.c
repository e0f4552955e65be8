/*
 * fuzz_history.c - fuzz target: records of the history file.
 * A text is read as one record; what was read, written again, reads as the same.
 */
#include <stdlib.h>
#include <string.h>

#include "common/history.h"
#include "libopendmarc/base/limits.h"
#include "tests/fuzz/fuzz.h"

#define TEXT_MAX	(16 * 1024 * 1024)

static void
read_text(struct history_record *rec, struct odm_span text, bool ours)
{
	struct odm_span line;
	const char *why;

	while (odm_span_next(&text, '\n', &line)) {
		enum history_line got = history_read_line(rec, line, true, &why);

		fuzz_need(got != HISTORY_LINE_JOB, "first was set");
		fuzz_need(got != HISTORY_LINE_BAD || why != NULL, "bad lines have a reason");
		fuzz_need(!ours || got == HISTORY_LINE_OKAY, "our own form is good");
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct history_record rec, again;
	struct odm_strbuf once, twice;
	const char *why = NULL;

	history_record_init(&rec);
	history_record_init(&again);
	odm_strbuf_init(&once, TEXT_MAX);
	odm_strbuf_init(&twice, TEXT_MAX);

	read_text(&rec, fuzz_span(octets, len), false);
	fuzz_need(rec.ndkim <= HISTORY_DKIM_MAX && rec.nrua <= HISTORY_RUA_MAX &&
	    rec.nreasons <= HISTORY_OVERRIDES_MAX, "lists have their limits");
	fuzz_need(rec.spf >= -1 && rec.pct >= 0 && rec.pct <= 100 && rec.received >= 0,
	    "numbers have their ranges");
	if (!history_complete(&rec, &why))
		fuzz_need(why != NULL, "incomplete records have a reason");
	else {
		history_write(&rec, true, &once);
		read_text(&again, odm_strbuf_span(&once), true);
		fuzz_need(history_complete(&again, &why), "complete stays complete");
		history_write(&again, true, &twice);
		fuzz_need(once.len == twice.len && memcmp(once.at, twice.at, once.len) == 0,
		    "written and read is the same");
	}
	history_record_clear(&rec);
	history_record_clear(&again);
	odm_strbuf_free(&once);
	odm_strbuf_free(&twice);
	return 0;
}
