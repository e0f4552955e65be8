/*
 * mail.c - the mail of an aggregate report, composed by GMime. RFC 9990, 3.5.2.
 */
#include <inttypes.h>
#include <gmime/gmime.h>

#include "libopendmarc/base/domain.h"
#include "reports/cleantext.h"
#include "reports/mail_private.h"

void
report_mail_init(void)
{
	g_mime_init();
}

void
report_mail_exit(void)
{
	g_mime_shutdown();
}

bool
report_mail_address_okay(struct odm_span address)
{
	static const char refused[] = "<>()[],:;\\\"@";
	size_t at = odm_span_rfind(address, '@'), i;
	char name[ODM_NAME_MAX + 1];
	struct odm_span domain;

	if (at == 0 || at == address.len || at > 64 || address.at[0] == '-')
		return false;
	for (i = 0; i < at; i++)
		if (address.at[i] <= ' ' || address.at[i] > '~' ||
		    strchr(refused, address.at[i]) != NULL)
			return false;
	domain = odm_span_sub(address, at + 1, address.len);
	return odm_domain_normalise(domain, name) && odm_span_ieq(domain, name);
}

/* Sets a header field to a text that GMime must not touch; folds are "\n ". */
static void
set_raw_header(GMimeObject *object, const char *name, const char *raw)
{
	GMimeHeaderList *list = g_mime_object_get_header_list(object);

	g_mime_header_list_set(list, name, "", NULL);
	g_mime_header_set_raw_value(g_mime_header_list_get_header(list, name), raw);
}

static void
set_addresses(GMimeMessage *message, const struct report_mail *m)
{
	struct odm_strbuf name;

	odm_strbuf_init(&name, REPORT_TEXT_MAX);
	report_clean_text(odm_span_str(m->from_name), REPORT_TEXT_MAX, &name);
	g_mime_message_add_mailbox(message, GMIME_ADDRESS_TYPE_FROM,
	    name.len > 0 ? name.at : NULL, m->from_address);
	g_mime_message_add_mailbox(message, GMIME_ADDRESS_TYPE_TO, NULL, m->to);
	odm_strbuf_free(&name);
}

static void
set_headers(GMimeMessage *message, const struct report_mail *m)
{
	GDateTime *date = g_date_time_new_from_unix_utc(m->date);
	char *subject = g_strdup_printf(" Report Domain: %s\n Submitter: %s\n Report-ID: <%s>\n",
	    m->policy_domain, m->submitter, m->report_id);

	set_addresses(message, m);
	/* The words are compared by programs: never encoded, folded between them only. */
	set_raw_header(GMIME_OBJECT(message), "Subject", subject);
	if (date != NULL)
		g_mime_message_set_date(message, date);
	g_mime_message_set_message_id(message, m->message_id);
	g_mime_object_set_header(GMIME_OBJECT(message), "Auto-Submitted", "auto-generated", NULL);
	g_free(subject);
	if (date != NULL)
		g_date_time_unref(date);
}

/* The part for people. */
static GMimeObject *
text_part(const struct report_mail *m)
{
	GMimeTextPart *part = g_mime_text_part_new_with_subtype("plain");
	GDateTime *date = g_date_time_new_from_unix_utc(m->date);
	char *made = date == NULL ? NULL : g_mime_utils_header_format_date(date);
	char day[REPORT_DATE_SIZE], *text;

	report_window_date(&m->window, day);
	text = g_strdup_printf("This is a DMARC aggregate report for %s\n"
	    "by %s about %s (UTC):\n"
	    "%" PRIu64 " messages in %" PRIu64 " rows.\n"
	    "Generated at %s\n",
	    m->policy_domain, m->submitter, day, m->messages, m->rows,
	    made == NULL ? "" : made);
	g_mime_text_part_set_charset(part, "us-ascii");
	g_mime_text_part_set_text(part, text);
	g_free(text);
	g_free(made);
	if (date != NULL)
		g_date_time_unref(date);
	return GMIME_OBJECT(part);
}

/*
 * The report. The file name is written in one piece: GMime would cut a long one by
 * RFC 2231, which not every reader of reports puts together again.
 */
static GMimeObject *
report_part(const struct report_mail *m)
{
	GMimePart *part = g_mime_part_new_with_type("application", "gzip");
	GMimeStream *stream = g_mime_stream_mem_new_with_buffer(m->packed.at, m->packed.len);
	GMimeDataWrapper *content = g_mime_data_wrapper_new_with_stream(stream,
	    GMIME_CONTENT_ENCODING_DEFAULT);
	char *type = g_strdup_printf(" application/gzip;\n name=\"%s\"\n", m->file_name);
	char *place = g_strdup_printf(" attachment;\n filename=\"%s\"\n", m->file_name);

	g_mime_part_set_content_encoding(part, GMIME_CONTENT_ENCODING_BASE64);
	g_mime_part_set_content(part, content);
	set_raw_header(GMIME_OBJECT(part), "Content-Disposition", place);
	set_raw_header(GMIME_OBJECT(part), "Content-Type", type);
	g_free(place);
	g_free(type);
	g_object_unref(content);
	g_object_unref(stream);
	return GMIME_OBJECT(part);
}

static GMimeMessage *
compose(const struct report_mail *m)
{
	GMimeMessage *message = g_mime_message_new(TRUE);
	GMimeMultipart *body = g_mime_multipart_new_with_subtype("mixed");
	char *boundary = g_strdup_printf("report-%s", m->report_id);
	GMimeObject *part;

	set_headers(message, m);
	g_mime_multipart_set_boundary(body, boundary);
	part = text_part(m);
	g_mime_multipart_add(body, part);
	g_object_unref(part);
	part = report_part(m);
	g_mime_multipart_add(body, part);
	g_object_unref(part);
	g_mime_message_set_mime_part(message, GMIME_OBJECT(body));
	g_object_unref(body);
	g_free(boundary);
	return message;
}

bool
report_mail_print(GMimeMessage *message, struct odm_strbuf *out)
{
	GMimeFormatOptions *format = g_mime_format_options_new();
	GByteArray *octets = g_byte_array_new();
	GMimeStream *stream = g_mime_stream_mem_new_with_byte_array(octets);
	bool written;

	g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
	g_mime_format_options_set_newline_format(format, GMIME_NEWLINE_FORMAT_DOS);
	written = g_mime_object_write_to_stream(GMIME_OBJECT(message), format, stream) >= 0;
	odm_strbuf_clear(out);
	if (written)
		odm_strbuf_add(out, (struct odm_span){ (const char *)octets->data, octets->len });
	g_object_unref(stream);
	g_byte_array_free(octets, TRUE);
	g_mime_format_options_free(format);
	return written && !out->failed;
}

int
report_mail_write(const struct report_mail *m, struct odm_strbuf *out)
{
	GMimeMessage *message = compose(m);
	bool okay = report_mail_print(message, out);

	g_object_unref(message);
	return okay ? 0 : -1;
}
