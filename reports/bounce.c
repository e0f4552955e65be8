/*
 * bounce.c - delivery status notifications by GMime. RFC 3464, 2.2 and 2.3.
 */
#include <string.h>
#include <gmime/gmime.h>

#include "libopendmarc/base/strbuf.h"
#include "reports/bounce.h"
#include "reports/mail.h"

/* Parts of a notification that are looked at; there are three. */
#define PARTS_MAX	10

/* Octets of the machine-readable part: a few hundred for each recipient. */
#define STATUS_MAX	(64 * 1024)

/* What a group of fields about one recipient says. */
struct group {
	struct odm_span	 action, status, final, original, diagnostic;
};

static void
say(struct report_bounce *b, const char *reason)
{
	report_reason(reason, b->reason);
}

/* Takes the next field of a group; false at its end, which an empty line makes. */
static bool
next_field(struct odm_span *rest, struct odm_span *name_r, struct odm_span *value_r)
{
	struct odm_span line, more, whole;
	size_t colon;

	if (!odm_span_next(rest, '\n', &whole) || odm_span_trim(whole).len == 0)
		return false;
	for (more = *rest; more.len > 0 && odm_is_wsp(more.at[0]); *rest = more) {
		if (!odm_span_next(&more, '\n', &line) || odm_span_trim(line).len == 0)
			break;
		whole.len = (size_t)(line.at + line.len - whole.at);
	}
	colon = odm_span_find(whole, ':');
	*name_r = odm_span_trim(odm_span_sub(whole, 0, colon));
	*value_r = colon < whole.len ?
	    odm_span_trim(odm_span_sub(whole, colon + 1, whole.len)) : odm_span_str("");
	return true;
}

/* Reads one group; false when there are no more. */
static bool
next_group(struct odm_span *rest, struct group *g_r)
{
	struct odm_span name, value;

	*g_r = (struct group){ { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 } };
	if (rest->len == 0)
		return false;
	while (next_field(rest, &name, &value)) {
		if (odm_span_ieq(name, "Action"))
			g_r->action = value;
		else if (odm_span_ieq(name, "Status"))
			g_r->status = value;
		else if (odm_span_ieq(name, "Final-Recipient"))
			g_r->final = value;
		else if (odm_span_ieq(name, "Original-Recipient"))
			g_r->original = value;
		else if (odm_span_ieq(name, "Diagnostic-Code"))
			g_r->diagnostic = value;
	}
	return true;
}

/* The address in "rfc822; address". False when there is none that we could have used. */
static bool
typed_address(struct odm_span value, char address_r[ODM_URI_ADDRESS_MAX + 1])
{
	struct odm_span address = odm_span_trim(odm_span_sub(value,
	    odm_span_find(value, ';') + 1, value.len));

	return report_mail_address_okay(address) &&
	    odm_span_copy(address, address_r, ODM_URI_ADDRESS_MAX + 1);
}

/* The status without the comment that may follow; "" when it is none. */
static void
take_status(struct odm_span value, char status_r[16])
{
	size_t len = 0;

	while (len < value.len && (odm_is_digit(value.at[len]) || value.at[len] == '.'))
		len++;
	if (!odm_span_copy(odm_span_sub(value, 0, len), status_r, 16))
		status_r[0] = '\0';
}

static void
take_reason(const struct group *g, struct report_bounce *b)
{
	char text[REPORT_REASON_SIZE];
	struct odm_span said = g->diagnostic.len > 0 ? g->diagnostic : g->status;

	if (said.len >= sizeof(text))
		said.len = sizeof(text) - 1;
	if (!odm_span_copy(said, text, sizeof(text)))	/* it holds a NUL */
		text[0] = '\0';
	say(b, text);
}

/* The first recipient of ours among addresses; to is NULL or one of them. */
static bool
find_recipient(GMimeMessage *message, const char *to, const char *email, const char *hint,
    const struct report_verp_key *key, struct report_bounce *b)
{
	static const char *const fields[] = { "Delivered-To", "X-Original-To", "Envelope-To",
	    "To" };
	InternetAddressList *list;
	bool found = false;
	size_t i;
	int k, n;

	if (to != NULL)
		return report_verp_recipient(key, email, to, hint, b->recipient);
	for (i = 0; i < COUNT(fields) && !found; i++) {
		const char *text = g_mime_object_get_header(GMIME_OBJECT(message), fields[i]);

		list = text == NULL ? NULL : internet_address_list_parse(NULL, text);
		n = list == NULL ? 0 : internet_address_list_length(list);
		for (k = 0; k < n && k < PARTS_MAX && !found; k++) {
			InternetAddress *a = internet_address_list_get_address(list, k);

			if (INTERNET_ADDRESS_IS_MAILBOX(a))
				found = report_verp_recipient(key, email,
				    internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(a)),
				    hint, b->recipient);
		}
		if (list != NULL)
			g_object_unref(list);
	}
	return found;
}

/* Looks through the groups for the recipient to whom the mail's address belongs. */
static void
judge(GMimeMessage *message, struct odm_span status, const char *to, const char *email,
    const struct report_verp_key *key, struct report_bounce *b)
{
	char hint[ODM_URI_ADDRESS_MAX + 1];
	struct group g;

	say(b, "it did not come to an address that --verp makes");
	(void)next_group(&status, &g);		/* the fields about the message as a whole */
	while (next_group(&status, &g)) {
		if (g.action.len == 0)
			continue;
		if (!(typed_address(g.original, hint) &&
		    find_recipient(message, to, email, hint, key, b)) &&
		    !find_recipient(message, to, email, typed_address(g.final, hint) ? hint : NULL,
		    key, b))
			continue;
		take_status(g.status, b->status);
		take_reason(&g, b);
		b->kind = odm_span_ieq(g.action, "failed") ? REPORT_BOUNCE_FAILED :
		    REPORT_BOUNCE_DELAYED;
		if (b->kind == REPORT_BOUNCE_FAILED)
			return;
	}
}

/* The content of the machine-readable part, appended to out; false without one. */
static bool
read_status(GMimeMessage *message, struct odm_strbuf *out)
{
	GMimeObject *top = g_mime_message_get_mime_part(message), *part;
	GMimeDataWrapper *content;
	GMimeStream *stream;
	GByteArray *octets;
	const char *type;
	int i;

	if (top == NULL || !GMIME_IS_MULTIPART(top) ||
	    !g_mime_content_type_is_type(g_mime_object_get_content_type(top), "multipart",
	    "report"))
		return false;
	type = g_mime_object_get_content_type_parameter(top, "report-type");
	if (type == NULL || g_ascii_strcasecmp(type, "delivery-status") != 0)
		return false;
	for (i = 0; i < PARTS_MAX && i < g_mime_multipart_get_count(GMIME_MULTIPART(top)); i++) {
		part = g_mime_multipart_get_part(GMIME_MULTIPART(top), i);
		if (!GMIME_IS_PART(part) ||
		    (!g_mime_content_type_is_type(g_mime_object_get_content_type(part), "message",
		    "delivery-status") && !g_mime_content_type_is_type(
		    g_mime_object_get_content_type(part), "message", "global-delivery-status")))
			continue;
		if ((content = g_mime_part_get_content(GMIME_PART(part))) == NULL)
			return false;
		octets = g_byte_array_new();
		stream = g_mime_stream_mem_new_with_byte_array(octets);
		g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
		(void)g_mime_data_wrapper_write_to_stream(content, stream);
		odm_strbuf_add(out, (struct odm_span){ (const char *)octets->data,
		    octets->len < STATUS_MAX ? octets->len : STATUS_MAX });
		g_object_unref(stream);
		g_byte_array_free(octets, TRUE);
		return !out->failed;
	}
	return false;
}

void
report_bounce_read(struct odm_span mail, const char *to, const char *email,
    const struct report_verp_key *key, struct report_bounce *bounce_r)
{
	GMimeStream *stream = g_mime_stream_mem_new_with_buffer(mail.at, mail.len);
	GMimeParser *parser = g_mime_parser_new_with_stream(stream);
	GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
	struct odm_strbuf status;

	*bounce_r = (struct report_bounce){ .kind = REPORT_BOUNCE_OTHER };
	odm_strbuf_init(&status, STATUS_MAX);
	if (message == NULL || !read_status(message, &status))
		say(bounce_r, "it is no delivery status notification");
	else
		judge(message, odm_strbuf_span(&status), to, email, key, bounce_r);
	if (bounce_r->kind == REPORT_BOUNCE_OTHER)
		bounce_r->recipient[0] = '\0';
	odm_strbuf_free(&status);
	if (message != NULL)
		g_object_unref(message);
	g_object_unref(parser);
	g_object_unref(stream);
}
