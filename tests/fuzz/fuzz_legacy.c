/*
 * fuzz_legacy.c - what the 1.x API reads from outside. The first octet says as what the
 * rest is read: "p" an answer packet for _dmarc.example.com, "x" an aggregate report,
 * "f" a From field, and anything else a record.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#include "libopendmarc/legacy/legacy.h"

static void
read_packet(const uint8_t *octets, size_t len)
{
	struct odm_span txt[ODM_TXT_RECORDS_MAX], whole;
	struct odm_answer answer;
	u_char *packet = malloc(len > 0 ? len : 1);
	size_t i;

	if (packet == NULL)
		return;
	memcpy(packet, octets, len);
	whole = (struct odm_span){ (const char *)packet, len };
	answer = legacy_read_packet(packet, (int)len, "_dmarc.example.com", txt);
	fuzz_need((answer.status == ODM_ANSWER_RECORDS) == (answer.ntxt > 0), "found means records");
	for (i = 0; i < answer.ntxt; i++)
		fuzz_inside(answer.txt[i], whole);
	free(packet);
}

static void
read_report(char *text, size_t len)
{
	char error[40] = "";
	u_char **lines = opendmarc_xml(text, len, error, sizeof(error));

	fuzz_need((lines != NULL) != (error[0] != '\0'), "lines or a reason");
	fuzz_need(lines == NULL || lines[0] != NULL, "a line of names");
	(void)opendmarc_util_clearargv(lines);
}

static void
read_message(u_char *text, bool is_from)
{
	DMARC_POLICY_T *c = opendmarc_policy_connect_init(text, 0);
	u_char buf[100], from[] = "example.com";
	char dump[200];
	int policy;

	if (c == NULL)
		return;
	(void)opendmarc_policy_store_from_domain(c, is_from ? text : from);
	(void)opendmarc_policy_store_spf(c, text, 1, 1, text);
	(void)opendmarc_policy_store_dkim(c, text, text, 1, text);
	if (!is_from && opendmarc_policy_store_dmarc(c, text, from, NULL) == DMARC_PARSE_OKAY) {
		policy = opendmarc_get_policy_to_enforce(c);
		fuzz_need(policy >= DMARC_POLICY_PASS && policy <= DMARC_POLICY_NONE, "a policy");
	}
	(void)opendmarc_util_clearargv(opendmarc_policy_fetch_rua(c, NULL, 0, 0));
	(void)opendmarc_policy_fetch_utilized_domain(c, buf, sizeof(buf));
	(void)opendmarc_policy_to_buf(c, dump, sizeof(dump));
	(void)opendmarc_policy_connect_shutdown(c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	char *text;

	if (len == 0 || len > 100000)
		return 0;
	if (octets[0] == 'p') {
		read_packet(octets + 1, len - 1);
		return 0;
	}
	text = malloc(len);
	if (text == NULL)
		return 0;
	memcpy(text, octets + 1, len - 1);
	text[len - 1] = '\0';
	if (octets[0] == 'x')
		read_report(text, len - 1);
	else
		read_message((u_char *)text, octets[0] == 'f');
	free(text);
	return 0;
}
