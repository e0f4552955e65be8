/*
 * arheader.c - the header fields that the daemon adds. RFC 8601, 2.2; RFC 9989, 9.
 */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "opendmarc/arheader.h"

/* RFC 2045, 5.1: a token has no white space, control or 8-bit octets, and none of these. */
static bool
is_token(const char *text)
{
	const char *c;

	for (c = text; *c != '\0'; c++)
		if (*c <= ' ' || *c >= 0x7f || strchr("()<>@,;:\\\"/[]?=", *c) != NULL)
			return false;
	return c != text;
}

/* A value as token or quoted string; control characters cannot be said, so they are not. */
static void
add_value(struct odm_strbuf *out, const char *text)
{
	const char *c;

	if (is_token(text)) {
		odm_strbuf_adds(out, text);
		return;
	}
	odm_strbuf_addc(out, '"');
	for (c = text; *c != '\0'; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			continue;
		if (*c == '"' || *c == '\\')
			odm_strbuf_addc(out, '\\');
		odm_strbuf_addc(out, *c);
	}
	odm_strbuf_addc(out, '"');
}

void
dmf_ar_dmarc(struct odm_strbuf *out, const char *id, const struct dmf_decision *d)
{
	add_value(out, id);
	odm_strbuf_addf(out, "; dmarc=%s (p=%s dis=%s)", odm_dmarc_name(d->result),
	    d->published, d->disposition);
	if (d->author_domain != NULL) {
		odm_strbuf_adds(out, " header.from=");
		add_value(out, d->author_domain);
	}
	if (d->effective != NULL)
		odm_strbuf_addf(out, " policy.dmarc=%s", d->effective);
}

void
dmf_ar_spf(struct odm_strbuf *out, const char *id, enum odm_result result,
    bool helo, const char *domain)
{
	add_value(out, id);
	odm_strbuf_addf(out, "; spf=%s", odm_result_name(result));
	if (domain[0] == '\0')
		return;
	odm_strbuf_adds(out, helo ? " smtp.helo=" : " smtp.mailfrom=");
	add_value(out, domain);
}

/* Names and queue ids come from the MTA; whatever it sends, the field stays one line. */
static void
add_word(struct odm_strbuf *out, const char *word)
{
	odm_strbuf_addc(out, ' ');
	for (; *word != '\0'; word++)
		odm_strbuf_addc(out, (unsigned char)*word > ' ' && *word != 0x7f ? *word : '_');
}

void
dmf_software(struct odm_strbuf *out, const char *mta_name, const char *host_name,
    const char *job)
{
	odm_strbuf_adds(out, "OpenDMARC Filter v" PACKAGE_VERSION);
	add_word(out, mta_name != NULL ? mta_name : host_name);
	if (mta_name != NULL && strcasecmp(mta_name, host_name) != 0) {
		odm_strbuf_adds(out, " via");
		add_word(out, host_name);
	}
	add_word(out, job);
}
