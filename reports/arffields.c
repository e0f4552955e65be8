/*
 * arffields.c - the part of a failure report that programs read.
 */
#include "config.h"

#include <time.h>

#include "libopendmarc/base/ipaddr.h"
#include "libopendmarc/parse/authwrite.h"
#include "reports/arffields.h"

/* Lines are folded at the first blank behind this column; octets after so many without one go. */
#define FOLD_COLUMN	70
#define LINE_MAX_OCTETS	900

void
report_arf_ascii(struct odm_span text, struct odm_strbuf *out)
{
	size_t i;

	for (i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.at[i];

		odm_strbuf_addc(out, odm_is_fws(text.at[i]) ? ' ' :
		    c > ' ' && c < 0x7f ? text.at[i] : '?');
	}
}

void
report_arf_date(int64_t when, struct odm_strbuf *out)
{
	static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug",
		"Sep", "Oct", "Nov", "Dec" };
	time_t secs = (time_t)when;
	struct tm tm;

	if (gmtime_r(&secs, &tm) == NULL || tm.tm_year > 9999 - 1900) {
		secs = 0;
		(void)gmtime_r(&secs, &tm);
	}
	odm_strbuf_addf(out, "%s, %d %s %d %02d:%02d:%02d +0000", days[tm.tm_wday], tm.tm_mday,
	    months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* One field, made ASCII and folded. */
static void
add_field(struct odm_strbuf *out, const char *name, struct odm_span value)
{
	struct odm_strbuf clean;
	size_t i, column = strlen(name) + 2, line = column;

	odm_strbuf_init(&clean, REPORT_ARF_MAX);
	report_arf_ascii(value, &clean);
	odm_strbuf_addf(out, "%s: ", name);
	for (i = 0; i < clean.len; i++, column++, line++) {
		if (clean.at[i] == ' ' && column > FOLD_COLUMN && i + 1 < clean.len &&
		    clean.at[i + 1] != ' ') {
			odm_strbuf_adds(out, "\n ");
			column = line = 1;
		} else if (line < LINE_MAX_OCTETS) {
			odm_strbuf_addc(out, clean.at[i]);
		}
	}
	odm_strbuf_addc(out, '\n');
	out->failed = out->failed || clean.failed;
	odm_strbuf_free(&clean);
}

static void
add_text(struct odm_strbuf *out, const char *name, const char *value)
{
	add_field(out, name, odm_span_str(value));
}

/* A field whose value is built first and then forgotten. */
static void
add_built(struct odm_strbuf *out, const char *name, struct odm_strbuf *value)
{
	add_field(out, name, odm_strbuf_span(value));
	out->failed = out->failed || value->failed;
	odm_strbuf_clear(value);
}

/* An address whose private part is hidden where that is asked for. */
static void
add_address(const struct report_arf *a, const char *address, struct odm_strbuf *out)
{
	struct odm_span s = odm_span_str(address);
	size_t at = odm_span_rfind(s, '@');
	char token[REPORT_TOKEN_LEN + 1];

	if (a->redact == NULL || at == 0 || s.len == 0) {
		odm_strbuf_add(out, s);
		return;
	}
	report_redact_token(a->redact, odm_span_sub(s, 0, at), token);
	odm_strbuf_adds(out, token);
	odm_strbuf_add(out, odm_span_sub(s, at, s.len));
}

/* The kind that the report is of: the failure of DMARC comes first. */
static enum failure_kind
main_kind(const struct failure *f)
{
	if ((f->kinds & FAILURE_DMARC) != 0)
		return FAILURE_DMARC;
	return (f->kinds & FAILURE_DKIM) != 0 ? FAILURE_DKIM : FAILURE_SPF;
}

/* How much a DKIM result tells about the failure: the domain's own failed ones most. */
static int
weight(const struct failure *f, const struct failure_dkim *d)
{
	int weight = d->result == ODM_RESULT_PASS ? 0 : 4;

	if (strcmp(d->domain, f->author_domain) == 0)
		return weight + 3;
	if (strcmp(d->domain, f->policy_domain) == 0)
		return weight + 2;
	return weight + (strcmp(d->domain, f->org_domain) == 0);
}

/* The DKIM result to tell of: each field may stand once. NULL without any. */
static const struct failure_dkim *
chosen_dkim(const struct failure *f)
{
	const struct failure_dkim *best = NULL;
	size_t i;

	for (i = 0; i < f->ndkim; i++)
		if (best == NULL || weight(f, &f->dkim[i]) > weight(f, best))
			best = &f->dkim[i];
	return best;
}

/* RFC 6591, 3.1: the result of a single method. */
static void
write_results(const struct report_arf *a, struct odm_strbuf *out)
{
	const struct failure *f = a->failure;
	const struct failure_dkim *d = chosen_dkim(f);
	enum failure_kind kind = main_kind(f);
	struct odm_strbuf comment;
	struct odm_authwrite w;

	odm_strbuf_init(&comment, REPORT_ARF_MAX);
	odm_authwrite_open(&w, out, f->authserv_id, 0);
	if (kind == FAILURE_DKIM && d != NULL) {
		odm_authwrite_result(&w, "dkim", odm_result_name(d->result));
		odm_authwrite_prop(&w, "header", "d", d->domain);
		if (d->selector[0] != '\0')
			odm_authwrite_prop(&w, "header", "s", d->selector);
	} else if (kind == FAILURE_SPF) {
		odm_authwrite_result(&w, "spf", odm_result_name(f->spf));
		odm_authwrite_prop(&w, "smtp", f->spf_is_helo ? "helo" : "mailfrom", f->spf_domain);
	} else {
		odm_authwrite_result(&w, "dmarc", f->result);
		odm_strbuf_addf(&comment, "p=%s dis=%s", f->published, f->disposition);
		if (f->published[0] != '\0')
			odm_authwrite_comment(&w, comment.at);
		odm_authwrite_prop(&w, "header", "from", f->author_domain);
	}
	odm_strbuf_free(&comment);
}

static const char *
auth_failure(enum failure_kind kind)
{
	switch (kind) {
	case FAILURE_DMARC:
		return "dmarc";
	case FAILURE_DKIM:
		return "signature";
	case FAILURE_SPF:
		return "spf";
	}
	return "dmarc";
}

/* RFC 9991, 4: the mechanisms that gave no pass that aligns. */
static const char *
identity_alignment(const struct failure *f)
{
	if (!f->dkim_aligned && !f->spf_aligned)
		return "dkim, spf";
	if (!f->dkim_aligned)
		return "dkim";
	return f->spf_aligned ? "none" : "spf";
}

static void
add_dkim(const struct report_arf *a, struct odm_strbuf *out, struct odm_strbuf *value)
{
	const struct failure_dkim *d = chosen_dkim(a->failure);

	if (d == NULL)
		return;
	add_text(out, "DKIM-Domain", d->domain);
	if (d->identity[0] == '\0')
		odm_strbuf_addf(value, "@%s", d->domain);
	else
		add_address(a, d->identity, value);
	add_built(out, "DKIM-Identity", value);
	if (d->selector[0] != '\0')
		add_text(out, "DKIM-Selector", d->selector);
}

/* txt : domain : "record". RFC 6591, 3.2.6. */
static void
add_spf(const struct report_arf *a, struct odm_strbuf *out, struct odm_strbuf *value)
{
	const char *c;

	if (a->spf_record == NULL || a->failure->spf_domain[0] == '\0')
		return;
	odm_strbuf_addf(value, "txt : %s : \"", a->failure->spf_domain);
	for (c = a->spf_record; *c != '\0'; c++) {
		if (*c == '"' || *c == '\\')
			odm_strbuf_addc(value, '\\');
		odm_strbuf_addc(value, *c);
	}
	odm_strbuf_addc(value, '"');
	add_built(out, "SPF-DNS", value);
}

static void
add_envelope(const struct report_arf *a, struct odm_strbuf *out, struct odm_strbuf *value)
{
	const struct failure *f = a->failure;
	struct odm_ip ip;

	if (f->job[0] != '\0')
		add_text(out, "Original-Envelope-Id", f->job);
	odm_strbuf_addc(value, '<');
	add_address(a, f->mail_from, value);
	odm_strbuf_addc(value, '>');
	add_built(out, "Original-Mail-From", value);
	report_arf_date(f->arrived, value);
	add_built(out, "Arrival-Date", value);
	odm_strbuf_addf(value, "dns; %s", f->reporter);
	add_built(out, "Reporting-MTA", value);
	/* An address literal without its brackets: RFC 5321, 4.1.3. */
	if (odm_ip_parse(odm_span_str(f->ip), &ip) && ip.family == AF_INET6)
		odm_strbuf_adds(value, "IPv6:");
	odm_strbuf_adds(value, f->ip);
	add_built(out, "Source-IP", value);
	if (f->port != 0) {
		odm_strbuf_addf(value, "%u", f->port);
		add_built(out, "Source-Port", value);
	}
}

void
report_arf_fields(const struct report_arf *a, struct odm_strbuf *out)
{
	const struct failure *f = a->failure;
	struct odm_strbuf value;

	odm_strbuf_init(&value, REPORT_ARF_MAX);
	add_text(out, "Feedback-Type", "auth-failure");
	add_text(out, "Version", "1");
	add_text(out, "User-Agent", "OpenDMARC/" PACKAGE_VERSION);
	add_text(out, "Auth-Failure", auth_failure(main_kind(f)));
	write_results(a, &value);
	add_built(out, "Authentication-Results", &value);
	add_text(out, "Identity-Alignment", identity_alignment(f));
	add_dkim(a, out, &value);
	add_spf(a, out, &value);
	add_text(out, "Delivery-Result", failure_delivery_name(f->delivery));
	add_envelope(a, out, &value);
	add_text(out, "Reported-Domain", f->author_domain);
	odm_strbuf_addf(&value, "%u", a->incidents);
	add_built(out, "Incidents", &value);
	odm_strbuf_free(&value);
}
