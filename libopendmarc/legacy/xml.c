/*
 * xml.c - opendmarc_xml(): an aggregate report as CSV lines. RFC 9990, appendix A;
 * RFC 7489, appendix C. Read with libxml2, without its network and without DTDs.
 */
#include <errno.h>
#include <fcntl.h>
#include <libxml/parser.h>
#include <libxml/xmlerror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "libopendmarc/base/strbuf.h"
#include "libopendmarc/legacy/legacy.h"

/* A report of a month of large traffic has some MB. */
#define REPORT_OCTETS_MAX	((size_t)64 * 1024 * 1024)

/* One line: a record with a thousand signatures fits. */
#define LINE_OCTETS_MAX		((size_t)1024 * 1024)

enum where {
	IN_REPORT,		/* path from the root; the same in every line */
	IN_REPORT_TIME,		/* as above, seconds to be shown as UTC */
	IN_RECORD		/* path from the record; all that match, "|" between them */
};

static const struct column {
	const char	*name;
	enum where	 where;
	const char	*path;
} columns[] = {
	{ "begin",		IN_REPORT_TIME,	"report_metadata/date_range/begin" },
	{ "end",		IN_REPORT_TIME,	"report_metadata/date_range/end" },
	{ "org_name",		IN_REPORT,	"report_metadata/org_name" },
	{ "email",		IN_REPORT,	"report_metadata/email" },
	{ "domain",		IN_REPORT,	"policy_published/domain" },
	{ "adkim",		IN_REPORT,	"policy_published/adkim" },
	{ "aspf",		IN_REPORT,	"policy_published/aspf" },
	{ "p",			IN_REPORT,	"policy_published/p" },
	{ "pct",		IN_REPORT,	"policy_published/pct" },
	{ "source_ip",		IN_RECORD,	"row/source_ip" },
	{ "count",		IN_RECORD,	"row/count" },
	{ "disposition",	IN_RECORD,	"row/policy_evaluated/disposition" },
	{ "policy_eval_dkim",	IN_RECORD,	"row/policy_evaluated/dkim" },
	{ "policy_eval_spf",	IN_RECORD,	"row/policy_evaluated/spf" },
	{ "reason_type",	IN_RECORD,	"row/policy_evaluated/reason/type" },
	{ "reason_comment",	IN_RECORD,	"row/policy_evaluated/reason/comment" },
	{ "header_from",	IN_RECORD,	"identifiers/header_from" },
	{ "auth_dkim_domain",	IN_RECORD,	"auth_results/dkim/domain" },
	{ "auth_dkim_result",	IN_RECORD,	"auth_results/dkim/result" },
	{ "auth_dkim_human",	IN_RECORD,	"auth_results/dkim/human_result" },
	{ "auth_spf_domain",	IN_RECORD,	"auth_results/spf/domain" },
	{ "auth_spf_result",	IN_RECORD,	"auth_results/spf/result" },
	{ "auth_spf_human",	IN_RECORD,	"auth_results/spf/human_result" },
};

struct lines {
	u_char	**at;
	size_t	n, size;
};

static void
set_error(char *buf, size_t size, const char *what, const char *why)
{
	int n;

	if (buf == NULL || size == 0)
		return;
	n = snprintf(buf, size, "%s: %s", what, why);
	if (n < 0)
		buf[0] = '\0';
}

/* Appends the line in b. False: out of memory. */
static bool
add_line(struct lines *lines, const struct odm_strbuf *b)
{
	u_char **grown;
	size_t size;

	if (b->failed)
		return false;
	if (lines->size - lines->n < 2) {	/* the line and the final NULL */
		size = lines->size == 0 ? 64 : lines->size * 2;
		grown = reallocarray(lines->at, size, sizeof(*grown));
		if (grown == NULL)
			return false;
		lines->at = grown;
		lines->size = size;
	}
	lines->at[lines->n] = (u_char *)strdup(b->at);
	if (lines->at[lines->n] == NULL)
		return false;
	lines->at[++lines->n] = NULL;
	return true;
}

/*
 * Puts the texts of the elements at path below node into b, "|" between them.
 * The path is short and of our own making, and so is the depth of this.
 */
static void
collect(const xmlNode *node, struct odm_span path, struct odm_strbuf *b)
{
	struct odm_span rest = path, step;
	xmlChar *text;

	(void)odm_span_next(&rest, '/', &step);
	for (node = node->children; node != NULL; node = node->next) {
		if (node->type != XML_ELEMENT_NODE ||
		    !odm_span_eq(step, (const char *)node->name))
			continue;
		if (rest.len > 0) {
			collect(node, rest, b);
			continue;
		}
		text = xmlNodeGetContent(node);
		if (b->len > 0)
			odm_strbuf_addc(b, '|');
		odm_strbuf_add(b, odm_span_trim(odm_span_str((const char *)text)));
		b->failed = b->failed || text == NULL;
		xmlFree(text);
	}
}

/* Seconds as UTC; what is no number stays as it is. */
static void
show_time(struct odm_strbuf *b)
{
	unsigned long long secs;
	char text[sizeof("YYYY-MM-DD-HH:MM:SS")];
	struct tm tm;
	time_t when;

	/* The last second of the year 9999. */
	if (!odm_span_number(odm_strbuf_span(b), 253402300799ULL, &secs))
		return;
	when = (time_t)secs;
	if (gmtime_r(&when, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%d-%H:%M:%S", &tm) == 0)
		return;
	odm_strbuf_clear(b);
	odm_strbuf_adds(b, text);
}

/* Appends one field, in quotes where RFC 4180 wants them; no line breaks. */
static void
add_field(struct odm_strbuf *line, struct odm_span text)
{
	bool quote = odm_span_find(text, ',') < text.len || odm_span_find(text, '"') < text.len;
	size_t i;

	if (quote)
		odm_strbuf_addc(line, '"');
	for (i = 0; i < text.len; i++) {
		if (text.at[i] == '"')
			odm_strbuf_addc(line, '"');
		odm_strbuf_addc(line, (unsigned char)text.at[i] < ' ' ? ' ' : text.at[i]);
	}
	if (quote)
		odm_strbuf_addc(line, '"');
}

/* The line of one record; with NULL the one of column names. */
static bool
add_record(struct lines *lines, const xmlNode *root, const xmlNode *record)
{
	struct odm_strbuf line, field;
	const struct column *c;
	bool ok;

	odm_strbuf_init(&line, LINE_OCTETS_MAX);
	odm_strbuf_init(&field, LINE_OCTETS_MAX);
	for (c = columns; c < columns + COUNT(columns); c++) {
		odm_strbuf_clear(&field);
		if (record == NULL)
			odm_strbuf_adds(&field, c->name);
		else
			collect(c->where == IN_RECORD ? record : root, odm_span_str(c->path),
			    &field);
		if (record != NULL && c->where == IN_REPORT_TIME)
			show_time(&field);
		if (c > columns)
			odm_strbuf_addc(&line, ',');
		add_field(&line, odm_strbuf_span(&field));
		line.failed = line.failed || field.failed;
	}
	ok = add_line(lines, &line);
	odm_strbuf_free(&line);
	odm_strbuf_free(&field);
	return ok;
}

static bool
add_records(struct lines *lines, const xmlNode *root)
{
	const xmlNode *node;

	if (!add_record(lines, root, NULL))
		return false;
	for (node = root->children; node != NULL; node = node->next)
		if (node->type == XML_ELEMENT_NODE &&
		    strcmp((const char *)node->name, "record") == 0 &&
		    !add_record(lines, root, node))
			return false;
	return true;
}

/* Why the parser gave up, on one line. */
static void
set_parser_error(xmlParserCtxtPtr parser, char *e, size_t elen)
{
	const xmlError *error = parser == NULL ? NULL : xmlCtxtGetLastError(parser);
	char *end;

	set_error(e, elen, "XML", error == NULL || error->message == NULL ? "out of memory" :
	    error->message);
	end = e == NULL || elen == 0 ? NULL : strchr(e, '\n');
	if (end != NULL)
		*end = '\0';
}

u_char **
opendmarc_xml(char *b, size_t blen, char *e, size_t elen)
{
	struct lines lines = { NULL, 0, 0 };
	xmlParserCtxtPtr parser;
	const xmlNode *root;
	xmlDocPtr doc;

	if (b == NULL || blen == 0 || blen > REPORT_OCTETS_MAX) {
		set_error(e, elen, "XML", b == NULL || blen == 0 ? "nothing to parse" : "too large");
		return NULL;
	}
	parser = xmlNewParserCtxt();
	doc = parser == NULL ? NULL : xmlCtxtReadMemory(parser, b, (int)blen, NULL, NULL,
	    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	root = doc == NULL ? NULL : xmlDocGetRootElement(doc);
	if (root == NULL)
		set_parser_error(parser, e, elen);
	else if (doc->intSubset != NULL)
		set_error(e, elen, "XML", "a report has no document type definition");
	else if (strcmp((const char *)root->name, "feedback") != 0)
		set_error(e, elen, "XML", "not an aggregate report");
	else if (!add_records(&lines, root)) {
		set_error(e, elen, "XML", "out of memory");
		lines.at = opendmarc_util_clearargv(lines.at);
	}
	xmlFreeDoc(doc);
	xmlFreeParserCtxt(parser);
	return lines.at;
}

/* Reads the whole file into b. False: errno says why. */
static bool
read_file(const char *path, struct odm_strbuf *b)
{
	char chunk[8192];
	ssize_t n = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC), reason;

	if (fd < 0)
		return false;
	while (!b->failed && (n = read(fd, chunk, sizeof(chunk))) > 0)
		odm_strbuf_add(b, (struct odm_span){ chunk, (size_t)n });
	reason = b->failed ? EFBIG : errno;
	close(fd);
	errno = reason;
	return !b->failed && n == 0;
}

u_char **
opendmarc_xml_parse(char *fname, char *err_buf, size_t err_len)
{
	struct odm_strbuf text;
	u_char **lines = NULL;

	if (fname == NULL) {
		set_error(err_buf, err_len, "XML", "no file name");
		return NULL;
	}
	odm_strbuf_init(&text, REPORT_OCTETS_MAX);
	if (!read_file(fname, &text))
		set_error(err_buf, err_len, fname, strerror(errno));
	else
		lines = opendmarc_xml(text.at, text.len, err_buf, err_len);
	odm_strbuf_free(&text);
	return lines;
}
