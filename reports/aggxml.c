/*
 * aggxml.c - the XML document of an aggregate report. RFC 9990, 3.1.1 and Appendix A;
 * RFC 7489, appendix C.
 * Elements come in the order of the RFC's tables. Every writer call adds its
 * result to one flag, which is looked at once at the end.
 */
#include <inttypes.h>
#include <libxml/xmlwriter.h>

#include "libopendmarc/parse/record.h"
#include "reports/aggxml.h"
#include "reports/cleantext.h"
#include "reports/rowkey.h"

#define NAMESPACE	"urn:ietf:params:xml:ns:dmarc-2.0"

struct xml {
	xmlTextWriter	*writer;
	bool		 old;		/* the form of RFC 7489 */
	report_sink	*sink;
	void		*sink_arg;
	bool		 failed;
};

/* libxml2's word for octets of UTF-8. */
static const xmlChar *
utf8(const char *text)
{
	return (const xmlChar *)text;
}

static int
to_sink(void *arg, const char *octets, int len)
{
	struct xml *x = arg;

	/* libxml2 would print an error of its own: it hears of none. */
	if (!x->failed && x->sink(x->sink_arg, octets, (size_t)len) != 0)
		x->failed = true;
	return len;
}

static void
open_element(struct xml *x, const char *name)
{
	if (xmlTextWriterStartElement(x->writer, utf8(name)) < 0)
		x->failed = true;
}

static void
close_element(struct xml *x)
{
	if (xmlTextWriterEndElement(x->writer) < 0)
		x->failed = true;
}

/* text must be clean already. */
static void
element(struct xml *x, const char *name, const char *text)
{
	if (xmlTextWriterWriteElement(x->writer, utf8(name), utf8(text)) < 0)
		x->failed = true;
}

static void
number_element(struct xml *x, const char *name, int64_t number)
{
	if (xmlTextWriterWriteFormatElement(x->writer, utf8(name), "%" PRId64, number) < 0)
		x->failed = true;
}

/* Free text that was not made clean yet. */
static void
text_element(struct xml *x, const char *name, const char *raw)
{
	struct odm_strbuf text;

	odm_strbuf_init(&text, REPORT_TEXT_MAX);
	report_clean_text(odm_span_str(raw), REPORT_TEXT_MAX, &text);
	if (text.failed)
		x->failed = true;
	else
		element(x, name, text.at);
	odm_strbuf_free(&text);
}

/* An element of a policy tag; none when the tag is not there. */
static void
policy_element(struct xml *x, const char *name, char letter)
{
	const char *word = report_policy_word(letter);

	if (word != NULL)
		element(x, name, word);
}

static void
write_metadata(struct xml *x, const struct report_meta *meta)
{
	open_element(x, "report_metadata");
	text_element(x, "org_name", meta->org_name);
	text_element(x, "email", meta->email);
	text_element(x, "report_id", meta->report_id);
	open_element(x, "date_range");
	number_element(x, "begin", meta->window.begin);
	number_element(x, "end", meta->window.end - 1);
	close_element(x);
	if (meta->error != NULL)
		text_element(x, "error", meta->error);
	if (!x->old)
		text_element(x, "generator", meta->generator);
	close_element(x);
}

/* The fo tag as a list; 0, its default, when no bit is set. */
static void
write_fo(struct xml *x, int fo)
{
	static const struct {
		int	bit;
		char	letter;
	} options[] = { { ODM_FO_0, '0' }, { ODM_FO_1, '1' }, { ODM_FO_D, 'd' }, { ODM_FO_S, 's' } };
	char text[2 * COUNT(options)];
	size_t len = 0, i;

	for (i = 0; i < COUNT(options); i++) {
		if ((fo & options[i].bit) == 0)
			continue;
		if (len > 0)
			text[len++] = ':';
		text[len++] = options[i].letter;
	}
	text[len] = '\0';
	element(x, "fo", len > 0 ? text : "0");
}

/* A failing policy in test mode has no effect, as one that applies to 0 percent. */
static void
write_old_policy(struct xml *x, const struct store_policy *p)
{
	char policy = report_policy_word(p->p) != NULL ? p->p : 'n';

	element(x, "adkim", p->adkim == 's' ? "s" : "r");
	element(x, "aspf", p->aspf == 's' ? "s" : "r");
	policy_element(x, "p", policy);
	policy_element(x, "sp", report_policy_word(p->sp) != NULL ? p->sp : policy);
	element(x, "pct", p->testing ? "0" : "100");
	write_fo(x, p->fo);
}

/* RFC 9990, 3.1.1.5: the values as published, not what t=y makes of them. */
static void
write_policy(struct xml *x, const struct store_policy *p)
{
	open_element(x, "policy_published");
	text_element(x, "domain", p->domain);
	if (x->old) {
		write_old_policy(x, p);
		close_element(x);
		return;
	}
	if (p->discovery != NULL && (strcmp(p->discovery, "treewalk") == 0 ||
	    strcmp(p->discovery, "psl") == 0))
		element(x, "discovery_method", p->discovery);
	policy_element(x, "p", report_policy_word(p->p) != NULL ? p->p : 'n');
	policy_element(x, "sp", p->sp);
	policy_element(x, "np", p->np);
	write_fo(x, p->fo);
	element(x, "adkim", p->adkim == 's' ? "s" : "r");
	element(x, "aspf", p->aspf == 's' ? "s" : "r");
	element(x, "testing", p->testing ? "y" : "n");
	close_element(x);
}

static void
write_reason(struct xml *x, const struct report_reason *reason)
{
	static const char test_mode[] = "policy_test_mode";
	bool unknown = x->old && strcmp(reason->type, test_mode) == 0;

	open_element(x, "reason");
	element(x, "type", unknown ? "other" : reason->type);
	if (reason->comment[0] != '\0')
		element(x, "comment", reason->comment);
	else if (unknown)
		element(x, "comment", test_mode);
	close_element(x);
}

static void
write_row(struct xml *x, const struct report_row *row)
{
	bool passed = strcmp(row->disposition, "pass") == 0;
	size_t i;

	open_element(x, "row");
	element(x, "source_ip", row->source_ip);
	number_element(x, "count", (int64_t)row->count);
	open_element(x, "policy_evaluated");
	element(x, "disposition", x->old && passed ? "none" : row->disposition);
	element(x, "dkim", row->dkim);
	element(x, "spf", row->spf);
	for (i = 0; i < row->nreasons; i++)
		write_reason(x, &row->reasons[i]);
	close_element(x);
	close_element(x);
}

/*
 * The older form wants an spf element with a domain and its scope: without a result that
 * can be told it says "none" about the sender that the message had, or about "unknown".
 */
static void
write_old_spf(struct xml *x, const struct report_row *row)
{
	bool known = row->spf_domain[0] != '\0', policy = strcmp(row->spf_result, "policy") == 0;
	const char *sender = row->envelope_from[0] != '\0' ? row->envelope_from : "unknown";

	open_element(x, "spf");
	element(x, "domain", known ? row->spf_domain : sender);
	element(x, "scope", row->envelope_from[0] != '\0' ? "mfrom" : "helo");
	element(x, "result", !known ? "none" : policy ? "neutral" : row->spf_result);
	close_element(x);
}

static void
write_spf(struct xml *x, const struct report_row *row)
{
	if (row->spf_domain[0] == '\0')
		return;
	open_element(x, "spf");
	element(x, "domain", row->spf_domain);
	element(x, "scope", "mfrom");
	element(x, "result", row->spf_result);
	close_element(x);
}

/* RFC 9990 requires a selector; one that nobody knows is an empty element. */
static void
write_auth_results(struct xml *x, const struct report_row *row)
{
	size_t i;

	open_element(x, "auth_results");
	for (i = 0; i < row->nsignatures; i++) {
		open_element(x, "dkim");
		element(x, "domain", row->signatures[i].domain);
		if (!x->old || row->signatures[i].selector[0] != '\0')
			element(x, "selector", row->signatures[i].selector);
		element(x, "result", row->signatures[i].result);
		close_element(x);
	}
	if (x->old)
		write_old_spf(x, row);
	else
		write_spf(x, row);
	close_element(x);
}

static int
write_record(const struct report_row *row, void *arg)
{
	struct xml *x = arg;

	open_element(x, "record");
	write_row(x, row);
	open_element(x, "identifiers");
	if (x->old)
		element(x, "envelope_from", row->envelope_from);
	element(x, "header_from", row->header_from);
	if (!x->old)
		element(x, "envelope_from", row->envelope_from);
	close_element(x);
	write_auth_results(x, row);
	close_element(x);
	return x->failed ? -1 : 0;
}

static void
write_document(struct xml *x, const struct report_meta *meta,
    const struct store_policy *policy, const struct report_aggregate *rows)
{
	if (xmlTextWriterSetIndent(x->writer, 1) < 0 ||
	    xmlTextWriterStartDocument(x->writer, NULL, "UTF-8", NULL) < 0)
		x->failed = true;
	open_element(x, "feedback");
	if (!x->old &&
	    xmlTextWriterWriteAttribute(x->writer, utf8("xmlns"), utf8(NAMESPACE)) < 0)
		x->failed = true;
	element(x, "version", "1.0");
	write_metadata(x, meta);
	write_policy(x, policy);
	if (report_aggregate_each(rows, write_record, x) != 0)
		x->failed = true;
	if (xmlTextWriterEndDocument(x->writer) < 0 || xmlTextWriterFlush(x->writer) < 0)
		x->failed = true;
}

int
report_xml_write(const struct report_meta *meta, const struct store_policy *policy,
    const struct report_aggregate *rows, report_sink *sink, void *sink_arg)
{
	struct xml x = { .old = meta->format == REPORT_FORMAT_RFC7489,
	    .sink = sink, .sink_arg = sink_arg };
	xmlOutputBuffer *out = xmlOutputBufferCreateIO(to_sink, NULL, &x, NULL);

	if (out == NULL)
		return -1;
	if ((x.writer = xmlNewTextWriter(out)) == NULL) {
		xmlOutputBufferClose(out);
		return -1;
	}
	write_document(&x, meta, policy, rows);
	xmlFreeTextWriter(x.writer);
	return x.failed ? -1 : 0;
}
