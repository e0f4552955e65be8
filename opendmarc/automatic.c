/*
 * automatic.c - report mail and bounces, recognised by their header fields.
 */
#include "libopendmarc/parse/cfws.h"
#include "opendmarc/automatic.h"

/* Takes the next word of an unstructured field, up to white space. False at its end. */
static bool
take_word(struct odm_span *rest, struct odm_span *word_r)
{
	size_t len = 0;

	*rest = odm_span_trim(*rest);
	while (len < rest->len && !odm_is_fws(rest->at[len]))
		len++;
	*word_r = odm_span_sub(*rest, 0, len);
	*rest = odm_span_sub(*rest, len, rest->len);
	return len > 0;
}

static bool
take_this(struct odm_span *rest, const char *want)
{
	struct odm_span word;

	return take_word(rest, &word) && odm_span_ieq(word, want);
}

/*
 * "Report Domain: D Submitter: S Report-ID: <I>", RFC 9990, 3.5.2. RFC 7489 had no blank
 * behind the last colon; the report id may be missing.
 */
static bool
is_report_subject(struct odm_span value)
{
	static const char id[] = "Report-ID:";
	struct odm_span word;

	if (!take_this(&value, "Report") || !take_this(&value, "Domain:") ||
	    !take_word(&value, &word) || !take_this(&value, "Submitter:") ||
	    !take_word(&value, &word))
		return false;
	if (!take_word(&value, &word))
		return true;
	return word.len >= sizeof(id) - 1 &&
	    odm_span_ieq(odm_span_sub(word, 0, sizeof(id) - 1), id);
}

/* Takes c, after comments and white space. False, and nothing taken, when it is not there. */
static bool
take_octet(struct odm_span *rest, char c)
{
	if (!odm_cfws_skip(rest) || rest->len == 0 || rest->at[0] != c)
		return false;
	*rest = odm_span_sub(*rest, 1, rest->len);
	return true;
}

static bool
is_token_octet(char c)
{
	return c > ' ' && c < 0x7f && strchr("()<>@,;:\\\"/[]?=", c) == NULL;
}

/* Takes a token (RFC 2045, 5.1), after comments and white space; it may be empty. */
static struct odm_span
take_token(struct odm_span *rest)
{
	struct odm_span token;
	size_t len = 0;

	(void)odm_cfws_skip(rest);
	while (len < rest->len && is_token_octet(rest->at[len]))
		len++;
	token = odm_span_sub(*rest, 0, len);
	*rest = odm_span_sub(*rest, len, rest->len);
	return token;
}

/* Takes the value of a parameter; "" when there is none. */
static struct odm_span
take_value(struct odm_span *rest)
{
	struct odm_span value = { "", 0 };

	if (!odm_cfws_skip(rest) || rest->len == 0 || rest->at[0] != '"')
		return take_token(rest);
	(void)odm_quoted_take(rest, &value);
	return value;
}

/* Moves to the next ";" that is neither in a comment nor in a quoted string, or to the end. */
static void
skip_parameter(struct odm_span *rest)
{
	struct odm_span run;

	while (odm_cfws_skip(rest) && rest->len > 0 && rest->at[0] != ';')
		(void)odm_run_take(rest, &run);
}

/* The report-type of a multipart/report (RFC 6522, 3); "" for all else. The first counts. */
static struct odm_span
report_type(struct odm_span value)
{
	static const struct odm_span none = { "", 0 };

	if (!odm_span_ieq(take_token(&value), "multipart") || !take_octet(&value, '/') ||
	    !odm_span_ieq(take_token(&value), "report"))
		return none;
	for (;;) {
		skip_parameter(&value);
		if (!take_octet(&value, ';'))
			return none;
		if (odm_span_ieq(take_token(&value), "report-type") && take_octet(&value, '='))
			return take_value(&value);
	}
}

void
dmf_automatic_field(struct dmf_automatic *a, struct odm_span name, struct odm_span value)
{
	struct odm_span type;

	name = odm_span_trim(name);
	if (odm_span_ieq(name, "Subject")) {
		a->report = a->report || is_report_subject(value);
	} else if (odm_span_ieq(name, "Auto-Submitted")) {
		a->reply = a->reply || odm_span_ieq(take_token(&value), "auto-replied");
	} else if (odm_span_ieq(name, "Content-Type")) {
		type = report_type(value);
		a->report = a->report || odm_span_ieq(type, "feedback-report");
		a->reply = a->reply || odm_span_ieq(type, "delivery-status") ||
		    odm_span_ieq(type, "disposition-notification");
	}
}

/*
 * Who only writes like a report must not hide failing mail from the owner of the domain that
 * it claims. So a report has to pass, as RFC 9990, 3.5.2, demands of it: then it is the
 * owner's. Of a bounce that cannot be asked: few are signed, and the HELO name that
 * SPF is about need not align, so bounces of honest hosts fail, among them those of our own
 * report mail.
 */
enum history_automatic
dmf_automatic_kind(const struct dmf_automatic *a, bool null_sender, enum odm_dmarc result)
{
	if (a->report && result == ODM_DMARC_PASS)
		return HISTORY_AUTOMATIC_REPORT;
	if (a->reply && null_sender)
		return HISTORY_AUTOMATIC_BOUNCE;
	return HISTORY_AUTOMATIC_NO;
}
