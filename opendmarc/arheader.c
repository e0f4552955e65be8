/*
 * arheader.c - the header fields that the daemon adds. RFC 8601, 2.2; RFC 9989, 9.
 */
#include "config.h"

#include <stdio.h>
#include <strings.h>

#include "libopendmarc/parse/authwrite.h"
#include "opendmarc/arheader.h"

/* Longer than any text of ours in a comment. */
#define COMMENT_MAX	80

void
dmf_ar_dmarc(struct odm_strbuf *out, const char *id, const struct dmf_decision *d)
{
	char comment[COMMENT_MAX];
	struct odm_authwrite w;
	int len;

	odm_authwrite_open(&w, out, id, 0);
	odm_authwrite_result(&w, "dmarc", odm_dmarc_name(d->result));
	len = snprintf(comment, sizeof(comment), "p=%s dis=%s", d->published, d->disposition);
	if (len > 0 && (size_t)len < sizeof(comment))
		odm_authwrite_comment(&w, comment);
	if (d->author_domain != NULL)
		odm_authwrite_prop(&w, "header", "from", d->author_domain);
	if (d->effective != NULL)
		odm_authwrite_prop(&w, "policy", "dmarc", d->effective);
}

void
dmf_ar_spf(struct odm_strbuf *out, const char *id, enum odm_result result,
    bool helo, const char *domain)
{
	struct odm_authwrite w;

	odm_authwrite_open(&w, out, id, 0);
	odm_authwrite_result(&w, "spf", odm_result_name(result));
	if (domain[0] != '\0')
		odm_authwrite_prop(&w, "smtp", helo ? "helo" : "mailfrom", domain);
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
