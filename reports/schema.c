/*
 * schema.c - gzip to octets to elements to the schema's verdict, each a stream.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <libxml/xmlreader.h>
#include <libxml/xmlschemas.h>

#include "libopendmarc/base/strbuf.h"
#include "reports/cleantext.h"
#include "reports/pack.h"
#include "reports/schema.h"

struct report_schema {
	xmlSchema	*schema;
	enum report_format format;
};

/* One check while it runs. */
struct check {
	struct report_unpack *unpack;
	char		*why;
	bool		 failed;	/* why is set: the first fault counts */
};

static void
fail(struct check *c, int line, const char *text)
{
	struct odm_strbuf clean;

	if (c->failed)
		return;
	c->failed = true;
	odm_strbuf_init(&clean, REPORT_SCHEMA_WHY_SIZE);
	report_clean_text(odm_span_trim(odm_span_str(text)), REPORT_SCHEMA_WHY_SIZE - 32, &clean);
	if (snprintf(c->why, REPORT_SCHEMA_WHY_SIZE, "line %d: %s", line,
	    clean.failed || clean.len == 0 ? "not valid" : clean.at) >= REPORT_SCHEMA_WHY_SIZE)
		c->why[REPORT_SCHEMA_WHY_SIZE - 1] = '\0';
	odm_strbuf_free(&clean);
}

/* libxml2 changed the constness of its error between versions; void * fits both. */
#if LIBXML_VERSION >= 21200
typedef const xmlError xml_error;
#else
typedef xmlError xml_error;
#endif

static void
note_error(void *arg, xml_error *e)
{
	fail(arg, e->line, e->message != NULL ? e->message : "not valid");
}

/* Gives libxml2 the next octets of the document; -1 for a broken gzip. */
static int
read_packed(void *arg, char *buf, int size)
{
	struct check *c = arg;
	ssize_t n = report_unpack_read(c->unpack, buf, (size_t)size);

	if (n < 0)
		fail(c, 0, "the gzip is broken");
	return (int)n;
}

struct report_schema *
report_schema_open(const char *dir, enum report_format format, char why[REPORT_SCHEMA_WHY_SIZE])
{
	struct check c = { .why = why };
	struct report_schema *s = NULL;
	xmlSchemaParserCtxt *parser;
	char path[4096], reason[REPORT_SCHEMA_WHY_SIZE] = "cannot be read";
	int len = snprintf(path, sizeof(path), "%s/%s.xsd", dir, report_format_name(format));

	c.why = reason;
	if (len < 0 || (size_t)len >= sizeof(path)) {
		(void)snprintf(why, REPORT_SCHEMA_WHY_SIZE, "the folder's name is too long");
		return NULL;
	}
	/* libxml2 would print what it thinks of a file that cannot be opened. */
	if (access(path, R_OK) != 0) {
		(void)snprintf(reason, sizeof(reason), "%s", strerror(errno));
	} else if ((parser = xmlSchemaNewParserCtxt(path)) != NULL) {
		xmlSchemaSetParserStructuredErrors(parser, note_error, &c);
		if ((s = calloc(1, sizeof(*s))) != NULL &&
		    (s->schema = xmlSchemaParse(parser)) == NULL)
			report_schema_free(&s);
		xmlSchemaFreeParserCtxt(parser);
	}
	if (s != NULL)
		s->format = format;
	else if (snprintf(why, REPORT_SCHEMA_WHY_SIZE, "schema %.150s: %.120s", path,
	    reason) < 0)
		why[0] = '\0';
	return s;
}

enum report_format
report_schema_format(const struct report_schema *s)
{
	return s->format;
}

void
report_schema_free(struct report_schema **s)
{
	if (*s == NULL)
		return;
	xmlSchemaFree((*s)->schema);
	free(*s);
	*s = NULL;
}

/* Reads the document to its end or its first fault. */
static void
read_document(struct check *c, xmlSchema *schema)
{
	xmlTextReader *reader = xmlReaderForIO(read_packed, NULL, c, NULL, NULL,
	    XML_PARSE_NONET);
	int status = -1;

	if (reader != NULL) {
		xmlTextReaderSetStructuredErrorHandler(reader, note_error, c);
		if (xmlTextReaderSetSchema(reader, schema) == 0)
			while ((status = xmlTextReaderRead(reader)) == 1 && !c->failed)
				continue;
		if (status == 0 && xmlTextReaderIsValid(reader) != 1)
			status = -1;
	}
	xmlFreeTextReader(reader);
	if (status != 0)
		fail(c, 0, "the document cannot be read");
}

bool
report_schema_check(const struct report_schema *s, struct odm_span packed,
    char why[REPORT_SCHEMA_WHY_SIZE])
{
	struct check c = { .why = why };

	if ((c.unpack = report_unpack_new(packed)) == NULL)
		fail(&c, 0, "memory is short");
	else
		read_document(&c, s->schema);
	report_unpack_free(&c.unpack);
	return !c.failed;
}
