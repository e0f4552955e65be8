/*
 * reportid.c - the names of a report. RFC 9990, 3.1.4, 3.5.1 and 3.5.2.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <glib.h>

#include "reports/reportid.h"

/* The first digits of the SHA-256 over n texts, each with its NUL: none runs into the next. */
static void
hash_texts(const char *const *texts, size_t n, size_t digits, char *hex_r)
{
	GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
	size_t i;

	for (i = 0; i < n; i++)
		g_checksum_update(sum, (const guchar *)texts[i], (gssize)strlen(texts[i]) + 1);
	memcpy(hex_r, g_checksum_get_string(sum), digits);
	hex_r[digits] = '\0';
	g_checksum_free(sum);
}

void
report_id(const char *submitter, const char *policy_domain,
    const struct report_window *w, char id_r[REPORT_ID_LEN + 1])
{
	char begin[24], end[24], part[16], date[REPORT_DATE_SIZE];
	const char *texts[] = { submitter, policy_domain, begin, end, part };
	size_t n = w->part == 0 ? COUNT(texts) - 1 : COUNT(texts);

	(void)snprintf(begin, sizeof(begin), "%" PRId64, w->begin);
	(void)snprintf(end, sizeof(end), "%" PRId64, w->end);
	(void)snprintf(part, sizeof(part), "%d", w->part);
	report_window_date(w, date);
	memcpy(id_r, date, 4);
	memcpy(id_r + 4, date + 5, 2);
	memcpy(id_r + 6, date + 8, 2);
	hash_texts(texts, n, REPORT_ID_LEN - 8, id_r + 8);
}

bool
report_file_name(const char *submitter, const char *policy_domain,
    const struct report_window *w, char name_r[REPORT_FILE_NAME_SIZE])
{
	int len = snprintf(name_r, REPORT_FILE_NAME_SIZE,
	    "%s!%s!%" PRId64 "!%" PRId64 ".xml.gz", submitter, policy_domain,
	    w->begin, w->end - 1);

	return len > 0 && len < REPORT_FILE_NAME_SIZE && strchr(name_r, '/') == NULL;
}

bool
report_message_id(const char *submitter, const char *id, const char *destination,
    char text_r[REPORT_MESSAGE_ID_SIZE])
{
	const char *texts[] = { id, destination };
	char hex[17];
	int len;

	hash_texts(texts, COUNT(texts), sizeof(hex) - 1, hex);
	len = snprintf(text_r, REPORT_MESSAGE_ID_SIZE, "%s.%s@%s", id, hex, submitter);
	return len > 0 && len < REPORT_MESSAGE_ID_SIZE;
}
