/*
 * fuzz_bounce.c - fuzz target: a returned mail.
 */
#include <string.h>

#include "reports/bounce.h"
#include "reports/mail.h"
#include "tests/fuzz/fuzz.h"

#define EMAIL	"noreply@receiver.example"

/* The key with which the seeds were made. */
static const struct report_verp_key key = { "0123456789abcdef0123456789abcde" };

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	static bool ready;
	struct report_bounce b;
	const char *c;

	if (!ready) {
		report_mail_init();
		ready = true;
	}
	report_bounce_read(fuzz_span(octets, len), NULL, EMAIL, &key, &b);
	fuzz_need((b.kind == REPORT_BOUNCE_OTHER) == (b.recipient[0] == '\0'),
	    "a recipient with mail of ours and only then");
	fuzz_need(b.recipient[0] == '\0' || report_mail_address_okay(odm_span_str(b.recipient)),
	    "the recipient is an address");
	for (c = b.reason; *c != '\0'; c++)
		fuzz_need((unsigned char)*c >= ' ' && *c != 0x7F, "the reason is one clean line");
	return 0;
}
