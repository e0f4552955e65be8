/*
 * arf.c - the mail of a failure report, composed by GMime. RFC 9991, 3 and 4.
 */
#include "config.h"

#include <gmime/gmime.h>

#include "reports/arf.h"
#include "reports/arffields.h"
#include "reports/mail_private.h"

/* The longest line that mail carries (RFC 5322, 2.1.1), its end not counted. */
#define LINE_MAX_OCTETS	998

bool
report_arf_sender(const char *from, char address_r[ODM_URI_ADDRESS_MAX + 1])
{
	InternetAddressList *list = internet_address_list_parse(NULL, from);
	InternetAddress *one;
	const char *address;
	bool okay = false;

	if (list != NULL && internet_address_list_length(list) == 1) {
		one = internet_address_list_get_address(list, 0);
		address = INTERNET_ADDRESS_IS_MAILBOX(one) ?
		    internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(one)) : NULL;
		okay = address != NULL && report_mail_address_okay(odm_span_str(address)) &&
		    odm_span_copy(odm_span_str(address), address_r, ODM_URI_ADDRESS_MAX + 1);
	}
	if (list != NULL)
		g_object_unref(list);
	return okay;
}

static void
set_from(GMimeMessage *message, const char *from)
{
	InternetAddressList *list = internet_address_list_parse(NULL, from);

	if (list == NULL)
		return;
	internet_address_list_append(g_mime_message_get_from(message), list);
	g_object_unref(list);
}

static void
set_headers(GMimeMessage *message, const struct report_arf *a)
{
	const struct failure *f = a->failure;
	GDateTime *date = g_date_time_new_from_unix_utc(a->date);
	struct odm_strbuf subject;

	odm_strbuf_init(&subject, 2 * FAILURE_VALUE_MAX);
	odm_strbuf_adds(&subject, "DMARC failure report for ");
	report_arf_ascii(odm_span_str(f->author_domain), &subject);
	odm_strbuf_adds(&subject, " received from ");
	report_arf_ascii(odm_span_str(f->ip), &subject);
	set_from(message, a->from);
	g_mime_message_add_mailbox(message, GMIME_ADDRESS_TYPE_TO, NULL, a->to);
	g_mime_message_set_subject(message, subject.at, NULL);
	if (date != NULL)
		g_mime_message_set_date(message, date);
	g_mime_message_set_message_id(message, a->message_id);
	g_mime_object_set_header(GMIME_OBJECT(message), "Auto-Submitted", "auto-generated", NULL);
	odm_strbuf_free(&subject);
	if (date != NULL)
		g_date_time_unref(date);
}

/* True when text can stand in a mail as it is: 7 bit, and no line too long. */
static bool
is_plain(struct odm_span text)
{
	size_t i, line = 0;

	for (i = 0; i < text.len; i++) {
		if ((unsigned char)text.at[i] >= 0x7f || text.at[i] == '\0')
			return false;
		line = text.at[i] == '\n' ? 0 : line + 1;
		if (line > LINE_MAX_OCTETS)
			return false;
	}
	return true;
}

/* A part that holds text as it is, in an encoding only where it needs one. */
static void
add_part(GMimeMultipart *body, const char *type, const char *subtype, struct odm_span text)
{
	GMimePart *part = g_mime_part_new_with_type(type, subtype);
	GMimeStream *stream = g_mime_stream_mem_new_with_buffer(text.at, text.len);
	GMimeDataWrapper *content = g_mime_data_wrapper_new_with_stream(stream,
	    GMIME_CONTENT_ENCODING_DEFAULT);

	g_mime_part_set_content_encoding(part, is_plain(text) ?
	    GMIME_CONTENT_ENCODING_7BIT : GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
	g_mime_part_set_content(part, content);
	g_mime_multipart_add(body, GMIME_OBJECT(part));
	g_object_unref(content);
	g_object_unref(stream);
	g_object_unref(part);
}

/* The part for people. */
static void
write_text(const struct report_arf *a, struct odm_strbuf *out)
{
	const struct failure *f = a->failure;

	odm_strbuf_adds(out, "This is an authentication failure report about a message that\n"
	    "claimed to come from ");
	report_arf_ascii(odm_span_str(f->author_domain), out);
	odm_strbuf_adds(out, " and was received from\n");
	report_arf_ascii(odm_span_str(f->ip), out);
	odm_strbuf_adds(out, " on ");
	report_arf_date(f->arrived, out);
	odm_strbuf_adds(out, ".\n");
	if (a->incidents > 1)
		odm_strbuf_addf(out, "It stands for %u messages that failed alike.\n",
		    a->incidents);
	if (a->redact != NULL)
		odm_strbuf_adds(out, "Texts that tell of persons are replaced by tokens, the same "
		    "text by the\nsame token.\n");
	odm_strbuf_adds(out, "The domain asks for such reports in its DMARC record (ruf, fo).\n"
	    "They are explained in RFC 9991.\n");
}

/* The header of the message: line ends without CR, lines that are no field left out. */
static void
write_header(const struct report_arf *a, struct odm_strbuf *out)
{
	struct odm_span header = a->failure->header, name, value;
	struct odm_strbuf hidden;
	size_t i;

	odm_strbuf_init(&hidden, REPORT_ARF_MAX);
	if (a->redact != NULL) {
		report_redact_header(a->redact, header, &hidden);
		header = odm_strbuf_span(&hidden);
	}
	while (failure_field(&header, &name, &value)) {
		odm_strbuf_add(out, name);
		odm_strbuf_addc(out, ':');
		for (i = 0; i < value.len; i++)
			if (value.at[i] != '\r')
				odm_strbuf_addc(out, value.at[i] == '\0' ? '?' : value.at[i]);
		odm_strbuf_addc(out, '\n');
	}
	out->failed = out->failed || hidden.failed;
	odm_strbuf_free(&hidden);
}

/* False when memory is short. The parts hold copies of the buffers until they are written. */
static bool
add_parts(GMimeMultipart *body, const struct report_arf *a, struct odm_strbuf texts[3])
{
	write_text(a, &texts[0]);
	report_arf_fields(a, &texts[1]);
	write_header(a, &texts[2]);
	if (texts[0].failed || texts[1].failed || texts[2].failed)
		return false;
	add_part(body, "text", "plain", odm_strbuf_span(&texts[0]));
	add_part(body, "message", "feedback-report", odm_strbuf_span(&texts[1]));
	add_part(body, "text", "rfc822-headers", odm_strbuf_span(&texts[2]));
	return true;
}

int
report_arf_write(const struct report_arf *a, struct odm_strbuf *out)
{
	GMimeMessage *message = g_mime_message_new(TRUE);
	GMimeMultipart *body = g_mime_multipart_new_with_subtype("report");
	char *boundary = g_strdup_printf("failure-%s", a->boundary_id);
	struct odm_strbuf texts[3];
	bool okay;
	size_t i;

	for (i = 0; i < COUNT(texts); i++)
		odm_strbuf_init(&texts[i], REPORT_ARF_MAX);
	set_headers(message, a);
	g_mime_object_set_content_type_parameter(GMIME_OBJECT(body), "report-type",
	    "feedback-report");
	g_mime_multipart_set_boundary(body, boundary);
	okay = add_parts(body, a, texts);
	g_mime_message_set_mime_part(message, GMIME_OBJECT(body));
	okay = okay && report_mail_print(message, out);
	for (i = 0; i < COUNT(texts); i++)
		odm_strbuf_free(&texts[i]);
	g_object_unref(body);
	g_object_unref(message);
	g_free(boundary);
	return okay ? 0 : -1;
}
