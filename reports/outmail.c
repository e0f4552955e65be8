/*
 * outmail.c - the header of a ready-made mail read line by line, while it is copied.
 */
#include <string.h>
#include <strings.h>
#include <gmime/gmime.h>

#include "libopendmarc/base/domain.h"
#include "reports/mail.h"
#include "reports/outmail.h"

/* A mail while it is read. */
struct reader {
	struct report_outmail *m;
	struct odm_strbuf addresses;	/* value of the address field at hand */
	bool		 in_addresses;	/* the field at hand is To, Cc or Bcc */
	bool		 dropped;	/* it is Bcc */
};

/* Takes the next line, whichever way it ends; false at the end. */
static bool
next_line(struct odm_span *rest, struct odm_span *line_r)
{
	size_t len = 0;

	if (rest->len == 0)
		return false;
	while (len < rest->len && rest->at[len] != '\n' && rest->at[len] != '\r')
		len++;
	*line_r = odm_span_sub(*rest, 0, len);
	if (len + 1 < rest->len && rest->at[len] == '\r' && rest->at[len + 1] == '\n')
		len++;
	if (len < rest->len)
		len++;
	*rest = odm_span_sub(*rest, len, rest->len);
	return true;
}

/* Copies a line with "?" for each NUL. */
static void
add_line(struct odm_strbuf *out, struct odm_span line, const char *end)
{
	struct odm_span part;
	size_t len;

	for (;;) {
		len = odm_span_find(line, '\0');
		part = odm_span_sub(line, 0, len);
		odm_strbuf_add(out, part);
		if (len == line.len)
			break;
		odm_strbuf_addc(out, '?');
		line = odm_span_sub(line, len + 1, line.len);
	}
	odm_strbuf_adds(out, end);
}

static bool
is_known(const struct report_outmail *m, const char *address)
{
	size_t i;

	for (i = 0; i < m->nrecipients; i++)
		if (strcasecmp(m->recipients[i], address) == 0)
			return true;
	return false;
}

/* Adds a recipient, its domain in A-labels. */
static void
add_recipient(struct report_outmail *m, const char *text)
{
	struct odm_span whole = odm_span_str(text);
	size_t at = odm_span_rfind(whole, '@');
	char domain[ODM_NAME_MAX + 1], address[ODM_URI_ADDRESS_MAX + 1];
	int len = -1;

	if (at < whole.len && at <= ODM_URI_ADDRESS_MAX &&
	    odm_domain_normalise(odm_span_sub(whole, at + 1, whole.len), domain))
		len = snprintf(address, sizeof(address), "%.*s@%s", (int)at, text, domain);
	if (len <= 0 || (size_t)len >= sizeof(address) ||
	    !report_mail_address_okay(odm_span_str(address)))
		m->nrefused++;
	else if (is_known(m, address))
		;		/* it gets one copy */
	else if (m->nrecipients == REPORT_OUTMAIL_RECIPIENTS_MAX)
		m->too_many = true;
	else
		memcpy(m->recipients[m->nrecipients++], address, (size_t)len + 1);
}

/* The members of a list; groups do not stand in groups (RFC 5322, 3.4). */
static void
add_list(struct report_outmail *m, InternetAddressList *list, bool in_group)
{
	int i, n = internet_address_list_length(list);
	InternetAddress *a;
	const char *address;

	for (i = 0; i < n && !m->too_many; i++) {
		a = internet_address_list_get_address(list, i);
		if (INTERNET_ADDRESS_IS_MAILBOX(a)) {
			address = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(a));
			add_recipient(m, address == NULL ? "" : address);
		} else if (!in_group && INTERNET_ADDRESS_IS_GROUP(a)) {
			add_list(m, internet_address_group_get_members(INTERNET_ADDRESS_GROUP(a)),
			    true);
		} else {
			m->nrefused++;
		}
	}
}

/* The field at hand is complete. */
static void
end_field(struct reader *r)
{
	InternetAddressList *list;

	if (r->in_addresses && r->addresses.failed)
		r->m->too_many = true;
	else if (r->in_addresses && odm_span_trim(odm_strbuf_span(&r->addresses)).len > 0) {
		list = internet_address_list_parse(NULL, r->addresses.at);
		if (list == NULL)
			r->m->nrefused++;
		else
			add_list(r->m, list, false);
		if (list != NULL)
			g_object_unref(list);
	}
	odm_strbuf_clear(&r->addresses);
	r->in_addresses = r->dropped = false;
}

/* Reads a line of the header. */
static void
read_line(struct reader *r, struct odm_span line)
{
	size_t colon = odm_span_find(line, ':');
	struct odm_span name = odm_span_trim(odm_span_sub(line, 0, colon));

	if (line.len == 0 || !odm_is_wsp(line.at[0])) {
		end_field(r);
		r->dropped = colon < line.len && odm_span_ieq(name, "Bcc");
		r->in_addresses = r->dropped || (colon < line.len &&
		    (odm_span_ieq(name, "To") || odm_span_ieq(name, "Cc")));
		if (r->in_addresses)
			line = odm_span_sub(line, colon + 1, line.len);
	}
	if (r->in_addresses)
		add_line(&r->addresses, line, " ");
}

int
report_outmail_read(struct odm_span text, struct report_outmail *m_r)
{
	struct reader r = { .m = m_r };
	bool in_header = true;
	struct odm_span line;

	m_r->nrecipients = m_r->nrefused = 0;
	m_r->too_many = false;
	odm_strbuf_init(&m_r->mail, 2 * REPORT_OUTMAIL_MAX + 2);
	odm_strbuf_init(&r.addresses, REPORT_OUTMAIL_FIELD_MAX);
	if (text.len > REPORT_OUTMAIL_MAX)
		return -1;
	while (next_line(&text, &line)) {
		if (in_header)
			read_line(&r, line);
		in_header = in_header && line.len > 0;
		if (!r.dropped)
			add_line(&m_r->mail, line, "\r\n");
	}
	end_field(&r);
	odm_strbuf_free(&r.addresses);
	return m_r->mail.failed ? -1 : 0;
}

void
report_outmail_free(struct report_outmail *m)
{
	odm_strbuf_free(&m->mail);
}
